/* A well-formed log in memory for tests of the verifier: entries through the product's own encoder, signed by a key
 * made from a fixed seed. */
#ifndef TESTS_UNIT_AUDIT_LOG_FIXTURE_H
#define TESTS_UNIT_AUDIT_LOG_FIXTURE_H

#include "gateway/audit/checkpoint.h"
#include "gateway/audit/record.h"
#include "gateway/audit/verifier.h"

#define FIXTURE_RECORDS_MAX 1024
#define FIXTURE_START_US    1795305600000000ll /* 2026-11-22T00:00:00Z */

struct fixture_record {
    uint8_t *bytes; /* heap */
    size_t length;
};

struct log_fixture {
    struct checkpoint_key key;
    struct fixture_record records[FIXTURE_RECORDS_MAX];
    size_t count;
    int64_t wall_us;
    int64_t mono_ns;
    char boot[AUDIT_BOOT_SIZE];
    char note[CHECKPOINT_SIGNED_SIZE];
};

void log_fixture_init(struct log_fixture *log);
void log_fixture_done(struct log_fixture *log);
/* The next record, one second after the last, unless the times in `log` are changed before the call. */
void log_fixture_add(struct log_fixture *log, const struct audit_draft *draft);
/* The same with an act and a consultation ("" for none) only. */
void log_fixture_act(struct log_fixture *log, enum audit_act act, enum audit_outcome outcome,
                     const char *consultation);
/* With x.seat. */
void log_fixture_seat(struct log_fixture *log, enum audit_act act, const char *consultation,
                      int seat);
/* A log of `count` records as a gateway would write it: visits, heartbeats, restarts. */
void log_fixture_fill(struct log_fixture *log, size_t count);
/* Signs the first `size` records into `note`. */
void log_fixture_sign(struct log_fixture *log, size_t size);
/* The seed of its log key. */
const uint8_t *log_fixture_seed(void);
struct verifier_source log_fixture_source(struct log_fixture *log);
/* Runs the verifier with `note`, `now` at the time of the last record. */
enum verifier_status log_fixture_verify(struct log_fixture *log,
                                        struct verifier_report *ret_report);

#endif
