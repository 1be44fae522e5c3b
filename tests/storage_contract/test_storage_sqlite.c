/* What only a look behind store.h shows, for SQLite: the files, the schema's way up and down, damage, an erased key. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "gateway/base/text.h"
#include "gateway/storage/migrations/migrations.h"
#include "tests/storage_contract/fixture.h"

static int execute(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 1000);
    int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return code;
}

static int64_t number_of(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}

/* The signer, an account of its own in our group, reads the database. */
static void files_are_for_us_and_the_signer(void **state)
{
    struct fixture *fixture = *state;
    static const char *const ends[] = {"", "-wal", "-shm", "-lock"};
    mode_t mask = umask(0);
    umask(mask);
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
        char path[200];
        struct stat status;
        assert_true(text_format(path, sizeof(path), "%s%s", fixture->path, ends[i]));
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, (i < 3 ? 0640U : 0600U) & ~mask);
    }
}

static void our_own_hand_cannot_change_the_log(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    assert_int_equal(execute(fixture->path, "UPDATE record SET act = 'x'"), SQLITE_CONSTRAINT);
    assert_int_equal(execute(fixture->path, "DELETE FROM record"), SQLITE_CONSTRAINT);
    assert_int_equal(number_of(fixture->path, "SELECT count(*) FROM record"), 2);
}

static void a_changed_last_record_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    assert_int_equal(
        execute(
            fixture->path,
            "DROP TRIGGER record_is_not_changed;"
            "UPDATE record SET bytes = CAST (replace(bytes, 'gw1', 'gw2') AS BLOB) WHERE seq = 1"),
        SQLITE_OK);
    assert_int_equal(store_open(&fixture->options, NULL, NULL, &fixture->counters, &fixture->store),
                     RESULT_TAMPERED);
}

static void a_damaged_file_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    const struct id consultation = {.text = "c_01"};
    for (int i = 0; i < 100; i++)
        assert_int_equal(
            fixture_commit(fixture, fixture_record(AUDIT_ACT_FACT_SUPPLY, &consultation), NULL),
            RESULT_OK);
    fixture_close(fixture);
    int file = open(fixture->path, O_RDWR);
    struct stat status;
    assert_int_equal(fstat(file, &status), 0);
    uint8_t noise[4096];
    memset(noise, 0xa5, sizeof(noise));
    assert_int_equal(pwrite(file, noise, sizeof(noise), status.st_size - 8192), sizeof(noise));
    close(file);
    assert_int_equal(store_open(&fixture->options, NULL, NULL, &fixture->counters, &fixture->store),
                     RESULT_TAMPERED);
}

static void schema_goes_down_and_up_again(void **state)
{
    struct fixture *fixture = *state;
    const struct store_options *options = &fixture->options;
    const unsigned newest = MIGRATIONS_COUNT;
    assert_int_equal(store_migrate(options, 0), RESULT_EXISTS); /* in use */
    fixture_close(fixture);
    assert_int_equal(number_of(fixture->path, "SELECT max(version) FROM migration"), newest);
    int64_t objects = number_of(fixture->path, "SELECT count(*) FROM sqlite_schema");
    assert_int_equal(store_migrate(options, newest + 1), RESULT_UNSUPPORTED);
    for (unsigned version = newest - 1; version >= 1; version--) {
        assert_int_equal(store_migrate(options, version), RESULT_OK);
        assert_int_equal(number_of(fixture->path, "SELECT max(version) FROM migration"), version);
    }
    /* The next step down would take the log. */
    struct store *reader = NULL;
    assert_int_equal(store_open_reader(options, &reader), RESULT_UNSUPPORTED);
    assert_int_equal(number_of(fixture->path, "SELECT count(*) FROM record"), 2);
    assert_int_equal(store_migrate(options, 0), RESULT_OK);
    assert_int_equal(number_of(fixture->path, "SELECT count(*) FROM sqlite_schema"), objects);
    fixture_open(fixture);
    assert_int_equal(fixture_verify(fixture), 3);
}

static void a_newer_schema_is_left_alone(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    char sql[160];
    assert_true(text_format(sql, sizeof(sql),
                            "CREATE TABLE later (id TEXT); INSERT INTO migration VALUES (%u, "
                            "'later', 'DROP TABLE later', 1)",
                            MIGRATIONS_COUNT + 1));
    assert_int_equal(execute(fixture->path, sql), SQLITE_OK);
    assert_int_equal(store_open(&fixture->options, NULL, NULL, &fixture->counters, &fixture->store),
                     RESULT_UNSUPPORTED);
    /* This program never saw that step, and can undo it. */
    assert_int_equal(store_migrate(&fixture->options, MIGRATIONS_COUNT), RESULT_OK);
    assert_int_equal(
        number_of(fixture->path, "SELECT count(*) FROM sqlite_schema WHERE name = 'later'"), 0);
    fixture_open(fixture);
}

static size_t found_in_files(const struct fixture *fixture, const void *bytes, size_t length)
{
    size_t found = 0;
    DIR *listing = opendir(fixture->folder);
    struct dirent *entry;
    while ((entry = readdir(listing)) != NULL) {
        char path[512];
        assert_true(text_format(path, sizeof(path), "%s/%s", fixture->folder, entry->d_name));
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (file == NULL)
            continue;
        uint8_t *all = malloc(4 << 20);
        size_t size = fread(all, 1, 4 << 20, file);
        found += memmem(all, size, bytes, length) != NULL;
        free(all);
        fclose(file);
    }
    closedir(listing);
    return found;
}

/* Not only is the row empty: the key's bytes are nowhere, while the store still runs. */
static void an_erased_key_leaves_no_bytes(void **state)
{
    struct fixture *fixture = *state;
    const struct id subject = {.text = "k_01"};
    struct store_transaction *transaction = store_transaction_new();
    store_put_institution(transaction, &(struct store_institution){.id = {.text = "i_01"}});
    store_put_patient(transaction, &(struct store_patient){.id = {.text = "p_01"},
                                                           .institution = {.text = "i_01"},
                                                           .subject = subject,
                                                           .personal = "{}"});
    assert_int_equal(fixture_commit(fixture, transaction, NULL), RESULT_OK);
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    uint8_t wrapped[72];
    assert_int_equal(sqlite3_open_v2(fixture->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT wrapped FROM subject_key", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite3_column_bytes(statement, 0), sizeof(wrapped));
    memcpy(wrapped, sqlite3_column_blob(statement, 0), sizeof(wrapped));
    sqlite3_finalize(statement);
    sqlite3_close(db);
    assert_true(found_in_files(fixture, wrapped, sizeof(wrapped)) >= 1);

    transaction = store_transaction_new();
    store_erase_subject_key(transaction, &subject);
    assert_int_equal(fixture_commit(fixture, transaction, NULL), RESULT_OK);
    assert_int_equal(found_in_files(fixture, wrapped, sizeof(wrapped)), 0);
}

#define TEST(function)                                                                             \
    {                                                                                              \
#function, function                                                                        \
    }

int main(void)
{
    static const struct fixture_test tests[] = {
        TEST(files_are_for_us_and_the_signer),  TEST(our_own_hand_cannot_change_the_log),
        TEST(a_changed_last_record_is_noticed), TEST(a_damaged_file_is_noticed),
        TEST(schema_goes_down_and_up_again),    TEST(a_newer_schema_is_left_alone),
        TEST(an_erased_key_leaves_no_bytes),
    };
    return fixture_run(tests, ARRAY_LENGTH(tests));
}
