#include "gateway/identity/authorise.h"

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"

/* One bit a role. */
#define R(name) (1u << ROLE_##name)

enum {
    PATIENTS = R(PATIENT) | R(PROXY),
    GUESTS = R(FAMILY) | R(INTERPRETER) | R(HELPER) | R(SPECIALIST) | R(TRAINEE),
    STAFF = R(PHYSICIAN) | R(NURSE) | R(CLERK) | R(ADMINISTRATOR),
};

/* Who may: `everyone` of the object's institution with that role; `own` those whose consultation it is (the patient
 * and who speaks for them, the physician named at booking, guests invited to it). In neither: nobody of that role. */
struct access_row {
    uint16_t everyone;
    uint16_t own;
    bool is_public;   /* before sign-in */
    bool needs_event; /* the state machine's table of events has a say too */
};

static const struct access_row ROWS[ACCESS_ACTION_COUNT] = {
    [ACCESS_SIGN_IN] = {.is_public = true},
    [ACCESS_INVITATION_REDEEM] = {.is_public = true},
    [ACCESS_SIGN_OUT] = {.everyone = PATIENTS | STAFF},
    [ACCESS_SELF_VIEW] = {.everyone = PATIENTS | STAFF},
    [ACCESS_TICKET] = {.everyone = PATIENTS | GUESTS | STAFF},
    [ACCESS_CONSULTATION_BOOK] = {.everyone = R(PHYSICIAN) | R(CLERK) | R(ADMINISTRATOR)},
    [ACCESS_CONSULTATION_LIST] = {.everyone = STAFF},
    [ACCESS_QUEUE_WATCH] = {.everyone = R(PHYSICIAN) | R(CLERK)},
    [ACCESS_CONSULTATION_VIEW] = {.everyone = R(NURSE) | R(CLERK) | R(ADMINISTRATOR),
                                  .own = PATIENTS | R(PHYSICIAN)},
    [ACCESS_TIMELINE_VIEW] = {.everyone = R(ADMINISTRATOR), .own = R(PHYSICIAN)},
    [ACCESS_INVITATION_REISSUE] = {.everyone = R(CLERK) | R(ADMINISTRATOR), .own = R(PHYSICIAN)},
    [ACCESS_GUEST_INVITE] = {.everyone = R(CLERK) | R(ADMINISTRATOR), .own = R(PHYSICIAN)},
    [ACCESS_JOIN] = {.everyone = R(NURSE), .own = PATIENTS | GUESTS | R(PHYSICIAN)},
    [ACCESS_LEAVE] = {.everyone = R(NURSE), .own = PATIENTS | GUESTS | R(PHYSICIAN)},
    [ACCESS_MEDIA] = {.everyone = R(NURSE), .own = PATIENTS | GUESTS | R(PHYSICIAN)},
    [ACCESS_ACT] = {.everyone = R(NURSE) | R(CLERK) | R(ADMINISTRATOR),
                    .own = PATIENTS | GUESTS | R(PHYSICIAN),
                    .needs_event = true},
    [ACCESS_FACT] = {.everyone = R(NURSE) | R(CLERK) | R(ADMINISTRATOR),
                     .own = PATIENTS | R(PHYSICIAN)},
    [ACCESS_SEAT_REMOVE] = {.everyone = R(NURSE) | R(CLERK),
                            .own = R(PHYSICIAN),
                            .needs_event = true},
    [ACCESS_SEAT_MOVE] = {.everyone = R(NURSE) | R(CLERK),
                          .own = R(PHYSICIAN),
                          .needs_event = true},
    [ACCESS_DEVICE_MANAGE] = {.everyone = R(CLERK) | R(ADMINISTRATOR), .own = R(PHYSICIAN)},
    /* its token is of one consultation, which the asker looked up by it */
    [ACCESS_DEVICE_PUBLISH] = {.everyone = R(DEVICE)},
    [ACCESS_DEVICE_PLAY] = {.everyone = R(DEVICE)},
    [ACCESS_STAFF_LIST] = {.everyone = R(PHYSICIAN) | R(CLERK) | R(ADMINISTRATOR)},
    [ACCESS_STAFF_MANAGE] = {.everyone = R(ADMINISTRATOR)},
    [ACCESS_RULES_VIEW] = {.everyone = STAFF},
    [ACCESS_AUDIT_STATUS] = {.everyone = R(ADMINISTRATOR)},
    [ACCESS_AUDIT_VERIFY] = {.everyone = R(ADMINISTRATOR)},
    [ACCESS_AUDIT_SEARCH] = {.everyone = R(ADMINISTRATOR)},
    [ACCESS_AUDIT_PROOF] = {.everyone = R(ADMINISTRATOR)},
    [ACCESS_METRICS_READ] = {.everyone = R(ADMINISTRATOR) | R(SYSTEM)},
};

static enum access_kind kind_of(enum access_action action)
{
    static const enum access_kind kinds[ACCESS_ACTION_COUNT] = {
#define X(name, text, kind) ACCESS_KIND_##kind,
        ACCESS_ACTION_LIST(X)
#undef X
    };
    return kinds[action];
}

static struct access_answer deny(enum access_reason reason)
{
    return (struct access_answer){.allowed = false, .reason = reason};
}

/* The gateway's own scraper has no person; everybody else proved somehow to be somebody of some institution. */
static bool is_signed_in(const struct actor *actor)
{
    if (actor->role == ROLE_SYSTEM)
        return true;
    return actor->role != ROLE_NONE && actor->authentication != AUTHENTICATION_NONE &&
           id_is_set(&actor->person) && id_is_set(&actor->institution);
}

static bool is_own(const struct actor *actor, const struct access_object *object)
{
    if (role_is_guest(actor->role))
        return object->guest_here;
    const struct id *owner = actor->role == ROLE_PHYSICIAN ? &object->physician : &object->patient;
    return id_is_set(owner) && id_equal(&actor->person, owner);
}

struct access_answer authorise(const struct actor *actor, enum access_action action,
                               const struct access_object *object)
{
    if ((unsigned)action >= ACCESS_ACTION_COUNT || (unsigned)actor->role >= ROLE_COUNT)
        return deny(ACCESS_REASON_WRONG_ROLE);
    const struct access_row *row = &ROWS[action];
    if (row->is_public)
        return (struct access_answer){.allowed = true, .reason = ACCESS_REASON_ALLOWED};
    if (!is_signed_in(actor))
        return deny(ACCESS_REASON_NOT_SIGNED_IN);
    unsigned role = 1u << actor->role;
    if (((row->everyone | row->own) & role) == 0)
        return deny(ACCESS_REASON_WRONG_ROLE);

    enum access_kind kind = kind_of(action);
    if (kind == ACCESS_KIND_INSTITUTION || kind == ACCESS_KIND_CONSULTATION) {
        if (object == NULL || object->kind != kind || !id_is_set(&object->institution))
            return deny(ACCESS_REASON_WRONG_OBJECT);
        if (!id_equal(&actor->institution, &object->institution))
            return deny(ACCESS_REASON_OTHER_INSTITUTION);
        if ((row->everyone & role) == 0 && !is_own(actor, object))
            return deny(ACCESS_REASON_NOT_YOURS);
        if (row->needs_event && !object->event_allowed_for_role)
            return deny(ACCESS_REASON_WRONG_EVENT);
    } else if (object != NULL && object->kind != kind) {
        return deny(ACCESS_REASON_WRONG_OBJECT);
    }
    return (struct access_answer){.allowed = true, .reason = ACCESS_REASON_ALLOWED};
}

const char *access_action_name(enum access_action action)
{
    static const char *const names[ACCESS_ACTION_COUNT] = {
#define X(name, text, kind) text,
        ACCESS_ACTION_LIST(X)
#undef X
    };
    return (unsigned)action < ACCESS_ACTION_COUNT ? names[action] : "none";
}

const char *access_reason_name(enum access_reason reason)
{
    static const char *const names[ACCESS_REASON_COUNT] = {
#define X(name, text) text,
        ACCESS_REASON_LIST(X)
#undef X
    };
    return (unsigned)reason < ACCESS_REASON_COUNT ? names[reason] : "none";
}
