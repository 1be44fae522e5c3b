#include "tests/support/ws_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "gateway/base/clock.h"

static bool open_socket(struct ws_client *client, uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    client->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return client->socket >= 0 &&
           connect(client->socket, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
           setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0 &&
           fcntl(client->socket, F_SETFL, O_NONBLOCK) == 0;
}

/* One turn of the server and a millisecond of rest. */
static void turn(struct ws_client *client)
{
    struct pollfd poll_socket = {.fd = client->socket, .events = POLLIN};
    client->pump(client->owner);
    poll(&poll_socket, 1, 1);
}

bool ws_client_open(struct ws_client *client, uint16_t port, ws_client_pump *pump, void *owner)
{
    *client = (struct ws_client){.socket = -1, .pump = pump, .owner = owner};
    client->buffer = malloc(WS_CLIENT_BUFFER);
    client->tls = SSL_CTX_new(TLS_client_method());
    client->ssl = client->tls != NULL ? SSL_new(client->tls) : NULL;
    if (client->buffer == NULL || client->ssl == NULL || !open_socket(client, port))
        return false;
    SSL_set_fd(client->ssl, client->socket);
    SSL_set_tlsext_host_name(client->ssl, "localhost");
    int64_t until_us = clock_monotonic_us() + 5 * US_PER_S;
    for (;;) {
        int result = SSL_connect(client->ssl);
        if (result == 1)
            return true;
        int error = SSL_get_error(client->ssl, result);
        if ((error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) ||
            clock_monotonic_us() > until_us)
            return false;
        turn(client);
    }
}

void ws_client_close(struct ws_client *client)
{
    SSL_free(client->ssl);
    SSL_CTX_free(client->tls);
    if (client->socket >= 0)
        close(client->socket);
    free(client->buffer);
    *client = (struct ws_client){.socket = -1};
}

bool ws_client_server_name(const struct ws_client *client, char *ret_name, size_t size)
{
    X509 *certificate = SSL_get1_peer_certificate(client->ssl);
    bool ok =
        certificate != NULL && X509_NAME_get_text_by_NID(X509_get_subject_name(certificate),
                                                         NID_commonName, ret_name, (int)size) > 0;
    X509_free(certificate);
    return ok;
}

bool ws_client_write(struct ws_client *client, const void *bytes, size_t length)
{
    const char *at = bytes;
    int64_t until_us = clock_monotonic_us() + 5 * US_PER_S;
    while (length > 0) {
        int sent = SSL_write(client->ssl, at, (int)(length < 16384 ? length : 16384));
        if (sent > 0) {
            at += sent;
            length -= (size_t)sent;
            continue;
        }
        int error = SSL_get_error(client->ssl, sent);
        if ((error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) ||
            clock_monotonic_us() > until_us)
            return false;
        turn(client);
    }
    return true;
}

bool ws_client_wait(struct ws_client *client, int timeout_ms)
{
    int64_t until_us = clock_monotonic_us() + timeout_ms * US_PER_MS;
    while (!client->ended) {
        int got = SSL_read(client->ssl, client->buffer + client->used,
                           (int)(WS_CLIENT_BUFFER - client->used));
        if (got > 0) {
            client->used += (size_t)got;
            return true;
        }
        int error = SSL_get_error(client->ssl, got);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
            client->ended = true;
        else if (clock_monotonic_us() > until_us)
            return false;
        else
            turn(client);
    }
    return false;
}

static void take(struct ws_client *client, size_t length)
{
    memmove(client->buffer, client->buffer + length, client->used - length);
    client->used -= length;
}

int ws_client_response(struct ws_client *client, char *ret_text, size_t size, int timeout_ms)
{
    const char *end = NULL;
    ret_text[0] = 0;
    while ((end = memmem(client->buffer, client->used, "\r\n\r\n", 4)) == NULL)
        if (!ws_client_wait(client, timeout_ms))
            return 0;
    size_t head = (size_t)(end - client->buffer) + 4, body = 0;
    char *line = strndup(client->buffer, head);
    const char *length = strcasestr(line, "\r\ncontent-length:");
    int status = atoi(line + strlen("HTTP/1.1 "));
    body = length != NULL ? strtoul(length + strlen("\r\ncontent-length:"), NULL, 10) : 0;
    free(line);
    while (client->used < head + body)
        if (!ws_client_wait(client, timeout_ms))
            break;
    size_t whole = client->used < head + body ? client->used : head + body;
    size_t copied = whole < size - 1 ? whole : size - 1;
    memcpy(ret_text, client->buffer, copied);
    ret_text[copied] = 0;
    take(client, whole);
    return status;
}

int ws_client_upgrade(struct ws_client *client, const char *path, const char *origin,
                      const char *protocol)
{
    char request[1024], answer[8192];
    int length = snprintf(
        request, sizeof(request),
        "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
        "dGhlIHNhbXBsZSBub25jZQ==\r\n%s%s%s%s%s%s\r\n",
        path, origin != NULL ? "Origin: " : "", origin != NULL ? origin : "",
        origin != NULL ? "\r\n" : "", protocol != NULL ? "Sec-WebSocket-Protocol: " : "",
        protocol != NULL ? protocol : "", protocol != NULL ? "\r\n" : "");
    if (!ws_client_write(client, request, (size_t)length))
        return 0;
    return ws_client_response(client, answer, sizeof(answer), 2000);
}

bool ws_client_frame(struct ws_client *client, uint8_t first_byte, const void *payload,
                     size_t length, uint64_t announced, bool masked)
{
    static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
    uint8_t *frame = malloc(14 + length);
    size_t used = 0;
    frame[used++] = first_byte;
    uint8_t flag = masked ? 0x80 : 0;
    if (announced < 126) {
        frame[used++] = (uint8_t)(flag | announced);
    } else if (announced < 65536) {
        frame[used++] = flag | 126;
        frame[used++] = (uint8_t)(announced >> 8);
        frame[used++] = (uint8_t)announced;
    } else {
        frame[used++] = flag | 127;
        for (int shift = 56; shift >= 0; shift -= 8)
            frame[used++] = (uint8_t)(announced >> shift);
    }
    if (masked) {
        memcpy(frame + used, mask, 4);
        used += 4;
    }
    for (size_t i = 0; i < length; i++)
        frame[used++] = (uint8_t)(((const uint8_t *)payload)[i] ^ (masked ? mask[i % 4] : 0));
    bool sent = ws_client_write(client, frame, used);
    free(frame);
    return sent;
}

bool ws_client_text(struct ws_client *client, const char *text)
{
    return ws_client_frame(client, 0x80 | WS_TEXT, text, strlen(text), strlen(text), true);
}

bool ws_client_receive_any(struct ws_client *client, struct ws_frame *ret_frame, int timeout_ms)
{
    for (;;) {
        const uint8_t *at = (const uint8_t *)client->buffer;
        size_t head = 2, length = client->used >= 2 ? at[1] & 0x7f : 0;
        if (length == 126)
            head = 4;
        else if (length == 127)
            head = 10;
        if (client->used >= head && head > 2) {
            length = 0;
            for (size_t i = 2; i < head; i++)
                length = length << 8 | at[i];
        }
        if (client->used >= head && client->used >= head + length &&
            length < sizeof(ret_frame->payload)) {
            ret_frame->fin = (at[0] & 0x80) != 0;
            ret_frame->opcode = at[0] & 0x0f;
            ret_frame->length = length;
            memcpy(ret_frame->payload, at + head, length);
            ret_frame->payload[length] = 0;
            take(client, head + length);
            return true;
        }
        if (!ws_client_wait(client, timeout_ms))
            return false;
    }
}

bool ws_client_receive(struct ws_client *client, struct ws_frame *ret_frame, int timeout_ms)
{
    while (ws_client_receive_any(client, ret_frame, timeout_ms)) {
        if (ret_frame->opcode == WS_PING)
            (void)!ws_client_frame(client, 0x80 | WS_PONG, ret_frame->payload, ret_frame->length,
                                   ret_frame->length, true);
        else if (ret_frame->opcode != WS_PONG)
            return true;
    }
    return false;
}

int ws_client_close_code(struct ws_client *client, int timeout_ms)
{
    struct ws_frame *frame = malloc(sizeof(*frame));
    int code = -1;
    while (code < 0 && ws_client_receive(client, frame, timeout_ms))
        if (frame->opcode == WS_CLOSE)
            code = frame->length >= 2 ? (uint8_t)frame->payload[0] << 8 | (uint8_t)frame->payload[1]
                                      : 0;
    if (code < 0 && client->ended)
        code = 0;
    free(frame);
    return code;
}
