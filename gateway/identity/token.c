#include "gateway/identity/token.h"

#include <inttypes.h>
#include <string.h>

#include "gateway/base/random.h"
#include "gateway/base/text.h"

#define COOKIE_AGE_MAX_S (400ll * 86400) /* what browsers keep at most, RFC 6265bis §5.5 */

struct token token_new(void)
{
    struct token token;
    _Static_assert(TOKEN_SIZE == RANDOM_TOKEN_SIZE(TOKEN_BYTES), "256 bits as base64url");
    random_token(TOKEN_BYTES, token.text, sizeof(token.text));
    return token;
}

bool token_is_wellformed(const char *text)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return strspn(text, alphabet) == TOKEN_SIZE - 1 && text[TOKEN_SIZE - 1] == 0;
}

struct sha256 token_hash(const char *text)
{
    return sha256_of(span_of(text, strlen(text)));
}

static bool cookie_name_is_valid(const char *name)
{
    size_t length = strlen(name);
    return length > strlen("__Host-") && length <= COOKIE_NAME_MAX &&
           strncmp(name, "__Host-", strlen("__Host-")) == 0 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz_H-") == length;
}

static enum result cookie_write(const char *name, const char *value, int64_t max_age_s,
                                char *ret_text)
{
    return text_format(ret_text, COOKIE_TEXT_SIZE,
                       "%s=%s; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=%" PRId64, name,
                       value, max_age_s)
               ? RESULT_OK
               : RESULT_TOO_LARGE;
}

enum result cookie_format(const char *name, const char *token, int64_t max_age_s, char *ret_text)
{
    if (!cookie_name_is_valid(name) || !token_is_wellformed(token) || max_age_s <= 0 ||
        max_age_s > COOKIE_AGE_MAX_S)
        return RESULT_INVALID;
    return cookie_write(name, token, max_age_s, ret_text);
}

enum result cookie_format_clear(const char *name, char *ret_text)
{
    if (!cookie_name_is_valid(name))
        return RESULT_INVALID;
    return cookie_write(name, "", 0, ret_text);
}
