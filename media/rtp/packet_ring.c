#include "media/rtp/packet_ring.h"

#include <stdlib.h>
#include <string.h>

struct ring_entry {
    int64_t sequence;
    uint32_t generation; /* 0: empty */
    uint32_t serial;     /* of its block */
    uint16_t offset, length;
    bool numbered; /* can be found by sequence: stored since the last restart */
};

struct ring_block {
    int64_t newest_us; /* arrival of the last packet in it */
    uint32_t block;    /* in the pool */
    uint32_t used;     /* bytes */
};

/* Thread: media worker.   Owner: the publisher slot.
 * Life:   packet_ring_new() … packet_ring_free(), which wipes.
 * Bound:  packets_max packets, blocks_max blocks. */
struct packet_ring {
    struct packet_pool *pool;
    uint32_t packets_max, blocks_max;
    uint32_t generation;         /* of the last stored packet */
    uint32_t first, count;       /* serial of the oldest block; serials are consecutive and wrap */
    struct ring_block *blocks;   /* at serial % blocks_max, a power of two */
    struct ring_entry entries[]; /* at sequence % packets_max */
};

static bool power_of_two(uint32_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

enum result packet_ring_new(struct packet_pool *pool, uint32_t packets_max, uint32_t blocks_max,
                            struct packet_ring **ret_ring)
{
    if (!power_of_two(packets_max) || packets_max > 32768 || !power_of_two(blocks_max) ||
        blocks_max > 1024)
        return RESULT_INVALID;
    struct packet_ring *ring = calloc(1, sizeof(*ring) + packets_max * sizeof(ring->entries[0]));
    if (ring == NULL)
        return RESULT_NO_MEMORY;
    ring->pool = pool;
    ring->packets_max = packets_max;
    ring->blocks_max = blocks_max;
    ring->blocks = calloc(blocks_max, sizeof(*ring->blocks));
    if (ring->blocks == NULL) {
        free(ring);
        return RESULT_NO_MEMORY;
    }
    *ret_ring = ring;
    return RESULT_OK;
}

static struct ring_block *block_at(const struct packet_ring *ring, uint32_t serial)
{
    return &ring->blocks[serial & (ring->blocks_max - 1)];
}

static struct ring_block *newest_block(const struct packet_ring *ring)
{
    return block_at(ring, ring->first + ring->count - 1);
}

static void drop_oldest(struct packet_ring *ring)
{
    const struct ring_block *oldest = block_at(ring, ring->first);
    packet_pool_give(ring->pool, oldest->block, oldest->used);
    ring->first++;
    ring->count--;
}

struct packet_ring *packet_ring_free(struct packet_ring *ring)
{
    if (ring != NULL) {
        packet_ring_clear(ring);
        free(ring->blocks);
        free(ring);
    }
    return NULL;
}

void packet_ring_restart(struct packet_ring *ring)
{
    for (uint32_t i = 0; i < ring->packets_max; i++)
        ring->entries[i].numbered = false;
}

void packet_ring_clear(struct packet_ring *ring)
{
    memset(ring->entries, 0, ring->packets_max * sizeof(ring->entries[0]));
    while (ring->count > 0)
        drop_oldest(ring);
}

/* Its block was not given back yet. */
static bool alive(const struct packet_ring *ring, const struct ring_entry *entry)
{
    return entry->generation != 0 && entry->serial - ring->first < ring->count;
}

static struct ring_entry *entry_of(struct packet_ring *ring, int64_t sequence)
{
    return &ring->entries[(uint64_t)sequence & (ring->packets_max - 1)];
}

static struct packet_handle handle_of(const struct packet_ring *ring,
                                      const struct ring_entry *entry)
{
    return (struct packet_handle){.generation = entry->generation,
                                  .place = (uint16_t)(entry - ring->entries)};
}

enum result packet_ring_find(const struct packet_ring *ring, int64_t sequence,
                             struct packet_handle *ret_handle)
{
    const struct ring_entry *entry = &ring->entries[(uint64_t)sequence & (ring->packets_max - 1)];
    if (!entry->numbered || entry->sequence != sequence || !alive(ring, entry))
        return RESULT_NOT_FOUND;
    *ret_handle = handle_of(ring, entry);
    return RESULT_OK;
}

/* A block with room for `length` bytes becomes the newest. Where there is none to take, the oldest history of this ring makes
 * room, never that of another call. */
static enum result make_room(struct packet_ring *ring, size_t length)
{
    if (ring->count > 0 && newest_block(ring)->used + length <= PACKET_BLOCK_BYTES)
        return RESULT_OK;
    if (ring->count == ring->blocks_max)
        drop_oldest(ring);
    uint32_t block = packet_pool_take(ring->pool);
    if (block == PACKET_BLOCK_NONE && ring->count > 0) {
        drop_oldest(ring);
        block = packet_pool_take(ring->pool);
    }
    if (block == PACKET_BLOCK_NONE)
        return RESULT_FULL;
    ring->count++;
    *newest_block(ring) = (struct ring_block){.block = block};
    return RESULT_OK;
}

enum result packet_ring_store(struct packet_ring *ring, int64_t sequence, struct span packet,
                              int64_t keep_us, int64_t now_us, struct packet_handle *ret_handle)
{
    if (packet.length == 0 || packet.length > MEDIA_DATAGRAM_MAX)
        return RESULT_TOO_LARGE;
    while (ring->count > 0 && block_at(ring, ring->first)->newest_us < now_us - keep_us)
        drop_oldest(ring);
    struct ring_entry *entry = entry_of(ring, sequence);
    if (entry->numbered && alive(ring, entry)) {
        if (entry->sequence == sequence) {
            *ret_handle = handle_of(ring, entry);
            return RESULT_EXISTS;
        }
        if (entry->sequence > sequence)
            return RESULT_STALE;
    }
    enum result result = make_room(ring, packet.length);
    if (!result_ok(result))
        return result;
    struct ring_block *block = newest_block(ring);
    if (++ring->generation == 0)
        ring->generation = 1;
    *entry = (struct ring_entry){.sequence = sequence,
                                 .generation = ring->generation,
                                 .serial = ring->first + ring->count - 1,
                                 .offset = (uint16_t)block->used,
                                 .length = (uint16_t)packet.length,
                                 .numbered = true};
    memcpy(packet_pool_bytes(ring->pool, block->block) + block->used, packet.data, packet.length);
    block->used += (uint32_t)packet.length;
    block->newest_us = now_us;
    *ret_handle = handle_of(ring, entry);
    return RESULT_OK;
}

enum result packet_ring_get(const struct packet_ring *ring, struct packet_handle handle,
                            struct span *ret_packet)
{
    if (handle.generation == 0 || handle.place >= ring->packets_max)
        return RESULT_NOT_FOUND;
    const struct ring_entry *entry = &ring->entries[handle.place];
    if (entry->generation != handle.generation || !alive(ring, entry))
        return RESULT_NOT_FOUND;
    const struct ring_block *block = block_at(ring, entry->serial);
    *ret_packet =
        span_of(packet_pool_bytes(ring->pool, block->block) + entry->offset, entry->length);
    return RESULT_OK;
}

uint32_t packet_ring_blocks(const struct packet_ring *ring)
{
    return ring->count;
}
