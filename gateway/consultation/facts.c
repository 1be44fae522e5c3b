/* Facts and acknowledgements, and what a fact does inside a session (§3.1 evaluation 3). */
#include "gateway/consultation/step.h"

static enum supplier supplier_of(enum role role)
{
    switch (role) {
    case ROLE_PATIENT:
        return SUPPLIER_PATIENT;
    case ROLE_PROXY:
        return SUPPLIER_PROXY;
    case ROLE_PHYSICIAN:
        return SUPPLIER_PHYSICIAN;
    case ROLE_NURSE:
        return SUPPLIER_NURSE;
    case ROLE_CLERK:
    case ROLE_ADMINISTRATOR:
        return SUPPLIER_ADMINISTRATOR;
    default:
        return SUPPLIER_SYSTEM;
    }
}

/* The gateway speaks for itself and its media plane; a person only for the own role. */
static bool supplier_fits(const struct step_input *input)
{
    return input->fact_supplier == SUPPLIER_SYSTEM || input->fact_supplier == SUPPLIER_MEDIA ||
           input->fact_supplier == supplier_of(input->actor.role);
}

static bool fact_acceptable(struct step *step)
{
    const struct step_input *input = step->input;
    if (input->fact < 0 || (uint32_t)input->fact >= rule_pack_info(step->pack)->facts_count) {
        step_refuse(step, STEP_REFUSAL_NOT_AVAILABLE);
        return false;
    }
    const struct fact_info *info = rule_pack_fact(step->pack, (uint32_t)input->fact);
    if ((unsigned)input->fact_supplier >= SUPPLIER_COUNT || !supplier_fits(input) ||
        (info->suppliers & 1u << input->fact_supplier) == 0) {
        step_refuse(step, STEP_REFUSAL_FACT_SUPPLIER);
        return false;
    }
    if (input->fact_clear)
        return true;
    enum result result =
        fact_check(step->pack, (uint32_t)input->fact, input->fact_supplier, input->fact_value);
    if (result != RESULT_OK)
        step_refuse(step,
                    result == RESULT_DENIED ? STEP_REFUSAL_FACT_SUPPLIER : STEP_REFUSAL_FACT_VALUE);
    return result == RESULT_OK;
}

/* Nothing new: the same answer of a fact that does not age. */
static bool fact_unchanged(const struct step *step, const struct fact_value *value)
{
    const struct step_input *input = step->input;
    if (!value->known)
        return input->fact_clear;
    return !input->fact_clear && value->supplier == input->fact_supplier &&
           value->value == input->fact_value && value->expires_us == FACT_NEVER_EXPIRES;
}

static void fact_store(struct step *step)
{
    const struct step_input *input = step->input;
    const struct fact_info *info = rule_pack_fact(step->pack, (uint32_t)input->fact);
    struct fact_value *value = &step->after->facts.values[input->fact];
    *value = (struct fact_value){0};
    if (input->fact_clear)
        return;
    value->known = true;
    value->supplier = input->fact_supplier;
    value->value = input->fact_value;
    value->at_us = input->now_us;
    value->expires_us =
        info->lifetime_us > 0 ? input->now_us + info->lifetime_us : FACT_NEVER_EXPIRES;
}

static bool in_consultation(const struct consultation *consultation)
{
    return consultation->state == CONSULTATION_STATE_CONSULT ||
           (consultation->state == CONSULTATION_STATE_RECONNECTING &&
            consultation->before_hold == CONSULTATION_STATE_CONSULT);
}

static void end_by_rule(struct step *step, const struct live_verdict *live)
{
    const char *id = rule_pack_rule(step->pack, (uint32_t)live->terminate)->id;
    struct audit_draft *draft =
        step_end(step, CONSULTATION_STATE_ABANDONED, AUDIT_ACT_CONSULT_ABANDON, id, NULL);
    record_rule(draft, step, (uint32_t)live->terminate);
    record_decision(draft, &live->decision);
}

static void hold_by_rule(struct step *step, const struct live_verdict *live)
{
    struct audit_draft *draft = step_move(step, CONSULTATION_STATE_PAUSED, AUDIT_ACT_CONSULT_HOLD);
    record_rule(draft, step, (uint32_t)live->pause);
    record_decision(draft, &live->decision);
    code_copy(step->after->hold_reason, rule_pack_rule(step->pack, (uint32_t)live->pause)->id);
    if (step->before->state == CONSULTATION_STATE_CONSULT)
        step->after->before_hold = CONSULTATION_STATE_CONSULT;
    step_notice(step, -1, "held");
}

/* Rules never end or hold an emergency; after the examination they speak at G7; before it, in IDENT, a false answer is
 * what the opening checks are there to find and talk about, so it refuses the start instead of cutting the talk. */
static void act_on_live_rules(struct step *step)
{
    struct live_verdict live;
    enum consultation_state state = step->before->state;
    live_evaluate(step, &live);
    bool soft_changes = live.soft_pause != step->before->evidence_lost;
    bool may_end = state >= CONSULTATION_STATE_IDENT && state <= CONSULTATION_STATE_RECONNECTING;
    bool acute = acute_change_declared(step->after, step->pack);
    bool ends = live.terminate >= 0 && may_end && !acute;
    bool holds = !ends && live.pause >= 0 && in_consultation(step->before) && !acute;
    step->after->evidence_lost = live.soft_pause;
    if (ends)
        end_by_rule(step, &live);
    else if (holds)
        hold_by_rule(step, &live);
    if (ends || holds || soft_changes) {
        step->result->decision = live.decision;
        step->result->has_decision = true;
    }
}

void step_fact(struct step *step)
{
    if (!fact_acceptable(step))
        return;
    if (fact_unchanged(step, &step->before->facts.values[step->input->fact])) {
        step_ignore(step);
        return;
    }
    fact_store(step);
    struct audit_draft *draft = step_record(step, AUDIT_ACT_FACT_SUPPLY);
    record_text(draft, "fact", rule_pack_fact(step->pack, (uint32_t)step->input->fact)->name);
    record_text(draft, "supplier", supplier_name(step->input->fact_supplier));
    record_number(draft, "known", !step->input->fact_clear);
    if (!consultation_is_live(step->before->state))
        return;
    bool declared = !acute_change_declared(step->before, step->pack) &&
                    acute_change_declared(step->after, step->pack);
    if (declared && step->before->state != CONSULTATION_STATE_EMERGENCY)
        step_emergency(step); /* the fact is the button by another door */
    else
        act_on_live_rules(step);
}

/* Does it refuse, at any of its gates, unless somebody takes it upon himself? */
static bool is_override(const struct rule_info *rule)
{
    bool override = rule->action == RULE_ACTION_OVERRIDE;
    for (int gate = 0; gate < RULE_GATE_COUNT; gate++)
        override |= rule->gate_action[gate] == RULE_ACTION_OVERRIDE;
    return override;
}

/* One rule, by somebody entitled; overriding a refusal needs a reason (§3.1 evaluation 6). */
void step_acknowledge(struct step *step)
{
    const struct step_input *input = step->input;
    if (input->rule < 0 || (uint32_t)input->rule >= rule_pack_info(step->pack)->rules_count) {
        step_refuse(step, STEP_REFUSAL_NOT_AVAILABLE);
        return;
    }
    const struct rule_info *rule = rule_pack_rule(step->pack, (uint32_t)input->rule);
    if (rule->acknowledged_by == 0) {
        step_refuse(step, STEP_REFUSAL_NOT_AVAILABLE);
        return;
    }
    if ((rule->acknowledged_by & 1u << supplier_of(input->actor.role)) == 0) {
        step_refuse(step, STEP_REFUSAL_WRONG_ROLE);
        return;
    }
    if (is_override(rule) && step->code == NULL) {
        step_refuse(step, STEP_REFUSAL_UNKNOWN_CODE);
        return;
    }
    uint8_t *byte = &step->after->acknowledged[input->rule / 8];
    uint8_t bit = (uint8_t)(1u << input->rule % 8);
    if ((*byte & bit) != 0) {
        step_ignore(step);
        return;
    }
    *byte |= bit;
    struct audit_draft *draft = step_record(step, AUDIT_ACT_RULE_ACKNOWLEDGE);
    record_rule(draft, step, (uint32_t)input->rule);
    record_text(draft, "action", rule_action_name(rule->action));
    if (step->code != NULL)
        record_text(draft, "reason", step->code);
}
