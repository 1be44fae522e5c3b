/* Endpoints and offers of the seats; their routes are transport_routes.c. A seat may have an endpoint only while consultation_may_have_endpoint()
 * says so (P3). */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/control/control_state.h"
#include "gateway/control/ice_servers.h"
#include "gateway/control/devices.h"

#define OFFER_TEXT_SIZE 32768 /* of the message field */
#define CANDIDATES_MAX  16

/* Sends a command; a full mailbox is rare and loud, and the tick derives gates anew, so nothing stays wrong. */
bool transport_command(struct live_consultation *live, const struct media_command *command)
{
    enum result result = media_command_send(live->control->rooms.media, command);
    if (!result_ok(result))
        LOG(LOG_ERROR, "media.command_lost", log_id("consultation", &live->now.id),
            log_number("kind", command->kind), log_result(result));
    return result_ok(result);
}

void transport_send_offer(struct live_consultation *live, int seat, bool fresh)
{
    struct control *control = live->control;
    struct live_seat *place = &live->seats[seat];
    struct media_candidate candidates[CANDIDATES_MAX];
    if (!handle_is_set(place->session) || !handle_is_set(place->endpoint))
        return;
    uint32_t count = media_candidates(control->rooms.media,
                                      media_endpoint_worker(control->rooms.media, place->endpoint),
                                      candidates, CANDIDATES_MAX);
    char *text = malloc(OFFER_TEXT_SIZE);
    if (text == NULL ||
        !result_ok(negotiation_write(&place->offer, media_fingerprint(control->rooms.media),
                                     candidates, count, text, OFFER_TEXT_SIZE))) {
        view_error(control, place->session, 0, "internal", "");
        free(text);
        return;
    }
    struct message *message = control->scratch;
    memset(message, 0, sizeof(*message));
    message->type = MESSAGE_offer;
    message->offer.consultation = live->now.id;
    message->offer.offer = ++place->offer_number;
    message->offer.sdp = text;
    message->offer.fresh = fresh;
    for (unsigned i = 0; i < place->offer.slots_count; i++) {
        struct message_track *track = &message->offer.tracks[message->offer.tracks_count++];
        const struct media_slot *slot = &place->offer.slots[i];
        const struct negotiation_use *use = &place->offer.uses[i];
        (void)!text_copy(track->mid, sizeof(track->mid), slot->mid);
        (void)!text_copy(track->kind, sizeof(track->kind),
                         slot->kind == MEDIA_AUDIO ? "audio" : "video");
        (void)!text_copy(track->direction, sizeof(track->direction), slot->up ? "up" : "down");
        track->has_screen = track->screen = use->track == TRACK_SCREEN;
        track->has_seat = !slot->up && !track->screen; /* whose screen it is: the roster */
        track->seat = transport_seat_of_line(seat, use->line);
    }
    ice_servers_fill(&control->options.turn, clock_wall_us(), &message->offer);
    place->answered = false;
    view_send(control, place->session);
    free(text);
}

enum result transport_reserve(struct live_consultation *live, struct handle *ret_endpoint)
{
    struct media *media = live->control->rooms.media;
    if (!live->has_worker) {
        enum result result = media_place(media, &live->worker);
        if (!result_ok(result))
            return result;
        live->has_worker = true;
    }
    return media_endpoint_reserve(media, live->worker, ret_endpoint);
}

/* `again`: no news, so a refusal is not told once more. */
static void transport_try(struct live_consultation *live, int seat, bool again)
{
    struct control *control = live->control;
    struct live_seat *place = &live->seats[seat];
    place->open_refused = false;
    if (handle_is_set(place->endpoint) || !place->wants_media ||
        !consultation_may_have_endpoint(&live->now, seat))
        return;
    enum result result = transport_reserve(live, &place->endpoint);
    if (!result_ok(result)) {
        /* Told once; the tick tries until there is room. */
        place->open_refused = true;
        if (again)
            return;
        LOG(LOG_WARNING, "media.no_endpoint", log_id("consultation", &live->now.id),
            log_result(result));
        if (handle_is_set(place->session))
            view_error(control, place->session, 0, "media_full", "");
        return;
    }
    struct media_ice ice;
    media_ice_new(control->rooms.media, place->endpoint, &ice);
    sending_reset(live, seat);
    negotiation_offer_init(&ice, &place->offer);
    struct media_command command = {.kind = MEDIA_COMMAND_ENDPOINT_OPEN,
                                    .endpoint = place->endpoint};
    command.open.consultation = live->now.id;
    command.open.ice = place->offer.ice;
    memcpy(command.open.cname, place->offer.cname, sizeof(command.open.cname));
    live->wide = live->wide || seat >= SEAT_FIRST_GUEST;
    transport_add_lines(live, seat);
    memcpy(command.open.slots, place->offer.slots, sizeof(place->offer.slots));
    command.open.slots_count = place->slots_told = place->offer.slots_count;
    place->diagnosis =
        (struct diagnosis){.has_step = false}; /* `told` stays: the same cause again is no news */
    place->connected = place->was_connected = place->answered = false;
    if (!transport_command(live, &command)) {
        transport_close(live, seat); /* gives the handle back */
        place->open_refused = true;
        return;
    }
    transport_send_offer(live, seat, true);
    transport_gates(live);
}

void transport_open(struct live_consultation *live, int seat)
{
    transport_try(live, seat, false);
}

static bool transport_tell_close(struct live_consultation *live, struct handle endpoint)
{
    struct media_command command = {.kind = MEDIA_COMMAND_ENDPOINT_CLOSE, .endpoint = endpoint};
    return transport_command(live, &command);
}

void transport_retire(struct live_consultation *live, int seat, struct handle endpoint)
{
    bool told = transport_tell_close(live, endpoint);
    /* Routes die with the endpoint; DRAINED brings the evidence that its keys are gone. */
    if (live->closing_count < LIVE_CLOSING_MAX) {
        live->closing[live->closing_count].endpoint = endpoint;
        live->closing[live->closing_count].told = told;
        live->closing[live->closing_count++].seat = seat;
    }
}

void transport_close(struct live_consultation *live, int seat)
{
    struct live_seat *place = &live->seats[seat];
    if (!handle_is_set(place->endpoint))
        return;
    transport_retire(live, seat, place->endpoint);
    place->endpoint = (struct handle){0};
    place->connected = false;
    transport_forget_routes(live, seat);
    sending_reset(live, seat);
    if (seat < SEAT_FIRST_GUEST) {
        live->arriving[seat == 0 ? TRACK_PATIENT_AUDIO : TRACK_PHYSICIAN_AUDIO] = false;
        live->arriving[seat == 0 ? TRACK_PATIENT_VIDEO : TRACK_PHYSICIAN_VIDEO] = false;
        evidence_endpoint_lost(&live->evidence, seat == 0, clock_monotonic_us());
    }
}

void transport_tick(struct live_consultation *live)
{
    for (uint32_t i = 0; i < live->closing_count; i++)
        if (!live->closing[i].told)
            live->closing[i].told = transport_tell_close(live, live->closing[i].endpoint);
    for (int seat = 0; seat < SEATS_MAX; seat++)
        if (live->seats[seat].open_refused)
            transport_try(live, seat, true);
    transport_gates(live);
    sending_update(live);
}

void transport_restart(struct live_consultation *live, int seat)
{
    struct live_seat *place = &live->seats[seat];
    if (!handle_is_set(place->endpoint)) {
        transport_open(live, seat);
        return;
    }
    if (!place->was_connected) { /* nothing to keep: begin anew */
        transport_close(live, seat);
        transport_open(live, seat);
        return;
    }
    struct media_ice ice;
    media_ice_new(live->control->rooms.media, place->endpoint, &ice);
    negotiation_offer_restart(&place->offer, &ice);
    struct media_command command = {
        .kind = MEDIA_COMMAND_ENDPOINT_ICE, .endpoint = place->endpoint, .ice = place->offer.ice};
    if (transport_command(live, &command))
        transport_send_offer(live, seat, false);
}

enum result transport_answer(struct live_consultation *live, int seat,
                             const struct message_answer *answer)
{
    struct live_seat *place = &live->seats[seat];
    if (!handle_is_set(place->endpoint) || answer->offer != place->offer_number || place->answered)
        return RESULT_STALE;
    struct media_command command;
    enum result result =
        negotiation_read_answer(&place->offer, answer->sdp, strlen(answer->sdp), &command);
    if (!result_ok(result))
        return result;
    command.endpoint = place->endpoint;
    place->answered = transport_command(live, &command);
    return place->answered ? RESULT_OK : RESULT_FULL;
}

struct transport_place {
    struct live_consultation *live;
    int seat;
};

static struct transport_place transport_find(struct control *control, struct handle endpoint)
{
    LIST_FOR_EACH(&control->live, link)
    {
        struct live_consultation *live = CONTAINER_OF(link, struct live_consultation, link);
        for (int seat = 0; seat < SEATS_MAX; seat++)
            if (handle_is_set(endpoint) && handle_equal(live->seats[seat].endpoint, endpoint))
                return (struct transport_place){live, seat};
    }
    return (struct transport_place){NULL, -1};
}

static struct audit_draft transport_draft(const struct live_consultation *live, int seat,
                                          enum audit_act act)
{
    struct audit_draft draft = {.act = act,
                                .outcome = AUDIT_OK,
                                .actor = control_system_actor(live),
                                .object_kind = "consult",
                                .object = live->now.id};
    draft.extra[draft.extra_count++] = (struct audit_extra){.key = "seat", .number = seat};
    return draft;
}

static void transport_extra(struct audit_draft *draft, const char *key, const char *text)
{
    struct audit_extra *extra = &draft->extra[draft->extra_count++];
    *extra = (struct audit_extra){.key = key, .is_text = true};
    (void)!text_copy(extra->text, sizeof(extra->text), text);
}

void transport_connected(struct live_consultation *live, int seat, const struct media_event *event)
{
    static const char *const paths[MEDIA_PATH_COUNT] = {"none", "udp4", "udp6",
                                                        "tcp4", "tcp6", "relay"};
    struct live_seat *place = &live->seats[seat];
    place->connected = place->was_connected = true;
    place->diagnosis = (struct diagnosis){.has_step = false};
    place->told = NULL;
    struct audit_draft draft = transport_draft(live, seat, AUDIT_ACT_MEDIA_CONNECTED);
    transport_extra(&draft, "srtp", event->connected.srtp_profile);
    transport_extra(&draft, "path", paths[event->connected.path]);
    control_record(live, &draft);
    LOG(LOG_INFO, "media.connected", log_id("consultation", &live->now.id),
        log_number("seat", seat), log_name("srtp", event->connected.srtp_profile),
        log_name("path", paths[event->connected.path]));
    view_tell_all(live);
    control_queue_changed(live->control);
}

void transport_back(struct live_consultation *live, int seat)
{
    live->seats[seat].connected = true;
    if (live->now.seats[seat].was_present && live->now.seats[seat].status != SEAT_PRESENT) {
        struct actor actor = control_system_actor(live);
        struct pending_input pending = {
            .input = control_input(CONSULTATION_EVENT_ENDPOINT_BACK, &actor)};
        pending.input.seat = seat;
        control_submit(live, &pending);
    }
}

/* Says why nothing connects, once for each cause: to the person in words, to the log in codes. */
static void transport_tell_trouble(struct live_consultation *live, int seat)
{
    struct live_seat *place = &live->seats[seat];
    const char *code = diagnosis_code(&place->diagnosis);
    if (code == NULL || (place->told != NULL && strcmp(place->told, code) == 0))
        return;
    place->told = code;
    LOG(LOG_WARNING, "media.diagnosis", log_id("consultation", &live->now.id),
        log_number("seat", seat), log_name("code", code),
        log_name("step",
                 place->diagnosis.has_step ? diagnosis_step_name(place->diagnosis.step) : "none"),
        log_name("udp", diagnosis_checks_name(place->diagnosis.udp)),
        log_name("tcp", diagnosis_checks_name(place->diagnosis.tcp)),
        log_name("relay", diagnosis_checks_name(place->diagnosis.relay)));
    if (handle_is_set(place->session))
        view_error(live->control, place->session, 0, code, "");
}

void transport_report(struct live_consultation *live, int seat, const struct message_report *report)
{
    struct live_seat *place = &live->seats[seat];
    if (place->connected || !handle_is_set(place->endpoint) ||
        (!report->has_udp && !report->has_tcp && !report->has_relay))
        return;
    place->diagnosis.udp = report->has_udp ? diagnosis_checks_from(report->udp) : DIAGNOSIS_UNTOLD;
    place->diagnosis.tcp = report->has_tcp ? diagnosis_checks_from(report->tcp) : DIAGNOSIS_UNTOLD;
    place->diagnosis.relay =
        report->has_relay ? diagnosis_checks_from(report->relay) : DIAGNOSIS_UNTOLD;
    transport_tell_trouble(live, seat);
}

void transport_failed(struct live_consultation *live, int seat, const struct media_event *event)
{
    struct live_seat *place = &live->seats[seat];
    place->connected = false;
    LOG(LOG_WARNING, "media.failed", log_id("consultation", &live->now.id),
        log_number("seat", seat), log_name("step", diagnosis_step_name(event->failed.step)),
        log_result(event->failed.result));
    if (event->failed.step == MEDIA_STEP_FINGERPRINT) {
        struct audit_draft draft =
            transport_draft(live, seat, AUDIT_ACT_MEDIA_FINGERPRINT_MISMATCH);
        draft.outcome = AUDIT_DENY;
        control_record(live, &draft);
    }
    place->diagnosis.has_step = true;
    place->diagnosis.step = event->failed.step;
    transport_tell_trouble(live, seat);
    view_tell_all(live);
}

static void transport_flow(struct live_consultation *live, int seat,
                           const struct media_event *event)
{
    /* Tracks of the two who are examined and examine; guests and screens are no evidence. */
    if (seat >= SEAT_FIRST_GUEST || event->flow.slot > SLOT_VIDEO_UP)
        return;
    enum track track = (enum track)((seat == 0 ? TRACK_PATIENT_AUDIO : TRACK_PHYSICIAN_AUDIO) +
                                    (event->flow.kind == MEDIA_VIDEO));
    live->arriving[track] = event->flow.live;
    sending_evidence(live, seat, event->flow.kind, event->at_us, event->flow.gap_us);
    view_tell_media(live);
}

static void transport_stats(struct live_consultation *live, int seat,
                            const struct media_event *event)
{
    struct live_seat *place = &live->seats[seat];
    place->rtt_us = event->stats.rtt_us;
    place->loss_permille = event->stats.loss_up_permille > event->stats.loss_down_permille
                               ? event->stats.loss_up_permille
                               : event->stats.loss_down_permille;
    line_uplink(&place->line, event->stats.loss_up_permille, event->at_us);
    sending_update(live);
    view_tell_media(live);
}

/* Keys are gone: the record that every removal needs (security-reliability §7.5 step 9). */
static void transport_drained(struct control *control, const struct media_event *event)
{
    LIST_FOR_EACH(&control->live, link)
    {
        struct live_consultation *live = CONTAINER_OF(link, struct live_consultation, link);
        for (uint32_t i = 0; i < live->closing_count; i++) {
            if (!handle_equal(live->closing[i].endpoint, event->endpoint))
                continue;
            struct audit_draft draft =
                transport_draft(live, live->closing[i].seat, AUDIT_ACT_MEDIA_KEYS_DESTROYED);
            draft.extra[draft.extra_count++] = (struct audit_extra){
                .key = "forwarded", .number = (int64_t)event->drained.forwarded};
            draft.extra[draft.extra_count++] =
                (struct audit_extra){.key = "gated", .number = (int64_t)event->drained.gated};
            control_record(live, &draft);
            live->closing[i] = live->closing[--live->closing_count];
            return;
        }
    }
}

void transport_event(struct control *control, const struct media_event *event)
{
    if (event->kind == MEDIA_EVENT_DRAINED) {
        transport_drained(control, event);
        return;
    }
    if (device_media_event(control, event))
        return;
    struct transport_place place = transport_find(control, event->endpoint);
    if (place.live == NULL) /* closed meanwhile */
        return;
    switch (event->kind) {
    case MEDIA_EVENT_CONNECTED:
        transport_connected(place.live, place.seat, event);
        transport_back(place.live, place.seat);
        break;
    case MEDIA_EVENT_BACK:
        transport_back(place.live, place.seat);
        view_tell_all(place.live);
        break;
    case MEDIA_EVENT_FAILED:
        transport_failed(place.live, place.seat, event);
        break;
    case MEDIA_EVENT_LOST:
        place.live->seats[place.seat].connected = false;
        view_tell_all(place.live);
        break;
    case MEDIA_EVENT_FLOW:
        transport_flow(place.live, place.seat, event);
        break;
    case MEDIA_EVENT_STATS:
        transport_stats(place.live, place.seat, event);
        break;
    case MEDIA_EVENT_LADDER:
        sending_ladder(place.live, place.seat, event);
        break;
    case MEDIA_EVENT_DRAINED:
        break;
    }
}
