/* What every database behind store.h must hold: transactions, the log, sealing, bounds. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/audit/record.h"
#include "gateway/audit/verifier.h"
#include "gateway/base/clock.h"
#include "gateway/base/text.h"
#include "tests/storage_contract/fixture.h"

#define CANARY "PHI-CANARY-0001"

static struct id id_of(const char *text)
{
    struct id id = {.text = ""};
    assert_true(id_parse(text, &id));
    return id;
}

/* An institution, a physician and a patient to hang things on. */
static void clinic_put(struct fixture *fixture)
{
    struct store_transaction *transaction = store_transaction_new();
    store_put_institution(transaction, &(struct store_institution){.id = id_of("i_01"),
                                                                   .name_ja = "島の診療所",
                                                                   .name_en = "Island"});
    store_put_staff(transaction, &(struct store_staff){.id = id_of("s_01"),
                                                       .institution = id_of("i_01"),
                                                       .login = "tanaka",
                                                       .role = "physician"});
    store_put_patient(transaction,
                      &(struct store_patient){.id = id_of("p_01"),
                                              .institution = id_of("i_01"),
                                              .subject = id_of("k_01"),
                                              .personal = "{\"name\":\"" CANARY "\"}"});
    assert_int_equal(fixture_commit(fixture, transaction, NULL), RESULT_OK);
}

static struct store_consultation consultation_of(const char *id, uint32_t revision)
{
    return (struct store_consultation){.id = id_of(id),
                                       .institution = id_of("i_01"),
                                       .patient = id_of("p_01"),
                                       .physician = id_of("s_01"),
                                       .subject = id_of("k_01"),
                                       .state = "booked",
                                       .revision = revision,
                                       .blob = CANARY,
                                       .blob_length = strlen(CANARY)};
}

static size_t rows_of(struct fixture *fixture, enum store_query_kind kind, const char *key)
{
    const struct store_query query = {.kind = kind, .key = key};
    struct store_rows *rows = fixture_query(fixture, &query);
    size_t count = store_rows_count(rows);
    store_rows_free(rows);
    return count;
}

static void the_log_opens_closes_and_goes_on(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(fixture_verify(fixture), 1);
    fixture_close(fixture);
    fixture_open(fixture);
    assert_int_equal(fixture_verify(fixture), 3);
    const struct store_query query = {.kind = STORE_QUERY_RECORDS};
    struct store_rows *rows = fixture_query(fixture, &query);
    static const char *const acts[] = {"log.open", "log.close", "log.open"};
    for (size_t i = 0; i < ARRAY_LENGTH(acts); i++)
        assert_string_equal(store_rows_text(rows, i, "act"), acts[i]);
    store_rows_free(rows);
}

static void records_stand_in_order_under_their_consultation(void **state)
{
    struct fixture *fixture = *state;
    const struct id consultation = id_of("c_01");
    struct store_transaction *transaction = fixture_record(AUDIT_ACT_CONSULT_CREATE, &consultation);
    struct audit_draft redeem = fixture_draft(AUDIT_ACT_INVITE_REDEEM, &consultation);
    redeem.object_kind = "invite";
    redeem.object = id_of("v_01");
    redeem.actor.institution = id_of("i_01");
    redeem.extra_count = 1;
    redeem.extra[0] = (struct audit_extra){.key = "consultation", .is_text = true, .text = "c_01"};
    store_transaction_record(transaction, &redeem);
    const struct audit_draft login = {.act = AUDIT_ACT_STAFF_LOGIN, .outcome = AUDIT_DENY};
    store_transaction_record(transaction, &login);
    uint64_t first = 0;
    assert_int_equal(fixture_commit(fixture, transaction, &first), RESULT_OK);
    assert_int_equal(first, 1);

    const struct store_query all = {.kind = STORE_QUERY_RECORDS, .first = 1};
    struct store_rows *rows = fixture_query(fixture, &all);
    assert_int_equal(store_rows_count(rows), 3);
    assert_string_equal(store_rows_text(rows, 0, "act"), "consult.create");
    assert_string_equal(store_rows_text(rows, 1, "act"), "invite.redeem");
    assert_string_equal(store_rows_text(rows, 1, "institution"), "i_01");
    assert_string_equal(store_rows_text(rows, 2, "outcome"), "deny");
    assert_true(store_rows_is_null(rows, 2, "consultation"));
    store_rows_free(rows);

    assert_int_equal(rows_of(fixture, STORE_QUERY_RECORDS_OF_CONSULTATION, "c_01"), 2);
    assert_int_equal(rows_of(fixture, STORE_QUERY_RECORDS_OF_CONSULTATION, "c_02"), 0);
    assert_int_equal(fixture_verify(fixture), 4);

    struct store_transaction *silent = store_transaction_new();
    store_put_institution(silent, &(struct store_institution){.id = id_of("i_09")});
    assert_int_equal(fixture_commit(fixture, silent, &first), RESULT_OK);
    assert_true(first == STORE_NO_SEQ);
}

/* P2: state and record together, or neither. */
static void a_transaction_is_whole_or_nothing(void **state)
{
    struct fixture *fixture = *state;
    clinic_put(fixture);
    uint64_t size = fixture_log_size(fixture), first = 0;
    const struct id consultation = id_of("c_01");

    struct store_transaction *bad_state = fixture_record(AUDIT_ACT_CONSULT_CREATE, &consultation);
    struct store_consultation stray = consultation_of("c_01", 1);
    store_put_consultation(bad_state, &stray);
    stray.id = id_of("c_02");
    stray.patient = id_of("p_77"); /* nobody */
    store_put_consultation(bad_state, &stray);
    assert_int_equal(fixture_commit(fixture, bad_state, &first), RESULT_INVALID);
    assert_true(first == STORE_NO_SEQ);

    struct store_transaction *bad_record = store_transaction_new();
    const struct store_consultation good = consultation_of("c_01", 1);
    store_put_consultation(bad_record, &good);
    struct audit_draft draft = fixture_draft(AUDIT_ACT_CONSULT_CREATE, &consultation);
    store_transaction_record(bad_record, &draft);
    draft.extra_count = 1;
    draft.extra[0] = (struct audit_extra){.key = "reason", .is_text = true, .text = "free text"};
    store_transaction_record(bad_record, &draft);
    assert_int_equal(fixture_commit(fixture, bad_record, NULL), RESULT_INVALID);

    assert_int_equal(rows_of(fixture, STORE_QUERY_CONSULTATION_BY_ID, "c_01"), 0);
    assert_int_equal(fixture_log_size(fixture), size);
    assert_int_equal(fixture_verify(fixture), size);
    assert_false(store_degraded(fixture->store)); /* a refusal is not a failure */
}

struct tally {
    unsigned answered;
    unsigned ok;
    unsigned refused;
    uint64_t last_seq;
    bool in_order;
};

static void tally_answer(void *owner, enum result result, uint64_t first_seq)
{
    struct tally *tally = owner;
    tally->answered++;
    if (result_ok(result)) {
        tally->in_order &= first_seq > tally->last_seq;
        tally->last_seq = first_seq;
        tally->ok++;
    } else {
        assert_int_equal(result, RESULT_INVALID);
        tally->refused++;
    }
}

/* Many in one group commit, every third one bad: the bad ones spoil nobody's. And the queue is bounded. */
static void a_bad_transaction_spoils_no_other(void **state)
{
    struct fixture *fixture = *state;
    struct tally tally = {.in_order = true};
    for (unsigned i = 0; i < STORE_QUEUE_MAX; i++) {
        const struct id consultation = id_new('c');
        struct store_transaction *transaction =
            fixture_record(AUDIT_ACT_CONSULT_CREATE, &consultation);
        if (i % 3 == 2)
            store_put_device(transaction, &(struct store_device){.id = id_of("b_01"),
                                                                 .invitation = id_of("v_77"),
                                                                 .consultation = id_of("c_77")});
        assert_int_equal(store_submit(fixture->store, transaction, tally_answer, &tally),
                         RESULT_OK);
    }
    const struct id late = id_of("c_late");
    assert_int_equal(store_submit(fixture->store, fixture_record(AUDIT_ACT_CONSULT_CREATE, &late),
                                  tally_answer, &tally),
                     RESULT_FULL);
    while (tally.answered < STORE_QUEUE_MAX)
        fixture_wait(fixture);
    assert_true(tally.in_order);
    assert_int_equal(tally.refused, STORE_QUEUE_MAX / 3);
    assert_int_equal(tally.ok, STORE_QUEUE_MAX - STORE_QUEUE_MAX / 3);
    assert_int_equal(fixture_verify(fixture), 1 + tally.ok);
    assert_int_equal(counter_get(&fixture->counters, COUNTER_audit_records), 1 + tally.ok);
    assert_true(counter_get(&fixture->counters, COUNTER_store_commits) <
                tally.ok); /* it was a group commit */
    assert_int_equal(fixture_commit(fixture, fixture_record(AUDIT_ACT_CONSULT_CREATE, &late), NULL),
                     RESULT_OK);
}

static void close_answers_what_it_owes(void **state)
{
    struct fixture *fixture = *state;
    struct tally tally = {.in_order = true};
    const struct id consultation = id_of("c_01");
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(store_submit(fixture->store,
                                      fixture_record(AUDIT_ACT_FACT_SUPPLY, &consultation),
                                      tally_answer, &tally),
                         RESULT_OK);
    fixture_close(fixture);
    assert_int_equal(tally.ok, 50);
    fixture_open(fixture);
    assert_int_equal(fixture_verify(fixture), 1 + 50 + 2);
}

static void an_old_revision_is_refused(void **state)
{
    struct fixture *fixture = *state;
    clinic_put(fixture);
    static const struct {
        uint32_t revision;
        enum result result;
    } steps[] = {
        {1, RESULT_OK}, {1, RESULT_STALE}, {3, RESULT_OK}, {2, RESULT_STALE}, {4, RESULT_OK}};
    for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
        struct store_transaction *transaction = store_transaction_new();
        const struct store_consultation consultation = consultation_of("c_01", steps[i].revision);
        store_put_consultation(transaction, &consultation);
        assert_int_equal(fixture_commit(fixture, transaction, NULL), steps[i].result);
    }
    struct store_transaction *login = store_transaction_new();
    store_put_staff(login, &(struct store_staff){.id = id_of("s_02"),
                                                 .institution = id_of("i_01"),
                                                 .login = "tanaka", /* taken */
                                                 .role = "nurse"});
    assert_int_equal(fixture_commit(fixture, login, NULL), RESULT_EXISTS);
}

/* No file of the store holds the words. */
static void assert_not_on_disk(const struct fixture *fixture, const char *words)
{
    DIR *listing = opendir(fixture->folder);
    struct dirent *entry;
    size_t files = 0;
    while ((entry = readdir(listing)) != NULL) {
        char path[512];
        assert_true(text_format(path, sizeof(path), "%s/%s", fixture->folder, entry->d_name));
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (file == NULL)
            continue;
        char *bytes = malloc(8 << 20);
        size_t length = fread(bytes, 1, 8 << 20, file);
        assert_null(memmem(bytes, length, words, strlen(words)));
        free(bytes);
        fclose(file);
        files++;
    }
    closedir(listing);
    assert_true(files >= 2);
}

static uint64_t sealed_record_put(struct fixture *fixture)
{
    struct audit_sealed sealed = {
        .name = "identity", .subject = id_of("k_01"), .value = "{\"name\":\"" CANARY "\"}"};
    const struct id consultation = id_of("c_01");
    struct audit_draft draft = fixture_draft(AUDIT_ACT_CONSENT_GIVE, &consultation);
    draft.sealed_count = 1;
    draft.sealed[0] = &sealed;
    struct store_transaction *transaction = store_transaction_new();
    store_transaction_record(transaction, &draft);
    memset(&sealed, 0, sizeof(sealed)); /* copied, not kept */
    uint64_t seq = 0;
    assert_int_equal(fixture_commit(fixture, transaction, &seq), RESULT_OK);
    return seq;
}

static void assert_sealed_record(struct fixture *fixture, uint64_t seq, bool erased)
{
    const struct store_query sealed = {.kind = STORE_QUERY_SEALED_OF_RECORD, .first = seq};
    const struct store_query record = {.kind = STORE_QUERY_RECORDS, .first = seq, .limit = 1};
    struct store_rows *values = fixture_query(fixture, &sealed);
    struct store_rows *rows = fixture_query(fixture, &record);
    assert_int_equal(store_rows_count(values), 1);
    assert_string_equal(store_rows_text(values, 0, "subject"), "k_01");
    if (erased) {
        assert_true(store_rows_is_null(values, 0, "value"));
        assert_true(store_rows_is_null(values, 0, "value_key"));
    } else {
        const char *value = store_rows_text(values, 0, "value");
        assert_string_equal(value, "{\"name\":\"" CANARY "\"}");
        struct span r = store_rows_blob(values, 0, "value_key");
        assert_int_equal(r.length, SHA256_BYTES);
        assert_true(
            verifier_sealed_holds(store_rows_blob(rows, 0, "bytes"), "identity", r.data, value));
        assert_false(
            verifier_sealed_holds(store_rows_blob(rows, 0, "bytes"), "identity", r.data, "{}"));
    }
    store_rows_free(values);
    store_rows_free(rows);
}

static void assert_personal(struct fixture *fixture, bool erased)
{
    static const struct {
        enum store_query_kind kind;
        const char *key;
        const char *column;
    } places[] = {{STORE_QUERY_PATIENT_BY_ID, "p_01", "personal"},
                  {STORE_QUERY_CONSULTATION_BY_ID, "c_01", "blob"},
                  {STORE_QUERY_CONSULTATIONS_LIVE, NULL, "blob"},
                  {STORE_QUERY_DECISIONS_OF_CONSULTATION, "c_01", "values"}};
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        const struct store_query query = {.kind = places[i].kind, .key = places[i].key};
        struct store_rows *rows = fixture_query(fixture, &query);
        assert_int_equal(store_rows_count(rows), 1);
        struct span value = store_rows_blob(rows, 0, places[i].column);
        assert_int_equal(store_rows_is_null(rows, 0, places[i].column), erased);
        assert_true(erased || memmem(value.data, value.length, CANARY, strlen(CANARY)) != NULL);
        store_rows_free(rows);
    }
}

/* P5: erasing the key erases the person, and every proof still holds. */
static void erasure_takes_the_person_and_leaves_the_proofs(void **state)
{
    struct fixture *fixture = *state;
    clinic_put(fixture);
    struct store_transaction *transaction = store_transaction_new();
    const struct store_consultation consultation = consultation_of("c_01", 1);
    store_put_consultation(transaction, &consultation);
    store_put_decision(transaction,
                       &(struct store_decision){.id = id_of("d_01"),
                                                .consultation = id_of("c_01"),
                                                .subject = id_of("k_01"),
                                                .gate = "G3",
                                                .verdict = "pass",
                                                .inputs_key = {7, 8},
                                                .values = "{\"canary\":\"" CANARY "\"}",
                                                .at_us = 1});
    assert_int_equal(fixture_commit(fixture, transaction, NULL), RESULT_OK);
    uint64_t seq = sealed_record_put(fixture);
    assert_sealed_record(fixture, seq, false);
    assert_personal(fixture, false);
    assert_not_on_disk(fixture, CANARY);

    struct store_transaction *erase = store_transaction_new();
    const struct id subject = id_of("k_01"), nobody = id_of("k_77");
    store_erase_subject_key(erase, &subject);
    const struct audit_draft record = {
        .act = AUDIT_ACT_PRIVACY_ERASE,
        .outcome = AUDIT_OK,
        .actor = {.role = ROLE_ADMINISTRATOR, .person = id_of("s_01")},
        .object_kind = "key",
        .object = subject};
    store_transaction_record(erase, &record);
    assert_int_equal(fixture_commit(fixture, erase, NULL), RESULT_OK);
    assert_sealed_record(fixture, seq, true);
    assert_personal(fixture, true);
    fixture_close(fixture);
    fixture_open(fixture);
    assert_sealed_record(fixture, seq, true);
    assert_personal(fixture, true);
    assert_true(fixture_verify(fixture) > seq);

    /* Nothing can be sealed under an erased key, nor can it be erased twice. */
    struct store_transaction *again = store_transaction_new();
    store_put_patient(again, &(struct store_patient){.id = id_of("p_01"),
                                                     .institution = id_of("i_01"),
                                                     .subject = subject,
                                                     .personal = "{}"});
    assert_int_equal(fixture_commit(fixture, again, NULL), RESULT_STALE);
    erase = store_transaction_new();
    store_erase_subject_key(erase, &subject);
    assert_int_equal(fixture_commit(fixture, erase, NULL), RESULT_NOT_FOUND);
    erase = store_transaction_new();
    store_erase_subject_key(erase, &nobody);
    assert_int_equal(fixture_commit(fixture, erase, NULL), RESULT_NOT_FOUND);
    /* The consultation can still end: without resume data. */
    struct store_transaction *end = store_transaction_new();
    struct store_consultation over = consultation_of("c_01", 2);
    over.over = true;
    over.blob_length = 0;
    store_put_consultation(end, &over);
    assert_int_equal(fixture_commit(fixture, end, NULL), RESULT_OK);
}

static void silence_is_visible(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    fixture->options.heartbeat_ms = 20;
    fixture_open(fixture);
    int64_t until_us = clock_monotonic_us() + 5 * US_PER_S;
    while (fixture_log_size(fixture) < 3 + 4 && clock_monotonic_us() < until_us)
        usleep(10000);
    const struct store_query query = {.kind = STORE_QUERY_RECORDS, .first = 3, .limit = 4};
    struct store_rows *rows = fixture_query(fixture, &query);
    assert_int_equal(store_rows_count(rows), 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(store_rows_text(rows, i, "act"), "log.heartbeat");
    store_rows_free(rows);
    fixture_close(fixture);
    fixture->options.heartbeat_ms = 0;
    fixture_open(fixture);
    assert_true(fixture_verify(fixture) >= 8);
}

static void a_log_belongs_to_its_origin_and_key(void **state)
{
    struct fixture *fixture = *state;
    const struct id consultation = id_of("c_01");
    assert_int_equal(
        fixture_commit(fixture, fixture_record(AUDIT_ACT_CONSULT_CREATE, &consultation), NULL),
        RESULT_OK);
    fixture_close(fixture);
    struct store *store = NULL;
    fixture->options.log_vkey = FIXTURE_ORIGIN "+other";
    assert_int_equal(store_open(&fixture->options, NULL, NULL, &fixture->counters, &store),
                     RESULT_INVALID);
    fixture->options.log_vkey = FIXTURE_VKEY;
    fixture->options.log_origin = "";
    assert_int_equal(store_open(&fixture->options, NULL, NULL, &fixture->counters, &store),
                     RESULT_INVALID);

    /* The next year's log begins at 0 and the trail of a consultation reads across both. */
    fixture->options.log_origin = "clinic.example/gw1/audit/2027";
    fixture_open(fixture);
    assert_int_equal(fixture_log_size(fixture), 1);
    uint64_t seq = 0;
    assert_int_equal(
        fixture_commit(fixture, fixture_record(AUDIT_ACT_CONSULT_CLOSE, &consultation), &seq),
        RESULT_OK);
    assert_int_equal(seq, 1);
    assert_int_equal(rows_of(fixture, STORE_QUERY_RECORDS_OF_CONSULTATION, "c_01"), 2);
    const struct store_query old = {.kind = STORE_QUERY_LEAVES, .origin = FIXTURE_ORIGIN};
    struct store_rows *rows = fixture_query(fixture, &old);
    assert_int_equal(store_rows_count(rows), 3);
    store_rows_free(rows);
}

static void one_writer_many_readers(void **state)
{
    struct fixture *fixture = *state;
    clinic_put(fixture);
    struct store *second = NULL, *reader = NULL;
    assert_int_equal(store_open(&fixture->options, NULL, NULL, &fixture->counters, &second),
                     RESULT_EXISTS);
    struct store_options options = {.path = fixture->path, .log_origin = FIXTURE_ORIGIN};
    assert_int_equal(store_open_reader(&options, &reader), RESULT_OK);
    const struct store_query query = {.kind = STORE_QUERY_PATIENT_BY_ID, .key = "p_01"};
    struct store_rows *rows = NULL;
    assert_int_equal(store_query_now(reader, &query, &rows), RESULT_OK);
    assert_int_equal(store_rows_count(rows), 1);
    assert_true(store_rows_is_null(rows, 0, "personal")); /* no key, no name */
    store_rows_free(rows);
    const struct id consultation = id_of("c_01");
    assert_int_equal(
        store_submit(reader, fixture_record(AUDIT_ACT_CONSULT_CREATE, &consultation), NULL, NULL),
        RESULT_UNSUPPORTED);
    store_close(reader);
    options.path = "/tmp/tsunagi_there_is_no_such_store";
    assert_int_equal(store_open_reader(&options, &reader), RESULT_NOT_FOUND);
    assert_int_equal(access(options.path, F_OK), -1);
}

#define TEST(function)                                                                             \
    {                                                                                              \
#function, function                                                                        \
    }

int main(void)
{
    static const struct fixture_test tests[] = {
        TEST(the_log_opens_closes_and_goes_on),
        TEST(records_stand_in_order_under_their_consultation),
        TEST(a_transaction_is_whole_or_nothing),
        TEST(a_bad_transaction_spoils_no_other),
        TEST(close_answers_what_it_owes),
        TEST(an_old_revision_is_refused),
        TEST(erasure_takes_the_person_and_leaves_the_proofs),
        TEST(silence_is_visible),
        TEST(a_log_belongs_to_its_origin_and_key),
        TEST(one_writer_many_readers),
    };
    return fixture_run(tests, ARRAY_LENGTH(tests));
}
