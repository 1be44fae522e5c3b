#include "media/rtp/rtp_packet.h"

#include <string.h>

#define EXTENSION_ONE_BYTE 0xbede /* RFC 8285 §4.2 */
#define EXTENSION_TWO_BYTE 0x1000 /* §4.3: the low four bits are the application's */

/* RFC 7983 §7; RTCP among RTP: RFC 5761 §4 */
enum datagram_kind datagram_classify(struct span datagram)
{
    if (datagram.length == 0)
        return DATAGRAM_UNKNOWN;
    uint8_t first = datagram.data[0];
    if (first <= 3)
        return DATAGRAM_STUN;
    if (first >= 20 && first <= 63)
        return DATAGRAM_DTLS;
    if (first < 128 || first > 191 || datagram.length < 2)
        return DATAGRAM_UNKNOWN;
    uint8_t type = datagram.data[1];
    return type >= 192 && type <= 223 ? DATAGRAM_RTCP : DATAGRAM_RTP;
}

enum result rtp_peek_ssrc(struct span packet, uint32_t *ret_ssrc)
{
    if (packet.length < RTP_HEADER_BYTES || packet.data[0] >> 6 != 2)
        return RESULT_PARSE;
    *ret_ssrc = bytes_get_u32(packet.data + 8);
    return RESULT_OK;
}

static bool read_extensions(struct bytes_reader *reader, struct rtp_view *view)
{
    uint16_t words = 0;
    return bytes_read_u16(reader, &view->extension_profile) && bytes_read_u16(reader, &words) &&
           bytes_read_span(reader, 4 * (size_t)words, &view->extensions);
}

/* RFC 3550 §5.1: with the P bit the last byte counts the padding, itself included. */
static bool cut_padding(struct rtp_view *view)
{
    size_t left = view->payload.length;
    uint8_t padding = left > 0 ? view->payload.data[left - 1] : 0;
    if (padding == 0 || padding > left)
        return false;
    view->padding_bytes = padding;
    view->payload.length -= padding;
    return true;
}

enum result rtp_parse(struct span packet, struct rtp_view *ret_view)
{
    struct rtp_view view = {.packet = packet, .extensions = span_of(packet.data, 0)};
    struct bytes_reader reader = bytes_reader_of(packet);
    uint8_t first, second;
    if (!bytes_read_u8(&reader, &first) || first >> 6 != 2 || !bytes_read_u8(&reader, &second) ||
        !bytes_read_u16(&reader, &view.sequence) || !bytes_read_u32(&reader, &view.timestamp) ||
        !bytes_read_u32(&reader, &view.ssrc) || !bytes_skip(&reader, 4 * (size_t)(first & 0x0f)))
        return RESULT_PARSE;
    view.marker = (second & 0x80) != 0;
    view.payload_type = second & 0x7f;
    if ((first & 0x10) != 0 && !read_extensions(&reader, &view))
        return RESULT_PARSE;
    view.payload = span_of(reader.at, reader.left);
    if ((first & 0x20) != 0 && !cut_padding(&view))
        return RESULT_PARSE;
    *ret_view = view;
    return RESULT_OK;
}

struct rtp_extension_reader rtp_extension_reader_of(const struct rtp_view *view)
{
    bool two_byte = (view->extension_profile & 0xfff0) == EXTENSION_TWO_BYTE;
    return (struct rtp_extension_reader){
        .reader = bytes_reader_of(view->extensions),
        .two_byte = two_byte,
        .ended = !two_byte && view->extension_profile != EXTENSION_ONE_BYTE,
    };
}

static bool next_one_byte(struct rtp_extension_reader *walk, uint8_t *ret_id,
                          struct span *ret_value)
{
    uint8_t head;
    while (bytes_read_u8(&walk->reader, &head)) {
        if (head == 0)
            continue; /* padding; "id 0 with a length" is not padding but must be skipped by its length: below */
        uint8_t id = head >> 4;
        if (id == 15 || !bytes_read_span(&walk->reader, (size_t)(head & 0x0f) + 1, ret_value))
            return false;
        if (id == 0)
            continue;
        *ret_id = id;
        return true;
    }
    return false;
}

static bool next_two_byte(struct rtp_extension_reader *walk, uint8_t *ret_id,
                          struct span *ret_value)
{
    uint8_t id, length;
    while (bytes_read_u8(&walk->reader, &id)) {
        if (id == 0)
            continue;
        if (!bytes_read_u8(&walk->reader, &length) ||
            !bytes_read_span(&walk->reader, length, ret_value))
            return false;
        *ret_id = id;
        return true;
    }
    return false;
}

bool rtp_extension_next(struct rtp_extension_reader *reader, uint8_t *ret_id,
                        struct span *ret_value)
{
    if (reader->ended)
        return false;
    bool found = reader->two_byte ? next_two_byte(reader, ret_id, ret_value)
                                  : next_one_byte(reader, ret_id, ret_value);
    reader->ended = !found;
    return found;
}

bool rtp_extension_find(const struct rtp_view *view, uint8_t id, struct span *ret_value)
{
    struct rtp_extension_reader reader = rtp_extension_reader_of(view);
    uint8_t found;
    struct span value;
    while (id != 0 && rtp_extension_next(&reader, &found, &value)) {
        if (found == id) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

bool rtp_read_transport_cc(const struct rtp_view *view, const struct media_maps *maps,
                           uint16_t *ret_number)
{
    struct span value;
    if (!rtp_extension_find(view, maps->extension_id[MEDIA_EXTENSION_TRANSPORT_CC], &value) ||
        value.length != 2)
        return false;
    *ret_number = bytes_get_u16(value.data);
    return true;
}

/* token-char of RFC 8866 §9 */
static bool is_token_char(uint8_t c)
{
    return c > 0x20 && c < 0x7f && strchr("\"(),/:;<=>?@[\\]", c) == NULL;
}

bool rtp_read_mid(const struct rtp_view *view, const struct media_maps *maps,
                  char ret_mid[MEDIA_MID_SIZE])
{
    struct span value;
    if (!rtp_extension_find(view, maps->extension_id[MEDIA_EXTENSION_MID], &value) ||
        value.length == 0 || value.length >= MEDIA_MID_SIZE)
        return false;
    for (size_t i = 0; i < value.length; i++) {
        if (!is_token_char(value.data[i]))
            return false;
    }
    memcpy(ret_mid, value.data, value.length);
    ret_mid[value.length] = '\0';
    return true;
}

enum media_codec rtp_codec_of(const struct media_maps *maps, uint8_t payload_type, bool *ret_is_rtx)
{
    *ret_is_rtx = false;
    for (int i = MEDIA_CODEC_NONE + 1; i < MEDIA_CODEC_COUNT && payload_type != 0; i++) {
        *ret_is_rtx = maps->rtx_payload_type[i] == payload_type;
        if (*ret_is_rtx || maps->payload_type[i] == payload_type)
            return (enum media_codec)i;
    }
    return MEDIA_CODEC_NONE;
}

uint32_t rtp_clock_hz(enum media_codec codec)
{
    switch (codec) {
    case MEDIA_CODEC_OPUS:
        return 48000;
    case MEDIA_CODEC_VP8:
    case MEDIA_CODEC_H264:
        return 90000;
    default:
        return 0;
    }
}
