/* The lines of a consultation's people at work: what the relay says of them becomes a wish to the senders, a word to
 * everybody, a record where it changed what was seen, and evidence. */
#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/control/control_state.h"

/* Offers because of sound, at most; a browser needs a moment to settle, and the line carries them too. */
#define REOFFER_EVERY_US (3 * US_PER_S)

static struct sending sending_wanted(const struct live_consultation *live, int seat)
{
    const struct line *receivers[SEATS_MAX];
    unsigned count = 0;
    for (int to = 0; to < SEATS_MAX; to++)
        if (live->gates[seat][to][MEDIA_AUDIO] || live->gates[seat][to][MEDIA_VIDEO])
            receivers[count++] = &live->seats[to].line;
    return line_sending(&live->seats[seat].line, receivers, count);
}

static void sending_tell(struct live_consultation *live, int seat, const struct sending *sending)
{
    struct message *message = live->control->scratch;
    *message = (struct message){.type = MESSAGE_sending};
    message->sending.consultation = live->now.id;
    message->sending.picture = sending->picture;
    message->sending.has_lines = sending->lines != 0;
    message->sending.lines = sending->lines;
    message->sending.has_frames = sending->frames_per_second != 0;
    message->sending.frames = sending->frames_per_second;
    message->sending.has_bitrate = sending->picture_bps != 0;
    message->sending.bitrate = sending->picture_bps;
    view_send(live->control, live->seats[seat].session);
}

static void sending_seat(struct live_consultation *live, int seat, int64_t now_us)
{
    struct live_seat *place = &live->seats[seat];
    if (!handle_is_set(place->endpoint) || !handle_is_set(place->session) ||
        !(place->answered || place->was_connected))
        return;
    struct sending wanted = sending_wanted(live, seat);
    /* Told while an answer is out as well: on a full uplink that answer waits behind the very picture that has to go. */
    if (!sending_picture_equal(&wanted, &place->sending)) {
        struct negotiation_sound sound = place->sending.sound;
        place->sending = wanted;
        place->sending.sound = sound;
        sending_tell(live, seat, &wanted);
    }
    if (!sending_sound_equal(&wanted.sound, &place->offer.sound) && place->answered &&
        place->connected && now_us >= place->reoffer_us) {
        place->reoffer_us = now_us + REOFFER_EVERY_US;
        negotiation_offer_sound(&place->offer, &wanted.sound);
        transport_send_offer(live, seat, false);
        LOG(LOG_INFO, "media.sound_asked", log_id("consultation", &live->now.id),
            log_number("seat", seat), log_number("frame_ms", wanted.sound.frame_ms),
            log_number("bitrate", wanted.sound.bitrate_bps),
            log_number("redundant", wanted.sound.redundant));
    }
}

void sending_update(struct live_consultation *live)
{
    int64_t now_us = clock_monotonic_us();
    for (int seat = 0; seat < SEATS_MAX; seat++)
        sending_seat(live, seat, now_us);
}

/* A picture that arrives here and is not passed on, because the other one's line cannot carry it, is not seen by him; the
 * rule asks what he sees (JP-OC-1.6-02). */
void sending_evidence(struct live_consultation *live, int seat, enum media_kind kind,
                      int64_t now_us, int64_t gap_us)
{
    enum track track = (enum track)((seat == 0 ? TRACK_PATIENT_AUDIO : TRACK_PHYSICIAN_AUDIO) +
                                    (kind == MEDIA_VIDEO));
    const struct live_seat *other = &live->seats[seat == 0 ? 1 : 0];
    bool carried = kind == MEDIA_AUDIO || !handle_is_set(other->endpoint) ||
                   media_rung_has_picture(other->line.rung);
    evidence_flow(&live->evidence, track, live->arriving[track] && carried, now_us, gap_us);
}

void sending_reset(struct live_consultation *live, int seat)
{
    struct live_seat *place = &live->seats[seat];
    line_init(&place->line);
    place->sending = (struct sending){.picture = true};
    place->reoffer_us = 0;
    if (seat < 2)
        sending_evidence(live, seat == 0 ? 1 : 0, MEDIA_VIDEO, clock_monotonic_us(), 0);
}

static void sending_record(struct live_consultation *live, int seat, bool picture)
{
    struct audit_draft draft = {.act = AUDIT_ACT_MEDIA_LINE,
                                .outcome = AUDIT_OK,
                                .actor = control_system_actor(live),
                                .object_kind = "consult",
                                .object = live->now.id};
    draft.extra[draft.extra_count++] = (struct audit_extra){.key = "seat", .number = seat};
    struct audit_extra *extra = &draft.extra[draft.extra_count++];
    *extra = (struct audit_extra){.key = "picture", .is_text = true};
    (void)!text_copy(extra->text, sizeof(extra->text), picture ? "resumed" : "paused");
    control_record(live, &draft);
}

void sending_ladder(struct live_consultation *live, int seat, const struct media_event *event)
{
    struct line *line = &live->seats[seat].line;
    bool picture = media_rung_has_picture(line->rung);
    line_ladder(line, event);
    LOG(LOG_INFO, "media.ladder", log_id("consultation", &live->now.id), log_number("seat", seat),
        log_name("rung", line_word(line->rung)), log_number("lossy", event->ladder.lossy));
    if (picture != media_rung_has_picture(line->rung) && live->evidence.watching)
        sending_record(live, seat, !picture);
    if (seat < 2)
        sending_evidence(live, seat == 0 ? 1 : 0, MEDIA_VIDEO, event->at_us, 0);
    sending_update(live);
    view_tell_media(live);
}
