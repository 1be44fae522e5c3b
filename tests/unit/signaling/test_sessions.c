/* WebSocket and sessions over a real TLS socket: framing bounds and close codes, hello, resume, time-outs, slow readers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/base/clock.h"
#include "tests/unit/signaling/signaling_fixture.h"

#define HELLO_TICKET "{\"type\":\"hello\",\"protocol\":1,\"language\":\"ja\",\"ticket\":\"t\"}"
#define TOKEN_SIZE   65

static int setup(void **state)
{
    struct fixture *fixture = fixture_new();
    fixture_start(fixture);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    *state = fixture_free(*state);
    return 0;
}

static void resume_with(struct ws_client *client, const char *token, int after)
{
    char text[256];
    snprintf(text, sizeof(text),
             "{\"type\":\"hello\",\"ref\":3,\"protocol\":1,\"language\":\"ja\",\"resume\":\"%s\","
             "\"after\":%d}",
             token, after);
    assert_true(ws_client_text(client, text));
}

static void send_notice(struct fixture *fixture, const char *code)
{
    struct message *message = calloc(1, sizeof(*message));
    message->type = MESSAGE_notice;
    strcpy(message->notice.code, code);
    strcpy(message->notice.text, "お知らせ");
    assert_int_equal(signaling_send(fixture->signaling, fixture->session, message), RESULT_OK);
    free(message);
}

static uint64_t expect_notice(struct ws_client *client, const char *code)
{
    struct message *message = malloc(sizeof(*message));
    expect_message(client, MESSAGE_notice, message);
    assert_string_equal(message->notice.code, code);
    uint64_t seq = message->seq;
    free(message);
    return seq;
}

static void hello_then_messages_then_bye(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_SIZE];
    struct ws_client *client = fixture_session(fixture, token, sizeof(token));
    assert_true(signaling_session_has_socket(fixture->signaling, fixture->session));
    assert_int_equal(signaling_session_language(fixture->signaling, fixture->session), 1);
    assert_true(strlen(token) == 43);
    assert_true(ws_client_text(
        client, "{\"type\":\"act\",\"ref\":9,\"consultation\":\"c_1\",\"event\":\"admit\"}"));
    fixture_until(fixture, &fixture->messages, 1);
    assert_int_equal(fixture->last_type, MESSAGE_act);
    assert_int_equal(fixture->last_ref, 9);
    assert_string_equal(fixture->last_event, "admit");
    send_notice(fixture, "one");
    assert_int_equal(expect_notice(client, "one"), 2); /* the welcome was 1 */
    send_notice(fixture, "two");
    assert_int_equal(expect_notice(client, "two"), 3);
    assert_true(ws_client_text(client, "{\"type\":\"bye\"}"));
    assert_int_equal(ws_client_close_code(client, 2000), 1000);
    assert_int_equal(fixture->ended, 1);
    assert_int_equal(fixture->ended_why, SESSION_END_BYE);
    assert_ptr_equal(fixture->ended_context, fixture);
    assert_int_equal(fixture->away, 0);
    struct message message = {.type = MESSAGE_notice};
    assert_int_equal(signaling_send(fixture->signaling, fixture->session, &message), RESULT_STALE);
    client_free(client);
}

static void nothing_before_hello_and_no_second_hello(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_SIZE];
    struct ws_client *client = fixture_socket(fixture);
    assert_true(ws_client_text(
        client, "{\"type\":\"act\",\"ref\":1,\"consultation\":\"c_1\",\"event\":\"admit\"}"));
    expect_error(client, "hello_first", "");
    assert_true(ws_client_text(client, "{\"type\":\"bye\"}"));
    expect_error(client, "hello_first", "");
    assert_true(ws_client_text(client, "{\"type\":\"hello\",\"protocol\":1,\"language\":\"ja\"}"));
    expect_error(client, "missing_field", "ticket");
    assert_true(ws_client_text(client, "{\"type\":\"hello\",\"protocol\":1,\"language\":\"ja\","
                                       "\"ticket\":\"t\",\"resume\":\"r\"}"));
    expect_error(client, "unknown_field", "ticket");
    assert_int_equal(fixture->hellos, 0);
    client_free(client);
    client = fixture_session(fixture, token, sizeof(token));
    assert_true(ws_client_text(client, HELLO_TICKET));
    expect_error(client, "already_authenticated", "");
    assert_int_equal(fixture->messages, 0);
    client_free(client);
}

static void a_late_answer_to_hello(void **state)
{
    struct fixture *fixture = *state;
    struct message *message = malloc(sizeof(*message));
    struct message_welcome welcome = {.role = "clerk", .institution = "x", .telephone = "1"};
    struct handle session;
    fixture->hello_answer = HELLO_LATER;
    struct ws_client *client = fixture_socket(fixture);
    assert_true(ws_client_text(client, HELLO_TICKET));
    fixture_until(fixture, &fixture->hellos, 1);
    assert_true(ws_client_text(client, HELLO_TICKET)); /* impatient: not heard twice */
    expect_error(client, "hello_first", "");
    assert_int_equal(fixture->hellos, 1);
    assert_int_equal(signaling_accept(fixture->signaling, fixture->pending_socket, &welcome,
                                      fixture, &fixture->session),
                     RESULT_OK);
    expect_message(client, MESSAGE_welcome, message);
    assert_string_equal(message->welcome.role, "clerk");
    assert_int_equal(message->welcome.resume_for, 180);
    assert_true(strncmp(message->welcome.session.text, "n_", 2) == 0);
    assert_int_equal(
        signaling_accept(fixture->signaling, fixture->pending_socket, &welcome, fixture, &session),
        RESULT_STALE);
    client_free(client);
    /* and one whose page left in between */
    client = fixture_socket(fixture);
    assert_true(ws_client_text(client, HELLO_TICKET));
    fixture_until(fixture, &fixture->hellos, 2);
    client_free(client);
    fixture_run(fixture, 100);
    assert_int_equal(
        signaling_accept(fixture->signaling, fixture->pending_socket, &welcome, fixture, &session),
        RESULT_STALE);
    free(message);
}

static void a_refused_hello_is_told_and_closed(void **state)
{
    struct fixture *fixture = *state;
    fixture->hello_answer = HELLO_REFUSE;
    struct ws_client *client = fixture_socket(fixture);
    assert_true(ws_client_text(client, HELLO_TICKET));
    expect_error(client, "ticket", "");
    assert_int_equal(ws_client_close_code(client, 2000), 1008);
    client_free(client);
}

static void malformed_messages_leave_the_socket_open(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_SIZE], bomb[3000];
    struct ws_client *client = fixture_session(fixture, token, sizeof(token));
    static const struct {
        const char *text, *code, *field;
    } cases[] = {
        {"", "not_json", ""},
        {"{", "not_json", ""},
        {"{\"type\":\"act\",\"type\":\"act\"}", "duplicate_key", ""},
        {"{\"type\":\"nothing\"}", "unknown_type", "type"},
        {"{\"type\":\"act\",\"consultation\":\"c_1\"}", "missing_field", "event"},
        {"{\"type\":\"act\",\"consultation\":\"c_1\",\"event\":\"admit\",\"x\":1}", "unknown_field",
         "x"},
        {"{\"type\":\"act\",\"consultation\":\"c_1\",\"event\":\"admit\",\"seat\":6}",
         "out_of_range", "seat"},
        {"{\"type\":\"welcome\",\"ref\":1}", "wrong_direction", "type"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_true(ws_client_text(client, cases[i].text));
        expect_error(client, cases[i].code, cases[i].field);
    }
    memset(bomb, '[', sizeof(bomb) - 1);
    bomb[sizeof(bomb) - 1] = 0;
    assert_true(ws_client_text(client, bomb));
    expect_error(client, "too_deep", "");
    assert_int_equal(counter_get(&fixture->counters, COUNTER_ws_malformed),
                     ARRAY_LENGTH(cases) + 1);
    assert_true(ws_client_text(client, "{\"type\":\"watch\",\"on\":true}"));
    fixture_until(fixture, &fixture->messages, 1);
    client_free(client);
}

static void close_codes_of_broken_frames(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        uint8_t first;
        const char *payload;
        size_t length;
        uint64_t announced;
        int code;
    } cases[] = {
        {0x80 | WS_BINARY, "abc", 3, 3, 1003},
        {0x80 | WS_TEXT, "\xff\xfe", 2, 2, 1007},
        {0x80 | WS_TEXT, "abc", 3, 65537, 1009}, /* already the header says so */
        {0x80 | WS_TEXT, "abc", 3, 16u << 20, 1009},
        {0xc0 | WS_TEXT, "abc", 3, 3, 1002}, /* reserved bit: no extension was agreed */
        {0x80 | 3, "abc", 3, 3, 1002},       /* reserved opcode */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct ws_client *client = fixture_socket(fixture);
        assert_true(ws_client_frame(client, cases[i].first, cases[i].payload, cases[i].length,
                                    cases[i].announced, true));
        int code = ws_client_close_code(client, 3000);
        if (code != cases[i].code)
            print_error("case %zu: %d, wanted %d\n", i, code, cases[i].code);
        assert_int_equal(code, cases[i].code);
        client_free(client);
    }
    assert_int_equal(counter_get(&fixture->counters, COUNTER_ws_oversized), 2);
    assert_int_equal(fixture->hellos + fixture->messages, 0);
}

static void a_message_of_64_kib_passes_and_one_byte_more_does_not(void **state)
{
    struct fixture *fixture = *state;
    for (int extra = 0; extra <= 1; extra++) {
        size_t length = SIGNALING_MESSAGE_MAX + (size_t)extra;
        char *text = malloc(length + 1);
        memset(text, ' ', length);
        text[length] = 0;
        memcpy(text, "{\"type\":\"bye\"}", 14);
        struct ws_client *client = fixture_socket(fixture);
        /* in three frames, the last one empty */
        assert_true(ws_client_frame(client, WS_TEXT, text, 40000, 40000, true));
        assert_true(ws_client_frame(client, WS_CONTINUATION, text + 40000, length - 40000,
                                    length - 40000, true));
        assert_true(ws_client_frame(client, 0x80 | WS_CONTINUATION, "", 0, 0, true));
        if (extra == 0)
            expect_error(client, "hello_first", "");
        else
            assert_int_equal(ws_client_close_code(client, 3000), 1009);
        client_free(client);
        free(text);
    }
}

static void floods_are_closed_with_1008(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_SIZE];
    struct ws_client *client = fixture_session(fixture, token, sizeof(token));
    for (int i = 0; i < 200; i++)
        if (!ws_client_text(client, "{\"type\":\"restart\"}"))
            break;
    assert_int_equal(ws_client_close_code(client, 3000), 1008);
    assert_true(fixture->messages >= 30 && fixture->messages < 80);
    assert_int_equal(counter_get(&fixture->counters, COUNTER_ws_flooded), 1);
    client_free(client);
    /* one message in hundreds of empty frames is a flood too */
    client = fixture_socket(fixture);
    assert_true(ws_client_frame(client, WS_TEXT, "{", 1, 1, true));
    for (int i = 0; i < 600; i++)
        if (!ws_client_frame(client, WS_CONTINUATION, " ", 1, 1, true))
            break;
    assert_int_equal(ws_client_close_code(client, 3000), 1008);
    client_free(client);
}

static void resume_replays_what_was_missed(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_SIZE];
    struct message *message = calloc(1, sizeof(*message));
    struct ws_client *client = fixture_session(fixture, token, sizeof(token));
    struct handle session = fixture->session;
    send_notice(fixture, "seen");
    uint64_t seen = expect_notice(client, "seen");
    send_notice(fixture, "lost"); /* sent, never read by the page */
    client_free(client);
    fixture_until(fixture, &fixture->away, 1);
    assert_false(signaling_session_has_socket(fixture->signaling, session));
    send_notice(fixture, "while_away");
    message->type = MESSAGE_done; /* ephemeral: not kept */
    message->done.ref = 5;
    assert_int_equal(signaling_send(fixture->signaling, session, message), RESULT_OK);

    client = fixture_socket(fixture);
    resume_with(client, token, (int)seen);
    expect_message(client, MESSAGE_welcome, message);
    assert_true(message->welcome.resumed);
    assert_int_equal(message->seq, seen);
    assert_string_not_equal(message->welcome.resume, token);
    assert_string_equal(message->welcome.institution, "試験診療所");
    assert_int_equal(expect_notice(client, "lost"), seen + 1);
    assert_int_equal(expect_notice(client, "while_away"), seen + 2);
    assert_int_equal(fixture->resumed, 1);
    assert_int_equal(fixture->ended, 0);
    assert_true(signaling_session_has_socket(fixture->signaling, session));
    assert_int_equal(signaling_session_language(fixture->signaling, session), 0);
    send_notice(fixture, "after");
    assert_int_equal(expect_notice(client, "after"), seen + 3);
    assert_int_equal(counter_get(&fixture->counters, COUNTER_ws_resumed), 1);
    client_free(client);
    free(message);
}

static void a_resume_token_works_once(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_SIZE];
    struct message *message = malloc(sizeof(*message));
    client_free(fixture_session(fixture, token, sizeof(token)));
    fixture_until(fixture, &fixture->away, 1);
    struct ws_client *client = fixture_socket(fixture);
    resume_with(client, token, 1);
    expect_message(client, MESSAGE_welcome, message);
    struct ws_client *thief = fixture_socket(fixture);
    resume_with(thief, token, 1);
    expect_error(thief, "unknown_session", "");
    /* the socket stays in hello: the page may come with a ticket */
    assert_true(ws_client_text(thief, HELLO_TICKET));
    expect_message(thief, MESSAGE_welcome, message);
    assert_int_equal(fixture->resumed, 1);
    client_free(thief);
    client_free(client);
    free(message);
}

static void a_resume_replaces_the_socket_that_seems_open(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_SIZE];
    struct message *message = malloc(sizeof(*message));
    struct ws_client *old = fixture_session(fixture, token, sizeof(token));
    struct ws_client *client = fixture_socket(fixture);
    resume_with(client, token, 1);
    expect_message(client, MESSAGE_welcome, message);
    assert_true(message->welcome.resumed);
    assert_int_equal(ws_client_close_code(old, 2000), 4001);
    fixture_run(fixture, 50);
    assert_int_equal(fixture->away, 0); /* it never was */
    assert_int_equal(fixture->resumed, 1);
    client_free(old);
    fixture_run(fixture, 50);
    assert_int_equal(fixture->away, 0);
    send_notice(fixture, "here");
    expect_notice(client, "here");
    client_free(client);
    fixture_until(fixture, &fixture->away, 1);
    free(message);
}

static void ending_a_session_says_goodbye_and_voids_the_token(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_SIZE];
    struct message *message = malloc(sizeof(*message));
    const struct message_goodbye goodbye = {
        .code = "removed", .text = "退出しました", .resume = false};
    struct ws_client *client = fixture_session(fixture, token, sizeof(token));
    signaling_session_end(fixture->signaling, fixture->session, &goodbye);
    assert_int_equal(fixture->ended, 1);
    assert_int_equal(fixture->ended_why, SESSION_END_CLOSED);
    /* what it still sends is not heard */
    assert_true(ws_client_text(client, "{\"type\":\"restart\"}"));
    expect_message(client, MESSAGE_goodbye, message);
    assert_string_equal(message->goodbye.code, "removed");
    assert_int_equal(ws_client_close_code(client, 2000), 1000);
    assert_int_equal(fixture->messages, 0);
    client_free(client);
    client = fixture_socket(fixture);
    resume_with(client, token, 1);
    expect_error(client, "unknown_session", "");
    signaling_session_end(fixture->signaling, fixture->session,
                          &goodbye); /* stale: nothing happens */
    assert_int_equal(fixture->ended, 1);
    client_free(client);
    free(message);
}

static void only_the_last_64_messages_are_kept(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_SIZE], code[16];
    struct message *message = malloc(sizeof(*message));
    client_free(fixture_session(fixture, token, sizeof(token)));
    fixture_until(fixture, &fixture->away, 1);
    for (int i = 0; i < SIGNALING_RESUME_QUEUE_MAX + 3; i++) {
        snprintf(code, sizeof(code), "n%d", i);
        send_notice(fixture, code);
    }
    struct ws_client *client = fixture_socket(fixture);
    resume_with(client, token, 1);
    expect_message(client, MESSAGE_welcome, message);
    for (int i = 3; i < SIGNALING_RESUME_QUEUE_MAX + 3; i++) {
        snprintf(code, sizeof(code), "n%d", i);
        assert_int_equal(expect_notice(client, code), i + 2);
    }
    client_free(client);
    free(message);
}

static int setup_short(void **state)
{
    struct fixture *fixture = fixture_new();
    fixture->options.hello_timeout_us = 300 * US_PER_MS;
    fixture->options.ping_interval_us = 200 * US_PER_MS;
    fixture->options.resume_us = 400 * US_PER_MS;
    fixture_start(fixture);
    *state = fixture;
    return 0;
}

static void a_socket_without_hello_is_cut(void **state)
{
    struct fixture *fixture = *state;
    struct ws_client *client = fixture_socket(fixture);
    int64_t start_us = clock_monotonic_us();
    assert_true(ws_client_text(client, "{\"type\":\"restart\"}")); /* refused, buys no time */
    expect_error(client, "hello_first", "");
    assert_int_not_equal(ws_client_close_code(client, 3000), -1);
    assert_true(clock_monotonic_us() - start_us < 2 * US_PER_S);
    client_free(client);
}

static void pings_are_sent_and_two_missed_end_the_socket(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_SIZE];
    struct ws_frame *frame = malloc(sizeof(*frame));
    struct ws_client *client = fixture_session(fixture, token, sizeof(token));
    /* answered for a second: stays */
    int64_t until_us = clock_monotonic_us() + US_PER_S;
    int pings = 0;
    while (clock_monotonic_us() < until_us && ws_client_receive_any(client, frame, 1000)) {
        assert_int_equal(frame->opcode, WS_PING);
        assert_true(ws_client_frame(client, 0x80 | WS_PONG, frame->payload, frame->length,
                                    frame->length, true));
        pings++;
    }
    assert_true(pings >= 3);
    assert_int_equal(fixture->away, 0);
    /* then silence */
    fixture_until(fixture, &fixture->away, 1);
    client_free(client);
    free(frame);
}

/* Somebody in the call who writes without end must not cost another the offer that waits for him. */
static void a_flood_of_one_type_displaces_itself(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_SIZE];
    struct message *message = calloc(1, sizeof(*message));
    client_free(fixture_session(fixture, token, sizeof(token)));
    fixture_until(fixture, &fixture->away, 1);
    send_notice(fixture, "precious");
    for (int i = 0; i < 2 * SIGNALING_RESUME_QUEUE_MAX; i++) {
        *message = (struct message){.type = MESSAGE_written};
        message->written.consultation = id_new('c');
        snprintf(message->written.text, sizeof(message->written.text), "%d", i);
        assert_int_equal(signaling_send(fixture->signaling, fixture->session, message), RESULT_OK);
    }
    struct ws_client *client = fixture_socket(fixture);
    resume_with(client, token, 1);
    expect_message(client, MESSAGE_welcome, message);
    expect_notice(client, "precious");
    for (int i = SIGNALING_RESUME_QUEUE_MAX + 1; i < 2 * SIGNALING_RESUME_QUEUE_MAX; i++) {
        expect_message(client, MESSAGE_written, message);
        assert_int_equal(atoi(message->written.text), i);
    }
    client_free(client);
    free(message);
}

static void a_session_nobody_resumes_expires(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_SIZE];
    client_free(fixture_session(fixture, token, sizeof(token)));
    fixture_until(fixture, &fixture->away, 1);
    assert_int_equal(fixture->ended, 0);
    fixture_until(fixture, &fixture->ended, 1);
    assert_int_equal(fixture->ended_why, SESSION_END_EXPIRED);
    struct ws_client *client = fixture_socket(fixture);
    resume_with(client, token, 1);
    expect_error(client, "unknown_session", "");
    client_free(client);
}

/* The page does not read: what is replaced anyway goes first, then the socket is closed; the session lives on. */
static void a_slow_reader_loses_its_socket_not_its_session(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_SIZE];
    struct message *message = calloc(1, sizeof(*message));
    struct ws_client *client = fixture_session(fixture, token, sizeof(token));
    message->type = MESSAGE_queue;
    enum result result = RESULT_OK;
    for (int i = 0; i < 400 && result_ok(result); i++)
        result = signaling_send(fixture->signaling, fixture->session, message);
    assert_int_equal(result, RESULT_OK); /* replaced, not piled up */
    for (int i = 0; i < 160; i++)
        send_notice(fixture, "piling");
    int code = -1;
    struct ws_frame *frame = malloc(sizeof(*frame));
    while (code < 0 && ws_client_receive(client, frame, 2000))
        code = frame->opcode == WS_CLOSE
                   ? (uint8_t)frame->payload[0] << 8 | (uint8_t)frame->payload[1]
                   : -1;
    assert_int_equal(code, 1013);
    client_free(client);
    fixture_until(fixture, &fixture->away, 1);
    assert_int_equal(fixture->ended, 0);
    free(frame);
    free(message);
}

static void stopping_closes_with_1001(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_SIZE];
    struct ws_client *client = fixture_session(fixture, token, sizeof(token));
    fixture_stop(fixture);
    assert_int_equal(ws_client_close_code(client, 1000), 1001);
    assert_int_equal(fixture->away + fixture->ended, 0); /* no handler is called while stopping */
    client_free(client);
}

static void draining_lets_nobody_new_in(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_SIZE];
    struct ws_client *client = fixture_session(fixture, token, sizeof(token));
    signaling_drain(fixture->signaling);
    struct ws_client *late = fixture_client(fixture);
    assert_int_equal(ws_client_upgrade(late, "/ws", FIXTURE_ORIGIN, "tsunagi.v1"), 503);
    client_free(late);
    assert_true(ws_client_text(client, "{\"type\":\"restart\"}"));
    fixture_until(fixture, &fixture->messages, 1);
    client_free(client);
}

/* One bad peer hurts only itself (P6). */
static void a_canary_lives_through_it_all(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_SIZE];
    struct ws_client *canary = fixture_session(fixture, token, sizeof(token));
    static const uint8_t junk[] = {0xff, 0xff, 0x00, 0x81, 0xfe, 0x7f, 0xff, 0x13, 0x37};
    for (int i = 0; i < 20; i++) {
        struct ws_client *bad = i % 2 == 0 ? fixture_socket(fixture) : fixture_client(fixture);
        assert_true(ws_client_write(bad, junk, sizeof(junk) - (size_t)(i % 5)));
        ws_client_wait(bad, 20);
        client_free(bad);
    }
    send_notice(fixture, "alive");
    expect_notice(canary, "alive");
    assert_int_equal(fixture->away, 0);
    client_free(canary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hello_then_messages_then_bye, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_before_hello_and_no_second_hello, setup, teardown),
        cmocka_unit_test_setup_teardown(a_late_answer_to_hello, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_hello_is_told_and_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(malformed_messages_leave_the_socket_open, setup, teardown),
        cmocka_unit_test_setup_teardown(close_codes_of_broken_frames, setup, teardown),
        cmocka_unit_test_setup_teardown(a_message_of_64_kib_passes_and_one_byte_more_does_not,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(floods_are_closed_with_1008, setup, teardown),
        cmocka_unit_test_setup_teardown(resume_replays_what_was_missed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_resume_token_works_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_resume_replaces_the_socket_that_seems_open, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(ending_a_session_says_goodbye_and_voids_the_token, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(only_the_last_64_messages_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flood_of_one_type_displaces_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(a_socket_without_hello_is_cut, setup_short, teardown),
        cmocka_unit_test_setup_teardown(pings_are_sent_and_two_missed_end_the_socket, setup_short,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_session_nobody_resumes_expires, setup_short, teardown),
        cmocka_unit_test_setup_teardown(a_slow_reader_loses_its_socket_not_its_session, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(stopping_closes_with_1001, setup, teardown),
        cmocka_unit_test_setup_teardown(draining_lets_nobody_new_in, setup, teardown),
        cmocka_unit_test_setup_teardown(a_canary_lives_through_it_all, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
