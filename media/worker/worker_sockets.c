#include "media/worker/worker_sockets.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#include "gateway/base/log.h"

/* A keyframe burst of a hundred people fits; the kernel may grant less (net.core.rmem_max). */
#define SOCKET_BUFFER_BYTES (4 * 1024 * 1024)
#define SAME_PORT_TRIES     16

static enum result socket_open(const struct net_address *address, int *ret_fd, uint16_t *ret_port)
{
    struct sockaddr_storage at = {0}, bound = {0};
    socklen_t length = net_address_to(address, &at), bound_length = sizeof(bound);
    int fd = socket(at.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno == EAFNOSUPPORT ? RESULT_UNSUPPORTED : RESULT_NETWORK;
    int on = 1, size = SOCKET_BUFFER_BYTES;
    struct net_address here;
    if (at.ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
        goto failed;
    /* Smaller buffers than asked for are no error. */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    if (bind(fd, (const struct sockaddr *)&at, length) != 0 ||
        getsockname(fd, (struct sockaddr *)&bound, &bound_length) != 0 ||
        !net_address_from(&bound, &here))
        goto failed;
    *ret_fd = fd;
    *ret_port = here.port;
    return RESULT_OK;
failed:;
    int cause = errno;
    close(fd);
    return cause == EADDRNOTAVAIL && address->family == NET_UDP6 ? RESULT_UNSUPPORTED
                                                                 : RESULT_NETWORK;
}

/* IPv4 first, IPv6 on the port it got. */
static enum result sockets_open_both(uint16_t port, struct worker_socket *sockets,
                                     uint16_t *ret_port)
{
    struct net_address v4 = {.family = NET_UDP4, .port = port}, v6 = {.family = NET_UDP6};
    enum result result = socket_open(&v4, &sockets[NET_UDP4].fd, ret_port);
    if (!result_ok(result))
        return RESULT_NETWORK;
    v6.port = *ret_port;
    result = socket_open(&v6, &sockets[NET_UDP6].fd, ret_port);
    if (result == RESULT_UNSUPPORTED)
        return RESULT_OK; /* a kernel without IPv6 */
    if (!result_ok(result))
        worker_sockets_close(sockets);
    return result;
}

enum result worker_sockets_open(const char *bind_address, uint16_t port,
                                struct worker_socket ret_sockets[NET_FAMILY_COUNT],
                                uint16_t *ret_port)
{
    struct net_address address;
    enum result result = net_address_parse(bind_address, port, &address);
    if (!result_ok(result))
        return result;
    for (int family = 0; family < NET_FAMILY_COUNT; family++)
        ret_sockets[family].fd = -1;
    if (address.family != NET_UDP6 || !net_address_is_any(&address)) {
        result = socket_open(&address, &ret_sockets[address.family].fd, ret_port);
        return result_ok(result) ? RESULT_OK : RESULT_NETWORK;
    }
    /* A free IPv4 port may be taken on IPv6: then another one is tried. */
    for (int i = 0; i < SAME_PORT_TRIES; i++) {
        result = sockets_open_both(port, ret_sockets, ret_port);
        if (result_ok(result) || port != 0)
            break;
    }
    return result;
}

bool worker_sockets_offload(struct worker_socket sockets[NET_FAMILY_COUNT],
                            const struct udp_offload *offload)
{
    int on = 1;
    for (int family = 0; family < NET_FAMILY_COUNT; family++) {
        if (sockets[family].fd < 0)
            continue;
        sockets[family].segment = offload->segment;
        /* One buffer shape for both sockets: a family alone without it would be odd, and costs only long buffers. */
        if (offload->coalesce &&
            setsockopt(sockets[family].fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)) != 0)
            LOG(LOG_WARNING, "media.offload_receive", log_number("errno", errno));
    }
    return offload->coalesce;
}

uint64_t worker_sockets_drops(const struct worker_socket sockets[NET_FAMILY_COUNT])
{
    uint64_t drops = 0;
    for (int family = 0; family < NET_FAMILY_COUNT; family++) {
        uint32_t memory[SK_MEMINFO_VARS] = {0};
        socklen_t size = sizeof(memory);
        if (sockets[family].fd >= 0 &&
            getsockopt(sockets[family].fd, SOL_SOCKET, SO_MEMINFO, memory, &size) == 0)
            drops += memory[SK_MEMINFO_DROPS];
    }
    return drops;
}

void worker_sockets_close(struct worker_socket sockets[NET_FAMILY_COUNT])
{
    for (int family = 0; family < NET_FAMILY_COUNT; family++) {
        if (sockets[family].fd >= 0)
            close(sockets[family].fd);
        sockets[family].fd = -1;
    }
}
