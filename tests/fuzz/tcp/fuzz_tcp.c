/* ICE over TCP without sockets, in two modes told by the first byte. Even: the rest is a stream from a peer, taken apart in
 * pieces whose size the second byte says; how it is cut must not matter. Odd: the rest is a sequence of operations on the
 * queue towards a slow reader; what comes out of it must be whole packets, each kind in its order, all that was accepted. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "media/ice/tcp_framing.h"
#include "media/ice/tcp_send_queue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a reading came to: packets, their bytes in one sum, and whether it ended in an error. */
struct outcome {
    uint32_t packets;
    uint64_t sum;
    bool too_long;
};

static struct outcome take_apart(struct span stream, size_t piece, size_t length_max)
{
    struct tcp_framing framing = {.length = 0};
    struct outcome outcome = {.packets = 0};
    while (stream.length > 0 && !outcome.too_long) {
        struct span part = span_of(stream.data, piece < stream.length ? piece : stream.length);
        stream = span_of(stream.data + part.length, stream.length - part.length);
        enum tcp_framing_status status;
        while ((status = tcp_framing_take(&framing, &part, length_max)) == TCP_FRAMING_PACKET) {
            CHECK(framing.length > 0 && framing.length <= length_max);
            outcome.packets++;
            for (size_t i = 0; i < framing.length; i++)
                outcome.sum = outcome.sum * 31 + framing.bytes[i];
        }
        outcome.too_long = status == TCP_FRAMING_TOO_LONG;
        CHECK(outcome.too_long || part.length == 0);
    }
    return outcome;
}

static void fuzz_framing(uint8_t piece, struct span stream)
{
    size_t length_max = (piece & 1) != 0 ? MEDIA_DATAGRAM_MAX : MEDIA_TCP_CHECK_MAX;
    struct outcome whole = take_apart(stream, stream.length, length_max);
    struct outcome pieces = take_apart(stream, (size_t)piece / 2 + 1, length_max);
    CHECK(whole.packets == pieces.packets && whole.sum == pieces.sum &&
          whole.too_long == pieces.too_long);
}

/* Both ends of the queue, with what each knows. */
struct queue_run {
    struct tcp_send_queue *queue;
    struct tcp_framing framing;
    int64_t now_us;
    uint32_t pushed[2], accepted[2], came[2], last[2]; /* of bulk and urgent */
};

static void run_push(struct queue_run *run, size_t length, uint8_t timestamp)
{
    uint8_t packet[MEDIA_DATAGRAM_MAX] = {0x80, 96, [7] = timestamp, [11] = 1};
    bool urgent = length <= TCP_SEND_URGENT_PACKET_MAX;
    bytes_put_u32(packet + 12, ++run->pushed[urgent]);
    run->accepted[urgent] += tcp_send_queue_push(run->queue, span_of(packet, length), run->now_us);
}

static size_t run_drain(struct queue_run *run, size_t most)
{
    struct iovec vectors[TCP_SEND_VECTORS];
    int count = tcp_send_queue_gather(run->queue, vectors);
    size_t taken = 0;
    for (int i = 0; i < count; i++) {
        size_t left = most - taken;
        struct span part =
            span_of(vectors[i].iov_base, vectors[i].iov_len < left ? vectors[i].iov_len : left);
        taken += part.length;
        while (tcp_framing_take(&run->framing, &part, MEDIA_DATAGRAM_MAX) == TCP_FRAMING_PACKET) {
            bool urgent = run->framing.length <= TCP_SEND_URGENT_PACKET_MAX;
            uint32_t number = bytes_get_u32(run->framing.bytes + 12);
            CHECK(number > run->last[urgent]);
            run->last[urgent] = number;
            run->came[urgent]++;
        }
    }
    tcp_send_queue_sent(run->queue, taken);
    return taken;
}

static void fuzz_queue(struct bytes_reader reader)
{
    struct queue_run run = {.now_us = 0};
    uint8_t what, amount;
    CHECK(result_ok(tcp_send_queue_new(&run.queue)));
    while (bytes_read_u8(&reader, &what) && bytes_read_u8(&reader, &amount)) {
        if (what < 160)
            run_push(&run, what < 80 ? 16u + amount : 500u + 3u * amount, what % 8);
        else if (what < 224)
            run_drain(&run, (size_t)amount * (what - 159u));
        else
            run.now_us += (int64_t)amount * 10000;
    }
    while (run_drain(&run, 4096) > 0)
        ;
    CHECK(tcp_send_queue_bytes(run.queue) == 0);
    CHECK(run.came[0] == run.accepted[0] && run.came[1] == run.accepted[1]);
    tcp_send_queue_free(run.queue);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    if (data[0] % 2 == 0)
        fuzz_framing(data[1], span_of(data + 2, size - 2));
    else
        fuzz_queue(bytes_reader_of(span_of(data + 1, size - 1)));
    return 0;
}
