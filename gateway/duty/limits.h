/* The numbers of the physicians' working-time rules, with where each was read. Thread: any; constant. */
#ifndef GATEWAY_DUTY_LIMITS_H
#define GATEWAY_DUTY_LIMITS_H

#include <stdint.h>

enum duty_limit {
    LIMIT_YEAR_BASE,
    LIMIT_YEAR_SPECIAL,
    LIMIT_MONTH_ALERT,
    LIMIT_MONTH,
    LIMIT_MONTH_SHORTEN,
    LIMIT_REST_DAY,
    LIMIT_WINDOW_DAY,
    LIMIT_REST_NIGHT,
    LIMIT_WINDOW_NIGHT,
    LIMIT_REST_RESIDENT,
    LIMIT_WINDOW_RESIDENT,
    LIMIT_SLEEP_DAY,
    LIMIT_INTERVIEW_DELAY,
    LIMIT_COUNT,
};

/* V: the ministry's own text was read. V2: a named text that reports it was read. R: recalled. D: our own number. */
struct duty_limit_row {
    const char *id;
    int64_t minutes;
    const char *source;
    const char *verified;
};

const struct duty_limit_row *duty_limit(enum duty_limit limit);

#endif
