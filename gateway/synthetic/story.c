#include "gateway/synthetic/story.h"

#include <stdio.h>
#include <string.h>

struct story_fact {
    const char *name;
    const char *value; /* JSON */
};

/* One tap on the agreement screen. */
static const struct story_fact PATIENT_AGREES[] = {
    {"agreement", "true"},    {"explicit_wish", "\"e_signed\""}, {"system_agreed", "true"},
    {"pt_rules_ack", "true"}, {"place_kind", "\"residence\""},   {"pt_private_space", "true"},
};

/* Beside the queue entry, with the tap that admits. */
static const struct story_fact PHYSICIAN_CALLS[] = {
    {"agreement_by_dr", "true"},
    {"plan_status", "\"active\""},
    {"attendees", "0"},
};

/* Over the live picture. */
static const struct story_fact PHYSICIAN_CHECKS[] = {
    {"visit_kind", "\"follow_up\""},
    {"new_symptom", "false"},
    {"predicted_symptom", "false"},
    {"cured", "false"},
    {"long_gap", "false"},
    {"feasible_today", "\"yes\""},
    {"acute_change", "false"},
    {"pt_verified", "\"known_in_person\""},
    {"dr_shown", "\"document\""},
    {"dr_doc_kind", "\"hpki_card\""},
    {"name_stated", "true"},
    {"info_sufficient_now", "true"},
    {"patients_at_endpoint", "1"},
    {"noise_ok", "true"},
    {"chart_accessible", "true"},
    {"dr_private_space", "true"},
    {"dr_place_kind", "\"institution\""},
    {"dr_side_others", "0"},
    {"dr_country", "\"jp\""},
    {"place_clean_safe", "true"},
    {"pt_private_confirmed", "true"},
    {"dispatch_confirmed", "true"},
    {"pt_side_others", "0"},
    {"pt_changed", "false"},
};

void story_say(const struct story *story, const char *who, const char *what)
{
    if (!story->quiet)
        printf("%-10s %s\n", who, what);
}

static void story_supply(struct person *person, const struct story *story,
                         const struct story_fact *facts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        person_fact(person, story->consultation, facts[i].name,
                    json_loads(facts[i].value, JSON_DECODE_ANY, NULL));
}

static void story_fail(struct story *story, const char *who, const char *why)
{
    fprintf(stderr, "%s: %s\n", who, why);
    story->end = STORY_FAILED;
    g_main_loop_quit(story->loop);
}

static void story_refused(struct person *person, struct story *story, json_t *message)
{
    json_t *failed = json_object_get(message, "failed"), *rule;
    size_t index;
    story->refused++;
    fprintf(stderr, "%s was refused: %s %s\n", person_name(person),
            json_string_value(json_object_get(message, "code")),
            json_string_value(json_object_get(message, "what")));
    json_array_foreach(failed, index, rule)
        fprintf(stderr, "    %s %s\n", json_string_value(json_object_get(rule, "rule")),
                json_string_value(json_object_get(rule, "text")));
}

/* Has this page sat down? */
static bool story_seated(json_t *view)
{
    json_t *roster = json_object_get(view, "roster"), *seat;
    size_t index;
    json_array_foreach(roster, index,
                       seat) if (json_is_true(json_object_get(seat, "self"))) return true;
    return false;
}

static bool story_seat_has_media(json_t *view, int number)
{
    json_t *roster = json_object_get(view, "roster"), *seat;
    size_t index;
    json_array_foreach(roster, index,
                       seat) if (json_integer_value(json_object_get(seat, "seat")) == number &&
                                 json_is_true(json_object_get(seat, "media"))) return true;
    return false;
}

/* ---- the patient ------------------------------------------------------------------------------------------------ */

static void story_patient_view(struct person *person, struct story *story, json_t *view)
{
    const char *state = json_string_value(json_object_get(view, "state"));
    if (strcmp(state, "booked") == 0 && !story->entered && story_seated(view)) {
        story->entered = true;
        person_send(person, json_pack("{s:s,s:b,s:b,s:b,s:s}", "type", "report", "card_visible", 1,
                                      "camera", 1, "microphone", 1, "source", "camera"));
        person_act(person, story->consultation, "enter", NULL);
        story_say(story, "patient", "asks to come in");
    }
    if (strcmp(state, "ident") == 0 && !story->seen) {
        story->seen = true;
        person_fact(person, story->consultation, "dr_seen", json_true());
        story_say(story, "patient",
                  "sees picture and the physician's name (not yet a consultation)");
    }
}

void story_patient(struct person *person, void *owner, const char *type, json_t *message)
{
    struct story *story = owner;
    if (strcmp(type, "welcome") == 0) {
        story_supply(person, story, PATIENT_AGREES, G_N_ELEMENTS(PATIENT_AGREES));
        person_send(person,
                    json_pack("{s:s,s:s}", "type", "join", "consultation", story->consultation));
        story_say(story, "patient", "opened the link, agreed, sits in the waiting room");
    } else if (strcmp(type, "consultation") == 0) {
        story_patient_view(person, story, message);
    } else if (strcmp(type, "error") == 0) {
        story_refused(person, story, message);
    }
}

/* ---- the physician ---------------------------------------------------------------------------------------------- */

static gboolean story_finish(gpointer owner)
{
    struct story *story = owner;
    story->finishing = true;
    person_act(story->physician, story->consultation, "finish", NULL);
    return G_SOURCE_REMOVE;
}

/* Rules of the next gate that would refuse; warnings do not hold anybody up. */
static size_t story_open_rules(json_t *view)
{
    json_t *open = json_object_get(view, "open"), *rule;
    size_t index, count = 0;
    json_array_foreach(open, index, rule) count +=
        strcmp(json_string_value(json_object_get(rule, "action")), "warn") != 0;
    return count;
}

/* What has to be acknowledged is acknowledged one by one, as the page's buttons do. */
static bool story_acknowledge(struct person *person, struct story *story, json_t *view)
{
    json_t *open = json_object_get(view, "open"), *rule;
    size_t index;
    bool any = false;
    json_array_foreach(open, index, rule)
    {
        if (strcmp(json_string_value(json_object_get(rule, "action")), "acknowledge") != 0)
            continue;
        person_send(person, json_pack("{s:s,s:s,s:s,s:s}", "type", "act", "consultation",
                                      story->consultation, "event", "acknowledge", "rule",
                                      json_string_value(json_object_get(rule, "rule"))));
        any = true;
    }
    return any;
}

static void story_physician_ident(struct person *person, struct story *story, json_t *view)
{
    if (!story->checked) {
        story->checked = true;
        story_supply(person, story, PHYSICIAN_CHECKS, G_N_ELEMENTS(PHYSICIAN_CHECKS));
        story_say(story, "physician", "checks identity, place and presence over the live picture");
        return;
    }
    if (story->started || (story_open_rules(view) > 0 && !story_acknowledge(person, story, view)) ||
        story_open_rules(view) > 0)
        return;
    story->started = true;
    person_act(person, story->consultation, "start", NULL);
}

static void story_physician_view(struct person *person, struct story *story, json_t *view)
{
    const char *state = json_string_value(json_object_get(view, "state"));
    bool changed = strcmp(state, story->state) != 0;
    g_strlcpy(story->state, state, sizeof(story->state));
    story->patient_media = story_seat_has_media(view, 0);
    story->physician_media = story_seat_has_media(view, 1);
    if (strcmp(state, "lobby") == 0 && !story->admitted && story->patient_media &&
        story->physician_media) {
        story->admitted = true;
        story_supply(person, story, PHYSICIAN_CALLS, G_N_ELEMENTS(PHYSICIAN_CALLS));
        person_act(person, story->consultation, "admit", NULL);
        story_say(story, "physician", "admits: picture and sound open");
    } else if (strcmp(state, "ident") == 0) {
        story_physician_ident(person, story, view);
    } else if (strcmp(state, "consult") == 0 && changed && !story->finishing) {
        story_say(story, "physician", "starts: this is a consultation now");
        g_timeout_add_seconds((guint)story->seconds, story_finish, story);
    } else if (strcmp(state, "closing") == 0 && !story->closed &&
               !story_acknowledge(person, story, view)) {
        story->closed = true;
        person_act(person, story->consultation, "close", "continue_online");
        story_say(story, "physician", "ends the examination and closes with an outcome");
    } else if (strncmp(state, "closed", 6) == 0 || strcmp(state, "abandoned") == 0 ||
               strcmp(state, "converted") == 0) {
        story->end = STORY_DONE;
        g_main_loop_quit(story->loop);
    }
}

void story_physician(struct person *person, void *owner, const char *type, json_t *message)
{
    struct story *story = owner;
    json_t *entry;
    size_t index;
    if (strcmp(type, "welcome") == 0) {
        person_send(person, json_pack("{s:s,s:b}", "type", "watch", "on", 1));
    } else if (strcmp(type, "queue") == 0) {
        json_array_foreach(
            json_object_get(message, "entries"), index,
            entry) if (!story->joined &&
                       strcmp(json_string_value(json_object_get(entry, "consultation")),
                              story->consultation) == 0 &&
                       strcmp(json_string_value(json_object_get(entry, "state")), "lobby") == 0)
        {
            story->joined = true;
            person_send(person, json_pack("{s:s,s:s}", "type", "join", "consultation",
                                          story->consultation));
            story_say(story, "physician", "sees the patient in the queue and prepares the line");
        }
    } else if (strcmp(type, "consultation") == 0) {
        if (strcmp(json_string_value(json_object_get(message, "id")), story->consultation) == 0)
            story_physician_view(person, story, message);
    } else if (strcmp(type, "error") == 0) {
        story_refused(person, story, message);
    } else if (strcmp(type, "goodbye") == 0) {
        story_fail(story, "physician", "the gateway closed the socket");
    }
}
