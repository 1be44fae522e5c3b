/* The shared half: versions, ciphers, profiles, and the comparison of the peer's certificate. */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "media/dtls/dtls_context.h"
#include "media/dtls/dtls_identity_parts.h"
#include "media/media_limits.h"

/* Our order wins: the library walks the peer's list and keeps the match that stands first in ours. */
#define PROFILES "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80"
/* RFC 8827 §6.5: forward secrecy, AEAD; the certificate is ECDSA. */
#define CIPHERS                                                                                    \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305"
#define GROUPS "X25519:P-256:P-384"
/* Bounds a handshake message; a browser's certificate has about 300 bytes. */
#define HANDSHAKE_MESSAGE_MAX 16384

static const EVP_MD *fingerprint_digest(const struct media_fingerprint *fingerprint)
{
    if (strcmp(fingerprint->hash, "sha-256") == 0)
        return EVP_sha256();
    if (strcmp(fingerprint->hash, "sha-384") == 0)
        return EVP_sha384();
    if (strcmp(fingerprint->hash, "sha-512") == 0)
        return EVP_sha512();
    return NULL; /* RFC 8122 §5 lists weaker ones; we take none of them */
}

/* Odd curves and giant RSA keys cost time and have hidden library bugs; browsers use none. */
static bool key_is_usual(const X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    char group[32] = "";
    if (key == NULL)
        return false;
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC:
        if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1)
            return false;
        return strcmp(group, "prime256v1") == 0 || strcmp(group, "secp384r1") == 0;
    case EVP_PKEY_ED25519:
        return true;
    case EVP_PKEY_RSA:
        return EVP_PKEY_get_bits(key) >= 2048 && EVP_PKEY_get_bits(key) <= 4096;
    default:
        return false;
    }
}

static bool certificate_matches(const X509 *certificate,
                                const struct media_fingerprint *fingerprint)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    const EVP_MD *method = fingerprint_digest(fingerprint);
    return method != NULL && X509_digest(certificate, method, digest, &length) == 1 &&
           length == fingerprint->length && CRYPTO_memcmp(digest, fingerprint->bytes, length) == 0;
}

/* Replaces chain building: what makes this certificate the right one is the fingerprint alone (RFC 5763 §5). */
static int verify_certificate(X509_STORE_CTX *store, void *unused)
{
    (void)unused;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct dtls_session_base *session = SSL_get_app_data(ssl);
    X509 *certificate = X509_STORE_CTX_get0_cert(store);
    if (certificate != NULL && key_is_usual(certificate) &&
        certificate_matches(certificate, &session->peer))
        return 1;
    session->stranger = true;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
}

static bool context_configure(SSL_CTX *ssl, const struct dtls_identity *identity)
{
    char groups[] = GROUPS; /* the library's macro casts const away */
    SSL_CTX_set_options(ssl, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
    /* No record of ours is longer than a datagram; the library's default would keep 16 kB for each peer. */
    SSL_CTX_set_max_send_fragment(ssl, MEDIA_MTU);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(ssl, HANDSHAKE_MESSAGE_MAX);
    SSL_CTX_set_read_ahead(ssl, 1); /* a datagram is read whole or its rest is lost */
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ssl, verify_certificate, NULL);
    return SSL_CTX_set_min_proto_version(ssl, DTLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(ssl, DTLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(ssl, CIPHERS) == 1 &&
           SSL_CTX_set1_groups_list(ssl, groups) == 1 &&
           SSL_CTX_use_certificate(ssl, identity->certificate) == 1 &&
           SSL_CTX_use_PrivateKey(ssl, identity->key) == 1 &&
           SSL_CTX_set_tlsext_use_srtp(ssl, PROFILES) ==
               0; /* 0 is success, unlike its neighbours */
}

enum result dtls_context_new(const struct dtls_identity *identity,
                             struct dtls_context **ret_context)
{
    struct dtls_context *context = calloc(1, sizeof(*context));
    if (context == NULL)
        return RESULT_NO_MEMORY;
    context->ssl = SSL_CTX_new(DTLS_server_method());
    context->bio = dtls_bio_method_new();
    if (context->ssl == NULL || context->bio == NULL ||
        !context_configure(context->ssl, identity)) {
        dtls_context_free(context);
        return RESULT_LIBRARY;
    }
    *ret_context = context;
    return RESULT_OK;
}

struct dtls_context *dtls_context_free(struct dtls_context *context)
{
    if (context == NULL)
        return NULL;
    SSL_CTX_free(context->ssl);
    BIO_meth_free(context->bio);
    free(context);
    return NULL;
}
