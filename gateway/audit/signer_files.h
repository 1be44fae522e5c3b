/* The signer's few files, in a folder only its own account may write:
 *   log.key      the private key, mode 0600: "PRIVATE+KEY+name+key id+base64(type ‖ seed)"
 *   log.vkey     the verifier key, for everybody
 *   state        what was signed last: origin, size, root, one a line
 *   checkpoint   the signed note, as published
 *   lock         held by the running signer
 * Every file is written beside itself, made durable, then put in place. Thread: any one; does blocking I/O. */
#ifndef GATEWAY_AUDIT_SIGNER_FILES_H
#define GATEWAY_AUDIT_SIGNER_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/audit/checkpoint.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"

/* Writes `text` as FOLDER/NAME with `mode`, atomically and durably. RESULT_IO. */
MUST_CHECK enum result signer_file_put(const char *folder, const char *name, const char *text,
                                       unsigned mode);
/* Reads all of FOLDER/NAME, NUL-terminated. RESULT_NOT_FOUND, RESULT_TOO_LARGE, RESULT_IO. */
MUST_CHECK enum result signer_file_get(const char *folder, const char *name, char *ret_text,
                                       size_t size);

/* Makes the folder (0700) when it is missing, and a fresh key in it with log.vkey. RESULT_EXISTS: there is a key, it is
 * left alone. RESULT_INVALID: `origin` cannot name a log. RESULT_IO. */
MUST_CHECK enum result signer_key_create(const char *folder, const char *origin);
/* RESULT_NOT_FOUND; RESULT_DENIED: others may read the key file; RESULT_PARSE; RESULT_IO. */
MUST_CHECK enum result signer_key_load(const char *folder, struct checkpoint_key *ret_key,
                                       uint8_t ret_seed[CHECKPOINT_SEED_BYTES]);

/* Size 0 when nothing was signed yet. RESULT_PARSE: damaged; a person has to look, nothing is guessed. RESULT_IO. */
MUST_CHECK enum result signer_state_load(const char *folder, struct checkpoint *ret_head);
/* Compare-and-swap: RESULT_STALE when the file no longer says `before`. RESULT_IO. */
MUST_CHECK enum result signer_state_swap(const char *folder, const struct checkpoint *before,
                                         const struct checkpoint *after);

/* Keeps a second signer away until the process ends. RESULT_EXISTS: one is running. RESULT_IO. */
MUST_CHECK enum result signer_lock(const char *folder, int *ret_descriptor);

#endif
