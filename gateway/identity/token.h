/* Secrets that prove a session, a device or an invitation: 256 random bits as base64url text. Only their SHA-256 is
 * stored; a leaked database opens nothing. Thread: any. */
#ifndef GATEWAY_IDENTITY_TOKEN_H
#define GATEWAY_IDENTITY_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/hash.h"
#include "gateway/base/result.h"

#define TOKEN_BYTES 32
#define TOKEN_SIZE  44 /* 43 characters and NUL */

struct token {
    char text[TOKEN_SIZE];
};

struct token token_new(void);
/* Exactly 43 characters of the base64url alphabet. Anything else need not be looked up. */
MUST_CHECK bool token_is_wellformed(const char *text);
/* What the database keeps. */
struct sha256 token_hash(const char *text);

#define COOKIE_SESSION   "__Host-session" /* staff, after sign-in */
#define COOKIE_DEVICE    "__Host-device"  /* the patient's browser that redeemed the invitation */
#define COOKIE_TEXT_SIZE 192
#define COOKIE_NAME_MAX  32

/* Value of a Set-Cookie header: "NAME=TOKEN; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=N" (RFC 6265bis
 * §4.1.3.2). `ret_text` holds COOKIE_TEXT_SIZE bytes. RESULT_INVALID: bad name, token or age. */
MUST_CHECK enum result cookie_format(const char *name, const char *token, int64_t max_age_s,
                                     char *ret_text);
/* The same cookie, gone: empty value, Max-Age=0. */
MUST_CHECK enum result cookie_format_clear(const char *name, char *ret_text);

#endif
