/* The DTLS-SRTP client of a raw peer. */
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "tests/support/raw_peer_parts.h"

#define MTU                   1200
#define LARGE_EXTENSION       0xfe01 /* private use */
#define LARGE_EXTENSION_BYTES 1000

static int peer_bio_write(BIO *bio, const char *data, int length)
{
    if (length > 0)
        peer_transmit(BIO_get_data(bio), (const uint8_t *)data, (size_t)length);
    return length;
}

static int peer_bio_read(BIO *bio, char *place, int size)
{
    struct raw_peer *peer = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (peer->incoming == NULL) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t length = peer->incoming_length < (size_t)size ? peer->incoming_length : (size_t)size;
    memcpy(place, peer->incoming, length);
    peer->incoming = NULL;
    return (int)length;
}

static long peer_bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : command == BIO_CTRL_DGRAM_QUERY_MTU ? MTU : 0;
}

static int peer_bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

/* The gateway's certificate is right when its fingerprint is the one of the offer. */
static int peer_verify(X509_STORE_CTX *store, void *unused)
{
    (void)unused;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct raw_peer *peer = SSL_get_app_data(ssl);
    uint8_t digest[32];
    unsigned length = 0;
    return X509_digest(X509_STORE_CTX_get0_cert(store), EVP_sha256(), digest, &length) == 1 &&
           length == 32 && memcmp(digest, peer->remote_fingerprint, 32) == 0;
}

static int peer_add_large_extension(SSL *ssl, unsigned type, unsigned context,
                                    const unsigned char **out, size_t *out_length,
                                    X509 *certificate, size_t chain, int *alert, void *argument)
{
    static const uint8_t filler[LARGE_EXTENSION_BYTES];
    (void)ssl;
    (void)type;
    (void)context;
    (void)certificate;
    (void)chain;
    (void)alert;
    (void)argument;
    *out = filler;
    *out_length = sizeof(filler);
    return 1;
}

bool peer_make_certificate(struct raw_peer *peer, bool rsa)
{
    unsigned length = 0;
    peer->key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    peer->certificate = X509_new();
    if (peer->key == NULL || peer->certificate == NULL)
        return false;
    X509_NAME *name = X509_get_subject_name(peer->certificate);
    return X509_set_version(peer->certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(peer->certificate), 1) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(peer->certificate), -3600) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(peer->certificate), 86400) != NULL &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"peer", -1, -1,
                                      0) == 1 &&
           X509_set_issuer_name(peer->certificate, name) == 1 &&
           X509_set_pubkey(peer->certificate, peer->key) == 1 &&
           X509_sign(peer->certificate, peer->key, EVP_sha256()) > 0 &&
           X509_digest(peer->certificate, EVP_sha256(), peer->fingerprint, &length) == 1;
}

bool peer_make_dtls(struct raw_peer *peer, const struct raw_peer_options *options)
{
    peer->bio_method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "raw peer");
    peer->context = SSL_CTX_new(DTLS_client_method());
    if (peer->bio_method == NULL || peer->context == NULL)
        return false;
    BIO_meth_set_write(peer->bio_method, peer_bio_write);
    BIO_meth_set_read(peer->bio_method, peer_bio_read);
    BIO_meth_set_ctrl(peer->bio_method, peer_bio_control);
    BIO_meth_set_create(peer->bio_method, peer_bio_create);
    SSL_CTX_set_options(peer->context, SSL_OP_NO_QUERY_MTU);
    SSL_CTX_set_verify(peer->context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(peer->context, peer_verify, NULL);
    if (options->large_client_hello &&
        SSL_CTX_add_custom_ext(peer->context, LARGE_EXTENSION, SSL_EXT_CLIENT_HELLO,
                               peer_add_large_extension, NULL, NULL, NULL, NULL) != 1)
        return false;
    if (SSL_CTX_use_certificate(peer->context, peer->certificate) != 1 ||
        SSL_CTX_use_PrivateKey(peer->context, peer->key) != 1 ||
        SSL_CTX_set_tlsext_use_srtp(peer->context, options->srtp_profiles) != 0)
        return false;
    peer->ssl = SSL_new(peer->context);
    BIO *bio = peer->ssl == NULL ? NULL : BIO_new(peer->bio_method);
    if (bio == NULL)
        return false;
    BIO_set_data(bio, peer);
    SSL_set_bio(peer->ssl, bio, bio);
    SSL_set_app_data(peer->ssl, peer);
    SSL_set_connect_state(peer->ssl);
    SSL_set_mtu(peer->ssl, MTU);
    return true;
}

static bool policy_fill(unsigned long profile, srtp_policy_t *policy, size_t *key_bytes,
                        size_t *salt_bytes)
{
    *key_bytes = 16;
    *salt_bytes = 12;
    switch (profile) {
    case SRTP_AEAD_AES_128_GCM:
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtcp);
        return true;
    case SRTP_AEAD_AES_256_GCM:
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy->rtp);
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy->rtcp);
        *key_bytes = 32;
        return true;
    case SRTP_AES128_CM_SHA1_80:
        srtp_crypto_policy_set_rtp_default(&policy->rtp);
        srtp_crypto_policy_set_rtcp_default(&policy->rtcp);
        *salt_bytes = 14;
        return true;
    default:
        return false;
    }
}

/* RFC 5764 §4.2: client key, server key, client salt, server salt; we are the client. */
static bool peer_make_srtp(struct raw_peer *peer)
{
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(peer->ssl);
    srtp_policy_t policy = {.window_size = 1024};
    size_t key_bytes, salt_bytes;
    uint8_t block[128], key[64];
    if (profile == NULL || !policy_fill(profile->id, &policy, &key_bytes, &salt_bytes) ||
        SSL_export_keying_material(peer->ssl, block, 2 * (key_bytes + salt_bytes),
                                   "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0) != 1)
        return false;
    for (unsigned side = 0; side < 2; side++) {
        memcpy(key, block + side * key_bytes, key_bytes);
        memcpy(key + key_bytes, block + 2 * key_bytes + side * salt_bytes, salt_bytes);
        policy.key = key;
        policy.ssrc.type = side == 0 ? ssrc_any_outbound : ssrc_any_inbound;
        if (srtp_create(side == 0 ? &peer->sending : &peer->receiving, &policy) !=
            srtp_err_status_ok)
            return false;
    }
    return true;
}

void peer_judge(struct raw_peer *peer, int returned)
{
    int error = SSL_get_error(peer->ssl, returned);
    if ((SSL_get_shutdown(peer->ssl) & SSL_RECEIVED_SHUTDOWN) != 0)
        peer->state = peer->state == RAW_PEER_CONNECTED ? RAW_PEER_CLOSED : RAW_PEER_FAILED;
    else if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL)
        peer->state = RAW_PEER_FAILED;
    else if (peer->state == RAW_PEER_HANDSHAKING && SSL_is_init_finished(peer->ssl))
        peer->state = peer_make_srtp(peer) ? RAW_PEER_CONNECTED : RAW_PEER_FAILED;
    ERR_clear_error();
}

void peer_dtls(struct raw_peer *peer, const uint8_t *datagram, size_t length)
{
    uint8_t discarded[64];
    peer->counts.dtls_in++;
    if (!peer->handshake_begun || peer->state == RAW_PEER_FAILED || peer->state == RAW_PEER_CLOSED)
        return;
    peer->incoming = datagram;
    peer->incoming_length = length;
    if (!SSL_is_init_finished(peer->ssl))
        peer_judge(peer, SSL_do_handshake(peer->ssl));
    for (int i = 0; i < 8 && peer->state == RAW_PEER_CONNECTED; i++) {
        int got = SSL_read(peer->ssl, discarded, sizeof(discarded));
        if (got > 0)
            continue;
        peer_judge(peer, got);
        break;
    }
    peer->incoming = NULL;
}
