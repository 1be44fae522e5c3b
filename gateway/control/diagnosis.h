/* Why no media connection comes about, as one code that words.def has a sentence for: what the gateway saw (the step its
 * FAILED event names) and what the browser saw (checks by kind of path, in its report), put together. Pure.
 *
 * Neither side knows it alone: to the gateway a blocked network, a forbidden browser and a closed laptop are the same
 * silence; the browser does not see whether its checks arrived. */
#ifndef GATEWAY_CONTROL_DIAGNOSIS_H
#define GATEWAY_CONTROL_DIAGNOSIS_H

#include <stdbool.h>

#include "media/media_command.h"

enum diagnosis_checks {
    DIAGNOSIS_UNTOLD, /* the browser has not said, or said something we do not know */
    DIAGNOSIS_NONE,   /* it had no way to try */
    DIAGNOSIS_SENT,   /* tried, no answer */
    DIAGNOSIS_ANSWERED,
};

struct diagnosis {
    bool has_step;
    enum media_step step;
    enum diagnosis_checks udp, tcp, relay;
};

enum diagnosis_checks diagnosis_checks_from(const char *name);
/* "none", "sent" …, for the log. */
const char *diagnosis_checks_name(enum diagnosis_checks checks);
/* The step as the log and the record name it: "ice", "dtls", "fingerprint", "srtp". */
const char *diagnosis_step_name(enum media_step step);

/* A code of words.def; NULL while there is nothing to say yet. */
const char *diagnosis_code(const struct diagnosis *diagnosis);

#endif
