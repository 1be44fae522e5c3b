/* Signing in and out, and the one-time ticket that carries a cookie's identity to the WebSocket. */
#include <string.h>

#include "gateway/api/api_call.h"
#include "gateway/base/clock.h"
#include "gateway/base/log.h"

static void login_refuse(struct api_call *call, int status, const char *code)
{
    counter_add(call->api->counters, COUNTER_login_failed, 1);
    api_refuse(call, status, code, NULL);
}

static void login_denied_recorded(struct api_call *call)
{
    login_refuse(call, 401, "login");
}

/* The failed attempt is recorded before it is answered; the typed name is not (it may be a password). */
static void login_denied(struct api_call *call)
{
    struct store_transaction *transaction = store_transaction_new();
    struct audit_draft draft = api_draft(call, AUDIT_ACT_ACCESS_DENIED, "staff",
                                         id_is_set(&call->path_id) ? &call->path_id : NULL);
    draft.outcome = AUDIT_DENY;
    api_draft_text(&draft, "what", access_action_name(ACCESS_SIGN_IN));
    store_transaction_record(transaction, &draft);
    sign_in_guard_failed(call->api->guard, call->login, call->peer_prefix, clock_monotonic_us());
    api_submit(call, transaction, login_denied_recorded);
}

/* Whose account was tried is told as the object; the actor is nobody. */
static void login_stranger(struct api_call *call)
{
    call->path_id = call->identity.actor.person;
    memset(&call->identity, 0, sizeof(call->identity));
    login_denied(call);
}

static void login_rows(struct api_call *call, const struct store_rows *rows)
{
    struct password_job job = {.tag = call->tag, .task = PASSWORD_VERIFY};
    const char *password = api_body_text(call, "password");
    bool known = store_rows_count(rows) == 1 && store_rows_integer(rows, 0, "disabled") == 0;
    if (known) {
        call->identity.actor =
            (struct actor){.role = role_of_name(store_rows_text(rows, 0, "role")),
                           .authentication = AUTHENTICATION_PASSWORD,
                           .person = store_rows_id(rows, 0, "id"),
                           .institution = store_rows_id(rows, 0, "institution")};
        const char *name = store_rows_text(
            rows, 0, call->language == LANGUAGE_EN ? "display_name_en" : "display_name_ja");
        (void)!text_copy(call->identity.name, sizeof(call->identity.name), name);
        (void)!text_copy(job.hash, sizeof(job.hash), store_rows_text(rows, 0, "password_hash"));
    }
    if (!text_copy(job.password, sizeof(job.password), password)) {
        login_stranger(call);
        return;
    }
    enum result result = password_worker_ask(call->api->passwords, &job);
    if (!result_ok(result))
        api_refuse(call, 503, "busy", NULL);
}

void api_login(struct api_call *call)
{
    const char *name = api_body_text(call, "name"), *password = api_body_text(call, "password");
    if (name == NULL || password == NULL || !text_copy(call->login, sizeof(call->login), name)) {
        api_refuse(call, 400, "malformed", name == NULL ? "name" : "password");
        return;
    }
    if (sign_in_guard_wait_s(call->api->guard, call->login, call->peer_prefix,
                             clock_monotonic_us()) > 0) {
        login_refuse(call, 429, "login_wait");
        return;
    }
    struct store_query query = {.kind = STORE_QUERY_STAFF_BY_LOGIN, .key = call->login};
    api_query(call, &query, login_rows);
}

static json_t *login_person(const struct api_call *call, const struct store_rows *institution)
{
    const char *column = call->language == LANGUAGE_EN ? "name_en" : "name_ja";
    bool known = store_rows_count(institution) == 1;
    return json_pack("{s:s,s:s,s:s,s:{s:s,s:s}}", "role", role_name(call->identity.actor.role),
                     "name", call->identity.name, "id", call->identity.actor.person.text,
                     "institution", "name", known ? store_rows_text(institution, 0, column) : "",
                     "telephone", known ? store_rows_text(institution, 0, "telephone") : "");
}

static void login_institution_rows(struct api_call *call, const struct store_rows *rows)
{
    api_reply(call, 200, login_person(call, rows));
}

void api_me(struct api_call *call)
{
    struct store_query query = {.kind = STORE_QUERY_INSTITUTION_BY_ID,
                                .key = call->identity.actor.institution.text};
    api_query(call, &query, login_institution_rows);
}

static void login_done(struct api_call *call)
{
    sign_in_guard_succeeded(call->api->guard, call->login, call->peer_prefix);
    api_me(call);
}

static void login_accept(struct api_call *call)
{
    int64_t now_us = clock_wall_us();
    struct token secret = token_new();
    struct store_staff_session session = {.id = id_new('n'),
                                          .staff = call->identity.actor.person,
                                          .secret = token_hash(secret.text),
                                          .created_us = now_us,
                                          .seen_us = now_us,
                                          .expires_us =
                                              now_us + call->api->options.session_absolute_us};
    call->identity.actor.session = session.id;
    if (!result_ok(cookie_format(COOKIE_SESSION, secret.text,
                                 call->api->options.session_absolute_us / US_PER_S,
                                 call->set_cookie))) {
        api_refuse(call, 500, "internal", NULL);
        return;
    }
    struct store_transaction *transaction = store_transaction_new();
    store_put_staff_session(transaction, &session);
    struct audit_draft draft =
        api_draft(call, AUDIT_ACT_STAFF_LOGIN, "staff", &call->identity.actor.person);
    store_transaction_record(transaction, &draft);
    api_submit(call, transaction, login_done);
}

void api_login_answer(struct api *api, const struct password_answer *answer)
{
    LIST_FOR_EACH(&api->calls, link)
    {
        struct api_call *call = CONTAINER_OF(link, struct api_call, link);
        if (call->tag != answer->tag)
            continue;
        if (result_ok(answer->result) && id_is_set(&call->identity.actor.person))
            login_accept(call);
        else
            login_stranger(call);
        return;
    }
}

static void logout_done(struct api_call *call)
{
    call->api->services.sign_out(call->api->services.owner, &call->identity.actor.session);
    if (!result_ok(cookie_format_clear(COOKIE_SESSION, call->set_cookie)))
        call->set_cookie[0] = 0;
    api_reply(call, 200, json_object());
}

void api_logout(struct api_call *call)
{
    struct store_transaction *transaction = store_transaction_new();
    store_delete_staff_session(transaction, &call->identity.actor.session);
    struct audit_draft draft =
        api_draft(call, AUDIT_ACT_STAFF_LOGOUT, "staff", &call->identity.actor.person);
    store_transaction_record(transaction, &draft);
    api_submit(call, transaction, logout_done);
}

void api_ticket(struct api_call *call)
{
    struct token ticket;
    call->api->services.issue_ticket(call->api->services.owner, &call->identity, &ticket);
    api_reply(call, 200,
              json_pack("{s:s,s:s}", "ticket", ticket.text, "role",
                        role_name(call->identity.actor.role)));
}
