#include "media/feedback/delay_trend.h"

#include <string.h>

#include "gateway/base/clock.h"

#define GROUP_US 5000
#define BURST_MAX_US                                                                               \
    100000 /* packets that a radio link held back and let go together are one group up to this */
#define JUMP_US        (3 * US_PER_S)
#define CHANGES_MAX    60
#define TREND_GAIN     4
#define THRESHOLD_US   12500
#define THRESHOLD_LOW  6000
#define THRESHOLD_HIGH 600000
#define ADAPT_SKIP_US  15000 /* so far beyond the threshold it is a spike, nothing to adapt to */
#define ADAPT_STEP_MAX 100   /* ms */
#define ADAPT_UP       87    /* of 10 000 per ms */
#define ADAPT_DOWN     390
#define OVER_MIN_US    10000
#define SLOPE_TICK_US  100 /* keeps the sums of the slope within 64 bits */

void delay_trend_init(struct delay_trend *trend)
{
    memset(trend, 0, sizeof(*trend));
    trend->threshold_us = THRESHOLD_US;
}

void delay_trend_restart(struct delay_trend *trend)
{
    int64_t threshold_us = trend->threshold_us;
    delay_trend_init(trend);
    trend->threshold_us = threshold_us;
}

static void add_sample(struct delay_trend *trend, int64_t change_us, int64_t at_us)
{
    if (trend->changes < CHANGES_MAX)
        trend->changes++;
    trend->sum_us += change_us;
    trend->smoothed_us = (trend->smoothed_us * 9 + trend->sum_us) / 10;
    trend->samples[trend->samples_next] =
        (struct delay_sample){.at_us = at_us, .delay_us = trend->smoothed_us};
    trend->samples_next = (trend->samples_next + 1) % DELAY_TREND_SAMPLES;
    if (trend->samples_count < DELAY_TREND_SAMPLES)
        trend->samples_count++;
}

/* Least squares; the result is microseconds of delay gained a millisecond, times a fixed gain and the number of changes
 * (a longer history is better proof), as the draft's successors do it. */
static int64_t trend_of(const struct delay_trend *trend)
{
    const struct delay_sample *samples = trend->samples;
    int64_t base_us = samples[trend->samples_next].at_us; /* the oldest, once the ring is full */
    int64_t mean_at = 0, mean_delay = 0, above = 0, below = 0;
    for (int i = 0; i < DELAY_TREND_SAMPLES; i++) {
        mean_at += (samples[i].at_us - base_us) / SLOPE_TICK_US;
        mean_delay += samples[i].delay_us;
    }
    mean_at /= DELAY_TREND_SAMPLES;
    mean_delay /= DELAY_TREND_SAMPLES;
    for (int i = 0; i < DELAY_TREND_SAMPLES; i++) {
        int64_t at = (samples[i].at_us - base_us) / SLOPE_TICK_US - mean_at;
        above += at * (samples[i].delay_us - mean_delay);
        below += at * at;
    }
    if (below == 0)
        return 0;
    return above * trend->changes * TREND_GAIN / below * US_PER_MS / SLOPE_TICK_US;
}

static void adapt(struct delay_trend *trend, int64_t trend_us, int64_t at_us)
{
    int64_t size_us = trend_us < 0 ? -trend_us : trend_us;
    int64_t step_ms = trend->adapted_us == 0 ? 0 : (at_us - trend->adapted_us) / US_PER_MS;
    trend->adapted_us = at_us;
    if (size_us > trend->threshold_us + ADAPT_SKIP_US || step_ms < 0)
        return;
    if (step_ms > ADAPT_STEP_MAX)
        step_ms = ADAPT_STEP_MAX;
    int64_t speed = size_us < trend->threshold_us ? ADAPT_DOWN : ADAPT_UP;
    trend->threshold_us += (size_us - trend->threshold_us) * speed * step_ms / 10000;
    if (trend->threshold_us < THRESHOLD_LOW)
        trend->threshold_us = THRESHOLD_LOW;
    if (trend->threshold_us > THRESHOLD_HIGH)
        trend->threshold_us = THRESHOLD_HIGH;
}

/* One reading above the threshold is noise: it has to last, and not to be on its way down. */
static void judge(struct delay_trend *trend, int64_t trend_us, int64_t sent_step_us)
{
    if (trend_us > trend->threshold_us) {
        trend->over_us += trend->over_count == 0 ? sent_step_us / 2 : sent_step_us;
        trend->over_count++;
        if (trend->over_us > OVER_MIN_US && trend->over_count > 1 &&
            trend_us >= trend->last_trend_us) {
            trend->over_us = 0;
            trend->over_count = 0;
            trend->usage = LINK_OVERUSED;
        }
    } else {
        trend->over_us = 0;
        trend->over_count = 0;
        trend->usage = trend_us < -trend->threshold_us ? LINK_UNDERUSED : LINK_NORMAL;
    }
    trend->last_trend_us = trend_us;
}

/* The current group is complete. */
static void close_group(struct delay_trend *trend)
{
    const struct delay_group *current = &trend->current, *previous = &trend->previous;
    int64_t sent_us = current->last_sent_us - previous->last_sent_us;
    int64_t arrived_us = current->last_arrived_us - previous->last_arrived_us;
    int64_t change_us = arrived_us - sent_us;
    if (trend->has_previous && (change_us > JUMP_US || change_us < -JUMP_US ||
                                arrived_us < -US_PER_S || sent_us > JUMP_US)) {
        /* A cut or a jump of their clock: no queue grows like that. */
        struct delay_group kept = *current;
        delay_trend_restart(trend);
        trend->previous = kept;
        trend->has_previous = true;
        return;
    }
    if (trend->has_previous && arrived_us >= 0) {
        add_sample(trend, change_us, current->last_arrived_us);
        if (trend->samples_count == DELAY_TREND_SAMPLES) {
            int64_t trend_us = trend_of(trend);
            judge(trend, trend_us, sent_us);
            adapt(trend, trend_us, current->last_arrived_us);
        }
    }
    trend->previous = *current;
    trend->has_previous = true;
}

static bool belongs(const struct delay_group *group, int64_t sent_us, int64_t arrived_us)
{
    if (sent_us - group->first_sent_us <= GROUP_US)
        return true;
    int64_t sent_step_us = sent_us - group->last_sent_us;
    int64_t arrived_step_us = arrived_us - group->last_arrived_us;
    return arrived_step_us <= GROUP_US && arrived_step_us < sent_step_us &&
           arrived_us - group->first_arrived_us < BURST_MAX_US;
}

void delay_trend_packet(struct delay_trend *trend, int64_t sent_us, int64_t arrived_us)
{
    struct delay_group *group = &trend->current;
    if (trend->has_current && sent_us < group->first_sent_us)
        return; /* reordered: its group is closed */
    if (trend->has_current && belongs(group, sent_us, arrived_us)) {
        if (sent_us > group->last_sent_us)
            group->last_sent_us = sent_us;
        if (arrived_us > group->last_arrived_us)
            group->last_arrived_us = arrived_us;
        return;
    }
    if (trend->has_current)
        close_group(trend);
    trend->current = (struct delay_group){.first_sent_us = sent_us,
                                          .last_sent_us = sent_us,
                                          .first_arrived_us = arrived_us,
                                          .last_arrived_us = arrived_us};
    trend->has_current = true;
}

enum link_usage delay_trend_usage(const struct delay_trend *trend)
{
    return trend->usage;
}
