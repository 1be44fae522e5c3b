// A third person in real browsers: held without media until the patient agrees and the physician lets them in, then heard
// and seen by all, with one re-offer; a shown screen; removed at once.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { House, sleep, until } from "./house.mjs";
import { admit, at, Browser, checksAndStart, measured, patientArrives, PHONE, physicianArrives, picture, press, see, stateOf } from "./people.mjs";
import { FACTS } from "./facts.mjs";

let house;
let browser;
before(async () => {
  house = await House.open();
  browser = await Browser.open("chromium");
});
after(async () => {
  await browser?.close();
  await house?.close();
});

/* Frames and sound of every remote track by the seat whose picture it is on the page. */
function framesBySeat(page) {
  return page.$$eval("[data-test=person]", (people) => Object.fromEntries(people.map((person) => {
    const video = person.querySelector("video");
    return [person.dataset.seat, video.getVideoPlaybackQuality().totalVideoFrames];
  })));
}

async function invite(physician, role, name) {
  await press(physician, "invite");
  await see(physician, "invite-dialog");
  await physician.select(at("invite-role"), role);
  await physician.type(at("invite-name"), name);
  await press(physician, "invite-make");
  const link = await (await see(physician, "link")).evaluate((field) => field.value);
  await press(physician, "invite-close");
  return link;
}

async function guestArrives(link, language = "ja") {
  const page = await browser.page(link.replace("/v#", `/v?lang=${language}&check=skip#`), PHONE);
  await press(page, "start");
  await see(page, "agree-button");
  await picture(page, "guests-1-agreement");
  await press(page, "agree-button");
  await see(page, "guest-waiting");
  await until("the guest's line", async () => (await measured(page)).state === "connected");
  return page;
}

/* Where the one who waits sits. */
const specialistSeat = async (physician) => Number(await physician.$eval("[data-test=let-in]", (button) => button.closest("[data-seat]").dataset.seat));

async function letIn(patient, physician, seat) {
  await press(patient, "newcomer-yes");
  await until("the patient's yes", () => physician.$eval(`[data-test=seat][data-seat="${seat}"] [data-test=consent]`, (chip) => chip.dataset.consent === "given").catch(() => false));
  await physician.$eval(`[data-test=seat][data-seat="${seat}"] [data-test=let-in]`, (button) => button.click());
}

const streams = (page, type) => page.evaluate(async (wanted) => {
  const found = [];
  for (const one of (await window.kept.at(-1).getStats()).values())
    if (one.type === wanted && one.kind === "video") found.push(`${one.mid}: ${one.packetsSent ?? one.packetsReceived} packets, ${one.framesEncoded ?? one.framesDecoded} frames`);
  return found.join(", ");
}, type);
/* The m-lines and their directions. Sound may be asked for in another way at any time, when a line gets weak. */
const shape = (page) => page.evaluate(() => window.kept.at(-1).remoteDescription.sdp.split("\r\n").filter((line) => /^(m=\w+|a=(mid:|sendonly|recvonly|inactive))/.test(line)).map((line) => line.replace(/^(m=\w+).*/, "$1")));
const lines = (page) => page.evaluate(() => window.kept.at(-1).getTransceivers().length);

/* A canvas stands in for the picker of a browser without a desktop. */
const pickerOf = (page) => page.evaluate(() => {
  const canvas = document.createElement("canvas");
  canvas.width = 1280;
  canvas.height = 720;
  let n = 0;
  setInterval(() => {
    const context = canvas.getContext("2d");
    context.fillStyle = n++ % 2 ? "#345" : "#fff";
    context.fillRect(0, 0, 1280, 720);
    context.fillStyle = "#000";
    context.font = "80px sans-serif";
    context.fillText(`検査の結果 ${n}`, 100, 300);
  }, 100);
  navigator.mediaDevices.getDisplayMedia = async () => canvas.captureStream(10);
});

const showsScreen = (page) => page.$eval(at("screen-picture"), (video) => video.videoWidth > 0 && video.getVideoPlaybackQuality().totalVideoFrames > 3).catch(() => false);

test("an interpreter joins, a screen is shown, the interpreter is removed", { timeout: 240000 }, async () => {
  const { link, consultation } = await house.book(FACTS);
  const patient = await patientArrives(browser, link);
  const physician = await physicianArrives(browser, house);
  await until("the patient's line", async () => (await measured(patient)).state === "connected");
  await admit(physician);
  await checksAndStart(physician, patient);
  assert.equal(await lines(patient), 4, "two people need four m-lines");

  const guestLink = await invite(physician, "interpreter", "通訳 試験子");
  const guest = await guestArrives(guestLink);
  await see(patient, "newcomer");
  await see(physician, "let-in");
  await sleep(2000);
  assert.equal((await measured(guest)).bytes, 0, "nothing reaches the one who waits");
  assert.equal(await stateOf(physician), "consult", "the consultation goes on");
  assert.equal((await patient.$$("[data-test=person]")).length, 0, "nobody sees the one who waits");
  assert.ok(await physician.$eval(at("let-in"), (button) => button.disabled), "no door without the patient's yes");
  await picture(patient, "guests-2-patient-asked");
  await picture(guest, "guests-3-guest-waits");
  await picture(physician, "guests-4-physician-asked");
  const lined = { patient: await shape(patient), physician: await shape(physician) };
  assert.deepEqual([await lines(patient), await lines(physician), await lines(guest)], [12, 12, 12], "one re-offer makes room for six");

  await letIn(patient, physician, 2);
  await see(guest, "call");
  await until("the guest to see both", async () => {
    const frames = await framesBySeat(guest);
    const main = await guest.$eval(at("remote"), (video) => video.getVideoPlaybackQuality().totalVideoFrames);
    return frames[0] > 5 && main > 5;
  });
  for (const [who, page] of [["patient", patient], ["physician", physician]])
    await until(`${who} to see the guest`, async () => (await framesBySeat(page))[2] > 5);
  const before = { guest: await measured(guest), patient: await measured(patient) };
  await sleep(1500);
  assert.ok((await measured(guest)).audioEnergy > before.guest.audioEnergy, "the guest hears");
  assert.ok((await measured(patient)).audioEnergy > before.patient.audioEnergy, "the patient hears");
  assert.deepEqual({ patient: await shape(patient), physician: await shape(physician) }, lined, "letting in changes no description");
  await picture(patient, "guests-5-patient-three");
  await picture(physician, "guests-6-physician-three");
  await picture(guest, "guests-7-guest-three");

  await guest.$eval(at("face"), (button) => button.click());
  await until("the others to be told of the camera", () => patient.$('[data-test=person][data-seat="2"] [data-test=hidden]'));
  await guest.$eval(at("face"), (button) => button.click());

  await pickerOf(physician);
  await press(physician, "share");
  for (const [who, page] of [["patient", patient], ["guest", guest]])
    await until(`${who} to see the screen`, () => showsScreen(page)).catch(async (error) => {
      throw new Error(`${error.message}; sent: ${await streams(physician, "outbound-rtp")}; received: ${await streams(page, "inbound-rtp")}; page: ${await page.$(at("screen")) !== null}; refused: ${await physician.$eval(at("refusal"), (box) => box.textContent).catch(() => "no")}`);
    });
  await picture(patient, "guests-8-patient-screen");
  await picture(physician, "guests-9-physician-sharing");
  await press(physician, "share");
  await until("the screen to go", async () => (await patient.$(at("screen"))) === null);

  // Text for who cannot hear: to all in the call, shown large, answered, kept by no page beyond the call.
  await physician.$eval(`${at("write")} summary`, (summary) => summary.click());
  await physician.type(at("write-text"), "おくすりは 1日 2回です");
  await press(physician, "write-send");
  for (const page of [patient, guest]) await until("the text", () => page.$eval(at("unread"), (box) => box.textContent.includes("1日 2回")).catch(() => false));
  await picture(patient, "guests-12-patient-reads");
  await press(patient, "unread");
  await see(patient, "write-dialog");
  await patient.type(at("write-text"), "わかりました");
  await press(patient, "write-send");
  await until("the answer", () => physician.$eval(at("written-list"), (list) => list.textContent.includes("わかりました")).catch(() => false));
  await picture(patient, "guests-13-patient-writes");
  await picture(physician, "guests-14-physician-reads");
  await patient.$eval(`${at("write-dialog")} .button:not(.primary)`, (button) => button.click());

  assert.equal(await guest.$(at("share")), null, "an interpreter shows nothing");

  // Removed: gone within moments, the others go on.
  const gone = Date.now();
  await physician.$eval('[data-test=seat][data-seat="2"] [data-test=remove]', (button) => button.click());
  await press(physician, "remove-yes");
  await guest.waitForFunction(() => document.querySelector("[data-test=trouble]") !== null, { timeout: 5000 });
  await until("the patient to see nobody", async () => (await patient.$$("[data-test=person]")).length === 0);
  assert.equal(await stateOf(physician), "consult");
  console.log(`removed on the guest's page after ${Date.now() - gone} ms`);
  const now = await measured(patient);
  await until("patient and physician to go on", async () => (await measured(patient)).frames > now.frames);
  const again = await browser.page(guestLink.replace("/v#", "/v?check=skip#"), PHONE);
  await press(again, "start");
  await see(again, "trouble");

  // A specialist takes the seat that is free again, and shows a screen by the same one line.
  const specialist = await guestArrives(await invite(physician, "specialist", "専門 試験医"));
  await see(patient, "newcomer");
  await letIn(patient, physician, await specialistSeat(physician));
  await see(specialist, "call");
  await until("the specialist to see the patient", async () => (await framesBySeat(specialist))[0] > 5).catch(async (error) => {
    throw new Error(`${error.message}: ${JSON.stringify(await framesBySeat(specialist))}; received: ${await streams(specialist, "inbound-rtp")}`);
  });
  await pickerOf(specialist);
  await press(specialist, "share");
  const seen = [["patient", patient], ["physician", physician]];
  for (const [who, page] of seen)
    await until(`${who} to see the specialist's screen`, () => showsScreen(page)).catch(async (error) => {
      throw new Error(`${error.message}; sent: ${await streams(specialist, "outbound-rtp")}; received: ${await streams(page, "inbound-rtp")}`);
    });
  await see(specialist, "sharing");
  await picture(specialist, "guests-10-specialist-sharing");
  await picture(patient, "guests-11-patient-sees-specialist-screen");
  await press(specialist, "share");
  for (const [who, page] of seen) await until(`the specialist's screen to go from ${who}`, async () => (await page.$(at("screen"))) === null);

  const { records } = await until("the trail", async () => {
    const found = await house.timeline(consultation);
    return found.records.some((one) => one.act === "media.keys.destroyed" && one.x.seat === 2) ? found : null;
  });
  const acts = records.map((one) => one.act);
  for (const act of ["consent.give", "participant.admit", "media.screen", "participant.remove"]) assert.ok(acts.includes(act), act);
  const removed = records.find((one) => one.act === "participant.remove"), destroyed = records.find((one) => one.act === "media.keys.destroyed" && one.x.seat === 2);
  assert.ok((destroyed.mono - removed.mono) / 1e6 < 200, `keys destroyed ${(destroyed.mono - removed.mono) / 1e6} ms after the removal`);
  assert.ok(!JSON.stringify(records).includes("試験子"), "no name in the log");
  assert.ok(!JSON.stringify(house.log()).includes("試験子"), "no name in the log lines");
  assert.deepEqual([...patient.complaints, ...physician.complaints, ...guest.complaints, ...specialist.complaints], []);
  for (const page of [patient, physician, guest, specialist, again]) await page.context_.close();
});
