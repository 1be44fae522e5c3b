// Real browsers playing the two people, through the controls a person would use, and what their WebRTC stack measured.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { sleep, until } from "./house.mjs";

const puppeteer = createRequire(new URL("../pages/package.json", import.meta.url))("puppeteer-core");
const screens = process.env.TSUNAGI_SCREENSHOTS ? resolve(process.env.TSUNAGI_SCREENSHOTS) : null;

const CHROMIUM = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--disable-background-networking", "--ignore-certificate-errors",
  "--autoplay-policy=no-user-gesture-required", "--disable-gpu", "--allow-loopback-in-peer-connection", "--disable-features=WebRtcHideLocalIpsWithMdns"];
const FIREFOX = {
  "media.navigator.streams.fake": true, "media.navigator.permission.disabled": true, "media.peerconnection.ice.loopback": true,
  "media.peerconnection.ice.obfuscate_host_addresses": false, "media.autoplay.default": 0, "media.autoplay.blocking_policy": 0,
  "network.captive-portal-service.enabled": false, "network.connectivity-service.enabled": false, "app.update.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false, "toolkit.telemetry.enabled": false, "browser.safebrowsing.downloads.remote.enabled": false,
};

export class Browser {
  /* Chromium may be given another program file (one that starts it in another namespace) and further flags. */
  static async open(kind, { executable = process.env.CHROMIUM ?? "/usr/bin/chromium", flags = [] } = {}) {
    const browser = new Browser();
    browser.kind = kind;
    browser.profile = mkdtempSync(join(tmpdir(), `tsunagi-${kind}-`));
    const common = { headless: true, acceptInsecureCerts: true, protocolTimeout: 60000 };
    browser.inner = kind === "firefox" // its preferences only go into a profile that puppeteer makes
      ? await puppeteer.launch({ ...common, browser: "firefox", executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr", extraPrefsFirefox: FIREFOX })
      : await puppeteer.launch({ ...common, pipe: true, userDataDir: browser.profile, executablePath: executable, args: [...CHROMIUM, ...flags] });
    return browser;
  }

  /* A page of its own cookie jar, with every RTCPeerConnection kept for getStats. */
  async page(url, viewport) {
    const context = await this.inner.createBrowserContext();
    const page = await context.newPage();
    page.context_ = context;
    page.complaints = [];
    page.on("pageerror", (error) => page.complaints.push(error.message));
    await page.setViewport(viewport);
    await page.evaluateOnNewDocument(() => {
      const Real = window.RTCPeerConnection;
      window.kept = [];
      window.RTCPeerConnection = class extends Real {
        constructor(...args) {
          super(...args);
          window.kept.push(this);
        }
      };
      const Socket = window.WebSocket;
      window.sockets = [];
      window.WebSocket = class extends Socket {
        constructor(...args) {
          super(...args);
          window.sockets.push(this);
        }
      };
    });
    await page.goto(url);
    return page;
  }

  async close() {
    await this.inner.close();
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

export const at = (name) => `[data-test="${name}"]`;
export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1440, height: 900 };

export async function see(page, name, timeout = 20000) {
  return page.waitForSelector(at(name), { visible: true, timeout });
}

export async function press(page, name, timeout) {
  const found = await see(page, name, timeout);
  await found.evaluate((element) => { element.scrollIntoView({ block: "center" }); element.click(); });
}

export async function picture(page, name) {
  if (!screens) return;
  mkdirSync(screens, { recursive: true });
  await page.screenshot({ path: join(screens, `${name}.png`) });
}

export async function patientArrives(browser, link, { language = "ja", shots = null } = {}) {
  const page = await browser.page(link.replace("/v#", `/v?lang=${language}&check=skip#`), PHONE);
  await see(page, "start");
  if (shots) await picture(page, `${shots}-patient-1-start-${language}`);
  await press(page, "start");
  await see(page, "agree-button");
  if (shots) await picture(page, `${shots}-patient-2-agreement-${language}`);
  if ((await page.$(at("alone"))) !== null) await page.$eval(at("alone"), (box) => { if (box.checked === false) box.click(); });
  await press(page, "agree-button");
  await see(page, "waiting");
  if (shots) await picture(page, `${shots}-patient-3-waiting-${language}`);
  return page;
}

export async function physicianArrives(browser, house, { language = "ja", shots = null } = {}) {
  const page = await browser.page(`${house.origin}/clinic?lang=${language}`, DESK);
  await (await see(page, "login-name")).type(house.clinic.physician.name);
  await (await see(page, "login-password")).type(house.clinic.physician.password);
  if (shots) await picture(page, `${shots}-clinic-1-signin-${language}`);
  await press(page, "login-go");
  await see(page, "queue");
  return page;
}

export const stateOf = (page) => page.$eval(at("state"), (element) => element.dataset.state).catch(() => "");

export async function admit(page) {
  await until("the line to be ready", () => page.$eval(at("prepared"), (element) => element.dataset.ready === "yes" || element.dataset.ready === "true").catch(() => false));
  await press(page, "admit");
  await until("ident", async () => (await stateOf(page)) === "ident");
}

/* Opening checks: what the page proposes is confirmed with one press, as for a patient known for years. Until all four
 * tracks were live for three seconds the gateway refuses the start, and a person would press again. */
export async function checksAndStart(physician, patient) {
  await press(patient, "dr-seen");
  await press(physician, "confirm");
  await until("consult", async () => {
    if ((await stateOf(physician)) === "consult") return true;
    await press(physician, "start").catch(() => {});
    await sleep(1000);
    return (await stateOf(physician)) === "consult";
  }, 25000).catch(async (error) => {
    const rules = await physician.$$eval(at("rule"), (found) => found.map((rule) => rule.textContent));
    throw new Error(`${error.message}; open rules: ${rules.join(" | ")}`);
  });
}

/* Sums over the page's live connections: what was decoded and heard, and how it was protected. */
export function measured(page) {
  return page.evaluate(async () => {
    const sum = { frames: 0, audioEnergy: 0, audioPackets: 0, videoPackets: 0, bytes: 0, cipher: null, state: null, concealed: 0 };
    for (const connection of window.kept) {
      if (connection.signalingState === "closed") continue;
      sum.state = connection.connectionState;
      for (const one of (await connection.getStats()).values()) {
        if (one.type === "transport" && one.srtpCipher) sum.cipher = one.srtpCipher;
        if (one.type !== "inbound-rtp") continue;
        sum.bytes += one.bytesReceived ?? 0;
        if (one.kind === "video") {
          sum.frames += one.framesDecoded ?? 0;
          sum.videoPackets += one.packetsReceived ?? 0;
        } else {
          sum.audioPackets += one.packetsReceived ?? 0;
          sum.audioEnergy += one.totalAudioEnergy ?? 0;
          sum.concealed += one.concealedSamples ?? 0;
        }
      }
    }
    return sum;
  });
}
