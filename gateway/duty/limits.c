#include "gateway/duty/limits.h"

#define H               60

#define HOURS_2025      "中医協総会 2025-08-06"
#define INTERVIEW_GUIDE "長時間労働の医師への健康確保措置に関するマニュアル 2023-10-12"
#define REST_SLIDES     "医師の働き方改革の推進に関する検討会 2021-08-04, 2021-09-15"
#define RESIDENT_GUIDE  "医師臨床研修指導ガイドライン 2024-11-27"

static const struct duty_limit_row LIMITS[LIMIT_COUNT] = {
    [LIMIT_YEAR_BASE] = {"year_960h", 960 * H, HOURS_2025, "V"},
    [LIMIT_YEAR_SPECIAL] = {"year_1860h", 1860 * H, HOURS_2025, "V"},
    [LIMIT_MONTH_ALERT] = {"month_80h", 80 * H, INTERVIEW_GUIDE, "V"},
    [LIMIT_MONTH] = {"month_100h", 100 * H, INTERVIEW_GUIDE, "V"},
    [LIMIT_MONTH_SHORTEN] = {"month_155h", 155 * H, "社労士解説 2023-02-14; Q&A 追補 2025-01-28",
                             "V2"},
    [LIMIT_REST_DAY] = {"rest_9h", 9 * H, REST_SLIDES, "V"},
    [LIMIT_WINDOW_DAY] = {"window_24h", 24 * H, REST_SLIDES, "V"},
    [LIMIT_REST_NIGHT] = {"rest_18h", 18 * H, REST_SLIDES, "V"},
    [LIMIT_WINDOW_NIGHT] = {"window_46h", 46 * H, REST_SLIDES, "V"},
    [LIMIT_REST_RESIDENT] = {"rest_24h", 24 * H, RESIDENT_GUIDE, "V"},
    [LIMIT_WINDOW_RESIDENT] = {"window_48h", 48 * H, RESIDENT_GUIDE, "V"},
    [LIMIT_SLEEP_DAY] = {"sleep_6h", 6 * H, INTERVIEW_GUIDE, "V"},
    /* The text says "without delay" and gives no number; beyond this we ask a person, we do not say breach. */
    [LIMIT_INTERVIEW_DELAY] = {"interview_without_delay_7d", 7 * 24 * H, "own reading", "D"},
};

const struct duty_limit_row *duty_limit(enum duty_limit limit)
{
    return &LIMITS[limit];
}
