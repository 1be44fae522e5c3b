/* The store: transactions are the real ones (transaction.c), kept in memory instead of a database. Commits take a while,
 * fail, or are refused, as the seed wants; those of different consultations overtake each other.
 * Checked at each commit: a change of a consultation comes with its records, and its revision grows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/consultation/consultation_snapshot.h"
#include "gateway/storage/rows.h"
#include "gateway/storage/transaction.h"
#include "tests/simulation/whole/whole.h"

enum { CELL_ID, CELL_STATE = 5, CELL_OVER, CELL_REVISION, CELL_BLOB };

struct store_job {
    struct store_transaction *transaction;
    struct store_job *next;
};

struct store {
    struct sim *sim;
    struct store_job *jobs; /* in the order of submission */
    uint32_t owed;
    bool finishing;
    int64_t failing_until_us;
};

struct store *fake_store_new(struct sim *sim)
{
    struct store *store = calloc(1, sizeof(*store));
    store->sim = sim;
    return store;
}

struct store *fake_store_free(struct store *store)
{
    free(store);
    return NULL;
}

uint32_t fake_store_owed(const struct store *store)
{
    return store->owed;
}

static struct id value_as_id(const struct store_value *value)
{
    struct id id = {{0}};
    if (value->kind == STORE_TEXT && value->length < sizeof(id.text))
        memcpy(id.text, value->data, value->length);
    return id;
}

/* ---- what is kept ---------------------------------------------------------------------------------------------- */

static void visit_note_change(struct sim *sim, struct visit *visit)
{
    visit->changed_us = sim->now_us;
    for (int from = 0; from < SEATS_MAX; from++) {
        bool endpoint = consultation_may_have_endpoint(&visit->durable, from);
        if (endpoint || visit->no_endpoint_us[from] == 0)
            visit->no_endpoint_us[from] = endpoint ? 0 : sim->now_us;
        for (int to = 0; to < SEATS_MAX; to++) {
            bool open = consultation_gate_open(&visit->durable, from, to, GATE_AUDIO);
            if (open || visit->closed_us[from][to] == 0)
                visit->closed_us[from][to] = open ? 0 : sim->now_us;
        }
    }
}

static void visit_count(struct sim *sim, const struct visit *visit, const struct consultation *was)
{
    const struct consultation *is = &visit->durable;
    static const struct {
        enum consultation_state state;
        int seen;
    } states[] = {{CONSULTATION_STATE_PAUSED, SEEN_PAUSED},
                  {CONSULTATION_STATE_EMERGENCY, SEEN_EMERGENCY},
                  {CONSULTATION_STATE_CLOSED_CLEAN, SEEN_CLOSED}};
    for (size_t i = 0; i < ARRAY_LENGTH(states); i++)
        sim->seen[states[i].seen] += is->state == states[i].state && was->state != is->state;
    sim->seen[SEEN_STARTED] += is->started_at_us != 0 && was->started_at_us == 0;
    sim->seen[SEEN_ADMITTED] += is->admitted_at_us != 0 && was->admitted_at_us == 0;
    sim->seen[SEEN_PICTURE_LOST] += is->picture_lost && !was->picture_lost;
    sim->seen[SEEN_RECONNECTED] +=
        was->state == CONSULTATION_STATE_RECONNECTING && is->state == CONSULTATION_STATE_CONSULT;
    sim->trace ^= (uint64_t)is->state;
}

/* JP-OC-1.6-05: who is admitted meets a physician with nobody else. */
static void visit_check_admission(struct sim *sim, const struct visit *visit,
                                  const struct consultation *was)
{
    if (visit->durable.state != CONSULTATION_STATE_IDENT || was->state != CONSULTATION_STATE_LOBBY)
        return;
    for (int i = 0; i < sim->visits_count; i++) {
        const struct visit *other = &sim->visits[i];
        SIM_CHECK(sim,
                  other == visit || !other->booked || other->physician != visit->physician ||
                      !consultation_is_live(other->durable.state) ||
                      other->durable.state == CONSULTATION_STATE_CLOSING,
                  "physician admits %s while in %s", visit->id.text, other->id.text);
    }
}

static void visit_read_blob(struct sim *sim, struct visit *visit)
{
    struct consultation was = visit->durable;
    if (visit->cells[CELL_OVER].integer == 0) {
        struct span blob = span_of(visit->cells[CELL_BLOB].bytes, visit->cells[CELL_BLOB].length);
        SIM_CHECK(sim,
                  blob.length > 0 &&
                      result_ok(consultation_read_text(sim->pack, blob, &visit->durable)),
                  "%s cannot be read back", visit->id.text);
    } else {
        SIM_CHECK(sim, visit->cells[CELL_BLOB].length == 0, "%s is over and still has its blob",
                  visit->id.text);
        int state = 0;
        while (state < CONSULTATION_STATE_COUNT &&
               strcmp(consultation_state_name((enum consultation_state)state),
                      (const char *)visit->cells[CELL_STATE].bytes) != 0)
            state++;
        visit->durable.state = (enum consultation_state)state;
    }
    visit->durable.revision = (uint32_t)visit->revision;
    visit->ever_admitted = visit->ever_admitted || visit->durable.admitted_at_us != 0;
    visit_check_admission(sim, visit, &was);
    visit_count(sim, visit, &was);
    visit_note_change(sim, visit);
}

static void keep_consultation(struct sim *sim, const struct operation *operation, unsigned records)
{
    struct visit *visit = sim_visit(sim, value_as_id(&operation->values[CELL_ID]).text);
    int64_t revision = operation->values[CELL_REVISION].integer;
    SIM_CHECK(sim, visit != NULL, "an unknown consultation is stored");
    SIM_CHECK(sim, revision > visit->revision, "%s: revision %lld after %lld", visit->id.text,
              (long long)revision, (long long)visit->revision);
    /* the first row holds the booking's facts, one record for all of them */
    int64_t steps = visit->revision == 0 ? 1 : revision - visit->revision;
    SIM_CHECK(sim, records >= steps, "%s: %lld changes, %u records", visit->id.text,
              (long long)steps, records);
    visit->revision = revision;
    for (unsigned i = 0; i < STORED_CELLS; i++) {
        const struct store_value *value = &operation->values[i];
        free(visit->cells[i].bytes);
        visit->cells[i].bytes = NULL;
        visit->cells[i].kind = value->kind;
        visit->cells[i].integer = value->integer;
        visit->cells[i].length = 0;
        if (value->kind != STORE_TEXT && value->kind != STORE_BLOB)
            continue;
        visit->cells[i].bytes = calloc(1, value->length + 1);
        memcpy(visit->cells[i].bytes, value->data, value->length);
        visit->cells[i].length = value->length;
    }
    visit_read_blob(sim, visit);
}

static void keep_invitation(struct sim *sim, const struct operation *operation)
{
    struct visit *visit = sim_visit(sim, value_as_id(&operation->values[1]).text);
    SIM_CHECK(sim, visit != NULL, "an invitation to nothing");
    visit->invitation = value_as_id(&operation->values[0]);
    visit->invitation_created_us = operation->values[4].integer;
    visit->invitation_expires_us = operation->values[5].integer;
    visit->holder = value_as_id(&operation->values[7]);
}

/* A new consultation has no visit yet: the one that was asked for and has none takes it. Its patient's row comes first. */
static void keep_patient(struct sim *sim, const struct store_transaction *transaction)
{
    const struct operation *patient = NULL, *consultation = NULL;
    for (unsigned i = 0; i < transaction->count; i++)
        if (transaction->operations[i]->draft == NULL) {
            if (transaction->operations[i]->statement == STATEMENT_PUT_PATIENT)
                patient = transaction->operations[i];
            if (transaction->operations[i]->statement == STATEMENT_PUT_CONSULTATION)
                consultation = transaction->operations[i];
        }
    if (patient == NULL)
        return;
    SIM_CHECK(sim, consultation != NULL, "a patient without a consultation");
    struct visit *visit = NULL;
    for (int i = 0; i < sim->visits_count && visit == NULL; i++)
        if (sim->visits[i].asked && !id_is_set(&sim->visits[i].id) &&
            strcmp(sim->physicians[sim->visits[i].physician].text,
                   value_as_id(&consultation->values[3]).text) == 0)
            visit = &sim->visits[i];
    SIM_CHECK(sim, visit != NULL, "nobody booked this");
    visit->id = value_as_id(&consultation->values[0]);
    visit->patient = value_as_id(&patient->values[0]);
    visit->subject = value_as_id(&patient->values[2]);
    snprintf(visit->personal, sizeof(visit->personal), "%.*s", (int)patient->values[3].length,
             (const char *)patient->values[3].data);
}

static void transaction_keep(struct sim *sim, const struct store_transaction *transaction)
{
    unsigned records = 0;
    keep_patient(sim, transaction);
    for (unsigned i = 0; i < transaction->count; i++)
        records += transaction->operations[i]->draft != NULL;
    sim->seen[SEEN_RECORDS] += records;
    for (unsigned i = 0; i < transaction->count; i++) {
        const struct operation *operation = transaction->operations[i];
        if (operation->draft != NULL) {
            sim->seen[SEEN_REMOVED] += operation->draft->act == AUDIT_ACT_PARTICIPANT_REMOVE;
            sim->seen[SEEN_MOVED] += operation->draft->act == AUDIT_ACT_INVITE_MOVE_DEVICE;
            SIM_CHECK(sim, sim_visit(sim, operation->draft->object.text) != NULL,
                      "a record about nothing we know: %s", audit_act_name(operation->draft->act));
        } else if (operation->statement == STATEMENT_PUT_CONSULTATION) {
            keep_consultation(sim, operation, records);
        } else if (operation->statement == STATEMENT_PUT_INVITATION) {
            keep_invitation(sim, operation);
        }
        SIM_CHECK(sim, records > 0, "a transaction without a record");
    }
}

/* ---- store.h --------------------------------------------------------------------------------------------------- */

/* Which consultation a transaction is about; NULL: one that is just being booked. */
static struct visit *transaction_visit(struct sim *sim, const struct store_transaction *transaction)
{
    for (unsigned i = 0; i < transaction->count; i++)
        if (transaction->operations[i]->draft != NULL)
            return sim_visit(sim, transaction->operations[i]->draft->object.text);
    return NULL;
}

static int64_t store_delay_us(struct store *store)
{
    struct dice *dice = &store->sim->dice;
    if (dice_permille(dice, 5)) /* a slow disk */
        return dice_between(dice, 200, 3000) * US_PER_MS;
    return dice_between(dice, 300, 30 * US_PER_MS);
}

enum result store_submit(struct store *store, struct store_transaction *transaction,
                         store_done_fn done, void *owner)
{
    struct sim *sim = store->sim;
    SIM_CHECK(sim, result_ok(transaction->failed), "a transaction failed while it was built: %s",
              result_name(transaction->failed));
    bool full = !sim->winding_down && dice_permille(&sim->dice, 4);
    if (full || store->finishing) {
        sim->seen[SEEN_STORE_FULL] += full;
        store_transaction_free(transaction);
        return full ? RESULT_FULL : RESULT_WRONG_STATE;
    }
    struct store_job *job = calloc(1, sizeof(*job));
    job->transaction = transaction;
    transaction->done = done;
    transaction->owner = owner;
    struct store_job **last = &store->jobs;
    while (*last != NULL)
        last = &(*last)->next;
    *last = job;
    store->owed++;
    struct visit *visit = transaction_visit(sim, transaction);
    int64_t at_us = sim->now_us + store_delay_us(store);
    if (visit != NULL) {
        if (at_us <= visit->lane_us)
            at_us = visit->lane_us + 1;
        visit->lane_us = at_us;
    }
    sim_later(sim, at_us - sim->now_us, HAPPENING_STORE, 0, 0, job);
    return RESULT_OK;
}

void fake_store_answer(struct store *store, void *object)
{
    struct sim *sim = store->sim;
    struct store_job *job = object;
    struct store_job **at = &store->jobs;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    store->owed--;
    if (!sim->winding_down && dice_permille(&sim->dice, 1)) /* a full disk for a while */
        store->failing_until_us = sim->now_us + dice_between(&sim->dice, 1, 5000) * US_PER_MS;
    bool failed = !sim->winding_down &&
                  (sim->now_us < store->failing_until_us || dice_permille(&sim->dice, 5));
    if (failed)
        sim->seen[SEEN_STORE_FAILED]++;
    else
        transaction_keep(sim, job->transaction);
    sim_trace(sim, failed);
    job->transaction->done(job->transaction->owner, failed ? RESULT_STORAGE : RESULT_OK,
                           failed ? STORE_NO_SEQ : sim->seen[SEEN_RECORDS]);
    store_transaction_free(job->transaction);
    free(job);
}

void fake_store_finish(struct store *store)
{
    store->finishing = true;
    while (store->jobs != NULL)
        fake_store_answer(store, store->jobs);
}

static void rows_text(struct store_rows *rows, const char *text)
{
    struct store_value value = value_text(text);
    if (!result_ok(rows_add(rows, &value)))
        abort();
}

static void rows_number(struct store_rows *rows, int64_t number)
{
    struct store_value value = value_integer(number);
    if (!result_ok(rows_add(rows, &value)))
        abort();
}

static void rows_staff(const struct sim *sim, struct store_rows *rows)
{
    for (int i = 0; i < PHYSICIANS; i++) {
        rows_text(rows, sim->physicians[i].text);
        rows_text(rows, sim->institution.text);
        rows_text(rows, i == 0 ? "first" : "second");
        rows_text(rows, "医師");
        rows_text(rows, "Physician");
        rows_text(rows, "physician");
        rows_text(rows, "");
        rows_number(rows, 2005);
        rows_number(rows, 0);
        rows_number(rows, 1);
    }
}

/* Columns of the answer as numbers of the statement's parameters. */
static void rows_live(const struct sim *sim, struct store_rows *rows)
{
    static const int cells[] = {0,  1,  2,  3,  4,  5,  6,  7,  9,  10,
                                11, 12, 13, 14, 15, 16, 17, 18, 19, CELL_BLOB};
    for (int i = 0; i < sim->visits_count; i++) {
        const struct visit *visit = &sim->visits[i];
        if (!visit->booked || visit->cells[CELL_OVER].integer != 0)
            continue;
        for (size_t cell = 0; cell < ARRAY_LENGTH(cells); cell++) {
            struct store_value value = {.kind =
                                            (enum store_value_kind)visit->cells[cells[cell]].kind,
                                        .integer = visit->cells[cells[cell]].integer,
                                        .data = visit->cells[cells[cell]].bytes,
                                        .length = visit->cells[cells[cell]].length};
            if (!result_ok(rows_add(rows, &value)))
                abort();
        }
    }
}

static void rows_invitation(const struct sim *sim, const char *key, struct store_rows *rows)
{
    for (int i = 0; i < sim->visits_count; i++) {
        const struct visit *visit = &sim->visits[i];
        if (strcmp(visit->id.text, key) != 0)
            continue;
        rows_text(rows, visit->invitation.text);
        rows_text(rows, key);
        rows_text(rows, visit->patient.text);
        rows_text(rows, "");
        rows_number(rows, visit->invitation_created_us);
        rows_number(rows, visit->invitation_expires_us);
        rows_number(rows, id_is_set(&visit->holder));
        rows_text(rows, visit->holder.text);
        const struct store_value nobody = {.kind = STORE_NULL};
        for (int column = 0; column < 2; column++) /* guest, guest_role: the patient's link */
            if (!result_ok(rows_add(rows, &nobody)))
                abort();
    }
}

/* Only devices ask this way. */
enum result store_query(struct store *store, const struct store_query *query, store_rows_fn done,
                        void *owner)
{
    (void)store, (void)query, (void)done, (void)owner;
    return RESULT_FULL;
}

enum result store_query_now(struct store *store, const struct store_query *query,
                            struct store_rows **ret_rows)
{
    const struct sim *sim = store->sim;
    enum result result = rows_new(
        statement_columns((enum statement)(STATEMENT_QUERY_STAFF_BY_LOGIN + (int)query->kind)),
        ret_rows);
    if (!result_ok(result))
        return result;
    if (query->kind == STORE_QUERY_INSTITUTIONS) {
        rows_text(*ret_rows, sim->institution.text);
        rows_text(*ret_rows, "つなぎ診療所");
        rows_text(*ret_rows, "Tsunagi Clinic");
        rows_text(*ret_rows, "03-0000-0000");
        rows_text(*ret_rows, "{}");
    } else if (query->kind == STORE_QUERY_STAFF_OF_INSTITUTION) {
        rows_staff(sim, *ret_rows);
    } else if (query->kind == STORE_QUERY_CONSULTATIONS_LIVE) {
        rows_live(sim, *ret_rows);
    } else if (query->kind == STORE_QUERY_PATIENT_BY_ID) {
        for (int i = 0; i < sim->visits_count; i++)
            if (strcmp(sim->visits[i].patient.text, query->key) == 0) {
                rows_text(*ret_rows, query->key);
                rows_text(*ret_rows, sim->institution.text);
                rows_text(*ret_rows, sim->visits[i].subject.text);
                rows_text(*ret_rows, sim->visits[i].personal);
                rows_number(*ret_rows, 1);
            }
    } else if (query->kind == STORE_QUERY_INVITATIONS_OF_CONSULTATION) {
        rows_invitation(sim, query->key, *ret_rows);
    } else if (query->kind != STORE_QUERY_GUESTS_OF_CONSULTATION) {
        SIM_CHECK(sim, query->kind == STORE_QUERY_PACK_BY_HASH, "unexpected query %d", query->kind);
    }
    return RESULT_OK;
}
