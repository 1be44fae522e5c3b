/* The HTTP side of signaling over a real TLS socket: routes, headers on every answer, bounds, time-outs, upgrades.
 * Length: one server and one raw client serve all of it; each test is a table of requests with their answers, and the tables
 * are most of the lines. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/base/clock.h"
#include "tests/support/test_certificate.h"
#include "tests/unit/signaling/signaling_fixture.h"

#define ANSWER_SIZE 65536

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

static const char *const FIXED_HEADERS[] = {
    "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src "
    "'self' data:; "
    "media-src 'self' blob:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
    "'none'; "
    "require-trusted-types-for 'script'; connect-src 'self' wss://clinic.example:8443\r\n",
    "strict-transport-security: max-age=63072000; includeSubDomains\r\n",
    "x-content-type-options: nosniff\r\n",
    "referrer-policy: no-referrer\r\n",
    "cross-origin-opener-policy: same-origin\r\n",
    "cross-origin-resource-policy: same-origin\r\n",
    "permissions-policy: camera=(self), microphone=(self), display-capture=(self), "
    "geolocation=()\r\n",
};

static void has_fixed_headers(const char *answer)
{
    for (size_t i = 0; i < ARRAY_LENGTH(FIXED_HEADERS); i++) {
        const char *first = strstr(answer, FIXED_HEADERS[i]);
        if (first == NULL)
            print_error("missing %s in\n%.1500s\n", FIXED_HEADERS[i], answer);
        assert_non_null(first);
        assert_null(strstr(first + 1, FIXED_HEADERS[i]));
    }
}

/* Every kind of answer, with its status. */
static void headers_are_on_every_answer(void **state)
{
    struct fixture *fixture = *state;
    char *answer = malloc(ANSWER_SIZE);
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", 200},
        {"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", 200},
        {"GET /v HTTP/1.1\r\nHost: h\r\n\r\n", 200},
        {"GET /clinic HTTP/1.1\r\nHost: h\r\n\r\n", 404}, /* no such page was built */
        {"GET /assets/style.css HTTP/1.1\r\nHost: h\r\n\r\n", 200},
        {"GET /assets/none.css HTTP/1.1\r\nHost: h\r\n\r\n", 404},
        {"GET /secret.txt HTTP/1.1\r\nHost: h\r\n\r\n", 404},
        {"GET /api/x HTTP/1.1\r\nHost: h\r\n\r\n", 200},
        {"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n", 200},
        {"GET /health/ready HTTP/1.1\r\nHost: h\r\n\r\n", 200},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 405},
        {"OPTIONS / HTTP/1.1\r\nHost: h\r\n\r\n", 405},
        {"POST /api/x HTTP/1.1\r\nHost: h\r\n\r\n", 411},
        {"POST /api/x HTTP/1.1\r\nHost: h\r\nContent-Length: 65537\r\n\r\n", 413},
        {"GET /api/x HTTP/1.1\r\n\r\n", 400}, /* no Host */
        {"GET /api/x HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n", 400},
        {"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", 403},
        {"GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", 403}, /* the library's own refusal */
        {"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: foo\r\nConnection: upgrade\r\n\r\n",
         403}, /* and another */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int status = fixture_http(fixture, cases[i].request, answer, ANSWER_SIZE);
        if (status != cases[i].status)
            print_error("%s→ %d\n", cases[i].request, status);
        assert_int_equal(status, cases[i].status);
        has_fixed_headers(answer);
    }
    struct ws_client *client = fixture_client(fixture);
    const char *upgrade =
        "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: "
        "Upgrade\r\nOrigin: " FIXTURE_ORIGIN
        "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Protocol: tsunagi.v1\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    assert_true(ws_client_write(client, upgrade, strlen(upgrade)));
    assert_int_equal(ws_client_response(client, answer, ANSWER_SIZE, 2000), 101);
    has_fixed_headers(answer);
    assert_non_null(strstr(answer, "Sec-WebSocket-Protocol: tsunagi.v1\r\n"));
    assert_null(strstr(answer, "Sec-WebSocket-Extensions"));
    client_free(client);
    free(answer);
}

static void pages_have_types_caching_and_gzip(void **state)
{
    struct fixture *fixture = *state;
    char *answer = malloc(ANSWER_SIZE);
    assert_int_equal(
        fixture_http(fixture, "GET /v HTTP/1.1\r\nHost: h\r\n\r\n", answer, ANSWER_SIZE), 200);
    assert_non_null(strstr(answer, "content-type: text/html; charset=utf-8\r\n"));
    assert_non_null(strstr(answer, "cache-control: no-cache\r\n"));
    assert_non_null(strstr(answer, "\r\n\r\n<!doctype html>patient"));
    assert_int_equal(fixture_http(fixture,
                                  "GET /assets/patient-ABCDEFG2.js HTTP/1.1\r\nHost: h\r\n\r\n",
                                  answer, ANSWER_SIZE),
                     200);
    assert_non_null(strstr(answer, "cache-control: public, max-age=31536000, immutable\r\n"));
    assert_non_null(strstr(answer, "vary: accept-encoding\r\n"));
    assert_non_null(strstr(answer, "\r\n\r\nconsole.log('plain')"));
    assert_int_equal(fixture_http(fixture,
                                  "GET /assets/patient-ABCDEFG2.js HTTP/1.1\r\nHost: "
                                  "h\r\nAccept-Encoding: br, gzip\r\n\r\n",
                                  answer, ANSWER_SIZE),
                     200);
    assert_non_null(strstr(answer, "content-encoding: gzip\r\n"));
    assert_non_null(strstr(answer, "\r\n\r\npretend gzip"));
    assert_int_equal(fixture_http(fixture, "GET /assets/style.css HTTP/1.1\r\nHost: h\r\n\r\n",
                                  answer, ANSWER_SIZE),
                     200);
    assert_non_null(strstr(answer, "cache-control: no-cache\r\n"));
    free(answer);
}

static void paths_lead_nowhere_else(void **state)
{
    struct fixture *fixture = *state;
    static const char *const paths[] = {
        "/../secret.txt",
        "/assets/../secret.txt",
        "/assets/%2e%2e/secret.txt",
        "/assets/..%2fsecret.txt",
        "/assets//style.css/",
        "/assets/.hidden",
        "/assets/",
        "/assets",
        "//",
        "/index.html",
        "/v/",
        "/V",
        "/assets/style.css%00.js",
        "/api",
        "/apix",
        "/etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/assets\\..\\secret.txt",
        "/assets/patient-ABCDEFG2.js.gz",
        "/~root",
    };
    char *answer = malloc(ANSWER_SIZE), request[512];
    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", paths[i]);
        int status = fixture_http(fixture, request, answer, ANSWER_SIZE);
        bool is_root = strcmp(paths[i], "//") == 0; /* the library makes one slash of two */
        if (status == 200 && !is_root)
            print_error("%s → %d\n", paths[i], status);
        assert_true(is_root || status == 404 || status == 403 || status == 400 || status == 0);
        assert_null(strstr(answer, "not a page"));
    }
    assert_int_equal(fixture->requests, 0);
    free(answer);
}

static void ambiguous_framing_is_refused_and_closed(void **state)
{
    struct fixture *fixture = *state;
    static const char *const heads[] = {
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length : 5\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Content-Length: 99999999999999999999\r\n",
    };
    char *answer = malloc(ANSWER_SIZE), request[512];
    for (size_t i = 0; i < ARRAY_LENGTH(heads); i++) {
        struct ws_client *client = fixture_client(fixture);
        snprintf(request, sizeof(request),
                 "POST /api/x HTTP/1.1\r\nHost: h\r\n%s\r\nGET /api/smuggled HTTP/1.1\r\nHost: "
                 "h\r\n\r\n",
                 heads[i]);
        assert_true(ws_client_write(client, request, strlen(request)));
        int status = ws_client_response(client, answer, ANSWER_SIZE, 2000);
        if (status != 400)
            print_error("%s → %d\n", heads[i], status);
        assert_int_equal(status, 400);
        assert_non_null(strstr(answer, "connection: close\r\n"));
        assert_int_equal(ws_client_response(client, answer, ANSWER_SIZE, 200), 0);
        assert_true(client->ended);
        client_free(client);
    }
    assert_int_equal(fixture->requests, 0);
    free(answer);
}

static void a_request_reaches_the_handler_whole(void **state)
{
    struct fixture *fixture = *state;
    char *answer = malloc(ANSWER_SIZE);
    struct ws_client *client = fixture_client(fixture);
    const char *head =
        "POST /api/links/c_1?name=%E3%81%82&x=a%26b%3Dc&e=&plus=a+b HTTP/1.1\r\nHost: "
        "h\r\nContent-Length: 7\r\n"
        "Cookie: __Host-s=abc; other=1\r\nOrigin: " FIXTURE_ORIGIN
        "\r\nAccept-Language: en-GB,en;q=0.9,ja;q=0.5\r\nX-Tsunagi: page\r\n\r\n{\"a\"";
    assert_true(ws_client_write(client, head, strlen(head)));
    fixture_run(fixture, 20);
    assert_int_equal(fixture->requests, 0);
    assert_true(ws_client_write(client, ":1}", 3));
    assert_int_equal(ws_client_response(client, answer, ANSWER_SIZE, 2000), 200);
    assert_int_equal(fixture->requests, 1);
    assert_string_equal(fixture->last_method, "POST");
    assert_string_equal(fixture->last_path, "/api/links/c_1");
    assert_string_equal(fixture->last_body, "{\"a\":1}");
    assert_string_equal(fixture->last_cookie, "__Host-s=abc; other=1");
    assert_string_equal(fixture->last_marker, "page");
    assert_string_equal(fixture->last_language, "en");
    assert_string_equal(fixture->last_prefix, "127.0.0.0/24");
    assert_true(fixture->last_origin_allowed);
    char value[64];
    assert_true(http_query_value(fixture->last_query, "name", value, sizeof(value)));
    assert_string_equal(value, "あ");
    assert_true(http_query_value(fixture->last_query, "x", value, sizeof(value)));
    assert_string_equal(value, "a&b=c");
    assert_true(http_query_value(fixture->last_query, "e", value, sizeof(value)));
    assert_string_equal(value, "");
    assert_true(http_query_value(fixture->last_query, "plus", value, sizeof(value)));
    assert_string_equal(value, "a b");
    assert_non_null(strstr(answer, "cache-control: no-store\r\n"));
    assert_non_null(strstr(answer, "set-cookie: __Host-a=1; Secure; Path=/\r\n"));
    assert_non_null(strstr(answer, "\r\n\r\n{\"ok\":true}"));
    /* the connection goes on */
    const char *next = "GET /api/next HTTP/1.1\r\nHost: h\r\nOrigin: https://evil.example\r\n\r\n";
    assert_true(ws_client_write(client, next, strlen(next)));
    assert_int_equal(ws_client_response(client, answer, ANSWER_SIZE, 2000), 200);
    assert_string_equal(fixture->last_path, "/api/next");
    assert_string_equal(fixture->last_query, "");
    assert_false(fixture->last_origin_allowed);
    client_free(client);
    free(answer);
}

static void bodies_up_to_the_limit_and_one_past(void **state)
{
    struct fixture *fixture = *state;
    char *answer = malloc(ANSWER_SIZE), *request = malloc(200000);
    for (size_t size = SIGNALING_BODY_MAX; size <= SIGNALING_BODY_MAX + 1; size++) {
        struct ws_client *client = fixture_client(fixture);
        int head = sprintf(
            request, "POST /api/big HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", size);
        memset(request + head, 'b', size);
        assert_true(ws_client_write(client, request, (size_t)head + size));
        assert_int_equal(ws_client_response(client, answer, ANSWER_SIZE, 3000),
                         size <= SIGNALING_BODY_MAX ? 200 : 413);
        /* in both cases the next request on the same connection is understood */
        const char *next = "GET /api/after HTTP/1.1\r\nHost: h\r\n\r\n";
        assert_true(ws_client_write(client, next, strlen(next)));
        assert_int_equal(ws_client_response(client, answer, ANSWER_SIZE, 2000), 200);
        assert_string_equal(fixture->last_path, "/api/after");
        client_free(client);
    }
    free(answer);
    free(request);
}

static void a_late_answer_and_a_client_that_left(void **state)
{
    struct fixture *fixture = *state;
    char *answer = malloc(ANSWER_SIZE);
    const char *request = "GET /api/slow HTTP/1.1\r\nHost: h\r\n\r\n";
    fixture->hold_requests = true;
    struct ws_client *client = fixture_client(fixture);
    assert_true(ws_client_write(client, request, strlen(request)));
    fixture_until(fixture, &fixture->requests, 1);
    struct handle first = fixture->held_request;
    struct http_response response = {
        .status = 404, .content_type = "application/json", .body = span_of("{}", 2)};
    signaling_respond(fixture->signaling, first, &response);
    assert_int_equal(ws_client_response(client, answer, ANSWER_SIZE, 2000), 404);
    signaling_respond(fixture->signaling, first, &response); /* stale by now: nothing happens */
    assert_true(ws_client_write(client, request, strlen(request)));
    fixture_until(fixture, &fixture->requests, 2);
    signaling_respond(fixture->signaling, first,
                      &response); /* must not answer the second request */
    assert_int_equal(ws_client_response(client, answer, ANSWER_SIZE, 100), 0);
    struct handle second = fixture->held_request;
    client_free(client);
    fixture_run(fixture, 30);
    signaling_respond(fixture->signaling, second, &response);
    free(answer);
}

static void a_header_injected_from_above_becomes_500(void **state)
{
    struct fixture *fixture = *state;
    char *answer = malloc(ANSWER_SIZE);
    fixture->hold_requests = true;
    struct ws_client *client = fixture_client(fixture);
    const char *request = "GET /api/x HTTP/1.1\r\nHost: h\r\n\r\n";
    assert_true(ws_client_write(client, request, strlen(request)));
    fixture_until(fixture, &fixture->requests, 1);
    struct http_response response = {
        .status = 200, .content_type = "text/plain", .disposition = "attachment\r\nx-evil: 1"};
    signaling_respond(fixture->signaling, fixture->held_request, &response);
    assert_int_equal(ws_client_response(client, answer, ANSWER_SIZE, 2000), 500);
    assert_null(strstr(answer, "x-evil"));
    client_free(client);
    free(answer);
}

/* Larger than any buffer on the way, while the client reads slowly. */
static void a_large_answer_arrives_whole(void **state)
{
    struct fixture *fixture = *state;
    size_t size = 150 * 1024;
    char *answer = malloc(size + ANSWER_SIZE), *body = malloc(size);
    for (size_t i = 0; i < size; i++)
        body[i] = (char)('a' + i % 23);
    fixture->hold_requests = true;
    struct ws_client *client = fixture_client(fixture);
    const char *request = "GET /api/export HTTP/1.1\r\nHost: h\r\n\r\n";
    assert_true(ws_client_write(client, request, strlen(request)));
    fixture_until(fixture, &fixture->requests, 1);
    struct http_response response = {
        .status = 200, .content_type = "text/csv", .body = span_of(body, size)};
    signaling_respond(fixture->signaling, fixture->held_request, &response);
    assert_int_equal(ws_client_response(client, answer, size + ANSWER_SIZE, 3000), 200);
    const char *start = strstr(answer, "\r\n\r\n");
    assert_non_null(start);
    assert_memory_equal(start + 4, body, size);
    client_free(client);
    free(answer);
    free(body);
}

static void only_the_exact_origin_opens_a_socket(void **state)
{
    struct fixture *fixture = *state;
    static const char *const bad[] = {
        NULL,
        "null",
        "",
        "http://clinic.example:8443",
        "https://clinic.example",
        "https://clinic.example:8444",
        "https://clinic.example:8443/",
        "https://evil.example:8443",
        "https://clinic.example:8443.evil.example",
        "HTTPS://clinic.example:8443",
        FIXTURE_ORIGIN "\r\nOrigin: https://evil.example",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct ws_client *client = fixture_client(fixture);
        int status = ws_client_upgrade(client, "/ws", bad[i], "tsunagi.v1");
        if (status != 403)
            print_error("%s → %d\n", bad[i] != NULL ? bad[i] : "(none)", status);
        assert_int_equal(status, 403);
        fixture_run(fixture, 10);
        client_free(client);
    }
    assert_int_equal(counter_get(&fixture->counters, COUNTER_ws_refused_origin), ARRAY_LENGTH(bad));
    assert_int_equal(counter_get(&fixture->counters, COUNTER_ws_opened), 0);
    client_free(fixture_socket(fixture));
    fixture_run(fixture, 100);
    assert_int_equal(counter_get(&fixture->counters, COUNTER_ws_opened), 1);
    assert_int_equal(counter_get(&fixture->counters, COUNTER_ws_open), 0);
}

static void upgrades_to_anything_else_are_refused(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *path, *protocol;
        int status;
    } cases[] = {
        {"/", "tsunagi.v1", 404},
        {"/ws/", "tsunagi.v1", 404},
        {"/ws?a=1", "tsunagi.v1", 404},
        {"/api/x", "tsunagi.v1", 404},
        {"/ws", NULL, 400},
        {"/ws", "tsunagi.v2", 400},
        {"/ws", "tsunagi-http", 400},
        {"/ws", "tsunagi-http, tsunagi.v1", 400},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct ws_client *client = fixture_client(fixture);
        assert_int_equal(
            ws_client_upgrade(client, cases[i].path, FIXTURE_ORIGIN, cases[i].protocol),
            cases[i].status);
        client_free(client);
    }
    /* I-17: a value the library does not know used to leave a dangling pointer behind. */
    static const char *const values[] = {
        "foo", "websocketX", "h2c", "websocket, foo", "websocket\r\nUpgrade: foo", "TLS/1.0"};
    char request[512], *answer = malloc(ANSWER_SIZE);
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
            struct ws_client *client = fixture_client(fixture);
            snprintf(request, sizeof(request),
                     "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: "
                     "%s\r\nOrigin: " FIXTURE_ORIGIN "\r\n\r\n%s",
                     values[i], round % 2 == 0 ? "" : "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
            assert_true(ws_client_write(client, request, strlen(request)));
            int status = ws_client_response(client, answer, ANSWER_SIZE, 2000);
            assert_true(status >= 400 && status < 500);
            assert_int_equal(ws_client_response(client, answer, ANSWER_SIZE, 300), 0);
            assert_true(client->ended);
            client_free(client);
        }
    }
    assert_int_equal(counter_get(&fixture->counters, COUNTER_ws_opened), 0);
    assert_true(counter_get(&fixture->counters, COUNTER_ws_refused_upgrade) >= 48);
    free(answer);
}

static void connect_and_http2_prefaces_get_nothing(void **state)
{
    struct fixture *fixture = *state;
    static const char *const requests[] = {
        "CONNECT example.test:80 HTTP/1.1\r\nHost: h\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: h\r\n\r\n",
        "BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n",
        "\r\n\r\n\r\n",
        "GET /\n\n",
    };
    char *answer = malloc(ANSWER_SIZE);
    for (size_t i = 0; i < ARRAY_LENGTH(requests); i++) {
        int status = fixture_http(fixture, requests[i], answer, ANSWER_SIZE);
        assert_true(status == 0 || status >= 400);
    }
    assert_int_equal(
        fixture_http(fixture, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", answer, ANSWER_SIZE), 200);
    free(answer);
}

static int setup_short(void **state)
{
    struct fixture *fixture = fixture_new();
    fixture->options.header_timeout_us = 200 * US_PER_MS;
    fixture->options.body_timeout_us = 200 * US_PER_MS;
    fixture_start(fixture);
    *state = fixture;
    return 0;
}

static int setup_few(void **state)
{
    struct fixture *fixture = fixture_new();
    fixture->options.sockets_per_address_max = 3;
    fixture_start(fixture);
    *state = fixture;
    return 0;
}

/* Bytes that trickle in do not buy time. */
static void slow_headers_and_bodies_are_cut(void **state)
{
    struct fixture *fixture = *state;
    static const char *const starts[] = {
        "GET / HTTP/1.1\r\nX: ", "POST /api/x HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n"};
    for (size_t i = 0; i < ARRAY_LENGTH(starts); i++) {
        struct ws_client *client = fixture_client(fixture);
        int64_t start_us = clock_monotonic_us();
        assert_true(ws_client_write(client, starts[i], strlen(starts[i])));
        while (!client->ended && clock_monotonic_us() - start_us < 3 * US_PER_S) {
            if (!ws_client_write(client, "a", 1))
                break;
            ws_client_wait(client, 20);
        }
        assert_true(clock_monotonic_us() - start_us < US_PER_S);
        assert_int_equal(fixture->requests, 0);
        client_free(client);
    }
}

static void connections_of_one_address_are_capped(void **state)
{
    struct fixture *fixture = *state;
    struct ws_client *clients[3], extra;
    char answer[512];
    const char *request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    for (int i = 0; i < 3; i++)
        clients[i] = fixture_client(fixture);
    /* the handshake may be through before the server closes; no request is */
    if (ws_client_open(&extra, fixture->port, fixture_pump, fixture) &&
        ws_client_write(&extra, request, strlen(request)))
        assert_int_equal(ws_client_response(&extra, answer, sizeof(answer), 1000), 0);
    ws_client_close(&extra);
    client_free(clients[0]);
    fixture_run(fixture, 200);
    clients[0] = fixture_client(fixture);
    for (int i = 0; i < 3; i++)
        client_free(clients[i]);
}

static void expect_name(struct fixture *fixture, const char *name)
{
    char shown[64] = "";
    struct ws_client *client = fixture_client(fixture);
    assert_true(ws_client_server_name(client, shown, sizeof(shown)));
    assert_string_equal(shown, name);
    client_free(client);
}

static void certificates_change_without_dropping_a_socket(void **state)
{
    struct fixture *fixture = *state;
    char token[65], certificate[128], key[128], broken[128];
    snprintf(certificate, sizeof(certificate), "%s/new.pem", fixture->folder);
    snprintf(key, sizeof(key), "%s/new.key", fixture->folder);
    snprintf(broken, sizeof(broken), "%s/broken.pem", fixture->folder);
    struct ws_client *client = fixture_session(fixture, token, sizeof(token));
    int64_t first = signaling_certificate_expiry(fixture->signaling);
    assert_true(first > clock_wall_us() / US_PER_S);
    expect_name(fixture, "first.example");
    assert_true(test_certificate_write(&(struct test_certificate){.name = "second.example",
                                                                  .valid_from_s = -60,
                                                                  .valid_until_s = 200000},
                                       certificate, key));
    /* bad pairs first: key of another, truncated file, missing file, expired */
    assert_int_not_equal(
        signaling_reload_certificate(fixture->signaling, certificate, fixture->key_file),
        RESULT_OK);
    fixture_write_file(fixture, "broken.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n");
    assert_int_not_equal(signaling_reload_certificate(fixture->signaling, broken, key), RESULT_OK);
    assert_int_not_equal(signaling_reload_certificate(fixture->signaling, "/nonexistent", key),
                         RESULT_OK);
    expect_name(fixture, "first.example");
    assert_int_equal(signaling_reload_certificate(fixture->signaling, certificate, key), RESULT_OK);
    expect_name(fixture, "second.example");
    assert_int_not_equal(signaling_certificate_expiry(fixture->signaling), first);
    assert_int_equal(counter_get(&fixture->counters, COUNTER_tls_certificate_expiry_seconds),
                     signaling_certificate_expiry(fixture->signaling));
    assert_true(test_certificate_write(&(struct test_certificate){.name = "expired.example",
                                                                  .valid_from_s = -7200,
                                                                  .valid_until_s = -60},
                                       certificate, key));
    assert_int_equal(signaling_reload_certificate(fixture->signaling, certificate, key),
                     RESULT_STALE);
    expect_name(fixture, "second.example");
    /* the socket from before still works */
    assert_true(ws_client_text(
        client, "{\"type\":\"act\",\"ref\":4,\"consultation\":\"c_1\",\"event\":\"admit\"}"));
    fixture_until(fixture, &fixture->messages, 1);
    client_free(client);
}

static void a_missing_certificate_or_page_stops_the_start(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    const struct signaling_handlers handlers = {.owner = fixture};
    struct signaling_options options = fixture->options;
    options.key_file = "/nonexistent";
    assert_int_not_equal(signaling_start(&options, &handlers, &fixture->loop, &fixture->counters,
                                         &fixture->signaling),
                         RESULT_OK);
    options = fixture->options;
    options.web_root = "/nonexistent";
    assert_int_equal(signaling_start(&options, &handlers, &fixture->loop, &fixture->counters,
                                     &fixture->signaling),
                     RESULT_NOT_FOUND);
    /* a port that is taken */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(taken, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(taken, 1), 0);
    assert_int_equal(getsockname(taken, (struct sockaddr *)&address, &size), 0);
    options = fixture->options;
    options.port = ntohs(address.sin_port);
    assert_int_not_equal(signaling_start(&options, &handlers, &fixture->loop, &fixture->counters,
                                         &fixture->signaling),
                         RESULT_OK);
    close(taken);
    fixture_free(fixture);
}

static void query_and_cookie_values(void **state)
{
    (void)state;
    char value[8];
    assert_true(http_query_value("a=1&b=2", "b", value, sizeof(value)));
    assert_string_equal(value, "2");
    assert_false(http_query_value("ab=1&b", "b", value, sizeof(value)));
    assert_false(http_query_value("a=%zz", "a", value, sizeof(value)));
    assert_false(http_query_value("a=%4", "a", value, sizeof(value)));
    assert_false(http_query_value("a=%00", "a", value, sizeof(value)));
    assert_false(http_query_value("a=%ff", "a", value, sizeof(value)));
    assert_true(http_query_value("a=1234567", "a", value, sizeof(value)));
    assert_false(http_query_value("a=12345678", "a", value, sizeof(value)));
    assert_string_equal(value, "");
    assert_true(http_cookie_value("x=1; __Host-s=abc; y=2", "__Host-s", value, sizeof(value)));
    assert_string_equal(value, "abc");
    assert_false(http_cookie_value("__Host-ss=abc", "__Host-s", value, sizeof(value)));
    assert_false(http_cookie_value("", "s", value, sizeof(value)));
    assert_false(http_cookie_value("s=12345678", "s", value, sizeof(value)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(headers_are_on_every_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(pages_have_types_caching_and_gzip, setup, teardown),
        cmocka_unit_test_setup_teardown(paths_lead_nowhere_else, setup, teardown),
        cmocka_unit_test_setup_teardown(ambiguous_framing_is_refused_and_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_request_reaches_the_handler_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(bodies_up_to_the_limit_and_one_past, setup, teardown),
        cmocka_unit_test_setup_teardown(a_late_answer_and_a_client_that_left, setup, teardown),
        cmocka_unit_test_setup_teardown(a_header_injected_from_above_becomes_500, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_answer_arrives_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_exact_origin_opens_a_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(upgrades_to_anything_else_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(connect_and_http2_prefaces_get_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(slow_headers_and_bodies_are_cut, setup_short, teardown),
        cmocka_unit_test_setup_teardown(connections_of_one_address_are_capped, setup_few, teardown),
        cmocka_unit_test_setup_teardown(certificates_change_without_dropping_a_socket, setup,
                                        teardown),
        cmocka_unit_test(a_missing_certificate_or_page_stops_the_start),
        cmocka_unit_test(query_and_cookie_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
