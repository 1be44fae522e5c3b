#include "media/feedback/receive_stats.h"

#include <string.h>

#include "gateway/base/clock.h"

#define DROPOUT_MAX      3000 /* RFC 3550 A.1: further ahead is a restart, not a loss */
#define REPAIR_AHEAD_MAX 100
#define NO_JUMP          0x10000u

void receive_stats_init(struct receive_stats *stats, uint32_t ssrc, uint32_t clock_hz)
{
    memset(stats, 0, sizeof(*stats));
    stats->ssrc = ssrc;
    stats->clock_hz = clock_hz;
    stats->jump_sequence = NO_JUMP;
}

static bool seen(const struct receive_stats *stats, int64_t sequence)
{
    uint64_t bit = (uint64_t)sequence % RECEIVE_STATS_SEEN_PACKETS;
    return (stats->seen[bit / 64] >> (bit % 64) & 1) != 0;
}

static void set_seen(struct receive_stats *stats, int64_t sequence, bool value)
{
    uint64_t bit = (uint64_t)sequence % RECEIVE_STATS_SEEN_PACKETS;
    if (value)
        stats->seen[bit / 64] |= 1ull << (bit % 64);
    else
        stats->seen[bit / 64] &= ~(1ull << (bit % 64));
}

static void advance(struct receive_stats *stats, int64_t sequence)
{
    if (sequence - stats->highest >= RECEIVE_STATS_SEEN_PACKETS) {
        memset(stats->seen, 0, sizeof(stats->seen));
    } else {
        for (int64_t i = stats->highest + 1; i < sequence; i++)
            set_seen(stats, i, false);
    }
    set_seen(stats, sequence, true);
    stats->highest = sequence;
}

static void start_numbering(struct receive_stats *stats, int64_t sequence)
{
    memset(stats->seen, 0, sizeof(stats->seen));
    set_seen(stats, sequence, true);
    stats->first = stats->highest = sequence;
    stats->expected_prior = stats->received_prior = 0;
    stats->counted = 0;
    stats->has_transit = false;
    stats->started = true;
}

/* RFC 3550 A.1 without probation: SRTP has authenticated the packet. */
static struct received place(struct receive_stats *stats, uint16_t number)
{
    int distance = (int16_t)(number - (uint16_t)stats->highest);
    int64_t sequence = stats->highest + distance;
    if (distance > 0 && distance < DROPOUT_MAX) {
        advance(stats, sequence);
        return (struct received){RECEIVE_NEW, sequence};
    }
    if (distance <= 0 && distance > -RECEIVE_STATS_SEEN_PACKETS && sequence > 0) {
        if (seen(stats, sequence))
            return (struct received){RECEIVE_DUPLICATE, sequence};
        set_seen(stats, sequence, true);
        if (sequence < stats->first)
            stats->first = sequence; /* the first to come was not the first sent */
        return (struct received){RECEIVE_LATE, sequence};
    }
    return (struct received){RECEIVE_JUMP, sequence};
}

/* RFC 3550 A.8 */
static void update_jitter(struct receive_stats *stats, uint32_t timestamp, int64_t now_us)
{
    uint64_t now = (uint64_t)now_us;
    uint32_t arrival =
        (uint32_t)(now / US_PER_S * stats->clock_hz + now % US_PER_S * stats->clock_hz / US_PER_S);
    uint32_t transit = arrival - timestamp;
    if (stats->has_transit) {
        int64_t difference = (int32_t)(transit - stats->transit);
        uint32_t size = (uint32_t)(difference < 0 ? -difference : difference);
        if (size < stats->clock_hz * 10) /* a clock that was moved is no jitter */
            stats->jitter_16 += size - ((stats->jitter_16 + 8) >> 4);
    }
    stats->transit = transit;
    stats->has_transit = true;
}

struct received receive_stats_packet(struct receive_stats *stats, uint16_t sequence,
                                     uint32_t timestamp, size_t bytes, int64_t now_us)
{
    struct received received;
    if (!stats->started) {
        /* One cycle up, so that a packet from before the first still has a positive number. */
        start_numbering(stats, 0x10000 + (int64_t)sequence);
        received = (struct received){RECEIVE_NEW, stats->highest};
    } else {
        received = place(stats, sequence);
    }
    if (received.verdict == RECEIVE_JUMP) {
        if (stats->jump_sequence != sequence) {
            stats->jump_sequence = (uint16_t)(sequence + 1);
            return received;
        }
        start_numbering(stats, ((stats->highest >> 16) + 2) << 16 | sequence);
        received = (struct received){RECEIVE_RESTART, stats->highest};
    }
    stats->jump_sequence = NO_JUMP;
    stats->packets++;
    stats->bytes += bytes;
    stats->counted++; /* duplicates too: A.3 */
    if (received.verdict == RECEIVE_NEW || received.verdict == RECEIVE_RESTART)
        update_jitter(stats, timestamp, now_us);
    return received;
}

struct received receive_stats_repaired(struct receive_stats *stats, uint16_t sequence)
{
    int distance = (int16_t)(sequence - (uint16_t)stats->highest);
    if (!stats->started || distance > REPAIR_AHEAD_MAX || distance <= -RECEIVE_STATS_SEEN_PACKETS)
        return (struct received){RECEIVE_DUPLICATE, stats->highest};
    int64_t first = stats->first;
    struct received received = place(stats, sequence);
    if (received.verdict == RECEIVE_JUMP)
        received.verdict = RECEIVE_DUPLICATE;
    stats->first = first; /* what the path lost or not is for the stream itself to say */
    if (received.verdict != RECEIVE_DUPLICATE)
        stats->repaired++;
    return received;
}

void receive_stats_sender_report(struct receive_stats *stats, uint64_t ntp, int64_t now_us)
{
    stats->last_sr_ntp = ntp;
    stats->last_sr_us = now_us;
}

/* RFC 3550 A.3 */
bool receive_stats_report(struct receive_stats *stats, int64_t now_us,
                          struct rtcp_report_block *ret_block)
{
    int64_t expected = stats->highest - stats->first + 1;
    int64_t received = (int64_t)stats->counted;
    int64_t expected_interval = expected - stats->expected_prior;
    int64_t lost_interval = expected_interval - (received - stats->received_prior);
    if (!stats->started || stats->packets == stats->packets_reported)
        return false;
    stats->expected_prior = expected;
    stats->received_prior = received;
    stats->packets_reported = stats->packets;
    stats->fraction_lost = 0;
    if (expected_interval > 0 && lost_interval > 0) {
        int64_t fraction = (lost_interval << 8) / expected_interval;
        stats->fraction_lost = (uint8_t)(fraction > 255 ? 255 : fraction);
    }
    int64_t lost = expected - received;
    uint32_t delay = 0, last_sr = (uint32_t)(stats->last_sr_ntp >> 16);
    if (last_sr != 0)
        delay = (uint32_t)((uint64_t)(now_us - stats->last_sr_us) * 65536 / US_PER_S);
    *ret_block = (struct rtcp_report_block){
        .ssrc = stats->ssrc,
        .fraction_lost = stats->fraction_lost,
        .lost = (int32_t)(lost > 0x7fffff    ? 0x7fffff
                          : lost < -0x800000 ? -0x800000
                                             : lost),
        .highest_sequence = (uint32_t)(stats->highest - 0x10000),
        .jitter = stats->jitter_16 >> 4,
        .last_sr = last_sr,
        .delay_since_sr = delay,
    };
    return true;
}

uint16_t receive_stats_loss_permille(const struct receive_stats *stats)
{
    return (uint16_t)(stats->fraction_lost * 1000u / 256);
}

uint32_t receive_stats_jitter_us(const struct receive_stats *stats)
{
    return stats->clock_hz == 0
               ? 0
               : (uint32_t)((uint64_t)(stats->jitter_16 >> 4) * US_PER_S / stats->clock_hz);
}
