/* What leaves the log or keeps its promise as files: the proof of one consultation, the export, the signer's core and
 * its state. */
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

#include "gateway/audit/export.h"
#include "gateway/audit/proof.h"
#include "gateway/audit/signer.h"
#include "gateway/audit/signer_files.h"
#include "gateway/base/text.h"
#include "tests/unit/audit/log_fixture.h"

static struct log_fixture *log_new(size_t count)
{
    struct log_fixture *log = malloc(sizeof(*log));
    assert_non_null(log);
    log_fixture_init(log);
    log_fixture_fill(log, count);
    log_fixture_sign(log, count);
    return log;
}

static void log_free(struct log_fixture *log)
{
    log_fixture_done(log);
    free(log);
}

static struct span record_of(const struct log_fixture *log, size_t index)
{
    return span_of(log->records[index].bytes, log->records[index].length);
}

static struct span note_of(const struct log_fixture *log)
{
    return span_of(log->note, strlen(log->note));
}

static struct proof *proof_of(const struct log_fixture *log, const char *consultation)
{
    struct proof *proof;
    struct id id;
    assert_true(id_parse(consultation, &id));
    assert_int_equal(proof_new(&id, &proof), RESULT_OK);
    for (size_t i = 0; i < log->count; i++)
        assert_int_equal(proof_add(proof, record_of(log, i)), RESULT_OK);
    return proof;
}

static enum verifier_status verify_text(const struct log_fixture *log, const char *text,
                                        size_t length, struct verifier_report *ret_report)
{
    struct id consultation;
    const struct verifier_options options = {.log_key = &log->key, .now_us = log->wall_us};
    return proof_verify(span_of(text, length), &options, ret_report, &consultation);
}

static void test_proof(void **state)
{
    (void)state;
    /* Sizes around powers of two: each shape of the tree's right edge. */
    for (size_t size = 2; size <= 70; size++) {
        struct log_fixture *log = log_new(size);
        struct proof *proof = proof_of(log, "c_0000");
        struct verifier_report report;
        char *text;
        size_t length;
        assert_int_equal(proof_write(proof, note_of(log), &text, &length), RESULT_OK);
        assert_int_equal(verify_text(log, text, length, &report), VERIFIER_GOOD);
        assert_int_equal(report.records, size > 13 ? 11 : size - 1 - (size > 9));
        assert_int_equal(report.signed_size, size);
        /* The same under another log's key. */
        struct checkpoint_key other = log->key;
        other.public_key[0] ^= 1;
        const struct verifier_options options = {.log_key = &other, .now_us = log->wall_us};
        struct id consultation;
        assert_int_equal(proof_verify(span_of(text, length), &options, &report, &consultation),
                         VERIFIER_TAMPERED);
        free(text);
        proof_free(proof);
        log_free(log);
    }
}

static void test_proof_refused(void **state)
{
    (void)state;
    struct log_fixture *log = log_new(40);
    struct proof *proof = proof_of(log, "c_0001"), *absent = proof_of(log, "c_9999");
    struct verifier_report report;
    char *text;
    size_t length;
    assert_int_equal(proof_write(absent, note_of(log), &text, &length), RESULT_NOT_FOUND);
    assert_int_equal(proof_write(proof, span_of("x", 1), &text, &length), RESULT_PARSE);
    /* A checkpoint of other records, and one of more records than there are. */
    char note[CHECKPOINT_SIGNED_SIZE];
    struct checkpoint head = {.size = 30};
    assert_true(text_copy(head.origin, sizeof(head.origin), log->key.name));
    assert_int_equal(checkpoint_sign(&head, log_fixture_seed(), note, sizeof(note)), RESULT_OK);
    assert_int_equal(proof_write(proof, span_of(note, strlen(note)), &text, &length),
                     RESULT_TAMPERED);
    head.size = 41;
    assert_int_equal(checkpoint_sign(&head, log_fixture_seed(), note, sizeof(note)), RESULT_OK);
    assert_int_equal(proof_write(proof, span_of(note, strlen(note)), &text, &length),
                     RESULT_TAMPERED);
    assert_int_equal(proof_add(proof, record_of(log, 3)), RESULT_TAMPERED);
    /* Every byte of the file counts, except that whole records may be left out. */
    assert_int_equal(proof_write(proof, note_of(log), &text, &length), RESULT_OK);
    for (size_t i = 0; i < length; i += 7) {
        text[i] ^= 1;
        assert_int_not_equal(verify_text(log, text, length, &report), VERIFIER_GOOD);
        text[i] ^= 1;
    }
    assert_int_equal(verify_text(log, text, length, &report), VERIFIER_GOOD);
    free(text);
    proof_free(proof);
    proof_free(absent);
    log_free(log);
}

static void test_export(void **state)
{
    (void)state;
    struct export_file file;
    struct span entry;
    static const char whole[] = EXPORT_TITLE "{a}\n{b}\n\nnote\n";
    assert_int_equal(export_open(span_of("hello", 5), &file), RESULT_UNSUPPORTED);
    assert_int_equal(export_open(span_of(whole, strlen(whole)), &file), RESULT_OK);
    assert_int_equal(file.checkpoint.length, 5);
    struct verifier_source source = export_source(&file);
    assert_int_equal(source.read(source.context, 0, &entry), RESULT_OK);
    assert_memory_equal(entry.data, "{a}", 3);
    assert_int_equal(source.read(source.context, 1, &entry), RESULT_OK);
    assert_memory_equal(entry.data, "{b}", 3);
    assert_int_equal(source.read(source.context, 2, &entry), RESULT_NOT_FOUND);
    /* Cut: no checkpoint. Without records: the empty line comes first. */
    assert_int_equal(export_open(span_of(whole, strlen(EXPORT_TITLE) + 6), &file), RESULT_OK);
    assert_int_equal(file.checkpoint.length, 0);
    static const char empty[] = EXPORT_TITLE "\nnote\n";
    assert_int_equal(export_open(span_of(empty, strlen(empty)), &file), RESULT_OK);
    assert_int_equal(file.records.length, 0);
    assert_int_equal(file.checkpoint.length, 5);
}

static void test_signer(void **state)
{
    (void)state;
    struct log_fixture *log = log_new(20);
    struct signer signer;
    struct checkpoint none = {.size = 0}, head;
    char note[CHECKPOINT_SIGNED_SIZE];
    assert_int_equal(signer_init(&signer, log->key.name, log_fixture_seed(), &none), RESULT_OK);
    assert_int_equal(signer_sign(&signer, note, &head), RESULT_WRONG_STATE);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(signer_take(&signer, record_of(log, i)), RESULT_OK);
    assert_true(signer_has_new(&signer));
    assert_int_equal(signer_sign(&signer, note, &head), RESULT_OK);
    assert_string_equal(note, log->note);
    signer_signed(&signer, &head);
    assert_false(signer_has_new(&signer));
    signer_done(&signer);

    /* Started anew with what it signed: nothing before the old head is confirmed. */
    assert_int_equal(signer_init(&signer, log->key.name, log_fixture_seed(), &head), RESULT_OK);
    for (size_t i = 0; i < 19; i++)
        assert_int_equal(signer_take(&signer, record_of(log, i)), RESULT_OK);
    assert_int_equal(signer_sign(&signer, note, &head), RESULT_TAMPERED);
    assert_int_equal(signer_take(&signer, record_of(log, 19)), RESULT_OK);
    assert_int_equal(signer_sign(&signer, note, &head), RESULT_WRONG_STATE);
    /* A record that does not follow, then nothing any more. */
    assert_int_equal(signer_take(&signer, record_of(log, 19)), RESULT_TAMPERED);
    assert_int_equal(signer.bad_index, 20);
    assert_false(signer_has_new(&signer));
    assert_int_equal(signer_sign(&signer, note, &head), RESULT_TAMPERED);

    /* Another root of the same size, and a head of another log. */
    head.root.bytes[0] ^= 1;
    assert_int_equal(signer_init(&signer, log->key.name, log_fixture_seed(), &head), RESULT_OK);
    for (size_t i = 0; i < 19; i++)
        assert_int_equal(signer_take(&signer, record_of(log, i)), RESULT_OK);
    assert_int_equal(signer_take(&signer, record_of(log, 19)), RESULT_TAMPERED);
    assert_int_equal(signer_init(&signer, "other.example/log", log_fixture_seed(), &head),
                     RESULT_INVALID);
    log_free(log);
}

static void test_signer_files(void **state)
{
    (void)state;
    char folder[] = "/tmp/tsunagi-signer-XXXXXX", path[128], again[CHECKPOINT_KEY_TEXT_SIZE];
    assert_non_null(mkdtemp(folder));
    struct checkpoint_key key;
    uint8_t seed[CHECKPOINT_SEED_BYTES];
    assert_int_equal(signer_key_load(folder, &key, seed), RESULT_NOT_FOUND);
    assert_int_equal(signer_key_create(folder, "two words"), RESULT_INVALID);
    assert_int_equal(signer_key_create(folder, "clinic.example/log"), RESULT_OK);
    assert_int_equal(signer_key_create(folder, "clinic.example/log"), RESULT_EXISTS);
    assert_int_equal(signer_key_load(folder, &key, seed), RESULT_OK);
    char vkey[CHECKPOINT_KEY_TEXT_SIZE];
    assert_int_equal(signer_file_get(folder, "log.vkey", vkey, sizeof(vkey)), RESULT_OK);
    checkpoint_key_format(&key, again);
    assert_int_equal(strncmp(vkey, again, strlen(again)), 0);
    assert_true(text_format(path, sizeof(path), "%s/log.key", folder));
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(signer_key_load(folder, &key, seed), RESULT_DENIED);
    assert_int_equal(signer_file_put(folder, "log.key", "PRIVATE+KEY+nothing\n", 0600), RESULT_OK);
    assert_int_equal(signer_key_load(folder, &key, seed), RESULT_PARSE);

    struct checkpoint head, one = {.origin = "clinic.example/log", .size = 1}, two = one;
    two.size = 2;
    assert_int_equal(signer_state_load(folder, &head), RESULT_OK);
    assert_int_equal(head.size, 0);
    assert_int_equal(signer_state_swap(folder, &one, &two), RESULT_STALE);
    assert_int_equal(signer_state_swap(folder, &head, &one), RESULT_OK);
    assert_int_equal(signer_state_swap(folder, &head, &two), RESULT_STALE);
    assert_int_equal(signer_state_load(folder, &head), RESULT_OK);
    assert_int_equal(head.size, 1);
    assert_int_equal(signer_state_swap(folder, &one, &two), RESULT_OK);
    one.size = 2;
    one.root.bytes[3] = 1;
    assert_int_equal(signer_state_swap(folder, &one, &two), RESULT_STALE);
    static const char *const damaged[] = {"", "x", "clinic.example/log\n2\n",
                                          "clinic.example/log\n02\nAAAA=\n"};
    for (size_t i = 0; i < ARRAY_LENGTH(damaged); i++) {
        assert_int_equal(signer_file_put(folder, "state", damaged[i], 0600), RESULT_OK);
        assert_int_equal(signer_state_load(folder, &head), RESULT_PARSE);
        assert_int_equal(signer_state_swap(folder, &two, &one), RESULT_STALE);
    }
    int lock, second;
    assert_int_equal(signer_lock(folder, &lock), RESULT_OK);
    assert_int_equal(signer_lock(folder, &second), RESULT_EXISTS);
    close(lock);
    assert_int_equal(signer_file_put("/nonexistent", "state", "x", 0600), RESULT_IO);
    static const char *const names[] = {"log.key", "log.vkey", "state", "lock"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        assert_true(text_format(path, sizeof(path), "%s/%s", folder, names[i]));
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proof),        cmocka_unit_test(test_proof_refused),
        cmocka_unit_test(test_export),       cmocka_unit_test(test_signer),
        cmocka_unit_test(test_signer_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
