/* Beside the walk, for sound: a packet may repeat the frames before it (RFC 2198). Taken off after step 3, so that every step
 * after it sees plain Opus; put on in step 5 for a subscriber whose own line loses. */
#include "media/path/path.h"

#include <string.h>

/* Header, extension block and what sealing adds have to fit in MEDIA_MTU beside it. */
#define REDUNDANT_PAYLOAD_MAX (MEDIA_MTU - 100)

bool path_redundancy_open(struct media_worker *worker, const struct endpoint *endpoint,
                          struct rtp_view *view, struct opus_red *ret_red)
{
    const struct media_maps *maps = &endpoint->maps;
    ret_red->older_count = 0;
    if (maps->red_payload_type == 0 || view->payload_type != maps->red_payload_type)
        return true;
    if (!result_ok(opus_red_parse(view->payload, view->timestamp,
                                  maps->payload_type[MEDIA_CODEC_OPUS], ret_red))) {
        counter_add(&worker->counters, COUNTER_media_drop_malformed, 1);
        return false;
    }
    view->payload_type = maps->payload_type[MEDIA_CODEC_OPUS];
    view->payload = ret_red->primary.payload;
    return true;
}

void path_redundancy_recover(struct media_worker *worker, const struct path_packet *packet,
                             const struct opus_red *red)
{
    struct publisher *publisher = packet->publisher;
    if (publisher->routes_open == 0 || publisher->sound == NULL)
        return;
    for (uint32_t i = red->older_count; i > 0; i--) { /* in the order they were said */
        const struct opus_frame *frame = &red->older[i - 1];
        int64_t sequence = packet->received.sequence - (int64_t)i;
        if (frame->payload.length == 0 || !opus_history_accepts(publisher->sound, sequence))
            continue;
        struct path_packet lost = *packet;
        lost.received = receive_stats_repaired(&publisher->stats, (uint16_t)sequence);
        if (lost.received.verdict != RECEIVE_LATE || lost.received.sequence != sequence)
            continue;
        lost.view.payload = frame->payload;
        lost.view.timestamp = frame->timestamp;
        lost.view.marker = false;
        lost.view.extensions.length = 0; /* the audio level is that of the later frame */
        lost.older_by = (uint8_t)i;
        counter_add(&worker->counters, COUNTER_media_sound_recovered, 1);
        path_route(worker, &lost);
    }
}

struct span path_redundancy_write(const struct path_packet *packet,
                                  const struct subscriber *subscriber, uint8_t *storage,
                                  size_t size)
{
    const struct publisher *publisher = packet->publisher;
    const struct media_maps *to = &subscriber->endpoint->maps;
    struct bytes_writer writer =
        bytes_writer_of(storage, size < REDUNDANT_PAYLOAD_MAX ? size : REDUNDANT_PAYLOAD_MAX);
    struct opus_frame frame = {.payload = packet->view.payload,
                               .timestamp = packet->view.timestamp};
    unsigned distance = subscriber->redundancy;
    if (publisher->sound == NULL || to->red_payload_type == 0 || packet->older_by > 0)
        return span_of(storage, 0);
    /* What this subscriber was not sent, because his gate was closed, is not repeated to him (P1). */
    while (distance > 0 &&
           !rtp_rewriter_carries(subscriber->rewriter, packet->received.sequence - distance))
        distance--;
    unsigned older = opus_red_write(publisher->sound, packet->received.sequence, &frame, distance,
                                    1, to->payload_type[MEDIA_CODEC_OPUS], &writer);
    return span_of(storage, older > 0 && !writer.overflowed ? writer.used : 0);
}
