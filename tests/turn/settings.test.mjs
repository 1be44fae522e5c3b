// `tsunagi check-config` on TURN: what it tells, what it refuses, and coturn's own file held against ours.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { repository } from "../browsers/system/house.mjs";
import { gatewayAddress, SECRET, turnAddress, turnserverConf, turnSettings } from "./coturn.mjs";

const binary = join(process.env.TSUNAGI_BUILD ?? join(repository, "build/release"), "gateway/tsunagi");
let home;
before(() => {
  home = mkdtempSync(join(tmpdir(), "tsunagi-settings-"));
  mkdirSync(join(home, "web"));
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=clinic.example",
    "-keyout", join(home, "tls.key"), "-out", join(home, "tls.crt")], { stdio: "ignore" });
  chmodSync(join(home, "tls.key"), 0o600);
});
after(() => rmSync(home, { recursive: true, force: true }));

function check(turn, turnserver = null, { origin = "https://clinic.example" } = {}) {
  writeFileSync(join(home, "tsunagi.yaml"), `http:
  bind: ${gatewayAddress}
  port: 443
  certificate: tls.crt
  key: tls.key
  origins: ["${origin}"]
  web_root: web
media:
  bind: ${gatewayAddress}
storage:
  path: gateway.db
audit:
  origin: test.example/gateway/audit/2026
  checkpoints: signer
rules:
  pack: "${join(repository, "config/rules/jp-online-care.yaml")}"
${turn}`);
  if (turnserver !== null) writeFileSync(join(home, "turnserver.conf"), turnserver);
  const done = spawnSync(binary, ["check-config", join(home, "tsunagi.yaml"), ...(turnserver === null ? [] : ["--turnserver", join(home, "turnserver.conf")])], { encoding: "utf8" });
  assert.ok(!done.stdout.includes(SECRET) && !done.stderr.includes(SECRET), "the secret is never shown");
  return done;
}

test("without TURN it says what that means", () => {
  const done = check("");
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stdout, /^turn: none; networks that let only TCP 443 through/m);
});

test("it prints what browsers are told and what coturn has to be told", () => {
  const done = check(turnSettings(home));
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stdout, new RegExp(`^turn: turns:${turnAddress}:443\\?transport=tcp {2}credential good for 600s$`, "m"));
  assert.match(done.stdout, new RegExp(`^allowed-peer-ip=${gatewayAddress}$`, "m"));
  assert.match(done.stdout, /^denied-peer-ip=0\.0\.0\.0-255\.255\.255\.255$/m);
});

test("TURN on our own address and port, or under our own name, is refused", () => {
  for (const url of [`turns:${gatewayAddress}:443?transport=tcp`, "turns:clinic.example:443"]) {
    const done = check(turnSettings(home, [url]));
    assert.equal(done.status, 2);
    assert.match(done.stderr, /turn\.urls: names the address and port of our own pages; allowed: a second address or name/);
  }
});

test("a credential longer than ten minutes is refused", () => {
  const done = check(`${turnSettings(home)}  lifetime: 601s\n`);
  assert.equal(done.status, 2);
  assert.match(done.stderr, /turn\.lifetime: is out of range; allowed: .*1min to 10min/);
});

test("a secret that is too short or has signs coturn reads otherwise is refused, unseen", () => {
  for (const secret of ["short", "", "0123456789abcdef#0123456789", "0123456789 0123456789"]) {
    const settings = turnSettings(home);
    writeFileSync(join(home, "turn.secret"), `${secret}\n`);
    const done = check(settings);
    assert.equal(done.status, 2, secret);
    assert.match(done.stderr, /turn\.secret/);
    assert.ok(secret === "" || !done.stderr.includes(secret));
  }
});

test("coturn's file: the template passes, each loosened line is found", () => {
  const good = turnserverConf(home);
  const done = check(turnSettings(home), good);
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stdout, /turnserver\.conf relays to our media addresses and to nothing else$/m);
  const loosened = [
    [good.replace(SECRET, "f".repeat(32)), /:1: static-auth-secret: is not the secret of turn\.secret/],
    [good.replace("denied-peer-ip=0.0.0.0-255.255.255.255", ""), /denied-peer-ip: is missing; allowed: 0\.0\.0\.0/],
    [good.replace(/^denied-peer-ip=::.*$/m, ""), /denied-peer-ip: is missing; allowed: ::/],
    [good.replace(`allowed-peer-ip=${gatewayAddress}`, ""), new RegExp(`allowed-peer-ip: is missing for our media address; allowed: ${gatewayAddress}`)],
    [`${good}allowed-peer-ip=10.0.0.1\n`, /turnserver\.conf:\d+: allowed-peer-ip: relays to something else/],
    [`${good}allowed-peer-ip=192.0.2.0-192.0.2.255\n`, /allowed-peer-ip: relays to something else/],
    [`${good}lt-cred-mech\n`, /lt-cred-mech: opens another door/],
    [`${good}user=doctor:secret\n`, /user: opens another door/],
    [`${good}  no-auth\n`, /no-auth: opens another door/],
    [good.replace("\nno-tcp-relay", "\n#no-tcp-relay"), /no-tcp-relay: is missing/],
    [good.replace("\nno-cli", ""), /no-cli: is missing/],
    [good.replace("\nno-multicast-peers", ""), /no-multicast-peers: is missing/],
    [good.replace("\nuse-auth-secret", ""), /use-auth-secret: is missing/],
    [good.replace(`relay-ip=${turnAddress}`, "relay-ip=192.0.2.99"), /relay-ip: is not in turn\.relays/],
  ];
  for (const [text, complaint] of loosened) {
    const refused = check(turnSettings(home), text);
    assert.equal(refused.status, 2, String(complaint));
    assert.match(refused.stderr, complaint);
  }
  assert.equal(check("", good).status, 2, "a file without turn.urls");
});
