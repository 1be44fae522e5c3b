// The people beyond the two: who they are, always with name and role (1.6-06), their pictures and sound, and a screen that
// somebody shows.
import { roles, wordOf } from "./codes";
import { Icon } from "./icons";
import { useText } from "./language";
import { Picture, Sound } from "./parts";
import type { Kind } from "./peer";
import type { Seat } from "./wire";

export type Streams = Record<number, { video?: MediaStream; audio?: MediaStream }>;

/* The same tracks keep their streams, so that no picture blinks. */
export function withTrack(streams: Streams, seat: number, kind: Kind, track: MediaStreamTrack): Streams {
  const known = streams[seat];
  if (known?.[kind]?.getTracks().includes(track)) return streams;
  return { ...streams, [seat]: { ...known, [kind]: new MediaStream([track]) } };
}

export function seatName(seat: Seat, t: ReturnType<typeof useText>): string {
  const role = wordOf(roles, seat.role, t);
  return seat.name ? `${seat.name}（${role}）` : role;
}

const WORDS = {
  muted: { ja: "声を 止めています", en: "muted" },
  hidden: { ja: "顔を 止めています", en: "camera off" },
  away: { ja: "つながりが 切れています", en: "connection lost" },
  screen: { ja: "見せている 画面", en: "Shown screen" },
};

export function Marks({ seat }: { seat: Seat }) {
  const t = useText();
  return (
    <>
      {seat.status === "away" && <span class="mark">{t(WORDS.away)}</span>}
      {!seat.voice && <span class="mark" data-test="muted"><Icon name="voice_off" /> <span class="sr-only">{t(WORDS.muted)}</span></span>}
      {!seat.face && <span class="mark" data-test="hidden"><Icon name="face_off" /> <span class="sr-only">{t(WORDS.hidden)}</span></span>}
    </>
  );
}

/* Everybody present but oneself and the one who is shown large. */
export function Company(props: {
  roster: Seat[]; large: number; streams: Streams; blocked: (play: (() => void) | null) => void;
}) {
  const t = useText();
  const others = props.roster.filter((seat) => !seat.self && seat.seat !== props.large && (seat.status === "present" || (seat.status === "away" && seat.seat > 1)));
  if (others.length === 0) return null;
  return (
    <ul class="company plain" data-test="company">
      {others.map((seat) => (
        <li key={seat.seat} class="person" data-test="person" data-seat={seat.seat} data-status={seat.status}>
          <Picture stream={props.streams[seat.seat]?.video ?? null} label={seatName(seat, t)} test={`person-${seat.seat}`} />
          <Sound stream={props.streams[seat.seat]?.audio ?? null} blocked={props.blocked} />
          <p class="person-name">{seatName(seat, t)} <Marks seat={seat} /></p>
        </li>
      ))}
    </ul>
  );
}

export function Screen({ roster, stream }: { roster: Seat[]; stream: MediaStream | null }) {
  const t = useText();
  const shows = roster.find((seat) => seat.screen && !seat.self && seat.status === "present");
  if (!shows || !stream) return null;
  return (
    <figure class="shown-screen" data-test="screen">
      <Picture stream={stream} label={t(WORDS.screen)} test="screen-picture" />
      <figcaption><Icon name="screen" /> {t(WORDS.screen)}: {seatName(shows, t)}</figcaption>
    </figure>
  );
}
