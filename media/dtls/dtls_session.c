/* One peer's handshake and what is left of DTLS after it (retransmitted Finished, close_notify). */
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "gateway/base/clock.h"
#include "media/dtls/dtls_context.h"
#include "media/media_limits.h"

/* RFC 6347 §4.2.4.1 suggests one second; the peer has just answered a connectivity check, so the round trip is known
 * to be shorter than a tenth of that on most links, and doubling repairs the guess on the others. */
#define FIRST_RETRANSMISSION_US 100000u
#define LAST_RETRANSMISSION_US  1600000u

#define EXPORTER_LABEL          "EXTRACTOR-dtls_srtp" /* RFC 5764 §4.2 */

/* Thread: media worker.   Owner: struct endpoint.
 * Life:   dtls_session_new … dtls_session_free, which also wipes the library's secrets.
 * Bound:  one an endpoint; MEDIA_HALF_OPEN_HANDSHAKES_MAX a worker before DTLS_DONE. */
struct dtls_session {
    struct dtls_session_base base;
    struct dtls_bio pipe;
    SSL *ssl;
    enum dtls_state state;
    bool close_sent;
};

static unsigned retransmission_timer(SSL *ssl, unsigned timer_us)
{
    (void)ssl;
    if (timer_us == 0)
        return FIRST_RETRANSMISSION_US;
    return timer_us * 2 > LAST_RETRANSMISSION_US ? LAST_RETRANSMISSION_US : timer_us * 2;
}

enum result dtls_session_new(struct dtls_context *context, const struct media_fingerprint *peer,
                             struct dtls_output *output, struct dtls_session **ret_session)
{
    struct dtls_session *session = calloc(1, sizeof(*session));
    if (session == NULL)
        return RESULT_NO_MEMORY;
    session->base.peer = *peer;
    session->pipe.output = output;
    session->ssl = SSL_new(context->ssl);
    BIO *bio = session->ssl == NULL ? NULL : dtls_bio_new(context->bio, &session->pipe);
    if (bio == NULL) {
        dtls_session_free(session);
        return RESULT_LIBRARY;
    }
    SSL_set_bio(session->ssl, bio, bio);
    SSL_set_app_data(session->ssl, &session->base);
    SSL_set_accept_state(session->ssl);
    SSL_set_mtu(session->ssl, MEDIA_MTU);
    DTLS_set_timer_cb(session->ssl, retransmission_timer);
    *ret_session = session;
    return RESULT_OK;
}

struct dtls_session *dtls_session_free(struct dtls_session *session)
{
    if (session == NULL)
        return NULL;
    SSL_free(session->ssl);
    free(session);
    return NULL;
}

/* Turns the library's answer to SSL_do_handshake or SSL_read into our state. */
static void session_judge(struct dtls_session *session, int returned)
{
    int error = SSL_get_error(session->ssl, returned);
    bool finished = SSL_is_init_finished(session->ssl);
    if (SSL_get_shutdown(session->ssl) & SSL_RECEIVED_SHUTDOWN)
        session->state = finished ? DTLS_CLOSED : DTLS_FAILED;
    else if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL)
        session->state = session->base.stranger ? DTLS_STRANGER
                         : finished             ? DTLS_CLOSED
                                                : DTLS_FAILED;
    else if (finished && session->state == DTLS_HANDSHAKE)
        session->state =
            SSL_get_selected_srtp_profile(session->ssl) != NULL ? DTLS_DONE : DTLS_FAILED;
    ERR_clear_error();
}

static bool session_over(const struct dtls_session *session)
{
    return session->state != DTLS_HANDSHAKE && session->state != DTLS_DONE;
}

/* The library keeps a record buffer of 16 kB for each peer; after the handshake hardly a record comes any more. Reading
 * makes it again. */
static void session_rest(struct dtls_session *session)
{
    if (session->state == DTLS_DONE)
        SSL_free_buffers(session->ssl);
}

enum dtls_state dtls_session_input(struct dtls_session *session, struct span datagram)
{
    if (session_over(session))
        return session->state;
    ERR_clear_error();
    session->pipe.incoming = datagram;
    if (session->state == DTLS_HANDSHAKE)
        session_judge(session, SSL_do_handshake(session->ssl));
    /* One datagram may carry several records, and after the handshake a repeated Finished or an alert. Application
     * data is read and forgotten: we speak none. */
    uint8_t discarded[256];
    for (int rounds = 0; session->state == DTLS_DONE && rounds < 16; rounds++) {
        int got = SSL_read(session->ssl, discarded, sizeof(discarded));
        if (got > 0)
            continue;
        session_judge(session, got);
        break;
    }
    session->pipe.incoming = span_of(NULL, 0);
    session_rest(session);
    return session->state;
}

int64_t dtls_session_remaining_us(struct dtls_session *session)
{
    struct timeval left;
    if (session->state != DTLS_HANDSHAKE || DTLSv1_get_timeout(session->ssl, &left) != 1)
        return -1;
    return (int64_t)left.tv_sec * US_PER_S + left.tv_usec;
}

enum dtls_state dtls_session_timeout(struct dtls_session *session)
{
    if (session->state != DTLS_HANDSHAKE)
        return session->state;
    ERR_clear_error();
    if (DTLSv1_handle_timeout(session->ssl) < 0)
        session->state = DTLS_FAILED;
    ERR_clear_error();
    return session->state;
}

enum dtls_state dtls_session_state(const struct dtls_session *session)
{
    return session->state;
}

void dtls_session_close(struct dtls_session *session)
{
    if (session->state != DTLS_DONE || session->close_sent)
        return;
    session->close_sent = true;
    ERR_clear_error();
    /* OpenSSL 3.0 writes into buffers that only a read makes again, see session_rest(). */
    uint8_t nothing;
    (void)SSL_read(session->ssl, &nothing, sizeof(nothing));
    SSL_shutdown(session->ssl);
    ERR_clear_error();
}

enum result dtls_session_keys(struct dtls_session *session, struct dtls_keys *ret_keys)
{
    if (session->state != DTLS_DONE)
        return RESULT_WRONG_STATE;
    struct dtls_keys keys = {0};
    keys.profile =
        srtp_profile_from_dtls((uint16_t)SSL_get_selected_srtp_profile(session->ssl)->id);
    const struct srtp_profile_info *info = srtp_profile_info(keys.profile);
    if (info == NULL)
        return RESULT_UNSUPPORTED;
    size_t key_bytes = info->key_bytes, salt_bytes = info->salt_bytes;
    /* client key, server key, client salt, server salt */
    uint8_t block[2 * SRTP_KEY_AND_SALT_BYTES_MAX];
    if (SSL_export_keying_material(session->ssl, block, 2 * (key_bytes + salt_bytes),
                                   EXPORTER_LABEL, strlen(EXPORTER_LABEL), NULL, 0, 0) != 1)
        return RESULT_LIBRARY;
    keys.length = (uint8_t)(key_bytes + salt_bytes);
    memcpy(keys.client, block, key_bytes);
    memcpy(keys.server, block + key_bytes, key_bytes);
    memcpy(keys.client + key_bytes, block + 2 * key_bytes, salt_bytes);
    memcpy(keys.server + key_bytes, block + 2 * key_bytes + salt_bytes, salt_bytes);
    OPENSSL_cleanse(block, sizeof(block));
    *ret_keys = keys;
    dtls_keys_wipe(&keys);
    return RESULT_OK;
}

void dtls_keys_wipe(struct dtls_keys *keys)
{
    OPENSSL_cleanse(keys, sizeof(*keys));
}

bool dtls_is_client_hello(struct span datagram, uint32_t *ret_fragment_at)
{
    /* record: type 1, version 2, epoch 2, sequence 6, length 2; message: type 1, length 3, sequence 2, offset 3 */
    struct bytes_reader reader = bytes_reader_of(datagram);
    uint8_t content_type, message_type;
    uint16_t epoch;
    uint32_t fragment_at;
    if (!bytes_read_u8(&reader, &content_type) || !bytes_skip(&reader, 2) ||
        !bytes_read_u16(&reader, &epoch) || !bytes_skip(&reader, 6 + 2) ||
        !bytes_read_u8(&reader, &message_type) || !bytes_skip(&reader, 3 + 2) ||
        !bytes_read_u24(&reader, &fragment_at))
        return false;
    *ret_fragment_at = fragment_at;
    return content_type == 22 && epoch == 0 && message_type == 1;
}
