/* One consultation on a bench: a fake pack, virtual time, people to act, and a shell that keeps what a step gave.
 * For tests of the consultation room. Thread: one. */
#ifndef TESTS_SUPPORT_CONSULTATION_BENCH_H
#define TESTS_SUPPORT_CONSULTATION_BENCH_H

#include "gateway/consultation/consultation.h"
#include "tests/support/fake_rules.h"

enum who {
    WHO_PATIENT,
    WHO_PROXY,
    WHO_PHYSICIAN,
    WHO_NURSE,
    WHO_CLERK,
    WHO_ADMINISTRATOR,
    WHO_SYSTEM,
    WHO_OTHER_PATIENT,
    WHO_OTHER_PHYSICIAN,
    WHO_FOREIGN_CLERK,
    WHO_GUEST, /* a specialist; belongs here only once invited */
    WHO_COUNT
};

#define BENCH_S         1000000ll
#define BENCH_BOOKED_US (1000 * 3600 * BENCH_S)

struct bench {
    struct rule_pack *pack;
    struct practice_parameters parameters;
    struct consultation now, after;
    struct step_result result;
    int64_t now_us;
};

extern const struct id BENCH_DEVICE, BENCH_OTHER_DEVICE, BENCH_GUEST_DEVICE;

void bench_init(struct bench *bench);
void bench_done(struct bench *bench);
struct actor bench_actor(enum who who);
/* Everything filled in so that the event makes sense: seat 0, the patient's device, no code, no fact. */
struct step_input bench_input(const struct bench *bench, enum consultation_event event,
                              enum who who);
/* Runs a step and keeps its outcome when it goes. */
enum step_verdict bench_step(struct bench *bench, const struct step_input *input);
/* bench_input and bench_step in one. */
enum step_verdict bench_do(struct bench *bench, enum consultation_event event, enum who who);
enum step_verdict bench_do_seat(struct bench *bench, enum consultation_event event, enum who who,
                                int seat);
enum step_verdict bench_do_code(struct bench *bench, enum consultation_event event, enum who who,
                                const char *code);
enum step_verdict bench_fact(struct bench *bench, enum who who, enum supplier supplier,
                             enum fake_fact fact, int64_t value);
/* Who may send this event, first in order. */
enum who bench_allowed(enum consultation_event event);
/* Puts a fresh consultation into `state` by legal steps; RECONNECTING and PAUSED come from CONSULT, the patient lost. */
void bench_reach(struct bench *bench, enum consultation_state state);
bool bench_has_effect(const struct bench *bench, enum effect_kind kind, int seat);
/* The first record of this act, or NULL. */
const struct audit_draft *bench_record(const struct bench *bench, enum audit_act act);
/* Text of one of its extras, or NULL. */
const char *bench_extra(const struct audit_draft *draft, const char *key);

#endif
