#include "gateway/duty/words.h"

static const struct duty_words WHY[WHY_COUNT] = {
    [WHY_WITHIN] = {"within", "申告の範囲で基準内です", "within the limit on what was declared"},
    [WHY_ABOVE_YEAR_OWN] = {"above_year_own", "この医療機関の年の上限を超えています",
                            "above this institution's own limit of the year"},
    [WHY_ABOVE_YEAR_TOTAL] = {"above_year_total", "全勤務先を通算した年の上限を超えています",
                              "above the year's limit over all employers"},
    [WHY_MONTHS_MISSING] = {"months_missing", "年度内に申告のない月があり判断できません",
                            "months of the agreement year are not declared; declare them"},
    [WHY_MONTH_MISSING] = {"month_missing", "この月の申告がそろわず判断できません",
                           "this month is not declared by every institution; declare it"},
    [WHY_INTERVIEW_IN_TIME] = {"interview_in_time", "100時間になる前に面接指導を実施しています",
                               "the interview was held before 100 h"},
    [WHY_INTERVIEW_AFTER_A] = {"interview_after_level_a",
                               "疲労の予測がなく、100時間到達後に遅滞なく面接指導を実施しています",
                               "no fatigue was predicted and the interview followed without delay"},
    [WHY_INTERVIEW_DELAY_UNCLEAR] =
        {"interview_delay_unclear", "面接指導が「遅滞なく」行われたか確認してください",
         "whether the interview came without delay has to be judged by a person"},
    [WHY_INTERVIEW_MISSING] = {"interview_missing",
                               "月100時間以上ですが、必要な時期の面接指導がありません",
                               "100 h or more without the interview at the time it is due"},
    [WHY_BOOK_CHECK] = {"book_check", "80時間超です。睡眠・疲労の確認をしてください",
                        "above 80 h: check sleep and fatigue"},
    [WHY_BOOK_INTERVIEW] = {"book_interview",
                            "80時間超です。100時間になる前に面接指導を予定してください",
                            "above 80 h: book the interview before 100 h"},
    [WHY_SHORTEN] = {"shorten_hours", "155時間超です。遅滞なく労働時間を短縮してください",
                     "above 155 h: the manager must shorten hours without delay"},
    [WHY_REST_DAY] = {"rest_9h_in_24h", "始業から24時間以内に9時間の休息があります",
                      "9 h of rest within 24 h of the start"},
    [WHY_REST_PERMITTED] = {"permitted_night_9h",
                            "許可のある宿日直が9時間以上続き、休息とみなされます",
                            "permitted night duty of 9 h or more is deemed rest"},
    [WHY_REST_NIGHT] = {"rest_18h_in_46h", "始業から46時間以内に18時間の休息があります",
                        "18 h of rest within 46 h of the start"},
    [WHY_REST_RESIDENT] = {"rest_24h_in_48h", "始業から48時間以内に24時間の休息があります",
                           "24 h of rest within 48 h of the start"},
    [WHY_REST_SHORT] = {"rest_short", "始業から24時間以内の継続した休息が足りません",
                        "too little unbroken rest within 24 h of the start"},
    [WHY_REST_SHORT_NIGHT] = {"rest_short_after_night",
                              "許可のない宿日直を含む勤務で、46時間以内の休息が足りません",
                              "too little rest within 46 h for a duty with unpermitted night duty"},
    [WHY_REST_SHORT_RESIDENT] = {"rest_short_resident",
                                 "臨床研修医の始業から48時間以内の休息が足りません",
                                 "too little rest within 48 h for a clinical resident"},
    [WHY_ROSTER_ENDS] = {"roster_open",
                         "勤務表がここで終わるか未分類の時間があり判断できません。"
                         "期間を延ばすか分類してください",
                         "the roster ends or holds unclassified time here; extend period.to or "
                         "classify it"},
    [WHY_TRAINING_NEED_UNSAID] = {"training_need_unsaid",
                                  "研修上の必要性の有無が申告されていません",
                                  "whether training needs this duty is not declared"},
    [WHY_NOT_CREDITED] = {"short_night_not_credited",
                          "9時間未満の許可のある宿日直は休息に加算できません",
                          "permitted night duty under 9 h is not added to other rest"},
    [WHY_NO_DEBT] = {"no_debt", "代償休息の必要はありません", "no compensatory rest is owed"},
    [WHY_DEBT_PAID] = {"debt_paid", "代償休息は期限内に付与されています",
                       "compensatory rest was given in time"},
    [WHY_DEBT_OPEN] = {"debt_open", "期限までに代償休息を付与してください",
                       "compensatory rest has to be given by its due date"},
    [WHY_DEBT_OVERDUE] = {"debt_overdue", "代償休息が期限までに付与されていません",
                          "compensatory rest was not given by its due date"},
    [WHY_REST_PLAN_MISSING] = {"rest_plan_missing",
                               "予定した休息が示されておらず代償休息を計算できません",
                               "planned rest is not declared; what is owed cannot be computed"},
    [WHY_CONSIDER_REST] = {"consider_rest",
                           "宿日直中に睡眠が妨げられました。休息の確保に配慮してください",
                           "sleep was lost in permitted night duty: consider giving rest"},
    [WHY_SLEEP_UNSAID] = {"sleep_unsaid", "宿日直中の業務で睡眠が妨げられたか申告がありません",
                          "whether work in permitted night duty cost sleep is not declared"},
    [WHY_RESIDENT_CONDITIONS] = {"resident_conditions",
                                 "臨床研修医の代償休息は、研修上の必要と募集時の明示が条件です",
                                 "a resident's debt needs training need and notice at recruitment"},
    [WHY_RESIDENT_UNSAID] = {"resident_unsaid", "臨床研修医の代償休息の条件が申告されていません",
                             "the conditions of a resident's debt are not declared"},
    [WHY_RESIDENT_EXCEPTION] = {"resident_exception",
                                "臨床研修医の例外の条件を満たすと申告されています",
                                "the conditions of a resident's exception are declared"},
    [WHY_NOT_EMPLOYED] = {"not_employed", "雇用されていない医師には適用されません",
                          "does not apply to a physician who is not employed"},
    [WHY_NOTHING] = {"nothing_to_judge", "該当する勤務はありません",
                     "nothing of this kind to judge"},
    [WHY_FEED_MISSING] = {"feed_missing", "副業・兼業先の申告がそろっていないため適合と言えません",
                          "not every employer declares, so this cannot be called in order"},
};

static const struct duty_words RULES[] = {
    [RULE_W1_OWN] = {"W1_year_own", "年の上限（自院）", "year, own institution"},
    [RULE_W1_TOTAL] = {"W1_year_total", "年の上限（通算）", "year, all employers"},
    [RULE_W2] = {"W2_month", "月の上限と面接指導", "month and interview"},
    [RULE_W2A] = {"W2a_alert80", "月80時間", "80 h in the month"},
    [RULE_W3] = {"W3_155", "月155時間", "155 h in the month"},
    [RULE_W4] = {"W4_plan", "連続勤務と休息", "continuous work and rest"},
    [RULE_W4_C1] = {"W4_c1res", "臨床研修医の休息", "a clinical resident's rest"},
    [RULE_W5] = {"W5_no_credit", "短い宿日直", "short permitted night duty"},
    [RULE_W6] = {"W6_debt", "代償休息", "compensatory rest"},
    [RULE_W7] = {"W7_consider", "宿日直中の業務", "work in permitted night duty"},
    [RULE_W8] = {"W8_resident_debt", "臨床研修医の代償休息", "a resident's compensatory rest"},
};

static const struct duty_words VERDICTS[] = {
    [OUTCOME_NOT_APPLICABLE] = {"NOT_APPLICABLE", "対象外", "does not apply"},
    [OUTCOME_OK] = {"OK_ON_DECLARED", "申告の範囲で問題なし（適合の証明ではありません）",
                    "in order on what was declared (no proof of compliance)"},
    [OUTCOME_TASK] = {"TASK", "対応が必要", "something to do"},
    [OUTCOME_UNKNOWN] = {"UNKNOWN", "判断できません", "cannot be said"},
    [OUTCOME_WARN] = {"WARN", "努力義務を満たしていません", "a duty of effort is not met"},
    [OUTCOME_BREACH] = {"BREACH", "違反", "breach"},
};

static const struct duty_words DEBTS[] = {
    [DEBT_PAID] = {"paid", "付与済み", "given"},
    [DEBT_OPEN] = {"open", "未付与", "still owed"},
    [DEBT_OVERDUE] = {"overdue", "期限超過", "overdue"},
    [DEBT_PAID_LATE] = {"paid_late", "期限後に付与", "given late"},
};

struct duty_words duty_why_words(enum duty_why why)
{
    return WHY[why];
}

struct duty_words duty_rule_words(enum duty_rule rule)
{
    return RULES[rule];
}

struct duty_words duty_verdict_words(enum duty_outcome outcome)
{
    return VERDICTS[outcome];
}

struct duty_words duty_debt_words(enum debt_state state)
{
    return DEBTS[state];
}
