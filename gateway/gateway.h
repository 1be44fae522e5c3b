/* Owns the big objects and the control loop: store, media, control, api, signaling, in this order of birth; the opposite
 * of death. No globals. Thread: the one that calls gateway_run becomes the control thread. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "gateway/api/api.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "gateway/control/control.h"
#include "gateway/storage/store.h"
#include "media/media.h"
#include "signaling/signaling.h"

/* What a SIGHUP brings. Files are read by the caller's function, which knows the configuration. */
struct gateway_reload {
    const char *certificate_file;
    const char *key_file;
    struct control_pack pack;
};

struct gateway_options {
    struct store_options store;
    struct media_options media;
    struct signaling_options signaling;
    struct control_options control;
    struct api_options api;
    int64_t drain_limit_us;
    /* On failure the old settings stay; the message has been shown to the operator. */
    enum result (*reload)(void *owner, struct gateway_reload *ret_reload);
    void *reload_owner;
};

/* Serves until SIGTERM or SIGINT has drained. RESULT_OK when it ended as asked. `ret_stage` names what failed to start. */
MUST_CHECK enum result gateway_run(const struct gateway_options *options, const char **ret_stage);

#endif
