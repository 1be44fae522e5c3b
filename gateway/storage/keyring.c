#include "gateway/storage/keyring.h"

enum result keyring_get(const struct store_backend *backend, struct store_connection *connection,
                        const struct sealing_key *wrapping, const char *subject,
                        struct sealing_key *ret_key)
{
    struct store_rows *rows = NULL;
    struct store_value value = value_text(subject);
    enum result result =
        backend->select(connection, STATEMENT_GET_SUBJECT_KEY, &value, 1, 1, &rows);
    if (!result_ok(result))
        return result;
    if (store_rows_count(rows) == 0)
        result = RESULT_NOT_FOUND;
    else if (store_rows_is_null(rows, 0, "wrapped"))
        result = RESULT_STALE;
    else if (!result_ok(
                 sealing_unwrap(wrapping, subject, store_rows_blob(rows, 0, "wrapped"), ret_key)))
        result = RESULT_CRYPTO;
    store_rows_free(rows);
    return result;
}

enum result keyring_get_or_make(const struct store_backend *backend,
                                struct store_connection *connection,
                                const struct sealing_key *wrapping, const char *subject,
                                int64_t now_us, struct sealing_key *ret_key)
{
    enum result result = keyring_get(backend, connection, wrapping, subject, ret_key);
    if (result != RESULT_NOT_FOUND)
        return result;
    uint8_t wrapped[SEALING_WRAPPED_BYTES];
    sealing_key_new(ret_key);
    sealing_wrap(wrapping, subject, ret_key, wrapped);
    const struct store_value values[] = {value_text(subject), value_blob(wrapped, sizeof(wrapped)),
                                         value_integer(now_us)};
    uint64_t changed = 0;
    return backend->run(connection, STATEMENT_PUT_SUBJECT_KEY, values, ARRAY_LENGTH(values),
                        &changed);
}
