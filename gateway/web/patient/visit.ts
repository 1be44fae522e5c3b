// The patient's visit: what is on the screen and why. All waiting is on the network, none of it on the person:
// after the first tap every reconnect, reload and restart goes on by itself.
import { inApp } from "../shared/browser";
import {
  cameraGranted, cameraPossible, chime, DeviceError, newAudioContext, openCamera, ScreenAwake,
} from "../shared/devices";
import { agreementFacts, nameSeenDoor } from "../shared/doors";
import { api, troubleOf, TroubleError, type Trouble } from "../shared/http";
import { language, languageStore, say } from "../shared/language";
import { withTrack, type Streams } from "../shared/company";
import { Peer, type Kind, type Source } from "../shared/peer";
import { ScreenShare } from "../shared/screen_share";
import { Session, type Line } from "../shared/session";
import { Store } from "../shared/store";
import { withWritten, type Written } from "../shared/writing";
import type { Card, Consultation, FactValue, Seat, Incoming, Media } from "../shared/wire";
import { words } from "./texts";

export type Screen =
  | "inapp" | "nolink" | "start" | "asking" | "redeeming" | "denied" | "missing" | "busy" | "held" | "check" | "agree"
  | "entering" | "room" | "ended" | "moved" | "removed" | "trouble";

export interface Agreement { language: string; version: string; hash: string; paragraphs: string[] }

export interface Redeemed {
  consultation: string;
  role?: string; // left out: the patient's own link
  institution: { name: string; telephone: string };
  physician: { name: string; registered?: number };
  booked_for?: number;
}

export interface VisitState {
  screen: Screen;
  trouble: Trouble | null;
  card: Card | null;
  stream: MediaStream | null;
  agreement: Agreement | null;
  consultation: Consultation | null;
  media: Media | null;
  line: Line;
  lostAt: number; // ms since 1970; 0 while all is well
  path: boolean; // media path connected
  blocked: { what: string; todo: string } | null; // why it will not connect, while it does not
  remoteVideo: MediaStream | null;
  remoteAudio: MediaStream | null;
  others: Streams; // everybody but the physician, by seat
  screenShown: MediaStream | null;
  sharing: boolean; // this guest shows a screen
  written: Written[];
  unread: Written | null; // shown large until somebody taps it
  role: string; // patient, or what a guest is here
  voice: boolean;
  face: boolean;
  said: string;
}

const STARTED_KEY = "tsunagi.started";
const HELD_POLL_MS = 5000;
const FIRST_VIEW_MS = 800;

export function isOver(state: string): boolean {
  return state.startsWith("closed_") || state === "converted" || state === "abandoned";
}

export class Visit extends Store<VisitState> {
  audio: AudioContext | null = null;
  private readonly secret = location.hash.slice(1);
  private readonly skipCheck = new URLSearchParams(location.search).get("check") === "skip";
  private readonly awake = new ScreenAwake();
  /* For a specialist's findings; the gateway lets no other guest show anything. */
  readonly screen = new ScreenShare({
    replace: async (track) => this.peer?.replace("screen", track),
    ask: (code) => this.act("screen", code).then(() => true, (error: unknown) => {
      this.announce(troubleOf(error).what);
      return false;
    }),
    changed: (sharing) => this.set({ sharing }),
  });
  private session: Session | null = null;
  private peer: Peer | null = null;
  private consultationId = "";
  private joined = false;
  private agreed = false;
  private cardVisible = false;
  private speaker = false;
  private microphone = false;
  private heldTimer = 0;
  private firstTimer = 0; // running: welcomed, but not told yet where the visit stands
  private restartAt = 0;
  private presumed = false; // this visit was agreed to before: straight to the seat, unless a rule says otherwise

  constructor() {
    super({
      screen: "start", trouble: null, card: null, stream: null, agreement: null, consultation: null, media: null,
      line: "connecting", lostAt: 0, path: false, blocked: null, remoteVideo: null, remoteAudio: null, others: {}, screenShown: null, sharing: false, written: [], unread: null, role: "patient",
      voice: true, face: true, said: "",
    });
    if (!cameraPossible() || inApp(navigator.userAgent) !== null) this.state.screen = "inapp";
    else if (this.secret === "") this.state.screen = "nolink";
    else void this.goOn();
    languageStore.subscribe(() => this.relanguage());
    addEventListener("hashchange", () => location.reload());
    document.addEventListener("visibilitychange", () => this.shown());
    addEventListener("online", () => this.askRestart());
  }

  get guest(): boolean {
    return this.state.role !== "patient";
  }

  get self(): Seat | undefined {
    return this.state.consultation?.roster.find((seat) => seat.self);
  }

  /* Is this person in the call, or still waiting at its door? */
  get inside(): boolean {
    const state = this.state.consultation?.state ?? "lobby";
    if (state === "booked" || state === "lobby") return false;
    return !this.guest || this.self?.status === "present";
  }

  get telephone(): string | undefined {
    return this.state.card?.telephone ?? this.state.trouble?.telephone;
  }

  /* The one tap. Nothing was asked of the gateway before it. */
  async start(): Promise<void> {
    this.audio ??= newAudioContext(); // inside the tap, or phones keep it silent
    void this.audio?.resume().catch(() => undefined);
    this.set({ screen: "asking", trouble: null });
    try {
      this.state.stream ?? this.useStream(await openCamera());
    } catch (error) {
      this.set({ screen: error instanceof DeviceError ? error.reason : "busy" });
      return;
    }
    this.set({ screen: "redeeming" });
    await this.redeem();
  }

  checked(seen: { microphone: boolean }): void {
    this.microphone = seen.microphone;
    if (this.state.screen === "check") void this.showAgreement();
  }

  /* The one tap of the agreement screen: everything shown on it becomes a fact of this person. */
  async agree(place: string, alone: boolean): Promise<void> {
    this.set({ screen: "entering", trouble: null });
    try {
      if (!this.guest) for (const [name, value] of agreementFacts(place, alone)) await this.fact(name, value);
      this.agreed = true;
      keep("agreed");
      await this.settle();
    } catch (error) {
      this.trouble(error);
    }
  }

  async retry(): Promise<void> {
    if (!this.session) return this.start();
    if (!this.agreed) return this.showAgreement();
    this.set({ screen: "entering", trouble: null });
    await this.settle().catch((error: unknown) => this.trouble(error));
  }

  async fact(name: string, value: FactValue): Promise<void> {
    await this.session?.request("fact", { consultation: this.consultationId, name, value });
  }

  async sawName(): Promise<void> {
    await this.answer(nameSeenDoor.fact, true);
  }

  async answer(name: string, value: FactValue): Promise<void> {
    await this.fact(name, value).catch((error: unknown) => this.announce(troubleOf(error).what));
  }

  setVoice(on: boolean): void {
    for (const track of this.state.stream?.getAudioTracks() ?? []) track.enabled = on;
    this.set({ voice: on });
    this.report();
  }

  /* A hidden face sends nothing at all, so the gateway sees honestly that there is no picture (rule 1.6-02). */
  setFace(on: boolean): void {
    this.set({ face: on });
    void this.peer?.replace("video", this.track("video"));
    this.report();
  }

  /* Each time anew: may this person be there? (1.6-06) */
  async consent(seat: number, yes: boolean): Promise<void> {
    await this.session?.request("act", { consultation: this.consultationId, event: "seat_consent", seat, code: yes ? "given" : "refused" })
      .catch((error: unknown) => this.announce(troubleOf(error).what));
  }

  /* A line of text to the others in the call; false: it reached nobody, and why was said. */
  async write(text: string): Promise<boolean> {
    try {
      await this.session?.request("write", { text });
    } catch (error) {
      this.announce(troubleOf(error).what);
      return false;
    }
    this.wrote({ seat: this.self?.seat ?? 0, text, mine: true });
    return true;
  }

  read(): void {
    this.set({ unread: null });
  }

  async emergency(): Promise<void> {
    await this.act("emergency").catch((error: unknown) => this.announce(troubleOf(error).what));
  }

  /* Waiting: cancels. In a call: withdraws the wish. Afterwards: just stands up. */
  async end(): Promise<void> {
    const state = this.state.consultation?.state ?? "booked";
    const event = this.guest ? null : state === "lobby" || state === "booked" ? "cancel" : state === "closing" ? null : "withdraw";
    try {
      if (event) await this.act(event, event === "cancel" ? "patient_cancelled" : undefined);
      else await this.session?.request("leave", { consultation: this.consultationId });
    } catch {
      await this.session?.request("leave", { consultation: this.consultationId }).catch(() => undefined);
    }
    this.over("ended");
  }

  cardSeen(visible: boolean): void {
    if (visible === this.cardVisible) return;
    this.cardVisible = visible;
    this.report();
  }

  relanguage(): void {
    this.session?.again();
  }

  played(): void {
    this.speaker = true;
  }

  // ---- from here on nobody taps

  private async goOn(): Promise<void> {
    const before = kept();
    this.presumed = before === "agreed";
    if (before !== null && (await cameraGranted())) await this.start();
  }

  private async redeem(): Promise<void> {
    clearTimeout(this.heldTimer);
    let redeemed: Redeemed;
    try {
      redeemed = await api<Redeemed>("POST", "/api/invitations/redeem", { secret: this.secret, language: language() }, "patient");
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble.code === "held_other_device") {
        this.set({ screen: "held", trouble });
        this.presumed = true; // it comes in through the seat of a device that agreed
        // Staff move the seat with one tap; then this device may come in.
        this.heldTimer = window.setTimeout(() => void this.redeem(), HELD_POLL_MS);
      } else {
        this.set({ screen: "trouble", trouble });
      }
      return;
    }
    if (kept() === null) keep("started");
    this.consultationId = redeemed.consultation;
    this.set({
      role: redeemed.role ?? "patient",
      trouble: null,
      card: {
        name: redeemed.physician.name,
        role: "physician",
        clinic: redeemed.institution.name,
        telephone: redeemed.institution.telephone,
        ...(redeemed.physician.registered ? { registered: redeemed.physician.registered } : {}),
      },
    });
    this.connect();
  }

  private connect(): void {
    this.awake.hold();
    let first = true;
    this.session = new Session("patient", {
      line: (line) => this.lineChanged(line),
      welcome: (welcome, resumed) => {
        this.consultationId = welcome.consultation ?? this.consultationId;
        if (first) {
          first = false;
          this.firstTimer = window.setTimeout(() => this.firstView(), FIRST_VIEW_MS);
        } else if (!resumed && this.agreed) {
          this.joined = false;
          void this.settle().catch((error: unknown) => this.trouble(error));
        } else if (resumed) {
          this.report();
        }
      },
      message: (message) => this.receive(message),
      over: (trouble) => {
        if (this.state.screen === "ended") return;
        const screen = trouble.code === "moved" ? "moved" : trouble.code === "removed" ? "removed" : "trouble";
        this.set({ trouble });
        this.over(screen);
      },
    });
    this.session.start();
  }

  /* The gateway says where the visit stands right behind its welcome; without that word the wait ends by itself. */
  private firstView(): void {
    if (this.firstTimer === 0) return;
    clearTimeout(this.firstTimer);
    this.firstTimer = 0;
    this.firstScreen();
  }

  /* A device that comes back into a visit goes straight to its seat; a new one is checked and asked first. */
  private firstScreen(): void {
    const state = this.state.consultation?.state ?? "booked";
    if (isOver(state)) return this.over("ended");
    if ((state !== "booked" && !this.guest) || this.presumed) {
      this.agreed = true;
      this.set({ screen: "entering" });
      this.settle().catch((error: unknown) => {
        this.agreed = troubleOf(error).code !== "rule";
        if (this.agreed) this.trouble(error);
        else void this.showAgreement();
      });
    } else if (this.skipCheck) {
      void this.showAgreement();
    } else {
      this.set({ screen: "check" });
    }
  }

  private async showAgreement(): Promise<void> {
    this.set({ screen: "agree", trouble: null, agreement: null });
    if (this.guest) return; // what a guest promises is on the page itself
    await this.loadAgreement();
  }

  async loadAgreement(): Promise<void> {
    try {
      this.set({ agreement: await api<Agreement>("GET", `/api/texts/agreement?language=${language()}`, undefined, "patient") });
    } catch (error) {
      this.trouble(error);
    }
  }

  private async join(): Promise<void> {
    if (!this.joined) {
      this.peer ??= this.newPeer();
      await this.session?.request("join", { consultation: this.consultationId });
      this.joined = true;
    }
    await this.reportNow();
  }

  private async enter(): Promise<void> {
    if (this.guest) return;
    const state = this.state.consultation?.state ?? "booked";
    if (state === "booked") await this.act("enter");
  }

  /* Seat, then waiting room; also after the gateway forgot the session. */
  private async settle(): Promise<void> {
    await this.join();
    await this.enter();
    this.set({ screen: "room" });
    this.lostOrFound();
  }

  private async act(event: string, code?: string): Promise<void> {
    await this.session?.request("act", { consultation: this.consultationId, event, ...(code ? { code } : {}) });
  }

  private report(): void {
    if (this.joined && this.session?.open) this.reportNow().catch(() => undefined);
  }

  private async reportNow(): Promise<void> {
    const live = (kind: Kind) => this.state.stream?.getTracks().some((one) => one.kind === kind && one.readyState === "live") ?? false;
    await this.session?.request("report", {
      camera: live("video"),
      microphone: this.microphone || live("audio"),
      speaker: this.speaker,
      card_visible: this.cardVisible,
      voice: this.state.voice,
      face: this.state.face,
      ...this.source(),
    });
  }

  /* 1.6-09: what the picture really comes from, as far as a page can tell: a shared screen says so, a virtual camera by its name. */
  private source(): { source?: string } {
    const track = this.track("video");
    if (track === null) return {};
    if (track.getSettings().displaySurface !== undefined) return { source: "screen" };
    return { source: /virtual|\bobs\b|manycam|droidcam|snap camera/i.test(track.label) ? "virtual" : "camera" };
  }

  private newPeer(): Peer {
    return new Peer((kind) => this.track(kind), {
      remote: (seat, kind, track) => this.remote(seat, kind, track),
      screen: (track) => {
        if (!this.state.screenShown?.getTracks().includes(track)) this.set({ screenShown: new MediaStream([track]) });
      },
      answer: (offer, sdp) => void this.session?.request("answer", { offer, sdp }).catch(() => undefined),
      connected: (path) => {
        this.set(path ? { path, blocked: null } : { path });
        this.lostOrFound();
      },
      broken: () => this.askRestart(),
      stuck: (checks) => void this.session?.request("report", { ...checks }).catch(() => undefined),
    });
  }

  private remote(seat: number, kind: Kind, track: MediaStreamTrack): void {
    if (seat !== 1) {
      this.set({ others: withTrack(this.state.others, seat, kind, track) });
      return;
    }
    const key = kind === "video" ? "remoteVideo" : "remoteAudio";
    if (this.state[key]?.getTracks().includes(track)) return;
    this.set(kind === "video" ? { remoteVideo: new MediaStream([track]) } : { remoteAudio: new MediaStream([track]) });
  }

  private askRestart(): void {
    if (!this.joined || !this.peer || Date.now() - this.restartAt < 3000) return;
    this.restartAt = Date.now();
    this.session?.request("restart", {}).catch(() => undefined);
  }

  private receive(message: Incoming): void {
    switch (message.type) {
      case "consultation": {
        const before = this.state.consultation?.state ?? "booked";
        const inside = this.inside;
        this.set({ consultation: message, ...(message.card ? { card: message.card } : {}) });
        this.screen.follow(this.self?.screen ?? false);
        if (isOver(message.state)) return this.over("ended");
        this.firstView();
        if (this.guest ? this.inside && !inside : message.state === "ident" && before !== "ident" && this.joined) this.called();
        this.lostOrFound();
        break;
      }
      case "media":
        this.set({ media: message });
        break;
      case "sending":
        this.peer?.sending(message);
        break;
      case "offer":
        (this.peer ??= this.newPeer()).offer(message);
        break;
      case "written":
        this.wrote({ seat: message.seat, text: message.text, mine: false });
        break;
      case "notice":
        this.announce(message.text);
        break;
      case "error":
        this.announce(message.what);
        if (message.code.startsWith("media_") && !this.state.path) this.set({ blocked: { what: message.what, todo: message.todo } });
        break;
    }
  }

  private called(): void {
    this.announce(say(words.called));
    navigator.vibrate?.([400, 200, 400]);
    void chime(this.audio, 2);
  }

  private wrote(one: Written): void {
    this.set({ written: withWritten(this.state.written, one), ...(one.mine ? {} : { unread: one }) });
  }

  private announce(said: string): void {
    this.set({ said });
  }

  private lineChanged(line: Line): void {
    this.set({ line });
    this.lostOrFound();
  }

  /* When did it go wrong? The screens count from here: reconnecting at once, the telephone number after 30 s. */
  private lostOrFound(): void {
    const live = this.state.screen === "room" && this.joined;
    const admitted = this.inside && this.state.consultation?.state !== "paused";
    const well = this.state.line === "open" && (!admitted || this.state.path);
    if (!live || well) {
      if (this.state.lostAt !== 0) this.set({ lostAt: 0 });
    } else if (this.state.lostAt === 0) {
      this.set({ lostAt: Date.now() });
    }
  }

  private shown(): void {
    if (document.visibilityState !== "visible") return;
    this.report();
    if (this.joined && this.peer && !this.peer.connected) this.askRestart();
    if (this.state.stream?.getTracks().some((track) => track.readyState === "ended")) void this.reopenCamera();
  }

  private useStream(stream: MediaStream): void {
    for (const track of stream.getTracks()) track.onended = () => void this.reopenCamera();
    this.set({ stream });
  }

  /* A phone takes the camera away for a call or an unplugged cable: take it back without a question. */
  private async reopenCamera(): Promise<void> {
    if (document.visibilityState !== "visible" || !this.joined) return;
    try {
      this.useStream(await openCamera());
    } catch {
      return this.report();
    }
    this.setVoice(this.state.voice);
    await this.peer?.replace("audio", this.track("audio"));
    await this.peer?.replace("video", this.track("video"));
    this.report();
  }

  private track(kind: Source): MediaStreamTrack | null {
    if (kind === "screen") return this.screen.track;
    if (kind === "video" && !this.state.face) return null;
    return this.state.stream?.getTracks().find((one) => one.kind === kind) ?? null;
  }

  private trouble(error: unknown): void {
    const trouble = troubleOf(error);
    // The session comes back by itself and settles again.
    if (error instanceof TroubleError && trouble.code === "connection_lost") return;
    this.set({ screen: "trouble", trouble });
  }

  private over(screen: Screen): void {
    clearTimeout(this.heldTimer);
    this.set({ screen, remoteVideo: null, remoteAudio: null, others: {}, screenShown: null, written: [], unread: null, lostAt: 0, said: "" });
    for (const track of this.state.stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.set({ stream: null });
    this.screen.drop();
    this.peer?.close();
    this.peer = null;
    this.joined = false;
    this.session?.end();
    this.session = null;
    this.awake.release();
    keep(null);
  }
}

/* How far this tab came, for a reload; never the secret. Without storage a reload costs one more tap. */
type Progress = "started" | "agreed";

function kept(): Progress | null {
  try {
    return sessionStorage.getItem(STARTED_KEY) as Progress | null;
  } catch {
    return null;
  }
}

function keep(progress: Progress | null): void {
  try {
    if (progress === null) sessionStorage.removeItem(STARTED_KEY);
    else sessionStorage.setItem(STARTED_KEY, progress);
  } catch {
    // see kept()
  }
}
