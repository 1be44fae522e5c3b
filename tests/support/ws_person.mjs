// A person without a browser: signs in or redeems a link over HTTPS, then speaks tsunagi.v1 over a WebSocket.
import { createRequire } from "node:module";
import { call, localhost, until } from "../browsers/system/house.mjs";

const WebSocket = createRequire(new URL("../browsers/pages/package.json", import.meta.url))("ws");

export class Person {
  /* `credentials` of a member of staff. */
  static async staff(house, credentials) {
    const person = new Person(house);
    const answer = await call(house, "POST", "/api/login", credentials);
    if (answer.status !== 200) throw new Error(`sign-in: ${answer.status} ${answer.text}`);
    person.cookie = answer.cookie;
    person.role = answer.json.role;
    return person.connect();
  }

  /* The browser that opens a visit link; `expect` 200, or 409 when another one holds it. */
  static async patient(house, link) {
    const person = new Person(house);
    const answer = await call(house, "POST", "/api/invitations/redeem", { secret: link.split("#")[1], language: "en" });
    person.redeemed = answer;
    person.cookie = answer.cookie;
    person.role = "patient";
    return answer.status === 200 ? person.connect() : person;
  }

  constructor(house) {
    this.house = house;
    this.received = [];
    this.refs = 0;
  }

  async ticket() {
    const answer = await call(this.house, "POST", "/api/ticket", { as: this.role === "patient" ? "patient" : "staff" }, { cookie: this.cookie });
    if (answer.status !== 200) throw new Error(`ticket: ${answer.status} ${answer.text}`);
    return answer.json.ticket;
  }

  /* Socket without a hello: for tests of what comes before one. */
  async open(origin = this.house.origin) {
    const socket = new WebSocket(`${this.house.origin.replace("https", "wss")}/ws`, "tsunagi.v1",
      { rejectUnauthorized: false, origin, perMessageDeflate: false, lookup: localhost });
    this.socket = socket;
    this.closed = new Promise((done) => socket.once("close", (code) => done(code)));
    socket.on("error", () => {}); // a close code follows
    socket.on("message", (data) => this.received.push(JSON.parse(data.toString())));
    await new Promise((done, fail) => {
      socket.once("open", done);
      socket.once("error", fail);
    });
    return this;
  }

  async connect() {
    const ticket = await this.ticket();
    await this.open();
    this.send({ type: "hello", protocol: 1, language: "en", ticket });
    this.welcome = await this.see("welcome");
    return this;
  }

  send(message) {
    this.socket.send(JSON.stringify({ ref: ++this.refs, ...message }));
    return message.ref ?? this.refs;
  }

  /* The answer to a message: `done` or `error`. */
  async ask(message, timeout = 10000) {
    const ref = this.send(message);
    return until(`an answer to ${JSON.stringify(message)}`, () => this.received.find((one) => (one.type === "done" || one.type === "error") && one.ref === ref), timeout);
  }

  async must(message) {
    const answer = await this.ask(message);
    if (answer.type !== "done") throw new Error(`${JSON.stringify(message)}: ${answer.code} ${answer.what} ${JSON.stringify(answer.failed)}`);
    return answer;
  }

  see(type, match = () => true, timeout = 10000) {
    return until(`a message ${type}`, () => this.received.find((one) => one.type === type && match(one)), timeout);
  }

  /* The newest view of a consultation. */
  view(consultation) {
    return this.received.filter((one) => one.type === "consultation" && one.id === consultation).at(-1);
  }

  fact(consultation, name, value) {
    return this.ask({ type: "fact", consultation, name, ...(value === undefined ? {} : { value }) });
  }

  act(consultation, event, more = {}) {
    return this.ask({ type: "act", consultation, event, ...more });
  }

  async state(consultation, wanted, timeout = 10000) {
    return until(`state ${wanted}`, () => this.view(consultation)?.state === wanted && this.view(consultation), timeout);
  }

  async close() {
    this.socket?.terminate();
    await this.closed;
  }
}
