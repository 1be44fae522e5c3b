#include "tests/whip/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXAMINATION_S 3600 /* it ends when the test ends */

static void room_physician(struct person *person, void *owner, const char *type, json_t *message)
{
    struct room *room = owner;
    story_physician(person, &room->story, type, message);
    if (strcmp(type, "consultation") != 0)
        return;
    json_decref(room->view);
    room->view = json_incref(message);
}

static void room_patient(struct person *person, void *owner, const char *type, json_t *message)
{
    struct room *room = owner;
    story_patient(person, &room->story, type, message);
}

static struct person *room_person(struct room *room, const char *name, int pattern,
                                  double frequency, person_message_fn *message)
{
    struct person_options options = {.name = name,
                                     .origin = house_origin(room->house),
                                     .certificate = house_certificate(room->house),
                                     .language = "en",
                                     .pattern = pattern,
                                     .frequency = frequency,
                                     .message = message,
                                     .story = room};
    return person_new(&options);
}

static bool room_sign_in(struct room *room)
{
    json_t *who = json_object_get(house_clinic(room->house), "physician");
    json_t *me = person_call(room->story.physician, "POST", "/api/login",
                             json_pack("{s:O,s:O}", "name", json_object_get(who, "name"),
                                       "password", json_object_get(who, "password")));
    json_decref(me);
    return me != NULL;
}

static bool room_redeem(struct room *room)
{
    const char *link = json_string_value(json_object_get(house_clinic(room->house), "link"));
    const char *secret = link == NULL ? NULL : strchr(link, '#');
    json_t *visit =
        secret == NULL
            ? NULL
            : person_call(room->story.patient, "POST", "/api/invitations/redeem",
                          json_pack("{s:s,s:s}", "secret", secret + 1, "language", "en"));
    if (visit == NULL)
        return false;
    g_strlcpy(room->story.consultation, json_string_value(json_object_get(visit, "consultation")),
              sizeof(room->story.consultation));
    json_decref(visit);
    return true;
}

bool room_open(struct room *room, const char *binary)
{
    room->pack =
        realpath("config/rules/jp-online-care.yaml", NULL); /* run at the root of the tree */
    struct house_options options = {.binary = binary, .pack = room->pack};
    struct story *story = &room->story;
    room->house = house_open(&options);
    if (room->house == NULL)
        return false;
    story->loop = g_main_loop_new(NULL, FALSE);
    story->quiet = true;
    story->seconds = EXAMINATION_S;
    story->patient = room_person(room, "patient", 18, 440, room_patient);
    story->physician = room_person(room, "physician", 0, 880, room_physician);
    return room_redeem(room) && room_sign_in(room) && person_connect(story->physician, "staff");
}

void room_close(struct room *room)
{
    person_free(room->story.patient);
    person_free(room->story.physician);
    json_decref(room->view);
    if (room->story.loop != NULL)
        g_main_loop_unref(room->story.loop);
    if (room->house != NULL)
        room->house = house_close(room->house, false);
    free(room->pack);
}

bool room_until(struct room *room, room_condition *holds, void *owner, int seconds)
{
    gint64 end_us = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
    while (!holds(owner)) {
        if (g_get_monotonic_time() > end_us || room->story.end == STORY_FAILED)
            return false;
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(5000);
    }
    return true;
}

void room_run(int ms)
{
    gint64 end_us = g_get_monotonic_time() + (gint64)ms * 1000;
    while (g_get_monotonic_time() < end_us)
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(5000);
}

struct wanted_state {
    const struct room *room;
    const char *state;
};

static bool state_reached(void *owner)
{
    const struct wanted_state *wanted = owner;
    return strcmp(wanted->room->story.state, wanted->state) == 0;
}

bool room_until_state(struct room *room, const char *state, int seconds)
{
    struct wanted_state wanted = {room, state};
    return room_until(room, state_reached, &wanted, seconds);
}

const char *room_status(const struct room *room, int seat)
{
    json_t *entry;
    size_t index;
    json_array_foreach(json_object_get(room->view, "roster"), index, entry)
    {
        if (json_integer_value(json_object_get(entry, "seat")) == seat)
            return json_string_value(json_object_get(entry, "status"));
    }
    return "";
}

json_t *room_token(struct room *room, bool publish, bool play, const char *watch)
{
    char path[256];
    snprintf(path, sizeof(path), "/api/consultations/%s/devices", room->story.consultation);
    return person_call(room->story.physician, "POST", path,
                       json_pack("{s:b,s:b,s:s,s:i}", "publish", (int)publish, "play", (int)play,
                                 "watch", watch, "minutes", 60));
}

json_t *room_revoke(struct room *room, const char *device)
{
    char path[256];
    snprintf(path, sizeof(path), "/api/consultations/%s/devices/revoke", room->story.consultation);
    return person_call(room->story.physician, "POST", path, json_pack("{s:s}", "device", device));
}

void room_act(struct person *person, const struct room *room, const char *event, int seat,
              const char *code)
{
    json_t *act = json_pack("{s:s,s:s,s:s,s:i}", "type", "act", "consultation",
                            room->story.consultation, "event", event, "seat", seat);
    if (code != NULL)
        json_object_set_new(act, "code", json_string(code));
    person_send(person, act);
}
