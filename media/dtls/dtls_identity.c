#include "media/dtls/dtls_identity.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "media/dtls/dtls_identity_parts.h"

#define CERTIFICATE_DAYS                                                                           \
    90 /* nobody checks the dates of a fingerprint-bound certificate; a process lives shorter */

/* Serial and subject are random so that the certificate says nothing about the machine. */
static bool certificate_fill(X509 *certificate, EVP_PKEY *key)
{
    uint64_t serial = 0;
    X509_NAME *name = X509_get_subject_name(certificate);
    if (RAND_bytes((uint8_t *)&serial, sizeof(serial)) != 1)
        return false;
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -24 * 3600) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), CERTIFICATE_DAYS * 24 * 3600) != NULL &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"media", -1, -1,
                                      0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
}

enum result dtls_identity_new(struct dtls_identity **ret_identity)
{
    struct dtls_identity *identity = calloc(1, sizeof(*identity));
    if (identity == NULL)
        return RESULT_NO_MEMORY;
    unsigned length = 0;
    identity->key = EVP_EC_gen("P-256");
    identity->certificate = X509_new();
    if (identity->key == NULL || identity->certificate == NULL ||
        !certificate_fill(identity->certificate, identity->key) ||
        X509_digest(identity->certificate, EVP_sha256(), identity->fingerprint.bytes, &length) !=
            1) {
        dtls_identity_free(identity);
        return RESULT_LIBRARY;
    }
    memcpy(identity->fingerprint.hash, "sha-256", sizeof("sha-256"));
    identity->fingerprint.length = (uint8_t)length;
    *ret_identity = identity;
    return RESULT_OK;
}

struct dtls_identity *dtls_identity_free(struct dtls_identity *identity)
{
    if (identity == NULL)
        return NULL;
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
    free(identity);
    return NULL;
}

const struct media_fingerprint *dtls_identity_fingerprint(const struct dtls_identity *identity)
{
    return &identity->fingerprint;
}
