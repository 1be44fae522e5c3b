/* The HTTP side of WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): a device publishes with one POST and watches with
 * another. This room knows requests, preconditions and session resources; whether a device may come in, and its media,
 * are the business of whoever sits above (struct whip_handlers).
 *
 *   POST    /whip or /whep   application/sdp offer → 201, Location, ETag, answer
 *   PATCH   the Location     application/trickle-ice-sdpfrag → 204 (candidates) or 200 (ICE restart), If-Match demanded
 *   DELETE  the Location     → 200
 *   OPTIONS either           → 200, what may be sent
 *
 * Every request but OPTIONS carries the device's Bearer token (RFC 6750). Devices are no browsers: a foreign Origin is
 * refused and no CORS header is ever sent.
 *
 * Thread: control. Owner: gateway.c. Bound: WHIP_SESSIONS_MAX; full: 503 with Retry-After. Every request gets exactly one
 * answer. Tokens are kept as their SHA-256 and never logged; refusals are RFC 9457 problem documents in English. */
#ifndef SIGNALING_WHIP_WHIP_H
#define SIGNALING_WHIP_WHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/counters.h"
#include "gateway/base/hash.h"
#include "gateway/base/id.h"
#include "gateway/base/result.h"
#include "signaling/signaling.h"
#include "signaling/whip/whip_fragment.h"

#define WHIP_SESSIONS_MAX  1024
#define WHIP_ICE_LINKS_MAX 4

enum whip_kind { WHIP_PUBLISH, WHIP_PLAY };

/* A device that wants in. Borrowed for the call; answer the request with whip_accept() or whip_refuse(), now or later. */
struct whip_offer {
    struct handle request;
    enum whip_kind kind;
    const char *bearer; /* as sent, WHIP_BEARER_MAX at the most; may be no token at all */
    const char *peer_prefix;
    struct span sdp; /* at most SIGNALING_BODY_MAX, not looked at yet */
};
#define WHIP_BEARER_MAX 128

/* What a session begins with. */
struct whip_grant {
    struct id session; /* w_…: the last part of its URL */
    enum whip_kind kind;
    struct sha256 bearer; /* of the token; later requests must show the same */
    struct whip_ice
        theirs;         /* of the offer, so that a trickled fragment can be told from a restart */
    const char *answer; /* SDP */
    /* Link headers with rel="ice-server" (RFC 9725 §4.6), ready-made. */
    const char *ice_links[WHIP_ICE_LINKS_MAX];
    unsigned ice_links_count;
};

/* Why not, in words for whoever reads the device's screen. All static texts. */
struct whip_refusal {
    int status;
    int retry_after_s; /* 0: says nothing */
    const char *code;
    const char *what;
    const char *todo;
    const char *allow; /* with 405: the methods taken; else NULL */
};

struct whip_handlers {
    void *owner;
    void (*offer)(void *owner, const struct whip_offer *offer);
    /* The device's network changed: `theirs` replaces what it had; ours go into `ret_ours`. On failure the old ones stay. */
    enum result (*restart)(void *owner, const struct id *session, const struct whip_ice *theirs,
                           struct whip_ice *ret_ours);
    /* DELETE: the session is over and its URL stale. */
    void (*deleted)(void *owner, const struct id *session);
};

struct whip;

/* `base` is the public origin of the gateway, for Location: "https://clinic.example". Copied. */
MUST_CHECK enum result whip_new(const struct whip_handlers *handlers, const char *base,
                                struct counters *counters, struct whip **ret_whip);
struct whip *whip_free(struct whip *whip);
void whip_attach(struct whip *whip, struct signaling *signaling);
/* From now on new sessions are refused with 503; running ones go on. */
void whip_drain(struct whip *whip);

/* Is this request ours? Then whip_on_request() takes it. */
bool whip_is_path(const char *path);
void whip_on_request(struct whip *whip, const struct http_request *request);

/* 201. RESULT_FULL: too many sessions; the request was answered with 503 and the caller undoes what it built. */
MUST_CHECK enum result whip_accept(struct whip *whip, struct handle request,
                                   const struct whip_grant *grant);
void whip_refuse(struct whip *whip, struct handle request, const struct whip_refusal *refusal);
/* The session is over from above (removed, lost, revoked, consultation ended): its URL is 404 from now on. Unknown ones are
 * ignored. */
void whip_end(struct whip *whip, const struct id *session);
uint32_t whip_sessions(const struct whip *whip);

#endif
