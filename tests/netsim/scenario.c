#include "tests/netsim/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/cleanup.h"

enum kind { KIND_NOTHING, KIND_RATE, KIND_BYTES, KIND_TIME, KIND_SHARE, KIND_COUNT, KIND_SWITCH };

struct unit {
    const char *name;
    double times;
};

/* What a value of a kind may end in, and what it is then multiplied by. */
static const struct unit UNITS[][4] = {
    [KIND_RATE] = {{"k", 1e3}, {"M", 1e6}, {"", 1}},
    [KIND_BYTES] = {{"k", 1024}, {"M", 1048576}, {"", 1}},
    [KIND_TIME] = {{"ms", 1e3}, {"us", 1}, {"s", 1e6}},
    [KIND_SHARE] = {{"%", 1e4}},
    [KIND_COUNT] = {{"", 1}},
};

static const struct key {
    const char *name;
    enum kind kinds[2];
    size_t offsets[2];
    const char *on, *off; /* KIND_SWITCH */
    const char *example;
} KEYS[] = {
    {"rate", {KIND_RATE}, {offsetof(struct link_settings, rate_bps)}, NULL, NULL, "rate 100k"},
    {"queue", {KIND_BYTES}, {offsetof(struct link_settings, queue_bytes)}, NULL, NULL, "queue 64k"},
    {"delay", {KIND_TIME}, {offsetof(struct link_settings, delay_us)}, NULL, NULL, "delay 150ms"},
    {"jitter", {KIND_TIME}, {offsetof(struct link_settings, jitter_us)}, NULL, NULL, "jitter 20ms"},
    {"loss", {KIND_SHARE}, {offsetof(struct link_settings, loss_ppm)}, NULL, NULL, "loss 5%"},
    {"burst",
     {KIND_SHARE, KIND_COUNT},
     {offsetof(struct link_settings, burst_ppm), offsetof(struct link_settings, burst_length)},
     NULL,
     NULL,
     "burst 5% 8"},
    {"duplicate",
     {KIND_SHARE},
     {offsetof(struct link_settings, duplicate_ppm)},
     NULL,
     NULL,
     "duplicate 1%"},
    {"reorder",
     {KIND_SHARE, KIND_TIME},
     {offsetof(struct link_settings, reorder_ppm), offsetof(struct link_settings, reorder_us)},
     NULL,
     NULL,
     "reorder 2% 30ms"},
    {"cut", {KIND_SWITCH}, {offsetof(struct link_settings, cut)}, "on", "off", "cut on"},
    {"udp",
     {KIND_SWITCH},
     {offsetof(struct link_settings, udp_blocked)},
     "block",
     "pass",
     "udp block"},
};

static bool read_value(const struct key *key, enum kind kind, const char *word, uint64_t *ret_value)
{
    if (kind == KIND_SWITCH) {
        *ret_value = strcmp(word, key->on) == 0;
        return *ret_value != 0 || strcmp(word, key->off) == 0;
    }
    if (strcmp(word, "none") == 0) {
        *ret_value = 0;
        return true;
    }
    char *end;
    double number = strtod(word, &end);
    if (end == word || !(number >= 0 && number <= 1e9))
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(UNITS[kind]) && UNITS[kind][i].name != NULL; i++) {
        if (strcmp(end, UNITS[kind][i].name) != 0)
            continue;
        *ret_value = (uint64_t)(number * UNITS[kind][i].times + 0.5);
        return kind != KIND_SHARE || *ret_value <= 1000000;
    }
    return false;
}

static bool read_key(char **words, size_t count, struct scenario_step *step, char *complaint,
                     size_t size)
{
    for (unsigned i = 0; i < ARRAY_LENGTH(KEYS); i++) {
        const struct key *key = &KEYS[i];
        size_t want = key->kinds[1] == KIND_NOTHING ? 1 : 2;
        if (strcmp(words[0], key->name) != 0)
            continue;
        bool good = count == 1 + want;
        for (size_t value = 0; value < want && good; value++)
            good = read_value(key, key->kinds[value], words[1 + value], &step->values[value]);
        if (!good)
            snprintf(complaint, size, "%s: write it like \"%s\"", key->name, key->example);
        step->key = i;
        return good;
    }
    snprintf(complaint, size,
             "%.20s: unknown; there are rate, queue, delay, jitter, loss, burst, duplicate, "
             "reorder, cut and udp",
             words[0]);
    return false;
}

bool scenario_read(const char *line, struct scenario_step *ret_step, char *ret_complaint,
                   size_t size)
{
    char text[128];
    char *words[8], *rest = NULL;
    size_t count = 0, at = 0;
    struct scenario_step step = {.at_us = -1, .applies = {true, true}};
    snprintf(text, sizeof(text), "%s", line);
    for (char *word = strtok_r(text, " \t\r\n", &rest); word != NULL && count < ARRAY_LENGTH(words);
         word = strtok_r(NULL, " \t\r\n", &rest))
        words[count++] = word;
    if (count >= 2 && strcmp(words[0], "at") == 0) {
        uint64_t at_us;
        if (!read_value(NULL, KIND_TIME, words[1], &at_us)) {
            snprintf(ret_complaint, size, "at: write it like \"at 10s rate 100k\"");
            return false;
        }
        step.at_us = (int64_t)at_us;
        at = 2;
    }
    if (at < count && (strcmp(words[at], "up") == 0 || strcmp(words[at], "down") == 0)) {
        step.applies[SCENARIO_UP] = strcmp(words[at], "up") == 0;
        step.applies[SCENARIO_DOWN] = !step.applies[SCENARIO_UP];
        at++;
    }
    if (at >= count) {
        snprintf(ret_complaint, size, "nothing to set: write it like \"down loss 5%%\"");
        return false;
    }
    if (!read_key(words + at, count - at, &step, ret_complaint, size))
        return false;
    *ret_step = step;
    return true;
}

void scenario_apply(const struct scenario_step *step, struct link_settings *settings)
{
    const struct key *key = &KEYS[step->key];
    for (size_t i = 0; i < 2 && key->kinds[i] != KIND_NOTHING; i++) {
        char *field = (char *)settings + key->offsets[i];
        if (key->kinds[i] == KIND_SWITCH)
            *(bool *)(void *)field = step->values[i] != 0;
        else
            *(uint64_t *)(void *)field = step->values[i]; /* times too: 64 bits, never negative */
    }
}
