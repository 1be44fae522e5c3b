/* RTP in two modes, told by the first byte. Even: the rest is one packet, through parser, extensions, payload inspection,
 * RTX unwrapping and forwarding. Odd: the rest is a sequence of operations on the engines that keep state (receive
 * statistics, ring, rewriter, NACK generator, frame tracker, retransmitter), with their promises checked after each. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "media/feedback/nack_generator.h"
#include "media/feedback/receive_stats.h"
#include "media/feedback/retransmitter.h"
#include "media/rtp/frame_tracker.h"
#include "media/rtp/packet_ring.h"
#include "media/rtp/rtp_forward.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct media_maps FROM = {
    .payload_type = {[MEDIA_CODEC_OPUS] = 111, [MEDIA_CODEC_VP8] = 96, [MEDIA_CODEC_H264] = 102},
    .rtx_payload_type = {[MEDIA_CODEC_VP8] = 97, [MEDIA_CODEC_H264] = 103},
    .extension_id = {1, 2, 3, 4}};
static const struct media_maps TO = {
    .payload_type = {[MEDIA_CODEC_OPUS] = 96, [MEDIA_CODEC_VP8] = 111, [MEDIA_CODEC_H264] = 103},
    .rtx_payload_type = {[MEDIA_CODEC_VP8] = 102, [MEDIA_CODEC_H264] = 97},
    .extension_id = {4, 3, 2, 1}};

static void inside(struct span part, struct span whole)
{
    CHECK(part.length == 0 ||
          (part.data >= whole.data && part.data + part.length <= whole.data + whole.length));
}

static void forward(const struct rtp_view *view, bool rtx)
{
    struct rtp_forward how = {.from = &FROM, .to = &TO, .mid = "0", .ssrc = 7, .rtx = rtx};
    struct rtp_patch patch;
    struct rtp_view out_view;
    uint8_t out[2048];
    size_t length = 0;
    if (!result_ok(rtp_forward_write(&how, view, out, sizeof(out), &length, &patch)))
        return;
    rtp_forward_patch(out, &patch, 0x1234, 99);
    CHECK(result_ok(rtp_parse(span_of(out, length), &out_view)));
    CHECK(out_view.payload.length == view->payload.length + (rtx ? 2 : 0));
    uint16_t number = 0;
    CHECK(rtp_read_transport_cc(&out_view, &TO, &number) && number == 0x1234);
    if (rtx && result_ok(rtp_rtx_unwrap(&TO, 8, out, &out_view))) {
        CHECK(out_view.payload.length == view->payload.length);
        CHECK(memcmp(out_view.payload.data, view->payload.data, view->payload.length) == 0);
    }
}

static void one_packet(const uint8_t *data, size_t size)
{
    struct rtp_view view;
    uint8_t *packet = malloc(size + 1);
    CHECK(packet != NULL);
    memcpy(packet, data, size);
    struct span whole = span_of(packet, size);
    (void)datagram_classify(whole);
    if (result_ok(rtp_parse(whole, &view))) {
        struct rtp_extension_reader reader = rtp_extension_reader_of(&view);
        struct rtp_payload_info info;
        struct span value;
        char mid[MEDIA_MID_SIZE];
        uint8_t id;
        while (rtp_extension_next(&reader, &id, &value))
            inside(value, view.extensions);
        inside(view.extensions, whole);
        inside(view.payload, whole);
        if (rtp_read_mid(&view, &FROM, mid))
            CHECK(mid[0] != '\0' && strnlen(mid, sizeof(mid)) < sizeof(mid));
        for (int codec = MEDIA_CODEC_NONE; codec < MEDIA_CODEC_COUNT; codec++)
            CHECK(result_ok(rtp_payload_inspect((enum media_codec)codec, view.payload, &info)) ||
                  !(info.frame_start || info.keyframe || info.discardable));
        forward(&view, false);
        forward(&view, true);
        if (result_ok(rtp_rtx_unwrap(&FROM, 9, packet, &view)))
            inside(view.packet, whole);
    }
    free(packet);
}

struct engines {
    struct receive_stats stats;
    struct nack_generator nack;
    struct frame_tracker tracker;
    struct retransmitter repeats;
    struct packet_pool *pool;
    struct packet_ring *ring;
    struct rtp_rewriter *rewriter;
    int64_t now_us, highest;
    uint16_t last_out;
    uint32_t frames, packets;
};

static void arrive(struct engines *e, uint16_t sequence, uint8_t flags)
{
    uint8_t bytes[40];
    size_t length = 12 + (flags >> 4);
    memset(bytes, (int)(sequence & 0xff), sizeof(bytes));
    struct received received =
        (flags & 8) != 0
            ? receive_stats_repaired(&e->stats, sequence)
            : receive_stats_packet(&e->stats, sequence, sequence * 10u, length, e->now_us);
    if (received.verdict == RECEIVE_DUPLICATE || received.verdict == RECEIVE_JUMP)
        return;
    CHECK(received.sequence > 0 && (uint16_t)received.sequence == sequence);
    if (received.verdict == RECEIVE_RESTART) {
        packet_ring_restart(e->ring);
        rtp_rewriter_restart(e->rewriter, (flags & 1) != 0);
        nack_generator_restart(&e->nack);
        frame_tracker_restart(&e->tracker);
    }
    CHECK(received.verdict == RECEIVE_LATE || received.sequence > e->highest);
    e->highest = received.sequence > e->highest ? received.sequence : e->highest;
    struct rtp_payload_info info = {.frame_start = (flags & 2) != 0, .keyframe = (flags & 4) != 0};
    struct rtp_source source = {
        .sequence = received.sequence, .timestamp = sequence / 3u, .keyframe = info.keyframe};
    nack_generator_packet(&e->nack, received.sequence, info.keyframe, e->now_us);
    e->frames += frame_tracker_packet(&e->tracker, received.sequence, sequence / 3u,
                                      (flags & 1) != 0, &info);
    CHECK(e->frames <= ++e->packets);
    enum result stored = packet_ring_store(e->ring, received.sequence, span_of(bytes, length),
                                           500000, e->now_us, &source.packet);
    CHECK(stored != RESULT_EXISTS && stored != RESULT_TOO_LARGE);
    struct rtp_place place;
    if (result_ok(rtp_rewriter_map(e->rewriter, &source, e->now_us, &place))) {
        e->last_out = place.sequence;
        retransmitter_count(&e->repeats, length, e->now_us);
    }
}

static void repeat(struct engines *e, uint16_t back)
{
    struct rtp_sent sent;
    struct span packet;
    uint16_t number, wanted = (uint16_t)(e->last_out - back);
    if (!result_ok(
            retransmitter_take(&e->repeats, e->rewriter, wanted, 1000, e->now_us, &sent, &number)))
        return;
    CHECK(sent.place.sequence == wanted);
    if (result_ok(packet_ring_get(e->ring, sent.packet, &packet)))
        CHECK(packet.length >= 12 && packet.length <= 40);
}

static void ask(struct engines *e, size_t max)
{
    uint16_t lost[64];
    size_t count = nack_generator_collect(&e->nack, 1000, e->now_us, lost, max % 64);
    CHECK(count <= max % 64);
    for (size_t i = 1; i < count; i++)
        CHECK((uint16_t)(lost[i] - lost[i - 1]) < 0x8000 && lost[i] != lost[i - 1]);
    for (size_t i = 0; i < count; i++) {
        struct packet_handle handle; /* what is asked for is not here */
        int64_t sequence = e->highest - (uint16_t)((uint16_t)e->highest - lost[i]);
        CHECK(!result_ok(packet_ring_find(e->ring, sequence, &handle)));
    }
}

static void control(struct engines *e, uint8_t what)
{
    struct rtcp_report_block block;
    switch (what % 6) {
    case 0:
        rtp_rewriter_start(e->rewriter, (what & 0x80) != 0);
        break;
    case 1:
        rtp_rewriter_hold(e->rewriter);
        CHECK(rtp_rewriter_sent(e->rewriter, e->last_out) == NULL);
        break;
    case 2:
        rtp_rewriter_switch(e->rewriter, (what & 0x80) != 0);
        break;
    case 3:
        packet_ring_clear(e->ring);
        break;
    case 4:
        if (receive_stats_report(&e->stats, e->now_us, &block))
            CHECK(block.lost >= -0x800000 && block.lost <= 0x7fffff);
        break;
    default:
        e->now_us += (int64_t)what * 100000;
        break;
    }
}

static void operations(const uint8_t *data, size_t size)
{
    static struct engines zero;
    struct engines *e = malloc(sizeof(*e));
    CHECK(e != NULL);
    *e = zero;
    e->now_us = 1;
    receive_stats_init(&e->stats, 1, 90000);
    nack_generator_init(&e->nack);
    frame_tracker_init(&e->tracker);
    retransmitter_init(&e->repeats, 5);
    CHECK(result_ok(packet_pool_new(2, &e->pool)));
    CHECK(result_ok(packet_ring_new(e->pool, 64, 2, &e->ring)));
    CHECK(result_ok(rtp_rewriter_new(90000, 64, 12345, &e->rewriter)));
    struct bytes_reader reader = bytes_reader_of(span_of(data, size));
    uint8_t operation, flags;
    uint16_t value, sequence = 0;
    while (bytes_read_u8(&reader, &operation) && bytes_read_u16(&reader, &value) &&
           bytes_read_u8(&reader, &flags)) {
        e->now_us += 1 + operation * 10;
        if (operation < 128)
            arrive(e, sequence = (uint16_t)(sequence + 1 + (int8_t)value), flags);
        else if (operation < 160)
            arrive(e, sequence = value, flags);
        else if (operation < 200)
            repeat(e, value);
        else if (operation < 230)
            ask(e, value);
        else
            control(e, flags);
    }
    packet_ring_free(e->ring);
    packet_pool_free(e->pool);
    rtp_rewriter_free(e->rewriter);
    free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 65536)
        return 0;
    if ((data[0] & 1) == 0)
        one_packet(data + 1, size - 1);
    else
        operations(data + 1, size - 1);
    return 0;
}
