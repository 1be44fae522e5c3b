/* libsrtp2 behind the seam: every profile, and the oracle for the other backend. The library keeps its own list of
 * streams (roll-over counter and replay window each); it grows only by authenticated SSRCs, and srtp.c counts those. */
#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <srtp2/srtp.h>

#include "media/srtp/srtp_backend.h"

static bool libsrtp_knows(enum srtp_profile profile)
{
    return srtp_profile_info(profile) != NULL;
}

static enum result result_of(srtp_err_status_t status)
{
    switch (status) {
    case srtp_err_status_ok:
        return RESULT_OK;
    case srtp_err_status_auth_fail:
    case srtp_err_status_cipher_fail:
        return RESULT_CRYPTO;
    case srtp_err_status_replay_fail:
    case srtp_err_status_replay_old:
    case srtp_err_status_pkt_idx_old:
        return RESULT_REPLAY;
    case srtp_err_status_key_expired:
        return RESULT_STALE;
    case srtp_err_status_bad_param:
    case srtp_err_status_parse_err:
        return RESULT_PARSE;
    case srtp_err_status_alloc_fail:
        return RESULT_NO_MEMORY;
    default:
        return RESULT_LIBRARY;
    }
}

static void set_crypto(enum srtp_profile profile, srtp_policy_t *policy)
{
    switch (profile) {
    case SRTP_PROFILE_AEAD_AES_128_GCM:
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtcp);
        break;
    case SRTP_PROFILE_AEAD_AES_256_GCM:
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy->rtp);
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy->rtcp);
        break;
    default:
        srtp_crypto_policy_set_rtp_default(&policy->rtp);
        srtp_crypto_policy_set_rtcp_default(&policy->rtcp);
        break;
    }
}

static enum result libsrtp_create(enum srtp_profile profile, struct span key_and_salt,
                                  enum srtp_direction direction, void **ret_state)
{
    uint8_t key[SRTP_KEY_AND_SALT_BYTES_MAX];
    memcpy(key, key_and_salt.data, key_and_salt.length);
    srtp_policy_t policy = {
        .key = key,
        .window_size = SRTP_REPLAY_WINDOW_PACKETS,
        .allow_repeat_tx = 0,
        .ssrc = {.type = direction == SRTP_RECEIVE ? ssrc_any_inbound : ssrc_any_outbound}};
    set_crypto(profile, &policy);
    srtp_t session = NULL;
    srtp_err_status_t status = srtp_create(&session, &policy);
    OPENSSL_cleanse(key, sizeof(key));
    if (status != srtp_err_status_ok)
        return result_of(status) == RESULT_NO_MEMORY ? RESULT_NO_MEMORY : RESULT_LIBRARY;
    *ret_state = session;
    return RESULT_OK;
}

/* The library zeroes the session keys and salts of every stream it frees. */
static void libsrtp_destroy(void *state)
{
    (void)srtp_dealloc(state);
}

static enum result libsrtp_step(void *state, struct srtp_packet *packet,
                                srtp_err_status_t (*function)(srtp_t, void *, int *))
{
    if (packet->length > INT_MAX - SRTP_MAX_TRAILER_LEN)
        return RESULT_TOO_LARGE;
    int length = (int)packet->length;
    enum result result = result_of(function(state, packet->bytes, &length));
    if (result_ok(result))
        packet->length = (size_t)length;
    return result;
}

static enum result libsrtp_open_rtp(void *state, struct srtp_packet *packet)
{
    return libsrtp_step(state, packet, srtp_unprotect);
}

static enum result libsrtp_seal_rtp(void *state, struct srtp_packet *packet)
{
    return libsrtp_step(state, packet, srtp_protect);
}

static enum result libsrtp_open_rtcp(void *state, struct srtp_packet *packet)
{
    return libsrtp_step(state, packet, srtp_unprotect_rtcp);
}

static enum result libsrtp_seal_rtcp(void *state, struct srtp_packet *packet)
{
    return libsrtp_step(state, packet, srtp_protect_rtcp);
}

const struct srtp_backend SRTP_BACKEND_TABLE_LIBSRTP = {
    .knows = libsrtp_knows,
    .create = libsrtp_create,
    .destroy = libsrtp_destroy,
    .open_rtp = libsrtp_open_rtp,
    .seal_rtp = libsrtp_seal_rtp,
    .open_rtcp = libsrtp_open_rtcp,
    .seal_rtcp = libsrtp_seal_rtcp,
};
