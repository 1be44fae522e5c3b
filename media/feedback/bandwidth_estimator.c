#include "media/feedback/bandwidth_estimator.h"

#include <string.h>

#include "gateway/base/clock.h"
#include "media/feedback/transport_cc.h"

#define DECREASE_PERCENT    85
#define INCREASE_PERCENT    8 /* a second */
#define INCREASE_LEAST_BPS  4000
#define PACKET_BITS         (1200ull * 8)
#define REACTION_US         100000 /* a change of ours is seen after a round trip and so much */
#define STEP_MAX_US         US_PER_S
#define DELIVERED_SLACK_BPS 10000
#define LIMIT_FAR_PERCENT   140 /* so far above the known limit the limit is another one now */
#define DIP_PERCENT         60  /* a fall below this share is a dip */
#define DIP_REMEMBERED_US   (180 * US_PER_S)
#define PROBE_PAUSE_US      (2 * US_PER_S) /* after a decrease */
#define CONSTRAINS_PERCENT                                                                         \
    70 /* of the estimate in use: it is the estimate that keeps the rate down */
#define SHARED_PERCENT     70 /* after a loss in a queue that others fill, as their TCP does */
#define DRAIN_PERCENT      70
#define DRAIN_HARD_US      (300 * US_PER_MS)
#define DRAIN_HARD_PERCENT 40
#define OURS_PERCENT       60     /* of the estimate in use: less cannot be what fills a queue */
#define HELD_DOWN_BPS      300000 /* browsers send a picture poorly or not at all with less */
#define PROBE_LATE_US      (2 * US_PER_S)
#define PRESSED_US         (5 * US_PER_S)

void bandwidth_estimator_init(struct bandwidth_estimator *estimator, int64_t now_us)
{
    memset(estimator, 0, sizeof(*estimator));
    sent_history_init(&estimator->sent);
    delay_trend_init(&estimator->trend);
    delivered_rate_init(&estimator->delivered);
    loss_controller_init(&estimator->loss, ESTIMATE_HIGHEST_BPS, now_us);
    probe_init(&estimator->probe, now_us);
    queue_watch_init(&estimator->queue, now_us);
    estimator->delay_based_bps = ESTIMATE_FIRST_BPS;
    estimator->changed_us = estimator->decreased_us = now_us;
    estimator->silent_since_us = now_us;
}

static uint64_t clamp(uint64_t bps)
{
    if (bps < ESTIMATE_LOWEST_BPS)
        return ESTIMATE_LOWEST_BPS;
    return bps > ESTIMATE_HIGHEST_BPS ? ESTIMATE_HIGHEST_BPS : bps;
}

static uint64_t estimate_of(const struct bandwidth_estimator *estimator)
{
    uint64_t loss_bps = estimator->loss.allowed_bps;
    return clamp(loss_bps < estimator->delay_based_bps ? loss_bps : estimator->delay_based_bps);
}

void bandwidth_estimator_sent(struct bandwidth_estimator *estimator, uint16_t number, size_t bytes,
                              int64_t now_us)
{
    if (!sent_history_waits(&estimator->sent))
        estimator->silent_since_us = now_us;
    uint8_t cluster = probe_sent(&estimator->probe, number, bytes, now_us);
    sent_history_add(&estimator->sent, number, bytes, cluster, now_us);
}

static void remember_dip(struct bandwidth_estimator *estimator, uint64_t before_bps, int64_t now_us)
{
    uint64_t now_bps = estimate_of(estimator);
    uint64_t reference_bps =
        estimator->before_dip_bps > before_bps ? estimator->before_dip_bps : before_bps;
    if (now_bps * 100 >= reference_bps * DIP_PERCENT)
        return;
    if (estimator->before_dip_bps == 0)
        estimator->dip_us = now_us;
    estimator->before_dip_bps = reference_bps;
}

static bool dipped(const struct bandwidth_estimator *estimator)
{
    return estimator->before_dip_bps != 0;
}

/* What the link delivers while it is full. A long queue was full all the time, so the last moments say it best; else
 * they may have been a pause, and the more of two spans is nearer to it. */
static uint64_t delivered_when_full(const struct bandwidth_estimator *estimator)
{
    uint64_t last_bps = delivered_rate_last_bps(&estimator->delivered);
    uint64_t whole_bps = delivered_rate_bps(&estimator->delivered);
    bool full = queue_watch_us(&estimator->queue) > 2 * QUEUE_STANDS_US;
    return full || last_bps > whole_bps ? last_bps : whole_bps;
}

static void decrease(struct bandwidth_estimator *estimator, int64_t now_us)
{
    int64_t apart_us = (int64_t)estimator->rtt_us + REACTION_US;
    uint64_t delivered_bps = delivered_when_full(estimator);
    if (now_us - estimator->decreased_us < apart_us || delivered_bps == 0)
        return;
    /* We send far less than the estimate and nothing stands in the queue: whatever delayed those packets, it was not us. */
    if (delivered_bps * 100 < estimate_of(estimator) * OURS_PERCENT &&
        queue_watch_us(&estimator->queue) < QUEUE_STANDS_US / 2)
        return;
    queue_watch_overused(&estimator->queue, delivered_bps, now_us);
    if (estimator->queue.owner == QUEUE_FOREIGN)
        return; /* giving way would only feed the other one */
    uint64_t before_bps = estimate_of(estimator);
    uint64_t lower_bps = delivered_bps * DECREASE_PERCENT / 100;
    estimator->known = true;
    estimator->limit_bps = delivered_bps;
    estimator->decreased_us = estimator->changed_us = now_us;
    if (lower_bps < estimator->delay_based_bps)
        estimator->delay_based_bps = clamp(lower_bps);
    remember_dip(estimator, before_bps, now_us);
    probe_hold(&estimator->probe, now_us + PROBE_PAUSE_US);
}

static void increase(struct bandwidth_estimator *estimator, int64_t now_us)
{
    int64_t step_us = now_us - estimator->changed_us;
    uint64_t now_bps = estimator->delay_based_bps;
    uint64_t delivered_bps = delivered_rate_bps(&estimator->delivered);
    estimator->changed_us = now_us;
    if (step_us > STEP_MAX_US)
        step_us = STEP_MAX_US;
    if (now_bps * 100 > estimator->limit_bps * LIMIT_FAR_PERCENT)
        estimator->limit_bps = 0;
    uint64_t a_second = now_bps * INCREASE_PERCENT / 100;
    uint64_t careful = PACKET_BITS * US_PER_S / ((uint64_t)estimator->rtt_us + REACTION_US);
    bool shared =
        estimator->queue.owner == QUEUE_FOREIGN; /* a packet a round trip, as the other one does */
    if (shared || (estimator->limit_bps != 0 && careful < a_second))
        a_second = careful;
    if (a_second < INCREASE_LEAST_BPS)
        a_second = INCREASE_LEAST_BPS;
    uint64_t next_bps = now_bps + a_second * (uint64_t)step_us / US_PER_S;
    /* What is not used is not known either: the rate is let no further than half above what was delivered. */
    uint64_t most_bps = delivered_bps + delivered_bps / 2 + DELIVERED_SLACK_BPS;
    if (next_bps > most_bps)
        next_bps = most_bps;
    if (next_bps > now_bps)
        estimator->delay_based_bps = clamp(next_bps);
}

static void control_rate(struct bandwidth_estimator *estimator, int64_t now_us)
{
    uint64_t delivered_bps = delivered_rate_bps(&estimator->delivered);
    if (!estimator->known && delivered_bps > estimator->delay_based_bps)
        estimator->delay_based_bps = clamp(delivered_bps); /* it carries that at the least */
    enum link_usage usage = delay_trend_usage(&estimator->trend);
    if (queue_watch_runs_away(&estimator->queue))
        usage = LINK_OVERUSED;
    else if (estimator->queue.owner == QUEUE_FOREIGN && usage == LINK_UNDERUSED)
        usage = LINK_NORMAL;
    switch (usage) {
    case LINK_OVERUSED:
        decrease(estimator, now_us);
        if (estimator->queue.owner == QUEUE_FOREIGN)
            increase(estimator, now_us);
        break;
    case LINK_UNDERUSED:
        estimator->changed_us = now_us; /* let the queue drain first */
        break;
    case LINK_NORMAL:
        increase(estimator, now_us);
        break;
    }
    uint64_t before_bps = estimate_of(estimator), allowed_bps = estimator->loss.allowed_bps;
    if (loss_controller_step(&estimator->loss, before_bps, ESTIMATE_HIGHEST_BPS, now_us) &&
        estimator->queue.owner == QUEUE_FOREIGN && before_bps > 0)
        estimator->delay_based_bps = clamp(before_bps * SHARED_PERCENT / 100);
    if (estimator->loss.allowed_bps < allowed_bps)
        estimator->known = true;
    remember_dip(estimator, before_bps, now_us);
}

static void conclude_probe(struct bandwidth_estimator *estimator)
{
    struct probe *probe = &estimator->probe;
    uint64_t shown_bps = probe_result(probe);
    bool better = shown_bps > estimate_of(estimator) * 11 / 10;
    if (shown_bps > 0)
        estimator->known = true;
    if (better) {
        estimator->delay_based_bps = clamp(shown_bps);
        if (estimator->loss.allowed_bps < shown_bps)
            estimator->loss.allowed_bps = shown_bps;
        estimator->limit_bps = 0;
    }
    if (dipped(estimator) && estimate_of(estimator) * 100 >= estimator->before_dip_bps * 90)
        estimator->before_dip_bps = 0;
    probe_conclude(probe, better, dipped(estimator));
    /* Its own queue is no trend. */
    delay_trend_restart(&estimator->trend);
}

static void take_statuses(struct bandwidth_estimator *estimator, struct transport_cc_reader *reader)
{
    struct transport_cc_status status;
    uint32_t unreported = sent_history_unreported(&estimator->sent, reader->next_number);
    while (transport_cc_next(reader, &status)) {
        struct sent_packet packet;
        if (!sent_history_report(&estimator->sent, status.number, status.arrived, &packet))
            continue;
        loss_controller_packet(&estimator->loss, status.arrived, packet.was_lost);
        if (!status.arrived)
            continue;
        /* Feedback that was lost says nothing of its packets; the rate must not seem to fall with it. */
        delivered_rate_add(&estimator->delivered, packet.bytes + unreported, status.arrived_us);
        unreported = 0;
        if (packet.cluster != 0)
            probe_arrived(&estimator->probe, packet.cluster, packet.bytes, packet.sent_us,
                          status.arrived_us);
        else
            delay_trend_packet(&estimator->trend, packet.sent_us, status.arrived_us);
        queue_watch_packet(&estimator->queue, packet.bytes, packet.sent_us, status.arrived_us);
    }
}

enum result bandwidth_estimator_feedback(struct bandwidth_estimator *estimator,
                                         const struct rtcp_item *item, uint32_t rtt_us,
                                         int64_t now_us)
{
    struct transport_cc_reader reader;
    enum result result = transport_cc_reader_init(&reader, item);
    if (!result_ok(result))
        return result;
    estimator->heard = true;
    estimator->rtt_us = rtt_us;
    estimator->silent_since_us = now_us;
    take_statuses(estimator, &reader);
    queue_watch_step(&estimator->queue, now_us);
    control_rate(estimator, now_us);
    const struct probe *probe = &estimator->probe;
    if (probe->state == PROBE_MEASURING &&
        sent_history_passed(&estimator->sent, probe->last_number))
        conclude_probe(estimator);
    return RESULT_OK;
}

static int64_t silence_us(const struct bandwidth_estimator *estimator)
{
    if (!estimator->heard || !sent_history_waits(&estimator->sent))
        return INT64_MAX;
    return estimator->silent_since_us + ESTIMATE_SILENCE_US + 3 * (int64_t)estimator->rtt_us;
}

static void halve(struct bandwidth_estimator *estimator, int64_t now_us)
{
    uint64_t before_bps = estimate_of(estimator);
    estimator->known = true;
    estimator->delay_based_bps = clamp(before_bps / 2);
    estimator->silent_since_us = estimator->decreased_us = estimator->changed_us = now_us;
    remember_dip(estimator, before_bps, now_us);
    delay_trend_restart(&estimator->trend);
    probe_hold(&estimator->probe, now_us + PROBE_INTERVAL_US);
}

/* Probing pays only where the estimate is what keeps the rate down, be it so low that little is sent because of it, or
 * where the link is known to have carried more. */
static bool worth_probing(const struct bandwidth_estimator *estimator, uint64_t wanted_bps)
{
    uint64_t estimate_bps = estimate_of(estimator);
    uint64_t used_bps = delivered_rate_bps(&estimator->delivered);
    if (!estimator->heard || estimate_bps >= wanted_bps || used_bps == 0 ||
        delay_trend_usage(&estimator->trend) != LINK_NORMAL ||
        queue_watch_us(&estimator->queue) > QUEUE_STANDS_US)
        return false;
    return dipped(estimator) || (estimator->known && estimate_bps < HELD_DOWN_BPS) ||
           used_bps * 100 >= estimate_bps * CONSTRAINS_PERCENT;
}

void bandwidth_estimator_tick(struct bandwidth_estimator *estimator, uint64_t wanted_bps,
                              int64_t now_us)
{
    struct probe *probe = &estimator->probe;
    estimator->wanted_bps = wanted_bps;
    if (silence_us(estimator) <= now_us)
        halve(estimator, now_us);
    if (dipped(estimator) && now_us - estimator->dip_us > DIP_REMEMBERED_US)
        estimator->before_dip_bps = 0;
    if (probe->state == PROBE_MEASURING && now_us - probe->ended_us > PROBE_LATE_US)
        conclude_probe(estimator);
    if (probe->state == PROBE_IDLE && worth_probing(estimator, wanted_bps))
        (void)probe_start(probe, estimate_of(estimator), wanted_bps, now_us);
}

int64_t bandwidth_estimator_due_us(const struct bandwidth_estimator *estimator)
{
    const struct probe *probe = &estimator->probe;
    int64_t due_us = silence_us(estimator);
    int64_t probe_us = INT64_MAX; /* idle: feedback comes often enough to start one */
    if (probe->state == PROBE_SENDING)
        probe_us = probe->started_us; /* every tick */
    else if (probe->state == PROBE_MEASURING)
        probe_us = probe->ended_us + PROBE_LATE_US;
    return probe_us < due_us ? probe_us : due_us;
}

uint32_t bandwidth_estimator_bps(const struct bandwidth_estimator *estimator)
{
    return estimator->known ? (uint32_t)estimate_of(estimator) : 0;
}

uint32_t bandwidth_estimator_target_bps(const struct bandwidth_estimator *estimator)
{
    uint32_t bps = bandwidth_estimator_bps(estimator);
    int64_t queue_us = queue_watch_us(&estimator->queue);
    if (estimator->queue.owner != QUEUE_DRAINING || queue_us < QUEUE_STANDS_US)
        return bps;
    return bps / 100 * (queue_us > DRAIN_HARD_US ? DRAIN_HARD_PERCENT : DRAIN_PERCENT);
}

bool bandwidth_estimator_pressed(const struct bandwidth_estimator *estimator, int64_t now_us)
{
    return estimator->limit_bps != 0 && now_us - estimator->decreased_us < PRESSED_US;
}

void bandwidth_estimator_state(const struct bandwidth_estimator *estimator,
                               struct link_state *ret_state)
{
    ret_state->estimate_known = estimator->known;
    ret_state->estimate_bps = bandwidth_estimator_bps(estimator);
    ret_state->loss_known = estimator->loss.judged;
    ret_state->loss_permille = estimator->loss.loss_permille;
}
