/* Names of stored things: two letters for the kind, then 128 random bits in hexadecimal: "c_5f0c…".
 * Safe in URLs, logs and records; says nothing about the person. Thread: any. */
#ifndef GATEWAY_BASE_ID_H
#define GATEWAY_BASE_ID_H

#include <stdbool.h>

#define ID_TEXT_SIZE 36

struct id {
    char text[ID_TEXT_SIZE]; /* NUL-terminated; empty means none */
};

/* `kind` is one lower-case letter: c consultation, i institution, s staff, p patient, n session, v invitation,
 * d decision, e endpoint, k subject key, r request, b binding of a device, g guest of a consultation, w WHIP or WHEP session. */
struct id id_new(char kind);
bool id_is_set(const struct id *id);
bool id_equal(const struct id *a, const struct id *b);
/* Accepts exactly what id_new makes (and the short ids of hand-made demo data: [a-z]_[a-z0-9_-]{1,32}). */
bool id_parse(const char *text, struct id *ret_id);

#endif
