/* The whole contract of the signaling room: HTTP/1.1 and one WebSocket (subprotocol tsunagi.v1) per page.
 *
 * Thread: the control thread; all functions and all handlers. The room runs on the uv loop it is given and calls up
 * only through `struct signaling_handlers`. It knows sockets, sessions and messages, never consultations.
 * Bounds: SIGNALING_* below. Full outgoing queue: ephemeral messages are replaced, else the socket is closed (1013).
 * Sources: RFC 6455, RFC 9112; security-reliability §2.1 B. */
#ifndef SIGNALING_SIGNALING_H
#define SIGNALING_SIGNALING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/counters.h"
#include "gateway/base/handle.h"
#include "gateway/base/result.h"
#include "signaling/messages/message.h"

#define SIGNALING_MESSAGE_MAX      65536
#define SIGNALING_BODY_MAX         65536
#define SIGNALING_JSON_DEPTH_MAX   16
#define SIGNALING_ORIGINS_MAX      8
#define HTTP_HEADER_VALUE_SIZE     512
#define HTTP_PATH_WHIP             "/whip" /* and everything below it */
#define HTTP_PATH_WHEP             "/whep"
#define SIGNALING_RESUME_QUEUE_MAX 64 /* messages kept for a session without a socket */

struct uv_loop_s;
struct signaling;

struct signaling_options {
    char bind_address[46];
    uint16_t port; /* 0: any free one (tests); signaling_port() tells */
    const char *certificate_file;
    const char *key_file;
    const char *origins[SIGNALING_ORIGINS_MAX]; /* exact: "https://clinic.example:8443" */
    uint32_t origins_count;
    const char *web_root; /* folder with the built pages; read into memory at start */
    uint32_t sockets_max;
    uint32_t sockets_per_address_max;
    int64_t hello_timeout_us;  /* 10 s: socket open → hello */
    int64_t header_timeout_us; /* 10 s */
    int64_t body_timeout_us;   /* 15 s */
    int64_t ping_interval_us;  /* 10 s; two missed pongs end the socket */
    int64_t resume_us;         /* 180 s: how long a session waits for its next socket */
    uint32_t messages_per_second;
    uint32_t messages_burst;
};

/* One HTTP request that is not a page or asset; valid until signaling_respond(). */
struct http_request {
    struct handle handle;
    const char *method;        /* "GET", "POST", "PATCH", "DELETE", "OPTIONS" */
    const char *path;          /* "/api/consultations/c_…", percent-decoding refused */
    const char *query;         /* raw, may be empty; http_query_value() reads it */
    const char *cookie;        /* Cookie header, may be empty */
    const char *origin;        /* empty when absent */
    const char *language;      /* "ja" or "en", from Accept-Language */
    const char *marker;        /* X-Tsunagi header: required on state-changing calls (CSRF) */
    const char *authorization; /* Authorization header, may be empty; a secret: never logged */
    const char *content_type;  /* may be empty */
    const char *if_match;      /* may be empty */
    char peer_prefix[48];      /* IPv4 /24 or IPv6 /48 as text */
    struct span body;          /* at most SIGNALING_BODY_MAX */
    bool origin_allowed;       /* present and on the list */
};

struct http_header {
    const char *name; /* static, lower case */
    char value[HTTP_HEADER_VALUE_SIZE];
};

struct http_response {
    int status;
    const char *content_type; /* "application/json" …; NULL when there is no body */
    struct span body;
    const char *set_cookie[2];         /* whole header values, NULL when unused */
    const char *disposition;           /* Content-Disposition, NULL when unused */
    const struct http_header *headers; /* what else this answer says: Location, ETag … */
    uint32_t headers_count;
};

enum session_end {
    SESSION_END_BYE,     /* the page said so */
    SESSION_END_EXPIRED, /* no socket for resume_us */
    SESSION_END_CLOSED,  /* by signaling_session_end() */
};

struct signaling_handlers {
    void *owner;
    /* Answer now or later with signaling_respond(). */
    void (*request)(void *owner, const struct http_request *request);
    /* A socket said hello with a ticket: answer with signaling_accept() or signaling_refuse(), now or later.
     * (Resumes are handled inside the room; `resumed` tells about them.) */
    void (*hello)(void *owner, struct handle socket, const struct message_hello *hello);
    /* A message of an authenticated session, decoded and within limits. `ref` is 0 when it carried none. */
    void (*message)(void *owner, struct handle session, uint32_t ref,
                    const struct message *message);
    /* The session's socket is gone; it waits for a resume. */
    void (*away)(void *owner, struct handle session);
    /* The session has a socket again; kept messages were sent. */
    void (*resumed)(void *owner, struct handle session);
    /* The session is over; its handle is stale after this call. */
    void (*ended)(void *owner, struct handle session, enum session_end why);
};

MUST_CHECK enum result signaling_start(const struct signaling_options *options,
                                       const struct signaling_handlers *handlers,
                                       struct uv_loop_s *loop, struct counters *counters,
                                       struct signaling **ret_signaling);
/* Closes sockets with 1001 and frees everything. Runs the loop itself for a moment (about a second at the most), so other
 * callbacks of the loop may still come; no handler of this room does. */
struct signaling *signaling_stop(struct signaling *signaling);
uint16_t signaling_port(const struct signaling *signaling);
/* New certificate files for handshakes from now on; running connections keep theirs. On failure the old ones stay. */
MUST_CHECK enum result signaling_reload_certificate(struct signaling *signaling,
                                                    const char *certificate_file,
                                                    const char *key_file);
/* Seconds since 1970 at which the certificate in use ends. */
int64_t signaling_certificate_expiry(const struct signaling *signaling);
/* From now on no new sockets; /health/ready is the caller's business. */
void signaling_drain(struct signaling *signaling);

/* Accept a hello. `welcome` is sent after its session and resume fields were filled in here. `context` comes back
 * from signaling_session_context(). */
MUST_CHECK enum result signaling_accept(struct signaling *signaling, struct handle socket,
                                        struct message_welcome *welcome, void *context,
                                        struct handle *ret_session);
/* Answer a hello with an error and close. */
void signaling_refuse(struct signaling *signaling, struct handle socket,
                      const struct message_error *error);

void *signaling_session_context(const struct signaling *signaling, struct handle session);
bool signaling_session_has_socket(const struct signaling *signaling, struct handle session);
/* 0 Japanese, 1 English: the language the page asked for in hello. */
int signaling_session_language(const struct signaling *signaling, struct handle session);
/* Queues a message; kept for a resume when the session has no socket and the message is not ephemeral. */
MUST_CHECK enum result signaling_send(struct signaling *signaling, struct handle session,
                                      const struct message *message);
/* Sends goodbye, closes the socket, voids the resume token; `ended` is called before this returns. */
void signaling_session_end(struct signaling *signaling, struct handle session,
                           const struct message_goodbye *goodbye);

void signaling_respond(struct signaling *signaling, struct handle request,
                       const struct http_response *response);
/* Value of a query parameter, percent-decoded; false when absent or not plain UTF-8. */
MUST_CHECK bool http_query_value(const char *query, const char *name, char *ret_value, size_t size);
/* Value of a cookie. */
MUST_CHECK bool http_cookie_value(const char *cookie, const char *name, char *ret_value,
                                  size_t size);

#endif
