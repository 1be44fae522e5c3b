/* Checkpoints: the published vectors byte for byte, and everything a strict reader refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/audit/checkpoint.h"
#include "gateway/base/text.h"
#include "tests/unit/audit/log_fixture.h"

#define ORIGIN  "clinic.example/gw1/audit/2026"
#define VKEY    ORIGIN "+124a6efc+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define WITNESS "witness.example/w1+f1ed8c47+BCFS+NGbeR0kRTJC4V8uq2y3z/p7al7TAJeWDgaYgdsS"
#define ROOT    "CN59U2DFrKApdU8+5vVI3FmAzuh1e+xqKuwnbY1YvMQ="
#define TEXT    ORIGIN "\n5\n" ROOT "\n"
#define LOG_LINE                                                                                   \
    "\xe2\x80\x94 " ORIGIN " Ekpu/"                                                                \
    "GAgojLPPnY0PZAgNsGcgosaazbDyZAPID4etpX4Yw3rlNSClQUDbXKLCA+vmRQTq9SW9hXZmwmnzKyfvhpfwQw="      \
    "\n"
#define WITNESS_LINE                                                                               \
    "\xe2\x80\x94 witness.example/w1 "                                                             \
    "8e2MRwAAAABrAjCFV1CNlrKy9LF+Udaaq75A1L5mCYZYPV0b+H6JB0r7heeQWPIUw/"                           \
    "JeNW0o5Su0znexlVHDhasa4jAzWJDf9Z6ODQ=="                                                       \
    "\n"
#define NOW_US ((1795305605ll + 10) * 1000000)

static struct checkpoint_key key_of(const char *text)
{
    struct checkpoint_key key;
    assert_int_equal(checkpoint_key_parse(text, &key), RESULT_OK);
    return key;
}

static enum result verify(const char *note, int64_t now_us)
{
    struct checkpoint_key log = key_of(VKEY), witness = key_of(WITNESS);
    struct checkpoint checkpoint;
    struct checkpoint_witnessed witnessed;
    return checkpoint_verify(span_of(note, strlen(note)), &log, &witness, 1, now_us, &checkpoint,
                             &witnessed);
}

static void test_keys(void **state)
{
    (void)state;
    struct checkpoint_key key;
    char text[CHECKPOINT_KEY_TEXT_SIZE];
    assert_int_equal(checkpoint_key_of_seed(ORIGIN, CHECKPOINT_KEY_LOG, log_fixture_seed(), &key),
                     RESULT_OK);
    checkpoint_key_format(&key, text);
    assert_string_equal(text, VKEY);
    uint8_t witness_seed[CHECKPOINT_SEED_BYTES];
    memset(witness_seed, 0x42, sizeof(witness_seed));
    assert_int_equal(
        checkpoint_key_of_seed("witness.example/w1", CHECKPOINT_KEY_WITNESS, witness_seed, &key),
        RESULT_OK);
    checkpoint_key_format(&key, text);
    assert_string_equal(text, WITNESS);
    key = key_of(WITNESS);
    assert_int_equal(key.type, CHECKPOINT_KEY_WITNESS);
    assert_int_equal(key.id, 0xf1ed8c47);

    static const char *const malformed[] = {
        "",
        "name",
        "name+124a6efc",
        "+124a6efc+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        ORIGIN "+124a6ef+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        ORIGIN "+124A6EFC+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        ORIGIN "+124a6efc+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG",
        ORIGIN "+124a6efc+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVQ==",
        ORIGIN "+124a6efc+",
        "a b+124a6efc+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(malformed); i++)
        assert_int_equal(checkpoint_key_parse(malformed[i], &key), RESULT_PARSE);
    assert_int_equal(
        checkpoint_key_parse(ORIGIN "+124a6efd+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", &key),
        RESULT_INVALID);
    assert_int_equal(
        checkpoint_key_parse(ORIGIN "+124a6efc+BgOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", &key),
        RESULT_UNSUPPORTED);
}

static void test_genesis(void **state)
{
    (void)state;
    char text[45];
    struct sha256 genesis = checkpoint_genesis(ORIGIN, VKEY);
    text_base64(span_of(genesis.bytes, 32), text, sizeof(text));
    assert_string_equal(text, "Evl27Ml4xNw0qXSTNNWDxoL289JHkLSqPk9z9bCiubM=");
}

static void test_vector(void **state)
{
    (void)state;
    struct checkpoint checkpoint = {.origin = ORIGIN, .size = 5};
    size_t length;
    assert_true(text_from_base64(ROOT, checkpoint.root.bytes, 32, &length));
    char note[CHECKPOINT_SIGNED_SIZE];
    assert_int_equal(checkpoint_sign(&checkpoint, log_fixture_seed(), note, sizeof(note)),
                     RESULT_OK);
    assert_string_equal(note, TEXT "\n" LOG_LINE);
    assert_int_equal(checkpoint_sign(&checkpoint, log_fixture_seed(), note, strlen(note)),
                     RESULT_TOO_LARGE);

    const char *whole = TEXT "\n" LOG_LINE WITNESS_LINE;
    struct checkpoint_key log = key_of(VKEY), witness = key_of(WITNESS);
    struct checkpoint parsed;
    struct checkpoint_witnessed witnessed;
    assert_int_equal(checkpoint_verify(span_of(whole, strlen(whole)), &log, &witness, 1, NOW_US,
                                       &parsed, &witnessed),
                     RESULT_OK);
    assert_string_equal(parsed.origin, ORIGIN);
    assert_int_equal(parsed.size, 5);
    assert_true(sha256_equal(&parsed.root, &checkpoint.root));
    assert_int_equal(witnessed.count, 1);
    assert_int_equal(witnessed.time_s[0], 1795305605);
    /* A cosignature twice is one witness. */
    whole = TEXT "\n" LOG_LINE WITNESS_LINE WITNESS_LINE;
    assert_int_equal(checkpoint_verify(span_of(whole, strlen(whole)), &log, &witness, 1, NOW_US,
                                       &parsed, &witnessed),
                     RESULT_OK);
    assert_int_equal(witnessed.count, 1);
}

static void test_time(void **state)
{
    (void)state;
    const char *whole = TEXT "\n" LOG_LINE WITNESS_LINE;
    assert_int_equal(verify(whole, (1795305605ll - 300) * 1000000), RESULT_OK);
    assert_int_equal(verify(whole, (1795305605ll - 301) * 1000000), RESULT_TAMPERED);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *note;
        enum result result;
    } rows[] = {
        {TEXT "\n" LOG_LINE, RESULT_OK},
        {"", RESULT_PARSE},
        {"\n\n", RESULT_PARSE},
        {TEXT, RESULT_PARSE},
        {TEXT "\n", RESULT_PARSE},
        {TEXT LOG_LINE, RESULT_PARSE},
        {TEXT "\n" WITNESS_LINE, RESULT_TAMPERED}, /* the log itself has not signed */
        {ORIGIN "\n05\n" ROOT "\n\n" LOG_LINE, RESULT_PARSE},
        {ORIGIN "\n+5\n" ROOT "\n\n" LOG_LINE, RESULT_PARSE},
        {ORIGIN "\n5 \n" ROOT "\n\n" LOG_LINE, RESULT_PARSE},
        {ORIGIN "\n\n" ROOT "\n\n" LOG_LINE, RESULT_PARSE},
        {ORIGIN "\n9999999999999999999\n" ROOT "\n\n" LOG_LINE, RESULT_PARSE},
        {ORIGIN "\n5\nCN59U2DFrKApdU8+5vVI3FmAzuh1e+xqKuwnbY1YvM==\n\n" LOG_LINE, RESULT_PARSE},
        {ORIGIN "\n5\nCN59U2DFrKApdU8+5vVI3FmAzuh1e+xqKuwnbY1YvMR=\n\n" LOG_LINE, RESULT_PARSE},
        {ORIGIN "\r\n5\n" ROOT "\n\n" LOG_LINE, RESULT_PARSE},
        {ORIGIN "\n5\n" ROOT "\n\x01\n\n" LOG_LINE, RESULT_PARSE},
        {ORIGIN "\n6\n" ROOT "\n\n" LOG_LINE, RESULT_TAMPERED},
        {"other.example/log\n5\n" ROOT "\n\n" LOG_LINE, RESULT_TAMPERED},
        {ORIGIN "\n5\n" ROOT "\nextension\n\n" LOG_LINE, RESULT_TAMPERED},
        {TEXT "\n" LOG_LINE "trailing\n", RESULT_PARSE},
        {TEXT "\n" LOG_LINE "- dash AAAAAAAA\n", RESULT_PARSE},
        {TEXT "\n" LOG_LINE "\xe2\x80\x94 nosignature\n", RESULT_PARSE},
        {TEXT "\n" LOG_LINE "\xe2\x80\x94 short AAAA\n", RESULT_PARSE},
        {TEXT "\n" LOG_LINE "\xe2\x80\x94 not.base64 AAAA!AAA\n", RESULT_PARSE},
        {TEXT "\n" LOG_LINE "\xe2\x80\x94 unknown.example/key AAAAAAAAAA==\n", RESULT_OK},
        /* The name of the log with another key id is an unknown key; its key id with a bad signature is not. */
        {TEXT "\n" LOG_LINE "\xe2\x80\x94 " ORIGIN " AAAAAAAAAA==\n", RESULT_OK},
        {TEXT "\n" LOG_LINE "\xe2\x80\x94 " ORIGIN " Ekpu/AAAAA==\n", RESULT_TAMPERED},
        {TEXT "\n" LOG_LINE "\xe2\x80\x94 witness.example/w1 8e2MRwAAAABrAjCF\n", RESULT_TAMPERED},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        enum result result = verify(rows[i].note, NOW_US);
        if (result != rows[i].result)
            fail_msg("row %zu: %s", i, result_name(result));
    }
}

/* Sixteen strange lines of 5 kB each are carried, as post-quantum cosignatures will be; too many are refused. */
static void test_many_lines(void **state)
{
    (void)state;
    char *note = malloc(CHECKPOINT_NOTE_MAX + 1);
    char line[6000];
    assert_non_null(note);
    memset(line, 'A', sizeof(line));
    for (unsigned lines = 0; lines <= CHECKPOINT_LINES_MAX; lines++) {
        int at = snprintf(note, CHECKPOINT_NOTE_MAX, "%s", TEXT "\n" LOG_LINE WITNESS_LINE);
        for (unsigned i = 0; i < lines; i++)
            at += snprintf(note + at, (size_t)(CHECKPOINT_NOTE_MAX - at),
                           "\xe2\x80\x94 pq%u.example/w %.*s\n", i, 5000, line);
        assert_int_equal(verify(note, NOW_US),
                         lines + 2 <= CHECKPOINT_LINES_MAX ? RESULT_OK : RESULT_PARSE);
    }
    free(note);
}

/* Each bit of the note changed, one at a time: never accepted. (Cosignatures included: the witness is known.) */
static void test_each_bit(void **state)
{
    (void)state;
    const char *whole = TEXT "\n" LOG_LINE WITNESS_LINE;
    char note[1024];
    size_t length = strlen(whole), accepted = 0;
    for (size_t i = 0; i < length * 8; i++) {
        memcpy(note, whole, length + 1);
        note[i / 8] = (char)(note[i / 8] ^ 1 << i % 8);
        struct checkpoint_key log = key_of(VKEY), witness = key_of(WITNESS);
        struct checkpoint checkpoint;
        struct checkpoint_witnessed witnessed;
        enum result result = checkpoint_verify(span_of(note, length), &log, &witness, 1, NOW_US,
                                               &checkpoint, &witnessed);
        /* A changed name or key id makes a line one of an unknown key: the note holds, without that witness. */
        if (result == RESULT_OK) {
            assert_int_equal(witnessed.count, 0);
            assert_true(i / 8 >= strlen(TEXT "\n" LOG_LINE));
            accepted++;
        }
    }
    assert_true(accepted > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),     cmocka_unit_test(test_genesis),
        cmocka_unit_test(test_vector),   cmocka_unit_test(test_time),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_many_lines),
        cmocka_unit_test(test_each_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
