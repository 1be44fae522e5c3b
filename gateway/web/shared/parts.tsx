// Parts that every page uses.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Trouble } from "./http";
import { Icon } from "./icons";
import { setLanguage, useText, type Language, type Text } from "./language";

export function LanguageSwitch() {
  const t = useText();
  const names: Record<Language, string> = { ja: "日本語", en: "English" };
  const short: Record<Language, string> = { ja: "日本語", en: "EN" };
  const now = t({ ja: "ja", en: "en" }) as Language;
  const other: Language = now === "ja" ? "en" : "ja";
  return (
    <button type="button" class="language" lang={other} data-test="language" aria-label={names[other]} onClick={() => setLanguage(other)}>
      {short[other]}
    </button>
  );
}

export function Telephone({ number, big, label }: { number: string; big?: boolean; label?: string }) {
  return (
    <a class={big ? "telephone button primary big" : "telephone"} href={`tel:${number.replace(/[^+\d]/g, "")}`}>
      <Icon name="phone" /> <span>{label ? `${label} ` : ""}{number}</span>
    </a>
  );
}

const WORDS = {
  what: { ja: "どうしましたか", en: "What happened" },
  todo: { ja: "どうしますか", en: "What to do" },
  telephone: { ja: "クリニックの 電話", en: "Clinic telephone" },
  noTelephone: {
    ja: "こまったときは、クリニックに 電話してください。番号は、クリニックからの お知らせに 書いて あります。",
    en: "If you need help, call the clinic. The number is in the message you got from the clinic.",
  },
};

/* What, why, what to do, whom to call: the same four things on every screen of trouble. */
export function TroubleView(props: {
  title: string; trouble: Pick<Trouble, "what" | "todo">; telephone?: string | undefined; children?: ComponentChildren;
}) {
  const t = useText();
  return (
    <section class="trouble panel" data-test="trouble">
      <span class="badge-icon warn"><Icon name="alert" /></span>
      <Heading>{props.title}</Heading>
      <div role="alert">
        <p class="lead">{props.trouble.what}</p>
        {props.trouble.todo && <p class="todo"><strong>{t(WORDS.todo)}: </strong>{props.trouble.todo}</p>}
      </div>
      <div class="stack">{props.children}</div>
      {props.telephone ? (
        <p class="call"><span>{t(WORDS.telephone)}</span><Telephone number={props.telephone} /></p>
      ) : (
        <p class="call quiet">{t(WORDS.noTelephone)}</p>
      )}
    </section>
  );
}

/* Heading that takes the focus when its screen appears, so that keyboard and screen reader start there. */
export function Heading({ children }: { children: ComponentChildren }) {
  const ref = useRef<HTMLHeadingElement>(null);
  useEffect(() => ref.current?.focus({ preventScroll: false }), []);
  return <h1 ref={ref} tabIndex={-1}>{children}</h1>;
}

/* Plays one remote track or the own picture; never by src, so nothing is fetched. */
export function Picture(props: { stream: MediaStream | null; mine?: boolean; label: string; class?: string; test?: string }) {
  const ref = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = ref.current;
    if (!video || video.srcObject === props.stream) return;
    video.srcObject = props.stream;
    if (props.stream) void video.play().catch(() => undefined);
  }, [props.stream]);
  return (
    <video ref={ref} class={`picture ${props.mine ? "mine" : ""} ${props.class ?? ""}`} data-test={props.test}
      autoPlay playsInline muted aria-label={props.label} />
  );
}

/* Sound on its own element: it lives on when the picture goes. `blocked` when the browser wants a tap first. */
export function Sound(props: { stream: MediaStream | null; blocked: (play: (() => void) | null) => void; test?: string }) {
  const ref = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const audio = ref.current;
    if (!audio || audio.srcObject === props.stream) return;
    audio.srcObject = props.stream;
    if (!props.stream) return;
    const play = () => {
      audio.play().then(() => props.blocked(null), (error: unknown) => {
        if (error instanceof DOMException && error.name === "NotAllowedError") props.blocked(play);
      });
    };
    play();
  }, [props.stream]);
  return <audio ref={ref} autoPlay data-test={props.test} />;
}

/* A native dialog: keeps the focus inside, Escape closes it. */
export function Ask(props: { title: string; onClose: () => void; children: ComponentChildren; test?: string }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog ref={ref} class="ask" aria-labelledby="ask-title" data-test={props.test}
      onCancel={(event) => { event.preventDefault(); props.onClose(); }}>
      <h2 id="ask-title">{props.title}</h2>
      <div class="stack">{props.children}</div>
    </dialog>
  );
}

export function Busy({ text }: { text: Text }) {
  const t = useText();
  return <p class="busy" role="status"><span class="spinner" aria-hidden="true" />{t(text)}</p>;
}

/* What a screen reader hears when something changes by itself. */
export function Live({ text, strong }: { text: string; strong?: boolean }) {
  return <div class="sr-only" role={strong ? "alert" : "status"} aria-live={strong ? "assertive" : "polite"}>{text}</div>;
}

export function Copy({ text, label }: { text: string; label: Text }) {
  const t = useText();
  const ref = useRef<HTMLInputElement>(null);
  const said = useRef<HTMLSpanElement>(null);
  const copy = async () => {
    let done = false;
    try {
      await navigator.clipboard.writeText(text);
      done = true;
    } catch {
      ref.current?.select();
      done = document.execCommand("copy");
    }
    if (said.current) {
      said.current.textContent = t(done
        ? { ja: "コピーしました", en: "Copied" }
        : { ja: "上の 文字を コピーして ください", en: "Please copy the text above" });
    }
  };
  return (
    <div class="copy">
      <input ref={ref} readOnly value={text} aria-label={t({ ja: "リンク", en: "Link" })} data-test="link"
        onFocus={(event) => event.currentTarget.select()} />
      <button type="button" class="button primary" data-test="copy" onClick={() => void copy()}><Icon name="copy" /> {t(label)}</button>
      <span class="said" ref={said} role="status" />
    </div>
  );
}

export function Brand() {
  const t = useText();
  return (
    <p class="brand">
      <svg class="brand-mark" viewBox="0 0 40 24" aria-hidden="true"><g fill="none" stroke="currentColor" stroke-width="4"><circle cx="14" cy="12" r="9" /><circle cx="26" cy="12" r="9" /></g></svg>
      <span>{t({ ja: "つなぎ", en: "Tsunagi" })}</span>
    </p>
  );
}
