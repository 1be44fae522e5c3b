#include "gateway/identity/sign_in_guard.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/clock.h"
#include "gateway/base/hash.h"
#include "gateway/base/random.h"

#define DELAY_MAX_S   60
#define LOCK_FAILURES 10
#define LOCK_US       (15 * 60 * US_PER_S)

struct pair {
    struct sha256
        key; /* of (account, prefix) under the guard's own secret: memory holds no names */
    bool used;
    uint32_t failures;            /* in a row, each less than LOCK_US after the one before */
    int64_t at_us[LOCK_FAILURES]; /* the last failures, a ring */
    int64_t last_us;
    int64_t until_us;
};

/* Thread: control.   Owner: whoever called sign_in_guard_new.
 * Life:   sign_in_guard_new() … sign_in_guard_free().
 * Bound:  `pairs_max` pairs; walked only at sign-ins, which cost a password hash each. */
struct sign_in_guard {
    struct thread_owner thread;
    uint8_t secret[SHA256_BYTES];
    uint32_t pairs_max;
    struct pair pairs[];
};

enum result sign_in_guard_new(uint32_t pairs_max, struct sign_in_guard **ret_guard)
{
    if (pairs_max == 0)
        return RESULT_INVALID;
    struct sign_in_guard *guard = calloc(1, sizeof(*guard) + pairs_max * sizeof(guard->pairs[0]));
    if (guard == NULL)
        return RESULT_NO_MEMORY;
    thread_owner_bind(&guard->thread);
    random_bytes(guard->secret, sizeof(guard->secret));
    guard->pairs_max = pairs_max;
    *ret_guard = guard;
    return RESULT_OK;
}

struct sign_in_guard *sign_in_guard_free(struct sign_in_guard *guard)
{
    free(guard);
    return NULL;
}

static struct sha256 key_of(const struct sign_in_guard *guard, const char *account,
                            const char *prefix)
{
    /* The NUL between them keeps ("ab", "c") and ("a", "bc") apart. */
    const struct span parts[] = {span_of(guard->secret, sizeof(guard->secret)),
                                 span_of(account, strlen(account) + 1),
                                 span_of(prefix, strlen(prefix))};
    return sha256_of_parts(parts, ARRAY_LENGTH(parts));
}

/* Index of the pair, or pairs_max. */
static uint32_t find(const struct sign_in_guard *guard, const struct sha256 *key)
{
    uint32_t i = 0;
    while (i < guard->pairs_max &&
           !(guard->pairs[i].used && memcmp(&guard->pairs[i].key, key, sizeof(*key)) == 0))
        i++;
    return i;
}

static uint32_t find_room(const struct sign_in_guard *guard)
{
    uint32_t best = 0;
    for (uint32_t i = 0; i < guard->pairs_max; i++) {
        if (!guard->pairs[i].used)
            return i;
        if (guard->pairs[i].last_us < guard->pairs[best].last_us)
            best = i;
    }
    return best;
}

int sign_in_guard_wait_s(const struct sign_in_guard *guard, const char *account, const char *prefix,
                         int64_t now_us)
{
    assert_on_thread(&guard->thread);
    struct sha256 key = key_of(guard, account, prefix);
    uint32_t at = find(guard, &key);
    if (at == guard->pairs_max || guard->pairs[at].until_us <= now_us)
        return 0;
    return (int)((guard->pairs[at].until_us - now_us + US_PER_S - 1) / US_PER_S);
}

void sign_in_guard_failed(struct sign_in_guard *guard, const char *account, const char *prefix,
                          int64_t now_us)
{
    assert_on_thread(&guard->thread);
    struct sha256 key = key_of(guard, account, prefix);
    uint32_t at = find(guard, &key);
    if (at == guard->pairs_max || now_us - guard->pairs[at].last_us >= LOCK_US) {
        at = at == guard->pairs_max ? find_room(guard) : at;
        guard->pairs[at] = (struct pair){.key = key, .used = true};
    }
    struct pair *pair = &guard->pairs[at];
    pair->at_us[pair->failures % LOCK_FAILURES] = now_us;
    pair->failures++;
    pair->last_us = now_us;
    uint32_t doublings = pair->failures - 1;
    int64_t delay_s = doublings >= 6 ? DELAY_MAX_S : 1ll << doublings;
    pair->until_us = now_us + delay_s * US_PER_S;
    /* The ring's next slot holds the oldest of the last ten. */
    if (pair->failures >= LOCK_FAILURES &&
        now_us - pair->at_us[pair->failures % LOCK_FAILURES] < LOCK_US)
        pair->until_us = now_us + LOCK_US;
}

void sign_in_guard_succeeded(struct sign_in_guard *guard, const char *account, const char *prefix)
{
    assert_on_thread(&guard->thread);
    struct sha256 key = key_of(guard, account, prefix);
    uint32_t at = find(guard, &key);
    if (at != guard->pairs_max)
        guard->pairs[at] = (struct pair){.used = false};
}
