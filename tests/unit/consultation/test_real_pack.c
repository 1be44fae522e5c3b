/* The state machine with the real rule engine and the shipped pack: what the double cannot prove. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/pack_load.h"
#include "gateway/consultation/consultation.h"
#include "gateway/consultation/consultation_snapshot.h"

#define NOW_US (1795305602ll * 1000000)

struct visit {
    struct rule_pack *pack;
    struct practice_parameters parameters;
    struct consultation now, after;
    struct step_result result;
    char text[CONSULTATION_TEXT_MAX];
};

static int setup(void **state)
{
    struct visit *visit = calloc(1, sizeof(*visit));
    const struct id id = {"c_one"}, institution = {"i_clinic"}, patient = {"p_hana"},
                    physician = {"s_sato"};
    char message[400] = "";
    if (pack_load("config/rules/jp-online-care.yaml", &visit->pack, message, sizeof(message)) !=
        RESULT_OK)
        fail_msg("%s", message);
    visit->parameters = (struct practice_parameters){.gap_warn_us = 5000000,
                                                     .gap_pause_us = 15000000,
                                                     .reconnect_grace_us = 180000000,
                                                     .checklist_limit_us = 1};
    consultation_init(&visit->now, &id, &institution, &patient, &physician, visit->pack, NOW_US);
    *state = visit;
    return 0;
}

static int teardown(void **state)
{
    struct visit *visit = *state;
    visit->pack = rule_pack_free(visit->pack);
    free(visit);
    return 0;
}

static struct step_input input_of(enum consultation_event event, enum role role, const char *person)
{
    struct step_input input = {.event = event, .now_us = NOW_US, .seat = -1, .device = {"b_first"}};
    input.actor.role = role;
    strcpy(input.actor.person.text, person);
    strcpy(input.actor.institution.text, "i_clinic");
    return input;
}

static enum step_verdict run(struct visit *visit, const struct step_input *input)
{
    consultation_step(visit->pack, &visit->parameters, &visit->now, input, &visit->after,
                      &visit->result);
    if (visit->result.verdict == STEP_GO)
        visit->now = visit->after;
    return visit->result.verdict;
}

static enum step_verdict act(struct visit *visit, enum consultation_event event, enum role role)
{
    struct step_input input = input_of(event, role, role == ROLE_PATIENT ? "p_hana" : "s_sato");
    return run(visit, &input);
}

static enum step_verdict say(struct visit *visit, enum supplier supplier, const char *fact,
                             int64_t value)
{
    bool patient = supplier == SUPPLIER_PATIENT, physician = supplier == SUPPLIER_PHYSICIAN;
    struct step_input input = input_of(CONSULTATION_EVENT_FACT,
                                       patient     ? ROLE_PATIENT
                                       : physician ? ROLE_PHYSICIAN
                                                   : ROLE_SYSTEM,
                                       patient     ? "p_hana"
                                       : physician ? "s_sato"
                                                   : "");
    input.fact = rule_pack_find_fact(visit->pack, fact);
    if (input.fact < 0)
        fail_msg("the pack has no fact %s", fact);
    input.fact_supplier = supplier;
    input.fact_value = value;
    return run(visit, &input);
}

/* A consultation in the middle of CONSULT, as the store would give it back. */
static void in_consult(struct visit *visit)
{
    visit->now.state = CONSULTATION_STATE_CONSULT;
    visit->now.pack_pinned = true;
    visit->now.lobby_at_us = visit->now.admitted_at_us = visit->now.started_at_us =
        visit->now.live_since_us = NOW_US - 60000000;
    visit->now.seats[SEAT_PATIENT].status = visit->now.seats[SEAT_PHYSICIAN].status = SEAT_PRESENT;
    strcpy(visit->now.seats[SEAT_PATIENT].device.text, "b_first");
    static const char *const tracks[] = {"a_up", "a_down", "v_up", "v_down"};
    for (int i = 0; i < 4; i++)
        assert_int_equal(say(visit, SUPPLIER_MEDIA, tracks[i], 1), STEP_GO);
    assert_int_equal(say(visit, SUPPLIER_PATIENT, "pt_private_space", 1), STEP_GO);
    assert_int_equal(say(visit, SUPPLIER_PHYSICIAN, "pt_private_confirmed", 1), STEP_GO);
    assert_int_equal(visit->now.state, CONSULTATION_STATE_CONSULT);
    assert_true(visit->now.live_since_us > 0);
}

static void nothing_answered_enters_nothing(void **state)
{
    struct visit *visit = *state;
    assert_int_equal(act(visit, CONSULTATION_EVENT_ENTER, ROLE_PATIENT), STEP_REFUSE);
    assert_int_equal(visit->result.refusal, STEP_REFUSAL_RULE);
    assert_true(visit->result.decision.failed_count > 0);
    assert_int_equal(strncmp(visit->result.records[0].rule, "JP-OC-", 6), 0);
    assert_false(visit->now.pack_pinned);
}

static void tracks_pause_softly(void **state)
{
    struct visit *visit = *state;
    static const char *const tracks[] = {"a_up", "a_down", "v_up", "v_down"};
    in_consult(visit);
    for (int i = 0; i < 4; i++) { /* one lost, two lost … four lost */
        assert_int_equal(say(visit, SUPPLIER_MEDIA, tracks[i], 0), STEP_GO);
        assert_int_equal(visit->now.state, CONSULTATION_STATE_CONSULT);
        assert_true(visit->now.evidence_lost);
        assert_int_equal(visit->now.live_since_us, 0);
        assert_true(consultation_gate_open(&visit->now, 0, 1, GATE_AUDIO));
    }
    for (int i = 0; i < 4; i++) {
        assert_true(visit->now.evidence_lost);
        assert_int_equal(say(visit, SUPPLIER_MEDIA, tracks[i], 1), STEP_GO);
    }
    assert_false(visit->now.evidence_lost);
    assert_true(visit->now.live_since_us > 0);
}

static void lost_privacy_holds_until_it_is_back(void **state)
{
    struct visit *visit = *state;
    in_consult(visit);
    assert_int_equal(say(visit, SUPPLIER_PATIENT, "pt_private_space", 0), STEP_GO);
    assert_int_equal(visit->now.state, CONSULTATION_STATE_PAUSED);
    assert_string_equal(visit->now.hold_reason, "JP-OC-2.2-02");
    assert_false(consultation_gate_open(&visit->now, 0, 1, GATE_AUDIO));
    assert_int_equal(act(visit, CONSULTATION_EVENT_CONTINUE, ROLE_PHYSICIAN), STEP_REFUSE);
    assert_string_equal(visit->result.records[0].rule, "JP-OC-2.2-02");
    assert_int_equal(say(visit, SUPPLIER_PATIENT, "pt_private_space", 1), STEP_GO);
    assert_int_equal(visit->now.state, CONSULTATION_STATE_PAUSED);
    assert_int_equal(act(visit, CONSULTATION_EVENT_CONTINUE, ROLE_PHYSICIAN), STEP_GO);
    assert_int_equal(visit->now.state, CONSULTATION_STATE_CONSULT);
}

static void an_override_of_the_place_lets_it_go_on(void **state)
{
    struct visit *visit = *state;
    in_consult(visit);
    assert_int_equal(say(visit, SUPPLIER_PATIENT, "pt_private_space", 0), STEP_GO);
    struct step_input input = input_of(CONSULTATION_EVENT_ACKNOWLEDGE, ROLE_PHYSICIAN, "s_sato");
    input.rule = rule_pack_find_rule(visit->pack, "JP-OC-2.2-02");
    assert_int_equal(run(visit, &input), STEP_REFUSE); /* no reason */
    strcpy(input.code, "confirmed_otherwise");
    assert_int_equal(run(visit, &input), STEP_GO);
    assert_int_equal(act(visit, CONSULTATION_EVENT_CONTINUE, ROLE_PHYSICIAN), STEP_GO);
    assert_int_equal(visit->now.state, CONSULTATION_STATE_CONSULT);
}

static void the_physicians_no_of_today_ends_it(void **state)
{
    struct visit *visit = *state;
    int64_t no = -1;
    int fact = rule_pack_find_fact(visit->pack, "feasible_today");
    const struct fact_info *info = rule_pack_fact(visit->pack, (uint32_t)fact);
    for (uint32_t i = 0; i < info->values_count; i++)
        if (strcmp(info->values[i], "no") == 0)
            no = i;
    in_consult(visit);
    assert_int_equal(say(visit, SUPPLIER_PHYSICIAN, "feasible_today", no), STEP_GO);
    assert_int_equal(visit->now.state, CONSULTATION_STATE_ABANDONED);
    assert_string_equal(visit->now.end_reason, "JP-OC-1.1-03");
}

static void an_acute_change_is_never_held(void **state)
{
    struct visit *visit = *state;
    in_consult(visit);
    assert_int_equal(say(visit, SUPPLIER_PATIENT, "pt_private_space", 0), STEP_GO);
    assert_int_equal(say(visit, SUPPLIER_PHYSICIAN, "acute_change", 1), STEP_GO);
    assert_int_equal(visit->now.state, CONSULTATION_STATE_EMERGENCY);
    assert_true(consultation_gate_open(&visit->now, 0, 1, GATE_AUDIO));
}

static void the_shipped_pack_goes_through_the_text(void **state)
{
    struct visit *visit = *state;
    in_consult(visit);
    assert_int_equal(
        consultation_write_text(&visit->now, visit->pack, visit->text, sizeof(visit->text)),
        RESULT_OK);
    assert_int_equal(consultation_read_text(visit->pack, span_of(visit->text, strlen(visit->text)),
                                            &visit->after),
                     RESULT_OK);
    assert_memory_equal(&visit->after, &visit->now, sizeof(visit->now));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(nothing_answered_enters_nothing),        T(tracks_pause_softly),
        T(lost_privacy_holds_until_it_is_back),    T(an_override_of_the_place_lets_it_go_on),
        T(the_physicians_no_of_today_ends_it),     T(an_acute_change_is_never_held),
        T(the_shipped_pack_goes_through_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
