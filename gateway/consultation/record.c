/* Audit drafts: enums, ids and numbers only. */
#include "gateway/consultation/step.h"

#include "gateway/base/clock.h"

#include <string.h>

#include "gateway/base/check.h"

struct audit_draft *step_record(struct step *step, enum audit_act act)
{
    CHECK(step->result->record_count < STEP_RECORDS_MAX);
    struct audit_draft *draft = &step->result->records[step->result->record_count++];
    memset(draft, 0, sizeof(*draft));
    draft->act = act;
    draft->outcome = AUDIT_OK;
    draft->actor = step->input->actor;
    draft->object_kind = "consult";
    draft->object = step->before->id;
    return draft;
}

static struct audit_extra *record_extra(struct audit_draft *draft, const char *key)
{
    CHECK(draft->extra_count < AUDIT_EXTRA_MAX);
    struct audit_extra *extra = &draft->extra[draft->extra_count++];
    extra->key = key;
    return extra;
}

void record_text(struct audit_draft *draft, const char *key, const char *text)
{
    struct audit_extra *extra = record_extra(draft, key);
    extra->is_text = true;
    memcpy(extra->text, text, strnlen(text, sizeof(extra->text) - 1));
}

void record_number(struct audit_draft *draft, const char *key, int64_t number)
{
    record_extra(draft, key)->number = number;
}

void record_seat(struct audit_draft *draft, const struct step *step, int seat)
{
    record_number(draft, "seat", seat);
    record_text(draft, "seat_role", role_name(step->before->seats[seat].role));
}

void record_decision(struct audit_draft *draft, const struct decision *decision)
{
    record_text(draft, "gate", rule_gate_name(decision->gate));
    record_text(draft, "verdict", rule_action_name(decision->verdict));
    record_number(draft, "failed", decision->failed_count);
}

void record_rule(struct audit_draft *draft, const struct step *step, uint32_t rule)
{
    const char *id = rule_pack_rule(step->pack, rule)->id;
    memset(draft->rule, 0, sizeof(draft->rule));
    memcpy(draft->rule, id, strnlen(id, sizeof(draft->rule) - 1));
    draft->pack_hash = rule_pack_info(step->pack)->hash;
    draft->has_rule = true;
}

struct audit_draft *step_move(struct step *step, enum consultation_state state, enum audit_act act)
{
    struct audit_draft *draft = step_record(step, act);
    step->after->state = state;
    record_text(draft, "from", consultation_state_name(step->before->state));
    record_text(draft, "to", consultation_state_name(state));
    return draft;
}

struct audit_draft *step_end(struct step *step, enum consultation_state state, enum audit_act act,
                             const char *reason, const char *outcome)
{
    struct audit_draft *draft = step_move(step, state, act);
    code_copy(step->after->end_reason, reason);
    code_copy(step->after->outcome, outcome);
    if (reason != NULL)
        record_text(draft, "reason", reason);
    if (outcome != NULL)
        record_text(draft, "outcome", outcome);
    record_number(draft, "examined_ms", examined_us(step->before, step->input->now_us) / US_PER_MS);
    return draft;
}

struct audit_draft *step_fall_back(struct step *step, enum audit_act act)
{
    return step_move(step, CONSULTATION_STATE_LOBBY, act);
}

void step_notice(struct step *step, int seat, const char *code)
{
    CHECK(step->notice_count < STEP_NOTICES_MAX);
    step->notices[step->notice_count++] =
        (struct effect){.kind = EFFECT_NOTICE, .seat = seat, .code = code};
}
