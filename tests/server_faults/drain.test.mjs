// SIGTERM: nothing new begins, what runs may end; the second one ends at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { call, House, sleep, until } from "../browsers/system/house.mjs";
import { FACTS } from "../browsers/system/facts.mjs";
import { ident, lobby } from "./visit.mjs";

const within = (promise, ms, what) => Promise.race([promise, sleep(ms).then(() => { throw new Error(`${what} took longer than ${ms} ms`); })]);

test("idle: everybody is told, and it ends by itself", { timeout: 60000 }, async () => {
  const house = await House.open();
  try {
    const visit = await lobby(house);
    house.server.kill("SIGTERM");
    await visit.patient.see("notice", (one) => one.code === "draining");
    const { code, signal } = await within(house.ended, 3000, "ending");
    assert.deepEqual({ code, signal }, { code: 0, signal: null });
    await house.start();
    assert.equal(house.verify().status === "tampered", false);
  } finally {
    await house.close();
  }
});

test("busy: it waits, refuses what is new, and a second signal ends it", { timeout: 60000 }, async () => {
  const house = await House.open();
  try {
    const visit = await ident(house);
    const cookie = await house.signIn("administrator");
    house.server.kill("SIGTERM");
    await visit.physician.see("notice", (one) => one.code === "draining");
    const ready = await until("not ready", async () => { const now = await house.get("/health/ready"); return now.status === 503 && now; });
    assert.equal(ready.json.reason, "draining");
    assert.equal((await house.get("/health/live")).status, 200);
    const refused = await call(house, "POST", "/api/consultations", { patient_name: "試験 花子", facts: FACTS }, { cookie });
    assert.equal(refused.status, 503);
    assert.equal(refused.json.code, "draining");
    await sleep(2500);
    assert.equal(house.server.exitCode, null, "the consultation goes on");
    await visit.physician.must({ type: "fact", consultation: visit.consultation, name: "noise_ok", value: true });
    house.server.kill("SIGTERM");
    const { code } = await within(house.ended, 1500, "ending at once");
    assert.equal(code, 0);
    await house.start();
    const known = (await house.timeline(visit.consultation)).records.filter((one) => one.act === "fact.supply" && one.x.fact === "noise_ok");
    assert.equal(known.length, 1, "what was acknowledged while draining is there");
  } finally {
    await house.close();
  }
});

test("busy: when the last consultation ends, so does it", { timeout: 60000 }, async () => {
  const house = await House.open();
  try {
    const visit = await ident(house);
    house.server.kill("SIGTERM");
    await visit.physician.see("notice", (one) => one.code === "draining");
    await visit.physician.must({ type: "act", consultation: visit.consultation, event: "defer", code: "later" });
    const { code } = await within(house.ended, 3000, "ending");
    assert.equal(code, 0);
    await house.start();
  } finally {
    await house.close();
  }
});
