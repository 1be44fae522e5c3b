/* The pacer: what waits, what does not, and what is dropped when the line is too slow; and what a 1:1 sender is told. */
#include "tests/unit/media_core/support.h"

#include "gateway/base/clock.h"
#include "media/feedback/pacer.h"
#include "media/feedback/remb.h"

#define MS US_PER_MS
enum { PACKET = 1000 };

static struct pacer *pacer_at(uint64_t rate_bps)
{
    struct pacer *pacer = malloc(sizeof(*pacer));
    assert_non_null(pacer);
    pacer_init(pacer);
    pacer_set_rate(pacer, rate_bps);
    return pacer;
}

static enum pacer_verdict offer(struct pacer *pacer, uint8_t slot, int64_t sequence, bool keyframe,
                                uint32_t timestamp, int64_t now_us)
{
    struct pacer_packet packet = {.packet = {.generation = (uint32_t)sequence},
                                  .sequence = sequence,
                                  .timestamp = timestamp,
                                  .bytes = PACKET,
                                  .slot = slot,
                                  .keyframe = keyframe};
    enum pacer_verdict verdict = pacer_offer(pacer, &packet, now_us);
    if (verdict == PACER_SEND)
        pacer_sent(pacer, PACKET, now_us);
    return verdict;
}

/* Takes what may leave now; returns how many, the last one in *ret_packet. */
static uint32_t take_all(struct pacer *pacer, int64_t now_us, struct pacer_packet *ret_packet)
{
    uint32_t count = 0;
    while (pacer_take(pacer, now_us, ret_packet)) {
        pacer_sent(pacer, ret_packet->bytes, now_us);
        count++;
    }
    return count;
}

static void a_free_line_lets_everything_through(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_at(8000000); /* a packet a millisecond */
    for (int i = 1; i <= 5000; i++)
        assert_int_equal(offer(pacer, 0, i, false, 9, i * MS), PACER_SEND);
    assert_true(pacer_due_us(pacer) == INT64_MAX);
    pacer_set_rate(pacer, 0);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(offer(pacer, 0, 6000 + i, false, 9, 5000 * MS), PACER_SEND);
    free(pacer);
}

static void a_burst_leaves_at_the_pace_and_in_order(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_at(800000); /* a packet in 10 ms, 20 ms ahead of the pace */
    struct pacer_packet packet;
    int64_t now_us = US_PER_S, next = 1;
    for (int i = 1; i <= 20; i++) {
        enum pacer_verdict verdict = offer(pacer, 0, i, false, 9, now_us);
        assert_int_equal(verdict, next <= 3 && i <= 3 ? PACER_SEND : PACER_WAIT);
        next += verdict == PACER_SEND;
    }
    assert_int_equal(next, 4);
    assert_true(pacer_due_us(pacer) == now_us + 10 * MS);
    for (; pacer_due_us(pacer) != INT64_MAX; now_us += 5 * MS) {
        assert_true(pacer_delay_us(pacer, now_us) == now_us - US_PER_S);
        while (pacer_take(pacer, now_us, &packet)) {
            assert_true(packet.sequence == next++);
            assert_false(packet.anew);
            pacer_sent(pacer, packet.bytes, now_us);
        }
    }
    assert_int_equal(next, 21);
    assert_in_range(now_us - US_PER_S, 170 * MS, 190 * MS);
    free(pacer);
}

/* Sound does not wait, but what it takes picture cannot have; a turn comes all the same. */
static void sound_takes_its_part_first(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_at(40000);
    struct pacer_packet packet;
    uint32_t left = 0;
    int64_t sequence = 1;
    for (int64_t now_us = US_PER_S; now_us < 21 * US_PER_S; now_us += 20 * MS) {
        pacer_sent(pacer, 110, now_us); /* 44 kbit/s: more than there is */
        if (now_us / MS % 500 == 0)
            left += offer(pacer, 0, sequence++, true, (uint32_t)now_us, now_us) == PACER_SEND;
        left += take_all(pacer, now_us, &packet);
    }
    assert_int_equal(left, 0); /* nothing is left for picture */
    pacer_set_rate(pacer, 60000);
    for (int64_t now_us = 21 * US_PER_S; now_us < 41 * US_PER_S; now_us += 20 * MS) {
        pacer_sent(pacer, 110, now_us);
        if (now_us / MS % 1000 == 0)
            left += offer(pacer, 0, sequence++, true, (uint32_t)now_us, now_us) == PACER_SEND;
        left += take_all(pacer, now_us, &packet);
    }
    assert_in_range(left, 15, 23); /* a packet a second, and two that had waited */
    free(pacer);
}

static void too_long_in_the_queue_drops_up_to_the_next_keyframe(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_at(80000); /* a packet in 100 ms */
    struct pacer_packet packet;
    uint16_t starved;
    int64_t now_us = US_PER_S, sequence = 1;
    for (int i = 0; i < 12; i++)
        (void)offer(pacer, 3, sequence++, false, (uint32_t)i, now_us);
    assert_int_equal(take_all(pacer, now_us + 450 * MS, &packet), 1); /* free_us is bounded */
    now_us += PACER_WAIT_MAX_US;
    assert_int_equal(take_all(pacer, now_us, &packet), 0);
    assert_true(pacer_take_dropped(pacer, &starved) > 5);
    assert_int_equal(starved, 1u << 3);
    assert_int_equal(pacer_take_dropped(pacer, &starved), 0);
    assert_int_equal(starved, 0);
    /* deltas have no picture to build on; other slots go on */
    assert_int_equal(offer(pacer, 3, sequence++, false, 20, now_us), PACER_DROPPED);
    assert_int_equal(offer(pacer, 2, 1, false, 20, now_us + US_PER_S), PACER_SEND);
    packet = (struct pacer_packet){.slot = 3, .bytes = PACKET, .keyframe = true, .timestamp = 30};
    assert_int_equal(pacer_offer(pacer, &packet, now_us + 2 * US_PER_S), PACER_SEND);
    assert_true(packet.anew);
    assert_int_equal(offer(pacer, 3, sequence++, false, 31, now_us + 3 * US_PER_S), PACER_SEND);
    free(pacer);
}

static void a_keyframe_in_the_queue_is_where_it_goes_on(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_at(80000);
    struct pacer_packet packet;
    uint16_t starved;
    int64_t now_us = US_PER_S;
    for (int i = 1; i <= 10; i++)
        (void)offer(pacer, 0, i, false, (uint32_t)i, now_us);
    (void)offer(pacer, 0, 11, true, 11, now_us + 10 * MS);
    (void)offer(pacer, 0, 12, false, 11, now_us + 10 * MS); /* of the same frame */
    now_us += PACER_WAIT_MAX_US + 20 * MS;
    assert_true(pacer_take(pacer, now_us, &packet));
    assert_true(packet.sequence == 11 && packet.anew && packet.of_keyframe);
    assert_true(pacer_take_dropped(pacer, &starved) > 5);
    assert_int_equal(starved, 0); /* no need to ask: it is here */
    assert_true(pacer_take(pacer, now_us, &packet));
    assert_true(packet.sequence == 12 && !packet.anew);
    free(pacer);
}

/* A keyframe larger than half a second of the line is not dropped for it, nor are the deltas behind it: or a weak line
 * would see nothing but the beginnings of keyframes. */
static void a_large_keyframe_gets_through(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_at(200000); /* a packet in 40 ms */
    struct pacer_packet packet;
    uint16_t starved;
    int64_t sequence = 1, start_us = US_PER_S;
    uint32_t left = 0, dropped = 0;
    for (int i = 0; i < 25; i++, sequence++) /* one second of the line */
        left += offer(pacer, 0, sequence, i == 0, 1, start_us) == PACER_SEND;
    for (int64_t now_us = start_us; now_us < start_us + 3 * US_PER_S; now_us += 5 * MS) {
        if ((now_us - start_us) / MS % 100 == 50) {
            left += offer(pacer, 0, sequence, false, (uint32_t)sequence, now_us) == PACER_SEND;
            sequence++;
        }
        left += take_all(pacer, now_us, &packet);
        dropped += pacer_take_dropped(pacer, &starved);
    }
    assert_int_equal(dropped, 0);
    assert_int_equal(left, sequence - 1);
    free(pacer);
}

static void a_closed_gate_empties_its_queue_alone(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_at(80000);
    struct pacer_packet packet;
    uint32_t left = 0;
    for (int i = 0; i < 40; i++)
        (void)offer(pacer, (uint8_t)(i % 2), 1 + i / 2, i < 2, 5, US_PER_S);
    pacer_forget(pacer, 0);
    for (int64_t now_us = US_PER_S; now_us < 5 * US_PER_S; now_us += 5 * MS)
        while (pacer_take(pacer, now_us, &packet)) {
            assert_int_equal(packet.slot, 1);
            pacer_sent(pacer, packet.bytes, now_us);
            left++;
        }
    assert_true(left > 10);
    assert_int_equal(pacer->bytes, 0);
    assert_int_equal(pacer->keyframe_bytes, 0);
    assert_int_equal(offer(pacer, 0, 100, false, 7, 9 * US_PER_S), PACER_SEND); /* not skipping */
    free(pacer);
}

static void a_full_queue_drops_its_oldest_group(void **state)
{
    (void)state;
    struct pacer *pacer = pacer_at(30000);
    uint16_t starved;
    uint32_t waiting = 0;
    for (int i = 0; i < PACER_PACKETS_MAX + 20; i++)
        waiting += offer(pacer, 0, 1 + i, false, 5, US_PER_S) == PACER_WAIT;
    assert_int_equal(waiting, PACER_PACKETS_MAX);
    assert_int_equal(pacer->count, 0); /* one group, and nothing to go on with */
    assert_true(pacer_take_dropped(pacer, &starved) >= PACER_PACKETS_MAX);
    assert_int_equal(starved, 1);
    free(pacer);
}

static void a_sender_is_told_the_smaller_limit(void **state)
{
    (void)state;
    struct link_state link = {0};
    assert_int_equal(remb_limit_bps(&link, 0), REMB_HIGHEST_BPS);
    assert_int_equal(remb_limit_bps(&link, 400000), 400000);
    assert_int_equal(remb_limit_bps(&link, 1), REMB_LOWEST_BPS);
    assert_int_equal(remb_limit_bps(&link, UINT64_MAX), REMB_HIGHEST_BPS);
    link.estimate_known = true;
    link.estimate_bps = 1000000;
    assert_int_equal(remb_limit_bps(&link, 0), 950000);
    assert_int_equal(remb_limit_bps(&link, 400000), 400000);
    link.queue_us = 200000;
    assert_int_equal(remb_limit_bps(&link, 0), 800000);
    link.estimate_bps = 20000;
    assert_int_equal(remb_limit_bps(&link, 0), REMB_LOWEST_BPS);

    struct remb remb = {0};
    assert_false(remb_is_news(&remb, 100000, US_PER_S)); /* the first goes with the report */
    remb_told(&remb, 1000000, US_PER_S);
    assert_false(remb_is_news(&remb, 960000, 2 * US_PER_S));
    assert_false(remb_is_news(&remb, 100000, US_PER_S + 99 * MS));
    assert_true(remb_is_news(&remb, 100000, US_PER_S + 100 * MS));
    assert_false(remb_is_news(&remb, 2000000, US_PER_S + 249 * MS));
    assert_true(remb_is_news(&remb, 2000000, US_PER_S + 250 * MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_free_line_lets_everything_through),
        cmocka_unit_test(a_burst_leaves_at_the_pace_and_in_order),
        cmocka_unit_test(sound_takes_its_part_first),
        cmocka_unit_test(too_long_in_the_queue_drops_up_to_the_next_keyframe),
        cmocka_unit_test(a_keyframe_in_the_queue_is_where_it_goes_on),
        cmocka_unit_test(a_large_keyframe_gets_through),
        cmocka_unit_test(a_closed_gate_empties_its_queue_alone),
        cmocka_unit_test(a_full_queue_drops_its_oldest_group),
        cmocka_unit_test(a_sender_is_told_the_smaller_limit),
    };
    return cmocka_run_group_tests_name("pacer", tests, NULL, NULL);
}
