/* The inside of a rule pack; only files of this room include it.
 *
 * Conditions lie in one array in prefix order: a branch is followed by its children, and `end` is the index after its
 * last descendant, so that skipping a subtree is one assignment. A rule owns two such trees:
 *
 *     nodes  … | when: ALL leaf leaf | meets: ANY leaf NOT leaf | …
 *                ^ when_first          ^ meets_first            ^ meets_end
 *
 * The truth of a rule is "not when, or meets". */
#ifndef GATEWAY_RULES_PACK_H
#define GATEWAY_RULES_PACK_H

#include "gateway/rules/pack_builder.h"
#include "gateway/rules/rules.h"

struct condition_node {
    enum condition_op op;
    bool today; /* `value` is the civil day of the question */
    uint16_t fact;
    uint16_t end;
    uint16_t other; /* NOT_AFTER: the fact whose time is compared */
    int64_t value;  /* number, or bit mask over the fact's values, or over gates for AT */
    const char *wanted;
};

struct rule {
    struct rule_info info;
    uint16_t when_first, when_end; /* equal: always applies */
    uint16_t meets_first, meets_end;
};

struct text_block {
    struct text_block *next;
    size_t used;
    size_t size;
    max_align_t bytes[]; /* texts and lists of texts */
};

/* Thread: any, constant once built.   Owner: who loaded it (rule_pack_free).
 * Life:   pack_builder_finish() … rule_pack_free().
 * Bound:  FACTS_MAX, RULES_MAX, CONDITION_NODES_MAX; about 400 kB. */
struct rule_pack {
    struct pack_info info;
    struct fact_info facts[FACTS_MAX];
    struct rule rules[RULES_MAX];
    struct condition_node nodes[CONDITION_NODES_MAX];
    uint32_t nodes_count;
    uint16_t gate_rules[RULE_GATE_COUNT]
                       [DECISION_FAILED_MAX]; /* rules of each gate, in pack order */
    uint16_t gate_rules_count[RULE_GATE_COUNT];
    struct text_block *texts;
};

/* A fact as a gate sees it: unknown when nobody supplied it or when it is too old (never too old at G5). */
bool pack_fact_known(const struct rule_question *question, uint32_t fact);
/* Civil day in Asia/Tokyo. */
int64_t civil_day_of(int64_t wall_us);
/* Value of a subtree; `*at` moves behind it. */
enum truth condition_truth(const struct rule_pack *pack, const struct rule_question *question,
                           uint32_t *at);
static inline bool condition_is_branch(enum condition_op op)
{
    return op <= CONDITION_NOT;
}
static inline bool condition_is_leaf(enum condition_op op)
{
    return op > CONDITION_AT;
}

#endif
