/* What each browser is asked to send, from what everybody's line carries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/base/clock.h"
#include "gateway/control/line.h"

static struct line line_at(enum media_rung rung, uint32_t sound_bps, uint8_t frame_ms)
{
    struct media_event event = {
        .kind = MEDIA_EVENT_LADDER,
        .ladder = {.rung = rung, .sound_bps = sound_bps, .sound_frame_ms = frame_ms}};
    struct line line;
    line_init(&line);
    line_ladder(&line, &event);
    return line;
}

static void free_where_nothing_is_narrow(void **state)
{
    (void)state;
    struct line own = line_at(MEDIA_RUNG_FULL, 0, 0), other = own;
    const struct line *receivers[] = {&other};
    for (unsigned count = 0; count <= 1; count++) {
        struct sending sending = line_sending(&own, receivers, count);
        assert_true(sending.picture);
        assert_int_equal(sending.lines, 0);
        assert_int_equal(sending.frames_per_second, 0);
        assert_int_equal(sending.picture_bps, 0);
        assert_int_equal(sending.sound.bitrate_bps, 0);
        assert_int_equal(sending.sound.frame_ms, 0);
        assert_false(sending.sound.redundant);
    }
}

static void one_receiver_decides(void **state)
{
    (void)state;
    struct line own = line_at(MEDIA_RUNG_FULL, 0, 0);
    struct line small = line_at(MEDIA_RUNG_SMALL, 0, 0),
                sound = line_at(MEDIA_RUNG_SOUND, 16000, 60);
    const struct line *receivers[] = {&small};
    struct sending sending = line_sending(&own, receivers, 1);
    assert_true(sending.picture);
    assert_int_equal(sending.lines, 180);
    assert_in_range(sending.frames_per_second, 1, 10);
    assert_in_range(sending.picture_bps, 60000, 200000);
    receivers[0] = &sound;
    sending = line_sending(&own, receivers, 1);
    assert_false(sending.picture);
    assert_int_equal(sending.sound.bitrate_bps, 16000);
    assert_int_equal(sending.sound.frame_ms, 60);
}

/* The others of a call do not suffer from one weak line: the relay pauses that one alone. */
static void best_of_several_receivers_decides(void **state)
{
    (void)state;
    struct line own = line_at(MEDIA_RUNG_FULL, 0, 0);
    struct line faint = line_at(MEDIA_RUNG_FAINT, 12000, 60), full = line_at(MEDIA_RUNG_FULL, 0, 0);
    const struct line *receivers[] = {&faint, &full, &faint};
    struct sending sending = line_sending(&own, receivers, 3);
    assert_true(sending.picture);
    assert_int_equal(sending.lines, 0);
    assert_int_equal(sending.sound.frame_ms, 0);
    assert_int_equal(sending.sound.bitrate_bps, 0);
}

/* Who gets little is taken to be able to send little, but stays visible. */
static void own_narrow_line_makes_small(void **state)
{
    (void)state;
    struct line own = line_at(MEDIA_RUNG_FAINT, 12000, 60), other = line_at(MEDIA_RUNG_FULL, 0, 0);
    const struct line *receivers[] = {&other};
    struct sending sending = line_sending(&own, receivers, 1);
    assert_true(sending.picture);
    assert_int_equal(sending.lines, 180);
    assert_int_equal(sending.sound.bitrate_bps, 12000);
    assert_int_equal(sending.sound.frame_ms, 60);
    other = line_at(MEDIA_RUNG_SOUND, 16000, 60);
    sending = line_sending(&own, receivers, 1);
    assert_false(sending.picture);
    assert_int_equal(sending.sound.bitrate_bps, 12000);
    /* Unless what he sends gets lost: then his voice comes first. */
    other = line_at(MEDIA_RUNG_FULL, 0, 0);
    line_uplink(&own, 150, US_PER_S);
    assert_false(line_sending(&own, receivers, 1).picture);
    own.rung = MEDIA_RUNG_SMALL;
    assert_true(line_sending(&own, receivers, 1).picture);
}

static void redundancy_up_has_hysteresis(void **state)
{
    (void)state;
    struct line own, other;
    const struct line *receivers[] = {&other};
    int64_t now_us = US_PER_S;
    line_init(&own);
    line_init(&other);
    line_uplink(&own, 100, now_us);
    assert_false(line_sending(&own, receivers, 1).sound.redundant);
    line_uplink(&own, 120, now_us);
    assert_true(line_sending(&own, receivers, 1).sound.redundant);
    for (int i = 0; i < 100; i++) /* neither clean nor bad: as it is */
        line_uplink(&own, 50, now_us += 5 * US_PER_S);
    assert_true(own.uplink_lossy);
    line_uplink(&own, 0, now_us += 5 * US_PER_S);
    line_uplink(&own, 0, now_us += 25 * US_PER_S);
    assert_true(own.uplink_lossy);
    line_uplink(&own, 30, now_us += US_PER_S); /* begins anew */
    line_uplink(&own, 0, now_us += 5 * US_PER_S);
    line_uplink(&own, 0, now_us += 29 * US_PER_S);
    assert_true(own.uplink_lossy);
    line_uplink(&own, 0, now_us += 2 * US_PER_S);
    assert_false(own.uplink_lossy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(free_where_nothing_is_narrow),
        cmocka_unit_test(one_receiver_decides),
        cmocka_unit_test(best_of_several_receivers_decides),
        cmocka_unit_test(own_narrow_line_makes_small),
        cmocka_unit_test(redundancy_up_has_hysteresis),
    };
    return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
