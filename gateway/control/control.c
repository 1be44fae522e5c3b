/* The control room as a whole: birth, restart, the half-second tick, draining. */
#include "gateway/control/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/consultation/consultation_snapshot.h"
#include "gateway/control/control_state.h"
#include "gateway/identity/sign_in_guard.h"
#include "gateway/words/words.h"

#define DEVICE_GUARD_PAIRS 512
#define QUEUE_EVERY_US     (100 * US_PER_MS)
#define ENDPOINT_LOST_AFTER_US                                                                     \
    (3 * US_PER_S) /* socket gone and no media for this long: the endpoint is lost */
#define NO_SHOW_AFTER_US (24ll * 3600 * US_PER_S) /* after the booked time: the visit day is over */

/* ---- birth ----------------------------------------------------------------------------------------------------- */

static enum result control_load_patient(struct control *control, struct live_consultation *live)
{
    struct store_query query = {.kind = STORE_QUERY_PATIENT_BY_ID, .key = live->now.patient.text};
    struct store_rows *rows = NULL;
    enum result result = store_query_now(control->rooms.store, &query, &rows);
    if (!result_ok(result))
        return result;
    if (store_rows_count(rows) == 1)
        name_of_sealed(store_rows_text(rows, 0, "personal"), live->patient_name,
                       sizeof(live->patient_name));
    store_rows_free(rows);
    return RESULT_OK;
}

/* The pack a stored consultation is pinned to, from memory or from the database. */
static const struct control_pack *control_load_pack(struct control *control,
                                                    const struct sha256 *hash)
{
    const struct control_pack *known = control_pack_by_hash(control, hash);
    struct store_query query = {.kind = STORE_QUERY_PACK_BY_HASH, .hash = *hash};
    struct store_rows *rows = NULL;
    if (known != NULL || control->packs_count == ARRAY_LENGTH(control->packs) ||
        !result_ok(store_query_now(control->rooms.store, &query, &rows)))
        return known;
    if (store_rows_count(rows) == 1) {
        struct span bytes = store_rows_blob(rows, 0, "bytes");
        struct control_pack pack = {.bytes = malloc(bytes.length), .length = bytes.length};
        if (pack.bytes != NULL &&
            result_ok(control->options.read_pack(control->options.read_pack_owner, bytes,
                                                 "stored pack", &pack.pack))) {
            memcpy(pack.bytes, bytes.data, bytes.length);
            control->packs[control->packs_count] = pack;
            known = &control->packs[control->packs_count++];
        } else {
            free(pack.bytes);
        }
    }
    store_rows_free(rows);
    return known;
}

static enum result control_load_one(struct control *control, const struct store_rows *rows,
                                    size_t row)
{
    struct span blob = store_rows_blob(rows, row, "blob");
    struct sha256 hash;
    bool pinned = false;
    enum result result = consultation_text_pack(blob, &hash, &pinned);
    const struct control_pack *pack = result_ok(result) && pinned
                                          ? control_load_pack(control, &hash)
                                          : &control->packs[control->pack_current];
    if (!result_ok(result) || pack == NULL)
        return result_ok(result) ? RESULT_NOT_FOUND : result;
    struct live_consultation *live = live_new(control, pack);
    if (live == NULL)
        return RESULT_FULL;
    live->subject = store_rows_id(rows, row, "subject");
    live->gap_total_us = store_rows_integer(rows, row, "gap_s") * US_PER_S;
    result = consultation_read_text(pack->pack, blob, &live->now);
    if (result_ok(result))
        result = control_load_patient(control, live);
    if (result_ok(result))
        result = guests_load(control, live);
    if (result_ok(result))
        result = redeem_load(control, live);
    if (!result_ok(result))
        live_free(live);
    return result;
}

/* No browser survived the restart: whoever sat here is away until their page comes back by itself. */
static void control_seats_after_restart(struct control *control)
{
    LIST_FOR_EACH(&control->live, link)
    {
        struct live_consultation *live = CONTAINER_OF(link, struct live_consultation, link);
        struct actor actor = control_system_actor(live);
        for (int seat = 0; seat < SEATS_MAX; seat++) {
            enum seat_status status = live->now.seats[seat].status;
            if (status != SEAT_WAITING && status != SEAT_PRESENT)
                continue;
            struct pending_input pending = {
                .input = control_input(status == SEAT_PRESENT ? CONSULTATION_EVENT_ENDPOINT_LOST
                                                              : CONSULTATION_EVENT_SEAT_AWAY,
                                       &actor)};
            pending.input.seat = seat;
            control_submit(live, &pending);
        }
    }
}

static enum result control_load_live(struct control *control)
{
    struct store_query query = {.kind = STORE_QUERY_CONSULTATIONS_LIVE};
    struct store_rows *rows = NULL;
    enum result result = store_query_now(control->rooms.store, &query, &rows);
    if (!result_ok(result))
        return result;
    for (size_t row = 0; row < store_rows_count(rows); row++) {
        enum result one = control_load_one(control, rows, row);
        struct id id = store_rows_id(rows, row, "id");
        if (!result_ok(
                one)) /* one that cannot be read must not keep the clinic closed; it stays in the database */
            LOG(LOG_ERROR, "consultation.not_loaded", log_id("consultation", &id), log_result(one));
    }
    LOG(LOG_INFO, "consultations.loaded", log_number("count", control->live_count));
    store_rows_free(rows);
    return RESULT_OK;
}

enum result control_new(const struct control_options *options, const struct control_rooms *rooms,
                        struct control **ret_control)
{
    struct control *control = calloc(1, sizeof(*control));
    if (control == NULL)
        return RESULT_NO_MEMORY;
    thread_owner_bind(&control->owner);
    control->options = *options;
    control->rooms = *rooms;
    control->packs[control->packs_count++] = options->pack;
    list_init(&control->visitors);
    list_init(&control->live);
    control->scratch = calloc(1, sizeof(*control->scratch));
    control->text = malloc(CONSULTATION_TEXT_MAX);
    enum result result =
        control->scratch == NULL || control->text == NULL ? RESULT_NO_MEMORY : RESULT_OK;
    if (result_ok(result))
        result = ticket_table_new(CONTROL_TICKETS_MAX, &control->tickets);
    if (result_ok(result))
        result = sign_in_guard_new(DEVICE_GUARD_PAIRS, &control->device_guard);
    if (result_ok(result))
        result = directory_load(rooms->store, &control->directory);
    if (result_ok(result))
        result = control_load_live(control);
    if (!result_ok(result)) {
        control_free(control);
        return result;
    }
    control_seats_after_restart(control);
    *ret_control = control;
    return RESULT_OK;
}

struct control *control_free(struct control *control)
{
    if (control == NULL)
        return NULL;
    LIST_FOR_EACH(&control->live, link)
    live_free(CONTAINER_OF(link, struct live_consultation, link));
    LIST_FOR_EACH(&control->visitors, link)
    free(CONTAINER_OF(link, struct visitor, link));
    for (uint32_t i = 0; i < control->packs_count; i++) {
        rule_pack_free(control->packs[i].pack);
        free(control->packs[i].bytes);
    }
    ticket_table_free(control->tickets);
    directory_free(control->directory);
    sign_in_guard_free(control->device_guard);
    free(control->scratch);
    free(control->text);
    free(control);
    return NULL;
}

void control_attach(struct control *control, struct signaling *signaling)
{
    assert_on_thread(&control->owner);
    control->signaling = signaling;
}

void control_detach(struct control *control)
{
    assert_on_thread(&control->owner);
    control->signaling = NULL;
    control->whip = NULL;
}

void control_attach_devices(struct control *control, struct whip *whip)
{
    assert_on_thread(&control->owner);
    control->whip = whip;
}

void control_media_events(struct control *control)
{
    assert_on_thread(&control->owner);
    struct media_event event;
    while (media_event_receive(control->rooms.media, &event))
        transport_event(control, &event);
}

/* ---- the tick -------------------------------------------------------------------------------------------------- */

static void tick_submit(struct live_consultation *live, enum consultation_event event, int seat)
{
    struct actor actor = control_system_actor(live);
    struct pending_input pending = {.input = control_input(event, &actor)};
    pending.input.seat = seat;
    control_submit(live, &pending);
}

static void tick_finding(struct live_consultation *live, const struct evidence_finding *finding)
{
    bool video = track_is_video(finding->track);
    switch (finding->kind) {
    case EVIDENCE_LIVE:
        door_media_fact(live, track_fact(finding->track), true);
        break;
    case EVIDENCE_STOPPED:
        door_media_fact(live, track_fact(finding->track), false);
        break;
    case EVIDENCE_LOST:
        tick_submit(live, video ? CONSULTATION_EVENT_PICTURE_LOST : CONSULTATION_EVENT_SOUND_LOST,
                    -1);
        break;
    case EVIDENCE_BACK: {
        enum track first = video ? TRACK_PATIENT_VIDEO : TRACK_PATIENT_AUDIO;
        if (!live->evidence.tracks[first].said_lost && !live->evidence.tracks[first + 2].said_lost)
            tick_submit(
                live, video ? CONSULTATION_EVENT_PICTURE_BACK : CONSULTATION_EVENT_SOUND_BACK, -1);
        break;
    }
    case EVIDENCE_GAP: {
        struct actor actor = control_system_actor(live);
        struct audit_draft draft = {.act = AUDIT_ACT_MEDIA_GAP,
                                    .outcome = AUDIT_OK,
                                    .actor = actor,
                                    .object_kind = "consult",
                                    .object = live->now.id};
        struct audit_extra *extra = &draft.extra[draft.extra_count++];
        *extra = (struct audit_extra){.key = "track", .is_text = true};
        (void)!text_copy(extra->text, sizeof(extra->text), track_name(finding->track));
        draft.extra[draft.extra_count++] =
            (struct audit_extra){.key = "ms", .number = finding->length_us / US_PER_MS};
        live->gap_total_us += finding->length_us;
        control_record(live, &draft);
        break;
    }
    }
}

/* A present seat whose socket has been gone for a while and from whom nothing arrives is lost (T10). */
static void tick_lost_endpoint(struct live_consultation *live, int seat, int64_t now_us)
{
    struct live_seat *place = &live->seats[seat];
    enum seat_status status = live->now.seats[seat].status;
    if (!place->away || now_us - place->away_since_us < ENDPOINT_LOST_AFTER_US)
        return;
    enum track first = seat == 0 ? TRACK_PATIENT_AUDIO : TRACK_PHYSICIAN_AUDIO;
    bool silent =
        seat < SEAT_FIRST_GUEST &&
        evidence_gap_us(&live->evidence, first, now_us) > ENDPOINT_LOST_AFTER_US &&
        evidence_gap_us(&live->evidence, (enum track)(first + 1), now_us) > ENDPOINT_LOST_AFTER_US;
    if (status == SEAT_PRESENT && (silent || !place->connected))
        tick_submit(live, CONSULTATION_EVENT_ENDPOINT_LOST, seat);
    else if (status == SEAT_WAITING)
        tick_submit(live, CONSULTATION_EVENT_SEAT_AWAY, seat);
}

static void tick_deadline(struct live_consultation *live, int64_t wall_us)
{
    const struct consultation *now = &live->now;
    if (now->deadline_us > 0 && wall_us >= now->deadline_us)
        tick_submit(live,
                    now->state == CONSULTATION_STATE_CLOSING ? CONSULTATION_EVENT_CLOSE_LIMIT
                                                             : CONSULTATION_EVENT_GRACE_OVER,
                    -1);
    bool waits = now->state == CONSULTATION_STATE_BOOKED || now->state == CONSULTATION_STATE_LOBBY;
    if (waits && now->booked_for_us > 0 && wall_us > now->booked_for_us + NO_SHOW_AFTER_US)
        tick_submit(live, CONSULTATION_EVENT_NO_SHOW, -1);
}

/* Measured against what the state says, so a lost event cannot leave a soft pause standing. */
static void tick_levels(struct live_consultation *live)
{
    const struct track_evidence *tracks = live->evidence.tracks;
    bool picture = tracks[TRACK_PATIENT_VIDEO].said_lost || tracks[TRACK_PHYSICIAN_VIDEO].said_lost;
    bool sound = tracks[TRACK_PATIENT_AUDIO].said_lost || tracks[TRACK_PHYSICIAN_AUDIO].said_lost;
    if (!live->evidence.watching || live->now.state != CONSULTATION_STATE_CONSULT)
        return;
    if (picture != live->now.picture_lost)
        tick_submit(
            live, picture ? CONSULTATION_EVENT_PICTURE_LOST : CONSULTATION_EVENT_PICTURE_BACK, -1);
    if (sound != live->now.sound_lost)
        tick_submit(live, sound ? CONSULTATION_EVENT_SOUND_LOST : CONSULTATION_EVENT_SOUND_BACK,
                    -1);
}

static void tick_live(struct live_consultation *live, int64_t now_us, int64_t wall_us)
{
    struct evidence_finding findings[EVIDENCE_FINDINGS_MAX];
    transport_tick(live); /* follows what is durable, so it waits for no commit */
    if (live->committing != NULL ||
        live->unborn) /* the durable state is about to change: look again next time */
        return;
    uint32_t count =
        evidence_findings(&live->evidence, &live->control->options.practice, now_us, findings);
    for (uint32_t i = 0; i < count; i++)
        tick_finding(live, &findings[i]);
    door_media_facts(live);
    for (int seat = 0; seat < SEATS_MAX; seat++)
        tick_lost_endpoint(live, seat, now_us);
    tick_levels(live);
    tick_deadline(live, wall_us);
    view_tell_media(live);
}

static bool live_is_done_with(const struct live_consultation *live)
{
    bool endpoints = live->closing_count > 0;
    for (int seat = 0; seat < SEATS_MAX; seat++)
        endpoints = endpoints || handle_is_set(live->seats[seat].endpoint);
    return consultation_is_over(live->now.state) && !live->unborn && live->committing == NULL &&
           live->waiting_count == 0 && !endpoints;
}

static void control_tell_queues(struct control *control)
{
    control->queue_dirty = false;
    control->queue_told_us = clock_monotonic_us();
    view_queue_all(control, NULL);
}

void control_tick(struct control *control)
{
    assert_on_thread(&control->owner);
    int64_t now_us = clock_monotonic_us(), wall_us = clock_wall_us();
    LIST_FOR_EACH(&control->live, link)
    {
        struct live_consultation *live = CONTAINER_OF(link, struct live_consultation, link);
        if (live_is_done_with(live))
            live_free(live);
        else
            tick_live(live, now_us, wall_us);
    }
    counter_set(control->rooms.counters, COUNTER_consultations_live, control_live_count(control));
    if (control->queue_dirty)
        control_tell_queues(control);
}

/* At once when the last time is a while ago, so that a physician sees an arrival as it happens; else with the next tick. */
void control_queue_changed(struct control *control)
{
    control->queue_dirty = true;
    if (control->signaling != NULL &&
        clock_monotonic_us() - control->queue_told_us >= QUEUE_EVERY_US)
        control_tell_queues(control);
}

/* ---- draining -------------------------------------------------------------------------------------------------- */

void control_drain(struct control *control)
{
    assert_on_thread(&control->owner);
    control->draining = true;
    LIST_FOR_EACH(&control->visitors, link)
    view_notice(control, CONTAINER_OF(link, struct visitor, link)->session, "draining");
}

bool control_is_idle(const struct control *control)
{
    LIST_FOR_EACH_CONST(&control->live, link)
    {
        const struct live_consultation *live =
            CONST_CONTAINER_OF(link, struct live_consultation, link);
        if (consultation_is_live(live->now.state) || live->committing != NULL)
            return false;
    }
    return true;
}
