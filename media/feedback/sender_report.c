#include "media/feedback/sender_report.h"

#include <string.h>

#include "gateway/base/clock.h"

#define RTT_LONGEST_US (10 * US_PER_S) /* beyond: somebody's clock or a lie */

void sender_report_init(struct sender_report *report)
{
    memset(report, 0, sizeof(*report));
}

void sender_report_count(struct sender_report *report, size_t payload_bytes)
{
    report->packets++;
    report->bytes += (uint32_t)payload_bytes;
}

bool sender_report_translate(struct sender_report *report, const struct rtp_rewriter *rewriter,
                             const struct rtcp_sender_info *publisher, int64_t now_us,
                             struct rtcp_sender_info *ret_info)
{
    uint32_t timestamp;
    if (!rtp_rewriter_timestamp(rewriter, publisher->rtp_timestamp, &timestamp))
        return false;
    *ret_info = (struct rtcp_sender_info){.ntp = publisher->ntp,
                                          .rtp_timestamp = timestamp,
                                          .packets = report->packets,
                                          .bytes = report->bytes};
    report->sent[report->next].middle_ntp = (uint32_t)(publisher->ntp >> 16);
    report->sent[report->next].sent_us = now_us;
    report->next = (uint8_t)((report->next + 1) % SENDER_REPORTS_REMEMBERED);
    return true;
}

/* RFC 3550 §6.4.1 computes with the sender's NTP clock; that clock is the publisher's, so we remember our own time for
 * each report instead. */
static void update_rtt(struct sender_report *report, const struct rtcp_report_block *block,
                       int64_t now_us)
{
    for (unsigned i = 1; i <= SENDER_REPORTS_REMEMBERED; i++) {
        unsigned at = (report->next + SENDER_REPORTS_REMEMBERED - i) % SENDER_REPORTS_REMEMBERED;
        if (report->sent[at].sent_us == 0 || report->sent[at].middle_ntp != block->last_sr)
            continue;
        int64_t delay_us = (int64_t)((uint64_t)block->delay_since_sr * US_PER_S / 65536);
        int64_t rtt_us = now_us - report->sent[at].sent_us - delay_us;
        if (rtt_us < -US_PER_MS || rtt_us > RTT_LONGEST_US)
            return;
        if (rtt_us < 1)
            rtt_us = 1; /* the peer rounds; 0 would say unknown */
        report->rtt_us = report->rtt_us == 0 ? (uint32_t)rtt_us
                                             : (uint32_t)((report->rtt_us * 7ll + rtt_us + 4) / 8);
        return;
    }
}

void sender_report_answered(struct sender_report *report, const struct rtcp_report_block *block,
                            int64_t now_us)
{
    report->loss_permille = (uint16_t)(block->fraction_lost * 1000u / 256);
    report->jitter = block->jitter;
    if (block->last_sr != 0)
        update_rtt(report, block, now_us);
}
