/* The inside of a pack builder; only pack_builder.c (pack, facts) and pack_builder_rule.c (rules, conditions) include
 * it. */
#ifndef GATEWAY_RULES_PACK_BUILDER_STATE_H
#define GATEWAY_RULES_PACK_BUILDER_STATE_H

#include "gateway/rules/pack.h"

#define PROBLEM_SIZE 320
/* Bounds of signaling/messages.def: what is longer could not be told to anybody. */
#define CLAUSE_BYTES_MAX       64
#define REASON_BYTES_MAX       400
#define VALUE_BYTES_MAX        39
#define PACK_ID_BYTES_MAX      48
#define PACK_VERSION_BYTES_MAX 32

enum stage { STAGE_NEW, STAGE_FACTS, STAGE_RULES, STAGE_IN_RULE, STAGE_DONE };

/* Thread: any, one at a time.   Owner: the loader.   Life: _new() … _free().   Bound: that of the pack. */
struct pack_builder {
    struct rule_pack *pack;
    enum stage stage;
    bool in_condition, condition_done; /* a tree is being built; its one root is complete */
    bool has_meets;
    enum condition_part part;
    uint32_t depth;
    uint16_t open[CONDITION_DEPTH_MAX];
    char problem[PROBLEM_SIZE];
};

/* Notes what is wrong and what is allowed; returns `result`. */
enum result builder_problem(struct pack_builder *builder, enum result result, const char *format,
                            ...) PRINTF_LIKE(3, 4);
/* Room that lives as long as the pack; NULL when memory is exhausted. */
void *builder_keep_bytes(struct pack_builder *builder, size_t length);
MUST_CHECK enum result builder_keep_text(struct pack_builder *builder, const char *text,
                                         const char **ret_text);
MUST_CHECK enum result builder_check_text(struct pack_builder *builder, const char *what,
                                          const char *text, size_t bytes_max);
/* Checks and copies both languages in place. */
MUST_CHECK enum result builder_keep_languages(struct pack_builder *builder, const char *what,
                                              const char **texts, size_t bytes_max);

#endif
