/* Who sits where (promise P3). Sitting down is waiting; only T04, T11 and staff in an emergency make present. */
#include "gateway/consultation/step.h"

static int seat_of_actor(const struct consultation *consultation, const struct actor *actor)
{
    if (actor->role == ROLE_PATIENT)
        return SEAT_PATIENT;
    return actor->role == ROLE_PHYSICIAN ? SEAT_PHYSICIAN : seat_of_guest(consultation, actor);
}

/* The patient's seat and a guest's belong to the browser that took them first (2.5-20); staff are known by their
 * account. */
void step_seat_take(struct step *step)
{
    int seat = seat_of_actor(step->before, &step->input->actor);
    bool other = step->input->seat >= 0 && step->input->seat != seat;
    bool by_link = seat != SEAT_PHYSICIAN;
    if (seat < 0 || other || (by_link && !id_is_set(&step->input->device))) {
        step_refuse(step, STEP_REFUSAL_NO_SEAT);
        return;
    }
    struct seat *place = &step->after->seats[seat];
    if (by_link && id_is_set(&place->device) && !id_equal(&place->device, &step->input->device)) {
        step_refuse(step, STEP_REFUSAL_SEAT_TAKEN);
        return;
    }
    if (place->status == SEAT_WAITING || place->status == SEAT_PRESENT) {
        step_ignore(step);
        return;
    }
    if (by_link)
        place->device = step->input->device;
    place->status = SEAT_WAITING;
    record_seat(step_record(step, AUDIT_ACT_PARTICIPANT_SIT), step, seat);
    if (newcomer_waits(step->after) && seat >= SEAT_FIRST_GUEST && !place->was_present) {
        step_notice(step, SEAT_PATIENT, "newcomer");
        step_notice(step, SEAT_PHYSICIAN, "newcomer");
    }
}

void step_seat_away(struct step *step)
{
    int seat = step_seat(step);
    if (seat < 0)
        return;
    /* a present seat whose socket is gone may still have its media: ENDPOINT_LOST tells when not */
    if (step->before->seats[seat].status != SEAT_WAITING) {
        step_ignore(step);
        return;
    }
    step->after->seats[seat].status = SEAT_AWAY;
    record_seat(step_record(step, AUDIT_ACT_PARTICIPANT_AWAY), step, seat);
}

/* A guest who goes on purpose may come in by the same link again, as a newcomer. */
static void guest_stands_up(struct step *step, int seat)
{
    struct seat *place = &step->after->seats[seat];
    if (place->status == SEAT_EMPTY || (place->status == SEAT_AWAY && !place->was_present)) {
        step_ignore(step);
        return;
    }
    place->status = SEAT_AWAY;
    place->was_present = false;
    place->lost_at_us = 0;
    place->consent = SEAT_CONSENT_NONE;
}

/* A closed page is often an accident: whoever was admitted keeps the place for the grace time. */
void step_seat_leave(struct step *step)
{
    int seat = step_seat(step);
    if (seat < 0)
        return;
    const struct seat *before = &step->before->seats[seat];
    if (step->input->actor.role != ROLE_SYSTEM &&
        !id_equal(&step->input->actor.person, &before->person)) {
        step_refuse(step, STEP_REFUSAL_WRONG_ROLE);
        return;
    }
    bool by_itself = step->input->actor.role != ROLE_SYSTEM;
    if (seat >= SEAT_FIRST_GUEST && by_itself)
        guest_stands_up(step, seat);
    else if (before->status == SEAT_PRESENT)
        step_lose_seat(step, seat);
    else if (before->status == SEAT_WAITING && before->was_present)
        step->after->seats[seat].status = SEAT_AWAY;
    else if (seat < SEAT_FIRST_GUEST && !before->was_present &&
             (before->status == SEAT_WAITING || before->status == SEAT_AWAY))
        step->after->seats[seat].status = SEAT_GONE;
    else {
        step_ignore(step);
        return;
    }
    if (step->result->verdict != STEP_GO)
        return;
    struct audit_draft *draft = step_record(step, AUDIT_ACT_PARTICIPANT_LEAVE);
    record_seat(draft, step, seat);
    record_text(draft, "from", consultation_state_name(step->before->state));
    record_text(draft, "to", consultation_state_name(step->after->state));
}

/* Between admission and the end of the examination both are needed; without one it starts again in the lobby. */
static bool needs_both(enum consultation_state state)
{
    return state >= CONSULTATION_STATE_IDENT && state <= CONSULTATION_STATE_RECONNECTING;
}

/* The session that holds the seat now is told why, then closed; it cannot resume. */
static void end_session(struct step *step, int seat, const char *code)
{
    step_notice(step, seat, code);
    step->session_ends |= 1u << seat;
    step->session_end_code = code;
}

static void turn_held_device_away(struct step *step)
{
    if (!step->before->second_device) {
        step_refuse(step, STEP_REFUSAL_NO_SEAT);
        return;
    }
    step->after->second_device = false;
    record_text(step_record(step, AUDIT_ACT_PARTICIPANT_REMOVE), "who", "second_device");
}

/* The others go on, and the link is void: who is to come back is invited anew. */
static void remove_guest(struct step *step, int seat)
{
    const struct seat *before = &step->before->seats[seat];
    if (!id_is_set(&before->person) || before->status == SEAT_GONE) {
        step_refuse(step, STEP_REFUSAL_NO_SEAT);
        return;
    }
    struct seat *place = &step->after->seats[seat];
    place->status = SEAT_GONE;
    place->was_present = false;
    place->lost_at_us = 0;
    place->consent = SEAT_CONSENT_NONE;
    struct audit_draft *draft = step_record(step, AUDIT_ACT_PARTICIPANT_REMOVE);
    record_seat(draft, step, seat);
    record_text(draft, "person", before->person.text);
    if (before->status != SEAT_EMPTY)
        end_session(step, seat, "removed");
}

/* Without a seat: the held second device is turned away. */
void step_remove(struct step *step)
{
    if (step->input->seat < 0) {
        turn_held_device_away(step);
        return;
    }
    int seat = step_seat(step);
    if (seat < 0)
        return;
    if (seat >= SEAT_FIRST_GUEST) {
        remove_guest(step, seat);
        return;
    }
    enum seat_status status = step->before->seats[seat].status;
    if (status == SEAT_EMPTY || status == SEAT_GONE) {
        step_refuse(step, STEP_REFUSAL_NO_SEAT);
        return;
    }
    if (step->before->state == CONSULTATION_STATE_EMERGENCY) {
        step_refuse(step, STEP_REFUSAL_EMERGENCY_RUNS);
        return;
    }
    struct audit_draft *draft = needs_both(step->before->state)
                                    ? step_fall_back(step, AUDIT_ACT_PARTICIPANT_REMOVE)
                                    : step_record(step, AUDIT_ACT_PARTICIPANT_REMOVE);
    record_seat(draft, step, seat);
    step->after->seats[seat].status = SEAT_GONE;
    step->after->seats[seat].was_present = false;
    step->after->seats[seat].lost_at_us = 0;
    end_session(step, seat, "removed");
}

/* 2.5-20: it gets no seat and no media; both sides are told. The latest such browser is the one staff may choose. */
void step_second_device(struct step *step)
{
    const struct consultation *before = step->before;
    const struct id *device = &step->input->device;
    bool known = before->second_device && id_equal(device, &before->held_device);
    if (!id_is_set(device) || id_equal(device, &before->seats[SEAT_PATIENT].device) || known) {
        step_ignore(step);
        return;
    }
    step->after->second_device = true;
    step->after->held_device = *device;
    record_seat(step_record(step, AUDIT_ACT_INVITE_SECOND_DEVICE), step, SEAT_PATIENT);
    step_notice(step, SEAT_PATIENT, "second_device");
    step_notice(step, SEAT_PHYSICIAN, "second_device");
}

/* Staff move the patient's seat to the held browser. A new device is a new admission (T12), except where nothing is
 * examined any more or nothing may be interrupted. */
void step_move_seat(struct step *step)
{
    const struct consultation *before = step->before;
    const struct id *device = &step->input->device;
    if (step->input->seat > SEAT_PATIENT) {
        step_refuse(step, STEP_REFUSAL_NO_SEAT);
        return;
    }
    if (!before->second_device || (id_is_set(device) && !id_equal(device, &before->held_device))) {
        step_refuse(step, STEP_REFUSAL_NOT_AVAILABLE);
        return;
    }
    struct audit_draft *draft = needs_both(before->state)
                                    ? step_fall_back(step, AUDIT_ACT_INVITE_MOVE_DEVICE)
                                    : step_record(step, AUDIT_ACT_INVITE_MOVE_DEVICE);
    record_seat(draft, step, SEAT_PATIENT);
    struct seat *place = &step->after->seats[SEAT_PATIENT];
    bool live_on = before->state == CONSULTATION_STATE_EMERGENCY ||
                   before->state == CONSULTATION_STATE_CLOSING;
    place->device = before->held_device;
    place->status = live_on ? SEAT_PRESENT : SEAT_WAITING;
    place->was_present = false;
    place->lost_at_us = 0;
    step->after->second_device = false;
    end_session(step, SEAT_PATIENT, "moved");
    if (needs_both(before->state))
        step_notice(step, SEAT_PHYSICIAN, "identity_changed");
}
