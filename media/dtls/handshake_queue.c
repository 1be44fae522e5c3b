#include "media/dtls/handshake_queue.h"

#include <stdlib.h>
#include <string.h>

struct handshake_queue {
    int64_t credit_us, counted_us; /* credit, and until when time has been counted into it */
    uint32_t first, count;
    struct handshake_datagram datagrams[HANDSHAKE_QUEUE_MAX];
};

enum result handshake_queue_new(int64_t now_us, struct handshake_queue **ret_queue)
{
    struct handshake_queue *queue = calloc(1, sizeof(*queue));
    if (queue == NULL)
        return RESULT_NO_MEMORY;
    queue->credit_us = HANDSHAKE_BURST_US;
    queue->counted_us = now_us;
    *ret_queue = queue;
    return RESULT_OK;
}

struct handshake_queue *handshake_queue_free(struct handshake_queue *queue)
{
    free(queue);
    return NULL;
}

bool handshake_queue_may(struct handshake_queue *queue, int64_t now_us)
{
    int64_t passed_us = now_us - queue->counted_us;
    int64_t earned_us = passed_us * HANDSHAKE_SHARE_PERCENT / 100;
    if (earned_us > 0) { /* a shorter time is counted later, or its share would be lost */
        queue->counted_us = now_us;
        queue->credit_us += earned_us;
        if (queue->credit_us > HANDSHAKE_BURST_US)
            queue->credit_us = HANDSHAKE_BURST_US;
    }
    return queue->credit_us > 0;
}

void handshake_queue_paid(struct handshake_queue *queue, int64_t took_us)
{
    queue->credit_us -= took_us;
}

enum result handshake_queue_push(struct handshake_queue *queue, struct handle endpoint,
                                 const struct net_address *source, struct span datagram)
{
    if (queue->count == HANDSHAKE_QUEUE_MAX)
        return RESULT_FULL;
    if (datagram.length > MEDIA_DATAGRAM_MAX)
        return RESULT_TOO_LARGE;
    struct handshake_datagram *place =
        &queue->datagrams[(queue->first + queue->count) % HANDSHAKE_QUEUE_MAX];
    place->endpoint = endpoint;
    place->source = *source;
    place->length = (uint16_t)datagram.length;
    memcpy(place->bytes, datagram.data, datagram.length);
    queue->count++;
    return RESULT_OK;
}

const struct handshake_datagram *handshake_queue_pop(struct handshake_queue *queue)
{
    if (queue->count == 0)
        return NULL;
    const struct handshake_datagram *datagram = &queue->datagrams[queue->first];
    queue->first = (queue->first + 1) % HANDSHAKE_QUEUE_MAX;
    queue->count--;
    return datagram;
}

uint32_t handshake_queue_count(const struct handshake_queue *queue)
{
    return queue->count;
}

int64_t handshake_queue_due_us(const struct handshake_queue *queue)
{
    if (queue->count == 0)
        return INT64_MAX;
    int64_t missing_us = queue->credit_us > 0 ? 0 : 1 - queue->credit_us;
    return queue->counted_us + missing_us * 100 / HANDSHAKE_SHARE_PERCENT + 1;
}
