/* Redundant sound: RFC 2198 as browsers speak it for Opus ("red/48000/2"). A packet carries its own frame and up to a few
 * earlier ones again, so a frame whose packet was lost is still heard when the next one arrives.
 *
 *   payload:  [1|PT|timestamp offset:14|length:10] … [0|PT]  older frames, oldest first …  the frame itself
 *
 * The history keeps the last plain frames of a publisher, whichever form they came in. From it a packet for one
 * subscriber is written: what a subscriber gets depends on his own line, not on how the publisher sends.
 * Thread: the worker that owns the publisher. Nothing allocates; views point into the caller's bytes. */
#ifndef MEDIA_RTP_OPUS_RED_H
#define MEDIA_RTP_OPUS_RED_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"

#define OPUS_RED_OLDER_MAX    4 /* read; a sender that repeats more is cut to the newest */
#define OPUS_RED_DISTANCE_MAX 2 /* written */
#define OPUS_RED_FRAME_MAX                                                                         \
    500                       /* a longer frame is not repeated; 60 ms at 64 kbit/s has 480 bytes */
#define OPUS_HISTORY_FRAMES 4 /* a power of two > OPUS_RED_DISTANCE_MAX */

struct opus_frame {
    struct span
        payload; /* plain Opus; an older frame may be empty: its place counts, its sound is gone */
    uint32_t timestamp;
};

struct opus_red {
    struct opus_frame primary;
    struct opus_frame older[OPUS_RED_OLDER_MAX]; /* newest first: [0] was sent one number before */
    uint32_t older_count;
};

/* RESULT_PARSE: a length points outside, or no primary block. RESULT_UNSUPPORTED: the primary is not Opus. Older blocks
 * of another payload type are left empty; offsets that do not grow with age make all of them unusable (count 0). */
MUST_CHECK enum result opus_red_parse(struct span payload, uint32_t timestamp,
                                      uint8_t opus_payload_type, struct opus_red *ret_red);

/* Thread: media worker.   Owner: struct publisher (sound).
 * Bound: OPUS_HISTORY_FRAMES frames of at most OPUS_RED_FRAME_MAX bytes. Fields are private. */
struct opus_history {
    struct opus_history_frame {
        int64_t sequence; /* extended, from receive_stats; 0: empty */
        uint32_t timestamp;
        uint16_t length;
        uint8_t bytes[OPUS_RED_FRAME_MAX];
    } frames[OPUS_HISTORY_FRAMES];
    int64_t first; /* number of the first frame since the last clear; 0: none yet */
};

/* Wipes the frames: nothing from before a gate opened may come out after it (P1). */
void opus_history_clear(struct opus_history *history);
/* A frame that arrived, in any order; a copy or one too old for its place is left out. */
void opus_history_store(struct opus_history *history, int64_t sequence, uint32_t timestamp,
                        struct span payload);
/* May a lost frame of that number be taken from a later packet? Not when it is from before the first frame. */
bool opus_history_accepts(const struct opus_history *history, int64_t sequence);

/* The redundant payload of frame `sequence`, with the `distance` frames before it, back to the first that is not known,
 * is from before number `oldest`, or is more than 2^14 ticks away (RFC 2198 §3). Returns how many older frames it holds; 0: nothing was written,
 * send the frame plain. Check writer->overflowed. */
unsigned opus_red_write(const struct opus_history *history, int64_t sequence,
                        const struct opus_frame *frame, unsigned distance, int64_t oldest,
                        uint8_t opus_payload_type, struct bytes_writer *writer);

#endif
