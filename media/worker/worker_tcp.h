/* ICE over TCP for one worker (RFC 6544, passive side; framing RFC 4571): listeners, accepted connections, their time.
 * To the rest of the room a connection is one more address (NET_TCP4, NET_TCP6): the address index, ICE tuples, consent,
 * restarts and migration work on it as on any other, and path_commit hands over what is to be sent.
 *
 *   worker 0 listens ─► unproven connection ─ first packet names another worker (its ufrag) ─► handover ─► that worker
 *                               └─ authenticated check ─► proven, bound to the endpoint
 *
 * One port serves all workers, so that it can be 443. Everything hangs on one epoll descriptor that the worker's own
 * watches, its clock tick included.
 *
 * Thread: media worker, but for _new, _join and _free (control, while the worker's thread does not run).
 * Owner: struct media_worker.
 * Bounds: tcp_table.h; an unproven connection lives MEDIA_TCP_UNPROVEN_US or the handshake time-out and may send packets of MEDIA_TCP_CHECK_MAX
 * bytes; a proven one that takes nothing for the consent time-out is closed; its queue is bounded (tcp_send_queue.h).
 * A handover that finds the mailbox full closes the connection: the browser tries again. */
#ifndef MEDIA_WORKER_WORKER_TCP_H
#define MEDIA_WORKER_WORKER_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/result.h"
#include "media/ice/net_address.h"

struct media_worker;
struct worker_tcp;

/* Worker 0 opens the listeners on options.tcp_port, one an address family that the worker serves: RESULT_NETWORK when
 * one cannot be bound. */
MUST_CHECK enum result worker_tcp_new(struct media_worker *worker, struct worker_tcp **ret_tcp);
/* `listener` may hand connections to `tcp` from now on. */
void worker_tcp_join(struct worker_tcp *listener, struct worker_tcp *tcp);
struct worker_tcp *worker_tcp_free(struct worker_tcp *tcp);
/* For the worker's epoll; readable when worker_tcp_run has something to do. */
int worker_tcp_fd(const struct worker_tcp *tcp);

/* Accepts, reads what is there and walks it through the path, writes where there is room again, ends what is due. */
void worker_tcp_run(struct media_worker *worker);

/* The address of a connection is bound to an endpoint, or is not any more. */
void worker_tcp_bound(struct media_worker *worker, const struct net_address *address);
void worker_tcp_unbound(struct media_worker *worker, const struct net_address *address);

/* As path_reserve, path_commit and path_flush, which call them. */
uint8_t *worker_tcp_reserve(struct media_worker *worker, const struct net_address *to);
void worker_tcp_commit(struct media_worker *worker, const struct net_address *to, size_t length);
void worker_tcp_flush(struct media_worker *worker);

#endif
