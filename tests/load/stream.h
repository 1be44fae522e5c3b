/* One paced RTP stream of a load generator's participant and its receiving end, pure: every packet carries who sent it, its number
 * and when, and bytes that follow from the number, so the receiver can tell loss, repetition, mix-up and damage apart.
 *
 * Thread: any one.   Owner: struct peer (wire.c).   No I/O, no clock. */
#ifndef TESTS_LOAD_STREAM_H
#define TESTS_LOAD_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_PACKET_MAX 1400

/* Numbers that the answer agreed on. */
struct stream_numbers {
    uint8_t payload_type;
    uint8_t mid_id, transport_cc_id, send_time_id; /* 0: none */
    char mid[8];
};

struct stream_out {
    struct stream_numbers numbers;
    bool video;
    bool keyframe; /* the next picture shall be one */
    uint32_t participant;
    uint32_t ssrc;
    uint64_t counter;
    uint16_t picture;
    int64_t due_ns; /* of the next packet */
};

struct stream_in {
    bool video;
    uint32_t participant; /* whose packets belong here */
    bool begun;
    uint16_t sequence;
    uint64_t counter;
    uint64_t received, lost, repeated, damaged, strange; /* strange: somebody else's packet */
};

/* `phase` 0…999 spreads participants over the interval. */
void stream_out_init(struct stream_out *out, const struct stream_numbers *numbers, bool video,
                     uint32_t participant, uint32_t phase, int64_t now_ns);
/* Between two packets: 110 of 1136 bytes a second in pictures of four (1 Mbit/s), or 50 of 80 bytes. */
int64_t stream_interval_ns(bool video);
/* Writes the next packet; `sent_ns` goes into it. Returns its length. */
size_t stream_write(struct stream_out *out, int64_t sent_ns, uint16_t transport_sequence,
                    uint8_t *packet, size_t size);

/* Judges a plain packet; true when it is whole and ours, then `ret_sent_ns` is what the sender wrote. */
bool stream_read(struct stream_in *in, const uint8_t *packet, size_t length, int64_t *ret_sent_ns);

#endif
