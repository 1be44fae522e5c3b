import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { at, judge, openPage, openWorld, press, see, text, until } from "./support.mjs";

let world, mock;
before(async () => { world = await openWorld(); });
after(async () => { await world.close(); });
beforeEach(async () => { mock = await world.mock(); });
afterEach(async () => {
  assert.equal(mock.failure, undefined);
  await mock.robot?.page.close();
  await mock.stop();
});

const LINK = "#secret-demo";
const sent = (type) => mock.messages.filter((one) => one.role === "patient" && one.type === type);
const facts = () => Object.fromEntries(sent("fact").map((one) => [one.name, one.value]));
const redeemed = () => mock.requests.filter((one) => one === "POST /api/invitations/redeem").length;

async function toWaiting(page) {
  await press(page, "start");
  await press(page, "agree-button");
  await see(page, "waiting");
}

for (const language of ["ja", "en"]) {
  test(`the whole journey (${language})`, async () => {
    const page = await openPage(world, mock, `/v?lang=${language}${LINK}`);
    await see(page, "start");
    await judge(page, `patient-1-start-${language}`, { patient: true });
    assert.deepEqual(mock.requests.filter((one) => one.includes("/api/")), [], "opening the link asks nothing of the gateway");

    await press(page, "start");
    await see(page, "check");
    await judge(page, `patient-2-check-${language}`, { patient: true });
    await see(page, "card");
    await see(page, "agree-button");
    await judge(page, `patient-3-agree-${language}`, { patient: true });
    await press(page, "agree-button");

    await see(page, "waiting");
    await until("media path", () => page.$(`${at("connected")}.yes`));
    mock.change({ position: 3, wait_minutes: 20 });
    await until("place in the queue", async () => (await text(page, "position")).includes("2"));
    await judge(page, `patient-4-waiting-${language}`, { patient: true });
    assert.deepEqual(facts(), {
      agreement: true, explicit_wish: "e_signed", system_agreed: true, pt_rules_ack: true, place_kind: "residence", pt_private_space: true,
    });
    const order = mock.messages.filter((one) => one.role === "patient").map((one) => one.type);
    assert.ok(order.indexOf("join") < order.indexOf("act"), "joined before entering");
    assert.ok(sent("report").some((one) => one.card_visible && one.camera && one.microphone), "the card was reported before entering");
    assert.deepEqual(sent("act").map((one) => one.event), ["enter"]);
    assert.deepEqual(mock.directions, ["recvonly", "recvonly", "sendonly", "sendonly"], "both of the page's tracks are sent, both of the others received");

    mock.change({ state: "ident" });
    await see(page, "banner-ident");
    await until("remote picture", () => page.$eval(at("remote"), (video) => video.videoWidth > 0 && video.currentTime > 0.3));
    await judge(page, `patient-5-ident-${language}`, { patient: true });
    const arrived = await until("own picture and sound at the other end", async () => {
      const found = await mock.robot.received("patient");
      return found.frames > 5 && found.energy > 0 && found;
    });
    assert.ok(arrived.frames > 5);
    await press(page, "dr-seen");
    await see(page, "dr-seen-done");
    assert.equal(facts().dr_seen, true);

    mock.change({ state: "consult" });
    await see(page, "banner-consult");
    mock.tellMedia({ physician_video: "gap" });
    await see(page, "line");
    await judge(page, `patient-6-consult-${language}`, { patient: true });
    mock.tellMedia({ physician_video: "live" });
    for (const name of ["voice", "face", "end", "phone", "emergency"]) await see(page, name);

    await press(page, "emergency");
    await see(page, "emergency-dialog");
    await judge(page, `patient-7-emergency-${language}`, { patient: true });
    await page.keyboard.press("Escape");
    mock.change({ state: "closed_clean", outcome: "continue_online" });
    await see(page, "ended");
    await judge(page, `patient-8-ended-${language}`, { patient: true });
    assert.equal(redeemed(), 1);
    await page.finish();
  });
}

test("the physician's card stays in view through the whole call", async () => {
  const page = await openPage(world, mock, `/v?check=skip${LINK}`, { viewport: { width: 360, height: 640, isMobile: true, hasTouch: true } });
  await press(page, "start");
  await see(page, "agree-button");
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await press(page, "agree-button");
  await see(page, "waiting");
  mock.change({ state: "ident" });
  await see(page, "call");
  await judge(page, "patient-small-ident", { patient: true });
  mock.change({ state: "emergency" });
  await page.waitForSelector(".banner.emergency");
  await judge(page, "patient-small-emergency", { patient: true });
  assert.ok(!sent("report").some((one) => one.card_visible === false), "never reported as hidden");
  await page.evaluate(() => { document.querySelector(".card").style.display = "none"; });
  await until("the report of a hidden card", () => sent("report").some((one) => one.card_visible === false));
  await page.finish();
});

test("by keyboard alone", async () => {
  const page = await openPage(world, mock, `/v?check=skip&lang=en${LINK}`);
  const tabTo = async (name) => {
    for (let n = 0; n < 25; n++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((selector) => document.activeElement?.matches(selector) ?? false, at(name))) return;
    }
    throw new Error(`never reached ${name}`);
  };
  await see(page, "start");
  await tabTo("start");
  await page.keyboard.press("Enter");
  await see(page, "agree-button");
  await tabTo("alone");
  await page.keyboard.press("Space");
  await tabTo("agree-button");
  await page.keyboard.press("Enter");
  await see(page, "waiting");
  assert.equal(facts().pt_private_space, false);
  mock.change({ state: "ident" });
  await see(page, "dr-seen");
  await tabTo("dr-seen");
  await page.keyboard.press("Enter");
  await see(page, "dr-seen-done");
  await tabTo("voice");
  await page.keyboard.press("Space");
  assert.equal(await page.$eval(at("voice"), (button) => button.getAttribute("aria-pressed")), "false");
  await tabTo("end");
  await page.keyboard.press("Enter");
  await see(page, "end-dialog");
  await page.keyboard.press("Escape");
  await until("the dialog to close", async () => (await page.$(at("end-dialog"))) === null);
  await tabTo("end");
  await page.keyboard.press("Enter");
  await see(page, "end-dialog");
  await tabTo("end-yes");
  await page.keyboard.press("Enter");
  await see(page, "ended");
  assert.deepEqual(sent("act").map((one) => one.event), ["enter", "withdraw"]);
  await page.finish();
});

const IN_APP = {
  line: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Safari Line/15.9.0",
  facebook: "Mozilla/5.0 (Linux; Android 14; SC-52D; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/138.0.0.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/500.0;]",
  webview: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
};
for (const [name, userAgent] of Object.entries(IN_APP)) {
  test(`inside another app (${name}): the way out and nothing else`, async () => {
    const page = await openPage(world, mock, `/v${LINK}`, { userAgent });
    await see(page, "inapp");
    assert.equal(await page.$(at("start")), null);
    assert.ok((await page.$eval(at("link"), (field) => field.value)).endsWith(LINK));
    await judge(page, `patient-inapp-${name}`, { patient: true });
    await press(page, "copy");
    assert.deepEqual(mock.requests.filter((one) => one.includes("/api/")), [], "nothing is redeemed");
    await page.finish();
  });
}

test("no camera interface at all: the same way out", async () => {
  const page = await openPage(world, mock, `/v?lang=en${LINK}`, { prepare: () => Object.defineProperty(navigator, "mediaDevices", { value: undefined }) });
  await see(page, "inapp");
  await judge(page, "patient-inapp-en", { patient: true });
  assert.deepEqual(mock.requests.filter((one) => one.includes("/api/")), []);
  await page.finish();
});

test("camera refused: told why and what to do, nothing redeemed, and it can be tried again", async () => {
  const page = await openPage(world, mock, `/v?check=skip${LINK}`, {
    prepare: () => {
      const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      let first = true;
      navigator.mediaDevices.getUserMedia = (wanted) => {
        if (!first) return real(wanted);
        first = false;
        return Promise.reject(new DOMException("no", "NotAllowedError"));
      };
    },
  });
  await press(page, "start");
  await see(page, "trouble");
  await judge(page, "patient-denied-ja", { patient: true });
  assert.equal(redeemed(), 0);
  await press(page, "retry");
  await see(page, "agree-button");
  assert.equal(redeemed(), 1);
  await page.finish();
});

test("an expired link and a link without a secret", async () => {
  const page = await openPage(world, mock, "/v?lang=en#expired");
  await press(page, "start");
  assert.match(await text(page, "trouble"), /no longer valid.*Call the clinic/s);
  await judge(page, "patient-expired-en", { patient: true });
  await page.finish();
  const bare = await openPage(world, mock, "/v");
  await see(bare, "trouble");
  await judge(bare, "patient-nolink-ja", { patient: true });
  await bare.finish();
});

test("a second device is held, and comes in when staff move the seat", async () => {
  const first = await openPage(world, mock, `/v?check=skip${LINK}`);
  await toWaiting(first);
  const second = await openPage(world, mock, `/v?check=skip${LINK}`);
  await press(second, "start");
  const words = await text(second, "trouble");
  assert.match(words, /0123-45-6789/, "the clinic's number");
  await judge(second, "patient-held-ja", { patient: true });
  mock.visit.moved = true;
  await see(second, "waiting", 20000);
  assert.deepEqual(sent("act").map((one) => one.event), ["enter"], "the seat was there already");
  await second.finish();
  await first.finish();
});

test("a rule refuses the waiting room: said in words, tried again", async () => {
  mock.refuseNext = { code: "too_early", what: "まだ 受付の 時間では ありません。", todo: "予約の 時間の 15分前から 入れます。", failed: [] };
  const page = await openPage(world, mock, `/v?check=skip${LINK}`);
  await press(page, "start");
  await press(page, "agree-button");
  assert.match(await text(page, "trouble"), /15分前/);
  assert.match(await text(page, "trouble"), /0123-45-6789/);
  await judge(page, "patient-too-early-ja", { patient: true });
  await press(page, "retry");
  await see(page, "waiting");
  await page.finish();
});

test("a cut socket resumes without a tap", async () => {
  const page = await openPage(world, mock, `/v?check=skip${LINK}`);
  await toWaiting(page);
  mock.change({ state: "ident" });
  await see(page, "call");
  const joins = sent("join").length;
  mock.cut();
  await until("a new hello", () => mock.hellos === 2);
  await until("the overlay to go", async () => (await page.$(at("reconnecting"))) === null);
  mock.change({ state: "consult" });
  await see(page, "banner-consult");
  assert.equal(sent("join").length, joins, "the seat was kept");
  await page.finish();
});

test("a gateway that forgot everything: ticket, seat and media again, still without a tap", async () => {
  const page = await openPage(world, mock, `/v?check=skip${LINK}`);
  await toWaiting(page);
  mock.change({ state: "consult" });
  await see(page, "call");
  mock.forgetful = true;
  mock.cut();
  await until("a second join", () => sent("join").length === 2);
  mock.forgetful = false;
  await until("the overlay to go", async () => (await page.$(at("reconnecting"))) === null);
  const frames = (await mock.robot.received("patient")).frames;
  await until("media after the restart", async () => (await mock.robot.received("patient")).frames > frames);
  assert.equal(redeemed(), 1);
  await page.finish();
});

test("a reload goes on without a tap, straight to the seat", async () => {
  const page = await openPage(world, mock, `/v?check=skip${LINK}`);
  await world.browser.defaultBrowserContext().overridePermissions(mock.origin, ["camera", "microphone"]);
  await page.browserContext().overridePermissions(mock.origin, ["camera", "microphone"]);
  await toWaiting(page);
  mock.change({ state: "consult" });
  await see(page, "call");
  await page.reload();
  await see(page, "call");
  assert.equal(sent("join").length, 2);
  assert.equal(sent("fact").filter((one) => one.name === "agreement").length, 1, "not asked again");
  await page.finish();
});

test("a long outage: the clinic's number fills the screen, and goes by itself", async () => {
  const page = await openPage(world, mock, `/v?check=skip${LINK}`, {
    prepare: () => {
      const real = Date.now.bind(Date);
      window.later = 0;
      Date.now = () => real() + window.later;
    },
  });
  await toWaiting(page);
  mock.change({ state: "consult" });
  await see(page, "call");
  mock.server.close(); // no new connections
  mock.cut();
  await see(page, "reconnecting");
  await judge(page, "patient-reconnecting-ja", { patient: true });
  await page.evaluate(() => { window.later = 31000; });
  assert.match(await text(page, "reconnecting-long"), /0123-45-6789/);
  await judge(page, "patient-reconnecting-long-ja", { patient: true });
  const port = Number(mock.host.split(":")[1]);
  await new Promise((done) => mock.server.listen(port, "127.0.0.1", done));
  await until("the call again", async () => (await page.$(at("reconnecting-long"))) === null);
  await page.finish();
});

test("a lost media path asks for an ICE restart on the same connection", async () => {
  const page = await openPage(world, mock, `/v?check=skip${LINK}`);
  await toWaiting(page);
  await until("media path", () => page.$(`${at("connected")}.yes`));
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await until("a second answer", () => sent("answer").length === 2);
  assert.equal(sent("restart").length, 1);
  await page.finish();
});

test("a question card appears with its reason, and its answer is a fact", async () => {
  const page = await openPage(world, mock, `/v?check=skip&lang=en${LINK}`);
  await toWaiting(page);
  mock.visit.showAll = true;
  mock.visit.facts.set("attendees", { supplier: "dr", value: 1 });
  mock.change({ state: "ident" });
  await see(page, "question-attendees_consented");
  await judge(page, "patient-question-en", { patient: true });
  await press(page, "attendees_consented-yes");
  await until("the card to go", async () => (await page.$(at("question-attendees_consented"))) === null);
  assert.equal(facts().attendees_consented, true);
  await press(page, "phone");
  await see(page, "record");
  await judge(page, "patient-phone-en", { patient: true });
  await press(page, "record");
  await until("the wish to record", () => facts().rec_by === "patient");
  await press(page, "rec_consent_pt-no");
  await until("the answer", () => facts().rec_consent_pt === false);
  await page.finish();
});

test("hiding the face stops the picture; the language can change in the call", async () => {
  const page = await openPage(world, mock, `/v?check=skip${LINK}`);
  await toWaiting(page);
  mock.change({ state: "consult" });
  await until("frames", async () => (await mock.robot.received("patient")).frames > 3);
  await press(page, "face");
  let still = -1;
  await until("no more frames", async () => {
    const { frames } = await mock.robot.received("patient");
    const same = frames === still;
    still = frames;
    await new Promise((done) => setTimeout(done, 400));
    return same;
  });
  await press(page, "face");
  await until("frames again", async () => (await mock.robot.received("patient")).frames > still);
  await press(page, "language");
  await until("English texts from the gateway", async () => (await text(page, "card")).includes("Misaki Clinic"));
  assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
  await page.finish();
});
