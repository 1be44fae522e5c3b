/* The receiving side of one publisher stream: numbers, loss, jitter, and asking for what is missing. */
#include "tests/unit/media_core/support.h"

#include "gateway/base/clock.h"
#include "media/feedback/nack_generator.h"
#include "media/feedback/receive_stats.h"

#define MS US_PER_MS

static struct received receive(struct receive_stats *stats, uint16_t sequence)
{
    return receive_stats_packet(stats, sequence, 0, 100, 1);
}

static void numbers_are_unwrapped_over_the_wrap(void **state)
{
    (void)state;
    struct receive_stats stats;
    receive_stats_init(&stats, 1, 90000);
    int64_t first = receive(&stats, 0xfffe).sequence;
    assert_true(first > 0xffff);
    struct received received = receive(&stats, 1);
    assert_int_equal(received.verdict, RECEIVE_NEW);
    assert_int_equal(received.sequence - first, 3);
    received = receive(&stats, 0xffff);
    assert_int_equal(received.verdict, RECEIVE_LATE);
    assert_int_equal(received.sequence - first, 1);
    assert_int_equal(receive(&stats, 0xffff).verdict, RECEIVE_DUPLICATE);
    assert_int_equal(receive(&stats, 0xfffd).verdict,
                     RECEIVE_LATE); /* before the first, yet never seen */
    receive_stats_init(&stats, 1, 90000);
    first = receive(&stats, 0).sequence;
    received = receive(&stats, 0xffff);
    assert_int_equal(received.verdict, RECEIVE_LATE);
    assert_int_equal(received.sequence, first - 1);
    assert_true(received.sequence > 0);
}

static void a_jump_must_be_confirmed(void **state)
{
    (void)state;
    struct receive_stats stats;
    receive_stats_init(&stats, 1, 90000);
    int64_t highest = receive(&stats, 1000).sequence;
    assert_int_equal(receive(&stats, 20000).verdict, RECEIVE_JUMP);
    assert_int_equal(receive(&stats, 1001).verdict, RECEIVE_NEW); /* it was a stray */
    assert_int_equal(receive(&stats, 20001).verdict, RECEIVE_JUMP);
    struct received received = receive(&stats, 20002);
    assert_int_equal(received.verdict, RECEIVE_RESTART);
    assert_true(received.sequence > highest + 0x10000);
    assert_int_equal((uint16_t)received.sequence, 20002);
    highest = received.sequence;
    /* Back to a lower number: still growing. */
    receive(&stats, 5);
    received = receive(&stats, 6);
    assert_int_equal(received.verdict, RECEIVE_RESTART);
    assert_true(received.sequence > highest);
    struct rtcp_report_block block;
    assert_true(receive_stats_report(&stats, 5, &block));
    assert_int_equal(block.lost, 0); /* the new numbering has lost nothing */
}

/* RFC 3550 A.3 with known numbers. */
static void loss_is_reported_per_interval(void **state)
{
    (void)state;
    struct receive_stats stats;
    struct rtcp_report_block block;
    receive_stats_init(&stats, 0xabc, 90000);
    assert_false(receive_stats_report(&stats, 1, &block));
    for (uint16_t i = 0; i < 100; i++) {
        if (i % 4 != 3 || i == 99)
            receive(&stats, (uint16_t)(0xffe0 + i));
    }
    receive_stats_sender_report(&stats, 0x11112222333344ull << 4, 1000 * MS);
    assert_true(receive_stats_report(&stats, 1500 * MS, &block));
    assert_int_equal(block.ssrc, 0xabc);
    assert_int_equal(block.lost, 24);
    assert_int_equal(block.fraction_lost, 24 * 256 / 100);
    assert_int_equal(block.highest_sequence, 0x10000 + 0x43); /* one wrap */
    assert_int_equal(block.last_sr, (uint32_t)((0x11112222333344ull << 4) >> 16));
    assert_int_equal(block.delay_since_sr, 32768); /* half a second */
    assert_int_equal(receive_stats_loss_permille(&stats), 61 * 1000 / 256);
    assert_false(receive_stats_report(&stats, 1600 * MS, &block)); /* nothing came since */
    for (uint16_t i = 0; i < 10; i++)
        receive(&stats, (uint16_t)(0x44 + i));
    assert_true(receive_stats_report(&stats, 1700 * MS, &block));
    assert_int_equal(block.fraction_lost, 0);
    assert_int_equal(block.lost, 24);
    receive(&stats, 0x44); /* duplicates count as received: A.3 lets the sum fall */
    receive(&stats, 0x45);
    assert_true(receive_stats_report(&stats, 1800 * MS, &block));
    assert_int_equal(block.lost, 22);
    assert_int_equal(block.fraction_lost, 0);
}

static void repairs_fill_holes_but_not_the_loss(void **state)
{
    (void)state;
    struct receive_stats stats;
    struct rtcp_report_block block;
    receive_stats_init(&stats, 1, 90000);
    assert_int_equal(receive_stats_repaired(&stats, 9).verdict,
                     RECEIVE_DUPLICATE); /* before the stream itself */
    int64_t first = receive(&stats, 10).sequence;
    receive(&stats, 12);
    struct received received = receive_stats_repaired(&stats, 11);
    assert_int_equal(received.verdict, RECEIVE_LATE);
    assert_int_equal(received.sequence, first + 1);
    assert_int_equal(receive_stats_repaired(&stats, 11).verdict,
                     RECEIVE_DUPLICATE); /* Chrome repeats its first one */
    assert_int_equal(receive_stats_repaired(&stats, 10).verdict, RECEIVE_DUPLICATE);
    assert_int_equal(receive_stats_repaired(&stats, 13).verdict,
                     RECEIVE_NEW); /* a probe ahead of a reordering */
    assert_int_equal(receive_stats_repaired(&stats, 5000).verdict, RECEIVE_DUPLICATE);
    assert_int_equal(receive_stats_repaired(&stats, 60000).verdict, RECEIVE_DUPLICATE);
    assert_true(receive_stats_report(&stats, 1, &block));
    assert_int_equal(block.lost, 2); /* 11 and 13 never came by themselves */
    assert_int_equal(receive_stats_repaired(&stats, 9).verdict, RECEIVE_LATE);
    receive(&stats, 14);
    assert_true(receive_stats_report(&stats, 1, &block));
    assert_int_equal(block.lost, 2); /* a repair from before the first makes no new loss */
}

/* RFC 3550 A.8: arrival 10 ms early and late in turn settles near the mean deviation of 20 ms. */
static void jitter_follows_the_deviation(void **state)
{
    (void)state;
    struct receive_stats stats;
    receive_stats_init(&stats, 1, 48000);
    for (uint16_t i = 0; i < 500; i++) {
        int64_t now_us = 1000 * MS + i * 20 * MS + (i % 2 != 0 ? 10 * MS : -10 * MS);
        receive_stats_packet(&stats, i, i * 960u, 100, now_us);
    }
    assert_in_range(receive_stats_jitter_us(&stats), 18000, 21000);
    receive_stats_init(&stats, 1, 48000);
    for (uint16_t i = 0; i < 500; i++)
        receive_stats_packet(&stats, i, 0xfffff000u + i * 960u, 100, i * 20 * MS);
    assert_in_range(receive_stats_jitter_us(&stats), 0, 100);
}

enum { STREAM = 200000 };

/* Random loss, reordering and repeats over three wraps: the verdict is what a list of all packets says. */
static void random_order_is_judged_like_the_list(void **state)
{
    (void)state;
    struct chance chance = {test_seed(61)};
    static bool came[STREAM];
    memset(came, 0, sizeof(came));
    struct receive_stats stats;
    receive_stats_init(&stats, 1, 90000);
    int64_t highest = 0xff00, base = receive(&stats, 0xff00).sequence - 0xff00;
    came[highest] = true;
    while (highest < STREAM - 3000) {
        int64_t sequence =
            highest + 1 + (chance_percent(&chance, 5) ? chance_below(&chance, 1500) : 0);
        if (chance_percent(&chance, 40))
            sequence = highest - chance_below(&chance, 900);
        enum receive_verdict expected = sequence > highest ? RECEIVE_NEW : RECEIVE_LATE;
        if (sequence <= 0)
            continue;
        if (came[sequence])
            expected = RECEIVE_DUPLICATE;
        struct received received = receive(&stats, (uint16_t)sequence);
        assert_int_equal(received.verdict, expected);
        assert_int_equal(received.sequence, base + sequence);
        came[sequence] = true;
        highest = sequence > highest ? sequence : highest;
    }
}

static size_t collect(struct nack_generator *generator, int64_t now_us, uint16_t *ret_lost)
{
    return nack_generator_collect(generator, 50 * MS, now_us, ret_lost, NACK_LOST_MAX);
}

static void two_losses_are_asked_together(void **state)
{
    (void)state;
    struct nack_generator generator;
    uint16_t lost[NACK_LOST_MAX];
    nack_generator_init(&generator);
    assert_true(nack_generator_due_us(&generator, 0) == INT64_MAX);
    nack_generator_packet(&generator, 0xfffd, false, 0);
    nack_generator_packet(&generator, 0x10001, false, 1 * MS); /* three lost, over the wrap */
    assert_int_equal(collect(&generator, 11 * MS, lost),
                     0); /* one packet behind it: may be reordering */
    nack_generator_packet(&generator, 0x10002, false, 2 * MS);
    assert_int_equal(collect(&generator, 10 * MS, lost), 0);
    assert_true(nack_generator_due_us(&generator, 50 * MS) == 11 * MS);
    assert_int_equal(collect(&generator, 11 * MS, lost), 3);
    assert_int_equal(lost[0], 0xfffe);
    assert_int_equal(lost[1], 0xffff);
    assert_int_equal(lost[2], 0);
    assert_int_equal(collect(&generator, 60 * MS, lost), 0); /* not again before an RTT */
    nack_generator_packet(&generator, 0xffff, false, 60 * MS);
    assert_int_equal(collect(&generator, 61 * MS, lost), 2); /* both that are left, none skipped */
    assert_int_equal(lost[0], 0xfffe);
    assert_int_equal(lost[1], 0);
}

static void tries_are_bounded_and_end_in_a_keyframe(void **state)
{
    (void)state;
    struct nack_generator generator;
    uint16_t lost[NACK_LOST_MAX];
    nack_generator_init(&generator);
    nack_generator_packet(&generator, 100, false, 0);
    nack_generator_packet(&generator, 102, false, 0);
    nack_generator_packet(&generator, 103, false, 0);
    int tries = 0;
    int64_t now_us = 0;
    while ((now_us = nack_generator_due_us(&generator, 50 * MS)) != INT64_MAX) {
        assert_false(nack_generator_take_gave_up(&generator));
        tries += (int)collect(&generator, now_us, lost);
        assert_true(now_us < 2000 * MS);
    }
    assert_in_range(tries, 4, NACK_TRIES_MAX);
    assert_true(nack_generator_take_gave_up(&generator));
    assert_false(nack_generator_take_gave_up(&generator)); /* said once */
    /* On a satellite link the first asking is the only one. */
    nack_generator_init(&generator);
    nack_generator_packet(&generator, 100, false, 0);
    nack_generator_packet(&generator, 102, false, 0);
    assert_int_equal(nack_generator_collect(&generator, 600 * MS, 50 * MS, lost, 10), 1);
    assert_int_equal(nack_generator_collect(&generator, 600 * MS, 650 * MS, lost, 10), 0);
    assert_true(nack_generator_take_gave_up(&generator));
}

static void a_slow_stream_is_asked_without_two_packets(void **state)
{
    (void)state;
    struct nack_generator generator;
    uint16_t lost[4];
    nack_generator_init(&generator);
    nack_generator_packet(&generator, 1, false, 0);
    nack_generator_packet(&generator, 3, false, 0);
    assert_true(nack_generator_due_us(&generator, 0) == NACK_WAIT_LONGEST_US);
    assert_int_equal(collect(&generator, NACK_WAIT_LONGEST_US, lost), 1);
    assert_int_equal(lost[0], 2);
}

static void a_keyframe_forgives_what_was_before(void **state)
{
    (void)state;
    struct nack_generator generator;
    uint16_t lost[NACK_LOST_MAX];
    nack_generator_init(&generator);
    nack_generator_packet(&generator, 10, false, 0);
    nack_generator_packet(&generator, 14, true, 0);
    nack_generator_packet(&generator, 16, false, 0);
    nack_generator_packet(&generator, 17, false, 0);
    assert_int_equal(collect(&generator, 20 * MS, lost), 1);
    assert_int_equal(lost[0], 15);
    assert_false(nack_generator_take_gave_up(&generator));
}

static void the_list_is_bounded(void **state)
{
    (void)state;
    struct nack_generator generator;
    uint16_t lost[NACK_LOST_MAX];
    nack_generator_init(&generator);
    nack_generator_packet(&generator, 1, false, 0);
    for (int64_t i = 0; i < 400; i++)
        nack_generator_packet(&generator, 3 + 2 * i, false, 0); /* every second one lost */
    nack_generator_packet(&generator, 4 + 2 * 399, false, 0);
    assert_true(nack_generator_take_gave_up(&generator));
    assert_int_equal(generator.count, NACK_LOST_MAX);
    assert_int_equal(collect(&generator, 20 * MS, lost), NACK_CREDIT_MAX);
    assert_int_equal(lost[0], 2 + 2 * (400 - NACK_LOST_MAX)); /* the newest are kept */
    assert_true(nack_generator_take_gave_up(&generator));     /* more is asked for by nobody */
    assert_int_equal(generator.count, NACK_CREDIT_MAX);
    nack_generator_packet(&generator, 100000, false, 0); /* a hole too large for any repair */
    assert_true(nack_generator_take_gave_up(&generator));
    assert_true(nack_generator_due_us(&generator, 0) == INT64_MAX);
    nack_generator_restart(&generator);
    nack_generator_packet(&generator, 900000, false, 0); /* not a loss of 800 000 */
    assert_false(nack_generator_take_gave_up(&generator));
}

/* A queue that is full all the time loses most of what is sent into it, repairs as well. */
static void repairs_do_not_feed_a_full_queue(void **state)
{
    (void)state;
    struct chance chance = {test_seed(21)};
    static const uint32_t LOSS_PERCENT[] = {5, 30, 80, 95};
    for (int i = 0; i < 12; i++) {
        struct nack_generator generator;
        uint16_t lost[NACK_LOST_MAX];
        uint32_t arrived = 1, asked = 0, gone = 0, percent = LOSS_PERCENT[i % 4];
        nack_generator_init(&generator);
        nack_generator_packet(&generator, 0, false, 0);
        for (int64_t sequence = 1; sequence < 5000; sequence++) {
            if (chance_percent(&chance, percent)) {
                gone++;
            } else {
                nack_generator_packet(&generator, sequence, false, sequence * 5 * MS);
                arrived++;
            }
            /* So long a path that each is asked for once. */
            asked += (uint32_t)nack_generator_collect(&generator, 500 * MS, sequence * 5 * MS, lost,
                                                      NACK_LOST_MAX);
        }
        assert_true(asked <= arrived + NACK_CREDIT_MAX);
        assert_true(percent > 30 || asked + 10 >= gone); /* a lossy path is repaired */
    }
    struct nack_generator generator;
    uint16_t lost[2];
    nack_generator_init(&generator);
    nack_generator_packet(&generator, 100, false, 0);
    nack_generator_packet(&generator, 102, false, 0);
    assert_int_equal(nack_generator_collect(&generator, 9 * US_PER_S, 50 * MS, lost, 2), 0);
    assert_true(nack_generator_take_gave_up(&generator));
}

static void what_does_not_fit_is_asked_next_time(void **state)
{
    (void)state;
    struct nack_generator generator;
    uint16_t lost[3];
    nack_generator_init(&generator);
    nack_generator_packet(&generator, 10, false, 0);
    nack_generator_packet(&generator, 15, false, 0);
    nack_generator_packet(&generator, 16, false, 0);
    assert_int_equal(nack_generator_collect(&generator, 0, 10 * MS, lost, 3), 3);
    assert_int_equal(lost[2], 13);
    assert_int_equal(nack_generator_collect(&generator, 0, 10 * MS, lost, 3), 1);
    assert_int_equal(lost[0], 14);
}

/* Nothing lost is forgotten, nothing that came is asked for: against a plain set, over wraps. */
static void random_loss_is_asked_for_exactly(void **state)
{
    (void)state;
    struct chance chance = {test_seed(62)};
    for (int round = 0; round < 40; round++) {
        struct nack_generator generator;
        nack_generator_init(&generator);
        static bool came[3000], asked[3000];
        memset(came, 0, sizeof(came));
        memset(asked, 0, sizeof(asked));
        int64_t base = 0xf800 + (int64_t)chance_below(&chance, 4000), now_us = 1;
        for (int i = 0; i < 3000; i++) {
            now_us += 5 * MS;
            int at = i;
            if (chance_percent(&chance, 15) && i > 2 && !came[i - 2])
                at = i - 2; /* late or repaired */
            else if (chance_percent(&chance, 10))
                continue;
            came[at] = true;
            nack_generator_packet(&generator, base + at, false, now_us);
            uint16_t lost[NACK_LOST_MAX];
            size_t count = nack_generator_collect(&generator, 30 * MS, now_us, lost, NACK_LOST_MAX);
            for (size_t n = 0; n < count; n++) {
                int index = (uint16_t)(lost[n] - (uint16_t)base);
                assert_in_range(index, 0, 2999);
                assert_false(came[index]);
                asked[index] = true;
            }
        }
        for (int i = 20; i < 2950; i++) {
            if (!came[i])
                assert_true(asked[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_unwrapped_over_the_wrap),
        cmocka_unit_test(a_jump_must_be_confirmed),
        cmocka_unit_test(loss_is_reported_per_interval),
        cmocka_unit_test(repairs_fill_holes_but_not_the_loss),
        cmocka_unit_test(jitter_follows_the_deviation),
        cmocka_unit_test(random_order_is_judged_like_the_list),
        cmocka_unit_test(two_losses_are_asked_together),
        cmocka_unit_test(tries_are_bounded_and_end_in_a_keyframe),
        cmocka_unit_test(a_slow_stream_is_asked_without_two_packets),
        cmocka_unit_test(a_keyframe_forgives_what_was_before),
        cmocka_unit_test(the_list_is_bounded),
        cmocka_unit_test(repairs_do_not_feed_a_full_queue),
        cmocka_unit_test(what_does_not_fit_is_asked_next_time),
        cmocka_unit_test(random_loss_is_asked_for_exactly),
    };
    return cmocka_run_group_tests_name("receive", tests, NULL, NULL);
}
