/* The verifier: a good log is good, every change to it is found and the first changed record named, and each rule of
 * what must stand together is broken once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/audit/verifier.h"
#include "gateway/base/clock.h"
#include "tests/unit/audit/log_fixture.h"

#define RECORDS 200

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

static void expect(struct log_fixture *log, enum verifier_status status,
                   enum verifier_finding finding, int64_t index)
{
    struct verifier_report report;
    enum verifier_status got = log_fixture_verify(log, &report);
    if (got != status || report.finding != finding || report.has_bad_index != (index >= 0) ||
        (index >= 0 && report.bad_index != (uint64_t)index))
        fail_msg("%s/%s at %lld, wanted %s/%s at %lld", verifier_status_name(got),
                 verifier_finding_name(report.finding),
                 report.has_bad_index ? (long long)report.bad_index : -1ll,
                 verifier_status_name(status), verifier_finding_name(finding), (long long)index);
}

static void test_good(void **state)
{
    (void)state;
    struct log_fixture *log = log_new(RECORDS);
    struct verifier_report report;
    assert_int_equal(log_fixture_verify(log, &report), VERIFIER_GOOD);
    assert_int_equal(report.finding, VERIFIER_NONE);
    assert_int_equal(report.records, RECORDS);
    assert_int_equal(report.signed_size, RECORDS);
    assert_int_equal(report.unsigned_records, 0);
    assert_int_equal(report.restarts, 2);
    assert_int_equal(report.silences, 0);
    assert_string_equal(report.first_time, "2026-11-22T00:00:00.000000Z");
    assert_string_equal(report.last_time, "2026-11-22T00:03:19.000000Z");
    assert_true(report.acts[AUDIT_ACT_CONSULT_ADMIT] > 10);
    struct checkpoint checkpoint;
    assert_int_equal(checkpoint_parse(span_of(log->note, strlen(log->note)), &checkpoint),
                     RESULT_OK);
    assert_true(sha256_equal(&checkpoint.root, &report.root));
    log_free(log);
}

static void test_empty(void **state)
{
    (void)state;
    struct log_fixture *log = log_new(0);
    expect(log, VERIFIER_GOOD, VERIFIER_NONE, -1);
    log_free(log);
}

/* Every byte of every record, one changed bit each: found, and the right record named. */
static void test_each_byte(void **state)
{
    (void)state;
    struct log_fixture *log = log_new(24);
    size_t flips = 0;
    for (size_t i = 0; i < log->count; i++) {
        for (size_t k = 0; k < log->records[i].length; k++) {
            struct verifier_report report;
            uint8_t *byte = &log->records[i].bytes[k], mask = (uint8_t)(1 << (i + k) % 8);
            *byte ^= mask;
            enum verifier_status status = log_fixture_verify(log, &report);
            if (status != VERIFIER_TAMPERED || !report.has_bad_index || report.bad_index != i)
                fail_msg("record %zu byte %zu: %s %s at %lld", i, k, verifier_status_name(status),
                         verifier_finding_name(report.finding), (long long)report.bad_index);
            *byte ^= mask;
            flips++;
        }
    }
    assert_true(flips > 5000);
    expect(log, VERIFIER_GOOD, VERIFIER_NONE, -1);
    log_free(log);
}

/* The same where a tail beyond the checkpoint is covered by the chain alone; the last record of all has no witness. */
static void test_each_byte_of_tail(void **state)
{
    (void)state;
    struct log_fixture *log = log_new(20);
    log_fixture_sign(log, 15);
    for (size_t i = 13; i + 1 < log->count; i++) {
        for (size_t k = 0; k < log->records[i].length; k++) {
            struct verifier_report report;
            log->records[i].bytes[k] ^= 1;
            enum verifier_status status = log_fixture_verify(log, &report);
            log->records[i].bytes[k] ^= 1;
            /* At the very end chain and root cannot tell which of two neighbours was changed. */
            bool named =
                report.bad_index == i || (i + 2 == log->count && report.bad_index == i + 1);
            if (status != VERIFIER_TAMPERED || !report.has_bad_index || !named)
                fail_msg("record %zu byte %zu: %s %s at %lld", i, k, verifier_status_name(status),
                         verifier_finding_name(report.finding), (long long)report.bad_index);
        }
    }
    struct verifier_report report;
    assert_int_equal(log_fixture_verify(log, &report), VERIFIER_GOOD);
    assert_int_equal(report.unsigned_records, 5);
    log_free(log);
}

static void test_cut_delete_duplicate_swap(void **state)
{
    (void)state;
    struct log_fixture *log = log_new(RECORDS);
    for (size_t i = 0; i < RECORDS; i++) {
        /* cut */
        log->count = i;
        expect(log, VERIFIER_TAMPERED, VERIFIER_RECORD_MISSING, (int64_t)i);
        log->count = RECORDS;
        /* delete: the record in its place has the next number; nothing comes after the last one */
        struct fixture_record gone = log->records[i];
        memmove(&log->records[i], &log->records[i + 1], (RECORDS - 1 - i) * sizeof(gone));
        log->count--;
        expect(log, VERIFIER_TAMPERED,
               i + 1 < RECORDS ? VERIFIER_RECORD_SEQ : VERIFIER_RECORD_MISSING, (int64_t)i);
        memmove(&log->records[i + 1], &log->records[i], (RECORDS - 1 - i) * sizeof(gone));
        log->records[i] = gone;
        /* duplicate */
        memmove(&log->records[i + 1], &log->records[i], (RECORDS - i) * sizeof(gone));
        log->count = RECORDS + 1;
        expect(log, VERIFIER_TAMPERED, VERIFIER_RECORD_SEQ, (int64_t)i + 1);
        memmove(&log->records[i], &log->records[i + 1], (RECORDS - i) * sizeof(gone));
        log->count = RECORDS;
        /* swap with the next */
        if (i + 1 < RECORDS) {
            log->records[i] = log->records[i + 1];
            log->records[i + 1] = gone;
            expect(log, VERIFIER_TAMPERED, VERIFIER_RECORD_SEQ, (int64_t)i);
            log->records[i + 1] = log->records[i];
            log->records[i] = gone;
        }
    }
    expect(log, VERIFIER_GOOD, VERIFIER_NONE, -1);
    log_free(log);
}

/* Somebody with the database but without the key writes everything anew from one record on, chain and all. */
static void test_rewritten(void **state)
{
    (void)state;
    struct log_fixture *log = log_new(30), *other = malloc(sizeof(*other));
    assert_non_null(other);
    log_fixture_init(other);
    log_fixture_fill(other, 20);
    log_fixture_act(other, AUDIT_ACT_CONSULT_ABANDON, AUDIT_OK, "c_zzzz");
    log_fixture_fill(other, 30);
    memcpy(other->note, log->note, sizeof(log->note));
    struct verifier_report report;
    assert_int_equal(log_fixture_verify(other, &report), VERIFIER_TAMPERED);
    assert_int_equal(report.finding, VERIFIER_ROOT);
    log_free(log);
    log_free(other);
}

static void test_checkpoints(void **state)
{
    (void)state;
    struct log_fixture *log = log_new(30);
    struct verifier_report report;
    struct verifier_source source = log_fixture_source(log);
    char earlier[CHECKPOINT_SIGNED_SIZE];
    log_fixture_sign(log, 17);
    memcpy(earlier, log->note, sizeof(earlier));
    log_fixture_sign(log, 30);
    struct verifier_options options = {.log_key = &log->key,
                                       .checkpoint = span_of(log->note, strlen(log->note)),
                                       .earlier = span_of(earlier, strlen(earlier)),
                                       .now_us = log->wall_us};
    assert_int_equal(verifier_run(&source, &options, &report), VERIFIER_GOOD);
    /* The kept one counts more records than the present one: rolled back. */
    options.checkpoint = span_of(earlier, strlen(earlier));
    options.earlier = span_of(log->note, strlen(log->note));
    log->count = 17;
    assert_int_equal(verifier_run(&source, &options, &report), VERIFIER_TAMPERED);
    assert_int_equal(report.finding, VERIFIER_EARLIER_CHECKPOINT);
    log->count = 30;
    /* Split view: the log signed two different trees of 17 records. */
    struct checkpoint split = {.size = 17};
    char note[CHECKPOINT_SIGNED_SIZE];
    strcpy(split.origin, log->key.name);
    assert_int_equal(checkpoint_sign(&split, log_fixture_seed(), note, sizeof(note)), RESULT_OK);
    options.checkpoint = span_of(log->note, strlen(log->note));
    options.earlier = span_of(note, strlen(note));
    assert_int_equal(verifier_run(&source, &options, &report), VERIFIER_TAMPERED);
    assert_int_equal(report.finding, VERIFIER_EARLIER_CHECKPOINT);
    options.earlier = span_of(NULL, 0);
    /* A signature that does not hold, and one of somebody else's. */
    log->note[strlen(log->note) - 8] ^= 1;
    expect(log, VERIFIER_TAMPERED, VERIFIER_CHECKPOINT_SIGNATURE, -1);
    log->note[0] = '\n';
    expect(log, VERIFIER_TAMPERED, VERIFIER_CHECKPOINT_MALFORMED, -1);
    log->note[0] = 0;
    expect(log, VERIFIER_INCOMPLETE, VERIFIER_CHECKPOINT_MISSING, -1);
    log_fixture_sign(log, 30);
    options.quorum = 1;
    assert_int_equal(verifier_run(&source, &options, &report), VERIFIER_INCOMPLETE);
    assert_int_equal(report.finding, VERIFIER_QUORUM);
    log_free(log);
}

static void test_old_tail(void **state)
{
    (void)state;
    struct log_fixture *log = log_new(30);
    log_fixture_sign(log, 20);
    struct verifier_report report;
    struct verifier_source source = log_fixture_source(log);
    struct verifier_options options = {.log_key = &log->key,
                                       .checkpoint = span_of(log->note, strlen(log->note)),
                                       .now_us = log->wall_us};
    assert_int_equal(verifier_run(&source, &options, &report), VERIFIER_GOOD);
    assert_int_equal(report.unsigned_records, 10);
    options.now_us = log->wall_us + US_PER_S;
    assert_int_equal(verifier_run(&source, &options, &report), VERIFIER_INCOMPLETE);
    assert_int_equal(report.finding, VERIFIER_TAIL_UNSIGNED);
    assert_int_equal(report.bad_index, 20);
    log_free(log);
}

/* Puts text in place of record `at`, which is the last one and signed, so nothing but its content is wrong. */
static void expect_last(const char *text, enum verifier_status status,
                        enum verifier_finding finding)
{
    struct log_fixture *log = log_new(1);
    free(log->records[0].bytes);
    log->records[0].length = strlen(text);
    log->records[0].bytes = malloc(strlen(text) + 1);
    assert_non_null(log->records[0].bytes);
    memcpy(log->records[0].bytes, text, strlen(text));
    log_fixture_sign(log, 1);
    expect(log, status, finding, status == VERIFIER_GOOD ? -1 : 0);
    log_free(log);
}

#define HEAD  "{\"act\":\"log.open\",\"actor\":{\"k\":\"system\"},\"boot\":\"b_0001\","
#define LOG   "\"log\":\"clinic.example/gw1/audit/2026\",\"mono\":1,"
#define PREV  "\"prev\":\"Evl27Ml4xNw0qXSTNNWDxoL289JHkLSqPk9z9bCiubM=\","
#define TIMES "\"t\":\"2026-11-22T00:00:00.000000Z\",\"terr\":5,\"v\":1}"

static void test_content(void **state)
{
    (void)state;
    expect_last(HEAD LOG "\"out\":\"ok\"," PREV "\"seq\":0," TIMES, VERIFIER_GOOD, VERIFIER_NONE);
    static const struct {
        const char *text;
        enum verifier_finding finding;
    } rows[] = {
        {"", VERIFIER_RECORD_LENGTH},
        {"{}", VERIFIER_RECORD_FIELD},
        {"[]", VERIFIER_RECORD_NOT_CANONICAL},
        {"x", VERIFIER_RECORD_NOT_CANONICAL},
        {HEAD LOG "\"out\":\"ok\"," PREV "\"seq\":0," TIMES "\n", VERIFIER_RECORD_NOT_CANONICAL},
        {" " HEAD LOG "\"out\":\"ok\"," PREV "\"seq\":0," TIMES, VERIFIER_RECORD_NOT_CANONICAL},
        {HEAD LOG "\"out\":\"ok\"," PREV "\"seq\":-0," TIMES, VERIFIER_RECORD_NOT_CANONICAL},
        {HEAD LOG "\"out\":\"ok\"," PREV "\"seq\":0.0," TIMES, VERIFIER_RECORD_NOT_CANONICAL},
        {HEAD LOG "\"out\":\"ok\",\"out\":\"ok\"," PREV "\"seq\":0," TIMES,
         VERIFIER_RECORD_NOT_CANONICAL},
        {HEAD LOG "\"out\":null," PREV "\"seq\":0," TIMES, VERIFIER_RECORD_NOT_CANONICAL},
        {HEAD LOG "\"out\":\"o\\u006b\"," PREV "\"seq\":0," TIMES, VERIFIER_RECORD_NOT_CANONICAL},
        {HEAD LOG "\"out\":\"two words\"," PREV "\"seq\":0," TIMES, VERIFIER_RECORD_NOT_CANONICAL},
        {HEAD
         "\"log\":\"clinic.example/gw1/audit/2026\",\"mono\":9007199254740992,\"out\":\"ok\"," PREV
         "\"seq\":0," TIMES,
         VERIFIER_RECORD_NOT_CANONICAL},
        {HEAD LOG "\"name\":\"somebody\",\"out\":\"ok\"," PREV "\"seq\":0," TIMES,
         VERIFIER_RECORD_FIELD},
        {HEAD LOG PREV "\"seq\":0," TIMES, VERIFIER_RECORD_FIELD},
        {HEAD LOG "\"out\":\"maybe\"," PREV "\"seq\":0," TIMES, VERIFIER_RECORD_FIELD},
        {HEAD LOG "\"out\":\"ok\"," PREV "\"seq\":-1," TIMES, VERIFIER_RECORD_FIELD},
        {HEAD LOG "\"out\":\"ok\"," PREV "\"seq\":\"0\"," TIMES, VERIFIER_RECORD_FIELD},
        {HEAD LOG "\"out\":\"ok\",\"prev\":\"AAAA\",\"seq\":0," TIMES, VERIFIER_RECORD_FIELD},
        {HEAD LOG "\"out\":\"ok\"," PREV
                  "\"seq\":0,\"t\":\"2026-02-30T00:00:00.000000Z\",\"terr\":5,\"v\":1}",
         VERIFIER_RECORD_FIELD},
        {HEAD LOG "\"out\":\"ok\"," PREV "\"seq\":0," TIMES "]", VERIFIER_RECORD_NOT_CANONICAL},
        {HEAD LOG "\"out\":\"ok\"," PREV
                  "\"sealed\":[{\"c\":\"AAAA\",\"kid\":\"k_1\",\"n\":\"name\"}],\"seq\":0," TIMES,
         VERIFIER_RECORD_FIELD},
        {HEAD LOG
         "\"out\":\"ok\"," PREV
         "\"seq\":0,\"t\":\"2026-11-22T00:00:00.000000Z\",\"terr\":5,\"v\":1,\"x\":{\"a\":1}}",
         VERIFIER_RECORD_FIELD},
        {HEAD LOG "\"out\":\"ok\"," PREV "\"seq\":1," TIMES, VERIFIER_RECORD_SEQ},
        {HEAD "\"log\":\"other.example/log\",\"mono\":1,\"out\":\"ok\"," PREV "\"seq\":0," TIMES,
         VERIFIER_RECORD_ORIGIN},
        {HEAD LOG
         "\"out\":\"ok\",\"prev\":\"CN59U2DFrKApdU8+5vVI3FmAzuh1e+xqKuwnbY1YvMQ=\",\"seq\":"
         "0," TIMES,
         VERIFIER_RECORD_PREV},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        expect_last(rows[i].text, VERIFIER_TAMPERED, rows[i].finding);
    /* A later version is not called good, nor tampered. */
    expect_last(HEAD LOG "\"out\":\"ok\"," PREV
                         "\"seq\":0,\"t\":\"2026-11-22T00:00:00.000000Z\",\"terr\":5,\"v\":2}",
                VERIFIER_UNSUPPORTED, VERIFIER_RECORD_VERSION);
}

static void sign_and_expect(struct log_fixture *log, enum verifier_status status,
                            enum verifier_finding finding, int64_t index)
{
    log_fixture_sign(log, log->count);
    expect(log, status, finding, index);
    log_free(log);
}

static void test_times(void **state)
{
    (void)state;
    /* Monotonic time falls inside a boot. */
    struct log_fixture *log = log_new(10);
    log->mono_ns -= 2000000000ll;
    log_fixture_act(log, AUDIT_ACT_LOG_HEARTBEAT, AUDIT_OK, "");
    sign_and_expect(log, VERIFIER_TAMPERED, VERIFIER_CLOCK_BACK, 10);
    /* After a boot it begins anew, with log.open and only so. */
    log = log_new(10);
    log->mono_ns = 5;
    strcpy(log->boot, "b_0002");
    log_fixture_act(log, AUDIT_ACT_LOG_OPEN, AUDIT_OK, "");
    sign_and_expect(log, VERIFIER_GOOD, VERIFIER_NONE, -1);
    log = log_new(10);
    strcpy(log->boot, "b_0002");
    log_fixture_act(log, AUDIT_ACT_LOG_HEARTBEAT, AUDIT_OK, "");
    sign_and_expect(log, VERIFIER_TAMPERED, VERIFIER_CLOCK_BACK, 10);
    /* Wall time a day back: with a clock.step before, after, or never. */
    for (int where = 0; where < 3; where++) {
        log = log_new(10);
        if (where == 0)
            log_fixture_act(log, AUDIT_ACT_CLOCK_STEP, AUDIT_OK, "");
        log->wall_us -= 86400 * US_PER_S;
        log_fixture_act(log, AUDIT_ACT_LOG_HEARTBEAT, AUDIT_OK, "");
        if (where == 1)
            log_fixture_act(log, AUDIT_ACT_CLOCK_STEP, AUDIT_OK, "");
        log_fixture_act(log, AUDIT_ACT_LOG_HEARTBEAT, AUDIT_OK, "");
        if (where == 2)
            sign_and_expect(log, VERIFIER_TAMPERED, VERIFIER_CLOCK_BACK, 10);
        else
            sign_and_expect(log, VERIFIER_GOOD, VERIFIER_NONE, -1);
    }
    /* A clock that is being disciplined. */
    log = log_new(10);
    log->wall_us -= US_PER_S + 400000;
    log_fixture_act(log, AUDIT_ACT_LOG_HEARTBEAT, AUDIT_OK, "");
    sign_and_expect(log, VERIFIER_GOOD, VERIFIER_NONE, -1);
}

static void test_silence(void **state)
{
    (void)state;
    struct log_fixture *log = log_new(10);
    log->mono_ns += 181000000000ll;
    log->wall_us += 181 * US_PER_S;
    log_fixture_act(log, AUDIT_ACT_LOG_HEARTBEAT, AUDIT_OK, "");
    log_fixture_sign(log, log->count);
    struct verifier_report report;
    assert_int_equal(log_fixture_verify(log, &report), VERIFIER_GOOD);
    assert_int_equal(report.silences, 1);
    struct verifier_source source = log_fixture_source(log);
    struct verifier_options options = {.log_key = &log->key,
                                       .checkpoint = span_of(log->note, strlen(log->note)),
                                       .now_us = log->wall_us,
                                       .strict = true};
    assert_int_equal(verifier_run(&source, &options, &report), VERIFIER_INCOMPLETE);
    assert_int_equal(report.finding, VERIFIER_SILENCE);
    log_free(log);
}

static void test_pairs(void **state)
{
    (void)state;
    /* Media opens for a consultation nobody admitted. */
    struct log_fixture *log = log_new(1);
    log_fixture_act(log, AUDIT_ACT_CONSULT_ADMIT, AUDIT_DENY, "c_1");
    log_fixture_act(log, AUDIT_ACT_CONSULT_ADMIT, AUDIT_OK, "c_2");
    log_fixture_act(log, AUDIT_ACT_MEDIA_OPEN, AUDIT_OK, "c_1");
    sign_and_expect(log, VERIFIER_TAMPERED, VERIFIER_MEDIA_BEFORE_ADMIT, 3);

    /* Seat 0 is removed: keys gone in time, too late, of another visit, of another seat, never; the process died. */
    for (int how = 0; how < 6; how++) {
        log = log_new(1);
        log_fixture_seat(log, AUDIT_ACT_MEDIA_CONNECTED, "c_1", 0);
        log_fixture_seat(log, AUDIT_ACT_PARTICIPANT_REMOVE, "c_1", 0);
        if (how != 1)
            log->mono_ns -= 600000000ll;
        if (how <= 3)
            log_fixture_seat(log, AUDIT_ACT_MEDIA_KEYS_DESTROYED, how == 2 ? "c_2" : "c_1",
                             how == 3);
        if (how == 5)
            log_fixture_act(log, AUDIT_ACT_LOG_OPEN, AUDIT_OK, "");
        log_fixture_act(log, AUDIT_ACT_LOG_HEARTBEAT, AUDIT_OK, "");
        log_fixture_act(log, AUDIT_ACT_LOG_HEARTBEAT, AUDIT_OK, "");
        if (how == 0 || how == 5)
            sign_and_expect(log, VERIFIER_GOOD, VERIFIER_NONE, -1);
        else
            sign_and_expect(log, VERIFIER_TAMPERED, VERIFIER_KEYS_KEPT, 2);
    }
    /* Without media there are no keys to destroy; a second device holds no seat. */
    log = log_new(1);
    log_fixture_seat(log, AUDIT_ACT_PARTICIPANT_REMOVE, "c_1", 1);
    log_fixture_seat(log, AUDIT_ACT_MEDIA_CONNECTED, "c_1", 0);
    log_fixture_act(log, AUDIT_ACT_PARTICIPANT_REMOVE, AUDIT_OK, "c_1");
    log_fixture_act(log, AUDIT_ACT_LOG_HEARTBEAT, AUDIT_OK, "");
    sign_and_expect(log, VERIFIER_GOOD, VERIFIER_NONE, -1);

    /* An intent: with outcome, with none, cut off by a crash. */
    for (int how = 0; how < 3; how++) {
        log = log_new(1);
        log_fixture_act(log, AUDIT_ACT_MEDIA_KEYS_DESTROYED, AUDIT_INTENT, "c_1");
        if (how == 0)
            log_fixture_act(log, AUDIT_ACT_MEDIA_KEYS_DESTROYED, AUDIT_OK, "c_1");
        if (how == 2)
            log_fixture_act(log, AUDIT_ACT_LOG_OPEN, AUDIT_OK, "");
        log->mono_ns += 20000000000ll;
        log_fixture_act(log, AUDIT_ACT_LOG_HEARTBEAT, AUDIT_OK, "");
        if (how == 1)
            sign_and_expect(log, VERIFIER_INCOMPLETE, VERIFIER_INTENT_OPEN, 1);
        else
            sign_and_expect(log, VERIFIER_GOOD, VERIFIER_NONE, -1);
    }
}

/* A tampered record outranks whatever else is wrong before or after it. */
static void test_worst_first(void **state)
{
    (void)state;
    struct log_fixture *log = log_new(1);
    log_fixture_act(log, AUDIT_ACT_MEDIA_OPEN, AUDIT_OK, "c_1");
    log_fixture_act(log, AUDIT_ACT_LOG_HEARTBEAT, AUDIT_OK, "");
    log_fixture_act(log, AUDIT_ACT_LOG_HEARTBEAT, AUDIT_OK, "");
    log_fixture_sign(log, 4);
    expect(log, VERIFIER_TAMPERED, VERIFIER_MEDIA_BEFORE_ADMIT, 1);
    uint8_t *mono = memmem(log->records[2].bytes, log->records[2].length, "\"terr\":5", 8);
    assert_non_null(mono);
    mono[7] = '6';
    expect(log, VERIFIER_TAMPERED, VERIFIER_RECORD_PREV, 2);
    log_free(log);
}

/* Opened values: the published commitment, and any other value or r. */
static void test_sealed(void **state)
{
    (void)state;
    static const char entry[] =
        "{\"act\":\"invite.redeem\",\"actor\":{\"id\":\"p_9b21\",\"k\":\"patient\"},\"boot\":\"b_"
        "0001\","
        "\"log\":\"clinic.example/gw1/audit/"
        "2026\",\"mono\":3000000000,\"obj\":{\"id\":\"c_01\",\"k\":"
        "\"consult\"},\"out\":\"ok\",\"prev\":\"7CjKNqAS6JADlefQliD62hB/NEFNvc2kZrpJX/"
        "CatHY=\",\"sealed\":"
        "[{\"c\":\"ceig7FDeZjZr9Fk3gOSGcJCv/"
        "69I82WjDPKBkjkNPvQ=\",\"kid\":\"s_9b21\",\"n\":\"identity\"}],"
        "\"seq\":2,\"t\":\"2026-11-22T00:00:02.000000Z\",\"terr\":5,\"v\":1}";
    struct span bytes = span_of(entry, strlen(entry));
    uint8_t r[32];
    memset(r, 0x11, sizeof(r));
    assert_int_equal(strlen(entry), 383);
    assert_true(verifier_sealed_holds(bytes, "identity", r, "{\"name\":\"PHI-CANARY-0001\"}"));
    assert_false(verifier_sealed_holds(bytes, "identity", r, "{\"name\":\"PHI-CANARY-0002\"}"));
    assert_false(verifier_sealed_holds(bytes, "other", r, "{\"name\":\"PHI-CANARY-0001\"}"));
    r[31] ^= 1;
    assert_false(verifier_sealed_holds(bytes, "identity", r, "{\"name\":\"PHI-CANARY-0001\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_each_byte),
        cmocka_unit_test(test_each_byte_of_tail),
        cmocka_unit_test(test_cut_delete_duplicate_swap),
        cmocka_unit_test(test_rewritten),
        cmocka_unit_test(test_checkpoints),
        cmocka_unit_test(test_old_tail),
        cmocka_unit_test(test_content),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_worst_first),
        cmocka_unit_test(test_sealed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
