/* One browser's PeerConnection as the worker sees it: ICE, DTLS, SRTP contexts, its publications and what it receives.
 * Everything here runs on the worker's thread; no function blocks or (after the endpoint is connected and routed)
 * allocates, but for a new SSRC inside the SRTP library.
 *
 * Close has two steps: MEDIA_COMMAND_ENDPOINT_CLOSE destroys keys and addresses at once; the handle lives on until
 * control has read the DRAINED event. */
#ifndef MEDIA_ENDPOINT_ENDPOINT_H
#define MEDIA_ENDPOINT_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "media/dtls/dtls.h"
#include "media/endpoint/route.h"
#include "media/feedback/bandwidth_estimator.h"
#include "media/feedback/ladder.h"
#include "media/feedback/link_state.h"
#include "media/feedback/pacer.h"
#include "media/feedback/transport_cc.h"
#include "media/ice/ice_peer.h"
#include "media/media_command.h"
#include "media/srtp/srtp.h"

struct media_worker;
struct held_flight;

enum endpoint_state {
    ENDPOINT_CONNECTING, /* no keys yet */
    ENDPOINT_CONNECTED,  /* keys in place */
    ENDPOINT_FAILED,     /* the handshake cannot succeed any more */
    ENDPOINT_ENDED,      /* the peer said close_notify; no keys */
};

/* An m-line: exactly one of the two pointers is set, by its direction. */
struct endpoint_slot {
    struct media_slot info;
    struct publisher *publisher;
    struct subscriber *subscriber;
};

/* An incoming SSRC and what it was found to be. */
struct endpoint_stream {
    uint32_t ssrc;
    uint8_t slot;
    bool rtx;
};

/* What STATS tells, counted since the last time. */
struct endpoint_interval {
    int64_t since_us;
    uint64_t bytes_up, bytes_down;
    uint32_t frames;
    uint32_t queue_us; /* the longest a picture packet waited */
};

/* Thread: media worker.   Owner: struct media_worker, in endpoints[].
 * Life:   endpoint_open() … endpoint_close(), which frees it; nobody else does.
 * Bound:  options.endpoints_max.   Leaves the thread only as a handle. */
struct endpoint {
    struct media_worker *worker;
    struct handle handle;
    uint32_t slot; /* in the worker */
    struct id consultation;
    char cname[MEDIA_CNAME_SIZE];
    enum endpoint_state state;

    /* from the answer */
    bool has_remote;
    struct media_maps maps;
    struct media_fingerprint fingerprint;
    int64_t remote_us;

    /* transport */
    struct ice_peer ice;
    bool told_lost, told_slow;
    bool lost_waits; /* a LOST event waits for room in the mailbox */
    struct dtls_output dtls_output;
    struct dtls_session *dtls;
    struct net_address
        dtls_to; /* where the datagram in hand came from; family NET_NONE between datagrams */
    int64_t handshake_us;     /* first ClientHello */
    struct held_flight *held; /* ClientHello of a bound address that came before the answer */
    struct srtp_context *receiving, *sending;

    /* media */
    uint32_t slots_count, streams_count;
    struct endpoint_slot slots[MEDIA_SLOTS_MAX];
    struct endpoint_stream streams[MEDIA_STREAMS_PER_ENDPOINT_MAX];
    struct transport_cc_recorder arrivals;
    struct ladder ladder; /* of the line to this browser */
    int64_t ladder_us;    /* last tick */
    uint32_t sent_bps;    /* over the second before it */
    struct ladder_sound sound_sent;
    struct bandwidth_estimator estimator; /* of the line to this browser */
    struct pacer pacer;
    uint64_t receiver_remb_bps; /* what it allows itself; 0: it has not said */
    uint16_t transport_cc_next;
    int64_t next_report_us;
    uint32_t bitrate_up_bps; /* for the pace of transport-cc; 0: not known yet */
    struct endpoint_interval interval;

    uint64_t forwarded, gated; /* for DRAINED */
};

/* RESULT_INVALID for bad credentials or slots, RESULT_EXISTS when the handle is open or a ufrag is taken. */
MUST_CHECK enum result endpoint_open(struct media_worker *worker,
                                     const struct media_command *command);
/* More m-lines for a running endpoint, behind the ones it has. RESULT_INVALID, RESULT_TOO_MANY: those before the bad
 * one are kept. */
MUST_CHECK enum result endpoint_add_slots(struct endpoint *endpoint,
                                          const struct media_command *command);
void endpoint_set_remote(struct endpoint *endpoint, const struct media_command *command);
void endpoint_restart_ice(struct endpoint *endpoint, const struct media_ice *ice);
/* Says close_notify, destroys keys, forgets addresses, frees routes and rings, queues DRAINED, frees the endpoint. */
void endpoint_close(struct endpoint *endpoint);

/* Does what is due and says when it wants to be called again. */
int64_t endpoint_tick(struct endpoint *endpoint, int64_t now_us);
/* The ladder of the line to this browser: new feedback came; a second has passed. Pauses and resumes his pictures, sets how
 * much of the sound is repeated, tells control of a change. */
void endpoint_ladder_feedback(struct endpoint *endpoint, int64_t now_us);
int64_t endpoint_ladder_tick(struct endpoint *endpoint, int64_t now_us);

/* Round trip to this browser as its report blocks give it, 0 unknown. */
uint32_t endpoint_rtt_us(const struct endpoint *endpoint);
/* A snapshot of what is known of our link to this browser at `now_us`. */
void endpoint_link_state(const struct endpoint *endpoint, int64_t now_us,
                         struct link_state *ret_state);
/* The SSRC our RTCP speaks with towards this browser. */
uint32_t endpoint_feedback_ssrc(const struct endpoint *endpoint);
void endpoint_event(struct endpoint *endpoint, struct media_event *event);

/* SSRC table; NULL when unknown. */
const struct endpoint_stream *endpoint_stream_find(const struct endpoint *endpoint, uint32_t ssrc);
/* Makes `ssrc` the (rtx) stream of that slot, in place of the one it had. RESULT_FULL at the bound. */
MUST_CHECK enum result endpoint_stream_bind(struct endpoint *endpoint, uint32_t ssrc, uint8_t slot,
                                            bool rtx);
void endpoint_stream_forget(struct endpoint *endpoint, uint32_t ssrc);

#endif
