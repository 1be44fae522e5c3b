// The disk is full: new actions are refused with `storage`, running sockets stay, and with space everything works again.
// Run through on_small_disk.sh, which makes the temporary folder a small file system of its own.
import assert from "node:assert/strict";
import { closeSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { call, House, sleep, until } from "../browsers/system/house.mjs";
import { FACTS } from "../browsers/system/facts.mjs";
import { lobby } from "./visit.mjs";

const ballast = join(tmpdir(), "ballast");

function fill() {
  const file = openSync(ballast, "a");
  for (const size of [65536, 4096, 512, 1]) {
    const block = Buffer.alloc(size, 1);
    try {
      for (;;) writeSync(file, block);
    } catch (error) {
      if (error.code !== "ENOSPC") throw error;
    }
  }
  closeSync(file);
}

test("full, refused, freed, working", { timeout: 120000 }, async () => {
  if (statfsSync !== undefined) assert.ok(statfsSync(tmpdir()).blocks * statfsSync(tmpdir()).bsize < 64 << 20, "a small disk of its own");
  const house = await House.open();
  try {
    const visit = await lobby(house);
    const { consultation, patient } = visit;
    const cookie = await house.signIn("administrator");
    const book = () => call(house, "POST", "/api/consultations", { patient_name: "試験 花子", facts: FACTS }, { cookie });
    assert.equal((await book()).status, 201);

    fill();
    const refused = await until("a booking to be refused", async () => {
      const answer = await book();
      return answer.status !== 201 && answer;
    }, 60000);
    assert.equal(refused.status, 503);
    assert.equal(refused.json.code, "storage");

    const before = patient.view(consultation).facts.find((one) => one.name === "pt_private_space");
    const answer = await until("a fact to be refused", async () => {
      const one = await patient.fact(consultation, "pt_private_space", false);
      await sleep(60);
      return one.type === "error" && one;
    }, 60000);
    assert.equal(answer.code, "storage");
    assert.equal(patient.socket.readyState, 1, "the socket stays open");
    const ready = await house.get("/health/ready");
    assert.ok(ready.status === 200 || ready.json.reason === "storage");
    assert.ok(before !== undefined);

    rmSync(ballast);
    await until("bookings to work again", async () => (await book()).status === 201, 30000);
    await patient.must({ type: "fact", consultation, name: "pt_private_space", value: true });
    await until("ready", async () => (await house.get("/health/ready")).status === 200);
    assert.equal((await until("a verified log", () => { try { return house.verify(); } catch { return null; } }, 20000)).status, "good");
    await patient.close();
  } finally {
    rmSync(ballast, { force: true });
    await house.close();
  }
});
