#include "tests/support/consultation_bench.h"

#include <string.h>

#include "gateway/base/check.h"

const struct id BENCH_DEVICE = {"b_first"}, BENCH_OTHER_DEVICE = {"b_second"},
                BENCH_GUEST_DEVICE = {"b_guest"};
static const struct id CONSULTATION = {"c_one"}, INSTITUTION = {"i_clinic"}, PATIENT = {"p_hana"},
                       PHYSICIAN = {"s_sato"};

void bench_init(struct bench *bench)
{
    memset(bench, 0, sizeof(*bench));
    bench->pack = fake_pack_new("1");
    bench->parameters = (struct practice_parameters){.gap_warn_us = 5 * BENCH_S,
                                                     .gap_pause_us = 15 * BENCH_S,
                                                     .reconnect_grace_us = 180 * BENCH_S,
                                                     .lobby_early_us = 900 * BENCH_S,
                                                     .checklist_limit_us = 86400 * BENCH_S};
    bench->now_us = BENCH_BOOKED_US;
    consultation_init(&bench->now, &CONSULTATION, &INSTITUTION, &PATIENT, &PHYSICIAN, bench->pack,
                      BENCH_BOOKED_US);
}

void bench_done(struct bench *bench)
{
    bench->pack = rule_pack_free(bench->pack);
}

struct actor bench_actor(enum who who)
{
    static const struct {
        enum role role;
        const char *person, *institution;
    } actors[WHO_COUNT] = {
        [WHO_PATIENT] = {ROLE_PATIENT, "p_hana", "i_clinic"},
        [WHO_PROXY] = {ROLE_PROXY, "p_taro", "i_clinic"},
        [WHO_PHYSICIAN] = {ROLE_PHYSICIAN, "s_sato", "i_clinic"},
        [WHO_NURSE] = {ROLE_NURSE, "s_mori", "i_clinic"},
        [WHO_CLERK] = {ROLE_CLERK, "s_abe", "i_clinic"},
        [WHO_ADMINISTRATOR] = {ROLE_ADMINISTRATOR, "s_kato", "i_clinic"},
        [WHO_SYSTEM] = {ROLE_SYSTEM, "", ""},
        [WHO_OTHER_PATIENT] = {ROLE_PATIENT, "p_other", "i_clinic"},
        [WHO_OTHER_PHYSICIAN] = {ROLE_PHYSICIAN, "s_other", "i_clinic"},
        [WHO_FOREIGN_CLERK] = {ROLE_CLERK, "s_far", "i_other"},
        [WHO_GUEST] = {ROLE_SPECIALIST, "g_ken", "i_clinic"},
    };
    struct actor actor = {.role = actors[who].role};
    strcpy(actor.person.text, actors[who].person);
    strcpy(actor.institution.text, actors[who].institution);
    return actor;
}

struct step_input bench_input(const struct bench *bench, enum consultation_event event,
                              enum who who)
{
    struct step_input input = {.event = event,
                               .actor = bench_actor(who),
                               .now_us = bench->now_us,
                               .seat = SEAT_PATIENT,
                               .device = BENCH_DEVICE,
                               .fact = FAKE_FACT_COUNT_OF,
                               .fact_supplier = SUPPLIER_SYSTEM,
                               .rule = FAKE_RULE_PLACE};
    if (event == CONSULTATION_EVENT_SEAT_TAKE) {
        input.seat = -1;
        if (who == WHO_PHYSICIAN)
            input.device = (struct id){0};
        if (who == WHO_GUEST)
            input.device = BENCH_GUEST_DEVICE;
    }
    if (event == CONSULTATION_EVENT_INVITE) {
        input.guest = bench_actor(WHO_GUEST).person;
        input.guest_role = ROLE_SPECIALIST;
    }
    if (event == CONSULTATION_EVENT_SECOND_DEVICE || event == CONSULTATION_EVENT_MOVE_SEAT)
        input.device = BENCH_OTHER_DEVICE;
    if (event == CONSULTATION_EVENT_CLOSE)
        strcpy(input.code, "completed");
    if (event == CONSULTATION_EVENT_ACKNOWLEDGE)
        strcpy(input.code, "patient_benefit");
    return input;
}

enum step_verdict bench_step(struct bench *bench, const struct step_input *input)
{
    consultation_step(bench->pack, &bench->parameters, &bench->now, input, &bench->after,
                      &bench->result);
    if (bench->result.verdict == STEP_GO)
        bench->now = bench->after;
    return bench->result.verdict;
}

enum step_verdict bench_do(struct bench *bench, enum consultation_event event, enum who who)
{
    struct step_input input = bench_input(bench, event, who);
    return bench_step(bench, &input);
}

enum step_verdict bench_do_seat(struct bench *bench, enum consultation_event event, enum who who,
                                int seat)
{
    struct step_input input = bench_input(bench, event, who);
    input.seat = seat;
    return bench_step(bench, &input);
}

enum step_verdict bench_do_code(struct bench *bench, enum consultation_event event, enum who who,
                                const char *code)
{
    struct step_input input = bench_input(bench, event, who);
    memset(input.code, 0, sizeof(input.code));
    memcpy(input.code, code, strnlen(code, sizeof(input.code) - 1));
    return bench_step(bench, &input);
}

enum step_verdict bench_fact(struct bench *bench, enum who who, enum supplier supplier,
                             enum fake_fact fact, int64_t value)
{
    struct step_input input = bench_input(bench, CONSULTATION_EVENT_FACT, who);
    input.fact = (int)fact;
    input.fact_supplier = supplier;
    input.fact_value = value;
    return bench_step(bench, &input);
}

enum who bench_allowed(enum consultation_event event)
{
    for (enum who who = WHO_PATIENT; who <= WHO_SYSTEM; who++)
        if (consultation_event_allowed(event, bench_actor(who).role))
            return who;
    CHECK(!"an event nobody may send");
    return WHO_SYSTEM;
}

static void must(enum step_verdict verdict)
{
    CHECK(verdict == STEP_GO);
}

static void reach_consult(struct bench *bench)
{
    must(bench_do(bench, CONSULTATION_EVENT_ADMIT, WHO_PHYSICIAN));
    must(bench_do(bench, CONSULTATION_EVENT_START, WHO_PHYSICIAN));
    bench->now_us += 60 * BENCH_S;
}

static void reach_closing(struct bench *bench)
{
    reach_consult(bench);
    must(bench_do(bench, CONSULTATION_EVENT_FINISH, WHO_PHYSICIAN));
}

void bench_reach(struct bench *bench, enum consultation_state state)
{
    bench_done(bench);
    bench_init(bench);
    if (state == CONSULTATION_STATE_BOOKED)
        return;
    must(bench_do(bench, CONSULTATION_EVENT_SEAT_TAKE, WHO_PATIENT));
    must(bench_do(bench, CONSULTATION_EVENT_SEAT_TAKE, WHO_PHYSICIAN));
    must(bench_do(bench, CONSULTATION_EVENT_ENTER, WHO_PATIENT));
    switch (state) {
    case CONSULTATION_STATE_IDENT:
        must(bench_do(bench, CONSULTATION_EVENT_ADMIT, WHO_PHYSICIAN));
        break;
    case CONSULTATION_STATE_CONSULT:
        reach_consult(bench);
        break;
    case CONSULTATION_STATE_PAUSED:
        reach_consult(bench);
        must(bench_do(bench, CONSULTATION_EVENT_ENDPOINT_LOST, WHO_SYSTEM));
        must(bench_do(bench, CONSULTATION_EVENT_HOLD, WHO_PHYSICIAN));
        break;
    case CONSULTATION_STATE_RECONNECTING:
        reach_consult(bench);
        must(bench_do(bench, CONSULTATION_EVENT_ENDPOINT_LOST, WHO_SYSTEM));
        break;
    case CONSULTATION_STATE_EMERGENCY:
        reach_consult(bench);
        must(bench_do(bench, CONSULTATION_EVENT_EMERGENCY, WHO_PATIENT));
        break;
    case CONSULTATION_STATE_CLOSING:
        reach_closing(bench);
        break;
    case CONSULTATION_STATE_CLOSED_CLEAN:
        reach_closing(bench);
        must(bench_do(bench, CONSULTATION_EVENT_CLOSE, WHO_PHYSICIAN));
        break;
    case CONSULTATION_STATE_CLOSED_TASKS:
        reach_closing(bench);
        must(bench_do(bench, CONSULTATION_EVENT_CLOSE_LIMIT, WHO_PHYSICIAN));
        break;
    case CONSULTATION_STATE_CONVERTED:
        reach_consult(bench);
        must(bench_do(bench, CONSULTATION_EVENT_TELEPHONE, WHO_PHYSICIAN));
        break;
    case CONSULTATION_STATE_ABANDONED:
        must(bench_do(bench, CONSULTATION_EVENT_CANCEL, WHO_PATIENT));
        break;
    default:
        break;
    }
    CHECK(bench->now.state == state);
}

bool bench_has_effect(const struct bench *bench, enum effect_kind kind, int seat)
{
    for (unsigned i = 0; i < bench->result.effect_count; i++)
        if (bench->result.effects[i].kind == kind && bench->result.effects[i].seat == seat)
            return true;
    return false;
}

const struct audit_draft *bench_record(const struct bench *bench, enum audit_act act)
{
    for (unsigned i = 0; i < bench->result.record_count; i++)
        if (bench->result.records[i].act == act)
            return &bench->result.records[i];
    return NULL;
}

const char *bench_extra(const struct audit_draft *draft, const char *key)
{
    for (unsigned i = 0; draft != NULL && i < draft->extra_count; i++)
        if (strcmp(draft->extra[i].key, key) == 0 && draft->extra[i].is_text)
            return draft->extra[i].text;
    return NULL;
}
