/* What follows from a new state without anybody deciding it: seats, flags, examination clock, deadline, then the records
 * and effects of every difference. Handlers therefore cannot forget a gate, a key or a timer. */
#include "gateway/consultation/step.h"

#include <string.h>

#include "gateway/base/check.h"

static void settle_seats(struct consultation *after)
{
    bool over = consultation_is_over(after->state);
    for (int i = 0; i < SEATS_MAX; i++) {
        struct seat *seat = &after->seats[i];
        seat->sharing = seat->sharing && seat->status == SEAT_PRESENT;
        if (consultation_is_live(after->state))
            continue;
        seat->was_present = seat->sharing = false;
        seat->lost_at_us = 0;
        seat->consent = SEAT_CONSENT_NONE; /* admitted again, asked again */
        if (over &&
            (seat->status != SEAT_EMPTY || (i >= SEAT_FIRST_GUEST && id_is_set(&seat->person))))
            seat->status = SEAT_GONE;
        else if (seat->status == SEAT_PRESENT)
            seat->status = SEAT_WAITING;
    }
}

static void settle_flags(const struct step *step)
{
    struct consultation *after = step->after;
    bool interrupted = after->state == CONSULTATION_STATE_PAUSED ||
                       after->state == CONSULTATION_STATE_RECONNECTING;
    if (!interrupted) {
        after->before_hold = CONSULTATION_STATE_BOOKED;
        after->confirm_needed = false;
    }
    if (after->state != CONSULTATION_STATE_PAUSED)
        memset(after->hold_reason, 0, sizeof(after->hold_reason));
    if (!consultation_is_live(after->state))
        after->picture_lost = after->sound_lost = after->evidence_lost = false;
    if (after->state < CONSULTATION_STATE_IDENT)
        after->admitted_at_us = 0;
    if (consultation_is_over(after->state)) {
        after->second_device = false;
        after->ended_at_us = step->input->now_us;
        after->rec = REC_OFF;
    }
    if (!after->second_device)
        memset(&after->held_device, 0, sizeof(after->held_device));
    bool held = after->second_device || newcomer_waits(after);
    after->presence =
        held || after->state == CONSULTATION_STATE_PAUSED ? PRESENCE_HELD : PRESENCE_CLEAN;
}

/* Runs only while all four tracks live between two present people (§4.1). */
static void settle_clock(const struct step *step)
{
    struct consultation *after = step->after;
    bool runs = after->state == CONSULTATION_STATE_CONSULT && !after->picture_lost &&
                !after->sound_lost && !after->evidence_lost &&
                after->seats[SEAT_PATIENT].status == SEAT_PRESENT &&
                after->seats[SEAT_PHYSICIAN].status == SEAT_PRESENT;
    if (runs && after->live_since_us == 0) {
        after->live_since_us = step->input->now_us;
    } else if (!runs && after->live_since_us != 0) {
        after->live_exam_us = examined_us(after, step->input->now_us);
        after->live_since_us = 0;
    }
}

static void settle_deadline(const struct step *step)
{
    struct consultation *after = step->after;
    int64_t deadline_us = 0;
    if (after->state == CONSULTATION_STATE_CLOSING)
        deadline_us = after->finished_at_us + step->parameters->checklist_limit_us;
    if (after->state == CONSULTATION_STATE_PAUSED ||
        after->state == CONSULTATION_STATE_RECONNECTING)
        for (int i = 0; i < SEAT_FIRST_GUEST; i++) {
            const struct seat *seat = &after->seats[i];
            int64_t grace_us = seat->lost_at_us + step->parameters->reconnect_grace_us;
            if (seat_is_lost(seat) && (deadline_us == 0 || grace_us < deadline_us))
                deadline_us = grace_us;
        }
    after->deadline_us = deadline_us;
}

static bool any_gate_open(const struct consultation *consultation)
{
    for (int from = 0; from < SEATS_MAX; from++)
        for (int to = 0; to < SEATS_MAX; to++)
            if (consultation_gate_open(consultation, from, to, GATE_AUDIO) ||
                consultation_gate_open(consultation, from, to, GATE_VIDEO))
                return true;
    return false;
}

static bool gates_differ(const struct consultation *a, const struct consultation *b)
{
    for (int from = 0; from < SEATS_MAX; from++)
        for (int to = 0; to < SEATS_MAX; to++)
            for (enum gate_kind kind = GATE_AUDIO; kind <= GATE_SCREEN; kind++)
                if (consultation_gate_open(a, from, to, kind) !=
                    consultation_gate_open(b, from, to, kind))
                    return true;
    return false;
}

static void record_media(struct step *step)
{
    bool was = any_gate_open(step->before), is = any_gate_open(step->after);
    if (was == is)
        return;
    struct audit_draft *draft = step_record(step, is ? AUDIT_ACT_MEDIA_OPEN : AUDIT_ACT_MEDIA_HOLD);
    record_text(draft, "from", consultation_state_name(step->before->state));
    record_text(draft, "to", consultation_state_name(step->after->state));
}

static void effect_add(struct step *step, enum effect_kind kind, int seat, const char *code)
{
    CHECK(step->result->effect_count < STEP_EFFECTS_MAX);
    step->result->effects[step->result->effect_count++] =
        (struct effect){.kind = kind, .seat = seat, .code = code};
}

/* Another browser in the same seat is another transport: the old keys never serve it. */
static void effects_of_transports(struct step *step)
{
    bool was[SEATS_MAX], is[SEATS_MAX], moved[SEATS_MAX];
    for (int i = 0; i < SEATS_MAX; i++) {
        was[i] = consultation_may_have_endpoint(step->before, i);
        is[i] = consultation_may_have_endpoint(step->after, i);
        moved[i] = !id_equal(&step->before->seats[i].device, &step->after->seats[i].device);
    }
    for (int i = 0; i < SEATS_MAX; i++)
        if (was[i] && (!is[i] || moved[i]))
            effect_add(step, EFFECT_TRANSPORT_CLOSE, i, NULL);
    for (int i = 0; i < SEATS_MAX; i++)
        if (is[i] && (!was[i] || moved[i]))
            effect_add(step, EFFECT_TRANSPORT_OPEN, i, NULL);
}

static bool queue_changes(const struct step *step)
{
    const struct consultation *before = step->before, *after = step->after;
    bool waits = after->state <= CONSULTATION_STATE_LOBBY;
    return before->state != after->state ||
           before->seats[SEAT_PATIENT].status != after->seats[SEAT_PATIENT].status ||
           (waits && (step->input->event == CONSULTATION_EVENT_FACT ||
                      step->input->event == CONSULTATION_EVENT_ACKNOWLEDGE));
}

static void list_effects(struct step *step)
{
    bool ends = consultation_is_over(step->after->state);
    if (gates_differ(step->before, step->after))
        effect_add(step, EFFECT_GATES, -1, NULL);
    effects_of_transports(step);
    if (step->before->deadline_us != step->after->deadline_us)
        effect_add(step, EFFECT_DEADLINE, -1, NULL);
    for (unsigned i = 0; i < step->notice_count; i++)
        effect_add(step, EFFECT_NOTICE, step->notices[i].seat, step->notices[i].code);
    if (ends)
        effect_add(step, EFFECT_NOTICE, -1, "ended");
    for (int i = 0; i < SEATS_MAX; i++)
        if ((step->session_ends & 1u << i) != 0)
            effect_add(step, EFFECT_SESSION_END, i, step->session_end_code);
    effect_add(step, EFFECT_TELL, -1, NULL);
    if (queue_changes(step))
        effect_add(step, EFFECT_QUEUE, -1, NULL);
    if (ends)
        effect_add(step, EFFECT_ERASE, -1, NULL);
}

void step_settle(struct step *step)
{
    struct consultation *after = step->after;
    settle_seats(after);
    settle_flags(step);
    settle_clock(step);
    settle_deadline(step);
    for (int i = 0; i < SEATS_MAX; i++)
        if (after->seats[i].status != step->before->seats[i].status)
            after->seats[i].since_us = step->input->now_us;
    after->revision++;
    record_media(step);
    list_effects(step);
    CHECK(step->result->record_count > 0); /* promise P2: nothing changes without a record */
}
