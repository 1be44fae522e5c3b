#include "gateway/control/directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct directory {
    uint32_t institutions_count;
    uint32_t staff_count;
    struct directory_institution institutions[DIRECTORY_INSTITUTIONS_MAX];
    struct directory_staff staff[DIRECTORY_STAFF_MAX];
};

static void copy_column(char *ret_text, size_t size, const struct store_rows *rows, size_t row,
                        const char *column)
{
    snprintf(ret_text, size, "%s", store_rows_text(rows, row, column));
}

static enum result directory_load_staff(struct store *store, struct directory *directory,
                                        const struct id *institution)
{
    struct store_query query = {.kind = STORE_QUERY_STAFF_OF_INSTITUTION,
                                .institution = institution->text};
    struct store_rows *rows = NULL;
    enum result result = store_query_now(store, &query, &rows);
    if (!result_ok(result))
        return result;
    for (size_t row = 0;
         row < store_rows_count(rows) && directory->staff_count < DIRECTORY_STAFF_MAX; row++) {
        struct directory_staff *staff = &directory->staff[directory->staff_count++];
        staff->id = store_rows_id(rows, row, "id");
        staff->institution = *institution;
        staff->role = role_of_name(store_rows_text(rows, row, "role"));
        copy_column(staff->name[LANGUAGE_JA], sizeof(staff->name[0]), rows, row, "display_name_ja");
        copy_column(staff->name[LANGUAGE_EN], sizeof(staff->name[0]), rows, row, "display_name_en");
        staff->registered_year = (int)store_rows_integer(rows, row, "registered_year");
        staff->disabled = store_rows_integer(rows, row, "disabled") != 0;
    }
    store_rows_free(rows);
    return RESULT_OK;
}

static enum result directory_load_all(struct store *store, struct directory *directory)
{
    struct store_query query = {.kind = STORE_QUERY_INSTITUTIONS};
    struct store_rows *rows = NULL;
    enum result result = store_query_now(store, &query, &rows);
    if (!result_ok(result))
        return result;
    for (size_t row = 0;
         row < store_rows_count(rows) && directory->institutions_count < DIRECTORY_INSTITUTIONS_MAX;
         row++) {
        struct directory_institution *institution =
            &directory->institutions[directory->institutions_count++];
        institution->id = store_rows_id(rows, row, "id");
        copy_column(institution->name[LANGUAGE_JA], sizeof(institution->name[0]), rows, row,
                    "name_ja");
        copy_column(institution->name[LANGUAGE_EN], sizeof(institution->name[0]), rows, row,
                    "name_en");
        copy_column(institution->telephone, sizeof(institution->telephone), rows, row, "telephone");
    }
    store_rows_free(rows);
    for (uint32_t i = 0; i < directory->institutions_count && result_ok(result); i++)
        result = directory_load_staff(store, directory, &directory->institutions[i].id);
    return result;
}

enum result directory_load(struct store *store, struct directory **ret_directory)
{
    struct directory *directory = calloc(1, sizeof(*directory));
    if (directory == NULL)
        return RESULT_NO_MEMORY;
    enum result result = directory_load_all(store, directory);
    if (result_ok(result))
        *ret_directory = directory;
    else
        directory_free(directory);
    return result;
}

struct directory *directory_free(struct directory *directory)
{
    free(directory);
    return NULL;
}

const struct directory_institution *directory_institution(const struct directory *directory,
                                                          const struct id *id)
{
    for (uint32_t i = 0; i < directory->institutions_count; i++)
        if (id_equal(&directory->institutions[i].id, id))
            return &directory->institutions[i];
    return NULL;
}

const struct directory_staff *directory_staff(const struct directory *directory,
                                              const struct id *id)
{
    for (uint32_t i = 0; i < directory->staff_count; i++)
        if (id_equal(&directory->staff[i].id, id))
            return &directory->staff[i];
    return NULL;
}

const struct directory_staff *directory_first_physician(const struct directory *directory,
                                                        const struct id *institution)
{
    for (uint32_t i = 0; i < directory->staff_count; i++)
        if (directory->staff[i].role == ROLE_PHYSICIAN && !directory->staff[i].disabled &&
            id_equal(&directory->staff[i].institution, institution))
            return &directory->staff[i];
    return NULL;
}
