/* Which packet indices were used (RFC 3711 §3.3.2): a bitmap of the last SRTP_REPLAY_WINDOW_PACKETS up to the highest.
 * A zeroed window has seen nothing. Thread: that of the context. */
#ifndef MEDIA_SRTP_REPLAY_WINDOW_H
#define MEDIA_SRTP_REPLAY_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "media/srtp/srtp.h"

struct replay_window {
    uint64_t highest; /* meaningful once a bit is set */
    uint64_t seen[SRTP_REPLAY_WINDOW_PACKETS / 64];
    bool started;
};

static inline bool replay_window_fresh(const struct replay_window *window, uint64_t index)
{
    if (!window->started || index > window->highest)
        return true;
    if (window->highest - index >= SRTP_REPLAY_WINDOW_PACKETS)
        return false;
    uint64_t bit = index % SRTP_REPLAY_WINDOW_PACKETS;
    return (window->seen[bit / 64] >> (bit % 64) & 1) == 0;
}

/* Only for an index that was fresh and has authenticated. */
static inline void replay_window_mark(struct replay_window *window, uint64_t index)
{
    if (!window->started || index > window->highest) {
        uint64_t steps = window->started ? index - window->highest : SRTP_REPLAY_WINDOW_PACKETS;
        if (steps > SRTP_REPLAY_WINDOW_PACKETS)
            steps = SRTP_REPLAY_WINDOW_PACKETS;
        for (uint64_t i = 0; i < steps; i++) {
            uint64_t bit = (index - i) % SRTP_REPLAY_WINDOW_PACKETS;
            window->seen[bit / 64] &= ~(1ull << (bit % 64));
        }
        window->highest = index;
        window->started = true;
    }
    uint64_t bit = index % SRTP_REPLAY_WINDOW_PACKETS;
    window->seen[bit / 64] |= 1ull << (bit % 64);
}

#endif
