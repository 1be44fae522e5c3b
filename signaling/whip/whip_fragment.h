/* SDP fragments, application/trickle-ice-sdpfrag (RFC 8840 §9): the body of a PATCH and of its answer.
 * Thread: any. Pure; nothing allocates. Candidates are counted and forgotten: the gateway is ICE-lite, checks tell it where
 * the device is. */
#ifndef SIGNALING_WHIP_WHIP_FRAGMENT_H
#define SIGNALING_WHIP_WHIP_FRAGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"

#define WHIP_UFRAG_SIZE         33
#define WHIP_PWD_SIZE           65
#define WHIP_FRAGMENT_LINES_MAX 256
#define WHIP_FRAGMENT_LINE_MAX  512

struct whip_ice {
    char ufrag[WHIP_UFRAG_SIZE], pwd[WHIP_PWD_SIZE]; /* RFC 8839 §5.4; empty: not said */
};

struct whip_fragment {
    struct whip_ice ice;
    uint32_t candidates;
    bool end_of_candidates;
};

/* RESULT_PARSE: a line that is none, a ufrag or pwd outside RFC 8839 §5.4, two that differ, or one without the other.
 * RESULT_TOO_LARGE, RESULT_TOO_MANY: the bounds above. Lines we do not use are skipped. */
MUST_CHECK enum result whip_fragment_parse(struct span text, struct whip_fragment *ret_fragment);
/* The answer to an ICE restart: ice-lite and our credentials. RESULT_TOO_LARGE when it does not fit. */
MUST_CHECK enum result whip_fragment_write(const struct whip_ice *ours, char *ret_text, size_t size,
                                           size_t *ret_length);

#endif
