#include "media/feedback/bitrate_cap.h"

#include "media/feedback/transport_cc.h"

#define LOSS_LOW_PERMILLE  20
#define LOSS_HIGH_PERMILLE 100
#define JUDGED_PACKETS_MIN 20 /* fewer say nothing about a rate */

void bitrate_cap_init(struct bitrate_cap *cap, int64_t now_us)
{
    *cap = (struct bitrate_cap){.loss_based_bps = BITRATE_CAP_HIGHEST_BPS, .step_us = now_us};
}

static uint32_t clamp(uint64_t bitrate_bps)
{
    if (bitrate_bps < BITRATE_CAP_LOWEST_BPS)
        return BITRATE_CAP_LOWEST_BPS;
    return bitrate_bps > BITRATE_CAP_HIGHEST_BPS ? BITRATE_CAP_HIGHEST_BPS : (uint32_t)bitrate_bps;
}

/* draft-ietf-rmcat-gcc-02 §6: above 10 % loss down by half of it, below 2 % up by 5 %, between them as it is. */
static void step(struct bitrate_cap *cap, int64_t now_us)
{
    uint32_t all = cap->arrived + cap->lost;
    if (now_us - cap->step_us < BITRATE_CAP_STEP_US || all < JUDGED_PACKETS_MIN)
        return;
    cap->loss_permille = (uint16_t)(cap->lost * 1000ull / all);
    uint64_t bitrate_bps = cap->loss_based_bps;
    if (cap->loss_permille > LOSS_HIGH_PERMILLE)
        bitrate_bps = bitrate_bps * (2000u - cap->loss_permille) / 2000;
    else if (cap->loss_permille < LOSS_LOW_PERMILLE)
        bitrate_bps = bitrate_bps * 105 / 100;
    cap->loss_based_bps = clamp(bitrate_bps);
    cap->arrived = cap->lost = 0;
    cap->step_us = now_us;
    cap->judged = true;
}

enum result bitrate_cap_feedback(struct bitrate_cap *cap, const struct rtcp_item *item,
                                 int64_t now_us)
{
    struct transport_cc_reader reader;
    struct transport_cc_status status;
    enum result result = transport_cc_reader_init(&reader, item);
    if (!result_ok(result))
        return result;
    while (transport_cc_next(&reader, &status)) {
        if (status.arrived)
            cap->arrived++;
        else
            cap->lost++;
    }
    step(cap, now_us);
    return RESULT_OK;
}

void bitrate_cap_remb(struct bitrate_cap *cap, uint64_t bitrate_bps)
{
    cap->receiver_remb_bps = bitrate_bps;
}

uint32_t remb_for_publisher(const struct bitrate_cap *cap)
{
    uint64_t bitrate_bps = cap->loss_based_bps;
    if (cap->receiver_remb_bps > 0 && cap->receiver_remb_bps < bitrate_bps)
        bitrate_bps = cap->receiver_remb_bps;
    return clamp(bitrate_bps);
}
