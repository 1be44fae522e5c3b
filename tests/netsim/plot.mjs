// A row's course as SVG: two columns (what the patient receives, what the physician receives), five panels each, time to the right.
const WIDTH = 460, HEIGHT = 110, LEFT = 52, TOP = 26, GAP = 34;
const COLOURS = ["#1f5fa8", "#c4572a", "#3b8a4b", "#8a5aa8"];

const escape = (text) => String(text).replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);
const short = (value) => (value >= 1e6 ? `${value / 1e6}M` : value >= 1000 ? `${value / 1000}k` : `${value}`);

function roundUp(value) {
  const ten = 10 ** Math.floor(Math.log10(value || 1));
  return [1, 2, 5, 10].map((one) => one * ten).find((one) => one >= value) ?? 1;
}

/* curves: [{ name, points: [[t, y]] }]; points without a number break the line. */
function panel(x, y, seconds, { title, curves }) {
  const top = roundUp(Math.max(1e-6, ...curves.flatMap((curve) => curve.points.map((point) => point[1]).filter(Number.isFinite))));
  const at = ([t, value]) => `${(x + (t / seconds) * WIDTH).toFixed(1)},${(y + HEIGHT - (Math.min(value, top) / top) * HEIGHT).toFixed(1)}`;
  const parts = [`<rect x="${x}" y="${y}" width="${WIDTH}" height="${HEIGHT}" class="f"/>`, `<text x="${x}" y="${y - 6}" class="t">${escape(title)}</text>`];
  for (const share of [0, 0.5, 1]) parts.push(`<text x="${x - 5}" y="${y + HEIGHT - share * HEIGHT + 4}" class="n">${short(Math.round(top * share * 100) / 100)}</text>`);
  for (let t = 0; t <= seconds; t += seconds > 30 ? 10 : 5) parts.push(`<text x="${x + (t / seconds) * WIDTH}" y="${y + HEIGHT + 13}" class="s">${t}</text>`);
  curves.forEach((curve, i) => {
    const good = curve.points.filter((point) => Number.isFinite(point[1]));
    parts.push(`<polyline points="${good.map(at).join(" ")}" stroke="${COLOURS[i]}" class="c"/>`,
      `<text x="${x + WIDTH - 4 - 108 * i}" y="${y - 6}" fill="${COLOURS[i]}" class="l">${escape(curve.name)}</text>`);
  });
  return parts.join("");
}

const rates = (series, who, field, scale = 1) => series.slice(1).map((one, i) => [one.t, (scale * Math.max(0, one[who][field] - series[i][who][field])) / (one.t - series[i].t)]);
const plain = (series, who, field) => series.map((one) => [one.t, one[who][field]]);
const ratio = (series, who, over, under, scale) => series.slice(1).map((one, i) => {
  const below = one[who][under] - series[i][who][under];
  return [one.t, below > 0 ? (scale * Math.max(0, one[who][over] - series[i][who][over])) / below : NaN];
});

/* Rows of the line's CSV, five at a time: half seconds. */
function lineCurves(csv, direction) {
  const [head, ...rows] = csv.trim().split("\n").map((line) => line.split(","));
  const column = (name) => head.indexOf(`${direction}_${name}`);
  const found = { rate: [], out: [], lost: [], dropped: [], wait: [] };
  for (let i = 0; i + 5 <= rows.length; i += 5) {
    const five = rows.slice(i, i + 5), t = Number(five[4][0]) / 1000;
    const sum = (name) => five.reduce((all, row) => all + Number(row[column(name)]), 0);
    const rate = Number(five[4][column("rate")]);
    found.rate.push([t, rate > 0 ? rate : NaN]);
    found.out.push([t, sum("out") * 16]);
    found.lost.push([t, sum("lost") * 2]);
    found.dropped.push([t, sum("dropped") * 2]);
    found.wait.push([t, Math.max(...five.map((row) => Number(row[column("wait_ms")])))]);
  }
  return found;
}

/* csv: of the patient's line, the one that is bad. gateway: the gateway's own estimate towards the patient, [[t, bit/s]]. */
export function plot({ title, series, bars, good }, csv, gateway = []) {
  const seconds = Math.ceil(series.at(-1).t);
  const columns = [["patient", "down", gateway], ["physician", "up", plain(series, "patient", "estimate")]].map(([who, direction, estimate]) => {
    const line = lineCurves(csv, direction);
    return [
      { title: `bit/s ${direction}`, curves: [{ name: "line", points: line.rate }, { name: "through", points: line.out }, { name: "estimate", points: estimate }] },
      { title: "packets/s", curves: [{ name: "lost", points: line.lost }, { name: "queue full", points: line.dropped }] },
      { title: "ms", curves: [{ name: "round trip", points: plain(series, "patient", "rtt") }, { name: "queue", points: line.wait }, { name: "sound buffer", points: ratio(series, who, "jitterBuffer", "emitted", 1000) }] },
      { title: "frames/s", curves: [{ name: "decoded", points: rates(series, who, "frames") }] },
      { title: "% of sound made up", curves: [{ name: "concealed", points: ratio(series, who, "concealed", "samples", 100) }] },
    ];
  });
  const width = 2 * (LEFT + WIDTH) + 30, panels = 5 * (HEIGHT + GAP), height = TOP + 40 + panels + 18 * bars.length + 10;
  const parts = columns.flatMap((column, c) => column.map((one, r) => panel(LEFT + c * (WIDTH + LEFT + 10), TOP + 40 + r * (HEIGHT + GAP), seconds, one)));
  parts.push(`<text x="${LEFT}" y="18" class="h">${escape(title)}${good ? "" : " (a bar was missed)"}</text>`, `<text x="${LEFT}" y="40" class="t">what the patient receives</text>`,
    `<text x="${LEFT + WIDTH + LEFT + 10}" y="40" class="t">what the physician receives</text>`);
  bars.forEach((bar, i) => parts.push(`<text x="${LEFT}" y="${TOP + 46 + panels + 18 * i}" class="t" fill="${bar.good ? "#3b8a4b" : "#b00020"}">${escape(barText(bar))}</text>`));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif"><style>.f{fill:#fafafa;stroke:#ccc}.c{fill:none;stroke-width:1.4}.t{font-size:12px}.h{font-size:15px;font-weight:bold}.n,.l{font-size:10px;text-anchor:end}.s{font-size:10px;text-anchor:middle}</style><rect width="100%" height="100%" fill="#fff"/>${parts.join("")}</svg>\n`;
}

export function barText(bar) {
  const bound = bar.min !== undefined ? `≥ ${bar.min}` : `≤ ${bar.max}`;
  const what = bar.reach !== undefined ? `${bar.what} (${bar.field ?? "frames"} ≥ ${short(bar.reach)})` : bar.what;
  return `${bar.good ? "ok  " : "MISS"} ${bar.at}: ${what} ${bound} from ${bar.from} to ${bar.to} s: ${bar.value ?? "never"}`;
}
