#include "config/turn_url.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#include "gateway/base/bytes.h"

#define PORT_TURN  3478 /* RFC 8656 §2 */
#define PORT_TURNS 5349
#define PORT_HTTPS 443

/* Takes `prefix` off the front. */
static bool url_take(const char **at, const char *prefix)
{
    size_t length = strlen(prefix);
    if (strncmp(*at, prefix, length) != 0)
        return false;
    *at += length;
    return true;
}

static bool url_take_host(const char **at, struct turn_url *url)
{
    static const char name_signs[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
    uint8_t address[16];
    bool bracket = url_take(at, "[");
    size_t length = bracket ? strcspn(*at, "]") : strspn(*at, name_signs);
    if (length == 0 || length >= sizeof(url->host))
        return false;
    memcpy(url->host, *at, length);
    url->host[length] = '\0';
    *at += length;
    if (bracket)
        return url_take(at, "]") && inet_pton(AF_INET6, url->host, address) == 1;
    return url->host[0] != '.' && url->host[0] != '-';
}

static bool url_take_port(const char **at, struct turn_url *url)
{
    uint32_t port = 0;
    size_t digits = strspn(*at, "0123456789");
    if (digits == 0 || digits > 5 || **at == '0')
        return false;
    for (size_t i = 0; i < digits; i++)
        port = port * 10 + (uint32_t)((*at)[i] - '0');
    *at += digits;
    url->port = (uint16_t)port;
    return port <= UINT16_MAX;
}

bool turn_url_parse(const char *text, struct turn_url *ret_url)
{
    struct turn_url url = {.tls = url_take(&text, "turns:")};
    if (!url.tls && !url_take(&text, "turn:"))
        return false;
    url.tcp = url.tls;
    url.port = url.tls ? PORT_TURNS : PORT_TURN;
    if (!url_take_host(&text, &url) || (url_take(&text, ":") && !url_take_port(&text, &url)))
        return false;
    if (url_take(&text, "?transport=tcp"))
        url.tcp = true;
    else if (!url.tls)
        (void)url_take(&text, "?transport=udp");
    if (*text != '\0')
        return false;
    *ret_url = url;
    return true;
}

bool turn_url_is_of_origin(const struct turn_url *url, const char *origin)
{
    struct turn_url page = {.port = PORT_HTTPS};
    return url_take(&origin, "https://") && url_take_host(&origin, &page) &&
           (!url_take(&origin, ":") || url_take_port(&origin, &page)) && page.port == url->port &&
           turn_url_is_host(url, page.host);
}

bool turn_url_is_host(const struct turn_url *url, const char *host)
{
    static const int families[] = {AF_INET, AF_INET6};
    uint8_t ours[16], theirs[16];
    for (size_t i = 0; i < ARRAY_LENGTH(families); i++)
        if (inet_pton(families[i], url->host, ours) == 1 &&
            inet_pton(families[i], host, theirs) == 1)
            return memcmp(ours, theirs, families[i] == AF_INET ? 4 : 16) == 0;
    return strcmp(url->host, host) == 0;
}
