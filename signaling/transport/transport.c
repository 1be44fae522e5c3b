/* Start, stop and the periodic sweep. */
#include "signaling/transport/transport.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "signaling/transport/transport_private.h"

#define TICK_MS_MAX         1000
#define TICK_MS_MIN         20
#define HTTP_HEADERS_MAX    8192
#define SERVICE_BUFFER_SIZE 8192
#define STOP_TURNS_MAX      200 /* of the loop, about a second */

/* The options' strings live as long as the caller wants; ours as long as we do. */
static enum result copy_options(struct transport *transport,
                                const struct signaling_options *options)
{
    transport->options = *options;
    transport->options.certificate_file = transport->options.key_file = "";
    transport->options.web_root = "";
    if (options->origins_count > SIGNALING_ORIGINS_MAX || options->sockets_max == 0)
        return RESULT_INVALID;
    for (uint32_t i = 0; i < SIGNALING_ORIGINS_MAX; i++)
        transport->options.origins[i] = NULL;
    for (uint32_t i = 0; i < options->origins_count; i++) {
        if (strlen(options->origins[i]) > 128)
            return RESULT_TOO_LARGE;
        transport->options.origins[i] = strdup(options->origins[i]);
        if (transport->options.origins[i] == NULL)
            return RESULT_NO_MEMORY;
    }
    return RESULT_OK;
}

static void on_tick(uv_timer_t *timer)
{
    struct transport *transport = timer->data;
    int64_t now_us = clock_monotonic_us();
    LIST_FOR_EACH(&transport->connections, link)
    {
        struct connection *connection = CONTAINER_OF(link, struct connection, link);
        if (now_us >= connection->deadline_us) {
            connection->deadline_us = INT64_MAX; /* once; the library frees it a turn later */
            lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
        } else if (connection->is_socket && connection->opened) {
            websocket_tick(connection, now_us);
        }
    }
    transport->handlers.tick(transport->handlers.owner, now_us);
}

static int64_t least_timeout_us(const struct signaling_options *options)
{
    const int64_t all[] = {options->hello_timeout_us, options->header_timeout_us,
                           options->body_timeout_us, options->ping_interval_us, options->resume_us};
    int64_t least = all[0];
    for (size_t i = 1; i < ARRAY_LENGTH(all); i++)
        least = all[i] < least ? all[i] : least;
    return least;
}

/* Once a second, so that a thousand sockets wake the machine once; more often only when time-outs are that short. */
static enum result start_timer(struct transport *transport)
{
    int64_t period_ms = least_timeout_us(&transport->options) / US_PER_MS / 4;
    period_ms = period_ms > TICK_MS_MAX   ? TICK_MS_MAX
                : period_ms < TICK_MS_MIN ? TICK_MS_MIN
                                          : period_ms;
    if (uv_timer_init(transport->loop, &transport->timer) != 0)
        return RESULT_LIBRARY;
    transport->timer.data = transport;
    transport->timer_open = true;
    return uv_timer_start(&transport->timer, on_tick, (uint64_t)period_ms, (uint64_t)period_ms) == 0
               ? RESULT_OK
               : RESULT_LIBRARY;
}

static void fill_protocols(struct transport *transport)
{
    transport->protocols[0] =
        (struct lws_protocols){.name = "tsunagi-http", .callback = http_callback};
    transport->protocols[1] = (struct lws_protocols){
        .name = MESSAGE_SUBPROTOCOL, .callback = websocket_callback, .rx_buffer_size = 4096};
    transport->protocols[2] = (struct lws_protocols){.name = NULL};
}

/* Answers the library makes by itself (a request it cannot parse) carry the fixed headers too. */
static void fill_headers(struct transport *transport)
{
    size_t count = transport->headers.count;
    for (size_t i = 0; i < count; i++)
        transport->header_options[i] = (struct lws_protocol_vhost_options){
            .next = i + 1 < count ? &transport->header_options[i + 1] : NULL,
            .name = transport->headers.list[i].name,
            .value = transport->headers.list[i].value};
}

static unsigned seconds_up(int64_t us)
{
    return (unsigned)((us + US_PER_S - 1) / US_PER_S);
}

static void fill_context_info(struct transport *transport, struct lws_context_creation_info *info)
{
    *info = (struct lws_context_creation_info){.port = CONTEXT_PORT_NO_LISTEN};
    transport->foreign_loops[0] = transport->loop;
    info->foreign_loops = transport->foreign_loops;
    info->pcontext = &transport->context;
    info->user = transport;
    info->options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                    LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_VALIDATE_UTF8 |
                    LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS |
                    LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND;
    info->max_http_header_data = HTTP_HEADERS_MAX;
    info->max_http_header_pool = (unsigned short)(transport->options.sockets_max < UINT16_MAX
                                                      ? transport->options.sockets_max
                                                      : UINT16_MAX);
    info->pt_serv_buf_size = SERVICE_BUFFER_SIZE;
    info->server_string = "tsunagi";
    /* A little behind ours, so that ours decide. */
    info->timeout_secs = seconds_up(transport->options.header_timeout_us) +
                         seconds_up(transport->options.body_timeout_us) + 5;
    info->keepalive_timeout = (int)seconds_up(transport->options.header_timeout_us) + 5;
}

static enum result start_vhost(struct transport *transport, const struct signaling_options *options,
                               struct lws_context_creation_info *info)
{
    const char *address = options->bind_address;
    bool any = address[0] == 0 || strcmp(address, "::") == 0 || strcmp(address, "0.0.0.0") == 0;
    info->vhost_name = "tsunagi";
    info->port = options->port;
    info->iface = any ? NULL : address;
    if (strchr(address, '.') != NULL && strchr(address, ':') == NULL)
        info->options |= LWS_SERVER_OPTION_DISABLE_IPV6;
    info->protocols = transport->protocols;
    info->headers = transport->header_options;
    info->ssl_cert_filepath = options->certificate_file;
    info->ssl_private_key_filepath = options->key_file;
    info->alpn = "http/1.1"; /* HTTP/2 stays shut */
    transport->vhost = lws_create_vhost(transport->context, info);
    return transport->vhost != NULL && transport->tls != NULL ? RESULT_OK : RESULT_NETWORK;
}

static enum result start_library(struct transport *transport,
                                 const struct signaling_options *options)
{
    struct lws_context_creation_info info;
    lws_set_log_level(0, NULL); /* lines of the library may quote what a peer sent */
    fill_protocols(transport);
    fill_headers(transport);
    fill_context_info(transport, &info);
    transport->context = lws_create_context(&info);
    return transport->context != NULL ? start_vhost(transport, options, &info) : RESULT_LIBRARY;
}

enum result transport_start(const struct signaling_options *options,
                            const struct transport_handlers *handlers, struct uv_loop_s *loop,
                            struct counters *counters, struct transport **ret_transport)
{
    struct transport *transport = calloc(1, sizeof(*transport));
    if (transport == NULL)
        return RESULT_NO_MEMORY;
    thread_owner_bind(&transport->thread);
    transport->handlers = *handlers;
    transport->counters = counters;
    transport->loop = loop;
    list_init(&transport->connections);
    enum result result = copy_options(transport, options);
    if (result_ok(result))
        security_headers_init(&transport->headers, transport->options.origins,
                              transport->options.origins_count);
    if (result_ok(result))
        result = handle_table_new(options->sockets_max, &transport->sockets);
    if (result_ok(result))
        result = handle_table_new(options->sockets_max, &transport->exchanges);
    if (result_ok(result))
        result = pages_load(options->web_root, &transport->pages);
    if (result_ok(result)) /* the library would start without a key and fail later */
        result = certificate_apply(NULL, options->certificate_file, options->key_file,
                                   clock_wall_us(), false, &transport->certificate_expiry_s);
    if (result_ok(result))
        result = start_library(transport, options);
    if (result_ok(result))
        result = start_timer(transport);
    if (!result_ok(result)) {
        transport_stop(transport);
        return result;
    }
    counter_set(counters, COUNTER_tls_certificate_expiry_seconds,
                (uint64_t)transport->certificate_expiry_s);
    *ret_transport = transport;
    return RESULT_OK;
}

static void count_closing(uv_handle_t *handle, void *closing)
{
    *(unsigned *)closing += uv_is_closing(handle) ? 1u : 0u;
}

/* Turns of the loop until no handle is on its way out. The library's handles live in its own memory, so it must not be
 * freed before they are gone. */
static void drain_closing_handles(uv_loop_t *loop)
{
    for (int turns = 0, quiet = 0; turns < STOP_TURNS_MAX && quiet < 3; turns++) {
        unsigned closing = 0;
        uv_run(loop, UV_RUN_NOWAIT);
        uv_walk(loop, count_closing, &closing);
        quiet = closing == 0 ? quiet + 1 : 0;
    }
}

static void on_timer_closed(uv_handle_t *timer)
{
    ((struct transport *)timer->data)->timer_open = false;
}

/* Close frames go out while the peers still read; whoever does not within the bound is cut. */
static void close_sockets(struct transport *transport)
{
    LIST_FOR_EACH(&transport->connections, link)
    {
        struct connection *connection = CONTAINER_OF(link, struct connection, link);
        if (connection->is_socket && connection->opened)
            websocket_close(connection, TRANSPORT_CLOSE_GOING_AWAY);
    }
    for (int turns = 0; turns < STOP_TURNS_MAX && transport->sockets_count > 0; turns++) {
        uv_run(transport->loop, UV_RUN_NOWAIT);
        if (transport->sockets_count > 0)
            uv_sleep(5);
    }
}

struct transport *transport_stop(struct transport *transport)
{
    if (transport == NULL)
        return NULL;
    assert_on_thread(&transport->thread);
    transport->stopping = true;
    if (transport->vhost != NULL)
        close_sockets(transport);
    if (transport->timer_open)
        uv_close((uv_handle_t *)&transport->timer, on_timer_closed);
    /* Two calls with the loop run between them end version 4.1, three end 4.3; pcontext tells when it is over. */
    for (int calls = 0; calls < 3 && transport->context != NULL; calls++) {
        lws_context_destroy(transport->context);
        drain_closing_handles(transport->loop);
    }
    drain_closing_handles(transport->loop);
    for (uint32_t i = 0; i < SIGNALING_ORIGINS_MAX; i++)
        free((char *)(uintptr_t)transport->options.origins[i]);
    pages_free(transport->pages);
    handle_table_free(transport->sockets);
    handle_table_free(transport->exchanges);
    free(transport);
    return NULL;
}

uint16_t transport_port(const struct transport *transport)
{
    return (uint16_t)lws_get_vhost_listen_port(transport->vhost);
}

void transport_drain(struct transport *transport)
{
    assert_on_thread(&transport->thread);
    transport->draining = true;
}

void transport_respond(struct transport *transport, struct handle request,
                       const struct http_response *response)
{
    assert_on_thread(&transport->thread);
    struct connection *connection = handle_table_get(transport->exchanges, request);
    if (connection == NULL)
        return; /* the client has gone */
    if (!result_ok(exchange_answer(connection, response)))
        exchange_answer_status(connection, 500);
}
