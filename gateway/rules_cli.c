#include "gateway/rules_cli.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/pack_load.h"
#include "gateway/base/clock.h"
#include "gateway/base/text.h"
#include "gateway/rules/doors.h"
#include "gateway/rules/rules.h"

#define LEAVES_MAX   32
#define MESSAGE_SIZE 512

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

struct arguments {
    const char *pack;
    const char *facts;
    const char *gate;
    const char *now;
};

static void json_free(json_t **json)
{
    json_decref(*json);
}

static int usage(void)
{
    fputs("usage: tsunagi rules eval --pack FILE --gate G0…G8 --facts FILE [--now "
          "2026-11-22T10:00:00Z]\n"
          "       tsunagi rules facts --pack FILE\n"
          "       tsunagi rules doors --pack FILE\n"
          "       tsunagi rules table --pack FILE\n"
          "       tsunagi rules lint --pack FILE\n"
          "facts: {\"agreement\": true, \"place_kind\": {\"value\": \"residence\", \"from\": "
          "\"pt\", \"at\": \"…Z\"}}, or the\n"
          "same under \"facts\", beside \"acknowledged\": [rule ids] and \"emergency\": true; "
          "\"-\" reads standard input\n",
          stderr);
    return EXIT_USAGE;
}

static int print_json(json_t *json, int status)
{
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
    return fflush(stdout) == 0 ? status : EXIT_USAGE;
}

static json_t *text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

static json_t *languages(const char *const *texts)
{
    return json_pack("{s:s, s:s}", "ja", texts[LANGUAGE_JA], "en", texts[LANGUAGE_EN]);
}

static json_t *supplier_list(uint32_t suppliers)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < SUPPLIER_COUNT; i++)
        if ((suppliers & 1u << i) != 0)
            json_array_append_new(list, json_string(supplier_name((enum supplier)i)));
    return list;
}

/* ---- values --------------------------------------------------------------------------------------------------- */

static json_t *value_json(const struct fact_info *fact, const struct fact_value *value)
{
    char text[FACT_TEXT_SIZE];
    if (!value->known)
        return json_null();
    if (fact->type == FACT_BOOL)
        return json_boolean(value->value != 0);
    if (fact->type == FACT_INTEGER)
        return json_integer(value->value);
    if (!result_ok(fact_format(fact, value->value, text, sizeof(text))))
        return json_null();
    if (fact->type != FACT_SET)
        return json_string(text);
    json_t *list = json_array();
    for (char *save = NULL, *name = strtok_r(text, ",", &save); name != NULL;
         name = strtok_r(NULL, ",", &save))
        json_array_append_new(list, json_string(name));
    return list;
}

/* The text fact_parse() takes; false when JSON of this kind cannot be a value. */
static bool value_text(const json_t *json, char *ret_text, size_t size)
{
    size_t used = 0;
    if (json_is_boolean(json))
        return text_format(ret_text, size, "%s", json_is_true(json) ? "yes" : "no");
    if (json_is_integer(json))
        return text_format(ret_text, size, "%lld", (long long)json_integer_value(json));
    if (json_is_string(json))
        return text_format(ret_text, size, "%s", json_string_value(json));
    if (!json_is_array(json))
        return false;
    ret_text[0] = '\0';
    for (size_t i = 0; i < json_array_size(json); i++) {
        const char *name = json_string_value(json_array_get(json, i));
        if (name == NULL ||
            !text_format(ret_text + used, size - used, "%s%s", i > 0 ? "," : "", name))
            return false;
        used += strlen(ret_text + used);
    }
    return true;
}

static bool parse_time(const char *text, int64_t *ret_us)
{
    struct tm parts = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (end == NULL || *end != '\0')
        return false;
    *ret_us = (int64_t)timegm(&parts) * US_PER_S;
    return true;
}

static bool supplier_of(const char *text, enum supplier *ret_supplier)
{
    for (unsigned i = 0; i < SUPPLIER_COUNT; i++) {
        if (strcmp(text, supplier_name((enum supplier)i)) == 0) {
            *ret_supplier = (enum supplier)i;
            return true;
        }
    }
    return false;
}

/* What is asked, read from the facts file. */
struct question_file {
    const struct rule_pack *pack;
    struct fact_set facts;
    uint8_t acknowledged[RULES_MAX / 8];
    int64_t now_us;
    json_t *ignored; /* values from somebody who may not give them: unknown, as in the gateway */
};

static int complain(const char *what, const char *name, const char *why)
{
    fprintf(stderr, "rules: %s %s: %s\n", what, name, why);
    return EXIT_USAGE;
}

/* {"value": …, "from": …, "at": …}, or the value alone: then from the first supplier of the fact, now. */
static int take_fact(struct question_file *file, const char *name, const json_t *json)
{
    char text[FACT_TEXT_SIZE];
    enum supplier supplier = SUPPLIER_COUNT;
    int index = rule_pack_find_fact(file->pack, name);
    bool whole = json_is_object(json);
    const json_t *value = whole ? json_object_get(json, "value") : json;
    const char *from = whole ? json_string_value(json_object_get(json, "from")) : NULL;
    const char *at = whole ? json_string_value(json_object_get(json, "at")) : NULL;
    struct fact_value taken = {
        .known = true, .at_us = file->now_us, .expires_us = FACT_NEVER_EXPIRES};

    if (index < 0)
        return complain("fact", name, "the pack has no such fact (see: rules facts)");
    if (value == NULL || json_is_null(value))
        return EXIT_DONE;
    const struct fact_info *fact = rule_pack_fact(file->pack, (uint32_t)index);
    if (!value_text(value, text, sizeof(text)) || !result_ok(fact_parse(fact, text, &taken.value)))
        return complain("fact", name, "cannot have this value (see: rules facts)");
    if (at != NULL && !parse_time(at, &taken.at_us))
        return complain("fact", name, "at: wants 2026-11-22T10:00:00Z");
    if (from != NULL && !supplier_of(from, &supplier))
        return complain("fact", name, "from: wants pt px dr nu sy ad me");
    if (from == NULL)
        supplier = (enum supplier)__builtin_ctz(fact->suppliers);
    if (!result_ok(fact_check(file->pack, (uint32_t)index, supplier, taken.value))) {
        json_array_append_new(file->ignored, json_pack("{s:s, s:s, s:s}", "fact", name, "from",
                                                       supplier_name(supplier), "why",
                                                       "not a supplier of this fact"));
        return EXIT_DONE;
    }
    taken.supplier = supplier;
    if (fact->lifetime_us > 0)
        taken.expires_us = taken.at_us + fact->lifetime_us;
    file->facts.values[index] = taken;
    return EXIT_DONE;
}

static int take_question(struct question_file *file, json_t *root, bool *ret_emergency)
{
    json_t *facts = json_object_get(root, "facts"), *item,
           *acknowledged = json_object_get(root, "acknowledged");
    const char *name;
    size_t i;
    bool nested = json_is_object(facts);
    *ret_emergency = nested && json_is_true(json_object_get(root, "emergency"));
    json_object_foreach(nested ? facts : root, name, item)
    {
        int status = take_fact(file, name, item);
        if (status != EXIT_DONE)
            return status;
    }
    json_array_foreach(nested ? acknowledged : NULL, i, item)
    {
        const char *id = json_string_value(item);
        int rule = id == NULL ? -1 : rule_pack_find_rule(file->pack, id);
        if (rule < 0)
            return complain("acknowledged", id == NULL ? "?" : id, "the pack has no such rule");
        file->acknowledged[rule / 8] |= (uint8_t)(1u << rule % 8);
    }
    return EXIT_DONE;
}

/* ---- eval ----------------------------------------------------------------------------------------------------- */

static json_t *explain_json(const struct rule_pack *pack, uint32_t rule,
                            const struct rule_question *question)
{
    static const char *const truths[] = {"false", "unknown", "true"};
    struct rule_leaf leaves[LEAVES_MAX];
    uint32_t count = rule_explain(pack, rule, question, leaves, LEAVES_MAX);
    json_t *list = json_array();
    for (uint32_t i = 0; i < count && i < LEAVES_MAX; i++) {
        const struct fact_info *fact = rule_pack_fact(pack, leaves[i].fact);
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:o, s:o, s:s, s:o}", "fact", fact->name, "wanted",
                      leaves[i].wanted, "value", value_json(fact, &leaves[i].value), "from",
                      leaves[i].value.known ? json_string(supplier_name(leaves[i].value.supplier))
                                            : json_null(),
                      "truth", truths[leaves[i].truth], "text", languages(fact->text)));
    }
    return list;
}

static json_t *failed_json(const struct rule_pack *pack, const struct failed_rule *failed,
                           const struct rule_question *question)
{
    static const char *const cleared[] = {"no", "acknowledged", "deferred"};
    const struct rule_info *rule = rule_pack_rule(pack, failed->rule);
    const char *fact =
        failed->fact >= 0 ? rule_pack_fact(pack, (uint32_t)failed->fact)->name : NULL;
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "id", rule->id,
        "clause", rule->clause, "level", rule_level_name(rule->level), "source", rule->source,
        "verified", rule->verified, "action", rule_action_name(failed->action), "truth",
        failed->truth == TRUTH_FALSE ? "false" : "unknown", "cleared", cleared[failed->cleared],
        "fact", text_or_null(fact), "acknowledged_by", supplier_list(rule->acknowledged_by),
        "reason", languages(rule->reason), "title", languages(rule->summary), "leaves",
        explain_json(pack, failed->rule, question));
}

/* What is left to do although the gate lets pass: rules deferred by an emergency, overrides, warnings. */
static json_t *decision_json(const struct rule_pack *pack, const struct decision *decision,
                             const struct rule_question *question, json_t *ignored)
{
    char hash[SHA256_BYTES * 2 + 1], now[CLOCK_TEXT_SIZE];
    const struct pack_info *info = rule_pack_info(pack);
    json_t *failed = json_array(), *obligations = json_array();
    for (uint16_t i = 0; i < decision->failed_count; i++) {
        const struct failed_rule *one = &decision->failed[i];
        json_t *json = failed_json(pack, one, question);
        if (one->action > RULE_ACTION_WARN) {
            json_array_append_new(failed, json);
            continue;
        }
        const char *kind = one->cleared == RULE_CLEARED_DEFERRED       ? "deferred"
                           : one->cleared == RULE_CLEARED_ACKNOWLEDGED ? "acknowledged"
                                                                       : "warning";
        json_object_set_new(json, "kind", json_string(kind));
        json_array_append_new(obligations, json);
    }
    text_hex(span_of(info->hash.bytes, SHA256_BYTES), hash, sizeof(hash));
    clock_format_utc(question->now_us, now);
    return json_pack("{s:{s:s, s:s, s:s}, s:s, s:s, s:b, s:s, s:i, s:o, s:o, s:o}", "pack", "id",
                     info->id, "version", info->version, "hash", hash, "gate",
                     rule_gate_name(decision->gate), "now", now, "allowed",
                     decision_allows(decision), "verdict", rule_action_name(decision->verdict),
                     "rules_evaluated", (int)decision->rules_evaluated, "failed", failed,
                     "obligations", obligations, "ignored", ignored);
}

static json_t *read_json(const char *path)
{
    json_error_t error;
    json_t *root = strcmp(path, "-") == 0 ? json_loadf(stdin, JSON_REJECT_DUPLICATES, &error)
                                          : json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        fprintf(stderr, "rules: %s:%d: %s\n", path, error.line, error.text);
    else if (!json_is_object(root))
        fprintf(stderr, "rules: %s: wants a JSON object\n", path);
    if (root != NULL && !json_is_object(root)) {
        json_decref(root);
        root = NULL;
    }
    return root;
}

static bool gate_of(const char *text, enum rule_gate *ret_gate)
{
    for (unsigned i = 0; text != NULL && i < RULE_GATE_COUNT; i++) {
        if (strcmp(text, rule_gate_name((enum rule_gate)i)) == 0) {
            *ret_gate = (enum rule_gate)i;
            return true;
        }
    }
    return false;
}

static int eval(const struct rule_pack *pack, const struct arguments *arguments)
{
    struct decision decision;
    struct rule_question question = {0};
    bool good_now = true;
    int64_t now_us = clock_wall_us();
    if (arguments->now != NULL)
        good_now = parse_time(arguments->now, &now_us);
    if (arguments->facts == NULL || !gate_of(arguments->gate, &question.gate) || !good_now)
        return usage();
    CLEANUP(json_free) json_t *root = read_json(arguments->facts);
    if (root == NULL)
        return EXIT_USAGE;
    struct question_file *file = calloc(1, sizeof(*file));
    if (file == NULL)
        return EXIT_USAGE;
    *file = (struct question_file){.pack = pack, .now_us = now_us, .ignored = json_array()};
    int status = take_question(file, root, &question.emergency);
    if (status == EXIT_DONE) {
        question.facts = &file->facts;
        question.acknowledged = file->acknowledged;
        question.now_us = now_us;
        rules_evaluate(pack, &question, &decision);
        status = print_json(decision_json(pack, &decision, &question, json_incref(file->ignored)),
                            decision_allows(&decision) ? EXIT_DONE : EXIT_REFUSED);
    }
    json_decref(file->ignored);
    free(file);
    return status;
}

/* ---- facts, doors, table, lint -------------------------------------------------------------------------------- */

static const char *type_name(enum fact_type type)
{
    static const char *const names[] = {"bool", "integer", "enum", "date", "set"};
    return names[type];
}

static int print_facts(const struct rule_pack *pack)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < rule_pack_info(pack)->facts_count; i++) {
        const struct fact_info *fact = rule_pack_fact(pack, i);
        json_t *json = json_pack("{s:s, s:s, s:o, s:s, s:o}", "name", fact->name, "type",
                                 type_name(fact->type), "from", supplier_list(fact->suppliers),
                                 "door", fact->door, "text", languages(fact->text));
        if (fact->values_count > 0) {
            json_t *values = json_array();
            for (uint32_t v = 0; v < fact->values_count; v++)
                json_array_append_new(values, json_string(fact->values[v]));
            json_object_set_new(json, "values", values);
        }
        if (fact->type == FACT_INTEGER) {
            json_object_set_new(json, "minimum", json_integer(fact->minimum));
            json_object_set_new(json, "maximum", json_integer(fact->maximum));
        }
        if (fact->lifetime_us > 0)
            json_object_set_new(json, "lifetime_s", json_integer(fact->lifetime_us / US_PER_S));
        json_array_append_new(list, json);
    }
    const struct pack_info *info = rule_pack_info(pack);
    return print_json(
        json_pack("{s:s, s:s, s:o}", "pack", info->id, "version", info->version, "facts", list),
        EXIT_DONE);
}

static void print_suppliers(uint32_t suppliers)
{
    const char *between = "";
    for (unsigned i = 0; i < SUPPLIER_COUNT; i++) {
        if ((suppliers & 1u << i) == 0)
            continue;
        printf("%s%s", between, supplier_name((enum supplier)i));
        between = " ";
    }
}

/* The page config/rules/DOORS.md. */
static int print_doors(const struct rule_pack *pack)
{
    const struct pack_info *info = rule_pack_info(pack);
    printf("# Doors of %s\n\nEvery fact with the page control, API field or measurement that "
           "supplies it. Made by\n"
           "`tsunagi rules doors --pack config/rules/%s.yaml`; a test keeps it equal.\n\n"
           "| door | suppliers | what it is |\n|---|---|---|\n",
           info->id, info->id);
    for (uint32_t i = 0; i < DOOR_COUNT; i++) {
        printf("| `%s` | ", door_get(i)->name);
        print_suppliers(door_get(i)->suppliers);
        printf(" | %s |\n", door_get(i)->what);
    }
    printf(
        "\n| fact | type | suppliers | door | lifetime | meaning |\n|---|---|---|---|---|---|\n");
    for (uint32_t i = 0; i < info->facts_count; i++) {
        const struct fact_info *fact = rule_pack_fact(pack, i);
        printf("| `%s` | %s", fact->name, type_name(fact->type));
        for (uint32_t v = 0; v < fact->values_count; v++)
            printf("%s%s", v == 0 ? ": " : ", ", fact->values[v]);
        if (fact->type == FACT_INTEGER)
            printf(" %lld to %lld", (long long)fact->minimum, (long long)fact->maximum);
        printf(" | ");
        print_suppliers(fact->suppliers);
        printf(" | %s | ", fact->door);
        if (fact->lifetime_us > 0)
            printf("%lld h", (long long)(fact->lifetime_us / US_PER_S / 3600));
        printf(" | %s |\n", fact->text[LANGUAGE_EN]);
    }
    return EXIT_DONE;
}

static void print_actions(const struct rule_info *rule)
{
    printf("%s", rule_action_name(rule->action));
    for (unsigned gate = 0; gate < RULE_GATE_COUNT; gate++)
        if ((rule->gates & 1u << gate) != 0 && rule->gate_action[gate] != rule->action)
            printf(", %s at %s", rule_action_name(rule->gate_action[gate]),
                   rule_gate_name((enum rule_gate)gate));
    if (rule->acknowledged_by != 0) {
        printf("; by ");
        print_suppliers(rule->acknowledged_by);
    }
    printf("%s%s", rule->emergency_deferrable ? "; E" : "", rule->never_deferred ? "; N" : "");
}

/* The table of config/rules/README.md. */
static int print_table(const struct rule_pack *pack)
{
    printf("| rule | clause | level | gates | what the gateway does | source | verified | what it "
           "asks |\n"
           "|---|---|---|---|---|---|---|---|\n");
    for (uint32_t i = 0; i < rule_pack_info(pack)->rules_count; i++) {
        const struct rule_info *rule = rule_pack_rule(pack, i);
        const char *between = "";
        printf("| %s | %s | %s | ", rule->id, rule->clause, rule_level_name(rule->level));
        for (unsigned gate = 0; gate < RULE_GATE_COUNT; gate++) {
            if ((rule->gates & 1u << gate) == 0)
                continue;
            printf("%s%s", between, rule_gate_name((enum rule_gate)gate));
            between = " ";
        }
        printf(" | ");
        print_actions(rule);
        printf(" | %s | %s | %s |\n", rule->source, rule->verified ? "yes" : "no",
               rule->summary[LANGUAGE_EN]);
    }
    return EXIT_DONE;
}

static bool fact_is_used(const struct rule_pack *pack, const struct rule_question *nothing,
                         uint32_t fact)
{
    struct rule_leaf leaves[LEAVES_MAX * 2];
    for (uint32_t rule = 0; rule < rule_pack_info(pack)->rules_count; rule++) {
        uint32_t count = rule_explain(pack, rule, nothing, leaves, ARRAY_LENGTH(leaves));
        for (uint32_t i = 0; i < count && i < ARRAY_LENGTH(leaves); i++)
            if (leaves[i].fact == fact)
                return true;
    }
    return false;
}

/* Faults that do not stop a pack from working but are faults of its author. */
static int lint(const struct rule_pack *pack)
{
    struct fact_set *unknown = calloc(1, sizeof(*unknown));
    if (unknown == NULL)
        return EXIT_USAGE;
    struct rule_question nothing = {.gate = RULE_GATE_START, .facts = unknown};
    json_t *faults = json_array(), *unverified = json_array();
    for (uint32_t i = 0; i < rule_pack_info(pack)->facts_count; i++)
        if (!fact_is_used(pack, &nothing, i))
            json_array_append_new(faults,
                                  json_pack("{s:s, s:s}", "fact", rule_pack_fact(pack, i)->name,
                                            "fault", "no rule asks for it"));
    for (uint32_t i = 0; i < rule_pack_info(pack)->rules_count; i++) {
        const struct rule_info *rule = rule_pack_rule(pack, i);
        if (!rule->verified)
            json_array_append_new(unverified, json_string(rule->id));
    }
    free(unknown);
    int status = json_array_size(faults) > 0 ? EXIT_REFUSED : EXIT_DONE;
    const struct pack_info *info = rule_pack_info(pack);
    return print_json(json_pack("{s:s, s:s, s:i, s:i, s:o, s:o}", "pack", info->id, "version",
                                info->version, "facts", (int)info->facts_count, "rules",
                                (int)info->rules_count, "faults", faults, "unverified", unverified),
                      status);
}

/* ---- the verb ------------------------------------------------------------------------------------------------- */

static bool read_arguments(int argc, char **argv, struct arguments *ret_arguments)
{
    const struct {
        const char *name;
        const char **place;
    } options[] = {{"--pack", &ret_arguments->pack},
                   {"--facts", &ret_arguments->facts},
                   {"--gate", &ret_arguments->gate},
                   {"--now", &ret_arguments->now}};
    for (int i = 1; i < argc; i += 2) {
        size_t o = 0;
        while (o < ARRAY_LENGTH(options) && strcmp(argv[i], options[o].name) != 0)
            o++;
        if (o == ARRAY_LENGTH(options) || i + 1 == argc || *options[o].place != NULL)
            return false;
        *options[o].place = argv[i + 1];
    }
    return ret_arguments->pack != NULL;
}

static int run(const char *verb, const struct rule_pack *pack, const struct arguments *arguments)
{
    if (strcmp(verb, "eval") == 0)
        return eval(pack, arguments);
    if (strcmp(verb, "facts") == 0)
        return print_facts(pack);
    if (strcmp(verb, "doors") == 0)
        return print_doors(pack);
    if (strcmp(verb, "table") == 0)
        return print_table(pack);
    return strcmp(verb, "lint") == 0 ? lint(pack) : usage();
}

int rules_cli(int argc, char **argv)
{
    struct arguments arguments = {0};
    struct rule_pack *pack = NULL;
    char message[MESSAGE_SIZE];
    if (argc < 1 || !read_arguments(argc, argv, &arguments))
        return usage();
    if (!result_ok(pack_load(arguments.pack, &pack, message, sizeof(message)))) {
        fprintf(stderr, "%s\n", message);
        return EXIT_USAGE;
    }
    int status = run(argv[0], pack, &arguments);
    rule_pack_free(pack);
    return status;
}
