// The pages' controls against config/rules/DOORS.md: every fact of a page door has its control, and no control is left over.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "node:test";
import { repository } from "./support.mjs";

const esbuild = createRequire(join(repository, "gateway/web/package.json"))("esbuild");
const PAGE_DOORS = ["api:booking", "patient:agreement", "patient:place", "patient:doctor_name_seen", "patient:questions", "physician:call_panel", "physician:checks"];

async function controls() {
  const folder = mkdtempSync(join(tmpdir(), "tsunagi-doors-"));
  try {
    const out = join(folder, "doors.mjs");
    await esbuild.build({ entryPoints: [join(repository, "gateway/web/shared/doors.ts")], outfile: out, bundle: true, format: "esm" });
    return (await import(pathToFileURL(out).href)).allDoors;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/* | `fact` | type | suppliers | door | lifetime | meaning | */
function documented() {
  const rows = [];
  for (const line of readFileSync(join(repository, "config/rules/DOORS.md"), "utf8").split("\n")) {
    const cells = line.split("|").map((cell) => cell.trim());
    if (cells.length < 8 || !/^`\w+`$/.test(cells[1])) continue;
    rows.push({ fact: cells[1].slice(1, -1), type: cells[2], doors: cells[4].split(",").map((one) => one.trim()) });
  }
  return rows;
}

test("each fact with a page door has a control of the right kind, and each control a fact", async () => {
  const wanted = documented();
  assert.ok(wanted.length > 50, "DOORS.md was read");
  const all = await controls();
  const missing = [], wrong = [];
  for (const row of wanted) {
    for (const door of row.doors.filter((one) => PAGE_DOORS.includes(one))) {
      const control = all.find((one) => one.fact === row.fact && one.door === door);
      if (!control) {
        missing.push(`${row.fact} at ${door}`);
        continue;
      }
      const [kind, rest = ""] = row.type.split(":");
      const expected = { bool: "yes_no", integer: "number", enum: "choice", set: "set", date: "date" }[kind.trim().split(" ")[0]];
      if (control.control !== expected) wrong.push(`${row.fact}: ${control.control} for ${row.type}`);
      const names = rest.split(",").map((one) => one.trim()).filter(Boolean);
      const unknown = (control.choices ?? []).filter((one) => !names.includes(one.value)).map((one) => one.value);
      if (unknown.length > 0) wrong.push(`${row.fact}: offers ${unknown}`);
      // A booking never states e_signed and the patient's tap nothing else; a patient cannot say that the clinic records.
      // All other lists are whole.
      const absent = ["explicit_wish", "rec_by"].includes(row.fact) ? [] : names.filter((one) => !(control.choices ?? []).some((choice) => choice.value === one));
      if (absent.length > 0) wrong.push(`${row.fact}: does not offer ${absent}`);
      const range = /integer (\d+) to (\d+)/.exec(row.type);
      if (range && (control.minimum !== Number(range[1]) || control.maximum !== Number(range[2]))) wrong.push(`${row.fact}: range ${control.minimum}…${control.maximum}, not ${row.type}`);
    }
  }
  const extra = all.filter((one) => !wanted.some((row) => row.fact === one.fact && row.doors.includes(one.door))).map((one) => `${one.fact} at ${one.door}`);
  assert.deepEqual({ missing, wrong, extra }, { missing: [], wrong: [], extra: [] });
});
