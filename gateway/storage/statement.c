#include "gateway/storage/statement.h"

#include "gateway/base/check.h"

const char *statement_columns(enum statement statement)
{
    static const char *const columns[STATEMENT_COUNT] = {
#define X(name, text) text,
        STATEMENT_LIST(X)
#undef X
#define X(name, takes, text) text,
            STORE_QUERY_LIST(X)
#undef X
    };
    CHECK((unsigned)statement < STATEMENT_COUNT);
    return columns[statement];
}
