/* The pack of the product: every rule against its rows, the demo consultations against every gate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/clock.h"
#include "gateway/rules/doors.h"
#include "tests/unit/rules/rules_support.h"

#define ROWS_FILE      "tests/unit/rules/rows.json"
#define DEMO_FILE      "tests/data/demo-facts.json"
#define CATALOGUE_FILE "tests/data/catalogue-ids.json"

static const char *const TRUTHS[] = {"false", "unknown", "true"};

/* What the rule asks for in a decision of its gate; PASS when it is not among the failed. */
static enum rule_action action_in(const struct decision *decision, int rule)
{
    for (uint16_t i = 0; i < decision->failed_count; i++)
        if (decision->failed[i].rule == rule)
            return decision->failed[i].action;
    return RULE_ACTION_PASS;
}

static void check_row(const struct rule_pack *pack, int rule, const json_t *row, size_t number,
                      int64_t now_us)
{
    struct fact_set facts = {0};
    struct decision decision;
    const char *id = rule_pack_rule(pack, (uint32_t)rule)->id;
    json_t *values = json_array_get(row, 2), *value;
    const char *name;
    struct rule_question question = {.gate =
                                         support_gate(json_string_value(json_array_get(row, 1))),
                                     .facts = &facts,
                                     .now_us = now_us};
    if ((rule_pack_rule(pack, (uint32_t)rule)->gates & 1u << question.gate) == 0)
        fail_msg("%s row %zu: the rule does not run at %s", id, number,
                 rule_gate_name(question.gate));
    json_object_foreach(values, name, value) support_set(pack, &facts, name, value, NULL, now_us);
    const char *truth = TRUTHS[rule_truth(pack, (uint32_t)rule, &question)];
    if (strcmp(truth, json_string_value(json_array_get(row, 3))) != 0)
        fail_msg("%s row %zu: is %s", id, number, truth);
    rules_evaluate(pack, &question, &decision);
    const char *action = rule_action_name(action_in(&decision, rule));
    if (strcmp(action, json_string_value(json_array_get(row, 4))) != 0)
        fail_msg("%s row %zu: asks for %s", id, number, action);
}

static void check_kinds(const char *id, const json_t *rows)
{
    bool met = false, not_met = false, nothing = false;
    json_t *row;
    size_t i;
    json_array_foreach(rows, i, row)
    {
        const char *kind = json_string_value(json_array_get(row, 0)),
                   *truth = json_string_value(json_array_get(row, 3));
        met |= strcmp(kind, "met") == 0 && strcmp(truth, "true") == 0;
        not_met |= strcmp(kind, "not met") == 0 && strcmp(truth, "false") == 0;
        nothing |=
            strcmp(kind, "nothing known") == 0 && json_object_size(json_array_get(row, 2)) == 0;
    }
    if (!met || !not_met || !nothing)
        fail_msg("%s: wants a row met, one not met and one with nothing known", id);
}

static void test_every_rule_has_its_rows(void **state)
{
    (void)state;
    struct rule_pack *pack = support_pack();
    json_t *root = support_json(ROWS_FILE), *rules = json_object_get(root, "rows"), *row;
    int64_t now_us = support_time(json_string_value(json_object_get(root, "now")));
    size_t rows_count = 0, i;
    for (uint32_t rule = 0; rule < rule_pack_info(pack)->rules_count; rule++) {
        const char *id = rule_pack_rule(pack, rule)->id;
        json_t *rows = json_object_get(rules, id);
        if (rows == NULL)
            fail_msg("%s has no rows in " ROWS_FILE, id);
        check_kinds(id, rows);
        json_array_foreach(rows, i, row) check_row(pack, (int)rule, row, i + 1, now_us);
        rows_count += json_array_size(rows);
    }
    assert_int_equal(json_object_size(rules), rule_pack_info(pack)->rules_count);
    print_message("%u rules, %zu rows\n", rule_pack_info(pack)->rules_count, rows_count);
    json_decref(root);
    rule_pack_free(pack);
}

/* ---- demo consultations --------------------------------------------------------------------------------------- */

/* The strongest verdict over G1 … G7 of a story, with one fact left out (NULL: none). */
static enum rule_action run_story(const struct rule_pack *pack, const json_t *story,
                                  const char *without, int64_t now_us)
{
    struct fact_set facts = {0};
    enum rule_action strongest = RULE_ACTION_PASS;
    json_t *gate, *fact;
    size_t i, j;
    json_array_foreach(json_object_get(story, "gates"), i, gate)
    {
        struct decision decision;
        struct rule_question question = {
            .gate = support_gate(json_string_value(json_object_get(gate, "gate"))),
            .facts = &facts,
            .now_us = now_us};
        json_array_foreach(json_object_get(gate, "facts"), j, fact)
        {
            const char *name = json_string_value(json_object_get(fact, "fact"));
            if (without != NULL && strcmp(name, without) == 0)
                continue;
            support_set(pack, &facts, name, json_object_get(fact, "value"),
                        json_string_value(json_object_get(fact, "from")), now_us);
        }
        rules_evaluate(pack, &question, &decision);
        if (without == NULL && decision.failed_count > 0)
            fail_msg("%s at %s: %s fails", json_string_value(json_object_get(story, "name")),
                     rule_gate_name(question.gate),
                     rule_pack_rule(pack, decision.failed[0].rule)->id);
        if (decision.verdict > strongest)
            strongest = decision.verdict;
        now_us += 60 * US_PER_S;
    }
    return strongest;
}

static void check_door(const struct rule_pack *pack, const json_t *fact)
{
    const char *name = json_string_value(json_object_get(fact, "fact"));
    const char *door = json_string_value(json_object_get(fact, "door"));
    const char *from = json_string_value(json_object_get(fact, "from"));
    const struct fact_info *info = rule_pack_fact(pack, (uint32_t)rule_pack_find_fact(pack, name));
    uint32_t behind = 0;
    bool right = false;
    if (!doors_suppliers(door, &behind) || strstr(info->door, door) == NULL)
        fail_msg("%s: %s is not its door", name, door);
    for (unsigned i = 0; i < SUPPLIER_COUNT; i++)
        right |= strcmp(from, supplier_name((enum supplier)i)) == 0 &&
                 (behind & info->suppliers & 1u << i) != 0;
    if (!right)
        fail_msg("%s: %s does not stand behind %s", name, from, door);
}

static void test_demo_stories_pass_and_need_each_fact(void **state)
{
    (void)state;
    struct rule_pack *pack = support_pack();
    json_t *root = support_json(DEMO_FILE), *story, *gate, *fact;
    int64_t now_us = support_time(json_string_value(json_object_get(root, "now")));
    size_t s, g, f, stories = 0, facts = 0;
    json_array_foreach(json_object_get(root, "stories"), s, story)
    {
        const char *title = json_string_value(json_object_get(story, "name"));
        assert_int_equal(run_story(pack, story, NULL, now_us), RULE_ACTION_PASS);
        stories++;
        json_array_foreach(json_object_get(story, "gates"), g, gate)
            json_array_foreach(json_object_get(gate, "facts"), f, fact)
        {
            const char *name = json_string_value(json_object_get(fact, "fact"));
            const char *left_out = json_string_value(json_object_get(fact, "left_out"));
            check_door(pack, fact);
            enum rule_action verdict = run_story(pack, story, name, now_us);
            bool as_said = left_out == NULL                 ? verdict > RULE_ACTION_WARN
                           : strcmp(left_out, "warns") == 0 ? verdict == RULE_ACTION_WARN
                                                            : verdict == RULE_ACTION_PASS;
            if (!as_said)
                fail_msg("%s without %s: %s", title, name, rule_action_name(verdict));
            facts++;
        }
    }
    assert_int_equal(stories, 2);
    print_message("%zu stories, %zu facts left out one by one\n", stories, facts);
    json_decref(root);
    rule_pack_free(pack);
}

/* ---- the pack as a whole -------------------------------------------------------------------------------------- */

static void test_every_fact_has_doors_for_each_supplier(void **state)
{
    (void)state;
    struct rule_pack *pack = support_pack();
    for (uint32_t i = 0; i < rule_pack_info(pack)->facts_count; i++) {
        const struct fact_info *fact = rule_pack_fact(pack, i);
        uint32_t behind = 0;
        assert_true(fact->door != NULL && fact->door[0] != '\0');
        assert_true(doors_suppliers(fact->door, &behind));
        assert_int_equal(fact->suppliers & ~behind, 0);
    }
    rule_pack_free(pack);
}

static void test_every_door_is_used(void **state)
{
    (void)state;
    struct rule_pack *pack = support_pack();
    for (uint32_t door = 0; door < DOOR_COUNT; door++) {
        bool used = false;
        for (uint32_t i = 0; i < rule_pack_info(pack)->facts_count && !used; i++)
            used = strstr(rule_pack_fact(pack, i)->door, door_get(door)->name) != NULL;
        if (!used)
            fail_msg("no fact comes through %s", door_get(door)->name);
    }
    rule_pack_free(pack);
}

/* A value from somebody else is refused for each fact and each supplier who may not give it. */
static void test_wrong_suppliers_are_refused(void **state)
{
    (void)state;
    struct rule_pack *pack = support_pack();
    uint32_t refused = 0;
    for (uint32_t i = 0; i < rule_pack_info(pack)->facts_count; i++) {
        const struct fact_info *fact = rule_pack_fact(pack, i);
        int64_t value = fact->type == FACT_INTEGER ? fact->minimum
                        : fact->type == FACT_DATE  ? 20000
                                                   : 0;
        for (unsigned s = 0; s < SUPPLIER_COUNT; s++) {
            bool may = (fact->suppliers & 1u << s) != 0;
            assert_int_equal(fact_check(pack, i, (enum supplier)s, value),
                             may ? RESULT_OK : RESULT_DENIED);
            refused += may ? 0 : 1;
        }
        assert_int_equal(
            fact_check(pack, i, (enum supplier)__builtin_ctz(fact->suppliers), INT64_MAX),
            RESULT_INVALID);
    }
    print_message("%u wrong suppliers refused\n", refused);
    rule_pack_free(pack);
}

/* The catalogue lists its rules; the pack has each of them once, in the same order, and no other. */
static void test_the_pack_is_the_catalogue(void **state)
{
    (void)state;
    struct rule_pack *pack = support_pack();
    json_t *root = support_json(CATALOGUE_FILE), *ids = json_object_get(root, "rules"), *id;
    size_t i;
    assert_int_equal(json_array_size(ids), json_integer_value(json_object_get(root, "count")));
    json_array_foreach(ids, i, id)
    {
        int rule = rule_pack_find_rule(pack, json_string_value(id));
        if (rule < 0)
            fail_msg("%s has no rule", json_string_value(id));
        if ((size_t)rule != i)
            fail_msg("%s stands at place %d of the pack, not %zu", json_string_value(id), rule, i);
    }
    assert_int_equal(rule_pack_info(pack)->rules_count, json_array_size(ids));
    json_decref(root);
    rule_pack_free(pack);
}

/* Nothing recalled is shown as law: `r` and our own `–` are never marked as read in their source. */
static void test_marks_of_verification_are_kept(void **state)
{
    (void)state;
    struct rule_pack *pack = support_pack();
    for (uint32_t i = 0; i < rule_pack_info(pack)->rules_count; i++) {
        const struct rule_info *rule = rule_pack_rule(pack, i);
        const char *recalled = strchr(rule->source, 'r');
        if (rule->verified && (recalled != NULL || strcmp(rule->source, "–") == 0))
            fail_msg("%s: source %s is marked as verified", rule->id, rule->source);
    }
    rule_pack_free(pack);
}

/* DIS-03 and the catalogue's N: nothing relaxes these, whatever is acknowledged or declared. */
static void test_never_rules_are_never_cleared(void **state)
{
    static const char *const ids[] = {"JP-OC-1.5-01", "JP-OC-1.5-02", "JP-OC-1.5-03",
                                      "JP-OC-1.5-08", "JP-OC-1.5-09", "JP-OC-1.6-03",
                                      "JP-OC-1.6-05", "JP-OC-2.5-10", "JP-OC-2.5-13",
                                      "JP-OC-P-05",   "JP-OC-P-09",   "JP-OC-P-11"};
    (void)state;
    struct rule_pack *pack = support_pack();
    for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
        const struct rule_info *rule =
            rule_pack_rule(pack, (uint32_t)rule_pack_find_rule(pack, ids[i]));
        assert_true(rule->never_deferred);
        assert_false(rule->emergency_deferrable);
        assert_int_equal(rule->acknowledged_by, 0);
    }
    rule_pack_free(pack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_rule_has_its_rows),
        cmocka_unit_test(test_demo_stories_pass_and_need_each_fact),
        cmocka_unit_test(test_every_fact_has_doors_for_each_supplier),
        cmocka_unit_test(test_every_door_is_used),
        cmocka_unit_test(test_wrong_suppliers_are_refused),
        cmocka_unit_test(test_the_pack_is_the_catalogue),
        cmocka_unit_test(test_marks_of_verification_are_kept),
        cmocka_unit_test(test_never_rules_are_never_cleared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
