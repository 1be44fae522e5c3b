/* The parts of the bandwidth estimate one by one, where the simulation of the whole would not tell which is wrong. */
#include "tests/unit/media_core/support.h"

#include "gateway/base/clock.h"
#include "media/feedback/delivered_rate.h"
#include "media/feedback/loss_controller.h"
#include "media/feedback/probe.h"
#include "media/feedback/sent_history.h"

#define MS US_PER_MS

static void each_packets_fate_is_told_once(void **state)
{
    (void)state;
    struct sent_history *history = malloc(sizeof(*history));
    struct sent_packet packet;
    assert_non_null(history);
    sent_history_init(history);
    for (uint16_t i = 0; i < 10; i++) /* over the wrap, and past 2^32 microseconds */
        sent_history_add(history, (uint16_t)(0xfffb + i), 100 + i, i == 3 ? 7 : 0,
                         0xfffff000ll + i * 1000);
    assert_true(sent_history_report(history, 0xfffe, true, &packet));
    assert_true(packet.sent_us == 0xfffff000ll + 3000);
    assert_int_equal(packet.bytes, 103);
    assert_int_equal(packet.cluster, 7);
    assert_false(sent_history_report(history, 0xfffe, true, &packet));
    assert_false(sent_history_report(history, 0xfffe, false, &packet));
    assert_true(sent_history_report(history, 0xffff, false, &packet));
    assert_false(sent_history_report(history, 0xffff, false, &packet));
    assert_true(sent_history_report(history, 0xffff, true, &packet)); /* late, not lost */
    assert_true(packet.was_lost);
    assert_false(sent_history_report(history, 0xfffa, true, &packet)); /* never sent */
    assert_false(sent_history_report(history, 5, true, &packet));
    assert_true(sent_history_waits(history));
    assert_true(sent_history_passed(history, 0xffff));
    assert_false(sent_history_passed(history, 0));
    for (uint32_t i = 0; i < SENT_HISTORY_PACKETS; i++)
        sent_history_add(history, (uint16_t)(5 + i), 50, 0, US_PER_S);
    assert_false(sent_history_report(history, 4, true, &packet)); /* written over */
    assert_true(sent_history_report(history, 5, true, &packet));
    free(history);
}

static void lost_feedback_is_made_up_for_once(void **state)
{
    (void)state;
    struct sent_history *history = malloc(sizeof(*history));
    struct sent_packet packet;
    assert_non_null(history);
    sent_history_init(history);
    for (uint16_t i = 0; i < 30; i++)
        sent_history_add(history, i, 100, 0, US_PER_S);
    assert_int_equal(sent_history_unreported(history, 10), 0); /* the first: nothing is missing */
    for (uint16_t i = 0; i < 10; i++)
        assert_true(sent_history_report(history, i, true, &packet));
    assert_int_equal(sent_history_unreported(history, 20), 1000);
    assert_int_equal(sent_history_unreported(history, 20), 0);
    assert_true(sent_history_report(history, 20, true, &packet));
    assert_true(sent_history_report(history, 15, true, &packet)); /* that feedback was only late */
    assert_int_equal(packet.bytes, 0);
    assert_int_equal(sent_history_unreported(history, 5), 0); /* and one from before is none */
    free(history);
}

static void the_rate_is_that_of_arrival(void **state)
{
    (void)state;
    struct delivered_rate rate;
    delivered_rate_init(&rate);
    int64_t now_us = 7 * US_PER_S;
    for (int i = 0; i < 20; i++, now_us += 10 * MS)
        delivered_rate_add(&rate, 1250, now_us);
    assert_int_equal(delivered_rate_bps(&rate), 0); /* too early to say */
    for (int i = 0; i < 80; i++, now_us += 10 * MS)
        delivered_rate_add(&rate, 1250, now_us);
    assert_in_range(delivered_rate_bps(&rate), 950000, 1080000);
    for (int i = 0; i < 25; i++, now_us += 10 * MS)
        delivered_rate_add(&rate, 125, now_us);
    assert_in_range(delivered_rate_last_bps(&rate), 90000, 130000);
    assert_in_range(delivered_rate_bps(&rate), 400000, 650000);
    now_us += 60 * US_PER_S; /* a jump of their clock begins anew */
    delivered_rate_add(&rate, 1250, now_us);
    assert_int_equal(delivered_rate_bps(&rate), 0);
    delivered_rate_add(&rate, 1250, -5);
    delivered_rate_add(&rate, 1250, now_us - US_PER_S);
    assert_int_equal(delivered_rate_bps(&rate), 0);
}

static void second_of_loss(struct loss_controller *controller, int percent, int64_t *now_us)
{
    for (int i = 0; i < 100; i++)
        loss_controller_packet(controller, i >= percent, false);
    *now_us += LOSS_STEP_US;
    (void)loss_controller_step(controller, controller->allowed_bps, 2000000, *now_us);
}

static void only_loss_above_the_links_own_lowers(void **state)
{
    (void)state;
    struct loss_controller controller;
    int64_t now_us = US_PER_S;
    loss_controller_init(&controller, 2000000, now_us);
    for (int i = 0; i < 30; i++)
        second_of_loss(&controller, 1, &now_us);
    assert_true(controller.allowed_bps == 2000000);
    for (int i = 0; i < 4; i++)
        second_of_loss(&controller, 30, &now_us);
    assert_int_equal(controller.loss_permille, 300);
    assert_true(controller.allowed_bps < 1800000); /* it may be ours */
    for (int i = 0; i < 40; i++)
        second_of_loss(&controller, 30, &now_us);
    assert_true(controller.allowed_bps == 2000000); /* it was not: giving way changed nothing */
    for (int i = 0; i < 40; i++)
        second_of_loss(&controller, 80, &now_us);
    assert_true(controller.allowed_bps < 200000); /* but no link is like that */
    loss_controller_packet(&controller, true, true);
    assert_int_equal(controller.lost, 0);
}

/* Ten packets of 300 bytes at 480 kbit/s; they arrive as the link lets them. */
static uint64_t probe_over(uint64_t link_bps, uint32_t arriving)
{
    struct probe probe;
    probe_init(&probe, US_PER_S);
    assert_false(probe_start(&probe, 500000, 400000, US_PER_S)); /* nothing is wanted */
    assert_true(probe_start(&probe, 160000, 2500000, US_PER_S));
    assert_int_equal(probe.target_bps, 480000);
    int64_t now_us = US_PER_S, free_us = 0;
    uint32_t sent = 0;
    for (; probe.state == PROBE_SENDING; now_us += 5 * MS) {
        while (probe_owed(&probe, now_us) > 0) {
            uint8_t cluster = probe_sent(&probe, (uint16_t)sent, 300, now_us);
            free_us =
                (free_us > now_us ? free_us : now_us) + (int64_t)(300 * 8 * US_PER_S / link_bps);
            if (sent++ < arriving)
                probe_arrived(&probe, cluster, 300, now_us, free_us);
        }
    }
    assert_in_range(now_us - US_PER_S, PROBE_CLUSTER_US, PROBE_CLUSTER_US + 10 * MS);
    probe_arrived(&probe, (uint8_t)(probe.cluster + 1), 300, now_us, now_us); /* another one's */
    return probe_result(&probe);
}

static void a_probe_shows_what_passed(void **state)
{
    (void)state;
    assert_in_range(probe_over(10000000, 100), 420000, 500000);
    assert_in_range(probe_over(200000, 100), 180000, 200000);
    assert_int_equal(probe_over(10000000, 5), 0); /* half of it lost: says nothing */
}

static void probes_become_rare(void **state)
{
    (void)state;
    struct probe probe;
    int64_t now_us = US_PER_S;
    int started = 0;
    probe_init(&probe, now_us);
    for (; now_us < 121 * US_PER_S; now_us += 5 * MS) {
        started += probe_start(&probe, 100000, 2500000, now_us);
        for (int i = 0; i < 9 && probe_owed(&probe, now_us) > 0; i++)
            (void)probe_sent(&probe, 1, 300, now_us);
        if (probe.state == PROBE_MEASURING) {
            (void)probe_result(&probe);
            probe_conclude(&probe, false, false);
        }
    }
    assert_in_range(started, 6, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_packets_fate_is_told_once),
        cmocka_unit_test(lost_feedback_is_made_up_for_once),
        cmocka_unit_test(the_rate_is_that_of_arrival),
        cmocka_unit_test(only_loss_above_the_links_own_lowers),
        cmocka_unit_test(a_probe_shows_what_passed),
        cmocka_unit_test(probes_become_rare),
    };
    return cmocka_run_group_tests_name("line_estimate", tests, NULL, NULL);
}
