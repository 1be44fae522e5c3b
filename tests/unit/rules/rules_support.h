/* Shared by the tests of the rules room. */
#ifndef TESTS_UNIT_RULES_RULES_SUPPORT_H
#define TESTS_UNIT_RULES_RULES_SUPPORT_H

#include <jansson.h>

#include "gateway/rules/pack_builder.h"
#include "gateway/rules/rules.h"

#define SUPPORT_PACK_FILE "config/rules/jp-online-care.yaml"

/* The pack of the product; fails the test with the loader's message when it does not load. */
struct rule_pack *support_pack(void);
json_t *support_json(const char *file);
int64_t support_time(const char *text);
/* A JSON value, or {"value", "at"}; from the first supplier when `from` is NULL. Fails the test when the pack refuses it. */
void support_set(const struct rule_pack *pack, struct fact_set *facts, const char *name,
                 const json_t *value, const char *from, int64_t now_us);
enum rule_gate support_gate(const char *text);

#endif
