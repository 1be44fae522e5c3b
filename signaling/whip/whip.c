/* The table of sessions and the answers that begin and end one. */
#include "signaling/whip/whip.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "signaling/whip/whip_private.h"

#define PROBLEM_SIZE   1024
#define RETRY_LATER_S  10
#define HEADERS_REFUSE 3

static const char *const ROOTS[] = {[WHIP_PUBLISH] = HTTP_PATH_WHIP, [WHIP_PLAY] = HTTP_PATH_WHEP};

static const struct whip_refusal FULL = {
    .status = 503,
    .retry_after_s = RETRY_LATER_S,
    .code = "busy",
    .what = "The gateway serves as many devices as it can.",
    .todo = "Try again later, or end a session that is no longer needed.",
};

enum result whip_new(const struct whip_handlers *handlers, const char *base,
                     struct counters *counters, struct whip **ret_whip)
{
    struct whip *whip = calloc(1, sizeof(*whip));
    if (whip == NULL)
        return RESULT_NO_MEMORY;
    thread_owner_bind(&whip->thread);
    whip->handlers = *handlers;
    whip->counters = counters;
    list_init(&whip->sessions);
    if (!text_copy(whip->base, sizeof(whip->base), base)) {
        free(whip);
        return RESULT_TOO_LARGE;
    }
    *ret_whip = whip;
    return RESULT_OK;
}

void whip_session_free(struct whip *whip, struct whip_session *session)
{
    list_remove(&session->link);
    whip->sessions_count--;
    explicit_bzero(session, sizeof(*session));
    free(session);
}

struct whip *whip_free(struct whip *whip)
{
    if (whip == NULL)
        return NULL;
    LIST_FOR_EACH(&whip->sessions, link)
    whip_session_free(whip, CONTAINER_OF(link, struct whip_session, link));
    free(whip);
    return NULL;
}

void whip_attach(struct whip *whip, struct signaling *signaling)
{
    assert_on_thread(&whip->thread);
    whip->signaling = signaling;
}

void whip_drain(struct whip *whip)
{
    assert_on_thread(&whip->thread);
    whip->draining = true;
}

uint32_t whip_sessions(const struct whip *whip)
{
    return whip->sessions_count;
}

struct whip_session *whip_find(struct whip *whip, const char *id)
{
    LIST_FOR_EACH(&whip->sessions, link)
    {
        struct whip_session *session = CONTAINER_OF(link, struct whip_session, link);
        if (strcmp(session->id.text, id) == 0)
            return session;
    }
    return NULL;
}

/* Another ICE session, another strong tag. */
void whip_session_retag(struct whip_session *session)
{
    char token[RANDOM_TOKEN_SIZE(WHIP_ETAG_BYTES)];
    random_token(WHIP_ETAG_BYTES, token, sizeof(token));
    (void)!text_format(session->etag, sizeof(session->etag), "\"%s\"", token);
}

static struct whip_session *session_new(struct whip *whip, const struct whip_grant *grant)
{
    struct whip_session *session =
        whip->sessions_count >= WHIP_SESSIONS_MAX ? NULL : calloc(1, sizeof(*session));
    if (session == NULL)
        return NULL;
    session->id = grant->session;
    session->kind = grant->kind;
    session->bearer = grant->bearer;
    session->theirs = grant->theirs;
    whip_session_retag(session);
    list_append(&whip->sessions, &session->link);
    whip->sessions_count++;
    return session;
}

/* RFC 9725 §4.2: where the session is, its tag, and the way to relays when there are some. */
static void grant_respond(struct whip *whip, struct handle request, const struct whip_grant *grant,
                          const struct whip_session *session)
{
    struct http_header headers[3 + WHIP_ICE_LINKS_MAX] = {
        {.name = "location"}, {.name = "etag"}, {.name = "accept-patch"}};
    struct http_response response = {
        .status = 201,
        .content_type = "application/sdp",
        .body = span_of(grant->answer, strlen(grant->answer)),
        .headers = headers,
        .headers_count = 3,
    };
    (void)!text_format(headers[0].value, HTTP_HEADER_VALUE_SIZE, "%s%s/%s", whip->base,
                       ROOTS[session->kind], session->id.text);
    (void)!text_copy(headers[1].value, HTTP_HEADER_VALUE_SIZE, session->etag);
    (void)!text_copy(headers[2].value, HTTP_HEADER_VALUE_SIZE, "application/trickle-ice-sdpfrag");
    for (unsigned i = 0; i < grant->ice_links_count && i < WHIP_ICE_LINKS_MAX; i++) {
        struct http_header *link = &headers[response.headers_count];
        link->name = "link";
        if (text_copy(link->value, HTTP_HEADER_VALUE_SIZE, grant->ice_links[i]))
            response.headers_count++;
    }
    signaling_respond(whip->signaling, request, &response);
}

enum result whip_accept(struct whip *whip, struct handle request, const struct whip_grant *grant)
{
    assert_on_thread(&whip->thread);
    struct whip_session *session = session_new(whip, grant);
    if (session == NULL) {
        whip_refuse(whip, request, &FULL);
        return RESULT_FULL;
    }
    counter_add(whip->counters, COUNTER_whip_opened, 1);
    LOG(LOG_INFO, "whip.session", log_id("session", &session->id),
        log_name("kind", session->kind == WHIP_PUBLISH ? "publish" : "play"));
    grant_respond(whip, request, grant, session);
    return RESULT_OK;
}

/* RFC 9457; the texts are static and need no escapes. RFC 6750 §3 says how a token is asked for. */
void whip_refuse(struct whip *whip, struct handle request, const struct whip_refusal *refusal)
{
    assert_on_thread(&whip->thread);
    char problem[PROBLEM_SIZE];
    struct http_header headers[HEADERS_REFUSE];
    struct http_response response = {
        .status = refusal->status, .content_type = "application/problem+json", .headers = headers};
    if (!text_format(problem, sizeof(problem),
                     "{\"status\":%d,\"code\":\"%s\",\"title\":\"%s\",\"detail\":\"%s\"}",
                     refusal->status, refusal->code, refusal->what, refusal->todo))
        problem[0] = 0;
    response.body = span_of(problem, strlen(problem));
    if (refusal->status == 401) {
        struct http_header *header = &headers[response.headers_count++];
        header->name = "www-authenticate";
        bool missing = strcmp(refusal->code, "token_missing") == 0;
        (void)!text_copy(header->value, HTTP_HEADER_VALUE_SIZE,
                         missing ? "Bearer realm=\"tsunagi\""
                                 : "Bearer realm=\"tsunagi\", error=\"invalid_token\"");
    }
    if (refusal->retry_after_s > 0) {
        struct http_header *header = &headers[response.headers_count++];
        header->name = "retry-after";
        (void)!text_format(header->value, HTTP_HEADER_VALUE_SIZE, "%d", refusal->retry_after_s);
    }
    if (refusal->allow != NULL) {
        struct http_header *header = &headers[response.headers_count++];
        header->name = "allow";
        (void)!text_copy(header->value, HTTP_HEADER_VALUE_SIZE, refusal->allow);
    }
    counter_add(whip->counters, COUNTER_whip_refused, 1);
    signaling_respond(whip->signaling, request, &response);
}

void whip_end(struct whip *whip, const struct id *id)
{
    assert_on_thread(&whip->thread);
    struct whip_session *session = whip_find(whip, id->text);
    if (session != NULL)
        whip_session_free(whip, session);
}

bool whip_is_path(const char *path)
{
    for (unsigned kind = 0; kind < ARRAY_LENGTH(ROOTS); kind++) {
        size_t length = strlen(ROOTS[kind]);
        if (strncmp(path, ROOTS[kind], length) == 0 && (path[length] == 0 || path[length] == '/'))
            return true;
    }
    return false;
}
