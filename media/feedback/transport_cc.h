/* transport-wide congestion control feedback, draft-holmer-rmcat-transport-wide-cc-extensions-01.
 * Recorder: when did each numbered packet of one endpoint arrive; writes the feedback its sender needs.
 * History and reader: what a subscriber says about the packets we sent to it.
 * Thread: the worker that owns the endpoint. Embedded, no allocation; fields are private. */
#ifndef MEDIA_FEEDBACK_TRANSPORT_CC_H
#define MEDIA_FEEDBACK_TRANSPORT_CC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "media/feedback/rtcp.h"

#define TRANSPORT_CC_WINDOW               1024 /* numbers the recorder remembers; a power of two */
#define TRANSPORT_CC_INTERVAL_US          100000
#define TRANSPORT_CC_INTERVAL_SHORTEST_US 50000
#define TRANSPORT_CC_INTERVAL_LONGEST_US  250000

struct transport_cc_recorder {
    int64_t arrived_us[TRANSPORT_CC_WINDOW]; /* by number; 0: not arrived */
    int64_t highest;                         /* unwrapped */
    int64_t next;                            /* first number the next feedback covers */
    int64_t last_sent_us;
    uint8_t feedback_count;
    bool started;
    bool pending;
};

void transport_cc_recorder_init(struct transport_cc_recorder *recorder);
/* Every authenticated packet that carries a number, RTX and padding included (else the estimate collapses). */
void transport_cc_arrived(struct transport_cc_recorder *recorder, uint16_t number, int64_t now_us);
/* When feedback is due: 50…250 ms after the last, so that it takes about 5 % of `bitrate_bps` (0: unknown, 100 ms).
 * INT64_MAX while nothing has arrived. */
int64_t transport_cc_due_us(const struct transport_cc_recorder *recorder, uint32_t bitrate_bps);
/* Writes one feedback packet; false when there is nothing (more) to say or it did not fit (the writer is unchanged then).
 * Call until false: a long gap needs more than one packet. */
MUST_CHECK bool transport_cc_write(struct transport_cc_recorder *recorder, uint32_t sender_ssrc,
                                   uint32_t media_ssrc, int64_t now_us,
                                   struct bytes_writer *writer);

/* Reads feedback we are given: one status per number. */
struct transport_cc_status {
    uint16_t number;
    bool arrived;
    int64_t arrived_us; /* the sender's clock, from any start; valid if arrived */
};
struct transport_cc_reader {
    struct bytes_reader chunks;
    struct bytes_reader deltas;
    uint16_t next_number;
    uint16_t left;
    uint16_t chunk;
    uint8_t chunk_left;
    uint16_t run_left;
    int64_t time_us;
};
/* RESULT_PARSE unless chunks and deltas cover the promised count. The item must be RTCP_KIND_TRANSPORT_CC. */
MUST_CHECK enum result transport_cc_reader_init(struct transport_cc_reader *reader,
                                                const struct rtcp_item *item);
MUST_CHECK bool transport_cc_next(struct transport_cc_reader *reader,
                                  struct transport_cc_status *ret_status);

#endif
