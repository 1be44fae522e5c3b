// Debian's coturn with the template of containers/turn, filled in as an administrator would.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repository, until } from "../browsers/system/house.mjs";

export const serverSide = process.env.TSUNAGI_SERVER_SIDE.split(" ");
export const gatewayAddress = process.env.TSUNAGI_GATEWAY_ADDRESS;
export const turnAddress = process.env.TSUNAGI_TURN_ADDRESS;
export const otherAddress = process.env.TSUNAGI_OTHER_ADDRESS;
export const SECRET = "0123456789abcdef0123456789abcdef";
export const URLS = [`turn:${turnAddress}:3478?transport=udp`, `turn:${turnAddress}:3478?transport=tcp`, `turns:${turnAddress}:443?transport=tcp`];

/* The template with this test's addresses, secret and certificate; `more` is appended. */
export function turnserverConf(folder, more = "") {
  const text = readFileSync(join(repository, "containers/turn/turnserver.conf"), "utf8")
    .replaceAll("192.0.2.20", turnAddress).replaceAll("192.0.2.10", gatewayAddress)
    .replace("PUT-THE-SHARED-SECRET-HERE", SECRET).replaceAll("/etc/coturn/", `${folder}/`);
  return `${text}${more}`;
}

/* The gateway's section for it; writes the secret beside the configuration. */
export function turnSettings(folder, urls = URLS) {
  writeFileSync(join(folder, "turn.secret"), `${SECRET}\n`, { mode: 0o600 });
  return `turn:\n  urls: ${JSON.stringify(urls)}\n  secret: ${folder}/turn.secret\n  relays: ["${turnAddress}"]\n`;
}

export class Coturn {
  static async start(more = "") {
    const coturn = new Coturn();
    coturn.home = mkdtempSync(join(tmpdir(), "tsunagi-turn-"));
    const at = (name) => join(coturn.home, name);
    execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=turn.test",
      "-addext", `subjectAltName=IP:${turnAddress}`, "-keyout", at("turn.key"), "-out", at("turn.crt")], { stdio: "ignore" });
    writeFileSync(at("turnserver.conf"), turnserverConf(coturn.home, more));
    await coturn.listen();
    return coturn;
  }

  async listen() {
    const at = (name) => join(this.home, name);
    this.said = "";
    this.child = spawn(serverSide[0], [...serverSide.slice(1), "turnserver", "-c", at("turnserver.conf"), "--userdb", at("turndb")], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on("data", (part) => { this.said += part; });
    this.ended = new Promise((done) => this.child.once("exit", done));
    await until("coturn to listen", () => new Promise((done) => {
      const socket = connect(443, turnAddress, () => { socket.destroy(); done(true); });
      socket.on("error", () => done(false));
    }), 15000).catch((error) => { throw new Error(`${error.message}\n${this.said}`); });
  }

  async stop() {
    this.child.kill("SIGKILL");
    await this.ended;
    rmSync(this.home, { recursive: true, force: true });
  }
}
