#include "media/feedback/retransmitter.h"

#include <string.h>

#define RTT_UNKNOWN_US 100000

void retransmitter_init(struct retransmitter *retransmitter, uint64_t random)
{
    memset(retransmitter, 0, sizeof(*retransmitter));
    retransmitter->next_sequence = (uint16_t)(0x1000 + random % 0x6000);
}

/* The share is taken over this window and the one before, so a loss early in a window is answered too. */
static void roll(struct retransmitter *retransmitter, int64_t now_us)
{
    int64_t passed_us = now_us - retransmitter->window_us;
    if (passed_us < RETRANSMIT_WINDOW_US)
        return;
    bool next = passed_us < 2 * RETRANSMIT_WINDOW_US;
    retransmitter->sent_bytes_before = next ? retransmitter->sent_bytes : 0;
    retransmitter->repeat_bytes_before = next ? retransmitter->repeat_bytes : 0;
    retransmitter->sent_bytes = 0;
    retransmitter->repeat_bytes = 0;
    retransmitter->window_us = now_us;
}

void retransmitter_count(struct retransmitter *retransmitter, size_t bytes, int64_t now_us)
{
    roll(retransmitter, now_us);
    retransmitter->sent_bytes += bytes;
}

static bool within_share(const struct retransmitter *retransmitter)
{
    uint64_t sent = retransmitter->sent_bytes + retransmitter->sent_bytes_before;
    uint64_t repeated = retransmitter->repeat_bytes + retransmitter->repeat_bytes_before;
    uint64_t share = sent * RETRANSMIT_SHARE_PERCENT / 100;
    if (share < RETRANSMIT_FLOOR_BYTES)
        share = RETRANSMIT_FLOOR_BYTES;
    return repeated + MEDIA_MTU <= share;
}

enum result retransmitter_take(struct retransmitter *retransmitter, struct rtp_rewriter *rewriter,
                               uint16_t sequence, uint32_t rtt_us, int64_t now_us,
                               struct rtp_sent *ret_sent, uint16_t *ret_rtx_sequence)
{
    struct rtp_sent *sent = rtp_rewriter_sent(rewriter, sequence);
    if (sent == NULL)
        return RESULT_NOT_FOUND;
    int64_t spacing_us = rtt_us == 0 ? RTT_UNKNOWN_US : rtt_us;
    if (sent->last_repeat_us != 0 && now_us - sent->last_repeat_us < spacing_us)
        return RESULT_AGAIN;
    roll(retransmitter, now_us);
    if (!within_share(retransmitter))
        return RESULT_TOO_MANY;
    sent->last_repeat_us = now_us;
    *ret_sent = *sent;
    *ret_rtx_sequence = retransmitter->next_sequence++;
    return RESULT_OK;
}

uint16_t retransmitter_padding(struct retransmitter *retransmitter)
{
    return retransmitter->next_sequence++;
}

void retransmitter_sent(struct retransmitter *retransmitter, size_t bytes)
{
    retransmitter->repeat_bytes += bytes;
}
