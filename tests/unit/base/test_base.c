/* The floor: cursors, text, handles, mailboxes, lists, hashes, log names. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/base/bytes.h"
#include "gateway/base/clock.h"
#include "gateway/base/counters.h"
#include "gateway/base/handle.h"
#include "gateway/base/hash.h"
#include "gateway/base/id.h"
#include "gateway/base/list.h"
#include "gateway/base/log.h"
#include "gateway/base/mailbox.h"
#include "gateway/base/random.h"
#include "gateway/base/result.h"
#include "gateway/base/text.h"

static void reader_stops_at_the_end(void **state)
{
    (void)state;
    const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7};
    for (size_t length = 0; length <= sizeof(data); length++) {
        uint8_t *copy = malloc(length + 1); /* exact size, so ASan sees one byte too far */
        memcpy(copy, data, length);
        copy = realloc(copy, length > 0 ? length : 1);
        struct bytes_reader reader = bytes_reader_of(span_of(copy, length));
        uint8_t a = 0;
        uint16_t b = 0;
        uint32_t c = 0;
        assert_int_equal(bytes_read_u8(&reader, &a), length >= 1);
        assert_int_equal(bytes_read_u16(&reader, &b), length >= 3);
        if (length >= 3)
            assert_int_equal(b, 0x0203);
        assert_int_equal(bytes_read_u32(&reader, &c), length >= 7);
        assert_false(bytes_skip(&reader, length + 1));
        free(copy);
    }
}

static void writer_overflow_is_sticky(void **state)
{
    (void)state;
    uint8_t place[4];
    struct bytes_writer writer = bytes_writer_of(place, sizeof(place));
    bytes_write_u24(&writer, 0x010203);
    assert_false(writer.overflowed);
    bytes_write_u16(&writer, 9);
    assert_true(writer.overflowed);
    bytes_write_u8(&writer, 1);
    assert_int_equal(writer.used, 3);
    assert_int_equal(bytes_get_u24(place), 0x010203);
}

static void base64_matches_rfc4648_vectors(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++) {
        char text[16];
        uint8_t back[16];
        size_t length = 99;
        text_base64(span_of(pairs[i][0], strlen(pairs[i][0])), text, sizeof(text));
        assert_string_equal(text, pairs[i][1]);
        assert_true(text_from_base64(text, back, sizeof(back), &length));
        assert_int_equal(length, strlen(pairs[i][0]));
        assert_memory_equal(back, pairs[i][0], length);
    }
    uint8_t place[8];
    size_t length;
    static const char *const bad[] = {
        "Zg", "Zg=", "Zh==", "Z===", "====", "Zm9=Zm9v", "Zm!v", "Zm9vZm9vZm9vZm9v"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(text_from_base64(bad[i], place, sizeof(place), &length));
}

static void hex_round_trip_and_refusals(void **state)
{
    (void)state;
    char text[9];
    uint8_t back[4];
    size_t length;
    text_hex(span_of("\x00\xff\x10\xab", 4), text, sizeof(text));
    assert_string_equal(text, "00ff10ab");
    assert_true(text_from_hex(text, back, sizeof(back), &length));
    assert_memory_equal(back, "\x00\xff\x10\xab", 4);
    assert_false(text_from_hex("0", back, sizeof(back), &length));
    assert_false(text_from_hex("0g", back, sizeof(back), &length));
    assert_false(text_from_hex("0011223344", back, sizeof(back), &length));
}

static void utf8_is_judged_strictly(void **state)
{
    (void)state;
    static const char *const good[] = {"", "abc", "\xe5\xb1\xb1\xe7\x94\xb0", "\xf0\x9f\x98\x8a",
                                       "\xc2\xa0"};
    static const char *const bad[] = {
        "\n",       "\x7f", "\xc0\xaf",     "\xed\xa0\x80",     "\xf5\x80\x80\x80", "\xe5\xb1",
        "\xc2\x85", "\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80"};
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
        assert_true(text_is_plain_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(text_is_plain_utf8(bad[i], strlen(bad[i])));
    assert_false(text_is_plain_utf8("a\0b", 3));
}

static void stale_handles_miss(void **state)
{
    (void)state;
    struct handle_table *table = NULL;
    int object = 7;
    struct handle first, second, third;
    assert_int_equal(handle_table_new(2, &table), RESULT_OK);
    assert_int_equal(handle_table_add(table, &object, &first), RESULT_OK);
    assert_int_equal(handle_table_add(table, &object, &second), RESULT_OK);
    assert_int_equal(handle_table_add(table, &object, &third), RESULT_FULL);
    assert_ptr_equal(handle_table_get(table, first), &object);
    handle_table_remove(table, first);
    handle_table_remove(table, first);
    assert_null(handle_table_get(table, first));
    assert_int_equal(handle_table_add(table, &object, &third), RESULT_OK);
    assert_int_equal(third.slot, first.slot);
    assert_false(handle_equal(third, first));
    assert_null(handle_table_get(table, (struct handle){.slot = 0, .generation = 0}));
    assert_null(handle_table_get(table, (struct handle){.slot = 9, .generation = 1}));
    uint32_t cursor = 0, seen = 0;
    while (handle_table_next(table, &cursor) != NULL)
        seen++;
    assert_int_equal(seen, 2);
    assert_int_equal(handle_table_count(table), 2);
    table = handle_table_free(table);
}

#define MAIL_ITEMS 200000u

static void *mail_sender(void *argument)
{
    struct mailbox *mailbox = argument;
    for (uint32_t i = 0; i < MAIL_ITEMS; i++)
        while (mailbox_send(mailbox, &i) != RESULT_OK)
            sched_yield();
    return NULL;
}

static void mailbox_keeps_order_across_threads(void **state)
{
    (void)state;
    struct mailbox *mailbox = NULL;
    pthread_t thread;
    assert_int_equal(mailbox_new(sizeof(uint32_t), 100, &mailbox), RESULT_OK);
    pthread_create(&thread, NULL, mail_sender, mailbox);
    for (uint32_t i = 0; i < MAIL_ITEMS; i++) {
        uint32_t item = 0;
        while (!mailbox_receive(mailbox, &item))
            sched_yield();
        assert_int_equal(item, i);
    }
    pthread_join(thread, NULL);
    assert_int_equal(mailbox_depth(mailbox), 0);
    for (uint32_t i = 0; i < 128; i++)
        assert_int_equal(mailbox_send(mailbox, &i), RESULT_OK);
    uint32_t one_too_many = 1;
    assert_int_equal(mailbox_send(mailbox, &one_too_many), RESULT_FULL);
    mailbox = mailbox_free(mailbox);
}

struct bead {
    int number;
    struct list_link link;
};

static void list_survives_removal_while_walking(void **state)
{
    (void)state;
    struct list list;
    struct bead beads[5];
    list_init(&list);
    for (int i = 0; i < 5; i++) {
        beads[i].number = i;
        list_append(&list, &beads[i].link);
    }
    int sum = 0;
    LIST_FOR_EACH(&list, link)
    {
        struct bead *bead = CONTAINER_OF(link, struct bead, link);
        sum += bead->number;
        if (bead->number % 2 == 0)
            list_remove(link);
    }
    assert_int_equal(sum, 10);
    assert_ptr_equal(list_first(&list), &beads[1].link);
    assert_false(list_linked(&beads[0].link));
    list_remove(&beads[0].link);
    list_remove(&beads[1].link);
    list_remove(&beads[3].link);
    assert_true(list_empty(&list));
}

static void digests_match_published_vectors(void **state)
{
    (void)state;
    char text[65];
    struct sha256 digest = sha256_of(span_of("abc", 3)); /* FIPS 180-2 appendix B.1 */
    text_hex(span_of(digest.bytes, 32), text, sizeof(text));
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    struct span parts[] = {span_of("a", 1), span_of("bc", 2)};
    struct sha256 again = sha256_of_parts(parts, 2);
    assert_true(sha256_equal(&digest, &again));
    digest = hmac_sha256(span_of("Jefe", 4),
                         span_of("what do ya want for nothing?", 28)); /* RFC 4231 test case 2 */
    text_hex(span_of(digest.bytes, 32), text, sizeof(text));
    assert_string_equal(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_true(secret_equal("same", "same"));
    assert_false(secret_equal("same", "samf"));
    assert_false(secret_equal("same", "sam"));
    assert_int_not_equal(hash_table_key(1, span_of("a", 1)), hash_table_key(2, span_of("a", 1)));
    assert_int_not_equal(hash_table_key(1, span_of("a", 1)), hash_table_key(1, span_of("a\0", 2)));
}

static void ids_are_strict(void **state)
{
    (void)state;
    struct id a = id_new('c'), b = id_new('c'), parsed;
    assert_false(id_equal(&a, &b));
    assert_true(id_parse(a.text, &parsed));
    assert_true(id_equal(&a, &parsed));
    static const char *const bad[] = {
        "", "c", "c_", "C_1", "c-1", "c_../x", "c_A", "c_1234567890123456789012345678901234"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(id_parse(bad[i], &parsed));
}

static void times_are_written_as_utc(void **state)
{
    (void)state;
    char text[CLOCK_TEXT_SIZE];
    clock_format_utc(1795305602000000ll, text);
    assert_string_equal(text, "2026-11-22T00:00:02.000000Z");
    clock_format_utc(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999999Z");
}

/* Whatever is put into a log line, it stays one line of JSON without the text. */
static void log_lines_hold_no_free_text(void **state)
{
    (void)state;
    int pipe_ends[2], saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(pipe_ends), 0);
    dup2(pipe_ends[1], STDERR_FILENO);
    LOG(LOG_WARNING, "test.event", log_name("who", "Yamada \"Hanako\"\n\x1b[31m"),
        log_number("n", -5));
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(pipe_ends[1]);
    char line[512];
    ssize_t length = read(pipe_ends[0], line, sizeof(line) - 1);
    close(pipe_ends[0]);
    assert_true(length > 0);
    line[length] = 0;
    assert_ptr_equal(strchr(line, '\n'), line + length - 1);
    assert_non_null(strstr(line, "\"who\":\"Yamada??Hanako???[31m\",\"n\":-5}"));
}

static void counters_add_up_over_threads(void **state)
{
    (void)state;
    static struct counters a, b;
    const struct counters *blocks[] = {&a, &b};
    uint64_t sums[COUNTERS_COUNT];
    counter_add(&a, COUNTER_media_forwarded, 3);
    counter_add(&b, COUNTER_media_forwarded, 4);
    counter_set(&a, COUNTER_ws_open, 9);
    counters_sum(blocks, 2, sums);
    assert_int_equal(sums[COUNTER_media_forwarded], 7);
    assert_int_equal(sums[COUNTER_ws_open], 9);
    assert_string_equal(COUNTER_INFOS[COUNTER_ws_open].name, "ws_open");
    assert_true(COUNTER_INFOS[COUNTER_ws_open].is_gauge);
}

static void results_have_class_and_text(void **state)
{
    (void)state;
    assert_int_equal(RESULT_OK, 0);
    assert_int_equal(result_class(RESULT_DENIED), RESULT_CLASS_CALLER);
    assert_int_equal(result_class(RESULT_STORAGE), RESULT_CLASS_OUTSIDE);
    assert_string_equal(result_name(RESULT_TOO_LARGE), "TOO_LARGE");
    assert_string_equal(result_text((enum result)0x7777), "unknown result");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_stops_at_the_end),
        cmocka_unit_test(writer_overflow_is_sticky),
        cmocka_unit_test(base64_matches_rfc4648_vectors),
        cmocka_unit_test(hex_round_trip_and_refusals),
        cmocka_unit_test(utf8_is_judged_strictly),
        cmocka_unit_test(stale_handles_miss),
        cmocka_unit_test(mailbox_keeps_order_across_threads),
        cmocka_unit_test(list_survives_removal_while_walking),
        cmocka_unit_test(digests_match_published_vectors),
        cmocka_unit_test(ids_are_strict),
        cmocka_unit_test(times_are_written_as_utc),
        cmocka_unit_test(log_lines_hold_no_free_text),
        cmocka_unit_test(counters_add_up_over_threads),
        cmocka_unit_test(results_have_class_and_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
