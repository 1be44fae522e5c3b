/* What the files of transport/ share. Nobody else includes this. */
#ifndef SIGNALING_TRANSPORT_TRANSPORT_PRIVATE_H
#define SIGNALING_TRANSPORT_TRANSPORT_PRIVATE_H

#include <libwebsockets.h>
#include <uv.h>

#include "gateway/base/check.h"
#include "gateway/base/list.h"
#include "signaling/transport/pages.h"
#include "signaling/transport/security_headers.h"
#include "signaling/transport/transport.h"

#define HTTP_PATH_MAX           256
#define HTTP_QUERY_MAX          2048
#define HTTP_COOKIE_MAX         4096
#define HTTP_HANDLER_TIMEOUT_US (30 * US_PER_S)
#define SOCKET_CLOSE_TIMEOUT_US (5 * US_PER_S)
#define SOCKET_FRAGMENTS_MAX    256 /* of one message */
#define SOCKET_PINGS_MISSED_MAX 2

struct outgoing {
    struct list_link link;
    enum transport_keep keep;
    size_t length;
    unsigned char bytes[]; /* LWS_PRE, then the text */
};

enum exchange_phase { EXCHANGE_NONE, EXCHANGE_BODY, EXCHANGE_WAITING, EXCHANGE_WRITING };

/* One HTTP request of a connection, from its headers to the end of its response. */
struct exchange {
    enum exchange_phase phase;
    struct handle handle; /* set while the handler may answer */
    bool head;            /* HEAD: no body goes out */
    bool close_after;     /* framing cannot be trusted any more */
    bool page;
    char method[8], path[HTTP_PATH_MAX], query[HTTP_QUERY_MAX], cookie[HTTP_COOKIE_MAX];
    char origin[256], marker[64], language[3];
    char authorization[256], content_type[128], if_match[128];
    bool accepts_gzip;
    char *body; /* heap, what the client sends */
    size_t body_length;
    char *out_head, *out_body; /* heap */
    const uint8_t *out_fixed;  /* a page: memory of struct pages */
    size_t out_head_length, out_body_length, out_sent;
};

/* Thread: control.   Owner: struct transport, in connections.
 * Life:   SERVER_NEW_CLIENT_INSTANTIATED … WSI_DESTROY; nobody else frees it.
 * Bound:  options.sockets_max.   Leaves the room only as a handle. */
struct connection {
    struct list_link link;
    struct transport *transport;
    struct lws *wsi;
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d; IPv6 cut to its /64 for counting */
    char peer_prefix[48];
    int64_t deadline_us; /* the connection is cut then; INT64_MAX: none */

    struct exchange *exchange; /* NULL when none */

    /* WebSocket, from ESTABLISHED on */
    bool is_socket;
    bool opened; /* `closed` is owed */
    struct handle handle;
    char *in;
    size_t in_length;
    unsigned in_fragments;
    struct list out;
    unsigned out_count;
    int close_code; /* 0: open */
    bool close_sent;
    int64_t tokens_us; /* token bucket, in microseconds of credit */
    int64_t filled_us; /* when it was last filled */
    int64_t pinged_us;
    unsigned pings_missed;
    bool ping_due;
};

/* Thread: control.   Owner: the session layer.
 * Life:   transport_start() … transport_stop(). */
struct transport {
    struct thread_owner thread;
    struct signaling_options options; /* origins are copies, file names are empty */
    struct transport_handlers handlers;
    struct counters *counters;
    uv_loop_t *loop;
    uv_timer_t timer;
    bool timer_open;
    struct lws_context *context; /* set to NULL by the library when it is gone */
    struct lws_vhost *vhost;
    struct lws_protocols protocols[3];
    struct lws_protocol_vhost_options header_options[SECURITY_HEADERS_MAX];
    void *foreign_loops[1];
    struct pages *pages;
    struct security_headers headers;
    struct ssl_ctx_st *tls; /* the library's; valid while the vhost lives */
    int64_t certificate_expiry_s;
    struct list connections;
    unsigned connections_count, sockets_count;
    struct handle_table *sockets, *exchanges;
    bool draining, stopping;
};

static inline struct transport *transport_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

/* connection.c */
MUST_CHECK enum result connection_open(struct transport *transport, struct lws *wsi);
void connection_free(struct connection *connection);
/* Cuts it at the next sweep, not from here: safe inside any callback. */
void connection_cut(struct connection *connection);
struct connection *connection_of(struct lws *wsi);

/* http_exchange.c: callbacks of protocols[0] */
int http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t length);
void exchange_end(struct connection *connection);
bool transport_origin_allowed(const struct transport *transport, const char *origin);

/* http_request.c: reading one request out of the library */
/* 0, or the status that refuses it; *ret_close when its framing cannot be trusted. */
int exchange_read(struct lws *wsi, const char *path, size_t path_length, struct exchange *exchange,
                  size_t *ret_body_length);
/* 0, or the status that refuses the upgrade (security-reliability I-16, I-17). */
int upgrade_check(struct lws *wsi, const struct transport *transport);

/* http_response.c */
MUST_CHECK enum result exchange_answer(struct connection *connection,
                                       const struct http_response *response);
void exchange_answer_status(struct connection *connection, int status);
MUST_CHECK enum result exchange_answer_page(struct connection *connection, const struct page *page);
/* A whole answer without an exchange, before the connection is closed: for upgrades and for requests whose end cannot be
 * known, so that nothing behind them is read. */
void refuse_at_once(struct lws *wsi, struct transport *transport, int status);

/* websocket.c: callbacks of the protocol tsunagi.v1 */
int websocket_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                       size_t length);
void websocket_tick(struct connection *connection, int64_t now_us);
void websocket_close(struct connection *connection, int code);

/* certificate.c */
MUST_CHECK enum result certificate_apply(struct ssl_ctx_st *tls, const char *certificate_file,
                                         const char *key_file, int64_t now_wall_us,
                                         bool refuse_expired, int64_t *ret_expiry_s);
void certificate_harden(struct ssl_ctx_st *tls);

#endif
