#include "gateway/demo_clinic.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "gateway/base/random.h"
#include "gateway/settings.h"
#include "gateway/staff_cli.h"

#define DEMO_PASSWORD_SIZE 24

/* What the clinic's staff would have entered with the appointment of a patient they have known for years. Dates are
 * counted back from today so that the demo does not grow old. */
static const struct {
    const char *name;
    const char *value; /* "-N": N days ago */
} DEMO_FACTS[] = {
    {"service_kind", "online_consultation"},
    {"payer", "insured"},
    {"purpose", "care"},
    {"request_origin", "patient"},
    {"visit_proposed", "follow_up"},
    {"prior_visits", "7"},
    {"known_since", "-1100"},
    {"is_home_physician", "true"},
    {"explained_limits", "true"},
    {"explained_each_time_decision", "true"},
    {"explained_plan_items", "true"},
    {"risk_explained", "true"},
    {"plan_present", "true"},
    {"in_person_assessment", "-60"},
    {"emergency_institution", "true"},
    {"emergency_shared_at", "-20"},
    {"in_person_capacity", "true"},
    {"dr_institution", "true"},
    {"licence_reg_year", "2004"},
    {"mhlw_training", "true"},
    {"verifiable_after", "true"},
    {"compliance_published", "true"},
    {"dr_reach_institution", "true"},
    {"local_law_checked", "false"},
    {"serves_many", "false"},
    {"chat_scope_set", "false"},
};

/* Credentials of the demo clinic lie beside its database, readable by its owner only. */
struct demo {
    struct settings *settings;
    struct verb_store verb;
    char file[CONFIG_PATH_SIZE + 16];
    char physician_password[DEMO_PASSWORD_SIZE];
    char administrator_password[DEMO_PASSWORD_SIZE];
    struct id institution;
    struct id administrator;
    char link[256];
    struct id consultation;
    bool booked;
    struct control *control; /* freed after the store has answered everything */
    struct counters counters;
};

static bool demo_read_credentials(struct demo *demo)
{
    json_t *known = json_load_file(demo->file, 0, NULL);
    const char *physician = json_string_value(json_object_get(known, "physician_password"));
    const char *administrator = json_string_value(json_object_get(known, "administrator_password"));
    bool good = physician != NULL && administrator != NULL &&
                text_copy(demo->physician_password, sizeof(demo->physician_password), physician) &&
                text_copy(demo->administrator_password, sizeof(demo->administrator_password),
                          administrator);
    json_decref(known);
    return good;
}

static bool demo_write_credentials(const struct demo *demo)
{
    json_t *known = json_pack("{s:s,s:s}", "physician_password", demo->physician_password,
                              "administrator_password", demo->administrator_password);
    int file = open(demo->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = file >= 0 && json_dumpfd(known, file, JSON_INDENT(2)) == 0;
    if (file >= 0)
        close(file);
    json_decref(known);
    return good;
}

static enum result demo_make_institution(struct demo *demo)
{
    demo->institution = id_new('i');
    struct store_institution row = {.id = demo->institution,
                                    .name_ja = "つなぎ診療所（デモ）",
                                    .name_en = "Tsunagi Clinic (demo)",
                                    .telephone = "0000-00-0000",
                                    .settings = "{}"};
    struct store_transaction *transaction = store_transaction_new();
    store_put_institution(transaction, &row);
    return verb_store_submit(&demo->verb, transaction);
}

static enum result demo_make_staff(struct demo *demo)
{
    random_token(12, demo->physician_password, sizeof(demo->physician_password));
    random_token(12, demo->administrator_password, sizeof(demo->administrator_password));
    struct staff_new people[] = {
        {demo->institution, "doctor", "山田 花子", "Hanako Yamada", ROLE_PHYSICIAN, 2004,
         demo->physician_password},
        {demo->institution, "admin", "佐藤 次郎", "Jiro Sato", ROLE_ADMINISTRATOR, 0,
         demo->administrator_password},
    };
    enum result result = RESULT_OK;
    for (size_t i = 0; i < ARRAY_LENGTH(people) && result_ok(result); i++)
        result = staff_add(&demo->verb, &people[i]);
    return result_ok(result) && !demo_write_credentials(demo) ? RESULT_IO : result;
}

/* Finds the clinic, or makes it on the first run. */
static enum result demo_clinic(struct demo *demo)
{
    struct store_query query = {.kind = STORE_QUERY_INSTITUTIONS};
    struct store_rows *rows = NULL;
    enum result result = store_query_now(demo->verb.store, &query, &rows);
    if (!result_ok(result))
        return result;
    if (store_rows_count(rows) > 0)
        demo->institution = store_rows_id(rows, 0, "id");
    store_rows_free(rows);
    if (id_is_set(&demo->institution))
        return demo_read_credentials(demo) ? RESULT_OK : RESULT_NOT_FOUND;
    result = demo_make_institution(demo);
    return result_ok(result) ? demo_make_staff(demo) : result;
}

static enum result demo_find_administrator(struct demo *demo)
{
    struct store_query query = {.kind = STORE_QUERY_STAFF_BY_LOGIN, .key = "admin"};
    struct store_rows *rows = NULL;
    enum result result = store_query_now(demo->verb.store, &query, &rows);
    if (!result_ok(result))
        return result;
    demo->administrator =
        store_rows_count(rows) == 1 ? store_rows_id(rows, 0, "id") : (struct id){{0}};
    store_rows_free(rows);
    return id_is_set(&demo->administrator) ? RESULT_OK : RESULT_NOT_FOUND;
}

static void demo_booked(void *owner, const struct booking_answer *answer)
{
    struct demo *demo = owner;
    demo->booked = true;
    if (!result_ok(answer->result)) {
        fprintf(stderr, "the demo visit was not booked: %s %s\n", answer->code, answer->field);
        return;
    }
    demo->consultation = answer->consultation;
    snprintf(demo->link, sizeof(demo->link), "%s/v#%s", demo->settings->options.api.public_origin,
             answer->secret);
}

static void demo_facts(struct booking *booking)
{
    for (size_t i = 0; i < ARRAY_LENGTH(DEMO_FACTS); i++) {
        struct booking_fact *fact = &booking->facts[booking->facts_count++];
        snprintf(fact->name, sizeof(fact->name), "%s", DEMO_FACTS[i].name);
        if (DEMO_FACTS[i].value[0] == '-') {
            char day[CLOCK_TEXT_SIZE];
            clock_format_utc(
                clock_wall_us() + strtoll(DEMO_FACTS[i].value, NULL, 10) * 86400 * US_PER_S, day);
            snprintf(fact->value, sizeof(fact->value), "%.10s", day);
        } else {
            snprintf(fact->value, sizeof(fact->value), "%s", DEMO_FACTS[i].value);
        }
    }
}

/* Books through the very function the administrator's page uses; media and sockets are not needed for it. */
static enum result demo_book(struct demo *demo)
{
    struct control_rooms rooms = {.store = demo->verb.store, .counters = &demo->counters};
    enum result result = control_new(&demo->settings->options.control, &rooms, &demo->control);
    if (!result_ok(result))
        return result;
    struct booking *booking = calloc(1, sizeof(*booking));
    if (booking != NULL) {
        booking->actor = (struct actor){.role = ROLE_ADMINISTRATOR,
                                        .person = demo->administrator,
                                        .institution = demo->institution};
        snprintf(booking->patient_name, sizeof(booking->patient_name), "鈴木 一郎");
        booking->booked_for_us = clock_wall_us();
        demo_facts(booking);
        control_book(demo->control, booking, demo_booked, demo);
        while (!demo->booked)
            verb_store_wait(&demo->verb);
    }
    free(booking);
    return demo->link[0] != 0 ? RESULT_OK : RESULT_INVALID;
}

static void demo_print(const struct demo *demo, bool as_json)
{
    const char *origin = demo->settings->options.api.public_origin;
    if (as_json) {
        json_t *all = json_pack("{s:s,s:s,s:{s:s,s:s},s:{s:s,s:s}}", "consultation",
                                demo->consultation.text, "link", demo->link, "physician", "name",
                                "doctor", "password", demo->physician_password, "administrator",
                                "name", "admin", "password", demo->administrator_password);
        json_dumpf(all, stdout, JSON_COMPACT);
        printf("\n");
        json_decref(all);
        return;
    }
    printf("\n  patient        %s\n  physician      %s/clinic     name: doctor   password: %s\n  "
           "administrator  %s/admin      name: admin    password: %s\n\n"
           "  The certificate is self-signed: the browser warns once. A new patient link is made "
           "at every start.\n\n",
           demo->link, origin, demo->physician_password, origin, demo->administrator_password);
}

int demo_clinic_cli(int argc, char **argv)
{
    struct demo demo = {.settings = malloc(sizeof(struct settings))};
    if (demo.settings == NULL)
        return 1;
    int status = settings_load(settings_argument(argc, argv, "--config"), demo.settings);
    if (status != 0) {
        free(demo.settings);
        return status;
    }
    log_set_level(LOG_WARNING);
    snprintf(demo.file, sizeof(demo.file), "%s.demo", demo.settings->config.storage.path);
    enum result result = verb_store_open(&demo.verb, &demo.settings->options.store);
    if (result_ok(result)) {
        result = demo_clinic(&demo);
        if (result_ok(result))
            result = demo_find_administrator(&demo);
        if (result_ok(result))
            result = demo_book(&demo);
        if (result_ok(result))
            demo_print(&demo, settings_flag(argc, argv, "--json"));
        else
            fprintf(stderr, "the demo clinic is not ready: %s\n", result_text(result));
        verb_store_close(&demo.verb);
        demo.control = control_free(demo.control);
    }
    free(demo.settings);
    return result_ok(result) ? 0 : 1;
}
