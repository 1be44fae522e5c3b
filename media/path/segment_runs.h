/* Puts the datagrams of a send batch together into runs that the kernel can take as one (UDP_SEGMENT, udp(7)): one
 * destination, one length; a shorter datagram may only be the last of a run. Datagrams to one destination keep their order.
 *
 *   A1200 B1200 A1200 A90 B1200 A1200   ►   A[1200 1200 90]  B[1200 1200]  A[1200]
 *
 * Thread: any. Pure; nothing allocates. */
#ifndef MEDIA_PATH_SEGMENT_RUNS_H
#define MEDIA_PATH_SEGMENT_RUNS_H

#include <stdint.h>

#include "media/ice/net_address.h"
#include "media/media_limits.h"

/* The kernel takes 64 segments (UDP_MAX_SEGMENTS) and 65507 bytes. */
#define SEGMENT_RUN_BYTES_MAX 60000
_Static_assert(MEDIA_BATCH <= 64, "a run may be a whole batch");

struct segment_item {
    struct net_address to;
    uint16_t length;
};

struct segment_run {
    uint16_t first, count; /* in the order */
    uint16_t length;       /* of all but perhaps the last */
};

/* `count` ≤ MEDIA_BATCH. Writes the numbers of the items into `ret_order`, run after run, and returns how many runs there
 * are (≤ count). Runs come in the order of their first items. */
uint32_t segment_runs(const struct segment_item *items, uint32_t count,
                      uint8_t ret_order[MEDIA_BATCH], struct segment_run ret_runs[MEDIA_BATCH]);

#endif
