/* The per-person keys, wrapped in the database. Thread: that of the connection. */
#ifndef GATEWAY_STORAGE_KEYRING_H
#define GATEWAY_STORAGE_KEYRING_H

#include "gateway/storage/backend.h"
#include "gateway/storage/sealing.h"

/* RESULT_NOT_FOUND never made, RESULT_STALE erased, RESULT_CRYPTO does not open under this wrapping key. */
MUST_CHECK enum result keyring_get(const struct store_backend *backend,
                                   struct store_connection *connection,
                                   const struct sealing_key *wrapping, const char *subject,
                                   struct sealing_key *ret_key);
/* Makes the key when there is none; inside a transaction of the writer. */
MUST_CHECK enum result keyring_get_or_make(const struct store_backend *backend,
                                           struct store_connection *connection,
                                           const struct sealing_key *wrapping, const char *subject,
                                           int64_t now_us, struct sealing_key *ret_key);

#endif
