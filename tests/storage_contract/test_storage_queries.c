/* What every database behind store.h must give back: each query, each column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/text.h"
#include "tests/storage_contract/fixture.h"

static struct id id_of(const char *text)
{
    struct id id = {.text = ""};
    assert_true(id_parse(text, &id));
    return id;
}

static struct sha256 hash_of(const char *text)
{
    return sha256_of(span_of(text, strlen(text)));
}

static void commit(struct fixture *fixture, struct store_transaction *transaction)
{
    assert_int_equal(fixture_commit(fixture, transaction, NULL), RESULT_OK);
}

static struct store_rows *ask(struct fixture *fixture, enum store_query_kind kind, const char *key)
{
    const struct store_query query = {.kind = kind, .key = key};
    return fixture_query(fixture, &query);
}

static struct store_rows *ask_hash(struct fixture *fixture, enum store_query_kind kind,
                                   const char *secret)
{
    const struct store_query query = {.kind = kind, .hash = hash_of(secret)};
    return fixture_query(fixture, &query);
}

static size_t count_and_free(struct store_rows *rows)
{
    size_t count = store_rows_count(rows);
    store_rows_free(rows);
    return count;
}

static void clinic_put(struct fixture *fixture)
{
    struct store_transaction *transaction = store_transaction_new();
    static const char *const institutions[] = {"i_01", "i_02"};
    for (size_t i = 0; i < ARRAY_LENGTH(institutions); i++)
        store_put_institution(transaction,
                              &(struct store_institution){.id = id_of(institutions[i]),
                                                          .name_ja = "島の診療所",
                                                          .name_en = "Island Clinic",
                                                          .telephone = "0999-00-0000",
                                                          .settings = "{\"queue\":\"first\"}"});
    store_put_staff(transaction, &(struct store_staff){.id = id_of("s_01"),
                                                       .institution = id_of("i_01"),
                                                       .login = "tanaka",
                                                       .display_name_ja = "田中 一郎",
                                                       .display_name_en = "Ichiro Tanaka",
                                                       .role = "physician",
                                                       .password_hash = "$argon2id$x",
                                                       .registered_year = 1999,
                                                       .created_us = 11});
    store_put_staff(transaction, &(struct store_staff){.id = id_of("s_02"),
                                                       .institution = id_of("i_02"),
                                                       .login = "sato",
                                                       .role = "nurse",
                                                       .disabled = true});
    static const char *const patients[][3] = {{"p_01", "i_01", "k_01"}, {"p_02", "i_02", "k_02"}};
    for (size_t i = 0; i < ARRAY_LENGTH(patients); i++)
        store_put_patient(transaction,
                          &(struct store_patient){.id = id_of(patients[i][0]),
                                                  .institution = id_of(patients[i][1]),
                                                  .subject = id_of(patients[i][2]),
                                                  .personal = "{\"name\":\"山田 花子\"}",
                                                  .created_us = 12});
    commit(fixture, transaction);
}

static void staff_and_institutions(void **state)
{
    struct fixture *fixture = *state;
    clinic_put(fixture);
    struct store_rows *rows = ask(fixture, STORE_QUERY_STAFF_BY_LOGIN, "tanaka");
    assert_int_equal(store_rows_count(rows), 1);
    assert_string_equal(store_rows_id(rows, 0, "id").text, "s_01");
    assert_string_equal(store_rows_text(rows, 0, "institution"), "i_01");
    assert_string_equal(store_rows_text(rows, 0, "login"), "tanaka");
    assert_string_equal(store_rows_text(rows, 0, "display_name_ja"), "田中 一郎");
    assert_string_equal(store_rows_text(rows, 0, "display_name_en"), "Ichiro Tanaka");
    assert_string_equal(store_rows_text(rows, 0, "role"), "physician");
    assert_string_equal(store_rows_text(rows, 0, "password_hash"), "$argon2id$x");
    assert_int_equal(store_rows_integer(rows, 0, "registered_year"), 1999);
    assert_int_equal(store_rows_integer(rows, 0, "disabled"), 0);
    assert_int_equal(store_rows_integer(rows, 0, "created_us"), 11);
    store_rows_free(rows);
    assert_int_equal(count_and_free(ask(fixture, STORE_QUERY_STAFF_BY_LOGIN, "Tanaka")), 0);
    assert_int_equal(count_and_free(ask(fixture, STORE_QUERY_STAFF_BY_LOGIN, "' OR 1=1 --")), 0);

    rows = ask(fixture, STORE_QUERY_STAFF_BY_ID, "s_02");
    assert_int_equal(store_rows_integer(rows, 0, "disabled"), 1);
    assert_true(store_rows_is_null(rows, 0, "registered_year"));
    store_rows_free(rows);
    const struct store_query of = {.kind = STORE_QUERY_STAFF_OF_INSTITUTION, .institution = "i_01"};
    assert_int_equal(count_and_free(fixture_query(fixture, &of)), 1);

    rows = ask(fixture, STORE_QUERY_INSTITUTION_BY_ID, "i_01");
    assert_string_equal(store_rows_text(rows, 0, "name_ja"), "島の診療所");
    assert_string_equal(store_rows_text(rows, 0, "name_en"), "Island Clinic");
    assert_string_equal(store_rows_text(rows, 0, "telephone"), "0999-00-0000");
    assert_string_equal(store_rows_text(rows, 0, "settings"), "{\"queue\":\"first\"}");
    store_rows_free(rows);
    assert_int_equal(count_and_free(ask(fixture, STORE_QUERY_INSTITUTIONS, NULL)), 2);
    rows = ask(fixture, STORE_QUERY_PATIENT_BY_ID, "p_01");
    assert_string_equal(store_rows_text(rows, 0, "personal"), "{\"name\":\"山田 花子\"}");
    assert_string_equal(store_rows_text(rows, 0, "subject"), "k_01");
    store_rows_free(rows);
}

static void put_session(struct fixture *fixture, const char *id, const char *secret)
{
    struct store_transaction *transaction = store_transaction_new();
    store_put_staff_session(transaction, &(struct store_staff_session){.id = id_of(id),
                                                                       .staff = id_of("s_01"),
                                                                       .secret = hash_of(secret),
                                                                       .created_us = 21,
                                                                       .seen_us = 22,
                                                                       .expires_us = 23});
    commit(fixture, transaction);
}

static void sessions_come_and_go(void **state)
{
    struct fixture *fixture = *state;
    clinic_put(fixture);
    put_session(fixture, "n_01", "one");
    put_session(fixture, "n_02", "two");
    put_session(fixture, "n_03", "three");
    struct store_rows *rows = ask_hash(fixture, STORE_QUERY_STAFF_SESSION_BY_HASH, "two");
    assert_int_equal(store_rows_count(rows), 1);
    assert_string_equal(store_rows_text(rows, 0, "id"), "n_02");
    assert_string_equal(store_rows_text(rows, 0, "staff"), "s_01");
    assert_string_equal(store_rows_text(rows, 0, "institution"), "i_01");
    assert_string_equal(store_rows_text(rows, 0, "role"), "physician");
    assert_string_equal(store_rows_text(rows, 0, "display_name_ja"), "田中 一郎");
    assert_int_equal(store_rows_integer(rows, 0, "disabled"), 0);
    assert_int_equal(store_rows_integer(rows, 0, "seen_us"), 22);
    assert_int_equal(store_rows_integer(rows, 0, "expires_us"), 23);
    store_rows_free(rows);

    const struct id gone = id_of("n_02"), staff = id_of("s_01"), seen = id_of("n_03");
    struct store_transaction *transaction = store_transaction_new();
    store_see_staff_session(transaction, &seen, 24);
    store_delete_staff_session(transaction, &gone);
    store_delete_staff_session(transaction, &gone); /* twice is fine */
    store_see_staff_session(transaction, &gone,
                            24); /* used by a request that crossed the sign-out */
    commit(fixture, transaction);
    rows = ask_hash(fixture, STORE_QUERY_STAFF_SESSION_BY_HASH, "three");
    assert_int_equal(store_rows_integer(rows, 0, "seen_us"), 24);
    store_rows_free(rows);
    assert_int_equal(count_and_free(ask_hash(fixture, STORE_QUERY_STAFF_SESSION_BY_HASH, "two")),
                     0);
    assert_int_equal(count_and_free(ask_hash(fixture, STORE_QUERY_STAFF_SESSION_BY_HASH, "one")),
                     1);
    transaction = store_transaction_new();
    store_delete_staff_sessions_of(transaction, &staff);
    commit(fixture, transaction);
    assert_int_equal(count_and_free(ask_hash(fixture, STORE_QUERY_STAFF_SESSION_BY_HASH, "one")),
                     0);
    assert_int_equal(count_and_free(ask_hash(fixture, STORE_QUERY_STAFF_SESSION_BY_HASH, "three")),
                     0);
}

static struct store_consultation consultation_of(int number)
{
    static char ids[64][8], texts[64][32];
    assert_true(text_format(ids[number], sizeof(ids[number]), "c_%02d", number));
    assert_true(text_format(texts[number], sizeof(texts[number]), "Dr Tanaka 田中 %02d", number));
    bool other = number % 5 == 0;
    return (struct store_consultation){.id = id_of(ids[number]),
                                       .institution = id_of(other ? "i_02" : "i_01"),
                                       .patient = id_of(other ? "p_02" : "p_01"),
                                       .physician = id_of(other ? "s_02" : "s_01"),
                                       .subject = id_of(other ? "k_02" : "k_01"),
                                       .state = number % 2 == 0 ? "booked" : "closed_clean",
                                       .over = number % 2 != 0,
                                       .revision = 1,
                                       .blob = "\0blob",
                                       .blob_length = number % 2 == 0 ? 5 : 0,
                                       .booked_for_us = 1000 + number,
                                       .search_text = texts[number]};
}

static void consultation_comes_back_whole(void **state)
{
    struct fixture *fixture = *state;
    clinic_put(fixture);
    struct store_consultation from = consultation_of(2);
    from.lobby_at_us = 31;
    from.admitted_at_us = 32;
    from.started_at_us = 33;
    from.finished_at_us = 34;
    from.ended_at_us = 35;
    from.outcome = "advice";
    from.end_reason = "finished";
    from.pack_pinned = true;
    from.pack_hash = hash_of("pack");
    from.gap_s = 36;
    from.examined_s = 37;
    struct store_transaction *transaction = store_transaction_new();
    store_put_consultation(transaction, &from);
    commit(fixture, transaction);

    struct store_rows *rows = ask(fixture, STORE_QUERY_CONSULTATION_BY_ID, "c_02");
    static const struct {
        const char *column;
        int64_t value;
    } numbers[] = {{"over", 0},
                   {"revision", 1},
                   {"booked_for_us", 1002},
                   {"lobby_at_us", 31},
                   {"admitted_at_us", 32},
                   {"started_at_us", 33},
                   {"finished_at_us", 34},
                   {"ended_at_us", 35},
                   {"gap_s", 36},
                   {"examined_s", 37}};
    static const char *const texts[][2] = {{"id", "c_02"},        {"institution", "i_01"},
                                           {"patient", "p_01"},   {"physician", "s_01"},
                                           {"subject", "k_01"},   {"state", "booked"},
                                           {"outcome", "advice"}, {"end_reason", "finished"}};
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++)
        assert_int_equal(store_rows_integer(rows, 0, numbers[i].column), numbers[i].value);
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        assert_string_equal(store_rows_text(rows, 0, texts[i][0]), texts[i][1]);
    struct sha256 hash, pack = hash_of("pack");
    assert_true(store_rows_hash(rows, 0, "pack_hash", &hash));
    assert_memory_equal(&hash, &pack, sizeof(hash));
    struct span blob = store_rows_blob(rows, 0, "blob");
    assert_int_equal(blob.length, 5);
    assert_memory_equal(blob.data, "\0blob", 5);
    store_rows_free(rows);

    /* another clinic's console does not see it */
    const struct store_query mine = {
        .kind = STORE_QUERY_CONSULTATION_BY_ID, .key = "c_02", .institution = "i_01"};
    const struct store_query theirs = {
        .kind = STORE_QUERY_CONSULTATION_BY_ID, .key = "c_02", .institution = "i_02"};
    assert_int_equal(count_and_free(fixture_query(fixture, &mine)), 1);
    assert_int_equal(count_and_free(fixture_query(fixture, &theirs)), 0);
}

static void search_finds_and_pages(void **state)
{
    struct fixture *fixture = *state;
    clinic_put(fixture);
    struct store_transaction *transaction = store_transaction_new();
    for (int i = 0; i < 40; i++) {
        const struct store_consultation consultation = consultation_of(i);
        store_put_consultation(transaction, &consultation);
    }
    commit(fixture, transaction);
    static const struct {
        struct store_query query;
        size_t count;
    } cases[] = {
        {{.institution = NULL}, 40},
        {{.institution = "i_02"}, 8},
        {{.institution = "i_01"}, 32},
        {{.state = "booked"}, 20},
        {{.state = "booked", .physician = "s_02"}, 4},
        {{.from_us = 1010, .to_us = 1020}, 10},
        {{.text = "tanaka"}, 40},
        {{.text = "田中 07"}, 1},
        {{.text = "c_3"}, 10},
        {{.text = "%"}, 0},
        {{.text = "07' OR 1=1 --"}, 0},
        {{.limit = 7}, 7},
        {{.limit = 7, .first = 38}, 2},
        {{.institution = "i_02", .state = "booked", .from_us = 1010, .to_us = 1021}, 2},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct store_query query = cases[i].query;
        query.kind = STORE_QUERY_CONSULTATIONS_SEARCH;
        struct store_rows *rows = fixture_query(fixture, &query);
        assert_int_equal(store_rows_count(rows), cases[i].count);
        for (size_t k = 1; k < store_rows_count(rows); k++)
            assert_true(store_rows_integer(rows, k - 1, "booked_for_us") >
                        store_rows_integer(rows, k, "booked_for_us"));
        store_rows_free(rows);
    }
    struct store_rows *live = ask(fixture, STORE_QUERY_CONSULTATIONS_LIVE, NULL);
    assert_int_equal(store_rows_count(live), 20);
    for (size_t i = 0; i < 20; i++) {
        assert_string_equal(store_rows_text(live, i, "state"), "booked");
        assert_int_equal(store_rows_blob(live, i, "blob").length, 5);
    }
    store_rows_free(live);
    const struct store_query counts = {.kind = STORE_QUERY_COUNTS, .institution = "i_02"};
    struct store_rows *rows = fixture_query(fixture, &counts);
    assert_int_equal(store_rows_integer(rows, 0, "consultations"), 8);
    assert_int_equal(store_rows_integer(rows, 0, "live"), 4);
    assert_int_equal(store_rows_integer(rows, 0, "over"), 4);
    assert_int_equal(store_rows_integer(rows, 0, "patients"), 1);
    assert_int_equal(store_rows_integer(rows, 0, "staff"), 1);
    assert_int_equal(store_rows_integer(rows, 0, "records"), 1);
    assert_int_equal(store_rows_integer(rows, 0, "decisions"), 0);
    store_rows_free(rows);
}

static void put_invitation(struct fixture *fixture, int64_t redeemed_us)
{
    struct store_transaction *transaction = store_transaction_new();
    store_put_invitation(transaction,
                         &(struct store_invitation){
                             .id = id_of("v_01"),
                             .consultation = id_of("c_02"),
                             .patient = id_of("p_01"),
                             .secret = hash_of("link"),
                             .created_us = 41,
                             .expires_us = 42,
                             .redeemed_us = redeemed_us,
                             .device = redeemed_us > 0 ? id_of("b_01") : (struct id){.text = ""}});
    if (redeemed_us > 0)
        store_put_device(transaction, &(struct store_device){.id = id_of("b_01"),
                                                             .invitation = id_of("v_01"),
                                                             .consultation = id_of("c_02"),
                                                             .secret = hash_of("cookie"),
                                                             .created_us = 43,
                                                             .expires_us = 44});
    commit(fixture, transaction);
}

static void invitations_and_devices(void **state)
{
    struct fixture *fixture = *state;
    clinic_put(fixture);
    struct store_transaction *transaction = store_transaction_new();
    const struct store_consultation consultation = consultation_of(2);
    store_put_consultation(transaction, &consultation);
    commit(fixture, transaction);
    put_invitation(fixture, 0);
    struct store_rows *rows = ask_hash(fixture, STORE_QUERY_INVITATION_BY_HASH, "link");
    assert_int_equal(store_rows_count(rows), 1);
    assert_true(store_rows_is_null(rows, 0, "redeemed_us"));
    assert_false(id_is_set(&(struct id[]){store_rows_id(rows, 0, "device")}[0]));
    store_rows_free(rows);
    put_invitation(fixture, 45);
    rows = ask_hash(fixture, STORE_QUERY_INVITATION_BY_HASH, "link");
    assert_int_equal(store_rows_integer(rows, 0, "redeemed_us"), 45);
    assert_int_equal(store_rows_integer(rows, 0, "expires_us"), 42);
    assert_string_equal(store_rows_text(rows, 0, "device"), "b_01");
    assert_string_equal(store_rows_text(rows, 0, "consultation"), "c_02");
    assert_string_equal(store_rows_text(rows, 0, "patient"), "p_01");
    store_rows_free(rows);
    assert_int_equal(count_and_free(ask_hash(fixture, STORE_QUERY_INVITATION_BY_HASH, "guess")), 0);
    assert_int_equal(count_and_free(ask(fixture, STORE_QUERY_INVITATIONS_OF_CONSULTATION, "c_02")),
                     1);
    rows = ask_hash(fixture, STORE_QUERY_DEVICE_BY_HASH, "cookie");
    assert_string_equal(store_rows_text(rows, 0, "id"), "b_01");
    assert_string_equal(store_rows_text(rows, 0, "invitation"), "v_01");
    assert_string_equal(store_rows_text(rows, 0, "consultation"), "c_02");
    assert_int_equal(store_rows_integer(rows, 0, "expires_us"), 44);
    store_rows_free(rows);
    const struct id device = id_of("b_01"), visit = id_of("c_02"), other = id_of("c_03");
    const struct id nobody = {{0}};
    transaction = store_transaction_new();
    store_void_invitations(transaction, &other, &nobody, 41); /* another visit */
    store_void_invitations(transaction, &visit, &device,
                           50); /* has ended before; its browser stays */
    commit(fixture, transaction);
    rows = ask_hash(fixture, STORE_QUERY_INVITATION_BY_HASH, "link");
    assert_int_equal(store_rows_integer(rows, 0, "expires_us"), 42);
    store_rows_free(rows);
    assert_int_equal(count_and_free(ask_hash(fixture, STORE_QUERY_DEVICE_BY_HASH, "cookie")), 1);
    transaction = store_transaction_new();
    store_void_invitations(transaction, &visit, &nobody, 41);
    commit(fixture, transaction);
    rows = ask_hash(fixture, STORE_QUERY_INVITATION_BY_HASH, "link");
    assert_int_equal(store_rows_integer(rows, 0, "expires_us"), 41);
    store_rows_free(rows);
    assert_int_equal(count_and_free(ask_hash(fixture, STORE_QUERY_DEVICE_BY_HASH, "cookie")), 0);
    put_invitation(fixture, 45);
    transaction = store_transaction_new();
    store_delete_device(transaction, &device);
    commit(fixture, transaction);
    assert_int_equal(count_and_free(ask_hash(fixture, STORE_QUERY_DEVICE_BY_HASH, "cookie")), 0);
}

static void put_device_token(struct fixture *fixture, const char *id, const char *secret,
                             enum result expected)
{
    struct store_transaction *transaction = store_transaction_new();
    const struct store_device_token token = {.id = id_of(id),
                                             .consultation = id_of("c_02"),
                                             .secret = hash_of(secret),
                                             .publishes = true,
                                             .watches = 1,
                                             .created_us = 40,
                                             .expires_us = 90};
    store_put_device_token(transaction, &token);
    assert_int_equal(fixture_commit(fixture, transaction, NULL), expected);
}

static void device_tokens_open_until_revoked(void **state)
{
    struct fixture *fixture = *state;
    clinic_put(fixture);
    struct store_transaction *transaction = store_transaction_new();
    const struct store_consultation consultation = consultation_of(2);
    store_put_consultation(transaction, &consultation);
    commit(fixture, transaction);
    put_device_token(fixture, "g_01", "box", RESULT_OK);
    put_device_token(fixture, "g_01", "other", RESULT_EXISTS);
    put_device_token(fixture, "g_02", "box", RESULT_EXISTS);
    struct store_rows *rows = ask_hash(fixture, STORE_QUERY_DEVICE_TOKEN_BY_HASH, "box");
    assert_int_equal(store_rows_count(rows), 1);
    assert_string_equal(store_rows_text(rows, 0, "id"), "g_01");
    assert_string_equal(store_rows_text(rows, 0, "consultation"), "c_02");
    assert_int_equal(store_rows_integer(rows, 0, "publishes"), 1);
    assert_int_equal(store_rows_integer(rows, 0, "plays"), 0);
    assert_int_equal(store_rows_integer(rows, 0, "watches"), 1);
    assert_int_equal(store_rows_integer(rows, 0, "expires_us"), 90);
    assert_true(store_rows_is_null(rows, 0, "revoked_us"));
    store_rows_free(rows);
    assert_int_equal(count_and_free(ask_hash(fixture, STORE_QUERY_DEVICE_TOKEN_BY_HASH, "guess")),
                     0);
    const struct id token = id_of("g_01"), visit = id_of("c_02"), other = id_of("c_03");
    transaction = store_transaction_new();
    store_revoke_device_token(transaction, &token, &other, 50); /* of another consultation */
    assert_int_equal(fixture_commit(fixture, transaction, NULL), RESULT_NOT_FOUND);
    transaction = store_transaction_new();
    store_revoke_device_token(transaction, &token, &visit, 50);
    commit(fixture, transaction);
    transaction = store_transaction_new();
    store_revoke_device_token(transaction, &token, &visit, 60);
    assert_int_equal(fixture_commit(fixture, transaction, NULL), RESULT_NOT_FOUND);
    rows = ask(fixture, STORE_QUERY_DEVICE_TOKENS_OF_CONSULTATION, "c_02");
    assert_int_equal(store_rows_count(rows), 1);
    assert_int_equal(store_rows_integer(rows, 0, "revoked_us"), 50);
    store_rows_free(rows);
}

static void put_pack_and_decision(struct fixture *fixture, const char *bytes, enum result expected)
{
    struct store_transaction *transaction = store_transaction_new();
    store_put_pack(transaction, &(struct store_pack){.hash = hash_of("pack"),
                                                     .id = "jp-online-care",
                                                     .version = "1",
                                                     .bytes = bytes,
                                                     .length = strlen(bytes),
                                                     .stored_us = 51});
    struct store_decision decision = {.id = id_of("d_01"),
                                      .consultation = id_of("c_02"),
                                      .subject = id_of("k_01"),
                                      .gate = "G3",
                                      .verdict = "refuse",
                                      .pack_hash = hash_of("pack"),
                                      .rule_ids = "JP-OC-1.4-01",
                                      .suppliers = "{\"place.private\":\"pt\"}",
                                      .inputs = hash_of("digest"),
                                      .inputs_key = {1, 2, 3},
                                      .values = "{\"place.private\":false}",
                                      .at_us = 52};
    store_put_decision(transaction, &decision);
    assert_int_equal(fixture_commit(fixture, transaction, NULL), expected);
}

static void packs_and_decisions_never_change(void **state)
{
    struct fixture *fixture = *state;
    clinic_put(fixture);
    struct store_transaction *transaction = store_transaction_new();
    const struct store_consultation consultation = consultation_of(2);
    store_put_consultation(transaction, &consultation);
    commit(fixture, transaction);
    put_pack_and_decision(fixture, "first", RESULT_OK);
    put_pack_and_decision(fixture, "second", RESULT_EXISTS);

    struct store_rows *rows = ask_hash(fixture, STORE_QUERY_PACK_BY_HASH, "pack");
    assert_int_equal(store_rows_count(rows), 1);
    assert_string_equal(store_rows_text(rows, 0, "id"), "jp-online-care");
    assert_string_equal(store_rows_text(rows, 0, "version"), "1");
    assert_int_equal(store_rows_blob(rows, 0, "bytes").length, 5);
    assert_memory_equal(store_rows_blob(rows, 0, "bytes").data, "first", 5);
    store_rows_free(rows);
    rows = ask(fixture, STORE_QUERY_DECISIONS_OF_CONSULTATION, "c_02");
    assert_int_equal(store_rows_count(rows), 1);
    static const char *const texts[][2] = {{"id", "d_01"},
                                           {"consultation", "c_02"},
                                           {"subject", "k_01"},
                                           {"gate", "G3"},
                                           {"verdict", "refuse"},
                                           {"rule_ids", "JP-OC-1.4-01"},
                                           {"suppliers", "{\"place.private\":\"pt\"}"},
                                           {"values", "{\"place.private\":false}"}};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        assert_string_equal(store_rows_text(rows, 0, texts[i][0]), texts[i][1]);
    struct sha256 hash, expected = hash_of("digest"), key = {.bytes = {1, 2, 3}};
    assert_true(store_rows_hash(rows, 0, "inputs", &hash));
    assert_memory_equal(&hash, &expected, sizeof(hash));
    assert_true(store_rows_hash(rows, 0, "inputs_key", &hash));
    assert_memory_equal(&hash, &key, sizeof(hash));
    assert_int_equal(store_rows_integer(rows, 0, "at_us"), 52);
    store_rows_free(rows);
}

static void log_pages_heads_and_checkpoints(void **state)
{
    struct fixture *fixture = *state;
    const struct id consultation = id_of("c_02");
    for (int i = 0; i < 20; i++)
        commit(fixture, fixture_record(AUDIT_ACT_FACT_SUPPLY, &consultation));
    const struct store_query page = {.kind = STORE_QUERY_RECORDS, .first = 5, .limit = 4};
    struct store_rows *rows = fixture_query(fixture, &page);
    assert_int_equal(store_rows_count(rows), 4);
    assert_int_equal(store_rows_integer(rows, 3, "seq"), 8);
    struct sha256 leaf, head;
    const struct store_query leaves = {.kind = STORE_QUERY_LEAVES, .first = 20};
    const struct store_query skip = {
        .kind = STORE_QUERY_RECORDS_OF_CONSULTATION, .key = "c_02", .first = 18, .limit = 9};
    store_rows_free(rows);
    assert_int_equal(count_and_free(fixture_query(fixture, &skip)), 2);
    rows = fixture_query(fixture, &leaves);
    assert_int_equal(store_rows_count(rows), 1);
    assert_true(store_rows_hash(rows, 0, "leaf", &leaf));
    store_rows_free(rows);
    rows = ask(fixture, STORE_QUERY_LOG_HEAD, NULL);
    assert_string_equal(store_rows_text(rows, 0, "origin"), FIXTURE_ORIGIN);
    assert_string_equal(store_rows_text(rows, 0, "vkey"), FIXTURE_VKEY);
    assert_int_equal(store_rows_integer(rows, 0, "size"), 21);
    assert_true(store_rows_hash(rows, 0, "leaf", &head));
    assert_memory_equal(&head, &leaf, sizeof(leaf));
    store_rows_free(rows);

    assert_int_equal(count_and_free(ask(fixture, STORE_QUERY_CHECKPOINT_NEWEST, NULL)), 0);
    for (uint64_t size = 10; size <= 20; size += 10) {
        struct store_transaction *transaction = store_transaction_new();
        store_put_checkpoint(transaction, &(struct store_checkpoint){.size = size,
                                                                     .root = hash_of("root"),
                                                                     .note = "a\nnote\n",
                                                                     .at_us = 61});
        commit(fixture, transaction);
    }
    rows = ask(fixture, STORE_QUERY_CHECKPOINT_NEWEST, NULL);
    assert_int_equal(store_rows_integer(rows, 0, "size"), 20);
    assert_string_equal(store_rows_text(rows, 0, "note"), "a\nnote\n");
    assert_true(store_rows_hash(rows, 0, "root", &head));
    store_rows_free(rows);
}

static void count_answers(void *owner, enum result result, const struct store_rows *rows)
{
    assert_int_equal(result, RESULT_OK);
    *(unsigned *)owner += store_rows_count(rows) == 1;
}

static void queries_in_flight_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    unsigned answered = 0;
    const struct store_query query = {.kind = STORE_QUERY_LOG_HEAD};
    for (unsigned i = 0; i < STORE_QUERIES_MAX; i++)
        assert_int_equal(store_query(fixture->store, &query, count_answers, &answered), RESULT_OK);
    assert_int_equal(store_query(fixture->store, &query, count_answers, &answered), RESULT_FULL);
    assert_int_equal(answered, 0); /* callbacks come from dispatch alone */
    while (answered < STORE_QUERIES_MAX)
        fixture_wait(fixture);
    assert_int_equal(store_query(fixture->store, &query, count_answers, &answered), RESULT_OK);
    fixture_close(fixture);
    assert_int_equal(answered, STORE_QUERIES_MAX + 1);
}

#define TEST(function)                                                                             \
    {                                                                                              \
#function, function                                                                        \
    }

int main(void)
{
    static const struct fixture_test tests[] = {
        TEST(staff_and_institutions),           TEST(sessions_come_and_go),
        TEST(consultation_comes_back_whole),    TEST(search_finds_and_pages),
        TEST(device_tokens_open_until_revoked), TEST(invitations_and_devices),
        TEST(packs_and_decisions_never_change), TEST(log_pages_heads_and_checkpoints),
        TEST(queries_in_flight_are_bounded),
    };
    return fixture_run(tests, ARRAY_LENGTH(tests));
}
