#include "media/ice/slot_index.h"

#include <stdlib.h>

#include "gateway/base/check.h"

struct slot_entry {
    uint64_t hash;
    uint32_t slot; /* SLOT_INDEX_NONE: free */
};

struct slot_index {
    uint32_t mask;
    uint32_t count;
    uint32_t entries_max;
    struct slot_entry entries[];
};

enum result slot_index_new(uint32_t entries_max, struct slot_index **ret_index)
{
    /* At most half full, so a probe is short and always meets a free entry. */
    uint32_t size = 16;
    while (size < entries_max * 2)
        size *= 2;
    struct slot_index *index = malloc(sizeof(*index) + size * sizeof(struct slot_entry));
    if (index == NULL)
        return RESULT_NO_MEMORY;
    index->mask = size - 1;
    index->count = 0;
    index->entries_max = entries_max;
    for (uint32_t i = 0; i < size; i++)
        index->entries[i] = (struct slot_entry){.slot = SLOT_INDEX_NONE};
    *ret_index = index;
    return RESULT_OK;
}

struct slot_index *slot_index_free(struct slot_index *index)
{
    free(index);
    return NULL;
}

enum result slot_index_add(struct slot_index *index, uint64_t hash, uint32_t slot)
{
    CHECK(slot != SLOT_INDEX_NONE);
    if (index->count == index->entries_max)
        return RESULT_FULL;
    uint32_t at = (uint32_t)hash & index->mask;
    while (index->entries[at].slot != SLOT_INDEX_NONE)
        at = (at + 1) & index->mask;
    index->entries[at] = (struct slot_entry){.hash = hash, .slot = slot};
    index->count++;
    return RESULT_OK;
}

/* Closes the hole by moving back every later entry of the same run that may live there; no tombstones. */
static void slot_index_close_hole(struct slot_index *index, uint32_t hole)
{
    for (uint32_t at = (hole + 1) & index->mask; index->entries[at].slot != SLOT_INDEX_NONE;
         at = (at + 1) & index->mask) {
        uint32_t home = (uint32_t)index->entries[at].hash & index->mask;
        if (((at - home) & index->mask) < ((at - hole) & index->mask))
            continue; /* its home lies after the hole: it would be lost there */
        index->entries[hole] = index->entries[at];
        hole = at;
    }
    index->entries[hole] = (struct slot_entry){.slot = SLOT_INDEX_NONE};
}

void slot_index_remove(struct slot_index *index, uint64_t hash, uint32_t slot)
{
    for (uint32_t at = (uint32_t)hash & index->mask; index->entries[at].slot != SLOT_INDEX_NONE;
         at = (at + 1) & index->mask) {
        if (index->entries[at].hash != hash || index->entries[at].slot != slot)
            continue;
        slot_index_close_hole(index, at);
        index->count--;
        return;
    }
}

uint32_t slot_index_next(const struct slot_index *index, uint64_t hash, uint32_t *cursor)
{
    for (;;) {
        const struct slot_entry *entry = &index->entries[((uint32_t)hash + *cursor) & index->mask];
        if (entry->slot == SLOT_INDEX_NONE)
            return SLOT_INDEX_NONE;
        (*cursor)++;
        if (entry->hash == hash)
            return entry->slot;
    }
}

uint32_t slot_index_count(const struct slot_index *index)
{
    return index->count;
}
