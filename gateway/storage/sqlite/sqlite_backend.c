/* SQLite behind the table of backend.h: one database file, write-ahead log, synchronous FULL. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "gateway/base/check.h"
#include "gateway/base/clock.h"
#include "gateway/storage/backend.h"
#include "gateway/storage/migrations/migrations.h"
#include "gateway/storage/sqlite/statements.h"

/* Pages in the write-ahead log after which it is copied into the file; far above that readers are asked to wait. */
#define WAL_PAGES_COPY  1000
#define WAL_PAGES_EMPTY 16000
#define BUSY_MS         3000
#define SETTLE_BUSY_MS  100

/* Thread: the one that works with it.   Owner: whoever opened it.   Life: sqlite_open … sqlite_close.
 * Bound:  one prepared statement for each of STATEMENT_COUNT. */
struct store_connection {
    sqlite3 *db;
    sqlite3_stmt *prepared[STATEMENT_COUNT];
    int wal_pages;
};

static enum result result_of(int code)
{
    switch (code) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return RESULT_OK;
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return RESULT_EXISTS;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return RESULT_TAMPERED;
    case SQLITE_NOMEM:
        return RESULT_NO_MEMORY;
    default:
        break;
    }
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        return RESULT_INVALID;
    case SQLITE_TOOBIG:
        return RESULT_TOO_LARGE;
    case SQLITE_CORRUPT:
        return RESULT_TAMPERED;
    default:
        return RESULT_STORAGE;
    }
}

static enum result execute(struct store_connection *connection, const char *sql)
{
    return result_of(sqlite3_exec(connection->db, sql, NULL, NULL, NULL));
}

/* First column of the first row as text into `ret_text`; empty when there is none. */
static enum result ask(struct store_connection *connection, const char *sql, char *ret_text,
                       size_t size)
{
    sqlite3_stmt *statement = NULL;
    ret_text[0] = 0;
    int code = sqlite3_prepare_v2(connection->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        if (text != NULL && !text_copy(ret_text, size, text))
            ret_text[0] = 0;
    }
    sqlite3_finalize(statement);
    return result_of(code);
}

static enum result expect(struct store_connection *connection, const char *sql, const char *answer)
{
    char text[32];
    enum result result = ask(connection, sql, text, sizeof(text));
    if (!result_ok(result))
        return result;
    return strcmp(text, answer) == 0 ? RESULT_OK : RESULT_STORAGE;
}

static int wal_grew(void *context, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    ((struct store_connection *)context)->wal_pages = pages;
    return SQLITE_OK;
}

/* Every setting durability rests on is read back: a library built otherwise must not weaken it silently. */
static enum result configure(struct store_connection *connection, enum store_connection_mode mode)
{
    sqlite3_extended_result_codes(connection->db, 1);
    sqlite3_busy_timeout(connection->db, BUSY_MS);
    sqlite3_limit(connection->db, SQLITE_LIMIT_LENGTH, 64 << 20);
    enum result result =
        execute(connection, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
                            "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON");
    if (mode == STORE_CONNECTION_READER) {
        /* Only the writer decides when the log is copied into the file. */
        sqlite3_db_config(connection->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        if (result_ok(result))
            result = execute(connection, "PRAGMA query_only = ON");
        /* The first read opens the write-ahead log, and a reader holds it open from the start: see backend.h, commit. */
        return result_ok(result) ? execute(connection, "SELECT count(*) FROM sqlite_schema")
                                 : result;
    }
    if (result_ok(result))
        result = expect(connection, "PRAGMA journal_mode = WAL", "wal");
    if (result_ok(result))
        result = execute(connection, "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0");
    if (result_ok(result))
        result = expect(connection, "PRAGMA synchronous", "2");
    if (result_ok(result))
        result = expect(connection, "PRAGMA foreign_keys", "1");
    sqlite3_wal_hook(connection->db, wal_grew, connection);
    return result;
}

static struct store_connection *sqlite_close(struct store_connection *connection)
{
    if (connection == NULL)
        return NULL;
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(connection->prepared[i]);
    CHECK(sqlite3_close(connection->db) == SQLITE_OK);
    free(connection);
    return NULL;
}

static struct store_connection *sqlite_abandon(struct store_connection *connection)
{
    /* The last connection to close would copy the write-ahead log, through the very file whose sync has failed. */
    sqlite3_db_config(connection->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return sqlite_close(connection);
}

static enum result sqlite_open(const char *path, enum store_connection_mode mode,
                               struct store_connection **ret_connection)
{
    if (mode == STORE_CONNECTION_READER && access(path, F_OK) != 0)
        return errno == ENOENT ? RESULT_NOT_FOUND : RESULT_STORAGE;
    struct store_connection *connection = calloc(1, sizeof(*connection));
    if (connection == NULL)
        return RESULT_NO_MEMORY;
    /* No mutex: a connection belongs to one thread at a time. A reader may not be SQLITE_OPEN_READONLY, since it has to
     * be able to make the shared index of the write-ahead log; query_only keeps it from writing. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    if (mode == STORE_CONNECTION_WRITER)
        flags |= SQLITE_OPEN_CREATE;
    enum result result = result_of(sqlite3_open_v2(path, &connection->db, flags, NULL));
    if (result_ok(result))
        result = configure(connection, mode);
    if (!result_ok(result)) {
        sqlite_close(connection);
        return result;
    }
    *ret_connection = connection;
    return RESULT_OK;
}

static enum result schema_version(struct store_connection *connection, unsigned *ret_version)
{
    char text[32];
    enum result result =
        ask(connection, "SELECT count(*) FROM sqlite_schema WHERE name = 'migration'", text,
            sizeof(text));
    if (result_ok(result) && strcmp(text, "0") != 0)
        result =
            ask(connection, "SELECT coalesce(max(version), 0) FROM migration", text, sizeof(text));
    if (result_ok(result))
        *ret_version = (unsigned)strtoul(text, NULL, 10);
    return result;
}

static enum result sqlite_schema_is_current(struct store_connection *connection)
{
    unsigned version = 0;
    enum result result = schema_version(connection, &version);
    if (!result_ok(result))
        return result;
    return version == MIGRATIONS_COUNT ? RESULT_OK : RESULT_UNSUPPORTED;
}

static enum result sqlite_begin(struct store_connection *connection)
{
    return execute(connection, "BEGIN IMMEDIATE");
}

static void sqlite_rollback(struct store_connection *connection)
{
    /* After some errors SQLite has rolled back already. */
    if (sqlite3_get_autocommit(connection->db) == 0)
        (void)execute(connection, "ROLLBACK");
}

static enum result sqlite_commit(struct store_connection *connection)
{
    enum result result = execute(connection, "COMMIT");
    if (!result_ok(result))
        sqlite_rollback(connection);
    return result;
}

/* The frames of a failed commit stand in the write-ahead log behind the last good one, perhaps complete. A new frame takes
 * the place of the first of them, and since checksums run on from frame to frame, recovery stops there. */
static enum result sqlite_cover(struct store_connection *connection)
{
    enum result result = sqlite_begin(connection);
    if (result_ok(result))
        result =
            execute(connection, "PRAGMA user_version = 0"); /* unused; writes page 1 all the same */
    if (result_ok(result))
        return sqlite_commit(connection);
    sqlite_rollback(connection);
    return result;
}

static enum result step_up(struct store_connection *connection, const struct migration *migration)
{
    enum result result =
        execute(connection, "CREATE TABLE IF NOT EXISTS migration (version INTEGER PRIMARY KEY, "
                            "name TEXT NOT NULL, down TEXT, applied_us INTEGER NOT NULL) STRICT");
    if (result_ok(result))
        result = execute(connection, migration->up);
    if (!result_ok(result))
        return result;
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(connection->db, "INSERT INTO migration VALUES (?1, ?2, ?3, ?4)",
                                  -1, &statement, NULL);
    if (code == SQLITE_OK) {
        sqlite3_bind_int64(statement, 1, migration->version);
        sqlite3_bind_text(statement, 2, migration->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 3, migration->down, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 4, clock_wall_us());
        code = sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
    return result_of(code);
}

/* The way down is kept in the database, so that a program older than the schema knows it too. */
static enum result step_down(struct store_connection *connection)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(connection->db,
                                  "SELECT down FROM migration ORDER BY version DESC LIMIT 1", -1,
                                  &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    enum result result = result_of(code);
    char *down = NULL;
    if (code == SQLITE_ROW && sqlite3_column_type(statement, 0) == SQLITE_TEXT)
        down = strdup((const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    if (result_ok(result) && down == NULL)
        result = RESULT_UNSUPPORTED;
    if (result_ok(result))
        result = execute(connection, down);
    if (result_ok(result))
        result =
            execute(connection,
                    "DELETE FROM migration WHERE version = (SELECT max(version) FROM migration)");
    free(down);
    return result;
}

static enum result sqlite_migrate(struct store_connection *connection, unsigned target)
{
    unsigned version = 0;
    enum result result = schema_version(connection, &version);
    if (!result_ok(result))
        return result;
    if (target > MIGRATIONS_COUNT || (target == 0 && version > MIGRATIONS_COUNT))
        return RESULT_UNSUPPORTED;
    if (target == 0)
        target = MIGRATIONS_COUNT;
    while (version != target) {
        result = sqlite_begin(connection);
        if (result_ok(result))
            result = version < target ? step_up(connection, &MIGRATIONS[version])
                                      : step_down(connection);
        if (result_ok(result))
            result = sqlite_commit(connection);
        if (!result_ok(result)) {
            sqlite_rollback(connection);
            return result;
        }
        version += version < target ? 1 : -1u;
    }
    return RESULT_OK;
}

static enum result sqlite_check(struct store_connection *connection)
{
    char text[64];
    enum result result = ask(connection, "PRAGMA quick_check(1)", text, sizeof(text));
    if (!result_ok(result))
        return result;
    return strcmp(text, "ok") == 0 ? RESULT_OK : RESULT_TAMPERED;
}

static enum result sqlite_mark(struct store_connection *connection)
{
    return execute(connection, "SAVEPOINT one");
}

static enum result sqlite_keep(struct store_connection *connection)
{
    return execute(connection, "RELEASE one");
}

static enum result sqlite_undo(struct store_connection *connection)
{
    return execute(connection, "ROLLBACK TO one; RELEASE one");
}

static int bind_value(sqlite3_stmt *statement, int index, const struct store_value *value)
{
    /* Static: the statement is reset before the caller's values go away. */
    switch (value->kind) {
    case STORE_INTEGER:
        return sqlite3_bind_int64(statement, index, value->integer);
    case STORE_TEXT:
        return sqlite3_bind_text64(statement, index, value->data, value->length, SQLITE_STATIC,
                                   SQLITE_UTF8);
    case STORE_BLOB:
        return sqlite3_bind_blob64(statement, index, value->length > 0 ? value->data : "",
                                   value->length, SQLITE_STATIC);
    case STORE_NULL:
        break;
    }
    return sqlite3_bind_null(statement, index);
}

static enum result prepare(struct store_connection *connection, enum statement statement,
                           const struct store_value *values, size_t count,
                           sqlite3_stmt **ret_prepared)
{
    sqlite3_stmt **slot = &connection->prepared[statement];
    int code = SQLITE_OK;
    if (*slot == NULL)
        code = sqlite3_prepare_v3(connection->db, sqlite_statement_text(statement), -1,
                                  SQLITE_PREPARE_PERSISTENT, slot, NULL);
    if (code != SQLITE_OK)
        return result_of(code);
    CHECK((size_t)sqlite3_bind_parameter_count(*slot) == count);
    for (size_t i = 0; i < count && code == SQLITE_OK; i++)
        code = bind_value(*slot, (int)i + 1, &values[i]);
    *ret_prepared = *slot;
    return result_of(code);
}

static void finish(sqlite3_stmt *prepared)
{
    sqlite3_reset(prepared);
    sqlite3_clear_bindings(prepared);
}

static enum result sqlite_run(struct store_connection *connection, enum statement statement,
                              const struct store_value *values, size_t count, uint64_t *ret_changed)
{
    sqlite3_stmt *prepared = NULL;
    enum result result = prepare(connection, statement, values, count, &prepared);
    if (!result_ok(result))
        return result;
    int code = sqlite3_step(prepared);
    finish(prepared);
    if (code == SQLITE_DONE)
        *ret_changed = (uint64_t)sqlite3_changes64(connection->db);
    return result_of(code);
}

static enum result read_row(sqlite3_stmt *prepared, struct store_rows *rows)
{
    for (int i = 0; i < sqlite3_column_count(prepared); i++) {
        struct store_value value = value_null();
        switch (sqlite3_column_type(prepared, i)) {
        case SQLITE_INTEGER:
            value = value_integer(sqlite3_column_int64(prepared, i));
            break;
        case SQLITE_TEXT:
            value.kind = STORE_TEXT;
            value.data = sqlite3_column_text(prepared, i);
            break;
        case SQLITE_BLOB:
            value.kind = STORE_BLOB;
            value.data = sqlite3_column_blob(prepared, i);
            break;
        default:
            break;
        }
        if (value.kind != STORE_NULL && value.kind != STORE_INTEGER)
            value.length = (size_t)sqlite3_column_bytes(prepared, i);
        enum result result = rows_add(rows, &value);
        if (!result_ok(result))
            return result;
    }
    return RESULT_OK;
}

static enum result sqlite_select(struct store_connection *connection, enum statement statement,
                                 const struct store_value *values, size_t count, size_t rows_max,
                                 struct store_rows **ret_rows)
{
    sqlite3_stmt *prepared = NULL;
    struct store_rows *rows = NULL;
    enum result result = prepare(connection, statement, values, count, &prepared);
    if (result_ok(result))
        result = rows_new(statement_columns(statement), &rows);
    if (!result_ok(result))
        return result;
    CHECK((size_t)sqlite3_column_count(prepared) == rows_columns(rows));
    int code = SQLITE_DONE;
    while (result_ok(result) && store_rows_count(rows) < rows_max) {
        code = sqlite3_step(prepared);
        result = code == SQLITE_ROW ? read_row(prepared, rows) : result_of(code);
        if (code != SQLITE_ROW)
            break;
    }
    finish(prepared);
    if (!result_ok(result)) {
        store_rows_free(rows);
        return result;
    }
    *ret_rows = rows;
    return RESULT_OK;
}

static enum result checkpoint(struct store_connection *connection, int mode)
{
    int code = sqlite3_wal_checkpoint_v2(connection->db, NULL, mode, NULL, NULL);
    if ((code & 0xff) == SQLITE_BUSY)
        return RESULT_AGAIN; /* a reader still needs it */
    if (code == SQLITE_OK && mode == SQLITE_CHECKPOINT_TRUNCATE)
        connection->wal_pages = 0;
    return result_of(code);
}

static enum result sqlite_settle(struct store_connection *connection)
{
    /* The writer has others to serve: a reader in the way gets a moment, then it is tried after the next commit. */
    sqlite3_busy_timeout(connection->db, SETTLE_BUSY_MS);
    enum result result = checkpoint(connection, SQLITE_CHECKPOINT_TRUNCATE);
    sqlite3_busy_timeout(connection->db, BUSY_MS);
    return result;
}

static enum result sqlite_maintain(struct store_connection *connection)
{
    if (connection->wal_pages < WAL_PAGES_COPY)
        return RESULT_OK;
    enum result result = connection->wal_pages < WAL_PAGES_EMPTY
                             ? checkpoint(connection, SQLITE_CHECKPOINT_PASSIVE)
                             : sqlite_settle(connection);
    return result == RESULT_AGAIN ? RESULT_OK : result;
}

const struct store_backend STORE_BACKEND_SQLITE = {
    .name = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .abandon = sqlite_abandon,
    .migrate = sqlite_migrate,
    .schema_is_current = sqlite_schema_is_current,
    .check = sqlite_check,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .mark = sqlite_mark,
    .keep = sqlite_keep,
    .undo = sqlite_undo,
    .run = sqlite_run,
    .select = sqlite_select,
    .cover = sqlite_cover,
    .settle = sqlite_settle,
    .maintain = sqlite_maintain,
};
