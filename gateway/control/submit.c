/* One input's way: step → transaction → durable → effects → answer (promise P2). While a commit is under way, further
 * inputs of the same consultation wait in order; other consultations are not held up. */
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

static void submit_begin(struct live_consultation *live, const struct pending_input *pending);

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
        const struct consultation *states[] = {&other->now, other->after};
        for (unsigned i = 0; i < 2; i++)
            if (states[i] != NULL && consultation_is_live(states[i]->state) &&
                states[i]->state != CONSULTATION_STATE_CLOSING)
                return true;
    }
    return false;
}

static void submit_answer(struct live_consultation *live, const struct pending_input *pending, enum result result,
                          const struct step_result *step)
{
    if (handle_is_set(pending->session) && !result_ok(result))
        view_error(live->control, pending->session, pending->ref,
                   result == RESULT_STORAGE ? "storage" : result == RESULT_FULL ? "busy" : result == RESULT_NOT_FOUND ? "not_found" : "internal", pending->fact_name);
    else if (handle_is_set(pending->session) && step->verdict == STEP_REFUSE)
        view_refusal(live->control, live, pending->session, pending->ref, step);
    else if (handle_is_set(pending->session))
        view_done(live->control, pending->session, pending->ref);
    if (pending->done != NULL)
        pending->done(pending->owner, result, step);
}

static void submit_next(struct live_consultation *live)
{
    while (live->committing == NULL && live->waiting_count > 0) {
        struct pending_input *next = malloc(sizeof(*next));
        if (next == NULL)
            return; /* the next input or tick tries again */
        *next = live->waiting[live->waiting_first];
        live->waiting_first = (live->waiting_first + 1) % CONTROL_WAITING_INPUTS_MAX;
        live->waiting_count--;
        submit_begin(live, next);
        free(next);
    }
}

static void submit_over(struct live_consultation *live)
{
    free(live->after);
    free(live->step);
    free(live->committing);
    live->after = NULL;
    live->step = NULL;
    live->committing = NULL;
}

/* The store has spoken. */
static void submit_committed(void *owner, enum result result, uint64_t first_seq)
{
    struct live_consultation *live = owner;
    (void)first_seq;
    struct step_result *step = live->step;
    struct pending_input *pending = live->committing;
    if (result_ok(result) && step->verdict == STEP_GO) {
        enum consultation_state before = live->now.state;
        live->now = *live->after;
        if (before != live->now.state) {
            counter_add(live->control->rooms.counters, COUNTER_transitions, 1);
            LOG(LOG_INFO, "consultation.state", log_id("consultation", &live->now.id),
                log_name("from", consultation_state_name(before)), log_name("to", consultation_state_name(live->now.state)));
        }
    }
    free(live->after);
    live->after = NULL;
    live->step = NULL;
    live->committing = NULL;
    if (!result_ok(result))
        LOG(LOG_ERROR, "consultation.not_stored", log_id("consultation", &live->now.id), log_result(result));
    else if (step->verdict == STEP_GO) {
        if (pending->input.event == CONSULTATION_EVENT_SEAT_TAKE)
            visitor_sit(live, pending->session);
        control_effects(live, step);
        if (pending->input.event == CONSULTATION_EVENT_MOVE_SEAT)
            visitor_sit_moved(live);
    }
    submit_answer(live, pending, result_ok(result) ? RESULT_OK : RESULT_STORAGE, step);
    free(step);
    free(pending);
    submit_next(live);
}

void control_put_consultation(struct store_transaction *transaction, struct live_consultation *live,
                              const struct consultation *consultation)
{
    struct control *control = live->control;
    const struct directory_staff *physician = directory_staff(control->directory, &consultation->physician);
    const struct directory_institution *clinic = directory_institution(control->directory, &consultation->institution);
    bool over = consultation_is_over(consultation->state);
    char search[512];
    snprintf(search, sizeof(search), "%s %s %s %s", physician == NULL ? "" : physician->name[LANGUAGE_JA],
             physician == NULL ? "" : physician->name[LANGUAGE_EN], clinic == NULL ? "" : clinic->name[LANGUAGE_JA],
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
    if (!over && result_ok(consultation_write_text(consultation, live->pack->pack, control->text, CONSULTATION_TEXT_MAX))) {
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
static struct sha256 submit_put_decision(struct store_transaction *transaction, struct live_consultation *live,
                                         const struct consultation *facts_of, struct decision *decision)
{
    struct store_decision row = {.id = id_new('d'), .consultation = live->now.id, .subject = live->subject, .at_us = clock_wall_us()};
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
    row.inputs = rules_inputs_digest(live->pack->pack, &question, span_of(row.inputs_key, sizeof(row.inputs_key)));
    char *values = malloc(2 * VALUES_JSON_SIZE);
    if (values != NULL && result_ok(door_values_json(live->pack->pack, question.facts, values, values + VALUES_JSON_SIZE, VALUES_JSON_SIZE))) {
        row.values = values;
        row.suppliers = values + VALUES_JSON_SIZE;
        store_put_decision(transaction, &row);
    }
    free(values);
    counter_add(live->control->rooms.counters, COUNTER_decisions, 1);
    return row.inputs;
}

/* JP-OC-1.1-01: what was agreed to, by version, language and hash, in the transaction of the agreement itself. */
static void submit_consent(struct store_transaction *transaction, const struct live_consultation *live, const struct step_input *input)
{
    if (input->event != CONSULTATION_EVENT_FACT || input->fact < 0 || input->fact_supplier == SUPPLIER_MEDIA ||
        strcmp(rule_pack_fact(live->pack->pack, (uint32_t)input->fact)->name, "agreement") != 0)
        return;
    struct handle session = live->committing->session;
    bool english = handle_is_set(session) && signaling_session_language(live->control->signaling, session) == LANGUAGE_EN;
    enum language language = english ? LANGUAGE_EN : LANGUAGE_JA;
    struct sha256 hash = agreement_hash(language);
    struct audit_draft draft = {.act = input->fact_clear || input->fact_value == 0 ? AUDIT_ACT_CONSENT_WITHDRAW : AUDIT_ACT_CONSENT_GIVE,
                                .outcome = AUDIT_OK,
                                .actor = input->actor,
                                .object_kind = "consult",
                                .object = live->now.id};
    draft.extra[0] = (struct audit_extra){.key = "text", .is_text = true};
    text_base64url(span_of(hash.bytes, SHA256_BYTES), draft.extra[0].text, sizeof(draft.extra[0].text));
    draft.extra[1] = (struct audit_extra){.key = "version", .number = AGREEMENT_VERSION};
    draft.extra[2] = (struct audit_extra){.key = "language", .is_text = true};
    (void)!text_copy(draft.extra[2].text, sizeof(draft.extra[2].text), language_name(language));
    draft.extra_count = 3;
    store_transaction_record(transaction, &draft);
}

static struct store_transaction *submit_transaction(struct live_consultation *live, struct step_result *step)
{
    struct store_transaction *transaction = store_transaction_new();
    bool go = step->verdict == STEP_GO;
    struct sha256 inputs = {{0}};
    if (go && live->after->pack_pinned && !live->now.pack_pinned)
        submit_put_pack(transaction, live->pack);
    if (go)
        control_put_consultation(transaction, live, live->after);
    if (step->has_decision)
        inputs = submit_put_decision(transaction, live, go ? live->after : &live->now, &step->decision);
    if (go)
        submit_consent(transaction, live, &live->committing->input);
    for (unsigned i = 0; i < step->record_count; i++) {
        if (step->records[i].has_rule)
            step->records[i].inputs = inputs;
        store_transaction_record(transaction, &step->records[i]);
    }
    return transaction;
}

/* Turns the name and value of a `fact` message into the terms of the pack in force now. */
static enum result submit_resolve_fact(struct live_consultation *live, struct pending_input *pending)
{
    int fact = rule_pack_find_fact(live->pack->pack, pending->fact_name);
    if (fact < 0)
        return RESULT_NOT_FOUND;
    pending->input.fact = fact;
    pending->input.fact_clear = pending->fact_scalar.kind == MESSAGE_SCALAR_NONE;
    if (pending->input.fact_clear)
        return RESULT_OK;
    enum result result = door_value(rule_pack_fact(live->pack->pack, (uint32_t)fact), &pending->fact_scalar, &pending->input.fact_value);
    if (!result_ok(result)) /* the step refuses a value outside every range with fact_value */
        pending->input.fact_value = INT64_MIN;
    return RESULT_OK;
}

/* Everything that needs no store: resolves, steps, answers at once when nothing is to be written. True: write. */
static bool submit_step(struct live_consultation *live)
{
    struct pending_input *pending = live->committing;
    if (pending->reread_fact && !result_ok(submit_resolve_fact(live, pending))) {
        submit_answer(live, pending, RESULT_NOT_FOUND, live->step);
        return false;
    }
    pending->input.now_us = clock_wall_us();
    pending->input.physician_busy = pending->input.event == CONSULTATION_EVENT_ADMIT && physician_is_busy(live);
    consultation_step(live->pack->pack, &live->control->options.practice, &live->now, &pending->input, live->after, live->step);
    if (live->step->verdict == STEP_REFUSE) {
        counter_add(live->control->rooms.counters, COUNTER_transitions_refused, 1);
        if (live->step->refusal == STEP_REFUSAL_FACT_SUPPLIER)
            counter_add(live->control->rooms.counters, COUNTER_fact_refused, 1);
        LOG(LOG_INFO, "consultation.refused", log_id("consultation", &live->now.id),
            log_name("event", consultation_event_name(pending->input.event)),
            log_name("state", consultation_state_name(live->now.state)), log_name("why", step_refusal_name(live->step->refusal)));
    }
    if (live->step->verdict == STEP_GO || live->step->record_count > 0)
        return true;
    submit_answer(live, pending, RESULT_OK, live->step);
    return false;
}

static void submit_begin(struct live_consultation *live, const struct pending_input *pending)
{
    live->after = malloc(sizeof(*live->after));
    live->step = calloc(1, sizeof(*live->step));
    live->committing = malloc(sizeof(*live->committing));
    if (live->after == NULL || live->step == NULL || live->committing == NULL) {
        submit_over(live);
        struct step_result nothing = {.verdict = STEP_IGNORE};
        submit_answer(live, pending, RESULT_NO_MEMORY, &nothing);
        return;
    }
    *live->committing = *pending;
    if (!submit_step(live)) {
        submit_over(live);
        return;
    }
    enum result result = store_submit(live->control->rooms.store, submit_transaction(live, live->step), submit_committed, live);
    if (!result_ok(result))
        submit_committed(live, result, STORE_NO_SEQ);
}

void control_submit(struct live_consultation *live, const struct pending_input *pending)
{
    assert_on_thread(&live->control->owner);
    if (live->committing == NULL && live->waiting_count == 0) {
        submit_begin(live, pending);
        return;
    }
    if (live->waiting == NULL)
        live->waiting = calloc(CONTROL_WAITING_INPUTS_MAX, sizeof(*live->waiting));
    if (live->waiting == NULL || live->waiting_count == CONTROL_WAITING_INPUTS_MAX) {
        struct step_result nothing = {.verdict = STEP_IGNORE};
        submit_answer(live, pending, RESULT_FULL, &nothing);
        return;
    }
    live->waiting[(live->waiting_first + live->waiting_count++) % CONTROL_WAITING_INPUTS_MAX] = *pending;
}

static void record_done(void *owner, enum result result, uint64_t first_seq)
{
    (void)owner;
    (void)first_seq;
    if (!result_ok(result))
        LOG(LOG_ERROR, "record.not_stored", log_result(result));
}

void control_record(struct live_consultation *live, const struct audit_draft *draft)
{
    struct store_transaction *transaction = store_transaction_new();
    store_transaction_record(transaction, draft);
    enum result result = store_submit(live->control->rooms.store, transaction, record_done, NULL);
    if (!result_ok(result))
        record_done(NULL, result, STORE_NO_SEQ);
}
