/* Sets of half-open intervals [start, end) in minutes, in places the caller owns. Thread: any.
 * A set is sorted, its intervals neither touch nor overlap; interval_set_close() makes that true after adding. */
#ifndef GATEWAY_DUTY_INTERVAL_H
#define GATEWAY_DUTY_INTERVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"

enum { INTERVALS_MAX = 1280 };

struct interval {
    int64_t start, end;
};

struct interval_set {
    struct interval list[INTERVALS_MAX];
    size_t count;
};

/* Empty intervals are left out. A full set is the caller's bug (CHECK): bounds are kept where input is read. */
void interval_set_add(struct interval_set *set, int64_t start, int64_t end);
/* Sorts and joins: the union of everything added, so nothing is counted twice. */
void interval_set_close(struct interval_set *set);

/* ret_set = set minus other, both closed. May not be one of the two. */
void interval_set_remove(const struct interval_set *set, const struct interval_set *other,
                         struct interval_set *ret_set);

/* |set ∩ [start, end)| */
int64_t interval_set_minutes(const struct interval_set *set, int64_t start, int64_t end);
/* |set ∩ other ∩ [start, end)| */
int64_t interval_set_common(const struct interval_set *set, const struct interval_set *other,
                            int64_t start, int64_t end);
/* The longest stretch of [start, end) inside the set; the first of equals; empty at `start` when there is none. */
struct interval interval_set_longest(const struct interval_set *set, int64_t start, int64_t end);
/* The longest stretch of [start, end) outside the set; likewise. */
struct interval interval_set_longest_gap(const struct interval_set *set, int64_t start,
                                         int64_t end);
/* First minute of the set at or after `from`; false when there is none. */
MUST_CHECK bool interval_set_next(const struct interval_set *set, int64_t from, int64_t *ret_min);

static inline int64_t interval_length(struct interval interval)
{
    return interval.end - interval.start;
}

#endif
