// List, search and one consultation's timeline.
import { useState } from "preact/hooks";
import { acts, extraKeys, gates, results, roles, staffCodes, states, suppliers, tracks, verdicts, wordOf } from "../shared/codes";
import { allDoors } from "../shared/doors";
import { api, troubleOf, type Trouble } from "../shared/http";
import { dateTime, fill, minutesSeconds, useText } from "../shared/language";
import { Copy, Heading } from "../shared/parts";
import { Devices } from "./devices";
import { Loading, useLoad, Wrong } from "./parts";
import { words } from "./texts";
import { toMs, type Entry, type LogRecord, type Page, type Timeline } from "./types";

interface Filter { text: string; state: string; from: string; to: string }
const NO_FILTER: Filter = { text: "", state: "", from: "", to: "" };

/* Civil days are those of Japan. */
function dayStart(day: string, plusDays: number): string {
  return day === "" ? "" : String(Date.parse(`${day}T00:00:00+09:00`) + plusDays * 86_400_000);
}

export function Consultations() {
  const t = useText();
  const [draft, setDraft] = useState<Filter>(NO_FILTER);
  const [filter, setFilter] = useState<Filter>(NO_FILTER);
  const [page, setPage] = useState(0);
  const wanted = { text: filter.text.trim(), state: filter.state, from: dayStart(filter.from, 0), to: dayStart(filter.to, 1), page: String(page) };
  const query = new URLSearchParams(Object.entries(wanted).filter(([, one]) => one !== ""));
  const { value, trouble } = useLoad(() => api<Page>("GET", `/api/consultations?${query}`), query.toString());
  const search = (event: Event) => {
    event.preventDefault();
    setPage(0);
    setFilter(draft);
  };
  return (
    <section class="panel" data-test="consultations">
      <Heading>{t(words.consultations)}</Heading>
      <form class="search" role="search" onSubmit={search}>
        <label class="field grow"><span>{t(words.text)}</span>
          <input type="search" value={draft.text} maxLength={64} data-test="search-text" onInput={(event) => setDraft({ ...draft, text: event.currentTarget.value })} /></label>
        <label class="field"><span>{t(words.state)}</span>
          <select value={draft.state} data-test="search-state" onChange={(event) => setDraft({ ...draft, state: event.currentTarget.value })}>
            <option value="">{t(words.any)}</option>
            {Object.keys(states).map((state) => <option key={state} value={state}>{wordOf(states, state, t)}</option>)}
          </select></label>
        <label class="field"><span>{t(words.from)}</span>
          <input type="date" value={draft.from} onInput={(event) => setDraft({ ...draft, from: event.currentTarget.value })} /></label>
        <label class="field"><span>{t(words.to)}</span>
          <input type="date" value={draft.to} onInput={(event) => setDraft({ ...draft, to: event.currentTarget.value })} /></label>
        <button type="submit" class="button primary" data-test="search-go">{t(words.search)}</button>
      </form>
      <Wrong trouble={trouble} />
      <Loading show={!value && !trouble} />
      {value && <Table entries={value.entries} />}
      {value && (page > 0 || value.next !== null) && (
        <nav class="pages" aria-label={fill(t(words.page), { n: page + 1 })}>
          <button type="button" class="button" disabled={page === 0} data-test="page-previous" onClick={() => setPage(page - 1)}>{t(words.previous_page)}</button>
          <span>{fill(t(words.page), { n: page + 1 })}</span>
          <button type="button" class="button" disabled={value.next === null} data-test="page-next" onClick={() => setPage(value.next ?? page + 1)}>{t(words.next_page)}</button>
        </nav>
      )}
    </section>
  );
}

function StateChip({ state }: { state: string }) {
  const t = useText();
  const kind = state === "closed_clean" ? "good" : state === "abandoned" || state === "closed_tasks" || state === "converted" ? "warn" : state === "emergency" ? "bad" : "";
  return <span class={`chip ${kind}`}>{wordOf(states, state, t)}</span>;
}

function short(ms: number): string {
  return dateTime(ms, { weekday: undefined });
}

function hours(ms: number | null | undefined): string {
  return ms ? dateTime(ms, { year: undefined, month: undefined, day: undefined, weekday: undefined }) : "–";
}

function Table({ entries }: { entries: Entry[] }) {
  const t = useText();
  if (entries.length === 0) return <p role="status">{t(words.none)}</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t(words.consultations)}>
      <table data-test="list">
        <thead><tr>
          <th scope="col">{t(words.booked)}</th><th scope="col">{t(words.state)}</th><th scope="col">{t(words.physician)}</th>
          <th scope="col">{t(words.patient)}</th><th scope="col">{t(words.duration)}</th><th scope="col">{t(words.outcome)}</th>
          <th scope="col" class="number">{t(words.examined)}</th><th scope="col" class="number">{t(words.gaps)}</th>
        </tr></thead>
        <tbody>
          {entries.map((one) => (
            <tr key={one.id} data-test="entry" data-consultation={one.id}>
              <th scope="row"><a href={`#/consultation/${one.id}`}>{one.booked_for ? short(one.booked_for) : one.id}</a></th>
              <td><StateChip state={one.state} /></td><td>{one.physician_name ?? one.physician}</td><td class="id">{one.patient_ref}</td>
              <td>{hours(one.started_at)} – {hours(one.ended_at)}</td><td>{one.outcome ? wordOf(staffCodes, one.outcome, t) : "–"}</td>
              <td class="number">{one.examined_seconds > 0 ? minutesSeconds(one.examined_seconds) : "–"}</td>
              <td class="number">{one.gap_seconds > 0 ? fill(t(words.seconds), { n: one.gap_seconds }) : 0}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function One({ id }: { id: string }) {
  const t = useText();
  const entry = useLoad(() => api<Entry>("GET", `/api/consultations/${encodeURIComponent(id)}`), id);
  const timeline = useLoad(() => api<Timeline>("GET", `/api/consultations/${encodeURIComponent(id)}/timeline`), id);
  return (
    <section class="panel" data-test="consultation">
      <p><a href="#/consultations" data-test="back">← {t(words.back)}</a></p>
      <Heading>{t(words.timeline)}</Heading>
      <p class="id">{id}</p>
      <Wrong trouble={entry.trouble} />
      {entry.value && (
        <p class="summary">
          <StateChip state={entry.value.state} /><span>{entry.value.physician_name ?? <span class="id">{entry.value.physician}</span>}</span><span>{entry.value.booked_for ? short(entry.value.booked_for) : ""}</span>
          {entry.value.outcome && <span>{wordOf(staffCodes, entry.value.outcome, t)}</span>}
        </p>
      )}
      {entry.value && ["booked", "lobby"].includes(entry.value.state) && <NewLink id={id} />}
      {entry.value && !entry.value.ended_at && <Devices id={id} />}
      <Wrong trouble={timeline.trouble} />
      <Loading show={!timeline.value && !timeline.trouble} />
      {timeline.value && <Records records={timeline.value.records} />}
      {timeline.value && <Decisions timeline={timeline.value} />}
    </section>
  );
}

function NewLink({ id }: { id: string }) {
  const t = useText();
  const [link, setLink] = useState<string | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const issue = async () => {
    setTrouble(null);
    try {
      setLink((await api<{ link: string }>("POST", `/api/consultations/${encodeURIComponent(id)}/invitation`, {})).link);
    } catch (error) {
      setTrouble(troubleOf(error));
    }
  };
  return (
    <div class="new-link">
      {link ? <Copy text={link} label={words.copy} /> : (
        <>
          <button type="button" class="button" data-test="new-link" onClick={() => void issue()}>{t(words.new_link)}</button>
          <span class="quiet">{t(words.new_link_hint)}</span>
        </>
      )}
      <Wrong trouble={trouble} />
    </div>
  );
}

function seconds(t: string | number): string {
  return dateTime(toMs(t), { weekday: undefined, year: undefined, month: "numeric", second: "2-digit" });
}

/* Codes get their words where we have them; ids and numbers stay as they are. */
function detailWords(key: string, value: string | number | boolean, t: ReturnType<typeof useText>): string {
  const text = String(value);
  if (typeof value === "number" && /_us$/.test(key)) return fill(t(words.seconds), { n: (value / 1_000_000).toFixed(1) });
  if (typeof value === "number" && /(^|_)ms$/.test(key)) return fill(t(words.seconds), { n: (value / 1000).toFixed(1) });
  if (key === "fact") {
    const door = allDoors.find((one) => one.fact === text);
    return door ? t(door.label) : text;
  }
  for (const table of [suppliers, tracks, states, verdicts, gates, staffCodes, roles]) if (text in table) return wordOf(table, text, t);
  return text;
}

/* Shown elsewhere in the line, or of no use to a reader. */
const HIDDEN = ["v", "role", "session", "known", "seat_role"];

function Records({ records }: { records: LogRecord[] }) {
  const t = useText();
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t(words.timeline)}>
      <table data-test="timeline">
        <thead><tr>
          <th scope="col" class="number">#</th><th scope="col">{t(words.when)}</th><th scope="col">{t(words.who)}</th>
          <th scope="col">{t(words.what)}</th><th scope="col">{t(words.result)}</th><th scope="col">{t(words.rule)}</th><th scope="col">{t(words.detail)}</th>
        </tr></thead>
        <tbody>
          {records.map((one) => (
            <tr key={one.seq} class={`${one.out} ${one.act.startsWith("media.gap") ? "gap" : ""}`} data-test="record" data-act={one.act}>
              <td class="number">{one.seq}</td><td class="when">{seconds(one.t)}</td>
              <td>{wordOf(roles, String(one.x?.["role"] ?? one.actor.role ?? one.actor.k), t)}</td>
              <td><strong>{wordOf(acts, one.act, t)}</strong></td>
              <td><span class={`chip ${one.out === "ok" ? "good" : one.out === "deny" ? "warn" : one.out === "error" ? "bad" : ""}`}>{wordOf(results, one.out, t)}</span></td>
              <td class="id">{one.rule?.id ?? ""}</td>
              <td><div class="details">{Object.entries(one.x ?? {}).filter(([key]) => !HIDDEN.includes(key)).map(([key, value]) => (
                <span key={key}><span class="key">{wordOf(extraKeys, key, t)}</span> {detailWords(key, value, t)}</span>
              ))}</div></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Decisions({ timeline }: { timeline: Timeline }) {
  const t = useText();
  if (timeline.decisions.length === 0) return null;
  return (
    <section>
      <h2>{t(words.decisions)}</h2>
      <ul class="plain decisions" data-test="decisions">
        {timeline.decisions.map((one) => (
          <li key={one.id} data-test="decision">
            <p class="summary">
              <strong>{one.gate} {wordOf(gates, one.gate, t)}</strong>
              <span class={`chip ${one.verdict === "pass" ? "good" : one.verdict === "warn" ? "warn" : "bad"}`}>{wordOf(verdicts, one.verdict, t)}</span>
              <span>{seconds(one.at)}</span>
            </p>
            {one.failed !== "" && (
              <p><span class="key">{t(words.failed)}: </span>{one.failed.split(/[ ,]+/).map((rule) => <span class="id rule" key={rule}>{rule} </span>)}</p>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
