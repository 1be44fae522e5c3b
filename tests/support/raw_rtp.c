#include "tests/support/raw_rtp.h"

#include <string.h>

static size_t put16(uint8_t *out, size_t at, uint32_t value)
{
    out[at] = (uint8_t)(value >> 8);
    out[at + 1] = (uint8_t)value;
    return at + 2;
}

static size_t put32(uint8_t *out, size_t at, uint32_t value)
{
    return put16(out, put16(out, at, value >> 16), value & 0xffff);
}

static size_t put_extensions(const struct raw_rtp *rtp, uint8_t *out, size_t at)
{
    size_t start = at;
    at = put16(out, at, 0xbede);
    at += 2;
    for (size_t i = 0; i < 6 && rtp->extensions[i].id != 0; i++) {
        const struct raw_rtp_extension *extension = &rtp->extensions[i];
        out[at++] = (uint8_t)(extension->id << 4 | (extension->length - 1));
        memcpy(out + at, extension->bytes, extension->length);
        at += extension->length;
    }
    while ((at - start) % 4 != 0)
        out[at++] = 0;
    put16(out, start + 2, (uint32_t)((at - start) / 4 - 1));
    return at;
}

size_t raw_rtp_write(const struct raw_rtp *rtp, uint8_t *out, size_t size)
{
    if (size < 12 + 4 + 6 * 18 + rtp->payload_length)
        return 0;
    bool extended = rtp->extensions[0].id != 0;
    out[0] = (uint8_t)(0x80 | (extended ? 0x10 : 0));
    out[1] = (uint8_t)(rtp->payload_type | (rtp->marker ? 0x80 : 0));
    size_t at = put16(out, 2, rtp->sequence);
    at = put32(out, at, rtp->timestamp);
    at = put32(out, at, rtp->ssrc);
    if (extended)
        at = put_extensions(rtp, out, at);
    if (rtp->payload_length > 0)
        memcpy(out + at, rtp->payload, rtp->payload_length);
    return at + rtp->payload_length;
}

void raw_rtp_vp8(uint8_t *payload, size_t length, bool start, bool keyframe)
{
    for (size_t i = 0; i < length; i++)
        payload[i] = (uint8_t)(i * 7);
    payload[0] = start ? 0x10 : 0x00; /* S bit, partition 0 */
    if (!start)
        return;
    /* RFC 6386 §9.1: frame tag (bit 0 clear: keyframe), start code, 320x240 */
    static const uint8_t head[] = {0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00};
    payload[1] = keyframe ? 0x10 : 0x11;
    payload[2] = payload[3] = 0;
    if (keyframe)
        memcpy(payload + 4, head, sizeof(head));
}

static size_t put_feedback_head(uint8_t format, uint8_t type, uint32_t words, uint32_t sender,
                                uint32_t media, uint8_t *out)
{
    out[0] = (uint8_t)(0x80 | format);
    out[1] = type;
    size_t at = put16(out, 2, words - 1);
    at = put32(out, at, sender);
    return put32(out, at, media);
}

size_t raw_rtcp_nack(uint32_t sender, uint32_t media, const uint16_t *sequences, size_t count,
                     uint8_t *out, size_t size)
{
    if (size < 12 + 4 * count)
        return 0;
    size_t at = put_feedback_head(1, 205, 3 + (uint32_t)count, sender, media, out);
    for (size_t i = 0; i < count; i++)
        at = put32(out, at, (uint32_t)sequences[i] << 16);
    return at;
}

size_t raw_rtcp_pli(uint32_t sender, uint32_t media, uint8_t *out, size_t size)
{
    return size < 12 ? 0 : put_feedback_head(1, 206, 3, sender, media, out);
}

size_t raw_rtcp_sr(uint32_t sender, uint64_t ntp, uint32_t rtp_timestamp, uint32_t packets,
                   uint32_t bytes, uint8_t *out, size_t size)
{
    if (size < 28)
        return 0;
    out[0] = 0x80;
    out[1] = 200;
    size_t at = put16(out, 2, 6);
    at = put32(out, at, sender);
    at = put32(out, at, (uint32_t)(ntp >> 32));
    at = put32(out, at, (uint32_t)ntp);
    at = put32(out, at, rtp_timestamp);
    at = put32(out, at, packets);
    return put32(out, at, bytes);
}
