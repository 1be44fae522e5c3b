#include "gateway/staff_cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/identity/password.h"
#include "gateway/settings.h"

enum result staff_add(struct verb_store *verb, const struct staff_new *staff)
{
    char hash[PASSWORD_HASH_SIZE];
    enum result result = password_check_new(staff->password);
    if (result_ok(result))
        result = password_hash(staff->password, hash);
    if (!result_ok(result))
        return result;
    struct store_staff row = {.id = id_new('s'),
                              .institution = staff->institution,
                              .login = staff->login,
                              .display_name_ja = staff->name_ja,
                              .display_name_en = staff->name_en,
                              .role = role_name(staff->role),
                              .password_hash = hash,
                              .registered_year = staff->registered_year,
                              .created_us = clock_wall_us()};
    struct store_transaction *transaction = store_transaction_new();
    struct audit_draft draft = {.act = AUDIT_ACT_STAFF_CREATE,
                                .outcome = AUDIT_OK,
                                .actor = {.role = ROLE_SYSTEM, .institution = staff->institution},
                                .object_kind = "staff",
                                .object = row.id};
    draft.extra[draft.extra_count++] = (struct audit_extra){.key = "role", .is_text = true};
    (void)!text_copy(draft.extra[0].text, sizeof(draft.extra[0].text), row.role);
    store_put_staff(transaction, &row);
    store_transaction_record(transaction, &draft);
    return verb_store_submit(verb, transaction);
}

/* The institution named on the command line, or the only one there is. */
static bool staff_institution(struct verb_store *verb, const char *text, struct id *ret_id)
{
    struct store_query query = {.kind = STORE_QUERY_INSTITUTIONS};
    struct store_rows *rows = NULL;
    if (text != NULL)
        return id_parse(text, ret_id);
    if (!result_ok(store_query_now(verb->store, &query, &rows)))
        return false;
    bool one = store_rows_count(rows) == 1;
    if (one)
        *ret_id = store_rows_id(rows, 0, "id");
    else
        fprintf(stderr, "there are %zu institutions; name one with --institution\n",
                store_rows_count(rows));
    store_rows_free(rows);
    return one;
}

/* The words of the command line; false, said on standard error, when they make no account. */
static bool staff_read(int argc, char **argv, struct staff_new *ret_staff)
{
    const char *year = settings_argument(argc, argv, "--registered"),
               *role = settings_argument(argc, argv, "--role");
    *ret_staff =
        (struct staff_new){.login = settings_argument(argc, argv, "--login"),
                           .name_ja = settings_argument(argc, argv, "--name-ja"),
                           .name_en = settings_argument(argc, argv, "--name-en"),
                           .role = role == NULL ? ROLE_NONE : role_of_name(role),
                           .registered_year = year == NULL ? 0 : (int)strtol(year, NULL, 10)};
    if (ret_staff->login != NULL && ret_staff->name_ja != NULL && ret_staff->name_en != NULL &&
        role_is_staff(ret_staff->role))
        return true;
    fprintf(stderr, "usage: tsunagi staff add --config FILE --login NAME --role "
                    "physician|nurse|clerk|administrator --name-ja … --name-en … [--registered "
                    "YEAR] [--institution ID]\n"
                    "       the password is read from standard input\n");
    return false;
}

static int staff_add_cli(struct verb_store *verb, struct staff_new *staff, const char *institution)
{
    char password[PASSWORD_SIZE] = "";
    staff->password = password;
    if (fgets(password, sizeof(password), stdin) == NULL ||
        !staff_institution(verb, institution, &staff->institution))
        return 1;
    password[strcspn(password, "\r\n")] = 0;
    enum result result = staff_add(verb, staff);
    explicit_bzero(password, sizeof(password));
    if (!result_ok(result))
        fprintf(stderr, "%s: not added: %s%s\n", staff->login, result_text(result),
                result == RESULT_INVALID  ? " (a password has at least 12 characters)"
                : result == RESULT_EXISTS ? " (this name is taken)"
                                          : "");
    return result_ok(result) ? 0 : 1;
}

static int staff_list_cli(struct verb_store *verb, int argc, char **argv)
{
    struct id institution;
    struct store_rows *rows = NULL;
    if (!staff_institution(verb, settings_argument(argc, argv, "--institution"), &institution))
        return 1;
    struct store_query query = {.kind = STORE_QUERY_STAFF_OF_INSTITUTION,
                                .institution = institution.text};
    if (!result_ok(store_query_now(verb->store, &query, &rows)))
        return 1;
    for (size_t row = 0; row < store_rows_count(rows); row++)
        printf("%s\t%s\t%s\t%s%s\n", store_rows_text(rows, row, "id"),
               store_rows_text(rows, row, "role"), store_rows_text(rows, row, "login"),
               store_rows_text(rows, row, "display_name_ja"),
               store_rows_integer(rows, row, "disabled") ? "\tdisabled" : "");
    store_rows_free(rows);
    return 0;
}

int staff_cli(int argc, char **argv)
{
    struct verb_store verb;
    struct staff_new staff;
    bool list = argc > 1 && strcmp(argv[1], "list") == 0;
    if (!list && !staff_read(argc, argv, &staff))
        return 4;
    struct settings *settings = malloc(sizeof(*settings));
    int status =
        settings == NULL ? 1 : settings_load(settings_argument(argc, argv, "--config"), settings);
    if (status == 0 && result_ok(verb_store_open(&verb, &settings->options.store))) {
        status = list
                     ? staff_list_cli(&verb, argc, argv)
                     : staff_add_cli(&verb, &staff, settings_argument(argc, argv, "--institution"));
        verb_store_close(&verb);
    } else if (status == 0) {
        status = 1;
    }
    free(settings);
    return status;
}
