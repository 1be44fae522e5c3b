#include "media/ice/tcp_framing.h"

#include <string.h>

#include "gateway/base/check.h"

_Static_assert(TCP_FRAMING_BUFFER_BYTES >= MEDIA_DATAGRAM_MAX, "a packet fits");

static uint8_t take_byte(struct span *input)
{
    uint8_t byte = input->data[0];
    *input = span_of(input->data + 1, input->length - 1);
    return byte;
}

/* True when the length of the packet is known. */
static bool take_header(struct tcp_framing *framing, struct span *input)
{
    while (framing->header_used < TCP_FRAMING_HEADER_BYTES && input->length > 0) {
        framing->length = (uint16_t)(framing->length << 8 | take_byte(input));
        framing->header_used++;
    }
    return framing->header_used == TCP_FRAMING_HEADER_BYTES;
}

static void next_packet(struct tcp_framing *framing)
{
    framing->length = framing->used = 0;
    framing->header_used = 0;
}

enum tcp_framing_status tcp_framing_take(struct tcp_framing *framing, struct span *input,
                                         size_t length_max)
{
    CHECK(length_max <= MEDIA_DATAGRAM_MAX);
    bool complete =
        framing->header_used == TCP_FRAMING_HEADER_BYTES && framing->used == framing->length;
    if (complete) /* it was handed out by the last call */
        next_packet(framing);
    while (take_header(framing, input)) {
        if (framing->length > length_max)
            return TCP_FRAMING_TOO_LONG;
        size_t missing = (size_t)(framing->length - framing->used);
        size_t taken = missing < input->length ? missing : input->length;
        if (taken > 0)
            memcpy(framing->bytes + framing->used, input->data, taken);
        framing->used = (uint16_t)(framing->used + taken);
        *input = span_of(input->data + taken, input->length - taken);
        if (framing->used < framing->length)
            return TCP_FRAMING_MORE;
        if (framing->length > 0)
            return TCP_FRAMING_PACKET;
        next_packet(framing);
    }
    return TCP_FRAMING_MORE;
}
