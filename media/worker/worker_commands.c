/* What control asks. A command for an endpoint that is gone is no error: control sent it before it read DRAINED. */
#include <string.h>

#include "gateway/base/log.h"
#include "media/endpoint/endpoint.h"
#include "media/worker/worker.h"
#include "media/worker/worker_state.h"

#define COMMANDS_AT_ONCE 256 /* then packets get their turn */

static void command_refused(const struct media_command *command, enum result result)
{
    LOG(LOG_WARNING, "media.command_refused", log_number("kind", command->kind),
        log_number("endpoint", command->endpoint.slot), log_result(result));
}

static void command_open(struct media_worker *worker, const struct media_command *command)
{
    enum result result = endpoint_open(worker, command);
    if (result_ok(result))
        return;
    command_refused(command, result);
    struct media_event event = {
        .kind = MEDIA_EVENT_FAILED,
        .endpoint = command->endpoint,
        .at_us = worker->now_us,
        .failed = {.step = MEDIA_STEP_ICE, .result = result},
    };
    worker_event(worker, &event);
}

/* A handle that was reserved but never opened has to be given back too. */
static void command_close_unopened(struct media_worker *worker, const struct media_command *command)
{
    uint32_t slot = worker_slot_of(worker, command->endpoint);
    if (slot == SLOT_INDEX_NONE || worker->endpoints[slot] != NULL)
        return;
    struct media_event event = {
        .kind = MEDIA_EVENT_DRAINED,
        .endpoint = command->endpoint,
        .at_us = worker->now_us,
        .drained = {.keys_destroyed = true},
    };
    worker_event(worker, &event);
}

static enum result command_route(struct media_worker *worker, struct endpoint *endpoint,
                                 const struct media_command *command)
{
    struct endpoint *to = worker_endpoint(worker, command->route.subscriber);
    if (to == NULL)
        return RESULT_NOT_FOUND;
    if (command->route.publisher_slot >= endpoint->slots_count ||
        command->route.subscriber_slot >= to->slots_count)
        return RESULT_INVALID;
    struct publisher *publisher = endpoint->slots[command->route.publisher_slot].publisher;
    struct subscriber *subscriber = to->slots[command->route.subscriber_slot].subscriber;
    if (publisher == NULL || subscriber == NULL)
        return RESULT_INVALID;
    if (command->kind == MEDIA_COMMAND_ROUTE_ADD)
        return route_add(publisher, subscriber);
    struct route *route = route_find(publisher, subscriber);
    if (route == NULL)
        return RESULT_NOT_FOUND;
    if (command->kind == MEDIA_COMMAND_GATE)
        route_set_gate(route, command->route.open, worker->now_us);
    else
        route_remove(route);
    return RESULT_OK;
}

static void command_run(struct media_worker *worker, const struct media_command *command)
{
    if (command->kind == MEDIA_COMMAND_ENDPOINT_OPEN) {
        command_open(worker, command);
        return;
    }
    struct endpoint *endpoint = worker_endpoint(worker, command->endpoint);
    enum result result = RESULT_OK;
    if (endpoint == NULL) {
        if (command->kind == MEDIA_COMMAND_ENDPOINT_CLOSE)
            command_close_unopened(worker, command);
        return;
    }
    switch (command->kind) {
    case MEDIA_COMMAND_ENDPOINT_OPEN:
        break;
    case MEDIA_COMMAND_ENDPOINT_REMOTE:
        endpoint_set_remote(endpoint, command);
        break;
    case MEDIA_COMMAND_ENDPOINT_SLOTS:
        result = endpoint_add_slots(endpoint, command);
        break;
    case MEDIA_COMMAND_ENDPOINT_ICE:
        endpoint_restart_ice(endpoint, &command->ice);
        break;
    case MEDIA_COMMAND_ENDPOINT_CLOSE:
        endpoint_close(endpoint);
        break;
    case MEDIA_COMMAND_ROUTE_ADD:
    case MEDIA_COMMAND_ROUTE_REMOVE:
    case MEDIA_COMMAND_GATE:
        result = command_route(worker, endpoint, command);
        break;
    }
    if (!result_ok(result))
        command_refused(command, result);
}

void worker_run_commands(struct media_worker *worker)
{
    assert_on_thread(&worker->owner);
    struct media_command command;
    for (int i = 0; i < COMMANDS_AT_ONCE && mailbox_receive(worker->inbox, &command); i++)
        command_run(worker, &command);
    /* It held ICE passwords. */
    explicit_bzero(&command, sizeof(command));
}

void worker_close_all(struct media_worker *worker)
{
    assert_on_thread(&worker->owner);
    for (uint32_t slot = 0; slot < worker->options->endpoints_max; slot++)
        if (worker->endpoints[slot] != NULL)
            endpoint_close(worker->endpoints[slot]);
}
