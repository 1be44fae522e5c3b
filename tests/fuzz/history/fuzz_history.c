/* A sequence of operations on two packet histories that share one small pool: what is read is what was stored, what a clear or
 * age took away is gone and wiped, and no page is lost or held twice. Four bytes an operation: what, number, length, age. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "media/rtp/packet_ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RINGS        2
#define RING_PACKETS 16
#define RING_BLOCKS  4
#define POOL_BLOCKS  5
#define REMEMBERED   64
#define KEEP_STEP_US 1000
#define LENGTH_STEP  11

struct stored {
    struct packet_handle handle; /* generation 0: none, or known to be gone */
    uint16_t length;
    uint8_t fill;
    int64_t sequence;
};

struct history {
    struct packet_ring *ring;
    int64_t highest;
    uint8_t fill;
    struct stored stored[REMEMBERED];
    uint32_t next;
};

static bool reads_back(const struct history *history, const struct stored *stored)
{
    struct span packet;
    if (!result_ok(packet_ring_get(history->ring, stored->handle, &packet)))
        return false;
    CHECK(packet.length == stored->length);
    for (size_t i = 0; i < packet.length; i++)
        CHECK(packet.data[i] == stored->fill);
    return true;
}

static void store(struct history *history, int64_t sequence, size_t length, int64_t keep_us,
                  int64_t now_us)
{
    uint8_t packet[UINT8_MAX * LENGTH_STEP];
    struct packet_handle handle = {0}, found;
    uint8_t fill = (uint8_t)(++history->fill | 1);
    memset(packet, fill, sizeof(packet));
    enum result result = packet_ring_store(history->ring, sequence, span_of(packet, length),
                                           keep_us, now_us, &handle);
    CHECK((result == RESULT_TOO_LARGE) == (length == 0 || length > MEDIA_DATAGRAM_MAX));
    if (result == RESULT_FULL)
        CHECK(packet_ring_blocks(history->ring) == 0); /* else its own oldest page had served */
    if (!result_ok(result))
        return;
    struct stored *stored = &history->stored[history->next++ % REMEMBERED];
    *stored = (struct stored){handle, (uint16_t)length, fill, sequence};
    CHECK(reads_back(history, stored));
    CHECK(result_ok(packet_ring_find(history->ring, sequence, &found)) &&
          found.generation == handle.generation && found.place == handle.place);
    history->highest = sequence > history->highest ? sequence : history->highest;
}

/* Nothing of it can be read, and the memory it could be read from is zero. */
static void clear(struct history *history)
{
    const uint8_t *bytes[REMEMBERED];
    for (uint32_t i = 0; i < REMEMBERED; i++) {
        struct span packet = {0};
        bool there = result_ok(packet_ring_get(history->ring, history->stored[i].handle, &packet));
        bytes[i] = there ? packet.data : NULL;
    }
    packet_ring_clear(history->ring);
    CHECK(packet_ring_blocks(history->ring) == 0);
    for (uint32_t i = 0; i < REMEMBERED; i++) {
        CHECK(!reads_back(history, &history->stored[i]));
        for (size_t at = 0; bytes[i] != NULL && at < history->stored[i].length; at++)
            CHECK(bytes[i][at] == 0);
    }
}

static void check(const struct history *histories, const struct packet_pool *pool)
{
    uint32_t blocks = 0;
    for (int i = 0; i < RINGS; i++) {
        CHECK(packet_ring_blocks(histories[i].ring) <= RING_BLOCKS);
        blocks += packet_ring_blocks(histories[i].ring);
        for (uint32_t at = 0; at < REMEMBERED; at++)
            (void)reads_back(&histories[i], &histories[i].stored[at]);
    }
    CHECK(blocks == packet_pool_taken(pool));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct packet_pool *pool = NULL;
    struct history *histories = calloc(RINGS, sizeof(*histories));
    CHECK(histories != NULL && result_ok(packet_pool_new(POOL_BLOCKS, &pool)));
    for (int i = 0; i < RINGS; i++)
        CHECK(result_ok(packet_ring_new(pool, RING_PACKETS, RING_BLOCKS, &histories[i].ring)));
    int64_t now_us = 1;
    for (size_t at = 0; at + 4 <= size && at < 4096; at += 4) {
        uint8_t what = data[at] & 7;
        struct history *history = &histories[data[at] >> 7];
        now_us += (data[at] & 0x78) * 10;
        if (what < 6)
            store(history, history->highest + (int8_t)data[at + 1],
                  (size_t)data[at + 2] * LENGTH_STEP, (int64_t)data[at + 3] * KEEP_STEP_US, now_us);
        else if (what == 6)
            packet_ring_restart(history->ring);
        else
            clear(history);
        check(histories, pool);
    }
    for (int i = 0; i < RINGS; i++)
        packet_ring_free(histories[i].ring);
    packet_pool_free(pool);
    free(histories);
    return 0;
}
