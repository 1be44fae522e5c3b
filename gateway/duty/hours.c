/* W1 to W3: overtime and holiday work of the month and of the agreement year. */
#include "gateway/duty/civil.h"
#include "gateway/duty/rules_of_duty.h"

#define EVERY_INSTITUTION SIZE_MAX

struct sum {
    int64_t minutes;
    bool missing; /* a month or an institution was not declared */
};

/* Measured minutes no declared work covers; what pay already holds is not counted twice. */
static int64_t extra(const struct duty_input *input, struct duty_scratch *scratch, int64_t month,
                     size_t institution)
{
    int64_t start = civil_month_start(month), end = civil_month_start(month + 1);
    struct interval_set *sessions = &scratch->other;
    sessions->count = 0;
    for (size_t i = 0; i < input->sessions_count; i++)
        if (institution == EVERY_INSTITUTION || input->sessions[i].institution == institution)
            interval_set_add(sessions, input->sessions[i].time.start, input->sessions[i].time.end);
    interval_set_close(sessions);
    return interval_set_minutes(sessions, start, end) -
           interval_set_common(sessions, &scratch->work, start, end);
}

static struct sum month_hours(const struct duty_input *input, struct duty_scratch *scratch,
                              int64_t month, size_t institution)
{
    struct sum sum = {.minutes = extra(input, scratch, month, institution)};
    size_t wanted = institution == EVERY_INSTITUTION ? input->institutions_count : 1, seen = 0;
    for (size_t i = 0; i < input->months_count; i++) {
        const struct duty_month *one = &input->months[i];
        if (one->month != month ||
            (institution != EVERY_INSTITUTION && one->institution != institution))
            continue;
        sum.minutes += one->minutes;
        seen++;
    }
    sum.missing = seen < wanted;
    return sum;
}

static struct sum year_hours(const struct duty_input *input, struct duty_scratch *scratch,
                             size_t institution)
{
    struct sum sum = {0};
    size_t calendar = institution == EVERY_INSTITUTION ? 0 : institution;
    int64_t month = civil_year_start(input->month, input->institutions[calendar].year_first_month);
    for (; month <= input->month; month++) {
        struct sum one = month_hours(input, scratch, month, institution);
        sum.minutes += one.minutes;
        sum.missing |= one.missing;
    }
    return sum;
}

static void year(const struct duty_input *input, struct duty_scratch *scratch, size_t institution,
                 struct duty_report *report)
{
    bool own = institution != EVERY_INSTITUTION;
    enum duty_level level =
        own ? input->institutions[institution].level : duty_highest_level(input);
    bool base = level == LEVEL_A || (own && level == LEVEL_RENKEI_B);
    struct sum sum = year_hours(input, scratch, institution);
    struct duty_finding finding = {.rule = own ? RULE_W1_OWN : RULE_W1_TOTAL,
                                   .outcome = OUTCOME_OK,
                                   .why = WHY_WITHIN,
                                   .numbers = true,
                                   .measured = sum.minutes,
                                   .limit_row = base ? LIMIT_YEAR_BASE : LIMIT_YEAR_SPECIAL,
                                   .institution = own ? input->institutions[institution].id : NULL};
    finding.limit = duty_limit(finding.limit_row)->minutes;
    if (sum.minutes > finding.limit) {
        finding.outcome = OUTCOME_BREACH;
        finding.why = own ? WHY_ABOVE_YEAR_OWN : WHY_ABOVE_YEAR_TOTAL;
    } else if (sum.missing) {
        finding.outcome = OUTCOME_UNKNOWN;
        finding.why = WHY_MONTHS_MISSING;
    }
    duty_find(report, finding);
}

static const struct duty_sleep_check *check_in_time(const struct duty_input *input)
{
    for (size_t i = 0; i < input->sleep_checks_count; i++) {
        const struct duty_sleep_check *check = &input->sleep_checks[i];
        if (check->month == input->month &&
            check->at_minutes > duty_limit(LIMIT_MONTH_ALERT)->minutes &&
            check->at_minutes < duty_limit(LIMIT_MONTH)->minutes)
            return check;
    }
    return NULL;
}

/* The check may say no where the declared hours of the month before say yes; either is enough. */
static bool fatigued(const struct duty_sleep_check *check, int64_t previous_month)
{
    return check->previous_month_100h || previous_month >= duty_limit(LIMIT_MONTH)->minutes ||
           check->mean_sleep_min < duty_limit(LIMIT_SLEEP_DAY)->minutes ||
           check->symptom_grade == 4 || check->fatigue_score >= 4 || check->wants_interview;
}

/* At or above 100 h: only an interview makes the month lawful, and when it was held decides. */
static enum duty_why month_interview(const struct duty_input *input, struct duty_scratch *scratch)
{
    const struct duty_sleep_check *check = check_in_time(input);
    int64_t previous = month_hours(input, scratch, input->month - 1, EVERY_INSTITUTION).minutes;
    bool may_follow =
        duty_highest_level(input) == LEVEL_A && check != NULL && !fatigued(check, previous);
    enum duty_why why = WHY_INTERVIEW_MISSING;
    for (size_t i = 0; i < input->interviews_count; i++) {
        const struct duty_interview *interview = &input->interviews[i];
        if (interview->month != input->month || !interview->trained)
            continue;
        if (interview->at_minutes < duty_limit(LIMIT_MONTH)->minutes)
            return WHY_INTERVIEW_IN_TIME;
        if (!may_follow || why == WHY_INTERVIEW_AFTER_A)
            continue;
        bool prompt = input->reached_100h != 0 && interview->day - input->reached_100h <=
                                                      duty_limit(LIMIT_INTERVIEW_DELAY)->minutes;
        why = prompt ? WHY_INTERVIEW_AFTER_A : WHY_INTERVIEW_DELAY_UNCLEAR;
    }
    return why;
}

static void month_limit(const struct duty_input *input, struct duty_scratch *scratch,
                        struct sum sum, struct duty_report *report)
{
    struct duty_finding finding = {.rule = RULE_W2,
                                   .outcome = OUTCOME_OK,
                                   .why = WHY_WITHIN,
                                   .numbers = true,
                                   .measured = sum.minutes,
                                   .limit = duty_limit(LIMIT_MONTH)->minutes,
                                   .limit_row = LIMIT_MONTH};
    if (sum.minutes >= finding.limit) {
        finding.why = month_interview(input, scratch);
        if (finding.why == WHY_INTERVIEW_MISSING)
            finding.outcome = OUTCOME_BREACH;
        else if (finding.why == WHY_INTERVIEW_DELAY_UNCLEAR)
            finding.outcome = OUTCOME_UNKNOWN;
    } else if (sum.missing) {
        finding.outcome = OUTCOME_UNKNOWN;
        finding.why = WHY_MONTH_MISSING;
    }
    duty_find(report, finding);
}

/* W2a and W3 are things to do: they appear when the hours call for them. */
static void month_tasks(const struct duty_input *input, struct sum sum, struct duty_report *report)
{
    bool level_a = duty_highest_level(input) == LEVEL_A, interview = false;
    struct duty_finding task = {.rule = RULE_W2A,
                                .outcome = OUTCOME_TASK,
                                .why = level_a ? WHY_BOOK_CHECK : WHY_BOOK_INTERVIEW,
                                .numbers = true,
                                .measured = sum.minutes,
                                .limit = duty_limit(LIMIT_MONTH_ALERT)->minutes,
                                .limit_row = LIMIT_MONTH_ALERT};
    for (size_t i = 0; i < input->interviews_count; i++)
        interview |= input->interviews[i].month == input->month && input->interviews[i].trained;
    bool done = interview || (level_a && check_in_time(input) != NULL);
    if (sum.minutes > task.limit && !done)
        duty_find(report, task);
    task.rule = RULE_W3;
    task.why = WHY_SHORTEN;
    task.limit_row = LIMIT_MONTH_SHORTEN;
    task.limit = duty_limit(LIMIT_MONTH_SHORTEN)->minutes;
    if (sum.minutes > task.limit)
        duty_find(report, task);
}

void duty_hours(const struct duty_input *input, struct duty_scratch *scratch,
                struct duty_report *report)
{
    for (size_t i = 0; i < input->institutions_count; i++)
        year(input, scratch, i, report);
    year(input, scratch, EVERY_INSTITUTION, report);
    struct sum sum = month_hours(input, scratch, input->month, EVERY_INSTITUTION);
    month_limit(input, scratch, sum, report);
    month_tasks(input, sum, report);
}
