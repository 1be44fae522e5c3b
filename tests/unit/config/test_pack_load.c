/* The pack loader: each complaint with its exact line, and what a good pack holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/pack_load.h"

#define TEXT_SIZE 65536

static const char LEAST[] =
    "pack:\n"                        /* 1 */
    "  id: small\n"                  /* 2 */
    "  version: \"1\"\n"             /* 3 */
    "  title: {ja: 小, en: small}\n" /* 4 */
    "  valid_from: 2026-04-01\n"     /* 5 */
    "facts:\n"                       /* 6 */
    "  - name: seen\n"               /* 7 */
    "    type: bool\n"               /* 8 */
    "    from: [dr]\n"               /* 9 */
    "    door: [physician:checks]\n" /* 10 */
    "    ja: 見た\n"                 /* 11 */
    "    en: seen\n"                 /* 12 */
    "  - {name: place, type: enum, values: [home, street], from: [pt], door: patient:place, "
    "lifetime: 6h, ja: 所, en: place}\n"   /* 13 */
    "rules:\n"                             /* 14 */
    "  - id: R-1\n"                        /* 15 */
    "    clause: §1\n"                     /* 16 */
    "    source: V\n"                      /* 17 */
    "    verified: yes\n"                  /* 18 */
    "    level: M\n"                       /* 19 */
    "    gates: [G4, G5]\n"                /* 20 */
    "    action: refuse\n"                 /* 21 */
    "    action_at: {G5: pause}\n"         /* 22 */
    "    when: {fact: place, is: home}\n"  /* 23 */
    "    meets: {fact: seen, is: yes}\n"   /* 24 */
    "    title: {ja: 題, en: title}\n"     /* 25 */
    "    reason: {ja: 理由, en: reason}\n" /* 26 */
    "    deferrable: yes\n";               /* 27 */

static enum result load(const char *text, size_t length, struct rule_pack **ret_pack,
                        char *ret_message)
{
    return pack_load_bytes(span_of(text, length), "p.yaml", ret_pack, ret_message, 512);
}

static void test_good_pack(void **state)
{
    (void)state;
    struct rule_pack *pack = NULL;
    char message[512];
    enum result result = load(LEAST, strlen(LEAST), &pack, message);
    if (!result_ok(result))
        fail_msg("%s", message);
    const struct pack_info *info = rule_pack_info(pack);
    struct sha256 hash = sha256_of(span_of(LEAST, strlen(LEAST)));
    assert_string_equal(info->id, "small");
    assert_string_equal(info->title[LANGUAGE_JA], "小");
    assert_int_equal(info->valid_from_day, 20544);
    assert_true(info->valid_until_day == INT64_MAX);
    assert_true(sha256_equal(&hash, &info->hash));
    assert_int_equal(info->facts_count, 2);
    assert_int_equal(info->rules_count, 1);
    const struct fact_info *place = rule_pack_fact(pack, 1);
    assert_int_equal(place->type, FACT_ENUM);
    assert_int_equal(place->suppliers, 1u << SUPPLIER_PATIENT);
    assert_int_equal(place->lifetime_us, 6 * 3600 * 1000000ll);
    assert_string_equal(place->values[1], "street");
    assert_string_equal(place->door, "patient:place");
    const struct rule_info *rule = rule_pack_rule(pack, 0);
    assert_int_equal(rule->gates, 1u << RULE_GATE_START | 1u << RULE_GATE_LIVE);
    assert_int_equal(rule->gate_action[RULE_GATE_START], RULE_ACTION_REFUSE);
    assert_int_equal(rule->gate_action[RULE_GATE_LIVE], RULE_ACTION_PAUSE);
    assert_true(rule->emergency_deferrable);
    assert_string_equal(rule->reason[LANGUAGE_EN], "reason");
    assert_int_equal(rule_pack_find_rule(pack, "r-1"), 0); /* as ids travel in messages */
    assert_int_equal(rule_pack_find_rule(pack, "R-2"), -1);
    assert_int_equal(rule_pack_find_fact(pack, "place"), 1);
    rule_pack_free(pack);
}

struct complaint {
    const char *find, *put;
    enum result result;
    int line;
    const char *says;
};

static const struct complaint COMPLAINTS[] = {
    {"meets: {fact: seen,", "meets: {fact: sene,", RESULT_NOT_FOUND, 24,
     "no such fact: sene; allowed: a fact of this pack"},
    {"place, is: home", "place, is: moon", RESULT_INVALID, 23,
     "place cannot be moon; allowed: a value the fact is declared with"},
    {"seen, is: yes", "seen, is: 1", RESULT_INVALID, 24, "seen cannot be 1"},
    {"seen, is: yes", "seen, at_least: yes", RESULT_INVALID, 24,
     "seen is of type bool; at_least is not allowed for it"},
    {"seen, is: yes", "seen, has_any: [yes]", RESULT_INVALID, 24,
     "seen is of type bool; has_any is not allowed for it"},
    {"seen, is: yes", "seen, is: [yes, no]", RESULT_INVALID, 24,
     "seen: is has 2 values; allowed: 1"},
    {"seen, is: yes", "seen, known: no", RESULT_INVALID, 24, "known: takes no value; allowed: yes"},
    {"seen, is: yes", "seen, equals: yes", RESULT_UNKNOWN_FIELD, 24,
     "condition: equals does not fit here; allowed: all, any, not,"},
    {"seen, is: yes", "seen, is: yes, in: [yes]", RESULT_UNKNOWN_FIELD, 24,
     "condition: in does not fit here"},
    {"{fact: seen, is: yes}", "{fact: seen}", RESULT_INVALID, 24, "condition: is not whole"},
    {"{fact: seen, is: yes}", "yes", RESULT_INVALID, 24, "condition: is none"},
    {"{fact: seen, is: yes}", "{all: []}", RESULT_INVALID, 24,
     "all has nothing below it; allowed: at least one condition"},
    {"{fact: seen, is: yes}", "{not: [{fact: seen, is: yes}]}", RESULT_INVALID, 24,
     "not: has the wrong form; allowed: one condition"},
    {"{fact: seen, is: yes}", "{any: {fact: seen, is: yes}}", RESULT_INVALID, 24,
     "any: has the wrong form; allowed: a list"},
    {"{fact: seen, is: yes}", "{any: [{at: [G2]}, {fact: seen, is: yes}]}", RESULT_INVALID, 24,
     "R-1: at names a gate the rule is not reached from; allowed: its own gates"},
    {"{fact: seen, is: yes}", "{all: [{fact: seen, is: yes}], any: [{fact: seen, is: yes}]}",
     RESULT_UNKNOWN_FIELD, 24, "condition: any does not fit here; allowed: one condition"},
    {"{fact: seen, is: yes}",
     "{not: {not: {not: {not: {not: {not: {not: {not: {not: {not: {not: {not: {not: {fact: seen, "
     "is: yes}}}}}}}}}}}}}}",
     RESULT_TOO_MANY, 24, "conditions are nested too deeply; allowed: 12"},
    {"    meets: {fact: seen, is: yes}\n", "", RESULT_INVALID, 15,
     "rule: meets: is missing; allowed: a condition"},
    {"gates: [G4, G5]", "gates: []", RESULT_INVALID, 15,
     "R-1 is reached from no gate; allowed: G0 to G8"},
    {"gates: [G4, G5]", "gates: [G4, G9]", RESULT_INVALID, 15,
     "gates: no such name: G9; allowed: G0 to G8"},
    {"gates: [G4, G5]", "gates: [G4, G4]", RESULT_EXISTS, 15,
     "gates: G4 is there twice; allowed: once"},
    {"{G5: pause}", "{G2: pause}", RESULT_INVALID, 15, "R-1: action_at G2; allowed: its own gates"},
    {"{G5: pause}", "{G5: stop}", RESULT_INVALID, 22,
     "action: no such action: stop; allowed: warn acknowledge"},
    {"{G5: pause}", "{G5: pause, G5: warn}", RESULT_EXISTS, 22,
     "action_at: G5 is there twice; allowed: once"},
    {"action: refuse", "action: forbid", RESULT_INVALID, 15, "action: no such action: forbid"},
    {"action: refuse", "action: override", RESULT_INVALID, 15,
     "R-1 can be cleared by nobody; allowed: acknowledged_by with suppliers"},
    {"action: refuse", "action: refuse\n    acknowledged_by: [dr]", RESULT_INVALID, 15,
     "R-1 has acknowledged_by; allowed: only with action acknowledge or override"},
    {"deferrable: yes", "deferrable: yes\n    never: yes", RESULT_INVALID, 15,
     "R-1 is both deferrable and never; allowed: one of them"},
    {"source: V", "source: V, r", RESULT_INVALID, 15, "R-1: verified does not fit source V, r"},
    {"verified: yes", "verified: no", RESULT_INVALID, 15, "R-1: verified does not fit source V"},
    {"verified: yes", "verified: perhaps", RESULT_INVALID, 18,
     "rule: verified: is not one of the choices; allowed: no, yes"},
    {"level: M", "level: Z", RESULT_INVALID, 19,
     "rule: level: is not one of the choices; allowed: M, R, X, Q, S, D"},
    {"reason: {ja: 理由, en: reason}", "reason: {ja: 理由}", RESULT_INVALID, 15,
     "reason has no translation in en; allowed: a text in ja and in en"},
    {"reason: {ja: 理由, en: reason}", "reason: {en: reason}", RESULT_INVALID, 15,
     "reason has no translation in ja"},
    {"title: {ja: 題, en: title}", "title: {ja: 題}", RESULT_INVALID, 15,
     "title has no translation in en"},
    {"title: {ja: 小, en: small}", "title: {en: small}", RESULT_INVALID, 2,
     "pack: title has no translation in ja"},
    {"    en: seen\n", "", RESULT_INVALID, 7, "seen has no translation in en"},
    {"id: R-1", "id: r_1", RESULT_INVALID, 15,
     "id of the rule; allowed: A-Z, 0-9, . - and at most 31 characters"},
    {"deferrable: yes\n",
     "deferrable: yes\n  - {id: R-1, clause: c, source: V, verified: yes, level: M, gates: [G4], "
     "action: warn, meets: {fact: seen, "
     "is: yes}, title: {ja: a, en: a}, reason: {ja: a, en: a}}\n",
     RESULT_EXISTS, 28, "rule R-1 is there twice"},
    {"- {name: place,", "- {name: seen,", RESULT_EXISTS, 13, "fact seen is there twice"},
    {"values: [home, street]", "values: [home, home]", RESULT_EXISTS, 13,
     "place: value home is there twice"},
    {"values: [home, street]", "values: [Home]", RESULT_INVALID, 13,
     "place: value Home; allowed: a-z, 0-9"},
    {"values: [home, street], ", "", RESULT_TOO_MANY, 13, "place has 0 values; allowed: 1 to 32"},
    {"type: bool", "type: boolean", RESULT_INVALID, 8,
     "fact: type: is not one of the choices; allowed: bool, integer, enum, date, set"},
    {"type: bool", "type: bool\n    values: [a]", RESULT_INVALID, 7,
     "seen has a list of values; allowed: only for enum and set"},
    {"type: bool", "type: bool\n    range: [0, 1]", RESULT_INVALID, 7,
     "range: is not for this type; allowed: only for integer and date"},
    {"type: bool", "type: integer", RESULT_INVALID, 7,
     "range: is missing; allowed: [lowest, highest]"},
    {"type: bool", "type: integer\n    range: [5, 1]", RESULT_INVALID, 7,
     "seen: the range is empty; allowed: lowest before highest"},
    {"type: bool", "type: integer\n    range: [1, x]", RESULT_INVALID, 7, "range: is not valid"},
    {"from: [dr]", "from: [dr, md]", RESULT_INVALID, 7,
     "from: no such name: md; allowed: pt px dr nu sy ad me"},
    {"from: [dr]", "from: [dr, pt]", RESULT_INVALID, 7,
     "seen: supplier pt has no door; allowed: suppliers behind physician:checks"},
    {"from: [dr]", "from: []", RESULT_INVALID, 9, "fact: from: has too few items"},
    {"[physician:checks]", "[physician:window]", RESULT_INVALID, 7,
     "seen: no such door: physician:window"},
    {"    door: [physician:checks]\n", "", RESULT_INVALID, 7, "fact: door: is missing"},
    {"name: seen", "name: Seen", RESULT_INVALID, 7, "name of the fact; allowed: a-z, 0-9, _"},
    {"lifetime: 6h", "lifetime: 6", RESULT_INVALID, 13,
     "fact: lifetime: is not a time with a unit"},
    {"lifetime: 6h", "lifespan: 6h", RESULT_UNKNOWN_FIELD, 13,
     "fact: lifespan: unknown key; allowed: name, type, values"},
    {"valid_from: 2026-04-01", "valid_from: 2026-02-30", RESULT_INVALID, 5,
     "pack.valid_from: is not a date; allowed: YYYY-MM-DD"},
    {"valid_from: 2026-04-01", "valid_from: 2026-04-01\n  valid_until: 2026-03-31", RESULT_INVALID,
     2, "pack: the pack ends before it begins"},
    {"id: small", "id: Small Pack", RESULT_INVALID, 2, "pack: id of the pack; allowed: a-z, 0-9"},
    {"  id: small\n", "", RESULT_INVALID, 1, "pack.id: is missing"},
    {"rules:\n", "rules: []\nmore:\n", RESULT_UNKNOWN_FIELD, 15,
     "more: unknown key; allowed: pack, facts, rules"},
};

static void test_each_complaint_has_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(COMPLAINTS); i++) {
        const struct complaint *one = &COMPLAINTS[i];
        static char text[TEXT_SIZE];
        char message[512], expected[512];
        struct rule_pack *pack = NULL;
        const char *at = strstr(LEAST, one->find);
        if (at == NULL)
            fail_msg("complaint %zu changes nothing", i);
        snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - LEAST), LEAST, one->put,
                 at + strlen(one->find));
        enum result result = load(text, strlen(text), &pack, message);
        snprintf(expected, sizeof(expected), "p.yaml:%d: %s", one->line, one->says);
        if (result_ok(result) || strncmp(message, expected, strlen(expected)) != 0)
            fail_msg("complaint %zu\n says %s\n not  %s", i, message, expected);
        assert_int_equal(result, one->result);
        assert_null(pack);
    }
    print_message("%zu complaints\n", ARRAY_LENGTH(COMPLAINTS));
}

/* A text longer than a message can carry, a pack larger than is read, rules beyond what a decision can list. */
static void test_bounds(void **state)
{
    (void)state;
    static char text[TEXT_SIZE];
    char message[512], word[402];
    struct rule_pack *pack = NULL;
    size_t used;
    memset(word, 'x', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    const char *at = strstr(LEAST, "en: reason}");
    snprintf(text, sizeof(text), "%.*sen: %s}%s", (int)(at - LEAST), LEAST, word,
             at + strlen("en: reason}"));
    assert_int_equal(load(text, strlen(text), &pack, message), RESULT_TOO_LARGE);
    assert_non_null(
        strstr(message, "p.yaml:15: reason (en) is too long; allowed: at most 400 bytes"));

    used = (size_t)snprintf(text, sizeof(text), "%s", LEAST);
    for (int i = 2; i <= DECISION_FAILED_MAX + 1; i++)
        used += (size_t)snprintf(
            text + used, sizeof(text) - used,
            "  - {id: R-%d, clause: c, source: V, verified: yes, level: M, gates: [G4], action: "
            "warn, meets: "
            "{fact: seen, is: yes}, title: {ja: a, en: a}, reason: {ja: a, en: a}}\n",
            i);
    assert_int_equal(load(text, used, &pack, message), RESULT_TOO_MANY);
    assert_non_null(strstr(message, "p.yaml:75: too many rules at G4; allowed: 48"));

    char *large = calloc(1, PACK_BYTES_MAX + 1);
    memset(large, '#', PACK_BYTES_MAX + 1);
    assert_int_equal(load(large, PACK_BYTES_MAX + 1, &pack, message), RESULT_TOO_LARGE);
    free(large);
    assert_int_equal(pack_load("tests/no-such-pack.yaml", &pack, message, sizeof(message)),
                     RESULT_NOT_FOUND);
    assert_non_null(strstr(message, "tests/no-such-pack.yaml:1: the pack is not there"));
}

/* A restart reads pinned packs from their bytes: same hash, same decisions. */
static void test_bytes_and_file_are_the_same(void **state)
{
    (void)state;
    static const char file[] = "config/rules/jp-online-care.yaml";
    struct rule_pack *a = NULL, *b = NULL;
    uint8_t *bytes = NULL;
    size_t length = 0;
    char message[512];
    assert_int_equal(pack_load(file, &a, message, sizeof(message)), RESULT_OK);
    assert_int_equal(pack_read_file(file, &bytes, &length), RESULT_OK);
    assert_int_equal(
        pack_load_bytes(span_of(bytes, length), "pinned", &b, message, sizeof(message)), RESULT_OK);
    assert_true(sha256_equal(&rule_pack_info(a)->hash, &rule_pack_info(b)->hash));
    assert_int_equal(rule_pack_info(a)->rules_count, rule_pack_info(b)->rules_count);
    free(bytes);
    rule_pack_free(a);
    rule_pack_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_pack),
        cmocka_unit_test(test_each_complaint_has_its_line),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_bytes_and_file_are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
