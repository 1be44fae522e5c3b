// The clinic page: queue | picture | checks.
import "../shared/base.css";
import "./physician.css";
import { render } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { eventCodes, staffCodes, states, wordOf } from "../shared/codes";
import { Company, Screen } from "../shared/company";
import { Icon } from "../shared/icons";
import { clock, fill, languageStore, minutesSeconds, useText, useTitle } from "../shared/language";
import { carriesNoPicture } from "../shared/line";
import { Live, Picture, Sound } from "../shared/parts";
import { Staff } from "../shared/staff";
import { useStore } from "../shared/store";
import { Writing, writingWords } from "../shared/writing";
import type { Consultation, Waiting } from "../shared/wire";
import { Checks, Confirm, Rules } from "./checks";
import { Desk, isLive, type DeskState } from "./desk";
import { Actions, Boxes, People } from "./actions";
import { words } from "./texts";

function QueueLine({ desk, state, entry }: { desk: Desk; state: DeskState; entry: Waiting }) {
  const t = useText();
  const current = state.current?.id === entry.consultation;
  const waiting = entry.state === "lobby";
  return (
    <li>
      <button type="button" class={`queue-line ${current ? "current" : ""}`} aria-current={current ? "true" : undefined}
        disabled={!entry.mine || entry.state === "booked"} data-test="queue-entry" data-consultation={entry.consultation} data-state={entry.state}
        onClick={() => desk.select(entry.consultation)}>
        <span class="queue-name">
          <span class={`light ${entry.here ? (entry.media ? "media" : "here") : ""}`} aria-hidden="true" />
          <strong>{entry.patient}</strong>
        </span>
        <span class="queue-facts">
          <span class={`chip ${waiting ? "" : isLive(entry.state) ? "good" : "warn"}`}>{wordOf(states, entry.state, t)}</span>
          {entry.visit && <span>{entry.visit === "first" ? t(words.first) : entry.visit === "follow_up" ? t(words.follow_up) : entry.visit}</span>}
          {waiting ? <span>{fill(t(words.waited), { n: Math.floor(entry.waited / 60) })}</span>
            : <span>{fill(t(words.booked_for), { time: clock(entry.booked_for) })}</span>}
        </span>
        <span class="queue-facts">
          <span>{t(entry.here ? (entry.media ? words.here_media : words.here) : words.not_here)}</span>
          {entry.blocked && entry.state !== "booked" && <span class="chip warn">{t(words.blocked)}</span>}
          {!entry.mine && <span>{t(words.other_physician)}</span>}
        </span>
      </button>
    </li>
  );
}

function Queue({ desk, state }: { desk: Desk; state: DeskState }) {
  const t = useText();
  return (
    <section class="zone queue" aria-labelledby="zone-queue" data-test="queue">
      <h2 id="zone-queue">{t(words.queue)}</h2>
      {state.queue.length === 0 && <p class="quiet">{t(words.queue_empty)}</p>}
      <ul class="plain">{state.queue.map((entry) => <QueueLine key={entry.consultation} desk={desk} state={state} entry={entry} />)}</ul>
      {state.last && (
        <p class="last" role="status" data-test="last">
          {fill(t(words.ended), { name: state.last.patient, word: wordOf(staffCodes, state.last.outcome, t) || wordOf(states, state.last.state, t) })}
        </p>
      )}
    </section>
  );
}

function CameraNote({ desk, state }: { desk: Desk; state: DeskState }) {
  const t = useText();
  if (state.camera === "ready") return null;
  return (
    <p class="note" role="status">
      {t(words[`camera_${state.camera}`])}{" "}
      {state.camera !== "asking" && <button type="button" class="button" onClick={() => void desk.openCamera()}>{t(words.again)}</button>}
    </p>
  );
}

function Stage({ desk, state }: { desk: Desk; state: DeskState }) {
  const t = useText();
  const [play, setPlay] = useState<(() => void) | null>(null);
  const current = state.current;
  const live = isLive(current?.state);
  const screen = live && state.screen !== null && current?.roster.some((seat) => seat.screen && !seat.self);
  return (
    <section class="zone centre" aria-labelledby="zone-picture">
      <h2 id="zone-picture" class="sr-only">{t(words.picture)}</h2>
      <CameraNote desk={desk} state={state} />
      {current && live && (
        <p class={`state-line at-${current.state}`} role="status" data-test="state" data-state={current.state}>
          <strong>{current.patient}</strong>
          <span>{current.state === "ident" ? t(words.not_yet) : wordOf(states, current.state, t)}</span>
          {current.state !== "ident" && <Clock key={current.revision} seconds={current.examined} runs={current.state === "consult" && !current.picture_lost && !current.sound_lost} />}
          {state.media?.quality === "weak" && <span class="chip warn">{t(words.quality_weak)}</span>}
          {(state.media?.patient_line === "small" || state.media?.physician_line === "small") && <span class="chip warn">{t(words.line_small)}</span>}
          {state.media?.quality === "bad" && <span class="chip bad">{t(words.quality_bad)}</span>}
        </p>
      )}
      <div class={`stage ${live ? "" : "idle"} ${screen ? "with-screen" : ""}`}>
        {current && live && <Screen roster={current.roster} stream={state.screen} />}
        {current && live && <Company roster={current.roster} large={0} streams={state.others} blocked={(again) => setPlay(() => again)} />}
        {live && <Picture stream={state.remoteVideo} label={t(words.patient_picture)} class="remote" test="remote" />}
        {live && <Sound stream={state.remoteAudio} test="remote-audio" blocked={(again) => setPlay(() => again)} />}
        {!live && (
          <div class="idle-text">
            {current ? (
              <>
                <p class="quiet-light">{t(words.next)}</p>
                <h3>{current.patient}</h3>
                <p role="status" data-test="prepared" data-ready={state.path ? "yes" : "no"}>{t(state.path ? words.prepared : words.preparing)}</p>
                <button type="button" class="button primary big call-in" disabled={state.busy} data-test="admit" onClick={() => void desk.callIn()}>
                  {t(words.call_in)} <kbd>F2</kbd>
                </button>
                <p><Icon name="lock" /> {t(words.closed_gate)}</p>
              </>
            ) : (
              <>
                <h3>{t(words.nobody)}</h3>
                <p>{t(words.nobody_lead)}</p>
              </>
            )}
          </div>
        )}
        {state.stream && (
          <div class="own">
            {state.face ? <Picture stream={state.stream} mine label={t(words.own_picture)} test="own" /> : <p class="own-off">{t(words.face_off)}</p>}
          </div>
        )}
        {play && <button type="button" class="button primary sound" onClick={play}>{t(words.tap_sound)}</button>}
      </div>
      {live && <LineNote state={state} />}
      {current && live && (
        <WriteBox desk={desk} state={state} current={current} />
      )}
      {current && live && <Boxes desk={desk} state={state} current={current} />}
      <div class="under" role="group" aria-label={t(words.controls)}>
        <button type="button" class={`button ${state.voice ? "" : "alarm"}`} aria-pressed={state.voice} data-test="voice" onClick={() => desk.setVoice(!state.voice)}>
          <Icon name={state.voice ? "voice" : "voice_off"} /> {t(words.voice)}
        </button>
        <button type="button" class={`button ${state.face ? "" : "alarm"}`} aria-pressed={state.face} data-test="face" onClick={() => desk.setFace(!state.face)}>
          <Icon name={state.face ? "face" : "face_off"} /> {t(words.face)}
        </button>
        {current && live && (
          <button type="button" class={`button ${state.sharing ? "alarm" : ""}`} disabled={state.busy} aria-pressed={state.sharing} data-test="share"
            onClick={() => void (state.sharing ? desk.screen.stop() : desk.screen.start())}>
            <Icon name="screen" /> {t(state.sharing ? words.share_stop : words.share)}
          </button>
        )}
        {state.media && live && <Tracks state={state} />}
        {current && live && <Actions desk={desk} state={state} current={current} />}
      </div>
      {current && <People desk={desk} state={state} current={current} />}
    </section>
  );
}

/* Opens by itself for every line that comes in: text nobody sees is no help. */
function WriteBox({ desk, state, current }: { desk: Desk; state: DeskState; current: Consultation }) {
  const t = useText();
  const box = useRef<HTMLDetailsElement>(null);
  const newest = state.written.filter((one) => !one.mine).at(-1);
  useEffect(() => {
    if (newest && box.current) box.current.open = true;
  }, [newest]);
  return (
    <details class="write-box" data-test="write" ref={box}>
      <summary><Icon name="write" /> {t(writingWords.title)}</summary>
      <Writing written={state.written} roster={current.roster} send={(text) => desk.write(text)} />
    </details>
  );
}

/* Whose line cannot carry a picture now, and what that means for the two. */
function LineNote({ state }: { state: DeskState }) {
  const t = useText();
  const notes = [
    ...(carriesNoPicture(state.media?.physician_line) ? [t(words.line_own)] : []),
    ...(carriesNoPicture(state.media?.patient_line) ? [t(words.line_patient)] : []),
  ];
  if (notes.length === 0) return null;
  return <div class="box" role="status" data-test="line-note">{notes.map((note) => <p key={note}>{note}</p>)}</div>;
}

/* The examination clock: counted by the gateway, drawn forward here between two messages. */
function Clock({ seconds, runs }: { seconds: number; runs: boolean }) {
  const t = useText();
  const started = useRef(Date.now());
  const [, tick] = useState(0);
  useEffect(() => {
    if (!runs) return;
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, [runs]);
  const now = runs ? seconds + (Date.now() - started.current) / 1000 : seconds;
  return <span class="clock">{fill(t(words.examined), { time: minutesSeconds(now) })}</span>;
}

function Tracks({ state }: { state: DeskState }) {
  const t = useText();
  const tracks = [["sound_live", state.media?.patient_audio], ["picture_live", state.media?.patient_video]] as const;
  return (
    <span class="tracks">
      {tracks.map(([name, value]) => (
        <span key={name} class={`chip ${value === "live" ? "good" : value === "gap" ? "bad" : ""}`} data-test={name} data-value={value}>
          {t(words[name])}{value === "live" ? " ○" : value === "gap" ? " ×" : " －"}
        </span>
      ))}
    </span>
  );
}

function Refused({ desk, state }: { desk: Desk; state: DeskState }) {
  const t = useText();
  if (!state.refusal) return null;
  // what stands in the list below anyway is not said twice
  const failed = state.refusal.failed.filter((one) => !state.current?.open.some((other) => other.rule === one.rule));
  return (
    <div class="wrong" role="alert" data-test="refusal" data-code={state.refusal.code}>
      <strong>{t(words.refused)}: {state.refusal.what}</strong>
      <span>{state.refusal.todo}</span>
      {failed.length > 0 && <ul>{failed.map((one) => <li key={one.rule}>{one.text}</li>)}</ul>}
      <button type="button" class="button" onClick={() => desk.clearRefusal()}>{t(words.back)}</button>
    </div>
  );
}

function ChecksZone({ desk, state }: { desk: Desk; state: DeskState }) {
  const t = useText();
  const current = state.current;
  return (
    <section class="zone checks" aria-labelledby="zone-checks">
      <h2 id="zone-checks">{t(words.checks)}</h2>
      <Refused desk={desk} state={state} />
      {current && <Rules desk={desk} open={current.open} busy={state.busy} />}
      {current?.state === "closing" && <Closing desk={desk} state={state} />}
      {current && <Checks desk={desk} state={state} consultation={current} />}
      {current && (
        <div class="foot">
          <Confirm state={state} consultation={current} />
          {current.state === "ident" && (
            <button type="button" class="button primary big" disabled={state.busy} data-test="start" onClick={() => void desk.act("start")}>
              {t(words.start)} <kbd>F8</kbd>
            </button>
          )}
        </div>
      )}
    </section>
  );
}

function Closing({ desk, state }: { desk: Desk; state: DeskState }) {
  const t = useText();
  const codes = eventCodes["close"] ?? [];
  const [outcome, setOutcome] = useState(codes[0] ?? "");
  return (
    <div class="closing" data-test="closing">
      <p>{t(words.closing_lead)}</p>
      <label class="field"><span>{t(words.outcome)}</span>
        <select value={outcome} data-test="outcome" onChange={(event) => setOutcome(event.currentTarget.value)}>
          {codes.map((code) => <option key={code} value={code}>{wordOf(staffCodes, code, t)}</option>)}
        </select>
      </label>
      <button type="button" class="button primary big" disabled={state.busy} data-test="close" onClick={() => void desk.act("close", { code: outcome })}>{t(words.close)}</button>
      <button type="button" class="button" disabled={state.busy} data-test="close-open" onClick={() => void desk.act("close_limit", { code: outcome })}>{t(words.close_open)}</button>
    </div>
  );
}

/* F2 call in, F4 confirm, F8 start, F9 finish: function keys cannot be typed into a field by mistake. */
const KEYS: Record<string, string> = { F2: "admit", F4: "confirm", F8: "start", F9: "finish" };

function Room({ signedOut }: { signedOut: () => void }) {
  const t = useText();
  useTitle(words.title);
  const desk = useMemo(() => new Desk(), []);
  const state = useStore(desk);
  useEffect(() => {
    void desk.open();
    const keys = (event: KeyboardEvent) => {
      const name = KEYS[event.key];
      if (!name || event.altKey || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
      const button = document.querySelector<HTMLButtonElement>(`[data-test="${name}"]`);
      if (!button) return;
      event.preventDefault();
      button.click();
    };
    addEventListener("keydown", keys);
    const unsubscribe = languageStore.subscribe(() => desk.relanguage());
    return () => {
      removeEventListener("keydown", keys);
      unsubscribe();
      desk.close();
    };
  }, [desk]);
  useEffect(() => {
    if (state.signedOut) signedOut();
  }, [state.signedOut]);
  return (
    <main class="desk" data-test="desk">
      <h1 class="sr-only">{t(words.title)}</h1>
      {state.line === "lost" && <p class="line-lost note" role="status" data-test="line-lost">{t(words.line_lost)}</p>}
      <Queue desk={desk} state={state} />
      <Stage desk={desk} state={state} />
      <ChecksZone desk={desk} state={state} />
      <Live text={state.said} strong />
    </main>
  );
}

function Page() {
  useTitle(words.title);
  return (
    <Staff heading={words.title} mayUse={["physician", "clerk"]}>
      {(_me, signedOut) => <Room signedOut={signedOut} />}
    </Staff>
  );
}

render(<Page />, document.getElementById("page") as HTMLElement);
