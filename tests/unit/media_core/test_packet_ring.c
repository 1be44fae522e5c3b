/* The packet ring against a plain model: what it gives back is what was stored, and what is gone is gone. */
#include "tests/unit/media_core/support.h"

#include "media/rtp/packet_ring.h"

static struct packet_ring *ring_of(uint32_t packets, uint32_t bytes)
{
    struct packet_ring *ring = NULL;
    assert_result(RESULT_OK, packet_ring_new(packets, bytes, &ring));
    return ring;
}

static void wrong_sizes_are_refused(void **state)
{
    (void)state;
    struct packet_ring *ring = NULL;
    assert_result(RESULT_INVALID, packet_ring_new(0, 10000, &ring));
    assert_result(RESULT_INVALID, packet_ring_new(48, 10000, &ring));
    assert_result(RESULT_INVALID, packet_ring_new(65536, 10000, &ring));
    assert_result(RESULT_INVALID, packet_ring_new(64, MEDIA_DATAGRAM_MAX - 1, &ring));
    assert_null(ring);
    assert_null(packet_ring_free(NULL));
    ring = ring_of(4, MEDIA_DATAGRAM_MAX);
    uint8_t bytes[MEDIA_DATAGRAM_MAX + 1] = {0};
    struct packet_handle handle;
    assert_result(RESULT_TOO_LARGE, packet_ring_store(ring, 1, span_of(bytes, 0), 1, &handle));
    assert_result(RESULT_TOO_LARGE,
                  packet_ring_store(ring, 1, span_of(bytes, sizeof(bytes)), 1, &handle));
    assert_result(RESULT_OK,
                  packet_ring_store(ring, 1, span_of(bytes, MEDIA_DATAGRAM_MAX), 1, &handle));
    packet_ring_free(ring);
}

static void handles_of_the_dead_miss(void **state)
{
    (void)state;
    struct packet_ring *ring = ring_of(4, 4 * MEDIA_DATAGRAM_MAX);
    struct packet_handle first, second, found;
    struct span packet;
    int64_t arrived_us = 0;
    assert_result(RESULT_OK, packet_ring_store(ring, 10, span_of("one", 3), 55, &first));
    assert_result(RESULT_EXISTS, packet_ring_store(ring, 10, span_of("two", 3), 56, &found));
    assert_int_equal(found.generation, first.generation);
    assert_result(RESULT_OK, packet_ring_get(ring, first, &packet, &arrived_us));
    assert_memory_equal(packet.data, "one", 3);
    assert_int_equal(arrived_us, 55);
    assert_result(RESULT_OK, packet_ring_store(ring, 14, span_of("four", 4), 57, &second));
    assert_int_equal(second.place, first.place);
    assert_result(RESULT_NOT_FOUND, packet_ring_get(ring, first, &packet, NULL));
    assert_result(RESULT_STALE, packet_ring_store(ring, 10, span_of("one", 3), 58, &found));
    assert_result(RESULT_NOT_FOUND, packet_ring_find(ring, 10, &found));
    /* A restart makes the numbers free again, yet what was sent can still be repeated by handle. */
    packet_ring_restart(ring);
    assert_result(RESULT_NOT_FOUND, packet_ring_find(ring, 14, &found));
    assert_result(RESULT_OK, packet_ring_get(ring, second, &packet, NULL));
    assert_result(RESULT_OK, packet_ring_store(ring, 10, span_of("new", 3), 59, &first));
    assert_result(RESULT_NOT_FOUND, packet_ring_get(ring, second, &packet, NULL));
    packet_ring_clear(ring);
    assert_result(RESULT_NOT_FOUND, packet_ring_get(ring, first, &packet, NULL));
    assert_result(RESULT_NOT_FOUND,
                  packet_ring_get(ring, (struct packet_handle){0}, &packet, NULL));
    assert_result(
        RESULT_NOT_FOUND,
        packet_ring_get(ring, (struct packet_handle){.generation = 1, .place = 4}, &packet, NULL));
    packet_ring_free(ring);
}

/* The bytes are wiped, not only unreachable. */
static void a_cleared_ring_holds_no_media(void **state)
{
    (void)state;
    struct packet_ring *ring = ring_of(8, 8 * MEDIA_DATAGRAM_MAX);
    uint8_t bytes[100];
    struct packet_handle handle;
    struct span packet;
    memset(bytes, 0x5a, sizeof(bytes));
    for (int64_t sequence = 1; sequence < 500; sequence++)
        assert_result(RESULT_OK,
                      packet_ring_store(ring, sequence, span_of(bytes, 100), 1, &handle));
    assert_result(RESULT_OK, packet_ring_get(ring, handle, &packet, NULL));
    packet_ring_clear(ring);
    for (size_t i = 0; i < packet.length; i++)
        assert_int_equal(packet.data[i], 0);
    packet_ring_free(ring);
}

enum { MODEL = 4096 };

struct model_packet {
    struct packet_handle handle;
    uint16_t length;
    bool stored;
};

static void check_packet(const struct packet_ring *ring, int64_t sequence,
                         const struct model_packet *model, bool must_live)
{
    struct span packet;
    struct packet_handle found;
    enum result result = packet_ring_get(ring, model->handle, &packet, NULL);
    if (must_live)
        assert_result(RESULT_OK, result);
    if (!result_ok(result))
        return;
    assert_int_equal(packet.length, model->length);
    for (size_t i = 0; i < packet.length; i++)
        assert_int_equal(packet.data[i], (uint8_t)(sequence * 7 + (int64_t)i));
    assert_result(RESULT_OK, packet_ring_find(ring, sequence, &found));
    assert_int_equal(found.generation, model->handle.generation);
}

static void random_use_equals_the_model(void **state)
{
    (void)state;
    struct chance chance = {test_seed(31)};
    for (int round = 0; round < 30; round++) {
        uint32_t packets = 1u << (3 + chance_below(&chance, 6));
        uint32_t bytes = MEDIA_DATAGRAM_MAX + chance_below(&chance, 40000);
        struct packet_ring *ring = ring_of(packets, bytes);
        static struct model_packet model[MODEL];
        memset(model, 0, sizeof(model));
        int64_t highest = 1000;
        for (int step = 0; step < 2000 && highest < MODEL - 20; step++) {
            int64_t sequence = highest + chance_below(&chance, 4);
            if (chance_percent(&chance, 30))
                sequence = highest - chance_below(&chance, packets + 4);
            uint8_t data[MEDIA_DATAGRAM_MAX];
            size_t length = 1 + chance_below(&chance, chance_percent(&chance, 10) ? 1500 : 200);
            for (size_t i = 0; i < length; i++)
                data[i] = (uint8_t)(sequence * 7 + (int64_t)i);
            struct packet_handle handle;
            uint8_t *exact = exact_copy(data, length);
            enum result result =
                packet_ring_store(ring, sequence, span_of(exact, length), step, &handle);
            free(exact);
            if (result_ok(result))
                model[sequence] = (struct model_packet){handle, (uint16_t)length, true};
            else
                assert_true(result == RESULT_EXISTS || result == RESULT_STALE);
            highest = sequence > highest ? sequence : highest;
            int64_t look = highest - chance_below(&chance, 2 * packets);
            if (look > 0 && model[look].stored)
                check_packet(ring, look, &model[look], result_ok(result) && look == sequence);
        }
        packet_ring_free(ring);
    }
}

/* As many bytes as fit are kept: the last `bytes_max` less one packet that had to be skipped at the end. */
static void what_fits_is_kept(void **state)
{
    (void)state;
    struct packet_ring *ring = ring_of(512, MEDIA_RING_VIDEO_BYTES);
    struct packet_handle handle;
    uint8_t packet[1200] = {0};
    for (int64_t sequence = 1; sequence <= 3000; sequence++)
        assert_result(RESULT_OK, packet_ring_store(ring, sequence, span_of(packet, sizeof(packet)),
                                                   1, &handle));
    int64_t kept = 0;
    while (result_ok(packet_ring_find(ring, 3000 - kept, &handle)))
        kept++;
    assert_true(kept >= MEDIA_RING_VIDEO_BYTES / 1200 - 1);
    assert_true(kept <= MEDIA_RING_VIDEO_BYTES / 1200);
    packet_ring_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_sizes_are_refused),
        cmocka_unit_test(handles_of_the_dead_miss),
        cmocka_unit_test(a_cleared_ring_holds_no_media),
        cmocka_unit_test(random_use_equals_the_model),
        cmocka_unit_test(what_fits_is_kept),
    };
    return cmocka_run_group_tests_name("packet_ring", tests, NULL, NULL);
}
