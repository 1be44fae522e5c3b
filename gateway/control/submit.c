/* An input's way: step → transaction → durable → effects → answer (promise P2). While a commit is under way, further
 * inputs of the same consultation wait in order; then they go through together, as one batch with one commit, so a page
 * that supplies twenty facts waits for two disk syncs and not for twenty. Other consultations are not held up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/base/random.h"
#include "gateway/base/text.h"
#include "gateway/consultation/consultation_snapshot.h"
#include "gateway/control/control_state.h"
#include "gateway/words/agreement.h"

#define VALUES_JSON_SIZE (FACTS_MAX * (FACT_NAME_SIZE + 24) + 16)

#define BATCH_ITEMS_MAX  24
/* Operations one more input may add: its pack, decision and consent, its attachment, and its records; the consultation
 * itself comes last. */
#define BATCH_OPS_EACH (STEP_RECORDS_MAX + 3 + SUBMIT_ROWS_MAX)

struct submit_item {
    struct pending_input pending;
    struct step_result step;
    enum result result; /* of resolving; an item that failed here was never stepped */
    enum consultation_state from, to;
};

/* Thread: control.   Owner: the live consultation, as `committing`.
 * Life:   submit_begin … submit_committed. */
struct submit_batch {
    struct consultation after; /* state behind the last item */
    struct consultation next;  /* where a step writes */
    bool changed;              /* some item went through: the consultation is stored */
    bool writes;
    unsigned ops;
    unsigned count;
    struct submit_item items[BATCH_ITEMS_MAX];
};

static void submit_begin(struct live_consultation *live);
static void submit_idle(struct live_consultation *live);

struct step_input control_input(enum consultation_event event, const struct actor *actor)
{
    return (struct step_input){.event = event, .actor = *actor, .seat = -1, .fact = -1, .rule = -1};
}

struct actor control_system_actor(const struct live_consultation *live)
{
    return (struct actor){.role = ROLE_SYSTEM, .institution = live->now.institution};
}

/* Is this physician in another live consultation, also one whose admission is just being written? (JP-OC-1.6-05) */
static bool physician_is_busy(const struct live_consultation *asking)
{
    LIST_FOR_EACH(&asking->control->live, link)
    {
        const struct live_consultation *other = CONTAINER_OF(link, struct live_consultation, link);
        if (other == asking || !id_equal(&other->now.physician, &asking->now.physician))
            continue;
        const struct consultation *states[] = {
            &other->now, other->committing == NULL ? NULL : &other->committing->after};
        for (unsigned i = 0; i < 2; i++)
            if (states[i] != NULL && consultation_is_live(states[i]->state) &&
                states[i]->state != CONSULTATION_STATE_CLOSING)
                return true;
    }
    return false;
}

static void submit_answer(struct live_consultation *live, const struct pending_input *pending,
                          enum result result, const struct step_result *step)
{
    if (handle_is_set(pending->session) && !result_ok(result))
        view_error(live->control, pending->session, pending->ref,
                   result == RESULT_STORAGE     ? "storage"
                   : result == RESULT_FULL      ? "busy"
                   : result == RESULT_NOT_FOUND ? "not_found"
                                                : "internal",
                   pending->fact_name);
    else if (handle_is_set(pending->session) && step->verdict == STEP_REFUSE)
        view_refusal(live->control, live, pending->session, pending->ref, step);
    else if (handle_is_set(pending->session))
        view_done(live->control, pending->session, pending->ref);
    if (pending->done != NULL)
        pending->done(pending->owner, result, step);
}

static void submit_effects(struct live_consultation *live, const struct submit_item *item)
{
    enum consultation_event event = item->pending.input.event;
    if (item->from != item->to) {
        counter_add(live->control->rooms.counters, COUNTER_transitions, 1);
        LOG(LOG_INFO, "consultation.state", log_id("consultation", &live->now.id),
            log_name("from", consultation_state_name(item->from)),
            log_name("to", consultation_state_name(item->to)));
    }
    if (event == CONSULTATION_EVENT_SEAT_TAKE && item->pending.input.actor.role != ROLE_DEVICE)
        visitor_sit(live, item->pending.session);
    control_effects(live, &item->step);
    if (event == CONSULTATION_EVENT_MOVE_SEAT)
        visitor_sit_moved(live);
}

/* Everybody hears the outcome of their own input, in order. */
static void submit_tell(struct live_consultation *live, const struct submit_batch *batch,
                        enum result result)
{
    for (unsigned i = 0; i < batch->count; i++) {
        const struct submit_item *item = &batch->items[i];
        enum result outcome = item->result;
        if (result_ok(outcome) && !result_ok(result))
            outcome = result == RESULT_FULL ? RESULT_FULL : RESULT_STORAGE;
        if (result_ok(outcome) && item->step.verdict == STEP_GO)
            submit_effects(live, item);
        submit_answer(live, &item->pending, outcome, &item->step);
    }
}

/* The store has spoken. */
static void submit_committed(void *owner, enum result result, uint64_t first_seq)
{
    struct live_consultation *live = owner;
    struct submit_batch *batch = live->committing;
    (void)first_seq;
    live->committing = NULL;
    if (result_ok(result) && batch->changed)
        live->now = batch->after;
    if (!result_ok(result))
        LOG(LOG_ERROR, "consultation.not_stored", log_id("consultation", &live->now.id),
            log_result(result));
    live->submitting = true;
    submit_tell(live, batch, result);
    free(batch);
    submit_begin(live);
    live->submitting = false;
    submit_idle(live);
}

void submit_free(struct submit_batch *batch)
{
    free(batch);
}

void control_put_consultation(struct store_transaction *transaction, struct live_consultation *live,
                              const struct consultation *consultation)
{
    struct control *control = live->control;
    const struct directory_staff *physician =
        directory_staff(control->directory, &consultation->physician);
    const struct directory_institution *clinic =
        directory_institution(control->directory, &consultation->institution);
    bool over = consultation_is_over(consultation->state);
    char search[512];
    snprintf(search, sizeof(search), "%s %s %s %s",
             physician == NULL ? "" : physician->name[LANGUAGE_JA],
             physician == NULL ? "" : physician->name[LANGUAGE_EN],
             clinic == NULL ? "" : clinic->name[LANGUAGE_JA],
             clinic == NULL ? "" : clinic->name[LANGUAGE_EN]);
    struct store_consultation row = {
        .id = consultation->id,
        .institution = consultation->institution,
        .patient = consultation->patient,
        .physician = consultation->physician,
        .subject = live->subject,
        .state = consultation_state_name(consultation->state),
        .over = over,
        .revision = consultation->revision,
        .booked_for_us = consultation->booked_for_us,
        .lobby_at_us = consultation->lobby_at_us,
        .admitted_at_us = consultation->admitted_at_us,
        .started_at_us = consultation->started_at_us,
        .finished_at_us = consultation->finished_at_us,
        .ended_at_us = consultation->ended_at_us,
        .outcome = consultation->outcome,
        .end_reason = consultation->end_reason,
        .pack_pinned = consultation->pack_pinned,
        .pack_hash = consultation->pack_hash,
        .gap_s = live->gap_total_us / US_PER_S,
        .examined_s = consultation_live_exam_ms(consultation, clock_wall_us()) / 1000,
        .search_text = search,
    };
    if (!over && result_ok(consultation_write_text(consultation, live->pack->pack, control->text,
                                                   CONSULTATION_TEXT_MAX))) {
        row.blob = control->text;
        row.blob_length = strlen(control->text);
    }
    store_put_consultation(transaction, &row);
}

static void submit_put_pack(struct store_transaction *transaction, const struct control_pack *pack)
{
    const struct pack_info *info = rule_pack_info(pack->pack);
    struct store_pack row = {.hash = info->hash,
                             .id = info->id,
                             .version = info->version,
                             .bytes = pack->bytes,
                             .length = pack->length,
                             .stored_us = clock_wall_us()};
    store_put_pack(transaction, &row);
}

/* The decision with everything a replay needs (P4); returns the keyed digest for the records. */
static struct sha256 submit_put_decision(struct store_transaction *transaction,
                                         struct live_consultation *live,
                                         const struct consultation *facts_of,
                                         struct decision *decision)
{
    struct store_decision row = {.id = id_new('d'),
                                 .consultation = live->now.id,
                                 .subject = live->subject,
                                 .at_us = clock_wall_us()};
    struct rule_question question = {.gate = decision->gate,
                                     .facts = &facts_of->facts,
                                     .acknowledged = facts_of->acknowledged,
                                     .now_us = row.at_us,
                                     .emergency = facts_of->state == CONSULTATION_STATE_EMERGENCY};
    char ids[DECISION_FAILED_MAX * RULE_ID_SIZE] = "";
    size_t used = 0;
    for (unsigned i = 0; i < decision->failed_count && used < sizeof(ids); i++)
        used += (size_t)snprintf(ids + used, sizeof(ids) - used, "%s%s", i == 0 ? "" : " ",
                                 rule_pack_rule(live->pack->pack, decision->failed[i].rule)->id);
    decision->id = row.id;
    random_bytes(row.inputs_key, sizeof(row.inputs_key));
    row.gate = rule_gate_name(decision->gate);
    row.verdict = rule_action_name(decision->verdict);
    row.pack_hash = decision->pack_hash;
    row.rule_ids = ids;
    row.inputs = rules_inputs_digest(live->pack->pack, &question,
                                     span_of(row.inputs_key, sizeof(row.inputs_key)));
    char *values = malloc(2 * VALUES_JSON_SIZE);
    if (values != NULL &&
        result_ok(door_values_json(live->pack->pack, question.facts, values,
                                   values + VALUES_JSON_SIZE, VALUES_JSON_SIZE))) {
        row.values = values;
        row.suppliers = values + VALUES_JSON_SIZE;
        store_put_decision(transaction, &row);
    }
    free(values);
    counter_add(live->control->rooms.counters, COUNTER_decisions, 1);
    return row.inputs;
}

/* JP-OC-1.1-01: what was agreed to, by version, language and hash, in the transaction of the agreement itself. */
static bool submit_consent(struct store_transaction *transaction,
                           const struct live_consultation *live,
                           const struct pending_input *pending)
{
    const struct step_input *input = &pending->input;
    if (input->event != CONSULTATION_EVENT_FACT || input->fact < 0 ||
        input->fact_supplier == SUPPLIER_MEDIA ||
        strcmp(rule_pack_fact(live->pack->pack, (uint32_t)input->fact)->name, "agreement") != 0)
        return false;
    struct handle session = pending->session;
    bool english = handle_is_set(session) &&
                   signaling_session_language(live->control->signaling, session) == LANGUAGE_EN;
    enum language language = english ? LANGUAGE_EN : LANGUAGE_JA;
    struct sha256 hash = agreement_hash(language);
    struct audit_draft draft = {.act = input->fact_clear || input->fact_value == 0
                                           ? AUDIT_ACT_CONSENT_WITHDRAW
                                           : AUDIT_ACT_CONSENT_GIVE,
                                .outcome = AUDIT_OK,
                                .actor = input->actor,
                                .object_kind = "consult",
                                .object = live->now.id};
    draft.extra[0] = (struct audit_extra){.key = "text", .is_text = true};
    text_base64url(span_of(hash.bytes, SHA256_BYTES), draft.extra[0].text,
                   sizeof(draft.extra[0].text));
    draft.extra[1] = (struct audit_extra){.key = "version", .number = AGREEMENT_VERSION};
    draft.extra[2] = (struct audit_extra){.key = "language", .is_text = true};
    (void)!text_copy(draft.extra[2].text, sizeof(draft.extra[2].text), language_name(language));
    draft.extra_count = 3;
    store_transaction_record(transaction, &draft);
    return true;
}

/* What one stepped item leaves in the transaction; `facts_of` is the consultation its decision looked at. */
static void submit_write_item(struct store_transaction *transaction, struct live_consultation *live,
                              struct submit_batch *batch, struct submit_item *item,
                              const struct consultation *facts_of)
{
    struct step_result *step = &item->step;
    bool go = step->verdict == STEP_GO;
    struct sha256 inputs = {{0}};
    if (go && facts_of->pack_pinned && !batch->after.pack_pinned) {
        submit_put_pack(transaction, live->pack);
        batch->ops++;
    }
    if (step->has_decision) {
        inputs = submit_put_decision(transaction, live, facts_of, &step->decision);
        batch->ops++;
    }
    if (go && submit_consent(transaction, live, &item->pending))
        batch->ops++;
    if (go && item->pending.attach != NULL) {
        item->pending.attach(item->pending.owner, transaction);
        batch->ops += SUBMIT_ROWS_MAX;
    }
    for (unsigned i = 0; i < step->record_count; i++) {
        if (step->records[i].has_rule)
            step->records[i].inputs = inputs;
        store_transaction_record(transaction, &step->records[i]);
        batch->ops++;
    }
}

/* Turns the name and value of a `fact` message into the terms of the pack in force now. */
static enum result submit_resolve_fact(struct live_consultation *live,
                                       struct pending_input *pending)
{
    int fact = rule_pack_find_fact(live->pack->pack, pending->fact_name);
    if (fact < 0)
        return RESULT_NOT_FOUND;
    pending->input.fact = fact;
    pending->input.fact_clear = pending->fact_scalar.kind == MESSAGE_SCALAR_NONE;
    if (pending->input.fact_clear)
        return RESULT_OK;
    enum result result = door_value(rule_pack_fact(live->pack->pack, (uint32_t)fact),
                                    &pending->fact_scalar, &pending->input.fact_value);
    if (!result_ok(result)) /* the step refuses a value outside every range with fact_value */
        pending->input.fact_value = INT64_MIN;
    return RESULT_OK;
}

static void submit_note_refusal(const struct live_consultation *live,
                                const struct submit_item *item)
{
    counter_add(live->control->rooms.counters, COUNTER_transitions_refused, 1);
    if (item->step.refusal == STEP_REFUSAL_FACT_SUPPLIER)
        counter_add(live->control->rooms.counters, COUNTER_fact_refused, 1);
    LOG(LOG_INFO, "consultation.refused", log_id("consultation", &live->now.id),
        log_name("event", consultation_event_name(item->pending.input.event)),
        log_name("state", consultation_state_name(item->from)),
        log_name("why", step_refusal_name(item->step.refusal)));
}

/* One input: resolve, step behind the items before it, write. */
static void submit_item(struct live_consultation *live, struct submit_batch *batch,
                        struct store_transaction *transaction, const struct pending_input *pending)
{
    struct submit_item *item = &batch->items[batch->count++];
    item->pending = *pending;
    item->from = item->to = batch->after.state;
    if (pending->reread_fact && !result_ok(submit_resolve_fact(live, &item->pending))) {
        item->result = RESULT_NOT_FOUND;
        return;
    }
    struct step_input *input = &item->pending.input;
    input->now_us = clock_wall_us();
    input->physician_busy = input->event == CONSULTATION_EVENT_ADMIT && physician_is_busy(live);
    consultation_step(live->pack->pack, &live->control->options.practice, &batch->after, input,
                      &batch->next, &item->step);
    bool go = item->step.verdict == STEP_GO;
    if (item->step.verdict == STEP_REFUSE)
        submit_note_refusal(live, item);
    submit_write_item(transaction, live, batch, item, go ? &batch->next : &batch->after);
    batch->writes = batch->writes || go || item->step.record_count > 0;
    if (go) {
        item->to = batch->next.state;
        batch->after = batch->next;
        batch->changed = true;
    }
}

static const struct pending_input *submit_take(struct live_consultation *live)
{
    const struct pending_input *pending = &live->waiting[live->waiting_first];
    live->waiting_first = (live->waiting_first + 1) % CONTROL_WAITING_INPUTS_MAX;
    live->waiting_count--;
    return pending;
}

/* Takes what waits, as much as fits into one transaction. */
static struct store_transaction *submit_fill(struct live_consultation *live,
                                             struct submit_batch *batch)
{
    struct store_transaction *transaction = store_transaction_new();
    batch->after = live->now;
    while (live->waiting_count > 0 && batch->count < BATCH_ITEMS_MAX &&
           batch->ops + BATCH_OPS_EACH + 1 <= STORE_TRANSACTION_OPS_MAX)
        submit_item(live, batch, transaction, submit_take(live));
    if (batch->changed)
        control_put_consultation(transaction, live, &batch->after);
    return transaction;
}

static void submit_begin(struct live_consultation *live)
{
    while (live->committing == NULL && live->waiting_count > 0) {
        struct submit_batch *batch = calloc(1, sizeof(*batch));
        if (batch == NULL)
            return; /* the next input or tick tries again */
        live->committing = batch;
        struct store_transaction *transaction = submit_fill(live, batch);
        if (!batch->writes) { /* nothing to store: everybody is answered at once */
            store_transaction_free(transaction);
            live->committing = NULL;
            submit_tell(live, batch, RESULT_OK);
            free(batch);
            continue;
        }
        enum result result =
            store_submit(live->control->rooms.store, transaction, submit_committed, live);
        if (result_ok(result))
            return;
        LOG(LOG_ERROR, "consultation.not_submitted", log_id("consultation", &live->now.id),
            log_result(result));
        live->committing = NULL;
        submit_tell(live, batch, result);
        free(batch);
    }
}

/* The ring is 42 kB and nearly always empty: a quiet consultation does not keep it. */
static void submit_idle(struct live_consultation *live)
{
    if (live->waiting_count > 0)
        return;
    free(live->waiting);
    live->waiting = NULL;
    live->waiting_first = 0;
}

void control_submit(struct live_consultation *live, const struct pending_input *pending)
{
    assert_on_thread(&live->control->owner);
    if (live->waiting == NULL)
        live->waiting = calloc(CONTROL_WAITING_INPUTS_MAX, sizeof(*live->waiting));
    if (live->waiting == NULL || live->waiting_count == CONTROL_WAITING_INPUTS_MAX) {
        struct step_result nothing = {.verdict = STEP_IGNORE};
        submit_answer(live, pending, RESULT_FULL, &nothing);
        return;
    }
    live->waiting[(live->waiting_first + live->waiting_count++) % CONTROL_WAITING_INPUTS_MAX] =
        *pending;
    if (!live->submitting) {
        live->submitting =
            true; /* an answer may submit again: it waits its turn instead of nesting */
        submit_begin(live);
        live->submitting = false;
        submit_idle(live);
    }
}

static void record_done(void *owner, enum result result, uint64_t first_seq)
{
    (void)owner;
    (void)first_seq;
    if (!result_ok(result))
        LOG(LOG_ERROR, "record.not_stored", log_result(result));
}

void control_record_alone(struct control *control, const struct audit_draft *draft)
{
    struct store_transaction *transaction = store_transaction_new();
    store_transaction_record(transaction, draft);
    enum result result = store_submit(control->rooms.store, transaction, record_done, NULL);
    if (!result_ok(result))
        record_done(NULL, result, STORE_NO_SEQ);
}

void control_record(struct live_consultation *live, const struct audit_draft *draft)
{
    control_record_alone(live->control, draft);
}
