#include "gateway/storage/reader.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/base/check.h"
#include "gateway/base/mailbox.h"

struct store_reader {
    const struct store_backend *backend;
    struct store_connection *connection;
    const char *origin;
    const struct sealing_key *wrapping;
    struct mailbox *waiting; /* struct reader_job * */
    struct mailbox *answered;
    int doorbell; /* eventfd, blocking */
    atomic_bool stopping;
    bool started;
    pthread_t thread;
    store_wake_fn wake;
    void *owner;
};

struct reader_job *reader_job_free(struct reader_job *job)
{
    if (job == NULL)
        return NULL;
    store_rows_free(job->rows);
    free(job->query);
    free(job);
    return NULL;
}

static void doorbell_ring(struct store_reader *reader)
{
    const uint64_t once = 1;
    CHECK(write(reader->doorbell, &once, sizeof(once)) == sizeof(once));
}

static void *reader_main(void *context)
{
    struct store_reader *reader = context;
    for (;;) {
        struct reader_job *job = NULL;
        bool stopping = atomic_load(&reader->stopping);
        while (mailbox_receive(reader->waiting, &job)) {
            job->result = query_run(reader->backend, reader->connection, reader->origin,
                                    reader->wrapping, job->query, &job->rows);
            CHECK(result_ok(mailbox_send(reader->answered, &job)));
            reader->wake(reader->owner);
        }
        if (stopping)
            return NULL;
        uint64_t rings;
        CHECK(read(reader->doorbell, &rings, sizeof(rings)) == sizeof(rings) || errno == EINTR);
    }
}

enum result reader_start(const struct store_backend *backend, const char *path, const char *origin,
                         const struct sealing_key *wrapping, store_wake_fn wake, void *owner,
                         struct store_reader **ret_reader)
{
    struct store_reader *reader = calloc(1, sizeof(*reader));
    if (reader == NULL)
        return RESULT_NO_MEMORY;
    reader->backend = backend;
    reader->origin = origin;
    reader->wrapping = wrapping;
    reader->wake = wake;
    reader->owner = owner;
    reader->doorbell = eventfd(0, EFD_CLOEXEC);
    enum result result = reader->doorbell < 0 ? RESULT_NO_MEMORY : RESULT_OK;
    if (result_ok(result))
        result = mailbox_new(sizeof(struct reader_job *), STORE_QUERIES_MAX, &reader->waiting);
    if (result_ok(result))
        result = mailbox_new(sizeof(struct reader_job *), STORE_QUERIES_MAX, &reader->answered);
    if (result_ok(result))
        result = backend->open(path, STORE_CONNECTION_READER, &reader->connection);
    if (result_ok(result) && pthread_create(&reader->thread, NULL, reader_main, reader) != 0)
        result = RESULT_NO_MEMORY;
    if (!result_ok(result)) {
        reader_free(reader);
        return result;
    }
    reader->started = true;
    *ret_reader = reader;
    return RESULT_OK;
}

void reader_stop(struct store_reader *reader)
{
    if (!reader->started)
        return;
    atomic_store(&reader->stopping, true);
    doorbell_ring(reader);
    pthread_join(reader->thread, NULL);
    reader->started = false;
}

struct store_reader *reader_free(struct store_reader *reader)
{
    if (reader == NULL)
        return NULL;
    CHECK(!reader->started);
    if (reader->connection != NULL)
        reader->backend->close(reader->connection);
    if (reader->doorbell >= 0)
        close(reader->doorbell);
    mailbox_free(reader->waiting);
    mailbox_free(reader->answered);
    free(reader);
    return NULL;
}

enum result reader_send(struct store_reader *reader, struct reader_job *job)
{
    enum result result = mailbox_send(reader->waiting, &job);
    if (result_ok(result))
        doorbell_ring(reader);
    return result;
}

struct reader_job *reader_receive(struct store_reader *reader)
{
    struct reader_job *job = NULL;
    return mailbox_receive(reader->answered, &job) ? job : NULL;
}
