/* Sentences for people, by code and language (words.def). Thread: any; everything is constant. */
#ifndef GATEWAY_WORDS_WORDS_H
#define GATEWAY_WORDS_WORDS_H

#include "gateway/model/person.h"

struct words {
    const char *code;
    const char *what[LANGUAGE_COUNT]; /* what was refused or happened, and why */
    const char *todo[LANGUAGE_COUNT]; /* what to do now */
};

/* Never NULL: an unknown code gives the words of `internal`. */
const struct words *words_for(const char *code);

#endif
