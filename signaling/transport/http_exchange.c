/* Callbacks of plain HTTP: one exchange at a time per connection. */
#include "signaling/transport/transport_private.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"

#define WRITE_CHUNK 16384

void exchange_end(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    if (exchange == NULL)
        return;
    if (handle_is_set(exchange->handle))
        handle_table_remove(connection->transport->exchanges, exchange->handle);
    free(exchange->body);
    free(exchange->out_head);
    free(exchange->out_body);
    free(exchange);
    connection->exchange = NULL;
}

static void exchange_handle_page(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    const struct page *page = pages_find(connection->transport->pages, exchange->path);
    if (page == NULL)
        exchange_answer_status(connection, 404);
    else if (strcmp(exchange->method, "GET") != 0 && !exchange->head)
        exchange_answer_status(connection, 405);
    else if (!result_ok(exchange_answer_page(connection, page)))
        connection_cut(connection);
}

static bool is_below(const char *path, const char *root)
{
    size_t length = strlen(root);
    return strncmp(path, root, length) == 0 && (path[length] == 0 || path[length] == '/');
}

static bool is_for_handler(const char *path)
{
    return strncmp(path, "/api/", 5) == 0 || strcmp(path, "/metrics") == 0 ||
           strncmp(path, "/health/", 8) == 0 || is_below(path, HTTP_PATH_WHIP) ||
           is_below(path, HTTP_PATH_WHEP);
}

/* The request is whole: answer it from memory or give it upwards. */
static void exchange_dispatch(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    struct transport *transport = connection->transport;
    exchange->phase = EXCHANGE_WAITING;
    connection->deadline_us = clock_monotonic_us() + HTTP_HANDLER_TIMEOUT_US;
    lws_set_timeout(connection->wsi, NO_PENDING_TIMEOUT, 0);
    if (!is_for_handler(exchange->path)) {
        exchange_handle_page(connection);
        return;
    }
    if (!result_ok(handle_table_add(transport->exchanges, connection, &exchange->handle))) {
        exchange_answer_status(connection, 503);
        return;
    }
    struct http_request request = {
        .handle = exchange->handle,
        .method = exchange->method,
        .path = exchange->path,
        .query = exchange->query,
        .cookie = exchange->cookie,
        .origin = exchange->origin,
        .language = exchange->language,
        .marker = exchange->marker,
        .authorization = exchange->authorization,
        .content_type = exchange->content_type,
        .if_match = exchange->if_match,
        .body = span_of(exchange->body, exchange->body_length),
        .origin_allowed = transport_origin_allowed(transport, exchange->origin),
    };
    memcpy(request.peer_prefix, connection->peer_prefix, sizeof(request.peer_prefix));
    transport->handlers.request(transport->handlers.owner, &request);
}

static int exchange_begin(struct connection *connection, const char *path, size_t path_length)
{
    size_t body_length = 0;
    exchange_end(connection);
    connection->exchange = calloc(1, sizeof(*connection->exchange));
    if (connection->exchange == NULL)
        return -1;
    int status =
        exchange_read(connection->wsi, path, path_length, connection->exchange, &body_length);
    if (status != 0 && connection->exchange->close_after) {
        refuse_at_once(connection->wsi, connection->transport, status);
        return -1;
    }
    if (status != 0) {
        exchange_answer_status(connection, status);
        return 0;
    }
    if (body_length == 0) {
        /* An explicit zero length comes back as an empty body for POST only. */
        if (strcmp(connection->exchange->method, "POST") == 0)
            connection->exchange->phase = EXCHANGE_BODY;
        else
            exchange_dispatch(connection);
        return 0;
    }
    connection->exchange->phase = EXCHANGE_BODY;
    connection->deadline_us = clock_monotonic_us() + connection->transport->options.body_timeout_us;
    return 0;
}

static int exchange_body(struct connection *connection, const void *bytes, size_t length)
{
    struct exchange *exchange = connection->exchange;
    if (exchange == NULL || exchange->phase != EXCHANGE_BODY || length == 0)
        return 0; /* the body of a request that is already refused */
    if (length > SIGNALING_BODY_MAX - exchange->body_length)
        return -1;
    char *body = realloc(exchange->body, exchange->body_length + length + 1);
    if (body == NULL)
        return -1;
    memcpy(body + exchange->body_length, bytes, length);
    exchange->body = body;
    exchange->body_length += length;
    body[exchange->body_length] = 0;
    return 0;
}

/* As much as one turn of the loop may take; the library keeps what the socket does not take. */
static int exchange_write(struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    unsigned char buffer[LWS_PRE + WRITE_CHUNK];
    if (exchange == NULL || exchange->phase != EXCHANGE_WRITING)
        return 0;
    size_t total = exchange->out_head_length + exchange->out_body_length, length = 0;
    while (length < WRITE_CHUNK && exchange->out_sent < total) {
        bool in_head = exchange->out_sent < exchange->out_head_length;
        size_t at = in_head ? exchange->out_sent : exchange->out_sent - exchange->out_head_length;
        size_t left = (in_head ? exchange->out_head_length : exchange->out_body_length) - at;
        size_t here = left < WRITE_CHUNK - length ? left : WRITE_CHUNK - length;
        const void *from = in_head                       ? (const void *)(exchange->out_head + at)
                           : exchange->out_fixed != NULL ? (const void *)(exchange->out_fixed + at)
                                                         : (const void *)(exchange->out_body + at);
        memcpy(buffer + LWS_PRE + length, from, here);
        length += here;
        exchange->out_sent += here;
    }
    if (lws_write(connection->wsi, buffer + LWS_PRE, length, LWS_WRITE_HTTP) < 0)
        return -1;
    connection->deadline_us = clock_monotonic_us() + connection->transport->options.body_timeout_us;
    if (exchange->out_sent < total) {
        lws_callback_on_writable(connection->wsi);
        return 0;
    }
    bool close_after = connection->transport->stopping;
    exchange_end(connection);
    connection->deadline_us =
        clock_monotonic_us() + connection->transport->options.header_timeout_us;
    if (close_after)
        return -1;
    return lws_http_transaction_completed(connection->wsi) != 0 ? -1 : 0;
}

static int confirm_upgrade(struct lws *wsi, struct transport *transport)
{
    int status = upgrade_check(wsi, transport);
    if (status == 0)
        return 0;
    counter_add(transport->counters,
                status == 403 ? COUNTER_ws_refused_origin : COUNTER_ws_refused_upgrade, 1);
    /* Without headers the library has answered already. */
    if (lws_hdr_total_length(wsi, WSI_TOKEN_UPGRADE) > 0)
        refuse_at_once(wsi, transport, status);
    return -1;
}

static int connection_callback(struct lws *wsi, enum lws_callback_reasons reason, void *in,
                               size_t length)
{
    struct connection *connection = connection_of(wsi);
    if (connection == NULL)
        return -1;
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return exchange_begin(connection, in, length);
    case LWS_CALLBACK_HTTP_BODY:
        return exchange_body(connection, in, length);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        if (connection->exchange != NULL && connection->exchange->phase == EXCHANGE_BODY)
            exchange_dispatch(connection);
        return 0;
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return exchange_write(connection);
    default:
        exchange_end(connection); /* LWS_CALLBACK_CLOSED_HTTP */
        return 0;
    }
}

int http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t length)
{
    struct transport *transport = transport_of(wsi);
    switch (reason) {
    case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
        transport->tls = user; /* the vhost's SSL_CTX; later certificates go into it */
        certificate_harden(user);
        return 0;
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        return result_ok(connection_open(transport, wsi)) ? 0 : -1;
    case LWS_CALLBACK_WSI_DESTROY:
        if (connection_of(wsi) != NULL)
            connection_free(connection_of(wsi));
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return confirm_upgrade(wsi, transport);
    case LWS_CALLBACK_HTTP:
    case LWS_CALLBACK_HTTP_BODY:
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
    case LWS_CALLBACK_HTTP_WRITEABLE:
    case LWS_CALLBACK_CLOSED_HTTP:
        return connection_callback(wsi, reason, in, length);
    case LWS_CALLBACK_RAW_ADOPT: /* CONNECT: we are nobody's tunnel */
    case LWS_CALLBACK_RAW_RX:
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: /* WebSocket without our subprotocol */
    case LWS_CALLBACK_ESTABLISHED:
        return -1;
    default:
        return 0;
    }
}
