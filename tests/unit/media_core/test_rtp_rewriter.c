/* The rewriter: one continuous stream whatever the source does; what is sent can be found again, what was held cannot. */
#include "tests/unit/media_core/support.h"

#include "media/rtp/rtp_rewriter.h"

#define MS 1000ll

static struct rtp_rewriter *rewriter_of(uint32_t clock_hz, uint32_t map, uint64_t random)
{
    struct rtp_rewriter *rewriter = NULL;
    assert_result(RESULT_OK, rtp_rewriter_new(clock_hz, map, random, &rewriter));
    return rewriter;
}

static struct rtp_source source_of(int64_t sequence, uint32_t timestamp, bool keyframe)
{
    return (struct rtp_source){.sequence = sequence,
                               .timestamp = timestamp,
                               .packet = {.generation = (uint32_t)sequence, .place = 1},
                               .keyframe = keyframe};
}

static struct rtp_place must_map(struct rtp_rewriter *rewriter, int64_t sequence,
                                 uint32_t timestamp, int64_t now_us)
{
    struct rtp_source source = source_of(sequence, timestamp, false);
    struct rtp_place place;
    assert_result(RESULT_OK, rtp_rewriter_map(rewriter, &source, now_us, &place));
    return place;
}

static enum result map(struct rtp_rewriter *rewriter, int64_t sequence, uint32_t timestamp,
                       bool keyframe, struct rtp_place *ret_place)
{
    struct rtp_source source = source_of(sequence, timestamp, keyframe);
    return rtp_rewriter_map(rewriter, &source, 1000, ret_place);
}

static void first_number_is_well_away_from_the_edges(void **state)
{
    (void)state;
    struct chance chance = {test_seed(41)};
    uint16_t lowest = 0xffff, highest = 0;
    for (int i = 0; i < 2000; i++) {
        struct rtp_rewriter *rewriter = rewriter_of(90000, 0, chance_next(&chance));
        rtp_rewriter_start(rewriter, false);
        struct rtp_place place = must_map(rewriter, 70000, 5, 1);
        assert_in_range(place.sequence, 0x1000, 0x6fff);
        lowest = place.sequence < lowest ? place.sequence : lowest;
        highest = place.sequence > highest ? place.sequence : highest;
        rtp_rewriter_free(rewriter);
    }
    assert_true(highest - lowest > 0x5000); /* random, not one number */
    struct rtp_rewriter *rewriter = NULL;
    assert_result(RESULT_INVALID, rtp_rewriter_new(0, 512, 1, &rewriter));
    assert_result(RESULT_INVALID, rtp_rewriter_new(90000, 500, 1, &rewriter));
    assert_result(RESULT_INVALID, rtp_rewriter_new(90000, 8192, 1, &rewriter));
    assert_null(rewriter);
}

static void nothing_maps_before_the_gate(void **state)
{
    (void)state;
    struct rtp_rewriter *rewriter = rewriter_of(90000, 512, 7);
    struct rtp_place place;
    assert_result(RESULT_AGAIN, map(rewriter, 100, 1, true, &place));
    assert_false(rtp_rewriter_wants_keyframe(rewriter));
    rtp_rewriter_restart(rewriter, true); /* neither of these opens it */
    rtp_rewriter_switch(rewriter, true);
    assert_result(RESULT_AGAIN, map(rewriter, 101, 1, true, &place));
    rtp_rewriter_start(rewriter, true);
    assert_true(rtp_rewriter_wants_keyframe(rewriter));
    assert_result(RESULT_AGAIN, map(rewriter, 102, 1, false, &place));
    assert_result(RESULT_OK, map(rewriter, 103, 1, true, &place));
    assert_false(rtp_rewriter_wants_keyframe(rewriter));
    uint16_t number = place.sequence;
    assert_non_null(rtp_rewriter_sent(rewriter, number));
    assert_result(RESULT_STALE,
                  map(rewriter, 102, 1, false, &place)); /* came before the gate opened */
    assert_null(rtp_rewriter_sent(rewriter, (uint16_t)(number - 1)));
    rtp_rewriter_start(rewriter, true); /* open already: changes nothing */
    assert_result(RESULT_OK, map(rewriter, 104, 1, false, &place));
    rtp_rewriter_hold(rewriter);
    assert_result(RESULT_AGAIN, map(rewriter, 105, 1, true, &place));
    assert_null(rtp_rewriter_sent(rewriter, number)); /* no NACK reaches behind a closed gate */
    uint32_t timestamp;
    assert_false(rtp_rewriter_timestamp(rewriter, 1, &timestamp));
    rtp_rewriter_free(rewriter);
}

static void a_held_stream_goes_on_without_a_jump(void **state)
{
    (void)state;
    struct rtp_rewriter *rewriter = rewriter_of(90000, 512, 99);
    rtp_rewriter_start(rewriter, false);
    struct rtp_place before = must_map(rewriter, 70000, 1000, 10 * MS);
    rtp_rewriter_hold(rewriter);
    rtp_rewriter_start(rewriter, false);
    /* 20 s later the source has gone on for 5000 packets; its clock still fits, so it is kept exactly. */
    uint32_t later = 1000 + 20 * 90000;
    struct rtp_place after = must_map(rewriter, 75000, later, 20010 * MS + 7 * MS);
    assert_int_equal((uint16_t)(after.sequence - before.sequence), 1);
    assert_int_equal(after.timestamp - before.timestamp, 20 * 90000);
    rtp_rewriter_free(rewriter);
}

static void a_new_source_goes_on_by_the_time_that_passed(void **state)
{
    (void)state;
    struct rtp_rewriter *rewriter = rewriter_of(48000, 512, 3);
    rtp_rewriter_start(rewriter, false);
    struct rtp_place before = must_map(rewriter, 70000, 4000000000u, 10 * MS);
    rtp_rewriter_restart(rewriter, false);
    struct rtp_place after = must_map(rewriter, 200123, 17, 50 * MS);
    assert_int_equal((uint16_t)(after.sequence - before.sequence), 1);
    assert_int_equal(after.timestamp - before.timestamp, 40 * 48);
    assert_non_null(rtp_rewriter_sent(rewriter, before.sequence)); /* same ring: still known */
    rtp_rewriter_switch(rewriter, false);
    assert_null(rtp_rewriter_sent(rewriter, before.sequence)); /* another ring: not */
    struct rtp_place other =
        must_map(rewriter, 9, 3000000000u, 50 * MS); /* same instant: still ahead */
    assert_int_equal((uint16_t)(other.sequence - after.sequence), 1);
    assert_int_equal(other.timestamp - after.timestamp, 1);
    uint32_t timestamp;
    assert_true(rtp_rewriter_timestamp(rewriter, 3000000100u, &timestamp));
    assert_int_equal(timestamp, other.timestamp + 100);
    rtp_rewriter_free(rewriter);
}

/* A source whose clock seems to fit but is behind: the outgoing one does not go back. */
static void the_outgoing_clock_never_goes_back(void **state)
{
    (void)state;
    struct rtp_rewriter *rewriter = rewriter_of(90000, 512, 3);
    rtp_rewriter_start(rewriter, false);
    struct rtp_place before = must_map(rewriter, 1000, 500000, 10 * MS);
    rtp_rewriter_restart(rewriter, false);
    struct rtp_place after =
        must_map(rewriter, 5000, 500000 - 90000, 20 * MS); /* one second behind */
    assert_int_equal(after.timestamp - before.timestamp, 900);
    rtp_rewriter_free(rewriter);
}

/* What is too late for the replay windows on the way is not sent at all. */
static void very_late_packets_are_not_sent(void **state)
{
    (void)state;
    struct rtp_rewriter *rewriter = rewriter_of(90000, 512, 3);
    struct rtp_place place;
    rtp_rewriter_start(rewriter, false);
    must_map(rewriter, 1000, 1, 1);
    for (int64_t sequence = 1003; sequence < 1600; sequence++)
        must_map(rewriter, sequence, 1, 1);
    assert_result(RESULT_STALE, map(rewriter, 1001, 1, false, &place));
    rtp_rewriter_free(rewriter);
}

static void losses_stay_visible_and_repairs_find_their_place(void **state)
{
    (void)state;
    struct rtp_rewriter *rewriter = rewriter_of(90000, 512, 1);
    struct rtp_place place;
    rtp_rewriter_start(rewriter, false);
    uint16_t first = must_map(rewriter, 1000, 5, 1).sequence;
    assert_int_equal(must_map(rewriter, 1003, 6, 2).sequence, first + 3);
    assert_null(rtp_rewriter_sent(rewriter, (uint16_t)(first + 1)));
    assert_int_equal(must_map(rewriter, 1001, 5, 3).sequence, first + 1); /* the repair */
    assert_non_null(rtp_rewriter_sent(rewriter, (uint16_t)(first + 1)));
    assert_result(RESULT_EXISTS, map(rewriter, 1001, 5, false, &place));
    assert_result(RESULT_STALE, map(rewriter, 999, 5, false, &place)); /* before the first */
    /* A hole nobody can fill becomes one missing number. */
    assert_int_equal(must_map(rewriter, 3000, 7, 4).sequence, first + 5);
    assert_result(RESULT_STALE, map(rewriter, 2999, 5, false, &place));
    assert_int_equal(must_map(rewriter, 3001, 7, 5).sequence, first + 6);
    /* 256 lost is still a hole that is passed on. */
    assert_int_equal(must_map(rewriter, 3001 + 257, 8, 6).sequence, first + 6 + 257);
    rtp_rewriter_free(rewriter);
}

static void packets_without_a_copy_cannot_be_repeated(void **state)
{
    (void)state;
    struct rtp_rewriter *rewriter = rewriter_of(90000, 512, 1);
    struct rtp_source source = {.sequence = 5000, .timestamp = 1};
    struct rtp_place place;
    rtp_rewriter_start(rewriter, false);
    assert_result(RESULT_OK, rtp_rewriter_map(rewriter, &source, 1, &place));
    assert_null(rtp_rewriter_sent(rewriter, place.sequence));
    rtp_rewriter_free(rewriter);
    rewriter = rewriter_of(48000, 0, 1); /* audio keeps no map at all */
    rtp_rewriter_start(rewriter, false);
    place = must_map(rewriter, 1, 1, 1);
    assert_null(rtp_rewriter_sent(rewriter, place.sequence));
    rtp_rewriter_free(rewriter);
}

struct walk {
    struct rtp_rewriter *rewriter;
    int64_t source, out_highest,
        out_line; /* out_line: what the model says source maps to, as a difference */
    uint32_t timestamp;
    int64_t now_us;
    bool fresh; /* an anchor is due */
};

/* One step of the source; the model says where it must come out. */
static void walk_step(struct walk *walk, struct chance *chance)
{
    uint32_t action = chance_below(chance, 1000);
    walk->now_us += 1 + chance_below(chance, 40000);
    if (action < 5) {
        rtp_rewriter_hold(walk->rewriter);
        walk->now_us += chance_below(chance, 60000000);
        rtp_rewriter_start(walk->rewriter, false);
        walk->source += chance_below(chance, 5000);
        walk->fresh = true;
    } else if (action < 10) {
        rtp_rewriter_restart(walk->rewriter, false);
        walk->source += 0x20000;
        walk->timestamp = (uint32_t)chance_next(chance);
        walk->fresh = true;
    } else if (action < 15) {
        rtp_rewriter_switch(walk->rewriter, false);
        walk->source = 0x10000 + chance_below(chance, 100000);
        walk->timestamp = (uint32_t)chance_next(chance);
        walk->fresh = true;
    }
    walk->source += 1 + (chance_percent(chance, 10) ? chance_below(chance, 20) : 0);
    walk->timestamp += 3000;
    struct rtp_place place = must_map(walk->rewriter, walk->source, walk->timestamp, walk->now_us);
    if (walk->fresh) {
        walk->out_line = walk->out_highest + 1 - walk->source;
        walk->fresh = false;
    }
    int64_t expected = walk->source + walk->out_line;
    assert_int_equal(place.sequence, (uint16_t)expected);
    walk->out_highest = expected;
    struct rtp_sent *sent = rtp_rewriter_sent(walk->rewriter, place.sequence);
    assert_non_null(sent);
    assert_int_equal(sent->packet.generation, (uint32_t)walk->source);
    assert_int_equal(sent->place.timestamp, place.timestamp);
}

/* Over many wraps of the outgoing number: continuous over holds, restarts and switches, timestamps never backwards. */
static void random_sources_come_out_continuous(void **state)
{
    (void)state;
    struct chance chance = {test_seed(42)};
    struct rtp_rewriter *rewriter = rewriter_of(90000, 512, chance_next(&chance));
    struct walk walk = {.rewriter = rewriter, .source = 0x10000, .now_us = 1};
    rtp_rewriter_start(rewriter, false);
    walk.out_highest = must_map(rewriter, walk.source, 0, 1).sequence;
    walk.out_line = walk.out_highest - walk.source;
    uint32_t last = 0;
    for (int step = 0; step < 300000; step++) {
        bool was_fresh = walk.fresh;
        walk_step(&walk, &chance);
        uint32_t now = rtp_rewriter_sent(rewriter, (uint16_t)walk.out_highest)->place.timestamp;
        if (step > 0 && !was_fresh)
            assert_true((int32_t)(now - last) > 0);
        last = now;
    }
    assert_true(walk.out_highest > 5 * 0x10000);
    rtp_rewriter_free(rewriter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_number_is_well_away_from_the_edges),
        cmocka_unit_test(nothing_maps_before_the_gate),
        cmocka_unit_test(a_held_stream_goes_on_without_a_jump),
        cmocka_unit_test(a_new_source_goes_on_by_the_time_that_passed),
        cmocka_unit_test(the_outgoing_clock_never_goes_back),
        cmocka_unit_test(very_late_packets_are_not_sent),
        cmocka_unit_test(losses_stay_visible_and_repairs_find_their_place),
        cmocka_unit_test(packets_without_a_copy_cannot_be_repeated),
        cmocka_unit_test(random_sources_come_out_continuous),
    };
    return cmocka_run_group_tests_name("rtp_rewriter", tests, NULL, NULL);
}
