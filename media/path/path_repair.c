/* A subscriber missed a packet: it comes again from the publisher's ring, as RTX with its own number (RFC 4588), because
 * the same SRTP number may never be sealed twice. */
#include "media/path/path.h"

void path_repair(struct media_worker *worker, struct subscriber *subscriber, uint16_t sequence)
{
    struct route *route = subscriber->route;
    struct endpoint *to = subscriber->endpoint;
    const struct net_address *at = ice_peer_selected(&to->ice);
    if (route == NULL || !route->open || route->publisher->ring == NULL ||
        subscriber->rtx_ssrc == 0 || at == NULL)
        return;
    struct rtp_sent sent;
    struct rtp_view view;
    struct span packet;
    uint16_t rtx_sequence;
    if (!result_ok(retransmitter_take(&subscriber->retransmitter, subscriber->rewriter, sequence,
                                      endpoint_rtt_us(to), worker->now_us, &sent, &rtx_sequence)) ||
        !result_ok(packet_ring_get(route->publisher->ring, sent.packet, &packet)) ||
        !result_ok(rtp_parse(packet, &view)))
        return;
    struct rtp_forward forward = {
        .from = &route->publisher->endpoint->maps,
        .to = &to->maps,
        .mid = to->slots[subscriber->slot].info.mid,
        .ssrc = subscriber->rtx_ssrc,
        .playout_delay = subscriber->playout_delay,
        .place = {.sequence = rtx_sequence, .timestamp = sent.place.timestamp},
        .rtx = true,
        .original_sequence = sent.place.sequence,
    };
    uint8_t *place = path_reserve(worker, at);
    struct rtp_patch patch;
    size_t length = 0;
    if (place == NULL ||
        !result_ok(rtp_forward_write(&forward, &view, place, PATH_PLAIN_MAX, &length, &patch)) ||
        (route->publisher->codec == MEDIA_CODEC_VP8 &&
         !layer_selector_rewrite(&subscriber->layers, place + length - view.payload.length,
                                 view.payload.length)) ||
        !path_seal_rtp(worker, to, place, length, &patch))
        return;
    retransmitter_sent(&subscriber->retransmitter, length);
    counter_add(&worker->counters, COUNTER_media_retransmitted, 1);
}
