#include "media/rtp/frame_tracker.h"

#include <string.h>

_Static_assert((FRAME_TRACKER_PACKETS & (FRAME_TRACKER_PACKETS - 1)) == 0, "a power of two");

enum frame_flag { FRAME_PRESENT = 1, FRAME_START = 2, FRAME_MARKER = 4, FRAME_COUNTED = 8 };

void frame_tracker_init(struct frame_tracker *tracker)
{
    memset(tracker, 0, sizeof(*tracker));
}

void frame_tracker_restart(struct frame_tracker *tracker)
{
    frame_tracker_init(tracker);
}

/* NULL when that packet has not arrived or has left the window. */
static struct frame_tracker_packet *packet_at(struct frame_tracker *tracker, int64_t sequence)
{
    struct frame_tracker_packet *packet =
        &tracker->packets[(uint64_t)sequence % FRAME_TRACKER_PACKETS];
    bool here = (packet->flags & FRAME_PRESENT) != 0 && packet->sequence_low == (uint32_t)sequence;
    return here ? packet : NULL;
}

/* The last packet of the frame `sequence` is in, NULL while something up to there is missing. Looked for first: packets
 * in order end here at once, so a frame costs one walk, not one a packet. */
static struct frame_tracker_packet *frame_end(struct frame_tracker *tracker, int64_t sequence)
{
    struct frame_tracker_packet *packet = packet_at(tracker, sequence);
    while (packet != NULL && (packet->flags & FRAME_MARKER) == 0) {
        struct frame_tracker_packet *next = packet_at(tracker, ++sequence);
        packet = next != NULL && next->timestamp == packet->timestamp ? next : NULL;
    }
    return packet;
}

/* From `sequence`, which is here, back to the first packet of its timestamp: is that where the frame begins? It is when
 * the one before belongs to another frame, or, that one missing, when its payload says so. */
static bool frame_begins(struct frame_tracker *tracker, int64_t sequence)
{
    const struct frame_tracker_packet *packet = packet_at(tracker, sequence);
    for (int steps = 0; steps < FRAME_TRACKER_PACKETS; steps++) {
        const struct frame_tracker_packet *before = packet_at(tracker, --sequence);
        if (before == NULL)
            return (packet->flags & FRAME_START) != 0;
        if (before->timestamp != packet->timestamp || (before->flags & FRAME_MARKER) != 0)
            return true;
        packet = before;
    }
    return false;
}

static uint32_t count_frame_of(struct frame_tracker *tracker, int64_t sequence)
{
    struct frame_tracker_packet *end = frame_end(tracker, sequence);
    if (end == NULL || (end->flags & FRAME_COUNTED) != 0 || !frame_begins(tracker, sequence))
        return 0;
    end->flags |= FRAME_COUNTED;
    return 1;
}

uint32_t frame_tracker_packet(struct frame_tracker *tracker, int64_t sequence, uint32_t timestamp,
                              bool marker, const struct rtp_payload_info *info)
{
    if (!tracker->started || sequence > tracker->highest) {
        tracker->highest = sequence;
        tracker->started = true;
    }
    if (tracker->highest - sequence >= FRAME_TRACKER_PACKETS ||
        packet_at(tracker, sequence) != NULL)
        return 0;
    tracker->packets[(uint64_t)sequence % FRAME_TRACKER_PACKETS] = (struct frame_tracker_packet){
        .sequence_low = (uint32_t)sequence,
        .timestamp = timestamp,
        .flags = (uint8_t)(FRAME_PRESENT | (marker ? FRAME_MARKER : 0) |
                           (info->frame_start ? FRAME_START : 0)),
    };
    uint32_t whole = count_frame_of(tracker, sequence);
    if (packet_at(tracker, sequence + 1) != NULL)
        whole += count_frame_of(tracker, sequence + 1);
    return whole;
}
