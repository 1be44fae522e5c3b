// The patient's page.
import "../shared/base.css";
import "./patient.css";
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { fill, useText, useTitle } from "../shared/language";
import { Brand, Busy, Heading, LanguageSwitch, Live, Telephone, TroubleView } from "../shared/parts";
import { useStore } from "../shared/store";
import type { Card } from "../shared/wire";
import { outcomes } from "../shared/codes";
import { Icon } from "../shared/icons";
import { Call, Reconnecting, Waiting } from "./call";
import { GuestAgree, GuestWaiting } from "./guest";
import { Agree, Check, InApp, Start } from "./screens";
import { endings, words } from "./texts";
import { Visit, type VisitState } from "./visit";

const FULLY = 0.95;

/* Who the physician is. Watches itself: the gateway is told whether the whole card is on the screen (2.5-06). */
function CardView({ visit, card }: { visit: Visit; card: Card }) {
  const t = useText();
  const ref = useRef<HTMLElement>(null);
  useEffect(() => {
    const watcher = new IntersectionObserver(
      (entries) => visit.cardSeen((entries.at(-1)?.intersectionRatio ?? 0) >= FULLY),
      { threshold: [0, FULLY, 1] },
    );
    if (ref.current) watcher.observe(ref.current);
    return () => {
      watcher.disconnect();
      visit.cardSeen(false);
    };
  }, []);
  return (
    <section class="card" ref={ref} data-test="card" aria-label={t(words.doctor)}>
      <p class="card-name"><span class="role">{t(words.doctor)}</span> <strong>{card.name}</strong></p>
      <p class="card-clinic">
        <span>{card.clinic}</span>
        {card.registered ? <span>{fill(t(words.registered), { year: card.registered })}</span> : null}
        <Telephone number={card.telephone} />
      </p>
    </section>
  );
}

function Ended({ state }: { state: VisitState }) {
  const t = useText();
  const ending = endings[state.consultation?.state ?? ""];
  return (
    <section class="panel ended" data-test="ended">
      <span class="badge-icon"><Icon name="check" /></span>
      <Heading>{t(words.ended_title)}</Heading>
      <p class="lead">{t(words.ended_thanks)}</p>
      {ending && <p data-test="ending">{t(ending)}</p>}
      {state.consultation?.outcome && outcomes[state.consultation.outcome] && (
        <p class="outcome" data-test="outcome">{t(outcomes[state.consultation.outcome]!)}</p>
      )}
      <p>{t(words.ended_nothing)}</p>
      <p>{t(words.ended_close)}</p>
    </section>
  );
}

function Body({ visit, state }: { visit: Visit; state: VisitState }) {
  const t = useText();
  const again = (
    <button type="button" class="button primary" data-test="retry" onClick={() => void visit.retry()}>{t(words.again)}</button>
  );
  switch (state.screen) {
    case "inapp":
      return <InApp />;
    case "nolink":
      return <TroubleView title={t(words.nolink_title)} trouble={{ what: t(words.nolink_what), todo: t(words.nolink_todo) }} />;
    case "start":
    case "asking":
      return <Start visit={visit} asking={state.screen === "asking"} />;
    case "redeeming":
      return <section class="panel"><Busy text={words.redeeming} /></section>;
    case "denied":
    case "missing":
    case "busy":
      return (
        <TroubleView title={t(words[`${state.screen}_title`])} telephone={visit.telephone}
          trouble={{ what: t(words[`${state.screen}_what`]), todo: t(words[`${state.screen}_todo`]) }}>{again}</TroubleView>
      );
    case "held":
      return (
        <TroubleView title={t(words.held_title)} telephone={visit.telephone}
          trouble={{ what: t(words.held_what), todo: t(words.held_todo) }}>
          <Busy text={words.held_wait} />
        </TroubleView>
      );
    case "check":
      return <Check visit={visit} state={state} />;
    case "agree":
      return visit.guest ? <GuestAgree visit={visit} /> : <Agree visit={visit} state={state} />;
    case "entering":
      return <section class="panel"><Busy text={words.entering} /></section>;
    case "room":
      if (visit.inside) return <Call visit={visit} state={state} />;
      return visit.guest ? <GuestWaiting visit={visit} state={state} /> : <Waiting visit={visit} state={state} />;
    case "ended":
      return <Ended state={state} />;
    case "moved":
    case "removed":
      return (
        <TroubleView title={t(words[`${state.screen}_title`])} telephone={visit.telephone}
          trouble={{ what: state.trouble?.what ?? "", todo: t(words.ended_close) }} />
      );
    case "trouble":
      return (
        <TroubleView title={t(state.card ? words.refused_title : words.stopped_title)} telephone={visit.telephone}
          trouble={state.trouble ?? { what: "", todo: "" }}>
          {!state.trouble?.code.startsWith("invitation_") && again}
        </TroubleView>
      );
  }
}

function Page({ visit }: { visit: Visit }) {
  const state = useStore(visit);
  useTitle(words.title);
  const inCall = state.screen === "room" && visit.inside;
  const withCard = state.card !== null && state.screen !== "moved";
  return (
    <div class={`frame ${inCall ? "in-call" : ""}`}>
      <header class="top">
        {withCard && state.card && <CardView visit={visit} card={state.card} />}
        {!withCard && <Brand />}
        <LanguageSwitch />
      </header>
      <main id="main"><Body visit={visit} state={state} /></main>
      {state.lostAt !== 0 && <Reconnecting visit={visit} state={state} />}
      <Live text={state.said} strong />
    </div>
  );
}

const visit = new Visit();
render(<Page visit={visit} />, document.getElementById("page") as HTMLElement);
