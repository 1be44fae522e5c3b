/* The pack format. Every check of meaning is the builder's (gateway/rules/pack_builder.c); here is only which YAML key
 * becomes which argument, and the line it stands on. */
#include "config/pack_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/binder.h"
#include "gateway/base/check.h"
#include "gateway/rules/pack_builder.h"

#define DOORS_SIZE 256

struct loader {
    struct binder *binder;
    struct pack_builder *builder;
};

static const char *const YES_NO[] = {"no", "yes", NULL};
static const char *const TYPES[] = {"bool", "integer", "enum", "date", "set", NULL};
static const char *const LEVELS[] = {"M", "R", "X", "Q", "S", "D", NULL};

#define ROW(struct_name, field, key_text, binder_type, ...)                                        \
    {                                                                                              \
        .key = key_text, .type = binder_type, .offset = offsetof(struct struct_name, field),       \
        .size = sizeof(((struct struct_name *)0)->field), __VA_ARGS__                              \
    }

/* ---- the whole file ------------------------------------------------------------------------------------------- */

struct pack_file {
    const char *id, *version, *title_ja, *title_en, *valid_from, *valid_until;
    int facts, rules;
};

static const struct binder_row PACK_ROWS[] = {
    ROW(pack_file, id, "pack.id", BINDER_REF, .minimum = 1),
    ROW(pack_file, version, "pack.version", BINDER_REF, .minimum = 1),
    ROW(pack_file, title_ja, "pack.title.ja", BINDER_REF, .optional = true),
    ROW(pack_file, title_en, "pack.title.en", BINDER_REF, .optional = true),
    ROW(pack_file, valid_from, "pack.valid_from", BINDER_REF, .optional = true),
    ROW(pack_file, valid_until, "pack.valid_until", BINDER_REF, .optional = true),
    ROW(pack_file, facts, "facts", BINDER_NODE, .allowed = "a list of facts"),
    ROW(pack_file, rules, "rules", BINDER_NODE, .allowed = "a list of rules"),
};
static const struct binder_table PACK_TABLE = {PACK_ROWS, ARRAY_LENGTH(PACK_ROWS)};

struct fact_entry {
    const char *name, *ja, *en;
    unsigned type;
    struct binder_refs values, range, from, door;
    int64_t lifetime_us;
};

static const struct binder_row FACT_ROWS[] = {
    ROW(fact_entry, name, "name", BINDER_REF, .minimum = 1),
    ROW(fact_entry, type, "type", BINDER_CHOICE, .choices = TYPES),
    ROW(fact_entry, values, "values", BINDER_REFS, .minimum = 1, .maximum = BINDER_LIST_MAX,
        .optional = true, .allowed = "names"),
    ROW(fact_entry, range, "range", BINDER_REFS, .minimum = 2, .maximum = 2, .optional = true,
        .allowed = "lowest and highest value"),
    ROW(fact_entry, from, "from", BINDER_REFS, .minimum = 1, .maximum = SUPPLIER_COUNT,
        .allowed = "pt px dr nu sy ad me"),
    ROW(fact_entry, door, "door", BINDER_REFS, .minimum = 1, .maximum = 8,
        .allowed = "doors of gateway/rules/doors.h"),
    ROW(fact_entry, lifetime_us, "lifetime", BINDER_DURATION, .minimum = 1000000,
        .maximum = 366ll * 86400 * 1000000, .optional = true),
    ROW(fact_entry, ja, "ja", BINDER_REF, .optional = true),
    ROW(fact_entry, en, "en", BINDER_REF, .optional = true),
};
static const struct binder_table FACT_TABLE = {FACT_ROWS, ARRAY_LENGTH(FACT_ROWS)};

struct rule_entry {
    const char *id, *clause, *source, *action;
    const char *title_ja, *title_en, *reason_ja, *reason_en;
    unsigned level, verified, deferrable, never;
    struct binder_refs gates, acknowledged_by;
    int action_at, when, meets;
};

static const struct binder_row RULE_ROWS[] = {
    ROW(rule_entry, id, "id", BINDER_REF, .minimum = 1),
    ROW(rule_entry, clause, "clause", BINDER_REF, .minimum = 1),
    ROW(rule_entry, source, "source", BINDER_REF, .minimum = 1),
    ROW(rule_entry, verified, "verified", BINDER_CHOICE, .choices = YES_NO),
    ROW(rule_entry, level, "level", BINDER_CHOICE, .choices = LEVELS),
    ROW(rule_entry, gates, "gates", BINDER_REFS, .minimum = 0, .maximum = RULE_GATE_COUNT,
        .allowed = "G0 to G8"),
    ROW(rule_entry, action, "action", BINDER_REF, .minimum = 1),
    ROW(rule_entry, action_at, "action_at", BINDER_NODE, .optional = true),
    ROW(rule_entry, deferrable, "deferrable", BINDER_CHOICE, .choices = YES_NO, .optional = true),
    ROW(rule_entry, never, "never", BINDER_CHOICE, .choices = YES_NO, .optional = true),
    ROW(rule_entry, acknowledged_by, "acknowledged_by", BINDER_REFS, .minimum = 1,
        .maximum = SUPPLIER_COUNT, .optional = true, .allowed = "pt px dr nu sy ad me"),
    ROW(rule_entry, when, "when", BINDER_NODE, .optional = true),
    ROW(rule_entry, meets, "meets", BINDER_NODE, .allowed = "a condition"),
    ROW(rule_entry, title_ja, "title.ja", BINDER_REF, .optional = true),
    ROW(rule_entry, title_en, "title.en", BINDER_REF, .optional = true),
    ROW(rule_entry, reason_ja, "reason.ja", BINDER_REF, .optional = true),
    ROW(rule_entry, reason_en, "reason.en", BINDER_REF, .optional = true),
};
static const struct binder_table RULE_TABLE = {RULE_ROWS, ARRAY_LENGTH(RULE_ROWS)};

/* ---- names ---------------------------------------------------------------------------------------------------- */

static enum result builder_says(struct loader *loader, int node, enum result result)
{
    if (result_ok(result) || result == RESULT_NO_MEMORY)
        return result;
    return binder_complain(loader->binder, node, result, "%s",
                           pack_builder_problem(loader->builder));
}

static bool supplier_bit(const char *text, uint32_t *ret_bit)
{
    for (unsigned i = 0; i < SUPPLIER_COUNT; i++) {
        if (strcmp(text, supplier_name((enum supplier)i)) == 0) {
            *ret_bit = 1u << i;
            return true;
        }
    }
    return false;
}

static bool gate_bit(const char *text, uint32_t *ret_bit)
{
    for (unsigned i = 0; i < RULE_GATE_COUNT; i++) {
        if (strcmp(text, rule_gate_name((enum rule_gate)i)) == 0) {
            *ret_bit = 1u << i;
            return true;
        }
    }
    return false;
}

static enum result bits_of(struct loader *loader, int node, const char *what,
                           const struct binder_refs *names,
                           bool (*bit_of)(const char *, uint32_t *), const char *allowed,
                           uint32_t *ret_bits)
{
    uint32_t bit = 0;
    *ret_bits = 0;
    for (uint32_t i = 0; i < names->count; i++) {
        if (!bit_of(names->items[i], &bit))
            return binder_complain(loader->binder, node, RESULT_INVALID,
                                   "%s: no such name: %.40s; allowed: %s", what, names->items[i],
                                   allowed);
        if ((*ret_bits & bit) != 0)
            return binder_complain(loader->binder, node, RESULT_EXISTS,
                                   "%s: %.40s is there twice; allowed: once", what,
                                   names->items[i]);
        *ret_bits |= bit;
    }
    return RESULT_OK;
}

static enum result action_of(struct loader *loader, int node, const char *text,
                             enum rule_action *ret_action)
{
    for (unsigned i = RULE_ACTION_PASS + 1; text != NULL && i < RULE_ACTION_COUNT; i++) {
        if (strcmp(text, rule_action_name((enum rule_action)i)) == 0) {
            *ret_action = (enum rule_action)i;
            return RESULT_OK;
        }
    }
    return binder_complain(
        loader->binder, node, RESULT_INVALID,
        "action: no such action: %.40s; allowed: warn acknowledge override pause refuse terminate",
        text != NULL ? text : "?");
}

/* ---- facts ---------------------------------------------------------------------------------------------------- */

/* Bounds are given as values of the fact itself: numbers, or dates. */
static enum result read_range(struct loader *loader, int node, const struct fact_entry *entry,
                              struct fact_info *fact)
{
    bool date = fact->type == FACT_DATE, integer = fact->type == FACT_INTEGER;
    fact->minimum = date ? -100000 : INT64_MIN; /* dates that still have four digits of year */
    fact->maximum = date ? 2932896 : INT64_MAX;
    if (integer && entry->range.count == 0)
        return binder_complain(loader->binder, node, RESULT_INVALID,
                               "range: is missing; allowed: [lowest, highest]");
    if (entry->range.count == 0)
        return RESULT_OK;
    if (!date && !integer)
        return binder_complain(loader->binder, node, RESULT_INVALID,
                               "range: is not for this type; allowed: only for integer and date");
    int64_t low = 0, high = 0;
    if (!result_ok(fact_parse(fact, entry->range.items[0], &low)) ||
        !result_ok(fact_parse(fact, entry->range.items[1], &high)))
        return binder_complain(
            loader->binder, node, RESULT_INVALID,
            "range: is not valid; allowed: two numbers, or two dates as YYYY-MM-DD");
    fact->minimum = low;
    fact->maximum = high;
    return RESULT_OK;
}

static bool join_doors(const struct binder_refs *doors, char *ret_text, size_t size)
{
    size_t used = 0;
    ret_text[0] = '\0';
    for (uint32_t i = 0; i < doors->count; i++) {
        int wrote =
            snprintf(ret_text + used, size - used, "%s%s", i > 0 ? "," : "", doors->items[i]);
        if (wrote < 0 || (size_t)wrote >= size - used)
            return false;
        used += (size_t)wrote;
    }
    return true;
}

static enum result read_fact(struct loader *loader, int node)
{
    struct fact_entry entry = {0};
    char doors[DOORS_SIZE];
    enum result result = binder_bind(loader->binder, node, "fact: ", &FACT_TABLE, &entry);
    if (!result_ok(result))
        return result;
    struct fact_info fact = {.name = entry.name,
                             .type = (enum fact_type)entry.type,
                             .values = entry.values.items,
                             .values_count = entry.values.count,
                             .lifetime_us = entry.lifetime_us,
                             .door = doors,
                             .text = {[LANGUAGE_JA] = entry.ja, [LANGUAGE_EN] = entry.en}};
    if (!join_doors(&entry.door, doors, sizeof(doors)))
        return binder_complain(loader->binder, node, RESULT_TOO_LARGE,
                               "door: is too long; allowed: %d bytes in all", DOORS_SIZE - 1);
    result = bits_of(loader, node, "from", &entry.from, supplier_bit, "pt px dr nu sy ad me",
                     &fact.suppliers);
    if (result_ok(result))
        result = read_range(loader, node, &entry, &fact);
    return result_ok(result)
               ? builder_says(loader, node, pack_builder_add_fact(loader->builder, &fact))
               : result;
}

/* ---- conditions ----------------------------------------------------------------------------------------------- */

static const char ALLOWED_CONDITION[] = "all, any, not, at, or fact with one of is is_not less "
                                        "at_most more at_least in known unknown known_as "
                                        "not_known_as has_all has_any empty not_empty not_after";

static enum condition_op op_of(const char *key)
{
    for (unsigned i = 0; key != NULL && i < CONDITION_OP_COUNT; i++)
        if (strcmp(key, condition_op_key((enum condition_op)i)) == 0)
            return (enum condition_op)i;
    return CONDITION_OP_COUNT;
}

static enum result read_list(struct loader *loader, int node, struct binder_refs *ret_list)
{
    uint32_t cursor = 0;
    int item = 0;
    ret_list->count = 0;
    if (!binder_is_sequence(loader->binder, node)) {
        ret_list->items[0] = binder_text(loader->binder, node);
        ret_list->count = ret_list->items[0] != NULL ? 1 : 0;
    }
    while (binder_next(loader->binder, node, &cursor, &item)) {
        const char *text = binder_text(loader->binder, item);
        if (text == NULL || ret_list->count == BINDER_LIST_MAX)
            return binder_complain(loader->binder, item, RESULT_INVALID,
                                   "a value is not usable; allowed: %d plain values",
                                   BINDER_LIST_MAX);
        ret_list->items[ret_list->count++] = text;
    }
    if (ret_list->count == 0)
        return binder_complain(loader->binder, node, RESULT_INVALID,
                               "a value is missing; allowed: a value or a list");
    return RESULT_OK;
}

/* {fact: name, operation: value} in either order. */
static enum result read_leaf(struct loader *loader, int node)
{
    struct binder *binder = loader->binder;
    struct binder_refs values = {.count = 0};
    const char *key = NULL, *fact = NULL;
    enum condition_op op = CONDITION_OP_COUNT;
    uint32_t cursor = 0;
    int key_node = 0, value = 0, values_node = 0;
    while (binder_next_pair(binder, node, &cursor, &key, &key_node, &value)) {
        bool is_fact = key != NULL && strcmp(key, "fact") == 0;
        enum condition_op found = is_fact ? CONDITION_OP_COUNT : op_of(key);
        if ((is_fact && fact != NULL) ||
            (!is_fact && (found <= CONDITION_AT || found == CONDITION_OP_COUNT)) ||
            (!is_fact && op != CONDITION_OP_COUNT))
            return binder_complain(binder, key_node, RESULT_UNKNOWN_FIELD,
                                   "condition: %.40s does not fit here; allowed: %s",
                                   key != NULL ? key : "?", ALLOWED_CONDITION);
        if (is_fact) {
            fact = binder_text(binder, value);
        } else {
            op = found;
            values_node = value;
        }
    }
    if (fact == NULL || op == CONDITION_OP_COUNT)
        return binder_complain(binder, node, RESULT_INVALID, "condition: is not whole; allowed: %s",
                               ALLOWED_CONDITION);
    enum result result = read_list(loader, values_node, &values);
    bool bare = op == CONDITION_KNOWN || op == CONDITION_UNKNOWN || op == CONDITION_EMPTY ||
                op == CONDITION_NOT_EMPTY;
    if (result_ok(result) && bare && (values.count != 1 || strcmp(values.items[0], "yes") != 0))
        return binder_complain(binder, values_node, RESULT_INVALID,
                               "%s: takes no value; allowed: yes", condition_op_key(op));
    struct condition_leaf leaf = {fact, op, values.items, bare ? 0 : values.count};
    return result_ok(result) ? builder_says(loader, node, pack_builder_leaf(loader->builder, &leaf))
                             : result;
}

static enum result read_condition(struct loader *loader, int node);

static enum result read_branch(struct loader *loader, int node, enum condition_op op, int below)
{
    uint32_t cursor = 0;
    int item = 0;
    bool list = binder_is_sequence(loader->binder, below);
    if ((op == CONDITION_NOT) == list)
        return binder_complain(loader->binder, below, RESULT_INVALID,
                               "%s: has the wrong form; allowed: %s", condition_op_key(op),
                               op == CONDITION_NOT ? "one condition" : "a list of conditions");
    enum result result = builder_says(loader, node, pack_builder_open(loader->builder, op));
    if (result_ok(result) && op == CONDITION_NOT)
        result = read_condition(loader, below);
    while (result_ok(result) && binder_next(loader->binder, below, &cursor, &item))
        result = read_condition(loader, item);
    return result_ok(result) ? builder_says(loader, node, pack_builder_close(loader->builder))
                             : result;
}

/* Depth: pack_builder_open() refuses beyond CONDITION_DEPTH_MAX before this recursion goes deeper. */
static enum result read_condition(struct loader *loader, int node)
{
    struct binder *binder = loader->binder;
    struct binder_refs gates;
    const char *key = NULL, *second = NULL;
    uint32_t cursor = 0, bits = 0;
    int key_node = 0, below = 0, other = 0;
    if (!binder_next_pair(binder, node, &cursor, &key, &key_node, &below))
        return binder_complain(binder, node, RESULT_INVALID, "condition: is none; allowed: %s",
                               ALLOWED_CONDITION);
    enum condition_op op = op_of(key);
    if (op > CONDITION_AT)
        return read_leaf(loader, node);
    if (binder_next_pair(binder, node, &cursor, &second, &key_node, &other))
        return binder_complain(binder, key_node, RESULT_UNKNOWN_FIELD,
                               "condition: %.40s does not fit here; allowed: %s",
                               second != NULL ? second : "?",
                               "one condition; join several with all or any");
    if (op < CONDITION_AT)
        return read_branch(loader, node, op, below);
    enum result result = read_list(loader, below, &gates);
    if (result_ok(result))
        result = bits_of(loader, below, "at", &gates, gate_bit, "G0 to G8", &bits);
    return result_ok(result) ? builder_says(loader, node, pack_builder_at(loader->builder, bits))
                             : result;
}

/* ---- rules ---------------------------------------------------------------------------------------------------- */

static enum result read_action_at(struct loader *loader, int node, struct rule_info *rule)
{
    const char *key = NULL;
    uint32_t cursor = 0, bit = 0;
    int key_node = 0, value = 0;
    if (node != 0 && !binder_is_mapping(loader->binder, node))
        return binder_complain(loader->binder, node, RESULT_INVALID,
                               "action_at: has the wrong form; allowed: {G5: pause} and the like");
    while (node != 0 && binder_next_pair(loader->binder, node, &cursor, &key, &key_node, &value)) {
        if (key == NULL || !gate_bit(key, &bit))
            return binder_complain(loader->binder, key_node, RESULT_INVALID,
                                   "action_at: no such gate: %.20s; allowed: G0 to G8",
                                   key != NULL ? key : "?");
        enum rule_action *action = &rule->gate_action[__builtin_ctz(bit)];
        if (*action != RULE_ACTION_PASS)
            return binder_complain(loader->binder, key_node, RESULT_EXISTS,
                                   "action_at: %s is there twice; allowed: once", key);
        enum result result = action_of(loader, value, binder_text(loader->binder, value), action);
        if (!result_ok(result))
            return result;
    }
    return RESULT_OK;
}

static enum result read_rule_info(struct loader *loader, int node, const struct rule_entry *entry,
                                  struct rule_info *ret_rule)
{
    *ret_rule = (struct rule_info){
        .id = entry->id,
        .clause = entry->clause,
        .source = entry->source,
        .verified = entry->verified,
        .level = (enum rule_level)entry->level,
        .never_deferred = entry->never,
        .emergency_deferrable = entry->deferrable,
        .reason = {[LANGUAGE_JA] = entry->reason_ja, [LANGUAGE_EN] = entry->reason_en},
        .summary = {[LANGUAGE_JA] = entry->title_ja, [LANGUAGE_EN] = entry->title_en},
    };
    enum result result =
        bits_of(loader, node, "gates", &entry->gates, gate_bit, "G0 to G8", &ret_rule->gates);
    if (result_ok(result))
        result = bits_of(loader, node, "acknowledged_by", &entry->acknowledged_by, supplier_bit,
                         "pt px dr nu sy ad me", &ret_rule->acknowledged_by);
    if (result_ok(result))
        result = action_of(loader, node, entry->action, &ret_rule->action);
    return result_ok(result) ? read_action_at(loader, entry->action_at, ret_rule) : result;
}

static enum result read_part(struct loader *loader, int node, enum condition_part part)
{
    if (node == 0)
        return RESULT_OK;
    enum result result = builder_says(loader, node, pack_builder_condition(loader->builder, part));
    return result_ok(result) ? read_condition(loader, node) : result;
}

static enum result read_rule(struct loader *loader, int node)
{
    struct rule_entry entry = {0};
    struct rule_info rule;
    enum result result = binder_bind(loader->binder, node, "rule: ", &RULE_TABLE, &entry);
    if (result_ok(result))
        result = read_rule_info(loader, node, &entry, &rule);
    if (result_ok(result))
        result = builder_says(loader, node, pack_builder_begin_rule(loader->builder, &rule));
    if (result_ok(result))
        result = read_part(loader, entry.when, CONDITION_WHEN);
    if (result_ok(result))
        result = read_part(loader, entry.meets, CONDITION_MEETS);
    return result_ok(result) ? builder_says(loader, node, pack_builder_end_rule(loader->builder))
                             : result;
}

/* ---- the pack ------------------------------------------------------------------------------------------------- */

static enum result read_day(struct loader *loader, const char *key, const char *text, int64_t open,
                            int64_t *ret_day)
{
    struct fact_info date = {
        .name = key, .type = FACT_DATE, .minimum = INT64_MIN, .maximum = INT64_MAX};
    *ret_day = open;
    if (text == NULL || result_ok(fact_parse(&date, text, ret_day)))
        return RESULT_OK;
    return binder_complain_at(loader->binder, key, RESULT_INVALID,
                              "is not a date; allowed: YYYY-MM-DD");
}

static enum result describe(struct loader *loader, struct span bytes, struct pack_file *ret_file)
{
    int root = binder_root(loader->binder);
    enum result result = binder_bind(loader->binder, root, "", &PACK_TABLE, ret_file);
    if (!result_ok(result))
        return result;
    struct pack_info info = {
        .id = ret_file->id,
        .version = ret_file->version,
        .title = {[LANGUAGE_JA] = ret_file->title_ja, [LANGUAGE_EN] = ret_file->title_en},
        .hash = sha256_of(bytes),
    };
    result =
        read_day(loader, "pack.valid_from", ret_file->valid_from, INT64_MIN, &info.valid_from_day);
    if (result_ok(result))
        result = read_day(loader, "pack.valid_until", ret_file->valid_until, INT64_MAX,
                          &info.valid_until_day);
    if (!result_ok(result))
        return result;
    result = pack_builder_describe(loader->builder, &info);
    if (result_ok(result) || result == RESULT_NO_MEMORY)
        return result;
    return binder_complain_at(loader->binder, "pack", result,
                              pack_builder_problem(loader->builder));
}

static enum result read_entries(struct loader *loader, int node, const char *what,
                                enum result (*read)(struct loader *, int))
{
    uint32_t cursor = 0;
    int item = 0;
    enum result result = RESULT_OK;
    if (!binder_is_sequence(loader->binder, node))
        return binder_complain(loader->binder, node, RESULT_INVALID,
                               "%s: has the wrong form; allowed: a list", what);
    while (result_ok(result) && binder_next(loader->binder, node, &cursor, &item))
        result = read(loader, item);
    return result;
}

static enum result load(struct loader *loader, struct span bytes, struct rule_pack **ret_pack)
{
    struct pack_file file = {0};
    enum result result = describe(loader, bytes, &file);
    if (result_ok(result))
        result = read_entries(loader, file.facts, "facts", read_fact);
    if (result_ok(result))
        result = read_entries(loader, file.rules, "rules", read_rule);
    return result_ok(result) ? builder_says(loader, binder_root(loader->binder),
                                            pack_builder_finish(loader->builder, ret_pack))
                             : result;
}

enum result pack_load_bytes(struct span bytes, const char *name, struct rule_pack **ret_pack,
                            char *ret_message, size_t size)
{
    struct loader loader = {0};
    snprintf(ret_message, size, "%s: out of memory", name);
    if (bytes.length > PACK_BYTES_MAX) {
        snprintf(ret_message, size, "%s: is too large; allowed: %d bytes", name, PACK_BYTES_MAX);
        return RESULT_TOO_LARGE;
    }
    enum result result = binder_open(bytes, name, ret_message, size, &loader.binder);
    if (result_ok(result))
        result = pack_builder_new(&loader.builder);
    if (result_ok(result))
        result = load(&loader, bytes, ret_pack);
    pack_builder_free(loader.builder);
    binder_free(loader.binder);
    if (result_ok(result) && size > 0)
        ret_message[0] = '\0';
    return result;
}

enum result pack_read_file(const char *file, uint8_t **ret_bytes, size_t *ret_length)
{
    FILE *stream = fopen(file, "rbe");
    if (stream == NULL)
        return errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO;
    uint8_t *bytes = malloc(PACK_BYTES_MAX + 1);
    if (bytes == NULL) {
        fclose(stream);
        return RESULT_NO_MEMORY;
    }
    size_t length = fread(bytes, 1, PACK_BYTES_MAX + 1, stream);
    bool failed = ferror(stream) != 0;
    fclose(stream);
    if (failed || length > PACK_BYTES_MAX) {
        free(bytes);
        return failed ? RESULT_IO : RESULT_TOO_LARGE;
    }
    *ret_bytes = bytes;
    *ret_length = length;
    return RESULT_OK;
}

enum result pack_load(const char *file, struct rule_pack **ret_pack, char *ret_message, size_t size)
{
    uint8_t *bytes = NULL;
    size_t length = 0;
    enum result result = pack_read_file(file, &bytes, &length);
    if (!result_ok(result)) {
        snprintf(ret_message, size,
                 "%s:1: the pack %s; allowed: a readable file of at most %d bytes", file,
                 result == RESULT_NOT_FOUND ? "is not there" : result_text(result), PACK_BYTES_MAX);
        return result;
    }
    result = pack_load_bytes(span_of(bytes, length), file, ret_pack, ret_message, size);
    free(bytes);
    return result;
}
