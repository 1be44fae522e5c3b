/* Names of people as they are sealed in the store. */
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/control/control_state.h"

/* A person's name as a canonical JSON text to be sealed: {"name":"…"}. Controls were refused before; quotes and
 * backslashes are the only characters left to escape (RFC 8785 §3.2.2.2). */
enum result name_seal_text(const char *name, char *ret_text, size_t size)
{
    char escaped[2 * 121];
    size_t used = 0;
    for (const char *at = name; *at != 0; at++) {
        if (*at == '"' || *at == '\\')
            escaped[used++] = '\\';
        escaped[used++] = *at;
    }
    escaped[used] = 0;
    return text_format(ret_text, size, "{\"name\":\"%s\"}", escaped) ? RESULT_OK : RESULT_TOO_LARGE;
}

/* The name out of the sealed {"name":"…"}, undoing those two escapes. */
void name_of_sealed(const char *personal, char *ret_name, size_t size)
{
    const char *at = strstr(personal, "\"name\":\"");
    size_t used = 0;
    if (at == NULL)
        return;
    for (at += 8; *at != 0 && *at != '"' && used + 1 < size; at++) {
        if (*at == '\\' && at[1] != 0)
            at++;
        ret_name[used++] = *at;
    }
    ret_name[used] = 0;
}
