#include "tests/support/fake_rules.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"

struct rule_pack {
    struct pack_info info;
    enum truth truths[FAKE_RULES];
    bool hidden[FAKE_FACTS];
};

#define FROM(supplier) (1u << SUPPLIER_##supplier)
static const char *const PLACES[] = {"home", "work", "public"};
static const char *const DOCUMENTS[] = {"licence", "passport", "card"};

static const struct fact_info FACTS[FAKE_FACTS] = {
    [FAKE_FACT_WISH] = {.name = "wish_withdrawn", .type = FACT_BOOL, .suppliers = FROM(PATIENT)},
    [FAKE_FACT_PRIVATE] = {.name = "pt_private_space",
                           .type = FACT_BOOL,
                           .suppliers = FROM(PATIENT) | FROM(PHYSICIAN)},
    [FAKE_FACT_PICTURE] = {.name = "v_up", .type = FACT_BOOL, .suppliers = FROM(MEDIA)},
    [FAKE_FACT_SOUND] = {.name = "a_up", .type = FACT_BOOL, .suppliers = FROM(MEDIA)},
    [FAKE_FACT_USEFUL] = {.name = "useful_info_attested",
                          .type = FACT_BOOL,
                          .suppliers = FROM(PHYSICIAN),
                          .lifetime_us = 60 * 1000000ll},
    [FAKE_FACT_ACUTE] = {.name = "acute_change",
                         .type = FACT_BOOL,
                         .suppliers = FROM(PATIENT) | FROM(PHYSICIAN)},
    [FAKE_FACT_PLACE] = {.name = "place_kind",
                         .type = FACT_ENUM,
                         .suppliers = FROM(PATIENT),
                         .values = PLACES,
                         .values_count = ARRAY_LENGTH(PLACES)},
    [FAKE_FACT_DOCUMENTS] = {.name = "pt_docs",
                             .type = FACT_SET,
                             .suppliers = FROM(PHYSICIAN),
                             .values = DOCUMENTS,
                             .values_count = ARRAY_LENGTH(DOCUMENTS)},
    [FAKE_FACT_COUNT_OF] = {.name = "others",
                            .type = FACT_INTEGER,
                            .suppliers = FROM(PHYSICIAN) | FROM(SYSTEM),
                            .minimum = 0,
                            .maximum = 9},
};

#define AT_GATE(gate) (1u << RULE_GATE_##gate)
static const struct rule_info RULES[FAKE_RULES] = {
    [FAKE_RULE_LOBBY] = {.id = "FAKE-1", .action = RULE_ACTION_REFUSE, .gates = AT_GATE(LOBBY)},
    [FAKE_RULE_ADMIT] = {.id = "FAKE-2", .action = RULE_ACTION_REFUSE, .gates = AT_GATE(ADMIT)},
    [FAKE_RULE_START] = {.id = "FAKE-3", .action = RULE_ACTION_REFUSE, .gates = AT_GATE(START)},
    [FAKE_RULE_PLACE] = {.id = "FAKE-4",
                         .action = RULE_ACTION_OVERRIDE,
                         .gates = AT_GATE(START),
                         .acknowledged_by = FROM(PHYSICIAN)},
    [FAKE_RULE_ASK] = {.id = "FAKE-5",
                       .action = RULE_ACTION_ACKNOWLEDGE,
                       .gates = AT_GATE(START),
                       .acknowledged_by = FROM(PATIENT)},
    [FAKE_RULE_PRIVATE] = {.id = "FAKE-6", .action = RULE_ACTION_PAUSE, .gates = AT_GATE(LIVE)},
    [FAKE_RULE_PICTURE] = {.id = "FAKE-7", .action = RULE_ACTION_PAUSE, .gates = AT_GATE(LIVE)},
    [FAKE_RULE_TRACKS] = {.id = "FAKE-8", .action = RULE_ACTION_PAUSE, .gates = AT_GATE(LIVE)},
    [FAKE_RULE_MIXED] = {.id = "FAKE-9", .action = RULE_ACTION_PAUSE, .gates = AT_GATE(LIVE)},
    [FAKE_RULE_WISH] = {.id = "FAKE-10", .action = RULE_ACTION_TERMINATE, .gates = AT_GATE(LIVE)},
    [FAKE_RULE_CLOSE] = {.id = "FAKE-11", .action = RULE_ACTION_REFUSE, .gates = AT_GATE(CLOSE)},
};

/* The two facts a rule is about; -1 when it has no leaf of its own. */
static const int LEAVES[FAKE_RULES][2] = {
    [FAKE_RULE_LOBBY] = {-1, -1},
    [FAKE_RULE_ADMIT] = {-1, -1},
    [FAKE_RULE_START] = {-1, -1},
    [FAKE_RULE_PLACE] = {FAKE_FACT_PLACE, -1},
    [FAKE_RULE_ASK] = {-1, -1},
    [FAKE_RULE_PRIVATE] = {FAKE_FACT_PRIVATE, -1},
    [FAKE_RULE_PICTURE] = {FAKE_FACT_PICTURE, -1},
    [FAKE_RULE_TRACKS] = {FAKE_FACT_PICTURE, FAKE_FACT_SOUND},
    [FAKE_RULE_MIXED] = {FAKE_FACT_PICTURE, FAKE_FACT_PRIVATE},
    [FAKE_RULE_WISH] = {FAKE_FACT_WISH, -1},
    [FAKE_RULE_CLOSE] = {-1, -1},
};

struct rule_pack *fake_pack_new(const char *version)
{
    struct rule_pack *pack = calloc(1, sizeof(*pack));
    CHECK(pack != NULL);
    pack->info = (struct pack_info){.id = "fake",
                                    .version = version,
                                    .valid_from_day = INT64_MIN,
                                    .valid_until_day = INT64_MAX,
                                    .hash = sha256_of(span_of(version, strlen(version))),
                                    .facts_count = FAKE_FACTS,
                                    .rules_count = FAKE_RULES};
    fake_pack_say_all(pack, TRUTH_TRUE);
    return pack;
}

void fake_pack_say(struct rule_pack *pack, enum fake_rule rule, enum truth truth)
{
    pack->truths[rule] = truth;
}

void fake_pack_say_all(struct rule_pack *pack, enum truth truth)
{
    for (int i = 0; i < FAKE_RULES; i++)
        pack->truths[i] = truth;
}

void fake_pack_hide(struct rule_pack *pack, enum fake_fact fact)
{
    pack->hidden[fact] = true;
}

struct rule_pack *rule_pack_free(struct rule_pack *pack)
{
    free(pack);
    return NULL;
}

const struct pack_info *rule_pack_info(const struct rule_pack *pack)
{
    return &pack->info;
}

const struct fact_info *rule_pack_fact(const struct rule_pack *pack, uint32_t index)
{
    CHECK(index < pack->info.facts_count);
    return &FACTS[index];
}

const struct rule_info *rule_pack_rule(const struct rule_pack *pack, uint32_t index)
{
    CHECK(index < pack->info.rules_count);
    return &RULES[index];
}

int rule_pack_find_fact(const struct rule_pack *pack, const char *name)
{
    for (int i = 0; i < FAKE_FACTS; i++)
        if (strcmp(FACTS[i].name, name) == 0 && !pack->hidden[i])
            return i;
    return -1;
}

int rule_pack_find_rule(const struct rule_pack *pack, const char *id)
{
    for (uint32_t i = 0; i < pack->info.rules_count; i++)
        if (strcmp(RULES[i].id, id) == 0)
            return (int)i;
    return -1;
}

enum result fact_check(const struct rule_pack *pack, uint32_t fact, enum supplier supplier,
                       int64_t value)
{
    const struct fact_info *info = rule_pack_fact(pack, fact);
    int64_t minimum = 0, maximum = 1;
    if ((info->suppliers & 1u << supplier) == 0)
        return RESULT_DENIED;
    if (info->type == FACT_INTEGER) {
        minimum = info->minimum;
        maximum = info->maximum;
    } else if (info->type == FACT_ENUM) {
        maximum = info->values_count - 1;
    } else if (info->type == FACT_SET) {
        maximum = (1 << info->values_count) - 1;
    }
    return value >= minimum && value <= maximum ? RESULT_OK : RESULT_INVALID;
}

void rules_evaluate(const struct rule_pack *pack, const struct rule_question *question,
                    struct decision *ret_decision)
{
    memset(ret_decision, 0, sizeof(*ret_decision));
    ret_decision->gate = question->gate;
    ret_decision->pack_hash = pack->info.hash;
    for (uint16_t i = 0; i < FAKE_RULES; i++) {
        if ((RULES[i].gates & 1u << question->gate) == 0)
            continue;
        ret_decision->rules_evaluated++;
        if (pack->truths[i] == TRUTH_TRUE)
            continue;
        bool cleared = RULES[i].acknowledged_by != 0 && question->acknowledged != NULL &&
                       (question->acknowledged[i / 8] & 1u << i % 8) != 0;
        enum rule_action action = cleared ? RULE_ACTION_PASS : RULES[i].action;
        ret_decision->failed[ret_decision->failed_count++] =
            (struct failed_rule){.rule = i,
                                 .truth = pack->truths[i],
                                 .action = action,
                                 .fact = (int16_t)(LEAVES[i][1] < 0 ? LEAVES[i][0] : -1),
                                 .cleared = cleared ? RULE_CLEARED_ACKNOWLEDGED : RULE_CLEARED_NOT};
        if (action > ret_decision->verdict)
            ret_decision->verdict = action;
    }
}

uint32_t rule_explain(const struct rule_pack *pack, uint32_t rule,
                      const struct rule_question *question, struct rule_leaf *ret_leaves,
                      uint32_t leaves_max)
{
    uint32_t count = 0;
    for (int i = 0; i < 2 && LEAVES[rule][i] >= 0; i++, count++)
        if (count < leaves_max)
            ret_leaves[count] =
                (struct rule_leaf){.fact = (uint32_t)LEAVES[rule][i],
                                   .truth = pack->truths[rule],
                                   .value = question->facts->values[LEAVES[rule][i]],
                                   .wanted = "= yes"};
    return count;
}
