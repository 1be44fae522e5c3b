/* Before anything flows: T02 … T04 and the ends that need no media. */
#include "gateway/consultation/step.h"

/* T02. The pack of this moment judges from here to the end (§3.1 evaluation 3). */
void step_enter(struct step *step)
{
    int64_t opens_us = step->before->booked_for_us - step->parameters->lobby_early_us;
    if (step->before->booked_for_us != 0 && step->input->now_us < opens_us) {
        step_refuse(step, STEP_REFUSAL_TOO_EARLY);
        return;
    }
    if (!step_gate(step, RULE_GATE_LOBBY))
        return;
    step->after->pack_pinned = true;
    step->after->lobby_at_us = step->input->now_us;
    struct audit_draft *draft = step_move(step, CONSULTATION_STATE_LOBBY, AUDIT_ACT_CONSULT_ENTER);
    record_decision(draft, &step->result->decision);
    record_text(draft, "pack", rule_pack_info(step->pack)->id);
    record_text(draft, "pack_version", rule_pack_info(step->pack)->version);
}

/* T03 */
void step_cancel(struct step *step)
{
    step_end(step, CONSULTATION_STATE_ABANDONED, AUDIT_ACT_CONSULT_ABANDON, step->code, NULL);
}

void step_no_show(struct step *step)
{
    step_end(step, CONSULTATION_STATE_ABANDONED, AUDIT_ACT_CONSULT_ABANDON, step->code, NULL);
}

/* 1.6-05 is a matter between consultations, so it is not a rule over the facts of this one. */
static void refuse_second_patient(struct step *step)
{
    step_refuse(step, STEP_REFUSAL_OTHER_PATIENT);
    struct audit_draft *draft = step_record(step, AUDIT_ACT_RULE_DECISION);
    draft->outcome = AUDIT_DENY;
    record_text(draft, "event", consultation_event_name(step->input->event));
    record_text(draft, "state", consultation_state_name(step->before->state));
    record_text(draft, "cause", "JP-OC-1.6-05");
}

/* T04: the only way to open media (promise P1). */
void step_admit(struct step *step)
{
    const struct seat *seats = step->before->seats;
    if (seats[SEAT_PATIENT].status != SEAT_WAITING) {
        step_refuse(step, STEP_REFUSAL_PATIENT_NOT_HERE);
        return;
    }
    if (seats[SEAT_PHYSICIAN].status != SEAT_WAITING) {
        step_refuse(step, STEP_REFUSAL_PHYSICIAN_NOT_HERE);
        return;
    }
    if (step->input->physician_busy) {
        refuse_second_patient(step);
        return;
    }
    if (!step_gate(step, RULE_GATE_ADMIT))
        return;
    step->after->seats[SEAT_PATIENT].status = SEAT_PRESENT;
    step->after->seats[SEAT_PHYSICIAN].status = SEAT_PRESENT;
    step->after->admitted_at_us = step->input->now_us;
    struct audit_draft *draft = step_move(step, CONSULTATION_STATE_IDENT, AUDIT_ACT_CONSULT_ADMIT);
    record_decision(draft, &step->result->decision);
    if (step->input->actor.role != ROLE_PHYSICIAN)
        record_text(draft, "on_behalf_of", step->before->physician.text);
    step_notice(step, SEAT_PATIENT, "called");
}
