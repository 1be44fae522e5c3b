#include "tests/unit/media/media_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>

#include "gateway/base/clock.h"

int64_t bench_now_us(void)
{
    return clock_monotonic_us();
}

static void keep(struct bench_packet *packets, uint32_t *count, const uint8_t *bytes, size_t length)
{
    if (*count == BENCH_PACKETS || length > sizeof(packets->bytes))
        return;
    packets[*count].length = length;
    packets[*count].at_us = bench_now_us();
    memcpy(packets[*count].bytes, bytes, length);
    (*count)++;
}

static void on_rtp(struct raw_peer_events *events, struct raw_peer *peer, const uint8_t *packet,
                   size_t length)
{
    (void)peer;
    struct bench_side *side = CONTAINER_OF(events, struct bench_side, events);
    keep(side->rtp, &side->rtp_count, packet, length);
}

static void on_rtcp(struct raw_peer_events *events, struct raw_peer *peer, const uint8_t *packet,
                    size_t length)
{
    (void)peer;
    struct bench_side *side = CONTAINER_OF(events, struct bench_side, events);
    keep(side->rtcp, &side->rtcp_count, packet, length);
}

static bool on_outgoing(struct raw_peer_events *events, struct raw_peer *peer,
                        const uint8_t *datagram, size_t length)
{
    (void)peer;
    struct bench_side *side = CONTAINER_OF(events, struct bench_side, events);
    return side->filter == NULL || side->filter(side, datagram, length);
}

void bench_start(struct bench *bench, const char *address)
{
    memset(bench, 0, sizeof(*bench));
    bench->options = (struct media_options){
        .workers = 1,
        .endpoints_max = 16,
        .consent_timeout_us = 30 * US_PER_S,
        .handshake_timeout_us = 15 * US_PER_S,
        .gap_notice_us = 300000,
        .random_seed = 7,
    };
    snprintf(bench->options.bind_address, sizeof(bench->options.bind_address), "%s", address);
    assert_int_equal(media_start(&bench->options, NULL, NULL, &bench->media), RESULT_OK);
    assert_int_equal(media_candidates(bench->media, 0, &bench->candidate, 1), 1);
    for (unsigned i = 0; i < BENCH_SIDES; i++) {
        struct bench_side *side = &bench->sides[i];
        side->bench = bench;
        side->events =
            (struct raw_peer_events){.rtp = on_rtp, .rtcp = on_rtcp, .outgoing = on_outgoing};
        side->rtp = calloc(BENCH_PACKETS, sizeof(*side->rtp));
        side->rtcp = calloc(BENCH_PACKETS, sizeof(*side->rtcp));
        assert_non_null(side->rtp);
        assert_non_null(side->rtcp);
    }
}

void bench_stop(struct bench *bench)
{
    for (unsigned i = 0; i < BENCH_SIDES; i++) {
        raw_peer_free(bench->sides[i].peer);
        free(bench->sides[i].rtp);
        free(bench->sides[i].rtcp);
    }
    media_stop(bench->media);
}

void bench_command(struct bench *bench, const struct media_command *command)
{
    assert_int_equal(media_command_send(bench->media, command), RESULT_OK);
}

/* Sides have different numbers, so a packet that is not mapped is seen. */
static struct media_maps maps_of(unsigned side)
{
    struct media_maps maps = {0};
    maps.payload_type[MEDIA_CODEC_OPUS] = (uint8_t)(111 - side);
    maps.red_payload_type = (uint8_t)(63 - side);
    maps.payload_type[MEDIA_CODEC_VP8] = (uint8_t)(side == 0 ? 96 : 98);
    maps.rtx_payload_type[MEDIA_CODEC_VP8] = (uint8_t)(side == 0 ? 98 : 96);
    maps.extension_id[MEDIA_EXTENSION_MID] = (uint8_t)(side == 0 ? 4 : 1);
    maps.extension_id[MEDIA_EXTENSION_TRANSPORT_CC] = (uint8_t)(side == 0 ? 3 : 4);
    maps.extension_id[MEDIA_EXTENSION_AUDIO_LEVEL] = (uint8_t)(side == 0 ? 1 : 3);
    return maps;
}

void bench_open(struct bench *bench, unsigned index, const struct raw_peer_options *options)
{
    struct bench_side *side = &bench->sides[index];
    struct media_command command = {.kind = MEDIA_COMMAND_ENDPOINT_OPEN};
    struct raw_peer_options mine = *options;
    mine.events = &side->events;
    side->peer = raw_peer_new(&mine);
    assert_non_null(side->peer);
    assert_int_equal(media_endpoint_reserve(bench->media, bench->worker, &side->endpoint),
                     RESULT_OK);
    media_ice_new(bench->media, side->endpoint, &side->ice);
    side->maps = maps_of(index);
    for (unsigned i = 0; i < SLOTS; i++) {
        side->slots[i] = (struct media_slot){
            .kind = i % 2 == 0 ? MEDIA_AUDIO : MEDIA_VIDEO,
            .up = i < SLOT_AUDIO_DOWN,
        };
        snprintf(side->slots[i].mid, sizeof(side->slots[i].mid), "m%u", i);
        if (!side->slots[i].up) {
            side->slots[i].ssrc = 0xd0000000u + index * 16 + i;
            side->slots[i].rtx_ssrc =
                side->slots[i].kind == MEDIA_VIDEO ? 0xe0000000u + index * 16 + i : 0;
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        side->sequence[i] = (uint16_t)(1000 * (i + 1));
        side->timestamp[i] = 5000;
        side->ssrc[i] = 0x1000u + index * 16 + i;
    }
    side->rtx_ssrc = 0x2000u + index * 16;
    command.endpoint = side->endpoint;
    command.open.consultation = id_new('c');
    command.open.ice = side->ice;
    snprintf(command.open.cname, sizeof(command.open.cname), "cname%u", index);
    memcpy(command.open.slots, side->slots, sizeof(side->slots));
    command.open.slots_count = SLOTS;
    bench_command(bench, &command);
    assert_true(raw_peer_set_remote(side->peer, bench->candidate.address, bench->candidate.port,
                                    side->ice.ufrag, side->ice.pwd,
                                    media_fingerprint(bench->media)->bytes));
}

void bench_answer(struct bench *bench, unsigned index, const char *hash)
{
    struct bench_side *side = &bench->sides[index];
    struct media_command command = {.kind = MEDIA_COMMAND_ENDPOINT_REMOTE,
                                    .endpoint = side->endpoint};
    snprintf(command.remote.ice.ufrag, sizeof(command.remote.ice.ufrag), "%s",
             raw_peer_ufrag(side->peer));
    snprintf(command.remote.ice.pwd, sizeof(command.remote.ice.pwd), "%s",
             raw_peer_pwd(side->peer));
    snprintf(command.remote.fingerprint.hash, sizeof(command.remote.fingerprint.hash), "%s",
             hash == NULL ? "sha-256" : hash);
    command.remote.fingerprint.length = (uint8_t)raw_peer_fingerprint_as(
        side->peer, hash == NULL ? "sha-256" : hash, command.remote.fingerprint.bytes);
    command.remote.maps = side->maps;
    memcpy(command.remote.slots, side->slots, sizeof(side->slots));
    command.remote.slots_count = SLOTS;
    bench_command(bench, &command);
}

void bench_connect(struct bench *bench, unsigned side, const char *profiles)
{
    struct raw_peer_options options = {
        .bind_address = strchr(bench->candidate.address, ':') == NULL ? "127.0.0.1" : "::1",
        .srtp_profiles = profiles,
    };
    bench_open(bench, side, &options);
    bench_answer(bench, side, NULL);
    assert_non_null(bench_expect(bench, side, MEDIA_EVENT_CONNECTED));
    bench_wait(bench, 20000); /* the peer reads the last flight */
    assert_int_equal(raw_peer_state(bench->sides[side].peer), RAW_PEER_CONNECTED);
}

void bench_close(struct bench *bench, unsigned side)
{
    struct media_command command = {.kind = MEDIA_COMMAND_ENDPOINT_CLOSE,
                                    .endpoint = bench->sides[side].endpoint};
    bench_command(bench, &command);
}

static void route_command(struct bench *bench, enum media_command_kind kind, unsigned from,
                          unsigned to, bool open)
{
    for (uint8_t i = 0; i < 2; i++) {
        struct media_command command = {.kind = kind, .endpoint = bench->sides[from].endpoint};
        command.route.subscriber = bench->sides[to].endpoint;
        command.route.publisher_slot = (uint8_t)(SLOT_AUDIO_UP + i);
        command.route.subscriber_slot = (uint8_t)(SLOT_AUDIO_DOWN + i);
        command.route.open = open;
        bench_command(bench, &command);
    }
}

void bench_routes(struct bench *bench, unsigned from, unsigned to)
{
    route_command(bench, MEDIA_COMMAND_ROUTE_ADD, from, to, false);
}

static bool gates_are(struct bench *bench, void *argument)
{
    return bench_counter(bench, COUNTER_media_routes_open) == *(uint64_t *)argument;
}

/* Returns when the worker has done it. */
void bench_gates(struct bench *bench, unsigned from, unsigned to, bool open)
{
    uint64_t wanted = bench_counter(bench, COUNTER_media_routes_open) + (open ? 2 : (uint64_t)-2);
    route_command(bench, MEDIA_COMMAND_GATE, from, to, open);
    assert_true(bench_pump(bench, 2 * US_PER_S, gates_are, &wanted));
}

static void take_events(struct bench *bench)
{
    struct media_event event;
    while (media_event_receive(bench->media, &event)) {
        assert_true(bench->events_count < BENCH_EVENTS);
        bench->events[bench->events_count++] = event;
    }
}

bool bench_pump(struct bench *bench, int64_t for_us,
                bool (*done)(struct bench *bench, void *argument), void *argument)
{
    int64_t end_us = bench_now_us() + for_us;
    for (;;) {
        struct pollfd fds[BENCH_SIDES];
        nfds_t count = 0;
        for (unsigned i = 0; i < BENCH_SIDES; i++)
            if (bench->sides[i].peer != NULL)
                fds[count++] =
                    (struct pollfd){.fd = raw_peer_fd(bench->sides[i].peer), .events = POLLIN};
        poll(fds, count, 2);
        int64_t now_us = bench_now_us();
        for (unsigned i = 0; i < BENCH_SIDES; i++)
            if (bench->sides[i].peer != NULL)
                raw_peer_receive(bench->sides[i].peer, now_us);
        take_events(bench);
        if (done != NULL && done(bench, argument))
            return true;
        if (now_us >= end_us)
            return false;
    }
}

void bench_wait(struct bench *bench, int64_t for_us)
{
    bench_pump(bench, for_us, NULL, NULL);
}

const struct media_event *bench_find(const struct bench *bench, unsigned side,
                                     enum media_event_kind kind)
{
    for (uint32_t i = 0; i < bench->events_count; i++)
        if (bench->events[i].kind == kind &&
            handle_equal(bench->events[i].endpoint, bench->sides[side].endpoint))
            return &bench->events[i];
    return NULL;
}

struct expectation {
    unsigned side;
    enum media_event_kind kind;
};

static bool event_is_there(struct bench *bench, void *argument)
{
    const struct expectation *expected = argument;
    return bench_find(bench, expected->side, expected->kind) != NULL;
}

const struct media_event *bench_expect(struct bench *bench, unsigned side,
                                       enum media_event_kind kind)
{
    struct expectation expected = {.side = side, .kind = kind};
    bench_pump(bench, 2 * US_PER_S, event_is_there, &expected);
    return bench_find(bench, side, kind);
}

void bench_forget_events(struct bench *bench)
{
    bench->events_count = 0;
}

void bench_forget_packets(struct bench_side *side)
{
    side->rtp_count = side->rtcp_count = 0;
}

uint64_t bench_counter(const struct bench *bench, enum counter counter)
{
    return counter_get(media_counters(bench->media, bench->worker), counter);
}

struct counter_goal {
    enum counter counter;
    uint64_t value;
};

static bool counter_is_there(struct bench *bench, void *argument)
{
    const struct counter_goal *goal = argument;
    return bench_counter(bench, goal->counter) >= goal->value;
}

bool bench_reaches(struct bench *bench, enum counter counter, uint64_t value)
{
    struct counter_goal goal = {.counter = counter, .value = value};
    return bench_pump(bench, 2 * US_PER_S, counter_is_there, &goal);
}

static void fill_extensions(struct bench_side *side, unsigned track, struct raw_rtp *rtp)
{
    struct raw_rtp_extension *mid = &rtp->extensions[0], *number = &rtp->extensions[1];
    mid->id = side->maps.extension_id[MEDIA_EXTENSION_MID];
    mid->length = (uint8_t)strlen(side->slots[track].mid);
    memcpy(mid->bytes, side->slots[track].mid, mid->length);
    number->id = side->maps.extension_id[MEDIA_EXTENSION_TRANSPORT_CC];
    number->length = 2;
    number->bytes[0] = (uint8_t)(side->transport_cc >> 8);
    number->bytes[1] = (uint8_t)side->transport_cc++;
}

void bench_send_audio(struct bench_side *side)
{
    uint8_t packet[1400], payload[80];
    memset(payload, 0x5a, sizeof(payload));
    struct raw_rtp rtp = {
        .payload_type = side->maps.payload_type[MEDIA_CODEC_OPUS],
        .sequence = side->sequence[0]++,
        .timestamp = side->timestamp[0],
        .ssrc = side->ssrc[0],
        .payload = payload,
        .payload_length = sizeof(payload),
    };
    side->timestamp[0] += 960;
    fill_extensions(side, SLOT_AUDIO_UP, &rtp);
    rtp.extensions[2].id = side->maps.extension_id[MEDIA_EXTENSION_AUDIO_LEVEL];
    rtp.extensions[2].length = 1;
    rtp.extensions[2].bytes[0] = 0x85;
    assert_true(raw_peer_send_rtp(side->peer, packet, raw_rtp_write(&rtp, packet, sizeof(packet))));
}

size_t bench_write_video(struct bench_side *side, bool keyframe, uint8_t *out, size_t size)
{
    uint8_t payload[900];
    raw_rtp_vp8(payload, sizeof(payload), true, keyframe);
    struct raw_rtp rtp = {
        .payload_type = side->maps.payload_type[MEDIA_CODEC_VP8],
        .marker = true,
        .sequence = side->sequence[1]++,
        .timestamp = side->timestamp[1],
        .ssrc = side->ssrc[1],
        .payload = payload,
        .payload_length = sizeof(payload),
    };
    side->timestamp[1] += 3000;
    fill_extensions(side, SLOT_VIDEO_UP, &rtp);
    return raw_rtp_write(&rtp, out, size);
}

void bench_send_video(struct bench_side *side, bool keyframe)
{
    uint8_t packet[1400];
    size_t length = bench_write_video(side, keyframe, packet, sizeof(packet));
    assert_true(raw_peer_send_rtp(side->peer, packet, length));
}

void bench_pair(struct bench *bench, const char *profiles)
{
    bench_connect(bench, PATIENT, profiles);
    bench_connect(bench, PHYSICIAN, profiles);
    bench_routes(bench, PATIENT, PHYSICIAN);
}

struct rtp_view bench_view(const struct bench_packet *packet)
{
    struct rtp_view view;
    assert_int_equal(rtp_parse(span_of(packet->bytes, packet->length), &view), RESULT_OK);
    return view;
}

static bool physician_has(struct bench *bench, void *argument)
{
    return bench->sides[PHYSICIAN].rtp_count >= *(uint32_t *)argument;
}

void bench_expect_packets(struct bench *bench, uint32_t count)
{
    assert_true(bench_pump(bench, 2 * US_PER_S, physician_has, &count));
}

void bench_open_with_keyframe(struct bench *bench)
{
    bench_gates(bench, PATIENT, PHYSICIAN, true);
    bench_send_video(&bench->sides[PATIENT], true);
    bench_expect_packets(bench, 1);
}
