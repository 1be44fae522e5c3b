/* A device as a clinic might buy it: GStreamer's webrtcbin and libcurl, WHIP and WHEP, its own payload types (Opus 96,
 * VP8 120) and extension ids, no word of tsunagi.v1. Decoded frames are counted.
 *
 * Thread: GLib main loop. Owner: the test. */
#ifndef TESTS_WHIP_DEVICE_H
#define TESTS_WHIP_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"

#define DEVICE_LINES_MAX 8

struct http_answer {
    long status;
    char *body; /* for free() */
    char location[512], etag[128], allow[128], authenticate[256], accept_post[128], type[128];
    long retry_after;
};

/* One request as a device makes it; any header text may be NULL. The certificate is the only one trusted. */
void device_http(const char *certificate, const char *method, const char *url, const char *token,
                 const char *content_type, const char *if_match, const char *body, size_t length,
                 struct http_answer *ret_answer);
void http_answer_done(struct http_answer *answer);

struct device;
struct device_counts {
    uint64_t audio_buffers[DEVICE_LINES_MAX], video_frames[DEVICE_LINES_MAX]; /* by m-line */
    bool connected;
};

/* Publishes one sound and one picture, or plays `lines` of each; NULL when it was refused (the answer tells). */
struct device *device_new(bool publish, unsigned lines, const char *certificate, const char *url,
                          const char *token, struct http_answer *ret_answer);
struct device *device_free(struct device *device);
/* Of all m-lines of a kind together when `line` is negative. */
void device_counts(struct device *device, struct device_counts *ret_counts);
uint64_t device_frames(struct device *device);
uint64_t device_sounds(struct device *device);
/* New ICE credentials on both sides by PATCH, while the media go on. */
void device_restart_ice(struct device *device, struct http_answer *ret_answer);
const char *device_location(const struct device *device);
const char *device_etag(const struct device *device);

#endif
