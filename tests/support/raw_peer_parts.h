/* Inside of raw_peer, shared by its three files. */
#ifndef TESTS_SUPPORT_RAW_PEER_PARTS_H
#define TESTS_SUPPORT_RAW_PEER_PARTS_H

#include <sys/socket.h>

#include <openssl/ssl.h>
#include <srtp2/srtp.h>
#include <stun/stunagent.h>

#include "tests/support/raw_peer.h"

#define TCP_BUFFER_BYTES 65536

/* An ICE-TCP connection: what is still to be written, what has come of the stream. */
struct raw_tcp {
    bool open;
    size_t piece;
    size_t out_used, in_used;
    uint8_t out[TCP_BUFFER_BYTES], in[TCP_BUFFER_BYTES];
};

struct raw_peer {
    int fd;
    struct sockaddr_storage to, bound;
    socklen_t to_length, bound_length;
    struct raw_tcp *tcp; /* NULL: UDP */
    bool not_reading;
    struct raw_peer_events *events;
    struct raw_peer_counts counts;
    enum raw_peer_state state;
    bool has_remote, checks, nominate, controlled, dtls_early, handshake_begun;

    StunAgent stun;
    StunTransactionId check_id;
    bool check_pending, check_answered;
    int64_t check_us;
    char ufrag[16], pwd[32];
    char remote_ufrag[64], remote_pwd[128];

    EVP_PKEY *key;
    X509 *certificate;
    uint8_t fingerprint[32], remote_fingerprint[32];
    BIO_METHOD *bio_method;
    SSL_CTX *context;
    SSL *ssl;
    const uint8_t *incoming; /* the DTLS datagram being read */
    size_t incoming_length;
    srtp_t sending, receiving;
};

/* A new connection to peer->to, in place of the one there is. */
bool peer_tcp_connect(struct raw_peer *peer);
bool peer_tcp_send(struct raw_peer *peer, const uint8_t *packet, size_t length);
void peer_tcp_flush(struct raw_peer *peer);
/* Reads what is there and gives each packet to raw_peer_take. */
void peer_tcp_receive(struct raw_peer *peer);

void peer_transmit(struct raw_peer *peer, const uint8_t *datagram, size_t length);

bool peer_make_certificate(struct raw_peer *peer, bool rsa);
bool peer_make_dtls(struct raw_peer *peer, const struct raw_peer_options *options);
void peer_dtls(struct raw_peer *peer, const uint8_t *datagram, size_t length);
/* Turns what SSL_do_handshake or SSL_read returned into our state. */
void peer_judge(struct raw_peer *peer, int returned);

#endif
