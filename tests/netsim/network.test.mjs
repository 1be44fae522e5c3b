// The rows that decide, with their bars: a call that these end would be no rural clinic's. The whole table is `./dev bench network`.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { barText, plot } from "./plot.mjs";
import { ROWS, runRow } from "./row.mjs";

const folder = mkdtempSync(join(tmpdir(), "tsunagi-netsim-"));
const plots = process.env.TSUNAGI_PLOTS;
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

/* Bars of the table, but only those that hold on a busy machine too; pictures are slow where two cores code and decode four. */
const DECISIVE = {
  "loss-30": (bar) => bar.what === "lost" || bar.what === "sound",
  handover: (bar) => bar.what === "seen" || bar.what === "concealed",
};

for (const [name, decides] of Object.entries(DECISIVE)) {
  const row = ROWS.find((one) => one.name === name);
  test(row.title, { timeout: 300000 }, async (t) => {
    let result = await runRow(row, { folder });
    if (result.busy) result = await runRow(row, { folder });
    if (plots) {
      mkdirSync(plots, { recursive: true });
      writeFileSync(join(plots, `${name}.svg`), plot(result, readFileSync(join(folder, `${name}.patient.csv`), "utf8")));
    }
    for (const bar of result.bars) console.log(`# ${barText(bar)}`);
    if (result.busy) return t.skip("twice the machine was too busy to code and decode four pictures: nothing was measured");
    const { up, down } = result.lines.patient;
    assert.ok(up.packets_in > 200 && down.packets_in > 200, "the call went over the line");
    assert.ok(up.lost + up.dropped_cut + up.dropped_udp > 20 && down.lost + down.dropped_cut > 20, "and the line was bad");
    assert.ok(result.bars.some(decides));
    for (const bar of result.bars.filter(decides)) assert.ok(bar.good, barText(bar));
  });
}
