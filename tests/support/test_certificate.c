#include "tests/support/test_certificate.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static bool add_names(X509 *x509, const char *name)
{
    char names[128];
    snprintf(names, sizeof(names), "DNS:%s,IP:127.0.0.1", name);
    X509_NAME *subject = X509_get_subject_name(x509);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    bool ok = extension != NULL &&
              X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name,
                                         -1, -1, 0) == 1 &&
              X509_set_issuer_name(x509, subject) == 1 && X509_add_ext(x509, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

static bool write_pem(const char *file, X509 *x509, EVP_PKEY *key)
{
    FILE *out = fopen(file, "w");
    if (out == NULL)
        return false;
    int written = x509 != NULL ? PEM_write_X509(out, x509)
                               : PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL);
    return fclose(out) == 0 && written == 1;
}

bool test_certificate_write(const struct test_certificate *certificate,
                            const char *certificate_file, const char *key_file)
{
    long serial = 0;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x509 = X509_new();
    bool ok = key != NULL && x509 != NULL && RAND_bytes((unsigned char *)&serial, 3) == 1 &&
              X509_set_version(x509, 2) == 1 &&
              ASN1_INTEGER_set(X509_get_serialNumber(x509), serial + 1) == 1 &&
              X509_gmtime_adj(X509_getm_notBefore(x509), certificate->valid_from_s) != NULL &&
              X509_gmtime_adj(X509_getm_notAfter(x509), certificate->valid_until_s) != NULL &&
              X509_set_pubkey(x509, key) == 1 && add_names(x509, certificate->name) &&
              X509_sign(x509, key, EVP_sha256()) > 0 && write_pem(certificate_file, x509, NULL) &&
              write_pem(key_file, NULL, key);
    X509_free(x509);
    EVP_PKEY_free(key);
    return ok;
}
