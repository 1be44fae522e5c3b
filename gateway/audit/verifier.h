/* Is the log intact? The procedure of security-reliability §7.5 over any source of entries: a database, an exported
 * file, a table in a test. Pure: reads through the source, takes `now_us`, writes a report. Thread: any one. */
#ifndef GATEWAY_AUDIT_VERIFIER_H
#define GATEWAY_AUDIT_VERIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/audit/checkpoint.h"
#include "gateway/audit/tree.h"
#include "gateway/base/bytes.h"
#include "gateway/model/audit_record.h"

/* The numbers are the exit codes of `audit verify`. */
enum verifier_status {
    VERIFIER_GOOD = 0,
    VERIFIER_TAMPERED =
        1, /* something does not match its proof, or breaks a rule no honest log breaks */
    VERIFIER_INCOMPLETE = 2,  /* nothing wrong was seen, but not everything could be proved */
    VERIFIER_UNSUPPORTED = 3, /* a record of a version this program does not know */
    VERIFIER_USAGE = 4,
};

/* What was found first. X(NAME, text) */
#define VERIFIER_FINDING_LIST(X)                                                                   \
    X(NONE, "none")                                                                                \
    X(CHECKPOINT_MALFORMED, "checkpoint_malformed")                                                \
    X(CHECKPOINT_SIGNATURE, "checkpoint_signature") /* bad, missing, or another origin */          \
    X(CHECKPOINT_MISSING, "checkpoint_missing")     /* nothing signed to compare with */           \
    X(QUORUM, "quorum")                             /* fewer witnesses than asked for */           \
    X(EARLIER_CHECKPOINT, "earlier_checkpoint")     /* contradicts it: keep both notes */          \
    X(RECORD_MISSING, "record_missing") /* the checkpoint counts it, the log has not got it */     \
    X(RECORD_UNREADABLE, "record_unreadable") /* the source failed */                              \
    X(RECORD_LENGTH, "record_length")                                                              \
    X(RECORD_NOT_CANONICAL, "record_not_canonical")                                                \
    X(RECORD_FIELD, "record_field") /* unknown, missing, or of the wrong kind */                   \
    X(RECORD_VERSION, "record_version")                                                            \
    X(RECORD_ORIGIN, "record_origin")                                                              \
    X(RECORD_SEQ, "record_seq")                                                                    \
    X(RECORD_PREV, "record_prev")                                                                  \
    X(ROOT, "root")                                                                                \
    X(CLOCK_BACK, "clock_back")   /* mono fell inside a boot, or t fell without clock.step */      \
    X(INTENT_OPEN, "intent_open") /* an intent without its outcome */                              \
    X(KEYS_KEPT, "keys_kept")     /* participant.remove not followed by media.keys.destroyed */    \
    X(MEDIA_BEFORE_ADMIT, "media_before_admit")                                                    \
    X(SEALED, "sealed")   /* an opened value does not match its commitment */                      \
    X(SILENCE, "silence") /* heartbeat gap, with `strict` */                                       \
    X(TAIL_UNSIGNED,                                                                               \
      "tail_unsigned") /* records older than the allowance, beyond the checkpoint */               \
    X(FILE_MALFORMED, "file_malformed") /* a proof file that is not one */

enum verifier_finding {
#define X(name, text) VERIFIER_##name,
    VERIFIER_FINDING_LIST(X)
#undef X
        VERIFIER_FINDING_COUNT
};

/* Entries by index. `read` gives bytes that stay valid until its next call; RESULT_NOT_FOUND for an index the log has
 * not got; anything else means it could not be read. Called with rising indices from 0, once each. */
struct verifier_source {
    enum result (*read)(void *context, uint64_t index, struct span *ret_entry);
    void *context;
};

struct verifier_options {
    const struct checkpoint_key *log_key;
    const struct checkpoint_key *witnesses;
    size_t witness_count;
    unsigned quorum;        /* witnesses that must have signed; 0: none asked for */
    struct span checkpoint; /* note; empty: none */
    struct span earlier;    /* note kept from before; empty: none */
    int64_t now_us;         /* wall clock */
    int64_t
        tail_allowed_us; /* how old a record beyond the checkpoint may be; 0: VERIFIER_TAIL_ALLOWED_US */
    bool strict;         /* silences are INCOMPLETE instead of listed */
};

#define VERIFIER_TAIL_ALLOWED_US (10 * 1000000ll)
#define VERIFIER_SILENCE_US      (180 * 1000000ll)
#define VERIFIER_KEYS_GONE_US    (500 * 1000ll)
#define VERIFIER_TIME_SIZE       28

struct verifier_report {
    enum verifier_status status;
    enum verifier_finding finding; /* the first, by severity, then by index */
    bool has_bad_index;
    uint64_t bad_index;        /* first record the finding is about */
    uint64_t records;          /* read and checked */
    uint64_t signed_size;      /* covered by the checkpoint */
    struct sha256 root;        /* recomputed, of the first signed_size records */
    uint64_t unsigned_records; /* beyond the checkpoint, checked by chain only */
    char first_time[VERIFIER_TIME_SIZE];
    char last_time[VERIFIER_TIME_SIZE];
    uint64_t restarts; /* log.open records after the first */
    uint64_t clock_steps;
    uint64_t silences;  /* gaps longer than VERIFIER_SILENCE_US inside a boot */
    unsigned witnesses; /* cosignatures that hold */
    int64_t oldest_witness_age_s;
    uint64_t acts[AUDIT_ACT_COUNT];
};

/* Walks the whole log. Returns ret_report->status. */
MUST_CHECK enum verifier_status verifier_run(const struct verifier_source *source,
                                             const struct verifier_options *options,
                                             struct verifier_report *ret_report);

/* One opened sealed value (§7.5 step 11): does HMAC-SHA-256(key = r, value) give the commitment of that name in the
 * entry? */
MUST_CHECK bool verifier_sealed_holds(struct span entry, const char *name, const uint8_t r[32],
                                      const char *value);

static inline const char *verifier_finding_name(enum verifier_finding finding)
{
    static const char *const names[VERIFIER_FINDING_COUNT] = {
#define X(name, text) text,
        VERIFIER_FINDING_LIST(X)
#undef X
    };
    return (unsigned)finding < VERIFIER_FINDING_COUNT ? names[finding] : "none";
}

/* "good", "tampered", "incomplete", "unsupported", "usage". */
const char *verifier_status_name(enum verifier_status status);

#endif
