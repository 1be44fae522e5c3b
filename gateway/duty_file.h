/* Reads what `tsunagi duty check` is asked about: one physician's declared time as JSON. Thread: main.
 * Everything the check relies on is refused here when it is wrong, with its place in the file and the reason. */
#ifndef GATEWAY_DUTY_FILE_H
#define GATEWAY_DUTY_FILE_H

#include <jansson.h>

#include "gateway/duty/duty.h"

enum { DUTY_PATH_SIZE = 160 };

struct duty_file {
    struct duty_input input; /* points into this object and its JSON */
    json_t *root;
    char path[DUTY_PATH_SIZE]; /* of what was refused: "duties[3].start" */
    const char *why;
    struct duty_institution institutions[DUTY_INSTITUTIONS_MAX];
    struct duty_item duties[DUTY_ITEMS_MAX];
    struct duty_session sessions[DUTY_ITEMS_MAX];
    struct interval planned_rests[DUTY_ITEMS_MAX], credits[DUTY_ITEMS_MAX];
    struct duty_month months[DUTY_ITEMS_MAX];
    struct duty_interview interviews[DUTY_ITEMS_MAX];
    struct duty_sleep_check sleep_checks[DUTY_ITEMS_MAX];
};

/* Takes over `root`. `file` is zeroed by the caller and freed with duty_file_free(). `now_min` stands in for a missing
 * as_of. False: path and why say what is wrong. */
MUST_CHECK bool duty_file_read(struct duty_file *file, json_t *root, int64_t now_min);
void duty_file_free(struct duty_file *file);

#endif
