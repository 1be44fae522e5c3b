/* One request on its way in: what it is about, who asks, what it carries, its precondition; then the handler. */
#include <string.h>
#include <strings.h>

#include "gateway/base/log.h"
#include "signaling/whip/whip_private.h"

#define TYPE_SDP      "application/sdp"
#define TYPE_FRAGMENT "application/trickle-ice-sdpfrag"
#define ANSWER_SIZE   512

/* Refusals of this room. X(NAME, status, retry after, code, what, todo) */
#define REFUSAL_LIST(X)                                                                            \
    X(NOT_FOUND, 404, 0, "not_found", "There is no such session.",                                 \
      "It has ended: begin a new one with a POST.")                                                \
    X(ORIGIN, 403, 0, "origin", "This door is for devices, not for pages of other sites.",         \
      "Send no Origin header.")                                                                    \
    X(TOKEN_MISSING, 401, 0, "token_missing", "A device token is needed.",                         \
      "Send it in the header Authorization: Bearer; the clinic makes one for each visit.")         \
    X(TOKEN, 401, 0, "token", "This token does not belong to this session.",                       \
      "Send the token the session was begun with.")                                                \
    X(OFFER_TYPE, 415, 0, "content_type", "An offer is needed, as application/sdp.",               \
      "Set Content-Type: application/sdp.")                                                        \
    X(FRAGMENT_TYPE, 415, 0, "content_type",                                                       \
      "A fragment is needed, as application/trickle-ice-sdpfrag.",                                 \
      "Set Content-Type: application/trickle-ice-sdpfrag.")                                        \
    X(EMPTY, 400, 0, "empty", "The offer is empty.", "Send the SDP offer as the body.")            \
    X(MALFORMED, 400, 0, "malformed", "The fragment cannot be read.",                              \
      "See RFC 8840 section 9; ufrag and pwd come together.")                                      \
    X(NO_CREDENTIALS, 400, 0, "malformed", "An ICE restart needs new credentials.",                \
      "Send a=ice-ufrag and a=ice-pwd, both new.")                                                 \
    X(PRECONDITION, 428, 0, "if_match", "If-Match is needed.",                                     \
      "Send the ETag of the session, or * for an ICE restart.")                                    \
    X(OTHER_ICE, 412, 0, "etag", "This is not the present ICE session.",                           \
      "Use the newest ETag, or restart ICE with If-Match: *.")                                     \
    X(CONFLICT, 409, 0, "ice_conflict",                                                            \
      "These are not the credentials of the present ICE session.",                                 \
      "To change them restart ICE with If-Match: *.")                                              \
    X(DRAINING, 503, 60, "draining", "The gateway is about to stop.", "Try again in a minute.")    \
    X(RESTART, 503, 2, "busy", "ICE cannot be restarted now; the present session goes on.",        \
      "Try again in a moment.")

enum refusal {
#define X(name, status, retry, code, what, todo) REFUSAL_##name,
    REFUSAL_LIST(X)
#undef X
};

static void refuse(struct whip *whip, const struct http_request *request, enum refusal why)
{
    static const struct whip_refusal refusals[] = {
#define X(name, status, retry, code, what, todo) {status, retry, code, what, todo, NULL},
        REFUSAL_LIST(X)
#undef X
    };
    whip_refuse(whip, request->handle, &refusals[why]);
}

#define ALLOW_ENDPOINT "OPTIONS, POST"
#define ALLOW_SESSION  "OPTIONS, PATCH, DELETE"

/* RFC 9725 §4.2: all other methods are kept for later versions of the protocol. */
static void refuse_method(struct whip *whip, const struct http_request *request, bool session)
{
    const struct whip_refusal refusal = {
        .status = 405,
        .code = "method",
        .what = "This address does not take this method.",
        .todo = session ? "PATCH or DELETE the session." : "POST an offer.",
        .allow = session ? ALLOW_SESSION : ALLOW_ENDPOINT,
    };
    whip_refuse(whip, request->handle, &refusal);
}

/* What a request is about: the endpoint of its kind, or one session by the last part of the path. */
struct target {
    enum whip_kind kind;
    const char *session; /* NULL: the endpoint */
};

static struct target target_of(const char *path)
{
    bool play = strncmp(path, HTTP_PATH_WHEP, strlen(HTTP_PATH_WHEP)) == 0;
    const char *rest = path + strlen(play ? HTTP_PATH_WHEP : HTTP_PATH_WHIP);
    return (struct target){.kind = play ? WHIP_PLAY : WHIP_PUBLISH,
                           .session = rest[0] == 0 ? NULL : rest + 1};
}

/* The value behind "Bearer "; the scheme in any case (RFC 9110 §11.1). NULL when there is none. */
static const char *bearer_of(const char *authorization)
{
    static const char scheme[] = "Bearer ";
    if (strncasecmp(authorization, scheme, strlen(scheme)) != 0)
        return NULL;
    const char *token = authorization + strlen(scheme);
    token += strspn(token, " ");
    return token[0] == 0 || strlen(token) > WHIP_BEARER_MAX ? NULL : token;
}

/* Media types are compared without case and parameters (RFC 9110 §8.3.1). */
static bool is_type(const char *content_type, const char *wanted)
{
    size_t length = strlen(wanted);
    return strncasecmp(content_type, wanted, length) == 0 &&
           (content_type[length] == 0 || strchr("; \t", content_type[length]) != NULL);
}

/* RFC 9110 §13.1.1: one of a list of entity tags; a weak one never matches. */
static bool etag_listed(const char *if_match, const char *etag)
{
    size_t length = strlen(etag);
    for (const char *at = if_match; *at != 0;) {
        at += strspn(at, ", \t");
        size_t here = strcspn(at, ", \t");
        if (here == length && strncmp(at, etag, length) == 0)
            return true;
        at += here;
    }
    return false;
}

/* The star of an ICE restart; RFC 9725's own example puts it into quotes. */
static bool is_any(const char *if_match)
{
    return strcmp(if_match, "*") == 0 || strcmp(if_match, "\"*\"") == 0;
}

static void respond(struct whip *whip, const struct http_request *request, int status,
                    const struct http_header *headers, uint32_t count)
{
    struct http_response response = {.status = status, .headers = headers, .headers_count = count};
    signaling_respond(whip->signaling, request->handle, &response);
}

static void request_options(struct whip *whip, const struct http_request *request,
                            const struct target *target)
{
    const struct http_header endpoint[] = {{"allow", ALLOW_ENDPOINT}, {"accept-post", TYPE_SDP}};
    const struct http_header session[] = {{"allow", ALLOW_SESSION},
                                          {"accept-patch", TYPE_FRAGMENT}};
    respond(whip, request, 200, target->session == NULL ? endpoint : session, 2);
}

static void request_offer(struct whip *whip, const struct http_request *request,
                          enum whip_kind kind, const char *bearer)
{
    if (!is_type(request->content_type, TYPE_SDP)) {
        refuse(whip, request, REFUSAL_OFFER_TYPE);
        return;
    }
    if (request->body.length == 0) {
        refuse(whip, request, REFUSAL_EMPTY);
        return;
    }
    if (whip->draining) {
        refuse(whip, request, REFUSAL_DRAINING);
        return;
    }
    struct whip_offer offer = {.request = request->handle,
                               .kind = kind,
                               .bearer = bearer,
                               .peer_prefix = request->peer_prefix,
                               .sdp = request->body};
    whip->handlers.offer(whip->handlers.owner, &offer);
}

/* RFC 9725 §4.3.3: the new tag belongs to the new ICE session; when it fails the old session stays. */
static void request_restart(struct whip *whip, const struct http_request *request,
                            struct whip_session *session, const struct whip_ice *theirs)
{
    struct whip_ice ours = {.ufrag = ""};
    char text[ANSWER_SIZE];
    size_t length = 0;
    enum result result = whip->handlers.restart(whip->handlers.owner, &session->id, theirs, &ours);
    if (result_ok(result))
        result = whip_fragment_write(&ours, text, sizeof(text), &length);
    explicit_bzero(&ours, sizeof(ours));
    LOG(result_ok(result) ? LOG_INFO : LOG_WARNING, "whip.restart", log_id("session", &session->id),
        log_result(result));
    if (!result_ok(result)) {
        refuse(whip, request, REFUSAL_RESTART);
        return;
    }
    session->theirs = *theirs;
    whip_session_retag(session);
    struct http_header etag = {.name = "etag"};
    (void)!text_copy(etag.value, sizeof(etag.value), session->etag);
    struct http_response response = {.status = 200,
                                     .content_type = TYPE_FRAGMENT,
                                     .body = span_of(text, length),
                                     .headers = &etag,
                                     .headers_count = 1};
    signaling_respond(whip->signaling, request->handle, &response);
}

static bool same_ice(const struct whip_ice *a, const struct whip_ice *b)
{
    return strcmp(a->ufrag, b->ufrag) == 0 && strcmp(a->pwd, b->pwd) == 0;
}

/* Candidates are hints to an ICE-lite agent: taken, thanked for and forgotten (RFC 9725 §4.3.2 lets us discard them). */
static void request_patch(struct whip *whip, const struct http_request *request,
                          struct whip_session *session)
{
    struct whip_fragment fragment;
    if (!is_type(request->content_type, TYPE_FRAGMENT)) {
        refuse(whip, request, REFUSAL_FRAGMENT_TYPE);
        return;
    }
    if (request->if_match[0] == 0) {
        refuse(whip, request, REFUSAL_PRECONDITION);
        return;
    }
    bool any = is_any(request->if_match);
    if (!any && !etag_listed(request->if_match, session->etag)) {
        refuse(whip, request, REFUSAL_OTHER_ICE);
        return;
    }
    if (!result_ok(whip_fragment_parse(request->body, &fragment))) {
        refuse(whip, request, REFUSAL_MALFORMED);
        return;
    }
    bool named = fragment.ice.ufrag[0] != 0;
    bool same = named && same_ice(&fragment.ice, &session->theirs);
    if (any && (!named || same))
        refuse(whip, request, REFUSAL_NO_CREDENTIALS);
    else if (any)
        request_restart(whip, request, session, &fragment.ice);
    else if (named && !same)
        refuse(whip, request, REFUSAL_CONFLICT);
    else
        respond(whip, request, 204, NULL, 0);
}

static void request_delete(struct whip *whip, const struct http_request *request,
                           struct whip_session *session)
{
    struct id id = session->id;
    LOG(LOG_INFO, "whip.deleted", log_id("session", &id));
    whip_session_free(whip, session);
    whip->handlers.deleted(whip->handlers.owner, &id);
    respond(whip, request, 200, NULL, 0);
}

static void request_session(struct whip *whip, const struct http_request *request,
                            const struct target *target, const char *bearer)
{
    struct whip_session *session = whip_find(whip, target->session);
    struct sha256 shown = sha256_of(span_of(bearer, strlen(bearer)));
    if (session == NULL || session->kind != target->kind)
        refuse(whip, request, REFUSAL_NOT_FOUND);
    else if (!sha256_equal(&shown, &session->bearer))
        refuse(whip, request, REFUSAL_TOKEN);
    else if (strcmp(request->method, "DELETE") == 0)
        request_delete(whip, request, session);
    else
        request_patch(whip, request, session);
}

static bool method_taken(const struct target *target, const char *method)
{
    if (target->session == NULL)
        return strcmp(method, "POST") == 0;
    return strcmp(method, "PATCH") == 0 || strcmp(method, "DELETE") == 0;
}

void whip_on_request(struct whip *whip, const struct http_request *request)
{
    assert_on_thread(&whip->thread);
    const struct target target = target_of(request->path);
    const char *bearer = bearer_of(request->authorization);
    if (request->origin[0] != 0 && !request->origin_allowed)
        refuse(whip, request, REFUSAL_ORIGIN);
    else if (strcmp(request->method, "OPTIONS") == 0)
        request_options(whip, request, &target);
    else if (!method_taken(&target, request->method))
        refuse_method(whip, request, target.session != NULL);
    else if (bearer == NULL)
        refuse(whip, request, REFUSAL_TOKEN_MISSING);
    else if (target.session == NULL)
        request_offer(whip, request, target.kind, bearer);
    else
        request_session(whip, request, &target, bearer);
}
