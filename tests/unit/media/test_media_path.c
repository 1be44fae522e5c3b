/* The walk of a packet between two raw peers: rewriting, repair, keyframes, reports, evidence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "media/feedback/rtcp.h"
#include "media/feedback/rtcp_write.h"
#include "media/rtp/rtp_payload.h"
#include "tests/unit/media/media_bench.h"

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

static void packets_wear_the_subscribers_numbers(void **state)
{
    struct bench *bench = *state;
    struct bench_side *patient = &bench->sides[PATIENT], *physician = &bench->sides[PHYSICIAN];
    bench_pair(bench, BENCH_GCM);
    bench_open_with_keyframe(bench);
    bench_send_audio(patient);
    bench_send_audio(patient);
    bench_send_video(patient, false);
    bench_expect_packets(bench, 4);
    uint16_t numbers[4];
    uint32_t audio = 0;
    uint16_t audio_sequence = 0;
    uint32_t audio_timestamp = 0;
    for (unsigned i = 0; i < 4; i++) {
        struct rtp_view view = bench_view(&physician->rtp[i]);
        bool sound = view.payload_type == physician->maps.payload_type[MEDIA_CODEC_OPUS];
        const struct media_slot *slot =
            &physician->slots[sound ? SLOT_AUDIO_DOWN : SLOT_VIDEO_DOWN];
        char mid[MEDIA_MID_SIZE];
        assert_int_equal(view.ssrc, slot->ssrc);
        assert_true(rtp_read_mid(&view, &physician->maps, mid));
        assert_string_equal(mid, slot->mid);
        assert_true(rtp_read_transport_cc(&view, &physician->maps, &numbers[i]));
        struct span level;
        bool has_level = rtp_extension_find(
            &view, physician->maps.extension_id[MEDIA_EXTENSION_AUDIO_LEVEL], &level);
        assert_int_equal(has_level, sound);
        if (!sound) {
            assert_int_equal(view.payload_type, physician->maps.payload_type[MEDIA_CODEC_VP8]);
            assert_int_equal(view.payload.length, 900);
            continue;
        }
        assert_int_equal(level.data[0], 0x85);
        assert_int_equal(view.payload.length, 80);
        if (audio++ > 0) {
            assert_int_equal((uint16_t)(view.sequence - audio_sequence), 1);
            assert_int_equal(view.timestamp - audio_timestamp, 960);
        }
        audio_sequence = view.sequence;
        audio_timestamp = view.timestamp;
    }
    assert_int_equal(audio, 2);
    for (unsigned i = 1; i < 4; i++) /* one row over sound and picture */
        assert_int_equal((uint16_t)(numbers[i] - numbers[i - 1]), 1);
}

static void lost_packets_come_again_over_rtx(void **state)
{
    struct bench *bench = *state;
    struct bench_side *patient = &bench->sides[PATIENT], *physician = &bench->sides[PHYSICIAN];
    bench_pair(bench, BENCH_GCM);
    bench_open_with_keyframe(bench);
    for (int i = 0; i < 9; i++)
        bench_send_video(patient, false);
    bench_expect_packets(bench, 10);
    const struct media_slot *slot = &physician->slots[SLOT_VIDEO_DOWN];
    uint16_t missed[2] = {bench_view(&physician->rtp[3]).sequence,
                          bench_view(&physician->rtp[7]).sequence};
    uint8_t nack[64];
    size_t length = raw_rtcp_nack(1, slot->ssrc, missed, 2, nack, sizeof(nack));
    assert_true(raw_peer_send_rtcp(physician->peer, nack, length));
    bench_expect_packets(bench, 12);
    for (unsigned i = 0; i < 2; i++) {
        struct rtp_view view = bench_view(&physician->rtp[10 + i]);
        struct rtp_view original = bench_view(&physician->rtp[i == 0 ? 3 : 7]);
        assert_int_equal(view.payload_type, physician->maps.rtx_payload_type[MEDIA_CODEC_VP8]);
        assert_int_equal(view.ssrc, slot->rtx_ssrc);
        assert_int_equal(view.timestamp, original.timestamp);
        assert_int_equal(bytes_get_u16(view.payload.data), missed[i]); /* OSN, RFC 4588 §4 */
        assert_int_equal(view.payload.length, original.payload.length + 2);
        assert_memory_equal(view.payload.data + 2, original.payload.data, original.payload.length);
    }
    assert_int_equal(bench_counter(bench, COUNTER_media_retransmitted), 2);
    /* after the gate has closed nothing that was sent before can be had again */
    bench_gates(bench, PATIENT, PHYSICIAN, false);
    bench_gates(bench, PATIENT, PHYSICIAN, true);
    bench_wait(bench, 200000);
    length = raw_rtcp_nack(1, slot->ssrc, missed, 2, nack, sizeof(nack));
    assert_true(raw_peer_send_rtcp(physician->peer, nack, length));
    assert_true(bench_reaches(bench, COUNTER_media_nack_received, 2));
    bench_wait(bench, 100000);
    assert_int_equal(physician->rtp_count, 12);
}

/* Looks for one kind among all RTCP a side got. The packets of a compound are taken apart here, without the room's
 * reader; the first whole packet of that kind is returned (of transport-cc its bytes are all there is to look at). */
static struct span find_feedback(const struct bench_side *side, enum rtcp_kind kind,
                                 struct rtcp_item *ret_item)
{
    for (uint32_t i = 0; i < side->rtcp_count; i++) {
        struct bytes_reader compound =
            bytes_reader_of(span_of(side->rtcp[i].bytes, side->rtcp[i].length));
        while (compound.left > 0) {
            struct span packet;
            struct rtcp_reader reader;
            assert_true(compound.left >= 4);
            assert_true(
                bytes_read_span(&compound, 4u * (bytes_get_u16(compound.at + 2) + 1u), &packet));
            if (packet.data[1] == RTCP_RTPFB && (packet.data[0] & 31) == 15) {
                if (kind == RTCP_KIND_TRANSPORT_CC)
                    return packet;
                continue;
            }
            assert_int_equal(rtcp_reader_init(&reader, packet), RESULT_OK);
            while (rtcp_next(&reader, ret_item))
                if (ret_item->kind == kind)
                    return packet;
        }
    }
    return span_of(NULL, 0);
}

static bool patient_was_asked(struct bench *bench, void *argument)
{
    struct rtcp_item item;
    return find_feedback(&bench->sides[PATIENT], *(enum rtcp_kind *)argument, &item).length > 0;
}

static void losses_of_the_publisher_are_asked_for(void **state)
{
    struct bench *bench = *state;
    struct bench_side *patient = &bench->sides[PATIENT], *physician = &bench->sides[PHYSICIAN];
    uint8_t lost[1500], rtx[1500];
    bench_pair(bench, BENCH_GCM);
    bench_open_with_keyframe(bench);
    uint16_t lost_sequence = patient->sequence[1];
    uint32_t lost_timestamp = patient->timestamp[1];
    size_t length = bench_write_video(patient, false, lost, sizeof(lost));
    for (int i = 0; i < 3; i++)
        bench_send_video(patient, false);
    bench_expect_packets(bench, 4);
    enum rtcp_kind kind = RTCP_KIND_NACK;
    assert_true(bench_pump(bench, 2 * US_PER_S, patient_was_asked, &kind));
    struct rtcp_item item;
    struct rtcp_nack_cursor cursor = {0};
    uint16_t asked;
    find_feedback(patient, RTCP_KIND_NACK, &item);
    assert_int_equal(item.media_ssrc, patient->ssrc[1]);
    assert_true(rtcp_nack_next(&item, &cursor, &asked));
    assert_int_equal(asked, lost_sequence);
    assert_false(rtcp_nack_next(&item, &cursor, &asked));
    /* the answer comes as RTX and leaves as the packet that was missing */
    struct rtp_view view;
    assert_int_equal(rtp_parse(span_of(lost, length), &view), RESULT_OK);
    uint8_t payload[1000];
    bytes_put_u16(payload, lost_sequence);
    memcpy(payload + 2, view.payload.data, view.payload.length);
    struct raw_rtp repeat = {
        .payload_type = patient->maps.rtx_payload_type[MEDIA_CODEC_VP8],
        .marker = true,
        .sequence = 77,
        .timestamp = lost_timestamp,
        .ssrc = patient->rtx_ssrc,
        .extensions = {{.id = patient->maps.extension_id[MEDIA_EXTENSION_MID],
                        .length = 2,
                        .bytes = "m1"}},
        .payload = payload,
        .payload_length = view.payload.length + 2,
    };
    assert_true(raw_peer_send_rtp(patient->peer, rtx, raw_rtp_write(&repeat, rtx, sizeof(rtx))));
    bench_expect_packets(bench, 5);
    struct rtp_view filled = bench_view(&physician->rtp[4]), first = bench_view(&physician->rtp[0]);
    assert_int_equal((uint16_t)(filled.sequence - first.sequence),
                     1); /* its own place, not a new one */
    assert_int_equal(filled.payload_type, physician->maps.payload_type[MEDIA_CODEC_VP8]);
    assert_int_equal(filled.payload.length, view.payload.length);
}

static void keyframe_requests_reach_the_publisher_once(void **state)
{
    struct bench *bench = *state;
    struct bench_side *physician = &bench->sides[PHYSICIAN];
    uint8_t pli[32];
    bench_pair(bench, BENCH_GCM);
    bench_open_with_keyframe(bench);
    bench_wait(bench, 1100000); /* the keyframe of the opening is paid for */
    uint64_t sent = bench_counter(bench, COUNTER_media_pli_sent);
    bench_forget_packets(&bench->sides[PATIENT]);
    size_t length = raw_rtcp_pli(1, physician->slots[SLOT_VIDEO_DOWN].ssrc, pli, sizeof(pli));
    for (int i = 0; i < 5; i++)
        assert_true(raw_peer_send_rtcp(physician->peer, pli, length));
    enum rtcp_kind kind = RTCP_KIND_PLI;
    assert_true(bench_pump(bench, 2 * US_PER_S, patient_was_asked, &kind));
    struct rtcp_item item;
    find_feedback(&bench->sides[PATIENT], RTCP_KIND_PLI, &item);
    assert_int_equal(item.media_ssrc, bench->sides[PATIENT].ssrc[1]);
    bench_wait(bench, 200000);
    assert_int_equal(bench_counter(bench, COUNTER_media_pli_sent),
                     sent + 1); /* five wishes, one question */
}

static void reports_go_both_ways(void **state)
{
    struct bench *bench = *state;
    struct bench_side *patient = &bench->sides[PATIENT], *physician = &bench->sides[PHYSICIAN];
    struct rtcp_item item;
    uint8_t sr[64];
    bench_pair(bench, BENCH_GCM);
    bench_open_with_keyframe(bench);
    struct rtp_view forwarded = bench_view(&physician->rtp[0]);
    for (int i = 0; i < 20; i++)
        bench_send_video(patient, false);
    uint64_t ntp = 0x8899aabbccddeeffull;
    uint32_t of_keyframe = 5000; /* RTP time of the first packet of the bench */
    size_t length = raw_rtcp_sr(patient->ssrc[1], ntp, of_keyframe, 21, 21 * 900, sr, sizeof(sr));
    assert_true(raw_peer_send_rtcp(patient->peer, sr, length));
    enum rtcp_kind kind = RTCP_KIND_TRANSPORT_CC;
    assert_true(bench_pump(bench, 2 * US_PER_S, patient_was_asked, &kind));
    /* base number and count: the first packet of the bench was number 0, 21 have arrived */
    struct span arrivals = find_feedback(patient, RTCP_KIND_TRANSPORT_CC, &item);
    assert_int_equal(bytes_get_u16(arrivals.data + 12), 0);
    assert_in_range(bytes_get_u16(arrivals.data + 14), 1, 21);
    kind = RTCP_KIND_RECEIVER_REPORT;
    assert_true(bench_pump(bench, 2 * US_PER_S, patient_was_asked, &kind));
    assert_true(find_feedback(patient, RTCP_KIND_RECEIVER_REPORT, &item).length > 0);
    struct rtcp_report_block block;
    assert_true(rtcp_report_block(&item, 0, &block));
    assert_int_equal(block.ssrc, patient->ssrc[1]);
    assert_int_equal(block.lost, 0);
    assert_true(find_feedback(patient, RTCP_KIND_REMB, &item).length > 0);
    /* the publisher's own clock pair, in the subscriber's timestamps */
    assert_true(find_feedback(physician, RTCP_KIND_SENDER_REPORT, &item).length > 0);
    assert_int_equal(item.sender_ssrc, physician->slots[SLOT_VIDEO_DOWN].ssrc);
    assert_true(item.sender.ntp == ntp);
    assert_int_equal(item.sender.rtp_timestamp, forwarded.timestamp);
    assert_int_equal(item.sender.packets, 21);
    assert_true(find_feedback(physician, RTCP_KIND_CNAME, &item).length > 0);
    assert_memory_equal(item.text.data, "cname1", 6);
}

static void replayed_and_forged_packets_are_dropped(void **state)
{
    struct bench *bench = *state;
    struct bench_side *patient = &bench->sides[PATIENT], *physician = &bench->sides[PHYSICIAN];
    uint8_t packet[1500];
    bench_pair(bench, BENCH_GCM);
    bench_open_with_keyframe(bench);
    size_t length = bench_write_video(patient, false, packet, sizeof(packet));
    assert_true(raw_peer_seal_rtp(patient->peer, packet, &length));
    for (int i = 0; i < 3; i++)
        assert_true(raw_peer_send(patient->peer, packet, length));
    assert_true(bench_reaches(bench, COUNTER_media_drop_replay, 2));
    length = bench_write_video(patient, false, packet, sizeof(packet));
    assert_true(raw_peer_seal_rtp(patient->peer, packet, &length));
    packet[length / 2] ^= 1;
    assert_true(raw_peer_send(patient->peer, packet, length));
    assert_true(bench_reaches(bench, COUNTER_media_drop_auth, 1));
    bench_wait(bench, 50000);
    assert_int_equal(physician->rtp_count, 2);
    /* the call goes on */
    bench_send_video(patient, false);
    bench_expect_packets(bench, 3);
}

static void streams_are_found_by_mid_and_strangers_are_dropped(void **state)
{
    struct bench *bench = *state;
    struct bench_side *patient = &bench->sides[PATIENT];
    uint8_t packet[1500], payload[60] = {0};
    bench_pair(bench, BENCH_GCM);
    bench_open_with_keyframe(bench); /* no SSRC was declared: the MID was enough */
    struct raw_rtp rtp = {
        .payload_type = 77, /* a payload type nobody negotiated */
        .ssrc = 0x9999,
        .payload = payload,
        .payload_length = sizeof(payload),
    };
    assert_true(
        raw_peer_send_rtp(patient->peer, packet, raw_rtp_write(&rtp, packet, sizeof(packet))));
    assert_true(bench_reaches(bench, COUNTER_media_drop_unmapped, 1));
    /* a second camera in the same m-line while the first one is alive */
    rtp.payload_type = patient->maps.payload_type[MEDIA_CODEC_VP8];
    rtp.sequence++;
    bench_send_video(patient, false);
    assert_true(
        raw_peer_send_rtp(patient->peer, packet, raw_rtp_write(&rtp, packet, sizeof(packet))));
    assert_true(bench_reaches(bench, COUNTER_media_drop_unmapped, 2));
    bench_expect_packets(bench, 2);
    /* but a browser that goes on with another SSRC is followed, without its numbers showing */
    bench_wait(bench, 250000);
    patient->ssrc[1] = 0x4321;
    patient->sequence[1] = 40000;
    patient->timestamp[1] = 123456789;
    bench_send_video(patient, true);
    bench_expect_packets(bench, 3);
    struct bench_side *physician = &bench->sides[PHYSICIAN];
    struct rtp_view before = bench_view(&physician->rtp[1]), after = bench_view(&physician->rtp[2]);
    assert_int_equal(after.ssrc, before.ssrc);
    assert_int_equal((uint16_t)(after.sequence - before.sequence), 1);
}

static void flow_events_tell_gaps(void **state)
{
    struct bench *bench = *state;
    struct bench_side *patient = &bench->sides[PATIENT];
    bench_connect(bench, PATIENT, BENCH_GCM);
    bench_forget_events(bench);
    bench_send_audio(patient);
    const struct media_event *began = bench_expect(bench, PATIENT, MEDIA_EVENT_FLOW);
    assert_non_null(began);
    assert_true(began->flow.live && began->flow.kind == MEDIA_AUDIO && began->flow.gap_us == 0);
    assert_int_equal(began->flow.slot, SLOT_AUDIO_UP);
    bench_forget_events(bench);
    const struct media_event *ended = bench_expect(bench, PATIENT, MEDIA_EVENT_FLOW);
    assert_non_null(ended);
    assert_false(ended->flow.live);
    assert_true(ended->flow.gap_us >= bench->options.gap_notice_us &&
                ended->flow.gap_us < bench->options.gap_notice_us + 100000);
    bench_forget_events(bench);
    bench_send_audio(patient);
    const struct media_event *again = bench_expect(bench, PATIENT, MEDIA_EVENT_FLOW);
    assert_non_null(again);
    assert_true(again->flow.live && again->flow.gap_us >= bench->options.gap_notice_us);
    /* half a picture is no picture */
    bench_forget_events(bench);
    uint8_t packet[1400], payload[500];
    raw_rtp_vp8(payload, sizeof(payload), true, true);
    struct raw_rtp rtp = {
        .payload_type = patient->maps.payload_type[MEDIA_CODEC_VP8],
        .sequence = 500,
        .ssrc = patient->ssrc[1],
        .payload = payload,
        .payload_length = sizeof(payload),
    };
    assert_true(
        raw_peer_send_rtp(patient->peer, packet, raw_rtp_write(&rtp, packet, sizeof(packet))));
    bench_wait(bench, 100000);
    assert_null(bench_find(bench, PATIENT, MEDIA_EVENT_FLOW));
    raw_rtp_vp8(payload, sizeof(payload), false, true);
    rtp.sequence = 501;
    rtp.marker = true;
    assert_true(
        raw_peer_send_rtp(patient->peer, packet, raw_rtp_write(&rtp, packet, sizeof(packet))));
    const struct media_event *picture = bench_expect(bench, PATIENT, MEDIA_EVENT_FLOW);
    assert_non_null(picture);
    assert_true(picture->flow.live && picture->flow.kind == MEDIA_VIDEO);
}

static void the_slow_cipher_works_as_well(void **state)
{
    struct bench *bench = *state;
    bench_pair(bench, BENCH_CM);
    assert_string_equal(bench_find(bench, PATIENT, MEDIA_EVENT_CONNECTED)->connected.srtp_profile,
                        "AES_CM_128_HMAC_SHA1_80");
    bench_open_with_keyframe(bench);
    for (int i = 0; i < 50; i++) {
        bench_send_audio(&bench->sides[PATIENT]);
        bench_send_video(&bench->sides[PATIENT], false);
    }
    bench_expect_packets(bench, 101);
    assert_int_equal(raw_peer_counts(bench->sides[PHYSICIAN].peer)->srtp_failed, 0);
}

/* Two temporal layers; every second picture belongs to the upper one. */
static void send_layered(struct bench *bench, uint16_t picture)
{
    uint8_t packet[1400];
    struct bench_side *patient = &bench->sides[PATIENT];
    size_t length = bench_write_video(patient, false, packet, sizeof(packet));
    uint8_t *payload = packet + length - 900;
    payload[0] = 0x90; /* X S */
    payload[1] = 0xe0; /* I L T */
    bytes_put_u16(payload + 2, (uint16_t)(0x8000 | picture));
    payload[4] = (uint8_t)(picture / 2);
    payload[5] = picture % 2 == 1 ? 0x60 : 0x00;
    payload[6] = 0x01;
    assert_true(raw_peer_send_rtp(patient->peer, packet, length));
}

/* Numbers of packets and pictures without a gap; returns the place of the last picture of the upper layer. */
static uint32_t check_layered(const struct bench_side *physician)
{
    uint32_t upper_last = 0;
    for (uint32_t i = 1; i < physician->rtp_count; i++) {
        struct rtp_view view = bench_view(&physician->rtp[i]);
        struct rtp_view before = bench_view(&physician->rtp[i - 1]);
        struct vp8_descriptor now, earlier;
        assert_int_equal((uint16_t)(view.sequence - before.sequence), 1);
        assert_int_equal(vp8_descriptor_parse(view.payload, &now), RESULT_OK);
        assert_int_equal(vp8_descriptor_parse(before.payload, &earlier), RESULT_OK);
        if (now.temporal_id > 0)
            upper_last = i;
        if (i > 1) /* before it was the keyframe of the bench, which has no picture id */
            assert_int_equal((uint16_t)(now.picture_id - earlier.picture_id), 1);
    }
    return upper_last;
}

static void a_line_that_carries_less_gets_fewer_layers(void **state)
{
    struct bench *bench = *state;
    struct bench_side *physician = &bench->sides[PHYSICIAN];
    bench_pair(bench, BENCH_GCM);
    bench_open_with_keyframe(bench);
    uint8_t remb[64], nack[64];
    struct bytes_writer writer = bytes_writer_of(remb, sizeof(remb));
    rtcp_write_remb(&writer, 1, 100000, &physician->slots[SLOT_VIDEO_DOWN].ssrc, 1);
    uint16_t picture = 0x100;
    for (int i = 0; i < 500 && bench_counter(bench, COUNTER_media_drop_layer) < 20; i++) {
        if (i % 10 == 0)
            assert_true(raw_peer_send_rtcp(physician->peer, remb, writer.used));
        send_layered(bench, picture++);
        bench_wait(bench, 20000);
    }
    assert_true(bench_counter(bench, COUNTER_media_drop_layer) >= 20);
    bench_wait(bench, 200000);
    uint32_t count = physician->rtp_count, upper_last = check_layered(physician);
    assert_true(upper_last > 10);         /* at first everything went */
    assert_true(upper_last + 15 < count); /* then the base layer alone */
    /* a repair wears the numbers its packet went with */
    struct rtp_view last = bench_view(&physician->rtp[count - 1]);
    size_t length = raw_rtcp_nack(1, last.ssrc, &last.sequence, 1, nack, sizeof(nack));
    assert_true(raw_peer_send_rtcp(physician->peer, nack, length));
    bench_expect_packets(bench, count + 1);
    struct rtp_view again = bench_view(&physician->rtp[count]);
    assert_int_equal(again.payload.length, last.payload.length + 2);
    assert_memory_equal(again.payload.data + 2, last.payload.data, last.payload.length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(packets_wear_the_subscribers_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(lost_packets_come_again_over_rtx, setup, teardown),
        cmocka_unit_test_setup_teardown(losses_of_the_publisher_are_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(keyframe_requests_reach_the_publisher_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(reports_go_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(replayed_and_forged_packets_are_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(streams_are_found_by_mid_and_strangers_are_dropped, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(flow_events_tell_gaps, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_that_carries_less_gets_fewer_layers, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_slow_cipher_works_as_well, setup, teardown),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
