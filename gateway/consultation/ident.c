/* Picture and sound are open, "not yet a consultation": T05 … T07. */
#include "gateway/consultation/step.h"

/* T05. Opens nothing new; the examination clock starts in step_settle(). A live rule that a known value already breaks
 * would pause or end the consultation in the same moment, so it refuses the start instead. */
void step_start(struct step *step)
{
    struct live_verdict live;
    if (!step_gate(step, RULE_GATE_START))
        return;
    live_evaluate(step, &live);
    if (live.terminate >= 0 || live.pause >= 0) {
        step_refuse_live(step, &live, live.terminate >= 0 ? live.terminate : live.pause);
        return;
    }
    step->after->evidence_lost = live.soft_pause;
    if (step->after->started_at_us == 0)
        step->after->started_at_us = step->input->now_us;
    struct audit_draft *draft =
        step_move(step, CONSULTATION_STATE_CONSULT, AUDIT_ACT_CONSULT_START);
    record_decision(draft, &step->result->decision);
}

/* Held or lost while it was still IDENT. */
static bool still_ident(const struct step *step)
{
    return step->before->state == CONSULTATION_STATE_IDENT ||
           step->before->before_hold == CONSULTATION_STATE_IDENT;
}

/* T06 */
void step_defer(struct step *step)
{
    if (!still_ident(step)) {
        step_refuse(step, STEP_REFUSAL_WRONG_STATE);
        return;
    }
    record_text(step_fall_back(step, AUDIT_ACT_CONSULT_DEFER), "reason", step->code);
    step_notice(step, SEAT_PATIENT, "deferred");
}

/* T07; from CLOSING only when nothing was examined, which can then not be closed as a consultation (1.6-03). */
void step_convert(struct step *step)
{
    bool closing = step->before->state == CONSULTATION_STATE_CLOSING;
    if (closing ? examined_us(step->before, step->input->now_us) > 0 : !still_ident(step)) {
        step_refuse(step, STEP_REFUSAL_WRONG_STATE);
        return;
    }
    step->after->rx = RX_LOCKED_FOR_GOOD;
    step_end(step, CONSULTATION_STATE_CONVERTED, AUDIT_ACT_CONSULT_CONVERT, step->code, step->code);
}
