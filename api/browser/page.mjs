// SPDX-License-Identifier: Apache-2.0

// Tests the page in Chromium: node page.mjs SCENARIO URL CONTROL SHOTS. CONTROL is the
// address that steers the bench: POST CONTROL/tap?tag=NAME and the like. Pictures go to
// the directory SHOTS, if it is given. It exits with 0 only if the page shows everything
// that the scenario expects.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [scenario, url, control, shots] = process.argv.slice(2);
const patience = 20000; // ms
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const desktop = { viewport: { width: 1280, height: 860 } };

// steer makes something happen on the bench.
async function steer(what) {
  const answer = await fetch(new URL(what, control), { method: "POST" });
  assert.equal(answer.status, 200, await answer.text());
}

// open opens the page and watches it: an error in a script, a violated policy, a dialog or
// a request to another site fails the test.
async function open(browser, options, at = url) {
  const page = await (await browser.newContext(options)).newPage();
  page.complaints = [];
  page.on("pageerror", (e) => page.complaints.push("error: " + e));
  page.on("dialog", (d) => { page.complaints.push("dialog: " + d.message()); d.dismiss(); });
  page.on("console", (m) => {
    // Chromium itself reports failed answers and lost connections, which the tests cause.
    if (m.type() !== "error" || /Failed to load resource|net::ERR_/.test(m.text())) return;
    page.complaints.push("console: " + m.text());
  });
  page.on("request", (r) => {
    if (new URL(r.url()).origin !== new URL(url).origin) page.complaints.push("asks " + r.url());
  });
  await page.addInitScript(() => document.addEventListener("securitypolicyviolation", (e) => {
    console.error("policy: " + e.violatedDirective);
  }));

  await page.goto(at);
  return page;
}

// fits checks that nobody has to scroll sideways.
async function fits(page) {
  const { wide, room } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth, room: innerWidth,
  }));
  assert.ok(wide <= room, `the page is ${wide} px wide, and there are ${room}`);
}

async function shot(page, name) {
  await fits(page);
  if (shots) await page.screenshot({ path: join(shots, name + ".png"), animations: "disabled" });
}

const text = (page, selector) => page.locator(selector).first().innerText();
const linked = (page, state) => page.waitForSelector(`body[data-link=${state}]`, { timeout: patience });
const lit = (page, lamp) => page.waitForSelector(`.lamp.${lamp}.lit`, { timeout: patience });
const newest = (page, outcome) => page.waitForSelector(`#scans li:first-child.${outcome}`, { timeout: patience });

// live follows a station on the bench through taps, a lost platform and a killed daemon.
async function live(browser) {
  const small = await open(browser, { ...phone, colorScheme: "light" });
  const large = await open(browser, { ...desktop, colorScheme: "dark" });
  for (const page of [small, large]) await linked(page, "live");
  assert.equal(await text(small, "#name"), "bench");
  assert.equal(await small.locator("#no-scans").isVisible(), true);

  const taps = [["foreign", "foreign"], ["clone", "pending"], ["clone", "invalid"], ["genuine-424", "pending"]];
  for (const [tag, outcome] of taps) {
    await steer("tap?tag=" + tag);
    for (const page of [small, large]) await newest(page, outcome);
    if (outcome === "invalid") await lit(small, "red");
  }
  await lit(small, "amber");

  await steer("tap?tag=genuine-424");
  for (const page of [small, large]) {
    await newest(page, "valid");
    await lit(page, "green");
  }

  await shot(small, "page-phone");
  await shot(large, "page-desktop-dark");
  assert.equal(await small.locator(".lamp.lit").count(), 1);
  assert.match(await text(small, "#scans li:first-child"), /tag_4Gz424rose/);
  assert.equal(await small.locator("#scans li").count(), 5);
  await small.waitForSelector(".lamp.green:not(.lit)", { timeout: patience });
  await fits(small);

  await steer("platform-down");
  await steer("tap?tag=genuine-424");
  await newest(small, "not_sent");
  await small.waitForSelector("#service.bad");
  assert.equal(await text(small, "#code"), "3");
  assert.match(await text(small, "#service"), /platform unreachable[^]*look at the network/i);
  await lit(small, "amber"); // blinks the code
  await shot(small, "page-service-code");

  await steer("kill");
  for (const page of [small, large]) await linked(page, "lost");
  assert.match(await text(small, "#link"), /No connection to the station since .* What you see below is out of date/);
  assert.equal(await small.locator(".lamp.lit").count(), 0, "a lamp is shown as lit, although nobody knows");
  await shot(small, "page-lost");

  await steer("start");
  for (const page of [small, large]) {
    await linked(page, "live");
    assert.equal(await page.locator("#scans li").count(), 6, "scans after the station came back");
  }
  return [small, large];
}

// hostile shows a station in which an enemy has written every text.
async function hostile(browser) {
  const small = await open(browser, { ...phone, colorScheme: "dark" });
  const large = await open(browser, { ...desktop, colorScheme: "light" });
  for (const page of [small, large]) {
    await linked(page, "live");
    await page.waitForSelector("#scans li:nth-child(2)");
  }
  await steer("scan");
  for (const page of [small, large]) {
    await page.waitForSelector("#scans li:nth-child(3)");
    const found = await page.evaluate(() => ({
      pwned: window.pwned,
      marked: document.querySelectorAll("main script, main img, main a, main iframe, main svg, main style, " +
        "header img, header script").length,
      words: document.querySelector("#scans").textContent + document.querySelector("#parts").textContent +
        document.body.innerText,
      titles: document.title,
    }));
    assert.equal(found.pwned, undefined, "a text was run");
    assert.equal(found.marked, 0, "a text became markup");
    assert.match(found.words, /<script>window\.pwned/);

    for (const shown of ["U+202E", "U+2066", "U+0007", "U+001B", "U+0000", "U+200B", "U+E000"]) {
      assert.ok(found.words.includes(shown), shown + " is not shown");
    }
    // eslint-disable-next-line no-control-regex
    const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/;
    assert.ok(!hidden.test(found.words), "an invisible character reaches the page");
  }
  await shot(small, "page-hostile");
  await fits(large);
  return [small, large];
}

// token opens a page that asks for a token: without it, with a wrong one, and with the right one.
async function token(browser) {
  const page = await open(browser, phone);
  await linked(page, "asked");
  assert.equal(await page.locator("#all").isVisible(), false);
  assert.equal(await text(page, "#name"), "Station", "the page shows the station's name without the token");
  const enter = async (word) => {
    await page.fill("#token", word);
    await page.click("button");
  };
  await fits(page);
  await enter("not-the-token");
  await page.waitForFunction(() => document.querySelector("#wrong").textContent === "That is not the token.");
  await enter(process.env.TOKEN);
  await linked(page, "live");

  await page.reload();
  await linked(page, "live");

  const byLink = await open(browser, phone, url + "#" + process.env.TOKEN);
  await linked(byLink, "live");
  assert.equal(byLink.url(), url, "the token stays in the address");
  return [page, byLink];
}

const profile = await mkdtemp(join(tmpdir(), "page-test-"));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disk-cache-dir=" + profile],
});
try {
  const pages = await { live, hostile, token }[scenario](browser);
  assert.deepEqual(pages.flatMap((p) => p.complaints), []);
} finally {
  await browser.close();
  await rm(profile, { recursive: true, force: true });
}
