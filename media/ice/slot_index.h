/* Hash → endpoint slot, open addressing with linear probing. Used twice by a worker: address → slot for every
 * datagram, local ufrag → slot for STUN from a new address. The index knows only hashes; the caller compares the key
 * of each slot it is offered, so two keys with one hash are no problem.
 *
 * Thread: that of the owner.   Bound: fixed at start; RESULT_FULL when `entries_max` are in.   No allocation later. */
#ifndef MEDIA_ICE_SLOT_INDEX_H
#define MEDIA_ICE_SLOT_INDEX_H

#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"

struct slot_index;

#define SLOT_INDEX_NONE UINT32_MAX

MUST_CHECK enum result slot_index_new(uint32_t entries_max, struct slot_index **ret_index);
struct slot_index *slot_index_free(struct slot_index *index);
MUST_CHECK enum result slot_index_add(struct slot_index *index, uint64_t hash, uint32_t slot);
/* Removes one entry with exactly this hash and slot; nothing happens when there is none. */
void slot_index_remove(struct slot_index *index, uint64_t hash, uint32_t slot);
/* Walks the slots stored under `hash`: start with *cursor = 0; SLOT_INDEX_NONE at the end. */
uint32_t slot_index_next(const struct slot_index *index, uint64_t hash, uint32_t *cursor);
uint32_t slot_index_count(const struct slot_index *index);

#endif
