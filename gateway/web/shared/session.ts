// One signaling session over as many sockets as it takes: hello with a ticket, afterwards with the resume token.
// The person never has to tap for a reconnect. Pending requests are sent again on a resumed socket.
import { api, TroubleError, type Trouble } from "./http";
import { language, say } from "./language";
import type { Incoming, OutgoingFields, OutgoingType, Welcome } from "./wire";

export type Line = "connecting" | "open" | "lost" | "over";

interface Pending {
  ref: number;
  type: OutgoingType;
  text: string;
  sent: boolean;
  again: boolean; // sent before on an earlier socket
  resolve: () => void;
  reject: (error: TroubleError) => void;
}

export interface SessionEvents {
  line(line: Line): void;
  /* resumed=false: seats must be taken again. */
  welcome(welcome: Welcome, resumed: boolean): void;
  message(message: Incoming): void;
  /* The session cannot go on by itself. */
  over(trouble: Trouble): void;
}

const BACKOFF_FIRST_MS = 250;
const BACKOFF_LAST_MS = 2000;
const HANDSHAKE_MS = 8000;
const SILENCE_MS = 7000;
/* Meaningless on a session that lost its seats: the owner starts over. */
const SEAT_BOUND: readonly string[] = ["join", "leave", "answer", "restart", "report", "watch", "candidate"];

const LOST = {
  what: { ja: "つながりが 切れました。", en: "The connection was lost." },
  todo: { ja: "もういちど ためしてください。", en: "Please try again." },
};

export class Session {
  private socket: WebSocket | null = null;
  private welcomed = false;
  private resume: string | null = null;
  private seq = 0;
  private nextRef = 1;
  private pending = new Map<number, Pending>();
  private tries = 0;
  private timer = 0;
  private silence = 0;
  private line: Line = "connecting";
  private dialing = false; // a ticket is being fetched
  private readonly online = () => this.hurry();

  constructor(
    private readonly as: "patient" | "staff",
    private readonly events: SessionEvents,
  ) {}

  start(): void {
    addEventListener("online", this.online);
    void this.connect();
  }

  /* Ends on purpose: nothing is kept for a resume. */
  end(): void {
    if (this.line === "over") return;
    if (this.welcomed) this.socket?.send(JSON.stringify({ type: "bye", ref: this.nextRef++ }));
    this.finish();
  }

  /* A new socket for the same session, e.g. because the person changed the language of the texts. */
  again(): void {
    if (!this.welcomed || !this.socket) return;
    this.drop(this.socket);
    this.hurry();
  }

  get open(): boolean {
    return this.welcomed;
  }

  request<T extends OutgoingType>(type: T, fields: OutgoingFields<T>): Promise<void> {
    const ref = this.nextRef++;
    return new Promise<void>((resolve, reject) => {
      const text = JSON.stringify({ type, ref, ...fields });
      const pending: Pending = { ref, type, text, sent: false, again: false, resolve, reject };
      if (this.line === "over") return reject(lost());
      this.pending.set(ref, pending);
      this.flush();
    });
  }

  private setLine(line: Line): void {
    if (this.line === line) return;
    this.line = line;
    this.events.line(line);
  }

  private async connect(): Promise<void> {
    clearTimeout(this.timer);
    if (this.dialing || this.socket !== null) return;
    let ticket: string | null = null;
    if (this.resume === null) {
      this.dialing = true;
      try {
        ticket = (await api<{ ticket: string }>("POST", "/api/ticket", { as: this.as }, this.as)).ticket;
      } catch (error) {
        const trouble = error instanceof TroubleError ? error.trouble : lost().trouble;
        if (trouble.status === 401 || trouble.status === 403) return this.fail(trouble);
        return this.later();
      } finally {
        this.dialing = false;
      }
      if (this.isOver()) return;
    }
    const socket = new WebSocket(`wss://${location.host}/ws`, "tsunagi.v1");
    this.socket = socket;
    this.welcomed = false;
    this.timer = window.setTimeout(() => this.drop(socket), HANDSHAKE_MS);
    socket.onopen = () => {
      const who = this.resume !== null ? { resume: this.resume, after: this.seq } : { ticket };
      socket.send(JSON.stringify({ type: "hello", ref: this.nextRef++, protocol: 1, language: language(), ...who }));
    };
    socket.onmessage = (event) => {
      if (socket === this.socket) this.receive(socket, String(event.data));
    };
    socket.onclose = () => this.drop(socket);
  }

  private receive(socket: WebSocket, text: string): void {
    clearTimeout(this.silence);
    this.silence = 0;
    let message: Incoming;
    try {
      message = JSON.parse(text) as Incoming;
    } catch {
      return this.drop(socket);
    }
    if (message.seq > this.seq) this.seq = message.seq;
    switch (message.type) {
      case "welcome":
        return this.welcome(message);
      case "done": {
        const pending = this.pending.get(message.ref);
        this.pending.delete(message.ref);
        pending?.resolve();
        break;
      }
      case "error": {
        if (!this.welcomed) return this.refusedHello(socket, message);
        const pending = message.ref === undefined ? undefined : this.pending.get(message.ref);
        if (pending) {
          this.pending.delete(pending.ref);
          // Sent twice because the answer was lost: the first one may have done it.
          if (pending.again && message.code === "wrong_state") pending.resolve();
          else pending.reject(new TroubleError({ ...message, status: 0 }));
        } else {
          this.events.message(message);
        }
        break;
      }
      case "goodbye":
        if (message.resume) this.drop(socket);
        else this.fail({ code: message.code, what: message.text, todo: "", status: 0 });
        return;
      default:
        this.events.message(message);
    }
    this.watchSilence();
  }

  private welcome(message: Welcome): void {
    clearTimeout(this.timer);
    this.welcomed = true;
    this.tries = 0;
    this.resume = message.resume;
    if (!message.resumed) {
      this.seq = message.seq;
      for (const pending of [...this.pending.values()]) {
        if (!SEAT_BOUND.includes(pending.type)) continue;
        this.pending.delete(pending.ref);
        pending.reject(lost());
      }
    }
    for (const pending of this.pending.values()) {
      pending.again = pending.sent;
      pending.sent = false;
    }
    // What waits must come after the owner's new `join`.
    const waiting = [...this.pending.values()];
    this.pending.clear();
    this.setLine("open");
    this.events.welcome(message, message.resumed);
    for (const pending of waiting) this.pending.set(pending.ref, pending);
    this.flush();
  }

  private refusedHello(socket: WebSocket, message: { code: string; what: string; todo: string }): void {
    if (this.resume !== null) {
      // unknown_session: the gateway restarted or waited too long. A ticket gets the same seat back.
      this.resume = null;
      this.tries = 0;
    } else if (["held_other_device", "signed_out", "invitation_expired"].includes(message.code)) {
      return this.fail({ ...message, status: 0 });
    }
    this.drop(socket);
  }

  private flush(): void {
    if (!this.welcomed || !this.socket) return;
    for (const pending of this.pending.values()) {
      if (pending.sent) continue;
      this.socket.send(pending.text);
      pending.sent = true;
    }
    this.watchSilence();
  }

  /* Every request is answered; a socket that stays silent is dead even if nobody told us yet. */
  private watchSilence(): void {
    const socket = this.socket;
    if (this.silence !== 0 || socket === null || this.pending.size === 0) return;
    this.silence = window.setTimeout(() => {
      this.silence = 0;
      this.drop(socket);
    }, SILENCE_MS);
  }

  private drop(socket: WebSocket): void {
    if (socket !== this.socket || this.line === "over") return;
    this.socket = null;
    this.welcomed = false;
    clearTimeout(this.silence);
    this.silence = 0;
    socket.onclose = socket.onmessage = socket.onopen = null;
    socket.close();
    this.setLine("lost");
    this.later();
  }

  private later(): void {
    clearTimeout(this.timer);
    if (this.isOver()) return;
    const ceiling = Math.min(BACKOFF_LAST_MS, BACKOFF_FIRST_MS * 2 ** this.tries++);
    this.timer = window.setTimeout(() => void this.connect(), BACKOFF_FIRST_MS / 2 + Math.random() * ceiling);
  }

  private hurry(): void {
    if (this.line !== "lost" || this.socket !== null) return;
    this.tries = 0;
    void this.connect();
  }

  private fail(trouble: Trouble): void {
    if (this.line === "over") return;
    this.finish();
    this.events.over(trouble);
  }

  private finish(): void {
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    removeEventListener("online", this.online);
    const socket = this.socket;
    this.socket = null;
    this.welcomed = false;
    this.setLine("over");
    if (socket) {
      socket.onclose = socket.onmessage = null;
      socket.close(1000);
    }
    for (const pending of this.pending.values()) pending.reject(lost());
    this.pending.clear();
  }

  private isOver(): boolean {
    return this.line === "over";
  }
}

function lost(): TroubleError {
  return new TroubleError({ code: "connection_lost", what: say(LOST.what), todo: say(LOST.todo), status: 0 });
}
