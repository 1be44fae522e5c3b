/* A consultation as text, for the one blob per consultation that the store keeps: lines of `key value…`, version first,
 * facts and acknowledged rules by name, so a text outlives the order of facts in a pack. No library, no locale.
 *
 * Thread: any; nothing is allocated or kept. Bound: CONSULTATION_TEXT_MAX, room for every fact of a full pack with an
 * ordinary value; only a pack of hundreds of long sets could need more, and is told RESULT_TOO_LARGE. */
#ifndef GATEWAY_CONSULTATION_CONSULTATION_SNAPSHOT_H
#define GATEWAY_CONSULTATION_CONSULTATION_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "gateway/model/consultation.h"
#include "gateway/rules/rules.h"

#define CONSULTATION_TEXT_MAX (128 * 1024)

/* Writes NUL-terminated text; `pack` is the one the consultation carries. RESULT_TOO_LARGE when `size` is too small,
 * RESULT_INVALID when something in it could not be read back (a broken id, an enum value without a name). */
MUST_CHECK enum result consultation_write_text(const struct consultation *consultation,
                                               const struct rule_pack *pack, char *ret_text,
                                               size_t size);

/* The opposite. `text` needs no NUL. RESULT_PARSE (also when it contradicts itself) or RESULT_UNSUPPORTED
 * (version): nothing is set. A consultation whose pack is pinned can be read only with that pack: RESULT_STALE. One that is not pinned moves
 * to `pack`: facts that it does not have, or that may not have their value there, become unknown, and acknowledgements
 * are dropped (somebody acknowledged another text); its decisions are made anew at G2 (promise P4). */
MUST_CHECK enum result consultation_read_text(const struct rule_pack *pack, struct span text,
                                              struct consultation *ret_consultation);

/* The pack hash in such a text, so that the caller can find the pack. RESULT_PARSE. */
MUST_CHECK enum result consultation_text_pack(struct span text, struct sha256 *ret_hash,
                                              bool *ret_pinned);

#endif
