/* Inside of dtls_identity, for media/dtls alone (the context hands key and certificate to the library). */
#ifndef MEDIA_DTLS_DTLS_IDENTITY_PARTS_H
#define MEDIA_DTLS_DTLS_IDENTITY_PARTS_H

#include <openssl/types.h>

#include "media/dtls/dtls_identity.h"

struct dtls_identity {
    EVP_PKEY *key;
    X509 *certificate;
    struct media_fingerprint fingerprint;
};

#endif
