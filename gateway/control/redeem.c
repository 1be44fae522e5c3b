/* A browser shows a link: which one may hold the visit, or a guest's seat. One transaction. */
#include <stdlib.h>

#include "gateway/base/clock.h"
#include "gateway/base/text.h"
#include "gateway/control/control_state.h"

#define DEVICE_LIFE_US (36ll * 3600 * US_PER_S)

struct redeem_wait {
    struct control *control;
    struct id consultation; /* whose holder this browser becomes; empty: it is held */
    int seat;
    struct redeem_answer answer;
    redeem_done_fn done;
    void *owner;
};

/* The seat whose link this is, or -1 when the guest's is void. */
static int redeem_seat(const struct live_consultation *live, const struct redeem *redeem)
{
    struct actor guest = {.role = redeem->role, .person = redeem->guest};
    return id_is_set(&redeem->guest) ? live_seat_of(&live->now, &guest) : SEAT_PATIENT;
}

/* Where the browser is remembered that redeemed a seat's link first. */
static struct id *redeem_place(struct live_consultation *live, int seat)
{
    return seat == SEAT_PATIENT ? &live->holder : &live->seats[seat].guest_holder;
}

static void redeem_finish(void *owner, enum result result, uint64_t first_seq)
{
    struct redeem_wait *wait = owner;
    (void)first_seq;
    if (!result_ok(result)) {
        struct live_consultation *live =
            id_is_set(&wait->consultation) ? live_find(wait->control, &wait->consultation) : NULL;
        struct id *holder = live == NULL ? NULL : redeem_place(live, wait->seat);
        if (holder != NULL && id_equal(holder, &wait->answer.device))
            *holder = (struct id){{0}};
        wait->answer.result = result;
        wait->answer.code = "storage";
        wait->answer.bound_now = false;
    }
    wait->done(wait->owner, &wait->answer);
    free(wait);
}

/* The browser that may sit down: the one on the seat, else the one that redeemed the link first, also when that is only
 * now being written. */
static struct id redeem_holder(struct live_consultation *live, int seat)
{
    const struct seat *place = &live->now.seats[seat];
    bool seated =
        place->status != SEAT_EMPTY && place->status != SEAT_GONE && id_is_set(&place->device);
    return seated ? place->device : *redeem_place(live, seat);
}

/* A new browser shows the link. The first one holds the visit; a later one is bound too, so that staff can move the
 * seat to it, but it stays held (JP-OC-2.5-20). */
static void redeem_bind(struct control *control, struct live_consultation *live,
                        const struct redeem *redeem, struct redeem_wait *wait)
{
    struct id holder = redeem_holder(live, wait->seat);
    bool first = !id_is_set(&holder);
    int64_t now_us = clock_wall_us();
    struct token cookie = token_new();
    (void)!text_copy(wait->answer.cookie, sizeof(wait->answer.cookie), cookie.text);
    wait->answer.device = id_new('b');
    wait->answer.bound_now = true;
    wait->answer.result = first ? RESULT_OK : RESULT_DENIED;
    wait->answer.code = first ? NULL : "held_other_device";
    struct store_device device = {.id = wait->answer.device,
                                  .invitation = redeem->invitation,
                                  .consultation = redeem->consultation,
                                  .secret = token_hash(cookie.text),
                                  .created_us = now_us,
                                  .expires_us = now_us + DEVICE_LIFE_US};
    struct store_transaction *transaction = store_transaction_new();
    store_put_device(transaction, &device);
    if (first) {
        *redeem_place(live, wait->seat) = device.id;
        wait->consultation = redeem->consultation;
        struct store_invitation invitation = {.id = redeem->invitation,
                                              .consultation = redeem->consultation,
                                              .patient = redeem->patient,
                                              .guest = redeem->guest,
                                              .secret = redeem->secret,
                                              .created_us = redeem->created_us,
                                              .expires_us = redeem->expires_us,
                                              .redeemed_us = now_us,
                                              .device = device.id};
        store_put_invitation(transaction, &invitation);
    }
    bool guest = wait->seat != SEAT_PATIENT;
    struct actor actor = {.role = guest ? redeem->role : ROLE_PATIENT,
                          .authentication = AUTHENTICATION_LINK,
                          .person = guest ? redeem->guest : redeem->patient,
                          .institution = live->now.institution};
    struct audit_draft draft = {.act = first ? AUDIT_ACT_INVITE_REDEEM
                                             : AUDIT_ACT_INVITE_SECOND_DEVICE,
                                .outcome = first ? AUDIT_OK : AUDIT_DENY,
                                .actor = actor,
                                .object_kind = "consult",
                                .object = redeem->consultation};
    struct audit_extra *extra = &draft.extra[draft.extra_count++];
    *extra = (struct audit_extra){.key = "device", .is_text = true};
    (void)!text_copy(extra->text, sizeof(extra->text), device.id.text);
    store_transaction_record(transaction, &draft);
    enum result result = store_submit(control->rooms.store, transaction, redeem_finish, wait);
    if (!result_ok(result)) {
        redeem_finish(wait, result, STORE_NO_SEQ);
        return;
    }
    if (!first &&
        !guest) { /* both sides are told; a guest gets another link rather than another device */
        struct actor system = control_system_actor(live);
        struct pending_input pending = {
            .input = control_input(CONSULTATION_EVENT_SECOND_DEVICE, &system)};
        pending.input.device = device.id;
        control_submit(live, &pending);
    }
}

void control_redeem(struct control *control, const struct redeem *redeem, redeem_done_fn done,
                    void *owner)
{
    assert_on_thread(&control->owner);
    struct live_consultation *live = live_find(control, &redeem->consultation);
    struct redeem_wait *wait = calloc(1, sizeof(*wait));
    struct redeem_answer answer = {.result = RESULT_STALE, .code = "invitation_expired"};
    int seat = live == NULL ? -1 : redeem_seat(live, redeem);
    if (seat < 0 || wait == NULL || consultation_is_over(live->now.state) ||
        redeem->expires_us <= clock_wall_us() ||
        (seat == SEAT_PATIENT && redeem->created_us < live->link_us)) {
        free(wait);
        done(owner, &answer);
        return;
    }
    struct id holder = redeem_holder(live, seat);
    *wait = (struct redeem_wait){.control = control, .seat = seat, .done = done, .owner = owner};
    if (!id_is_set(&redeem->device)) {
        redeem_bind(control, live, redeem, wait);
        return;
    }
    wait->answer.device = redeem->device;
    bool holds = !id_is_set(&holder) || id_equal(&holder, &redeem->device);
    wait->answer.result = holds ? RESULT_OK : RESULT_DENIED;
    wait->answer.code = holds ? NULL : "held_other_device";
    wait->done(wait->owner, &wait->answer);
    free(wait);
}

/* Rows come in the order the links were made, so the patient's newest link has the last word. */
enum result redeem_load(struct control *control, struct live_consultation *live)
{
    struct store_query query = {.kind = STORE_QUERY_INVITATIONS_OF_CONSULTATION,
                                .key = live->now.id.text};
    struct store_rows *rows = NULL;
    enum result result = store_query_now(control->rooms.store, &query, &rows);
    if (!result_ok(result))
        return result;
    for (size_t row = 0; row < store_rows_count(rows); row++) {
        bool patient = store_rows_is_null(rows, row, "guest");
        struct redeem link = {.role = patient
                                          ? ROLE_PATIENT
                                          : role_of_name(store_rows_text(rows, row, "guest_role"))};
        if (patient)
            live->link_us = store_rows_integer(rows, row, "created_us");
        else
            link.guest = store_rows_id(rows, row, "guest");
        int seat = redeem_seat(live, &link);
        if (seat >= 0)
            *redeem_place(live, seat) = store_rows_id(rows, row, "device");
    }
    store_rows_free(rows);
    return RESULT_OK;
}
