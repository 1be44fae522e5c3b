/* One consultation as data: states and events of safe-practice rules §4 with the corrections of promises P1, P4 and P7.
 * Nouns only; what may happen is gateway/consultation. */
#ifndef GATEWAY_MODEL_CONSULTATION_H
#define GATEWAY_MODEL_CONSULTATION_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/hash.h"
#include "gateway/base/id.h"
#include "gateway/model/decision.h"
#include "gateway/model/facts.h"
#include "gateway/model/person.h"

#define SEATS_MAX        6
#define REASON_CODE_SIZE 40 /* [a-z_]{1,39} with NUL; codes, never free text */

#define CONSULTATION_STATE_LIST(X)                                                                 \
    X(BOOKED, "booked")                                                                            \
    X(LOBBY, "lobby")                                                                              \
    X(IDENT, "ident") /* picture and sound are open; "not yet a consultation" */                   \
    X(CONSULT, "consult")                                                                          \
    X(PAUSED, "paused")             /* held both ways: privacy, newcomer, recording */             \
    X(RECONNECTING, "reconnecting") /* an endpoint is lost; what still works stays open */         \
    X(EMERGENCY, "emergency")                                                                      \
    X(CLOSING, "closing")                                                                          \
    X(CLOSED_CLEAN, "closed_clean")                                                                \
    X(CLOSED_TASKS, "closed_tasks")                                                                \
    X(CONVERTED, "converted")                                                                      \
    X(ABANDONED, "abandoned")

enum consultation_state {
#define X(name, text) CONSULTATION_STATE_##name,
    CONSULTATION_STATE_LIST(X)
#undef X
        CONSULTATION_STATE_COUNT
};

/* X(NAME, text, T-number(s)). People send the ones marked P as the `act` message; the rest come from the gateway. */
#define CONSULTATION_EVENT_LIST(X)                                                                 \
    X(ENTER, "enter", "T02")                   /* P patient asks to enter the lobby */             \
    X(CANCEL, "cancel", "T03")                 /* P */                                             \
    X(NO_SHOW, "no_show", "T03")               /*   the visit day is over */                       \
    X(ADMIT, "admit", "T04")                   /* P physician, or staff on behalf */               \
    X(START, "start", "T05")                   /* P physician */                                   \
    X(DEFER, "defer", "T06")                   /* P physician: identity failed or later */         \
    X(CONVERT, "convert", "T07")               /* P physician: advice only */                      \
    X(HOLD, "hold", "T08")                     /*   a PAUSE rule failed, or physician asks (P) */  \
    X(CONTINUE, "continue", "T09")             /* P physician, after the cause is cleared */       \
    X(ENDPOINT_LOST, "endpoint_lost", "T10")   /*   socket and media of a present seat gone */     \
    X(ENDPOINT_BACK, "endpoint_back", "T11")   /*   same device is back, media connected */        \
    X(CONFIRM_SAME, "confirm_same", "T11")     /* P physician: face and name confirmed */          \
    X(GRACE_OVER, "grace_over", "T12")         /*   reconnect_grace is over, or a new device */    \
    X(TELEPHONE, "telephone", "T13")           /* P physician */                                   \
    X(FINISH, "finish", "T14")                 /* P physician: examination over */                 \
    X(EMERGENCY, "emergency", "T15")           /* P anyone */                                      \
    X(EMERGENCY_OVER, "emergency_over", "T16") /* P physician */                                   \
    X(CLOSE, "close", "T17")                   /* P physician: checklist done */                   \
    X(CLOSE_LIMIT, "close_limit",                                                                  \
      "T18")                       /*   checklist time is over, or closed with open tasks (P) */   \
    X(WITHDRAW, "withdraw", "T19") /* P patient withdraws the wish */                              \
    X(UNSUITABLE, "unsuitable", "T19")    /* P physician: see in person instead */                 \
    X(PICTURE_LOST, "picture_lost", "P7") /*   video gap > gap_pause: soft pause, sound stays */   \
    X(PICTURE_BACK, "picture_back", "P7")                                                          \
    X(SOUND_LOST, "sound_lost", "P7")                                                              \
    X(SOUND_BACK, "sound_back", "P7")                                                              \
    X(WAIT, "wait", "P7")                /* P physician's choice in a soft pause */                \
    X(FACT, "fact", "facts")             /* P a fact was supplied */                               \
    X(ACKNOWLEDGE, "acknowledge", "AK")  /* P one rule acknowledged for this consultation */       \
    X(SEAT_TAKE, "seat_take", "seats")   /* P sit down (waiting) */                                \
    X(SEAT_AWAY, "seat_away", "seats")   /*   socket of a waiting seat is gone */                  \
    X(SEAT_LEAVE, "seat_leave", "seats") /* P stand up, or resume time-out */                      \
    X(REMOVE, "remove", "seats")         /* P staff removes a seat */                              \
    X(SECOND_DEVICE, "second_device", "2.5-20") /*   another device holds the link */              \
    X(MOVE_SEAT, "move_seat", "2.5-20")         /* P staff moves the seat to the held device */    \
    X(INVITE, "invite", "1.6-06")               /*   staff made a link for a guest */              \
    X(SEAT_CONSENT, "seat_consent", "1.6-06")   /* P patient agrees to a guest, or not */          \
    X(SEAT_ADMIT, "seat_admit", "2.5-09")       /* P physician lets a waiting guest in */          \
    X(SCREEN, "screen", "1.6-09")               /* P somebody shows their screen, or stops */

enum consultation_event {
#define X(name, text, ref) CONSULTATION_EVENT_##name,
    CONSULTATION_EVENT_LIST(X)
#undef X
        CONSULTATION_EVENT_COUNT
};

enum seat_status {
    SEAT_EMPTY,
    SEAT_WAITING,
    SEAT_PRESENT,
    SEAT_AWAY,
    SEAT_GONE,
    SEAT_STATUS_COUNT
};

/* The two seats every consultation has, without whom there is none; the others are for guests. */
enum { SEAT_PATIENT = 0, SEAT_PHYSICIAN = 1, SEAT_FIRST_GUEST = 2 };

/* What the patient said about a guest, each time anew (1.6-06). */
enum seat_consent { SEAT_CONSENT_NONE, SEAT_CONSENT_GIVEN, SEAT_CONSENT_REFUSED };

/* Promise P3: waiting and present seats may have an endpoint; away and gone have none, so no SRTP context.
 * A seat that was present stays `present` through a lost endpoint only as SEAT_AWAY with `was_present`.
 * A guest's seat is EMPTY with a person in it from the invitation on; GONE when that link is void. */
struct seat {
    enum seat_status status;
    enum role role;
    struct id person;
    struct id device; /* b_…: binding of the browser that holds the seat; empty for staff */
    bool
        was_present; /* away or waiting: comes back into an admitted call, after CONFIRM_SAME when needed */
    int64_t since_us;   /* wall clock, of the present status */
    int64_t lost_at_us; /* wall clock, with was_present: when its endpoint was lost; else 0 */
    enum seat_consent consent; /* guests, in a live state */
    bool sharing;              /* shows a screen; only while present */
};

/* Regions that run beside the state (§4.1). */
enum rec_region { REC_OFF, REC_ASKED, REC_ON };
enum rx_region { RX_LOCKED, RX_OPEN, RX_SUBMITTED, RX_LOCKED_FOR_GOOD };
enum presence_region { PRESENCE_CLEAN, PRESENCE_HELD };

struct consultation {
    struct id id;
    struct id institution;
    struct id patient;   /* p_… */
    struct id physician; /* s_…: named at booking; the one who admits must be this one */
    enum consultation_state state;
    uint32_t revision; /* +1 with each committed change */
    enum rec_region rec;
    enum rx_region rx;
    enum presence_region presence;
    struct seat seats[SEATS_MAX]; /* by convention seat 0 is the patient, seat 1 the physician */

    struct sha256 pack_hash;
    bool pack_pinned; /* at first entry to LOBBY, until the end */
    struct fact_set facts;
    uint8_t acknowledged[RULES_MAX / 8]; /* bit per rule of the pack */

    /* soft pause (P7): the examination clock stands, the sound stays */
    bool picture_lost;
    bool sound_lost;
    bool evidence_lost; /* a live rule is false by a measured fact (1.6-02): soft pause as well */
    char hold_reason[REASON_CODE_SIZE]; /* PAUSED: rule id or reason code */
    enum consultation_state
        before_hold; /* where CONTINUE, CONFIRM_SAME and EMERGENCY_OVER go back to */
    bool
        confirm_needed; /* somebody was away longer than gap_pause: CONFIRM_SAME before the clock runs again */
    bool second_device;    /* somebody else holds the link; held without a seat */
    struct id held_device; /* b_…: its browser, while second_device; MOVE_SEAT gives it the seat */

    int64_t booked_for_us; /* all wall clock; 0 = not yet */
    int64_t lobby_at_us;
    int64_t admitted_at_us;
    int64_t started_at_us;
    int64_t finished_at_us;
    int64_t ended_at_us;
    int64_t live_since_us; /* examination clock: running since, or 0 */
    int64_t live_exam_us;  /* examined so far, without the running stretch */
    int64_t
        deadline_us; /* grace or checklist deadline; 0 none. The shell sends the event when it passes */
    char outcome[REASON_CODE_SIZE];
    char end_reason[REASON_CODE_SIZE];
};

static inline const char *consultation_state_name(enum consultation_state state)
{
    static const char *const names[CONSULTATION_STATE_COUNT] = {
#define X(name, text) text,
        CONSULTATION_STATE_LIST(X)
#undef X
    };
    return (unsigned)state < CONSULTATION_STATE_COUNT ? names[state] : "none";
}

static inline const char *seat_status_name(enum seat_status status)
{
    static const char *const names[SEAT_STATUS_COUNT] = {"empty", "waiting", "present", "away",
                                                         "gone"};
    return (unsigned)status < SEAT_STATUS_COUNT ? names[status] : "none";
}

static inline const char *consultation_event_name(enum consultation_event event)
{
    static const char *const names[CONSULTATION_EVENT_COUNT] = {
#define X(name, text, ref) text,
        CONSULTATION_EVENT_LIST(X)
#undef X
    };
    return (unsigned)event < CONSULTATION_EVENT_COUNT ? names[event] : "none";
}

#endif
