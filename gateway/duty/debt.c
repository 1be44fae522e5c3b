/* W6 to W8: rest that was broken into is a debt; the ledger says how much, until when, and what has paid it. */
#include <stdlib.h>

#include "gateway/duty/rules_of_duty.h"

static int by_due(const void *a, const void *b)
{
    const struct duty_debt *one = a, *two = b;
    if (one->due != two->due)
        return one->due < two->due ? -1 : 1;
    return (one->arose > two->arose) - (one->arose < two->arose);
}

/* A line for each stretch of unplanned work inside a planned rest; the earlier month decides when it crosses midnight. */
static void arise(const struct duty_input *input, const struct duty_scratch *scratch,
                  struct duty_report *report)
{
    for (size_t r = 0; r < input->planned_rests_count; r++) {
        struct interval rest = input->planned_rests[r];
        for (size_t i = 0; i < scratch->unplanned.count; i++) {
            struct interval work = scratch->unplanned.list[i];
            int64_t start = work.start > rest.start ? work.start : rest.start;
            int64_t end = work.end < rest.end ? work.end : rest.end;
            if (start < end && report->debts_count < DUTY_DEBTS_MAX)
                report->debts[report->debts_count++] = (struct duty_debt){
                    .arose = start, .minutes = end - start, .due = duty_due(start), .rest = r};
        }
    }
    qsort(report->debts, report->debts_count, sizeof(report->debts[0]), by_due);
}

/* Compensatory rest is time free of all work and of night duty of either kind, and more than the rest that was planned
 * anyway; released on-call may be inside. */
static void free_credits(const struct duty_input *input, struct duty_scratch *scratch)
{
    struct interval_set *given = &scratch->perhaps, *taken = &scratch->busy;
    given->count = 0;
    taken->count = 0;
    for (size_t i = 0; i < input->credits_count; i++)
        interval_set_add(given, input->credits[i].start, input->credits[i].end);
    for (size_t i = 0; i < input->duties_count; i++)
        if (duty_is_work(input->duties[i].kind) || input->duties[i].kind == DUTY_NIGHT_PERMITTED ||
            input->duties[i].kind == DUTY_UNDECIDED)
            interval_set_add(taken, input->duties[i].time.start, input->duties[i].time.end);
    for (size_t i = 0; i < scratch->measured.count; i++)
        interval_set_add(taken, scratch->measured.list[i].start, scratch->measured.list[i].end);
    for (size_t i = 0; i < input->planned_rests_count; i++)
        interval_set_add(taken, input->planned_rests[i].start, input->planned_rests[i].end);
    interval_set_close(given);
    interval_set_close(taken);
    interval_set_remove(given, taken, &scratch->other);
}

/* Each minute of rest pays one debt, the one due first of those that had arisen. */
static void pay(struct interval credit, struct duty_report *report)
{
    for (size_t i = 0; i < report->debts_count && credit.start < credit.end; i++) {
        struct duty_debt *debt = &report->debts[i];
        int64_t left = debt->minutes - debt->paid, had = interval_length(credit);
        int64_t part = left < had ? left : had;
        if (part == 0 || credit.start < debt->arose + debt->minutes)
            continue;
        int64_t in_time = debt->due - credit.start;
        debt->paid += part;
        debt->paid_in_time += in_time < 0 ? 0 : in_time < part ? in_time : part;
        credit.start += part;
    }
}

static void ledger(const struct duty_input *input, struct duty_scratch *scratch,
                   struct duty_report *report)
{
    arise(input, scratch, report);
    free_credits(input, scratch);
    for (size_t i = 0; i < scratch->other.count; i++)
        pay(scratch->other.list[i], report);
    for (size_t i = 0; i < report->debts_count; i++) {
        struct duty_debt *debt = &report->debts[i];
        bool whole = debt->paid == debt->minutes;
        debt->state = debt->paid_in_time == debt->minutes ? DEBT_PAID
                      : whole                             ? DEBT_PAID_LATE
                      : input->as_of >= debt->due         ? DEBT_OVERDUE
                                                          : DEBT_OPEN;
    }
}

static void judge(const struct duty_input *input, const struct duty_scratch *scratch,
                  struct duty_report *report)
{
    struct duty_finding finding = {.rule = RULE_W6,
                                   .outcome = OUTCOME_OK,
                                   .why = report->debts_count == 0 ? WHY_NO_DEBT : WHY_DEBT_PAID,
                                   .limit_row = LIMIT_COUNT};
    if (!input->planned_rest_known && scratch->unplanned.count > 0) {
        finding.outcome = OUTCOME_UNKNOWN;
        finding.why = WHY_REST_PLAN_MISSING;
    }
    for (size_t i = 0; i < report->debts_count; i++) {
        const struct duty_debt *debt = &report->debts[i];
        bool late = debt->state == DEBT_OVERDUE || debt->state == DEBT_PAID_LATE;
        finding.numbers = true;
        finding.limit += debt->minutes;
        finding.measured += debt->paid_in_time;
        if (late) {
            finding.outcome = duty_failed(input);
            finding.why = WHY_DEBT_OVERDUE;
        } else if (debt->state == DEBT_OPEN && finding.outcome == OUTCOME_OK) {
            finding.outcome = OUTCOME_TASK;
            finding.why = WHY_DEBT_OPEN;
        }
    }
    duty_find(report, finding);
}

/* One piece of unplanned work: inside a permitted night of 9 h or more it asks for thought about rest, no more. */
static bool consider(const struct duty_input *input, struct interval work, enum duty_said lost,
                     struct duty_report *report)
{
    for (size_t i = 0; i < input->duties_count; i++) {
        struct interval night = input->duties[i].time;
        if (input->duties[i].kind != DUTY_NIGHT_PERMITTED ||
            interval_length(night) < duty_limit(LIMIT_REST_DAY)->minutes ||
            work.start >= night.end || work.end <= night.start || lost == SAID_NO)
            continue;
        duty_find(report, (struct duty_finding){
                              .rule = RULE_W7,
                              .outcome = lost == SAID_YES ? OUTCOME_TASK : OUTCOME_UNKNOWN,
                              .why = lost == SAID_YES ? WHY_CONSIDER_REST : WHY_SLEEP_UNSAID,
                              .limit_row = LIMIT_COUNT,
                              .at = work.start});
        return true;
    }
    return false;
}

static void nights(const struct duty_input *input, struct duty_report *report)
{
    bool any = false;
    for (size_t i = 0; i < input->sessions_count; i++)
        any |= consider(input, input->sessions[i].time, input->sessions[i].sleep_lost, report);
    for (size_t i = 0; i < input->duties_count; i++)
        if (input->duties[i].unplanned && duty_is_work(input->duties[i].kind))
            any |= consider(input, input->duties[i].time, input->duties[i].sleep_lost, report);
    if (!any)
        duty_find(report, (struct duty_finding){.rule = RULE_W7,
                                                .outcome = OUTCOME_OK,
                                                .why = WHY_NOTHING,
                                                .limit_row = LIMIT_COUNT});
}

/* For C-1 residents a debt is an exception with two conditions. */
static void resident(const struct duty_input *input, struct duty_report *report)
{
    bool c1 = false;
    for (size_t i = 0; i < input->institutions_count; i++)
        c1 |= input->clinical_resident && input->institutions[i].level == LEVEL_C1;
    if (!c1)
        return;
    struct duty_finding finding = {
        .rule = RULE_W8, .outcome = OUTCOME_OK, .why = WHY_NO_DEBT, .limit_row = LIMIT_COUNT};
    enum duty_said needed = input->resident_duty_needed, told = input->resident_announced;
    if (report->debts_count > 0 && (needed == SAID_NO || told == SAID_NO)) {
        finding.outcome = OUTCOME_BREACH;
        finding.why = WHY_RESIDENT_CONDITIONS;
    } else if (report->debts_count > 0 && (needed == SAID_NOTHING || told == SAID_NOTHING)) {
        finding.outcome = OUTCOME_UNKNOWN;
        finding.why = WHY_RESIDENT_UNSAID;
    } else if (report->debts_count > 0) {
        finding.why = WHY_RESIDENT_EXCEPTION;
    }
    duty_find(report, finding);
}

void duty_debts(const struct duty_input *input, struct duty_scratch *scratch,
                struct duty_report *report)
{
    ledger(input, scratch, report);
    judge(input, scratch, report);
    nights(input, report);
    resident(input, report);
}
