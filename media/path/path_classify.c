/* Step 2: what is it, and whose (RFC 7983). STUN proves itself; everything else must come from a proven address. */
#include "media/path/path.h"

void path_classify(struct media_worker *worker, const struct net_address *source, uint8_t *data,
                   size_t length)
{
    struct span datagram = span_of(data, length);
    enum datagram_kind kind = datagram_classify(datagram);
    if (kind == DATAGRAM_UNKNOWN) {
        counter_add(&worker->counters, COUNTER_media_drop_unclassified, 1);
        return;
    }
    if (kind == DATAGRAM_STUN) {
        path_stun(worker, source, datagram);
        return;
    }
    struct endpoint *endpoint = worker_by_address(worker, source);
    if (endpoint == NULL) {
        counter_add(&worker->counters, COUNTER_media_drop_unbound, 1);
        return;
    }
    if (kind == DATAGRAM_DTLS)
        path_dtls(worker, endpoint, source, datagram);
    else if (kind == DATAGRAM_RTP)
        path_open_rtp(worker, endpoint, data, length);
    else
        path_open_rtcp(worker, endpoint, data, length);
}
