/* ICE over TCP against the real plane: in, both ways, cut anywhere, handed to another worker, moved, restarted; and what a
 * silent, a lying, a slow and a leaving peer get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "media/media_limits.h"
#include "tests/unit/media/media_bench.h"

static const struct raw_peer_options TCP_PEER = {
    .bind_address = "127.0.0.1", .srtp_profiles = BENCH_GCM, .tcp = true};

static uint16_t free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    close(fd);
    return ntohs(at.sin_port);
}

/* Starts again with ICE-TCP; the candidate of the bench becomes the TCP one of that worker. */
static void start_tcp(struct bench *bench, uint32_t workers)
{
    struct media_candidate candidates[4];
    media_stop(bench->media);
    bench->options.workers = workers;
    bench->options.tcp_port = free_port();
    assert_int_equal(media_start(&bench->options, NULL, NULL, &bench->media), RESULT_OK);
    bench->worker = workers - 1;
    assert_int_equal(media_candidates(bench->media, bench->worker, candidates, 4), 2);
    assert_false(candidates[0].tcp);
    assert_true(candidates[1].tcp);
    assert_true(candidates[1].priority < candidates[0].priority);
    assert_int_equal(candidates[1].port, bench->options.tcp_port);
    bench->candidate = candidates[1];
}

static int setup_on(void **state, const char *address, uint32_t workers)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    bench_start(bench, address);
    start_tcp(bench, workers);
    *state = bench;
    return 0;
}

static int setup(void **state)
{
    return setup_on(state, "127.0.0.1", 1);
}

static int setup_v6(void **state)
{
    return setup_on(state, "::1", 1);
}

static int setup_workers(void **state)
{
    return setup_on(state, "127.0.0.1", 3);
}

static int setup_short(void **state)
{
    setup(state);
    struct bench *bench = *state;
    bench->options.consent_timeout_us =
        6000000; /* a raw peer checks once a second, a loaded machine later */
    bench->options.handshake_timeout_us = 700000;
    start_tcp(bench, 1);
    return 0;
}

static int teardown(void **state)
{
    bench_stop(*state);
    free(*state);
    return 0;
}

static void connect_tcp(struct bench *bench, unsigned side, const struct raw_peer_options *options)
{
    bench_open(bench, side, options);
    bench_answer(bench, side, NULL);
    assert_non_null(bench_expect(bench, side, MEDIA_EVENT_CONNECTED));
    bench_wait(bench, 20000);
    assert_int_equal(raw_peer_state(bench->sides[side].peer), RAW_PEER_CONNECTED);
}

static void pair_over(struct bench *bench, const struct raw_peer_options *patient,
                      const struct raw_peer_options *physician)
{
    connect_tcp(bench, PATIENT, patient);
    connect_tcp(bench, PHYSICIAN, physician);
    bench_routes(bench, PATIENT, PHYSICIAN);
    bench_open_with_keyframe(bench);
}

static bool tcp_is_closed(struct bench *bench, void *side)
{
    return !raw_peer_tcp_open(bench->sides[*(unsigned *)side].peer);
}

static bool expect_closed(struct bench *bench, unsigned side, int64_t within_us)
{
    return bench_pump(bench, within_us, tcp_is_closed, &side);
}

static void sound_and_picture_pass_over_tcp(void **state)
{
    struct bench *bench = *state;
    pair_over(bench, &TCP_PEER, &TCP_PEER);
    assert_int_equal(bench_find(bench, PATIENT, MEDIA_EVENT_CONNECTED)->connected.path,
                     MEDIA_PATH_TCP4);
    for (uint32_t i = 0; i < 50; i++) {
        bench_send_audio(&bench->sides[PATIENT]);
        bench_send_video(&bench->sides[PATIENT], false);
    }
    bench_expect_packets(bench, 101);
    assert_int_equal(raw_peer_counts(bench->sides[PHYSICIAN].peer)->srtp_failed, 0);
    assert_int_equal(bench_counter(bench, COUNTER_media_drop_tcp), 0);
    assert_int_equal(bench_counter(bench, COUNTER_media_tcp_connections), 2);
}

static void ipv6_passes_over_tcp(void **state)
{
    struct bench *bench = *state;
    struct raw_peer_options options = TCP_PEER;
    options.bind_address = "::1";
    pair_over(bench, &options, &options);
    assert_int_equal(bench_find(bench, PATIENT, MEDIA_EVENT_CONNECTED)->connected.path,
                     MEDIA_PATH_TCP6);
}

static void one_byte_a_write_connects_too(void **state)
{
    struct bench *bench = *state;
    bench_open(bench, PATIENT, &TCP_PEER);
    raw_peer_set_piece(bench->sides[PATIENT].peer, 1);
    bench_answer(bench, PATIENT, NULL);
    assert_non_null(bench_expect(bench, PATIENT, MEDIA_EVENT_CONNECTED));
}

static void a_connection_finds_the_worker_of_its_endpoint(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(bench->worker, 2);
    pair_over(bench, &TCP_PEER, &TCP_PEER);
    assert_int_equal(counter_get(media_counters(bench->media, 0), COUNTER_media_datagrams_in), 0);
    assert_true(bench_counter(bench, COUNTER_media_datagrams_in) > 0);
    assert_int_equal(bench_counter(bench, COUNTER_media_tcp_connections), 2);
}

/* A stranger's connections: what they may not do closes them. */
static void strangers_are_bounded(void **state)
{
    struct bench *bench = *state;
    struct bench_side *side = &bench->sides[PATIENT];
    static const uint8_t filler[MEDIA_TCP_CHECK_MAX + 1];
    /* a packet longer than a check */
    bench_open(bench, PATIENT, &TCP_PEER);
    raw_peer_set_checks(side->peer, false);
    assert_true(raw_peer_send(side->peer, filler, sizeof(filler)));
    assert_true(expect_closed(bench, PATIENT, 2 * US_PER_S));
    /* a check with a wrong password: no answer, and the end after the time a join may take */
    raw_peer_set_password(side->peer, "wrongwrongwrongwrongwrong");
    assert_true(raw_peer_rebind(side->peer));
    raw_peer_set_checks(side->peer, true);
    assert_true(bench_reaches(bench, COUNTER_media_drop_stun, 1));
    assert_true(expect_closed(bench, PATIENT, 4 * US_PER_S));
    assert_int_equal(raw_peer_counts(side->peer)->datagrams_in, 0);
    assert_int_equal(bench_counter(bench, COUNTER_media_stun_replies), 0);
}

/* Silent connections of one host: no more than the bound, and they are in nobody's way. */
static void one_host_cannot_take_every_place(void **state)
{
    struct bench *bench = *state;
    int fds[MEDIA_TCP_UNPROVEN_PER_HOST_MAX + 4];
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(bench->options.tcp_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (size_t i = 0; i < ARRAY_LENGTH(fds); i++) {
        static const uint8_t half[] = {0x00};
        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(fds[i], (struct sockaddr *)&at, sizeof(at)), 0);
        (void)!send(fds[i], half, 1, MSG_NOSIGNAL); /* wakes the listener */
    }
    assert_true(bench_reaches(bench, COUNTER_media_tcp_refused, 4));
    assert_int_equal(bench_counter(bench, COUNTER_media_tcp_accepted),
                     MEDIA_TCP_UNPROVEN_PER_HOST_MAX);
    for (size_t i = 0; i < ARRAY_LENGTH(fds); i++)
        close(fds[i]);
    connect_tcp(bench, PATIENT, &TCP_PEER);
}

/* Sends at a pace that leaves the reader's sequence numbers within what it can follow when it reads again. */
static bool is_stuck(struct bench *bench, void *argument)
{
    int64_t *sent_us = argument;
    if (bench_now_us() - *sent_us < 4000)
        return false;
    *sent_us = bench_now_us();
    bench_send_audio(&bench->sides[PATIENT]);
    bench_send_video(&bench->sides[PATIENT], false);
    return bench_counter(bench, COUNTER_media_tcp_stuck) > 0;
}

/* A reader that takes nothing loses picture first, is cut off in the end, and is nobody else's trouble. */
static void a_slow_reader_is_bounded_and_ends(void **state)
{
    struct bench *bench = *state;
    struct raw_peer_options udp = TCP_PEER;
    struct media_candidate tcp = bench->candidate, candidates[2];
    int64_t sent_us = 0;
    udp.tcp = false;
    assert_int_equal(media_candidates(bench->media, 0, candidates, 2), 2);
    bench->candidate = candidates[0];
    connect_tcp(bench, PATIENT, &udp);
    connect_tcp(bench, 2, &udp);
    bench->candidate = tcp;
    connect_tcp(bench, PHYSICIAN, &TCP_PEER);
    bench_routes(bench, PATIENT, PHYSICIAN);
    bench_routes(bench, PATIENT, 2);
    bench_gates(bench, PATIENT, 2, true);
    bench_open_with_keyframe(bench);
    raw_peer_set_reading(bench->sides[PHYSICIAN].peer, false);
    bench_forget_packets(&bench->sides[2]);
    assert_true(bench_pump(bench, 30 * US_PER_S, is_stuck, &sent_us));
    assert_true(bench_counter(bench, COUNTER_media_drop_tcp) > 10);
    assert_true(bench->sides[2].rtp_count > 100); /* UDP beside it goes on */
    assert_null(bench_find(bench, 2, MEDIA_EVENT_LOST));
    assert_null(bench_find(bench, PATIENT, MEDIA_EVENT_LOST));
    /* it may come again */
    raw_peer_set_reading(bench->sides[PHYSICIAN].peer, true);
    assert_true(expect_closed(bench, PHYSICIAN, 5 * US_PER_S));
    bench_forget_packets(&bench->sides[PHYSICIAN]);
    assert_true(raw_peer_rebind(bench->sides[PHYSICIAN].peer));
    uint64_t answered = raw_peer_counts(bench->sides[PHYSICIAN].peer)->checks_answered;
    while (raw_peer_counts(bench->sides[PHYSICIAN].peer)->checks_answered == answered)
        bench_wait(bench, 10000);
    bench_send_audio(&bench->sides[PATIENT]);
    bench_expect_packets(bench, 1);
}

/* From a network with UDP into one without: an ordinary nomination from another address. */
static void a_call_moves_from_tcp_to_a_new_connection(void **state)
{
    struct bench *bench = *state;
    pair_over(bench, &TCP_PEER, &TCP_PEER);
    assert_true(raw_peer_rebind(bench->sides[PHYSICIAN].peer));
    uint64_t answered = raw_peer_counts(bench->sides[PHYSICIAN].peer)->checks_answered;
    while (raw_peer_counts(bench->sides[PHYSICIAN].peer)->checks_answered == answered)
        bench_wait(bench, 5000);
    bench_forget_packets(&bench->sides[PHYSICIAN]);
    bench_send_audio(&bench->sides[PATIENT]);
    bench_expect_packets(bench, 1);
    assert_null(bench_find(bench, PHYSICIAN, MEDIA_EVENT_LOST));
}

static void an_ice_restart_keeps_the_connection(void **state)
{
    struct bench *bench = *state;
    struct bench_side *side = &bench->sides[PATIENT];
    connect_tcp(bench, PATIENT, &TCP_PEER);
    struct media_command command = {.kind = MEDIA_COMMAND_ENDPOINT_ICE, .endpoint = side->endpoint};
    media_ice_new(bench->media, side->endpoint, &command.ice);
    bench_command(bench, &command);
    assert_true(raw_peer_set_remote(side->peer, bench->candidate.address, bench->candidate.port,
                                    command.ice.ufrag, command.ice.pwd,
                                    media_fingerprint(bench->media)->bytes));
    assert_non_null(bench_expect(bench, PATIENT, MEDIA_EVENT_BACK));
    bench_wait(bench, 1500000); /* longer than an unbound connection lives */
    assert_true(raw_peer_tcp_open(side->peer));
    bench_send_audio(side);
    assert_true(bench_reaches(bench, COUNTER_media_drop_gate, 1));
}

static void a_closed_endpoint_closes_its_connection(void **state)
{
    struct bench *bench = *state;
    connect_tcp(bench, PATIENT, &TCP_PEER);
    bench_close(bench, PATIENT);
    assert_non_null(bench_expect(bench, PATIENT, MEDIA_EVENT_DRAINED));
    assert_true(expect_closed(bench, PATIENT, 5 * US_PER_S));
    assert_int_equal(raw_peer_state(bench->sides[PATIENT].peer),
                     RAW_PEER_CLOSED); /* close_notify */
    assert_true(bench_reaches(bench, COUNTER_media_tcp_accepted, 1));
}

static void a_taken_port_is_an_error(void **state)
{
    struct bench *bench = *state;
    struct media *second;
    struct media_options options = bench->options;
    uint16_t port = options.tcp_port;
    start_tcp(bench, 1);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 1), 0);
    media_stop(bench->media);
    assert_int_equal(media_start(&options, NULL, NULL, &second), RESULT_NETWORK);
    close(fd);
    assert_int_equal(media_start(&options, NULL, NULL, &bench->media), RESULT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sound_and_picture_pass_over_tcp, setup, teardown),
        cmocka_unit_test_setup_teardown(ipv6_passes_over_tcp, setup_v6, teardown),
        cmocka_unit_test_setup_teardown(one_byte_a_write_connects_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_connection_finds_the_worker_of_its_endpoint,
                                        setup_workers, teardown),
        cmocka_unit_test_setup_teardown(strangers_are_bounded, setup_short, teardown),
        cmocka_unit_test_setup_teardown(one_host_cannot_take_every_place, setup, teardown),
        cmocka_unit_test_setup_teardown(a_slow_reader_is_bounded_and_ends, setup_short, teardown),
        cmocka_unit_test_setup_teardown(a_call_moves_from_tcp_to_a_new_connection, setup, teardown),
        cmocka_unit_test_setup_teardown(an_ice_restart_keeps_the_connection, setup, teardown),
        cmocka_unit_test_setup_teardown(a_closed_endpoint_closes_its_connection, setup, teardown),
        cmocka_unit_test_setup_teardown(a_taken_port_is_an_error, setup, teardown),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
