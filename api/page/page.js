// SPDX-License-Identifier: Apache-2.0

// The technician's page. What it shows of a tag, a reader or the platform was written by
// somebody else: it is set as text, never as markup, and what would hide or turn text
// around is shown by its number.

const silence = 12000; // ms; the station gives a sign of life each 5 s
const again = 2000;    // ms between attempts
const most = 20;       // scans that are shown
const longest = 120;   // characters of one text

const byId = (id) => document.getElementById(id);

// put sets an element's text. Control, format, private and unassigned characters, marks
// without a letter's place of their own and odd spaces become <U+XXXX>, as text.
const odd = /([\p{C}\p{Zl}\p{Zp}\p{M}]|(?! )\p{Zs})/u;
function put(element, text) {
  text = String(text ?? "");
  const letters = Array.from(text);
  if (letters.length > longest) text = letters.slice(0, longest).join("") + "…";
  const parts = text.split(odd).filter((p) => p !== "");
  element.replaceChildren(...parts.map((part) => {
    if (!odd.test(part)) return part;
    const shown = document.createElement("span");
    shown.className = "escape";
    shown.textContent = "U+" + part.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    return shown;
  }));
}

function make(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) put(element, text);
  return element;
}

// Lamps.
let faults = {};
function showLamps(lit) {
  for (const name of ["green", "red", "amber"]) {
    const lamp = document.querySelector(".lamp." + name);
    lamp.classList.toggle("lit", lit[name] === true);
    lamp.classList.toggle("broken", Boolean(faults[name]));
    put(lamp.querySelector("b"), faults[name] || (lit[name] === true ? "lit" : ""));
  }
}

// Service code.
let note = "", words = "", good = true;
function showService(s) {
  const bad = s.service_code !== 0 || !good;
  byId("service").classList.toggle("bad", bad);
  put(byId("code"), s.service_code !== 0 ? s.service_code : bad ? "!" : "✓");
  put(byId("words"), s.service_code !== 0 ? "Service code " + s.service_code + ": " + s.service : words || "All is well");
  put(byId("mend"), [s.mend, note].filter(Boolean).join(" "));
}

// Scans. Their outcomes are a fixed list; a class is never made of what came.
const outcomes = {
  valid: ["✓", "valid"], invalid: ["✗", "invalid"], pending: ["…", "pending: tap again"], unknown: ["?", "unknown: tap again"],
  not_sent: ["?", "not sent: tap again"], refused: ["–", "refused"], foreign: ["–", "not one of ours"],
  unreadable: ["?", "unreadable: tap again"], dropped: ["–", "dropped: too many at once"],
};
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
function when(time) {
  const t = new Date(time);
  return isNaN(t) ? "?" : clock.format(t);
}

const seen = new Set();
function addScan(scan, fresh) {
  const key = scan.seq + " " + scan.time;
  if (seen.has(key)) return;
  seen.add(key);
  const known = Object.hasOwn(outcomes, scan.outcome);
  const [mark, outcome] = known ? outcomes[scan.outcome] : ["?", scan.outcome];
  const item = make("li", (known ? scan.outcome : "") + (fresh ? " new" : ""));
  const time = make("time", "", when(scan.time));
  const more = make("span", "more");
  for (const text of [scan.reason, scan.tag || scan.uid, scan.chip]) {
    if (!text) continue;
    if (more.childNodes.length) more.append(" · ");
    more.append(make("bdi", "", text));
  }
  if (typeof scan.total_ms === "number") more.append(" · " + Math.round(scan.total_ms) + " ms");
  item.append(make("span", "mark", mark), make("bdi", "outcome", outcome), time, more);
  byId("scans").prepend(item);
  while (byId("scans").children.length > most) byId("scans").lastChild.remove();
  byId("no-scans").hidden = true;
}

// Parts of the station.
function span(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 120) return s + " s";
  if (s < 7200) return Math.round(s / 60) + " min";
  return s < 172800 ? Math.round(s / 3600) + " h" : Math.round(s / 86400) + " days";
}

function clockWords(c) {
  if (c.ahead_ms === null) return c.synced ? "synchronised" : "not synchronised";
  const by = Math.abs(c.ahead_ms);
  return by < 2000 ? "as the platform's" : span(by) + (c.ahead_ms > 0 ? " ahead of the platform's" : " behind the platform's");
}

function platformWords(p) {
  const met = p.met ? "met " + span(p.contact_ms) + " ago" : "not met yet";
  return p.up && !p.breaker ? met : "out of reach: " + (p.trouble || "it asked to wait") + "; " + met;
}

function showParts(s) {
  const lamps = ["green", "red", "amber"];
  const lampErrors = lamps.map((n) => s.lamps[n].error).filter(Boolean);
  const unwired = lamps.filter((n) => !s.lamps[n].wired);
  const clockGood = s.clock.ahead_ms === null || Math.abs(s.clock.ahead_ms) < 60000;
  const rows = [
    ["Reader", s.reader.up, s.reader.up ? "ready" : s.reader.error || "not ready yet", s.reader.device],
    ["Lamps", lampErrors.length === 0, lampErrors.join("; ") || (unwired.length ? "not wired: " + unwired.join(", ") : "in order")],
    ["Platform", s.platform.up, platformWords(s.platform), s.platform.url],
    ["Key", !s.key.refused, s.key.refused ? "refused" : "in order", s.key.id],
    ["Clock", clockGood, when(s.clock.time) + ", " + clockWords(s.clock)],
    ["Storage", s.storage.error === "", s.storage.error || "writes", s.storage.lost_lines ? s.storage.lost_lines + " lines lost" : ""],
    ["Sessions", true, s.sessions.active + " open"],
    ["Running", true, "for " + span(s.uptime_ms), s.version],
  ];
  byId("parts").replaceChildren(...rows.map(([name, fine, text, detail]) => {
    const row = make("div", fine ? "" : "bad");
    const value = make("dd", "");
    value.append(make("bdi", "", text));
    if (detail) value.append(document.createElement("br"), make("bdi", "", detail));
    row.append(make("span", "mark", fine ? "✓" : "✗"), make("dt", "", name), value);
    return row;
  }));
}

function showStatus(s) {
  put(byId("name"), s.station);
  document.title = (s.ok ? "" : "✗ ") + "tagbase-edge";
  faults = Object.fromEntries(["green", "red", "amber"].map((n) => [n, s.lamps[n].error && "fails"]));
  ({ note, words, ok: good } = s);
  showLamps({ green: s.lamps.green.lit, red: s.lamps.red.lit, amber: s.lamps.amber.lit });
  showService(s);
  showParts(s);
  for (const scan of s.scans ?? []) addScan(scan, false);
}

const shows = { status: showStatus, lamps: showLamps, service: showService, scan: (s) => addScan(s, true) };

// The stream of events: fetch and not EventSource, which cannot show a token.
let token = sessionStorage.getItem("token") || "";
if (location.hash.length > 1) {
  token = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
}

let lastSign = null;
function link(state) {
  document.body.dataset.link = state;
  byId("ask").hidden = state !== "asked";
  if (state === "lost") showLamps({}); // nobody knows
  put(byId("link"), {
    live: "live", asked: "token wanted", waiting: "Connecting…",
    lost: "No connection to the station" + (lastSign ? " since " + clock.format(lastSign) + ". What stands below is old." : "."),
  }[state]);
}

function take(block) {
  let event = "", data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) event = line.slice(7);
    if (line.startsWith("data: ")) data += line.slice(6);
  }
  if (!Object.hasOwn(shows, event)) return;
  shows[event](JSON.parse(data));
  lastSign = new Date();
  if (document.body.dataset.link !== "live") link("live");
}

async function listen() {
  const stop = new AbortController();
  let watch = setTimeout(() => stop.abort(), silence);
  try {
    const answer = await fetch("events", { headers: token ? { Authorization: "Bearer " + token } : {}, signal: stop.signal, cache: "no-store" });
    if (answer.status === 401) return false;
    if (!answer.ok) throw new Error(answer.statusText);
    if (token) sessionStorage.setItem("token", token);
    const stream = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ;) {
      const { value, done } = await stream.read();
      if (done) return true;
      clearTimeout(watch);
      watch = setTimeout(() => stop.abort(), silence);
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      blocks.forEach(take);
    }
  } finally {
    clearTimeout(watch);
    stop.abort();
  }
}

async function run() {
  for (;;) {
    let welcome = true;
    try {
      welcome = await listen();
    } catch {
      // told below
    }
    if (!welcome) {
      put(byId("wrong"), token ? "That is not the token." : "");
      sessionStorage.removeItem("token");
      link("asked");
      token = await new Promise((given) => byId("ask").addEventListener("submit", (e) => {
        e.preventDefault();
        given(byId("token").value.trim());
        byId("token").value = "";
      }, { once: true }));
      continue;
    }
    link("lost");
    await new Promise((wake) => setTimeout(wake, again));
  }
}

run();
