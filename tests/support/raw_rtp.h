/* Writes RTP and small RTCP packets the way a browser would, without the gateway's code. For raw peers. */
#ifndef TESTS_SUPPORT_RAW_RTP_H
#define TESTS_SUPPORT_RAW_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct raw_rtp_extension {
    uint8_t id; /* 0: ends the list; one-byte form, RFC 8285 */
    uint8_t length;
    uint8_t bytes[16];
};

struct raw_rtp {
    uint8_t payload_type;
    bool marker;
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t ssrc;
    struct raw_rtp_extension extensions[6];
    const uint8_t *payload;
    size_t payload_length;
};

/* Returns the length; 0 when `size` is too small. */
size_t raw_rtp_write(const struct raw_rtp *rtp, uint8_t *out, size_t size);
/* A VP8 payload (RFC 7741): first packet of a frame or not, of a keyframe or not; filled up to `length` ≥ 11. */
void raw_rtp_vp8(uint8_t *payload, size_t length, bool start, bool keyframe);

/* RFC 4585 §6.2.1: each number gets its own entry. */
size_t raw_rtcp_nack(uint32_t sender, uint32_t media, const uint16_t *sequences, size_t count,
                     uint8_t *out, size_t size);
/* RFC 4585 §6.3.1 */
size_t raw_rtcp_pli(uint32_t sender, uint32_t media, uint8_t *out, size_t size);
/* RFC 3550 §6.4.1, without report blocks. */
size_t raw_rtcp_sr(uint32_t sender, uint64_t ntp, uint32_t rtp_timestamp, uint32_t packets,
                   uint32_t bytes, uint8_t *out, size_t size);

#endif
