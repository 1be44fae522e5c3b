/* What is known of our own link to one browser: what carries it, what it loses, how long it takes. Everything in it is
 * measured on that link alone (the browser's transport-cc feedback, its report blocks, our own queue), so that the other
 * person's bad uplink is never taken for it. Whoever decides from it has to say what unknown means to him.
 * Plain data, a snapshot; filled by endpoint_link_state(). */
#ifndef MEDIA_FEEDBACK_LINK_STATE_H
#define MEDIA_FEEDBACK_LINK_STATE_H

#include <stdbool.h>
#include <stdint.h>

struct link_state {
    bool estimate_known; /* no transport-cc feedback yet, or none since the line broke */
    bool loss_known;
    bool rtt_known;
    uint16_t loss_permille; /* of the last second or so, before any repair */
    uint32_t estimate_bps; /* what the link carries, sound, picture, repairs and headers together */
    uint32_t rtt_us;
    uint32_t
        queue_us; /* how long the oldest picture packet has been waiting here; always known, 0: nothing waits */
};

#endif
