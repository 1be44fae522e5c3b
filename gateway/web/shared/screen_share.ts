// Showing one's own screen or window: the browser's picker, the gateway's yes, and the end by whoever ends it first.
// The gateway opens a way for it on "on"; nobody sees it before.
interface Way {
  replace(track: MediaStreamTrack | null): Promise<void>; // into the m-line, when there is one already
  ask(code: "on" | "off"): Promise<boolean>; // false: refused, and the person was told why
  changed(sharing: boolean): void;
}

/* A telephone's browser has no picker. */
export const canShare = (): boolean => typeof navigator.mediaDevices?.getDisplayMedia === "function";

export class ScreenShare {
  private shown: MediaStreamTrack | null = null;
  private on = false;

  constructor(private readonly way: Way) {}

  get track(): MediaStreamTrack | null {
    return this.shown;
  }

  async start(): Promise<void> {
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getDisplayMedia({ video: true, audio: false });
    } catch {
      return; // the person chose nothing
    }
    const track = stream.getVideoTracks()[0];
    if (!track) return;
    this.drop();
    track.contentHint = "detail";
    track.onended = () => void this.stop();
    this.shown = track;
    await this.way.replace(track);
    if (await this.way.ask("on")) this.set(true);
    else this.drop();
  }

  async stop(): Promise<void> {
    if (!this.shown) return;
    this.drop();
    await this.way.ask("off");
  }

  /* The roster is the truth: when it says that this seat shows nothing any more, the capture ends too. */
  follow(showing: boolean): void {
    if (this.on && !showing) this.drop();
  }

  drop(): void {
    if (this.shown) {
      this.shown.onended = null;
      this.shown.stop();
    }
    this.shown = null;
    void this.way.replace(null);
    this.set(false);
  }

  private set(on: boolean): void {
    if (on === this.on) return;
    this.on = on;
    this.way.changed(on);
  }
}
