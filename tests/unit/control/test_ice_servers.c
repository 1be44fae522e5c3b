/* What a page is told about TURN: nothing without a server; else every address with one credential of this offer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/control/ice_servers.h"

static const char SECRET[] = "north-shore-clinic-turn";

static const struct control_turn TURN = {
    .urls = {"turn:192.0.2.8:3478?transport=udp", "turns:turn.example:443?transport=tcp"},
    .urls_count = 2,
    .secret = {(const uint8_t *)SECRET, sizeof(SECRET) - 1},
    .lifetime_us = 120 * 1000000ll,
};

static void nothing_without_a_server(void **state)
{
    struct message_offer *offer = calloc(1, sizeof(*offer));
    static const struct control_turn none = {.urls_count = 0};
    (void)state;
    ice_servers_fill(&none, 1796000000ll * 1000000, offer);
    assert_int_equal(offer->ice_servers_count, 0);
    free(offer);
}

static void every_address_with_a_credential_of_its_time(void **state)
{
    struct message_offer *offer = calloc(1, sizeof(*offer));
    (void)state;
    ice_servers_fill(&TURN, 1796000000ll * 1000000, offer);
    assert_int_equal(offer->ice_servers_count, 2);
    assert_string_equal(offer->ice_servers[0].urls, TURN.urls[0]);
    assert_string_equal(offer->ice_servers[1].urls, TURN.urls[1]);
    assert_memory_equal(offer->ice_servers[0].username, "1796000120:", 11);
    assert_string_equal(offer->ice_servers[0].username, offer->ice_servers[1].username);
    assert_int_equal(strlen(offer->ice_servers[0].credential), 28);
    free(offer);
}

/* A removed person's credential is not the next one's. */
static void each_offer_has_its_own(void **state)
{
    struct message_offer *first = calloc(1, sizeof(*first)), *second = calloc(1, sizeof(*second));
    (void)state;
    ice_servers_fill(&TURN, 1796000000ll * 1000000, first);
    ice_servers_fill(&TURN, 1796000000ll * 1000000, second);
    assert_string_not_equal(first->ice_servers[0].username, second->ice_servers[0].username);
    assert_string_not_equal(first->ice_servers[0].credential, second->ice_servers[0].credential);
    free(first);
    free(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_without_a_server),
        cmocka_unit_test(every_address_with_a_credential_of_its_time),
        cmocka_unit_test(each_offer_has_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
