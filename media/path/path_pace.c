/* Between routing and rewriting: picture waits here for its turn on the line of its receiver, before it has a number of
 * ours. Also what leaves on the clock alone: the packets whose turn has come, and the padding of a probe. */
#include "media/path/path.h"

#define PACE_PERCENT         250    /* of the target */
#define PACE_PRESSED_PERCENT 150    /* while the queue in front of the receiver has been growing */
#define PADDINGS_MAX         16     /* of one tick */
#define PICTURE_HELD_BPS     300000 /* told less, a browser may send no picture at all */
#define PROBE_PICTURE_US     2000000 /* without picture for so long it is a call of sound: no probes */

static void pass(struct media_worker *worker, const struct path_packet *packet, struct route *route,
                 bool anew)
{
    if (anew)
        rtp_rewriter_restart(route->subscriber->rewriter, true);
    path_rewrite(worker, packet, route);
}

/* A stream was dropped up to its next keyframe: that one has to be asked for. */
static void take_dropped(struct media_worker *worker, struct endpoint *to)
{
    uint16_t starved;
    uint32_t dropped = pacer_take_dropped(&to->pacer, &starved);
    counter_add(&worker->counters, COUNTER_media_drop_late, dropped);
    for (uint32_t i = 0; starved != 0 && i < to->slots_count; i++) {
        const struct subscriber *subscriber = to->slots[i].subscriber;
        if ((starved >> i & 1) == 0 || subscriber == NULL || subscriber->route == NULL)
            continue;
        struct publisher *publisher = subscriber->route->publisher;
        keyframe_request_want(&publisher->keyframe);
        worker_due(worker, publisher->endpoint, publisher_keyframe_due_us(publisher));
    }
}

void path_pace(struct media_worker *worker, const struct path_packet *packet, struct route *route)
{
    struct endpoint *to = route->subscriber->endpoint;
    /* Without an estimate there is no pace; what is not in the ring cannot wait. */
    if (packet->publisher->kind != MEDIA_VIDEO || to->pacer.rate_bps == 0 ||
        packet->stored.generation == 0) {
        path_rewrite(worker, packet, route);
        return;
    }
    struct pacer_packet paced = {
        .packet = packet->stored,
        .sequence = packet->received.sequence,
        .timestamp = packet->view.timestamp,
        .bytes = (uint16_t)packet->view.packet.length,
        .slot = route->subscriber->slot,
        .keyframe = packet->info.keyframe,
    };
    switch (pacer_offer(&to->pacer, &paced, packet->now_us)) {
    case PACER_SEND:
        pass(worker, packet, route, paced.anew);
        return;
    case PACER_WAIT:
        counter_add(&worker->counters, COUNTER_media_paced, 1);
        worker_due(worker, to, pacer_due_us(&to->pacer));
        break;
    case PACER_DROPPED:
        break;
    }
    take_dropped(worker, to);
}

/* The packet as it was when it came, from the publisher's ring. */
static bool packet_again(const struct pacer_packet *paced, struct publisher *publisher,
                         int64_t now_us, struct path_packet *ret_packet)
{
    struct span bytes;
    *ret_packet = (struct path_packet){
        .publisher = publisher,
        .info = {.keyframe = paced->keyframe},
        .received = {.sequence = paced->sequence},
        .stored = paced->packet,
        .now_us = now_us,
    };
    return publisher->ring != NULL &&
           result_ok(packet_ring_get(publisher->ring, paced->packet, &bytes)) &&
           result_ok(rtp_parse(bytes, &ret_packet->view));
}

static void send_waiting(struct media_worker *worker, struct endpoint *to, int64_t now_us)
{
    struct pacer_packet paced;
    while (pacer_take(&to->pacer, now_us, &paced)) {
        struct subscriber *subscriber = to->slots[paced.slot].subscriber;
        struct route *route = subscriber != NULL ? subscriber->route : NULL;
        uint32_t waited_us = (uint32_t)(now_us - paced.queued_us);
        struct path_packet packet;
        if (route == NULL || !route->open) /* closing it emptied its queue */
            continue;
        if (waited_us > to->interval.queue_us)
            to->interval.queue_us = waited_us;
        counter_add(&worker->counters, COUNTER_media_paced_us, waited_us);
        if (packet_again(&paced, route->publisher, now_us, &packet))
            pass(worker, &packet, route, paced.anew);
        else
            counter_add(&worker->counters, COUNTER_media_drop_overwritten, 1);
    }
    take_dropped(worker, to);
}

/* Its picture flows, or it is us who hold it down (its sender is told to pause what the ladder pauses, and a browser that
 * is told little stops by itself): then only a probe can bring it back. */
static bool picture_expected(const struct route *route, int64_t now_us)
{
    const struct publisher *publisher = route->publisher;
    if (publisher->packet_us == 0)
        return false;
    return now_us - publisher->packet_us < PROBE_PICTURE_US || route->paused ||
           (publisher->remb.told_bps != 0 && publisher->remb.told_bps < PICTURE_HELD_BPS);
}

/* A picture slot that has sent: its RTX numbers are what padding uses. */
static struct subscriber *probe_carrier(const struct endpoint *to, int64_t now_us)
{
    for (uint32_t i = 0; i < to->slots_count; i++) {
        struct subscriber *subscriber = to->slots[i].subscriber;
        if (subscriber == NULL || subscriber->kind != MEDIA_VIDEO || subscriber->route == NULL ||
            !subscriber->route->open || subscriber->rtx_ssrc == 0)
            continue;
        const struct publisher *publisher = subscriber->route->publisher;
        if (subscriber->report.packets > 0 && picture_expected(subscriber->route, now_us) &&
            to->maps.rtx_payload_type[publisher->codec] != 0)
            return subscriber;
    }
    return NULL;
}

static void send_padding(struct media_worker *worker, struct endpoint *to,
                         struct subscriber *subscriber)
{
    struct rtp_forward forward = {
        .to = &to->maps,
        .mid = to->slots[subscriber->slot].info.mid,
        .ssrc = subscriber->rtx_ssrc,
        .rtx = true,
        .place = {.sequence = retransmitter_padding(&subscriber->retransmitter)},
    };
    uint8_t *place = path_reserve(worker, ice_peer_selected(&to->ice));
    struct rtp_patch patch;
    size_t length = 0;
    if (place == NULL ||
        !result_ok(rtp_padding_write(&forward, subscriber->route->publisher->codec,
                                     (uint8_t)probe_padding_bytes(&to->estimator.probe), place,
                                     PATH_PLAIN_MAX, &length, &patch)) ||
        !path_seal_rtp(worker, to, place, length, &patch))
        return;
    counter_add(&worker->counters, COUNTER_media_padding, 1);
}

/* What the open pictures would like to have; 0 when nothing could carry a probe. */
static uint64_t wanted_bps(const struct endpoint *to, int64_t now_us)
{
    uint64_t wanted = 0;
    if (to->maps.extension_id[MEDIA_EXTENSION_TRANSPORT_CC] == 0 ||
        probe_carrier(to, now_us) == NULL)
        return 0;
    for (uint32_t i = 0; i < to->slots_count; i++) {
        const struct subscriber *subscriber = to->slots[i].subscriber;
        if (subscriber != NULL && subscriber->kind == MEDIA_VIDEO && subscriber->route != NULL &&
            subscriber->route->open)
            wanted += REMB_HIGHEST_BPS;
    }
    return wanted;
}

int64_t path_pace_tick(struct endpoint *to, int64_t now_us)
{
    struct media_worker *worker = to->worker;
    struct bandwidth_estimator *estimator = &to->estimator;
    bandwidth_estimator_tick(estimator, wanted_bps(to, now_us), now_us);
    uint64_t percent =
        bandwidth_estimator_pressed(estimator, now_us) ? PACE_PRESSED_PERCENT : PACE_PERCENT;
    pacer_set_rate(&to->pacer, bandwidth_estimator_target_bps(estimator) * percent / 100);
    path_layers_choose(to, now_us);
    send_waiting(worker, to, now_us);
    struct subscriber *carrier = probe_carrier(to, now_us);
    for (int i = 0;
         i < PADDINGS_MAX && carrier != NULL && probe_owed(&estimator->probe, now_us) > 0; i++)
        send_padding(worker, to, carrier);
    int64_t due_us = bandwidth_estimator_due_us(estimator);
    return pacer_due_us(&to->pacer) < due_us ? pacer_due_us(&to->pacer) : due_us;
}
