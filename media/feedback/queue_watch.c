#include "media/feedback/queue_watch.h"

#include "gateway/base/clock.h"

#define WINDOW_US    (60 * US_PER_S)
#define RUNS_AWAY_US (200 * US_PER_MS)
#define GROWS_US     (20 * US_PER_MS)
#define DRAIN_SPARE_US                                                                             \
    (200 * US_PER_MS) /* and so much more than was in it, before it is called foreign */
#define QUIET_US         (10 * US_PER_S) /* a foreign queue without over-use is a longer way, not a queue */
#define FOREIGN_EMPTY_US US_PER_S
#define STEP_LONGEST_US  US_PER_S
#define CLOCK_JUMP_US    (10 * US_PER_S)

void queue_watch_init(struct queue_watch *watch, int64_t now_us)
{
    *watch = (struct queue_watch){
        .least_us = {INT64_MAX, INT64_MAX}, .window_us = now_us, .seen_us = INT64_MAX};
}

void queue_watch_packet(struct queue_watch *watch, size_t bytes, int64_t sent_us,
                        int64_t arrived_us)
{
    int64_t delay_us = arrived_us - sent_us; /* of two clocks: only differences mean something */
    if (delay_us < watch->seen_us)
        watch->seen_us = delay_us;
    if (sent_us > watch->seen_sent_us)
        watch->seen_sent_us = sent_us;
    watch->seen_bytes += bytes;
}

static int64_t least_of(const struct queue_watch *watch)
{
    return watch->least_us[0] < watch->least_us[1] ? watch->least_us[0] : watch->least_us[1];
}

static void restart(struct queue_watch *watch, int64_t now_us)
{
    int64_t seen_sent_us = watch->seen_sent_us;
    queue_watch_init(watch, now_us);
    watch->seen_sent_us = seen_sent_us;
}

static void measure(struct queue_watch *watch, int64_t now_us)
{
    int64_t seen_us = watch->seen_us, least_us = least_of(watch);
    watch->seen_us = INT64_MAX;
    if (watch->heard && (seen_us - least_us > CLOCK_JUMP_US || least_us - seen_us > CLOCK_JUMP_US))
        restart(watch, now_us);
    if (now_us - watch->window_us > WINDOW_US) {
        watch->least_us[1] = watch->least_us[0];
        watch->least_us[0] = INT64_MAX;
        watch->window_us = now_us;
    }
    if (seen_us < watch->least_us[0])
        watch->least_us[0] = seen_us;
    watch->heard = true;
    watch->queue_before_us = watch->queue_us;
    watch->queue_us = seen_us - least_of(watch);
}

/* The way has become longer for good. */
static void rebase(struct queue_watch *watch, int64_t now_us)
{
    int64_t delay_us = least_of(watch) + watch->queue_us;
    restart(watch, now_us);
    watch->least_us[0] = delay_us;
    watch->heard = true;
}

/* What arrives now was sent a queue ago, so the account runs on the time of sending: each packet sent since the over-use
 * found the queue shorter by what the link carried and we did not send (or longer, while the sender has not heard of it). */
static void drain(struct queue_watch *watch)
{
    int64_t from_us =
        watch->stepped_sent_us > watch->since_us ? watch->stepped_sent_us : watch->since_us;
    int64_t passed_us = watch->seen_sent_us - from_us;
    if (passed_us <= 0) {
        watch->drain_needed_us = watch->queue_us;
        return;
    }
    if (passed_us > STEP_LONGEST_US)
        passed_us = STEP_LONGEST_US;
    int64_t filled_us = (int64_t)(watch->seen_bytes * 8 * US_PER_S / watch->limit_bps);
    watch->drained_us += passed_us - filled_us;
    if (watch->drained_us > watch->drain_needed_us + DRAIN_SPARE_US)
        watch->owner = QUEUE_FOREIGN;
}

static void find_owner(struct queue_watch *watch, int64_t now_us)
{
    if (watch->queue_us >= QUEUE_EMPTY_US)
        watch->not_empty_us = now_us;
    if (watch->owner == QUEUE_DRAINING)
        drain(watch);
    /* A TCP flow that halves its window empties the queue for a moment. */
    int64_t empty_us = watch->owner == QUEUE_FOREIGN ? FOREIGN_EMPTY_US : 0;
    if (watch->queue_us < QUEUE_EMPTY_US && now_us - watch->not_empty_us >= empty_us)
        watch->owner = QUEUE_FREE;
    else if (watch->owner == QUEUE_FOREIGN && now_us - watch->overused_us > QUIET_US)
        rebase(watch, now_us);
}

void queue_watch_step(struct queue_watch *watch, int64_t now_us)
{
    if (watch->seen_us == INT64_MAX)
        return;
    measure(watch, now_us);
    find_owner(watch, now_us);
    watch->stepped_sent_us = watch->seen_sent_us;
    watch->seen_bytes = 0;
}

void queue_watch_overused(struct queue_watch *watch, uint64_t delivered_bps, int64_t now_us)
{
    watch->overused_us = now_us;
    if (watch->owner == QUEUE_FOREIGN || delivered_bps == 0)
        return;
    if (watch->owner == QUEUE_FREE) {
        watch->since_us = now_us;
        watch->drained_us = 0;
        watch->limit_bps = delivered_bps;
    }
    /* The first reading of a link that has just become slow still holds some of the time before. */
    if (delivered_bps < watch->limit_bps)
        watch->limit_bps = delivered_bps;
    watch->owner = QUEUE_DRAINING;
}

int64_t queue_watch_us(const struct queue_watch *watch)
{
    return watch->queue_us;
}

bool queue_watch_runs_away(const struct queue_watch *watch)
{
    return watch->owner != QUEUE_FOREIGN && watch->queue_us > RUNS_AWAY_US &&
           watch->queue_us > watch->queue_before_us + GROWS_US;
}
