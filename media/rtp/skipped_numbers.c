#include "media/rtp/skipped_numbers.h"

void skipped_numbers_init(struct skipped_numbers *skipped)
{
    *skipped = (struct skipped_numbers){.count = 0};
}

static const struct skipped_run *run_at(const struct skipped_numbers *skipped, uint32_t index)
{
    return &skipped->runs[index & (SKIPPED_RUNS - 1)];
}

static uint32_t oldest_index(const struct skipped_numbers *skipped)
{
    return skipped->count > SKIPPED_RUNS ? skipped->count - SKIPPED_RUNS : 0;
}

bool skipped_numbers_add(struct skipped_numbers *skipped, int64_t number)
{
    int64_t total = 0;
    if (skipped->count > 0) {
        struct skipped_run *newest = &skipped->runs[(skipped->count - 1) & (SKIPPED_RUNS - 1)];
        if (number < newest->after)
            return false;
        if (number == newest->after) {
            newest->after++;
            newest->total++;
            return true;
        }
        total = newest->total;
    }
    skipped->runs[skipped->count++ & (SKIPPED_RUNS - 1)] =
        (struct skipped_run){.first = number, .after = number + 1, .total = total + 1};
    return true;
}

int64_t skipped_numbers_below(const struct skipped_numbers *skipped, int64_t number)
{
    uint32_t oldest = oldest_index(skipped);
    for (uint32_t i = skipped->count; i > oldest; i--) {
        const struct skipped_run *run = run_at(skipped, i - 1);
        if (number >= run->after)
            return run->total;
        if (number >= run->first)
            return run->total - (run->after - number);
    }
    if (skipped->count == 0)
        return 0;
    const struct skipped_run *run = run_at(skipped, oldest);
    return run->total - (run->after - run->first);
}

bool skipped_numbers_has(const struct skipped_numbers *skipped, int64_t number)
{
    for (uint32_t i = skipped->count; i > oldest_index(skipped); i--) {
        const struct skipped_run *run = run_at(skipped, i - 1);
        if (number >= run->after)
            return false;
        if (number >= run->first)
            return true;
    }
    return false;
}
