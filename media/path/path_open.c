/* Step 3: authenticate and decrypt in place, then find out whose track it is and keep the books of that track. */
#include "media/path/path.h"

#include <string.h>

/* A stream that was heard so recently is not given up for another SSRC of the same slot. */
#define STREAM_KEPT_US 200000

static bool open_judge(struct media_worker *worker, enum result result)
{
    if (result_ok(result))
        return true;
    enum counter counter = result == RESULT_REPLAY  ? COUNTER_media_drop_replay
                           : result == RESULT_PARSE ? COUNTER_media_drop_malformed
                                                    : COUNTER_media_drop_auth;
    counter_add(&worker->counters, counter, 1);
    return false;
}

static int slot_by_mid(const struct endpoint *endpoint, const struct rtp_view *view)
{
    char mid[MEDIA_MID_SIZE];
    if (!rtp_read_mid(view, &endpoint->maps, mid))
        return -1;
    for (uint32_t i = 0; i < endpoint->slots_count; i++)
        if (endpoint->slots[i].publisher != NULL && strcmp(endpoint->slots[i].info.mid, mid) == 0)
            return (int)i;
    return -1;
}

/* Only when there is no choice. */
static int slot_by_kind(const struct endpoint *endpoint, enum media_kind kind)
{
    int found = -1;
    for (uint32_t i = 0; i < endpoint->slots_count; i++) {
        if (endpoint->slots[i].publisher == NULL || endpoint->slots[i].info.kind != kind)
            continue;
        if (found >= 0)
            return -1;
        found = (int)i;
    }
    return found;
}

/* Which m-line does a new SSRC belong to: its MID (RFC 9143 §9.2), else its payload type when one slot alone can have it.
 * The SDP's declarations were bound when the answer came. */
static bool stream_learn(struct media_worker *worker, struct endpoint *endpoint,
                         const struct rtp_view *view, enum media_codec codec, bool rtx)
{
    enum media_kind kind = codec == MEDIA_CODEC_OPUS ? MEDIA_AUDIO : MEDIA_VIDEO;
    int slot = slot_by_mid(endpoint, view);
    if (slot < 0)
        slot = slot_by_kind(endpoint, kind);
    if (slot < 0 || endpoint->slots[slot].info.kind != kind)
        return false;
    const struct publisher *publisher = endpoint->slots[slot].publisher;
    if (!rtx && publisher->ssrc != 0 && publisher->packet_us != 0 &&
        worker->now_us - publisher->packet_us < STREAM_KEPT_US)
        return false;
    return result_ok(endpoint_stream_bind(endpoint, view->ssrc, (uint8_t)slot, rtx));
}

/* The track of an authenticated packet; NULL when there is none. */
static struct publisher *publisher_of(struct media_worker *worker, struct endpoint *endpoint,
                                      const struct rtp_view *view, enum media_codec codec, bool rtx)
{
    const struct endpoint_stream *stream = endpoint_stream_find(endpoint, view->ssrc);
    if (stream == NULL && stream_learn(worker, endpoint, view, codec, rtx))
        stream = endpoint_stream_find(endpoint, view->ssrc);
    if (stream == NULL || stream->rtx != rtx)
        return NULL;
    struct publisher *publisher = endpoint->slots[stream->slot].publisher;
    return (codec == MEDIA_CODEC_OPUS) == (publisher->kind == MEDIA_AUDIO) ? publisher : NULL;
}

static void count_evidence(struct path_packet *packet)
{
    struct publisher *publisher = packet->publisher;
    if (publisher->kind == MEDIA_AUDIO) {
        publisher_flow_seen(publisher, packet->now_us);
        return;
    }
    uint32_t whole =
        frame_tracker_packet(publisher->frames, packet->received.sequence, packet->view.timestamp,
                             packet->view.marker, &packet->info);
    if (whole == 0)
        return;
    publisher->endpoint->interval.frames += whole;
    publisher_flow_seen(publisher, packet->now_us);
}

/* Numbers, losses, evidence. False: the packet is a copy or nonsense and goes nowhere. */
static bool keep_books(struct media_worker *worker, struct path_packet *packet)
{
    struct publisher *publisher = packet->publisher;
    struct endpoint *endpoint = publisher->endpoint;
    switch (packet->received.verdict) {
    case RECEIVE_DUPLICATE:
    case RECEIVE_JUMP:
        return false;
    case RECEIVE_RESTART:
        publisher_restart(publisher);
        break;
    case RECEIVE_NEW:
    case RECEIVE_LATE:
        break;
    }
    /* A payload we cannot read is forwarded all the same: the decoder decides. */
    if (!result_ok(rtp_payload_inspect(publisher->codec, packet->view.payload, &packet->info)))
        packet->info = (struct rtp_payload_info){.keyframe = false};
    if (publisher->kind == MEDIA_VIDEO)
        keyframe_request_packet(&publisher->keyframe, packet->info.keyframe, packet->view.timestamp,
                                packet->view.packet.length, packet->now_us);
    count_evidence(packet);
    if (publisher->kind == MEDIA_VIDEO && publisher->routes_open > 0) {
        nack_generator_packet(publisher->nack, packet->received.sequence, packet->info.keyframe,
                              packet->now_us);
        worker_due(worker, endpoint,
                   nack_generator_due_us(publisher->nack, endpoint_rtt_us(endpoint)));
    }
    return true;
}

static void count_arrival(struct media_worker *worker, struct endpoint *endpoint,
                          const struct rtp_view *view, size_t length)
{
    uint16_t number;
    endpoint->interval.bytes_up += length;
    if (!rtp_read_transport_cc(view, &endpoint->maps, &number))
        return;
    transport_cc_arrived(&endpoint->arrivals, number, worker->now_us);
    worker_due(worker, endpoint,
               transport_cc_due_us(&endpoint->arrivals, endpoint->bitrate_up_bps));
}

void path_open_rtp(struct media_worker *worker, struct endpoint *endpoint, uint8_t *data,
                   size_t length)
{
    struct path_packet packet = {.now_us = worker->now_us};
    bool rtx = false;
    if (endpoint->receiving == NULL) {
        counter_add(&worker->counters, COUNTER_media_drop_auth, 1);
        return;
    }
    if (!open_judge(worker, srtp_open(endpoint->receiving, data, &length)) ||
        !open_judge(worker, rtp_parse(span_of(data, length), &packet.view)))
        return;
    count_arrival(worker, endpoint, &packet.view, length);
    struct opus_red red;
    if (!path_redundancy_open(worker, endpoint, &packet.view, &red))
        return;
    enum media_codec codec = rtp_codec_of(&endpoint->maps, packet.view.payload_type, &rtx);
    struct publisher *publisher =
        codec == MEDIA_CODEC_NONE ? NULL : publisher_of(worker, endpoint, &packet.view, codec, rtx);
    if (publisher == NULL || (rtx && publisher->ssrc == 0)) {
        counter_add(&worker->counters, COUNTER_media_drop_unmapped, 1);
        return;
    }
    packet.publisher = publisher;
    if (rtx) {
        /* A probe (padding only) has done its work above. */
        if (!result_ok(rtp_rtx_unwrap(&endpoint->maps, publisher->ssrc, data, &packet.view)))
            return;
        packet.received = receive_stats_repaired(&publisher->stats, packet.view.sequence);
    } else {
        packet.received = receive_stats_packet(&publisher->stats, packet.view.sequence,
                                               packet.view.timestamp, length, packet.now_us);
        publisher->packet_us = packet.now_us;
    }
    publisher->codec = codec;
    if (!keep_books(worker, &packet))
        return;
    if (red.older_count > 0)
        path_redundancy_recover(worker, &packet, &red);
    path_route(worker, &packet);
}

void path_open_rtcp(struct media_worker *worker, struct endpoint *endpoint, uint8_t *data,
                    size_t length)
{
    if (endpoint->receiving == NULL) {
        counter_add(&worker->counters, COUNTER_media_drop_auth, 1);
        return;
    }
    if (open_judge(worker, srtcp_open(endpoint->receiving, data, &length)))
        path_rtcp_in(worker, endpoint, span_of(data, length));
}
