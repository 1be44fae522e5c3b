#include "media/path/segment_runs.h"

#include "gateway/base/check.h"

/* Collects what joins the run that begins at `first`; `taken` has a bit an item. */
static struct segment_run run_collect(const struct segment_item *items, uint32_t count,
                                      uint32_t first, uint64_t *taken, uint8_t *order)
{
    const struct segment_item *head = &items[first];
    struct segment_run run = {.count = 1, .length = head->length};
    uint32_t bytes = head->length;
    order[0] = (uint8_t)first;
    for (uint32_t i = first + 1; i < count; i++) {
        const struct segment_item *item = &items[i];
        if ((*taken >> i & 1) != 0 || item->to.port != head->to.port ||
            !net_address_equal(&item->to, &head->to))
            continue;
        /* What does not fit begins a run of its own; nothing of this destination may overtake it. */
        if (item->length > head->length || bytes + item->length > SEGMENT_RUN_BYTES_MAX)
            break;
        *taken |= 1ull << i;
        order[run.count++] = (uint8_t)i;
        bytes += item->length;
        if (item->length < head->length)
            break;
    }
    return run;
}

uint32_t segment_runs(const struct segment_item *items, uint32_t count,
                      uint8_t ret_order[MEDIA_BATCH], struct segment_run ret_runs[MEDIA_BATCH])
{
    uint64_t taken = 0;
    uint32_t runs = 0;
    uint16_t placed = 0;
    CHECK(count <= MEDIA_BATCH);
    for (uint32_t i = 0; i < count; i++) {
        if ((taken >> i & 1) != 0)
            continue;
        struct segment_run run = run_collect(items, count, i, &taken, ret_order + placed);
        run.first = placed;
        placed = (uint16_t)(placed + run.count);
        ret_runs[runs++] = run;
    }
    return runs;
}
