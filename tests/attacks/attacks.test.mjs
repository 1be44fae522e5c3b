// Attacks over the real server. A consultation of two other people runs all the while: nothing of this may reach it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import tls from "node:tls";
import { call, House, repository, sleep, until } from "../browsers/system/house.mjs";
import { ident } from "../server_faults/visit.mjs";
import { Person } from "../support/ws_person.mjs";
import { hostileAnswers } from "./hostile_answers.mjs";

const OTHER_CLINIC = `i_${"0".repeat(31)}1`;
const PASSWORD = "correct-horse-battery";
let house, canary, quiet, outsider, colleague, stranger;

/* Accounts are made while the gateway stands still, as an operator does. */
function addStaff(login, role, institution) {
  const binary = join(resolve(process.env.TSUNAGI_BUILD ?? join(repository, "build/release")), "gateway/tsunagi");
  execFileSync(binary, ["staff", "add", "--config", house.config, "--login", login, "--role", role, "--name-ja", login, "--name-en", login,
    ...(institution ? ["--institution", institution] : [])],
  { input: `${PASSWORD}\n`, stdio: ["pipe", "ignore", "inherit"], env: { ...process.env, ASAN_OPTIONS: "detect_leaks=0" } });
  return { name: login, password: PASSWORD };
}

/* A gateway serves several clinics, but no verb makes a second one yet. */
function addClinic() {
  execFileSync("python3", ["-c", `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("INSERT INTO institution (id, name_ja, name_en, telephone) VALUES (?, ?, ?, ?)", (sys.argv[2], "別の診療所", "Another clinic", "0000-00-0001"))
database.commit()`, join(house.home, "gateway.db"), OTHER_CLINIC]);
}

const untouched = () => {
  const { state, revision, roster } = canary.physician.view(canary.consultation);
  return { state, revision, roster: roster.map(({ seat, status }) => `${seat} ${status}`), sockets: [canary.patient, canary.physician].map((one) => one.socket.readyState) };
};

before(async () => {
  house = await House.open();
  await house.kill("SIGTERM");
  house.clinic.colleague = addStaff("neighbour", "physician"); // behind "doctor": visits are booked with the first
  addClinic();
  house.clinic.outsider = addStaff("outsider", "physician", OTHER_CLINIC);
  house.clinic.boss = addStaff("boss", "administrator", OTHER_CLINIC);
  await house.start();
  canary = await ident(house);
  await sleep(300);
  quiet = untouched();
  colleague = await Person.staff(house, house.clinic.colleague);
  outsider = await Person.staff(house, house.clinic.outsider);
  const { link, consultation } = await house.book({});
  stranger = await Person.patient(house, link);
  stranger.visit = consultation;
});
after(async () => {
  for (const one of [canary?.patient, canary?.physician, colleague, outsider, stranger]) await one?.close();
  await house?.close();
});

const BOOKING = { patient_name: "" }; // refused as malformed by those who may book
const ROUTES = [ // method, path, body; then nobody, patient, physician, administrator, colleague, physician and administrator of another clinic
  ["POST", "/api/logout", {}, 401, 401],
  ["GET", "/api/me", undefined, 401, 401, 200, 200, 200, 200, 200],
  ["POST", "/api/ticket", { as: "staff" }, 401, 200, 200, 200, 200, 200, 200],
  ["GET", "/api/consultations", undefined, 401, 401, 200, 200, 200, 200, 200],
  ["POST", "/api/consultations", BOOKING, 401, 401, 422, 422, 422, 422, 422],
  ["GET", "/api/consultations/@", undefined, 401, 401, 200, 200, 404, 404, 404],
  ["GET", "/api/consultations/@/timeline", undefined, 401, 401, 200, 200, 404, 404, 404],
  ["POST", "/api/consultations/@/invitation", {}, 401, 401, undefined, undefined, 404, 404, 404],
  ["POST", "/api/consultations/@/guests", { role: "physician", name: "x" }, 401, 401, 422, 422, 404, 404, 404],
  ["GET", "/api/audit/status", undefined, 401, 401, 403, 200, 403, 403, 200],
  ["POST", "/api/audit/verify", {}, 401, 401, 403, undefined, 403, 403, undefined],
  ["GET", "/api/status", undefined, 401, 401, 403, 200, 403, 403, 200],
];

test("every route asks who it is: roles and clinics are separate", { timeout: 60000 }, async () => {
  const cookies = ["", stranger.cookie, await house.signIn("physician"), await house.signIn("administrator"), colleague.cookie, outsider.cookie, await house.signIn("boss")];
  for (const [method, path, body, ...wanted] of ROUTES)
    for (const [who, status] of wanted.entries()) {
      if (status === undefined) continue;
      const answer = await call(house, method, path.replace("@", canary.consultation), body, { cookie: cookies[who] });
      assert.equal(answer.status, status, `${method} ${path} as ${who}: ${answer.text}`);
      if (path === "/api/consultations" && method === "GET" && who >= 5) assert.deepEqual(answer.json.entries, [], "another clinic's visits are listed");
    }
  const unknown = await call(house, "GET", `/api/consultations/c_${"0".repeat(32)}`, undefined, { cookie: cookies[5] });
  const foreign = await call(house, "GET", `/api/consultations/${canary.consultation}`, undefined, { cookie: cookies[5] });
  assert.equal(unknown.text, foreign.text, "another clinic's visit looks like one that is not there");
});

test("changes need our header and our origin", { timeout: 30000 }, async () => {
  for (const [method, path, body] of ROUTES.filter(([one]) => one === "POST").concat([["POST", "/api/login", {}], ["POST", "/api/invitations/redeem", {}]]))
    for (const headers of [{ "X-Tsunagi": "" }, { Origin: "https://evil.example" }, { Origin: "null" }]) {
      const answer = await call(house, method, path.replace("@", canary.consultation), body, { cookie: colleague.cookie, headers });
      assert.equal(answer.status, 403, `${path} ${JSON.stringify(headers)}`);
    }
});

const EVENTS = ["enter", "cancel", "no_show", "admit", "start", "defer", "convert", "hold", "endpoint_lost", "endpoint_back", "confirm_same", "grace_over", "continue", "telephone",
  "finish", "emergency", "emergency_over", "close", "close_limit", "withdraw", "unsuitable", "picture_lost", "picture_back", "sound_lost", "sound_back", "wait", "fact", "acknowledge",
  "seat_take", "seat_away", "seat_leave", "remove", "second_device", "move_seat"];

test("somebody else's consultation is not there, whatever is asked of it", { timeout: 60000 }, async () => {
  const { consultation } = canary;
  for (const person of [stranger, colleague, outsider]) {
    const messages = [{ type: "join", consultation }, { type: "leave", consultation }, { type: "fact", consultation, name: "emergency_number_known", value: true },
      ...EVENTS.map((event) => ({ type: "act", consultation, event, seat: 0 })),
      { type: "answer", offer: 1, sdp: "v=0" }, { type: "restart" }, { type: "report", card_visible: false, source: "virtual" }];
    for (const message of messages) {
      const answer = await person.ask(message);
      assert.equal(answer.type, "error", `${person.role}: ${JSON.stringify(message)}`);
      assert.ok(["not_found", "wrong_role", "no_seat", "malformed"].includes(answer.code), `${JSON.stringify(message)}: ${answer.code}`);
    }
    assert.equal(person.view(consultation), undefined, "it was shown");
    assert.ok(!person.received.some((one) => one.type === "offer"), "it got an offer");
  }
  assert.equal((await stranger.ask({ type: "watch", on: true })).code, "wrong_role");
  assert.deepEqual((await outsider.must({ type: "watch", on: true })) && outsider.received.findLast((one) => one.type === "queue")?.entries, []);
  assert.deepEqual(untouched(), quiet);
});

test("a patient supplies no fact of others and sends no event of others, also in their own visit", { timeout: 30000 }, async () => {
  const consultation = stranger.visit;
  for (const [name, value] of [["identity_channel", "live_video"], ["dr_active_patients", 0], ["tls_ok", true], ["pt_changed", false]])
    assert.match((await stranger.fact(consultation, name, value)).code, /^(fact_supplier|not_found)$/, name);
  for (const event of ["admit", "start", "continue", "confirm_same", "finish", "close", "remove", "move_seat", "endpoint_back", "grace_over", "second_device", "picture_back"])
    assert.match((await stranger.act(consultation, event)).code, /^(wrong_role|malformed)$/, event);
});

test("links: one browser holds them, a new one voids the old, guesses look alike", { timeout: 60000 }, async () => {
  const administrator = await house.signIn("administrator");
  const redeem = (secret, cookie = "") => call(house, "POST", "/api/invitations/redeem", { secret, language: "en" }, { cookie });
  const { link, consultation } = await house.book({});
  const secret = link.split("#")[1];
  const many = (await Promise.all(Array.from({ length: 10 }, () => redeem(secret)))).map((one) => one.status).sort();
  assert.deepEqual(many, [200, ...Array(9).fill(409)], "redeemed at once by ten browsers");
  const held = await Person.patient(house, link);
  await held.connect(); // its cookie is good for waiting, not for sitting
  assert.equal((await held.ask({ type: "join", consultation })).code, "seat_taken");
  assert.ok(!held.received.some((one) => one.type === "offer"));
  const ticket = await held.ticket();
  const renewed = await call(house, "POST", `/api/consultations/${consultation}/invitation`, {}, { cookie: administrator });
  assert.equal(renewed.status, 201);
  assert.equal((await held.see("goodbye")).code, "invitation_expired");
  assert.equal((await redeem(secret)).status, 410, "the old link");
  assert.equal((await redeem(secret, held.cookie)).status, 410, "the old link in the old browser");
  assert.equal((await call(house, "POST", "/api/ticket", { as: "patient" }, { cookie: held.cookie })).status, 401, "the old browser");
  const late = await new Person(house).open();
  late.send({ type: "hello", protocol: 1, language: "en", ticket });
  assert.equal((await late.see("error")).code, "ticket", "a ticket of the old browser");
  const fresh = await Person.patient(house, renewed.json.link);
  await fresh.must({ type: "join", consultation, media: false });
  await fresh.close();
  const guess = await redeem("A".repeat(43));
  assert.equal(guess.status, 404);
  assert.equal((await redeem("short")).text, guess.text);
  assert.equal((await redeem("' OR 1=1 --")).text, guess.text);
});

test("tickets and resume tokens end with their session", { timeout: 30000 }, async () => {
  const person = await Person.staff(house, house.clinic.colleague);
  const ticket = await person.ticket();
  const { resume } = person.welcome;
  assert.equal((await call(house, "POST", "/api/logout", {}, { cookie: person.cookie })).status, 200);
  assert.equal((await person.see("goodbye")).code, "signed_out");
  for (const [hello, code] of [[{ ticket }, "ticket"], [{ resume }, "unknown_session"], [{ ticket: "A".repeat(43) }, "ticket"], [{ resume: "A".repeat(43) }, "unknown_session"]]) {
    const ghost = await new Person(house).open();
    ghost.send({ type: "hello", protocol: 1, language: "en", ...hello });
    assert.equal((await ghost.see("error")).code, code);
    await ghost.close();
  }
  assert.equal((await house.get("/api/me", { cookie: person.cookie })).status, 401);
});

test("one session sits in one place, and storms leave no endpoint behind", { timeout: 60000 }, async () => {
  const visits = [await house.book({}), await house.book({})];
  const physician = await Person.staff(house, house.clinic.physician);
  for (const { consultation } of visits) await physician.must({ type: "join", consultation });
  await until("one endpoint", async () => await house.metric("media_endpoints") === 1);
  for (let i = 0; i < 30; i++) await physician.must({ type: "restart" });
  for (let i = 0; i < 15; i++) {
    await physician.must({ type: "leave", consultation: visits[1].consultation });
    physician.send({ type: "join", consultation: visits[0].consultation });
    await physician.must({ type: "join", consultation: visits[1].consultation });
  }
  await until("one endpoint", async () => await house.metric("media_endpoints") === 1);
  const busy = await canary.physician.ask({ type: "join", consultation: visits[0].consultation });
  assert.equal(busy.code, "other_patient", "who examines somebody sits down nowhere else");
  physician.send({ type: "bye" });
  await until("no endpoint", async () => await house.metric("media_endpoints") === 0);
  const keys = (await house.timeline(visits[1].consultation)).records.filter((one) => one.act === "media.keys.destroyed").length;
  assert.ok(keys >= 31, `every endpoint's end is recorded: ${keys}`);
});

test("hostile session descriptions are refused and change nothing", { timeout: 60000 }, async () => {
  const { link, consultation } = await house.book({});
  const person = await Person.patient(house, link);
  await person.must({ type: "join", consultation });
  await person.see("offer");
  for (const [what, sdp] of hostileAnswers()) {
    const answer = await person.ask({ type: "answer", offer: 1, sdp });
    assert.equal(answer.type, "error", what);
    assert.ok(["media_answer", "bad_text", "too_long"].includes(answer.code), `${what}: ${answer.code}`);
  }
  assert.equal((await person.ask({ type: "answer", offer: 99, sdp: "v=0" })).type, "done", "an answer that crossed another offer is dropped");
  person.send({ type: "bye" });
  await until("no endpoint", async () => await house.metric("media_endpoints") === 0);
});

test("numbers and names out of range are refused in words", { timeout: 30000 }, async () => {
  const cookie = await house.signIn("administrator");
  const book = (body) => call(house, "POST", "/api/consultations", body, { cookie });
  for (const booked_for of [Number.MAX_SAFE_INTEGER, -1, 0, "tomorrow", 1.5, {}, true]) {
    const answer = await book({ patient_name: "x", booked_for });
    assert.deepEqual([answer.status, answer.json.field], [422, "booked_for"], JSON.stringify(booked_for));
  }
  for (const patient_name of ["", "x".repeat(200), "a\u0007b", 7, null]) {
    const answer = await book({ patient_name });
    assert.deepEqual([answer.status, answer.json.field], [422, "patient_name"], JSON.stringify(patient_name));
  }
  for (const query of ["from=9223372036854775807", "to=-9223372036854775808", "page=99999999999999999999", `text=${"%25".repeat(60)}`])
    assert.ok((await house.get(`/api/consultations?${query}`, { cookie })).status < 500, query);
});

test("nobody becomes staff in a role that has no account", () => {
  for (const role of ["device", "family", "interpreter", "proxy", "patient", "system", "none", "surgeon"])
    assert.throws(() => addStaff(`as-${role}`, role), { status: 4 }, role);
});

test("a request is counted once", { timeout: 30000 }, async () => {
  const before = await house.metric("http_requests");
  assert.equal(await house.metric("http_requests"), before + 1);
});

test("wrong passwords and half-open sockets do not hold up a consultation", { timeout: 60000 }, async () => {
  const sockets = Array.from({ length: 300 }, () => {
    const socket = tls.connect({ port: house.port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.on("error", () => {}); // the cap of one address closes most of them
    socket.on("secureConnect", () => socket.write("POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Le"));
    return socket;
  });
  const slowest = { ms: 0 };
  for (let i = 0; i < 20; i++) {
    const began = Date.now();
    await canary.patient.must({ type: "report", card_visible: true });
    slowest.ms = Math.max(slowest.ms, Date.now() - began);
    await sleep(20);
  }
  sockets.forEach((socket) => socket.destroy());
  await until("room for one more socket", async () => (await house.get("/health/live").catch(() => ({}))).status === 200);
  const guesses = await Promise.all(Array.from({ length: 40 }, (_, i) => call(house, "POST", "/api/login", { name: i % 2 ? "outsider" : `nobody${i}`, password: `wrong${i}` })
    .then((answer) => answer.status, () => "closed")));
  assert.ok(guesses.every((status) => [401, 429, 503, "closed"].includes(status)), guesses.join());
  await canary.patient.must({ type: "report", card_visible: true });
  assert.ok(slowest.ms < 2000, `${slowest.ms} ms`);
});

test("nobody else noticed", { timeout: 30000 }, async () => {
  assert.deepEqual(untouched(), quiet);
  for (const person of [canary.patient, canary.physician])
    assert.deepEqual(person.received.filter((one) => one.type === "error" && one.code !== "other_patient"), []);
  assert.equal(house.server.exitCode, null);
  assert.equal(house.verify().status ?? "good", "good");
});
