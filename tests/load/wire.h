/* The wire side of many participants: STUN, DTLS, SRTP over a UDP socket each, driven by one thread of its own (real-time
 * priority if the system allows), so that signaling does not disturb its pace. Implements gateway/synthetic/peer.h with raw
 * peers: `pattern` of a person is its enum wire_profile.
 *
 * Delay is from just before a packet is sealed and sent to the kernel's time stamp at the receiver's socket: the gateway, both
 * loopback crossings and one sealing by the sender, but not the receiver's queueing in this process.
 *
 * Thread: all functions are for the main thread; the engine thread and they exclude each other by one lock.
 * Owner: the program. Participants belong to their person and must be gone before wire_stop(). */
#ifndef TESTS_LOAD_WIRE_H
#define TESTS_LOAD_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/synthetic/peer.h"

#define WIRE_PARTICIPANTS_MAX 1024
#define WIRE_DELAY_MAX_US     100000

struct wire;

enum wire_profile { WIRE_GCM, WIRE_CM };

/* Over the window from wire_begin() to wire_end(), all participants together. */
struct wire_totals {
    int64_t window_ns;
    uint64_t scheduled; /* packets that fell due */
    uint64_t punctual;  /* of these: sent, and at most 5 ms after they were due */
    uint64_t received, lost, repeated, damaged, strange;
    uint64_t unopened; /* did not authenticate */
    uint64_t keyframe_requests;
    uint32_t delay_p50_us, delay_p99_us, delay_max_us;
    int64_t cpu_ns; /* of the engine thread */
};

/* Wire counts of one participant since it was made. */
struct wire_counts {
    bool connected;
    uint64_t sent;       /* RTP, both kinds */
    uint64_t rtp, rtcp;  /* datagrams at the socket, opened or not */
    uint64_t good;       /* RTP from the partner, whole */
    uint64_t good_video; /* of these */
    uint64_t strange, damaged;
    uint64_t checks_sent, checks_answered;
    int64_t
        oldest_ns; /* when the first whole packet of the partner was sent, CLOCK_REALTIME; 0: none */
    int64_t last_rtp_ns; /* kernel stamp, CLOCK_REALTIME; 0: none */
};

/* One a process. NULL when the thread or a library does not start. */
struct wire *wire_start(void);
struct wire *wire_stop(struct wire *wire);
bool wire_is_realtime(const struct wire *wire);

/* From now on the engine drives this peer (after its first offer): it connects, then sends until it is freed. */
void wire_add(struct wire *wire, struct peer *peer);
/* Each expects the packets of the other and of nobody else. */
void wire_pair(struct wire *wire, struct peer *one, struct peer *other);
void wire_counts(struct wire *wire, struct peer *peer, struct wire_counts *ret_counts);

void wire_begin(struct wire *wire);
void wire_end(struct wire *wire, struct wire_totals *ret_totals);

#endif
