/* Digests (libcrypto) and the table hash. Thread: any. */
#ifndef GATEWAY_BASE_HASH_H
#define GATEWAY_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/bytes.h"

#define SHA256_BYTES 32

struct sha256 {
    uint8_t bytes[SHA256_BYTES];
};

struct sha256 sha256_of(struct span data);
/* SHA-256 over the parts in order, as if they were one text. */
struct sha256 sha256_of_parts(const struct span *parts, size_t count);
/* HMAC-SHA-256, RFC 2104. */
struct sha256 hmac_sha256(struct span key, struct span data);
/* HMAC-SHA-1, RFC 2104: for TURN alone, whose servers know no other (draft-uberti-behave-turn-rest-00 §2.2). Nothing
 * here rests on SHA-1 being free of collisions. */
#define SHA1_BYTES 20
struct sha1 {
    uint8_t bytes[SHA1_BYTES];
};
struct sha1 hmac_sha1(struct span key, struct span data);
/* In constant time. */
bool sha256_equal(const struct sha256 *a, const struct sha256 *b);
/* Constant-time equality of two texts; the lengths are not secret. */
bool secret_equal(const char *a, const char *b);

/* 64 bits for hash tables, keyed so that a peer cannot aim at one bucket. Not a digest. */
uint64_t hash_table_key(uint64_t seed, struct span data);

#endif
