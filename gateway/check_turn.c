#include "gateway/check_turn.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/hash.h"
#include "gateway/turn_secret.h"

#define LINE_SIZE 512

static const char DENIED_4[] = "0.0.0.0-255.255.255.255";
static const char DENIED_6[] = "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";

/* What coturn's file says of the things that matter here. */
struct turnserver {
    const char *file;
    const struct gateway_config *config;
    const char *secret;
    bool reached[MEDIA_ANNOUNCE_MAX]; /* our media address stands in an allowed-peer-ip */
    bool auth_secret, same_secret, denied_4, denied_6, no_tcp_relay, no_cli, no_multicast;
    bool good;
};

/* Addresses media is received on, as browsers are told. */
static uint32_t media_addresses_count(const struct media_options *media)
{
    return media->announce_count > 0 ? media->announce_count : 1;
}

static const char *media_address(const struct media_options *media, uint32_t index)
{
    return media->announce_count > 0 ? media->announce[index].address : media->bind_address;
}

static bool same_address(const char *a, const char *b)
{
    uint8_t one[16], other[16];
    if (inet_pton(AF_INET, a, one) == 1 && inet_pton(AF_INET, b, other) == 1)
        return memcmp(one, other, 4) == 0;
    return inet_pton(AF_INET6, a, one) == 1 && inet_pton(AF_INET6, b, other) == 1 &&
           memcmp(one, other, 16) == 0;
}

static void complain(struct turnserver *server, unsigned line, const char *key, const char *what)
{
    fprintf(stderr, "%s:%u: %s: %s\n", server->file, line, key, what);
    server->good = false;
}

static void judge_allowed(struct turnserver *server, unsigned line, const char *address)
{
    const struct media_options *media = &server->config->media;
    bool ours = false;
    for (uint32_t i = 0; i < media_addresses_count(media); i++)
        if (same_address(address, media_address(media, i)))
            ours = server->reached[i] = true;
    if (!ours)
        complain(server, line, "allowed-peer-ip",
                 "relays to something else than our media; allowed: the addresses of "
                 "media.announce, one a line");
}

static void judge_relay(struct turnserver *server, unsigned line, const char *address)
{
    const struct media_options *media = &server->config->media;
    for (uint32_t i = 0; i < media->relays_count; i++)
        if (same_address(address, media->relays[i].address))
            return;
    complain(server, line, "relay-ip", "is not in turn.relays, so the record would not say relay");
}

static void judge_line(struct turnserver *server, unsigned line, const char *key, const char *value)
{
    static const char *const doors[] = {"no-auth",      "oauth",     "user",
                                        "lt-cred-mech", "web-admin", "allow-loopback-peers",
                                        "server-relay"};
    for (size_t i = 0; i < ARRAY_LENGTH(doors); i++)
        if (strcmp(key, doors[i]) == 0)
            complain(server, line, key, "opens another door; allowed: use-auth-secret alone");
    if (strcmp(key, "use-auth-secret") == 0)
        server->auth_secret = true;
    else if (strcmp(key, "static-auth-secret") == 0)
        server->same_secret = server->same_secret || secret_equal(value, server->secret);
    else if (strcmp(key, "no-tcp-relay") == 0)
        server->no_tcp_relay = true;
    else if (strcmp(key, "no-cli") == 0)
        server->no_cli = true;
    else if (strcmp(key, "no-multicast-peers") == 0)
        server->no_multicast = true;
    else if (strcmp(key, "denied-peer-ip") == 0) {
        server->denied_4 = server->denied_4 || strcmp(value, DENIED_4) == 0;
        server->denied_6 = server->denied_6 || strcmp(value, DENIED_6) == 0;
    } else if (strcmp(key, "allowed-peer-ip") == 0)
        judge_allowed(server, line, value);
    else if (strcmp(key, "relay-ip") == 0)
        judge_relay(server, line, value);
}

static void judge_missing(struct turnserver *server)
{
    const struct {
        bool there;
        const char *key, *what;
    } needed[] = {
        {server->auth_secret, "use-auth-secret", "is missing; allowed: to be there"},
        {server->same_secret, "static-auth-secret", "is not the secret of turn.secret"},
        {server->denied_4, "denied-peer-ip", "is missing; allowed: 0.0.0.0-255.255.255.255"},
        {server->denied_6, "denied-peer-ip",
         "is missing; allowed: ::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        {server->no_tcp_relay, "no-tcp-relay", "is missing; allowed: to be there"},
        {server->no_cli, "no-cli", "is missing; allowed: to be there"},
        {server->no_multicast, "no-multicast-peers", "is missing; allowed: to be there"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(needed); i++)
        if (!needed[i].there)
            complain(server, 1, needed[i].key, needed[i].what);
    const struct media_options *media = &server->config->media;
    for (uint32_t i = 0; i < media_addresses_count(media); i++)
        if (!server->reached[i]) {
            char what[128];
            snprintf(what, sizeof(what), "is missing for our media address; allowed: %s",
                     media_address(media, i));
            complain(server, 1, "allowed-peer-ip", what);
        }
}

/* "key=value", "key value" or "key", as coturn reads it; # begins a comment line. */
static bool check_turnserver(struct turnserver *server)
{
    char text[LINE_SIZE];
    unsigned line = 0;
    FILE *stream = fopen(server->file, "re");
    if (stream == NULL) {
        fprintf(stderr, "%s:1: cannot be read; allowed: coturn's configuration\n", server->file);
        return false;
    }
    server->good = true;
    while (fgets(text, sizeof(text), stream) != NULL) {
        char *key = text + strspn(text, " \t");
        line++;
        key[strcspn(key, "\r\n")] = '\0';
        if (*key == '\0' || *key == '#')
            continue;
        char *value = key + strcspn(key, "= \t");
        if (*value != '\0')
            *value++ = '\0';
        value += strspn(value, "= \t");
        value[strcspn(value, " \t")] = '\0';
        judge_line(server, line, key, value);
    }
    explicit_bzero(text, sizeof(text)); /* the shared secret was one of the lines */
    fclose(stream);
    judge_missing(server);
    return server->good;
}

static void print_turn(const struct gateway_config *config)
{
    printf("\n# what a browser will be told about TURN, with each offer\n");
    for (uint32_t i = 0; i < config->turn.urls_count; i++)
        printf("turn: %s  credential good for %llds\n", config->turn.urls[i],
               (long long)(config->turn.lifetime_us / US_PER_S));
    printf("# what its turnserver.conf has to hold, so that it relays to our media and nowhere "
           "else\ndenied-peer-ip=%s\ndenied-peer-ip=%s\n",
           DENIED_4, DENIED_6);
    for (uint32_t i = 0; i < media_addresses_count(&config->media); i++)
        printf("allowed-peer-ip=%s\n", media_address(&config->media, i));
    for (uint32_t i = 0; i < config->media.relays_count; i++)
        printf("relay-ip=%s\n", config->media.relays[i].address);
}

bool check_turn(const struct gateway_config *config, const char *turnserver_file)
{
    char secret[TURN_SECRET_SIZE] = "", message[CONFIG_MESSAGE_SIZE];
    if (config->turn.urls_count == 0) {
        if (turnserver_file != NULL)
            fprintf(stderr, "%s:1: turn.urls is empty; allowed: the TURN server's addresses\n",
                    config->file);
        else
            printf("\nturn: none; networks that let only TCP 443 through cannot join by it\n");
        return turnserver_file == NULL;
    }
    print_turn(config);
    if (!result_ok(turn_secret_read(config->turn.secret_file, secret, message, sizeof(message)))) {
        fprintf(stderr, "%s\n", message);
        return false;
    }
    struct turnserver server = {.file = turnserver_file, .config = config, .secret = secret};
    bool good = turnserver_file == NULL || check_turnserver(&server);
    if (turnserver_file != NULL && good)
        printf("turn: %s relays to our media addresses and to nothing else\n", turnserver_file);
    explicit_bzero(secret, sizeof(secret));
    return good;
}
