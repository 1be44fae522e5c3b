/* Virtual time and seeded chance in place of gateway/base/clock.c and random.c: the linker takes these definitions first,
 * so everything that reads a clock or makes an id follows the simulation and repeats with its seed. The state is
 * this file's alone because the interface it stands in for has none to carry. Thread: the test. */
#include <stdio.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/random.h"
#include "tests/simulation/whole/whole.h"

#define WALL_START_US (1795309200ll * US_PER_S) /* 2026-11-22T01:00:00Z */

static int64_t now_us;
static struct dice ids;

uint64_t dice_roll(struct dice *dice)
{
    uint64_t mixed = dice->state += 0x9e3779b97f4a7c15ull; /* splitmix64 */
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ull;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebull;
    return mixed ^ (mixed >> 31);
}

int64_t dice_between(struct dice *dice, int64_t least, int64_t most)
{
    return least + (int64_t)(dice_roll(dice) % (uint64_t)(most - least + 1));
}

bool dice_permille(struct dice *dice, int permille)
{
    return (int)(dice_roll(dice) % 1000) < permille;
}

void machine_start(uint64_t seed)
{
    now_us = US_PER_S;
    ids.state = seed ^ 0x6964735f6f665f61ull;
}

void machine_set_time(int64_t to_us)
{
    now_us = to_us;
}

int64_t clock_monotonic_us(void)
{
    return now_us;
}

int64_t clock_monotonic_ns(void)
{
    return now_us * 1000;
}

int64_t clock_wall_us(void)
{
    return WALL_START_US + now_us;
}

int clock_error_ms(void)
{
    return 0;
}

void clock_format_utc(int64_t wall_us, char *ret_text)
{
    snprintf(ret_text, CLOCK_TEXT_SIZE, "virtual %lld", (long long)wall_us);
}

void clock_boot_id(char *ret_text)
{
    memset(ret_text, '0', CLOCK_BOOT_SIZE - 1);
    ret_text[CLOCK_BOOT_SIZE - 1] = 0;
}

void random_bytes(void *ret_bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        ((uint8_t *)ret_bytes)[i] = (uint8_t)dice_roll(&ids);
}

uint32_t random_u32(void)
{
    return (uint32_t)dice_roll(&ids);
}

void random_token(size_t bytes, char *ret_text, size_t size)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t used = 0;
    for (; used < (bytes * 4 + 2) / 3 && used + 1 < size; used++)
        ret_text[used] = letters[dice_roll(&ids) % 64];
    ret_text[used] = 0;
}
