/* Who is at the other end of a socket: hello, messages, going away, coming back. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/control/control_state.h"
#include "gateway/identity/authorise.h"
#include "gateway/words/words.h"

static void visitor_refuse(struct control *control, struct handle socket,
                           const struct message_hello *hello, const char *code)
{
    struct message_error error = {0};
    const struct words *words = words_for(code);
    enum language language = strcmp(hello->language, "en") == 0 ? LANGUAGE_EN : LANGUAGE_JA;
    (void)!text_copy(error.code, sizeof(error.code), code);
    (void)!text_copy(error.what, sizeof(error.what), words->what[language]);
    (void)!text_copy(error.todo, sizeof(error.todo), words->todo[language]);
    signaling_refuse(control->signaling, socket, &error);
}

static void visitor_welcome(struct control *control, const struct visitor *visitor,
                            enum language language, struct message_welcome *ret_welcome)
{
    const struct visit_identity *identity = &visitor->identity;
    const struct directory_institution *clinic =
        directory_institution(control->directory, &identity->actor.institution);
    memset(ret_welcome, 0, sizeof(*ret_welcome));
    (void)!text_copy(ret_welcome->role, sizeof(ret_welcome->role), role_name(identity->actor.role));
    ret_welcome->has_name = identity->name[0] != 0;
    (void)!text_copy(ret_welcome->name, sizeof(ret_welcome->name), identity->name);
    if (clinic != NULL) {
        (void)!text_copy(ret_welcome->institution, sizeof(ret_welcome->institution),
                         clinic->name[language]);
        (void)!text_copy(ret_welcome->telephone, sizeof(ret_welcome->telephone), clinic->telephone);
    }
    ret_welcome->resume_for = control->options.resume_us / US_PER_S;
    ret_welcome->has_consultation = id_is_set(&identity->consultation);
    ret_welcome->consultation = identity->consultation;
}

void control_on_hello(void *owner, struct handle socket, const struct message_hello *hello)
{
    struct control *control = owner;
    assert_on_thread(&control->owner);
    if (control->signaling == NULL)
        return;
    const struct visit_identity *identity =
        hello->has_ticket ? control_ticket_identity(control, hello->ticket) : NULL;
    if (identity == NULL || control->visitors_count >= CONTROL_VISITORS_MAX) {
        visitor_refuse(control, socket, hello, identity == NULL ? "ticket" : "busy");
        return;
    }
    struct live_consultation *live =
        id_is_set(&identity->consultation) ? live_find(control, &identity->consultation) : NULL;
    int guest_seat = live != NULL && role_is_guest(identity->actor.role)
                         ? live_seat_of(&live->now, &identity->actor)
                         : -1;
    if (role_is_guest(identity->actor.role) && guest_seat < 0) { /* removed, or it is over */
        visitor_refuse(control, socket, hello, "invitation_expired");
        return;
    }
    struct visitor *visitor = calloc(1, sizeof(*visitor));
    struct message_welcome welcome;
    if (visitor == NULL) {
        visitor_refuse(control, socket, hello, "internal");
        return;
    }
    visitor->identity = *identity;
    visitor->seat = -1;
    if (guest_seat >= 0)
        (void)!text_copy(visitor->identity.name, sizeof(visitor->identity.name),
                         live->seats[guest_seat].guest_name);
    visitor_welcome(control, visitor,
                    strcmp(hello->language, "en") == 0 ? LANGUAGE_EN : LANGUAGE_JA, &welcome);
    enum result result =
        signaling_accept(control->signaling, socket, &welcome, visitor, &visitor->session);
    if (!result_ok(result)) {
        free(visitor);
        return;
    }
    visitor->session_id = welcome.session;
    if (!id_is_set(
            &visitor->identity.actor
                 .session)) /* staff keep the one of their sign-in, so signing out finds them */
        visitor->identity.actor.session = welcome.session;
    list_append(&control->visitors, &visitor->link);
    control->visitors_count++;
    /* A patient who reopens the link sees where the visit stands, and is not asked again what was answered. */
    if (live != NULL)
        view_tell(live, visitor);
}

/* ---- messages -------------------------------------------------------------------------------------------------- */

/* The consultation a message names, if this visitor may do that to it; else the sender is told and NULL comes back.
 * Somebody else's consultation is "not found", so ids cannot be probed. */
static struct live_consultation *visitor_reach(struct control *control, struct visitor *visitor,
                                               uint32_t ref, const struct id *id,
                                               enum access_action action, bool event_allowed)
{
    struct live_consultation *live = live_find(control, id);
    if (live == NULL) {
        view_error(control, visitor->session, ref, "not_found", "consultation");
        return NULL;
    }
    struct access_object object = {.kind = ACCESS_KIND_CONSULTATION,
                                   .institution = live->now.institution,
                                   .consultation = live->now.id,
                                   .patient = live->now.patient,
                                   .physician = live->now.physician,
                                   .event_allowed_for_role = event_allowed,
                                   .guest_here =
                                       role_is_guest(visitor->identity.actor.role) &&
                                       live_seat_of(&live->now, &visitor->identity.actor) >= 0};
    struct access_answer answer = authorise(&visitor->identity.actor, action, &object);
    if (answer.allowed)
        return live;
    bool probing = answer.reason == ACCESS_REASON_OTHER_INSTITUTION ||
                   answer.reason == ACCESS_REASON_NOT_YOURS;
    view_error(control, visitor->session, ref, probing ? "not_found" : "wrong_role", "");
    return NULL;
}

static struct pending_input visitor_pending(const struct visitor *visitor, uint32_t ref,
                                            enum consultation_event event)
{
    return (struct pending_input){.input = control_input(event, &visitor->identity.actor),
                                  .session = visitor->session,
                                  .ref = ref};
}

/* Nobody sits there any more: the seat is away until somebody takes it again or its time is over. */
void visitor_lost(struct live_consultation *live, int seat)
{
    live->seats[seat].session = (struct handle){0};
    live->seats[seat].away = false;
    enum seat_status status = live->now.seats[seat].status;
    if (status != SEAT_WAITING && status != SEAT_PRESENT)
        return;
    struct actor actor = control_system_actor(live);
    struct pending_input pending = {.input = control_input(status == SEAT_PRESENT
                                                               ? CONSULTATION_EVENT_ENDPOINT_LOST
                                                               : CONSULTATION_EVENT_SEAT_AWAY,
                                                           &actor)};
    pending.input.seat = seat;
    control_submit(live, &pending);
}

/* The session ended while its join was being written: the seat it took would be empty for ever. */
static void visitor_gone_meanwhile(struct live_consultation *live)
{
    for (int seat = 0; seat < SEATS_MAX; seat++)
        if (live->now.seats[seat].status == SEAT_WAITING &&
            live->now.seats[seat].role != ROLE_DEVICE && !handle_is_set(live->seats[seat].session))
            visitor_lost(live, seat);
}

/* One session sits in one place: what it held elsewhere is away, with its endpoint. */
static void visitor_leaves_other(struct visitor *visitor, const struct live_consultation *live)
{
    struct live_consultation *other =
        visitor->seat < 0 ? NULL : live_find(live->control, &visitor->joined);
    int seat = visitor->seat;
    if (other == NULL || other == live ||
        !handle_equal(other->seats[seat].session, visitor->session))
        return;
    visitor->seat = -1;
    visitor->joined = (struct id){{0}};
    visitor_lost(other, seat);
}

/* The seat is this session's from now on; whoever held it in another window is told. Runs before the effects of the
 * step, so that the offer goes to the one who sat down. */
void visitor_sit(struct live_consultation *live, struct handle session)
{
    struct control *control = live->control;
    struct visitor *visitor = signaling_session_context(control->signaling, session);
    if (visitor == NULL) {
        visitor_gone_meanwhile(live);
        return;
    }
    int seat = live_seat_of(&live->now, &visitor->identity.actor);
    if (seat < 0)
        return;
    struct live_seat *place = &live->seats[seat];
    struct visitor *before = live_visitor(live, seat);
    visitor_leaves_other(visitor, live);
    if (before != NULL && before != visitor) {
        view_notice(control, before->session, "replaced");
        before->seat = -1;
        before->joined = (struct id){{0}};
    }
    if (before != visitor &&
        handle_is_set(place->endpoint)) /* a reloaded page has no PeerConnection any more */
        transport_close(live, seat);
    visitor->joined = live->now.id;
    visitor->seat = seat;
    visitor->held = false;
    place->session = visitor->session;
    place->wants_media = visitor->wants_media;
    if (before != visitor)
        place->voice_off = place->face_off = false;
    place->away = !signaling_session_has_socket(
        control->signaling, visitor->session); /* it may have dropped meanwhile */
    place->away_since_us = clock_monotonic_us();
    control_queue_changed(control);
}

void visitor_sit_moved(struct live_consultation *live)
{
    const struct id *device = &live->now.seats[0].device;
    LIST_FOR_EACH(&live->control->visitors, link)
    {
        struct visitor *visitor = CONTAINER_OF(link, struct visitor, link);
        if (!visitor->held || !id_equal(&visitor->identity.consultation, &live->now.id) ||
            !id_equal(&visitor->identity.device, device))
            continue;
        visitor_sit(live, visitor->session);
        if (visitor->seat >= 0)
            transport_open(live, visitor->seat);
        view_tell(live, visitor);
        return;
    }
}

struct join_wait {
    struct live_consultation *live;
    struct handle session;
};

static void visitor_hold(struct live_consultation *live, struct visitor *visitor)
{
    struct pending_input pending = visitor_pending(visitor, 0, CONSULTATION_EVENT_SECOND_DEVICE);
    pending.input.device = visitor->identity.device;
    pending.session = (struct handle){0};
    visitor->held = true;
    control_submit(live, &pending);
}

static void visitor_joined(void *owner, enum result result, const struct step_result *step)
{
    struct join_wait *wait = owner;
    struct live_consultation *live = wait->live;
    struct visitor *visitor = signaling_session_context(live->control->signaling, wait->session);
    free(wait);
    if (visitor == NULL || !result_ok(result))
        return;
    if (step->verdict == STEP_REFUSE && step->refusal == STEP_REFUSAL_SEAT_TAKEN &&
        !role_is_guest(visitor->identity.actor.role)) {
        visitor_hold(live, visitor);
        return;
    }
    if (step->verdict == STEP_REFUSE)
        return;
    if (step->verdict ==
        STEP_IGNORE) { /* the same browser held the seat already: only its endpoint may be missing */
        visitor_sit(live, visitor->session);
        if (visitor->seat >= 0)
            transport_open(live, visitor->seat);
    }
    view_tell(live, visitor);
}

/* 2.5-20: before somebody sat down the visit belongs to the browser that redeemed its link first; afterwards the seat
 * knows its browser, and the step asks it. */
static bool visitor_may_sit(const struct live_consultation *live, const struct visitor *visitor)
{
    const struct visit_identity *identity = &visitor->identity;
    int seat = live_seat_of(&live->now, &identity->actor);
    if (seat < 0 || seat == SEAT_PHYSICIAN || id_is_set(&live->now.seats[seat].device))
        return true;
    const struct id *holder =
        seat == SEAT_PATIENT ? &live->holder : &live->seats[seat].guest_holder;
    return id_equal(holder, &identity->device);
}

/* Somebody whom this session is examining is not left by sitting down elsewhere (1.6-05). */
static bool visitor_is_examining(struct control *control, const struct visitor *visitor,
                                 const struct live_consultation *live)
{
    const struct live_consultation *other =
        visitor->seat < 0 ? NULL : live_find(control, &visitor->joined);
    return other != NULL && other != live && consultation_is_live(other->now.state) &&
           other->now.state != CONSULTATION_STATE_CLOSING &&
           other->now.seats[visitor->seat].status == SEAT_PRESENT;
}

static void visitor_join(struct control *control, struct visitor *visitor, uint32_t ref,
                         const struct message_join *join)
{
    struct live_consultation *live =
        visitor_reach(control, visitor, ref, &join->consultation, ACCESS_JOIN, false);
    if (live == NULL)
        return;
    if (!visitor_may_sit(live, visitor) || visitor_is_examining(control, visitor, live)) {
        bool examining = visitor_may_sit(live, visitor);
        view_error(control, visitor->session, ref, examining ? "other_patient" : "seat_taken", "");
        if (!examining && !role_is_guest(visitor->identity.actor.role))
            visitor_hold(live, visitor);
        return;
    }
    struct join_wait *wait = malloc(sizeof(*wait));
    if (wait == NULL) {
        view_error(control, visitor->session, ref, "internal", "");
        return;
    }
    *wait = (struct join_wait){live, visitor->session};
    visitor->wants_media = !join->has_media || join->media;
    struct pending_input pending = visitor_pending(visitor, ref, CONSULTATION_EVENT_SEAT_TAKE);
    pending.input.device = visitor->identity.device;
    pending.done = visitor_joined;
    pending.owner = wait;
    control_submit(live, &pending);
}

static bool act_find(const char *name, enum consultation_event *ret_event)
{
    for (int event = 0; event < CONSULTATION_EVENT_COUNT; event++)
        if (strcmp(consultation_event_name((enum consultation_event)event), name) == 0) {
            *ret_event = (enum consultation_event)event;
            return true;
        }
    return false;
}

/* A rule by its lower-case id. */
static int act_rule(const struct rule_pack *pack, const char *name)
{
    for (uint32_t i = 0; i < rule_pack_info(pack)->rules_count; i++)
        if (strcasecmp(rule_pack_rule(pack, i)->id, name) == 0)
            return (int)i;
    return -1;
}

static void visitor_act(struct control *control, struct visitor *visitor, uint32_t ref,
                        const struct message_act *act)
{
    enum consultation_event event;
    if (!act_find(act->event, &event) || event == CONSULTATION_EVENT_FACT ||
        event == CONSULTATION_EVENT_SEAT_TAKE || event == CONSULTATION_EVENT_INVITE) {
        view_error(control, visitor->session, ref, "malformed", "event");
        return;
    }
    enum access_action action = event == CONSULTATION_EVENT_REMOVE      ? ACCESS_SEAT_REMOVE
                                : event == CONSULTATION_EVENT_MOVE_SEAT ? ACCESS_SEAT_MOVE
                                                                        : ACCESS_ACT;
    struct live_consultation *live =
        visitor_reach(control, visitor, ref, &act->consultation, action,
                      consultation_event_allowed(event, visitor->identity.actor.role));
    if (live == NULL)
        return;
    if (control->draining && event == CONSULTATION_EVENT_ENTER) {
        view_error(control, visitor->session, ref, "draining", "");
        return;
    }
    struct pending_input pending = visitor_pending(visitor, ref, event);
    pending.input.seat = act->has_seat ? (int)act->seat : -1;
    pending.input.rule = act->has_rule ? act_rule(live->pack->pack, act->rule) : -1;
    pending.input.device =
        event == CONSULTATION_EVENT_MOVE_SEAT ? live->now.held_device : visitor->identity.device;
    if (act->has_code)
        (void)!text_copy(pending.input.code, sizeof(pending.input.code), act->code);
    door_system_facts(live, event, &visitor->identity.actor);
    control_submit(live, &pending);
}

static void visitor_fact(struct control *control, struct visitor *visitor, uint32_t ref,
                         const struct message_fact *fact)
{
    struct live_consultation *live =
        visitor_reach(control, visitor, ref, &fact->consultation, ACCESS_FACT, false);
    if (live == NULL)
        return;
    struct pending_input pending = visitor_pending(visitor, ref, CONSULTATION_EVENT_FACT);
    pending.input.fact_supplier = door_supplier(visitor->identity.actor.role);
    pending.reread_fact = true;
    (void)!text_copy(pending.fact_name, sizeof(pending.fact_name), fact->name);
    if (fact->has_value)
        pending.fact_scalar = fact->value;
    control_submit(live, &pending);
}

/* The seat this session sits on, for messages about its media; the sender is told when there is none. */
static struct live_consultation *visitor_seated(struct control *control, struct visitor *visitor,
                                                uint32_t ref)
{
    struct live_consultation *live =
        visitor->seat < 0 ? NULL : live_find(control, &visitor->joined);
    if (live == NULL)
        view_error(control, visitor->session, ref, "no_seat", "");
    return live;
}

static void visitor_answer(struct control *control, struct visitor *visitor, uint32_t ref,
                           const struct message_answer *answer)
{
    struct live_consultation *live = visitor_seated(control, visitor, ref);
    if (live == NULL)
        return;
    enum result result = transport_answer(live, visitor->seat, answer);
    if (result_ok(result) ||
        result == RESULT_STALE) { /* an answer that crossed a newer offer is not a mistake */
        view_done(control, visitor->session, ref);
        return;
    }
    LOG(LOG_WARNING, "media.answer_refused", log_id("consultation", &live->now.id),
        log_number("seat", visitor->seat), log_result(result));
    view_error(control, visitor->session, ref, "media_answer", "sdp");
}

/* 2.5-06: is the physician's card on the patient's screen? Measured by the page, so a system fact. */
static void visitor_report(struct control *control, struct visitor *visitor, uint32_t ref,
                           const struct message_report *report)
{
    struct live_consultation *live = visitor_seated(control, visitor, ref);
    if (live == NULL)
        return;
    if (report->has_card_visible && visitor->identity.actor.role == ROLE_PATIENT)
        door_system_fact(live, "dr_card_visible", report->card_visible);
    if (report->has_source && visitor->seat == 0)
        door_source_kind(live, report->source);
    transport_report(live, visitor->seat, report);
    struct live_seat *place = &live->seats[visitor->seat];
    bool voice_off = report->has_voice ? !report->voice : place->voice_off;
    bool face_off = report->has_face ? !report->face : place->face_off;
    if (voice_off != place->voice_off || face_off != place->face_off) {
        place->voice_off = voice_off;
        place->face_off = face_off;
        view_tell_all(live);
    }
    view_done(control, visitor->session, ref);
}

static void visitor_watch(struct control *control, struct visitor *visitor, uint32_t ref,
                          const struct message_watch *watch)
{
    struct access_object object = {.kind = ACCESS_KIND_INSTITUTION,
                                   .institution = visitor->identity.actor.institution};
    if (!authorise(&visitor->identity.actor, ACCESS_QUEUE_WATCH, &object).allowed) {
        view_error(control, visitor->session, ref, "wrong_role", "");
        return;
    }
    visitor->watching = watch->on;
    view_done(control, visitor->session, ref);
    if (watch->on)
        view_queue(control, visitor);
}

static void visitor_leave(struct control *control, struct visitor *visitor, uint32_t ref,
                          const struct message_leave *leave)
{
    struct live_consultation *live =
        visitor_reach(control, visitor, ref, &leave->consultation, ACCESS_LEAVE, false);
    if (live == NULL)
        return;
    if (!id_equal(&visitor->joined, &live->now.id) || visitor->seat < 0) {
        view_error(control, visitor->session, ref, "no_seat", "");
        return;
    }
    struct pending_input pending = visitor_pending(visitor, ref, CONSULTATION_EVENT_SEAT_LEAVE);
    pending.input.seat = visitor->seat;
    control_submit(live, &pending);
}

void control_on_message(void *owner, struct handle session, uint32_t ref,
                        const struct message *message)
{
    struct control *control = owner;
    assert_on_thread(&control->owner);
    if (control->signaling == NULL)
        return;
    struct visitor *visitor = signaling_session_context(control->signaling, session);
    if (visitor == NULL)
        return;
    switch (message->type) {
    case MESSAGE_join:
        visitor_join(control, visitor, ref, &message->join);
        break;
    case MESSAGE_leave:
        visitor_leave(control, visitor, ref, &message->leave);
        break;
    case MESSAGE_act:
        visitor_act(control, visitor, ref, &message->act);
        break;
    case MESSAGE_fact:
        visitor_fact(control, visitor, ref, &message->fact);
        break;
    case MESSAGE_answer:
        visitor_answer(control, visitor, ref, &message->answer);
        break;
    case MESSAGE_candidate: /* ICE-lite: checks tell where the browser is; a hint is never resolved */
        view_done(control, visitor->session, ref);
        break;
    case MESSAGE_restart: {
        struct live_consultation *live = visitor_seated(control, visitor, ref);
        if (live != NULL) {
            transport_restart(live, visitor->seat);
            view_done(control, visitor->session, ref);
        }
        break;
    }
    case MESSAGE_write:
        writing_message(visitor_seated(control, visitor, ref), visitor, ref, &message->write);
        break;
    case MESSAGE_watch:
        visitor_watch(control, visitor, ref, &message->watch);
        break;
    case MESSAGE_report:
        visitor_report(control, visitor, ref, &message->report);
        break;
    default: /* bye is the session's business; hello and OUT messages never come here */
        break;
    }
}

/* ---- away and back --------------------------------------------------------------------------------------------- */

void control_on_away(void *owner, struct handle session)
{
    struct control *control = owner;
    assert_on_thread(&control->owner);
    if (control->signaling == NULL)
        return;
    struct visitor *visitor = signaling_session_context(control->signaling, session);
    struct live_consultation *live =
        visitor == NULL || visitor->seat < 0 ? NULL : live_find(control, &visitor->joined);
    if (live == NULL)
        return;
    live->seats[visitor->seat].away = true;
    live->seats[visitor->seat].away_since_us = clock_monotonic_us();
    control_queue_changed(control);
}

void control_on_resumed(void *owner, struct handle session)
{
    struct control *control = owner;
    assert_on_thread(&control->owner);
    if (control->signaling == NULL)
        return;
    struct visitor *visitor = signaling_session_context(control->signaling, session);
    if (visitor == NULL)
        return;
    struct live_consultation *live =
        visitor->seat < 0 ? NULL : live_find(control, &visitor->joined);
    if (live != NULL) {
        live->seats[visitor->seat].away = false;
        enum seat_status status = live->now.seats[visitor->seat].status;
        if (status == SEAT_AWAY) { /* its endpoint went with the seat: sit down again */
            struct message_join join = {
                .consultation = live->now.id, .has_media = true, .media = visitor->wants_media};
            visitor_join(control, visitor, 0, &join);
        }
        view_tell(live, visitor);
    }
    if (visitor->watching)
        view_queue(control, visitor);
    control_queue_changed(control);
}

void control_on_ended(void *owner, struct handle session, enum session_end why)
{
    struct control *control = owner;
    assert_on_thread(&control->owner);
    if (control->signaling == NULL)
        return;
    struct visitor *visitor = signaling_session_context(control->signaling, session);
    if (visitor == NULL)
        return;
    struct live_consultation *live =
        visitor->seat < 0 ? NULL : live_find(control, &visitor->joined);
    int seat = visitor->seat;
    bool holds = live != NULL && handle_equal(live->seats[seat].session, session);
    LOG(LOG_INFO, "session.ended", log_id("session", &visitor->session_id), log_number("why", why));
    list_remove(&visitor->link);
    control->visitors_count--;
    free(visitor);
    if (holds)
        visitor_lost(live, seat);
    control_queue_changed(control);
}
