/* What the one sender of a 1:1 call is told to send (REMB, draft-alvestrand-rmcat-remb-03), so that its encoder never
 * outruns the receiver: the smaller of what our link to the receiver carries and of what the receiver itself allows.
 * A browser takes it as the limit of sound and picture together, as our estimate is, so sound is not taken off again.
 * Thread: the worker that owns both. Embedded in the publisher; fields are private. */
#ifndef MEDIA_FEEDBACK_REMB_H
#define MEDIA_FEEDBACK_REMB_H

#include <stdbool.h>
#include <stdint.h>

#include "media/feedback/link_state.h"

/* With less, browsers stop their picture, some for good; what is too much is not forwarded. */
#define REMB_LOWEST_BPS 90000
#define REMB_HIGHEST_BPS                                                                           \
    2500000 /* of one picture with sound; also what a picture is taken to want */
#define REMB_SPACING_US                                                                            \
    100000 /* after a fall; a rise waits REMB_RISE_US, no change for the next full report */
#define REMB_RISE_US 250000

/* `receiver_bps`: the receiver's own REMB, 0: none heard. */
uint32_t remb_limit_bps(const struct link_state *link, uint64_t receiver_bps);

struct remb {
    uint32_t told_bps; /* 0: nothing yet */
    int64_t told_us;
};
/* Is the change worth a message of its own now? */
bool remb_is_news(const struct remb *remb, uint32_t limit_bps, int64_t now_us);
void remb_told(struct remb *remb, uint32_t limit_bps, int64_t now_us);

#endif
