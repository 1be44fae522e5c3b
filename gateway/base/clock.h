/* The only place that reads a clock. Everything else takes `now_us` as a parameter, so it can run on virtual time.
 * Thread: any. Units are in the names. */
#ifndef GATEWAY_BASE_CLOCK_H
#define GATEWAY_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define US_PER_MS 1000ll
#define US_PER_S  1000000ll

/* Monotonic microseconds; starts anywhere, never goes back. All time-outs use it. */
int64_t clock_monotonic_us(void);
/* Wall clock, microseconds since 1970-01-01 UTC. Data for people and records; orders nothing. */
int64_t clock_wall_us(void);
/* Monotonic nanoseconds, for audit records. */
int64_t clock_monotonic_ns(void);
/* Bound of the wall clock's error in milliseconds as the kernel knows it; -1 when it is not synchronised. */
int clock_error_ms(void);

/* "2026-11-22T00:00:02.000000Z"; `ret_text` holds CLOCK_TEXT_SIZE bytes. */
#define CLOCK_TEXT_SIZE 28
void clock_format_utc(int64_t wall_us, char *ret_text);

/* Random name of this run of the machine (from the kernel), 16 hexadecimal digits and NUL. */
#define CLOCK_BOOT_SIZE 17
void clock_boot_id(char *ret_text);

#endif
