// What a guest sees before the call: what is asked of them, and the wait at its door.
import { useState } from "preact/hooks";
import { roles, wordOf } from "../shared/codes";
import { fill, useText } from "../shared/language";
import { Ask, Heading, Picture } from "../shared/parts";
import { words } from "./texts";
import type { Visit, VisitState } from "./visit";

export function GuestAgree({ visit }: { visit: Visit }) {
  const t = useText();
  return (
    <section class="panel agree" data-test="agree">
      <Heading>{t(words.guest_title)}</Heading>
      <p class="lead">{fill(t(words.guest_role), { role: wordOf(roles, visit.state.role, t) })}</p>
      <ul class="plain agreement" data-test="agreement-text">
        <li>{t(words.guest_secret)}</li>
        <li>{t(words.guest_record)}</li>
        <li>{t(words.guest_named)}</li>
        <li>{t(words.guest_held)}</li>
      </ul>
      <button type="button" class="button primary huge" data-test="agree-button" onClick={() => void visit.agree("", true)}>{t(words.guest_agree)}</button>
    </section>
  );
}

export function GuestWaiting({ visit, state }: { visit: Visit; state: VisitState }) {
  const t = useText();
  const [leaving, setLeaving] = useState(false);
  return (
    <section class="waiting panel" data-test="guest-waiting">
      <Heading>{t(words.guest_wait_title)}</Heading>
      <p class="lead" role="status">{t(words.guest_wait)}</p>
      <p class={`connected ${state.path ? "yes" : ""}`} role="status" data-test="connected">
        <span class="dot" aria-hidden="true" />{t(state.path ? words.connected : words.connecting)}
      </p>
      <Picture stream={state.stream} mine label={t(words.own_picture)} class="small" test="own" />
      <button type="button" class="button" data-test="leave" onClick={() => setLeaving(true)}>{t(words.end)}</button>
      {leaving && (
        <Ask title={t(words.end_title)} onClose={() => setLeaving(false)} test="end-dialog">
          <button type="button" class="button primary" onClick={() => setLeaving(false)}>{t(words.end_no)}</button>
          <button type="button" class="button" data-test="end-yes" onClick={() => void visit.end()}>{t(words.end_yes)}</button>
        </Ask>
      )}
    </section>
  );
}
