/* The stored log as a row of entries, for the verbs that walk it: the exact bytes of the database, in order, nothing
 * derived from them. Rows are given by place, not by number, so a missing one shows as a wrong seq in its place.
 * Thread: the verb's. */
#ifndef GATEWAY_LOG_ROWS_H
#define GATEWAY_LOG_ROWS_H

#include <stdint.h>

#include "gateway/audit/verifier.h"
#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "gateway/storage/store.h"

/* Owner: the verb, on its stack. Life: log_rows_open … log_rows_close. */
struct log_rows {
    struct store *store;
    struct store_rows *rows;
    uint64_t first; /* index of the first of `rows` */
};

/* As store_open_reader: RESULT_NOT_FOUND no database, RESULT_UNSUPPORTED its schema is another version's. */
MUST_CHECK enum result log_rows_open(struct log_rows *log, const char *database,
                                     const char *origin);
void log_rows_close(struct log_rows *log);
/* The entry at `index`, valid until the next call; for rising indices. RESULT_NOT_FOUND at the end. */
MUST_CHECK enum result log_rows_read(struct log_rows *log, uint64_t index, struct span *ret_entry);
/* The same as the verifier wants it. */
struct verifier_source log_rows_source(struct log_rows *log);
/* The newest signed note the gateway has kept. Owner of `ret_text`: the caller (free); RESULT_NOT_FOUND: none. */
MUST_CHECK enum result log_rows_checkpoint(struct log_rows *log, char **ret_text);

#endif
