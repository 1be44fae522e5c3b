// The whole table, or the rows named: bench_network.mjs [--rows a,b] [--json] [--seed N] [--out FOLDER]. Prints each bar with its value;
// the folder gets a plot a row, the series as JSON and an index. Exit 1 when a row could not be run; a missed bar is a result.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { repository } from "../browsers/system/house.mjs";
import { barText, plot } from "./plot.mjs";
import { ROWS, runRow } from "./row.mjs";

function argument(name, otherwise) {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : process.argv[at + 1];
}

const json = process.argv.includes("--json");
const seed = Number(argument("--seed", 1));
const folder = resolve(argument("--out", join(repository, "build/network")));
const wanted = argument("--rows", null)?.split(",");
const unknown = (wanted ?? []).filter((name) => !ROWS.some((row) => row.name === name));
if (unknown.length > 0) {
  console.error(`no row ${unknown.join(", ")}; there are ${ROWS.map((row) => row.name).join(", ")}`);
  process.exit(4);
}
const say = (text) => (json ? process.stderr : process.stdout).write(`${text}\n`);

mkdirSync(folder, { recursive: true });
const results = [];
let broken = 0;
for (const row of ROWS.filter((one) => !wanted || wanted.includes(one.name))) {
  try {
    const result = await runRow(row, { folder, seed });
    writeFileSync(join(folder, `${row.name}.svg`), plot(result, readFileSync(join(folder, `${row.name}.patient.csv`), "utf8")));
    writeFileSync(join(folder, `${row.name}.json`), JSON.stringify(result));
    const { series, ...short } = result;
    results.push(short);
    say(`${row.name}: ${row.title}${result.busy ? " (the machine was too busy: not a measurement)" : ""}\n${result.bars.map((bar) => `    ${barText(bar)}`).join("\n")}`);
  } catch (error) {
    broken++;
    results.push({ name: row.name, title: row.title, good: false, error: error.message });
    say(`${row.name}: could not be run: ${error.message}`);
  }
}
const text = (one) => one.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
writeFileSync(join(folder, "index.html"), `<!doctype html><meta charset="utf-8"><title>network table</title>${results.map((one) =>
  `<h2>${text(one.name)}: ${text(one.title)}</h2>${one.error ? `<p>${text(one.error)}</p>` : `<img src="${one.name}.svg" alt="">`}`).join("\n")}\n`);
if (json) console.log(JSON.stringify({ seed, rows: results }));
else say(`plots: ${join(folder, "index.html")}`);
process.exit(broken > 0 ? 1 : 0);
