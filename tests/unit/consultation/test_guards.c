/* What guards a step and what a step leaves behind: one story a test, in the order of a visit. */
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
    static struct bench bench; /* 40 kB: not on the stack of a test */
    bench_init(&bench);
    *state = &bench;
    return 0;
}

static int teardown(void **state)
{
    bench_done(*state);
    return 0;
}

static bool open_both_ways(const struct bench *bench)
{
    return consultation_gate_open(&bench->now, 0, 1, GATE_AUDIO) &&
           consultation_gate_open(&bench->now, 1, 0, GATE_AUDIO) &&
           consultation_gate_open(&bench->now, 0, 1, GATE_VIDEO) &&
           consultation_gate_open(&bench->now, 1, 0, GATE_VIDEO);
}

static void the_lobby_opens_early_enough_and_pins_the_pack(void **state)
{
    struct bench *bench = *state;
    bench->now_us = BENCH_BOOKED_US - bench->parameters.lobby_early_us - 1;
    REFUSED(DO(ENTER, PATIENT), "too_early");
    assert_int_equal(bench->result.record_count, 0);
    bench->now_us++;
    fake_pack_say(bench->pack, FAKE_RULE_LOBBY, TRUTH_UNKNOWN);
    REFUSED(DO(ENTER, PATIENT), "rule");
    assert_false(bench->now.pack_pinned);
    assert_true(bench->result.has_decision);
    assert_int_equal(bench->result.decision.gate, RULE_GATE_LOBBY);
    const struct audit_draft *denied = bench_record(bench, AUDIT_ACT_RULE_DECISION);
    assert_non_null(denied);
    assert_int_equal(denied->outcome, AUDIT_DENY);
    assert_string_equal(denied->rule, "FAKE-1");
    assert_string_equal(bench_extra(denied, "event"), "enter");
    fake_pack_say(bench->pack, FAKE_RULE_LOBBY, TRUTH_TRUE);
    GOES(DO(ENTER, PATIENT));
    IS(LOBBY);
    assert_true(bench->now.pack_pinned);
    assert_int_equal(bench->now.lobby_at_us, bench->now_us);
    assert_string_equal(bench_extra(bench_record(bench, AUDIT_ACT_CONSULT_ENTER), "verdict"),
                        "pass");
    IGNORED(DO(ENTER, PROXY));
}

static void a_walk_in_without_a_time_is_never_too_early(void **state)
{
    struct bench *bench = *state;
    bench->now.booked_for_us = 0;
    bench->now_us = 1;
    GOES(DO(ENTER, PATIENT));
}

static void admission_wants_both_seats_one_patient_and_the_rules(void **state)
{
    struct bench *bench = *state;
    GOES(DO(ENTER, PATIENT));
    REFUSED(DO(ADMIT, PHYSICIAN), "patient_not_here");
    GOES(DO(SEAT_TAKE, PATIENT));
    assert_true(bench_has_effect(bench, EFFECT_TRANSPORT_OPEN, SEAT_PATIENT));
    assert_false(bench_has_effect(bench, EFFECT_GATES, -1));
    REFUSED(DO(ADMIT, PHYSICIAN), "physician_not_here");
    GOES(DO(SEAT_TAKE, PHYSICIAN));
    struct step_input busy = bench_input(bench, CONSULTATION_EVENT_ADMIT, WHO_PHYSICIAN);
    busy.physician_busy = true;
    REFUSED(bench_step(bench, &busy), "other_patient");
    assert_string_equal(bench_extra(bench_record(bench, AUDIT_ACT_RULE_DECISION), "cause"),
                        "JP-OC-1.6-05");
    REFUSED(DO(ADMIT, OTHER_PHYSICIAN), "wrong_role");
    REFUSED(DO(ADMIT, FOREIGN_CLERK), "wrong_role");
    fake_pack_say(bench->pack, FAKE_RULE_ADMIT, TRUTH_FALSE);
    REFUSED(DO(ADMIT, PHYSICIAN), "rule");
    assert_false(open_both_ways(bench));
    fake_pack_say(bench->pack, FAKE_RULE_ADMIT, TRUTH_TRUE);
    GOES(DO(ADMIT, CLERK));
    IS(IDENT);
    assert_true(open_both_ways(bench));
    assert_int_equal(bench->result.effects[0].kind, EFFECT_GATES);
    assert_string_equal(bench_extra(bench_record(bench, AUDIT_ACT_CONSULT_ADMIT), "on_behalf_of"),
                        "s_sato");
    assert_non_null(bench_record(bench, AUDIT_ACT_MEDIA_OPEN));
}

static void a_seat_that_went_away_cannot_be_admitted(void **state)
{
    struct bench *bench = *state;
    REACH(LOBBY);
    GOES(bench_do_seat(bench, CONSULTATION_EVENT_SEAT_AWAY, WHO_SYSTEM, SEAT_PATIENT));
    assert_true(bench_has_effect(bench, EFFECT_TRANSPORT_CLOSE, SEAT_PATIENT));
    REFUSED(DO(ADMIT, PHYSICIAN), "patient_not_here");
    GOES(DO(SEAT_TAKE, PATIENT)); /* the same browser gets its place back */
    GOES(DO(ADMIT, PHYSICIAN));
}

static void start_opens_nothing_and_starts_the_clock(void **state)
{
    struct bench *bench = *state;
    REACH(IDENT);
    fake_pack_say(bench->pack, FAKE_RULE_START, TRUTH_UNKNOWN);
    REFUSED(DO(START, PHYSICIAN), "rule");
    IS(IDENT);
    fake_pack_say(bench->pack, FAKE_RULE_START, TRUTH_TRUE);
    fake_pack_say(bench->pack, FAKE_RULE_PRIVATE, TRUTH_FALSE); /* would pause at once */
    REFUSED(DO(START, PHYSICIAN), "rule");
    assert_int_equal(bench->result.decision.gate, RULE_GATE_LIVE);
    assert_string_equal(bench_record(bench, AUDIT_ACT_RULE_DECISION)->rule, "FAKE-6");
    fake_pack_say(bench->pack, FAKE_RULE_PRIVATE, TRUTH_UNKNOWN);
    GOES(DO(START, PHYSICIAN));
    IS(CONSULT);
    assert_false(bench_has_effect(bench, EFFECT_GATES, -1));
    assert_int_equal(bench->now.live_since_us, bench->now_us);
    assert_int_equal(consultation_live_exam_ms(&bench->now, bench->now_us + 1500 * 1000), 1500);
    assert_int_equal(consultation_live_exam_ms(&bench->now, bench->now_us - 1), 0);
}

static void an_override_needs_the_right_person_and_a_reason(void **state)
{
    struct bench *bench = *state;
    REACH(IDENT);
    fake_pack_say(bench->pack, FAKE_RULE_PLACE, TRUTH_FALSE);
    REFUSED(DO(START, PHYSICIAN), "rule");
    REFUSED(DO(ACKNOWLEDGE, PATIENT), "wrong_role");
    REFUSED(bench_do_code(bench, CONSULTATION_EVENT_ACKNOWLEDGE, WHO_PHYSICIAN, ""),
            "unknown_code");
    REFUSED(bench_do_code(bench, CONSULTATION_EVENT_ACKNOWLEDGE, WHO_PHYSICIAN, "because"),
            "unknown_code");
    GOES(bench_do_code(bench, CONSULTATION_EVENT_ACKNOWLEDGE, WHO_PHYSICIAN, "no_alternative"));
    const struct audit_draft *record = bench_record(bench, AUDIT_ACT_RULE_ACKNOWLEDGE);
    assert_string_equal(record->rule, "FAKE-4");
    assert_string_equal(record->actor.person.text, "s_sato");
    assert_string_equal(bench_extra(record, "reason"), "no_alternative");
    IGNORED(bench_do_code(bench, CONSULTATION_EVENT_ACKNOWLEDGE, WHO_PHYSICIAN, "patient_benefit"));
    struct step_input input = bench_input(bench, CONSULTATION_EVENT_ACKNOWLEDGE, WHO_PATIENT);
    memset(input.code, 0, sizeof(input.code));
    input.rule = FAKE_RULE_ASK; /* to be acknowledged only: no reason wanted */
    fake_pack_say(bench->pack, FAKE_RULE_ASK, TRUTH_UNKNOWN);
    REFUSED(DO(START, PHYSICIAN), "rule");
    GOES(bench_step(bench, &input));
    input.rule = FAKE_RULE_START;
    REFUSED(bench_step(bench, &input), "not_available"); /* nobody may clear it */
    input.rule = FAKE_RULES;
    REFUSED(bench_step(bench, &input), "not_available");
    input.rule = -1;
    REFUSED(bench_step(bench, &input), "not_available");
    GOES(DO(START, PHYSICIAN));
}

static void defer_and_convert_leave_ident(void **state)
{
    struct bench *bench = *state;
    REACH(IDENT);
    GOES(bench_do_code(bench, CONSULTATION_EVENT_DEFER, WHO_PHYSICIAN, "identity_failed"));
    IS(LOBBY);
    assert_false(open_both_ways(bench));
    assert_int_equal(bench->now.seats[SEAT_PATIENT].status, SEAT_WAITING);
    assert_non_null(bench_record(bench, AUDIT_ACT_MEDIA_HOLD));
    assert_false(
        bench_has_effect(bench, EFFECT_TRANSPORT_CLOSE, SEAT_PATIENT)); /* fast when called again */
    REACH(IDENT);
    GOES(DO(HOLD, PHYSICIAN));
    GOES(DO(DEFER, PHYSICIAN));
    IS(LOBBY);
    REACH(IDENT);
    GOES(DO(CONVERT, PHYSICIAN));
    IS(CONVERTED);
    assert_string_equal(bench->now.outcome, "advice_only");
    assert_int_equal(bench->now.rx, RX_LOCKED_FOR_GOOD);
    assert_true(bench_has_effect(bench, EFFECT_ERASE, -1));
}

/* Promise P7. */
static void a_lost_picture_stops_the_clock_and_keeps_the_sound(void **state)
{
    struct bench *bench = *state;
    REACH(CONSULT); /* 60 s in */
    GOES(DO(PICTURE_LOST, SYSTEM));
    IS(CONSULT);
    assert_true(open_both_ways(bench));
    assert_false(bench_has_effect(bench, EFFECT_GATES, -1));
    assert_int_equal(bench->now.live_since_us, 0);
    IGNORED(DO(PICTURE_LOST, SYSTEM));
    bench->now_us += 30 * BENCH_S;
    GOES(DO(WAIT, PHYSICIAN));
    GOES(DO(SOUND_LOST, SYSTEM));
    GOES(DO(PICTURE_BACK, SYSTEM));
    assert_int_equal(bench->now.live_since_us, 0); /* the sound is still missing */
    GOES(DO(SOUND_BACK, SYSTEM));
    bench->now_us += 10 * BENCH_S;
    assert_int_equal(consultation_live_exam_ms(&bench->now, bench->now_us), 70000);
    assert_int_equal(bench->now.deadline_us, 0);
}

static void measured_rules_pause_softly(void **state)
{
    struct bench *bench = *state;
    static const enum fake_rule soft[] = {FAKE_RULE_PICTURE, FAKE_RULE_TRACKS};
    for (int i = 0; i < 2; i++) {
        REACH(CONSULT);
        fake_pack_say(bench->pack, soft[i], TRUTH_UNKNOWN);
        GOES(bench_fact(bench, WHO_SYSTEM, SUPPLIER_MEDIA, FAKE_FACT_PICTURE, 1));
        assert_false(bench->now.evidence_lost);
        fake_pack_say(bench->pack, soft[i], TRUTH_FALSE);
        GOES(bench_fact(bench, WHO_SYSTEM, SUPPLIER_MEDIA, FAKE_FACT_PICTURE, 0));
        IS(CONSULT);
        assert_true(bench->now.evidence_lost);
        assert_true(bench->result.has_decision);
        assert_int_equal(bench->now.live_since_us, 0);
        fake_pack_say(bench->pack, soft[i], TRUTH_TRUE);
        GOES(bench_fact(bench, WHO_SYSTEM, SUPPLIER_MEDIA, FAKE_FACT_PICTURE, 1));
        assert_int_equal(bench->now.live_since_us, bench->now_us);
    }
    REACH(CONSULT);
    fake_pack_say(bench->pack, FAKE_RULE_MIXED, TRUTH_FALSE); /* somebody's answer is at stake */
    GOES(bench_fact(bench, WHO_SYSTEM, SUPPLIER_MEDIA, FAKE_FACT_PICTURE, 0));
    IS(PAUSED);
    assert_string_equal(bench->now.hold_reason, "FAKE-9");
}

static void a_revoked_answer_holds_and_a_missing_one_does_not(void **state)
{
    struct bench *bench = *state;
    REACH(CONSULT);
    fake_pack_say(bench->pack, FAKE_RULE_PRIVATE, TRUTH_UNKNOWN);
    fake_pack_say(bench->pack, FAKE_RULE_WISH, TRUTH_UNKNOWN);
    GOES(bench_fact(bench, WHO_PATIENT, SUPPLIER_PATIENT, FAKE_FACT_PLACE, 1));
    IS(CONSULT);
    assert_false(bench->result.has_decision);
    fake_pack_say(bench->pack, FAKE_RULE_PRIVATE, TRUTH_FALSE);
    GOES(bench_fact(bench, WHO_PATIENT, SUPPLIER_PATIENT, FAKE_FACT_PRIVATE, 0));
    IS(PAUSED);
    assert_false(open_both_ways(bench));
    assert_string_equal(bench->now.hold_reason, "FAKE-6");
    assert_string_equal(bench_record(bench, AUDIT_ACT_CONSULT_HOLD)->rule, "FAKE-6");
    assert_non_null(bench_record(bench, AUDIT_ACT_FACT_SUPPLY));
    REFUSED(DO(CONTINUE, PHYSICIAN), "rule");
    fake_pack_say(bench->pack, FAKE_RULE_PRIVATE,
                  TRUTH_UNKNOWN); /* the cause has to be cleared, not forgotten */
    REFUSED(DO(CONTINUE, PHYSICIAN), "rule");
    fake_pack_say(bench->pack, FAKE_RULE_PRIVATE, TRUTH_TRUE);
    fake_pack_say(bench->pack, FAKE_RULE_MIXED, TRUTH_FALSE); /* another cause */
    REFUSED(DO(CONTINUE, PHYSICIAN), "rule");
    fake_pack_say(bench->pack, FAKE_RULE_MIXED, TRUTH_TRUE);
    GOES(DO(CONTINUE, PHYSICIAN));
    IS(CONSULT);
    assert_true(open_both_ways(bench));
    assert_string_equal(bench->now.hold_reason, "");
}

static void live_rules_speak_only_where_they_may(void **state)
{
    struct bench *bench = *state;
    static const struct {
        enum consultation_state from, pause_to, terminate_to;
    } cases[] = {
        {CONSULTATION_STATE_BOOKED, CONSULTATION_STATE_BOOKED, CONSULTATION_STATE_BOOKED},
        {CONSULTATION_STATE_LOBBY, CONSULTATION_STATE_LOBBY, CONSULTATION_STATE_LOBBY},
        {CONSULTATION_STATE_IDENT, CONSULTATION_STATE_IDENT, CONSULTATION_STATE_ABANDONED},
        {CONSULTATION_STATE_CONSULT, CONSULTATION_STATE_PAUSED, CONSULTATION_STATE_ABANDONED},
        {CONSULTATION_STATE_RECONNECTING, CONSULTATION_STATE_PAUSED, CONSULTATION_STATE_ABANDONED},
        {CONSULTATION_STATE_PAUSED, CONSULTATION_STATE_PAUSED, CONSULTATION_STATE_ABANDONED},
        {CONSULTATION_STATE_EMERGENCY, CONSULTATION_STATE_EMERGENCY, CONSULTATION_STATE_EMERGENCY},
        {CONSULTATION_STATE_CLOSING, CONSULTATION_STATE_CLOSING, CONSULTATION_STATE_CLOSING},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        bench_reach(bench, cases[i].from);
        fake_pack_say(bench->pack, FAKE_RULE_PRIVATE, TRUTH_FALSE);
        GOES(bench_fact(bench, WHO_PATIENT, SUPPLIER_PATIENT, FAKE_FACT_PRIVATE, 0));
        assert_int_equal(bench->now.state, cases[i].pause_to);
        bench_reach(bench, cases[i].from);
        fake_pack_say(bench->pack, FAKE_RULE_WISH, TRUTH_FALSE);
        GOES(bench_fact(bench, WHO_PATIENT, SUPPLIER_PATIENT, FAKE_FACT_WISH, 1));
        assert_int_equal(bench->now.state, cases[i].terminate_to);
        if (cases[i].terminate_to == CONSULTATION_STATE_ABANDONED)
            assert_string_equal(bench->now.end_reason, "FAKE-10");
    }
}

static void hold_by_hand_names_its_cause(void **state)
{
    struct bench *bench = *state;
    REACH(CONSULT);
    REFUSED(bench_do_code(bench, CONSULTATION_EVENT_HOLD, WHO_PHYSICIAN, "lunch"), "unknown_code");
    GOES(bench_do_code(bench, CONSULTATION_EVENT_HOLD, WHO_PHYSICIAN, "newcomer"));
    assert_string_equal(bench_extra(bench_record(bench, AUDIT_ACT_CONSULT_HOLD), "cause"),
                        "JP-OC-1.6-06");
    assert_int_equal(bench->now.presence, PRESENCE_HELD);
    GOES(DO(CONTINUE, PHYSICIAN));
    assert_int_equal(bench->now.presence, PRESENCE_CLEAN);
    struct step_input input = bench_input(bench, CONSULTATION_EVENT_HOLD, WHO_SYSTEM);
    input.rule = FAKE_RULES;
    REFUSED(bench_step(bench, &input), "not_available");
    input.rule = FAKE_RULE_MIXED;
    GOES(bench_step(bench, &input));
    assert_string_equal(bench->now.hold_reason, "FAKE-9");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(the_lobby_opens_early_enough_and_pins_the_pack),
        T(a_walk_in_without_a_time_is_never_too_early),
        T(admission_wants_both_seats_one_patient_and_the_rules),
        T(a_seat_that_went_away_cannot_be_admitted),
        T(start_opens_nothing_and_starts_the_clock),
        T(an_override_needs_the_right_person_and_a_reason),
        T(defer_and_convert_leave_ident),
        T(a_lost_picture_stops_the_clock_and_keeps_the_sound),
        T(measured_rules_pause_softly),
        T(a_revoked_answer_holds_and_a_missing_one_does_not),
        T(live_rules_speak_only_where_they_may),
        T(hold_by_hand_names_its_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
