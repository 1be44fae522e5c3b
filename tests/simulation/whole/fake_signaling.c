/* Sockets and sessions without a network. Checked at each message out: nobody is told of a state that is not durable. */
#include <stdlib.h>
#include <string.h>

#include "gateway/control/control_state.h"
#include "tests/simulation/whole/whole.h"

struct session {
    void *context;
    struct page *page;
};

struct signaling {
    struct sim *sim;
    struct handle_table *sessions;
    struct page *calling; /* whose hello is being answered */
};

struct signaling *fake_signaling_new(struct sim *sim)
{
    struct signaling *signaling = calloc(1, sizeof(*signaling));
    signaling->sim = sim;
    if (!result_ok(handle_table_new(256, &signaling->sessions)))
        abort();
    return signaling;
}

struct signaling *fake_signaling_free(struct signaling *signaling)
{
    uint32_t cursor = 0;
    for (void *session; (session = handle_table_next(signaling->sessions, &cursor)) != NULL;)
        free(session);
    handle_table_free(signaling->sessions);
    free(signaling);
    return NULL;
}

uint32_t fake_signaling_sessions(const struct signaling *signaling)
{
    return handle_table_count(signaling->sessions);
}

void fake_signaling_hello(struct sim *sim, struct page *page)
{
    struct token ticket;
    struct message_hello hello = {.protocol = 1, .language = "ja", .has_ticket = true};
    control_issue_ticket(sim->control, &page->identity, &ticket);
    memcpy(hello.ticket, ticket.text, sizeof(ticket.text));
    sim->signaling->calling = page;
    control_on_hello(sim->control, (struct handle){1, 1}, &hello);
    sim->signaling->calling = NULL;
    SIM_CHECK(sim, page->has_session, "a good ticket was refused");
}

enum result signaling_accept(struct signaling *signaling, struct handle socket,
                             struct message_welcome *welcome, void *context,
                             struct handle *ret_session)
{
    struct session *session = calloc(1, sizeof(*session));
    (void)socket;
    *session = (struct session){.context = context, .page = signaling->calling};
    enum result result = handle_table_add(signaling->sessions, session, ret_session);
    if (!result_ok(result)) {
        free(session);
        return result;
    }
    welcome->session = id_new('n');
    session->page->session = *ret_session;
    session->page->has_session = session->page->has_socket = true;
    session->page->joined = false;
    return RESULT_OK;
}

void signaling_refuse(struct signaling *signaling, struct handle socket,
                      const struct message_error *error)
{
    (void)socket;
    sim_fail(signaling->sim, __FILE__, __LINE__, "hello refused: %s", error->code);
}

void *signaling_session_context(const struct signaling *signaling, struct handle session)
{
    struct session *found = handle_table_get(signaling->sessions, session);
    return found == NULL ? NULL : found->context;
}

bool signaling_session_has_socket(const struct signaling *signaling, struct handle session)
{
    struct session *found = handle_table_get(signaling->sessions, session);
    return found != NULL && found->page != NULL && handle_equal(found->page->session, session) &&
           found->page->has_socket;
}

int signaling_session_language(const struct signaling *signaling, struct handle session)
{
    (void)signaling;
    return (int)(session.slot & 1);
}

static void session_forget(struct sim *sim, struct handle handle, enum session_end why)
{
    struct session *session = handle_table_get(sim->signaling->sessions, handle);
    if (session == NULL)
        return;
    struct page *page = session->page;
    if (handle_equal(page->session, handle)) {
        page->has_session = page->has_socket = page->joined = false;
        page->peer = (struct handle){0};
        page->offer_number = 0;
    }
    control_on_ended(sim->control, handle, why);
    handle_table_remove(sim->signaling->sessions, handle);
    free(session);
}

void fake_signaling_end(struct sim *sim, struct page *page, enum session_end why)
{
    session_forget(sim, page->session, why);
}

/* A session whose page went on without it, or whose socket has been gone for the whole time. */
void fake_signaling_expire(struct sim *sim, struct handle handle)
{
    const struct session *session = handle_table_get(sim->signaling->sessions, handle);
    if (session == NULL)
        return;
    const struct page *page = session->page;
    if (handle_equal(page->session, handle) && page->has_session &&
        (page->has_socket || sim->now_us - page->socket_lost_us < 180 * 1000000ll))
        return;
    sim->seen[SEEN_EXPIRED]++;
    session_forget(sim, handle, SESSION_END_EXPIRED);
}

void signaling_session_end(struct signaling *signaling, struct handle session,
                           const struct message_goodbye *goodbye)
{
    SIM_CHECK(signaling->sim, goodbye->code[0] != 0, "goodbye without a code");
    session_forget(signaling->sim, session, SESSION_END_CLOSED);
}

/* ---- messages to pages ----------------------------------------------------------------------------------------- */

static void told_consultation(struct sim *sim, const struct message_consultation *told)
{
    const struct visit *visit = sim_visit(sim, told->id.text);
    SIM_CHECK(sim, visit != NULL, "told of a consultation that is not stored");
    SIM_CHECK(sim, told->revision == visit->revision, "%s: told revision %lld, durable is %lld",
              told->id.text, (long long)told->revision, (long long)visit->revision);
    SIM_CHECK(sim, strcmp(told->state, consultation_state_name(visit->durable.state)) == 0,
              "%s: told %s, durable is %s", told->id.text, told->state,
              consultation_state_name(visit->durable.state));
    for (uint32_t i = 0; i < told->roster_count && !consultation_is_over(visit->durable.state); i++)
        SIM_CHECK(sim,
                  strcmp(told->roster[i].status,
                         seat_status_name(visit->durable.seats[told->roster[i].seat].status)) == 0,
                  "%s: roster says %s of seat %d", told->id.text, told->roster[i].status,
                  (int)told->roster[i].seat);
    sim->seen[SEEN_TOLD]++;
}

static void told_done(struct sim *sim, const struct page *page, uint32_t ref)
{
    const struct page_asked *asked = &page->asked[ref % ARRAY_LENGTH(page->asked)];
    if (asked->ref != ref || !asked->durable)
        return;
    const struct live_consultation *live = live_find(sim->control, &sim->visits[asked->visit].id);
    SIM_CHECK(sim, live == NULL || live->committing == NULL,
              "done for %u while its consultation is being written", ref);
}

/* The endpoint's name is in the user fragment that fake_media.c made. */
static struct handle offer_endpoint(struct sim *sim, const char *sdp)
{
    unsigned slot = 0, generation = 0;
    const char *at = strstr(sdp, "a=ice-ufrag:");
    SIM_CHECK(sim, at != NULL && strlen(at) > 28, "an offer without ICE");
    for (int i = 0; i < 8; i++) {
        slot = slot * 16 + (unsigned)(at[12 + i] - 'a');
        generation = generation * 16 + (unsigned)(at[20 + i] - 'a');
    }
    return (struct handle){slot, generation};
}

/* HTTP, which is where devices come in: nobody here does. */
void signaling_respond(struct signaling *signaling, struct handle request,
                       const struct http_response *response)
{
    (void)signaling, (void)request, (void)response;
    CHECK(!"a request");
}

enum result signaling_send(struct signaling *signaling, struct handle handle,
                           const struct message *message)
{
    struct sim *sim = signaling->sim;
    struct session *session = handle_table_get(signaling->sessions, handle);
    if (session == NULL)
        return RESULT_STALE;
    struct page *page = session->page;
    bool listens = handle_equal(page->session, handle);
    sim_trace(sim, message->type);
    if (message->type == MESSAGE_consultation)
        told_consultation(sim, &message->consultation);
    else if (message->type == MESSAGE_done && listens)
        told_done(sim, page, (uint32_t)message->done.ref);
    else if (message->type == MESSAGE_error)
        sim->seen[SEEN_REFUSED]++;
    else if (message->type == MESSAGE_offer && listens) {
        page->joined = true;
        page->peer = offer_endpoint(sim, message->offer.sdp);
        page->offer_number = (uint32_t)message->offer.offer;
    } else if (message->type == MESSAGE_notice && listens &&
               strcmp(message->notice.code, "replaced") == 0) {
        page->replaced_us = sim->now_us;
        page->joined = false;
        page->peer = (struct handle){0};
        page->offer_number = 0;
    }
    return RESULT_OK;
}
