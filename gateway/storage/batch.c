#include "gateway/storage/batch.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/storage/keyring.h"

/* The value as it is stored: sealed under the person's key. */
static enum result seal_value(const struct log_writer *log, struct store_connection *connection,
                              const struct operation *operation, uint8_t **ret_sealed,
                              struct store_value *ret_value)
{
    struct sealing_key key;
    enum result result = keyring_get_or_make(log->backend, connection, log->wrapping,
                                             operation->subject.text, log->moment.wall_us, &key);
    if (!result_ok(result))
        return result;
    const struct store_value *plain = &operation->values[operation->sealed];
    size_t length = plain->length + SEALING_OVERHEAD_BYTES;
    uint8_t *sealed = malloc(length);
    if (sealed == NULL) {
        sealing_key_wipe(&key);
        return RESULT_NO_MEMORY;
    }
    sealing_seal(&key, &operation->context, span_of(plain->data, plain->length), sealed);
    sealing_key_wipe(&key);
    *ret_value = value_blob(sealed, length);
    *ret_sealed = sealed;
    return RESULT_OK;
}

static enum result operation_run(struct log_writer *log, struct store_connection *connection,
                                 const struct operation *operation)
{
    struct store_value values[STATEMENT_VALUES_MAX];
    uint8_t *sealed = NULL;
    enum result result = RESULT_OK;
    memcpy(values, operation->values, sizeof(values));
    if (operation->fill_log)
        values[0] = value_integer(log->log);
    if (operation->sealed >= 0)
        result = seal_value(log, connection, operation, &sealed, &values[operation->sealed]);
    uint64_t changed = 0;
    if (result_ok(result))
        result =
            log->backend->run(connection, operation->statement, values, operation->count, &changed);
    free(sealed);
    return result_ok(result) && changed == 0 ? operation->when_unchanged : result;
}

static enum result transaction_run(struct store_transaction *transaction, struct log_writer *log,
                                   struct store_connection *connection)
{
    transaction->first_seq = STORE_NO_SEQ;
    for (size_t i = 0; i < transaction->count; i++) {
        const struct operation *operation = transaction->operations[i];
        enum result result;
        if (operation->draft == NULL) {
            result = operation_run(log, connection, operation);
        } else {
            if (transaction->first_seq == STORE_NO_SEQ)
                transaction->first_seq = log->head.size;
            result = log_writer_append(log, connection, operation->draft);
        }
        if (!result_ok(result))
            return result;
    }
    return RESULT_OK;
}

/* Concerns this transaction alone: the others go on. Everything else is the disk's or the library's failure. */
static bool is_refusal(enum result result)
{
    return result_class(result) == RESULT_CLASS_CALLER || result == RESULT_TOO_LARGE ||
           result == RESULT_CRYPTO;
}

static enum result transaction_try(struct store_transaction *transaction, struct log_writer *log,
                                   struct store_connection *connection)
{
    const struct log_head before = log->head;
    enum result result = log->backend->mark(connection);
    if (!result_ok(result))
        return result;
    transaction->result = transaction_run(transaction, log, connection);
    if (result_ok(transaction->result))
        return log->backend->keep(connection);
    if (!is_refusal(transaction->result))
        return transaction->result;
    log->head = before;
    transaction->first_seq = STORE_NO_SEQ;
    return log->backend->undo(connection);
}

/* The log opens before it says anything else, also that the clock was set while it was closed. */
static enum result clocks_say(const struct batch *batch, struct log_writer *log,
                              struct store_connection *connection, const struct log_moment *now)
{
    struct log_tick tick = log_writer_tick(log, now);
    enum result result = RESULT_OK;
    if (tick.new_stretch || (batch->has_act && batch->act == AUDIT_ACT_LOG_OPEN))
        result = log_writer_append_own(log, connection, AUDIT_ACT_LOG_OPEN, 0);
    if (result_ok(result) && tick.stepped)
        result = log_writer_append_own(log, connection, AUDIT_ACT_CLOCK_STEP, tick.moved_ms);
    return result;
}

static enum result batch_run(struct batch *batch, struct log_writer *log,
                             struct store_connection *connection, const struct log_moment *now)
{
    enum result result = clocks_say(batch, log, connection, now);
    for (size_t i = 0; i < batch->count && result_ok(result); i++)
        result = transaction_try(batch->transactions[i], log, connection);
    if (result_ok(result) && batch->has_act && batch->act != AUDIT_ACT_LOG_OPEN)
        result = log_writer_append_own(log, connection, batch->act, 0);
    return result;
}

enum result batch_commit(struct batch *batch, struct log_writer *log,
                         struct store_connection *connection, const struct log_moment *now)
{
    const struct log_writer before =
        *log; /* the moment too: an unwritten clock.step must be found again */
    enum result result = log->backend->begin(connection);
    if (result_ok(result)) {
        result = batch_run(batch, log, connection, now);
        if (result_ok(result))
            result = log->backend->commit(connection);
        else
            log->backend->rollback(connection);
    }
    if (!result_ok(result)) {
        *log = before;
        batch_refuse(batch);
    }
    return result;
}

void batch_refuse(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        batch->transactions[i]->result = RESULT_STORAGE;
        batch->transactions[i]->first_seq = STORE_NO_SEQ;
    }
}
