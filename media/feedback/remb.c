#include "media/feedback/remb.h"

#define HEADROOM_PERCENT 5  /* repairs take their part of the link too */
#define DRAIN_PERCENT    20 /* while a queue stands here */
#define QUEUE_STANDS_US  100000
#define FALL_PERCENT     95
#define RISE_PERCENT     115

uint32_t remb_limit_bps(const struct link_state *link, uint64_t receiver_bps)
{
    uint64_t limit_bps = REMB_HIGHEST_BPS;
    if (link->estimate_known) {
        unsigned less = link->queue_us > QUEUE_STANDS_US ? DRAIN_PERCENT : HEADROOM_PERCENT;
        limit_bps = (uint64_t)link->estimate_bps * (100 - less) / 100;
    }
    if (receiver_bps > 0 && receiver_bps < limit_bps)
        limit_bps = receiver_bps;
    if (limit_bps < REMB_LOWEST_BPS)
        return REMB_LOWEST_BPS;
    return limit_bps > REMB_HIGHEST_BPS ? REMB_HIGHEST_BPS : (uint32_t)limit_bps;
}

bool remb_is_news(const struct remb *remb, uint32_t limit_bps, int64_t now_us)
{
    int64_t passed_us = now_us - remb->told_us;
    uint64_t told = remb->told_bps;
    if (told == 0)
        return false; /* the first one goes with the report */
    if (limit_bps * 100ull < told * FALL_PERCENT)
        return passed_us >= REMB_SPACING_US;
    return limit_bps * 100ull > told * RISE_PERCENT && passed_us >= REMB_RISE_US;
}

void remb_told(struct remb *remb, uint32_t limit_bps, int64_t now_us)
{
    *remb = (struct remb){.told_bps = limit_bps, .told_us = now_us};
}
