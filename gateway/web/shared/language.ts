// Japanese and English. Japanese is the default; the choice is kept in this browser and can be set by ?lang=.
import { Store, useStore } from "./store";

export type Language = "ja" | "en";
export type Text = { readonly ja: string; readonly en: string };

const KEY = "tsunagi.language";

function first(): Language {
  const asked = new URLSearchParams(location.search).get("lang");
  if (asked === "ja" || asked === "en") return asked;
  try {
    if (localStorage.getItem(KEY) === "en") return "en";
  } catch {
    // storage may be closed; the default will do
  }
  return "ja";
}

export const languageStore = new Store<{ language: Language }>({ language: first() });

export function language(): Language {
  return languageStore.state.language;
}

export function setLanguage(next: Language): void {
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // not kept, still switched
  }
  document.documentElement.lang = next;
  languageStore.set({ language: next });
}

/* Outside of views (announcements, titles). */
export function say(text: Text): string {
  return text[language()];
}

export type Translate = (text: Text) => string;

export function useText(): Translate {
  const { language } = useStore(languageStore);
  return (text) => text[language];
}

/* `{name}` in a text is replaced by the value. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

export function useTitle(title: Text): void {
  const t = useText();
  document.title = t(title);
  document.documentElement.lang = language();
}

export function dateTime(ms: number, options: Intl.DateTimeFormatOptions = {}): string {
  return new Intl.DateTimeFormat(language() === "ja" ? "ja-JP" : "en-GB", {
    timeZone: "Asia/Tokyo",
    year: "numeric",
    month: "short",
    day: "numeric",
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    ...options,
  }).format(new Date(ms));
}

export function clock(ms: number): string {
  return new Intl.DateTimeFormat("ja-JP", { timeZone: "Asia/Tokyo", hour: "2-digit", minute: "2-digit" }).format(new Date(ms));
}

export function minutesSeconds(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}
