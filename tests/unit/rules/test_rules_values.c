/* Values of facts as text, civil days and the list of doors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/clock.h"
#include "gateway/rules/doors.h"
#include "gateway/rules/pack.h"

static struct fact_info fact_of(enum fact_type type)
{
    static const char *const colours[] = {"red", "green", "blue"};
    bool listed = type == FACT_ENUM || type == FACT_SET;
    return (struct fact_info){.name = "f",
                              .type = type,
                              .values = listed ? colours : NULL,
                              .values_count = listed ? 3 : 0,
                              .minimum = -10,
                              .maximum = 100000};
}

/* Text of values and back: what is written is read again, what is not a value is refused. */
static void test_value_text(void **state)
{
    static const struct {
        enum fact_type type;
        const char *text;
        int64_t value;
    } good[] = {
        {FACT_BOOL, "yes", 1},
        {FACT_BOOL, "no", 0},
        {FACT_INTEGER, "-10", -10},
        {FACT_INTEGER, "100000", 100000},
        {FACT_ENUM, "blue", 2},
        {FACT_DATE, "1970-01-01", 0},
        {FACT_DATE, "2024-02-29", 19782},
        {FACT_SET, "", 0},
        {FACT_SET, "red,blue", 5},
    };
    static const struct {
        enum fact_type type;
        const char *text;
    } bad[] = {
        {FACT_BOOL, "1"},          {FACT_BOOL, ""},         {FACT_INTEGER, "-11"},
        {FACT_INTEGER, "100001"},  {FACT_INTEGER, " 5"},    {FACT_INTEGER, "+5"},
        {FACT_INTEGER, "5x"},      {FACT_INTEGER, ""},      {FACT_INTEGER, "99999999999999999999"},
        {FACT_ENUM, "Blue"},       {FACT_ENUM, ""},         {FACT_DATE, "2026-02-30"},
        {FACT_DATE, "2026-2-3"},   {FACT_DATE, "today"},    {FACT_DATE, "2026-02-03Z"},
        {FACT_DATE, "2300-01-01"}, {FACT_SET, "red,"},      {FACT_SET, "red,,blue"},
        {FACT_SET, "pink"},        {FACT_SET, "red, blue"},
    };
    char text[FACT_TEXT_SIZE];
    int64_t value;
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        struct fact_info fact = fact_of(good[i].type);
        assert_int_equal(fact_parse(&fact, good[i].text, &value), RESULT_OK);
        assert_int_equal(value, good[i].value);
        assert_int_equal(fact_format(&fact, value, text, sizeof(text)), RESULT_OK);
        assert_string_equal(text, good[i].text);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct fact_info fact = fact_of(bad[i].type);
        if (fact_parse(&fact, bad[i].text, &value) != RESULT_INVALID)
            fail_msg("\"%s\" was taken", bad[i].text);
    }
    struct fact_info set = fact_of(FACT_SET);
    assert_int_equal(fact_format(&set, 7, text, 8), RESULT_TOO_LARGE);
}

/* The civil day changes at 15:00 UTC. */
static void test_civil_day_is_tokyo(void **state)
{
    (void)state;
    assert_int_equal(civil_day_of(0), 0);
    assert_int_equal(civil_day_of(15 * 3600 * US_PER_S - 1), 0);
    assert_int_equal(civil_day_of(15 * 3600 * US_PER_S), 1);
    assert_int_equal(civil_day_of(-9 * 3600 * US_PER_S), 0);
    assert_int_equal(civil_day_of(-9 * 3600 * US_PER_S - 1), -1);
}

static void test_doors_are_a_closed_list(void **state)
{
    uint32_t suppliers = 0;
    (void)state;
    assert_true(doors_suppliers("patient:agreement", &suppliers));
    assert_int_equal(suppliers, 1u << SUPPLIER_PATIENT | 1u << SUPPLIER_PROXY);
    assert_true(doors_suppliers("api:booking,physician:checks", &suppliers));
    assert_int_equal(suppliers, 1u << SUPPLIER_ADMINISTRATOR | 1u << SUPPLIER_PHYSICIAN);
    assert_false(doors_suppliers("", &suppliers));
    assert_false(doors_suppliers("api:booking,", &suppliers));
    assert_false(doors_suppliers("api:book", &suppliers));
    assert_false(doors_suppliers("api:booking, physician:checks", &suppliers));
    assert_null(door_get(DOOR_COUNT));
    for (uint32_t i = 0; i < DOOR_COUNT; i++) {
        assert_true(doors_suppliers(door_get(i)->name, &suppliers));
        assert_int_equal(suppliers, door_get(i)->suppliers);
        assert_true(door_get(i)->what[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value_text),
        cmocka_unit_test(test_civil_day_is_tokyo),
        cmocka_unit_test(test_doors_are_a_closed_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
