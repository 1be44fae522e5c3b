/* Values between messages and the real pack: there and back for every fact, refused when they do not fit, and the
 * canonical JSON that goes into a decision. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/pack_load.h"
#include "gateway/control/control_state.h"

static struct rule_pack *pack;

static int load(void **state)
{
    char message[1024] = "";
    (void)state;
    return result_ok(pack_load("config/rules/jp-online-care.yaml", &pack, message, sizeof(message)))
               ? 0
               : -1;
}

static int unload(void **state)
{
    (void)state;
    rule_pack_free(pack);
    return 0;
}

static const struct fact_info *fact(const char *name)
{
    int index = rule_pack_find_fact(pack, name);
    assert_true(index >= 0);
    return rule_pack_fact(pack, (uint32_t)index);
}

static int64_t some_value(const struct fact_info *info)
{
    int64_t value = 0;
    if (info->type == FACT_DATE)
        assert_int_equal(fact_parse(info, "2026-11-01", &value), RESULT_OK);
    else if (info->type == FACT_INTEGER)
        value = info->minimum;
    else if (info->type == FACT_SET)
        value = 1;
    else if (info->type == FACT_BOOL)
        value = 1;
    return value;
}

static void there_and_back(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < rule_pack_info(pack)->facts_count; i++) {
        const struct fact_info *info = rule_pack_fact(pack, i);
        struct message_scalar scalar;
        int64_t value = some_value(info), again = -1;
        door_scalar(info, value, &scalar);
        assert_int_not_equal(scalar.kind, MESSAGE_SCALAR_NONE);
        assert_int_equal(door_value(info, &scalar, &again), RESULT_OK);
        assert_int_equal(again, value);
    }
}

static void sets_of_several(void **state)
{
    struct message_scalar scalar = {.kind = MESSAGE_SCALAR_SET};
    const struct fact_info *info = fact("pt_docs");
    int64_t value = 0;
    (void)state;
    assert_true(message_scalar_add(&scalar, "passport"));
    assert_true(message_scalar_add(&scalar, "my_number_card"));
    assert_int_equal(door_value(info, &scalar, &value), RESULT_OK);
    struct message_scalar back;
    door_scalar(info, value, &back);
    assert_int_equal(back.kind, MESSAGE_SCALAR_SET);
    assert_string_equal(back.names, "my_number_card passport"); /* in the order of the pack */
}

static void values_that_do_not_fit(void **state)
{
    struct message_scalar name;
    int64_t value = 42;
    (void)state;
    assert_true(message_scalar_name("no_such_value", &name));
    struct message_scalar number = message_scalar_integer(1), yes = message_scalar_boolean(true);
    assert_int_not_equal(door_value(fact("agreement"), &number, &value), RESULT_OK);
    assert_int_not_equal(door_value(fact("agreement"), &name, &value), RESULT_OK);
    assert_int_not_equal(door_value(fact("prior_visits"), &yes, &value), RESULT_OK);
    assert_int_not_equal(door_value(fact("place_kind"), &name, &value), RESULT_OK);
    assert_int_not_equal(door_value(fact("place_kind"), &number, &value), RESULT_OK);
    assert_int_not_equal(door_value(fact("pt_docs"), &name, &value), RESULT_OK);
    assert_int_not_equal(door_value(fact("known_since"), &name, &value), RESULT_OK);
    assert_int_equal(value, 42);
}

static void suppliers_follow_from_the_role(void **state)
{
    (void)state;
    assert_int_equal(door_supplier(ROLE_PATIENT), SUPPLIER_PATIENT);
    assert_int_equal(door_supplier(ROLE_PROXY), SUPPLIER_PROXY);
    assert_int_equal(door_supplier(ROLE_PHYSICIAN), SUPPLIER_PHYSICIAN);
    assert_int_equal(door_supplier(ROLE_NURSE), SUPPLIER_NURSE);
    assert_int_equal(door_supplier(ROLE_CLERK), SUPPLIER_ADMINISTRATOR);
    assert_int_equal(door_supplier(ROLE_ADMINISTRATOR), SUPPLIER_ADMINISTRATOR);
}

static void know(struct fact_set *facts, const char *name, int64_t value, enum supplier supplier)
{
    facts->values[rule_pack_find_fact(pack, name)] =
        (struct fact_value){.known = true, .value = value, .supplier = supplier};
}

/* Sorted by name, no spaces: the bytes whose digest is in the audit log (RFC 8785). */
static void canonical_json(void **state)
{
    struct fact_set *facts = calloc(1, sizeof(*facts));
    char values[512], suppliers[512];
    (void)state;
    assert_int_equal(door_values_json(pack, facts, values, suppliers, sizeof(values)), RESULT_OK);
    assert_string_equal(values, "{}");
    assert_string_equal(suppliers, "{}");
    know(facts, "prior_visits", 12, SUPPLIER_ADMINISTRATOR);
    know(facts, "agreement", 1, SUPPLIER_PATIENT);
    know(facts, "v_up", 0, SUPPLIER_MEDIA);
    assert_int_equal(door_values_json(pack, facts, values, suppliers, sizeof(values)), RESULT_OK);
    assert_string_equal(values, "{\"agreement\":1,\"prior_visits\":12,\"v_up\":0}");
    assert_string_equal(suppliers,
                        "{\"agreement\":\"pt\",\"prior_visits\":\"ad\",\"v_up\":\"me\"}");
    for (size_t size = 1; size <= strlen(suppliers); size++) /* never cut */
        assert_int_equal(door_values_json(pack, facts, values, suppliers, size), RESULT_TOO_LARGE);
    free(facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),         cmocka_unit_test(sets_of_several),
        cmocka_unit_test(values_that_do_not_fit), cmocka_unit_test(suppliers_follow_from_the_role),
        cmocka_unit_test(canonical_json),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
