#include "gateway/base/bytes.h"

#include <string.h>

bool bytes_read_span(struct bytes_reader *reader, size_t length, struct span *ret_span)
{
    if (length > reader->left)
        return false;
    *ret_span = span_of(reader->at, length);
    reader->at += length;
    reader->left -= length;
    return true;
}

bool bytes_skip(struct bytes_reader *reader, size_t length)
{
    struct span skipped;
    return bytes_read_span(reader, length, &skipped);
}

bool bytes_read_u8(struct bytes_reader *reader, uint8_t *ret_value)
{
    struct span span;
    if (!bytes_read_span(reader, 1, &span))
        return false;
    *ret_value = span.data[0];
    return true;
}

bool bytes_read_u16(struct bytes_reader *reader, uint16_t *ret_value)
{
    struct span span;
    if (!bytes_read_span(reader, 2, &span))
        return false;
    *ret_value = bytes_get_u16(span.data);
    return true;
}

bool bytes_read_u24(struct bytes_reader *reader, uint32_t *ret_value)
{
    struct span span;
    if (!bytes_read_span(reader, 3, &span))
        return false;
    *ret_value = bytes_get_u24(span.data);
    return true;
}

bool bytes_read_u32(struct bytes_reader *reader, uint32_t *ret_value)
{
    struct span span;
    if (!bytes_read_span(reader, 4, &span))
        return false;
    *ret_value = bytes_get_u32(span.data);
    return true;
}

/* The place for `length` more bytes, or NULL when they do not fit. */
static uint8_t *bytes_claim(struct bytes_writer *writer, size_t length)
{
    if (writer->overflowed || length > writer->size - writer->used) {
        writer->overflowed = true;
        return NULL;
    }
    uint8_t *at = writer->start + writer->used;
    writer->used += length;
    return at;
}

void bytes_write_u8(struct bytes_writer *writer, uint8_t value)
{
    bytes_write(writer, &value, 1);
}

void bytes_write_u16(struct bytes_writer *writer, uint16_t value)
{
    uint8_t *at = bytes_claim(writer, 2);
    if (at != NULL)
        bytes_put_u16(at, value);
}

void bytes_write_u24(struct bytes_writer *writer, uint32_t value)
{
    uint8_t *at = bytes_claim(writer, 3);
    if (at != NULL)
        bytes_put_u24(at, value);
}

void bytes_write_u32(struct bytes_writer *writer, uint32_t value)
{
    uint8_t *at = bytes_claim(writer, 4);
    if (at != NULL)
        bytes_put_u32(at, value);
}

void bytes_write(struct bytes_writer *writer, const void *data, size_t length)
{
    uint8_t *at = bytes_claim(writer, length);
    if (at != NULL && length > 0)
        memcpy(at, data, length);
}

bool text_copy(char *ret_text, size_t size, const char *text)
{
    size_t length = strlen(text);
    if (length >= size) {
        ret_text[0] = 0;
        return false;
    }
    memcpy(ret_text, text, length + 1);
    return true;
}
