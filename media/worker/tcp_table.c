#include "media/worker/tcp_table.h"

#include <stdlib.h>

#include "gateway/base/check.h"
#include "media/ice/slot_index.h"
#include "media/media_limits.h"

struct tcp_table {
    uint32_t size, count;
    uint64_t hash_seed;
    struct tcp_connection **connections; /* by slot */
    uint32_t *free_slots;                /* a stack of size - count */
    struct slot_index *addresses;
    struct tcp_connection *last_found; /* a batch mostly goes to few */
};

enum result tcp_table_new(uint32_t connections_max, uint64_t hash_seed,
                          struct tcp_table **ret_table)
{
    struct tcp_table *table = calloc(1, sizeof(*table));
    if (table == NULL)
        return RESULT_NO_MEMORY;
    table->size = connections_max;
    table->hash_seed = hash_seed;
    table->connections = calloc(connections_max, sizeof(struct tcp_connection *));
    table->free_slots = calloc(connections_max, sizeof(uint32_t));
    enum result result = slot_index_new(connections_max, &table->addresses);
    if (!result_ok(result) || table->connections == NULL || table->free_slots == NULL) {
        tcp_table_free(table);
        return RESULT_NO_MEMORY;
    }
    for (uint32_t i = 0; i < connections_max; i++)
        table->free_slots[i] = connections_max - 1 - i;
    *ret_table = table;
    return RESULT_OK;
}

struct tcp_table *tcp_table_free(struct tcp_table *table)
{
    if (table == NULL)
        return NULL;
    CHECK(table->count == 0);
    slot_index_free(table->addresses);
    free(table->free_slots);
    free(table->connections);
    free(table);
    return NULL;
}

enum result tcp_table_admit(struct tcp_table *table, const struct net_address *peer,
                            struct tcp_connection **ret_victim)
{
    struct tcp_connection *oldest = NULL;
    uint32_t unproven = 0, from_there = 0;
    for (uint32_t slot = 0; slot < table->size; slot++) {
        struct tcp_connection *connection = table->connections[slot];
        if (connection == NULL || connection->proven)
            continue;
        unproven++;
        from_there += net_address_same_host(&connection->peer, peer);
        if (!connection->closing &&
            (oldest == NULL || connection->deadline_us < oldest->deadline_us))
            oldest = connection;
    }
    *ret_victim = NULL;
    if (from_there >= MEDIA_TCP_UNPROVEN_PER_HOST_MAX)
        return RESULT_FULL;
    if (unproven < MEDIA_TCP_UNPROVEN_MAX && table->count < table->size)
        return RESULT_OK;
    /* A flood of silent connections makes room for those that will prove themselves within a round trip. */
    *ret_victim = oldest;
    return oldest == NULL ? RESULT_FULL : RESULT_OK;
}

enum result tcp_table_add(struct tcp_table *table, int fd, const struct net_address *peer,
                          int64_t deadline_us, struct tcp_connection **ret_connection)
{
    if (table->count == table->size)
        return RESULT_FULL;
    struct tcp_connection *connection = calloc(1, sizeof(*connection));
    if (connection == NULL)
        return RESULT_NO_MEMORY;
    uint32_t slot = table->free_slots[table->size - table->count - 1];
    enum result result =
        slot_index_add(table->addresses, net_address_hash(table->hash_seed, peer), slot);
    if (!result_ok(result)) {
        free(connection);
        return result;
    }
    connection->fd = fd;
    connection->slot = slot;
    connection->peer = *peer;
    connection->deadline_us = deadline_us;
    table->connections[slot] = connection;
    table->count++;
    *ret_connection = connection;
    return RESULT_OK;
}

void tcp_table_remove(struct tcp_table *table, struct tcp_connection *connection)
{
    uint32_t slot = connection->slot;
    CHECK(table->connections[slot] == connection);
    slot_index_remove(table->addresses, net_address_hash(table->hash_seed, &connection->peer),
                      slot);
    table->connections[slot] = NULL;
    table->last_found = NULL;
    table->free_slots[table->size - table->count] = slot;
    table->count--;
    tcp_send_queue_free(connection->queue);
    free(connection);
}

struct tcp_connection *tcp_table_find(struct tcp_table *table, const struct net_address *peer)
{
    if (table->last_found != NULL && net_address_equal(&table->last_found->peer, peer))
        return table->last_found;
    uint64_t hash = net_address_hash(table->hash_seed, peer);
    uint32_t cursor = 0;
    for (uint32_t slot = slot_index_next(table->addresses, hash, &cursor); slot != SLOT_INDEX_NONE;
         slot = slot_index_next(table->addresses, hash, &cursor))
        if (net_address_equal(&table->connections[slot]->peer, peer)) {
            table->last_found = table->connections[slot];
            return table->last_found;
        }
    return NULL;
}

struct tcp_connection *tcp_table_at(const struct tcp_table *table, uint32_t slot)
{
    return slot < table->size ? table->connections[slot] : NULL;
}

uint32_t tcp_table_count(const struct tcp_table *table)
{
    return table->count;
}

uint32_t tcp_table_size(const struct tcp_table *table)
{
    return table->size;
}
