/* Sockets and HTTP exchanges on libwebsockets; knows bytes and addresses, never messages or sessions.
 *
 * Thread: the control thread. Events arrive through `struct transport_handlers`, always from the loop; a handler may call
 * any function here. Ownership: text given to transport_socket_send becomes the transport's. Handles go stale when the
 * socket or the request ends; using a stale one does nothing. Internal to signaling: the room's contract is signaling.h. */
#ifndef SIGNALING_TRANSPORT_TRANSPORT_H
#define SIGNALING_TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/counters.h"
#include "gateway/base/handle.h"
#include "gateway/base/result.h"
#include "signaling/signaling.h"

struct transport;

#define TRANSPORT_QUEUE_MAX                                                                        \
    128 /* messages waiting for one socket: a whole replay and as much again */

/* RFC 6455 §7.4 and our own. */
enum transport_close {
    TRANSPORT_CLOSE_NORMAL = 1000,
    TRANSPORT_CLOSE_GOING_AWAY = 1001,
    TRANSPORT_CLOSE_NOT_TEXT = 1003,
    TRANSPORT_CLOSE_POLICY = 1008,
    TRANSPORT_CLOSE_TOO_BIG = 1009,
    TRANSPORT_CLOSE_TRY_LATER = 1013,
    TRANSPORT_CLOSE_REPLACED = 4001, /* the session went on at another socket */
};

struct transport_handlers {
    void *owner;
    void (*request)(void *owner, const struct http_request *request);
    void (*opened)(void *owner, struct handle socket);
    /* One whole text message, well-formed UTF-8, at most SIGNALING_MESSAGE_MAX; valid during the call. */
    void (*text)(void *owner, struct handle socket, struct span text);
    /* The socket is gone, whoever closed it; the handle is stale after this call. */
    void (*closed)(void *owner, struct handle socket);
    /* Now and then (at most once a second): time-outs of whoever sits above. */
    void (*tick)(void *owner, int64_t now_us);
};

MUST_CHECK enum result transport_start(const struct signaling_options *options,
                                       const struct transport_handlers *handlers,
                                       struct uv_loop_s *loop, struct counters *counters,
                                       struct transport **ret_transport);
/* Runs the loop for a moment (bounded) so that close frames go out and library handles close. */
struct transport *transport_stop(struct transport *transport);
uint16_t transport_port(const struct transport *transport);
void transport_drain(struct transport *transport);

MUST_CHECK enum result transport_reload_certificate(struct transport *transport,
                                                    const char *certificate_file,
                                                    const char *key_file);
int64_t transport_certificate_expiry(const struct transport *transport);

/* How a message behaves when the queue of a slow socket is full: the oldest droppable one makes room; without one the
 * socket is closed with 1013. */
enum transport_keep { TRANSPORT_KEEP, TRANSPORT_DROPPABLE };
/* `text` is heap memory and the transport's from now on, whatever happens. RESULT_STALE, RESULT_FULL, RESULT_NO_MEMORY. */
MUST_CHECK enum result transport_socket_send(struct transport *transport, struct handle socket,
                                             char *text, size_t length, enum transport_keep keep);
/* Sends what is queued, then closes with `code`. No more text arrives from this socket; `closed` follows. */
void transport_socket_close(struct transport *transport, struct handle socket,
                            enum transport_close code);
/* The socket said hello and was accepted: its hello deadline ends. */
void transport_socket_authenticated(struct transport *transport, struct handle socket);

void transport_respond(struct transport *transport, struct handle request,
                       const struct http_response *response);

#endif
