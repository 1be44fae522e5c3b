#include "media/feedback/probe.h"

#include "gateway/base/clock.h"

#define FACTOR_FIRST 2
#define FACTOR_NEXT  3
#define ARRIVED_MIN  60 /* percent; a radio link may lose a third */
#define SHARE        10 /* a probe takes at most one part in so many of the time */

void probe_init(struct probe *probe, int64_t now_us)
{
    *probe =
        (struct probe){.next_us = now_us, .interval_us = PROBE_INTERVAL_US, .factor = FACTOR_NEXT};
}

void probe_hold(struct probe *probe, int64_t until_us)
{
    probe->state = PROBE_IDLE;
    probe->factor = FACTOR_FIRST;
    probe->interval_us = PROBE_INTERVAL_US;
    if (until_us > probe->next_us)
        probe->next_us = until_us;
}

bool probe_start(struct probe *probe, uint64_t estimate_bps, uint64_t wanted_bps, int64_t now_us)
{
    if (probe->state != PROBE_IDLE || now_us < probe->next_us || estimate_bps >= wanted_bps)
        return false;
    uint64_t target_bps = estimate_bps * probe->factor;
    /* Its fewest packets burden a narrow line alike at any pace; at this one they also show that it is narrow no more. */
    if (target_bps < PROBE_LEAST_BPS)
        target_bps = PROBE_LEAST_BPS;
    if (target_bps > wanted_bps + wanted_bps / 4)
        target_bps = wanted_bps + wanted_bps / 4;
    uint8_t cluster = probe->cluster == UINT8_MAX ? 1 : (uint8_t)(probe->cluster + 1);
    *probe = (struct probe){
        .state = PROBE_SENDING,
        .cluster = cluster,
        .factor = probe->factor,
        .interval_us = probe->interval_us,
        .next_us = now_us + probe->interval_us,
        .started_us = now_us,
        .target_bps = target_bps,
        .lasts_us = target_bps > PROBE_LEAST_BPS ? PROBE_CLUSTER_US : PROBE_CLUSTER_US / 2,
    };
    return true;
}

size_t probe_owed(const struct probe *probe, int64_t now_us)
{
    if (probe->state != PROBE_SENDING)
        return 0;
    /* One tick ahead, so that the first packets leave at once. */
    int64_t passed_us = now_us - probe->started_us + 5 * US_PER_MS;
    uint64_t planned = probe->target_bps / 8 * (uint64_t)passed_us / US_PER_S;
    return planned > probe->bytes ? planned - probe->bytes : 0;
}

size_t probe_padding_bytes(const struct probe *probe)
{
    return probe->target_bps > PROBE_LEAST_BPS ? PROBE_PADDING_BYTES : PROBE_PADDING_BYTES / 4;
}

uint8_t probe_sent(struct probe *probe, uint16_t number, size_t bytes, int64_t now_us)
{
    if (probe->state != PROBE_SENDING)
        return 0;
    probe->bytes += (uint32_t)bytes;
    probe->packets++;
    probe->last_number = number;
    if (now_us - probe->started_us >= probe->lasts_us && probe->packets >= PROBE_PACKETS_MIN) {
        probe->state = PROBE_MEASURING;
        probe->ended_us = now_us;
    }
    return probe->cluster;
}

void probe_arrived(struct probe *probe, uint8_t cluster, size_t bytes, int64_t sent_us,
                   int64_t arrived_us)
{
    if (cluster == 0 || cluster != probe->cluster || probe->state == PROBE_IDLE)
        return;
    probe->arrived_packets++;
    probe->arrived_bytes += (uint32_t)bytes;
    if (probe->arrived_packets == 1 || sent_us < probe->first_sent_us)
        probe->first_sent_us = sent_us;
    if (probe->arrived_packets == 1 || sent_us > probe->last_sent_us) {
        probe->last_sent_us = sent_us;
        probe->last_bytes = 0;
    }
    if (sent_us == probe->last_sent_us)
        probe->last_bytes += (uint32_t)bytes;
    if (probe->arrived_packets == 1 || arrived_us < probe->first_arrived_us) {
        probe->first_arrived_us = arrived_us;
        probe->first_bytes = (uint32_t)bytes;
    }
    if (probe->arrived_packets == 1 || arrived_us > probe->last_arrived_us)
        probe->last_arrived_us = arrived_us;
}

/* What was sent between the first and the last moment excludes what left in the last one; what arrived, the first packet. */
uint64_t probe_result(struct probe *probe)
{
    probe->state = PROBE_IDLE;
    int64_t sending_us = probe->last_sent_us - probe->first_sent_us;
    int64_t arriving_us = probe->last_arrived_us - probe->first_arrived_us;
    if (probe->packets == 0 || probe->arrived_packets < 5 ||
        probe->arrived_packets * 100ull < (uint64_t)probe->packets * ARRIVED_MIN ||
        sending_us < 5 * US_PER_MS || arriving_us <= 0 || arriving_us > US_PER_S)
        return 0;
    uint64_t sent_bps =
        (uint64_t)(probe->arrived_bytes - probe->last_bytes) * 8 * US_PER_S / (uint64_t)sending_us;
    uint64_t arrived_bps = (uint64_t)(probe->arrived_bytes - probe->first_bytes) * 8 * US_PER_S /
                           (uint64_t)arriving_us;
    if (arrived_bps * 10 < sent_bps * 9)
        return arrived_bps * 95 / 100; /* the link is full: a little less than that */
    return arrived_bps < sent_bps ? arrived_bps : sent_bps;
}

void probe_conclude(struct probe *probe, bool better, bool dipped)
{
    int64_t longest_us = dipped ? PROBE_INTERVAL_DIP_US : PROBE_INTERVAL_MOST_US;
    probe->factor = better ? FACTOR_NEXT : FACTOR_FIRST;
    probe->interval_us = better ? PROBE_INTERVAL_US : probe->interval_us * 2;
    if (probe->interval_us > longest_us)
        probe->interval_us = longest_us;
    int64_t took_us = probe->ended_us - probe->started_us;
    if (probe->interval_us < took_us * SHARE)
        probe->interval_us = took_us * SHARE;
    probe->next_us = probe->started_us + probe->interval_us;
}
