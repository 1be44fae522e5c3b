/* Bounded views and cursors. Parsers use these instead of pointer arithmetic: a read past the end returns false and
 * changes nothing, so a parser is a chain of reads. Thread: any. Nothing here allocates. */
#ifndef GATEWAY_BASE_BYTES_H
#define GATEWAY_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"

/* Somebody else's bytes. */
struct span {
    const uint8_t *data;
    size_t length;
};

static inline struct span span_of(const void *data, size_t length)
{
    return (struct span){.data = data, .length = length};
}

/* Network byte order at a place known to be long enough. */
static inline uint16_t bytes_get_u16(const uint8_t *at)
{
    return (uint16_t)((unsigned)at[0] << 8 | at[1]);
}
static inline uint32_t bytes_get_u24(const uint8_t *at)
{
    return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}
static inline uint32_t bytes_get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}
static inline void bytes_put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}
static inline void bytes_put_u24(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 16);
    at[1] = (uint8_t)(value >> 8);
    at[2] = (uint8_t)value;
}
static inline void bytes_put_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

struct bytes_reader {
    const uint8_t *at;
    size_t left;
};

static inline struct bytes_reader bytes_reader_of(struct span span)
{
    return (struct bytes_reader){.at = span.data, .left = span.length};
}
MUST_CHECK bool bytes_read_u8(struct bytes_reader *reader, uint8_t *ret_value);
MUST_CHECK bool bytes_read_u16(struct bytes_reader *reader, uint16_t *ret_value);
MUST_CHECK bool bytes_read_u24(struct bytes_reader *reader, uint32_t *ret_value);
MUST_CHECK bool bytes_read_u32(struct bytes_reader *reader, uint32_t *ret_value);
MUST_CHECK bool bytes_read_span(struct bytes_reader *reader, size_t length, struct span *ret_span);
MUST_CHECK bool bytes_skip(struct bytes_reader *reader, size_t length);

/* Writes into the caller's storage. The first write that does not fit marks the writer as overflowed; later writes do
 * nothing, so a builder checks once at its end. */
struct bytes_writer {
    uint8_t *start;
    size_t used;
    size_t size;
    bool overflowed;
};

static inline struct bytes_writer bytes_writer_of(void *storage, size_t size)
{
    return (struct bytes_writer){.start = storage, .used = 0, .size = size, .overflowed = false};
}
void bytes_write_u8(struct bytes_writer *writer, uint8_t value);
void bytes_write_u16(struct bytes_writer *writer, uint16_t value);
void bytes_write_u24(struct bytes_writer *writer, uint32_t value);
void bytes_write_u32(struct bytes_writer *writer, uint32_t value);
void bytes_write(struct bytes_writer *writer, const void *data, size_t length);

/* Copies text with its NUL when it fits in `size`, else leaves `ret_text` empty and returns false. */
MUST_CHECK bool text_copy(char *ret_text, size_t size, const char *text);

#endif
