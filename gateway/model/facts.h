/* Facts: typed, three-valued statements about one consultation, each with its supplier, time and expiry
 * (safe-practice rules §3.1). A value from the wrong supplier is never stored, so it stays unknown.
 * Which facts exist is data of the rule pack; a fact is addressed by its index in that pack. */
#ifndef GATEWAY_MODEL_FACTS_H
#define GATEWAY_MODEL_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#define FACTS_MAX            384 /* in one pack */
#define FACT_NAME_SIZE       48  /* with NUL */
#define FACT_ENUM_VALUES_MAX 32
#define FACT_NEVER_EXPIRES   INT64_MAX

#define SUPPLIER_LIST(X)                                                                           \
    X(PATIENT, "pt")                                                                               \
    X(PROXY, "px")                                                                                 \
    X(PHYSICIAN, "dr")                                                                             \
    X(NURSE, "nu")                                                                                 \
    X(SYSTEM, "sy")                                                                                \
    X(ADMINISTRATOR, "ad")                                                                         \
    X(MEDIA, "me")

enum supplier {
#define X(name, text) SUPPLIER_##name,
    SUPPLIER_LIST(X)
#undef X
        SUPPLIER_COUNT
};

static inline const char *supplier_name(enum supplier supplier)
{
    static const char *const names[SUPPLIER_COUNT] = {
#define X(name, text) text,
        SUPPLIER_LIST(X)
#undef X
    };
    return (unsigned)supplier < SUPPLIER_COUNT ? names[supplier] : "none";
}

enum fact_type {
    FACT_BOOL,    /* 0 or 1 */
    FACT_INTEGER, /* as is */
    FACT_ENUM,    /* index into the fact's list of values */
    FACT_DATE,    /* days since 1970-01-01, civil date in Asia/Tokyo */
    FACT_SET,     /* bit mask over the fact's list of values */
};

struct fact_value {
    bool known;
    enum supplier supplier;
    int64_t value;
    int64_t at_us;      /* wall clock, when it was supplied */
    int64_t expires_us; /* wall clock; from then on it is unknown at gates; FACT_NEVER_EXPIRES */
};

/* All facts of one consultation, by index in its pack. About 15 kB. */
struct fact_set {
    struct fact_value values[FACTS_MAX];
};

#endif
