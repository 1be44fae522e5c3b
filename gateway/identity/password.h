/* Passwords of staff: Argon2id (libsodium, m = 64 MiB, t = 3), stored as the library's PHC text. One call takes
 * 150–400 ms and 64 MiB, so the control thread never calls it: it asks a password_worker (password_worker.h); the
 * command line calls it directly. Thread: any. Call sodium_init once is done inside. */
#ifndef GATEWAY_IDENTITY_PASSWORD_H
#define GATEWAY_IDENTITY_PASSWORD_H

#include <stdbool.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"

#define PASSWORD_CHARACTERS_MIN 12 /* Unicode characters, of a new password */
#define PASSWORD_BYTES_MAX      512
#define PASSWORD_SIZE           (PASSWORD_BYTES_MAX + 1)
#define PASSWORD_HASH_SIZE      128 /* with NUL */

/* May it become a password? RESULT_INVALID: too short, not UTF-8 or with control characters; RESULT_TOO_LARGE. */
MUST_CHECK enum result password_check_new(const char *password);
/* `ret_hash` holds PASSWORD_HASH_SIZE bytes. RESULT_TOO_LARGE, RESULT_NO_MEMORY. */
MUST_CHECK enum result password_hash(const char *password, char *ret_hash);
/* RESULT_OK or RESULT_DENIED. An empty `hash` (no such account) takes the same time and is denied, so an answer does
 * not tell whether an account exists. */
MUST_CHECK enum result password_verify(const char *hash, const char *password);
/* The hash was made with other parameters than today's: hash again after a successful sign-in. */
bool password_needs_rehash(const char *hash);

#endif
