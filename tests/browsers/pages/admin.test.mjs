import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { at, DESK, judge, openPage, openWorld, press, see, text, until } from "./support.mjs";

let world, mock;
before(async () => { world = await openWorld(); });
after(async () => { await world.close(); });
beforeEach(async () => { mock = await world.mock({ robot: false }); });
afterEach(async () => { await mock.stop(); });

async function signIn(page) {
  await (await see(page, "login-name")).type("admin");
  await (await see(page, "login-password")).type("correct horse");
  await page.keyboard.press("Enter");
  await see(page, "admin");
}

for (const language of ["ja", "en"]) {
  test(`front door (${language})`, async () => {
    const page = await openPage(world, mock, `/?lang=${language}`, { viewport: DESK });
    await page.waitForSelector("h1");
    await judge(page, `index-${language}`, { patient: true });
    await page.finish();
  });

  test(`list, search, pages, timeline, log, booking, system (${language})`, async () => {
    const page = await openPage(world, mock, `/admin?lang=${language}`, { viewport: DESK });
    await see(page, "signin");
    await judge(page, `admin-1-signin-${language}`);
    await signIn(page);
    await see(page, "list");
    assert.equal((await page.$$(at("entry"))).length, 12);
    await judge(page, `admin-2-list-${language}`);
    await press(page, "page-next");
    await page.waitForSelector(`${at("entry")}[data-consultation="c_0013"]`);
    await (await see(page, "search-text")).type("c_0007");
    await page.keyboard.press("Enter");
    await until("one found", async () => (await page.$$(at("entry"))).length === 1);

    await page.click(`${at("entry")} a`);
    await see(page, "timeline");
    assert.equal((await page.$$(at("record"))).length, 13);
    assert.equal((await page.$$(at("decision"))).length, 4);
    const gap = await page.$eval(`${at("record")}[data-act="media.gap"]`, (row) => row.textContent);
    assert.match(gap, language === "ja" ? /患者の映像.*6\.4 秒/s : /the patient's picture.*6\.4 s/s);
    await judge(page, `admin-3-timeline-${language}`);

    await press(page, "tab-log");
    await page.waitForSelector(`${at("intact")}[data-verified="yes"]`);
    assert.match(await text(page, "root"), /^[0-9a-f]{64}$/);
    await judge(page, `admin-4-log-${language}`);
    mock.audit.broken = true;
    await press(page, "verify");
    await page.waitForSelector(`${at("intact")}[data-verified="no"]`);
    assert.match(await text(page, "first-bad"), /417/);
    await judge(page, `admin-5-log-broken-${language}`);

    await press(page, "tab-book");
    await (await see(page, "book-name")).type("佐藤 太郎");
    await page.select(at("door-plan_present"), "true");
    await page.select(at("door-mhlw_training"), "true");
    await judge(page, `admin-6-book-${language}`);
    await press(page, "book-go");
    await see(page, "booked");
    assert.equal(mock.booked.patient_name, "佐藤 太郎");
    assert.deepEqual(mock.booked.facts, { visit_proposed: "follow_up", service_kind: "online_consultation", plan_present: true, mhlw_training: true });
    assert.ok(Number.isInteger(mock.booked.booked_for));
    assert.match(await page.$eval(at("link"), (field) => field.value), /\/v#a{43}$/);
    await judge(page, `admin-7-booked-${language}`);
    await press(page, "tab-system");
    await see(page, "certificate");
    await judge(page, `admin-8-system-${language}`);
    await press(page, "tab-book");
    await see(page, "door-mhlw_training");
    assert.equal(await page.$eval(at("door-mhlw_training"), (field) => field.value), "true", "what is true of the clinic is kept");
    assert.equal(await page.$eval(at("door-plan_present"), (field) => field.value), "", "what is true of a patient is not");
    await page.finish();
  });
}

test("a physician has no business on this page", async () => {
  const page = await openPage(world, mock, "/admin?lang=en", { viewport: DESK });
  await (await see(page, "login-name")).type("doctor");
  await (await see(page, "login-password")).type("correct horse");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.body.textContent.includes("not for your role"));
  assert.equal(await page.$(at("list")), null);
  await page.finish();
});

test("an expired sign-in is said, not hidden", async () => {
  const page = await openPage(world, mock, "/admin?lang=en", { viewport: DESK });
  await signIn(page);
  await see(page, "list");
  mock.cookies.clear();
  await press(page, "tab-system");
  assert.match(await text(page, "wrong"), /not signed in.*Sign in again/s);
  await page.finish();
});
