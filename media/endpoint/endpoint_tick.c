/* What an endpoint does when time passes, and the numbers of the STATS event. */
#include "media/endpoint/endpoint.h"
#include "media/endpoint/endpoint_transport.h"
#include "media/path/path.h"
#include "media/worker/worker_state.h"

#define STATS_INTERVAL_US (5 * 1000000ll)

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t flow_tick(struct endpoint *endpoint, int64_t now_us)
{
    int64_t next_us = INT64_MAX;
    for (uint32_t i = 0; i < endpoint->slots_count; i++) {
        struct publisher *publisher = endpoint->slots[i].publisher;
        if (publisher == NULL)
            continue;
        publisher_flow_tick(publisher, now_us);
        if (publisher->flow.live)
            next_us = earlier(next_us,
                              publisher->flow.seen_us + endpoint->worker->options->gap_notice_us);
    }
    return next_us;
}

static uint32_t bits_per_second(uint64_t bytes, int64_t over_us)
{
    uint64_t bps = over_us <= 0 ? 0 : bytes * 8 * 1000000ull / (uint64_t)over_us;
    return bps > UINT32_MAX ? UINT32_MAX : (uint32_t)bps;
}

static int64_t stats_tick(struct endpoint *endpoint, int64_t now_us)
{
    struct endpoint_interval *interval = &endpoint->interval;
    int64_t over_us = now_us - interval->since_us;
    if (over_us < STATS_INTERVAL_US)
        return interval->since_us + STATS_INTERVAL_US;
    struct media_event event = {.kind = MEDIA_EVENT_STATS};
    struct link_state link;
    endpoint_link_state(endpoint, now_us, &link);
    event.stats.rtt_us = link.rtt_us;
    event.stats.estimate_down_bps = link.estimate_bps;
    event.stats.queue_us = interval->queue_us;
    for (uint32_t i = 0; i < endpoint->slots_count; i++) {
        const struct publisher *publisher = endpoint->slots[i].publisher;
        const struct subscriber *subscriber = endpoint->slots[i].subscriber;
        /* The worst track is the one people notice. */
        uint16_t up = publisher == NULL ? 0 : receive_stats_loss_permille(&publisher->stats);
        uint16_t down = subscriber == NULL ? 0 : subscriber->report.loss_permille;
        if (up > event.stats.loss_up_permille)
            event.stats.loss_up_permille = up;
        if (down > event.stats.loss_down_permille)
            event.stats.loss_down_permille = down;
    }
    event.stats.bitrate_up_bps = bits_per_second(interval->bytes_up, over_us);
    event.stats.bitrate_down_bps = bits_per_second(interval->bytes_down, over_us);
    event.stats.frames_complete = interval->frames;
    *interval = (struct endpoint_interval){.since_us = now_us};
    endpoint_event(endpoint, &event);
    return now_us + STATS_INTERVAL_US;
}

int64_t endpoint_tick(struct endpoint *endpoint, int64_t now_us)
{
    assert_on_thread(&endpoint->worker->owner);
    int64_t next_us = endpoint_transport_tick(endpoint, now_us);
    next_us = earlier(next_us, flow_tick(endpoint, now_us));
    if (endpoint->state != ENDPOINT_CONNECTED)
        return next_us;
    /* Without consent nothing may be sent (RFC 7675 §5.1); BACK makes the endpoint due again. */
    if (ice_peer_selected(&endpoint->ice) != NULL) {
        next_us = earlier(next_us, path_pace_tick(endpoint, now_us));
        next_us = earlier(next_us, path_rtcp_feedback(endpoint, now_us));
        next_us = earlier(next_us, path_rtcp_reports(endpoint, now_us));
        next_us = earlier(next_us, endpoint_ladder_tick(endpoint, now_us));
    }
    return earlier(next_us, stats_tick(endpoint, now_us));
}
