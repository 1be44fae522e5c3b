/* What waits to be written to one TCP connection, framed as RFC 4571 §2. TCP cannot lose a packet, so a slow reader would
 * get everything, later and later; here it gets less instead (promises P6, P7):
 *
 *   urgent  short packets (sound, STUN, DTLS, RTCP): written first
 *   bulk    long ones (picture): shed, by whole frames, when they have stood for TCP_SEND_BULK_AGE_US without a moment of
 *           emptiness or fill more than half; taken again with the first new frame after the queue ran empty
 *
 * Only whole packets are dropped, never a part of one, and one that has begun to leave is finished first.
 *
 * Thread: that of the owner.   Owner: struct tcp_connection.   Bound: TCP_SEND_*_BYTES; no allocation after _new.
 * Order: push any number, gather, write what it gave, sent with what the kernel took. */
#ifndef MEDIA_ICE_TCP_SEND_QUEUE_H
#define MEDIA_ICE_TCP_SEND_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"

#define TCP_SEND_URGENT_BYTES 8192  /* more than a second of sound */
#define TCP_SEND_BULK_BYTES   65536 /* one large keyframe in the half that may be used */
#define TCP_SEND_BULK_AGE_US  500000
/* Longer packets are picture. Opus with redundancy stays below it, and so does all RTCP but a rare long report. */
#define TCP_SEND_URGENT_PACKET_MAX 400
#define TCP_SEND_VECTORS           5

struct tcp_send_queue;

MUST_CHECK enum result tcp_send_queue_new(struct tcp_send_queue **ret_queue);
struct tcp_send_queue *tcp_send_queue_free(struct tcp_send_queue *queue);

/* False: dropped, the caller counts it. */
MUST_CHECK bool tcp_send_queue_push(struct tcp_send_queue *queue, struct span packet,
                                    int64_t now_us);
/* The bytes to write next, in order; returns how many vectors were filled (0: nothing waits). */
int tcp_send_queue_gather(const struct tcp_send_queue *queue,
                          struct iovec ret_vectors[TCP_SEND_VECTORS]);
/* So many of the gathered bytes were taken. */
void tcp_send_queue_sent(struct tcp_send_queue *queue, size_t bytes);
/* With their frame headers. */
size_t tcp_send_queue_bytes(const struct tcp_send_queue *queue);

#endif
