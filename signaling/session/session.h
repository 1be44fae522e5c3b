/* Sessions: who is behind a socket, across sockets. hello → authenticated → (away → resumed)* → ended.
 *
 * Thread: control. Owner: struct signaling. Numbers every outgoing message, keeps SIGNALING_RESUME_QUEUE_MAX that are not
 * ephemeral, and replays to a resuming socket what it has not seen. Internal to signaling/session. */
#ifndef SIGNALING_SESSION_SESSION_H
#define SIGNALING_SESSION_SESSION_H

#include "gateway/base/hash.h"
#include "gateway/base/list.h"
#include "signaling/signaling.h"
#include "signaling/transport/transport.h"

/* A message that may have to be sent again. */
struct kept {
    struct list_link link;
    enum message_type type;
    uint64_t seq;
    size_t length;
    char text[];
};

/* Thread: control.   Owner: struct signaling, in sessions.
 * Life:   signaling_accept() … `ended`.
 * Bound:  twice options.sockets_max.   Leaves the room only as a handle. */
struct session {
    struct handle handle;
    struct handle socket;        /* generation 0: away */
    struct sha256 resume_digest; /* of the one token that resumes it */
    bool resumable;
    int64_t away_us; /* since when, monotonic */
    uint64_t seq;    /* of the last message */
    int language;    /* 0 Japanese, 1 English */
    void *context;
    struct list kept;
    unsigned kept_count;
    struct message_welcome welcome; /* said again at a resume */
};

void session_init(struct session *session, void *context);
/* Frees what it keeps. */
void session_done(struct session *session);
/* A new resume token into `ret_token` (RANDOM_TOKEN_SIZE(32)); the one before is void. */
void session_rotate(struct session *session, char *ret_token, size_t size);
bool session_resumed_by(const struct session *session, const char *token);
/* Remembers a message for a resume. Of the type there is most of, the oldest makes room: what one person can send another in
 * masses displaces itself and no offer (P6). */
MUST_CHECK enum result session_keep(struct session *session, enum message_type type, uint64_t seq,
                                    const char *text, size_t length);

/* Texts of the refusals this room makes itself. */
void session_error_fill(struct message_error *error, const char *code, int language);

#endif
