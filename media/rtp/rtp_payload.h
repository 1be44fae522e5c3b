/* What a relay has to know of a payload without decoding it: does a frame start here, is it a keyframe.
 * VP8: RFC 7741 §4.2–4.3. H.264: RFC 6184 §5 (single NAL unit, STAP-A, FU-A). Opus: every packet is a frame.
 * Thread: any. Pure. */
#ifndef MEDIA_RTP_RTP_PAYLOAD_H
#define MEDIA_RTP_RTP_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "media/media_command.h"

struct rtp_payload_info {
    bool
        frame_start; /* first packet of a picture. H.264 cannot say it in every packet: see below */
    bool
        keyframe; /* a decoder can start at this packet: VP8 key frame start; H.264 SPS or IDR start */
    bool discardable; /* VP8 N bit / H.264 nal_ref_idc 0: no other picture needs it */
};

struct vp8_descriptor {
    uint8_t bytes; /* length of the descriptor; the VP8 payload header follows */
    bool start_of_partition;
    uint8_t partition;
    bool non_reference;
    bool has_picture_id, has_tl0, has_temporal_id, has_key_index;
    uint8_t picture_id_at;   /* offset in the payload */
    uint8_t picture_id_bits; /* 7 or 15 */
    uint16_t picture_id;
    uint8_t tl0;
    uint8_t temporal_id;
    bool layer_sync;
    uint8_t key_index;
};
MUST_CHECK enum result vp8_descriptor_parse(struct span payload,
                                            struct vp8_descriptor *ret_descriptor);

/* RESULT_PARSE for a malformed payload (it is still forwarded: the decoder decides). RESULT_UNSUPPORTED: not our codec.
 * An empty payload (padding) is RESULT_NOT_FOUND. `ret_info` is zeroed unless RESULT_OK, so it may be used either way.
 * H.264: `frame_start` is set for AUD, SPS, SEI and for non-IDR slices with first_mb_in_slice = 0 (H.264 §7.3.3);
 * frame_tracker also takes what follows a marker or another timestamp as a start. */
MUST_CHECK enum result rtp_payload_inspect(enum media_codec codec, struct span payload,
                                           struct rtp_payload_info *ret_info);

#endif
