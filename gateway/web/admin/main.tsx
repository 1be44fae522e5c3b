// The administration page; the section is in the address, so that a link can point at one consultation.
import "../shared/base.css";
import "./admin.css";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { languageStore, useText, useTitle } from "../shared/language";
import { Staff } from "../shared/staff";
import { useStore } from "../shared/store";
import { Consultations, One } from "./consultations";
import { Book, Log, System } from "./panels";
import { words } from "./texts";

const TABS = ["consultations", "book", "log", "system"] as const;

function useRoute(): string[] {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return hash.replace(/^#\/?/, "").split("/");
}

function Sections() {
  const t = useText();
  const { language } = useStore(languageStore); // texts of the gateway come in the reader's language: load again
  const [section = "", id = ""] = useRoute();
  const tab = section === "consultation" ? "consultations" : section;
  return (
    <main class="admin" data-test="admin">
      <nav class="tabs" aria-label={t(words.tabs)}>
        {TABS.map((one) => (
          <a key={one} href={`#/${one}`} class="tab" data-test={`tab-${one}`} aria-current={(tab || "consultations") === one ? "page" : undefined}>{t(words[one])}</a>
        ))}
      </nav>
      <Section key={`${language} ${section} ${id}`} section={section} id={id} />
    </main>
  );
}

function Section({ section, id }: { section: string; id: string }) {
  switch (section) {
    case "consultation":
      return <One id={id} />;
    case "book":
      return <Book />;
    case "log":
      return <Log />;
    case "system":
      return <System />;
    default:
      return <Consultations />;
  }
}

function Page() {
  useTitle(words.title);
  return <Staff heading={words.title} mayUse={["administrator", "clerk"]}>{() => <Sections />}</Staff>;
}

render(<Page />, document.getElementById("page") as HTMLElement);
