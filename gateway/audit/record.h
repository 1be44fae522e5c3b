/* One audit record as bytes: canonical JSON (RFC 8785, objects, arrays, strings and integers only), version 1 of
 * security-reliability §7.3. The exact bytes are what is stored, hashed and signed; nobody re-encodes them.
 * Its leaf hash is tree_leaf_hash(), the genesis value checkpoint_genesis().
 * Pure: no clock, no I/O, no memory kept. Thread: any. */
#ifndef GATEWAY_AUDIT_RECORD_H
#define GATEWAY_AUDIT_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/hash.h"
#include "gateway/base/result.h"
#include "gateway/model/audit_record.h"

#define AUDIT_RECORD_BYTES_MAX 4096
#define AUDIT_ORIGIN_SIZE      128                         /* with NUL */
#define AUDIT_BOOT_SIZE        40                          /* with NUL */
#define AUDIT_INTEGER_MAX      ((int64_t)9007199254740991) /* 2^53 − 1 */

/* The place a record gets in the log; the store writer alone gives it. */
struct audit_place {
    const char *origin;
    uint64_t seq;
    struct sha256 prev; /* leaf hash of seq − 1, or the genesis value */
    int64_t wall_us;
    int clock_error_ms; /* -1: the clock is not synchronised */
    const char *boot;
    int64_t mono_ns;
};

/* Writes the record's bytes, no NUL. Optional members that are empty are left out: actor.auth, obj, req, rule, sealed,
 * tenant, x. `commitments` holds one for each of draft->sealed. In `x` stand "v":1, the draft's extras and, when the
 * actor has a session, "role" and "session".
 * An object of kind "log" without an id is the log itself: its id is the origin.
 * RESULT_INVALID a name, id or number outside what the format allows; RESULT_TOO_LARGE; RESULT_NO_MEMORY. */
MUST_CHECK enum result audit_record_encode(const struct audit_draft *draft,
                                           const struct audit_place *place,
                                           const struct sha256 *commitments, char *ret_bytes,
                                           size_t size, size_t *ret_length);

/* What a record keeps of a sealed value: HMAC-SHA-256(r, canonical JSON of the value), `r` 32 random bytes (§7.4). */
struct sha256 audit_commitment(struct span r, struct span value);

/* The text of the member actor.k: patient, staff, system, or api for nobody yet known. */
const char *audit_actor_kind(enum role role);

#endif
