/* How busy a worker is: the part of wall time it spent in passes and not asleep, in windows of a second. Half of the old
 * value stays in the new one, so a burst of joins does not look like a full house for long.
 *
 * Thread: the worker's. Pure: time is a parameter.   Owner: struct media_worker. */
#ifndef MEDIA_WORKER_WORKER_LOAD_H
#define MEDIA_WORKER_WORKER_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#define WORKER_LOAD_WINDOW_US 1000000

struct worker_load {
    int64_t window_us; /* when the present window began; 0: not begun */
    int64_t busy_us;   /* in it */
    uint32_t datagrams;
    uint32_t permille, datagrams_per_second; /* of the last whole windows */
};

/* A pass from `began_us` to `now_us` took in `datagrams`. True: the two results are new. */
static inline bool worker_load_pass(struct worker_load *load, uint32_t datagrams, int64_t began_us,
                                    int64_t now_us)
{
    if (load->window_us == 0)
        load->window_us = began_us;
    load->busy_us += now_us - began_us;
    load->datagrams += datagrams;
    int64_t over_us = now_us - load->window_us;
    if (over_us < WORKER_LOAD_WINDOW_US)
        return false;
    uint32_t share = (uint32_t)(load->busy_us * 1000 / over_us);
    uint32_t rate = (uint32_t)((uint64_t)load->datagrams * 1000000 / (uint64_t)over_us);
    load->permille = (load->permille + (share > 1000 ? 1000 : share)) / 2;
    load->datagrams_per_second = rate;
    load->window_us = now_us;
    load->busy_us = 0;
    load->datagrams = 0;
    return true;
}

#endif
