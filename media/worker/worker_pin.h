/* Which processor a worker stays on. Pinned, a worker keeps its caches and two busy workers never share a core while
 * another one idles. Only where it can help: two workers or more, and a core for each; a single one is left to the scheduler.
 *
 * Thread: worker_pin() on the worker's own; the rest pure. */
#ifndef MEDIA_WORKER_WORKER_PIN_H
#define MEDIA_WORKER_WORKER_PIN_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

/* The place of worker `index` of `workers` within the allowed set; -1: not pinned. The last processors are taken first,
 * since interrupts and the control thread are mostly on the first. */
int worker_pin_choose(const cpu_set_t *allowed, uint32_t index, uint32_t workers);

/* The processor the calling thread is bound to from now on, -1 when it is not. */
int worker_pin(uint32_t index, uint32_t workers);

#endif
