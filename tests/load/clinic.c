#include "tests/load/clinic.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <glib.h>

#define PASSWORD "load-test-password"
/* Everybody comes from one address here; a real clinic's limits stay what they are. */
#define HTTP_SETTINGS "  sockets_per_address_max: 4096\n"
/* Measuring beyond what the gateway would take on: it may not refuse people while it is found out what it can carry. */
#define MEDIA_SETTINGS "  load_max: 100\n"

/* Thread: main.   Owner: the program.   Life: clinic_open … clinic_close. */
struct clinic {
    struct clinic_options options;
    struct house *house;
    struct wire *wire;
    struct person *administrator;
    struct pair pairs[CLINIC_PAIRS_MAX]; /* handlers keep pointers into it */
    unsigned count;
};

struct fact {
    const char *name;
    const char *value; /* JSON; "-N": the day N days ago */
};

/* What a clinic's staff enters with the appointment of a patient known for years: the first story of tests/data/demo-facts.json. */
static const struct fact BOOKING[] = {
    {"service_kind", "\"online_consultation\""},
    {"visit_proposed", "\"follow_up\""},
    {"explained_limits", "true"},
    {"explained_each_time_decision", "true"},
    {"explained_plan_items", "true"},
    {"risk_explained", "true"},
    {"emergency_institution", "true"},
    {"emergency_shared_at", "-20"},
    {"in_person_capacity", "true"},
    {"dr_institution", "true"},
    {"licence_reg_year", "2004"},
    {"mhlw_training", "true"},
    {"plan_present", "true"},
    {"in_person_assessment", "-60"},
};
static const struct fact PATIENT_AGREES[] = {
    {"agreement", "true"},    {"explicit_wish", "\"e_signed\""}, {"system_agreed", "true"},
    {"pt_rules_ack", "true"}, {"place_kind", "\"residence\""},   {"pt_private_space", "true"},
};
static const struct fact PHYSICIAN_CALLS[] = {
    {"agreement_by_dr", "true"}, {"plan_status", "\"active\""}, {"attendees", "0"}};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static json_t *fact_value(const struct fact *fact)
{
    if (fact->value[0] != '-')
        return json_loads(fact->value, JSON_DECODE_ANY, NULL);
    char day[16];
    struct tm date;
    time_t then = time(NULL) + atoll(fact->value) * 86400;
    gmtime_r(&then, &date);
    strftime(day, sizeof(day), "%Y-%m-%d", &date);
    return json_string(day);
}

static void supply(struct person *person, const struct pair *pair, const struct fact *facts,
                   size_t count)
{
    for (size_t i = 0; i < count; i++)
        person_fact(person, pair->consultation, facts[i].name, fact_value(&facts[i]));
}

/* ---- what the two pages do -------------------------------------------------------------------------------------- */

static void pair_failed(struct pair *pair, struct person *person, const char *what, json_t *message)
{
    g_printerr("%s of %s: %s %s\n", person_name(person), pair->consultation, what,
               message == NULL ? "" : json_string_value(json_object_get(message, "what")));
    json_t *rule;
    size_t index;
    json_array_foreach(json_object_get(message, "failed"), index, rule)
        g_printerr("    %s %s\n", json_string_value(json_object_get(rule, "rule")),
                   json_string_value(json_object_get(rule, "text")));
    pair->failed = true;
}

/* The engine takes a peer when its offer has come; a fresh offer is a fresh peer. */
static void pair_take_peer(struct pair *pair, struct person *person, struct peer **place)
{
    *place = person_peer(person);
    wire_add(pair->clinic->wire, *place);
    if (pair->patient_peer != NULL && pair->physician_peer != NULL)
        wire_pair(pair->clinic->wire, pair->patient_peer, pair->physician_peer);
}

static void refused(struct pair *pair, struct person *person, json_t *message)
{
    g_strlcpy(pair->error, json_string_value(json_object_get(message, "code")),
              sizeof(pair->error));
    if (pair->remove_ref == 0 && !pair->leaving) /* afterwards refusals are what is wanted */
        pair_failed(pair, person, "refused:", message);
}

static bool seat_is(json_t *view, int number, const char *what)
{
    json_t *seat;
    size_t index;
    json_array_foreach(json_object_get(view, "roster"), index,
                       seat) if (json_integer_value(json_object_get(seat, "seat")) ==
                                 number) return json_is_true(json_object_get(seat, what));
    return false;
}

static void patient_view(struct pair *pair, struct person *person, json_t *view)
{
    const char *state = json_string_value(json_object_get(view, "state"));
    if (strcmp(state, "booked") == 0 && !pair->entered && seat_is(view, 0, "self")) {
        pair->entered = true;
        person_send(person, json_pack("{s:s,s:b,s:b,s:b,s:s}", "type", "report", "card_visible", 1,
                                      "camera", 1, "microphone", 1, "source", "camera"));
        person_act(person, pair->consultation, "enter", NULL);
    } else if (strcmp(state, "lobby") == 0 && !pair->physician_joined) {
        pair->physician_joined = true;
        person_send(pair->physician,
                    json_pack("{s:s,s:s}", "type", "join", "consultation", pair->consultation));
    }
}

static void patient_message(struct person *person, void *story, const char *type, json_t *message)
{
    struct pair *pair = story;
    if (strcmp(type, "welcome") == 0) {
        pair->welcomes++;
        g_strlcpy(pair->resume, json_string_value(json_object_get(message, "resume")),
                  sizeof(pair->resume));
        if (pair->entered)
            return;
        supply(person, pair, PATIENT_AGREES, G_N_ELEMENTS(PATIENT_AGREES));
        person_send(person,
                    json_pack("{s:s,s:s}", "type", "join", "consultation", pair->consultation));
    } else if (strcmp(type, "offer") == 0) {
        pair_take_peer(pair, person, &pair->patient_peer);
    } else if (strcmp(type, "consultation") == 0) {
        patient_view(pair, person, message);
    } else if (strcmp(type, "error") == 0) {
        refused(pair, person, message);
    } else if (strcmp(type, "goodbye") == 0) {
        g_strlcpy(pair->goodbye, json_string_value(json_object_get(message, "code")),
                  sizeof(pair->goodbye));
        if (pair->remove_ref == 0 && !pair->leaving)
            pair_failed(pair, person, pair->goodbye, NULL);
    }
}

static void physician_message(struct person *person, void *story, const char *type, json_t *message)
{
    struct pair *pair = story;
    if (strcmp(type, "offer") == 0) {
        pair_take_peer(pair, person, &pair->physician_peer);
    } else if (strcmp(type, "consultation") == 0 &&
               strcmp(json_string_value(json_object_get(message, "id")), pair->consultation) == 0) {
        g_strlcpy(pair->state, json_string_value(json_object_get(message, "state")),
                  sizeof(pair->state));
        pair->both_connected = seat_is(message, 0, "media") && seat_is(message, 1, "media");
        if (pair->clinic->options.admit && pair->both_connected && !pair->admitting &&
            strcmp(pair->state, "lobby") == 0)
            pair_admit(pair);
    } else if (strcmp(type, "done") == 0 && pair->remove_ref != 0 &&
               json_integer_value(json_object_get(message, "ref")) == pair->remove_ref) {
        pair->removed_ns = now_ns();
    } else if (strcmp(type, "error") == 0) {
        refused(pair, person, message);
    } else if (strcmp(type, "goodbye") == 0) {
        pair_failed(pair, person, "the gateway closed the socket", NULL);
    }
}

void pair_admit(struct pair *pair)
{
    pair->admitting = true;
    pair->admit_ns = now_ns();
    supply(pair->physician, pair, PHYSICIAN_CALLS, G_N_ELEMENTS(PHYSICIAN_CALLS));
    person_act(pair->physician, pair->consultation, "admit", NULL);
}

void pair_remove(struct pair *pair)
{
    pair->remove_ns = now_ns();
    pair->remove_ref =
        person_send(pair->physician, json_pack("{s:s,s:s,s:s,s:i}", "type", "act", "consultation",
                                               pair->consultation, "event", "remove", "seat", 0));
}

void pair_end(struct pair *pair, bool by_patient)
{
    pair->leaving = true;
    if (by_patient)
        person_act(pair->patient, pair->consultation, "withdraw", NULL);
    else
        person_act(pair->physician, pair->consultation, "unsuitable", "in_person_needed");
}

/* ---- the clinic ------------------------------------------------------------------------------------------------- */

static struct person *clinic_person(struct clinic *clinic, const char *name,
                                    person_message_fn *message, struct pair *pair)
{
    struct person_options options = {.name = name,
                                     .origin = house_origin(clinic->house),
                                     .certificate = house_certificate(clinic->house),
                                     .language = "en",
                                     .pattern = (int)clinic->options.profile,
                                     .message = message,
                                     .story = pair};
    return person_new(&options);
}

/* Returns the person's id, for json_decref; NULL when refused. */
static json_t *sign_in(struct person *person, const char *name, const char *password)
{
    json_t *me = person_call(person, "POST", "/api/login",
                             json_pack("{s:s,s:s}", "name", name, "password", password));
    json_t *id = json_incref(json_object_get(me, "id"));
    json_decref(me);
    return id;
}

static char *pack_of(const char *gateway)
{
    char *folder = g_path_get_dirname(gateway);
    char *path = g_build_filename(folder, "../../../config/rules/jp-online-care.yaml", NULL);
    g_free(folder);
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return path;
    g_free(path);
    return g_strdup("/usr/share/tsunagi/rules/jp-online-care.yaml");
}

struct clinic *clinic_open(const struct clinic_options *options)
{
    struct clinic *clinic = g_new0(struct clinic, 1);
    clinic->options = *options;
    char *found = pack_of(options->gateway), *pack = g_canonicalize_filename(found, NULL);
    struct house_options house = {.binary = options->gateway,
                                  .pack = pack,
                                  .http = HTTP_SETTINGS,
                                  .media = MEDIA_SETTINGS,
                                  .physicians = options->pairs_max,
                                  .password = PASSWORD};
    clinic->house = options->pairs_max <= CLINIC_PAIRS_MAX ? house_open(&house) : NULL;
    g_free(pack);
    g_free(found);
    clinic->wire = clinic->house == NULL ? NULL : wire_start();
    if (clinic->wire == NULL)
        return clinic_close(clinic);
    clinic->administrator = clinic_person(clinic, "administrator", NULL, NULL);
    json_t *who = json_object_get(house_clinic(clinic->house), "administrator");
    json_t *id = sign_in(clinic->administrator, json_string_value(json_object_get(who, "name")),
                         json_string_value(json_object_get(who, "password")));
    bool good = id != NULL;
    json_decref(id);
    return good ? clinic : clinic_close(clinic);
}

struct clinic *clinic_close(struct clinic *clinic)
{
    for (unsigned i = 0; i < clinic->count; i++) {
        person_free(clinic->pairs[i].patient);
        person_free(clinic->pairs[i].physician);
        json_decref(clinic->pairs[i].physician_id);
    }
    person_free(clinic->administrator);
    if (clinic->wire != NULL)
        wire_stop(clinic->wire);
    if (clinic->house != NULL)
        house_close(clinic->house, false);
    g_free(clinic);
    return NULL;
}

struct wire *clinic_wire(struct clinic *clinic)
{
    return clinic->wire;
}

const struct house *clinic_house(const struct clinic *clinic)
{
    return clinic->house;
}

unsigned clinic_pairs(const struct clinic *clinic)
{
    return clinic->count;
}

struct pair *clinic_pair(struct clinic *clinic, unsigned index)
{
    return &clinic->pairs[index];
}

static bool clinic_book(struct clinic *clinic, struct pair *pair)
{
    json_t *facts = json_object();
    for (size_t i = 0; i < G_N_ELEMENTS(BOOKING); i++)
        json_object_set_new(facts, BOOKING[i].name, fact_value(&BOOKING[i]));
    json_t *visit = person_call(clinic->administrator, "POST", "/api/consultations",
                                json_pack("{s:s,s:O,s:o}", "patient_name", "試験 花子", "physician",
                                          pair->physician_id, "facts", facts));
    const char *link = json_string_value(json_object_get(visit, "link"));
    const char *secret = link == NULL ? NULL : strchr(link, '#');
    json_t *redeemed =
        secret == NULL
            ? NULL
            : person_call(pair->patient, "POST", "/api/invitations/redeem",
                          json_pack("{s:s,s:s}", "secret", secret + 1, "language", "en"));
    if (redeemed != NULL)
        g_strlcpy(pair->consultation, json_string_value(json_object_get(redeemed, "consultation")),
                  sizeof(pair->consultation));
    json_decref(visit);
    json_decref(redeemed);
    return redeemed != NULL;
}

/* As person_connect(), but the ticket is kept: tests want to show it again. */
static bool clinic_patient_connect(struct pair *pair)
{
    json_t *answer =
        person_call(pair->patient, "POST", "/api/ticket", json_pack("{s:s}", "as", "patient"));
    const char *ticket = json_string_value(json_object_get(answer, "ticket"));
    bool good = ticket != NULL &&
                g_strlcpy(pair->ticket, ticket, sizeof(pair->ticket)) < sizeof(pair->ticket);
    json_decref(answer);
    return good && person_open(pair->patient, json_pack("{s:s}", "ticket", pair->ticket));
}

bool clinic_add(struct clinic *clinic)
{
    if (clinic->count == clinic->options.pairs_max)
        return false;
    struct pair *pair = &clinic->pairs[clinic->count++];
    char *login = g_strdup_printf("doctor-%u", clinic->count);
    pair->clinic = clinic;
    pair->patient = clinic_person(clinic, "patient", patient_message, pair);
    pair->physician = clinic_person(clinic, "physician", physician_message, pair);
    pair->physician_id = sign_in(pair->physician, login, PASSWORD);
    g_free(login);
    return pair->physician_id != NULL && clinic_book(clinic, pair) &&
           person_connect(pair->physician, "staff") && clinic_patient_connect(pair);
}

bool pair_again(struct pair *pair)
{
    struct clinic *clinic = pair->clinic;
    person_free(pair->patient);
    *pair = (struct pair){
        .clinic = clinic, .physician = pair->physician, .physician_id = pair->physician_id};
    pair->patient = clinic_person(clinic, "patient", patient_message, pair);
    return clinic_book(clinic, pair) && clinic_patient_connect(pair);
}

static gboolean wake(gpointer unused)
{
    (void)unused;
    return G_SOURCE_CONTINUE;
}

bool clinic_wait(struct clinic *clinic, clinic_check *check, double seconds)
{
    int64_t end_us = g_get_monotonic_time() + (int64_t)(seconds * 1e6);
    guint timer = g_timeout_add(10, wake, NULL);
    bool good = false, failed = false;
    while (!good && !failed && g_get_monotonic_time() < end_us) {
        g_main_context_iteration(NULL, TRUE);
        good = check != NULL && check(clinic);
        for (unsigned i = 0; i < clinic->count; i++)
            failed = failed || clinic->pairs[i].failed;
    }
    g_source_remove(timer);
    return (good || check == NULL) && !failed;
}

bool clinic_all_admitted(struct clinic *clinic)
{
    for (unsigned i = 0; i < clinic->count; i++)
        if (strcmp(clinic->pairs[i].state, "ident") != 0)
            return false;
    return true;
}

bool clinic_all_ready(struct clinic *clinic)
{
    for (unsigned i = 0; i < clinic->count; i++)
        if (strcmp(clinic->pairs[i].state, "lobby") != 0 || !clinic->pairs[i].both_connected)
            return false;
    return true;
}

bool clinic_all_ended(struct clinic *clinic)
{
    for (unsigned i = 0; i < clinic->count; i++)
        if (strcmp(clinic->pairs[i].state, "abandoned") != 0)
            return false;
    return true;
}

int64_t clinic_metric(struct clinic *clinic, const char *name)
{
    json_t *status = person_call(clinic->administrator, "GET", "/api/status", NULL);
    json_t *value = json_object_get(json_object_get(status, "counters"), name);
    int64_t number = value == NULL ? -1 : (int64_t)json_integer_value(value);
    json_decref(status);
    return number;
}
