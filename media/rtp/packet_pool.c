#include "media/rtp/packet_pool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "gateway/base/check.h"

/* Thread: media worker.   Owner: struct media_worker.
 * Life:   packet_pool_new() … packet_pool_free().
 * Bound:  blocks_max blocks. */
struct packet_pool {
    uint32_t blocks_max;
    uint32_t fresh; /* blocks from here on were never taken */
    uint32_t taken;
    uint32_t free_count;
    uint32_t *free_blocks; /* given back; a stack, so that warm pages come first */
    uint8_t *bytes;
};

static size_t pool_bytes(uint32_t blocks_max)
{
    return (size_t)blocks_max * PACKET_BLOCK_BYTES;
}

enum result packet_pool_new(uint32_t blocks_max, struct packet_pool **ret_pool)
{
    if (blocks_max == 0 || blocks_max > INT32_MAX)
        return RESULT_INVALID;
    struct packet_pool *pool = calloc(1, sizeof(*pool));
    if (pool == NULL)
        return RESULT_NO_MEMORY;
    pool->blocks_max = blocks_max;
    pool->free_blocks = calloc(blocks_max, sizeof(*pool->free_blocks));
    /* Mapped, not allocated: page by page, and a huge page would make a small call cost 2 MB. */
    void *bytes = mmap(NULL, pool_bytes(blocks_max), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED || pool->free_blocks == NULL) {
        if (bytes != MAP_FAILED)
            munmap(bytes, pool_bytes(blocks_max));
        free(pool->free_blocks);
        free(pool);
        return RESULT_NO_MEMORY;
    }
    (void)madvise(bytes, pool_bytes(blocks_max), MADV_NOHUGEPAGE);
    pool->bytes = bytes;
    *ret_pool = pool;
    return RESULT_OK;
}

struct packet_pool *packet_pool_free(struct packet_pool *pool)
{
    if (pool == NULL)
        return NULL;
    CHECK(pool->taken == 0);
    munmap(pool->bytes, pool_bytes(pool->blocks_max));
    free(pool->free_blocks);
    free(pool);
    return NULL;
}

uint32_t packet_pool_take(struct packet_pool *pool)
{
    if (pool->taken == pool->blocks_max)
        return PACKET_BLOCK_NONE;
    pool->taken++;
    return pool->free_count > 0 ? pool->free_blocks[--pool->free_count] : pool->fresh++;
}

void packet_pool_give(struct packet_pool *pool, uint32_t block, size_t used)
{
    CHECK(pool->taken > 0 && block < pool->fresh && used <= PACKET_BLOCK_BYTES);
    explicit_bzero(packet_pool_bytes(pool, block), used);
    pool->free_blocks[pool->free_count++] = block;
    pool->taken--;
}

uint8_t *packet_pool_bytes(const struct packet_pool *pool, uint32_t block)
{
    return pool->bytes + (size_t)block * PACKET_BLOCK_BYTES;
}

uint32_t packet_pool_taken(const struct packet_pool *pool)
{
    return pool->taken;
}
