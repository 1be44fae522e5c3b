#include "gateway/audit/opened.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "gateway/base/text.h"

#define OPENED_NAME_SIZE 32

struct opened_value {
    uint64_t seq;
    char name[OPENED_NAME_SIZE];
    uint8_t r[SHA256_BYTES];
    char value[AUDIT_SEALED_VALUE_MAX];
    bool holds;
};

struct opened {
    struct verifier_source inner;
    size_t count;
    struct opened_value values[OPENED_VALUES_MAX];
};

static bool line_parse(struct span line, struct opened_value *ret_value)
{
    const char *name, *r, *value;
    json_int_t seq;
    size_t length;
    json_t *object = json_loadb((const char *)line.data, line.length, JSON_REJECT_DUPLICATES, NULL);
    bool good = object != NULL &&
                json_unpack(object, "{s:s,s:s,s:I,s:s!}", "name", &name, "r", &r, "seq", &seq,
                            "value", &value) == 0 &&
                seq >= 0 && text_copy(ret_value->name, sizeof(ret_value->name), name) &&
                text_copy(ret_value->value, sizeof(ret_value->value), value) &&
                text_from_base64(r, ret_value->r, sizeof(ret_value->r), &length) &&
                length == sizeof(ret_value->r);
    ret_value->seq = good ? (uint64_t)seq : 0;
    json_decref(object);
    return good;
}

static enum result lines_parse(struct opened *opened, struct span lines)
{
    while (lines.length > 0) {
        const uint8_t *end = memchr(lines.data, '\n', lines.length);
        size_t length = end == NULL ? lines.length : (size_t)(end - lines.data);
        if (opened->count == OPENED_VALUES_MAX)
            return RESULT_TOO_MANY;
        if (!line_parse(span_of(lines.data, length), &opened->values[opened->count++]))
            return RESULT_PARSE;
        size_t taken = end == NULL ? length : length + 1;
        lines = span_of(lines.data + taken, lines.length - taken);
    }
    return RESULT_OK;
}

enum result opened_new(struct span lines, struct opened **ret_opened)
{
    struct opened *opened = calloc(1, sizeof(*opened));
    if (opened == NULL)
        return RESULT_NO_MEMORY;
    enum result result = lines_parse(opened, lines);
    if (result != RESULT_OK)
        opened_free(opened);
    else
        *ret_opened = opened;
    return result;
}

struct opened *opened_free(struct opened *opened)
{
    if (opened != NULL)
        sodium_memzero(opened, sizeof(*opened));
    free(opened);
    return NULL;
}

static enum result opened_read(void *context, uint64_t index, struct span *ret_entry)
{
    struct opened *opened = context;
    enum result result = opened->inner.read(opened->inner.context, index, ret_entry);
    for (size_t i = 0; result == RESULT_OK && i < opened->count; i++) {
        struct opened_value *value = &opened->values[i];
        if (value->seq == index)
            value->holds = verifier_sealed_holds(*ret_entry, value->name, value->r, value->value);
    }
    return result;
}

struct verifier_source opened_source(struct opened *opened, struct verifier_source inner)
{
    opened->inner = inner;
    return (struct verifier_source){.read = opened_read, .context = opened};
}

void opened_judge(const struct opened *opened, struct verifier_report *report)
{
    for (size_t i = 0; i < opened->count && report->status != VERIFIER_TAMPERED; i++) {
        if (opened->values[i].holds)
            continue;
        report->status = VERIFIER_TAMPERED;
        report->finding = VERIFIER_SEALED;
        report->has_bad_index = true;
        report->bad_index = opened->values[i].seq;
    }
}
