/* Records as bytes: the known answers of security-reliability §7.7, and what the format refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/audit/checkpoint.h"
#include "gateway/audit/record.h"
#include "gateway/audit/tree.h"
#include "gateway/base/clock.h"
#include "gateway/base/text.h"

#define ORIGIN "clinic.example/gw1/audit/2026"
#define VKEY   ORIGIN "+124a6efc+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define DAY_US (1795305600 * US_PER_S) /* 2026-11-22T00:00:00Z */

static void assert_base64(const struct sha256 *hash, const char *expected)
{
    char text[45];
    text_base64(span_of(hash->bytes, SHA256_BYTES), text, sizeof(text));
    assert_string_equal(text, expected);
}

static struct audit_place place_at(uint64_t seq, struct sha256 prev)
{
    return (struct audit_place){.origin = ORIGIN,
                                .seq = seq,
                                .prev = prev,
                                .wall_us = DAY_US + (int64_t)seq * US_PER_S,
                                .clock_error_ms = 5,
                                .boot = "b_0001",
                                .mono_ns = (int64_t)(seq + 1) * 1000000000};
}

static struct audit_draft draft_of(enum audit_act act, enum role role, const char *person,
                                   const char *kind, const char *object)
{
    struct audit_draft draft = {.act = act, .outcome = AUDIT_OK, .object_kind = kind};
    draft.actor.role = role;
    assert_true(text_copy(draft.actor.person.text, ID_TEXT_SIZE, person));
    assert_true(text_copy(draft.object.text, ID_TEXT_SIZE, object));
    return draft;
}

/* The five entries of §7.7. The page prints entry 2; sizes and leaf hashes of the others leave one reading. */
static void known_answers(void **state)
{
    (void)state;
    static const char *const leaves[] = {"eyMsTgcdJJiKwL2t2XOock1HFzBa4G2NaCQw6tN7qr0=",
                                         "7CjKNqAS6JADlefQliD62hB/NEFNvc2kZrpJX/CatHY=",
                                         "ibSuyUrRKc1rtWaCSJWlKOKcg20vwPJaPyCpgnngtIw=",
                                         "rbR/NgAvbYNWUiokJ9te7htpYKbci8TMiWFRzB7zLfg=",
                                         "eqv+lMC/0qY0bxHWDag+dHQv2zgCF7xZlIfly+nQFZ0="};
    static const size_t sizes[] = {301, 288, 383, 287, 292};
    static struct audit_sealed sealed = {.name = "identity", .subject = {.text = "s_9b21"}};
    struct audit_draft drafts[] = {
        draft_of(AUDIT_ACT_LOG_OPEN, ROLE_SYSTEM, "gw1", "log", ""),
        draft_of(AUDIT_ACT_CONSULT_CREATE, ROLE_ADMINISTRATOR, "u_7f3a", "consult", "c_01"),
        draft_of(AUDIT_ACT_INVITE_REDEEM, ROLE_PATIENT, "p_9b21", "consult", "c_01"),
        draft_of(AUDIT_ACT_CONSULT_ADMIT, ROLE_PHYSICIAN, "u_7f3a", "consult", "c_01"),
        draft_of(AUDIT_ACT_MEDIA_KEYS_DESTROYED, ROLE_SYSTEM, "gw1", "consult", "c_01"),
    };
    drafts[2].sealed_count = 1;
    drafts[2].sealed[0] = &sealed;
    uint8_t r[32];
    memset(r, 0x11, sizeof(r));
    static const char value[] = "{\"name\":\"PHI-CANARY-0001\"}";
    const struct sha256 commitment =
        audit_commitment(span_of(r, sizeof(r)), span_of(value, strlen(value)));
    assert_base64(&commitment, "ceig7FDeZjZr9Fk3gOSGcJCv/69I82WjDPKBkjkNPvQ=");

    struct sha256 prev = checkpoint_genesis(ORIGIN, VKEY);
    assert_base64(&prev, "Evl27Ml4xNw0qXSTNNWDxoL289JHkLSqPk9z9bCiubM=");
    struct tree_frontier tree = {.size = 0};
    for (size_t i = 0; i < ARRAY_LENGTH(drafts); i++) {
        char bytes[AUDIT_RECORD_BYTES_MAX];
        size_t length = 0;
        const struct audit_place place = place_at(i, prev);
        assert_int_equal(
            audit_record_encode(&drafts[i], &place, &commitment, bytes, sizeof(bytes), &length),
            RESULT_OK);
        assert_int_equal(length, sizes[i]);
        prev = tree_leaf_hash(span_of(bytes, length));
        assert_base64(&prev, leaves[i]);
        tree_frontier_append(&tree, &prev);
        if (i == 2)
            assert_memory_equal(
                bytes,
                "{\"act\":\"invite.redeem\",\"actor\":{\"id\":\"p_9b21\",\"k\":\"patient\"},"
                "\"boot\":\"b_0001\",\"log\":\"clinic.example/gw1/audit/2026\",\"mono\":3000000000,"
                "\"obj\":{\"id\":\"c_01\",\"k\":\"consult\"},\"out\":\"ok\",\"prev\":"
                "\"7CjKNqAS6JADlefQliD62hB/NEFNvc2kZrpJX/CatHY=\",\"sealed\":[{\"c\":"
                "\"ceig7FDeZjZr9Fk3gOSGcJCv/69I82WjDPKBkjkNPvQ=\",\"kid\":\"s_9b21\",\"n\":"
                "\"identity\"}],\"seq\":2,\"t\":\"2026-11-22T00:00:02.000000Z\",\"terr\":5,\"v\":"
                "1}",
                length);
    }
    const struct sha256 root = tree_frontier_root(&tree);
    assert_base64(&root, "CN59U2DFrKApdU8+5vVI3FmAzuh1e+xqKuwnbY1YvMQ=");
}

static void everything_optional_is_there_when_set(void **state)
{
    (void)state;
    struct audit_draft draft =
        draft_of(AUDIT_ACT_RULE_DECISION, ROLE_NURSE, "s_02", "consult", "c_02");
    draft.outcome = AUDIT_DENY;
    draft.actor.authentication = AUTHENTICATION_PASSWORD;
    assert_true(id_parse("i_01", &draft.actor.institution));
    assert_true(id_parse("n_01", &draft.actor.session));
    assert_true(id_parse("r_01", &draft.request));
    draft.has_rule = true;
    assert_true(text_copy(draft.rule, sizeof(draft.rule), "JP-OC-1.4-01"));
    draft.extra_count = 2;
    draft.extra[0] = (struct audit_extra){.key = "gate", .is_text = true, .text = "G3"};
    draft.extra[1] = (struct audit_extra){.key = "failed", .number = -3};
    char bytes[AUDIT_RECORD_BYTES_MAX + 1];
    size_t length = 0;
    const struct audit_place place = place_at(0, (struct sha256){.bytes = {0}});
    assert_int_equal(
        audit_record_encode(&draft, &place, NULL, bytes, AUDIT_RECORD_BYTES_MAX, &length),
        RESULT_OK);
    bytes[length] = 0;
    static const char zero[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    char expected[AUDIT_RECORD_BYTES_MAX];
    assert_true(text_format(
        expected, sizeof(expected),
        "{\"act\":\"rule.decision\",\"actor\":{\"auth\":\"password\",\"id\":\"s_02\",\"k\":"
        "\"staff\"},"
        "\"boot\":\"b_0001\",\"log\":\"" ORIGIN
        "\",\"mono\":1000000000,\"obj\":{\"id\":\"c_02\",\"k\":"
        "\"consult\"},\"out\":\"deny\",\"prev\":\"%s\",\"req\":\"r_01\",\"rule\":{\"id\":"
        "\"JP-OC-1.4-01\",\"in\":\"%s\",\"set\":\"%s\"},\"seq\":0,\"t\":\"2026-11-22T00:00:00."
        "000000Z\","
        "\"tenant\":\"i_01\",\"terr\":5,\"v\":1,\"x\":{\"failed\":-3,\"gate\":\"G3\",\"role\":"
        "\"nurse\","
        "\"session\":\"n_01\",\"v\":1}}",
        zero, zero, zero));
    assert_string_equal(bytes, expected);
}

static enum result encode(const struct audit_draft *draft, size_t size)
{
    char *bytes = malloc(size > 0 ? size : 1); /* exact, so ASan sees a byte too many */
    size_t length = 0;
    const struct audit_place place = place_at(7, (struct sha256){.bytes = {1}});
    static const struct sha256 commitments[AUDIT_SEALED_MAX] = {{.bytes = {2}}};
    enum result result = audit_record_encode(draft, &place, commitments, bytes, size, &length);
    free(bytes);
    return result;
}

static void what_the_format_cannot_carry_is_refused(void **state)
{
    (void)state;
    const struct audit_draft good =
        draft_of(AUDIT_ACT_STAFF_LOGIN, ROLE_CLERK, "s_03", "staff", "s_03");
    assert_int_equal(encode(&good, AUDIT_RECORD_BYTES_MAX), RESULT_OK);
    assert_int_equal(encode(&good, 100), RESULT_TOO_LARGE);
    assert_int_equal(encode(&good, 0), RESULT_TOO_LARGE);

    static const char *const texts[] = {"", "a b", "a\"b", "a\\b", "a\nb", "\xe5\xb1\xb1", "a\x7f"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct audit_draft draft = good;
        draft.extra_count = 1;
        draft.extra[0] = (struct audit_extra){.key = "reason", .is_text = true};
        assert_true(text_copy(draft.extra[0].text, sizeof(draft.extra[0].text), texts[i]));
        assert_int_equal(encode(&draft, AUDIT_RECORD_BYTES_MAX), RESULT_INVALID);
    }
    static const char *const keys[] = {"", "Key", "v", "k e", "twenty_five_letters_long_k", NULL};
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        struct audit_draft draft = good;
        draft.extra_count = 1;
        draft.extra[0] = (struct audit_extra){.key = keys[i], .number = 1};
        assert_int_equal(encode(&draft, AUDIT_RECORD_BYTES_MAX), RESULT_INVALID);
    }
    struct audit_draft twice = good;
    twice.extra_count = 2;
    twice.extra[0] = twice.extra[1] = (struct audit_extra){.key = "count", .number = 1};
    assert_int_equal(encode(&twice, AUDIT_RECORD_BYTES_MAX), RESULT_INVALID);

    struct audit_draft number = good;
    number.extra_count = 1;
    number.extra[0] = (struct audit_extra){.key = "count", .number = AUDIT_INTEGER_MAX};
    assert_int_equal(encode(&number, AUDIT_RECORD_BYTES_MAX), RESULT_OK);
    number.extra[0].number = AUDIT_INTEGER_MAX + 1;
    assert_int_equal(encode(&number, AUDIT_RECORD_BYTES_MAX), RESULT_INVALID);
    number.extra[0].number = -AUDIT_INTEGER_MAX - 1;
    assert_int_equal(encode(&number, AUDIT_RECORD_BYTES_MAX), RESULT_INVALID);

    struct audit_draft act = good;
    act.act = AUDIT_ACT_COUNT;
    assert_int_equal(encode(&act, AUDIT_RECORD_BYTES_MAX), RESULT_INVALID);
    struct audit_draft sealed = good;
    sealed.sealed_count = 1; /* and none there */
    assert_int_equal(encode(&sealed, AUDIT_RECORD_BYTES_MAX), RESULT_INVALID);
}

static void the_fullest_record_fits(void **state)
{
    (void)state;
    struct audit_draft draft =
        draft_of(AUDIT_ACT_MEDIA_FINGERPRINT_MISMATCH, ROLE_ADMINISTRATOR, "", "consult", "");
    draft.outcome = AUDIT_INTENT;
    draft.actor.person = id_new('s');
    draft.actor.institution = id_new('i');
    draft.actor.session = id_new('n');
    draft.actor.authentication = AUTHENTICATION_PASSWORD;
    draft.object = id_new('c');
    draft.request = id_new('r');
    draft.has_rule = true;
    memset(draft.rule, 'R', sizeof(draft.rule) - 1);
    static struct audit_sealed sealed = {.name = "a_rather_long_name"};
    sealed.subject = id_new('k');
    draft.sealed_count = AUDIT_SEALED_MAX;
    for (size_t i = 0; i < AUDIT_SEALED_MAX; i++)
        draft.sealed[i] = &sealed;
    static const char keys[AUDIT_EXTRA_MAX][25] = {
        "aaaaaaaaaaaaaaaaaaaaaaaa", "baaaaaaaaaaaaaaaaaaaaaaa", "caaaaaaaaaaaaaaaaaaaaaaa",
        "daaaaaaaaaaaaaaaaaaaaaaa", "eaaaaaaaaaaaaaaaaaaaaaaa", "faaaaaaaaaaaaaaaaaaaaaaa",
        "gaaaaaaaaaaaaaaaaaaaaaaa", "haaaaaaaaaaaaaaaaaaaaaaa", "iaaaaaaaaaaaaaaaaaaaaaaa",
        "jaaaaaaaaaaaaaaaaaaaaaaa", "kaaaaaaaaaaaaaaaaaaaaaaa", "laaaaaaaaaaaaaaaaaaaaaaa"};
    draft.extra_count = AUDIT_EXTRA_MAX;
    for (size_t i = 0; i < AUDIT_EXTRA_MAX; i++) {
        draft.extra[i].key = keys[i];
        draft.extra[i].is_text = true;
        memset(draft.extra[i].text, 'T', sizeof(draft.extra[i].text) - 1);
    }
    assert_int_equal(encode(&draft, AUDIT_RECORD_BYTES_MAX), RESULT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(everything_optional_is_there_when_set),
        cmocka_unit_test(what_the_format_cannot_carry_is_refused),
        cmocka_unit_test(the_fullest_record_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
