#include "gateway/identity/turn_credential.h"

#include <inttypes.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/hash.h"
#include "gateway/base/random.h"
#include "gateway/base/text.h"

_Static_assert(RANDOM_TOKEN_SIZE(TURN_NAME_BYTES) == TURN_NAME_SIZE, "a name is a token");
_Static_assert((SHA1_BYTES + 2) / 3 * 4 + 1 == TURN_PASSWORD_SIZE, "a password is base64");

void turn_name_new(char ret_name[TURN_NAME_SIZE])
{
    random_token(TURN_NAME_BYTES, ret_name, TURN_NAME_SIZE);
}

void turn_credential_make(struct span secret, const char *name, int64_t wall_us,
                          int64_t lifetime_us, struct turn_credential *ret_credential)
{
    CHECK(secret.length >= TURN_SECRET_MIN && lifetime_us <= TURN_LIFETIME_MAX_US);
    CHECK(text_format(ret_credential->username, sizeof(ret_credential->username), "%" PRId64 ":%s",
                      (wall_us + lifetime_us) / 1000000, name));
    struct sha1 digest =
        hmac_sha1(secret, span_of(ret_credential->username, strlen(ret_credential->username)));
    text_base64(span_of(digest.bytes, sizeof(digest.bytes)), ret_credential->password,
                sizeof(ret_credential->password));
}
