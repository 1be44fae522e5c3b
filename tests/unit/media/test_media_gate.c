/* The gate (promises P1 and P3): nothing passes a closed one, nothing from before an opening comes out after it, and
 * removal ends everything within the bound. Counted at the server and on the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
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

static void closed_gate_lets_nothing_out(void **state)
{
    struct bench *bench = *state;
    struct bench_side *patient = &bench->sides[PATIENT], *physician = &bench->sides[PHYSICIAN];
    bench_pair(bench, BENCH_GCM);
    for (int i = 0; i < 50; i++) {
        bench_send_audio(patient);
        bench_send_video(patient, i % 10 == 0);
    }
    assert_true(bench_reaches(bench, COUNTER_media_drop_gate, 100));
    bench_wait(bench, 300000);
    /* on the wire, not only what decrypts */
    assert_int_equal(raw_peer_counts(physician->peer)->rtp_in, 0);
    assert_int_equal(raw_peer_counts(physician->peer)->rtcp_in, 0);
    assert_int_equal(bench_counter(bench, COUNTER_media_forwarded), 0);
    /* a request of the one who may see nothing does not reach the other one either */
    uint8_t pli[32];
    size_t length = raw_rtcp_pli(1, physician->slots[SLOT_VIDEO_DOWN].ssrc, pli, sizeof(pli));
    assert_true(raw_peer_send_rtcp(physician->peer, pli, length));
    assert_true(bench_reaches(bench, COUNTER_media_pli_received, 1));
    bench_wait(bench, 50000);
    assert_int_equal(bench_counter(bench, COUNTER_media_pli_sent), 0);
    /* but what arrives is known: sound and picture of the waiting person */
    assert_non_null(bench_find(bench, PATIENT, MEDIA_EVENT_FLOW));
}

/* Only an existing route has a gate, and only sound may feed sound. */
static void gates_of_routes_that_do_not_exist_stay_shut(void **state)
{
    struct bench *bench = *state;
    struct bench_side *patient = &bench->sides[PATIENT], *physician = &bench->sides[PHYSICIAN];
    bench_connect(bench, PATIENT, BENCH_GCM);
    bench_connect(bench, PHYSICIAN, BENCH_GCM);
    struct media_command command = {.kind = MEDIA_COMMAND_GATE, .endpoint = patient->endpoint};
    command.route.subscriber = physician->endpoint;
    command.route.open = true;
    static const uint8_t pairs[][2] = {
        {SLOT_AUDIO_UP, SLOT_AUDIO_DOWN}, {SLOT_AUDIO_UP, SLOT_VIDEO_DOWN},
        {SLOT_AUDIO_DOWN, SLOT_AUDIO_UP}, {SLOT_AUDIO_UP, 200},
        {255, SLOT_AUDIO_DOWN},           {SLOT_AUDIO_UP, SLOT_AUDIO_UP},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++) {
        command.route.publisher_slot = pairs[i][0];
        command.route.subscriber_slot = pairs[i][1];
        command.kind = MEDIA_COMMAND_GATE;
        bench_command(bench, &command);
        if (i == 0)
            continue;
        command.kind = MEDIA_COMMAND_ROUTE_ADD;
        bench_command(bench, &command);
        command.kind = MEDIA_COMMAND_GATE;
        bench_command(bench, &command);
    }
    for (int i = 0; i < 5; i++)
        bench_send_audio(patient);
    assert_true(bench_reaches(bench, COUNTER_media_drop_gate, 5));
    assert_int_equal(bench_counter(bench, COUNTER_media_routes_open), 0);
    assert_int_equal(raw_peer_counts(physician->peer)->rtp_in, 0);
    /* a removed route takes its open gate with it */
    bench_routes(bench, PATIENT, PHYSICIAN);
    bench_gates(bench, PATIENT, PHYSICIAN, true);
    for (uint8_t i = 0; i < 2; i++) {
        command.kind = MEDIA_COMMAND_ROUTE_REMOVE;
        command.route.publisher_slot = (uint8_t)(SLOT_AUDIO_UP + i);
        command.route.subscriber_slot = (uint8_t)(SLOT_AUDIO_DOWN + i);
        bench_command(bench, &command);
    }
    bench_routes(bench, PATIENT, PHYSICIAN);
    bench_wait(bench, 50000);
    bench_send_audio(patient);
    assert_true(bench_reaches(bench, COUNTER_media_drop_gate, 6));
    assert_int_equal(bench_counter(bench, COUNTER_media_routes_open), 0);
    assert_int_equal(raw_peer_counts(physician->peer)->rtp_in, 0);
}

static void opened_gate_forwards_only_what_comes_after(void **state)
{
    struct bench *bench = *state;
    struct bench_side *patient = &bench->sides[PATIENT], *physician = &bench->sides[PHYSICIAN];
    bench_pair(bench, BENCH_GCM);
    for (int i = 0; i < 20; i++) {
        bench_send_audio(patient);
        bench_send_video(patient, i == 0);
    }
    assert_true(bench_reaches(bench, COUNTER_media_drop_gate, 40));
    bench_gates(bench, PATIENT, PHYSICIAN, true);
    assert_true(bench_reaches(bench, COUNTER_media_pli_sent, 1)); /* opening asks for a keyframe */
    bench_wait(bench, 200000);
    assert_int_equal(raw_peer_counts(physician->peer)->rtp_in, 0); /* nothing from before */
    bench_send_video(patient, false);                              /* no decoder can start here */
    bench_send_video(patient, true);
    bench_send_video(patient, false);
    for (int i = 0; i < 5; i++)
        bench_send_audio(patient);
    bench_expect_packets(bench, 7);
    bench_wait(bench, 50000);
    assert_int_equal(physician->rtp_count, 7);
    assert_int_equal(raw_peer_counts(physician->peer)->srtp_failed, 0);
    /* closing is as strict, and nothing of the pause comes out of a second opening */
    bench_gates(bench, PATIENT, PHYSICIAN, false);
    for (int i = 0; i < 10; i++)
        bench_send_audio(patient);
    assert_true(bench_reaches(bench, COUNTER_media_drop_gate, 50));
    bench_gates(bench, PATIENT, PHYSICIAN, true);
    bench_wait(bench, 50000);
    assert_int_equal(physician->rtp_count, 7);
    bench_send_audio(patient);
    bench_expect_packets(bench, 8);
    struct rtp_view before = bench_view(&physician->rtp[6]), after = bench_view(&physician->rtp[7]);
    assert_int_equal((uint16_t)(after.sequence - before.sequence), 1); /* one stream, no hole */
}

/* Two subscribers of one publisher: each has its own bit. */
static void one_open_gate_opens_no_other(void **state)
{
    struct bench *bench = *state;
    const unsigned WAITING = 2;
    struct bench_side *patient = &bench->sides[PATIENT], *waiting = &bench->sides[WAITING];
    uint8_t packet[64];
    bench_pair(bench, BENCH_GCM);
    bench_connect(bench, WAITING, BENCH_GCM);
    bench_routes(bench, PATIENT, WAITING);
    bench_open_with_keyframe(bench);
    bench_wait(bench, 600000); /* the opening's keyframe request is old */
    uint64_t gated = bench_counter(bench, COUNTER_media_drop_gate);
    uint64_t asked = bench_counter(bench, COUNTER_media_pli_sent);
    for (int i = 0; i < 10; i++)
        bench_send_audio(patient);
    bench_expect_packets(bench, 11);
    assert_int_equal(bench_counter(bench, COUNTER_media_drop_gate), gated + 10);
    size_t length =
        raw_rtcp_sr(patient->ssrc[0], 1ull << 40, 5000, 10, 800, packet, sizeof(packet));
    assert_true(raw_peer_send_rtcp(patient->peer, packet, length));
    length = raw_rtcp_pli(1, waiting->slots[SLOT_VIDEO_DOWN].ssrc, packet, sizeof(packet));
    assert_true(raw_peer_send_rtcp(waiting->peer, packet, length));
    uint16_t numbers[2] = {4096, 5000};
    length =
        raw_rtcp_nack(1, waiting->slots[SLOT_VIDEO_DOWN].ssrc, numbers, 2, packet, sizeof(packet));
    assert_true(raw_peer_send_rtcp(waiting->peer, packet, length));
    assert_true(bench_reaches(bench, COUNTER_media_nack_received, 1));
    assert_true(bench_reaches(bench, COUNTER_media_pli_received, 1));
    bench_wait(bench, 200000);
    assert_int_equal(bench_counter(bench, COUNTER_media_pli_sent), asked);
    assert_int_equal(raw_peer_counts(waiting->peer)->rtp_in, 0);
    assert_int_equal(raw_peer_counts(waiting->peer)->rtcp_in, 0);
    assert_true(bench->sides[PHYSICIAN].rtcp_count >=
                1); /* the sender report went where the sound went */
}

static void removal_stops_at_once(void **state)
{
    struct bench *bench = *state;
    struct bench_side *patient = &bench->sides[PATIENT], *physician = &bench->sides[PHYSICIAN];
    bench_pair(bench, BENCH_GCM);
    bench_open_with_keyframe(bench);
    int64_t asked_us = 0, end_us = bench_now_us() + 600000;
    while (bench_now_us() < end_us) { /* keeps talking through its removal */
        bench_send_audio(patient);
        bench_send_video(patient, false);
        bench_wait(bench, 5000);
        if (asked_us == 0 && bench_now_us() > end_us - 400000) {
            asked_us = bench_now_us();
            bench_close(bench, PATIENT);
        }
    }
    const struct media_event *drained = bench_find(bench, PATIENT, MEDIA_EVENT_DRAINED);
    assert_non_null(drained);
    assert_true(drained->drained.keys_destroyed);
    assert_true(drained->drained.forwarded > 0);
    int64_t last_us = physician->rtp[physician->rtp_count - 1].at_us;
    printf("removal: drained after %lld us, last packet %lld us after the command\n",
           (long long)(drained->at_us - asked_us), (long long)(last_us - asked_us));
    assert_true(drained->at_us - asked_us <= 200000);
    assert_true(last_us - asked_us <= 200000);
    assert_int_equal(raw_peer_state(patient->peer), RAW_PEER_CLOSED); /* close_notify came first */
    /* what it sends now is from nobody */
    uint64_t unbound = bench_counter(bench, COUNTER_media_drop_unbound);
    uint8_t datagram[200] = {0x80, 111};
    assert_true(raw_peer_send(patient->peer, datagram, sizeof(datagram)));
    assert_true(bench_reaches(bench, COUNTER_media_drop_unbound, unbound + 1));
    assert_int_equal(bench_counter(bench, COUNTER_media_endpoints), 1);
    assert_int_equal(bench_counter(bench, COUNTER_media_routes_open), 0);
}

static void removed_subscriber_gets_no_more(void **state)
{
    struct bench *bench = *state;
    struct bench_side *patient = &bench->sides[PATIENT], *physician = &bench->sides[PHYSICIAN];
    bench_pair(bench, BENCH_GCM);
    bench_open_with_keyframe(bench);
    bench_close(bench, PHYSICIAN);
    assert_non_null(bench_expect(bench, PHYSICIAN, MEDIA_EVENT_DRAINED));
    bench_wait(bench, 20000);
    uint64_t before = raw_peer_counts(physician->peer)->datagrams_in;
    uint64_t gated = bench_counter(bench, COUNTER_media_drop_gate);
    for (int i = 0; i < 20; i++)
        bench_send_audio(patient);
    assert_true(bench_reaches(bench, COUNTER_media_drop_gate, gated + 20));
    bench_wait(bench, 100000);
    assert_int_equal(raw_peer_counts(physician->peer)->datagrams_in, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(closed_gate_lets_nothing_out, setup, teardown),
        cmocka_unit_test_setup_teardown(gates_of_routes_that_do_not_exist_stay_shut, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(opened_gate_forwards_only_what_comes_after, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(one_open_gate_opens_no_other, setup, teardown),
        cmocka_unit_test_setup_teardown(removal_stops_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(removed_subscriber_gets_no_more, setup, teardown),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
