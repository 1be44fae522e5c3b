/* While it is live: holds (T08, T09), soft pauses (promise P7), telephone (T13) and the ends of T19. */
#include "gateway/consultation/step.h"

#include <string.h>

/* Every PAUSED has a rule id (§4.2): what the physician's code stands for in the catalogue. */
static const char *hold_rule(const char *code)
{
    static const struct {
        const char *code, *rule;
    } causes[] = {{"privacy", "JP-OC-2.2-02"},
                  {"newcomer", "JP-OC-1.6-06"},
                  {"recording", "JP-OC-2.5-10"},
                  {"identity", "JP-OC-1.4-10"}};
    for (size_t i = 0; i < ARRAY_LENGTH(causes); i++)
        if (strcmp(causes[i].code, code) == 0)
            return causes[i].rule;
    return "none";
}

/* T08. A rule index counts only from the gateway; a person names a code. */
void step_hold(struct step *step)
{
    bool by_rule = step->input->actor.role == ROLE_SYSTEM;
    if (by_rule && (step->input->rule < 0 ||
                    (uint32_t)step->input->rule >= rule_pack_info(step->pack)->rules_count)) {
        step_refuse(step, STEP_REFUSAL_NOT_AVAILABLE);
        return;
    }
    if (acute_change_declared(step->before, step->pack)) {
        step_refuse(step, STEP_REFUSAL_EMERGENCY_RUNS);
        return;
    }
    struct audit_draft *draft = step_move(step, CONSULTATION_STATE_PAUSED, AUDIT_ACT_CONSULT_HOLD);
    if (by_rule) {
        record_rule(draft, step, (uint32_t)step->input->rule);
        code_copy(step->after->hold_reason,
                  rule_pack_rule(step->pack, (uint32_t)step->input->rule)->id);
    } else {
        record_text(draft, "reason", step->code);
        record_text(draft, "cause", hold_rule(step->code));
        code_copy(step->after->hold_reason, step->code);
    }
    if (step->before->state != CONSULTATION_STATE_RECONNECTING)
        step->after->before_hold = step->before->state;
    step_notice(step, -1, "held");
}

/* The rule that holds it, when a rule does: it has to be met now; unknown is not enough. */
static int rule_still_holding(const struct step *step, const struct decision *decision)
{
    int rule = rule_pack_find_rule(step->pack, step->before->hold_reason);
    for (uint16_t i = 0; rule >= 0 && i < decision->failed_count; i++)
        if (decision->failed[i].rule == rule && decision->failed[i].cleared == RULE_CLEARED_NOT)
            return rule;
    return -1;
}

/* T09 */
void step_continue(struct step *step)
{
    struct live_verdict live;
    bool consulting = step->before->before_hold == CONSULTATION_STATE_CONSULT;
    if (needed_seat_lost(step->before)) {
        step_refuse(step, STEP_REFUSAL_NOT_CONNECTED);
        return;
    }
    live_evaluate(step, &live);
    int rule = rule_still_holding(step, &live.decision);
    if (rule < 0 && consulting)
        rule = live.terminate >= 0 ? live.terminate : live.pause;
    if (rule >= 0) {
        step_refuse_live(step, &live, rule);
        return;
    }
    step->result->decision = live.decision;
    step->result->has_decision = true;
    step->after->evidence_lost = live.soft_pause;
    /* somebody was away for long while it was held: the face first (T11) */
    bool confirm = consulting && step->before->confirm_needed;
    struct audit_draft *draft =
        step_move(step, confirm ? CONSULTATION_STATE_RECONNECTING : step->before->before_hold,
                  AUDIT_ACT_CONSULT_CONTINUE);
    record_decision(draft, &live.decision);
    record_text(draft, "reason", step->before->hold_reason);
    step_notice(step, -1, "continued");
    if (confirm)
        step_notice(step, SEAT_PATIENT, "waiting_for_confirmation");
}

/* P7: what is measured stops the examination clock and closes nothing. */
void step_evidence(struct step *step)
{
    enum consultation_event event = step->input->event;
    bool picture =
        event == CONSULTATION_EVENT_PICTURE_LOST || event == CONSULTATION_EVENT_PICTURE_BACK;
    bool lost = event == CONSULTATION_EVENT_PICTURE_LOST || event == CONSULTATION_EVENT_SOUND_LOST;
    bool *flag = picture ? &step->after->picture_lost : &step->after->sound_lost;
    if (*flag == lost) {
        step_ignore(step);
        return;
    }
    *flag = lost;
    struct audit_draft *draft = step_record(step, AUDIT_ACT_MEDIA_GAP);
    record_text(draft, "kind", picture ? "picture" : "sound");
    record_text(draft, "edge", lost ? "lost" : "back");
    record_text(draft, "state", consultation_state_name(step->before->state));
    if (lost)
        step_notice(step, -1, picture ? "picture_lost" : "sound_lost");
}

/* The physician's choice in a soft pause: recorded, nothing changes. */
void step_wait(struct step *step)
{
    const struct consultation *before = step->before;
    if (!before->picture_lost && !before->sound_lost && !before->evidence_lost &&
        before->state != CONSULTATION_STATE_RECONNECTING) {
        step_ignore(step);
        return;
    }
    struct audit_draft *draft = step_record(step, AUDIT_ACT_MEDIA_GAP);
    record_text(draft, "choice", "wait");
    record_text(draft, "state", consultation_state_name(before->state));
}

/* T13: a telephone contact is no consultation and nothing can be prescribed after it (1.6-08, 1.5-09). */
void step_telephone(struct step *step)
{
    if (step->before->state == CONSULTATION_STATE_RECONNECTING &&
        step->before->before_hold != CONSULTATION_STATE_CONSULT) {
        step_refuse(step, STEP_REFUSAL_WRONG_STATE);
        return;
    }
    step->after->rx = RX_LOCKED_FOR_GOOD;
    step_end(step, CONSULTATION_STATE_CONVERTED, AUDIT_ACT_CONSULT_CONVERT, step->code, step->code);
    step_notice(step, -1, "telephone");
}

/* T19, 1.1-06: at any time, without a reason, whatever else goes on. What was already examined stays a consultation
 * with open tasks. */
void step_withdraw(struct step *step)
{
    record_text(step_record(step, AUDIT_ACT_CONSENT_WITHDRAW), "consent", "online_consultation");
    if (step->before->state == CONSULTATION_STATE_CLOSING)
        step_end(step, CONSULTATION_STATE_CLOSED_TASKS, AUDIT_ACT_CONSULT_CLOSE, "withdrawn", NULL);
    else
        step_end(step, CONSULTATION_STATE_ABANDONED, AUDIT_ACT_CONSULT_ABANDON, "withdrawn", NULL);
}

/* T19: 1.1-03, 1.6-01 */
void step_unsuitable(struct step *step)
{
    step_end(step, CONSULTATION_STATE_ABANDONED, AUDIT_ACT_CONSULT_ABANDON, step->code, NULL);
}
