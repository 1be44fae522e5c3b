/* RTP header, extensions and classification: RFC 3550 §5.1, RFC 8285, RFC 7983. */
#include "tests/unit/media_core/support.h"

#include "media/rtp/rtp_packet.h"

static enum result parse_exact(const uint8_t *data, size_t length, struct rtp_view *ret_view,
                               uint8_t **ret_copy)
{
    *ret_copy = exact_copy(data, length);
    return rtp_parse(span_of(*ret_copy, length), ret_view);
}

static void datagrams_are_told_apart(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            uint8_t bytes[2] = {(uint8_t)first, (uint8_t)second};
            enum datagram_kind kind = datagram_classify(span_of(bytes, 2));
            enum datagram_kind expected = DATAGRAM_UNKNOWN;
            if (first <= 3)
                expected = DATAGRAM_STUN;
            else if (first >= 20 && first <= 63)
                expected = DATAGRAM_DTLS;
            else if (first >= 128 && first <= 191)
                expected = second >= 192 && second <= 223 ? DATAGRAM_RTCP : DATAGRAM_RTP;
            assert_int_equal(kind, expected);
        }
    }
    uint8_t alone = 0x80;
    assert_int_equal(datagram_classify(span_of(&alone, 1)), DATAGRAM_UNKNOWN);
    assert_int_equal(datagram_classify(span_of(&alone, 0)), DATAGRAM_UNKNOWN);
}

static void whole_header_is_read(void **state)
{
    (void)state;
    const uint8_t packet[] = {0xb2, 0xe0, 0x12, 0x34, 1,    2,    3, 4,
                              5,    6,    7,    8,                      /* P X 2 CSRCs, M, 96 */
                              1,    1,    1,    1,    2,    2,    2, 2, /* CSRCs */
                              0xbe, 0xde, 0,    1,    0x10, 0xaa, 0, 0, /* id 1, one byte */
                              9,    9,    9,    0,    0,    3};
    struct rtp_view view;
    uint8_t *copy;
    assert_result(RESULT_OK, parse_exact(packet, sizeof(packet), &view, &copy));
    assert_true(view.marker);
    assert_int_equal(view.payload_type, 96);
    assert_int_equal(view.sequence, 0x1234);
    assert_int_equal(view.timestamp, 0x01020304);
    assert_int_equal(view.ssrc, 0x05060708);
    assert_int_equal(view.padding_bytes, 3);
    assert_int_equal(view.payload.length, 3);
    assert_ptr_equal(view.payload.data, copy + 28);
    struct span value;
    assert_true(rtp_extension_find(&view, 1, &value));
    assert_int_equal(value.length, 1);
    assert_int_equal(value.data[0], 0xaa);
    assert_false(rtp_extension_find(&view, 2, &value));
    assert_false(rtp_extension_find(&view, 0, &value));
    free(copy);
    for (size_t cut = 0; cut < 28; cut++) { /* any shorter and the header itself is not whole */
        assert_result(RESULT_PARSE, parse_exact(packet, cut, &view, &copy));
        free(copy);
    }
}

static void lies_about_length_are_refused(void **state)
{
    (void)state;
    uint8_t packet[64];
    struct rtp_view view;
    size_t length = make_rtp(packet, 96, false, 1, 2, 3, 8);
    for (unsigned padding = 0; padding < 256;
         padding++) { /* padding longer than the payload, or none */
        packet[0] = 0xa0;
        packet[length - 1] = (uint8_t)padding;
        uint8_t *copy = exact_copy(packet, length);
        enum result result = rtp_parse(span_of(copy, length), &view);
        assert_result(padding >= 1 && padding <= 8 ? RESULT_OK : RESULT_PARSE, result);
        if (padding == 8)
            assert_int_equal(view.payload.length, 0);
        free(copy);
    }
    for (unsigned csrcs = 0; csrcs < 16; csrcs++) { /* 8 bytes follow the header: room for two */
        packet[0] = (uint8_t)(0x80 | csrcs);
        assert_result(csrcs <= 2 ? RESULT_OK : RESULT_PARSE,
                      rtp_parse(span_of(packet, length), &view));
    }
    for (unsigned words = 0; words < 4; words++) { /* block head takes four of the eight */
        packet[0] = 0x90;
        bytes_put_u32(packet + 12, 0xbede0000u | words);
        assert_result(words <= 1 ? RESULT_OK : RESULT_PARSE,
                      rtp_parse(span_of(packet, length), &view));
    }
    for (unsigned version = 0; version < 4; version++) {
        packet[0] = (uint8_t)(version << 6);
        assert_result(version == 2 ? RESULT_OK : RESULT_PARSE,
                      rtp_parse(span_of(packet, length), &view));
    }
    uint32_t ssrc = 0;
    packet[0] = 0x80;
    assert_result(RESULT_OK, rtp_peek_ssrc(span_of(packet, 12), &ssrc));
    assert_int_equal(ssrc, 3);
    assert_result(RESULT_PARSE, rtp_peek_ssrc(span_of(packet, 11), &ssrc));
}

/* A packet with that extension block; the block is padded with what it ends on. */
static size_t with_block(uint8_t *packet, uint16_t profile, const uint8_t *block, size_t words)
{
    make_rtp(packet, 96, false, 1, 2, 3, 0);
    packet[0] |= 0x10;
    bytes_put_u16(packet + 12, profile);
    bytes_put_u16(packet + 14, (uint16_t)words);
    memcpy(packet + 16, block, 4 * words);
    return 16 + 4 * words;
}

static void elements_are_walked(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint16_t profile;
        uint8_t block[8];
        uint8_t ids[4]; /* in order, 0-ended */
    } cases[] = {
        {"two, padding between", 0xbede, {0x11, 1, 2, 0, 0, 0x20, 3, 0}, {1, 2}},
        {"id 15 ends", 0xbede, {0x10, 1, 0xf0, 2, 0x20, 3, 0, 0}, {1}},
        {"overrun ends", 0xbede, {0x10, 1, 0x2f, 2, 3, 4, 5, 6}, {1}},
        {"id 0 with a length is skipped by it", 0xbede, {0x01, 0x11, 0x22, 0x30, 7, 0, 0, 0}, {3}},
        {"two-byte, one empty", 0x1000, {1, 0, 2, 1, 9, 0, 200, 0}, {1, 2, 200}},
        {"two-byte, application bits", 0x100f, {5, 2, 1, 1, 0, 0, 0, 0}, {5}},
        {"two-byte, overrun", 0x1000, {5, 1, 1, 6, 9, 1, 1, 1}, {5}},
        {"two-byte, id without length", 0x1000, {5, 5, 1, 1, 1, 1, 1, 6}, {5}},
        {"foreign", 0x2000, {0x10, 1, 0, 0, 0, 0, 0, 0}, {0}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint8_t packet[32], id, *copy;
        struct rtp_view view;
        struct span value;
        size_t length = with_block(packet, cases[i].profile, cases[i].block, 2), found = 0;
        assert_result(RESULT_OK, parse_exact(packet, length, &view, &copy));
        struct rtp_extension_reader reader = rtp_extension_reader_of(&view);
        while (rtp_extension_next(&reader, &id, &value)) {
            assert_true(value.data + value.length <= copy + length);
            if (id != cases[i].ids[found++])
                fail_msg("%s: id %u at %zu", cases[i].what, id, found);
        }
        if (found < 4 && cases[i].ids[found] != 0)
            fail_msg("%s: ended after %zu", cases[i].what, found);
        assert_false(rtp_extension_next(&reader, &id, &value));
        free(copy);
    }
}

static void our_extensions_go_by_the_endpoints_ids(void **state)
{
    (void)state;
    const struct media_maps maps = {
        .extension_id = {[MEDIA_EXTENSION_MID] = 4, [MEDIA_EXTENSION_TRANSPORT_CC] = 7}};
    const struct media_maps swapped = {
        .extension_id = {[MEDIA_EXTENSION_MID] = 7, [MEDIA_EXTENSION_TRANSPORT_CC] = 4}};
    const struct media_maps none = {0};
    const uint8_t block[8] = {0x71, 0xab, 0xcd, 0x41, 'a', '1', 0, 0};
    uint8_t packet[32];
    struct rtp_view view;
    size_t length = with_block(packet, 0xbede, block, 2);
    uint16_t number = 0;
    char mid[MEDIA_MID_SIZE];
    assert_result(RESULT_OK, rtp_parse(span_of(packet, length), &view));
    assert_true(rtp_read_transport_cc(&view, &maps, &number));
    assert_int_equal(number, 0xabcd);
    assert_true(rtp_read_mid(&view, &maps, mid));
    assert_string_equal(mid, "a1");
    assert_true(rtp_read_transport_cc(&view, &swapped, &number));
    assert_int_equal(number, 'a' << 8 | '1');
    assert_false(rtp_read_mid(&view, &swapped, mid)); /* 0xab 0xcd is no token */
    assert_false(rtp_read_mid(&view, &none, mid));
    assert_false(rtp_read_transport_cc(&view, &none, &number));
}

static void payload_types_go_by_the_endpoints_map(void **state)
{
    (void)state;
    const struct media_maps maps = {
        .payload_type =
            {[MEDIA_CODEC_OPUS] = 111, [MEDIA_CODEC_VP8] = 96, [MEDIA_CODEC_H264] = 102},
        .rtx_payload_type = {[MEDIA_CODEC_VP8] = 97, [MEDIA_CODEC_H264] = 103}};
    bool rtx = true;
    assert_int_equal(rtp_codec_of(&maps, 111, &rtx), MEDIA_CODEC_OPUS);
    assert_false(rtx);
    assert_int_equal(rtp_codec_of(&maps, 97, &rtx), MEDIA_CODEC_VP8);
    assert_true(rtx);
    assert_int_equal(rtp_codec_of(&maps, 102, &rtx), MEDIA_CODEC_H264);
    assert_false(rtx);
    assert_int_equal(rtp_codec_of(&maps, 0, &rtx), MEDIA_CODEC_NONE);
    assert_int_equal(rtp_codec_of(&maps, 98, &rtx), MEDIA_CODEC_NONE);
    assert_false(rtx);
    assert_int_equal(rtp_clock_hz(MEDIA_CODEC_OPUS), 48000);
    assert_int_equal(rtp_clock_hz(MEDIA_CODEC_H264), 90000);
    assert_int_equal(rtp_clock_hz(MEDIA_CODEC_NONE), 0);
}

/* Whatever the bytes: no read outside (the sanitizer watches), and the parts lie inside the packet. */
static void random_bytes_stay_inside(void **state)
{
    (void)state;
    struct chance chance = {test_seed(11)};
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[80];
        size_t length = chance_below(&chance, sizeof(bytes));
        for (size_t j = 0; j < sizeof(bytes); j++)
            bytes[j] = (uint8_t)chance_next(&chance);
        bytes[0] = 0x80 | (bytes[0] & 0x31);
        if (chance_percent(&chance, 80))
            bytes_put_u32(bytes + 12, chance_percent(&chance, 50) ? 0xbede0004 : 0x10000004);
        uint8_t *copy;
        struct rtp_view view;
        if (result_ok(parse_exact(bytes, length, &view, &copy))) {
            struct rtp_extension_reader reader = rtp_extension_reader_of(&view);
            struct span value;
            uint8_t id;
            unsigned sum = 0;
            while (rtp_extension_next(&reader, &id, &value)) {
                for (size_t j = 0; j < value.length; j++)
                    sum += value.data[j];
            }
            for (size_t j = 0; j < view.payload.length; j++)
                sum += view.payload.data[j];
            assert_true(sum < 80 * 256);
            assert_true(view.payload.data + view.payload.length + view.padding_bytes ==
                        copy + length);
        }
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagrams_are_told_apart),
        cmocka_unit_test(whole_header_is_read),
        cmocka_unit_test(lies_about_length_are_refused),
        cmocka_unit_test(elements_are_walked),
        cmocka_unit_test(our_extensions_go_by_the_endpoints_ids),
        cmocka_unit_test(payload_types_go_by_the_endpoints_map),
        cmocka_unit_test(random_bytes_stay_inside),
    };
    return cmocka_run_group_tests_name("rtp_packet", tests, NULL, NULL);
}
