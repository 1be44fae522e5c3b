/* One direction of a bad line, pure: packets go in, and come out later, doubled, in another order, or never. Seeded, so the same
 * packets at the same times meet the same fate. The adapter (netsim.c) puts it under real browsers, simulations call it directly.
 *
 *   push → [cut? UDP blocked?] → queue (bytes, tail drop) → rate → lost? doubled? → delay, jitter, held back? → pop
 *
 * Loss comes after the rate, as on radio: a lost packet has used its share of the line. A cut line goes on emptying its queue
 * into nothing. Jitter alone never changes the order; `reorder` does.
 *
 * Thread: any one.   Owner: whoever made it.   No I/O, no clock, no allocation after link_new().
 * Life:   link_new() … link_free().   Bound: LINK_PACKETS_MAX packets on the line; one more is dropped and counted. */
#ifndef TESTS_NETSIM_LINK_H
#define TESTS_NETSIM_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/bytes.h"

enum { LINK_PACKETS_MAX = 8192, LINK_PACKET_BYTES_MAX = 2048, LINK_QUEUE_BYTES = 64 * 1024 };

/* Shares are in parts per million. All zero is a perfect line. */
struct link_settings {
    uint64_t rate_bps;    /* 0: no bound */
    uint64_t queue_bytes; /* waiting for the rate; 0: LINK_QUEUE_BYTES */
    int64_t delay_us;
    int64_t jitter_us; /* evenly from 0 to this, on top of the delay */
    uint64_t loss_ppm;
    /* Gilbert: in its bad state the line loses everything. `burst_ppm` of all packets, `burst_length` at a time on average. */
    uint64_t burst_ppm, burst_length;
    uint64_t duplicate_ppm;
    uint64_t
        reorder_ppm; /* of the packets are held back for `reorder_us`; those behind pass them */
    int64_t reorder_us;
    bool cut, udp_blocked;
};

#define LINK_COUNTERS(X)                                                                           \
    X(packets_in)                                                                                  \
    X(bytes_in)                                                                                    \
    X(packets_out)                                                                                 \
    X(bytes_out)                                                                                   \
    X(lost)                                                                                        \
    X(lost_in_bursts)                                                                              \
    X(dropped_queue_full)                                                                          \
    X(dropped_line_full)                                                                           \
    X(dropped_cut)                                                                                 \
    X(dropped_udp)                                                                                 \
    X(duplicated)                                                                                  \
    X(reordered)

struct link_counters {
#define X(name) uint64_t name;
    LINK_COUNTERS(X)
#undef X
};

struct link;

/* `overhead_bytes` are added to each packet's length when the rate is applied: 0 for whole IP packets, 28 for the payload of a
 * UDP datagram over IPv4. NULL: out of memory. */
struct link *link_new(uint64_t seed, uint32_t overhead_bytes);
struct link *link_free(struct link *link);

/* What is on the line stays there; a new rate holds from now on, also for what already waits. */
void link_set(struct link *link, const struct link_settings *settings, int64_t now_us);
const struct link_settings *link_get(const struct link *link);

/* Copies the packet. `now_us` never goes back, over all calls. Longer than LINK_PACKET_BYTES_MAX: dropped as line full. */
void link_push(struct link *link, struct span packet, bool udp, int64_t now_us);
/* The next packet that has arrived; its bytes are good until the next call. False: nothing yet. */
bool link_pop(struct link *link, int64_t now_us, struct span *ret_packet);
/* When something may come out next; INT64_MAX: nothing is on its way. */
int64_t link_deadline_us(const struct link *link);

const struct link_counters *link_count(const struct link *link);
/* How long a packet that came now would wait for the rate. */
int64_t link_backlog_us(const struct link *link);

#endif
