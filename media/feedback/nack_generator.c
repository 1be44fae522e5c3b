#include "media/feedback/nack_generator.h"

#include <string.h>

#define RTT_UNKNOWN_US 100000

void nack_generator_init(struct nack_generator *generator)
{
    memset(generator, 0, sizeof(*generator));
    generator->credit = NACK_CREDIT_MAX;
}

void nack_generator_restart(struct nack_generator *generator)
{
    nack_generator_init(generator);
}

static void remove_first(struct nack_generator *generator, uint32_t count)
{
    generator->count -= count;
    memmove(generator->lost, generator->lost + count,
            generator->count * sizeof(generator->lost[0]));
}

static void remove_at(struct nack_generator *generator, uint32_t at)
{
    generator->count--;
    memmove(generator->lost + at, generator->lost + at + 1,
            (generator->count - at) * sizeof(generator->lost[0]));
}

/* How many of the ascending list are below `sequence`. */
static uint32_t count_below(const struct nack_generator *generator, int64_t sequence)
{
    uint32_t low = 0, high = generator->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (generator->lost[middle].sequence < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_missing(struct nack_generator *generator, int64_t before, int64_t now_us)
{
    int64_t missing = before - generator->highest - 1;
    if (missing > NACK_LOST_MAX) {
        generator->count = 0;
        generator->gave_up = true;
        return;
    }
    uint32_t room = NACK_LOST_MAX - generator->count;
    if (missing > room) {
        remove_first(generator, (uint32_t)missing - room);
        generator->gave_up = true;
    }
    for (int64_t sequence = generator->highest + 1; sequence < before; sequence++)
        generator->lost[generator->count++] = (struct nack_lost){
            .sequence = sequence, .noticed_us = now_us, .noticed_packets = generator->packets};
}

void nack_generator_packet(struct nack_generator *generator, int64_t sequence, bool keyframe,
                           int64_t now_us)
{
    if (!generator->started) {
        generator->started = true;
        generator->highest = sequence;
    }
    if (sequence > generator->highest) {
        add_missing(generator, sequence, now_us);
        generator->highest = sequence;
    } else {
        uint32_t at = count_below(generator, sequence);
        if (at < generator->count && generator->lost[at].sequence == sequence)
            remove_at(generator, at);
    }
    generator->packets++;
    if (generator->credit < NACK_CREDIT_MAX)
        generator->credit++;
    if (keyframe)
        remove_first(generator, count_below(generator, sequence));
}

static int64_t rtt_of(uint32_t rtt_us)
{
    return rtt_us == 0 ? RTT_UNKNOWN_US : rtt_us;
}

static int64_t lost_due_us(const struct nack_generator *generator, const struct nack_lost *lost,
                           int64_t rtt_us)
{
    if (lost->tries > 0)
        return lost->asked_us + (rtt_us > NACK_RETRY_SHORTEST_US ? rtt_us : NACK_RETRY_SHORTEST_US);
    bool followed = generator->packets - lost->noticed_packets >= NACK_WAIT_PACKETS;
    return lost->noticed_us + (followed ? NACK_WAIT_US : NACK_WAIT_LONGEST_US);
}

/* The first asking happens on a long path too: on a satellite link it is the only one that can help, and the estimate of
 * what is playable is only an estimate. */
static bool hopeless(const struct nack_generator *generator, const struct nack_lost *lost,
                     int64_t rtt_us, int64_t now_us)
{
    if (rtt_us > NACK_RTT_MOST_US)
        return true;
    if (lost->tries == 0)
        return generator->credit == 0;
    return lost->tries >= NACK_TRIES_MAX ||
           now_us - lost->noticed_us + rtt_us * 3 / 2 > NACK_PLAYABLE_US;
}

int64_t nack_generator_due_us(const struct nack_generator *generator, uint32_t rtt_us)
{
    int64_t due_us = INT64_MAX;
    for (uint32_t i = 0; i < generator->count; i++) {
        int64_t lost_us = lost_due_us(generator, &generator->lost[i], rtt_of(rtt_us));
        if (lost_us < due_us)
            due_us = lost_us;
    }
    return due_us;
}

size_t nack_generator_collect(struct nack_generator *generator, uint32_t rtt_us, int64_t now_us,
                              uint16_t *ret_sequences, size_t max)
{
    size_t count = 0;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < generator->count; i++) {
        struct nack_lost lost = generator->lost[i];
        bool due = lost_due_us(generator, &lost, rtt_of(rtt_us)) <= now_us;
        if (due && hopeless(generator, &lost, rtt_of(rtt_us), now_us)) {
            generator->gave_up = true;
            continue;
        }
        if (due && count < max) {
            ret_sequences[count++] = (uint16_t)lost.sequence;
            lost.asked_us = now_us;
            generator->credit -= lost.tries == 0;
            lost.tries++;
        }
        generator->lost[kept++] = lost;
    }
    generator->count = kept;
    return count;
}

bool nack_generator_take_gave_up(struct nack_generator *generator)
{
    bool gave_up = generator->gave_up;
    generator->gave_up = false;
    return gave_up;
}
