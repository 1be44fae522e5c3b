/* The ladder of one receiver at work: feeds it with what is known of his line, pauses his pictures, sets how much of the
 * sound is repeated for him, and tells control. */
#include "gateway/base/clock.h"
#include "media/endpoint/endpoint.h"
#include "media/worker/worker_state.h"

#define TICK_US                US_PER_S
#define PLAYOUT_DELAY_MOST_MS  400
#define PLAYOUT_DELAY_LIMIT_MS 2000
#define PACKET_HEADER_BYTES    72 /* IP, UDP, RTP with our extensions, tag */

static uint32_t per_second(uint32_t count, int64_t over_us)
{
    return (uint32_t)((uint64_t)count * US_PER_S / (uint64_t)over_us);
}

/* What went to this receiver since the last tick. */
static void measure(struct endpoint *endpoint, int64_t over_us)
{
    uint32_t sent = 0, sound_bytes = 0, sound_packets = 0;
    for (uint32_t i = 0; i < endpoint->slots_count; i++) {
        struct subscriber *subscriber = endpoint->slots[i].subscriber;
        if (subscriber == NULL)
            continue;
        uint32_t packets = subscriber->report.packets - subscriber->measured.packets;
        sent +=
            subscriber->report.bytes - subscriber->measured.bytes + packets * PACKET_HEADER_BYTES;
        if (subscriber->kind == MEDIA_AUDIO) {
            sound_packets += packets;
            sound_bytes += subscriber->plain_bytes - subscriber->measured.plain_bytes;
        }
        subscriber->measured.packets = subscriber->report.packets;
        subscriber->measured.bytes = subscriber->report.bytes;
        subscriber->measured.plain_bytes = subscriber->plain_bytes;
    }
    endpoint->sent_bps = per_second(sent, over_us) * 8;
    endpoint->sound_sent.payload_bps = per_second(sound_bytes, over_us) * 8;
    endpoint->sound_sent.packets_per_s = per_second(sound_packets, over_us);
}

static void tell(struct endpoint *endpoint, enum media_rung before)
{
    const struct ladder *ladder = &endpoint->ladder;
    struct ladder_sound_wish wish = ladder_sound_wish(ladder);
    struct media_event event = {.kind = MEDIA_EVENT_LADDER,
                                .ladder = {.rung = ladder->rung,
                                           .before = before,
                                           .lossy = ladder->lossy,
                                           .sound_bps = wish.bitrate_bps,
                                           .sound_frame_ms = wish.frame_ms}};
    endpoint_event(endpoint, &event);
    if (ladder->rung != before)
        counter_add(&endpoint->worker->counters,
                    ladder->rung < before ? COUNTER_media_ladder_down : COUNTER_media_ladder_up, 1);
}

/* A lost packet of picture is asked for and comes again: detecting, one round trip, a little jitter. The receiver that waits
 * so long shows a slower picture in place of one that stands. On a clean line it decides alone, as before. */
static struct rtp_playout_delay playout_delay(const struct ladder *ladder,
                                              const struct link_state *link)
{
    uint32_t repair_ms = 80 + (link->rtt_known ? link->rtt_us / 1000 * 3 / 2 : 100);
    if (!ladder->lossy)
        return (struct rtp_playout_delay){.maximum_ms = 0};
    if (repair_ms > PLAYOUT_DELAY_MOST_MS)
        repair_ms = PLAYOUT_DELAY_MOST_MS;
    return (struct rtp_playout_delay){.minimum_ms = (uint16_t)repair_ms,
                                      .maximum_ms = PLAYOUT_DELAY_LIMIT_MS};
}

static void step(struct endpoint *endpoint, int64_t now_us)
{
    struct link_state link;
    enum media_rung before = endpoint->ladder.rung;
    endpoint_link_state(endpoint, now_us, &link);
    bool changed = ladder_update(&endpoint->ladder, &link, endpoint->sent_bps, now_us);
    uint8_t redundancy = ladder_redundancy(&endpoint->ladder, &link, &endpoint->sound_sent);
    bool paused = !media_rung_has_picture(endpoint->ladder.rung);
    for (uint32_t i = 0; i < endpoint->slots_count; i++) {
        struct subscriber *subscriber = endpoint->slots[i].subscriber;
        if (subscriber == NULL)
            continue;
        if (subscriber->kind == MEDIA_AUDIO)
            subscriber->redundancy = endpoint->maps.red_payload_type != 0 ? redundancy : 0;
        else
            subscriber->playout_delay = playout_delay(&endpoint->ladder, &link);
        if (subscriber->kind == MEDIA_VIDEO && subscriber->route != NULL)
            route_set_paused(subscriber->route, paused, now_us);
    }
    if (changed)
        tell(endpoint, before);
}

void endpoint_ladder_feedback(struct endpoint *endpoint, int64_t now_us)
{
    step(endpoint, now_us);
}

int64_t endpoint_ladder_tick(struct endpoint *endpoint, int64_t now_us)
{
    int64_t over_us = now_us - endpoint->ladder_us;
    if (over_us < TICK_US)
        return endpoint->ladder_us + TICK_US;
    measure(endpoint, over_us);
    endpoint->ladder_us = now_us;
    step(endpoint, now_us);
    return now_us + TICK_US;
}
