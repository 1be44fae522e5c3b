#include "gateway/words/words.h"

#include <stddef.h>
#include <string.h>

#include "gateway/base/cleanup.h"

static const struct words WORDS_TABLE[] = {
#define WORDS(code, ja_what, ja_todo, en_what, en_todo)                                            \
    {#code, {ja_what, en_what}, {ja_todo, en_todo}},
#include "gateway/words/words.def"
#undef WORDS
};

static const struct words *words_find(const char *code)
{
    for (size_t i = 0; i < ARRAY_LENGTH(WORDS_TABLE); i++)
        if (strcmp(WORDS_TABLE[i].code, code) == 0)
            return &WORDS_TABLE[i];
    return NULL;
}

const struct words *words_for(const char *code)
{
    const struct words *found = words_find(code);
    return found != NULL ? found : words_find("internal");
}
