#include "media/ice/tcp_send_queue.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "media/ice/tcp_framing.h"
#include "media/media_limits.h"

/* A ring of framed packets: header, packet, header, packet … */
struct byte_ring {
    uint8_t *bytes;
    uint32_t size, first, used;
};

/* Which frame (RFC 3550 §5.1: one timestamp a frame) is being shed. */
struct shed_frame {
    uint32_t ssrc, timestamp;
};

struct tcp_send_queue {
    struct byte_ring urgent, bulk;
    uint32_t bulk_rest;    /* bytes of a bulk packet whose head has been written */
    int64_t bulk_since_us; /* when bulk stopped being empty */
    bool shedding;
    struct shed_frame shed;
    uint8_t storage[TCP_SEND_URGENT_BYTES + TCP_SEND_BULK_BYTES];
};

enum result tcp_send_queue_new(struct tcp_send_queue **ret_queue)
{
    struct tcp_send_queue *queue = calloc(1, sizeof(*queue));
    if (queue == NULL)
        return RESULT_NO_MEMORY;
    queue->urgent = (struct byte_ring){.bytes = queue->storage, .size = TCP_SEND_URGENT_BYTES};
    queue->bulk = (struct byte_ring){.bytes = queue->storage + TCP_SEND_URGENT_BYTES,
                                     .size = TCP_SEND_BULK_BYTES};
    *ret_queue = queue;
    return RESULT_OK;
}

struct tcp_send_queue *tcp_send_queue_free(struct tcp_send_queue *queue)
{
    free(queue);
    return NULL;
}

static void ring_write(struct byte_ring *ring, const uint8_t *from, size_t length)
{
    uint32_t at = (ring->first + ring->used) % ring->size;
    size_t before_end = ring->size - at < length ? ring->size - at : length;
    memcpy(ring->bytes + at, from, before_end);
    memcpy(ring->bytes, from + before_end, length - before_end);
    ring->used += (uint32_t)length;
}

static bool ring_push(struct byte_ring *ring, struct span packet)
{
    uint8_t header[TCP_FRAMING_HEADER_BYTES];
    if (ring->used + sizeof(header) + packet.length > ring->size)
        return false;
    bytes_put_u16(header, (uint16_t)packet.length);
    ring_write(ring, header, sizeof(header));
    ring_write(ring, packet.data, packet.length);
    return true;
}

/* `length` bytes from `skip` behind the first one, as one or two vectors. */
static int ring_gather(const struct byte_ring *ring, uint32_t skip, uint32_t length,
                       struct iovec *vectors)
{
    if (length == 0)
        return 0;
    uint32_t at = (ring->first + skip) % ring->size;
    uint32_t before_end = ring->size - at < length ? ring->size - at : length;
    vectors[0] = (struct iovec){.iov_base = ring->bytes + at, .iov_len = before_end};
    if (before_end == length)
        return 1;
    vectors[1] = (struct iovec){.iov_base = ring->bytes, .iov_len = length - before_end};
    return 2;
}

static void ring_consume(struct byte_ring *ring, uint32_t length)
{
    CHECK(length <= ring->used);
    ring->first = (ring->first + length) % ring->size;
    ring->used -= length;
}

static uint32_t ring_first_frame_bytes(const struct byte_ring *ring)
{
    uint32_t high = ring->bytes[ring->first], low = ring->bytes[(ring->first + 1) % ring->size];
    return TCP_FRAMING_HEADER_BYTES + (high << 8 | low);
}

/* False for what is not RTP (RFC 7983, RFC 5761 §4). Sealing leaves the fixed header readable. */
static bool frame_of(struct span packet, struct shed_frame *ret_frame)
{
    if (packet.length < 12 || packet.data[0] >> 6 != 2 ||
        (packet.data[1] >= 192 && packet.data[1] <= 223))
        return false;
    *ret_frame = (struct shed_frame){.timestamp = bytes_get_u32(packet.data + 4),
                                     .ssrc = bytes_get_u32(packet.data + 8)};
    return true;
}

static bool frame_is_shed(const struct tcp_send_queue *queue, const struct shed_frame *frame)
{
    return frame->ssrc == queue->shed.ssrc && frame->timestamp == queue->shed.timestamp;
}

/* Whether a long packet has to go. */
static bool must_shed(struct tcp_send_queue *queue, struct span packet, int64_t now_us)
{
    const struct byte_ring *bulk = &queue->bulk;
    struct shed_frame frame = {0};
    bool is_rtp = frame_of(packet, &frame);
    bool empty = bulk->used == 0;
    if (!empty && (now_us - queue->bulk_since_us > TCP_SEND_BULK_AGE_US ||
                   bulk->used + packet.length > bulk->size / 2))
        queue->shedding = true;
    else if (queue->shedding && empty && !(is_rtp && frame_is_shed(queue, &frame)))
        queue->shedding = false;
    if (queue->shedding && is_rtp)
        queue->shed = frame;
    return queue->shedding;
}

bool tcp_send_queue_push(struct tcp_send_queue *queue, struct span packet, int64_t now_us)
{
    struct shed_frame frame;
    if (packet.length == 0 || packet.length > MEDIA_DATAGRAM_MAX)
        return false;
    if (packet.length <= TCP_SEND_URGENT_PACKET_MAX) {
        /* the short last packet of a frame that was shed helps nobody */
        if (queue->shedding && frame_of(packet, &frame) && frame_is_shed(queue, &frame))
            return false;
        return ring_push(&queue->urgent, packet);
    }
    if (must_shed(queue, packet, now_us))
        return false;
    if (queue->bulk.used == 0)
        queue->bulk_since_us = now_us;
    return ring_push(&queue->bulk, packet);
}

int tcp_send_queue_gather(const struct tcp_send_queue *queue,
                          struct iovec ret_vectors[TCP_SEND_VECTORS])
{
    const struct byte_ring *bulk = &queue->bulk;
    int count = ring_gather(bulk, 0, queue->bulk_rest, ret_vectors);
    count += ring_gather(&queue->urgent, 0, queue->urgent.used, ret_vectors + count);
    /* one of the two bulk parts crosses the end of the ring at the most: five vectors are enough */
    return count +
           ring_gather(bulk, queue->bulk_rest, bulk->used - queue->bulk_rest, ret_vectors + count);
}

static void bulk_sent(struct tcp_send_queue *queue, uint32_t bytes)
{
    while (bytes > 0) {
        if (queue->bulk_rest == 0)
            queue->bulk_rest = ring_first_frame_bytes(&queue->bulk);
        uint32_t part = bytes < queue->bulk_rest ? bytes : queue->bulk_rest;
        ring_consume(&queue->bulk, part);
        queue->bulk_rest -= part;
        bytes -= part;
    }
}

void tcp_send_queue_sent(struct tcp_send_queue *queue, size_t bytes)
{
    CHECK(bytes <= queue->urgent.used + queue->bulk.used);
    uint32_t rest = bytes < queue->bulk_rest ? (uint32_t)bytes : queue->bulk_rest;
    bulk_sent(queue, rest);
    bytes -= rest;
    uint32_t urgent = bytes < queue->urgent.used ? (uint32_t)bytes : queue->urgent.used;
    ring_consume(&queue->urgent, urgent);
    bulk_sent(queue, (uint32_t)(bytes - urgent));
}

size_t tcp_send_queue_bytes(const struct tcp_send_queue *queue)
{
    return queue->urgent.used + queue->bulk.used;
}
