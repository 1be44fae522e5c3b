/* Promises P1 and P3 at the wire: people who wait send real SRTP and nobody gets any of it; a removed patient's last packet
 * reaches the physician at most 200 ms after the removal was answered, and nothing the removed browser holds works again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/load/clinic.h"

#define REMOVALS         20
#define WAITING_S        4.0
#define REMOVED_LIMIT_NS 200000000ll
#define READY_LIMIT_S    30.0

static const char *gateway;

struct seen {
    struct wire_counts patient, physician;
};

static void look(struct clinic *clinic, const struct pair *pair, struct seen *ret_seen)
{
    wire_counts(clinic_wire(clinic), pair->patient_peer, &ret_seen->patient);
    wire_counts(clinic_wire(clinic), pair->physician_peer, &ret_seen->physician);
}

static int set_up(void **state)
{
    struct clinic_options options = {.gateway = gateway, .pairs_max = REMOVALS};
    *state = clinic_open(&options);
    return *state != NULL && clinic_add(*state) ? 0 : 1;
}

static int tear_down(void **state)
{
    clinic_close(*state);
    return 0;
}

/* ---- P1 ---------------------------------------------------------------------------------------------------------- */

static void test_nothing_leaves_the_waiting_room(void **state)
{
    struct clinic *clinic = *state;
    struct seen seen;
    assert_true(clinic_wait(clinic, clinic_all_ready, READY_LIMIT_S));
    int64_t gated = clinic_metric(clinic, "media_drop_gate");
    assert_true(clinic_wait(clinic, NULL, WAITING_S));
    look(clinic, clinic_pair(clinic, 0), &seen);

    assert_true(seen.patient.connected && seen.physician.connected);
    /* 160 a second each; half of it shows that sound and picture were really sent */
    assert_true(seen.patient.sent > 80 * WAITING_S && seen.physician.sent > 80 * WAITING_S);
    assert_int_equal(seen.patient.rtp, 0);
    assert_int_equal(seen.physician.rtp, 0);
    assert_int_equal(clinic_metric(clinic, "media_forwarded"), 0);
    assert_int_equal(clinic_metric(clinic, "media_routes_open"), 0);
    assert_int_equal(clinic_metric(clinic, "media_drop_auth"),
                     0); /* it was held by the gate, not by a wrong key */
    int64_t held = clinic_metric(clinic, "media_drop_gate") - gated;
    assert_true(held > 2 * 80 * WAITING_S);
    printf("waiting: %llu and %llu packets sent, 0 and 0 RTP datagrams received (RTCP %llu and "
           "%llu), %lld held by the gate\n",
           (unsigned long long)seen.patient.sent, (unsigned long long)seen.physician.sent,
           (unsigned long long)seen.patient.rtcp, (unsigned long long)seen.physician.rtcp,
           (long long)held);
}

static void test_admission_opens_both_ways(void **state)
{
    struct clinic *clinic = *state;
    struct pair *pair = clinic_pair(clinic, 0);
    struct seen seen;
    pair_admit(pair);
    assert_true(clinic_wait(clinic, clinic_all_admitted, READY_LIMIT_S));
    assert_true(clinic_wait(clinic, NULL, 2.0));
    look(clinic, pair, &seen);
    assert_true(seen.patient.good > 160 && seen.patient.good_video > 100 &&
                seen.patient.good > seen.patient.good_video);
    assert_true(seen.physician.good > 160 && seen.physician.good_video > 100 &&
                seen.physician.good > seen.physician.good_video);
    assert_int_equal(seen.patient.strange + seen.patient.damaged + seen.physician.strange +
                         seen.physician.damaged,
                     0);
    assert_true(clinic_metric(clinic, "media_forwarded") >=
                (int64_t)(seen.patient.good + seen.physician.good));
    /* nothing that was sent before is delivered afterwards */
    assert_true(seen.patient.oldest_ns > pair->admit_ns);
    assert_true(seen.physician.oldest_ns > pair->admit_ns);
}

/* ---- P3 ---------------------------------------------------------------------------------------------------------- */

static bool all_removals_answered(struct clinic *clinic)
{
    for (unsigned i = 0; i < clinic_pairs(clinic); i++)
        if (clinic_pair(clinic, i)->remove_ref != 0 && clinic_pair(clinic, i)->removed_ns == 0)
            return false;
    return true;
}

static void check_removed(struct clinic *clinic, struct pair *pair, int64_t *max_done_ns,
                          int64_t *max_act_ns)
{
    struct seen before, after, later;
    look(clinic, pair, &before);
    pair_remove(pair);
    /* it flowed until now: else a last packet of long ago would prove nothing */
    assert_true(pair->remove_ns - before.physician.last_rtp_ns < REMOVED_LIMIT_NS / 2);
    assert_true(clinic_wait(clinic, all_removals_answered, 10.0));
    assert_true(clinic_wait(clinic, NULL, 0.4));
    look(clinic, pair, &after);
    const struct wire_counts *sides[] = {&after.physician, &after.patient};
    for (int i = 0; i < 2; i++) {
        int64_t done_ns = sides[i]->last_rtp_ns - pair->removed_ns,
                act_ns = sides[i]->last_rtp_ns - pair->remove_ns;
        *max_done_ns = done_ns > *max_done_ns ? done_ns : *max_done_ns;
        *max_act_ns = act_ns > *max_act_ns ? act_ns : *max_act_ns;
        assert_true(done_ns <= REMOVED_LIMIT_NS);
    }
    assert_true(clinic_wait(clinic, NULL, 0.3));
    look(clinic, pair, &later);
    assert_true(later.patient.sent > after.patient.sent + 20); /* it goes on sending … */
    assert_int_equal(later.physician.rtp, after.physician.rtp);
    assert_int_equal(later.patient.rtp, after.patient.rtp);
}

static void test_removal_is_felt_at_the_wire(void **state)
{
    struct clinic *clinic = *state;
    int64_t max_done_ns = INT64_MIN, max_act_ns = INT64_MIN;
    while (clinic_pairs(clinic) < REMOVALS)
        assert_true(clinic_add(clinic));
    for (unsigned i = 1; i < REMOVALS; i++) {
        for (int k = 0; k < 300 && !clinic_pair(clinic, i)->both_connected; k++)
            assert_true(clinic_wait(clinic, NULL, 0.1));
        pair_admit(clinic_pair(clinic, i));
    }
    assert_true(clinic_wait(clinic, clinic_all_admitted, READY_LIMIT_S));
    assert_true(clinic_wait(clinic, NULL, 1.0));
    for (unsigned i = 0; i < REMOVALS; i++)
        check_removed(clinic, clinic_pair(clinic, i), &max_done_ns, &max_act_ns);
    printf("%d removals: last RTP at either wire at most %.2f ms after the answer, %.2f ms after "
           "the act was sent\n",
           REMOVALS, (double)max_done_ns / 1e6, (double)max_act_ns / 1e6);
}

static void test_what_the_removed_browser_holds_is_void(void **state)
{
    struct clinic *clinic = *state;
    struct pair *pair = clinic_pair(clinic, 0);
    struct seen before, after;
    unsigned welcomes = pair->welcomes;
    assert_string_equal(pair->goodbye, "removed");

    /* transport: checks go unanswered, SRTP goes nowhere */
    look(clinic, pair, &before);
    assert_true(clinic_wait(clinic, NULL, 2.5));
    look(clinic, pair, &after);
    assert_true(after.patient.checks_sent > before.patient.checks_sent);
    assert_int_equal(after.patient.checks_answered, before.patient.checks_answered);
    assert_true(after.patient.sent > before.patient.sent + 200);
    assert_int_equal(after.physician.rtp, before.physician.rtp);

    /* session: the resume token and the ticket it came with */
    const char *const keys[][2] = {{"resume", pair->resume}, {"ticket", pair->ticket}};
    for (int i = 0; i < 2; i++) {
        pair->error[0] = pair->goodbye[0] = 0;
        assert_true(person_open(pair->patient, json_pack("{s:s}", keys[i][0], keys[i][1])));
        for (int k = 0; k < 50 && pair->error[0] == 0 && pair->goodbye[0] == 0; k++)
            assert_true(clinic_wait(clinic, NULL, 0.1));
        printf("old %s: error \"%s\", goodbye \"%s\"\n", keys[i][0], pair->error, pair->goodbye);
        assert_true(pair->error[0] != 0 || pair->goodbye[0] != 0);
        assert_int_equal(pair->welcomes, welcomes);
    }
}

/* The link is still the patient's: back in the waiting room, with new keys, and again behind the gate. */
static void test_coming_back_is_waiting_again(void **state)
{
    struct clinic *clinic = *state;
    struct pair *pair = clinic_pair(clinic, 0);
    struct seen before, after;
    unsigned welcomes = pair->welcomes;
    look(clinic, pair, &before);
    pair->both_connected = false;
    assert_true(person_connect(pair->patient, "patient"));
    for (int k = 0; k < 50 && pair->welcomes == welcomes; k++)
        assert_true(clinic_wait(clinic, NULL, 0.1));
    assert_int_equal(pair->welcomes, welcomes + 1);
    person_send(pair->patient,
                json_pack("{s:s,s:s}", "type", "join", "consultation", pair->consultation));
    for (int k = 0; k < 100 && !pair->both_connected; k++)
        assert_true(clinic_wait(clinic, NULL, 0.1));
    assert_true(pair->both_connected);
    assert_string_equal(pair->state, "lobby");
    assert_true(clinic_wait(clinic, NULL, 2.0));
    look(clinic, pair, &after);
    assert_true(after.patient.connected && after.patient.sent > 160);
    assert_int_equal(after.patient.rtp, 0);
    assert_int_equal(after.physician.rtp, before.physician.rtp);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_leaves_the_waiting_room),
        cmocka_unit_test(test_admission_opens_both_ways),
        cmocka_unit_test(test_removal_is_felt_at_the_wire),
        cmocka_unit_test(test_what_the_removed_browser_holds_is_void),
        cmocka_unit_test(test_coming_back_is_waiting_again),
    };
    if (argc != 2) {
        fprintf(stderr, "usage: test_waiting_room PATH/tsunagi\n");
        return 4;
    }
    gateway = argv[1];
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
