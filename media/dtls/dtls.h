/* DTLS-SRTP, server side (RFC 5763, 5764, 6347) over datagrams in memory: datagram in, datagrams out through a
 * callback, next deadline. It touches no socket. The one clock it cannot be told is the library's own for
 * retransmission; deadlines are therefore reported as a remaining time.
 *
 * Thread: that of the owner (a media worker).
 * Order: dtls_session_new → input / timeout until DTLS_DONE → dtls_session_keys → … → dtls_session_free.
 * The peer's fingerprint is needed from the start: the certificate is compared inside the handshake, so a stranger
 * never completes one and no key is ever exported for it (RFC 8827 §5). */
#ifndef MEDIA_DTLS_DTLS_H
#define MEDIA_DTLS_DTLS_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/result.h"
#include "media/dtls/dtls_identity.h"
#include "media/srtp/srtp.h"

/* What all sessions of one worker share: certificate, ciphers, profiles. */
struct dtls_context;

MUST_CHECK enum result dtls_context_new(const struct dtls_identity *identity,
                                        struct dtls_context **ret_context);
struct dtls_context *dtls_context_free(struct dtls_context *context);

/* Embedded by the caller; called for each datagram to be sent, at most MEDIA_MTU bytes. */
struct dtls_output {
    void (*send)(struct dtls_output *output, struct span datagram);
};

enum dtls_state {
    DTLS_HANDSHAKE,
    DTLS_DONE,     /* keys may be taken */
    DTLS_STRANGER, /* the certificate does not match the fingerprint */
    DTLS_FAILED,   /* anything else that ends a handshake */
    DTLS_CLOSED,   /* close_notify came, or a fatal alert after the handshake */
};

struct dtls_session;

MUST_CHECK enum result dtls_session_new(struct dtls_context *context,
                                        const struct media_fingerprint *peer,
                                        struct dtls_output *output,
                                        struct dtls_session **ret_session);
struct dtls_session *dtls_session_free(struct dtls_session *session);
/* Takes one datagram; answers leave through the output before it returns. Safe in every state. */
enum dtls_state dtls_session_input(struct dtls_session *session, struct span datagram);
/* Microseconds until dtls_session_timeout should be called; negative when no retransmission is pending. */
int64_t dtls_session_remaining_us(struct dtls_session *session);
/* Retransmits the last flight when its time has come. */
enum dtls_state dtls_session_timeout(struct dtls_session *session);
enum dtls_state dtls_session_state(const struct dtls_session *session);
/* Sends close_notify (once, after DTLS_DONE; else nothing). */
void dtls_session_close(struct dtls_session *session);

/* Keying material of RFC 5764 §4.2, each side's master key followed by its salt, as srtp_context_new takes it. */
struct dtls_keys {
    enum srtp_profile profile;
    uint8_t length; /* of each side: key + salt */
    uint8_t
        client[SRTP_KEY_AND_SALT_BYTES_MAX]; /* what the browser seals with, so we open with it */
    uint8_t server[SRTP_KEY_AND_SALT_BYTES_MAX]; /* ours */
};

/* RESULT_WRONG_STATE before DTLS_DONE. The caller wipes the copy with dtls_keys_wipe. */
MUST_CHECK enum result dtls_session_keys(struct dtls_session *session, struct dtls_keys *ret_keys);
void dtls_keys_wipe(struct dtls_keys *keys);

/* True when the datagram begins with (a fragment of) a ClientHello in clear (RFC 6347 §4.1, §4.2.2): the only thing that
 * may open a session. `ret_fragment_at` is where in the message the fragment lies. */
bool dtls_is_client_hello(struct span datagram, uint32_t *ret_fragment_at);

#endif
