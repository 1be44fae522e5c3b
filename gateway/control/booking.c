/* A visit before it begins: booking it, making the patient's links. Each is one transaction. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/control/control_state.h"

#define INVITATION_LIFE_US                                                                         \
    (36ll * 3600 * US_PER_S) /* from booking or the booked time, whichever is later */

struct booking_wait {
    struct control *control;
    struct live_consultation
        *live; /* the new one; a new link keeps none, as its visit may be over before the commit */
    bool reissued;
    struct id kept;  /* with a new link: the browser that stays */
    int64_t link_us; /* with a new link: of the one before it */
    struct booking_answer answer;
    booking_done_fn done;
    void *owner;
};

/* The older links are void: so is what came in with them. */
static void booking_replaced(const struct booking_wait *wait)
{
    struct live_consultation *live = live_find(wait->control, &wait->answer.consultation);
    if (live != NULL)
        live->holder = wait->kept;
    control_end_devices(wait->control, &wait->answer.consultation, &wait->kept);
}

static void booking_finish(void *owner, enum result result, uint64_t first_seq)
{
    struct booking_wait *wait = owner;
    (void)first_seq;
    wait->answer.result = result;
    if (!result_ok(result)) {
        struct live_consultation *live =
            wait->reissued ? live_find(wait->control, &wait->answer.consultation) : NULL;
        if (live != NULL)
            live->link_us = wait->link_us;
        (void)!text_copy(wait->answer.code, sizeof(wait->answer.code),
                         result_class(result) == RESULT_CLASS_LIMIT ? "busy" : "storage");
        if (wait->live != NULL)
            live_free(wait->live);
    } else {
        if (wait->live != NULL)
            wait->live->unborn = false;
        if (wait->reissued)
            booking_replaced(wait);
        control_queue_changed(wait->control);
    }
    wait->done(wait->owner, &wait->answer);
    free(wait);
}

static void booking_refuse(booking_done_fn done, void *owner, enum result result, const char *code,
                           const char *field)
{
    struct booking_answer answer = {.result = result};
    (void)!text_copy(answer.code, sizeof(answer.code), code);
    (void)!text_copy(answer.field, sizeof(answer.field), field);
    done(owner, &answer);
}

struct store_invitation invitation_row(const struct live_consultation *live, char *ret_secret)
{
    struct token secret = token_new();
    (void)!text_copy(ret_secret, VISIT_SECRET_SIZE, secret.text);
    int64_t now_us = clock_wall_us();
    int64_t from_us = live->now.booked_for_us > now_us ? live->now.booked_for_us : now_us;
    return (struct store_invitation){.id = id_new('v'),
                                     .consultation = live->now.id,
                                     .patient = live->now.patient,
                                     .secret = token_hash(secret.text),
                                     .created_us = now_us,
                                     .expires_us = from_us + INVITATION_LIFE_US};
}

static void booking_invitation(struct store_transaction *transaction,
                               struct live_consultation *live, const struct actor *actor,
                               char *ret_secret)
{
    struct store_invitation invitation = invitation_row(live, ret_secret);
    /* from now on: an older link on its way to the disk would come back to life there */
    live->link_us = invitation.created_us;
    store_put_invitation(transaction, &invitation);
    struct audit_draft draft = {.act = AUDIT_ACT_INVITE_ISSUE,
                                .outcome = AUDIT_OK,
                                .actor = *actor,
                                .object_kind = "consult",
                                .object = live->now.id};
    struct audit_extra *extra = &draft.extra[draft.extra_count++];
    *extra = (struct audit_extra){.key = "invitation", .is_text = true};
    (void)!text_copy(extra->text, sizeof(extra->text), invitation.id.text);
    store_transaction_record(transaction, &draft);
}

/* Facts of the booking go through the same step as any other fact: a wrong supplier or value refuses the booking. */
static bool booking_facts(struct live_consultation *live, const struct booking *booking,
                          const char **ret_field)
{
    struct consultation *after = malloc(sizeof(*after));
    struct step_result *step = calloc(1, sizeof(*step));
    bool good = after != NULL && step != NULL;
    *ret_field = "";
    for (uint32_t i = 0; i < booking->facts_count && good; i++) {
        const struct booking_fact *fact = &booking->facts[i];
        struct step_input input = control_input(CONSULTATION_EVENT_FACT, &booking->actor);
        input.fact = rule_pack_find_fact(live->pack->pack, fact->name);
        input.fact_supplier = door_supplier(booking->actor.role);
        input.now_us = clock_wall_us();
        good = input.fact >= 0 &&
               result_ok(fact_parse(rule_pack_fact(live->pack->pack, (uint32_t)input.fact),
                                    fact->value, &input.fact_value));
        if (good) {
            consultation_step(live->pack->pack, &live->control->options.practice, &live->now,
                              &input, after, step);
            good = step->verdict != STEP_REFUSE;
        }
        if (good && step->verdict == STEP_GO)
            live->now = *after;
        if (!good)
            *ret_field = fact->name;
    }
    free(after);
    free(step);
    return good;
}

static void booking_records(struct store_transaction *transaction,
                            const struct live_consultation *live, const struct booking *booking)
{
    struct audit_draft draft = {.act = AUDIT_ACT_CONSULT_CREATE,
                                .outcome = AUDIT_OK,
                                .actor = booking->actor,
                                .object_kind = "consult",
                                .object = live->now.id};
    struct audit_extra *patient = &draft.extra[draft.extra_count++];
    *patient = (struct audit_extra){.key = "patient", .is_text = true};
    (void)!text_copy(patient->text, sizeof(patient->text), live->now.patient.text);
    struct audit_extra *physician = &draft.extra[draft.extra_count++];
    *physician = (struct audit_extra){.key = "physician", .is_text = true};
    (void)!text_copy(physician->text, sizeof(physician->text), live->now.physician.text);
    draft.extra[draft.extra_count++] =
        (struct audit_extra){.key = "facts", .number = booking->facts_count};
    store_transaction_record(transaction, &draft);
}

void control_book(struct control *control, const struct booking *booking, booking_done_fn done,
                  void *owner)
{
    assert_on_thread(&control->owner);
    const struct directory_staff *physician =
        id_is_set(&booking->physician)
            ? directory_staff(control->directory, &booking->physician)
            : directory_first_physician(control->directory, &booking->actor.institution);
    if (physician == NULL || physician->role != ROLE_PHYSICIAN ||
        !id_equal(&physician->institution, &booking->actor.institution)) {
        booking_refuse(done, owner, RESULT_NOT_FOUND, "not_found", "physician");
        return;
    }
    char personal[512];
    if (!text_is_plain_utf8(booking->patient_name, strlen(booking->patient_name)) ||
        !result_ok(name_seal_text(booking->patient_name, personal, sizeof(personal)))) {
        booking_refuse(done, owner, RESULT_INVALID, "malformed", "patient_name");
        return;
    }
    const struct control_pack *pack = &control->packs[control->pack_current];
    struct live_consultation *live = control->draining ? NULL : live_new(control, pack);
    struct booking_wait *wait = calloc(1, sizeof(*wait));
    if (live == NULL || wait == NULL) {
        if (live != NULL)
            live_free(live);
        free(wait);
        booking_refuse(done, owner, RESULT_FULL, control->draining ? "draining" : "busy", "");
        return;
    }
    struct id consultation = id_new('c'), patient = id_new('p');
    live->unborn = true; /* nobody sees or touches it before it is durable (P2) */
    live->subject = id_new('k');
    (void)!text_copy(live->patient_name, sizeof(live->patient_name), booking->patient_name);
    consultation_init(&live->now, &consultation, &booking->actor.institution, &patient,
                      &physician->id, pack->pack, booking->booked_for_us);
    const char *field = "";
    if (!booking_facts(live, booking, &field)) {
        live_free(live);
        free(wait);
        booking_refuse(done, owner, RESULT_INVALID, "fact_value", field);
        return;
    }
    if (live->now.revision == 0)
        live->now.revision = 1;
    struct store_transaction *transaction = store_transaction_new();
    struct store_patient row = {.id = patient,
                                .institution = booking->actor.institution,
                                .subject = live->subject,
                                .personal = personal,
                                .created_us = clock_wall_us()};
    store_put_patient(transaction, &row);
    control_put_consultation(transaction, live, &live->now);
    booking_records(transaction, live, booking);
    *wait = (struct booking_wait){.control = control, .live = live, .done = done, .owner = owner};
    wait->answer.consultation = consultation;
    booking_invitation(transaction, live, &booking->actor, wait->answer.secret);
    enum result result = store_submit(control->rooms.store, transaction, booking_finish, wait);
    if (!result_ok(result))
        booking_finish(wait, result, STORE_NO_SEQ);
}

void control_reissue(struct control *control, const struct actor *actor,
                     const struct id *consultation, booking_done_fn done, void *owner)
{
    assert_on_thread(&control->owner);
    struct live_consultation *live = live_find(control, consultation);
    struct booking_wait *wait =
        live == NULL || consultation_is_over(live->now.state) ? NULL : calloc(1, sizeof(*wait));
    if (wait == NULL) {
        booking_refuse(done, owner, RESULT_NOT_FOUND, live == NULL ? "not_found" : "over", "");
        return;
    }
    struct store_transaction *transaction = store_transaction_new();
    *wait =
        (struct booking_wait){.control = control, .reissued = true, .done = done, .owner = owner};
    wait->answer.consultation = live->now.id;
    wait->link_us = live->link_us;
    /* A click at the desk throws nobody out of a running examination; staff can still remove or move that seat. */
    const struct seat *seat = &live->now.seats[0];
    bool examined = consultation_is_live(live->now.state) &&
                    (seat->status == SEAT_PRESENT || seat->status == SEAT_AWAY);
    if (examined)
        wait->kept = seat->device;
    store_void_invitations(transaction, &live->now.id, &wait->kept, clock_wall_us());
    booking_invitation(transaction, live, actor, wait->answer.secret);
    enum result result = store_submit(control->rooms.store, transaction, booking_finish, wait);
    if (!result_ok(result))
        booking_finish(wait, result, STORE_NO_SEQ);
}
