/* The bad line under any order of operations. The input is text lines: a step of scenario.h changes the line, "+N" lets N
 * milliseconds pass, "=N" sends N packets. Must hold: nothing comes out early, out of thin air or changed; the deadline never
 * lies in the past once everything due was taken; and at the end every packet is accounted for. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/base/clock.h"
#include "tests/netsim/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PACKETS_A_LINE_MAX 60
#define LINES_MAX          100

struct run {
    struct link *link;
    int64_t now_us;
    uint32_t sent;
    uint64_t came;
};

static void take(struct run *run)
{
    struct span packet;
    while (link_pop(run->link, run->now_us, &packet)) {
        CHECK(packet.length >= 4 && packet.length <= 1200);
        uint32_t number = bytes_get_u32(packet.data);
        CHECK(number < run->sent && packet.length == 4 + number % 1196);
        for (size_t i = 4; i < packet.length; i++)
            CHECK(packet.data[i] == (uint8_t)number);
        run->came++;
    }
    CHECK(link_deadline_us(run->link) > run->now_us);
}

static void send_packets(struct run *run, uint32_t count)
{
    uint8_t bytes[1200];
    for (uint32_t i = 0; i < count && i < PACKETS_A_LINE_MAX; i++) {
        size_t length = 4 + run->sent % 1196;
        memset(bytes, (uint8_t)run->sent, sizeof(bytes));
        bytes_put_u32(bytes, run->sent);
        bool udp = run->sent % 3 != 0;
        run->sent++;
        link_push(run->link, span_of(bytes, length), udp, run->now_us);
    }
}

static void one_line(struct run *run, const char *line)
{
    struct scenario_step step;
    char complaint[160];
    if (line[0] == '+') {
        run->now_us += (int64_t)(strtoul(line + 1, NULL, 10) % 100000) * US_PER_MS;
    } else if (line[0] == '=') {
        send_packets(run, (uint32_t)strtoul(line + 1, NULL, 10));
    } else if (scenario_read(line, &step, complaint, sizeof(complaint))) {
        struct link_settings settings = *link_get(run->link);
        scenario_apply(&step, &settings);
        link_set(run->link, &settings, run->now_us);
    } else {
        CHECK(complaint[0] != 0);
    }
    take(run);
}

/* A line without a rate and one more deadline after the other until nothing is left. */
static void drain(struct run *run)
{
    link_set(run->link, &(struct link_settings){0}, run->now_us);
    take(run);
    while (link_deadline_us(run->link) != INT64_MAX) {
        run->now_us = link_deadline_us(run->link);
        take(run);
    }
    const struct link_counters *count = link_count(run->link);
    CHECK(count->packets_in == run->sent && count->packets_out == run->came);
    CHECK(count->packets_in + count->duplicated ==
          count->packets_out + count->lost + count->lost_in_bursts + count->dropped_queue_full +
              count->dropped_line_full + count->dropped_cut + count->dropped_udp);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run run = {.link = link_new(size, 28), .now_us = US_PER_S};
    CHECK(run.link != NULL);
    for (int lines = 0; size > 0 && lines < LINES_MAX; lines++) {
        char line[200];
        const uint8_t *end = memchr(data, '\n', size);
        size_t length = end == NULL ? size : (size_t)(end - data);
        size_t kept = length < sizeof(line) ? length : sizeof(line) - 1;
        memcpy(line, data, kept);
        line[kept] = 0;
        one_line(&run, line);
        size -= end == NULL ? size : length + 1;
        data += length + 1;
    }
    drain(&run);
    link_free(run.link);
    return 0;
}
