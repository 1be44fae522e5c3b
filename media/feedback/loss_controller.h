/* What the loss on our own link to one browser allows (loss-based half of draft-ietf-rmcat-gcc-02 §6): above 10 % down by
 * half of it, below 2 % up, between them as it is. The loss is the one in the browser's transport-cc feedback; what the
 * publisher's uplink lost has no number of ours and is not in it.
 *
 * A radio link loses at any rate: there, giving way to loss ends at the lowest rate and changes nothing. So the least loss
 * of the last seconds counts as the link's own, and only what is above it as ours.
 * Thread: the worker that owns the endpoint. Embedded, no allocation; fields are private. */
#ifndef MEDIA_FEEDBACK_LOSS_CONTROLLER_H
#define MEDIA_FEEDBACK_LOSS_CONTROLLER_H

#include <stdbool.h>
#include <stdint.h>

#define LOSS_STEP_US   1000000
#define LOSS_STEPS_OWN 8 /* steps the link's own loss is taken over */

struct loss_controller {
    uint32_t arrived, lost; /* since the last step */
    int64_t step_us;
    uint64_t allowed_bps;
    uint32_t smoothed; /* loss in 1/1 000 000 */
    uint32_t
        recent[LOSS_STEPS_OWN]; /* smoothed, of the last steps; a ring that begins with zeroes */
    uint32_t recent_next;
    uint16_t loss_permille; /* of the last step, as it is */
    bool judged;
};

void loss_controller_init(struct loss_controller *controller, uint64_t most_bps, int64_t now_us);
/* One packet's fate. `was_lost`: it had been reported lost. */
void loss_controller_packet(struct loss_controller *controller, bool arrived, bool was_lost);
/* After each feedback; does something once a second. `now_bps` is the estimate in force, where a decrease begins.
 * True when something above the link's own loss was lost in the step that ended now: a queue overflowed. */
bool loss_controller_step(struct loss_controller *controller, uint64_t now_bps, uint64_t most_bps,
                          int64_t now_us);

#endif
