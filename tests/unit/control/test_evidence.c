/* What is seen of the four tracks becomes facts, gaps and events: one story a test, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/control/evidence.h"

#define S 1000000ll

static const struct practice_parameters PRACTICE = {.gap_warn_us = 5 * S, .gap_pause_us = 15 * S};

static uint32_t look(struct evidence *evidence, int64_t now_us, struct evidence_finding *findings)
{
    memset(findings, 0xff, sizeof(*findings) * EVIDENCE_FINDINGS_MAX);
    return evidence_findings(evidence, &PRACTICE, now_us, findings);
}

/* How often `kind` was found for a track between two times, looking twice a second. */
static uint32_t count(struct evidence *evidence, int64_t from_us, int64_t to_us,
                      enum evidence_kind kind, enum track track)
{
    struct evidence_finding findings[EVIDENCE_FINDINGS_MAX];
    uint32_t found = 0;
    for (int64_t now_us = from_us; now_us <= to_us; now_us += S / 2) {
        uint32_t told = look(evidence, now_us, findings);
        assert_true(told <= EVIDENCE_FINDINGS_MAX);
        for (uint32_t i = 0; i < told; i++)
            found += findings[i].kind == kind && findings[i].track == track;
    }
    return found;
}

static void all_arrive(struct evidence *evidence, int64_t now_us)
{
    for (int track = 0; track < EVIDENCE_TRACKS; track++)
        evidence_flow(evidence, (enum track)track, true, now_us, 0);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(track_fact(TRACK_PATIENT_AUDIO), "a_up");
    assert_string_equal(track_fact(TRACK_PATIENT_VIDEO), "v_up");
    assert_string_equal(track_fact(TRACK_PHYSICIAN_AUDIO), "a_down");
    assert_string_equal(track_fact(TRACK_PHYSICIAN_VIDEO), "v_down");
    for (int track = 0; track < EVIDENCE_TRACKS; track++)
        assert_int_equal(track_is_video((enum track)track),
                         strstr(track_name((enum track)track), "video") != NULL);
}

static void nothing_before_the_gate(void **state)
{
    struct evidence evidence = {0};
    struct evidence_finding findings[EVIDENCE_FINDINGS_MAX];
    (void)state;
    all_arrive(&evidence, 1 * S);
    assert_int_equal(look(&evidence, 100 * S, findings), 0);
}

static void live_after_three_seconds(void **state)
{
    struct evidence evidence = {0};
    struct evidence_finding findings[EVIDENCE_FINDINGS_MAX];
    (void)state;
    evidence_watch(&evidence, true, 10 * S);
    all_arrive(&evidence, 11 * S);
    assert_int_equal(look(&evidence, 14 * S - 1, findings), 0);
    assert_int_equal(look(&evidence, 14 * S, findings), EVIDENCE_TRACKS);
    for (int track = 0; track < EVIDENCE_TRACKS; track++) {
        assert_int_equal(findings[track].kind, EVIDENCE_LIVE);
        assert_int_equal(findings[track].track, track);
    }
    assert_int_equal(look(&evidence, 15 * S, findings), 0); /* told once */
}

/* What arrived while the gates were closed does not count: the three seconds begin with the gate. */
static void arrival_before_the_gate_does_not_count(void **state)
{
    struct evidence evidence = {0};
    struct evidence_finding findings[EVIDENCE_FINDINGS_MAX];
    (void)state;
    all_arrive(&evidence, 1 * S);
    evidence_watch(&evidence, true, 60 * S);
    assert_int_equal(look(&evidence, 62 * S, findings), 0);
    assert_int_equal(look(&evidence, 63 * S, findings), EVIDENCE_TRACKS);
}

static void never_arriving_is_known_false_then_lost(void **state)
{
    struct evidence evidence = {0};
    (void)state;
    evidence_watch(&evidence, true, 0);
    struct evidence copy = evidence;
    assert_int_equal(count(&copy, 0, 5 * S, EVIDENCE_STOPPED, TRACK_PATIENT_VIDEO), 0);
    assert_int_equal(count(&evidence, 0, 60 * S, EVIDENCE_STOPPED, TRACK_PATIENT_VIDEO), 1);
    copy = (struct evidence){0};
    evidence_watch(&copy, true, 0);
    assert_int_equal(count(&copy, 0, 15 * S, EVIDENCE_LOST, TRACK_PATIENT_VIDEO), 0);
    assert_int_equal(count(&copy, 15 * S + S / 2, 60 * S, EVIDENCE_LOST, TRACK_PATIENT_VIDEO), 1);
}

static void watched_and_live(struct evidence *evidence)
{
    struct evidence_finding findings[EVIDENCE_FINDINGS_MAX];
    *evidence = (struct evidence){0};
    evidence_watch(evidence, true, 0);
    all_arrive(evidence, 0);
    assert_int_equal(look(evidence, 3 * S, findings), EVIDENCE_TRACKS);
}

/* P7: gaps up to gap_warn change nothing and need no click. */
static void short_gap_is_nothing(void **state)
{
    struct evidence evidence;
    struct evidence_finding findings[EVIDENCE_FINDINGS_MAX];
    (void)state;
    watched_and_live(&evidence);
    evidence_flow(&evidence, TRACK_PATIENT_VIDEO, false, 10 * S, S / 2);
    assert_int_equal(evidence_gap_us(&evidence, TRACK_PATIENT_VIDEO, 10 * S), S / 2);
    assert_int_equal(look(&evidence, 14 * S, findings), 0);
    evidence_flow(&evidence, TRACK_PATIENT_VIDEO, true, 14 * S, 4 * S + S / 2);
    assert_int_equal(evidence_gap_us(&evidence, TRACK_PATIENT_VIDEO, 14 * S), 0);
    assert_int_equal(count(&evidence, 14 * S, 30 * S, EVIDENCE_GAP, TRACK_PATIENT_VIDEO), 0);
}

static void long_gap_is_told_lost_recorded_and_back(void **state)
{
    struct evidence evidence;
    struct evidence_finding findings[EVIDENCE_FINDINGS_MAX];
    (void)state;
    watched_and_live(&evidence);
    evidence_flow(&evidence, TRACK_PHYSICIAN_AUDIO, false, 20 * S, 0);
    assert_int_equal(look(&evidence, 25 * S + 1, findings), 1);
    assert_int_equal(findings[0].kind, EVIDENCE_STOPPED);
    assert_int_equal(findings[0].length_us, 5 * S + 1);
    assert_int_equal(look(&evidence, 35 * S + 1, findings), 1);
    assert_int_equal(findings[0].kind, EVIDENCE_LOST);
    evidence_flow(&evidence, TRACK_PHYSICIAN_AUDIO, true, 40 * S, 20 * S);
    assert_int_equal(look(&evidence, 40 * S, findings), 1);
    assert_int_equal(findings[0].kind, EVIDENCE_GAP);
    assert_int_equal(findings[0].length_us, 20 * S);
    assert_int_equal(look(&evidence, 43 * S, findings), 2);
    assert_int_equal(findings[0].kind, EVIDENCE_LIVE);
    assert_int_equal(findings[1].kind, EVIDENCE_BACK);
    assert_int_equal(look(&evidence, 44 * S, findings), 0);
}

/* The endpoint dies and another one takes its place, which knows of no gap: the record does. */
static void gap_over_a_new_endpoint_is_recorded(void **state)
{
    struct evidence evidence;
    struct evidence_finding findings[EVIDENCE_FINDINGS_MAX];
    (void)state;
    watched_and_live(&evidence);
    evidence_endpoint_lost(&evidence, true, 50 * S);
    assert_int_equal(evidence_gap_us(&evidence, TRACK_PATIENT_AUDIO, 57 * S), 7 * S);
    assert_int_equal(evidence_gap_us(&evidence, TRACK_PHYSICIAN_AUDIO, 57 * S), 0);
    assert_int_equal(look(&evidence, 57 * S, findings), 2); /* both of the patient's stopped */
    evidence_flow(&evidence, TRACK_PATIENT_AUDIO, true, 58 * S, 0);
    evidence_flow(&evidence, TRACK_PATIENT_VIDEO, true, 58 * S, 0);
    assert_int_equal(look(&evidence, 58 * S, findings), 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(findings[i].kind, EVIDENCE_GAP);
        assert_int_equal(findings[i].length_us, 8 * S);
    }
}

static void a_second_watch_begins_anew(void **state)
{
    struct evidence evidence;
    struct evidence_finding findings[EVIDENCE_FINDINGS_MAX];
    (void)state;
    watched_and_live(&evidence);
    evidence_watch(&evidence, false, 10 * S);
    assert_int_equal(look(&evidence, 20 * S, findings), 0);
    evidence_watch(&evidence, true, 30 * S);
    assert_int_equal(look(&evidence, 32 * S, findings), 0);
    assert_int_equal(look(&evidence, 33 * S, findings), EVIDENCE_TRACKS);
    evidence_watch(&evidence, true, 34 * S); /* no change: nothing is told again */
    assert_int_equal(look(&evidence, 40 * S, findings), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(nothing_before_the_gate),
        cmocka_unit_test(live_after_three_seconds),
        cmocka_unit_test(arrival_before_the_gate_does_not_count),
        cmocka_unit_test(never_arriving_is_known_false_then_lost),
        cmocka_unit_test(short_gap_is_nothing),
        cmocka_unit_test(long_gap_is_told_lost_recorded_and_back),
        cmocka_unit_test(gap_over_a_new_endpoint_is_recorded),
        cmocka_unit_test(a_second_watch_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
