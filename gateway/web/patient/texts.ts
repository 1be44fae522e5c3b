// Words of the patient page. Japanese is plain: one sentence one fact, words set apart, です/ます.
import type { Text } from "../shared/language";

export const words = {
  title: { ja: "オンライン診療", en: "Online consultation" },

  start_title: { ja: "これから 先生と 話します", en: "You are about to talk with your doctor" },
  start_lead: { ja: "下の ボタンを 押してください。", en: "Press the button below." },
  start: { ja: "はじめる", en: "Start" },
  ask_hint_title: { ja: "つぎに こう 出ます", en: "Next you will see this" },
  ask_hint: {
    ja: "「カメラ」と「マイク」を 使うか きかれます。「許可」を 押してください。",
    en: "Your browser asks to use the camera and the microphone. Press “Allow”.",
  },
  ask_why: {
    ja: "先生に 顔と 声を とどけるためです。録画は しません。",
    en: "So that the doctor can see and hear you. Nothing is recorded.",
  },
  allow: { ja: "許可", en: "Allow" },
  deny: { ja: "ブロック", en: "Block" },
  dialog_line: { ja: "カメラと マイク", en: "Camera and microphone" },
  asking: { ja: "「許可」を 押してください", en: "Press “Allow”" },
  redeeming: { ja: "よやくを たしかめています", en: "Checking your booking" },

  inapp_title: { ja: "この 画面では カメラが 使えません", en: "The camera does not work in this window" },
  inapp_apple: { ja: "Safari で ひらいて ください。", en: "Please open this page in Safari." },
  inapp_other: { ja: "Chrome で ひらいて ください。", en: "Please open this page in Chrome." },
  inapp_step1: { ja: "下の ボタンで リンクを コピーします。", en: "Copy the link with the button below." },
  inapp_step2_apple: { ja: "Safari を ひらいて、上の らんに はりつけます。", en: "Open Safari and paste it into the bar at the top." },
  inapp_step2_other: { ja: "Chrome を ひらいて、上の らんに はりつけます。", en: "Open Chrome and paste it into the bar at the top." },
  inapp_safe: { ja: "よやくは まだ 使われていません。", en: "Your invitation has not been used yet." },
  inapp_line: { ja: "いつもの ブラウザで ひらく", en: "Open in your browser" },
  copy_link: { ja: "リンクを コピーする", en: "Copy the link" },

  nolink_title: { ja: "リンクが とちゅうで 切れています", en: "The link is not complete" },
  nolink_what: { ja: "この ページには よやくの 番号が ありません。", en: "This address does not contain your invitation." },
  nolink_todo: {
    ja: "クリニックからの お知らせの リンクを、もういちど 押してください。",
    en: "Please open the link in the message from your clinic once more.",
  },

  denied_title: { ja: "カメラと マイクが 使えません", en: "Camera and microphone are blocked" },
  denied_what: {
    ja: "ブラウザで「ブロック」に なっています。顔と 声が ないと 診察が できません。",
    en: "The browser blocks them. Without picture and sound there can be no consultation.",
  },
  denied_todo: {
    ja: "画面の 上の アドレスの よこの しるしを 押します。カメラと マイクを「許可」に します。そのあと 下の ボタンを 押します。",
    en: "Press the symbol beside the address at the top. Set camera and microphone to “Allow”. Then press the button below.",
  },
  missing_title: { ja: "カメラか マイクが 見つかりません", en: "No camera or no microphone was found" },
  missing_what: { ja: "この 機械に カメラと マイクの 両方が いります。", en: "This device needs both a camera and a microphone." },
  missing_todo: {
    ja: "カメラと マイクを つなぐか、スマホで リンクを ひらいて ください。",
    en: "Connect them, or open the link on a phone.",
  },
  busy_title: { ja: "カメラが ほかで 使われています", en: "The camera is in use" },
  busy_what: { ja: "ほかの アプリが カメラか マイクを 使っています。", en: "Another app uses the camera or the microphone." },
  busy_todo: { ja: "ほかの アプリを 閉じて、もういちど 押してください。", en: "Close the other app and try again." },
  again: { ja: "もういちど", en: "Try again" },

  held_title: { ja: "ほかの 機械で ひらいています", en: "Already open on another device" },
  held_what: {
    ja: "この よやくは、ほかの スマホや パソコンで 使っています。",
    en: "This invitation is in use on another phone or computer.",
  },
  held_todo: {
    ja: "さいしょの 機械で つづけて ください。こちらで 話したいときは、このまま 待ってください。クリニックが 切りかえます。",
    en: "Continue on the first device. To use this one, wait here: the clinic can move you with one tap.",
  },
  held_wait: { ja: "クリニックに 知らせました。待っています…", en: "The clinic has been told. Waiting…" },

  check_title: { ja: "カメラと マイクを たしかめます", en: "Checking camera and microphone" },
  check_say: { ja: "「もしもし」と 言って みてください。", en: "Please say “hello”." },
  check_face_ok: { ja: "顔が 見えます。", en: "We can see you." },
  check_face_wait: { ja: "顔を 待っています…", en: "Waiting for your picture…" },
  check_voice_ok: { ja: "声が 聞こえます。", en: "We can hear you." },
  check_voice_wait: { ja: "声を 待っています…", en: "Waiting for your voice…" },
  check_all_ok: { ja: "だいじょうぶです。", en: "All is well." },
  check_voice_none: {
    ja: "まだ 声が 聞こえません。マイクを ふさいで いませんか。このままでも すすめます。",
    en: "We cannot hear you yet. Is the microphone covered? You can still go on.",
  },
  level: { ja: "声の 大きさ", en: "Voice level" },
  own_picture: { ja: "自分の 顔", en: "Your own picture" },
  next: { ja: "つぎへ", en: "Next" },

  agree_title: { ja: "はじめる まえに", en: "Before we start" },
  agree_where: { ja: "今、どこに いますか", en: "Where are you now?" },
  agree_private: { ja: "まわりの 人に 話が 聞こえません", en: "Nobody else can hear the conversation" },
  agree_private_hint: {
    ja: "家族などが いっしょに いるときは、あとで 先生に 言ってください。",
    en: "If family or a helper is with you, tell the doctor later.",
  },
  agree_button: { ja: "わかりました。すすみます", en: "I understand and agree" },
  agree_means: {
    ja: "押すと、上の 文と 答えを クリニックに おくります。",
    en: "Pressing it sends your agreement and these answers to the clinic.",
  },
  agree_loading: { ja: "文を よんでいます", en: "Loading the text" },
  entering: { ja: "待合室に 入ります", en: "Entering the waiting room" },
  refused_title: { ja: "まだ 入れません", en: "You cannot enter yet" },

  wait_title: { ja: "待合室です", en: "Waiting room" },
  wait_next: { ja: "つぎは あなたです", en: "You are next" },
  wait_before: { ja: "あと {n}人です", en: "{n} before you" },
  wait_minutes: { ja: "だいたい {n}分です。", en: "About {n} minutes." },
  wait_soon: { ja: "もうすぐ です。", en: "Very soon." },
  wait_keep: { ja: "この 画面を 閉じないで ください。", en: "Please keep this page open." },
  wait_call: { ja: "呼ぶ ときは 音が 鳴ります。", en: "You will hear a sound when you are called." },
  wait_nobody: { ja: "あなたの 顔と 声は、まだ だれにも とどきません。", en: "Nobody can see or hear you yet." },
  connected: { ja: "つながっています", en: "Connected" },
  connecting: { ja: "つないでいます…", en: "Connecting…" },
  weak: {
    ja: "電波が 弱いです。窓の 近くへ 行くか、Wi-Fi を 使って ください。",
    en: "Your signal is weak. Move near a window or use Wi-Fi.",
  },
  cancel: { ja: "やめる", en: "Leave" },
  called: { ja: "先生が 来ました。", en: "The doctor is here." },

  doctor: { ja: "医師", en: "Physician" },
  registered: { ja: "{year}年登録", en: "registered in {year}" },
  doctor_picture: { ja: "先生の 映像", en: "Picture of the doctor" },

  not_yet: { ja: "まだ 診察では ありません", en: "Not yet a consultation" },
  not_yet_lead: {
    ja: "先生が なまえと 場所を たしかめます。",
    en: "The doctor checks your name and place first.",
  },
  saw_name: { ja: "先生の 名前を 見ました", en: "I saw the doctor's name" },
  show_id: {
    ja: "先生に 言われたら、顔写真の ある カードを カメラに 見せてください。番号は 指で かくしてください。",
    en: "If the doctor asks, show a card with your photo to the camera. Cover its numbers with a finger.",
  },
  consult: { ja: "診察中", en: "Consultation" },
  closing: { ja: "診察は おわりました。これからの ことを 話します。", en: "The examination is over. Now the next steps." },
  paused: { ja: "とめています", en: "Paused" },
  paused_lead: {
    ja: "今は 顔も 声も とどいていません。そのまま 待ってください。",
    en: "Picture and sound are held now. Please stay here.",
  },
  emergency_state: { ja: "きんきゅう", en: "Emergency" },
  emergency_lead: {
    ja: "先生に 知らせました。切らないで ください。",
    en: "The doctor has been told. Do not hang up.",
  },

  guest_title: { ja: "診察に 同席します", en: "You join a consultation" },
  guest_role: { ja: "あなたは「{role}」として 入ります。", en: "You take part as: {role}." },
  guest_secret: { ja: "ここで 見たり 聞いたりした ことを、ほかの 人に 話しません。", en: "What you see and hear stays with you; you tell nobody." },
  guest_record: { ja: "録画、録音、写真は しません。", en: "You make no recording and take no picture." },
  guest_named: { ja: "名前と 役割は、患者さんと 先生に 見えます。", en: "Patient and doctor see your name and role." },
  guest_held: { ja: "患者さんが 同意して、先生が よぶまで、何も 見えません。", en: "You see and hear nothing until the patient agrees and the doctor lets you in." },
  guest_agree: { ja: "わかりました。入ります", en: "I agree, let me wait" },
  guest_wait_title: { ja: "お待ちください", en: "Please wait" },
  guest_wait: { ja: "患者さんと 先生の 返事を 待っています。", en: "Waiting for the patient and the doctor." },
  guest_asks: { ja: "{name} が 入っても よいですか", en: "May {name} join?" },
  guest_seen: { ja: "入ると、顔が 見えて 話が 聞こえます。いつでも やめられます。", en: "They will see and hear. You can change your mind at any time." },
  guest_here: { ja: "{name} が います。", en: "{name} is here." },
  guest_out: { ja: "出てもらう", en: "Ask them to leave" },

  yes: { ja: "はい", en: "Yes" },
  no: { ja: "いいえ", en: "No" },

  voice: { ja: "声", en: "Voice" },
  face: { ja: "顔", en: "Face" },
  end: { ja: "終わる", en: "End" },
  telephone: { ja: "電話", en: "Phone" },
  emergency: { ja: "きんきゅう", en: "Emergency" },
  voice_on: { ja: "声を 出しています。押すと 止まります", en: "Your voice is on. Press to mute" },
  voice_off: { ja: "声を 止めています。押すと 出ます", en: "Your voice is off. Press to unmute" },
  face_on: { ja: "顔を 見せています。押すと 止まります", en: "Your face is shown. Press to hide it" },
  face_off: { ja: "顔を 止めています。押すと 見えます", en: "Your face is hidden. Press to show it" },
  voice_is_off: { ja: "声を 止めています", en: "Your voice is off" },
  write: { ja: "文字", en: "Write" },
  share: { ja: "画面を 見せる", en: "Share screen" },
  share_stop: { ja: "画面を 止める", en: "Stop sharing" },
  sharing: { ja: "あなたの 画面を みんなに 見せています。", en: "Everybody sees your screen." },
  face_is_off: { ja: "顔を 止めています。診察の 時間も 止まります。", en: "Your face is hidden. The consultation clock stands still." },
  controls: { ja: "そうさ", en: "Controls" },

  end_title: { ja: "終わりますか", en: "Do you want to end?" },
  end_lead: { ja: "先生との 話が 終わります。", en: "This ends the talk with the doctor." },
  end_lead_wait: { ja: "待合室から 出ます。よやくは とりけしに なります。", en: "You leave the waiting room and your visit is cancelled." },
  end_yes: { ja: "はい、終わります", en: "Yes, end it" },
  end_no: { ja: "いいえ、つづけます", en: "No, continue" },
  phone_title: { ja: "電話と おねがい", en: "Telephone and requests" },
  phone_lead: { ja: "クリニックに 電話できます。", en: "You can call the clinic." },
  close: { ja: "閉じる", en: "Close" },
  em_title: { ja: "急に 具合が わるく なりましたか", en: "Have you suddenly become unwell?" },
  em_yes: { ja: "はい、先生に 知らせる", en: "Yes, alert the doctor" },
  em_119: { ja: "119に 電話する", en: "Call 119 (ambulance)" },
  em_no: { ja: "いいえ、もどる", en: "No, go back" },

  no_picture: {
    ja: "先生の 映像が 止まっています。声は つづいています。",
    en: "The doctor's picture has stopped. Sound goes on.",
  },
  no_sound: {
    ja: "先生の 声が とどいていません。そのまま 待ってください。",
    en: "The doctor's voice does not arrive. Please wait.",
  },
  my_picture: {
    ja: "先生から あなたの 顔が 見えません。そのまま 待ってください。",
    en: "The doctor cannot see you just now. Please wait.",
  },
  my_sound: {
    ja: "先生に あなたの 声が とどいていません。そのまま 待ってください。",
    en: "The doctor cannot hear you just now. Please wait.",
  },
  line_mine: {
    ja: "回線が 弱いので、先生の 映像を 止めています。声は つながっています。そのまま 話してください。",
    en: "Your line is weak: the doctor's picture is paused so that you can keep talking.",
  },
  line_other: {
    ja: "先生の 回線が 弱いので、あなたの 映像が 届いていません。声は 届いています。そのまま 話してください。",
    en: "The doctor's line is weak: your picture does not arrive. Your voice does; please go on talking.",
  },
  line_small: {
    ja: "回線が 弱いので、映像を 小さく しています。",
    en: "Your line is weak: the picture is kept small.",
  },
  voice_first: {
    ja: "電波が 弱いので、声を 先に おくります。",
    en: "Your signal is weak, so sound goes first.",
  },
  away: {
    ja: "先生の つながりが 切れました。もどるまで 待ってください。",
    en: "The doctor's connection was lost. Please wait.",
  },
  second_device: {
    ja: "ほかの 機械が、この よやくを ひらこうと しています。",
    en: "Another device is trying to open your visit.",
  },
  tap_sound: { ja: "押すと 先生の 声が 出ます", en: "Press to hear the doctor" },

  reconnect_title: { ja: "つなぎなおしています", en: "Reconnecting" },
  reconnect_lead: { ja: "何も しなくて いいです。", en: "You do not need to do anything." },
  reconnect_long: { ja: "まだ つながりません", en: "Still not connected" },
  reconnect_phone: {
    ja: "クリニックに 電話できます。つながれば、この 画面は 自動で もどります。",
    en: "You can call the clinic. If the line comes back, this page returns by itself.",
  },

  ended_title: { ja: "終わりました", en: "It is over" },
  ended_thanks: { ja: "おつかれさまでした。", en: "Thank you." },
  ended_close: { ja: "この 画面は 閉じて だいじょうぶです。", en: "You can close this page now." },
  ended_nothing: { ja: "顔と 声は 残していません。", en: "No picture and no sound has been kept." },
  moved_title: { ja: "ほかの 機械に うつりました", en: "Moved to another device" },
  removed_title: { ja: "クリニックが つながりを 終わりました", en: "The clinic ended the connection" },
  stopped_title: { ja: "つづけられません", en: "This cannot continue" },
} as const satisfies Record<string, Text>;

/* By final state; the outcome code adds a second sentence when there is one. */
export const endings: Record<string, Text> = {
  closed_clean: { ja: "診察は 終わりました。", en: "The consultation is finished." },
  closed_tasks: { ja: "診察は 終わりました。", en: "The consultation is finished." },
  converted: {
    ja: "オンライン診療では なく、電話や 相談として つづけます。",
    en: "It continues by telephone or as advice, not as an online consultation.",
  },
  abandoned: { ja: "今日の オンライン診療は ありません。", en: "There is no online consultation today." },
};
