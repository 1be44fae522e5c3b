/* Which m-line of one seat feeds which of another. Every seat hears and sees the others on lines that never change: the
 * lower seats first, its own left out. So a person who comes or goes changes the roster and no description; a re-offer
 * is due only when m-lines are missing: once for the first guest, once for the first screen (media-anchors §6.3).
 * A route's gate is what consultation_gate_open() says, told to the worker on every change (P1). */
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/control/control_state.h"
#include "gateway/control/devices.h"

_Static_assert(SEATS_MAX - 1 == NEGOTIATION_PEOPLE_MAX, "a line for each of the others");

static uint8_t line_of_seat(int to, int from)
{
    return (uint8_t)(from < to ? from : from - 1);
}

int transport_seat_of_line(int to, int line)
{
    return line < to ? line : line + 1;
}

static int screen_seat(const struct live_consultation *live)
{
    for (int seat = 0; seat < SEATS_MAX; seat++)
        if (live->now.seats[seat].sharing)
            return seat;
    return -1;
}

bool transport_add_lines(struct live_consultation *live, int seat)
{
    struct negotiation_offer *offer = &live->seats[seat].offer;
    int screen = screen_seat(live);
    bool added = live->wide && negotiation_offer_widen(offer);
    if (screen >= 0)
        added |= negotiation_offer_add(offer, TRACK_SCREEN, screen == seat, 0);
    return added;
}

static const struct device_session *publishing_device(const struct live_seat *place)
{
    return place->devices[WHIP_PUBLISH];
}

/* Tells worker and browser about m-lines that were missing; what a full mailbox refused is told by the next tick. */
static void transport_grow(struct live_consultation *live, int seat)
{
    struct live_seat *place = &live->seats[seat];
    if (transport_add_lines(live, seat))
        negotiation_offer_again(&place->offer);
    if (place->slots_told == place->offer.slots_count)
        return;
    struct media_command command = {.kind = MEDIA_COMMAND_ENDPOINT_SLOTS,
                                    .endpoint = place->endpoint};
    memcpy(command.slots.slots, place->offer.slots, sizeof(place->offer.slots));
    command.slots.slots_count = place->offer.slots_count;
    if (!transport_command(live, &command))
        return;
    place->slots_told = place->offer.slots_count;
    transport_send_offer(live, seat, false);
}

/* A device offered its own m-lines, in whatever order. */
static int device_slot(const struct device_session *device, enum negotiation_track track, bool up)
{
    enum media_kind kind = track == TRACK_AUDIO ? MEDIA_AUDIO : MEDIA_VIDEO;
    for (uint32_t i = 0; up && track != TRACK_SCREEN && i < device->offer.slots_count; i++)
        if (device->offer.slots[i].kind == kind)
            return (int)i;
    return -1;
}

/* Index of an m-line the worker knows, or -1. */
static int told_slot(const struct live_seat *place, enum negotiation_track track, bool up,
                     uint8_t line)
{
    if (publishing_device(place) != NULL)
        return device_slot(publishing_device(place), track, up);
    int slot = negotiation_offer_find(&place->offer, track, up, line);
    return slot < place->slots_told ? slot : -1;
}

static bool gate_is_open(const struct live_consultation *live, int from, int to,
                         enum negotiation_track track)
{
    static const enum gate_kind kinds[NEGOTIATION_TRACKS] = {GATE_AUDIO, GATE_VIDEO, GATE_SCREEN};
    return consultation_gate_open(&live->now, from, to, kinds[track]);
}

/* There is one screen line down, so a route of somebody who stopped makes room for the next. */
static bool is_routed(const struct live_consultation *live, int from, enum negotiation_track track)
{
    return track != TRACK_SCREEN || live->now.seats[from].sharing;
}

static void transport_pair(struct live_consultation *live, int from, int to,
                           enum negotiation_track track)
{
    uint8_t line = track == TRACK_SCREEN ? 0 : line_of_seat(to, from);
    int up = told_slot(&live->seats[from], track, true, 0);
    int down = told_slot(&live->seats[to], track, false, line);
    bool *routed = &live->routed[from][to][track], *gate = &live->gates[from][to][track];
    if (up < 0 || down < 0)
        return;
    struct media_command command = {.endpoint = live->seats[from].endpoint};
    command.route.subscriber = live->seats[to].endpoint;
    command.route.publisher_slot = (uint8_t)up;
    command.route.subscriber_slot = (uint8_t)down;
    bool wanted = is_routed(live, from, track);
    if (wanted != *routed) {
        command.kind = wanted ? MEDIA_COMMAND_ROUTE_ADD : MEDIA_COMMAND_ROUTE_REMOVE;
        if (!transport_command(live, &command))
            return;
        *routed = wanted;
        *gate = false; /* a new route is closed, a removed one is none */
    }
    bool open = gate_is_open(live, from, to, track);
    if (!wanted || open == *gate)
        return;
    command.kind = MEDIA_COMMAND_GATE;
    command.route.open = open;
    if (transport_command(live, &command))
        *gate = open;
}

void transport_forget_routes(struct live_consultation *live, int seat)
{
    for (int other = 0; other < SEATS_MAX; other++) {
        memset(live->routed[seat][other], 0, sizeof(live->routed[seat][other]));
        memset(live->routed[other][seat], 0, sizeof(live->routed[other][seat]));
        memset(live->gates[seat][other], 0, sizeof(live->gates[seat][other]));
        memset(live->gates[other][seat], 0, sizeof(live->gates[other][seat]));
    }
}

/* Closed and removed before anything opens: somebody who leaves is not heard any more, and the one screen line is free
 * for the next. */
static void transport_pairs(struct live_consultation *live, bool opening)
{
    for (int from = 0; from < SEATS_MAX; from++)
        for (int to = 0; to < SEATS_MAX; to++) {
            if (from == to || !handle_is_set(live->seats[from].endpoint) ||
                !handle_is_set(live->seats[to].endpoint))
                continue;
            for (enum negotiation_track track = 0; track < NEGOTIATION_TRACKS; track++)
                if (gate_is_open(live, from, to, track) == opening)
                    transport_pair(live, from, to, track);
        }
}

static bool any_gate_told(const struct live_consultation *live)
{
    for (int from = 0; from < SEATS_MAX; from++)
        for (int to = 0; to < SEATS_MAX; to++)
            if (live->gates[from][to][TRACK_AUDIO] || live->gates[from][to][TRACK_VIDEO])
                return true;
    return false;
}

void transport_gates(struct live_consultation *live)
{
    transport_pairs(live, false);
    for (int seat = SEAT_FIRST_GUEST; seat < SEATS_MAX; seat++)
        live->wide = live->wide || handle_is_set(live->seats[seat].endpoint);
    for (int seat = 0; seat < SEATS_MAX; seat++)
        if (handle_is_set(live->seats[seat].endpoint) &&
            publishing_device(&live->seats[seat]) == NULL)
            transport_grow(live, seat);
    transport_pairs(live, true);
    device_media_gates(live);
    /* Gaps count from admission to the end of the examination, also while an endpoint is away. */
    enum consultation_state state = live->now.state;
    bool watching = any_gate_told(live) ||
                    (state == CONSULTATION_STATE_RECONNECTING && live->evidence.watching);
    evidence_watch(&live->evidence, watching, clock_monotonic_us());
}
