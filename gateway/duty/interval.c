#include "gateway/duty/interval.h"

#include <stdlib.h>

#include "gateway/base/check.h"

void interval_set_add(struct interval_set *set, int64_t start, int64_t end)
{
    if (start >= end)
        return;
    CHECK(set->count < INTERVALS_MAX);
    set->list[set->count++] = (struct interval){start, end};
}

static int by_start(const void *a, const void *b)
{
    const struct interval *one = a, *two = b;
    return (one->start > two->start) - (one->start < two->start);
}

void interval_set_close(struct interval_set *set)
{
    size_t kept = 0;
    qsort(set->list, set->count, sizeof(set->list[0]), by_start);
    for (size_t i = 0; i < set->count; i++) {
        struct interval next = set->list[i];
        if (kept == 0 || next.start > set->list[kept - 1].end)
            set->list[kept++] = next;
        else if (next.end > set->list[kept - 1].end)
            set->list[kept - 1].end = next.end;
    }
    set->count = kept;
}

static struct interval clip(struct interval interval, int64_t start, int64_t end)
{
    if (interval.start < start)
        interval.start = start;
    if (interval.end > end)
        interval.end = end;
    if (interval.end < interval.start)
        interval.end = interval.start;
    return interval;
}

void interval_set_remove(const struct interval_set *set, const struct interval_set *other,
                         struct interval_set *ret_set)
{
    ret_set->count = 0;
    for (size_t i = 0; i < set->count; i++) {
        int64_t from = set->list[i].start;
        for (size_t o = 0; o < other->count; o++) {
            struct interval cut = clip(other->list[o], from, set->list[i].end);
            if (interval_length(cut) == 0)
                continue;
            interval_set_add(ret_set, from, cut.start);
            from = cut.end;
        }
        interval_set_add(ret_set, from, set->list[i].end);
    }
}

int64_t interval_set_minutes(const struct interval_set *set, int64_t start, int64_t end)
{
    int64_t sum = 0;
    for (size_t i = 0; i < set->count; i++)
        sum += interval_length(clip(set->list[i], start, end));
    return sum;
}

int64_t interval_set_common(const struct interval_set *set, const struct interval_set *other,
                            int64_t start, int64_t end)
{
    int64_t sum = 0;
    for (size_t i = 0; i < set->count; i++) {
        struct interval part = clip(set->list[i], start, end);
        sum += interval_set_minutes(other, part.start, part.end);
    }
    return sum;
}

struct interval interval_set_longest(const struct interval_set *set, int64_t start, int64_t end)
{
    struct interval best = {start, start};
    for (size_t i = 0; i < set->count; i++) {
        struct interval part = clip(set->list[i], start, end);
        if (interval_length(part) > interval_length(best))
            best = part;
    }
    return best;
}

struct interval interval_set_longest_gap(const struct interval_set *set, int64_t start, int64_t end)
{
    struct interval best = {start, start};
    int64_t free_from = start;
    for (size_t i = 0; i <= set->count && free_from < end; i++) {
        int64_t busy = i < set->count ? set->list[i].start : end;
        if (busy > end)
            busy = end;
        if (busy - free_from > interval_length(best))
            best = (struct interval){free_from, busy};
        if (i < set->count && set->list[i].end > free_from)
            free_from = set->list[i].end;
    }
    return best;
}

bool interval_set_next(const struct interval_set *set, int64_t from, int64_t *ret_min)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->list[i].end > from) {
            *ret_min = set->list[i].start > from ? set->list[i].start : from;
            return true;
        }
    }
    return false;
}
