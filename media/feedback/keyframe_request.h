/* One publisher's keyframe requests: many subscribers may want one, the publisher is asked at most every 500 ms (a
 * keyframe is seconds of a rural uplink) and again until one is seen.
 * Thread: the worker that owns the publisher. Embedded; fields are private. */
#ifndef MEDIA_FEEDBACK_KEYFRAME_REQUEST_H
#define MEDIA_FEEDBACK_KEYFRAME_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#define KEYFRAME_REQUEST_SPACING_US 500000

struct keyframe_request {
    int64_t asked_us;
    bool asked; /* ever */
    bool wanted;
};

void keyframe_request_init(struct keyframe_request *request);
/* A subscriber sent PLI or FIR, a gate opened, or a loss was given up. */
void keyframe_request_want(struct keyframe_request *request);
/* rtp_payload_info.keyframe on a packet of this publisher. A keyframe that was on its way before the asking counts too. */
void keyframe_request_seen(struct keyframe_request *request);
/* INT64_MAX: nothing wanted. */
int64_t keyframe_request_due_us(const struct keyframe_request *request);
/* True when a PLI is to be sent now; it then counts as sent. */
bool keyframe_request_take(struct keyframe_request *request, int64_t now_us);

#endif
