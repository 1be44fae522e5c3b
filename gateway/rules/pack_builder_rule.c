/* The half of the builder that makes rules and their condition trees. */
#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/rules/pack_builder_state.h"

#define WANTED_SIZE 512

const char *condition_op_key(enum condition_op op)
{
    static const char *const keys[CONDITION_OP_COUNT] = {
#define X(name, key, sign) key,
        CONDITION_OP_LIST(X)
#undef X
    };
    return (unsigned)op < CONDITION_OP_COUNT ? keys[op] : NULL;
}

static const char *op_sign(enum condition_op op)
{
    static const char *const signs[CONDITION_OP_COUNT] = {
#define X(name, key, sign) sign,
        CONDITION_OP_LIST(X)
#undef X
    };
    return signs[op];
}

/* ---- rules ---------------------------------------------------------------------------------------------------- */

static bool is_rule_id(const char *id)
{
    size_t length = strlen(id);
    return length > 0 && length < RULE_ID_SIZE &&
           strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == length;
}

static enum result check_marks(struct pack_builder *builder, const struct rule_info *rule,
                               bool clearable)
{
    bool unseen = strchr(rule->source, 'r') != NULL || strstr(rule->source, "–") != NULL;
    if (rule->never_deferred && rule->emergency_deferrable)
        return builder_problem(builder, RESULT_INVALID,
                               "%s is both deferrable and never; allowed: one of them", rule->id);
    if (rule->acknowledged_by >> SUPPLIER_COUNT != 0)
        return builder_problem(builder, RESULT_INVALID,
                               "%s: acknowledged_by; allowed: pt px dr nu sy ad me", rule->id);
    if (clearable && rule->acknowledged_by == 0)
        return builder_problem(
            builder, RESULT_INVALID,
            "%s can be cleared by nobody; allowed: acknowledged_by with suppliers", rule->id);
    if (!clearable && rule->acknowledged_by != 0)
        return builder_problem(
            builder, RESULT_INVALID,
            "%s has acknowledged_by; allowed: only with action acknowledge or override", rule->id);
    if (rule->verified == unseen)
        return builder_problem(
            builder, RESULT_INVALID,
            "%s: verified does not fit source %s; allowed: no for r and –, else yes", rule->id,
            rule->source);
    return RESULT_OK;
}

static enum result check_gates(struct pack_builder *builder, struct rule_info *rule)
{
    bool clearable = false;
    if (rule->gates == 0 || rule->gates >> RULE_GATE_COUNT != 0)
        return builder_problem(builder, RESULT_INVALID,
                               "%s is reached from no gate; allowed: G0 to G8", rule->id);
    if (rule->action <= RULE_ACTION_PASS || rule->action >= RULE_ACTION_COUNT)
        return builder_problem(
            builder, RESULT_INVALID,
            "%s has no action; allowed: warn acknowledge override pause refuse terminate",
            rule->id);
    for (unsigned gate = 0; gate < RULE_GATE_COUNT; gate++) {
        bool reached = (rule->gates & 1u << gate) != 0;
        enum rule_action *action = &rule->gate_action[gate];
        if (!reached && *action != RULE_ACTION_PASS)
            return builder_problem(builder, RESULT_INVALID,
                                   "%s: action_at %s; allowed: its own gates", rule->id,
                                   rule_gate_name((enum rule_gate)gate));
        if (*action == RULE_ACTION_PASS)
            *action = rule->action;
        if (reached)
            clearable |= *action == RULE_ACTION_ACKNOWLEDGE || *action == RULE_ACTION_OVERRIDE;
    }
    return check_marks(builder, rule, clearable);
}

enum result pack_builder_begin_rule(struct pack_builder *builder, const struct rule_info *rule)
{
    CHECK(builder->stage == STAGE_FACTS || builder->stage == STAGE_RULES);
    struct rule_pack *pack = builder->pack;
    if (rule->id == NULL || !is_rule_id(rule->id))
        return builder_problem(builder, RESULT_INVALID,
                               "id of the rule; allowed: A-Z, 0-9, . - and at most %d characters",
                               RULE_ID_SIZE - 1);
    if (rule_pack_find_rule(pack, rule->id) >= 0)
        return builder_problem(builder, RESULT_EXISTS, "rule %s is there twice", rule->id);
    if (pack->info.rules_count == RULES_MAX)
        return builder_problem(builder, RESULT_TOO_MANY, "too many rules; allowed: %d", RULES_MAX);
    struct rule *kept = &pack->rules[pack->info.rules_count];
    memset(kept, 0, sizeof(*kept));
    kept->info = *rule;
    enum result result = builder_check_text(builder, "clause", rule->clause, CLAUSE_BYTES_MAX);
    if (result_ok(result))
        result = builder_check_text(builder, "source", rule->source, CLAUSE_BYTES_MAX);
    if (result_ok(result))
        result = check_gates(builder, &kept->info);
    if (result_ok(result))
        result = builder_keep_text(builder, rule->id, &kept->info.id);
    if (result_ok(result))
        result = builder_keep_text(builder, rule->clause, &kept->info.clause);
    if (result_ok(result))
        result = builder_keep_text(builder, rule->source, &kept->info.source);
    if (result_ok(result))
        result = builder_keep_languages(builder, "reason", kept->info.reason, REASON_BYTES_MAX);
    if (result_ok(result))
        result = builder_keep_languages(builder, "title", kept->info.summary, PACK_TEXT_MAX);
    kept->when_first = kept->when_end = kept->meets_first = kept->meets_end =
        (uint16_t)pack->nodes_count;
    builder->stage = STAGE_IN_RULE;
    builder->in_condition = builder->has_meets = false;
    builder->depth = 0;
    return result;
}

static enum result end_condition(struct pack_builder *builder)
{
    struct rule *rule = &builder->pack->rules[builder->pack->info.rules_count];
    uint16_t end = (uint16_t)builder->pack->nodes_count;
    if (!builder->in_condition)
        return RESULT_OK;
    if (builder->depth > 0 || !builder->condition_done)
        return builder_problem(builder, RESULT_INVALID,
                               "%s: a condition is empty; allowed: one tree", rule->info.id);
    if (builder->part == CONDITION_WHEN)
        rule->when_end = rule->meets_first = end;
    rule->meets_end = end;
    builder->in_condition = false;
    return RESULT_OK;
}

enum result pack_builder_condition(struct pack_builder *builder, enum condition_part part)
{
    CHECK(builder->stage == STAGE_IN_RULE);
    CHECK(!builder->has_meets);
    enum result result = end_condition(builder);
    builder->in_condition = true;
    builder->condition_done = false;
    builder->part = part;
    builder->has_meets = part == CONDITION_MEETS;
    return result;
}

/* A place for one more node, checked against the tree's shape. */
static enum result new_node(struct pack_builder *builder, enum condition_op op,
                            struct condition_node **ret_node)
{
    struct rule_pack *pack = builder->pack;
    const char *id = pack->rules[pack->info.rules_count].info.id;
    CHECK(builder->stage == STAGE_IN_RULE && builder->in_condition);
    if (pack->nodes_count == CONDITION_NODES_MAX)
        return builder_problem(builder, RESULT_TOO_MANY,
                               "%s: too many conditions in the pack; allowed: %d", id,
                               CONDITION_NODES_MAX);
    if (builder->depth == 0 && builder->condition_done)
        return builder_problem(
            builder, RESULT_INVALID,
            "%s: two conditions side by side; allowed: join them with all or any", id);
    if (builder->depth > 0) {
        uint16_t parent = builder->open[builder->depth - 1];
        if (pack->nodes[parent].op == CONDITION_NOT && pack->nodes_count > (uint32_t)parent + 1)
            return builder_problem(builder, RESULT_INVALID,
                                   "%s: not; allowed: exactly one condition below it", id);
    }
    struct condition_node *node = &pack->nodes[pack->nodes_count++];
    memset(node, 0, sizeof(*node));
    node->op = op;
    node->end = (uint16_t)pack->nodes_count;
    builder->condition_done = builder->depth == 0;
    *ret_node = node;
    return RESULT_OK;
}

enum result pack_builder_open(struct pack_builder *builder, enum condition_op branch)
{
    struct condition_node *node = NULL;
    CHECK(condition_is_branch(branch));
    if (builder->depth == CONDITION_DEPTH_MAX)
        return builder_problem(builder, RESULT_TOO_MANY,
                               "conditions are nested too deeply; allowed: %d",
                               CONDITION_DEPTH_MAX);
    enum result result = new_node(builder, branch, &node);
    if (!result_ok(result))
        return result;
    builder->open[builder->depth++] = (uint16_t)(builder->pack->nodes_count - 1);
    builder->condition_done = false;
    return RESULT_OK;
}

enum result pack_builder_close(struct pack_builder *builder)
{
    struct rule_pack *pack = builder->pack;
    CHECK(builder->depth > 0);
    uint16_t branch = builder->open[--builder->depth];
    if (pack->nodes_count == (uint32_t)branch + 1)
        return builder_problem(builder, RESULT_INVALID,
                               "%s has nothing below it; allowed: at least one condition",
                               condition_op_key(pack->nodes[branch].op));
    pack->nodes[branch].end = (uint16_t)pack->nodes_count;
    builder->condition_done = builder->depth == 0;
    return RESULT_OK;
}

enum result pack_builder_at(struct pack_builder *builder, uint32_t gates)
{
    struct condition_node *node = NULL;
    const struct rule_info *rule = &builder->pack->rules[builder->pack->info.rules_count].info;
    if (gates == 0 || (gates & ~rule->gates) != 0)
        return builder_problem(
            builder, RESULT_INVALID,
            "%s: at names a gate the rule is not reached from; allowed: its own gates", rule->id);
    enum result result = new_node(builder, CONDITION_AT, &node);
    if (result_ok(result))
        node->value = gates;
    return result;
}

enum value_shape { SHAPE_NONE, SHAPE_ONE, SHAPE_MASK, SHAPE_FACT };

/* Which values a comparison takes, and for which types it makes sense. */
static bool op_fits(enum condition_op op, enum fact_type type, enum value_shape *ret_shape)
{
    bool named = type == FACT_BOOL || type == FACT_ENUM;
    bool ordered = type == FACT_INTEGER || type == FACT_DATE;
    switch (op) {
    case CONDITION_IS:
    case CONDITION_IS_NOT:
        *ret_shape = SHAPE_ONE;
        return type != FACT_SET;
    case CONDITION_LESS:
    case CONDITION_AT_MOST:
    case CONDITION_MORE:
    case CONDITION_AT_LEAST:
        *ret_shape = SHAPE_ONE;
        return ordered;
    case CONDITION_IN:
    case CONDITION_KNOWN_AS:
    case CONDITION_NOT_KNOWN_AS:
        *ret_shape = SHAPE_MASK;
        return named;
    case CONDITION_HAS_ALL:
    case CONDITION_HAS_ANY:
        *ret_shape = SHAPE_MASK;
        return type == FACT_SET;
    case CONDITION_EMPTY:
    case CONDITION_NOT_EMPTY:
        *ret_shape = SHAPE_NONE;
        return type == FACT_SET;
    case CONDITION_KNOWN:
    case CONDITION_UNKNOWN:
        *ret_shape = SHAPE_NONE;
        return true;
    case CONDITION_NOT_AFTER:
        *ret_shape = SHAPE_FACT;
        return true;
    default:
        return false;
    }
}

static enum result leaf_value(struct pack_builder *builder, const struct fact_info *fact,
                              const char *text, struct condition_node *node, bool mask)
{
    int64_t value = 0;
    if (!mask && fact->type == FACT_DATE && strcmp(text, "today") == 0) {
        node->today = true;
        return RESULT_OK;
    }
    if (!result_ok(fact_parse(fact, text, &value)) ||
        (fact->type == FACT_SET && strchr(text, ',') != NULL))
        return builder_problem(builder, RESULT_INVALID,
                               "%s cannot be %.60s; allowed: a value the fact is declared with",
                               fact->name, text);
    if (!mask)
        node->value = value;
    else
        node->value |= fact->type == FACT_SET ? value : (int64_t)1 << value;
    return RESULT_OK;
}

static enum result leaf_wanted(struct pack_builder *builder, const struct condition_leaf *leaf,
                               struct condition_node *node)
{
    char wanted[WANTED_SIZE];
    bool list = leaf->values_count > 1 || leaf->op == CONDITION_IN;
    int used = snprintf(wanted, sizeof(wanted), "%s%s%s", op_sign(leaf->op),
                        leaf->values_count > 0 ? " " : "", list ? "{" : "");
    for (uint32_t i = 0; i < leaf->values_count && used < (int)sizeof(wanted); i++)
        used += snprintf(wanted + used, sizeof(wanted) - (size_t)used, "%s%s", i > 0 ? ", " : "",
                         leaf->values[i]);
    if (list && used < (int)sizeof(wanted))
        snprintf(wanted + used, sizeof(wanted) - (size_t)used, "}");
    return builder_keep_text(builder, wanted, &node->wanted);
}

static enum result leaf_values(struct pack_builder *builder, const struct condition_leaf *leaf,
                               const struct fact_info *fact, enum value_shape shape,
                               struct condition_node *node)
{
    enum result result = RESULT_OK;
    uint32_t most = shape == SHAPE_NONE ? 0 : shape == SHAPE_MASK ? CONDITION_VALUES_MAX : 1;
    if (leaf->values_count > most || (most > 0 && leaf->values_count == 0))
        return builder_problem(builder, RESULT_INVALID, "%s: %s has %u values; allowed: %s%u",
                               fact->name, condition_op_key(leaf->op), leaf->values_count,
                               most > 1 ? "1 to " : "", most);
    if (shape == SHAPE_FACT) {
        int other = rule_pack_find_fact(builder->pack, leaf->values[0]);
        if (other < 0)
            return builder_problem(builder, RESULT_NOT_FOUND,
                                   "no such fact: %.60s; allowed: a fact of this pack",
                                   leaf->values[0]);
        node->other = (uint16_t)other;
        return RESULT_OK;
    }
    for (uint32_t i = 0; i < leaf->values_count && result_ok(result); i++)
        result = leaf_value(builder, fact, leaf->values[i], node, shape == SHAPE_MASK);
    return result;
}

enum result pack_builder_leaf(struct pack_builder *builder, const struct condition_leaf *leaf)
{
    static const char *const types[] = {"bool", "integer", "enum", "date", "set"};
    struct condition_node *node = NULL;
    enum value_shape shape = SHAPE_NONE;
    int index = rule_pack_find_fact(builder->pack, leaf->fact);
    if (index < 0)
        return builder_problem(builder, RESULT_NOT_FOUND,
                               "no such fact: %.60s; allowed: a fact of this pack", leaf->fact);
    const struct fact_info *fact = &builder->pack->facts[index];
    if (!op_fits(leaf->op, fact->type, &shape))
        return builder_problem(builder, RESULT_INVALID,
                               "%s is of type %s; %s is not allowed for it", fact->name,
                               types[fact->type], condition_op_key(leaf->op));
    enum result result = new_node(builder, leaf->op, &node);
    if (!result_ok(result))
        return result;
    CHECK(node != NULL);
    node->fact = (uint16_t)index;
    result = leaf_values(builder, leaf, fact, shape, node);
    if (result_ok(result))
        result = leaf_wanted(builder, leaf, node);
    return result;
}

enum result pack_builder_end_rule(struct pack_builder *builder)
{
    CHECK(builder->stage == STAGE_IN_RULE);
    struct rule_pack *pack = builder->pack;
    const struct rule *rule = &pack->rules[pack->info.rules_count];
    if (!builder->has_meets)
        return builder_problem(builder, RESULT_INVALID,
                               "%s says not what it asks for; allowed: meets with a condition",
                               rule->info.id);
    enum result result = end_condition(builder);
    if (!result_ok(result))
        return result;
    for (unsigned gate = 0; gate < RULE_GATE_COUNT; gate++) {
        if ((rule->info.gates & 1u << gate) == 0)
            continue;
        if (pack->gate_rules_count[gate] == DECISION_FAILED_MAX)
            return builder_problem(builder, RESULT_TOO_MANY, "too many rules at %s; allowed: %d",
                                   rule_gate_name((enum rule_gate)gate), DECISION_FAILED_MAX);
        pack->gate_rules[gate][pack->gate_rules_count[gate]++] = (uint16_t)pack->info.rules_count;
    }
    pack->info.rules_count++;
    builder->stage = STAGE_RULES;
    return RESULT_OK;
}
