/* One stored record read back: canonical JSON of version 1 (record.h writes it) checked byte for byte, field for field.
 * Pure. Thread: any. Everything is copied; nothing points into the bytes. */
#ifndef GATEWAY_AUDIT_ENTRY_H
#define GATEWAY_AUDIT_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/audit/record.h"
#include "gateway/base/bytes.h"
#include "gateway/base/clock.h"
#include "gateway/base/hash.h"
#include "gateway/base/id.h"
#include "gateway/model/audit_record.h"

struct audit_entry {
    char origin[AUDIT_ORIGIN_SIZE];
    uint64_t seq;
    struct sha256 prev;
    char time[CLOCK_TEXT_SIZE];
    int64_t wall_us;
    char boot[AUDIT_BOOT_SIZE];
    int64_t mono_ns;
    enum audit_act act;
    enum audit_outcome outcome;
    bool has_ref;
    uint64_t ref;
    int seat; /* x.seat; -1: none */
    /* obj when its kind is "consult", else x.consultation; empty: none */
    char consultation[ID_TEXT_SIZE];
};

enum entry_fault {
    ENTRY_OK,
    ENTRY_LENGTH,        /* empty or longer than AUDIT_RECORD_BYTES_MAX */
    ENTRY_NOT_CANONICAL, /* not JSON, or not the bytes the canonical writer makes of it */
    ENTRY_VERSION,       /* canonical, but of a version this program does not know */
    ENTRY_FIELD,         /* a field unknown, missing, of the wrong kind or out of range */
};

/* `ret_entry` is set only for ENTRY_OK. Exhausted memory ends the process, as it would make a good log look bad. */
MUST_CHECK enum entry_fault audit_entry_parse(struct span bytes, struct audit_entry *ret_entry);

/* The commitment of the sealed value called `name`; false when the entry has none or cannot be read. */
MUST_CHECK bool audit_entry_commitment(struct span bytes, const char *name,
                                       struct sha256 *ret_commitment);

#endif
