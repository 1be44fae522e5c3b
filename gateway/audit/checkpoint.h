/* What the signer says about the log, as text: C2SP signed-note with a tlog-checkpoint in it (origin, size, root), the
 * log's Ed25519 signature and cosignatures of witnesses. Pure apart from libsodium; no allocation. Thread: any.
 *
 * Keys travel as text, "name+key id+base64(type ‖ public key)": type 0x01 signs notes (a log), type 0x04 is
 * cosignature v1 (a witness). */
#ifndef GATEWAY_AUDIT_CHECKPOINT_H
#define GATEWAY_AUDIT_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/hash.h"
#include "gateway/base/result.h"

#define CHECKPOINT_ORIGIN_SIZE   128 /* with NUL */
#define CHECKPOINT_KEY_TEXT_SIZE 192
#define CHECKPOINT_PUBLIC_BYTES  32
#define CHECKPOINT_SEED_BYTES    32
#define CHECKPOINT_LINES_MAX     32           /* signature lines; at least 16 are promised */
#define CHECKPOINT_LINE_MAX      8192         /* bytes; post-quantum signatures need about 5 kB */
#define CHECKPOINT_NOTE_MAX      (256 * 1024) /* bytes of a whole note */
#define CHECKPOINT_WITNESSES_MAX 16
/* A note with the log's own signature fits in this. */
#define CHECKPOINT_SIGNED_SIZE 1024

enum checkpoint_key_type { CHECKPOINT_KEY_LOG = 0x01, CHECKPOINT_KEY_WITNESS = 0x04 };

struct checkpoint {
    char origin[CHECKPOINT_ORIGIN_SIZE];
    uint64_t size;
    struct sha256 root;
};

struct checkpoint_key {
    char name[CHECKPOINT_ORIGIN_SIZE];
    enum checkpoint_key_type type;
    uint32_t id;
    uint8_t public_key[CHECKPOINT_PUBLIC_BYTES];
};

/* True when `name` may name a log: non-empty, no space or control, no '+', fits. */
MUST_CHECK bool checkpoint_origin_is_valid(const char *name);

/* RESULT_PARSE: not such a text. RESULT_INVALID: its key id is not that of name and key. RESULT_UNSUPPORTED: a type
 * other than the two above. */
MUST_CHECK enum result checkpoint_key_parse(const char *text, struct checkpoint_key *ret_key);
/* `ret_text` holds CHECKPOINT_KEY_TEXT_SIZE bytes. */
void checkpoint_key_format(const struct checkpoint_key *key, char *ret_text);
/* Public half of `seed`. RESULT_INVALID for a bad name. */
MUST_CHECK enum result checkpoint_key_of_seed(const char *name, enum checkpoint_key_type type,
                                              const uint8_t seed[CHECKPOINT_SEED_BYTES],
                                              struct checkpoint_key *ret_key);

/* `prev` of record 0: SHA-256("audit-genesis/v1\n" origin "\n" vkey "\n"). */
struct sha256 checkpoint_genesis(const char *origin, const char *vkey);

/* The note with the log's signature line, NUL-terminated. RESULT_INVALID when origin and key name differ;
 * RESULT_TOO_LARGE when `size` is too small. */
MUST_CHECK enum result checkpoint_sign(const struct checkpoint *checkpoint,
                                       const uint8_t seed[CHECKPOINT_SEED_BYTES], char *ret_note,
                                       size_t size);

/* Text part only, strictly (§7.5 step 1): no signature is looked at. */
MUST_CHECK enum result checkpoint_parse(struct span note, struct checkpoint *ret_checkpoint);

struct checkpoint_witnessed {
    bool signed_by[CHECKPOINT_WITNESSES_MAX];
    int64_t time_s[CHECKPOINT_WITNESSES_MAX]; /* of the cosignature, seconds since 1970 */
    unsigned count;                           /* witnesses whose cosignature holds */
};

/* §7.5 steps 1–3: strict parse, origin must be the log key's name, the log's signature must be there and hold, and
 * every line of a known key must hold; lines of unknown keys are ignored. A cosignature may be at most five minutes
 * ahead of `now_us` (wall clock).
 * RESULT_PARSE: malformed. RESULT_TAMPERED: a known key's signature fails, is missing, or the origin is another. */
MUST_CHECK enum result checkpoint_verify(struct span note, const struct checkpoint_key *log,
                                         const struct checkpoint_key *witnesses,
                                         size_t witness_count, int64_t now_us,
                                         struct checkpoint *ret_checkpoint,
                                         struct checkpoint_witnessed *ret_witnessed);

#endif
