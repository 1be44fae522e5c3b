#include "gateway/audit/export.h"

#include <string.h>

enum result export_open(struct span file, struct export_file *ret_export)
{
    const size_t title = strlen(EXPORT_TITLE);
    if (file.length < title || memcmp(file.data, EXPORT_TITLE, title) != 0)
        return RESULT_UNSUPPORTED;
    struct span rest = span_of(file.data + title, file.length - title);
    /* The empty line right after the title belongs to a log without records. */
    const uint8_t *end = rest.length > 0 && rest.data[0] == '\n'
                             ? rest.data
                             : memmem(rest.data, rest.length, "\n\n", 2);
    *ret_export = (struct export_file){.records = rest};
    if (end == NULL)
        return RESULT_OK;
    size_t records = end == rest.data ? 0 : (size_t)(end - rest.data) + 1;
    ret_export->records.length = records;
    ret_export->checkpoint = span_of(rest.data + records + 1, rest.length - records - 1);
    return RESULT_OK;
}

static enum result export_read(void *context, uint64_t index, struct span *ret_entry)
{
    struct export_file *file = context;
    (void)index; /* rising by one, as the verifier promises */
    if (file->records.length == 0)
        return RESULT_NOT_FOUND;
    const uint8_t *end = memchr(file->records.data, '\n', file->records.length);
    size_t length = end == NULL ? file->records.length : (size_t)(end - file->records.data);
    size_t taken = end == NULL ? length : length + 1;
    *ret_entry = span_of(file->records.data, length);
    file->records = span_of(file->records.data + taken, file->records.length - taken);
    return RESULT_OK;
}

struct verifier_source export_source(struct export_file *file)
{
    return (struct verifier_source){.read = export_read, .context = file};
}
