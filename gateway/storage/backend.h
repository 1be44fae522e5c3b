/* What a database must offer to the store; one table of functions a database. Everything above this line (writer, log,
 * sealing, queries) is the same for all. Thread: a connection belongs to one thread at a time.
 * Errors: RESULT_EXISTS (a unique value is taken) and RESULT_INVALID (a reference or check fails) concern one statement,
 * the transaction goes on; anything else spoils the whole transaction. */
#ifndef GATEWAY_STORAGE_BACKEND_H
#define GATEWAY_STORAGE_BACKEND_H

#include "gateway/storage/rows.h"
#include "gateway/storage/statement.h"
#include "gateway/storage/value.h"

struct store_connection;

enum store_connection_mode { STORE_CONNECTION_WRITER, STORE_CONNECTION_READER };

struct store_backend {
    const char *name;
    /* A writer makes the database when there is none; a reader gets RESULT_NOT_FOUND. */
    enum result (*open)(const char *path, enum store_connection_mode mode,
                        struct store_connection **ret_connection);
    struct store_connection *(*close)(struct store_connection *connection);
    /* Closes a connection on which a write or sync has failed: nothing more is written or synced through it. */
    struct store_connection *(*abandon)(struct store_connection *connection);
    /* Schema to `version`, 0 the newest. */
    enum result (*migrate)(struct store_connection *connection, unsigned version);
    /* RESULT_UNSUPPORTED unless the schema is the newest one this program knows. */
    enum result (*schema_is_current)(struct store_connection *connection);
    /* RESULT_TAMPERED when the database is damaged. */
    enum result (*check)(struct store_connection *connection);
    enum result (*begin)(struct store_connection *connection);
    /* After RESULT_OK the transaction survives loss of power. After anything else nothing of it may ever be seen, once
     * the connection is abandoned and `cover` was called on a new one, while a reader is open. */
    enum result (*commit)(struct store_connection *connection);
    void (*rollback)(struct store_connection *connection);
    /* One transaction inside the present one: mark … keep, or mark … undo. */
    enum result (*mark)(struct store_connection *connection);
    enum result (*keep)(struct store_connection *connection);
    enum result (*undo)(struct store_connection *connection);
    enum result (*run)(struct store_connection *connection, enum statement statement,
                       const struct store_value *values, size_t count, uint64_t *ret_changed);
    /* At most `rows_max` rows. */
    enum result (*select)(struct store_connection *connection, enum statement statement,
                          const struct store_value *values, size_t count, size_t rows_max,
                          struct store_rows **ret_rows);
    /* A commit that changes nothing, written over what a failed commit has left behind. What failed cannot come back
     * from then on as long as the process or the machine lives, even when this commit is not made durable either. */
    enum result (*cover)(struct store_connection *connection);
    /* Moves the log of the database into its file and empties it: nothing erased stays in it. RESULT_AGAIN: a reader is
     * in the way. */
    enum result (*settle)(struct store_connection *connection);
    /* Housekeeping between transactions, when the backend thinks it is time. */
    enum result (*maintain)(struct store_connection *connection);
};

extern const struct store_backend STORE_BACKEND_SQLITE;

#endif
