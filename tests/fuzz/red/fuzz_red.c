/* Redundant sound in two modes, told by the first byte. Even: the rest is a RED payload for the parser. Odd: the rest is a
 * sequence of operations; a sender writes RED from its history, a line loses, repeats and reorders, and what the
 * receiver gets back out of later packets has to be what was said, under the number and the time it was said at. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "media/feedback/receive_stats.h"
#include "media/media_limits.h"
#include "media/rtp/opus_red.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OPUS_PT   111
#define IN_FLIGHT 8

static void inside(struct span part, struct span whole)
{
    CHECK(part.length == 0 ||
          (part.data >= whole.data && part.data + part.length <= whole.data + whole.length));
}

static void parse_one(const uint8_t *data, size_t size)
{
    uint8_t *payload = malloc(size + 1);
    struct opus_red red;
    CHECK(payload != NULL);
    memcpy(payload, data, size);
    struct span whole = span_of(payload, size);
    if (result_ok(opus_red_parse(whole, 1000000, OPUS_PT, &red))) {
        CHECK(red.older_count <= OPUS_RED_OLDER_MAX);
        inside(red.primary.payload, whole);
        uint32_t newer = red.primary.timestamp;
        for (uint32_t i = 0; i < red.older_count; i++) {
            inside(red.older[i].payload, whole);
            CHECK((int32_t)(newer - red.older[i].timestamp) > 0);
            newer = red.older[i].timestamp;
        }
    }
    free(payload);
}

struct said { /* what frame n is; the receiver may not get anything else under that number */
    uint32_t timestamp;
    uint16_t length;
};

struct flight {
    bool used;
    uint16_t sequence, length;
    uint32_t timestamp;
    uint8_t payload[MEDIA_DATAGRAM_MAX + 3 * OPUS_RED_FRAME_MAX];
};

struct talk {
    struct said said[65536];
    struct opus_history sender, receiver;
    struct receive_stats stats;
    struct flight flights[IN_FLIGHT];
    int64_t sequence; /* of the sender, extended */
    uint32_t timestamp;
    int64_t now_us;
};

static void check_frame(const struct talk *talk, int64_t sequence, const struct opus_frame *frame)
{
    const struct said *said = &talk->said[(uint16_t)sequence];
    CHECK(frame->timestamp == said->timestamp && frame->payload.length == said->length);
    for (size_t i = 0; i < frame->payload.length; i++)
        CHECK(frame->payload.data[i] == (uint8_t)sequence);
}

static void speak(struct talk *talk, uint16_t ticks, uint16_t size, uint8_t how)
{
    uint8_t frame_bytes[1200];
    struct flight *flight = &talk->flights[how % IN_FLIGHT];
    struct opus_frame frame = {.timestamp = talk->timestamp += ticks + 1u};
    int64_t sequence = ++talk->sequence;
    uint16_t length = (uint16_t)(1 + size % 600);
    memset(frame_bytes, (uint8_t)sequence, length);
    frame.payload = span_of(frame_bytes, length);
    talk->said[(uint16_t)sequence] = (struct said){talk->timestamp, length};
    struct bytes_writer writer = bytes_writer_of(flight->payload, sizeof(flight->payload));
    unsigned older = opus_red_write(&talk->sender, sequence, &frame, how >> 6, sequence - (how & 7),
                                    OPUS_PT, &writer);
    CHECK(!writer.overflowed && older <= OPUS_RED_DISTANCE_MAX && older <= (how & 7));
    opus_history_store(&talk->sender, sequence, frame.timestamp, frame.payload);
    if (older == 0) {
        CHECK(writer.used == 0);
        bytes_write_u8(&writer, OPUS_PT);
        bytes_write(&writer, frame_bytes, length);
    }
    flight->used = true;
    flight->sequence = (uint16_t)sequence;
    flight->timestamp = frame.timestamp;
    flight->length = (uint16_t)writer.used;
}

static void arrive(struct talk *talk, const struct flight *flight)
{
    struct opus_red red;
    if (!flight->used)
        return;
    struct received received = receive_stats_packet(
        &talk->stats, flight->sequence, flight->timestamp, flight->length, ++talk->now_us);
    if (received.verdict == RECEIVE_DUPLICATE || received.verdict == RECEIVE_JUMP)
        return;
    if (received.verdict == RECEIVE_RESTART)
        opus_history_clear(&talk->receiver);
    CHECK(result_ok(opus_red_parse(span_of(flight->payload, flight->length), flight->timestamp,
                                   OPUS_PT, &red)));
    check_frame(talk, flight->sequence, &red.primary);
    for (uint32_t i = red.older_count; i > 0; i--) {
        int64_t sequence = received.sequence - (int64_t)i;
        if (red.older[i - 1].payload.length == 0 ||
            !opus_history_accepts(&talk->receiver, sequence) ||
            receive_stats_repaired(&talk->stats, (uint16_t)sequence).verdict != RECEIVE_LATE)
            continue;
        check_frame(talk, sequence, &red.older[i - 1]);
        opus_history_store(&talk->receiver, sequence, red.older[i - 1].timestamp,
                           red.older[i - 1].payload);
    }
    opus_history_store(&talk->receiver, received.sequence, red.primary.timestamp,
                       red.primary.payload);
}

static void operations(const uint8_t *data, size_t size)
{
    struct talk *talk = calloc(1, sizeof(*talk));
    CHECK(talk != NULL);
    talk->sequence = 0x1fff0;
    talk->timestamp = UINT32_MAX - 5000;
    receive_stats_init(&talk->stats, 1, 48000);
    struct bytes_reader reader = bytes_reader_of(span_of(data, size));
    uint8_t operation, how;
    uint16_t ticks, length;
    while (bytes_read_u8(&reader, &operation) && bytes_read_u16(&reader, &ticks) &&
           bytes_read_u16(&reader, &length) && bytes_read_u8(&reader, &how)) {
        if (operation < 160)
            speak(talk, ticks % 20000, length, how);
        if (operation < 120 || operation >= 160)
            arrive(talk, &talk->flights[how % IN_FLIGHT]);
        if (operation == 255)
            opus_history_clear(&talk->receiver);
    }
    free(talk);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 65536)
        return 0;
    if ((data[0] & 1) == 0)
        parse_one(data + 1, size - 1);
    else
        operations(data + 1, size - 1);
    return 0;
}
