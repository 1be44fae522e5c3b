#include "media/rtp/rtp_payload.h"

/* H.264 NAL unit types, H.264 table 7-1 and RFC 6184 §5.2 */
enum nal_type {
    NAL_SLICE = 1,
    NAL_IDR = 5,
    NAL_SEI = 6,
    NAL_SPS = 7,
    NAL_PPS = 8,
    NAL_AUD = 9,
    NAL_STAP_A = 24,
    NAL_FU_A = 28,
};

#define NAL_TYPE(byte)      ((byte)&0x1f)
#define NAL_REFERENCE(byte) (((byte) >> 5 & 0x03) != 0)
#define NAL_FORBIDDEN(byte) (((byte)&0x80) != 0)
#define FU_START(byte)      (((byte)&0x80) != 0)
#define FU_END(byte)        (((byte)&0x40) != 0)

/* RFC 7741 §4.2:   |X|R|N|S|R| PID |   X: |I|L|T|K| RSV |   I: |M| PictureID |   L: TL0PICIDX   T/K: |TID|Y| KEYIDX | */
static bool read_picture_id(struct bytes_reader *reader, struct span payload,
                            struct vp8_descriptor *descriptor)
{
    uint8_t byte;
    descriptor->picture_id_at = (uint8_t)(payload.length - reader->left);
    if (!bytes_read_u8(reader, &byte))
        return false;
    descriptor->has_picture_id = true;
    descriptor->picture_id_bits = 7;
    descriptor->picture_id = byte & 0x7f;
    if ((byte & 0x80) == 0)
        return true;
    descriptor->picture_id_bits = 15;
    descriptor->picture_id = (uint16_t)((byte & 0x7f) << 8);
    if (!bytes_read_u8(reader, &byte))
        return false;
    descriptor->picture_id |= byte;
    return true;
}

static bool read_vp8_extension(struct bytes_reader *reader, struct span payload,
                               struct vp8_descriptor *descriptor)
{
    uint8_t flags, byte;
    if (!bytes_read_u8(reader, &flags))
        return false;
    if ((flags & 0x80) != 0 && !read_picture_id(reader, payload, descriptor))
        return false;
    descriptor->has_tl0 = (flags & 0x40) != 0;
    if (descriptor->has_tl0 && !bytes_read_u8(reader, &descriptor->tl0))
        return false;
    descriptor->has_temporal_id = (flags & 0x20) != 0;
    descriptor->has_key_index = (flags & 0x10) != 0;
    if (!descriptor->has_temporal_id && !descriptor->has_key_index)
        return true;
    if (!bytes_read_u8(reader, &byte))
        return false;
    descriptor->temporal_id = byte >> 6;
    descriptor->layer_sync = (byte & 0x20) != 0;
    descriptor->key_index = byte & 0x1f;
    return true;
}

enum result vp8_descriptor_parse(struct span payload, struct vp8_descriptor *ret_descriptor)
{
    struct vp8_descriptor descriptor = {0};
    struct bytes_reader reader = bytes_reader_of(payload);
    uint8_t first;
    if (!bytes_read_u8(&reader, &first))
        return RESULT_PARSE;
    descriptor.non_reference = (first & 0x20) != 0;
    descriptor.start_of_partition = (first & 0x10) != 0;
    descriptor.partition = first & 0x07;
    if ((first & 0x80) != 0 && !read_vp8_extension(&reader, payload, &descriptor))
        return RESULT_PARSE;
    descriptor.bytes = (uint8_t)(payload.length - reader.left);
    *ret_descriptor = descriptor;
    return RESULT_OK;
}

static enum result inspect_vp8(struct span payload, struct rtp_payload_info *info)
{
    struct vp8_descriptor descriptor;
    if (!result_ok(vp8_descriptor_parse(payload, &descriptor)) ||
        payload.length == descriptor.bytes)
        return RESULT_PARSE;
    info->discardable = descriptor.non_reference;
    info->frame_start = descriptor.start_of_partition && descriptor.partition == 0;
    /* RFC 7741 §4.3: the inverse key frame flag is the lowest bit of the first payload byte of a frame. */
    info->keyframe = info->frame_start && (payload.data[descriptor.bytes] & 0x01) == 0;
    return RESULT_OK;
}

/* The NAL unit header and what follows it. A slice header begins with first_mb_in_slice as ue(v): 0 is a single 1 bit. */
static void inspect_nal(uint8_t header, struct span body, struct rtp_payload_info *info)
{
    bool first_slice = body.length > 0 && (body.data[0] & 0x80) != 0;
    switch (NAL_TYPE(header)) {
    case NAL_IDR: /* its parameter sets go before it, maybe in packets of their own: no proof of a start */
        info->keyframe |= first_slice;
        break;
    case NAL_SLICE:
        info->frame_start |= first_slice;
        break;
    case NAL_SPS:
        info->keyframe = true;
        info->frame_start = true;
        break;
    case NAL_AUD:
    case NAL_SEI:
        info->frame_start = true;
        break;
    default:
        break;
    }
}

/* RFC 6184 §5.7.1 */
static enum result inspect_stap_a(struct bytes_reader *reader, struct rtp_payload_info *info)
{
    while (reader->left > 0) {
        uint16_t length;
        struct span unit;
        if (!bytes_read_u16(reader, &length) || length == 0 ||
            !bytes_read_span(reader, length, &unit) || NAL_FORBIDDEN(unit.data[0]))
            return RESULT_PARSE;
        inspect_nal(unit.data[0], span_of(unit.data + 1, unit.length - 1), info);
    }
    return RESULT_OK;
}

static enum result inspect_h264(struct span payload, struct rtp_payload_info *info)
{
    struct bytes_reader reader = bytes_reader_of(payload);
    uint8_t header, fu;
    if (!bytes_read_u8(&reader, &header) || NAL_FORBIDDEN(header))
        return RESULT_PARSE;
    info->discardable = !NAL_REFERENCE(header);
    switch (NAL_TYPE(header)) {
    case NAL_STAP_A:
        return reader.left > 0 ? inspect_stap_a(&reader, info) : RESULT_PARSE;
    case NAL_FU_A: /* §5.8: start and end never together */
        if (!bytes_read_u8(&reader, &fu) || (FU_START(fu) && FU_END(fu)))
            return RESULT_PARSE;
        if (FU_START(fu))
            inspect_nal(fu, span_of(reader.at, reader.left), info);
        return RESULT_OK;
    default:
        if (NAL_TYPE(header) == 0 || NAL_TYPE(header) > 23)
            return RESULT_PARSE; /* packetization modes we do not negotiate */
        inspect_nal(header, span_of(reader.at, reader.left), info);
        return RESULT_OK;
    }
}

enum result rtp_payload_inspect(enum media_codec codec, struct span payload,
                                struct rtp_payload_info *ret_info)
{
    struct rtp_payload_info info = {0};
    enum result result = RESULT_UNSUPPORTED;
    if (payload.length == 0) {
        result = RESULT_NOT_FOUND;
    } else if (codec == MEDIA_CODEC_OPUS) {
        info = (struct rtp_payload_info){.frame_start = true, .keyframe = true};
        result = RESULT_OK;
    } else if (codec == MEDIA_CODEC_VP8) {
        result = inspect_vp8(payload, &info);
    } else if (codec == MEDIA_CODEC_H264) {
        result = inspect_h264(payload, &info);
    }
    *ret_info = result_ok(result) ? info : (struct rtp_payload_info){0};
    return result;
}
