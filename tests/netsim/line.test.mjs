// The line under real sockets: what was asked for is what UDP and TCP meet between the two namespaces.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Line } from "./line.mjs";

const echo = fileURLToPath(new URL("echo.mjs", import.meta.url));
const address = process.env.TSUNAGI_TEST_ADDRESS;

async function serve() {
  const server = spawn(process.execPath, [echo, "serve", address], { stdio: ["ignore", "pipe", "inherit"] });
  const [port] = await once(server.stdout.setEncoding("utf8"), "data");
  return { port: port.trim(), end: () => server.kill() };
}

async function ask(line, port, { count = 200, bytes = 200, gap = 5 } = {}) {
  const asker = line.spawn(process.execPath, [echo, "ask", address, port, count, bytes, gap].map(String), { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  asker.stdout.setEncoding("utf8").on("data", (part) => { said += part; });
  await once(asker, "close");
  const { took, late } = JSON.parse(said);
  const came = took.filter((one) => one !== null).sort((a, b) => a - b);
  return { came: came.length, late, fastest: came[0], median: came[came.length >> 1], all: came };
}

test("delay, rate, loss and block, as UDP meets them", { timeout: 120000 }, async () => {
  const line = await Line.open(1), server = await serve();
  try {
    line.say("start", "up delay 60ms", "down delay 40ms");
    const delayed = await ask(line, server.port);
    assert.equal(delayed.came, 200);
    assert.ok(delayed.fastest >= 100 && delayed.fastest < 130, `round trip ${delayed.fastest} ms for 100`); // a busy machine only adds

    // 1000 bytes of payload are 1028 of IP: 82.24 ms at 100 kbit/s up, nothing down.
    line.say("delay none", "up rate 100k", "up queue 4k");
    const slow = await ask(line, server.port, { count: 40, bytes: 1000, gap: 20 });
    assert.ok(slow.fastest >= 82 && slow.fastest < 110, `one packet takes ${slow.fastest} ms for 82`);
    assert.ok(slow.came >= 8 && slow.came <= 20, `${slow.came} of 40 fit through and into the queue`);
    assert.ok(slow.all.at(-1) >= 2 * 82, `the last ones waited for others: ${slow.all.at(-1)} ms`);

    line.say("rate none", "down loss 30%");
    const lossy = await ask(line, server.port, { count: 600, gap: 2 });
    assert.ok(lossy.came > 360 && lossy.came < 480, `${lossy.came} of 600 came through 30 % loss`);

    line.say("loss 0%", "udp block");
    assert.equal((await ask(line, server.port, { count: 20 })).came, 0);
    line.say("udp pass", "cut on");
    assert.equal((await ask(line, server.port, { count: 20 })).came, 0);
    line.say("cut off");
    assert.equal((await ask(line, server.port, { count: 20 })).came, 20);
    const counted = await line.close();
    console.log(`# ${JSON.stringify(counted)}`);
    assert.ok(counted.down.lost >= 120 && counted.up.lost === 0);
    // the kernel's own neighbour discovery may fall into the cut as well
    assert.ok(counted.up.dropped_udp === 20 && counted.up.dropped_cut >= 20 && counted.up.dropped_queue_full > 0);
  } finally {
    server.end();
    await line.close();
  }
});

test("TCP goes through a block of UDP, at the rate of the line; steps come at their time", { timeout: 60000 }, async () => {
  const line = await Line.open(2);
  const server = createServer((socket) => { socket.on("error", () => {}); }).listen(0, address);
  let got = 0;
  const sockets = new Set(); // the line goes away before their ends can say goodbye
  server.on("connection", (socket) => { sockets.add(socket); socket.on("data", (part) => { got += part.length; }); });
  await once(server, "listening");
  const script = `const s=require("net").connect(${server.address().port},"${address}");const b=Buffer.alloc(65536);(function w(){while(s.write(b));s.once("drain",w)})();`;
  try {
    line.say("udp block", "rate 1M", "delay 10ms", "at 4s rate 4M", "start");
    const sender = line.spawn(process.execPath, ["-e", script], { stdio: "ignore" });
    await new Promise((done) => setTimeout(done, 1500)); // slow start is over
    const first = got;
    await new Promise((done) => setTimeout(done, 2000));
    const slow = (got - first) * 8 / 2;
    await new Promise((done) => setTimeout(done, 2500));
    const second = got;
    await new Promise((done) => setTimeout(done, 2000));
    const fast = (got - second) * 8 / 2;
    sender.kill();
    console.log(`# TCP payload: ${(slow / 1e6).toFixed(2)} of 1 Mbit/s, then ${(fast / 1e6).toFixed(2)} of 4`);
    assert.ok(slow > 0.5e6 && slow < 1.1e6, `${slow} of 1 Mbit/s`);
    assert.ok(fast > 1.5 * slow && fast < 4.4e6, `${fast} of 4 Mbit/s`);
  } finally {
    server.close();
    for (const socket of sockets) socket.destroy();
    await line.close();
  }
});
