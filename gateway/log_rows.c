#include "gateway/log_rows.h"

#include <stdlib.h>
#include <string.h>

#define LOG_ROWS_PAGE 1000

enum result log_rows_open(struct log_rows *log, const char *database, const char *origin)
{
    const struct store_options options = {.path = database, .log_origin = origin, .node = "reader"};
    *log = (struct log_rows){.first = 0};
    return store_open_reader(&options, &log->store);
}

void log_rows_close(struct log_rows *log)
{
    if (log->rows != NULL)
        log->rows = store_rows_free(log->rows);
    log->store = store_close(log->store);
}

enum result log_rows_read(struct log_rows *log, uint64_t index, struct span *ret_entry)
{
    if (log->rows == NULL || index < log->first ||
        index - log->first >= store_rows_count(log->rows)) {
        const struct store_query query = {
            .kind = STORE_QUERY_RECORDS, .first = index, .limit = LOG_ROWS_PAGE};
        if (log->rows != NULL)
            log->rows = store_rows_free(log->rows);
        enum result result = store_query_now(log->store, &query, &log->rows);
        if (result != RESULT_OK)
            return result;
        log->first = index;
        if (store_rows_count(log->rows) == 0)
            return RESULT_NOT_FOUND;
    }
    *ret_entry = store_rows_blob(log->rows, (size_t)(index - log->first), "bytes");
    return RESULT_OK;
}

static enum result source_read(void *context, uint64_t index, struct span *ret_entry)
{
    return log_rows_read(context, index, ret_entry);
}

struct verifier_source log_rows_source(struct log_rows *log)
{
    return (struct verifier_source){.read = source_read, .context = log};
}

enum result log_rows_checkpoint(struct log_rows *log, char **ret_text)
{
    const struct store_query query = {.kind = STORE_QUERY_CHECKPOINT_NEWEST};
    struct store_rows *rows;
    enum result result = store_query_now(log->store, &query, &rows);
    if (result != RESULT_OK)
        return result;
    char *text = NULL;
    result = store_rows_count(rows) == 0 ? RESULT_NOT_FOUND : RESULT_OK;
    if (result == RESULT_OK) {
        text = strdup(store_rows_text(rows, 0, "note"));
        result = text == NULL ? RESULT_NO_MEMORY : RESULT_OK;
    }
    store_rows_free(rows);
    if (result == RESULT_OK)
        *ret_text = text;
    return result;
}
