/* The table and the way through it: who, which cell, which code, then the handler of the phase. */
#include "gateway/consultation/step.h"

#include <string.h>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"

#define BIT(role) (1u << ROLE_##role)
#define PATIENTS  (BIT(PATIENT) | BIT(PROXY))
#define PHYSICIAN BIT(PHYSICIAN)
#define STAFF     (BIT(PHYSICIAN) | BIT(CLERK))
#define OFFICE    (BIT(PHYSICIAN) | BIT(CLERK) | BIT(ADMINISTRATOR))
#define GUESTS    (BIT(FAMILY) | BIT(INTERPRETER) | BIT(HELPER) | BIT(SPECIALIST) | BIT(TRAINEE))
#define DEVICES   BIT(DEVICE)
#define ASKED     (BIT(PATIENT) | BIT(PROXY) | BIT(PHYSICIAN) | BIT(NURSE) | BIT(CLERK))
#define SEATED    (ASKED | GUESTS)
#define SHOWING   (BIT(PHYSICIAN) | BIT(SPECIALIST))
#define PEOPLE    (ASKED | BIT(ADMINISTRATOR))
#define GATEWAY   BIT(SYSTEM)

/* A cell: a refusal, or one of the two below. */
enum { CELL_GO = STEP_REFUSAL_COUNT, CELL_IGNORE };
#define go CELL_GO
#define __ CELL_IGNORE
#define WS STEP_REFUSAL_WRONG_STATE
#define OV STEP_REFUSAL_OVER
#define ER STEP_REFUSAL_EMERGENCY_RUNS
#define PN STEP_REFUSAL_PATIENT_NOT_HERE

struct step_row {
    unsigned roles;
    step_handler handler;
    unsigned char cells[CONSULTATION_STATE_COUNT];
};

#define CELLS(...) (sizeof((unsigned char[]){__VA_ARGS__}))
#define ROW(event, who, handler, ...)                                                              \
    _Static_assert(CELLS(__VA_ARGS__) == CONSULTATION_STATE_COUNT, "one cell a state");
#include "gateway/consultation/step_table.def"
#undef ROW

static const struct step_row STEP_TABLE[CONSULTATION_EVENT_COUNT] = {
#define ROW(event, who, name, ...)                                                                 \
    [CONSULTATION_EVENT_##event] = {.roles = (who), .handler = step_##name, .cells = {__VA_ARGS__}},
#include "gateway/consultation/step_table.def"
#undef ROW
};

/* Rows and events are as many, and an event with two rows would not compile: so none is without one. */
enum {
#define ROW(event, who, handler, ...) ROW_OF_##event,
#include "gateway/consultation/step_table.def"
#undef ROW
    ROW_COUNT
};
_Static_assert((int)ROW_COUNT == (int)CONSULTATION_EVENT_COUNT, "one row an event");

#undef go
#undef __

const char *step_refusal_name(enum step_refusal refusal)
{
    static const char *const names[STEP_REFUSAL_COUNT] = {
#define X(name, text) text,
        STEP_REFUSAL_LIST(X)
#undef X
    };
    return (unsigned)refusal < STEP_REFUSAL_COUNT ? names[refusal] : "none";
}

bool consultation_event_allowed(enum consultation_event event, enum role role)
{
    if ((unsigned)event >= CONSULTATION_EVENT_COUNT || (unsigned)role >= ROLE_COUNT)
        return false;
    return (STEP_TABLE[event].roles & 1u << role) != 0;
}

/* Beyond the role: it is this consultation's patient or physician, or somebody of its institution. The events of the
 * gateway itself are not asked: their actor is whoever they are about. */
static bool actor_belongs(const struct step *step)
{
    const struct actor *actor = &step->input->actor;
    if (STEP_TABLE[step->input->event].roles == GATEWAY)
        return true;
    if (!consultation_event_allowed(step->input->event, actor->role))
        return false;
    switch (actor->role) {
    case ROLE_SYSTEM:
        return true;
    case ROLE_PATIENT:
        return id_equal(&actor->person, &step->before->patient);
    case ROLE_PHYSICIAN:
        return id_equal(&actor->person, &step->before->physician);
    default:
        if (role_is_guest(actor->role))
            return seat_of_guest(step->before, actor) >= 0;
        return id_equal(&actor->institution, &step->before->institution);
    }
}

void step_refuse(struct step *step, enum step_refusal refusal)
{
    step->result->verdict = STEP_REFUSE;
    step->result->refusal = refusal;
    step->result->record_count = 0;
}

void step_ignore(struct step *step)
{
    step->result->verdict = STEP_IGNORE;
    step->result->record_count = 0;
}

void consultation_init(struct consultation *ret_consultation, const struct id *id,
                       const struct id *institution, const struct id *patient,
                       const struct id *physician, const struct rule_pack *pack,
                       int64_t booked_for_us)
{
    memset(ret_consultation, 0, sizeof(*ret_consultation));
    ret_consultation->id = *id;
    ret_consultation->institution = *institution;
    ret_consultation->patient = *patient;
    ret_consultation->physician = *physician;
    ret_consultation->seats[SEAT_PATIENT].role = ROLE_PATIENT;
    ret_consultation->seats[SEAT_PATIENT].person = *patient;
    ret_consultation->seats[SEAT_PHYSICIAN].role = ROLE_PHYSICIAN;
    ret_consultation->seats[SEAT_PHYSICIAN].person = *physician;
    ret_consultation->pack_hash = rule_pack_info(pack)->hash;
    ret_consultation->booked_for_us = booked_for_us;
}

void consultation_step(const struct rule_pack *pack, const struct practice_parameters *parameters,
                       const struct consultation *before, const struct step_input *input,
                       struct consultation *ret_after, struct step_result *ret_result)
{
    /* Facts and acknowledgements are indexes into one pack: with another one every decision would be about other facts
     * (promise P4). The shell holds the pack, no peer chooses it. */
    CHECK(sha256_equal(&rule_pack_info(pack)->hash, &before->pack_hash));
    CHECK((unsigned)input->event < CONSULTATION_EVENT_COUNT &&
          (unsigned)before->state < CONSULTATION_STATE_COUNT && input->now_us > 0);
    struct step step = {.pack = pack,
                        .parameters = parameters,
                        .before = before,
                        .input = input,
                        .after = ret_after,
                        .result = ret_result};
    ret_result->verdict = STEP_GO;
    ret_result->refusal = STEP_REFUSAL_NONE;
    ret_result->has_decision = false;
    ret_result->effect_count = 0;
    ret_result->record_count = 0;

    const struct step_row *row = &STEP_TABLE[input->event];
    unsigned cell = row->cells[before->state];
    if (!actor_belongs(&step))
        step_refuse(&step, STEP_REFUSAL_WRONG_ROLE);
    else if (cell == CELL_IGNORE)
        step_ignore(&step);
    else if (cell != CELL_GO)
        step_refuse(&step, (enum step_refusal)cell);
    else if (!code_find(input->event, input->code, &step.code))
        step_refuse(&step, STEP_REFUSAL_UNKNOWN_CODE);
    else {
        *ret_after = *before;
        row->handler(&step);
        if (ret_result->verdict == STEP_GO)
            step_settle(&step);
    }
}
