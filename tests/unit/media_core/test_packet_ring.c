/* The packet ring against a plain model: what it gives back is what was stored, and what is gone is gone. */
#include "tests/unit/media_core/support.h"

#include "media/rtp/packet_ring.h"

#define KEEP_US 1000000

struct history {
    struct packet_pool *pool;
    struct packet_ring *ring;
};

static struct history history_of(uint32_t packets, uint32_t blocks, uint32_t pool_blocks)
{
    struct history history = {0};
    assert_result(RESULT_OK, packet_pool_new(pool_blocks, &history.pool));
    assert_result(RESULT_OK, packet_ring_new(history.pool, packets, blocks, &history.ring));
    return history;
}

static void history_free(struct history *history)
{
    assert_null(packet_ring_free(history->ring));
    assert_int_equal(packet_pool_taken(history->pool), 0);
    assert_null(packet_pool_free(history->pool));
}

static enum result store(struct history *history, int64_t sequence, const char *text,
                         struct packet_handle *ret_handle)
{
    return packet_ring_store(history->ring, sequence, span_of(text, strlen(text)), KEEP_US, 1,
                             ret_handle);
}

static void wrong_sizes_are_refused(void **state)
{
    (void)state;
    struct packet_ring *ring = NULL;
    struct packet_pool *pool = NULL;
    assert_result(RESULT_INVALID, packet_pool_new(0, &pool));
    assert_result(RESULT_INVALID, packet_pool_new(UINT32_MAX, &pool));
    assert_null(packet_pool_free(NULL));
    struct history history = history_of(4, 1, 1);
    assert_result(RESULT_INVALID, packet_ring_new(history.pool, 0, 4, &ring));
    assert_result(RESULT_INVALID, packet_ring_new(history.pool, 48, 4, &ring));
    assert_result(RESULT_INVALID, packet_ring_new(history.pool, 65536, 4, &ring));
    assert_result(RESULT_INVALID, packet_ring_new(history.pool, 64, 0, &ring));
    assert_result(RESULT_INVALID, packet_ring_new(history.pool, 64, 3, &ring));
    assert_result(RESULT_INVALID, packet_ring_new(history.pool, 64, 2048, &ring));
    assert_null(ring);
    assert_null(packet_ring_free(NULL));
    uint8_t bytes[MEDIA_DATAGRAM_MAX + 1] = {0};
    struct packet_handle handle;
    assert_result(RESULT_TOO_LARGE,
                  packet_ring_store(history.ring, 1, span_of(bytes, 0), KEEP_US, 1, &handle));
    assert_result(
        RESULT_TOO_LARGE,
        packet_ring_store(history.ring, 1, span_of(bytes, sizeof(bytes)), KEEP_US, 1, &handle));
    assert_result(RESULT_OK, packet_ring_store(history.ring, 1, span_of(bytes, MEDIA_DATAGRAM_MAX),
                                               KEEP_US, 1, &handle));
    history_free(&history);
}

static void handles_of_the_dead_miss(void **state)
{
    (void)state;
    struct history history = history_of(4, 4, 4);
    struct packet_ring *ring = history.ring;
    struct packet_handle first, second, found;
    struct span packet;
    assert_result(RESULT_OK, store(&history, 10, "one", &first));
    assert_result(RESULT_EXISTS, store(&history, 10, "two", &found));
    assert_int_equal(found.generation, first.generation);
    assert_result(RESULT_OK, packet_ring_get(ring, first, &packet));
    assert_memory_equal(packet.data, "one", 3);
    assert_result(RESULT_OK, store(&history, 14, "four", &second));
    assert_int_equal(second.place, first.place);
    assert_result(RESULT_NOT_FOUND, packet_ring_get(ring, first, &packet));
    assert_result(RESULT_STALE, store(&history, 10, "one", &found));
    assert_result(RESULT_NOT_FOUND, packet_ring_find(ring, 10, &found));
    /* A restart makes the numbers free again, yet what was sent can still be repeated by handle. */
    packet_ring_restart(ring);
    assert_result(RESULT_NOT_FOUND, packet_ring_find(ring, 14, &found));
    assert_result(RESULT_OK, packet_ring_get(ring, second, &packet));
    assert_result(RESULT_OK, store(&history, 10, "new", &first));
    assert_result(RESULT_NOT_FOUND, packet_ring_get(ring, second, &packet));
    packet_ring_clear(ring);
    assert_int_equal(packet_ring_blocks(ring), 0);
    assert_result(RESULT_NOT_FOUND, packet_ring_get(ring, first, &packet));
    assert_result(RESULT_NOT_FOUND, packet_ring_get(ring, (struct packet_handle){0}, &packet));
    assert_result(
        RESULT_NOT_FOUND,
        packet_ring_get(ring, (struct packet_handle){.generation = 1, .place = 4}, &packet));
    history_free(&history);
}

/* The bytes are wiped, not only unreachable: when a gate closes, and when they are too old. */
static void what_is_given_back_holds_no_media(void **state)
{
    (void)state;
    for (int by_age = 0; by_age < 2; by_age++) {
        struct history history = history_of(64, 4, 4);
        uint8_t bytes[100];
        struct packet_handle handle;
        struct span packet;
        memset(bytes, 0x5a, sizeof(bytes));
        for (int64_t sequence = 1; sequence <= 40; sequence++)
            assert_result(RESULT_OK, packet_ring_store(history.ring, sequence, span_of(bytes, 100),
                                                       KEEP_US, 1, &handle));
        assert_result(RESULT_OK, packet_ring_get(history.ring, handle, &packet));
        if (by_age)
            assert_result(RESULT_OK, packet_ring_store(history.ring, 41, span_of("later", 5),
                                                       KEEP_US, KEEP_US + 2, &handle));
        else
            packet_ring_clear(history.ring);
        size_t from = by_age ? 5 : 0; /* the page is the first to be used again */
        for (size_t i = from; i < PACKET_BLOCK_BYTES; i++)
            assert_int_equal(packet_pool_bytes(history.pool, 0)[i], 0);
        history_free(&history);
    }
}

static void age_is_what_ends_a_packet(void **state)
{
    (void)state;
    struct history history = history_of(256, 64, 64);
    struct packet_handle handle;
    uint8_t packet[1170] = {0};
    int64_t now_us = 1;
    for (int64_t sequence = 1; sequence <= 1000; sequence++, now_us += 9091)
        assert_result(RESULT_OK,
                      packet_ring_store(history.ring, sequence, span_of(packet, sizeof(packet)),
                                        300000, now_us, &handle));
    int64_t kept = 0;
    while (result_ok(packet_ring_find(history.ring, 1000 - kept, &handle)))
        kept++;
    /* 33 packets in 300 ms, and whole pages of three: 1 Mbit/s needs 50 kB. */
    assert_in_range(kept, 33, 36);
    assert_in_range(packet_ring_blocks(history.ring), 11, 13);
    assert_int_equal(packet_pool_taken(history.pool), packet_ring_blocks(history.ring));
    history_free(&history);
}

/* Two publishers, three pages: neither takes the other's history, and one that has none is told. */
static void an_empty_pool_costs_the_own_history(void **state)
{
    (void)state;
    struct history history = history_of(64, 8, 3);
    struct packet_ring *other = NULL;
    struct packet_handle kept, handle, old;
    struct span found;
    uint8_t packet[1400] = {0};
    struct span bytes = span_of(packet, sizeof(packet));
    assert_result(RESULT_OK, packet_ring_new(history.pool, 64, 8, &other));
    assert_result(RESULT_OK, packet_ring_store(other, 1, bytes, KEEP_US, 1, &kept));
    assert_result(RESULT_OK, packet_ring_store(history.ring, 1, bytes, KEEP_US, 1, &old));
    for (int64_t sequence = 2; sequence < 20; sequence++)
        assert_result(RESULT_OK,
                      packet_ring_store(history.ring, sequence, bytes, KEEP_US, 1, &handle));
    assert_result(RESULT_NOT_FOUND, packet_ring_get(history.ring, old, &found));
    assert_result(RESULT_OK, packet_ring_get(history.ring, handle, &found));
    assert_result(RESULT_OK, packet_ring_get(other, kept, &found));
    assert_int_equal(packet_ring_blocks(history.ring), 2);
    struct packet_ring *third = NULL;
    assert_result(RESULT_OK, packet_ring_new(history.pool, 64, 8, &third));
    assert_result(RESULT_FULL, packet_ring_store(third, 1, bytes, KEEP_US, 1, &handle));
    packet_ring_clear(other);
    assert_result(RESULT_OK, packet_ring_store(third, 1, bytes, KEEP_US, 1, &handle));
    packet_ring_free(third);
    packet_ring_free(other);
    history_free(&history);
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
    enum result result = packet_ring_get(ring, model->handle, &packet);
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
        uint32_t blocks = 1u << chance_below(&chance, 5);
        struct history history = history_of(packets, blocks, 1 + chance_below(&chance, 16));
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
            enum result result = packet_ring_store(history.ring, sequence, span_of(exact, length),
                                                   chance_below(&chance, 200), step, &handle);
            free(exact);
            if (result_ok(result))
                model[sequence] = (struct model_packet){handle, (uint16_t)length, true};
            else
                assert_true(result == RESULT_EXISTS || result == RESULT_STALE);
            highest = sequence > highest ? sequence : highest;
            int64_t look = highest - chance_below(&chance, 2 * packets);
            if (look > 0 && model[look].stored)
                check_packet(history.ring, look, &model[look],
                             result_ok(result) && look == sequence);
        }
        history_free(&history);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_sizes_are_refused),
        cmocka_unit_test(handles_of_the_dead_miss),
        cmocka_unit_test(what_is_given_back_holds_no_media),
        cmocka_unit_test(age_is_what_ends_a_packet),
        cmocka_unit_test(an_empty_pool_costs_the_own_history),
        cmocka_unit_test(random_use_equals_the_model),
    };
    return cmocka_run_group_tests_name("packet_ring", tests, NULL, NULL);
}
