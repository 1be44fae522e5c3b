#include "gateway/storage/writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/base/check.h"
#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/base/mailbox.h"
#include "gateway/storage/batch.h"

#define HEARTBEAT_MS_DEFAULT 60000

struct store_writer {
    const struct store_backend *backend;
    const char *path;
    struct store_connection *connection; /* NULL: failed, to be opened again */
    struct log_writer log;
    struct counters *counters;
    unsigned heartbeat_ms;
    int64_t heartbeat_at_us; /* monotonic */
    bool settle_owed;        /* a key was erased, and a reader was in the way of settling at once */
    /* between the threads */
    struct mailbox *waiting; /* control → writer, struct store_transaction * */
    struct mailbox *answered;
    int doorbell; /* eventfd */
    atomic_bool stopping;
    atomic_bool degraded;
    bool started;
    pthread_t thread;
    store_wake_fn wake;
    void *owner;
};

static struct log_moment moment_now(void)
{
    return (struct log_moment){
        .wall_us = clock_wall_us(), .mono_ns = clock_monotonic_ns(), .error_ms = clock_error_ms()};
}

static void counters_note(struct store_writer *writer, const struct batch *batch, uint64_t records)
{
    uint64_t durable = 0, failed = 0;
    for (size_t i = 0; i < batch->count; i++) {
        durable += result_ok(batch->transactions[i]->result);
        failed += batch->transactions[i]->result == RESULT_STORAGE;
    }
    counter_add(writer->counters, COUNTER_store_transactions, durable);
    counter_add(writer->counters, COUNTER_store_failures, failed);
    counter_add(writer->counters, COUNTER_audit_records, records);
    counter_set(writer->counters, COUNTER_store_queue, mailbox_depth(writer->waiting));
}

static void degraded_set(struct store_writer *writer, bool degraded, enum result why)
{
    if (atomic_exchange(&writer->degraded, degraded) == degraded)
        return;
    counter_set(writer->counters, COUNTER_store_degraded, degraded);
    if (degraded)
        LOG(LOG_ERROR, "store.degraded", log_result(why));
    else
        LOG(LOG_INFO, "store.recovered", log_number("log_size", (int64_t)writer->log.head.size));
}

/* A new connection must see exactly what was acknowledged: not less, and nothing of a refused batch. */
static enum result head_matches(struct store_writer *writer)
{
    const struct log_head expected = writer->log.head;
    enum result result = writer->backend->begin(writer->connection);
    if (!result_ok(result))
        return result;
    result = log_writer_load(&writer->log, writer->connection);
    writer->backend->rollback(writer->connection);
    const struct log_head found = writer->log.head;
    writer->log.head = expected;
    if (!result_ok(result))
        return result;
    return found.size == expected.size && sha256_equal(&found.last, &expected.last)
               ? RESULT_OK
               : RESULT_TAMPERED;
}

static void connection_drop(struct store_writer *writer)
{
    writer->connection = writer->backend->abandon(writer->connection);
}

static enum result connection_open_again(struct store_writer *writer)
{
    enum result result =
        writer->backend->open(writer->path, STORE_CONNECTION_WRITER, &writer->connection);
    if (!result_ok(result))
        return result;
    result = writer->backend->cover(writer->connection);
    if (result_ok(result))
        result = head_matches(writer);
    if (!result_ok(result))
        connection_drop(writer);
    return result;
}

/* The erased key is in the write-ahead log too, until that is emptied. */
static enum result settle_if_owed(struct store_writer *writer)
{
    if (!writer->settle_owed)
        return RESULT_OK;
    enum result result = writer->backend->settle(writer->connection);
    if (result_ok(result))
        writer->settle_owed = false;
    return result == RESULT_AGAIN ? RESULT_OK : result;
}

static enum result batch_write(struct store_writer *writer, struct batch *batch)
{
    enum result result = RESULT_OK;
    uint64_t size = writer->log.head.size;
    if (writer->connection == NULL)
        result = connection_open_again(writer);
    if (!result_ok(result)) {
        batch_refuse(batch);
        degraded_set(writer, true, result);
        counters_note(writer, batch, 0);
        return result;
    }
    const struct log_moment now = moment_now();
    result = batch_commit(batch, &writer->log, writer->connection, &now);
    counters_note(writer, batch, writer->log.head.size - size);
    enum result upkeep = RESULT_OK;
    if (result_ok(result)) {
        counter_add(writer->counters, COUNTER_store_commits, 1);
        for (size_t i = 0; i < batch->count; i++)
            writer->settle_owed |=
                batch->transactions[i]->erases && result_ok(batch->transactions[i]->result);
        upkeep = settle_if_owed(writer);
        if (result_ok(upkeep))
            upkeep = writer->backend->maintain(writer->connection);
    }
    if (!result_ok(result) || !result_ok(upkeep)) {
        /* Before anybody is told: what a failed fsync left behind is covered now, not by the next commit. */
        degraded_set(writer, true, result_ok(result) ? upkeep : result);
        connection_drop(writer);
        (void)connection_open_again(writer); /* else the next batch tries */
        return result;
    }
    degraded_set(writer, false, RESULT_OK);
    return RESULT_OK;
}

static enum result act_write(struct store_writer *writer, enum audit_act act)
{
    struct batch batch = {.has_act = true, .act = act};
    writer->heartbeat_at_us = clock_monotonic_us() + (int64_t)writer->heartbeat_ms * US_PER_MS;
    return batch_write(writer, &batch);
}

static void answer(struct store_writer *writer, struct batch *batch)
{
    if (batch->count == 0)
        return;
    for (size_t i = 0; i < batch->count; i++) /* fits: never more in flight than the queue holds */
        CHECK(result_ok(mailbox_send(writer->answered, &batch->transactions[i])));
    writer->wake(writer->owner);
}

/* Everything queued, without waiting for more: under load the next batch gathers while this one is written. */
static void gather(struct store_writer *writer, struct batch *batch)
{
    int64_t until_us = clock_monotonic_us() + WRITER_GATHER_US;
    while (batch->count < WRITER_BATCH_MAX &&
           mailbox_receive(writer->waiting, &batch->transactions[batch->count])) {
        batch->count++;
        if (clock_monotonic_us() > until_us)
            break;
    }
}

static bool write_queued(struct store_writer *writer)
{
    struct store_transaction *transactions[WRITER_BATCH_MAX];
    struct batch batch = {.transactions = transactions};
    gather(writer, &batch);
    if (batch.count == 0)
        return false;
    (void)batch_write(writer, &batch); /* each transaction carries its own result */
    answer(writer, &batch);
    return true;
}

static void doorbell_wait(struct store_writer *writer)
{
    int64_t left_us = writer->heartbeat_at_us - clock_monotonic_us();
    struct pollfd poll_on = {.fd = writer->doorbell, .events = POLLIN};
    int left_ms = left_us <= 0 ? 0 : (int)(left_us / US_PER_MS) + 1;
    if (poll(&poll_on, 1, left_ms) > 0) {
        uint64_t rings;
        CHECK(read(writer->doorbell, &rings, sizeof(rings)) == sizeof(rings) || errno == EAGAIN);
    }
}

static void doorbell_ring(struct store_writer *writer)
{
    const uint64_t once = 1;
    CHECK(write(writer->doorbell, &once, sizeof(once)) == sizeof(once));
}

static void *writer_main(void *context)
{
    struct store_writer *writer = context;
    for (;;) {
        /* Read before the queue is emptied, so nothing sent before the stop is left behind. */
        bool stopping = atomic_load(&writer->stopping);
        bool worked = write_queued(writer);
        if (clock_monotonic_us() >= writer->heartbeat_at_us)
            (void)act_write(writer, AUDIT_ACT_LOG_HEARTBEAT);
        if (worked)
            continue;
        if (stopping)
            break;
        doorbell_wait(writer);
    }
    (void)act_write(writer,
                    AUDIT_ACT_LOG_CLOSE); /* a log without it shows that the end was not orderly */
    return NULL;
}

static enum result writer_open(struct store_writer *writer)
{
    const struct store_backend *backend = writer->backend;
    enum result result = backend->open(writer->path, STORE_CONNECTION_WRITER, &writer->connection);
    if (result_ok(result))
        result = backend->check(writer->connection);
    /* After a kill an erased key may still be in the write-ahead log. */
    writer->settle_owed = true;
    if (result_ok(result))
        result = settle_if_owed(writer);
    if (result_ok(result))
        result = backend->migrate(writer->connection, 0);
    if (!result_ok(result))
        return result;
    result = backend->begin(writer->connection);
    if (result_ok(result))
        result = log_writer_load(&writer->log, writer->connection);
    if (result_ok(result))
        result = backend->commit(writer->connection);
    else if (writer->connection != NULL)
        backend->rollback(writer->connection);
    return result_ok(result) ? act_write(writer, AUDIT_ACT_LOG_OPEN) : result;
}

enum result writer_new(const struct store_backend *backend, const struct store_options *options,
                       const struct sealing_key *wrapping, struct counters *counters,
                       struct store_writer **ret_writer)
{
    struct store_writer *writer = calloc(1, sizeof(*writer));
    if (writer == NULL)
        return RESULT_NO_MEMORY;
    writer->backend = backend;
    writer->path = options->path;
    writer->counters = counters;
    writer->heartbeat_ms = options->heartbeat_ms > 0 ? options->heartbeat_ms : HEARTBEAT_MS_DEFAULT;
    writer->doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enum result result = writer->doorbell < 0 ? RESULT_NO_MEMORY : RESULT_OK;
    if (result_ok(result))
        result = mailbox_new(sizeof(struct store_transaction *), STORE_QUEUE_MAX, &writer->waiting);
    if (result_ok(result))
        result =
            mailbox_new(sizeof(struct store_transaction *), STORE_QUEUE_MAX, &writer->answered);
    if (result_ok(result))
        result = log_writer_init(&writer->log, backend, options, wrapping);
    if (result_ok(result))
        result = writer_open(writer);
    if (!result_ok(result)) {
        writer_free(writer);
        return result;
    }
    *ret_writer = writer;
    return RESULT_OK;
}

enum result writer_start(struct store_writer *writer, store_wake_fn wake, void *owner)
{
    writer->wake = wake;
    writer->owner = owner;
    if (pthread_create(&writer->thread, NULL, writer_main, writer) != 0)
        return RESULT_NO_MEMORY;
    writer->started = true;
    return RESULT_OK;
}

void writer_stop(struct store_writer *writer)
{
    if (!writer->started)
        return;
    atomic_store(&writer->stopping, true);
    doorbell_ring(writer);
    pthread_join(writer->thread, NULL);
    writer->started = false;
}

struct store_writer *writer_free(struct store_writer *writer)
{
    if (writer == NULL)
        return NULL;
    CHECK(!writer->started);
    if (writer->connection != NULL)
        writer->backend->close(writer->connection);
    if (writer->doorbell >= 0)
        close(writer->doorbell);
    mailbox_free(writer->waiting);
    mailbox_free(writer->answered);
    free(writer);
    return NULL;
}

enum result writer_send(struct store_writer *writer, struct store_transaction *transaction)
{
    enum result result = mailbox_send(writer->waiting, &transaction);
    if (result_ok(result))
        doorbell_ring(writer);
    return result;
}

struct store_transaction *writer_receive(struct store_writer *writer)
{
    struct store_transaction *transaction = NULL;
    return mailbox_receive(writer->answered, &transaction) ? transaction : NULL;
}

bool writer_degraded(const struct store_writer *writer)
{
    return atomic_load(&writer->degraded);
}
