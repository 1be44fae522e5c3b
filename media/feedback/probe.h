/* Probing: for some tens of milliseconds more is sent than the estimate allows, filled up with padding, to find out
 * whether the link carries it. It is the only way up when nothing but a small stream is flowing.
 *
 *   idle ──(due, wanted)──► sending ──(bytes and packets sent)──► measured ──(feedback passed it, or too late)──► idle
 *
 * Never where no picture is wanted (a data plan pays for padding), at most a tenth of the time, and rarer after each one that
 * brought nothing. Thread: the worker that owns the endpoint. Embedded, no allocation; fields are private. */
#ifndef MEDIA_FEEDBACK_PROBE_H
#define MEDIA_FEEDBACK_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROBE_CLUSTER_US                                                                           \
    60000 /* of a probe, at least PROBE_PACKETS_MIN long; half at the least pace */
#define PROBE_PACKETS_MIN      8       /* fewer measure nothing */
#define PROBE_LEAST_BPS        300000  /* slower ones would cost a narrow line the same */
#define PROBE_PADDING_BYTES    255     /* as much as one count byte can say, RFC 3550 §5.1 */
#define PROBE_INTERVAL_US      1000000 /* shortest, from start to start */
#define PROBE_INTERVAL_DIP_US  4000000 /* longest while the link is worse than it was */
#define PROBE_INTERVAL_MOST_US 20000000

enum probe_state { PROBE_IDLE, PROBE_SENDING, PROBE_MEASURING };

struct probe {
    enum probe_state state;
    uint8_t cluster; /* of the present or last one; 1… */
    uint8_t factor;  /* of the estimate: 2, after a success 3 */
    uint16_t last_number;
    int64_t next_us;
    int64_t interval_us;
    int64_t started_us, ended_us, lasts_us;
    uint64_t target_bps;
    uint32_t bytes, packets; /* sent */
    /* what arrived */
    uint32_t arrived_packets, arrived_bytes;
    uint32_t first_bytes,
        last_bytes; /* of the first arrival; of all that left in the last moment */
    int64_t first_sent_us, last_sent_us;
    int64_t first_arrived_us, last_arrived_us;
};

void probe_init(struct probe *probe, int64_t now_us);
/* The estimate has just fallen, or the line was cut: not before `until_us`, and then soon again. */
void probe_hold(struct probe *probe, int64_t until_us);
/* Starts one if it is time; true when it has started. `dipped`: the link carried more not long ago. */
bool probe_start(struct probe *probe, uint64_t estimate_bps, uint64_t wanted_bps, int64_t now_us);
/* Bytes that should leave now to keep the probe's pace; 0: none is being sent. */
size_t probe_owed(const struct probe *probe, int64_t now_us);
/* Padding of one of its packets; little where the line may be narrow. */
size_t probe_padding_bytes(const struct probe *probe);
/* Every packet that leaves; the cluster it belongs to, 0: none. */
uint8_t probe_sent(struct probe *probe, uint16_t number, size_t bytes, int64_t now_us);
/* A packet of a cluster arrived. */
void probe_arrived(struct probe *probe, uint8_t cluster, size_t bytes, int64_t sent_us,
                   int64_t arrived_us);
/* Feedback has spoken of what came after the probe, or it is late: ends the measuring. What the link carried, 0 when that
 * cannot be said. */
uint64_t probe_result(struct probe *probe);
/* `better`: it showed more than the estimate. `dipped`: the link carried more not long ago, so ask again sooner. */
void probe_conclude(struct probe *probe, bool better, bool dipped);

#endif
