// Bundles the pages into TSUNAGI_WEB_OUT (default ./dist): four HTML files, content-hashed assets, and a .gz beside each.
// Fails when the patient page is larger than its budget.
import { build } from "esbuild";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.env.TSUNAGI_WEB_OUT || join(here, "dist"));
const stage = `${out}.next`;
const pages = ["index", "patient", "physician", "admin"];
const PATIENT_MAX_BYTES = 150 * 1000;

rmSync(stage, { recursive: true, force: true });
mkdirSync(join(stage, "assets"), { recursive: true });

const result = await build({
  absWorkingDir: here,
  entryPoints: Object.fromEntries(pages.map((page) => [page, `${page}/main.tsx`])),
  entryNames: "assets/[name]-[hash]",
  outdir: stage,
  bundle: true,
  minify: true,
  format: "esm",
  // Phones of four to six years are the ones we meet.
  target: ["es2020", "chrome87", "firefox90", "safari14"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});

const icon = readFileSync(join(here, "shared/icon.svg"));
const iconName = `assets/icon-${createHash("sha256").update(icon).digest("hex").slice(0, 8)}.svg`;
writeFileSync(join(stage, iconName), icon);

function compressed(file) {
  const gz = gzipSync(readFileSync(join(stage, file)), { level: 9 });
  writeFileSync(join(stage, `${file}.gz`), gz);
  return gz.length;
}

let failed = false;
const iconSize = compressed(iconName);
for (const page of pages) {
  const outputs = Object.entries(result.metafile.outputs);
  const entry = outputs.find(([, o]) => o.entryPoint === `${page}/main.tsx`);
  const script = `assets/${basename(entry[0])}`;
  const style = `assets/${basename(entry[1].cssBundle)}`;
  const html = readFileSync(join(here, page, `${page}.html`), "utf8")
    .replace("{{script}}", `/${script}`)
    .replace("{{style}}", `/${style}`)
    .replace("{{icon}}", `/${iconName}`);
  if (html.includes("{{")) throw new Error(`${page}.html: a placeholder is left`);
  writeFileSync(join(stage, `${page}.html`), html);
  const parts = { html: compressed(`${page}.html`), script: compressed(script), style: compressed(style), icon: iconSize };
  const total = Object.values(parts).reduce((a, b) => a + b, 0);
  console.log(`${page.padEnd(10)} ${String(total).padStart(6)} bytes compressed  ${JSON.stringify(parts)}`);
  if (page === "patient" && total > PATIENT_MAX_BYTES) {
    console.error(`patient page: ${total} bytes compressed, allowed ${PATIENT_MAX_BYTES}`);
    failed = true;
  }
}
if (failed) process.exit(1);

// The gateway reads the folder at start; swap it in whole so that it never sees half of a build.
rmSync(out, { recursive: true, force: true });
renameSync(stage, out);
console.log(`${readdirSync(join(out, "assets")).length} assets in ${out}`);
