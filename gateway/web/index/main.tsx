// The front door: staff choose their page; a patient is told where the link is.
import "../shared/base.css";
import "./index.css";
import { render } from "preact";
import { useText, useTitle } from "../shared/language";
import { Brand, Heading, LanguageSwitch } from "../shared/parts";

const words = {
  title: { ja: "つなぎ", en: "Tsunagi" },
  lead: { ja: "オンライン診療の 入口です。", en: "The door to online consultations." },
  patient: { ja: "患者さん", en: "Patients" },
  patient_todo: {
    ja: "クリニックから とどいた リンクを 押してください。リンクが ないときは、クリニックに 電話してください。",
    en: "Open the link your clinic sent you. If you have none, please call the clinic.",
  },
  clinic: { ja: "医師・受付", en: "Physicians and reception" },
  clinic_go: { ja: "診察室を ひらく", en: "Open the consulting room" },
  admin: { ja: "管理者", en: "Administrators" },
  admin_go: { ja: "管理画面を ひらく", en: "Open the administration" },
};

function Page() {
  const t = useText();
  useTitle(words.title);
  return (
    <div class="front">
      <header><Brand /><LanguageSwitch /></header>
      <main>
        <Heading>{t(words.lead)}</Heading>
        <div class="doors">
          <section class="panel"><h2>{t(words.patient)}</h2><p>{t(words.patient_todo)}</p></section>
          <section class="panel"><h2>{t(words.clinic)}</h2><a class="button primary" href="/clinic">{t(words.clinic_go)}</a></section>
          <section class="panel"><h2>{t(words.admin)}</h2><a class="button" href="/admin">{t(words.admin_go)}</a></section>
        </div>
      </main>
    </div>
  );
}

render(<Page />, document.getElementById("page") as HTMLElement);
