/* Assertions that stay on in release builds. A broken invariant ends the process at once, with one line that names
 * the place; the supervisor restarts it (seconds lost), which is better than going on with a gate bit nobody can
 * trust. Never CHECK anything a peer can influence: bad input is a result, not a bug. */
#ifndef GATEWAY_BASE_CHECK_H
#define GATEWAY_BASE_CHECK_H

#include <pthread.h>
#include <stdbool.h>

#include "gateway/base/cleanup.h"

_Noreturn void check_failed(const char *file, int line, const char *expression);

#define CHECK(expression)                                                                          \
    do {                                                                                           \
        if (!(expression))                                                                         \
            check_failed(__FILE__, __LINE__, #expression);                                         \
    } while (0)

/* Remembers which thread owns a structure. Bind once, on the owning thread, before the first use. */
struct thread_owner {
    pthread_t thread;
    bool bound;
};

void thread_owner_bind(struct thread_owner *owner);
bool thread_owner_is_here(const struct thread_owner *owner);

/* First line of every function that touches owned state: a race becomes a crash with a name. */
#define assert_on_thread(owner) CHECK(thread_owner_is_here(owner))

#endif
