/* Everything a backend must be able to do, by name. A backend answers each name with its own text of SQL and bound
 * parameters ?1 … in the order of the list; no value ever becomes part of a statement's text. */
#ifndef GATEWAY_STORAGE_STATEMENT_H
#define GATEWAY_STORAGE_STATEMENT_H

#include "gateway/storage/store.h"

#define STATEMENT_VALUES_MAX 24

/* X(NAME, columns of the answer, "" for none); parameters stand beside the text in sqlite/statements.c. */
#define STATEMENT_LIST(X)                                                                          \
    X(PUT_INSTITUTION, "")                                                                         \
    X(PUT_STAFF, "")                                                                               \
    X(PUT_STAFF_SESSION, "")                                                                       \
    X(DELETE_STAFF_SESSION, "")                                                                    \
    X(DELETE_STAFF_SESSIONS_OF, "")                                                                \
    X(SEE_STAFF_SESSION, "")                                                                       \
    X(PUT_PATIENT, "")                                                                             \
    X(PUT_CONSULTATION, "")                                                                        \
    X(PUT_GUEST, "")                                                                               \
    X(PUT_INVITATION, "")                                                                          \
    X(PUT_DEVICE, "")                                                                              \
    X(PUT_DEVICE_TOKEN, "")                                                                        \
    X(REVOKE_DEVICE_TOKEN, "")                                                                     \
    X(DELETE_DEVICE, "")                                                                           \
    X(VOID_INVITATIONS, "")                                                                        \
    X(VOID_DEVICES, "")                                                                            \
    X(PUT_PACK, "")                                                                                \
    X(PUT_DECISION, "")                                                                            \
    X(PUT_CHECKPOINT, "")                                                                          \
    X(ERASE_SUBJECT_KEY, "")                                                                       \
    X(PUT_LOG, "")                                                                                 \
    X(GET_LOG, "id vkey")                                                                          \
    X(GET_HEAD, "seq bytes leaf at_us")                                                            \
    X(PUT_RECORD, "")                                                                              \
    X(PUT_SEALED, "")                                                                              \
    X(PUT_SUBJECT_KEY, "")                                                                         \
    X(GET_SUBJECT_KEY, "wrapped")

enum statement {
#define X(name, columns) STATEMENT_##name,
    STATEMENT_LIST(X)
#undef X
/* The queries of store.h, in their order. */
#define X(name, takes, columns) STATEMENT_QUERY_##name,
        STORE_QUERY_LIST(X)
#undef X
            STATEMENT_COUNT
};

const char *statement_columns(enum statement statement);

#endif
