import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { at, DESK, judge, openPage, openWorld, press, see, text, until } from "./support.mjs";

let world, mock;
before(async () => { world = await openWorld(); });
after(async () => { await world.close(); });
beforeEach(async () => {
  mock = await world.mock();
  mock.visit.state = "lobby";
  mock.visit.seats.set(0, { status: "waiting", media: true });
  for (const [name, value] of [["place_kind", "residence"], ["pt_private_space", true]]) mock.visit.facts.set(name, { supplier: "pt", value });
  for (const [name, value] of [["visit_proposed", "follow_up"], ["plan_present", true]]) mock.visit.facts.set(name, { supplier: "ad", value });
  mock.others = [
    { consultation: "c_b", patient: { ja: "高橋 ミツ", en: "Mitsu Takahashi" }, state: "lobby", visit: "first", position: 2, waited: 65, here: true, media: false, mine: true, blocked: true, booked_for: Date.UTC(2026, 10, 22, 1, 30) },
    { consultation: "c_c", patient: { ja: "田中 一", en: "Hajime Tanaka" }, state: "booked", visit: "follow_up", position: 0, waited: 0, here: false, media: false, mine: true, blocked: false, booked_for: Date.UTC(2026, 10, 22, 2) },
  ];
});
afterEach(async () => {
  assert.equal(mock.failure, undefined);
  await mock.robot?.page.close();
  await mock.stop();
});

const sent = (type) => mock.messages.filter((one) => one.role === "physician" && one.type === type);
const facts = () => Object.fromEntries(sent("fact").map((one) => [one.name, one.value]));
const acts = () => sent("act").map((one) => one.event);

async function signIn(page) {
  await (await see(page, "login-name")).type("doctor");
  await (await see(page, "login-password")).type("correct horse");
  await page.keyboard.press("Enter");
  await see(page, "desk");
}

for (const language of ["ja", "en"]) {
  test(`from sign-in to the outcome (${language})`, async () => {
    const page = await openPage(world, mock, `/clinic?lang=${language}`, { viewport: DESK });
    await see(page, "signin");
    await judge(page, `clinic-1-signin-${language}`);
    await (await see(page, "login-name")).type("doctor");
    await (await see(page, "login-password")).type("wrong");
    await page.keyboard.press("Enter");
    await see(page, "login-wrong");
    await (await see(page, "login-password")).type("correct horse");
    await page.keyboard.press("Enter");

    await page.waitForSelector(`${at("prepared")}[data-ready="yes"]`);
    assert.deepEqual(sent("join").map((one) => one.consultation), ["c_demo"], "the next one is prepared by itself");
    assert.equal((await page.$$(at("queue-entry"))).length, 3);
    await judge(page, `clinic-2-queue-${language}`);

    await page.keyboard.press("F2");
    await page.waitForSelector(`${at("state")}[data-state="ident"]`);
    assert.deepEqual(acts(), ["admit"]);
    assert.deepEqual(facts(), { agreement_by_dr: true, plan_status: "active", attendees: 0 }, "the call panel goes with the tap that admits");
    await until("the patient's picture", () => page.$eval(at("remote"), (video) => video.videoWidth > 0 && video.currentTime > 0.3));
    await until("own picture at the other end", async () => (await mock.robot.received("physician")).frames > 3);
    await judge(page, `clinic-3-ident-${language}`);
    assert.equal((await page.$$(at("rule"))).length, 3);

    await page.keyboard.press("F8");
    await see(page, "refusal");
    assert.deepEqual(acts(), ["admit", "start"]);
    await judge(page, `clinic-4-refused-${language}`);
    await press(page, "door-pt_docs-driving_licence");
    await press(page, "door-noise_ok-no");
    await page.keyboard.press("F4");
    await until("all confirmed", async () => (await page.$eval(at("confirm"), (button) => button.dataset.waiting)) === "0");
    const given = facts();
    assert.equal(given.pt_verified, "document");
    assert.deepEqual(given.pt_docs, ["driving_licence"]);
    assert.equal(given.noise_ok, false);
    assert.equal(given.visit_kind, "follow_up");
    assert.equal(given.pt_private_confirmed, true);
    assert.equal(given.feasible_today, "yes");
    assert.ok(!("info_sources" in given), "what is not shown is not sent");
    mock.visit.facts.set("dr_seen", { supplier: "pt", value: true });
    mock.change({});
    await until("no rule left", async () => (await page.$$(at("rule"))).length === 0);
    await page.keyboard.press("F8");
    await page.waitForSelector(`${at("state")}[data-state="consult"]`);
    await judge(page, `clinic-5-consult-${language}`);

    mock.change({ picture_lost: true });
    mock.tellMedia({ patient_video: "gap", gap_seconds: 18 });
    await see(page, "soft-pause");
    await judge(page, `clinic-6-soft-pause-${language}`);
    await press(page, "choice-wait");
    await until("the choice", () => acts().includes("wait"));
    mock.change({ picture_lost: false, second_device: true });
    await see(page, "second-device");
    await judge(page, `clinic-7-second-device-${language}`);
    await press(page, "move-seat");
    await until("the seat moved", () => sent("act").some((one) => one.event === "move_seat" && one.seat === 0));

    await page.waitForSelector(`${at("finish")}:not([disabled])`);
    await page.keyboard.press("F9");
    await see(page, "closing");
    await page.select(at("outcome"), "in_person_needed");
    await judge(page, `clinic-8-closing-${language}`);
    await press(page, "close");
    await see(page, "last");
    assert.equal(sent("act").at(-1).code, "in_person_needed");
    assert.equal(mock.visit.state, "closed_clean");
    await until("the next one is prepared", () => sent("join").some((one) => one.consultation === "c_b"));
    await page.finish();
  });
}

test("choosing another waiting patient leaves the prepared one first", async () => {
  const page = await openPage(world, mock, "/clinic", { viewport: DESK });
  await signIn(page);
  await until("the first join", () => sent("join").length === 1);
  await (await page.waitForSelector(`${at("queue-entry")}[data-consultation="c_b"]`)).click();
  await until("leave, then join", () => sent("join").length === 2);
  assert.deepEqual(mock.messages.filter((one) => one.role === "physician" && /join|leave/.test(one.type)).map((one) => `${one.type} ${one.consultation}`),
    ["join c_demo", "leave c_demo", "join c_b"]);
  await page.finish();
});

test("removing somebody asks once, then acts on that seat", async () => {
  const page = await openPage(world, mock, "/clinic", { viewport: DESK });
  await signIn(page);
  await page.waitForSelector(`${at("prepared")}[data-ready="yes"]`);
  await press(page, "admit");
  await page.waitForSelector(`${at("state")}[data-state="ident"]`);
  await press(page, "remove");
  await see(page, "remove-dialog");
  await press(page, "remove-yes");
  await until("the act", () => sent("act").some((one) => one.event === "remove" && one.seat === 0));
  await page.finish();
});

test("a lost patient: the box, confirmation of face and name, telephone", async () => {
  const page = await openPage(world, mock, "/clinic?lang=en", { viewport: DESK });
  await signIn(page);
  await page.waitForSelector(`${at("prepared")}[data-ready="yes"]`);
  await press(page, "admit");
  await page.waitForSelector(`${at("state")}[data-state="ident"]`);
  mock.change({ state: "reconnecting", deadline: Date.now() + 170000, notice: { code: "other_lost", ja: "相手の つながりが 切れました。", en: "The other side lost the connection." } });
  await see(page, "reconnecting");
  assert.equal(await page.$(at("confirm-same")), null);
  await judge(page, "clinic-reconnecting-en");
  mock.change({ notice: { code: "waiting_for_confirmation", ja: "先生が あなたを 確認しています。", en: "The physician confirms that it is you." } });
  await press(page, "confirm-same");
  await page.waitForSelector(`${at("state")}[data-state="consult"]`);
  await page.finish();
});

test("the socket is cut in the consultation: it goes on by itself; a forgetful gateway gets a new join", async () => {
  const page = await openPage(world, mock, "/clinic", { viewport: DESK });
  await signIn(page);
  await page.waitForSelector(`${at("prepared")}[data-ready="yes"]`);
  await press(page, "admit");
  await page.waitForSelector(`${at("state")}[data-state="ident"]`);
  mock.cut();
  await until("a new hello", () => mock.hellos === 2);
  mock.change({ state: "consult" });
  await page.waitForSelector(`${at("state")}[data-state="consult"]`);
  assert.equal(sent("join").length, 1);
  mock.forgetful = true;
  mock.cut();
  await until("a second join", () => sent("join").length === 2);
  mock.forgetful = false;
  assert.equal(sent("watch").length, 2);
  await until("the picture again", () => page.$eval(at("remote"), (video) => video.videoWidth > 0));
  await page.finish();
});

test("emergency asks once; a small window keeps everything reachable", async () => {
  const page = await openPage(world, mock, "/clinic?lang=en", { viewport: { width: 700, height: 900 } });
  await signIn(page);
  await page.waitForSelector(`${at("prepared")}[data-ready="yes"]`);
  await judge(page, "clinic-narrow-en");
  await press(page, "admit");
  await page.waitForSelector(`${at("state")}[data-state="ident"]`);
  await press(page, "emergency");
  await see(page, "act-dialog");
  await press(page, "act-yes");
  await page.waitForSelector(`${at("state")}[data-state="emergency"]`);
  await judge(page, "clinic-emergency-en");
  await page.finish();
});
