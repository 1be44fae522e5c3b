// Shared by the page tests: one browser, one mock gateway a test, and what every screen must hold.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";
import { Mock } from "./mock.mjs";
import { newRobot } from "./robot.mjs";

export const here = dirname(fileURLToPath(import.meta.url));
export const repository = resolve(here, "../../..");
const screens = process.env.TSUNAGI_SCREENSHOTS ? resolve(process.env.TSUNAGI_SCREENSHOTS) : null;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const PHONE = { width: 390, height: 844, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
export const DESK = { width: 1440, height: 900 };

/* The pages as the build made them; built here when no folder is named. */
function builtPages(temporary) {
  if (process.env.TSUNAGI_WEB_ROOT) return resolve(process.env.TSUNAGI_WEB_ROOT);
  const out = join(temporary, "web");
  execFileSync(process.execPath, [join(repository, "gateway/web/build.mjs")], { env: { ...process.env, TSUNAGI_WEB_OUT: out }, stdio: ["ignore", "ignore", "inherit"] });
  return out;
}

export async function openWorld() {
  const temporary = mkdtempSync(join(tmpdir(), "tsunagi-pages-"));
  const root = builtPages(temporary);
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    userDataDir: join(temporary, "profile"),
    args: [
      "--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--disable-background-networking", "--ignore-certificate-errors",
      "--autoplay-policy=no-user-gesture-required", "--disable-gpu",
    ],
  });
  let closing = false;
  browser.process().once("exit", (code, signal) => {
    if (!closing) console.error(`the browser ended by itself: code ${code}, signal ${signal}`);
  });
  return {
    browser,
    async mock({ robot = true } = {}) {
      const mock = await new Mock(root).start();
      if (robot) mock.robot = await newRobot(browser, mock.origin);
      return mock;
    },
    async close() {
      closing = true;
      await browser.close();
      rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/* A page of its own, like another person's device. `prepare` runs in it before the page's scripts. */
export async function openPage(world, mock, path, { viewport = PHONE, userAgent, prepare } = {}) {
  const context = await world.browser.createBrowserContext();
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (/Content Security Policy|TrustedHTML|TrustedScript/i.test(message.text())) page.complaints.push(message.text());
  });
  await page.setViewport(viewport);
  if (userAgent) await page.setUserAgent(userAgent);
  if (prepare) await page.evaluateOnNewDocument(prepare);
  await page.goto(`${mock.origin}${path}`);
  page.finish = async () => {
    assert.deepEqual(page.complaints, [], "no script error and no policy violation");
    await context.close();
  };
  return page;
}

export const at = (name) => `[data-test="${name}"]`;

export async function see(page, name, timeout = 15000) {
  return page.waitForSelector(at(name), { visible: true, timeout });
}

export async function press(page, name) {
  const found = await see(page, name);
  await found.evaluate((element) => element.scrollIntoView({ block: "center" }));
  await found.click();
}

export async function text(page, name) {
  return (await see(page, name)).evaluate((element) => element.textContent);
}

export async function until(what, check, timeout = 12000) {
  const end = Date.now() + timeout;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain for: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/* axe, and the promises to older people: ≥ 20 px, ≥ 56 px, nothing cut off sideways. Saves a picture. */
export async function judge(page, name, { patient = false } = {}) {
  if (screens) {
    mkdirSync(screens, { recursive: true });
    await page.screenshot({ path: join(screens, `${name}.png`) });
  }
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const result = await window.axe.run(document, { resultTypes: ["violations"] });
    return result.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 140)).join(" | ")}`);
  });
  assert.deepEqual(violations, [], `axe on ${name}`);
  const found = await page.evaluate((isPatient) => {
    const wrong = [];
    if (document.documentElement.scrollWidth > innerWidth + 1) wrong.push(`wider than the screen: ${document.documentElement.scrollWidth}`);
    if (!isPatient) return wrong;
    const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest(".sr-only");
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const parent = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || !shown(parent) || parent.closest("noscript, script, style")) continue;
      const size = parseFloat(getComputedStyle(parent).fontSize);
      if (size < 20) wrong.push(`${size} px: ${walker.currentNode.data.slice(0, 30)}`);
    }
    for (const element of document.querySelectorAll("button, a[href], select, label.tick")) {
      if (!shown(element)) continue;
      const box = element.getBoundingClientRect();
      if (box.height < 56 || box.width < 56) wrong.push(`${Math.round(box.width)}×${Math.round(box.height)}: ${element.textContent.slice(0, 30)}`);
    }
    return wrong;
  }, patient);
  assert.deepEqual(found, [], `sizes on ${name}`);
}
