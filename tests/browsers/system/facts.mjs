// What the clinic's staff enters with the booking: the story "known follow-up at home" of tests/data/demo-facts.json.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./house.mjs";

const { stories } = JSON.parse(readFileSync(join(repository, "tests/data/demo-facts.json"), "utf8"));
const story = stories.find((one) => one.name === "known_follow_up_at_home");

export const FACTS = Object.fromEntries(
  story.gates.flatMap((gate) => gate.facts).filter((fact) => fact.from === "ad").map((fact) => [fact.fact, fact.value]));
