/* Step 5: the packet in the subscriber's numbers. */
#include "media/path/path.h"

static bool can_receive(const struct endpoint *endpoint)
{
    return endpoint->sending != NULL && ice_peer_selected(&endpoint->ice) != NULL;
}

void path_rewrite(struct media_worker *worker, const struct path_packet *packet,
                  struct route *route)
{
    struct subscriber *subscriber = route->subscriber;
    struct endpoint *from = packet->publisher->endpoint, *to = subscriber->endpoint;
    if (!can_receive(to))
        return;
    /* Recovered sound neither begins a stream nor comes a second time beside the redundancy of the packet it is from. */
    if (packet->older_by > 0 &&
        (packet->older_by <= subscriber->redundancy ||
         !rtp_rewriter_carries(subscriber->rewriter, packet->received.sequence)))
        return;
    /* A probe that is padding alone says nothing to a receiver, but its number has to be used, or it looks lost. */
    struct rtp_source source = {
        .sequence = packet->received.sequence,
        .timestamp = packet->view.timestamp,
        .packet = packet->stored,
        .keyframe = packet->info.keyframe,
    };
    struct rtp_forward forward = {
        .from = &from->maps,
        .to = &to->maps,
        .mid = to->slots[subscriber->slot].info.mid,
        .ssrc = subscriber->ssrc,
        .playout_delay = subscriber->playout_delay,
    };
    if (!result_ok(
            rtp_rewriter_map(subscriber->rewriter, &source, packet->now_us, &forward.place))) {
        if (rtp_rewriter_wants_keyframe(subscriber->rewriter)) {
            keyframe_request_want(&packet->publisher->keyframe);
            worker_due(worker, from, publisher_keyframe_due_us(packet->publisher));
        }
        return;
    }
    struct rtp_view view = packet->view;
    uint8_t redundant[MEDIA_MTU];
    if (subscriber->redundancy > 0) {
        struct span payload =
            path_redundancy_write(packet, subscriber, redundant, sizeof(redundant));
        forward.red = payload.length > 0;
        if (forward.red)
            view.payload = payload;
    }
    uint8_t *place = path_reserve(worker, ice_peer_selected(&to->ice));
    struct rtp_patch patch;
    size_t length = 0;
    if (place == NULL)
        return;
    if (!result_ok(rtp_forward_write(&forward, &view, place, PATH_PLAIN_MAX, &length, &patch))) {
        counter_add(&worker->counters, COUNTER_media_drop_unmapped, 1);
        return;
    }
    if (packet->publisher->codec == MEDIA_CODEC_VP8 &&
        !layer_selector_rewrite(&subscriber->layers, place + length - view.payload.length,
                                view.payload.length))
        return;
    if (!path_seal_rtp(worker, to, place, length, &patch))
        return;
    counter_add(&worker->counters, COUNTER_media_forwarded, 1);
    from->forwarded++;
    retransmitter_count(&subscriber->retransmitter, length, packet->now_us);
    sender_report_count(&subscriber->report, view.payload.length);
    subscriber->plain_bytes += (uint32_t)packet->view.payload.length;
    if (forward.red)
        counter_add(&worker->counters, COUNTER_media_sound_redundant, 1);
}
