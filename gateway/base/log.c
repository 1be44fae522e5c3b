#include "gateway/base/log.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/base/clock.h"

#define LOG_LINE_SIZE 1024
#define LOG_NAME_MAX  96

static _Atomic int log_threshold = LOG_INFO;

static const char *const LEVEL_NAMES[] = {"debug", "info", "warning", "error"};

void log_set_level(enum log_level level)
{
    atomic_store(&log_threshold, (int)level);
}

/* Appends `name` with everything unexpected replaced; returns the new length. */
static size_t log_append_name(char *line, size_t used, const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/-[]";
    for (size_t i = 0; name[i] != 0 && i < LOG_NAME_MAX && used < LOG_LINE_SIZE - 4; i++)
        line[used++] = strchr(allowed, name[i]) != NULL ? name[i] : '?';
    return used;
}

static size_t log_append_field(char *line, size_t used, const struct log_field *field)
{
    if (used + 2 * LOG_NAME_MAX + 32 > LOG_LINE_SIZE)
        return used;
    line[used++] = ',';
    line[used++] = '"';
    used = log_append_name(line, used, field->key);
    line[used++] = '"';
    line[used++] = ':';
    if (field->name == NULL)
        return used +
               (size_t)snprintf(line + used, LOG_LINE_SIZE - used, "%" PRId64, field->number);
    line[used++] = '"';
    used = log_append_name(line, used, field->name);
    line[used++] = '"';
    return used;
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count)
{
    if ((int)level < atomic_load_explicit(&log_threshold, memory_order_relaxed))
        return;
    char line[LOG_LINE_SIZE], time[CLOCK_TEXT_SIZE];
    clock_format_utc(clock_wall_us(), time);
    size_t used =
        (size_t)snprintf(line, sizeof(line), "{\"t\":\"%s\",\"level\":\"%s\",\"event\":\"", time,
                         LEVEL_NAMES[level]);
    used = log_append_name(line, used, event);
    line[used++] = '"';
    for (size_t i = 0; i < count; i++)
        used = log_append_field(line, used, &fields[i]);
    line[used++] = '}';
    line[used++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, used);
    (void)written; /* there is nowhere to report a lost log line */
}
