#include "signaling/session/session.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/random.h"

void session_init(struct session *session, void *context)
{
    *session = (struct session){.context = context};
    list_init(&session->kept);
}

/* Wiped: what somebody wrote is kept nowhere. */
static void kept_drop(struct session *session, struct kept *kept)
{
    list_remove(&kept->link);
    explicit_bzero(kept->text, kept->length);
    free(kept);
    session->kept_count--;
}

static void kept_drop_first(struct session *session)
{
    kept_drop(session, CONTAINER_OF(list_first(&session->kept), struct kept, link));
}

static void kept_make_room(struct session *session)
{
    unsigned counts[MESSAGE_TYPES_COUNT] = {0}, most = 0;
    struct kept *oldest = NULL;
    LIST_FOR_EACH(&session->kept, link)
    {
        unsigned count = ++counts[CONTAINER_OF(link, struct kept, link)->type];
        most = count > most ? count : most;
    }
    LIST_FOR_EACH(&session->kept, link)
    {
        struct kept *kept = CONTAINER_OF(link, struct kept, link);
        if (oldest == NULL && counts[kept->type] == most)
            oldest = kept;
    }
    kept_drop(session, oldest);
}

void session_done(struct session *session)
{
    while (session->kept_count > 0)
        kept_drop_first(session);
}

void session_rotate(struct session *session, char *ret_token, size_t size)
{
    random_token(SHA256_BYTES, ret_token, size);
    session->resume_digest = sha256_of(span_of(ret_token, strlen(ret_token)));
    session->resumable = true;
}

bool session_resumed_by(const struct session *session, const char *token)
{
    struct sha256 digest = sha256_of(span_of(token, strlen(token)));
    return session->resumable && sha256_equal(&digest, &session->resume_digest);
}

enum result session_keep(struct session *session, enum message_type type, uint64_t seq,
                         const char *text, size_t length)
{
    struct kept *kept = malloc(sizeof(*kept) + length);
    if (kept == NULL)
        return RESULT_NO_MEMORY;
    kept->type = type;
    kept->seq = seq;
    kept->length = length;
    memcpy(kept->text, text, length);
    if (session->kept_count == SIGNALING_RESUME_QUEUE_MAX)
        kept_make_room(session);
    list_append(&session->kept, &kept->link);
    session->kept_count++;
    return RESULT_OK;
}

struct refusal_text {
    const char *code;
    const char *what[2], *todo[2]; /* Japanese, English */
};

static const struct refusal_text REFUSALS[] = {
    {"unknown_session",
     {"接続の続きが見つかりませんでした。", "The earlier connection could not be continued."},
     {"そのままお待ちください。自動でつなぎ直します。",
      "Please wait. The page connects again by itself."}},
    {"hello_first",
     {"ページの準備ができていません。", "The page has not introduced itself yet."},
     {"ページを再読み込みしてください。", "Please reload the page."}},
    {"already_authenticated",
     {"このページはすでに接続されています。", "This page is already connected."},
     {"そのまま続けてください。", "Just go on."}},
    /* last: any message that breaks its row */
    {"malformed",
     {"ページから届いた内容を読み取れませんでした。何も変わっていません。",
      "What the page sent could not be read. Nothing was changed."},
     {"ページを再読み込みしてください。続くときは診療所へお電話ください。",
      "Please reload the page. If it happens again, telephone the clinic."}},
};

void session_error_fill(struct message_error *error, const char *code, int language)
{
    size_t i = 0;
    while (i + 1 < ARRAY_LENGTH(REFUSALS) && strcmp(REFUSALS[i].code, code) != 0)
        i++;
    /* Our own texts: they fit, and a test sends each of them. */
    (void)!text_copy(error->code, sizeof(error->code), code);
    (void)!text_copy(error->what, sizeof(error->what), REFUSALS[i].what[language]);
    (void)!text_copy(error->todo, sizeof(error->todo), REFUSALS[i].todo[language]);
}
