/* TLS settings and the certificate in use (OpenSSL). A pair of files is read and checked on the side; only a good pair
 * reaches the live context, whose open connections keep the certificate they began with. */
#include "signaling/transport/transport_private.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "gateway/base/clock.h"

#define TLS12_CIPHERS                                                                              \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"     \
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

static void tls_free(SSL_CTX **tls)
{
    SSL_CTX_free(*tls);
}

void certificate_harden(SSL_CTX *tls)
{
    CHECK(SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) == 1);
    CHECK(SSL_CTX_set_cipher_list(tls, TLS12_CIPHERS) == 1);
    SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
}

static int64_t certificate_end_s(const X509 *certificate)
{
    struct tm end;
    if (certificate == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1)
        return 0;
    return (int64_t)timegm(&end);
}

enum result certificate_apply(SSL_CTX *tls, const char *certificate_file, const char *key_file,
                              int64_t now_wall_us, bool refuse_expired, int64_t *ret_expiry_s)
{
    STACK_OF(X509) *chain = NULL;
    SSL_CTX *aside CLEANUP(tls_free) = SSL_CTX_new(TLS_server_method());
    if (aside == NULL)
        return RESULT_NO_MEMORY;
    if (SSL_CTX_use_certificate_chain_file(aside, certificate_file) != 1 ||
        SSL_CTX_use_PrivateKey_file(aside, key_file, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(aside) != 1) {
        ERR_clear_error();
        return RESULT_INVALID;
    }
    X509 *certificate = SSL_CTX_get0_certificate(aside);
    int64_t expiry_s = certificate_end_s(certificate);
    if (expiry_s == 0 || (refuse_expired && expiry_s <= now_wall_us / US_PER_S))
        return RESULT_STALE;
    SSL_CTX_get0_chain_certs(aside, &chain);
    if (tls != NULL &&
        SSL_CTX_use_cert_and_key(tls, certificate, SSL_CTX_get0_privatekey(aside), chain, 1) != 1) {
        ERR_clear_error();
        return RESULT_CRYPTO;
    }
    *ret_expiry_s = expiry_s;
    return RESULT_OK;
}

enum result transport_reload_certificate(struct transport *transport, const char *certificate_file,
                                         const char *key_file)
{
    assert_on_thread(&transport->thread);
    enum result result = certificate_apply(transport->tls, certificate_file, key_file,
                                           clock_wall_us(), true, &transport->certificate_expiry_s);
    if (result_ok(result))
        counter_set(transport->counters, COUNTER_tls_certificate_expiry_seconds,
                    (uint64_t)transport->certificate_expiry_s);
    return result;
}

int64_t transport_certificate_expiry(const struct transport *transport)
{
    return transport->certificate_expiry_s;
}
