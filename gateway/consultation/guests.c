/* People beyond patient and physician (JP-OC-1.6-06, 2.2-08, 2.5-09): invited by staff, held without media until the
 * patient agreed and the physician let them in, each time they enter. And who shows a screen. */
#include "gateway/consultation/step.h"

#include <string.h>

int seat_of_guest(const struct consultation *consultation, const struct actor *actor)
{
    for (int i = SEAT_FIRST_GUEST; i < SEATS_MAX; i++) {
        const struct seat *seat = &consultation->seats[i];
        if (seat->status != SEAT_GONE && seat->role == actor->role && id_is_set(&seat->person) &&
            id_equal(&seat->person, &actor->person))
            return i;
    }
    return -1;
}

/* A seat nobody was invited to, else one whose link is void. */
static int free_seat(const struct consultation *consultation)
{
    for (int i = SEAT_FIRST_GUEST; i < SEATS_MAX; i++)
        if (!id_is_set(&consultation->seats[i].person))
            return i;
    for (int i = SEAT_FIRST_GUEST; i < SEATS_MAX; i++)
        if (consultation->seats[i].status == SEAT_GONE)
            return i;
    return -1;
}

void step_invite(struct step *step)
{
    const struct step_input *input = step->input;
    int seat = free_seat(step->before);
    if (!role_is_guest(input->guest_role) || !id_is_set(&input->guest)) {
        step_refuse(step, STEP_REFUSAL_NOT_AVAILABLE);
        return;
    }
    if (seat < 0) {
        step_refuse(step, STEP_REFUSAL_SEATS_FULL);
        return;
    }
    step->after->seats[seat] =
        (struct seat){.status = SEAT_EMPTY, .role = input->guest_role, .person = input->guest};
    struct audit_draft *draft = step_record(step, AUDIT_ACT_INVITE_ISSUE);
    record_number(draft, "seat", seat);
    record_text(draft, "seat_role", role_name(input->guest_role));
    record_text(draft, "person", input->guest.text);
}

/* The guest's seat the input means, with somebody in it; -1 after refusing. */
static int seated_guest(struct step *step)
{
    int seat = step->input->seat;
    if (seat >= SEAT_FIRST_GUEST && seat < SEATS_MAX) {
        const struct seat *place = &step->before->seats[seat];
        if (place->status == SEAT_WAITING || place->status == SEAT_PRESENT || seat_is_lost(place))
            return seat;
    }
    step_refuse(step, STEP_REFUSAL_NO_SEAT);
    return -1;
}

/* Consent covers what comes after it and can be taken back at any moment: a guest who is in is then held again. */
void step_seat_consent(struct step *step)
{
    int seat = seated_guest(step);
    if (seat < 0)
        return;
    if (step->code == NULL) {
        step_refuse(step, STEP_REFUSAL_UNKNOWN_CODE);
        return;
    }
    struct seat *place = &step->after->seats[seat];
    bool given = strcmp(step->code, "given") == 0;
    enum seat_consent said = given ? SEAT_CONSENT_GIVEN : SEAT_CONSENT_REFUSED;
    if (place->consent == said) {
        step_ignore(step);
        return;
    }
    place->consent = said;
    if (!given) {
        if (place->status == SEAT_PRESENT)
            place->status = SEAT_WAITING;
        place->was_present = false;
        place->lost_at_us = 0;
    }
    struct audit_draft *draft =
        step_record(step, given ? AUDIT_ACT_CONSENT_GIVE : AUDIT_ACT_CONSENT_WITHDRAW);
    record_text(draft, "consent", "attendee");
    record_seat(draft, step, seat);
    record_text(draft, "person", place->person.text);
    step_notice(step, SEAT_PHYSICIAN, given ? "guest_agreed" : "guest_refused");
}

/* 2.5-09: nobody is in the call whom the physician did not let in. In an emergency help does not wait for an answer. */
void step_seat_admit(struct step *step)
{
    int seat = seated_guest(step);
    if (seat < 0)
        return;
    struct seat *place = &step->after->seats[seat];
    if (place->status == SEAT_PRESENT) {
        step_ignore(step);
        return;
    }
    if (place->status != SEAT_WAITING) {
        step_refuse(step, STEP_REFUSAL_NOT_CONNECTED);
        return;
    }
    bool emergency = step->before->state == CONSULTATION_STATE_EMERGENCY;
    if (place->consent != SEAT_CONSENT_GIVEN && !emergency) {
        step_refuse(step, STEP_REFUSAL_CONSENT_MISSING);
        return;
    }
    place->status = SEAT_PRESENT;
    place->was_present = false;
    place->lost_at_us = 0;
    struct audit_draft *draft = step_record(step, AUDIT_ACT_PARTICIPANT_ADMIT);
    record_seat(draft, step, seat);
    record_text(draft, "person", place->person.text);
    record_text(draft, "consent", place->consent == SEAT_CONSENT_GIVEN ? "given" : "emergency");
    step_notice(step, seat, "called");
}

static int showing_seat(const struct consultation *consultation)
{
    for (int i = 0; i < SEATS_MAX; i++)
        if (consultation->seats[i].sharing)
            return i;
    return -1;
}

/* One screen at a time. It flows as long as its seat is present (consultation_gate_open). */
void step_screen(struct step *step)
{
    const struct actor *actor = &step->input->actor;
    int seat = actor->role == ROLE_PHYSICIAN ? SEAT_PHYSICIAN : seat_of_guest(step->before, actor);
    int showing = showing_seat(step->before);
    bool on = strcmp(step->code, "on") == 0;
    if (seat < 0 || (on && step->before->seats[seat].status != SEAT_PRESENT)) {
        step_refuse(step, STEP_REFUSAL_NO_SEAT);
        return;
    }
    if (on ? showing == seat : showing != seat) {
        step_ignore(step);
        return;
    }
    if (on && showing >= 0) {
        step_refuse(step, STEP_REFUSAL_SCREEN_TAKEN);
        return;
    }
    step->after->seats[seat].sharing = on;
    struct audit_draft *draft = step_record(step, AUDIT_ACT_MEDIA_SCREEN);
    record_seat(draft, step, seat);
    record_text(draft, "edge", on ? "on" : "off");
}
