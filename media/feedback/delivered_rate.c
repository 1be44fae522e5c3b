#include "media/feedback/delivered_rate.h"

#include <string.h>

#include "gateway/base/clock.h"

#define LAST_STEPS 4
#define SEEN_US    (5 * DELIVERED_STEP_US)

void delivered_rate_init(struct delivered_rate *rate)
{
    memset(rate, 0, sizeof(*rate));
}

static void restart(struct delivered_rate *rate, int64_t arrived_us)
{
    memset(rate->bytes, 0, sizeof(rate->bytes));
    rate->first_us = rate->newest_us = arrived_us;
}

static void advance(struct delivered_rate *rate, int64_t arrived_us)
{
    int64_t from = rate->newest_us / DELIVERED_STEP_US, to = arrived_us / DELIVERED_STEP_US;
    if (to - from >= DELIVERED_STEPS)
        memset(rate->bytes, 0, sizeof(rate->bytes));
    else
        for (int64_t step = from + 1; step <= to; step++)
            rate->bytes[step % DELIVERED_STEPS] = 0;
    rate->newest_us = arrived_us;
}

void delivered_rate_add(struct delivered_rate *rate, size_t bytes, int64_t arrived_us)
{
    int64_t ahead_us = arrived_us - rate->newest_us;
    if (arrived_us <= 0)
        return;
    if (rate->newest_us == 0 || ahead_us > 10 * US_PER_S || ahead_us < -10 * US_PER_S)
        restart(rate, arrived_us);
    if (arrived_us > rate->newest_us)
        advance(rate, arrived_us);
    int64_t step = arrived_us / DELIVERED_STEP_US;
    if (rate->newest_us / DELIVERED_STEP_US - step < DELIVERED_STEPS)
        rate->bytes[step % DELIVERED_STEPS] += (uint32_t)bytes;
}

/* The newest step is not over: its share of time is what has passed of it. */
static uint64_t over_steps(const struct delivered_rate *rate, int steps)
{
    int64_t newest = rate->newest_us / DELIVERED_STEP_US;
    int64_t since_us = (newest - steps + 1) * DELIVERED_STEP_US;
    uint64_t bytes = 0;
    for (int64_t step = newest; step > newest - steps && step >= 0; step--)
        bytes += rate->bytes[step % DELIVERED_STEPS];
    if (since_us < rate->first_us)
        since_us = rate->first_us;
    int64_t over_us = rate->newest_us - since_us;
    return over_us <= 0 ? 0 : bytes * 8 * US_PER_S / (uint64_t)over_us;
}

uint64_t delivered_rate_bps(const struct delivered_rate *rate)
{
    if (rate->newest_us - rate->first_us < SEEN_US)
        return 0;
    return over_steps(rate, DELIVERED_STEPS);
}

uint64_t delivered_rate_last_bps(const struct delivered_rate *rate)
{
    return delivered_rate_bps(rate) == 0 ? 0 : over_steps(rate, LAST_STEPS);
}
