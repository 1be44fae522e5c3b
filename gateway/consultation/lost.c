/* Endpoints lost and back: T10 … T12. Only a lost endpoint starts `reconnect_grace`, never a gap (promise P7). */
#include "gateway/consultation/step.h"

#include "gateway/base/clock.h"

int step_seat(struct step *step)
{
    if (step->input->seat >= 0 && step->input->seat < SEATS_MAX)
        return step->input->seat;
    step_refuse(step, STEP_REFUSAL_NO_SEAT);
    return -1;
}

void step_lose_seat(struct step *step, int seat)
{
    enum consultation_state state = step->before->state;
    struct seat *lost = &step->after->seats[seat];
    lost->status = SEAT_AWAY;
    lost->was_present = true;
    lost->lost_at_us = step->input->now_us;
    if (seat >= SEAT_FIRST_GUEST) {
        step_notice(step, SEAT_PHYSICIAN, "guest_lost");
        return;
    }
    if (state == CONSULTATION_STATE_IDENT || state == CONSULTATION_STATE_CONSULT) {
        step->after->before_hold = state;
        step->after->state = CONSULTATION_STATE_RECONNECTING;
    }
    step_notice(step, seat == SEAT_PATIENT ? SEAT_PHYSICIAN : SEAT_PATIENT, "other_lost");
}

/* A change of state that follows from the seat belongs to the seat's record. */
static void record_states(struct audit_draft *draft, const struct step *step)
{
    record_text(draft, "from", consultation_state_name(step->before->state));
    record_text(draft, "to", consultation_state_name(step->after->state));
}

/* T10. PAUSED, EMERGENCY and CLOSING stay what they are: the first must not open anything, the second must not stop,
 * the third has nothing left to lose. */
void step_endpoint_lost(struct step *step)
{
    int seat = step_seat(step);
    if (seat < 0)
        return;
    const struct seat *before = &step->before->seats[seat];
    if (before->status == SEAT_PRESENT)
        step_lose_seat(step, seat);
    else if (before->status == SEAT_WAITING && before->was_present)
        step->after->seats[seat].status = SEAT_AWAY;
    else {
        step_ignore(step);
        return;
    }
    struct audit_draft *draft = step_record(step, AUDIT_ACT_PARTICIPANT_AWAY);
    record_seat(draft, step, seat);
    record_states(draft, step);
}

/* RECONNECTING with everybody there again: what comes next without a click, if anything does. */
static void resume_without_click(struct step *step)
{
    struct consultation *after = step->after;
    if (after->state != CONSULTATION_STATE_RECONNECTING || needed_seat_lost(after))
        return;
    if (after->before_hold == CONSULTATION_STATE_CONSULT && after->confirm_needed)
        step_notice(step, -1, "waiting_for_confirmation");
    else
        after->state = after->before_hold;
}

/* T11. The same browser is back. Sound and picture open at once, for the physician has to see the face that is to be
 * confirmed; after a gap that rule 1.6-02 calls a pause the consultation goes on only with that confirmation. */
void step_endpoint_back(struct step *step)
{
    int seat = step_seat(step);
    if (seat < 0)
        return;
    const struct seat *before = &step->before->seats[seat];
    if (!seat_is_lost(before)) {
        step_ignore(step);
        return;
    }
    if (id_is_set(&step->input->device) && !id_equal(&step->input->device, &before->device)) {
        step_refuse(step, STEP_REFUSAL_SEAT_TAKEN);
        return;
    }
    int64_t gap_us = step->input->now_us - before->lost_at_us;
    bool guest = seat >= SEAT_FIRST_GUEST;
    bool newcomer = guest && gap_us > step->parameters->reconnect_grace_us;
    if (!guest && gap_us > step->parameters->gap_pause_us)
        step->after->confirm_needed = true;
    step->after->seats[seat].status = newcomer ? SEAT_WAITING : SEAT_PRESENT;
    step->after->seats[seat].was_present = false;
    step->after->seats[seat].lost_at_us = 0;
    if (newcomer) { /* after the grace time whoever comes is somebody who enters (1.6-06) */
        step->after->seats[seat].consent = SEAT_CONSENT_NONE;
        step_notice(step, SEAT_PHYSICIAN, "newcomer");
    }
    resume_without_click(step);
    struct audit_draft *draft = step_record(step, AUDIT_ACT_PARTICIPANT_BACK);
    record_seat(draft, step, seat);
    record_number(draft, "gap_ms", gap_us > 0 ? gap_us / US_PER_MS : 0);
    record_states(draft, step);
}

/* T11: face and name, so it needs picture and sound. */
void step_confirm_same(struct step *step)
{
    const struct consultation *before = step->before;
    if (needed_seat_lost(before) || before->picture_lost || before->sound_lost ||
        before->evidence_lost) {
        step_refuse(step, STEP_REFUSAL_NOT_CONNECTED);
        return;
    }
    record_text(step_move(step, before->before_hold, AUDIT_ACT_CONSULT_CONTINUE), "reason",
                "same_person");
}

/* T12 */
void step_grace_over(struct step *step)
{
    if (step->before->deadline_us == 0 || step->input->now_us < step->before->deadline_us) {
        step_ignore(step);
        return;
    }
    record_text(step_fall_back(step, AUDIT_ACT_CONSULT_DEFER), "reason", "grace_over");
    step_notice(step, -1, "identity_changed");
}
