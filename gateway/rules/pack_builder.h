/* Builds a rule pack in memory, checking everything a pack must hold: this is the one place that knows what a valid
 * pack is. The YAML loader (config/pack_load.c) only walks its file and calls these functions.
 *
 * Thread: any, one at a time. Order of calls:
 *   new → describe → add_fact* → { begin_rule → { condition → (open | leaf | at | close)* }* → end_rule }* → finish
 * The first failure leaves a sentence in pack_builder_problem(); the builder is then good for _free only.
 * All texts given are copied. */
#ifndef GATEWAY_RULES_PACK_BUILDER_H
#define GATEWAY_RULES_PACK_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "gateway/rules/rules.h"

#define CONDITION_NODES_MAX  4096 /* of one pack */
#define CONDITION_DEPTH_MAX  12
#define CONDITION_VALUES_MAX FACT_ENUM_VALUES_MAX
#define PACK_TEXT_MAX        1024 /* bytes of one text */

/* The first three are branches; AT asks which gate is being evaluated; the rest are leaves over one fact. KNOWN,
 * UNKNOWN, KNOWN_AS and NOT_KNOWN_AS are never unknown themselves: with them a rule says that only an answer actively
 * given counts (a revocation, §3.1 evaluation 3). X(NAME, key in YAML, sign for people) */
#define CONDITION_OP_LIST(X)                                                                       \
    X(ALL, "all", "")                                                                              \
    X(ANY, "any", "")                                                                              \
    X(NOT, "not", "")                                                                              \
    X(AT, "at", "")                                                                                \
    X(IS, "is", "=")                                                                               \
    X(IS_NOT, "is_not", "!=")                                                                      \
    X(LESS, "less", "<")                                                                           \
    X(AT_MOST, "at_most", "<=")                                                                    \
    X(MORE, "more", ">")                                                                           \
    X(AT_LEAST, "at_least", ">=")                                                                  \
    X(IN, "in", "in")                                                                              \
    X(KNOWN, "known", "known")                                                                     \
    X(UNKNOWN, "unknown", "unknown")                                                               \
    X(KNOWN_AS, "known_as", "known as")                                                            \
    X(NOT_KNOWN_AS, "not_known_as", "not known as")                                                \
    X(HAS_ALL, "has_all", "contains all of")                                                       \
    X(HAS_ANY, "has_any", "contains one of")                                                       \
    X(EMPTY, "empty", "empty")                                                                     \
    X(NOT_EMPTY, "not_empty", "not empty")                                                         \
    X(NOT_AFTER, "not_after", "not later than")

enum condition_op {
#define X(name, key, sign) CONDITION_##name,
    CONDITION_OP_LIST(X)
#undef X
        CONDITION_OP_COUNT
};

/* The word in a pack file; NULL beyond the end. */
const char *condition_op_key(enum condition_op op);

enum condition_part { CONDITION_WHEN, CONDITION_MEETS };

/* A leaf as text, as it stands in a file. Dates may be "today". NOT_AFTER takes the name of another fact. */
struct condition_leaf {
    const char *fact;
    enum condition_op op;
    const char *const *values;
    uint32_t values_count;
};

struct pack_builder;

MUST_CHECK enum result pack_builder_new(struct pack_builder **ret_builder);
struct pack_builder *pack_builder_free(struct pack_builder *builder);
/* Id, version, titles, validity and hash; the counts are ignored. */
MUST_CHECK enum result pack_builder_describe(struct pack_builder *builder,
                                             const struct pack_info *info);
MUST_CHECK enum result pack_builder_add_fact(struct pack_builder *builder,
                                             const struct fact_info *fact);
/* `gate_action` entries left at PASS become `action`. */
MUST_CHECK enum result pack_builder_begin_rule(struct pack_builder *builder,
                                               const struct rule_info *rule);
/* Exactly one tree follows; MEETS is needed, WHEN (does the rule apply at all?) may come before it. */
MUST_CHECK enum result pack_builder_condition(struct pack_builder *builder,
                                              enum condition_part part);
MUST_CHECK enum result pack_builder_open(struct pack_builder *builder, enum condition_op branch);
MUST_CHECK enum result pack_builder_close(struct pack_builder *builder);
MUST_CHECK enum result pack_builder_at(struct pack_builder *builder, uint32_t gates);
MUST_CHECK enum result pack_builder_leaf(struct pack_builder *builder,
                                         const struct condition_leaf *leaf);
MUST_CHECK enum result pack_builder_end_rule(struct pack_builder *builder);
/* The builder gives its pack away and stays empty. */
MUST_CHECK enum result pack_builder_finish(struct pack_builder *builder,
                                           struct rule_pack **ret_pack);
/* What was wrong and what is allowed; "" before a failure. Lives as long as the builder. */
const char *pack_builder_problem(const struct pack_builder *builder);

#endif
