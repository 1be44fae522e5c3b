/* A transaction as a list of operations, each a statement with its own copy of its values. Built on the control thread
 * (store.h says how), carried out by the writer, freed by control after its callback.
 * Bound: STORE_TRANSACTION_OPS_MAX operations. Personal values are wiped when it is freed. */
#ifndef GATEWAY_STORAGE_TRANSACTION_H
#define GATEWAY_STORAGE_TRANSACTION_H

#include "gateway/storage/sealing.h"
#include "gateway/storage/statement.h"
#include "gateway/storage/store.h"
#include "gateway/storage/value.h"

struct operation {
    struct audit_draft *draft; /* a record, and nothing below counts; or NULL */
    enum statement statement;
    uint8_t count;
    bool fill_log;     /* values[0] becomes the number of the present log */
    int8_t sealed;     /* this value is sealed before it is stored; -1 none */
    struct id subject; /* under whose key */
    struct sealing_context context;
    enum result when_unchanged; /* the result when no row changed; RESULT_OK when that is fine */
    struct store_value values[STATEMENT_VALUES_MAX]; /* data in `bytes` */
    uint8_t *bytes;
    size_t bytes_length;
};

struct store_transaction {
    enum result failed; /* remembered until store_submit */
    bool erases;        /* a key goes: the log of the database is emptied afterwards */
    uint8_t count;
    struct operation *operations[STORE_TRANSACTION_OPS_MAX];
    /* from store_submit to the callback */
    store_done_fn done;
    void *owner;
    enum result result;
    uint64_t first_seq;
};

#endif
