/* Credentials for a TURN server that shares a secret with us: no call between the two is needed. The user name is the
 * second it ends at and a name of chance, never anything about a person; the password is its keyed digest.
 * Making one is pure: time and name are parameters. Thread: any.
 * Source: draft-uberti-behave-turn-rest-00 §2.2, as coturn's use-auth-secret reads it. */
#ifndef GATEWAY_IDENTITY_TURN_CREDENTIAL_H
#define GATEWAY_IDENTITY_TURN_CREDENTIAL_H

#include <stdint.h>

#include "gateway/base/bytes.h"

#define TURN_NAME_BYTES      12 /* random bytes of a name */
#define TURN_NAME_SIZE       17 /* the name as text, with NUL */
#define TURN_USERNAME_SIZE   48
#define TURN_PASSWORD_SIZE   29 /* base64 of 20 bytes and NUL */
#define TURN_SECRET_SIZE     129
#define TURN_SECRET_MIN      16
#define TURN_LIFETIME_MAX_US (600 * 1000000ll)

/* Secret: goes to one page, never into a log line. */
struct turn_credential {
    char username[TURN_USERNAME_SIZE];
    char password[TURN_PASSWORD_SIZE];
};

/* A name nobody can guess or trace, one for each credential. */
void turn_name_new(char ret_name[TURN_NAME_SIZE]);
/* Good until `wall_us` (since 1970) + `lifetime_us`, which is at most TURN_LIFETIME_MAX_US; cut down to whole seconds. */
void turn_credential_make(struct span secret, const char *name, int64_t wall_us,
                          int64_t lifetime_us, struct turn_credential *ret_credential);

#endif
