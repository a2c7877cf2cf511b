// SPDX-License-Identifier: Apache-2.0

// The technician's page. It reads the station's stream of events and shows it; it sends
// nothing else, and changes nothing.
//
//   fetch("events") ──> take: one event ──> showStatus, showLamps, showService, addScan
//
// What it shows of a tag, a reader or the platform was written by somebody else. So every
// text is set as text, never as markup, and characters that hide or reverse text are
// shown by their number.

const lostAfter = 12000;  // ms without an event; the station sends one at least every 5 s
const retryAfter = 2000;  // ms between two attempts to connect
const maxScans = 20;      // in the list
const maxText = 120;      // characters of one text

const byId = (id) => document.getElementById(id);

// Characters that a person cannot see or that change others: control, format, private and
// unassigned characters, combining marks, and spaces other than the plain one.
const escaped = /([\p{C}\p{Zl}\p{Zp}\p{M}]|(?! )\p{Zs})/u;

// setText sets an element's text, with "U+202E" in place of an escaped character.
function setText(element, text) {
  text = String(text ?? "");
  const letters = Array.from(text);
  if (letters.length > maxText) text = letters.slice(0, maxText).join("") + "…";

  const parts = text.split(escaped).filter((part) => part !== "");
  element.replaceChildren(...parts.map((part) => {
    if (!escaped.test(part)) return part;
    const number = document.createElement("span");
    number.className = "escape";
    number.textContent = "U+" + part.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    return number;
  }));
}

function make(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) setText(element, text);
  return element;
}

// Lamps. A lamp that fails is marked until a status says otherwise.
const lampNames = ["green", "red", "amber"];
let lampFaults = {};

function showLamps(lit) {
  for (const name of lampNames) {
    const lamp = document.querySelector(".lamp." + name);
    lamp.classList.toggle("lit", lit[name] === true);
    lamp.classList.toggle("broken", Boolean(lampFaults[name]));
    setText(lamp.querySelector("b"), lampFaults[name] || (lit[name] === true ? "lit" : ""));
  }
}

// Service code. note, words and good come from the last status.
let note = "", words = "", good = true;

function showService(s) {
  const bad = s.service_code !== 0 || !good;
  byId("service").classList.toggle("bad", bad);

  if (s.service_code !== 0) {
    setText(byId("code"), s.service_code);
    setText(byId("words"), "Service code " + s.service_code + ": " + s.service);
  } else {
    setText(byId("code"), bad ? "!" : "✓");
    setText(byId("words"), words || "All is well");
  }
  setText(byId("mend"), [s.mend, note].filter(Boolean).join(" "));
}

// Scans. The outcomes are a fixed list: a class name is never made from received text.
const outcomes = {
  valid: ["✓", "valid"],
  invalid: ["✗", "invalid"],
  pending: ["…", "pending: tap again"],
  unknown: ["?", "unknown: tap again"],
  not_sent: ["?", "not sent: tap again"],
  refused: ["–", "refused"],
  foreign: ["–", "not one of our tags"],
  unreadable: ["?", "unreadable: tap again"],
  dropped: ["–", "dropped: too many taps at once"],
};

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false,
});

function timeText(time) {
  const t = new Date(time);
  return isNaN(t) ? "?" : clock.format(t);
}

// A scan comes once by itself, and again with every status until ten newer ones push it out.
const seen = new Set();

function addScan(scan, fresh) {
  const key = scan.seq + " " + scan.time;
  if (seen.has(key)) return;
  seen.add(key);

  const known = Object.hasOwn(outcomes, scan.outcome);
  const [mark, outcome] = known ? outcomes[scan.outcome] : ["?", scan.outcome];
  const item = make("li", (known ? scan.outcome : "") + (fresh ? " new" : ""));
  const time = make("time", "", timeText(scan.time));

  const more = make("span", "more");
  for (const text of [scan.reason, scan.tag || scan.uid, scan.chip]) {
    if (!text) continue;
    if (more.childNodes.length) more.append(" · ");
    more.append(make("bdi", "", text));
  }
  if (typeof scan.total_ms === "number") more.append(" · " + Math.round(scan.total_ms) + " ms");

  item.append(make("span", "mark", mark), make("bdi", "outcome", outcome), time, more);
  byId("scans").prepend(item);
  while (byId("scans").children.length > maxScans) byId("scans").lastChild.remove();
  byId("no-scans").hidden = true;
}

// Parts of the station.
function duration(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 120) return s + " s";
  if (s < 7200) return Math.round(s / 60) + " min";
  return s < 172800 ? Math.round(s / 3600) + " h" : Math.round(s / 86400) + " days";
}

// Below two seconds the difference is mostly the way to the platform and back.
function clockText(c) {
  if (c.ahead_ms === null) return c.synced ? "synchronised" : "not synchronised";
  const by = Math.abs(c.ahead_ms);
  if (by < 2000) return "same as the platform's";
  return duration(by) + (c.ahead_ms > 0 ? " ahead of the platform's" : " behind the platform's");
}

function platformText(p) {
  const contact = p.met ? "last contact " + duration(p.contact_ms) + " ago" : "no contact yet";
  return p.up && !p.breaker ? contact : "unreachable: " + (p.trouble || "it asked us to wait") + "; " + contact;
}

function lampsText(lamps) {
  const errors = lampNames.map((name) => lamps[name].error).filter(Boolean);
  if (errors.length) return errors.join("; ");
  const unwired = lampNames.filter((name) => !lamps[name].wired);
  return unwired.length ? "not wired: " + unwired.join(", ") : "in order";
}

function readerText(reader) {
  if (!reader.up) return reader.error || "not ready yet";
  return reader.resting_ms < 60000 ? "ready" : "something lies on it: take it away, look below its cover";
}

function showParts(s) {
  const lampsGood = lampNames.every((name) => !s.lamps[name].error);
  const clockGood = s.clock.ahead_ms === null || Math.abs(s.clock.ahead_ms) < 60000; // as `status` has it
  const lost = s.storage.lost_lines ? s.storage.lost_lines + " lines lost" : "";

  const rows = [
    ["Reader", s.reader.up && s.reader.resting_ms < 60000, readerText(s.reader), s.reader.device],
    ["Lamps", lampsGood, lampsText(s.lamps)],
    ["Platform", s.platform.up, platformText(s.platform), s.platform.url],
    ["Key", !s.key.refused, s.key.refused ? "refused" : "in order", s.key.id],
    ["Clock", clockGood, timeText(s.clock.time) + ", " + clockText(s.clock)],
    ["Storage", s.storage.error === "", s.storage.error || "in order", lost],
    ["Sessions", true, s.sessions.active + " open"],
    ["Running", true, "for " + duration(s.uptime_ms), s.version],
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
  setText(byId("name"), s.station);
  document.title = (s.ok ? "" : "✗ ") + "tagbase-edge";

  lampFaults = Object.fromEntries(lampNames.map((name) => [name, s.lamps[name].error && "fails"]));
  ({ note, words, ok: good } = s);

  showLamps({ green: s.lamps.green.lit, red: s.lamps.red.lit, amber: s.lamps.amber.lit });
  showService(s);
  showParts(s);
  for (const scan of s.scans ?? []) addScan(scan, false);
}

const shows = { status: showStatus, lamps: showLamps, service: showService, scan: (s) => addScan(s, true) };

// The token may come behind # in the address, which a browser does not send. It leaves
// the address line at once, and is kept for as long as the tab is open.
let token = sessionStorage.getItem("token") || "";
if (location.hash.length > 1) {
  token = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
}

// The connection is in one of four states:
//
//   waiting ──> live <──> lost          waiting, live, lost ──> asked ──> live
//
// asked: the station wants a token, and the page shows the form for it.
let lastSign = null;

function setLink(state) {
  document.body.dataset.link = state;
  byId("ask").hidden = state !== "asked";
  if (state === "lost") showLamps({}); // nobody knows which lamps are lit

  const since = lastSign ? " since " + clock.format(lastSign) + ". What you see below is out of date." : ".";
  setText(byId("link"), {
    waiting: "Connecting…",
    live: "live",
    asked: "enter the token",
    lost: "No connection to the station" + since,
  }[state]);
}

// take shows one event: a block of lines "event: NAME" and "data: JSON".
function take(block) {
  let event = "", data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) event = line.slice(7);
    if (line.startsWith("data: ")) data += line.slice(6);
  }

  if (!Object.hasOwn(shows, event)) return;
  shows[event](JSON.parse(data));
  lastSign = new Date();
  if (document.body.dataset.link !== "live") setLink("live");
}

// listen reads the stream until it ends. It returns false if the station wants a token.
// It uses fetch because EventSource cannot send an Authorization header.
async function listen() {
  const stop = new AbortController();
  let watch = setTimeout(() => stop.abort(), lostAfter);

  try {
    const headers = token ? { Authorization: "Bearer " + token } : {};
    const answer = await fetch("events", { headers, signal: stop.signal, cache: "no-store" });
    if (answer.status === 401) return false;
    if (!answer.ok) throw new Error(answer.statusText);
    if (token) sessionStorage.setItem("token", token);

    // Events end with an empty line. The last block of a chunk is still incomplete.
    const stream = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ;) {
      const { value, done } = await stream.read();
      if (done) return true;

      clearTimeout(watch);
      watch = setTimeout(() => stop.abort(), lostAfter);

      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      blocks.forEach(take);
    }
  } finally {
    clearTimeout(watch);
    stop.abort();
  }
}

// askForToken waits until a person has entered a token.
async function askForToken() {
  setText(byId("wrong"), token ? "That is not the token." : "");
  sessionStorage.removeItem("token");
  setLink("asked");

  return new Promise((given) => byId("ask").addEventListener("submit", (e) => {
    e.preventDefault();
    given(byId("token").value.trim());
    byId("token").value = "";
  }, { once: true }));
}

async function run() {
  for (;;) {
    let welcome = true;
    try {
      welcome = await listen();
    } catch {
      // The connection failed or went silent. The page says so below, whatever the reason.
    }

    if (!welcome) {
      token = await askForToken();
      continue;
    }
    setLink("lost");
    await new Promise((wake) => setTimeout(wake, retryAfter));
  }
}

run();
