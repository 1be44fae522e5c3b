// What one page's WebRTC stack says, as one flat object of running totals, and what rows make of a series of them.

/* Runs in the page; people.mjs keeps every connection in window.kept. */
export function sample(page) {
  return page.evaluate(async () => {
    const now = { state: "none", frames: 0, freezes: 0, frozen: 0, height: 0, videoBytes: 0, videoPackets: 0, videoLost: 0, keyframes: 0, nacks: 0, plis: 0,
      audioPackets: 0, audioLost: 0, audioBytes: 0, audioFec: 0, samples: 0, concealed: 0, silent: 0, jitterBuffer: 0, emitted: 0, energy: 0,
      sentVideoBytes: 0, sentAudioBytes: 0, sentAudioPackets: 0, sentFrames: 0, sentHeight: 0, target: 0, limited: "none", estimate: 0, rtt: 0, protocol: "" };
    for (const connection of window.kept) {
      if (connection.signalingState === "closed") continue;
      now.state = connection.connectionState;
      const all = await connection.getStats();
      for (const one of all.values()) {
        if (one.type === "inbound-rtp" && one.kind === "video") {
          now.frames += one.framesDecoded ?? 0; now.freezes += one.freezeCount ?? 0; now.frozen += one.totalFreezesDuration ?? 0;
          now.height = Math.max(now.height, one.frameHeight ?? 0); now.videoBytes += one.bytesReceived ?? 0; now.videoPackets += one.packetsReceived ?? 0;
          now.videoLost += one.packetsLost ?? 0; now.keyframes += one.keyFramesDecoded ?? 0; now.nacks += one.nackCount ?? 0; now.plis += one.pliCount ?? 0;
        } else if (one.type === "inbound-rtp") {
          now.audioPackets += one.packetsReceived ?? 0; now.audioLost += one.packetsLost ?? 0; now.audioBytes += one.bytesReceived ?? 0;
          now.audioFec += one.fecPacketsReceived ?? 0; now.samples += one.totalSamplesReceived ?? 0; now.concealed += one.concealedSamples ?? 0;
          now.silent += one.silentConcealedSamples ?? 0; now.jitterBuffer += one.jitterBufferDelay ?? 0; now.emitted += one.jitterBufferEmittedCount ?? 0;
          now.energy += one.totalAudioEnergy ?? 0;
        } else if (one.type === "outbound-rtp" && one.kind === "video") {
          now.sentVideoBytes += one.bytesSent ?? 0; now.sentFrames += one.framesEncoded ?? 0; now.sentHeight = one.frameHeight ?? 0;
          now.target = one.targetBitrate ?? 0; now.limited = one.qualityLimitationReason ?? "none";
        } else if (one.type === "outbound-rtp") {
          now.sentAudioBytes += one.bytesSent ?? 0; now.sentAudioPackets += one.packetsSent ?? 0;
        } else if (one.type === "transport" && one.selectedCandidatePairId) {
          const pair = all.get(one.selectedCandidatePairId);
          now.estimate = pair?.availableOutgoingBitrate ?? 0;
          now.rtt = (pair?.currentRoundTripTime ?? 0) * 1000;
          now.protocol = all.get(pair?.localCandidateId)?.protocol ?? "";
        }
      }
    }
    return now;
  });
}

/* Totals that only grow: a connection made anew begins at zero, which is no step back. */
const grown = (series, field) => series.slice(1).reduce((sum, one, i) => sum + Math.max(0, one[field] - series[i][field]), 0);

/* series: samples with `t` in seconds of one page. Over [from, to]. */
export const MEASURES = {
  frames: (series) => grown(series, "frames") / (series.at(-1).t - series[0].t),
  concealed: (series) => grown(series, "concealed") / Math.max(1, grown(series, "samples")),
  freezes: (series) => grown(series, "frozen") / (series.at(-1).t - series[0].t),
  sound: (series) => grown(series, "audioPackets") / (series.at(-1).t - series[0].t),
  height: (series) => series.at(-1).height,
  estimate: (series) => Math.max(...series.map((one) => one.estimate)),
  target: (series) => Math.max(...series.map((one) => one.target)),
  rtt: (series) => [...series].sort((a, b) => a.rtt - b.rtt)[series.length >> 1].rtt,
  lost: (series) => series.filter((one) => one.state !== "connected").length,
  over_udp: (series) => series.filter((one) => one.protocol === "udp").length / series.length,
  /* Seconds from the window's start until the field is at least `reach`; null: never. */
  back: (series, { field = "estimate", reach }) => {
    const found = series.find((one) => one[field] >= reach);
    return found ? found.t - series[0].t : null;
  },
  /* The same for pictures: until a second with at least `reach` frames has passed. */
  seen: (series, { reach }) => {
    for (let i = 1; i < series.length; i++)
      if (series[i].frames - series[i - 1].frames >= reach * (series[i].t - series[i - 1].t)) return series[i - 1].t - series[0].t;
    return null;
  },
};

export function measure(series, { what, at, from, to, ...rest }) {
  const window = series.map((one) => ({ t: one.t, ...one[at] })).filter((one) => one.t >= from && one.t <= to);
  return window.length < 3 ? null : MEASURES[what](window, rest);
}

export function judge(series, bar) {
  const value = measure(series, bar);
  const good = value !== null && (bar.min === undefined || value >= bar.min) && (bar.max === undefined || value <= bar.max);
  return { ...bar, value: value === null ? null : Math.round(value * 1000) / 1000, good };
}
