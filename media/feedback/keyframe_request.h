/* One publisher's keyframe requests: many subscribers may want one, the publisher is asked at most every 500 ms and again
 * until one is seen. After an answer the next question waits until the keyframe has cost no more than a tenth of the
 * publisher's bitrate, between 1 and 4 s (a keyframe is seconds of a rural uplink; but a picture that stands for 5 s is a
 * warning in the consultation). A keyframe that came unasked costs nobody a question.
 * Thread: the worker that owns the publisher. Embedded; fields are private. */
#ifndef MEDIA_FEEDBACK_KEYFRAME_REQUEST_H
#define MEDIA_FEEDBACK_KEYFRAME_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYFRAME_REQUEST_SPACING_US 500000
#define KEYFRAME_BUDGET_LEAST_US    1000000
#define KEYFRAME_BUDGET_MOST_US     4000000

struct keyframe_request {
    int64_t asked_us;
    int64_t answered_us;
    uint32_t timestamp; /* of the last keyframe */
    uint32_t bytes;     /* of it, as far as it has come */
    bool asked;         /* ever */
    bool answered;      /* the last question */
    bool wanted;
    bool in_keyframe; /* a keyframe was seen, ever */
};

void keyframe_request_init(struct keyframe_request *request);
/* A subscriber sent PLI or FIR, or a loss was given up. */
void keyframe_request_want(struct keyframe_request *request);
/* A gate opened: somebody has no picture at all, so the budget does not count. */
void keyframe_request_want_first(struct keyframe_request *request);
/* Every picture packet of this publisher; `keyframe` is rtp_payload_info.keyframe. A keyframe that was on its way before
 * the asking counts too. */
void keyframe_request_packet(struct keyframe_request *request, bool keyframe, uint32_t timestamp,
                             size_t bytes, int64_t now_us);
/* INT64_MAX: nothing wanted. `bitrate_bps` is what the publisher sends, 0: unknown. */
int64_t keyframe_request_due_us(const struct keyframe_request *request, uint32_t bitrate_bps);
/* True when a PLI is to be sent now; it then counts as sent. */
bool keyframe_request_take(struct keyframe_request *request, uint32_t bitrate_bps, int64_t now_us);

#endif
