/* One typed value on its way into or out of a database. Plain data; who owns what `data` points at is said by whoever
 * holds the value. Thread: any. */
#ifndef GATEWAY_STORAGE_VALUE_H
#define GATEWAY_STORAGE_VALUE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "gateway/base/hash.h"
#include "gateway/base/id.h"

enum store_value_kind { STORE_NULL, STORE_INTEGER, STORE_TEXT, STORE_BLOB };

struct store_value {
    enum store_value_kind kind;
    int64_t integer;
    const void *data;
    size_t length;
};

static inline struct store_value value_null(void)
{
    return (struct store_value){.kind = STORE_NULL};
}
static inline struct store_value value_integer(int64_t integer)
{
    return (struct store_value){.kind = STORE_INTEGER, .integer = integer};
}
/* A time or number whose 0 means "none". */
static inline struct store_value value_number_or_null(int64_t integer)
{
    return integer == 0 ? value_null() : value_integer(integer);
}
static inline struct store_value value_text(const char *text)
{
    if (text == NULL)
        return value_null();
    return (struct store_value){.kind = STORE_TEXT, .data = text, .length = strlen(text)};
}
static inline struct store_value value_id(const struct id *id)
{
    return id_is_set(id) ? value_text(id->text) : value_null();
}
static inline struct store_value value_blob(const void *data, size_t length)
{
    if (data == NULL)
        return value_null();
    return (struct store_value){.kind = STORE_BLOB, .data = data, .length = length};
}
static inline struct store_value value_hash(const struct sha256 *hash)
{
    return value_blob(hash->bytes, SHA256_BYTES);
}

#endif
