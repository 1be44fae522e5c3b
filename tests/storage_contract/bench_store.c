/* How many transactions, each with one state row and one audit record, become durable in a second, and how long one of
 * them takes: bench_store FOLDER SECONDS IN_FLIGHT. The folder says which disk is measured. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/clock.h"
#include "gateway/base/text.h"
#include "tests/storage_contract/fixture.h"

#define SAMPLES_MAX 1000000

struct bench {
    struct fixture fixture;
    unsigned in_flight;
    size_t done;
    int64_t *took_us;
};

struct sample {
    struct bench *bench;
    int64_t start_us;
};

static void sampled(void *owner, enum result result, uint64_t first_seq)
{
    struct sample *sample = owner;
    struct bench *bench = sample->bench;
    (void)first_seq;
    if (!result_ok(result))
        exit(1);
    if (bench->done < SAMPLES_MAX)
        bench->took_us[bench->done++] = clock_monotonic_us() - sample->start_us;
    bench->in_flight--;
    free(sample);
}

static void send_one(struct bench *bench)
{
    static const struct id institution = {.text = "i_01"};
    const struct id consultation = id_new('c');
    struct store_transaction *transaction = fixture_record(AUDIT_ACT_FACT_SUPPLY, &consultation);
    store_put_institution(transaction,
                          &(struct store_institution){.id = institution, .name_en = "Island"});
    struct sample *sample = malloc(sizeof(*sample));
    *sample = (struct sample){.bench = bench, .start_us = clock_monotonic_us()};
    if (!result_ok(store_submit(bench->fixture.store, transaction, sampled, sample)))
        exit(1);
    bench->in_flight++;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

int main(int count, char **values)
{
    if (count != 4) {
        fprintf(stderr, "usage: %s FOLDER SECONDS IN_FLIGHT\n", values[0]);
        return 2;
    }
    static struct bench bench;
    unsigned in_flight = (unsigned)atoi(values[3]);
    bench.took_us = calloc(SAMPLES_MAX, sizeof(*bench.took_us));
    fixture_init_at(&bench.fixture, values[1]);
    fixture_open(&bench.fixture);
    int64_t start_us = clock_monotonic_us(), until_us = start_us + atoi(values[2]) * US_PER_S;
    while (clock_monotonic_us() < until_us || bench.in_flight > 0) {
        while (bench.in_flight < in_flight && clock_monotonic_us() < until_us)
            send_one(&bench);
        fixture_wait(&bench.fixture);
    }
    double seconds = (double)(clock_monotonic_us() - start_us) / US_PER_S;
    qsort(bench.took_us, bench.done, sizeof(*bench.took_us), compare);
    printf("{\"in_flight\":%u,\"transactions_per_second\":%.0f,\"commits\":%llu,\"p50_us\":%lld,"
           "\"p99_us\":%lld}\n",
           in_flight, (double)bench.done / seconds,
           (unsigned long long)counter_get(&bench.fixture.counters, COUNTER_store_commits),
           (long long)bench.took_us[bench.done / 2],
           (long long)bench.took_us[bench.done * 99 / 100]);
    fixture_done(&bench.fixture);
    free(bench.took_us);
    return 0;
}
