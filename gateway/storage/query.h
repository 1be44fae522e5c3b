/* A query as parameters of its statement, and what was sealed in its answer opened again. Thread: that of the
 * connection. */
#ifndef GATEWAY_STORAGE_QUERY_H
#define GATEWAY_STORAGE_QUERY_H

#include "gateway/storage/backend.h"
#include "gateway/storage/sealing.h"

/* A copy with its own texts in one block: free() it. NULL: no memory. */
struct store_query *query_copy(const struct store_query *query);

/* `origin` is this store's log; `wrapping` NULL: sealed values come as NULL.
 * RESULT_TAMPERED: a sealed value does not open (among the live consultations it comes as NULL instead, so that one
 * damaged row does not keep the others from being resumed); RESULT_STORAGE, RESULT_NO_MEMORY. */
MUST_CHECK enum result query_run(const struct store_backend *backend,
                                 struct store_connection *connection, const char *origin,
                                 const struct sealing_key *wrapping,
                                 const struct store_query *query, struct store_rows **ret_rows);

#endif
