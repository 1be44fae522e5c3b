/* Interval sets against a model that counts minute by minute, from a seed; and the calendar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/duty/civil.h"
#include "gateway/duty/duty.h"

enum { SPAN = 400, ROUNDS = 3000, SEED = 20261201 };

static uint32_t next(uint64_t *state, uint32_t bound)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % bound;
}

static void draw(uint64_t *state, struct interval_set *set, bool *minutes)
{
    memset(minutes, 0, SPAN);
    set->count = 0;
    for (uint32_t n = next(state, 12); n > 0; n--) {
        uint32_t start = next(state, SPAN), length = next(state, 60);
        uint32_t end = start + length > SPAN ? SPAN : start + length;
        interval_set_add(set, start, end);
        for (uint32_t i = start; i < end; i++)
            minutes[i] = true;
    }
    interval_set_close(set);
}

/* Longest stretch of minutes equal to `wanted`, the first of equals. */
static int64_t model_longest(const bool *minutes, uint32_t start, uint32_t end, bool wanted,
                             int64_t *ret_at)
{
    int64_t best = 0, run = 0;
    *ret_at = start;
    for (uint32_t i = start; i < end; i++) {
        run = minutes[i] == wanted ? run + 1 : 0;
        if (run > best) {
            best = run;
            *ret_at = (int64_t)i + 1 - run;
        }
    }
    return best;
}

static void sets_agree_with_minutes(void **unused)
{
    static struct interval_set one, two, rest;
    static bool in_one[SPAN], in_two[SPAN];
    uint64_t state = SEED;
    (void)unused;
    for (int round = 0; round < ROUNDS; round++) {
        draw(&state, &one, in_one);
        draw(&state, &two, in_two);
        uint32_t start = next(&state, SPAN), end = start + next(&state, SPAN - start + 1);
        int64_t count = 0, common = 0, without = 0, at;
        for (uint32_t i = start; i < end; i++) {
            count += in_one[i];
            common += in_one[i] && in_two[i];
            without += in_one[i] && !in_two[i];
        }
        assert_int_equal(interval_set_minutes(&one, start, end), count);
        assert_int_equal(interval_set_common(&one, &two, start, end), common);
        interval_set_remove(&one, &two, &rest);
        assert_int_equal(interval_set_minutes(&rest, start, end), without);
        int64_t length = model_longest(in_one, start, end, true, &at);
        struct interval found = interval_set_longest(&one, start, end);
        assert_int_equal(interval_length(found), length);
        assert_int_equal(found.start, at);
        length = model_longest(in_one, start, end, false, &at);
        found = interval_set_longest_gap(&one, start, end);
        assert_int_equal(interval_length(found), length);
        assert_int_equal(found.start, at);
        int64_t first = start, seen = -1;
        while (first < SPAN && !in_one[first])
            first++;
        assert_int_equal(interval_set_next(&one, start, &seen), first < SPAN);
        if (first < SPAN)
            assert_int_equal(seen, first);
    }
}

static void closed_sets_are_sorted_and_apart(void **unused)
{
    static struct interval_set set;
    static bool minutes[SPAN];
    uint64_t state = SEED + 1;
    (void)unused;
    for (int round = 0; round < ROUNDS; round++) {
        draw(&state, &set, minutes);
        for (size_t i = 1; i < set.count; i++)
            assert_true(set.list[i - 1].end < set.list[i].start);
    }
}

/* Every day from 2000 to 2199 is read back as written, each one day after the last. */
static void calendar_walks_day_by_day(void **unused)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t expected = 0, min;
    char text[CIVIL_TEXT_SIZE], made[CIVIL_TEXT_SIZE];
    (void)unused;
    assert_true(civil_parse_minute("2000-01-01T00:00", &expected));
    assert_int_equal(expected, (int64_t)10957 * DAY_MIN);
    for (int year = 2000; year < 2200; year++) {
        for (int month = 1; month <= 12; month++) {
            bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            int last = days[month - 1] + (leap && month == 2 ? 1 : 0);
            for (int day = 1; day <= 31; day++) {
                snprintf(text, sizeof(text), "%04d-%02d-%02d", year, month, day);
                assert_int_equal(civil_parse_date(text, &min), day <= last);
                if (day > last)
                    continue;
                assert_int_equal(min, expected);
                civil_format_minute(min + 61, made);
                strcat(text, "T01:01+09:00");
                assert_string_equal(made, text);
                assert_int_equal(civil_month_of(min), year * 12 + month - 1);
                expected += DAY_MIN;
            }
        }
    }
}

static void only_japan_time_is_read(void **unused)
{
    static const char *const wrong[] = {
        "",
        "2026-04-01",
        "2026-04-01T08:30Z",
        "2026-04-01T08:30+00:00",
        "2026-04-01T24:01",
        "2026-04-01T25:00",
        "2026-04-01T08:60",
        "2026-02-29T08:30",
        "2026-13-01T08:30",
        "1999-12-31T08:30",
        "2026-04-01 08:30",
        "2026-04-01T8:30",
        "2026-04-01T08:30 ",
    };
    int64_t min, other;
    (void)unused;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
        assert_false(civil_parse_minute(wrong[i], &min));
    assert_true(civil_parse_minute("2026-04-01T24:00", &min));
    assert_true(civil_parse_minute("2026-04-02T00:00+09:00", &other));
    assert_int_equal(min, other);
}

static void agreement_years_begin_where_they_say(void **unused)
{
    int64_t march = 2026 * 12 + 2, april = 2026 * 12 + 3;
    (void)unused;
    assert_int_equal(civil_year_start(march, 4), 2025 * 12 + 3);
    assert_int_equal(civil_year_start(april, 4), april);
    assert_int_equal(civil_year_start(march, 1), 2026 * 12);
    assert_int_equal(civil_year_start(march, 12), 2025 * 12 + 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_agree_with_minutes),
        cmocka_unit_test(closed_sets_are_sorted_and_apart),
        cmocka_unit_test(calendar_walks_day_by_day),
        cmocka_unit_test(only_japan_time_is_read),
        cmocka_unit_test(agreement_years_begin_where_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
