/* A receiver on a slow line, over the real media plane: his feedback makes an estimate, picture waits or is dropped before
 * it has a number, sound passes, the sender is told to send less; and when the line gets better, probes find out. */
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
#include "media/feedback/transport_cc.h"
#include "tests/unit/media/media_bench.h"

#define PICTURE_INTERVAL_US 10000 /* of 900 bytes: 720 kbit/s and more */
#define SOUND_INTERVAL_US   20000
#define FEEDBACK_US         50000
#define PICTURE_BPS         150000 /* of a browser that gives up its picture when told less */
#define PATIENCE_US         (30 * US_PER_S) /* of a machine that does other things as well */

/* What comes off the socket went over this line first. */
struct slow_line {
    uint64_t rate_bps;
    int64_t free_us;
    struct transport_cc_recorder recorder;
    int64_t reported_us;
    uint32_t taken; /* packets of the bench seen so far */
    bool numbered;
    uint16_t next_sequence; /* of the picture */
    uint32_t gaps, sound, padding;
};

struct sender {
    int64_t picture_us, sound_us;
    uint64_t asked; /* keyframe requests answered */
    bool gives_up;  /* sends no picture while it is told less than PICTURE_BPS */
    uint32_t sound;
};

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

/* The newest REMB that reached the patient; 0: none. */
static uint64_t patients_limit_bps(struct bench *bench)
{
    struct bench_side *patient = &bench->sides[PATIENT];
    uint64_t limit_bps = 0;
    for (uint32_t i = 0; i < patient->rtcp_count; i++) {
        struct rtcp_reader reader;
        struct rtcp_item item;
        if (rtcp_reader_init(&reader, span_of(patient->rtcp[i].bytes, patient->rtcp[i].length)) !=
            RESULT_OK)
            continue;
        while (rtcp_next(&reader, &item))
            if (item.kind == RTCP_KIND_REMB)
                limit_bps = item.bitrate_bps;
    }
    if (patient->rtcp_count > BENCH_PACKETS / 2)
        bench_forget_packets(patient);
    return limit_bps;
}

static void sender_step(struct bench *bench, struct sender *sender)
{
    struct bench_side *patient = &bench->sides[PATIENT];
    for (; sender->picture_us <= bench_now_us(); sender->picture_us += PICTURE_INTERVAL_US) {
        uint64_t asked = bench_counter(bench, COUNTER_media_pli_sent);
        if (sender->gives_up && patients_limit_bps(bench) < PICTURE_BPS)
            continue;
        bench_send_video(patient, asked != sender->asked);
        sender->asked = asked;
    }
    for (; sender->sound_us <= bench_now_us(); sender->sound_us += SOUND_INTERVAL_US) {
        bench_send_audio(patient);
        sender->sound++;
    }
}

static void note_packet(struct bench_side *physician, struct slow_line *line,
                        const struct rtp_view *view)
{
    if (view->ssrc == physician->slots[SLOT_AUDIO_DOWN].ssrc)
        line->sound++;
    else if (view->ssrc == physician->slots[SLOT_VIDEO_DOWN].rtx_ssrc)
        line->padding += view->payload.length == 0;
    else {
        line->gaps += line->numbered && view->sequence != line->next_sequence;
        line->next_sequence = (uint16_t)(view->sequence + 1);
        line->numbered = true;
    }
}

static void line_step(struct bench *bench, struct slow_line *line)
{
    struct bench_side *physician = &bench->sides[PHYSICIAN];
    for (; line->taken < physician->rtp_count; line->taken++) {
        const struct bench_packet *packet = &physician->rtp[line->taken];
        struct rtp_view view = bench_view(packet);
        int64_t begins_us = packet->at_us > line->free_us ? packet->at_us : line->free_us;
        int64_t arrived_us = begins_us + (int64_t)(packet->length * 8 * US_PER_S / line->rate_bps);
        if (arrived_us > bench_now_us())
            break; /* still in the queue of the line */
        uint16_t number;
        line->free_us = arrived_us;
        assert_true(rtp_read_transport_cc(&view, &physician->maps, &number));
        transport_cc_arrived(&line->recorder, number, arrived_us);
        note_packet(physician, line, &view);
    }
    if (line->taken > BENCH_PACKETS / 2 && line->taken == physician->rtp_count) {
        bench_forget_packets(physician);
        line->taken = 0;
    }
    if (bench_now_us() - line->reported_us < FEEDBACK_US)
        return;
    line->reported_us = bench_now_us();
    uint8_t place[1400];
    struct bytes_writer writer = bytes_writer_of(place, 1200);
    if (transport_cc_write(&line->recorder, 1, physician->slots[SLOT_VIDEO_DOWN].ssrc,
                           bench_now_us(), &writer))
        assert_true(raw_peer_send_rtcp(physician->peer, place, writer.used));
}

static bool line_was_too_slow(struct bench *bench)
{
    uint64_t limit_bps = patients_limit_bps(bench);
    const struct media_event *stats = bench_find(bench, PHYSICIAN, MEDIA_EVENT_STATS);
    return limit_bps > 0 && limit_bps < 350000 && bench_counter(bench, COUNTER_media_paced) > 0 &&
           bench_counter(bench, COUNTER_media_drop_late) > 0 && stats != NULL &&
           stats->stats.estimate_down_bps > 0 && stats->stats.queue_us > 0;
}

static bool line_is_good_again(struct bench *bench)
{
    return patients_limit_bps(bench) > 600000;
}

static void run_until(struct bench *bench, struct sender *sender, struct slow_line *line,
                      bool (*reached)(struct bench *bench))
{
    int64_t end_us = bench_now_us() + PATIENCE_US;
    sender->picture_us = sender->sound_us = bench_now_us();
    while (!reached(bench)) {
        assert_true(bench_now_us() < end_us);
        sender_step(bench, sender);
        bench_wait(bench, 5000);
        line_step(bench, line);
    }
}

/* Two people, and the physician's line full. The caller frees it. */
static struct slow_line *line_too_slow(struct bench *bench, struct sender *sender,
                                       uint64_t rate_bps)
{
    struct slow_line *line = calloc(1, sizeof(*line));
    assert_non_null(line);
    line->rate_bps = rate_bps;
    transport_cc_recorder_init(&line->recorder);
    bench_pair(bench, BENCH_GCM);
    bench_open_with_keyframe(bench);
    run_until(bench, sender, line, line_was_too_slow);
    return line;
}

static void a_slow_receiver_gets_sound_and_what_picture_fits(void **state)
{
    struct bench *bench = *state;
    struct sender sender = {0};
    struct slow_line *line = line_too_slow(bench, &sender, 200000);
    assert_true(bench_counter(bench, COUNTER_media_pli_sent) > 0); /* for what was dropped */

    bench_forget_events(bench);
    line->rate_bps = 20000000;
    line->free_us = 0;
    run_until(bench, &sender, line, line_is_good_again);
    line_step(bench, line);
    assert_true(bench_counter(bench, COUNTER_media_padding) > 0);
    assert_true(line->padding > 0);
    assert_int_equal(line->gaps, 0); /* what was dropped never had a number */
    bench_wait(bench, 300000);
    line->reported_us = bench_now_us();
    line_step(bench, line);
    assert_int_equal(line->sound, sender.sound); /* all of it */
    assert_int_equal(raw_peer_counts(bench->sides[PHYSICIAN].peer)->srtp_failed, 0);
    free(line);
}

/* A browser that is told too little stops its picture. Nothing but sound is left to measure with then. */
static void a_picture_that_stopped_is_offered_more_again(void **state)
{
    struct bench *bench = *state;
    struct sender sender = {0};
    struct slow_line *line = line_too_slow(bench, &sender, 100000);
    sender.gives_up = true;
    line->rate_bps = 20000000;
    line->free_us = 0;
    run_until(bench, &sender, line, line_is_good_again);
    assert_true(bench_counter(bench, COUNTER_media_padding) > 0);
    free(line);
}

/* What waits for its turn when the gate closes never leaves (P1). */
static void a_closing_gate_takes_back_what_waits(void **state)
{
    struct bench *bench = *state;
    struct sender sender = {0};
    struct bench_side *physician = &bench->sides[PHYSICIAN];
    struct slow_line *line = line_too_slow(bench, &sender, 100000);
    uint64_t paced = bench_counter(bench, COUNTER_media_paced);
    for (int i = 0; i < 200 && bench_counter(bench, COUNTER_media_paced) == paced; i++)
        bench_send_video(&bench->sides[PATIENT], i % 10 == 0);
    bench_gates(bench, PATIENT, PHYSICIAN, false);
    bench_wait(bench, 200000); /* what had been sent is there now */
    bench_forget_packets(physician);
    bench_wait(bench, 1000000);
    assert_int_equal(physician->rtp_count, 0);
    free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_slow_receiver_gets_sound_and_what_picture_fits, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_picture_that_stopped_is_offered_more_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_closing_gate_takes_back_what_waits, setup, teardown),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
