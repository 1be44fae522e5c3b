/* One group commit: carries transactions out on a connection, each of them whole or not at all. Knows nothing of threads
 * and queues. Thread: the store writer. */
#ifndef GATEWAY_STORAGE_BATCH_H
#define GATEWAY_STORAGE_BATCH_H

#include "gateway/storage/backend.h"
#include "gateway/storage/log_writer.h"
#include "gateway/storage/transaction.h"

struct batch {
    struct store_transaction **transactions;
    size_t count;
    bool
        has_act; /* a record of the log about itself: log.open before, others after the transactions */
    enum audit_act act;
};

/* Sets `result` and `first_seq` of every transaction. RESULT_OK: the batch is durable (single transactions may have been
 * refused). Anything else: nothing of it is, log->head is what it was, and the connection must not be used again. */
MUST_CHECK enum result batch_commit(struct batch *batch, struct log_writer *log,
                                    struct store_connection *connection,
                                    const struct log_moment *now);
/* Gives every transaction of the batch RESULT_STORAGE. */
void batch_refuse(struct batch *batch);

#endif
