// Every fact of the pack through its door against the running gateway: the right role supplies it, every other one is
// refused, and what only the gateway can know it supplies by itself.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { call, House, repository, until } from "../browsers/system/house.mjs";
import { admit, Browser, checksAndStart, patientArrives, physicianArrives, press, see, stateOf } from "../browsers/system/people.mjs";
import { FACTS } from "../browsers/system/facts.mjs";
import { Person } from "../support/ws_person.mjs";

const binary = resolve(process.env.TSUNAGI_BUILD ?? join(repository, "build/release"), "gateway/tsunagi");
const pack = JSON.parse(execFileSync(binary, ["rules", "facts", "--pack", join(repository, "config/rules/jp-online-care.yaml")], { encoding: "utf8" }));

/* Who can sign in, and which supplier that makes them. A proxy ("px") cannot sign in yet: what px may say, pt may too. */
const PEOPLE = { patient: "pt", physician: "dr", nurse: "nu", administrator: "ad" };
const CODES = new Set(["pt", "px", "dr", "nu", "ad", "sy", "me"]);

/* Facts of the gateway that one ordinary consultation cannot show, each with the reason. */
const NOT_IN_AN_ORDINARY_VISIT = new Map();

function valueOf(fact) {
  switch (fact.type) {
    case "bool": return true;
    case "enum": return fact.values[0];
    case "set": return [fact.values[0]];
    case "date": return "2026-11-01";
    case "integer": return fact.minimum;
    default: throw new Error(`${fact.name}: type ${fact.type}`);
  }
}

let house;
const people = {};
let consultation;

const known = (name) => people.physician.view(consultation).facts.find((one) => one.name === name);

before(async () => {
  house = await House.open();
  await house.kill("SIGTERM"); // one writer at a time, and the directory is read at start
  execFileSync(binary, ["staff", "add", "--config", house.config, "--login", "nurse", "--role", "nurse", "--name-ja", "看護 試験", "--name-en", "Test Nurse"],
    { input: "a long enough passphrase\n", encoding: "utf8", stdio: ["pipe", "pipe", "inherit"] });
  await house.start();
  const booked = await house.book({});
  consultation = booked.consultation;
  people.patient = await Person.patient(house, booked.link);
  people.physician = await Person.staff(house, house.clinic.physician);
  people.nurse = await Person.staff(house, { name: "nurse", password: "a long enough passphrase" });
  people.administrator = await Person.staff(house, house.clinic.administrator);
  for (const one of ["patient", "physician"]) await people[one].must({ type: "join", consultation, media: false });
});
after(async () => {
  for (const one of Object.values(people)) await one.close();
  await house?.close();
});

test("every fact has suppliers and a door for each of them", () => {
  assert.ok(pack.facts.length > 50);
  for (const fact of pack.facts) {
    assert.ok(fact.from.length > 0 && fact.from.every((code) => CODES.has(code)), `${fact.name}: suppliers`);
    const doors = fact.door.split(",");
    assert.ok(doors.every((door) => /^(api|patient|physician|site|system|media):[a-z_]+$/.test(door)), `${fact.name}: door ${fact.door}`);
    const rooms = new Set(doors.map((door) => door.split(":")[0]));
    const room = { pt: "patient", px: "patient", dr: "physician", ad: "api", sy: "system", me: "media", nu: "site" };
    for (const code of fact.from) assert.ok(rooms.has(room[code]), `${fact.name}: no door for ${code}`);
    if (fact.from.includes("px")) assert.ok(fact.from.includes("pt"), `${fact.name}: only a proxy could say it, and none can sign in`);
  }
});

for (const fact of pack.facts) {
  test(`door of ${fact.name}`, { timeout: 30000 }, async () => {
    const value = valueOf(fact);
    let accepted = 0;
    for (const [role, code] of Object.entries(PEOPLE)) {
      const before = known(fact.name);
      const answer = await people[role].fact(consultation, fact.name, value);
      if (fact.from.includes(code)) {
        assert.equal(answer.type, "done", `${role}: ${answer.code} ${answer.what}`);
        const now = await until(`${fact.name} from ${code} in the view`, () => known(fact.name)?.supplier === code && known(fact.name));
        assert.deepEqual(now.value, value);
        assert.equal((await people[role].fact(consultation, fact.name)).type, "done", "taken back");
        await until(`${fact.name} unknown again`, () => known(fact.name) === undefined);
        accepted++;
      } else {
        assert.equal(answer.type, "error", `${role} may not say ${fact.name}`);
        assert.equal(answer.code, "fact_supplier");
        await people.physician.must({ type: "fact", consultation, name: "stabilised", value: true }); // a view from after the refusal
        await until("a later view", () => known("stabilised"));
        assert.deepEqual(fact.name === "stabilised" ? undefined : known(fact.name), fact.name === "stabilised" ? undefined : before);
        await people.physician.must({ type: "fact", consultation, name: "stabilised" });
        await until("it is gone", () => known("stabilised") === undefined);
      }
    }
    const human = fact.from.filter((code) => Object.values(PEOPLE).includes(code));
    assert.equal(accepted, human.length);
  });
}

test("a value outside the fact's range is refused and changes nothing", { timeout: 60000 }, async () => {
  for (const fact of pack.facts.filter((one) => one.from.includes("dr"))) {
    const wrong = { bool: 7, enum: "no_such_value", set: ["no_such_value"], date: "2026-13-40", integer: (fact.maximum ?? 0) + 1 }[fact.type];
    const answer = await people.physician.fact(consultation, fact.name, wrong);
    assert.equal(answer.type, "error", `${fact.name} = ${JSON.stringify(wrong)}`);
    assert.equal(answer.code, "fact_value", fact.name);
    assert.equal(known(fact.name), undefined);
  }
});

test("the booking field takes what the clinic supplies, and nothing else", { timeout: 120000 }, async () => {
  const cookie = await house.signIn("administrator");
  const book = (facts) => call(house, "POST", "/api/consultations", { patient_name: "試験 花子", facts }, { cookie });
  const ours = pack.facts.filter((fact) => fact.from.includes("ad"));
  const all = Object.fromEntries(ours.map((fact) => [fact.name, valueOf(fact)]));
  const answer = await book(all);
  assert.equal(answer.status, 201, answer.text);
  await people.physician.must({ type: "leave", consultation });
  await people.physician.must({ type: "join", consultation: answer.json.consultation, media: false });
  const view = await until("the booked facts", () => people.physician.view(answer.json.consultation));
  for (const fact of ours) {
    const found = view.facts.find((one) => one.name === fact.name);
    assert.equal(found?.supplier, "ad", fact.name);
    assert.deepEqual(found.value, all[fact.name], fact.name);
  }
  for (const fact of pack.facts.filter((one) => !one.from.includes("ad"))) {
    const refused = await book({ [fact.name]: valueOf(fact) });
    assert.equal(refused.status, 422, fact.name);
    assert.equal(refused.json.field, fact.name);
  }
});

test("what only the gateway knows it supplies itself in an ordinary visit", { timeout: 150000 }, async () => {
  const browser = await Browser.open("chromium");
  try {
    const { link, consultation: visit } = await house.book(FACTS);
    const patient = await patientArrives(browser, link);
    const physician = await physicianArrives(browser, house);
    await physician.waitForFunction(() => window.sockets.length > 0); // signed in is earlier than connected
    await physician.evaluate((id) => {
      window.seen = {};
      window.sockets.at(-1).addEventListener("message", (event) => {
        const message = JSON.parse(event.data);
        if (message.type === "consultation" && message.id === id) for (const fact of message.facts) window.seen[`${fact.name} ${fact.supplier}`] = true;
      });
    }, visit);
    await admit(physician);
    await checksAndStart(physician, patient);
    await press(physician, "finish");
    await until("closing", async () => (await stateOf(physician)) === "closing");
    await physician.select('[data-test="outcome"]', "continue_online").catch(() => {});
    await press(physician, "close");
    await see(patient, "ended");
    const seen = await physician.evaluate(() => window.seen);
    const missing = [];
    for (const fact of pack.facts)
      for (const code of fact.from.filter((one) => one === "sy" || one === "me"))
        if (!seen[`${fact.name} ${code}`] && !NOT_IN_AN_ORDINARY_VISIT.has(fact.name)) missing.push(`${fact.name} ${code}`);
    assert.deepEqual(missing, []);
    for (const name of NOT_IN_AN_ORDINARY_VISIT.keys()) assert.ok(!Object.keys(seen).some((one) => one.startsWith(`${name} `)), `${name} is supplied after all: take it off the list`);
  } finally {
    await browser.close();
  }
});
