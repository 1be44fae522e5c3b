#include "gateway/storage/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "gateway/audit/checkpoint.h"
#include "gateway/audit/record.h"
#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/storage/backend.h"
#include "gateway/storage/query.h"
#include "gateway/storage/reader.h"
#include "gateway/storage/sealing.h"
#include "gateway/storage/transaction.h"
#include "gateway/storage/writer.h"

#define READERS_MAX 4
#define PATH_SIZE   1024

/* Thread: control.   Owner: whoever called store_open.   Life: store_open … store_close.
 * Bound:  STORE_QUEUE_MAX transactions and STORE_QUERIES_MAX queries in flight, READERS_MAX reader threads. */
struct store {
    struct thread_owner owner;
    const struct store_backend *backend;
    char path[PATH_SIZE];
    char origin[AUDIT_ORIGIN_SIZE];
    struct sealing_key wrapping;
    bool has_wrapping;
    int lock; /* file descriptor that holds the writer's lock; -1 for a reader */
    struct store_writer *writer;
    struct store_reader *readers[READERS_MAX];
    unsigned reader_count;
    unsigned reader_next;
    struct store_connection *own; /* of store_query_now; opened on first use */
    uint32_t transactions_in_flight;
    uint32_t queries_in_flight;
    bool closing; /* the threads are gone: nothing more is taken */
};

enum result store_key_create(const char *path)
{
    return sealing_key_file_create(path);
}

/* Two writers would each give the same seq. The lock is the process's and ends with it, however it ends. */
static enum result lock_take(const char *path, int *ret_lock)
{
    char name[PATH_SIZE + 8];
    if (!text_format(name, sizeof(name), "%s-lock", path))
        return RESULT_INVALID;
    int lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0)
        return RESULT_STORAGE;
    if (flock(lock, LOCK_EX | LOCK_NB) == 0) {
        *ret_lock = lock;
        return RESULT_OK;
    }
    enum result result = errno == EWOULDBLOCK ? RESULT_EXISTS : RESULT_STORAGE;
    close(lock);
    return result;
}

/* Made before SQLite does; the files beside it take over its mode. Our group may read: the signer, an account of its own,
 * is in it (config/systemd). Nobody else, and nobody but us writes. */
static enum result file_make(const char *path)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (file < 0)
        return RESULT_STORAGE;
    close(file);
    return RESULT_OK;
}

static enum result options_take(struct store *store, const struct store_options *options)
{
    if (options->path == NULL || options->log_origin == NULL ||
        !text_copy(store->path, sizeof(store->path), options->path) ||
        !text_copy(store->origin, sizeof(store->origin), options->log_origin) ||
        !checkpoint_origin_is_valid(store->origin))
        return RESULT_INVALID;
    if (options->key_path == NULL)
        return RESULT_OK;
    enum result result = sealing_key_file_load(options->key_path, &store->wrapping);
    store->has_wrapping = result_ok(result);
    return result_ok(result) ? RESULT_OK : RESULT_TAMPERED;
}

static struct store *store_new(void)
{
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL)
        return NULL;
    store->backend = &STORE_BACKEND_SQLITE;
    store->lock = -1;
    thread_owner_bind(&store->owner);
    return store;
}

static enum result threads_start(struct store *store, const struct store_options *options,
                                 store_wake_fn wake, void *owner)
{
    unsigned count = options->readers == 0 ? 1 : options->readers;
    enum result result = count > READERS_MAX ? RESULT_INVALID : RESULT_OK;
    /* Readers first: their connections keep the shared index of the write-ahead log alive when the writer has to drop
     * its own, so nothing of a refused commit is ever recovered from the file (see writer.h). */
    while (result_ok(result) && store->reader_count < count) {
        result = reader_start(store->backend, store->path, store->origin, &store->wrapping, wake,
                              owner, &store->readers[store->reader_count]);
        store->reader_count += result_ok(result);
    }
    return result_ok(result) ? writer_start(store->writer, wake, owner) : result;
}

enum result store_open(const struct store_options *options, store_wake_fn wake, void *owner,
                       struct counters *counters, struct store **ret_store)
{
    if (options->log_vkey == NULL || options->node == NULL || options->key_path == NULL)
        return RESULT_INVALID;
    struct store *store = store_new();
    if (store == NULL)
        return RESULT_NO_MEMORY;
    enum result result = options_take(store, options);
    if (result_ok(result))
        result = lock_take(store->path, &store->lock);
    if (result_ok(result))
        result = file_make(store->path);
    if (result_ok(result))
        result = writer_new(store->backend, options, &store->wrapping, counters, &store->writer);
    if (result_ok(result))
        result = threads_start(store, options, wake, owner);
    if (!result_ok(result)) {
        store_close(store);
        return result;
    }
    *ret_store = store;
    return RESULT_OK;
}

enum result store_open_reader(const struct store_options *options, struct store **ret_store)
{
    struct store *store = store_new();
    if (store == NULL)
        return RESULT_NO_MEMORY;
    enum result result = options_take(store, options);
    if (result_ok(result))
        result = store->backend->open(store->path, STORE_CONNECTION_READER, &store->own);
    if (result_ok(result))
        result = store->backend->schema_is_current(store->own);
    if (!result_ok(result)) {
        store_close(store);
        return result;
    }
    *ret_store = store;
    return RESULT_OK;
}

struct store *store_close(struct store *store)
{
    if (store == NULL)
        return NULL;
    assert_on_thread(&store->owner);
    if (store->writer != NULL)
        writer_stop(store->writer);
    for (unsigned i = 0; i < store->reader_count; i++)
        reader_stop(store->readers[i]);
    store->closing = true;
    store_dispatch(store);
    for (unsigned i = 0; i < store->reader_count; i++)
        reader_free(store->readers[i]);
    if (store->own != NULL)
        store->backend->close(store->own);
    /* Last: closing the last connection empties the write-ahead log into the file, which the writer's may do. */
    writer_free(store->writer);
    if (store->lock >= 0)
        close(store->lock);
    sealing_key_wipe(&store->wrapping);
    free(store);
    return NULL;
}

static void dispatch_transactions(struct store *store)
{
    struct store_transaction *transaction;
    while (store->writer != NULL && (transaction = writer_receive(store->writer)) != NULL) {
        store->transactions_in_flight--;
        if (transaction->done != NULL)
            transaction->done(transaction->owner, transaction->result, transaction->first_seq);
        store_transaction_free(transaction);
    }
}

static void dispatch_queries(struct store *store, struct store_reader *reader)
{
    struct reader_job *job;
    while ((job = reader_receive(reader)) != NULL) {
        store->queries_in_flight--;
        job->done(job->owner, job->result, job->rows);
        reader_job_free(job);
    }
}

void store_dispatch(struct store *store)
{
    assert_on_thread(&store->owner);
    dispatch_transactions(store);
    for (unsigned i = 0; i < store->reader_count; i++)
        dispatch_queries(store, store->readers[i]);
}

bool store_degraded(const struct store *store)
{
    return store->writer != NULL && writer_degraded(store->writer);
}

enum result store_submit(struct store *store, struct store_transaction *transaction,
                         store_done_fn done, void *owner)
{
    assert_on_thread(&store->owner);
    if (transaction == NULL)
        return RESULT_NO_MEMORY;
    enum result result = store->writer == NULL ? RESULT_UNSUPPORTED : transaction->failed;
    if (result_ok(result) && store->closing)
        result = RESULT_WRONG_STATE;
    /* In flight ends with the callback, so the way back can never be full. */
    if (result_ok(result) && store->transactions_in_flight == STORE_QUEUE_MAX)
        result = RESULT_FULL;
    transaction->done = done;
    transaction->owner = owner;
    if (result_ok(result))
        result = writer_send(store->writer, transaction);
    if (result_ok(result))
        store->transactions_in_flight++;
    else
        store_transaction_free(transaction);
    return result;
}

enum result store_query(struct store *store, const struct store_query *query, store_rows_fn done,
                        void *owner)
{
    assert_on_thread(&store->owner);
    if (store->reader_count == 0)
        return RESULT_UNSUPPORTED;
    if (store->closing)
        return RESULT_WRONG_STATE;
    if (store->queries_in_flight == STORE_QUERIES_MAX)
        return RESULT_FULL;
    struct reader_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        return RESULT_NO_MEMORY;
    job->done = done;
    job->owner = owner;
    job->query = query_copy(query);
    enum result result = RESULT_NO_MEMORY;
    if (job->query != NULL)
        result = reader_send(store->readers[store->reader_next++ % store->reader_count], job);
    if (result_ok(result))
        store->queries_in_flight++;
    else
        reader_job_free(job);
    return result;
}

enum result store_query_now(struct store *store, const struct store_query *query,
                            struct store_rows **ret_rows)
{
    assert_on_thread(&store->owner);
    enum result result = RESULT_OK;
    if (store->own == NULL)
        result = store->backend->open(store->path, STORE_CONNECTION_READER, &store->own);
    if (!result_ok(result))
        return result;
    return query_run(store->backend, store->own, store->origin,
                     store->has_wrapping ? &store->wrapping : NULL, query, ret_rows);
}

enum result store_migrate(const struct store_options *options, unsigned version)
{
    int lock = -1;
    struct store_connection *connection = NULL;
    enum result result = lock_take(options->path, &lock);
    if (!result_ok(result))
        return result;
    result = file_make(options->path);
    if (result_ok(result))
        result = STORE_BACKEND_SQLITE.open(options->path, STORE_CONNECTION_WRITER, &connection);
    if (result_ok(result)) {
        result = STORE_BACKEND_SQLITE.migrate(connection, version);
        STORE_BACKEND_SQLITE.close(connection);
    }
    close(lock);
    return result;
}
