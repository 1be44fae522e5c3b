/* Redundant sound between two raw peers: taken off a publisher's packets, put on for a subscriber whose own line loses,
 * and never a way around the gate (P1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/clock.h"
#include "media/feedback/transport_cc.h"
#include "media/rtp/opus_red.h"
#include "tests/unit/media/media_bench.h"

#define FRAME_BYTES 60

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    bench_start(bench, "127.0.0.1");
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    bench_stop(*state);
    free(*state);
    return 0;
}

/* Sound `number` with the `older` frames before it, one byte value a frame. The sequence number is the frame's. */
static void say(struct bench_side *side, uint16_t number, unsigned older)
{
    uint8_t packet[1400], payload[600];
    struct bytes_writer writer = bytes_writer_of(payload, sizeof(payload));
    uint8_t opus = side->maps.payload_type[MEDIA_CODEC_OPUS];
    for (unsigned i = older; i > 0; i--) {
        bytes_write_u8(&writer, 0x80 | opus);
        bytes_write_u24(&writer, (i * 960) << 10 | FRAME_BYTES);
    }
    if (older > 0)
        bytes_write_u8(&writer, opus);
    for (unsigned i = older + 1; i > 0; i--) {
        uint8_t frame[FRAME_BYTES];
        memset(frame, (int)(number - i + 1), sizeof(frame));
        bytes_write(&writer, frame, sizeof(frame));
    }
    struct raw_rtp rtp = {
        .payload_type = older > 0 ? side->maps.red_payload_type : opus,
        .sequence = number,
        .timestamp = 5000 + number * 960u,
        .ssrc = side->ssrc[0],
        .payload = payload,
        .payload_length = writer.used,
    };
    struct raw_rtp_extension *mid = &rtp.extensions[0];
    mid->id = side->maps.extension_id[MEDIA_EXTENSION_MID];
    mid->length = (uint8_t)strlen(side->slots[SLOT_AUDIO_UP].mid);
    memcpy(mid->bytes, side->slots[SLOT_AUDIO_UP].mid, mid->length);
    assert_true(raw_peer_send_rtp(side->peer, packet, raw_rtp_write(&rtp, packet, sizeof(packet))));
}

static void assert_plain(const struct bench_side *physician, uint32_t index, uint16_t number,
                         uint16_t first_number)
{
    struct rtp_view view = bench_view(&physician->rtp[index]),
                    first = bench_view(&physician->rtp[0]);
    assert_int_equal(view.payload_type, physician->maps.payload_type[MEDIA_CODEC_OPUS]);
    assert_int_equal(view.payload.length, FRAME_BYTES);
    assert_int_equal(view.payload.data[0], (uint8_t)number);
    assert_int_equal((uint16_t)(view.sequence - first.sequence), (uint16_t)(number - first_number));
    assert_int_equal(view.timestamp - first.timestamp, (uint16_t)(number - first_number) * 960u);
}

static void lost_sound_comes_out_of_the_next_packet(void **state)
{
    struct bench *bench = *state;
    struct bench_side *patient = &bench->sides[PATIENT], *physician = &bench->sides[PHYSICIAN];
    bench_pair(bench, BENCH_GCM);
    bench_gates(bench, PATIENT, PHYSICIAN, true);
    say(patient, 100, 2);
    bench_expect_packets(bench, 1);
    say(patient, 103, 2); /* 101 and 102 are lost on their way here */
    bench_expect_packets(bench, 4);
    assert_plain(physician, 1, 101, 100);
    assert_plain(physician, 2, 102, 100);
    assert_plain(physician, 3, 103, 100);
    assert_int_equal(bench_counter(bench, COUNTER_media_sound_recovered), 2);
    say(patient, 102, 2); /* late after all: heard already */
    say(patient, 104, 2); /* repeats what is known */
    bench_expect_packets(bench, 5);
    bench_wait(bench, 100000);
    assert_int_equal(physician->rtp_count, 5);
    assert_plain(physician, 4, 104, 100);
    say(patient, 105, 0); /* plain in between */
    bench_expect_packets(bench, 6);
    assert_plain(physician, 5, 105, 100);
}

static void nothing_from_before_the_gate_is_repeated(void **state)
{
    struct bench *bench = *state;
    struct bench_side *patient = &bench->sides[PATIENT], *physician = &bench->sides[PHYSICIAN];
    bench_pair(bench, BENCH_GCM);
    say(patient, 100, 2);
    assert_true(bench_reaches(bench, COUNTER_media_drop_gate, 1));
    bench_gates(bench, PATIENT, PHYSICIAN, true);
    bench_wait(bench, 100000);
    say(patient, 103, 2); /* 101 and 102 were said behind the closed gate and lost */
    bench_expect_packets(bench, 1);
    say(patient, 104, 2);
    bench_expect_packets(bench, 2);
    bench_wait(bench, 100000);
    assert_int_equal(physician->rtp_count, 2);
    assert_plain(physician, 0, 103, 103);
    assert_plain(physician, 1, 104, 103);
    assert_int_equal(bench_counter(bench, COUNTER_media_sound_recovered), 0);
    /* closed and opened again: what was said while it was closed stays unsaid */
    bench_gates(bench, PATIENT, PHYSICIAN, false);
    bench_wait(bench, 100000);
    say(patient, 105, 2);
    assert_true(bench_reaches(bench, COUNTER_media_drop_gate, 2));
    bench_gates(bench, PATIENT, PHYSICIAN, true);
    bench_wait(bench, 100000);
    say(patient, 107, 2);
    bench_expect_packets(bench, 3);
    bench_wait(bench, 100000);
    assert_int_equal(physician->rtp_count, 3);
    assert_int_equal(bench_view(&physician->rtp[2]).payload.data[0], 107);
}

static void malformed_redundancy_is_counted(void **state)
{
    struct bench *bench = *state;
    struct bench_side *patient = &bench->sides[PATIENT];
    uint8_t packet[200];
    bench_pair(bench, BENCH_GCM);
    bench_gates(bench, PATIENT, PHYSICIAN, true);
    struct raw_rtp rtp = {.payload_type = patient->maps.red_payload_type,
                          .sequence = 1,
                          .ssrc = patient->ssrc[0],
                          .payload = (const uint8_t *)"\xef\x0f\xff",
                          .payload_length = 3};
    assert_true(
        raw_peer_send_rtp(patient->peer, packet, raw_rtp_write(&rtp, packet, sizeof(packet))));
    assert_true(bench_reaches(bench, COUNTER_media_drop_malformed, 1));
    say(patient, 100, 0); /* and the call goes on (P6) */
    bench_expect_packets(bench, 1);
}

/* The physician's browser tells that every fifth packet from us is lost; returns how many came with redundancy. */
static uint32_t talk_over_a_lossy_line(struct bench *bench, uint16_t first, int packets,
                                       bool losing)
{
    static struct transport_cc_recorder arrivals;
    struct bench_side *patient = &bench->sides[PATIENT], *physician = &bench->sides[PHYSICIAN];
    uint32_t redundant = 0, seen;
    transport_cc_recorder_init(&arrivals);
    bench_forget_packets(physician);
    seen = 0;
    for (int i = 0; i < packets; i++) {
        say(patient, (uint16_t)(first + i), 0);
        bench_wait(bench, 20000);
        for (; seen < physician->rtp_count; seen++) {
            struct rtp_view view = bench_view(&physician->rtp[seen]);
            uint16_t number;
            assert_true(rtp_read_transport_cc(&view, &physician->maps, &number));
            redundant += view.payload_type == physician->maps.red_payload_type;
            if (!losing || number % 5 != 0)
                transport_cc_arrived(&arrivals, number, bench_now_us());
        }
        uint8_t feedback[MEDIA_MTU];
        struct bytes_writer writer = bytes_writer_of(feedback, sizeof(feedback));
        if (i % 5 == 4 && transport_cc_write(&arrivals, 1, 2, bench_now_us(), &writer))
            assert_true(raw_peer_send_rtcp(physician->peer, feedback, writer.used));
    }
    return redundant;
}

static void own_loss_brings_redundancy(void **state)
{
    struct bench *bench = *state;
    struct bench_side *physician = &bench->sides[PHYSICIAN];
    bench_pair(bench, BENCH_GCM);
    bench_gates(bench, PATIENT, PHYSICIAN, true);
    assert_int_equal(talk_over_a_lossy_line(bench, 1000, 100, false), 0);
    uint32_t redundant = talk_over_a_lossy_line(bench, 1100, 200, true);
    assert_in_range(redundant, 1, 199);
    const struct media_event *event = bench_expect(bench, PHYSICIAN, MEDIA_EVENT_LADDER);
    assert_non_null(event);
    assert_true(event->ladder.lossy);
    struct rtp_view view = bench_view(&physician->rtp[physician->rtp_count - 1]);
    struct opus_red red;
    assert_int_equal(view.payload_type, physician->maps.red_payload_type);
    assert_int_equal(opus_red_parse(view.payload, view.timestamp,
                                    physician->maps.payload_type[MEDIA_CODEC_OPUS], &red),
                     RESULT_OK);
    assert_in_range(red.older_count, 1, OPUS_RED_DISTANCE_MAX);
    uint8_t said = red.primary.payload.data[0];
    for (uint32_t i = 0; i < red.older_count; i++) {
        assert_int_equal(red.older[i].payload.length, FRAME_BYTES);
        assert_int_equal(red.older[i].payload.data[0], (uint8_t)(said - 1 - i));
        assert_int_equal(red.older[i].timestamp, view.timestamp - (i + 1) * 960);
    }
    assert_true(bench_counter(bench, COUNTER_media_sound_redundant) >= redundant);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lost_sound_comes_out_of_the_next_packet, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_from_before_the_gate_is_repeated, setup, teardown),
        cmocka_unit_test_setup_teardown(malformed_redundancy_is_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(own_loss_brings_redundancy, setup, teardown),
    };
    return cmocka_run_group_tests_name("media_redundancy", tests, NULL, NULL);
}
