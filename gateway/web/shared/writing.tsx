// Text in the call, for when sound fails or cannot be heard: what was written, and a line to write. In this page's memory
// only; the gateway keeps none of it either.
import { useEffect, useRef, useState } from "preact/hooks";
import { useText } from "./language";
import { seatName } from "./company";
import type { Seat } from "./wire";

export interface Written {
  seat: number;
  text: string;
  mine: boolean;
}

const KEPT = 50;
const LONGEST_BYTES = 600; // of UTF-8, see messages.def
const encoder = new TextEncoder();

export const withWritten = (all: Written[], one: Written): Written[] => [...all, one].slice(-KEPT);

export const writingWords = {
  title: { ja: "文字で 伝える", en: "Write" },
  label: { ja: "伝えたい こと", en: "What you want to say" },
  send: { ja: "送る", en: "Send" },
  none: { ja: "聞こえない ときに、文字で 話せます。どこにも 残りません。", en: "For when you cannot hear each other. Nothing of it is kept." },
  long: { ja: "長すぎます。2回に 分けて 送ってください。", en: "Too long: send it in two parts." },
  me: { ja: "自分", en: "You" },
};

export function writer(one: Written, roster: Seat[], t: ReturnType<typeof useText>): string {
  const seat = roster.find((entry) => entry.seat === one.seat);
  return one.mine ? t(writingWords.me) : seat ? seatName(seat, t) : "";
}

/* `send` says whether it went out; what did not stays in the field. */
export function Writing(props: { written: Written[]; roster: Seat[]; send: (text: string) => Promise<boolean> }) {
  const t = useText();
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const end = useRef<HTMLLIElement>(null);
  useEffect(() => end.current?.scrollIntoView({ block: "nearest" }), [props.written.length]);
  const tooLong = encoder.encode(text.trim()).length > LONGEST_BYTES;
  const send = async (event: Event) => {
    event.preventDefault();
    if (text.trim() === "" || tooLong || busy) return;
    setBusy(true);
    if (await props.send(text.trim())) setText("");
    setBusy(false);
  };
  return (
    <div class="writing" data-test="writing">
      {props.written.length === 0 ? <p>{t(writingWords.none)}</p> : (
        <ol class="plain written-list" data-test="written-list" role="log">
          {props.written.map((one, index) => (
            <li key={index} class={one.mine ? "mine" : ""} ref={index === props.written.length - 1 ? end : null}>
              <strong>{writer(one, props.roster, t)}</strong> <span>{one.text}</span>
            </li>
          ))}
        </ol>
      )}
      <form class="write-form" onSubmit={(event) => void send(event)}>
        <label>
          <span class="sr-only">{t(writingWords.label)}</span>
          <input type="text" value={text} placeholder={t(writingWords.label)} autocomplete="off" enterkeyhint="send" data-test="write-text"
            aria-invalid={tooLong} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <button type="submit" class="button primary" disabled={busy || tooLong || text.trim() === ""} data-test="write-send">{t(writingWords.send)}</button>
      </form>
      {tooLong && <p class="wrong" role="alert">{t(writingWords.long)}</p>}
    </div>
  );
}
