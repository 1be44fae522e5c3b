#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/rand.h>
#include <stun/usages/ice.h>

#include "tests/support/raw_peer_parts.h"

#define MTU                1200
#define DATAGRAM_MAX       2048
#define CHECK_FIRST_US     50000   /* until one is answered */
#define CHECK_CONSENT_US   1000000 /* then */
#define CANDIDATE_PRIORITY (126u << 24 | 65535u << 8 | 255u)

static const uint16_t KNOWN_ATTRIBUTES[] = {
    STUN_ATTRIBUTE_USERNAME,
    STUN_ATTRIBUTE_MESSAGE_INTEGRITY,
    STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS,
    STUN_ATTRIBUTE_ERROR_CODE,
    STUN_ATTRIBUTE_PRIORITY,
    STUN_ATTRIBUTE_USE_CANDIDATE,
    0,
};

bool raw_peer_library_start(void)
{
    stun_debug_disable();
    return srtp_init() == srtp_err_status_ok;
}

void peer_transmit(struct raw_peer *peer, const uint8_t *datagram, size_t length)
{
    if (peer->events != NULL && peer->events->outgoing != NULL &&
        !peer->events->outgoing(peer->events, peer, datagram, length))
        return;
    raw_peer_send(peer, datagram, length);
}

bool raw_peer_send(struct raw_peer *peer, const uint8_t *datagram, size_t length)
{
    if (peer->tcp != NULL)
        return peer_tcp_send(peer, datagram, length);
    if (sendto(peer->fd, datagram, length, MSG_DONTWAIT, (const struct sockaddr *)&peer->to,
               peer->to_length) != (ssize_t)length) {
        peer->counts.send_failed++;
        return false;
    }
    peer->counts.datagrams_out++;
    return true;
}

static void peer_check(struct raw_peer *peer, int64_t now_us)
{
    uint8_t datagram[512];
    char username[96];
    StunMessage message;
    if (peer->check_pending)
        stun_agent_forget_transaction(&peer->stun, peer->check_id);
    size_t used = strlen(peer->remote_ufrag);
    memcpy(username, peer->remote_ufrag, used);
    username[used++] = ':';
    memcpy(username + used, peer->ufrag, strlen(peer->ufrag));
    used += strlen(peer->ufrag);
    size_t length = stun_usage_ice_conncheck_create(
        &peer->stun, &message, datagram, sizeof(datagram), (const uint8_t *)username, used,
        (const uint8_t *)peer->remote_pwd, strlen(peer->remote_pwd), peer->nominate,
        !peer->controlled, CANDIDATE_PRIORITY, 1, NULL, STUN_USAGE_ICE_COMPATIBILITY_RFC5245);
    peer->check_us = now_us;
    if (length == 0)
        return;
    stun_message_id(&message, peer->check_id);
    peer->check_pending = true;
    peer->counts.checks_sent++;
    peer_transmit(peer, datagram, length);
}

static void peer_stun(struct raw_peer *peer, const uint8_t *datagram, size_t length)
{
    StunMessage message;
    struct sockaddr_storage mapped;
    socklen_t mapped_length = sizeof(mapped);
    peer->counts.stun_in++;
    StunValidationStatus status =
        stun_agent_validate(&peer->stun, &message, datagram, length, NULL, NULL);
    if (status != STUN_VALIDATION_SUCCESS)
        return;
    peer->check_pending = false;
    StunUsageIceReturn result = stun_usage_ice_conncheck_process(
        &message, &mapped, &mapped_length, STUN_USAGE_ICE_COMPATIBILITY_RFC5245);
    if (result == STUN_USAGE_ICE_RETURN_ROLE_CONFLICT)
        peer->counts.role_conflicts++;
    if (result != STUN_USAGE_ICE_RETURN_SUCCESS)
        return;
    peer->counts.checks_answered++;
    peer->check_answered = true;
}

static bool address_fill(const char *text, uint16_t port, struct sockaddr_storage *ret_address,
                         socklen_t *ret_length)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memset(ret_address, 0, sizeof(*ret_address));
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(ret_address, &v4, sizeof(v4));
        *ret_length = sizeof(v4);
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        memcpy(ret_address, &v6, sizeof(v6));
        *ret_length = sizeof(v6);
        return true;
    }
    return false;
}

bool raw_peer_rebind(struct raw_peer *peer)
{
    int size = 1 << 20;
    peer->check_us = 0;
    if (peer->tcp != NULL)
        return !peer->has_remote || peer_tcp_connect(peer);
    int fd = socket(peer->bound.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&peer->bound, peer->bound_length) != 0) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = fd;
    return true;
}

static void random_text(char *text, size_t size)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";
    uint8_t bytes[64];
    RAND_bytes(bytes, (int)size);
    for (size_t i = 0; i + 1 < size; i++)
        text[i] = letters[bytes[i] & 63];
    text[size - 1] = 0;
}

struct raw_peer *raw_peer_new(const struct raw_peer_options *options)
{
    struct raw_peer *peer = calloc(1, sizeof(*peer));
    if (peer == NULL)
        return NULL;
    peer->fd = -1;
    peer->events = options->events;
    peer->checks = peer->nominate = true;
    if (options->tcp && (peer->tcp = calloc(1, sizeof(*peer->tcp))) == NULL)
        return raw_peer_free(peer);
    random_text(peer->ufrag, 9);
    random_text(peer->pwd, 25);
    stun_agent_init(&peer->stun, KNOWN_ATTRIBUTES, STUN_COMPATIBILITY_RFC5389,
                    STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT);
    if (!address_fill(options->bind_address, 0, &peer->bound, &peer->bound_length) ||
        !raw_peer_rebind(peer) || !peer_make_certificate(peer, options->rsa_certificate) ||
        !peer_make_dtls(peer, options))
        return raw_peer_free(peer);
    return peer;
}

struct raw_peer *raw_peer_free(struct raw_peer *peer)
{
    if (peer == NULL)
        return NULL;
    if (peer->sending != NULL)
        srtp_dealloc(peer->sending);
    if (peer->receiving != NULL)
        srtp_dealloc(peer->receiving);
    SSL_free(peer->ssl);
    SSL_CTX_free(peer->context);
    BIO_meth_free(peer->bio_method);
    X509_free(peer->certificate);
    EVP_PKEY_free(peer->key);
    free(peer->tcp);
    if (peer->fd >= 0)
        close(peer->fd);
    free(peer);
    return NULL;
}

bool raw_peer_set_remote(struct raw_peer *peer, const char *address, uint16_t port,
                         const char *ufrag, const char *pwd, const uint8_t *fingerprint)
{
    if (!address_fill(address, port, &peer->to, &peer->to_length) ||
        peer->to.ss_family != peer->bound.ss_family ||
        strlen(ufrag) >= sizeof(peer->remote_ufrag) || strlen(pwd) >= sizeof(peer->remote_pwd))
        return false;
    strcpy(peer->remote_ufrag, ufrag);
    strcpy(peer->remote_pwd, pwd);
    memcpy(peer->remote_fingerprint, fingerprint, sizeof(peer->remote_fingerprint));
    peer->has_remote = true;
    peer->check_us = 0;
    return peer->tcp == NULL || peer->tcp->open || peer_tcp_connect(peer);
}

static void peer_datagram(struct raw_peer *peer, uint8_t *datagram, size_t length)
{
    int size = (int)length;
    peer->counts.datagrams_in++;
    if (length > 0 && datagram[0] < 4) {
        peer_stun(peer, datagram, length);
    } else if (length > 0 && datagram[0] >= 20 && datagram[0] < 64) {
        peer_dtls(peer, datagram, length);
    } else if (length > 1 && datagram[0] >= 128 && datagram[0] < 192) {
        bool rtcp = datagram[1] >= 192 && datagram[1] < 224; /* RFC 5761 §4 */
        *(rtcp ? &peer->counts.rtcp_in : &peer->counts.rtp_in) += 1;
        if (!rtcp)
            peer->counts.rtp_bytes_in += length;
        if (peer->receiving == NULL ||
            (rtcp ? srtp_unprotect_rtcp(peer->receiving, datagram, &size)
                  : srtp_unprotect(peer->receiving, datagram, &size)) != srtp_err_status_ok) {
            peer->counts.srtp_failed++;
            return;
        }
        if (rtcp && peer->events != NULL && peer->events->rtcp != NULL)
            peer->events->rtcp(peer->events, peer, datagram, (size_t)size);
        if (!rtcp && peer->events != NULL && peer->events->rtp != NULL)
            peer->events->rtp(peer->events, peer, datagram, (size_t)size);
    } else {
        peer->counts.other_in++;
    }
}

void raw_peer_take(struct raw_peer *peer, uint8_t *datagram, size_t length)
{
    peer_datagram(peer, datagram, length);
}

void raw_peer_receive(struct raw_peer *peer, int64_t now_us)
{
    uint8_t datagram[DATAGRAM_MAX] __attribute__((aligned(8)));
    if (peer->tcp != NULL)
        peer_tcp_receive(peer);
    while (peer->tcp == NULL && !peer->not_reading) {
        ssize_t length = recv(peer->fd, datagram, sizeof(datagram), MSG_DONTWAIT);
        if (length < 0 && errno != ECONNREFUSED)
            break;
        if (length >= 0)
            peer_datagram(peer, datagram, (size_t)length);
    }
    raw_peer_step(peer, now_us);
}

void raw_peer_step(struct raw_peer *peer, int64_t now_us)
{
    if (!peer->has_remote)
        return;
    if (peer->tcp != NULL)
        peer_tcp_flush(peer);
    int64_t interval_us = peer->check_answered ? CHECK_CONSENT_US : CHECK_FIRST_US;
    if (peer->checks && (peer->check_us == 0 || now_us - peer->check_us >= interval_us))
        peer_check(peer, now_us);
    if (!peer->handshake_begun && (peer->check_answered || peer->dtls_early)) {
        peer->handshake_begun = true;
        peer->state = RAW_PEER_HANDSHAKING;
        peer_judge(peer, SSL_do_handshake(peer->ssl));
    }
    if (peer->state == RAW_PEER_HANDSHAKING)
        DTLSv1_handle_timeout(peer->ssl);
}

const char *raw_peer_ufrag(const struct raw_peer *peer)
{
    return peer->ufrag;
}

const char *raw_peer_pwd(const struct raw_peer *peer)
{
    return peer->pwd;
}

const uint8_t *raw_peer_fingerprint(const struct raw_peer *peer)
{
    return peer->fingerprint;
}

size_t raw_peer_fingerprint_as(const struct raw_peer *peer, const char *hash, uint8_t *ret_bytes)
{
    const EVP_MD *method = strcmp(hash, "sha-384") == 0   ? EVP_sha384()
                           : strcmp(hash, "sha-512") == 0 ? EVP_sha512()
                           : strcmp(hash, "sha-256") == 0 ? EVP_sha256()
                                                          : NULL;
    unsigned length = 0;
    if (method == NULL || X509_digest(peer->certificate, method, ret_bytes, &length) != 1)
        return 0;
    return length;
}

int raw_peer_fd(const struct raw_peer *peer)
{
    return peer->fd;
}

enum raw_peer_state raw_peer_state(const struct raw_peer *peer)
{
    return peer->state;
}

const char *raw_peer_profile(const struct raw_peer *peer)
{
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(peer->ssl);
    return profile == NULL ? NULL : profile->name;
}

const struct raw_peer_counts *raw_peer_counts(const struct raw_peer *peer)
{
    return &peer->counts;
}

void raw_peer_set_checks(struct raw_peer *peer, bool enabled)
{
    peer->checks = enabled;
    peer->check_us = 0;
}

void raw_peer_set_nominate(struct raw_peer *peer, bool enabled)
{
    peer->nominate = enabled;
}

void raw_peer_set_controlled(struct raw_peer *peer, bool enabled)
{
    peer->controlled = enabled;
}

void raw_peer_set_password(struct raw_peer *peer, const char *pwd)
{
    if (strlen(pwd) < sizeof(peer->remote_pwd))
        strcpy(peer->remote_pwd, pwd);
}

void raw_peer_set_reading(struct raw_peer *peer, bool enabled)
{
    peer->not_reading = !enabled;
}

void raw_peer_set_dtls_early(struct raw_peer *peer, bool enabled)
{
    peer->dtls_early = enabled;
}

bool raw_peer_seal_rtp(struct raw_peer *peer, uint8_t *packet, size_t *length)
{
    int size = (int)*length;
    if (peer->sending == NULL || srtp_protect(peer->sending, packet, &size) != srtp_err_status_ok)
        return false;
    *length = (size_t)size;
    return true;
}

bool raw_peer_seal_rtcp(struct raw_peer *peer, uint8_t *packet, size_t *length)
{
    int size = (int)*length;
    if (peer->sending == NULL ||
        srtp_protect_rtcp(peer->sending, packet, &size) != srtp_err_status_ok)
        return false;
    *length = (size_t)size;
    return true;
}

bool raw_peer_send_rtp(struct raw_peer *peer, const uint8_t *packet, size_t length)
{
    uint8_t datagram[DATAGRAM_MAX] __attribute__((aligned(8)));
    if (length + 64 > sizeof(datagram))
        return false;
    memcpy(datagram, packet, length);
    return raw_peer_seal_rtp(peer, datagram, &length) && raw_peer_send(peer, datagram, length);
}

bool raw_peer_send_rtcp(struct raw_peer *peer, const uint8_t *packet, size_t length)
{
    uint8_t datagram[DATAGRAM_MAX] __attribute__((aligned(8)));
    if (length + 64 > sizeof(datagram))
        return false;
    memcpy(datagram, packet, length);
    return raw_peer_seal_rtcp(peer, datagram, &length) && raw_peer_send(peer, datagram, length);
}

void raw_peer_close(struct raw_peer *peer)
{
    if (peer->state != RAW_PEER_CONNECTED)
        return;
    SSL_shutdown(peer->ssl);
    ERR_clear_error();
    peer->state = RAW_PEER_CLOSED;
}
