/* Redundant sound: what is written can be read, a lost frame comes back under its own number and time, and nothing comes
 * back that a receiver had already or that is from before its time. */
#include "tests/unit/media_core/support.h"

#include "media/feedback/receive_stats.h"
#include "media/rtp/opus_red.h"

#define OPUS_PT 111

static struct opus_frame frame_of(const char *text, uint32_t timestamp)
{
    return (struct opus_frame){.payload = span_of(text, strlen(text)), .timestamp = timestamp};
}

static void store(struct opus_history *history, int64_t sequence, const char *text,
                  uint32_t timestamp)
{
    opus_history_store(history, sequence, timestamp, span_of(text, strlen(text)));
}

static void assert_frame(const struct opus_frame *frame, const char *text, uint32_t timestamp)
{
    assert_int_equal(frame->timestamp, timestamp);
    assert_int_equal(frame->payload.length, strlen(text));
    assert_memory_equal(frame->payload.data, text, strlen(text));
}

static void packet_carries_the_frames_before_it(void **state)
{
    (void)state;
    struct opus_history history = {0};
    uint8_t payload[200];
    struct bytes_writer writer = bytes_writer_of(payload, sizeof(payload));
    struct opus_frame third = frame_of("third", 2000);
    store(&history, 70001, "first", 80);
    store(&history, 70002, "second", 1040);
    assert_int_equal(opus_red_write(&history, 70003, &third, 2, 1, OPUS_PT, &writer), 2);
    /* RFC 2198 §3: F=1, type 111, offset 1920, length 5; F=1, offset 960, length 6; F=0 */
    static const uint8_t HEADERS[] = {0xef, 0x1e, 0x00, 0x05, 0xef, 0x0f, 0x00, 0x06, 0x6f};
    assert_memory_equal(payload, HEADERS, sizeof(HEADERS));
    assert_int_equal(writer.used, sizeof(HEADERS) + strlen("firstsecondthird"));
    assert_memory_equal(payload + sizeof(HEADERS), "firstsecondthird", 16);

    uint8_t *exact = exact_copy(payload, writer.used);
    struct opus_red red;
    assert_result(RESULT_OK, opus_red_parse(span_of(exact, writer.used), 2000, OPUS_PT, &red));
    assert_int_equal(red.older_count, 2);
    assert_frame(&red.primary, "third", 2000);
    assert_frame(&red.older[0], "second", 1040);
    assert_frame(&red.older[1], "first", 80);
    free(exact);
}

static void frames_that_do_not_belong_are_left_out(void **state)
{
    (void)state;
    struct opus_history history = {0};
    uint8_t payload[1200], long_frame[OPUS_RED_FRAME_MAX + 1] = {0};
    struct bytes_writer writer = bytes_writer_of(payload, sizeof(payload));
    struct opus_frame now = frame_of("now", 20000);
    /* nothing known */
    assert_int_equal(opus_red_write(&history, 9, &now, 2, 1, OPUS_PT, &writer), 0);
    /* a pause of more than 14 bits of time, as discontinuous transmission makes it (RFC 7587 §3.1.3) */
    store(&history, 8, "old", 20000 - 16384);
    assert_int_equal(opus_red_write(&history, 9, &now, 2, 1, OPUS_PT, &writer), 0);
    /* from before the oldest that this subscriber may have */
    opus_history_clear(&history);
    store(&history, 8, "before the gate", 19040);
    assert_int_equal(opus_red_write(&history, 9, &now, 2, 9, OPUS_PT, &writer), 0);
    assert_int_equal(opus_red_write(&history, 9, &now, 0, 1, OPUS_PT, &writer), 0);
    assert_int_equal(writer.used, 0);
    assert_int_equal(opus_red_write(&history, 9, &now, 2, 8, OPUS_PT, &writer), 1);
    /* too long to be kept; and a hole ends the chain, or a reader would count wrong */
    opus_history_clear(&history);
    store(&history, 7, "seven", 18080);
    opus_history_store(&history, 8, 19040, span_of(long_frame, sizeof(long_frame)));
    writer = bytes_writer_of(payload, sizeof(payload));
    assert_int_equal(opus_red_write(&history, 9, &now, 2, 1, OPUS_PT, &writer), 0);
    assert_int_equal(writer.used, 0);
    /* time that stands still */
    opus_history_clear(&history);
    store(&history, 8, "same", 20000);
    assert_int_equal(opus_red_write(&history, 9, &now, 2, 1, OPUS_PT, &writer), 0);
}

static void timestamps_wrap(void **state)
{
    (void)state;
    struct opus_history history = {0};
    uint8_t payload[64];
    struct bytes_writer writer = bytes_writer_of(payload, sizeof(payload));
    struct opus_frame now = frame_of("now", 460);
    struct opus_red red;
    store(&history, 100, "before", UINT32_MAX - 499);
    assert_int_equal(opus_red_write(&history, 101, &now, 1, 1, OPUS_PT, &writer), 1);
    assert_result(RESULT_OK, opus_red_parse(span_of(payload, writer.used), 460, OPUS_PT, &red));
    assert_frame(&red.older[0], "before", UINT32_MAX - 499);
}

static void history_begins_with_the_first_frame(void **state)
{
    (void)state;
    struct opus_history history = {0};
    assert_false(opus_history_accepts(&history, 5));
    store(&history, 10, "ten", 1);
    assert_false(opus_history_accepts(&history, 9)); /* sent before the gate opened (P1) */
    assert_true(opus_history_accepts(&history, 11));
    opus_history_clear(&history);
    assert_false(opus_history_accepts(&history, 11));
    for (size_t i = 0; i < sizeof(history); i++)
        assert_int_equal(((const uint8_t *)&history)[i], 0);
}

static void reordered_and_repeated_frames_keep_the_newest(void **state)
{
    (void)state;
    struct opus_history history = {0};
    uint8_t payload[64];
    struct bytes_writer writer = bytes_writer_of(payload, sizeof(payload));
    struct opus_frame now = frame_of("7", 7 * 960);
    struct opus_red red;
    store(&history, 6, "6", 6 * 960);
    store(&history, 5, "5", 5 * 960);     /* late */
    store(&history, 6, "again", 99);      /* a copy */
    store(&history, 2, "much later", 99); /* its place has number 6 */
    assert_int_equal(opus_red_write(&history, 7, &now, 2, 1, OPUS_PT, &writer), 2);
    assert_result(RESULT_OK, opus_red_parse(span_of(payload, writer.used), 7 * 960, OPUS_PT, &red));
    assert_frame(&red.older[0], "6", 6 * 960);
    assert_frame(&red.older[1], "5", 5 * 960);
}

static enum result parse_bytes(const char *bytes, size_t length, struct opus_red *ret_red)
{
    uint8_t *exact = exact_copy(bytes, length);
    enum result result = opus_red_parse(span_of(exact, length), 100000, OPUS_PT, ret_red);
    free(exact);
    return result;
}
#define PARSE(bytes, red) parse_bytes(bytes, sizeof(bytes) - 1, red)

static void lies_are_refused(void **state)
{
    (void)state;
    struct opus_red red;
    assert_result(RESULT_PARSE, PARSE("", &red));
    assert_result(RESULT_PARSE, PARSE("\xef\x0f\x00\x01", &red)); /* no primary header */
    assert_result(RESULT_PARSE, PARSE("\xef\x0f\x00", &red));     /* half a header */
    assert_result(RESULT_PARSE, PARSE("\xef\x0f\x00\x05\x6f"
                                      "abcd",
                                      &red)); /* longer than there is */
    assert_result(RESULT_UNSUPPORTED, PARSE("\xef\x0f\x00\x01\x60"
                                            "ab",
                                            &red));
    /* an older block of another type keeps its place and is empty */
    assert_result(RESULT_OK, PARSE("\xef\x1e\x00\x01\xe0\x0f\x00\x01\x6f"
                                   "abc",
                                   &red));
    assert_int_equal(red.older_count, 2);
    assert_int_equal(red.older[0].payload.length, 0);
    assert_int_equal(red.older[1].payload.length, 1);
    /* the same offset twice, and one that goes the wrong way: only the primary can be trusted */
    assert_result(RESULT_OK, PARSE("\xef\x0f\x00\x01\xef\x0f\x00\x01\x6f"
                                   "abc",
                                   &red));
    assert_int_equal(red.older_count, 0);
    assert_int_equal(red.primary.payload.length, 1);
    assert_result(RESULT_OK, PARSE("\xef\x0f\x00\x01\xef\x1e\x00\x01\x6f"
                                   "abc",
                                   &red));
    assert_int_equal(red.older_count, 0);
    /* only the primary */
    assert_result(RESULT_OK, PARSE("\x6f"
                                   "frame",
                                   &red));
    assert_int_equal(red.older_count, 0);
    assert_int_equal(red.primary.payload.length, 5);
}

static void of_many_blocks_the_newest_stay(void **state)
{
    (void)state;
    uint8_t payload[200];
    struct bytes_writer writer = bytes_writer_of(payload, sizeof(payload));
    struct opus_red red;
    for (uint32_t i = 7; i >= 1; i--) {
        bytes_write_u8(&writer, 0x80 | OPUS_PT);
        bytes_write_u24(&writer, (i * 960) << 10 | i);
    }
    bytes_write_u8(&writer, OPUS_PT);
    for (uint32_t i = 7; i >= 1; i--)
        for (uint32_t k = 0; k < i; k++)
            bytes_write_u8(&writer, (uint8_t)('0' + i));
    bytes_write(&writer, "now", 3);
    assert_result(RESULT_OK, opus_red_parse(span_of(payload, writer.used), 90000, OPUS_PT, &red));
    assert_int_equal(red.older_count, OPUS_RED_OLDER_MAX);
    for (uint32_t i = 0; i < OPUS_RED_OLDER_MAX; i++) {
        assert_int_equal(red.older[i].payload.length, i + 1);
        assert_int_equal(red.older[i].payload.data[0], '1' + i);
        assert_int_equal(red.older[i].timestamp, 90000 - (i + 1) * 960);
    }
    assert_memory_equal(red.primary.payload.data, "now", 3);
}

struct listener {
    struct receive_stats stats;
    uint32_t heard;
};

static void listen(struct listener *listener, uint16_t sequence, struct span payload)
{
    struct opus_red red;
    uint32_t timestamp = sequence * 960u;
    struct received received =
        receive_stats_packet(&listener->stats, sequence, timestamp, payload.length, 1);
    assert_result(RESULT_OK, opus_red_parse(payload, timestamp, OPUS_PT, &red));
    listener->heard++;
    for (uint32_t i = 0; i < red.older_count; i++) {
        uint16_t older = (uint16_t)(sequence - 1 - i);
        if (received.sequence - 1 - i <= listener->stats.first ||
            receive_stats_repaired(&listener->stats, older).verdict != RECEIVE_LATE)
            continue;
        assert_int_equal(red.older[i].timestamp, timestamp - (i + 1) * 960);
        assert_int_equal(red.older[i].payload.data[0], (uint8_t)older);
        listener->heard++;
    }
}

/* 20 % of the packets are lost at random: what is missing in the end with 0, 1 and 2 frames of redundancy. */
static void random_loss_is_mended(void **state)
{
    (void)state;
    enum { FRAMES = 20000 };
    static const uint32_t MISSING_PERCENT_MAX[] = {22, 5, 1};
    uint64_t seed = test_seed(7);
    for (unsigned distance = 0; distance <= OPUS_RED_DISTANCE_MAX; distance++) {
        struct chance chance = {.state = seed};
        struct opus_history history = {0};
        struct listener listener = {0};
        receive_stats_init(&listener.stats, 1, 48000);
        for (uint32_t i = 1; i <= FRAMES; i++) {
            uint8_t bytes[60], payload[300];
            struct bytes_writer writer = bytes_writer_of(payload, sizeof(payload));
            memset(bytes, (uint8_t)i, sizeof(bytes));
            struct opus_frame frame = {.payload = span_of(bytes, sizeof(bytes)),
                                       .timestamp = (uint16_t)i * 960u};
            if (opus_red_write(&history, i, &frame, distance, 1, OPUS_PT, &writer) == 0) {
                bytes_write_u8(&writer, OPUS_PT);
                bytes_write(&writer, bytes, sizeof(bytes));
            }
            opus_history_store(&history, i, frame.timestamp, frame.payload);
            if (i == 1 || !chance_percent(&chance, 20))
                listen(&listener, (uint16_t)i, span_of(payload, writer.used));
        }
        uint32_t missing = FRAMES - listener.heard;
        printf("distance %u: %u of %u frames missing\n", distance, missing, (unsigned)FRAMES);
        assert_in_range(missing, 1, FRAMES * MISSING_PERCENT_MAX[distance] / 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packet_carries_the_frames_before_it),
        cmocka_unit_test(frames_that_do_not_belong_are_left_out),
        cmocka_unit_test(timestamps_wrap),
        cmocka_unit_test(history_begins_with_the_first_frame),
        cmocka_unit_test(reordered_and_repeated_frames_keep_the_newest),
        cmocka_unit_test(lies_are_refused),
        cmocka_unit_test(of_many_blocks_the_newest_stay),
        cmocka_unit_test(random_loss_is_mended),
    };
    return cmocka_run_group_tests_name("opus_red", tests, NULL, NULL);
}
