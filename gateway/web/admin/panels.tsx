// Booking, "is the log intact?", system.
import { useState } from "preact/hooks";
import { bookingDoors, visitProposedDoor } from "../shared/doors";
import { api, troubleOf, type Trouble } from "../shared/http";
import { Icon } from "../shared/icons";
import { dateTime, fill, useText } from "../shared/language";
import { Busy, Copy, Heading } from "../shared/parts";
import type { FactValue } from "../shared/wire";
import { Loading, useLoad, Wrong } from "./parts";
import { words } from "./texts";
import { toMs, type AuditStatus, type Booked, type Status } from "./types";

/* The next full quarter of an hour, as Japan's clocks show it. */
function soon(): string {
  const quarter = 15 * 60_000;
  const at = Math.ceil(Date.now() / quarter) * quarter;
  return new Date(at + 9 * 3_600_000).toISOString().slice(0, 16);
}

const KEPT_KEY = "tsunagi.booking";

/* What is true of the clinic stays the same from booking to booking; nothing about a patient is kept. */
function startFacts(): Record<string, FactValue> {
  const start: Record<string, FactValue> = {};
  for (const door of bookingDoors) if (door.preset !== undefined) start[door.fact] = door.preset;
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT_KEY) ?? "{}") as Record<string, FactValue>;
    for (const door of bookingDoors) if (door.kept && kept[door.fact] !== undefined) start[door.fact] = kept[door.fact] as FactValue;
  } catch {
    // an empty form is as good
  }
  return start;
}

function keepFacts(facts: Record<string, FactValue>): void {
  const kept = Object.fromEntries(bookingDoors.filter((door) => door.kept && door.fact in facts).map((door) => [door.fact, facts[door.fact]]));
  try {
    localStorage.setItem(KEPT_KEY, JSON.stringify(kept));
  } catch {
    // not kept
  }
}

export function Book() {
  const t = useText();
  const [name, setName] = useState("");
  const [kind, setKind] = useState("follow_up");
  const [at, setAt] = useState(soon());
  const [facts, setFacts] = useState<Record<string, FactValue>>(startFacts());
  const [booked, setBooked] = useState<Booked | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setTrouble(null);
    try {
      setBooked(await api<Booked>("POST", "/api/consultations", {
        patient_name: name.trim(), visit_kind: kind, booked_for: Date.parse(`${at}:00+09:00`),
        facts: { [visitProposedDoor.fact]: kind, ...facts },
      }));
      keepFacts(facts);
    } catch (error) {
      setTrouble(troubleOf(error));
    }
    setBusy(false);
  };
  const change = (fact: string, value: FactValue | undefined) => {
    const next = { ...facts };
    if (value === undefined) delete next[fact];
    else next[fact] = value;
    setFacts(next);
  };
  if (booked) {
    return (
      <section class="panel" data-test="booked">
        <span class="badge-icon"><Icon name="check" /></span>
        <Heading>{t(words.booked_done)}</Heading>
        <Copy text={booked.link} label={words.copy} />
        <p class="quiet">{t(words.link_once)}</p>
        <p><a href={`#/consultation/${booked.consultation}`}>{booked.consultation}</a></p>
        <button type="button" class="button" onClick={() => { setBooked(null); setName(""); setFacts(startFacts()); }}>{t(words.again)}</button>
      </section>
    );
  }
  return (
    <section class="panel" data-test="book">
      <Heading>{t(words.book)}</Heading>
      <form class="book" onSubmit={(event) => void submit(event)}>
        <label class="field"><span>{t(words.patient_name)}</span>
          <input required maxLength={60} autocomplete="off" value={name} data-test="book-name" onInput={(event) => setName(event.currentTarget.value)} /></label>
        <label class="field"><span>{t(words.visit_kind)}</span>
          <select value={kind} data-test="book-kind" onChange={(event) => setKind(event.currentTarget.value)}>
            {visitProposedDoor.choices?.map((one) => <option key={one.value} value={one.value}>{t(one.text)}</option>)}
          </select></label>
        <label class="field"><span>{t(words.booked_for)}</span>
          <input type="datetime-local" required value={at} data-test="book-at" onInput={(event) => setAt(event.currentTarget.value)} /></label>
        {bookingDoors.length > 0 && (
          <fieldset>
            <legend>{t(words.facts)}</legend>
            <p class="quiet">{t(words.facts_hint)}</p>
            {bookingDoors.map((door) => (
              <label class="field row" key={door.fact}><span>{t(door.label)}</span>
                {door.control === "yes_no" ? (
                  <select data-test={`door-${door.fact}`} value={String(facts[door.fact] ?? "")}
                    onChange={(event) => change(door.fact, event.currentTarget.value === "" ? undefined : event.currentTarget.value === "true")}>
                    <option value="">{t(words.not_known)}</option>
                    <option value="true">{t({ ja: "はい", en: "Yes" })}</option><option value="false">{t({ ja: "いいえ", en: "No" })}</option>
                  </select>
                ) : door.control === "number" ? (
                  <input type="number" min={door.minimum ?? 0} max={door.maximum} data-test={`door-${door.fact}`} value={String(facts[door.fact] ?? "")}
                    onInput={(event) => change(door.fact, event.currentTarget.value === "" ? undefined : Math.trunc(event.currentTarget.valueAsNumber))} />
                ) : door.control === "date" ? (
                  <input type="date" data-test={`door-${door.fact}`} value={String(facts[door.fact] ?? "")}
                    onInput={(event) => change(door.fact, event.currentTarget.value || undefined)} />
                ) : (
                  <select data-test={`door-${door.fact}`} value={String(facts[door.fact] ?? "")}
                    onChange={(event) => change(door.fact, event.currentTarget.value === "" ? undefined : door.control === "set" ? [event.currentTarget.value] : event.currentTarget.value)}>
                    <option value="">{t(words.not_known)}</option>
                    {door.choices?.map((one) => <option key={one.value} value={one.value}>{t(one.text)}</option>)}
                  </select>
                )}
              </label>
            ))}
          </fieldset>
        )}
        <Wrong trouble={trouble} />
        <button type="submit" class="button primary" disabled={busy} data-test="book-go">{t(words.book_go)}</button>
      </form>
    </section>
  );
}

export function Log() {
  const t = useText();
  const loaded = useLoad(() => api<AuditStatus>("GET", "/api/audit/status"), "status");
  const [fresh, setFresh] = useState<AuditStatus | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [busy, setBusy] = useState(false);
  const status = fresh ?? loaded.value;
  const verify = async () => {
    setBusy(true);
    setTrouble(null);
    try {
      setFresh(await api<AuditStatus>("POST", "/api/audit/verify", {}));
    } catch (error) {
      setTrouble(troubleOf(error));
    }
    setBusy(false);
  };
  return (
    <section class="panel" data-test="log">
      <Heading>{t(words.log)}</Heading>
      <Wrong trouble={loaded.trouble ?? trouble} />
      <Loading show={!status && !loaded.trouble} />
      {status?.status === "running" && <Busy text={words.running} />}
      {status && status.status !== "running" && (
        <div class={`intact ${status.verified ? "yes" : "no"}`} role="status" data-test="intact" data-verified={status.verified ? "yes" : "no"}>
          <span class={`badge-icon ${status.verified ? "" : "warn"}`}><Icon name={status.verified ? "check" : "alert"} /></span>
          <div>
            <p class="intact-word">{t(status.verified ? words.intact : words.broken)}</p>
            {status.verified ? <p>{fill(t(words.verified_through), { n: status.verified_through, time: status.verified_at ? dateTime(status.verified_at) : "–" })}</p>
              : status.first_bad !== null && <p data-test="first-bad">{fill(t(words.first_bad), { n: status.first_bad })}</p>}
          </div>
        </div>
      )}
      {status && (
        <dl class="numbers">
          <dt>{t(words.size)}</dt><dd>{status.size}</dd>
          <dt>{t(words.root)}</dt><dd class="id" data-test="root">{status.root}</dd>
          <dt>{t(words.checkpoint)}</dt>
          <dd>
            {status.checkpoint.age_seconds >= 0 ? (
              <>
                <span class={`chip ${status.checkpoint.signed ? "good" : "bad"}`}>{t(status.checkpoint.signed ? words.signed : words.unsigned)}</span>{" "}
                {fill(t(words.checkpoint_age), { n: status.checkpoint.age_seconds, size: status.checkpoint.size })}
                <div class="id">{status.checkpoint.root}</div>
              </>
            ) : t(words.no_checkpoint)}
          </dd>
        </dl>
      )}
      {busy ? <Busy text={words.verifying} />
        : <button type="button" class="button primary" data-test="verify" onClick={() => void verify()}>{t(words.verify)}</button>}
    </section>
  );
}

const DAY_MS = 86_400_000;

export function System() {
  const t = useText();
  const { value, trouble, again } = useLoad(() => api<Status>("GET", "/api/status"), "status");
  const expires = value?.certificate_expires ? toMs(value.certificate_expires) : null;
  const days = expires === null ? 0 : Math.floor((expires - Date.now()) / DAY_MS);
  return (
    <section class="panel" data-test="system">
      <Heading>{t(words.system)}</Heading>
      <Wrong trouble={trouble} />
      <Loading show={!value && !trouble} />
      {expires !== null && (
        <p class="summary" data-test="certificate">
          <strong>{t(words.certificate)}</strong><span>{dateTime(expires)}</span>
          <span class={`chip ${days < 0 ? "bad" : days < 30 ? "warn" : "good"}`}>{days < 0 ? t(words.expired) : fill(t(words.days_left), { n: days })}</span>
        </p>
      )}
      {value && (
        <div class="scroll" tabIndex={0} role="region" aria-label={t(words.counters)}>
          <table>
            <caption>{t(words.counters)}</caption>
            <thead><tr><th scope="col">{t(words.counter)}</th><th scope="col" class="number">{t(words.value)}</th></tr></thead>
            <tbody>{Object.entries(value.counters).map(([name, count]) => (
              <tr key={name}><th scope="row" class="id">{name}</th><td class="number">{count.toLocaleString()}</td></tr>
            ))}</tbody>
          </table>
        </div>
      )}
      <button type="button" class="button" onClick={again}>{t(words.refresh)}</button>
    </section>
  );
}
