/* The numbers of a growing line that were left out on purpose, so that what follows closes up behind them: packets or
 * pictures of layers a subscriber does not get.
 *
 *   source   10  11 [12  13] 14  15 [16] 17        out = source - skipped_numbers_below(source)
 *   out      10  11          12  13      14
 *
 * Thread: the worker that owns it. Embedded, no allocation, pure. Bound: the last SKIPPED_RUNS runs are known one by one; of
 * a number before them only the sum is. Fields are private. */
#ifndef MEDIA_RTP_SKIPPED_NUMBERS_H
#define MEDIA_RTP_SKIPPED_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"

#define SKIPPED_RUNS 64 /* a power of two */

struct skipped_numbers {
    struct skipped_run {
        int64_t first, after; /* [first, after) */
        int64_t total;        /* skipped below `after` */
    } runs[SKIPPED_RUNS];
    uint32_t count; /* ever begun; the newest is count - 1 */
};

void skipped_numbers_init(struct skipped_numbers *skipped);
/* False (nothing changed): `number` lies before the end of the newest run, where numbers are settled already. */
MUST_CHECK bool skipped_numbers_add(struct skipped_numbers *skipped, int64_t number);
/* How many numbers below this one were skipped; never falls as `number` grows. */
int64_t skipped_numbers_below(const struct skipped_numbers *skipped, int64_t number);
/* True only for numbers in a run that is still known. */
bool skipped_numbers_has(const struct skipped_numbers *skipped, int64_t number);

#endif
