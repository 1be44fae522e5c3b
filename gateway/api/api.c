#include "gateway/api/api.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/api/api_call.h"
#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/words/words.h"

#define SEEN_UPDATE_US (60 * US_PER_S)

const struct api_route API_ROUTES[] = {
    {"POST", "/api/login", API_ANYBODY, ACCESS_SIGN_IN, false, true, api_login},
    {"POST", "/api/logout", API_STAFF, ACCESS_SIGN_OUT, false, true, api_logout},
    {"GET", "/api/me", API_STAFF, ACCESS_SELF_VIEW, false, false, api_me},
    {"POST", "/api/ticket", API_STAFF_OR_PATIENT, ACCESS_TICKET, false, true, api_ticket},
    {"POST", "/api/invitations/redeem", API_ANYBODY, ACCESS_INVITATION_REDEEM, false, true,
     api_redeem},
    {"GET", "/api/texts/agreement", API_ANYBODY, ACCESS_INVITATION_REDEEM, false, false,
     api_agreement},
    {"GET", "/api/consultations", API_STAFF, ACCESS_CONSULTATION_LIST, false, false,
     api_consultations_list},
    {"POST", "/api/consultations", API_STAFF, ACCESS_CONSULTATION_BOOK, false, true,
     api_consultation_book},
    {"GET", "/api/consultations/*", API_STAFF, ACCESS_CONSULTATION_VIEW, true, false,
     api_consultation_get},
    {"GET", "/api/consultations/*/timeline", API_STAFF, ACCESS_TIMELINE_VIEW, true, false,
     api_consultation_timeline},
    {"POST", "/api/consultations/*/invitation", API_STAFF, ACCESS_INVITATION_REISSUE, true, true,
     api_consultation_invite},
    {"GET", "/api/consultations/*/devices", API_STAFF, ACCESS_DEVICE_MANAGE, true, false,
     api_devices_list},
    {"POST", "/api/consultations/*/devices", API_STAFF, ACCESS_DEVICE_MANAGE, true, true,
     api_device_issue},
    {"POST", "/api/consultations/*/devices/revoke", API_STAFF, ACCESS_DEVICE_MANAGE, true, true,
     api_device_revoke},
    {"POST", "/api/consultations/*/guests", API_STAFF, ACCESS_GUEST_INVITE, true, true,
     api_guest_invite},
    {"GET", "/api/audit/status", API_STAFF, ACCESS_AUDIT_STATUS, false, false, api_audit_status},
    {"POST", "/api/audit/verify", API_STAFF, ACCESS_AUDIT_VERIFY, false, true, api_audit_verify},
    {"GET", "/api/status", API_STAFF, ACCESS_AUDIT_STATUS, false, false, api_status},
    {"GET", "/metrics", API_ANYBODY, ACCESS_METRICS_READ, false, false, api_metrics},
    {"GET", "/health/live", API_ANYBODY, ACCESS_SIGN_IN, false, false, api_health_live},
    {"GET", "/health/ready", API_ANYBODY, ACCESS_SIGN_IN, false, false, api_health_ready},
};
const unsigned API_ROUTES_COUNT = ARRAY_LENGTH(API_ROUTES);

/* ---- answers --------------------------------------------------------------------------------------------------- */

static void api_call_free(struct api_call *call)
{
    list_remove(&call->link);
    call->api->calls_count--;
    json_decref(call->body);
    json_decref(call->reply);
    memset(call, 0, sizeof(*call));
    free(call);
}

void api_reply_text(struct api_call *call, int status, const char *content_type, const char *text,
                    size_t length)
{
    struct http_response response = {
        .status = status, .content_type = content_type, .body = span_of(text, length)};
    if (call->set_cookie[0] != 0)
        response.set_cookie[0] = call->set_cookie;
    signaling_respond(call->api->signaling, call->request, &response);
    api_call_free(call);
}

void api_reply(struct api_call *call, int status, json_t *reply)
{
    char *text = reply == NULL ? NULL : json_dumps(reply, JSON_COMPACT);
    json_decref(reply);
    api_reply_text(call, status, "application/json", text == NULL ? "{}" : text,
                   text == NULL ? 2 : strlen(text));
    free(text);
}

void api_refuse(struct api_call *call, int status, const char *code, const char *field)
{
    const struct words *words = words_for(code);
    json_t *reply = json_pack("{s:s,s:s,s:s}", "code", code, "what", words->what[call->language],
                              "todo", words->todo[call->language]);
    if (field != NULL && field[0] != 0)
        json_object_set_new(reply, "field", json_string(field));
    api_reply(call, status, reply);
}

void api_refuse_result(struct api_call *call, enum result result)
{
    LOG(LOG_WARNING, "api.failed",
        log_name("path", call->route == NULL ? "none" : call->route->path), log_result(result));
    if (result == RESULT_FULL)
        api_refuse(call, 503, "busy", NULL);
    else if (result_class(result) == RESULT_CLASS_OUTSIDE)
        api_refuse(call, 503, "storage", NULL);
    else
        api_refuse(call, 500, "internal", NULL);
}

/* ---- store ----------------------------------------------------------------------------------------------------- */

static void api_rows(void *owner, enum result result, const struct store_rows *rows)
{
    struct api_call *call = owner;
    if (!result_ok(result))
        api_refuse_result(call, result);
    else
        call->rows_next(call, rows);
}

void api_query(struct api_call *call, const struct store_query *query,
               void (*next)(struct api_call *call, const struct store_rows *rows))
{
    call->rows_next = next;
    enum result result = store_query(call->api->store, query, api_rows, call);
    if (!result_ok(result))
        api_refuse_result(call, result);
}

static void api_submitted(void *owner, enum result result, uint64_t first_seq)
{
    struct api_call *call = owner;
    (void)first_seq;
    if (!result_ok(result))
        api_refuse_result(call, result);
    else
        call->submit_next(call);
}

void api_submit(struct api_call *call, struct store_transaction *transaction, api_handler *next)
{
    call->submit_next = next;
    enum result result = store_submit(call->api->store, transaction, api_submitted, call);
    if (!result_ok(result))
        api_refuse_result(call, result);
}

struct audit_draft api_draft(const struct api_call *call, enum audit_act act,
                             const char *object_kind, const struct id *object)
{
    struct audit_draft draft = {.act = act,
                                .outcome = AUDIT_OK,
                                .actor = call->identity.actor,
                                .object_kind = object_kind,
                                .request = id_new('r')};
    if (object != NULL)
        draft.object = *object;
    return draft;
}

void api_draft_text(struct audit_draft *draft, const char *key, const char *text)
{
    struct audit_extra *extra = &draft->extra[draft->extra_count++];
    *extra = (struct audit_extra){.key = key, .is_text = true};
    (void)!text_copy(extra->text, sizeof(extra->text), text);
}

const char *api_body_text(const struct api_call *call, const char *key)
{
    return json_string_value(json_object_get(call->body, key));
}

/* ---- who and may they ------------------------------------------------------------------------------------------ */

static void api_authorised(struct api_call *call)
{
    struct access_answer answer =
        authorise(&call->identity.actor, call->route->action, &call->object);
    if (answer.allowed)
        call->route->handler(call);
    else if (answer.reason == ACCESS_REASON_NOT_SIGNED_IN)
        api_refuse(call, 401, "signed_out", NULL);
    else if (answer.reason == ACCESS_REASON_OTHER_INSTITUTION ||
             answer.reason == ACCESS_REASON_NOT_YOURS)
        api_refuse(call, 404, "not_found", NULL);
    else
        api_refuse(call, 403, "denied", NULL);
}

static void api_object_rows(struct api_call *call, const struct store_rows *rows)
{
    if (store_rows_count(rows) != 1) {
        api_refuse(call, 404, "not_found", NULL);
        return;
    }
    call->object = (struct access_object){.kind = ACCESS_KIND_CONSULTATION,
                                          .institution = store_rows_id(rows, 0, "institution"),
                                          .consultation = store_rows_id(rows, 0, "id"),
                                          .patient = store_rows_id(rows, 0, "patient"),
                                          .physician = store_rows_id(rows, 0, "physician")};
    api_authorised(call);
}

/* What the call is about, then the question. The institution always comes from the session (tenant wall). */
static void api_identified(struct api_call *call)
{
    if (call->route->about_consultation) {
        struct store_query query = {.kind = STORE_QUERY_CONSULTATION_BY_ID,
                                    .key = call->path_id.text,
                                    .institution = call->identity.actor.institution.text};
        api_query(call, &query, api_object_rows);
        return;
    }
    /* Machines on this very host read the counters without an account; metrics_local() keeps everybody else out. */
    if (call->route->action == ACCESS_METRICS_READ)
        call->identity.actor =
            (struct actor){.role = ROLE_SYSTEM, .authentication = AUTHENTICATION_DEVICE};
    bool own = call->route->action == ACCESS_SIGN_OUT || call->route->action == ACCESS_SELF_VIEW ||
               call->route->action == ACCESS_TICKET;
    bool institution = call->route->who == API_STAFF && !own;
    call->object = (struct access_object){.kind = institution ? ACCESS_KIND_INSTITUTION
                                                  : own       ? ACCESS_KIND_OWN
                                                  : call->route->action == ACCESS_METRICS_READ
                                                      ? ACCESS_KIND_NODE
                                                      : ACCESS_KIND_NONE,
                                          .institution = call->identity.actor.institution};
    api_authorised(call);
}

static void api_device_rows(struct api_call *call, const struct store_rows *rows);

static void api_staff_rows(struct api_call *call, const struct store_rows *rows)
{
    int64_t now_us = clock_wall_us();
    bool known =
        store_rows_count(rows) == 1 && store_rows_integer(rows, 0, "disabled") == 0 &&
        store_rows_integer(rows, 0, "expires_us") > now_us &&
        store_rows_integer(rows, 0, "seen_us") + call->api->options.session_idle_us > now_us;
    if (!known && call->route->who == API_STAFF_OR_PATIENT && call->cookie_device[0] != 0) {
        call->cookie_session[0] = 0;
        struct store_query query = {.kind = STORE_QUERY_DEVICE_BY_HASH,
                                    .hash = token_hash(call->cookie_device)};
        api_query(call, &query, api_device_rows);
        return;
    }
    if (!known) {
        api_refuse(call, 401, "signed_out", NULL);
        return;
    }
    call->identity.actor = (struct actor){.role = role_of_name(store_rows_text(rows, 0, "role")),
                                          .authentication = AUTHENTICATION_PASSWORD,
                                          .person = store_rows_id(rows, 0, "staff"),
                                          .institution = store_rows_id(rows, 0, "institution"),
                                          .session = store_rows_id(rows, 0, "id")};
    const char *name = store_rows_text(
        rows, 0, call->language == LANGUAGE_EN ? "display_name_en" : "display_name_ja");
    (void)!text_copy(call->identity.name, sizeof(call->identity.name), name);
    if (now_us - store_rows_integer(rows, 0, "seen_us") > SEEN_UPDATE_US) {
        struct store_transaction *transaction = store_transaction_new();
        store_see_staff_session(transaction, &call->identity.actor.session, now_us);
        api_submit(call, transaction, api_identified);
        return;
    }
    api_identified(call);
}

/* Of the patient, or of a guest told by the device's link. */
static void api_patient_visit_rows(struct api_call *call, const struct store_rows *rows)
{
    if (store_rows_count(rows) != 1) {
        api_refuse(call, 401, "invitation_expired", NULL);
        return;
    }
    struct actor *actor = &call->identity.actor;
    if (!role_is_guest(actor->role)) {
        actor->role = ROLE_PATIENT;
        actor->person = store_rows_id(rows, 0, "patient");
    }
    actor->authentication = AUTHENTICATION_DEVICE;
    actor->institution = store_rows_id(rows, 0, "institution");
    api_identified(call);
}

static void api_device_rows(struct api_call *call, const struct store_rows *rows)
{
    if (store_rows_count(rows) != 1 ||
        store_rows_integer(rows, 0, "expires_us") <= clock_wall_us()) {
        api_refuse(call, 401, "invitation_expired", NULL);
        return;
    }
    call->identity.device = store_rows_id(rows, 0, "id");
    call->identity.consultation = store_rows_id(rows, 0, "consultation");
    call->identity.actor = (struct actor){
        .role = role_of_name(store_rows_text(rows, 0, "guest_role")), /* none: the patient's */
        .person = store_rows_id(rows, 0, "guest")};
    struct store_query query = {.kind = STORE_QUERY_CONSULTATION_BY_ID,
                                .key = call->identity.consultation.text};
    api_query(call, &query, api_patient_visit_rows);
}

/* {"as":"patient"} chooses when a browser has both cookies (a physician trying a link on the same machine). */
static bool api_as_patient(const struct api_call *call)
{
    const char *as = api_body_text(call, "as");
    if (call->route->who != API_STAFF_OR_PATIENT)
        return false;
    return call->cookie_session[0] == 0 || (as != NULL && strcmp(as, "patient") == 0);
}

static void api_identify(struct api_call *call)
{
    if (call->route->who == API_ANYBODY) {
        api_identified(call);
        return;
    }
    bool patient = api_as_patient(call);
    const char *cookie = patient ? call->cookie_device : call->cookie_session;
    if (cookie[0] == 0) {
        api_refuse(call, 401, patient ? "invitation_expired" : "signed_out", NULL);
        return;
    }
    struct store_query query = {.kind = patient ? STORE_QUERY_DEVICE_BY_HASH
                                                : STORE_QUERY_STAFF_SESSION_BY_HASH,
                                .hash = token_hash(cookie)};
    api_query(call, &query, patient ? api_device_rows : api_staff_rows);
}

/* ---- the door -------------------------------------------------------------------------------------------------- */

/* Matches a path whose pattern has one star and keeps what stands for the star; an id that is none matches nothing. */
static bool api_path_matches(const char *pattern, const char *path, struct id *ret_id)
{
    const char *star = strchr(pattern, '*');
    if (star == NULL)
        return strcmp(pattern, path) == 0;
    size_t before = (size_t)(star - pattern);
    if (strncmp(pattern, path, before) != 0)
        return false;
    size_t length = strcspn(path + before, "/");
    char text[ID_TEXT_SIZE];
    if (length == 0 || length >= sizeof(text) || strcmp(star + 1, path + before + length) != 0)
        return false;
    memcpy(text, path + before, length);
    text[length] = 0;
    return id_parse(text, ret_id);
}

static const struct api_route *api_find_route(const struct http_request *request, struct id *ret_id,
                                              bool *ret_path_known)
{
    *ret_path_known = false;
    for (unsigned i = 0; i < API_ROUTES_COUNT; i++) {
        if (!api_path_matches(API_ROUTES[i].path, request->path, ret_id))
            continue;
        *ret_path_known = true;
        if (strcmp(API_ROUTES[i].method, request->method) == 0)
            return &API_ROUTES[i];
    }
    return NULL;
}

/* Cross-site requests: the header cannot be set by a foreign page without CORS, which we never allow; a browser's
 * Origin has to be ours besides. */
static bool api_cross_site(const struct api_route *route, const struct http_request *request)
{
    return route->changes && (request->marker == NULL || request->marker[0] == 0 ||
                              (request->origin[0] != 0 && !request->origin_allowed));
}

static bool api_read_body(struct api_call *call, const struct http_request *request)
{
    json_error_t error;
    if (request->body.length == 0)
        return true;
    call->body = json_loadb((const char *)request->body.data, request->body.length,
                            JSON_REJECT_DUPLICATES, &error);
    return json_is_object(call->body);
}

static void api_begin(struct api_call *call, const struct http_request *request)
{
    bool path_known;
    call->route = api_find_route(request, &call->path_id, &path_known);
    if (call->route == NULL)
        api_refuse(call, path_known ? 405 : 404, path_known ? "method" : "not_found", NULL);
    else if (api_cross_site(call->route, request))
        api_refuse(call, 403, "origin", NULL);
    else if (!api_read_body(call, request))
        api_refuse(call, 400, "malformed", NULL);
    else
        api_identify(call);
}

static void api_read_cookie(const struct http_request *request, const char *name, char *ret_token)
{
    if (!http_cookie_value(request->cookie, name, ret_token, TOKEN_SIZE) ||
        !token_is_wellformed(ret_token))
        ret_token[0] = 0;
}

void api_on_request(void *owner, const struct http_request *request)
{
    struct api *api = owner;
    struct api_call *call = api->calls_count >= API_CALLS_MAX ? NULL : calloc(1, sizeof(*call));
    if (call == NULL) {
        struct http_response response = {.status = 503,
                                         .content_type = "application/json",
                                         .body = span_of("{\"code\":\"busy\"}", 15)};
        signaling_respond(api->signaling, request->handle, &response);
        return;
    }
    call->api = api;
    call->request = request->handle;
    call->tag = ++api->next_tag;
    call->language = strcmp(request->language, "en") == 0 ? LANGUAGE_EN : LANGUAGE_JA;
    list_append(&api->calls, &call->link);
    api->calls_count++;
    (void)!text_copy(call->peer_prefix, sizeof(call->peer_prefix), request->peer_prefix);
    if (!text_copy(call->query, sizeof(call->query), request->query)) {
        api_refuse(call, 400, "malformed", "query");
        return;
    }
    api_read_cookie(request, COOKIE_SESSION, call->cookie_session);
    api_read_cookie(request, COOKIE_DEVICE, call->cookie_device);
    api_begin(call, request);
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

enum result api_new(const struct api_options *options, const struct api_services *services,
                    struct store *store, struct counters *counters, api_wake_function *wake,
                    void *wake_owner, struct api **ret_api)
{
    struct api *api = calloc(1, sizeof(*api));
    if (api == NULL)
        return RESULT_NO_MEMORY;
    api->options = *options;
    api->services = *services;
    api->store = store;
    api->counters = counters;
    list_init(&api->calls);
    struct password_worker_options passwords = {.wake = wake, .context = wake_owner};
    enum result result = password_worker_new(&passwords, &api->passwords);
    if (result_ok(result))
        result = sign_in_guard_new(SIGN_IN_PAIRS_MAX, &api->guard);
    if (result_ok(result))
        result = api_verification_new(api);
    if (result_ok(result))
        *ret_api = api;
    else
        api_free(api);
    return result;
}

struct api *api_free(struct api *api)
{
    if (api == NULL)
        return NULL;
    api_verification_free(api);
    password_worker_free(api->passwords);
    sign_in_guard_free(api->guard);
    LIST_FOR_EACH(&api->calls, link)
    api_call_free(CONTAINER_OF(link, struct api_call, link));
    free(api);
    return NULL;
}

void api_attach(struct api *api, struct signaling *signaling)
{
    api->signaling = signaling;
}

void api_dispatch(struct api *api)
{
    struct password_answer answer;
    while (password_worker_poll(api->passwords, &answer))
        api_login_answer(api, &answer);
    api_verification_dispatch(api);
}
