/* Inside of worker_tcp, shared by its two files: worker_tcp_accept.c brings connections in, worker_tcp.c serves them. */
#ifndef MEDIA_WORKER_WORKER_TCP_PARTS_H
#define MEDIA_WORKER_WORKER_TCP_PARTS_H

#include "gateway/base/mailbox.h"
#include "media/media_limits.h"
#include "media/worker/tcp_table.h"
#include "media/worker/worker_state.h"
#include "media/worker/worker_tcp.h"

/* What an unproven connection may have sent before its first packet was complete, and the read that completed it. */
#define TCP_HANDOVER_BYTES (2 * (TCP_FRAMING_HEADER_BYTES + MEDIA_TCP_CHECK_MAX))
#define TCP_HANDOVERS_MAX  64

/* A connection on its way to the worker that its first packet names. */
struct tcp_handover {
    int fd;
    struct net_address peer;
    int64_t deadline_us;
    uint16_t length;
    uint8_t bytes[TCP_HANDOVER_BYTES];
};

/* Events carry the slot of a connection, or one of these. */
enum tcp_tag {
    TCP_TAG_TICK = 0x10000,
    TCP_TAG_HANDOVER,
    TCP_TAG_LISTENER, /* + enum net_family */
};

/* Thread: media worker.   Owner: struct media_worker.   Life: worker_tcp_new … worker_tcp_free.
 * Bound:  one a worker. */
struct worker_tcp {
    struct media_worker *worker;
    int epoll_fd, tick_fd, handover_fd;
    bool ticking, accepting;
    int listeners[NET_FAMILY_COUNT]; /* worker 0; else -1 */
    struct tcp_table *table;
    struct mailbox *handed_over; /* of worker 0 to this one: struct tcp_handover */
    struct worker_tcp *others[MEDIA_WORKERS_MAX];
    uint32_t closing_count;
    uint32_t queued_count;
    uint32_t *queued; /* slots that have something to write */
    /* The packet being written; its frame header is added by the queue. */
    uint8_t outgoing[WORKER_BUFFER_BYTES];
    uint8_t incoming[16 * 1024];
};

/* Both close what they open when they fail. */
MUST_CHECK enum result tcp_listeners_open(struct worker_tcp *tcp, const char *bind_address,
                                          uint16_t port);
void tcp_listeners_close(struct worker_tcp *tcp);
/* False while descriptors are short: the listeners are left alone until the next tick. */
void tcp_listeners_watch(struct worker_tcp *tcp, bool watch);
void tcp_accept(struct worker_tcp *tcp, enum net_family family);
void tcp_receive_handovers(struct worker_tcp *tcp);
/* True when the packet in hand names another worker and the connection has gone there, or nowhere. `rest` came behind it. */
bool tcp_hand_over(struct worker_tcp *tcp, struct tcp_connection *connection, struct span rest);

/* Takes a descriptor in; closes it when there is no room. NULL then. */
struct tcp_connection *tcp_begin(struct worker_tcp *tcp, int fd, const struct net_address *peer,
                                 int64_t deadline_us);
/* Bytes of the stream. */
void tcp_input(struct worker_tcp *tcp, struct tcp_connection *connection, struct span input);
/* Ends it when the pass ends: nobody holds a pointer to it then. */
void tcp_end(struct worker_tcp *tcp, struct tcp_connection *connection);
/* Makes the clock run while there is something to time. */
void tcp_tick_start(struct worker_tcp *tcp);

#endif
