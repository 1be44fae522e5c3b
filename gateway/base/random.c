#include "gateway/base/random.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"

#define RANDOM_TOKEN_BYTES_MAX 64

void random_bytes(void *ret_bytes, size_t length)
{
    CHECK(RAND_bytes(ret_bytes, (int)length) == 1);
}

uint32_t random_u32(void)
{
    uint32_t value;
    random_bytes(&value, sizeof(value));
    return value;
}

void random_token(size_t bytes, char *ret_text, size_t size)
{
    uint8_t raw[RANDOM_TOKEN_BYTES_MAX];
    CHECK(bytes <= sizeof(raw) && size >= RANDOM_TOKEN_SIZE(bytes));
    random_bytes(raw, bytes);
    text_base64url(span_of(raw, bytes), ret_text, size);
    OPENSSL_cleanse(raw, sizeof(raw));
}
