/* How fast bytes arrive at one browser, by its own clock (the arrival times of its transport-cc feedback).
 * Thread: the worker that owns the endpoint. Embedded, no allocation; fields are private. */
#ifndef MEDIA_FEEDBACK_DELIVERED_RATE_H
#define MEDIA_FEEDBACK_DELIVERED_RATE_H

#include <stddef.h>
#include <stdint.h>

#define DELIVERED_STEP_US 50000
#define DELIVERED_STEPS   10

struct delivered_rate {
    uint32_t bytes[DELIVERED_STEPS]; /* by step of arrival time */
    int64_t first_us;                /* since when the count is whole */
    int64_t newest_us;               /* 0: nothing has arrived */
};

void delivered_rate_init(struct delivered_rate *rate);
/* In about the order of arrival; what is older than the window is not counted. A clock that jumps starts the count anew. */
void delivered_rate_add(struct delivered_rate *rate, size_t bytes, int64_t arrived_us);
/* Over the last half second; 0: unknown, less than a quarter of a second was seen. */
uint64_t delivered_rate_bps(const struct delivered_rate *rate);
/* The same over the last 0.2 s. */
uint64_t delivered_rate_last_bps(const struct delivered_rate *rate);

#endif
