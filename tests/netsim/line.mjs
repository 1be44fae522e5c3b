// A place of its own for a participant (a network namespace) and the bad line from there to the gateway's place, which is the
// namespace this program runs in. Needs the right to make namespaces and devices: run it by ../browsers/system/in_namespace.sh.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve, join } from "node:path";
import { chmodSync, writeFileSync } from "node:fs";
import { repository } from "../browsers/system/house.mjs";

const build = resolve(process.env.TSUNAGI_BUILD ?? join(repository, "build/release"));
const program = join(build, "tests/netsim/tsunagi-netsim");

/* IFF_TUN devices of two namespaces, addresses from TEST-NET-2 (RFC 5737), four a line. */
export class Line {
  static async open(number, { seed = 1, csv = null } = {}) {
    const line = new Line();
    line.near = `198.51.100.${4 * number + 1}`;
    line.far = `198.51.100.${4 * number + 2}`;
    line.place = spawn("unshare", ["-n", "sleep", "infinity"], { stdio: "ignore" });
    await once(line.place, "spawn");
    const space = `/proc/${line.place.pid}/ns/net`;
    while (execFileSync("readlink", [space], { encoding: "utf8" }) === execFileSync("readlink", ["/proc/self/ns/net"], { encoding: "utf8" }))
      await new Promise((done) => setTimeout(done, 10)); // unshare has not come so far
    const names = { near: `line${number}`, far: `line${number}` };
    line.netsim = spawn(program, ["--far", space, "--near-name", names.near, "--far-name", names.far, "--seed", String(seed), ...(csv ? ["--csv", csv] : [])],
      { stdio: ["pipe", "pipe", "inherit"] });
    line.said = "";
    line.netsim.stdout.setEncoding("utf8").on("data", (part) => { line.said += part; });
    line.netsim.stdin.on("error", () => {}); // it has ended: `exit` says how
    line.exit = new Promise((done) => line.netsim.once("exit", (code) => done(code)));
    while (!line.said.startsWith("ready")) {
      if (line.netsim.exitCode !== null) throw new Error("the line did not come up");
      await new Promise((done) => setTimeout(done, 10));
    }
    execFileSync("ip", ["address", "add", line.near, "peer", line.far, "dev", names.near]);
    execFileSync("ip", ["link", "set", names.near, "up"]);
    line.run("ip", ["link", "set", "lo", "up"]);
    line.run("ip", ["address", "add", line.far, "peer", line.near, "dev", names.far]);
    line.run("ip", ["link", "set", names.far, "up"]);
    line.run("ip", ["route", "add", "default", "via", line.near, "dev", names.far]);
    return line;
  }

  /* Words of scenario.h; "start" begins the time of those with an "at". */
  say(...steps) {
    this.netsim.stdin.write(steps.map((step) => `${step}\n`).join(""));
  }

  /* A command in the participant's place. */
  run(command, args, options = {}) {
    return execFileSync("nsenter", ["-t", String(this.place.pid), "-n", "--", command, ...args], { encoding: "utf8", ...options });
  }

  spawn(command, args, options = {}) {
    return spawn("nsenter", ["-t", String(this.place.pid), "-n", "--", command, ...args], options);
  }

  /* A program file that runs `command` there, for those who want to be given one. */
  wrapper(path, command) {
    writeFileSync(path, `#!/bin/sh\nexec nsenter -t ${this.place.pid} -n -- ${command} "$@"\n`);
    chmodSync(path, 0o700);
    return path;
  }

  /* Ends it; what it did since "start". */
  async close() {
    this.netsim.stdin.end();
    const code = await this.exit;
    this.place.kill();
    if (code !== 0) throw new Error(`the line ended with ${code}`);
    return JSON.parse(this.said.slice(this.said.indexOf("{")));
  }
}
