/* How a connection comes in: accepted by worker 0, perhaps handed to the worker whose endpoint it asks for. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/base/log.h"
#include "media/ice/ice_agent.h"
#include "media/worker/worker_tcp_parts.h"

#define ACCEPTS_AT_ONCE 16 /* then packets get their turn */
#define LISTEN_BACKLOG  256
/* The kernel wakes us when the first bytes are there; a browser sends its check at once. */
#define FIRST_BYTES_S 5

static enum result listener_open(const struct net_address *address, int *ret_fd)
{
    struct sockaddr_storage at = {0};
    socklen_t length = net_address_to(address, &at);
    int on = 1, first_bytes_s = FIRST_BYTES_S;
    int fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return RESULT_NETWORK;
    bool v6 = at.ss_family == AF_INET6;
    if ((v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &first_bytes_s, sizeof(first_bytes_s)) != 0 ||
        bind(fd, (const struct sockaddr *)&at, length) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        close(fd);
        return RESULT_NETWORK;
    }
    *ret_fd = fd;
    return RESULT_OK;
}

enum result tcp_listeners_open(struct worker_tcp *tcp, const char *bind_address, uint16_t port)
{
    struct net_address address;
    enum result result = net_address_parse(bind_address, port, &address);
    if (!result_ok(result))
        return result;
    bool wildcard = address.family == NET_UDP6 && net_address_is_any(&address);
    /* the families the UDP sockets have: no candidate is announced for another */
    for (uint32_t family = NET_UDP4; family < NET_FAMILY_COUNT && result_ok(result); family++) {
        if (tcp->worker->sockets[family].fd < 0)
            continue;
        struct net_address at = wildcard ? (struct net_address){.port = port} : address;
        at.family = (uint16_t)family;
        result = listener_open(&at, &tcp->listeners[family]);
    }
    if (result_ok(result))
        tcp_listeners_watch(tcp, true);
    else
        tcp_listeners_close(tcp);
    return result;
}

void tcp_listeners_close(struct worker_tcp *tcp)
{
    for (uint32_t family = NET_UDP4; family < NET_FAMILY_COUNT; family++) {
        if (tcp->listeners[family] >= 0)
            close(tcp->listeners[family]);
        tcp->listeners[family] = -1;
    }
}

void tcp_listeners_watch(struct worker_tcp *tcp, bool watch)
{
    if (tcp->accepting == watch)
        return;
    tcp->accepting = watch;
    for (uint32_t family = NET_UDP4; family < NET_FAMILY_COUNT; family++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = TCP_TAG_LISTENER + family};
        if (tcp->listeners[family] >= 0)
            CHECK(epoll_ctl(tcp->epoll_fd, watch ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
                            tcp->listeners[family], &event) == 0);
    }
}

static void connection_refused(struct worker_tcp *tcp, int fd)
{
    counter_add(&tcp->worker->counters, COUNTER_media_tcp_refused, 1);
    close(fd);
}

static void connection_accepted(struct worker_tcp *tcp, int fd, const struct net_address *peer)
{
    struct tcp_connection *victim = NULL;
    /* Two connections from one address and port (to two of our addresses) could not be told apart. */
    if (tcp_table_find(tcp->table, peer) != NULL ||
        !result_ok(tcp_table_admit(tcp->table, peer, &victim))) {
        connection_refused(tcp, fd);
        return;
    }
    if (victim != NULL) {
        counter_add(&tcp->worker->counters, COUNTER_media_tcp_refused, 1);
        tcp_end(tcp, victim);
    }
    int64_t life_us = tcp->worker->options->handshake_timeout_us;
    if (life_us > MEDIA_TCP_UNPROVEN_US)
        life_us = MEDIA_TCP_UNPROVEN_US;
    tcp_begin(tcp, fd, peer, tcp->worker->now_us + life_us);
}

void tcp_accept(struct worker_tcp *tcp, enum net_family family)
{
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        struct sockaddr_storage from = {0};
        socklen_t length = sizeof(from);
        struct net_address peer;
        int fd = accept4(tcp->listeners[family], (struct sockaddr *)&from, &length,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            /* Short of descriptors or memory: the one that waits would wake us for ever. */
            bool short_of =
                errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
            if (short_of) {
                LOG(LOG_WARNING, "media.tcp_accept", log_number("errno", errno));
                tcp_listeners_watch(tcp, false);
                tcp_tick_start(tcp);
            }
            return;
        }
        if (!net_address_from(&from, &peer)) {
            close(fd);
            continue;
        }
        peer = net_address_as_tcp(&peer);
        connection_accepted(tcp, fd, &peer);
    }
}

/* Which worker made this ufrag (media_ice_new): its first sign says so. MEDIA_WORKERS_MAX for anything else. */
static uint32_t worker_named(struct span ufrag)
{
    static const char signs[] = "0123456789abcdef";
    _Static_assert(sizeof(signs) - 1 == MEDIA_WORKERS_MAX, "one sign a worker");
    const char *at = ufrag.length == 0 ? NULL : memchr(signs, ufrag.data[0], MEDIA_WORKERS_MAX);
    return at == NULL ? MEDIA_WORKERS_MAX : (uint32_t)(at - signs);
}

static bool handover_fill(struct tcp_handover *handover, const struct tcp_connection *connection,
                          struct span rest)
{
    const struct tcp_framing *framing = &connection->framing;
    size_t length = TCP_FRAMING_HEADER_BYTES + framing->length + rest.length;
    if (length > sizeof(handover->bytes))
        return false;
    handover->fd = connection->fd;
    handover->peer = connection->peer;
    handover->deadline_us = connection->deadline_us;
    handover->length = (uint16_t)length;
    bytes_put_u16(handover->bytes, framing->length);
    memcpy(handover->bytes + TCP_FRAMING_HEADER_BYTES, framing->bytes, framing->length);
    if (rest.length > 0)
        memcpy(handover->bytes + TCP_FRAMING_HEADER_BYTES + framing->length, rest.data,
               rest.length);
    return true;
}

bool tcp_hand_over(struct worker_tcp *tcp, struct tcp_connection *connection, struct span rest)
{
    const struct tcp_framing *framing = &connection->framing;
    struct span ufrag = ice_agent_local_ufrag(span_of(framing->bytes, framing->length));
    uint32_t index = worker_named(ufrag);
    struct worker_tcp *other = index < MEDIA_WORKERS_MAX ? tcp->others[index] : NULL;
    if (other == NULL || other == tcp)
        return false;
    struct tcp_handover handover;
    uint64_t one = 1;
    tcp_end(tcp, connection); /* here it is over in any case */
    if (!handover_fill(&handover, connection, rest))
        return true;
    /* The descriptor of a closing connection is closed at the end of the pass: the other worker gets a copy. */
    handover.fd = dup(connection->fd);
    if (handover.fd < 0)
        return true;
    if (!result_ok(mailbox_send(other->handed_over, &handover))) {
        connection_refused(tcp, handover.fd);
        return true;
    }
    CHECK(write(other->handover_fd, &one, sizeof(one)) == sizeof(one));
    return true;
}

void tcp_receive_handovers(struct worker_tcp *tcp)
{
    struct tcp_handover handover;
    uint64_t wakes;
    if (read(tcp->handover_fd, &wakes, sizeof(wakes)) < 0)
        CHECK(errno == EAGAIN || errno == EINTR);
    while (mailbox_receive(tcp->handed_over, &handover)) {
        struct tcp_connection *connection =
            tcp_begin(tcp, handover.fd, &handover.peer, handover.deadline_us);
        if (connection != NULL)
            tcp_input(tcp, connection, span_of(handover.bytes, handover.length));
    }
}
