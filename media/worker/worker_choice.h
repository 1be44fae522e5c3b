/* Which worker a new consultation goes to, and when it goes to none: before quality falls for those who already talk.
 *
 * Thread: any. Pure. */
#ifndef MEDIA_WORKER_WORKER_CHOICE_H
#define MEDIA_WORKER_WORKER_CHOICE_H

#include <stdint.h>

/* Loads closer than this are the same; then the one with fewer endpoints is better (they will load it soon). */
#define WORKER_CHOICE_SAME_PERMILLE 50
#define WORKER_CHOICE_NONE          UINT32_MAX

struct worker_candidate {
    uint32_t load_permille, endpoints;
};

/* `full_permille`: a worker at or above it takes nobody new; 0: no such limit. */
static inline uint32_t worker_choice(const struct worker_candidate *workers, uint32_t count,
                                     uint32_t full_permille)
{
    uint32_t best = WORKER_CHOICE_NONE;
    for (uint32_t i = 0; i < count; i++) {
        if (full_permille != 0 && workers[i].load_permille >= full_permille)
            continue;
        if (best == WORKER_CHOICE_NONE) {
            best = i;
            continue;
        }
        uint32_t mine = workers[i].load_permille, other = workers[best].load_permille;
        uint32_t apart = mine > other ? mine - other : other - mine;
        if (apart < WORKER_CHOICE_SAME_PERMILLE ? workers[i].endpoints < workers[best].endpoints
                                                : mine < other)
            best = i;
    }
    return best;
}

#endif
