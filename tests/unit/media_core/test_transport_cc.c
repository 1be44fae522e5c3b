/* transport-cc: what is written is what arrived, in every chunk form; the reader takes nothing it cannot trust. */
#include "tests/unit/media_core/support.h"

#include "gateway/base/clock.h"
#include "media/feedback/transport_cc.h"

#define MS US_PER_MS

struct arrival {
    bool arrived;
    int64_t at_us;
};

static struct rtcp_item item_of(struct rtcp_reader *reader, const uint8_t *data, size_t length)
{
    struct rtcp_item item;
    assert_result(RESULT_OK, rtcp_reader_init(reader, span_of(data, length)));
    assert_true(rtcp_next(reader, &item));
    assert_int_equal(item.kind, RTCP_KIND_TRANSPORT_CC);
    return item;
}

/* Writes all feedback that is due and puts what it says into `ret_said`, by 16-bit number; returns how many packets. */
static size_t read_feedback(struct transport_cc_recorder *recorder, int64_t now_us, size_t size,
                            struct transport_cc_status *ret_said, size_t *ret_statuses)
{
    size_t packets = 0;
    for (;; packets++) {
        uint8_t *place = malloc(size);
        struct bytes_writer writer = bytes_writer_of(place, size);
        if (!transport_cc_write(recorder, 0x51, 0x52, now_us, &writer)) {
            assert_int_equal(writer.used, 0);
            free(place);
            return packets;
        }
        assert_false(writer.overflowed);
        uint8_t *exact = exact_copy(place, writer.used);
        struct rtcp_reader reader;
        struct rtcp_item item = item_of(&reader, exact, writer.used);
        assert_int_equal(item.sender_ssrc, 0x51);
        assert_int_equal(item.media_ssrc, 0x52);
        struct transport_cc_reader statuses;
        struct transport_cc_status status;
        assert_result(RESULT_OK, transport_cc_reader_init(&statuses, &item));
        while (transport_cc_next(&statuses, &status)) {
            ret_said[status.number] = status;
            (*ret_statuses)++;
        }
        free(exact);
        free(place);
    }
}

static void plain_arrivals_are_one_small_packet(void **state)
{
    (void)state;
    struct transport_cc_recorder recorder;
    transport_cc_recorder_init(&recorder);
    assert_true(transport_cc_due_us(&recorder, 0) == INT64_MAX);
    for (uint16_t i = 0; i < 20; i++)
        transport_cc_arrived(&recorder, i, 640 * MS + i * 5 * MS);
    assert_true(transport_cc_due_us(&recorder, 0) == 640 * MS + TRANSPORT_CC_INTERVAL_US);
    uint8_t place[128];
    struct bytes_writer writer = bytes_writer_of(place, sizeof(place));
    assert_true(transport_cc_write(&recorder, 1, 2, 740 * MS, &writer));
    /* Head 8, SSRCs… 20 bytes; one run chunk of 20 small deltas; 20 deltas; padding to a word. */
    static const uint8_t EXPECTED[] = {0x8f, 205, 0, 10, 0, 0, 0,  1, 0,    0,  0, 2,
                                       0,    0,   0, 20, 0, 0, 10, 0, 0x20, 20, 0, 20};
    assert_memory_equal(place, EXPECTED, sizeof(EXPECTED));
    assert_int_equal(writer.used, 44);
    assert_int_equal(place[42] | place[43], 0); /* the word is filled, without the P bit */
    assert_true(transport_cc_due_us(&recorder, 0) == INT64_MAX);
    assert_false(transport_cc_write(&recorder, 1, 2, 840 * MS, &writer));
    transport_cc_arrived(&recorder, 20, 750 * MS);
    assert_true(transport_cc_due_us(&recorder, 0) == 840 * MS);
    assert_true(transport_cc_due_us(&recorder, 10000000) == 790 * MS);
    assert_true(transport_cc_due_us(&recorder, 1000) == 990 * MS);
    assert_true(transport_cc_write(&recorder, 1, 2, 840 * MS, &writer));
    assert_int_equal(place[44 + 19], 1); /* feedback packet count */
}

static void a_late_one_is_reported_after_all(void **state)
{
    (void)state;
    static struct transport_cc_status said[0x10000];
    struct transport_cc_recorder recorder;
    size_t statuses = 0;
    transport_cc_recorder_init(&recorder);
    transport_cc_arrived(&recorder, 0xffff,
                         100 * MS); /* the base is the last number before the wrap */
    transport_cc_arrived(&recorder, 1, 101 * MS);
    assert_int_equal(read_feedback(&recorder, 200 * MS, 1000, said, &statuses), 1);
    assert_int_equal(statuses, 3);
    assert_true(said[0xffff].arrived && !said[0].arrived && said[1].arrived);
    transport_cc_arrived(&recorder, 0, 250 * MS);
    transport_cc_arrived(&recorder, 0, 290 * MS); /* a repeat changes nothing */
    assert_int_equal(read_feedback(&recorder, 300 * MS, 1000, said, &statuses), 1);
    assert_true(said[0].arrived);
    assert_in_range(said[0].arrived_us, 250 * MS - 125, 250 * MS + 125);
    transport_cc_arrived(&recorder, 0xfffe, 310 * MS); /* before the first: late, too */
    assert_int_equal(read_feedback(&recorder, 400 * MS, 1000, said, &statuses), 1);
    assert_true(said[0xfffe].arrived);
}

static void a_long_gap_or_pause_needs_more_packets(void **state)
{
    (void)state;
    static struct transport_cc_status said[0x10000];
    struct transport_cc_recorder recorder;
    size_t statuses = 0;
    transport_cc_recorder_init(&recorder);
    transport_cc_arrived(&recorder, 10, 1000 * MS);
    transport_cc_arrived(&recorder, 11,
                         1000 * MS + 20 * US_PER_S); /* beyond what a delta can say */
    transport_cc_arrived(&recorder, 12, 1001 * MS);  /* and back */
    assert_int_equal(read_feedback(&recorder, 22 * US_PER_S, 1000, said, &statuses), 3);
    assert_int_equal(statuses, 3);
    assert_in_range(said[11].arrived_us, 21 * US_PER_S - 125, 21 * US_PER_S + 125);
    assert_in_range(said[12].arrived_us, 1001 * MS - 125, 1001 * MS + 125);
    statuses = 0;
    transport_cc_arrived(&recorder, 30000,
                         22 * US_PER_S); /* what fell out of the window is not spoken of */
    assert_int_equal(read_feedback(&recorder, 23 * US_PER_S, 1000, said, &statuses), 1);
    assert_int_equal(statuses, TRANSPORT_CC_WINDOW);
    transport_cc_arrived(&recorder, 29999 - TRANSPORT_CC_WINDOW,
                         24 * US_PER_S); /* nor of what comes too late */
    assert_true(transport_cc_due_us(&recorder, 0) == INT64_MAX);
    transport_cc_arrived(&recorder, 30001 - TRANSPORT_CC_WINDOW, 24 * US_PER_S);
    assert_true(transport_cc_due_us(&recorder, 0) != INT64_MAX);
}

static void a_full_place_is_said_in_parts(void **state)
{
    (void)state;
    static struct transport_cc_status said[0x10000];
    struct transport_cc_recorder recorder;
    size_t statuses = 0;
    memset(said, 0, sizeof(said));
    transport_cc_recorder_init(&recorder);
    for (uint16_t i = 0; i < 600; i++) /* all large deltas */
        transport_cc_arrived(&recorder, i, 1000 * MS + (i % 2 != 0 ? 200 * MS : 0) + i * 100);
    assert_int_equal(read_feedback(&recorder, 2000 * MS, 24, said, &statuses),
                     0); /* no room for one */
    assert_true(read_feedback(&recorder, 2000 * MS, 200, said, &statuses) > 5);
    assert_int_equal(statuses, 600);
    for (uint16_t i = 0; i < 600; i++)
        assert_true(said[i].arrived);
}

enum { STREAM = 60000 };

/* Random loss, bursts of loss, reordering, odd times, over a wrap: in the end the sender knows exactly what arrived when. */
static void random_arrivals_are_all_told(void **state)
{
    (void)state;
    struct chance chance = {test_seed(71)};
    static struct arrival truth[0x10000];
    static struct transport_cc_status said[0x10000];
    for (int round = 0; round < 8; round++) {
        struct transport_cc_recorder recorder;
        transport_cc_recorder_init(&recorder);
        memset(truth, 0, sizeof(truth));
        memset(said, 0, sizeof(said));
        uint32_t loss = chance_below(&chance, 60);
        uint16_t base = (uint16_t)chance_next(&chance);
        int64_t now_us = 64 * MS * chance_below(&chance, 100000) + 1;
        size_t statuses = 0;
        for (uint32_t i = 0; i < STREAM; i++) {
            uint32_t at = i;
            now_us += chance_below(&chance, chance_percent(&chance, 2) ? 300000 : 3000);
            if (chance_percent(&chance, 1))
                i += chance_below(&chance, 40);
            if (chance_percent(&chance, 8) && i > 300)
                at = i - chance_below(&chance, 300);
            if (!chance_percent(&chance, loss) && at < STREAM) {
                uint16_t number = (uint16_t)(base + at);
                transport_cc_arrived(&recorder, number, now_us);
                if (!truth[number].arrived)
                    truth[number] = (struct arrival){true, now_us};
            }
            if (transport_cc_due_us(&recorder, 500000) <= now_us)
                read_feedback(&recorder, now_us, 200 + chance_below(&chance, 900), said, &statuses);
        }
        read_feedback(&recorder, now_us, 1000, said, &statuses);
        for (uint32_t i = 0; i < 0x10000; i++) {
            assert_int_equal(said[i].arrived, truth[i].arrived);
            if (truth[i].arrived)
                assert_in_range(said[i].arrived_us, truth[i].at_us - 126, truth[i].at_us + 126);
        }
    }
}

static void lies_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint8_t entries[20];
        size_t length;
        enum result result;
    } cases[] = {
        {"head cut", {0, 1, 0, 1, 0, 0, 0}, 4, RESULT_PARSE},
        {"no statuses", {0, 1, 0, 0, 0, 0, 1, 0}, 8, RESULT_PARSE},
        {"no chunk", {0, 1, 0, 1, 0, 0, 1, 0}, 8, RESULT_PARSE},
        {"run of nothing", {0, 1, 0, 1, 0, 0, 1, 0, 0x20, 0, 0, 0}, 12, RESULT_PARSE},
        {"missing delta", {0, 1, 0, 5, 0, 0, 1, 0, 0x20, 5, 1, 1}, 12, RESULT_PARSE},
        {"reserved symbol", {0, 1, 0, 1, 0, 0, 1, 0, 0x60, 1, 1, 1}, 12, RESULT_PARSE},
        {"chunks end early", {0, 1, 0xff, 0xff, 0, 0, 1, 0, 0x1f, 0xff, 0, 0}, 12, RESULT_PARSE},
        {"two small", {0xff, 0xff, 0, 2, 0, 0, 1, 0, 0x20, 2, 1, 1}, 12, RESULT_OK},
        {"run longer than the count", {0, 1, 0, 2, 0, 0, 1, 0, 0x3f, 0xff, 1, 1}, 12, RESULT_OK},
        {"vector of two bits",
         {0, 1, 0, 3, 0, 0, 1, 0, 0xd9, 0, 1, 0xff, 0xff, 0, 0, 0},
         16,
         RESULT_OK},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint8_t *exact = exact_copy(cases[i].entries, cases[i].length);
        const struct rtcp_item item = {.kind = RTCP_KIND_TRANSPORT_CC,
                                       .entries = span_of(exact, cases[i].length)};
        struct transport_cc_reader reader;
        struct transport_cc_status status;
        size_t count = 0;
        enum result result = transport_cc_reader_init(&reader, &item);
        if (result != cases[i].result)
            fail_msg("%s: %s", cases[i].what, result_name(result));
        while (result_ok(result) && transport_cc_next(&reader, &status))
            count++;
        if (result_ok(result))
            assert_int_equal(count, cases[i].entries[3]);
        free(exact);
    }
    struct transport_cc_reader reader;
    const struct rtcp_item other = {.kind = RTCP_KIND_NACK};
    assert_result(RESULT_PARSE, transport_cc_reader_init(&reader, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_arrivals_are_one_small_packet),
        cmocka_unit_test(a_late_one_is_reported_after_all),
        cmocka_unit_test(a_long_gap_or_pause_needs_more_packets),
        cmocka_unit_test(a_full_place_is_said_in_parts),
        cmocka_unit_test(random_arrivals_are_all_told),
        cmocka_unit_test(lies_are_refused),
    };
    return cmocka_run_group_tests_name("transport_cc", tests, NULL, NULL);
}
