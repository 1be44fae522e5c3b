#include "gateway/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/check.h"

static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char BASE64URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void text_hex(struct span bytes, char *ret_text, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    CHECK(size >= bytes.length * 2 + 1);
    for (size_t i = 0; i < bytes.length; i++) {
        ret_text[2 * i] = digits[bytes.data[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    ret_text[bytes.length * 2] = 0;
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

bool text_from_hex(const char *text, uint8_t *ret_bytes, size_t size, size_t *ret_length)
{
    size_t length = strlen(text);
    if (length % 2 != 0 || length / 2 > size)
        return false;
    for (size_t i = 0; i < length / 2; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret_bytes[i] = (uint8_t)(high << 4 | low);
    }
    *ret_length = length / 2;
    return true;
}

static void base64_write(struct span bytes, const char *alphabet, bool padded, char *ret_text,
                         size_t size)
{
    CHECK(size >= (bytes.length + 2) / 3 * 4 + 1 ||
          (!padded && size >= (bytes.length * 4 + 2) / 3 + 1));
    size_t used = 0;
    for (size_t i = 0; i < bytes.length; i += 3) {
        size_t here = bytes.length - i < 3 ? bytes.length - i : 3;
        uint32_t group = (uint32_t)bytes.data[i] << 16;
        if (here > 1)
            group |= (uint32_t)bytes.data[i + 1] << 8;
        if (here > 2)
            group |= bytes.data[i + 2];
        for (size_t k = 0; k < 4; k++) {
            if (k <= here)
                ret_text[used++] = alphabet[group >> (18 - 6 * k) & 63];
            else if (padded)
                ret_text[used++] = '=';
        }
    }
    ret_text[used] = 0;
}

void text_base64(struct span bytes, char *ret_text, size_t size)
{
    base64_write(bytes, BASE64, true, ret_text, size);
}

void text_base64url(struct span bytes, char *ret_text, size_t size)
{
    base64_write(bytes, BASE64URL, false, ret_text, size);
}

bool text_from_base64(const char *text, uint8_t *ret_bytes, size_t size, size_t *ret_length)
{
    size_t length = strlen(text), used = 0;
    if (length % 4 != 0)
        return false;
    for (size_t i = 0; i < length; i += 4) {
        uint32_t group = 0;
        int padding = 0;
        for (size_t k = 0; k < 4; k++) {
            const char *digit = text[i + k] == 0 ? NULL : strchr(BASE64, text[i + k]);
            bool pad = text[i + k] == '=' && k >= 2 && i + 4 == length;
            if (pad)
                padding++;
            else if (digit == NULL || padding > 0)
                return false;
            group = group << 6 | (pad ? 0 : (uint32_t)(digit - BASE64));
        }
        if ((padding == 1 && (group & 0xff) != 0) || (padding == 2 && (group & 0xffff) != 0))
            return false;
        for (int k = 0; k < 3 - padding; k++) {
            if (used == size)
                return false;
            ret_bytes[used++] = (uint8_t)(group >> (16 - 8 * k));
        }
    }
    *ret_length = used;
    return true;
}

/* Length of the well-formed UTF-8 sequence at `at` (RFC 3629 §4), or 0. */
static size_t utf8_length(const uint8_t *at, size_t left)
{
    if (at[0] < 0x80)
        return 1;
    size_t need = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || left < need)
        return 0;
    for (size_t i = 1; i < need; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return need;
}

bool text_is_plain_utf8(const char *text, size_t length)
{
    const uint8_t *at = (const uint8_t *)text;
    for (size_t i = 0; i < length;) {
        size_t here = utf8_length(at + i, length - i);
        if (here == 0 || at[i] < 0x20 || at[i] == 0x7f ||
            (here == 2 && at[i] == 0xc2 && at[i + 1] < 0xa0))
            return false;
        i += here;
    }
    return true;
}

bool text_format(char *ret_text, size_t size, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    int length = vsnprintf(ret_text, size, format, values);
    va_end(values);
    return length >= 0 && (size_t)length < size;
}
