// SIGKILL in the middle of everything: what was acknowledged is there, and people come back into their consultation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { House, sleep, until } from "../browsers/system/house.mjs";
import { Person } from "../support/ws_person.mjs";
import { ident } from "./visit.mjs";

async function verified(house) {
  return until("a verified log", () => { try { return house.verify(); } catch { return null; } }, 15000);
}

test("killed in IDENT while facts come in", { timeout: 90000 }, async () => {
  const house = await House.open();
  try {
    const visit = await ident(house);
    const { consultation, physician, patient } = visit;
    let acknowledged = 0;
    const pressing = (async () => {
      for (let i = 0; ; i++) {
        const answer = await physician.fact(consultation, "patients_at_endpoint", 1 + (i % 3)).catch(() => null);
        if (answer?.type !== "done") return;
        acknowledged++;
        await sleep(40); // below the message rate
      }
    })();
    await until("some facts", () => acknowledged > 20);
    await house.kill("SIGKILL");
    await Promise.race([pressing, sleep(200)]);
    await house.start();

    const { records } = await house.timeline(consultation);
    const kept = records.filter((one) => one.act === "fact.supply" && one.x.fact === "patients_at_endpoint").length;
    assert.ok(kept >= acknowledged, `${kept} records of ${acknowledged} acknowledged facts`);
    assert.ok(kept <= acknowledged + 1, "at most the one under way");
    assert.equal((await verified(house)).status, "good");

    // Both sign in again with the cookies their browsers kept, and sit where they sat.
    await physician.connect();
    await physician.must({ type: "join", consultation, media: false });
    const after = await physician.state(consultation, "reconnecting").catch(() => physician.view(consultation));
    assert.equal(after.state, "reconnecting", "nobody's endpoint survived");
    await patient.connect();
    assert.equal(patient.received.filter((one) => one.type === "welcome").at(-1).consultation, consultation);
    await patient.must({ type: "join", consultation, media: false });
    const both = await until("both seats taken again", () => {
      const view = physician.view(consultation);
      return view.roster.length === 2 && view.roster.every((seat) => seat.status === "waiting") && view;
    });
    assert.ok(both.facts.some((one) => one.name === "patients_at_endpoint"), "facts are still known");
    await physician.must({ type: "act", consultation, event: "defer", code: "later" });
    await physician.state(consultation, "lobby").catch(() => {});
    await patient.close();
    await physician.close();
  } finally {
    await house.close();
  }
});

test("killed many times at random moments", { timeout: 120000 }, async () => {
  const house = await House.open();
  try {
    const visit = await ident(house);
    let acknowledged = 0;
    for (let round = 0; round < 6; round++) {
      const clerk = await Person.staff(house, house.clinic.administrator);
      const asked = [];
      for (let i = 0; i < 40; i++) asked.push(clerk.fact(visit.consultation, "prior_visits", 100 * round + i).then((answer) => { acknowledged += answer.type === "done"; }).catch(() => {}));
      await sleep(5 + 17 * round);
      await house.kill("SIGKILL");
      clerk.socket.terminate();
      await house.start();
      // Answers that were on the way count: nothing that arrived may be missing.
      const { records } = await house.timeline(visit.consultation);
      const kept = records.filter((one) => one.act === "fact.supply" && one.x.fact === "prior_visits").length;
      assert.ok(kept >= acknowledged, `round ${round}: ${kept} of ${acknowledged}`);
    }
    assert.equal((await verified(house)).status, "good");
  } finally {
    await house.close();
  }
});
