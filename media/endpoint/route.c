#include "media/endpoint/route.h"

#include <stdlib.h>

#include "gateway/base/log.h"
#include "media/endpoint/endpoint.h"
#include "media/worker/worker_state.h"

#define AUDIO_CLOCK_HZ 48000 /* RFC 7587 §4.1 */
#define VIDEO_CLOCK_HZ 90000 /* RFC 7741 §4.1, RFC 6184 §8.2.1 */

enum result publisher_new(struct endpoint *endpoint, uint8_t slot, struct publisher **ret_publisher)
{
    struct publisher *publisher = calloc(1, sizeof(*publisher));
    if (publisher == NULL)
        return RESULT_NO_MEMORY;
    publisher->endpoint = endpoint;
    publisher->slot = slot;
    publisher->kind = endpoint->slots[slot].info.kind;
    keyframe_request_init(&publisher->keyframe);
    if (publisher->kind == MEDIA_VIDEO) {
        publisher->frames = malloc(sizeof(*publisher->frames));
        publisher->nack = malloc(sizeof(*publisher->nack));
        if (publisher->frames == NULL || publisher->nack == NULL) {
            publisher_free(publisher);
            return RESULT_NO_MEMORY;
        }
        nack_generator_init(publisher->nack);
        frame_tracker_init(publisher->frames);
    }
    *ret_publisher = publisher;
    return RESULT_OK;
}

struct publisher *publisher_free(struct publisher *publisher)
{
    if (publisher == NULL)
        return NULL;
    while (publisher->routes_count > 0)
        route_remove(publisher->routes[0]);
    packet_ring_free(publisher->ring);
    if (publisher->sound != NULL)
        opus_history_clear(publisher->sound);
    free(publisher->sound);
    free(publisher->nack);
    free(publisher->frames);
    free(publisher);
    return NULL;
}

enum result subscriber_new(struct endpoint *endpoint, uint8_t slot,
                           struct subscriber **ret_subscriber)
{
    struct subscriber *subscriber = calloc(1, sizeof(*subscriber));
    if (subscriber == NULL)
        return RESULT_NO_MEMORY;
    const struct media_slot *info = &endpoint->slots[slot].info;
    subscriber->endpoint = endpoint;
    subscriber->slot = slot;
    subscriber->kind = info->kind;
    subscriber->ssrc = info->ssrc;
    subscriber->rtx_ssrc = info->rtx_ssrc;
    retransmitter_init(&subscriber->retransmitter, worker_random(endpoint->worker));
    sender_report_init(&subscriber->report);
    layer_selector_init(&subscriber->layers);
    *ret_subscriber = subscriber;
    return RESULT_OK;
}

struct subscriber *subscriber_free(struct subscriber *subscriber)
{
    if (subscriber == NULL)
        return NULL;
    if (subscriber->route != NULL)
        route_remove(subscriber->route);
    rtp_rewriter_free(subscriber->rewriter);
    free(subscriber);
    return NULL;
}

/* What the first route of either end needs; made here so that no packet ever allocates. */
static enum result route_prepare(struct publisher *publisher, struct subscriber *subscriber)
{
    bool video = publisher->kind == MEDIA_VIDEO;
    enum result result = RESULT_OK;
    if (video && publisher->ring == NULL)
        result = packet_ring_new(publisher->endpoint->worker->packets, MEDIA_RING_VIDEO_PACKETS,
                                 MEDIA_RING_VIDEO_BLOCKS, &publisher->ring);
    if (!video && publisher->sound == NULL &&
        (publisher->sound = calloc(1, sizeof(*publisher->sound))) == NULL)
        result = RESULT_NO_MEMORY;
    if (result_ok(result) && subscriber->rewriter == NULL)
        result = rtp_rewriter_new(
            video ? VIDEO_CLOCK_HZ : AUDIO_CLOCK_HZ, video ? MEDIA_RING_VIDEO_PACKETS : 0,
            worker_random(subscriber->endpoint->worker), &subscriber->rewriter);
    return result;
}

enum result route_add(struct publisher *publisher, struct subscriber *subscriber)
{
    assert_on_thread(&publisher->endpoint->worker->owner);
    CHECK(publisher->endpoint->worker == subscriber->endpoint->worker);
    if (publisher->kind != subscriber->kind)
        return RESULT_INVALID;
    if (subscriber->route != NULL)
        return RESULT_EXISTS;
    if (publisher->routes_count == MEDIA_SUBSCRIBERS_MAX)
        return RESULT_FULL;
    enum result result = route_prepare(publisher, subscriber);
    if (!result_ok(result))
        return result;
    struct route *route = calloc(1, sizeof(*route));
    if (route == NULL)
        return RESULT_NO_MEMORY;
    *route = (struct route){.publisher = publisher, .subscriber = subscriber, .open = false};
    publisher->routes[publisher->routes_count++] = route;
    subscriber->route = route;
    layer_selector_switch(&subscriber->layers);
    return RESULT_OK;
}

struct route *route_find(const struct publisher *publisher, const struct subscriber *subscriber)
{
    struct route *route = subscriber->route;
    return route != NULL && route->publisher == publisher ? route : NULL;
}

void route_remove(struct route *route)
{
    struct publisher *publisher = route->publisher;
    route_set_gate(route, false, publisher->endpoint->worker->now_us);
    for (uint32_t i = 0; i < publisher->routes_count; i++)
        if (publisher->routes[i] == route)
            publisher->routes[i] = publisher->routes[publisher->routes_count - 1];
    publisher->routes_count--;
    route->subscriber->route = NULL;
    free(route);
}

static void route_start(struct route *route)
{
    bool video = route->publisher->kind == MEDIA_VIDEO;
    if (route->paused)
        return;
    rtp_rewriter_start(route->subscriber->rewriter, video);
    if (video)
        keyframe_request_want_first(&route->publisher->keyframe);
}

static void route_opened(struct route *route)
{
    struct publisher *publisher = route->publisher;
    bool video = publisher->kind == MEDIA_VIDEO;
    if (publisher->routes_open++ == 0 && video)
        nack_generator_restart(publisher->nack); /* what was lost before the opening is nobody's */
    publisher->endpoint->worker->routes_open++;
    route->paused = video && !media_rung_has_picture(route->subscriber->endpoint->ladder.rung);
    route_start(route);
}

static void route_closed(struct route *route)
{
    struct publisher *publisher = route->publisher;
    rtp_rewriter_hold(route->subscriber->rewriter);
    pacer_forget(&route->subscriber->endpoint->pacer, route->subscriber->slot);
    publisher->endpoint->worker->routes_open--;
    if (--publisher->routes_open > 0)
        return;
    if (publisher->nack != NULL)
        nack_generator_restart(publisher->nack);
    if (publisher->ring != NULL)
        packet_ring_clear(publisher->ring);
    if (publisher->sound != NULL)
        opus_history_clear(publisher->sound);
}

void route_set_gate(struct route *route, bool open, int64_t now_us)
{
    struct endpoint *from = route->publisher->endpoint;
    assert_on_thread(&from->worker->owner);
    if (route->open == open)
        return;
    route->open = open;
    if (open)
        route_opened(route);
    else
        route_closed(route);
    worker_due(from->worker, from, now_us);
    LOG(LOG_INFO, "media.gate", log_id("consultation", &from->consultation),
        log_number("endpoint", from->handle.slot), log_number("slot", route->publisher->slot),
        log_number("subscriber", route->subscriber->endpoint->handle.slot),
        log_number("open", open));
}

void route_set_paused(struct route *route, bool paused, int64_t now_us)
{
    struct endpoint *from = route->publisher->endpoint;
    assert_on_thread(&from->worker->owner);
    if (!route->open || route->paused == paused)
        return;
    route->paused = paused;
    if (paused) {
        rtp_rewriter_hold(route->subscriber->rewriter);
        pacer_forget(&route->subscriber->endpoint->pacer, route->subscriber->slot);
    } else {
        route_start(route);
    }
    worker_due(from->worker, from, now_us);
}

void publisher_restart(struct publisher *publisher)
{
    bool video = publisher->kind == MEDIA_VIDEO;
    if (publisher->nack != NULL)
        nack_generator_restart(publisher->nack);
    if (publisher->frames != NULL)
        frame_tracker_restart(publisher->frames);
    if (publisher->ring != NULL)
        packet_ring_restart(publisher->ring);
    if (publisher->sound != NULL)
        opus_history_clear(publisher->sound);
    for (uint32_t i = 0; i < publisher->routes_count; i++)
        if (publisher->routes[i]->open) {
            struct subscriber *subscriber = publisher->routes[i]->subscriber;
            pacer_forget(&subscriber->endpoint->pacer, subscriber->slot);
            rtp_rewriter_restart(subscriber->rewriter, video);
            layer_selector_switch(&subscriber->layers);
        }
    if (video && publisher->routes_open > 0)
        keyframe_request_want(&publisher->keyframe);
}

int64_t publisher_keyframe_due_us(const struct publisher *publisher)
{
    return keyframe_request_due_us(&publisher->keyframe, publisher->endpoint->bitrate_up_bps);
}

static void publisher_flow_event(struct publisher *publisher, int64_t gap_us)
{
    struct media_event event = {
        .kind = MEDIA_EVENT_FLOW,
        .flow = {.kind = publisher->kind,
                 .slot = publisher->slot,
                 .live = publisher->flow.live,
                 .gap_us = gap_us},
    };
    endpoint_event(publisher->endpoint, &event);
}

void publisher_flow_seen(struct publisher *publisher, int64_t now_us)
{
    struct flow_evidence *flow = &publisher->flow;
    int64_t gap_us = flow->ever ? now_us - flow->seen_us : 0;
    flow->seen_us = now_us;
    if (flow->live)
        return;
    flow->live = flow->ever = true;
    publisher_flow_event(publisher, gap_us);
    worker_due(publisher->endpoint->worker, publisher->endpoint,
               now_us + publisher->endpoint->worker->options->gap_notice_us);
}

void publisher_flow_tick(struct publisher *publisher, int64_t now_us)
{
    struct flow_evidence *flow = &publisher->flow;
    int64_t gap_us = now_us - flow->seen_us;
    if (!flow->live || gap_us < publisher->endpoint->worker->options->gap_notice_us)
        return;
    flow->live = false;
    publisher_flow_event(publisher, gap_us);
}
