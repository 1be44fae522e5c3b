/* Time of a worker: one due time an endpoint, in one compact array that a tick scans (32 kB at the bound). No tick runs
 * while nothing is due. */
#include "media/endpoint/endpoint.h"
#include "media/endpoint/endpoint_transport.h"
#include "media/worker/worker.h"
#include "media/worker/worker_state.h"

void worker_due(struct media_worker *worker, const struct endpoint *endpoint, int64_t at_us)
{
    if (at_us < worker->due_us[endpoint->slot])
        worker->due_us[endpoint->slot] = at_us;
    if (at_us < worker->next_due_us)
        worker->next_due_us = at_us;
}

void worker_run_timers(struct media_worker *worker)
{
    assert_on_thread(&worker->owner);
    if (worker->now_us < worker->next_due_us || worker->now_us < worker->ticked_us + WORKER_TICK_US)
        return;
    worker->ticked_us = worker->now_us;
    worker->next_due_us = INT64_MAX;
    for (uint32_t slot = 0; slot < worker->options->endpoints_max; slot++) {
        if (worker->due_us[slot] <= worker->now_us && worker->endpoints[slot] != NULL) {
            /* What the endpoint's work makes due meanwhile must not be lost: it starts from "never". */
            worker->due_us[slot] = INT64_MAX;
            int64_t next_us = endpoint_tick(worker->endpoints[slot], worker->now_us);
            if (next_us < worker->due_us[slot])
                worker->due_us[slot] = next_us;
        }
        if (worker->due_us[slot] < worker->next_due_us)
            worker->next_due_us = worker->due_us[slot];
    }
}

void worker_run_handshakes(struct media_worker *worker)
{
    assert_on_thread(&worker->owner);
    while (handshake_queue_count(worker->handshakes) > 0 &&
           handshake_queue_may(worker->handshakes, worker->now_us)) {
        const struct handshake_datagram *datagram = handshake_queue_pop(worker->handshakes);
        struct endpoint *endpoint = worker_endpoint(worker, datagram->endpoint);
        if (endpoint != NULL)
            endpoint_dtls_deferred(endpoint, datagram);
    }
}

int worker_sleep_ms(const struct media_worker *worker, int64_t now_us)
{
    /* Events that found the mailbox full are tried again soon; control does not tell us when it has read. */
    int64_t until_us = worker->waiting.count > 0 ? now_us + 4 * WORKER_TICK_US : INT64_MAX;
    int64_t tick_us = worker->ticked_us + WORKER_TICK_US;
    if (worker->next_due_us < until_us)
        until_us = worker->next_due_us > tick_us ? worker->next_due_us : tick_us;
    /* A load that was told has to be told again when it has passed. */
    int64_t told_us = worker->load.window_us + WORKER_LOAD_WINDOW_US;
    if (worker->load.permille > 0 && told_us < until_us)
        until_us = told_us;
    int64_t handshake_us = handshake_queue_due_us(worker->handshakes);
    if (handshake_us < until_us)
        until_us = handshake_us;
    if (until_us == INT64_MAX)
        return -1;
    if (until_us <= now_us)
        return 0;
    int64_t sleep_ms = (until_us - now_us + 999) / 1000;
    return sleep_ms > 60000 ? 60000 : (int)sleep_ms;
}
