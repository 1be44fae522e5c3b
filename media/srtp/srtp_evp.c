/* RFC 7714 (AES-GCM for SRTP) on OpenSSL EVP. Roughly half the cost per packet of the distribution's libsrtp2, which is
 * built on NSS. Tested against libsrtp2 packet by packet.
 *
 *   master key, salt ──AES-CM PRF, labels 0 2 3 5 (RFC 3711 §4.3)──► session key and salt, RTP and RTCP
 *   IV  = (00 00 | SSRC | roll-over counter | sequence)      xor salt   RTP,  RFC 7714 §8.1
 *   IV  = (00 00 | SSRC | 00 00 | 31-bit SRTCP index)        xor salt   RTCP, RFC 7714 §9.1 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "media/srtp/srtp_backend.h"
#include "media/srtp/srtp_evp_parts.h"

#define TAG_BYTES  16
#define SALT_BYTES 12
#define IV_BYTES   12

/* All of an evp_state belongs to one context and so to one worker; places as in srtp.c. */
struct evp_state {
    EVP_CIPHER_CTX *rtp, *rtcp;
    uint8_t rtp_salt[SALT_BYTES], rtcp_salt[SALT_BYTES];
    bool sealing;
    struct evp_streams streams;
};

static bool evp_knows(enum srtp_profile profile)
{
    return profile == SRTP_PROFILE_AEAD_AES_128_GCM || profile == SRTP_PROFILE_AEAD_AES_256_GCM;
}

static enum result cipher_new(struct span master, size_t key_bytes, enum evp_label label,
                              bool sealing, EVP_CIPHER_CTX **ret_cipher)
{
    uint8_t key[32];
    enum result result = evp_derive(master, key_bytes, label, key, key_bytes);
    EVP_CIPHER_CTX *cipher = result_ok(result) ? EVP_CIPHER_CTX_new() : NULL;
    if (result_ok(result) && cipher == NULL)
        result = RESULT_NO_MEMORY;
    const EVP_CIPHER *kind = key_bytes == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
    if (result_ok(result) && EVP_CipherInit_ex(cipher, kind, NULL, key, NULL, sealing ? 1 : 0) != 1)
        result = RESULT_LIBRARY;
    OPENSSL_cleanse(key, sizeof(key));
    if (!result_ok(result)) {
        EVP_CIPHER_CTX_free(cipher);
        return result;
    }
    *ret_cipher = cipher;
    return RESULT_OK;
}

/* EVP_CIPHER_CTX_free cleanses the key schedules it holds. */
static void evp_destroy(void *state)
{
    struct evp_state *evp = state;
    if (evp == NULL)
        return;
    EVP_CIPHER_CTX_free(evp->rtp);
    EVP_CIPHER_CTX_free(evp->rtcp);
    evp_streams_free(&evp->streams);
    OPENSSL_cleanse(evp, sizeof(*evp));
    free(evp);
}

static enum result evp_create(enum srtp_profile profile, struct span key_and_salt,
                              enum srtp_direction direction, void **ret_state)
{
    struct evp_state *evp = calloc(1, sizeof(*evp));
    if (evp == NULL)
        return RESULT_NO_MEMORY;
    evp->sealing = direction == SRTP_SEND;
    size_t key_bytes = srtp_profile_info(profile)->key_bytes;
    enum result result =
        evp_derive(key_and_salt, key_bytes, EVP_LABEL_RTP_SALT, evp->rtp_salt, SALT_BYTES);
    if (result_ok(result))
        result =
            evp_derive(key_and_salt, key_bytes, EVP_LABEL_RTCP_SALT, evp->rtcp_salt, SALT_BYTES);
    if (result_ok(result))
        result = cipher_new(key_and_salt, key_bytes, EVP_LABEL_RTP_KEY, evp->sealing, &evp->rtp);
    if (result_ok(result))
        result = cipher_new(key_and_salt, key_bytes, EVP_LABEL_RTCP_KEY, evp->sealing, &evp->rtcp);
    if (!result_ok(result)) {
        evp_destroy(evp);
        return result;
    }
    *ret_state = evp;
    return RESULT_OK;
}

static void make_iv(const uint8_t *salt, uint32_t ssrc, uint64_t index_48, uint8_t *ret_iv)
{
    uint8_t iv[IV_BYTES] = {0};
    bytes_put_u32(iv + 2, ssrc);
    bytes_put_u16(iv + 6, (uint16_t)(index_48 >> 32));
    bytes_put_u32(iv + 8, (uint32_t)index_48);
    for (size_t i = 0; i < IV_BYTES; i++)
        ret_iv[i] = iv[i] ^ salt[i];
}

struct gcm_input {
    const uint8_t *iv;
    struct span aad[2]; /* the second may be empty */
    uint8_t *data;
    size_t length;
};

static bool gcm_feed(EVP_CIPHER_CTX *cipher, const struct gcm_input *input)
{
    int written = 0;
    if (EVP_CipherInit_ex(cipher, NULL, NULL, NULL, input->iv, -1) != 1)
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(input->aad); i++) {
        if (input->aad[i].length > 0 && EVP_CipherUpdate(cipher, NULL, &written, input->aad[i].data,
                                                         (int)input->aad[i].length) != 1)
            return false;
    }
    return input->length == 0 ||
           EVP_CipherUpdate(cipher, input->data, &written, input->data, (int)input->length) == 1;
}

static enum result gcm_seal(EVP_CIPHER_CTX *cipher, const struct gcm_input *input, uint8_t *ret_tag)
{
    uint8_t nothing[16];
    int written = 0;
    if (!gcm_feed(cipher, input) || EVP_CipherFinal_ex(cipher, nothing, &written) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, ret_tag) != 1)
        return RESULT_LIBRARY;
    return RESULT_OK;
}

static enum result gcm_open(EVP_CIPHER_CTX *cipher, const struct gcm_input *input, uint8_t *tag)
{
    uint8_t nothing[16];
    int written = 0;
    if (!gcm_feed(cipher, input) ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) != 1)
        return RESULT_LIBRARY;
    return EVP_CipherFinal_ex(cipher, nothing, &written) == 1 ? RESULT_OK : RESULT_CRYPTO;
}

static enum result evp_seal_rtp(void *state, struct srtp_packet *packet)
{
    struct evp_state *evp = state;
    struct evp_stream *stream = evp_stream_at(&evp->streams, packet->stream);
    if (stream == NULL)
        return RESULT_NO_MEMORY;
    uint64_t index = evp_guess_index(stream, bytes_get_u16(packet->bytes + 2));
    if (!replay_window_fresh(&stream->rtp, index))
        return RESULT_REPLAY;
    if (index >> 16 > ROLL_OVERS_LAST)
        return RESULT_STALE; /* 2^48 packets: the key is used up, RFC 3711 §9.2 */
    uint8_t iv[IV_BYTES];
    make_iv(evp->rtp_salt, packet->ssrc, index, iv);
    struct gcm_input input = {.iv = iv,
                              .aad = {span_of(packet->bytes, packet->header_length)},
                              .data = packet->bytes + packet->header_length,
                              .length = packet->length - packet->header_length};
    /* Marked before the library runs: should it fail half-way, this IV is not used again. */
    replay_window_mark(&stream->rtp, index);
    enum result result = gcm_seal(evp->rtp, &input, packet->bytes + packet->length);
    if (result_ok(result))
        packet->length += TAG_BYTES;
    return result;
}

static enum result evp_open_rtp(void *state, struct srtp_packet *packet)
{
    struct evp_state *evp = state;
    struct evp_stream *stream = evp_stream_at(&evp->streams, packet->stream);
    if (stream == NULL)
        return RESULT_NO_MEMORY;
    if (packet->length < packet->header_length + TAG_BYTES)
        return RESULT_PARSE;
    uint64_t index = evp_guess_index(stream, bytes_get_u16(packet->bytes + 2));
    if (index >> 16 > ROLL_OVERS_LAST)
        return RESULT_STALE;
    if (!replay_window_fresh(&stream->rtp, index))
        return RESULT_REPLAY;
    uint8_t iv[IV_BYTES];
    make_iv(evp->rtp_salt, packet->ssrc, index, iv);
    size_t plain = packet->length - TAG_BYTES;
    struct gcm_input input = {.iv = iv,
                              .aad = {span_of(packet->bytes, packet->header_length)},
                              .data = packet->bytes + packet->header_length,
                              .length = plain - packet->header_length};
    enum result result = gcm_open(evp->rtp, &input, packet->bytes + plain);
    if (!result_ok(result))
        return result;
    replay_window_mark(&stream->rtp, index);
    packet->length = plain;
    return RESULT_OK;
}

/* RFC 7714 §9.2: the 8 first bytes stay in clear; header and the E-and-index word are authenticated. */
static enum result evp_seal_rtcp(void *state, struct srtp_packet *packet)
{
    struct evp_state *evp = state;
    struct evp_stream *stream = evp_stream_at(&evp->streams, packet->stream);
    if (stream == NULL)
        return RESULT_NO_MEMORY;
    if (stream->rtcp_next >= RTCP_INDEX_LAST)
        return RESULT_STALE;
    uint32_t index = ++stream->rtcp_next; /* used up even if the library fails */
    uint8_t word[RTCP_INDEX_BYTES], iv[IV_BYTES];
    bytes_put_u32(word, RTCP_ENCRYPTED | index);
    make_iv(evp->rtcp_salt, packet->ssrc, index, iv);
    struct gcm_input input = {
        .iv = iv,
        .aad = {span_of(packet->bytes, packet->header_length), span_of(word, sizeof(word))},
        .data = packet->bytes + packet->header_length,
        .length = packet->length - packet->header_length};
    enum result result = gcm_seal(evp->rtcp, &input, packet->bytes + packet->length);
    if (!result_ok(result))
        return result;
    memcpy(packet->bytes + packet->length + TAG_BYTES, word, sizeof(word));
    packet->length += TAG_BYTES + sizeof(word);
    return RESULT_OK;
}

static enum result evp_open_rtcp(void *state, struct srtp_packet *packet)
{
    struct evp_state *evp = state;
    struct evp_stream *stream = evp_stream_at(&evp->streams, packet->stream);
    if (stream == NULL)
        return RESULT_NO_MEMORY;
    if (packet->length < packet->header_length + TAG_BYTES + RTCP_INDEX_BYTES)
        return RESULT_PARSE;
    size_t plain = packet->length - TAG_BYTES - RTCP_INDEX_BYTES;
    uint8_t *word = packet->bytes + plain + TAG_BYTES;
    uint32_t index = bytes_get_u32(word) & RTCP_INDEX_LAST;
    bool encrypted = (bytes_get_u32(word) & RTCP_ENCRYPTED) != 0;
    if (!replay_window_fresh(&stream->rtcp, index))
        return RESULT_REPLAY;
    uint8_t iv[IV_BYTES];
    make_iv(evp->rtcp_salt, packet->ssrc, index, iv);
    size_t clear =
        encrypted ? packet->header_length : plain; /* §9.3: without E all is only authenticated */
    struct gcm_input input = {
        .iv = iv,
        .aad = {span_of(packet->bytes, clear), span_of(word, RTCP_INDEX_BYTES)},
        .data = packet->bytes + clear,
        .length = plain - clear};
    enum result result = gcm_open(evp->rtcp, &input, packet->bytes + plain);
    if (!result_ok(result))
        return result;
    replay_window_mark(&stream->rtcp, index);
    packet->length = plain;
    return RESULT_OK;
}

const struct srtp_backend SRTP_BACKEND_TABLE_EVP = {
    .knows = evp_knows,
    .create = evp_create,
    .destroy = evp_destroy,
    .open_rtp = evp_open_rtp,
    .seal_rtp = evp_seal_rtp,
    .open_rtcp = evp_open_rtcp,
    .seal_rtcp = evp_seal_rtcp,
};
