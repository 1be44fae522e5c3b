/* Step 4: the gate. A packet passes a route while its bit is open and in no other way; when none is open it is counted
 * and forgotten here, before anything keeps a copy of it (promise P1). */
#include "media/path/path.h"

#define HISTORY_MARGIN_US 100000

static void hold_back(struct media_worker *worker, struct endpoint *endpoint, uint64_t count)
{
    counter_add(&worker->counters, COUNTER_media_drop_gate, count);
    endpoint->gated += count;
}

/* How long a packet may still be asked for: a NACK takes a round trip, and so does the one after a lost repair. What waits
 * for its turn on a slow line is read from here too. */
static int64_t keep_us(const struct publisher *publisher)
{
    int64_t longest_us = MEDIA_HISTORY_LEAST_US;
    for (uint32_t i = 0; i < publisher->routes_count; i++) {
        const struct endpoint *to = publisher->routes[i]->subscriber->endpoint;
        int64_t wanted_us = 2 * (int64_t)endpoint_rtt_us(to) + HISTORY_MARGIN_US;
        if (wanted_us > MEDIA_HISTORY_MOST_US)
            wanted_us = MEDIA_HISTORY_MOST_US;
        if (to->pacer.count > 0)
            wanted_us = PACER_WAIT_KEYFRAME_US;
        if (publisher->routes[i]->open && wanted_us > longest_us)
            longest_us = wanted_us;
    }
    return longest_us;
}

/* Stored once for all subscribers; only a repair or a pace reads it, and only through a route that was open when it came. With
 * no memory left it is forwarded all the same, but cannot come again. */
static void keep(struct media_worker *worker, struct path_packet *packet)
{
    struct publisher *publisher = packet->publisher;
    enum result result =
        packet_ring_store(publisher->ring, packet->received.sequence, packet->view.packet,
                          keep_us(publisher), packet->now_us, &packet->stored);
    if (!result_ok(result))
        packet->stored = (struct packet_handle){.generation = 0};
    if (result == RESULT_FULL)
        counter_add(&worker->counters, COUNTER_media_history_full, 1);
}

void path_route(struct media_worker *worker, struct path_packet *packet)
{
    struct publisher *publisher = packet->publisher;
    if (publisher->routes_open == 0) {
        hold_back(worker, publisher->endpoint, 1);
        return;
    }
    if (publisher->ring != NULL)
        keep(worker, packet);
    if (publisher->sound != NULL)
        opus_history_store(publisher->sound, packet->received.sequence, packet->view.timestamp,
                           packet->view.payload);
    path_layers_open(packet);
    for (uint32_t i = 0; i < publisher->routes_count; i++) {
        struct route *route = publisher->routes[i];
        if (!route->open)
            hold_back(worker, publisher->endpoint, 1);
        else if (route->paused)
            counter_add(&worker->counters, COUNTER_media_drop_paused, 1);
        else if (path_layers_pass(worker, packet, route))
            path_pace(worker, packet, route);
    }
}
