#include "media/rtp/rtp_rewriter.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "media/rtp/skipped_numbers.h"

/* Further back than this a packet is not sent any more: well inside the receiver's and our own SRTP replay windows. */
#define BACK_MAX 500
/* A hole longer than this cannot be repaired; passing it on would only make the subscriber ask for all of it. */
#define GAP_MAX 256
/* Two clocks that should agree may differ by so much (drift over a long hold) before the line is moved. */
#define CLOCK_TOLERANCE_S 2

enum rewriter_mode { REWRITER_HELD, REWRITER_WAITING, REWRITER_ANCHORED };

struct map_entry {
    int64_t out; /* extended outgoing number; 0: empty */
    struct rtp_sent sent;
};

/* Thread: media worker.   Owner: the route.
 * Life:   rtp_rewriter_new() … rtp_rewriter_free().
 * Bound:  map_packets sent packets are known. */
struct rtp_rewriter {
    uint32_t clock_hz;
    uint32_t map_packets;
    enum rewriter_mode mode;
    bool at_keyframe;
    bool sent_any;
    int64_t out_highest;     /* extended; before the first packet one below its number */
    int64_t sequence_offset; /* out = source - skipped below + offset */
    int64_t source_highest;  /* mapped since the last hold; INT64_MIN: none */
    struct skipped_numbers skipped;
    int64_t anchor; /* oldest source number of this line */
    uint32_t timestamp_offset;
    uint32_t timestamp_highest; /* outgoing, of the packet numbered out_highest */
    int64_t highest_us;         /* when that one passed */
    struct map_entry map[];
};

static void forget_source(struct rtp_rewriter *rewriter)
{
    rewriter->source_highest = INT64_MIN;
    skipped_numbers_init(&rewriter->skipped);
}

enum result rtp_rewriter_new(uint32_t clock_hz, uint32_t map_packets, uint64_t random,
                             struct rtp_rewriter **ret_rewriter)
{
    if (clock_hz == 0 || map_packets > 4096 || (map_packets & (map_packets - 1)) != 0)
        return RESULT_INVALID;
    struct rtp_rewriter *rewriter =
        calloc(1, sizeof(*rewriter) + map_packets * sizeof(rewriter->map[0]));
    if (rewriter == NULL)
        return RESULT_NO_MEMORY;
    rewriter->clock_hz = clock_hz;
    rewriter->map_packets = map_packets;
    forget_source(rewriter);
    rewriter->out_highest = 0x1000 + (int64_t)(random % 0x6000) - 1;
    rewriter->timestamp_highest = (uint32_t)(random >> 32);
    *ret_rewriter = rewriter;
    return RESULT_OK;
}

struct rtp_rewriter *rtp_rewriter_free(struct rtp_rewriter *rewriter)
{
    free(rewriter);
    return NULL;
}

static void forget_sent(struct rtp_rewriter *rewriter)
{
    memset(rewriter->map, 0, rewriter->map_packets * sizeof(rewriter->map[0]));
}

void rtp_rewriter_start(struct rtp_rewriter *rewriter, bool at_keyframe)
{
    if (rewriter->mode != REWRITER_HELD)
        return;
    rewriter->mode = REWRITER_WAITING;
    rewriter->at_keyframe = at_keyframe;
}

void rtp_rewriter_hold(struct rtp_rewriter *rewriter)
{
    rewriter->mode = REWRITER_HELD;
    forget_sent(rewriter);
    forget_source(rewriter);
}

void rtp_rewriter_restart(struct rtp_rewriter *rewriter, bool at_keyframe)
{
    if (rewriter->mode == REWRITER_HELD)
        return;
    rewriter->mode = REWRITER_WAITING;
    rewriter->at_keyframe = at_keyframe;
}

void rtp_rewriter_switch(struct rtp_rewriter *rewriter, bool at_keyframe)
{
    forget_sent(rewriter);
    forget_source(rewriter);
    rtp_rewriter_restart(rewriter, at_keyframe);
}

bool rtp_rewriter_wants_keyframe(const struct rtp_rewriter *rewriter)
{
    return rewriter->mode == REWRITER_WAITING && rewriter->at_keyframe;
}

bool rtp_rewriter_carries(const struct rtp_rewriter *rewriter, int64_t sequence)
{
    return rewriter->mode == REWRITER_ANCHORED && sequence >= rewriter->anchor;
}

bool rtp_rewriter_skip(struct rtp_rewriter *rewriter, int64_t sequence)
{
    return rewriter->mode != REWRITER_HELD && sequence > rewriter->source_highest &&
           skipped_numbers_add(&rewriter->skipped, sequence);
}

/* The source's number without those that were skipped. */
static int64_t closed_up(const struct rtp_rewriter *rewriter, int64_t sequence)
{
    return sequence - skipped_numbers_below(&rewriter->skipped, sequence);
}

/* Where the outgoing clock should be now, going by the time that passed since the newest packet. */
static uint32_t timestamp_by_time(const struct rtp_rewriter *rewriter, int64_t now_us)
{
    int64_t elapsed_us = now_us - rewriter->highest_us;
    uint64_t ticks = elapsed_us > 0 ? (uint64_t)elapsed_us / 1000 * rewriter->clock_hz / 1000 : 0;
    return rewriter->timestamp_highest + (uint32_t)(ticks > 0 ? ticks : 1);
}

/* Puts the source on the outgoing line at the next number. The clock line is kept where the source's own clock still
 * fits it (a held stream, a restart that kept its clock); else it goes on by the time that passed. */
static void anchor_at(struct rtp_rewriter *rewriter, const struct rtp_source *source,
                      int64_t now_us)
{
    rewriter->sequence_offset = rewriter->out_highest + 1 - closed_up(rewriter, source->sequence);
    rewriter->anchor = source->sequence;
    rewriter->mode = REWRITER_ANCHORED;
    uint32_t kept = source->timestamp + rewriter->timestamp_offset;
    uint32_t wanted = rewriter->timestamp_highest; /* the random first one */
    if (rewriter->sent_any) {
        wanted = timestamp_by_time(rewriter, now_us);
        int64_t difference = (int32_t)(kept - wanted);
        int64_t tolerance = (int64_t)CLOCK_TOLERANCE_S * rewriter->clock_hz;
        bool ahead = (int32_t)(kept - rewriter->timestamp_highest) > 0;
        if (ahead && difference <= tolerance && difference >= -tolerance)
            wanted = kept;
    }
    rewriter->timestamp_offset = wanted - source->timestamp;
}

/* A hole nobody can fill: leave one number of it, so that the decoder knows that something is missing. */
static void close_gap(struct rtp_rewriter *rewriter, const struct rtp_source *source)
{
    rewriter->sequence_offset = rewriter->out_highest + 2 - closed_up(rewriter, source->sequence);
    rewriter->anchor = source->sequence;
}

static enum result remember(struct rtp_rewriter *rewriter, const struct rtp_source *source,
                            int64_t out, struct rtp_place place)
{
    if (rewriter->map_packets == 0)
        return RESULT_OK;
    struct map_entry *entry = &rewriter->map[(uint64_t)out & (rewriter->map_packets - 1)];
    if (entry->out == out)
        return RESULT_EXISTS;
    if (entry->out < out)
        *entry = (struct map_entry){.out = out, .sent = {.packet = source->packet, .place = place}};
    return RESULT_OK;
}

enum result rtp_rewriter_map(struct rtp_rewriter *rewriter, const struct rtp_source *source,
                             int64_t now_us, struct rtp_place *ret_place)
{
    if (rewriter->mode == REWRITER_HELD ||
        (rtp_rewriter_wants_keyframe(rewriter) && !source->keyframe))
        return RESULT_AGAIN;
    if (rewriter->mode == REWRITER_WAITING)
        anchor_at(rewriter, source, now_us);
    else if (closed_up(rewriter, source->sequence) + rewriter->sequence_offset >
             rewriter->out_highest + 1 + GAP_MAX)
        close_gap(rewriter, source);
    int64_t out = closed_up(rewriter, source->sequence) + rewriter->sequence_offset;
    if (source->sequence < rewriter->anchor || out < rewriter->out_highest - BACK_MAX)
        return RESULT_STALE;
    struct rtp_place place = {.sequence = (uint16_t)out,
                              .timestamp = source->timestamp + rewriter->timestamp_offset};
    enum result result = remember(rewriter, source, out, place);
    if (!result_ok(result))
        return result;
    if (out > rewriter->out_highest) {
        rewriter->out_highest = out;
        rewriter->source_highest = source->sequence;
        rewriter->timestamp_highest = place.timestamp;
        rewriter->highest_us = now_us;
        rewriter->sent_any = true;
    }
    *ret_place = place;
    return RESULT_OK;
}

struct rtp_sent *rtp_rewriter_sent(struct rtp_rewriter *rewriter, uint16_t sequence)
{
    if (rewriter->map_packets == 0)
        return NULL;
    struct map_entry *entry = &rewriter->map[sequence & (rewriter->map_packets - 1)];
    bool known = entry->out != 0 && (uint16_t)entry->out == sequence &&
                 rewriter->out_highest - entry->out < 0x8000;
    return known && entry->sent.packet.generation != 0 ? &entry->sent : NULL;
}

bool rtp_rewriter_timestamp(const struct rtp_rewriter *rewriter, uint32_t source_timestamp,
                            uint32_t *ret_timestamp)
{
    if (rewriter->mode != REWRITER_ANCHORED)
        return false;
    *ret_timestamp = source_timestamp + rewriter->timestamp_offset;
    return true;
}
