/* tsunagi-load: many consultations through the real gateway, media measured on the wire. See README.md for what the numbers mean.
 * Exit 0 only if every step kept its sending schedule and every packet that arrived was whole, the partner's, and not repeated. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/load/clinic.h"
#include "tests/load/process.h"

#define STEPS_MAX         8
#define SETTLE_S          2.0
#define ADMIT_LIMIT_S     60.0
#define LOSS_MAX_PERMILLE 1

struct step {
    unsigned pairs;
    struct wire_totals wire;
    int64_t relayed; /* as the gateway counts */
    int64_t gateway_cpu_ns, worker_cpu_ns, worker_wait_ns, generator_cpu_ns;
    int64_t rss_bytes;
    bool good;
};

struct load {
    struct clinic_options clinic_options;
    struct clinic *clinic;
    bool json;
    double seconds;
    struct step steps[STEPS_MAX];
    unsigned count;
    int64_t rss_idle_bytes;
};

static int64_t own_cpu_ns(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000000ll +
           (use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1000ll;
}

static bool load_measure(struct load *load, struct step *step)
{
    struct process_use before, after;
    const char *server = house_server(clinic_house(load->clinic));
    int64_t relayed = clinic_metric(load->clinic, "media_forwarded");
    wire_begin(clinic_wire(load->clinic));
    bool good = process_read(server, "media", &before);
    int64_t own_ns = own_cpu_ns();
    good = clinic_wait(load->clinic, NULL, load->seconds) && good;
    step->generator_cpu_ns = own_cpu_ns() - own_ns;
    good = process_read(server, "media", &after) && good;
    wire_end(clinic_wire(load->clinic), &step->wire);
    step->relayed = clinic_metric(load->clinic, "media_forwarded") - relayed;
    step->gateway_cpu_ns = after.cpu_ns - before.cpu_ns;
    step->worker_cpu_ns = after.thread_cpu_ns - before.thread_cpu_ns;
    step->worker_wait_ns = after.thread_wait_ns - before.thread_wait_ns;
    step->rss_bytes = after.rss_bytes;
    return good;
}

static bool load_judge(const struct step *step)
{
    const struct wire_totals *wire = &step->wire;
    if (wire->punctual * 100 < wire->scheduled * 99)
        fprintf(stderr,
                "%u pairs: the generator sent only %.2f %% of its schedule in time; the step does "
                "not count\n",
                step->pairs, 100.0 * (double)wire->punctual / (double)wire->scheduled);
    else if (wire->received == 0 ||
             wire->damaged + wire->strange + wire->repeated + wire->unopened != 0)
        fprintf(stderr, "%u pairs: packets were not what was sent\n", step->pairs);
    else if (wire->lost * 1000 > wire->received * LOSS_MAX_PERMILLE)
        fprintf(stderr, "%u pairs: more than %d in 1000 packets were lost\n", step->pairs,
                LOSS_MAX_PERMILLE);
    else
        return true;
    return false;
}

static bool load_step(struct load *load, struct step *step)
{
    while (clinic_pairs(load->clinic) < step->pairs)
        if (!clinic_add(load->clinic))
            return false;
    if (!clinic_wait(load->clinic, clinic_all_admitted, ADMIT_LIMIT_S)) {
        fprintf(stderr, "%u pairs: not all were admitted within %.0f s\n", step->pairs,
                ADMIT_LIMIT_S);
        return false;
    }
    step->good =
        clinic_wait(load->clinic, NULL, SETTLE_S) && load_measure(load, step) && load_judge(step);
    return step->good;
}

/* ---- what comes out --------------------------------------------------------------------------------------------- */

static double per_packet_us(int64_t cpu_ns, const struct step *step)
{
    return step->wire.received == 0 ? 0 : (double)cpu_ns / 1000.0 / (double)step->wire.received;
}

static double per_core_second(const struct step *step)
{
    return step->worker_cpu_ns <= 0
               ? 0
               : (double)step->wire.received * 1e9 / (double)step->worker_cpu_ns;
}

static double per_participant_kb(const struct load *load, const struct step *step)
{
    return (double)(step->rss_bytes - load->rss_idle_bytes) / 1000.0 / (2.0 * step->pairs);
}

static double cores(int64_t cpu_ns, const struct step *step)
{
    return step->wire.window_ns == 0 ? 0 : (double)cpu_ns / (double)step->wire.window_ns;
}

static double punctual_percent(const struct step *step)
{
    return step->wire.scheduled == 0
               ? 0
               : 100.0 * (double)step->wire.punctual / (double)step->wire.scheduled;
}

static json_t *step_json(const struct load *load, const struct step *step)
{
    const struct wire_totals *wire = &step->wire;
    json_t *json = json_pack(
        "{s:i,s:b,s:f,s:I,s:f,s:I,s:I,s:I,s:I,s:I,s:I}", "pairs", (int)step->pairs, "good",
        step->good, "window_seconds", (double)wire->window_ns / 1e9, "packets_scheduled",
        (json_int_t)wire->scheduled, "on_schedule_percent", punctual_percent(step),
        "packets_received", (json_int_t)wire->received, "packets_lost", (json_int_t)wire->lost,
        "packets_repeated", (json_int_t)wire->repeated, "packets_damaged",
        (json_int_t)(wire->damaged + wire->unopened), "packets_strange", (json_int_t)wire->strange,
        "gateway_forwarded", (json_int_t)step->relayed);
    json_t *cost = json_pack(
        "{s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:I,s:f,s:i,s:i,s:i}", "gateway_cpu_us_per_packet",
        per_packet_us(step->gateway_cpu_ns, step), "worker_cpu_us_per_packet",
        per_packet_us(step->worker_cpu_ns, step), "packets_per_core_second", per_core_second(step),
        "gateway_cores", cores(step->gateway_cpu_ns, step), "worker_cores",
        cores(step->worker_cpu_ns, step), "worker_waited_for_cpu",
        cores(step->worker_wait_ns, step), "generator_cores", cores(step->generator_cpu_ns, step),
        "generator_media_cores", cores(wire->cpu_ns, step), "gateway_rss_bytes",
        (json_int_t)step->rss_bytes, "rss_kb_per_participant", per_participant_kb(load, step),
        "delay_p50_us", (int)wire->delay_p50_us, "delay_p99_us", (int)wire->delay_p99_us,
        "delay_max_us", (int)wire->delay_max_us);
    json_object_update(json, cost);
    json_decref(cost);
    return json;
}

static void load_print_json(const struct load *load, bool good)
{
    json_t *steps = json_array();
    for (unsigned i = 0; i < load->count; i++)
        json_array_append_new(steps, step_json(load, &load->steps[i]));
    json_t *report = json_pack(
        "{s:b,s:s,s:f,s:b,s:I,s:o}", "good", good, "srtp_profile",
        load->clinic_options.profile == WIRE_CM ? "SRTP_AES128_CM_SHA1_80"
                                                : "SRTP_AEAD_AES_128_GCM",
        "seconds", load->seconds, "generator_realtime", wire_is_realtime(clinic_wire(load->clinic)),
        "gateway_rss_idle_bytes", (json_int_t)load->rss_idle_bytes, "steps", steps);
    json_dumpf(report, stdout, JSON_COMPACT);
    printf("\n");
    json_decref(report);
}

static void load_print_table(const struct load *load)
{
    printf("%s, %.0f s a step, each participant sends 1 Mbit/s VP8 (110 packets/s) and Opus (50 "
           "packets/s); gateway idle at %.1f MB\n",
           load->clinic_options.profile == WIRE_CM ? "AES_CM_128_HMAC_SHA1_80" : "AEAD_AES_128_GCM",
           load->seconds, (double)load->rss_idle_bytes / 1e6);
    printf("%5s %9s %6s %5s %8s %8s %10s %7s %7s %7s %8s %8s %8s %9s\n", "pairs", "received",
           "sched%", "lost", "us/pkt", "wrk us", "pkt/core-s", "gw core", "wrk wait", "gen core",
           "p50 us", "p99 us", "max us", "kB/person");
    for (unsigned i = 0; i < load->count; i++) {
        const struct step *step = &load->steps[i];
        printf("%5u %9llu %6.2f %5llu %8.2f %8.2f %10.0f %7.3f %7.3f %7.3f %8u %8u %8u %9.0f%s\n",
               step->pairs, (unsigned long long)step->wire.received, punctual_percent(step),
               (unsigned long long)step->wire.lost, per_packet_us(step->gateway_cpu_ns, step),
               per_packet_us(step->worker_cpu_ns, step), per_core_second(step),
               cores(step->gateway_cpu_ns, step), cores(step->worker_wait_ns, step),
               cores(step->generator_cpu_ns, step), step->wire.delay_p50_us,
               step->wire.delay_p99_us, step->wire.delay_max_us, per_participant_kb(load, step),
               step->good ? "" : "  FAILED");
    }
}

/* ---- arguments -------------------------------------------------------------------------------------------------- */

static bool load_read_pairs(struct load *load, const char *text)
{
    load->count = 0;
    for (char *end; *text != 0; text = *end == ',' ? end + 1 : end) {
        unsigned long pairs = strtoul(text, &end, 10);
        bool grows = load->count == 0 || pairs > load->steps[load->count - 1].pairs;
        if (end == text || (*end != 0 && *end != ',') || pairs < 1 || pairs > CLINIC_PAIRS_MAX ||
            load->count == STEPS_MAX || !grows)
            return false;
        load->steps[load->count++].pairs = (unsigned)pairs;
        load->clinic_options.pairs_max = (unsigned)pairs;
    }
    return load->count > 0;
}

static bool load_arguments(struct load *load, int argc, char **argv)
{
    bool good = load_read_pairs(load, "1,20,100");
    for (int i = 1; i < argc && good; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--json") == 0) {
            load->json = true;
            continue;
        }
        if (strcmp(argv[i], "--gateway") == 0)
            load->clinic_options.gateway = value;
        else if (strcmp(argv[i], "--pairs") == 0)
            good = load_read_pairs(load, value);
        else if (strcmp(argv[i], "--seconds") == 0)
            good = (load->seconds = atof(value)) >= 1;
        else if (strcmp(argv[i], "--profile") == 0 &&
                 (strcmp(value, "gcm") == 0 || strcmp(value, "cm") == 0))
            load->clinic_options.profile = strcmp(value, "cm") == 0 ? WIRE_CM : WIRE_GCM;
        else
            good = false;
        i++;
    }
    if (good && load->clinic_options.gateway != NULL)
        return true;
    fprintf(stderr,
            "usage: tsunagi-load --gateway PATH/tsunagi [--json] [--pairs 1,20,100] [--seconds 15] "
            "[--profile gcm|cm]\n"
            "       pairs: growing numbers up to %d\n",
            CLINIC_PAIRS_MAX);
    return false;
}

int main(int argc, char **argv)
{
    struct load load = {.clinic_options = {.admit = true}, .seconds = 15};
    struct process_use idle;
    if (!load_arguments(&load, argc, argv))
        return 4;
    load.clinic = clinic_open(&load.clinic_options);
    if (load.clinic == NULL)
        return 1;
    if (!wire_is_realtime(clinic_wire(load.clinic)))
        fprintf(stderr,
                "no real-time priority for the generator: its pace depends on what else runs\n");
    bool good = process_read(house_server(clinic_house(load.clinic)), "media", &idle);
    load.rss_idle_bytes = idle.rss_bytes;
    for (unsigned i = 0; i < load.count && good; i++)
        good = load_step(&load, &load.steps[i]);
    if (load.json)
        load_print_json(&load, good);
    else
        load_print_table(&load);
    clinic_close(load.clinic);
    return good ? 0 : 1;
}
