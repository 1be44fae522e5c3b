/* The endpoints of devices and the routes into players. */
#include "gateway/control/devices.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/control/control_state.h"

#define CANDIDATES_MAX 16

/* ---- sessions -------------------------------------------------------------------------------------------------- */

bool device_media_any(const struct live_consultation *live, int seat)
{
    return live->seats[seat].devices[WHIP_PUBLISH] != NULL ||
           live->seats[seat].devices[WHIP_PLAY] != NULL;
}

struct live_consultation *device_media_find(struct control *control, const struct id *session,
                                            int *ret_seat, enum whip_kind *ret_kind)
{
    LIST_FOR_EACH(&control->live, link)
    {
        struct live_consultation *live = CONTAINER_OF(link, struct live_consultation, link);
        for (int i = 0; i < SEATS_MAX * DEVICE_KINDS; i++) {
            const struct device_session *device =
                live->seats[i / DEVICE_KINDS].devices[i % DEVICE_KINDS];
            if (device == NULL || !id_equal(&device->id, session))
                continue;
            *ret_seat = i / DEVICE_KINDS;
            *ret_kind = (enum whip_kind)(i % DEVICE_KINDS);
            return live;
        }
    }
    return NULL;
}

static enum result device_command(struct live_consultation *live,
                                  const struct device_session *device, const struct media_ice *ice)
{
    struct media *media = live->control->rooms.media;
    struct media_command command = {.kind = MEDIA_COMMAND_ENDPOINT_OPEN,
                                    .endpoint = device->endpoint};
    command.open.consultation = live->now.id;
    command.open.ice = *ice;
    memcpy(command.open.cname, device->offer.cname, sizeof(command.open.cname));
    memcpy(command.open.slots, device->offer.slots, sizeof(device->offer.slots));
    command.open.slots_count = device->offer.slots_count;
    enum result result = media_command_send(media, &command);
    if (!result_ok(result))
        return result;
    device_offer_remote(&device->offer, &command);
    command.endpoint = device->endpoint;
    return media_command_send(media, &command);
}

static enum result device_begin(struct live_consultation *live, struct device_session *device,
                                char *ret_text, size_t size)
{
    struct media *media = live->control->rooms.media;
    struct media_candidate candidates[CANDIDATES_MAX];
    struct media_ice ice;
    enum result result = transport_reserve(live, &device->endpoint);
    if (!result_ok(result))
        return result;
    media_ice_new(media, device->endpoint, &ice);
    uint32_t count = media_candidates(media, media_endpoint_worker(media, device->endpoint),
                                      candidates, CANDIDATES_MAX);
    result = device_offer_answer(&device->offer, &ice, media_fingerprint(media), candidates, count,
                                 ret_text, size);
    if (result_ok(result))
        result = device_command(live, device, &ice);
    explicit_bzero(&ice, sizeof(ice));
    return result;
}

enum result device_media_open(struct live_consultation *live, int seat,
                              const struct device_offer *offer, int watches, char *ret_text,
                              size_t size, struct id *ret_session)
{
    enum whip_kind kind = offer->publishes ? WHIP_PUBLISH : WHIP_PLAY;
    if (!consultation_may_have_endpoint(&live->now, seat))
        return RESULT_WRONG_STATE;
    struct device_session *device = calloc(1, sizeof(*device));
    if (device == NULL)
        return RESULT_NO_MEMORY;
    device_media_close(live, seat, kind); /* the same device begins anew */
    device->id = id_new('w');
    device->offer = *offer;
    device->watches = watches;
    live->seats[seat].devices[kind] = device;
    enum result result = device_begin(live, device, ret_text, size);
    if (!result_ok(result)) {
        device_media_close(live, seat, kind);
        return result;
    }
    if (kind == WHIP_PUBLISH)
        live->seats[seat].endpoint = device->endpoint;
    *ret_session = device->id;
    transport_gates(live);
    return RESULT_OK;
}

void device_media_close(struct live_consultation *live, int seat, enum whip_kind kind)
{
    struct device_session **place = &live->seats[seat].devices[kind];
    struct device_session *device = *place;
    if (device == NULL)
        return;
    *place = NULL;
    if (handle_equal(live->seats[seat].endpoint, device->endpoint))
        transport_close(live, seat);
    else if (handle_is_set(device->endpoint))
        transport_retire(live, seat, device->endpoint);
    if (live->control->whip != NULL)
        whip_end(live->control->whip, &device->id);
    explicit_bzero(device, sizeof(*device));
    free(device);
    transport_gates(live);
}

void device_media_close_all(struct live_consultation *live, int seat)
{
    for (int kind = 0; kind < DEVICE_KINDS; kind++)
        device_media_close(live, seat, (enum whip_kind)kind);
}

void device_media_free(struct live_consultation *live)
{
    for (int seat = 0; seat < SEATS_MAX; seat++)
        for (int kind = 0; kind < DEVICE_KINDS; kind++)
            free(live->seats[seat].devices[kind]);
}

/* ---- routes into players --------------------------------------------------------------------------------------- */

/* The seats a player shows, in order: the one its token names, the other of the two, then the guests. */
static int shown_seat(const struct device_session *device, int own_seat, unsigned nth)
{
    int first = device->watches == SEAT_PATIENT ? SEAT_PATIENT : SEAT_PHYSICIAN;
    if (nth < SEAT_FIRST_GUEST)
        return nth == 0 ? first : SEAT_PATIENT + SEAT_PHYSICIAN - first;
    for (int seat = SEAT_FIRST_GUEST; seat < SEATS_MAX; seat++)
        if (seat != own_seat && --nth < SEAT_FIRST_GUEST)
            return seat;
    return -1;
}

/* The up slot of that kind: a browser's stands where we offered it, a device's where the device did. -1: it sends none. */
static int source_slot(const struct live_seat *from, enum media_kind kind)
{
    const struct device_session *device = from->devices[WHIP_PUBLISH];
    if (device == NULL)
        return kind == MEDIA_AUDIO ? SLOT_AUDIO_UP : SLOT_VIDEO_UP;
    for (uint32_t i = 0; i < device->offer.slots_count; i++)
        if (device->offer.slots[i].kind == kind)
            return (int)i;
    return -1;
}

static bool route_tell(struct live_consultation *live, enum media_command_kind kind,
                       const struct device_session *device, uint32_t slot, int from, bool open)
{
    int up = source_slot(&live->seats[from], device->offer.slots[slot].kind);
    struct media_command command = {.kind = kind, .endpoint = live->seats[from].endpoint};
    command.route.subscriber = device->endpoint;
    command.route.publisher_slot = (uint8_t)up;
    command.route.subscriber_slot = (uint8_t)slot;
    command.route.open = open;
    return up >= 0 && result_ok(media_command_send(live->control->rooms.media, &command));
}

/* A route dies with either endpoint, so one that belongs to an earlier source is simply forgotten. A command that a full
 * mailbox refused is told again by the next tick. */
static void route_settle(struct live_consultation *live, int seat, struct device_session *device,
                         uint32_t slot, int from)
{
    struct device_route *route = &device->routes[slot];
    struct handle source = from < 0 ? (struct handle){0} : live->seats[from].endpoint;
    bool sound = device->offer.slots[slot].kind == MEDIA_AUDIO;
    if (!handle_equal(route->source, source))
        *route = (struct device_route){.open = false};
    if (!handle_is_set(source))
        return;
    if (!handle_is_set(route->source)) {
        if (!route_tell(live, MEDIA_COMMAND_ROUTE_ADD, device, slot, from, false))
            return;
        route->source = source;
    }
    bool open = consultation_gate_open(&live->now, from, seat, sound ? GATE_AUDIO : GATE_VIDEO);
    if (open != route->open && route_tell(live, MEDIA_COMMAND_GATE, device, slot, from, open))
        route->open = open;
}

void device_media_gates(struct live_consultation *live)
{
    for (int seat = SEAT_FIRST_GUEST; seat < SEATS_MAX; seat++) {
        struct device_session *device = live->seats[seat].devices[WHIP_PLAY];
        unsigned nth[MEDIA_KIND_COUNT] = {0};
        for (uint32_t slot = 0; device != NULL && slot < device->offer.slots_count; slot++) {
            enum media_kind kind = device->offer.slots[slot].kind;
            route_settle(live, seat, device, slot, shown_seat(device, seat, nth[kind]++));
        }
    }
}

/* ---- events ---------------------------------------------------------------------------------------------------- */

static void device_connected(struct live_consultation *live, int seat, enum whip_kind kind,
                             const struct media_event *event)
{
    live->seats[seat].devices[kind]->connected = true;
    transport_connected(live, seat, event);
    transport_back(live, seat);
}

static void device_ended(struct live_consultation *live, int seat, enum whip_kind kind,
                         const struct media_event *event)
{
    LOG(LOG_INFO, "device.ended", log_id("consultation", &live->now.id), log_number("seat", seat),
        log_name("kind", kind == WHIP_PUBLISH ? "publish" : "play"),
        log_name("why", event->kind == MEDIA_EVENT_LOST ? "lost" : "failed"));
    if (event->kind == MEDIA_EVENT_FAILED)
        transport_failed(live, seat, event);
    device_media_close(live, seat, kind);
    live->seats[seat].connected = device_media_any(live, seat);
    if (!device_media_any(live, seat))
        device_lost(live, seat);
    view_tell_all(live);
}

/* Nobody is there who could be asked to offer again, so a session whose path failed or was lost is over: the device makes a
 * new one (RFC 9725 §4.2: consent decides). */
static void device_event(struct live_consultation *live, int seat, enum whip_kind kind,
                         const struct media_event *event)
{
    switch (event->kind) {
    case MEDIA_EVENT_CONNECTED:
        device_connected(live, seat, kind, event);
        break;
    case MEDIA_EVENT_LOST:
    case MEDIA_EVENT_FAILED:
        device_ended(live, seat, kind, event);
        break;
    default: /* flow and quality of a device are no evidence of an examination */
        break;
    }
}

bool device_media_event(struct control *control, const struct media_event *event)
{
    LIST_FOR_EACH(&control->live, link)
    {
        struct live_consultation *live = CONTAINER_OF(link, struct live_consultation, link);
        for (int i = 0; i < SEATS_MAX * DEVICE_KINDS; i++) {
            const struct device_session *device =
                live->seats[i / DEVICE_KINDS].devices[i % DEVICE_KINDS];
            if (device == NULL || !handle_equal(device->endpoint, event->endpoint))
                continue;
            device_event(live, i / DEVICE_KINDS, (enum whip_kind)(i % DEVICE_KINDS), event);
            return true;
        }
    }
    return false;
}
