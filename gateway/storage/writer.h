/* The only writer. Takes what is queued, makes of it one database transaction (group commit) in which each submitted
 * transaction stands alone, makes it durable with one fsync, and gives the answers back in order.
 *
 * A failed write or fsync fails every transaction of the batch. A failed fsync is never tried again on the same
 * connection: what the kernel still holds of it is unknown. The connection is closed, a new one opened, what the failed
 * batch may have left in the write-ahead log is written over (cover), and the end of the log compared with what was
 * acknowledged. Until that has worked nothing is written; every later batch tries again.
 *
 * Thread: its own from writer_start to writer_stop; before and after, the caller's.   Owner: struct store.
 * Bound:  STORE_QUEUE_MAX transactions waiting, WRITER_BATCH_MAX in one commit. */
#ifndef GATEWAY_STORAGE_WRITER_H
#define GATEWAY_STORAGE_WRITER_H

#include "gateway/storage/backend.h"
#include "gateway/storage/log_writer.h"
#include "gateway/storage/transaction.h"

#define WRITER_BATCH_MAX 256
#define WRITER_GATHER_US 2000 /* a batch takes no more in after this long */

struct store_writer;

/* Opens the database, brings the schema up, checks it, and commits log.open. */
MUST_CHECK enum result writer_new(const struct store_backend *backend,
                                  const struct store_options *options,
                                  const struct sealing_key *wrapping, struct counters *counters,
                                  struct store_writer **ret_writer);
MUST_CHECK enum result writer_start(struct store_writer *writer, store_wake_fn wake, void *owner);
/* Writes what is queued and log.close, then ends the thread. */
void writer_stop(struct store_writer *writer);
struct store_writer *writer_free(struct store_writer *writer);

/* Control thread. RESULT_FULL leaves the transaction with the caller. */
MUST_CHECK enum result writer_send(struct store_writer *writer,
                                   struct store_transaction *transaction);
/* Control thread: one that is answered (result, first_seq), or NULL. */
struct store_transaction *writer_receive(struct store_writer *writer);
/* Any thread. */
bool writer_degraded(const struct store_writer *writer);

#endif
