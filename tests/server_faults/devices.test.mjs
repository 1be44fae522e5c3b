// 2.5-20 over the wire: a second browser with the same link sees and hears nothing until staff move the seat to it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { call, House, sleep, until } from "../browsers/system/house.mjs";
import { Person } from "../support/ws_person.mjs";
import { ident, lobby } from "./visit.mjs";

test("a second device is held, both sides are told, and the seat can be moved to it", { timeout: 60000 }, async () => {
  const house = await House.open();
  try {
    const { consultation, patient, physician, link } = await ident(house);
    const second = await Person.patient(house, link);
    assert.equal(second.redeemed.json.code, "held_other_device");
    await physician.see("notice", (one) => one.code === "second_device");
    await patient.see("notice", (one) => one.code === "second_device");
    await until("the view to say so", () => physician.view(consultation).second_device);
    assert.equal(physician.view(consultation).state, "ident");

    await physician.must({ type: "act", consultation, event: "move_seat", seat: 0 });
    const goodbye = await patient.see("goodbye");
    assert.equal(goodbye.code, "moved");
    assert.equal(goodbye.resume, false);
    await physician.state(consultation, "lobby"); // a new device is a new admission
    const again = await Person.patient(house, link); // the page asks again and again; here with a cookie of its own
    assert.equal(again.redeemed.json.code, "held_other_device", "a third one is held as well");

    const redeemed = await call(house, "POST", "/api/invitations/redeem", { secret: link.split("#")[1], language: "en" }, { cookie: second.cookie });
    assert.equal(redeemed.status, 200, redeemed.text);
    await second.connect();
    await second.must({ type: "join", consultation, media: false });
    await until("the second device to sit", () => second.view(consultation)?.roster.some((seat) => seat.self));
    const back = await call(house, "POST", "/api/invitations/redeem", { secret: link.split("#")[1], language: "en" }, { cookie: patient.cookie });
    assert.equal(back.json.code, "held_other_device", "the first device has no seat any more");
    for (const one of [second, physician]) await one.close();
  } finally {
    await house.close();
  }
});

test("a page that goes away while it sits down leaves no ghost on the seat", { timeout: 60000 }, async () => {
  const house = await House.open();
  try {
    const { consultation, patient } = await lobby(house);
    const physician = await Person.staff(house, house.clinic.physician);
    for (let round = 0; round < 5; round++) {
      const page = await Person.staff(house, house.clinic.physician);
      page.send({ type: "join", consultation, media: false });
      page.send({ type: "bye" });
      await page.close();
    }
    await sleep(1500);
    await physician.must({ type: "join", consultation, media: false });
    await until("one physician", () => physician.view(consultation)?.roster.filter((seat) => seat.role === "physician").length === 1);
    await physician.must({ type: "leave", consultation });
    const other = await Person.staff(house, house.clinic.physician);
    other.send({ type: "join", consultation, media: false });
    other.send({ type: "bye" });
    await other.close();
    await until("the seat not to be waiting without a page", () => {
      const seat = patient.view(consultation).roster.find((one) => one.role === "physician");
      return seat === undefined || seat.status === "away";
    }, 8000);
    for (const one of [patient, physician]) await one.close();
  } finally {
    await house.close();
  }
});
