/* The congestion loop on virtual time: an encoder that obeys REMB, the gateway's pacer and estimator, a bottleneck with a
 * queue that drops at its tail, a receiver with transport-cc, a way back that delays and loses feedback, and sometimes a
 * TCP flow beside us. After each run: what the estimate did, how long sound waited, how much was lost.
 *
 * Length: one world and the ways to trouble it; cut in two, neither half could be read without the other. */
#include "tests/unit/media_core/support.h"

#include "gateway/base/clock.h"
#include "media/feedback/bandwidth_estimator.h"
#include "media/feedback/pacer.h"
#include "media/feedback/remb.h"
#include "media/feedback/transport_cc.h"

#define MS US_PER_MS
enum { FLIGHT_MAX = 16384, FEEDBACKS_MAX = 256, SECONDS_MAX = 300 };
enum { PICTURE_BPS = 120000 };
enum { PACKET_BYTES = 1100, SOUND_BYTES = 110, HEADER_BYTES = 45, TCP_BYTES = 1500 };

enum kind { SOUND, PICTURE, PADDING, TCP };

struct flight {
    int64_t arrives_us;
    int64_t sent_us;
    uint16_t number;
    uint16_t bytes;
    enum kind kind;
};
/* The line to the receiver: a queue that the rate drains, then a fixed delay. */
struct line {
    uint64_t rate_bps;
    uint32_t queue_bytes_max;
    int64_t delay_us; /* one way */
    int64_t jitter_us;
    uint32_t loss_permille;
    uint32_t burst_permille; /* a burst of losses begins with a packet */
    uint32_t burst_left;
    int64_t free_us;
    int64_t last_arrival_us;
    struct flight flights[FLIGHT_MAX];
    size_t first, count; /* a ring: it does not reorder */
};
struct feedback {
    int64_t at_us;
    size_t length;
    uint8_t bytes[1400];
};
struct tcp {
    bool on;
    double window; /* packets */
    int in_flight;
    int64_t reduced_us;
    struct {
        int64_t at_us;
        bool lost;
    } answers[FLIGHT_MAX];
    size_t first, count;
    uint64_t bytes;
};

struct world {
    struct chance chance;
    int64_t now_us, start_us;
    /* sender */
    uint64_t encoder_bps, encoder_most_bps, allowed_bps;
    int64_t next_frame_us, next_sound_us;
    uint32_t frames, timestamp;
    int64_t sequence;
    bool gives_up; /* sends no picture while it is allowed less than PICTURE_BPS */
    bool keyframe_wanted;
    int64_t keyframe_due_us;
    int64_t remb_at_us;
    uint32_t remb_bps;
    /* gateway */
    struct bandwidth_estimator estimator;
    struct pacer pacer;
    struct remb remb;
    uint16_t number;
    uint32_t keyframes_asked, dropped;
    uint64_t padding_bytes, sent_bytes;
    /* line and receiver */
    struct line line;
    struct tcp tcp;
    struct transport_cc_recorder recorder;
    struct feedback feedbacks[FEEDBACKS_MAX];
    size_t feedbacks_count;
    uint32_t feedback_loss_percent;
    uint64_t got_bytes[4];
    uint32_t lost_packets, passed_packets;
    /* what came of it */
    uint32_t estimate_bps[SECONDS_MAX];  /* at the end of each second */
    uint32_t sound_wait_ms[SECONDS_MAX]; /* the longest in that second, beyond the line's delay */
    uint32_t picture_bps[SECONDS_MAX];   /* delivered in that second */
    uint32_t queue_ms[SECONDS_MAX];      /* the longest in the pacer */
    uint64_t picture_before;
};

static void tcp_answer(struct world *w, int64_t at_us, bool lost)
{
    struct tcp *tcp = &w->tcp;
    assert_true(tcp->count < FLIGHT_MAX);
    size_t at = (tcp->first + tcp->count++) % FLIGHT_MAX;
    tcp->answers[at].at_us = at_us;
    tcp->answers[at].lost = lost;
}

static bool line_loses(struct world *w)
{
    struct line *line = &w->line;
    if (line->burst_left > 0) {
        line->burst_left--;
        return true;
    }
    if (line->burst_permille > 0 && chance_below(&w->chance, 1000) < line->burst_permille)
        line->burst_left = 3 + chance_below(&w->chance, 5);
    return chance_below(&w->chance, 1000) < line->loss_permille;
}

static void line_send(struct world *w, enum kind kind, uint16_t number, uint16_t bytes)
{
    struct line *line = &w->line;
    int64_t begins_us = line->free_us > w->now_us ? line->free_us : w->now_us;
    uint64_t queued = (uint64_t)(begins_us - w->now_us) * line->rate_bps / 8 / US_PER_S;
    bool full = queued + bytes > line->queue_bytes_max;
    if (full || line_loses(w)) {
        if (kind == TCP)
            tcp_answer(w, begins_us + 2 * line->delay_us, true);
        else
            w->lost_packets++;
        if (full)
            return;
        if (kind != TCP)
            line->free_us = begins_us + bytes * 8 * US_PER_S / (int64_t)line->rate_bps;
        return;
    }
    line->free_us = begins_us + bytes * 8 * US_PER_S / (int64_t)line->rate_bps;
    int64_t arrives_us = line->free_us + line->delay_us;
    if (line->jitter_us > 0)
        arrives_us += chance_below(&w->chance, (uint32_t)line->jitter_us);
    if (arrives_us < line->last_arrival_us)
        arrives_us = line->last_arrival_us;
    line->last_arrival_us = arrives_us;
    assert_true(line->count < FLIGHT_MAX);
    line->flights[(line->first + line->count++) % FLIGHT_MAX] =
        (struct flight){arrives_us, w->now_us, number, bytes, kind};
}

/* ---- gateway ---- */

static void gateway_send(struct world *w, enum kind kind, uint16_t bytes)
{
    uint16_t number = w->number++;
    bandwidth_estimator_sent(&w->estimator, number, bytes, w->now_us);
    pacer_sent(&w->pacer, bytes, w->now_us);
    w->sent_bytes += bytes;
    if (kind == PADDING)
        w->padding_bytes += bytes;
    line_send(w, kind, number, bytes);
}

static void gateway_picture(struct world *w, uint16_t bytes, bool keyframe)
{
    struct pacer_packet packet = {.packet = {.generation = 1},
                                  .sequence = w->sequence,
                                  .timestamp = w->timestamp,
                                  .bytes = bytes,
                                  .keyframe = keyframe};
    if (pacer_offer(&w->pacer, &packet, w->now_us) == PACER_SEND)
        gateway_send(w, PICTURE, bytes);
}

static uint32_t second_of(const struct world *w)
{
    return (uint32_t)((w->now_us - w->start_us) / US_PER_S);
}

static void gateway_tick(struct world *w)
{
    struct pacer_packet packet;
    uint16_t starved;
    bandwidth_estimator_tick(&w->estimator, REMB_HIGHEST_BPS, w->now_us);
    uint64_t pace = bandwidth_estimator_pressed(&w->estimator, w->now_us) ? 150 : 250;
    pacer_set_rate(&w->pacer, bandwidth_estimator_target_bps(&w->estimator) * pace / 100);
    int64_t wait_us = pacer_delay_us(&w->pacer, w->now_us);
    if (wait_us / MS > w->queue_ms[second_of(w)])
        w->queue_ms[second_of(w)] = (uint32_t)(wait_us / MS);
    while (pacer_take(&w->pacer, w->now_us, &packet))
        gateway_send(w, PICTURE, packet.bytes);
    w->dropped += pacer_take_dropped(&w->pacer, &starved);
    if (starved != 0) {
        w->keyframes_asked++;
        w->keyframe_wanted = true;
        w->keyframe_due_us = w->now_us + 60 * MS;
    }
    for (size_t owed = probe_owed(&w->estimator.probe, w->now_us); owed > 0;
         owed = probe_owed(&w->estimator.probe, w->now_us))
        gateway_send(w, PADDING,
                     (uint16_t)(probe_padding_bytes(&w->estimator.probe) + HEADER_BYTES));
    struct link_state link = {.queue_us = (uint32_t)wait_us};
    bandwidth_estimator_state(&w->estimator, &link);
    link.estimate_bps = bandwidth_estimator_target_bps(&w->estimator);
    uint32_t limit_bps = remb_limit_bps(&link, 0);
    bool report = w->now_us - w->remb.told_us >= US_PER_S;
    if (!report && !remb_is_news(&w->remb, limit_bps, w->now_us))
        return;
    remb_told(&w->remb, limit_bps, w->now_us);
    w->remb_bps = limit_bps;
    w->remb_at_us = w->now_us + 30 * MS; /* the publisher's own line */
}

static void gateway_feedback(struct world *w, const struct feedback *feedback)
{
    struct rtcp_reader reader;
    struct rtcp_item item;
    assert_result(RESULT_OK, rtcp_reader_init(&reader, span_of(feedback->bytes, feedback->length)));
    while (rtcp_next(&reader, &item))
        assert_result(RESULT_OK,
                      bandwidth_estimator_feedback(&w->estimator, &item,
                                                   (uint32_t)(2 * w->line.delay_us), w->now_us));
}

/* ---- sender ---- */

/* Down at once, up by half a second; a keyframe is six times a frame. */
static void sender_step(struct world *w)
{
    if (w->remb_at_us != 0 && w->remb_at_us <= w->now_us) {
        w->allowed_bps = w->remb_bps;
        w->remb_at_us = 0;
    }
    uint64_t most_bps = w->allowed_bps < w->encoder_most_bps ? w->allowed_bps : w->encoder_most_bps;
    if (w->encoder_bps > most_bps)
        w->encoder_bps = most_bps;
    else
        w->encoder_bps += (most_bps - w->encoder_bps) / 400;
    if (w->now_us >= w->next_sound_us) {
        w->next_sound_us += 20 * MS;
        gateway_send(w, SOUND, SOUND_BYTES);
    }
    if (w->now_us < w->next_frame_us)
        return;
    w->next_frame_us += 33 * MS;
    if (w->gives_up && w->allowed_bps < PICTURE_BPS)
        return;
    uint64_t sound_bps = SOUND_BYTES * 8 * 50;
    uint64_t picture_bps = w->encoder_bps > sound_bps + 15000 ? w->encoder_bps - sound_bps : 15000;
    bool key = w->frames++ == 0 || (w->keyframe_wanted && w->now_us >= w->keyframe_due_us);
    uint64_t bytes = picture_bps / 8 / 30 * (70 + chance_below(&w->chance, 60)) / 100;
    if (key) {
        w->keyframe_wanted = false;
        bytes = bytes * 6 + 1500;
    }
    w->timestamp += 3000;
    for (bool first = true; bytes > 0; first = false) {
        uint16_t length = bytes > PACKET_BYTES ? PACKET_BYTES : (uint16_t)(bytes < 60 ? 60 : bytes);
        bytes = bytes > PACKET_BYTES ? bytes - PACKET_BYTES : 0;
        w->sequence++;
        gateway_picture(w, length, key && first);
    }
}

/* ---- receiver and TCP ---- */

static void receiver_step(struct world *w)
{
    struct line *line = &w->line;
    while (line->count > 0 && line->flights[line->first].arrives_us <= w->now_us) {
        struct flight flight = line->flights[line->first];
        line->first = (line->first + 1) % FLIGHT_MAX;
        line->count--;
        w->got_bytes[flight.kind] += flight.bytes;
        if (flight.kind == TCP) {
            tcp_answer(w, w->now_us + line->delay_us, false);
            continue;
        }
        w->passed_packets++;
        int64_t wait_ms = (flight.arrives_us - flight.sent_us - line->delay_us) / MS;
        if (flight.kind == SOUND && wait_ms > w->sound_wait_ms[second_of(w)])
            w->sound_wait_ms[second_of(w)] = (uint32_t)wait_ms;
        transport_cc_arrived(&w->recorder, flight.number, flight.arrives_us);
    }
    if (transport_cc_due_us(&w->recorder, 300000) > w->now_us)
        return;
    for (;;) {
        assert_true(w->feedbacks_count < FEEDBACKS_MAX);
        struct feedback *feedback = &w->feedbacks[w->feedbacks_count];
        struct bytes_writer writer = bytes_writer_of(feedback->bytes, sizeof(feedback->bytes));
        if (!transport_cc_write(&w->recorder, 1, 2, w->now_us, &writer))
            return;
        feedback->length = writer.used;
        feedback->at_us = w->now_us + line->delay_us;
        if (!chance_percent(&w->chance, w->feedback_loss_percent))
            w->feedbacks_count++;
    }
}

static void feedback_step(struct world *w)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->feedbacks_count; i++) {
        if (w->feedbacks[i].at_us <= w->now_us)
            gateway_feedback(w, &w->feedbacks[i]);
        else
            w->feedbacks[kept++] = w->feedbacks[i];
    }
    w->feedbacks_count = kept;
}

/* Reno: a packet more a round trip, half after a loss. */
static void tcp_step(struct world *w)
{
    struct tcp *tcp = &w->tcp;
    if (!tcp->on)
        return;
    while (tcp->count > 0 && tcp->answers[tcp->first].at_us <= w->now_us) {
        bool lost = tcp->answers[tcp->first].lost;
        tcp->first = (tcp->first + 1) % FLIGHT_MAX;
        tcp->count--;
        tcp->in_flight--;
        if (!lost) {
            tcp->window += 1 / tcp->window;
        } else if (w->now_us - tcp->reduced_us > 2 * w->line.delay_us + 200 * MS) {
            tcp->reduced_us = w->now_us;
            tcp->window = tcp->window / 2 < 2 ? 2 : tcp->window / 2;
        }
    }
    while (tcp->in_flight < (int)tcp->window) {
        tcp->in_flight++;
        line_send(w, TCP, 0, TCP_BYTES);
    }
}

/* ---- the world ---- */

static struct world *world_new(uint64_t seed, uint64_t rate_bps, int64_t delay_us)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    w->chance.state = seed;
    w->now_us = w->start_us = w->next_frame_us = w->next_sound_us = 100 * US_PER_S;
    w->encoder_bps = 300000;
    w->encoder_most_bps = w->allowed_bps = 2500000;
    w->number = (uint16_t)chance_next(&w->chance);
    w->line.rate_bps = rate_bps;
    w->line.delay_us = delay_us;
    w->line.queue_bytes_max = 60000;
    w->tcp.window = 4;
    bandwidth_estimator_init(&w->estimator, w->now_us);
    pacer_init(&w->pacer);
    transport_cc_recorder_init(&w->recorder);
    return w;
}

static void run(struct world *w, int seconds)
{
    for (int64_t end_us = w->now_us + seconds * US_PER_S; w->now_us < end_us; w->now_us += MS) {
        sender_step(w);
        tcp_step(w);
        receiver_step(w);
        feedback_step(w);
        if (w->now_us / MS % 5 == 0)
            gateway_tick(w);
        if (w->now_us / MS % 1000 == 999) {
            uint32_t second = second_of(w);
            assert_true(second < SECONDS_MAX);
            w->estimate_bps[second] = bandwidth_estimator_bps(&w->estimator);
            w->picture_bps[second] = (uint32_t)(w->got_bytes[PICTURE] - w->picture_before) * 8;
            w->picture_before = w->got_bytes[PICTURE];
        }
    }
}

/* With TSUNAGI_SHOW: second by second. */
static void show(const struct world *w, const char *what)
{
    uint32_t seconds = second_of(w);
    if (getenv("TSUNAGI_SHOW") == NULL)
        return;
    printf("%s\n", what);
    for (uint32_t i = 0; i < seconds; i++)
        printf("  %3u s: estimate %5u, picture %5u kbit/s, sound waited %4u ms, pacer %4u ms\n", i,
               w->estimate_bps[i] / 1000, w->picture_bps[i] / 1000, w->sound_wait_ms[i],
               w->queue_ms[i]);
    printf("  keyframes %u, dropped %u, padding %u of %u kB, lost %u of %u\n", w->keyframes_asked,
           w->dropped, (unsigned)(w->padding_bytes / 1000), (unsigned)(w->sent_bytes / 1000),
           w->lost_packets, w->lost_packets + w->passed_packets);
}

/* ---- what is promised ---- */

enum { SEEDS = 4 };

static uint32_t mean_of(const uint32_t *values, uint32_t from, uint32_t to)
{
    uint64_t sum = 0;
    for (uint32_t i = from; i < to; i++)
        sum += values[i];
    return (uint32_t)(sum / (to - from));
}

static uint32_t most_of(const uint32_t *values, uint32_t from, uint32_t to)
{
    uint32_t most = 0;
    for (uint32_t i = from; i < to; i++)
        most = values[i] > most ? values[i] : most;
    return most;
}

static uint32_t least_of(const uint32_t *values, uint32_t from, uint32_t to)
{
    uint32_t least = UINT32_MAX;
    for (uint32_t i = from; i < to; i++)
        least = values[i] < least ? values[i] : least;
    return least;
}

/* The seed of every world is on the output before it runs, so a failure can be repeated. */
static struct world *world_of_seed(struct chance *seeds, uint64_t rate_bps, int64_t delay_us)
{
    uint64_t seed = chance_next(seeds);
    printf("  world %llu\n", (unsigned long long)seed);
    return world_new(seed, rate_bps, delay_us);
}

static void a_good_line_is_used_and_not_paced(void **state)
{
    (void)state;
    struct chance seeds = {test_seed(301)};
    for (int i = 0; i < SEEDS; i++) {
        struct world *w = world_of_seed(&seeds, 10000000, 15 * MS);
        run(w, 20);
        show(w, "good line");
        assert_true(least_of(w->estimate_bps, 4, 20) > REMB_HIGHEST_BPS);
        assert_true(mean_of(w->picture_bps, 5, 20) > 2000000);
        assert_int_equal(most_of(w->queue_ms, 4, 20), 0);
        assert_true(most_of(w->sound_wait_ms, 1, 20) < 30);
        assert_int_equal(w->dropped, 0);
        free(w);
    }
}

/* From 200 kbit/s to 2 Mbit/s and from 20 to 600 ms of round trip. */
static void a_narrow_line_is_filled_and_not_flooded(void **state)
{
    (void)state;
    static const uint64_t RATES_BPS[] = {200000, 600000, 2000000};
    static const int64_t DELAYS_US[] = {10 * MS, 100 * MS, 300 * MS};
    struct chance seeds = {test_seed(302)};
    for (int rate = 0; rate < 3; rate++) {
        for (int delay = 0; delay < 3; delay++) {
            struct world *w = world_of_seed(&seeds, RATES_BPS[rate], DELAYS_US[delay]);
            run(w, 50);
            show(w, "narrow line");
            uint32_t used_bps = mean_of(w->picture_bps, 20, 50) + SOUND_BYTES * 8 * 50;
            printf("%5u kbit/s, %3u ms: %u %% used, sound waits %u ms on average, %u at the most\n",
                   (unsigned)(RATES_BPS[rate] / 1000), (unsigned)(2 * DELAYS_US[delay] / MS),
                   (unsigned)(used_bps * 100 / RATES_BPS[rate]), mean_of(w->sound_wait_ms, 20, 50),
                   most_of(w->sound_wait_ms, 20, 50));
            assert_in_range(mean_of(w->estimate_bps, 20, 50), RATES_BPS[rate] * 7 / 10,
                            RATES_BPS[rate] * 12 / 10);
            assert_true(used_bps > RATES_BPS[rate] * 6 / 10);
            assert_true(mean_of(w->sound_wait_ms, 20, 50) < 250);
            free(w);
        }
    }
}

/* 2 Mbit/s → 100 kbit/s → 2 Mbit/s: back at 80 % within ten seconds, and while it lasts sound does not stand behind
 * picture for longer than the queue of the first moment needs to drain. */
static void it_recovers_from_a_dip(void **state)
{
    (void)state;
    struct chance seeds = {test_seed(303)};
    for (int i = 0; i < SEEDS; i++) {
        struct world *w = world_of_seed(&seeds, 2000000, 25 * MS);
        w->line.queue_bytes_max = i % 2 == 0 ? 60000 : 25000;
        run(w, 30);
        w->line.rate_bps = 100000;
        run(w, 30);
        w->line.rate_bps = 2000000;
        run(w, 30);
        show(w, "dip");
        uint32_t back = 60;
        while (back < 90 && w->estimate_bps[back] < 1600000)
            back++;
        printf("back at 80 %% after %u s, %u keyframes asked for, %u packets dropped\n", back - 59,
               w->keyframes_asked, w->dropped);
        assert_in_range(back, 60, 69);
        assert_in_range(mean_of(w->estimate_bps, 45, 60), 70000, 125000);
        assert_true(most_of(w->sound_wait_ms, 45, 60) < 600);
        assert_true(mean_of(w->sound_wait_ms, 45, 60) < 250);
        assert_true(most_of(w->queue_ms, 0, 90) <= PACER_WAIT_KEYFRAME_US / MS + 10);
        assert_true(mean_of(w->picture_bps, 75, 90) > 1300000);
        free(w);
    }
}

/* A sender that stops its picture on a narrow line: sound alone shows nothing of the room, however long it lasted. */
static void a_picture_given_up_comes_back(void **state)
{
    (void)state;
    static const int NARROW_S[] = {20, 210}; /* the dip is remembered, and forgotten */
    struct chance seeds = {test_seed(310)};
    for (int i = 0; i < 12; i++) {
        struct world *w = world_of_seed(&seeds, 2000000, (15 + 10 * (i / 2)) * MS);
        int good_again = 15 + NARROW_S[i % 2];
        w->gives_up = true;
        run(w, 15);
        w->line.rate_bps = 80000;
        run(w, good_again - 15);
        w->line.rate_bps = 2000000;
        run(w, 30);
        show(w, "given up");
        assert_int_equal(mean_of(w->picture_bps, good_again - 5, good_again), 0);
        assert_true(w->remb_bps > 0);
        int most = i % 2 == 0 ? 10 : 25; /* of seconds */
        assert_true(most_of(w->estimate_bps, good_again, good_again + most) >= 1600000);
        assert_true(mean_of(w->picture_bps, good_again + most, good_again + 30) > 1000000);
        free(w);
    }
}

static void random_loss_does_not_collapse_it(void **state)
{
    (void)state;
    static const uint32_t LOSS_PERMILLE[] = {10, 50, 100, 200, 300};
    struct chance seeds = {test_seed(304)};
    for (int i = 0; i < 5; i++) {
        struct world *w = world_of_seed(&seeds, 1500000, 30 * MS);
        w->line.loss_permille = LOSS_PERMILLE[i];
        run(w, 60);
        show(w, "random loss");
        uint32_t mean_bps = mean_of(w->estimate_bps, 25, 60);
        printf("%2u %% loss: estimate %u kbit/s on average, %u at the least\n",
               LOSS_PERMILLE[i] / 10, mean_bps / 1000, least_of(w->estimate_bps, 25, 60) / 1000);
        assert_true(mean_bps > (LOSS_PERMILLE[i] <= 100 ? 1100000 : 600000));
        assert_true(least_of(w->estimate_bps, 25, 60) > 400000);
        free(w);
    }
}

static void bursts_and_jitter_do_not_collapse_it(void **state)
{
    (void)state;
    struct chance seeds = {test_seed(305)};
    for (int i = 0; i < SEEDS; i++) {
        struct world *w = world_of_seed(&seeds, 1000000, 40 * MS);
        w->line.burst_permille = i % 2 == 0 ? 5 : 0;
        w->line.jitter_us = i % 2 == 0 ? 0 : 30 * MS;
        run(w, 50);
        show(w, "bursts or jitter");
        assert_true(mean_of(w->estimate_bps, 20, 50) > 650000);
        free(w);
    }
}

static void lost_feedback_does_not_collapse_it(void **state)
{
    (void)state;
    struct chance seeds = {test_seed(306)};
    for (int i = 0; i < SEEDS; i++) {
        struct world *w = world_of_seed(&seeds, 1000000, 25 * MS);
        w->feedback_loss_percent = 20 + 15 * (uint32_t)i;
        run(w, 50);
        show(w, "feedback lost");
        assert_true(mean_of(w->estimate_bps, 20, 50) > 650000);
        assert_true(mean_of(w->estimate_bps, 20, 50) < 1300000);
        free(w);
    }
}

/* Three seconds without anything (a handover): lower, and soon back. */
static void a_cut_line_comes_back(void **state)
{
    (void)state;
    struct chance seeds = {test_seed(307)};
    for (int i = 0; i < SEEDS; i++) {
        struct world *w = world_of_seed(&seeds, 1500000, 30 * MS);
        run(w, 20);
        w->line.loss_permille = 1000;
        w->feedback_loss_percent = 100;
        run(w, 3);
        uint32_t cut_bps = w->estimate_bps[22];
        w->line.loss_permille = 0;
        w->feedback_loss_percent = 0;
        run(w, 20);
        show(w, "cut");
        assert_true(cut_bps < w->estimate_bps[19] * 6ull / 10);
        assert_true(most_of(w->estimate_bps, 23, 33) > 1200000);
        assert_true(mean_of(w->estimate_bps, 33, 43) > 1000000);
        free(w);
    }
}

/* A greedy TCP flow in a queue of 240 ms: each gets a share. */
static void tcp_beside_us_starves_nobody(void **state)
{
    (void)state;
    struct chance seeds = {test_seed(308)};
    for (int i = 0; i < SEEDS; i++) {
        struct world *w = world_of_seed(&seeds, 2000000, (15 + 10 * i) * MS);
        run(w, 20);
        w->tcp.on = true;
        run(w, 60);
        uint32_t tcp_bps = (uint32_t)(w->got_bytes[TCP] * 8 / 60);
        w->tcp.on = false;
        run(w, 20);
        show(w, "tcp");
        uint32_t ours_bps = mean_of(w->picture_bps, 35, 80);
        printf("beside TCP: picture %u, TCP %u kbit/s\n", ours_bps / 1000, tcp_bps / 1000);
        assert_true(ours_bps > 300000);
        assert_true(tcp_bps > 300000);
        assert_true(most_of(w->estimate_bps, 80, 90) > 1600000); /* alone again */
        free(w);
    }
}

/* Probes take little: on a steady weak line, and none at all when nothing is wanted. */
static void probes_are_rare(void **state)
{
    (void)state;
    struct chance seeds = {test_seed(309)};
    struct world *w = world_of_seed(&seeds, 300000, 40 * MS);
    run(w, 120);
    show(w, "steady weak line");
    printf("padding: %u of %u kB\n", (unsigned)(w->padding_bytes / 1000),
           (unsigned)(w->sent_bytes / 1000));
    assert_true(w->padding_bytes > 0);
    assert_true(w->padding_bytes * 100 < w->sent_bytes * 5);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_line_is_used_and_not_paced),
        cmocka_unit_test(a_narrow_line_is_filled_and_not_flooded),
        cmocka_unit_test(it_recovers_from_a_dip),
        cmocka_unit_test(a_picture_given_up_comes_back),
        cmocka_unit_test(random_loss_does_not_collapse_it),
        cmocka_unit_test(bursts_and_jitter_do_not_collapse_it),
        cmocka_unit_test(lost_feedback_does_not_collapse_it),
        cmocka_unit_test(a_cut_line_comes_back),
        cmocka_unit_test(tcp_beside_us_starves_nobody),
        cmocka_unit_test(probes_are_rare),
    };
    return cmocka_run_group_tests_name("congestion_simulation", tests, NULL, NULL);
}
