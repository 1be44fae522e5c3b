/* W4 and W5: rest between duties, judged on the roster as planned. T is the first work minute after a rest. */
#include "gateway/duty/civil.h"
#include "gateway/duty/rules_of_duty.h"

/* One way a duty that begins at T can be in order. */
struct trial {
    bool passed;
    enum duty_why why;
    struct interval rest;
    enum duty_limit limit;
};

static struct trial trial_of(struct interval rest, enum duty_limit limit, enum duty_why why)
{
    return (struct trial){interval_length(rest) >= duty_limit(limit)->minutes, why, rest, limit};
}

static bool has_c1_resident(const struct duty_input *input)
{
    for (size_t i = 0; i < input->institutions_count; i++)
        if (input->clinical_resident && input->institutions[i].level == LEVEL_C1)
            return true;
    return false;
}

static struct trial long_rest(const struct duty_input *input, const struct duty_scratch *scratch,
                              const struct interval_set *busy, int64_t t)
{
    if (has_c1_resident(input)) {
        struct trial trial = trial_of(
            interval_set_longest_gap(busy, t, t + duty_limit(LIMIT_WINDOW_RESIDENT)->minutes),
            LIMIT_REST_RESIDENT, WHY_REST_RESIDENT);
        trial.passed = trial.passed && input->training_need == SAID_YES;
        return trial;
    }
    struct trial trial =
        trial_of(interval_set_longest_gap(busy, t, t + duty_limit(LIMIT_WINDOW_NIGHT)->minutes),
                 LIMIT_REST_NIGHT, WHY_REST_NIGHT);
    trial.passed = trial.passed && interval_set_minutes(&scratch->night, t, trial.rest.start) > 0;
    return trial;
}

/* The longest permitted night duty of the day must not be broken by planned work. */
static struct trial try_all(const struct duty_input *input, const struct duty_scratch *scratch,
                            const struct interval_set *busy, int64_t t)
{
    int64_t day_end = t + duty_limit(LIMIT_WINDOW_DAY)->minutes;
    struct trial day =
        trial_of(interval_set_longest_gap(busy, t, day_end), LIMIT_REST_DAY, WHY_REST_DAY);
    if (day.passed)
        return day;
    struct trial permitted = trial_of(interval_set_longest(&scratch->permitted, t, day_end),
                                      LIMIT_REST_DAY, WHY_REST_PERMITTED);
    if (permitted.passed)
        return permitted;
    struct trial longer = long_rest(input, scratch, busy, t);
    if (longer.passed)
        return longer;
    /* What to show: the long rule when the duty was of that kind, else the rule of every day. */
    bool night =
        !has_c1_resident(input) && interval_set_minutes(&scratch->night, t, longer.rest.start) > 0;
    if (night || (has_c1_resident(input) && input->training_need == SAID_YES)) {
        longer.why = night ? WHY_REST_SHORT_NIGHT : WHY_REST_SHORT_RESIDENT;
        return longer;
    }
    day.why = WHY_REST_SHORT;
    return day;
}

static struct duty_finding judge(const struct duty_input *input, const struct duty_scratch *scratch,
                                 int64_t t, struct trial *ret_trial)
{
    struct trial sure = try_all(input, scratch, &scratch->perhaps, t);
    struct trial hopeful = try_all(input, scratch, &scratch->busy, t);
    struct trial shown = sure.passed ? sure : hopeful;
    struct duty_finding finding = {.rule = has_c1_resident(input) ? RULE_W4_C1 : RULE_W4,
                                   .outcome = OUTCOME_OK,
                                   .why = shown.why,
                                   .numbers = true,
                                   .measured = interval_length(shown.rest),
                                   .limit = duty_limit(shown.limit)->minutes,
                                   .limit_row = shown.limit,
                                   .at = t};
    if (!hopeful.passed) {
        finding.outcome = duty_failed(input);
        struct interval rest = interval_set_longest_gap(
            &scratch->busy, t, t + duty_limit(LIMIT_WINDOW_RESIDENT)->minutes);
        if (has_c1_resident(input) && input->training_need == SAID_NOTHING &&
            interval_length(rest) >= duty_limit(LIMIT_REST_RESIDENT)->minutes) {
            finding.outcome = OUTCOME_UNKNOWN;
            finding.why = WHY_TRAINING_NEED_UNSAID;
        }
    } else if (!sure.passed) {
        finding.outcome = OUTCOME_UNKNOWN;
        finding.why = WHY_ROSTER_ENDS;
    }
    *ret_trial = shown;
    return finding;
}

/* The next T. After a breach: the first start at least a day later, or after the next rest of 9 h, whichever is first. */
static bool next_start(const struct interval_set *work, int64_t t, const struct trial *trial,
                       int64_t *ret_t)
{
    if (trial->passed)
        return interval_set_next(work, trial->rest.end, ret_t);
    int64_t rest_needed = duty_limit(LIMIT_REST_DAY)->minutes, before = t;
    for (size_t i = 0; i < work->count; i++) {
        struct interval one = work->list[i];
        if (one.start > t && (one.start >= t + DAY_MIN || one.start - before >= rest_needed)) {
            *ret_t = one.start;
            return true;
        }
        if (one.end > before)
            before = one.end;
    }
    return false;
}

/* A permitted night shorter than 9 h near this duty: it may not be added to other rest. */
static bool short_night(const struct duty_scratch *scratch, int64_t t)
{
    for (size_t i = 0; i < scratch->permitted.count; i++) {
        struct interval night = scratch->permitted.list[i];
        if (interval_length(night) < duty_limit(LIMIT_REST_DAY)->minutes && night.end > t &&
            night.start < t + duty_limit(LIMIT_WINDOW_DAY)->minutes)
            return true;
    }
    return false;
}

/* Planned work alone decides where a duty begins. */
static void fill_rosters(const struct duty_input *input, struct duty_scratch *scratch)
{
    struct interval_set *planned = &scratch->other, *nights = &scratch->busy;
    planned->count = 0;
    for (size_t i = 0; i < input->duties_count; i++)
        if (duty_is_work(input->duties[i].kind) && !input->duties[i].unplanned)
            interval_set_add(planned, input->duties[i].time.start, input->duties[i].time.end);
    interval_set_close(planned);
    *nights = scratch->permitted;
    interval_set_remove(nights, planned, &scratch->permitted);
    for (size_t i = 0; i < planned->count; i++)
        interval_set_add(nights, planned->list[i].start, planned->list[i].end);
    interval_set_close(&scratch->busy);
    scratch->perhaps = scratch->busy;
    for (size_t i = 0; i < input->duties_count; i++)
        if (input->duties[i].kind == DUTY_UNDECIDED)
            interval_set_add(&scratch->perhaps, input->duties[i].time.start,
                             input->duties[i].time.end);
    interval_set_add(&scratch->perhaps, input->period.end, INT64_MAX);
    interval_set_close(&scratch->perhaps);
}

void duty_rest(const struct duty_input *input, struct duty_scratch *scratch,
               struct duty_report *report)
{
    struct duty_finding tightest = {.rule = has_c1_resident(input) ? RULE_W4_C1 : RULE_W4,
                                    .outcome = OUTCOME_OK,
                                    .why = WHY_NOTHING,
                                    .limit_row = LIMIT_COUNT};
    struct duty_finding credit = {
        .rule = RULE_W5, .outcome = OUTCOME_OK, .why = WHY_NOTHING, .limit_row = LIMIT_COUNT};
    bool all_good = true, all_credited = true;
    int64_t t;
    fill_rosters(input, scratch);
    for (bool more = interval_set_next(&scratch->other, INT64_MIN, &t); more;) {
        struct trial trial;
        struct duty_finding finding = judge(input, scratch, t, &trial);
        if (finding.outcome != OUTCOME_OK) {
            all_good = false;
            duty_find(report, finding);
        } else if (!tightest.numbers ||
                   finding.measured - finding.limit < tightest.measured - tightest.limit) {
            tightest = finding;
        }
        if (short_night(scratch, t) && finding.outcome != OUTCOME_OK) {
            all_credited = false;
            finding.rule = RULE_W5;
            if (finding.outcome != OUTCOME_UNKNOWN)
                finding.why = WHY_NOT_CREDITED;
            duty_find(report, finding);
        } else if (short_night(scratch, t)) {
            credit.why = WHY_WITHIN;
        }
        more = next_start(&scratch->other, t, &trial, &t);
    }
    if (all_good)
        duty_find(report, tightest);
    if (all_credited)
        duty_find(report, credit);
}
