/* The whole chain on virtual time: a publisher, two lossy and reordering legs with SRTP on both, the gateway's engines
 * between them, a subscriber. After every run: what arrived is what was sent, on one continuous line; what was lost was
 * repaired; what came while the gate was closed reached nobody, not even by NACK. */
#include "tests/unit/media_core/support.h"

#include "gateway/base/clock.h"
#include "media/feedback/keyframe_request.h"
#include "media/feedback/nack_generator.h"
#include "media/feedback/receive_stats.h"
#include "media/feedback/rtcp_write.h"
#include "media/feedback/retransmitter.h"
#include "media/rtp/frame_tracker.h"
#include "media/rtp/packet_ring.h"
#include "media/rtp/rtp_forward.h"
#include "media/srtp/srtp.h"
#include "tests/netsim/link.h"

#define MS US_PER_MS
enum { PACKETS_MAX = 200000, HISTORY = 2048 };
#define UDP_OVER_IPV4 28
enum ssrc { SSRC_UP = 0x1111, SSRC_UP_RTX = 0x1112, SSRC_DOWN = 0x2221, SSRC_DOWN_RTX = 0x2222 };

static const struct media_maps UP = {
    .payload_type = {[MEDIA_CODEC_VP8] = 96, [MEDIA_CODEC_H264] = 98},
    .rtx_payload_type = {[MEDIA_CODEC_VP8] = 97, [MEDIA_CODEC_H264] = 99},
    .extension_id = {[MEDIA_EXTENSION_MID] = 1, [MEDIA_EXTENSION_TRANSPORT_CC] = 2}};
static const struct media_maps DOWN = {
    .payload_type = {[MEDIA_CODEC_VP8] = 98, [MEDIA_CODEC_H264] = 96},
    .rtx_payload_type = {[MEDIA_CODEC_VP8] = 99, [MEDIA_CODEC_H264] = 97},
    .extension_id = {[MEDIA_EXTENSION_MID] = 2, [MEDIA_EXTENSION_TRANSPORT_CC] = 1}};

struct leg {
    struct srtp_context *seal, *open;
    struct link *link;
};

enum { LEG_UP, LEG_UP_BACK, LEG_DOWN, LEG_DOWN_BACK, LEGS };

struct simulation {
    struct chance chance;
    int64_t now_us;
    struct leg legs[LEGS];
    /* publisher */
    uint16_t first_number;
    uint32_t sent_count; /* packets of the primary stream; also the index in each payload */
    uint16_t rtx_number;
    bool keyframe_asked;
    uint32_t frames_sent;
    uint8_t history[HISTORY][1500];
    size_t history_length[HISTORY];
    /* gateway */
    struct receive_stats stats;
    struct nack_generator nack;
    struct frame_tracker tracker;
    struct keyframe_request keyframe;
    struct packet_pool *pool;
    struct packet_ring *ring;
    struct rtp_rewriter *rewriter;
    struct retransmitter repeats;
    bool gate_open;
    uint32_t frames_whole, repeats_sent;
    uint16_t transport_number;
    /* subscriber */
    struct receive_stats down_stats;
    struct nack_generator down_nack;
    uint32_t delivered, delivered_by_repeat;
    int64_t line; /* outgoing extended number minus index; changes only with the gate */
    uint32_t lines;
};

static bool *came_open;  /* by index: reached the gateway while the gate was open */
static bool *came_down;  /* by index: delivered to the subscriber */
static int64_t *line_of; /* by index */

static void leg_send(struct simulation *s, int leg, const uint8_t *bytes, size_t length)
{
    link_push(s->legs[leg].link, span_of(bytes, length), true, s->now_us);
}

static void send_rtp(struct simulation *s, int leg, uint8_t *bytes, size_t length)
{
    assert_result(RESULT_OK, srtp_seal(s->legs[leg].seal, bytes, &length, 1500));
    leg_send(s, leg, bytes, length);
}

static void send_rtcp(struct simulation *s, int leg, struct bytes_writer *writer)
{
    size_t length = writer->used;
    assert_false(writer->overflowed);
    assert_result(RESULT_OK, srtcp_seal(s->legs[leg].seal, writer->start, &length, writer->size));
    leg_send(s, leg, writer->start, length);
}

/* ---- publisher ---- */

static void publisher_frame(struct simulation *s)
{
    bool key = s->frames_sent == 0 || s->keyframe_asked;
    uint32_t packets = 1 + chance_below(&s->chance, 8);
    s->keyframe_asked = false;
    for (uint32_t i = 0; i < packets; i++) {
        uint8_t packet[1500];
        size_t length =
            make_rtp(packet, 96, i + 1 == packets, (uint16_t)(s->first_number + s->sent_count),
                     s->frames_sent * 3000, SSRC_UP, 7 + chance_below(&s->chance, 200));
        packet[12] = i == 0 ? 0x10 : 0x00;
        packet[13] = key ? 0x00 : 0x01;
        bytes_put_u32(packet + 14, s->sent_count);
        memcpy(s->history[s->sent_count % HISTORY], packet, length);
        s->history_length[s->sent_count % HISTORY] = length;
        s->sent_count++;
        assert_true(s->sent_count < PACKETS_MAX);
        send_rtp(s, LEG_UP, packet, length);
    }
    s->frames_sent++;
}

static void publisher_repeat(struct simulation *s, uint16_t sequence)
{
    uint32_t back = (uint16_t)(s->first_number + s->sent_count - 1 - sequence);
    if (back >= HISTORY || back >= s->sent_count)
        return;
    const uint8_t *original = s->history[(s->sent_count - 1 - back) % HISTORY];
    size_t length = s->history_length[(s->sent_count - 1 - back) % HISTORY];
    uint8_t packet[1500];
    memcpy(packet, original, 12);
    packet[1] = (uint8_t)((original[1] & 0x80) | 97);
    bytes_put_u16(packet + 2, s->rtx_number++);
    bytes_put_u32(packet + 8, SSRC_UP_RTX);
    bytes_put_u16(packet + 12, sequence);
    memcpy(packet + 14, original + 12, length - 12);
    send_rtp(s, LEG_UP, packet, length + 2);
}

static void publisher_rtcp(struct simulation *s, struct span plain)
{
    struct rtcp_reader reader;
    struct rtcp_item item;
    assert_result(RESULT_OK, rtcp_reader_init(&reader, plain));
    while (rtcp_next(&reader, &item)) {
        struct rtcp_nack_cursor cursor = {0};
        uint16_t sequence;
        if (item.kind == RTCP_KIND_PLI)
            s->keyframe_asked = true;
        while (rtcp_nack_next(&item, &cursor, &sequence))
            publisher_repeat(s, sequence);
    }
}

/* ---- gateway ---- */

static void gateway_forward(struct simulation *s, const struct rtp_view *view,
                            const struct rtp_source *source)
{
    struct rtp_place place;
    if (!s->gate_open || !result_ok(rtp_rewriter_map(s->rewriter, source, s->now_us, &place)))
        return;
    struct rtp_forward forward = {
        .from = &UP, .to = &DOWN, .mid = "v", .ssrc = SSRC_DOWN, .place = place};
    struct rtp_patch patch;
    uint8_t out[1500];
    size_t length = 0;
    assert_result(RESULT_OK, rtp_forward_write(&forward, view, out, sizeof(out), &length, &patch));
    rtp_forward_patch(out, &patch, s->transport_number++, s->now_us);
    retransmitter_count(&s->repeats, length, s->now_us);
    send_rtp(s, LEG_DOWN, out, length);
}

static void gateway_rtp(struct simulation *s, uint8_t *bytes, size_t length)
{
    struct rtp_view view;
    struct received received;
    assert_result(RESULT_OK, rtp_parse(span_of(bytes, length), &view));
    if (view.ssrc == SSRC_UP_RTX) {
        assert_result(RESULT_OK, rtp_rtx_unwrap(&UP, SSRC_UP, bytes, &view));
        received = receive_stats_repaired(&s->stats, view.sequence);
    } else {
        received =
            receive_stats_packet(&s->stats, view.sequence, view.timestamp, length, s->now_us);
    }
    if (received.verdict != RECEIVE_NEW && received.verdict != RECEIVE_LATE)
        return;
    struct rtp_payload_info info;
    assert_result(RESULT_OK, rtp_payload_inspect(MEDIA_CODEC_VP8, view.payload, &info));
    nack_generator_packet(&s->nack, received.sequence, info.keyframe, s->now_us);
    s->frames_whole +=
        frame_tracker_packet(&s->tracker, received.sequence, view.timestamp, view.marker, &info);
    keyframe_request_packet(&s->keyframe, info.keyframe, view.timestamp, length, s->now_us);
    came_open[bytes_get_u32(view.payload.data + 2)] = s->gate_open;
    if (!s->gate_open)
        return;
    struct rtp_source source = {
        .sequence = received.sequence, .timestamp = view.timestamp, .keyframe = info.keyframe};
    assert_result(RESULT_OK, packet_ring_store(s->ring, received.sequence, view.packet,
                                               MEDIA_HISTORY_MOST_US, s->now_us, &source.packet));
    gateway_forward(s, &view, &source);
}

static void gateway_repeat(struct simulation *s, uint16_t sequence)
{
    struct rtp_sent sent;
    struct span packet;
    struct rtp_view view;
    struct rtp_forward forward = {.from = &UP,
                                  .to = &DOWN,
                                  .mid = "v",
                                  .ssrc = SSRC_DOWN_RTX,
                                  .rtx = true,
                                  .original_sequence = sequence};
    if (!result_ok(retransmitter_take(&s->repeats, s->rewriter, sequence, 60 * MS, s->now_us, &sent,
                                      &forward.place.sequence)) ||
        !result_ok(packet_ring_get(s->ring, sent.packet, &packet)))
        return;
    assert_result(RESULT_OK, rtp_parse(packet, &view));
    forward.place.timestamp = sent.place.timestamp;
    struct rtp_patch patch;
    uint8_t out[1500];
    size_t length = 0;
    assert_result(RESULT_OK, rtp_forward_write(&forward, &view, out, sizeof(out), &length, &patch));
    rtp_forward_patch(out, &patch, s->transport_number++, s->now_us);
    retransmitter_sent(&s->repeats, length);
    s->repeats_sent++;
    send_rtp(s, LEG_DOWN, out, length);
}

static void gateway_rtcp(struct simulation *s, struct span plain)
{
    struct rtcp_reader reader;
    struct rtcp_item item;
    assert_result(RESULT_OK, rtcp_reader_init(&reader, plain));
    while (rtcp_next(&reader, &item)) {
        struct rtcp_nack_cursor cursor = {0};
        uint16_t sequence;
        if (item.kind == RTCP_KIND_PLI)
            keyframe_request_want(&s->keyframe);
        while (rtcp_nack_next(&item, &cursor, &sequence))
            gateway_repeat(s, sequence);
    }
}

/* What both receivers do on their timers: ask for what is missing. */
static void ask(struct simulation *s, int leg, struct nack_generator *nack, uint32_t media_ssrc,
                bool pli)
{
    uint16_t lost[RTCP_NACKS_MAX];
    uint8_t place[1400];
    struct bytes_writer writer = bytes_writer_of(place, sizeof(place));
    size_t count = nack_generator_collect(nack, 60 * MS, s->now_us, lost, RTCP_NACKS_MAX);
    if (count > 0)
        rtcp_write_nack(&writer, 0x9999, media_ssrc, lost, count);
    if (pli)
        rtcp_write_pli(&writer, 0x9999, media_ssrc);
    if (writer.used > 0)
        send_rtcp(s, leg, &writer);
}

static void gateway_tick(struct simulation *s)
{
    if (nack_generator_take_gave_up(&s->nack) ||
        (s->gate_open && rtp_rewriter_wants_keyframe(s->rewriter)))
        keyframe_request_want(&s->keyframe);
    ask(s, LEG_UP_BACK, &s->nack, SSRC_UP, keyframe_request_take(&s->keyframe, 0, s->now_us));
}

/* ---- subscriber ---- */

static void subscriber_rtp(struct simulation *s, uint8_t *bytes, size_t length)
{
    struct rtp_view view;
    struct received received;
    assert_result(RESULT_OK, rtp_parse(span_of(bytes, length), &view));
    bool repeat = view.ssrc == SSRC_DOWN_RTX;
    if (repeat) {
        assert_result(RESULT_OK, rtp_rtx_unwrap(&DOWN, SSRC_DOWN, bytes, &view));
        received = receive_stats_repaired(&s->down_stats, view.sequence);
    } else {
        received =
            receive_stats_packet(&s->down_stats, view.sequence, view.timestamp, length, s->now_us);
    }
    assert_int_equal(view.payload_type, 98);
    assert_int_not_equal(received.verdict,
                         RECEIVE_JUMP); /* the stream never jumps, whatever the gate does */
    assert_int_not_equal(received.verdict, RECEIVE_RESTART);
    if (received.verdict == RECEIVE_DUPLICATE)
        return;
    nack_generator_packet(&s->down_nack, received.sequence, false, s->now_us);
    uint32_t index = bytes_get_u32(view.payload.data + 2);
    assert_true(index < s->sent_count);
    assert_true(came_open[index]); /* P1 */
    assert_false(came_down[index]);
    const uint8_t *original = s->history[index % HISTORY];
    assert_int_equal(view.payload.length, s->history_length[index % HISTORY] - 12);
    assert_memory_equal(view.payload.data, original + 12, view.payload.length);
    assert_int_equal(view.marker, original[1] >> 7);
    came_down[index] = true;
    line_of[index] = received.sequence - index;
    s->delivered++;
    s->delivered_by_repeat += repeat;
}

/* ---- the world ---- */

static void leg_deliver(struct simulation *s, int leg_index)
{
    struct leg *leg = &s->legs[leg_index];
    struct span packet;
    while (link_pop(leg->link, s->now_us, &packet)) {
        uint8_t *exact = exact_copy(packet.data, packet.length);
        size_t length = packet.length;
        bool rtcp = datagram_classify(span_of(exact, length)) == DATAGRAM_RTCP;
        enum result result =
            rtcp ? srtcp_open(leg->open, exact, &length) : srtp_open(leg->open, exact, &length);
        if (!result_ok(result))
            assert_result(RESULT_REPLAY, result); /* the link's doubles */
        else if (leg_index == LEG_UP)
            gateway_rtp(s, exact, length);
        else if (leg_index == LEG_UP_BACK)
            publisher_rtcp(s, span_of(exact, length));
        else if (leg_index == LEG_DOWN)
            subscriber_rtp(s, exact, length);
        else
            gateway_rtcp(s, span_of(exact, length));
        free(exact);
    }
}

/* What every leg of these runs does besides its losses. */
static struct link_settings lively(uint32_t loss_percent, int64_t delay_us)
{
    return (struct link_settings){.delay_us = delay_us,
                                  .jitter_us = 2 * MS,
                                  .loss_ppm = loss_percent * 10000,
                                  .duplicate_ppm = 10000,
                                  .reorder_ppm = 300000,
                                  .reorder_us = 3 * MS};
}

static struct simulation *simulation_new(uint64_t seed, const struct link_settings *settings)
{
    struct simulation *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    s->chance.state = seed;
    s->now_us = US_PER_S;
    s->first_number = (uint16_t)chance_below(&s->chance, 0x7fff);
    s->rtx_number = (uint16_t)chance_below(&s->chance, 0x7fff);
    for (int leg = 0; leg < LEGS; leg++) {
        uint8_t key[28];
        for (size_t i = 0; i < sizeof(key); i++)
            key[i] = (uint8_t)chance_next(&s->chance);
        assert_result(RESULT_OK,
                      srtp_context_new(SRTP_PROFILE_AEAD_AES_128_GCM, span_of(key, 28), SRTP_SEND,
                                       SRTP_BACKEND_AUTO, &s->legs[leg].seal));
        assert_result(RESULT_OK,
                      srtp_context_new(SRTP_PROFILE_AEAD_AES_128_GCM, span_of(key, 28),
                                       SRTP_RECEIVE, SRTP_BACKEND_AUTO, &s->legs[leg].open));
        s->legs[leg].link = link_new(chance_next(&s->chance), UDP_OVER_IPV4);
        assert_non_null(s->legs[leg].link);
        link_set(s->legs[leg].link, settings, s->now_us);
    }
    receive_stats_init(&s->stats, SSRC_UP, 90000);
    receive_stats_init(&s->down_stats, SSRC_DOWN, 90000);
    nack_generator_init(&s->nack);
    nack_generator_init(&s->down_nack);
    frame_tracker_init(&s->tracker);
    keyframe_request_init(&s->keyframe);
    retransmitter_init(&s->repeats, chance_next(&s->chance));
    assert_result(RESULT_OK, packet_pool_new(MEDIA_RING_VIDEO_BLOCKS, &s->pool));
    assert_result(RESULT_OK, packet_ring_new(s->pool, MEDIA_RING_VIDEO_PACKETS,
                                             MEDIA_RING_VIDEO_BLOCKS, &s->ring));
    assert_result(RESULT_OK, rtp_rewriter_new(90000, MEDIA_RING_VIDEO_PACKETS,
                                              chance_next(&s->chance), &s->rewriter));
    came_open = calloc(PACKETS_MAX, sizeof(*came_open));
    came_down = calloc(PACKETS_MAX, sizeof(*came_down));
    line_of = calloc(PACKETS_MAX, sizeof(*line_of));
    assert_true(came_open != NULL && came_down != NULL && line_of != NULL);
    return s;
}

static void simulation_free(struct simulation *s)
{
    for (int leg = 0; leg < LEGS; leg++) {
        srtp_context_free(s->legs[leg].seal);
        srtp_context_free(s->legs[leg].open);
        link_free(s->legs[leg].link);
    }
    packet_ring_free(s->ring);
    packet_pool_free(s->pool);
    rtp_rewriter_free(s->rewriter);
    free(came_open);
    free(came_down);
    free(line_of);
    free(s);
}

static void set_gate(struct simulation *s, bool open)
{
    s->gate_open = open;
    if (open) {
        rtp_rewriter_start(s->rewriter, true);
        return;
    }
    rtp_rewriter_hold(s->rewriter);
    packet_ring_clear(s->ring);
}

static void run(struct simulation *s, int64_t duration_us, bool sending)
{
    int64_t end_us = s->now_us + duration_us;
    for (; s->now_us < end_us; s->now_us += MS) {
        if (sending && s->now_us / MS % 10 == 0) /* 100 frames a second: the wrap comes sooner */
            publisher_frame(s);
        for (int leg = 0; leg < LEGS; leg++)
            leg_deliver(s, leg);
        gateway_tick(s);
        if (s->now_us / MS % 5 == 0)
            ask(s, LEG_DOWN_BACK, &s->down_nack, SSRC_DOWN,
                nack_generator_take_gave_up(&s->down_nack));
    }
}

static void clean_links_deliver_all_over_the_wrap(void **state)
{
    (void)state;
    struct link_settings settings = lively(0, 20 * MS);
    struct simulation *s = simulation_new(test_seed(81), &settings);
    set_gate(s, true);
    run(s, 200 * US_PER_S, true);
    run(s, US_PER_S, false);
    assert_true(s->sent_count > 0x10000 + 5000); /* or the wrap was not seen */
    /* The first keyframe's first packet may come behind its second: those few are not forwarded. */
    assert_in_range(s->sent_count - s->delivered, 0, 8);
    assert_int_equal(s->frames_whole, s->frames_sent);
    for (uint32_t i = 0; i < s->sent_count; i++)
        assert_true(!came_down[i] || line_of[i] == line_of[s->sent_count - 1]);
    simulation_free(s);
}

static void losses_on_both_legs_are_repaired(void **state)
{
    (void)state;
    struct chance seeds = {test_seed(82)};
    for (uint32_t loss = 1; loss <= 7; loss += 3) {
        struct link_settings settings = lively(loss, 25 * MS);
        struct simulation *s = simulation_new(chance_next(&seeds), &settings);
        set_gate(s, true);
        run(s, 40 * US_PER_S, true);
        run(s, 2 * US_PER_S, false);
        uint32_t missing = s->sent_count - s->delivered;
        printf("loss %u%% on each leg: %u sent, %u missing, %u repeats, %u of %u frames whole\n",
               loss, s->sent_count, missing, s->repeats_sent, s->frames_whole, s->frames_sent);
        assert_true(s->delivered_by_repeat > s->sent_count * loss / 200);
        assert_true(missing * 100 < s->sent_count); /* under 1 % whatever the loss */
        assert_true(s->frames_whole * 100ull >= s->frames_sent * 99ull);
        simulation_free(s);
    }
}

static void bursts_and_a_cut_are_survived(void **state)
{
    (void)state;
    struct chance seeds = {test_seed(84)};
    for (int round = 0; round < 3; round++) {
        struct link_settings settings = lively(0, 40 * MS), cut;
        settings.burst_ppm = 40000;
        settings.burst_length = 8;
        struct simulation *s = simulation_new(chance_next(&seeds), &settings);
        set_gate(s, true);
        run(s, 20 * US_PER_S, true);
        assert_true((s->sent_count - s->delivered) * 50 < s->sent_count);
        cut = settings;
        cut.cut = true;
        for (int leg = 0; leg < LEGS; leg++)
            link_set(s->legs[leg].link, &cut, s->now_us);
        run(s, 3 * US_PER_S, true);
        uint32_t before = s->delivered, frames = s->frames_whole;
        for (int leg = 0; leg < LEGS; leg++)
            link_set(s->legs[leg].link, &settings, s->now_us);
        run(s, 5 * US_PER_S, true);
        printf("after the cut: %u packets and %u frames in 5 s\n", s->delivered - before,
               s->frames_whole - frames);
        assert_true(s->delivered - before > 1500 && s->frames_whole - frames > 350);
        simulation_free(s);
    }
}

static void a_closed_gate_lets_nothing_through(void **state)
{
    (void)state;
    struct chance seeds = {test_seed(83)};
    for (int round = 0; round < 5; round++) {
        struct link_settings settings = lively(5, 30 * MS);
        struct simulation *s = simulation_new(chance_next(&seeds), &settings);
        run(s, 2 * US_PER_S, true); /* waiting: transport is there, the gate is closed */
        assert_int_equal(s->delivered, 0);
        assert_true(s->frames_whole > 0);
        for (int i = 0; i < 5; i++) {
            uint32_t before = s->delivered;
            set_gate(s, true);
            run(s, US_PER_S + chance_below(&s->chance, 3000000), true);
            assert_true(s->delivered > before); /* a keyframe was asked for and came */
            set_gate(s, false);
            run(s, chance_below(&s->chance, 6000000), true);
        }
        uint32_t held = 0;
        for (uint32_t i = 0; i < s->sent_count; i++)
            held += !came_open[i];
        assert_true(held > 100);
        simulation_free(s); /* that none of them was delivered was asserted packet by packet */
    }
}

static int start(void **state)
{
    (void)state;
    return result_ok(srtp_library_start()) ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    srtp_library_stop();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_links_deliver_all_over_the_wrap),
        cmocka_unit_test(losses_on_both_legs_are_repaired),
        cmocka_unit_test(bursts_and_a_cut_are_survived),
        cmocka_unit_test(a_closed_gate_lets_nothing_through),
    };
    return cmocka_run_group_tests_name("relay_simulation", tests, start, stop);
}
