// One row of the table: two real Chromiums, each in a place of its own behind a line of its own, a real gateway, a whole way in through
// the pages; then the row's steps, and every half second what both browsers decoded.
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { House, sleep, until } from "../browsers/system/house.mjs";
import { admit, Browser, patientArrives, physicianArrives } from "../browsers/system/people.mjs";
import { FACTS } from "../browsers/system/facts.mjs";
import { Line } from "./line.mjs";
import { cameraFile, speechFile } from "./speech.mjs";
import { judge, sample } from "./stats.mjs";

const table = JSON.parse(readFileSync(new URL("scenarios.json", import.meta.url), "utf8"));
export const ROWS = table.rows;
const address = process.env.TSUNAGI_TEST_ADDRESS;
const EACH_MS = 1000, SETTLE_MS = 4000, ANSWER_MS = 8000, LATE_MS = 2500;
/* Pages are drawn without a graphics card: small ones leave the processor to coding and decoding. */
const SMALL = { width: 400, height: 300 };

class Call {
  static async open(row, folder, seed) {
    const call = new Call();
    call.lines = {}, call.browsers = {}, call.pages = {};
    mkdirSync(folder, { recursive: true });
    try {
      call.house = await House.open("", { address, media: row.media });
      for (const [number, who] of ["patient", "physician"].entries()) {
        const line = await Line.open(number + 1, { seed: seed + number, csv: join(folder, `${row.name}.${who}.csv`) });
        call.lines[who] = line;
        call.browsers[who] = await Browser.open("chromium", {
          executable: line.wrapper(join(call.house.home, `chromium-${who}`), process.env.CHROMIUM ?? "/usr/bin/chromium"),
          flags: [`--use-file-for-fake-audio-capture=${speechFile(folder, who)}`, `--use-file-for-fake-video-capture=${cameraFile(folder)}`],
        });
      }
      if (row.joined === false) call.begin(row);
      const { link, consultation } = await call.house.book(FACTS);
      call.consultation = consultation;
      call.pages.patient = await patientArrives(call.browsers.patient, link, { language: "en" });
      call.pages.physician = await physicianArrives(call.browsers.physician, call.house, { language: "en" });
      await admit(call.pages.physician);
      await until("both to see and hear", async () => {
        const [patient, physician] = await call.sample();
        return Math.min(patient.frames, physician.frames) > 5 && Math.min(patient.audioPackets, physician.audioPackets) > 20;
      }, 30000);
      for (const page of Object.values(call.pages)) await page.setViewport(SMALL);
    } catch (error) {
      await call.close().catch(() => {});
      throw error;
    }
    return call;
  }

  begin(row) {
    this.lines.physician.say(...(row.doctor ?? table.good));
    this.lines.patient.say(...row.line);
  }

  sample() {
    return Promise.all([sample(this.pages.patient), sample(this.pages.physician)]);
  }

  /* Bytes without end from the gateway's side to the patient's, for whoever shares their line. */
  async download(from, to) {
    await sleep(from * 1000);
    const server = createServer((socket) => {
      const block = Buffer.alloc(65536);
      const pour = () => { while (socket.write(block)); };
      socket.on("drain", pour).on("error", () => {});
      pour();
    }).listen(0, address);
    await once(server, "listening");
    const reader = this.lines.patient.spawn(process.execPath, ["-e", `require("net").connect(${server.address().port},"${address}").resume()`], { stdio: "ignore" });
    await sleep((to - from) * 1000);
    reader.kill();
    server.close();
  }

  /* Everything, also when a part did not come up. Returns what the lines did. */
  async close() {
    const counted = {};
    for (const browser of Object.values(this.browsers)) await browser.close().catch(() => {});
    for (const [who, line] of Object.entries(this.lines)) counted[who] = await line.close();
    await this.house?.close();
    return counted;
  }
}

/* { name, seed, good, busy, bars, lines, trail, series: [{ t, patient, physician }] }. busy: the machine was late with its own samples or a
 * page did not answer in time, so that pictures and sound say more about it than about the line. */
export async function runRow(row, { folder, seed = 1 }) {
  const call = await Call.open(row, folder, seed);
  const series = [];
  let counted, state, busy = false;
  try {
    await sleep(SETTLE_MS);
    if (row.joined !== false) call.begin(row);
    for (const line of Object.values(call.lines)) line.say("start");
    const began = performance.now();
    const download = row.download ? call.download(row.download.from, row.download.to) : null;
    for (let tick = 0; tick * EACH_MS <= row.seconds * 1000; tick++) {
      await sleep(Math.max(0, began + tick * EACH_MS - performance.now()));
      const t = (performance.now() - began) / 1000;
      const pages = await Promise.race([call.sample(), sleep(ANSWER_MS).then(() => null)]);
      if (pages) series.push({ t, patient: pages[0], physician: pages[1] });
      busy = busy || !pages || performance.now() - began - tick * EACH_MS > LATE_MS;
    }
    await download;
    const records = (await call.house.timeline(call.consultation)).records;
    state = { gaps: records.filter((one) => one.act === "media.gap").length, connected: records.filter((one) => one.act === "media.connected").length };
  } finally {
    counted = await call.close();
  }
  const bars = row.bars.map((bar) => judge(series, bar));
  return { name: row.name, title: row.title, seed, good: bars.every((bar) => bar.good), busy, bars, lines: counted, trail: state, series };
}
