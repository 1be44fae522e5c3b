/* What the two backends on OpenSSL EVP share: key derivation, the index of a packet, what is kept per SSRC.
 * Thread: that of the context. */
#ifndef MEDIA_SRTP_SRTP_EVP_PARTS_H
#define MEDIA_SRTP_SRTP_EVP_PARTS_H

#include "media/srtp/replay_window.h"
#include "media/srtp/srtp_backend.h"

#define RTCP_INDEX_BYTES 4
#define RTCP_ENCRYPTED   0x80000000u /* the E bit */
#define RTCP_INDEX_LAST  0x7fffffffu
#define ROLL_OVERS_LAST  0xffffffffu

/* RFC 3711 §4.3.2 */
enum evp_label {
    EVP_LABEL_RTP_KEY,
    EVP_LABEL_RTP_AUTH,
    EVP_LABEL_RTP_SALT,
    EVP_LABEL_RTCP_KEY,
    EVP_LABEL_RTCP_AUTH,
    EVP_LABEL_RTCP_SALT
};

struct evp_stream {
    struct replay_window rtp, rtcp;
    uint32_t rtcp_next; /* SRTCP index of the last packet sent */
};

/* A person has two to four SSRCs each way, not SRTP_STREAMS_MAX: a place is made when its first packet comes. A stranger's
 * packets make one place at the most, since srtp.c offers the same one until something authenticates. */
struct evp_streams {
    struct evp_stream *at[SRTP_STREAMS_MAX];
};
/* Allocates at the first call for `place`; NULL: no memory. */
struct evp_stream *evp_stream_at(struct evp_streams *streams, uint32_t place);
void evp_streams_free(struct evp_streams *streams);

/* RFC 3711 §4.3.3 with key derivation rate 0: the key stream of AES-CM under the master key, counter = (salt xor label) × 2^16.
 * RFC 7714 §11: a 96-bit salt is padded on the right to the 112 bits of RFC 3711. `length` ≤ 32. */
MUST_CHECK enum result evp_derive(struct span master, size_t key_bytes, enum evp_label label,
                                  uint8_t *ret_bytes, size_t length);

/* RFC 3711 §3.3.1 and appendix A. Before the first roll-over a number far above the highest is taken as ahead, since
 * there is no counter below zero. */
uint64_t evp_guess_index(const struct evp_stream *stream, uint16_t sequence);

#endif
