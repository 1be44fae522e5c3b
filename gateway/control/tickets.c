/* One-time tickets, and ending whoever came in with one: signed out, or bound to a link that was replaced. */
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/control/control_state.h"
#include "gateway/words/words.h"

void control_issue_ticket(struct control *control, const struct visit_identity *identity,
                          struct token *ret_ticket)
{
    assert_on_thread(&control->owner);
    /* One identity lives for one ticket; the ring outlasts every ticket (30 s) because both have the same bound. */
    struct ticket_identity *place = &control->ticket_identities[control->ticket_next];
    control->ticket_next = (control->ticket_next + 1) % CONTROL_TICKETS_MAX;
    if (place->used)
        ticket_revoke(control->tickets, &place->key);
    *place = (struct ticket_identity){.key = id_new('n'), .identity = *identity, .used = true};
    ticket_issue(control->tickets, &place->key, clock_monotonic_us(), ret_ticket);
}

const struct visit_identity *control_ticket_identity(struct control *control, const char *ticket)
{
    struct id key;
    if (!result_ok(ticket_redeem(control->tickets, ticket, clock_monotonic_us(), &key)))
        return NULL;
    for (unsigned i = 0; i < CONTROL_TICKETS_MAX; i++)
        if (control->ticket_identities[i].used &&
            id_equal(&control->ticket_identities[i].key, &key)) {
            control->ticket_identities[i].used = false;
            return &control->ticket_identities[i].identity;
        }
    return NULL;
}

typedef bool identity_match(const struct visit_identity *identity, const void *wanted);

static void control_end_session(struct control *control, const struct visitor *visitor,
                                const struct words *words)
{
    struct message_goodbye goodbye = {.resume = false};
    int language = signaling_session_language(control->signaling, visitor->session);
    (void)!text_copy(goodbye.code, sizeof(goodbye.code), words->code);
    (void)!text_copy(goodbye.text, sizeof(goodbye.text), words->what[language]);
    signaling_session_end(control->signaling, visitor->session, &goodbye);
}

/* Tickets first: a page that loses its socket comes back with one at once. */
static void control_end_matching(struct control *control, identity_match *match, const void *wanted,
                                 const char *code)
{
    for (unsigned i = 0; i < CONTROL_TICKETS_MAX; i++) {
        struct ticket_identity *ticket = &control->ticket_identities[i];
        if (!ticket->used || !match(&ticket->identity, wanted))
            continue;
        ticket_revoke(control->tickets, &ticket->key);
        ticket->used = false;
    }
    if (control->signaling == NULL)
        return;
    LIST_FOR_EACH(&control->visitors, link)
    {
        struct visitor *visitor = CONTAINER_OF(link, struct visitor, link);
        if (match(&visitor->identity, wanted))
            control_end_session(control, visitor, words_for(code));
    }
}

static bool identity_of_session(const struct visit_identity *identity, const void *session)
{
    return id_equal(&identity->actor.session, session);
}

void control_sign_out(struct control *control, const struct id *session)
{
    assert_on_thread(&control->owner);
    control_end_matching(control, identity_of_session, session, "signed_out");
}

struct other_devices {
    const struct id *consultation, *kept;
};

static bool identity_of_other_device(const struct visit_identity *identity, const void *wanted)
{
    const struct other_devices *others = wanted;
    return id_equal(&identity->consultation, others->consultation) &&
           !role_is_guest(identity->actor.role) && !id_equal(&identity->device, others->kept);
}

void control_end_devices(struct control *control, const struct id *consultation,
                         const struct id *kept)
{
    const struct other_devices others = {consultation, kept};
    control_end_matching(control, identity_of_other_device, &others, "invitation_expired");
}
