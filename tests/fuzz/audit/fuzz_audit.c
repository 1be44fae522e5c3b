/* The verifier must never accept a log that was changed. First byte: what the rest is.
 *   0 an exported log   1 a proof file   2 edits of the good log   3 edits of the good proof   4 one record
 * Edits are rows of four bytes: kind, place (two bytes, scaled), value. Oracle: whatever is called good holds exactly the
 * records of the good log; nobody but the fixture's key can have signed others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/audit/entry.h"
#include "gateway/audit/export.h"
#include "gateway/audit/proof.h"
#include "gateway/base/check.h"
#include "tests/unit/audit/log_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORDS   15
#define EDITS_MAX 8

struct good {
    struct log_fixture log;
    char *export;
    size_t export_length;
    char *proof;
    size_t proof_length;
};

static void good_init(struct good *good)
{
    struct proof *proof;
    const struct id consultation = {.text = "c_0000"};
    log_fixture_init(&good->log);
    log_fixture_fill(&good->log, RECORDS);
    log_fixture_sign(&good->log, RECORDS);
    FILE *out = open_memstream(&good->export, &good->export_length);
    CHECK(out != NULL && proof_new(&consultation, &proof) == RESULT_OK);
    fputs(EXPORT_TITLE, out);
    for (size_t i = 0; i < RECORDS; i++) {
        const struct fixture_record *record = &good->log.records[i];
        fwrite(record->bytes, 1, record->length, out);
        fputc('\n', out);
        CHECK(proof_add(proof, span_of(record->bytes, record->length)) == RESULT_OK);
    }
    fprintf(out, "\n%s", good->log.note);
    CHECK(fclose(out) == 0);
    CHECK(proof_write(proof, span_of(good->log.note, strlen(good->log.note)), &good->proof,
                      &good->proof_length) == RESULT_OK);
    proof_free(proof);
}

/* Made once for all runs: hashing and signing it costs more than most inputs. */
static const struct good *good_get(void)
{
    static struct good good;
    if (good.export == NULL)
        good_init(&good);
    return &good;
}

static struct verifier_options options_of(const struct good *good)
{
    return (struct verifier_options){.log_key = &good->log.key, .now_us = good->log.wall_us};
}

static enum verifier_status try_export(const struct good *good, struct span file)
{
    struct export_file opened;
    struct verifier_report report;
    if (export_open(file, &opened) != RESULT_OK)
        return VERIFIER_UNSUPPORTED;
    struct export_file walked = opened;
    struct verifier_source source = export_source(&walked);
    struct verifier_options options = options_of(good);
    options.checkpoint = opened.checkpoint;
    enum verifier_status status = verifier_run(&source, &options, &report);
    if (status != VERIFIER_GOOD)
        return status;
    /* Unknown signature lines may stand behind the records, nothing else may differ. */
    const struct export_file reference = {
        .records =
            span_of(good->export + strlen(EXPORT_TITLE),
                    good->export_length - strlen(EXPORT_TITLE) - strlen(good->log.note) - 1)};
    CHECK(report.records == RECORDS && report.signed_size == RECORDS);
    CHECK(opened.records.length == reference.records.length);
    CHECK(memcmp(opened.records.data, reference.records.data, opened.records.length) == 0);
    return status;
}

/* Every record a good proof shows stands in the good log, byte for byte. */
static enum verifier_status try_proof(const struct good *good, struct span file)
{
    struct verifier_report report;
    struct id consultation;
    struct verifier_options options = options_of(good);
    enum verifier_status status = proof_verify(file, &options, &report, &consultation);
    if (status != VERIFIER_GOOD)
        return status;
    size_t shown = 0;
    for (size_t i = 0; i < RECORDS; i++) {
        char line[AUDIT_RECORD_BYTES_MAX + 32];
        int head = snprintf(line, sizeof(line), "\nrecord %zu ", i);
        memcpy(line + head, good->log.records[i].bytes, good->log.records[i].length);
        line[(size_t)head + good->log.records[i].length] = '\n';
        shown += memmem(file.data, file.length, line,
                        (size_t)head + good->log.records[i].length + 1) != NULL;
    }
    CHECK(shown == report.records);
    return status;
}

/* Applies the edits to a copy. */
static void edit(const char *good, size_t *length, char *copy, struct span edits)
{
    memcpy(copy, good, *length);
    for (size_t i = 0; i + 4 <= edits.length && i / 4 < EDITS_MAX && *length > 1; i += 4) {
        size_t at = (size_t)bytes_get_u16(edits.data + i + 1) * *length / 65536, piece;
        switch (edits.data[i] % 4) {
        case 0:
            copy[at] = (char)edits.data[i + 3];
            break;
        case 1:
            copy[at] = (char)(copy[at] ^ 1 << edits.data[i + 3] % 8);
            break;
        case 2: /* cut */
            *length = at;
            break;
        default: /* a piece is taken out */
            piece = at + edits.data[i + 3] < *length ? edits.data[i + 3] : *length - at;
            memmove(copy + at, copy + at + piece, *length - at - piece);
            *length -= piece;
            break;
        }
    }
}

static void try_edits(const struct good *good, struct span edits, bool is_proof)
{
    const char *whole = is_proof ? good->proof : good->export;
    size_t length = is_proof ? good->proof_length : good->export_length, before = length;
    char *copy = malloc(length);
    CHECK(copy != NULL);
    edit(whole, &length, copy, edits);
    bool changed = length != before || memcmp(copy, whole, before) != 0;
    enum verifier_status status =
        is_proof ? try_proof(good, span_of(copy, length)) : try_export(good, span_of(copy, length));
    /* A proof stays good when a whole record and its path are taken out: it never claims to show all. */
    CHECK(changed ? is_proof || status != VERIFIER_GOOD : status == VERIFIER_GOOD);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    const struct good *good = good_get();
    struct span rest = span_of(data + 1, size - 1);
    struct audit_entry entry;
    switch (data[0] % 5) {
    case 0:
        (void)try_export(good, rest);
        break;
    case 1:
        (void)try_proof(good, rest);
        break;
    case 2:
        try_edits(good, rest, false);
        break;
    case 3:
        try_edits(good, rest, true);
        break;
    default:
        (void)!audit_entry_parse(rest, &entry);
        break;
    }
    return 0;
}
