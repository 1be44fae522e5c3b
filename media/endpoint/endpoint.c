#include "media/endpoint/endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "media/endpoint/held_flight.h"
#include "media/endpoint/endpoint_transport.h"
#include "media/path/path.h"
#include "media/worker/worker_state.h"

#define STREAMS_PER_UP_SLOT 2 /* primary and RTX */

void endpoint_event(struct endpoint *endpoint, struct media_event *event)
{
    event->endpoint = endpoint->handle;
    event->at_us = endpoint->worker->now_us;
    worker_event(endpoint->worker, event);
}

/* The slots from `slots_count` on; those the endpoint has are left alone. */
static enum result endpoint_slots_new(struct endpoint *endpoint, const struct media_slot *slots,
                                      uint32_t count)
{
    uint32_t up = 0;
    if (count > MEDIA_SLOTS_MAX)
        return RESULT_TOO_MANY;
    for (uint32_t i = 0; i < endpoint->slots_count; i++)
        up += endpoint->slots[i].info.up;
    for (uint32_t i = endpoint->slots_count; i < count; i++) {
        struct endpoint_slot *slot = &endpoint->slots[i];
        enum result result;
        if (slots[i].kind >= MEDIA_KIND_COUNT || memchr(slots[i].mid, 0, MEDIA_MID_SIZE) == NULL)
            return RESULT_INVALID;
        slot->info = slots[i];
        endpoint->slots_count = i + 1;
        if (slots[i].up) {
            if (++up * STREAMS_PER_UP_SLOT > MEDIA_STREAMS_PER_ENDPOINT_MAX)
                return RESULT_TOO_MANY;
            result = publisher_new(endpoint, (uint8_t)i, &slot->publisher);
        } else {
            result = slots[i].ssrc == 0 ? RESULT_INVALID
                                        : subscriber_new(endpoint, (uint8_t)i, &slot->subscriber);
        }
        if (!result_ok(result))
            return result;
    }
    return RESULT_OK;
}

static void endpoint_slots_free(struct endpoint *endpoint)
{
    for (uint32_t i = 0; i < endpoint->slots_count; i++) {
        endpoint->slots[i].publisher = publisher_free(endpoint->slots[i].publisher);
        endpoint->slots[i].subscriber = subscriber_free(endpoint->slots[i].subscriber);
    }
    endpoint->slots_count = 0;
}

static struct endpoint *endpoint_free(struct endpoint *endpoint)
{
    endpoint_slots_free(endpoint);
    endpoint_transport_destroy(endpoint);
    ice_peer_done(&endpoint->ice);
    free(endpoint);
    return NULL;
}

enum result endpoint_open(struct media_worker *worker, const struct media_command *command)
{
    assert_on_thread(&worker->owner);
    uint32_t slot = worker_slot_of(worker, command->endpoint);
    if (slot == SLOT_INDEX_NONE)
        return RESULT_INVALID;
    if (worker->endpoints[slot] != NULL)
        return RESULT_EXISTS;
    struct endpoint *endpoint = calloc(1, sizeof(*endpoint));
    if (endpoint == NULL)
        return RESULT_NO_MEMORY;
    endpoint->worker = worker;
    endpoint->handle = command->endpoint;
    endpoint->slot = slot;
    endpoint->consultation = command->open.consultation;
    memcpy(endpoint->cname, command->open.cname, sizeof(endpoint->cname) - 1);
    endpoint->transport_cc_next = (uint16_t)worker_random(worker);
    endpoint->interval.since_us = worker->now_us;
    transport_cc_recorder_init(&endpoint->arrivals);
    ladder_init(&endpoint->ladder);
    endpoint->ladder_us = worker->now_us;
    bandwidth_estimator_init(&endpoint->estimator, worker->now_us);
    pacer_init(&endpoint->pacer);
    endpoint_transport_init(endpoint);
    enum result result = ice_peer_init(&endpoint->ice, &command->open.ice);
    if (result_ok(result))
        result = endpoint_slots_new(endpoint, command->open.slots, command->open.slots_count);
    if (result_ok(result))
        result = worker_bind_ufrag(worker, endpoint, endpoint->ice.local.ufrag);
    if (!result_ok(result)) {
        endpoint_free(endpoint);
        return result;
    }
    worker->endpoints[slot] = endpoint;
    worker->endpoints_count++;
    worker_due(worker, endpoint, worker->now_us);
    return RESULT_OK;
}

enum result endpoint_add_slots(struct endpoint *endpoint, const struct media_command *command)
{
    assert_on_thread(&endpoint->worker->owner);
    return endpoint_slots_new(endpoint, command->slots.slots, command->slots.slots_count);
}

static void endpoint_declare(struct endpoint *endpoint, uint32_t present, uint32_t ssrc,
                             uint8_t slot, bool rtx)
{
    if (ssrc == 0 || ssrc == present)
        return;
    enum result result = endpoint_stream_bind(endpoint, ssrc, slot, rtx);
    if (!result_ok(
            result)) /* the same number for two tracks: the second is learned by its MID, or not at all */
        LOG(LOG_WARNING, "media.ssrc_refused", log_id("consultation", &endpoint->consultation),
            log_number("endpoint", endpoint->handle.slot), log_number("slot", slot),
            log_result(result));
}

/* Takes what the answer says about one m-line; m-lines we did not offer are none of ours. An SSRC that is not declared is
 * learned from the first packet. */
static void endpoint_take_slot(struct endpoint *endpoint, const struct media_slot *answered)
{
    for (uint32_t i = 0; i < endpoint->slots_count; i++) {
        const struct publisher *publisher = endpoint->slots[i].publisher;
        if (publisher == NULL ||
            strncmp(endpoint->slots[i].info.mid, answered->mid, MEDIA_MID_SIZE) != 0)
            continue;
        endpoint_declare(endpoint, publisher->ssrc, answered->ssrc, (uint8_t)i, false);
        endpoint_declare(endpoint, publisher->rtx_ssrc, answered->rtx_ssrc, (uint8_t)i, true);
    }
}

static bool fingerprint_equal(const struct media_fingerprint *a, const struct media_fingerprint *b)
{
    return a->length == b->length && strcmp(a->hash, b->hash) == 0 &&
           memcmp(a->bytes, b->bytes, a->length) == 0;
}

void endpoint_set_remote(struct endpoint *endpoint, const struct media_command *command)
{
    assert_on_thread(&endpoint->worker->owner);
    const struct media_fingerprint *fingerprint = &command->remote.fingerprint;
    bool usable = fingerprint->length >= 32 && fingerprint->length <= sizeof(fingerprint->bytes) &&
                  memchr(fingerprint->hash, 0, sizeof(fingerprint->hash)) != NULL;
    /* Another certificate on a transport that has begun would be another person: that needs a new endpoint. */
    bool changed =
        endpoint->dtls != NULL && !fingerprint_equal(&endpoint->fingerprint, fingerprint);
    if (!usable || changed) {
        struct media_event event = {
            .kind = MEDIA_EVENT_FAILED,
            .failed = {.step = MEDIA_STEP_FINGERPRINT,
                       .result = usable ? RESULT_WRONG_STATE : RESULT_INVALID},
        };
        endpoint_event(endpoint, &event);
        return;
    }
    endpoint->fingerprint = *fingerprint;
    endpoint->maps = command->remote.maps;
    for (uint32_t i = 0; i < command->remote.slots_count && i < MEDIA_SLOTS_MAX; i++)
        endpoint_take_slot(endpoint, &command->remote.slots[i]);
    if (!endpoint->has_remote) {
        endpoint->has_remote = true;
        endpoint->remote_us = endpoint->worker->now_us;
        endpoint_transport_replay(endpoint);
    }
    worker_due(endpoint->worker, endpoint, endpoint->worker->now_us);
}

void endpoint_restart_ice(struct endpoint *endpoint, const struct media_ice *ice)
{
    struct media_worker *worker = endpoint->worker;
    assert_on_thread(&worker->owner);
    struct media_ice dropped;
    enum result result = ice_credentials_check(ice);
    if (result_ok(result))
        result = worker_bind_ufrag(worker, endpoint, ice->ufrag);
    if (result_ok(result))
        result = ice_peer_restart(&endpoint->ice, ice, &dropped);
    if (!result_ok(result)) {
        LOG(LOG_WARNING, "media.ice_restart_refused",
            log_id("consultation", &endpoint->consultation),
            log_number("endpoint", endpoint->handle.slot), log_result(result));
        return;
    }
    if (dropped.ufrag[0] != 0)
        worker_unbind_ufrag(worker, endpoint, dropped.ufrag);
    explicit_bzero(&dropped, sizeof(dropped));
}

void endpoint_close(struct endpoint *endpoint)
{
    struct media_worker *worker = endpoint->worker;
    assert_on_thread(&worker->owner);
    if (endpoint->dtls != NULL && ice_peer_selected(&endpoint->ice) != NULL)
        dtls_session_close(endpoint->dtls);
    path_flush(worker); /* what is sealed already leaves, close_notify last; nothing follows */
    struct media_event event = {
        .kind = MEDIA_EVENT_DRAINED,
        .endpoint = endpoint->handle,
        .at_us = worker->now_us,
        .drained = {.forwarded = endpoint->forwarded,
                    .gated = endpoint->gated,
                    .keys_destroyed = true},
    };
    for (uint32_t i = 0; i < endpoint->ice.tuples_count; i++)
        worker_unbind_address(worker, endpoint, &endpoint->ice.tuples[i].address);
    worker_unbind_ufrag(worker, endpoint, endpoint->ice.local.ufrag);
    if (endpoint->ice.restarting)
        worker_unbind_ufrag(worker, endpoint, endpoint->ice.previous.ufrag);
    LOG(LOG_INFO, "media.closed", log_id("consultation", &endpoint->consultation),
        log_number("endpoint", endpoint->handle.slot),
        log_number("forwarded", (int64_t)endpoint->forwarded),
        log_number("gated", (int64_t)endpoint->gated));
    uint32_t slot = endpoint->slot;
    worker->endpoints[slot] = NULL;
    worker->endpoints_count--;
    worker->last_endpoint = NULL;
    endpoint_free(endpoint);
    worker->due_us[slot] = INT64_MAX; /* closing its gates made it due */
    worker_event(worker, &event);
}

uint32_t endpoint_rtt_us(const struct endpoint *endpoint)
{
    for (uint32_t i = 0; i < endpoint->slots_count; i++)
        if (endpoint->slots[i].subscriber != NULL &&
            endpoint->slots[i].subscriber->report.rtt_us != 0)
            return endpoint->slots[i].subscriber->report.rtt_us;
    return 0;
}

void endpoint_link_state(const struct endpoint *endpoint, int64_t now_us,
                         struct link_state *ret_state)
{
    *ret_state = (struct link_state){
        .rtt_known = endpoint_rtt_us(endpoint) != 0,
        .rtt_us = endpoint_rtt_us(endpoint),
        .queue_us = (uint32_t)pacer_delay_us(&endpoint->pacer, now_us),
    };
    bandwidth_estimator_state(&endpoint->estimator, ret_state);
}

uint32_t endpoint_feedback_ssrc(const struct endpoint *endpoint)
{
    for (uint32_t i = 0; i < endpoint->slots_count; i++)
        if (endpoint->slots[i].subscriber != NULL)
            return endpoint->slots[i].subscriber->ssrc;
    return 1; /* a peer that only sends: any number that is nobody's */
}

const struct endpoint_stream *endpoint_stream_find(const struct endpoint *endpoint, uint32_t ssrc)
{
    for (uint32_t i = 0; i < endpoint->streams_count; i++)
        if (endpoint->streams[i].ssrc == ssrc)
            return &endpoint->streams[i];
    return NULL;
}

void endpoint_stream_forget(struct endpoint *endpoint, uint32_t ssrc)
{
    for (uint32_t i = 0; i < endpoint->streams_count; i++)
        if (endpoint->streams[i].ssrc == ssrc)
            endpoint->streams[i--] = endpoint->streams[--endpoint->streams_count];
}

enum result endpoint_stream_bind(struct endpoint *endpoint, uint32_t ssrc, uint8_t slot, bool rtx)
{
    struct publisher *publisher = endpoint->slots[slot].publisher;
    uint32_t *present = rtx ? &publisher->rtx_ssrc : &publisher->ssrc;
    if (endpoint_stream_find(endpoint, ssrc) != NULL)
        return RESULT_EXISTS;
    if (endpoint->streams_count == MEDIA_STREAMS_PER_ENDPOINT_MAX && *present == 0)
        return RESULT_FULL;
    if (*present != 0)
        endpoint_stream_forget(endpoint, *present);
    endpoint->streams[endpoint->streams_count++] =
        (struct endpoint_stream){.ssrc = ssrc, .slot = slot, .rtx = rtx};
    bool changed = *present != 0;
    *present = ssrc;
    if (!rtx) {
        uint32_t clock_hz = publisher->kind == MEDIA_AUDIO ? 48000 : 90000;
        receive_stats_init(&publisher->stats, ssrc, clock_hz);
        if (changed)
            publisher_restart(publisher);
    }
    return RESULT_OK;
}
