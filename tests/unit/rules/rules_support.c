#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "config/pack_load.h"
#include "gateway/base/clock.h"
#include "tests/unit/rules/rules_support.h"

struct rule_pack *support_pack(void)
{
    struct rule_pack *pack = NULL;
    char message[512] = "";
    if (!result_ok(pack_load(SUPPORT_PACK_FILE, &pack, message, sizeof(message))))
        fail_msg("%s", message);
    return pack;
}

json_t *support_json(const char *file)
{
    json_error_t error;
    json_t *root = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        fail_msg("%s:%d: %s", file, error.line, error.text);
    return root;
}

int64_t support_time(const char *text)
{
    struct tm parts = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    assert_non_null(end);
    assert_string_equal(end, "");
    return (int64_t)timegm(&parts) * US_PER_S;
}

static void value_text(const json_t *json, char *ret_text, size_t size)
{
    size_t used = 0;
    ret_text[0] = '\0';
    if (json_is_boolean(json))
        snprintf(ret_text, size, "%s", json_is_true(json) ? "yes" : "no");
    else if (json_is_integer(json))
        snprintf(ret_text, size, "%lld", (long long)json_integer_value(json));
    else if (json_is_string(json))
        snprintf(ret_text, size, "%s", json_string_value(json));
    for (size_t i = 0; json_is_array(json) && i < json_array_size(json); i++)
        used += (size_t)snprintf(ret_text + used, size - used, "%s%s", i > 0 ? "," : "",
                                 json_string_value(json_array_get(json, i)));
}

void support_set(const struct rule_pack *pack, struct fact_set *facts, const char *name,
                 const json_t *value, const char *from, int64_t now_us)
{
    char text[FACT_TEXT_SIZE];
    int index = rule_pack_find_fact(pack, name);
    if (index < 0)
        fail_msg("the pack has no fact %s", name);
    const struct fact_info *fact = rule_pack_fact(pack, (uint32_t)index);
    const json_t *at = json_object_get(value, "at");
    struct fact_value *set = &facts->values[index];
    enum supplier supplier = (enum supplier)__builtin_ctz(fact->suppliers);
    for (unsigned i = 0; from != NULL && i < SUPPLIER_COUNT; i++)
        if (strcmp(from, supplier_name((enum supplier)i)) == 0)
            supplier = (enum supplier)i;
    value_text(json_is_object(value) ? json_object_get(value, "value") : value, text, sizeof(text));
    set->known = true;
    set->supplier = supplier;
    set->at_us = at != NULL ? support_time(json_string_value(at)) : now_us;
    set->expires_us = fact->lifetime_us > 0 ? set->at_us + fact->lifetime_us : FACT_NEVER_EXPIRES;
    if (!result_ok(fact_parse(fact, text, &set->value)))
        fail_msg("%s cannot be %s", name, text);
    if (!result_ok(fact_check(pack, (uint32_t)index, supplier, set->value)))
        fail_msg("%s: not from %s", name, supplier_name(supplier));
}

enum rule_gate support_gate(const char *text)
{
    for (unsigned i = 0; i < RULE_GATE_COUNT; i++)
        if (strcmp(text, rule_gate_name((enum rule_gate)i)) == 0)
            return (enum rule_gate)i;
    fail_msg("no such gate: %s", text);
    return RULE_GATE_COUNT;
}
