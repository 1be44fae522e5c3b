/* Endpoints lost and back, emergencies, devices, ends, facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/consultation_bench.h"

#define GOES(verdict)    assert_int_equal(verdict, STEP_GO)
#define IGNORED(verdict) assert_int_equal(verdict, STEP_IGNORE)
#define REFUSED(verdict, why)                                                                      \
    do {                                                                                           \
        assert_int_equal(verdict, STEP_REFUSE);                                                    \
        assert_string_equal(step_refusal_name(bench->result.refusal), why);                        \
    } while (0)
#define IS(name)      assert_int_equal(bench->now.state, CONSULTATION_STATE_##name)
#define DO(name, who) bench_do(bench, CONSULTATION_EVENT_##name, WHO_##who)
#define REACH(name)   bench_reach(bench, CONSULTATION_STATE_##name)

static int setup(void **state)
{
    static struct bench bench;
    bench_init(&bench);
    *state = &bench;
    return 0;
}

static int teardown(void **state)
{
    bench_done(*state);
    return 0;
}

static bool heard(const struct bench *bench)
{
    return consultation_gate_open(&bench->now, 0, 1, GATE_AUDIO) &&
           consultation_gate_open(&bench->now, 1, 0, GATE_AUDIO);
}

static void a_short_loss_needs_nobody_to_click(void **state)
{
    struct bench *bench = *state;
    REACH(CONSULT);
    GOES(DO(ENDPOINT_LOST, SYSTEM));
    IS(RECONNECTING);
    assert_false(heard(bench));
    assert_true(bench_has_effect(bench, EFFECT_TRANSPORT_CLOSE, SEAT_PATIENT));
    assert_false(bench_has_effect(bench, EFFECT_TRANSPORT_CLOSE, SEAT_PHYSICIAN));
    assert_int_equal(bench->now.deadline_us, bench->now_us + bench->parameters.reconnect_grace_us);
    bench->now_us += 10 * BENCH_S;
    GOES(DO(SEAT_TAKE, PATIENT));
    assert_true(bench_has_effect(bench, EFFECT_TRANSPORT_OPEN, SEAT_PATIENT));
    assert_false(heard(bench));
    bench->now_us += 5 * BENCH_S; /* 15 s in all: not more than gap_pause */
    struct step_input input = bench_input(bench, CONSULTATION_EVENT_ENDPOINT_BACK, WHO_SYSTEM);
    input.device = BENCH_OTHER_DEVICE;
    REFUSED(bench_step(bench, &input), "seat_taken");
    GOES(DO(ENDPOINT_BACK, SYSTEM));
    IS(CONSULT);
    assert_true(heard(bench));
    assert_int_equal(bench->now.deadline_us, 0);
    assert_int_equal(bench->now.live_since_us, bench->now_us);
}

static void after_a_long_loss_the_physician_confirms_the_face(void **state)
{
    struct bench *bench = *state;
    REACH(RECONNECTING);
    REFUSED(DO(CONFIRM_SAME, PHYSICIAN), "not_connected");
    bench->now_us += 15 * BENCH_S + 1;
    GOES(DO(ENDPOINT_BACK, SYSTEM));
    IS(RECONNECTING);
    assert_true(heard(bench)); /* the face can be seen, else nobody could confirm it */
    assert_int_equal(bench->now.live_since_us, 0);
    assert_true(bench_has_effect(bench, EFFECT_NOTICE, -1));
    GOES(DO(PICTURE_LOST, SYSTEM));
    REFUSED(DO(CONFIRM_SAME, PHYSICIAN), "not_connected");
    GOES(DO(PICTURE_BACK, SYSTEM));
    REFUSED(DO(CONFIRM_SAME, CLERK), "wrong_role");
    GOES(DO(CONFIRM_SAME, PHYSICIAN));
    IS(CONSULT);
    assert_int_equal(consultation_live_exam_ms(&bench->now, bench->now_us), 60000);
}

static void two_losses_one_deadline(void **state)
{
    struct bench *bench = *state;
    REACH(RECONNECTING); /* the patient */
    int64_t first_us = bench->now.deadline_us;
    bench->now_us += 10 * BENCH_S;
    GOES(bench_do_seat(bench, CONSULTATION_EVENT_ENDPOINT_LOST, WHO_SYSTEM, SEAT_PHYSICIAN));
    assert_int_equal(bench->now.deadline_us, first_us);
    GOES(DO(ENDPOINT_BACK, SYSTEM));
    IS(RECONNECTING);
    assert_int_equal(bench->now.deadline_us, first_us + 10 * BENCH_S);
    struct step_input back = bench_input(bench, CONSULTATION_EVENT_ENDPOINT_BACK, WHO_SYSTEM);
    back.seat = SEAT_PHYSICIAN;
    back.device = (struct id){0};
    GOES(bench_step(bench, &back));
    IS(CONSULT);
    IGNORED(bench_step(bench, &back));
}

static void grace_over_starts_again_in_the_lobby(void **state)
{
    struct bench *bench = *state;
    REACH(RECONNECTING);
    bench->now_us = bench->now.deadline_us - 1;
    IGNORED(DO(GRACE_OVER, SYSTEM));
    bench->now_us++;
    GOES(DO(GRACE_OVER, SYSTEM));
    IS(LOBBY);
    assert_int_equal(bench->now.seats[SEAT_PHYSICIAN].status, SEAT_WAITING);
    assert_int_equal(bench->now.seats[SEAT_PATIENT].status, SEAT_AWAY);
    IGNORED(DO(ENDPOINT_BACK, SYSTEM));
    GOES(DO(SEAT_TAKE, PATIENT));
    fake_pack_say(bench->pack, FAKE_RULE_ADMIT, TRUTH_FALSE);
    REFUSED(DO(ADMIT, PHYSICIAN), "rule");
    fake_pack_say(bench->pack, FAKE_RULE_ADMIT, TRUTH_TRUE);
    GOES(DO(ADMIT, PHYSICIAN));
    fake_pack_say(bench->pack, FAKE_RULE_START, TRUTH_FALSE);
    REFUSED(DO(START, PHYSICIAN), "rule");
    fake_pack_say(bench->pack, FAKE_RULE_START, TRUTH_TRUE);
    GOES(DO(START, PHYSICIAN));
    assert_int_equal(consultation_live_exam_ms(&bench->now, bench->now_us),
                     60000); /* what was examined counts */
}

static void a_loss_while_held_stays_held(void **state)
{
    struct bench *bench = *state;
    REACH(CONSULT);
    GOES(DO(HOLD, PHYSICIAN));
    GOES(DO(ENDPOINT_LOST, SYSTEM));
    IS(PAUSED);
    REFUSED(DO(CONTINUE, PHYSICIAN), "not_connected");
    bench->now_us += 60 * BENCH_S;
    GOES(DO(ENDPOINT_BACK, SYSTEM));
    IS(PAUSED);
    assert_false(heard(bench));
    GOES(DO(CONTINUE, PHYSICIAN));
    IS(RECONNECTING); /* 60 s away: the face first */
    GOES(DO(CONFIRM_SAME, PHYSICIAN));
    IS(CONSULT);
    GOES(DO(HOLD, PHYSICIAN));
    GOES(DO(ENDPOINT_LOST, SYSTEM));
    bench->now_us = bench->now.deadline_us;
    GOES(DO(GRACE_OVER, SYSTEM));
    IS(LOBBY);
}

static void a_closed_page_keeps_the_place(void **state)
{
    struct bench *bench = *state;
    REACH(CONSULT);
    REFUSED(bench_do_seat(bench, CONSULTATION_EVENT_SEAT_LEAVE, WHO_PATIENT, SEAT_PHYSICIAN),
            "wrong_role");
    GOES(DO(SEAT_LEAVE, PATIENT));
    IS(RECONNECTING);
    IGNORED(DO(SEAT_LEAVE, SYSTEM)); /* its session ran out: the grace time decides */
    GOES(DO(SEAT_TAKE, PATIENT));
    GOES(DO(SEAT_LEAVE, PATIENT)); /* closed again before media came */
    assert_int_equal(bench->now.seats[SEAT_PATIENT].status, SEAT_AWAY);
    GOES(DO(SEAT_TAKE, PATIENT));
    GOES(DO(SEAT_AWAY, SYSTEM));
    GOES(DO(SEAT_TAKE, PATIENT));
    GOES(DO(ENDPOINT_BACK, SYSTEM));
    IS(CONSULT);
    REACH(IDENT);
    GOES(DO(ENDPOINT_LOST, SYSTEM));
    bench->now_us += 100 * BENCH_S;
    GOES(DO(ENDPOINT_BACK, SYSTEM));
    IS(IDENT); /* the checks are still to come: no extra confirmation */
    REACH(LOBBY);
    GOES(DO(SEAT_LEAVE, PATIENT));
    assert_int_equal(bench->now.seats[SEAT_PATIENT].status, SEAT_GONE);
    GOES(DO(SEAT_TAKE, PATIENT));
}

static void an_emergency_opens_the_sound_and_nothing_holds_it(void **state)
{
    struct bench *bench = *state;
    REACH(CONSULT);
    GOES(DO(HOLD, PHYSICIAN));
    assert_false(heard(bench));
    GOES(DO(EMERGENCY, NURSE));
    IS(EMERGENCY);
    assert_true(heard(bench));
    REFUSED(DO(HOLD, PHYSICIAN), "emergency_runs");
    REFUSED(DO(REMOVE, PHYSICIAN), "emergency_runs");
    GOES(DO(ENDPOINT_LOST, SYSTEM));
    IS(EMERGENCY);
    assert_int_equal(bench->now.deadline_us, 0);
    bench->now_us += 1000 * BENCH_S;
    IGNORED(DO(GRACE_OVER, SYSTEM));
    GOES(DO(ENDPOINT_BACK, SYSTEM));
    assert_true(heard(bench)); /* at once, however long it took */
    REFUSED(bench_do_code(bench, CONSULTATION_EVENT_EMERGENCY_OVER, WHO_PHYSICIAN, "done"),
            "unknown_code");
    GOES(DO(EMERGENCY_OVER, PHYSICIAN));
    IS(CLOSING);
    assert_int_equal(bench->now.finished_at_us, bench->now_us);
    REACH(EMERGENCY);
    GOES(bench_do_code(bench, CONSULTATION_EVENT_EMERGENCY_OVER, WHO_PHYSICIAN, "converted"));
    IS(CONVERTED);
    REACH(LOBBY);
    GOES(DO(EMERGENCY, PATIENT));
    IS(LOBBY);
    assert_false(heard(bench)); /* promise P1 */
    assert_true(bench_has_effect(bench, EFFECT_NOTICE, -1));
}

static void a_declared_acute_change_is_an_emergency(void **state)
{
    struct bench *bench = *state;
    REACH(PAUSED);
    GOES(bench_fact(bench, WHO_PHYSICIAN, SUPPLIER_PHYSICIAN, FAKE_FACT_ACUTE, 1));
    IS(EMERGENCY);
    REACH(LOBBY); /* declared while waiting: nothing may be held afterwards */
    GOES(bench_fact(bench, WHO_PATIENT, SUPPLIER_PATIENT, FAKE_FACT_ACUTE, 1));
    IS(LOBBY);
    GOES(DO(ADMIT, PHYSICIAN));
    GOES(DO(START, PHYSICIAN));
    REFUSED(DO(HOLD, PHYSICIAN), "emergency_runs");
    fake_pack_say(bench->pack, FAKE_RULE_PRIVATE, TRUTH_FALSE);
    GOES(bench_fact(bench, WHO_PATIENT, SUPPLIER_PATIENT, FAKE_FACT_PRIVATE, 0));
    IS(CONSULT);
    GOES(bench_fact(bench, WHO_PHYSICIAN, SUPPLIER_PHYSICIAN, FAKE_FACT_ACUTE, 0));
    IS(PAUSED); /* taken back: the broken rule counts */
}

static void finish_needs_an_examination(void **state)
{
    struct bench *bench = *state;
    REACH(IDENT);
    GOES(DO(START, PHYSICIAN));
    REFUSED(DO(FINISH, PHYSICIAN), "not_examined");
    bench->now_us += BENCH_S;
    GOES(DO(ENDPOINT_LOST, SYSTEM));
    REFUSED(DO(FINISH, PHYSICIAN), "not_examined"); /* not attested */
    GOES(bench_fact(bench, WHO_PHYSICIAN, SUPPLIER_PHYSICIAN, FAKE_FACT_USEFUL, 1));
    bench->now_us += 61 * BENCH_S; /* the attestation lives 60 s */
    REFUSED(DO(FINISH, PHYSICIAN), "not_examined");
    GOES(bench_fact(bench, WHO_PHYSICIAN, SUPPLIER_PHYSICIAN, FAKE_FACT_USEFUL, 0));
    REFUSED(DO(FINISH, PHYSICIAN), "not_examined");
    GOES(bench_fact(bench, WHO_PHYSICIAN, SUPPLIER_PHYSICIAN, FAKE_FACT_USEFUL, 1));
    GOES(DO(FINISH, PHYSICIAN));
    IS(CLOSING);
    assert_int_equal(bench->now.deadline_us, bench->now_us + bench->parameters.checklist_limit_us);
    REACH(RECONNECTING);
    fake_pack_hide(bench->pack, FAKE_FACT_USEFUL); /* a pack that does not ask */
    GOES(DO(FINISH, PHYSICIAN));
    REACH(IDENT);
    GOES(DO(ENDPOINT_LOST, SYSTEM));
    REFUSED(DO(FINISH, PHYSICIAN), "wrong_state");
    REFUSED(DO(TELEPHONE, PHYSICIAN), "wrong_state");
}

static void closing_is_clean_only_with_everything_done(void **state)
{
    struct bench *bench = *state;
    REACH(CLOSING);
    REFUSED(bench_do_code(bench, CONSULTATION_EVENT_CLOSE, WHO_PHYSICIAN, ""), "unknown_code");
    REFUSED(bench_do_code(bench, CONSULTATION_EVENT_CLOSE, WHO_PHYSICIAN, "cured"), "unknown_code");
    fake_pack_say(bench->pack, FAKE_RULE_CLOSE, TRUTH_UNKNOWN);
    REFUSED(DO(CLOSE, PHYSICIAN), "rule");
    assert_int_equal(bench->result.decision.failed_count, 1);
    IS(CLOSING);
    assert_true(heard(bench));
    IGNORED(DO(CLOSE_LIMIT, SYSTEM));
    bench->now_us = bench->now.deadline_us;
    GOES(DO(CLOSE_LIMIT, SYSTEM));
    IS(CLOSED_TASKS);
    assert_string_equal(bench->now.end_reason, "limit");
    assert_false(heard(bench));
    assert_true(bench_has_effect(bench, EFFECT_TRANSPORT_CLOSE, SEAT_PATIENT));
    assert_true(bench_has_effect(bench, EFFECT_TRANSPORT_CLOSE, SEAT_PHYSICIAN));
    assert_true(bench_has_effect(bench, EFFECT_ERASE, -1));
    assert_false(bench_has_effect(bench, EFFECT_SESSION_END,
                                  SEAT_PATIENT)); /* the end page is still shown */
    REACH(CLOSING);
    GOES(bench_do_code(bench, CONSULTATION_EVENT_CLOSE, WHO_PHYSICIAN, "referred"));
    IS(CLOSED_CLEAN);
    assert_string_equal(bench->now.outcome, "referred");
    REACH(IDENT); /* an emergency before anything was examined */
    GOES(DO(EMERGENCY, PATIENT));
    GOES(DO(EMERGENCY_OVER, PHYSICIAN));
    REFUSED(DO(CLOSE, PHYSICIAN), "not_examined");
    GOES(DO(CONVERT, PHYSICIAN));
    IS(CONVERTED);
}

static void withdrawing_always_works_and_keeps_no_reason(void **state)
{
    struct bench *bench = *state;
    for (int from = 0; from <= CONSULTATION_STATE_CLOSING; from++) {
        bench_reach(bench, (enum consultation_state)from);
        GOES(bench_do_code(bench, CONSULTATION_EVENT_WITHDRAW, WHO_PATIENT, "afraid_of_him"));
        assert_int_equal(bench->now.state, from == CONSULTATION_STATE_CLOSING
                                               ? CONSULTATION_STATE_CLOSED_TASKS
                                               : CONSULTATION_STATE_ABANDONED);
        assert_string_equal(bench->now.end_reason, "withdrawn");
        assert_non_null(bench_record(bench, AUDIT_ACT_CONSENT_WITHDRAW));
        for (unsigned i = 0; i < bench->result.record_count; i++)
            for (unsigned k = 0; k < bench->result.records[i].extra_count; k++)
                assert_string_not_equal(bench->result.records[i].extra[k].text, "afraid_of_him");
    }
}

static void a_telephone_contact_is_no_consultation(void **state)
{
    struct bench *bench = *state;
    REACH(RECONNECTING);
    GOES(DO(TELEPHONE, PHYSICIAN));
    IS(CONVERTED);
    assert_int_equal(bench->now.rx, RX_LOCKED_FOR_GOOD);
    assert_string_equal(bench->now.outcome, "telephone");
}

static void a_second_device_waits_for_staff(void **state)
{
    struct bench *bench = *state;
    REACH(LOBBY);
    struct step_input take = bench_input(bench, CONSULTATION_EVENT_SEAT_TAKE, WHO_PATIENT);
    take.device = BENCH_OTHER_DEVICE;
    REFUSED(bench_step(bench, &take), "seat_taken");
    take.device = (struct id){0};
    REFUSED(bench_step(bench, &take), "no_seat");
    take.device = BENCH_DEVICE;
    take.seat = SEAT_PHYSICIAN;
    REFUSED(bench_step(bench, &take), "no_seat");
    REFUSED(DO(SEAT_TAKE, NURSE), "no_seat");
    GOES(DO(SECOND_DEVICE, SYSTEM));
    assert_true(bench_has_effect(bench, EFFECT_NOTICE, SEAT_PATIENT));
    assert_true(bench_has_effect(bench, EFFECT_NOTICE, SEAT_PHYSICIAN));
    assert_false(consultation_may_have_endpoint(&bench->now, 2));
    IGNORED(DO(SECOND_DEVICE, SYSTEM));
    GOES(bench_do_seat(bench, CONSULTATION_EVENT_REMOVE, WHO_CLERK, -1)); /* turned away */
    assert_false(bench->now.second_device);
    REFUSED(bench_do_seat(bench, CONSULTATION_EVENT_REMOVE, WHO_CLERK, -1), "no_seat");
    REFUSED(DO(MOVE_SEAT, CLERK), "not_available");
    GOES(DO(SECOND_DEVICE, SYSTEM));
    struct step_input move = bench_input(bench, CONSULTATION_EVENT_MOVE_SEAT, WHO_CLERK);
    move.device = BENCH_DEVICE;
    REFUSED(bench_step(bench, &move), "not_available");
    move.seat = SEAT_PHYSICIAN;
    REFUSED(bench_step(bench, &move), "no_seat");
    GOES(DO(MOVE_SEAT, CLERK));
    IS(LOBBY);
    assert_true(bench_has_effect(bench, EFFECT_TRANSPORT_CLOSE, SEAT_PATIENT));
    assert_true(bench_has_effect(bench, EFFECT_TRANSPORT_OPEN, SEAT_PATIENT));
    assert_true(bench_has_effect(bench, EFFECT_SESSION_END, SEAT_PATIENT));
    IGNORED(DO(SECOND_DEVICE, SYSTEM)); /* it is the first now */
}

static void moving_the_seat_in_a_call_is_a_new_admission(void **state)
{
    struct bench *bench = *state;
    REACH(CONSULT);
    GOES(DO(SECOND_DEVICE, SYSTEM));
    GOES(DO(MOVE_SEAT, PHYSICIAN));
    IS(LOBBY);
    assert_false(heard(bench));
    GOES(DO(ADMIT, PHYSICIAN));
    REACH(EMERGENCY); /* here nothing may be interrupted */
    GOES(DO(SECOND_DEVICE, SYSTEM));
    GOES(DO(MOVE_SEAT, PHYSICIAN));
    IS(EMERGENCY);
    assert_true(heard(bench));
}

static void removal_destroys_keys_and_session(void **state)
{
    struct bench *bench = *state;
    REACH(CONSULT);
    GOES(DO(REMOVE, PHYSICIAN));
    IS(LOBBY);
    assert_int_equal(bench->now.seats[SEAT_PATIENT].status, SEAT_GONE);
    assert_true(bench_has_effect(bench, EFFECT_TRANSPORT_CLOSE, SEAT_PATIENT));
    assert_true(bench_has_effect(bench, EFFECT_SESSION_END, SEAT_PATIENT));
    assert_false(bench_has_effect(bench, EFFECT_SESSION_END, SEAT_PHYSICIAN));
    REFUSED(DO(ADMIT, PHYSICIAN), "patient_not_here");
    REFUSED(DO(REMOVE, PHYSICIAN), "no_seat");
    REFUSED(bench_do_seat(bench, CONSULTATION_EVENT_REMOVE, WHO_PHYSICIAN, SEATS_MAX), "no_seat");
    REACH(CLOSING);
    GOES(DO(REMOVE, PHYSICIAN));
    IS(CLOSING);
    assert_false(heard(bench));
}

static void facts_come_only_from_whom_they_may(void **state)
{
    struct bench *bench = *state;
    REFUSED(bench_fact(bench, WHO_PATIENT, SUPPLIER_PATIENT, FAKE_FACT_USEFUL, 1), "fact_supplier");
    REFUSED(bench_fact(bench, WHO_PATIENT, SUPPLIER_PHYSICIAN, FAKE_FACT_USEFUL, 1),
            "fact_supplier");
    REFUSED(bench_fact(bench, WHO_PHYSICIAN, SUPPLIER_PHYSICIAN, FAKE_FACT_COUNT_OF, 10),
            "fact_value");
    REFUSED(bench_fact(bench, WHO_PHYSICIAN, SUPPLIER_PHYSICIAN, FAKE_FACTS, 1), "not_available");
    GOES(bench_fact(bench, WHO_PHYSICIAN, SUPPLIER_PHYSICIAN, FAKE_FACT_COUNT_OF, 9));
    assert_true(bench_has_effect(bench, EFFECT_QUEUE, -1));
    const struct fact_value *value = &bench->now.facts.values[FAKE_FACT_COUNT_OF];
    assert_true(value->known && value->value == 9 && value->supplier == SUPPLIER_PHYSICIAN);
    assert_int_equal(value->at_us, bench->now_us);
    assert_int_equal(value->expires_us, FACT_NEVER_EXPIRES);
    IGNORED(bench_fact(bench, WHO_PHYSICIAN, SUPPLIER_PHYSICIAN, FAKE_FACT_COUNT_OF, 9));
    GOES(bench_fact(bench, WHO_SYSTEM, SUPPLIER_SYSTEM, FAKE_FACT_COUNT_OF,
                    9)); /* said by another */
    GOES(bench_fact(bench, WHO_PHYSICIAN, SUPPLIER_PHYSICIAN, FAKE_FACT_USEFUL, 1));
    assert_int_equal(bench->now.facts.values[FAKE_FACT_USEFUL].expires_us,
                     bench->now_us + 60 * BENCH_S);
    bench->now_us += BENCH_S;
    GOES(bench_fact(bench, WHO_PHYSICIAN, SUPPLIER_PHYSICIAN, FAKE_FACT_USEFUL, 1)); /* renewed */
    struct step_input clear = bench_input(bench, CONSULTATION_EVENT_FACT, WHO_PHYSICIAN);
    clear.fact = FAKE_FACT_USEFUL;
    clear.fact_supplier = SUPPLIER_PHYSICIAN;
    clear.fact_clear = true;
    GOES(bench_step(bench, &clear));
    assert_false(bench->now.facts.values[FAKE_FACT_USEFUL].known);
    IGNORED(bench_step(bench, &clear));
    const char *const fact = bench_extra(bench_record(bench, AUDIT_ACT_FACT_SUPPLY), "fact");
    assert_null(fact); /* what is ignored is not recorded */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_short_loss_needs_nobody_to_click),
        T(after_a_long_loss_the_physician_confirms_the_face),
        T(two_losses_one_deadline),
        T(grace_over_starts_again_in_the_lobby),
        T(a_loss_while_held_stays_held),
        T(a_closed_page_keeps_the_place),
        T(an_emergency_opens_the_sound_and_nothing_holds_it),
        T(a_declared_acute_change_is_an_emergency),
        T(finish_needs_an_examination),
        T(closing_is_clean_only_with_everything_done),
        T(withdrawing_always_works_and_keeps_no_reason),
        T(a_telephone_contact_is_no_consultation),
        T(a_second_device_waits_for_staff),
        T(moving_the_seat_in_a_call_is_a_new_admission),
        T(removal_destroys_keys_and_session),
        T(facts_come_only_from_whom_they_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
