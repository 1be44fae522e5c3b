/* Shared by the tests of the media core: seeded random numbers, exact-size copies, RTP packets made by hand. */
#ifndef TESTS_UNIT_MEDIA_CORE_SUPPORT_H
#define TESTS_UNIT_MEDIA_CORE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/bytes.h"
#include "gateway/base/result.h"

#define assert_result(expected, call) assert_string_equal(result_name(call), result_name(expected))

/* splitmix64: small, seedable, good enough to drive a simulation. */
struct chance {
    uint64_t state;
};

static inline uint64_t chance_next(struct chance *chance)
{
    uint64_t z = (chance->state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

/* 0 … below - 1 */
static inline uint32_t chance_below(struct chance *chance, uint32_t below)
{
    return (uint32_t)(chance_next(chance) % below);
}

static inline bool chance_percent(struct chance *chance, uint32_t percent)
{
    return chance_below(chance, 100) < percent;
}

/* TSUNAGI_TEST_SEED repeats a run; else a fixed seed, so that a plain run says the same every time. Printed always. */
static inline uint64_t test_seed(uint64_t otherwise)
{
    const char *text = getenv("TSUNAGI_TEST_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : otherwise;
    printf("seed %llu (repeat with TSUNAGI_TEST_SEED)\n", (unsigned long long)seed);
    return seed;
}

/* Exactly as long as said, so that the sanitizer sees one byte too far. The caller frees. */
static inline uint8_t *exact_copy(const void *data, size_t length)
{
    uint8_t *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    if (length > 0)
        memcpy(copy, data, length);
    return length > 0 ? copy : realloc(copy, 1);
}

/* A plain packet with a payload of `payload_length` bytes that depend on number and place. */
static inline size_t make_rtp(uint8_t *out, uint8_t payload_type, bool marker, uint16_t sequence,
                              uint32_t timestamp, uint32_t ssrc, size_t payload_length)
{
    out[0] = 0x80;
    out[1] = (uint8_t)(payload_type | (marker ? 0x80 : 0));
    bytes_put_u16(out + 2, sequence);
    bytes_put_u32(out + 4, timestamp);
    bytes_put_u32(out + 8, ssrc);
    for (size_t i = 0; i < payload_length; i++)
        out[12 + i] = (uint8_t)(sequence * 31u + i);
    return 12 + payload_length;
}

#endif
