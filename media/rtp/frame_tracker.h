/* Counts whole pictures of one video publisher: every sequence number from the frame's start to its marker is here.
 * A frame with a hole is not whole until the repair (RTX) has arrived. Used as evidence that a picture really flows.
 *
 * Thread: the worker that owns the publisher. Embedded, no allocation; about 6 kB. Fields are private.
 * Order: numbers come from receive_stats; call frame_tracker_restart() when that says RESTART or the SSRC changes. */
#ifndef MEDIA_RTP_FRAME_TRACKER_H
#define MEDIA_RTP_FRAME_TRACKER_H

#include <stdbool.h>
#include <stdint.h>

#include "media/rtp/rtp_packet.h"
#include "media/rtp/rtp_payload.h"

#define FRAME_TRACKER_PACKETS 512 /* window; a larger frame or a later repair is not counted */

struct frame_tracker_packet {
    uint32_t
        sequence_low; /* low bits of the extended number, tells generations of one place apart */
    uint32_t timestamp;
    uint8_t flags;
};
struct frame_tracker {
    struct frame_tracker_packet packets[FRAME_TRACKER_PACKETS];
    int64_t highest;
    bool started;
};

void frame_tracker_init(struct frame_tracker *tracker);
void frame_tracker_restart(struct frame_tracker *tracker);
/* One new packet (in any order, repairs included; a duplicate is harmless). `sequence` is the extended number.
 * Returns how many frames became whole by it: 0, 1, or more when it also proves where the next one starts. */
uint32_t frame_tracker_packet(struct frame_tracker *tracker, int64_t sequence, uint32_t timestamp,
                              bool marker, const struct rtp_payload_info *info);

#endif
