/* Inside the room: the rules one by one. Each adds its findings to the report. Thread: any. */
#ifndef GATEWAY_DUTY_RULES_OF_DUTY_H
#define GATEWAY_DUTY_RULES_OF_DUTY_H

#include "gateway/duty/duty.h"

/* Adds a finding and lifts the verdict. */
void duty_find(struct duty_report *report, struct duty_finding finding);

void duty_hours(const struct duty_input *input, struct duty_scratch *scratch,
                struct duty_report *report);
void duty_rest(const struct duty_input *input, struct duty_scratch *scratch,
               struct duty_report *report);
void duty_debts(const struct duty_input *input, struct duty_scratch *scratch,
                struct duty_report *report);

/* What is a breach for the levels with a duty is a warning at level A, which has a duty of effort. */
enum duty_outcome duty_failed(const struct duty_input *input);

#endif
