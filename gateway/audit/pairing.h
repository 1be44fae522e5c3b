/* What must stand together in an honest log (§7.5 step 9), seen record by record:
 *  - an intent gets its outcome, or the log is opened again (the process died between them);
 *  - when a seat with connected media is removed, its keys are destroyed within VERIFIER_KEYS_GONE_US; they die
 *    with the process too, so log.open settles it (a second device that is turned away holds no seat and no keys);
 *  - media opens only after its consultation was admitted.
 * Pure. Thread: any one.   Owner: verifier_run.
 * Bound: one small entry per consultation in the log, PAIRING_WAITING_MAX records that wait for their partner. */
#ifndef GATEWAY_AUDIT_PAIRING_H
#define GATEWAY_AUDIT_PAIRING_H

#include <stdint.h>

#include "gateway/audit/entry.h"
#include "gateway/audit/verifier.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"

#define PAIRING_WAITING_MAX 4096

struct pairing;

MUST_CHECK enum result pairing_new(struct pairing **ret_pairing);
struct pairing *pairing_free(struct pairing *pairing);

/* The next record. VERIFIER_NONE, or what it shows to be wrong with record *ret_index (it, or an earlier one). */
enum verifier_finding pairing_record(struct pairing *pairing, const struct audit_entry *entry,
                                     uint64_t *ret_index);
/* The log ends here: what is overdue? A partner that was not yet due is not missed. */
enum verifier_finding pairing_end(struct pairing *pairing, uint64_t *ret_index);

#endif
