/* The line against its own statistics: what was asked for is what happens, counted from outside. */
#include "tests/unit/media_core/support.h"

#include "gateway/base/clock.h"
#include "tests/netsim/link.h"
#include "tests/netsim/scenario.h"

#define MS US_PER_MS
enum { PACKETS_MAX = 100000 };

struct tally {
    uint32_t sent, came, doubles, late; /* late: behind a packet sent after it */
    int64_t first_us, last_us;
    int64_t delay_min_us, delay_max_us;
    uint64_t delay_sum_us;
    uint64_t lost_runs, lost;
};

struct payload {
    uint32_t number;
    int64_t sent_us;
};

static uint8_t seen[PACKETS_MAX];

static struct link *line(const struct link_settings *settings)
{
    struct link *link = link_new(test_seed(701), 0);
    assert_non_null(link);
    link_set(link, settings, 0);
    return link;
}

static void take(struct link *link, struct tally *tally, uint32_t *highest, int64_t now_us)
{
    struct span packet;
    while (link_pop(link, now_us, &packet)) {
        struct payload payload;
        memcpy(&payload, packet.data, sizeof(payload));
        tally->doubles += seen[payload.number] > 0;
        seen[payload.number] = 1;
        tally->late += payload.number < *highest;
        *highest = payload.number > *highest ? payload.number : *highest;
        int64_t delay_us = now_us - payload.sent_us;
        if (tally->came++ == 0)
            tally->first_us = now_us, tally->delay_min_us = delay_us;
        tally->last_us = now_us;
        tally->delay_sum_us += (uint64_t)delay_us;
        tally->delay_max_us = delay_us > tally->delay_max_us ? delay_us : tally->delay_max_us;
        tally->delay_min_us = delay_us < tally->delay_min_us ? delay_us : tally->delay_min_us;
    }
}

/* `count` packets of `bytes`, one each `gap_us`; every event at its exact time, as an adapter with a perfect clock would. */
static struct tally pour(struct link *link, uint32_t count, size_t bytes, int64_t gap_us)
{
    struct tally tally = {0};
    uint8_t packet[1500] = {0};
    uint32_t highest = 0;
    assert_true(count <= PACKETS_MAX && bytes <= sizeof(packet));
    memset(seen, 0, sizeof(seen));
    for (;;) {
        int64_t send_us = tally.sent < count ? (int64_t)tally.sent * gap_us : INT64_MAX;
        int64_t due_us = link_deadline_us(link);
        if (send_us == INT64_MAX && due_us == INT64_MAX)
            break;
        if (due_us <= send_us) {
            take(link, &tally, &highest, due_us);
            continue;
        }
        struct payload payload = {tally.sent++, send_us};
        memcpy(packet, &payload, sizeof(payload));
        link_push(link, span_of(packet, bytes), false, send_us);
    }
    for (uint32_t i = 0; i < count; i++) {
        tally.lost += !seen[i];
        tally.lost_runs += !seen[i] && (i == 0 || seen[i - 1]);
    }
    return tally;
}

static void assert_near(double value, double wanted, double share)
{
    if (value < wanted * (1 - share) || value > wanted * (1 + share))
        fail_msg("%f is not within %.0f %% of %f", value, share * 100, wanted);
}

static void a_perfect_line_changes_nothing(void **state)
{
    (void)state;
    struct link *link = line(&(struct link_settings){0});
    struct tally tally = pour(link, 5000, 200, 100);
    assert_int_equal(tally.came, 5000);
    assert_int_equal(tally.delay_max_us, 0);
    assert_int_equal(tally.late, 0);
    link_free(link);
}

static void random_loss_has_its_share(void **state)
{
    (void)state;
    for (uint64_t ppm = 10000; ppm <= 300000; ppm += 58000) {
        struct link *link = line(&(struct link_settings){.loss_ppm = ppm});
        struct tally tally = pour(link, 100000, 100, 1000);
        /* four standard deviations at least */
        assert_near((double)tally.lost, (double)ppm / 10, ppm < 50000 ? 0.13 : 0.06);
        assert_int_equal(link_count(link)->lost, tally.lost);
        /* Independent: a run of losses is 1/(1-p) long. */
        assert_near((double)tally.lost / (double)tally.lost_runs, 1e6 / (1e6 - (double)ppm), 0.05);
        link_free(link);
    }
}

static void bursts_have_their_share_and_length(void **state)
{
    (void)state;
    struct link *link = line(&(struct link_settings){.burst_ppm = 50000, .burst_length = 8});
    struct tally tally = pour(link, 100000, 100, 1000);
    assert_near((double)tally.lost, 5000, 0.2);
    assert_near((double)tally.lost / (double)tally.lost_runs, 8, 0.15);
    assert_int_equal(link_count(link)->lost_in_bursts, tally.lost);
    link_free(link);
}

static void the_rate_counts_bytes_and_the_queue_is_bounded(void **state)
{
    (void)state;
    struct link *link = line(&(struct link_settings){.rate_bps = 100000, .queue_bytes = 10000});
    /* 400 kbit/s into 100: three of four are dropped, the rest wait for a full queue. */
    struct tally tally = pour(link, 10000, 500, 10 * MS);
    assert_near((double)tally.came * 500 * 8 * US_PER_S / (double)(tally.last_us - tally.first_us),
                100000, 0.01);
    assert_near((double)tally.delay_max_us, 800000, 0.01);
    assert_int_equal(link_count(link)->dropped_queue_full, tally.lost);
    assert_int_equal(tally.late, 0);
    link_free(link);
}

static void a_new_rate_holds_for_what_waits(void **state)
{
    (void)state;
    struct link_settings settings = {.rate_bps = 100000};
    struct link *link = line(&settings);
    struct span packet;
    uint8_t bytes[1000] = {0};
    for (int i = 0; i < 10; i++)
        link_push(link, span_of(bytes, sizeof(bytes)), false, 0);
    assert_int_equal(link_backlog_us(link), 800 * MS);
    assert_int_equal(link_deadline_us(link), 80 * MS);
    /* Half of the first has left; the rest of it and nine more go ten times as fast. */
    settings.rate_bps = 1000000;
    link_set(link, &settings, 40 * MS);
    assert_int_equal(link_deadline_us(link), 44 * MS);
    int count = 0;
    for (int64_t now_us = 40 * MS; count < 10; now_us = link_deadline_us(link))
        if (link_pop(link, now_us, &packet) && ++count == 10)
            assert_int_equal(now_us, 116 * MS);
    link_free(link);
}

static void delay_and_jitter_keep_the_order(void **state)
{
    (void)state;
    struct link *link = line(&(struct link_settings){.delay_us = 150 * MS, .jitter_us = 30 * MS});
    struct tally tally = pour(link, 20000, 100, 40 * MS);
    assert_int_equal(tally.came, 20000);
    assert_int_equal(tally.late, 0);
    assert_in_range(tally.delay_min_us, 150 * MS, 151 * MS);
    assert_in_range(tally.delay_max_us, 179 * MS, 180 * MS);
    assert_near((double)tally.delay_sum_us / tally.came, 165 * MS, 0.02);
    link_free(link);
    link = line(&(struct link_settings){.delay_us = 10 * MS, .jitter_us = 30 * MS});
    tally = pour(link, 20000, 100, MS);
    assert_int_equal(tally.late, 0); /* also when the jitter is longer than the gap */
    link_free(link);
}

static void reordered_and_doubled_ones_are_counted(void **state)
{
    (void)state;
    struct link *link = line(
        &(struct link_settings){.delay_us = 20 * MS, .reorder_ppm = 20000, .reorder_us = 15 * MS});
    struct tally tally = pour(link, 50000, 100, 5 * MS);
    assert_near(tally.late, 1000, 0.12);
    assert_int_equal(tally.late, link_count(link)->reordered);
    link_free(link);
    link = line(&(struct link_settings){.duplicate_ppm = 10000});
    tally = pour(link, 50000, 100, MS);
    assert_near(tally.doubles, 500, 0.15);
    assert_int_equal(tally.doubles, link_count(link)->duplicated);
    assert_int_equal(tally.came, 50000 + tally.doubles);
    link_free(link);
}

static void cuts_and_blocks_let_nothing_through(void **state)
{
    (void)state;
    struct link_settings settings = {.udp_blocked = true};
    struct link *link = line(&settings);
    struct span packet;
    uint8_t bytes[10] = {0};
    link_push(link, span_of(bytes, sizeof(bytes)), true, 0);
    assert_false(link_pop(link, 0, &packet));
    link_push(link, span_of(bytes, sizeof(bytes)), false, 0);
    assert_true(link_pop(link, 0, &packet));
    settings = (struct link_settings){.cut = true};
    link_set(link, &settings, MS);
    link_push(link, span_of(bytes, sizeof(bytes)), false, MS);
    assert_int_equal(link_deadline_us(link), INT64_MAX);
    settings.cut = false;
    link_set(link, &settings, 2 * MS);
    link_push(link, span_of(bytes, sizeof(bytes)), true, 2 * MS);
    assert_true(link_pop(link, 2 * MS, &packet));
    assert_int_equal(link_count(link)->dropped_cut, 1);
    assert_int_equal(link_count(link)->dropped_udp, 1);
    link_free(link);
}

static void a_full_line_drops_and_counts(void **state)
{
    (void)state;
    struct link *link = line(&(struct link_settings){.delay_us = 3600 * US_PER_S});
    struct tally tally = pour(link, LINK_PACKETS_MAX + 100, 100, 1);
    assert_int_equal(tally.came, LINK_PACKETS_MAX);
    assert_int_equal(link_count(link)->dropped_line_full, 100);
    link_free(link);
}

static void the_same_seed_does_the_same(void **state)
{
    (void)state;
    const struct link_settings bad = {.rate_bps = 2000000,
                                      .delay_us = 30 * MS,
                                      .jitter_us = 20 * MS,
                                      .loss_ppm = 30000,
                                      .burst_ppm = 20000,
                                      .burst_length = 5,
                                      .duplicate_ppm = 5000,
                                      .reorder_ppm = 5000,
                                      .reorder_us = 10 * MS};
    struct link *one = line(&bad), *other = line(&bad);
    struct tally first = pour(one, 30000, 300, 1500), second = pour(other, 30000, 300, 1500);
    assert_memory_equal(&first, &second, sizeof(first));
    assert_memory_equal(link_count(one), link_count(other), sizeof(struct link_counters));
    link_free(one);
    link_free(other);
}

static void steps_are_read_as_written(void **state)
{
    (void)state;
    struct scenario_step step;
    struct link_settings settings = {0};
    char complaint[200] = "";
    const char *lines[] = {"rate 2M",           "queue 64k",  "delay 150ms", "jitter 20ms",
                           "loss 2.5%",         "burst 5% 8", "cut on",      "duplicate 1%",
                           "reorder 2% 30ms\n", "udp block"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_true(scenario_read(lines[i], &step, complaint, sizeof(complaint)));
        assert_true(step.at_us == -1 && step.applies[SCENARIO_UP] && step.applies[SCENARIO_DOWN]);
        scenario_apply(&step, &settings);
    }
    const struct link_settings wanted = {.rate_bps = 2000000,
                                         .queue_bytes = 65536,
                                         .delay_us = 150 * MS,
                                         .jitter_us = 20 * MS,
                                         .loss_ppm = 25000,
                                         .burst_ppm = 50000,
                                         .burst_length = 8,
                                         .duplicate_ppm = 10000,
                                         .reorder_ppm = 20000,
                                         .reorder_us = 30 * MS,
                                         .cut = true,
                                         .udp_blocked = true};
    assert_memory_equal(&settings, &wanted, sizeof(wanted));
    assert_true(scenario_read("at 10s down rate none", &step, complaint, sizeof(complaint)));
    assert_int_equal(step.at_us, 10 * US_PER_S);
    assert_true(step.applies[SCENARIO_DOWN] && !step.applies[SCENARIO_UP]);
}

static void wrong_steps_are_refused_with_a_reason(void **state)
{
    (void)state;
    static const char *const WRONG[] = {
        "",        "rate",       "rate fast", "rate -1",  "loss 5",     "loss 101%", "burst 5%",
        "at 10",   "at 10s",     "up",        "speed 1M", "cut maybe",  "rate 1M 2", "delay 5",
        "udp off", "rate 1e300", "loss nan%", "at x cut", "delay 1 ms", "up down",
    };
    for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
        struct scenario_step step = {.key = 77};
        char complaint[200] = "";
        assert_false(scenario_read(WRONG[i], &step, complaint, sizeof(complaint)));
        assert_int_equal(step.key, 77);
        assert_true(strlen(complaint) > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_perfect_line_changes_nothing),
        cmocka_unit_test(random_loss_has_its_share),
        cmocka_unit_test(bursts_have_their_share_and_length),
        cmocka_unit_test(the_rate_counts_bytes_and_the_queue_is_bounded),
        cmocka_unit_test(a_new_rate_holds_for_what_waits),
        cmocka_unit_test(delay_and_jitter_keep_the_order),
        cmocka_unit_test(reordered_and_doubled_ones_are_counted),
        cmocka_unit_test(cuts_and_blocks_let_nothing_through),
        cmocka_unit_test(a_full_line_drops_and_counts),
        cmocka_unit_test(the_same_seed_does_the_same),
        cmocka_unit_test(steps_are_read_as_written),
        cmocka_unit_test(wrong_steps_are_refused_with_a_reason),
    };
    return cmocka_run_group_tests_name("netsim_link", tests, NULL, NULL);
}
