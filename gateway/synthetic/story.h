/* The consultation that the demo plays: a known follow-up patient at home and her home physician, from the link to the
 * end, each fact entered by the one whose it is.
 *
 * Thread: GLib main loop.   Owner: demo.c. */
#ifndef GATEWAY_SYNTHETIC_STORY_H
#define GATEWAY_SYNTHETIC_STORY_H

#include <glib.h>

#include "gateway/synthetic/person.h"

enum story_end { STORY_RUNNING, STORY_DONE, STORY_FAILED };

struct story {
    GMainLoop *loop;
    bool quiet;
    int seconds; /* of examination before "finish" */
    char consultation[64];
    char state[24]; /* as the physician's page sees it */
    enum story_end end;
    bool joined, admitted, checked, started, finishing, closed;
    bool entered, seen;
    bool patient_media, physician_media;
    int refused; /* refusals that anybody received */
    struct person *patient;
    struct person *physician;
};

/* Message handlers of the two pages. */
void story_patient(struct person *person, void *story, const char *type, json_t *message);
void story_physician(struct person *person, void *story, const char *type, json_t *message);
/* One line of the printed story. */
void story_say(const struct story *story, const char *who, const char *what);

#endif
