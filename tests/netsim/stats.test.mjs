// The measures of the table on made-up series whose answers are known, the table's own sense, and that a plot can be drawn.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { barText, plot } from "./plot.mjs";
import { judge, measure, MEASURES } from "./stats.mjs";

const table = JSON.parse(readFileSync(new URL("scenarios.json", import.meta.url), "utf8"));

/* 15 frames a second for ten seconds, a stop of ten, then 10 a second; every tenth sample of sound made up; the estimate doubles at 25 s. */
function course() {
  return Array.from({ length: 41 }, (_, t) => {
    const frames = t <= 10 ? 15 * t : t <= 20 ? 150 : 150 + 10 * (t - 20);
    const one = { frames, frozen: Math.min(Math.max(t - 10, 0), 10), samples: 48000 * t, concealed: 4800 * t, audioPackets: 50 * t, jitterBuffer: 0.1 * 960 * t, emitted: 960 * t,
      state: t === 12 ? "disconnected" : "connected", estimate: t < 25 ? 400000 : 800000, target: 300000, rtt: 60, height: 240, protocol: "udp" };
    return { t, patient: one, physician: one };
  });
}

test("each measure says what is there", () => {
  const series = course();
  const at = (what, from, to, rest = {}) => measure(series, { what, at: "patient", from, to, ...rest });
  assert.equal(at("frames", 0, 10), 15);
  assert.equal(at("frames", 10, 20), 0);
  assert.equal(at("frames", 20, 40), 10);
  assert.ok(Math.abs(at("concealed", 5, 30) - 0.1) < 1e-9);
  assert.equal(at("freezes", 10, 20), 1);
  assert.equal(at("sound", 0, 40), 50);
  assert.equal(at("lost", 0, 40), 1);
  assert.equal(at("lost", 20, 40), 0);
  assert.equal(at("over_udp", 0, 40), 1);
  assert.equal(at("back", 20, 40, { field: "estimate", reach: 800000 }), 5);
  assert.equal(at("back", 20, 40, { field: "estimate", reach: 900000 }), null);
  assert.equal(at("seen", 15, 40, { reach: 8 }), 5);
  assert.equal(at("frames", 50, 60), null); // nothing was sampled there
});

test("a connection made anew begins at zero, which takes nothing away", () => {
  const series = [0, 100, 200, 20, 40].map((frames, t) => ({ t, patient: { frames } }));
  assert.equal(measure(series, { what: "frames", at: "patient", from: 0, to: 4 }), (200 + 20) / 4);
});

test("a bar is missed when it is, and when nothing was measured", () => {
  const series = course();
  assert.equal(judge(series, { what: "frames", at: "patient", from: 0, to: 10, min: 15 }).good, true);
  assert.equal(judge(series, { what: "frames", at: "patient", from: 0, to: 10, min: 16 }).good, false);
  assert.equal(judge(series, { what: "concealed", at: "patient", from: 0, to: 40, max: 0.08 }).good, false);
  assert.equal(judge(series, { what: "back", at: "patient", field: "estimate", reach: 9e9, from: 0, to: 40, max: 40 }).good, false);
  assert.equal(judge(series, { what: "frames", at: "patient", from: 50, to: 60, max: 100 }).good, false);
});

test("the table's rows can be measured: known words, windows inside the row, a bound each", () => {
  const names = new Set();
  for (const row of table.rows) {
    assert.ok(!names.has(row.name), row.name);
    names.add(row.name);
    assert.ok(row.line.length > 0 && row.bars.length > 0);
    for (const bar of row.bars) {
      assert.ok(MEASURES[bar.what], `${row.name}: ${bar.what}`);
      assert.ok(["patient", "physician"].includes(bar.at) && bar.from >= 0 && bar.to <= row.seconds && bar.to - bar.from >= 10, `${row.name}: ${bar.what}`);
      assert.ok((bar.min === undefined) !== (bar.max === undefined), `${row.name}: ${bar.what}`);
    }
  }
});

test("a plot shows both directions and every bar, and is well-formed", () => {
  const series = course();
  const csv = `ms,up_rate,up_in,up_out,up_lost,up_dropped,up_wait_ms,down_rate,down_in,down_out,down_lost,down_dropped,down_wait_ms\n${
    Array.from({ length: 400 }, (_, i) => `${100 * (i + 1)},2000000,9000,8000,1,0,12,0,7000,7000,0,0,0`).join("\n")}\n`;
  const bars = [judge(series, { what: "frames", at: "patient", from: 0, to: 10, min: 15 })];
  const svg = plot({ title: "5 % <loss> & more", series, bars, good: true }, csv);
  assert.equal(svg.match(/<polyline/g).length, 20);
  assert.ok(svg.includes("5 % &#60;loss&#62; &#38; more") && svg.includes(barText(bars[0])));
  assert.ok(!svg.includes("NaN") && !svg.includes("undefined"));
});
