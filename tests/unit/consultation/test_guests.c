/* A guest's way: invited, held, agreed to, let in, lost, back, removed; and screens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/consultation_bench.h"

#define GUEST SEAT_FIRST_GUEST

static struct seat *guest_seat(struct bench *bench)
{
    return &bench->now.seats[GUEST];
}

static bool hears(const struct bench *bench, int from, int to)
{
    return consultation_gate_open(&bench->now, from, to, GATE_AUDIO) &&
           consultation_gate_open(&bench->now, from, to, GATE_VIDEO);
}

static enum step_verdict seat_code(struct bench *bench, enum consultation_event event, enum who who,
                                   int seat, const char *code)
{
    struct step_input input = bench_input(bench, event, who);
    input.seat = seat;
    strcpy(input.code, code);
    return bench_step(bench, &input);
}

static void guest_sits(struct bench *bench, enum consultation_state state)
{
    bench_reach(bench, state);
    assert_int_equal(bench_do(bench, CONSULTATION_EVENT_INVITE, WHO_PHYSICIAN), STEP_GO);
    assert_non_null(bench_record(bench, AUDIT_ACT_INVITE_ISSUE));
    assert_int_equal(guest_seat(bench)->status, SEAT_EMPTY);
    assert_int_equal(bench_do(bench, CONSULTATION_EVENT_SEAT_TAKE, WHO_GUEST), STEP_GO);
}

static void guest_is_in(struct bench *bench)
{
    guest_sits(bench, CONSULTATION_STATE_CONSULT);
    assert_int_equal(seat_code(bench, CONSULTATION_EVENT_SEAT_CONSENT, WHO_PATIENT, GUEST, "given"),
                     STEP_GO);
    assert_int_equal(bench_do_seat(bench, CONSULTATION_EVENT_SEAT_ADMIT, WHO_PHYSICIAN, GUEST),
                     STEP_GO);
}

static void held_until_patient_and_physician_agree(void **unused)
{
    (void)unused;
    struct bench bench;
    bench_init(&bench);
    guest_sits(&bench, CONSULTATION_STATE_CONSULT);
    /* the consultation goes on; both are told */
    assert_int_equal(bench.now.state, CONSULTATION_STATE_CONSULT);
    assert_true(hears(&bench, 0, 1) && hears(&bench, 1, 0));
    assert_int_equal(bench.now.presence, PRESENCE_HELD);
    assert_true(bench_has_effect(&bench, EFFECT_NOTICE, SEAT_PATIENT));
    assert_true(bench_has_effect(&bench, EFFECT_NOTICE, SEAT_PHYSICIAN));
    assert_true(bench_has_effect(&bench, EFFECT_TRANSPORT_OPEN, GUEST));
    for (int other = 0; other < 2; other++)
        assert_false(hears(&bench, GUEST, other) || hears(&bench, other, GUEST));

    assert_int_equal(bench_do_seat(&bench, CONSULTATION_EVENT_SEAT_ADMIT, WHO_PHYSICIAN, GUEST),
                     STEP_REFUSE);
    assert_int_equal(bench.result.refusal, STEP_REFUSAL_CONSENT_MISSING);
    /* silence is no consent, nor is the physician's word for the patient's */
    assert_int_equal(bench_do_seat(&bench, CONSULTATION_EVENT_SEAT_CONSENT, WHO_PATIENT, GUEST),
                     STEP_REFUSE);
    assert_int_equal(bench.result.refusal, STEP_REFUSAL_UNKNOWN_CODE);
    assert_int_equal(
        seat_code(&bench, CONSULTATION_EVENT_SEAT_CONSENT, WHO_PHYSICIAN, GUEST, "given"),
        STEP_REFUSE);
    assert_int_equal(
        seat_code(&bench, CONSULTATION_EVENT_SEAT_CONSENT, WHO_PATIENT, GUEST, "given"), STEP_GO);
    assert_non_null(bench_record(&bench, AUDIT_ACT_CONSENT_GIVE));
    assert_false(hears(&bench, GUEST, 0));
    assert_int_equal(bench_do_seat(&bench, CONSULTATION_EVENT_SEAT_ADMIT, WHO_GUEST, GUEST),
                     STEP_REFUSE);
    assert_int_equal(bench_do_seat(&bench, CONSULTATION_EVENT_SEAT_ADMIT, WHO_PHYSICIAN, GUEST),
                     STEP_GO);
    assert_non_null(bench_record(&bench, AUDIT_ACT_PARTICIPANT_ADMIT));
    assert_int_equal(bench.now.presence, PRESENCE_CLEAN);
    for (int other = 0; other < 2; other++)
        assert_true(hears(&bench, GUEST, other) && hears(&bench, other, GUEST));
    bench_done(&bench);
}

static void consent_taken_back_holds_the_guest_again(void **unused)
{
    (void)unused;
    struct bench bench;
    bench_init(&bench);
    guest_is_in(&bench);
    assert_int_equal(
        seat_code(&bench, CONSULTATION_EVENT_SEAT_CONSENT, WHO_PATIENT, GUEST, "refused"), STEP_GO);
    assert_non_null(bench_record(&bench, AUDIT_ACT_CONSENT_WITHDRAW));
    assert_int_equal(guest_seat(&bench)->status, SEAT_WAITING);
    assert_false(hears(&bench, GUEST, 0) || hears(&bench, 0, GUEST) || hears(&bench, 1, GUEST));
    assert_true(hears(&bench, 0, 1));
    assert_int_equal(bench_do_seat(&bench, CONSULTATION_EVENT_SEAT_ADMIT, WHO_PHYSICIAN, GUEST),
                     STEP_REFUSE);
    bench_done(&bench);
}

static void a_lost_guest_stops_nothing_and_comes_back_within_the_grace_time(void **unused)
{
    (void)unused;
    struct bench bench;
    bench_init(&bench);
    for (int late = 0; late < 2; late++) {
        guest_is_in(&bench);
        assert_int_equal(bench_do_seat(&bench, CONSULTATION_EVENT_ENDPOINT_LOST, WHO_SYSTEM, GUEST),
                         STEP_GO);
        assert_int_equal(bench.now.state, CONSULTATION_STATE_CONSULT);
        assert_true(bench.now.live_since_us > 0); /* the examination clock runs on */
        assert_true(bench_has_effect(&bench, EFFECT_TRANSPORT_CLOSE, GUEST));
        bench.now_us += late ? bench.parameters.reconnect_grace_us + BENCH_S : 60 * BENCH_S;
        assert_int_equal(bench_do(&bench, CONSULTATION_EVENT_SEAT_TAKE, WHO_GUEST), STEP_GO);
        assert_false(hears(&bench, GUEST, 0));
        struct step_input back = bench_input(&bench, CONSULTATION_EVENT_ENDPOINT_BACK, WHO_SYSTEM);
        back.seat = GUEST;
        back.device = BENCH_GUEST_DEVICE;
        assert_int_equal(bench_step(&bench, &back), STEP_GO);
        assert_int_equal(guest_seat(&bench)->status, late ? SEAT_WAITING : SEAT_PRESENT);
        assert_int_equal(hears(&bench, GUEST, 0), !late);
        assert_int_equal(guest_seat(&bench)->consent,
                         late ? SEAT_CONSENT_NONE : SEAT_CONSENT_GIVEN);
    }
    bench_done(&bench);
}

static void a_removed_guest_has_no_way_back_and_frees_the_seat(void **unused)
{
    (void)unused;
    struct bench bench;
    bench_init(&bench);
    guest_is_in(&bench);
    assert_int_equal(bench_do_seat(&bench, CONSULTATION_EVENT_REMOVE, WHO_PHYSICIAN, GUEST),
                     STEP_GO);
    assert_int_equal(bench.now.state, CONSULTATION_STATE_CONSULT);
    assert_true(bench_has_effect(&bench, EFFECT_TRANSPORT_CLOSE, GUEST));
    assert_true(bench_has_effect(&bench, EFFECT_SESSION_END, GUEST));
    assert_int_equal(bench_do(&bench, CONSULTATION_EVENT_SEAT_TAKE, WHO_GUEST), STEP_REFUSE);
    assert_int_equal(bench.result.refusal, STEP_REFUSAL_WRONG_ROLE);
    for (int i = 0; i < SEATS_MAX - GUEST; i++) {
        struct step_input invite = bench_input(&bench, CONSULTATION_EVENT_INVITE, WHO_CLERK);
        invite.guest.text[2] = (char)('0' + i);
        assert_int_equal(bench_step(&bench, &invite), STEP_GO);
    }
    assert_int_equal(bench_do(&bench, CONSULTATION_EVENT_INVITE, WHO_CLERK), STEP_REFUSE);
    assert_int_equal(bench.result.refusal, STEP_REFUSAL_SEATS_FULL);
    bench_done(&bench);
}

static void a_link_is_no_staff_role_and_one_browser_holds_it(void **unused)
{
    (void)unused;
    struct bench bench;
    bench_init(&bench);
    bench_reach(&bench, CONSULTATION_STATE_LOBBY);
    assert_int_equal(bench_do(&bench, CONSULTATION_EVENT_SEAT_TAKE, WHO_GUEST), STEP_REFUSE);
    struct step_input invite = bench_input(&bench, CONSULTATION_EVENT_INVITE, WHO_CLERK);
    invite.guest_role = ROLE_PHYSICIAN;
    assert_int_equal(bench_step(&bench, &invite), STEP_REFUSE);
    assert_int_equal(bench.result.refusal, STEP_REFUSAL_NOT_AVAILABLE);
    guest_sits(&bench, CONSULTATION_STATE_LOBBY);
    struct step_input other = bench_input(&bench, CONSULTATION_EVENT_SEAT_TAKE, WHO_GUEST);
    other.device = BENCH_OTHER_DEVICE;
    assert_int_equal(bench_step(&bench, &other), STEP_REFUSE);
    assert_int_equal(bench.result.refusal, STEP_REFUSAL_SEAT_TAKEN);
    /* admitting the patient lets no guest in */
    assert_int_equal(bench_do(&bench, CONSULTATION_EVENT_ADMIT, WHO_PHYSICIAN), STEP_GO);
    assert_int_equal(guest_seat(&bench)->status, SEAT_WAITING);
    assert_int_equal(bench_do(&bench, CONSULTATION_EVENT_EMERGENCY, WHO_GUEST), STEP_REFUSE);
    bench_done(&bench);
}

static void help_in_an_emergency_waits_for_no_answer(void **unused)
{
    (void)unused;
    struct bench bench;
    bench_init(&bench);
    guest_sits(&bench, CONSULTATION_STATE_EMERGENCY);
    assert_int_equal(bench_do_seat(&bench, CONSULTATION_EVENT_SEAT_ADMIT, WHO_PHYSICIAN, GUEST),
                     STEP_GO);
    assert_string_equal(bench_extra(bench_record(&bench, AUDIT_ACT_PARTICIPANT_ADMIT), "consent"),
                        "emergency");
    bench_done(&bench);
}

static void one_screen_at_a_time_and_only_of_somebody_present(void **unused)
{
    (void)unused;
    struct bench bench;
    bench_init(&bench);
    guest_sits(&bench, CONSULTATION_STATE_CONSULT);
    assert_int_equal(bench_do_code(&bench, CONSULTATION_EVENT_SCREEN, WHO_GUEST, "on"),
                     STEP_REFUSE);
    guest_is_in(&bench);
    assert_int_equal(bench_do_code(&bench, CONSULTATION_EVENT_SCREEN, WHO_PATIENT, "on"),
                     STEP_REFUSE);
    assert_int_equal(bench_do_code(&bench, CONSULTATION_EVENT_SCREEN, WHO_GUEST, "on"), STEP_GO);
    assert_non_null(bench_record(&bench, AUDIT_ACT_MEDIA_SCREEN));
    assert_true(bench_has_effect(&bench, EFFECT_GATES, -1));
    assert_true(consultation_gate_open(&bench.now, GUEST, 0, GATE_SCREEN));
    assert_false(consultation_gate_open(&bench.now, 1, 0, GATE_SCREEN));
    assert_int_equal(bench_do_code(&bench, CONSULTATION_EVENT_SCREEN, WHO_PHYSICIAN, "on"),
                     STEP_REFUSE);
    assert_int_equal(bench.result.refusal, STEP_REFUSAL_SCREEN_TAKEN);
    assert_int_equal(bench_do_code(&bench, CONSULTATION_EVENT_HOLD, WHO_PHYSICIAN, "newcomer"),
                     STEP_GO);
    assert_false(consultation_gate_open(&bench.now, GUEST, 0, GATE_SCREEN));
    assert_int_equal(bench_do(&bench, CONSULTATION_EVENT_CONTINUE, WHO_PHYSICIAN), STEP_GO);
    assert_true(consultation_gate_open(&bench.now, GUEST, 0, GATE_SCREEN));
    assert_int_equal(bench_do_seat(&bench, CONSULTATION_EVENT_ENDPOINT_LOST, WHO_SYSTEM, GUEST),
                     STEP_GO);
    assert_false(guest_seat(&bench)->sharing);
    assert_int_equal(bench_do_code(&bench, CONSULTATION_EVENT_SCREEN, WHO_PHYSICIAN, "on"),
                     STEP_GO);
    bench_done(&bench);
}

/* A camera or a monitor is held and let in like everybody, and does nothing else. */
static void a_device_only_sits(void **state)
{
    struct bench bench;
    (void)state;
    bench_init(&bench);
    bench_reach(&bench, CONSULTATION_STATE_CONSULT);
    struct step_input input = bench_input(&bench, CONSULTATION_EVENT_INVITE, WHO_PHYSICIAN);
    input.guest_role = ROLE_DEVICE;
    assert_int_equal(bench_step(&bench, &input), STEP_GO);
    struct actor device = bench_actor(WHO_GUEST);
    device.role = ROLE_DEVICE;
    input = bench_input(&bench, CONSULTATION_EVENT_SEAT_TAKE, WHO_GUEST);
    input.actor = device;
    assert_int_equal(bench_step(&bench, &input), STEP_GO);
    assert_int_equal(guest_seat(&bench)->status, SEAT_WAITING);
    assert_false(hears(&bench, GUEST, 0) || hears(&bench, 1, GUEST));
    for (int event = 0; event < CONSULTATION_EVENT_COUNT; event++)
        assert_int_equal(consultation_event_allowed((enum consultation_event)event, ROLE_DEVICE),
                         event == CONSULTATION_EVENT_SEAT_TAKE ||
                             event == CONSULTATION_EVENT_SEAT_LEAVE);
    assert_int_equal(
        seat_code(&bench, CONSULTATION_EVENT_SEAT_CONSENT, WHO_PATIENT, GUEST, "given"), STEP_GO);
    assert_int_equal(bench_do_seat(&bench, CONSULTATION_EVENT_SEAT_ADMIT, WHO_PHYSICIAN, GUEST),
                     STEP_GO);
    assert_true(hears(&bench, GUEST, 0) && hears(&bench, 1, GUEST));
    input = bench_input(&bench, CONSULTATION_EVENT_SEAT_LEAVE, WHO_GUEST);
    input.actor = device;
    input.seat = GUEST;
    assert_int_equal(bench_step(&bench, &input), STEP_GO);
    assert_int_equal(bench.now.state, CONSULTATION_STATE_CONSULT); /* nobody waits for a device */
    assert_false(consultation_may_have_endpoint(&bench.now, GUEST));
    bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(held_until_patient_and_physician_agree),
        cmocka_unit_test(consent_taken_back_holds_the_guest_again),
        cmocka_unit_test(a_lost_guest_stops_nothing_and_comes_back_within_the_grace_time),
        cmocka_unit_test(a_removed_guest_has_no_way_back_and_frees_the_seat),
        cmocka_unit_test(a_link_is_no_staff_role_and_one_browser_holds_it),
        cmocka_unit_test(help_in_an_emergency_waits_for_no_answer),
        cmocka_unit_test(a_device_only_sits),
        cmocka_unit_test(one_screen_at_a_time_and_only_of_somebody_present),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
