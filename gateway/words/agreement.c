#include "gateway/words/agreement.h"

#include <string.h>

static const char *const PARAGRAPHS[LANGUAGE_COUNT][AGREEMENT_PARAGRAPHS] = {
    [LANGUAGE_JA] =
        {
            "画面と 声だけでは、わからない ことが あります。先生が「病院に 来てください」と 言う "
            "ことが あります。",
            "オンラインで 診るか どうかは、先生が 毎回 決めます。あなたも いつでも やめる ことが "
            "できます。",
            "さわって 診る ことが できません。からだの ことを、できるだけ くわしく "
            "話してください。",
            "先生も あなたも、相手に 聞かないで 録画や 録音を しません。この システムは 録画を "
            "しません。",
            "まわりに ほかの 人が いない ところで 話してください。家族などが いっしょの "
            "ときは、先に 先生に 言ってください。",
            "映像と 声は 暗号に して 送ります。それでも インターネットの 危険は ゼロでは "
            "ありません。スマホや パソコンは 新しい 状態に してください。",
            "急に 具合が 悪く なったら「緊急」を 押してください。あぶない ときは 119に "
            "電話してください。",
        },
    [LANGUAGE_EN] =
        {
            "Picture and sound cannot show everything. The physician may ask you to come in "
            "person.",
            "The physician decides anew at every visit whether online care is suitable. You may "
            "stop at any time, without giving a reason.",
            "The physician cannot touch you. Please describe how you feel as exactly as you can.",
            "Neither side records sound or picture without the other's consent. This system does "
            "not record.",
            "Please be where nobody else can listen. If family or helpers are with you, tell the "
            "physician first.",
            "Picture and sound are sent encrypted. The internet still carries some risk; keep your "
            "device up to date.",
            "If you suddenly feel worse, press \"Emergency\". In danger, call 119.",
        },
};

const char *agreement_paragraph(enum language language, unsigned index)
{
    return index < AGREEMENT_PARAGRAPHS ? PARAGRAPHS[language][index] : "";
}

struct sha256 agreement_hash(enum language language)
{
    struct span parts[2 * AGREEMENT_PARAGRAPHS];
    for (unsigned i = 0; i < AGREEMENT_PARAGRAPHS; i++) {
        parts[2 * i] = span_of(PARAGRAPHS[language][i], strlen(PARAGRAPHS[language][i]));
        parts[2 * i + 1] = span_of("\n", 1);
    }
    return sha256_of_parts(parts, 2 * AGREEMENT_PARAGRAPHS);
}
