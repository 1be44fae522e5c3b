/* Evaluation: safe-practice rules §3.1. Nothing here allocates; a gate of the full catalogue takes microseconds. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/rules/pack.h"

static enum truth truth_of(bool value)
{
    return value ? TRUTH_TRUE : TRUTH_FALSE;
}

bool pack_fact_known(const struct rule_question *question, uint32_t fact)
{
    const struct fact_value *value = &question->facts->values[fact];
    if (!value->known)
        return false;
    /* §3.1 evaluation 2: staleness is tested at gates; growing old does not stop a running session. */
    return question->gate == RULE_GATE_LIVE || value->expires_us > question->now_us;
}

static enum truth not_after_truth(const struct condition_node *node,
                                  const struct rule_question *question)
{
    if (!pack_fact_known(question, node->fact) || !pack_fact_known(question, node->other))
        return TRUTH_UNKNOWN;
    const struct fact_value *values = question->facts->values;
    return truth_of(values[node->fact].at_us <= values[node->other].at_us);
}

/* `value` is 0 … 31 for booleans and enums, whose masks these are. */
static bool in_mask(int64_t mask, int64_t value)
{
    return value >= 0 && value < FACT_ENUM_VALUES_MAX && (mask >> value & 1) != 0;
}

static enum truth leaf_truth(const struct condition_node *node,
                             const struct rule_question *question)
{
    bool known = pack_fact_known(question, node->fact);
    int64_t value = question->facts->values[node->fact].value;
    int64_t wanted = node->today ? civil_day_of(question->now_us) : node->value;
    switch (node->op) {
    case CONDITION_KNOWN:
        return truth_of(known);
    case CONDITION_UNKNOWN:
        return truth_of(!known);
    case CONDITION_KNOWN_AS:
        return truth_of(known && in_mask(wanted, value));
    case CONDITION_NOT_KNOWN_AS:
        return truth_of(!known || !in_mask(wanted, value));
    case CONDITION_NOT_AFTER:
        return not_after_truth(node, question);
    default:
        break;
    }
    if (!known)
        return TRUTH_UNKNOWN;
    switch (node->op) {
    case CONDITION_IS:
        return truth_of(value == wanted);
    case CONDITION_IS_NOT:
        return truth_of(value != wanted);
    case CONDITION_LESS:
        return truth_of(value < wanted);
    case CONDITION_AT_MOST:
        return truth_of(value <= wanted);
    case CONDITION_MORE:
        return truth_of(value > wanted);
    case CONDITION_AT_LEAST:
        return truth_of(value >= wanted);
    case CONDITION_IN:
        return truth_of(in_mask(wanted, value));
    case CONDITION_HAS_ALL:
        return truth_of((value & wanted) == wanted);
    case CONDITION_HAS_ANY:
        return truth_of((value & wanted) != 0);
    case CONDITION_EMPTY:
        return truth_of(value == 0);
    case CONDITION_NOT_EMPTY:
        return truth_of(value != 0);
    default:
        CHECK(!"a branch is no leaf");
        return TRUTH_UNKNOWN;
    }
}

/* Kleene: false < unknown < true; all is the minimum, any the maximum, not the mirror. Depth is bounded by the builder. */
enum truth condition_truth(const struct rule_pack *pack, const struct rule_question *question,
                           uint32_t *at)
{
    const struct condition_node *node = &pack->nodes[(*at)++];
    if (node->op == CONDITION_AT)
        return truth_of((node->value >> question->gate & 1) != 0);
    if (condition_is_leaf(node->op))
        return leaf_truth(node, question);
    enum truth truth = node->op == CONDITION_ANY ? TRUTH_FALSE : TRUTH_TRUE;
    while (*at < node->end) {
        enum truth child = condition_truth(pack, question, at);
        if (node->op == CONDITION_NOT)
            truth = (enum truth)(TRUTH_TRUE - child);
        else if (node->op == CONDITION_ALL && child < truth)
            truth = child;
        else if (node->op == CONDITION_ANY && child > truth)
            truth = child;
    }
    return truth;
}

static enum truth part_truth(const struct rule_pack *pack, const struct rule_question *question,
                             uint32_t first, uint32_t end)
{
    return first == end ? TRUTH_TRUE : condition_truth(pack, question, &first);
}

enum truth rule_truth(const struct rule_pack *pack, uint32_t rule,
                      const struct rule_question *question)
{
    CHECK(rule < pack->info.rules_count);
    const struct rule *r = &pack->rules[rule];
    enum truth when = part_truth(pack, question, r->when_first, r->when_end);
    if (when == TRUTH_FALSE)
        return TRUTH_TRUE;
    enum truth meets = part_truth(pack, question, r->meets_first, r->meets_end);
    enum truth not_when = (enum truth)(TRUTH_TRUE - when);
    return meets > not_when ? meets : not_when;
}

/* The one fact a failed subtree hangs on; -2 none yet, -1 several. */
static void blame_fact(uint32_t fact, int *fault)
{
    *fault = *fault == -2 || *fault == (int)fact ? (int)fact : -1;
}

static void blame(const struct rule_pack *pack, const struct rule_question *question, uint32_t at,
                  int *fault)
{
    const struct condition_node *node = &pack->nodes[at];
    uint32_t next = at;
    enum truth truth = condition_truth(pack, question, &next);
    if (node->op == CONDITION_AT)
        return;
    if (condition_is_leaf(node->op)) {
        bool other = node->op == CONDITION_NOT_AFTER && pack_fact_known(question, node->fact) &&
                     truth == TRUTH_UNKNOWN;
        blame_fact(other ? node->other : node->fact, fault);
        return;
    }
    for (uint32_t child = at + 1; child < node->end;) {
        next = child;
        enum truth child_truth = condition_truth(pack, question, &next);
        if (node->op == CONDITION_NOT || child_truth == truth)
            blame(pack, question, child, fault);
        child = next;
    }
}

static int16_t deciding_fact(const struct rule_pack *pack, const struct rule *rule,
                             const struct rule_question *question)
{
    int fault = -2;
    enum truth when = part_truth(pack, question, rule->when_first, rule->when_end);
    blame(pack, question, when == TRUTH_TRUE ? rule->meets_first : rule->when_first, &fault);
    return (int16_t)(fault < 0 ? -1 : fault);
}

static bool unknown_counts(enum rule_level level, enum rule_action action)
{
    switch (level) {
    case RULE_LEVEL_M:
    case RULE_LEVEL_S:
        return true;
    case RULE_LEVEL_Q:
    case RULE_LEVEL_D:
        return action >= RULE_ACTION_OVERRIDE;
    case RULE_LEVEL_R:
    case RULE_LEVEL_X:
        return false;
    }
    return true;
}

static bool is_acknowledged(const struct rule_question *question, uint32_t rule)
{
    return question->acknowledged != NULL &&
           (question->acknowledged[rule / 8] >> rule % 8 & 1) != 0;
}

static enum rule_action asked_action(const struct rule_info *rule,
                                     const struct rule_question *question, uint32_t index,
                                     enum truth truth, enum rule_clearing *ret_cleared)
{
    enum rule_action action = rule->gate_action[question->gate];
    *ret_cleared = RULE_CLEARED_NOT;
    if (truth == TRUTH_UNKNOWN && !unknown_counts(rule->level, action))
        action = RULE_ACTION_WARN;
    if (question->emergency && rule->emergency_deferrable) {
        *ret_cleared = RULE_CLEARED_DEFERRED;
        return RULE_ACTION_PASS;
    }
    /* An overridden rule does not hold the running session for the same cause either. */
    bool clearable = action >= RULE_ACTION_ACKNOWLEDGE && action <= RULE_ACTION_PAUSE;
    if (clearable && rule->acknowledged_by != 0 && is_acknowledged(question, index)) {
        *ret_cleared = RULE_CLEARED_ACKNOWLEDGED;
        return RULE_ACTION_PASS;
    }
    /* P7 and §3.1 evaluation 7: no administrative rule takes the sound away while an acute change is declared. */
    if (question->emergency && question->gate == RULE_GATE_LIVE &&
        (action == RULE_ACTION_PAUSE || (action == RULE_ACTION_TERMINATE && !rule->never_deferred)))
        return RULE_ACTION_WARN;
    return action;
}

void rules_evaluate(const struct rule_pack *pack, const struct rule_question *question,
                    struct decision *ret_decision)
{
    CHECK((unsigned)question->gate < RULE_GATE_COUNT);
    memset(ret_decision, 0, sizeof(*ret_decision));
    ret_decision->gate = question->gate;
    ret_decision->verdict = RULE_ACTION_PASS;
    ret_decision->pack_hash = pack->info.hash;
    ret_decision->rules_evaluated = pack->gate_rules_count[question->gate];
    for (uint32_t i = 0; i < ret_decision->rules_evaluated; i++) {
        uint16_t index = pack->gate_rules[question->gate][i];
        const struct rule *rule = &pack->rules[index];
        enum truth truth = rule_truth(pack, index, question);
        if (truth == TRUTH_TRUE)
            continue;
        struct failed_rule *failed = &ret_decision->failed[ret_decision->failed_count++];
        failed->rule = index;
        failed->truth = truth;
        failed->action = asked_action(&rule->info, question, index, truth, &failed->cleared);
        failed->fact = deciding_fact(pack, rule, question);
        if (failed->action > ret_decision->verdict)
            ret_decision->verdict = failed->action;
    }
}
