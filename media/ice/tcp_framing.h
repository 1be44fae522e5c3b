/* Packets out of a TCP stream: each is preceded by its length in two octets (RFC 4571 §2, used by ICE-TCP as RFC 6544
 * §10.1 says). The stream may be cut anywhere; one packet at a time is put together in a buffer of the decoder's own.
 *
 * Thread: that of the owner.   Owner: struct tcp_connection.   No I/O, no allocation.
 * Bound: the caller says how long a packet may be; a longer one is the end of the stream, since nothing after it can be
 * trusted to begin where we think it does. An empty packet (RFC 4571 §2 allows it) is passed over. */
#ifndef MEDIA_ICE_TCP_FRAMING_H
#define MEDIA_ICE_TCP_FRAMING_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "media/media_limits.h"

#define TCP_FRAMING_HEADER_BYTES 2
/* As long as a datagram buffer: what is opened in place may use the rest. */
#define TCP_FRAMING_BUFFER_BYTES 2048

struct tcp_framing {
    uint16_t length;     /* of the packet in hand, once its header is complete */
    uint16_t used;       /* bytes of it that have come */
    uint8_t header_used; /* bytes of its header that have come */
    _Alignas(8) uint8_t bytes[TCP_FRAMING_BUFFER_BYTES];
};

enum tcp_framing_status {
    TCP_FRAMING_MORE,     /* the input is used up */
    TCP_FRAMING_PACKET,   /* bytes[0 … length) is a packet, until the next call */
    TCP_FRAMING_TOO_LONG, /* close the connection; the decoder is not to be used again */
};

/* Takes from the front of `input` until a packet is complete or nothing is left. `length_max` is at most
 * MEDIA_DATAGRAM_MAX and may change between packets. */
enum tcp_framing_status tcp_framing_take(struct tcp_framing *framing, struct span *input,
                                         size_t length_max);

#endif
