/* One synthetic person at one page: signs in or redeems a link, talks tsunagi.v1, has a peer. It knows nothing that a
 * page does not know and uses no door that a page does not use.
 *
 * Its PeerConnection is whatever the program links as peer.h: GStreamer in the demo, a raw wire peer in load tests.
 *
 * Thread: GLib main loop.   Owner: the program. */
#ifndef GATEWAY_SYNTHETIC_PERSON_H
#define GATEWAY_SYNTHETIC_PERSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/synthetic/peer.h"

struct person;

/* What this person does when something arrives: `message` is borrowed. */
typedef void person_message_fn(struct person *person, void *story, const char *type,
                               json_t *message);

struct person_options {
    const char *name;        /* for the printed story */
    const char *origin;      /* https://localhost:8443 */
    const char *certificate; /* PEM of the gateway; nothing else is trusted */
    const char *language;    /* ja, en */
    int pattern;
    double frequency;
    person_message_fn *message;
    void *story;
};

struct person *person_new(const struct person_options *options);
struct person *person_free(struct person *person);
const char *person_name(const struct person *person);

/* Blocking HTTP call with JSON; NULL and a printed line on any status but 200 or 201. The caller owns the answer. */
json_t *person_call(struct person *person, const char *method, const char *path, json_t *body);
/* Opens the WebSocket and says hello with a ticket from POST /api/ticket {"as": …}. */
bool person_connect(struct person *person, const char *as);
/* Opens the WebSocket and says this hello, which it takes over: protocol and language are added. */
bool person_open(struct person *person, json_t *hello);
/* Takes `message` over, adds the next ref, sends. Returns the ref. */
int person_send(struct person *person, json_t *message);
/* {"type":"fact", …}; takes `value` over. */
void person_fact(struct person *person, const char *consultation, const char *name, json_t *value);
void person_act(struct person *person, const char *consultation, const char *event,
                const char *code);
struct peer *person_peer(struct person *person);
/* The page goes away on purpose. */
void person_leave(struct person *person);

#endif
