/* How a peer gets in, stays in and moves: connectivity checks, DTLS, fingerprints, consent, restarts, and what strangers
 * can do about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "tests/unit/media/media_bench.h"

#define GCM               "SRTP_AEAD_AES_128_GCM"
#define ALL_BROWSER_ORDER "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM"

static const struct raw_peer_options PLAIN_PEER = {.bind_address = "127.0.0.1",
                                                   .srtp_profiles = GCM};

static int setup_on(void **state, const char *address)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    bench_start(bench, address);
    *state = bench;
    return 0;
}

static int setup(void **state)
{
    return setup_on(state, "127.0.0.1");
}

static int setup_v6(void **state)
{
    return setup_on(state, "::1");
}

static int teardown(void **state)
{
    bench_stop(*state);
    free(*state);
    return 0;
}

/* Consent and handshakes that end within a test's patience. */
static int setup_short(void **state)
{
    setup(state);
    struct bench *bench = *state;
    media_stop(bench->media);
    bench->options.consent_timeout_us = 400000;
    bench->options.handshake_timeout_us = 500000;
    assert_int_equal(media_start(&bench->options, NULL, NULL, &bench->media), RESULT_OK);
    assert_int_equal(media_candidates(bench->media, 0, &bench->candidate, 1), 1);
    return 0;
}

static void expect_profile(struct bench *bench, unsigned side, const char *offered,
                           const char *chosen)
{
    bench_connect(bench, side, offered);
    assert_string_equal(bench_find(bench, side, MEDIA_EVENT_CONNECTED)->connected.srtp_profile,
                        chosen);
}

static void our_order_of_profiles_wins(void **state)
{
    struct bench *bench = *state;
    expect_profile(bench, 0, ALL_BROWSER_ORDER, "AEAD_AES_128_GCM");
    expect_profile(bench, 1, "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM", "AEAD_AES_256_GCM");
    expect_profile(bench, 2, "SRTP_AES128_CM_SHA1_80", "AES_CM_128_HMAC_SHA1_80");
    assert_int_equal(bench_find(bench, 0, MEDIA_EVENT_CONNECTED)->connected.path, MEDIA_PATH_UDP4);
}

/* A peer at the TURN server's address is on the record as relayed, whatever the order of the addresses. */
static void a_peer_of_the_turn_server_is_relayed(void **state)
{
    struct bench *bench = *state;
    media_stop(bench->media);
    strcpy(bench->options.relays[0].address, "2001:db8::9");
    strcpy(bench->options.relays[1].address, "127.0.0.1");
    bench->options.relays_count = 2;
    assert_int_equal(media_start(&bench->options, NULL, NULL, &bench->media), RESULT_OK);
    assert_int_equal(media_candidates(bench->media, 0, &bench->candidate, 1), 1);
    expect_profile(bench, 0, GCM, "AEAD_AES_128_GCM");
    assert_int_equal(bench_find(bench, 0, MEDIA_EVENT_CONNECTED)->connected.path, MEDIA_PATH_RELAY);
    struct media_options bad = bench->options;
    struct media *none = NULL;
    bad.relays_count = MEDIA_RELAYS_MAX + 1;
    assert_int_equal(media_start(&bad, NULL, NULL, &none), RESULT_INVALID);
    bad.relays_count = 1;
    strcpy(bad.relays[0].address, "turn.example");
    assert_int_equal(media_start(&bad, NULL, NULL, &none), RESULT_INVALID);
}

static void ipv6_works(void **state)
{
    struct bench *bench = *state;
    expect_profile(bench, 0, GCM, "AEAD_AES_128_GCM");
    assert_int_equal(bench_find(bench, 0, MEDIA_EVENT_CONNECTED)->connected.path, MEDIA_PATH_UDP6);
    bench_send_audio(&bench->sides[0]);
    assert_true(bench_reaches(bench, COUNTER_media_drop_gate, 1));
}

static void other_digests_and_keys_are_taken(void **state)
{
    struct bench *bench = *state;
    struct raw_peer_options rsa = PLAIN_PEER;
    rsa.rsa_certificate = true;
    bench_open(bench, 0, &PLAIN_PEER);
    bench_answer(bench, 0, "sha-384");
    bench_open(bench, 1, &rsa);
    bench_answer(bench, 1, "sha-512");
    assert_non_null(bench_expect(bench, 0, MEDIA_EVENT_CONNECTED));
    assert_non_null(bench_expect(bench, 1, MEDIA_EVENT_CONNECTED));
}

static void a_certificate_that_was_not_announced_is_refused(void **state)
{
    struct bench *bench = *state;
    struct bench_side *side = &bench->sides[0];
    struct media_command command = {.kind = MEDIA_COMMAND_ENDPOINT_REMOTE};
    bench_open(bench, 0, &PLAIN_PEER);
    command.endpoint = side->endpoint;
    memcpy(command.remote.fingerprint.hash, "sha-256", sizeof("sha-256"));
    memcpy(command.remote.fingerprint.bytes, raw_peer_fingerprint(side->peer), 32);
    command.remote.fingerprint.bytes[31] ^= 1;
    command.remote.fingerprint.length = 32;
    command.remote.maps = side->maps;
    bench_command(bench, &command);
    const struct media_event *failed = bench_expect(bench, 0, MEDIA_EVENT_FAILED);
    assert_non_null(failed);
    assert_int_equal(failed->failed.step, MEDIA_STEP_FINGERPRINT);
    bench_wait(bench, 50000);
    assert_null(bench_find(bench, 0, MEDIA_EVENT_CONNECTED));
    assert_int_equal(raw_peer_state(side->peer), RAW_PEER_FAILED);
    assert_int_equal(bench_counter(bench, COUNTER_media_dtls_failed), 1);
}

static void hello_from_an_unproven_address_is_ignored(void **state)
{
    struct bench *bench = *state;
    struct bench_side *side = &bench->sides[0];
    bench_open(bench, 0, &PLAIN_PEER);
    bench_answer(bench, 0, NULL);
    raw_peer_set_checks(side->peer, false);
    raw_peer_set_dtls_early(side->peer, true);
    assert_true(bench_reaches(bench, COUNTER_media_drop_unbound, 1));
    bench_wait(bench, 100000);
    assert_int_equal(raw_peer_counts(side->peer)->datagrams_in, 0);
    assert_int_equal(bench_counter(bench, COUNTER_media_datagrams_out), 0);
    /* once the address is proven the same handshake goes through */
    raw_peer_set_checks(side->peer, true);
    assert_non_null(bench_expect(bench, 0, MEDIA_EVENT_CONNECTED));
}

static void strangers_get_silence(void **state)
{
    struct bench *bench = *state;
    struct bench_side *side = &bench->sides[0];
    bench_open(bench, 0, &PLAIN_PEER);
    raw_peer_set_password(side->peer, "wrongwrongwrongwrongwrong");
    assert_true(bench_reaches(bench, COUNTER_media_drop_stun, 3));
    assert_int_equal(raw_peer_counts(side->peer)->datagrams_in, 0);
    /* a ufrag nobody has looks the same */
    uint64_t before = bench_counter(bench, COUNTER_media_drop_stun);
    assert_true(raw_peer_set_remote(side->peer, bench->candidate.address, bench->candidate.port,
                                    "nobody0", side->ice.pwd,
                                    media_fingerprint(bench->media)->bytes));
    assert_true(bench_reaches(bench, COUNTER_media_drop_stun, before + 3));
    assert_int_equal(raw_peer_counts(side->peer)->datagrams_in, 0);
    /* neither STUN, DTLS nor RTP; empty; RTP from nowhere */
    static const uint8_t odd[] = {5, 100, 250}, rtp[20] = {0x80, 111};
    for (size_t i = 0; i < sizeof(odd); i++)
        assert_true(raw_peer_send(side->peer, &odd[i], 1));
    assert_true(raw_peer_send(side->peer, odd, 0));
    assert_true(raw_peer_send(side->peer, rtp, sizeof(rtp)));
    assert_true(bench_reaches(bench, COUNTER_media_drop_unclassified, 4));
    assert_true(bench_reaches(bench, COUNTER_media_drop_unbound, 1));
    assert_int_equal(bench_counter(bench, COUNTER_media_datagrams_out), 0);
}

static void a_controlled_peer_gets_487(void **state)
{
    struct bench *bench = *state;
    struct bench_side *side = &bench->sides[0];
    bench_open(bench, 0, &PLAIN_PEER);
    bench_answer(bench, 0, NULL);
    raw_peer_set_controlled(side->peer, true);
    assert_true(bench_reaches(bench, COUNTER_media_stun_replies, 2));
    bench_wait(bench, 20000);
    assert_true(raw_peer_counts(side->peer)->role_conflicts >= 1);
    assert_int_equal(raw_peer_counts(side->peer)->checks_answered, 0);
    /* and has bound nothing */
    static const uint8_t rtp[20] = {0x80, 111};
    assert_true(raw_peer_send(side->peer, rtp, sizeof(rtp)));
    assert_true(bench_reaches(bench, COUNTER_media_drop_unbound, 1));
}

static void silence_is_lost_and_a_check_brings_back(void **state)
{
    struct bench *bench = *state;
    struct bench_side *side = &bench->sides[0];
    bench_connect(bench, 0, GCM);
    raw_peer_set_checks(side->peer, false);
    const struct media_event *lost = bench_expect(bench, 0, MEDIA_EVENT_LOST);
    assert_non_null(lost);
    assert_false(lost->lost.by_peer);
    /* media is no consent: what it sends now is from an unknown address */
    uint64_t unbound = bench_counter(bench, COUNTER_media_drop_unbound);
    bench_send_audio(side);
    assert_true(bench_reaches(bench, COUNTER_media_drop_unbound, unbound + 1));
    raw_peer_set_checks(side->peer, true);
    assert_non_null(bench_expect(bench, 0, MEDIA_EVENT_BACK));
    bench_send_audio(side); /* with the old keys */
    assert_true(bench_reaches(bench, COUNTER_media_drop_gate, 1));
}

static void ice_restart_keeps_keys_and_moves_the_address(void **state)
{
    struct bench *bench = *state;
    struct bench_side *side = &bench->sides[0];
    bench_connect(bench, 0, GCM);
    struct media_command command = {.kind = MEDIA_COMMAND_ENDPOINT_ICE, .endpoint = side->endpoint};
    media_ice_new(bench->media, side->endpoint, &command.ice);
    bench_command(bench, &command);
    /* the browser has not heard of it yet: its old checks are still good */
    uint64_t answered = raw_peer_counts(side->peer)->checks_answered;
    raw_peer_set_checks(side->peer, true);
    bench_wait(bench, 100000);
    assert_true(raw_peer_counts(side->peer)->checks_answered > answered);
    bench_send_audio(side);
    assert_true(bench_reaches(bench, COUNTER_media_drop_gate, 1));
    assert_null(bench_find(bench, 0, MEDIA_EVENT_BACK));
    /* now it has, and comes from another network */
    assert_true(raw_peer_rebind(side->peer));
    assert_true(raw_peer_set_remote(side->peer, bench->candidate.address, bench->candidate.port,
                                    command.ice.ufrag, command.ice.pwd,
                                    media_fingerprint(bench->media)->bytes));
    assert_non_null(bench_expect(bench, 0, MEDIA_EVENT_BACK));
    bench_send_audio(side);
    assert_true(bench_reaches(bench, COUNTER_media_drop_gate, 2));
    /* the old credentials are void */
    uint64_t refused = bench_counter(bench, COUNTER_media_drop_stun);
    assert_true(raw_peer_set_remote(side->peer, bench->candidate.address, bench->candidate.port,
                                    side->ice.ufrag, side->ice.pwd,
                                    media_fingerprint(bench->media)->bytes));
    assert_true(bench_reaches(bench, COUNTER_media_drop_stun, refused + 1));
}

static bool has_rtp(struct bench *bench, void *argument)
{
    return bench->sides[1].rtp_count >= *(uint32_t *)argument;
}

static void a_rebound_nat_port_is_followed(void **state)
{
    struct bench *bench = *state;
    struct bench_side *patient = &bench->sides[0], *physician = &bench->sides[1];
    bench_connect(bench, 0, GCM);
    bench_connect(bench, 1, GCM);
    bench_routes(bench, 0, 1);
    bench_gates(bench, 0, 1, true);
    bench_send_audio(patient);
    uint32_t count = 1;
    assert_true(bench_pump(bench, 2 * US_PER_S, has_rtp, &count));
    assert_true(raw_peer_rebind(physician->peer));
    uint64_t answered = raw_peer_counts(physician->peer)->checks_answered;
    while (raw_peer_counts(physician->peer)->checks_answered == answered)
        bench_wait(bench, 10000);
    bench_send_audio(patient);
    count = 2;
    assert_true(bench_pump(bench, 2 * US_PER_S, has_rtp, &count));
    assert_null(bench_find(bench, 1, MEDIA_EVENT_LOST));
}

/* A participant sends checks with its own credentials from somebody else's address (here: really from that socket). */
static void an_address_in_use_cannot_be_taken(void **state)
{
    struct bench *bench = *state;
    struct bench_side *victim = &bench->sides[0], *thief = &bench->sides[1];
    bench_connect(bench, 0, GCM);
    bench_open(bench, 1, &PLAIN_PEER);
    bench_answer(bench, 1, NULL);
    raw_peer_set_checks(thief->peer, false);
    uint64_t refused = bench_counter(bench, COUNTER_media_drop_stun);
    assert_true(raw_peer_set_remote(victim->peer, bench->candidate.address, bench->candidate.port,
                                    thief->ice.ufrag, thief->ice.pwd,
                                    media_fingerprint(bench->media)->bytes));
    assert_true(bench_reaches(bench, COUNTER_media_drop_stun, refused + 1));
    bench_send_audio(victim);
    assert_true(
        bench_reaches(bench, COUNTER_media_drop_gate, 1)); /* still opened with the victim's key */
    assert_int_equal(bench_counter(bench, COUNTER_media_drop_auth), 0);
}

/* Two fragments of a ClientHello, the second one first. */
static bool swap_hello(struct bench_side *side, const uint8_t *datagram, size_t length)
{
    struct bench_packet *held = &side->rtcp[BENCH_PACKETS - 1];
    bool hello = length > 25 && datagram[0] == 22 && datagram[13] == 1;
    if (!hello || held->at_us < 0)
        return true;
    if (held->length == 0) {
        held->length = length;
        memcpy(held->bytes, datagram, length);
        return false;
    }
    held->at_us = -1; /* once */
    raw_peer_send(side->peer, datagram, length);
    raw_peer_send(side->peer, held->bytes, held->length);
    return false;
}

static void reordered_fragments_of_a_large_hello_connect(void **state)
{
    struct bench *bench = *state;
    struct bench_side *side = &bench->sides[0];
    struct raw_peer_options large = PLAIN_PEER;
    large.large_client_hello = true;
    side->filter = swap_hello;
    bench_open(bench, 0, &large);
    bench_answer(bench, 0, NULL);
    assert_non_null(bench_expect(bench, 0, MEDIA_EVENT_CONNECTED));
    assert_int_equal(side->rtcp[BENCH_PACKETS - 1].at_us, -1); /* it really was two, and swapped */
}

static void a_hello_before_the_answer_is_kept(void **state)
{
    struct bench *bench = *state;
    struct bench_side *side = &bench->sides[0];
    struct raw_peer_options large = PLAIN_PEER;
    large.large_client_hello = true;
    bench_open(bench, 0, &large);
    while (raw_peer_state(side->peer) != RAW_PEER_HANDSHAKING)
        bench_wait(bench, 2000);
    bench_wait(bench, 50000);
    assert_int_equal(raw_peer_counts(side->peer)->dtls_in, 0);
    int64_t answered_us = bench_now_us();
    bench_answer(bench, 0, NULL);
    const struct media_event *connected = bench_expect(bench, 0, MEDIA_EVENT_CONNECTED);
    assert_non_null(connected);
    /* the client's own timer would have taken a second (RFC 6347 §4.2.4.1) */
    assert_true(connected->at_us - answered_us < 700000);
}

static void goodbye_of_the_peer_is_lost_by_peer(void **state)
{
    struct bench *bench = *state;
    struct bench_side *side = &bench->sides[0];
    bench_connect(bench, 0, GCM);
    raw_peer_close(side->peer);
    const struct media_event *lost = bench_expect(bench, 0, MEDIA_EVENT_LOST);
    assert_non_null(lost);
    assert_true(lost->lost.by_peer);
    uint64_t refused = bench_counter(bench, COUNTER_media_drop_auth);
    bench_send_audio(side); /* there is no key left to open it with */
    assert_true(bench_reaches(bench, COUNTER_media_drop_auth, refused + 1));
}

static bool drop_all(struct bench_side *side, const uint8_t *datagram, size_t length)
{
    (void)side;
    return !(length > 0 && datagram[0] >= 20 && datagram[0] < 64);
}

static bool drop_second_flight(struct bench_side *side, const uint8_t *datagram, size_t length)
{
    (void)side;
    return !(length > 25 && datagram[0] == 22 && datagram[13] != 1);
}

static void what_hangs_is_named(void **state)
{
    struct bench *bench = *state;
    struct bench_side *mute = &bench->sides[0], *shy = &bench->sides[1], *half = &bench->sides[2];
    bench_open(bench, 0, &PLAIN_PEER);
    raw_peer_set_checks(mute->peer, false);
    bench_open(bench, 1, &PLAIN_PEER);
    shy->filter = drop_all;
    bench_open(bench, 2, &PLAIN_PEER);
    half->filter = drop_second_flight;
    for (unsigned i = 0; i < 3; i++)
        bench_answer(bench, i, NULL);
    static const enum media_step steps[] = {MEDIA_STEP_ICE, MEDIA_STEP_DTLS, MEDIA_STEP_DTLS};
    for (unsigned i = 0; i < 3; i++) {
        const struct media_event *failed = bench_expect(bench, i, MEDIA_EVENT_FAILED);
        assert_non_null(failed);
        assert_int_equal(failed->failed.step, steps[i]);
        assert_int_equal(failed->failed.result, RESULT_TIMEOUT);
    }
    /* late, but in */
    raw_peer_set_checks(mute->peer, true);
    assert_non_null(bench_expect(bench, 0, MEDIA_EVENT_CONNECTED));
}

static void every_worker_serves_its_own_port(void **state)
{
    struct bench *bench = *state;
    media_stop(bench->media);
    bench->options.workers = 3;
    bench->worker = 2;
    assert_int_equal(media_start(&bench->options, NULL, NULL, &bench->media), RESULT_OK);
    assert_int_equal(media_workers(bench->media), 3);
    assert_int_equal(media_candidates(bench->media, bench->worker, &bench->candidate, 1), 1);
    assert_int_equal(media_candidates(bench->media, 3, &bench->candidate, 1), 0);
    bench_connect(bench, 0, GCM);
    bench_connect(bench, 1, GCM);
    bench_routes(bench, 0, 1);
    bench_gates(bench, 0, 1, true);
    bench_send_audio(&bench->sides[0]);
    uint32_t count = 1;
    assert_true(bench_pump(bench, 2 * US_PER_S, has_rtp, &count));
    assert_int_equal(counter_get(media_counters(bench->media, 0), COUNTER_media_datagrams_in), 0);
}

static void handles_come_back_when_drained(void **state)
{
    struct bench *bench = *state;
    struct handle handles[16], extra;
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(media_endpoint_reserve(bench->media, 0, &handles[i]), RESULT_OK);
    assert_int_equal(media_endpoint_reserve(bench->media, 0, &extra), RESULT_FULL);
    assert_int_equal(media_endpoint_reserve(bench->media, 1, &extra), RESULT_INVALID);
    /* one was never opened, one twice closed */
    struct media_command close = {.kind = MEDIA_COMMAND_ENDPOINT_CLOSE, .endpoint = handles[3]};
    bench_command(bench, &close);
    bench_command(bench, &close);
    bench->sides[0].endpoint = handles[3];
    assert_non_null(bench_expect(bench, 0, MEDIA_EVENT_DRAINED));
    bench_wait(bench, 20000);
    assert_int_equal(media_command_send(bench->media, &close), RESULT_STALE);
    assert_int_equal(media_endpoint_reserve(bench->media, 0, &extra), RESULT_OK);
    assert_int_equal(extra.slot, handles[3].slot);
    assert_int_not_equal(extra.generation, handles[3].generation);
}

static void bad_options_and_taken_ports_are_refused(void **state)
{
    struct bench *bench = *state;
    struct media_options options = bench->options;
    struct media *second;
    options.workers = 0;
    assert_int_equal(media_start(&options, NULL, NULL, &second), RESULT_INVALID);
    options = bench->options;
    memcpy(options.bind_address, "localhost", sizeof("localhost"));
    assert_int_equal(media_start(&options, NULL, NULL, &second), RESULT_INVALID);
    options = bench->options;
    options.announce_count = 1;
    memcpy(options.announce[0].address, "host", sizeof("host"));
    options.endpoints_max = 1;
    media_stop(bench->media);
    assert_int_equal(media_start(&options, NULL, NULL, &second), RESULT_INVALID);
    /* an announced address is what clients see */
    memcpy(options.announce[0].address, "192.0.2.7", sizeof("192.0.2.7"));
    options.workers = 2;
    options.port = bench->candidate.port;
    assert_int_equal(media_start(&options, NULL, NULL, &bench->media), RESULT_OK);
    struct media_candidate candidates[4];
    assert_int_equal(media_candidates(bench->media, 1, candidates, 4), 1);
    assert_string_equal(candidates[0].address, "192.0.2.7");
    assert_int_equal(candidates[0].port, bench->candidate.port + 1);
    assert_int_equal(candidates[0].priority, 126u << 24 | 65535u << 8 | 255u);
    uint32_t worker = 9;
    assert_int_equal(media_place(bench->media, &worker), RESULT_OK);
    assert_int_equal(worker, 0);
    struct handle handle;
    assert_int_equal(media_endpoint_reserve(bench->media, 0, &handle), RESULT_OK);
    assert_int_equal(media_place(bench->media, &worker), RESULT_OK);
    assert_int_equal(worker, 1);
    assert_int_equal(media_endpoint_reserve(bench->media, 1, &handle), RESULT_OK);
    assert_int_equal(media_endpoint_worker(bench->media, handle), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(our_order_of_profiles_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(a_peer_of_the_turn_server_is_relayed, setup, teardown),
        cmocka_unit_test_setup_teardown(ipv6_works, setup_v6, teardown),
        cmocka_unit_test_setup_teardown(other_digests_and_keys_are_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(a_certificate_that_was_not_announced_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(hello_from_an_unproven_address_is_ignored, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers_get_silence, setup, teardown),
        cmocka_unit_test_setup_teardown(a_controlled_peer_gets_487, setup, teardown),
        cmocka_unit_test_setup_teardown(silence_is_lost_and_a_check_brings_back, setup_short,
                                        teardown),
        cmocka_unit_test_setup_teardown(ice_restart_keeps_keys_and_moves_the_address, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_rebound_nat_port_is_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(an_address_in_use_cannot_be_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(reordered_fragments_of_a_large_hello_connect, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_hello_before_the_answer_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(goodbye_of_the_peer_is_lost_by_peer, setup, teardown),
        cmocka_unit_test_setup_teardown(what_hangs_is_named, setup_short, teardown),
        cmocka_unit_test_setup_teardown(every_worker_serves_its_own_port, setup, teardown),
        cmocka_unit_test_setup_teardown(handles_come_back_when_drained, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_options_and_taken_ports_are_refused, setup, teardown),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
