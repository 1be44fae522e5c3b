#include "gateway/base/hash.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "gateway/base/check.h"

struct sha256 sha256_of_parts(const struct span *parts, size_t count)
{
    struct sha256 digest;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    CHECK(context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1);
    for (size_t i = 0; i < count; i++)
        CHECK(EVP_DigestUpdate(context, parts[i].data, parts[i].length) == 1);
    CHECK(EVP_DigestFinal_ex(context, digest.bytes, NULL) == 1);
    EVP_MD_CTX_free(context);
    return digest;
}

struct sha256 sha256_of(struct span data)
{
    return sha256_of_parts(&data, 1);
}

struct sha256 hmac_sha256(struct span key, struct span data)
{
    struct sha256 digest;
    unsigned length = sizeof(digest.bytes);
    CHECK(HMAC(EVP_sha256(), key.data, (int)key.length, data.data, data.length, digest.bytes,
               &length) != NULL);
    return digest;
}

struct sha1 hmac_sha1(struct span key, struct span data)
{
    struct sha1 digest;
    unsigned length = sizeof(digest.bytes);
    CHECK(HMAC(EVP_sha1(), key.data, (int)key.length, data.data, data.length, digest.bytes,
               &length) != NULL);
    return digest;
}

bool sha256_equal(const struct sha256 *a, const struct sha256 *b)
{
    return CRYPTO_memcmp(a->bytes, b->bytes, SHA256_BYTES) == 0;
}

bool secret_equal(const char *a, const char *b)
{
    size_t length = strlen(a);
    return length == strlen(b) && CRYPTO_memcmp(a, b, length) == 0;
}

/* Multiply-and-fold over 8-byte words: two multiplications a word, enough mixing for open addressing. */
uint64_t hash_table_key(uint64_t seed, struct span data)
{
    uint64_t state = seed ^ 0x9e3779b97f4a7c15ull * (data.length + 1);
    size_t i = 0;
    while (i < data.length) {
        uint64_t word = 0;
        size_t here = data.length - i < 8 ? data.length - i : 8;
        memcpy(&word, data.data + i, here);
        unsigned __int128 product = (unsigned __int128)(state ^ word) * 0xd6e8feb86659fd93ull;
        state = (uint64_t)product ^ (uint64_t)(product >> 64) ^ seed;
        i += here;
    }
    unsigned __int128 last =
        (unsigned __int128)(state ^ 0xa0761d6478bd642full) * 0xe7037ed1a0b428dbull;
    return (uint64_t)last ^ (uint64_t)(last >> 64);
}
