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
    /* All came in one moment: what the credit does not cover waits, and running calls would have had their turn. */
    uint32_t deferred = handshake_queue_count(worker->handshakes);
    assert_true(deferred > 0);
    assert_int_equal(worker->half_open + deferred, MEDIA_HALF_OPEN_HANDSHAKES_MAX + 3);
    assert_int_equal(counter_get(&worker->counters, COUNTER_media_dtls_deferred), deferred);
    while (handshake_queue_count(worker->handshakes) > 0) {
        uint32_t before_pass = handshake_queue_count(worker->handshakes);
        worker_run_handshakes(worker); /* time has not moved on: no credit */
        assert_int_equal(handshake_queue_count(worker->handshakes), before_pass);
        assert_true(worker_sleep_ms(worker, worker->now_us) >= 0);
        worker->now_us = handshake_queue_due_us(worker->handshakes);
        worker_run_handshakes(worker);
        assert_true(handshake_queue_count(worker->handshakes) < before_pass);
        path_flush(worker);
    }
    assert_int_equal(worker->half_open, MEDIA_HALF_OPEN_HANDSHAKES_MAX);
    assert_int_equal(counter_get(&worker->counters, COUNTER_media_drop_pool), 3);
    /* nonsense of a handshake's shape from one more proven address opens nothing */
    uint64_t before = worker->half_open;
    memset(buffer, 22, 60);
    struct net_address address = address_of(MEDIA_HALF_OPEN_HANDSHAKES_MAX);
    path_classify(worker, &address, buffer, 60);
    worker->now_us += US_PER_S;
    worker_run_handshakes(worker);
    assert_int_equal(worker->half_open, before);
    /* all of them end by themselves */
    worker->now_us += rig->options.handshake_timeout_us;
    worker_run_timers(worker);
    assert_int_equal(worker->half_open, 0);
    assert_int_equal(counter_get(&worker->counters, COUNTER_media_dtls_failed),
                     MEDIA_HALF_OPEN_HANDSHAKES_MAX);
    raw_peer_free(client);
}

/* The credit is a share of time: whatever a step costs, no second holds more work than that and one burst. */
static void handshakes_take_a_share_of_the_time(void **state)
{
    (void)state;
    struct handshake_queue *queue;
    struct net_address source = address_of(1);
    struct handle endpoint = {.slot = 4, .generation = 2};
    static const int64_t costs_us[] = {50, 400, 3000};
    for (size_t i = 0; i < ARRAY_LENGTH(costs_us); i++) {
        int64_t now_us = 1000, worked_us = 0;
        assert_int_equal(handshake_queue_new(now_us, &queue), RESULT_OK);
        for (; now_us < 1000 + US_PER_S; now_us += 7) /* polled far more often than it earns */
            while (handshake_queue_may(queue, now_us)) {
                handshake_queue_paid(queue, costs_us[i]);
                worked_us += costs_us[i];
            }
        int64_t share_us = US_PER_S * HANDSHAKE_SHARE_PERCENT / 100;
        assert_in_range(worked_us, share_us * 8 / 10, share_us + HANDSHAKE_BURST_US + costs_us[i]);
        handshake_queue_free(queue);
    }
    /* first in, first out, bounded, and it says when */
    uint8_t bytes[MEDIA_DATAGRAM_MAX + 1] = {0};
    assert_int_equal(handshake_queue_new(0, &queue), RESULT_OK);
    assert_true(handshake_queue_due_us(queue) == INT64_MAX);
    assert_null(handshake_queue_pop(queue));
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < HANDSHAKE_QUEUE_MAX; i++) {
            bytes[0] = (uint8_t)i;
            assert_int_equal(handshake_queue_push(queue, endpoint, &source, span_of(bytes, 1 + i)),
                             RESULT_OK);
        }
        assert_int_equal(handshake_queue_push(queue, endpoint, &source, span_of(bytes, 1)),
                         RESULT_FULL);
        for (uint32_t i = 0; i < HANDSHAKE_QUEUE_MAX; i++) {
            const struct handshake_datagram *datagram = handshake_queue_pop(queue);
            assert_non_null(datagram);
            assert_int_equal(datagram->bytes[0], (uint8_t)i);
            assert_int_equal(datagram->length, 1 + i);
            assert_true(handle_equal(datagram->endpoint, endpoint));
        }
    }
    assert_int_equal(handshake_queue_push(queue, endpoint, &source, span_of(bytes, sizeof(bytes))),
                     RESULT_TOO_LARGE);
    assert_int_equal(handshake_queue_push(queue, endpoint, &source, span_of(bytes, 1)), RESULT_OK);
    handshake_queue_paid(queue, HANDSHAKE_BURST_US + 300);
    int64_t due_us = handshake_queue_due_us(queue);
    assert_true(due_us > 900 && due_us < 1200);
    assert_false(handshake_queue_may(queue, due_us - 10));
    assert_true(handshake_queue_may(queue, due_us));
    handshake_queue_free(queue);
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
        cmocka_unit_test(handshakes_take_a_share_of_the_time),
        cmocka_unit_test_setup_teardown(a_taken_ufrag_or_place_is_refused, setup, teardown),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
