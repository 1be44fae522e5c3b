/* Asks one publisher stream for what was lost on the way to us (RFC 4585 §6.2.1).
 *
 *   lost ──10 ms and 2 packets later──► asked ──every RTT──► … ≤ 6 times ──► given up (video: a keyframe is wanted)
 *
 * Stops early when the answer would come too late to be played. Bounds: NACK_LOST_MAX numbers; and no more numbers are asked
 * for than packets arrive (NACK_CREDIT_MAX ahead), nothing behind a queue of seconds: repairs would feed the queue that loses them.
 * What is beyond them is given up at once.
 * Thread: the worker that owns the publisher. Embedded, no allocation; fields are private. */
#ifndef MEDIA_FEEDBACK_NACK_GENERATOR_H
#define MEDIA_FEEDBACK_NACK_GENERATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NACK_LOST_MAX          256
#define NACK_TRIES_MAX         6
#define NACK_WAIT_US           10000
#define NACK_WAIT_PACKETS      2
#define NACK_WAIT_LONGEST_US   50000 /* without two more packets (a slow stream): ask anyway */
#define NACK_RETRY_SHORTEST_US 20000
#define NACK_PLAYABLE_US       400000  /* what a jitter buffer is taken to bridge */
#define NACK_RTT_MOST_US       1500000 /* no path is so long; it is a queue that stands */
#define NACK_CREDIT_MAX        64

struct nack_lost {
    int64_t sequence;
    int64_t noticed_us;
    int64_t asked_us;
    uint32_t noticed_packets; /* packets received until then */
    uint8_t tries;
};
struct nack_generator {
    struct nack_lost lost[NACK_LOST_MAX]; /* ascending */
    uint32_t count;
    uint32_t packets; /* received; wraps */
    uint32_t credit;  /* how many may be asked for anew; one more with each packet that comes */
    int64_t highest;
    bool started;
    bool gave_up;
};

void nack_generator_init(struct nack_generator *generator);
/* The numbering began anew. */
void nack_generator_restart(struct nack_generator *generator);
/* Each packet that receive_stats calls NEW, LATE or RESTART, repairs included. `keyframe` (video only): older losses
 * matter no more. */
void nack_generator_packet(struct nack_generator *generator, int64_t sequence, bool keyframe,
                           int64_t now_us);
/* When collect has something to do; INT64_MAX: never. `rtt_us` 0: unknown, 100 ms is taken. */
int64_t nack_generator_due_us(const struct nack_generator *generator, uint32_t rtt_us);
/* The numbers to ask for now, ascending, at most `max`; they count as asked. */
size_t nack_generator_collect(struct nack_generator *generator, uint32_t rtt_us, int64_t now_us,
                              uint16_t *ret_sequences, size_t max);
/* True once after something was given up: only a keyframe helps now. */
bool nack_generator_take_gave_up(struct nack_generator *generator);

#endif
