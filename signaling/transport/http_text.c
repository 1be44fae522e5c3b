/* Values inside a query string and a Cookie header; pure text, no library. */
#include <stdio.h>
#include <string.h>

#include "gateway/base/text.h"
#include "signaling/signaling.h"

/* '%41' → 'A', '+' → ' ' (application/x-www-form-urlencoded). False on a broken escape, a NUL or lack of room. */
static bool percent_decode(const char *text, size_t length, char *ret_value, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = text[i] == '+' ? ' ' : (uint8_t)text[i];
        if (text[i] == '%') {
            char digits[3] = "";
            size_t got = 0;
            if (i + 2 >= length)
                return false;
            memcpy(digits, text + i + 1, 2);
            if (!text_from_hex(digits, &byte, 1, &got) || got != 1)
                return false;
            i += 2;
        }
        if (byte == 0 || used + 1 >= size)
            return false;
        ret_value[used++] = (char)byte;
    }
    ret_value[used] = 0;
    return text_is_plain_utf8(ret_value, used);
}

bool http_query_value(const char *query, const char *name, char *ret_value, size_t size)
{
    size_t name_length = strlen(name);
    if (size == 0)
        return false;
    ret_value[0] = 0;
    for (const char *at = query; *at != 0;) {
        size_t length = strcspn(at, "&");
        if (length > name_length && at[name_length] == '=' && strncmp(at, name, name_length) == 0) {
            if (percent_decode(at + name_length + 1, length - name_length - 1, ret_value, size))
                return true;
            ret_value[0] = 0;
            return false;
        }
        at += length + (at[length] != 0 ? 1 : 0);
    }
    return false;
}

/* RFC 6265 §4.2: name=value pairs with "; " between. The first of the name counts. */
bool http_cookie_value(const char *cookie, const char *name, char *ret_value, size_t size)
{
    size_t name_length = strlen(name);
    if (size == 0)
        return false;
    ret_value[0] = 0;
    for (const char *at = cookie; *at != 0;) {
        at += strspn(at, "; ");
        size_t length = strcspn(at, ";");
        if (length > name_length && at[name_length] == '=' && strncmp(at, name, name_length) == 0) {
            const char *value = at + name_length + 1;
            size_t value_length = length - name_length - 1;
            if (value_length >= size || !text_is_plain_utf8(value, value_length))
                return false;
            memcpy(ret_value, value, value_length);
            ret_value[value_length] = 0;
            return true;
        }
        at += length;
    }
    return false;
}
