/* What one incoming SSRC does: extended sequence numbers, loss, jitter (RFC 3550 A.1, A.3, A.8) and the report block
 * we answer with. It is also the only place that unwraps 16-bit numbers and notices duplicates; ring, rewriter, NACK
 * generator and frame tracker get its extended numbers.
 *
 * Thread: the worker that owns the endpoint. Embedded; fields are private. */
#ifndef MEDIA_FEEDBACK_RECEIVE_STATS_H
#define MEDIA_FEEDBACK_RECEIVE_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/feedback/rtcp.h"

#define RECEIVE_STATS_SEEN_PACKETS 1024

enum receive_verdict {
    RECEIVE_NEW,       /* advances the stream (also the very first packet) */
    RECEIVE_LATE,      /* older than the newest, not seen before: reordered or repaired */
    RECEIVE_DUPLICATE, /* seen before, or too old to tell: do not forward */
    RECEIVE_JUMP,      /* far away: drop; if the next one follows it, the source has restarted */
    RECEIVE_RESTART, /* like NEW, but the numbers begin anew: restart ring, rewriters, NACK, tracker first */
};

struct received {
    enum receive_verdict verdict;
    int64_t sequence; /* extended; always > 0 and, over restarts too, growing */
};

struct receive_stats {
    uint32_t ssrc;
    uint32_t clock_hz;
    bool started;
    int64_t highest;
    int64_t first;          /* of this numbering */
    uint32_t jump_sequence; /* the number that would confirm a restart; above 16 bits: none */
    uint64_t seen[RECEIVE_STATS_SEEN_PACKETS / 64];
    uint64_t packets, bytes; /* all received, RTP header included; no repairs */
    uint64_t counted;        /* received since `first`, for loss */
    uint64_t repaired;
    uint64_t packets_reported;
    int64_t expected_prior, received_prior;
    uint32_t transit;
    uint32_t jitter_16; /* 16 × jitter, as A.8 keeps it */
    bool has_transit;
    uint64_t last_sr_ntp;
    int64_t last_sr_us;
    uint8_t fraction_lost;
};

void receive_stats_init(struct receive_stats *stats, uint32_t ssrc, uint32_t clock_hz);
/* One authenticated packet of the stream itself. `bytes` is its RTP length. */
struct received receive_stats_packet(struct receive_stats *stats, uint16_t sequence,
                                     uint32_t timestamp, size_t bytes, int64_t now_us);
/* The original out of an RTX packet: fills a hole but is no proof of the path, so loss and jitter stay as they were.
 * Verdict is NEW, LATE or DUPLICATE; never moves the stream by more than a reordering would. */
struct received receive_stats_repaired(struct receive_stats *stats, uint16_t sequence);
void receive_stats_sender_report(struct receive_stats *stats, uint64_t ntp, int64_t now_us);

/* Fills a report block and begins the next interval. False (nothing written) when nothing has arrived since the last. */
MUST_CHECK bool receive_stats_report(struct receive_stats *stats, int64_t now_us,
                                     struct rtcp_report_block *ret_block);
/* Loss of the last reported interval, and jitter in microseconds. */
uint16_t receive_stats_loss_permille(const struct receive_stats *stats);
uint32_t receive_stats_jitter_us(const struct receive_stats *stats);

#endif
