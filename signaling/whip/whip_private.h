/* What the files of whip/ share. Nobody else includes this. */
#ifndef SIGNALING_WHIP_WHIP_PRIVATE_H
#define SIGNALING_WHIP_WHIP_PRIVATE_H

#include "gateway/base/check.h"
#include "gateway/base/list.h"
#include "gateway/base/random.h"
#include "signaling/whip/whip.h"

#define WHIP_ETAG_BYTES 12
#define WHIP_BASE_SIZE  256

/* Thread: control.   Owner: struct whip, in sessions.
 * Life:   whip_accept … DELETE or whip_end.   Bound: WHIP_SESSIONS_MAX. */
struct whip_session {
    struct list_link link;
    struct id id;
    enum whip_kind kind;
    struct sha256 bearer;
    struct whip_ice theirs;
    char etag[RANDOM_TOKEN_SIZE(WHIP_ETAG_BYTES) +
              2]; /* quoted; one ICE session (RFC 9725 §4.3.1) */
};

/* Thread: control.   Owner: gateway.c. */
struct whip {
    struct thread_owner thread;
    struct whip_handlers handlers;
    struct signaling *signaling;
    struct counters *counters;
    struct list sessions;
    uint32_t sessions_count;
    bool draining;
    char base[WHIP_BASE_SIZE];
};

/* whip.c */
struct whip_session *whip_find(struct whip *whip, const char *id);
void whip_session_free(struct whip *whip, struct whip_session *session);
void whip_session_retag(struct whip_session *session);

#endif
