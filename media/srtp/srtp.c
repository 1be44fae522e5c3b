#include "media/srtp/srtp.h"

#include <stdlib.h>
#include <string.h>

#include <srtp2/srtp.h>

#include "media/srtp/srtp_backend.h"

/* RFC 5764 §4.1.2 and RFC 7714 §14.2 */
static const struct srtp_profile_info PROFILES[SRTP_PROFILE_COUNT] = {
    [SRTP_PROFILE_AES128_CM_SHA1_80] = {"AES_CM_128_HMAC_SHA1_80", "SRTP_AES128_CM_SHA1_80", 0x0001,
                                        16, 14},
    [SRTP_PROFILE_AEAD_AES_128_GCM] = {"AEAD_AES_128_GCM", "SRTP_AEAD_AES_128_GCM", 0x0007, 16, 12},
    [SRTP_PROFILE_AEAD_AES_256_GCM] = {"AEAD_AES_256_GCM", "SRTP_AEAD_AES_256_GCM", 0x0008, 32, 12},
};

struct srtp_context {
    const struct srtp_backend *backend;
    void *state;
    enum srtp_direction direction;
    uint32_t streams_count;
    uint32_t ssrcs[SRTP_STREAMS_MAX];
};

const struct srtp_profile_info *srtp_profile_info(enum srtp_profile profile)
{
    if ((unsigned)profile >= SRTP_PROFILE_COUNT || profile == SRTP_PROFILE_NONE)
        return NULL;
    return &PROFILES[profile];
}

enum srtp_profile srtp_profile_from_dtls(uint16_t dtls_id)
{
    for (int i = SRTP_PROFILE_NONE + 1; i < SRTP_PROFILE_COUNT; i++) {
        if (PROFILES[i].dtls_id == dtls_id)
            return (enum srtp_profile)i;
    }
    return SRTP_PROFILE_NONE;
}

enum result srtp_library_start(void)
{
    return srtp_init() == srtp_err_status_ok ? RESULT_OK : RESULT_LIBRARY;
}

void srtp_library_stop(void)
{
    (void)srtp_shutdown();
}

static const struct srtp_backend *backend_for(enum srtp_backend_kind kind,
                                              enum srtp_profile profile)
{
    if (kind != SRTP_BACKEND_LIBSRTP && SRTP_BACKEND_TABLE_EVP.knows(profile))
        return &SRTP_BACKEND_TABLE_EVP;
    if (kind != SRTP_BACKEND_LIBSRTP && SRTP_BACKEND_TABLE_EVP_CM.knows(profile))
        return &SRTP_BACKEND_TABLE_EVP_CM;
    if (kind != SRTP_BACKEND_EVP && SRTP_BACKEND_TABLE_LIBSRTP.knows(profile))
        return &SRTP_BACKEND_TABLE_LIBSRTP;
    return NULL;
}

enum result srtp_context_new(enum srtp_profile profile, struct span key_and_salt,
                             enum srtp_direction direction, enum srtp_backend_kind backend,
                             struct srtp_context **ret_context)
{
    const struct srtp_profile_info *info = srtp_profile_info(profile);
    if (info == NULL || key_and_salt.length != (size_t)info->key_bytes + info->salt_bytes)
        return RESULT_INVALID;
    const struct srtp_backend *table = backend_for(backend, profile);
    if (table == NULL)
        return RESULT_UNSUPPORTED;
    struct srtp_context *context = calloc(1, sizeof(*context));
    if (context == NULL)
        return RESULT_NO_MEMORY;
    context->backend = table;
    context->direction = direction;
    enum result result = table->create(profile, key_and_salt, direction, &context->state);
    if (!result_ok(result)) {
        free(context);
        return result;
    }
    *ret_context = context;
    return RESULT_OK;
}

struct srtp_context *srtp_context_free(struct srtp_context *context)
{
    if (context != NULL) {
        context->backend->destroy(context->state);
        free(context);
    }
    return NULL;
}

/* RFC 3550 §5.1, §5.3.1: fixed header, CSRCs, extension block. This much must be there before a library looks. */
static bool rtp_clear_length(const uint8_t *packet, size_t length, size_t *ret_header_length)
{
    if (length < 12 || packet[0] >> 6 != 2)
        return false;
    size_t header = 12 + 4 * (size_t)(packet[0] & 0x0f);
    if ((packet[0] & 0x10) != 0) {
        if (length < header + 4)
            return false;
        header += 4 + 4 * (size_t)bytes_get_u16(packet + header + 2);
    }
    *ret_header_length = header;
    return header <= length;
}

/* Runs one step on a packet whose SSRC is known or may become known. */
static enum result run(struct srtp_context *context, srtp_backend_step *step,
                       struct srtp_packet *packet, size_t *length)
{
    packet->stream = 0;
    while (packet->stream < context->streams_count &&
           context->ssrcs[packet->stream] != packet->ssrc)
        packet->stream++;
    if (packet->stream == SRTP_STREAMS_MAX)
        return RESULT_TOO_MANY;
    enum result result = step(context->state, packet);
    /* An SSRC gets its place by authenticating. One of ours gets it at once: were sealing to fail half-way, its
     * numbers must stay used. */
    if (packet->stream == context->streams_count &&
        (result_ok(result) || context->direction == SRTP_SEND)) {
        context->ssrcs[packet->stream] = packet->ssrc;
        context->streams_count++;
    }
    if (!result_ok(result))
        return result;
    *length = packet->length;
    return RESULT_OK;
}

static enum result run_rtp(struct srtp_context *context, srtp_backend_step *step, uint8_t *bytes,
                           size_t *length)
{
    struct srtp_packet packet = {.bytes = bytes, .length = *length};
    if (!rtp_clear_length(bytes, *length, &packet.header_length))
        return RESULT_PARSE;
    packet.ssrc = bytes_get_u32(bytes + 8);
    return run(context, step, &packet, length);
}

static enum result run_rtcp(struct srtp_context *context, srtp_backend_step *step, uint8_t *bytes,
                            size_t *length)
{
    if (*length < 8 || bytes[0] >> 6 != 2)
        return RESULT_PARSE;
    struct srtp_packet packet = {
        .bytes = bytes, .length = *length, .header_length = 8, .ssrc = bytes_get_u32(bytes + 4)};
    return run(context, step, &packet, length);
}

enum result srtp_open(struct srtp_context *context, uint8_t *packet, size_t *length)
{
    if (context->direction != SRTP_RECEIVE)
        return RESULT_WRONG_STATE;
    return run_rtp(context, context->backend->open_rtp, packet, length);
}

enum result srtcp_open(struct srtp_context *context, uint8_t *packet, size_t *length)
{
    if (context->direction != SRTP_RECEIVE)
        return RESULT_WRONG_STATE;
    return run_rtcp(context, context->backend->open_rtcp, packet, length);
}

enum result srtp_seal(struct srtp_context *context, uint8_t *packet, size_t *length,
                      size_t capacity)
{
    if (context->direction != SRTP_SEND)
        return RESULT_WRONG_STATE;
    if (capacity < *length || capacity - *length < SRTP_OVERHEAD_BYTES_MAX)
        return RESULT_TOO_LARGE;
    return run_rtp(context, context->backend->seal_rtp, packet, length);
}

enum result srtcp_seal(struct srtp_context *context, uint8_t *packet, size_t *length,
                       size_t capacity)
{
    if (context->direction != SRTP_SEND)
        return RESULT_WRONG_STATE;
    if (capacity < *length || capacity - *length < SRTP_OVERHEAD_BYTES_MAX)
        return RESULT_TOO_LARGE;
    return run_rtcp(context, context->backend->seal_rtcp, packet, length);
}
