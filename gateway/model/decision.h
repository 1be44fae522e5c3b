/* What the rules said at one gate. Nouns only. */
#ifndef GATEWAY_MODEL_DECISION_H
#define GATEWAY_MODEL_DECISION_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/hash.h"
#include "gateway/base/id.h"
#include "gateway/model/facts.h"

#define RULES_MAX           256 /* in one pack */
#define RULE_ID_SIZE        32  /* "JP-OC-1.4-01" with NUL */
#define DECISION_FAILED_MAX 48  /* a gate of the full catalogue has fewer rules */

/* Where the rules of the gate index (§3.15) run. */
#define RULE_GATE_LIST(X)                                                                          \
    X(GO_LIVE, "G0")                                                                               \
    X(BOOKING, "G1")                                                                               \
    X(LOBBY, "G2")                                                                                 \
    X(ADMIT, "G3")                                                                                 \
    X(START, "G4")                                                                                 \
    X(LIVE, "G5")                                                                                  \
    X(PRESCRIBE, "G6")                                                                             \
    X(CLOSE, "G7")                                                                                 \
    X(RETENTION, "G8")

enum rule_gate {
#define X(name, text) RULE_GATE_##name,
    RULE_GATE_LIST(X)
#undef X
        RULE_GATE_COUNT
};

/* Weakest to strongest (§3.1 evaluation 5); the strongest failed one is the verdict. */
#define RULE_ACTION_LIST(X)                                                                        \
    X(PASS, "pass")                                                                                \
    X(WARN, "warn")               /* WN: say it, go on */                                          \
    X(ACKNOWLEDGE, "acknowledge") /* AK: go on after somebody entitled acknowledges it */          \
    X(OVERRIDE, "override")       /* RF, OV: refused unless overridden with a reason */            \
    X(PAUSE, "pause")             /* PA */                                                         \
    X(REFUSE, "refuse")           /* RF */                                                         \
    X(TERMINATE, "terminate")     /* TE */

enum rule_action {
#define X(name, text) RULE_ACTION_##name,
    RULE_ACTION_LIST(X)
#undef X
        RULE_ACTION_COUNT
};

enum truth { TRUTH_FALSE, TRUTH_UNKNOWN, TRUTH_TRUE };

/* Why a failed rule asks for nothing (any more). Such a rule stays in the list: it is an obligation. */
enum rule_clearing {
    RULE_CLEARED_NOT,
    RULE_CLEARED_ACKNOWLEDGED, /* somebody entitled acknowledged or overrode it */
    RULE_CLEARED_DEFERRED,     /* marked E, emergency: to be completed before the end (EM-02) */
};

struct failed_rule {
    uint16_t rule;           /* index in the pack */
    enum truth truth;        /* false: met by a value; unknown: nobody supplied it */
    enum rule_action action; /* what this rule asks for now; PASS when cleared */
    int16_t fact;            /* the fact that decided it, index in the pack; -1 when several */
    enum rule_clearing cleared;
};

struct decision {
    struct id id; /* d_…; set by whoever stores it */
    enum rule_gate gate;
    enum rule_action verdict; /* strongest action among the failed rules that are not cleared */
    struct sha256 pack_hash;
    uint16_t rules_evaluated;
    uint16_t failed_count;
    struct failed_rule failed[DECISION_FAILED_MAX]; /* in pack order */
};

static inline bool decision_allows(const struct decision *decision)
{
    return decision->verdict <= RULE_ACTION_WARN;
}

static inline const char *rule_gate_name(enum rule_gate gate)
{
    static const char *const names[RULE_GATE_COUNT] = {
#define X(name, text) text,
        RULE_GATE_LIST(X)
#undef X
    };
    return (unsigned)gate < RULE_GATE_COUNT ? names[gate] : "none";
}

static inline const char *rule_action_name(enum rule_action action)
{
    static const char *const names[RULE_ACTION_COUNT] = {
#define X(name, text) text,
        RULE_ACTION_LIST(X)
#undef X
    };
    return (unsigned)action < RULE_ACTION_COUNT ? names[action] : "none";
}

#endif
