/* The media plane by its contract (media.h): endpoints, routes, gate bits, carried out a little after they were
 * commanded, in order. Packets are counted, not made. Checked at each command: no gate opens and no endpoint is built
 * that the durable state does not allow; at each packet and twenty times a second: what is open is what may be open. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/control/control_state.h"
#include "tests/simulation/whole/whole.h"

#define ENDPOINTS_MAX 64
#define ROUTES_MAX    256
#define EVENTS_MAX    512
#define CONSENT_US    (30 * US_PER_S)
#define GAP_NOTICE_US US_PER_S
#define SETTLED_US    (1 * US_PER_S) /* an endpoint older than this has its routes */

enum endpoint_phase { ENDPOINT_RESERVED, ENDPOINT_OPENED };

struct endpoint {
    enum endpoint_phase phase;
    struct handle handle;
    struct visit *visit;
    int seat;
    bool remote, connected, lost;
    int64_t opened_us, heard_us;
    bool flow[MEDIA_KIND_COUNT];
    int64_t packet_us[MEDIA_KIND_COUNT];
    uint64_t forwarded, gated;
};

struct route {
    struct handle from, to;
    int kind;
    bool open;
};

struct media {
    struct sim *sim;
    struct handle_table *endpoints;
    struct route routes[ROUTES_MAX];
    unsigned routes_count;
    struct media_event events[EVENTS_MAX];
    unsigned events_count, events_read;
    bool waking;
    int64_t last_command_us, full_us;
};

struct media *fake_media_new(struct sim *sim)
{
    struct media *media = calloc(1, sizeof(*media));
    media->sim = sim;
    media->full_us = INT64_MIN / 2;
    if (!result_ok(handle_table_new(ENDPOINTS_MAX, &media->endpoints)))
        abort();
    return media;
}

struct media *fake_media_free(struct media *media)
{
    uint32_t cursor = 0;
    for (void *endpoint; (endpoint = handle_table_next(media->endpoints, &cursor)) != NULL;)
        free(endpoint);
    handle_table_free(media->endpoints);
    free(media);
    return NULL;
}

uint32_t fake_media_endpoints(const struct media *media)
{
    return handle_table_count(media->endpoints);
}

int64_t fake_media_full_us(const struct media *media)
{
    return media->full_us;
}

static void media_tell(struct media *media, struct media_event event)
{
    struct sim *sim = media->sim;
    SIM_CHECK(sim, media->events_count < EVENTS_MAX, "events pile up");
    event.at_us = sim->now_us;
    media->events[media->events_count++] = event;
    if (!media->waking)
        sim_later(sim, dice_between(&sim->dice, 0, 3000), HAPPENING_MEDIA_EVENTS, 0, 0, NULL);
    media->waking = true;
}

/* ---- media.h --------------------------------------------------------------------------------------------------- */

const struct media_fingerprint *media_fingerprint(const struct media *media)
{
    static const struct media_fingerprint print = {.hash = "sha-256", .length = 32};
    (void)media;
    return &print;
}

uint32_t media_candidates(const struct media *media, uint32_t worker,
                          struct media_candidate *ret_candidates, uint32_t max)
{
    (void)media;
    (void)worker;
    if (max == 0)
        return 0;
    ret_candidates[0] = (struct media_candidate){
        .address = "192.0.2.10", .port = 40000, .priority = 2130706431u, .foundation = "1"};
    return 1;
}

/* Now and then every worker is busy: control has to tell and to come back. */
enum result media_place(const struct media *media, uint32_t *ret_worker)
{
    struct sim *sim = media->sim;
    if (!sim->winding_down && dice_permille(&sim->dice, 100)) {
        sim->seen[SEEN_MEDIA_FULL]++;
        sim->media->full_us = sim->now_us;
        return RESULT_TOO_MANY;
    }
    *ret_worker = 0;
    return RESULT_OK;
}

enum result media_endpoint_reserve(struct media *media, uint32_t worker,
                                   struct handle *ret_endpoint)
{
    (void)worker;
    struct endpoint *endpoint = calloc(1, sizeof(*endpoint));
    enum result result = handle_table_add(media->endpoints, endpoint, &endpoint->handle);
    SIM_CHECK(media->sim, result_ok(result), "endpoints leak");
    endpoint->seat = -1;
    *ret_endpoint = endpoint->handle;
    return RESULT_OK;
}

uint32_t media_endpoint_worker(const struct media *media, struct handle endpoint)
{
    (void)media;
    (void)endpoint;
    return 0;
}

void media_ice_new(const struct media *media, struct handle endpoint, struct media_ice *ret_ice)
{
    (void)media;
    for (int i = 0; i < 8; i++) {
        ret_ice->ufrag[i] = (char)('a' + ((endpoint.slot >> (28 - 4 * i)) & 15));
        ret_ice->ufrag[8 + i] = (char)('a' + ((endpoint.generation >> (28 - 4 * i)) & 15));
    }
    ret_ice->ufrag[16] = 0;
    snprintf(ret_ice->pwd, sizeof(ret_ice->pwd), "abcdefghijklmnopqrstuvwx");
}

/* Whose endpoint this is; control has it in its seat when it opens one. */
static void command_check_open(struct media *media, const struct media_command *command)
{
    struct sim *sim = media->sim;
    struct endpoint *endpoint = handle_table_get(media->endpoints, command->endpoint);
    const struct live_consultation *live = live_find(sim->control, &command->open.consultation);
    SIM_CHECK(sim, endpoint != NULL && live != NULL, "an endpoint for nothing");
    endpoint->visit = sim_visit(sim, command->open.consultation.text);
    SIM_CHECK(sim, endpoint->visit != NULL, "an endpoint for a consultation that is not stored");
    for (int seat = 0; seat < SEATS_MAX; seat++)
        if (handle_equal(live->seats[seat].endpoint, command->endpoint))
            endpoint->seat = seat;
    SIM_CHECK(sim, consultation_may_have_endpoint(&endpoint->visit->durable, endpoint->seat),
              "%s: an endpoint for seat %d, which is %s", endpoint->visit->id.text, endpoint->seat,
              seat_status_name(endpoint->visit->durable.seats[endpoint->seat].status));
}

static void command_check_gate(struct media *media, const struct media_command *command)
{
    const struct endpoint *from = handle_table_get(media->endpoints, command->endpoint);
    const struct endpoint *to = handle_table_get(media->endpoints, command->route.subscriber);
    struct sim *sim = media->sim;
    SIM_CHECK(sim, from != NULL && to != NULL && from->visit == to->visit && from->visit != NULL,
              "a gate between strangers");
    SIM_CHECK(sim,
              !command->route.open ||
                  consultation_gate_open(&from->visit->durable, from->seat, to->seat, GATE_AUDIO),
              "%s: a gate opens in state %s", from->visit->id.text,
              consultation_state_name(from->visit->durable.state));
}

enum result media_command_send(struct media *media, const struct media_command *command)
{
    struct sim *sim = media->sim;
    if (command->kind == MEDIA_COMMAND_ENDPOINT_OPEN)
        command_check_open(media, command);
    if (command->kind == MEDIA_COMMAND_GATE)
        command_check_gate(media, command);
    if (!sim->winding_down && dice_permille(&sim->dice, 4)) {
        sim->seen[SEEN_MEDIA_FULL]++;
        media->full_us = sim->now_us;
        return RESULT_FULL;
    }
    struct media_command *copy = malloc(sizeof(*copy));
    *copy = *command;
    int64_t at_us = sim->now_us + dice_between(&sim->dice, 50, MEDIA_DELAY_US);
    if (at_us <= media->last_command_us)
        at_us = media->last_command_us + 1;
    media->last_command_us = at_us;
    sim_later(sim, at_us - sim->now_us, HAPPENING_MEDIA_COMMAND, 0, 0, copy);
    return RESULT_OK;
}

bool media_event_receive(struct media *media, struct media_event *ret_event)
{
    media->waking = false;
    if (media->events_read == media->events_count) {
        media->events_read = media->events_count = 0;
        return false;
    }
    *ret_event = media->events[media->events_read++];
    return true;
}

/* ---- the worker ------------------------------------------------------------------------------------------------ */

static struct route *route_find(struct media *media, const struct media_command *command)
{
    int kind = command->route.publisher_slot == SLOT_AUDIO_UP ? MEDIA_AUDIO : MEDIA_VIDEO;
    for (unsigned i = 0; i < media->routes_count; i++)
        if (handle_equal(media->routes[i].from, command->endpoint) &&
            handle_equal(media->routes[i].to, command->route.subscriber) &&
            media->routes[i].kind == kind)
            return &media->routes[i];
    return NULL;
}

static void route_add(struct media *media, const struct media_command *command)
{
    if (route_find(media, command) != NULL ||
        handle_table_get(media->endpoints, command->endpoint) == NULL ||
        handle_table_get(media->endpoints, command->route.subscriber) == NULL)
        return;
    SIM_CHECK(media->sim, media->routes_count < ROUTES_MAX, "routes leak");
    media->routes[media->routes_count++] = (struct route){
        .from = command->endpoint,
        .to = command->route.subscriber,
        .kind = command->route.publisher_slot == SLOT_AUDIO_UP ? MEDIA_AUDIO : MEDIA_VIDEO};
}

static void endpoint_close(struct media *media, struct endpoint *endpoint)
{
    for (unsigned i = media->routes_count; i-- > 0;)
        if (handle_equal(media->routes[i].from, endpoint->handle) ||
            handle_equal(media->routes[i].to, endpoint->handle))
            media->routes[i] = media->routes[--media->routes_count];
    struct media_event drained = {.kind = MEDIA_EVENT_DRAINED, .endpoint = endpoint->handle};
    drained.drained.forwarded = endpoint->forwarded;
    drained.drained.gated = endpoint->gated;
    drained.drained.keys_destroyed = true;
    handle_table_remove(media->endpoints, endpoint->handle);
    free(endpoint);
    media_tell(media, drained);
}

static struct page *endpoint_page(struct media *media, struct handle endpoint)
{
    for (int i = 0; i < PAGES_MAX; i++)
        if (media->sim->pages[i].used && handle_equal(media->sim->pages[i].peer, endpoint))
            return &media->sim->pages[i];
    return NULL;
}

void fake_media_carry_out(struct media *media, struct media_command *command)
{
    struct sim *sim = media->sim;
    struct endpoint *endpoint = handle_table_get(media->endpoints, command->endpoint);
    struct route *route = NULL;
    if (endpoint != NULL)
        switch (command->kind) {
        case MEDIA_COMMAND_ENDPOINT_OPEN:
            endpoint->phase = ENDPOINT_OPENED;
            endpoint->opened_us = sim->now_us;
            break;
        case MEDIA_COMMAND_ENDPOINT_REMOTE:
        case MEDIA_COMMAND_ENDPOINT_ICE:
            endpoint->remote = true;
            sim_later(sim, dice_between(&sim->dice, 30, 900) * US_PER_MS, HAPPENING_CONNECT,
                      command->endpoint.slot, command->endpoint.generation, NULL);
            break;
        case MEDIA_COMMAND_ENDPOINT_SLOTS:
            break;
        case MEDIA_COMMAND_ENDPOINT_CLOSE:
            endpoint_close(media, endpoint);
            break;
        case MEDIA_COMMAND_ROUTE_ADD:
            route_add(media, command);
            break;
        case MEDIA_COMMAND_ROUTE_REMOVE:
            break;
        case MEDIA_COMMAND_GATE:
            route = route_find(media, command);
            if (route != NULL)
                route->open = command->route.open;
            break;
        }
    free(command);
}

void fake_media_connect(struct media *media, struct handle handle)
{
    struct sim *sim = media->sim;
    struct endpoint *endpoint = handle_table_get(media->endpoints, handle);
    const struct page *page = endpoint_page(media, handle);
    if (endpoint == NULL || page == NULL || !page->network || endpoint->phase != ENDPOINT_OPENED)
        return;
    struct media_event event = {.kind = MEDIA_EVENT_CONNECTED, .endpoint = handle};
    if (endpoint->connected) {
        if (!endpoint->lost)
            return;
        event.kind = MEDIA_EVENT_BACK;
    } else if (dice_permille(&sim->dice, 20)) {
        event.kind = MEDIA_EVENT_FAILED;
        event.failed.step = MEDIA_STEP_DTLS;
        event.failed.result = RESULT_TIMEOUT;
        media_tell(media, event);
        return;
    } else {
        event.connected.srtp_profile = "AEAD_AES_128_GCM";
        event.connected.path = MEDIA_PATH_UDP4;
    }
    endpoint->connected = true;
    endpoint->lost = false;
    endpoint->heard_us = sim->now_us;
    media_tell(media, event);
}

/* ---- packets --------------------------------------------------------------------------------------------------- */

static void packet_forward(struct media *media, struct endpoint *from, int kind)
{
    struct sim *sim = media->sim;
    bool forwarded = false;
    for (unsigned i = 0; i < media->routes_count; i++) {
        const struct route *route = &media->routes[i];
        const struct endpoint *to = handle_table_get(media->endpoints, route->to);
        if (!handle_equal(route->from, from->handle) || route->kind != kind || !route->open ||
            to == NULL || !to->connected)
            continue;
        const struct visit *visit = from->visit;
        int64_t closed_us = visit->closed_us[from->seat][to->seat];
        SIM_CHECK(sim, visit->ever_admitted, "%s: media before admission", visit->id.text);
        SIM_CHECK(sim, closed_us == 0 || !sim_overdue(sim, closed_us),
                  "%s: forwarded from seat %d to %d %lld ms after it had to close", visit->id.text,
                  from->seat, to->seat, (long long)((sim->now_us - closed_us) / US_PER_MS));
        from->forwarded++;
        sim->seen[SEEN_FORWARDED]++;
        sim->seen[SEEN_SOUND_KEPT] += kind == MEDIA_AUDIO && visit->durable.picture_lost &&
                                      visit->durable.state == CONSULTATION_STATE_CONSULT;
        forwarded = true;
    }
    from->gated += !forwarded;
    sim->seen[SEEN_HELD_BACK] += !forwarded;
}

static void endpoint_flow(struct media *media, struct endpoint *endpoint, int kind, bool arrives)
{
    int64_t now_us = media->sim->now_us, last_us = endpoint->packet_us[kind];
    struct media_event event = {.kind = MEDIA_EVENT_FLOW, .endpoint = endpoint->handle};
    event.flow.kind = (enum media_kind)kind;
    event.flow.slot = kind == MEDIA_AUDIO ? SLOT_AUDIO_UP : SLOT_VIDEO_UP;
    event.flow.live = arrives;
    event.flow.gap_us = last_us == 0 ? 0 : now_us - last_us;
    if (arrives) {
        endpoint->packet_us[kind] = now_us;
        if (!endpoint->flow[kind])
            media_tell(media, event);
        endpoint->flow[kind] = true;
        packet_forward(media, endpoint, kind);
    } else if (endpoint->flow[kind] && now_us - last_us > GAP_NOTICE_US) {
        endpoint->flow[kind] = false;
        media_tell(media, event);
    }
}

static void endpoint_pump(struct media *media, struct endpoint *endpoint)
{
    int64_t now_us = media->sim->now_us;
    struct page *page = endpoint_page(media, endpoint->handle);
    if (!endpoint->connected)
        return;
    bool heard = page != NULL && page->network && page->has_session;
    struct media_event event = {.kind = MEDIA_EVENT_LOST, .endpoint = endpoint->handle};
    if (heard) {
        endpoint->heard_us = now_us;
        if (endpoint->lost) {
            endpoint->lost = false;
            event.kind = MEDIA_EVENT_BACK;
            media_tell(media, event);
        }
    } else if (!endpoint->lost && now_us - endpoint->heard_us > CONSENT_US) {
        endpoint->lost = true;
        media_tell(media, event);
    }
    endpoint_flow(media, endpoint, MEDIA_AUDIO, heard && page->microphone);
    endpoint_flow(media, endpoint, MEDIA_VIDEO, heard && page->camera);
}

/* ---- what is open against what may be open --------------------------------------------------------------------- */

static const struct endpoint *endpoint_check(struct sim *sim, const struct endpoint *endpoint)
{
    if (endpoint->phase != ENDPOINT_OPENED)
        return NULL;
    int64_t none_us = endpoint->visit->no_endpoint_us[endpoint->seat];
    SIM_CHECK(sim, none_us == 0 || !sim_overdue(sim, none_us),
              "%s: seat %d (%s) still has an endpoint after %lld ms", endpoint->visit->id.text,
              endpoint->seat,
              seat_status_name(endpoint->visit->durable.seats[endpoint->seat].status),
              (long long)((sim->now_us - none_us) / US_PER_MS));
    return endpoint;
}

static bool pair_is_open(const struct media *media, const struct endpoint *from,
                         const struct endpoint *to, int kind)
{
    for (unsigned i = 0; i < media->routes_count; i++)
        if (handle_equal(media->routes[i].from, from->handle) &&
            handle_equal(media->routes[i].to, to->handle) && media->routes[i].kind == kind)
            return media->routes[i].open;
    return false;
}

/* Present means an open route and the other way round; sound stays open whatever happens to the picture. */
static void pair_check(struct media *media, const struct endpoint *from, const struct endpoint *to)
{
    struct sim *sim = media->sim;
    const struct visit *visit = from->visit;
    for (int kind = 0; kind < MEDIA_KIND_COUNT; kind++) {
        bool may = consultation_gate_open(&visit->durable, from->seat, to->seat,
                                          kind == MEDIA_AUDIO ? GATE_AUDIO : GATE_VIDEO);
        bool open = pair_is_open(media, from, to, kind);
        int64_t closed_us = visit->closed_us[from->seat][to->seat];
        SIM_CHECK(sim, !open || may || !sim_overdue(sim, closed_us),
                  "%s: %s from seat %d is open in %s", visit->id.text,
                  kind == MEDIA_AUDIO ? "sound" : "picture", from->seat,
                  consultation_state_name(visit->durable.state));
        bool settled = sim_overdue(sim, visit->changed_us) && sim_overdue(sim, from->opened_us) &&
                       sim_overdue(sim, to->opened_us);
        SIM_CHECK(sim, open || !may || !settled, "%s: %s from seat %d is held in %s%s",
                  visit->id.text, kind == MEDIA_AUDIO ? "sound" : "picture", from->seat,
                  consultation_state_name(visit->durable.state),
                  visit->durable.picture_lost ? " with the picture lost" : "");
    }
}

void fake_media_pump(struct media *media)
{
    const struct endpoint *opened[ENDPOINTS_MAX];
    unsigned count = 0;
    uint32_t cursor = 0;
    for (struct endpoint *endpoint;
         (endpoint = handle_table_next(media->endpoints, &cursor)) != NULL;) {
        endpoint_pump(media, endpoint);
        const struct endpoint *checked = endpoint_check(media->sim, endpoint);
        if (checked != NULL)
            opened[count++] = checked;
    }
    for (unsigned i = 0; i < count; i++)
        for (unsigned j = 0; j < count; j++)
            if (i != j && opened[i]->visit == opened[j]->visit &&
                opened[i]->seat != opened[j]->seat)
                pair_check(media, opened[i], opened[j]);
}
