/* A real media plane on loopback with raw peers around it, driven from one thread like the control loop would. */
#ifndef TESTS_UNIT_MEDIA_MEDIA_BENCH_H
#define TESTS_UNIT_MEDIA_MEDIA_BENCH_H

#include "media/media.h"
#include "media/rtp/rtp_packet.h"
#include "tests/support/raw_peer.h"
#include "tests/support/raw_rtp.h"

#define BENCH_SIDES   3
#define BENCH_PACKETS 1024
#define BENCH_EVENTS  256

#define BENCH_GCM     "SRTP_AEAD_AES_128_GCM"
#define BENCH_CM      "SRTP_AES128_CM_SHA1_80"

enum { PATIENT, PHYSICIAN }; /* the sides of a pair; the third one has no name */
enum { SLOT_AUDIO_UP, SLOT_VIDEO_UP, SLOT_AUDIO_DOWN, SLOT_VIDEO_DOWN, SLOTS };

struct bench_packet {
    size_t length;
    int64_t at_us;
    uint8_t bytes[1600];
};

/* One person: an endpoint of the media plane and the raw peer that uses it. */
struct bench_side {
    struct raw_peer_events events; /* first: the callbacks find the side by it */
    struct bench *bench;
    struct raw_peer *peer;
    struct handle endpoint;
    struct media_ice ice;
    struct media_maps maps;
    struct media_slot slots[SLOTS];
    uint32_t rtp_count, rtcp_count;
    struct bench_packet *rtp, *rtcp; /* BENCH_PACKETS each */
    bool (*filter)(struct bench_side *side, const uint8_t *datagram, size_t length);
    uint16_t sequence[2]; /* next, of sound and picture */
    uint32_t timestamp[2];
    uint16_t transport_cc;
    uint32_t ssrc[2], rtx_ssrc;
};

struct bench {
    struct media *media;
    struct media_options options;
    uint32_t worker;                  /* where endpoints are placed and counters are read; 0 */
    struct media_candidate candidate; /* of that worker */
    struct bench_side sides[BENCH_SIDES];
    uint32_t events_count;
    struct media_event events[BENCH_EVENTS];
};

/* Starts the plane on 127.0.0.1 (or "::1") with short time-outs; fails the test when it cannot. */
void bench_start(struct bench *bench, const char *address);
void bench_stop(struct bench *bench);

/* A peer without an endpoint's knowledge of it: OPEN is sent, the peer knows the offer, REMOTE is not sent yet. */
void bench_open(struct bench *bench, unsigned side, const struct raw_peer_options *options);
/* The answer; `hash` NULL: sha-256. */
void bench_answer(struct bench *bench, unsigned side, const char *hash);
/* Open, answer, pump until connected. */
void bench_connect(struct bench *bench, unsigned side, const char *profiles);
void bench_close(struct bench *bench, unsigned side);

/* Sound and picture of `from` towards `to`, closed. */
void bench_routes(struct bench *bench, unsigned from, unsigned to);
void bench_gates(struct bench *bench, unsigned from, unsigned to, bool open);
void bench_command(struct bench *bench, const struct media_command *command);

/* Runs everything for `for_us`, or until `done` says so (then true). */
bool bench_pump(struct bench *bench, int64_t for_us,
                bool (*done)(struct bench *bench, void *argument), void *argument);
/* For the whole time. */
void bench_wait(struct bench *bench, int64_t for_us);
/* Pumps until an event of this kind about this side is there; NULL when it does not come within two seconds. */
const struct media_event *bench_expect(struct bench *bench, unsigned side,
                                       enum media_event_kind kind);
const struct media_event *bench_find(const struct bench *bench, unsigned side,
                                     enum media_event_kind kind);
void bench_forget_events(struct bench *bench);
void bench_forget_packets(struct bench_side *side);

uint64_t bench_counter(const struct bench *bench, enum counter counter);
/* Waits until a counter has at least this value; false after two seconds. */
bool bench_reaches(struct bench *bench, enum counter counter, uint64_t value);

/* One packet of sound, one of picture (a whole frame). They carry MID and transport-cc in the side's own ids. */
void bench_send_audio(struct bench_side *side);
void bench_send_video(struct bench_side *side, bool keyframe);
/* Writes the video packet without sending it. */
size_t bench_write_video(struct bench_side *side, bool keyframe, uint8_t *out, size_t size);

/* Patient and physician connected, routes from the one to the other, closed. */
void bench_pair(struct bench *bench, const char *profiles);
/* Until the physician has so many packets; fails the test when they do not come. */
void bench_expect_packets(struct bench *bench, uint32_t count);
/* Opens the gates and shows the physician a keyframe: from here on every packet passes. */
void bench_open_with_keyframe(struct bench *bench);
struct rtp_view bench_view(const struct bench_packet *packet);

int64_t bench_now_us(void);

#endif
