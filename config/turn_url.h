/* The address of a TURN server as browsers take it (RFC 7065): scheme, host, port, transport. No name is resolved.
 * Thread: any. Plain data; nothing here allocates. */
#ifndef CONFIG_TURN_URL_H
#define CONFIG_TURN_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"

#define TURN_URL_SIZE 128 /* with NUL */

struct turn_url {
    bool tls;                 /* turns: */
    bool tcp;                 /* to the server; what it relays with is always UDP here */
    char host[TURN_URL_SIZE]; /* a name, or a numeric address without brackets */
    uint16_t port;            /* 3478, or 5349 with TLS, when the text has none */
};

/* turn:HOST[:PORT][?transport=udp|tcp] or turns:HOST[:PORT][?transport=tcp]; host lower case, IPv6 in brackets. False for
 * anything else, turns over UDP included: no browser speaks DTLS to a TURN server. */
MUST_CHECK bool turn_url_parse(const char *text, struct turn_url *ret_url);
/* Is it this host (a name or a numeric address, however written)? */
bool turn_url_is_host(const struct turn_url *url, const char *host);
/* Does it lead to the host and port of this page origin ("https://host" or "https://host:port")? */
bool turn_url_is_of_origin(const struct turn_url *url, const char *origin);

#endif
