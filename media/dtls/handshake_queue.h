/* Handshake work of one worker, spread over time: a full handshake costs more than relaying a hundred packets, so a storm
 * of joins would stand in front of the sound of running calls. Datagrams of unfinished handshakes are worked off at once
 * while there is credit; then they wait here, in order, and a pass of the loop takes what the credit allows.
 *
 *   credit grows by a share of the time that passes (HANDSHAKE_SHARE_PERCENT of it), up to HANDSHAKE_BURST_US;
 *   each step pays what it took.
 *
 * Pure: the caller says what time it is and what a step took.
 * Thread: media worker.   Owner: struct media_worker.
 * Bound: HANDSHAKE_QUEUE_MAX datagrams; full: dropped, the browser repeats its flight (RFC 6347 §4.2.4). */
#ifndef MEDIA_DTLS_HANDSHAKE_QUEUE_H
#define MEDIA_DTLS_HANDSHAKE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/handle.h"
#include "gateway/base/result.h"
#include "media/ice/net_address.h"
#include "media/media_limits.h"

#define HANDSHAKE_QUEUE_MAX     256
#define HANDSHAKE_SHARE_PERCENT 30
#define HANDSHAKE_BURST_US      2000

struct handshake_datagram {
    struct handle endpoint;
    struct net_address source;
    uint16_t length;
    uint8_t bytes[MEDIA_DATAGRAM_MAX];
};

struct handshake_queue;

MUST_CHECK enum result handshake_queue_new(int64_t now_us, struct handshake_queue **ret_queue);
struct handshake_queue *handshake_queue_free(struct handshake_queue *queue);

/* Is there credit now? */
bool handshake_queue_may(struct handshake_queue *queue, int64_t now_us);
void handshake_queue_paid(struct handshake_queue *queue, int64_t took_us);

/* RESULT_FULL, RESULT_TOO_LARGE. */
MUST_CHECK enum result handshake_queue_push(struct handshake_queue *queue, struct handle endpoint,
                                            const struct net_address *source, struct span datagram);
/* The one that waits longest, until the next push; NULL when none does. */
const struct handshake_datagram *handshake_queue_pop(struct handshake_queue *queue);
uint32_t handshake_queue_count(const struct handshake_queue *queue);
/* When the next one may be taken; INT64_MAX when none waits. */
int64_t handshake_queue_due_us(const struct handshake_queue *queue);

#endif
