#include "media/media.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/log.h"
#include "gateway/base/random.h"
#include "media/dtls/dtls_identity.h"
#include "media/srtp/srtp.h"
#include "media/worker/worker.h"
#include "media/worker/worker_choice.h"

struct media_place {
    struct media_worker *worker;
    pthread_t thread;
    bool running;
    struct handle_table *handles; /* of the endpoints placed there; slots count from 0 */
};

/* Thread: control.   Owner: struct gateway.   Life: media_start … media_stop.
 * Bound: one a process (the SRTP library is started with it). */
struct media {
    struct thread_owner owner;
    struct media_options options;
    struct udp_offload offload; /* what the kernel can do and we may use */
    struct dtls_identity *identity;
    struct net_address announced[MEDIA_ANNOUNCE_MAX];
    uint32_t announced_count;
    uint32_t workers_count;
    uint32_t next_worker; /* whose events are read next */
    bool srtp_started;
    struct media_place places[MEDIA_WORKERS_MAX];
};

static enum result options_check(const struct media_options *options)
{
    struct net_address address;
    for (uint32_t i = 0; i < options->relays_count && i < MEDIA_RELAYS_MAX; i++)
        if (memchr(options->relays[i].address, 0, sizeof(options->relays[i].address)) == NULL ||
            !result_ok(net_address_parse(options->relays[i].address, 0, &address)))
            return RESULT_INVALID;
    bool good = options->workers >= 1 && options->workers <= MEDIA_WORKERS_MAX &&
                options->endpoints_max >= 1 &&
                options->endpoints_max <= MEDIA_ENDPOINTS_PER_WORKER_MAX &&
                options->announce_count <= MEDIA_ANNOUNCE_MAX &&
                options->relays_count <= MEDIA_RELAYS_MAX && options->consent_timeout_us > 0 &&
                options->handshake_timeout_us > 0 && options->gap_notice_us > 0 &&
                memchr(options->bind_address, 0, sizeof(options->bind_address)) != NULL &&
                (options->port == 0 || options->port + options->workers - 1 <= UINT16_MAX);
    return good ? net_address_parse(options->bind_address, options->port, &address)
                : RESULT_INVALID;
}

static void announce_add(struct media *media, const struct net_address *address)
{
    if (media->announced_count < MEDIA_ANNOUNCE_MAX)
        media->announced[media->announced_count++] = *address;
}

/* Link-local IPv6 needs an interface name that means nothing to the other side. */
static bool address_is_usable(const struct net_address *address)
{
    bool link_local = address->family == NET_UDP6 && address->bytes[0] == 0xfe &&
                      (address->bytes[1] & 0xc0) == 0x80;
    return !link_local && !net_address_is_any(address);
}

/* Wildcard without `announce`: the addresses of this machine's interfaces that are up; loopback when there is no other. */
static void announce_interfaces(struct media *media, bool loopback)
{
    struct ifaddrs *list = NULL;
    if (getifaddrs(&list) != 0)
        return;
    for (struct ifaddrs *at = list; at != NULL; at = at->ifa_next) {
        struct sockaddr_storage storage = {0};
        struct net_address address;
        if (at->ifa_addr == NULL || (at->ifa_flags & IFF_UP) == 0 ||
            ((at->ifa_flags & IFF_LOOPBACK) != 0) != loopback)
            continue;
        size_t length = at->ifa_addr->sa_family == AF_INET    ? sizeof(struct sockaddr_in)
                        : at->ifa_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                              : 0;
        if (length == 0)
            continue;
        memcpy(&storage, at->ifa_addr, length);
        if (!net_address_from(&storage, &address) || !address_is_usable(&address) ||
            !worker_serves(media->places[0].worker, (enum net_family)address.family))
            continue;
        announce_add(media, &address);
    }
    freeifaddrs(list);
}

static enum result media_find_addresses(struct media *media)
{
    const struct media_options *options = &media->options;
    struct net_address address;
    for (uint32_t i = 0; i < options->announce_count; i++) {
        if (memchr(options->announce[i].address, 0, sizeof(options->announce[i].address)) == NULL ||
            !result_ok(net_address_parse(options->announce[i].address, 0, &address)))
            return RESULT_INVALID;
        /* An address of a family we do not listen on would be a candidate that never answers. */
        if (worker_serves(media->places[0].worker, (enum net_family)address.family))
            announce_add(media, &address);
    }
    if (options->announce_count > 0)
        return media->announced_count > 0 ? RESULT_OK : RESULT_INVALID;
    enum result result = net_address_parse(options->bind_address, 0, &address);
    if (!result_ok(result))
        return result;
    if (!net_address_is_any(&address)) {
        announce_add(media, &address);
        return RESULT_OK;
    }
    announce_interfaces(media, false);
    if (media->announced_count == 0)
        announce_interfaces(media, true);
    return media->announced_count > 0 ? RESULT_OK : RESULT_NETWORK;
}

static enum result media_workers_new(struct media *media, media_wake_function *wake,
                                     void *wake_owner)
{
    for (uint32_t i = 0; i < media->options.workers; i++) {
        struct media_place *place = &media->places[i];
        enum result result = worker_new(&media->options, i, &media->offload, media->identity, wake,
                                        wake_owner, &place->worker);
        if (result_ok(result))
            result = handle_table_new(media->options.endpoints_max, &place->handles);
        media->workers_count = i + 1;
        if (!result_ok(result))
            return result;
    }
    return RESULT_OK;
}

static enum result media_workers_start(struct media *media)
{
    for (uint32_t i = 1; i < media->workers_count; i++)
        worker_join_tcp(media->places[0].worker, media->places[i].worker);
    for (uint32_t i = 0; i < media->workers_count; i++) {
        enum result result = worker_start(media->places[i].worker, &media->places[i].thread);
        if (!result_ok(result))
            return result;
        media->places[i].running = true;
    }
    return RESULT_OK;
}

enum result media_start(const struct media_options *options, media_wake_function *wake,
                        void *wake_owner, struct media **ret_media)
{
    enum result result = options_check(options);
    if (!result_ok(result))
        return result;
    struct media *media = calloc(1, sizeof(*media));
    if (media == NULL)
        return RESULT_NO_MEMORY;
    thread_owner_bind(&media->owner);
    media->options = *options;
    result = srtp_library_start();
    media->srtp_started = result_ok(result);
    if (result_ok(result))
        result = dtls_identity_new(&media->identity);
    if (result_ok(result) && options->offload == MEDIA_OFFLOAD_AUTO)
        media->offload = udp_offload_probe();
    LOG(LOG_INFO, "media.offload", log_number("send", media->offload.segment),
        log_number("receive", media->offload.coalesce));
    if (result_ok(result))
        result = media_workers_new(media, wake, wake_owner);
    if (result_ok(result))
        result = media_find_addresses(media);
    if (result_ok(result))
        result = media_workers_start(media);
    if (!result_ok(result)) {
        media_stop(media);
        return result;
    }
    *ret_media = media;
    return RESULT_OK;
}

struct media *media_stop(struct media *media)
{
    if (media == NULL)
        return NULL;
    assert_on_thread(&media->owner);
    for (uint32_t i = 0; i < media->workers_count; i++)
        if (media->places[i].running)
            worker_stop(media->places[i].worker);
    for (uint32_t i = 0; i < media->workers_count; i++) {
        struct media_place *place = &media->places[i];
        if (place->running)
            pthread_join(place->thread, NULL);
        worker_free(place->worker);
        handle_table_free(place->handles);
    }
    dtls_identity_free(media->identity);
    if (media->srtp_started)
        srtp_library_stop();
    free(media);
    return NULL;
}

const struct media_fingerprint *media_fingerprint(const struct media *media)
{
    return dtls_identity_fingerprint(media->identity);
}

/* Component 1, local preference in the order of the list. */
static uint32_t candidate_priority(bool tcp, uint32_t at)
{
    /* RFC 6544 §4.2: a lower type preference than UDP's; host passive has direction preference 4 */
    if (tcp)
        return 90u << 24 | (4u << 13 | (8191u - at)) << 8 | (256u - 1);
    return 126u << 24 | (65535u - at) << 8 | (256u - 1); /* RFC 8445 §5.1.2.1 */
}

uint32_t media_candidates(const struct media *media, uint32_t worker,
                          struct media_candidate *ret_candidates, uint32_t max)
{
    uint32_t count = 0, kinds = media->options.tcp_port == 0 ? 1 : 2;
    if (worker >= media->workers_count)
        return 0;
    for (; count < media->announced_count * kinds && count < max; count++) {
        struct media_candidate *candidate = &ret_candidates[count];
        uint32_t at = count % media->announced_count;
        bool tcp = count >= media->announced_count;
        net_address_text(&media->announced[at], candidate->address);
        candidate->tcp = tcp;
        candidate->port = tcp ? media->options.tcp_port : worker_port(media->places[worker].worker);
        candidate->priority = candidate_priority(tcp, at);
        snprintf(candidate->foundation, sizeof(candidate->foundation), "%u", count + 1);
    }
    return count;
}

enum result media_place(const struct media *media, uint32_t *ret_worker)
{
    struct worker_candidate workers[MEDIA_WORKERS_MAX];
    for (uint32_t i = 0; i < media->workers_count; i++)
        workers[i] = (struct worker_candidate){
            .load_permille = (uint32_t)counter_get(worker_counters(media->places[i].worker),
                                                   COUNTER_media_load_permille),
            .endpoints = handle_table_count(media->places[i].handles)};
    uint32_t best =
        worker_choice(workers, media->workers_count, media->options.load_max_percent * 10);
    if (best == WORKER_CHOICE_NONE)
        return RESULT_TOO_MANY;
    *ret_worker = best;
    return RESULT_OK;
}

/* Across the whole room a slot is the worker's first slot plus the place in its table. */
enum result media_endpoint_reserve(struct media *media, uint32_t worker,
                                   struct handle *ret_endpoint)
{
    assert_on_thread(&media->owner);
    if (worker >= media->workers_count)
        return RESULT_INVALID;
    struct handle handle;
    enum result result =
        handle_table_add(media->places[worker].handles, &media->places[worker], &handle);
    if (!result_ok(result))
        return result;
    handle.slot += worker * media->options.endpoints_max;
    *ret_endpoint = handle;
    return RESULT_OK;
}

uint32_t media_endpoint_worker(const struct media *media, struct handle endpoint)
{
    uint32_t worker = endpoint.slot / media->options.endpoints_max;
    return worker < media->workers_count ? worker : 0;
}

static struct handle media_local_handle(const struct media *media, struct handle endpoint)
{
    return (struct handle){.slot = endpoint.slot % media->options.endpoints_max,
                           .generation = endpoint.generation};
}

static bool media_handle_lives(const struct media *media, struct handle endpoint)
{
    if (endpoint.slot / media->options.endpoints_max >= media->workers_count)
        return false;
    const struct media_place *place = &media->places[media_endpoint_worker(media, endpoint)];
    return handle_table_get(place->handles, media_local_handle(media, endpoint)) != NULL;
}

void media_ice_new(const struct media *media, struct handle endpoint, struct media_ice *ret_ice)
{
    char random[RANDOM_TOKEN_SIZE(9)];
    random_token(9, random, sizeof(random));
    /* ice-char is ALPHA / DIGIT / "+" / "/" (RFC 8839 §5.4); base64url has two others. */
    for (char *at = random; *at != 0; at++)
        *at = *at == '-' ? '+' : *at == '_' ? '/' : *at;
    snprintf(ret_ice->ufrag, sizeof(ret_ice->ufrag), "%x%03x%s",
             media_endpoint_worker(media, endpoint), media_local_handle(media, endpoint).slot,
             random);
    random_token(24, ret_ice->pwd, sizeof(ret_ice->pwd));
    for (char *at = ret_ice->pwd; *at != 0; at++)
        *at = *at == '-' ? '+' : *at == '_' ? '/' : *at;
}

enum result media_command_send(struct media *media, const struct media_command *command)
{
    assert_on_thread(&media->owner);
    if (!media_handle_lives(media, command->endpoint))
        return RESULT_STALE;
    return worker_send_command(
        media->places[media_endpoint_worker(media, command->endpoint)].worker, command);
}

bool media_event_receive(struct media *media, struct media_event *ret_event)
{
    assert_on_thread(&media->owner);
    for (uint32_t tried = 0; tried < media->workers_count;) {
        struct media_place *place = &media->places[media->next_worker];
        if (!worker_receive_event(place->worker, ret_event)) {
            media->next_worker = (media->next_worker + 1) % media->workers_count;
            tried++;
            continue;
        }
        /* Closed twice before the first DRAINED was read: the second one is about nobody. */
        if (!media_handle_lives(media, ret_event->endpoint))
            continue;
        if (ret_event->kind == MEDIA_EVENT_DRAINED)
            handle_table_remove(place->handles, media_local_handle(media, ret_event->endpoint));
        return true;
    }
    return false;
}

uint32_t media_workers(const struct media *media)
{
    return media->workers_count;
}

const struct counters *media_counters(const struct media *media, uint32_t worker)
{
    return worker < media->workers_count ? worker_counters(media->places[worker].worker) : NULL;
}
