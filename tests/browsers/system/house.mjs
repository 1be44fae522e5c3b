// A gateway of the test's own: temporary home, certificate, log key, demo clinic; the shipped binary as child processes.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const repository = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const build = resolve(process.env.TSUNAGI_BUILD ?? join(repository, "build/release"));
const binary = join(build, "gateway/tsunagi");
/* Firefox never pairs its candidates with a loopback address: in_namespace.sh gives the tests one of their own. */
const address = process.env.TSUNAGI_TEST_ADDRESS ?? "127.0.0.1";

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export async function until(what, check, timeout = 20000) {
  const end = Date.now() + timeout;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain for: ${what}`);
    await sleep(50);
  }
}

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

export class House {
  /* `settings`: more of the configuration, or a function of the house's folder. `place`: another address for pages and
   * media, more lines of the media part, a fixed port if it names one, and the words before the gateway's command that take it there. */
  static async open(settings = "", place = {}) {
    const house = new House();
    house.home = mkdtempSync(join(tmpdir(), "tsunagi-house-"));
    house.port = place.port ?? (await freePort());
    house.origin = `https://${place.address ?? "localhost"}${house.port === 443 ? "" : `:${house.port}`}`;
    house.before = place.before ?? [];
    house.config = join(house.home, "tsunagi.yaml");
    const at = (name) => join(house.home, name);
    execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
      "-addext", `subjectAltName=DNS:localhost,IP:${place.address ?? "127.0.0.1"}`, "-keyout", at("tls.key"), "-out", at("tls.crt")], { stdio: "ignore" });
    execFileSync("chmod", ["600", at("tls.key")]);
    writeFileSync(house.config, `http:
  bind: ${place.address ?? "127.0.0.1"}
  port: ${house.port}
  certificate: tls.crt
  key: tls.key
  origins: ["${house.origin}"]
  web_root: "${join(build, "web")}"
media:
  bind: ${place.address ?? address}
  port: ${await freePort()}
${(place.media ?? []).map((line) => `  ${line}\n`).join("")}storage:
  path: gateway.db
audit:
  origin: test.example/gateway/audit/2026
  checkpoints: signer
rules:
  pack: "${join(repository, "config/rules/jp-online-care.yaml")}"
${typeof settings === "function" ? settings(house.home) : settings}`);
    house.run(["signer", "--init", "--config", house.config, "--state", at("signer")]);
    house.clinic = JSON.parse(house.run(["demo-clinic", "--config", house.config, "--json"]));
    house.startSigner();
    try {
      await house.start();
    } catch (error) {
      await house.close(); // or its processes keep this one waiting
      throw error;
    }
    return house;
  }

  run(args) {
    return execFileSync(binary, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  }

  startSigner() {
    const log = openSync(join(this.home, "signer.log"), "a");
    this.signer = spawn(binary, ["signer", "--config", this.config, "--state", join(this.home, "signer")], { stdio: ["ignore", log, log] });
  }

  async start() {
    const log = openSync(join(this.home, "gateway.log"), "a");
    const [program, ...args] = [...this.before, binary, "serve", "--config", this.config];
    this.server = spawn(program, args, { stdio: ["ignore", log, log] });
    this.ended = new Promise((done) => this.server.once("exit", (code, signal) => done({ code, signal })));
    await until("the gateway to be ready", async () => (await this.get("/health/ready").catch(() => ({}))).status === 200, 10000);
  }

  async kill(signal = "SIGKILL") {
    this.server.kill(signal);
    return this.ended;
  }

  /* Everything, also when a test failed. */
  async close() {
    this.server.kill("SIGTERM");
    await Promise.race([this.ended, sleep(3000).then(() => this.server.kill("SIGKILL"))]);
    const signed = new Promise((done) => this.signer.once("exit", done));
    this.signer.kill("SIGTERM");
    await Promise.race([signed, sleep(3000)]);
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  log() {
    return readFileSync(join(this.home, "gateway.log"), "utf8").trim().split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  }

  get(path, options = {}) {
    return call(this, "GET", path, undefined, options);
  }

  async metric(name) {
    const { text } = await this.get("/metrics");
    return Number(new RegExp(`^tsunagi_${name} (\\d+)$`, "m").exec(text)[1]);
  }

  async signIn(who) {
    const answer = await call(this, "POST", "/api/login", this.clinic[who]);
    if (answer.status !== 200) throw new Error(`sign-in of ${who}: ${answer.status} ${answer.text}`);
    return answer.cookie;
  }

  /* Another visit, booked as the administrator's page does it. */
  async book(facts) {
    const cookie = await this.signIn("administrator");
    const answer = await call(this, "POST", "/api/consultations", { patient_name: "試験 花子", facts }, { cookie });
    if (answer.status !== 201) throw new Error(`booking: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  async timeline(consultation) {
    const cookie = await this.signIn("administrator");
    return (await this.get(`/api/consultations/${consultation}/timeline`, { cookie })).json;
  }

  verify() {
    return JSON.parse(execFileSync(binary, ["audit", "verify", "--json", "--config", this.config], { encoding: "utf8" }));
  }
}

// A bare machine may not know the name; browsers answer it themselves.
export const localhost = (name, options, done) => (options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4));

export function call(house, method, path, body, { cookie = "", headers = {} } = {}) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((done, fail) => {
    const sent = request(`${house.origin}${path}`, {
      method, rejectUnauthorized: false, timeout: 10000, lookup: localhost,
      headers: { "Content-Type": "application/json", "X-Tsunagi": "1", Origin: house.origin, Cookie: cookie, ...headers, ...(text ? { "Content-Length": Buffer.byteLength(text) } : {}) },
    }, (response) => {
      let got = "";
      response.setEncoding("utf8");
      response.on("data", (part) => { got += part; });
      response.on("end", () => {
        let json = null;
        try { json = JSON.parse(got); } catch { /* not JSON: the caller looks at text */ }
        done({ status: response.statusCode, headers: response.headers, text: got, json, cookie: (response.headers["set-cookie"] ?? []).map((one) => one.split(";")[0]).join("; ") });
      });
    });
    sent.on("error", fail);
    sent.on("timeout", () => sent.destroy(new Error("time-out")));
    sent.end(text);
  });
}
