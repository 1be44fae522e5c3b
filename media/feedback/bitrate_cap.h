/* How much one sender may send so that its one receiver can follow (1:1): the smaller of what the receiver's REMB allows
 * and of what the loss on our way to it allows. Loss counts from the receiver's transport-cc feedback only, so a bad
 * uplink of the publisher does not lower its own quality twice. Rule: draft-ietf-rmcat-gcc-02 §6 (loss-based part).
 * Thread: the worker that owns both. Embedded; fields are private. */
#ifndef MEDIA_FEEDBACK_BITRATE_CAP_H
#define MEDIA_FEEDBACK_BITRATE_CAP_H

#include <stdbool.h>
#include <stdint.h>

#include "media/feedback/rtcp.h"

#define BITRATE_CAP_LOWEST_BPS  60000
#define BITRATE_CAP_HIGHEST_BPS 2500000
#define BITRATE_CAP_STEP_US     1000000 /* loss is judged once a second */

struct bitrate_cap {
    uint64_t receiver_remb_bps; /* 0: none heard */
    uint32_t loss_based_bps;
    uint32_t arrived, lost; /* since the last step */
    uint16_t loss_permille; /* of the last step */
    int64_t step_us;
    bool judged; /* a step was taken, ever */
};

void bitrate_cap_init(struct bitrate_cap *cap, int64_t now_us);
/* The receiver's transport-cc feedback; RESULT_PARSE when it is malformed (nothing changed). */
MUST_CHECK enum result bitrate_cap_feedback(struct bitrate_cap *cap, const struct rtcp_item *item,
                                            int64_t now_us);
void bitrate_cap_remb(struct bitrate_cap *cap, uint64_t bitrate_bps);
/* What to write in the REMB toward the publisher. */
uint32_t remb_for_publisher(const struct bitrate_cap *cap);

#endif
