/* The plain packets of one publisher slot, stored once for all subscribers: forwarding and retransmission read here.
 *
 *   index   [ packets_max places, by extended sequence number ]  →  { generation, block, offset, length }
 *   blocks  oldest ▪▪▪▪▪▫ newest, of the worker's pool; packets lie behind each other in their real length and never cross
 *           from one block to the next. A block goes back to the pool as a whole, when its newest packet is too old.
 *
 * Thread: the worker that owns the publisher. Owner: the publisher slot. Allocates in packet_ring_new() only.
 * Bound: packets_max packets and blocks_max blocks. A handle {place, generation} of a dead packet misses; generations are
 * unique within one ring and never 0. */
#ifndef MEDIA_RTP_PACKET_RING_H
#define MEDIA_RTP_PACKET_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "media/media_limits.h"
#include "media/rtp/packet_pool.h"

struct packet_ring;

struct packet_handle {
    uint32_t generation; /* 0: none */
    uint16_t place;
};

/* `packets_max` is a power of two ≤ 32768, `blocks_max` 1…1024; else RESULT_INVALID. The pool outlives the ring. */
MUST_CHECK enum result packet_ring_new(struct packet_pool *pool, uint32_t packets_max,
                                       uint32_t blocks_max, struct packet_ring **ret_ring);
/* Wipes the packets (media does not outlive its consultation in memory), then frees. Returns NULL. */
struct packet_ring *packet_ring_free(struct packet_ring *ring);
/* The numbering begins anew (source restarted or SSRC changed); older packets can still be reached by handle. */
void packet_ring_restart(struct packet_ring *ring);
/* All packets become unreachable and are wiped: on gate close and on hold. */
void packet_ring_clear(struct packet_ring *ring);

/* Copies the packet, after giving back the blocks that are older than `keep_us`. `sequence` is the extended number.
 * RESULT_EXISTS: already there (*ret_handle is that one); RESULT_STALE: its place is taken by a newer packet;
 * RESULT_TOO_LARGE: longer than MEDIA_DATAGRAM_MAX or empty; RESULT_FULL: the pool is empty, and no older block of this ring
 * could be used instead. */
MUST_CHECK enum result packet_ring_store(struct packet_ring *ring, int64_t sequence,
                                         struct span packet, int64_t keep_us, int64_t now_us,
                                         struct packet_handle *ret_handle);
/* The bytes stay valid until the next store, clear or free. RESULT_NOT_FOUND when gone. */
MUST_CHECK enum result packet_ring_get(const struct packet_ring *ring, struct packet_handle handle,
                                       struct span *ret_packet);
MUST_CHECK enum result packet_ring_find(const struct packet_ring *ring, int64_t sequence,
                                        struct packet_handle *ret_handle);
/* Blocks it holds. */
uint32_t packet_ring_blocks(const struct packet_ring *ring);

#endif
