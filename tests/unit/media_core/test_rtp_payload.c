/* Payload inspection (VP8, H.264) and the counting of whole frames. */
#include "tests/unit/media_core/support.h"

#include "media/rtp/frame_tracker.h"
#include "media/rtp/rtp_payload.h"

static struct rtp_payload_info inspect(enum media_codec codec, const uint8_t *data, size_t length,
                                       enum result expected)
{
    struct rtp_payload_info info = {true, true, true};
    uint8_t *copy = exact_copy(data, length);
    assert_result(expected, rtp_payload_inspect(codec, span_of(copy, length), &info));
    free(copy);
    return info;
}

static void vp8_descriptor_is_read(void **state)
{
    (void)state;
    /* X S, I L T K, 15-bit picture id 0x1234, TL0 0x55, TID 2 Y 1 key index 9, then an inter frame */
    const uint8_t full[] = {0x90, 0xf0, 0x92, 0x34, 0x55, 0xa9, 0x01};
    struct vp8_descriptor descriptor;
    assert_result(RESULT_OK, vp8_descriptor_parse(span_of(full, sizeof(full)), &descriptor));
    assert_int_equal(descriptor.bytes, 6);
    assert_int_equal(descriptor.picture_id_at, 2);
    assert_int_equal(descriptor.picture_id_bits, 15);
    assert_int_equal(descriptor.picture_id, 0x1234);
    assert_int_equal(descriptor.tl0, 0x55);
    assert_int_equal(descriptor.temporal_id, 2);
    assert_true(descriptor.layer_sync);
    assert_int_equal(descriptor.key_index, 9);
    for (size_t cut = 0; cut < 6; cut++) {
        uint8_t *copy = exact_copy(full, cut);
        assert_result(RESULT_PARSE, vp8_descriptor_parse(span_of(copy, cut), &descriptor));
        free(copy);
    }
    const uint8_t seven_bits[] = {0x80, 0x80, 0x7e, 0};
    assert_result(RESULT_OK, vp8_descriptor_parse(span_of(seven_bits, 4), &descriptor));
    assert_int_equal(descriptor.picture_id_bits, 7);
    assert_int_equal(descriptor.picture_id, 0x7e);
    assert_int_equal(descriptor.bytes, 3);
}

static void vp8_frames_are_seen(void **state)
{
    (void)state;
    const uint8_t key[] = {0x10, 0x50}, inter[] = {0x10, 0x51}, rest[] = {0x00, 0x50};
    const uint8_t other_partition[] = {0x11, 0x50}, unused[] = {0x30, 0x51}, bare[] = {0x10};
    struct rtp_payload_info info = inspect(MEDIA_CODEC_VP8, key, 2, RESULT_OK);
    assert_true(info.frame_start && info.keyframe && !info.discardable);
    info = inspect(MEDIA_CODEC_VP8, inter, 2, RESULT_OK);
    assert_true(info.frame_start && !info.keyframe);
    info = inspect(MEDIA_CODEC_VP8, rest, 2, RESULT_OK);
    assert_true(!info.frame_start &&
                !info.keyframe); /* only the first payload byte of a frame tells */
    info = inspect(MEDIA_CODEC_VP8, other_partition, 2, RESULT_OK);
    assert_true(!info.frame_start && !info.keyframe);
    info = inspect(MEDIA_CODEC_VP8, unused, 2, RESULT_OK);
    assert_true(info.discardable);
    info = inspect(MEDIA_CODEC_VP8, bare, 1, RESULT_PARSE);
    assert_true(!info.frame_start && !info.keyframe && !info.discardable);
    inspect(MEDIA_CODEC_VP8, bare, 0, RESULT_NOT_FOUND);
    inspect(MEDIA_CODEC_NONE, key, 2, RESULT_UNSUPPORTED);
    info = inspect(MEDIA_CODEC_OPUS, key, 2, RESULT_OK);
    assert_true(info.frame_start);
}

static void h264_frames_are_seen(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint8_t bytes[12];
        size_t length;
        enum result result;
        bool start, key, discardable;
    } cases[] = {
        {"SPS", {0x67, 1}, 2, RESULT_OK, true, true, false},
        {"PPS", {0x68, 1}, 2, RESULT_OK, false, false, false},
        {"AUD", {0x09, 0x10}, 2, RESULT_OK, true, false, true},
        {"IDR first slice", {0x65, 0x88}, 2, RESULT_OK, false, true, false},
        {"IDR later slice", {0x65, 0x48}, 2, RESULT_OK, false, false, false},
        {"slice first", {0x41, 0x9a}, 2, RESULT_OK, true, false, false},
        {"slice later", {0x41, 0x5a}, 2, RESULT_OK, false, false, false},
        {"slice nobody needs", {0x01, 0x9a}, 2, RESULT_OK, true, false, true},
        {"STAP-A SPS PPS", {0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 1}, 9, RESULT_OK, true, true, false},
        {"STAP-A short",
         {0x78, 0, 2, 0x67, 1, 0, 3, 0x68, 1},
         9,
         RESULT_PARSE,
         false,
         false,
         false},
        {"STAP-A empty unit", {0x78, 0, 0}, 3, RESULT_PARSE, false, false, false},
        {"STAP-A nothing", {0x78}, 1, RESULT_PARSE, false, false, false},
        {"FU-A IDR start", {0x7c, 0x85, 0x88}, 3, RESULT_OK, false, true, false},
        {"FU-A IDR middle", {0x7c, 0x05, 0x88}, 3, RESULT_OK, false, false, false},
        {"FU-A slice start", {0x5c, 0x81, 0x9a}, 3, RESULT_OK, true, false, false},
        {"FU-A start and end", {0x7c, 0xc5, 0x88}, 3, RESULT_PARSE, false, false, false},
        {"FU-A cut", {0x7c}, 1, RESULT_PARSE, false, false, false},
        {"FU-A nothing inside", {0x7c, 0x85}, 2, RESULT_OK, false, false, false},
        {"STAP-B", {0x79, 0, 0}, 3, RESULT_PARSE, false, false, false},
        {"type 0", {0x60, 0}, 2, RESULT_PARSE, false, false, false},
        {"forbidden bit", {0xe7, 0}, 2, RESULT_PARSE, false, false, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct rtp_payload_info info =
            inspect(MEDIA_CODEC_H264, cases[i].bytes, cases[i].length, cases[i].result);
        if (info.frame_start != cases[i].start || info.keyframe != cases[i].key ||
            info.discardable != cases[i].discardable)
            fail_msg("%s: start %d key %d discardable %d", cases[i].what, info.frame_start,
                     info.keyframe, info.discardable);
    }
}

static uint32_t feed(struct frame_tracker *tracker, int64_t sequence, uint32_t timestamp,
                     bool start, bool marker)
{
    const struct rtp_payload_info info = {.frame_start = start};
    return frame_tracker_packet(tracker, sequence, timestamp, marker, &info);
}

static void a_hole_is_no_frame_until_repaired(void **state)
{
    (void)state;
    struct frame_tracker tracker;
    frame_tracker_init(&tracker);
    assert_int_equal(feed(&tracker, 100, 1, true, false), 0);
    assert_int_equal(feed(&tracker, 102, 1, false, true), 0);
    assert_int_equal(feed(&tracker, 103, 2, true, true), 1); /* the next one is whole by itself */
    assert_int_equal(feed(&tracker, 101, 1, false, false), 1);
    assert_int_equal(feed(&tracker, 101, 1, false, false), 0); /* a repeat proves nothing new */
    assert_int_equal(feed(&tracker, 102, 1, false, true), 0);
    assert_int_equal(feed(&tracker, 103, 2, true, true), 0);
}

static void a_start_can_be_proven_from_before(void **state)
{
    (void)state;
    struct frame_tracker tracker;
    frame_tracker_init(&tracker);
    /* An IDR without parameter sets in it: whole only when what is before it is known to end. */
    assert_int_equal(feed(&tracker, 11, 5, false, false), 0);
    assert_int_equal(feed(&tracker, 12, 5, false, true), 0);
    assert_int_equal(feed(&tracker, 10, 4, true, true), 2); /* its own frame and the one behind */
    frame_tracker_restart(&tracker);
    assert_int_equal(feed(&tracker, 12, 5, false, true), 0); /* nothing of before is left */
}

static void old_packets_do_not_revive_old_frames(void **state)
{
    (void)state;
    struct frame_tracker tracker;
    frame_tracker_init(&tracker);
    assert_int_equal(feed(&tracker, 1000, 1, true, false), 0);
    assert_int_equal(feed(&tracker, 1000 + FRAME_TRACKER_PACKETS, 9, true, true), 1);
    assert_int_equal(feed(&tracker, 1001, 1, false, true), 0); /* its start's place was taken */
    assert_int_equal(feed(&tracker, 1000, 1, true, false), 0);
    /* A frame as large as the window ends, and is not counted. */
    frame_tracker_restart(&tracker);
    for (int i = 0; i < FRAME_TRACKER_PACKETS + 10; i++)
        assert_int_equal(feed(&tracker, 5000 + i, 3, i == 0, i == FRAME_TRACKER_PACKETS + 9), 0);
}

enum { FRAMES = 400, FRAME_PACKETS_MAX = 9 };

struct sent_packet {
    int64_t sequence;
    uint32_t timestamp;
    bool start, marker;
    int frame;
};

static size_t make_frames(struct chance *chance, struct sent_packet *packets)
{
    size_t count = 0;
    for (int frame = 0; frame < FRAMES; frame++) {
        size_t size = 1 + chance_below(chance, FRAME_PACKETS_MAX);
        for (size_t i = 0; i < size; i++, count++)
            packets[count] = (struct sent_packet){.sequence = 0xfff0 + (int64_t)count,
                                                  .timestamp = 0xffff0000u + (uint32_t)frame * 3000,
                                                  .start = i == 0,
                                                  .marker = i + 1 == size,
                                                  .frame = frame};
    }
    return count;
}

/* Random loss, reordering and repeats: what is counted is exactly the frames of which every packet came. */
static void random_order_counts_exactly_the_whole_frames(void **state)
{
    (void)state;
    struct chance chance = {test_seed(21)};
    static struct sent_packet packets[FRAMES * FRAME_PACKETS_MAX];
    for (int round = 0; round < 50; round++) {
        struct frame_tracker tracker;
        frame_tracker_init(&tracker);
        size_t count = make_frames(&chance, packets);
        uint32_t loss = chance_below(&chance, 20), expected = 0, counted = 0;
        bool whole[FRAMES];
        memset(whole, true, sizeof(whole));
        for (size_t i = 0; i + 1 < count; i++) { /* reordered within a few packets */
            size_t other = i + chance_below(&chance, 6);
            if (other < count) {
                struct sent_packet swap = packets[i];
                packets[i] = packets[other];
                packets[other] = swap;
            }
        }
        for (size_t i = 0; i < count; i++) {
            const struct sent_packet *packet = &packets[i];
            if (chance_percent(&chance, loss)) {
                whole[packet->frame] = false;
                continue;
            }
            int times = chance_percent(&chance, 5) ? 2 : 1;
            for (int n = 0; n < times; n++)
                counted += feed(&tracker, packet->sequence, packet->timestamp, packet->start,
                                packet->marker);
        }
        for (int frame = 0; frame < FRAMES; frame++)
            expected += whole[frame];
        assert_int_equal(counted, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vp8_descriptor_is_read),
        cmocka_unit_test(vp8_frames_are_seen),
        cmocka_unit_test(h264_frames_are_seen),
        cmocka_unit_test(a_hole_is_no_frame_until_repaired),
        cmocka_unit_test(a_start_can_be_proven_from_before),
        cmocka_unit_test(old_packets_do_not_revive_old_frames),
        cmocka_unit_test(random_order_counts_exactly_the_whole_frames),
    };
    return cmocka_run_group_tests_name("rtp_payload", tests, NULL, NULL);
}
