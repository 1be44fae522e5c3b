/* The ClientHello of a peer whose address is proven but whose answer (with the fingerprint) is still on its way through
 * signaling. Kept and replayed, the handshake starts at once instead of after the browser's next retransmission.
 *
 * Thread: media worker.   Owner: struct endpoint.
 * Bound: HELD_DATAGRAMS_MAX; a fragment that comes again replaces its earlier copy. */
#ifndef MEDIA_ENDPOINT_HELD_FLIGHT_H
#define MEDIA_ENDPOINT_HELD_FLIGHT_H

#include <stdint.h>

#include "gateway/base/bytes.h"
#include "media/ice/net_address.h"
#include "media/media_limits.h"

#define HELD_DATAGRAMS_MAX 4 /* browsers send two */

struct held_datagram {
    struct net_address from;
    uint32_t fragment_at;
    uint16_t length;
    uint8_t bytes[MEDIA_DATAGRAM_MAX];
};

struct held_flight {
    uint32_t count;
    struct held_datagram datagrams[HELD_DATAGRAMS_MAX];
};

/* False when it is full or the datagram is too long. */
static inline bool held_flight_keep(struct held_flight *held, const struct net_address *from,
                                    struct span datagram, uint32_t fragment_at)
{
    uint32_t at = 0;
    while (at < held->count && held->datagrams[at].fragment_at != fragment_at)
        at++;
    if (at == HELD_DATAGRAMS_MAX || datagram.length > MEDIA_DATAGRAM_MAX)
        return false;
    if (at == held->count)
        held->count++;
    struct held_datagram *place = &held->datagrams[at];
    place->from = *from;
    place->fragment_at = fragment_at;
    place->length = (uint16_t)datagram.length;
    for (size_t i = 0; i < datagram.length; i++)
        place->bytes[i] = datagram.data[i];
    return true;
}

#endif
