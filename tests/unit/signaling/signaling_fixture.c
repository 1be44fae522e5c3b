#include "tests/unit/signaling/signaling_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/base/clock.h"
#include "gateway/base/text.h"
#include "tests/support/test_certificate.h"

static void fill_welcome(struct message_welcome *welcome)
{
    *welcome = (struct message_welcome){.resumed = false};
    strcpy(welcome->role, "patient");
    strcpy(welcome->institution, "試験診療所");
    strcpy(welcome->telephone, "+81-3-0000-0000");
}

static void on_hello(void *owner, struct handle socket, const struct message_hello *hello)
{
    struct fixture *fixture = owner;
    struct message_welcome welcome;
    struct message_error error = {.code = "ticket", .what = "no", .todo = "again"};
    fixture->hellos++;
    assert_true(hello->has_ticket);
    if (fixture->hello_answer == HELLO_LATER)
        fixture->pending_socket = socket;
    else if (fixture->hello_answer == HELLO_REFUSE)
        signaling_refuse(fixture->signaling, socket, &error);
    else {
        fill_welcome(&welcome);
        assert_int_equal(
            signaling_accept(fixture->signaling, socket, &welcome, fixture, &fixture->session),
            RESULT_OK);
    }
}

static void on_message(void *owner, struct handle session, uint32_t ref,
                       const struct message *message)
{
    struct fixture *fixture = owner;
    assert_true(handle_equal(session, fixture->session));
    assert_ptr_equal(signaling_session_context(fixture->signaling, session), fixture);
    fixture->messages++;
    fixture->last_type = message->type;
    fixture->last_ref = ref;
    if (message->type == MESSAGE_act)
        strcpy(fixture->last_event, message->act.event);
}

static void on_request(void *owner, const struct http_request *request)
{
    struct fixture *fixture = owner;
    fixture->requests++;
    snprintf(fixture->last_path, sizeof(fixture->last_path), "%s", request->path);
    snprintf(fixture->last_query, sizeof(fixture->last_query), "%s", request->query);
    snprintf(fixture->last_cookie, sizeof(fixture->last_cookie), "%s", request->cookie);
    snprintf(fixture->last_method, sizeof(fixture->last_method), "%s", request->method);
    snprintf(fixture->last_marker, sizeof(fixture->last_marker), "%s", request->marker);
    snprintf(fixture->last_language, sizeof(fixture->last_language), "%s", request->language);
    snprintf(fixture->last_prefix, sizeof(fixture->last_prefix), "%s", request->peer_prefix);
    snprintf(fixture->last_body, sizeof(fixture->last_body), "%.*s", (int)request->body.length,
             (const char *)request->body.data);
    fixture->last_origin_allowed = request->origin_allowed;
    struct http_response response = {.status = 200,
                                     .content_type = "application/json",
                                     .body = span_of("{\"ok\":true}", 11),
                                     .set_cookie = {"__Host-a=1; Secure; Path=/", NULL}};
    if (fixture->hold_requests)
        fixture->held_request = request->handle;
    else
        signaling_respond(fixture->signaling, request->handle, &response);
}

static void on_away(void *owner, struct handle session)
{
    struct fixture *fixture = owner;
    assert_true(handle_equal(session, fixture->session));
    fixture->away++;
}

static void on_resumed(void *owner, struct handle session)
{
    struct fixture *fixture = owner;
    assert_true(handle_equal(session, fixture->session));
    fixture->resumed++;
}

static void on_ended(void *owner, struct handle session, enum session_end why)
{
    struct fixture *fixture = owner;
    fixture->ended++;
    fixture->ended_why = why;
    fixture->ended_context = signaling_session_context(fixture->signaling, session);
}

void fixture_write_file(struct fixture *fixture, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", fixture->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

struct fixture *fixture_new(void)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    char path[128];
    strcpy(fixture->folder, "/tmp/tsunagi-signaling-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->certificate_file, sizeof(fixture->certificate_file), "%s/certificate.pem",
             fixture->folder);
    snprintf(fixture->key_file, sizeof(fixture->key_file), "%s/key.pem", fixture->folder);
    assert_true(test_certificate_write(&(struct test_certificate){.name = "first.example",
                                                                  .valid_from_s = -3600,
                                                                  .valid_until_s = 86400},
                                       fixture->certificate_file, fixture->key_file));
    snprintf(path, sizeof(path), "%s/assets", fixture->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    fixture_write_file(fixture, "index.html", "<!doctype html>start");
    fixture_write_file(fixture, "patient.html", "<!doctype html>patient");
    fixture_write_file(fixture, "assets/patient-ABCDEFG2.js", "console.log('plain')");
    fixture_write_file(fixture, "assets/patient-ABCDEFG2.js.gz", "pretend gzip");
    fixture_write_file(fixture, "assets/style.css", "body{}");
    fixture_write_file(fixture, "secret.txt", "not a page");
    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    fixture->options = (struct signaling_options){
        .bind_address = "127.0.0.1",
        .certificate_file = fixture->certificate_file,
        .key_file = fixture->key_file,
        .origins = {FIXTURE_ORIGIN},
        .origins_count = 1,
        .web_root = fixture->folder,
        .sockets_max = 64,
        .sockets_per_address_max = 32,
        .hello_timeout_us = 10 * US_PER_S,
        .header_timeout_us = 10 * US_PER_S,
        .body_timeout_us = 10 * US_PER_S,
        .ping_interval_us = 10 * US_PER_S,
        .resume_us = 180 * US_PER_S,
        .messages_per_second = 20,
        .messages_burst = 40,
    };
    return fixture;
}

void fixture_start(struct fixture *fixture)
{
    const struct signaling_handlers handlers = {.owner = fixture,
                                                .request = on_request,
                                                .hello = on_hello,
                                                .message = on_message,
                                                .away = on_away,
                                                .resumed = on_resumed,
                                                .ended = on_ended};
    assert_int_equal(signaling_start(&fixture->options, &handlers, &fixture->loop,
                                     &fixture->counters, &fixture->signaling),
                     RESULT_OK);
    fixture->port = signaling_port(fixture->signaling);
    assert_int_not_equal(fixture->port, 0);
}

void fixture_stop(struct fixture *fixture)
{
    fixture->signaling = signaling_stop(fixture->signaling);
}

struct fixture *fixture_free(struct fixture *fixture)
{
    char command[128];
    fixture_stop(fixture);
    assert_int_equal(uv_loop_close(&fixture->loop),
                     0); /* nothing of the room is left on the loop */
    snprintf(command, sizeof(command), "rm -r '%s'", fixture->folder);
    assert_int_equal(system(command), 0);
    free(fixture);
    return NULL;
}

void fixture_pump(void *fixture)
{
    uv_run(&((struct fixture *)fixture)->loop, UV_RUN_NOWAIT);
}

void fixture_run(struct fixture *fixture, int ms)
{
    int64_t until_us = clock_monotonic_us() + ms * US_PER_MS;
    while (clock_monotonic_us() < until_us) {
        fixture_pump(fixture);
        usleep(1000);
    }
}

void fixture_until(struct fixture *fixture, const int *what, int value)
{
    for (int i = 0; i < 300 && *what != value; i++)
        fixture_run(fixture, 10);
    assert_int_equal(*what, value);
}

struct ws_client *fixture_client(struct fixture *fixture)
{
    struct ws_client *client = calloc(1, sizeof(*client));
    assert_true(ws_client_open(client, fixture->port, fixture_pump, fixture));
    return client;
}

struct ws_client *fixture_socket(struct fixture *fixture)
{
    struct ws_client *client = fixture_client(fixture);
    assert_int_equal(ws_client_upgrade(client, "/ws", FIXTURE_ORIGIN, "tsunagi.v1"), 101);
    return client;
}

struct ws_client *fixture_session(struct fixture *fixture, char *ret_token, size_t size)
{
    struct ws_client *client = fixture_socket(fixture);
    struct message *message = malloc(sizeof(*message));
    assert_true(ws_client_text(
        client, "{\"type\":\"hello\",\"protocol\":1,\"language\":\"en\",\"ticket\":\"t\"}"));
    expect_message(client, MESSAGE_welcome, message);
    assert_false(message->welcome.resumed);
    assert_true(text_copy(ret_token, size, message->welcome.resume));
    message_done(message);
    free(message);
    return client;
}

struct ws_client *client_free(struct ws_client *client)
{
    ws_client_close(client);
    free(client);
    return NULL;
}

void expect_message(struct ws_client *client, enum message_type type, struct message *ret_message)
{
    struct ws_frame *frame = malloc(sizeof(*frame));
    struct message_problem problem;
    assert_true(ws_client_receive(client, frame, 2000));
    assert_int_equal(frame->opcode, WS_TEXT);
    enum result result =
        message_decode(span_of(frame->payload, frame->length), MESSAGE_OUT, ret_message, &problem);
    if (!result_ok(result))
        print_error("%s: %s %s\n", frame->payload, problem.code, problem.field);
    assert_int_equal(result, RESULT_OK);
    if (ret_message->type != type)
        print_error("wanted %s, got %s\n", MESSAGE_INFOS[type].name, frame->payload);
    assert_int_equal(ret_message->type, type);
    free(frame);
}

void expect_error(struct ws_client *client, const char *code, const char *field)
{
    struct message *message = malloc(sizeof(*message));
    expect_message(client, MESSAGE_error, message);
    assert_string_equal(message->error.code, code);
    assert_string_equal(message->error.field, field);
    assert_true(message->error.what[0] != 0 && message->error.todo[0] != 0);
    message_done(message);
    free(message);
}

int fixture_http(struct fixture *fixture, const char *request, char *ret_answer, size_t size)
{
    struct ws_client *client = fixture_client(fixture);
    assert_true(ws_client_write(client, request, strlen(request)));
    int status = ws_client_response(client, ret_answer, size, 2000);
    client_free(client);
    return status;
}
