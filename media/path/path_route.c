/* Step 4: the gate. A packet passes a route while its bit is open and in no other way; when none is open it is counted
 * and forgotten here, before anything keeps a copy of it (promise P1). */
#include "media/path/path.h"

static void hold_back(struct media_worker *worker, struct endpoint *endpoint, uint64_t count)
{
    counter_add(&worker->counters, COUNTER_media_drop_gate, count);
    endpoint->gated += count;
}

void path_route(struct media_worker *worker, struct path_packet *packet)
{
    struct publisher *publisher = packet->publisher;
    if (publisher->routes_open == 0) {
        hold_back(worker, publisher->endpoint, 1);
        return;
    }
    /* Stored once for all subscribers; only a repair reads it, and only through a route that was open when it was sent. */
    if (publisher->ring != NULL &&
        !result_ok(packet_ring_store(publisher->ring, packet->received.sequence,
                                     packet->view.packet, packet->now_us, &packet->stored)))
        packet->stored = (struct packet_handle){.generation = 0};
    if (publisher->sound != NULL)
        opus_history_store(publisher->sound, packet->received.sequence, packet->view.timestamp,
                           packet->view.payload);
    for (uint32_t i = 0; i < publisher->routes_count; i++) {
        struct route *route = publisher->routes[i];
        if (!route->open)
            hold_back(worker, publisher->endpoint, 1);
        else if (route->paused)
            counter_add(&worker->counters, COUNTER_media_drop_paused, 1);
        else
            path_pace(worker, packet, route);
    }
}
