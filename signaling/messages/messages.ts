// Messages of tsunagi.v1. Made from messages.def by messages_gen; do not edit.

export const SUBPROTOCOL = "tsunagi.v1";
export const MESSAGE_BYTES_MAX = 65536;
export const REF_MAX = 2147483647;

/** The value of a fact. */
export type Scalar = boolean | number | string | string[];

/** Who the physician is: always visible to the patient (2.5-06). */
export interface Card {
  /** as on the licence (text, at most 120 bytes) */
  name: string;
  /** physician (name, at most 16) */
  role: string;
  /** institution (text, at most 120 bytes) */
  clinic: string;
  /** of the clinic (text, at most 32 bytes) */
  telephone: string;
  /** year of registration in the medical register (1.4-05) (integer 0 … 2200) */
  registered?: number;
}

/** One person of the roster. */
export interface Seat {
  /** index (integer 0 … 5) */
  seat: number;
  /** role (name, at most 16) */
  role: string;
  /** invited, waiting, present, away (name, at most 16) */
  status: string;
  /** this is you (true or false) */
  self: boolean;
  /** an endpoint is connected (true or false) */
  media: boolean;
  /** guest: as staff wrote it in the invitation (text, at most 120 bytes) */
  name?: string;
  /** guest: what the patient said, none, given, refused (name, at most 16) */
  consent?: string;
  /** shows a screen (true or false) */
  screen: boolean;
  /** false: muted by its person (true or false) */
  voice: boolean;
  /** false: camera switched off by its person (true or false) */
  face: boolean;
}

/** A fact as it stands, for the people whose page shows it. */
export interface Known {
  /** fact (name, at most 47) */
  name: string;
  /** pt px dr nu sy ad me (name, at most 2) */
  supplier: string;
  /** value (true, false, integer, name or list of names, each at most 39) */
  value: Scalar;
}

/** One rule that is not met. */
export interface Failed {
  /** rule id, lower case (name, at most 31) */
  rule: string;
  /** clause of the guideline (text, at most 64 bytes) */
  clause: string;
  /** warn, acknowledge, override, pause, refuse, terminate (name, at most 16) */
  action: string;
  /** false or unknown (name, at most 8) */
  truth: string;
  /** the fact that decides it (name, at most 47) */
  fact?: string;
  /** why, and what to do, in the reader's language (text, at most 400 bytes) */
  text: string;
}

/** One line of the physician's queue. */
export interface Waiting {
  /** which (id) */
  consultation: string;
  /** name as the clinic booked it; never logged (text, at most 120 bytes) */
  patient: string;
  /** booked, lobby, ident … (name, at most 16) */
  state: string;
  /** first or follow_up, as proposed (name, at most 16) */
  visit?: string;
  /** 1 = next; 0 not waiting (integer 0 … 9999) */
  position: number;
  /** seconds in the lobby (integer 0 … 86400) */
  waited: number;
  /** browser connected now (true or false) */
  here: boolean;
  /** media path works (true or false) */
  media: boolean;
  /** booked with this physician (true or false) */
  mine: boolean;
  /** a rule of the next gate would refuse now (true or false) */
  blocked: boolean;
  /** milliseconds since 1970 (integer 0 … 9007199254740991) */
  booked_for: number;
}

/** Which m-line carries whose sound or picture. */
export interface Track {
  /** RFC 9143 (text, at most 16 bytes) */
  mid: string;
  /** audio or video (name, at most 8) */
  kind: string;
  /** up: you send; down: you receive (name, at most 8) */
  direction: string;
  /** down: whose; left out for a screen, which is of whoever shows it (integer 0 … 5) */
  seat?: number;
  /** true: a screen, not a camera (true or false) */
  screen?: boolean;
}

/** A TURN server (RFC 8656) this page may use, as RTCPeerConnection wants it. For this person and this offer alone. */
export interface Ice_server {
  /** RFC 7065 (text, at most 127 bytes) */
  urls: string;
  /** second of its end and a random name; nothing about the person (text, at most 64 bytes) */
  username: string;
  /** good for at most ten minutes; never logged (text, at most 64 bytes) */
  credential: string;
}

/** First message on a socket. Either a one-time ticket from POST /api/ticket or a resume token. */
export interface MessageHello {
  type: "hello";
  ref?: number;
  /** always 1 (integer 1 … 1) */
  protocol: number;
  /** ja or en: language of texts in errors and notices (name, at most 2) */
  language: string;
  /** one-time, 30 s (text, at most 64 bytes) */
  ticket?: string;
  /** token of the session that lost its socket (text, at most 64 bytes) */
  resume?: string;
  /** with resume: last seq received (integer 0 … 9007199254740991) */
  after?: number;
}

/** Take a seat in a consultation: the patient's own, or the physician preparing one. Media is built, closed. */
export interface MessageJoin {
  type: "join";
  ref?: number;
  /** which (id) */
  consultation: string;
  /** false: no media wanted on this device; default true (true or false) */
  media?: boolean;
}

/** Stand up. Keys are destroyed; the seat is free. */
export interface MessageLeave {
  type: "leave";
  ref?: number;
  /** which (id) */
  consultation: string;
}

/** An event of the state machine (consultation_event names): enter, admit, start, finish, close … */
export interface MessageAct {
  type: "act";
  ref?: number;
  /** which (id) */
  consultation: string;
  /** consultation event (name, at most 32) */
  event: string;
  /** outcome or reason code (name, at most 39) */
  code?: string;
  /** remove, move_seat, seat_consent, seat_admit: whom (integer 0 … 5) */
  seat?: number;
  /** acknowledge: lower-cased rule id (name, at most 31) */
  rule?: string;
}

/** Supply a fact through its door. The supplier follows from who is signed in, never from the message. */
export interface MessageFact {
  type: "fact";
  ref?: number;
  /** which (id) */
  consultation: string;
  /** fact name of the pinned pack (name, at most 47) */
  name: string;
  /** left out: back to unknown (true, false, integer, name or list of names, each at most 39) */
  value?: Scalar;
}

/** SDP answer to the offer with this number. */
export interface MessageAnswer {
  type: "answer";
  ref?: number;
  /** number of the offer (integer 1 … 2147483647) */
  offer: number;
  /** SDP (RFC 8866) (text with lines, at most 32768 bytes) */
  sdp: string;
}

/** A browser candidate. The gateway is ICE-lite and answers checks from anywhere: a hint only, never resolved. */
export interface MessageCandidate {
  type: "candidate";
  ref?: number;
  /** candidate line, may be empty at the end (text, at most 512 bytes) */
  candidate: string;
}

/** Ask for an ICE restart: the network changed or media stopped. */
export interface MessageRestart {
  type: "restart";
  ref?: number;
}

/** Physician or clerk: send `queue` now and whenever it changes. */
export interface MessageWatch {
  type: "watch";
  ref?: number;
  /** false: stop (true or false) */
  on: boolean;
}

/** What the page measured about itself: device check result, whether the physician's card is on the screen, and how far a media connection came that will not work. */
export interface MessageReport {
  type: "report";
  ref?: number;
  /** camera works (true or false) */
  camera?: boolean;
  /** microphone hears something (true or false) */
  microphone?: boolean;
  /** sound was played (true or false) */
  speaker?: boolean;
  /** what the camera track really is: camera, screen, file or virtual (1.6-09) (name, at most 16) */
  source?: string;
  /** false: muted by its person; the others are told (true or false) */
  voice?: boolean;
  /** false: camera switched off by its person; the others are told (true or false) */
  face?: boolean;
  /** name, role, clinic and telephone of the physician are rendered and on screen (2.5-06) (true or false) */
  card_visible?: boolean;
  /** media will not connect: what became of checks over UDP: none (not tried), sent (no answer), answered (name, at most 8) */
  udp?: string;
  /** the same over TCP (name, at most 8) */
  tcp?: string;
  /** the same through a relay (TURN) (name, at most 8) */
  relay?: string;
}

/** A line of text to everybody whom one's sound may reach, for when sound fails or cannot be heard. Kept nowhere, on no record. */
export interface MessageWrite {
  type: "write";
  ref?: number;
  /** what is said; never logged (text, at most 600 bytes) */
  text: string;
}

/** The page is going away on purpose; do not keep the session for a resume. */
export interface MessageBye {
  type: "bye";
  ref?: number;
}

/** Authenticated. */
export interface MessageWelcome {
  type: "welcome";
  seq: number;
  /** session (id) */
  session: string;
  /** who you are here (name, at most 16) */
  role: string;
  /** staff, guest: your name (text, at most 120 bytes) */
  name?: string;
  /** clinic (text, at most 120 bytes) */
  institution: string;
  /** of the clinic (text, at most 32 bytes) */
  telephone: string;
  /** token for the next socket; single use (text, at most 64 bytes) */
  resume: string;
  /** seat, place and media continue (true or false) */
  resumed: boolean;
  /** seconds the seat is kept without a socket (integer 0 … 86400) */
  resume_for: number;
  /** patient, guest: the visit of this link (id) */
  consultation?: string;
}

/** The message with this ref was carried out and is durable. */
export interface MessageDone {
  type: "done";
  seq: number;
  /** of the message (integer 1 … 2147483647) */
  ref: number;
}

/** Refused. Nothing changed. */
export interface MessageError {
  type: "error";
  seq: number;
  /** of the message, if it had one (integer 1 … 2147483647) */
  ref?: number;
  /** machine-readable (name, at most 40) */
  code: string;
  /** which field, for malformed messages (name, at most 47) */
  field?: string;
  /** what was refused and why, in the reader's language (text, at most 400 bytes) */
  what: string;
  /** what to do now (text, at most 400 bytes) */
  todo: string;
  /** rules that are not met, when a rule refused (list of 0 … 16 objects `failed`) */
  failed: Failed[];
}

/** The consultation as this person may see it. Sent on every committed change. */
export interface MessageConsultation {
  type: "consultation";
  seq: number;
  /** which (id) */
  id: string;
  /** consultation state (name, at most 16) */
  state: string;
  /** grows by one with each change (integer 0 … 4294967295) */
  revision: number;
  /** physician's card (object `card`) */
  card?: Card;
  /** staff: name as booked (text, at most 120 bytes) */
  patient?: string;
  /** why it is held or interrupted: rule id or code (name, at most 40) */
  notice?: string;
  /** the same in words (text, at most 400 bytes) */
  notice_text?: string;
  /** soft pause (P7) (true or false) */
  picture_lost: boolean;
  /** soft pause (P7) (true or false) */
  sound_lost: boolean;
  /** another device holds the link (true or false) */
  second_device: boolean;
  /** patient: place in the queue, 1 = next (integer 0 … 9999) */
  position?: number;
  /** patient: estimate (integer 0 … 1440) */
  wait_minutes?: number;
  /** seconds of live examination so far (integer 0 … 86400) */
  examined: number;
  /** milliseconds since 1970 (integer 0 … 9007199254740991) */
  deadline?: number;
  /** rule pack id (name, at most 48) */
  pack: string;
  /** rule pack version (text, at most 32 bytes) */
  pack_version: string;
  /** who is here (list of 0 … 6 objects `seat`) */
  roster: Seat[];
  /** facts this person's page shows (list of 0 … 96 objects `known`) */
  facts: Known[];
  /** staff: what the next gate would refuse or warn about now (list of 0 … 32 objects `failed`) */
  open: Failed[];
  /** after the end (name, at most 40) */
  outcome?: string;
}

/** The physician's queue. */
export interface MessageQueue {
  type: "queue";
  seq: number;
  /** in order (list of 0 … 64 objects `waiting`) */
  entries: Waiting[];
}

/** SDP offer; answer with the same number. A later offer replaces an unanswered one. */
export interface MessageOffer {
  type: "offer";
  seq: number;
  /** which (id) */
  consultation: string;
  /** number (integer 1 … 2147483647) */
  offer: number;
  /** SDP (text with lines, at most 32768 bytes) */
  sdp: string;
  /** true: start a new PeerConnection; false: restart or change of the present one (true or false) */
  fresh: boolean;
  /** m-lines (list of 0 … 14 objects `track`) */
  tracks: Track[];
  /** fresh with every offer; empty: the clinic has none (list of 0 … 4 objects `ice_server`) */
  ice_servers: Ice_server[];
}

/** Measured by the gateway: does sound and picture of each side arrive? */
export interface MessageMedia {
  type: "media";
  seq: number;
  /** which (id) */
  consultation: string;
  /** live, gap, none (name, at most 8) */
  patient_audio: string;
  /** live, gap, none (name, at most 8) */
  patient_video: string;
  /** live, gap, none (name, at most 8) */
  physician_audio: string;
  /** live, gap, none (name, at most 8) */
  physician_video: string;
  /** longest present gap (integer 0 … 86400) */
  gap_seconds?: number;
  /** good, weak, bad: your own line (name, at most 8) */
  quality?: string;
  /** what the line to the patient carries: full, medium, small, sound, faint (name, at most 8) */
  patient_line?: string;
  /** what the line to the physician carries (name, at most 8) */
  physician_line?: string;
}

/** How to send from now on, because of the lines of those who receive. What is absent is free. */
export interface MessageSending {
  type: "sending";
  seq: number;
  /** which (id) */
  consultation: string;
  /** false: nobody's line carries it; send none (true or false) */
  picture: boolean;
  /** height of the picture at most (integer 1 … 4320) */
  lines?: number;
  /** frames a second at most (integer 1 … 120) */
  frames?: number;
  /** bit/s of the picture at most (integer 1000 … 100000000) */
  bitrate?: number;
}

/** What somebody wrote. Waits in memory for a socket that comes back, and is gone with the session. */
export interface MessageWritten {
  type: "written";
  seq: number;
  /** which (id) */
  consultation: string;
  /** who wrote it (integer 0 … 5) */
  seat: number;
  /** what (text, at most 600 bytes) */
  text: string;
}

/** Something to tell: removed, second_device, draining, moved, media_failed … */
export interface MessageNotice {
  type: "notice";
  seq: number;
  /** which (name, at most 40) */
  code: string;
  /** in the reader's language (text, at most 400 bytes) */
  text: string;
}

/** The gateway closes this socket. resume tells whether to come back by itself. */
export interface MessageGoodbye {
  type: "goodbye";
  seq: number;
  /** why (name, at most 40) */
  code: string;
  /** in the reader's language (text, at most 400 bytes) */
  text: string;
  /** true: reconnect; false: the session is over (true or false) */
  resume: boolean;
}

export type MessageIn =
  | MessageHello
  | MessageJoin
  | MessageLeave
  | MessageAct
  | MessageFact
  | MessageAnswer
  | MessageCandidate
  | MessageRestart
  | MessageWatch
  | MessageReport
  | MessageWrite
  | MessageBye;

export type MessageOut =
  | MessageWelcome
  | MessageDone
  | MessageError
  | MessageConsultation
  | MessageQueue
  | MessageOffer
  | MessageMedia
  | MessageSending
  | MessageWritten
  | MessageNotice
  | MessageGoodbye;

/** Largest number of UTF-8 bytes in the texts that a page sends. */
export const LIMITS = {
  hello: { language: 2, ticket: 64, resume: 64 },
  join: { },
  leave: { },
  act: { event: 32, code: 39, rule: 31 },
  fact: { name: 47 },
  answer: { sdp: 32768 },
  candidate: { candidate: 512 },
  restart: { },
  watch: { },
  report: { source: 16, udp: 8, tcp: 8, relay: 8 },
  write: { text: 600 },
  bye: { },
} as const;
