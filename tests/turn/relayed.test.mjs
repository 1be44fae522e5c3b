// Two people behind firewalls that let only one thing out, joined through coturn beside the gateway.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { FACTS } from "../browsers/system/facts.mjs";
import { House, sleep, until } from "../browsers/system/house.mjs";
import { admit, Browser, measured, patientArrives, physicianArrives, press } from "../browsers/system/people.mjs";
import { Coturn, gatewayAddress, serverSide, turnAddress, turnSettings } from "./coturn.mjs";

const PAGES = "tcp dport 443"; // pages and signaling; TURN over TLS comes the same way, to another address
let coturn, house, chromium;

/* The browsers' network: what is not named here is dropped, as such firewalls do it, and counted. */
function letOnly(...allowed) {
  const rules = allowed.map((what) => `${what} accept`).join("; ");
  execFileSync("nft", ["-f", "-"], { input: `table inet edge {}; delete table inet edge; table inet edge { chain out { type filter hook output priority 0; policy accept; oifname "lo" accept; ${rules}; meta l4proto udp counter drop; drop; }; }` });
}

const droppedUdp = () => Number(/counter packets (\d+)/.exec(execFileSync("nft", ["list", "table", "inet", "edge"], { encoding: "utf8" }))[1]);

before(async () => {
  coturn = await Coturn.start();
  house = await House.open(turnSettings, { address: gatewayAddress, port: 443, before: serverSide });
  chromium = await Browser.open("chromium");
});
after(async () => {
  await chromium?.close();
  await house?.close();
  await coturn?.stop();
});

/* The pair that carries the page's media: how the browser reaches its end of it. */
const way = (page) => page.evaluate(async () => {
  for (const connection of window.kept) {
    if (connection.signalingState === "closed") continue;
    const stats = await connection.getStats();
    for (const pair of stats.values()) {
      if (pair.type !== "candidate-pair" || pair.state !== "succeeded" || !pair.nominated) continue;
      const { candidateType, relayProtocol, address, port } = stats.get(pair.localCandidateId);
      return { candidateType, relayProtocol, address, port };
    }
  }
  return null;
});

const servers = (page) => page.evaluate(() => window.kept.at(-1).getConfiguration().iceServers.map(({ urls, username, credential }) => ({ urls, username, credential })));

async function bothSeeAndHear(...pages) {
  for (const page of pages) {
    const first = await until("pictures and sound", async () => {
      const now = await measured(page);
      return now.frames > 5 && now.audioPackets > 20 ? now : null;
    }, 30000);
    await until("more of both", async () => {
      const now = await measured(page);
      return now.frames > first.frames + 10 && now.audioEnergy > first.audioEnergy;
    }, 15000);
  }
}

async function arriveAndMeet() {
  const visit = await house.book(FACTS);
  const patient = await patientArrives(chromium, visit.link, { language: "en" });
  const physician = await physicianArrives(chromium, house, { language: "en" });
  await until("the patient's line", async () => (await measured(patient)).state === "connected", 30000);
  await sleep(500);
  for (const page of [patient, physician]) assert.equal((await measured(page)).bytes, 0, "nothing comes out before admission (P1)");
  await admit(physician);
  await bothSeeAndHear(patient, physician);
  return { ...visit, patient, physician };
}

async function part({ patient, physician }) {
  assert.deepEqual([...patient.complaints, ...physician.complaints], [], "no error on a page");
  await patient.context_.close();
  await physician.context_.close();
}

const connections = async (visit) => (await house.timeline(visit.consultation)).records.filter((record) => record.act === "media.connected");

async function wholeCall(relayProtocol) {
  const visit = await arriveAndMeet();
  for (const page of [visit.patient, visit.physician]) {
    const used = await way(page);
    assert.equal(used.candidateType, "relay");
    assert.equal(used.relayProtocol, relayProtocol);
    assert.equal(used.address, turnAddress);
  }
  assert.ok(droppedUdp() > 0, "the browsers did try to go straight");
  const records = await until("both connections on the record", async () => {
    const found = await connections(visit);
    return found.length >= 2 ? found : null;
  });
  assert.deepEqual([...new Set(records.map((record) => record.x.path))], ["relay"]);
  return visit;
}

test("only TCP 443 gets out: TURN over TLS carries both ways; a removed patient is cut off on the wire in 200 ms", { timeout: 300000 }, async () => {
  letOnly(PAGES);
  const visit = await wholeCall("tls");
  const told = [...(await servers(visit.patient)), ...(await servers(visit.physician))];
  const names = new Set(told.map((server) => server.username));
  assert.equal(names.size, 2, "each has a credential of their own");
  for (const { username } of told) {
    const left = Number(username.split(":")[0]) - Date.now() / 1000;
    assert.ok(left > 0 && left <= 600, `ends in ${left} s`);
  }

  const { port: relayed } = await way(visit.patient), { port: other } = await way(visit.physician);
  const media = Number(/^media:\n {2}bind: \S+\n {2}port: (\d+)/m.exec(readFileSync(house.config, "utf8"))[1]);
  let seen = "";
  const wire = spawn(serverSide[0], [...serverSide.slice(1), "python3", fileURLToPath(new URL("wire.py", import.meta.url)), gatewayAddress, String(media)], { stdio: ["ignore", "pipe", "inherit"] });
  wire.stdout.on("data", (part) => { seen += part; });
  const sent = (port) => seen.split("\n").slice(1, -1).map((line) => line.split(" ").map(Number)).filter(([, to]) => to === port).map(([at]) => at);
  try {
    await until("packets on both relayed paths", () => sent(relayed).length > 50 && sent(other).length > 50);
    await press(visit.physician, "remove");
    await press(visit.physician, "remove-yes");
    const removed = await until("the removal on the record", async () => (await house.timeline(visit.consultation)).records.find((record) => record.act === "participant.remove"));
    await sleep(1500);
    const last = (sent(relayed).at(-1) - removed.mono) / 1e6;
    console.log(`# last packet to the removed patient's relay ${last.toFixed(1)} ms after the removal was recorded (${sent(relayed).length} packets before)`);
    assert.ok(last <= 200, `${last} ms`);
    assert.ok(sent(other).length > 0 && (await house.timeline(visit.consultation)).records.some((record) => record.act === "media.keys.destroyed"));
  } finally {
    wire.kill();
  }
  const log = readFileSync(join(house.home, "gateway.log"), "utf8");
  for (const secret of told.flatMap(({ username, credential }) => [username, credential])) assert.ok(!log.includes(secret), "no credential in the log");
  assert.ok(!log.includes(turnAddress), "no address in the log");
  await part(visit);
});

test("the network lets TURN over UDP out, and 443 of the pages alone", { timeout: 240000 }, async () => {
  letOnly(`ip daddr ${gatewayAddress} ${PAGES}`, "udp dport 3478");
  await part(await wholeCall("udp"));
});
