/* A consultation that runs while devices come and go: a gateway of one's own, its patient and its physician, who do what
 * the demo's two do and besides agree to devices, let them in and send them away.
 *
 * Thread: GLib main loop. Owner: the test. */
#ifndef TESTS_WHIP_ROOM_H
#define TESTS_WHIP_ROOM_H

#include <jansson.h>
#include <stdbool.h>

#include "gateway/base/cleanup.h"
#include "gateway/synthetic/house.h"
#include "gateway/synthetic/story.h"

struct room {
    struct house *house;
    struct story story;
    char *pack;   /* of the rules, its whole path */
    json_t *view; /* the physician's last one */
};

/* `binary` is the path of tsunagi. False: something said why on stderr. */
MUST_CHECK bool room_open(struct room *room, const char *binary);
void room_close(struct room *room);
/* Turns of the main loop until the state is reached or the condition holds; false after `seconds`. */
MUST_CHECK bool room_until_state(struct room *room, const char *state, int seconds);
typedef bool room_condition(void *owner);
MUST_CHECK bool room_until(struct room *room, room_condition *holds, void *owner, int seconds);
void room_run(int ms);
/* "waiting", "present", …; "" when nobody with that role sits. `ret_seat` may be NULL. */
const char *room_status(const struct room *room, int seat);
/* {"device","token","whip","whep"} */
json_t *room_token(struct room *room, bool publish, bool play, const char *watch);
json_t *room_revoke(struct room *room, const char *device);
/* act {event, seat, code} by one of the two. */
void room_act(struct person *person, const struct room *room, const char *event, int seat,
              const char *code);

#endif
