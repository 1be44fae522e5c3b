/* What we sent to one browser, by transport-wide number, until its feedback speaks of it: when, how much, and whether it
 * was part of a probe.
 * Thread: the worker that owns the endpoint. Embedded, no allocation. Bound: the last SENT_HISTORY_PACKETS packets, which
 * is a second of the busiest subscriber; feedback about older ones is ignored. Fields are private. */
#ifndef MEDIA_FEEDBACK_SENT_HISTORY_H
#define MEDIA_FEEDBACK_SENT_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"

#define SENT_HISTORY_PACKETS 1024 /* a power of two */

struct sent_entry {
    uint32_t sent_low_us; /* low half of the send time */
    uint16_t bytes;
    uint8_t cluster;
    uint8_t fate;
};
struct sent_history {
    struct sent_entry entries[SENT_HISTORY_PACKETS]; /* by number */
    int64_t newest_us;                               /* when the last one was sent */
    uint32_t count;
    uint16_t next;     /* the number after the newest */
    uint16_t reported; /* the number after the highest one feedback spoke of */
    bool heard;        /* any feedback */
};

void sent_history_init(struct sent_history *history);
/* Numbers go up by one; any other number starts the history anew. `cluster` 0: not part of a probe. */
void sent_history_add(struct sent_history *history, uint16_t number, size_t bytes, uint8_t cluster,
                      int64_t now_us);

struct sent_packet {
    int64_t sent_us;
    uint16_t
        bytes; /* 0: told by sent_history_unreported already (feedback that came late itself) */
    uint8_t cluster;
    bool was_lost; /* reported lost before; it came late */
};
/* One status of the feedback. False when it is no news: unknown, too old, or said before. */
MUST_CHECK bool sent_history_report(struct sent_history *history, uint16_t number, bool arrived,
                                    struct sent_packet *ret_packet);
/* Call before the statuses of a feedback that begins at `base`: bytes of the packets between the last feedback and this
 * one of which nothing was ever said, because that feedback was lost itself. They are told once. */
uint32_t sent_history_unreported(struct sent_history *history, uint16_t base);
/* Something was sent that feedback has not spoken of yet. */
bool sent_history_waits(const struct sent_history *history);
/* Feedback has spoken of `number` or of a later one. */
bool sent_history_passed(const struct sent_history *history, uint16_t number);

#endif
