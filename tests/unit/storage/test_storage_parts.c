/* The parts of the store that need no database: sealing, rows, the log's clocks, every statement has its text. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/base/clock.h"
#include "gateway/base/text.h"
#include "gateway/storage/log_writer.h"
#include "gateway/storage/rows.h"
#include "gateway/storage/sealing.h"
#include "gateway/storage/sqlite/statements.h"
#include "gateway/storage/transaction.h"

static void sealed_values_open_only_at_their_place(void **state)
{
    (void)state;
    struct sealing_key key, other;
    sealing_key_new(&key);
    sealing_key_new(&other);
    static const char plain[] = "{\"name\":\"PHI-CANARY-0001\"}";
    const struct sealing_context place = sealing_context_of_record("a/b/audit/2026", 7, "identity");
    const struct sealing_context seq = sealing_context_of_record("a/b/audit/2026", 8, "identity");
    const struct sealing_context name = sealing_context_of_record("a/b/audit/2026", 7, "address");
    uint8_t sealed[sizeof(plain) + SEALING_OVERHEAD_BYTES], again[sizeof(sealed)],
        opened[sizeof(plain)];
    sealing_seal(&key, &place, span_of(plain, sizeof(plain)), sealed);
    sealing_seal(&key, &place, span_of(plain, sizeof(plain)), again);
    assert_memory_not_equal(sealed, again, sizeof(sealed));
    assert_null(memmem(sealed, sizeof(sealed), "CANARY", 6));

    const struct span whole = span_of(sealed, sizeof(sealed));
    assert_int_equal(sealing_open(&key, &place, whole, opened), RESULT_OK);
    assert_memory_equal(opened, plain, sizeof(plain));
    assert_int_equal(sealing_open(&other, &place, whole, opened), RESULT_CRYPTO);
    assert_int_equal(sealing_open(&key, &seq, whole, opened), RESULT_CRYPTO);
    assert_int_equal(sealing_open(&key, &name, whole, opened), RESULT_CRYPTO);
    assert_int_equal(
        sealing_open(&key, &place, span_of(sealed, SEALING_OVERHEAD_BYTES - 1), opened),
        RESULT_CRYPTO);
    for (size_t i = 0; i < sizeof(sealed); i++) {
        sealed[i] ^= 1;
        assert_int_equal(sealing_open(&key, &place, whole, opened), RESULT_CRYPTO);
        sealed[i] ^= 1;
    }
    uint8_t wrapped[SEALING_WRAPPED_BYTES];
    struct sealing_key unwrapped;
    sealing_wrap(&other, "k_1", &key, wrapped);
    assert_int_equal(sealing_unwrap(&other, "k_1", span_of(wrapped, sizeof(wrapped)), &unwrapped),
                     RESULT_OK);
    assert_memory_equal(&unwrapped, &key, sizeof(key));
    assert_int_equal(sealing_unwrap(&other, "k_2", span_of(wrapped, sizeof(wrapped)), &unwrapped),
                     RESULT_CRYPTO);
}

static void key_files_are_private_and_never_replaced(void **state)
{
    (void)state;
    char folder[] = "/tmp/tsunagi_keys_XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    assert_true(text_format(path, sizeof(path), "%s/key", folder));
    struct sealing_key first, second;
    assert_int_equal(sealing_key_file_load(path, &first), RESULT_NOT_FOUND);
    assert_int_equal(sealing_key_file_create(path), RESULT_OK);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(sealing_key_file_load(path, &first), RESULT_OK);
    assert_int_equal(sealing_key_file_create(path), RESULT_EXISTS);
    assert_int_equal(sealing_key_file_load(path, &second), RESULT_OK);
    assert_memory_equal(&first, &second, sizeof(first));
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(sealing_key_file_load(path, &second), RESULT_DENIED);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, 31), 0);
    assert_int_equal(sealing_key_file_load(path, &second), RESULT_INVALID);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void rows_keep_what_was_put(void **state)
{
    (void)state;
    struct store_rows *rows = NULL;
    assert_int_equal(rows_new("id count bytes none", &rows), RESULT_OK);
    for (int i = 0; i < 300; i++) {
        char text[16];
        uint8_t bytes[SHA256_BYTES];
        memset(bytes, i, sizeof(bytes));
        assert_true(text_format(text, sizeof(text), "c_%d", i));
        const struct store_value values[] = {value_text(text), value_integer(i),
                                             value_blob(bytes, sizeof(bytes)), value_null()};
        for (size_t k = 0; k < ARRAY_LENGTH(values); k++)
            assert_int_equal(rows_add(rows, &values[k]), RESULT_OK);
    }
    assert_int_equal(store_rows_count(rows), 300);
    struct sha256 hash;
    assert_true(store_rows_hash(rows, 255, "bytes", &hash));
    assert_int_equal(hash.bytes[31], 255);
    assert_string_equal(store_rows_text(rows, 299, "id"), "c_299");
    assert_string_equal(store_rows_id(rows, 12, "id").text, "c_12");
    assert_int_equal(store_rows_integer(rows, 77, "count"), 77);
    assert_true(store_rows_is_null(rows, 0, "none"));
    assert_string_equal(store_rows_text(rows, 0, "none"), "");
    assert_int_equal(store_rows_blob(rows, 0, "none").length, 0);
    assert_false(store_rows_hash(rows, 0, "none", &hash));
    const struct store_value other = value_text("other");
    assert_int_equal(rows_replace(rows, 5, "none", &other), RESULT_OK);
    assert_string_equal(store_rows_text(rows, 5, "none"), "other");
    assert_string_equal(store_rows_text(rows, 5, "id"), "c_5");
    store_rows_free(rows);
}

static void every_statement_has_text_and_columns(void **state)
{
    (void)state;
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        assert_non_null(sqlite_statement_text((enum statement)i));
        assert_non_null(statement_columns((enum statement)i));
    }
}

static struct log_writer log_at(uint64_t size, int64_t last_wall_us)
{
    return (struct log_writer){.head = {.size = size, .last_wall_us = last_wall_us}};
}

static void a_set_clock_is_noticed(void **state)
{
    (void)state;
    const int64_t wall = 1795305600 * US_PER_S;
    struct log_writer log = log_at(3, wall - US_PER_S);
    struct log_moment now = {.wall_us = wall, .mono_ns = 5000000000};
    struct log_tick tick = log_writer_tick(&log, &now);
    assert_false(tick.stepped || tick.new_stretch);
    /* 60 s later on both clocks, 400 ms of slew */
    now.wall_us += 60 * US_PER_S + 400 * US_PER_MS;
    now.mono_ns += 60000000000;
    assert_false(log_writer_tick(&log, &now).stepped);
    /* set forward, set back, each seen once */
    now.wall_us += 501 * US_PER_MS;
    tick = log_writer_tick(&log, &now);
    assert_true(tick.stepped);
    assert_int_equal(tick.moved_ms, 501);
    assert_false(log_writer_tick(&log, &now).stepped);
    now.wall_us -= 3600 * US_PER_S;
    now.mono_ns += 1000000000;
    tick = log_writer_tick(&log, &now);
    assert_true(tick.stepped);
    assert_int_equal(tick.moved_ms, -3601000);
    /* 1 ms back is small, but no record may carry an earlier time unannounced */
    log.head.last_wall_us = now.wall_us;
    now.wall_us -= US_PER_MS;
    tick = log_writer_tick(&log, &now);
    assert_true(tick.stepped);
    assert_int_equal(tick.moved_ms, -1);
}

static void a_clock_set_back_while_closed_is_noticed(void **state)
{
    (void)state;
    const int64_t wall = 1795305600 * US_PER_S;
    struct log_writer log = log_at(3, wall);
    const struct log_moment now = {.wall_us = wall - 90 * US_PER_S, .mono_ns = 1};
    struct log_tick tick = log_writer_tick(&log, &now);
    assert_true(tick.stepped);
    assert_int_equal(tick.moved_ms, -90000);
}

static void after_104_days_a_new_stretch_begins(void **state)
{
    (void)state;
    struct log_writer log = log_at(1, 0);
    struct log_moment now = {.wall_us = 1000, .mono_ns = AUDIT_INTEGER_MAX};
    assert_false(log_writer_tick(&log, &now).new_stretch);
    now.mono_ns += 1;
    assert_true(log_writer_tick(&log, &now).new_stretch);
    now.mono_ns += 1;
    assert_false(log_writer_tick(&log, &now).new_stretch);
}

static void a_transaction_remembers_its_first_failure(void **state)
{
    (void)state;
    store_put_staff(NULL, &(struct store_staff){.disabled = false}); /* tolerated */
    struct store_transaction *many = store_transaction_new();
    const struct id id = id_new('n');
    for (int i = 0; i < STORE_TRANSACTION_OPS_MAX; i++)
        store_delete_staff_session(many, &id);
    assert_int_equal(many->failed, RESULT_OK);
    store_delete_staff_session(many, &id);
    assert_int_equal(many->failed, RESULT_TOO_MANY);
    store_transaction_free(many);

    struct store_transaction *large = store_transaction_new();
    uint8_t *blob = calloc(1, STORE_BLOB_BYTES_MAX + 1);
    store_put_pack(large, &(struct store_pack){.bytes = blob, .length = STORE_BLOB_BYTES_MAX});
    assert_int_equal(large->failed, RESULT_OK);
    store_put_pack(large, &(struct store_pack){.bytes = blob, .length = STORE_BLOB_BYTES_MAX + 1});
    assert_int_equal(large->failed, RESULT_TOO_LARGE);
    free(blob);
    store_transaction_free(large);

    struct store_transaction *nobody = store_transaction_new();
    store_put_patient(nobody, &(struct store_patient){.id = id_new('p'), .personal = "{}"});
    assert_int_equal(nobody->failed, RESULT_INVALID); /* personal, and no key to seal it under */
    store_transaction_free(nobody);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealed_values_open_only_at_their_place),
        cmocka_unit_test(key_files_are_private_and_never_replaced),
        cmocka_unit_test(rows_keep_what_was_put),
        cmocka_unit_test(every_statement_has_text_and_columns),
        cmocka_unit_test(a_set_clock_is_noticed),
        cmocka_unit_test(a_clock_set_back_while_closed_is_noticed),
        cmocka_unit_test(after_104_days_a_new_stretch_begins),
        cmocka_unit_test(a_transaction_remembers_its_first_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
