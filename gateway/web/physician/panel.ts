// The check panel as data: which controls are shown now, with which values, and what is not confirmed yet.
import { doorsFor, visible, type Door } from "../shared/doors";
import type { Consultation, FactValue } from "../shared/wire";

export type Values = Record<string, FactValue | undefined>;

export interface Panel {
  doors: readonly Door[];
  values: Values;
  /* Shown, answered, and different from what the physician confirmed before. */
  waiting: readonly (readonly [string, FactValue])[];
}

export function same(a: FactValue | undefined, b: FactValue | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return [...a].sort().join() === [...b].sort().join();
  return a === b;
}

function answered(value: FactValue | undefined): value is FactValue {
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}

function first(door: Door, consultation: Consultation, all: Values): FactValue | undefined {
  if (door.presetFrom === "card.registered") return consultation.card?.registered || undefined;
  return (door.presetFrom ? all[door.presetFrom] : undefined) ?? door.preset;
}

export function panelOf(consultation: Consultation, draft: Values): Panel {
  const all: Values = {};
  const mine: Values = {};
  const others = new Set<string>();
  for (const fact of consultation.facts) {
    all[fact.name] = fact.value;
    if (fact.supplier === "dr") mine[fact.name] = fact.value;
    else others.add(fact.name);
  }
  const candidates = doorsFor(consultation.state).filter((door) => !(door.unlessKnown && others.has(door.fact)));
  const values: Values = {};
  for (const door of candidates) {
    values[door.fact] = door.fact in draft ? draft[door.fact] : (mine[door.fact] ?? first(door, consultation, all));
  }
  const doors = candidates.filter((door) => visible(door, { ...all, ...values }));
  const waiting: (readonly [string, FactValue])[] = [];
  for (const door of doors) {
    const value = values[door.fact];
    if (answered(value) && !same(value, mine[door.fact])) waiting.push([door.fact, value]);
  }
  return { doors, values, waiting };
}

export function confirmed(consultation: Consultation, fact: string, value: FactValue | undefined): boolean {
  const known = consultation.facts.find((one) => one.name === fact && one.supplier === "dr");
  return known !== undefined && same(known.value, value);
}
