/* Callbacks of an open WebSocket: whole text messages in, a bounded queue out, pings, close codes (RFC 6455 §7.4). */
#include "signaling/transport/transport_private.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"

static struct outgoing *first_outgoing(struct connection *connection)
{
    struct list_link *link = list_first(&connection->out);
    return link != NULL ? CONTAINER_OF(link, struct outgoing, link) : NULL;
}

static void drop_outgoing(struct connection *connection, struct outgoing *outgoing)
{
    list_remove(&outgoing->link);
    free(outgoing);
    connection->out_count--;
}

void websocket_close(struct connection *connection, int code)
{
    if (connection->close_code != 0)
        return;
    connection->close_code = code;
    connection->deadline_us = clock_monotonic_us() + SOCKET_CLOSE_TIMEOUT_US;
    lws_callback_on_writable(connection->wsi);
}

/* Close from inside a receive callback. What the peer still sends is read and dropped until it answers or the deadline
 * comes: closing with unread input makes the kernel send a reset, and the peer would never see the code. */
static int close_now(struct connection *connection, int code)
{
    websocket_close(connection, code);
    return 0;
}

static int established(struct transport *transport, struct connection *connection)
{
    int64_t now_us = clock_monotonic_us();
    exchange_end(connection);
    if (!result_ok(handle_table_add(transport->sockets, connection, &connection->handle)))
        return -1;
    connection->is_socket = connection->opened = true;
    connection->deadline_us = now_us + transport->options.hello_timeout_us;
    connection->filled_us = connection->pinged_us = now_us;
    connection->tokens_us = (int64_t)transport->options.messages_burst * US_PER_S;
    transport->sockets_count++;
    counter_add(transport->counters, COUNTER_ws_opened, 1);
    counter_set(transport->counters, COUNTER_ws_open, transport->sockets_count);
    transport->handlers.opened(transport->handlers.owner, connection->handle);
    return 0;
}

static void closed(struct transport *transport, struct connection *connection)
{
    if (!connection->opened)
        return;
    struct handle handle = connection->handle;
    connection->opened = false;
    transport->sockets_count--;
    counter_set(transport->counters, COUNTER_ws_open, transport->sockets_count);
    handle_table_remove(transport->sockets, handle);
    connection->close_code =
        connection->close_code != 0 ? connection->close_code : TRANSPORT_CLOSE_NORMAL;
    transport->handlers.closed(transport->handlers.owner, handle);
}

/* One message costs a second's worth of credit divided by the rate; false when the bucket is empty. */
static bool take_token(struct connection *connection)
{
    const struct signaling_options *options = &connection->transport->options;
    int64_t now_us = clock_monotonic_us(), full = (int64_t)options->messages_burst * US_PER_S;
    connection->tokens_us += (now_us - connection->filled_us) * options->messages_per_second;
    connection->filled_us = now_us;
    if (connection->tokens_us > full)
        connection->tokens_us = full;
    if (connection->tokens_us < US_PER_S)
        return false;
    connection->tokens_us -= US_PER_S;
    return true;
}

static int flooded(struct connection *connection)
{
    counter_add(connection->transport->counters, COUNTER_ws_flooded, 1);
    return close_now(connection, TRANSPORT_CLOSE_POLICY);
}

static int received(struct transport *transport, struct connection *connection, const void *bytes,
                    size_t length)
{
    struct lws *wsi = connection->wsi;
    if (connection->close_code != 0)
        return 0;
    if (lws_frame_is_binary(wsi))
        return close_now(connection, TRANSPORT_CLOSE_NOT_TEXT);
    if (lws_is_first_fragment(wsi) && !take_token(connection))
        return flooded(connection);
    if (++connection->in_fragments > SOCKET_FRAGMENTS_MAX)
        return flooded(connection);
    size_t announced = connection->in_length + length + lws_remaining_packet_payload(wsi);
    if (announced > SIGNALING_MESSAGE_MAX) {
        counter_add(transport->counters, COUNTER_ws_oversized, 1);
        return close_now(connection, TRANSPORT_CLOSE_TOO_BIG);
    }
    char *in = realloc(connection->in, announced + 1);
    if (in == NULL)
        return -1;
    if (length > 0)
        memcpy(in + connection->in_length, bytes, length);
    connection->in = in;
    connection->in_length += length;
    if (!lws_is_final_fragment(wsi))
        return 0;
    /* The handler may not keep it, and a handler that closes this socket must not see it change. */
    size_t whole = connection->in_length;
    connection->in = NULL;
    connection->in_length = connection->in_fragments = 0;
    counter_add(transport->counters, COUNTER_ws_messages_in, 1);
    transport->handlers.text(transport->handlers.owner, connection->handle, span_of(in, whole));
    free(in);
    return 0;
}

/* The frame is composed here (RFC 6455 §5.5.1): the distribution's 4.1 drops a close frame that is asked for by the
 * return value of a writeable callback. The peer's own close frame, or the deadline, ends the connection. */
static int send_close(struct connection *connection)
{
    unsigned char frame[LWS_PRE + 4];
    frame[LWS_PRE] = 0x88;
    frame[LWS_PRE + 1] = 2;
    bytes_put_u16(frame + LWS_PRE + 2, (uint16_t)connection->close_code);
    connection->close_sent = true;
    /* LWS_WRITE_HTTP: these bytes as they are */
    return lws_write(connection->wsi, frame + LWS_PRE, 4, LWS_WRITE_HTTP) < 0 ? -1 : 0;
}

static int writable(struct transport *transport, struct connection *connection)
{
    struct lws *wsi = connection->wsi;
    struct outgoing *outgoing = first_outgoing(connection);
    if (connection->ping_due && connection->close_code == 0) {
        /* Not empty: the library keeps the answer to an empty one to itself. */
        unsigned char ping[LWS_PRE + 1] = {0};
        connection->ping_due = false;
        if (lws_write(wsi, ping + LWS_PRE, 1, LWS_WRITE_PING) < 0)
            return -1;
    } else if (outgoing != NULL) {
        int sent = lws_write(wsi, outgoing->bytes + LWS_PRE, outgoing->length, LWS_WRITE_TEXT);
        counter_add(transport->counters, COUNTER_ws_messages_out, 1);
        drop_outgoing(connection, outgoing);
        if (sent < 0)
            return -1;
    } else if (connection->close_code != 0 && !connection->close_sent) {
        return send_close(connection);
    }
    if (first_outgoing(connection) != NULL || connection->ping_due ||
        (connection->close_code != 0 && !connection->close_sent))
        lws_callback_on_writable(wsi);
    return 0;
}

void websocket_tick(struct connection *connection, int64_t now_us)
{
    const struct signaling_options *options = &connection->transport->options;
    if (connection->close_code != 0 || now_us - connection->pinged_us < options->ping_interval_us)
        return;
    if (connection->pings_missed >= SOCKET_PINGS_MISSED_MAX) {
        connection_cut(connection); /* nobody is there to read a close frame */
        return;
    }
    connection->pings_missed++;
    connection->pinged_us = now_us;
    connection->ping_due = true;
    lws_callback_on_writable(connection->wsi);
}

static int add_headers(struct transport *transport, struct lws_process_html_args *args)
{
    if (transport->headers.text_length > (size_t)args->max_len)
        return -1;
    memcpy(args->p, transport->headers.text, transport->headers.text_length);
    args->p += transport->headers.text_length;
    return 0;
}

int websocket_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                       size_t length)
{
    (void)user;
    struct transport *transport = transport_of(wsi);
    struct connection *connection = connection_of(wsi);
    switch (reason) {
    case LWS_CALLBACK_ADD_HEADERS:
        return add_headers(transport, in);
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return connection != NULL ? 0 : -1;
    case LWS_CALLBACK_ESTABLISHED:
        return established(transport, connection);
    case LWS_CALLBACK_RECEIVE:
        return received(transport, connection, in, length);
    case LWS_CALLBACK_RECEIVE_PONG:
        connection->pings_missed = 0;
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return writable(transport, connection);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return connection != NULL && connection->close_sent ? -1
                                                            : 0; /* 0: the library answers it */
    case LWS_CALLBACK_CLOSED:
        if (connection != NULL)
            closed(transport, connection);
        return 0;
    default:
        return 0;
    }
}

enum result transport_socket_send(struct transport *transport, struct handle socket, char *text,
                                  size_t length, enum transport_keep keep)
{
    assert_on_thread(&transport->thread);
    struct connection *connection = handle_table_get(transport->sockets, socket);
    if (connection == NULL || connection->close_code != 0) {
        free(text);
        return RESULT_STALE;
    }
    if (connection->out_count >= TRANSPORT_QUEUE_MAX) {
        LIST_FOR_EACH(&connection->out, link)
        {
            struct outgoing *old = CONTAINER_OF(link, struct outgoing, link);
            if (old->keep == TRANSPORT_KEEP)
                continue;
            drop_outgoing(connection, old);
            break;
        }
    }
    struct outgoing *outgoing = connection->out_count < TRANSPORT_QUEUE_MAX
                                    ? malloc(sizeof(*outgoing) + LWS_PRE + length)
                                    : NULL;
    if (outgoing == NULL) {
        bool full = connection->out_count >= TRANSPORT_QUEUE_MAX;
        free(text);
        websocket_close(connection, TRANSPORT_CLOSE_TRY_LATER);
        return full ? RESULT_FULL : RESULT_NO_MEMORY;
    }
    outgoing->keep = keep;
    outgoing->length = length;
    memcpy(outgoing->bytes + LWS_PRE, text, length);
    free(text);
    list_append(&connection->out, &outgoing->link);
    connection->out_count++;
    lws_callback_on_writable(connection->wsi);
    return RESULT_OK;
}

void transport_socket_close(struct transport *transport, struct handle socket,
                            enum transport_close code)
{
    assert_on_thread(&transport->thread);
    struct connection *connection = handle_table_get(transport->sockets, socket);
    if (connection != NULL)
        websocket_close(connection, (int)code);
}

void transport_socket_authenticated(struct transport *transport, struct handle socket)
{
    assert_on_thread(&transport->thread);
    struct connection *connection = handle_table_get(transport->sockets, socket);
    if (connection == NULL || connection->close_code != 0)
        return;
    connection->deadline_us = INT64_MAX;
}
