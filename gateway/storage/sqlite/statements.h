/* The SQL of each statement for SQLite. Thread: any. */
#ifndef GATEWAY_STORAGE_SQLITE_STATEMENTS_H
#define GATEWAY_STORAGE_SQLITE_STATEMENTS_H

#include "gateway/storage/statement.h"

/* Never NULL. */
const char *sqlite_statement_text(enum statement statement);

#endif
