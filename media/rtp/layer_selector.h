/* Which temporal layers of a VP8 picture a subscriber gets, and his own continuous PictureID and TL0PICIDX
 * (RFC 7741 §4.2). A whole picture is forwarded or skipped: its first packet decides.
 *
 *   down  at once: pictures of higher layers are left out, nothing that goes on needs them
 *   up    one layer at a time, at a picture of that layer with the Y bit (it needs the base layer alone), or at a keyframe
 *
 * H.264 carries no temporal id in RTP (RFC 6184), and a VP8 sender may leave out PictureID or TID: those streams pass whole.
 * Thread: the worker that owns subscriber and publisher. Embedded, no allocation, pure. Fields are private. */
#ifndef MEDIA_RTP_LAYER_SELECTOR_H
#define MEDIA_RTP_LAYER_SELECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "media/rtp/rtp_payload.h"
#include "media/rtp/skipped_numbers.h"

#define TEMPORAL_LAYERS_MAX 4 /* TID has two bits */

/* What each temporal layer of one publisher weighs, over the last whole second. Owner: the publisher. */
struct layer_rates {
    int64_t since_us; /* 0: nothing yet */
    uint32_t bytes[TEMPORAL_LAYERS_MAX];
    uint32_t bps[TEMPORAL_LAYERS_MAX]; /* of that layer alone */
    uint8_t layers;                    /* seen in that second; 0: not known */
};
void layer_rates_count(struct layer_rates *rates, uint8_t temporal_id, size_t bytes,
                       int64_t now_us);

/* Owner: the subscriber. */
struct layer_selector {
    struct skipped_numbers skipped; /* pictures, by extended id of the source */
    int64_t newest;                 /* picture that was decided on last; extended */
    int64_t anchor;                 /* oldest picture of this line */
    int64_t offset;                 /* out = source - skipped below + offset */
    int64_t out_newest;
    int64_t fits_since_us; /* the next layer would fit; 0: it does not */
    bool anchored, sent_any;
    uint8_t picture_id_bits;
    uint8_t current, target;
    uint8_t tl0_offset, tl0_newest; /* the latter outgoing */
};

void layer_selector_init(struct layer_selector *selector);
/* Another source, or the same begins anew: the outgoing line goes on at the next picture. */
void layer_selector_switch(struct layer_selector *selector);
/* `budget_bps`: what this picture may weigh on the line of its receiver, 0 unknown (nothing changes). A layer goes when what
 * is sent weighs 15 % more than that; the next one comes back when it has fitted with 15 % to spare for 5 s. */
void layer_selector_choose(struct layer_selector *selector, const struct layer_rates *rates,
                           uint64_t budget_bps, int64_t now_us);
/* True: the packet goes on. In the order of arrival, once a packet; `keyframe` as rtp_payload_info says. */
MUST_CHECK bool layer_selector_pass(struct layer_selector *selector,
                                    const struct vp8_descriptor *descriptor, bool keyframe);
/* Puts the subscriber's PictureID and TL0PICIDX into a payload that passed. The same packet gets the same numbers again (a
 * retransmission). False: the picture belongs to a line that has ended, it is not to be sent any more. */
MUST_CHECK bool layer_selector_rewrite(const struct layer_selector *selector, uint8_t *payload,
                                       size_t length);

#endif
