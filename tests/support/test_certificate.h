/* Self-signed certificates for tests, made on the spot with OpenSSL. Thread: any. */
#ifndef TESTS_SUPPORT_TEST_CERTIFICATE_H
#define TESTS_SUPPORT_TEST_CERTIFICATE_H

#include <stdbool.h>

struct test_certificate {
    const char *name; /* common name and DNS name */
    int valid_from_s; /* relative to now */
    int valid_until_s;
};

/* Writes PEM files (P-256). False when anything fails. */
bool test_certificate_write(const struct test_certificate *certificate,
                            const char *certificate_file, const char *key_file);

#endif
