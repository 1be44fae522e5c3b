/* Inside of a media worker, for the files of media/worker, media/endpoint and media/path alone.
 *
 *   epoll ─► sockets ─► path_receive … path_send      data plane
 *         └► inbox   ─► worker_commands               control plane, after the sockets are empty
 *   every pass: due endpoints (endpoint_tick), send batches, wake control when events were queued */
#ifndef MEDIA_WORKER_WORKER_STATE_H
#define MEDIA_WORKER_WORKER_STATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "gateway/base/check.h"
#include "gateway/base/counters.h"
#include "gateway/base/mailbox.h"
#include "media/dtls/dtls.h"
#include "media/dtls/handshake_queue.h"
#include "media/ice/ice_agent.h"
#include "media/ice/net_address.h"
#include "media/ice/slot_index.h"
#include "media/media.h"
#include "media/path/segment_runs.h"
#include "media/rtp/packet_pool.h"
#include "media/worker/receive_pace.h"
#include "media/worker/udp_offload.h"
#include "media/worker/worker_load.h"

struct endpoint;
struct worker_tcp;

/* Longer than any datagram we take, so a truncated one is noticed, and room for what sealing adds. */
#define WORKER_BUFFER_BYTES 2048
#define WORKER_TICK_US      5000

/* What a coalesced receive can hold at the most. */
#define RECEIVE_COALESCED_MAX 65536

struct receive_batch {
    bool coalesce;           /* an entry may hold several datagrams (UDP_GRO) */
    size_t capacity, stride; /* of a buffer; from one to the next */
    uint8_t *buffers;
    struct mmsghdr headers[MEDIA_BATCH];
    struct iovec vectors[MEDIA_BATCH];
    struct sockaddr_storage from[MEDIA_BATCH];
    union udp_segment_control controls[MEDIA_BATCH];
};

/* One a socket. `count` entries are complete; the next buffer is the one being written. Below the items is what a flush
 * makes of them. */
struct send_batch {
    uint32_t count;
    struct segment_item items[MEDIA_BATCH];
    uint8_t buffers[MEDIA_BATCH][WORKER_BUFFER_BYTES];
    uint8_t order[MEDIA_BATCH];
    struct segment_run runs[MEDIA_BATCH];
    struct mmsghdr headers[MEDIA_BATCH]; /* one a run */
    struct sockaddr_storage to[MEDIA_BATCH];
    union udp_segment_control controls[MEDIA_BATCH];
    struct iovec vectors[MEDIA_BATCH]; /* one a datagram, in order */
};

struct worker_socket {
    int fd;       /* -1: this family is not served */
    bool segment; /* the kernel cuts runs (UDP_SEGMENT); false for good after it refused one */
    struct send_batch *batch;
};

/* DRAINED and LOST must arrive even when the mailbox is full; they wait here, in order. */
struct waiting_events {
    struct media_event *events; /* ring */
    uint32_t size, first, count;
};

/* Thread: media worker (its own), but for the two mailboxes, `stopping` and the counters.
 * Owner: struct media.   Life: worker_new … worker_free on the control thread, worker_run between.
 * Bound: MEDIA_WORKERS_MAX of them; endpoints_max endpoints. */
struct media_worker {
    struct thread_owner owner;
    const struct media_options *options;
    uint32_t index;
    uint16_t port;
    uint64_t hash_seed;
    uint64_t random_state; /* of worker_random; 0: take the system's */
    _Atomic bool stopping;

    int epoll_fd, event_fd;
    struct worker_socket sockets[NET_FAMILY_COUNT];
    struct receive_batch *receiving;
    struct worker_tcp *tcp; /* NULL: no ICE over TCP */

    struct mailbox *inbox;  /* control → worker: struct media_command */
    struct mailbox *outbox; /* worker → control: struct media_event */
    struct waiting_events waiting;
    bool wake_control;
    media_wake_function *wake;
    void *wake_owner;

    struct counters counters;
    struct ice_agent *ice;
    struct dtls_context *dtls;
    struct slot_index *addresses; /* net_address → endpoint */
    struct slot_index *ufrags;    /* local ufrag → endpoint */
    uint32_t half_open;           /* DTLS handshakes in progress */
    struct handshake_queue *handshakes;
    uint32_t routes_open;

    struct packet_pool *packets; /* histories of all publishers */
    struct endpoint **endpoints; /* by local slot; NULL: free */
    int64_t *due_us;             /* by local slot; INT64_MAX: nothing to do */
    uint32_t endpoints_count;
    int64_t next_due_us; /* never later than the earliest of due_us */
    int64_t ticked_us;

    int64_t now_us; /* read once a batch */
    struct receive_pace pace;
    struct worker_load load;
    uint32_t received; /* datagrams of this pass */
    /* The address of the last datagram: a batch mostly comes from few. Void whenever an address is bound or freed. */
    struct net_address last_address;
    struct endpoint *last_endpoint;
};

/* 64 bits for first sequence numbers and the like: secret unless the options ask for a repeatable run. */
uint64_t worker_random(struct media_worker *worker);

/* The endpoint has something to do at `at_us`, or earlier than it said before. */
void worker_due(struct media_worker *worker, const struct endpoint *endpoint, int64_t at_us);

/* Queues an event; see media.h for what a full mailbox means. */
void worker_event(struct media_worker *worker, const struct media_event *event);

/* NULL when the handle is stale, of another worker, or not opened. */
struct endpoint *worker_endpoint(const struct media_worker *worker, struct handle handle);
uint32_t worker_slot_of(const struct media_worker *worker, struct handle handle);

/* Binding and looking up; they keep the one-entry memory honest. */
MUST_CHECK enum result worker_bind_address(struct media_worker *worker, struct endpoint *endpoint,
                                           const struct net_address *address);
void worker_unbind_address(struct media_worker *worker, struct endpoint *endpoint,
                           const struct net_address *address);
struct endpoint *worker_by_address(struct media_worker *worker, const struct net_address *address);
MUST_CHECK enum result worker_bind_ufrag(struct media_worker *worker,
                                         const struct endpoint *endpoint, const char *ufrag);
void worker_unbind_ufrag(struct media_worker *worker, const struct endpoint *endpoint,
                         const char *ufrag);
struct endpoint *worker_by_ufrag(const struct media_worker *worker, struct span ufrag);

#endif
