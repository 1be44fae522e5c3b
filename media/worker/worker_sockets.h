/* The worker's UDP sockets: one an address family, both on the same port. No IPv4-mapped addresses: an IPv6 socket takes
 * IPv6 alone. Thread: control, before the worker's thread starts; closing after it has ended. */
#ifndef MEDIA_WORKER_WORKER_SOCKETS_H
#define MEDIA_WORKER_WORKER_SOCKETS_H

#include "media/worker/worker_state.h"

/* `bind_address` "::" opens both families (IPv4 alone where the kernel has no IPv6), any other address its own. Port 0
 * takes a free one. RESULT_INVALID: not a numeric address; RESULT_NETWORK: cannot be bound. */
MUST_CHECK enum result worker_sockets_open(const char *bind_address, uint16_t port,
                                           struct worker_socket ret_sockets[NET_FAMILY_COUNT],
                                           uint16_t *ret_port);
/* Switches on what the kernel can do. True: receives may come coalesced. */
bool worker_sockets_offload(struct worker_socket sockets[NET_FAMILY_COUNT],
                            const struct udp_offload *offload);
/* Datagrams the kernel dropped at these sockets because they were not read in time, since they were opened. */
uint64_t worker_sockets_drops(const struct worker_socket sockets[NET_FAMILY_COUNT]);
void worker_sockets_close(struct worker_socket sockets[NET_FAMILY_COUNT]);

#endif
