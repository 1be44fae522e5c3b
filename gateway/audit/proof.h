/* The records of one consultation as a file that proves itself: a court or a patient needs it, the log's verifier key
 * and nothing else.
 *
 *   tsunagi-proof/v1
 *   consultation c_…
 *   record 17 {…}       index and exact bytes
 *   path 3 AAAA=        hashes of its inclusion proof from the leaf up, in order, level first
 *   …
 *                       one empty line
 *   origin …            the signed checkpoint, to the end of the file
 *
 * It proves that each record stands in the signed log as shown. It cannot prove that no record was left out; where two
 * shown records are neighbours in the log the chain between them is checked too. Pure. Thread: any. */
#ifndef GATEWAY_AUDIT_PROOF_H
#define GATEWAY_AUDIT_PROOF_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/audit/tree.h"
#include "gateway/audit/verifier.h"
#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/id.h"
#include "gateway/base/result.h"

#define PROOF_TITLE "tsunagi-proof/v1\n"

/* Collects what the file needs while the log is walked once from the front.
 *
 * Thread: any one.   Owner: whoever called proof_new.
 * Life:   proof_new … proof_add for each record … proof_write … proof_free.
 * Bound:  32 bytes a record of the log, and the consultation's own records. */
struct proof;

MUST_CHECK enum result proof_new(const struct id *consultation, struct proof **ret_proof);
struct proof *proof_free(struct proof *proof);
/* The next record. RESULT_TAMPERED: it cannot be read as one. RESULT_NO_MEMORY. */
MUST_CHECK enum result proof_add(struct proof *proof, struct span entry);
/* The file's text under this checkpoint; records beyond its size are left out. Owner of `ret_text`: the caller (free).
 * RESULT_NOT_FOUND: the signed log says nothing about the consultation. RESULT_TAMPERED: root and records disagree.
 * RESULT_PARSE: no checkpoint. */
MUST_CHECK enum result proof_write(const struct proof *proof, struct span checkpoint,
                                   char **ret_text, size_t *ret_length);

/* Checks such a file with the same findings as verifier_run; `ret_report` counts the records shown, and its root is
 * that of the checkpoint. RESULT_UNSUPPORTED from another kind of file becomes VERIFIER_UNSUPPORTED. `options->earlier`
 * is not looked at. `ret_consultation` is empty unless the file names one. */
MUST_CHECK enum verifier_status proof_verify(struct span file,
                                             const struct verifier_options *options,
                                             struct verifier_report *ret_report,
                                             struct id *ret_consultation);

#endif
