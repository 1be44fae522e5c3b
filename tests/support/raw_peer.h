/* A client that really speaks STUN, DTLS and SRTP over a UDP socket (or TCP, framed as RFC 4571), one function call at a time: what a browser does on
 * the wire, without a browser. Used by the media tests, by the waiting-room test and by the load generator.
 *
 * It shares no code with the gateway: libnice's STUN usage API, an OpenSSL DTLS client, libsrtp2. So when the two agree,
 * two implementations do.
 *
 * Thread: one peer belongs to one thread; nothing blocks. The caller polls raw_peer_fd(), calls raw_peer_receive() when it
 * is readable and raw_peer_step() at least every 20 ms. Errors of the network are counted, not returned.
 * Order: raw_peer_library_start (own process only) → raw_peer_new → raw_peer_set_remote → receive/step until RAW_PEER_CONNECTED → send. */
#ifndef TESTS_SUPPORT_RAW_PEER_H
#define TESTS_SUPPORT_RAW_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct raw_peer;

enum raw_peer_state {
    RAW_PEER_CHECKING,    /* no answered connectivity check yet */
    RAW_PEER_HANDSHAKING, /* DTLS under way */
    RAW_PEER_CONNECTED,
    RAW_PEER_CLOSED, /* the gateway said close_notify */
    RAW_PEER_FAILED, /* the handshake failed, or the gateway's certificate is not the announced one */
};

/* Counted on the wire, so "nothing arrived" can be said of the socket and not only of the decoder. */
struct raw_peer_counts {
    uint64_t datagrams_in, datagrams_out;
    uint64_t stun_in, dtls_in, rtp_in, rtcp_in, other_in;
    uint64_t rtp_bytes_in;
    uint64_t srtp_failed; /* arrived but did not authenticate */
    uint64_t checks_sent, checks_answered, role_conflicts;
    uint64_t send_failed;
};

/* Embedded by the user; all may be NULL. Packets are plain and only valid during the call. */
struct raw_peer_events {
    void (*rtp)(struct raw_peer_events *events, struct raw_peer *peer, const uint8_t *packet,
                size_t length);
    void (*rtcp)(struct raw_peer_events *events, struct raw_peer *peer, const uint8_t *packet,
                 size_t length);
    /* Sees each datagram before it leaves; false swallows it. */
    bool (*outgoing)(struct raw_peer_events *events, struct raw_peer *peer, const uint8_t *datagram,
                     size_t length);
};

struct raw_peer_options {
    const char *bind_address;  /* "127.0.0.1" or "::1" */
    const char *srtp_profiles; /* as OpenSSL writes them, colon-separated, in order of preference */
    bool large_client_hello; /* adds 1000 bytes of an unknown extension, as an ML-KEM share does */
    bool rsa_certificate;    /* else P-256 */
    bool
        tcp; /* ICE-TCP, active side (RFC 6544): connects, waiting for it, with the first set_remote */
    struct raw_peer_events *events;
};

/* Once before the first peer, in a process of its own. Where the media plane runs in the same process (unit tests), that
 * has started the SRTP library already, and it starts only once. */
bool raw_peer_library_start(void);

/* NULL when a library or the socket fails. */
struct raw_peer *raw_peer_new(const struct raw_peer_options *options);
struct raw_peer *raw_peer_free(struct raw_peer *peer);

/* What this peer's answer would say. */
const char *raw_peer_ufrag(const struct raw_peer *peer);
const char *raw_peer_pwd(const struct raw_peer *peer);
/* sha-256 of its certificate, 32 bytes. */
const uint8_t *raw_peer_fingerprint(const struct raw_peer *peer);
/* With another digest: "sha-384", "sha-512"; returns the length, 0 when unknown. `ret_bytes` holds 64. */
size_t raw_peer_fingerprint_as(const struct raw_peer *peer, const char *hash, uint8_t *ret_bytes);

/* What the gateway's offer says. `fingerprint` is 32 bytes of sha-256. Checks begin with the next step. Called again with
 * other credentials it is an ICE restart. False: not a numeric address, or of the other family. */
bool raw_peer_set_remote(struct raw_peer *peer, const char *address, uint16_t port,
                         const char *ufrag, const char *pwd, const uint8_t *fingerprint);

int raw_peer_fd(const struct raw_peer *peer);
/* Reads all that is there. */
void raw_peer_receive(struct raw_peer *peer, int64_t now_us);
/* One datagram that the caller has read from raw_peer_fd() itself, with its time stamp for instance. Opened in place. */
void raw_peer_take(struct raw_peer *peer, uint8_t *datagram, size_t length);
/* Checks, retransmissions, time-outs. */
void raw_peer_step(struct raw_peer *peer, int64_t now_us);

enum raw_peer_state raw_peer_state(const struct raw_peer *peer);
/* OpenSSL's name of the negotiated profile, NULL before. */
const char *raw_peer_profile(const struct raw_peer *peer);
const struct raw_peer_counts *raw_peer_counts(const struct raw_peer *peer);

/* Behaviour for tests. */
void raw_peer_set_checks(struct raw_peer *peer, bool enabled);   /* stop giving consent */
void raw_peer_set_nominate(struct raw_peer *peer, bool enabled); /* USE-CANDIDATE; on by default */
void raw_peer_set_controlled(struct raw_peer *peer, bool enabled); /* claim the wrong role */
void raw_peer_set_password(struct raw_peer *peer,
                           const char *pwd); /* of the gateway, as this peer believes */
void raw_peer_set_dtls_early(struct raw_peer *peer,
                             bool enabled);  /* ClientHello without waiting for a check */
bool raw_peer_rebind(struct raw_peer *peer); /* a new socket and port: NAT rebinding */
void raw_peer_set_piece(struct raw_peer *peer,
                        size_t bytes); /* TCP: so many bytes a write; 0: all */
void raw_peer_set_reading(struct raw_peer *peer, bool enabled); /* a slow reader takes nothing */
bool raw_peer_tcp_open(const struct raw_peer *peer); /* TCP: the gateway has not closed it */

/* Seals in place; `packet` has room for 32 bytes more. False before RAW_PEER_CONNECTED. */
bool raw_peer_seal_rtp(struct raw_peer *peer, uint8_t *packet, size_t *length);
bool raw_peer_seal_rtcp(struct raw_peer *peer, uint8_t *packet, size_t *length);
/* Copies, seals, sends. */
bool raw_peer_send_rtp(struct raw_peer *peer, const uint8_t *packet, size_t length);
bool raw_peer_send_rtcp(struct raw_peer *peer, const uint8_t *packet, size_t length);
/* Any bytes, as they are. */
bool raw_peer_send(struct raw_peer *peer, const uint8_t *datagram, size_t length);
/* close_notify */
void raw_peer_close(struct raw_peer *peer);

#endif
