/* A bounded view of one plain RTP packet (RFC 3550 §5.1) and of its header extensions (RFC 8285).
 * Thread: any. Nothing allocates; the view points into the caller's bytes and lives as long as they do. */
#ifndef MEDIA_RTP_RTP_PACKET_H
#define MEDIA_RTP_RTP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "media/media_command.h"

#define RTP_HEADER_BYTES 12

struct rtp_view {
    struct span packet; /* everything, padding included */
    struct span
        payload; /* without header, extensions and padding; may be empty (padding-only packet) */
    struct span
        extensions; /* the elements, without the 4 bytes that open the block; empty without X bit */
    uint32_t timestamp;
    uint32_t ssrc;
    uint16_t sequence;
    uint16_t
        extension_profile; /* 0xbede one-byte, 0x100X two-byte, else foreign (no element is found) */
    uint8_t payload_type;
    uint8_t padding_bytes;
    bool marker;
};

/* RFC 7983 and RFC 5761 §4: tells what a datagram is before anything is decrypted. */
enum datagram_kind { DATAGRAM_UNKNOWN, DATAGRAM_STUN, DATAGRAM_DTLS, DATAGRAM_RTP, DATAGRAM_RTCP };
enum datagram_kind datagram_classify(struct span datagram);

/* The fixed header only, for use before decryption: RESULT_PARSE when shorter than 12 bytes or not version 2. */
MUST_CHECK enum result rtp_peek_ssrc(struct span packet, uint32_t *ret_ssrc);
/* RESULT_PARSE: any length inside the packet points outside it. */
MUST_CHECK enum result rtp_parse(struct span packet, struct rtp_view *ret_view);

/* Walks the elements of the block, both forms. Padding (id 0) is skipped; id 15 ends a one-byte block (§4.2); an
 * element that overruns the block ends the walk. */
struct rtp_extension_reader {
    struct bytes_reader reader;
    bool two_byte;
    bool ended;
};
struct rtp_extension_reader rtp_extension_reader_of(const struct rtp_view *view);
MUST_CHECK bool rtp_extension_next(struct rtp_extension_reader *reader, uint8_t *ret_id,
                                   struct span *ret_value);
/* False when absent. id 0 is never found. */
MUST_CHECK bool rtp_extension_find(const struct rtp_view *view, uint8_t id, struct span *ret_value);

/* The extensions we read, by the endpoint's own ids; false when absent or of the wrong size. */
MUST_CHECK bool rtp_read_transport_cc(const struct rtp_view *view, const struct media_maps *maps,
                                      uint16_t *ret_number);
/* NUL-terminated copy; refuses characters outside the SDP token set (RFC 8843 §15). */
MUST_CHECK bool rtp_read_mid(const struct rtp_view *view, const struct media_maps *maps,
                             char ret_mid[MEDIA_MID_SIZE]);

/* Which codec a payload type means for this endpoint. MEDIA_CODEC_NONE when it was not negotiated. */
enum media_codec rtp_codec_of(const struct media_maps *maps, uint8_t payload_type,
                              bool *ret_is_rtx);
/* RTP clock rate: Opus 48 000 (RFC 7587), video 90 000. 0 for NONE. */
uint32_t rtp_clock_hz(enum media_codec codec);

#endif
