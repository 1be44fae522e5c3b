/* A verifier's report as text: for people, or as one JSON object on one line. Pure. Thread: any.
 * `name` is the log's origin, `consultation` that of a proof file, else "". Owner of the text: the caller (free); NULL
 * when memory is exhausted. */
#ifndef GATEWAY_AUDIT_REPORT_H
#define GATEWAY_AUDIT_REPORT_H

#include "gateway/audit/verifier.h"

char *verifier_report_text(const struct verifier_report *report, const char *name,
                           const char *consultation);
/* {"verified":…,"status":…,"finding":…,"bad_index":…,"records":…,"root":hex,…}; bad_index and consultation only when there
 * is one. */
char *verifier_report_json(const struct verifier_report *report, const char *name,
                           const char *consultation);

#endif
