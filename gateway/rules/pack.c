#include "gateway/rules/pack.h"

#include <stdlib.h>
#include <string.h>

const struct pack_info *rule_pack_info(const struct rule_pack *pack)
{
    return &pack->info;
}

const struct fact_info *rule_pack_fact(const struct rule_pack *pack, uint32_t index)
{
    return index < pack->info.facts_count ? &pack->facts[index] : NULL;
}

const struct rule_info *rule_pack_rule(const struct rule_pack *pack, uint32_t index)
{
    return index < pack->info.rules_count ? &pack->rules[index].info : NULL;
}

int rule_pack_find_fact(const struct rule_pack *pack, const char *name)
{
    for (uint32_t i = 0; i < pack->info.facts_count; i++)
        if (strcmp(pack->facts[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* Rule ids travel in lower case in messages, so case does not tell two rules apart. */
int rule_pack_find_rule(const struct rule_pack *pack, const char *id)
{
    for (uint32_t i = 0; i < pack->info.rules_count; i++)
        if (strcasecmp(pack->rules[i].info.id, id) == 0)
            return (int)i;
    return -1;
}

struct rule_pack *rule_pack_free(struct rule_pack *pack)
{
    if (pack == NULL)
        return NULL;
    for (struct text_block *block = pack->texts, *next; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    free(pack);
    return NULL;
}

static bool value_in_range(const struct fact_info *fact, int64_t value)
{
    switch (fact->type) {
    case FACT_BOOL:
        return value == 0 || value == 1;
    case FACT_INTEGER:
    case FACT_DATE:
        return value >= fact->minimum && value <= fact->maximum;
    case FACT_ENUM:
        return value >= 0 && value < (int64_t)fact->values_count;
    case FACT_SET:
        return value >= 0 && value < (int64_t)1 << fact->values_count;
    }
    return false;
}

enum result fact_check(const struct rule_pack *pack, uint32_t fact, enum supplier supplier,
                       int64_t value)
{
    const struct fact_info *info = rule_pack_fact(pack, fact);
    if (info == NULL)
        return RESULT_NOT_FOUND;
    if ((unsigned)supplier >= SUPPLIER_COUNT || (info->suppliers & 1u << supplier) == 0)
        return RESULT_DENIED;
    return value_in_range(info, value) ? RESULT_OK : RESULT_INVALID;
}
