#include "gateway/base/counters.h"

const struct counter_info COUNTER_INFOS[COUNTERS_COUNT] = {
#define COUNTER(name, help) {#name, help, 0},
#define GAUGE(name, help)   {#name, help, 1},
#include "gateway/base/counters.def"
#undef COUNTER
#undef GAUGE
};

void counters_sum(const struct counters *const *blocks, unsigned count, uint64_t *ret_values)
{
    for (unsigned i = 0; i < COUNTERS_COUNT; i++) {
        ret_values[i] = 0;
        for (unsigned block = 0; block < count; block++)
            ret_values[i] += counter_get(blocks[block], (enum counter)i);
    }
}
