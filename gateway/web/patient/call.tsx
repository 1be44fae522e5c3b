// Waiting room and call: the screens a patient spends the time on.
import { useEffect, useRef, useState } from "preact/hooks";
import { chime } from "../shared/devices";
import { questionDoors, recordDoor, visible } from "../shared/doors";
import { Icon } from "../shared/icons";
import { fill, useText } from "../shared/language";
import { carriesNoPicture } from "../shared/line";
import { Company, Screen, seatName } from "../shared/company";
import { canShare } from "../shared/screen_share";
import { writer, Writing, writingWords } from "../shared/writing";
import { Ask, Heading, Picture, Sound, Telephone } from "../shared/parts";
import type { Consultation } from "../shared/wire";
import { words } from "./texts";
import type { Visit, VisitState } from "./visit";

export function Waiting({ visit, state }: { visit: Visit; state: VisitState }) {
  const t = useText();
  const [leaving, setLeaving] = useState(false);
  const before = (state.consultation?.position ?? 1) - 1;
  const minutes = state.consultation?.wait_minutes;
  return (
    <section class="waiting panel" data-test="waiting">
      <Heading>{t(words.wait_title)}</Heading>
      <div class="place" role="status" aria-live="polite">
        <p class="place-number" data-test="position">
          {before <= 0 ? t(words.wait_next) : fill(t(words.wait_before), { n: before })}
        </p>
        {minutes !== undefined && <p>{minutes === 0 ? t(words.wait_soon) : fill(t(words.wait_minutes), { n: minutes })}</p>}
      </div>
      <p class={`connected ${state.path ? "yes" : ""}`} role="status" data-test="connected">
        <span class="dot" aria-hidden="true" />{t(state.path ? words.connected : words.connecting)}
      </p>
      {state.blocked && <Blocked state={state} />}
      {isWeak(state) && <p class="note">{t(words.weak)}</p>}
      <ul class="plain">
        <li>{t(words.wait_call)}</li>
        <li>{t(words.wait_keep)}</li>
        <li>{t(words.wait_nobody)}</li>
      </ul>
      <Picture stream={state.stream} mine label={t(words.own_picture)} class="small" test="own" />
      <button type="button" class="button" data-test="leave" onClick={() => setLeaving(true)}>{t(words.cancel)}</button>
      {leaving && <EndDialog visit={visit} waiting onClose={() => setLeaving(false)} />}
    </section>
  );
}

/* Seen, not only spoken: which step fails and what the person can do. */
function Blocked({ state }: { state: VisitState }) {
  return <p class="note" data-test="blocked"><strong>{state.blocked?.what}</strong> {state.blocked?.todo}</p>;
}

function isWeak(state: VisitState): boolean {
  return state.media?.quality === "weak" || state.media?.quality === "bad";
}

function EndDialog({ visit, waiting, onClose }: { visit: Visit; waiting?: boolean; onClose: () => void }) {
  const t = useText();
  return (
    <Ask title={t(words.end_title)} onClose={onClose} test="end-dialog">
      <p>{t(waiting ? words.end_lead_wait : words.end_lead)}</p>
      <button type="button" class="button primary" onClick={onClose} data-test="end-no">{t(words.end_no)}</button>
      <button type="button" class="button" onClick={() => void visit.end()} data-test="end-yes">{t(words.end_yes)}</button>
    </Ask>
  );
}

/* What the gateway measured and what the state says, as one sentence at most: the most useful one. */
function troubleLine(state: VisitState, t: ReturnType<typeof useText>): string {
  const consultation = state.consultation;
  const media = state.media;
  if (!consultation) return "";
  const line = lineSentence(media, t);
  if (consultation.notice_text && !(consultation.notice === "picture_lost" && line)) return consultation.notice_text;
  if (consultation.state === "reconnecting") return t(words.away);
  if (media?.physician_audio === "gap") return t(words.no_sound);
  if (media?.patient_audio === "gap" && state.voice) return t(words.my_sound);
  if (line) return line;
  if (media?.physician_video === "gap") return t(words.no_picture);
  if ((media?.patient_video === "gap" || consultation.picture_lost) && state.face) return t(words.my_picture);
  if (consultation.sound_lost) return t(words.no_sound);
  if (media?.quality === "bad") return t(words.voice_first);
  if (media?.quality === "weak") return t(words.weak);
  if (media?.patient_line === "small") return t(words.line_small);
  return "";
}

/* A picture that is paused for a line that cannot carry it: whose line, and that the voice goes on. */
function lineSentence(media: VisitState["media"], t: ReturnType<typeof useText>): string {
  if (carriesNoPicture(media?.patient_line)) return t(words.line_mine);
  return carriesNoPicture(media?.physician_line) ? t(words.line_other) : "";
}

function Banner({ visit, consultation }: { visit: Visit; consultation: Consultation }) {
  const t = useText();
  const seen = consultation.facts.some((fact) => fact.name === "dr_seen" && fact.value === true);
  switch (consultation.state) {
    case "ident":
      return (
        <div class="banner ident" role="status" data-test="banner-ident">
          <strong>{t(words.not_yet)}</strong>
          {!seen && !visit.guest && <span>{t(words.not_yet_lead)}</span>}
          {visit.guest ? null : seen ? <span data-test="dr-seen-done"><Icon name="check" /> {t(words.show_id)}</span> : (
            <button type="button" class="button primary" data-test="dr-seen" onClick={() => void visit.sawName()}>
              <Icon name="check" /> {t(words.saw_name)}
            </button>
          )}
        </div>
      );
    case "paused":
      return <div class="banner held" role="status"><strong><Icon name="pause" /> {t(words.paused)}</strong><span>{t(words.paused_lead)}</span></div>;
    case "emergency":
      return (
        <div class="banner emergency" role="alert">
          <strong><Icon name="alert" /> {t(words.emergency_state)}</strong><span>{t(words.emergency_lead)}</span>
          <a class="button" href="tel:119">{t(words.em_119)}</a>
        </div>
      );
    case "closing":
      return <div class="banner" role="status"><span>{t(words.closing)}</span></div>;
    default:
      return <div class="banner live" role="status" data-test="banner-consult"><strong>{t(words.consult)}</strong></div>;
  }
}

/* Yes/no cards: somebody joins, somebody wants to record. Each time anew (1.6-06), never preset. */
function Questions({ visit, consultation }: { visit: Visit; consultation: Consultation }) {
  const t = useText();
  const values = Object.fromEntries(consultation.facts.map((fact) => [fact.name, fact.value]));
  const asked = questionDoors.filter((door) => visible(door, values) && values[door.fact] === undefined);
  return (
    <>
      {asked.map((door) => (
        <div class="banner question" role="alert" key={door.fact} data-test={`question-${door.fact}`}>
          <strong>{t(door.label)}</strong>
          <span class="answers">
            <button type="button" class="button primary" data-test={`${door.fact}-yes`} onClick={() => void visit.answer(door.fact, true)}>{t(words.yes)}</button>
            <button type="button" class="button" data-test={`${door.fact}-no`} onClick={() => void visit.answer(door.fact, false)}>{t(words.no)}</button>
          </span>
        </div>
      ))}
    </>
  );
}

/* Who wants to come in, one card each (1.6-06); who is in can be asked to leave again. */
function Newcomers({ visit, consultation }: { visit: Visit; consultation: Consultation }) {
  const t = useText();
  const guests = consultation.roster.filter((seat) => seat.seat > 1 && !seat.self);
  const asked = guests.filter((seat) => seat.status === "waiting" && seat.consent !== "given" && seat.consent !== "refused");
  return (
    <>
      {asked.map((seat) => (
        <div class="banner question" role="alert" key={seat.seat} data-test="newcomer" data-seat={seat.seat}>
          <strong>{fill(t(words.guest_asks), { name: seatName(seat, t) })}</strong>
          <span>{t(words.guest_seen)}</span>
          <span class="answers">
            <button type="button" class="button primary" data-test="newcomer-yes" onClick={() => void visit.consent(seat.seat, true)}>{t(words.yes)}</button>
            <button type="button" class="button" data-test="newcomer-no" onClick={() => void visit.consent(seat.seat, false)}>{t(words.no)}</button>
          </span>
        </div>
      ))}
    </>
  );
}

/* In the dialog of requests, so that nobody presses it by mistake. */
function GuestsHere({ visit, consultation, done }: { visit: Visit; consultation: Consultation; done: () => void }) {
  const t = useText();
  return (
    <>
      {consultation.roster.filter((seat) => seat.seat > 1 && !seat.self && seat.status === "present").map((seat) => (
        <button type="button" class="button" key={seat.seat} data-test="guest-out" data-seat={seat.seat}
          onClick={() => { done(); void visit.consent(seat.seat, false); }}>{seatName(seat, t)}: {t(words.guest_out)}</button>
      ))}
    </>
  );
}

function Recording({ visit, consultation, done }: { visit: Visit; consultation: Consultation; done: () => void }) {
  const t = useText();
  const asked = consultation.facts.some((fact) => fact.name === recordDoor.fact && fact.value === "patient");
  const next = recordDoor.choices?.find((one) => one.value === (asked ? "none" : "patient"));
  return next ? (
    <button type="button" class="button" data-test="record" onClick={() => { done(); void visit.answer(recordDoor.fact, next.value); }}>{t(next.text)}</button>
  ) : null;
}

export function Call({ visit, state }: { visit: Visit; state: VisitState }) {
  const t = useText();
  const [open, setOpen] = useState<"end" | "phone" | "emergency" | "write" | null>(null);
  const [play, setPlay] = useState<(() => void) | null>(null);
  const close = () => setOpen(null);
  const consultation = state.consultation as Consultation;
  const line = troubleLine(state, t);
  const shown = state.screenShown !== null && consultation.roster.some((seat) => seat.screen && !seat.self);
  return (
    <section class="call" data-test="call" data-state={consultation.state}>
      <h1 class="sr-only">{t(consultation.state === "ident" ? words.not_yet : words.consult)}</h1>
      <div class="banners">
        <Banner visit={visit} consultation={consultation} />
        {!visit.guest && <Questions visit={visit} consultation={consultation} />}
        {!visit.guest && <Newcomers visit={visit} consultation={consultation} />}
      </div>
      <div class={`stage ${shown ? "with-screen" : ""}`}>
        <Screen roster={consultation.roster} stream={state.screenShown} />
        <Company roster={consultation.roster} large={1} streams={state.others} blocked={(again) => setPlay(() => again)} />
        <Picture stream={state.remoteVideo} label={t(words.doctor_picture)} class="remote" test="remote" />
        <Sound stream={state.remoteAudio} test="remote-audio" blocked={(again) => setPlay(() => again)} />
        <div class="own">
          {state.face ? <Picture stream={state.stream} mine label={t(words.own_picture)} test="own" />
            : <p class="own-off"><Icon name="face_off" />{t(words.face_is_off)}</p>}
        </div>
        <div class="lines" role="status" aria-live="polite">
          {line && <p class="line" data-test="line">{line}</p>}
          {state.unread && (
            <button type="button" class="line written" data-test="unread" onClick={() => { visit.read(); setOpen("write"); }}>
              <Icon name="write" /> {writer(state.unread, consultation.roster, t)}: {state.unread.text}
            </button>
          )}
          {state.sharing && <p class="line" data-test="sharing"><Icon name="screen" /> {t(words.sharing)}</p>}
          {!state.voice && <p class="line"><Icon name="voice_off" /> {t(words.voice_is_off)}</p>}
          {consultation.second_device && <p class="line">{t(words.second_device)}</p>}
        </div>
        {play && <button type="button" class="button primary sound" onClick={play}>{t(words.tap_sound)}</button>}
      </div>
      <nav class="controls" aria-label={t(words.controls)}>
        <Toggle on={state.voice} name="voice" label={t(words.voice)} title={t(state.voice ? words.voice_on : words.voice_off)}
          onClick={() => visit.setVoice(!state.voice)} />
        <Toggle on={state.face} name="face" label={t(words.face)} title={t(state.face ? words.face_on : words.face_off)}
          onClick={() => visit.setFace(!state.face)} />
        {state.role === "specialist" && canShare() && (
          <button type="button" class="control" data-test="share" aria-pressed={state.sharing}
            onClick={() => void (state.sharing ? visit.screen.stop() : visit.screen.start())}>
            <Icon name="screen" /><span>{t(state.sharing ? words.share_stop : words.share)}</span>
          </button>
        )}
        <button type="button" class="control" data-test="write" onClick={() => { visit.read(); setOpen("write"); }}>
          <Icon name="write" /><span>{t(words.write)}</span>
        </button>
        <button type="button" class="control end" data-test="end" onClick={() => setOpen("end")}>
          <Icon name="end" /><span>{t(words.end)}</span>
        </button>
        <div class="help">
          <button type="button" class="button" data-test="phone" onClick={() => setOpen("phone")}>
            <Icon name="phone" /> {t(words.telephone)}
          </button>
          <button type="button" class="button alarm" data-test="emergency" onClick={() => setOpen("emergency")}>
            <Icon name="alert" /> {t(words.emergency)}
          </button>
        </div>
      </nav>
      {open === "end" && <EndDialog visit={visit} onClose={close} />}
      {open === "write" && (
        <Ask title={t(writingWords.title)} onClose={close} test="write-dialog">
          <Writing written={state.written} roster={consultation.roster} send={(text) => visit.write(text)} />
          <button type="button" class="button" onClick={close}>{t(words.close)}</button>
        </Ask>
      )}
      {open === "phone" && (
        <Ask title={t(words.phone_title)} onClose={close}>
          <p>{t(words.phone_lead)}</p>
          <Telephone number={state.card?.telephone ?? ""} big />
          {!visit.guest && <GuestsHere visit={visit} consultation={consultation} done={close} />}
          {!visit.guest && <Recording visit={visit} consultation={consultation} done={close} />}
          <button type="button" class="button" onClick={close}>{t(words.close)}</button>
        </Ask>
      )}
      {open === "emergency" && (
        <Ask title={t(words.em_title)} onClose={close} test="emergency-dialog">
          <button type="button" class="button alarm" data-test="emergency-yes" onClick={() => { close(); void visit.emergency(); }}>{t(words.em_yes)}</button>
          <a class="button" href="tel:119"><Icon name="phone" /> {t(words.em_119)}</a>
          <button type="button" class="button" onClick={close}>{t(words.em_no)}</button>
        </Ask>
      )}
    </section>
  );
}

function Toggle(props: { on: boolean; name: "voice" | "face"; label: string; title: string; onClick: () => void }) {
  return (
    <button type="button" class={`control ${props.on ? "" : "off"}`} data-test={props.name} onClick={props.onClick}
      aria-label={`${props.label}: ${props.title}`} aria-pressed={props.on}>
      <Icon name={props.on ? props.name : (`${props.name}_off` as "voice_off" | "face_off")} /><span>{props.label}</span>
    </button>
  );
}

const TELEPHONE_AFTER_MS = 30_000;
const SHOWN_AFTER_MS = 1000; // most cuts are over before anybody has to know

/* Reconnecting by itself; after 30 s the clinic's number fills the screen, and the page still tries. */
export function Reconnecting({ visit, state }: { visit: Visit; state: VisitState }) {
  const t = useText();
  const [now, setNow] = useState(Date.now());
  const rang = useRef(false);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const long = now - state.lostAt >= TELEPHONE_AFTER_MS;
  useEffect(() => {
    if (long && !rang.current) {
      rang.current = true;
      void chime(visit.audio);
    }
  }, [long]);
  if (now - state.lostAt < SHOWN_AFTER_MS) return null;
  return (
    <section class={`reconnecting ${long ? "long" : ""}`} role="alert" data-test={long ? "reconnecting-long" : "reconnecting"}>
      {!long && <span class="spinner large" aria-hidden="true" />}
      <h2>{t(long ? words.reconnect_long : words.reconnect_title)}</h2>
      <p>{t(long ? words.reconnect_phone : words.reconnect_lead)}</p>
      {state.blocked && <Blocked state={state} />}
      {state.card && <Telephone number={state.card.telephone} big={long} />}
      {long && <p class="busy"><span class="spinner" aria-hidden="true" />{t(words.reconnect_title)}</p>}
    </section>
  );
}
