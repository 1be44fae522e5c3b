/* Makes one continuous outgoing stream from whatever a publisher slot sends: one per (publisher stream, subscriber slot).
 * Sequence numbers and timestamps run on without a jump when the source changes its SSRC, restarts its numbers, is
 * replaced, or was held behind a closed gate. Losses on the way to us stay visible as gaps, so that a repair that
 * comes later still finds its place.
 *
 *   start/hold ──► waiting ──(first packet; video: of a keyframe)──► anchored: out = source + offset
 *                     ▲                                                  │
 *                     └──────── hold, restart, switch ◄──────────────────┘   next out = highest out + 1
 *
 * Thread: the worker that owns both endpoints. Owner: the route. Allocates in _new only. */
#ifndef MEDIA_RTP_RTP_REWRITER_H
#define MEDIA_RTP_RTP_REWRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "media/rtp/packet_ring.h"

struct rtp_rewriter;

/* `map_packets`: how many sent packets stay known for retransmission; a power of two ≤ 4096 (0: none is kept, for audio).
 * `random` seeds first number and timestamp: the first number is in 0x1000…0x6fff, well away from 0 and from the wrap,
 * because SRTP guesses the roll-over counter from the first packet it gets (RFC 3711 §3.3.1) and that one may be late. */
MUST_CHECK enum result rtp_rewriter_new(uint32_t clock_hz, uint32_t map_packets, uint64_t random,
                                        struct rtp_rewriter **ret_rewriter);
struct rtp_rewriter *rtp_rewriter_free(struct rtp_rewriter *rewriter);

/* Gate opened, or first use. `at_keyframe` (video): nothing is forwarded until a packet a decoder can start at. */
void rtp_rewriter_start(struct rtp_rewriter *rewriter, bool at_keyframe);
/* Gate closed: nothing maps until the next start. What was sent is forgotten, so no NACK can reach it (P1). */
void rtp_rewriter_hold(struct rtp_rewriter *rewriter);
/* Same ring, but the numbers begin anew (receive_stats says RESTART, or the SSRC changed). Sent packets stay known. */
void rtp_rewriter_restart(struct rtp_rewriter *rewriter, bool at_keyframe);
/* Another publisher slot feeds this stream from now on; packets sent from the old ring are forgotten. */
void rtp_rewriter_switch(struct rtp_rewriter *rewriter, bool at_keyframe);

struct rtp_source {
    int64_t sequence; /* extended, from receive_stats */
    uint32_t timestamp;
    struct packet_handle
        packet;    /* in the publisher's ring; generation 0: not kept, cannot be retransmitted */
    bool keyframe; /* rtp_payload_info.keyframe */
};
struct rtp_place {
    uint16_t sequence;
    uint32_t timestamp;
};

/* RESULT_AGAIN: held, or waiting for a keyframe. RESULT_STALE: older than the anchor or than what may still be sent.
 * RESULT_EXISTS: this number was mapped before (only noticed while it is in the map). */
MUST_CHECK enum result rtp_rewriter_map(struct rtp_rewriter *rewriter,
                                        const struct rtp_source *source, int64_t now_us,
                                        struct rtp_place *ret_place);

/* A source packet that the subscriber does not get on purpose: what follows closes up behind its number. False, and its
 * number stays a hole, when something newer was mapped or skipped before. */
bool rtp_rewriter_skip(struct rtp_rewriter *rewriter, int64_t sequence);

/* True while waiting for a keyframe: the worker keeps asking the publisher. */
bool rtp_rewriter_wants_keyframe(const struct rtp_rewriter *rewriter);

/* True when a source packet of that number belongs to what the subscriber has had since the last start: not held, not
 * waiting, not older than the anchor. */
bool rtp_rewriter_carries(const struct rtp_rewriter *rewriter, int64_t sequence);

/* A packet that was sent. `last_repeat_us` is the retransmitter's. */
struct rtp_sent {
    struct packet_handle packet;
    struct rtp_place place;
    int64_t last_repeat_us; /* 0: never */
};
/* The sent packet with that outgoing number, NULL when unknown. Valid until the next call on the rewriter. */
struct rtp_sent *rtp_rewriter_sent(struct rtp_rewriter *rewriter, uint16_t sequence);

/* For sender reports: the publisher's RTP timestamp on our outgoing line. False while nothing is anchored. */
MUST_CHECK bool rtp_rewriter_timestamp(const struct rtp_rewriter *rewriter,
                                       uint32_t source_timestamp, uint32_t *ret_timestamp);

#endif
