/* The inside of a worker without its thread and sockets: events when control does not read, sleeping, the bound on
 * half-open handshakes. The test's thread is the worker's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "media/endpoint/endpoint_transport.h"
#include "media/path/path.h"
#include "media/worker/worker.h"
#include "tests/support/raw_peer.h"

#define ENDPOINTS 80

struct rig {
    struct media_options options;
    struct dtls_identity *identity;
    struct media_worker *worker;
    unsigned wakes;
};

static void count_wake(void *owner)
{
    ((struct rig *)owner)->wakes++;
}

static int setup(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    rig->options = (struct media_options){
        .workers = 1,
        .bind_address = "127.0.0.1",
        .endpoints_max = ENDPOINTS,
        .consent_timeout_us = 30 * US_PER_S,
        .handshake_timeout_us = 15 * US_PER_S,
        .gap_notice_us = US_PER_S,
        .random_seed = 3,
    };
    assert_int_equal(dtls_identity_new(&rig->identity), RESULT_OK);
    assert_int_equal(worker_new_offline(&rig->options, rig->identity, &rig->worker), RESULT_OK);
    rig->worker->wake = count_wake;
    rig->worker->wake_owner = rig;
    *state = rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;
    worker_close_all(rig->worker);
    worker_free(rig->worker);
    dtls_identity_free(rig->identity);
    free(rig);
    return 0;
}

static struct endpoint *open_one(struct rig *rig, uint32_t slot)
{
    struct media_command command = {.kind = MEDIA_COMMAND_ENDPOINT_OPEN,
                                    .endpoint = {.slot = slot, .generation = 1}};
    snprintf(command.open.ice.ufrag, sizeof(command.open.ice.ufrag), "ufrag%u", slot);
    memcpy(command.open.ice.pwd, "0123456789012345678901", 23);
    command.open.slots[0] = (struct media_slot){.mid = "0", .kind = MEDIA_AUDIO, .up = true};
    command.open.slots_count = 1;
    assert_int_equal(endpoint_open(rig->worker, &command), RESULT_OK);
    struct endpoint *endpoint = worker_endpoint(rig->worker, command.endpoint);
    assert_non_null(endpoint);
    command =
        (struct media_command){.kind = MEDIA_COMMAND_ENDPOINT_REMOTE, .endpoint = command.endpoint};
    command.remote.fingerprint = *dtls_identity_fingerprint(rig->identity);
    endpoint_set_remote(endpoint, &command);
    return endpoint;
}

static struct net_address address_of(uint32_t number)
{
    struct net_address address;
    assert_int_equal(net_address_parse("192.0.2.1", (uint16_t)(1000 + number), &address),
                     RESULT_OK);
    return address;
}

static void prove(struct endpoint *endpoint, uint32_t number)
{
    struct net_address address = address_of(number);
    const char *ufrag = endpoint->ice.local.ufrag;
    endpoint_checked(endpoint, span_of(ufrag, strlen(ufrag)), &address, true);
}

static void drained_and_lost_outlive_a_full_mailbox(void **state)
{
    struct rig *rig = *state;
    struct media_worker *worker = rig->worker;
    struct endpoint *first = open_one(rig, 0), *second = open_one(rig, 1);
    prove(first, 0);
    prove(second, 1);
    struct media_event filler = {.kind = MEDIA_EVENT_STATS, .endpoint = first->handle};
    for (int i = 0; i < MEDIA_EVENTS_MAX + 10; i++)
        worker_event(worker, &filler);
    assert_int_equal(counter_get(&worker->counters, COUNTER_media_events_lost), 10);
    /* consent runs out for one, twice; the other one is closed */
    worker->now_us += rig->options.consent_timeout_us;
    assert_true(endpoint_tick(first, worker->now_us) > 0);
    prove(first, 0); /* BACK: lost with the rest */
    worker->now_us += rig->options.consent_timeout_us;
    endpoint_tick(first, worker->now_us); /* a second LOST says nothing new */
    endpoint_close(second);
    assert_int_equal(worker->waiting.count, 2);
    worker_run_timers(worker);
    assert_in_range(worker_sleep_ms(worker, worker->now_us), 1, 20); /* it is tried again soon */
    /* control reads again */
    struct media_event event;
    for (int i = 0; i < MEDIA_EVENTS_MAX; i++) {
        assert_true(worker_receive_event(worker, &event));
        assert_int_equal(event.kind, MEDIA_EVENT_STATS);
    }
    worker_flush_events(worker);
    assert_true(rig->wakes >= 1);
    assert_true(worker_receive_event(worker, &event));
    assert_int_equal(event.kind, MEDIA_EVENT_LOST);
    assert_true(worker_receive_event(worker, &event));
    assert_int_equal(event.kind, MEDIA_EVENT_DRAINED);
    assert_int_equal(event.endpoint.slot, 1);
    assert_false(worker_receive_event(worker, &event));
    assert_int_equal(worker->waiting.count, 0);
}

static void an_idle_worker_sleeps(void **state)
{
    struct rig *rig = *state;
    struct media_worker *worker = rig->worker;
    assert_int_equal(worker_sleep_ms(worker, worker->now_us), -1); /* until somebody calls */
    struct endpoint *endpoint = open_one(rig, 0);
    assert_in_range(worker_sleep_ms(worker, worker->now_us), 0, 5);
    worker->ticked_us = worker->now_us - WORKER_TICK_US;
    worker_run_timers(worker);
    int sleep_ms = worker_sleep_ms(
        worker, worker->now_us); /* until the check that does not come is reported */
    assert_in_range(sleep_ms, 14000, 15001);
    /* closing an endpoint leaves nothing due behind */
    endpoint_close(endpoint);
    worker->now_us += WORKER_TICK_US;
    worker->next_due_us = worker->now_us;
    worker_run_timers(worker);
    assert_int_equal(worker_sleep_ms(worker, worker->now_us), -1);
}

/* A ClientHello of a real client, taken from its way out. */
struct catcher {
    struct raw_peer_events events;
    size_t length;
    uint8_t bytes[1500];
};

static bool catch_hello(struct raw_peer_events *events, struct raw_peer *peer,
                        const uint8_t *datagram, size_t length)
{
    (void)peer;
    struct catcher *catcher = CONTAINER_OF(events, struct catcher, events);
    if (length > 25 && length <= sizeof(catcher->bytes) && datagram[0] == 22) {
        memcpy(catcher->bytes, datagram, length);
        catcher->length = length;
    }
    return false;
}

static void half_open_handshakes_are_bounded(void **state)
{
    struct rig *rig = *state;
    struct media_worker *worker = rig->worker;
    struct catcher catcher = {.events.outgoing = catch_hello};
    struct raw_peer_options options = {
        .bind_address = "127.0.0.1",
        .srtp_profiles = "SRTP_AEAD_AES_128_GCM",
        .events = &catcher.events,
    };
    struct raw_peer *client = raw_peer_new(&options);
    static const uint8_t fingerprint[32];
    assert_non_null(client);
    assert_true(raw_peer_set_remote(client, "127.0.0.1", 9, "ufrag", "password", fingerprint));
    raw_peer_set_dtls_early(client, true);
    raw_peer_step(client, 1000);
    assert_true(catcher.length > 0);
    uint8_t buffer[WORKER_BUFFER_BYTES];
    for (uint32_t i = 0; i < MEDIA_HALF_OPEN_HANDSHAKES_MAX + 3; i++) {
        struct net_address address = address_of(i);
        prove(open_one(rig, i), i);
        memcpy(buffer, catcher.bytes, catcher.length);
        path_classify(worker, &address, buffer, catcher.length);
        path_flush(worker);
    }
    assert_int_equal(worker->half_open, MEDIA_HALF_OPEN_HANDSHAKES_MAX);
    assert_int_equal(counter_get(&worker->counters, COUNTER_media_drop_pool), 3);
    /* nonsense of a handshake's shape from one more proven address opens nothing */
    uint64_t before = worker->half_open;
    memset(buffer, 22, 60);
    struct net_address address = address_of(MEDIA_HALF_OPEN_HANDSHAKES_MAX);
    path_classify(worker, &address, buffer, 60);
    assert_int_equal(worker->half_open, before);
    /* all of them end by themselves */
    worker->now_us += rig->options.handshake_timeout_us;
    worker_run_timers(worker);
    assert_int_equal(worker->half_open, 0);
    assert_int_equal(counter_get(&worker->counters, COUNTER_media_dtls_failed),
                     MEDIA_HALF_OPEN_HANDSHAKES_MAX);
    raw_peer_free(client);
}

static void a_taken_ufrag_or_place_is_refused(void **state)
{
    struct rig *rig = *state;
    struct media_command command = {.kind = MEDIA_COMMAND_ENDPOINT_OPEN,
                                    .endpoint = {.slot = 5, .generation = 1}};
    open_one(rig, 0);
    memcpy(command.open.ice.ufrag, "ufrag0", 7);
    memcpy(command.open.ice.pwd, "0123456789012345678901", 23);
    assert_int_equal(endpoint_open(rig->worker, &command), RESULT_EXISTS);
    memcpy(command.open.ice.ufrag, "ufrag5", 7);
    command.endpoint.slot = 0;
    assert_int_equal(endpoint_open(rig->worker, &command), RESULT_EXISTS);
    command.endpoint.slot = ENDPOINTS; /* another worker's */
    assert_int_equal(endpoint_open(rig->worker, &command), RESULT_INVALID);
    command.endpoint.slot = 5;
    command.open.slots[0] = (struct media_slot){.mid = "0", .up = false, .ssrc = 0};
    command.open.slots_count = 1;
    assert_int_equal(endpoint_open(rig->worker, &command), RESULT_INVALID);
    command.open.slots_count = MEDIA_SLOTS_MAX + 1;
    assert_int_equal(endpoint_open(rig->worker, &command), RESULT_TOO_MANY);
    assert_int_equal(rig->worker->endpoints_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(drained_and_lost_outlive_a_full_mailbox, setup, teardown),
        cmocka_unit_test_setup_teardown(an_idle_worker_sleeps, setup, teardown),
        cmocka_unit_test_setup_teardown(half_open_handshakes_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(a_taken_ufrag_or_place_is_refused, setup, teardown),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
