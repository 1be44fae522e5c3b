/* Inside of media/dtls: what the context and the session share. */
#ifndef MEDIA_DTLS_DTLS_CONTEXT_H
#define MEDIA_DTLS_DTLS_CONTEXT_H

#include <openssl/bio.h>
#include <openssl/types.h>

#include "media/dtls/dtls.h"

struct dtls_context {
    SSL_CTX *ssl;
    BIO_METHOD *bio;
};

/* The part of a session the certificate check needs; reached through the library's application data. */
struct dtls_session_base {
    struct media_fingerprint peer;
    bool stranger;
};

/* A BIO that is one datagram at a time: reads give the datagram in hand once, each write is one datagram sent. */
struct dtls_bio {
    struct span incoming;
    struct dtls_output *output;
};
BIO_METHOD *dtls_bio_method_new(void);
/* `bio` becomes the library's; `pipe` stays the caller's and must outlive it. NULL when out of memory. */
BIO *dtls_bio_new(const BIO_METHOD *method, struct dtls_bio *pipe);

#endif
