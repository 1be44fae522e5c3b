// Which control supplies which fact: the pages' half of config/rules/DOORS.md, which a test compares with this table.
// A value is sent only by the person's own action (a tap on the button that says what is being confirmed).
import type { Text } from "./language";
import type { FactValue } from "./wire";

export interface Choice { value: string; text: Text }

export interface Door {
  fact: string;
  door: string; // the door's name in DOORS.md
  control: "yes_no" | "choice" | "set" | "number" | "date";
  label: Text;
  group: Text;
  /* States in which the page shows the control. */
  states: readonly string[];
  choices?: readonly Choice[];
  minimum?: number;
  maximum?: number;
  /* What the control shows at first. It is still only sent by the person's tap. */
  preset?: FactValue;
  /* Shown and sent only when this holds over the values on the page and the facts known. */
  when?: { fact: string; is: readonly FactValue[] };
  /* The patient's own fact shown beside it, with the words of its values. */
  answer?: string;
  answers?: readonly Choice[];
}

const places: readonly Choice[] = [
  { value: "residence", text: { ja: "自分の 家", en: "At home" } },
  { value: "care_facility", text: { ja: "病院・施設", en: "Hospital or care home" } },
  { value: "reception_site", text: { ja: "オンライン診療の 場所", en: "Online care site" } },
  { value: "workplace", text: { ja: "仕事場", en: "At work" } },
  { value: "school", text: { ja: "学校", en: "At school" } },
  { value: "day_service", text: { ja: "デイサービス", en: "Day service" } },
  { value: "shelter", text: { ja: "ひなん所", en: "Shelter" } },
  { value: "vehicle_site", text: { ja: "診療の 車", en: "Clinic vehicle" } },
  { value: "public", text: { ja: "店・駅など", en: "Shop, station or other public place" } },
  { value: "moving", text: { ja: "動いている 車・電車", en: "Moving car or train" } },
  { value: "abroad", text: { ja: "外国", en: "Abroad" } },
];
export const placeDoor = { choices: places, preset: "residence" };
export function agreementFacts(place: string, alone: boolean): [string, FactValue][] {
  return [["agreement", true], ["explicit_wish", "e_signed"], ["pt_rules_ack", true], ["place_kind", place], ["pt_private_space", alone]];
}
export const bookingDoors: readonly Door[] = [];
export const physicianDoors: readonly Door[] = [];
export function doorsFor(state: string): readonly Door[] { return physicianDoors.filter((one) => one.states.includes(state)); }
export function visible(door: Door, values: Record<string, FactValue | undefined>): boolean {
  if (!door.when) return true;
  const value = values[door.when.fact];
  return value !== undefined && door.when.is.some((one) => one === value || (Array.isArray(value) && value.includes(String(one))));
}
