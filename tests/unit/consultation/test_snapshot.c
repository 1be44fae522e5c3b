/* A consultation as text and back: nothing lost, nothing accepted that was not written so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/consultation/consultation_snapshot.h"
#include "tests/support/consultation_bench.h"

struct shelf {
    struct bench bench;
    struct consultation back;
    char text[CONSULTATION_TEXT_MAX], again[CONSULTATION_TEXT_MAX];
};

static int setup(void **state)
{
    struct shelf *shelf = calloc(1, sizeof(*shelf));
    bench_init(&shelf->bench);
    *state = shelf;
    return 0;
}

static int teardown(void **state)
{
    struct shelf *shelf = *state;
    bench_done(&shelf->bench);
    free(shelf);
    return 0;
}

static enum result written(struct shelf *shelf)
{
    return consultation_write_text(&shelf->bench.now, shelf->bench.pack, shelf->text,
                                   sizeof(shelf->text));
}

/* From a block of the exact size, so that ASan sees one byte too far. */
static enum result read_exact(const struct rule_pack *pack, const char *text, size_t length,
                              struct consultation *ret_consultation)
{
    char *copy = malloc(length > 0 ? length : 1);
    memcpy(copy, text, length);
    enum result result = consultation_read_text(pack, span_of(copy, length), ret_consultation);
    free(copy);
    return result;
}

static void fill_facts(struct bench *bench)
{
    static const struct {
        enum who who;
        enum supplier supplier;
        enum fake_fact fact;
        int64_t value;
    } facts[] = {{WHO_PATIENT, SUPPLIER_PATIENT, FAKE_FACT_PRIVATE, 1},
                 {WHO_SYSTEM, SUPPLIER_MEDIA, FAKE_FACT_PICTURE, 0},
                 {WHO_PHYSICIAN, SUPPLIER_PHYSICIAN, FAKE_FACT_USEFUL, 1},
                 {WHO_PATIENT, SUPPLIER_PATIENT, FAKE_FACT_PLACE, 2},
                 {WHO_PHYSICIAN, SUPPLIER_PHYSICIAN, FAKE_FACT_DOCUMENTS, 5},
                 {WHO_SYSTEM, SUPPLIER_SYSTEM, FAKE_FACT_COUNT_OF, 9}};
    for (size_t i = 0; i < ARRAY_LENGTH(facts); i++)
        assert_int_equal(
            bench_fact(bench, facts[i].who, facts[i].supplier, facts[i].fact, facts[i].value),
            STEP_GO);
    assert_int_equal(bench_do(bench, CONSULTATION_EVENT_ACKNOWLEDGE, WHO_PHYSICIAN), STEP_GO);
    bench_do(bench, CONSULTATION_EVENT_SECOND_DEVICE, WHO_SYSTEM);
}

/* Member by member, as far as padding allows: both were zeroed first, so all of it. */
static void every_state_comes_back_whole(void **state)
{
    struct shelf *shelf = *state;
    for (int from = 0; from < CONSULTATION_STATE_COUNT; from++) {
        bench_reach(&shelf->bench, (enum consultation_state)from);
        if (from <= CONSULTATION_STATE_CLOSING)
            fill_facts(&shelf->bench);
        assert_int_equal(written(shelf), RESULT_OK);
        assert_int_equal(
            read_exact(shelf->bench.pack, shelf->text, strlen(shelf->text), &shelf->back),
            RESULT_OK);
        assert_memory_equal(&shelf->back, &shelf->bench.now, sizeof(shelf->back));
        struct sha256 hash;
        bool pinned = false;
        assert_int_equal(
            consultation_text_pack(span_of(shelf->text, strlen(shelf->text)), &hash, &pinned),
            RESULT_OK);
        assert_true(sha256_equal(&hash, &shelf->bench.now.pack_hash));
        assert_int_equal(pinned, shelf->bench.now.pack_pinned);
    }
}

static void names_stand_in_the_text(void **state)
{
    struct shelf *shelf = *state;
    fill_facts(&shelf->bench);
    assert_int_equal(written(shelf), RESULT_OK);
    assert_non_null(strstr(shelf->text, "\nstate booked\n"));
    assert_non_null(strstr(shelf->text, "\nfact place_kind pt public "));
    assert_non_null(strstr(shelf->text, "\nfact pt_docs dr licence+card "));
    assert_non_null(strstr(shelf->text, "\nacknowledged FAKE-4\nend\n"));
}

static void a_small_place_is_told_and_not_overrun(void **state)
{
    struct shelf *shelf = *state;
    fill_facts(&shelf->bench);
    assert_int_equal(written(shelf), RESULT_OK);
    size_t length = strlen(shelf->text);
    for (size_t size = 1; size <= length + 2; size += size < 16 || size + 16 > length ? 1 : 13) {
        char *place = malloc(size);
        enum result wanted = size > length ? RESULT_OK : RESULT_TOO_LARGE;
        assert_int_equal(consultation_write_text(&shelf->bench.now, shelf->bench.pack, place, size),
                         wanted);
        free(place);
    }
}

static void every_cut_and_every_changed_byte_is_read_safely(void **state)
{
    struct shelf *shelf = *state;
    bench_reach(&shelf->bench, CONSULTATION_STATE_PAUSED);
    fill_facts(&shelf->bench);
    assert_int_equal(written(shelf), RESULT_OK);
    size_t length = strlen(shelf->text);
    for (size_t cut = 0; cut < length; cut++)
        assert_int_not_equal(read_exact(shelf->bench.pack, shelf->text, cut, &shelf->back),
                             RESULT_OK);
    for (size_t i = 0; i < length; i++) {
        char byte = shelf->text[i];
        static const char others[] = {'\0', ' ', '\n', '-', '9', 'a', '\x80'};
        for (size_t k = 0; k < sizeof(others); k++) {
            shelf->text[i] = others[k];
            if (read_exact(shelf->bench.pack, shelf->text, length, &shelf->back) != RESULT_OK)
                continue;
            /* another value, then: exactly what a writer would have written for it */
            assert_int_equal(consultation_write_text(&shelf->back, shelf->bench.pack, shelf->again,
                                                     sizeof(shelf->again)),
                             RESULT_OK);
            assert_string_equal(shelf->again, shelf->text);
        }
        shelf->text[i] = byte;
    }
}

/* Replaces the first `from` by `to` in the text. */
static void edit(struct shelf *shelf, const char *from, const char *to)
{
    char *at = strstr(shelf->text, from);
    assert_non_null(at);
    size_t tail = strlen(at + strlen(from)) + 1;
    memmove(at + strlen(to), at + strlen(from), tail);
    memcpy(at, to, strlen(to));
}

static void what_contradicts_itself_opens_nothing(void **state)
{
    struct shelf *shelf = *state;
    static const struct {
        enum consultation_state from;
        const char *was, *is;
        enum result wanted;
    } cases[] = {
        {CONSULTATION_STATE_LOBBY, "seat 0 waiting", "seat 0 present", RESULT_PARSE},
        {CONSULTATION_STATE_LOBBY, "state lobby", "state consult",
         RESULT_PARSE}, /* never admitted */
        {CONSULTATION_STATE_PAUSED, "state paused", "state ident", RESULT_PARSE},
        {CONSULTATION_STATE_PAUSED, "before_hold consult", "before_hold emergency", RESULT_PARSE},
        {CONSULTATION_STATE_CONSULT, "state consult", "state closing",
         RESULT_PARSE}, /* clock runs */
        {CONSULTATION_STATE_IDENT, "pack_pinned 1", "pack_pinned 0", RESULT_PARSE},
        {CONSULTATION_STATE_LOBBY, "second_device 0", "second_device 1", RESULT_PARSE},
        {CONSULTATION_STATE_LOBBY, "seat 1 ", "seat 0 ", RESULT_PARSE},
        {CONSULTATION_STATE_LOBBY, "revision 3", "revision 03", RESULT_PARSE},
        {CONSULTATION_STATE_LOBBY, "revision 3", "revision 4294967296", RESULT_PARSE},
        {CONSULTATION_STATE_LOBBY, "rec off", "rec maybe", RESULT_PARSE},
        {CONSULTATION_STATE_LOBBY, "rec off\n", "", RESULT_PARSE},
        {CONSULTATION_STATE_LOBBY, "rec off\n", "rec off\nrec off\n", RESULT_PARSE},
        {CONSULTATION_STATE_LOBBY, "\nend\n", "\nend\nend\n", RESULT_PARSE},
        {CONSULTATION_STATE_LOBBY, "\nend\n", "\nfact ghost pt 1 0 0\nend\n", RESULT_PARSE},
        {CONSULTATION_STATE_LOBBY, "\nend\n", "\nfact others pt 1 0 0\nend\n", RESULT_PARSE},
        {CONSULTATION_STATE_LOBBY, "\nend\n", "\nfact others dr 10 0 0\nend\n", RESULT_PARSE},
        {CONSULTATION_STATE_LOBBY, "\nend\n", "\nfact others dr 1 0 0\nfact others dr 1 0 0\nend\n",
         RESULT_PARSE},
        {CONSULTATION_STATE_LOBBY, "\nend\n", "\nfact pt_docs dr card+licence 0 0\nend\n",
         RESULT_PARSE},
        {CONSULTATION_STATE_LOBBY, "\nend\n", "\nacknowledged FAKE-99\nend\n", RESULT_PARSE},
        {CONSULTATION_STATE_LOBBY, "consultation 1", "consultation 2", RESULT_UNSUPPORTED},
        {CONSULTATION_STATE_LOBBY, "\nend\n", "\nfact others dr 1 0 0\nend\n", RESULT_OK},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        bench_reach(&shelf->bench, cases[i].from);
        assert_int_equal(written(shelf), RESULT_OK);
        edit(shelf, cases[i].was, cases[i].is);
        enum result got =
            read_exact(shelf->bench.pack, shelf->text, strlen(shelf->text), &shelf->back);
        if (got != cases[i].wanted)
            fail_msg("'%s' for '%s': %s", cases[i].is, cases[i].was, result_name(got));
    }
}

static void a_pinned_pack_stays_and_a_booking_moves_on(void **state)
{
    struct shelf *shelf = *state;
    struct rule_pack *newer = fake_pack_new("2");
    bench_reach(&shelf->bench, CONSULTATION_STATE_LOBBY);
    assert_int_equal(written(shelf), RESULT_OK);
    assert_int_equal(read_exact(newer, shelf->text, strlen(shelf->text), &shelf->back),
                     RESULT_STALE);
    bench_reach(&shelf->bench, CONSULTATION_STATE_BOOKED);
    fill_facts(&shelf->bench);
    assert_int_equal(written(shelf), RESULT_OK);
    fake_pack_hide(newer, FAKE_FACT_DOCUMENTS);                            /* no longer a fact */
    edit(shelf, "fact place_kind pt public", "fact place_kind pt forest"); /* no longer a value */
    edit(shelf, "acknowledged FAKE-4", "acknowledged FAKE-99");            /* no longer a rule */
    assert_int_equal(read_exact(newer, shelf->text, strlen(shelf->text), &shelf->back), RESULT_OK);
    assert_true(sha256_equal(&shelf->back.pack_hash, &rule_pack_info(newer)->hash));
    assert_true(shelf->back.facts.values[FAKE_FACT_PRIVATE].known);
    assert_int_equal(shelf->back.facts.values[FAKE_FACT_COUNT_OF].value, 9);
    assert_false(shelf->back.facts.values[FAKE_FACT_DOCUMENTS].known);
    assert_false(shelf->back.facts.values[FAKE_FACT_PLACE].known);
    for (size_t i = 0; i < sizeof(shelf->back.acknowledged); i++)
        assert_int_equal(shelf->back.acknowledged[i], 0);
    newer = rule_pack_free(newer);
}

static void what_could_not_be_read_back_is_not_written(void **state)
{
    struct shelf *shelf = *state;
    strcpy(shelf->bench.now.patient.text, "Yamada Hanako");
    assert_int_equal(written(shelf), RESULT_INVALID);
    bench_reach(&shelf->bench, CONSULTATION_STATE_BOOKED);
    strcpy(shelf->bench.now.end_reason, "line\nbreak");
    assert_int_equal(written(shelf), RESULT_INVALID);
    bench_reach(&shelf->bench, CONSULTATION_STATE_BOOKED);
    shelf->bench.now.facts.values[FAKE_FACT_PLACE] = (struct fact_value){.known = true, .value = 3};
    assert_int_equal(written(shelf), RESULT_INVALID);
    bench_reach(&shelf->bench, CONSULTATION_STATE_BOOKED);
    shelf->bench.now.deadline_us = -1;
    assert_int_equal(written(shelf), RESULT_INVALID);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(every_state_comes_back_whole),
        T(names_stand_in_the_text),
        T(a_small_place_is_told_and_not_overrun),
        T(every_cut_and_every_changed_byte_is_read_safely),
        T(what_contradicts_itself_opens_nothing),
        T(a_pinned_pack_stays_and_a_booking_moves_on),
        T(what_could_not_be_read_back_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
