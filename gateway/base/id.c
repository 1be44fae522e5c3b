#include "gateway/base/id.h"

#include <string.h>

#include "gateway/base/random.h"
#include "gateway/base/text.h"

struct id id_new(char kind)
{
    struct id id = {.text = {kind, '_'}};
    uint8_t raw[16];
    random_bytes(raw, sizeof(raw));
    text_hex(span_of(raw, sizeof(raw)), id.text + 2, sizeof(id.text) - 2);
    return id;
}

bool id_is_set(const struct id *id)
{
    return id->text[0] != 0;
}

bool id_equal(const struct id *a, const struct id *b)
{
    return strcmp(a->text, b->text) == 0;
}

bool id_parse(const char *text, struct id *ret_id)
{
    size_t length = strlen(text);
    if (length < 3 || length >= ID_TEXT_SIZE || text[0] < 'a' || text[0] > 'z' || text[1] != '_')
        return false;
    if (strspn(text + 2, "abcdefghijklmnopqrstuvwxyz0123456789_-") != length - 2)
        return false;
    memcpy(ret_id->text, text, length + 1);
    return true;
}
