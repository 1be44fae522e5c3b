#include <string.h>

#include "gateway/duty/civil.h"
#include "gateway/duty/rules_of_duty.h"

bool duty_is_work(enum duty_kind kind)
{
    static const bool work[DUTY_KIND_COUNT] = {
        [DUTY_ORDINARY] = true,          [DUTY_CONSULTATION] = true,  [DUTY_CHARTING] = true,
        [DUTY_NIGHT_UNPERMITTED] = true, [DUTY_ONCALL_LABOUR] = true, [DUTY_STUDY_WORK] = true,
        [DUTY_WAITING] = true,
    };
    return work[kind];
}

enum duty_level duty_highest_level(const struct duty_input *input)
{
    enum duty_level highest = LEVEL_A;
    for (size_t i = 0; i < input->institutions_count; i++)
        if (input->institutions[i].level > highest)
            highest = input->institutions[i].level;
    return highest;
}

enum duty_outcome duty_failed(const struct duty_input *input)
{
    return duty_highest_level(input) == LEVEL_A ? OUTCOME_WARN : OUTCOME_BREACH;
}

int64_t duty_due(int64_t min)
{
    return civil_month_start(civil_month_of(min) + 2);
}

void duty_find(struct duty_report *report, struct duty_finding finding)
{
    /* A task breaks no rule: the verdict stays what the rules say. */
    if (finding.outcome != OUTCOME_TASK && finding.outcome > report->verdict)
        report->verdict = finding.outcome;
    if (finding.outcome == OUTCOME_TASK && report->verdict < OUTCOME_OK)
        report->verdict = OUTCOME_OK;
    if (report->findings_count == DUTY_FINDINGS_MAX)
        report->findings_lost++;
    else
        report->findings[report->findings_count++] = finding;
}

/* Unplanned work is in `work` (it counts as hours) but not in `busy`: rest is judged on the roster. */
static void fill(const struct duty_input *input, struct duty_scratch *scratch)
{
    for (size_t i = 0; i < input->duties_count; i++) {
        const struct duty_item *duty = &input->duties[i];
        bool work = duty_is_work(duty->kind);
        if (work)
            interval_set_add(&scratch->work, duty->time.start, duty->time.end);
        if (work && duty->unplanned)
            interval_set_add(&scratch->unplanned, duty->time.start, duty->time.end);
        if (duty->kind == DUTY_NIGHT_PERMITTED)
            interval_set_add(&scratch->permitted, duty->time.start, duty->time.end);
        if (duty->kind == DUTY_NIGHT_UNPERMITTED && !duty->unplanned)
            interval_set_add(&scratch->night, duty->time.start, duty->time.end);
    }
    for (size_t i = 0; i < input->sessions_count; i++) {
        struct interval time = input->sessions[i].time;
        interval_set_add(&scratch->measured, time.start, time.end);
        interval_set_add(&scratch->unplanned, time.start, time.end);
    }
    interval_set_close(&scratch->work);
    interval_set_close(&scratch->unplanned);
    interval_set_close(&scratch->permitted);
    interval_set_close(&scratch->night);
    interval_set_close(&scratch->measured);
}

/* An employer who does not declare may hide a breach of any rule about time. */
static void doubt(struct duty_report *report)
{
    bool found = report->verdict >= OUTCOME_WARN;
    for (size_t i = 0; i < report->findings_count; i++) {
        struct duty_finding *finding = &report->findings[i];
        if (finding->outcome == OUTCOME_OK) {
            finding->outcome = OUTCOME_UNKNOWN;
            finding->why = WHY_FEED_MISSING;
        }
    }
    if (!found)
        report->verdict = OUTCOME_UNKNOWN;
}

void duty_check(const struct duty_input *input, struct duty_scratch *scratch,
                struct duty_report *ret_report)
{
    memset(scratch, 0, sizeof(*scratch));
    memset(ret_report, 0, sizeof(*ret_report));
    if (!input->employed) {
        duty_find(ret_report, (struct duty_finding){.rule = RULE_W1_TOTAL,
                                                    .outcome = OUTCOME_NOT_APPLICABLE,
                                                    .why = WHY_NOT_EMPLOYED,
                                                    .limit_row = LIMIT_COUNT});
        return;
    }
    fill(input, scratch);
    duty_hours(input, scratch, ret_report);
    duty_rest(input, scratch, ret_report);
    duty_debts(input, scratch, ret_report);
    if (!input->feed_complete)
        doubt(ret_report);
}
