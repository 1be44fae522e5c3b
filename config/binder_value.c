/* Single values: text to field and back. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/binder_inside.h"
#include "gateway/base/check.h"
#include "gateway/base/text.h"

struct unit {
    const char *name;
    int64_t scale;
};

/* Largest first, so that a value is shown in the largest unit that divides it. */
static const struct unit TIME_UNITS[] = {
    {"d", 86400000000ll}, {"h", 3600000000ll}, {"min", 60000000ll},
    {"s", 1000000ll},     {"ms", 1000ll},
};

static const char *const WORDS[] = {
    [BINDER_FILE] = "a file that can be read",
    [BINDER_DIRECTORY] = "a folder that is there",
    [BINDER_SECRET] = "a file that we can read and that is not open to everybody (chmod o=)",
    [BINDER_PATH] = "a path"};

static void format_time(int64_t us, char *ret_text, size_t size)
{
    const struct unit *unit = TIME_UNITS;
    while (us % unit->scale != 0 && unit < TIME_UNITS + ARRAY_LENGTH(TIME_UNITS) - 1)
        unit++;
    if (us == 0)
        unit = &TIME_UNITS[3];
    snprintf(ret_text, size, "%" PRId64 "%s", us / unit->scale, unit->name);
}

static void describe_choices(const struct binder_row *row, char *ret_text, size_t size)
{
    size_t used = 0;
    ret_text[0] = '\0';
    for (const char *const *choice = row->choices; *choice != NULL && used < size; choice++)
        used +=
            (size_t)snprintf(ret_text + used, size - used, "%s%s", used > 0 ? ", " : "", *choice);
}

void binder_describe_allowed(const struct binder_row *row, char *ret_text, size_t size)
{
    char low[32], high[32];
    const char *of = row->allowed != NULL ? row->allowed : "texts";
    switch (row->type) {
    case BINDER_BOOL:
        snprintf(ret_text, size, "yes or no");
        return;
    case BINDER_NUMBER:
        snprintf(ret_text, size, "a whole number, %" PRId64 " to %" PRId64, row->minimum,
                 row->maximum);
        return;
    case BINDER_DURATION:
        format_time(row->minimum, low, sizeof(low));
        format_time(row->maximum, high, sizeof(high));
        snprintf(ret_text, size, "a time in ms, s, min, h or d, %s to %s", low, high);
        return;
    case BINDER_CHOICE:
        describe_choices(row, ret_text, size);
        return;
    case BINDER_TEXTS:
    case BINDER_REFS:
        snprintf(ret_text, size, "a list, %" PRId64 " to %" PRId64 " of: %s", row->minimum,
                 row->maximum, of);
        return;
    case BINDER_FILE:
    case BINDER_DIRECTORY:
    case BINDER_SECRET:
    case BINDER_PATH:
        snprintf(ret_text, size, "%s", row->allowed != NULL ? row->allowed : WORDS[row->type]);
        return;
    default:
        snprintf(ret_text, size, "%s", row->allowed != NULL ? row->allowed : "a text");
    }
}

static bool parse_whole(const char *text, int64_t *ret_value, const char **ret_rest)
{
    char *end = NULL;
    if (*text < '0' || *text > '9')
        return false; /* no sign, no blank: strtoll takes both */
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0)
        return false;
    *ret_value = value;
    *ret_rest = end;
    return true;
}

static bool parse_time(const char *text, int64_t *ret_us)
{
    int64_t number = 0;
    const char *rest = NULL;
    if (!parse_whole(text, &number, &rest))
        return false;
    while (*rest == ' ')
        rest++;
    for (size_t i = 0; i < ARRAY_LENGTH(TIME_UNITS); i++) {
        if (strcmp(rest, TIME_UNITS[i].name) != 0)
            continue;
        if (number > INT64_MAX / TIME_UNITS[i].scale)
            return false;
        *ret_us = number * TIME_UNITS[i].scale;
        return true;
    }
    return false;
}

static void store_number(const struct binder_row *row, void *field, int64_t value)
{
    if (row->size == sizeof(uint16_t))
        *(uint16_t *)field = (uint16_t)value;
    else if (row->size == sizeof(uint32_t))
        *(uint32_t *)field = (uint32_t)value;
    else
        *(int64_t *)field = value;
}

static int64_t load_number(const struct binder_row *row, const void *field)
{
    if (row->size == sizeof(uint16_t))
        return *(const uint16_t *)field;
    if (row->size == sizeof(uint32_t))
        return *(const uint32_t *)field;
    return *(const int64_t *)field;
}

static const char *set_number(const struct binder_row *row, void *field, const char *text)
{
    int64_t value = 0;
    const char *rest = "";
    bool is_time = row->type == BINDER_DURATION;
    if (is_time ? !parse_time(text, &value) : !parse_whole(text, &value, &rest) || *rest != '\0')
        return is_time ? "is not a time with a unit" : "is not a whole number";
    if (value < row->minimum || value > row->maximum)
        return "is out of range";
    store_number(row, field, value);
    return NULL;
}

static const char *set_choice(const struct binder_row *row, void *field, const char *text)
{
    for (unsigned i = 0; row->choices[i] != NULL; i++) {
        if (strcmp(text, row->choices[i]) == 0) {
            *(unsigned *)field = i;
            return NULL;
        }
    }
    return "is not one of the choices";
}

static const char *set_bool(void *field, const char *text)
{
    bool yes = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;
    if (!yes && strcmp(text, "no") != 0 && strcmp(text, "false") != 0)
        return "is neither yes nor no";
    *(bool *)field = yes;
    return NULL;
}

const char *binder_check_text(const struct binder_row *row, const char *text)
{
    if (*text == '\0' && row->minimum > 0)
        return "is empty";
    if (!text_is_plain_utf8(text, strlen(text)))
        return "is not plain text (UTF-8 without control characters)";
    if (row->check != NULL && *text != '\0' && !row->check(text))
        return "is not valid";
    return NULL;
}

static const char *set_text(const struct binder_row *row, void *field, const char *text)
{
    const char *wrong = binder_check_text(row, text);
    if (wrong == NULL && !text_copy(field, row->size, text))
        return "is too long";
    return wrong;
}

/* Opens what the path names: permission is what the kernel says, not what the mode bits suggest. */
static const char *check_path(const struct binder_row *row, const char *path,
                              enum result *ret_result)
{
    struct stat status;
    if (row->type == BINDER_PATH)
        return NULL;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    *ret_result = row->type == BINDER_SECRET ? RESULT_DENIED : RESULT_IO;
    if (file < 0)
        return errno == ENOENT ? "is not there" : "cannot be read";
    bool good = fstat(file, &status) == 0;
    close(file);
    if (!good ||
        (row->type == BINDER_DIRECTORY ? !S_ISDIR(status.st_mode) : !S_ISREG(status.st_mode)))
        return row->type == BINDER_DIRECTORY ? "is not a folder" : "is not a file";
    if (row->type == BINDER_SECRET && (status.st_mode & S_IRWXO) != 0)
        return "is open to everybody";
    *ret_result = RESULT_OK;
    return NULL;
}

static const char *set_path(const struct binder_row *row, const char *folder, void *field,
                            const char *text, enum result *ret_result)
{
    const char *wrong = binder_check_text(row, text);
    if (wrong != NULL)
        return wrong;
    if (*text == '\0') { /* a row that may be empty: no file is meant */
        *(char *)field = '\0';
        *ret_result = RESULT_OK;
        return NULL;
    }
    bool absolute = text[0] == '/' || folder == NULL;
    if (!text_format(field, row->size, "%s%s%s", absolute ? "" : folder, absolute ? "" : "/", text))
        return "is too long";
    return check_path(row, field, ret_result);
}

/* NULL when set; else what is wrong, with its result. */
const char *binder_set_value(const struct binder_row *row, const char *folder, void *target,
                             const char *text, enum result *ret_result)
{
    void *field = (uint8_t *)target + row->offset;
    *ret_result = RESULT_INVALID;
    switch (row->type) {
    case BINDER_BOOL:
        return set_bool(field, text);
    case BINDER_NUMBER:
    case BINDER_DURATION:
        return set_number(row, field, text);
    case BINDER_CHOICE:
        return set_choice(row, field, text);
    case BINDER_TEXT:
        return set_text(row, field, text);
    case BINDER_REF:
        *(const char **)field = text;
        return binder_check_text(row, text);
    case BINDER_PATH:
    case BINDER_FILE:
    case BINDER_DIRECTORY:
    case BINDER_SECRET:
        return set_path(row, folder, field, text, ret_result);
    default:
        return "is a single value";
    }
}

/* Defaults are checked for form only: the files they name need not be on the machine that reads the table. */
void binder_set_fallback(const struct binder_row *row, void *target)
{
    enum result result;
    CHECK(row->fallback != NULL);
    if (row->type == BINDER_TEXTS) {
        *(uint32_t *)(void *)((uint8_t *)target + row->count_offset) =
            0; /* the default of a list is the empty one */
        return;
    }
    CHECK(binder_set_value(row, NULL, target, row->fallback, &result) == NULL);
}

static void format_list(const struct binder_row *row, const uint8_t *target, char *ret_text,
                        size_t size)
{
    uint32_t count = *(const uint32_t *)(const void *)(target + row->count_offset);
    size_t used = (size_t)snprintf(ret_text, size, "[");
    for (uint32_t i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(ret_text + used, size - used, "%s\"%s\"", i > 0 ? ", " : "",
                                 (const char *)target + row->offset + i * row->size);
    if (used < size)
        snprintf(ret_text + used, size - used, "]");
}

void binder_format_value(const struct binder_row *row, const void *target, char *ret_text,
                         size_t size)
{
    const uint8_t *field = (const uint8_t *)target + row->offset;
    switch (row->type) {
    case BINDER_BOOL:
        snprintf(ret_text, size, "%s", *(const bool *)field ? "yes" : "no");
        break;
    case BINDER_NUMBER:
        snprintf(ret_text, size, "%" PRId64, load_number(row, field));
        break;
    case BINDER_DURATION:
        format_time(load_number(row, field), ret_text, size);
        break;
    case BINDER_CHOICE:
        snprintf(ret_text, size, "%s", row->choices[*(const unsigned *)(const void *)field]);
        break;
    case BINDER_TEXTS:
        format_list(row, target, ret_text, size);
        break;
    default:
        snprintf(ret_text, size, "\"%s\"", (const char *)field);
    }
}
