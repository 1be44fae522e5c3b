/* Decides which NACKed packets one subscriber slot gets again: each packet at most once per RTT, all of them together at
 * most 15 % of what is sent (a 128 kbit/s link must not drown in repairs). Chooses the RTX numbers.
 *
 * Use: for each NACKed number retransmitter_take() → packet_ring_get → rtp_forward_write(rtx) → seal → send →
 * retransmitter_sent().
 * Thread: the worker that owns the subscriber. Embedded, no allocation; fields are private. */
#ifndef MEDIA_FEEDBACK_RETRANSMITTER_H
#define MEDIA_FEEDBACK_RETRANSMITTER_H

#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "media/rtp/rtp_rewriter.h"

#define RETRANSMIT_SHARE_PERCENT 15
#define RETRANSMIT_WINDOW_US     1000000
#define RETRANSMIT_FLOOR_BYTES                                                                     \
    4800 /* per window whatever the rate: a few packets, or a slow stream gets no repair at all */

struct retransmitter {
    uint16_t next_sequence;
    int64_t window_us;
    uint64_t sent_bytes, repeat_bytes;               /* this window */
    uint64_t sent_bytes_before, repeat_bytes_before; /* the window before */
};

/* `random` gives the first RTX number, chosen like the rewriter's. */
void retransmitter_init(struct retransmitter *retransmitter, uint64_t random);
/* Every packet of the slot's own stream that was sent, in RTP bytes. */
void retransmitter_count(struct retransmitter *retransmitter, size_t bytes, int64_t now_us);

/* RESULT_NOT_FOUND: not sent by us, or too long ago. RESULT_AGAIN: repeated less than an RTT ago.
 * RESULT_TOO_MANY: over the share. On RESULT_OK the RTX number is used up and the repeat is booked for the RTT. */
MUST_CHECK enum result retransmitter_take(struct retransmitter *retransmitter,
                                          struct rtp_rewriter *rewriter, uint16_t sequence,
                                          uint32_t rtt_us, int64_t now_us,
                                          struct rtp_sent *ret_sent, uint16_t *ret_rtx_sequence);
/* The RTX number for a packet of padding alone. */
uint16_t retransmitter_padding(struct retransmitter *retransmitter);
void retransmitter_sent(struct retransmitter *retransmitter, size_t bytes);

#endif
