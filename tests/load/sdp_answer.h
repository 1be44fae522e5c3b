/* What a raw peer needs of the gateway's offer, and an answer to it, line by line: no SDP library, and none of the gateway's code.
 *
 * Thread: any.   No I/O. */
#ifndef TESTS_LOAD_SDP_ANSWER_H
#define TESTS_LOAD_SDP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/load/stream.h"

struct sdp_offer {
    char address[48];
    uint16_t port;
    char ufrag[64], pwd[128];
    uint8_t fingerprint[32];            /* sha-256 */
    struct stream_numbers audio, video; /* of what we send */
};

struct sdp_self {
    const char *ufrag, *pwd;
    const uint8_t *fingerprint; /* 32 bytes of sha-256 */
    uint32_t audio_ssrc, video_ssrc;
};

/* False when something needed is not in the offer. */
bool sdp_offer_read(const char *sdp, struct sdp_offer *ret_offer);
/* The caller frees the text. */
char *sdp_answer_write(const char *offer, const struct sdp_self *self);

#endif
