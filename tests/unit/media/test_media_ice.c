/* The pure half of ICE: the slot index against a plain array, addresses as text and bytes, and one peer's state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "media/ice/ice_peer.h"
#include "media/ice/slot_index.h"

#define ENTRIES 64

/* Few hashes that collide and wrap around the end of the table, so runs of probes are long. */
static void slot_index_equals_an_array(void **state)
{
    (void)state;
    struct slot_index *index;
    struct {
        uint64_t hash;
        uint32_t slot;
    } model[ENTRIES];
    uint32_t count = 0;
    uint64_t random = 42;
    assert_int_equal(slot_index_new(ENTRIES, &index), RESULT_OK);
    for (int step = 0; step < 20000; step++) {
        random = random * 6364136223846793005ull + 1442695040888963407ull;
        uint64_t hash = (random >> 33) % 24 + 120; /* 128 places */
        uint32_t slot = (uint32_t)(random >> 40) % 8;
        if ((random >> 60) < 9 && count < ENTRIES) {
            assert_int_equal(slot_index_add(index, hash, slot), RESULT_OK);
            model[count].hash = hash;
            model[count++].slot = slot;
        } else if (count > 0) {
            uint32_t victim = (uint32_t)(random >> 20) % count;
            slot_index_remove(index, model[victim].hash, model[victim].slot);
            model[victim] = model[--count];
        }
        assert_int_equal(slot_index_count(index), count);
        uint32_t cursor = 0, found = 0, expected = 0, sum = 0, expected_sum = 0;
        for (uint32_t at = slot_index_next(index, hash, &cursor); at != SLOT_INDEX_NONE;
             at = slot_index_next(index, hash, &cursor)) {
            found++;
            sum += at;
        }
        for (uint32_t i = 0; i < count; i++)
            if (model[i].hash == hash) {
                expected++;
                expected_sum += model[i].slot;
            }
        assert_int_equal(found, expected);
        assert_int_equal(sum, expected_sum);
    }
    while (count < ENTRIES) {
        assert_int_equal(slot_index_add(index, 1, 1), RESULT_OK);
        count++;
    }
    assert_int_equal(slot_index_add(index, 1, 1), RESULT_FULL);
    slot_index_remove(index, 999, 3); /* nobody */
    assert_int_equal(slot_index_count(index), ENTRIES);
    slot_index_free(index);
}

static struct net_address address_of(unsigned number)
{
    struct net_address address;
    char text[32];
    snprintf(text, sizeof(text), "198.51.100.%u", number);
    assert_int_equal(net_address_parse(text, 4000, &address), RESULT_OK);
    return address;
}

static void addresses_keep_their_meaning(void **state)
{
    (void)state;
    static const char *const texts[] = {"192.0.2.1", "2001:db8::7", "::1", "127.0.0.1"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct net_address address, back;
        struct sockaddr_storage storage;
        char text[NET_ADDRESS_TEXT_SIZE];
        assert_int_equal(net_address_parse(texts[i], 65535, &address), RESULT_OK);
        memset(&storage, 0x55,
               sizeof(storage)); /* what the kernel leaves behind the address must not matter */
        net_address_to(&address, &storage);
        assert_true(net_address_from(&storage, &back));
        assert_true(net_address_equal(&address, &back));
        assert_true(net_address_hash(1, &address) == net_address_hash(1, &back));
        net_address_text(&back, text);
        assert_string_equal(text, texts[i]);
        assert_false(net_address_is_any(&address));
    }
    struct net_address address;
    static const char *const bad[] = {"",    "localhost",    "1.2.3",     "1.2.3.4.5",
                                      "::g", "192.0.2.1:80", "fe80::1%lo"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_int_equal(net_address_parse(bad[i], 1, &address), RESULT_INVALID);
    assert_int_equal(net_address_parse("::", 1, &address), RESULT_OK);
    assert_true(net_address_is_any(&address));
    struct sockaddr_storage local = {.ss_family = AF_UNIX};
    assert_false(net_address_from(&local, &address));
}

static const struct media_ice FIRST = {.ufrag = "first", .pwd = "0123456789012345678901"};
static const struct media_ice SECOND = {.ufrag = "second", .pwd = "abcdefghijklmnopqrstuv"};

static struct span ufrag_of(const struct media_ice *ice)
{
    return span_of(ice->ufrag, strlen(ice->ufrag));
}

static struct ice_change check(struct ice_peer *peer, const struct media_ice *ice, unsigned from,
                               bool nominate, int64_t now_us)
{
    struct ice_change change;
    struct net_address source = address_of(from);
    ice_peer_checked(peer, ufrag_of(ice), &source, nominate, now_us, &change);
    return change;
}

static bool selected_is(const struct ice_peer *peer, unsigned number)
{
    struct net_address address = address_of(number);
    const struct net_address *selected = ice_peer_selected(peer);
    return selected != NULL && net_address_equal(selected, &address);
}

static void weak_credentials_are_refused(void **state)
{
    (void)state;
    struct ice_peer peer;
    static const struct media_ice bad[] = {
        {.ufrag = "abc", .pwd = "0123456789012345678901"},
        {.ufrag = "", .pwd = "0123456789012345678901"},
        {.ufrag = "abcd", .pwd = "012345678901234567890"},
        {.ufrag = "abcd", .pwd = ""},
        {.ufrag = "ab:cd", .pwd = "0123456789012345678901"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_int_equal(ice_peer_init(&peer, &bad[i]), RESULT_INVALID);
    struct media_ice endless;
    memset(&endless, 'a', sizeof(endless));
    assert_int_equal(ice_peer_init(&peer, &endless), RESULT_INVALID);
}

static void first_address_is_used_until_one_is_nominated(void **state)
{
    (void)state;
    struct ice_peer peer;
    assert_int_equal(ice_peer_init(&peer, &FIRST), RESULT_OK);
    assert_null(ice_peer_selected(&peer));
    assert_true(check(&peer, &FIRST, 1, false, 10).selected);
    assert_true(selected_is(&peer, 1));
    assert_false(check(&peer, &FIRST, 2, false, 11).selected);
    assert_true(selected_is(&peer, 1));
    assert_true(check(&peer, &FIRST, 2, true, 12).selected);
    assert_true(selected_is(&peer, 2));
    struct ice_change change = check(&peer, &FIRST, 2, true, 13);
    assert_false(change.selected || change.added || change.back);
}

static void the_ninth_address_displaces_the_stalest(void **state)
{
    (void)state;
    struct ice_peer peer;
    assert_int_equal(ice_peer_init(&peer, &FIRST), RESULT_OK);
    for (unsigned i = 0; i < MEDIA_TUPLES_PER_ENDPOINT_MAX; i++)
        check(&peer, &FIRST, 1 + i, i == 0, 100 + i);
    struct ice_change change = check(&peer, &FIRST, 50, false, 200);
    struct net_address stalest = address_of(2); /* 1 is older but selected */
    assert_int_equal(change.removed_count, 1);
    assert_true(net_address_equal(&change.removed[0], &stalest));
    assert_true(selected_is(&peer, 1));
    struct net_address newest = address_of(50);
    assert_true(ice_peer_has(&peer, &newest));
    assert_int_equal(peer.tuples_count, MEDIA_TUPLES_PER_ENDPOINT_MAX);
}

static void a_forgotten_address_is_not_selected_any_more(void **state)
{
    (void)state;
    for (unsigned selected = 1; selected <= 3; selected++)
        for (unsigned victim = 1; victim <= 3; victim++) {
            struct ice_peer peer;
            assert_int_equal(ice_peer_init(&peer, &FIRST), RESULT_OK);
            for (unsigned i = 1; i <= 3; i++)
                check(&peer, &FIRST, i, i == selected, i);
            struct net_address address = address_of(victim);
            /* nominations above come in order, so the last nominated one is `selected` */
            assert_true(selected_is(&peer, selected));
            ice_peer_forget(&peer, &address);
            ice_peer_forget(&peer, &address);
            assert_false(ice_peer_has(&peer, &address));
            assert_int_equal(peer.tuples_count, 2);
            if (victim == selected)
                assert_null(ice_peer_selected(&peer));
            else
                assert_true(selected_is(&peer, selected));
        }
}

static void restart_takes_effect_with_the_first_new_check(void **state)
{
    (void)state;
    struct ice_peer peer;
    struct media_ice dropped;
    assert_int_equal(ice_peer_init(&peer, &FIRST), RESULT_OK);
    check(&peer, &FIRST, 1, true, 10);
    assert_int_equal(ice_peer_restart(&peer, &SECOND, &dropped), RESULT_OK);
    assert_string_equal(dropped.ufrag, "");
    assert_true(ice_peer_password(&peer, ufrag_of(&FIRST)).length > 0);
    assert_false(check(&peer, &FIRST, 1, true, 20).restarted);
    struct ice_change change = check(&peer, &SECOND, 2, false, 30);
    assert_true(change.restarted && change.back && change.added && change.selected);
    assert_int_equal(change.removed_count, 1);
    assert_true(selected_is(&peer, 2));
    assert_int_equal(ice_peer_password(&peer, ufrag_of(&FIRST)).length, 0);
    assert_false(check(&peer, &SECOND, 2, true, 40).back);
    /* a restart that nobody took up is replaced by the next */
    assert_int_equal(ice_peer_restart(&peer, &FIRST, &dropped), RESULT_OK);
    struct media_ice third = SECOND;
    third.ufrag[0] = 'X';
    assert_int_equal(ice_peer_restart(&peer, &third, &dropped), RESULT_OK);
    assert_string_equal(dropped.ufrag, FIRST.ufrag);
    assert_true(ice_peer_password(&peer, ufrag_of(&SECOND)).length > 0);
    assert_true(ice_peer_password(&peer, ufrag_of(&third)).length > 0);
    assert_int_equal(ice_peer_password(&peer, ufrag_of(&FIRST)).length, 0);
}

static void consent_counts_from_the_last_valid_check(void **state)
{
    (void)state;
    struct ice_peer peer;
    struct ice_change change;
    assert_int_equal(ice_peer_init(&peer, &FIRST), RESULT_OK);
    assert_false(ice_peer_expire(&peer, 1000, 30, &change)); /* never given, never lost */
    check(&peer, &FIRST, 1, true, 1000);
    check(&peer, &FIRST, 2, false, 1020);
    assert_false(ice_peer_expire(&peer, 1049, 30, &change));
    assert_true(ice_peer_expire(&peer, 1050, 30, &change));
    assert_int_equal(change.removed_count, 2);
    assert_null(ice_peer_selected(&peer));
    assert_false(ice_peer_expire(&peer, 1100, 30, &change)); /* told once */
    assert_true(check(&peer, &FIRST, 1, false, 1200).back);
    assert_true(selected_is(&peer, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slot_index_equals_an_array),
        cmocka_unit_test(addresses_keep_their_meaning),
        cmocka_unit_test(weak_credentials_are_refused),
        cmocka_unit_test(first_address_is_used_until_one_is_nominated),
        cmocka_unit_test(the_ninth_address_displaces_the_stalest),
        cmocka_unit_test(a_forgotten_address_is_not_selected_any_more),
        cmocka_unit_test(restart_takes_effect_with_the_first_new_check),
        cmocka_unit_test(consent_counts_from_the_last_valid_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
