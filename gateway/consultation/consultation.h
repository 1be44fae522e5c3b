/* The life of a consultation as a pure function: step(pack, before, input) → after, effects. No clock, no I/O, no
 * allocation. Every state × event cell is filled: go, ignore or refuse (step_table.def); a test walks them all.
 *
 * Thread: any. `before` is never changed; `ret_after` is meaningful only for STEP_GO. The shell (gateway/control)
 * stores `ret_after` with the records in one transaction and only then runs the effects (promise P2). */
#ifndef GATEWAY_CONSULTATION_CONSULTATION_H
#define GATEWAY_CONSULTATION_CONSULTATION_H

#include "gateway/model/audit_record.h"
#include "gateway/model/consultation.h"
#include "gateway/rules/rules.h"

#define STEP_EFFECTS_MAX 24
#define STEP_RECORDS_MAX 8

/* Parameters of §3.1, per institution. */
struct practice_parameters {
    int64_t gap_warn_us;        /* 5 s */
    int64_t gap_pause_us;       /* 15 s */
    int64_t reconnect_grace_us; /* 180 s */
    int64_t lobby_early_us;     /* how long before the booked time the lobby opens; 15 min */
    int64_t checklist_limit_us; /* CLOSING → CLOSED_TASKS; 24 h */
};

struct step_input {
    enum consultation_event event;
    struct actor actor;
    int64_t now_us;   /* wall clock */
    int seat;         /* SEAT_*, REMOVE, ENDPOINT_*: index; SEAT_TAKE: -1 = find one */
    struct id device; /* SEAT_TAKE, SECOND_DEVICE, MOVE_SEAT: browser binding; empty for staff */
    struct id guest;  /* INVITE: who gets the link, and in which role */
    enum role guest_role;
    int fact;                    /* FACT: index in the pack */
    enum supplier fact_supplier; /* FACT: already derived from the actor by the shell */
    int64_t fact_value;
    bool fact_clear;             /* FACT: back to unknown */
    int rule;                    /* ACKNOWLEDGE: index in the pack */
    char code[REASON_CODE_SIZE]; /* outcome or reason code */
    bool
        physician_busy; /* ADMIT: this physician has another consultation in IDENT…EMERGENCY (1.6-05) */
};

/* Codes an event may carry: X(EVENT, code). The first of an event is taken when none is sent, except for CLOSE and for
 * the acknowledgement of a rule that has to be overridden, which must name theirs. Other events carry no code: whatever
 * is sent with them is dropped, so that WITHDRAW never keeps a reason (safe-practice rules §5.2). */
#define CONSULTATION_CODE_LIST(X)                                                                  \
    X(CANCEL, cancelled)                                                                           \
    X(CANCEL, patient_cancelled)                                                                   \
    X(CANCEL, clinic_cancelled)                                                                    \
    X(CANCEL, refused)                                                                             \
    X(NO_SHOW, no_show)                                                                            \
    X(DEFER, later)                                                                                \
    X(DEFER, identity_failed)                                                                      \
    X(CONVERT, advice_only)                                                                        \
    X(CONVERT, pre_consultation)                                                                   \
    X(HOLD, privacy)                                                                               \
    X(HOLD, newcomer)                                                                              \
    X(HOLD, recording)                                                                             \
    X(HOLD, identity)                                                                              \
    X(TELEPHONE, telephone)                                                                        \
    X(EMERGENCY_OVER, closing)                                                                     \
    X(EMERGENCY_OVER, converted)                                                                   \
    X(UNSUITABLE, in_person_needed)                                                                \
    X(UNSUITABLE, information_insufficient)                                                        \
    X(CLOSE, continue_online)                                                                      \
    X(CLOSE, in_person_needed)                                                                     \
    X(CLOSE, referred)                                                                             \
    X(CLOSE, completed)                                                                            \
    X(CLOSE_LIMIT, open_tasks)                                                                     \
    X(CLOSE_LIMIT, continue_online)                                                                \
    X(CLOSE_LIMIT, in_person_needed)                                                               \
    X(CLOSE_LIMIT, referred)                                                                       \
    X(CLOSE_LIMIT, completed)                                                                      \
    X(REMOVE, removed)                                                                             \
    X(ACKNOWLEDGE, confirmed_otherwise)                                                            \
    X(ACKNOWLEDGE, patient_benefit)                                                                \
    X(ACKNOWLEDGE, no_alternative)                                                                 \
    X(SEAT_CONSENT, given)                                                                         \
    X(SEAT_CONSENT, refused)                                                                       \
    X(SCREEN, on)                                                                                  \
    X(SCREEN, off)

enum step_verdict { STEP_GO, STEP_IGNORE, STEP_REFUSE };

/* Why a step was refused, for the sender; texts are looked up by name. X(NAME, text) */
#define STEP_REFUSAL_LIST(X)                                                                       \
    X(NONE, "none")                                                                                \
    X(WRONG_STATE, "wrong_state")                                                                  \
    X(WRONG_ROLE, "wrong_role")                                                                    \
    X(RULE, "rule") /* the decision says which */                                                  \
    X(OVER, "over") /* the consultation has ended */                                               \
    X(TOO_EARLY, "too_early")                                                                      \
    X(PATIENT_NOT_HERE, "patient_not_here")                                                        \
    X(PHYSICIAN_NOT_HERE, "physician_not_here")                                                    \
    X(OTHER_PATIENT, "other_patient") /* 1.6-05 */                                                 \
    X(NO_SEAT, "no_seat")                                                                          \
    X(SEAT_TAKEN, "seat_taken") /* 2.5-20: another device holds it */                              \
    X(FACT_SUPPLIER, "fact_supplier")                                                              \
    X(FACT_VALUE, "fact_value")                                                                    \
    X(NOT_EXAMINED, "not_examined")                                                                \
    X(EMERGENCY_RUNS, "emergency_runs")                                                            \
    X(NOT_CONNECTED, "not_connected")                                                              \
    X(UNKNOWN_CODE, "unknown_code")                                                                \
    X(NOT_AVAILABLE, "not_available")                                                              \
    X(SEATS_FULL, "seats_full")           /* SEATS_MAX people were invited */                      \
    X(CONSENT_MISSING, "consent_missing") /* 1.6-06: the patient did not agree to this guest */    \
    X(SCREEN_TAKEN, "screen_taken")       /* somebody else shows theirs */

enum step_refusal {
#define X(name, text) STEP_REFUSAL_##name,
    STEP_REFUSAL_LIST(X)
#undef X
        STEP_REFUSAL_COUNT
};
const char *step_refusal_name(enum step_refusal refusal);

enum effect_kind {
    EFFECT_TRANSPORT_OPEN,  /* seat: build an endpoint (routes stay closed) */
    EFFECT_TRANSPORT_CLOSE, /* seat: destroy keys, forget addresses (≤ 200 ms) */
    EFFECT_GATES,           /* re-derive every route's gate from consultation_gate_open() */
    EFFECT_TELL,            /* everyone sees the new view */
    EFFECT_NOTICE,          /* seat (-1 all): one notice by name in `code` */
    EFFECT_SESSION_END,     /* seat: close its socket, void its resume token */
    EFFECT_DEADLINE,        /* consultation.deadline_us changed */
    EFFECT_QUEUE,           /* queues of this institution changed */
    EFFECT_ERASE,           /* ended: wipe what must not remain (P5) */
};

struct effect {
    enum effect_kind kind;
    int seat;
    const char *code; /* static text */
};

/* Effects come in the order they are to be run: gates, transports closed, transports opened, deadline, notices,
 * sessions ended, tell, queue, erase. Drafts carry no inputs digest (its key is the shell's) and no request id. */
struct step_result {
    enum step_verdict verdict;
    enum step_refusal refusal;
    bool has_decision;
    struct decision
        decision; /* of the gate that was evaluated, also when it refused: it is recorded */
    uint8_t effect_count;
    struct effect effects[STEP_EFFECTS_MAX];
    uint8_t
        record_count; /* drafts without object ids' strings to free; refused steps by a rule record too */
    struct audit_draft records[STEP_RECORDS_MAX];
};

void consultation_init(struct consultation *ret_consultation, const struct id *id,
                       const struct id *institution, const struct id *patient,
                       const struct id *physician, const struct rule_pack *pack,
                       int64_t booked_for_us);

/* `pack` must be the one whose hash the consultation carries; a booked one moves to another pack through
 * consultation_read_text(). How the shell uses the events that people do not send:
 * - SEAT_TAKE on join, and again when the page was reloaded or a new session came for the seat: IGNORE means the same
 *   browser holds it already (only its endpoint may need rebuilding); refused with SEAT_TAKEN: send SECOND_DEVICE.
 * - SEAT_AWAY when the socket of a waiting seat is gone; ENDPOINT_LOST when socket and media of a present one are.
 *   A seat that comes back takes its seat (transport opens, routes stay closed); ENDPOINT_BACK once media is connected.
 * - PICTURE_*, SOUND_*: level, not edge: whenever what is measured differs from picture_lost or sound_lost.
 * - GRACE_OVER (PAUSED, RECONNECTING) and CLOSE_LIMIT (CLOSING) when deadline_us has passed; early ones are ignored. */
void consultation_step(const struct rule_pack *pack, const struct practice_parameters *parameters,
                       const struct consultation *before, const struct step_input *input,
                       struct consultation *ret_after, struct step_result *ret_result);

/* Live rules: after each FACT in a live state G5 is evaluated; DECISIONS.md says what acts where. `has_decision` is then
 * set only when something followed from it. */

/* May media of `kind` flow from one seat to the other? The only place where a gate bit comes from (promise P1).
 * Open in IDENT, CONSULT, CLOSING, EMERGENCY, and in RECONNECTING for what still lives, between two present seats;
 * closed in every other state, in PAUSED, and for any held newcomer. Emergency keeps sound whatever else is held. A
 * screen needs besides that its seat is the one that shows it. */
enum gate_kind { GATE_AUDIO, GATE_VIDEO, GATE_SCREEN };
bool consultation_gate_open(const struct consultation *consultation, int from_seat, int to_seat,
                            enum gate_kind kind);

/* May this seat have an endpoint (an SRTP context) at all? (promise P3) */
bool consultation_may_have_endpoint(const struct consultation *consultation, int seat);

/* Who may send this event as an `act`, by role; the one authorisation function asks this for acts. */
bool consultation_event_allowed(enum consultation_event event, enum role role);
bool consultation_is_over(enum consultation_state state);
bool consultation_is_live(enum consultation_state state); /* IDENT … CLOSING */
/* Examination clock up to `now_us`, in milliseconds. */
int64_t consultation_live_exam_ms(const struct consultation *consultation, int64_t now_us);

#endif
