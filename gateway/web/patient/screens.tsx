// The screens before the waiting room: start, permission, device check, agreement.
import { useEffect, useRef, useState } from "preact/hooks";
import { inApp, isApple } from "../shared/browser";
import { chime, LevelMeter } from "../shared/devices";
import { placeDoor } from "../shared/doors";
import { Icon } from "../shared/icons";
import { language, useText } from "../shared/language";
import { Busy, Copy, Heading, Picture } from "../shared/parts";
import { words } from "./texts";
import type { Visit, VisitState } from "./visit";

export function InApp() {
  const t = useText();
  const apple = isApple(navigator.userAgent);
  const line = inApp(navigator.userAgent) === "line";
  const outside = `${location.origin}${location.pathname}?openExternalBrowser=1${location.hash}`;
  return (
    <section class="panel" data-test="inapp">
      <span class="badge-icon warn"><Icon name="alert" /></span>
      <Heading>{t(words.inapp_title)}</Heading>
      <p class="lead">{t(apple ? words.inapp_apple : words.inapp_other)}</p>
      {line && <a class="button primary" href={outside}>{t(words.inapp_line)}</a>}
      <ol class="steps">
        <li>{t(words.inapp_step1)}</li>
        <li>{t(apple ? words.inapp_step2_apple : words.inapp_step2_other)}</li>
      </ol>
      <Copy text={location.href} label={words.copy_link} />
      <p class="quiet">{t(words.inapp_safe)}</p>
    </section>
  );
}

/* A drawing of the question the browser asks next, so that it is expected. */
function AllowPicture() {
  const t = useText();
  return (
    <div class="allow" aria-hidden="true">
      <p><Icon name="face" /> <Icon name="voice" /> {t(words.dialog_line)}</p>
      <p class="allow-buttons"><span>{t(words.deny)}</span><span class="yes">{t(words.allow)}</span></p>
    </div>
  );
}

export function Start({ visit, asking }: { visit: Visit; asking: boolean }) {
  const t = useText();
  return (
    <section class="panel start" data-test={asking ? "asking" : "start-screen"}>
      <Heading>{t(asking ? words.asking : words.start_title)}</Heading>
      {!asking && <p class="lead">{t(words.start_lead)}</p>}
      {!asking && (
        <button type="button" class="button primary huge" data-test="start" onClick={() => void visit.start()}>{t(words.start)}</button>
      )}
      <h2>{t(words.ask_hint_title)}</h2>
      <AllowPicture />
      <p>{t(words.ask_hint)}</p>
      <p>{t(words.ask_why)}</p>
    </section>
  );
}

const VOICE_THRESHOLD = 0.12;
const VOICE_PATIENCE_MS = 6000;
const OK_SHOWN_MS = 1600;

/* Passes by itself when a picture moves and a voice was heard; nobody has to judge anything. */
export function Check({ visit, state }: { visit: Visit; state: VisitState }) {
  const t = useText();
  const bar = useRef<HTMLDivElement>(null);
  const [voice, setVoice] = useState(false);
  const [face, setFace] = useState(false);
  const [patient, setPatient] = useState(true);
  useEffect(() => {
    const stream = state.stream;
    if (!stream) return;
    void chime(visit.audio).then((played) => played && visit.played());
    const meter = visit.audio && new LevelMeter(visit.audio, stream, (level) => {
      if (bar.current) bar.current.style.transform = `scaleX(${level.toFixed(3)})`;
      if (level > VOICE_THRESHOLD) setVoice(true);
    });
    const look = setInterval(() => {
      const own = document.querySelector<HTMLVideoElement>("video.mine");
      if (own && own.videoWidth > 0 && own.currentTime > 0) setFace(true);
    }, 200);
    const impatient = setTimeout(() => setPatient(false), VOICE_PATIENCE_MS);
    return () => {
      meter?.stop();
      clearInterval(look);
      clearTimeout(impatient);
    };
  }, [state.stream]);
  const well = voice && face;
  useEffect(() => {
    if (!well) return;
    const timer = setTimeout(() => visit.checked({ microphone: true }), OK_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [well]);
  return (
    <section class="panel check" data-test="check">
      <Heading>{t(words.check_title)}</Heading>
      <div class="check-view">
        <Picture stream={state.stream} mine label={t(words.own_picture)} test="own" />
        <div class="level" aria-hidden="true"><Icon name="voice" /><div class="level-track"><div class="level-bar" ref={bar} /></div></div>
      </div>
      {!voice && <p class="lead">{t(words.check_say)}</p>}
      <div role="status" aria-live="polite">
        <ul class="ticks">
          <li class={face ? "ok" : ""}><Icon name={face ? "check" : "face"} /> {t(face ? words.check_face_ok : words.check_face_wait)}</li>
          <li class={voice ? "ok" : ""}><Icon name={voice ? "check" : "voice"} /> {t(voice ? words.check_voice_ok : words.check_voice_wait)}</li>
          {well && <li class="ok all" data-test="check-ok">{t(words.check_all_ok)}</li>}
        </ul>
      </div>
      {!well && !patient && <p class="note">{t(words.check_voice_none)}</p>}
      {(well || !patient) && (
        <button type="button" class="button primary" data-test="check-next" onClick={() => visit.checked({ microphone: voice })}>{t(words.next)}</button>
      )}
    </section>
  );
}

export function Agree({ visit, state }: { visit: Visit; state: VisitState }) {
  const t = useText();
  const [place, setPlace] = useState(String(placeDoor.preset));
  const [alone, setAlone] = useState(true);
  const wanted = language();
  const text = state.agreement?.language === wanted ? state.agreement : null;
  useEffect(() => {
    if (state.agreement && state.agreement.language !== wanted) void visit.loadAgreement();
  }, [wanted]);
  if (!text) return <section class="panel"><Busy text={words.agree_loading} /></section>;
  return (
    <section class="panel agree" data-test="agree">
      <Heading>{t(words.agree_title)}</Heading>
      <div class="agreement" lang={text.language} data-test="agreement-text">
        {text.paragraphs.map((paragraph) => <p key={paragraph}>{paragraph}</p>)}
      </div>
      <form onSubmit={(event) => { event.preventDefault(); void visit.agree(place, alone); }}>
        <label class="field">
          <span>{t(words.agree_where)}</span>
          <select value={place} data-test="place" onChange={(event) => setPlace(event.currentTarget.value)}>
            {placeDoor.choices?.map((one) => <option key={one.value} value={one.value}>{t(one.text)}</option>)}
          </select>
        </label>
        <label class="tick">
          <input type="checkbox" checked={alone} data-test="alone" aria-describedby="alone-hint"
            onChange={(event) => setAlone(event.currentTarget.checked)} />
          <span>{t(words.agree_private)}</span>
        </label>
        <p class="quiet" id="alone-hint">{t(words.agree_private_hint)}</p>
        <button type="submit" class="button primary huge" data-test="agree-button">{t(words.agree_button)}</button>
        <p class="quiet">{t(words.agree_means)}</p>
      </form>
    </section>
  );
}
