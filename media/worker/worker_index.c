/* Who is meant: by handle, by address, by local ufrag. */
#include <string.h>

#include "gateway/base/hash.h"
#include "gateway/base/random.h"
#include "media/endpoint/endpoint.h"
#include "media/worker/worker_state.h"
#include "media/worker/worker_tcp.h"

uint32_t worker_slot_of(const struct media_worker *worker, struct handle handle)
{
    uint32_t first = worker->index * worker->options->endpoints_max;
    if (!handle_is_set(handle) || handle.slot < first ||
        handle.slot - first >= worker->options->endpoints_max)
        return SLOT_INDEX_NONE;
    return handle.slot - first;
}

struct endpoint *worker_endpoint(const struct media_worker *worker, struct handle handle)
{
    uint32_t slot = worker_slot_of(worker, handle);
    struct endpoint *endpoint = slot == SLOT_INDEX_NONE ? NULL : worker->endpoints[slot];
    return endpoint != NULL && handle_equal(endpoint->handle, handle) ? endpoint : NULL;
}

struct endpoint *worker_by_address(struct media_worker *worker, const struct net_address *address)
{
    if (worker->last_endpoint != NULL && net_address_equal(&worker->last_address, address))
        return worker->last_endpoint;
    uint64_t hash = net_address_hash(worker->hash_seed, address);
    uint32_t cursor = 0;
    for (uint32_t slot = slot_index_next(worker->addresses, hash, &cursor); slot != SLOT_INDEX_NONE;
         slot = slot_index_next(worker->addresses, hash, &cursor)) {
        struct endpoint *endpoint = worker->endpoints[slot];
        CHECK(endpoint != NULL); /* closing an endpoint removes its entries first */
        if (!ice_peer_has(&endpoint->ice, address))
            continue;
        worker->last_address = *address;
        worker->last_endpoint = endpoint;
        return endpoint;
    }
    return NULL;
}

enum result worker_bind_address(struct media_worker *worker, struct endpoint *endpoint,
                                const struct net_address *address)
{
    worker->last_endpoint = NULL;
    if (net_address_is_tcp(address))
        worker_tcp_bound(worker, address);
    return slot_index_add(worker->addresses, net_address_hash(worker->hash_seed, address),
                          endpoint->slot);
}

void worker_unbind_address(struct media_worker *worker, struct endpoint *endpoint,
                           const struct net_address *address)
{
    worker->last_endpoint = NULL;
    slot_index_remove(worker->addresses, net_address_hash(worker->hash_seed, address),
                      endpoint->slot);
    if (net_address_is_tcp(address))
        worker_tcp_unbound(worker, address);
}

static uint64_t ufrag_hash(const struct media_worker *worker, struct span ufrag)
{
    return hash_table_key(worker->hash_seed, ufrag);
}

struct endpoint *worker_by_ufrag(const struct media_worker *worker, struct span ufrag)
{
    uint64_t hash = ufrag_hash(worker, ufrag);
    uint32_t cursor = 0;
    for (uint32_t slot = slot_index_next(worker->ufrags, hash, &cursor); slot != SLOT_INDEX_NONE;
         slot = slot_index_next(worker->ufrags, hash, &cursor)) {
        struct endpoint *endpoint = worker->endpoints[slot];
        if (endpoint != NULL && ice_peer_password(&endpoint->ice, ufrag).length > 0)
            return endpoint;
    }
    return NULL;
}

enum result worker_bind_ufrag(struct media_worker *worker, const struct endpoint *endpoint,
                              const char *ufrag)
{
    struct span span = span_of(ufrag, strlen(ufrag));
    if (worker_by_ufrag(worker, span) != NULL)
        return RESULT_EXISTS;
    return slot_index_add(worker->ufrags, ufrag_hash(worker, span), endpoint->slot);
}

void worker_unbind_ufrag(struct media_worker *worker, const struct endpoint *endpoint,
                         const char *ufrag)
{
    slot_index_remove(worker->ufrags, ufrag_hash(worker, span_of(ufrag, strlen(ufrag))),
                      endpoint->slot);
}

uint64_t worker_random(struct media_worker *worker)
{
    uint64_t value;
    if (worker->random_state == 0) {
        random_bytes(&value, sizeof(value));
        return value;
    }
    /* Repeatable runs: a counter through a mixing function (splitmix64's constants). */
    value = worker->random_state += 0x9e3779b97f4a7c15ull;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ull;
    value = (value ^ value >> 27) * 0x94d049bb133111ebull;
    return value ^ value >> 31;
}
