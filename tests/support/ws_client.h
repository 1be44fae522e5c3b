/* A raw TLS client for tests: speaks HTTP/1.1 and WebSocket byte by byte, so that it can break any rule. Kept simple: one
 * thread, everything waits by turning the server's loop through `pump`. Thread: that of the loop. */
#ifndef TESTS_SUPPORT_WS_CLIENT_H
#define TESTS_SUPPORT_WS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WS_CLIENT_BUFFER (256 * 1024)

struct ssl_st;
struct ssl_ctx_st;

typedef void ws_client_pump(void *owner);

struct ws_client {
    int socket;
    struct ssl_ctx_st *tls;
    struct ssl_st *ssl;
    ws_client_pump *pump;
    void *owner;
    char *buffer; /* received, not yet taken */
    size_t used;
    bool ended; /* the server closed */
};

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10
};

struct ws_frame {
    bool fin;
    uint8_t opcode;
    size_t length;
    char payload[WS_CLIENT_BUFFER]; /* NUL behind it */
};

/* False when the connection or handshake fails. Always pair with ws_client_close. */
bool ws_client_open(struct ws_client *client, uint16_t port, ws_client_pump *pump, void *owner);
void ws_client_close(struct ws_client *client);
/* Common name of the certificate the server showed. */
bool ws_client_server_name(const struct ws_client *client, char *ret_name, size_t size);

bool ws_client_write(struct ws_client *client, const void *bytes, size_t length);
/* Waits for more bytes; false at the end of the connection or after `timeout_ms`. */
bool ws_client_wait(struct ws_client *client, int timeout_ms);
/* Reads one HTTP response (Content-Length framing) into `ret_text`; returns its status, 0 when the server closed or was silent. */
int ws_client_response(struct ws_client *client, char *ret_text, size_t size, int timeout_ms);
/* Sends an upgrade with these headers (NULL: left out) and returns the status of the answer. */
int ws_client_upgrade(struct ws_client *client, const char *path, const char *origin,
                      const char *protocol);

/* `masked` false breaks RFC 6455 §5.1 on purpose. `announced` is the length said in the header. */
bool ws_client_frame(struct ws_client *client, uint8_t first_byte, const void *payload,
                     size_t length, uint64_t announced, bool masked);
bool ws_client_text(struct ws_client *client, const char *text);
/* Next frame that is not a ping or pong (pings are answered); false at the end or after the time-out. */
bool ws_client_receive(struct ws_client *client, struct ws_frame *ret_frame, int timeout_ms);
/* Any frame, nothing answered. */
bool ws_client_receive_any(struct ws_client *client, struct ws_frame *ret_frame, int timeout_ms);
/* Waits for a close frame and returns its code; 0: closed without one, -1: still open. */
int ws_client_close_code(struct ws_client *client, int timeout_ms);

#endif
