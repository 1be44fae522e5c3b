#include "gateway/rules/pack_builder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/rules/doors.h"
#include "gateway/rules/pack_builder_state.h"

#define TEXT_BLOCK_SIZE 16384

enum result builder_problem(struct pack_builder *builder, enum result result, const char *format,
                            ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(builder->problem, sizeof(builder->problem), format, values);
    va_end(values);
    return result;
}

enum result pack_builder_new(struct pack_builder **ret_builder)
{
    struct pack_builder *builder = calloc(1, sizeof(*builder));
    if (builder == NULL)
        return RESULT_NO_MEMORY;
    builder->pack = calloc(1, sizeof(*builder->pack));
    if (builder->pack == NULL) {
        free(builder);
        return RESULT_NO_MEMORY;
    }
    *ret_builder = builder;
    return RESULT_OK;
}

struct pack_builder *pack_builder_free(struct pack_builder *builder)
{
    if (builder != NULL) {
        rule_pack_free(builder->pack);
        free(builder);
    }
    return NULL;
}

const char *pack_builder_problem(const struct pack_builder *builder)
{
    return builder->problem;
}

/* ---- texts ---------------------------------------------------------------------------------------------------- */

void *builder_keep_bytes(struct pack_builder *builder, size_t length)
{
    struct rule_pack *pack = builder->pack;
    size_t need = (length + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    struct text_block *block = pack->texts;
    if (block == NULL || block->size - block->used < need) {
        size_t size = need > TEXT_BLOCK_SIZE ? need : TEXT_BLOCK_SIZE;
        block = calloc(1, sizeof(*block) + size);
        if (block == NULL)
            return NULL;
        block->size = size;
        block->next = pack->texts;
        pack->texts = block;
    }
    uint8_t *at = (uint8_t *)block->bytes + block->used;
    block->used += need;
    return at;
}

enum result builder_keep_text(struct pack_builder *builder, const char *text, const char **ret_text)
{
    size_t size = strlen(text) + 1;
    char *copy = builder_keep_bytes(builder, size);
    if (copy == NULL)
        return builder_problem(builder, RESULT_NO_MEMORY, "out of memory");
    memcpy(copy, text, size);
    *ret_text = copy;
    return RESULT_OK;
}

enum result builder_check_text(struct pack_builder *builder, const char *what, const char *text,
                               size_t bytes_max)
{
    if (text == NULL || *text == '\0')
        return builder_problem(builder, RESULT_INVALID, "%s is missing; allowed: a text", what);
    if (strlen(text) > bytes_max)
        return builder_problem(builder, RESULT_TOO_LARGE,
                               "%s is too long; allowed: at most %zu bytes", what, bytes_max);
    if (!text_is_plain_utf8(text, strlen(text)))
        return builder_problem(builder, RESULT_INVALID,
                               "%s is not plain text; allowed: UTF-8 without control characters",
                               what);
    return RESULT_OK;
}

enum result builder_keep_languages(struct pack_builder *builder, const char *what,
                                   const char **texts, size_t bytes_max)
{
    for (unsigned i = 0; i < LANGUAGE_COUNT; i++) {
        char name[64];
        if (texts[i] == NULL || *texts[i] == '\0')
            return builder_problem(builder, RESULT_INVALID,
                                   "%s has no translation in %s; allowed: a text in ja and in en",
                                   what, language_name((enum language)i));
        snprintf(name, sizeof(name), "%s (%s)", what, language_name((enum language)i));
        enum result result = builder_check_text(builder, name, texts[i], bytes_max);
        if (result_ok(result))
            result = builder_keep_text(builder, texts[i], &texts[i]);
        if (!result_ok(result))
            return result;
    }
    return RESULT_OK;
}

static bool is_name(const char *text, const char *more, size_t length_max)
{
    size_t length = strlen(text);
    if (length == 0 || length > length_max || text[0] < 'a' || text[0] > 'z')
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr(more, c) != NULL;
        if (!good)
            return false;
    }
    return true;
}

/* ---- pack and facts ------------------------------------------------------------------------------------------- */

enum result pack_builder_describe(struct pack_builder *builder, const struct pack_info *info)
{
    CHECK(builder->stage == STAGE_NEW);
    struct pack_info *kept = &builder->pack->info;
    *kept = *info;
    kept->facts_count = kept->rules_count = 0;
    if (info->id == NULL || !is_name(info->id, "_-.", PACK_ID_BYTES_MAX))
        return builder_problem(builder, RESULT_INVALID,
                               "id of the pack; allowed: a-z, 0-9, _ - . and at most %d characters",
                               PACK_ID_BYTES_MAX);
    enum result result =
        builder_check_text(builder, "version", info->version, PACK_VERSION_BYTES_MAX);
    if (result_ok(result))
        result = builder_keep_text(builder, info->id, &kept->id);
    if (result_ok(result))
        result = builder_keep_text(builder, info->version, &kept->version);
    if (result_ok(result))
        result = builder_keep_languages(builder, "title", kept->title, PACK_TEXT_MAX);
    if (!result_ok(result))
        return result;
    if (info->valid_from_day > info->valid_until_day)
        return builder_problem(
            builder, RESULT_INVALID,
            "the pack ends before it begins; allowed: valid_from up to valid_until");
    builder->stage = STAGE_FACTS;
    return RESULT_OK;
}

static enum result check_doors(struct pack_builder *builder, const struct fact_info *fact)
{
    uint32_t reachable = 0;
    if (fact->suppliers == 0 || fact->suppliers >> SUPPLIER_COUNT != 0)
        return builder_problem(builder, RESULT_INVALID,
                               "%s has no supplier; allowed: pt px dr nu sy ad me", fact->name);
    if (fact->door == NULL || *fact->door == '\0')
        return builder_problem(builder, RESULT_INVALID,
                               "%s has no door; allowed: a door of gateway/rules/doors.h",
                               fact->name);
    if (!doors_suppliers(fact->door, &reachable))
        return builder_problem(
            builder, RESULT_INVALID,
            "%s: no such door: %.80s; allowed: the doors of gateway/rules/doors.h", fact->name,
            fact->door);
    for (unsigned i = 0; i < SUPPLIER_COUNT; i++)
        if ((fact->suppliers & ~reachable & 1u << i) != 0)
            return builder_problem(builder, RESULT_INVALID,
                                   "%s: supplier %s has no door; allowed: suppliers behind %.80s",
                                   fact->name, supplier_name((enum supplier)i), fact->door);
    return RESULT_OK;
}

static enum result check_values(struct pack_builder *builder, const struct fact_info *fact)
{
    bool listed = fact->type == FACT_ENUM || fact->type == FACT_SET;
    if (!listed && fact->values_count > 0)
        return builder_problem(builder, RESULT_INVALID,
                               "%s has a list of values; allowed: only for enum and set",
                               fact->name);
    if (listed && (fact->values_count < 1 || fact->values_count > FACT_ENUM_VALUES_MAX))
        return builder_problem(builder, RESULT_TOO_MANY, "%s has %u values; allowed: 1 to %d",
                               fact->name, fact->values_count, FACT_ENUM_VALUES_MAX);
    for (uint32_t i = 0; i < fact->values_count; i++) {
        if (!is_name(fact->values[i], "_-.", VALUE_BYTES_MAX))
            return builder_problem(
                builder, RESULT_INVALID,
                "%s: value %.60s; allowed: a-z, 0-9, _ - . and at most %d characters", fact->name,
                fact->values[i], VALUE_BYTES_MAX);
        for (uint32_t j = 0; j < i; j++)
            if (strcmp(fact->values[i], fact->values[j]) == 0)
                return builder_problem(builder, RESULT_EXISTS, "%s: value %s is there twice",
                                       fact->name, fact->values[i]);
    }
    if (fact->minimum > fact->maximum)
        return builder_problem(builder, RESULT_INVALID,
                               "%s: the range is empty; allowed: lowest before highest",
                               fact->name);
    if (fact->lifetime_us < 0)
        return builder_problem(builder, RESULT_INVALID, "%s: the lifetime is negative", fact->name);
    return RESULT_OK;
}

static enum result keep_values(struct pack_builder *builder, struct fact_info *fact)
{
    const char **kept = builder_keep_bytes(builder, (fact->values_count + 1) * sizeof(*kept));
    if (kept == NULL)
        return builder_problem(builder, RESULT_NO_MEMORY, "out of memory");
    for (uint32_t i = 0; i < fact->values_count; i++) {
        enum result result = builder_keep_text(builder, fact->values[i], &kept[i]);
        if (!result_ok(result))
            return result;
    }
    fact->values = kept;
    return RESULT_OK;
}

enum result pack_builder_add_fact(struct pack_builder *builder, const struct fact_info *fact)
{
    CHECK(builder->stage == STAGE_FACTS);
    struct rule_pack *pack = builder->pack;
    if (fact->name == NULL || !is_name(fact->name, "_", FACT_NAME_SIZE - 1))
        return builder_problem(builder, RESULT_INVALID,
                               "name of the fact; allowed: a-z, 0-9, _ and at most %d characters",
                               FACT_NAME_SIZE - 1);
    if (rule_pack_find_fact(pack, fact->name) >= 0)
        return builder_problem(builder, RESULT_EXISTS, "fact %s is there twice", fact->name);
    if (pack->info.facts_count == FACTS_MAX)
        return builder_problem(builder, RESULT_TOO_MANY, "too many facts; allowed: %d", FACTS_MAX);
    enum result result = check_doors(builder, fact);
    if (result_ok(result))
        result = check_values(builder, fact);
    struct fact_info *kept = &pack->facts[pack->info.facts_count];
    *kept = *fact;
    if (result_ok(result))
        result = builder_keep_text(builder, fact->name, &kept->name);
    if (result_ok(result))
        result = builder_keep_text(builder, fact->door, &kept->door);
    if (result_ok(result))
        result = keep_values(builder, kept);
    if (result_ok(result))
        result = builder_keep_languages(builder, fact->name, kept->text, PACK_TEXT_MAX);
    if (result_ok(result))
        pack->info.facts_count++;
    return result;
}

enum result pack_builder_finish(struct pack_builder *builder, struct rule_pack **ret_pack)
{
    if (builder->stage != STAGE_RULES)
        return builder_problem(builder, RESULT_INVALID,
                               "the pack has no rules; allowed: facts and at least one rule");
    builder->stage = STAGE_DONE;
    *ret_pack = builder->pack;
    builder->pack = NULL;
    return RESULT_OK;
}
