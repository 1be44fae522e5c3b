/* The sending side: repeats within their bounds, sender reports, keyframe requests. */
#include "tests/unit/media_core/support.h"

#include "gateway/base/clock.h"
#include "media/feedback/keyframe_request.h"
#include "media/feedback/rtcp_write.h"
#include "media/feedback/retransmitter.h"
#include "media/feedback/sender_report.h"

#define MS US_PER_MS

static struct rtp_rewriter *sending_rewriter(uint16_t count, uint16_t *ret_first)
{
    struct rtp_rewriter *rewriter = NULL;
    assert_result(RESULT_OK, rtp_rewriter_new(90000, 512, 5, &rewriter));
    rtp_rewriter_start(rewriter, false);
    for (uint16_t i = 0; i < count; i++) {
        struct rtp_source source = {
            .sequence = 70000 + i, .timestamp = i * 90u, .packet = {.generation = i + 1u}};
        struct rtp_place place;
        assert_result(RESULT_OK, rtp_rewriter_map(rewriter, &source, i * MS, &place));
        if (i == 0)
            *ret_first = place.sequence;
    }
    return rewriter;
}

static void a_packet_is_repeated_once_per_rtt(void **state)
{
    (void)state;
    struct retransmitter repeats;
    uint16_t first = 0, number = 0, start = 0;
    struct rtp_sent sent;
    struct rtp_rewriter *rewriter = sending_rewriter(600, &first);
    retransmitter_init(&repeats, 77);
    retransmitter_count(&repeats, 1000000, 1000 * MS);
    uint16_t wanted = (uint16_t)(first + 590);
    assert_result(RESULT_OK, retransmitter_take(&repeats, rewriter, wanted, 80 * MS, 1000 * MS,
                                                &sent, &start));
    assert_in_range(start, 0x1000, 0x6fff);
    assert_int_equal(sent.packet.generation, 591);
    assert_int_equal(sent.place.sequence, wanted);
    assert_result(RESULT_AGAIN, retransmitter_take(&repeats, rewriter, wanted, 80 * MS, 1079 * MS,
                                                   &sent, &number));
    assert_result(RESULT_OK, retransmitter_take(&repeats, rewriter, wanted, 80 * MS, 1080 * MS,
                                                &sent, &number));
    assert_int_equal((uint16_t)(number - start), 1);
    assert_result(RESULT_AGAIN,
                  retransmitter_take(&repeats, rewriter, wanted, 0, 1179 * MS, &sent, &number));
    assert_result(RESULT_NOT_FOUND, retransmitter_take(&repeats, rewriter, (uint16_t)(first + 600),
                                                       0, 1080 * MS, &sent, &number));
    assert_result(RESULT_NOT_FOUND, retransmitter_take(&repeats, rewriter, (uint16_t)(first + 20),
                                                       0, 1080 * MS, &sent, &number));
    rtp_rewriter_free(rewriter);
}

/* A flood of requests: the repeats stay below the share of what was sent, in any window. */
static void repeats_keep_below_their_share(void **state)
{
    (void)state;
    struct retransmitter repeats;
    uint16_t first = 0, number;
    struct rtp_sent sent;
    retransmitter_init(&repeats, 1);
    uint64_t sent_bytes = 0, repeat_bytes = 0, refused = 0;
    for (int second = 1; second <= 20; second++) {
        struct rtp_rewriter *rewriter = sending_rewriter(500, &first);
        for (uint16_t i = 0; i < 500; i++) {
            int64_t now_us = second * US_PER_S + i * 2 * MS;
            retransmitter_count(&repeats, 1200, now_us);
            sent_bytes += 1200;
            enum result result = retransmitter_take(&repeats, rewriter, (uint16_t)(first + i),
                                                    20 * MS, now_us, &sent, &number);
            if (result_ok(result)) {
                retransmitter_sent(&repeats, 1200);
                repeat_bytes += 1200;
            } else {
                assert_result(RESULT_TOO_MANY, result);
                refused++;
            }
        }
        rtp_rewriter_free(rewriter);
        assert_true(repeat_bytes <=
                    sent_bytes * RETRANSMIT_SHARE_PERCENT / 100 + RETRANSMIT_FLOOR_BYTES);
    }
    assert_true(repeat_bytes > sent_bytes * 13 / 100); /* and use it */
    assert_true(refused > 0);
    /* After a pause a slow stream still gets its few. */
    struct rtp_rewriter *rewriter = sending_rewriter(500, &first);
    int given = 0;
    for (uint16_t i = 0; i < 50; i++) {
        if (result_ok(retransmitter_take(&repeats, rewriter, (uint16_t)(first + i), 0,
                                         60 * US_PER_S, &sent, &number))) {
            retransmitter_sent(&repeats, 1200);
            given++;
        }
    }
    assert_int_equal(given, RETRANSMIT_FLOOR_BYTES / 1200);
    rtp_rewriter_free(rewriter);
}

static void the_publishers_clock_pair_is_passed_on(void **state)
{
    (void)state;
    struct sender_report report;
    struct rtp_rewriter *rewriter = NULL;
    const struct rtcp_sender_info publisher = {
        .ntp = 0xe1234567aabbccddull, .rtp_timestamp = 1000000, .packets = 9, .bytes = 10};
    struct rtcp_sender_info info;
    sender_report_init(&report);
    assert_result(RESULT_OK, rtp_rewriter_new(90000, 0, 0x1234567800000000ull, &rewriter));
    assert_false(
        sender_report_translate(&report, rewriter, &publisher, 1, &info)); /* nothing is flowing */
    rtp_rewriter_start(rewriter, false);
    struct rtp_source source = {.sequence = 1, .timestamp = 1000900};
    struct rtp_place place;
    assert_result(RESULT_OK, rtp_rewriter_map(rewriter, &source, 5, &place));
    sender_report_count(&report, 500);
    sender_report_count(&report, 700);
    assert_true(sender_report_translate(&report, rewriter, &publisher, 1000 * MS, &info));
    assert_true(info.ntp == publisher.ntp);
    assert_int_equal(place.timestamp - info.rtp_timestamp, 900); /* the line is only moved */
    assert_int_equal(info.packets, 2);
    assert_int_equal(info.bytes, 1200);
    rtp_rewriter_free(rewriter);
}

static void rtt_comes_from_our_own_time(void **state)
{
    (void)state;
    struct sender_report report;
    struct rtp_rewriter *rewriter = NULL;
    struct rtcp_sender_info info;
    sender_report_init(&report);
    uint16_t first;
    rewriter = sending_rewriter(1, &first);
    for (uint64_t i = 1; i <= 20; i++) {
        const struct rtcp_sender_info publisher = {.ntp = i << 40};
        assert_true(
            sender_report_translate(&report, rewriter, &publisher, (int64_t)i * US_PER_S, &info));
    }
    struct rtcp_report_block block = {
        .fraction_lost = 64, .jitter = 7, .last_sr = 20u << 24, .delay_since_sr = 65536 / 2};
    sender_report_answered(&report, &block, 20 * US_PER_S + 500 * MS + 80 * MS);
    assert_int_equal(report.rtt_us, 80 * MS);
    assert_int_equal(report.loss_permille, 250);
    assert_int_equal(report.jitter, 7);
    sender_report_answered(&report, &block, 20 * US_PER_S + 500 * MS + 160 * MS);
    assert_int_equal(report.rtt_us, 90 * MS); /* smoothed */
    block.last_sr = 10u << 24;                /* forgotten by now */
    sender_report_answered(&report, &block, 20 * US_PER_S + 700 * MS);
    block.last_sr = 0;
    sender_report_answered(&report, &block, 20 * US_PER_S + 700 * MS);
    block.last_sr = 20u << 24;
    block.delay_since_sr = 0xffffffff; /* a lie */
    sender_report_answered(&report, &block, 20 * US_PER_S + 700 * MS);
    block.delay_since_sr = 0;
    sender_report_answered(&report, &block, 40 * US_PER_S);
    assert_int_equal(report.rtt_us, 90 * MS);
    block.delay_since_sr = 65536 / 2 + 40; /* answered at once, and the peer rounds up */
    report.rtt_us = 0;
    sender_report_answered(&report, &block, 20 * US_PER_S + 500 * MS);
    assert_int_equal(report.rtt_us, 1);
    rtp_rewriter_free(rewriter);
}

static void keyframes_are_asked_for_together_and_until_seen(void **state)
{
    (void)state;
    struct keyframe_request request;
    keyframe_request_init(&request);
    assert_false(keyframe_request_take(&request, 0, 5));
    assert_true(keyframe_request_due_us(&request, 0) == INT64_MAX);
    int asked = 0;
    for (int64_t now_us = 10 * US_PER_S; now_us < 13 * US_PER_S;
         now_us += MS) { /* a storm of wishes */
        keyframe_request_want(&request);
        asked += keyframe_request_take(&request, 0, now_us);
    }
    assert_int_equal(asked, 6);
    for (int64_t now_us = 13 * US_PER_S; now_us < 15 * US_PER_S;
         now_us += MS) /* no more wishes, none seen: again */
        asked += keyframe_request_take(&request, 0, now_us);
    assert_int_equal(asked, 10);
    keyframe_request_packet(&request, true, 90, 1000, 15 * US_PER_S);
    assert_false(keyframe_request_take(&request, 0, 20 * US_PER_S));
    keyframe_request_want(&request);
    assert_true(keyframe_request_take(&request, 0, 20 * US_PER_S));
}

/* 30 kB of keyframe at 1 Mbit/s: 0.24 s of it, so the next one after 2.4 s. */
static void a_keyframe_is_paid_for_before_the_next(void **state)
{
    (void)state;
    const uint32_t bitrate_bps = 1000000;
    struct keyframe_request request;
    keyframe_request_init(&request);
    keyframe_request_packet(&request, true, 1000, 1000, 5 * US_PER_S); /* unasked: costs nothing */
    keyframe_request_want(&request);
    assert_true(keyframe_request_take(&request, bitrate_bps, 5 * US_PER_S));
    keyframe_request_packet(&request, false, 1000, 1000, 6 * US_PER_S); /* still the old one */
    assert_false(keyframe_request_take(&request, bitrate_bps, 5 * US_PER_S + 499 * MS));
    assert_true(keyframe_request_take(&request, bitrate_bps, 5 * US_PER_S + 500 * MS)); /* lost? */
    for (int i = 0; i < 30; i++)
        keyframe_request_packet(&request, i == 0, 4000, 1000, 6 * US_PER_S + i * MS);
    keyframe_request_packet(&request, false, 7000, 50000, 6 * US_PER_S + 30 * MS); /* a delta */
    keyframe_request_want(&request);
    assert_true(keyframe_request_due_us(&request, bitrate_bps) == 8 * US_PER_S + 400 * MS);
    assert_true(keyframe_request_due_us(&request, 100000) == 10 * US_PER_S);  /* 4 s at the most */
    assert_true(keyframe_request_due_us(&request, 20000000) == 7 * US_PER_S); /* 1 s at the least */
    assert_true(keyframe_request_due_us(&request, 0) == 7 * US_PER_S);
    assert_false(keyframe_request_take(&request, bitrate_bps, 8 * US_PER_S + 399 * MS));
    assert_true(keyframe_request_take(&request, bitrate_bps, 8 * US_PER_S + 400 * MS));
    for (int i = 0; i < 30; i++)
        keyframe_request_packet(&request, i == 0, 10000, 1000, 9 * US_PER_S);
    keyframe_request_want_first(&request); /* somebody has no picture at all */
    assert_true(keyframe_request_take(&request, bitrate_bps, 9 * US_PER_S));
    keyframe_request_want_first(&request);
    assert_false(keyframe_request_take(&request, bitrate_bps, 9 * US_PER_S + 499 * MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packet_is_repeated_once_per_rtt),
        cmocka_unit_test(repeats_keep_below_their_share),
        cmocka_unit_test(the_publishers_clock_pair_is_passed_on),
        cmocka_unit_test(rtt_comes_from_our_own_time),
        cmocka_unit_test(keyframes_are_asked_for_together_and_until_seen),
        cmocka_unit_test(a_keyframe_is_paid_for_before_the_next),
    };
    return cmocka_run_group_tests_name("send", tests, NULL, NULL);
}
