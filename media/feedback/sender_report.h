/* Sender reports for the streams we forward (RFC 3550 §6.4.1): the publisher's own NTP↔RTP pair, moved to our timestamps,
 * with our counts. Making the pair from arrival times instead would turn uplink delay into lip-sync error.
 * Thread: the worker that owns the subscriber. Embedded, no allocation; fields are private. */
#ifndef MEDIA_FEEDBACK_SENDER_REPORT_H
#define MEDIA_FEEDBACK_SENDER_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "media/feedback/rtcp.h"
#include "media/rtp/rtp_rewriter.h"

#define SENDER_REPORTS_REMEMBERED 8

/* Of one outgoing SSRC: a subscriber slot. */
struct sender_report {
    uint32_t packets, bytes; /* RTP payload bytes, as §6.4.1 counts; wrap */
    struct {
        uint32_t middle_ntp;
        int64_t sent_us;
    } sent[SENDER_REPORTS_REMEMBERED];
    uint8_t next;
    /* what the subscriber says, from its report blocks */
    uint32_t rtt_us; /* smoothed, 0 unknown */
    uint16_t loss_permille;
    uint32_t jitter;
};

void sender_report_init(struct sender_report *report);
void sender_report_count(struct sender_report *report, size_t payload_bytes);
/* Fills what rtcp_write_sr needs from the publisher's SR of the source now anchored; false: nothing is anchored, send none.
 * Remembers the report so that the answer gives the RTT. */
MUST_CHECK bool sender_report_translate(struct sender_report *report,
                                        const struct rtp_rewriter *rewriter,
                                        const struct rtcp_sender_info *publisher, int64_t now_us,
                                        struct rtcp_sender_info *ret_info);
/* The subscriber's report block about our SSRC. The loss it says includes what was lost before us; it is a number to show, not to steer by. */
void sender_report_answered(struct sender_report *report, const struct rtcp_report_block *block,
                            int64_t now_us);

#endif
