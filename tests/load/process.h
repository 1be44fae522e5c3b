/* What the kernel says about another process: memory, CPU time as a whole and of its threads of one name.
 *
 * Thread: any.   No state. */
#ifndef TESTS_LOAD_PROCESS_H
#define TESTS_LOAD_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

struct process_use {
    int64_t cpu_ns;         /* user and system, from stat: clock ticks */
    int64_t thread_cpu_ns;  /* of the threads of that name, from schedstat: exact */
    int64_t thread_wait_ns; /* they could have run, but no processor was free */
    unsigned threads;       /* how many there were */
    int64_t rss_bytes;
    unsigned descriptors; /* open ones */
};

/* `pid` as text. False when the process is gone. */
bool process_read(const char *pid, const char *thread_name, struct process_use *ret_use);

#endif
