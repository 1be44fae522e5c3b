/* RTCP of our own: NACK, keyframe requests and transport-cc as they become due (reduced size, RFC 5506), a full report
 * with REMB once a second, and the publisher's sender reports in the subscriber's numbers. */
#include "media/path/path.h"

#include "media/feedback/rtcp_write.h"

#define REPORT_INTERVAL_US 1000000
#define FEEDBACK_BYTES_MAX MEDIA_MTU

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void send_written(struct endpoint *endpoint, struct bytes_writer *writer)
{
    if (writer->used == 0 || writer->overflowed)
        return;
    (void)path_seal_rtcp(endpoint->worker, endpoint, writer->start, writer->used);
}

static void write_nack(struct publisher *publisher, int64_t now_us, struct bytes_writer *writer)
{
    struct endpoint *endpoint = publisher->endpoint;
    uint16_t lost[RTCP_NACKS_MAX];
    uint32_t rtt_us = endpoint_rtt_us(endpoint);
    size_t count = nack_generator_collect(publisher->nack, rtt_us, now_us, lost, RTCP_NACKS_MAX);
    if (count > 0 && publisher->ssrc != 0) {
        rtcp_write_nack(writer, endpoint_feedback_ssrc(endpoint), publisher->ssrc, lost, count);
        counter_add(&endpoint->worker->counters, COUNTER_media_nack_sent, 1);
    }
    if (nack_generator_take_gave_up(publisher->nack))
        keyframe_request_want(&publisher->keyframe);
}

static void write_keyframe_request(struct publisher *publisher, int64_t now_us,
                                   struct bytes_writer *writer)
{
    struct endpoint *endpoint = publisher->endpoint;
    /* Who has not sent a packet yet starts with a keyframe anyway. */
    if (publisher->ssrc == 0 || publisher->packet_us == 0 ||
        !keyframe_request_take(&publisher->keyframe, endpoint->bitrate_up_bps, now_us))
        return;
    rtcp_write_pli(writer, endpoint_feedback_ssrc(endpoint), publisher->ssrc);
    counter_add(&endpoint->worker->counters, COUNTER_media_pli_sent, 1);
}

/* Feedback for one video track; when it wants to be called again. */
static int64_t publisher_feedback(struct publisher *publisher, int64_t now_us,
                                  struct bytes_writer *writer)
{
    if (publisher->kind != MEDIA_VIDEO || publisher->routes_open == 0)
        return INT64_MAX;
    uint32_t rtt_us = endpoint_rtt_us(publisher->endpoint);
    write_nack(publisher, now_us, writer);
    write_keyframe_request(publisher, now_us, writer);
    int64_t next_us = nack_generator_due_us(publisher->nack, rtt_us);
    if (publisher->ssrc != 0 && publisher->packet_us != 0)
        next_us = earlier(next_us, publisher_keyframe_due_us(publisher));
    return next_us;
}

static int64_t arrivals_feedback(struct endpoint *endpoint, int64_t now_us,
                                 struct bytes_writer *writer)
{
    struct transport_cc_recorder *arrivals = &endpoint->arrivals;
    /* The draft's media SSRC means nothing here; browsers take any of theirs. */
    uint32_t media_ssrc = endpoint->streams_count > 0 ? endpoint->streams[0].ssrc : 0;
    if (transport_cc_due_us(arrivals, endpoint->bitrate_up_bps) > now_us)
        return transport_cc_due_us(arrivals, endpoint->bitrate_up_bps);
    while (
        transport_cc_write(arrivals, endpoint_feedback_ssrc(endpoint), media_ssrc, now_us, writer))
        ;
    return transport_cc_due_us(arrivals, endpoint->bitrate_up_bps);
}

static const struct endpoint *only_receiver(const struct publisher *publisher)
{
    for (uint32_t i = 0; publisher->routes_open == 1 && i < publisher->routes_count; i++)
        if (publisher->routes[i]->open)
            return publisher->routes[i]->subscriber->endpoint;
    return NULL;
}

/* What the one receiver of this picture can follow; 0: nothing is to be said. With several receivers there is no such
 * number, and a limit that was told before is lifted. */
static uint32_t publisher_limit_bps(const struct publisher *publisher, int64_t now_us)
{
    if (publisher == NULL || publisher->kind != MEDIA_VIDEO || publisher->ssrc == 0)
        return 0;
    if (publisher->routes_open > 1)
        return publisher->remb.told_bps != 0 ? REMB_HIGHEST_BPS : 0;
    const struct endpoint *to = only_receiver(publisher);
    if (to == NULL)
        return 0;
    struct link_state link;
    endpoint_link_state(to, now_us, &link);
    link.estimate_bps = bandwidth_estimator_target_bps(&to->estimator);
    return remb_limit_bps(&link, to->receiver_remb_bps);
}

/* 1:1: the sender may send what its one receiver can follow (P7: picture quality first). With each report, and between
 * two of them when it has changed. */
static void write_remb(struct endpoint *endpoint, bool report, int64_t now_us,
                       struct bytes_writer *writer)
{
    for (uint32_t i = 0; i < endpoint->slots_count; i++) {
        struct publisher *publisher = endpoint->slots[i].publisher;
        uint32_t limit_bps = publisher_limit_bps(publisher, now_us);
        if (limit_bps == 0 || !(report || remb_is_news(&publisher->remb, limit_bps, now_us)))
            continue;
        rtcp_write_remb(writer, endpoint_feedback_ssrc(endpoint), limit_bps, &publisher->ssrc, 1);
        remb_told(&publisher->remb, limit_bps, now_us);
    }
}

int64_t path_rtcp_feedback(struct endpoint *endpoint, int64_t now_us)
{
    uint8_t *place = path_reserve(endpoint->worker, ice_peer_selected(&endpoint->ice));
    if (place == NULL)
        return INT64_MAX;
    struct bytes_writer writer = bytes_writer_of(place, FEEDBACK_BYTES_MAX);
    int64_t next_us = INT64_MAX;
    for (uint32_t i = 0; i < endpoint->slots_count; i++)
        if (endpoint->slots[i].publisher != NULL)
            next_us =
                earlier(next_us, publisher_feedback(endpoint->slots[i].publisher, now_us, &writer));
    write_remb(endpoint, false, now_us, &writer);
    next_us = earlier(next_us, arrivals_feedback(endpoint, now_us, &writer));
    send_written(endpoint, &writer);
    return next_us;
}

static void note_bitrate(struct endpoint *endpoint, int64_t now_us)
{
    int64_t over_us = now_us - endpoint->interval.since_us;
    if (over_us >= REPORT_INTERVAL_US)
        endpoint->bitrate_up_bps =
            (uint32_t)(endpoint->interval.bytes_up * 8 * 1000000ull / (uint64_t)over_us);
}

int64_t path_rtcp_reports(struct endpoint *endpoint, int64_t now_us)
{
    if (now_us < endpoint->next_report_us)
        return endpoint->next_report_us;
    endpoint->next_report_us = now_us + REPORT_INTERVAL_US;
    note_bitrate(endpoint, now_us);
    struct rtcp_report_block blocks[MEDIA_SLOTS_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < endpoint->slots_count; i++) {
        struct publisher *publisher = endpoint->slots[i].publisher;
        if (publisher != NULL && publisher->ssrc != 0 &&
            receive_stats_report(&publisher->stats, now_us, &blocks[count]))
            count++;
    }
    uint8_t *place =
        count == 0 ? NULL : path_reserve(endpoint->worker, ice_peer_selected(&endpoint->ice));
    if (place == NULL)
        return endpoint->next_report_us;
    struct bytes_writer writer = bytes_writer_of(place, FEEDBACK_BYTES_MAX);
    uint32_t ssrc = endpoint_feedback_ssrc(endpoint);
    rtcp_write_rr(&writer, ssrc, blocks, count);
    rtcp_write_cname(&writer, ssrc, endpoint->cname);
    write_remb(endpoint, true, now_us, &writer);
    send_written(endpoint, &writer);
    return endpoint->next_report_us;
}

void path_rtcp_sender_report(struct media_worker *worker, struct subscriber *subscriber,
                             const struct rtcp_sender_info *publisher)
{
    struct endpoint *to = subscriber->endpoint;
    const struct net_address *at = ice_peer_selected(&to->ice);
    struct rtcp_sender_info info;
    if (to->sending == NULL || at == NULL ||
        !sender_report_translate(&subscriber->report, subscriber->rewriter, publisher,
                                 worker->now_us, &info))
        return;
    uint8_t *place = path_reserve(worker, at);
    if (place == NULL)
        return;
    struct bytes_writer writer = bytes_writer_of(place, FEEDBACK_BYTES_MAX);
    rtcp_write_sr(&writer, subscriber->ssrc, &info, NULL, 0);
    rtcp_write_cname(&writer, subscriber->ssrc, to->cname);
    send_written(to, &writer);
}
