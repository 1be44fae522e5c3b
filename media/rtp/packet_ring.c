#include "media/rtp/packet_ring.h"

#include <stdlib.h>
#include <string.h>

struct ring_entry {
    int64_t sequence;
    int64_t arrived_us;
    uint64_t position;   /* of its first byte, counted over all bytes ever written */
    uint32_t generation; /* 0: empty */
    uint16_t length;
    bool numbered; /* can be found by sequence: stored since the last restart */
};

/* Thread: media worker.   Owner: the publisher slot.
 * Life:   packet_ring_new() … packet_ring_free(), which wipes.
 * Bound:  packets_max packets, bytes_max bytes. */
struct packet_ring {
    uint32_t packets_max, bytes_max;
    uint32_t generation; /* of the last stored packet */
    uint64_t head;       /* where the next packet goes, counted like `position` */
    struct ring_entry *entries;
    uint8_t *bytes;
};

enum result packet_ring_new(uint32_t packets_max, uint32_t bytes_max, struct packet_ring **ret_ring)
{
    if (packets_max == 0 || packets_max > 32768 || (packets_max & (packets_max - 1)) != 0 ||
        bytes_max < MEDIA_DATAGRAM_MAX)
        return RESULT_INVALID;
    struct packet_ring *ring = calloc(1, sizeof(*ring));
    if (ring == NULL)
        return RESULT_NO_MEMORY;
    ring->packets_max = packets_max;
    ring->bytes_max = bytes_max;
    ring->entries = calloc(packets_max, sizeof(*ring->entries));
    ring->bytes = malloc(bytes_max);
    if (ring->entries == NULL || ring->bytes == NULL) {
        free(ring->entries);
        free(ring->bytes);
        free(ring);
        return RESULT_NO_MEMORY;
    }
    *ret_ring = ring;
    return RESULT_OK;
}

struct packet_ring *packet_ring_free(struct packet_ring *ring)
{
    if (ring != NULL) {
        packet_ring_clear(ring);
        free(ring->entries);
        free(ring->bytes);
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
    memset(ring->entries, 0, ring->packets_max * sizeof(*ring->entries));
    /* Only what was written, so that an unused ring stays untouched memory. */
    explicit_bzero(ring->bytes, ring->head < ring->bytes_max ? ring->head : ring->bytes_max);
    ring->head = 0;
}

/* Its bytes are not written over yet. A packet never wraps; the bytes skipped at the end count as written. */
static bool alive(const struct packet_ring *ring, const struct ring_entry *entry)
{
    return entry->generation != 0 && ring->head - entry->position <= ring->bytes_max;
}

static struct ring_entry *entry_of(const struct packet_ring *ring, int64_t sequence)
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
    const struct ring_entry *entry = entry_of(ring, sequence);
    if (!entry->numbered || entry->sequence != sequence || !alive(ring, entry))
        return RESULT_NOT_FOUND;
    *ret_handle = handle_of(ring, entry);
    return RESULT_OK;
}

/* Where `length` bytes go without wrapping. */
static uint64_t take_place(struct packet_ring *ring, size_t length)
{
    uint64_t offset = ring->head % ring->bytes_max;
    if (offset + length > ring->bytes_max)
        ring->head += ring->bytes_max - offset;
    uint64_t position = ring->head;
    ring->head += length;
    return position;
}

enum result packet_ring_store(struct packet_ring *ring, int64_t sequence, struct span packet,
                              int64_t now_us, struct packet_handle *ret_handle)
{
    if (packet.length == 0 || packet.length > MEDIA_DATAGRAM_MAX)
        return RESULT_TOO_LARGE;
    struct ring_entry *entry = entry_of(ring, sequence);
    if (entry->numbered && alive(ring, entry)) {
        if (entry->sequence == sequence) {
            *ret_handle = handle_of(ring, entry);
            return RESULT_EXISTS;
        }
        if (entry->sequence > sequence)
            return RESULT_STALE;
    }
    if (++ring->generation == 0)
        ring->generation = 1;
    *entry = (struct ring_entry){.sequence = sequence,
                                 .arrived_us = now_us,
                                 .position = take_place(ring, packet.length),
                                 .generation = ring->generation,
                                 .length = (uint16_t)packet.length,
                                 .numbered = true};
    memcpy(ring->bytes + entry->position % ring->bytes_max, packet.data, packet.length);
    *ret_handle = handle_of(ring, entry);
    return RESULT_OK;
}

enum result packet_ring_get(const struct packet_ring *ring, struct packet_handle handle,
                            struct span *ret_packet, int64_t *ret_arrived_us)
{
    if (handle.generation == 0 || handle.place >= ring->packets_max)
        return RESULT_NOT_FOUND;
    const struct ring_entry *entry = &ring->entries[handle.place];
    if (entry->generation != handle.generation || !alive(ring, entry))
        return RESULT_NOT_FOUND;
    *ret_packet = span_of(ring->bytes + entry->position % ring->bytes_max, entry->length);
    if (ret_arrived_us != NULL)
        *ret_arrived_us = entry->arrived_us;
    return RESULT_OK;
}
