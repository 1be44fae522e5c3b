/* THE authorisation function: may this actor do this to that? Every HTTP route and every message asks here and nowhere
 * else. Deny by default; what belongs to another institution is always denied; a patient reaches only what is their
 * own. Pure. Thread: any.
 *
 * It answers who may; whether it is possible now (state, rules) is the consultation's business. */
#ifndef GATEWAY_IDENTITY_AUTHORISE_H
#define GATEWAY_IDENTITY_AUTHORISE_H

#include <stdbool.h>

#include "gateway/base/id.h"
#include "gateway/model/person.h"

/* X(NAME, text, kind of object it is about) */
#define ACCESS_ACTION_LIST(X)                                                                      \
    X(SIGN_IN, "sign_in", NONE)                     /* POST staff sign-in: anyone may try */       \
    X(INVITATION_REDEEM, "invitation_redeem", NONE) /* the secret is the proof: anyone may try */  \
    X(SIGN_OUT, "sign_out", OWN)                    /* also message bye */                         \
    X(SELF_VIEW, "self_view", OWN)                  /* who am I */                                 \
    X(TICKET, "ticket", OWN) /* one-time ticket for the WebSocket; message hello */                \
    X(CONSULTATION_BOOK, "consultation_book", INSTITUTION)                                         \
    X(CONSULTATION_LIST, "consultation_list", INSTITUTION) /* list and search */                   \
    X(QUEUE_WATCH, "queue_watch", INSTITUTION)             /* message watch */                     \
    X(CONSULTATION_VIEW, "consultation_view", CONSULTATION)                                        \
    X(TIMELINE_VIEW, "timeline_view", CONSULTATION)                                                \
    X(INVITATION_REISSUE, "invitation_reissue", CONSULTATION)                                      \
    X(GUEST_INVITE, "guest_invite", CONSULTATION)                                                  \
    X(JOIN, "join", CONSULTATION)   /* message join: take a seat */                                \
    X(LEAVE, "leave", CONSULTATION) /* message leave */                                            \
    X(MEDIA, "media", CONSULTATION) /* messages answer, candidate, restart, report */              \
    X(ACT, "act", CONSULTATION)     /* message act; event_allowed_for_role decides too */          \
    X(FACT, "fact", CONSULTATION)   /* message fact; the supplier follows from the role */         \
    X(SEAT_REMOVE, "seat_remove", CONSULTATION)     /* act remove */                               \
    X(SEAT_MOVE, "seat_move", CONSULTATION)         /* act move_seat */                            \
    X(DEVICE_MANAGE, "device_manage", CONSULTATION) /* make, list and revoke tokens of devices */  \
    X(DEVICE_PUBLISH, "device_publish", CONSULTATION) /* WHIP */                                   \
    X(DEVICE_PLAY, "device_play", CONSULTATION)       /* WHEP */                                   \
    X(STAFF_LIST, "staff_list", INSTITUTION)                                                       \
    X(STAFF_MANAGE, "staff_manage", INSTITUTION)                                                   \
    X(RULES_VIEW, "rules_view", INSTITUTION) /* the rule pack and its facts */                     \
    X(AUDIT_STATUS, "audit_status", INSTITUTION)                                                   \
    X(AUDIT_VERIFY, "audit_verify", INSTITUTION)                                                   \
    X(AUDIT_SEARCH, "audit_search", INSTITUTION)                                                   \
    X(AUDIT_PROOF, "audit_proof", CONSULTATION) /* download one consultation's proof */            \
    X(METRICS_READ, "metrics_read", NODE)

enum access_action {
#define X(name, text, kind) ACCESS_##name,
    ACCESS_ACTION_LIST(X)
#undef X
        ACCESS_ACTION_COUNT
};

enum access_kind {
    ACCESS_KIND_NONE, /* about nothing that exists yet */
    ACCESS_KIND_OWN,  /* the actor's own session */
    ACCESS_KIND_INSTITUTION,
    ACCESS_KIND_CONSULTATION,
    ACCESS_KIND_NODE, /* the gateway itself */
};

/* Filled from stored rows, never from what the asker sent. */
struct access_object {
    enum access_kind kind;
    struct id institution;  /* INSTITUTION, CONSULTATION */
    struct id consultation; /* CONSULTATION, and the rest */
    struct id patient;      /* p_…: whose consultation it is */
    struct id physician;    /* s_…: named at booking */
    bool guest_here;        /* CONSULTATION, actor a guest: invited to this one, the link is good */
    bool
        event_allowed_for_role; /* ACT, SEAT_REMOVE, SEAT_MOVE: consultation_event_allowed() said so */
};

/* X(NAME, text): codes for the asker and the record; texts are looked up by name. */
#define ACCESS_REASON_LIST(X)                                                                      \
    X(ALLOWED, "allowed")                                                                          \
    X(NOT_SIGNED_IN, "not_signed_in")                                                              \
    X(WRONG_ROLE, "wrong_role")                                                                    \
    X(OTHER_INSTITUTION, "other_institution")                                                      \
    X(NOT_YOURS, "not_yours")     /* another patient's, or another physician's */                  \
    X(WRONG_EVENT, "wrong_event") /* this role does not send this event */                         \
    X(WRONG_OBJECT, "wrong_object")

enum access_reason {
#define X(name, text) ACCESS_REASON_##name,
    ACCESS_REASON_LIST(X)
#undef X
        ACCESS_REASON_COUNT
};

struct access_answer {
    bool allowed;
    enum access_reason reason;
};

/* `object` may be NULL for actions about nothing, one's own session or the node. An edge tells outsiders "not found"
 * for OTHER_INSTITUTION and NOT_YOURS, so ids cannot be probed. */
struct access_answer authorise(const struct actor *actor, enum access_action action,
                               const struct access_object *object);

const char *access_action_name(enum access_action action);
const char *access_reason_name(enum access_reason reason);

#endif
