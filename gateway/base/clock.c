#include "gateway/base/clock.h"

#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

static int64_t clock_read_ns(clockid_t which)
{
    struct timespec now;
    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000000000ll + now.tv_nsec;
}

int64_t clock_monotonic_us(void)
{
    return clock_read_ns(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_monotonic_ns(void)
{
    return clock_read_ns(CLOCK_MONOTONIC);
}

int64_t clock_wall_us(void)
{
    return clock_read_ns(CLOCK_REALTIME) / 1000;
}

int clock_error_ms(void)
{
    struct timex state = {.modes = 0};
    int status = adjtimex(&state);
    if (status < 0 || status == TIME_ERROR)
        return -1;
    return (int)(state.maxerror / 1000);
}

void clock_format_utc(int64_t wall_us, char *ret_text)
{
    time_t seconds = (time_t)(wall_us / US_PER_S);
    int64_t fraction = wall_us % US_PER_S;
    if (fraction < 0) {
        fraction += US_PER_S;
        seconds -= 1;
    }
    struct tm utc;
    gmtime_r(&seconds, &utc);
    char head[24];
    strftime(head, sizeof(head), "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(ret_text, CLOCK_TEXT_SIZE, "%.19s.%06dZ", head, (int)fraction);
}

void clock_boot_id(char *ret_text)
{
    char line[64] = "";
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (file != NULL) {
        if (fgets(line, sizeof(line), file) == NULL)
            line[0] = 0;
        fclose(file);
    }
    size_t used = 0;
    for (const char *at = line; *at != 0 && used < CLOCK_BOOT_SIZE - 1; at++)
        if (*at != '-' && *at != '\n')
            ret_text[used++] = *at;
    while (used < CLOCK_BOOT_SIZE - 1)
        ret_text[used++] = '0';
    ret_text[used] = 0;
}
