#include "media/rtp/opus_red.h"

#include <string.h>

#define OFFSET_MAX 0x3fff /* 14 bits */
#define LENGTH_MAX 0x3ff  /* 10 bits */
#define FOLLOWS    0x80   /* F bit: another block header comes */

_Static_assert(OPUS_RED_FRAME_MAX <= LENGTH_MAX, "a kept frame fits a block");
_Static_assert((OPUS_HISTORY_FRAMES & (OPUS_HISTORY_FRAMES - 1)) == 0 &&
                   OPUS_HISTORY_FRAMES > OPUS_RED_DISTANCE_MAX,
               "a place for every distance");

struct block_header {
    uint8_t payload_type;
    uint16_t offset, length; /* 0 for the primary, whose length is what is left */
};

/* RFC 2198 §3. Headers are kept in a ring so that of too many the newest remain; returns how many there were before the
 * primary, or -1. */
static int read_headers(struct bytes_reader *reader, struct block_header ring[OPUS_RED_OLDER_MAX],
                        size_t *ret_skipped, uint8_t *ret_primary_type)
{
    int count = 0;
    uint8_t first;
    *ret_skipped = 0;
    while (bytes_read_u8(reader, &first)) {
        uint32_t rest;
        if ((first & FOLLOWS) == 0) {
            *ret_primary_type = first;
            return count;
        }
        if (!bytes_read_u24(reader, &rest))
            return -1;
        struct block_header *header = &ring[count % OPUS_RED_OLDER_MAX];
        if (count >= OPUS_RED_OLDER_MAX)
            *ret_skipped += header->length;
        *header = (struct block_header){.payload_type = first & 0x7f,
                                        .offset = (uint16_t)(rest >> 10),
                                        .length = (uint16_t)(rest & LENGTH_MAX)};
        count++;
    }
    return -1;
}

enum result opus_red_parse(struct span payload, uint32_t timestamp, uint8_t opus_payload_type,
                           struct opus_red *ret_red)
{
    struct bytes_reader reader = bytes_reader_of(payload);
    struct block_header ring[OPUS_RED_OLDER_MAX] = {0};
    size_t skipped;
    uint8_t primary_type = 0;
    int total = read_headers(&reader, ring, &skipped, &primary_type);
    if (total < 0 || !bytes_skip(&reader, skipped))
        return RESULT_PARSE;
    uint32_t count = total < OPUS_RED_OLDER_MAX ? (uint32_t)total : OPUS_RED_OLDER_MAX;
    struct opus_red red = {.older_count = count};
    uint32_t offset_before = OFFSET_MAX + 1;
    bool ordered = true;
    for (uint32_t i = 0; i < count; i++) { /* oldest first */
        const struct block_header *header =
            &ring[((uint32_t)total - count + i) % OPUS_RED_OLDER_MAX];
        struct opus_frame *frame = &red.older[count - 1 - i];
        if (!bytes_read_span(&reader, header->length, &frame->payload))
            return RESULT_PARSE;
        if (header->payload_type != opus_payload_type)
            frame->payload.length = 0;
        frame->timestamp = timestamp - header->offset;
        ordered = ordered && header->offset < offset_before && header->offset > 0;
        offset_before = header->offset;
    }
    if (primary_type != opus_payload_type)
        return RESULT_UNSUPPORTED;
    if (!ordered)
        red.older_count = 0;
    red.primary =
        (struct opus_frame){.payload = span_of(reader.at, reader.left), .timestamp = timestamp};
    *ret_red = red;
    return RESULT_OK;
}

void opus_history_clear(struct opus_history *history)
{
    explicit_bzero(history, sizeof(*history));
}

bool opus_history_accepts(const struct opus_history *history, int64_t sequence)
{
    return history->first != 0 && sequence > history->first;
}

void opus_history_store(struct opus_history *history, int64_t sequence, uint32_t timestamp,
                        struct span payload)
{
    struct opus_history_frame *frame =
        &history->frames[(uint64_t)sequence & (OPUS_HISTORY_FRAMES - 1)];
    if (history->first == 0)
        history->first = sequence;
    if (frame->sequence >= sequence)
        return;
    frame->sequence = sequence;
    frame->timestamp = timestamp;
    frame->length = 0;
    if (payload.length == 0 || payload.length > OPUS_RED_FRAME_MAX)
        return;
    memcpy(frame->bytes, payload.data, payload.length);
    frame->length = (uint16_t)payload.length;
}

/* The kept frame of that number when it can stand in a packet with this timestamp. */
static const struct opus_history_frame *frame_before(const struct opus_history *history,
                                                     int64_t sequence, uint32_t timestamp)
{
    const struct opus_history_frame *frame =
        &history->frames[(uint64_t)sequence & (OPUS_HISTORY_FRAMES - 1)];
    uint32_t offset = timestamp - frame->timestamp;
    bool fits = frame->sequence == sequence && frame->length > 0 && offset > 0;
    return fits && offset <= OFFSET_MAX ? frame : NULL;
}

unsigned opus_red_write(const struct opus_history *history, int64_t sequence,
                        const struct opus_frame *frame, unsigned distance, int64_t oldest,
                        uint8_t opus_payload_type, struct bytes_writer *writer)
{
    const struct opus_history_frame *blocks[OPUS_RED_DISTANCE_MAX];
    unsigned count = 0;
    uint32_t newer = frame->timestamp;
    if (distance > OPUS_RED_DISTANCE_MAX)
        distance = OPUS_RED_DISTANCE_MAX;
    for (unsigned i = 1; i <= distance && sequence - (int64_t)i >= oldest; i++) {
        const struct opus_history_frame *block =
            frame_before(history, sequence - (int64_t)i, frame->timestamp);
        if (block == NULL || (int32_t)(newer - block->timestamp) <= 0)
            break; /* a reader counts blocks to find the number of each */
        blocks[count++] = block;
        newer = block->timestamp;
    }
    for (unsigned i = count; i > 0; i--) {
        const struct opus_history_frame *block = blocks[i - 1];
        bytes_write_u8(writer, FOLLOWS | opus_payload_type);
        bytes_write_u24(writer, (frame->timestamp - block->timestamp) << 10 | block->length);
    }
    if (count == 0)
        return 0;
    bytes_write_u8(writer, opus_payload_type);
    for (unsigned i = count; i > 0; i--)
        bytes_write(writer, blocks[i - 1]->bytes, blocks[i - 1]->length);
    bytes_write(writer, frame->payload.data, frame->payload.length);
    return count;
}
