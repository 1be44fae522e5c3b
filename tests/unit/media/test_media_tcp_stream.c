/* The pure half of ICE over TCP: taking a stream apart wherever it was cut, and the queue towards a slow reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "media/ice/tcp_framing.h"
#include "media/ice/tcp_send_queue.h"

#define PICTURE_BYTES 1100
#define SOUND_BYTES   120

static uint64_t random_next(uint64_t *state)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return *state >> 33;
}

/* ---- framing -------------------------------------------------------------------------------------------------- */

static const uint16_t LENGTHS[] = {20, 0, 1, 548, 3, MEDIA_DATAGRAM_MAX, 0, 0, 255, 256};

static uint8_t packet_byte(size_t packet, size_t at)
{
    return (uint8_t)(packet * 31 + at * 7);
}

static size_t write_stream(uint8_t *out)
{
    size_t used = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(LENGTHS); i++) {
        bytes_put_u16(out + used, LENGTHS[i]);
        used += 2;
        for (size_t k = 0; k < LENGTHS[i]; k++)
            out[used++] = packet_byte(i, k);
    }
    return used;
}

struct reading {
    struct tcp_framing framing;
    size_t next; /* index into LENGTHS */
};

static void read_part(struct reading *reading, struct span part)
{
    while (tcp_framing_take(&reading->framing, &part, MEDIA_DATAGRAM_MAX) == TCP_FRAMING_PACKET) {
        while (LENGTHS[reading->next] == 0) /* passed over */
            reading->next++;
        assert_true(reading->next < ARRAY_LENGTH(LENGTHS));
        assert_int_equal(reading->framing.length, LENGTHS[reading->next]);
        for (size_t k = 0; k < reading->framing.length; k++)
            assert_int_equal(reading->framing.bytes[k], packet_byte(reading->next, k));
        reading->next++;
    }
    assert_int_equal(part.length, 0);
}

static void a_stream_cut_at_every_byte_is_the_same_stream(void **state)
{
    (void)state;
    uint8_t stream[8192];
    size_t length = write_stream(stream);
    for (size_t cut = 0; cut <= length; cut++) {
        struct reading reading = {.next = 0};
        read_part(&reading, span_of(stream, cut));
        read_part(&reading, span_of(stream + cut, length - cut));
        assert_int_equal(reading.next, ARRAY_LENGTH(LENGTHS));
    }
    for (size_t step = 1; step < 700; step += step < 8 ? 1 : 67) {
        struct reading reading = {.next = 0};
        for (size_t at = 0; at < length; at += step)
            read_part(&reading, span_of(stream + at, length - at < step ? length - at : step));
        assert_int_equal(reading.next, ARRAY_LENGTH(LENGTHS));
    }
}

static void a_packet_over_the_bound_ends_the_stream(void **state)
{
    (void)state;
    static const uint8_t check[] = {0x02, 0x24}, longer[] = {0x02, 0x25}, most[] = {0xff, 0xff};
    struct tcp_framing framing = {.length = 0};
    struct span input = span_of(check, sizeof(check));
    assert_int_equal(tcp_framing_take(&framing, &input, 548), TCP_FRAMING_MORE);
    framing = (struct tcp_framing){.length = 0};
    input = span_of(longer, sizeof(longer));
    assert_int_equal(tcp_framing_take(&framing, &input, 548), TCP_FRAMING_TOO_LONG);
    framing = (struct tcp_framing){.length = 0};
    input = span_of(most, 1);
    assert_int_equal(tcp_framing_take(&framing, &input, MEDIA_DATAGRAM_MAX), TCP_FRAMING_MORE);
    input = span_of(most + 1, 1);
    assert_int_equal(tcp_framing_take(&framing, &input, MEDIA_DATAGRAM_MAX), TCP_FRAMING_TOO_LONG);
}

/* ---- send queue ----------------------------------------------------------------------------------------------- */

/* A packet that says which one it is; `rtp`: with a sealed RTP packet's head. */
static struct span packet_of(uint8_t *bytes, size_t length, uint32_t timestamp, uint32_t number)
{
    memset(bytes, 0x5a, length);
    bytes[0] = 0x80;
    bytes[1] = 96;
    bytes_put_u32(bytes + 4, timestamp);
    bytes_put_u32(bytes + 8, 0x1234);
    bytes_put_u32(bytes + 12, number);
    return span_of(bytes, length);
}

static bool push(struct tcp_send_queue *queue, size_t length, uint32_t timestamp, uint32_t number,
                 int64_t now_us)
{
    uint8_t bytes[MEDIA_DATAGRAM_MAX];
    return tcp_send_queue_push(queue, packet_of(bytes, length, timestamp, number), now_us);
}

/* Writes up to `most` bytes as a socket would take them. */
static size_t drain(struct tcp_send_queue *queue, uint8_t *out, size_t most)
{
    struct iovec vectors[TCP_SEND_VECTORS];
    int count = tcp_send_queue_gather(queue, vectors);
    size_t used = 0;
    assert_true(count <= TCP_SEND_VECTORS);
    for (int i = 0; i < count && used < most; i++) {
        size_t part = vectors[i].iov_len < most - used ? vectors[i].iov_len : most - used;
        memcpy(out + used, vectors[i].iov_base, part);
        used += part;
    }
    tcp_send_queue_sent(queue, used);
    return used;
}

static void sound_overtakes_picture_at_packet_boundaries(void **state)
{
    (void)state;
    struct tcp_send_queue *queue;
    uint8_t stream[16384];
    assert_int_equal(tcp_send_queue_new(&queue), RESULT_OK);
    for (uint32_t i = 0; i < 4; i++)
        assert_true(push(queue, PICTURE_BYTES, 1, i, 0));
    size_t used = drain(queue, stream, 500); /* in the middle of the first picture packet */
    assert_true(push(queue, SOUND_BYTES, 9, 100, 0));
    used += drain(queue, stream + used, 650); /* now in the middle of the sound */
    assert_true(push(queue, SOUND_BYTES, 10, 101, 0));
    while (tcp_send_queue_bytes(queue) > 0)
        used += drain(queue, stream + used, 997);
    static const uint32_t order[] = {0, 100, 101, 1, 2, 3};
    struct tcp_framing framing = {.length = 0};
    struct span input = span_of(stream, used);
    for (size_t i = 0; i < ARRAY_LENGTH(order); i++) {
        assert_int_equal(tcp_framing_take(&framing, &input, MEDIA_DATAGRAM_MAX),
                         TCP_FRAMING_PACKET);
        assert_int_equal(bytes_get_u32(framing.bytes + 12), order[i]);
    }
    assert_int_equal(tcp_framing_take(&framing, &input, MEDIA_DATAGRAM_MAX), TCP_FRAMING_MORE);
    tcp_send_queue_free(queue);
}

static void picture_is_shed_by_whole_frames_and_sound_is_not(void **state)
{
    (void)state;
    struct tcp_send_queue *queue;
    uint8_t out[4096];
    assert_int_equal(tcp_send_queue_new(&queue), RESULT_OK);
    uint32_t taken = 0;
    while (push(queue, PICTURE_BYTES, 5000, taken, 0))
        taken++;
    assert_true(taken * PICTURE_BYTES <= TCP_SEND_BULK_BYTES / 2);
    assert_true(taken * PICTURE_BYTES > TCP_SEND_BULK_BYTES / 2 - 3 * PICTURE_BYTES);
    assert_true(push(queue, SOUND_BYTES, 1, 0, 0));
    /* room again, but not for what is left of that frame, nor for the short packet at its end */
    while (tcp_send_queue_bytes(queue) > 0)
        drain(queue, out, sizeof(out));
    assert_false(push(queue, PICTURE_BYTES, 5000, 99, 1000));
    assert_false(push(queue, SOUND_BYTES, 5000, 99, 1000));
    assert_true(push(queue, PICTURE_BYTES, 8000, 99, 1000));
    assert_true(push(queue, SOUND_BYTES, 8000, 99, 1000));
    /* a link that never gets empty is behind, however little waits */
    assert_true(push(queue, PICTURE_BYTES, 8000, 99, 1000 + TCP_SEND_BULK_AGE_US));
    assert_false(push(queue, PICTURE_BYTES, 8000, 99, 1001 + TCP_SEND_BULK_AGE_US));
    assert_false(push(queue, PICTURE_BYTES, 11000, 99, 1001 + TCP_SEND_BULK_AGE_US));
    while (tcp_send_queue_bytes(queue) > 0)
        drain(queue, out, sizeof(out));
    assert_true(push(queue, PICTURE_BYTES, 14000, 99, 1002 + TCP_SEND_BULK_AGE_US));
    /* and sound has an end too */
    uint32_t sounds = 0;
    while (push(queue, SOUND_BYTES, 2, sounds, 0))
        sounds++;
    assert_int_equal(sounds, TCP_SEND_URGENT_BYTES / (SOUND_BYTES + 2));
    assert_false(tcp_send_queue_push(queue, span_of(out, 0), 0));
    tcp_send_queue_free(queue);
}

/* Whatever is pushed and however little is taken at a time: what comes out are whole packets, each kind in its order,
 * nothing doubled, everything that was accepted. */
static void a_random_reader_gets_whole_packets_in_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct tcp_send_queue *queue;
        struct tcp_framing framing = {.length = 0};
        uint8_t part[3000];
        uint64_t random = seed;
        uint32_t pushed[2] = {0}, accepted[2] = {0}, came[2] = {0}, last[2] = {0};
        assert_int_equal(tcp_send_queue_new(&queue), RESULT_OK);
        for (int step = 0; step < 3000; step++) {
            bool sound = random_next(&random) % 3 == 0;
            size_t length =
                sound ? 30 + random_next(&random) % 300 : 500 + random_next(&random) % 900;
            pushed[sound]++;
            accepted[sound] += push(queue, length, pushed[sound] / 5 + (sound ? 1u << 30 : 0),
                                    pushed[sound], step * 1000);
            size_t most = random_next(&random) % 4 == 0 ? random_next(&random) % sizeof(part) : 400;
            if (step == 2999)
                most = 1u << 20;
            do {
                size_t room = most < sizeof(part) ? most : sizeof(part);
                size_t got = drain(queue, part, room);
                struct span input = span_of(part, got);
                most -= got;
                while (tcp_framing_take(&framing, &input, MEDIA_DATAGRAM_MAX) ==
                       TCP_FRAMING_PACKET) {
                    bool is_sound = framing.length <= TCP_SEND_URGENT_PACKET_MAX;
                    uint32_t number = bytes_get_u32(framing.bytes + 12);
                    assert_true(number > last[is_sound]);
                    last[is_sound] = number;
                    came[is_sound]++;
                }
                if (got == 0)
                    break;
            } while (most > 0 && step == 2999);
        }
        assert_int_equal(tcp_send_queue_bytes(queue), 0);
        assert_int_equal(came[0], accepted[0]);
        assert_int_equal(came[1], accepted[1]);
        assert_true(accepted[0] > 100 && accepted[0] < pushed[0]);
        assert_true(accepted[1] > 100);
        tcp_send_queue_free(queue);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_cut_at_every_byte_is_the_same_stream),
        cmocka_unit_test(a_packet_over_the_bound_ends_the_stream),
        cmocka_unit_test(sound_overtakes_picture_at_packet_boundaries),
        cmocka_unit_test(picture_is_shed_by_whole_frames_and_sound_is_not),
        cmocka_unit_test(a_random_reader_gets_whole_packets_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
