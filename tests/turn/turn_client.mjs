// A TURN client (RFC 8656) of the test's own, for what no browser would ask: other peers, other credentials, TCP relays.
import { createHash, createHmac, randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { connect as tcpConnect } from "node:net";
import { connect as tlsConnect } from "node:tls";

const COOKIE = 0x2112a442;
export const ALLOCATE = 0x003, REFRESH = 0x004, SEND = 0x006, CREATE_PERMISSION = 0x008, CHANNEL_BIND = 0x009, CONNECT = 0x00a, BINDING = 0x001;
const USERNAME = 0x0006, MESSAGE_INTEGRITY = 0x0008, ERROR_CODE = 0x0009, CHANNEL_NUMBER = 0x000c, LIFETIME = 0x000d, XOR_PEER_ADDRESS = 0x0012,
  DATA = 0x0013, REALM = 0x0014, NONCE = 0x0015, XOR_RELAYED_ADDRESS = 0x0016, REQUESTED_ADDRESS_FAMILY = 0x0017, REQUESTED_TRANSPORT = 0x0019;

/* As the gateway makes them (draft-uberti-behave-turn-rest-00). */
export function credential(secret, seconds, name = randomBytes(9).toString("base64url")) {
  const username = `${Math.floor(Date.now() / 1000) + seconds}:${name}`;
  return { username, credential: createHmac("sha1", secret).update(username).digest("base64") };
}

function attribute(type, value) {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}

const number = (value, bytes = 4) => {
  const out = Buffer.alloc(bytes);
  out.writeUIntBE(value, 0, bytes);
  return out;
};

/* "192.0.2.1" or the 16 bytes of an IPv6 address as a Buffer. */
function peerAddress(address, port, transaction) {
  const bytes = Buffer.isBuffer(address) ? address : Buffer.from(address.split(".").map(Number));
  const mask = Buffer.concat([number(COOKIE), transaction]);
  const head = Buffer.alloc(4);
  head[1] = bytes.length === 4 ? 1 : 2;
  head.writeUInt16BE(port ^ (COOKIE >>> 16), 2);
  return attribute(XOR_PEER_ADDRESS, Buffer.concat([head, Buffer.from(bytes.map((byte, i) => byte ^ mask[i]))]));
}

export class TurnClient {
  /* transport: udp, tcp or tls */
  static async open(host, port, transport, who) {
    const client = new TurnClient();
    Object.assign(client, { who, transport, waiting: new Map(), left: Buffer.alloc(0), data: [] });
    if (transport === "udp") {
      client.socket = createSocket("udp4");
      client.socket.on("message", (message) => client.take(message));
      client.write = (message) => client.socket.send(message, port, host);
      client.close = () => client.socket.close();
    } else {
      client.socket = transport === "tls" ? tlsConnect({ host, port, rejectUnauthorized: false }) : tcpConnect(port, host);
      await new Promise((done, fail) => client.socket.once(transport === "tls" ? "secureConnect" : "connect", done).once("error", fail));
      client.socket.on("data", (part) => client.stream(part)).on("error", () => {});
      client.write = (message) => client.socket.write(message);
      client.close = () => client.socket.destroy();
    }
    return client;
  }

  stream(part) {
    this.left = Buffer.concat([this.left, part]);
    while (this.left.length >= 20 && this.left.length >= 20 + this.left.readUInt16BE(2)) {
      const length = 20 + this.left.readUInt16BE(2);
      this.take(this.left.subarray(0, length));
      this.left = this.left.subarray(length);
    }
  }

  take(message) {
    const answer = { type: message.readUInt16BE(0), attributes: new Map() };
    for (let at = 20; at + 4 <= message.length; ) {
      const length = message.readUInt16BE(at + 2);
      answer.attributes.set(message.readUInt16BE(at), message.subarray(at + 4, at + 4 + length));
      at += 4 + length + ((4 - (length % 4)) % 4);
    }
    const error = answer.attributes.get(ERROR_CODE);
    answer.code = error ? error[2] * 100 + error[3] : 0;
    this.waiting.get(message.subarray(8, 20).toString("hex"))?.(answer);
    if (answer.attributes.has(DATA)) this.data.push(answer.attributes.get(DATA));
  }

  async exchange(method, attributes, signed, indication = false) {
    const transaction = randomBytes(12);
    const parts = attributes.map((one) => (typeof one === "function" ? one(transaction) : one));
    if (signed) parts.push(attribute(USERNAME, Buffer.from(this.who.username)), attribute(REALM, this.realm), attribute(NONCE, this.nonce));
    let body = Buffer.concat(parts);
    const head = (length) => {
      const out = Buffer.alloc(8);
      out.writeUInt16BE(((method & 0xf80) << 2) | ((method & 0x70) << 1) | (method & 0xf) | (indication ? 0x10 : 0), 0);
      out.writeUInt16BE(length, 2);
      out.writeUInt32BE(COOKIE, 4);
      return Buffer.concat([out, transaction]);
    };
    if (signed) {
      const key = createHash("md5").update(`${this.who.username}:${this.realm}:${this.who.credential}`).digest();
      body = Buffer.concat([body, attribute(MESSAGE_INTEGRITY, createHmac("sha1", key).update(Buffer.concat([head(body.length + 24), body])).digest())]);
    }
    if (indication) return this.write(Buffer.concat([head(body.length), body]));
    const answered = new Promise((done) => this.waiting.set(transaction.toString("hex"), done));
    this.write(Buffer.concat([head(body.length), body]));
    return Promise.race([answered, new Promise((done) => setTimeout(() => done({ type: 0, code: -1, attributes: new Map() }), 3000))]);
  }

  /* Signs; takes up a new realm and nonce when the server wants one. Returns the answer; code 0: done, -1: none came. */
  async request(method, attributes = []) {
    let answer = await this.exchange(method, attributes, this.nonce !== undefined);
    for (let again = 0; again < 2 && (answer.code === 401 || answer.code === 438) && answer.attributes.has(NONCE); again++) {
      if (answer.code === 401 && this.nonce !== undefined && again > 0) break; // refused with a nonce that was good
      this.realm = answer.attributes.get(REALM) ?? this.realm;
      this.nonce = answer.attributes.get(NONCE);
      answer = await this.exchange(method, attributes, true);
    }
    return answer;
  }

  allocate({ protocol = 17, family = null } = {}) {
    return this.request(ALLOCATE, [attribute(REQUESTED_TRANSPORT, Buffer.from([protocol, 0, 0, 0])), ...(family === null ? [] : [attribute(REQUESTED_ADDRESS_FAMILY, Buffer.from([family, 0, 0, 0]))])]);
  }

  refresh(seconds) {
    return this.request(REFRESH, [attribute(LIFETIME, number(seconds))]);
  }

  permit(address, port = 40000) {
    return this.request(CREATE_PERMISSION, [(transaction) => peerAddress(address, port, transaction)]);
  }

  bindChannel(address, port, channel = 0x4000) {
    return this.request(CHANNEL_BIND, [attribute(CHANNEL_NUMBER, Buffer.concat([number(channel, 2), number(0, 2)])), (transaction) => peerAddress(address, port, transaction)]);
  }

  connect(address, port) {
    return this.request(CONNECT, [(transaction) => peerAddress(address, port, transaction)]);
  }

  send(address, port, data) {
    return this.exchange(SEND, [(transaction) => peerAddress(address, port, transaction), attribute(DATA, data)], false, true);
  }
}

export const hasRelay = (answer) => answer.code === 0 && answer.attributes.has(XOR_RELAYED_ADDRESS);
