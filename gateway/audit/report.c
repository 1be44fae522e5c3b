#include "gateway/audit/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "gateway/base/text.h"

static void root_format(const struct verifier_report *report, char *ret_text, size_t size)
{
    text_hex(span_of(report->root.bytes, SHA256_BYTES), ret_text, size);
}

/* One sentence for each thing that can be wrong; the name of the finding is for programs. */
static const char *finding_text(enum verifier_finding finding)
{
    static const char *const texts[VERIFIER_FINDING_COUNT] = {
        [VERIFIER_NONE] = "nothing wrong was found",
        [VERIFIER_CHECKPOINT_MALFORMED] = "the checkpoint cannot be read",
        [VERIFIER_CHECKPOINT_SIGNATURE] = "the checkpoint is not signed by this log",
        [VERIFIER_CHECKPOINT_MISSING] = "there is no checkpoint to compare with",
        [VERIFIER_QUORUM] = "fewer witnesses have signed than asked for",
        [VERIFIER_EARLIER_CHECKPOINT] =
            "the log contradicts the earlier checkpoint; keep both notes, together they prove it",
        [VERIFIER_RECORD_MISSING] = "a signed record is missing",
        [VERIFIER_RECORD_UNREADABLE] = "the log could not be read to its end",
        [VERIFIER_RECORD_LENGTH] = "a record is empty or too long",
        [VERIFIER_RECORD_NOT_CANONICAL] = "a record's bytes were changed",
        [VERIFIER_RECORD_FIELD] = "a record has a field it must not have, or lacks one",
        [VERIFIER_RECORD_VERSION] = "a record is of a later version than this program knows",
        [VERIFIER_RECORD_ORIGIN] = "a record belongs to another log",
        [VERIFIER_RECORD_SEQ] = "a record is missing, doubled or out of order",
        [VERIFIER_RECORD_PREV] = "a record was changed",
        [VERIFIER_ROOT] = "the records do not give the signed root; changed here or before",
        [VERIFIER_CLOCK_BACK] = "time runs backwards without a clock step",
        [VERIFIER_INTENT_OPEN] = "an act was begun and its end is not recorded",
        [VERIFIER_KEYS_KEPT] =
            "somebody was removed and their media keys were not destroyed in time",
        [VERIFIER_MEDIA_BEFORE_ADMIT] = "media was opened before anybody was admitted",
        [VERIFIER_SEALED] = "an opened value does not match its commitment",
        [VERIFIER_SILENCE] = "the log was silent for longer than it may be",
        [VERIFIER_TAIL_UNSIGNED] = "the newest records are not signed yet, and should be",
        [VERIFIER_FILE_MALFORMED] = "the file is damaged or of another kind",
    };
    return texts[finding];
}

static void text_print(FILE *out, const struct verifier_report *report, const char *name,
                       const char *consultation)
{
    char root[2 * SHA256_BYTES + 1];
    root_format(report, root, sizeof(root));
    fprintf(out, "%s: %s", verifier_status_name(report->status), finding_text(report->finding));
    if (report->has_bad_index)
        fprintf(out, " (record %" PRIu64 ")", report->bad_index);
    fprintf(out, "\nlog             %s\n", name);
    if (consultation[0] != 0)
        fprintf(out, "consultation    %s\n", consultation);
    fprintf(out,
            "records         %" PRIu64 " checked, %" PRIu64 " signed, %" PRIu64
            " newer than the checkpoint\n",
            report->records, report->signed_size, report->unsigned_records);
    fprintf(out, "root            %s\n", root);
    fprintf(out, "from            %s\nto              %s\n", report->first_time, report->last_time);
    fprintf(out,
            "restarts        %" PRIu64 "\nclock steps     %" PRIu64 "\nsilences        %" PRIu64
            "\n",
            report->restarts, report->clock_steps, report->silences);
    fprintf(out, "witnesses       %u", report->witnesses);
    if (report->witnesses > 0)
        fprintf(out, ", the oldest %" PRId64 " s ago", report->oldest_witness_age_s);
    fputc('\n', out);
    for (unsigned act = 0; act < AUDIT_ACT_COUNT; act++)
        if (report->acts[act] > 0)
            fprintf(out, "  %-26s %" PRIu64 "\n", audit_act_name((enum audit_act)act),
                    report->acts[act]);
}

char *verifier_report_text(const struct verifier_report *report, const char *name,
                           const char *consultation)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return NULL;
    text_print(out, report, name, consultation);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static json_t *acts_json(const struct verifier_report *report)
{
    json_t *acts = json_object();
    for (unsigned act = 0; act < AUDIT_ACT_COUNT; act++)
        if (report->acts[act] > 0)
            json_object_set_new(acts, audit_act_name((enum audit_act)act),
                                json_integer((json_int_t)report->acts[act]));
    return acts;
}

char *verifier_report_json(const struct verifier_report *report, const char *name,
                           const char *consultation)
{
    char root[2 * SHA256_BYTES + 1];
    root_format(report, root, sizeof(root));
    json_t *object = json_pack(
        "{s:b,s:s,s:s,s:s,s:I,s:I,s:I,s:s,s:s,s:s,s:I,s:I,s:I,s:i,s:o}", "verified",
        report->status == VERIFIER_GOOD, "status", verifier_status_name(report->status), "finding",
        verifier_finding_name(report->finding), "log", name, "records", (json_int_t)report->records,
        "signed", (json_int_t)report->signed_size, "unsigned", (json_int_t)report->unsigned_records,
        "root", root, "first", report->first_time, "last", report->last_time, "restarts",
        (json_int_t)report->restarts, "clock_steps", (json_int_t)report->clock_steps, "silences",
        (json_int_t)report->silences, "witnesses", (int)report->witnesses, "acts",
        acts_json(report));
    if (object == NULL)
        return NULL;
    if (report->has_bad_index)
        json_object_set_new(object, "bad_index", json_integer((json_int_t)report->bad_index));
    if (consultation[0] != 0)
        json_object_set_new(object, "consultation", json_string(consultation));
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(object);
    return text;
}
