/* Live counters without a lock: each thread owns one block and is its only writer; a reader sums all blocks.
 * The list of names is counters.def. Thread: counter_* on the block's thread; counters_sum on any. */
#ifndef GATEWAY_BASE_COUNTERS_H
#define GATEWAY_BASE_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

enum counter {
#define COUNTER(name, help) COUNTER_##name,
#define GAUGE(name, help)   COUNTER_##name,
#include "gateway/base/counters.def"
#undef COUNTER
#undef GAUGE
    COUNTERS_COUNT
};

struct counters {
    _Atomic uint64_t values[COUNTERS_COUNT];
};

struct counter_info {
    const char *name;
    const char *help;
    int is_gauge;
};
extern const struct counter_info COUNTER_INFOS[COUNTERS_COUNT];

/* One writer per block, so no read-modify-write instruction is needed. */
static inline void counter_add(struct counters *counters, enum counter counter, uint64_t amount)
{
    uint64_t value = atomic_load_explicit(&counters->values[counter], memory_order_relaxed);
    atomic_store_explicit(&counters->values[counter], value + amount, memory_order_relaxed);
}

static inline void counter_set(struct counters *counters, enum counter counter, uint64_t value)
{
    atomic_store_explicit(&counters->values[counter], value, memory_order_relaxed);
}

static inline uint64_t counter_get(const struct counters *counters, enum counter counter)
{
    return atomic_load_explicit(&counters->values[counter], memory_order_relaxed);
}

/* Sum of `count` blocks into `ret_values[COUNTERS_COUNT]`. */
void counters_sum(const struct counters *const *blocks, unsigned count, uint64_t *ret_values);

#endif
