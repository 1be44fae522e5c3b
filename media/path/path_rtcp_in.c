/* What a browser reports and asks for. Nothing in it crosses a closed gate: a request for a held-back track is read and
 * forgotten, a sender report goes only where the packets it describes go. */
#include "media/path/path.h"

#include "media/feedback/rtcp.h"

/* A NACK may name thousands of numbers; what a batch can answer is bounded. */
#define REPAIRS_MAX 256

static struct subscriber *subscriber_of(const struct endpoint *endpoint, uint32_t ssrc)
{
    for (uint32_t i = 0; i < endpoint->slots_count; i++) {
        struct subscriber *subscriber = endpoint->slots[i].subscriber;
        if (subscriber != NULL && subscriber->ssrc == ssrc)
            return subscriber;
    }
    return NULL;
}

static void take_blocks(struct media_worker *worker, struct endpoint *endpoint,
                        const struct rtcp_item *item)
{
    for (size_t i = 0; i < rtcp_report_blocks(item); i++) {
        struct rtcp_report_block block;
        if (!rtcp_report_block(item, i, &block))
            return;
        struct subscriber *subscriber = subscriber_of(endpoint, block.ssrc);
        if (subscriber != NULL)
            sender_report_answered(&subscriber->report, &block, worker->now_us);
    }
}

static void take_sender_report(struct media_worker *worker, struct endpoint *endpoint,
                               const struct rtcp_item *item)
{
    const struct endpoint_stream *stream = endpoint_stream_find(endpoint, item->sender_ssrc);
    if (stream == NULL || stream->rtx)
        return;
    struct publisher *publisher = endpoint->slots[stream->slot].publisher;
    receive_stats_sender_report(&publisher->stats, item->sender.ntp, worker->now_us);
    for (uint32_t i = 0; i < publisher->routes_count; i++)
        if (publisher->routes[i]->open)
            path_rtcp_sender_report(worker, publisher->routes[i]->subscriber, &item->sender);
}

static void take_nack(struct media_worker *worker, struct endpoint *endpoint,
                      const struct rtcp_item *item)
{
    struct subscriber *subscriber = subscriber_of(endpoint, item->media_ssrc);
    struct rtcp_nack_cursor cursor = {0};
    uint16_t sequence;
    counter_add(&worker->counters, COUNTER_media_nack_received, 1);
    if (subscriber == NULL)
        return;
    for (int i = 0; i < REPAIRS_MAX && rtcp_nack_next(item, &cursor, &sequence); i++)
        path_repair(worker, subscriber, sequence);
}

static void want_keyframe(struct media_worker *worker, const struct subscriber *subscriber)
{
    counter_add(&worker->counters, COUNTER_media_pli_received, 1);
    if (subscriber == NULL || subscriber->route == NULL || !subscriber->route->open ||
        subscriber->route->paused || subscriber->kind != MEDIA_VIDEO)
        return;
    struct publisher *publisher = subscriber->route->publisher;
    keyframe_request_want(&publisher->keyframe);
    worker_due(worker, publisher->endpoint, publisher_keyframe_due_us(publisher));
}

static void take_fir(struct media_worker *worker, struct endpoint *endpoint,
                     const struct rtcp_item *item)
{
    uint32_t ssrc;
    uint8_t command;
    for (size_t i = 0; i < MEDIA_SLOTS_MAX && rtcp_fir_entry(item, i, &ssrc, &command); i++) {
        struct subscriber *subscriber = subscriber_of(endpoint, ssrc);
        if (subscriber == NULL)
            continue;
        bool repeated = subscriber->fir.seen && subscriber->fir.ssrc == item->sender_ssrc &&
                        subscriber->fir.command == command;
        subscriber->fir.seen = true;
        subscriber->fir.ssrc = item->sender_ssrc;
        subscriber->fir.command = command;
        if (!repeated)
            want_keyframe(worker, subscriber);
    }
}

/* What it changes takes effect in the next tick: pace, probe, and REMB to the one who sends. */
static void take_transport_cc(struct media_worker *worker, struct endpoint *endpoint,
                              const struct rtcp_item *item)
{
    if (!result_ok(bandwidth_estimator_feedback(&endpoint->estimator, item,
                                                endpoint_rtt_us(endpoint), worker->now_us))) {
        counter_add(&worker->counters, COUNTER_media_drop_malformed, 1);
        return;
    }
    endpoint_ladder_feedback(endpoint, worker->now_us);
    worker_due(worker, endpoint, worker->now_us);
    for (uint32_t i = 0; i < endpoint->slots_count; i++) {
        const struct subscriber *subscriber = endpoint->slots[i].subscriber;
        if (subscriber != NULL && subscriber->kind == MEDIA_VIDEO && subscriber->route != NULL &&
            subscriber->route->open)
            worker_due(worker, subscriber->route->publisher->endpoint, worker->now_us);
    }
}

void path_rtcp_in(struct media_worker *worker, struct endpoint *endpoint, struct span compound)
{
    struct rtcp_reader reader;
    struct rtcp_item item;
    if (!result_ok(rtcp_reader_init(&reader, compound))) {
        counter_add(&worker->counters, COUNTER_media_drop_malformed, 1);
        return;
    }
    while (rtcp_next(&reader, &item)) {
        switch (item.kind) {
        case RTCP_KIND_SENDER_REPORT:
            take_sender_report(worker, endpoint, &item);
            take_blocks(worker, endpoint, &item);
            break;
        case RTCP_KIND_RECEIVER_REPORT:
            take_blocks(worker, endpoint, &item);
            break;
        case RTCP_KIND_NACK:
            take_nack(worker, endpoint, &item);
            break;
        case RTCP_KIND_PLI:
            want_keyframe(worker, subscriber_of(endpoint, item.media_ssrc));
            break;
        case RTCP_KIND_FIR:
            take_fir(worker, endpoint, &item);
            break;
        case RTCP_KIND_REMB:
            endpoint->receiver_remb_bps = item.bitrate_bps;
            break;
        case RTCP_KIND_TRANSPORT_CC:
            take_transport_cc(worker, endpoint, &item);
            break;
        case RTCP_KIND_CNAME: /* theirs; what subscribers see is ours */
        case RTCP_KIND_BYE: /* a stream that goes on is still known, another one is learned by its MID */
        case RTCP_KIND_OTHER:
            break;
        }
    }
}
