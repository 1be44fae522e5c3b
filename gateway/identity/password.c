#include "gateway/identity/password.h"

#include <string.h>

#include <sodium.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"

/* security-reliability §6.2: m = 64 MiB, t = 3, p = 1 (the library's only p). */
#define ARGON_OPERATIONS   3
#define ARGON_MEMORY_BYTES (64ull << 20)

_Static_assert(PASSWORD_HASH_SIZE == crypto_pwhash_STRBYTES, "the library's text fits");

enum result password_check_new(const char *password)
{
    size_t length = strlen(password), characters = 0;
    if (length > PASSWORD_BYTES_MAX)
        return RESULT_TOO_LARGE;
    if (!text_is_plain_utf8(password, length))
        return RESULT_INVALID;
    for (size_t i = 0; i < length; i++)
        characters += ((uint8_t)password[i] & 0xc0) != 0x80;
    return characters >= PASSWORD_CHARACTERS_MIN ? RESULT_OK : RESULT_INVALID;
}

enum result password_hash(const char *password, char *ret_hash)
{
    CHECK(sodium_init() >= 0);
    size_t length = strlen(password);
    if (length > PASSWORD_BYTES_MAX)
        return RESULT_TOO_LARGE;
    char hash[PASSWORD_HASH_SIZE];
    if (crypto_pwhash_str_alg(hash, password, length, ARGON_OPERATIONS, ARGON_MEMORY_BYTES,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
        return RESULT_NO_MEMORY;
    memcpy(ret_hash, hash, sizeof(hash));
    return RESULT_OK;
}

enum result password_verify(const char *hash, const char *password)
{
    CHECK(sodium_init() >= 0);
    size_t length = strlen(password);
    if (length > PASSWORD_BYTES_MAX)
        return RESULT_DENIED;
    if (hash[0] == 0) {
        /* The same work as for an account that exists; its outcome does not matter. */
        char unused[PASSWORD_HASH_SIZE];
        enum result result = password_hash(password, unused);
        return result == RESULT_OK ? RESULT_DENIED : result;
    }
    return crypto_pwhash_str_verify(hash, password, length) == 0 ? RESULT_OK : RESULT_DENIED;
}

bool password_needs_rehash(const char *hash)
{
    return crypto_pwhash_str_needs_rehash(hash, ARGON_OPERATIONS, ARGON_MEMORY_BYTES) != 0;
}
