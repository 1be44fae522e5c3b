// Somebody with the database file takes a record out of the tail that no checkpoint covers yet: both verifications see it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { call, House, until } from "../browsers/system/house.mjs";
import { lobby } from "./visit.mjs";

test("a record taken out of the unsigned tail is found", { timeout: 90000 }, async () => {
  const house = await House.open();
  try {
    await until("a verified log", () => { try { return house.verify(); } catch { return null; } });
    const signed = new Promise((done) => house.signer.once("exit", done));
    house.signer.kill("SIGTERM");
    await signed;
    const visit = await lobby(house); // its records are not signed
    await visit.patient.close();
    await house.kill("SIGTERM");
    execFileSync("python3", ["-c", `
import sqlite3, sys
base = sqlite3.connect(sys.argv[1])
last = base.execute("SELECT max(seq) FROM record").fetchone()[0]
for name, in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
    base.execute(f'DROP TRIGGER "{name}"')
base.execute("PRAGMA foreign_keys = OFF")
base.execute("DELETE FROM record WHERE seq = ?", (last - 3,))
base.commit()
`, join(house.home, "gateway.db")]);
    let told;
    try {
      told = house.verify();
    } catch (error) {
      told = JSON.parse(error.stdout);
    }
    assert.equal(told.status, "tampered");
    await house.start().catch(() => {}); // it may refuse to serve on a broken log: that is an answer as well
    if (house.server.exitCode === null) {
      const cookie = await house.signIn("administrator");
      const answer = await call(house, "POST", "/api/audit/verify", {}, { cookie });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.json.status, "tampered");
      assert.equal(answer.json.verified, false);
      assert.equal(answer.json.finding, told.finding);
    } else {
      assert.notEqual(house.server.exitCode, 0);
    }
  } finally {
    await house.close();
  }
});
