// The HTTP doors. A refusal becomes a Trouble: what happened, what to do, and whom to call when the gateway says so.
import { language, say, type Text } from "./language";
import type { Failed } from "./wire";

export interface Trouble {
  code: string;
  what: string;
  todo: string;
  telephone?: string;
  status: number;
  failed?: Failed[]; // rules that are not met
}

export class TroubleError extends Error {
  constructor(readonly trouble: Trouble) {
    super(trouble.code);
  }
}

const OFFLINE: { what: Text; todo: Text } = {
  what: { ja: "クリニックの システムに つながりません。", en: "We cannot reach the clinic's system." },
  todo: {
    ja: "電波や Wi-Fi を たしかめてください。そのあと、もういちど ためしてください。",
    en: "Check your signal or Wi-Fi, then try again.",
  },
};
const UNKNOWN: { what: Text; todo: Text } = {
  what: { ja: "システムが うまく うごきませんでした。", en: "The system could not do this." },
  todo: { ja: "すこし 待って、もういちど ためしてください。", en: "Wait a moment, then try again." },
};

export function troubleOf(error: unknown): Trouble {
  if (error instanceof TroubleError) return error.trouble;
  return { code: "unexpected", what: say(UNKNOWN.what), todo: say(UNKNOWN.todo), status: 0 };
}

export async function api<T>(
  method: "GET" | "POST",
  path: string,
  body?: unknown,
  as?: "patient" | "staff",
): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json", "Accept-Language": language() };
  if (method === "POST") headers["X-Tsunagi"] = "1";
  if (as) headers["X-Tsunagi-As"] = as;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new TroubleError({ code: "offline", what: say(OFFLINE.what), todo: say(OFFLINE.todo), status: 0 });
  }
  const text = await response.text();
  let parsed: unknown = null;
  try {
    parsed = text === "" ? {} : JSON.parse(text);
  } catch {
    parsed = null;
  }
  if (response.ok && parsed !== null) return parsed as T;
  const refusal = (parsed ?? {}) as Partial<Trouble> & { institution?: { telephone?: string } };
  const telephone = refusal.telephone ?? refusal.institution?.telephone;
  throw new TroubleError({
    code: refusal.code ?? `http_${response.status}`,
    what: refusal.what ?? say(UNKNOWN.what),
    todo: refusal.todo ?? say(UNKNOWN.todo),
    ...(telephone ? { telephone } : {}),
    status: response.status,
  });
}
