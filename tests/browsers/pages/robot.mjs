// The other end of a page's PeerConnection: a browser tab that offers like the gateway does, sends a drawn figure and a
// tone, and counts what arrives. Only for these tests; the gateway's own media is tested elsewhere.

/* Runs in the tab. */
function install() {
  const peers = new Map();
  const audio = new AudioContext();
  function drawn(label, hue) {
    const canvas = document.createElement("canvas");
    canvas.width = 640;
    canvas.height = 480;
    const brush = canvas.getContext("2d");
    let tick = 0;
    setInterval(() => {
      tick += 1;
      brush.fillStyle = `hsl(${hue} 25% 42%)`;
      brush.fillRect(0, 0, 640, 480);
      brush.fillStyle = `hsl(${hue} 30% 82%)`;
      brush.beginPath();
      brush.arc(320, 190, 95 + 3 * Math.sin(tick / 8), 0, 7);
      brush.fill();
      brush.beginPath();
      brush.ellipse(320, 470, 190, 150, 0, 0, 7);
      brush.fill();
      brush.fillStyle = "#fff";
      brush.font = "28px sans-serif";
      brush.fillText(`${label} ${tick}`, 24, 48);
    }, 66);
    return canvas.captureStream(15).getVideoTracks()[0];
  }
  function tone() {
    const oscillator = audio.createOscillator();
    const out = audio.createMediaStreamDestination();
    const gain = audio.createGain();
    gain.gain.value = 0.05;
    oscillator.connect(gain).connect(out);
    oscillator.start();
    return out.stream.getAudioTracks()[0];
  }
  async function gathered(peer) {
    if (peer.iceGatheringState === "complete") return;
    await new Promise((done) => {
      peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && done();
      setTimeout(done, 1500);
    });
  }
  window.robot = {
    async offer(name, label, hue, seat) {
      peers.get(name)?.close();
      const peer = new RTCPeerConnection();
      peers.set(name, peer);
      peer.ontrack = (event) => { // sound is only decoded when somebody listens
        if (event.track.kind !== "audio") return;
        const listener = new Audio();
        listener.srcObject = new MediaStream([event.track]);
        void listener.play();
      };
      peer.addTransceiver("audio", { direction: "recvonly" });
      peer.addTransceiver("video", { direction: "recvonly" });
      peer.addTransceiver(tone(), { direction: "sendonly" });
      peer.addTransceiver(drawn(label, hue), { direction: "sendonly" });
      await peer.setLocalDescription(await peer.createOffer());
      await gathered(peer);
      const kinds = ["audio", "video", "audio", "video"];
      const tracks = peer.getTransceivers().map((one, index) => ({
        mid: one.mid, kind: kinds[index], direction: index < 2 ? "up" : "down", ...(index < 2 ? {} : { seat }),
      }));
      return { sdp: peer.localDescription.sdp, tracks };
    },
    async restart(name) {
      const peer = peers.get(name);
      await peer.setLocalDescription(await peer.createOffer({ iceRestart: true }));
      await gathered(peer);
      return peer.localDescription.sdp;
    },
    async answer(name, sdp) {
      const peer = peers.get(name);
      if (peer.signalingState === "have-local-offer") await peer.setRemoteDescription({ type: "answer", sdp });
      return peer.getTransceivers().map((one) => one.currentDirection);
    },
    async received(name) {
      const found = { frames: 0, energy: 0 };
      for (const report of (await peers.get(name).getStats()).values()) {
        if (report.type !== "inbound-rtp") continue;
        if (report.kind === "video") found.frames += report.framesDecoded ?? 0;
        else found.energy += report.totalAudioEnergy ?? 0;
      }
      return found;
    },
    stop(name) {
      peers.get(name)?.close();
      peers.delete(name);
    },
  };
}

export async function newRobot(browser, origin) {
  const page = await browser.newPage();
  await page.goto(`${origin}/robot`);
  // With a granted microphone the tab offers its real addresses instead of .local names.
  await page.evaluate(async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    stream.getTracks().forEach((track) => track.stop());
  });
  await page.evaluate(install);
  const call = (name) => (...values) => page.evaluate((method, list) => window.robot[method](...list), name, values);
  return { offer: call("offer"), restart: call("restart"), answer: call("answer"), received: call("received"), stop: call("stop"), page };
}
