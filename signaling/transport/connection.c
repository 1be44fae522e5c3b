/* TCP connections: caps, addresses, deadlines. */
#include "signaling/transport/transport_private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "gateway/base/clock.h"

struct connection *connection_of(struct lws *wsi)
{
    return lws_get_opaque_user_data(wsi);
}

/* What is counted (IPv4 whole, IPv6 its /64) and what may be shown (/24 and /48). */
static bool read_address(int socket, struct connection *connection)
{
    struct sockaddr_storage storage = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof(storage);
    char text[INET6_ADDRSTRLEN];
    if (getpeername(socket, (struct sockaddr *)&storage, &size) != 0)
        return false;
    if (storage.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&storage;
        connection->address[10] = connection->address[11] = 0xff;
        memcpy(connection->address + 12, &v4->sin_addr, 4);
    } else if (storage.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&storage;
        memcpy(connection->address, &v6->sin6_addr, IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) ? 16 : 8);
    } else {
        return false;
    }
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    bool is_v4 = memcmp(connection->address, mapped, sizeof(mapped)) == 0;
    uint8_t prefix[16] = {0};
    memcpy(prefix, is_v4 ? connection->address + 12 : connection->address, is_v4 ? 3 : 6);
    if (inet_ntop(is_v4 ? AF_INET : AF_INET6, prefix, text, sizeof(text)) == NULL)
        return false;
    snprintf(connection->peer_prefix, sizeof(connection->peer_prefix), "%.40s/%s", text,
             is_v4 ? "24" : "48");
    return true;
}

static unsigned count_address(struct transport *transport, const uint8_t *address)
{
    unsigned count = 0;
    LIST_FOR_EACH(&transport->connections, link)
    {
        const struct connection *other = CONTAINER_OF(link, struct connection, link);
        count += memcmp(other->address, address, sizeof(other->address)) == 0 ? 1 : 0;
    }
    return count;
}

enum result connection_open(struct transport *transport, struct lws *wsi)
{
    if (transport->stopping || transport->connections_count >= transport->options.sockets_max)
        return RESULT_FULL;
    struct connection *connection = calloc(1, sizeof(*connection));
    if (connection == NULL)
        return RESULT_NO_MEMORY;
    if (!read_address((int)lws_get_socket_fd(wsi), connection) ||
        count_address(transport, connection->address) >=
            transport->options.sockets_per_address_max) {
        free(connection);
        return RESULT_TOO_MANY;
    }
    connection->transport = transport;
    connection->wsi = wsi;
    connection->deadline_us = clock_monotonic_us() + transport->options.header_timeout_us;
    list_init(&connection->out);
    list_append(&transport->connections, &connection->link);
    transport->connections_count++;
    lws_set_opaque_user_data(wsi, connection);
    return RESULT_OK;
}

void connection_free(struct connection *connection)
{
    struct transport *transport = connection->transport;
    exchange_end(connection);
    LIST_FOR_EACH(&connection->out, link)
    {
        free(CONTAINER_OF(link, struct outgoing, link));
    }
    free(connection->in);
    list_remove(&connection->link);
    transport->connections_count--;
    lws_set_opaque_user_data(connection->wsi, NULL);
    free(connection);
}

void connection_cut(struct connection *connection)
{
    connection->deadline_us = 0;
}
