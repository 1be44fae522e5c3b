/* Rules as data, decisions as pure functions (promise P4): decision = f(pack, gate, facts, acknowledgements, now).
 *
 * Thread: any; a loaded pack never changes and may be shared. Nothing here reads a clock or a file: packs are read by
 * config/ (pack_load.h), which builds them with pack_builder. Bounds: FACTS_MAX, RULES_MAX, DECISION_FAILED_MAX.
 *
 * Evaluation (safe-practice rules §3.1): facts are three-valued; a fact past its expiry is unknown when a gate is
 * evaluated, but not at G5: an answer that merely grows old does not stop a running session. Conditions use Kleene
 * logic. Unknown counts as not met for levels M and S, and for Q and D when the action is refuse (with or without an
 * override), pause or terminate; otherwise it warns. The verdict is the strongest action of the failed rules.
 * In an emergency rules marked E are deferred, and at G5 nothing pauses, and only rules marked N terminate (P7). */
#ifndef GATEWAY_RULES_RULES_H
#define GATEWAY_RULES_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "gateway/model/decision.h"
#include "gateway/model/facts.h"
#include "gateway/model/person.h"

struct rule_pack; /* immutable */

enum rule_level {
    RULE_LEVEL_M,
    RULE_LEVEL_R,
    RULE_LEVEL_X,
    RULE_LEVEL_Q,
    RULE_LEVEL_S,
    RULE_LEVEL_D
};

static inline const char *rule_level_name(enum rule_level level)
{
    static const char *const names[] = {"M", "R", "X", "Q", "S", "D"};
    return names[level];
}

/* One fact as the pack declares it. Pointers live as long as the pack. */
struct fact_info {
    const char *name;
    enum fact_type type;
    uint32_t suppliers;        /* bit 1 << enum supplier */
    const char *const *values; /* enum and set: names, in order */
    uint32_t values_count;
    int64_t minimum, maximum; /* integer: allowed range */
    int64_t lifetime_us;      /* 0: never expires */
    const char *
        door; /* "patient:agreement", "api:booking", "media:tracks" …; where people or machines supply it;
                                  several joined with "," so that each supplier has one (doors.h has the closed list) */
    const char *text[LANGUAGE_COUNT]; /* what it means, for people */
};

struct rule_info {
    const char *id;     /* JP-OC-1.4-01 */
    const char *clause; /* V-1-(4)②ⅰ */
    const char *source; /* V, V22, Q, A, r, – (verification mark of the catalogue) */
    bool
        verified; /* the clause was read in its source; false for r and for our own design rules (–) */
    enum rule_level level;
    enum rule_action action;
    enum rule_action gate_action
        [RULE_GATE_COUNT];     /* `action`, except where the catalogue asks for another at a gate */
    uint32_t gates;            /* bit 1 << enum rule_gate */
    bool never_deferred;       /* N */
    bool emergency_deferrable; /* E */
    uint32_t
        acknowledged_by; /* bit 1 << enum supplier; who may acknowledge (AK) or override (OV) */
    const char *reason[LANGUAGE_COUNT]; /* why it refuses and what to do, one sentence each */
    const char *summary[LANGUAGE_COUNT];
};

struct pack_info {
    const char *id; /* jp-online-care */
    const char *version;
    const char *title[LANGUAGE_COUNT];
    int64_t valid_from_day, valid_until_day; /* civil days; INT64_MAX = open */
    struct sha256 hash;                      /* of the file's bytes */
    uint32_t facts_count;
    uint32_t rules_count;
};

const struct pack_info *rule_pack_info(const struct rule_pack *pack);
const struct fact_info *rule_pack_fact(const struct rule_pack *pack, uint32_t index);
const struct rule_info *rule_pack_rule(const struct rule_pack *pack, uint32_t index);
/* -1 when the pack has no such name. */
int rule_pack_find_fact(const struct rule_pack *pack, const char *name);
int rule_pack_find_rule(const struct rule_pack *pack, const char *id);
struct rule_pack *rule_pack_free(struct rule_pack *pack);

/* May this supplier give this fact this value? RESULT_DENIED (wrong supplier), RESULT_INVALID (out of range). */
MUST_CHECK enum result fact_check(const struct rule_pack *pack, uint32_t fact,
                                  enum supplier supplier, int64_t value);

/* Text of a value: yes/no (true/false), an integer, an enum name, YYYY-MM-DD, set members joined with ",".
 * RESULT_INVALID when the fact cannot have it. */
MUST_CHECK enum result fact_parse(const struct fact_info *fact, const char *text,
                                  int64_t *ret_value);
/* The same back; RESULT_TOO_LARGE when it does not fit in `size` (FACT_TEXT_SIZE always does). */
#define FACT_TEXT_SIZE (FACT_ENUM_VALUES_MAX * FACT_NAME_SIZE)
MUST_CHECK enum result fact_format(const struct fact_info *fact, int64_t value, char *ret_text,
                                   size_t size);

/* Everything a decision depends on. */
struct rule_question {
    enum rule_gate gate;
    const struct fact_set *facts;
    const uint8_t *acknowledged; /* bit per rule, RULES_MAX / 8 bytes; may be NULL */
    int64_t now_us;              /* wall clock */
    bool emergency;              /* rules marked E are deferred, not failed */
};

void rules_evaluate(const struct rule_pack *pack, const struct rule_question *question,
                    struct decision *ret_decision);
/* One rule on its own, for tests and explanation. */
enum truth rule_truth(const struct rule_pack *pack, uint32_t rule,
                      const struct rule_question *question);

/* One leaf of a rule's condition as it stood: which fact, which value, what was wanted. */
struct rule_leaf {
    uint32_t fact;
    enum truth truth;
    struct fact_value value;
    const char *wanted; /* ">= 3000", "= yes", "in {care_facility, residence}" */
};
/* Fills up to `leaves_max` leaves; returns how many the rule has. */
uint32_t rule_explain(const struct rule_pack *pack, uint32_t rule,
                      const struct rule_question *question, struct rule_leaf *ret_leaves,
                      uint32_t leaves_max);

/* Keyed digest over pack hash, gate and the values used (P4); `key` is the institution's digest key. */
struct sha256 rules_inputs_digest(const struct rule_pack *pack,
                                  const struct rule_question *question, struct span key);

#endif
