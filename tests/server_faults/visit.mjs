// A consultation brought as far as a test needs it, by two people without cameras.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../browsers/system/house.mjs";
import { FACTS } from "../browsers/system/facts.mjs";
import { Person } from "../support/ws_person.mjs";

const { stories } = JSON.parse(readFileSync(join(repository, "tests/data/demo-facts.json"), "utf8"));
const supplied = (supplier) => stories.find((one) => one.name === "known_follow_up_at_home").gates
  .filter((gate) => gate.gate === "G2" || gate.gate === "G3").flatMap((gate) => gate.facts).filter((fact) => fact.from === supplier);

export async function lobby(house) {
  const { link, consultation } = await house.book(FACTS);
  const patient = await Person.patient(house, link);
  for (const fact of supplied("pt")) await patient.must({ type: "fact", consultation, name: fact.fact, value: fact.value });
  await patient.must({ type: "join", consultation, media: false });
  await patient.must({ type: "report", card_visible: true, camera: true, microphone: true, source: "camera" });
  await patient.must({ type: "act", consultation, event: "enter" });
  await patient.state(consultation, "lobby");
  return { link, consultation, patient };
}

export async function ident(house) {
  const visit = await lobby(house);
  const { consultation } = visit;
  const physician = await Person.staff(house, house.clinic.physician);
  await physician.must({ type: "watch", on: true });
  await physician.must({ type: "join", consultation, media: false });
  for (const fact of supplied("dr")) await physician.must({ type: "fact", consultation, name: fact.fact, value: fact.value });
  await physician.must({ type: "act", consultation, event: "admit" });
  await physician.state(consultation, "ident");
  return { ...visit, physician };
}
