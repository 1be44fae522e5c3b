/* Acute change (EM-01): sound is kept at all cost; administrative rules wait (§3.1 evaluation 7). */
#include "gateway/consultation/step.h"

#include <string.h>

/* T15. Before admission there is no media to keep (promise P1): everybody is told, the state stays. */
void step_emergency(struct step *step)
{
    const struct actor *actor = &step->input->actor;
    int guest = role_is_guest(actor->role) ? seat_of_guest(step->before, actor) : -1;
    if (guest >= 0 && step->before->seats[guest].status != SEAT_PRESENT) {
        step_refuse(step, STEP_REFUSAL_NO_SEAT); /* who is held has no say yet */
        return;
    }
    if (consultation_is_live(step->before->state)) {
        step_move(step, CONSULTATION_STATE_EMERGENCY, AUDIT_ACT_CONSULT_EMERGENCY);
    } else {
        struct audit_draft *draft = step_record(step, AUDIT_ACT_CONSULT_EMERGENCY);
        record_text(draft, "state", consultation_state_name(step->before->state));
    }
    step_notice(step, -1, "emergency");
}

/* T16 */
void step_emergency_over(struct step *step)
{
    if (strcmp(step->code, "closing") == 0) {
        step_move(step, CONSULTATION_STATE_CLOSING, AUDIT_ACT_CONSULT_EMERGENCY);
        if (step->after->finished_at_us == 0)
            step->after->finished_at_us = step->input->now_us;
        return;
    }
    step->after->rx = RX_LOCKED_FOR_GOOD;
    step_end(step, CONSULTATION_STATE_CONVERTED, AUDIT_ACT_CONSULT_EMERGENCY, "emergency",
             "converted");
}
