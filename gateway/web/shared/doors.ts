// Which control supplies which fact: the pages' half of config/rules/DOORS.md, which a test compares with these tables.
// A value is sent only by the person's own action: the tap on the button that says what is being confirmed.
import type { Text } from "./language";
import type { FactValue } from "./wire";

export interface Choice { value: string; text: Text }

export type DoorName =
  | "api:booking" | "patient:agreement" | "patient:place" | "patient:doctor_name_seen" | "patient:questions"
  | "physician:call_panel" | "physician:checks";

export interface Door {
  fact: string;
  door: DoorName;
  control: "yes_no" | "choice" | "set" | "number" | "date";
  label: Text;
  group?: Text;
  /* Consultation states in which the page shows the control. */
  states?: readonly string[];
  choices?: readonly Choice[];
  minimum?: number;
  maximum?: number;
  /* What the control shows at first … */
  preset?: FactValue;
  /* … or the value of this fact, whoever supplied it. */
  presetFrom?: string;
  /* Shown and sent only when this holds over the values on the page and the facts known. */
  when?: { fact: string; is: readonly FactValue[] } | { fact: string; above: number };
  /* Somebody else may supply it too: asked here only while nobody has. */
  unlessKnown?: boolean;
  /* The patient's own fact, shown beside it. */
  answer?: string;
  /* About the clinic, not the patient: the booking form starts with what was sent last. */
  kept?: boolean;
}

type Values = Record<string, FactValue | undefined>;

export function visible(door: Door, values: Values): boolean {
  if (!door.when) return true;
  const value = values[door.when.fact];
  if (value === undefined) return false;
  if ("above" in door.when) return typeof value === "number" && value > door.when.above;
  return door.when.is.some((one) => one === value || (Array.isArray(value) && value.includes(String(one))));
}

function choice(value: string, ja: string, en: string): Choice {
  return { value, text: { ja, en } };
}

// ---- patient ---------------------------------------------------------------------------------------------------

export const placeDoor: Door = {
  fact: "place_kind", door: "patient:place", control: "choice", preset: "residence",
  label: { ja: "今、どこに いますか", en: "Where are you now?" },
  choices: [
    choice("residence", "自分の 家", "At home"),
    choice("care_facility", "病院・施設", "Hospital or care home"),
    choice("reception_site", "オンライン診療の 場所", "Online care site"),
    choice("workplace", "仕事場", "At work"),
    choice("school", "学校", "At school"),
    choice("day_service", "デイサービス", "Day service"),
    choice("shelter", "ひなん所", "Shelter"),
    choice("vehicle_site", "診療の 車", "Clinic vehicle"),
    choice("public", "店や 駅など", "Shop, station or other public place"),
    choice("moving", "動いている 車や 電車", "Moving car or train"),
    choice("abroad", "外国", "Abroad"),
  ],
};

export const privateDoor: Door = {
  fact: "pt_private_space", door: "patient:place", control: "yes_no", preset: true,
  label: { ja: "まわりの 人に 話が 聞こえません", en: "Nobody else can hear the conversation" },
};

/* Given by the one tap of the agreement screen; the text above it says them. */
export const agreementDoors: readonly Door[] = [
  { fact: "agreement", door: "patient:agreement", control: "yes_no", preset: true, label: { ja: "決まりに 合意", en: "Agreement" } },
  {
    fact: "explicit_wish", door: "patient:agreement", control: "choice", preset: "e_signed",
    choices: [choice("e_signed", "画面で", "on the screen")], label: { ja: "希望", en: "Wish for online care" },
  },
  { fact: "system_agreed", door: "patient:agreement", control: "yes_no", preset: true, label: { ja: "この しくみを 使う", en: "Use of this system" } },
  { fact: "pt_rules_ack", door: "patient:agreement", control: "yes_no", preset: true, label: { ja: "約束を 読んだ", en: "Patient's rules read" } },
];

export const nameSeenDoor: Door = {
  fact: "dr_seen", door: "patient:doctor_name_seen", control: "yes_no", preset: true, states: ["ident"],
  label: { ja: "先生の 名前を 見ました", en: "I saw the doctor's name" },
};

/* Yes/no cards of the patient's page; each is asked when its reason is there. */
export const questionDoors: readonly Door[] = [
  {
    fact: "attendees_consented", door: "patient:questions", control: "yes_no", when: { fact: "attendees", above: 0 },
    label: { ja: "ほかの 医療の 人が いっしょに 聞きます。いいですか。", en: "Other medical staff listen as well. Is that all right?" },
  },
  {
    fact: "others_agreed_pt", door: "patient:questions", control: "yes_no", when: { fact: "pt_side_others", above: 0 },
    label: { ja: "あなたの そばの 人も いっしょに 聞きます。いいですか。", en: "The people beside you listen as well. Is that all right?" },
  },
  {
    fact: "rec_consent_pt", door: "patient:questions", control: "yes_no", when: { fact: "rec_by", is: ["institution", "patient"] },
    label: {
      ja: "録画を します。いいですか。「いいえ」でも 診察は できます。",
      en: "This will be recorded. Is that all right? You can say no and still be seen.",
    },
  },
];

/* The patient may only say that they want to record, or no longer; whether it may happen is a rule (2.5-10). */
export const recordDoor: Door = {
  fact: "rec_by", door: "patient:questions", control: "choice",
  label: { ja: "録画したいと 先生に 言う", en: "Tell the doctor I want to record" },
  choices: [choice("patient", "録画したいと 先生に 言う", "Tell the doctor I want to record"), choice("none", "録画を やめる", "I do not record any more")],
};

export function agreementFacts(place: string, alone: boolean): [string, FactValue][] {
  return [
    ...agreementDoors.map((door): [string, FactValue] => [door.fact, door.preset as FactValue]),
    [placeDoor.fact, place],
    [privateDoor.fact, alone],
  ];
}

// ---- physician -------------------------------------------------------------------------------------------------

const BEFORE = ["lobby"];
const IDENT = ["ident"];
const LIVE = ["consult", "paused", "reconnecting", "emergency"];
const ANY_LIVE = [...IDENT, ...LIVE];

const groups = {
  before: { ja: "よぶ前に", en: "Before calling in" },
  me: { ja: "医師（自分）", en: "Physician (me)" },
  patient: { ja: "患者の本人確認", en: "Who the patient is" },
  place: { ja: "場所と同席", en: "Place and presence" },
  today: { ja: "今日の診察", en: "Today" },
  during: { ja: "診察しながら", en: "During the consultation" },
} as const satisfies Record<string, Text>;

const WITHOUT_PHOTO = ["insurance_card", "pension_book", "care_insurance_card", "other_without_photo"];

const callPanel: readonly Door[] = [
  {
    fact: "agreement_by_dr", door: "physician:call_panel", control: "yes_no", preset: true, group: groups.before, states: BEFORE,
    label: { ja: "オンライン診療に医師も合意", en: "I agree to online care" },
  },
  {
    fact: "plan_status", door: "physician:call_panel", control: "choice", group: groups.before, states: BEFORE,
    when: { fact: "plan_present", is: [true] }, preset: "active",
    label: { ja: "診療計画", en: "Care plan" },
    choices: [
      choice("active", "有効", "active"), choice("draft", "作成中", "draft"),
      choice("suspended", "停止中", "suspended"), choice("closed", "終了", "closed"),
    ],
  },
  {
    fact: "attendees", door: "physician:call_panel", control: "number", minimum: 0, maximum: 20, preset: 0, group: groups.before,
    states: [...BEFORE, ...ANY_LIVE], label: { ja: "同席する医療者（人）", en: "Other medical staff present" },
  },
  {
    fact: "attendees_explained", door: "physician:call_panel", control: "yes_no", group: groups.before, states: [...BEFORE, ...ANY_LIVE],
    when: { fact: "attendees", above: 0 }, answer: "attendees_consented",
    label: { ja: "同席者について説明した", en: "Explained who they are" },
  },
];

const me: readonly Door[] = [
  {
    fact: "dr_shown", door: "physician:checks", control: "choice", preset: "document", group: groups.me, states: IDENT, answer: "dr_seen",
    label: { ja: "自分を示した方法", en: "How I proved who I am" },
    choices: [
      choice("document", "書類を見せた", "document shown"), choice("known_in_person", "対面で知っている", "known in person"),
      choice("deferred", "あとで", "later"),
    ],
  },
  {
    fact: "dr_doc_kind", door: "physician:checks", control: "choice", preset: "hpki_card", group: groups.me, states: IDENT,
    when: { fact: "dr_shown", is: ["document"] }, label: { ja: "見せた書類", en: "Document shown" },
    choices: [
      choice("hpki_card", "HPKIカード・医師資格証", "HPKI card"), choice("my_number_card", "マイナンバーカード", "My Number card"),
      choice("licence_driving", "運転免許証", "Driving licence"), choice("passport", "旅券", "Passport"),
      choice("other_photo", "ほかの写真つき", "Other with photo"),
    ],
  },
  {
    fact: "licence_reg_year", door: "physician:checks", control: "number", minimum: 1940, maximum: 2200, presetFrom: "card.registered",
    group: groups.me, states: IDENT, unlessKnown: true, label: { ja: "医籍登録の年", en: "Year of registration" },
  },
  {
    fact: "dr_place_kind", door: "physician:checks", control: "choice", preset: "institution", group: groups.me, states: IDENT,
    label: { ja: "自分のいる場所", en: "Where I am" },
    choices: [choice("institution", "医療機関", "institution"), choice("home", "自宅", "home"), choice("other", "ほか", "elsewhere")],
  },
  {
    fact: "dr_country", door: "physician:checks", control: "choice", preset: "jp", group: groups.me, states: IDENT,
    label: { ja: "自分のいる国", en: "Country I am in" }, choices: [choice("jp", "日本", "Japan"), choice("other", "ほか", "other")],
  },
  {
    fact: "dr_private_space", door: "physician:checks", control: "yes_no", preset: true, group: groups.me, states: ANY_LIVE,
    label: { ja: "部屋はほかの人に聞かれない", en: "My room is closed off" },
  },
  {
    fact: "dr_side_others", door: "physician:checks", control: "number", minimum: 0, maximum: 20, preset: 0, group: groups.me, states: ANY_LIVE,
    label: { ja: "そばにいる診療外の人（人）", en: "People beside me, not in care" },
  },
  {
    fact: "chart_accessible", door: "physician:checks", control: "yes_no", preset: true, group: groups.me, states: IDENT,
    label: { ja: "診療録が手もとにある", en: "The chart is at hand" },
  },
  {
    fact: "noise_ok", door: "physician:checks", control: "yes_no", preset: true, group: groups.me, states: ANY_LIVE,
    label: { ja: "雑音はない", en: "No disturbing noise" },
  },
];

const patient: readonly Door[] = [
  {
    fact: "name_stated", door: "physician:checks", control: "yes_no", preset: true, group: groups.patient, states: IDENT,
    label: { ja: "患者が名前を言った", en: "The patient said their name" },
  },
  {
    fact: "pt_verified", door: "physician:checks", control: "choice", preset: "document", group: groups.patient, states: ANY_LIVE,
    label: { ja: "本人確認の方法", en: "Identity proved by" },
    choices: [
      choice("document", "書類", "document"), choice("known_in_person", "対面で知っている", "known in person"),
      choice("deferred", "あとで", "later"), choice("failed", "できない", "failed"),
    ],
  },
  {
    fact: "pt_docs", door: "physician:checks", control: "set", group: groups.patient, states: IDENT,
    when: { fact: "pt_verified", is: ["document"] }, label: { ja: "見た書類（番号は書かない）", en: "Documents seen (never numbers)" },
    choices: [
      choice("my_number_card", "マイナンバーカード", "My Number card"), choice("driving_licence", "運転免許証", "Driving licence"),
      choice("passport", "旅券", "Passport"), choice("residence_card", "在留カード", "Residence card"),
      choice("disability_booklet", "障害者手帳", "Disability booklet"), choice("other_photo", "ほか（写真あり）", "Other with photo"),
      choice("insurance_card", "資格確認書・保険証", "Insurance card"), choice("pension_book", "年金手帳", "Pension book"),
      choice("care_insurance_card", "介護保険証", "Care insurance card"), choice("other_without_photo", "ほか（写真なし）", "Other, no photo"),
    ],
  },
  {
    fact: "thickness_checked", door: "physician:checks", control: "yes_no", group: groups.patient, states: IDENT,
    when: { fact: "pt_docs", is: WITHOUT_PHOTO }, label: { ja: "厚みなどを確かめた", en: "Thickness and features checked" },
  },
  {
    fact: "questions_asked", door: "physician:checks", control: "yes_no", group: groups.patient, states: IDENT,
    when: { fact: "pt_docs", is: WITHOUT_PHOTO }, label: { ja: "本人と分かる質問をした", en: "Suitable questions asked" },
  },
  {
    fact: "body_observed", door: "physician:checks", control: "yes_no", group: groups.patient, states: IDENT,
    when: { fact: "pt_docs", is: WITHOUT_PHOTO }, label: { ja: "顔や体を見て確かめた", en: "Face and body observed" },
  },
  {
    fact: "no_id_reason", door: "physician:checks", control: "choice", group: groups.patient, states: ANY_LIVE,
    when: { fact: "pt_verified", is: ["deferred", "failed"] }, label: { ja: "書類がない理由", en: "Why no document" },
    choices: [choice("emergency", "緊急", "emergency"), choice("none_held", "持っていない", "none held"), choice("lost", "なくした", "lost")],
  },
];

const place: readonly Door[] = [
  {
    fact: "pt_private_confirmed", door: "physician:checks", control: "yes_no", presetFrom: "pt_private_space", group: groups.place,
    states: ANY_LIVE, answer: "pt_private_space", label: { ja: "患者の場所はほかの人に聞かれない", en: "The patient's place is closed off" },
  },
  {
    fact: "place_clean_safe", door: "physician:checks", control: "yes_no", preset: true, group: groups.place, states: IDENT, answer: "place_kind",
    label: { ja: "その場所は清潔で安全", en: "It is clean and safe" },
  },
  {
    fact: "pt_side_others", door: "physician:checks", control: "number", minimum: 0, maximum: 20, preset: 0, group: groups.place, states: ANY_LIVE,
    label: { ja: "患者のそばの人（人）", en: "People beside the patient" },
  },
  {
    fact: "others_agreed_dr", door: "physician:checks", control: "yes_no", group: groups.place, states: ANY_LIVE, answer: "others_agreed_pt",
    when: { fact: "pt_side_others", above: 0 }, label: { ja: "その同席に合意する", en: "I agree to them" },
  },
  {
    fact: "patients_at_endpoint", door: "physician:checks", control: "number", minimum: 0, maximum: 20, preset: 1, group: groups.place, states: IDENT,
    label: { ja: "画面の患者（人）", en: "Patients at the other end" },
  },
  {
    fact: "dispatch_confirmed", door: "physician:checks", control: "yes_no", preset: true, group: groups.place, states: IDENT,
    label: { ja: "緊急の住所と電話を聞いた（残らない）", en: "Address and call-back heard (not kept)" },
  },
];

const today: readonly Door[] = [
  {
    fact: "visit_kind", door: "physician:checks", control: "choice", presetFrom: "visit_proposed", group: groups.today, states: IDENT,
    label: { ja: "初診か再診か", en: "Kind of visit" }, choices: [choice("first", "初診", "first visit"), choice("follow_up", "再診", "follow-up")],
  },
  {
    fact: "is_home_physician", door: "physician:checks", control: "yes_no", group: groups.today, states: IDENT, unlessKnown: true,
    when: { fact: "visit_kind", is: ["first"] }, label: { ja: "かかりつけの医師である", en: "I am the home physician" },
  },
  {
    fact: "info_sources", door: "physician:checks", control: "set", group: groups.today, states: IDENT, when: { fact: "visit_kind", is: ["first"] },
    label: { ja: "前もって得た情報", en: "Information obtained beforehand" },
    choices: [
      choice("past_records", "過去の診療録", "Past records"), choice("referral_letter", "診療情報提供書", "Referral letter"),
      choice("health_check", "健康診断", "Health check"), choice("regional_network", "地域の情報網", "Regional network"),
      choice("medication_notebook", "お薬手帳", "Medication notebook"), choice("phr", "PHR", "PHR"),
      choice("pre_consultation", "診療前相談", "Talk before"), choice("other", "ほか", "Other"),
    ],
  },
  {
    fact: "info_sufficient", door: "physician:checks", control: "yes_no", group: groups.today, states: IDENT, when: { fact: "visit_kind", is: ["first"] },
    label: { ja: "その情報で足りる", en: "It suffices" },
  },
  {
    fact: "new_symptom", door: "physician:checks", control: "yes_no", preset: false, group: groups.today, states: ANY_LIVE,
    label: { ja: "新しい症状がある", en: "A new symptom" },
  },
  {
    fact: "predicted_symptom", door: "physician:checks", control: "yes_no", group: groups.today, states: ANY_LIVE,
    when: { fact: "new_symptom", is: [true] }, label: { ja: "予測していた症状", en: "It was predicted" },
  },
  {
    fact: "cured", door: "physician:checks", control: "yes_no", preset: false, group: groups.today, states: IDENT,
    label: { ja: "前の病気は治っていた", en: "The earlier illness was cured" },
  },
  {
    fact: "long_gap", door: "physician:checks", control: "yes_no", preset: false, group: groups.today, states: IDENT,
    label: { ja: "受診が長く途切れた", en: "Care was interrupted for long" },
  },
  {
    fact: "acute_change", door: "physician:checks", control: "yes_no", preset: false, group: groups.today, states: ANY_LIVE,
    label: { ja: "急な変化がある", en: "Acute change" },
  },
  {
    fact: "stabilised", door: "physician:checks", control: "yes_no", group: groups.today, states: ANY_LIVE, when: { fact: "acute_change", is: [true] },
    label: { ja: "対面診療の後で落ち着いた", en: "Stabilised after in-person care" },
  },
  {
    fact: "feasible_today", door: "physician:checks", control: "choice", preset: "yes", group: groups.today, states: ANY_LIVE,
    label: { ja: "今日オンラインで診てよい", en: "Online care is right today" },
    choices: [choice("yes", "はい", "yes"), choice("pending", "まだ", "not decided"), choice("no", "いいえ", "no")],
  },
];

/* Explained at booking as a rule; the physician can catch up. */
const explained: readonly Door[] = (
  [
    ["explained_limits", "限りがあり対面と組み合わせると説明した", "Explained the limits"],
    ["explained_each_time_decision", "毎回医師が判断すると説明した", "Explained the decision each time"],
    ["explained_plan_items", "診療計画の内容を説明した", "Explained the care plan"],
    ["risk_explained", "情報の安全の危険を説明した", "Explained the security risks"],
  ] as const
).map(([fact, ja, en]) => ({
  fact, door: "physician:checks", control: "yes_no", group: groups.today, states: [...BEFORE, ...IDENT], unlessKnown: true, label: { ja, en },
}));

const during: readonly Door[] = [
  {
    fact: "info_sufficient_now", door: "physician:checks", control: "yes_no", group: groups.during, states: [...LIVE, "closing"],
    label: { ja: "診察で情報が足りている", en: "The examination gives enough" },
  },
  {
    fact: "pt_changed", door: "physician:checks", control: "yes_no", group: groups.during, states: LIVE,
    label: { ja: "別の人に替わった疑い", en: "Somebody else in the patient's place" },
  },
  {
    fact: "rec_consent_dr", door: "physician:checks", control: "yes_no", group: groups.during, states: ANY_LIVE,
    when: { fact: "rec_by", is: ["institution", "patient"] }, label: { ja: "録画・録音に同意する", en: "I consent to the recording" },
  },
  {
    fact: "rec_consent_others", door: "physician:checks", control: "yes_no", group: groups.during, states: ANY_LIVE,
    when: { fact: "rec_by", is: ["institution", "patient"] }, label: { ja: "同席者全員も同意した", en: "Everybody else consents" },
  },
];

export const physicianDoors: readonly Door[] = [...callPanel, ...patient, ...me, ...place, ...today, ...explained, ...during];

export function doorsFor(state: string): readonly Door[] {
  return physicianDoors.filter((one) => one.states?.includes(state));
}

// ---- booking ---------------------------------------------------------------------------------------------------

function booking(fact: string, control: Door["control"], ja: string, en: string, more: Partial<Door> = {}): Door {
  return { fact, door: "api:booking", control, label: { ja, en }, ...more };
}

/* visit_proposed has its own field in the form. */
export const visitProposedDoor = booking("visit_proposed", "choice", "初診か再診か", "Kind of visit", {
  preset: "follow_up", choices: [choice("follow_up", "再診", "Follow-up"), choice("first", "初診", "First visit")],
});

export const bookingDoors: readonly Door[] = [
  booking("service_kind", "choice", "行うこと", "Service", {
    preset: "online_consultation",
    choices: [
      choice("online_consultation", "オンライン診療", "online consultation"), choice("referral_advice", "受診勧奨", "advice where to go"),
      choice("pre_consultation", "診療前相談", "talk before a consultation"), choice("health_advice", "健康医療相談", "health advice"),
    ],
  }),
  booking("prior_visits", "number", "これまでの受診（回）", "Visits so far", { minimum: 0, maximum: 10000 }),
  booking("known_since", "date", "この医師が対面で診た日", "Seen in person by this physician on"),
  booking("is_home_physician", "yes_no", "かかりつけの医師である", "Home physician"),
  booking("explicit_wish", "choice", "希望を示した方法（先に分かっているとき）", "How the wish was stated, if already", {
    choices: [choice("signed_paper", "紙に署名", "signed paper"), choice("chart_entry", "診療録に記載", "chart entry"), choice("none", "なし", "none")],
  }),
  booking("explained_limits", "yes_no", "限りがあり対面と組み合わせると説明した", "Limits explained"),
  booking("explained_each_time_decision", "yes_no", "毎回医師が判断すると説明した", "Decision each time explained"),
  booking("explained_plan_items", "yes_no", "診療計画の内容を説明した", "Care plan explained"),
  booking("risk_explained", "yes_no", "情報の安全の危険を説明した", "Security risks explained"),
  booking("plan_present", "yes_no", "診療計画がある", "There is a care plan"),
  booking("in_person_assessment", "date", "計画の前に対面で評価した日", "In-person assessment before the plan on"),
  booking("emergency_institution", "yes_no", "急変時の医療機関が決まっている", "Institution for sudden change named"),
  booking("emergency_shared_at", "date", "そこに情報を最後に伝えた日", "Information last shared with it on"),
  booking("in_person_capacity", "yes_no", "急ぎの対面診療ができる", "Prompt in-person care arranged", { kept: true }),
  booking("dr_institution", "yes_no", "医師の所属が登録されている", "Physician's institution on record", { kept: true }),
  booking("licence_reg_year", "number", "医籍登録の年", "Year of registration", { minimum: 1940, maximum: 2200, kept: true }),
  booking("mhlw_training", "yes_no", "厚生労働省の研修を修了", "Designated training completed", { kept: true }),
  booking("verifiable_after", "yes_no", "医療機関の外でも後から確かめられる", "Verifiable outside the institution", { kept: true }),
  booking("compliance_published", "yes_no", "指針を守ることを公表している", "Compliance published", { kept: true }),
  booking("dr_reach_institution", "yes_no", "医師が医療機関にすぐ行ける", "Physician reaches the institution", { kept: true }),
  booking("local_law_checked", "yes_no", "患者のいる国の法律を確かめた", "Law of the patient's country checked"),
  booking("serves_many", "yes_no", "決まった多くの人が使う場所", "Place serves specified many"),
  booking("site_registered", "yes_no", "その場所を届け出ている", "That place is notified"),
  booking("site_on_record", "yes_no", "受診施設が登録されている", "Reception site on record"),
  booking("site_clean", "yes_no", "受診施設の清潔と安全を確かめた", "Site clean and safe"),
  booking("site_isolated", "yes_no", "受診施設が外から隔てられている", "Site closed off"),
  booking("site_security", "yes_no", "受診施設の機器は安全", "Site systems secure"),
  booking("site_confirmed_at", "date", "管理者が受診施設を確かめた日", "Manager confirmed the site on"),
  booking("chat_scope_set", "yes_no", "チャットの範囲が決まっている", "Scope of chat fixed", { kept: true }),
];

/* Every control of every page, for the comparison with DOORS.md. */
export const allDoors: readonly Door[] = [
  ...agreementDoors, placeDoor, privateDoor, nameSeenDoor, ...questionDoors, recordDoor, ...physicianDoors, visitProposedDoor, ...bookingDoors,
];
