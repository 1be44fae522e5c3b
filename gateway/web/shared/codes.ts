// Words for the codes of the state machine, the rules and the audit records.
import type { Text } from "./language";

export const states: Record<string, Text> = {
  booked: { ja: "予約", en: "Booked" },
  lobby: { ja: "待合室", en: "Waiting room" },
  ident: { ja: "確認中", en: "Checking" },
  consult: { ja: "診察中", en: "Consultation" },
  paused: { ja: "停止中", en: "Paused" },
  reconnecting: { ja: "再接続中", en: "Reconnecting" },
  emergency: { ja: "緊急", en: "Emergency" },
  closing: { ja: "終了処理", en: "Closing" },
  closed_clean: { ja: "終了", en: "Closed" },
  closed_tasks: { ja: "終了（残務あり）", en: "Closed, tasks open" },
  converted: { ja: "電話・相談に変更", en: "Converted" },
  abandoned: { ja: "中止", en: "Abandoned" },
};

/* Outcomes and reasons. */
export const outcomes: Record<string, Text> = {
  continue_online: { ja: "つぎも オンラインで 診ます。", en: "The next visit is online again." },
  in_person_needed: { ja: "つぎは 病院に 来てください。", en: "Please come to the clinic in person." },
  referred: { ja: "ほかの 病院を 紹介します。", en: "You are referred to another clinic." },
  completed: { ja: "今回で 終わりです。", en: "Care is completed." },
  open_tasks: { ja: "残った 仕事は クリニックが します。", en: "The clinic completes what is left." },
  telephone: { ja: "クリニックから 電話します。", en: "The clinic will telephone you." },
  advice_only: { ja: "相談だけに なりました。", en: "It was advice only." },
  pre_consultation: { ja: "診療前の 相談に なりました。", en: "It was a talk before a consultation." },
  information_insufficient: { ja: "オンラインでは 診られません。病院に 来てください。", en: "Online is not enough; please come in person." },
  no_show: { ja: "予約の 日が 過ぎました。", en: "The booked day is over." },
};

/* The same codes as a clinic says them. */
export const staffCodes: Record<string, Text> = {
  cancelled: { ja: "取消", en: "Cancelled" },
  patient_cancelled: { ja: "患者が取消", en: "Cancelled by the patient" },
  clinic_cancelled: { ja: "医療機関が取消", en: "Cancelled by the clinic" },
  refused: { ja: "お断り", en: "Refused" },
  no_show: { ja: "来なかった", en: "No-show" },
  later: { ja: "あとで呼ぶ", en: "Call again later" },
  identity_failed: { ja: "本人確認できず", en: "Identity not confirmed" },
  advice_only: { ja: "受診勧奨のみ", en: "Advice only" },
  pre_consultation: { ja: "診療前相談", en: "Talk before a consultation" },
  privacy: { ja: "場所の秘密が保てない", en: "Place not private" },
  newcomer: { ja: "新しい人が入った", en: "A newcomer" },
  recording: { ja: "録画・録音", en: "Recording" },
  identity: { ja: "本人か確認", en: "Identity in doubt" },
  telephone: { ja: "電話に変更", en: "Changed to telephone" },
  closing: { ja: "終了処理へ", en: "To closing" },
  converted: { ja: "対面・電話へ", en: "To in-person or telephone" },
  in_person_needed: { ja: "対面が必要", en: "In-person visit needed" },
  information_insufficient: { ja: "情報が足りない", en: "Information insufficient" },
  continue_online: { ja: "次回もオンライン", en: "Next visit online" },
  referred: { ja: "紹介", en: "Referred" },
  completed: { ja: "完了", en: "Completed" },
  open_tasks: { ja: "残務あり", en: "Tasks open" },
  removed: { ja: "退席させた", en: "Removed" },
  confirmed_otherwise: { ja: "別の方法で確認した", en: "Confirmed another way" },
  patient_benefit: { ja: "患者の利益が上回る", en: "Benefit for the patient prevails" },
  no_alternative: { ja: "ほかに方法がない", en: "No alternative" },
};

/* Which code may go with which event; consultation.h, CONSULTATION_CODE_LIST. */
export const eventCodes: Record<string, readonly string[]> = {
  defer: ["later", "identity_failed"],
  convert: ["advice_only", "pre_consultation"],
  hold: ["privacy", "newcomer", "recording", "identity"],
  emergency_over: ["closing", "converted"],
  unsuitable: ["in_person_needed", "information_insufficient"],
  close: ["continue_online", "in_person_needed", "referred", "completed"],
  acknowledge: ["confirmed_otherwise", "patient_benefit", "no_alternative"],
};

export const roles: Record<string, Text> = {
  patient: { ja: "患者", en: "Patient" },
  proxy: { ja: "代理人", en: "Proxy" },
  physician: { ja: "医師", en: "Physician" },
  nurse: { ja: "看護師", en: "Nurse" },
  device: { ja: "機器", en: "Device" },
  clerk: { ja: "受付", en: "Clerk" },
  administrator: { ja: "管理者", en: "Administrator" },
  system: { ja: "ゲートウェイ", en: "Gateway" },
  none: { ja: "不明", en: "Unknown" },
  family: { ja: "家族", en: "Family" },
  interpreter: { ja: "通訳", en: "Interpreter" },
  helper: { ja: "看護師・介助者", en: "Nurse or carer" },
  specialist: { ja: "専門の医師", en: "Specialist" },
  trainee: { ja: "研修中の人", en: "Trainee" },
};

/* Whom staff can invite beside patient and physician. */
export const guestRoles = ["family", "interpreter", "helper", "specialist", "trainee"] as const;

export const seatStates: Record<string, Text> = {
  invited: { ja: "招待中", en: "invited" },
  waiting: { ja: "待機", en: "waiting" },
  present: { ja: "出席", en: "present" },
  away: { ja: "切断中", en: "away" },
};

export const acts: Record<string, Text> = {
  "log.open": { ja: "記録簿を開いた", en: "Log opened" },
  "log.close": { ja: "記録簿を閉じた", en: "Log closed" },
  "log.heartbeat": { ja: "記録簿は動いている", en: "Log heartbeat" },
  "clock.step": { ja: "時計が変わった", en: "Clock stepped" },
  "config.change": { ja: "設定を変えた", en: "Configuration changed" },
  "config.rejected": { ja: "設定を拒んだ", en: "Configuration rejected" },
  "staff.create": { ja: "職員を登録した", en: "Staff account created" },
  "staff.login": { ja: "職員がサインインした", en: "Staff signed in" },
  "staff.logout": { ja: "職員がサインアウトした", en: "Staff signed out" },
  "access.denied": { ja: "アクセスを拒んだ", en: "Access denied" },
  "consult.create": { ja: "予約した", en: "Booked" },
  "device.session": { ja: "機器がつながった", en: "Device session" },
  "device.revoke": { ja: "機器の鍵を止めた", en: "Device token revoked" },
  "invite.issue": { ja: "招待リンクを出した", en: "Invitation issued" },
  "invite.redeem": { ja: "招待リンクを開いた", en: "Invitation opened on a device" },
  "invite.second_device": { ja: "2台目の機器が止められた", en: "Second device held" },
  "invite.move_device": { ja: "席を別の機器に移した", en: "Seat moved to another device" },
  "consent.give": { ja: "同意した", en: "Consent given" },
  "consent.withdraw": { ja: "同意を取り消した", en: "Consent withdrawn" },
  "fact.supply": { ja: "事実を伝えた", en: "Fact supplied" },
  "rule.decision": { ja: "規則が判定した", en: "Rules decided" },
  "rule.acknowledge": { ja: "規則を了承した", en: "Rule acknowledged" },
  "consult.enter": { ja: "待合室に入った", en: "Entered the waiting room" },
  "consult.admit": { ja: "呼び入れた（映像と音声が開いた）", en: "Called in (picture and sound opened)" },
  "consult.start": { ja: "診察を始めた", en: "Consultation started" },
  "consult.hold": { ja: "一時停止した", en: "Held" },
  "consult.continue": { ja: "再開した", en: "Continued" },
  "consult.defer": { ja: "待合室に戻した", en: "Back to the waiting room" },
  "consult.convert": { ja: "電話・相談に変えた", en: "Converted" },
  "consult.emergency": { ja: "緊急になった", en: "Emergency" },
  "consult.finish": { ja: "診察を終えた", en: "Examination finished" },
  "consult.close": { ja: "閉じた", en: "Closed" },
  "consult.abandon": { ja: "中止になった", en: "Abandoned" },
  "participant.sit": { ja: "席に着いた", en: "Took a seat" },
  "participant.away": { ja: "つながりが切れた", en: "Connection lost" },
  "participant.back": { ja: "つながりが戻った", en: "Came back" },
  "participant.leave": { ja: "席を立った", en: "Left" },
  "participant.remove": { ja: "退席させられた", en: "Removed" },
  "participant.admit": { ja: "同席者を入れた", en: "Guest let in" },
  "media.open": { ja: "映像と音声が開いた", en: "Picture and sound opened" },
  "media.hold": { ja: "映像と音声が止まった", en: "Picture and sound held" },
  "media.connected": { ja: "映像と音声の道ができた", en: "Media path connected" },
  "media.screen": { ja: "画面の共有", en: "Screen shown" },
  "media.gap": { ja: "映像か音声が途切れた", en: "Gap in picture or sound" },
  "media.line": { ja: "回線が弱く、映像を止めた・戻した", en: "Picture paused or resumed for a weak line" },
  "media.keys.destroyed": { ja: "暗号の鍵を消した", en: "Media keys destroyed" },
  "media.fingerprint_mismatch": { ja: "暗号の相手が違った", en: "Fingerprint mismatch" },
  "audit.search": { ja: "記録を検索した", en: "Audit searched" },
  "audit.view": { ja: "記録を見た", en: "Audit viewed" },
  "audit.verify": { ja: "記録を検証した", en: "Audit verified" },
  "privacy.erase": { ja: "個人の情報を消した", en: "Personal data erased" },
  "system.drain": { ja: "新しい診察の受付を止めた", en: "Draining" },
};

export const gates: Record<string, Text> = {
  G0: { ja: "開始前", en: "go-live" },
  G1: { ja: "予約", en: "booking" },
  G2: { ja: "待合室", en: "waiting room" },
  G3: { ja: "呼び入れ", en: "admit" },
  G4: { ja: "診察開始", en: "start" },
  G5: { ja: "診察中", en: "live" },
  G6: { ja: "処方", en: "prescribe" },
  G7: { ja: "終了", en: "close" },
  G8: { ja: "保存", en: "retention" },
};

export const verdicts: Record<string, Text> = {
  pass: { ja: "可", en: "pass" },
  warn: { ja: "可（注意）", en: "pass, with a warning" },
  acknowledge: { ja: "了承が必要", en: "needs acknowledgement" },
  override: { ja: "理由が必要", en: "needs a reason" },
  pause: { ja: "停止", en: "pause" },
  refuse: { ja: "不可", en: "refused" },
  terminate: { ja: "中止", en: "terminate" },
};

export const results: Record<string, Text> = {
  ok: { ja: "済", en: "ok" },
  deny: { ja: "拒否", en: "denied" },
  error: { ja: "失敗", en: "failed" },
  intent: { ja: "予定", en: "intended" },
};

/* Members of a record's `x`. */
export const extraKeys: Record<string, Text> = {
  seat: { ja: "席", en: "seat" },
  gate: { ja: "段階", en: "gate" },
  verdict: { ja: "判定", en: "verdict" },
  failed: { ja: "満たさない規則", en: "rules not met" },
  from: { ja: "前", en: "from" },
  to: { ja: "後", en: "to" },
  reason: { ja: "理由", en: "reason" },
  outcome: { ja: "結果", en: "outcome" },
  examined_ms: { ja: "診察時間", en: "examined" },
  track: { ja: "どれ", en: "what" },
  ms: { ja: "長さ", en: "length" },
  fact: { ja: "事実", en: "fact" },
  supplier: { ja: "だれから", en: "from whom" },
  facts: { ja: "事実の数", en: "facts" },
  forwarded: { ja: "中継した数", en: "forwarded" },
  gated: { ja: "止めた数", en: "held at the gate" },
  code: { ja: "理由", en: "code" },
  path: { ja: "道", en: "path" },
  srtp: { ja: "暗号", en: "cipher" },
  patient: { ja: "患者の記号", en: "patient" },
  physician: { ja: "医師の記号", en: "physician" },
  device: { ja: "機器", en: "device" },
  invitation: { ja: "招待", en: "invitation" },
  language: { ja: "言葉", en: "language" },
  text: { ja: "文のハッシュ", en: "hash of the text" },
  version: { ja: "版", en: "version" },
  pack: { ja: "規則集", en: "rule pack" },
  pack_version: { ja: "規則集の版", en: "its version" },
  rule: { ja: "規則", en: "rule" },
  what: { ja: "なにを", en: "what" },
  event: { ja: "操作", en: "event" },
  refusal: { ja: "断った理由", en: "refusal" },
};

/* Who supplied a fact. */
export const suppliers: Record<string, Text> = {
  pt: { ja: "患者", en: "patient" },
  px: { ja: "代理人", en: "proxy" },
  dr: { ja: "医師", en: "physician" },
  nu: { ja: "看護師", en: "nurse" },
  sy: { ja: "ゲートウェイ", en: "gateway" },
  ad: { ja: "職員", en: "staff" },
  me: { ja: "測定", en: "measured" },
};

/* Whose sound or picture. */
export const tracks: Record<string, Text> = {
  patient_audio: { ja: "患者の音声", en: "the patient's sound" },
  patient_video: { ja: "患者の映像", en: "the patient's picture" },
  physician_audio: { ja: "医師の音声", en: "the physician's sound" },
  physician_video: { ja: "医師の映像", en: "the physician's picture" },
};

/* A code without a word is shown as it is, never hidden. */
export function wordOf(table: Record<string, Text>, code: string, t: (text: Text) => string): string {
  const text = table[code];
  return text ? t(text) : code;
}
