/* Responses are composed whole: status, the fixed header set, what this answer adds. Only lws_write is used to send them. */
#include "signaling/transport/transport_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/base/clock.h"
#include "gateway/base/text.h"

#define RESPONSE_HEAD_MAX 8192

static const char *status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {303, "See Other"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "Status";
}

struct head {
    char *text;
    size_t used;
    bool overflowed;
};

static void head_add(struct head *head, const char *format, ...) PRINTF_LIKE(2, 3);

static void head_add(struct head *head, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length =
        vsnprintf(head->text + head->used, RESPONSE_HEAD_MAX - head->used, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= RESPONSE_HEAD_MAX - head->used)
        head->overflowed = true;
    else
        head->used += (size_t)length;
}

/* A value from above that could start a header line of its own is a bug of ours: the answer becomes a 500. */
static void head_add_value(struct head *head, const char *name, const char *value)
{
    if (value == NULL)
        return;
    if (!text_is_plain_utf8(value, strlen(value)))
        head->overflowed = true;
    head_add(head, "%s: %s\r\n", name, value);
}

static void head_start(struct head *head, const struct transport *transport, int status,
                       size_t body_length)
{
    char date[64];
    time_t now = (time_t)(clock_wall_us() / US_PER_S);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    head_add(head, "HTTP/1.1 %d %s\r\ndate: %s\r\n", status, status_text(status), date);
    head_add(head, "%s", transport->headers.text);
    if (status != 204 && status != 304) /* RFC 9110 §8.6 */
        head_add(head, "content-length: %zu\r\n", body_length);
}

static void exchange_send(struct connection *connection, struct head *head, size_t body_length)
{
    struct exchange *exchange = connection->exchange;
    exchange->out_head = head->text;
    exchange->out_head_length = head->used;
    exchange->out_body_length = exchange->head ? 0 : body_length;
    exchange->out_sent = 0;
    exchange->phase = EXCHANGE_WRITING;
    if (handle_is_set(exchange->handle))
        handle_table_remove(connection->transport->exchanges, exchange->handle);
    exchange->handle = (struct handle){.slot = 0};
    connection->deadline_us = clock_monotonic_us() + connection->transport->options.body_timeout_us;
    lws_callback_on_writable(connection->wsi);
}

static void count_answer(struct transport *transport, int status)
{
    counter_add(transport->counters, COUNTER_http_requests, 1);
    if (status >= 400 && status < 500)
        counter_add(transport->counters, COUNTER_http_refused, 1);
}

enum result exchange_answer(struct connection *connection, const struct http_response *response)
{
    struct exchange *exchange = connection->exchange;
    struct transport *transport = connection->transport;
    struct head head = {.text = malloc(RESPONSE_HEAD_MAX)};
    char *body = malloc(response->body.length > 0 ? response->body.length : 1);
    if (head.text == NULL || body == NULL) {
        free(head.text);
        free(body);
        return RESULT_NO_MEMORY;
    }
    if (response->body.length > 0)
        memcpy(body, response->body.data, response->body.length);
    head_start(&head, transport, response->status, response->body.length);
    head_add(&head, "cache-control: no-store\r\n");
    head_add_value(&head, "content-type", response->content_type);
    for (size_t i = 0; i < ARRAY_LENGTH(response->set_cookie); i++)
        head_add_value(&head, "set-cookie", response->set_cookie[i]);
    head_add_value(&head, "content-disposition", response->disposition);
    for (uint32_t i = 0; i < response->headers_count; i++)
        head_add_value(&head, response->headers[i].name, response->headers[i].value);
    head_add(&head, "\r\n");
    if (head.overflowed) {
        free(head.text);
        free(body);
        return RESULT_INVALID;
    }
    exchange->out_body = body;
    count_answer(transport, response->status);
    exchange_send(connection, &head, response->body.length);
    return RESULT_OK;
}

void exchange_answer_status(struct connection *connection, int status)
{
    char text[64];
    int length = snprintf(text, sizeof(text), "%d %s\n", status, status_text(status));
    struct http_response response = {.status = status,
                                     .content_type = "text/plain; charset=utf-8",
                                     .body = span_of(text, (size_t)length)};
    if (!result_ok(exchange_answer(connection, &response)))
        connection_cut(connection); /* no memory even for this */
}

enum result exchange_answer_page(struct connection *connection, const struct page *page)
{
    struct exchange *exchange = connection->exchange;
    struct head head = {.text = malloc(RESPONSE_HEAD_MAX)};
    bool gzip = exchange->accepts_gzip && page->gzip_bytes != NULL;
    size_t length = gzip ? page->gzip_length : page->length;
    if (head.text == NULL)
        return RESULT_NO_MEMORY;
    head_start(&head, connection->transport, 200, length);
    head_add(&head, "content-type: %s\r\ncache-control: %s\r\n", page->content_type,
             page->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    if (page->gzip_bytes != NULL)
        head_add(&head, "vary: accept-encoding\r\n%s", gzip ? "content-encoding: gzip\r\n" : "");
    head_add(&head, "\r\n");
    exchange->out_fixed = gzip ? page->gzip_bytes : page->bytes;
    count_answer(connection->transport, 200);
    exchange_send(connection, &head, length);
    return RESULT_OK;
}

void refuse_at_once(struct lws *wsi, struct transport *transport, int status)
{
    struct head head = {.text = malloc(LWS_PRE + RESPONSE_HEAD_MAX)};
    if (head.text == NULL)
        return;
    char *start = head.text;
    head.text += LWS_PRE;
    head_start(&head, transport, status, 0);
    head_add(&head, "%sconnection: close\r\n\r\n",
             status == 426 ? "sec-websocket-version: 13\r\n" : "");
    if (!head.overflowed)
        (void)lws_write(wsi, (unsigned char *)head.text, head.used, LWS_WRITE_HTTP_HEADERS);
    free(start);
    count_answer(transport, status);
}
