/* A physician's working time against the rules in force since 2024-04-01, as a pure function of what was declared and
 * measured. It can prove a breach, never compliance: the best verdict is OK_ON_DECLARED. Its answers are for people who
 * plan; nothing here may end or shorten a consultation that runs. Thread: any; no I/O, no clock, no allocation.
 * Times are minutes of Japan civil time (civil.h), durations are minutes. */
#ifndef GATEWAY_DUTY_DUTY_H
#define GATEWAY_DUTY_DUTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/duty/interval.h"
#include "gateway/duty/limits.h"

enum {
    DUTY_INSTITUTIONS_MAX = 16,
    DUTY_ITEMS_MAX = 300, /* of each list of the input */
    DUTY_FINDINGS_MAX = 256,
    DUTY_DEBTS_MAX = 1200,
};

enum duty_level { LEVEL_A, LEVEL_RENKEI_B, LEVEL_B, LEVEL_C1, LEVEL_C2 };

/* Yes, no, or nobody has said so; nobody's word is never taken for a yes. */
enum duty_said { SAID_NOTHING, SAID_NO, SAID_YES };

/* The employer's classification of a stretch of time; it is never guessed here. */
enum duty_kind {
    DUTY_ORDINARY,
    DUTY_CONSULTATION,
    DUTY_CHARTING,
    DUTY_NIGHT_UNPERMITTED,
    DUTY_NIGHT_PERMITTED,
    DUTY_ONCALL_RELEASED,
    DUTY_ONCALL_LABOUR,
    DUTY_TRAVEL,
    DUTY_STUDY_WORK,
    DUTY_STUDY_NOT_WORK,
    DUTY_WAITING,
    DUTY_UNDECIDED, /* on-call or study the employer has not classified yet */
    DUTY_KIND_COUNT,
};

struct duty_institution {
    const char *id;
    enum duty_level level;
    int year_first_month; /* 1..12, of the agreement year */
};

struct duty_item {
    struct interval time;
    enum duty_kind kind;
    bool unplanned; /* unavoidable work, not on the roster */
    enum duty_said sleep_lost;
};

/* A consultation as measured; its time holds the declared charting minutes behind it. */
struct duty_session {
    struct interval time;
    size_t institution;
    enum duty_said sleep_lost;
};

struct duty_month {
    int64_t month;
    size_t institution;
    int64_t minutes; /* overtime and statutory-holiday work */
};

struct duty_interview {
    int64_t day;
    int64_t month; /* it covers */
    bool trained;  /* by a physician trained for these interviews */
    int64_t at_minutes;
};

struct duty_sleep_check {
    int64_t month;
    int64_t at_minutes;
    int64_t mean_sleep_min; /* a day, of the last two weeks */
    int symptom_grade;      /* 1..4 */
    int fatigue_score;      /* 0..7 */
    bool previous_month_100h;
    bool wants_interview;
};

struct duty_input {
    const char *physician;
    bool employed;
    bool clinical_resident;
    bool feed_complete; /* every employer of this physician declares */
    enum duty_said training_need;
    enum duty_said resident_duty_needed, resident_announced; /* W8 */
    int64_t as_of;                                           /* for what is overdue */
    int64_t month;                                           /* the month that is checked */
    struct interval period;                                  /* the roster is known for this time */
    int64_t reached_100h; /* day the month's hours came to 100 h, 0 when not said */
    bool planned_rest_known;
    const struct duty_institution *institutions; /* the first is the main employer */
    const struct duty_item *duties;
    const struct interval *planned_rests;
    const struct interval *credits; /* compensatory rest given */
    const struct duty_session *sessions;
    const struct duty_month *months;
    const struct duty_interview *interviews;
    const struct duty_sleep_check *sleep_checks;
    size_t institutions_count, duties_count, planned_rests_count, credits_count, sessions_count,
        months_count, interviews_count, sleep_checks_count;
};

enum duty_rule {
    RULE_W1_OWN,
    RULE_W1_TOTAL,
    RULE_W2,
    RULE_W2A,
    RULE_W3,
    RULE_W4,
    RULE_W4_C1,
    RULE_W5,
    RULE_W6,
    RULE_W7,
    RULE_W8,
};

/* In the order of their weight for the verdict. */
enum duty_outcome {
    OUTCOME_NOT_APPLICABLE,
    OUTCOME_OK,
    OUTCOME_TASK, /* somebody has to do something; no rule is broken */
    OUTCOME_UNKNOWN,
    OUTCOME_WARN, /* a duty of effort is not met (level A) */
    OUTCOME_BREACH,
};

/* Why an outcome is what it is; words.h has a sentence for each, in both languages. */
enum duty_why {
    WHY_WITHIN,
    WHY_ABOVE_YEAR_OWN,
    WHY_ABOVE_YEAR_TOTAL,
    WHY_MONTHS_MISSING,
    WHY_MONTH_MISSING,
    WHY_INTERVIEW_IN_TIME,
    WHY_INTERVIEW_AFTER_A,
    WHY_INTERVIEW_DELAY_UNCLEAR,
    WHY_INTERVIEW_MISSING,
    WHY_BOOK_CHECK,
    WHY_BOOK_INTERVIEW,
    WHY_SHORTEN,
    WHY_REST_DAY,
    WHY_REST_PERMITTED,
    WHY_REST_NIGHT,
    WHY_REST_RESIDENT,
    WHY_REST_SHORT,
    WHY_REST_SHORT_NIGHT,
    WHY_REST_SHORT_RESIDENT,
    WHY_ROSTER_ENDS,
    WHY_TRAINING_NEED_UNSAID,
    WHY_NOT_CREDITED,
    WHY_NO_DEBT,
    WHY_DEBT_PAID,
    WHY_DEBT_OPEN,
    WHY_DEBT_OVERDUE,
    WHY_REST_PLAN_MISSING,
    WHY_CONSIDER_REST,
    WHY_SLEEP_UNSAID,
    WHY_RESIDENT_CONDITIONS,
    WHY_RESIDENT_UNSAID,
    WHY_RESIDENT_EXCEPTION,
    WHY_NOT_EMPLOYED,
    WHY_NOTHING,
    WHY_FEED_MISSING,
    WHY_COUNT,
};

struct duty_finding {
    enum duty_rule rule;
    enum duty_outcome outcome;
    enum duty_why why;
    bool numbers; /* measured and limit mean something */
    int64_t measured, limit;
    enum duty_limit limit_row; /* LIMIT_COUNT when no row of the table was used */
    int64_t at;                /* minute it is about, 0 when about the month or year */
    const char *institution;   /* W1 own; NULL otherwise */
};

enum debt_state { DEBT_PAID, DEBT_OPEN, DEBT_OVERDUE, DEBT_PAID_LATE };

/* Rest that was broken into and has to be given back by `due` (the end of the next calendar month). */
struct duty_debt {
    int64_t arose, minutes, due, paid, paid_in_time;
    size_t rest; /* which planned rest */
    enum debt_state state;
};

struct duty_report {
    enum duty_outcome verdict; /* OUTCOME_OK reads OK_ON_DECLARED */
    struct duty_finding findings[DUTY_FINDINGS_MAX];
    size_t findings_count;
    size_t findings_lost; /* did not fit; their outcome is in the verdict all the same */
    struct duty_debt debts[DUTY_DEBTS_MAX];
    size_t debts_count;
};

/* Room for the sets a check works with; contents mean nothing outside of it. */
struct duty_scratch {
    struct interval_set work, busy, perhaps, permitted, night, unplanned, measured, other;
};

/* `input` must keep the bounds above (who reads it refuses more); `scratch` and `ret_report` are the caller's. */
void duty_check(const struct duty_input *input, struct duty_scratch *scratch,
                struct duty_report *ret_report);

/* 24:00 of the last day of the month after the one `min` lies in. */
int64_t duty_due(int64_t min);
/* Counts as working time (§ kinds). */
bool duty_is_work(enum duty_kind kind);
/* The level that decides about total hours and about duty or effort: the highest held. */
enum duty_level duty_highest_level(const struct duty_input *input);

#endif
