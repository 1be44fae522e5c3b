#include "media/feedback/transport_cc.h"

#include <string.h>

#include "gateway/base/clock.h"

#define WINDOW              TRANSPORT_CC_WINDOW
#define REFERENCE_US        64000 /* draft §3.1: the reference time counts 64 ms */
#define TICK_US             250   /* §3.1.5: a delta counts 250 µs */
#define FORMAT_TRANSPORT_CC 15
#define HEAD_BYTES          20
#define FEEDBACK_BYTES_MAX  1000 /* of one packet: fits every path with SRTCP around it */
#define RUN_MAX             0x1fff
#define FEEDBACK_BITS_USUAL (68 * 8)

_Static_assert((WINDOW & (WINDOW - 1)) == 0, "a power of two");

enum symbol { SYMBOL_MISSING, SYMBOL_SMALL, SYMBOL_LARGE };

void transport_cc_recorder_init(struct transport_cc_recorder *recorder)
{
    memset(recorder, 0, sizeof(*recorder));
}

static int64_t *arrival(struct transport_cc_recorder *recorder, int64_t number)
{
    return &recorder->arrived_us[(uint64_t)number % WINDOW];
}

static void advance(struct transport_cc_recorder *recorder, int64_t number)
{
    if (number - recorder->highest >= WINDOW) {
        memset(recorder->arrived_us, 0, sizeof(recorder->arrived_us));
    } else {
        for (int64_t i = recorder->highest + 1; i <= number; i++)
            *arrival(recorder, i) = 0;
    }
    recorder->highest = number;
    if (recorder->next <= number - WINDOW)
        recorder->next = number - WINDOW + 1;
}

void transport_cc_arrived(struct transport_cc_recorder *recorder, uint16_t number, int64_t now_us)
{
    if (!recorder->started) {
        recorder->started = true;
        recorder->highest = 0x10000 + (int64_t)number; /* a late one from before stays positive */
        recorder->next = recorder->highest;
        recorder->last_sent_us = now_us;
    }
    int64_t unwrapped = recorder->highest + (int16_t)(number - (uint16_t)recorder->highest);
    if (unwrapped > recorder->highest)
        advance(recorder, unwrapped);
    if (recorder->highest - unwrapped >= WINDOW || *arrival(recorder, unwrapped) != 0)
        return;
    *arrival(recorder, unwrapped) = now_us > 0 ? now_us : 1;
    /* Late: it was reported missing; report from it again. */
    if (unwrapped < recorder->next)
        recorder->next = unwrapped;
    recorder->pending = true;
}

int64_t transport_cc_due_us(const struct transport_cc_recorder *recorder, uint32_t bitrate_bps)
{
    if (!recorder->pending)
        return INT64_MAX;
    int64_t interval_us = TRANSPORT_CC_INTERVAL_US;
    if (bitrate_bps > 0)
        interval_us = FEEDBACK_BITS_USUAL * US_PER_S * 20 / bitrate_bps; /* 5 % of it */
    if (interval_us < TRANSPORT_CC_INTERVAL_SHORTEST_US)
        interval_us = TRANSPORT_CC_INTERVAL_SHORTEST_US;
    if (interval_us > TRANSPORT_CC_INTERVAL_LONGEST_US)
        interval_us = TRANSPORT_CC_INTERVAL_LONGEST_US;
    return recorder->last_sent_us + interval_us;
}

/* What one feedback packet will say. */
struct feedback {
    int64_t base;
    int64_t reference; /* in units of 64 ms */
    size_t count;
    size_t delta_bytes;
    uint8_t symbols[WINDOW];
    int16_t deltas[WINDOW]; /* of the arrived ones, in order */
    size_t deltas_count;
};

static size_t chunks_bytes_most(size_t count)
{
    return (count + 6) / 7 * 2;
}

/* Adds one number; false when it has to begin the next packet (too big a step in time, or no room). */
static bool feedback_add(struct feedback *feedback, int64_t arrived_us, int64_t *time_us,
                         size_t room)
{
    uint8_t symbol = SYMBOL_MISSING;
    int64_t ticks = 0;
    if (arrived_us != 0) {
        int64_t step_us = arrived_us - *time_us;
        ticks = (step_us + (step_us < 0 ? -TICK_US / 2 : TICK_US / 2)) / TICK_US;
        if (ticks < INT16_MIN || ticks > INT16_MAX)
            return false;
        symbol = ticks >= 0 && ticks <= 255 ? SYMBOL_SMALL : SYMBOL_LARGE;
    }
    size_t bytes =
        HEAD_BYTES + chunks_bytes_most(feedback->count + 1) + feedback->delta_bytes + symbol + 3;
    if (bytes > room)
        return false;
    feedback->symbols[feedback->count++] = symbol;
    if (symbol != SYMBOL_MISSING) {
        feedback->deltas[feedback->deltas_count++] = (int16_t)ticks;
        feedback->delta_bytes += symbol; /* small takes one byte, large two */
        *time_us += ticks * TICK_US;
    }
    return true;
}

static void feedback_collect(struct transport_cc_recorder *recorder, size_t room,
                             struct feedback *feedback)
{
    int64_t number = recorder->next;
    while (number <= recorder->highest && *arrival(recorder, number) == 0)
        number++;
    feedback->base = recorder->next;
    feedback->count = feedback->deltas_count = feedback->delta_bytes = 0;
    if (number > recorder->highest)
        return;
    feedback->reference = *arrival(recorder, number) / REFERENCE_US;
    int64_t time_us = feedback->reference * REFERENCE_US;
    for (number = recorder->next; number <= recorder->highest; number++) {
        if (!feedback_add(feedback, *arrival(recorder, number), &time_us, room))
            return;
    }
}

static size_t run_length(const struct feedback *feedback, size_t from)
{
    size_t length = 1;
    while (from + length < feedback->count && length < RUN_MAX &&
           feedback->symbols[from + length] == feedback->symbols[from])
        length++;
    return length;
}

/* A vector chunk of `bits`-wide symbols (§3.1.4): 14 of one bit, 7 of two. Zeroes where the list ends. */
static uint16_t vector_chunk(const struct feedback *feedback, size_t from, unsigned bits)
{
    unsigned places = 14 / bits;
    uint16_t chunk = bits == 1 ? 0x8000 : 0xc000;
    for (unsigned i = 0; i < places && from + i < feedback->count; i++)
        chunk |= (uint16_t)(feedback->symbols[from + i] << (14 - bits * (i + 1)));
    return chunk;
}

static bool one_bit_suffices(const struct feedback *feedback, size_t from)
{
    for (size_t i = from; i < from + 14 && i < feedback->count; i++) {
        if (feedback->symbols[i] > SYMBOL_SMALL)
            return false;
    }
    return true;
}

static void write_chunks(struct bytes_writer *writer, const struct feedback *feedback)
{
    for (size_t i = 0; i < feedback->count;) {
        size_t run = run_length(feedback, i);
        if (run >= 14 || i + run == feedback->count) { /* §3.1.3 */
            bytes_write_u16(writer, (uint16_t)((size_t)feedback->symbols[i] << 13 | run));
            i += run;
        } else if (one_bit_suffices(feedback, i)) {
            bytes_write_u16(writer, vector_chunk(feedback, i, 1));
            i += 14;
        } else {
            bytes_write_u16(writer, vector_chunk(feedback, i, 2));
            i += 7;
        }
    }
}

static void write_feedback(struct bytes_writer *writer, const struct feedback *feedback,
                           uint32_t sender_ssrc, uint32_t media_ssrc, uint8_t feedback_count)
{
    size_t at = writer->used;
    bytes_write_u8(writer, 0x80 | FORMAT_TRANSPORT_CC);
    bytes_write_u8(writer, RTCP_RTPFB);
    bytes_write_u16(writer, 0);
    bytes_write_u32(writer, sender_ssrc);
    bytes_write_u32(writer, media_ssrc);
    bytes_write_u16(writer, (uint16_t)feedback->base);
    bytes_write_u16(writer, (uint16_t)feedback->count);
    bytes_write_u24(writer, (uint32_t)feedback->reference & 0xffffff);
    bytes_write_u8(writer, feedback_count);
    write_chunks(writer, feedback);
    for (size_t i = 0; i < feedback->deltas_count; i++) {
        int16_t delta = feedback->deltas[i];
        if (delta >= 0 && delta <= 255)
            bytes_write_u8(writer, (uint8_t)delta);
        else
            bytes_write_u16(writer, (uint16_t)delta);
    }
    /* Zeroes to the end of the word, without the P bit: readers know where the deltas end, and RFC 3550 §6.4.1 wants P
     * only in the last packet of a compound and for whole words. */
    while ((writer->used - at) % 4 != 0 && !writer->overflowed)
        bytes_write_u8(writer, 0);
    if (writer->overflowed)
        return;
    bytes_put_u16(writer->start + at + 2, (uint16_t)((writer->used - at) / 4 - 1));
}

bool transport_cc_write(struct transport_cc_recorder *recorder, uint32_t sender_ssrc,
                        uint32_t media_ssrc, int64_t now_us, struct bytes_writer *writer)
{
    if (!recorder->pending || writer->overflowed)
        return false;
    size_t room = writer->size - writer->used;
    if (room > FEEDBACK_BYTES_MAX)
        room = FEEDBACK_BYTES_MAX;
    struct feedback feedback;
    feedback_collect(recorder, room, &feedback);
    if (feedback.deltas_count == 0)
        return false;
    write_feedback(writer, &feedback, sender_ssrc, media_ssrc, recorder->feedback_count++);
    recorder->next += (int64_t)feedback.count;
    recorder->pending = recorder->next <= recorder->highest;
    recorder->last_sent_us = now_us;
    return true;
}

/* The next symbol of the chunks; false at their end. */
static bool next_symbol(struct transport_cc_reader *reader, uint8_t *ret_symbol)
{
    if (reader->run_left == 0 && reader->chunk_left == 0) {
        if (!bytes_read_u16(&reader->chunks, &reader->chunk))
            return false;
        if ((reader->chunk & 0x8000) == 0)
            reader->run_left = reader->chunk & RUN_MAX;
        else
            reader->chunk_left = (reader->chunk & 0x4000) == 0 ? 14 : 7;
        if (reader->run_left == 0 && reader->chunk_left == 0)
            return false; /* a run of nothing */
    }
    if (reader->run_left > 0) {
        reader->run_left--;
        *ret_symbol = reader->chunk >> 13 & 0x03;
    } else if ((reader->chunk & 0x4000) == 0) {
        *ret_symbol = reader->chunk >> --reader->chunk_left & 0x01;
    } else {
        *ret_symbol = reader->chunk >> (2 * --reader->chunk_left) & 0x03;
    }
    return true;
}

/* Walks the chunks once to find where the deltas begin and whether all of them are there. */
static bool split_entries(struct transport_cc_reader *reader, struct bytes_reader rest)
{
    struct transport_cc_reader walk = *reader;
    size_t delta_bytes = 0;
    walk.chunks = rest;
    for (uint16_t i = 0; i < reader->left; i++) {
        uint8_t symbol = 0;
        if (!next_symbol(&walk, &symbol) || symbol > SYMBOL_LARGE)
            return false;
        delta_bytes += symbol;
    }
    reader->chunks = (struct bytes_reader){.at = rest.at, .left = rest.left - walk.chunks.left};
    reader->deltas = walk.chunks;
    return reader->deltas.left >= delta_bytes;
}

enum result transport_cc_reader_init(struct transport_cc_reader *reader,
                                     const struct rtcp_item *item)
{
    struct transport_cc_reader made = {0};
    struct bytes_reader rest = bytes_reader_of(item->entries);
    uint32_t reference = 0;
    uint8_t feedback_count = 0;
    if (item->kind != RTCP_KIND_TRANSPORT_CC || !bytes_read_u16(&rest, &made.next_number) ||
        !bytes_read_u16(&rest, &made.left) || made.left == 0 ||
        !bytes_read_u24(&rest, &reference) || !bytes_read_u8(&rest, &feedback_count))
        return RESULT_PARSE;
    made.time_us = (int64_t)reference * REFERENCE_US;
    if (!split_entries(&made, rest))
        return RESULT_PARSE;
    *reader = made;
    return RESULT_OK;
}

bool transport_cc_next(struct transport_cc_reader *reader, struct transport_cc_status *ret_status)
{
    uint8_t symbol = 0, small = 0;
    uint16_t large = 0;
    if (reader->left == 0 || !next_symbol(reader, &symbol))
        return false;
    if (symbol == SYMBOL_SMALL && bytes_read_u8(&reader->deltas, &small))
        reader->time_us += small * TICK_US;
    else if (symbol == SYMBOL_LARGE && bytes_read_u16(&reader->deltas, &large))
        reader->time_us += (int16_t)large * TICK_US;
    *ret_status = (struct transport_cc_status){.number = reader->next_number++,
                                               .arrived = symbol != SYMBOL_MISSING,
                                               .arrived_us = reader->time_us};
    reader->left--;
    return true;
}
