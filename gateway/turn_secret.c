#include "gateway/turn_secret.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Letters, digits and what base64 or hex needs: the same in our file and in turnserver.conf, where # and blanks are not. */
static bool secret_is_plain(const char *secret)
{
    static const char signs[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=_.-";
    return strspn(secret, signs) == strlen(secret);
}

enum result turn_secret_read(const char *file, char ret_secret[TURN_SECRET_SIZE], char *ret_message,
                             size_t size)
{
    char line[TURN_SECRET_SIZE + 2] = ""; /* one more than fits, and its end */
    FILE *stream = fopen(file, "re");
    /* Unbuffered: no second copy of the secret stays behind on the heap. */
    bool got = stream != NULL && setvbuf(stream, NULL, _IONBF, 0) == 0 &&
               fgets(line, sizeof(line), stream) != NULL;
    if (stream != NULL)
        fclose(stream);
    if (!got) {
        snprintf(ret_message, size,
                 "%s:1: the secret of turn.secret cannot be read; allowed: a file with one line",
                 file);
        return RESULT_IO;
    }
    line[strcspn(line, "\r\n")] = '\0';
    size_t length = strlen(line);
    bool good = length >= TURN_SECRET_MIN && length < TURN_SECRET_SIZE && secret_is_plain(line);
    if (good)
        memcpy(ret_secret, line, length + 1);
    else
        snprintf(
            ret_message, size,
            "%s:1: is no secret for turn.secret; allowed: %d to %d letters, digits or + / = _ . "
            "-, as from openssl rand -hex 32",
            file, TURN_SECRET_MIN, TURN_SECRET_SIZE - 1);
    explicit_bzero(line, sizeof(line));
    return good ? RESULT_OK : RESULT_INVALID;
}
