/* The TCP connections of one worker, by slot and by peer address, with the bounds that strangers meet (RFC 6544 §10.1
 * leaves them to us). A connection begins unproven: anybody may open one. It is proven while its address is bound to an
 * endpoint, which only an authenticated check does.
 *
 * Thread: media worker.   Owner: struct worker_tcp.   No I/O here: the owner opens and closes descriptors.
 * Bound: connections_max in all; of these MEDIA_TCP_UNPROVEN_MAX unproven, MEDIA_TCP_UNPROVEN_PER_HOST from one host. A
 * connection is allocated when it is accepted and its send queue when it is proven; nothing is for a packet. */
#ifndef MEDIA_WORKER_TCP_TABLE_H
#define MEDIA_WORKER_TCP_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "media/ice/net_address.h"
#include "media/ice/tcp_framing.h"
#include "media/ice/tcp_send_queue.h"

/* Thread: media worker.   Owner: struct tcp_table.   Life: tcp_table_add … tcp_table_remove.
 * Bound:  see above.   Leaves the thread as a tcp_handover only, before it is proven. */
struct tcp_connection {
    int fd;
    uint32_t slot;
    struct net_address peer;
    bool proven;
    bool closing;                 /* to be closed when the pass ends */
    bool queued;                  /* in the list of those to be flushed */
    bool awaits_room;             /* the kernel took nothing more: EPOLLOUT is armed */
    int64_t deadline_us;          /* unproven: closed then */
    int64_t progress_us;          /* proven: last time that nothing waited or something left */
    struct tcp_send_queue *queue; /* NULL while unproven */
    struct tcp_framing framing;
};

struct tcp_table;

MUST_CHECK enum result tcp_table_new(uint32_t connections_max, uint64_t hash_seed,
                                     struct tcp_table **ret_table);
/* Every connection must have been removed. */
struct tcp_table *tcp_table_free(struct tcp_table *table);

/* May another connection from this host begin? RESULT_FULL: no, too many from there, or everything is taken by proven
 * ones. RESULT_OK with `ret_victim` set: yes, in place of the unproven one that is there longest. */
MUST_CHECK enum result tcp_table_admit(struct tcp_table *table, const struct net_address *peer,
                                       struct tcp_connection **ret_victim);
/* RESULT_FULL, RESULT_NO_MEMORY. */
MUST_CHECK enum result tcp_table_add(struct tcp_table *table, int fd,
                                     const struct net_address *peer, int64_t deadline_us,
                                     struct tcp_connection **ret_connection);
/* Frees it; its descriptor is the caller's to close. */
void tcp_table_remove(struct tcp_table *table, struct tcp_connection *connection);

/* NULL when there is none. */
struct tcp_connection *tcp_table_find(struct tcp_table *table, const struct net_address *peer);
struct tcp_connection *tcp_table_at(const struct tcp_table *table, uint32_t slot);
uint32_t tcp_table_count(const struct tcp_table *table);
/* Slots are below it; those in use are not contiguous. */
uint32_t tcp_table_size(const struct tcp_table *table);

#endif
