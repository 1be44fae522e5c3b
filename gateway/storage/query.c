#include "gateway/storage/query.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/storage/keyring.h"

#define LIVE_ROWS_MAX    (STORE_ROWS_MAX * 10)
#define QUERY_VALUES_MAX 8

struct store_query *query_copy(const struct store_query *query)
{
    const char *const texts[] = {query->key,   query->institution, query->text,
                                 query->state, query->physician,   query->origin};
    size_t length = sizeof(*query);
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        length += texts[i] == NULL ? 0 : strlen(texts[i]) + 1;
    struct store_query *copy = malloc(length);
    if (copy == NULL)
        return NULL;
    *copy = *query;
    const char **const places[] = {&copy->key,   &copy->institution, &copy->text,
                                   &copy->state, &copy->physician,   &copy->origin};
    char *at = (char *)(copy + 1);
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        if (texts[i] == NULL)
            continue;
        size_t size = strlen(texts[i]) + 1;
        memcpy(at, texts[i], size);
        *places[i] = at;
        at += size;
    }
    return copy;
}

static size_t rows_max(const struct store_query *query)
{
    if (query->kind == STORE_QUERY_CONSULTATIONS_LIVE)
        return LIVE_ROWS_MAX;
    return query->limit == 0 || query->limit > STORE_ROWS_MAX ? STORE_ROWS_MAX : query->limit;
}

/* Parameters in the order of sqlite/statements.c. Returns how many. */
static size_t bind(const struct store_query *query, const char *origin, struct store_value *values)
{
    size_t count = 0;
    switch (query->kind) {
    case STORE_QUERY_INSTITUTIONS:
    case STORE_QUERY_CONSULTATIONS_LIVE:
        break;
    case STORE_QUERY_STAFF_BY_LOGIN:
    case STORE_QUERY_STAFF_BY_ID:
    case STORE_QUERY_INSTITUTION_BY_ID:
    case STORE_QUERY_PATIENT_BY_ID:
    case STORE_QUERY_INVITATIONS_OF_CONSULTATION:
    case STORE_QUERY_GUESTS_OF_CONSULTATION:
    case STORE_QUERY_DECISIONS_OF_CONSULTATION:
    case STORE_QUERY_DEVICE_TOKENS_OF_CONSULTATION:
        values[count++] = value_text(query->key);
        break;
    case STORE_QUERY_CONSULTATION_BY_ID:
        values[count++] = value_text(query->key);
        values[count++] = value_text(query->institution);
        break;
    case STORE_QUERY_STAFF_OF_INSTITUTION:
    case STORE_QUERY_COUNTS:
        values[count++] = value_text(query->institution);
        break;
    case STORE_QUERY_STAFF_SESSION_BY_HASH:
    case STORE_QUERY_INVITATION_BY_HASH:
    case STORE_QUERY_DEVICE_BY_HASH:
    case STORE_QUERY_PACK_BY_HASH:
    case STORE_QUERY_DEVICE_TOKEN_BY_HASH:
        values[count++] = value_hash(&query->hash);
        break;
    case STORE_QUERY_CONSULTATIONS_SEARCH:
        values[count++] = value_text(query->institution);
        values[count++] = value_text(query->state);
        values[count++] = value_text(query->physician);
        values[count++] = value_number_or_null(query->from_us);
        values[count++] = value_number_or_null(query->to_us);
        values[count++] = value_text(query->text);
        values[count++] = value_integer((int64_t)rows_max(query));
        values[count++] = value_integer((int64_t)query->first);
        break;
    case STORE_QUERY_RECORDS_OF_CONSULTATION:
        values[count++] = value_text(query->key);
        values[count++] = value_integer((int64_t)query->first);
        values[count++] = value_integer((int64_t)rows_max(query));
        break;
    case STORE_QUERY_RECORDS:
    case STORE_QUERY_LEAVES:
        values[count++] = value_text(origin);
        values[count++] = value_integer((int64_t)query->first);
        values[count++] = value_integer((int64_t)rows_max(query));
        break;
    case STORE_QUERY_SEALED_OF_RECORD:
        values[count++] = value_text(origin);
        values[count++] = value_integer((int64_t)query->first);
        break;
    case STORE_QUERY_LOG_HEAD:
    case STORE_QUERY_CHECKPOINT_NEWEST:
        values[count++] = value_text(origin);
        break;
    case STORE_QUERY_COUNT:
        CHECK(!"a query");
    }
    return count;
}

/* Which column of an answer is ciphertext, and where its key part (32 bytes in front) goes. */
struct sealed_column {
    const char *column;
    const char *key_column; /* NULL: the whole is the value */
    const char *table;      /* NULL: a record's value */
    bool is_text;
};

static struct sealed_column sealed_column_of(enum store_query_kind kind)
{
    switch ((int)kind) {
    case STORE_QUERY_PATIENT_BY_ID:
        return (struct sealed_column){.column = "personal", .table = "patient", .is_text = true};
    case STORE_QUERY_GUESTS_OF_CONSULTATION:
        return (struct sealed_column){.column = "personal", .table = "guest", .is_text = true};
    case STORE_QUERY_CONSULTATION_BY_ID:
    case STORE_QUERY_CONSULTATIONS_LIVE:
        return (struct sealed_column){.column = "blob", .table = "consultation"};
    case STORE_QUERY_DECISIONS_OF_CONSULTATION:
        return (struct sealed_column){
            .column = "values", .key_column = "inputs_key", .table = "decision", .is_text = true};
    case STORE_QUERY_SEALED_OF_RECORD:
        return (struct sealed_column){
            .column = "value", .key_column = "value_key", .is_text = true};
    default:
        return (struct sealed_column){.column = NULL};
    }
}

static enum result plain_put(struct store_rows *rows, size_t row,
                             const struct sealed_column *sealed, const uint8_t *plain,
                             size_t length)
{
    size_t skip = 0;
    enum result result = RESULT_OK;
    if (sealed->key_column != NULL) {
        if (length < SHA256_BYTES)
            return RESULT_CRYPTO;
        skip = SHA256_BYTES;
        const struct store_value key = value_blob(plain, SHA256_BYTES);
        result = rows_replace(rows, row, sealed->key_column, &key);
    }
    struct store_value value = value_blob(plain + skip, length - skip);
    value.kind = sealed->is_text ? STORE_TEXT : STORE_BLOB;
    return result_ok(result) ? rows_replace(rows, row, sealed->column, &value) : result;
}

static enum result cell_open(struct store_rows *rows, size_t row,
                             const struct sealed_column *sealed,
                             const struct sealing_context *context, const struct sealing_key *key)
{
    struct span cipher = store_rows_blob(rows, row, sealed->column);
    if (cipher.length < SEALING_OVERHEAD_BYTES)
        return RESULT_CRYPTO;
    size_t length = cipher.length - SEALING_OVERHEAD_BYTES;
    uint8_t *plain = malloc(length > 0 ? length : 1);
    if (plain == NULL)
        return RESULT_NO_MEMORY;
    enum result result = sealing_open(key, context, cipher, plain);
    if (result_ok(result))
        result = plain_put(rows, row, sealed, plain, length);
    explicit_bzero(plain, length);
    free(plain);
    return result;
}

static enum result row_open(const struct store_backend *backend,
                            struct store_connection *connection, const char *origin,
                            const struct sealing_key *wrapping, const struct sealed_column *sealed,
                            struct store_rows *rows, size_t row)
{
    const struct store_value nothing = value_null();
    if (store_rows_is_null(rows, row, sealed->column))
        return RESULT_OK;
    struct sealing_key key;
    enum result result = wrapping == NULL
                             ? RESULT_STALE
                             : keyring_get(backend, connection, wrapping,
                                           store_rows_text(rows, row, "subject"), &key);
    if (result == RESULT_STALE)
        return rows_replace(rows, row, sealed->column, &nothing);
    if (!result_ok(result))
        return result == RESULT_NOT_FOUND ? RESULT_CRYPTO : result;
    struct sealing_context context =
        sealed->table != NULL
            ? sealing_context_of_row(sealed->table, store_rows_text(rows, row, "id"),
                                     sealed->column)
            : sealing_context_of_record(origin, (uint64_t)store_rows_integer(rows, row, "seq"),
                                        store_rows_text(rows, row, "name"));
    result = cell_open(rows, row, sealed, &context, &key);
    sealing_key_wipe(&key);
    return result;
}

enum result query_run(const struct store_backend *backend, struct store_connection *connection,
                      const char *origin, const struct sealing_key *wrapping,
                      const struct store_query *query, struct store_rows **ret_rows)
{
    struct store_value values[QUERY_VALUES_MAX];
    struct store_rows *rows = NULL;
    const char *log = query->origin != NULL ? query->origin : origin;
    size_t count = bind(query, log, values);
    enum result result = backend->select(connection, STATEMENT_QUERY_STAFF_BY_LOGIN + query->kind,
                                         values, count, rows_max(query), &rows);
    if (!result_ok(result))
        return result;
    const struct sealed_column sealed = sealed_column_of(query->kind);
    for (size_t i = 0; sealed.column != NULL && i < store_rows_count(rows) && result_ok(result);
         i++) {
        const struct store_value nothing = value_null();
        result = row_open(backend, connection, log, wrapping, &sealed, rows, i);
        if (result == RESULT_CRYPTO && query->kind == STORE_QUERY_CONSULTATIONS_LIVE)
            result = rows_replace(rows, i, sealed.column, &nothing);
    }
    if (!result_ok(result)) {
        store_rows_free(rows);
        return result == RESULT_CRYPTO ? RESULT_TAMPERED : result;
    }
    *ret_rows = rows;
    return RESULT_OK;
}
