#include "signaling/whip/whip_fragment.h"

#include <string.h>

#include "gateway/base/text.h"

#define ICE_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
#define UFRAG_LEAST    4 /* RFC 8839 §5.4 */
#define PWD_LEAST      22

/* Said once for the session or again for the m-line of the bundle's tag: always the same pair. */
static enum result take(const char *value, size_t least, char *ret_text, size_t size)
{
    size_t length = strlen(value);
    if (length < least || length >= size || strspn(value, ICE_CHARACTERS) != length)
        return RESULT_PARSE;
    if (ret_text[0] != 0 && strcmp(ret_text, value) != 0)
        return RESULT_PARSE;
    memcpy(ret_text, value, length + 1);
    return RESULT_OK;
}

static enum result take_line(const char *line, struct whip_fragment *fragment)
{
    /* RFC 8866 §5: one letter, '=', value. */
    if (line[0] < 'a' || line[0] > 'z' || line[1] != '=')
        return RESULT_PARSE;
    if (line[0] != 'a')
        return RESULT_OK;
    const char *attribute = line + 2;
    if (strncmp(attribute, "ice-ufrag:", 10) == 0)
        return take(attribute + 10, UFRAG_LEAST, fragment->ice.ufrag, WHIP_UFRAG_SIZE);
    if (strncmp(attribute, "ice-pwd:", 8) == 0)
        return take(attribute + 8, PWD_LEAST, fragment->ice.pwd, WHIP_PWD_SIZE);
    if (strncmp(attribute, "candidate:", 10) == 0)
        fragment->candidates++;
    else if (strcmp(attribute, "end-of-candidates") == 0)
        fragment->end_of_candidates = true;
    return RESULT_OK;
}

/* The next line without its CRLF or LF; false at the end. */
static bool next_line(struct span *text, char *ret_line, enum result *ret_result)
{
    if (text->length == 0)
        return false;
    const uint8_t *end = memchr(text->data, '\n', text->length);
    size_t whole = end == NULL ? text->length : (size_t)(end - text->data) + 1;
    size_t length = end == NULL ? whole : whole - 1;
    if (length > 0 && text->data[length - 1] == '\r')
        length--;
    *ret_result = length > WHIP_FRAGMENT_LINE_MAX ? RESULT_TOO_LARGE : RESULT_OK;
    if (result_ok(*ret_result)) {
        memcpy(ret_line, text->data, length);
        ret_line[length] = 0;
        if (!text_is_plain_utf8(ret_line, length))
            *ret_result = RESULT_PARSE;
    }
    *text = span_of(text->data + whole, text->length - whole);
    return true;
}

enum result whip_fragment_parse(struct span text, struct whip_fragment *ret_fragment)
{
    struct whip_fragment fragment = {.candidates = 0};
    char line[WHIP_FRAGMENT_LINE_MAX + 1];
    enum result result = RESULT_OK;
    for (unsigned lines = 0; next_line(&text, line, &result); lines++) {
        if (lines == WHIP_FRAGMENT_LINES_MAX)
            return RESULT_TOO_MANY;
        if (result_ok(result))
            result = take_line(line, &fragment);
        if (!result_ok(result))
            return result;
    }
    if ((fragment.ice.ufrag[0] == 0) != (fragment.ice.pwd[0] == 0))
        return RESULT_PARSE;
    *ret_fragment = fragment;
    return RESULT_OK;
}

enum result whip_fragment_write(const struct whip_ice *ours, char *ret_text, size_t size,
                                size_t *ret_length)
{
    if (!text_format(ret_text, size, "a=ice-lite\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n",
                     ours->ufrag, ours->pwd))
        return RESULT_TOO_LARGE;
    *ret_length = strlen(ret_text);
    return RESULT_OK;
}
