/* Sealed values the clinic has handed over, checked against the commitments in the log while it is verified
 * (security-reliability §7.5 step 11). A file of lines {"name":…,"r":base64,"seq":…,"value":canonical JSON as text}.
 * Thread: any one.   Owner: whoever called opened_new.
 * Life:   opened_new … opened_source … verifier_run … opened_judge … opened_free (wipes the values).
 * Bound:  OPENED_VALUES_MAX. */
#ifndef GATEWAY_AUDIT_OPENED_H
#define GATEWAY_AUDIT_OPENED_H

#include "gateway/audit/verifier.h"
#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"

#define OPENED_VALUES_MAX 256

struct opened;

/* RESULT_PARSE: a line is not such an object; RESULT_TOO_MANY; RESULT_NO_MEMORY. */
MUST_CHECK enum result opened_new(struct span lines, struct opened **ret_opened);
struct opened *opened_free(struct opened *opened);
/* A source that looks at each entry on its way from `inner` to the verifier. */
struct verifier_source opened_source(struct opened *opened, struct verifier_source inner);
/* After the walk: a value that does not match, or whose record never came, makes the report VERIFIER_SEALED; a changed
 * log stays the worse finding. */
void opened_judge(const struct opened *opened, struct verifier_report *report);

#endif
