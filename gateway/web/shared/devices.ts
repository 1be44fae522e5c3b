// Camera, microphone, sound and the screen of this device.

export type Denied = "denied" | "missing" | "busy";

export class DeviceError extends Error {
  constructor(readonly reason: Denied) {
    super(reason);
  }
}

export function cameraPossible(): boolean {
  return typeof RTCPeerConnection === "function" && typeof navigator.mediaDevices?.getUserMedia === "function";
}

const WANTED: MediaStreamConstraints = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 24, max: 30 } },
};

export async function openCamera(): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getUserMedia(WANTED);
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "NotAllowedError" || name === "SecurityError") throw new DeviceError("denied");
    if (name === "NotFoundError" || name === "OverconstrainedError") throw new DeviceError("missing");
    throw new DeviceError("busy");
  }
}

/* True when the browser would not ask again, so a reload may go on without a tap. */
export async function cameraGranted(): Promise<boolean> {
  try {
    const states = await Promise.all(
      ["camera", "microphone"].map((name) => navigator.permissions.query({ name: name as PermissionName })),
    );
    return states.every((one) => one.state === "granted");
  } catch {
    return false;
  }
}

/* Level of a microphone, 0…1, about 20 times a second. */
export class LevelMeter {
  private timer = 0;
  private source: MediaStreamAudioSourceNode;
  private analyser: AnalyserNode;

  constructor(context: AudioContext, stream: MediaStream, level: (value: number) => void) {
    this.source = context.createMediaStreamSource(stream);
    this.analyser = context.createAnalyser();
    this.analyser.fftSize = 1024;
    this.source.connect(this.analyser);
    const samples = new Uint8Array(this.analyser.fftSize);
    this.timer = window.setInterval(() => {
      this.analyser.getByteTimeDomainData(samples);
      let peak = 0;
      for (const sample of samples) peak = Math.max(peak, Math.abs(sample - 128));
      level(Math.min(1, peak / 96));
    }, 50);
  }

  stop(): void {
    clearInterval(this.timer);
    this.source.disconnect();
  }
}

/* Two soft notes; `times` repeats for a call. Returns false when the browser keeps sound closed. */
export async function chime(context: AudioContext | null, times = 1): Promise<boolean> {
  if (!context) return false;
  if (context.state !== "running") {
    await Promise.race([context.resume().catch(() => undefined), new Promise((done) => setTimeout(done, 300))]);
  }
  if (context.state as string !== "running") return false;
  for (let n = 0; n < times; n++) {
    for (const [offset, pitch] of [[0, 660], [0.28, 880]] as const) {
      const at = context.currentTime + n * 1.1 + offset;
      const tone = context.createOscillator();
      const gain = context.createGain();
      tone.frequency.value = pitch;
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(0.25, at + 0.03);
      gain.gain.exponentialRampToValueAtTime(0.001, at + 0.5);
      tone.connect(gain).connect(context.destination);
      tone.start(at);
      tone.stop(at + 0.55);
    }
  }
  return true;
}

export function newAudioContext(): AudioContext | null {
  try {
    return new AudioContext();
  } catch {
    return null;
  }
}

/* Keeps the screen awake until release(); comes back after the page was hidden. */
export class ScreenAwake {
  private lock: WakeLockSentinel | null = null;
  private wanted = false;
  private readonly shown = () => void this.take();

  hold(): void {
    if (this.wanted) return;
    this.wanted = true;
    document.addEventListener("visibilitychange", this.shown);
    void this.take();
  }

  release(): void {
    this.wanted = false;
    document.removeEventListener("visibilitychange", this.shown);
    void this.lock?.release().catch(() => undefined);
    this.lock = null;
  }

  private async take(): Promise<void> {
    if (!this.wanted || document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
    try {
      this.lock = await navigator.wakeLock.request("screen");
    } catch {
      // low battery or not allowed: the text on the page asks to keep it open
    }
  }
}
