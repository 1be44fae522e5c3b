// coturn with our template relays to the gateway's media address and to nothing else, for nobody but the gateway's people.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { sleep, until } from "../browsers/system/house.mjs";
import { Coturn, gatewayAddress, otherAddress, SECRET, serverSide, turnAddress } from "./coturn.mjs";
import { BINDING, credential, hasRelay, TurnClient } from "./turn_client.mjs";

let coturn, echo;
const DOORS = [["udp", 3478], ["tcp", 3478], ["tls", 443]];
const ECHO_PORT = 40000;

before(async () => {
  coturn = await Coturn.start("stale-nonce=2\n");
  // Stands for the media port: answers whatever comes.
  echo = spawn(serverSide[0], [...serverSide.slice(1), process.execPath, "-e", `
    const socket = require("node:dgram").createSocket("udp4");
    socket.on("message", (message, from) => socket.send(message, from.port, from.address));
    socket.bind(${ECHO_PORT}, "0.0.0.0", () => console.log("ready"));`], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((done) => echo.stdout.once("data", done));
});
after(async () => {
  echo?.kill();
  await coturn?.stop();
});

const open = (door, who = credential(SECRET, 600)) => TurnClient.open(turnAddress, door[1], door[0], who);

for (const door of DOORS) {
  test(`by ${door[0]} to the media address and back`, async () => {
    const client = await open(door);
    assert.ok(hasRelay(await client.allocate()), "an allocation");
    assert.equal((await client.permit(gatewayAddress, ECHO_PORT)).code, 0);
    await client.send(gatewayAddress, ECHO_PORT, Buffer.from("there and back"));
    await until("the echo", () => client.data.some((data) => data.toString() === "there and back"), 5000);
    client.close();
  });
}

/* I-11: addresses that mean this machine, its network, or nothing sensible; IPv6 as its 16 bytes. */
const v6 = (text) => Buffer.from(text.replaceAll(":", ""), "hex");
const FOUR = ["0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.254", "100.64.0.1", "127.0.0.1", "127.0.0.53", "127.255.255.254", "169.254.0.1", "169.254.169.254", "172.16.0.1",
  "172.31.255.254", "192.0.0.1", "192.0.0.170", "192.88.99.1", "192.168.0.1", "192.168.255.254", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
  "255.255.255.255", "192.0.2.1", "192.0.2.9", "192.0.2.11", "192.0.2.100", "8.8.8.8", "1.1.1.1"];
const SIX = ["0000:0000:0000:0000:0000:0000:0000:0000", "0000:0000:0000:0000:0000:0000:0000:0001", "0000:0000:0000:0000:0000:ffff:7f00:0001", "0000:0000:0000:0000:0000:ffff:c000:020a",
  "0000:0000:0000:0000:0000:0000:7f00:0001", "0064:ff9b:0000:0000:0000:0000:7f00:0001", "2002:7f00:0001:0000:0000:0000:0000:0001", "fc00:0000:0000:0000:0000:0000:0000:0001",
  "fe80:0000:0000:0000:0000:0000:0000:0001", "ff02:0000:0000:0000:0000:0000:0000:0001", "2001:0db8:0000:0000:0000:0000:0000:0001"];

for (const door of [DOORS[0], DOORS[2]]) {
  test(`by ${door[0]} to no other address`, async () => {
    const client = await open(door);
    assert.ok(hasRelay(await client.allocate()));
    for (const address of [...FOUR, turnAddress, otherAddress]) {
      assert.equal((await client.permit(address)).code, 403, `permission for ${address}`);
      assert.equal((await client.bindChannel(address, 53)).code, 403, `channel to ${address}`);
    }
    for (const address of SIX) // 443: the peer is of another family than the relay
      assert.ok([403, 443].includes((await client.permit(v6(address))).code), `permission for ${address}`);
    // without a permission a datagram goes nowhere
    await client.send(otherAddress, ECHO_PORT, Buffer.from("stray"));
    await client.send(gatewayAddress, ECHO_PORT, Buffer.from("early"));
    await sleep(300);
    assert.equal(client.data.length, 0);
    client.close();
  });
}

test("an IPv4 address dressed up as IPv6 stays denied on an IPv6 relay, if there is one", async () => {
  const client = await open(DOORS[1]);
  const answer = await client.allocate({ family: 2 });
  assert.equal(answer.code, 440, "the template relays by IPv4 alone");
  client.close();
});

test("no TCP relay: the gateway's own HTTPS cannot be reached through it", async () => {
  const client = await open(DOORS[1]);
  assert.ok([400, 403, 442].includes((await client.allocate({ protocol: 6 })).code), "RFC 6062 is not offered");
  assert.ok(hasRelay(await client.allocate()));
  assert.notEqual((await client.connect(gatewayAddress, 443)).code, 0);
  client.close();
});

test("credentials: another secret, another's password, a time that is over", async () => {
  for (const [what, who] of [["secret", credential("another-secret-of-32-characters!", 600)], ["time", credential(SECRET, -5)],
    ["password", { ...credential(SECRET, 600), credential: credential(SECRET, 600).credential }], ["name", { username: "doctor", credential: "doctor" }]]) {
    const client = await open(DOORS[0], who);
    assert.equal((await client.allocate()).code, 401, what);
    client.close();
  }
});

test("quota: one credential opens six relays, not a hundred", async () => {
  const who = credential(SECRET, 600), clients = [], codes = [];
  for (let i = 0; i < 10; i++) {
    clients.push(await open(DOORS[1], who));
    codes.push((await clients[i].allocate()).code);
  }
  assert.deepEqual(codes, [0, 0, 0, 0, 0, 0, 486, 486, 486, 486]);
  for (const client of clients) client.close();
});

test("a relay that is open outlives its credential; no new one opens with it", async () => {
  const who = credential(SECRET, 3);
  const client = await open(DOORS[2], who);
  assert.ok(hasRelay(await client.allocate()));
  assert.equal((await client.permit(gatewayAddress, ECHO_PORT)).code, 0);
  await sleep(4500); // the credential is over, and so is the nonce (2 s here)
  const refreshed = await client.refresh(600);
  const permitted = await client.permit(gatewayAddress, ECHO_PORT);
  console.log(`# after the credential's end: refresh ${refreshed.code}, permission ${permitted.code}`);
  assert.equal(refreshed.code, 0, "a call longer than ten minutes goes on");
  assert.equal(permitted.code, 0);
  await client.send(gatewayAddress, ECHO_PORT, Buffer.from("still"));
  await until("the echo", () => client.data.some((data) => data.toString() === "still"), 5000);
  const late = await open(DOORS[2], who);
  assert.equal((await late.allocate()).code, 401);
  client.close();
  late.close();
});

test("plain STUN gets no answer that a victim could be sent", async () => {
  const client = await open(DOORS[0]);
  assert.equal((await client.exchange(BINDING, [], false)).code, -1);
  client.close();
});
