/* Values of facts as text and back, and civil days. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/base/clock.h"
#include "gateway/base/text.h"
#include "gateway/rules/pack.h"

#define SECONDS_PER_DAY 86400
/* Japan Standard Time has no summer time, so the civil day is plain arithmetic. */
#define TOKYO_OFFSET_S (9 * 3600)

static int64_t floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0 ? 1 : 0);
}

int64_t civil_day_of(int64_t wall_us)
{
    return floor_divide(floor_divide(wall_us, US_PER_S) + TOKYO_OFFSET_S, SECONDS_PER_DAY);
}

static bool date_format(int64_t day, char *ret_text, size_t size)
{
    time_t seconds = (time_t)(day * SECONDS_PER_DAY);
    struct tm parts;
    return gmtime_r(&seconds, &parts) != NULL && strftime(ret_text, size, "%Y-%m-%d", &parts) > 0;
}

/* Written back and compared, so 2026-02-30 and 2026-2-3 are refused. */
static bool date_parse(const char *text, int64_t *ret_day)
{
    struct tm parts = {0};
    char again[16];
    const char *end = strptime(text, "%Y-%m-%d", &parts);
    if (end == NULL || *end != '\0')
        return false;
    int64_t day = (int64_t)timegm(&parts) / SECONDS_PER_DAY;
    if (!date_format(day, again, sizeof(again)) || strcmp(again, text) != 0)
        return false;
    *ret_day = day;
    return true;
}

static bool bool_parse(const char *text, int64_t *ret_value)
{
    if (strcmp(text, "yes") == 0 || strcmp(text, "true") == 0)
        *ret_value = 1;
    else if (strcmp(text, "no") == 0 || strcmp(text, "false") == 0)
        *ret_value = 0;
    else
        return false;
    return true;
}

static bool integer_parse(const char *text, int64_t *ret_value)
{
    char *end = NULL;
    if (*text != '-' && (*text < '0' || *text > '9'))
        return false; /* strtoll would skip blanks and take a plus */
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0')
        return false;
    *ret_value = value;
    return true;
}

static bool name_parse(const struct fact_info *fact, const char *text, size_t length,
                       int64_t *ret_index)
{
    for (uint32_t i = 0; i < fact->values_count; i++) {
        if (strlen(fact->values[i]) == length && memcmp(fact->values[i], text, length) == 0) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

static bool set_parse(const struct fact_info *fact, const char *text, int64_t *ret_value)
{
    int64_t mask = 0, index = 0;
    while (*text != '\0') {
        size_t length = strcspn(text, ",");
        if (!name_parse(fact, text, length, &index))
            return false;
        mask |= (int64_t)1 << index;
        text += length;
        if (*text == ',' && *++text == '\0')
            return false;
    }
    *ret_value = mask;
    return true;
}

enum result fact_parse(const struct fact_info *fact, const char *text, int64_t *ret_value)
{
    int64_t value = 0;
    bool good = false;
    switch (fact->type) {
    case FACT_BOOL:
        good = bool_parse(text, &value);
        break;
    case FACT_INTEGER:
        good = integer_parse(text, &value) && value >= fact->minimum && value <= fact->maximum;
        break;
    case FACT_DATE:
        good = date_parse(text, &value) && value >= fact->minimum && value <= fact->maximum;
        break;
    case FACT_ENUM:
        good = name_parse(fact, text, strlen(text), &value);
        break;
    case FACT_SET:
        good = set_parse(fact, text, &value);
        break;
    }
    if (!good)
        return RESULT_INVALID;
    *ret_value = value;
    return RESULT_OK;
}

static bool set_format(const struct fact_info *fact, int64_t value, char *ret_text, size_t size)
{
    size_t used = 0;
    ret_text[0] = '\0';
    for (uint32_t i = 0; i < fact->values_count; i++) {
        if ((value & (int64_t)1 << i) == 0)
            continue;
        if (!text_format(ret_text + used, size - used, "%s%s", used > 0 ? "," : "",
                         fact->values[i]))
            return false;
        used += strlen(ret_text + used);
    }
    return true;
}

enum result fact_format(const struct fact_info *fact, int64_t value, char *ret_text, size_t size)
{
    bool good = false;
    if (size == 0)
        return RESULT_TOO_LARGE;
    switch (fact->type) {
    case FACT_BOOL:
        good = text_copy(ret_text, size, value != 0 ? "yes" : "no");
        break;
    case FACT_INTEGER:
        good = text_format(ret_text, size, "%lld", (long long)value);
        break;
    case FACT_DATE:
        good = date_format(value, ret_text, size);
        break;
    case FACT_ENUM:
        if (value < 0 || value >= (int64_t)fact->values_count)
            return RESULT_INVALID;
        good = text_copy(ret_text, size, fact->values[value]);
        break;
    case FACT_SET:
        good = set_format(fact, value, ret_text, size);
        break;
    }
    return good ? RESULT_OK : RESULT_TOO_LARGE;
}
