/* The answer of a query while it is built: cells in one array, their bytes in one buffer that is wiped when it goes.
 * Thread: one at a time; a finished answer is handed over whole. Owner: the reader until the callback has run, or the
 * caller of store_query_now. Reading it is in store.h. */
#ifndef GATEWAY_STORAGE_ROWS_H
#define GATEWAY_STORAGE_ROWS_H

#include "gateway/base/bytes.h"
#include "gateway/storage/store.h"
#include "gateway/storage/value.h"

/* `columns`: static text, names with a space between. */
MUST_CHECK enum result rows_new(const char *columns, struct store_rows **ret_rows);
/* Adds one cell; rows fill from left to right. RESULT_NO_MEMORY. */
MUST_CHECK enum result rows_add(struct store_rows *rows, const struct store_value *value);
/* Puts another value into an existing cell; the old bytes stay in the buffer until rows_free wipes it. */
MUST_CHECK enum result rows_replace(struct store_rows *rows, size_t row, const char *column,
                                    const struct store_value *value);
size_t rows_columns(const struct store_rows *rows);

#endif
