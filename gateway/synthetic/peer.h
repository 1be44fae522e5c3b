/* A browser's PeerConnection made of GStreamer: webrtcbin with its own full ICE agent, real VP8 and Opus, camera and
 * microphone replaced by test pictures and a tone. What it counts, it counts behind the decoders.
 *
 * Thread: the GLib main loop's, except the counters, which decoder threads write under a lock.
 * Owner: struct person. */
#ifndef GATEWAY_SYNTHETIC_PEER_H
#define GATEWAY_SYNTHETIC_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"

struct peer;

/* The answer to an offer is ready. */
typedef void peer_answer_fn(void *owner, int64_t offer, const char *sdp);

struct peer_counts {
    uint64_t audio_buffers; /* decoded Opus frames */
    uint64_t video_frames;  /* decoded VP8 frames */
    int64_t gap_us;         /* longest pause between decoded frames of either, after the first */
};

/* `pattern` is a videotestsrc pattern, `frequency` the tone, so that the two people differ. */
struct peer *peer_new(int pattern, double frequency, peer_answer_fn *answer, void *owner);
struct peer *peer_free(struct peer *peer);
/* Takes the gateway's offer; the answer comes through the callback. */
void peer_offer(struct peer *peer, int64_t offer, const char *sdp);
void peer_counts(struct peer *peer, struct peer_counts *ret_counts);

#endif
