/* Publisher slot → subscriber slot, with the gate bit. The bit is false when a route is made and only
 * route_set_gate() changes it; path_route() reads it for every packet (promise P1). Beside it, and never instead of it,
 * stands the pause: a picture that the subscriber's line cannot carry now (P7).
 *
 * Thread: media worker. A route's two ends are on one worker because a consultation is. */
#ifndef MEDIA_ENDPOINT_ROUTE_H
#define MEDIA_ENDPOINT_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/result.h"
#include "media/feedback/keyframe_request.h"
#include "media/feedback/nack_generator.h"
#include "media/feedback/receive_stats.h"
#include "media/feedback/remb.h"
#include "media/feedback/retransmitter.h"
#include "media/feedback/sender_report.h"
#include "media/media_command.h"
#include "media/rtp/frame_tracker.h"
#include "media/rtp/layer_selector.h"
#include "media/rtp/opus_red.h"
#include "media/rtp/packet_ring.h"
#include "media/rtp/rtp_forward.h"
#include "media/rtp/rtp_rewriter.h"

struct endpoint;
struct subscriber;

/* Thread: media worker.   Owner: struct publisher, in routes[].
 * Life:   route_add() … route_remove(), or the close of either endpoint.   Bound: MEDIA_SUBSCRIBERS_MAX. */
struct route {
    struct publisher *publisher;
    struct subscriber *subscriber;
    bool open;   /* the gate */
    bool paused; /* picture: by the ladder of the subscriber's line */
};

/* Sound: any packet. Picture: a whole frame. */
struct flow_evidence {
    bool live, ever;
    int64_t seen_us;
};

/* Thread: media worker.   Owner: struct endpoint, in slots[].
 * Life:   endpoint_open() … endpoint_close().
 * The ring (video) and the few frames of sound kept for redundancy exist from the first route on and are wiped whenever no
 * gate is open, so that nothing from before an opening can come out after it. */
struct publisher {
    struct endpoint *endpoint;
    uint8_t slot;
    enum media_kind kind;
    enum media_codec codec;  /* of the last packet */
    uint32_t ssrc, rtx_ssrc; /* 0: not known yet */
    int64_t packet_us;       /* last packet of the primary stream */
    struct receive_stats stats;
    struct keyframe_request keyframe;
    struct remb remb;             /* what it was told to send at most */
    struct nack_generator *nack;  /* video */
    struct frame_tracker *frames; /* video */
    struct layer_rates layers;    /* video */
    struct packet_ring *ring;     /* video */
    struct opus_history *sound;   /* audio */
    struct flow_evidence flow;
    uint32_t routes_count, routes_open;
    struct route *routes[MEDIA_SUBSCRIBERS_MAX];
};

/* Thread: media worker.   Owner: struct endpoint, in slots[].
 * Life:   endpoint_open() … endpoint_close(). The rewriter outlives a route, so the browser sees one stream whoever
 * is shown in it.   Bound: fed by at most one route. */
struct subscriber {
    struct endpoint *endpoint;
    uint8_t slot;
    enum media_kind kind;
    uint32_t ssrc, rtx_ssrc;
    struct route *route;
    struct rtp_rewriter *rewriter; /* from the first route on */
    struct layer_selector layers;  /* picture: how many temporal layers go */
    struct retransmitter retransmitter;
    struct sender_report report;
    uint32_t plain_bytes; /* sound: as payload_bytes of the report, without redundancy; wraps */
    struct {
        uint32_t packets, bytes, plain_bytes;
    } measured;                             /* at the last tick of the ladder */
    struct rtp_playout_delay playout_delay; /* picture: longer on a line that loses */
    uint8_t redundancy; /* sound: so many earlier frames go with each packet (0: plain Opus) */
    struct {
        uint32_t ssrc;
        uint8_t command;
        bool seen;
    } fir; /* the last one; a repeated command number is the same request (RFC 5104 §4.3.1.2) */
};

MUST_CHECK enum result publisher_new(struct endpoint *endpoint, uint8_t slot,
                                     struct publisher **ret_publisher);
/* Removes its routes first. */
struct publisher *publisher_free(struct publisher *publisher);
MUST_CHECK enum result subscriber_new(struct endpoint *endpoint, uint8_t slot,
                                      struct subscriber **ret_subscriber);
/* Removes its route first. */
struct subscriber *subscriber_free(struct subscriber *subscriber);

/* Closed. RESULT_EXISTS: there is this route already, or another one feeds the subscriber slot; RESULT_INVALID: the
 * kinds differ; RESULT_FULL at MEDIA_SUBSCRIBERS_MAX. */
MUST_CHECK enum result route_add(struct publisher *publisher, struct subscriber *subscriber);
void route_remove(struct route *route);
struct route *route_find(const struct publisher *publisher, const struct subscriber *subscriber);
void route_set_gate(struct route *route, bool open, int64_t now_us);

/* The subscriber's line cannot carry this picture, or can again: it then goes on at a keyframe. The gate stays as it is. */
void route_set_paused(struct route *route, bool paused, int64_t now_us);

/* The stream of this publisher is another one now, or its numbers began anew. */
void publisher_restart(struct publisher *publisher);
/* When the publisher is to be asked for a keyframe; INT64_MAX: nobody wants one. */
int64_t publisher_keyframe_due_us(const struct publisher *publisher);
/* Evidence arrived (`now_us`), or time has passed: tells control when the track begins or stops. */
void publisher_flow_seen(struct publisher *publisher, int64_t now_us);
void publisher_flow_tick(struct publisher *publisher, int64_t now_us);

#endif
