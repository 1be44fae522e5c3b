#include "gateway/storage/log_writer.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/audit/checkpoint.h"
#include "gateway/audit/tree.h"
#include "gateway/base/clock.h"
#include "gateway/base/random.h"
#include "gateway/base/text.h"
#include "gateway/storage/keyring.h"

enum result log_writer_init(struct log_writer *log, const struct store_backend *backend,
                            const struct store_options *options, const struct sealing_key *wrapping)
{
    char boot[CLOCK_BOOT_SIZE];
    *log = (struct log_writer){.backend = backend, .wrapping = wrapping, .vkey = options->log_vkey};
    if (!text_copy(log->origin, sizeof(log->origin), options->log_origin) ||
        !text_copy(log->node.text, sizeof(log->node.text), options->node))
        return RESULT_INVALID;
    clock_boot_id(boot);
    if (!text_format(log->boot_id, sizeof(log->boot_id), "b_%s", boot))
        return RESULT_BUG;
    log->genesis = checkpoint_genesis(log->origin, log->vkey);
    return RESULT_OK;
}

static enum result log_enter(struct log_writer *log, struct store_connection *connection)
{
    const struct store_value values[] = {value_text(log->origin), value_text(log->vkey),
                                         value_integer(clock_wall_us())};
    uint64_t changed = 0;
    return log->backend->run(connection, STATEMENT_PUT_LOG, values, ARRAY_LENGTH(values), &changed);
}

static enum result log_find(struct log_writer *log, struct store_connection *connection)
{
    struct store_rows *rows = NULL;
    const struct store_value origin = value_text(log->origin);
    enum result result = log->backend->select(connection, STATEMENT_GET_LOG, &origin, 1, 1, &rows);
    if (!result_ok(result))
        return result;
    if (store_rows_count(rows) == 0)
        result = RESULT_NOT_FOUND;
    else if (strcmp(store_rows_text(rows, 0, "vkey"), log->vkey) != 0)
        result = RESULT_INVALID; /* its genesis value would no longer be true */
    else
        log->log = store_rows_integer(rows, 0, "id");
    store_rows_free(rows);
    return result;
}

static enum result head_of(const struct log_writer *log, const struct store_rows *rows,
                           struct log_head *ret_head)
{
    struct log_head head = {.size = 0, .last = log->genesis};
    if (store_rows_count(rows) > 0) {
        struct sha256 leaf = tree_leaf_hash(store_rows_blob(rows, 0, "bytes"));
        if (!store_rows_hash(rows, 0, "leaf", &head.last) || !sha256_equal(&leaf, &head.last))
            return RESULT_TAMPERED;
        head.size = (uint64_t)store_rows_integer(rows, 0, "seq") + 1;
        head.last_wall_us = store_rows_integer(rows, 0, "at_us");
    }
    *ret_head = head;
    return RESULT_OK;
}

enum result log_writer_load(struct log_writer *log, struct store_connection *connection)
{
    enum result result = log_find(log, connection);
    if (result == RESULT_NOT_FOUND) {
        result = log_enter(log, connection);
        if (result_ok(result))
            result = log_find(log, connection);
    }
    if (!result_ok(result))
        return result;
    struct store_rows *rows = NULL;
    const struct store_value id = value_integer(log->log);
    result = log->backend->select(connection, STATEMENT_GET_HEAD, &id, 1, 1, &rows);
    if (!result_ok(result))
        return result;
    result = head_of(log, rows, &log->head);
    store_rows_free(rows);
    return result;
}

int64_t log_clock_moved_ms(const struct log_moment *before, const struct log_moment *now)
{
    int64_t wall_us = now->wall_us - before->wall_us;
    int64_t mono_us = (now->mono_ns - before->mono_ns) / 1000;
    return (wall_us - mono_us) / US_PER_MS;
}

/* Integers of a record end at 2^53 − 1, nanoseconds of a machine that runs for 104 days do not: each such stretch counts
 * as a boot of its own, so `mono` still orders within one `boot`. */
static int64_t stretch_of(const struct log_moment *moment)
{
    return moment->mono_ns / (AUDIT_INTEGER_MAX + 1);
}

struct log_tick log_writer_tick(struct log_writer *log, const struct log_moment *now)
{
    struct log_tick tick = {.moved_ms = 0};
    if (log->moment_set) {
        tick.new_stretch = stretch_of(now) != stretch_of(&log->moment);
        tick.moved_ms = log_clock_moved_ms(&log->moment, now);
        tick.stepped = llabs(tick.moved_ms) > LOG_CLOCK_STEP_MS;
    }
    if (log->head.size > 0 && now->wall_us < log->head.last_wall_us && !tick.stepped) {
        /* After a restart there is no earlier monotonic reading to compare with: say how far back it is at least. */
        tick.moved_ms = (now->wall_us - log->head.last_wall_us) / US_PER_MS;
        tick.stepped = true;
    }
    log->moment = *now;
    log->moment_set = true;
    return tick;
}

/* Which consultation a record belongs to, so that a trail can be read without opening every record. */
static const char *consultation_of(const struct audit_draft *draft)
{
    if (draft->object_kind != NULL && strcmp(draft->object_kind, "consult") == 0 &&
        id_is_set(&draft->object))
        return draft->object.text;
    for (size_t i = 0; i < draft->extra_count; i++)
        if (draft->extra[i].is_text && strcmp(draft->extra[i].key, "consultation") == 0)
            return draft->extra[i].text;
    return NULL;
}

/* §7.4: ciphertext of {r, value}, bound to origin, seq and name. `r` stands first, 32 bytes. */
static enum result sealed_put(struct log_writer *log, struct store_connection *connection,
                              const struct audit_sealed *sealed, const uint8_t *r,
                              const struct sha256 *commitment)
{
    struct sealing_key key;
    enum result result = keyring_get_or_make(log->backend, connection, log->wrapping,
                                             sealed->subject.text, log->moment.wall_us, &key);
    if (!result_ok(result))
        return result;
    uint8_t plain[SHA256_BYTES + AUDIT_SEALED_VALUE_MAX];
    uint8_t cipher[sizeof(plain) + SEALING_OVERHEAD_BYTES];
    size_t length = strlen(sealed->value);
    memcpy(plain, r, SHA256_BYTES);
    memcpy(plain + SHA256_BYTES, sealed->value, length);
    struct sealing_context context =
        sealing_context_of_record(log->origin, log->head.size, sealed->name);
    sealing_seal(&key, &context, span_of(plain, SHA256_BYTES + length), cipher);
    explicit_bzero(plain, sizeof(plain));
    sealing_key_wipe(&key);
    const struct store_value values[] = {
        value_integer(log->log),
        value_integer((int64_t)log->head.size),
        value_text(sealed->name),
        value_id(&sealed->subject),
        value_hash(commitment),
        value_blob(cipher, SHA256_BYTES + length + SEALING_OVERHEAD_BYTES),
    };
    uint64_t changed = 0;
    return log->backend->run(connection, STATEMENT_PUT_SEALED, values, ARRAY_LENGTH(values),
                             &changed);
}

static enum result record_put(struct log_writer *log, struct store_connection *connection,
                              const struct audit_draft *draft, struct span bytes,
                              const struct sha256 *leaf)
{
    const struct store_value values[] = {
        value_integer(log->log),
        value_integer((int64_t)log->head.size),
        value_blob(bytes.data, bytes.length),
        value_hash(leaf),
        value_text(consultation_of(draft)),
        value_id(&draft->actor.institution),
        value_text(audit_act_name(draft->act)),
        value_text(audit_outcome_name(draft->outcome)),
        value_integer(log->moment.wall_us),
    };
    uint64_t changed = 0;
    return log->backend->run(connection, STATEMENT_PUT_RECORD, values, ARRAY_LENGTH(values),
                             &changed);
}

static enum result place_of(const struct log_writer *log, char *boot, size_t size,
                            struct audit_place *ret_place)
{
    int64_t stretch = stretch_of(&log->moment);
    bool fits = stretch == 0 ? text_copy(boot, size, log->boot_id)
                             : text_format(boot, size, "%s_%lld", log->boot_id, (long long)stretch);
    *ret_place = (struct audit_place){
        .origin = log->origin,
        .seq = log->head.size,
        .prev = log->head.last,
        .wall_us = log->moment.wall_us,
        .clock_error_ms = log->moment.error_ms,
        .boot = boot,
        .mono_ns = log->moment.mono_ns % (AUDIT_INTEGER_MAX + 1),
    };
    return fits ? RESULT_OK : RESULT_BUG;
}

static bool sealed_is_sound(const struct audit_draft *draft)
{
    for (size_t i = 0; i < draft->sealed_count; i++)
        if (draft->sealed[i] == NULL ||
            strnlen(draft->sealed[i]->value, AUDIT_SEALED_VALUE_MAX) == AUDIT_SEALED_VALUE_MAX)
            return false;
    return true;
}

enum result log_writer_append(struct log_writer *log, struct store_connection *connection,
                              const struct audit_draft *draft)
{
    char boot[AUDIT_BOOT_SIZE], bytes[AUDIT_RECORD_BYTES_MAX];
    uint8_t r[AUDIT_SEALED_MAX][SHA256_BYTES];
    struct sha256 commitments[AUDIT_SEALED_MAX];
    struct audit_place place;
    size_t length = 0;
    if (!sealed_is_sound(draft))
        return RESULT_INVALID;
    for (size_t i = 0; i < draft->sealed_count; i++) {
        random_bytes(r[i], SHA256_BYTES);
        commitments[i] =
            audit_commitment(span_of(r[i], SHA256_BYTES),
                             span_of(draft->sealed[i]->value, strlen(draft->sealed[i]->value)));
    }
    enum result result = place_of(log, boot, sizeof(boot), &place);
    if (result_ok(result))
        result = audit_record_encode(draft, &place, commitments, bytes, sizeof(bytes), &length);
    if (!result_ok(result))
        return result;
    struct sha256 leaf = tree_leaf_hash(span_of(bytes, length));
    result = record_put(log, connection, draft, span_of(bytes, length), &leaf);
    for (size_t i = 0; i < draft->sealed_count && result_ok(result); i++)
        result = sealed_put(log, connection, draft->sealed[i], r[i], &commitments[i]);
    explicit_bzero(r, sizeof(r));
    if (!result_ok(result))
        return result;
    log->head = (struct log_head){
        .size = log->head.size + 1, .last = leaf, .last_wall_us = log->moment.wall_us};
    return RESULT_OK;
}

enum result log_writer_append_own(struct log_writer *log, struct store_connection *connection,
                                  enum audit_act act, int64_t moved_ms)
{
    struct audit_draft draft = {
        .act = act,
        .outcome = AUDIT_OK,
        .actor = {.role = ROLE_SYSTEM, .person = log->node},
        .object_kind = "log",
    };
    if (act == AUDIT_ACT_CLOCK_STEP) {
        draft.extra_count = 1;
        draft.extra[0] = (struct audit_extra){.key = "moved_ms", .number = moved_ms};
    }
    return log_writer_append(log, connection, &draft);
}
