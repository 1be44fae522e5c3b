// What the physician can do with a running visit, and the boxes that ask for a choice.
import { useState } from "preact/hooks";
import { eventCodes, guestRoles, roles, seatStates, staffCodes, wordOf } from "../shared/codes";
import { Icon } from "../shared/icons";
import { fill, useText, type Text } from "../shared/language";
import { Ask, Copy } from "../shared/parts";
import { Marks, seatName } from "../shared/company";
import type { Consultation, Seat } from "../shared/wire";
import { isLive, type Desk, type DeskState } from "./desk";
import { words } from "./texts";

interface Part { desk: Desk; state: DeskState; current: Consultation }

/* Which acts make sense in which state; the gateway decides. */
const MORE: Record<string, readonly string[]> = {
  ident: ["defer", "convert"],
  consult: ["hold", "telephone", "unsuitable"],
  paused: ["unsuitable"],
  reconnecting: ["unsuitable"],
};
const DIRECT: Record<string, readonly string[]> = { consult: ["finish"], paused: ["continue"] };
const LABELS: Record<string, Text> = {
  defer: words.defer, convert: words.convert, hold: words.hold, telephone: words.telephone, unsuitable: words.unsuitable,
  finish: words.finish, continue: words.continue, emergency_over: words.emergency_over,
};

export function Actions({ desk, state, current }: Part) {
  const t = useText();
  const [asked, setAsked] = useState<string | null>(null);
  const codes = asked ? (eventCodes[asked] ?? []) : [];
  const act = (event: string, code?: string) => {
    setAsked(null);
    void desk.act(event, code ? { code } : {});
  };
  return (
    <>
      {DIRECT[current.state]?.map((event) => (
        <button type="button" class="button primary" key={event} disabled={state.busy} data-test={event} onClick={() => act(event)}>
          {t(LABELS[event] as Text)} {event === "finish" && <kbd>F9</kbd>}
        </button>
      ))}
      {MORE[current.state]?.map((event) => (
        <button type="button" class="button" key={event} disabled={state.busy} data-test={event} onClick={() => setAsked(event)}>{t(LABELS[event] as Text)}</button>
      ))}
      {current.state === "emergency" ? (
        <button type="button" class="button" disabled={state.busy} data-test="emergency_over" onClick={() => setAsked("emergency_over")}>{t(words.emergency_over)}</button>
      ) : (
        <button type="button" class="button alarm" disabled={state.busy} data-test="emergency" onClick={() => setAsked("emergency")}>
          <Icon name="alert" /> {t(words.emergency)}
        </button>
      )}
      {asked && (
        <Ask title={t(asked === "emergency" ? words.emergency_ask : (LABELS[asked] as Text))} onClose={() => setAsked(null)} test="act-dialog">
          {codes.map((code) => (
            <button type="button" class="button" key={code} data-test={`code-${code}`} onClick={() => act(asked, code)}>{wordOf(staffCodes, code, t)}</button>
          ))}
          {codes.length === 0 && (
            <button type="button" class={`button ${asked === "emergency" ? "alarm" : "primary"}`} data-test="act-yes" onClick={() => act(asked)}>
              {t(asked === "emergency" ? words.emergency_yes : (LABELS[asked] as Text))}
            </button>
          )}
          <button type="button" class="button plain" onClick={() => setAsked(null)}>{t(words.back)}</button>
        </Ask>
      )}
    </>
  );
}

/* Soft pause, lost patient, hold: one sentence and the choices that exist (P7: nothing has to be chosen at once). */
export function Boxes({ desk, state, current }: Part) {
  const t = useText();
  const soft = current.state === "consult" && (current.picture_lost || current.sound_lost);
  const seconds = state.media?.gap_seconds ?? 0;
  const choice = (event: string, label: Text, extra: { code?: string } = {}) => (
    <button type="button" class="button" disabled={state.busy} data-test={`choice-${event}`} onClick={() => void desk.act(event, extra)}>{t(label)}</button>
  );
  if (soft) {
    return (
      <div class="box" role="alert" data-test="soft-pause">
        <strong>{fill(t(current.picture_lost ? words.soft_picture : words.soft_sound), { n: seconds })}</strong>
        <p>{t(words.soft_lead)}</p>
        <p class="box-acts">
          {choice("wait", words.wait)}
          {choice("telephone", words.telephone)}
          {choice("unsuitable", words.unsuitable, { code: "in_person_needed" })}
        </p>
      </div>
    );
  }
  if (current.state === "reconnecting") {
    const back = current.notice === "waiting_for_confirmation";
    const left = current.deadline ? Math.max(0, Math.round((current.deadline - Date.now()) / 1000)) : 0;
    return (
      <div class="box" role="alert" data-test="reconnecting">
        <strong>{back ? (current.notice_text ?? "") : t(words.reconnecting)}</strong>
        {!back && left > 0 && <p>{fill(t(words.reconnecting_lead), { n: left })}</p>}
        <p class="box-acts">
          {back && (
            <button type="button" class="button primary" disabled={state.busy} data-test="confirm-same" onClick={() => void desk.act("confirm_same")}>{t(words.confirm_same)}</button>
          )}
          {choice("telephone", words.telephone)}
          {choice("finish", words.finish)}
        </p>
      </div>
    );
  }
  if (current.state === "paused") {
    return <div class="box" role="status"><strong><Icon name="pause" /> {t(words.paused)}</strong>{current.notice_text && <p>{current.notice_text}</p>}</div>;
  }
  if (current.state === "emergency") {
    return <div class="box alarm" role="alert"><strong><Icon name="alert" /> {current.notice_text ?? t(words.emergency)}</strong></div>;
  }
  return null;
}

/* A guest who waits: what the patient said, and the door. The gateway refuses without the patient's yes. */
function Newcomer({ desk, state, current, seat }: Part & { seat: Seat }) {
  const t = useText();
  if (seat.seat < 2 || seat.status !== "waiting" || !isLive(current.state)) return null;
  return (
    <>
      <span class={`chip ${seat.consent === "given" ? "good" : "warn"}`} data-test="consent" data-consent={seat.consent}>
        {t(seat.consent === "given" ? words.consent_given : seat.consent === "refused" ? words.consent_refused : words.consent_none)}
      </span>
      <button type="button" class="button small primary" disabled={state.busy || (seat.consent !== "given" && current.state !== "emergency")} data-test="let-in"
        onClick={() => void desk.act("seat_admit", { seat: seat.seat })}>{t(words.let_in)}</button>
    </>
  );
}

/* A link for one more person; it is shown once. */
function Invite({ desk, busy }: { desk: Desk; busy: boolean }) {
  const t = useText();
  const [open, setOpen] = useState(false);
  const [role, setRole] = useState<string>(guestRoles[0]);
  const [name, setName] = useState("");
  const [link, setLink] = useState<string | null>(null);
  const close = () => {
    setOpen(false);
    setLink(null);
    setName("");
  };
  return (
    <>
      <button type="button" class="button" disabled={busy} data-test="invite" onClick={() => setOpen(true)}>{t(words.invite)}</button>
      {open && (
        <Ask title={t(words.invite)} onClose={close} test="invite-dialog">
          {link === null ? (
            <form class="stack" onSubmit={(event) => {
              event.preventDefault();
              void desk.invite(role, name.trim()).then((made) => (made === null ? close() : setLink(made)));
            }}>
              <label class="field"><span>{t(words.invite_role)}</span>
                <select value={role} data-test="invite-role" onChange={(event) => setRole(event.currentTarget.value)}>
                  {guestRoles.map((one) => <option key={one} value={one}>{wordOf(roles, one, t)}</option>)}
                </select>
              </label>
              <label class="field"><span>{t(words.invite_name)}</span>
                <input value={name} required maxLength={40} data-test="invite-name" onInput={(event) => setName(event.currentTarget.value)} />
              </label>
              <button type="submit" class="button primary" disabled={name.trim() === ""} data-test="invite-make">{t(words.invite_make)}</button>
              <button type="button" class="button plain" onClick={close}>{t(words.back)}</button>
            </form>
          ) : (
            <>
              <p>{t(words.invite_once)}</p>
              <Copy text={link} label={words.invite_copy} />
              <button type="button" class="button plain" data-test="invite-close" onClick={close}>{t(words.back)}</button>
            </>
          )}
        </Ask>
      )}
    </>
  );
}

export function People({ desk, state, current }: Part) {
  const t = useText();
  const [removing, setRemoving] = useState<number | null>(null);
  return (
    <section class="people" aria-label={t(words.people)}>
      <h3>{t(words.people)}</h3>
      {current.second_device && (
        <p class="note" role="alert" data-test="second-device">
          {t(words.second_device)}{" "}
          <button type="button" class="button" disabled={state.busy} data-test="move-seat" onClick={() => void desk.act("move_seat", { seat: 0 })}>{t(words.move_seat)}</button>
        </p>
      )}
      <ul class="plain">
        {current.roster.map((seat) => (
          <li key={seat.seat} data-test="seat" data-seat={seat.seat} data-status={seat.status}>
            <span class={`light ${seat.media ? "media" : ""}`} aria-hidden="true" />
            <span>{seatName(seat, t)}{seat.self ? `（${t(words.you)}）` : ""} <Marks seat={seat} /></span>
            <span class="chip">{wordOf(seatStates, seat.status, t)}</span>
            <Newcomer desk={desk} state={state} current={current} seat={seat} />
            {!seat.self && (
              <button type="button" class="button small" disabled={state.busy} data-test="remove" onClick={() => setRemoving(seat.seat)}>{t(words.remove)}</button>
            )}
          </li>
        ))}
      </ul>
      <Invite desk={desk} busy={state.busy} />
      {removing !== null && (
        <Ask title={t(words.remove_ask)} onClose={() => setRemoving(null)} test="remove-dialog">
          <button type="button" class="button alarm" data-test="remove-yes" onClick={() => {
            const seat = removing;
            setRemoving(null);
            void desk.act("remove", { seat });
          }}>{t(words.remove)}</button>
          <button type="button" class="button plain" onClick={() => setRemoving(null)}>{t(words.back)}</button>
        </Ask>
      )}
    </section>
  );
}
