#include "gateway/storage/rows.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"

struct cell {
    enum store_value_kind kind;
    int64_t integer;
    size_t offset; /* into data; texts are followed by NUL there */
    size_t length;
};

struct store_rows {
    const char *columns;
    size_t column_count;
    struct cell *cells;
    size_t cell_count;
    size_t cells_max;
    uint8_t *data;
    size_t data_used;
    size_t data_max;
};

static size_t columns_count(const char *columns)
{
    size_t count = 1;
    for (; *columns != 0; columns++)
        count += *columns == ' ';
    return count;
}

enum result rows_new(const char *columns, struct store_rows **ret_rows)
{
    struct store_rows *rows = calloc(1, sizeof(*rows));
    if (rows == NULL)
        return RESULT_NO_MEMORY;
    rows->columns = columns;
    rows->column_count = columns_count(columns);
    *ret_rows = rows;
    return RESULT_OK;
}

struct store_rows *store_rows_free(struct store_rows *rows)
{
    if (rows == NULL)
        return NULL;
    if (rows->data != NULL)
        explicit_bzero(rows->data, rows->data_max);
    free(rows->data);
    free(rows->cells);
    free(rows);
    return NULL;
}

/* realloc would leave an unwiped copy of the old bytes behind. */
static enum result data_reserve(struct store_rows *rows, size_t more)
{
    if (rows->data_max - rows->data_used >= more)
        return RESULT_OK;
    size_t size = rows->data_max == 0 ? 1024 : rows->data_max;
    while (size - rows->data_used < more)
        size *= 2;
    uint8_t *data = malloc(size);
    if (data == NULL)
        return RESULT_NO_MEMORY;
    if (rows->data != NULL) {
        memcpy(data, rows->data, rows->data_used);
        explicit_bzero(rows->data, rows->data_max);
        free(rows->data);
    }
    rows->data = data;
    rows->data_max = size;
    return RESULT_OK;
}

static enum result cell_fill(struct store_rows *rows, const struct store_value *value,
                             struct cell *ret_cell)
{
    struct cell cell = {.kind = value->kind, .integer = value->integer};
    if (value->kind == STORE_TEXT || value->kind == STORE_BLOB) {
        enum result result = data_reserve(rows, value->length + 1);
        if (!result_ok(result))
            return result;
        cell.offset = rows->data_used;
        cell.length = value->length;
        if (value->length > 0)
            memcpy(rows->data + cell.offset, value->data, value->length);
        rows->data[cell.offset + cell.length] = 0;
        rows->data_used += value->length + 1;
    }
    *ret_cell = cell;
    return RESULT_OK;
}

enum result rows_add(struct store_rows *rows, const struct store_value *value)
{
    if (rows->cell_count == rows->cells_max) {
        size_t count = rows->cells_max == 0 ? 32 : rows->cells_max * 2;
        struct cell *cells = reallocarray(rows->cells, count, sizeof(*cells));
        if (cells == NULL)
            return RESULT_NO_MEMORY;
        rows->cells = cells;
        rows->cells_max = count;
    }
    enum result result = cell_fill(rows, value, &rows->cells[rows->cell_count]);
    if (result_ok(result))
        rows->cell_count++;
    return result;
}

size_t rows_columns(const struct store_rows *rows)
{
    return rows->column_count;
}

static size_t column_find(const struct store_rows *rows, const char *column)
{
    size_t length = strlen(column), index = 0;
    for (const char *at = rows->columns; *at != 0; index++) {
        size_t here = strcspn(at, " ");
        if (here == length && memcmp(at, column, length) == 0)
            return index;
        at += here + (at[here] == ' ');
    }
    CHECK(!"known column");
    return 0;
}

static struct cell *cell_at(const struct store_rows *rows, size_t row, const char *column)
{
    CHECK(row < store_rows_count(rows));
    return &rows->cells[row * rows->column_count + column_find(rows, column)];
}

enum result rows_replace(struct store_rows *rows, size_t row, const char *column,
                         const struct store_value *value)
{
    return cell_fill(rows, value, cell_at(rows, row, column));
}

size_t store_rows_count(const struct store_rows *rows)
{
    return rows->cell_count / rows->column_count;
}

bool store_rows_is_null(const struct store_rows *rows, size_t row, const char *column)
{
    return cell_at(rows, row, column)->kind == STORE_NULL;
}

int64_t store_rows_integer(const struct store_rows *rows, size_t row, const char *column)
{
    const struct cell *cell = cell_at(rows, row, column);
    return cell->kind == STORE_INTEGER ? cell->integer : 0;
}

const char *store_rows_text(const struct store_rows *rows, size_t row, const char *column)
{
    const struct cell *cell = cell_at(rows, row, column);
    return cell->kind == STORE_TEXT ? (const char *)rows->data + cell->offset : "";
}

struct span store_rows_blob(const struct store_rows *rows, size_t row, const char *column)
{
    const struct cell *cell = cell_at(rows, row, column);
    if (cell->kind != STORE_BLOB && cell->kind != STORE_TEXT)
        return span_of(NULL, 0);
    return span_of(rows->data + cell->offset, cell->length);
}

struct id store_rows_id(const struct store_rows *rows, size_t row, const char *column)
{
    struct id id = {.text = ""};
    return id_parse(store_rows_text(rows, row, column), &id) ? id : (struct id){.text = ""};
}

bool store_rows_hash(const struct store_rows *rows, size_t row, const char *column,
                     struct sha256 *ret_hash)
{
    struct span blob = store_rows_blob(rows, row, column);
    if (blob.length != SHA256_BYTES)
        return false;
    memcpy(ret_hash->bytes, blob.data, SHA256_BYTES);
    return true;
}
