/* Slows guessing of passwords: per pair (account, address prefix) each failure doubles the wait, 1, 2, 4 … 60 s; ten
 * failures within 15 minutes lock the pair for 15 minutes. Another address of the same account is not held up, so
 * nobody can lock a doctor out from elsewhere. In memory; pure with `now_us` (monotonic).
 *
 * Thread: control.   Owner: whoever made it.
 * Bound:  the number given at birth; a full table forgets the pair that was quiet longest. */
#ifndef GATEWAY_IDENTITY_SIGN_IN_GUARD_H
#define GATEWAY_IDENTITY_SIGN_IN_GUARD_H

#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"

#define SIGN_IN_PAIRS_MAX 4096

struct sign_in_guard;

MUST_CHECK enum result sign_in_guard_new(uint32_t pairs_max, struct sign_in_guard **ret_guard);
struct sign_in_guard *sign_in_guard_free(struct sign_in_guard *guard);

/* How many seconds (rounded up) this pair still has to wait; 0: go on. `account` is the sign-in name as typed,
 * `prefix` the /24 or /64 of the client as text; both only enter a hash. */
int sign_in_guard_wait_s(const struct sign_in_guard *guard, const char *account, const char *prefix,
                         int64_t now_us);
/* A sign-in of this pair failed. */
void sign_in_guard_failed(struct sign_in_guard *guard, const char *account, const char *prefix,
                          int64_t now_us);
/* It succeeded: the pair is forgotten. */
void sign_in_guard_succeeded(struct sign_in_guard *guard, const char *account, const char *prefix);

#endif
