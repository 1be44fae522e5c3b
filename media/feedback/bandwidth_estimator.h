/* What our link to one browser carries, from its transport-cc feedback alone (draft-ietf-rmcat-gcc-02; trend line, rate
 * control and probes as its implementations do them today).
 *
 *   sent ─► sent_history ─┐              ┌─► delay_trend ──► up 8 %/s, or a packet a round trip near a known limit;
 *                         ├─► feedback ──┼─► delivered_rate   over-use: 0.85 × what is delivered
 *   feedback of browser ──┘              ├─► loss_controller ─► its own limit
 *                                        └─► probe ─────────► jumps up to what was shown
 *   estimate = the smaller of the two limits;  no feedback at all: halved again and again
 *
 * The publisher's uplink has no part in it. Rates are bits a second of everything sent to the browser, SRTP included.
 * Thread: the worker that owns the endpoint. Embedded, no allocation; time is a parameter; fields are private. */
#ifndef MEDIA_FEEDBACK_BANDWIDTH_ESTIMATOR_H
#define MEDIA_FEEDBACK_BANDWIDTH_ESTIMATOR_H

#include "media/feedback/delay_trend.h"
#include "media/feedback/delivered_rate.h"
#include "media/feedback/link_state.h"
#include "media/feedback/loss_controller.h"
#include "media/feedback/probe.h"
#include "media/feedback/queue_watch.h"
#include "media/feedback/rtcp.h"
#include "media/feedback/sent_history.h"

#define ESTIMATE_FIRST_BPS   300000
#define ESTIMATE_LOWEST_BPS  20000
#define ESTIMATE_HIGHEST_BPS 20000000
#define ESTIMATE_SILENCE_US                                                                        \
    1500000 /* and three round trips without feedback: the line is thought to be cut */

struct bandwidth_estimator {
    struct sent_history sent;
    struct delay_trend trend;
    struct delivered_rate delivered;
    struct loss_controller loss;
    struct probe probe;
    struct queue_watch queue;
    bool heard; /* feedback has come */
    bool
        known; /* and has shown a limit, or that there is room; the first number is only a beginning */
    uint64_t delay_based_bps;
    uint64_t limit_bps;      /* what was delivered at the last over-use; 0: no limit is known */
    uint64_t before_dip_bps; /* what it was before it fell far; 0: it did not, or has recovered */
    int64_t dip_us;
    uint64_t wanted_bps; /* as last told */
    uint32_t rtt_us;     /* as last told */
    int64_t changed_us;  /* last step of the rate control */
    int64_t decreased_us;
    int64_t
        silent_since_us; /* last feedback, or last halving; the first packet sent since a pause */
};

void bandwidth_estimator_init(struct bandwidth_estimator *estimator, int64_t now_us);
/* Every packet that carries a transport-wide number, at the moment it leaves. */
void bandwidth_estimator_sent(struct bandwidth_estimator *estimator, uint16_t number, size_t bytes,
                              int64_t now_us);
/* RTCP_KIND_TRANSPORT_CC; RESULT_PARSE when it is malformed (nothing changed). `rtt_us` 0: unknown. */
MUST_CHECK enum result bandwidth_estimator_feedback(struct bandwidth_estimator *estimator,
                                                    const struct rtcp_item *item, uint32_t rtt_us,
                                                    int64_t now_us);
/* Time passes. `wanted_bps`: what the open pictures would like to have; 0: none, then nothing is probed. */
void bandwidth_estimator_tick(struct bandwidth_estimator *estimator, uint64_t wanted_bps,
                              int64_t now_us);
/* When tick has something to do. */
int64_t bandwidth_estimator_due_us(const struct bandwidth_estimator *estimator);

/* 0 while unknown: nothing has been measured yet, whoever sends may send. */
uint32_t bandwidth_estimator_bps(const struct bandwidth_estimator *estimator);
/* What should be sent now: the estimate, or less while our own queue in front of the browser drains. */
uint32_t bandwidth_estimator_target_bps(const struct bandwidth_estimator *estimator);
/* The queue in front of the browser has grown in the last seconds: send with less haste. */
bool bandwidth_estimator_pressed(const struct bandwidth_estimator *estimator, int64_t now_us);
/* Fills estimate and loss. */
void bandwidth_estimator_state(const struct bandwidth_estimator *estimator,
                               struct link_state *ret_state);

#endif
