/* The engine on small packs made in memory: Kleene logic, expiry, clearing, emergency, order of strength, explanation,
 * digest, and what the builder refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "gateway/base/clock.h"
#include "gateway/rules/pack.h"
#include "gateway/rules/pack_builder.h"

#define NOW_US (1763773200ll * US_PER_S) /* 2025-11-22 01:00 UTC */

static const char *const COLOURS[] = {"red", "green", "blue"};

static struct pack_builder *new_builder(void)
{
    struct pack_builder *builder = NULL;
    struct pack_info info = {.id = "test",
                             .version = "1",
                             .title = {"試験", "test"},
                             .valid_from_day = INT64_MIN,
                             .valid_until_day = INT64_MAX};
    assert_int_equal(pack_builder_new(&builder), RESULT_OK);
    assert_int_equal(pack_builder_describe(builder, &info), RESULT_OK);
    return builder;
}

static struct fact_info fact_of(const char *name, enum fact_type type)
{
    bool listed = type == FACT_ENUM || type == FACT_SET;
    return (struct fact_info){.name = name,
                              .type = type,
                              .suppliers = 1u << SUPPLIER_PHYSICIAN,
                              .values = listed ? COLOURS : NULL,
                              .values_count = listed ? 3 : 0,
                              .minimum = -10,
                              .maximum = 100000,
                              .door = "physician:checks",
                              .text = {"事実", "fact"}};
}

static void add_fact(struct pack_builder *builder, const char *name, enum fact_type type)
{
    struct fact_info fact = fact_of(name, type);
    assert_int_equal(pack_builder_add_fact(builder, &fact), RESULT_OK);
}

static struct rule_info rule_of(const char *id, enum rule_level level, enum rule_action action)
{
    bool clearable = action == RULE_ACTION_ACKNOWLEDGE || action == RULE_ACTION_OVERRIDE;
    return (struct rule_info){.id = id,
                              .clause = "§1",
                              .source = "V",
                              .verified = true,
                              .level = level,
                              .action = action,
                              .gates = 1u << RULE_GATE_START,
                              .acknowledged_by = clearable ? 1u << SUPPLIER_PHYSICIAN : 0,
                              .reason = {"理由", "reason"},
                              .summary = {"題", "title"}};
}

static void leaf(struct pack_builder *builder, const char *fact, enum condition_op op,
                 const char *value)
{
    struct condition_leaf leaf = {fact, op, &value, value != NULL ? 1 : 0};
    assert_int_equal(pack_builder_leaf(builder, &leaf), RESULT_OK);
}

/* A rule with one leaf. */
static void add_rule(struct pack_builder *builder, const struct rule_info *rule, const char *fact,
                     enum condition_op op, const char *value)
{
    assert_int_equal(pack_builder_begin_rule(builder, rule), RESULT_OK);
    assert_int_equal(pack_builder_condition(builder, CONDITION_MEETS), RESULT_OK);
    leaf(builder, fact, op, value);
    assert_int_equal(pack_builder_end_rule(builder), RESULT_OK);
}

static struct rule_pack *finish(struct pack_builder *builder)
{
    struct rule_pack *pack = NULL;
    assert_int_equal(pack_builder_finish(builder, &pack), RESULT_OK);
    pack_builder_free(builder);
    return pack;
}

static void set_value(struct fact_set *facts, uint32_t fact, int64_t value)
{
    facts->values[fact] = (struct fact_value){.known = true,
                                              .supplier = SUPPLIER_PHYSICIAN,
                                              .value = value,
                                              .at_us = NOW_US,
                                              .expires_us = FACT_NEVER_EXPIRES};
}

static void set_truth(struct fact_set *facts, uint32_t fact, enum truth truth)
{
    facts->values[fact] = (struct fact_value){0};
    if (truth != TRUTH_UNKNOWN)
        set_value(facts, fact, truth == TRUTH_TRUE);
}

static enum truth least(enum truth a, enum truth b)
{
    return a < b ? a : b;
}

static enum truth most(enum truth a, enum truth b)
{
    return a > b ? a : b;
}

/* all, any, not and "when → meets" over every pair of truths. */
static void test_kleene(void **state)
{
    (void)state;
    struct pack_builder *builder = new_builder();
    struct rule_info all = rule_of("A", RULE_LEVEL_M, RULE_ACTION_REFUSE);
    struct rule_info any = rule_of("B", RULE_LEVEL_M, RULE_ACTION_REFUSE);
    struct rule_info not = rule_of("C", RULE_LEVEL_M, RULE_ACTION_REFUSE);
    struct rule_info when = rule_of("D", RULE_LEVEL_M, RULE_ACTION_REFUSE);
    add_fact(builder, "p", FACT_BOOL);
    add_fact(builder, "q", FACT_BOOL);
    const struct rule_info *joins[] = {&all, &any};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pack_builder_begin_rule(builder, joins[i]), RESULT_OK);
        assert_int_equal(pack_builder_condition(builder, CONDITION_MEETS), RESULT_OK);
        assert_int_equal(pack_builder_open(builder, i == 0 ? CONDITION_ALL : CONDITION_ANY),
                         RESULT_OK);
        leaf(builder, "p", CONDITION_IS, "yes");
        leaf(builder, "q", CONDITION_IS, "yes");
        assert_int_equal(pack_builder_close(builder), RESULT_OK);
        assert_int_equal(pack_builder_end_rule(builder), RESULT_OK);
    }
    assert_int_equal(pack_builder_begin_rule(builder, &not ), RESULT_OK);
    assert_int_equal(pack_builder_condition(builder, CONDITION_MEETS), RESULT_OK);
    assert_int_equal(pack_builder_open(builder, CONDITION_NOT), RESULT_OK);
    leaf(builder, "p", CONDITION_IS, "yes");
    assert_int_equal(pack_builder_close(builder), RESULT_OK);
    assert_int_equal(pack_builder_end_rule(builder), RESULT_OK);
    assert_int_equal(pack_builder_begin_rule(builder, &when), RESULT_OK);
    assert_int_equal(pack_builder_condition(builder, CONDITION_WHEN), RESULT_OK);
    leaf(builder, "p", CONDITION_IS, "yes");
    assert_int_equal(pack_builder_condition(builder, CONDITION_MEETS), RESULT_OK);
    leaf(builder, "q", CONDITION_IS, "yes");
    assert_int_equal(pack_builder_end_rule(builder), RESULT_OK);
    struct rule_pack *pack = finish(builder);
    for (enum truth p = TRUTH_FALSE; p <= TRUTH_TRUE; p++) {
        for (enum truth q = TRUTH_FALSE; q <= TRUTH_TRUE; q++) {
            struct fact_set facts = {0};
            struct rule_question question = {
                .gate = RULE_GATE_START, .facts = &facts, .now_us = NOW_US};
            set_truth(&facts, 0, p);
            set_truth(&facts, 1, q);
            assert_int_equal(rule_truth(pack, 0, &question), least(p, q));
            assert_int_equal(rule_truth(pack, 1, &question), most(p, q));
            assert_int_equal(rule_truth(pack, 2, &question), TRUTH_TRUE - p);
            assert_int_equal(rule_truth(pack, 3, &question), most(TRUTH_TRUE - p, q));
        }
    }
    rule_pack_free(pack);
}

struct leaf_row {
    const char *fact;
    enum condition_op op;
    const char *value;
    int64_t holds, fails;
    enum truth unknown;
};

static void test_each_comparison(void **state)
{
    static const struct leaf_row rows[] = {
        {"n", CONDITION_IS, "7", 7, 8, TRUTH_UNKNOWN},
        {"n", CONDITION_IS_NOT, "7", 8, 7, TRUTH_UNKNOWN},
        {"n", CONDITION_LESS, "7", 6, 7, TRUTH_UNKNOWN},
        {"n", CONDITION_AT_MOST, "7", 7, 8, TRUTH_UNKNOWN},
        {"n", CONDITION_MORE, "7", 8, 7, TRUTH_UNKNOWN},
        {"n", CONDITION_AT_LEAST, "7", 7, 6, TRUTH_UNKNOWN},
        {"e", CONDITION_IS, "green", 1, 0, TRUTH_UNKNOWN},
        {"e", CONDITION_IN, "blue", 2, 0, TRUTH_UNKNOWN},
        {"e", CONDITION_KNOWN_AS, "red", 0, 1, TRUTH_FALSE},
        {"e", CONDITION_NOT_KNOWN_AS, "red", 1, 0, TRUTH_TRUE},
        {"d", CONDITION_AT_MOST, "2025-11-22", 20414, 20415, TRUTH_UNKNOWN},
        {"d", CONDITION_AT_MOST, "today", 20414, 20415, TRUTH_UNKNOWN},
        {"s", CONDITION_HAS_ALL, "blue", 6, 2, TRUTH_UNKNOWN},
        {"s", CONDITION_HAS_ANY, "red", 1, 6, TRUTH_UNKNOWN},
        {"s", CONDITION_EMPTY, NULL, 0, 1, TRUTH_UNKNOWN},
        {"s", CONDITION_NOT_EMPTY, NULL, 4, 0, TRUTH_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct pack_builder *builder = new_builder();
        struct rule_info rule = rule_of("A", RULE_LEVEL_M, RULE_ACTION_REFUSE);
        struct fact_set facts = {0};
        struct rule_question question = {
            .gate = RULE_GATE_START, .facts = &facts, .now_us = NOW_US};
        add_fact(builder, "n", FACT_INTEGER);
        add_fact(builder, "e", FACT_ENUM);
        add_fact(builder, "d", FACT_DATE);
        add_fact(builder, "s", FACT_SET);
        add_rule(builder, &rule, rows[i].fact, rows[i].op, rows[i].value);
        struct rule_pack *pack = finish(builder);
        uint32_t fact = (uint32_t)rule_pack_find_fact(pack, rows[i].fact);
        assert_int_equal(rule_truth(pack, 0, &question), rows[i].unknown);
        set_value(&facts, fact, rows[i].holds);
        assert_int_equal(rule_truth(pack, 0, &question), TRUTH_TRUE);
        set_value(&facts, fact, rows[i].fails);
        assert_int_equal(rule_truth(pack, 0, &question), TRUTH_FALSE);
        rule_pack_free(pack);
    }
}

static void test_not_after(void **state)
{
    (void)state;
    struct pack_builder *builder = new_builder();
    struct rule_info rule = rule_of("A", RULE_LEVEL_M, RULE_ACTION_REFUSE);
    struct fact_set facts = {0};
    struct rule_question question = {.gate = RULE_GATE_START, .facts = &facts, .now_us = NOW_US};
    struct decision decision;
    add_fact(builder, "p", FACT_BOOL);
    add_fact(builder, "q", FACT_BOOL);
    add_rule(builder, &rule, "p", CONDITION_NOT_AFTER, "q");
    struct rule_pack *pack = finish(builder);
    set_value(&facts, 0, 1);
    rules_evaluate(pack, &question, &decision);
    assert_int_equal(decision.failed[0].truth, TRUTH_UNKNOWN);
    assert_int_equal(decision.failed[0].fact, 1); /* the missing one is named */
    set_value(&facts, 1, 0);
    assert_int_equal(rule_truth(pack, 0, &question), TRUTH_TRUE);
    facts.values[0].at_us++;
    assert_int_equal(rule_truth(pack, 0, &question), TRUTH_FALSE);
    rule_pack_free(pack);
}

/* Which gates an AT leaf is true at; and that an action may differ by gate. */
static void test_at_and_action_at(void **state)
{
    (void)state;
    struct pack_builder *builder = new_builder();
    struct rule_info rule = rule_of("A", RULE_LEVEL_M, RULE_ACTION_REFUSE);
    struct fact_set facts = {0};
    struct rule_question question = {.gate = RULE_GATE_START, .facts = &facts, .now_us = NOW_US};
    struct decision decision;
    rule.gates |= 1u << RULE_GATE_LIVE | 1u << RULE_GATE_ADMIT;
    rule.gate_action[RULE_GATE_LIVE] = RULE_ACTION_PAUSE;
    add_fact(builder, "p", FACT_BOOL);
    assert_int_equal(pack_builder_begin_rule(builder, &rule), RESULT_OK);
    assert_int_equal(pack_builder_condition(builder, CONDITION_MEETS), RESULT_OK);
    assert_int_equal(pack_builder_open(builder, CONDITION_ANY), RESULT_OK);
    assert_int_equal(pack_builder_at(builder, 1u << RULE_GATE_ADMIT), RESULT_OK);
    leaf(builder, "p", CONDITION_IS, "yes");
    assert_int_equal(pack_builder_close(builder), RESULT_OK);
    assert_int_equal(pack_builder_end_rule(builder), RESULT_OK);
    struct rule_pack *pack = finish(builder);
    set_value(&facts, 0, 0);
    rules_evaluate(pack, &question, &decision);
    assert_int_equal(decision.verdict, RULE_ACTION_REFUSE);
    assert_int_equal(decision.failed[0].fact, 0);
    question.gate = RULE_GATE_LIVE;
    rules_evaluate(pack, &question, &decision);
    assert_int_equal(decision.verdict, RULE_ACTION_PAUSE);
    question.gate = RULE_GATE_ADMIT;
    rules_evaluate(pack, &question, &decision);
    assert_int_equal(decision.verdict, RULE_ACTION_PASS);
    assert_int_equal(decision.rules_evaluated, 1);
    question.gate = RULE_GATE_CLOSE;
    rules_evaluate(pack, &question, &decision);
    assert_int_equal(decision.rules_evaluated, 0);
    rule_pack_free(pack);
}

/* Every level with every action: what is asked when the fact is false and when it is unknown (§3.1 evaluation 1). */
static void test_unknown_by_level(void **state)
{
    (void)state;
    for (enum rule_level level = RULE_LEVEL_M; level <= RULE_LEVEL_D; level++) {
        for (enum rule_action action = RULE_ACTION_WARN; action < RULE_ACTION_COUNT; action++) {
            struct pack_builder *builder = new_builder();
            struct rule_info rule = rule_of("A", level, action);
            struct fact_set facts = {0};
            struct rule_question question = {
                .gate = RULE_GATE_START, .facts = &facts, .now_us = NOW_US};
            struct decision decision;
            add_fact(builder, "p", FACT_BOOL);
            add_rule(builder, &rule, "p", CONDITION_IS, "yes");
            struct rule_pack *pack = finish(builder);
            bool strict = level == RULE_LEVEL_M || level == RULE_LEVEL_S ||
                          ((level == RULE_LEVEL_Q || level == RULE_LEVEL_D) &&
                           action >= RULE_ACTION_OVERRIDE);
            rules_evaluate(pack, &question, &decision);
            assert_int_equal(decision.verdict, strict ? action : RULE_ACTION_WARN);
            set_value(&facts, 0, 0);
            rules_evaluate(pack, &question, &decision);
            assert_int_equal(decision.verdict, action);
            assert_int_equal(decision_allows(&decision), action == RULE_ACTION_WARN);
            rule_pack_free(pack);
        }
    }
}

static void test_expiry(void **state)
{
    (void)state;
    struct pack_builder *builder = new_builder();
    struct rule_info rule = rule_of("A", RULE_LEVEL_M, RULE_ACTION_REFUSE);
    struct fact_set facts = {0};
    struct rule_question question = {.gate = RULE_GATE_START, .facts = &facts, .now_us = NOW_US};
    rule.gates |= 1u << RULE_GATE_LIVE;
    add_fact(builder, "p", FACT_BOOL);
    add_rule(builder, &rule, "p", CONDITION_IS, "yes");
    struct rule_pack *pack = finish(builder);
    set_value(&facts, 0, 1);
    facts.values[0].expires_us = NOW_US + 1;
    assert_int_equal(rule_truth(pack, 0, &question), TRUTH_TRUE);
    question.now_us = NOW_US + 1;
    assert_int_equal(rule_truth(pack, 0, &question), TRUTH_UNKNOWN);
    question.gate = RULE_GATE_LIVE; /* growing old does not stop a running session */
    assert_int_equal(rule_truth(pack, 0, &question), TRUTH_TRUE);
    set_value(&facts, 0, 0); /* a revocation does */
    assert_int_equal(rule_truth(pack, 0, &question), TRUTH_FALSE);
    rule_pack_free(pack);
}

static void test_acknowledgement_clears_only_what_may_be_cleared(void **state)
{
    (void)state;
    for (enum rule_action action = RULE_ACTION_WARN; action < RULE_ACTION_COUNT; action++) {
        struct pack_builder *builder = new_builder();
        struct rule_info rule = rule_of("A", RULE_LEVEL_M, action),
                         other = rule_of("B", RULE_LEVEL_M, action);
        struct fact_set facts = {0};
        uint8_t acknowledged[RULES_MAX / 8] = {1};
        struct rule_question question = {.gate = RULE_GATE_START,
                                         .facts = &facts,
                                         .now_us = NOW_US,
                                         .acknowledged = acknowledged};
        struct decision decision;
        add_fact(builder, "p", FACT_BOOL);
        add_rule(builder, &rule, "p", CONDITION_IS, "yes");
        add_rule(builder, &other, "p", CONDITION_IS, "yes");
        struct rule_pack *pack = finish(builder);
        bool cleared = action == RULE_ACTION_ACKNOWLEDGE || action == RULE_ACTION_OVERRIDE;
        rules_evaluate(pack, &question, &decision);
        assert_int_equal(decision.failed_count, 2); /* a cleared rule stays listed */
        assert_int_equal(decision.failed[0].cleared,
                         cleared ? RULE_CLEARED_ACKNOWLEDGED : RULE_CLEARED_NOT);
        assert_int_equal(decision.failed[0].action, cleared ? RULE_ACTION_PASS : action);
        assert_int_equal(decision.failed[1].cleared, RULE_CLEARED_NOT);
        assert_int_equal(decision.verdict, action);
        acknowledged[0] = 3;
        rules_evaluate(pack, &question, &decision);
        assert_int_equal(decision.verdict, cleared ? RULE_ACTION_PASS : action);
        rule_pack_free(pack);
    }
}

/* An overridden rule does not pause the session for the same cause. */
static void test_override_holds_inside_the_session(void **state)
{
    (void)state;
    struct pack_builder *builder = new_builder();
    struct rule_info rule = rule_of("A", RULE_LEVEL_M, RULE_ACTION_OVERRIDE);
    struct fact_set facts = {0};
    uint8_t acknowledged[RULES_MAX / 8] = {0};
    struct rule_question question = {
        .gate = RULE_GATE_LIVE, .facts = &facts, .now_us = NOW_US, .acknowledged = acknowledged};
    struct decision decision;
    rule.gates |= 1u << RULE_GATE_LIVE;
    rule.gate_action[RULE_GATE_LIVE] = RULE_ACTION_PAUSE;
    add_fact(builder, "p", FACT_BOOL);
    add_rule(builder, &rule, "p", CONDITION_IS, "yes");
    struct rule_pack *pack = finish(builder);
    set_value(&facts, 0, 0);
    rules_evaluate(pack, &question, &decision);
    assert_int_equal(decision.verdict, RULE_ACTION_PAUSE);
    acknowledged[0] = 1;
    rules_evaluate(pack, &question, &decision);
    assert_int_equal(decision.verdict, RULE_ACTION_PASS);
    rule_pack_free(pack);
}

static void test_emergency(void **state)
{
    (void)state;
    struct pack_builder *builder = new_builder();
    struct rule_info deferrable = rule_of("E", RULE_LEVEL_M, RULE_ACTION_REFUSE);
    struct rule_info plain = rule_of("P", RULE_LEVEL_M, RULE_ACTION_PAUSE);
    struct rule_info ends = rule_of("T", RULE_LEVEL_M, RULE_ACTION_TERMINATE);
    struct rule_info never = rule_of("N", RULE_LEVEL_M, RULE_ACTION_TERMINATE);
    struct fact_set facts = {0};
    struct rule_question question = {
        .gate = RULE_GATE_START, .facts = &facts, .now_us = NOW_US, .emergency = true};
    struct decision decision;
    struct rule_info *rules[] = {&deferrable, &plain, &ends, &never};
    deferrable.emergency_deferrable = true;
    never.never_deferred = true;
    add_fact(builder, "p", FACT_BOOL);
    for (size_t i = 0; i < ARRAY_LENGTH(rules); i++) {
        rules[i]->gates |= 1u << RULE_GATE_LIVE;
        add_rule(builder, rules[i], "p", CONDITION_IS, "yes");
    }
    struct rule_pack *pack = finish(builder);
    rules_evaluate(pack, &question, &decision);
    assert_int_equal(decision.failed[0].cleared, RULE_CLEARED_DEFERRED);
    assert_int_equal(decision.failed[0].action, RULE_ACTION_PASS);
    assert_int_equal(decision.failed[1].action, RULE_ACTION_PAUSE);
    assert_int_equal(decision.failed[2].action, RULE_ACTION_TERMINATE);
    question.gate =
        RULE_GATE_LIVE; /* P7: nothing takes the sound away now, except what is never relaxed */
    rules_evaluate(pack, &question, &decision);
    assert_int_equal(decision.failed[1].action, RULE_ACTION_WARN);
    assert_int_equal(decision.failed[2].action, RULE_ACTION_WARN);
    assert_int_equal(decision.failed[3].action, RULE_ACTION_TERMINATE);
    question.emergency = false;
    rules_evaluate(pack, &question, &decision);
    assert_int_equal(decision.failed[0].action, RULE_ACTION_REFUSE);
    assert_int_equal(decision.failed[1].action, RULE_ACTION_PAUSE);
    rule_pack_free(pack);
}

/* TE > RF > PA > OV > AK > WN, for each pair in both orders; all failed rules are listed in pack order. */
static void test_strength_order(void **state)
{
    (void)state;
    for (enum rule_action a = RULE_ACTION_WARN; a < RULE_ACTION_COUNT; a++) {
        for (enum rule_action b = RULE_ACTION_WARN; b < RULE_ACTION_COUNT; b++) {
            struct pack_builder *builder = new_builder();
            struct rule_info first = rule_of("A", RULE_LEVEL_M, a),
                             second = rule_of("B", RULE_LEVEL_M, b);
            struct fact_set facts = {0};
            struct rule_question question = {
                .gate = RULE_GATE_START, .facts = &facts, .now_us = NOW_US};
            struct decision decision;
            add_fact(builder, "p", FACT_BOOL);
            add_rule(builder, &first, "p", CONDITION_IS, "yes");
            add_rule(builder, &second, "p", CONDITION_IS, "yes");
            struct rule_pack *pack = finish(builder);
            rules_evaluate(pack, &question, &decision);
            assert_int_equal(decision.verdict, a > b ? a : b);
            assert_int_equal(decision.failed_count, 2);
            assert_int_equal(decision.failed[0].rule, 0);
            assert_int_equal(decision.failed[1].rule, 1);
            rule_pack_free(pack);
        }
    }
}

static void test_explanation(void **state)
{
    (void)state;
    struct pack_builder *builder = new_builder();
    struct rule_info rule = rule_of("A", RULE_LEVEL_M, RULE_ACTION_REFUSE);
    struct fact_set facts = {0};
    struct rule_question question = {.gate = RULE_GATE_START, .facts = &facts, .now_us = NOW_US};
    struct rule_leaf leaves[2];
    struct decision decision;
    const char *two[] = {"red", "blue"};
    struct condition_leaf in = {"e", CONDITION_IN, two, 2};
    add_fact(builder, "n", FACT_INTEGER);
    add_fact(builder, "e", FACT_ENUM);
    assert_int_equal(pack_builder_begin_rule(builder, &rule), RESULT_OK);
    assert_int_equal(pack_builder_condition(builder, CONDITION_WHEN), RESULT_OK);
    leaf(builder, "n", CONDITION_AT_LEAST, "3");
    assert_int_equal(pack_builder_condition(builder, CONDITION_MEETS), RESULT_OK);
    assert_int_equal(pack_builder_leaf(builder, &in), RESULT_OK);
    assert_int_equal(pack_builder_end_rule(builder), RESULT_OK);
    struct rule_pack *pack = finish(builder);
    set_value(&facts, 0, 5);
    assert_int_equal(rule_explain(pack, 0, &question, leaves, 1), 2); /* says how many there are */
    assert_int_equal(rule_explain(pack, 0, &question, leaves, 2), 2);
    assert_string_equal(leaves[0].wanted, ">= 3");
    assert_int_equal(leaves[0].truth, TRUTH_TRUE);
    assert_int_equal(leaves[0].value.value, 5);
    assert_string_equal(leaves[1].wanted, "in {red, blue}");
    assert_int_equal(leaves[1].truth, TRUTH_UNKNOWN);
    assert_false(leaves[1].value.known);
    rules_evaluate(pack, &question, &decision);
    assert_int_equal(decision.failed[0].fact,
                     1); /* the part it hangs on, not the condition that it applies */
    facts.values[0].known = false;
    rules_evaluate(pack, &question, &decision);
    assert_int_equal(decision.failed[0].fact, 0);
    rule_pack_free(pack);
}

/* Each thing a decision depends on changes the digest, and what it does not depend on does not. */
static void test_inputs_digest(void **state)
{
    (void)state;
    struct pack_builder *builder = new_builder();
    struct rule_info rule = rule_of("A", RULE_LEVEL_M, RULE_ACTION_OVERRIDE);
    struct rule_info elsewhere = rule_of("B", RULE_LEVEL_M, RULE_ACTION_REFUSE);
    struct fact_set facts = {0};
    uint8_t acknowledged[RULES_MAX / 8] = {0};
    struct rule_question question = {
        .gate = RULE_GATE_START, .facts = &facts, .now_us = NOW_US, .acknowledged = acknowledged};
    struct span key = span_of("key", 3);
    elsewhere.gates = 1u << RULE_GATE_CLOSE;
    add_fact(builder, "p", FACT_BOOL);
    add_fact(builder, "q", FACT_BOOL);
    add_rule(builder, &rule, "p", CONDITION_IS, "yes");
    add_rule(builder, &elsewhere, "q", CONDITION_IS, "yes");
    struct rule_pack *pack = finish(builder);
    struct sha256 base = rules_inputs_digest(pack, &question, key),
                  other = rules_inputs_digest(pack, &question, key);
    assert_true(sha256_equal(&base, &other));
    set_value(&facts, 1, 1); /* not asked at this gate */
    other = rules_inputs_digest(pack, &question, key);
    assert_true(sha256_equal(&base, &other));
    set_value(&facts, 0, 0);
    struct sha256 known = rules_inputs_digest(pack, &question, key);
    assert_false(sha256_equal(&base, &known));
    facts.values[0].value = 1;
    other = rules_inputs_digest(pack, &question, key);
    assert_false(sha256_equal(&known, &other));
    acknowledged[0] = 1;
    struct sha256 cleared = rules_inputs_digest(pack, &question, key);
    assert_false(sha256_equal(&other, &cleared));
    other = rules_inputs_digest(pack, &question, span_of("kez", 3));
    assert_false(sha256_equal(&cleared, &other));
    question.emergency = true;
    other = rules_inputs_digest(pack, &question, key);
    assert_false(sha256_equal(&cleared, &other));
    rule_pack_free(pack);
}

static int64_t cpu_ns(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), 0);
    return (int64_t)now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* No timed test: it prints, and fails only when the work explodes (instrumented builds are ten times slower). */
static void test_cost_is_small(void **state)
{
    (void)state;
    struct pack_builder *builder = new_builder();
    struct fact_set facts = {0};
    struct decision decision;
    struct rule_question question = {.gate = RULE_GATE_START, .facts = &facts, .now_us = NOW_US};
    add_fact(builder, "p", FACT_BOOL);
    for (int i = 0; i < DECISION_FAILED_MAX; i++) {
        char id[RULE_ID_SIZE];
        snprintf(id, sizeof(id), "R-%d", i);
        struct rule_info rule = rule_of(id, RULE_LEVEL_M, RULE_ACTION_REFUSE);
        add_rule(builder, &rule, "p", CONDITION_IS, "yes");
    }
    struct rule_pack *pack = finish(builder);
    int64_t start = cpu_ns();
    for (int i = 0; i < 1000; i++)
        rules_evaluate(pack, &question, &decision);
    int64_t each_ns = (cpu_ns() - start) / 1000;
    print_message("a gate of %d failing rules: %lld ns\n", DECISION_FAILED_MAX, (long long)each_ns);
    assert_int_equal(decision.failed_count, DECISION_FAILED_MAX);
    assert_true(each_ns < 2000000);
    rule_pack_free(pack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kleene),
        cmocka_unit_test(test_each_comparison),
        cmocka_unit_test(test_not_after),
        cmocka_unit_test(test_at_and_action_at),
        cmocka_unit_test(test_unknown_by_level),
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_acknowledgement_clears_only_what_may_be_cleared),
        cmocka_unit_test(test_override_holds_inside_the_session),
        cmocka_unit_test(test_emergency),
        cmocka_unit_test(test_strength_order),
        cmocka_unit_test(test_explanation),
        cmocka_unit_test(test_inputs_digest),
        cmocka_unit_test(test_cost_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
