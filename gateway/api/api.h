/* JSON over HTTP for the pages, the console and machines: a table of routes, each with the one question it asks the
 * authorisation function. A request walks: route → cookie → who → may they → query or service → JSON.
 *
 * Thread: control. Owner: gateway.c. Every request gets exactly one response.
 * State-changing calls need the X-Tsunagi header and, from browsers, an allowed Origin (CSRF).
 * Bounds: API_CALLS_MAX requests in work; beyond that 503. */
#ifndef GATEWAY_API_API_H
#define GATEWAY_API_API_H

#include "gateway/base/cleanup.h"
#include "gateway/base/counters.h"
#include "gateway/base/result.h"
#include "gateway/identity/token.h"
#include "gateway/model/visit.h"
#include "gateway/rules/rules.h"
#include "gateway/storage/store.h"
#include "signaling/signaling.h"

#define API_CALLS_MAX 512

/* What control does for the web rooms; `owner` is passed back. */
struct api_services {
    void *owner;
    void (*issue_ticket)(void *owner, const struct visit_identity *identity,
                         struct token *ret_ticket);
    void (*sign_out)(void *owner, const struct id *session);
    void (*book)(void *owner, const struct booking *booking, booking_done_fn done,
                 void *done_owner);
    void (*reissue)(void *owner, const struct actor *actor, const struct id *consultation,
                    booking_done_fn done, void *done_owner);
    void (*invite_guest)(void *owner, const struct guest_invitation *invitation,
                         booking_done_fn done, void *done_owner);
    void (*redeem)(void *owner, const struct redeem *redeem, redeem_done_fn done, void *done_owner);
    void (*device_issue)(void *owner, const struct device_request *request, device_done_fn done,
                         void *done_owner);
    void (*device_revoke)(void *owner, const struct actor *actor, const struct id *consultation,
                          const struct id *device, device_done_fn done, void *done_owner);
    /* Sums of all threads' counters. */
    void (*counters)(void *owner, uint64_t *ret_values);
    /* False while draining or degraded: the readiness answer, with its reason. */
    bool (*ready)(void *owner, const char **ret_reason);
    const struct rule_pack *(*pack)(void *owner);
};

struct api_options {
    const char *checkpoint_file; /* what the signer publishes */
    const char *log_vkey;        /* verifier key text of the log */
    struct store_options
        reader; /* the verification reads beside the gateway with a store of its own */
    const char *public_origin; /* "https://clinic.example:8443", for links */
    int64_t session_idle_us;
    int64_t session_absolute_us;
};

struct api;

/* Called on the password thread; must only wake the control loop, which then calls api_dispatch. */
typedef void api_wake_function(void *owner);

MUST_CHECK enum result api_new(const struct api_options *options,
                               const struct api_services *services, struct store *store,
                               struct counters *counters, api_wake_function *wake, void *wake_owner,
                               struct api **ret_api);
struct api *api_free(struct api *api);
void api_attach(struct api *api, struct signaling *signaling);
/* Handler for signaling_start; `owner` is the struct api. */
void api_on_request(void *owner, const struct http_request *request);
/* Finished password checks. */
void api_dispatch(struct api *api);
/* Reads the signer's newest checkpoint and keeps it in the store; call every few seconds. */
void api_checkpoint_tick(struct api *api);

#endif
