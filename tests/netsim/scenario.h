/* Words for what happens to a line, a step a text line:
 *
 *     [at TIME] [up|down] KEY VALUE [VALUE]          up: from the participant to the gateway; neither: both
 *
 *     rate 100k | 2M | none      queue 64k         delay 150ms     jitter 20ms      loss 5%     burst 5% 8
 *     duplicate 1%               reorder 2% 30ms   cut on | off    udp block | pass
 *
 * Rates are bit/s of IP packets, queues bytes. Empty lines and what follows a # are left out by the reader of the file.
 *
 * Thread: any. Pure. */
#ifndef TESTS_NETSIM_SCENARIO_H
#define TESTS_NETSIM_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/netsim/link.h"

enum scenario_direction { SCENARIO_UP, SCENARIO_DOWN, SCENARIO_DIRECTIONS };

struct scenario_step {
    int64_t at_us; /* since the scenario's start; -1: at once */
    bool applies[SCENARIO_DIRECTIONS];
    unsigned key; /* scenario.c */
    uint64_t values[2];
};

/* False: `ret_complaint` says what is wrong with the line and what is allowed. */
bool scenario_read(const char *line, struct scenario_step *ret_step, char *ret_complaint,
                   size_t size);
void scenario_apply(const struct scenario_step *step, struct link_settings *settings);

#endif
