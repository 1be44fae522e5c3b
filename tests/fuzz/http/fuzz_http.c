/* A query string or Cookie header and a name, with a zero byte between → the value helpers. Oracle: a value that is found
 * fits, ends, and is plain UTF-8; a value that is not found leaves an empty text. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "signaling/signaling.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_value(bool found, const char *value, size_t size)
{
    size_t length = strnlen(value, size);
    CHECK(length < size);
    CHECK(found ? text_is_plain_utf8(value, length) : length == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = calloc(1, size + 2);
    CHECK(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    const char *name = text + strlen(text) + 1;
    if (name >= text + size || *name == 0)
        name = "a";
    for (size_t room = 1; room <= 64; room *= 4) {
        char *value = malloc(room); /* exact, so the sanitizer sees one byte too far */
        CHECK(value != NULL);
        check_value(http_query_value(text, name, value, room), value, room);
        check_value(http_cookie_value(text, name, value, room), value, room);
        free(value);
    }
    free(text);
    return 0;
}
