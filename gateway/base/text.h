/* Bytes as text and back. Thread: any. Every function that writes takes the size of the place and NUL-terminates. */
#ifndef GATEWAY_BASE_TEXT_H
#define GATEWAY_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"

/* Lower-case hexadecimal; needs 2 × length + 1. */
void text_hex(struct span bytes, char *ret_text, size_t size);
MUST_CHECK bool text_from_hex(const char *text, uint8_t *ret_bytes, size_t size,
                              size_t *ret_length);

/* RFC 4648 §4 with padding; needs 4 × ceil(length / 3) + 1. */
void text_base64(struct span bytes, char *ret_text, size_t size);
/* Refuses characters outside the alphabet, missing padding and non-zero trailing bits. */
MUST_CHECK bool text_from_base64(const char *text, uint8_t *ret_bytes, size_t size,
                                 size_t *ret_length);
/* RFC 4648 §5 without padding. */
void text_base64url(struct span bytes, char *ret_text, size_t size);

/* Well-formed UTF-8 without C0/C1 controls (a newline is a control too). */
bool text_is_plain_utf8(const char *text, size_t length);

/* snprintf that says whether everything fitted. */
MUST_CHECK bool text_format(char *ret_text, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
