/* One HTTP call on its way through the room; for the room's own files. */
#ifndef GATEWAY_API_API_CALL_H
#define GATEWAY_API_API_CALL_H

#include <jansson.h>

#include "gateway/api/api.h"
#include "gateway/base/list.h"
#include "gateway/identity/authorise.h"
#include "gateway/identity/password_worker.h"
#include "gateway/identity/sign_in_guard.h"

struct api_call;
typedef void api_handler(struct api_call *call);

enum api_who {
    API_ANYBODY, /* sign-in, links, public texts, health */
    API_STAFF,   /* a staff session cookie */
    API_STAFF_OR_PATIENT,
};

struct api_route {
    const char *method;
    const char *path; /* "*" stands for one id */
    enum api_who who;
    enum access_action action;
    bool
        about_consultation; /* the "*" is a consultation of the asker's institution: loaded before the handler */
    bool changes; /* needs the X-Tsunagi header and an allowed Origin */
    api_handler *handler;
};

/* Thread: control.   Owner: struct api, in calls.
 * Life:   request … its one response.   Bound: API_CALLS_MAX. */
struct api_call {
    struct list_link link;
    struct api *api;
    struct handle request;
    const struct api_route *route;
    struct id path_id;
    char query[1024];
    char peer_prefix[48];
    char cookie_session[TOKEN_SIZE];
    char cookie_device[TOKEN_SIZE];
    enum language language;
    json_t *body;  /* object; NULL when there was none */
    json_t *reply; /* being built */
    struct visit_identity identity;
    struct access_object object;
    uint64_t tag;
    char login[121];
    struct redeem redeem;
    int status;
    char set_cookie[COOKIE_TEXT_SIZE];
    void (*rows_next)(struct api_call *call, const struct store_rows *rows);
    api_handler *submit_next;
};

/* Thread: control.   Owner: gateway.c. */
struct api {
    struct api_options options;
    struct api_services services;
    struct store *store;
    struct signaling *signaling;
    struct counters *counters;
    struct password_worker *passwords;
    struct sign_in_guard *guard;
    struct list calls;
    uint32_t calls_count;
    uint64_t next_tag;
    struct api_verification *verification;
    uint64_t checkpoint_size;
    int64_t checkpoint_seen_us; /* wall clock of the newest one */
};

extern const struct api_route API_ROUTES[];
extern const unsigned API_ROUTES_COUNT;

/* Ends the call. `reply` is stolen; NULL sends an empty body. */
void api_reply(struct api_call *call, int status, json_t *reply);
void api_reply_text(struct api_call *call, int status, const char *content_type, const char *text,
                    size_t length);
/* Refusal in words: {"code","what","todo"[,"field"]}. */
void api_refuse(struct api_call *call, int status, const char *code, const char *field);
/* A failed result of the store in words. */
void api_refuse_result(struct api_call *call, enum result result);
void api_query(struct api_call *call, const struct store_query *query,
               void (*next)(struct api_call *call, const struct store_rows *rows));
void api_submit(struct api_call *call, struct store_transaction *transaction, api_handler *next);
/* A record about what this call did, with its actor. */
struct audit_draft api_draft(const struct api_call *call, enum audit_act act,
                             const char *object_kind, const struct id *object);
void api_draft_text(struct audit_draft *draft, const char *key, const char *text);
/* Text member of the body; NULL when absent or no text. */
const char *api_body_text(const struct api_call *call, const char *key);

/* login.c */
void api_login(struct api_call *call);
void api_login_answer(struct api *api, const struct password_answer *answer);
void api_logout(struct api_call *call);
void api_me(struct api_call *call);
void api_ticket(struct api_call *call);
/* guests.c */
void api_guest_invite(struct api_call *call);
/* invitations.c */
void api_redeem(struct api_call *call);
void api_agreement(struct api_call *call);
/* consultations.c */
void api_consultations_list(struct api_call *call);
void api_consultation_get(struct api_call *call);
void api_consultation_timeline(struct api_call *call);
void api_consultation_book(struct api_call *call);
void api_consultation_invite(struct api_call *call);
/* devices.c */
void api_devices_list(struct api_call *call);
void api_device_issue(struct api_call *call);
void api_device_revoke(struct api_call *call);
/* audit_status.c */
void api_audit_status(struct api_call *call);
void api_audit_verify(struct api_call *call);
MUST_CHECK enum result api_verification_new(struct api *api);
void api_verification_free(struct api *api);
void api_verification_start(struct api *api);
void api_verification_dispatch(struct api *api);
/* status.c */
void api_metrics(struct api_call *call);
void api_health_live(struct api_call *call);
void api_health_ready(struct api_call *call);
void api_status(struct api_call *call);

#endif
