// A whole consultation between two real browsers, for each pair: seen and heard both ways, gated, encrypted, recorded.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { House, sleep, until } from "./house.mjs";
import { admit, Browser, checksAndStart, measured, patientArrives, physicianArrives, picture, press, see, stateOf } from "./people.mjs";
import { FACTS } from "./facts.mjs";

let house;
const browsers = {};
before(async () => {
  house = await House.open();
  for (const kind of ["chromium", "firefox"]) browsers[kind] = await Browser.open(kind);
});
after(async () => {
  for (const browser of Object.values(browsers)) await browser.close();
  await house?.close();
});

async function bothSeeAndHear(patient, physician) {
  for (const [who, page] of [["patient", patient], ["physician", physician]]) {
    const first = await until(`${who} to see and hear`, async () => {
      const now = await measured(page);
      return now.frames > 5 && now.audioPackets > 20 ? now : null;
    }, 25000);
    await sleep(1500);
    const later = await measured(page);
    assert.ok(later.frames > first.frames, `${who}: pictures go on being decoded`);
    assert.ok(later.audioEnergy > first.audioEnergy, `${who}: there is sound in what arrives`);
    assert.match(later.cipher ?? "AEAD_AES_128_GCM", /GCM/, `${who}: SRTP is GCM`);
  }
}

for (const [patientKind, physicianKind] of [["chromium", "chromium"], ["chromium", "firefox"], ["firefox", "firefox"]]) {
  test(`patient in ${patientKind}, physician in ${physicianKind}`, { timeout: 150000 }, async () => {
    const language = patientKind === "firefox" ? "en" : "ja";
    const shots = `${patientKind}-${physicianKind}`;
    const { link, consultation } = await house.book(FACTS);
    const patient = await patientArrives(browsers[patientKind], link, { language, shots });
    const physician = await physicianArrives(browsers[physicianKind], house, { language, shots });
    await until("the patient to be first in the queue", async () => (await measured(patient)).state === "connected", 20000);

    // P1: connected, sending, and nothing comes out before the physician admits.
    await sleep(2000);
    for (const page of [patient, physician]) {
      const now = await measured(page);
      assert.equal(now.bytes, 0, "no media packet before admission");
    }
    assert.ok((await house.metric("media_drop_gate")) > 0, "what the waiting browser sends is authenticated and dropped");

    await admit(physician);
    await bothSeeAndHear(patient, physician);
    await picture(patient, `${shots}-patient-4-ident-${language}`);
    await picture(physician, `${shots}-clinic-2-ident-${language}`);
    await checksAndStart(physician, patient);
    await sleep(1500);
    await picture(patient, `${shots}-patient-5-consult-${language}`);
    await picture(physician, `${shots}-clinic-3-consult-${language}`);

    await press(physician, "finish");
    await until("closing", async () => (await stateOf(physician)) === "closing");
    await physician.select('[data-test="outcome"]', "continue_online").catch(() => {});
    await press(physician, "close");
    await see(patient, "ended");
    await picture(patient, `${shots}-patient-6-ended-${language}`);

    const timeline = await until("the end to be recorded", async () => {
      const now = await house.timeline(consultation);
      return now.records.some((record) => record.act === "consult.close") && now.records.filter((record) => record.act === "media.keys.destroyed").length >= 2 ? now : null;
    });
    const acts = timeline.records.map((record) => record.act);
    for (const act of ["consult.create", "invite.issue", "invite.redeem", "consent.give", "consult.enter", "consult.admit", "media.open", "consult.start", "consult.finish", "consult.close"])
      assert.ok(acts.includes(act), `${act} is in the trail`);
    assert.ok(acts.indexOf("media.open") >= acts.indexOf("consult.admit"), "media opens with admission, not before");
    for (const record of timeline.records.filter((one) => one.act === "media.connected"))
      assert.equal(record.x.srtp, "AEAD_AES_128_GCM", `seat ${record.x.seat} negotiated GCM-128`);
    assert.deepEqual([...patient.complaints, ...physician.complaints], []);
    await patient.context_.close();
    await physician.context_.close();
  });
}

test("the administrator reads a trail that verifies", { timeout: 60000 }, async () => {
  await sleep(1500);
  const report = house.verify();
  assert.equal(report.status, "good");
  assert.match(report.root, /^[0-9a-f]{64}$/);
  const page = await browsers.chromium.page(`${house.origin}/admin?lang=ja`, { width: 1440, height: 900 });
  await (await see(page, "login-name")).type(house.clinic.administrator.name);
  await (await see(page, "login-password")).type(house.clinic.administrator.password);
  await press(page, "login-go");
  await see(page, "list");
  await picture(page, "admin-1-list-ja");
  await page.click('[data-test="entry"] a');
  await see(page, "timeline");
  await picture(page, "admin-2-timeline-ja");
  await press(page, "tab-log");
  await page.waitForSelector('[data-test="intact"][data-verified="yes"]', { timeout: 20000 });
  await picture(page, "admin-3-log-ja");
  assert.deepEqual(page.complaints, []);
  await page.context_.close();
});
