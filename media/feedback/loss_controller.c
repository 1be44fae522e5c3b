#include "media/feedback/loss_controller.h"

#define JUDGED_PACKETS_MIN 20 /* fewer say nothing about a rate */
#define MILLION            1000000u
#define LOW                (MILLION / 50)
#define HIGH               (MILLION / 10)
#define OVERFLOW           (MILLION / 200)
#define OWN_MAX            (MILLION * 2 / 5) /* more than this is no radio link but a broken one */

void loss_controller_init(struct loss_controller *controller, uint64_t most_bps, int64_t now_us)
{
    *controller = (struct loss_controller){.allowed_bps = most_bps, .step_us = now_us};
}

void loss_controller_packet(struct loss_controller *controller, bool arrived, bool was_lost)
{
    if (was_lost && controller->lost > 0)
        controller->lost--;
    if (arrived)
        controller->arrived++;
    else
        controller->lost++;
}

static uint32_t own_loss(const struct loss_controller *controller)
{
    uint32_t least = OWN_MAX;
    for (int i = 0; i < LOSS_STEPS_OWN; i++)
        if (controller->recent[i] < least)
            least = controller->recent[i];
    return least;
}

bool loss_controller_step(struct loss_controller *controller, uint64_t now_bps, uint64_t most_bps,
                          int64_t now_us)
{
    uint32_t all = controller->arrived + controller->lost;
    if (now_us - controller->step_us < LOSS_STEP_US || all < JUDGED_PACKETS_MIN)
        return false;
    uint32_t loss = (uint32_t)((uint64_t)controller->lost * MILLION / all);
    controller->loss_permille = (uint16_t)(loss / 1000);
    controller->smoothed = (controller->smoothed * 3 + loss) / 4;
    uint32_t own = own_loss(controller);
    uint32_t ours = controller->smoothed > own ? controller->smoothed - own : 0;
    if (ours > HIGH)
        controller->allowed_bps = now_bps - now_bps / 2 * ours / MILLION;
    else if (ours < LOW)
        controller->allowed_bps += controller->allowed_bps * 8 / 100;
    if (controller->allowed_bps > most_bps)
        controller->allowed_bps = most_bps;
    controller->recent[controller->recent_next] = controller->smoothed;
    controller->recent_next = (controller->recent_next + 1) % LOSS_STEPS_OWN;
    controller->arrived = controller->lost = 0;
    controller->step_us = now_us;
    controller->judged = true;
    return loss > own + OVERFLOW;
}
