/* The SRTP seam: one context per direction of one endpoint, whatever library does the work behind it.
 *
 * Thread: a context belongs to one media worker. srtp_library_start() is called once, before the workers start.
 * Ownership: the context copies its keys and cleanses every copy in srtp_context_free().
 * Allocation: a context and a new SSRC's first packet may allocate (at most SRTP_STREAMS_MAX times); no other packet.
 * Everything works in place. Sources: RFC 3711, RFC 7714, RFC 5764 (profile numbers, key order). */
#ifndef MEDIA_SRTP_SRTP_H
#define MEDIA_SRTP_SRTP_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "media/media_limits.h"

struct srtp_context;

enum srtp_profile {
    SRTP_PROFILE_NONE,
    SRTP_PROFILE_AES128_CM_SHA1_80,
    SRTP_PROFILE_AEAD_AES_128_GCM,
    SRTP_PROFILE_AEAD_AES_256_GCM,
    SRTP_PROFILE_COUNT
};

/* A receiving context opens, a sending one seals; the wrong call is RESULT_WRONG_STATE. */
enum srtp_direction { SRTP_RECEIVE, SRTP_SEND };

/* The OpenSSL/NSS speed difference makes two backends worth having; AUTO takes the fastest that knows the profile. */
enum srtp_backend_kind { SRTP_BACKEND_AUTO, SRTP_BACKEND_LIBSRTP, SRTP_BACKEND_EVP };

#define SRTP_KEY_AND_SALT_BYTES_MAX                                                                \
    46                                /* AES-CM-128 has 16 + 14, GCM-128 16 + 12, GCM-256 32 + 12 */
#define SRTP_OVERHEAD_BYTES_MAX    20 /* what sealing may add: GCM tag 16, and 4 of SRTCP index */
#define SRTP_STREAMS_MAX           32 /* SSRCs of one context, RTP and RTCP together */
#define SRTP_REPLAY_WINDOW_PACKETS 1024 /* RFC 3711 §3.3.2 asks for at least 64 */

struct srtp_profile_info {
    const char *name;         /* as IANA writes it: "AEAD_AES_128_GCM"; static */
    const char *openssl_name; /* for SSL_CTX_set_tlsext_use_srtp: "SRTP_AEAD_AES_128_GCM"; static */
    uint16_t dtls_id; /* DTLS-SRTP protection profile number, RFC 5764 §4.1.2, RFC 7714 §14.2 */
    uint8_t key_bytes;
    uint8_t salt_bytes;
};

/* NULL for NONE and for numbers outside the enum. */
const struct srtp_profile_info *srtp_profile_info(enum srtp_profile profile);
/* SRTP_PROFILE_NONE when the number is none of ours. */
enum srtp_profile srtp_profile_from_dtls(uint16_t dtls_id);

MUST_CHECK enum result srtp_library_start(void);
void srtp_library_stop(void);

/* `key_and_salt` is master key then master salt, exactly key_bytes + salt_bytes long (RFC 5764 §4.2 gives the two keys
 * first, then the two salts: put the pair together first). RESULT_INVALID: wrong length or profile; RESULT_UNSUPPORTED:
 * the backend does not know the profile; RESULT_NO_MEMORY, RESULT_LIBRARY. */
MUST_CHECK enum result srtp_context_new(enum srtp_profile profile, struct span key_and_salt,
                                        enum srtp_direction direction,
                                        enum srtp_backend_kind backend,
                                        struct srtp_context **ret_context);
struct srtp_context *srtp_context_free(struct srtp_context *context);

/* Authenticates and decrypts in place; *length shrinks to the plain packet. On any failure the bytes are worthless
 * and *length is unchanged.
 * RESULT_PARSE: not an RTP packet. RESULT_CRYPTO: the tag is wrong. RESULT_REPLAY: seen before or older than the window.
 * RESULT_TOO_MANY: an SSRC beyond SRTP_STREAMS_MAX. An unauthenticated packet changes nothing in the context. */
MUST_CHECK enum result srtp_open(struct srtp_context *context, uint8_t *packet, size_t *length);
MUST_CHECK enum result srtcp_open(struct srtp_context *context, uint8_t *packet, size_t *length);

/* Encrypts in place; *length grows by at most SRTP_OVERHEAD_BYTES_MAX. RESULT_TOO_LARGE when `capacity` is short of
 * *length + SRTP_OVERHEAD_BYTES_MAX (nothing is changed). RESULT_REPLAY when this SSRC and sequence number was sealed
 * before: a key and IV are never used twice, so a repeat goes out as RTX with its own number. */
MUST_CHECK enum result srtp_seal(struct srtp_context *context, uint8_t *packet, size_t *length,
                                 size_t capacity);
MUST_CHECK enum result srtcp_seal(struct srtp_context *context, uint8_t *packet, size_t *length,
                                  size_t capacity);

#endif
