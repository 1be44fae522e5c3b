/* ICE and DTLS of one endpoint: what an authenticated check or a DTLS datagram does to it.
 * Thread: media worker. */
#ifndef MEDIA_ENDPOINT_ENDPOINT_TRANSPORT_H
#define MEDIA_ENDPOINT_ENDPOINT_TRANSPORT_H

#include "media/dtls/handshake_queue.h"
#include "media/endpoint/endpoint.h"

void endpoint_transport_init(struct endpoint *endpoint);
/* Destroys the DTLS session and both SRTP contexts; harmless when there are none. */
void endpoint_transport_destroy(struct endpoint *endpoint);

/* False while the address belongs to another endpoint that keeps proving it: a participant who can forge source addresses
 * must not take a stranger's away (P6). */
bool endpoint_may_bind(const struct endpoint *endpoint, const struct net_address *source);
/* An authenticated check from such an address: binds, selects and migrates addresses. */
void endpoint_checked(struct endpoint *endpoint, struct span ufrag,
                      const struct net_address *source, bool use_candidate);
/* A DTLS datagram from one of the endpoint's bound addresses. Of an unfinished handshake: at once or in its turn. */
void endpoint_dtls_input(struct endpoint *endpoint, const struct net_address *source,
                         struct span datagram);
/* One that had to wait for its turn; the address may have been given up since. */
void endpoint_dtls_deferred(struct endpoint *endpoint, const struct handshake_datagram *datagram);
/* The answer has arrived: the held ClientHello goes in now. */
void endpoint_transport_replay(struct endpoint *endpoint);
/* Handshake timers, time-outs, consent; when to call again. */
int64_t endpoint_transport_tick(struct endpoint *endpoint, int64_t now_us);

#endif
