// Small parts of the administration page.
import { useEffect, useState } from "preact/hooks";
import { troubleOf, type Trouble } from "../shared/http";
import { useText } from "../shared/language";
import { Busy } from "../shared/parts";
import { words } from "./texts";

/* Loads once per `key`; the page shows what happened either way. */
export function useLoad<T>(load: () => Promise<T>, key: string): { value: T | null; trouble: Trouble | null; again: () => void } {
  const [value, setValue] = useState<T | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let current = true;
    setTrouble(null);
    load().then(
      (loaded) => current && setValue(loaded),
      (error: unknown) => {
        if (!current) return;
        setValue(null);
        setTrouble(troubleOf(error));
      },
    );
    return () => {
      current = false;
    };
  }, [key, turn]);
  return { value, trouble, again: () => setTurn(turn + 1) };
}

export function Wrong({ trouble }: { trouble: Trouble | null }) {
  const t = useText();
  if (!trouble) return null;
  return (
    <div class="wrong" role="alert" data-test="wrong">
      <strong>{t(words.trouble)}: {trouble.what}</strong><span>{trouble.todo}</span>
    </div>
  );
}

export function Loading({ show }: { show: boolean }) {
  return show ? <Busy text={words.loading} /> : null;
}
