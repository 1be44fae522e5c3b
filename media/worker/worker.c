#include "media/worker/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/base/random.h"
#include "media/path/path.h"
#include "media/worker/worker_pin.h"
#include "media/worker/worker_sockets.h"
#include "media/worker/worker_state.h"
#include "media/worker/worker_tcp.h"

#define RECEIVE_ROUNDS_MAX                                                                         \
    8 /* full batches of one socket before commands and timers get their turn */
#define PASS_LONG_US   1000
#define TIMER_SLACK_NS 10000ul /* the kernel's usual 50 µs would be much of a pause */
#define EVENT_FD_TAG   NET_NONE
#define TCP_TAG        NET_FAMILY_COUNT /* behind those of the sockets */
#define TAGS           (NET_FAMILY_COUNT + 1)

static enum result worker_allocate(struct media_worker *worker,
                                   const struct dtls_identity *identity)
{
    uint32_t endpoints_max = worker->options->endpoints_max;
    enum result result;
    if (!result_ok(result = mailbox_new(sizeof(struct media_command), MEDIA_COMMANDS_MAX,
                                        &worker->inbox)) ||
        !result_ok(
            result = mailbox_new(sizeof(struct media_event), MEDIA_EVENTS_MAX, &worker->outbox)) ||
        !result_ok(result = ice_agent_new(&worker->ice)) ||
        !result_ok(result = dtls_context_new(identity, &worker->dtls)) ||
        !result_ok(result = handshake_queue_new(worker->now_us, &worker->handshakes)) ||
        !result_ok(result = slot_index_new(endpoints_max * MEDIA_TUPLES_PER_ENDPOINT_MAX,
                                           &worker->addresses)) ||
        !result_ok(result = packet_pool_new(endpoints_max * MEDIA_HISTORY_BLOCKS_PER_ENDPOINT,
                                            &worker->packets)) ||
        /* during an ICE restart an endpoint has two */
        !result_ok(result = slot_index_new(endpoints_max * 2, &worker->ufrags)))
        return result;
    worker->waiting.size = endpoints_max * 2;
    worker->waiting.events = calloc(worker->waiting.size, sizeof(struct media_event));
    worker->endpoints = calloc(endpoints_max, sizeof(struct endpoint *));
    worker->due_us = calloc(endpoints_max, sizeof(int64_t));
    if (worker->waiting.events == NULL || worker->endpoints == NULL || worker->due_us == NULL)
        return RESULT_NO_MEMORY;
    for (uint32_t i = 0; i < endpoints_max; i++)
        worker->due_us[i] = INT64_MAX;
    for (int family = NET_UDP4; family < NET_FAMILY_COUNT; family++) {
        worker->sockets[family].batch = calloc(1, sizeof(struct send_batch));
        if (worker->sockets[family].batch == NULL)
            return RESULT_NO_MEMORY;
    }
    return RESULT_OK;
}

static enum result worker_watch(struct media_worker *worker, int fd, uint32_t tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = tag};
    return epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? RESULT_OK : RESULT_LIBRARY;
}

static enum result worker_open_network(struct media_worker *worker,
                                       const struct udp_offload *offload)
{
    const struct media_options *options = worker->options;
    uint16_t port = options->port == 0 ? 0 : (uint16_t)(options->port + worker->index);
    enum result result =
        worker_sockets_open(options->bind_address, port, worker->sockets, &worker->port);
    if (!result_ok(result))
        return result;
    bool coalesce = worker_sockets_offload(worker->sockets, offload);
    counter_set(&worker->counters, COUNTER_media_offload_send, offload->segment);
    counter_set(&worker->counters, COUNTER_media_offload_receive, coalesce);
    result = receive_batch_new(coalesce, &worker->receiving);
    if (!result_ok(result))
        return result;
    worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    worker->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (worker->epoll_fd < 0 || worker->event_fd < 0)
        return RESULT_LIBRARY;
    result = worker_watch(worker, worker->event_fd, EVENT_FD_TAG);
    for (uint32_t family = NET_UDP4; family < NET_FAMILY_COUNT && result_ok(result); family++)
        if (worker->sockets[family].fd >= 0)
            result = worker_watch(worker, worker->sockets[family].fd, family);
    if (result_ok(result) && options->tcp_port != 0)
        result = worker_tcp_new(worker, &worker->tcp);
    if (result_ok(result) && worker->tcp != NULL)
        result = worker_watch(worker, worker_tcp_fd(worker->tcp), TCP_TAG);
    return result;
}

enum result worker_new_offline(const struct media_options *options,
                               const struct dtls_identity *identity,
                               struct media_worker **ret_worker)
{
    struct media_worker *worker = calloc(1, sizeof(*worker));
    if (worker == NULL)
        return RESULT_NO_MEMORY;
    worker->options = options;
    worker->epoll_fd = worker->event_fd = -1;
    for (int family = 0; family < NET_FAMILY_COUNT; family++)
        worker->sockets[family].fd = -1;
    worker->next_due_us = INT64_MAX;
    worker->random_state = options->random_seed;
    random_bytes(&worker->hash_seed, sizeof(worker->hash_seed));
    worker->now_us = clock_monotonic_us();
    enum result result = worker_allocate(worker, identity);
    if (!result_ok(result)) {
        worker_free(worker);
        return result;
    }
    thread_owner_bind(&worker->owner);
    *ret_worker = worker;
    return RESULT_OK;
}

enum result worker_new(const struct media_options *options, uint32_t index,
                       const struct udp_offload *offload, const struct dtls_identity *identity,
                       media_wake_function *wake, void *wake_owner,
                       struct media_worker **ret_worker)
{
    struct media_worker *worker;
    enum result result = worker_new_offline(options, identity, &worker);
    if (!result_ok(result))
        return result;
    worker->index = index;
    worker->wake = wake;
    worker->wake_owner = wake_owner;
    if (worker->random_state != 0)
        worker->random_state += index;
    result = worker_open_network(worker, offload);
    if (!result_ok(result)) {
        worker_free(worker);
        return result;
    }
    *ret_worker = worker;
    return RESULT_OK;
}

struct media_worker *worker_free(struct media_worker *worker)
{
    if (worker == NULL)
        return NULL;
    CHECK(worker->endpoints_count == 0); /* worker_stop closed them */
    worker_tcp_free(worker->tcp);
    worker_sockets_close(worker->sockets);
    for (int family = 0; family < NET_FAMILY_COUNT; family++)
        free(worker->sockets[family].batch);
    if (worker->event_fd >= 0)
        close(worker->event_fd);
    if (worker->epoll_fd >= 0)
        close(worker->epoll_fd);
    receive_batch_free(worker->receiving);
    packet_pool_free(worker->packets);
    free(worker->due_us);
    free(worker->endpoints);
    free(worker->waiting.events);
    slot_index_free(worker->ufrags);
    slot_index_free(worker->addresses);
    handshake_queue_free(worker->handshakes);
    dtls_context_free(worker->dtls);
    ice_agent_free(worker->ice);
    mailbox_free(worker->outbox);
    mailbox_free(worker->inbox);
    free(worker);
    return NULL;
}

static void worker_drain_socket(struct media_worker *worker, enum net_family family)
{
    for (int round = 0; round < RECEIVE_ROUNDS_MAX; round++) {
        worker->now_us = clock_monotonic_us();
        if (!path_receive(worker, family))
            break;
    }
}

/* Packets before commands: what had arrived when control opened a gate was sent before the opening, so it meets the gate
 * still closed (P1). A closing waits at most RECEIVE_ROUNDS_MAX batches for its turn. `readable` has a bit a family. */
static void worker_pass(struct media_worker *worker, uint32_t readable)
{
    bool commanded = mailbox_depth(worker->inbox) > 0;
    worker->received = 0;
    for (uint32_t family = NET_UDP4; family < NET_FAMILY_COUNT; family++)
        if (worker->sockets[family].fd >= 0 && (commanded || (readable & 1u << family) != 0))
            worker_drain_socket(worker, (enum net_family)family);
    if (worker->tcp != NULL && (commanded || (readable & 1u << TCP_TAG) != 0))
        worker_tcp_run(worker);
    worker->now_us = clock_monotonic_us();
    if (commanded)
        worker_run_commands(worker);
    worker_run_handshakes(worker);
    worker_run_timers(worker);
    path_flush(worker);
    counter_set(&worker->counters, COUNTER_media_endpoints, worker->endpoints_count);
    counter_set(&worker->counters, COUNTER_media_dtls_half_open, worker->half_open);
    counter_set(&worker->counters, COUNTER_media_routes_open, worker->routes_open);
    counter_set(&worker->counters, COUNTER_media_history_bytes,
                (uint64_t)packet_pool_taken(worker->packets) * PACKET_BLOCK_BYTES);
    worker_flush_events(worker);
}

static enum counter batch_counter(uint32_t datagrams)
{
    return datagrams >= 32  ? COUNTER_media_batch_32_up
           : datagrams >= 8 ? COUNTER_media_batch_8_31
           : datagrams >= 2 ? COUNTER_media_batch_2_7
                            : COUNTER_media_batch_1;
}

/* What this pass cost, and what an operator wants to know of it. */
static void worker_account(struct media_worker *worker, int64_t began_us, int64_t now_us)
{
    struct counters *counters = &worker->counters;
    counter_add(counters, COUNTER_media_busy_us, (uint64_t)(now_us - began_us));
    if (now_us - began_us > PASS_LONG_US)
        counter_add(counters, COUNTER_media_pass_long, 1);
    if (worker->received > 0)
        counter_add(counters, batch_counter(worker->received), 1);
    if (!worker_load_pass(&worker->load, worker->received, began_us, now_us))
        return;
    counter_set(counters, COUNTER_media_load_permille, worker->load.permille);
    counter_set(counters, COUNTER_media_datagrams_per_second, worker->load.datagrams_per_second);
    counter_set(counters, COUNTER_media_drop_kernel, worker_sockets_drops(worker->sockets));
}

static void worker_pause(int64_t for_us)
{
    struct timespec left = {.tv_nsec = for_us * 1000};
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &left, NULL); /* a signal ends it early */
}

/* Sleeps until something happens or is due; returns a bit for each readable socket. */
static uint32_t worker_wait(struct media_worker *worker)
{
    struct epoll_event events[TAGS];
    uint32_t readable = 0;
    /* A command that came during the pass has its wake-up still in the event descriptor. */
    int sleep_ms = worker_sleep_ms(worker, clock_monotonic_us());
    if (mailbox_depth(worker->inbox) > 0)
        sleep_ms = 0;
    int count = epoll_wait(worker->epoll_fd, events, TAGS, sleep_ms);
    CHECK(count >= 0 || errno == EINTR);
    for (int i = 0; i < count; i++) {
        uint64_t wakes;
        if (events[i].data.u32 != EVENT_FD_TAG)
            readable |= 1u << events[i].data.u32;
        else if (read(worker->event_fd, &wakes, sizeof(wakes)) < 0)
            CHECK(errno == EAGAIN || errno == EINTR);
    }
    return readable;
}

static void *worker_run(void *argument)
{
    struct media_worker *worker = argument;
    thread_owner_bind(&worker->owner);
    pthread_setname_np(pthread_self(), "media");
    if (worker->options->pin == MEDIA_PIN_AUTO) {
        int cpu = worker_pin(worker->index, worker->options->workers);
        if (cpu >= 0)
            LOG(LOG_INFO, "media.pinned", log_number("worker", worker->index),
                log_number("cpu", cpu));
    }
    (void)prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0);
    while (!atomic_load_explicit(&worker->stopping, memory_order_acquire)) {
        uint32_t readable = worker_wait(worker);
        int64_t began_us = clock_monotonic_us();
        worker_pass(worker, readable);
        int64_t now_us = clock_monotonic_us();
        worker_account(worker, began_us, now_us);
        int64_t pause_us = receive_pace_us(&worker->pace, worker->received, began_us, now_us);
        if (pause_us > 0 && mailbox_depth(worker->inbox) == 0)
            worker_pause(pause_us);
    }
    worker_close_all(worker);
    path_flush(worker);
    worker_flush_events(worker);
    return NULL;
}

enum result worker_start(struct media_worker *worker, pthread_t *ret_thread)
{
    return pthread_create(ret_thread, NULL, worker_run, worker) == 0 ? RESULT_OK : RESULT_LIBRARY;
}

/* Both from the control thread. A full counter (impossible in practice) would still have the reader awake. */
static void worker_poke(struct media_worker *worker)
{
    uint64_t one = 1;
    ssize_t written = write(worker->event_fd, &one, sizeof(one));
    (void)written;
}

void worker_stop(struct media_worker *worker)
{
    atomic_store_explicit(&worker->stopping, true, memory_order_release);
    worker_poke(worker);
}

enum result worker_send_command(struct media_worker *worker, const struct media_command *command)
{
    enum result result = mailbox_send(worker->inbox, command);
    if (result_ok(result))
        worker_poke(worker);
    return result;
}

bool worker_receive_event(struct media_worker *worker, struct media_event *ret_event)
{
    return mailbox_receive(worker->outbox, ret_event);
}

void worker_join_tcp(struct media_worker *listener, struct media_worker *worker)
{
    if (listener->tcp != NULL)
        worker_tcp_join(listener->tcp, worker->tcp);
}

uint16_t worker_port(const struct media_worker *worker)
{
    return worker->port;
}

bool worker_serves(const struct media_worker *worker, enum net_family family)
{
    return worker->sockets[family].fd >= 0;
}

const struct counters *worker_counters(const struct media_worker *worker)
{
    return &worker->counters;
}
