#include "gateway/storage/transaction.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/clock.h"

struct store_transaction *store_transaction_new(void)
{
    return calloc(1, sizeof(struct store_transaction));
}

static void draft_free(struct audit_draft *draft)
{
    if (draft == NULL)
        return;
    for (size_t i = 0; i < AUDIT_SEALED_MAX; i++) {
        if (draft->sealed[i] != NULL)
            explicit_bzero(draft->sealed[i], sizeof(*draft->sealed[i]));
        free(draft->sealed[i]);
    }
    free(draft);
}

static void operation_free(struct operation *operation)
{
    if (operation->bytes != NULL)
        explicit_bzero(operation->bytes, operation->bytes_length);
    free(operation->bytes);
    draft_free(operation->draft);
    free(operation);
}

struct store_transaction *store_transaction_free(struct store_transaction *transaction)
{
    if (transaction == NULL)
        return NULL;
    for (size_t i = 0; i < transaction->count; i++)
        operation_free(transaction->operations[i]);
    free(transaction);
    return NULL;
}

static void fail(struct store_transaction *transaction, enum result result)
{
    if (result_ok(transaction->failed))
        transaction->failed = result;
}

/* An empty operation at the end of the list, or NULL with the reason remembered. */
static struct operation *append(struct store_transaction *transaction)
{
    if (transaction == NULL || !result_ok(transaction->failed))
        return NULL;
    if (transaction->count == STORE_TRANSACTION_OPS_MAX) {
        fail(transaction, RESULT_TOO_MANY);
        return NULL;
    }
    struct operation *operation = calloc(1, sizeof(*operation));
    if (operation == NULL) {
        fail(transaction, RESULT_NO_MEMORY);
        return NULL;
    }
    operation->sealed = -1;
    transaction->operations[transaction->count++] = operation;
    return operation;
}

/* Copies what the values point at into the operation's own memory. */
static enum result values_copy(struct operation *operation)
{
    size_t length = 0;
    for (size_t i = 0; i < operation->count; i++) {
        if (operation->values[i].length > STORE_BLOB_BYTES_MAX)
            return RESULT_TOO_LARGE;
        length += operation->values[i].length;
    }
    operation->bytes = malloc(length > 0 ? length : 1);
    if (operation->bytes == NULL)
        return RESULT_NO_MEMORY;
    operation->bytes_length = length;
    uint8_t *at = operation->bytes;
    for (size_t i = 0; i < operation->count; i++) {
        struct store_value *value = &operation->values[i];
        if (value->data == NULL)
            continue;
        memcpy(at, value->data, value->length);
        value->data = at;
        at += value->length;
    }
    return RESULT_OK;
}

static struct operation *add(struct store_transaction *transaction, enum statement statement,
                             const struct store_value *values, size_t count)
{
    struct operation *operation = append(transaction);
    if (operation == NULL)
        return NULL;
    CHECK(count <= STATEMENT_VALUES_MAX);
    operation->statement = statement;
    operation->count = (uint8_t)count;
    memcpy(operation->values, values, count * sizeof(*values));
    enum result result = values_copy(operation);
    if (result_ok(result))
        return operation;
    /* Not copied, so nothing may look at the caller's memory later. */
    memset(operation->values, 0, sizeof(operation->values));
    fail(transaction, result);
    return NULL;
}

#define ADD(transaction, statement, ...)                                                           \
    add(transaction, statement, (const struct store_value[]){__VA_ARGS__},                         \
        ARRAY_LENGTH(((const struct store_value[]){__VA_ARGS__})))

/* Value `index` holds something personal: it is sealed under the key of `subject`, bound to this row. */
static void seal(struct store_transaction *transaction, struct operation *operation, int8_t index,
                 const struct id *subject, const char *table, const struct id *row,
                 const char *column)
{
    if (operation == NULL || operation->values[index].kind == STORE_NULL)
        return;
    if (!id_is_set(subject)) {
        fail(transaction, RESULT_INVALID);
        return;
    }
    operation->sealed = index;
    operation->subject = *subject;
    operation->context = sealing_context_of_row(table, row->text, column);
}

void store_put_institution(struct store_transaction *transaction,
                           const struct store_institution *institution)
{
    ADD(transaction, STATEMENT_PUT_INSTITUTION, value_id(&institution->id),
        value_text(institution->name_ja), value_text(institution->name_en),
        value_text(institution->telephone), value_text(institution->settings));
}

void store_put_staff(struct store_transaction *transaction, const struct store_staff *staff)
{
    ADD(transaction, STATEMENT_PUT_STAFF, value_id(&staff->id), value_id(&staff->institution),
        value_text(staff->login), value_text(staff->display_name_ja),
        value_text(staff->display_name_en), value_text(staff->role),
        value_text(staff->password_hash), value_number_or_null(staff->registered_year),
        value_integer(staff->disabled), value_number_or_null(staff->created_us));
}

void store_put_staff_session(struct store_transaction *transaction,
                             const struct store_staff_session *session)
{
    ADD(transaction, STATEMENT_PUT_STAFF_SESSION, value_id(&session->id), value_id(&session->staff),
        value_hash(&session->secret), value_integer(session->created_us),
        value_number_or_null(session->seen_us), value_integer(session->expires_us));
}

void store_see_staff_session(struct store_transaction *transaction, const struct id *session,
                             int64_t seen_us)
{
    ADD(transaction, STATEMENT_SEE_STAFF_SESSION, value_id(session), value_integer(seen_us));
}

void store_delete_staff_session(struct store_transaction *transaction, const struct id *session)
{
    ADD(transaction, STATEMENT_DELETE_STAFF_SESSION, value_id(session));
}

void store_delete_staff_sessions_of(struct store_transaction *transaction, const struct id *staff)
{
    ADD(transaction, STATEMENT_DELETE_STAFF_SESSIONS_OF, value_id(staff));
}

void store_put_patient(struct store_transaction *transaction, const struct store_patient *patient)
{
    const char *personal = patient->personal;
    struct operation *operation = ADD(transaction, STATEMENT_PUT_PATIENT, value_id(&patient->id),
                                      value_id(&patient->institution), value_id(&patient->subject),
                                      value_blob(personal, personal == NULL ? 0 : strlen(personal)),
                                      value_number_or_null(patient->created_us));
    seal(transaction, operation, 3, &patient->subject, "patient", &patient->id, "personal");
}

void store_put_consultation(struct store_transaction *transaction,
                            const struct store_consultation *from)
{
    struct operation *operation = ADD(
        transaction, STATEMENT_PUT_CONSULTATION, value_id(&from->id), value_id(&from->institution),
        value_id(&from->patient), value_id(&from->physician), value_id(&from->subject),
        value_text(from->state), value_integer(from->over), value_integer(from->revision),
        from->blob_length > 0 ? value_blob(from->blob, from->blob_length) : value_null(),
        value_number_or_null(from->booked_for_us), value_number_or_null(from->lobby_at_us),
        value_number_or_null(from->admitted_at_us), value_number_or_null(from->started_at_us),
        value_number_or_null(from->finished_at_us), value_number_or_null(from->ended_at_us),
        value_text(from->outcome), value_text(from->end_reason),
        from->pack_pinned ? value_hash(&from->pack_hash) : value_null(), value_integer(from->gap_s),
        value_integer(from->examined_s), value_text(from->search_text));
    if (operation == NULL)
        return;
    operation->when_unchanged = RESULT_STALE;
    seal(transaction, operation, 8, &from->subject, "consultation", &from->id, "blob");
}

void store_put_guest(struct store_transaction *transaction, const struct store_guest *guest)
{
    const char *personal = guest->personal;
    struct operation *operation =
        ADD(transaction, STATEMENT_PUT_GUEST, value_id(&guest->id), value_id(&guest->consultation),
            value_text(guest->role), value_id(&guest->subject),
            value_blob(personal, personal == NULL ? 0 : strlen(personal)),
            value_number_or_null(guest->created_us));
    seal(transaction, operation, 4, &guest->subject, "guest", &guest->id, "personal");
}

void store_put_invitation(struct store_transaction *transaction,
                          const struct store_invitation *invitation)
{
    ADD(transaction, STATEMENT_PUT_INVITATION, value_id(&invitation->id),
        value_id(&invitation->consultation), value_id(&invitation->patient),
        value_hash(&invitation->secret), value_number_or_null(invitation->created_us),
        value_integer(invitation->expires_us), value_number_or_null(invitation->redeemed_us),
        value_id(&invitation->device), value_id(&invitation->guest));
}

void store_void_invitations(struct store_transaction *transaction, const struct id *consultation,
                            const struct id *kept, int64_t now_us)
{
    ADD(transaction, STATEMENT_VOID_INVITATIONS, value_id(consultation), value_integer(now_us));
    ADD(transaction, STATEMENT_VOID_DEVICES, value_id(consultation), value_id(kept));
}

void store_put_device(struct store_transaction *transaction, const struct store_device *device)
{
    ADD(transaction, STATEMENT_PUT_DEVICE, value_id(&device->id), value_id(&device->invitation),
        value_id(&device->consultation), value_hash(&device->secret),
        value_number_or_null(device->created_us), value_integer(device->expires_us));
}

void store_delete_device(struct store_transaction *transaction, const struct id *device)
{
    ADD(transaction, STATEMENT_DELETE_DEVICE, value_id(device));
}

void store_put_device_token(struct store_transaction *transaction,
                            const struct store_device_token *token)
{
    ADD(transaction, STATEMENT_PUT_DEVICE_TOKEN, value_id(&token->id),
        value_id(&token->consultation), value_hash(&token->secret), value_integer(token->publishes),
        value_integer(token->plays), value_integer(token->watches),
        value_integer(token->created_us), value_integer(token->expires_us));
}

void store_revoke_device_token(struct store_transaction *transaction, const struct id *token,
                               const struct id *consultation, int64_t now_us)
{
    struct operation *operation = ADD(transaction, STATEMENT_REVOKE_DEVICE_TOKEN, value_id(token),
                                      value_id(consultation), value_integer(now_us));
    if (operation != NULL)
        operation->when_unchanged = RESULT_NOT_FOUND;
}

void store_put_pack(struct store_transaction *transaction, const struct store_pack *pack)
{
    ADD(transaction, STATEMENT_PUT_PACK, value_hash(&pack->hash), value_text(pack->id),
        value_text(pack->version), value_blob(pack->bytes, pack->length),
        value_integer(pack->stored_us));
}

void store_put_decision(struct store_transaction *transaction,
                        const struct store_decision *decision)
{
    if (transaction == NULL)
        return;
    /* What is sealed: the digest's key, then the values, so that erasing one erases both. */
    size_t length = decision->values == NULL ? 0 : strlen(decision->values);
    uint8_t *plain = malloc(SHA256_BYTES + length);
    if (plain == NULL) {
        fail(transaction, RESULT_NO_MEMORY);
        return;
    }
    memcpy(plain, decision->inputs_key, SHA256_BYTES);
    if (length > 0)
        memcpy(plain + SHA256_BYTES, decision->values, length);
    struct operation *operation =
        ADD(transaction, STATEMENT_PUT_DECISION, value_id(&decision->id),
            value_id(&decision->consultation), value_id(&decision->subject),
            value_text(decision->gate), value_text(decision->verdict),
            value_hash(&decision->pack_hash), value_text(decision->rule_ids),
            value_text(decision->suppliers), value_hash(&decision->inputs),
            value_blob(plain, SHA256_BYTES + length), value_integer(decision->at_us));
    seal(transaction, operation, 9, &decision->subject, "decision", &decision->id, "values");
    explicit_bzero(plain, SHA256_BYTES + length);
    free(plain);
}

void store_put_checkpoint(struct store_transaction *transaction,
                          const struct store_checkpoint *checkpoint)
{
    struct operation *operation =
        ADD(transaction, STATEMENT_PUT_CHECKPOINT, value_null(),
            value_integer((int64_t)checkpoint->size), value_hash(&checkpoint->root),
            value_text(checkpoint->note), value_integer(checkpoint->at_us));
    if (operation != NULL)
        operation->fill_log = true;
}

void store_erase_subject_key(struct store_transaction *transaction, const struct id *subject)
{
    struct operation *operation = ADD(transaction, STATEMENT_ERASE_SUBJECT_KEY, value_id(subject),
                                      value_integer(clock_wall_us()));
    if (operation == NULL)
        return;
    operation->when_unchanged = RESULT_NOT_FOUND;
    transaction->erases = true;
}

static struct audit_draft *draft_copy(const struct audit_draft *from)
{
    struct audit_draft *draft = malloc(sizeof(*draft));
    if (draft == NULL)
        return NULL;
    *draft = *from;
    memset(draft->sealed, 0, sizeof(draft->sealed));
    for (size_t i = 0; i < from->sealed_count; i++) {
        draft->sealed[i] = malloc(sizeof(*draft->sealed[i]));
        if (draft->sealed[i] == NULL) {
            draft_free(draft);
            return NULL;
        }
        *draft->sealed[i] = *from->sealed[i];
    }
    return draft;
}

void store_transaction_record(struct store_transaction *transaction,
                              const struct audit_draft *draft)
{
    CHECK(draft->sealed_count <= AUDIT_SEALED_MAX && draft->extra_count <= AUDIT_EXTRA_MAX);
    struct operation *operation = append(transaction);
    if (operation == NULL)
        return;
    operation->draft = draft_copy(draft);
    if (operation->draft == NULL)
        fail(transaction, RESULT_NO_MEMORY);
}
