#include "media/worker/worker_tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "media/endpoint/endpoint.h"
#include "media/path/path.h"
#include "media/worker/worker_tcp_parts.h"

#define EVENTS_AT_ONCE 64
#define ROUNDS_MAX     8 /* of events before commands and timers get their turn */
#define READS_MAX      4 /* of one connection in a round */
#define TICK_S         1
/* A connection that lost its endpoint: what is still queued (close_notify) leaves, then it ends. */
#define UNBOUND_US 1000000
/* What the kernel may hold that is not on the wire yet; the rest waits in our queue, where sound overtakes picture. */
#define UNSENT_BYTES 8192
/* So much is written before the pass ends. */
#define WRITE_AT_BYTES 16384

_Static_assert(TCP_FRAMING_BUFFER_BYTES >= WORKER_BUFFER_BYTES, "packets are opened in place");

static enum result tcp_allocate(struct worker_tcp *tcp)
{
    const struct media_options *options = tcp->worker->options;
    uint32_t connections_max = options->endpoints_max * 2 + MEDIA_TCP_UNPROVEN_MAX;
    enum result result = tcp_table_new(connections_max, tcp->worker->hash_seed, &tcp->table);
    if (result_ok(result))
        result = mailbox_new(sizeof(struct tcp_handover), TCP_HANDOVERS_MAX, &tcp->handed_over);
    if (!result_ok(result))
        return result;
    tcp->queued = calloc(connections_max, sizeof(uint32_t));
    return tcp->queued == NULL ? RESULT_NO_MEMORY : RESULT_OK;
}

static enum result tcp_watch(struct worker_tcp *tcp, int fd, uint32_t tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = tag};
    return epoll_ctl(tcp->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? RESULT_OK : RESULT_LIBRARY;
}

static enum result tcp_open(struct worker_tcp *tcp)
{
    const struct media_options *options = tcp->worker->options;
    tcp->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    tcp->tick_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    tcp->handover_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (tcp->epoll_fd < 0 || tcp->tick_fd < 0 || tcp->handover_fd < 0)
        return RESULT_LIBRARY;
    enum result result = tcp_watch(tcp, tcp->tick_fd, TCP_TAG_TICK);
    if (result_ok(result))
        result = tcp_watch(tcp, tcp->handover_fd, TCP_TAG_HANDOVER);
    if (result_ok(result) && tcp->worker->index == 0)
        result = tcp_listeners_open(tcp, options->bind_address, options->tcp_port);
    return result;
}

enum result worker_tcp_new(struct media_worker *worker, struct worker_tcp **ret_tcp)
{
    struct worker_tcp *tcp = calloc(1, sizeof(*tcp));
    if (tcp == NULL)
        return RESULT_NO_MEMORY;
    tcp->worker = worker;
    tcp->epoll_fd = tcp->tick_fd = tcp->handover_fd = -1;
    for (int family = 0; family < NET_FAMILY_COUNT; family++)
        tcp->listeners[family] = -1;
    enum result result = tcp_allocate(tcp);
    if (result_ok(result))
        result = tcp_open(tcp);
    if (!result_ok(result)) {
        worker_tcp_free(tcp);
        return result;
    }
    *ret_tcp = tcp;
    return RESULT_OK;
}

void worker_tcp_join(struct worker_tcp *listener, struct worker_tcp *tcp)
{
    listener->others[tcp->worker->index] = tcp;
}

/* `forget`: the endpoint too. */
static void connection_close(struct worker_tcp *tcp, struct tcp_connection *connection, bool forget)
{
    struct media_worker *worker = tcp->worker;
    struct net_address peer = connection->peer;
    close(connection->fd);
    struct endpoint *endpoint = forget ? worker_by_address(worker, &peer) : NULL;
    tcp_table_remove(tcp->table, connection);
    if (endpoint == NULL)
        return;
    ice_peer_forget(&endpoint->ice, &peer);
    worker_unbind_address(worker, endpoint, &peer);
}

struct worker_tcp *worker_tcp_free(struct worker_tcp *tcp)
{
    struct tcp_handover handover;
    if (tcp == NULL)
        return NULL;
    for (uint32_t slot = 0; tcp->table != NULL && slot < tcp_table_size(tcp->table); slot++)
        if (tcp_table_at(tcp->table, slot) != NULL)
            connection_close(tcp, tcp_table_at(tcp->table, slot), false);
    while (tcp->handed_over != NULL && mailbox_receive(tcp->handed_over, &handover))
        close(handover.fd);
    tcp_listeners_close(tcp);
    int fds[] = {tcp->epoll_fd, tcp->tick_fd, tcp->handover_fd};
    for (size_t i = 0; i < ARRAY_LENGTH(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(tcp->queued);
    mailbox_free(tcp->handed_over);
    tcp_table_free(tcp->table);
    explicit_bzero(tcp, sizeof(*tcp)); /* plain media was written in `outgoing` */
    free(tcp);
    return NULL;
}

int worker_tcp_fd(const struct worker_tcp *tcp)
{
    return tcp->epoll_fd;
}

/* ---- life of a connection ------------------------------------------------------------------------------------- */

void tcp_tick_start(struct worker_tcp *tcp)
{
    struct itimerspec every = {.it_value.tv_sec = TICK_S, .it_interval.tv_sec = TICK_S};
    if (tcp->ticking)
        return;
    CHECK(timerfd_settime(tcp->tick_fd, 0, &every, NULL) == 0);
    tcp->ticking = true;
}

struct tcp_connection *tcp_begin(struct worker_tcp *tcp, int fd, const struct net_address *peer,
                                 int64_t deadline_us)
{
    struct tcp_connection *connection;
    int on = 1, unsent = UNSENT_BYTES;
    if (!result_ok(tcp_table_add(tcp->table, fd, peer, deadline_us, &connection))) {
        counter_add(&tcp->worker->counters, COUNTER_media_tcp_refused, 1);
        close(fd);
        return NULL;
    }
    /* Each makes it better; a kernel without one of them still serves. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
    if (!result_ok(tcp_watch(tcp, fd, connection->slot)))
        tcp_end(tcp, connection);
    counter_add(&tcp->worker->counters, COUNTER_media_tcp_accepted, 1);
    tcp_tick_start(tcp);
    return connection;
}

void tcp_end(struct worker_tcp *tcp, struct tcp_connection *connection)
{
    if (connection->closing)
        return;
    connection->closing = true;
    tcp->closing_count++;
    /* It may have nothing more to say, and still must not wake us. */
    (void)epoll_ctl(tcp->epoll_fd, EPOLL_CTL_DEL, connection->fd, NULL);
    tcp_tick_start(tcp);
}

void worker_tcp_bound(struct media_worker *worker, const struct net_address *address)
{
    struct worker_tcp *tcp = worker->tcp;
    struct tcp_connection *connection = tcp == NULL ? NULL : tcp_table_find(tcp->table, address);
    if (connection == NULL)
        return;
    connection->proven = true;
    connection->progress_us = worker->now_us;
    if (connection->queue == NULL && !result_ok(tcp_send_queue_new(&connection->queue)))
        tcp_end(tcp, connection);
}

/* An ICE restart over this very connection unbinds and binds again at once; anything else ends it. */
void worker_tcp_unbound(struct media_worker *worker, const struct net_address *address)
{
    struct worker_tcp *tcp = worker->tcp;
    struct tcp_connection *connection = tcp == NULL ? NULL : tcp_table_find(tcp->table, address);
    if (connection == NULL)
        return;
    connection->proven = false;
    connection->deadline_us = worker->now_us + UNBOUND_US;
}

/* ---- out ------------------------------------------------------------------------------------------------------ */

static void connection_await_room(struct worker_tcp *tcp, struct tcp_connection *connection,
                                  bool await)
{
    struct epoll_event event = {.events = await ? EPOLLIN | EPOLLOUT : EPOLLIN,
                                .data.u32 = connection->slot};
    if (connection->awaits_room == await || connection->closing)
        return;
    connection->awaits_room = await;
    CHECK(epoll_ctl(tcp->epoll_fd, EPOLL_CTL_MOD, connection->fd, &event) == 0);
}

static void connection_write(struct worker_tcp *tcp, struct tcp_connection *connection)
{
    struct iovec vectors[TCP_SEND_VECTORS];
    while (!connection->closing) {
        struct msghdr message = {.msg_iov = vectors};
        message.msg_iovlen = (size_t)tcp_send_queue_gather(connection->queue, vectors);
        if (message.msg_iovlen == 0)
            break;
        ssize_t sent = sendmsg(connection->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) {
            tcp_send_queue_sent(connection->queue, (size_t)sent);
            connection->progress_us = tcp->worker->now_us;
            continue;
        }
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            connection_await_room(tcp, connection, true);
            return;
        }
        tcp_end(tcp, connection);
    }
    connection->progress_us = tcp->worker->now_us;
    connection_await_room(tcp, connection, false);
}

uint8_t *worker_tcp_reserve(struct media_worker *worker, const struct net_address *to)
{
    struct worker_tcp *tcp = worker->tcp;
    struct tcp_connection *connection = tcp == NULL ? NULL : tcp_table_find(tcp->table, to);
    bool writable = connection != NULL && connection->queue != NULL && !connection->closing;
    return writable ? tcp->outgoing : NULL;
}

void worker_tcp_commit(struct media_worker *worker, const struct net_address *to, size_t length)
{
    struct worker_tcp *tcp = worker->tcp;
    struct tcp_connection *connection = tcp_table_find(tcp->table, to);
    struct span packet = span_of(tcp->outgoing, length);
    /* A keyframe comes in one burst: what the kernel would take is no reason to shed. */
    if (!connection->awaits_room && tcp_send_queue_bytes(connection->queue) > WRITE_AT_BYTES)
        connection_write(tcp, connection);
    if (!tcp_send_queue_push(connection->queue, packet, worker->now_us)) {
        counter_add(&worker->counters, COUNTER_media_drop_tcp, 1);
        return;
    }
    counter_add(&worker->counters, COUNTER_media_datagrams_out, 1);
    counter_add(&worker->counters, COUNTER_media_bytes_out, length);
    if (connection->queued || connection->awaits_room)
        return;
    connection->queued = true;
    tcp->queued[tcp->queued_count++] = connection->slot;
}

void worker_tcp_flush(struct media_worker *worker)
{
    struct worker_tcp *tcp = worker->tcp;
    for (uint32_t i = 0; tcp != NULL && i < tcp->queued_count; i++) {
        struct tcp_connection *connection = tcp_table_at(tcp->table, tcp->queued[i]);
        connection->queued = false;
        connection_write(tcp, connection);
    }
    if (tcp != NULL)
        tcp->queued_count = 0;
}

/* ---- in ------------------------------------------------------------------------------------------------------- */

static void connection_packet(struct worker_tcp *tcp, struct tcp_connection *connection)
{
    struct media_worker *worker = tcp->worker;
    struct tcp_framing *framing = &connection->framing;
    counter_add(&worker->counters, COUNTER_media_datagrams_in, 1);
    counter_add(&worker->counters, COUNTER_media_bytes_in, framing->length);
    path_classify(worker, &connection->peer, framing->bytes, framing->length);
}

void tcp_input(struct worker_tcp *tcp, struct tcp_connection *connection, struct span input)
{
    while (!connection->closing) {
        size_t length_max = connection->proven ? MEDIA_DATAGRAM_MAX : MEDIA_TCP_CHECK_MAX;
        switch (tcp_framing_take(&connection->framing, &input, length_max)) {
        case TCP_FRAMING_MORE:
            return;
        case TCP_FRAMING_TOO_LONG:
            counter_add(&tcp->worker->counters, COUNTER_media_drop_unclassified, 1);
            tcp_end(tcp, connection);
            return;
        case TCP_FRAMING_PACKET:
            if (!connection->proven && tcp_hand_over(tcp, connection, input))
                return;
            connection_packet(tcp, connection);
            break;
        }
    }
}

static void connection_read(struct worker_tcp *tcp, struct tcp_connection *connection)
{
    for (int i = 0; i < READS_MAX && !connection->closing; i++) {
        size_t most = connection->proven ? sizeof(tcp->incoming)
                                         : TCP_FRAMING_HEADER_BYTES + MEDIA_TCP_CHECK_MAX;
        ssize_t got = recv(connection->fd, tcp->incoming, most, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
            return;
        if (got <= 0) {
            tcp_end(tcp, connection);
            return;
        }
        tcp_input(tcp, connection, span_of(tcp->incoming, (size_t)got));
        if ((size_t)got < most)
            return;
    }
}

static void connection_event(struct worker_tcp *tcp, uint32_t slot, uint32_t events)
{
    struct tcp_connection *connection = tcp_table_at(tcp->table, slot);
    if (connection == NULL || connection->closing)
        return;
    if ((events & EPOLLOUT) != 0 && connection->queue != NULL)
        connection_write(tcp, connection);
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
        connection_read(tcp, connection);
}

/* ---- the pass ------------------------------------------------------------------------------------------------- */

static void tcp_tick(struct worker_tcp *tcp)
{
    int64_t now_us = tcp->worker->now_us;
    uint64_t ticks;
    if (read(tcp->tick_fd, &ticks, sizeof(ticks)) < 0)
        CHECK(errno == EAGAIN || errno == EINTR);
    for (uint32_t slot = 0; slot < tcp_table_size(tcp->table); slot++) {
        struct tcp_connection *connection = tcp_table_at(tcp->table, slot);
        if (connection == NULL)
            continue;
        bool stuck = connection->proven && connection->queue != NULL &&
                     tcp_send_queue_bytes(connection->queue) > 0 &&
                     now_us - connection->progress_us >= tcp->worker->options->consent_timeout_us;
        if (stuck)
            counter_add(&tcp->worker->counters, COUNTER_media_tcp_stuck, 1);
        if (stuck || (!connection->proven && now_us >= connection->deadline_us))
            tcp_end(tcp, connection);
    }
    tcp_listeners_watch(tcp, true);
}

static void tcp_event(struct worker_tcp *tcp, const struct epoll_event *event)
{
    uint32_t tag = event->data.u32;
    if (tag < TCP_TAG_TICK)
        connection_event(tcp, tag, event->events);
    else if (tag == TCP_TAG_TICK)
        tcp_tick(tcp);
    else if (tag == TCP_TAG_HANDOVER)
        tcp_receive_handovers(tcp);
    else
        tcp_accept(tcp, (enum net_family)(tag - TCP_TAG_LISTENER));
}

static void tcp_close_ended(struct worker_tcp *tcp)
{
    static const struct itimerspec never = {0};
    for (uint32_t slot = 0; tcp->closing_count > 0 && slot < tcp_table_size(tcp->table); slot++) {
        struct tcp_connection *connection = tcp_table_at(tcp->table, slot);
        if (connection == NULL || !connection->closing)
            continue;
        tcp->closing_count--;
        connection_close(tcp, connection, true);
    }
    if (tcp_table_count(tcp->table) == 0 && tcp->ticking && tcp->accepting) {
        CHECK(timerfd_settime(tcp->tick_fd, 0, &never, NULL) == 0);
        tcp->ticking = false;
    }
    counter_set(&tcp->worker->counters, COUNTER_media_tcp_connections, tcp_table_count(tcp->table));
}

void worker_tcp_run(struct media_worker *worker)
{
    struct worker_tcp *tcp = worker->tcp;
    assert_on_thread(&worker->owner);
    for (int round = 0; round < ROUNDS_MAX; round++) {
        struct epoll_event events[EVENTS_AT_ONCE];
        int count = epoll_wait(tcp->epoll_fd, events, EVENTS_AT_ONCE, 0);
        CHECK(count >= 0 || errno == EINTR);
        if (count <= 0)
            break;
        worker->now_us = clock_monotonic_us();
        for (int i = 0; i < count; i++)
            tcp_event(tcp, &events[i]);
    }
    worker_tcp_flush(worker); /* the list of what is queued holds no slot that is closed now */
    tcp_close_ended(tcp);
}
