/* Between the gate and the pacer: of a picture in temporal layers each receiver gets as many as his line carries. What is
 * left out takes no place in his queue, and neither packet nor picture numbers show that it was there. */
#include "media/path/path.h"

#define PACKET_HEADER_BYTES 72 /* IP, UDP, RTP with our extensions, tag */

void path_layers_open(struct path_packet *packet)
{
    struct publisher *publisher = packet->publisher;
    if (publisher->kind != MEDIA_VIDEO || publisher->codec != MEDIA_CODEC_VP8 ||
        !result_ok(vp8_descriptor_parse(packet->view.payload, &packet->vp8)))
        return;
    packet->layered = packet->vp8.has_picture_id;
    layer_rates_count(&publisher->layers, packet->vp8.has_temporal_id ? packet->vp8.temporal_id : 0,
                      packet->view.payload.length + PACKET_HEADER_BYTES, packet->now_us);
}

bool path_layers_pass(struct media_worker *worker, const struct path_packet *packet,
                      struct route *route)
{
    struct subscriber *subscriber = route->subscriber;
    if (!packet->layered ||
        layer_selector_pass(&subscriber->layers, &packet->vp8, packet->info.keyframe))
        return true;
    rtp_rewriter_skip(subscriber->rewriter, packet->received.sequence);
    counter_add(&worker->counters, COUNTER_media_drop_layer, 1);
    return false;
}

/* What is left for picture when sound has had its own (P7), in equal parts. */
static uint64_t picture_budget_bps(const struct endpoint *to)
{
    uint64_t target = bandwidth_estimator_target_bps(&to->estimator), pictures = 0;
    if (to->receiver_remb_bps != 0 && (target == 0 || to->receiver_remb_bps < target))
        target = to->receiver_remb_bps;
    uint64_t sound = to->sound_sent.payload_bps +
                     (uint64_t)to->sound_sent.packets_per_s * PACKET_HEADER_BYTES * 8;
    for (uint32_t i = 0; i < to->slots_count; i++) {
        const struct subscriber *subscriber = to->slots[i].subscriber;
        if (subscriber != NULL && subscriber->kind == MEDIA_VIDEO && subscriber->route != NULL &&
            subscriber->route->open && !subscriber->route->paused)
            pictures++;
    }
    if (target == 0 || pictures == 0)
        return 0; /* unknown, or nothing to divide */
    return target > sound ? (target - sound) / pictures : 1;
}

void path_layers_choose(struct endpoint *to, int64_t now_us)
{
    uint64_t budget_bps = picture_budget_bps(to);
    for (uint32_t i = 0; i < to->slots_count; i++) {
        struct subscriber *subscriber = to->slots[i].subscriber;
        if (subscriber != NULL && subscriber->kind == MEDIA_VIDEO && subscriber->route != NULL)
            layer_selector_choose(&subscriber->layers, &subscriber->route->publisher->layers,
                                  budget_bps, now_us);
    }
}
