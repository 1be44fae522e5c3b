#include "gateway/base/handle.h"

#include <stdlib.h>

struct handle_slot {
    void *object;        /* NULL when free */
    uint32_t generation; /* of the present or the next holder */
    uint32_t next_free;
};

struct handle_table {
    uint32_t slots_max;
    uint32_t first_free; /* == slots_max when full */
    uint32_t count;
    struct handle_slot slots[];
};

enum result handle_table_new(uint32_t slots_max, struct handle_table **ret_table)
{
    struct handle_table *table =
        calloc(1, sizeof(*table) + (size_t)slots_max * sizeof(struct handle_slot));
    if (table == NULL)
        return RESULT_NO_MEMORY;
    table->slots_max = slots_max;
    for (uint32_t i = 0; i < slots_max; i++)
        table->slots[i] = (struct handle_slot){.object = NULL, .generation = 1, .next_free = i + 1};
    *ret_table = table;
    return RESULT_OK;
}

struct handle_table *handle_table_free(struct handle_table *table)
{
    free(table);
    return NULL;
}

enum result handle_table_add(struct handle_table *table, void *object, struct handle *ret_handle)
{
    if (table->first_free == table->slots_max)
        return RESULT_FULL;
    uint32_t slot = table->first_free;
    struct handle_slot *place = &table->slots[slot];
    table->first_free = place->next_free;
    place->object = object;
    table->count++;
    *ret_handle = (struct handle){.slot = slot, .generation = place->generation};
    return RESULT_OK;
}

void *handle_table_get(const struct handle_table *table, struct handle handle)
{
    if (handle.slot >= table->slots_max ||
        table->slots[handle.slot].generation != handle.generation)
        return NULL;
    return table->slots[handle.slot].object;
}

void handle_table_remove(struct handle_table *table, struct handle handle)
{
    if (handle_table_get(table, handle) == NULL)
        return;
    struct handle_slot *place = &table->slots[handle.slot];
    place->object = NULL;
    place->generation = place->generation == UINT32_MAX ? 1 : place->generation + 1;
    place->next_free = table->first_free;
    table->first_free = handle.slot;
    table->count--;
}

uint32_t handle_table_count(const struct handle_table *table)
{
    return table->count;
}

void *handle_table_next(const struct handle_table *table, uint32_t *cursor)
{
    while (*cursor < table->slots_max) {
        void *object = table->slots[(*cursor)++].object;
        if (object != NULL)
            return object;
    }
    return NULL;
}
