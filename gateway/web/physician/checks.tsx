// The checks zone: facts the physician supplies, and beside them what the rules of the next gate still object to.
import { useState } from "preact/hooks";
import { eventCodes, staffCodes, wordOf } from "../shared/codes";
import { placeDoor, type Door } from "../shared/doors";
import { Icon } from "../shared/icons";
import { fill, useText } from "../shared/language";
import type { Consultation, FactValue, Failed } from "../shared/wire";
import type { Desk, DeskState } from "./desk";
import { confirmed, panelOf } from "./panel";
import { words } from "./texts";

function Control({ door, value, change }: { door: Door; value: FactValue | undefined; change: (value: FactValue | undefined) => void }) {
  const t = useText();
  const name = `door-${door.fact}`;
  switch (door.control) {
    case "yes_no":
      return (
        <span class="yes-no">
          {[true, false].map((one) => (
            <label key={String(one)}>
              <input type="radio" name={name} checked={value === one} onChange={() => change(one)} data-test={`${name}-${one ? "yes" : "no"}`} />
              <span>{t(one ? { ja: "はい", en: "Yes" } : { ja: "いいえ", en: "No" })}</span>
            </label>
          ))}
        </span>
      );
    case "choice":
      return (
        <select id={name} data-test={name} value={value === undefined ? "" : String(value)}
          onChange={(event) => change(event.currentTarget.value || undefined)}>
          <option value="">{t(words.choose)}</option>
          {door.choices?.map((one) => <option key={one.value} value={one.value}>{t(one.text)}</option>)}
        </select>
      );
    case "set": {
      const set = Array.isArray(value) ? value : [];
      return (
        <span class="set">
          {door.choices?.map((one) => (
            <label key={one.value} class="tick">
              <input type="checkbox" checked={set.includes(one.value)} data-test={`${name}-${one.value}`}
                onChange={(event) => change(event.currentTarget.checked ? [...set, one.value] : set.filter((other) => other !== one.value))} />
              <span>{t(one.text)}</span>
            </label>
          ))}
        </span>
      );
    }
    case "number":
      return (
        <input id={name} type="number" inputMode="numeric" min={door.minimum ?? 0} max={door.maximum} data-test={name}
          value={typeof value === "number" ? value : ""}
          onInput={(event) => change(event.currentTarget.value === "" ? undefined : Math.trunc(event.currentTarget.valueAsNumber))} />
      );
    case "date":
      return (
        <input id={name} type="date" data-test={name} value={typeof value === "string" ? value : ""}
          onInput={(event) => change(event.currentTarget.value || undefined)} />
      );
  }
}

export function Checks({ desk, state, consultation }: { desk: Desk; state: DeskState; consultation: Consultation }) {
  const t = useText();
  const { doors, values } = panelOf(consultation, state.draft);
  if (doors.length === 0) return null;
  const groups = [...new Set(doors.map((door) => door.group))];
  return (
    <form id="checks-form" class="checks-form" data-test="checks" onSubmit={(event) => { event.preventDefault(); void desk.confirm(); }}>
      {groups.map((group) => (
        <fieldset key={group?.en}>
          <legend>{group && t(group)}</legend>
          {doors.filter((door) => door.group === group).map((door) => (
            <DoorRow key={door.fact} door={door} value={values[door.fact]} consultation={consultation} change={(value) => desk.draft(door.fact, value)} />
          ))}
        </fieldset>
      ))}
    </form>
  );
}

/* In the lobby the values go with the tap that calls in; afterwards with this one. */
export function Confirm({ state, consultation }: { state: DeskState; consultation: Consultation }) {
  const t = useText();
  const { doors, waiting } = panelOf(consultation, state.draft);
  if (doors.length === 0) return null;
  if (consultation.state === "lobby") return <p class="quiet">{t(words.with_call)}</p>;
  return (
    <button type="submit" form="checks-form" class={`button ${waiting.length > 0 ? "primary" : ""}`} disabled={state.busy} data-test="confirm"
      data-waiting={waiting.length} title={t(words.confirm_hint)}>
      <Icon name="check" /> {t(words.confirm)} <kbd>F4</kbd>
    </button>
  );
}

function DoorRow(props: { door: Door; value: FactValue | undefined; consultation: Consultation; change: (value: FactValue | undefined) => void }) {
  const t = useText();
  const { door, value, consultation } = props;
  const done = confirmed(consultation, door.fact, value);
  const said = consultation.facts.find((fact) => fact.name === door.answer && fact.supplier !== "dr");
  const grouped = door.control === "yes_no" || door.control === "set";
  return (
    <div class={`door ${door.control} ${done ? "done" : ""}`} role={grouped ? "group" : undefined} aria-label={grouped ? t(door.label) : undefined}>
      <span class="door-label">
        {grouped ? <span>{t(door.label)}</span> : <label for={`door-${door.fact}`}>{t(door.label)}</label>}
        {done && <span class="done-mark"><Icon name="check" /><span class="sr-only">{t(words.confirmed)}</span></span>}
        {said && <span class="chip">{t(words.patient_said)}: {valueWords(said.name === placeDoor.fact ? placeDoor : undefined, said.value, t)}</span>}
      </span>
      <Control door={door} value={value} change={props.change} />
    </div>
  );
}

export function valueWords(door: Door | undefined, value: FactValue, t: ReturnType<typeof useText>): string {
  if (value === true) return t({ ja: "はい", en: "yes" });
  if (value === false) return t({ ja: "いいえ", en: "no" });
  const list = Array.isArray(value) ? value : [String(value)];
  return list.map((one) => {
    const choice = door?.choices?.find((other) => other.value === one);
    return choice ? t(choice.text) : one;
  }).join(", ");
}

const STOPPING = ["refuse", "terminate", "pause", "override", "acknowledge"];

export function stopping(open: readonly Failed[]): number {
  return open.filter((one) => STOPPING.includes(one.action)).length;
}

/* What the gateway would say at the next gate, live. */
export function Rules({ desk, open, busy }: { desk: Desk; open: readonly Failed[]; busy: boolean }) {
  const t = useText();
  const [reason, setReason] = useState("confirmed_otherwise");
  const blocking = stopping(open);
  return (
    <section class="rules" aria-label={t(words.rules)} data-test="rules">
      <h3>
        {t(words.rules)}{" "}
        <span class={`chip ${blocking > 0 ? "warn" : "good"}`} role="status" data-test="rules-count">
          {blocking > 0 ? fill(t(words.rules_block), { n: blocking }) : t(words.rules_none)}
        </span>
      </h3>
      {open.length > 0 && <ul class="plain" tabIndex={0} aria-label={t(words.rules)}>
        {open.map((one) => (
          <li key={one.rule} class={`rule ${STOPPING.includes(one.action) ? "stops" : ""}`} data-test="rule" data-rule={one.rule} data-action={one.action}>
            <p>{one.text}</p>
            <p class="rule-id">
              <span>{one.rule.toUpperCase()}</span> <span>{one.clause}</span>{" "}
              <span>{t(one.truth === "unknown" ? words.unknown_fact : words.false_fact)}</span>
            </p>
            {(one.action === "acknowledge" || one.action === "override") && (
              <span class="acknowledge">
                {one.action === "override" && (
                  <select aria-label={t(words.acknowledge_reason)} value={reason} onChange={(event) => setReason(event.currentTarget.value)}>
                    {eventCodes["acknowledge"]?.map((code) => <option key={code} value={code}>{wordOf(staffCodes, code, t)}</option>)}
                  </select>
                )}
                <button type="button" class="button" disabled={busy} data-test="acknowledge"
                  onClick={() => void desk.act("acknowledge", { rule: one.rule, ...(one.action === "override" ? { code: reason } : {}) })}>
                  {t(words.acknowledge)}
                </button>
              </span>
            )}
          </li>
        ))}
      </ul>}
    </section>
  );
}
