/* A whole log as one file that needs no database:
 *
 *   tsunagi-audit/v1
 *   {…}                 each record on a line of its own, exact bytes (a record holds no newline)
 *   …
 *                       one empty line
 *   origin …            the signed checkpoint, to the end of the file
 *
 * A file cut anywhere is one without checkpoint, so it is never mistaken for a whole log. Pure. Thread: any. */
#ifndef GATEWAY_AUDIT_EXPORT_H
#define GATEWAY_AUDIT_EXPORT_H

#include "gateway/audit/verifier.h"
#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"

#define EXPORT_TITLE "tsunagi-audit/v1\n"

/* Points into the file's bytes, which outlive it. */
struct export_file {
    struct span records; /* lines not read yet */
    struct span checkpoint;
};

/* RESULT_UNSUPPORTED: another kind of file. What is wrong inside is the verifier's to find. */
MUST_CHECK enum result export_open(struct span file, struct export_file *ret_export);
/* Its records in order; for one walk. */
struct verifier_source export_source(struct export_file *file);

#endif
