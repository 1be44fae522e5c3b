/* Personal values under a key per person, so that destroying one key erases the person while every proof over the log
 * still holds (security-reliability §7.4). XChaCha20-Poly1305 by libsodium; the per-person key K_s is itself sealed
 * ("wrapped") under the key-encryption key of a file that is kept apart from the database.
 * Thread: any. Keys are the caller's and are wiped by the caller (sealing_key_wipe). */
#ifndef GATEWAY_STORAGE_SEALING_H
#define GATEWAY_STORAGE_SEALING_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/hash.h"
#include "gateway/base/id.h"
#include "gateway/base/result.h"

#define SEALING_KEY_BYTES      32
#define SEALING_OVERHEAD_BYTES 40 /* nonce 24, tag 16 */
#define SEALING_WRAPPED_BYTES  (SEALING_KEY_BYTES + SEALING_OVERHEAD_BYTES)
#define SEALING_CONTEXT_SIZE   256

struct sealing_key {
    uint8_t bytes[SEALING_KEY_BYTES];
};

/* What a ciphertext is bound to (its additional data), so that none can be moved to another place unseen. */
struct sealing_context {
    char text[SEALING_CONTEXT_SIZE];
};
/* A value beside a log record: log origin, seq, name. */
struct sealing_context sealing_context_of_record(const char *origin, uint64_t seq,
                                                 const char *name);
/* A column of a stored row: table, row id, column. */
struct sealing_context sealing_context_of_row(const char *table, const char *id,
                                              const char *column);

/* RESULT_EXISTS leaves the file as it is; RESULT_IO. */
MUST_CHECK enum result sealing_key_file_create(const char *path);
/* RESULT_NOT_FOUND, RESULT_IO, RESULT_INVALID: not 32 bytes; RESULT_DENIED: others may read it. */
MUST_CHECK enum result sealing_key_file_load(const char *path, struct sealing_key *ret_key);
void sealing_key_new(struct sealing_key *ret_key);
void sealing_key_wipe(struct sealing_key *key);

/* `ret_sealed` holds plain.length + SEALING_OVERHEAD_BYTES. */
void sealing_seal(const struct sealing_key *key, const struct sealing_context *context,
                  struct span plain, uint8_t *ret_sealed);
/* `ret_plain` holds sealed.length − SEALING_OVERHEAD_BYTES. RESULT_CRYPTO: wrong key, wrong place, or changed. */
MUST_CHECK enum result sealing_open(const struct sealing_key *key,
                                    const struct sealing_context *context, struct span sealed,
                                    uint8_t *ret_plain);

void sealing_wrap(const struct sealing_key *wrapping, const char *subject,
                  const struct sealing_key *key, uint8_t ret_wrapped[SEALING_WRAPPED_BYTES]);
MUST_CHECK enum result sealing_unwrap(const struct sealing_key *wrapping, const char *subject,
                                      struct span wrapped, struct sealing_key *ret_key);

#endif
