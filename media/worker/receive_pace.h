/* When a worker that is busy waits a moment before it reads again, so that one wake-up serves several datagrams: at small
 * and middling loads wake-ups cost more than cryptography. Never when idle: below the rate, or after a pass that found
 * nothing, the next datagram is served the moment it comes.
 *
 *   pass began ──────── RECEIVE_PAUSE_US ────────► next read       a pass that takes longer than that is followed at once
 *
 * Thread: the worker's. Pure: time is a parameter.   Owner: struct media_worker. */
#ifndef MEDIA_WORKER_RECEIVE_PACE_H
#define MEDIA_WORKER_RECEIVE_PACE_H

#include <stdint.h>

#define RECEIVE_PAUSE_US 250
/* One datagram a pause: from there on waiting brings company. */
#define RECEIVE_PACE_PER_SECOND 4000
#define RECEIVE_PACE_WINDOW_US  10000

struct receive_pace {
    int64_t window_us; /* when the present window began */
    uint32_t count;    /* datagrams in it */
    uint32_t per_second;
};

/* After a pass that began at `began_us` and took in `received` datagrams: microseconds to wait before the next read;
 * 0: none, sleep until a datagram comes. */
static inline int64_t receive_pace_us(struct receive_pace *pace, uint32_t received,
                                      int64_t began_us, int64_t now_us)
{
    int64_t over_us = now_us - pace->window_us;
    pace->count += received;
    if (over_us >= RECEIVE_PACE_WINDOW_US) {
        pace->per_second = (uint32_t)((uint64_t)pace->count * 1000000 / (uint64_t)over_us);
        pace->window_us = now_us;
        pace->count = 0;
    }
    if (received == 0 || pace->per_second < RECEIVE_PACE_PER_SECOND)
        return 0;
    int64_t left_us = began_us + RECEIVE_PAUSE_US - now_us;
    return left_us > 0 ? left_us : 0;
}

#endif
