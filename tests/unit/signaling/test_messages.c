/* Decoder, encoder and bounds of tsunagi.v1. Each refusal is checked with its code and field, at the limit and one past. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "signaling/messages/message.h"
#include "signaling/messages/message_shape.h"

static enum result decode(const char *text, struct message *ret_message,
                          struct message_problem *ret_problem)
{
    /* An exact copy, so the address sanitizer sees one byte too far. */
    size_t length = strlen(text);
    char *copy = malloc(length > 0 ? length : 1);
    memcpy(copy, text, length);
    enum result result =
        message_decode(span_of(copy, length), MESSAGE_IN, ret_message, ret_problem);
    free(copy);
    return result;
}

static void refuses(const char *text, const char *code, const char *field)
{
    struct message *message = malloc(sizeof(*message));
    struct message_problem problem;
    enum result result = decode(text, message, &problem);
    if (result_ok(result) || strcmp(problem.code, code) != 0 || strcmp(problem.field, field) != 0)
        print_error("%.200s\n  gave %s '%s', wanted %s '%s'\n", text, problem.code, problem.field,
                    code, field);
    assert_int_not_equal(result, RESULT_OK);
    assert_string_equal(problem.code, code);
    assert_string_equal(problem.field, field);
    free(message);
}

static void accepts(const char *text)
{
    struct message *message = malloc(sizeof(*message));
    struct message_problem problem;
    enum result result = decode(text, message, &problem);
    if (!result_ok(result))
        print_error("%.200s\n  gave %s '%s'\n", text, problem.code, problem.field);
    assert_int_equal(result, RESULT_OK);
    message_done(message);
    free(message);
}

static void hello_and_its_options(void **state)
{
    (void)state;
    struct message *message = malloc(sizeof(*message));
    struct message_problem problem;
    assert_int_equal(decode("{\"type\":\"hello\",\"protocol\":1,\"language\":\"ja\",\"resume\":"
                            "\"abc\",\"after\":9}",
                            message, &problem),
                     RESULT_OK);
    assert_int_equal(message->type, MESSAGE_hello);
    assert_int_equal(message->ref, 0);
    assert_int_equal(message->hello.protocol, 1);
    assert_string_equal(message->hello.language, "ja");
    assert_false(message->hello.has_ticket);
    assert_true(message->hello.has_resume);
    assert_string_equal(message->hello.resume, "abc");
    assert_true(message->hello.has_after);
    assert_int_equal(message->hello.after, 9);
    message_done(message);
    free(message);
}

static void names_the_field_that_is_wrong(void **state)
{
    (void)state;
    refuses("{\"type\":\"join\"}", "missing_field", "consultation");
    refuses("{\"type\":\"join\",\"consultation\":7}", "wrong_type", "consultation");
    refuses("{\"type\":\"join\",\"consultation\":\"X_1\"}", "bad_id", "consultation");
    refuses("{\"type\":\"join\",\"consultation\":\"c_1\",\"media\":1}", "wrong_type", "media");
    refuses("{\"type\":\"join\",\"consultation\":\"c_1\",\"Extra!\":1}", "unknown_field", "_xtra_");
    refuses("{\"type\":\"act\",\"consultation\":\"c_1\",\"event\":\"Admit\"}", "bad_name", "event");
    refuses("{\"type\":\"act\",\"consultation\":\"c_1\",\"event\":\"\"}", "bad_name", "event");
    refuses("{\"type\":\"act\",\"consultation\":\"c_1\",\"event\":\"admit\",\"seat\":6}",
            "out_of_range", "seat");
    refuses("{\"type\":\"act\",\"consultation\":\"c_1\",\"event\":\"admit\",\"seat\":-1}",
            "out_of_range", "seat");
    refuses("{\"type\":\"act\",\"consultation\":\"c_1\",\"event\":\"admit\",\"seat\":1.0}",
            "wrong_type", "seat");
    accepts("{\"type\":\"act\",\"ref\":1,\"consultation\":\"c_1\",\"event\":\"admit\",\"seat\":5}");
    refuses("{\"type\":\"bye\",\"ref\":0}", "out_of_range", "ref");
    refuses("{\"type\":\"bye\",\"ref\":2147483648}", "out_of_range", "ref");
    accepts("{\"type\":\"bye\",\"ref\":2147483647}");
    refuses("{\"type\":\"bye\",\"seq\":1}", "unknown_field", "seq");
    refuses("{\"type\":\"welcome\",\"seq\":1}", "unknown_field", "seq");
    refuses("{\"type\":\"welcome\"}", "wrong_direction", "type");
    refuses("{\"type\":\"nothing\"}", "unknown_type", "type");
    refuses("{\"type\":3}", "missing_field", "type");
    refuses("{}", "missing_field", "type");
    refuses("[]", "not_an_object", "");
}

static void refuses_what_is_not_strict_json(void **state)
{
    (void)state;
    refuses("", "not_json", "");
    refuses("{\"type\":\"bye\"}x", "not_json", "");
    refuses("{\"type\":\"bye\",}", "not_json", "");
    refuses("\xef\xbb\xbf{\"type\":\"bye\"}", "not_json", "");
    refuses("{\"type\":\"bye\",\"type\":\"bye\"}", "duplicate_key", "");
    refuses(
        "{\"type\":\"fact\",\"consultation\":\"c_1\",\"name\":\"a\",\"value\":{\"b\":1,\"b\":2}}",
        "duplicate_key", "");
    refuses("{\"type\":\"candidate\",\"candidate\":\"\xc0\xaf\"}", "not_json", ""); /* overlong */
    refuses("{\"type\":\"candidate\",\"candidate\":\"\\ud800\"}", "not_json",
            ""); /* lone surrogate */
    refuses("{\"type\":\"candidate\",\"candidate\":\"a\\u0000b\"}", "not_json", ""); /* NUL */
    refuses("{\"type\":\"candidate\",\"candidate\":\"a\\u0007b\"}", "bad_text", "candidate");
    refuses("{\"type\":\"hello\",\"protocol\":1e400,\"language\":\"ja\"}", "not_json", "");
    refuses("{\"type\":\"hello\",\"protocol\":99999999999999999999,\"language\":\"ja\"}",
            "not_json", "");
}

/* {"type":"bye","x":[[…]]} with `depth` nested containers in all */
static char *nested(int depth)
{
    char *text = calloc(1, (size_t)depth * 2 + 64);
    strcpy(text, "{\"type\":\"bye\",\"x\":");
    for (int i = 1; i < depth; i++)
        strcat(text, "[");
    for (int i = 1; i < depth; i++)
        strcat(text, "]");
    strcat(text, "}");
    return text;
}

static void depth_and_keys_are_bounded(void **state)
{
    (void)state;
    char *limit = nested(16), *over = nested(17), *bomb = malloc(60000);
    refuses(limit, "unknown_field", "x"); /* parsed: the field is what is wrong */
    refuses(over, "too_deep", "");
    memset(bomb, '[', 59999);
    bomb[59999] = 0;
    refuses(bomb, "too_deep", "");
    accepts("{\"type\":\"candidate\",\"candidate\":\"[[[[[[[[[[[[[[[[[[[[{{{{{{{{{{\\\"[[[[[[[\"}");
    for (int keys = 256; keys <= 257; keys++) {
        size_t used = (size_t)sprintf(bomb, "{\"type\":\"bye\"");
        for (int i = 1; i < keys; i++)
            used += (size_t)sprintf(bomb + used, ",\"k%d\":0", i);
        strcpy(bomb + used, "}");
        refuses(bomb, keys == 256 ? "unknown_field" : "too_many_keys", keys == 256 ? "k1" : "");
    }
    free(limit);
    free(over);
    free(bomb);
}

/* A message with a text of `length` bytes in its last field. */
static char *with_text(const char *head, size_t length)
{
    char *text = malloc(strlen(head) + length + 8);
    size_t used = (size_t)sprintf(text, "%s", head);
    memset(text + used, 'a', length);
    strcpy(text + used + length, "\"}");
    return text;
}

static void sizes_at_the_limit_and_one_past(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        size_t max;
        const char *field;
    } cases[] = {
        {"{\"type\":\"candidate\",\"candidate\":\"", 512, "candidate"},
        {"{\"type\":\"answer\",\"offer\":1,\"sdp\":\"", 32768, "sdp"},
        {"{\"type\":\"act\",\"consultation\":\"c_1\",\"event\":\"", 32, "event"},
        {"{\"type\":\"fact\",\"consultation\":\"c_1\",\"name\":\"a\",\"value\":\"", 39, "value"},
        {"{\"type\":\"hello\",\"protocol\":1,\"language\":\"ja\",\"ticket\":\"", 64, "ticket"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char *text = with_text(cases[i].head, cases[i].max);
        accepts(text);
        free(text);
        text = with_text(cases[i].head, cases[i].max + 1);
        refuses(text, "too_long", cases[i].field);
        free(text);
    }
    size_t head = strlen("{\"type\":\"candidate\",\"candidate\":\"\"}");
    char *text = with_text("{\"type\":\"candidate\",\"candidate\":\"", MESSAGE_TEXT_MAX - head);
    refuses(text, "too_long", "candidate");
    free(text);
    text = with_text("{\"type\":\"candidate\",\"candidate\":\"", MESSAGE_TEXT_MAX - head + 1);
    refuses(text, "too_large", "");
    free(text);
}

static void scalars_of_every_kind(void **state)
{
    (void)state;
    struct message *message = malloc(sizeof(*message));
    struct message_problem problem;
    char name[MESSAGE_SCALAR_NAME_SIZE];
    size_t cursor = 0;
    assert_int_equal(decode("{\"type\":\"fact\",\"consultation\":\"c_1\",\"name\":\"a.b\","
                            "\"value\":[\"x\",\"yy\"]}",
                            message, &problem),
                     RESULT_OK);
    assert_int_equal(message->fact.value.kind, MESSAGE_SCALAR_SET);
    assert_true(message_scalar_next(&message->fact.value, &cursor, name));
    assert_string_equal(name, "x");
    assert_true(message_scalar_next(&message->fact.value, &cursor, name));
    assert_string_equal(name, "yy");
    assert_false(message_scalar_next(&message->fact.value, &cursor, name));
    assert_int_equal(
        decode("{\"type\":\"fact\",\"consultation\":\"c_1\",\"name\":\"a\",\"value\":[]}", message,
               &problem),
        RESULT_OK);
    assert_int_equal(message->fact.value.kind, MESSAGE_SCALAR_SET);
    assert_string_equal(message->fact.value.names, "");
    assert_int_equal(
        decode("{\"type\":\"fact\",\"consultation\":\"c_1\",\"name\":\"a\",\"value\":-42}", message,
               &problem),
        RESULT_OK);
    assert_int_equal(message->fact.value.integer, -42);
    assert_int_equal(
        decode("{\"type\":\"fact\",\"consultation\":\"c_1\",\"name\":\"a\",\"value\":true}",
               message, &problem),
        RESULT_OK);
    assert_true(message->fact.value.boolean);
    refuses("{\"type\":\"fact\",\"consultation\":\"c_1\",\"name\":\"a\",\"value\":null}",
            "wrong_type", "value");
    refuses("{\"type\":\"fact\",\"consultation\":\"c_1\",\"name\":\"a\",\"value\":1.5}",
            "wrong_type", "value");
    refuses("{\"type\":\"fact\",\"consultation\":\"c_1\",\"name\":\"a\",\"value\":[1]}",
            "wrong_type", "value");
    refuses("{\"type\":\"fact\",\"consultation\":\"c_1\",\"name\":\"a\",\"value\":[\"A\"]}",
            "bad_name", "value");
    refuses(
        "{\"type\":\"fact\",\"consultation\":\"c_1\",\"name\":\"a\",\"value\":9007199254740992}",
        "out_of_range", "value");
    free(message);
}

/* Fills every field of a row with something legal and, where it is bounded, as large as it may be. */
static void fill_fields(const struct message_field *fields, char *self)
{
    for (const struct message_field *field = fields; field->name != NULL; field++) {
        char *place = self + field->offset;
        char *sdp;
        uint32_t count = (uint32_t)field->maximum;
        if (field->flag_offset != FIELD_NO_FLAG)
            *(bool *)(self + field->flag_offset) = true;
        switch (field->kind) {
        case FIELD_TEXT:
        case FIELD_NAME:
            memset(place, 'x', (size_t)field->maximum);
            break;
        case FIELD_LONGTEXT:
            sdp = strdup("v=0\r\na=b\r\n");
            memcpy(place, &sdp, sizeof(sdp));
            break;
        case FIELD_IDENT:
            strcpy(place, "c_0123456789abcdef0123456789abcdef");
            break;
        case FIELD_INTEGER:
            memcpy(place, &field->maximum, sizeof(field->maximum));
            break;
        case FIELD_BOOLEAN:
            *place = 1;
            break;
        case FIELD_SCALAR:
            assert_true(message_scalar_add((struct message_scalar *)(void *)place, "first"));
            assert_true(message_scalar_add((struct message_scalar *)(void *)place, "second"));
            break;
        case FIELD_ONE:
            fill_fields(field->object_fields(), place);
            break;
        case FIELD_LIST:
            for (uint32_t i = 0; i < count; i++)
                fill_fields(field->object_fields(), place + i * field->stride);
            memcpy(self + field->count_offset, &count, sizeof(count));
            break;
        }
    }
}

/* Every row, full and with its optional fields left out where zero is legal: encode, decode, encode gives the same text. */
static void every_row_survives_the_round_trip(void **state)
{
    (void)state;
    struct message *first = malloc(sizeof(*first)), *second = malloc(sizeof(*second));
    for (unsigned type = 0; type < MESSAGE_TYPES_COUNT; type++) {
        struct message_problem problem;
        char *text = NULL, *again = NULL;
        size_t length = 0, again_length = 0;
        memset(first, 0, sizeof(*first));
        first->type = (enum message_type)type;
        first->ref = MESSAGE_INFOS[type].direction == MESSAGE_IN ? 77 : 0;
        first->seq = MESSAGE_INFOS[type].direction == MESSAGE_OUT ? 99 : 0;
        fill_fields(message_fields((enum message_type)type), (char *)first + MESSAGE_BODY_OFFSET);
        enum result result = message_encode(first, &text, &length, &problem);
        if (!result_ok(result))
            print_error("%s: %s %s\n", MESSAGE_INFOS[type].name, problem.code, problem.field);
        assert_int_equal(result, RESULT_OK);
        result =
            message_decode(span_of(text, length), MESSAGE_INFOS[type].direction, second, &problem);
        if (!result_ok(result))
            print_error("%s: %s %s\n", MESSAGE_INFOS[type].name, problem.code, problem.field);
        assert_int_equal(result, RESULT_OK);
        assert_int_equal(second->ref, first->ref);
        assert_int_equal(second->seq, first->seq);
        assert_int_equal(message_encode(second, &again, &again_length, &problem), RESULT_OK);
        assert_string_equal(text, again);
        free(text);
        free(again);
        message_done(first);
        message_done(second);
    }
    free(first);
    free(second);
}

static void encoder_keeps_the_bounds(void **state)
{
    (void)state;
    struct message *message = calloc(1, sizeof(*message));
    struct message_problem problem;
    char *text = NULL;
    size_t length = 0;
    message->type = MESSAGE_consultation;
    assert_int_equal(message_encode(message, &text, &length, &problem), RESULT_INVALID);
    assert_string_equal(problem.code, "bad_id");
    assert_string_equal(problem.field, "id");
    strcpy(message->consultation.id.text, "c_1");
    strcpy(message->consultation.state, "lobby");
    strcpy(message->consultation.pack, "jp");
    message->consultation.roster_count = 2;
    for (int i = 0; i < 2; i++) {
        strcpy(message->consultation.roster[i].role, "patient");
        strcpy(message->consultation.roster[i].status, "waiting");
    }
    assert_int_equal(message_encode(message, &text, &length, &problem), RESULT_OK);
    free(text);
    strcpy(message->consultation.roster[1].role, "Patient");
    assert_int_equal(message_encode(message, &text, &length, &problem), RESULT_INVALID);
    assert_string_equal(problem.code, "bad_name");
    assert_string_equal(problem.field, "roster.1.role");
    strcpy(message->consultation.roster[1].role, "patient");
    message->consultation.roster_count = 7;
    assert_int_equal(message_encode(message, &text, &length, &problem), RESULT_INVALID);
    assert_string_equal(problem.code, "too_many");
    message->consultation.roster_count = 0;
    message->consultation.has_position = true;
    message->consultation.position = 10000;
    assert_int_equal(message_encode(message, &text, &length, &problem), RESULT_INVALID);
    assert_string_equal(problem.field, "position");
    memset(message, 0, sizeof(*message));
    message->type = MESSAGE_offer; /* no SDP given */
    strcpy(message->offer.consultation.text, "c_1");
    message->offer.offer = 1;
    assert_int_equal(message_encode(message, &text, &length, &problem), RESULT_INVALID);
    assert_string_equal(problem.field, "sdp");
    free(message);
}

static void ref_can_be_answered_when_the_rest_is_wrong(void **state)
{
    (void)state;
    struct message *message = malloc(sizeof(*message));
    struct message_problem problem;
    assert_int_equal(decode("{\"type\":\"join\",\"ref\":12}", message, &problem), RESULT_INVALID);
    assert_int_equal(problem.ref, 12);
    assert_int_equal(decode("{\"type\":\"what\",\"ref\":13}", message, &problem), RESULT_INVALID);
    assert_int_equal(problem.ref, 13);
    free(message);
}

static void scalar_helpers_refuse_what_does_not_fit(void **state)
{
    (void)state;
    struct message_scalar scalar;
    assert_true(message_scalar_name("care_facility", &scalar));
    assert_false(message_scalar_name("Care", &scalar));
    assert_false(message_scalar_name("", &scalar));
    assert_false(message_scalar_name("a123456789012345678901234567890123456789", &scalar)); /* 40 */
    assert_true(message_scalar_name("a12345678901234567890123456789012345678", &scalar));   /* 39 */
    unsigned added = 0;
    memset(&scalar, 0, sizeof(scalar));
    while (message_scalar_add(&scalar, "a12345678901234567890123456789012345678"))
        added++;
    assert_int_equal(added, 8); /* 8 × 39 names + 7 spaces + NUL = 320 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_and_its_options),
        cmocka_unit_test(names_the_field_that_is_wrong),
        cmocka_unit_test(refuses_what_is_not_strict_json),
        cmocka_unit_test(depth_and_keys_are_bounded),
        cmocka_unit_test(sizes_at_the_limit_and_one_past),
        cmocka_unit_test(scalars_of_every_kind),
        cmocka_unit_test(every_row_survives_the_round_trip),
        cmocka_unit_test(encoder_keeps_the_bounds),
        cmocka_unit_test(ref_can_be_answered_when_the_rest_is_wrong),
        cmocka_unit_test(scalar_helpers_refuse_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
