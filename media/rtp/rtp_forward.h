/* Writes the packet a subscriber gets: its payload type, our SSRC, number and timestamp, its extension ids.
 * Also RTX (RFC 4588): wrapping for subscribers, unwrapping from publishers.
 * Thread: any. Pure; nothing allocates. */
#ifndef MEDIA_RTP_RTP_FORWARD_H
#define MEDIA_RTP_RTP_FORWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "media/media_command.h"
#include "media/rtp/rtp_packet.h"
#include "media/rtp/rtp_rewriter.h"

/* How long a receiver should wait before it shows a picture; for lines where repairs need their time. */
struct rtp_playout_delay {
    uint16_t minimum_ms, maximum_ms; /* 0 … 40 950 in steps of 10; both 0: not said */
};

struct rtp_forward {
    const struct media_maps *from; /* the publisher's numbers */
    const struct media_maps *to;   /* the subscriber's numbers */
    const char *mid;               /* of the subscriber's slot; NULL or "": no MID element */
    uint32_t ssrc;                 /* RTX: the slot's rtx_ssrc */
    struct rtp_place
        place; /* RTX: sequence is the RTX stream's own, timestamp that of the original */
    bool red;  /* the payload is redundant Opus already (opus_red_write) */
    bool rtx;
    struct rtp_playout_delay playout_delay;
    uint16_t original_sequence; /* RTX only: OSN, the outgoing number the subscriber missed */
};

/* Where the bytes are that are known only at the moment of sending; 0: the subscriber did not negotiate them. */
struct rtp_patch {
    uint16_t transport_cc_at;
    uint16_t abs_send_time_at;
};

/* Kept extensions: MID (ours), transport-cc and abs-send-time (places, zero), audio level (the publisher's value).
 * abs-capture-time (the publisher's value: our sender reports carry his clock too), playout-delay (ours).
 * All others are dropped; padding and CSRCs are dropped. RESULT_UNSUPPORTED: the codec (or RTX for it) is not
 * negotiated on either side. RESULT_TOO_LARGE: `capacity` is too short; leave SRTP_OVERHEAD_BYTES_MAX free besides. */
MUST_CHECK enum result rtp_forward_write(const struct rtp_forward *forward,
                                         const struct rtp_view *source, uint8_t *out,
                                         size_t capacity, size_t *ret_length,
                                         struct rtp_patch *ret_patch);
/* A packet of `padding` bytes of padding alone (RFC 3550 §5.1) on the RTX stream of that codec: a probe. Neither `from` nor
 * the original sequence of `forward` is read. Errors as above; `padding` is 1…255. */
MUST_CHECK enum result rtp_padding_write(const struct rtp_forward *forward, enum media_codec codec,
                                         uint8_t padding, uint8_t *out, size_t capacity,
                                         size_t *ret_length, struct rtp_patch *ret_patch);
/* Just before sealing. `transport_cc` counts over all packets sent to this endpoint, RTX included. */
void rtp_forward_patch(uint8_t *packet, const struct rtp_patch *patch, uint16_t transport_cc,
                       int64_t now_us);

/* Turns an RTX packet into the original, in place: the view then describes it inside the same buffer (it begins two
 * bytes later). `packet` must be the bytes `view` was parsed from. RESULT_NOT_FOUND: padding only (a probe), no original inside.
 * RESULT_UNSUPPORTED: its payload type is no RTX of these maps. */
MUST_CHECK enum result rtp_rtx_unwrap(const struct media_maps *maps, uint32_t primary_ssrc,
                                      uint8_t *packet, struct rtp_view *view);

#endif
