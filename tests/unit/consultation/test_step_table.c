/* Every state × event cell, as a table of its own, written from safe-practice rules §4.2 and not from the code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/consultation_bench.h"

/* One letter a state, in the order of the list: booked lobby ident consult Paused Reconnecting Emergency Closing |
 * closed_clean closed_tasks converted abandoned. Rules are all met, the actor is entitled, PAUSED and RECONNECTING
 * have the patient's endpoint lost since just now.
 *   g go   i ignore   w wrong_state   o over   e emergency_runs   p patient_not_here
 *   n not_connected   x not_examined   s no_seat   a not_available */
static const struct {
    enum consultation_event event;
    const char *cells;
} EXPECTED[] = {
    {CONSULTATION_EVENT_ENTER, "giiiiiii"
                               "oooo"},
    {CONSULTATION_EVENT_CANCEL, "ggwwwwew"
                                "oooo"},
    {CONSULTATION_EVENT_NO_SHOW, "ggiiiiii"
                                 "iiii"},
    {CONSULTATION_EVENT_ADMIT, "pgiwwwew"
                               "oooo"},
    {CONSULTATION_EVENT_START, "wwgiwwew"
                               "oooo"},
    {CONSULTATION_EVENT_DEFER, "wigwwwew"
                               "oooo"},
    {CONSULTATION_EVENT_CONVERT, "wwgwwwew"
                                 "oooo"},
    {CONSULTATION_EVENT_HOLD, "wwggigew"
                              "oooo"},
    {CONSULTATION_EVENT_CONTINUE, "wwiinwew"
                                  "oooo"},
    {CONSULTATION_EVENT_ENDPOINT_LOST, "iiggiigg"
                                       "iiii"},
    {CONSULTATION_EVENT_ENDPOINT_BACK, "iiiiggii"
                                       "iiii"},
    {CONSULTATION_EVENT_CONFIRM_SAME, "wwiiwniw"
                                      "oooo"},
    {CONSULTATION_EVENT_GRACE_OVER, "iiiiiiii"
                                    "iiii"}, /* not yet over */
    {CONSULTATION_EVENT_TELEPHONE, "wwwgwgew"
                                   "oooo"},
    {CONSULTATION_EVENT_FINISH, "wwwgwxei"
                                "oooo"}, /* the physician did not attest */
    {CONSULTATION_EVENT_EMERGENCY, "ggggggig"
                                   "oooo"},
    {CONSULTATION_EVENT_EMERGENCY_OVER, "wwwwwwgi"
                                        "oooo"},
    {CONSULTATION_EVENT_CLOSE, "wwwwwweg"
                               "iooo"},
    {CONSULTATION_EVENT_CLOSE_LIMIT, "wwwwwweg"
                                     "oioo"},
    {CONSULTATION_EVENT_WITHDRAW, "gggggggg"
                                  "oooo"},
    {CONSULTATION_EVENT_UNSUITABLE, "wwggggew"
                                    "oooo"},
    {CONSULTATION_EVENT_PICTURE_LOST, "iigggggg"
                                      "iiii"},
    {CONSULTATION_EVENT_PICTURE_BACK, "iiiiiiii"
                                      "iiii"}, /* nothing is lost */
    {CONSULTATION_EVENT_SOUND_LOST, "iigggggg"
                                    "iiii"},
    {CONSULTATION_EVENT_SOUND_BACK, "iiiiiiii"
                                    "iiii"},
    {CONSULTATION_EVENT_WAIT, "wwiiwgii"
                              "oooo"},
    {CONSULTATION_EVENT_FACT, "gggggggg"
                              "oooo"},
    {CONSULTATION_EVENT_ACKNOWLEDGE, "gggggggg"
                                     "oooo"},
    {CONSULTATION_EVENT_SEAT_TAKE, "giiiggii"
                                   "oooo"},
    {CONSULTATION_EVENT_SEAT_AWAY, "igiiiiii"
                                   "iiii"},
    {CONSULTATION_EVENT_SEAT_LEAVE, "igggiigg"
                                    "iiii"},
    {CONSULTATION_EVENT_REMOVE, "sgggggeg"
                                "oooo"},
    {CONSULTATION_EVENT_SECOND_DEVICE, "gggggggg"
                                       "iiii"},
    {CONSULTATION_EVENT_MOVE_SEAT, "aaaaaaaa"
                                   "oooo"}, /* no second device */
    {CONSULTATION_EVENT_INVITE, "gggggggw"
                                "oooo"},
    {CONSULTATION_EVENT_SEAT_CONSENT, "wwssssss"
                                      "oooo"}, /* no guest; with one: test_guests */
    {CONSULTATION_EVENT_SEAT_ADMIT, "wwssswsw"
                                    "oooo"},
    {CONSULTATION_EVENT_SCREEN, "wwgggggg"
                                "oooo"},
};

static char letter_of(const struct step_result *result)
{
    static const char letters[STEP_REFUSAL_COUNT] = {
        [STEP_REFUSAL_WRONG_STATE] = 'w',    [STEP_REFUSAL_OVER] = 'o',
        [STEP_REFUSAL_EMERGENCY_RUNS] = 'e', [STEP_REFUSAL_PATIENT_NOT_HERE] = 'p',
        [STEP_REFUSAL_NOT_CONNECTED] = 'n',  [STEP_REFUSAL_NOT_EXAMINED] = 'x',
        [STEP_REFUSAL_NO_SEAT] = 's',        [STEP_REFUSAL_NOT_AVAILABLE] = 'a',
    };
    if (result->verdict == STEP_GO)
        return 'g';
    if (result->verdict == STEP_IGNORE)
        return 'i';
    return letters[result->refusal] != 0 ? letters[result->refusal] : '?';
}

/* The actor a cell is tried with: who the event is for. */
static enum who sender_of(enum consultation_event event)
{
    return event == CONSULTATION_EVENT_ACKNOWLEDGE ? WHO_PHYSICIAN : bench_allowed(event);
}

static void every_cell_is_as_the_catalogue_says(void **unused)
{
    (void)unused;
    struct bench bench;
    unsigned cells = 0, wrong = 0;
    assert_int_equal(sizeof(EXPECTED) / sizeof(EXPECTED[0]), CONSULTATION_EVENT_COUNT);
    bench_init(&bench);
    for (int event = 0; event < CONSULTATION_EVENT_COUNT; event++) {
        assert_int_equal(EXPECTED[event].event, event);
        assert_int_equal(strlen(EXPECTED[event].cells), CONSULTATION_STATE_COUNT);
        for (int state = 0; state < CONSULTATION_STATE_COUNT; state++, cells++) {
            bench_reach(&bench, (enum consultation_state)state);
            bench.now_us += BENCH_S;
            bench_do(&bench, (enum consultation_event)event,
                     sender_of((enum consultation_event)event));
            char got = letter_of(&bench.result);
            if (got == EXPECTED[event].cells[state])
                continue;
            wrong++;
            print_message("%s in %s: wanted %c, got %c (%s)\n",
                          consultation_event_name((enum consultation_event)event),
                          consultation_state_name((enum consultation_state)state),
                          EXPECTED[event].cells[state], got,
                          step_refusal_name(bench.result.refusal));
        }
    }
    bench_done(&bench);
    print_message("cells: %u\n", cells);
    assert_int_equal(wrong, 0);
}

/* Roles that may send each event, from §4.2 and the actor rules of the catalogue. */
static bool role_expected(enum consultation_event event, enum role role)
{
    bool patient = role == ROLE_PATIENT || role == ROLE_PROXY;
    bool physician = role == ROLE_PHYSICIAN, clerk = role == ROLE_CLERK;
    bool seated = patient || physician || clerk || role == ROLE_NURSE;
    switch (event) {
    case CONSULTATION_EVENT_ENTER:
    case CONSULTATION_EVENT_WITHDRAW:
        return patient;
    case CONSULTATION_EVENT_SEAT_CONSENT:
        return patient;
    case CONSULTATION_EVENT_INVITE:
        return physician || clerk || role == ROLE_ADMINISTRATOR;
    case CONSULTATION_EVENT_SCREEN:
        return physician || role == ROLE_SPECIALIST;
    case CONSULTATION_EVENT_CANCEL:
        return patient || physician || clerk || role == ROLE_ADMINISTRATOR;
    case CONSULTATION_EVENT_ADMIT:
    case CONSULTATION_EVENT_REMOVE:
    case CONSULTATION_EVENT_MOVE_SEAT:
        return physician || clerk;
    case CONSULTATION_EVENT_EMERGENCY: /* a device has no button */
        return seated || (role_is_guest(role) && role != ROLE_DEVICE);
    case CONSULTATION_EVENT_SEAT_TAKE:
        return seated || role_is_guest(role);
    case CONSULTATION_EVENT_SEAT_LEAVE:
        return seated || role_is_guest(role) || role == ROLE_SYSTEM;
    case CONSULTATION_EVENT_FACT:
        return seated || role == ROLE_ADMINISTRATOR || role == ROLE_SYSTEM;
    case CONSULTATION_EVENT_ACKNOWLEDGE:
        return seated || role == ROLE_ADMINISTRATOR;
    case CONSULTATION_EVENT_HOLD:
    case CONSULTATION_EVENT_CLOSE_LIMIT:
        return physician || role == ROLE_SYSTEM;
    case CONSULTATION_EVENT_NO_SHOW:
    case CONSULTATION_EVENT_ENDPOINT_LOST:
    case CONSULTATION_EVENT_ENDPOINT_BACK:
    case CONSULTATION_EVENT_GRACE_OVER:
    case CONSULTATION_EVENT_PICTURE_LOST:
    case CONSULTATION_EVENT_PICTURE_BACK:
    case CONSULTATION_EVENT_SOUND_LOST:
    case CONSULTATION_EVENT_SOUND_BACK:
    case CONSULTATION_EVENT_SEAT_AWAY:
    case CONSULTATION_EVENT_SECOND_DEVICE:
        return role == ROLE_SYSTEM;
    default:
        return physician;
    }
}

static bool from_gateway_alone(enum consultation_event event)
{
    for (int role = ROLE_PATIENT; role < ROLE_SYSTEM; role++)
        if (role_expected(event, (enum role)role))
            return false;
    return true;
}

static void roles_are_as_the_catalogue_says(void **unused)
{
    (void)unused;
    for (int event = 0; event < CONSULTATION_EVENT_COUNT; event++)
        for (int role = 0; role < ROLE_COUNT; role++)
            if (consultation_event_allowed((enum consultation_event)event, (enum role)role) !=
                role_expected((enum consultation_event)event, (enum role)role))
                fail_msg("%s by %s", consultation_event_name((enum consultation_event)event),
                         role_name((enum role)role));
    assert_false(consultation_event_allowed(CONSULTATION_EVENT_COUNT, ROLE_PHYSICIAN));
    assert_false(consultation_event_allowed(CONSULTATION_EVENT_ADMIT, ROLE_COUNT));
}

/* Whoever is not entitled changes nothing in any state, and is told so before anything else. */
static void the_wrong_person_is_refused_in_every_cell(void **unused)
{
    (void)unused;
    struct bench bench;
    bench_init(&bench);
    for (int state = 0; state < CONSULTATION_STATE_COUNT; state++) {
        bench_reach(&bench, (enum consultation_state)state);
        for (int event = 0; event < CONSULTATION_EVENT_COUNT; event++)
            for (enum who who = WHO_PATIENT; who < WHO_COUNT; who++) {
                bool entitled = who <= WHO_SYSTEM && role_expected((enum consultation_event)event,
                                                                   bench_actor(who).role);
                if (entitled || from_gateway_alone((enum consultation_event)event))
                    continue;
                assert_int_equal(bench_do(&bench, (enum consultation_event)event, who),
                                 STEP_REFUSE);
                assert_int_equal(bench.result.refusal, STEP_REFUSAL_WRONG_ROLE);
                assert_int_equal(bench.result.effect_count + bench.result.record_count, 0);
            }
    }
    bench_done(&bench);
}

static void refusals_have_names(void **unused)
{
    (void)unused;
    for (int i = 0; i < STEP_REFUSAL_COUNT; i++)
        assert_string_not_equal(step_refusal_name((enum step_refusal)i), "");
    assert_string_equal(step_refusal_name(STEP_REFUSAL_OTHER_PATIENT), "other_patient");
    assert_string_equal(step_refusal_name(STEP_REFUSAL_COUNT), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_is_as_the_catalogue_says),
        cmocka_unit_test(roles_are_as_the_catalogue_says),
        cmocka_unit_test(the_wrong_person_is_refused_in_every_cell),
        cmocka_unit_test(refusals_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
