/* A thread that answers queries on a connection of its own. Thread: its own from reader_start to reader_stop; the
 * functions below are control's.   Owner: struct store.   Bound: STORE_QUERIES_MAX jobs waiting. */
#ifndef GATEWAY_STORAGE_READER_H
#define GATEWAY_STORAGE_READER_H

#include "gateway/storage/backend.h"
#include "gateway/storage/query.h"

struct store_reader;

/* One query on its way; freed by reader_job_free on the control thread. */
struct reader_job {
    struct store_query *query;
    store_rows_fn done;
    void *owner;
    enum result result;
    struct store_rows *rows;
};
struct reader_job *reader_job_free(struct reader_job *job);

/* Opens the connection and starts the thread; `origin` and `wrapping` outlive it. */
MUST_CHECK enum result reader_start(const struct store_backend *backend, const char *path,
                                    const char *origin, const struct sealing_key *wrapping,
                                    store_wake_fn wake, void *owner,
                                    struct store_reader **ret_reader);
/* Answers what is queued, then ends the thread; reader_receive still works afterwards. */
void reader_stop(struct store_reader *reader);
struct store_reader *reader_free(struct store_reader *reader);

/* RESULT_FULL leaves the job with the caller. */
MUST_CHECK enum result reader_send(struct store_reader *reader, struct reader_job *job);
struct reader_job *reader_receive(struct store_reader *reader);

#endif
