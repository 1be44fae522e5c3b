/* A transport address in one comparable shape: no padding that differs, no IPv4-in-IPv6 (each family has its own
 * socket). Thread: any. Plain data; nothing here allocates. */
#ifndef MEDIA_ICE_NET_ADDRESS_H
#define MEDIA_ICE_NET_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"

/* Protocol and IP version. The datagram kinds come first and index a worker's sockets; a TCP address is one accepted
 * connection (RFC 6544), so it is never anybody else's while that lives. */
enum net_family {
    NET_NONE,
    NET_UDP4,
    NET_UDP6,
    NET_FAMILY_COUNT, /* of datagram sockets */
    NET_TCP4 = NET_FAMILY_COUNT,
    NET_TCP6,
};

struct net_address {
    uint8_t bytes[16]; /* IPv4 uses the first four, the others are zero */
    uint32_t scope;    /* IPv6 link-local interface, else 0 */
    uint16_t port;     /* host order */
    uint16_t family;   /* enum net_family */
};
_Static_assert(sizeof(struct net_address) == 24, "hashed as bytes, so it must have no padding");

/* As a datagram address. False for any family but IPv4 and IPv6. */
MUST_CHECK bool net_address_from(const struct sockaddr_storage *from,
                                 struct net_address *ret_address);
/* Returns the length the kernel wants. */
socklen_t net_address_to(const struct net_address *address, struct sockaddr_storage *ret_to);
/* The same IP address and port over TCP. */
struct net_address net_address_as_tcp(const struct net_address *address);
bool net_address_is_tcp(const struct net_address *address);
/* Same host, whatever the port and the protocol. */
bool net_address_same_host(const struct net_address *a, const struct net_address *b);
bool net_address_equal(const struct net_address *a, const struct net_address *b);
uint64_t net_address_hash(uint64_t seed, const struct net_address *address);
/* Numeric text only, no names are resolved. RESULT_INVALID for anything else. */
MUST_CHECK enum result net_address_parse(const char *text, uint16_t port,
                                         struct net_address *ret_address);
/* "192.0.2.1"; `ret_text` holds NET_ADDRESS_TEXT_SIZE bytes. */
#define NET_ADDRESS_TEXT_SIZE 46
void net_address_text(const struct net_address *address, char *ret_text);
/* 0.0.0.0 or :: */
bool net_address_is_any(const struct net_address *address);

#endif
