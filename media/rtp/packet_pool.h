/* Memory for the packet histories of one worker: equal blocks, taken and given back one by one. The pages of a block that
 * was never taken are not there, so an idle gateway pays for none; what was given back is taken again first.
 *
 * Thread: the worker that owns it. Owner: struct media_worker, which outlives every ring.
 * Bound: `blocks_max` blocks. Allocates in packet_pool_new() only. */
#ifndef MEDIA_RTP_PACKET_POOL_H
#define MEDIA_RTP_PACKET_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"

#define PACKET_BLOCK_BYTES 4096 /* a page: three of the longest video packets a browser sends */
#define PACKET_BLOCK_NONE  UINT32_MAX

struct packet_pool;

/* RESULT_INVALID without blocks or with 2^31 and more. */
MUST_CHECK enum result packet_pool_new(uint32_t blocks_max, struct packet_pool **ret_pool);
/* Every block must be back. Returns NULL. */
struct packet_pool *packet_pool_free(struct packet_pool *pool);

/* PACKET_BLOCK_NONE when all are taken. */
MUST_CHECK uint32_t packet_pool_take(struct packet_pool *pool);
/* Wipes the first `used` bytes: media does not outlive its use in memory. */
void packet_pool_give(struct packet_pool *pool, uint32_t block, size_t used);
/* PACKET_BLOCK_BYTES of a block that is taken. */
uint8_t *packet_pool_bytes(const struct packet_pool *pool, uint32_t block);
uint32_t packet_pool_taken(const struct packet_pool *pool);

#endif
