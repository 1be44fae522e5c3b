/* Cutting attribute values into words and numbers with their bounds. Internal to signaling/sdp. Thread: any. */
#ifndef SIGNALING_SDP_SDP_VALUE_H
#define SIGNALING_SDP_SDP_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "signaling/sdp/sdp.h"

/* A word up to the next of `stops` or the end; moves *at behind one stop. RESULT_PARSE when empty, RESULT_TOO_LARGE when
 * it does not fit. */
MUST_CHECK enum result sdp_value_word(const char **at, const char *stops, char *ret_word,
                                      size_t size);
/* Decimal digits only, at most `maximum`; as sdp_value_word. */
MUST_CHECK enum result sdp_value_number(const char **at, const char *stops, uint64_t maximum,
                                        uint64_t *ret_number);
/* Only characters of `allowed`, between `least` and size - 1 of them. */
MUST_CHECK enum result sdp_value_token(const char *value, const char *allowed, size_t least,
                                       char *ret_token, size_t size);

#define SDP_ICE_CHARACTERS                                                                         \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" /* RFC 8839 §5.1 */
#define SDP_MID_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."

/* Value of `a=fingerprint`. RESULT_UNSUPPORTED for a hash we do not accept. */
MUST_CHECK enum result sdp_value_fingerprint(const char *value,
                                             struct sdp_fingerprint *ret_fingerprint);
/* Value of `a=candidate`; `media` is left alone. */
MUST_CHECK enum result sdp_value_candidate(const char *value, struct sdp_candidate *ret_candidate);

const char *sdp_direction_name(enum sdp_direction direction);
MUST_CHECK bool sdp_direction_parse(const char *name, enum sdp_direction *ret_direction);
const char *sdp_setup_name(enum sdp_setup setup);
MUST_CHECK bool sdp_setup_parse(const char *name, enum sdp_setup *ret_setup);

/* Names of a=rtcp-fb with their bits. */
struct sdp_feedback_name {
    const char *name;
    enum sdp_feedback bit;
};
#define SDP_FEEDBACK_NAMES_COUNT 5
extern const struct sdp_feedback_name SDP_FEEDBACK_NAMES[SDP_FEEDBACK_NAMES_COUNT];

#endif
