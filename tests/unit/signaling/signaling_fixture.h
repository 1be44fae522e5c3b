/* A real signaling room on loopback with a certificate made for the test, recording handlers and a raw client's pump. */
#ifndef TESTS_UNIT_SIGNALING_SIGNALING_FIXTURE_H
#define TESTS_UNIT_SIGNALING_SIGNALING_FIXTURE_H

#include <uv.h>

#include "signaling/signaling.h"
#include "tests/support/ws_client.h"

#define FIXTURE_ORIGIN "https://clinic.example:8443"

enum hello_answer { HELLO_ACCEPT, HELLO_REFUSE, HELLO_LATER };

struct fixture {
    uv_loop_t loop;
    char folder[64];
    char certificate_file[128], key_file[128];
    struct signaling_options options;
    struct counters counters;
    struct signaling *signaling;
    uint16_t port;

    /* what the handlers do */
    enum hello_answer hello_answer;
    bool hold_requests;

    /* what the handlers saw */
    int requests, hellos, messages, away, resumed, ended;
    enum session_end ended_why;
    struct handle session, pending_socket, held_request;
    enum message_type last_type;
    uint32_t last_ref;
    char last_event[64];
    char last_body[256], last_query[256], last_path[256], last_cookie[256], last_prefix[48],
        last_method[8], last_marker[64], last_language[3];
    bool last_origin_allowed;
    void *ended_context;
};

/* Defaults, files, no server yet. */
struct fixture *fixture_new(void);
void fixture_start(struct fixture *fixture);
void fixture_stop(struct fixture *fixture);
struct fixture *fixture_free(struct fixture *fixture);
/* One turn of the loop. */
void fixture_pump(void *fixture);
/* Turns of the loop for that long. */
void fixture_run(struct fixture *fixture, int ms);
/* Turns of the loop until `*what` is `value`; fails the test after three seconds. */
void fixture_until(struct fixture *fixture, const int *what, int value);
void fixture_write_file(struct fixture *fixture, const char *name, const char *text);

struct ws_client *fixture_client(struct fixture *fixture);
/* Opened, upgraded with the right headers. */
struct ws_client *fixture_socket(struct fixture *fixture);
/* … and said hello with a ticket; the welcome's resume token is copied out. */
struct ws_client *fixture_session(struct fixture *fixture, char *ret_token, size_t size);
struct ws_client *client_free(struct ws_client *client);

/* Receives one message and decodes it as a page would; fails the test when none comes. */
void expect_message(struct ws_client *client, enum message_type type, struct message *ret_message);
/* An `error` with this code and field. */
void expect_error(struct ws_client *client, const char *code, const char *field);
/* One request on a fresh connection: status, whole answer in `ret_answer`. */
int fixture_http(struct fixture *fixture, const char *request, char *ret_answer, size_t size);

#endif
