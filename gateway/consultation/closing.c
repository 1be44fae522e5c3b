/* After the examination: T14, T17, T18. */
#include "gateway/consultation/step.h"

#include "gateway/base/clock.h"

/* What the physician attests when the line broke before the end (1.2-01). A pack without the fact does not ask. */
static bool useful_info_attested(const struct step *step)
{
    int fact = rule_pack_find_fact(step->pack, "useful_info_attested");
    if (fact < 0)
        return true;
    const struct fact_value *value = &step->before->facts.values[fact];
    return value->known && value->value == 1 && value->expires_us > step->input->now_us;
}

/* T14 */
void step_finish(struct step *step)
{
    bool broken = step->before->state == CONSULTATION_STATE_RECONNECTING;
    if (broken && step->before->before_hold != CONSULTATION_STATE_CONSULT) {
        step_refuse(step, STEP_REFUSAL_WRONG_STATE);
        return;
    }
    int64_t examined = examined_us(step->before, step->input->now_us);
    if (examined <= 0 || (broken && !useful_info_attested(step))) {
        step_refuse(step, STEP_REFUSAL_NOT_EXAMINED);
        return;
    }
    step->after->finished_at_us = step->input->now_us;
    record_number(step_move(step, CONSULTATION_STATE_CLOSING, AUDIT_ACT_CONSULT_FINISH),
                  "examined_ms", examined / US_PER_MS);
}

/* T17: never clean without a live examination (§4.2, 1.6-03). */
void step_close(struct step *step)
{
    if (step->code == NULL) {
        step_refuse(step, STEP_REFUSAL_UNKNOWN_CODE);
        return;
    }
    if (examined_us(step->before, step->input->now_us) <= 0) {
        step_refuse(step, STEP_REFUSAL_NOT_EXAMINED);
        return;
    }
    if (!step_gate(step, RULE_GATE_CLOSE))
        return;
    record_decision(
        step_end(step, CONSULTATION_STATE_CLOSED_CLEAN, AUDIT_ACT_CONSULT_CLOSE, NULL, step->code),
        &step->result->decision);
}

/* T18: the limit passed, or the physician leaves the rest to the manager. */
void step_close_limit(struct step *step)
{
    bool by_time = step->input->actor.role == ROLE_SYSTEM;
    if (by_time && step->input->now_us < step->before->deadline_us) {
        step_ignore(step);
        return;
    }
    step_end(step, CONSULTATION_STATE_CLOSED_TASKS, AUDIT_ACT_CONSULT_CLOSE,
             by_time ? "limit" : "open_tasks", step->code);
}
