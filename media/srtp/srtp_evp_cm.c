/* AES-CM with HMAC-SHA1-80 (RFC 3711) on OpenSSL: what devices and older stacks offer when they have no GCM. A quarter of the
 * cost of the distribution's libsrtp2, which is built on NSS. Tested against libsrtp2 packet by packet.
 *
 *   counter = salt × 2^16  xor  SSRC × 2^64  xor  index × 2^16           §4.1.1
 *   tag     = first 80 bits of HMAC-SHA1(packet | roll-over counter)     §4.2   (RTCP: packet | E-and-index word)
 *
 * SHA-1 runs on the library's plain functions: copying the prepared inner state is then a copy of bytes, whereas
 * EVP_MD_CTX_copy_ex and EVP_MAC_init allocate for every packet. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "media/srtp/srtp_backend.h"
#include "media/srtp/srtp_evp_parts.h"

#define KEY_BYTES   16
#define SALT_BYTES  14
#define AUTH_BYTES  20
#define TAG_BYTES   10
#define BLOCK_BYTES 16

/* One of each for RTP and RTCP. `inner` and `outer` have taken in the padded key (RFC 2104 §2). */
struct cm_keys {
    EVP_CIPHER_CTX *cipher;
    SHA_CTX inner, outer;
    uint8_t salt[SALT_BYTES];
};

struct cm_state {
    struct cm_keys rtp, rtcp;
    struct evp_streams streams;
};

static bool cm_knows(enum srtp_profile profile)
{
    return profile == SRTP_PROFILE_AES128_CM_SHA1_80;
}

static bool hmac_prepare(struct cm_keys *keys, const uint8_t *auth)
{
    uint8_t inner[SHA_CBLOCK] = {0}, outer[SHA_CBLOCK];
    memcpy(inner, auth, AUTH_BYTES);
    for (size_t i = 0; i < SHA_CBLOCK; i++) {
        outer[i] = inner[i] ^ 0x5c;
        inner[i] ^= 0x36;
    }
    bool ok = SHA1_Init(&keys->inner) == 1 && SHA1_Update(&keys->inner, inner, SHA_CBLOCK) == 1 &&
              SHA1_Init(&keys->outer) == 1 && SHA1_Update(&keys->outer, outer, SHA_CBLOCK) == 1;
    OPENSSL_cleanse(inner, sizeof(inner));
    OPENSSL_cleanse(outer, sizeof(outer));
    return ok;
}

/* `first` is the label of the key; those of authentication key and salt follow. */
static enum result keys_derive(struct cm_keys *keys, struct span master, enum evp_label first)
{
    uint8_t key[KEY_BYTES], auth[AUTH_BYTES];
    enum result result = evp_derive(master, KEY_BYTES, first, key, sizeof(key));
    if (result_ok(result))
        result = evp_derive(master, KEY_BYTES, first + 1, auth, sizeof(auth));
    if (result_ok(result))
        result = evp_derive(master, KEY_BYTES, first + 2, keys->salt, SALT_BYTES);
    if (result_ok(result) && (keys->cipher = EVP_CIPHER_CTX_new()) == NULL)
        result = RESULT_NO_MEMORY;
    if (result_ok(result) &&
        (EVP_EncryptInit_ex(keys->cipher, EVP_aes_128_ctr(), NULL, key, NULL) != 1 ||
         !hmac_prepare(keys, auth)))
        result = RESULT_LIBRARY;
    OPENSSL_cleanse(key, sizeof(key));
    OPENSSL_cleanse(auth, sizeof(auth));
    return result;
}

static void cm_destroy(void *state)
{
    struct cm_state *cm = state;
    if (cm == NULL)
        return;
    EVP_CIPHER_CTX_free(cm->rtp.cipher);
    EVP_CIPHER_CTX_free(cm->rtcp.cipher);
    evp_streams_free(&cm->streams);
    OPENSSL_cleanse(cm, sizeof(*cm));
    free(cm);
}

static enum result cm_create(enum srtp_profile profile, struct span key_and_salt,
                             enum srtp_direction direction, void **ret_state)
{
    struct cm_state *cm = calloc(1, sizeof(*cm));
    (void)profile;
    (void)direction; /* counter mode is its own inverse */
    if (cm == NULL)
        return RESULT_NO_MEMORY;
    enum result result = keys_derive(&cm->rtp, key_and_salt, EVP_LABEL_RTP_KEY);
    if (result_ok(result))
        result = keys_derive(&cm->rtcp, key_and_salt, EVP_LABEL_RTCP_KEY);
    if (!result_ok(result)) {
        cm_destroy(cm);
        return result;
    }
    *ret_state = cm;
    return RESULT_OK;
}

static bool crypt(struct cm_keys *keys, uint32_t ssrc, uint64_t index_48, uint8_t *data,
                  size_t length)
{
    uint8_t counter[BLOCK_BYTES] = {0}, mask[BLOCK_BYTES] = {0};
    int written = 0;
    memcpy(counter, keys->salt, SALT_BYTES);
    bytes_put_u32(mask + 4, ssrc);
    bytes_put_u16(mask + 8, (uint16_t)(index_48 >> 32));
    bytes_put_u32(mask + 10, (uint32_t)index_48);
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        counter[i] ^= mask[i];
    return EVP_EncryptInit_ex(keys->cipher, NULL, NULL, NULL, counter) == 1 &&
           (length == 0 || EVP_EncryptUpdate(keys->cipher, data, &written, data, (int)length) == 1);
}

static bool authenticate(const struct cm_keys *keys, const uint8_t *bytes, size_t length,
                         uint32_t word, uint8_t *ret_tag)
{
    uint8_t last[4], digest[SHA_DIGEST_LENGTH];
    SHA_CTX inner = keys->inner, outer = keys->outer;
    bytes_put_u32(last, word);
    bool ok = SHA1_Update(&inner, bytes, length) == 1 &&
              SHA1_Update(&inner, last, sizeof(last)) == 1 && SHA1_Final(digest, &inner) == 1 &&
              SHA1_Update(&outer, digest, sizeof(digest)) == 1 && SHA1_Final(digest, &outer) == 1;
    memcpy(ret_tag, digest, TAG_BYTES);
    return ok;
}

static enum result cm_seal_rtp(void *state, struct srtp_packet *packet)
{
    struct cm_state *cm = state;
    struct evp_stream *stream = evp_stream_at(&cm->streams, packet->stream);
    if (stream == NULL)
        return RESULT_NO_MEMORY;
    uint64_t index = evp_guess_index(stream, bytes_get_u16(packet->bytes + 2));
    if (!replay_window_fresh(&stream->rtp, index))
        return RESULT_REPLAY;
    if (index >> 16 > ROLL_OVERS_LAST)
        return RESULT_STALE; /* 2^48 packets: the key is used up, §9.2 */
    /* Marked before the library runs: should it fail half-way, this key stream is not used again. */
    replay_window_mark(&stream->rtp, index);
    if (!crypt(&cm->rtp, packet->ssrc, index, packet->bytes + packet->header_length,
               packet->length - packet->header_length) ||
        !authenticate(&cm->rtp, packet->bytes, packet->length, (uint32_t)(index >> 16),
                      packet->bytes + packet->length))
        return RESULT_LIBRARY;
    packet->length += TAG_BYTES;
    return RESULT_OK;
}

static enum result cm_open_rtp(void *state, struct srtp_packet *packet)
{
    struct cm_state *cm = state;
    struct evp_stream *stream = evp_stream_at(&cm->streams, packet->stream);
    if (stream == NULL)
        return RESULT_NO_MEMORY;
    uint8_t tag[TAG_BYTES];
    if (packet->length < packet->header_length + TAG_BYTES)
        return RESULT_PARSE;
    size_t plain = packet->length - TAG_BYTES;
    uint64_t index = evp_guess_index(stream, bytes_get_u16(packet->bytes + 2));
    if (index >> 16 > ROLL_OVERS_LAST)
        return RESULT_STALE;
    if (!replay_window_fresh(&stream->rtp, index))
        return RESULT_REPLAY;
    if (!authenticate(&cm->rtp, packet->bytes, plain, (uint32_t)(index >> 16), tag))
        return RESULT_LIBRARY;
    if (CRYPTO_memcmp(tag, packet->bytes + plain, TAG_BYTES) != 0)
        return RESULT_CRYPTO;
    if (!crypt(&cm->rtp, packet->ssrc, index, packet->bytes + packet->header_length,
               plain - packet->header_length))
        return RESULT_LIBRARY;
    replay_window_mark(&stream->rtp, index);
    packet->length = plain;
    return RESULT_OK;
}

/* §3.4: the 8 first bytes stay in clear; the E-and-index word follows the payload, the tag the word. */
static enum result cm_seal_rtcp(void *state, struct srtp_packet *packet)
{
    struct cm_state *cm = state;
    struct evp_stream *stream = evp_stream_at(&cm->streams, packet->stream);
    if (stream == NULL)
        return RESULT_NO_MEMORY;
    if (stream->rtcp_next >= RTCP_INDEX_LAST)
        return RESULT_STALE;
    uint32_t index = ++stream->rtcp_next; /* used up even if the library fails */
    uint8_t *end = packet->bytes + packet->length;
    if (!crypt(&cm->rtcp, packet->ssrc, index, packet->bytes + packet->header_length,
               packet->length - packet->header_length) ||
        !authenticate(&cm->rtcp, packet->bytes, packet->length, RTCP_ENCRYPTED | index,
                      end + RTCP_INDEX_BYTES))
        return RESULT_LIBRARY;
    bytes_put_u32(end, RTCP_ENCRYPTED | index);
    packet->length += RTCP_INDEX_BYTES + TAG_BYTES;
    return RESULT_OK;
}

static enum result cm_open_rtcp(void *state, struct srtp_packet *packet)
{
    struct cm_state *cm = state;
    struct evp_stream *stream = evp_stream_at(&cm->streams, packet->stream);
    if (stream == NULL)
        return RESULT_NO_MEMORY;
    uint8_t tag[TAG_BYTES];
    if (packet->length < packet->header_length + RTCP_INDEX_BYTES + TAG_BYTES)
        return RESULT_PARSE;
    size_t plain = packet->length - RTCP_INDEX_BYTES - TAG_BYTES;
    uint32_t word = bytes_get_u32(packet->bytes + plain);
    uint32_t index = word & RTCP_INDEX_LAST;
    if (!replay_window_fresh(&stream->rtcp, index))
        return RESULT_REPLAY;
    if (!authenticate(&cm->rtcp, packet->bytes, plain, word, tag))
        return RESULT_LIBRARY;
    if (CRYPTO_memcmp(tag, packet->bytes + plain + RTCP_INDEX_BYTES, TAG_BYTES) != 0)
        return RESULT_CRYPTO;
    /* §3.4 allows it, our profile does not (RFC 5764 §4.1.2); libsrtp2 refuses it too */
    if ((word & RTCP_ENCRYPTED) == 0)
        return RESULT_CRYPTO;
    if (!crypt(&cm->rtcp, packet->ssrc, index, packet->bytes + packet->header_length,
               plain - packet->header_length))
        return RESULT_LIBRARY;
    replay_window_mark(&stream->rtcp, index);
    packet->length = plain;
    return RESULT_OK;
}

const struct srtp_backend SRTP_BACKEND_TABLE_EVP_CM = {
    .knows = cm_knows,
    .create = cm_create,
    .destroy = cm_destroy,
    .open_rtp = cm_open_rtp,
    .seal_rtp = cm_seal_rtp,
    .open_rtcp = cm_open_rtcp,
    .seal_rtcp = cm_seal_rtcp,
};
