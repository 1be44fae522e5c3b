/* RTCP reading and writing: every kind there and back, wrap of NACKs, lies about lengths, random bytes. */
#include "tests/unit/media_core/support.h"

#include "media/feedback/rtcp.h"
#include "media/feedback/rtcp_write.h"

static struct rtcp_reader reader_of(const uint8_t *data, size_t length)
{
    struct rtcp_reader reader;
    assert_result(RESULT_OK, rtcp_reader_init(&reader, span_of(data, length)));
    return reader;
}

static struct rtcp_item next_item(struct rtcp_reader *reader, enum rtcp_kind kind)
{
    struct rtcp_item item;
    assert_true(rtcp_next(reader, &item));
    assert_int_equal(item.kind, kind);
    return item;
}

static void assert_block_equal(const struct rtcp_item *item, size_t index,
                               const struct rtcp_report_block *expected)
{
    struct rtcp_report_block block;
    assert_true(rtcp_report_block(item, index, &block));
    assert_int_equal(block.ssrc, expected->ssrc);
    assert_int_equal(block.fraction_lost, expected->fraction_lost);
    assert_int_equal(block.lost, expected->lost);
    assert_int_equal(block.highest_sequence, expected->highest_sequence);
    assert_int_equal(block.jitter, expected->jitter);
    assert_int_equal(block.last_sr, expected->last_sr);
    assert_int_equal(block.delay_since_sr, expected->delay_since_sr);
}

static void a_compound_comes_back_as_written(void **state)
{
    (void)state;
    uint8_t place[512];
    struct bytes_writer writer = bytes_writer_of(place, sizeof(place));
    const struct rtcp_sender_info sender = {0x0123456789abcdefull, 0xfedcba98, 77, 88};
    const struct rtcp_report_block blocks[2] = {{5, 128, -3, 0x1ffff, 9, 10, 11},
                                                {6, 255, 0x7fffff, 1, 2, 3, 4}};
    const uint32_t ssrcs[2] = {0xaaaa, 0xbbbb};
    rtcp_write_sr(&writer, 0x1001, &sender, blocks, 2);
    rtcp_write_cname(&writer, 0x1001, "abc");
    rtcp_write_rr(&writer, 0x1002, blocks, 1);
    rtcp_write_cname(&writer, 0x1002, "four");
    rtcp_write_pli(&writer, 1, 2);
    rtcp_write_fir(&writer, 3, 4, 200);
    rtcp_write_remb(&writer, 5, 1000000, ssrcs, 2);
    rtcp_write_bye(&writer, ssrcs, 2);
    assert_false(writer.overflowed);
    uint8_t *exact = exact_copy(place, writer.used);
    struct rtcp_reader reader = reader_of(exact, writer.used);
    struct rtcp_item item = next_item(&reader, RTCP_KIND_SENDER_REPORT);
    assert_int_equal(item.sender_ssrc, 0x1001);
    assert_true(item.sender.ntp == sender.ntp);
    assert_int_equal(item.sender.rtp_timestamp, sender.rtp_timestamp);
    assert_int_equal(item.sender.packets, sender.packets);
    assert_int_equal(item.sender.bytes, sender.bytes);
    assert_int_equal(rtcp_report_blocks(&item), 2);
    assert_block_equal(&item, 0, &blocks[0]);
    assert_block_equal(&item, 1, &blocks[1]);
    item = next_item(&reader, RTCP_KIND_CNAME);
    assert_int_equal(item.sender_ssrc, 0x1001);
    assert_int_equal(item.text.length, 3);
    assert_memory_equal(item.text.data, "abc", 3);
    item = next_item(&reader, RTCP_KIND_RECEIVER_REPORT);
    assert_int_equal(rtcp_report_blocks(&item), 1);
    item = next_item(&reader, RTCP_KIND_CNAME);
    assert_memory_equal(item.text.data, "four", 4);
    item = next_item(&reader, RTCP_KIND_PLI);
    assert_int_equal(item.media_ssrc, 2);
    item = next_item(&reader, RTCP_KIND_FIR);
    uint32_t ssrc = 0;
    uint8_t command = 0;
    assert_true(rtcp_fir_entry(&item, 0, &ssrc, &command));
    assert_int_equal(ssrc, 4);
    assert_int_equal(command, 200);
    assert_false(rtcp_fir_entry(&item, 1, &ssrc, &command));
    item = next_item(&reader, RTCP_KIND_REMB);
    assert_int_equal(item.bitrate_bps, 1000000);
    assert_true(rtcp_ssrc_entry(&item, 1, &ssrc));
    assert_int_equal(ssrc, 0xbbbb);
    assert_false(rtcp_ssrc_entry(&item, 2, &ssrc));
    item = next_item(&reader, RTCP_KIND_BYE);
    assert_true(rtcp_ssrc_entry(&item, 0, &ssrc));
    assert_int_equal(ssrc, 0xaaaa);
    assert_false(rtcp_next(&reader, &item));
    free(exact);
}

/* Lost numbers are asked for in full and come out in full, over the wrap, several in one packet. */
static void every_lost_number_of_a_nack_comes_out(void **state)
{
    (void)state;
    struct chance chance = {test_seed(51)};
    for (int round = 0; round < 3000; round++) {
        uint16_t lost[RTCP_NACKS_MAX], sequence = (uint16_t)chance_next(&chance);
        size_t count = 1 + chance_below(&chance, round % 5 == 0 ? RTCP_NACKS_MAX : 20), seen = 0;
        for (size_t i = 0; i < count; i++) {
            lost[i] = sequence;
            sequence = (uint16_t)(sequence + 1 +
                                  (chance_percent(&chance, 40) ? chance_below(&chance, 40) : 0));
        }
        uint8_t place[12 + 4 * RTCP_NACKS_MAX];
        struct bytes_writer writer = bytes_writer_of(place, sizeof(place));
        rtcp_write_nack(&writer, 1, 2, lost, count);
        assert_false(writer.overflowed);
        uint8_t *exact = exact_copy(place, writer.used);
        struct rtcp_reader reader = reader_of(exact, writer.used);
        struct rtcp_item item = next_item(&reader, RTCP_KIND_NACK);
        struct rtcp_nack_cursor cursor = {0};
        while (rtcp_nack_next(&item, &cursor, &sequence)) {
            assert_true(seen < count);
            assert_int_equal(sequence, lost[seen++]);
        }
        assert_int_equal(seen, count);
        sequence = (uint16_t)(lost[count - 1] + 1);
        free(exact);
    }
}

static void a_nack_of_seventeen_is_one_entry(void **state)
{
    (void)state;
    uint8_t place[64];
    uint16_t lost[18];
    for (uint16_t i = 0; i < 18; i++)
        lost[i] = (uint16_t)(0xfff8 + i);
    struct bytes_writer writer = bytes_writer_of(place, sizeof(place));
    rtcp_write_nack(&writer, 1, 2, lost, 17);
    assert_int_equal(writer.used, 16);
    assert_int_equal(bytes_get_u32(place + 12), 0xfff8ffff);
    writer = bytes_writer_of(place, sizeof(place));
    rtcp_write_nack(&writer, 1, 2, lost, 18);
    assert_int_equal(writer.used, 20);
}

static void remb_keeps_its_meaning_at_the_edges(void **state)
{
    (void)state;
    static const uint64_t RATES[] = {0, 1, 0x3ffff, 0x40000, 2500000, 1ull << 40, UINT64_MAX};
    for (size_t i = 0; i < ARRAY_LENGTH(RATES); i++) {
        uint8_t place[32];
        struct bytes_writer writer = bytes_writer_of(place, sizeof(place));
        rtcp_write_remb(&writer, 1, RATES[i], NULL, 0);
        struct rtcp_reader reader = reader_of(place, writer.used);
        struct rtcp_item item = next_item(&reader, RTCP_KIND_REMB);
        assert_true(item.bitrate_bps <= RATES[i]);
        assert_true(item.bitrate_bps >= RATES[i] - (RATES[i] >> 17)); /* 18 bits of precision */
    }
    uint8_t place[20];
    struct bytes_writer writer = bytes_writer_of(place, sizeof(place));
    rtcp_write_remb(&writer, 1, 1000, NULL, 0);
    bytes_put_u24(place + 17,
                  63u << 18 | 0x3ffff); /* would overflow 64 bits: no limit, not a small one */
    struct rtcp_reader reader = reader_of(place, writer.used);
    assert_true(next_item(&reader, RTCP_KIND_REMB).bitrate_bps == UINT64_MAX);
    place[16] = 3; /* promises SSRCs that are not there */
    reader = reader_of(place, writer.used);
    next_item(&reader, RTCP_KIND_OTHER);
}

static void lies_about_length_drop_the_compound(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint8_t bytes[16];
        size_t length;
    } cases[] = {
        {"nothing", {0}, 0},
        {"half a word", {0x80, 201}, 2},
        {"longer than the datagram", {0x80, 201, 0, 2, 1, 1, 1, 1}, 8},
        {"version 1", {0x40, 201, 0, 1, 1, 1, 1, 1}, 8},
        {"not RTCP", {0x80, 96, 0, 1, 1, 1, 1, 1}, 8},
        {"good, then a rest", {0x80, 201, 0, 1, 1, 1, 1, 1, 0x80, 201}, 10},
        {"good, then a lie", {0x80, 201, 0, 1, 1, 1, 1, 1, 0x80, 201, 0, 9}, 12},
        {"padding 0", {0xa0, 201, 0, 1, 1, 1, 1, 0}, 8},
        {"padding longer than the packet", {0xa0, 201, 0, 1, 1, 1, 1, 8}, 8},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint8_t *exact = exact_copy(cases[i].bytes, cases[i].length);
        struct rtcp_reader reader;
        if (rtcp_reader_init(&reader, span_of(exact, cases[i].length)) != RESULT_PARSE)
            fail_msg("%s was taken", cases[i].what);
        free(exact);
    }
}

/* Browsers fill the last word of transport-cc feedback with one to three bytes and set P, also in mid-compound. */
static void short_padding_is_taken(void **state)
{
    (void)state;
    const uint8_t feedback[] = {0xaf, 205, 0, 5, 0,    0, 0, 1, 0,    0,   0, 2, 0, 1, 0, 1,
                                0,    0,   9, 0, 0x20, 1, 7, 1, 0x80, 201, 0, 1, 0, 0, 0, 9};
    struct rtcp_reader reader = reader_of(feedback, sizeof(feedback));
    struct rtcp_item item = next_item(&reader, RTCP_KIND_TRANSPORT_CC);
    assert_int_equal(item.entries.length, 11);
    next_item(&reader, RTCP_KIND_RECEIVER_REPORT);
}

static void what_does_not_fit_inside_is_other(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint8_t bytes[24];
        size_t length;
    } cases[] = {
        {"RR promising a block", {0x81, 201, 0, 1, 1, 1, 1, 1}, 8},
        {"SR cut", {0x80, 200, 0, 2, 1, 1, 1, 1, 1, 1, 1, 1}, 12},
        {"NACK without entries", {0x81, 205, 0, 2, 1, 1, 1, 1, 1, 1, 1, 1}, 12},
        {"NACK without media SSRC", {0x81, 205, 0, 1, 1, 1, 1, 1}, 8},
        {"FIR with half an entry", {0x84, 206, 0, 3, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1}, 16},
        {"PSFB application, no REMB",
         {0x8f, 206, 0, 3, 1, 1, 1, 1, 0, 0, 0, 0, 'R', 'E', 'M', 'X'},
         16},
        {"unknown feedback format", {0x9e, 205, 0, 2, 1, 1, 1, 1, 0, 0, 0, 0}, 12},
        {"XR", {0x80, 207, 0, 1, 1, 1, 1, 1}, 8},
        {"BYE promising SSRCs", {0x82, 203, 0, 1, 1, 1, 1, 1}, 8},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint8_t *exact = exact_copy(cases[i].bytes, cases[i].length);
        struct rtcp_reader reader = reader_of(exact, cases[i].length);
        struct rtcp_item item;
        uint32_t ssrc;
        uint16_t sequence;
        struct rtcp_nack_cursor cursor = {0};
        if (!rtcp_next(&reader, &item) || item.kind != RTCP_KIND_OTHER)
            fail_msg("%s was taken", cases[i].what);
        assert_false(rtcp_nack_next(&item, &cursor, &sequence));
        assert_false(rtcp_ssrc_entry(&item, 0, &ssrc));
        assert_int_equal(rtcp_report_blocks(&item), 0);
        assert_false(rtcp_next(&reader, &item));
        free(exact);
    }
}

static void chunks_are_walked_one_by_one(void **state)
{
    (void)state;
    /* Two chunks, the first with NOTE before CNAME, the second without; a third is promised and missing. */
    const uint8_t sdes[] = {0x83, 202, 0, 6, 0, 0, 0,   1, 7,    1,   'n', 1, 2, 'a', 'b', 0,
                            0,    0,   0, 2, 2, 1, 'x', 0, 0x80, 201, 0,   1, 0, 0,   0,   9};
    uint8_t fixed[sizeof(sdes)];
    memcpy(fixed, sdes, sizeof(sdes));
    fixed[3] = 5; /* SSRC items…0 = 12, SSRC item 0 = 8: five words behind the head */
    uint8_t *exact = exact_copy(fixed, sizeof(fixed));
    struct rtcp_reader reader = reader_of(exact, sizeof(fixed));
    struct rtcp_item item = next_item(&reader, RTCP_KIND_CNAME);
    assert_int_equal(item.sender_ssrc, 1);
    assert_memory_equal(item.text.data, "ab", 2);
    item = next_item(&reader, RTCP_KIND_RECEIVER_REPORT);
    assert_int_equal(item.sender_ssrc, 9);
    assert_false(rtcp_next(&reader, &item));
    free(exact);
}

/* cname of every length: padding rules of §6.5 hold. */
static void cnames_of_every_length_come_back(void **state)
{
    (void)state;
    char cname[300];
    memset(cname, 'c', sizeof(cname));
    for (size_t length = 0; length <= 255; length++) {
        uint8_t place[300];
        cname[length] = '\0';
        struct bytes_writer writer = bytes_writer_of(place, sizeof(place));
        rtcp_write_cname(&writer, 7, cname);
        cname[length] = 'c';
        assert_false(writer.overflowed);
        assert_int_equal(writer.used % 4, 0);
        assert_int_equal(place[writer.used - 1], 0);
        struct rtcp_reader reader = reader_of(place, writer.used);
        assert_int_equal(next_item(&reader, RTCP_KIND_CNAME).text.length, length);
    }
}

static void an_overflow_is_noticed_and_stays_inside(void **state)
{
    (void)state;
    const struct rtcp_report_block block = {1, 2, 3, 4, 5, 6, 7};
    for (size_t size = 0; size < 32 + 12; size++) {
        uint8_t *place = malloc(size > 0 ? size : 1);
        struct bytes_writer writer = bytes_writer_of(place, size);
        rtcp_write_rr(&writer, 1, &block, 1);
        rtcp_write_cname(&writer, 1, "ab");
        assert_int_equal(writer.overflowed, size < 32 + 12);
        free(place);
    }
}

static void random_bytes_end(void **state)
{
    (void)state;
    struct chance chance = {test_seed(52)};
    for (int round = 0; round < 30000; round++) {
        uint8_t bytes[128];
        size_t length = 4 * (size_t)(1 + chance_below(&chance, 31)), at = 0;
        for (size_t i = 0; i < length; i++)
            bytes[i] = (uint8_t)chance_next(&chance);
        while (at < length) { /* plausible heads, random insides */
            size_t words = chance_below(&chance, (uint32_t)((length - at) / 4));
            bytes[at] = (uint8_t)(0x80 | (bytes[at] & 0x1f));
            bytes[at + 1] = (uint8_t)(200 + chance_below(&chance, 8));
            bytes_put_u16(bytes + at + 2, (uint16_t)words);
            at += 4 + 4 * words;
        }
        uint8_t *exact = exact_copy(bytes, length);
        struct rtcp_reader reader = reader_of(exact, length);
        struct rtcp_item item;
        size_t items = 0;
        while (rtcp_next(&reader, &item)) {
            struct rtcp_nack_cursor cursor = {0};
            uint16_t sequence;
            size_t numbers = 0;
            while (rtcp_nack_next(&item, &cursor, &sequence))
                numbers++;
            assert_true(numbers <= 17 * 32);
            assert_true(item.text.length <= length);
            items++;
        }
        assert_true(items <= 32);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_compound_comes_back_as_written),
        cmocka_unit_test(every_lost_number_of_a_nack_comes_out),
        cmocka_unit_test(a_nack_of_seventeen_is_one_entry),
        cmocka_unit_test(remb_keeps_its_meaning_at_the_edges),
        cmocka_unit_test(lies_about_length_drop_the_compound),
        cmocka_unit_test(short_padding_is_taken),
        cmocka_unit_test(what_does_not_fit_inside_is_other),
        cmocka_unit_test(chunks_are_walked_one_by_one),
        cmocka_unit_test(cnames_of_every_length_come_back),
        cmocka_unit_test(an_overflow_is_noticed_and_stays_inside),
        cmocka_unit_test(random_bytes_end),
    };
    return cmocka_run_group_tests_name("rtcp", tests, NULL, NULL);
}
