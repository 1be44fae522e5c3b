/* The walk of a packet, one step a file, in order:
 *
 *   path_receive ─► path_classify ─► path_open ─► path_route ─► path_pace ─► path_rewrite ─► path_seal ─► path_send
 *                      │  STUN, DTLS    │ RTCP                       └► waits for its turn (timers)
 *                      ▼                ▼
 *                 path_transport   path_rtcp_in (NACK ─► path_repair ─► path_seal)     path_rtcp_out (timers)
 *
 * Thread: media worker; asserted where the walk begins. Nothing here allocates, locks or reads a clock: the worker
 * read it once for the batch. Every packet that goes no further is counted under its reason. */
#ifndef MEDIA_PATH_PATH_H
#define MEDIA_PATH_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "media/endpoint/endpoint.h"
#include "media/ice/net_address.h"
#include "media/rtp/rtp_forward.h"
#include "media/rtp/rtp_packet.h"
#include "media/rtp/rtp_payload.h"
#include "media/worker/worker_state.h"

/* Allocates and prepares; `coalesce` when the sockets have UDP_GRO. Freeing wipes what was received. */
MUST_CHECK enum result receive_batch_new(bool coalesce, struct receive_batch **ret_batch);
struct receive_batch *receive_batch_free(struct receive_batch *batch);
/* One recvmmsg and everything that follows from it. True: the batch was full, there may be more. */
bool path_receive(struct media_worker *worker, enum net_family family);

/* One datagram; decrypts in place and writes nothing beyond `length`: the next datagram may begin there. */
void path_classify(struct media_worker *worker, const struct net_address *source, uint8_t *data,
                   size_t length);

void path_stun(struct media_worker *worker, const struct net_address *source, struct span datagram);
void path_dtls(struct media_worker *worker, struct endpoint *endpoint,
               const struct net_address *source, struct span datagram);

/* A plain packet on its way: of which publisher, what it says. */
struct path_packet {
    struct publisher *publisher;
    struct rtp_view view;
    struct rtp_payload_info info;
    struct received received;
    struct packet_handle stored; /* generation 0: not kept */
    int64_t now_us;
    struct vp8_descriptor vp8; /* set by path_layers_open */
    bool layered;              /* and it can be selected by it */
    uint8_t
        older_by; /* sound out of a later packet's redundancy: so many numbers before that one; else 0 */
};

void path_open_rtp(struct media_worker *worker, struct endpoint *endpoint, uint8_t *data,
                   size_t length);
void path_open_rtcp(struct media_worker *worker, struct endpoint *endpoint, uint8_t *data,
                    size_t length);

/* Redundant Opus (RFC 2198) becomes plain Opus in `packet->view`; what it repeats stands in *ret_red. False: malformed. */
MUST_CHECK bool path_redundancy_open(struct media_worker *worker, const struct endpoint *endpoint,
                                     struct rtp_view *view, struct opus_red *ret_red);
/* Sends lost frames that `packet` repeats on their way, as if their own packets had come late. */
void path_redundancy_recover(struct media_worker *worker, const struct path_packet *packet,
                             const struct opus_red *red);
/* The payload of this sound packet with redundancy, in `storage`. Empty when the subscriber gets it plain. */
struct span path_redundancy_write(const struct path_packet *packet,
                                  const struct subscriber *subscriber, uint8_t *storage,
                                  size_t size);

void path_route(struct media_worker *worker, struct path_packet *packet);
/* Temporal layers. Reads the descriptor and counts what its layer weighs, once for all subscribers. */
void path_layers_open(struct path_packet *packet);
/* False: this receiver does not get that layer; counted, and its numbers close up. */
MUST_CHECK bool path_layers_pass(struct media_worker *worker, const struct path_packet *packet,
                                 struct route *route);
/* How many layers the line to this endpoint carries now. */
void path_layers_choose(struct endpoint *to, int64_t now_us);
/* Lets it pass on, keeps it for later, or drops it because its receiver's line is too slow (picture only). */
void path_pace(struct media_worker *worker, const struct path_packet *packet, struct route *route);
void path_rewrite(struct media_worker *worker, const struct path_packet *packet,
                  struct route *route);
/* Answers one NACKed number of this subscriber slot from the ring. */
void path_repair(struct media_worker *worker, struct subscriber *subscriber, uint16_t sequence);

/* Seals the packet of `length` bytes in the reserved buffer and commits it; false: counted and dropped. */
bool path_seal_rtp(struct media_worker *worker, struct endpoint *to, uint8_t *packet, size_t length,
                   const struct rtp_patch *patch);
bool path_seal_rtcp(struct media_worker *worker, struct endpoint *to, uint8_t *packet,
                    size_t length);

/* Plain bytes that may be written at the place path_reserve gives; the rest is for sealing. */
#define PATH_PLAIN_MAX MEDIA_DATAGRAM_MAX

/* A buffer of WORKER_BUFFER_BYTES for one datagram to this endpoint or address; NULL when it has no address now. It
 * stays until the next reserve for the same family; path_commit sends it with the batch. */
uint8_t *path_reserve(struct media_worker *worker, const struct net_address *to);
void path_commit(struct media_worker *worker, const struct net_address *to, size_t length);
void path_flush(struct media_worker *worker);

void path_rtcp_in(struct media_worker *worker, struct endpoint *endpoint, struct span compound);

/* What leaves towards one endpoint because time has passed; when it wants to be called again. */
int64_t path_pace_tick(struct endpoint *to, int64_t now_us);

/* Timed RTCP towards one endpoint. Each says when it wants to be called again. */
int64_t path_rtcp_feedback(struct endpoint *endpoint, int64_t now_us);
int64_t path_rtcp_reports(struct endpoint *endpoint, int64_t now_us);
void path_rtcp_sender_report(struct media_worker *worker, struct subscriber *subscriber,
                             const struct rtcp_sender_info *publisher);

#endif
