/* tsunagi-netsim: a bad line between two network namespaces. Makes one TUN device here (the gateway's side, "near") and one in the
 * namespace of the participant ("far"), and carries IP packets between them through two links. Addresses and routes are the
 * caller's business once "ready" is printed.
 *
 *     tsunagi-netsim --far /proc/PID/ns/net [--near-name NAME] [--far-name NAME] [--seed N] [--csv FILE]
 *
 * Standard input, a line at a time: steps of scenario.h, or "start". Steps without a time hold at once, those with one at that
 * time after "start", which also sets the counters' zero. End of input or SIGTERM ends it; the counters since the start are
 * printed as one JSON object. FILE gets a row each 100 ms since the start: what a direction did in that time. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/clock.h"
#include "tests/netsim/link.h"
#include "tests/netsim/scenario.h"

#define STEPS_MAX      256
#define ROW_US         (100 * US_PER_MS)
#define PACKETS_A_TURN 64

struct direction {
    struct link *link;
    int from, to; /* TUN devices */
    struct link_counters at_start, at_row;
};

struct netsim {
    const char *far, *near_name, *far_name, *csv_path;
    uint64_t seed;
    struct direction directions[SCENARIO_DIRECTIONS];
    struct scenario_step steps[STEPS_MAX]; /* those with a time; done ones have at_us < 0 */
    size_t steps_count;
    bool started, ended, bad;
    int64_t start_us, row_us; /* row_us: when the next row is due */
    FILE *csv;
    char line[256];
    size_t line_used;
    int epoll, timer, signals;
};

/* ---- devices ------------------------------------------------------------------------------------------------------- */

static int tun_open(const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (device >= 0 && ioctl(device, TUNSETIFF, &request) == 0)
        return device;
    fprintf(stderr,
            "device %s: %s; this needs /dev/net/tun and the right to make devices in both "
            "namespaces\n",
            name, strerror(errno));
    if (device >= 0)
        close(device);
    return -1;
}

/* A device belongs to the namespace its maker was in; its descriptor works from anywhere. */
static int tun_open_in(const char *namespace, const char *name)
{
    int device = -1;
    int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    int there = open(namespace, O_RDONLY | O_CLOEXEC);
    if (home < 0 || there < 0 || setns(there, CLONE_NEWNET) != 0)
        fprintf(stderr, "namespace %s: %s\n", namespace, strerror(errno));
    else
        device = tun_open(name);
    if (home >= 0 && there >= 0 && setns(home, CLONE_NEWNET) != 0 && device >= 0) {
        close(device);
        device = -1;
    }
    if (home >= 0)
        close(home);
    if (there >= 0)
        close(there);
    return device;
}

/* RFC 791 §3.1, RFC 8200 §3. Extension headers of IPv6 are not looked behind. */
static bool packet_is_udp(const uint8_t *packet, size_t length)
{
    if (length >= 20 && packet[0] >> 4 == 4)
        return packet[9] == 17;
    return length >= 40 && packet[0] >> 4 == 6 && packet[6] == 17;
}

static void direction_read(struct direction *direction)
{
    uint8_t packet[LINK_PACKET_BYTES_MAX];
    for (int i = 0; i < PACKETS_A_TURN; i++) {
        ssize_t got = read(direction->from, packet, sizeof(packet));
        if (got <= 0)
            return;
        link_push(direction->link, span_of(packet, (size_t)got), packet_is_udp(packet, (size_t)got),
                  clock_monotonic_us());
    }
}

static void direction_deliver(struct direction *direction, int64_t now_us)
{
    struct span packet;
    while (link_pop(direction->link, now_us, &packet))
        if (write(direction->to, packet.data, packet.length) < 0 && errno != EIO && errno != EAGAIN)
            fprintf(stderr, "write: %s\n", strerror(errno)); /* EIO: the device is still down */
}

/* ---- what the caller says ------------------------------------------------------------------------------------------- */

static void netsim_apply(struct netsim *netsim, const struct scenario_step *step, int64_t now_us)
{
    for (int i = 0; i < SCENARIO_DIRECTIONS; i++) {
        struct link *link = netsim->directions[i].link;
        struct link_settings settings = *link_get(link);
        if (!step->applies[i])
            continue;
        scenario_apply(step, &settings);
        link_set(link, &settings, now_us);
    }
}

static void netsim_start(struct netsim *netsim, int64_t now_us)
{
    netsim->started = true;
    netsim->start_us = now_us;
    netsim->row_us = now_us + ROW_US;
    for (int i = 0; i < SCENARIO_DIRECTIONS; i++)
        netsim->directions[i].at_start = netsim->directions[i].at_row =
            *link_count(netsim->directions[i].link);
    if (netsim->csv != NULL)
        fprintf(netsim->csv,
                "ms,up_rate,up_in,up_out,up_lost,up_dropped,up_wait_ms,down_rate,down_in,down_out,"
                "down_lost,down_dropped,down_wait_ms\n");
}

static void netsim_line(struct netsim *netsim, const char *line, int64_t now_us)
{
    struct scenario_step step;
    char complaint[200];
    if (line[0] == 0 || line[0] == '#')
        return;
    if (strcmp(line, "start") == 0) {
        netsim_start(netsim, now_us);
    } else if (!scenario_read(line, &step, complaint, sizeof(complaint))) {
        fprintf(stderr, "%s\n", complaint);
        netsim->ended = netsim->bad = true;
    } else if (step.at_us < 0) {
        netsim_apply(netsim, &step, now_us);
    } else if (netsim->steps_count < STEPS_MAX) {
        netsim->steps[netsim->steps_count++] = step;
    } else {
        fprintf(stderr, "more than %d steps with a time\n", STEPS_MAX);
        netsim->ended = netsim->bad = true;
    }
}

static void netsim_read(struct netsim *netsim, int64_t now_us)
{
    char text[512];
    ssize_t got = read(STDIN_FILENO, text, sizeof(text));
    netsim->ended = netsim->ended || got <= 0;
    for (ssize_t i = 0; i < got; i++) {
        if (text[i] == '\n') {
            netsim->line[netsim->line_used] = 0;
            netsim->line_used = 0;
            netsim_line(netsim, netsim->line, now_us);
        } else if (netsim->line_used + 1 < sizeof(netsim->line)) {
            netsim->line[netsim->line_used++] = text[i];
        }
    }
}

/* ---- what it did ---------------------------------------------------------------------------------------------------- */

static void netsim_row(struct netsim *netsim)
{
    fprintf(netsim->csv, "%lld", (long long)(netsim->row_us - netsim->start_us) / US_PER_MS);
    for (int i = 0; i < SCENARIO_DIRECTIONS; i++) {
        struct direction *direction = &netsim->directions[i];
        struct link_counters now = *link_count(direction->link), was = direction->at_row;
        uint64_t lost = now.lost + now.lost_in_bursts + now.dropped_cut + now.dropped_udp -
                        (was.lost + was.lost_in_bursts + was.dropped_cut + was.dropped_udp);
        fprintf(netsim->csv, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%lld",
                link_get(direction->link)->rate_bps, now.bytes_in - was.bytes_in,
                now.bytes_out - was.bytes_out, lost,
                now.dropped_queue_full - was.dropped_queue_full,
                (long long)link_backlog_us(direction->link) / US_PER_MS);
        direction->at_row = now;
    }
    fprintf(netsim->csv, "\n");
}

static void print_direction(const char *name, const struct direction *direction, bool last)
{
    const struct link_counters *now = link_count(direction->link), *was = &direction->at_start;
    const char *comma = "";
    printf("\"%s\":{", name);
#define X(counter)                                                                                 \
    printf("%s\"" #counter "\":%" PRIu64, comma, now->counter - was->counter);                     \
    comma = ",";
    LINK_COUNTERS(X)
#undef X
    printf("}%s", last ? "" : ",");
}

static void netsim_report(const struct netsim *netsim)
{
    int64_t since_us = netsim->started ? clock_monotonic_us() - netsim->start_us : 0;
    printf("{\"seed\":%" PRIu64 ",\"ms\":%lld,", netsim->seed, (long long)since_us / US_PER_MS);
    print_direction("up", &netsim->directions[SCENARIO_UP], false);
    print_direction("down", &netsim->directions[SCENARIO_DOWN], true);
    printf("}\n");
}

/* ---- the loop ------------------------------------------------------------------------------------------------------- */

static int64_t netsim_due(struct netsim *netsim, int64_t now_us)
{
    int64_t next_us = INT64_MAX;
    for (size_t i = 0; i < netsim->steps_count && netsim->started; i++) {
        struct scenario_step *step = &netsim->steps[i];
        int64_t at_us = netsim->start_us + step->at_us;
        if (step->at_us >= 0 && at_us <= now_us) {
            netsim_apply(netsim, step, now_us);
            step->at_us = -1;
        } else if (step->at_us >= 0 && at_us < next_us) {
            next_us = at_us;
        }
    }
    for (; netsim->started && netsim->csv != NULL && netsim->row_us <= now_us;
         netsim->row_us += ROW_US)
        netsim_row(netsim);
    if (netsim->started && netsim->csv != NULL && netsim->row_us < next_us)
        next_us = netsim->row_us;
    for (int i = 0; i < SCENARIO_DIRECTIONS; i++) {
        direction_deliver(&netsim->directions[i], now_us);
        int64_t link_us = link_deadline_us(netsim->directions[i].link);
        next_us = link_us < next_us ? link_us : next_us;
    }
    return next_us;
}

static void netsim_arm(const struct netsim *netsim, int64_t next_us)
{
    struct itimerspec time = {0};
    if (next_us != INT64_MAX) {
        time.it_value.tv_sec = next_us / US_PER_S;
        time.it_value.tv_nsec = next_us % US_PER_S * 1000 + 1; /* all zero would mean never */
    }
    timerfd_settime(netsim->timer, TFD_TIMER_ABSTIME, &time, NULL);
}

static void netsim_run(struct netsim *netsim)
{
    while (!netsim->ended) {
        struct epoll_event events[8];
        netsim_arm(netsim, netsim_due(netsim, clock_monotonic_us()));
        int count = epoll_wait(netsim->epoll, events, ARRAY_LENGTH(events), -1);
        for (int i = 0; i < count; i++) {
            int source = events[i].data.fd;
            uint64_t expired;
            if (source == STDIN_FILENO)
                netsim_read(netsim, clock_monotonic_us());
            else if (source == netsim->signals)
                netsim->ended = true;
            else if (source == netsim->timer)
                (void)!read(source, &expired, sizeof(expired));
            for (int d = 0; d < SCENARIO_DIRECTIONS; d++)
                if (source == netsim->directions[d].from)
                    direction_read(&netsim->directions[d]);
        }
    }
}

static bool netsim_watch(const struct netsim *netsim, int source)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = source};
    return epoll_ctl(netsim->epoll, EPOLL_CTL_ADD, source, &event) == 0;
}

static bool netsim_open(struct netsim *netsim)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    int near = tun_open(netsim->near_name), far = tun_open_in(netsim->far, netsim->far_name);
    if (near < 0 || far < 0)
        return false;
    netsim->csv = netsim->csv_path == NULL ? NULL : fopen(netsim->csv_path, "we");
    if (netsim->csv_path != NULL && netsim->csv == NULL) {
        fprintf(stderr, "%s: %s\n", netsim->csv_path, strerror(errno));
        return false;
    }
    netsim->directions[SCENARIO_UP] = (struct direction){.from = far, .to = near};
    netsim->directions[SCENARIO_DOWN] = (struct direction){.from = near, .to = far};
    netsim->epoll = epoll_create1(EPOLL_CLOEXEC);
    netsim->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    netsim->signals = signalfd(-1, &ends, SFD_CLOEXEC);
    bool good = netsim_watch(netsim, STDIN_FILENO) && netsim_watch(netsim, netsim->timer) &&
                netsim_watch(netsim, netsim->signals);
    for (uint64_t i = 0; i < SCENARIO_DIRECTIONS && good; i++) {
        netsim->directions[i].link = link_new(netsim->seed * SCENARIO_DIRECTIONS + i, 0);
        good =
            netsim->directions[i].link != NULL && netsim_watch(netsim, netsim->directions[i].from);
    }
    if (!good)
        fprintf(stderr, "cannot set up: %s\n", strerror(errno));
    return good;
}

static bool netsim_arguments(struct netsim *netsim, int argc, char **argv)
{
    bool good = argc % 2 == 1;
    for (int i = 1; i + 1 < argc && good; i += 2) {
        const char *value = argv[i + 1];
        if (strcmp(argv[i], "--far") == 0)
            netsim->far = value;
        else if (strcmp(argv[i], "--near-name") == 0)
            netsim->near_name = value;
        else if (strcmp(argv[i], "--far-name") == 0)
            netsim->far_name = value;
        else if (strcmp(argv[i], "--csv") == 0)
            netsim->csv_path = value;
        else if (strcmp(argv[i], "--seed") == 0)
            netsim->seed = strtoull(value, NULL, 0);
        else
            good = false;
    }
    if (good && netsim->far != NULL)
        return true;
    fprintf(stderr, "usage: tsunagi-netsim --far /proc/PID/ns/net [--near-name NAME] [--far-name "
                    "NAME] [--seed N] [--csv FILE]\n");
    return false;
}

int main(int argc, char **argv)
{
    struct netsim netsim = {.near_name = "near", .far_name = "far", .seed = 1};
    if (!netsim_arguments(&netsim, argc, argv))
        return 4;
    if (!netsim_open(&netsim))
        return 1;
    /* A line does not slow down when the machine is busy; without the right to real time it has to. */
    (void)sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 5});
    printf("ready\n");
    fflush(stdout);
    netsim_run(&netsim);
    netsim_report(&netsim);
    for (int i = 0; i < SCENARIO_DIRECTIONS; i++)
        link_free(netsim.directions[i].link);
    bool written = netsim.csv == NULL || fclose(netsim.csv) == 0;
    return netsim.bad || !written ? 1 : 0;
}
