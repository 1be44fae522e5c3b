/* What the working-time check says to people, Japanese and English. Thread: any; constant. */
#ifndef GATEWAY_DUTY_WORDS_H
#define GATEWAY_DUTY_WORDS_H

#include "gateway/duty/duty.h"

struct duty_words {
    const char *code; /* for machines */
    const char *ja, *en;
};

struct duty_words duty_why_words(enum duty_why why);
struct duty_words duty_rule_words(enum duty_rule rule);
struct duty_words duty_verdict_words(enum duty_outcome outcome);
/* "paid", "open", … */
struct duty_words duty_debt_words(enum debt_state state);

#endif
