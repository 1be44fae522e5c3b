/* One media worker: a thread, a UDP port (one socket an address family), the endpoints placed on it.
 *
 * Thread: control. worker_new opens the sockets and starts the thread; worker_stop asks it to close every endpoint and
 * joins it; worker_free releases the rest. Commands and events cross through one mailbox each way.
 * Errors of worker_new: RESULT_NETWORK (port taken, address not ours), RESULT_NO_MEMORY, RESULT_LIBRARY. */
#ifndef MEDIA_WORKER_WORKER_H
#define MEDIA_WORKER_WORKER_H

#include <stdbool.h>

#include "media/dtls/dtls_identity.h"
#include "media/ice/net_address.h"
#include "media/media.h"
#include "media/worker/udp_offload.h"

struct media_worker;

/* `options` must outlive the worker; `offload` says what the kernel can do. */
MUST_CHECK enum result worker_new(const struct media_options *options, uint32_t index,
                                  const struct udp_offload *offload,
                                  const struct dtls_identity *identity, media_wake_function *wake,
                                  void *wake_owner, struct media_worker **ret_worker);
MUST_CHECK enum result worker_start(struct media_worker *worker, pthread_t *ret_thread);
/* Asks only; the caller joins. */
void worker_stop(struct media_worker *worker);
struct media_worker *worker_free(struct media_worker *worker);

/* Before either is started: `listener` (worker 0) may hand TCP connections to `worker`. */
void worker_join_tcp(struct media_worker *listener, struct media_worker *worker);
uint16_t worker_port(const struct media_worker *worker);
bool worker_serves(const struct media_worker *worker, enum net_family family);
MUST_CHECK enum result worker_send_command(struct media_worker *worker,
                                           const struct media_command *command);
MUST_CHECK bool worker_receive_event(struct media_worker *worker, struct media_event *ret_event);
const struct counters *worker_counters(const struct media_worker *worker);

/* The first half of worker_new: no sockets, no thread. The calling thread is the worker's until worker_start; the fuzz
 * target of the datagram path stops here. */
MUST_CHECK enum result worker_new_offline(const struct media_options *options,
                                          const struct dtls_identity *identity,
                                          struct media_worker **ret_worker);

/* The parts of the loop, one file each. */
void worker_run_commands(struct media_worker *worker);
void worker_run_timers(struct media_worker *worker);
/* Handshake datagrams that had to wait, as far as their credit goes. */
void worker_run_handshakes(struct media_worker *worker);
void worker_flush_events(struct media_worker *worker);
void worker_close_all(struct media_worker *worker);
/* How long epoll may sleep: until something is due, but a tick at the least. */
int worker_sleep_ms(const struct media_worker *worker, int64_t now_us);

#endif
