#include "media/rtp/rtp_forward.h"

#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/clock.h"

#define ABS_SEND_TIME_PERIOD_US (64 * US_PER_S) /* 24 bits of 6.18 fixed-point seconds */

static uint8_t extension_id(const struct media_maps *maps, enum media_extension extension)
{
    uint8_t id = maps->extension_id[extension];
    return id <= 14 ? id : 0; /* one-byte form, RFC 8285 §4.2 */
}

/* One element; returns where its value is. `value` NULL: zeroes, to be patched. */
static uint16_t write_element(struct bytes_writer *writer, uint8_t id, const void *value,
                              size_t length)
{
    static const uint8_t ZEROS[16];
    bytes_write_u8(writer, (uint8_t)(id << 4 | (length - 1)));
    uint16_t at = (uint16_t)writer->used;
    bytes_write(writer, value != NULL ? value : ZEROS, length);
    return at;
}

/* The publisher's value of an extension both sides know, when it has one of the lengths it may have. */
static void pass_element(struct bytes_writer *writer, const struct rtp_forward *forward,
                         const struct rtp_view *source, enum media_extension extension,
                         size_t shorter, size_t longer)
{
    uint8_t id = extension_id(forward->to, extension);
    struct span value;
    if (id != 0 && rtp_extension_find(source, forward->from->extension_id[extension], &value) &&
        (value.length == shorter || value.length == longer))
        write_element(writer, id, value.data, value.length);
}

/* 12 bits each, in 10 ms. */
static void write_playout_delay(struct bytes_writer *writer, const struct rtp_forward *forward)
{
    const struct rtp_playout_delay *delay = &forward->playout_delay;
    uint8_t id = extension_id(forward->to, MEDIA_EXTENSION_PLAYOUT_DELAY);
    uint8_t value[3];
    if (id == 0 || delay->maximum_ms == 0)
        return;
    bytes_put_u24(value,
                  (delay->minimum_ms / 10u & 0xfff) << 12 | (delay->maximum_ms / 10u & 0xfff));
    write_element(writer, id, value, sizeof(value));
}

static void write_elements(struct bytes_writer *writer, const struct rtp_forward *forward,
                           const struct rtp_view *source, struct rtp_patch *patch)
{
    const struct media_maps *to = forward->to;
    size_t mid_length = forward->mid != NULL ? strnlen(forward->mid, MEDIA_MID_SIZE - 1) : 0;
    uint8_t id = extension_id(to, MEDIA_EXTENSION_MID);
    if (id != 0 && mid_length > 0)
        write_element(writer, id, forward->mid, mid_length);
    id = extension_id(to, MEDIA_EXTENSION_TRANSPORT_CC);
    if (id != 0)
        patch->transport_cc_at = write_element(writer, id, NULL, 2);
    id = extension_id(to, MEDIA_EXTENSION_ABS_SEND_TIME);
    if (id != 0)
        patch->abs_send_time_at = write_element(writer, id, NULL, 3);
    if (source != NULL) {
        pass_element(writer, forward, source, MEDIA_EXTENSION_AUDIO_LEVEL, 1, 1);
        pass_element(writer, forward, source, MEDIA_EXTENSION_ABS_CAPTURE_TIME, 8, 16);
    }
    write_playout_delay(writer, forward);
}

/* RFC 8285 §4.2: 0xbede, length in words, elements, zero padding to a word. Nothing at all when no element was written. */
static bool write_extension_block(struct bytes_writer *writer, const struct rtp_forward *forward,
                                  const struct rtp_view *source, struct rtp_patch *patch)
{
    size_t block_at = writer->used;
    bytes_write_u16(writer, 0xbede);
    bytes_write_u16(writer, 0);
    size_t elements_at = writer->used;
    write_elements(writer, forward, source, patch);
    if (writer->overflowed || writer->used == elements_at) {
        writer->used = block_at;
        return false;
    }
    while ((writer->used - elements_at) % 4 != 0 && !writer->overflowed)
        bytes_write_u8(writer, 0);
    bytes_put_u16(writer->start + block_at + 2, (uint16_t)((writer->used - elements_at) / 4));
    return true;
}

enum result rtp_forward_write(const struct rtp_forward *forward, const struct rtp_view *source,
                              uint8_t *out, size_t capacity, size_t *ret_length,
                              struct rtp_patch *ret_patch)
{
    bool is_rtx;
    enum media_codec codec = rtp_codec_of(forward->from, source->payload_type, &is_rtx);
    uint8_t payload_type =
        forward->rtx ? forward->to->rtx_payload_type[codec] : forward->to->payload_type[codec];
    if (forward->red && codec == MEDIA_CODEC_OPUS)
        payload_type = forward->to->red_payload_type;
    if (codec == MEDIA_CODEC_NONE || is_rtx || payload_type == 0 || payload_type > 127)
        return RESULT_UNSUPPORTED;
    struct rtp_patch patch = {0};
    struct bytes_writer writer = bytes_writer_of(out, capacity);
    bytes_write_u8(&writer, 0x80);
    bytes_write_u8(&writer, (uint8_t)((source->marker ? 0x80 : 0) | payload_type));
    bytes_write_u16(&writer, forward->place.sequence);
    bytes_write_u32(&writer, forward->place.timestamp);
    bytes_write_u32(&writer, forward->ssrc);
    bool extended = write_extension_block(&writer, forward, source, &patch);
    if (forward->rtx)
        bytes_write_u16(&writer, forward->original_sequence); /* RFC 4588 §4 */
    bytes_write(&writer, source->payload.data, source->payload.length);
    if (writer.overflowed)
        return RESULT_TOO_LARGE;
    if (extended)
        out[0] |= 0x10;
    *ret_length = writer.used;
    *ret_patch = patch;
    return RESULT_OK;
}

enum result rtp_padding_write(const struct rtp_forward *forward, enum media_codec codec,
                              uint8_t padding, uint8_t *out, size_t capacity, size_t *ret_length,
                              struct rtp_patch *ret_patch)
{
    uint8_t payload_type = forward->to->rtx_payload_type[codec];
    if (codec == MEDIA_CODEC_NONE || payload_type == 0 || payload_type > 127 || padding == 0)
        return RESULT_UNSUPPORTED;
    struct rtp_patch patch = {0};
    struct bytes_writer writer = bytes_writer_of(out, capacity);
    bytes_write_u8(&writer, 0xa0); /* version 2, padding */
    bytes_write_u8(&writer, payload_type);
    bytes_write_u16(&writer, forward->place.sequence);
    bytes_write_u32(&writer, forward->place.timestamp);
    bytes_write_u32(&writer, forward->ssrc);
    bool extended = write_extension_block(&writer, forward, NULL, &patch);
    for (uint8_t i = 1; i < padding; i++)
        bytes_write_u8(&writer, 0);
    bytes_write_u8(&writer, padding);
    if (writer.overflowed)
        return RESULT_TOO_LARGE;
    if (extended)
        out[0] |= 0x10;
    *ret_length = writer.used;
    *ret_patch = patch;
    return RESULT_OK;
}

void rtp_forward_patch(uint8_t *packet, const struct rtp_patch *patch, uint16_t transport_cc,
                       int64_t now_us)
{
    if (patch->transport_cc_at != 0)
        bytes_put_u16(packet + patch->transport_cc_at, transport_cc);
    if (patch->abs_send_time_at != 0) {
        uint64_t within_us = (uint64_t)now_us % ABS_SEND_TIME_PERIOD_US;
        bytes_put_u24(packet + patch->abs_send_time_at,
                      (uint32_t)((within_us << 18) / US_PER_S) & 0xffffff);
    }
}

/* RFC 4588 §4: the header is the original's but for payload type, number and SSRC; the payload begins with the OSN. The
 * header moves up by the two bytes of the OSN, which is cheaper than moving the payload down. */
enum result rtp_rtx_unwrap(const struct media_maps *maps, uint32_t primary_ssrc, uint8_t *packet,
                           struct rtp_view *view)
{
    bool is_rtx;
    enum media_codec codec = rtp_codec_of(maps, view->payload_type, &is_rtx);
    if (!is_rtx || maps->payload_type[codec] == 0)
        return RESULT_UNSUPPORTED;
    if (view->payload.length <= 2)
        return RESULT_NOT_FOUND;
    CHECK(view->packet.data == packet);
    size_t header_length = (size_t)(view->payload.data - packet);
    uint16_t original = bytes_get_u16(view->payload.data);
    size_t length = header_length + view->payload.length - 2;
    uint8_t *moved = packet + 2;
    memmove(moved, packet, header_length);
    moved[0] &= (uint8_t)~0x20; /* the padding is cut off */
    moved[1] = (uint8_t)((view->marker ? 0x80 : 0) | maps->payload_type[codec]);
    bytes_put_u16(moved + 2, original);
    bytes_put_u32(moved + 8, primary_ssrc);
    return rtp_parse(span_of(moved, length), view);
}
