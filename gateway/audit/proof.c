#include "gateway/audit/proof.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/audit/entry.h"
#include "gateway/base/check.h"
#include "gateway/base/text.h"

#define HASH_TEXT_SIZE 45
#define INDEX_TEXT_MAX 20

/* ---- writing --------------------------------------------------------------------------------------------------- */

struct proof_record {
    uint64_t index;
    uint8_t *bytes; /* heap */
    size_t length;
};

struct proof {
    struct id consultation;
    struct sha256 *leaves;
    size_t leaves_size;
    uint64_t count;
    struct proof_record *records;
    size_t records_size;
    size_t record_count;
};

enum result proof_new(const struct id *consultation, struct proof **ret_proof)
{
    struct proof *proof = calloc(1, sizeof(*proof));
    if (proof == NULL)
        return RESULT_NO_MEMORY;
    proof->consultation = *consultation;
    *ret_proof = proof;
    return RESULT_OK;
}

struct proof *proof_free(struct proof *proof)
{
    if (proof == NULL)
        return NULL;
    for (size_t i = 0; i < proof->record_count; i++)
        free(proof->records[i].bytes);
    free(proof->records);
    free(proof->leaves);
    free(proof);
    return NULL;
}

/* Room for one more of `item_size` in a doubling array. */
static enum result array_reserve(void *array, size_t *size, size_t count, size_t item_size)
{
    void **items = array;
    if (count < *size)
        return RESULT_OK;
    size_t wanted = *size == 0 ? 64 : *size * 2;
    void *grown = reallocarray(*items, wanted, item_size);
    if (grown == NULL)
        return RESULT_NO_MEMORY;
    *items = grown;
    *size = wanted;
    return RESULT_OK;
}

enum result proof_add(struct proof *proof, struct span bytes)
{
    struct audit_entry entry;
    if (audit_entry_parse(bytes, &entry) != ENTRY_OK || entry.seq != proof->count)
        return RESULT_TAMPERED;
    enum result result =
        array_reserve(&proof->leaves, &proof->leaves_size, proof->count, sizeof(proof->leaves[0]));
    if (result != RESULT_OK)
        return result;
    if (strcmp(entry.consultation, proof->consultation.text) == 0) {
        result = array_reserve(&proof->records, &proof->records_size, proof->record_count,
                               sizeof(proof->records[0]));
        uint8_t *copy = result == RESULT_OK ? malloc(bytes.length) : NULL;
        if (copy == NULL)
            return RESULT_NO_MEMORY;
        memcpy(copy, bytes.data, bytes.length);
        proof->records[proof->record_count++] =
            (struct proof_record){.index = proof->count, .bytes = copy, .length = bytes.length};
    }
    proof->leaves[proof->count++] = tree_leaf_hash(bytes);
    return RESULT_OK;
}

/* All perfect subtrees of the first `size` leaves, level after level. */
struct levels {
    struct sha256 *nodes[TREE_LEVELS_MAX]; /* [0] is the proof's own array; the others are heap */
    unsigned count;
};

static void levels_done(struct levels *levels)
{
    for (unsigned i = 1; i < levels->count; i++)
        free(levels->nodes[i]);
}

static enum result levels_init(struct levels *levels, const struct proof *proof, uint64_t size)
{
    *levels = (struct levels){.nodes = {proof->leaves}, .count = 1};
    for (uint64_t width = size / 2; width > 0; width /= 2) {
        struct sha256 *below = levels->nodes[levels->count - 1];
        struct sha256 *nodes = calloc(width, sizeof(*nodes));
        if (nodes == NULL) {
            levels_done(levels);
            return RESULT_NO_MEMORY;
        }
        for (uint64_t i = 0; i < width; i++)
            nodes[i] = tree_node_hash(&below[2 * i], &below[2 * i + 1]);
        levels->nodes[levels->count++] = nodes;
    }
    return RESULT_OK;
}

static enum result levels_subtree(void *context, unsigned level, uint64_t index,
                                  struct sha256 *ret_root)
{
    const struct levels *levels = context;
    CHECK(level < levels->count);
    *ret_root = levels->nodes[level][index];
    return RESULT_OK;
}

static void hash_print(FILE *out, const struct sha256 *hash)
{
    char text[HASH_TEXT_SIZE];
    text_base64(span_of(hash->bytes, SHA256_BYTES), text, sizeof(text));
    fprintf(out, " %s", text);
}

static enum result record_print(FILE *out, const struct tree_source *source,
                                const struct proof_record *record, uint64_t size)
{
    struct tree_proof path;
    enum result result = tree_inclusion_proof(source, record->index, size, &path);
    if (result != RESULT_OK)
        return result;
    fprintf(out, "record %" PRIu64 " ", record->index);
    fwrite(record->bytes, 1, record->length, out);
    fputs("\npath", out);
    for (uint32_t i = 0; i < path.count; i++)
        hash_print(out, &path.hashes[i]);
    fputc('\n', out);
    return RESULT_OK;
}

static enum result file_print(FILE *out, const struct proof *proof,
                              const struct tree_source *source, uint64_t size,
                              struct span checkpoint)
{
    fprintf(out, PROOF_TITLE "consultation %s\n", proof->consultation.text);
    for (size_t i = 0; i < proof->record_count && proof->records[i].index < size; i++) {
        enum result result = record_print(out, source, &proof->records[i], size);
        if (result != RESULT_OK)
            return result;
    }
    fputc('\n', out);
    fwrite(checkpoint.data, 1, checkpoint.length, out);
    return RESULT_OK;
}

enum result proof_write(const struct proof *proof, struct span checkpoint, char **ret_text,
                        size_t *ret_length)
{
    struct checkpoint head;
    struct levels levels;
    if (checkpoint_parse(checkpoint, &head) != RESULT_OK)
        return RESULT_PARSE;
    if (head.size > proof->count)
        return RESULT_TAMPERED;
    if (proof->record_count == 0 || proof->records[0].index >= head.size)
        return RESULT_NOT_FOUND;
    enum result result = levels_init(&levels, proof, head.size);
    if (result != RESULT_OK)
        return result;
    const struct tree_source source = {.subtree = levels_subtree, .context = &levels};
    struct sha256 root;
    char *text = NULL;
    result = tree_root(&source, head.size, &root);
    if (result == RESULT_OK && !sha256_equal(&root, &head.root))
        result = RESULT_TAMPERED;
    if (result == RESULT_OK) {
        FILE *out = open_memstream(&text, ret_length);
        result =
            out == NULL ? RESULT_NO_MEMORY : file_print(out, proof, &source, head.size, checkpoint);
        if (out != NULL && fclose(out) != 0 && result == RESULT_OK)
            result = RESULT_NO_MEMORY;
    }
    levels_done(&levels);
    if (result == RESULT_OK)
        *ret_text = text;
    else
        free(text);
    return result;
}

/* ---- checking -------------------------------------------------------------------------------------------------- */

struct check {
    const struct verifier_options *options;
    struct verifier_report *report;
    struct checkpoint checkpoint;
    struct id consultation;
    bool has_previous;
    uint64_t previous_index;
    struct sha256 previous_leaf;
};

static void found(struct check *check, enum verifier_status status, enum verifier_finding finding)
{
    check->report->status = status;
    check->report->finding = finding;
}

static void found_at(struct check *check, enum verifier_finding finding, uint64_t index)
{
    found(check, finding == VERIFIER_RECORD_VERSION ? VERIFIER_UNSUPPORTED : VERIFIER_TAMPERED,
          finding);
    check->report->has_bad_index = true;
    check->report->bad_index = index;
}

/* A line that begins with `word`; what follows the word goes to `ret_rest`. */
static bool line_take(struct span *text, const char *word, struct span *ret_rest)
{
    const uint8_t *end = text->length == 0 ? NULL : memchr(text->data, '\n', text->length);
    size_t length = end == NULL ? 0 : (size_t)(end - text->data), head = strlen(word);
    if (end == NULL || length < head || memcmp(text->data, word, head) != 0)
        return false;
    *ret_rest = span_of(text->data + head, length - head);
    *text = span_of(end + 1, text->length - length - 1);
    return true;
}

/* Canonical decimal and one space. */
static bool index_take(struct span *rest, uint64_t *ret_index)
{
    uint64_t value = 0;
    size_t at = 0;
    while (at < rest->length && at < INDEX_TEXT_MAX - 2 && rest->data[at] >= '0' &&
           rest->data[at] <= '9')
        value = value * 10 + (uint64_t)(rest->data[at++] - '0');
    if (at == 0 || (at > 1 && rest->data[0] == '0') || at == rest->length || rest->data[at] != ' ')
        return false;
    *rest = span_of(rest->data + at + 1, rest->length - at - 1);
    *ret_index = value;
    return true;
}

static bool path_parse(struct span line, struct tree_proof *ret_path)
{
    const size_t step = HASH_TEXT_SIZE; /* a space and 44 characters */
    struct tree_proof path = {.count = 0};
    if (line.length % step != 0 || line.length / step > TREE_PROOF_MAX)
        return false;
    for (size_t at = 0; at < line.length; at += step) {
        char text[HASH_TEXT_SIZE];
        size_t length;
        memcpy(text, line.data + at + 1, step - 1);
        text[step - 1] = 0;
        if (line.data[at] != ' ' || strlen(text) != step - 1 ||
            !text_from_base64(text, path.hashes[path.count].bytes, SHA256_BYTES, &length) ||
            length != SHA256_BYTES)
            return false;
        path.count++;
    }
    *ret_path = path;
    return true;
}

static enum verifier_finding fault_finding(enum entry_fault fault)
{
    static const enum verifier_finding findings[] = {
        [ENTRY_OK] = VERIFIER_NONE,
        [ENTRY_LENGTH] = VERIFIER_RECORD_LENGTH,
        [ENTRY_NOT_CANONICAL] = VERIFIER_RECORD_NOT_CANONICAL,
        [ENTRY_VERSION] = VERIFIER_RECORD_VERSION,
        [ENTRY_FIELD] = VERIFIER_RECORD_FIELD,
    };
    return findings[fault];
}

/* VERIFIER_NONE when the record stands in the signed log as shown. */
static enum verifier_finding record_check(struct check *check, uint64_t index, struct span bytes,
                                          const struct tree_proof *path)
{
    struct audit_entry entry;
    struct sha256 leaf = tree_leaf_hash(bytes);
    if (!tree_inclusion_verify(&leaf, index, check->checkpoint.size, path, &check->checkpoint.root))
        return VERIFIER_ROOT;
    enum verifier_finding finding = fault_finding(audit_entry_parse(bytes, &entry));
    if (finding != VERIFIER_NONE)
        return finding;
    if (strcmp(entry.origin, check->checkpoint.origin) != 0)
        return VERIFIER_RECORD_ORIGIN;
    if (entry.seq != index)
        return VERIFIER_RECORD_SEQ;
    if (strcmp(entry.consultation, check->consultation.text) != 0)
        return VERIFIER_RECORD_FIELD;
    if (check->has_previous && check->previous_index + 1 == index &&
        !sha256_equal(&entry.prev, &check->previous_leaf))
        return VERIFIER_RECORD_PREV;
    struct verifier_report *report = check->report;
    if (report->first_time[0] == 0)
        CHECK(text_copy(report->first_time, sizeof(report->first_time), entry.time));
    CHECK(text_copy(report->last_time, sizeof(report->last_time), entry.time));
    report->acts[entry.act]++;
    report->records++;
    check->has_previous = true;
    check->previous_index = index;
    check->previous_leaf = leaf;
    return VERIFIER_NONE;
}

static void records_check(struct check *check, struct span text)
{
    while (text.length > 0) {
        struct span bytes, line;
        struct tree_proof path;
        uint64_t index;
        if (!line_take(&text, "record ", &bytes) || !index_take(&bytes, &index) ||
            !line_take(&text, "path", &line) || !path_parse(line, &path) ||
            (check->has_previous && index <= check->previous_index)) {
            found(check, VERIFIER_TAMPERED, VERIFIER_FILE_MALFORMED);
            return;
        }
        enum verifier_finding finding = record_check(check, index, bytes, &path);
        if (finding != VERIFIER_NONE) {
            found_at(check, finding, index);
            return;
        }
    }
    if (!check->has_previous)
        found(check, VERIFIER_TAMPERED, VERIFIER_FILE_MALFORMED);
    else if (check->report->witnesses < check->options->quorum)
        found(check, VERIFIER_INCOMPLETE, VERIFIER_QUORUM);
}

static void checkpoint_check(struct check *check, struct span note)
{
    const struct verifier_options *options = check->options;
    struct checkpoint_witnessed witnessed;
    enum result result =
        checkpoint_verify(note, options->log_key, options->witnesses, options->witness_count,
                          options->now_us, &check->checkpoint, &witnessed);
    if (result != RESULT_OK) {
        found(check, VERIFIER_TAMPERED,
              result == RESULT_PARSE ? VERIFIER_CHECKPOINT_MALFORMED
                                     : VERIFIER_CHECKPOINT_SIGNATURE);
        return;
    }
    check->report->signed_size = check->checkpoint.size;
    check->report->root = check->checkpoint.root;
    check->report->witnesses = witnessed.count;
}

/* Title, consultation, and where the records end; false when it is no such file. */
static bool head_take(struct check *check, struct span *text, struct span *ret_note)
{
    struct span name;
    char id[ID_TEXT_SIZE] = {0};
    if (!line_take(text, "consultation ", &name) || name.length >= sizeof(id))
        return false;
    memcpy(id, name.data, name.length);
    if (strlen(id) != name.length || !id_parse(id, &check->consultation))
        return false;
    const uint8_t *end = text->length == 0 ? NULL : memmem(text->data, text->length, "\n\n", 2);
    if (end == NULL)
        return false;
    size_t records = (size_t)(end - text->data) + 1;
    *ret_note = span_of(text->data + records + 1, text->length - records - 1);
    text->length = records;
    return true;
}

enum verifier_status proof_verify(struct span file, const struct verifier_options *options,
                                  struct verifier_report *ret_report, struct id *ret_consultation)
{
    struct verifier_report report = {.status = VERIFIER_GOOD};
    struct check check = {.options = options, .report = &report};
    const size_t title = strlen(PROOF_TITLE);
    struct span note;
    if (file.length < title || memcmp(file.data, PROOF_TITLE, title) != 0) {
        found(&check, VERIFIER_UNSUPPORTED, VERIFIER_FILE_MALFORMED);
    } else {
        struct span text = span_of(file.data + title, file.length - title);
        if (!head_take(&check, &text, &note))
            found(&check, VERIFIER_TAMPERED, VERIFIER_FILE_MALFORMED);
        else
            checkpoint_check(&check, note);
        if (report.status == VERIFIER_GOOD)
            records_check(&check, text);
    }
    *ret_report = report;
    *ret_consultation = check.consultation;
    return report.status;
}
