#include "media/ice/net_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "gateway/base/hash.h"

bool net_address_from(const struct sockaddr_storage *from, struct net_address *ret_address)
{
    struct net_address address = {.family = NET_NONE};
    if (from->ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, from, sizeof(v4));
        memcpy(address.bytes, &v4.sin_addr, 4);
        address.port = ntohs(v4.sin_port);
        address.family = NET_UDP4;
    } else if (from->ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, from, sizeof(v6));
        memcpy(address.bytes, &v6.sin6_addr, 16);
        address.port = ntohs(v6.sin6_port);
        address.scope = v6.sin6_scope_id;
        address.family = NET_UDP6;
    } else {
        return false;
    }
    *ret_address = address;
    return true;
}

static bool net_address_is_ipv4(const struct net_address *address)
{
    return address->family == NET_UDP4 || address->family == NET_TCP4;
}

struct net_address net_address_as_tcp(const struct net_address *address)
{
    struct net_address tcp = *address;
    tcp.family = net_address_is_ipv4(address) ? NET_TCP4 : NET_TCP6;
    return tcp;
}

bool net_address_is_tcp(const struct net_address *address)
{
    return address->family == NET_TCP4 || address->family == NET_TCP6;
}

bool net_address_same_host(const struct net_address *a, const struct net_address *b)
{
    return net_address_is_ipv4(a) == net_address_is_ipv4(b) && a->scope == b->scope &&
           memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

socklen_t net_address_to(const struct net_address *address, struct sockaddr_storage *ret_to)
{
    if (net_address_is_ipv4(address)) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(address->port)};
        memcpy(&v4.sin_addr, address->bytes, 4);
        memcpy(ret_to, &v4, sizeof(v4));
        return sizeof(v4);
    }
    struct sockaddr_in6 v6 = {
        .sin6_family = AF_INET6,
        .sin6_port = htons(address->port),
        .sin6_scope_id = address->scope,
    };
    memcpy(&v6.sin6_addr, address->bytes, 16);
    memcpy(ret_to, &v6, sizeof(v6));
    return sizeof(v6);
}

bool net_address_equal(const struct net_address *a, const struct net_address *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

uint64_t net_address_hash(uint64_t seed, const struct net_address *address)
{
    return hash_table_key(seed, span_of(address, sizeof(*address)));
}

enum result net_address_parse(const char *text, uint16_t port, struct net_address *ret_address)
{
    struct net_address address = {.port = port};
    if (inet_pton(AF_INET, text, address.bytes) == 1)
        address.family = NET_UDP4;
    else if (inet_pton(AF_INET6, text, address.bytes) == 1)
        address.family = NET_UDP6;
    else
        return RESULT_INVALID;
    *ret_address = address;
    return RESULT_OK;
}

void net_address_text(const struct net_address *address, char *ret_text)
{
    int family = net_address_is_ipv4(address) ? AF_INET : AF_INET6;
    if (inet_ntop(family, address->bytes, ret_text, NET_ADDRESS_TEXT_SIZE) == NULL)
        ret_text[0] = 0;
}

bool net_address_is_any(const struct net_address *address)
{
    static const uint8_t zeros[16] = {0};
    return memcmp(address->bytes, zeros, sizeof(zeros)) == 0;
}
