// Networks that let less through: real browsers behind packet filters of the test's own namespace. What they can still use
// they must use, and the record says what it was.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { freePort, House, sleep, until } from "./house.mjs";
import { admit, at, Browser, checksAndStart, measured, patientArrives, physicianArrives, picture, see, stateOf } from "./people.mjs";
import { FACTS } from "./facts.mjs";

/* Rules of one output chain; they last until `open`. Only in a namespace that is ours. */
const filter = {
  set(...rules) {
    assert.ok(process.env.TSUNAGI_TEST_ADDRESS, "started by in_namespace.sh");
    filter.open();
    execFileSync("nft", ["-f", "-"], { input: `table inet test {\n chain out {\n type filter hook output priority 0;\n ${rules.join("\n")}\n }\n}\n` });
  },
  open() {
    execFileSync("nft", ["-f", "-"], { input: "table inet test\ndelete table inet test\n" });
  },
};

let chromium, firefox, house, visit, tcp;
before(async () => {
  chromium = await Browser.open("chromium");
  firefox = await Browser.open("firefox");
});
after(async () => {
  await chromium?.close();
  await firefox?.close();
});
beforeEach(async () => {
  tcp = await freePort();
  house = await House.open("", { media: [`tcp_port: ${tcp}`] });
  visit = await house.book(FACTS);
});
const pages = [];
afterEach(async () => {
  filter.open();
  for (const page of pages.splice(0)) await page.context_.close().catch(() => {});
  await house?.close();
});

/* How the page's live connection reaches the gateway, as its browser sees it. */
const pathOf = (page) => page.evaluate(async () => {
  for (const connection of window.kept) {
    if (connection.signalingState === "closed") continue;
    const stats = await connection.getStats();
    for (const pair of stats.values()) {
      if (pair.type === "candidate-pair" && pair.nominated && pair.state === "succeeded") return stats.get(pair.localCandidateId).protocol;
    }
  }
  return null;
});

const paths = async () => (await house.timeline(visit.consultation)).records.filter((record) => record.act === "media.connected").map((record) => record.x.path);

async function meet(patientBrowser, physicianBrowser) {
  const patient = await patientArrives(patientBrowser, visit.link, { language: "en" });
  pages.push(patient);
  const physician = await physicianArrives(physicianBrowser, house, { language: "en" });
  pages.push(physician);
  await admit(physician);
  await checksAndStart(physician, patient);
  await until("pictures both ways", async () => (await measured(patient)).frames > 10 && (await measured(physician)).frames > 10, 30000);
  return { patient, physician };
}

for (const [one, other] of [["chromium", "firefox"], ["firefox", "chromium"]]) {
  test(`no UDP: ${one} (patient) and ${other} meet over ICE-TCP`, { timeout: 240000 }, async () => {
    filter.set("meta l4proto udp drop");
    const began = Date.now();
    const browsers = { chromium, firefox };
    const { patient, physician } = await meet(browsers[one], browsers[other]);
    console.log(`# in consultation ${Date.now() - began} ms after the link was opened`);
    const before = [await measured(patient), await measured(physician)];
    await sleep(3000);
    for (const [side, page] of [patient, physician].entries()) {
      const now = await measured(page);
      console.log(`# ${side === 0 ? one : other}: ${now.frames - before[side].frames} frames and ${now.audioPackets - before[side].audioPackets} packets of sound in 3 s over ${await pathOf(page)}`);
      assert.ok(now.frames - before[side].frames > 20, "the picture moves");
      assert.ok(now.audioPackets - before[side].audioPackets > 100, "the sound too");
      assert.equal(await pathOf(page), "tcp");
    }
    assert.equal(await stateOf(physician), "consult");
    assert.deepEqual(await paths(), ["tcp4", "tcp4"]);
    assert.equal(await house.metric("media_tcp_connections") >= 2, true);
  });
}

for (const kind of ["chromium", "firefox"]) {
  test(`no UDP and no TCP: ${kind} says so, and what to do; when the filter falls the call comes about`, { timeout: 240000 }, async () => {
    const address = process.env.TSUNAGI_TEST_ADDRESS; // the pages come over loopback
    filter.set("meta l4proto udp drop", `ip daddr ${address} tcp dport ${tcp} drop`);
    const patient = await patientArrives({ chromium, firefox }[kind], visit.link, { language: "en" });
    pages.push(patient);
    const said = await (await see(patient, "blocked", 90000)).evaluate((element) => element.innerText);
    assert.match(said, /neither UDP nor TCP.*mobile data.*telephone/s);
    await picture(patient, `networks-blocked-${kind}-en`);
    const told = house.log().filter((line) => line.event === "media.diagnosis");
    assert.equal(told.at(0).code, "media_blocked");
    assert.equal(told.length, 1, "once, however often it is tried");
    filter.open();
    await until("the sentence to go", async () => (await patient.$(at("blocked"))) === null, 90000);
    await until("the path after all", () => patient.evaluate(() => window.kept.some((one) => one.connectionState === "connected")), 90000);
  });
}

test("with UDP there, nobody stays on TCP", { timeout: 240000 }, async () => {
  const { patient, physician } = await meet(chromium, firefox);
  assert.equal(await pathOf(patient), "udp");
  assert.equal(await pathOf(physician), "udp");
  assert.deepEqual(await paths(), ["udp4", "udp4"]);
});
