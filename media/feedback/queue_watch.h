/* How long the queue in front of one browser is, and whether it is ours. The trend line sees a queue grow; this sees it
 * stand. Delay above the least one of the last minutes is taken for queue.
 *
 *   free ──(over-use)──► draining: we send less than was delivered ──(nearly empty)──► free
 *                            │ it had time enough to drain and did not
 *                            ▼
 *                        foreign: somebody else fills it (a TCP flow) ──(nearly empty, or no over-use for a while)──► free
 *
 * Thread: the worker that owns the endpoint. Embedded, no allocation; fields are private. */
#ifndef MEDIA_FEEDBACK_QUEUE_WATCH_H
#define MEDIA_FEEDBACK_QUEUE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_EMPTY_US  30000 /* less than this is jitter */
#define QUEUE_STANDS_US 80000

enum queue_owner { QUEUE_FREE, QUEUE_DRAINING, QUEUE_FOREIGN };

struct queue_watch {
    enum queue_owner owner;
    bool heard;
    int64_t least_us[2];     /* least delay of this window and of the one before */
    int64_t window_us;       /* when this window began */
    int64_t seen_us;         /* least delay since the last step; INT64_MAX: none */
    int64_t seen_sent_us;    /* newest send time of what arrived */
    uint64_t seen_bytes;     /* since the last step */
    int64_t stepped_sent_us; /* seen_sent_us at the last step */
    int64_t queue_us, queue_before_us;
    int64_t since_us;        /* what is sent after this drains */
    int64_t drained_us;      /* what should have gone from the queue by now */
    int64_t drain_needed_us; /* what was in it */
    int64_t overused_us;     /* last over-use */
    int64_t not_empty_us;    /* when it was last seen not empty */
    uint64_t limit_bps;      /* what drains it */
};

void queue_watch_init(struct queue_watch *watch, int64_t now_us);
void queue_watch_packet(struct queue_watch *watch, size_t bytes, int64_t sent_us,
                        int64_t arrived_us);
/* After the packets of one feedback. */
void queue_watch_step(struct queue_watch *watch, int64_t now_us);
/* The estimator takes the link for over-used at `delivered_bps`, and sends less from now on. */
void queue_watch_overused(struct queue_watch *watch, uint64_t delivered_bps, int64_t now_us);

int64_t queue_watch_us(const struct queue_watch *watch);
/* A long queue that became longer still: no need to wait for a trend. */
bool queue_watch_runs_away(const struct queue_watch *watch);

#endif
