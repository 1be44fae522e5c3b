/* What makes the relay cheap, and that it changes nothing else: runs of a send batch, the kernel's UDP options, waiting for
 * company, load, processors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "gateway/base/clock.h"
#include "media/path/segment_runs.h"
#include "media/worker/receive_pace.h"
#include "media/worker/udp_offload.h"
#include "media/worker/worker_choice.h"
#include "media/worker/worker_load.h"
#include "media/worker/worker_pin.h"
#include "tests/unit/media/media_bench.h"

#define SEEDS 2000

/* ---- runs ------------------------------------------------------------------------------------------------------- */

static struct segment_item item(unsigned peer, uint16_t length)
{
    struct segment_item made = {.length = length};
    made.to = (struct net_address){.family = NET_UDP4, .port = (uint16_t)(4000 + peer / 2)};
    made.to.bytes[3] = (uint8_t)(peer % 2); /* peers share ports, and addresses */
    return made;
}

static void test_runs_of_the_picture(void **state)
{
    (void)state;
    /* the one drawn in segment_runs.h; A is peer 0, B peer 1 */
    const struct segment_item items[] = {item(0, 1200), item(1, 1200), item(0, 1200),
                                         item(0, 90),   item(1, 1200), item(0, 1200)};
    static const uint8_t order_expected[] = {0, 2, 3, 1, 4, 5};
    uint8_t order[MEDIA_BATCH];
    struct segment_run runs[MEDIA_BATCH];
    assert_int_equal(segment_runs(items, 6, order, runs), 3);
    assert_memory_equal(order, order_expected, sizeof(order_expected));
    assert_int_equal(runs[0].count, 3);
    assert_int_equal(runs[1].count, 2);
    assert_int_equal(runs[2].count, 1);
    assert_int_equal(runs[2].first, 5);
    assert_int_equal(segment_runs(items, 0, order, runs), 0);
}

/* Every item is in one run; a run is what the kernel takes; what goes to one peer keeps its order. */
static void runs_check(const struct segment_item *items, uint32_t count)
{
    uint8_t order[MEDIA_BATCH];
    struct segment_run runs[MEDIA_BATCH];
    int last[8] = {-1, -1, -1, -1, -1, -1, -1, -1};
    uint64_t seen = 0;
    uint32_t next = 0, total = segment_runs(items, count, order, runs);
    for (uint32_t i = 0; i < total; i++) {
        uint32_t bytes = 0;
        assert_int_equal(runs[i].first, next);
        assert_true(runs[i].count >= 1);
        for (uint32_t k = 0; k < runs[i].count; k++) {
            const struct segment_item *one = &items[order[next + k]];
            unsigned peer = (one->to.port - 4000u) * 2 + one->to.bytes[3];
            assert_true(net_address_equal(&one->to, &items[order[next]].to));
            assert_true(one->length == runs[i].length ||
                        (k + 1 == runs[i].count && one->length < runs[i].length));
            assert_true(order[next + k] > last[peer]);
            last[peer] = order[next + k];
            seen |= 1ull << order[next + k];
            bytes += one->length;
        }
        assert_true(runs[i].count == 1 || bytes <= SEGMENT_RUN_BYTES_MAX);
        next += runs[i].count;
    }
    assert_int_equal(next, count);
    assert_true(seen == (count == 64 ? ~0ull : (1ull << count) - 1));
}

static void test_runs_keep_everything_in_order(void **state)
{
    static const uint16_t lengths[] = {90, 90, 1200, 1200, 1200, 1201, 1500};
    struct segment_item items[MEDIA_BATCH];
    (void)state;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        srandom(seed);
        uint32_t count = (uint32_t)random() % (MEDIA_BATCH + 1);
        unsigned peers = 1 + (unsigned)random() % 6;
        for (uint32_t i = 0; i < count; i++)
            items[i] =
                item((unsigned)random() % peers, lengths[(size_t)random() % ARRAY_LENGTH(lengths)]);
        runs_check(items, count);
    }
    /* a whole batch of the longest to one peer is too much for one message */
    for (uint32_t i = 0; i < MEDIA_BATCH; i++)
        items[i] = item(0, 1500);
    runs_check(items, MEDIA_BATCH);
}

/* ---- pace, load, processors -------------------------------------------------------------------------------------- */

/* Passes every `every_us` that take in `count` each; the last pause. */
static int64_t paced(struct receive_pace *pace, int64_t *now_us, int passes, int64_t every_us,
                     uint32_t count)
{
    int64_t pause_us = 0;
    for (int i = 0; i < passes; i++) {
        *now_us += every_us;
        pause_us = receive_pace_us(pace, count, *now_us - 40, *now_us);
    }
    return pause_us;
}

static void test_pause_only_when_busy(void **state)
{
    struct receive_pace pace = {0};
    int64_t now_us = 50 * US_PER_S;
    (void)state;
    /* a datagram after hours: nothing waits */
    assert_int_equal(receive_pace_us(&pace, 1, now_us, now_us), 0);
    assert_int_equal(paced(&pace, &now_us, 100, 1000, 1), 0);
    /* 8000 a second: what is left of the pause after a pass of 40 us */
    assert_int_equal(paced(&pace, &now_us, 200, 250, 2), RECEIVE_PAUSE_US - 40);
    /* a pass that found nothing, and one that took longer than a pause */
    assert_int_equal(receive_pace_us(&pace, 0, now_us, now_us), 0);
    assert_int_equal(receive_pace_us(&pace, 20, now_us - 300, now_us), 0);
    /* silence, then one: at once again */
    now_us += US_PER_S;
    assert_int_equal(receive_pace_us(&pace, 1, now_us, now_us), 0);
}

static void test_load_is_the_busy_share(void **state)
{
    struct worker_load load = {0};
    int64_t now_us = 7 * US_PER_S;
    unsigned told = 0;
    (void)state;
    for (int i = 0; i < 10000; i++) { /* ten seconds, 60 % busy, 3000 a second */
        told += worker_load_pass(&load, 3, now_us, now_us + 600);
        now_us += 1000;
    }
    assert_in_range(told, 9, 10);
    assert_in_range(load.permille, 590, 610);
    assert_in_range(load.datagrams_per_second, 2950, 3050);
    assert_true(worker_load_pass(&load, 0, now_us + 60 * US_PER_S, now_us + 60 * US_PER_S));
    assert_in_range(load.permille, 295, 306);
    assert_in_range(load.datagrams_per_second, 0, 60);
}

static void test_a_full_house_takes_nobody(void **state)
{
    struct worker_candidate workers[3] = {{900, 2}, {400, 90}, {410, 80}};
    (void)state;
    assert_int_equal(worker_choice(workers, 3, 850), 2); /* as busy as the other, but emptier */
    workers[2].load_permille = 500;
    assert_int_equal(worker_choice(workers, 3, 850), 1);
    workers[1].load_permille = 870;
    workers[2].load_permille = 990;
    assert_int_equal(worker_choice(workers, 3, 850), WORKER_CHOICE_NONE);
    assert_int_equal(worker_choice(workers, 3, 0), 0); /* 870 and 900 are the same; it has fewer */
}

static void test_processors_are_shared_out(void **state)
{
    cpu_set_t allowed;
    (void)state;
    CPU_ZERO(&allowed);
    CPU_SET(1, &allowed);
    CPU_SET(4, &allowed);
    CPU_SET(6, &allowed);
    assert_int_equal(worker_pin_choose(&allowed, 0, 1), -1); /* alone */
    assert_int_equal(worker_pin_choose(&allowed, 0, 3), 6);
    assert_int_equal(worker_pin_choose(&allowed, 1, 3), 4);
    assert_int_equal(worker_pin_choose(&allowed, 2, 3), 1);
    assert_int_equal(worker_pin_choose(&allowed, 0, 4), -1); /* too few */
    assert_int_equal(worker_pin_choose(&allowed, 3, 3), -1);
}

/* ---- the kernel --------------------------------------------------------------------------------------------------- */

struct speed {
    struct bench bench;
    bool offloads;
};

static int start(void **state)
{
    struct speed *speed = calloc(1, sizeof(*speed));
    assert_non_null(speed);
    bench_start(&speed->bench, "127.0.0.1");
    struct udp_offload offload = udp_offload_probe();
    assert_true(offload.segment || !offload.coalesce);
    speed->offloads = offload.coalesce;
    assert_int_equal(bench_counter(&speed->bench, COUNTER_media_offload_send), offload.segment);
    assert_int_equal(bench_counter(&speed->bench, COUNTER_media_offload_receive), offload.coalesce);
    *state = speed;
    return 0;
}

static int stop(void **state)
{
    struct speed *speed = *state;
    bench_stop(&speed->bench);
    free(speed);
    return 0;
}

/* Sealed packets, to leave as one run. */
struct held {
    uint8_t bytes[60000];
    size_t used, each;
};

static void hold_video(struct held *held, struct bench_side *side)
{
    uint8_t *packet = held->bytes + held->used;
    size_t length = bench_write_video(side, false, packet, 1400);
    assert_true(raw_peer_seal_rtp(side->peer, packet, &length));
    assert_true(held->each == 0 || held->each == length);
    held->each = length;
    held->used += length;
}

/* A frame of twenty packets comes in as one coalesced receive and leaves as few messages; the browser gets twenty whole
 * packets, in order. */
static void test_a_frame_in_and_out_as_one(void **state)
{
    struct speed *speed = *state;
    struct bench *bench = &speed->bench;
    struct bench_side *patient = &bench->sides[PATIENT], *physician = &bench->sides[PHYSICIAN];
    if (!speed->offloads) {
        print_message("this kernel puts no datagrams together: only said, not tested\n");
        skip();
    }
    bench_pair(bench, BENCH_GCM);
    bench_open_with_keyframe(bench);
    bench_forget_packets(physician);
    struct held held = {.used = 0};
    for (unsigned i = 0; i < 20; i++)
        hold_video(&held, patient);
    uint64_t calls = bench_counter(bench, COUNTER_media_receive_calls);
    uint64_t messages = bench_counter(bench, COUNTER_media_send_messages);
    uint64_t in = bench_counter(bench, COUNTER_media_datagrams_in);

    union udp_segment_control control;
    struct iovec vector = {held.bytes, held.used};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(bench->candidate.port),
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    struct msghdr header = {
        .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &vector, .msg_iovlen = 1};
    memset(&control, 0, sizeof(control));
    udp_segment_set(&header, &control, (uint16_t)held.each);
    assert_int_equal(sendmsg(raw_peer_fd(patient->peer), &header, 0), held.used);

    bench_expect_packets(bench, 20);
    for (unsigned i = 1; i < 20; i++)
        assert_int_equal((uint16_t)(bench_view(&physician->rtp[i]).sequence -
                                    bench_view(&physician->rtp[i - 1]).sequence),
                         1);
    assert_true(bench_reaches(bench, COUNTER_media_datagrams_in, in + 20));
    assert_true(bench_counter(bench, COUNTER_media_receive_calls) - calls < 20);
    assert_true(bench_counter(bench, COUNTER_media_send_messages) - messages < 20);
    assert_int_equal(bench_counter(bench, COUNTER_media_drop_send), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_of_the_picture),
        cmocka_unit_test(test_runs_keep_everything_in_order),
        cmocka_unit_test(test_pause_only_when_busy),
        cmocka_unit_test(test_load_is_the_busy_share),
        cmocka_unit_test(test_a_full_house_takes_nobody),
        cmocka_unit_test(test_processors_are_shared_out),
        cmocka_unit_test_setup_teardown(test_a_frame_in_and_out_as_one, start, stop),
    };
    return cmocka_run_group_tests_name("media_speed", tests, NULL, NULL);
}
