/* tsunagi-soak: visits without end at the real gateway. Each round every pair comes, is admitted, sends and receives, and leaves (every
 * other patient withdraws, the other visits are ended by the physician); then the gateway's memory and descriptors are read.
 * Exit 0 only if every round went through, descriptors came back to where they were, and memory stayed within MEMORY_SLACK
 * of what it was after the first tenth. Also what is driven under ThreadSanitizer (`./dev tsan`). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/load/clinic.h"
#include "tests/load/process.h"

#define ROUND_LIMIT_S    120.0
#define MEDIA_S          0.3
#define SETTLE_S         1.0 /* transports are taken down after the visit's end was told */
#define MEMORY_SLACK     1.10
#define DESCRIPTOR_SLACK 8
#define SAMPLES_MAX      64

struct sample {
    unsigned joins;
    int64_t rss_bytes;
    unsigned descriptors;
};

struct soak {
    struct clinic_options clinic_options;
    struct clinic *clinic;
    unsigned joins, joins_wanted, pairs;
    bool json, smoke; /* smoke: too few rounds to judge memory */
    struct sample samples[SAMPLES_MAX];
    unsigned samples_count;
    uint64_t received, strange, damaged;
};

static bool soak_come(struct soak *soak)
{
    for (unsigned i = 0; i < soak->pairs; i++)
        if (!(i < clinic_pairs(soak->clinic) ? pair_again(clinic_pair(soak->clinic, i))
                                             : clinic_add(soak->clinic)))
            return false;
    if (!clinic_wait(soak->clinic, clinic_all_admitted, ROUND_LIMIT_S)) {
        fprintf(stderr, "after %u joins: not all were admitted within %.0f s\n", soak->joins,
                ROUND_LIMIT_S);
        return false;
    }
    soak->joins += 2 * soak->pairs;
    return true;
}

static bool soak_leave(struct soak *soak)
{
    for (unsigned i = 0; i < soak->pairs; i++) {
        struct pair *pair = clinic_pair(soak->clinic, i);
        struct peer *ends[] = {pair->patient_peer, pair->physician_peer};
        for (int end = 0; end < 2; end++) {
            struct wire_counts counts;
            wire_counts(clinic_wire(soak->clinic), ends[end], &counts);
            soak->received += counts.good;
            soak->strange += counts.strange;
            soak->damaged += counts.damaged;
        }
        pair_end(pair, i % 2 == 0);
    }
    if (clinic_wait(soak->clinic, clinic_all_ended, ROUND_LIMIT_S))
        return true;
    fprintf(stderr, "after %u joins: not all visits ended within %.0f s\n", soak->joins,
            ROUND_LIMIT_S);
    return false;
}

/* About SAMPLES_MAX / 2 of them, evenly over the joins. */
static bool soak_sample(struct soak *soak)
{
    struct process_use use;
    unsigned due = soak->samples_count * (soak->joins_wanted / (SAMPLES_MAX / 2) + 1);
    if (soak->joins < due || soak->samples_count == SAMPLES_MAX)
        return true;
    if (!clinic_wait(soak->clinic, NULL, SETTLE_S) ||
        !process_read(house_server(clinic_house(soak->clinic)), "media", &use))
        return false;
    soak->samples[soak->samples_count++] =
        (struct sample){soak->joins, use.rss_bytes, use.descriptors};
    if (!soak->json) {
        printf("%6u joins  %7.1f MB  %u descriptors\n", soak->joins, (double)use.rss_bytes / 1e6,
               use.descriptors);
        fflush(stdout);
    }
    return true;
}

static bool soak_run(struct soak *soak)
{
    while (soak->joins < soak->joins_wanted)
        if (!soak_come(soak) || !clinic_wait(soak->clinic, NULL, MEDIA_S) || !soak_leave(soak) ||
            !soak_sample(soak))
            return false;
    return true;
}

static bool soak_judge(const struct soak *soak)
{
    const struct sample *first = &soak->samples[soak->samples_count / 10],
                        *last = &soak->samples[soak->samples_count - 1];
    bool good = soak->samples_count >= 2 && soak->received > 0;
    if (soak->strange + soak->damaged > 0) {
        fprintf(stderr, "%llu packets of others, %llu damaged\n", (unsigned long long)soak->strange,
                (unsigned long long)soak->damaged);
        good = false;
    }
    if (last->descriptors > first->descriptors + DESCRIPTOR_SLACK) {
        fprintf(stderr, "descriptors grew from %u to %u\n", first->descriptors, last->descriptors);
        good = false;
    }
    if (!soak->smoke && (double)last->rss_bytes > (double)first->rss_bytes * MEMORY_SLACK) {
        fprintf(stderr, "memory grew from %.1f to %.1f MB\n", (double)first->rss_bytes / 1e6,
                (double)last->rss_bytes / 1e6);
        good = false;
    }
    return good;
}

static void soak_print_json(const struct soak *soak, bool good)
{
    json_t *samples = json_array();
    for (unsigned i = 0; i < soak->samples_count; i++)
        json_array_append_new(samples,
                              json_pack("{s:i,s:I,s:i}", "joins", (int)soak->samples[i].joins,
                                        "rss_bytes", (json_int_t)soak->samples[i].rss_bytes,
                                        "descriptors", (int)soak->samples[i].descriptors));
    json_t *report = json_pack("{s:b,s:i,s:i,s:I,s:o}", "good", good, "joins", (int)soak->joins,
                               "pairs", (int)soak->pairs, "packets_received",
                               (json_int_t)soak->received, "samples", samples);
    json_dumpf(report, stdout, JSON_COMPACT);
    printf("\n");
    json_decref(report);
}

static bool soak_arguments(struct soak *soak, int argc, char **argv)
{
    bool good = true;
    for (int i = 1; i < argc && good; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--json") == 0 || strcmp(argv[i], "--smoke") == 0) {
            *(argv[i][2] == 'j' ? &soak->json : &soak->smoke) = true;
            continue;
        }
        if (strcmp(argv[i], "--gateway") == 0)
            soak->clinic_options.gateway = value;
        else if (strcmp(argv[i], "--joins") == 0)
            good = (soak->joins_wanted = (unsigned)strtoul(value, NULL, 10)) >= 2;
        else if (strcmp(argv[i], "--pairs") == 0)
            good = (soak->pairs = (unsigned)strtoul(value, NULL, 10)) >= 1 &&
                   soak->pairs <= CLINIC_PAIRS_MAX;
        else
            good = false;
        i++;
    }
    soak->clinic_options.pairs_max = soak->pairs;
    if (good && soak->clinic_options.gateway != NULL)
        return true;
    fprintf(stderr, "usage: tsunagi-soak --gateway PATH/tsunagi [--joins 10000] [--pairs 20] "
                    "[--json] [--smoke]\n");
    return false;
}

int main(int argc, char **argv)
{
    struct soak soak = {.clinic_options = {.admit = true}, .joins_wanted = 10000, .pairs = 20};
    if (!soak_arguments(&soak, argc, argv))
        return 4;
    soak.clinic = clinic_open(&soak.clinic_options);
    if (soak.clinic == NULL)
        return 1;
    bool good = soak_run(&soak) && soak_judge(&soak);
    if (soak.json)
        soak_print_json(&soak, good);
    else
        printf("%u joins, %llu packets received: %s\n", soak.joins,
               (unsigned long long)soak.received, good ? "flat" : "FAILED");
    clinic_close(soak.clinic);
    return good ? 0 : 1;
}
