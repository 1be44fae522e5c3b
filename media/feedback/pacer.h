/* Between the relay and the line of one browser: picture packets leave no faster than the line takes them, and wait here,
 * not in front of somebody else's sound. Sound, repairs and feedback do not wait; what they take is counted.
 *
 *   picture ──► room on the line and nobody waits? ──yes──► goes at once
 *                    │ no
 *                    ▼
 *               queue of handles into the publishers' rings ──(time refills the line)──► goes, and only then gets a number
 *                    │ head waited too long
 *                    ▼
 *               that stream is dropped up to its next keyframe, which is asked for
 *
 * What is dropped never had a number, so the browser sees no gap and asks for nothing back.
 * Thread: the worker that owns the endpoint. Embedded, no allocation; time is a parameter; fields are private.
 * Bound: PACER_PACKETS_MAX packets, PACER_WAIT_MAX_US (a delta) or PACER_WAIT_KEYFRAME_US (a keyframe, and what is behind it). */
#ifndef MEDIA_FEEDBACK_PACER_H
#define MEDIA_FEEDBACK_PACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "media/media_limits.h"
#include "media/rtp/packet_ring.h"

#define PACER_PACKETS_MAX 256
#define PACER_WAIT_MAX_US 500000
#define PACER_WAIT_KEYFRAME_US                                                                     \
    2000000                  /* a keyframe is worth the wait: another one would be no smaller */
#define PACER_BURST_US 20000 /* so far ahead of its pace a packet may leave */

_Static_assert(MEDIA_SLOTS_MAX <= 16, "a bit a slot");

struct pacer_packet {
    struct packet_handle packet; /* in the ring of the publisher that feeds the slot */
    int64_t sequence;            /* extended, the publisher's */
    int64_t queued_us;
    int64_t deadline_us;
    uint32_t timestamp;
    uint16_t bytes;
    uint8_t slot;     /* of the endpoint it goes to */
    bool keyframe;    /* rtp_payload_info.keyframe: a decoder can start at this packet */
    bool of_keyframe; /* it belongs to the same frame as such a packet */
    bool anew;        /* something before it was dropped: its stream has to be anchored anew */
};
struct pacer {
    struct pacer_packet packets[PACER_PACKETS_MAX]; /* ring, in the order of arrival */
    uint32_t first, count;
    uint32_t bytes, keyframe_bytes; /* waiting */
    uint64_t rate_bps;              /* 0: no pace is known, everything goes at once */
    int64_t free_us;                /* when the line has taken all that was sent */
    uint16_t skipping;              /* a bit a slot: nothing goes until its next keyframe */
    uint16_t starved;               /* a bit a slot: a keyframe has to be asked for */
    uint16_t in_keyframe;           /* a bit a slot: the newest frame is a keyframe */
    uint32_t keyframe_timestamp[MEDIA_SLOTS_MAX];
    uint32_t dropped; /* not taken yet by pacer_take_dropped */
};

void pacer_init(struct pacer *pacer);
/* 0: unknown. */
void pacer_set_rate(struct pacer *pacer, uint64_t rate_bps);

enum pacer_verdict {
    PACER_SEND,    /* goes now; packet->anew is set */
    PACER_WAIT,    /* kept; comes out of pacer_take */
    PACER_DROPPED, /* nothing may be sent of this stream before its next keyframe */
};
/* A picture packet of packet->bytes. The caller fills packet, sequence, timestamp, bytes, slot and keyframe. */
MUST_CHECK enum pacer_verdict pacer_offer(struct pacer *pacer, struct pacer_packet *packet,
                                          int64_t now_us);
/* The next packet that may leave now; call until false. What waited too long has been dropped before. */
MUST_CHECK bool pacer_take(struct pacer *pacer, int64_t now_us, struct pacer_packet *ret_packet);
/* Every packet that leaves towards the browser, whatever it is. */
void pacer_sent(struct pacer *pacer, size_t bytes, int64_t now_us);
/* The gate of the slot closed, or its stream began anew: what waits is forgotten. */
void pacer_forget(struct pacer *pacer, uint8_t slot);
/* When pacer_take has something to do; INT64_MAX: nothing waits. */
int64_t pacer_due_us(const struct pacer *pacer);
/* How long the oldest packet has been waiting; 0: none. */
int64_t pacer_delay_us(const struct pacer *pacer, int64_t now_us);
/* Packets dropped since the last call; `ret_starved` has a bit for each slot that needs a keyframe. */
uint32_t pacer_take_dropped(struct pacer *pacer, uint16_t *ret_starved);

#endif
