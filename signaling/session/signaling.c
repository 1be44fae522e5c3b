/* The room's contract: glues transport, messages and sessions, and calls up. */
#include "signaling/signaling.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/base/random.h"
#include "signaling/session/session.h"

enum socket_phase { SOCKET_NONE, SOCKET_HELLO, SOCKET_PENDING, SOCKET_SESSION };

/* What is known about an open socket; indexed by its handle's slot. */
struct socket_state {
    struct handle handle;
    enum socket_phase phase;
    int language;
    struct session *session; /* SOCKET_SESSION */
};

struct signaling {
    struct thread_owner thread;
    struct signaling_handlers handlers;
    struct counters *counters;
    struct transport *transport;
    struct handle_table *sessions;
    struct socket_state *sockets;
    uint32_t sockets_max;
    int64_t resume_us;
    bool stopping;
    struct message *received; /* scratch: one message is decoded at a time */
    struct message *answer;   /* scratch for messages made here */
};

static struct socket_state *socket_get(struct signaling *signaling, struct handle handle)
{
    struct socket_state *socket =
        handle.slot < signaling->sockets_max ? &signaling->sockets[handle.slot] : NULL;
    return socket != NULL && socket->phase != SOCKET_NONE && handle_equal(socket->handle, handle)
               ? socket
               : NULL;
}

/* ---- sending ---- */

static enum result encode(const struct message *message, uint64_t seq, char **ret_text,
                          size_t *ret_length)
{
    struct message_problem problem;
    enum result result = message_encode_seq(message, seq, ret_text, ret_length, &problem);
    if (result == RESULT_INVALID) /* ours: somebody filled a message against its row */
        LOG(LOG_ERROR, "message.encode", log_name("type", MESSAGE_INFOS[message->type].name),
            log_name("field", problem.field), log_name("problem", problem.code));
    return result;
}

/* To a socket that may not have a session yet; such messages have seq 0 and are never kept. */
static void send_plain(struct signaling *signaling, struct handle socket,
                       const struct message *message, uint64_t seq)
{
    char *text;
    size_t length;
    if (!result_ok(encode(message, seq, &text, &length)) ||
        !result_ok(
            transport_socket_send(signaling->transport, socket, text, length, TRANSPORT_KEEP)))
        transport_socket_close(signaling->transport, socket, TRANSPORT_CLOSE_TRY_LATER);
}

/* `done` is not kept for a resume, but of several each one answers another message: none makes room for the next. */
static enum transport_keep keep_of(enum message_type type)
{
    return MESSAGE_INFOS[type].ephemeral && type != MESSAGE_done ? TRANSPORT_DROPPABLE
                                                                 : TRANSPORT_KEEP;
}

static enum result session_send(struct signaling *signaling, struct session *session,
                                const struct message *message)
{
    char *text;
    size_t length;
    bool ephemeral = MESSAGE_INFOS[message->type].ephemeral;
    bool has_socket = handle_is_set(session->socket);
    if (ephemeral && !has_socket)
        return RESULT_OK; /* the next one replaces it */
    enum result result = encode(message, session->seq + 1, &text, &length);
    if (!result_ok(result))
        return result;
    session->seq++;
    if (!ephemeral)
        result = session_keep(session, message->type, session->seq, text, length);
    if (!result_ok(result) || !has_socket) {
        free(text);
        return result;
    }
    result = transport_socket_send(signaling->transport, session->socket, text, length,
                                   keep_of(message->type));
    /* A full or dying socket is closed by the transport; what is kept goes to the next one. */
    return ephemeral ? result : RESULT_OK;
}

static void send_error(struct signaling *signaling, struct socket_state *socket,
                       const struct message_problem *problem)
{
    struct message *answer = signaling->answer;
    memset(answer, 0, sizeof(*answer));
    answer->type = MESSAGE_error;
    session_error_fill(&answer->error, problem->code, socket->language);
    answer->error.has_ref = problem->ref != 0;
    answer->error.ref = problem->ref;
    answer->error.has_field = problem->field[0] != 0;
    memcpy(answer->error.field, problem->field, sizeof(answer->error.field));
    if (socket->phase != SOCKET_SESSION)
        send_plain(signaling, socket->handle, answer, 0);
    else if (!result_ok(session_send(signaling, socket->session, answer)))
        transport_socket_close(signaling->transport, socket->handle, TRANSPORT_CLOSE_TRY_LATER);
}

static void refuse_code(struct signaling *signaling, struct socket_state *socket, const char *code,
                        uint32_t ref)
{
    struct message_problem problem = {.code = code, .ref = ref};
    send_error(signaling, socket, &problem);
}

/* ---- sessions ---- */

static struct session *session_free(struct session *session)
{
    if (session != NULL)
        session_done(session);
    free(session);
    return NULL;
}

static void session_over(struct signaling *signaling, struct session *session, enum session_end why)
{
    struct handle handle = session->handle;
    struct socket_state *socket = socket_get(signaling, session->socket);
    if (socket != NULL) {
        socket->session = NULL;
        socket->phase = SOCKET_NONE;
        transport_socket_close(signaling->transport, session->socket, TRANSPORT_CLOSE_NORMAL);
    }
    session->resumable = false;
    session->socket = (struct handle){.slot = 0};
    signaling->handlers.ended(signaling->handlers.owner, handle, why);
    handle_table_remove(signaling->sessions, handle);
    session_free(session);
}

static void session_attach(struct signaling *signaling, struct session *session,
                           struct socket_state *socket)
{
    session->socket = socket->handle;
    session->language = socket->language;
    socket->session = session;
    socket->phase = SOCKET_SESSION;
    transport_socket_authenticated(signaling->transport, socket->handle);
}

/* The welcome of a resume carries the seq the page already has, so that losing it loses nothing that is replayed. */
static void send_welcome(struct signaling *signaling, struct session *session, uint64_t seq)
{
    struct message *answer = signaling->answer;
    memset(answer, 0, sizeof(*answer));
    answer->type = MESSAGE_welcome;
    answer->welcome = session->welcome;
    session_rotate(session, answer->welcome.resume, sizeof(answer->welcome.resume));
    send_plain(signaling, session->socket, answer, seq);
    memset(answer->welcome.resume, 0, sizeof(answer->welcome.resume));
}

static void replay(struct signaling *signaling, struct session *session, uint64_t after)
{
    LIST_FOR_EACH(&session->kept, link)
    {
        const struct kept *kept = CONTAINER_OF(link, struct kept, link);
        char *text = kept->seq > after ? malloc(kept->length) : NULL;
        if (kept->seq <= after)
            continue;
        if (text != NULL)
            memcpy(text, kept->text, kept->length);
        if (text == NULL || !result_ok(transport_socket_send(signaling->transport, session->socket,
                                                             text, kept->length, TRANSPORT_KEEP)))
            return; /* the socket is closing; the next one asks again */
    }
}

static struct session *find_resumed(struct signaling *signaling, const char *token)
{
    uint32_t cursor = 0;
    struct session *session;
    while ((session = handle_table_next(signaling->sessions, &cursor)) != NULL)
        if (session_resumed_by(session, token))
            return session;
    return NULL;
}

static void resume(struct signaling *signaling, struct socket_state *socket,
                   const struct message_hello *hello, uint32_t ref)
{
    struct session *session = find_resumed(signaling, hello->resume);
    if (session == NULL) {
        /* Also after a restart of the gateway: the page says hello again with a ticket, on this socket. */
        refuse_code(signaling, socket, "unknown_session", ref);
        return;
    }
    struct socket_state *old = socket_get(signaling, session->socket);
    if (old != NULL) {
        old->session = NULL;
        old->phase = SOCKET_NONE;
        transport_socket_close(signaling->transport, session->socket, TRANSPORT_CLOSE_REPLACED);
    }
    uint64_t after =
        hello->has_after && (uint64_t)hello->after <= session->seq ? (uint64_t)hello->after : 0;
    session_attach(signaling, session, socket);
    session->welcome.resumed = true;
    send_welcome(signaling, session, after);
    replay(signaling, session, after);
    counter_add(signaling->counters, COUNTER_ws_resumed, 1);
    signaling->handlers.resumed(signaling->handlers.owner, session->handle);
}

/* ---- transport's events ---- */

static void on_opened(void *owner, struct handle handle)
{
    struct signaling *signaling = owner;
    signaling->sockets[handle.slot] =
        (struct socket_state){.handle = handle, .phase = SOCKET_HELLO};
}

static void on_closed(void *owner, struct handle handle)
{
    struct signaling *signaling = owner;
    struct socket_state *socket = socket_get(signaling, handle);
    if (socket == NULL)
        return;
    struct session *session = socket->session;
    *socket = (struct socket_state){.phase = SOCKET_NONE};
    if (session == NULL)
        return;
    session->socket = (struct handle){.slot = 0};
    session->away_us = clock_monotonic_us();
    if (!signaling->stopping)
        signaling->handlers.away(signaling->handlers.owner, session->handle);
}

static void on_hello(struct signaling *signaling, struct socket_state *socket,
                     const struct message *message)
{
    const struct message_hello *hello = &message->hello;
    socket->language = strcmp(hello->language, "en") == 0 ? 1 : 0;
    struct message_problem problem = {
        .code = "missing_field", .field = "ticket", .ref = message->ref};
    if (hello->has_ticket && hello->has_resume)
        problem = (struct message_problem){
            .code = "unknown_field", .field = "ticket", .ref = message->ref};
    if (hello->has_ticket == hello->has_resume) {
        counter_add(signaling->counters, COUNTER_ws_malformed, 1);
        send_error(signaling, socket, &problem);
    } else if (hello->has_resume) {
        resume(signaling, socket, hello, message->ref);
    } else {
        socket->phase = SOCKET_PENDING;
        signaling->handlers.hello(signaling->handlers.owner, socket->handle, hello);
    }
}

static void on_message(struct signaling *signaling, struct socket_state *socket,
                       const struct message *message)
{
    if (socket->phase == SOCKET_HELLO && message->type == MESSAGE_hello)
        on_hello(signaling, socket, message);
    else if (socket->phase != SOCKET_SESSION)
        refuse_code(signaling, socket, "hello_first", message->ref);
    else if (message->type == MESSAGE_hello)
        refuse_code(signaling, socket, "already_authenticated", message->ref);
    else if (message->type == MESSAGE_bye)
        session_over(signaling, socket->session, SESSION_END_BYE);
    else
        signaling->handlers.message(signaling->handlers.owner, socket->session->handle,
                                    message->ref, message);
}

static void on_text(void *owner, struct handle handle, struct span text)
{
    struct signaling *signaling = owner;
    struct message_problem problem;
    struct socket_state *socket = socket_get(signaling, handle);
    if (socket == NULL)
        return; /* its session has ended; the close frame is on its way */
    enum result result = message_decode(text, MESSAGE_IN, signaling->received, &problem);
    if (!result_ok(result)) {
        counter_add(signaling->counters, COUNTER_ws_malformed, 1);
        if (result == RESULT_NO_MEMORY)
            transport_socket_close(signaling->transport, handle, TRANSPORT_CLOSE_TRY_LATER);
        else
            send_error(signaling, socket, &problem);
        return;
    }
    on_message(signaling, socket, signaling->received);
    message_done(signaling->received);
}

static void on_request(void *owner, const struct http_request *request)
{
    struct signaling *signaling = owner;
    signaling->handlers.request(signaling->handlers.owner, request);
}

static void on_tick(void *owner, int64_t now_us)
{
    struct signaling *signaling = owner;
    uint32_t cursor = 0;
    struct session *session;
    while ((session = handle_table_next(signaling->sessions, &cursor)) != NULL)
        if (!handle_is_set(session->socket) && now_us - session->away_us >= signaling->resume_us)
            session_over(signaling, session, SESSION_END_EXPIRED);
}

/* ---- the contract ---- */

enum result signaling_start(const struct signaling_options *options,
                            const struct signaling_handlers *handlers, struct uv_loop_s *loop,
                            struct counters *counters, struct signaling **ret_signaling)
{
    struct signaling *signaling = calloc(1, sizeof(*signaling));
    if (signaling == NULL)
        return RESULT_NO_MEMORY;
    thread_owner_bind(&signaling->thread);
    signaling->handlers = *handlers;
    signaling->counters = counters;
    signaling->resume_us = options->resume_us;
    signaling->sockets_max = options->sockets_max;
    signaling->sockets = calloc(options->sockets_max, sizeof(*signaling->sockets));
    signaling->received = calloc(1, sizeof(*signaling->received));
    signaling->answer = calloc(1, sizeof(*signaling->answer));
    enum result result =
        signaling->sockets != NULL && signaling->received != NULL && signaling->answer != NULL
            ? handle_table_new(2 * options->sockets_max, &signaling->sessions)
            : RESULT_NO_MEMORY;
    const struct transport_handlers events = {.owner = signaling,
                                              .request = on_request,
                                              .opened = on_opened,
                                              .text = on_text,
                                              .closed = on_closed,
                                              .tick = on_tick};
    if (result_ok(result))
        result = transport_start(options, &events, loop, counters, &signaling->transport);
    if (!result_ok(result)) {
        signaling_stop(signaling);
        return result;
    }
    *ret_signaling = signaling;
    return RESULT_OK;
}

struct signaling *signaling_stop(struct signaling *signaling)
{
    uint32_t cursor = 0;
    struct session *session;
    if (signaling == NULL)
        return NULL;
    assert_on_thread(&signaling->thread);
    signaling->stopping = true;
    signaling->transport = transport_stop(signaling->transport);
    while (signaling->sessions != NULL &&
           (session = handle_table_next(signaling->sessions, &cursor)) != NULL)
        session_free(session);
    handle_table_free(signaling->sessions);
    free(signaling->sockets);
    free(signaling->received);
    free(signaling->answer);
    free(signaling);
    return NULL;
}

uint16_t signaling_port(const struct signaling *signaling)
{
    return transport_port(signaling->transport);
}

enum result signaling_reload_certificate(struct signaling *signaling, const char *certificate_file,
                                         const char *key_file)
{
    return transport_reload_certificate(signaling->transport, certificate_file, key_file);
}

int64_t signaling_certificate_expiry(const struct signaling *signaling)
{
    return transport_certificate_expiry(signaling->transport);
}

void signaling_drain(struct signaling *signaling)
{
    transport_drain(signaling->transport);
}

enum result signaling_accept(struct signaling *signaling, struct handle handle,
                             struct message_welcome *welcome, void *context,
                             struct handle *ret_session)
{
    assert_on_thread(&signaling->thread);
    struct socket_state *socket = socket_get(signaling, handle);
    if (socket == NULL || socket->phase != SOCKET_PENDING)
        return RESULT_STALE;
    struct session *session = malloc(sizeof(*session));
    if (session == NULL)
        return RESULT_NO_MEMORY;
    session_init(session, context);
    enum result result = handle_table_add(signaling->sessions, session, &session->handle);
    if (!result_ok(result)) {
        session_free(session);
        return result;
    }
    welcome->session = id_new('n');
    welcome->resumed = false;
    welcome->resume_for = signaling->resume_us / US_PER_S;
    session->welcome = *welcome;
    session->seq = 1;
    session_attach(signaling, session, socket);
    *ret_session = session->handle;
    send_welcome(signaling, session, session->seq);
    return RESULT_OK;
}

void signaling_refuse(struct signaling *signaling, struct handle handle,
                      const struct message_error *error)
{
    assert_on_thread(&signaling->thread);
    struct socket_state *socket = socket_get(signaling, handle);
    if (socket == NULL || socket->phase != SOCKET_PENDING)
        return;
    struct message *answer = signaling->answer;
    memset(answer, 0, sizeof(*answer));
    answer->type = MESSAGE_error;
    answer->error = *error;
    send_plain(signaling, handle, answer, 0);
    socket->phase = SOCKET_NONE;
    transport_socket_close(signaling->transport, handle, TRANSPORT_CLOSE_POLICY);
}

void *signaling_session_context(const struct signaling *signaling, struct handle handle)
{
    const struct session *session = handle_table_get(signaling->sessions, handle);
    return session != NULL ? session->context : NULL;
}

bool signaling_session_has_socket(const struct signaling *signaling, struct handle handle)
{
    const struct session *session = handle_table_get(signaling->sessions, handle);
    return session != NULL && handle_is_set(session->socket);
}

int signaling_session_language(const struct signaling *signaling, struct handle handle)
{
    const struct session *session = handle_table_get(signaling->sessions, handle);
    return session != NULL ? session->language : 0;
}

enum result signaling_send(struct signaling *signaling, struct handle handle,
                           const struct message *message)
{
    assert_on_thread(&signaling->thread);
    struct session *session = handle_table_get(signaling->sessions, handle);
    return session != NULL ? session_send(signaling, session, message) : RESULT_STALE;
}

void signaling_session_end(struct signaling *signaling, struct handle handle,
                           const struct message_goodbye *goodbye)
{
    assert_on_thread(&signaling->thread);
    struct session *session = handle_table_get(signaling->sessions, handle);
    if (session == NULL)
        return;
    struct message *answer = signaling->answer;
    memset(answer, 0, sizeof(*answer));
    answer->type = MESSAGE_goodbye;
    answer->goodbye = *goodbye;
    if (!result_ok(session_send(signaling, session, answer)))
        LOG(LOG_WARNING, "session.goodbye_unsent", log_id("session", &session->welcome.session));
    session_over(signaling, session, SESSION_END_CLOSED);
}

void signaling_respond(struct signaling *signaling, struct handle request,
                       const struct http_response *response)
{
    transport_respond(signaling->transport, request, response);
}
