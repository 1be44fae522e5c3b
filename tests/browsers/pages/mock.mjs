// A gateway for page tests: serves the built pages under the real content security policy, answers the HTTP doors, and
// plays a consultation over the WebSocket. It knows just enough rules to refuse and to let through.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { randomBytes } from "node:crypto";
import { WebSocketServer } from "ws";

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml" };
const PAGES = { "/": "index.html", "/v": "patient.html", "/clinic": "physician.html", "/admin": "admin.html" };

function policy(host) {
  return [
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", `connect-src 'self' wss://${host}`, "media-src 'self' blob:",
    "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
  ].join("; ");
}

const CLINIC = { ja: "みさき診療所", en: "Misaki Clinic" };
const DOCTOR = { ja: "山田 花子", en: "Hanako Yamada" };
const TELEPHONE = "0123-45-6789";
const AGREEMENT = {
  ja: [
    "画面の 診察では、さわったり 検査したり できません。わかることに 限りが あります。病院での 診察と 組み合わせます。",
    "今日 画面で 診て よいか、先生が 毎回 決めます。むずかしい ときは、病院に 来て もらいます。",
    "先生の 許しなく 録画しないで ください。ほかの 人を 呼ばないで ください。",
  ],
  en: [
    "On a screen nobody can touch or test. What can be learned is limited, so it is combined with visits in person.",
    "The doctor decides each time whether it is right today. If not, you are asked to come to the clinic.",
    "Please do not record without the doctor's consent, and do not bring others into the call.",
  ],
};
const RULES = [
  { rule: "jp-oc-1.4-01", clause: "V-1-(4)②ⅰ", fact: "dr_seen", ja: "患者が医師の名前をまだ確かめていません。画面のボタンを押してもらってください。", en: "The patient has not confirmed your name yet. Ask them to press the button." },
  { rule: "jp-oc-1.4-06", clause: "V-1-(4)①", fact: "name_stated", ja: "患者の名前を聞いて、確認してください。", en: "Ask the patient to say their name, and confirm it." },
  { rule: "jp-oc-2.2-02", clause: "V-2-(2)②ⅱ", fact: "pt_private_confirmed", ja: "患者がほかの人に聞かれない場所にいるか確かめてください。", en: "Confirm that the patient's place is closed off from others." },
];

export function demoVisit(changes = {}) {
  return {
    id: "c_demo", state: "booked", patient: { ja: "佐藤 太郎", en: "Taro Sato" }, revision: 1, facts: new Map(), picture_lost: false, sound_lost: false,
    second_device: false, position: 1, wait_minutes: 0, examined: 0, outcome: "", notice: null, seats: new Map(), secret: "secret-demo", holder: null,
    heldDevices: new Set(), ...changes,
  };
}

export class Mock {
  constructor(root) {
    this.root = root;
    this.requests = [];   // "POST /api/…"
    this.messages = [];   // what pages sent, with the role
    this.visit = demoVisit();
    this.others = [];     // more queue lines
    this.tickets = new Map();
    this.sessions = new Map();
    this.cookies = new Map();
    this.robot = null;
    this.refuseNext = null;
    this.audit = { broken: false };
    this.media = { patient_audio: "live", patient_video: "live", physician_audio: "live", physician_video: "live", quality: "good" };
    this.offers = 0;
  }

  async start() {
    this.folder = mkdtempSync(join(tmpdir(), "tsunagi-mock-"));
    const key = join(this.folder, "key.pem");
    const cert = join(this.folder, "cert.pem");
    execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
      "-keyout", key, "-out", cert], { stdio: "ignore" });
    this.server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => this.http(request, response));
    const sockets = new WebSocketServer({ server: this.server, path: "/ws", perMessageDeflate: false, handleProtocols: (set) => (set.has("tsunagi.v1") ? "tsunagi.v1" : false) });
    sockets.on("connection", (socket) => this.socket(socket));
    this.sockets = sockets;
    await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
    this.host = `localhost:${this.server.address().port}`;
    this.origin = `https://${this.host}`;
    return this;
  }

  async stop() {
    for (const socket of this.sockets.clients) socket.terminate();
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
    rmSync(this.folder, { recursive: true, force: true });
  }

  // ---- HTTP

  async http(request, response) {
    const url = new URL(request.url, this.origin);
    this.requests.push(`${request.method} ${url.pathname}`);
    if (url.pathname === "/robot") return response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>robot</title>");
    if (url.pathname.startsWith("/api/")) {
      let text = "";
      for await (const chunk of request) text += chunk;
      const cookies = Object.fromEntries((request.headers.cookie ?? "").split(/; */).map((one) => one.split("=")));
      const language = request.headers["accept-language"] === "en" ? "en" : "ja";
      const [status, body, cookie] = this.api(request.method, url, text === "" ? {} : JSON.parse(text), { ...request.headers, cookies, language });
      response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...(cookie ? { "set-cookie": `${cookie}; Path=/; Secure; HttpOnly; SameSite=Strict` } : {}) });
      return response.end(JSON.stringify(body));
    }
    const file = PAGES[url.pathname] ?? (url.pathname.startsWith("/assets/") ? normalize(url.pathname).slice(1) : null);
    try {
      const bytes = readFileSync(join(this.root, file));
      response.writeHead(200, { "content-type": TYPES[extname(file)], "content-security-policy": policy(this.host), "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  }

  api(method, url, body, headers) {
    const t = (text) => text[headers.language];
    const refuse = (status, code, what, todo) => [status, { code, what, todo }];
    if (method === "POST" && headers["x-tsunagi"] !== "1") return refuse(403, "origin", "?", "?");
    const staff = this.cookies.get(headers.cookies["__Host-staff"]);
    const device = this.cookies.get(headers.cookies["__Host-device"]);
    const signedOut = refuse(401, "signed_out", t({ ja: "ログインの 時間が 切れました。", en: "You are not signed in." }), t({ ja: "もう一度 ログインしてください。", en: "Sign in again." }));
    switch (`${method} ${url.pathname}`) {
      case "POST /api/invitations/redeem": return this.redeem(body, headers, device, t);
      case "GET /api/texts/agreement": {
        const language = url.searchParams.get("language");
        return [200, { language, version: "1", hash: "00", paragraphs: AGREEMENT[language] }];
      }
      case "POST /api/ticket": {
        const patient = body.as === "patient";
        if (patient ? !device : !staff) return signedOut;
        const ticket = randomBytes(16).toString("hex");
        this.tickets.set(ticket, { role: patient ? "patient" : staff.role });
        return [200, { ticket }];
      }
      case "POST /api/login": {
        const role = { doctor: "physician", admin: "administrator" }[body.name];
        if (!role || body.password !== "correct horse") return refuse(401, "login", t({ ja: "名前か パスワードが ちがいます。", en: "The name or the password is not right." }), t({ ja: "もう一度 入れてください。", en: "Try again." }));
        const cookie = randomBytes(8).toString("hex");
        this.cookies.set(cookie, { role });
        return [200, this.me(role, t), `__Host-staff=${cookie}`];
      }
      case "POST /api/logout": return [200, {}];
      case "GET /api/me": return staff ? [200, this.me(staff.role, t)] : signedOut;
    }
    if (!staff) return signedOut;
    return this.admin(method, url, body, t) ?? refuse(404, "not_found", "?", "?");
  }

  me(role, t) {
    return { name: t(role === "physician" ? DOCTOR : { ja: "鈴木 一郎", en: "Ichiro Suzuki" }), role, institution: { name: t(CLINIC), telephone: TELEPHONE } };
  }

  redeem(body, headers, device, t) {
    const institution = { name: t(CLINIC), telephone: TELEPHONE };
    if (body.secret === "expired") {
      return [410, { code: "invitation_expired", what: t({ ja: "この リンクは もう 使えません。", en: "This link is no longer valid." }), todo: t({ ja: "クリニックに 電話して、新しい リンクを もらってください。", en: "Call the clinic for a new link." }) }];
    }
    if (body.secret !== this.visit.secret) return [404, { code: "invitation_unknown", what: t({ ja: "この リンクは 使えません。", en: "This link is not valid." }), todo: t({ ja: "クリニックに 電話してください。", en: "Call the clinic." }) }];
    const mine = device?.device;
    if (this.visit.holder !== null && this.visit.holder !== mine) {
      this.visit.second_device = true;
      this.tell();
      if (this.visit.moved !== true) return [409, { code: "held_other_device", institution }];
      this.visit.holder = null;
      this.visit.second_device = false;
    }
    const id = mine ?? randomBytes(8).toString("hex");
    this.visit.holder = id;
    this.cookies.set(id, { role: "patient", device: id });
    return [200, { consultation: this.visit.id, institution, physician: { name: t(DOCTOR), registered: 2008 }, booked_for: Date.now() }, `__Host-device=${id}`];
  }

  admin(method, url, body, t) {
    const entry = (n) => ({
      id: `c_${String(n).padStart(4, "0")}`, state: n % 5 === 0 ? "abandoned" : n % 7 === 0 ? "closed_tasks" : "closed_clean", physician: "s_yamada", physician_name: t(DOCTOR),
      patient_ref: `p_${(n * 7919).toString(16)}`, booked_for: Date.UTC(2026, 10, 22, 1) - n * 3_600_000, lobby_at: 0, admitted_at: 0,
      started_at: n % 5 === 0 ? 0 : Date.UTC(2026, 10, 22, 1, 4) - n * 3_600_000, finished_at: 0, ended_at: Date.UTC(2026, 10, 22, 1, 14) - n * 3_600_000,
      outcome: n % 5 === 0 ? "" : "continue_online", end_reason: "", gap_seconds: n % 4 === 0 ? 12 : 0, examined_seconds: n % 5 === 0 ? 0 : 540,
    });
    const status = {
      size: 1284, root: "5f3a9c".repeat(10) + "77aa", checkpoint: { size: 1284, root: "5f3a9c".repeat(10) + "77aa", age_seconds: 3, signed: true },
      verified: !this.audit.broken, verified_through: this.audit.broken ? 0 : 1283, verified_at: Date.now(), status: this.audit.broken ? "bad" : "good", first_bad: this.audit.broken ? 417 : null,
    };
    switch (`${method} ${url.pathname}`) {
      case "GET /api/consultations": {
        const page = Number(url.searchParams.get("page") ?? 0);
        const text = url.searchParams.get("text") ?? "";
        const all = Array.from({ length: 30 }, (_, n) => entry(n + 1)).filter((one) => one.id.includes(text) && (!url.searchParams.get("state") || one.state === url.searchParams.get("state")));
        return [200, { entries: all.slice(page * 12, page * 12 + 12), next: all.length > page * 12 + 12 ? page + 1 : null }];
      }
      case "POST /api/consultations":
        this.booked = body;
        return [201, { consultation: "c_new", link: `${this.origin}/v#${"a".repeat(43)}` }];
      case "GET /api/audit/status": return [200, status];
      case "POST /api/audit/verify": return [200, status];
      case "GET /api/status": return [200, { certificate_expires: Math.floor(Date.now() / 1000) + 86_400 * 80, pack: { id: "jp-online-care", version: "1" }, counters: { packets_forwarded: 1203344, sockets_open: 4, messages_refused: 0 } }];
    }
    const [, id, what] = /^\/api\/consultations\/([^/]+)(?:\/(\w+))?$/.exec(url.pathname) ?? [];
    if (!id) return null;
    if (what === "timeline") return [200, timeline()];
    if (what === "invitation") return [201, { consultation: id, link: `${this.origin}/v#${"b".repeat(43)}` }];
    return [200, { ...entry(3), id }];
  }

  // ---- WebSocket

  socket(socket) {
    let session = null;
    socket.on("message", (data) => {
      const message = JSON.parse(String(data));
      if (message.type === "hello") {
        session = this.hello(socket, message);
        return;
      }
      this.messages.push({ role: session.role, ...message });
      Promise.resolve(this.message(session, message)).catch((error) => { this.failure = error; });
    });
    socket.on("close", () => {
      if (session?.socket === socket) session.socket = null;
    });
  }

  send(session, message) {
    message.seq = ++session.seq;
    if (session.socket) session.socket.send(JSON.stringify(message));
    else if (["offer", "notice"].includes(message.type)) session.kept.push(message);
  }

  hello(socket, message) {
    const send = (reply) => socket.send(JSON.stringify({ seq: 1, ...reply }));
    let session = message.resume ? this.sessions.get(message.resume) : null;
    if (message.resume && (!session || this.forgetful)) {
      send({ type: "error", ref: message.ref, code: "unknown_session", what: "?", todo: "?", failed: [] });
      socket.close();
      return { role: "none" };
    }
    const resumed = Boolean(session);
    if (session) this.sessions.delete(message.resume);
    else {
      const ticket = this.tickets.get(message.ticket);
      this.tickets.delete(message.ticket);
      if (!ticket) {
        send({ type: "error", ref: message.ref, code: "ticket", what: "?", todo: "?", failed: [] });
        socket.close();
        return { role: "none" };
      }
      session = { role: ticket.role, seq: 0, kept: [], seat: ticket.role === "patient" ? 0 : 1 };
    }
    this.hellos = (this.hellos ?? 0) + 1;
    session.socket = socket;
    session.language = message.language;
    const resume = randomBytes(16).toString("hex");
    this.sessions.set(resume, session);
    this.send(session, {
      type: "welcome", session: "n_1", role: session.role, institution: CLINIC[session.language], telephone: TELEPHONE, resume, resumed, resume_for: 180,
      ...(session.role === "patient" ? { consultation: this.visit.id } : { name: DOCTOR[session.language] }),
    });
    for (const kept of session.kept.splice(0)) if (kept.seq > message.after) socket.send(JSON.stringify(kept));
    this.tell();
    return session;
  }

  async message(session, message) {
    const { visit } = this;
    const done = () => this.send(session, { type: "done", ref: message.ref });
    const error = (code, what, todo, failed = []) => this.send(session, { type: "error", ref: message.ref, code, what, todo, failed });
    switch (message.type) {
      case "join":
        visit.seats.set(session.seat, { status: "waiting", media: false });
        session.joined = true;
        done();
        this.tell();
        if (this.robot) await this.offer(session, true);
        return;
      case "leave":
        visit.seats.delete(session.seat);
        session.joined = false;
        done();
        return this.tell();
      case "answer":
        done();
        if (this.robot) this.directions = await this.robot.answer(session.role, message.sdp);
        if (visit.seats.has(session.seat)) visit.seats.get(session.seat).media = true;
        return this.tell();
      case "restart":
        done();
        return this.robot ? this.offer(session, false) : undefined;
      case "fact":
        visit.facts.set(message.name, { supplier: session.role === "patient" ? "pt" : "dr", value: message.value });
        visit.revision += 1;
        done();
        return this.tell();
      case "act":
        if (this.refuseNext) {
          const refusal = this.refuseNext;
          this.refuseNext = null;
          return error(refusal.code, refusal.what, refusal.todo, refusal.failed);
        }
        return this.act(session, message, done, error);
      default:
        return done();
    }
  }

  act(session, message, done, error) {
    const { visit } = this;
    const steps = {
      enter: ["lobby"], admit: ["ident"], start: ["consult"], finish: ["closing"], close: ["closed_clean"], close_limit: ["closed_tasks"], cancel: ["abandoned"],
      withdraw: ["abandoned"], emergency: ["emergency"], hold: ["paused"], continue: ["consult"], defer: ["lobby"], confirm_same: ["consult"], emergency_over: ["closing"], telephone: ["converted"],
    };
    if (message.event === "start" && this.open(session.language).length > 0) {
      return error("rule", session.language === "en" ? "A rule of safe online practice is not met yet." : "安全な 診療の きまりを まだ 満たしていません。", session.language === "en" ? "Go through the items listed." : "下の 項目を 確認してください。", this.open(session.language));
    }
    if (message.event === "remove") visit.seats.delete(message.seat);
    if (message.event === "move_seat") visit.moved = true;
    const [next] = steps[message.event] ?? [visit.state];
    if (message.event === "admit") for (const seat of visit.seats.values()) seat.status = "present";
    if (message.code && next.startsWith("closed")) visit.outcome = message.code;
    visit.state = next;
    visit.revision += 1;
    done();
    this.tell();
    if (next === "ident" || next === "consult") this.tellMedia();
  }

  async offer(session, fresh) {
    const offer = fresh
      ? await this.robot.offer(session.role, session.role === "patient" ? "Dr" : "Pt", session.role === "patient" ? 200 : 30, session.role === "patient" ? 1 : 0)
      : { sdp: await this.robot.restart(session.role), tracks: this.tracks };
    this.tracks = offer.tracks;
    this.offers += 1;
    this.send(session, { type: "offer", consultation: this.visit.id, offer: this.offers, sdp: offer.sdp, fresh, tracks: offer.tracks, ice_servers: [] });
  }

  open(language) {
    return RULES.filter((one) => this.visit.facts.get(one.fact)?.value !== true)
      .map((one) => ({ rule: one.rule, clause: one.clause, action: "refuse", truth: "unknown", fact: one.fact, text: one[language] }));
  }

  change(changes) {
    Object.assign(this.visit, changes);
    this.visit.revision += 1;
    this.tell();
  }

  tellMedia(changes = {}) {
    Object.assign(this.media, changes);
    for (const session of this.sessions.values()) if (session.joined) this.send(session, { type: "media", consultation: this.visit.id, ...this.media });
  }

  tell() {
    const { visit } = this;
    for (const session of new Set(this.sessions.values())) {
      const patient = session.role === "patient";
      const language = session.language;
      if (patient || session.joined) {
        this.send(session, {
          type: "consultation", id: visit.id, state: visit.state, revision: visit.revision,
          card: { name: DOCTOR[language], role: "physician", clinic: CLINIC[language], telephone: TELEPHONE, registered: 2008 },
          ...(patient ? { position: visit.position, wait_minutes: visit.wait_minutes } : { patient: visit.patient[language] }),
          ...(visit.notice ? { notice: visit.notice.code, notice_text: visit.notice[language] } : {}),
          picture_lost: visit.picture_lost, sound_lost: visit.sound_lost, second_device: visit.second_device, examined: visit.examined, pack: "jp-online-care", pack_version: "1",
          ...(visit.deadline ? { deadline: visit.deadline } : {}),
          roster: [...visit.seats].map(([seat, one]) => ({ seat, role: seat === 0 ? "patient" : "physician", status: one.status, self: seat === session.seat, media: one.media, screen: false, voice: true, face: true })),
          facts: [...visit.facts].map(([name, one]) => ({ name, supplier: one.supplier, value: one.value })).filter((one) => !patient || one.supplier === "pt" || visit.showAll),
          open: patient || visit.state !== "ident" ? [] : this.open(language),
          ...(visit.outcome ? { outcome: visit.outcome } : {}),
        });
      }
      if (session.role === "physician") {
        const own = {
          consultation: visit.id, patient: visit.patient[language], state: visit.state, visit: "follow_up", position: visit.state === "lobby" ? 1 : 0, waited: 240, here: visit.seats.has(0),
          media: visit.seats.get(0)?.media ?? false, mine: true, blocked: false, booked_for: Date.UTC(2026, 10, 22, 1),
        };
        this.send(session, { type: "queue", entries: [own, ...this.others.map((one) => ({ ...one, patient: one.patient[language] }))].filter((one) => !/^(closed|abandoned|converted)/.test(one.state)) });
      }
    }
  }

  /* The network is cut; pages have to come back by themselves. */
  cut() {
    for (const socket of this.sockets.clients) socket.terminate();
  }
}

function timeline() {
  const start = Date.UTC(2026, 10, 22, 1);
  const record = (seq, seconds, act, role, extra = {}, out = "ok", rule) => ({
    v: 1, log: "misaki/n1/audit/2026", seq, t: new Date(start + seconds * 1000).toISOString(), act, out, actor: { k: role === "patient" ? "patient" : role === "system" ? "system" : "staff", id: "s_1" },
    x: { v: 1, role, session: "n_1", ...extra }, ...(rule ? { rule: { id: rule, set: "aa", in: "bb" } } : {}),
  });
  return {
    records: [
      record(11, 0, "consult.create", "administrator", { facts: 12 }), record(12, 0, "invite.issue", "administrator"), record(13, 300, "invite.redeem", "patient"),
      record(14, 330, "consent.give", "patient"), record(15, 331, "consult.enter", "patient", { gate: "G2", verdict: "pass", failed: 0, from: "booked", to: "lobby" }),
      record(16, 400, "consult.admit", "physician", { gate: "G3", verdict: "pass", failed: 0, from: "lobby", to: "ident" }), record(17, 400, "media.open", "system"),
      record(18, 420, "rule.decision", "physician", { gate: "G4", verdict: "refuse", failed: 2 }, "deny", "JP-OC-1.4-01"),
      record(19, 470, "consult.start", "physician", { gate: "G4", verdict: "pass", failed: 0, from: "ident", to: "consult" }), record(20, 700, "media.gap", "system", { track: "patient_video", ms: 6400 }),
      record(21, 1000, "consult.finish", "physician", { from: "consult", to: "closing", examined_ms: 523600 }), record(22, 1030, "consult.close", "physician", { outcome: "continue_online", to: "closed_clean" }),
      record(23, 1030, "media.keys.destroyed", "system", { seat: 0 }),
    ],
    decisions: [
      { id: "d_1", gate: "G2", verdict: "pass", failed: "", at: start + 331_000 }, { id: "d_2", gate: "G3", verdict: "warn", failed: "JP-OC-2.1-06", at: start + 400_000 },
      { id: "d_3", gate: "G4", verdict: "refuse", failed: "JP-OC-1.4-01 JP-OC-2.2-02", at: start + 420_000 }, { id: "d_4", gate: "G4", verdict: "pass", failed: "", at: start + 470_000 },
    ],
  };
}
