/* The ladder on made-up lines: down at once, up late, no to and fro on an edge, picture on trial, redundancy in its budget. */
#include "tests/unit/media_core/support.h"

#include "gateway/base/clock.h"
#include "media/feedback/ladder.h"

static struct link_state line(uint32_t estimate_bps, uint16_t loss_permille)
{
    return (struct link_state){.estimate_known = true,
                               .loss_known = true,
                               .estimate_bps = estimate_bps,
                               .loss_permille = loss_permille};
}

struct climb {
    struct ladder ladder;
    int64_t now_us;
    uint32_t changes;
};

static struct climb climb_new(void)
{
    struct climb climb = {.now_us = US_PER_S};
    ladder_init(&climb.ladder);
    return climb;
}

/* Feedback ten times a second; as much is sent as the line carries, but no more than `sent_max_bps`. */
static void run(struct climb *climb, const struct link_state *link, uint32_t sent_max_bps,
                int64_t for_us)
{
    uint32_t sent = link->estimate_bps < sent_max_bps ? link->estimate_bps : sent_max_bps;
    for (int64_t end_us = climb->now_us + for_us; climb->now_us < end_us;
         climb->now_us += US_PER_S / 10)
        climb->changes += ladder_update(&climb->ladder, link, sent, climb->now_us);
}

static void unknown_changes_nothing(void **state)
{
    (void)state;
    struct climb climb = climb_new();
    struct link_state link = {.estimate_bps = 0, .loss_permille = 900};
    run(&climb, &link, 0, 30 * US_PER_S);
    assert_int_equal(climb.ladder.rung, MEDIA_RUNG_FULL);
    assert_int_equal(climb.changes, 0);
}

static void down_with_the_first_feedback(void **state)
{
    (void)state;
    static const struct {
        uint32_t estimate_bps;
        enum media_rung rung;
    } CASES[] = {
        {520000, MEDIA_RUNG_FULL},  {500000, MEDIA_RUNG_MEDIUM}, {172000, MEDIA_RUNG_MEDIUM},
        {165000, MEDIA_RUNG_SMALL}, {69000, MEDIA_RUNG_SMALL},   {60000, MEDIA_RUNG_SOUND},
        {26000, MEDIA_RUNG_SOUND},  {25000, MEDIA_RUNG_FAINT},   {0, MEDIA_RUNG_FAINT}};
    for (size_t i = 0; i < ARRAY_LENGTH(CASES); i++) {
        struct climb climb = climb_new();
        struct link_state link = line(CASES[i].estimate_bps, 0);
        bool changed = ladder_update(&climb.ladder, &link, 0, climb.now_us);
        assert_int_equal(climb.ladder.rung, CASES[i].rung);
        assert_int_equal(changed, CASES[i].rung != MEDIA_RUNG_FULL);
    }
}

static void up_after_five_clean_seconds(void **state)
{
    (void)state;
    struct climb climb = climb_new();
    struct link_state narrow = line(150000, 0), edge = line(225000, 0), wide = line(2000000, 0);
    run(&climb, &narrow, 150000, US_PER_S);
    assert_int_equal(climb.ladder.rung, MEDIA_RUNG_SMALL);
    run(&climb, &edge, 200000, 60 * US_PER_S); /* above the edge, not 15 % above it */
    assert_int_equal(climb.ladder.rung, MEDIA_RUNG_SMALL);
    run(&climb, &wide, 200000, 4900 * US_PER_MS);
    assert_int_equal(climb.ladder.rung, MEDIA_RUNG_SMALL);
    run(&climb, &wide, 200000, 200 * US_PER_MS);
    assert_int_equal(climb.ladder.rung, MEDIA_RUNG_FULL);
    /* a full queue is no clean line */
    climb = climb_new();
    wide.queue_us = 500 * US_PER_MS;
    run(&climb, &narrow, 150000, US_PER_S);
    run(&climb, &wide, 200000, 30 * US_PER_S);
    assert_int_equal(climb.ladder.rung, MEDIA_RUNG_SMALL);
}

/* An estimate that wanders 14 % to both sides of an edge, as long as it likes. */
static void no_to_and_fro_on_an_edge(void **state)
{
    (void)state;
    static const uint32_t EDGES[] = {30000, 80000, 200000, 600000};
    struct chance chance = {.state = test_seed(11)};
    for (size_t i = 0; i < ARRAY_LENGTH(EDGES); i++) {
        struct climb climb = climb_new();
        for (int step = 0; step < 5000; step++) {
            struct link_state link = line(EDGES[i] * (86 + chance_below(&chance, 29)) / 100, 0);
            run(&climb, &link, EDGES[i], US_PER_S / 10);
        }
        assert_in_range(climb.changes, 0, 1); /* the way down from the top */
    }
}

/* Whatever the line does: never two ups within five seconds, and never above what the line carried. */
static void no_climb_faster_than_allowed(void **state)
{
    (void)state;
    struct chance chance = {.state = test_seed(12)};
    for (int round = 0; round < 50; round++) {
        struct climb climb = climb_new();
        int64_t up_us = 0, down_us = 0;
        for (int step = 0; step < 2000; step++) {
            struct link_state link = line(10000 + chance_below(&chance, 900000), 0);
            enum media_rung before = climb.ladder.rung;
            climb.now_us += US_PER_S / 10;
            ladder_update(&climb.ladder, &link, 2000000, climb.now_us);
            if (climb.ladder.rung > before) {
                assert_true(climb.now_us - up_us >= 5 * US_PER_S);
                assert_true(climb.now_us - down_us >= 5 * US_PER_S);
                up_us = climb.now_us;
            } else if (climb.ladder.rung < before) {
                down_us = climb.now_us;
            }
        }
    }
}

/* Sound alone keeps the estimate near what sound needs: the picture comes back on trial. */
static void picture_comes_back_on_trial(void **state)
{
    (void)state;
    struct climb climb = climb_new();
    struct link_state dip = line(40000, 0), held_down = line(52000, 0), wide = line(900000, 0);
    run(&climb, &dip, 34000, 30 * US_PER_S);
    assert_int_equal(climb.ladder.rung, MEDIA_RUNG_SOUND); /* no room: no trial */
    run(&climb, &held_down, 34000, 5200 * US_PER_MS);
    assert_int_equal(climb.ladder.rung, MEDIA_RUNG_SMALL);
    run(&climb, &held_down, 52000, 2 * US_PER_S); /* it may take a while to grow */
    assert_int_equal(climb.ladder.rung, MEDIA_RUNG_SMALL);
    run(&climb, &wide, 150000, 6 * US_PER_S);
    assert_int_equal(climb.ladder.rung, MEDIA_RUNG_FULL);
}

static void failed_trials_become_rare(void **state)
{
    (void)state;
    struct climb climb = climb_new();
    uint32_t trials = 0;
    struct link_state link = line(52000, 0);
    run(&climb, &link, 34000, US_PER_S);
    for (int step = 0; step < 6000;
         step++) { /* ten minutes of a line that looks roomy and is not */
        enum media_rung before = climb.ladder.rung;
        link.queue_us = before == MEDIA_RUNG_SMALL ? 400 * US_PER_MS : 0;
        run(&climb, &link, 34000, US_PER_S / 10);
        trials += climb.ladder.rung == MEDIA_RUNG_SMALL && before != MEDIA_RUNG_SMALL;
    }
    printf("%u trials in ten minutes\n", trials);
    assert_in_range(trials, 3, 14);
    assert_int_equal(climb.ladder.rung, MEDIA_RUNG_SOUND);
}

static void faintest_rung_is_left_without_a_trial(void **state)
{
    (void)state;
    struct climb climb = climb_new();
    struct link_state link = line(12000, 0), held_down = line(31000, 0);
    run(&climb, &link, 12000, US_PER_S);
    assert_int_equal(climb.ladder.rung, MEDIA_RUNG_FAINT);
    run(&climb, &held_down, 21000, 5200 * US_PER_MS);
    assert_int_equal(climb.ladder.rung, MEDIA_RUNG_SOUND);
}

static void redundancy_comes_with_loss_and_goes_late(void **state)
{
    (void)state;
    struct climb climb = climb_new();
    struct ladder_sound sound = {.payload_bps = 24000, .packets_per_s = 50};
    struct link_state link = line(2000000, 50);
    run(&climb, &link, 100000, US_PER_S);
    assert_false(climb.ladder.lossy);
    assert_int_equal(ladder_redundancy(&climb.ladder, &link, &sound), 0);
    link.loss_permille = 60;
    assert_true(ladder_update(&climb.ladder, &link, 0, climb.now_us));
    assert_int_equal(ladder_redundancy(&climb.ladder, &link, &sound), 1);
    link.loss_permille = 200;
    assert_int_equal(ladder_redundancy(&climb.ladder, &link, &sound), 2);
    link.loss_permille = 30; /* between the two limits: as it is */
    run(&climb, &link, 100000, 60 * US_PER_S);
    assert_true(climb.ladder.lossy);
    link.loss_permille = 10;
    run(&climb, &link, 100000, 9 * US_PER_S);
    assert_true(climb.ladder.lossy);
    run(&climb, &link, 100000, 1200 * US_PER_MS);
    assert_false(climb.ladder.lossy);
    assert_int_equal(climb.ladder.rung, MEDIA_RUNG_FULL);
}

/* 40 kbit/s with 20 % loss: long frames of little sound leave room for one repetition, and the wish asks for them. */
static void redundancy_fits_the_line(void **state)
{
    (void)state;
    struct climb climb = climb_new();
    struct link_state link = line(40000, 200);
    struct ladder_sound as_browsers_begin = {.payload_bps = 32000, .packets_per_s = 50};
    struct ladder_sound as_asked = {.payload_bps = 12000, .packets_per_s = 17};
    run(&climb, &link, 40000, US_PER_S);
    assert_int_equal(climb.ladder.rung, MEDIA_RUNG_SOUND);
    assert_int_equal(ladder_redundancy(&climb.ladder, &link, &as_browsers_begin), 0);
    struct ladder_sound_wish wish = ladder_sound_wish(&climb.ladder);
    assert_int_equal(wish.bitrate_bps, 12000);
    assert_int_equal(wish.frame_ms, 60);
    assert_int_equal(ladder_redundancy(&climb.ladder, &link, &as_asked), 1);
    /* loss alone has pressed the estimate down: one repetition of the smallest sound goes all the same */
    link.estimate_bps = 20000;
    run(&climb, &link, 20000, US_PER_S);
    assert_int_equal(climb.ladder.rung, MEDIA_RUNG_FAINT);
    assert_int_equal(ladder_redundancy(&climb.ladder, &link, &as_asked), 1);
    link.loss_permille = 60;
    assert_int_equal(ladder_redundancy(&climb.ladder, &link, &as_asked), 0);
    /* with a picture beside it sound takes a share, not all */
    struct climb small = climb_new();
    struct link_state lossy = line(120000, 200);
    run(&small, &lossy, 120000, US_PER_S);
    assert_int_equal(small.ladder.rung, MEDIA_RUNG_SMALL);
    assert_int_equal(ladder_redundancy(&small.ladder, &lossy, &as_browsers_begin), 0);
    wish = ladder_sound_wish(&small.ladder);
    assert_int_equal(wish.frame_ms, 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_changes_nothing),
        cmocka_unit_test(down_with_the_first_feedback),
        cmocka_unit_test(up_after_five_clean_seconds),
        cmocka_unit_test(no_to_and_fro_on_an_edge),
        cmocka_unit_test(no_climb_faster_than_allowed),
        cmocka_unit_test(picture_comes_back_on_trial),
        cmocka_unit_test(failed_trials_become_rare),
        cmocka_unit_test(faintest_rung_is_left_without_a_trial),
        cmocka_unit_test(redundancy_comes_with_loss_and_goes_late),
        cmocka_unit_test(redundancy_fits_the_line),
    };
    return cmocka_run_group_tests_name("ladder", tests, NULL, NULL);
}
