/* The end of the audit log as the writer sees it: gives each record its place (seq, prev, times), encodes it, seals its
 * personal values, and adds it to the transaction that is open on the connection.
 * Thread: the store writer.   Owner: struct store_writer.   Life: log_writer_init, then log_writer_load for each new
 * connection.   Bound: none of its own. */
#ifndef GATEWAY_STORAGE_LOG_WRITER_H
#define GATEWAY_STORAGE_LOG_WRITER_H

#include "gateway/audit/record.h"
#include "gateway/storage/backend.h"
#include "gateway/storage/sealing.h"

#define LOG_CLOCK_STEP_MS 500

/* One reading of the clocks; all records of one commit share it. */
struct log_moment {
    int64_t wall_us;
    int64_t mono_ns;
    int error_ms;
};

/* Where the log ends. Plain data: kept before a transaction and put back when it is undone. */
struct log_head {
    uint64_t size;
    struct sha256 last; /* leaf hash of size − 1, or the genesis value */
    int64_t last_wall_us;
};

struct log_writer {
    const struct store_backend *backend;
    char origin[AUDIT_ORIGIN_SIZE];
    struct sha256 genesis;
    const char *vkey; /* of the options, outlives us */
    struct id node;
    char boot_id[AUDIT_BOOT_SIZE];
    const struct sealing_key *wrapping;
    int64_t log;
    struct log_head head;
    struct log_moment moment;
    bool moment_set;
};

/* RESULT_INVALID: an option no record could carry. */
MUST_CHECK enum result log_writer_init(struct log_writer *log, const struct store_backend *backend,
                                       const struct store_options *options,
                                       const struct sealing_key *wrapping);
/* Finds the log in the database, or enters it (inside the open transaction), and reads its end into log->head.
 * RESULT_INVALID another vkey; RESULT_TAMPERED the last record does not match its leaf hash. */
MUST_CHECK enum result log_writer_load(struct log_writer *log, struct store_connection *connection);

/* How far the wall clock moved by itself between two moments, in milliseconds. */
int64_t log_clock_moved_ms(const struct log_moment *before, const struct log_moment *now);
/* What the log has to say about the clocks before anything else. */
struct log_tick {
    bool new_stretch; /* `boot` changes with this moment: log.open, since a boot begins with one */
    bool stepped;     /* the wall clock was set: clock.step */
    int64_t moved_ms; /* by how much */
};
/* Sets the moment of the records that follow. The clock counts as set when it moved by itself by more than
 * LOG_CLOCK_STEP_MS, or reads less than the last record says. */
struct log_tick log_writer_tick(struct log_writer *log, const struct log_moment *now);

/* Adds one record. On failure the caller undoes the transaction and puts log->head back. */
MUST_CHECK enum result log_writer_append(struct log_writer *log,
                                         struct store_connection *connection,
                                         const struct audit_draft *draft);
/* A record of the log about itself; `moved_ms` is said by clock.step only. */
MUST_CHECK enum result log_writer_append_own(struct log_writer *log,
                                             struct store_connection *connection,
                                             enum audit_act act, int64_t moved_ms);

#endif
