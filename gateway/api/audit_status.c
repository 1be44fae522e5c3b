/* "Is the log intact?" A verification walks the whole log on a thread of its own, with a store reader of its own, so a
 * long log never holds up a consultation. One runs at a time; everybody who asks meanwhile gets its answer. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/api/api_call.h"
#include "gateway/audit/verifier.h"
#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"

#define NOTE_SIZE       65536
#define VERIFY_PAGE     1000
#define VERIFY_EVERY_US (600 * US_PER_S)

/* Thread: `state`, `report` and `note` belong to the thread while `running`; else to control.
 * Owner: struct api.   Life: api_new … api_free, which waits for a walk under way. */
struct api_verification {
    struct api *api;
    pthread_t thread;
    bool started; /* the thread has to be joined */
    _Atomic bool running;
    bool wanted_again; /* somebody asked while it ran */
    bool has_report;
    int64_t at_us; /* wall clock of the report */
    struct verifier_report report;
    char *note; /* NOTE_SIZE */
    size_t note_length;
};

/* ---- the walk -------------------------------------------------------------------------------------------------- */

struct verify_pages {
    struct store *reader;
    struct store_rows *rows;
    uint64_t first;
};

static enum result verify_read(void *context, uint64_t index, struct span *ret_entry)
{
    struct verify_pages *pages = context;
    if (pages->rows == NULL || index < pages->first ||
        index >= pages->first + store_rows_count(pages->rows)) {
        struct store_query query = {
            .kind = STORE_QUERY_RECORDS, .first = index, .limit = VERIFY_PAGE};
        pages->rows = store_rows_free(pages->rows);
        enum result result = store_query_now(pages->reader, &query, &pages->rows);
        if (!result_ok(result))
            return result;
        pages->first = index;
        if (store_rows_count(pages->rows) == 0)
            return RESULT_NOT_FOUND;
    }
    /* By place, not by seq: behind a deleted row the verifier meets a record of the wrong seq. "Not found" would read as
     * the end of the log, and everything behind the gap would go unseen. */
    *ret_entry = store_rows_blob(pages->rows, (size_t)(index - pages->first), "bytes");
    return RESULT_OK;
}

static void verify_walk(struct api_verification *verification)
{
    struct verify_pages pages = {0};
    struct checkpoint_key key;
    struct verifier_options options = {.log_key = &key,
                                       .checkpoint =
                                           span_of(verification->note, verification->note_length),
                                       .now_us = clock_wall_us()};
    struct verifier_source source = {.read = verify_read, .context = &pages};
    memset(&verification->report, 0, sizeof(verification->report));
    verification->report.status = VERIFIER_INCOMPLETE;
    if (!result_ok(checkpoint_key_parse(verification->api->options.log_vkey, &key)) ||
        !result_ok(store_open_reader(&verification->api->options.reader, &pages.reader)))
        return;
    (void)!verifier_run(&source, &options, &verification->report);
    store_rows_free(pages.rows);
    store_close(pages.reader);
}

static void *verify_thread(void *argument)
{
    struct api_verification *verification = argument;
    verify_walk(verification);
    atomic_store_explicit(&verification->running, false, memory_order_release);
    return NULL; /* api_checkpoint_tick and api_dispatch look whether it is done */
}

/* ---- control's side -------------------------------------------------------------------------------------------- */

enum result api_verification_new(struct api *api)
{
    struct api_verification *verification = calloc(1, sizeof(*verification));
    api->verification = verification;
    if (verification == NULL)
        return RESULT_NO_MEMORY;
    verification->api = api;
    verification->note = malloc(NOTE_SIZE);
    return verification->note == NULL ? RESULT_NO_MEMORY : RESULT_OK;
}

void api_verification_free(struct api *api)
{
    struct api_verification *verification = api->verification;
    if (verification == NULL)
        return;
    if (verification->started)
        pthread_join(verification->thread, NULL);
    free(verification->note);
    free(verification);
    api->verification = NULL;
}

static void verification_read_note(struct api_verification *verification)
{
    verification->note_length = 0;
    FILE *file = fopen(verification->api->options.checkpoint_file, "re");
    if (file == NULL)
        return;
    verification->note_length = fread(verification->note, 1, NOTE_SIZE, file);
    fclose(file);
}

void api_verification_start(struct api *api)
{
    struct api_verification *verification = api->verification;
    if (atomic_load(&verification->running) || verification->started) {
        verification->wanted_again = true;
        return;
    }
    verification_read_note(verification);
    atomic_store(&verification->running, true);
    verification->started =
        pthread_create(&verification->thread, NULL, verify_thread, verification) == 0;
    if (!verification->started)
        atomic_store(&verification->running, false);
}

static json_t *verification_json(const struct api_verification *verification, uint64_t size)
{
    const struct verifier_report *report = &verification->report;
    char root[SHA256_BYTES * 2 + 1] = "";
    bool known = verification->has_report;
    text_hex(span_of(report->root.bytes, SHA256_BYTES), root, sizeof(root));
    json_t *reply =
        json_pack("{s:I,s:s,s:b,s:I,s:I,s:s,s:s}", "size", (json_int_t)size, "root",
                  known ? root : "", "verified", known && report->status == VERIFIER_GOOD,
                  "verified_through", (json_int_t)(known ? report->signed_size : 0), "verified_at",
                  (json_int_t)(verification->at_us / US_PER_MS), "status",
                  known ? verifier_status_name(report->status) : "running", "finding",
                  known ? verifier_finding_name(report->finding) : "none");
    json_object_set_new(reply, "first_bad",
                        known && report->has_bad_index ? json_integer((json_int_t)report->bad_index)
                                                       : json_null());
    int64_t age_us = clock_wall_us() - verification->api->checkpoint_seen_us;
    json_object_set_new(
        reply, "checkpoint",
        json_pack("{s:I,s:s,s:I,s:b}", "size", (json_int_t)verification->api->checkpoint_size,
                  "root", root, "age_seconds",
                  (json_int_t)(verification->api->checkpoint_seen_us == 0 ? -1 : age_us / US_PER_S),
                  "signed", verification->api->checkpoint_size > 0));
    return reply;
}

static void status_rows(struct api_call *call, const struct store_rows *rows)
{
    uint64_t size = store_rows_count(rows) == 1 ? (uint64_t)store_rows_integer(rows, 0, "size") : 0;
    api_reply(call, 200, verification_json(call->api->verification, size));
}

void api_audit_status(struct api_call *call)
{
    struct store_query query = {.kind = STORE_QUERY_LOG_HEAD};
    api_query(call, &query, status_rows);
}

#define CALL_WAITS_FOR_WALK (-1)

static void verify_recorded(struct api_call *call)
{
    call->status = CALL_WAITS_FOR_WALK;
    api_verification_start(call->api);
}

void api_audit_verify(struct api_call *call)
{
    struct store_transaction *transaction = store_transaction_new();
    struct audit_draft draft = api_draft(call, AUDIT_ACT_AUDIT_VERIFY, "log", NULL);
    store_transaction_record(transaction, &draft);
    api_submit(call, transaction, verify_recorded);
}

void api_verification_dispatch(struct api *api)
{
    struct api_verification *verification = api->verification;
    if (!verification->started ||
        atomic_load_explicit(&verification->running, memory_order_acquire))
        return;
    pthread_join(verification->thread, NULL);
    verification->started = false;
    verification->has_report = true;
    verification->at_us = clock_wall_us();
    LOG(verification->report.status == VERIFIER_GOOD ? LOG_INFO : LOG_WARNING, "audit.verified",
        log_name("status", verifier_status_name(verification->report.status)),
        log_name("finding", verifier_finding_name(verification->report.finding)),
        log_number("records", (int64_t)verification->report.records),
        log_number("signed", (int64_t)verification->report.signed_size));
    if (verification
            ->wanted_again) { /* those who asked during the walk want what was there when they asked */
        verification->wanted_again = false;
        api_verification_start(api);
        return;
    }
    LIST_FOR_EACH(&api->calls, link)
    {
        struct api_call *call = CONTAINER_OF(link, struct api_call, link);
        if (call->status == CALL_WAITS_FOR_WALK) {
            call->status = 0;
            api_audit_status(call);
        }
    }
}

/* ---- the signer's checkpoints ---------------------------------------------------------------------------------- */

static void checkpoint_kept(void *owner, enum result result, uint64_t first_seq)
{
    (void)owner;
    (void)first_seq;
    if (!result_ok(result))
        LOG(LOG_WARNING, "checkpoint.not_kept", log_result(result));
}

static void checkpoint_look(struct api *api)
{
    struct checkpoint_key key;
    struct checkpoint checkpoint;
    struct checkpoint_witnessed witnessed;
    char note[CHECKPOINT_SIGNED_SIZE * 4];
    FILE *file = fopen(api->options.checkpoint_file, "re");
    if (file == NULL)
        return;
    size_t length = fread(note, 1, sizeof(note) - 1, file);
    fclose(file);
    note[length] = 0;
    if (!result_ok(checkpoint_key_parse(api->options.log_vkey, &key)) ||
        !result_ok(checkpoint_verify(span_of(note, length), &key, NULL, 0, clock_wall_us(),
                                     &checkpoint, &witnessed))) {
        LOG(LOG_WARNING, "checkpoint.refused", log_number("bytes", (int64_t)length));
        return;
    }
    if (checkpoint.size == api->checkpoint_size)
        return;
    api->checkpoint_size = checkpoint.size;
    api->checkpoint_seen_us = clock_wall_us();
    struct store_transaction *transaction = store_transaction_new();
    struct store_checkpoint row = {.size = checkpoint.size,
                                   .root = checkpoint.root,
                                   .note = note,
                                   .at_us = api->checkpoint_seen_us};
    store_put_checkpoint(transaction, &row);
    enum result result = store_submit(api->store, transaction, checkpoint_kept, NULL);
    if (!result_ok(result))
        checkpoint_kept(NULL, result, STORE_NO_SEQ);
}

void api_checkpoint_tick(struct api *api)
{
    checkpoint_look(api);
    int64_t now_us = clock_wall_us();
    counter_set(api->counters, COUNTER_checkpoint_age_seconds,
                api->checkpoint_seen_us == 0
                    ? 0
                    : (uint64_t)((now_us - api->checkpoint_seen_us) / US_PER_S));
    if (!api->verification->started && now_us - api->verification->at_us > VERIFY_EVERY_US &&
        api->checkpoint_size > 0)
        api_verification_start(api);
    api_verification_dispatch(api);
}
