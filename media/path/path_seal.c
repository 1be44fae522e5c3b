/* Step 6: the last change before the wire. The transport-wide number and the send time are patched in here, so that they
 * count and tell what really leaves. */
#include "media/path/path.h"

static bool seal_judge(struct media_worker *worker, struct endpoint *to, enum result result,
                       size_t length)
{
    if (!result_ok(result)) {
        counter_add(&worker->counters, COUNTER_media_drop_seal, 1);
        return false;
    }
    path_commit(worker, ice_peer_selected(&to->ice), length);
    return true;
}

bool path_seal_rtp(struct media_worker *worker, struct endpoint *to, uint8_t *packet, size_t length,
                   const struct rtp_patch *patch)
{
    uint16_t number = to->transport_cc_next;
    rtp_forward_patch(packet, patch, number, worker->now_us);
    if (patch->transport_cc_at != 0)
        to->transport_cc_next++;
    enum result result = srtp_seal(to->sending, packet, &length, WORKER_BUFFER_BYTES);
    if (result_ok(result)) {
        to->interval.bytes_down += length;
        pacer_sent(&to->pacer, length, worker->now_us);
        if (patch->transport_cc_at != 0)
            bandwidth_estimator_sent(&to->estimator, number, length, worker->now_us);
    }
    return seal_judge(worker, to, result, length);
}

bool path_seal_rtcp(struct media_worker *worker, struct endpoint *to, uint8_t *packet,
                    size_t length)
{
    enum result result = srtcp_seal(to->sending, packet, &length, WORKER_BUFFER_BYTES);
    return seal_judge(worker, to, result, length);
}
