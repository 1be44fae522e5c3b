#include "tests/unit/audit/log_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/audit/tree.h"
#include "gateway/base/check.h"
#include "gateway/base/clock.h"

const uint8_t *log_fixture_seed(void)
{
    static const uint8_t seed[CHECKPOINT_SEED_BYTES] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                                        11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                                        22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
    return seed;
}

void log_fixture_init(struct log_fixture *log)
{
    *log = (struct log_fixture){.wall_us = FIXTURE_START_US, .mono_ns = 1000000000ll};
    CHECK(text_copy(log->boot, sizeof(log->boot), "b_0001"));
    CHECK(checkpoint_key_of_seed("clinic.example/gw1/audit/2026", CHECKPOINT_KEY_LOG,
                                 log_fixture_seed(), &log->key) == RESULT_OK);
}

void log_fixture_done(struct log_fixture *log)
{
    for (size_t i = 0; i < log->count; i++)
        free(log->records[i].bytes);
    log->count = 0;
}

void log_fixture_add(struct log_fixture *log, const struct audit_draft *draft)
{
    char vkey[CHECKPOINT_KEY_TEXT_SIZE], bytes[AUDIT_RECORD_BYTES_MAX];
    size_t length;
    checkpoint_key_format(&log->key, vkey);
    CHECK(log->count < FIXTURE_RECORDS_MAX);
    struct audit_place place = {.origin = log->key.name,
                                .seq = log->count,
                                .wall_us = log->wall_us,
                                .clock_error_ms = 5,
                                .boot = log->boot,
                                .mono_ns = log->mono_ns};
    if (log->count == 0)
        place.prev = checkpoint_genesis(log->key.name, vkey);
    else
        place.prev = tree_leaf_hash(
            span_of(log->records[log->count - 1].bytes, log->records[log->count - 1].length));
    CHECK(audit_record_encode(draft, &place, NULL, bytes, sizeof(bytes), &length) == RESULT_OK);
    struct fixture_record *record = &log->records[log->count++];
    record->bytes = malloc(length);
    CHECK(record->bytes != NULL);
    memcpy(record->bytes, bytes, length);
    record->length = length;
    log->wall_us += US_PER_S;
    log->mono_ns += 1000000000ll;
}

void log_fixture_act(struct log_fixture *log, enum audit_act act, enum audit_outcome outcome,
                     const char *consultation)
{
    struct audit_draft draft = {.act = act, .outcome = outcome, .actor = {.role = ROLE_SYSTEM}};
    if (consultation[0] != 0) {
        draft.object_kind = "consult";
        CHECK(text_copy(draft.object.text, sizeof(draft.object.text), consultation));
    }
    log_fixture_add(log, &draft);
}

void log_fixture_seat(struct log_fixture *log, enum audit_act act, const char *consultation,
                      int seat)
{
    struct audit_draft draft = {.act = act,
                                .actor = {.role = ROLE_SYSTEM},
                                .object_kind = "consult",
                                .extra_count = 1,
                                .extra = {{.key = "seat", .number = seat}}};
    CHECK(text_copy(draft.object.text, sizeof(draft.object.text), consultation));
    log_fixture_add(log, &draft);
}

void log_fixture_fill(struct log_fixture *log, size_t count)
{
    static const enum audit_act visit[] = {
        AUDIT_ACT_CONSULT_CREATE, AUDIT_ACT_INVITE_ISSUE,         AUDIT_ACT_INVITE_REDEEM,
        AUDIT_ACT_CONSULT_ENTER,  AUDIT_ACT_MEDIA_CONNECTED,      AUDIT_ACT_CONSULT_ADMIT,
        AUDIT_ACT_MEDIA_OPEN,     AUDIT_ACT_CONSULT_START,        AUDIT_ACT_LOG_HEARTBEAT,
        AUDIT_ACT_CONSULT_FINISH, AUDIT_ACT_MEDIA_KEYS_DESTROYED, AUDIT_ACT_CONSULT_CLOSE};
    const size_t steps = ARRAY_LENGTH(visit);
    for (size_t i = 0; log->count < count; i++) {
        char consultation[ID_TEXT_SIZE];
        snprintf(consultation, sizeof(consultation), "c_%04zu", i / steps);
        if (log->count == 0 || i % 97 == 96) {
            log_fixture_act(log, AUDIT_ACT_LOG_OPEN, AUDIT_OK, "");
            if (log->count == count)
                break;
        }
        enum audit_act act = visit[i % steps];
        log_fixture_act(log, act, AUDIT_OK, act == AUDIT_ACT_LOG_HEARTBEAT ? "" : consultation);
    }
}

static enum result fixture_leaf(void *context, uint64_t index, struct sha256 *ret_leaf)
{
    const struct log_fixture *log = context;
    *ret_leaf = tree_leaf_hash(span_of(log->records[index].bytes, log->records[index].length));
    return RESULT_OK;
}

void log_fixture_sign(struct log_fixture *log, size_t size)
{
    struct tree_source source = {.read = fixture_leaf, .context = log};
    struct checkpoint checkpoint = {.size = size};
    CHECK(text_copy(checkpoint.origin, sizeof(checkpoint.origin), log->key.name));
    CHECK(tree_root(&source, size, &checkpoint.root) == RESULT_OK);
    CHECK(checkpoint_sign(&checkpoint, log_fixture_seed(), log->note, sizeof(log->note)) ==
          RESULT_OK);
}

static enum result fixture_read(void *context, uint64_t index, struct span *ret_entry)
{
    const struct log_fixture *log = context;
    if (index >= log->count)
        return RESULT_NOT_FOUND;
    *ret_entry = span_of(log->records[index].bytes, log->records[index].length);
    return RESULT_OK;
}

struct verifier_source log_fixture_source(struct log_fixture *log)
{
    return (struct verifier_source){.read = fixture_read, .context = log};
}

enum verifier_status log_fixture_verify(struct log_fixture *log, struct verifier_report *ret_report)
{
    struct verifier_source source = log_fixture_source(log);
    struct verifier_options options = {.log_key = &log->key,
                                       .checkpoint = span_of(log->note, strlen(log->note)),
                                       .now_us = log->wall_us};
    return verifier_run(&source, &options, ret_report);
}
