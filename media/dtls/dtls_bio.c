/* Datagram boundaries matter in DTLS and the library's memory BIO forgets them, so this one keeps them. It owns
 * nothing and copies nothing on the way out. */
#include <limits.h>
#include <string.h>

#include "media/dtls/dtls_context.h"
#include "media/media_limits.h"

static int bio_write(BIO *bio, const char *data, int length)
{
    struct dtls_bio *pipe = BIO_get_data(bio);
    if (length <= 0)
        return 0;
    pipe->output->send(pipe->output, span_of(data, (size_t)length));
    return length;
}

static int bio_read(BIO *bio, char *place, int size)
{
    struct dtls_bio *pipe = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (pipe->incoming.length == 0 || size <= 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    /* A datagram that is longer than asked for loses its tail, as recv(2) does. */
    size_t length = pipe->incoming.length < (size_t)size ? pipe->incoming.length : (size_t)size;
    memcpy(place, pipe->incoming.data, length);
    pipe->incoming = span_of(NULL, 0);
    return (int)length;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return MEDIA_MTU;
    case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
        return 48; /* IPv6 and UDP headers */
    default:
        return 0;
    }
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

BIO_METHOD *dtls_bio_method_new(void)
{
    /* No BIO_get_new_index: it is a process-wide supply of 128 and nothing looks this type up. */
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "dtls datagram");
    if (method == NULL)
        return NULL;
    if (BIO_meth_set_write(method, bio_write) == 1 && BIO_meth_set_read(method, bio_read) == 1 &&
        BIO_meth_set_ctrl(method, bio_control) == 1 && BIO_meth_set_create(method, bio_create) == 1)
        return method;
    BIO_meth_free(method);
    return NULL;
}

BIO *dtls_bio_new(const BIO_METHOD *method, struct dtls_bio *pipe)
{
    BIO *bio = BIO_new(method);
    if (bio != NULL)
        BIO_set_data(bio, pipe);
    return bio;
}
