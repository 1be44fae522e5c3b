#include "tests/storage_contract/fixture.h"

#include <dirent.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/audit/checkpoint.h"
#include "gateway/audit/tree.h"
#include "gateway/audit/verifier.h"
#include "gateway/base/clock.h"
#include "gateway/base/text.h"

#define WAIT_MS 10000

static void ring(void *owner)
{
    const uint64_t once = 1;
    ssize_t written = write(((struct fixture *)owner)->doorbell, &once, sizeof(once));
    (void)written; /* full is as good as rung */
}

void fixture_init_at(struct fixture *fixture, const char *folder)
{
    memset(fixture, 0, sizeof(*fixture));
    assert_true(text_copy(fixture->folder, sizeof(fixture->folder), folder));
    assert_true(text_format(fixture->path, sizeof(fixture->path), "%s/store.db", folder));
    assert_true(text_format(fixture->key_path, sizeof(fixture->key_path), "%s/key", folder));
    fixture->options = (struct store_options){.path = fixture->path,
                                              .log_origin = FIXTURE_ORIGIN,
                                              .log_vkey = FIXTURE_VKEY,
                                              .node = "gw1",
                                              .key_path = fixture->key_path};
    enum result result = store_key_create(fixture->key_path);
    assert_true(result == RESULT_OK || result == RESULT_EXISTS);
    fixture->doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(fixture->doorbell >= 0);
}

void fixture_init(struct fixture *fixture)
{
    /* In memory when there is such a place: what is tested is what was asked of the disk, not the disk. */
    char folder[64];
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    assert_true(text_format(folder, sizeof(folder), "%s/tsunagi_store_XXXXXX", base));
    assert_non_null(mkdtemp(folder));
    fixture_init_at(fixture, folder);
}

const struct fixture_backend FIXTURE_BACKENDS[] = {{.name = "sqlite", .init = fixture_init}};
const size_t FIXTURE_BACKENDS_COUNT = ARRAY_LENGTH(FIXTURE_BACKENDS);

#define TESTS_MAX 32

static int test_setup(void **state)
{
    const struct fixture_backend *backend = *state;
    struct fixture *fixture = malloc(sizeof(*fixture));
    assert_non_null(fixture);
    backend->init(fixture);
    fixture_open(fixture);
    *state = fixture;
    return 0;
}

static int test_teardown(void **state)
{
    struct fixture *fixture = *state;
    fixture_done(fixture);
    free(fixture);
    return 0;
}

int fixture_run(const struct fixture_test *tests, size_t count)
{
    int failed = 0;
    assert_true(count <= TESTS_MAX);
    for (size_t b = 0; b < FIXTURE_BACKENDS_COUNT; b++) {
        struct CMUnitTest units[TESTS_MAX];
        struct fixture_backend backend = FIXTURE_BACKENDS[b];
        for (size_t i = 0; i < count; i++)
            units[i] = (struct CMUnitTest){.name = tests[i].name,
                                           .test_func = tests[i].run,
                                           .setup_func = test_setup,
                                           .teardown_func = test_teardown,
                                           .initial_state = &backend};
        print_message("backend %s\n", backend.name);
        failed += _cmocka_run_group_tests(backend.name, units, count, NULL, NULL);
    }
    return failed;
}

void fixture_open(struct fixture *fixture)
{
    assert_int_equal(
        store_open(&fixture->options, ring, fixture, &fixture->counters, &fixture->store),
        RESULT_OK);
}

void fixture_close(struct fixture *fixture)
{
    fixture->store = store_close(fixture->store);
}

void fixture_remove_folder(const char *folder)
{
    DIR *listing = opendir(folder);
    if (listing == NULL)
        return;
    struct dirent *entry;
    while ((entry = readdir(listing)) != NULL) {
        char path[512];
        if (entry->d_name[0] == '.')
            continue;
        assert_true(text_format(path, sizeof(path), "%s/%s", folder, entry->d_name));
        unlink(path);
    }
    closedir(listing);
    rmdir(folder);
}

void fixture_done(struct fixture *fixture)
{
    fixture_close(fixture);
    close(fixture->doorbell);
    fixture_remove_folder(fixture->folder);
}

void fixture_wait(struct fixture *fixture)
{
    struct pollfd poll_on = {.fd = fixture->doorbell, .events = POLLIN};
    assert_int_equal(poll(&poll_on, 1, WAIT_MS), 1);
    uint64_t rings;
    assert_int_equal(read(fixture->doorbell, &rings, sizeof(rings)), sizeof(rings));
    store_dispatch(fixture->store);
}

struct answer {
    unsigned count;
    enum result result;
    uint64_t first_seq;
};

static void answered(void *owner, enum result result, uint64_t first_seq)
{
    struct answer *answer = owner;
    answer->count++;
    answer->result = result;
    answer->first_seq = first_seq;
}

enum result fixture_commit(struct fixture *fixture, struct store_transaction *transaction,
                           uint64_t *ret_first_seq)
{
    struct answer answer = {.count = 0};
    enum result result = store_submit(fixture->store, transaction, answered, &answer);
    if (!result_ok(result))
        return result;
    while (answer.count == 0)
        fixture_wait(fixture);
    assert_int_equal(answer.count, 1);
    if (ret_first_seq != NULL)
        *ret_first_seq = answer.first_seq;
    return answer.result;
}

struct seen {
    bool done;
    size_t rows;
};

static void queried(void *owner, enum result result, const struct store_rows *rows)
{
    struct seen *seen = owner;
    assert_int_equal(result, RESULT_OK);
    seen->rows = store_rows_count(rows);
    seen->done = true;
}

struct store_rows *fixture_query(struct fixture *fixture, const struct store_query *query)
{
    struct seen seen = {.done = false};
    assert_int_equal(store_query(fixture->store, query, queried, &seen), RESULT_OK);
    while (!seen.done)
        fixture_wait(fixture);
    struct store_rows *rows = NULL;
    assert_int_equal(store_query_now(fixture->store, query, &rows), RESULT_OK);
    assert_int_equal(store_rows_count(rows), seen.rows);
    return rows;
}

struct audit_draft fixture_draft(enum audit_act act, const struct id *consultation)
{
    return (struct audit_draft){.act = act,
                                .outcome = AUDIT_OK,
                                .actor = {.role = ROLE_PHYSICIAN, .person = {.text = "s_01"}},
                                .object_kind = "consult",
                                .object = *consultation};
}

struct store_transaction *fixture_record(enum audit_act act, const struct id *consultation)
{
    struct store_transaction *transaction = store_transaction_new();
    const struct audit_draft draft = fixture_draft(act, consultation);
    store_transaction_record(transaction, &draft);
    return transaction;
}

/* Records in pages, for the verifier. */
struct pages {
    struct store *store;
    struct store_rows *rows;
    uint64_t first;
};

static enum result page_read(void *context, uint64_t index, struct span *ret_entry)
{
    struct pages *pages = context;
    if (pages->rows == NULL || index < pages->first ||
        index >= pages->first + store_rows_count(pages->rows)) {
        const struct store_query query = {.kind = STORE_QUERY_RECORDS, .first = index};
        pages->rows = store_rows_free(pages->rows);
        pages->first = index;
        assert_int_equal(store_query_now(pages->store, &query, &pages->rows), RESULT_OK);
    }
    if (index >= pages->first + store_rows_count(pages->rows))
        return RESULT_NOT_FOUND;
    *ret_entry = store_rows_blob(pages->rows, index - pages->first, "bytes");
    return RESULT_OK;
}

uint64_t fixture_verify(struct fixture *fixture)
{
    struct pages pages = {.store = fixture->store};
    const struct verifier_source source = {.read = page_read, .context = &pages};
    struct checkpoint_key key;
    assert_int_equal(checkpoint_key_parse(FIXTURE_VKEY, &key), RESULT_OK);
    const struct verifier_options options = {.log_key = &key, .now_us = clock_wall_us()};
    struct verifier_report report;
    enum verifier_status status = verifier_run(&source, &options, &report);
    if (status != VERIFIER_INCOMPLETE || report.finding != VERIFIER_CHECKPOINT_MISSING)
        fail_msg("the log does not verify: %s, %s at %llu", verifier_status_name(status),
                 verifier_finding_name(report.finding), (unsigned long long)report.bad_index);
    store_rows_free(pages.rows);
    assert_int_equal(report.records, fixture_log_size(fixture));
    return report.records;
}

uint64_t fixture_log_size(struct fixture *fixture)
{
    const struct store_query query = {.kind = STORE_QUERY_LOG_HEAD};
    struct store_rows *rows = NULL;
    assert_int_equal(store_query_now(fixture->store, &query, &rows), RESULT_OK);
    assert_int_equal(store_rows_count(rows), 1);
    uint64_t size = (uint64_t)store_rows_integer(rows, 0, "size");
    store_rows_free(rows);
    return size;
}

uint64_t fixture_chain(struct fixture *fixture, uint64_t first, struct sha256 *prev)
{
    uint64_t seq = first;
    if (first == 0)
        *prev = checkpoint_genesis(FIXTURE_ORIGIN, FIXTURE_VKEY);
    for (;;) {
        const struct store_query query = {.kind = STORE_QUERY_RECORDS, .first = seq};
        struct store_rows *rows = NULL;
        assert_int_equal(store_query_now(fixture->store, &query, &rows), RESULT_OK);
        size_t count = store_rows_count(rows);
        for (size_t i = 0; i < count; i++, seq++) {
            struct span bytes = store_rows_blob(rows, i, "bytes");
            struct sha256 leaf = tree_leaf_hash(bytes), stored;
            char expected[64] = "\"prev\":\"", number[40];
            text_base64(span_of(prev->bytes, SHA256_BYTES), expected + 8, sizeof(expected) - 8);
            assert_true(
                text_format(number, sizeof(number), "\"seq\":%llu,", (unsigned long long)seq));
            assert_int_equal(store_rows_integer(rows, i, "seq"), seq);
            assert_true(store_rows_hash(rows, i, "leaf", &stored));
            assert_memory_equal(&stored, &leaf, sizeof(leaf));
            assert_non_null(memmem(bytes.data, bytes.length, expected, strlen(expected)));
            assert_non_null(memmem(bytes.data, bytes.length, number, strlen(number)));
            *prev = leaf;
        }
        store_rows_free(rows);
        if (count == 0)
            return seq;
    }
}
