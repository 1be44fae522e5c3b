/* Beside the walk: connectivity checks and DTLS. */
#include "media/path/path.h"

#include <string.h>

#include "media/endpoint/endpoint_transport.h"

/* Finds the password by ufrag and remembers whose it was. */
struct path_lookup {
    struct ice_lookup base;
    struct media_worker *worker;
    struct endpoint *endpoint;
    char ufrag[MEDIA_UFRAG_SIZE];
    size_t ufrag_length;
};

static struct span path_find_password(struct ice_lookup *base, struct span ufrag)
{
    struct path_lookup *lookup = CONTAINER_OF(base, struct path_lookup, base);
    if (ufrag.length == 0 || ufrag.length >= sizeof(lookup->ufrag))
        return span_of(NULL, 0);
    lookup->endpoint = worker_by_ufrag(lookup->worker, ufrag);
    if (lookup->endpoint == NULL)
        return span_of(NULL, 0);
    memcpy(lookup->ufrag, ufrag.data, ufrag.length);
    lookup->ufrag_length = ufrag.length;
    return ice_peer_password(&lookup->endpoint->ice, ufrag);
}

void path_stun(struct media_worker *worker, const struct net_address *source, struct span datagram)
{
    struct path_lookup lookup = {.base.password = path_find_password, .worker = worker};
    uint8_t reply[ICE_REPLY_MAX];
    struct ice_verdict verdict =
        ice_agent_check(worker->ice, datagram, source, &lookup.base, reply);
    bool answered = verdict.outcome == ICE_VALID || verdict.outcome == ICE_REFUSED;
    /* A check that may not bind gets no success either: the peer would send media to where nobody listens. */
    bool refused =
        answered && verdict.outcome == ICE_VALID && !endpoint_may_bind(lookup.endpoint, source);
    if (verdict.outcome == ICE_INVALID || refused) {
        counter_add(&worker->counters, COUNTER_media_drop_stun, 1);
        return;
    }
    if (verdict.outcome == ICE_VALID)
        endpoint_checked(lookup.endpoint, span_of(lookup.ufrag, lookup.ufrag_length), source,
                         verdict.use_candidate);
    uint8_t *place = answered ? path_reserve(worker, source) : NULL;
    if (place == NULL)
        return;
    memcpy(place, reply, verdict.reply_length);
    path_commit(worker, source, verdict.reply_length);
    counter_add(&worker->counters, COUNTER_media_stun_replies, 1);
}

void path_dtls(struct media_worker *worker, struct endpoint *endpoint,
               const struct net_address *source, struct span datagram)
{
    (void)worker;
    endpoint_dtls_input(endpoint, source, datagram);
}
