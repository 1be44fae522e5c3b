/* What a subscriber gets: its own payload types and extension ids, also when they are the publisher's numbers swapped. */
#include "tests/unit/media_core/support.h"

#include "media/rtp/rtp_forward.h"

/* The publisher's video types are the subscriber's swapped, and so are three extension ids. */
static const struct media_maps PUBLISHER = {
    .payload_type = {[MEDIA_CODEC_OPUS] = 111, [MEDIA_CODEC_VP8] = 96, [MEDIA_CODEC_H264] = 98},
    .rtx_payload_type = {[MEDIA_CODEC_VP8] = 97, [MEDIA_CODEC_H264] = 99},
    .extension_id = {[MEDIA_EXTENSION_MID] = 1,
                     [MEDIA_EXTENSION_TRANSPORT_CC] = 2,
                     [MEDIA_EXTENSION_ABS_SEND_TIME] = 3,
                     [MEDIA_EXTENSION_AUDIO_LEVEL] = 4}};
static const struct media_maps SWAPPED = {
    .payload_type = {[MEDIA_CODEC_OPUS] = 96, [MEDIA_CODEC_VP8] = 98, [MEDIA_CODEC_H264] = 96 + 15},
    .rtx_payload_type = {[MEDIA_CODEC_VP8] = 99, [MEDIA_CODEC_H264] = 97},
    .extension_id = {[MEDIA_EXTENSION_MID] = 4,
                     [MEDIA_EXTENSION_TRANSPORT_CC] = 3,
                     [MEDIA_EXTENSION_ABS_SEND_TIME] = 2,
                     [MEDIA_EXTENSION_AUDIO_LEVEL] = 1}};
static const struct media_maps PLAIN = {.payload_type = {[MEDIA_CODEC_VP8] = 100}};

/* A publisher's packet with all four extensions, a foreign one (id 9), one CSRC and padding. */
static size_t published(uint8_t *packet, uint8_t payload_type, bool padded)
{
    static const uint8_t BLOCK[] = {0xbe, 0xde, 0,    5,    0x12, 'c', 'a', 'm',
                                    0x21, 0x11, 0x11, 0x32, 1,    2,   3,   0x40,
                                    0x85, 0x91, 7,    7,    0,    0,   0,   0};
    make_rtp(packet, payload_type, true, 500, 9000, 0x11111111, 0);
    packet[0] |= 0x11 | (padded ? 0x20 : 0);
    bytes_put_u32(packet + 12, 0x99999999);
    memcpy(packet + 16, BLOCK, sizeof(BLOCK));
    memcpy(packet + 16 + sizeof(BLOCK), "payload", 7);
    memcpy(packet + 16 + sizeof(BLOCK) + 7, "\0\0\3", 3);
    return 16 + sizeof(BLOCK) + 7 + (padded ? 3 : 0);
}

static struct rtp_view view_of(const uint8_t *packet, size_t length)
{
    struct rtp_view view;
    assert_result(RESULT_OK, rtp_parse(span_of(packet, length), &view));
    return view;
}

static struct rtp_forward forward_of(const struct media_maps *from, const struct media_maps *to)
{
    return (struct rtp_forward){.from = from,
                                .to = to,
                                .mid = "v1",
                                .ssrc = 0x22222222,
                                .place = {.sequence = 0x7001, .timestamp = 0xabcdef01}};
}

static size_t count_elements(const struct rtp_view *view)
{
    struct rtp_extension_reader reader = rtp_extension_reader_of(view);
    struct span value;
    uint8_t id;
    size_t count = 0;
    while (rtp_extension_next(&reader, &id, &value))
        count++;
    return count;
}

static void numbers_are_mapped_also_when_swapped(void **state)
{
    (void)state;
    static const enum media_codec CODECS[] = {MEDIA_CODEC_OPUS, MEDIA_CODEC_VP8, MEDIA_CODEC_H264};
    for (size_t i = 0; i < ARRAY_LENGTH(CODECS); i++) {
        uint8_t packet[128], out[128];
        struct rtp_view source =
            view_of(packet, published(packet, PUBLISHER.payload_type[CODECS[i]], true));
        struct rtp_forward forward = forward_of(&PUBLISHER, &SWAPPED);
        struct rtp_patch patch;
        struct span value;
        size_t length = 0;
        char mid[MEDIA_MID_SIZE];
        uint16_t number = 0;
        assert_result(RESULT_OK,
                      rtp_forward_write(&forward, &source, out, sizeof(out), &length, &patch));
        rtp_forward_patch(out, &patch, 0xbeef, 64000000 + 500000);
        struct rtp_view sent = view_of(out, length);
        assert_int_equal(sent.payload_type, SWAPPED.payload_type[CODECS[i]]);
        assert_true(sent.marker);
        assert_int_equal(sent.ssrc, 0x22222222);
        assert_int_equal(sent.sequence, 0x7001);
        assert_int_equal(sent.timestamp, 0xabcdef01);
        assert_int_equal(sent.padding_bytes, 0);
        assert_int_equal(out[0], 0x90); /* no CSRC, no padding */
        assert_int_equal(sent.payload.length, 7);
        assert_memory_equal(sent.payload.data, "payload", 7);
        assert_true(rtp_read_mid(&sent, &SWAPPED, mid));
        assert_string_equal(mid, "v1"); /* the slot's, not the publisher's "cam" */
        assert_true(rtp_read_transport_cc(&sent, &SWAPPED, &number));
        assert_int_equal(number, 0xbeef);
        assert_true(rtp_extension_find(&sent, 2, &value));
        assert_int_equal(value.length, 3);
        assert_int_equal(bytes_get_u24(value.data),
                         1 << 17); /* half a second in 6.18, after 64 s wrapped */
        assert_true(rtp_extension_find(&sent, 1, &value));
        assert_int_equal(value.data[0], 0x85);      /* the publisher's level */
        assert_int_equal(count_elements(&sent), 4); /* the foreign one is gone */
    }
}

static void what_is_not_negotiated_is_not_sent(void **state)
{
    (void)state;
    uint8_t packet[128], out[128];
    struct rtp_view source = view_of(packet, published(packet, 96, false));
    struct rtp_forward forward = forward_of(&PUBLISHER, &PLAIN);
    struct rtp_patch patch;
    size_t length = 0;
    assert_result(RESULT_OK,
                  rtp_forward_write(&forward, &source, out, sizeof(out), &length, &patch));
    struct rtp_view sent = view_of(out, length);
    assert_int_equal(out[0], 0x80); /* no extension block at all */
    assert_int_equal(sent.payload_type, 100);
    assert_int_equal(length, 12 + 7);
    assert_int_equal(patch.transport_cc_at, 0);
    uint8_t before[12];
    memcpy(before, out, 12);
    rtp_forward_patch(out, &patch, 0xffff, 5);
    assert_memory_equal(out, before, 12);
    forward.rtx = true; /* no RTX for this subscriber */
    assert_result(RESULT_UNSUPPORTED,
                  rtp_forward_write(&forward, &source, out, sizeof(out), &length, &patch));
    forward.rtx = false;
    source = view_of(packet, published(packet, 111, false)); /* no Opus either */
    assert_result(RESULT_UNSUPPORTED,
                  rtp_forward_write(&forward, &source, out, sizeof(out), &length, &patch));
    source = view_of(packet, published(packet, 97, false)); /* RTX is unwrapped first */
    assert_result(RESULT_UNSUPPORTED,
                  rtp_forward_write(&forward, &source, out, sizeof(out), &length, &patch));
    source = view_of(packet, published(packet, 77, false));
    assert_result(RESULT_UNSUPPORTED,
                  rtp_forward_write(&forward, &source, out, sizeof(out), &length, &patch));
}

static void ids_of_the_two_byte_form_are_left_out(void **state)
{
    (void)state;
    struct media_maps wide = SWAPPED;
    wide.extension_id[MEDIA_EXTENSION_MID] = 15;
    wide.extension_id[MEDIA_EXTENSION_TRANSPORT_CC] = 200;
    uint8_t packet[128], out[128];
    struct rtp_view source = view_of(packet, published(packet, 96, false));
    struct rtp_forward forward = forward_of(&PUBLISHER, &wide);
    struct rtp_patch patch;
    size_t length = 0;
    assert_result(RESULT_OK,
                  rtp_forward_write(&forward, &source, out, sizeof(out), &length, &patch));
    struct rtp_view sent = view_of(out, length);
    assert_int_equal(count_elements(&sent), 2);
    assert_int_equal(patch.transport_cc_at, 0);
}

static void nothing_is_written_past_the_place(void **state)
{
    (void)state;
    uint8_t packet[128], whole[128];
    struct rtp_view source = view_of(packet, published(packet, 96, false));
    struct rtp_forward forward = forward_of(&PUBLISHER, &SWAPPED);
    struct rtp_patch patch;
    size_t length = 0, got = 0;
    assert_result(RESULT_OK,
                  rtp_forward_write(&forward, &source, whole, sizeof(whole), &length, &patch));
    for (size_t capacity = 0; capacity <= length; capacity++) {
        uint8_t *out = exact_copy(whole, capacity); /* the sanitizer guards its end */
        assert_result(capacity < length ? RESULT_TOO_LARGE : RESULT_OK,
                      rtp_forward_write(&forward, &source, out, capacity, &got, &patch));
        free(out);
    }
}

/* Publisher → RTX of ours → unwrapped by the other side: the packet that was missed, to the byte. */
static void rtx_carries_the_packet_there_and_back(void **state)
{
    (void)state;
    uint8_t packet[128], first[128], again[128];
    struct rtp_view source = view_of(packet, published(packet, 96, true));
    struct rtp_forward forward = forward_of(&PUBLISHER, &SWAPPED);
    struct rtp_patch patch;
    size_t first_length = 0, length = 0;
    assert_result(RESULT_OK, rtp_forward_write(&forward, &source, first, sizeof(first),
                                               &first_length, &patch));
    rtp_forward_patch(first, &patch, 1, 0);
    forward.rtx = true;
    forward.original_sequence = forward.place.sequence;
    forward.place.sequence = 0x4444;
    forward.ssrc = 0x33333333;
    assert_result(RESULT_OK,
                  rtp_forward_write(&forward, &source, again, sizeof(again), &length, &patch));
    rtp_forward_patch(again, &patch, 1, 0);
    uint8_t *exact = exact_copy(again, length);
    struct rtp_view view = view_of(exact, length);
    assert_int_equal(view.payload_type, SWAPPED.rtx_payload_type[MEDIA_CODEC_VP8]);
    assert_int_equal(view.ssrc, 0x33333333);
    assert_int_equal(view.sequence, 0x4444);
    assert_result(RESULT_OK, rtp_rtx_unwrap(&SWAPPED, 0x22222222, exact, &view));
    assert_ptr_equal(view.packet.data, exact + 2);
    assert_int_equal(view.packet.length, first_length);
    assert_memory_equal(view.packet.data, first, first_length);
    free(exact);
}

static void rtx_without_an_original_is_only_a_probe(void **state)
{
    (void)state;
    uint8_t packet[64];
    size_t length = make_rtp(packet, 97, false, 1, 2, 3, 10);
    packet[0] |= 0x20;
    for (unsigned padding = 7; padding <= 10;
         padding++) { /* 3, 2, 1, 0 bytes left: an OSN alone is nothing */
        packet[length - 1] = (uint8_t)padding;
        uint8_t *exact = exact_copy(packet, length);
        struct rtp_view view = view_of(exact, length);
        assert_result(padding == 7 ? RESULT_OK : RESULT_NOT_FOUND,
                      rtp_rtx_unwrap(&PUBLISHER, 9, exact, &view));
        if (padding == 7) {
            assert_int_equal(view.payload.length, 1);
            assert_int_equal(view.padding_bytes, 0);
            assert_int_equal(view.payload_type, 96);
        }
        free(exact);
    }
    make_rtp(packet, 96, false, 1, 2, 3, 10);
    struct rtp_view view = view_of(packet, length);
    assert_result(RESULT_UNSUPPORTED, rtp_rtx_unwrap(&PUBLISHER, 9, packet, &view));
}

/* What a probe is made of: numbers and extensions like any packet, nothing to decode inside. */
static void padding_is_a_packet_without_an_original(void **state)
{
    (void)state;
    struct rtp_forward forward = forward_of(NULL, &SWAPPED);
    uint8_t place[400];
    struct rtp_patch patch;
    size_t length = 0;
    assert_result(RESULT_OK, rtp_padding_write(&forward, MEDIA_CODEC_VP8, 255, place, sizeof(place),
                                               &length, &patch));
    rtp_forward_patch(place, &patch, 0x1234, 0);
    uint8_t *exact = exact_copy(place, length);
    struct rtp_view view = view_of(exact, length);
    uint16_t number;
    assert_int_equal(view.payload.length, 0);
    assert_int_equal(view.padding_bytes, 255);
    assert_int_equal(view.payload_type, SWAPPED.rtx_payload_type[MEDIA_CODEC_VP8]);
    assert_int_equal(view.ssrc, 0x22222222);
    assert_int_equal(view.sequence, 0x7001);
    assert_true(rtp_read_transport_cc(&view, &SWAPPED, &number));
    assert_int_equal(number, 0x1234);
    assert_int_equal(count_elements(&view), 3); /* MID, transport-cc, abs-send-time */
    assert_result(RESULT_NOT_FOUND, rtp_rtx_unwrap(&SWAPPED, 9, exact, &view));
    free(exact);
    for (size_t room = 0; room < length; room++)
        assert_result(RESULT_TOO_LARGE, rtp_padding_write(&forward, MEDIA_CODEC_VP8, 255, place,
                                                          room, &length, &patch));
    assert_result(RESULT_UNSUPPORTED, rtp_padding_write(&forward, MEDIA_CODEC_OPUS, 255, place,
                                                        sizeof(place), &length, &patch));
    assert_result(RESULT_UNSUPPORTED, rtp_padding_write(&forward, MEDIA_CODEC_VP8, 0, place,
                                                        sizeof(place), &length, &patch));
}

static void capture_time_passes_and_playout_delay_is_ours(void **state)
{
    (void)state;
    struct media_maps from = PUBLISHER, to = SWAPPED;
    from.extension_id[MEDIA_EXTENSION_ABS_CAPTURE_TIME] = 7;
    to.extension_id[MEDIA_EXTENSION_ABS_CAPTURE_TIME] = 9;
    to.extension_id[MEDIA_EXTENSION_PLAYOUT_DELAY] = 8;
    for (unsigned length = 7; length <= 16; length++) {
        uint8_t packet[128], out[128];
        struct rtp_patch patch;
        struct span value;
        size_t written = 0;
        make_rtp(packet, 96, true, 500, 9000, 0x11111111, 40);
        memmove(packet + 16 + 20, packet + 12, 40);
        packet[0] |= 0x10;
        bytes_put_u32(packet + 12, 0xbede0005);
        memset(packet + 16, 0, 20);
        packet[16] = (uint8_t)(7 << 4 | (length - 1));
        for (unsigned i = 0; i < length; i++)
            packet[17 + i] = (uint8_t)(i + 1);
        struct rtp_view source = view_of(packet, 36 + 40);
        struct rtp_forward forward = forward_of(&from, &to);
        forward.playout_delay = (struct rtp_playout_delay){.minimum_ms = 230, .maximum_ms = 2000};
        assert_result(RESULT_OK,
                      rtp_forward_write(&forward, &source, out, sizeof(out), &written, &patch));
        struct rtp_view view = view_of(out, written);
        assert_int_equal(rtp_extension_find(&view, 9, &value), length == 8 || length == 16);
        if (length == 8 || length == 16)
            assert_memory_equal(value.data, packet + 17, length);
        assert_true(rtp_extension_find(&view, 8, &value));
        assert_int_equal(value.length, 3);
        assert_memory_equal(value.data, "\x01\x70\xc8", 3); /* 23 and 200 times 10 ms */
        forward.playout_delay = (struct rtp_playout_delay){0};
        assert_result(RESULT_OK,
                      rtp_forward_write(&forward, &source, out, sizeof(out), &written, &patch));
        view = view_of(out, written);
        assert_false(rtp_extension_find(&view, 8, &value));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_mapped_also_when_swapped),
        cmocka_unit_test(what_is_not_negotiated_is_not_sent),
        cmocka_unit_test(ids_of_the_two_byte_form_are_left_out),
        cmocka_unit_test(nothing_is_written_past_the_place),
        cmocka_unit_test(rtx_carries_the_packet_there_and_back),
        cmocka_unit_test(rtx_without_an_original_is_only_a_probe),
        cmocka_unit_test(padding_is_a_packet_without_an_original),
        cmocka_unit_test(capture_time_passes_and_playout_delay_is_ours),
    };
    return cmocka_run_group_tests_name("rtp_forward", tests, NULL, NULL);
}
