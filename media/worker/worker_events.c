/* Events towards control. The mailbox may be full when control is stuck: then what only informs is counted and dropped,
 * while DRAINED and LOST wait here; nothing overtakes them. */
#include "media/endpoint/endpoint.h"
#include "media/worker/worker.h"
#include "media/worker/worker_state.h"

static bool event_must_arrive(const struct media_event *event)
{
    return event->kind == MEDIA_EVENT_DRAINED || event->kind == MEDIA_EVENT_LOST;
}

void worker_event(struct media_worker *worker, const struct media_event *event)
{
    assert_on_thread(&worker->owner);
    worker->wake_control = true;
    if (worker->waiting.count == 0 && result_ok(mailbox_send(worker->outbox, event)))
        return;
    struct endpoint *endpoint = worker_endpoint(worker, event->endpoint);
    bool doubled = event->kind == MEDIA_EVENT_LOST && endpoint != NULL && endpoint->lost_waits;
    if (!event_must_arrive(event) || doubled) {
        counter_add(&worker->counters, COUNTER_media_events_lost, 1);
        return;
    }
    /* One LOST and one DRAINED an endpoint at the most, and a slot is not used again before its DRAINED is read. */
    struct waiting_events *waiting = &worker->waiting;
    CHECK(waiting->count < waiting->size);
    waiting->events[(waiting->first + waiting->count) % waiting->size] = *event;
    waiting->count++;
    if (event->kind == MEDIA_EVENT_LOST && endpoint != NULL)
        endpoint->lost_waits = true;
}

void worker_flush_events(struct media_worker *worker)
{
    struct waiting_events *waiting = &worker->waiting;
    while (waiting->count > 0 &&
           result_ok(mailbox_send(worker->outbox, &waiting->events[waiting->first]))) {
        const struct media_event *event = &waiting->events[waiting->first];
        struct endpoint *endpoint = worker_endpoint(worker, event->endpoint);
        if (event->kind == MEDIA_EVENT_LOST && endpoint != NULL)
            endpoint->lost_waits = false;
        waiting->first = (waiting->first + 1) % waiting->size;
        waiting->count--;
        worker->wake_control = true;
    }
    if (!worker->wake_control)
        return;
    worker->wake_control = false;
    if (worker->wake != NULL)
        worker->wake(worker->wake_owner);
}
