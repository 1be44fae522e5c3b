#include "media/feedback/pacer.h"

#include <string.h>

#include "gateway/base/clock.h"

#define BEHIND_MAX_US                                                                              \
    250000 /* sound alone may take more than the line has: picture still gets its turn */

void pacer_init(struct pacer *pacer)
{
    memset(pacer, 0, sizeof(*pacer));
}

void pacer_set_rate(struct pacer *pacer, uint64_t rate_bps)
{
    pacer->rate_bps = rate_bps;
}

static int64_t takes_us(const struct pacer *pacer, size_t bytes)
{
    return pacer->rate_bps == 0 ? 0 : (int64_t)(bytes * 8 * US_PER_S / pacer->rate_bps);
}

static bool line_is_free(const struct pacer *pacer, int64_t now_us)
{
    return pacer->rate_bps == 0 || pacer->free_us <= now_us + PACER_BURST_US;
}

static uint16_t bit_of(uint8_t slot)
{
    return (uint16_t)(1u << slot);
}

static struct pacer_packet *packet_at(struct pacer *pacer, uint32_t at)
{
    return &pacer->packets[(pacer->first + at) % PACER_PACKETS_MAX];
}

static void note_frame(struct pacer *pacer, struct pacer_packet *packet)
{
    if (packet->keyframe) {
        pacer->in_keyframe |= bit_of(packet->slot);
        pacer->keyframe_timestamp[packet->slot] = packet->timestamp;
    }
    packet->of_keyframe = (pacer->in_keyframe & bit_of(packet->slot)) != 0 &&
                          pacer->keyframe_timestamp[packet->slot] == packet->timestamp;
}

static void book(struct pacer *pacer, const struct pacer_packet *packet, int sign)
{
    int bytes = sign * (int)packet->bytes;
    pacer->bytes += (uint32_t)bytes;
    if (packet->of_keyframe)
        pacer->keyframe_bytes += (uint32_t)bytes;
}

/* Takes the slot's packets between the two places out; the others close up, in their order. */
static uint32_t remove_slot(struct pacer *pacer, uint8_t slot, uint32_t from, uint32_t to)
{
    uint32_t kept = from, removed = 0;
    for (uint32_t i = from; i < pacer->count; i++) {
        struct pacer_packet *packet = packet_at(pacer, i);
        if (i < to && packet->slot == slot) {
            book(pacer, packet, -1);
            removed++;
        } else {
            *packet_at(pacer, kept++) = *packet;
        }
    }
    pacer->count = kept;
    return removed;
}

/* The head's stream is dropped up to its next keyframe: here if that is waiting already, else from now on. */
static void drop_group(struct pacer *pacer)
{
    uint8_t slot = packet_at(pacer, 0)->slot;
    uint32_t to = 1;
    while (to < pacer->count &&
           !(packet_at(pacer, to)->slot == slot && packet_at(pacer, to)->keyframe))
        to++;
    if (to < pacer->count) {
        packet_at(pacer, to)->anew = true;
    } else {
        pacer->skipping |= bit_of(slot);
        pacer->starved |= bit_of(slot);
    }
    pacer->dropped += remove_slot(pacer, slot, 0, to);
}

static void expire(struct pacer *pacer, int64_t now_us)
{
    while (pacer->count > 0 && packet_at(pacer, 0)->deadline_us <= now_us)
        drop_group(pacer);
}

/* Behind a keyframe a delta has to wait for it, which is no reason to drop it. */
static int64_t deadline_of(const struct pacer *pacer, const struct pacer_packet *packet,
                           int64_t now_us)
{
    int64_t wait_us = PACER_WAIT_KEYFRAME_US;
    if (!packet->of_keyframe)
        wait_us = PACER_WAIT_MAX_US + takes_us(pacer, pacer->keyframe_bytes);
    return now_us + (wait_us < PACER_WAIT_KEYFRAME_US ? wait_us : PACER_WAIT_KEYFRAME_US);
}

enum pacer_verdict pacer_offer(struct pacer *pacer, struct pacer_packet *packet, int64_t now_us)
{
    expire(pacer, now_us);
    if (pacer->count == PACER_PACKETS_MAX)
        drop_group(pacer);
    packet->anew = (pacer->skipping & bit_of(packet->slot)) != 0;
    if (packet->anew && !packet->keyframe) {
        pacer->dropped++;
        return PACER_DROPPED;
    }
    pacer->skipping &= (uint16_t)~bit_of(packet->slot);
    note_frame(pacer, packet);
    if (pacer->count == 0 && line_is_free(pacer, now_us))
        return PACER_SEND;
    packet->queued_us = now_us;
    packet->deadline_us = deadline_of(pacer, packet, now_us);
    book(pacer, packet, +1);
    *packet_at(pacer, pacer->count++) = *packet;
    return PACER_WAIT;
}

bool pacer_take(struct pacer *pacer, int64_t now_us, struct pacer_packet *ret_packet)
{
    expire(pacer, now_us);
    if (pacer->count == 0 || !line_is_free(pacer, now_us))
        return false;
    *ret_packet = *packet_at(pacer, 0);
    book(pacer, ret_packet, -1);
    pacer->first = (pacer->first + 1) % PACER_PACKETS_MAX;
    pacer->count--;
    return true;
}

void pacer_sent(struct pacer *pacer, size_t bytes, int64_t now_us)
{
    if (pacer->free_us < now_us)
        pacer->free_us = now_us;
    pacer->free_us += takes_us(pacer, bytes);
    if (pacer->free_us > now_us + BEHIND_MAX_US)
        pacer->free_us = now_us + BEHIND_MAX_US;
}

void pacer_forget(struct pacer *pacer, uint8_t slot)
{
    remove_slot(pacer, slot, 0, pacer->count);
    pacer->skipping &= (uint16_t)~bit_of(slot);
    pacer->starved &= (uint16_t)~bit_of(slot);
    pacer->in_keyframe &= (uint16_t)~bit_of(slot);
}

int64_t pacer_due_us(const struct pacer *pacer)
{
    return pacer->count == 0 ? INT64_MAX : pacer->free_us - PACER_BURST_US;
}

int64_t pacer_delay_us(const struct pacer *pacer, int64_t now_us)
{
    return pacer->count == 0 ? 0 : now_us - pacer->packets[pacer->first].queued_us;
}

uint32_t pacer_take_dropped(struct pacer *pacer, uint16_t *ret_starved)
{
    uint32_t dropped = pacer->dropped;
    *ret_starved = pacer->starved;
    pacer->dropped = 0;
    pacer->starved = 0;
    return dropped;
}
