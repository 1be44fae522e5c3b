// The one PeerConnection of a seat. The gateway offers; we answer in order. Which m-line carries whose sound or picture
// is told by the offer's track list, never guessed from stream ids.
import type { Offer, Sending } from "./wire";

export type Kind = "audio" | "video";
/* What this side sends. */
export type Source = Kind | "screen";

/* What became of the checks by kind of path: not tried, no answer, answered. */
export interface Checks {
  udp: string;
  tcp: string;
  relay: string;
}

export interface PeerEvents {
  /* The person of this seat is heard or seen through `track` from now on. */
  remote(seat: number, kind: Kind, track: MediaStreamTrack): void;
  /* The screen of whoever shows one comes through `track`. */
  screen?(track: MediaStreamTrack): void;
  answer(offer: number, sdp: string): void;
  connected(connected: boolean): void;
  /* The path is gone and the browser cannot mend it by itself. */
  broken(): void;
  /* A new connection does not come about: how far it got. */
  stuck(checks: Checks): void;
}

const BROKEN_AFTER_MS = 1500;
const STUCK_AFTER_MS = 8000; // before a browser gives up by itself, and the gateway after its handshake_timeout
const VIDEO_MAX_BITRATE = 1_500_000;

export class Peer {
  private connection: RTCPeerConnection | null = null;
  private seats = new Map<string, number>();
  private screens = new Set<string>(); // mids
  private up = new Map<Source, RTCRtpSender>();
  private asked: Sending | null = null;
  private work: Promise<void> = Promise.resolve();
  private brokenTimer = 0;
  private stuckTimer = 0;

  constructor(
    private readonly local: (source: Source) => MediaStreamTrack | null,
    private readonly events: PeerEvents,
  ) {}

  /* Offers are worked off one after the other; a later one may replace an unanswered one. */
  offer(offer: Offer): void {
    this.work = this.work.then(() => this.answer(offer)).catch(() => {
      // closed in between: somebody stood up; otherwise a restart may mend it
      if (this.connection) this.events.broken();
    });
  }

  /* Swaps what is sent without a new offer; null sends nothing. */
  async replace(kind: Source, track: MediaStreamTrack | null): Promise<void> {
    await this.up.get(kind)?.replaceTrack(track);
  }

  /* What the others' lines carry decides how much is sent; sound is asked for in the offer. */
  sending(asked: Sending): void {
    this.asked = asked;
    const sender = this.up.get("video");
    if (sender) this.work = this.work.then(() => tune("video", sender, asked));
  }

  get connected(): boolean {
    const state = this.connection?.iceConnectionState;
    return state === "connected" || state === "completed";
  }

  close(): void {
    clearTimeout(this.brokenTimer);
    clearTimeout(this.stuckTimer);
    const connection = this.connection;
    this.connection = null;
    this.up.clear();
    this.seats.clear();
    this.asked = null;
    this.screens.clear();
    if (!connection) return;
    connection.ontrack = connection.oniceconnectionstatechange = null;
    connection.close();
  }

  private start(offer: Offer): RTCPeerConnection {
    this.close();
    const connection = new RTCPeerConnection(configuration(offer));
    this.connection = connection;
    connection.ontrack = (event) => this.track(event.transceiver);
    connection.oniceconnectionstatechange = () => this.iceChanged(connection);
    return connection;
  }

  private async answer(offer: Offer): Promise<void> {
    const connection = offer.fresh || !this.connection ? this.start(offer) : this.connection;
    // the earlier credentials may have run out; what is already relayed keeps its relay
    if (!offer.fresh) connection.setConfiguration(configuration(offer));
    for (const track of offer.tracks) {
      if (track.direction === "down" && track.seat !== undefined) this.seats.set(track.mid, track.seat);
      if (track.direction === "down" && track.screen) this.screens.add(track.mid);
    }
    await connection.setRemoteDescription({ type: "offer", sdp: offer.sdp });
    for (const track of offer.tracks) {
      const transceiver = connection.getTransceivers().find((one) => one.mid === track.mid);
      if (!transceiver) continue;
      if (track.direction === "up") await this.attach(transceiver, track.screen ? "screen" : (track.kind as Kind));
      else this.track(transceiver);
    }
    const answer = await connection.createAnswer();
    await connection.setLocalDescription(answer);
    if (connection !== this.connection) return;
    this.events.answer(offer.offer, connection.localDescription?.sdp ?? answer.sdp ?? "");
    if (connection.iceConnectionState === "new" || connection.iceConnectionState === "checking") {
      clearTimeout(this.stuckTimer);
      this.stuckTimer = window.setTimeout(() => void this.tellStuck(connection), STUCK_AFTER_MS);
    }
    for (const [kind, sender] of this.up) await tune(kind, sender, this.asked);
  }

  private async attach(transceiver: RTCRtpTransceiver, kind: Source): Promise<void> {
    await transceiver.sender.replaceTrack(this.local(kind));
    transceiver.direction = "sendonly";
    this.up.set(kind, transceiver.sender);
  }

  private track(transceiver: RTCRtpTransceiver): void {
    if (transceiver.mid !== null && this.screens.has(transceiver.mid)) {
      this.events.screen?.(transceiver.receiver.track);
      return;
    }
    const seat = transceiver.mid === null ? undefined : this.seats.get(transceiver.mid);
    if (seat !== undefined) this.events.remote(seat, transceiver.receiver.track.kind as Kind, transceiver.receiver.track);
  }

  private async tellStuck(connection: RTCPeerConnection): Promise<void> {
    clearTimeout(this.stuckTimer);
    if (connection !== this.connection || connection.connectionState === "connected") return;
    const checks = await checksOf(connection);
    if (connection === this.connection) this.events.stuck(checks);
  }

  private iceChanged(connection: RTCPeerConnection): void {
    if (connection !== this.connection) return;
    clearTimeout(this.brokenTimer);
    const state = connection.iceConnectionState;
    this.events.connected(this.connected);
    if (state === "failed") void this.tellStuck(connection).then(() => this.events.broken());
    // "disconnected" often mends itself within a second
    if (state === "disconnected") this.brokenTimer = window.setTimeout(() => this.events.broken(), BROKEN_AFTER_MS);
  }
}

/* A pair that is there is being tried: a TCP one says "waiting" while its connection does not come about. */
async function checksOf(connection: RTCPeerConnection): Promise<Checks> {
  const checks: Checks = { udp: "none", tcp: "none", relay: "none" };
  const stats = await connection.getStats();
  stats.forEach((pair: RTCIceCandidatePairStats) => {
    if (pair.type !== "candidate-pair") return;
    const local = stats.get(pair.localCandidateId) as { candidateType?: string; protocol?: string } | undefined;
    const kind = local?.candidateType === "relay" ? "relay" : local?.protocol === "tcp" ? "tcp" : "udp";
    if (pair.state === "succeeded") checks[kind] = "answered";
    else if (checks[kind] === "none") checks[kind] = "sent";
  });
  return checks;
}

/* TURN servers come with the offer, so that their short-lived credentials are as fresh as it is. */
function configuration(offer: Offer): RTCConfiguration {
  return { bundlePolicy: "max-bundle", rtcpMuxPolicy: "require", iceServers: offer.ice_servers };
}

/* P7 at the sender: sound goes before picture; the picture may lose sharpness and speed alike. */
async function tune(kind: Source, sender: RTCRtpSender, asked: Sending | null): Promise<void> {
  const parameters = sender.getParameters();
  const encoding = parameters.encodings?.[0];
  if (!encoding) return;
  encoding.priority = encoding.networkPriority = kind === "audio" ? "high" : "low";
  if (kind === "screen") encoding.maxBitrate = VIDEO_MAX_BITRATE;
  if (kind === "video") {
    encoding.active = asked?.picture ?? true;
    encoding.maxBitrate = Math.min(asked?.bitrate ?? VIDEO_MAX_BITRATE, VIDEO_MAX_BITRATE);
    encoding.scaleResolutionDownBy = scale(sender.track, asked?.lines);
    if (asked?.frames) encoding.maxFramerate = asked.frames;
    else delete encoding.maxFramerate;
  }
  try {
    await sender.setParameters(parameters);
  } catch {
    // an older browser refuses some of it: the default is good enough
  }
}

/* By how much the shorter side has to shrink to have so many lines at most. */
function scale(track: MediaStreamTrack | null, lines: number | undefined): number {
  const { width, height } = track?.getSettings() ?? {};
  if (!lines || !width || !height) return 1;
  return Math.max(1, Math.min(width, height) / lines);
}
