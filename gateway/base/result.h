/* One name for each way a call can fail. Zero is success. The high byte tells whose fault it is, so an edge
 * (HTTP, WebSocket, command line) can answer without knowing the module. Rooms return results and do not log
 * them; the edge logs once. Thread: any. */
#ifndef GATEWAY_BASE_RESULT_H
#define GATEWAY_BASE_RESULT_H

#include <stdbool.h>

enum result_class {
    RESULT_CLASS_OK = 0,
    RESULT_CLASS_CALLER =
        1,                  /* what was asked for is wrong or not allowed: say so, change nothing */
    RESULT_CLASS_LIMIT = 2, /* a bound was reached: try later or ask for less */
    RESULT_CLASS_OUTSIDE = 3,  /* disk, network, library or peer failed */
    RESULT_CLASS_INTERNAL = 4, /* ours: a bug or exhausted memory */
};

/* X(name, class, text) */
#define RESULT_LIST(X)                                                                             \
    X(OK, OK, "ok")                                                                                \
    X(INVALID, CALLER, "not valid")                                                                \
    X(PARSE, CALLER, "cannot be read")                                                             \
    X(UNKNOWN_FIELD, CALLER, "unknown field")                                                      \
    X(NOT_FOUND, CALLER, "not found")                                                              \
    X(EXISTS, CALLER, "already there")                                                             \
    X(DENIED, CALLER, "not allowed")                                                               \
    X(WRONG_STATE, CALLER, "not possible now")                                                     \
    X(STALE, CALLER, "no longer valid")                                                            \
    X(UNSUPPORTED, CALLER, "not supported")                                                        \
    X(REPLAY, CALLER, "seen before")                                                               \
    X(FULL, LIMIT, "full")                                                                         \
    X(TOO_LARGE, LIMIT, "too large")                                                               \
    X(TOO_MANY, LIMIT, "too many")                                                                 \
    X(TIMEOUT, LIMIT, "took too long")                                                             \
    X(AGAIN, LIMIT, "not yet")                                                                     \
    X(IO, OUTSIDE, "input or output failed")                                                       \
    X(STORAGE, OUTSIDE, "storage failed")                                                          \
    X(NETWORK, OUTSIDE, "network failed")                                                          \
    X(CRYPTO, OUTSIDE, "cryptographic check failed")                                               \
    X(LIBRARY, OUTSIDE, "a library failed")                                                        \
    X(TAMPERED, OUTSIDE, "does not match its proof")                                               \
    X(NO_MEMORY, INTERNAL, "out of memory")                                                        \
    X(BUG, INTERNAL, "internal error")

enum result_order {
#define X(name, class, text) RESULT_ORDER_##name,
    RESULT_LIST(X)
#undef X
};

enum result {
#define X(name, class, text) RESULT_##name = (RESULT_CLASS_##class << 8) | RESULT_ORDER_##name,
    RESULT_LIST(X)
#undef X
};

static inline bool result_ok(enum result result)
{
    return result == RESULT_OK;
}

static inline enum result_class result_class(enum result result)
{
    return (enum result_class)((unsigned)result >> 8);
}

/* "NOT_FOUND" for logs and JSON; never NULL. */
const char *result_name(enum result result);
/* "not found" for people who read a terminal; never NULL. */
const char *result_text(enum result result);

#endif
