// Bad input over the real server: a clear answer, or the close code of the protocol; nobody else notices (P6).
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { after, before, test } from "node:test";
import { House, sleep, until } from "../browsers/system/house.mjs";
import { Person } from "../support/ws_person.mjs";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ident, lobby } from "./visit.mjs";

let house, bystander;
before(async () => {
  house = await House.open();
  bystander = await Person.staff(house, house.clinic.physician);
});
after(async () => {
  await bystander?.close();
  await house?.close();
});

const errors = (person) => person.received.filter((one) => one.type === "error");

async function nobodyElseNotices() {
  await bystander.must({ type: "watch", on: true });
  assert.equal(bystander.socket.readyState, 1);
}

const MALFORMED = [ // what, text, code, field
  ["no JSON", "{", "not_json", undefined],
  ["no object", "[1,2]", "not_an_object", undefined],
  ["no type", "{\"ref\":1}", "missing_field", "type"],
  ["a key twice", "{\"type\":\"watch\",\"on\":true,\"on\":false,\"ref\":2}", "duplicate_key", undefined],
  ["a field of another type", "{\"type\":\"watch\",\"on\":\"yes\",\"ref\":3}", "wrong_type", "on"],
  ["a field too many", "{\"type\":\"watch\",\"on\":true,\"off\":1,\"ref\":4}", "unknown_field", "off"],
  ["a field missing", "{\"type\":\"watch\",\"ref\":5}", "missing_field", "on"],
  ["an id that is none", "{\"type\":\"join\",\"consultation\":\"'; drop table\",\"ref\":6}", "bad_id", "consultation"],
  ["an outgoing message", "{\"type\":\"welcome\",\"ref\":7}", "wrong_direction", "type"],
  ["an unknown message", "{\"type\":\"no_such\",\"ref\":8}", "unknown_type", "type"],
  ["a ref below its range", "{\"type\":\"watch\",\"on\":true,\"ref\":0}", "out_of_range", "ref"],
  ["deep nesting", `{"type":"watch","on":${"[".repeat(200)}${"]".repeat(200)}}`, "too_deep", undefined],
];

test("malformed messages are answered and the socket stays", { timeout: 60000 }, async () => {
  const person = await Person.staff(house, house.clinic.physician);
  for (const [what, text, code, field] of MALFORMED) {
    const before = errors(person).length;
    person.socket.send(text);
    const answer = await until(`an answer to ${what}`, () => errors(person)[before]);
    assert.equal(answer.code, code, what);
    assert.ok(answer.what.length > 0 && answer.todo.length > 0, what);
    assert.equal(answer.field, field, what);
    await person.must({ type: "watch", on: true, ref: 1000 + before });
  }
  await person.close();
});

test("a message too large closes with 1009", { timeout: 30000 }, async () => {
  const person = await Person.staff(house, house.clinic.physician);
  const before = await house.metric("ws_oversized");
  person.socket.send(JSON.stringify({ type: "watch", on: true, pad: "x".repeat(70000) }));
  assert.equal(await person.closed, 1009);
  assert.equal(await house.metric("ws_oversized"), before + 1);
  await nobodyElseNotices();
});

test("a flood closes with 1008", { timeout: 30000 }, async () => {
  const person = await Person.staff(house, house.clinic.physician);
  const before = await house.metric("ws_flooded");
  for (let i = 0; i < 400; i++) person.send({ type: "watch", on: true });
  assert.equal(await person.closed, 1008);
  assert.equal(await house.metric("ws_flooded"), before + 1);
  await nobodyElseNotices();
});

test("binary messages close the socket", { timeout: 30000 }, async () => {
  const person = await Person.staff(house, house.clinic.physician);
  person.socket.send(Buffer.from([1, 2, 3]));
  assert.equal(await person.closed, 1003);
  await nobodyElseNotices();
});

test("text goes where sound may go, and is kept nowhere", { timeout: 60000 }, async () => {
  const secret = "かゆみ-itch-4711";
  const waiting = await lobby(house);
  assert.equal((await waiting.patient.ask({ type: "write", text: secret })).code, "nobody_reads", "in the waiting room");
  assert.equal((await bystander.ask({ type: "write", text: secret })).code, "no_seat", "without a seat");
  const { patient, physician, consultation } = await ident(house);
  await patient.must({ type: "write", text: secret });
  const { seat, text } = await physician.see("written");
  assert.deepEqual({ seat, text }, { seat: 0, text: secret });
  await physician.must({ type: "write", text: `${secret}?` });
  assert.equal((await patient.see("written")).text, `${secret}?`);
  assert.equal((await physician.ask({ type: "write", text: "あ".repeat(201) })).code, "too_long");
  const flood = await Promise.all(Array.from({ length: 30 }, () => patient.ask({ type: "write", text: secret })));
  assert.ok(flood.filter((answer) => answer.code === "busy").length >= 15, "as fast as people write, no faster");
  assert.ok(flood.some((answer) => answer.type === "done"));
  await sleep(1100);
  await patient.must({ type: "write", text: secret });
  await physician.must({ type: "act", consultation, event: "hold", code: "privacy" });
  await sleep(1100);
  assert.equal((await patient.ask({ type: "write", text: secret })).code, "nobody_reads", "held is held for text too");
  for (const other of [waiting.patient, bystander]) assert.ok(!JSON.stringify(other.received).includes(secret), "nobody else reads along");
  for (const name of readdirSync(house.home).filter((one) => /\.(db|db-wal|log)$/.test(one)))
    assert.ok(!readFileSync(join(house.home, name)).includes("-itch-4711"), `${name} holds what was written`);
  for (const person of [patient, physician, waiting.patient]) await person.close();
});

test("before hello nothing is answered but hello, and a ticket works once", { timeout: 30000 }, async () => {
  const stranger = await new Person(house).open();
  stranger.socket.send(JSON.stringify({ type: "watch", on: true, ref: 1 }));
  await until("a refusal", () => stranger.socket.readyState !== 1 || errors(stranger).length > 0);
  assert.ok(!stranger.received.some((one) => one.type === "welcome" || one.type === "queue" || one.type === "done"));
  stranger.socket.terminate();
  const person = await Person.staff(house, house.clinic.physician);
  const ticket = await person.ticket();
  for (const wanted of ["welcome", "error"]) {
    const one = await new Person(house).open();
    one.socket.send(JSON.stringify({ type: "hello", protocol: 1, language: "ja", ticket }));
    const answer = await one.see(wanted);
    if (wanted === "error") {
      assert.equal(answer.code, "ticket");
      assert.equal(await one.closed, 1008);
    }
    one.socket.terminate();
  }
  await person.close();
});

test("a page of another origin gets no socket", { timeout: 30000 }, async () => {
  const before = await house.metric("ws_refused_origin");
  await assert.rejects(new Person(house).open("https://evil.example"));
  assert.equal(await house.metric("ws_refused_origin"), before + 1);
});

test("junk to the media port is dropped, counted and never answered", { timeout: 30000 }, async () => {
  const port = Number(/media:[^]*?port: (\d+)/.exec(readFileSync(house.config, "utf8"))[1]);
  const address = /media:\s+bind: (\S+)/.exec(readFileSync(house.config, "utf8"))[1];
  const names = ["media_datagrams_in", "media_datagrams_out", "media_drop_unclassified", "media_drop_unbound", "media_drop_stun"];
  const read = async () => Object.fromEntries(await Promise.all(names.map(async (name) => [name, await house.metric(name)])));
  const before = await read();
  const socket = createSocket("udp4");
  let replies = 0;
  socket.on("message", () => { replies++; });
  const stun = Buffer.from("000100002112a442" + "00".repeat(12), "hex"); // binding request without integrity (RFC 8489)
  const junk = {
    media_drop_unclassified: [Buffer.from([200, 1, 2, 3]), Buffer.from([70]), Buffer.alloc(1400, 255)],
    media_drop_stun: [stun, Buffer.concat([stun.subarray(0, 2), Buffer.from([0xff, 0xfc]), stun.subarray(4)])],
    media_drop_unbound: [Buffer.concat([Buffer.from("16feff00000000000000000064", "hex"), Buffer.alloc(100)]), Buffer.concat([Buffer.from("80600001", "hex"), Buffer.alloc(200)])],
  };
  let sent = 0;
  for (let round = 0; round < 20; round++)
    for (const kind of Object.values(junk))
      for (const one of kind) {
        await new Promise((done) => socket.send(one, port, address, done));
        sent++;
      }
  await until("all of it to be counted", async () => (await read()).media_datagrams_in >= before.media_datagrams_in + sent, 5000);
  await sleep(500);
  const after = await read();
  for (const [name, kind] of Object.entries(junk)) assert.equal(after[name] - before[name], 20 * kind.length, name);
  assert.equal(replies, 0);
  assert.equal(after.media_datagrams_out, before.media_datagrams_out);
  socket.close();
  await nobodyElseNotices();
});
