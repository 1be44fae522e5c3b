#include "gateway/audit/pairing.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/base/hash.h"

#define TABLE_START       64
#define NS_PER_US         1000ll
#define INTENT_ALLOWED_NS (10 * 1000000000ll)

/* What is remembered about one consultation. `connected` has a bit for each seat with keys in the present run of
 * the gateway; keys die with the process, so an older run's bits are worth nothing. */
struct visit {
    char id[ID_TEXT_SIZE]; /* empty: free slot */
    bool admitted;
    uint64_t run;
    uint32_t connected;
};

/* A record that waits for its partner. */
struct waiting {
    uint64_t seq;
    int64_t mono_ns;
    enum audit_act act; /* of the partner */
    bool is_removal;    /* else an intent */
    int seat;           /* of a removal */
    char consultation[ID_TEXT_SIZE];
};

struct pairing {
    struct visit *visits; /* open addressing, `visits_size` a power of two, at most half full */
    size_t visits_size;
    size_t visits_used;
    struct waiting waiting[PAIRING_WAITING_MAX];
    size_t waiting_count;
    uint64_t run;         /* log.open records so far */
    int64_t last_mono_ns; /* of the present run */
};

enum result pairing_new(struct pairing **ret_pairing)
{
    struct pairing *pairing = calloc(1, sizeof(*pairing));
    if (pairing == NULL)
        return RESULT_NO_MEMORY;
    pairing->visits = calloc(TABLE_START, sizeof(*pairing->visits));
    pairing->visits_size = TABLE_START;
    if (pairing->visits == NULL) {
        pairing_free(pairing);
        return RESULT_NO_MEMORY;
    }
    *ret_pairing = pairing;
    return RESULT_OK;
}

struct pairing *pairing_free(struct pairing *pairing)
{
    if (pairing != NULL)
        free(pairing->visits);
    free(pairing);
    return NULL;
}

static struct visit *slot_of(struct visit *visits, size_t size, const char *id)
{
    size_t at = hash_table_key(0, span_of(id, strlen(id))) & (size - 1);
    while (visits[at].id[0] != 0 && strcmp(visits[at].id, id) != 0)
        at = (at + 1) & (size - 1);
    return &visits[at];
}

/* A verifier without memory must not go on as if all were well. */
static void visits_grow(struct pairing *pairing)
{
    size_t size = pairing->visits_size * 2;
    struct visit *visits = calloc(size, sizeof(*visits));
    CHECK(visits != NULL);
    for (size_t i = 0; i < pairing->visits_size; i++)
        if (pairing->visits[i].id[0] != 0)
            *slot_of(visits, size, pairing->visits[i].id) = pairing->visits[i];
    free(pairing->visits);
    pairing->visits = visits;
    pairing->visits_size = size;
}

static struct visit *visit_of(struct pairing *pairing, const char *id)
{
    if (pairing->visits_used * 2 >= pairing->visits_size)
        visits_grow(pairing);
    struct visit *visit = slot_of(pairing->visits, pairing->visits_size, id);
    if (visit->id[0] == 0) {
        CHECK(text_copy(visit->id, sizeof(visit->id), id));
        pairing->visits_used++;
    }
    if (visit->run != pairing->run) {
        visit->run = pairing->run;
        visit->connected = 0;
    }
    return visit;
}

static bool is_overdue(const struct waiting *waiting, int64_t mono_ns)
{
    int64_t allowed_ns =
        waiting->is_removal ? VERIFIER_KEYS_GONE_US * NS_PER_US : INTENT_ALLOWED_NS;
    return mono_ns - waiting->mono_ns > allowed_ns;
}

static enum verifier_finding finding_of(const struct waiting *waiting)
{
    return waiting->is_removal ? VERIFIER_KEYS_KEPT : VERIFIER_INTENT_OPEN;
}

static enum verifier_finding waiting_add(struct pairing *pairing, const struct audit_entry *entry,
                                         bool is_removal, uint64_t *ret_index)
{
    /* No honest gateway has thousands of acts half done: the oldest one is reported. */
    if (pairing->waiting_count == PAIRING_WAITING_MAX) {
        *ret_index = pairing->waiting[0].seq;
        return finding_of(&pairing->waiting[0]);
    }
    struct waiting *waiting = &pairing->waiting[pairing->waiting_count++];
    *waiting = (struct waiting){.seq = entry->seq,
                                .mono_ns = entry->mono_ns,
                                .act = is_removal ? AUDIT_ACT_MEDIA_KEYS_DESTROYED : entry->act,
                                .is_removal = is_removal,
                                .seat = entry->seat};
    CHECK(text_copy(waiting->consultation, sizeof(waiting->consultation), entry->consultation));
    return VERIFIER_NONE;
}

static bool is_partner(const struct waiting *waiting, const struct audit_entry *entry)
{
    if (waiting->act != entry->act || strcmp(waiting->consultation, entry->consultation) != 0)
        return false;
    if (waiting->is_removal)
        return entry->outcome == AUDIT_OK && entry->seat == waiting->seat;
    return !entry->has_ref || entry->ref == waiting->seq;
}

/* An outcome settles the oldest intent it fits and the oldest removal it fits. */
static enum verifier_finding waiting_settle(struct pairing *pairing,
                                            const struct audit_entry *entry, uint64_t *ret_index)
{
    enum verifier_finding finding = VERIFIER_NONE;
    bool settled[2] = {false, false};
    size_t kept = 0;
    for (size_t i = 0; i < pairing->waiting_count; i++) {
        const struct waiting *waiting = &pairing->waiting[i];
        bool settles = !settled[waiting->is_removal] && is_partner(waiting, entry);
        if (!settles) {
            pairing->waiting[kept++] = *waiting;
            continue;
        }
        settled[waiting->is_removal] = true;
        /* Keys that died late were alive too long; a late outcome of an intent is an outcome. */
        if (waiting->is_removal && is_overdue(waiting, entry->mono_ns)) {
            *ret_index = waiting->seq;
            finding = VERIFIER_KEYS_KEPT;
        }
    }
    pairing->waiting_count = kept;
    return finding;
}

static enum verifier_finding run_end(struct pairing *pairing, bool intents_too, uint64_t *ret_index)
{
    enum verifier_finding finding = VERIFIER_NONE;
    for (size_t i = 0; i < pairing->waiting_count && finding == VERIFIER_NONE; i++) {
        const struct waiting *waiting = &pairing->waiting[i];
        if ((waiting->is_removal || intents_too) && is_overdue(waiting, pairing->last_mono_ns)) {
            *ret_index = waiting->seq;
            finding = finding_of(waiting);
        }
    }
    pairing->waiting_count = 0;
    return finding;
}

/* What a settled act of one consultation means for its media. */
static enum verifier_finding visit_record(struct pairing *pairing, const struct audit_entry *entry,
                                          uint64_t *ret_index)
{
    struct visit *visit = visit_of(pairing, entry->consultation);
    uint32_t seat = entry->seat < 0 ? 0 : 1u << entry->seat;
    switch (entry->act) {
    case AUDIT_ACT_CONSULT_ADMIT:
        visit->admitted = true;
        return VERIFIER_NONE;
    case AUDIT_ACT_MEDIA_CONNECTED:
        visit->connected |= seat;
        return VERIFIER_NONE;
    case AUDIT_ACT_MEDIA_KEYS_DESTROYED:
        visit->connected &= ~seat;
        return VERIFIER_NONE;
    case AUDIT_ACT_PARTICIPANT_REMOVE:
        return (visit->connected & seat) != 0 ? waiting_add(pairing, entry, true, ret_index)
                                              : VERIFIER_NONE;
    case AUDIT_ACT_MEDIA_OPEN:
        if (!visit->admitted) {
            *ret_index = entry->seq;
            return VERIFIER_MEDIA_BEFORE_ADMIT;
        }
        return VERIFIER_NONE;
    default:
        return VERIFIER_NONE;
    }
}

enum verifier_finding pairing_record(struct pairing *pairing, const struct audit_entry *entry,
                                     uint64_t *ret_index)
{
    if (entry->act == AUDIT_ACT_LOG_OPEN) {
        enum verifier_finding finding = run_end(pairing, false, ret_index);
        pairing->run++;
        pairing->last_mono_ns = entry->mono_ns;
        return finding;
    }
    pairing->last_mono_ns = entry->mono_ns;
    if (entry->outcome == AUDIT_INTENT)
        return waiting_add(pairing, entry, false, ret_index);
    enum verifier_finding finding = waiting_settle(pairing, entry, ret_index);
    if (finding != VERIFIER_NONE || entry->outcome != AUDIT_OK || entry->consultation[0] == 0)
        return finding;
    return visit_record(pairing, entry, ret_index);
}

enum verifier_finding pairing_end(struct pairing *pairing, uint64_t *ret_index)
{
    return run_end(pairing, true, ret_index);
}
