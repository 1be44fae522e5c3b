/* Asking the rules: whole gates before a step, revocations inside a session. */
#include "gateway/consultation/step.h"

static struct rule_question question_of(const struct step *step, enum rule_gate gate)
{
    return (struct rule_question){.gate = gate,
                                  .facts = &step->after->facts,
                                  .acknowledged = step->after->acknowledged,
                                  .now_us = step->input->now_us,
                                  .emergency = step->before->state == CONSULTATION_STATE_EMERGENCY};
}

/* The first rule that asks for as much as the verdict does; the decision itself holds all of them. */
static int rule_that_decided(const struct decision *decision)
{
    for (uint16_t i = 0; i < decision->failed_count; i++)
        if (decision->failed[i].action == decision->verdict)
            return decision->failed[i].rule;
    return -1;
}

static void refuse_by_rule(struct step *step, int rule)
{
    step_refuse(step, STEP_REFUSAL_RULE);
    step->result->has_decision = true;
    struct audit_draft *draft = step_record(step, AUDIT_ACT_RULE_DECISION);
    draft->outcome = AUDIT_DENY;
    record_text(draft, "event", consultation_event_name(step->input->event));
    record_text(draft, "state", consultation_state_name(step->before->state));
    record_decision(draft, &step->result->decision);
    if (rule >= 0)
        record_rule(draft, step, (uint32_t)rule);
}

bool step_gate(struct step *step, enum rule_gate gate)
{
    struct rule_question question = question_of(step, gate);
    rules_evaluate(step->pack, &question, &step->result->decision);
    step->result->has_decision = true;
    if (decision_allows(&step->result->decision))
        return true;
    refuse_by_rule(step, rule_that_decided(&step->result->decision));
    return false;
}

/* Nobody but the media plane may supply this fact. */
static bool fact_is_measured(const struct step *step, uint32_t fact)
{
    return rule_pack_fact(step->pack, fact)->suppliers == 1u << SUPPLIER_MEDIA;
}

/* Soft (1.6-02): everything that is not met in the rule was measured, so no person's answer is at stake. */
static bool failed_by_measure(const struct step *step, const struct rule_question *question,
                              const struct failed_rule *failed)
{
    enum { LEAVES_MAX = 16 };
    struct rule_leaf leaves[LEAVES_MAX];
    if (failed->fact >= 0)
        return fact_is_measured(step, (uint32_t)failed->fact);
    uint32_t count = rule_explain(step->pack, failed->rule, question, leaves, LEAVES_MAX);
    bool measured = false;
    for (uint32_t i = 0; i < count && i < LEAVES_MAX; i++) {
        if (leaves[i].truth == TRUTH_TRUE)
            continue;
        if (!fact_is_measured(step, leaves[i].fact))
            return false;
        measured = true;
    }
    return measured && count <= LEAVES_MAX;
}

void live_evaluate(const struct step *step, struct live_verdict *ret_verdict)
{
    struct rule_question question = question_of(step, RULE_GATE_LIVE);
    ret_verdict->terminate = -1;
    ret_verdict->pause = -1;
    ret_verdict->soft_pause = false;
    rules_evaluate(step->pack, &question, &ret_verdict->decision);
    for (uint16_t i = 0; i < ret_verdict->decision.failed_count; i++) {
        const struct failed_rule *failed = &ret_verdict->decision.failed[i];
        if (failed->truth != TRUTH_FALSE || failed->cleared != RULE_CLEARED_NOT)
            continue;
        if (failed->action == RULE_ACTION_TERMINATE && ret_verdict->terminate < 0)
            ret_verdict->terminate = failed->rule;
        if (failed->action != RULE_ACTION_PAUSE)
            continue;
        if (failed_by_measure(step, &question, failed))
            ret_verdict->soft_pause = true;
        else if (ret_verdict->pause < 0)
            ret_verdict->pause = failed->rule;
    }
}

void step_refuse_live(struct step *step, const struct live_verdict *verdict, int rule)
{
    step->result->decision = verdict->decision;
    refuse_by_rule(step, rule);
}
