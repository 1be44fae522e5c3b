/* One JSON object a line on stderr. A line holds an event name, ids, numbers and enum names: there is no way to write
 * free text, so patient data cannot slip in. Characters outside [A-Za-z0-9_.:/-] of a name become '?'.
 * Thread: any; a line is written with one write(2). Lost when stderr is gone; never blocks on anything else. */
#ifndef GATEWAY_BASE_LOG_H
#define GATEWAY_BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/id.h"
#include "gateway/base/result.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

struct log_field {
    const char *key;
    const char *name; /* NULL: `number` counts */
    int64_t number;
};

/* Lines below `level` are not written. Set before threads start. */
void log_set_level(enum log_level level);
void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count);

static inline struct log_field log_number(const char *key, int64_t number)
{
    return (struct log_field){.key = key, .number = number};
}
/* An enum name, a file name of ours, a fixed word. */
static inline struct log_field log_name(const char *key, const char *name)
{
    return (struct log_field){.key = key, .name = name};
}
static inline struct log_field log_id(const char *key, const struct id *id)
{
    return (struct log_field){.key = key, .name = id->text};
}
static inline struct log_field log_result(enum result result)
{
    return (struct log_field){.key = "result", .name = result_name(result)};
}

/* LOG(LOG_INFO, "media.connected", log_id("consultation", &id), log_number("endpoint", 3)); at least one field. */
#define LOG(level, event, ...)                                                                     \
    log_write(level, event, (const struct log_field[]){__VA_ARGS__},                               \
              ARRAY_LENGTH(((const struct log_field[]){__VA_ARGS__})))

#endif
