/* Inside of the SRTP seam: what a backend offers to srtp.c. Not for other folders.
 * srtp.c has checked before each call that the header is whole and that the SSRC has a place; `stream` is that place,
 * the same for RTP and RTCP of one SSRC. A place is zero until its first packet authenticates. */
#ifndef MEDIA_SRTP_SRTP_BACKEND_H
#define MEDIA_SRTP_SRTP_BACKEND_H

#include "media/srtp/srtp.h"

struct srtp_packet {
    uint8_t *bytes;
    size_t length;
    size_t header_length; /* what stays in clear: RTP header, CSRCs and extension block; RTCP: 8 */
    uint32_t ssrc;
    uint32_t stream; /* < SRTP_STREAMS_MAX */
};

/* Reads or changes packet->bytes and packet->length; room for SRTP_OVERHEAD_BYTES_MAX is there when sealing. */
typedef enum result srtp_backend_step(void *state, struct srtp_packet *packet);

struct srtp_backend {
    bool (*knows)(enum srtp_profile profile);
    /* `key_and_salt` has the right length for the profile; it is copied. */
    enum result (*create)(enum srtp_profile profile, struct span key_and_salt,
                          enum srtp_direction direction, void **ret_state);
    void (*destroy)(void *state);
    srtp_backend_step *open_rtp, *seal_rtp, *open_rtcp, *seal_rtcp;
};

extern const struct srtp_backend SRTP_BACKEND_TABLE_LIBSRTP;
extern const struct srtp_backend SRTP_BACKEND_TABLE_EVP;    /* GCM */
extern const struct srtp_backend SRTP_BACKEND_TABLE_EVP_CM; /* AES-CM with HMAC-SHA1 */

#endif
