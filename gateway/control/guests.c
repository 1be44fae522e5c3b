/* People invited to a consultation beside patient and physician: their links and names. Who may come in is the
 * consultation's business (gateway/consultation/guests.c). */
#include <stdlib.h>

#include "gateway/base/clock.h"
#include "gateway/base/text.h"
#include "gateway/control/control_state.h"

struct guest_wait {
    struct live_consultation *live;
    struct store_guest guest;
    char name[VISIT_NAME_SIZE];
    char personal[2 * VISIT_NAME_SIZE + 16];
    struct booking_answer answer;
    booking_done_fn done;
    void *owner;
};

/* The guest and the link, in the transaction of the step that makes room for them. */
static void guest_write(void *owner, struct store_transaction *transaction)
{
    struct guest_wait *wait = owner;
    struct store_invitation invitation = invitation_row(wait->live, wait->answer.secret);
    invitation.guest = wait->guest.id;
    store_put_guest(transaction, &wait->guest);
    store_put_invitation(transaction, &invitation);
}

static const char *guest_refusal(enum result result, const struct step_result *step)
{
    if (result_class(result) == RESULT_CLASS_LIMIT)
        return "busy";
    return result_ok(result) ? step_refusal_name(step->refusal) : "storage";
}

static void guest_invited(void *owner, enum result result, const struct step_result *step)
{
    struct guest_wait *wait = owner;
    bool good = result_ok(result) && step->verdict == STEP_GO;
    wait->answer.result = good || !result_ok(result) ? result : RESULT_DENIED;
    if (good) {
        struct actor guest = {.role = role_of_name(wait->guest.role), .person = wait->guest.id};
        int seat = live_seat_of(&wait->live->now, &guest);
        if (seat >= 0) {
            struct live_seat *place = &wait->live->seats[seat];
            (void)!text_copy(place->guest_name, sizeof(place->guest_name), wait->name);
            place->guest_holder = (struct id){{0}};
            view_tell_all(wait->live);
        }
    } else {
        (void)!text_copy(wait->answer.code, sizeof(wait->answer.code), guest_refusal(result, step));
    }
    wait->done(wait->owner, &wait->answer);
    explicit_bzero(wait, sizeof(*wait)); /* a name and a secret */
    free(wait);
}

static void guest_refuse(booking_done_fn done, void *owner, enum result result, const char *code,
                         const char *field)
{
    struct booking_answer answer = {.result = result};
    (void)!text_copy(answer.code, sizeof(answer.code), code);
    (void)!text_copy(answer.field, sizeof(answer.field), field);
    done(owner, &answer);
}

void control_invite_guest(struct control *control, const struct guest_invitation *invitation,
                          booking_done_fn done, void *owner)
{
    assert_on_thread(&control->owner);
    struct live_consultation *live = live_find(control, &invitation->consultation);
    struct guest_wait *wait = live == NULL ? NULL : calloc(1, sizeof(*wait));
    if (wait == NULL) {
        guest_refuse(done, owner, RESULT_NOT_FOUND, "not_found", "");
        return;
    }
    size_t length = strnlen(invitation->name, sizeof(invitation->name));
    if (length == 0 || !text_is_plain_utf8(invitation->name, length) ||
        !result_ok(name_seal_text(invitation->name, wait->personal, sizeof(wait->personal)))) {
        free(wait);
        guest_refuse(done, owner, RESULT_INVALID, "malformed", "name");
        return;
    }
    wait->live = live;
    wait->guest = (struct store_guest){.id = id_new('g'),
                                       .consultation = live->now.id,
                                       .role = role_name(invitation->role),
                                       .subject = id_new('k'),
                                       .personal = wait->personal,
                                       .created_us = clock_wall_us()};
    (void)!text_copy(wait->name, sizeof(wait->name), invitation->name);
    wait->answer.consultation = live->now.id;
    wait->done = done;
    wait->owner = owner;
    struct pending_input pending = {
        .input = control_input(CONSULTATION_EVENT_INVITE, &invitation->actor),
        .attach = guest_write,
        .done = guest_invited,
        .owner = wait};
    pending.input.guest = wait->guest.id;
    pending.input.guest_role = invitation->role;
    control_submit(live, &pending);
}

enum result guests_load(struct control *control, struct live_consultation *live)
{
    struct store_query query = {.kind = STORE_QUERY_GUESTS_OF_CONSULTATION,
                                .key = live->now.id.text};
    struct store_rows *rows = NULL;
    enum result result = store_query_now(control->rooms.store, &query, &rows);
    if (!result_ok(result))
        return result;
    for (size_t row = 0; row < store_rows_count(rows); row++) {
        struct actor guest = {.role = role_of_name(store_rows_text(rows, row, "role")),
                              .person = store_rows_id(rows, row, "id")};
        int seat = live_seat_of(&live->now, &guest);
        if (seat >= 0)
            name_of_sealed(store_rows_text(rows, row, "personal"), live->seats[seat].guest_name,
                           sizeof(live->seats[seat].guest_name));
    }
    store_rows_free(rows);
    return RESULT_OK;
}
