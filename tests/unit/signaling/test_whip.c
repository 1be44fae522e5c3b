/* WHIP and WHEP requests against the room alone: the answer each gets, and which of them reach the handlers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "signaling/whip/whip.h"

#define TOKEN "Bearer 0123456789012345678901234567890123456789012"
#define OTHER "Bearer 9999999999999999999999999999999999999999999"

static struct {
    struct whip *whip;
    struct counters counters;
    int answers;
    struct http_response response;
    struct http_header headers[8];
    char body[1024];
    int offers, restarts, deletions;
    enum whip_kind kind;
    char sdp[64], ufrag[WHIP_UFRAG_SIZE];
    enum result restart_result;
    struct id session;
} seen;

/* In the place of the real one: every request is answered once, with headers that could be sent. */
void signaling_respond(struct signaling *signaling, struct handle request,
                       const struct http_response *response)
{
    (void)signaling;
    assert_int_equal(request.slot, 7);
    assert_true(response->headers_count <= ARRAY_LENGTH(seen.headers));
    assert_true(response->body.length < sizeof(seen.body));
    seen.answers++;
    seen.response = *response;
    for (uint32_t i = 0; i < response->headers_count; i++)
        seen.headers[i] = response->headers[i];
    memset(seen.body, 0, sizeof(seen.body));
    if (response->body.length > 0)
        memcpy(seen.body, response->body.data, response->body.length);
}

static const char *header(const char *name)
{
    for (uint32_t i = 0; i < seen.response.headers_count; i++)
        if (strcmp(seen.headers[i].name, name) == 0)
            return seen.headers[i].value;
    return "";
}

static void on_offer(void *owner, const struct whip_offer *offer)
{
    (void)owner;
    seen.offers++;
    seen.kind = offer->kind;
    memset(seen.sdp, 0, sizeof(seen.sdp));
    memcpy(seen.sdp, offer->sdp.data, offer->sdp.length);
    struct whip_grant grant = {.session = id_new('w'),
                               .kind = offer->kind,
                               .bearer = sha256_of(span_of(offer->bearer, strlen(offer->bearer))),
                               .theirs = {.ufrag = "EsAw", .pwd = "P2uYro0UCOQ4zxjKXaWCBui1"},
                               .answer = "v=0\r\n",
                               .ice_links = {"<stun:stun.example>; rel=\"ice-server\""},
                               .ice_links_count = 1};
    seen.session = grant.session;
    (void)!result_ok(whip_accept(seen.whip, offer->request, &grant));
}

static enum result on_restart(void *owner, const struct id *session, const struct whip_ice *theirs,
                              struct whip_ice *ret_ours)
{
    (void)owner;
    assert_true(id_equal(session, &seen.session));
    seen.restarts++;
    strcpy(seen.ufrag, theirs->ufrag);
    strcpy(ret_ours->ufrag, "ournew");
    strcpy(ret_ours->pwd, "ournewpasswordournewpass");
    return seen.restart_result;
}

static void on_deleted(void *owner, const struct id *session)
{
    (void)owner;
    assert_true(id_equal(session, &seen.session));
    seen.deletions++;
}

static int setup(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof(seen));
    seen.restart_result = RESULT_OK;
    const struct whip_handlers handlers = {
        .offer = on_offer, .restart = on_restart, .deleted = on_deleted};
    return result_ok(whip_new(&handlers, "https://clinic.example", &seen.counters, &seen.whip)) ? 0
                                                                                                : 1;
}

static int teardown(void **state)
{
    (void)state;
    seen.whip = whip_free(seen.whip);
    return 0;
}

static int ask(struct http_request request)
{
    int before = seen.answers;
    request.handle = (struct handle){7, 1};
    if (request.method == NULL)
        request.method = "POST";
    const char **const texts[] = {&request.path,          &request.query,        &request.cookie,
                                  &request.origin,        &request.language,     &request.marker,
                                  &request.authorization, &request.content_type, &request.if_match};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        if (*texts[i] == NULL)
            *texts[i] = "";
    whip_on_request(seen.whip, &request);
    assert_int_equal(seen.answers, before + 1);
    return seen.response.status;
}

static struct span text(const char *words)
{
    return span_of(words, strlen(words));
}

static int offer(const char *path)
{
    return ask((struct http_request){.path = path,
                                     .authorization = TOKEN,
                                     .content_type = "application/sdp",
                                     .body = text("v=0 offer")});
}

/* Path of the session that was opened last, on the endpoint of its kind. */
static const char *session_path(void)
{
    static char path[64];
    strcpy(path, seen.kind == WHIP_PLAY ? "/whep/" : "/whip/");
    return strcat(path, seen.session.text);
}

static int patch(const char *if_match, const char *fragment)
{
    return ask((struct http_request){.method = "PATCH",
                                     .path = session_path(),
                                     .authorization = TOKEN,
                                     .content_type = "application/trickle-ice-sdpfrag",
                                     .if_match = if_match,
                                     .body = text(fragment)});
}

static void paths_are_known(void **state)
{
    (void)state;
    assert_true(whip_is_path("/whip") && whip_is_path("/whep") && whip_is_path("/whip/w_1"));
    assert_false(whip_is_path("/whipped") || whip_is_path("/") || whip_is_path("/api/whip"));
}

static void an_offer_is_created(void **state)
{
    char location[128];
    (void)state;
    assert_int_equal(offer("/whip"), 201);
    assert_int_equal(seen.kind, WHIP_PUBLISH);
    assert_string_equal(seen.sdp, "v=0 offer");
    assert_string_equal(seen.body, "v=0\r\n");
    assert_string_equal(seen.response.content_type, "application/sdp");
    strcpy(location, "https://clinic.example/whip/");
    assert_string_equal(header("location"), strcat(location, seen.session.text));
    assert_int_equal(header("etag")[0], '"');
    assert_string_equal(header("link"), "<stun:stun.example>; rel=\"ice-server\"");
    assert_int_equal(offer("/whep"), 201);
    assert_int_equal(seen.kind, WHIP_PLAY);
    assert_int_equal(whip_sessions(seen.whip), 2);
    assert_int_equal(seen.counters.values[COUNTER_whip_opened], 2);
}

static void refusals_of_offers(void **state)
{
    (void)state;
    const struct {
        struct http_request request;
        int status;
        const char *header, *value;
    } cases[] = {
        {{.path = "/whip", .method = "GET", .authorization = TOKEN}, 405, "allow", "OPTIONS, POST"},
        {{.path = "/whip", .method = "DELETE", .authorization = TOKEN},
         405,
         "allow",
         "OPTIONS, POST"},
        {{.path = "/whip"}, 401, "www-authenticate", "Bearer realm=\"tsunagi\""},
        {{.path = "/whip", .authorization = "Basic YTpi"},
         401,
         "www-authenticate",
         "Bearer realm=\"tsunagi\""},
        {{.path = "/whip", .authorization = "Bearer  "},
         401,
         "www-authenticate",
         "Bearer realm=\"tsunagi\""},
        {{.path = "/whip", .authorization = TOKEN}, 415, "", ""},
        {{.path = "/whip",
          .authorization = TOKEN,
          .content_type = "application/sdpx",
          .body = text("v=0")},
         415,
         "",
         ""},
        {{.path = "/whip", .authorization = TOKEN, .content_type = "application/sdp"}, 400, "", ""},
        {{.path = "/whip",
          .authorization = TOKEN,
          .origin = "https://elsewhere.example",
          .content_type = "application/sdp",
          .body = text("v=0")},
         403,
         "",
         ""},
        {{.path = "/whip/", .method = "PATCH", .authorization = TOKEN}, 404, "", ""},
        {{.path = "/whip/w_none", .method = "POST", .authorization = TOKEN},
         405,
         "allow",
         "OPTIONS, PATCH, DELETE"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int status = ask(cases[i].request);
        if (status != cases[i].status)
            print_error("case %zu: %d\n", i, status);
        assert_int_equal(status, cases[i].status);
        if (cases[i].header[0] != 0)
            assert_string_equal(header(cases[i].header), cases[i].value);
        assert_string_equal(seen.response.content_type, "application/problem+json");
    }
    assert_int_equal(seen.offers, 0);
    assert_int_equal(seen.counters.values[COUNTER_whip_refused], ARRAY_LENGTH(cases));
}

static void types_and_schemes_are_read_as_http_says(void **state)
{
    (void)state;
    assert_int_equal(ask((struct http_request){.path = "/whip",
                                               .authorization = "bearer   token",
                                               .content_type = "Application/SDP; charset=utf-8",
                                               .origin = "https://clinic.example",
                                               .origin_allowed = true,
                                               .body = text("v=0")}),
                     201);
}

static void options_say_what_may_be_sent(void **state)
{
    (void)state;
    assert_int_equal(ask((struct http_request){.path = "/whip", .method = "OPTIONS"}), 200);
    assert_string_equal(header("accept-post"), "application/sdp");
    assert_string_equal(header("access-control-allow-origin"), "");
    assert_int_equal(ask((struct http_request){.path = "/whip/w_1", .method = "OPTIONS"}), 200);
    assert_string_equal(header("accept-patch"), "application/trickle-ice-sdpfrag");
}

static void fragments_meet_their_preconditions(void **state)
{
    char etag[HTTP_HEADER_VALUE_SIZE], list[2 * HTTP_HEADER_VALUE_SIZE];
    (void)state;
    assert_int_equal(offer("/whep"), 201);
    strcpy(etag, header("etag"));
    assert_int_equal(patch("", "a=end-of-candidates\r\n"), 428);
    assert_int_equal(patch("\"x\"", "a=end-of-candidates\r\n"), 412);
    assert_int_equal(patch(etag, "a=end-of-candidates\r\n"), 204);
    strcat(strcpy(list, "\"x\", "), etag);
    assert_int_equal(patch(list, "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"), 204);
    assert_string_equal(header("etag"), "");
    strcat(strcpy(list, "W/"), etag);
    assert_int_equal(patch(list, "a=end-of-candidates\r\n"), 412); /* weak never matches */
    assert_int_equal(patch(etag, "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"),
                     204); /* the ones it has */
    assert_int_equal(patch(etag, "a=ice-ufrag:NewU\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"),
                     409);
    assert_int_equal(patch(etag, "nonsense\r\n"), 400);
    assert_int_equal(patch(etag, "a=ice-ufrag:EsAw\r\n"), 400);
    assert_int_equal(seen.restarts, 0);
}

static void a_restart_has_a_new_tag(void **state)
{
    char etag[HTTP_HEADER_VALUE_SIZE];
    const char *fresh = "a=ice-ufrag:NewU\r\na=ice-pwd:newpasswordnewpassword1\r\n";
    (void)state;
    assert_int_equal(offer("/whip"), 201);
    strcpy(etag, header("etag"));
    assert_int_equal(patch("*", "a=end-of-candidates\r\n"), 400);
    assert_int_equal(patch("*", "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"),
                     400); /* not new */
    assert_int_equal(patch("*", fresh), 200);
    assert_string_equal(seen.ufrag, "NewU");
    assert_string_equal(
        seen.body, "a=ice-lite\r\na=ice-ufrag:ournew\r\na=ice-pwd:ournewpasswordournewpass\r\n");
    assert_string_not_equal(header("etag"), etag);
    assert_int_equal(patch(etag, "a=end-of-candidates\r\n"), 412);
    strcpy(etag, seen.headers[0].value);
    seen.restart_result = RESULT_FULL;
    assert_int_equal(patch("\"*\"", "a=ice-ufrag:Once\r\na=ice-pwd:againagainagainagainagain\r\n"),
                     503);
    assert_string_equal(header("retry-after"), "2");
    assert_int_equal(whip_sessions(seen.whip), 1); /* the old ICE session goes on */
}

static void sessions_end(void **state)
{
    struct http_request request = {.method = "DELETE", .authorization = OTHER};
    (void)state;
    assert_int_equal(offer("/whip"), 201);
    request.path = session_path();
    assert_int_equal(ask(request), 401);
    assert_string_equal(header("www-authenticate"),
                        "Bearer realm=\"tsunagi\", error=\"invalid_token\"");
    char elsewhere[64];
    strcat(strcpy(elsewhere, "/whep/"), seen.session.text);
    request.authorization = TOKEN;
    request.path = elsewhere;
    assert_int_equal(ask(request), 404);
    request.path = session_path();
    assert_int_equal(ask(request), 200);
    assert_int_equal(seen.deletions, 1);
    assert_int_equal(ask(request), 404);
    assert_int_equal(offer("/whip"), 201);
    whip_end(seen.whip, &seen.session);
    request.path = session_path();
    assert_int_equal(ask(request), 404);
    assert_int_equal(seen.deletions, 1); /* whoever ended it knows */
}

static void full_and_draining(void **state)
{
    (void)state;
    for (int i = 0; i < WHIP_SESSIONS_MAX; i++)
        assert_int_equal(offer("/whip"), 201);
    assert_int_equal(offer("/whip"), 503);
    assert_string_equal(header("retry-after"), "10");
    whip_end(seen.whip, &seen.session); /* of the refused one: ignored */
    assert_int_equal(whip_sessions(seen.whip), WHIP_SESSIONS_MAX);
    whip_drain(seen.whip);
    assert_int_equal(offer("/whip"), 503);
    assert_string_equal(header("retry-after"), "60");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(paths_are_known),
        TEST(an_offer_is_created),
        TEST(refusals_of_offers),
        TEST(types_and_schemes_are_read_as_http_says),
        TEST(options_say_what_may_be_sent),
        TEST(fragments_meet_their_preconditions),
        TEST(a_restart_has_a_new_tag),
        TEST(sessions_end),
        TEST(full_and_draining),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
