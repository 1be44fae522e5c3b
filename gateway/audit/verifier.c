#include "gateway/audit/verifier.h"

#include <string.h>

#include "gateway/audit/entry.h"
#include "gateway/audit/pairing.h"
#include "gateway/base/check.h"
#include "gateway/base/clock.h"
#include "gateway/base/text.h"

/* Below this a clock that is being disciplined steps without a record (clock.step marks larger ones). */
#define CLOCK_BACK_ALLOWED_US (500 * 1000ll)
#define NS_PER_US             1000ll

/* Life: one verifier_run, on its stack.
 *
 * The chain tells of a changed record one record late: `prev` of the next one disagrees, and then either of the two may
 * be the changed one. So from the break on, the tree of the leaves as the chain claims them grows beside the tree of
 * the leaves as they are. If the claimed tree has the signed root, the record before the break was changed. Otherwise
 * the record at the break was, unless its successor vouches for it. */
struct walk {
    const struct verifier_options *options;
    struct verifier_report *report;
    struct pairing *pairing;
    bool has_checkpoint, has_earlier;
    struct checkpoint checkpoint, earlier;

    uint64_t count;              /* records taken into the trees */
    struct tree_frontier actual; /* of `count` leaves */
    struct tree_frontier before; /* the same without the last leaf */
    struct sha256 leaf;          /* the last one */
    bool root_wrong;

    bool broken; /* from here on the next three count */
    uint64_t break_index;
    struct tree_frontier claimed; /* of `count` − 1 leaves */
    bool claimed_is_signed;
    bool successor_vouches;

    bool has_previous; /* the last record was read */
    struct audit_entry previous;
    bool
        step_wanted; /* record step_index went back in time and waits for a clock.step next to it */
    uint64_t step_index;
};

static enum verifier_status status_of(enum verifier_finding finding)
{
    switch (finding) {
    case VERIFIER_NONE:
        return VERIFIER_GOOD;
    case VERIFIER_RECORD_VERSION:
        return VERIFIER_UNSUPPORTED;
    case VERIFIER_CHECKPOINT_MISSING:
    case VERIFIER_QUORUM:
    case VERIFIER_RECORD_UNREADABLE:
    case VERIFIER_INTENT_OPEN:
    case VERIFIER_SILENCE:
    case VERIFIER_TAIL_UNSIGNED:
        return VERIFIER_INCOMPLETE;
    default:
        return VERIFIER_TAMPERED;
    }
}

/* Of two findings the worse one is reported: broken proofs before broken rules before what could not be proved. */
static unsigned severity_of(enum verifier_finding finding)
{
    switch (status_of(finding)) {
    case VERIFIER_GOOD:
        return 0;
    case VERIFIER_INCOMPLETE:
        return 1;
    case VERIFIER_UNSUPPORTED:
        return 2;
    default:
        return finding == VERIFIER_CLOCK_BACK || finding == VERIFIER_KEYS_KEPT ||
                       finding == VERIFIER_MEDIA_BEFORE_ADMIT
                   ? 3
                   : 4;
    }
}

/* Of equally bad ones the lowest index wins; one about the whole log is kept until one names a record. */
static void found_at(struct walk *walk, enum verifier_finding finding, bool has_index,
                     uint64_t index)
{
    struct verifier_report *report = walk->report;
    unsigned now = severity_of(finding), before = severity_of(report->finding);
    bool sharper = has_index && (!report->has_bad_index || index <= report->bad_index);
    if (now < before || (now == before && !sharper))
        return;
    report->status = status_of(finding);
    report->finding = finding;
    report->has_bad_index = has_index;
    report->bad_index = has_index ? index : 0;
}

static void found(struct walk *walk, enum verifier_finding finding)
{
    found_at(walk, finding, false, 0);
}

static void check_checkpoints(struct walk *walk)
{
    const struct verifier_options *options = walk->options;
    struct verifier_report *report = walk->report;
    struct checkpoint_witnessed witnessed;
    if (options->checkpoint.length == 0) {
        found(walk, VERIFIER_CHECKPOINT_MISSING);
    } else {
        enum result result = checkpoint_verify(options->checkpoint, options->log_key,
                                               options->witnesses, options->witness_count,
                                               options->now_us, &walk->checkpoint, &witnessed);
        if (result != RESULT_OK) {
            found(walk, result == RESULT_PARSE ? VERIFIER_CHECKPOINT_MALFORMED
                                               : VERIFIER_CHECKPOINT_SIGNATURE);
        } else {
            walk->has_checkpoint = true;
            report->signed_size = walk->checkpoint.size;
            report->witnesses = witnessed.count;
            for (size_t i = 0; i < options->witness_count; i++) {
                int64_t age_s = options->now_us / US_PER_S - witnessed.time_s[i];
                if (witnessed.signed_by[i] && age_s > report->oldest_witness_age_s)
                    report->oldest_witness_age_s = age_s;
            }
            if (witnessed.count < options->quorum)
                found(walk, VERIFIER_QUORUM);
        }
    }
    if (options->earlier.length == 0)
        return;
    if (checkpoint_verify(options->earlier, options->log_key, NULL, 0, options->now_us,
                          &walk->earlier, &witnessed) != RESULT_OK) {
        found(walk, VERIFIER_EARLIER_CHECKPOINT);
        return;
    }
    walk->has_earlier = true;
    if (walk->has_checkpoint && walk->checkpoint.size < walk->earlier.size)
        found(walk, VERIFIER_EARLIER_CHECKPOINT);
}

/* Called when `actual` holds as many leaves as a signed head counts. */
static void check_roots(struct walk *walk)
{
    struct sha256 root = tree_frontier_root(&walk->actual);
    if (walk->has_checkpoint && walk->count == walk->checkpoint.size) {
        walk->report->root = root;
        walk->root_wrong = !sha256_equal(&root, &walk->checkpoint.root);
    }
    if (walk->has_earlier && walk->count == walk->earlier.size &&
        !sha256_equal(&root, &walk->earlier.root))
        found(walk, VERIFIER_EARLIER_CHECKPOINT);
}

/* `prev` says which leaf the record before this one had when this one was written. */
static void take_claim(struct walk *walk, const struct sha256 *prev)
{
    bool agrees = sha256_equal(prev, &walk->leaf);
    if (walk->broken) {
        if (walk->count == walk->break_index + 1)
            walk->successor_vouches = agrees;
        tree_frontier_append(&walk->claimed, prev);
    } else if (!agrees) {
        walk->broken = true;
        walk->break_index = walk->count;
        walk->claimed = walk->before;
        tree_frontier_append(&walk->claimed, prev);
    }
    if (walk->broken && walk->has_checkpoint && walk->count == walk->checkpoint.size) {
        struct sha256 root = tree_frontier_root(&walk->claimed);
        walk->claimed_is_signed = sha256_equal(&root, &walk->checkpoint.root);
    }
}

static void take_leaf(struct walk *walk, struct span bytes)
{
    walk->leaf = tree_leaf_hash(bytes);
    walk->before = walk->actual;
    tree_frontier_append(&walk->actual, &walk->leaf);
    walk->count++;
    if ((walk->has_checkpoint && walk->count == walk->checkpoint.size) ||
        (walk->has_earlier && walk->count == walk->earlier.size))
        check_roots(walk);
}

/* §7.5 step 8 between two neighbours. */
static void check_time(struct walk *walk, const struct audit_entry *entry)
{
    const struct audit_entry *previous = &walk->previous;
    if (walk->step_wanted && entry->act != AUDIT_ACT_CLOCK_STEP)
        found_at(walk, VERIFIER_CLOCK_BACK, true, walk->step_index);
    walk->step_wanted = false;
    bool opened = entry->act == AUDIT_ACT_LOG_OPEN;
    bool same_boot = strcmp(entry->boot, previous->boot) == 0;
    /* The machine cannot have been started anew while the log was open. */
    if (same_boot ? entry->mono_ns < previous->mono_ns : !opened)
        found_at(walk, VERIFIER_CLOCK_BACK, true, walk->count);
    if (same_boot && !opened &&
        entry->mono_ns - previous->mono_ns > VERIFIER_SILENCE_US * NS_PER_US) {
        walk->report->silences++;
        if (walk->options->strict)
            found_at(walk, VERIFIER_SILENCE, true, walk->count);
    }
    if (!opened && entry->act != AUDIT_ACT_CLOCK_STEP && previous->act != AUDIT_ACT_CLOCK_STEP &&
        entry->wall_us < previous->wall_us - CLOCK_BACK_ALLOWED_US) {
        walk->step_wanted = true;
        walk->step_index = walk->count;
    }
}

static void take_counts(struct walk *walk, const struct audit_entry *entry)
{
    struct verifier_report *report = walk->report;
    report->acts[entry->act]++;
    report->restarts += entry->act == AUDIT_ACT_LOG_OPEN && walk->count > 0;
    report->clock_steps += entry->act == AUDIT_ACT_CLOCK_STEP;
    if (report->first_time[0] == 0)
        CHECK(text_copy(report->first_time, sizeof(report->first_time), entry->time));
    CHECK(text_copy(report->last_time, sizeof(report->last_time), entry->time));
    bool is_tail = walk->has_checkpoint && walk->count >= walk->checkpoint.size;
    if (!is_tail)
        return;
    int64_t allowed_us = walk->options->tail_allowed_us != 0 ? walk->options->tail_allowed_us
                                                             : VERIFIER_TAIL_ALLOWED_US;
    if (entry->wall_us < walk->options->now_us - allowed_us)
        found_at(walk, VERIFIER_TAIL_UNSIGNED, true, walk->count);
}

static enum verifier_finding finding_of(enum entry_fault fault)
{
    switch (fault) {
    case ENTRY_OK:
        return VERIFIER_NONE;
    case ENTRY_LENGTH:
        return VERIFIER_RECORD_LENGTH;
    case ENTRY_NOT_CANONICAL:
        return VERIFIER_RECORD_NOT_CANONICAL;
    case ENTRY_VERSION:
        return VERIFIER_RECORD_VERSION;
    case ENTRY_FIELD:
        break;
    }
    return VERIFIER_RECORD_FIELD;
}

/* Steps 5 and 7–9 for the record `walk->count`. False: what comes after means nothing any more. */
static bool take_record(struct walk *walk, struct span bytes)
{
    struct audit_entry entry;
    enum verifier_finding finding = finding_of(audit_entry_parse(bytes, &entry));
    if (finding == VERIFIER_NONE && strcmp(entry.origin, walk->options->log_key->name) != 0)
        finding = VERIFIER_RECORD_ORIGIN;
    else if (finding == VERIFIER_NONE && entry.seq != walk->count)
        finding = VERIFIER_RECORD_SEQ;
    if (finding != VERIFIER_NONE)
        found_at(walk, finding, true, walk->count);
    if (finding == VERIFIER_RECORD_VERSION) {
        /* Its `prev` is not known: the chain is taken up again by its successor, the tree holds it anyway. */
        if (walk->count > 0)
            take_claim(walk, &walk->leaf);
        take_leaf(walk, bytes);
        walk->has_previous = false;
        return true;
    }
    if (finding != VERIFIER_NONE)
        return false;

    if (walk->count > 0) {
        take_claim(walk, &entry.prev);
    } else {
        char vkey[CHECKPOINT_KEY_TEXT_SIZE];
        checkpoint_key_format(walk->options->log_key, vkey);
        struct sha256 genesis = checkpoint_genesis(walk->options->log_key->name, vkey);
        if (!sha256_equal(&entry.prev, &genesis))
            found_at(walk, VERIFIER_RECORD_PREV, true, 0);
    }
    if (walk->has_previous)
        check_time(walk, &entry);
    uint64_t partner;
    finding = pairing_record(walk->pairing, &entry, &partner);
    if (finding != VERIFIER_NONE)
        found_at(walk, finding, true, partner);
    take_counts(walk, &entry);
    take_leaf(walk, bytes);
    walk->previous = entry;
    walk->has_previous = true;
    return true;
}

/* Which record is to blame for what trees and chain said? */
static void judge_chain(struct walk *walk)
{
    if (walk->broken && walk->has_checkpoint && walk->count == walk->checkpoint.size) {
        struct tree_frontier whole = walk->claimed;
        tree_frontier_append(&whole, &walk->leaf);
        struct sha256 root = tree_frontier_root(&whole);
        walk->claimed_is_signed = sha256_equal(&root, &walk->checkpoint.root);
    }
    if (walk->broken) {
        bool earlier_one = walk->claimed_is_signed || walk->successor_vouches;
        found_at(walk, VERIFIER_RECORD_PREV, true, walk->break_index - (earlier_one ? 1 : 0));
    } else if (walk->root_wrong) {
        /* The chain agrees with itself: the last one was changed, or everything from some record on. */
        found_at(walk, VERIFIER_ROOT, true, walk->count == 0 ? 0 : walk->checkpoint.size - 1);
    }
}

/* The source has no more records: is that all the signed heads promised? */
static void check_end(struct walk *walk)
{
    struct verifier_report *report = walk->report;
    if (walk->count == 0)
        check_roots(walk);
    if (walk->has_checkpoint && walk->count < walk->checkpoint.size)
        found_at(walk, VERIFIER_RECORD_MISSING, true, walk->count);
    if (walk->has_earlier && walk->count < walk->earlier.size)
        found_at(walk, VERIFIER_EARLIER_CHECKPOINT, true, walk->count);
    if (walk->has_checkpoint && walk->count > walk->checkpoint.size)
        report->unsigned_records = walk->count - walk->checkpoint.size;
    if (walk->step_wanted)
        found_at(walk, VERIFIER_CLOCK_BACK, true, walk->step_index);
    uint64_t partner;
    enum verifier_finding finding = pairing_end(walk->pairing, &partner);
    if (finding != VERIFIER_NONE)
        found_at(walk, finding, true, partner);
}

static void walk_log(struct walk *walk, const struct verifier_source *source)
{
    for (;;) {
        struct span bytes;
        enum result result = source->read(source->context, walk->count, &bytes);
        if (result == RESULT_NOT_FOUND) {
            check_end(walk);
            break;
        }
        if (result != RESULT_OK) {
            found_at(walk, VERIFIER_RECORD_UNREADABLE, true, walk->count);
            break;
        }
        if (!take_record(walk, bytes))
            break;
    }
    judge_chain(walk);
    walk->report->records = walk->count;
}

enum verifier_status verifier_run(const struct verifier_source *source,
                                  const struct verifier_options *options,
                                  struct verifier_report *ret_report)
{
    struct verifier_report report = {.status = VERIFIER_GOOD};
    struct walk walk = {.options = options, .report = &report};
    /* Without memory nothing can be said about the log, least of all that it is good. */
    CHECK(pairing_new(&walk.pairing) == RESULT_OK);
    check_checkpoints(&walk);
    walk_log(&walk, source);
    pairing_free(walk.pairing);
    *ret_report = report;
    return report.status;
}

bool verifier_sealed_holds(struct span entry, const char *name, const uint8_t r[32],
                           const char *value)
{
    struct sha256 commitment;
    if (!audit_entry_commitment(entry, name, &commitment))
        return false;
    struct sha256 opened = audit_commitment(span_of(r, 32), span_of(value, strlen(value)));
    return sha256_equal(&opened, &commitment);
}

const char *verifier_status_name(enum verifier_status status)
{
    switch (status) {
    case VERIFIER_GOOD:
        return "good";
    case VERIFIER_TAMPERED:
        return "tampered";
    case VERIFIER_INCOMPLETE:
        return "incomplete";
    case VERIFIER_UNSUPPORTED:
        return "unsupported";
    case VERIFIER_USAGE:
        break;
    }
    return "usage";
}
