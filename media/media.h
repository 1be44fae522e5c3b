/* The media plane: N workers, each with one UDP port (and a TCP port they share), owning their endpoints outright.
 *
 * Thread: every function here is for the control thread. Workers speak back only through events.
 * Mailbox full: media_command_send returns RESULT_FULL and control treats it as a failed transition (nothing was
 * done); an event that does not fit is counted (media_events_lost), except DRAINED and LOST, which wait and are retried.
 * Sources: RFC 8445 (ICE-lite), 6544 (ICE-TCP), 7983 (demultiplexing), 5763/5764 (DTLS-SRTP), 3711/7714 (SRTP), 7675 (consent). */
#ifndef MEDIA_MEDIA_H
#define MEDIA_MEDIA_H

#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/counters.h"
#include "gateway/base/result.h"
#include "media/media_command.h"

struct media_announce {
    char address[46]; /* numeric, IPv4 or IPv6 */
};

/* Datagrams given to and taken from the kernel together (UDP_SEGMENT, UDP_GRO): where a test at start passes, or never. */
enum media_offload { MEDIA_OFFLOAD_AUTO, MEDIA_OFFLOAD_OFF };
/* Each worker on a processor of its own: when there are at least two workers and processors for all, or never. */
enum media_pin { MEDIA_PIN_AUTO, MEDIA_PIN_OFF };

struct media_options {
    uint32_t workers;      /* 1 … MEDIA_WORKERS_MAX */
    char bind_address[46]; /* "::" takes both families, "127.0.0.1" … */
    uint16_t port;         /* of worker 0; worker n listens on port + n; 0: any free port (tests) */
    uint16_t tcp_port;     /* of ICE over TCP, one for all workers; 0: none */
    struct media_announce
        announce[MEDIA_ANNOUNCE_MAX]; /* what clients see; empty: the bind address */
    uint32_t announce_count;
    /* Where the TURN server beside us relays from: a peer there is MEDIA_PATH_RELAY. Trusted no more than another. */
    struct media_announce relays[MEDIA_RELAYS_MAX];
    uint32_t relays_count;
    uint32_t endpoints_max;       /* per worker */
    int64_t consent_timeout_us;   /* 30 s */
    int64_t handshake_timeout_us; /* 15 s */
    int64_t
        gap_notice_us; /* after this without sound or a complete frame a FLOW event says so; 1 s */
    enum media_offload offload;
    enum media_pin pin;
    uint32_t load_max_percent; /* busy share at which a worker takes no new consultation; 0: none */
    uint64_t random_seed;      /* 0: from the system; else SSRC offsets etc. repeat (tests) */
};

struct media;

/* Called on a worker thread after it queued events; must only wake the control loop (uv_async_send). */
typedef void media_wake_function(void *owner);

MUST_CHECK enum result media_start(const struct media_options *options, media_wake_function *wake,
                                   void *wake_owner, struct media **ret_media);
/* Closes every endpoint, destroys keys, joins the workers. */
struct media *media_stop(struct media *media);

/* What an offer needs. The DTLS certificate is made at start and lives in memory only. */
const struct media_fingerprint *media_fingerprint(const struct media *media);
struct media_candidate {
    char address[46];
    uint16_t port;
    bool tcp;          /* passive, RFC 6544 §4.5 */
    uint32_t priority; /* RFC 8445 §5.1.2.1, RFC 6544 §4.2, host candidates */
    char foundation[12];
};
/* The candidates of one worker, UDP before TCP; returns how many were written. */
uint32_t media_candidates(const struct media *media, uint32_t worker,
                          struct media_candidate *ret_candidates, uint32_t max);

/* Least loaded worker for a new consultation. RESULT_TOO_MANY: all are so busy that one more would cost those who already
 * talk; loads are measured anew every second. */
MUST_CHECK enum result media_place(const struct media *media, uint32_t *ret_worker);
/* A handle for a new endpoint on that worker. RESULT_FULL at endpoints_max. The handle is given back by DRAINED. */
MUST_CHECK enum result media_endpoint_reserve(struct media *media, uint32_t worker,
                                              struct handle *ret_endpoint);
uint32_t media_endpoint_worker(const struct media *media, struct handle endpoint);
/* Fresh ICE credentials of ours for an OPEN or ICE command. The ufrag begins with the worker and the place of the
 * endpoint, the rest is random. The first sign is how a TCP connection finds its worker; apart from that any other
 * unique ufrag works as well. */
void media_ice_new(const struct media *media, struct handle endpoint, struct media_ice *ret_ice);

MUST_CHECK enum result media_command_send(struct media *media, const struct media_command *command);
/* False when there are no more events. */
MUST_CHECK bool media_event_receive(struct media *media, struct media_event *ret_event);

/* One block per worker, for counters_sum. */
uint32_t media_workers(const struct media *media);
const struct counters *media_counters(const struct media *media, uint32_t worker);

#endif
