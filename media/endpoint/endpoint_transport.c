#include "media/endpoint/endpoint_transport.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "media/endpoint/held_flight.h"
#include "media/path/path.h"
#include "media/worker/worker_state.h"

static void transport_send(struct dtls_output *output, struct span datagram)
{
    struct endpoint *endpoint = CONTAINER_OF(output, struct endpoint, dtls_output);
    /* The answer to a datagram goes where it came from; a retransmission to the selected address. */
    const struct net_address *to = endpoint->dtls_to.family != NET_NONE
                                       ? &endpoint->dtls_to
                                       : ice_peer_selected(&endpoint->ice);
    uint8_t *place = to == NULL ? NULL : path_reserve(endpoint->worker, to);
    if (place == NULL || datagram.length > MEDIA_DATAGRAM_MAX)
        return;
    memcpy(place, datagram.data, datagram.length);
    path_commit(endpoint->worker, to, datagram.length);
}

void endpoint_transport_init(struct endpoint *endpoint)
{
    endpoint->dtls_output.send = transport_send;
}

static void transport_held_free(struct endpoint *endpoint)
{
    free(endpoint->held);
    endpoint->held = NULL;
}

static void transport_session_free(struct endpoint *endpoint)
{
    if (endpoint->dtls != NULL && dtls_session_state(endpoint->dtls) == DTLS_HANDSHAKE)
        endpoint->worker->half_open--;
    endpoint->dtls = dtls_session_free(endpoint->dtls);
}

void endpoint_transport_destroy(struct endpoint *endpoint)
{
    transport_session_free(endpoint);
    transport_held_free(endpoint);
    endpoint->receiving = srtp_context_free(endpoint->receiving);
    endpoint->sending = srtp_context_free(endpoint->sending);
}

static void transport_failed(struct endpoint *endpoint, enum media_step step, enum result result)
{
    struct media_event event = {.kind = MEDIA_EVENT_FAILED,
                                .failed = {.step = step, .result = result}};
    LOG(LOG_WARNING, "media.failed", log_id("consultation", &endpoint->consultation),
        log_number("endpoint", endpoint->handle.slot), log_number("step", step),
        log_result(result));
    endpoint_event(endpoint, &event);
}

static void transport_lost(struct endpoint *endpoint, bool by_peer)
{
    struct media_event event = {.kind = MEDIA_EVENT_LOST, .lost = {.by_peer = by_peer}};
    LOG(LOG_INFO, "media.lost", log_id("consultation", &endpoint->consultation),
        log_number("endpoint", endpoint->handle.slot), log_number("by_peer", by_peer));
    endpoint->told_lost = true;
    endpoint_event(endpoint, &event);
}

static void transport_forget_addresses(struct endpoint *endpoint, const struct ice_change *change)
{
    for (uint32_t i = 0; i < change->removed_count; i++)
        worker_unbind_address(endpoint->worker, endpoint, &change->removed[i]);
}

bool endpoint_may_bind(const struct endpoint *endpoint, const struct net_address *source)
{
    struct media_worker *worker = endpoint->worker;
    const struct endpoint *holder = worker_by_address(worker, source);
    return holder == NULL || holder == endpoint ||
           worker->now_us - ice_peer_address_us(&holder->ice, source) >=
               worker->options->consent_timeout_us;
}

/* An address whose former holder has not proved it for long (a NAT gave the port to somebody else) changes hands. */
static void transport_take_address(struct endpoint *endpoint, const struct net_address *source)
{
    struct media_worker *worker = endpoint->worker;
    struct endpoint *holder = worker_by_address(worker, source);
    if (holder != NULL && holder != endpoint) {
        ice_peer_forget(&holder->ice, source);
        worker_unbind_address(worker, holder, source);
    }
    /* There is room for MEDIA_TUPLES_PER_ENDPOINT_MAX of every endpoint, so this cannot be full. */
    CHECK(result_ok(worker_bind_address(worker, endpoint, source)));
}

void endpoint_checked(struct endpoint *endpoint, struct span ufrag,
                      const struct net_address *source, bool use_candidate)
{
    struct media_worker *worker = endpoint->worker;
    assert_on_thread(&worker->owner);
    struct ice_change change;
    char previous[MEDIA_UFRAG_SIZE];
    memcpy(previous, endpoint->ice.previous.ufrag, sizeof(previous));
    ice_peer_checked(&endpoint->ice, ufrag, source, use_candidate, worker->now_us, &change);
    transport_forget_addresses(endpoint, &change);
    if (change.restarted)
        worker_unbind_ufrag(worker, endpoint, previous);
    if (change.added)
        transport_take_address(endpoint, source);
    /* With an address feedback can flow (again). */
    worker_due(worker, endpoint,
               change.added ? worker->now_us
                            : worker->now_us + worker->options->consent_timeout_us);
    if (change.back && endpoint->state != ENDPOINT_ENDED) {
        struct media_event event = {.kind = MEDIA_EVENT_BACK};
        endpoint->told_lost = false;
        LOG(LOG_INFO, "media.back", log_id("consultation", &endpoint->consultation),
            log_number("endpoint", endpoint->handle.slot), log_number("restart", change.restarted));
        endpoint_event(endpoint, &event);
    }
}

/* A relayed peer is known by where the TURN server sends from; of its own way to that server we see nothing. */
static enum media_path_kind transport_path(const struct media_options *options,
                                           const struct net_address *at)
{
    static const enum media_path_kind paths[] = {
        [NET_UDP4] = MEDIA_PATH_UDP4,
        [NET_UDP6] = MEDIA_PATH_UDP6,
        [NET_TCP4] = MEDIA_PATH_TCP4,
        [NET_TCP6] = MEDIA_PATH_TCP6,
    };
    struct net_address relay;
    if (at == NULL)
        return MEDIA_PATH_NONE;
    for (uint32_t i = 0; i < options->relays_count; i++)
        if (result_ok(net_address_parse(options->relays[i].address, at->port, &relay)) &&
            net_address_equal(&relay, at))
            return MEDIA_PATH_RELAY;
    return paths[at->family];
}

static void transport_connected(struct endpoint *endpoint)
{
    struct media_worker *worker = endpoint->worker;
    struct dtls_keys keys;
    enum result result = dtls_session_keys(endpoint->dtls, &keys);
    if (result_ok(result)) {
        result = srtp_context_new(keys.profile, span_of(keys.client, keys.length), SRTP_RECEIVE,
                                  SRTP_BACKEND_AUTO, &endpoint->receiving);
        if (result_ok(result))
            result = srtp_context_new(keys.profile, span_of(keys.server, keys.length), SRTP_SEND,
                                      SRTP_BACKEND_AUTO, &endpoint->sending);
    }
    const struct srtp_profile_info *info =
        result_ok(result) ? srtp_profile_info(keys.profile) : NULL;
    dtls_keys_wipe(&keys);
    if (info == NULL) {
        endpoint->state = ENDPOINT_FAILED;
        endpoint_transport_destroy(endpoint);
        transport_failed(endpoint, MEDIA_STEP_SRTP, result_ok(result) ? RESULT_BUG : result);
        return;
    }
    endpoint->state = ENDPOINT_CONNECTED;
    counter_add(&worker->counters, COUNTER_media_dtls_completed, 1);
    struct media_event event = {
        .kind = MEDIA_EVENT_CONNECTED,
        .connected = {.srtp_profile = info->name,
                      .path = transport_path(worker->options, ice_peer_selected(&endpoint->ice))},
    };
    LOG(LOG_INFO, "media.connected", log_id("consultation", &endpoint->consultation),
        log_number("endpoint", endpoint->handle.slot), log_name("srtp", info->name));
    endpoint_event(endpoint, &event);
    worker_due(worker, endpoint, worker->now_us);
}

/* What came of a step of the session. `before`: its state when the step began. */
static void transport_judge(struct endpoint *endpoint, enum dtls_state before,
                            enum dtls_state after)
{
    struct media_worker *worker = endpoint->worker;
    if (before == after)
        return;
    if (before == DTLS_HANDSHAKE)
        worker->half_open--;
    if (after == DTLS_DONE) {
        transport_connected(endpoint);
        return;
    }
    bool was_connected = endpoint->state == ENDPOINT_CONNECTED;
    endpoint->state = was_connected ? ENDPOINT_ENDED : ENDPOINT_FAILED;
    if (was_connected) {
        endpoint_transport_destroy(endpoint); /* the peer has left; its keys serve nobody */
        transport_lost(endpoint, true);
        return;
    }
    counter_add(&worker->counters, COUNTER_media_dtls_failed, 1);
    endpoint_transport_destroy(endpoint);
    if (after == DTLS_STRANGER)
        transport_failed(endpoint, MEDIA_STEP_FINGERPRINT, RESULT_DENIED);
    else
        transport_failed(endpoint, MEDIA_STEP_DTLS, RESULT_CRYPTO);
}

static void transport_hold(struct endpoint *endpoint, const struct net_address *source,
                           struct span datagram, uint32_t fragment_at)
{
    if (endpoint->held == NULL)
        endpoint->held = calloc(1, sizeof(*endpoint->held));
    if (endpoint->held == NULL || !held_flight_keep(endpoint->held, source, datagram, fragment_at))
        counter_add(&endpoint->worker->counters, COUNTER_media_drop_pool, 1);
}

/* A session begins with a ClientHello from a proven address, when the answer is here and few others are half open. */
static bool transport_session_begin(struct endpoint *endpoint)
{
    struct media_worker *worker = endpoint->worker;
    if (worker->half_open >= MEDIA_HALF_OPEN_HANDSHAKES_MAX ||
        !result_ok(dtls_session_new(worker->dtls, &endpoint->fingerprint, &endpoint->dtls_output,
                                    &endpoint->dtls))) {
        counter_add(&worker->counters, COUNTER_media_drop_pool, 1);
        return false; /* the browser repeats its ClientHello */
    }
    worker->half_open++;
    endpoint->handshake_us = worker->now_us;
    return true;
}

static void transport_dtls_step(struct endpoint *endpoint, const struct net_address *source,
                                struct span datagram)
{
    struct media_worker *worker = endpoint->worker;
    uint32_t fragment_at = 0;
    if (endpoint->state == ENDPOINT_FAILED || endpoint->state == ENDPOINT_ENDED)
        return;
    if (endpoint->dtls == NULL) {
        if (!dtls_is_client_hello(datagram, &fragment_at))
            return;
        if (!endpoint->has_remote) {
            transport_hold(endpoint, source, datagram, fragment_at);
            return;
        }
        if (!transport_session_begin(endpoint))
            return;
    }
    enum dtls_state before = dtls_session_state(endpoint->dtls);
    endpoint->dtls_to = *source;
    enum dtls_state after = dtls_session_input(endpoint->dtls, datagram);
    endpoint->dtls_to.family = NET_NONE;
    transport_judge(endpoint, before, after);
    worker_due(worker, endpoint, worker->now_us);
}

/* The work of a handshake is paid from what the worker may spend on it. */
static void transport_dtls_paid(struct endpoint *endpoint, const struct net_address *source,
                                struct span datagram)
{
    struct media_worker *worker = endpoint->worker;
    int64_t began_us = clock_monotonic_us();
    transport_dtls_step(endpoint, source, datagram);
    handshake_queue_paid(worker->handshakes, clock_monotonic_us() - began_us);
}

void endpoint_dtls_input(struct endpoint *endpoint, const struct net_address *source,
                         struct span datagram)
{
    struct media_worker *worker = endpoint->worker;
    assert_on_thread(&worker->owner);
    if (endpoint->state != ENDPOINT_CONNECTING) {
        transport_dtls_step(endpoint, source, datagram);
        return;
    }
    /* Who came first goes first. */
    if (handshake_queue_count(worker->handshakes) == 0 &&
        handshake_queue_may(worker->handshakes, worker->now_us)) {
        transport_dtls_paid(endpoint, source, datagram);
        return;
    }
    counter_add(&worker->counters, COUNTER_media_dtls_deferred, 1);
    if (!result_ok(handshake_queue_push(worker->handshakes, endpoint->handle, source, datagram)))
        counter_add(&worker->counters, COUNTER_media_drop_pool, 1);
}

void endpoint_dtls_deferred(struct endpoint *endpoint, const struct handshake_datagram *datagram)
{
    if (ice_peer_has(&endpoint->ice, &datagram->source))
        transport_dtls_paid(endpoint, &datagram->source,
                            span_of(datagram->bytes, datagram->length));
}

void endpoint_transport_replay(struct endpoint *endpoint)
{
    struct held_flight *held = endpoint->held;
    if (held == NULL)
        return;
    endpoint->held = NULL;
    for (uint32_t i = 0; i < held->count; i++) {
        const struct held_datagram *datagram = &held->datagrams[i];
        /* The address may have been given up since. */
        if (ice_peer_has(&endpoint->ice, &datagram->from))
            endpoint_dtls_input(endpoint, &datagram->from,
                                span_of(datagram->bytes, datagram->length));
    }
    free(held);
}

static int64_t transport_handshake_tick(struct endpoint *endpoint, int64_t now_us)
{
    if (now_us - endpoint->handshake_us >= endpoint->worker->options->handshake_timeout_us) {
        endpoint->state = ENDPOINT_FAILED;
        counter_add(&endpoint->worker->counters, COUNTER_media_dtls_failed, 1);
        endpoint_transport_destroy(endpoint);
        transport_failed(endpoint, MEDIA_STEP_DTLS, RESULT_TIMEOUT);
        return INT64_MAX;
    }
    int64_t left_us = dtls_session_remaining_us(endpoint->dtls);
    if (left_us == 0) {
        transport_judge(endpoint, DTLS_HANDSHAKE, dtls_session_timeout(endpoint->dtls));
        if (endpoint->dtls == NULL)
            return INT64_MAX;
        left_us = dtls_session_remaining_us(endpoint->dtls);
    }
    int64_t end_us = endpoint->handshake_us + endpoint->worker->options->handshake_timeout_us;
    return left_us >= 0 && now_us + left_us < end_us ? now_us + left_us : end_us;
}

/* The answer is here but no check, or no ClientHello, has followed: people are told, once, at which step it hangs. It is
 * no end: a late check or ClientHello still connects. */
static int64_t transport_slow_tick(struct endpoint *endpoint, int64_t now_us)
{
    if (!endpoint->has_remote || endpoint->told_slow)
        return INT64_MAX;
    int64_t due_us = endpoint->remote_us + endpoint->worker->options->handshake_timeout_us;
    if (now_us < due_us)
        return due_us;
    endpoint->told_slow = true;
    transport_failed(endpoint, endpoint->ice.consent_us == 0 ? MEDIA_STEP_ICE : MEDIA_STEP_DTLS,
                     RESULT_TIMEOUT);
    return INT64_MAX;
}

static int64_t transport_consent_tick(struct endpoint *endpoint, int64_t now_us)
{
    int64_t timeout_us = endpoint->worker->options->consent_timeout_us;
    struct ice_change change;
    if (ice_peer_expire(&endpoint->ice, now_us, timeout_us, &change)) {
        transport_forget_addresses(endpoint, &change);
        if (endpoint->state != ENDPOINT_ENDED && !endpoint->told_lost)
            transport_lost(endpoint, false);
    }
    return endpoint->ice.consenting ? endpoint->ice.consent_us + timeout_us : INT64_MAX;
}

int64_t endpoint_transport_tick(struct endpoint *endpoint, int64_t now_us)
{
    int64_t next_us = transport_consent_tick(endpoint, now_us), other_us = INT64_MAX;
    if (endpoint->dtls != NULL && dtls_session_state(endpoint->dtls) == DTLS_HANDSHAKE)
        other_us = transport_handshake_tick(endpoint, now_us);
    else if (endpoint->state == ENDPOINT_CONNECTING)
        other_us = transport_slow_tick(endpoint, now_us);
    return other_us < next_us ? other_us : next_us;
}
