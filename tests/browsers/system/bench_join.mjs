// Link open → first remote frame decoded, in loopback Chromium with the visual device check skipped. Both people press as
// soon as there is something to press. Prints p50 and p90; --json prints one object.
import { House, until } from "./house.mjs";
import { admit, Browser, measured, patientArrives, physicianArrives } from "./people.mjs";
import { FACTS } from "./facts.mjs";

const runs = Number(process.argv.find((one) => /^\d+$/.test(one)) ?? 10);
const browser = await Browser.open("chromium");
const took = [];
try {
  for (let run = 0; run < runs; run++) {
    const house = await House.open(); // one visit each, so that nobody waits behind anybody
    try {
      const physician = await physicianArrives(browser, house, { language: "en" });
      const { link } = await house.book(FACTS);
      const opened = Date.now();
      const patient = await patientArrives(browser, link, { language: "en" });
      await admit(physician);
      await until("the first frame", async () => (await measured(patient)).frames > 0, 15000);
      took.push(Date.now() - opened);
      await patient.context_.close();
      await physician.context_.close();
    } finally {
      await house.close();
    }
  }
} finally {
  await browser.close();
}
took.sort((a, b) => a - b);
/* Linear between the two nearest runs, so that an even number of runs has its real median. */
const at_ = (share) => {
  const place = (took.length - 1) * share, below = Math.floor(place);
  return Math.round(took[below] + (place - below) * ((took[below + 1] ?? took[below]) - took[below]));
};
console.log(process.argv.includes("--json") ? JSON.stringify({ runs: took.length, p50_ms: at_(0.5), p90_ms: at_(0.9), all_ms: took })
  : `join over ${took.length} runs: p50 ${at_(0.5)} ms, p90 ${at_(0.9)} ms (${took.join(", ")})`);
