// Sign-in of staff, shared by the clinic and the administration page.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { api, troubleOf, type Trouble } from "./http";
import { useText, type Text } from "./language";
import { roles, wordOf } from "./codes";
import { Brand, Busy, Heading, LanguageSwitch } from "./parts";

export interface Me { name: string; role: string; institution: { name: string; telephone?: string } }

const words = {
  title: { ja: "サインイン", en: "Sign in" },
  name: { ja: "名前（ID）", en: "Name (ID)" },
  password: { ja: "パスワード", en: "Password" },
  go: { ja: "サインイン", en: "Sign in" },
  out: { ja: "サインアウト", en: "Sign out" },
  wait: { ja: "たしかめています", en: "One moment" },
  role: { ja: "この ページを 使えない 役割です。", en: "This page is not for your role." },
};

function SignIn({ heading, done }: { heading: Text; done: (me: Me) => void }) {
  const t = useText();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setTrouble(null);
    try {
      done(await api<Me>("POST", "/api/login", { name, password }));
    } catch (error) {
      setTrouble(troubleOf(error));
      setPassword("");
    }
    setBusy(false);
  };
  return (
    <main class="signin panel" data-test="signin">
      <Brand />
      <Heading>{t(heading)}</Heading>
      <form onSubmit={(event) => void submit(event)}>
        <label class="field"><span>{t(words.name)}</span>
          <input name="username" autocomplete="username" autocapitalize="none" spellcheck={false} required maxLength={64} value={name}
            data-test="login-name" onInput={(event) => setName(event.currentTarget.value)} /></label>
        <label class="field"><span>{t(words.password)}</span>
          <input name="password" type="password" autocomplete="current-password" required maxLength={256} value={password}
            data-test="login-password" onInput={(event) => setPassword(event.currentTarget.value)} /></label>
        {trouble && <div class="wrong" role="alert" data-test="login-wrong"><strong>{trouble.what}</strong><span>{trouble.todo}</span></div>}
        <button type="submit" class="button primary" disabled={busy} data-test="login-go">{t(words.go)}</button>
      </form>
      <LanguageSwitch />
    </main>
  );
}

/* Shows `children` to somebody signed in; asks for the password when the gateway says so. */
export function Staff(props: {
  heading: Text; mayUse: readonly string[]; extra?: ComponentChildren; children: (me: Me, signedOut: () => void) => ComponentChildren;
}) {
  const t = useText();
  const [me, setMe] = useState<Me | null | "asking">("asking");
  useEffect(() => {
    api<Me>("GET", "/api/me").then(setMe, () => setMe(null));
  }, []);
  if (me === "asking") return <main class="signin panel"><Busy text={words.wait} /></main>;
  const signedOut = () => setMe(null);
  if (me === null) return <SignIn heading={props.heading} done={setMe} />;
  const leave = async () => {
    await api("POST", "/api/logout", {}).catch(() => undefined);
    signedOut();
  };
  return (
    <>
      <header class="desk-top">
        <Brand />
        <strong>{me.institution.name}</strong>
        {props.extra}
        <div class="who">
          <span>{wordOf(roles, me.role, t)}　{me.name}</span>
          <LanguageSwitch />
          <button type="button" class="button" data-test="logout" onClick={() => void leave()}>{t(words.out)}</button>
        </div>
      </header>
      {props.mayUse.includes(me.role) ? props.children(me, signedOut)
        : <main class="signin panel" role="alert"><Heading>{t(words.role)}</Heading></main>}
    </>
  );
}
