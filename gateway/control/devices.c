/* Who a device is: tokens made and taken back; an offer's way from its token to a seat and an answer. */
#include "gateway/control/devices.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/control/control_state.h"
#include "gateway/control/ice_servers.h"
#include "gateway/identity/authorise.h"
#include "gateway/identity/sign_in_guard.h"
#include "gateway/identity/token.h"
#include "gateway/words/words.h"

#define ANSWER_SIZE 16384
#define BUSY_S      10

/* ---- tokens ---------------------------------------------------------------------------------------------------- */

struct token_wait {
    struct control *control;
    struct device_request request;
    struct token secret;
    struct device_answer answer;
    int64_t now_us;
    device_done_fn done;
    void *owner;
};

static void token_finish(struct token_wait *wait, enum result result, const char *code)
{
    wait->answer.result = result;
    wait->answer.code = code;
    if (!result_ok(result))
        explicit_bzero(wait->answer.secret, sizeof(wait->answer.secret));
    wait->done(wait->owner, &wait->answer);
    explicit_bzero(wait, sizeof(*wait));
    free(wait);
}

/* In the transaction of the invitation: what the token opens, and that it was made. */
static void token_attach(void *owner, struct store_transaction *transaction)
{
    const struct token_wait *wait = owner;
    const struct device_request *request = &wait->request;
    struct store_device_token row = {.id = wait->answer.device,
                                     .consultation = request->consultation,
                                     .secret = token_hash(wait->secret.text),
                                     .publishes = request->publishes,
                                     .plays = request->plays,
                                     .watches = request->watches,
                                     .created_us = wait->now_us,
                                     .expires_us = wait->answer.expires_us};
    store_put_device_token(transaction, &row);
}

static void token_invited(void *owner, enum result result, const struct step_result *step)
{
    struct token_wait *wait = owner;
    if (!result_ok(result))
        token_finish(wait, result, result_class(result) == RESULT_CLASS_LIMIT ? "busy" : "storage");
    else if (step->verdict != STEP_GO)
        token_finish(wait, RESULT_WRONG_STATE, step_refusal_name(step->refusal));
    else
        token_finish(wait, RESULT_OK, NULL);
}

static void token_refuse(device_done_fn done, void *owner, enum result result, const char *code)
{
    struct device_answer answer = {.result = result, .code = code};
    done(owner, &answer);
}

void control_device_issue(struct control *control, const struct device_request *request,
                          device_done_fn done, void *owner)
{
    assert_on_thread(&control->owner);
    struct live_consultation *live = live_find(control, &request->consultation);
    if (live == NULL || control->draining) {
        token_refuse(done, owner, RESULT_WRONG_STATE, live == NULL ? "over" : "draining");
        return;
    }
    struct token_wait *wait = calloc(1, sizeof(*wait));
    if (wait == NULL) {
        token_refuse(done, owner, RESULT_NO_MEMORY, "internal");
        return;
    }
    wait->control = control;
    wait->request = *request;
    wait->done = done;
    wait->owner = owner;
    wait->now_us = clock_wall_us();
    wait->secret = token_new();
    wait->answer.device = id_new('g');
    wait->answer.expires_us = wait->now_us + request->life_us;
    (void)!text_copy(wait->answer.secret, sizeof(wait->answer.secret), wait->secret.text);
    struct pending_input pending = {.input =
                                        control_input(CONSULTATION_EVENT_INVITE, &request->actor),
                                    .done = token_invited,
                                    .owner = wait,
                                    .attach = token_attach};
    pending.input.guest = wait->answer.device;
    pending.input.guest_role = ROLE_DEVICE;
    control_submit(live, &pending);
}

/* ---- taking it back -------------------------------------------------------------------------------------------- */

static int device_seat(const struct live_consultation *live, const struct id *device)
{
    for (int seat = SEAT_FIRST_GUEST; seat < SEATS_MAX; seat++)
        if (live->now.seats[seat].role == ROLE_DEVICE &&
            live->now.seats[seat].status != SEAT_GONE &&
            id_equal(&live->now.seats[seat].person, device))
            return seat;
    return -1;
}

/* The token is void on the disk: whoever sits by it is removed, as by the page's button; an administrator, who removes
 * nobody, leaves the seat without endpoints. */
static void revoke_unseat(struct live_consultation *live, const struct actor *actor, int seat)
{
    if (!consultation_event_allowed(CONSULTATION_EVENT_REMOVE, actor->role)) {
        device_media_close_all(live, seat);
        device_lost(live, seat);
        return;
    }
    struct pending_input pending = {.input = control_input(CONSULTATION_EVENT_REMOVE, actor)};
    pending.input.seat = seat;
    control_submit(live, &pending);
}

static void revoke_stored(void *owner, enum result result, uint64_t first_seq)
{
    struct token_wait *wait = owner;
    struct live_consultation *live = live_find(wait->control, &wait->request.consultation);
    int seat = live == NULL ? -1 : device_seat(live, &wait->answer.device);
    (void)first_seq;
    if (result_ok(result) && seat >= 0)
        revoke_unseat(live, &wait->request.actor, seat);
    token_finish(wait, result,
                 result_ok(result)            ? NULL
                 : result == RESULT_NOT_FOUND ? "not_found"
                                              : "storage");
}

static struct audit_draft device_draft(const struct actor *actor, const struct id *consultation,
                                       enum audit_act act, enum audit_outcome outcome)
{
    return (struct audit_draft){.act = act,
                                .outcome = outcome,
                                .actor = *actor,
                                .object_kind = "consult",
                                .object = *consultation};
}

static void draft_text(struct audit_draft *draft, const char *key, const char *text)
{
    struct audit_extra *extra = &draft->extra[draft->extra_count++];
    *extra = (struct audit_extra){.key = key, .is_text = true};
    (void)!text_copy(extra->text, sizeof(extra->text), text);
}

void control_device_revoke(struct control *control, const struct actor *actor,
                           const struct id *consultation, const struct id *device,
                           device_done_fn done, void *owner)
{
    assert_on_thread(&control->owner);
    struct token_wait *wait = calloc(1, sizeof(*wait));
    if (wait == NULL) {
        token_refuse(done, owner, RESULT_NO_MEMORY, "internal");
        return;
    }
    wait->control = control;
    wait->request.actor = *actor;
    wait->request.consultation = *consultation;
    wait->answer.device = *device;
    wait->done = done;
    wait->owner = owner;
    struct store_transaction *transaction = store_transaction_new();
    store_revoke_device_token(transaction, device, consultation, clock_wall_us());
    struct audit_draft draft = device_draft(actor, consultation, AUDIT_ACT_DEVICE_REVOKE, AUDIT_OK);
    draft_text(&draft, "person", device->text);
    store_transaction_record(transaction, &draft);
    enum result result = store_submit(control->rooms.store, transaction, revoke_stored, wait);
    if (!result_ok(result))
        revoke_stored(wait, result, STORE_NO_SEQ);
}

/* ---- an offer -------------------------------------------------------------------------------------------------- */

/* Thread: control.   Owner: whoever calls back.   Life: offer … its answer.   Bound: DEVICE_WAITS_MAX. */
struct offer_wait {
    struct control *control;
    struct handle request;
    enum whip_kind kind;
    struct sha256 bearer;
    char peer_prefix[48];
    struct actor actor;
    struct id consultation;
    int watches;
    struct device_offer offer;
    size_t sdp_length;
    char sdp[];
};

static struct offer_wait *offer_free(struct offer_wait *wait)
{
    if (wait != NULL)
        wait->control->device_waits--;
    free(wait);
    return NULL;
}

static void refuse_words(struct control *control, struct handle request, int status,
                         const char *code, int retry_after_s)
{
    const struct words *words = words_for(code);
    struct whip_refusal refusal = {.status = status,
                                   .retry_after_s = retry_after_s,
                                   .code = words->code,
                                   .what = words->what[LANGUAGE_EN],
                                   .todo = words->todo[LANGUAGE_EN]};
    if (control->whip != NULL)
        whip_refuse(control->whip, request, &refusal);
}

/* A token we know was refused: who, what for and why is on record, once in a while when it goes on trying. */
static void refuse_known(struct offer_wait *wait, int status, const char *code)
{
    struct control *control = wait->control;
    struct audit_draft draft =
        device_draft(&wait->actor, &wait->consultation, AUDIT_ACT_DEVICE_SESSION, AUDIT_DENY);
    draft_text(&draft, "kind", wait->kind == WHIP_PUBLISH ? "publish" : "play");
    draft_text(&draft, "reason", code);
    control_record_alone(control, &draft);
    sign_in_guard_failed(control->device_guard, wait->actor.person.text, wait->peer_prefix,
                         clock_monotonic_us());
    LOG(LOG_INFO, "device.refused", log_id("consultation", &wait->consultation),
        log_name("why", code));
    refuse_words(control, wait->request, status, code, 0);
    offer_free(wait);
}

/* 256 bits need no guard against guessing, and whoever guesses must not hold up the devices behind the same address. */
static void refuse_stranger(struct offer_wait *wait)
{
    refuse_words(wait->control, wait->request, 401, "device_token", 0);
    offer_free(wait);
}

static void refuse_result(struct offer_wait *wait, enum result result)
{
    bool storage = result_class(result) == RESULT_CLASS_OUTSIDE;
    bool busy = result_class(result) == RESULT_CLASS_LIMIT;
    LOG(LOG_WARNING, "device.failed", log_result(result));
    refuse_words(wait->control, wait->request, storage || busy ? 503 : 500,
                 storage ? "storage"
                 : busy  ? "media_full"
                         : "internal",
                 storage || busy ? BUSY_S : 0);
    offer_free(wait);
}

static void offer_record(const struct offer_wait *wait, const struct live_consultation *live,
                         int seat, const struct id *session)
{
    struct audit_draft draft =
        device_draft(&wait->actor, &live->now.id, AUDIT_ACT_DEVICE_SESSION, AUDIT_OK);
    draft_text(&draft, "kind", wait->kind == WHIP_PUBLISH ? "publish" : "play");
    draft_text(&draft, "session", session->text);
    draft.extra[draft.extra_count++] = (struct audit_extra){.key = "seat", .number = seat};
    control_record_alone(live->control, &draft);
}

/* RFC 9725 §4.6: the relays a page would be told, with credentials for this session alone. */
static void offer_links(struct control *control, struct whip_grant *grant,
                        char texts[WHIP_ICE_LINKS_MAX][HTTP_HEADER_VALUE_SIZE])
{
    struct message *message = control->scratch;
    memset(message, 0, sizeof(*message));
    ice_servers_fill(&control->options.turn, clock_wall_us(), &message->offer);
    for (uint32_t i = 0; i < message->offer.ice_servers_count && i < WHIP_ICE_LINKS_MAX; i++) {
        const struct message_ice_server *server = &message->offer.ice_servers[i];
        char *text = texts[grant->ice_links_count];
        if (text_format(text, HTTP_HEADER_VALUE_SIZE,
                        "<%s>; rel=\"ice-server\"; username=\"%s\"; credential=\"%s\"; "
                        "credential-type=\"password\"",
                        server->urls, server->username, server->credential))
            grant->ice_links[grant->ice_links_count++] = text;
    }
}

/* The device sits and waits: its endpoint, closed to everybody, and the answer. */
static void offer_answer(struct offer_wait *wait, struct live_consultation *live, int seat)
{
    struct control *control = wait->control;
    char *text = malloc(ANSWER_SIZE);
    struct whip_grant grant = {.kind = wait->kind, .bearer = wait->bearer, .answer = text};
    enum result result = text == NULL ? RESULT_NO_MEMORY
                                      : device_media_open(live, seat, &wait->offer, wait->watches,
                                                          text, ANSWER_SIZE, &grant.session);
    if (!result_ok(result)) {
        free(text);
        refuse_result(wait, result);
        return;
    }
    (void)!text_copy(grant.theirs.ufrag, sizeof(grant.theirs.ufrag), wait->offer.theirs.ufrag);
    (void)!text_copy(grant.theirs.pwd, sizeof(grant.theirs.pwd), wait->offer.theirs.pwd);
    char links[WHIP_ICE_LINKS_MAX][HTTP_HEADER_VALUE_SIZE];
    offer_links(control, &grant, links);
    sign_in_guard_succeeded(control->device_guard, wait->actor.person.text, wait->peer_prefix);
    offer_record(wait, live, seat, &grant.session);
    if (!result_ok(whip_accept(control->whip, wait->request, &grant)))
        device_media_close(live, seat, wait->kind);
    explicit_bzero(links, sizeof(links));
    free(text);
    offer_free(wait);
}

static void offer_seated(void *owner, enum result result, const struct step_result *step)
{
    struct offer_wait *wait = owner;
    struct live_consultation *live = live_find(wait->control, &wait->consultation);
    int seat = live == NULL ? -1 : device_seat(live, &wait->actor.person);
    if (wait->control->whip == NULL)
        offer_free(wait);
    else if (!result_ok(result))
        refuse_result(wait, result);
    else if (step->verdict == STEP_REFUSE || seat < 0)
        refuse_known(wait, 409, seat < 0 ? "device_removed" : step_refusal_name(step->refusal));
    else
        offer_answer(wait, live, seat);
}

static void refuse_flaw(struct offer_wait *wait, enum device_offer_flaw flaw)
{
    struct whip_refusal refusal = {.status = flaw == DEVICE_OFFER_UNREADABLE ? 400 : 422,
                                   .code = device_offer_flaw_code(flaw),
                                   .what = device_offer_flaw_what(flaw),
                                   .todo = device_offer_flaw_todo(flaw)};
    LOG(LOG_INFO, "device.offer_refused", log_id("consultation", &wait->consultation),
        log_name("why", refusal.code));
    whip_refuse(wait->control->whip, wait->request, &refusal);
    offer_free(wait);
}

/* May this device do that here, and is its offer one we can answer? Then it takes its seat, on record, and only then it is
 * answered (promises P2 and P3). */
static void offer_of_device(struct offer_wait *wait, struct live_consultation *live)
{
    struct access_object object = {.kind = ACCESS_KIND_CONSULTATION,
                                   .institution = live->now.institution,
                                   .consultation = live->now.id,
                                   .patient = live->now.patient,
                                   .physician = live->now.physician};
    enum access_action action =
        wait->kind == WHIP_PUBLISH ? ACCESS_DEVICE_PUBLISH : ACCESS_DEVICE_PLAY;
    enum device_offer_flaw flaw = DEVICE_OFFER_NONE;
    if (!authorise(&wait->actor, action, &object).allowed) {
        refuse_known(wait, 403, "denied");
        return;
    }
    if (device_seat(live, &wait->actor.person) < 0) {
        refuse_known(wait, 409, "device_removed");
        return;
    }
    enum result result = device_offer_read(
        wait->kind == WHIP_PUBLISH, span_of(wait->sdp, wait->sdp_length), &wait->offer, &flaw);
    if (!result_ok(result) && flaw == DEVICE_OFFER_NONE) {
        refuse_result(wait, result);
        return;
    }
    if (flaw != DEVICE_OFFER_NONE) {
        refuse_flaw(wait, flaw);
        return;
    }
    struct pending_input pending = {.input =
                                        control_input(CONSULTATION_EVENT_SEAT_TAKE, &wait->actor),
                                    .done = offer_seated,
                                    .owner = wait};
    pending.input.device = wait->actor.person; /* the token is what binds it */
    control_submit(live, &pending);
}

static void offer_token_rows(void *owner, enum result result, const struct store_rows *rows)
{
    struct offer_wait *wait = owner;
    if (wait->control->whip == NULL) {
        offer_free(wait);
        return;
    }
    if (!result_ok(result) || store_rows_count(rows) != 1) {
        if (!result_ok(result))
            refuse_result(wait, result);
        else
            refuse_stranger(wait);
        return;
    }
    wait->consultation = store_rows_id(rows, 0, "consultation");
    wait->watches = (int)store_rows_integer(rows, 0, "watches");
    wait->actor = (struct actor){.role = ROLE_DEVICE,
                                 .authentication = AUTHENTICATION_BEARER,
                                 .person = store_rows_id(rows, 0, "id")};
    struct live_consultation *live = live_find(wait->control, &wait->consultation);
    if (live != NULL)
        wait->actor.institution = live->now.institution;
    bool allowed =
        store_rows_integer(rows, 0, wait->kind == WHIP_PUBLISH ? "publishes" : "plays") != 0;
    int wait_s = sign_in_guard_wait_s(wait->control->device_guard, wait->actor.person.text,
                                      wait->peer_prefix, clock_monotonic_us());
    if (wait_s > 0) {
        refuse_words(wait->control, wait->request, 429, "device_wait", wait_s);
        offer_free(wait);
    } else if (store_rows_integer(rows, 0, "revoked_us") != 0) {
        refuse_known(wait, 401, "device_token");
    } else if (store_rows_integer(rows, 0, "expires_us") <= clock_wall_us()) {
        refuse_known(wait, 401, "device_expired");
    } else if (live == NULL || consultation_is_over(live->now.state)) {
        refuse_known(wait, 409, "over");
    } else if (!allowed) {
        refuse_known(wait, 403, "device_kind");
    } else {
        offer_of_device(wait, live);
    }
}

void control_on_device_offer(void *owner, const struct whip_offer *offer)
{
    struct control *control = owner;
    assert_on_thread(&control->owner);
    struct offer_wait *wait = control->device_waits >= DEVICE_WAITS_MAX
                                  ? NULL
                                  : calloc(1, sizeof(*wait) + offer->sdp.length);
    if (wait == NULL) {
        refuse_words(control, offer->request, 503, "busy", BUSY_S);
        return;
    }
    control->device_waits++;
    wait->control = control;
    wait->request = offer->request;
    wait->kind = offer->kind;
    wait->bearer = sha256_of(span_of(offer->bearer, strlen(offer->bearer)));
    (void)!text_copy(wait->peer_prefix, sizeof(wait->peer_prefix), offer->peer_prefix);
    wait->sdp_length = offer->sdp.length;
    memcpy(wait->sdp, offer->sdp.data, offer->sdp.length);
    if (!token_is_wellformed(offer->bearer)) {
        refuse_stranger(wait);
        return;
    }
    struct store_query query = {.kind = STORE_QUERY_DEVICE_TOKEN_BY_HASH,
                                .hash = token_hash(offer->bearer)};
    enum result result = store_query(control->rooms.store, &query, offer_token_rows, wait);
    if (!result_ok(result))
        refuse_result(wait, result);
}

/* ---- later requests, and the end ------------------------------------------------------------------------------- */

enum result control_on_device_restart(void *owner, const struct id *session,
                                      const struct whip_ice *theirs, struct whip_ice *ret_ours)
{
    struct control *control = owner;
    assert_on_thread(&control->owner);
    enum whip_kind kind;
    int seat;
    struct live_consultation *live = device_media_find(control, session, &seat, &kind);
    if (live == NULL)
        return RESULT_NOT_FOUND;
    struct device_session *device = live->seats[seat].devices[kind];
    struct media_command command = {.kind = MEDIA_COMMAND_ENDPOINT_ICE,
                                    .endpoint = device->endpoint};
    media_ice_new(control->rooms.media, device->endpoint, &command.ice);
    enum result result = media_command_send(control->rooms.media, &command);
    if (!result_ok(result))
        return result;
    (void)!text_copy(device->offer.theirs.ufrag, sizeof(device->offer.theirs.ufrag), theirs->ufrag);
    (void)!text_copy(device->offer.theirs.pwd, sizeof(device->offer.theirs.pwd), theirs->pwd);
    (void)!text_copy(ret_ours->ufrag, sizeof(ret_ours->ufrag), command.ice.ufrag);
    (void)!text_copy(ret_ours->pwd, sizeof(ret_ours->pwd), command.ice.pwd);
    return RESULT_OK;
}

void control_on_device_deleted(void *owner, const struct id *session)
{
    struct control *control = owner;
    assert_on_thread(&control->owner);
    enum whip_kind kind;
    int seat;
    struct live_consultation *live = device_media_find(control, session, &seat, &kind);
    if (live == NULL)
        return;
    device_media_close(live, seat, kind);
    live->seats[seat].connected = device_media_any(live, seat);
    if (device_media_any(live, seat))
        return;
    struct actor actor = {.role = ROLE_DEVICE,
                          .authentication = AUTHENTICATION_BEARER,
                          .person = live->now.seats[seat].person,
                          .institution = live->now.institution};
    struct pending_input pending = {.input = control_input(CONSULTATION_EVENT_SEAT_LEAVE, &actor)};
    pending.input.seat = seat;
    control_submit(live, &pending);
}

void device_lost(struct live_consultation *live, int seat)
{
    visitor_lost(live, seat);
}
