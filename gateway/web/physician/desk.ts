// The physician's desk: the queue, the one consultation at hand, and its media. The next waiting patient is prepared
// (joined, routes closed) so that calling in is immediate.
import { chime, DeviceError, newAudioContext, openCamera, ScreenAwake, type Denied } from "../shared/devices";
import { withTrack, type Streams } from "../shared/company";
import { api, troubleOf, type Trouble } from "../shared/http";
import { Peer, type Kind, type Source } from "../shared/peer";
import { ScreenShare } from "../shared/screen_share";
import { Session, type Line } from "../shared/session";
import { Store } from "../shared/store";
import { panelOf, type Values } from "./panel";
import { withWritten, type Written } from "../shared/writing";
import type { Consultation, FactValue, Failed, Incoming, Media, OutgoingFields, Waiting } from "../shared/wire";

export interface Refusal extends Trouble { failed: Failed[] }

export interface DeskState {
  line: Line;
  queue: Waiting[];
  current: Consultation | null;
  selected: string | null;
  media: Media | null;
  path: boolean;
  stream: MediaStream | null;
  camera: "asking" | "ready" | Denied;
  remoteVideo: MediaStream | null;
  remoteAudio: MediaStream | null;
  others: Streams; // guests, by seat
  screen: MediaStream | null; // what somebody else shows
  sharing: boolean; // this desk shows its own
  written: Written[];
  voice: boolean;
  face: boolean;
  refusal: Refusal | null;
  draft: Values; // what stands on the check panel and is not confirmed
  said: string;
  last: { patient: string; outcome: string; state: string } | null;
  busy: boolean;
  signedOut: Trouble | null;
}

const LIVE = ["ident", "consult", "paused", "reconnecting", "emergency", "closing"];

export function isLive(state: string | undefined): boolean {
  return state !== undefined && LIVE.includes(state);
}

export class Desk extends Store<DeskState> {
  audio: AudioContext | null = newAudioContext();
  private session: Session;
  private peer: Peer | null = null;
  private joined: string | null = null;
  private joining: Promise<void> = Promise.resolve();
  private arrivals = new Set<string>();
  private ended = new Set<string>(); // the queue may still show them for a moment
  private readonly awake = new ScreenAwake();
  private restartAt = 0;
  readonly screen = new ScreenShare({
    replace: async (track) => this.peer?.replace("screen", track),
    ask: (code) => this.act("screen", { code }),
    changed: (sharing) => this.set({ sharing }),
  });
  private readonly shown = () => {
    if (document.visibilityState === "visible" && this.peer && !this.peer.connected) this.askRestart();
  };

  constructor() {
    super({
      line: "connecting", queue: [], current: null, selected: null, media: null, path: false, stream: null, camera: "asking",
      remoteVideo: null, remoteAudio: null, others: {}, screen: null, sharing: false, written: [], voice: true, face: true, refusal: null, draft: {}, said: "", last: null, busy: false, signedOut: null,
    });
    this.session = new Session("staff", {
      line: (line) => this.set({ line }),
      welcome: (_welcome, resumed) => this.welcome(resumed),
      message: (message) => this.receive(message),
      over: (trouble) => this.set({ signedOut: trouble }),
    });
  }

  async open(): Promise<void> {
    document.addEventListener("visibilitychange", this.shown);
    await this.openCamera();
    this.session.start();
  }

  close(): void {
    document.removeEventListener("visibilitychange", this.shown);
    this.session.end();
    this.peer?.close();
    this.awake.release();
    for (const track of this.state.stream?.getTracks() ?? []) track.stop();
    void this.audio?.close().catch(() => undefined);
  }

  relanguage(): void {
    this.session.again();
  }

  async openCamera(): Promise<void> {
    this.set({ camera: "asking" });
    try {
      const stream = await openCamera();
      this.set({ stream, camera: "ready" });
      await this.peer?.replace("audio", this.track("audio"));
      await this.peer?.replace("video", this.track("video"));
    } catch (error) {
      this.set({ camera: error instanceof DeviceError ? error.reason : "busy" });
    }
  }

  select(consultation: string): void {
    this.set({ selected: consultation });
    this.prepare();
  }

  setVoice(on: boolean): void {
    for (const track of this.state.stream?.getAudioTracks() ?? []) track.enabled = on;
    this.set({ voice: on });
    this.report();
  }

  setFace(on: boolean): void {
    this.set({ face: on });
    void this.peer?.replace("video", this.track("video"));
    this.report();
  }

  private report(): void {
    if (this.joined !== null) this.session.request("report", { voice: this.state.voice, face: this.state.face }).catch(() => undefined);
  }

  /* A line of text to the others in the call; false: it reached nobody, and the page says why. */
  async write(text: string): Promise<boolean> {
    const sent = await this.attempt(async () => {
      await this.session.request("write", { text });
    });
    if (sent) this.set({ written: withWritten(this.state.written, { seat: 1, text, mine: true }) });
    return sent;
  }

  /* A link for one more person of the consultation at hand; shown once, kept nowhere. */
  async invite(role: string, name: string): Promise<string | null> {
    const consultation = this.state.current?.id;
    if (!consultation) return null;
    try {
      return (await api<{ link: string }>("POST", `/api/consultations/${consultation}/guests`, { role, name }, "staff")).link;
    } catch (error) {
      this.set({ refusal: { ...troubleOf(error), failed: [] } });
      return null;
    }
  }

  /* One act of the physician; a refusal stays on the page with its rules until the next act. */
  async act(event: string, extra: Omit<OutgoingFields<"act">, "consultation" | "event"> = {}): Promise<boolean> {
    const consultation = this.state.current?.id;
    if (!consultation || this.state.busy) return false;
    this.set({ busy: true, refusal: null });
    const done = await this.attempt(() => this.session.request("act", { consultation, event, ...extra }));
    this.set({ busy: false });
    return done;
  }

  draft(fact: string, value: FactValue | undefined): void {
    this.set({ draft: { ...this.state.draft, [fact]: value } });
  }

  /* The values as they stand on the panel, sent because the physician confirmed them. */
  async confirm(): Promise<boolean> {
    const current = this.state.current;
    if (!current || this.state.busy) return false;
    this.set({ busy: true, refusal: null });
    const done = await this.attempt(() => this.facts(current));
    this.set({ busy: false });
    return done;
  }

  /* One tap: what stands on the panel of the queue entry, then the door opens. */
  async callIn(): Promise<boolean> {
    const current = this.state.current;
    if (!current || this.state.busy) return false;
    this.set({ busy: true, refusal: null });
    const done = await this.attempt(async () => {
      await this.facts(current);
      await this.session.request("act", { consultation: current.id, event: "admit" });
    });
    this.set({ busy: false });
    return done;
  }

  private async facts(current: Consultation): Promise<void> {
    const { waiting } = panelOf(current, this.state.draft);
    await Promise.all(waiting.map(([name, value]) => this.session.request("fact", { consultation: current.id, name, value })));
    this.set({ draft: {} });
  }

  clearRefusal(): void {
    this.set({ refusal: null });
  }

  private async attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      const trouble = troubleOf(error);
      this.set({ refusal: { ...trouble, failed: trouble.failed ?? [] } });
      return false;
    }
  }

  private welcome(resumed: boolean): void {
    if (!resumed) {
      this.joined = null;
      this.session.request("watch", { on: true }).catch(() => undefined);
      // a call at hand goes on; the queue would find it too, only later
      if (this.state.current && isLive(this.state.current.state)) this.join(this.state.current.id);
    }
  }

  private receive(message: Incoming): void {
    switch (message.type) {
      case "queue":
        this.announceArrivals(message.entries);
        this.set({ queue: message.entries });
        this.prepare();
        break;
      case "consultation":
        this.consultation(message);
        break;
      case "offer":
        if (message.consultation === this.joined) (this.peer ??= this.newPeer()).offer(message);
        break;
      case "sending":
        if (message.consultation === this.joined) this.peer?.sending(message);
        break;
      case "media":
        if (message.consultation === this.joined) this.set({ media: message });
        break;
      case "written":
        this.set({ written: withWritten(this.state.written, { seat: message.seat, text: message.text, mine: false }) });
        break;
      case "notice":
        this.set({ said: message.text });
        break;
      case "error":
        this.set({ refusal: { ...message, status: 0 } });
        break;
    }
  }

  private consultation(message: Consultation): void {
    if (message.id !== this.joined) return;
    this.set({ current: message });
    this.screen.follow(message.roster.some((seat) => seat.self && seat.screen));
    if (isLive(message.state)) {
      this.awake.hold();
      return;
    }
    this.awake.release();
    if (message.state === "lobby" || message.state === "booked") return;
    this.set({ last: { patient: message.patient ?? "", outcome: message.outcome ?? "", state: message.state }, selected: null });
    this.ended.add(message.id);
    this.dropMedia();
    this.joined = null;
    this.set({ current: null });
    this.prepare();
  }

  private announceArrivals(entries: Waiting[]): void {
    const here = new Set(entries.filter((one) => one.state === "lobby" && one.here).map((one) => one.consultation));
    const arrived = [...here].some((one) => !this.arrivals.has(one));
    if (arrived && !isLive(this.state.current?.state)) void chime(this.audio);
    this.arrivals = here;
  }

  /* Which one is at hand: a running one before a chosen one before the next of the queue. */
  private prepare(): void {
    const { queue, current, selected } = this.state;
    if (current && isLive(current.state)) return;
    const mine = queue.filter((one) => one.mine && !this.ended.has(one.consultation));
    const running = mine.find((one) => isLive(one.state));
    const chosen = mine.find((one) => one.consultation === selected && one.state === "lobby");
    const next = mine.find((one) => one.state === "lobby" && one.here) ?? mine.find((one) => one.state === "lobby");
    const wanted = (running ?? chosen ?? next)?.consultation ?? null;
    if (wanted === this.joined) return;
    if (this.joined !== null) {
      this.session.request("leave", { consultation: this.joined }).catch(() => undefined);
      this.dropMedia();
      this.joined = null;
      this.set({ current: null });
    }
    if (wanted !== null) this.join(wanted);
  }

  private join(consultation: string): void {
    this.joined = consultation;
    this.set({ draft: {} });
    this.peer ??= this.newPeer();
    this.joining = this.session.request("join", { consultation }).catch((error: unknown) => {
      const trouble = troubleOf(error);
      if (this.joined === consultation) this.joined = null;
      if (trouble.code !== "connection_lost") this.set({ refusal: { ...trouble, failed: [] } });
    });
  }

  private newPeer(): Peer {
    return new Peer((kind) => this.track(kind), {
      remote: (seat, kind, track) => (seat === 0 ? this.remote(kind, track) : this.set({ others: withTrack(this.state.others, seat, kind, track) })),
      screen: (track) => {
        if (!this.state.screen?.getTracks().includes(track)) this.set({ screen: new MediaStream([track]) });
      },
      answer: (offer, sdp) => {
        this.session.request("answer", { offer, sdp }).catch(() => undefined);
      },
      connected: (path) => this.set(path && this.state.refusal?.code.startsWith("media_") ? { path, refusal: null } : { path }),
      broken: () => this.askRestart(),
      stuck: (checks) => void this.session.request("report", { ...checks }).catch(() => undefined),
    });
  }

  private remote(kind: Kind, track: MediaStreamTrack): void {
    const known = kind === "video" ? this.state.remoteVideo : this.state.remoteAudio;
    if (known?.getTracks().includes(track)) return;
    this.set(kind === "video" ? { remoteVideo: new MediaStream([track]) } : { remoteAudio: new MediaStream([track]) });
  }

  private dropMedia(): void {
    this.screen.drop();
    this.peer?.close();
    this.peer = null;
    this.set({ others: {}, screen: null, written: [] });
    this.set({ remoteVideo: null, remoteAudio: null, media: null, path: false });
  }

  private askRestart(): void {
    if (this.joined === null || Date.now() - this.restartAt < 3000) return;
    this.restartAt = Date.now();
    void this.joining.then(() => this.session.request("restart", {})).catch(() => undefined);
  }

  private track(kind: Source): MediaStreamTrack | null {
    if (kind === "screen") return this.screen.track;
    if (kind === "video" && !this.state.face) return null;
    return this.state.stream?.getTracks().find((one) => one.kind === kind) ?? null;
  }
}
