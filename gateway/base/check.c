#include "gateway/base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void check_failed(const char *file, int line, const char *expression)
{
    /* Straight to stderr: the log may be what is broken. */
    fprintf(stderr,
            "{\"level\":\"fatal\",\"event\":\"check_failed\",\"file\":\"%s\",\"line\":%d,\"check\":"
            "\"%s\"}\n",
            file, line, expression);
    abort();
}

void thread_owner_bind(struct thread_owner *owner)
{
    owner->thread = pthread_self();
    owner->bound = true;
}

bool thread_owner_is_here(const struct thread_owner *owner)
{
    return owner->bound && pthread_equal(owner->thread, pthread_self());
}
