/* Inside of the consultation room: one step while it is being worked out. Handlers change `after` and name what has to
 * be told and recorded; settle.c then makes everything derivable agree with the new state and lists the effects.
 * Thread: that of consultation_step(). Nothing outlives the call. */
#ifndef GATEWAY_CONSULTATION_STEP_H
#define GATEWAY_CONSULTATION_STEP_H

#include "gateway/consultation/consultation.h"

#define STEP_NOTICES_MAX 4

struct step {
    const struct rule_pack *pack;
    const struct practice_parameters *parameters;
    const struct consultation *before;
    const struct step_input *input;
    struct consultation *after;
    struct step_result *result;
    const char *code; /* of the event, known and static; NULL when it carries none */
    struct effect notices[STEP_NOTICES_MAX];
    unsigned notice_count;
    unsigned session_ends;        /* bit per seat */
    const char *session_end_code; /* why, for those */
};

typedef void (*step_handler)(struct step *step);

/* Verdicts. A handler that calls neither goes. Both drop what was recorded and told so far. */
void step_refuse(struct step *step, enum step_refusal refusal);
void step_ignore(struct step *step);

/* A draft about this consultation by the actor of the input; lives in the result. */
struct audit_draft *step_record(struct step *step, enum audit_act act);
/* The same with `from` and `to`: a change of state, which it makes. */
struct audit_draft *step_move(struct step *step, enum consultation_state state, enum audit_act act);
void record_text(struct audit_draft *draft, const char *key, const char *text);
void record_number(struct audit_draft *draft, const char *key, int64_t number);
void record_seat(struct audit_draft *draft, const struct step *step, int seat);
void record_decision(struct audit_draft *draft, const struct decision *decision);
/* The rule that decided; the shell adds the digest of its inputs. */
void record_rule(struct audit_draft *draft, const struct step *step, uint32_t rule);

/* `seat` -1: everyone. `code` is static and has words in gateway/words. */
void step_notice(struct step *step, int seat, const char *code);

/* Ends: reason and outcome are codes or rule ids; NULL leaves it empty. */
struct audit_draft *step_end(struct step *step, enum consultation_state state, enum audit_act act,
                             const char *reason, const char *outcome);
/* Falls back to LOBBY: admitted again by G3 and G4 in full (T06, T12). */
struct audit_draft *step_fall_back(struct step *step, enum audit_act act);

/* Evaluates a gate on the facts of `after`; false when it refuses: verdict, decision and deny record are then set. */
bool step_gate(struct step *step, enum rule_gate gate);

/* What the rules of G5 say about values that are known (§3.1 evaluation 3: unknown never acts inside a session). */
struct live_verdict {
    struct decision decision;
    int terminate; /* rule index or -1 */
    int pause; /* rule index or -1; a rule that only measured facts make false is not among them */
    bool soft_pause; /* a rule is false by measured facts alone (1.6-02, promise P7) */
};
void live_evaluate(const struct step *step, struct live_verdict *ret_verdict);
/* Refuses because this rule of G5 is not met. */
void step_refuse_live(struct step *step, const struct live_verdict *verdict, int rule);

/* Examined so far. */
int64_t examined_us(const struct consultation *consultation, int64_t now_us);
/* Is this seat's endpoint lost, its place in an admitted call kept? */
bool seat_is_lost(const struct seat *seat);
/* Patient or physician; a lost guest stops nothing. */
bool needed_seat_lost(const struct consultation *consultation);
/* A guest sits in a live call and was not let in: held without media, the others go on (2.5-09). */
bool newcomer_waits(const struct consultation *consultation);
/* Somebody entitled says so by the fact `acute_change`, when the pack has it (EM-01): nothing is held then (P7). */
bool acute_change_declared(const struct consultation *consultation, const struct rule_pack *pack);
/* An input's seat that exists, else -1 after refusing NO_SEAT. */
int step_seat(struct step *step);
/* The guest's seat of this person whose link is good, or -1. */
int seat_of_guest(const struct consultation *consultation, const struct actor *actor);
/* A present seat loses its endpoint: away with its place kept; IDENT and CONSULT become RECONNECTING unless it is a
 * guest's. */
void step_lose_seat(struct step *step, int seat);
/* Copies a code, rule id or the empty text for NULL. */
void code_copy(char ret_code[REASON_CODE_SIZE], const char *code);

/* After a handler went: everything that follows from the new state, then records and effects that follow from that. */
void step_settle(struct step *step);

/* codes.c: false when the event has codes and this is not one; *ret_code NULL when none is sent and none is assumed. */
bool code_find(enum consultation_event event, const char *code, const char **ret_code);

#define STEP_HANDLER(name) void step_##name(struct step *step)
STEP_HANDLER(enter);
STEP_HANDLER(cancel);
STEP_HANDLER(no_show);
STEP_HANDLER(admit);
STEP_HANDLER(start);
STEP_HANDLER(defer);
STEP_HANDLER(convert);
STEP_HANDLER(hold);
STEP_HANDLER(continue);
STEP_HANDLER(endpoint_lost);
STEP_HANDLER(endpoint_back);
STEP_HANDLER(confirm_same);
STEP_HANDLER(grace_over);
STEP_HANDLER(telephone);
STEP_HANDLER(finish);
STEP_HANDLER(emergency);
STEP_HANDLER(emergency_over);
STEP_HANDLER(close);
STEP_HANDLER(close_limit);
STEP_HANDLER(withdraw);
STEP_HANDLER(unsuitable);
STEP_HANDLER(evidence);
STEP_HANDLER(wait);
STEP_HANDLER(fact);
STEP_HANDLER(acknowledge);
STEP_HANDLER(seat_take);
STEP_HANDLER(seat_away);
STEP_HANDLER(seat_leave);
STEP_HANDLER(remove);
STEP_HANDLER(second_device);
STEP_HANDLER(move_seat);
STEP_HANDLER(invite);
STEP_HANDLER(seat_consent);
STEP_HANDLER(seat_admit);
STEP_HANDLER(screen);

#endif
