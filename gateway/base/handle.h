/* Names for objects that never leave their thread: {slot, generation}. A late message about a dead object misses
 * instead of touching freed memory. Generation 0 is never issued, so a zeroed handle is "nobody".
 * Thread: the table belongs to one thread; handles are plain values and travel anywhere. */
#ifndef GATEWAY_BASE_HANDLE_H
#define GATEWAY_BASE_HANDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/result.h"
#include "gateway/base/cleanup.h"

struct handle {
    uint32_t slot;
    uint32_t generation;
};

static inline bool handle_is_set(struct handle handle)
{
    return handle.generation != 0;
}

static inline bool handle_equal(struct handle a, struct handle b)
{
    return a.slot == b.slot && a.generation == b.generation;
}

/* Maps handles to pointers it does not own. */
struct handle_table;

MUST_CHECK enum result handle_table_new(uint32_t slots_max, struct handle_table **ret_table);
struct handle_table *handle_table_free(struct handle_table *table);
/* RESULT_FULL when all slots are taken. */
MUST_CHECK enum result handle_table_add(struct handle_table *table, void *object,
                                        struct handle *ret_handle);
/* NULL when the handle is stale or was never issued. */
void *handle_table_get(const struct handle_table *table, struct handle handle);
void handle_table_remove(struct handle_table *table, struct handle handle);
uint32_t handle_table_count(const struct handle_table *table);
/* Walks the live objects: start with *cursor = 0; returns NULL at the end. */
void *handle_table_next(const struct handle_table *table, uint32_t *cursor);

#endif
