// SIGHUP: what is wrong changes nothing and is recorded; what is right holds for what begins from now on.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect } from "node:tls";
import { House, repository, until } from "../browsers/system/house.mjs";
import { lobby } from "./visit.mjs";

let house, config, certificate, key, visit;
const at = (name) => join(house.home, name);

const fingerprint = () => new Promise((done, fail) => {
  const socket = connect({ port: house.port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
    done(socket.getPeerCertificate().fingerprint256);
    socket.destroy();
  });
  socket.on("error", fail);
});

/* Sends the signal and waits for what the gateway says about it. */
async function reload(wanted) {
  const before = house.log().filter((line) => line.event === "gateway.reload").length;
  house.server.kill("SIGHUP");
  const line = await until("the reload to be over", () => house.log().filter((one) => one.event === "gateway.reload")[before]);
  assert.equal(line.result === "OK", wanted, JSON.stringify(line));
}

function records(act) {
  const file = at(`export-${Math.random()}`);
  execFileSync(join(process.env.TSUNAGI_BUILD ?? join(repository, "build/release"), "gateway/tsunagi"), ["audit", "export", file, "--config", at("reader.yaml")], { stdio: "ignore" });
  return readFileSync(file, "utf8").split("\n").filter((line) => line.includes(`"act":"${act}"`)).length;
}

function makeCertificate(name, days = "2") {
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", days, "-subj", "/CN=localhost",
    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", at(`${name}.key`), "-out", at(`${name}.crt`)], { stdio: "ignore" });
}

before(async () => {
  house = await House.open();
  config = readFileSync(house.config, "utf8");
  writeFileSync(at("reader.yaml"), config);
  certificate = readFileSync(at("tls.crt"));
  key = readFileSync(at("tls.key"));
  visit = await lobby(house);
});
after(async () => {
  await visit?.patient.close();
  await house?.close();
});

async function stillAsBefore(print) {
  assert.equal(await fingerprint(), print, "new handshakes get the old certificate");
  assert.equal((await house.get("/health/ready")).status, 200);
  await visit.patient.must({ type: "report", card_visible: true });
  assert.equal(visit.patient.socket.readyState, 1, "the open WebSocket is still open");
}

const FAULTS = {
  "a configuration with an unknown key": () => writeFileSync(house.config, `${config}\nnonsense: 1\n`),
  "a configuration that is no YAML": () => writeFileSync(house.config, "http: [\n"),
  "a certificate file with something else in it": () => writeFileSync(at("tls.crt"), "no certificate\n"),
  "a key of another certificate": () => { makeCertificate("other"); writeFileSync(at("tls.key"), readFileSync(at("other.key"))); },
  "a certificate that is missing": () => writeFileSync(house.config, config.replace("certificate: tls.crt", "certificate: gone.crt")),
  "a pack with a rule about an unknown fact": () => {
    const pack = readFileSync(join(repository, "config/rules/jp-online-care.yaml"), "utf8");
    writeFileSync(at("bad.yaml"), pack.replace("meets: {fact: source_kind", "meets: {fact: source_kinds"));
    writeFileSync(house.config, config.replace(/pack: .*/, `pack: "${at("bad.yaml")}"`));
  },
};

let refused = 0;
for (const [what, break_] of Object.entries(FAULTS)) {
  test(`refused: ${what}`, { timeout: 30000 }, async () => {
    const print = await fingerprint();
    break_();
    try {
      await reload(false);
      refused++;
      await stillAsBefore(print);
      await until("the refusal in the log", () => records("config.rejected") === refused);
    } finally {
      writeFileSync(house.config, config);
      writeFileSync(at("tls.crt"), certificate);
      writeFileSync(at("tls.key"), key);
    }
  });
}

test("a new certificate and a new pack hold for what begins from now on", { timeout: 60000 }, async () => {
  const print = await fingerprint();
  const old = (await house.timeline(visit.consultation)).pack_version;
  const changes = records("config.change");
  makeCertificate("tls", "3");
  const pack = readFileSync(join(repository, "config/rules/jp-online-care.yaml"), "utf8");
  const next = pack.replace(/^(\s*version:\s*)"?[^"\n]*"?$/m, "$1\"2099.1.1\"");
  assert.notEqual(next, pack);
  writeFileSync(at("next.yaml"), next);
  writeFileSync(house.config, config.replace(/pack: .*/, `pack: "${at("next.yaml")}"`));
  await reload(true);
  assert.notEqual(await fingerprint(), print);
  await visit.patient.must({ type: "report", card_visible: true });
  assert.equal(visit.patient.socket.readyState, 1);
  await until("the change in the log", () => records("config.change") === changes + 1);
  const later = await lobby(house);
  assert.equal(later.patient.view(later.consultation).pack_version, "2099.1.1");
  assert.equal((await house.timeline(later.consultation)).pack_version, "2099.1.1");
  assert.equal((await house.timeline(visit.consultation)).pack_version, old, "a consultation keeps the pack it began with");
  assert.notEqual(old, "2099.1.1");
  await later.patient.close();
});
