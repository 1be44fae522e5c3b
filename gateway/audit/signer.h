/* What the signer's process decides, without its files and its clock: it reads every record's bytes, recomputes leaf and
 * chain, and signs a head only when that is how the last head it signed goes on (§7.2).
 *
 * Thread: the signer process's only one.   Owner: whoever initialised it.
 * Life:   signer_init … (signer_take)* … signer_sign … signer_done (wipes the key). Once RESULT_TAMPERED, always:
 *         nothing more is taken or signed. */
#ifndef GATEWAY_AUDIT_SIGNER_H
#define GATEWAY_AUDIT_SIGNER_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/audit/checkpoint.h"
#include "gateway/audit/tree.h"
#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"

struct signer {
    struct checkpoint_key key;
    uint8_t seed[CHECKPOINT_SEED_BYTES];
    struct tree_frontier tree;
    struct sha256 prev; /* what the next record must say: the last leaf, or the genesis value */
    struct checkpoint signed_head; /* size 0: nothing signed yet */
    bool head_confirmed; /* the records up to the signed head were read and have its root */
    bool tampered;
    uint64_t bad_index; /* counts when tampered: the record that does not fit, or the head's size */
};

/* `signed_head` is what the state file says (size 0: none). RESULT_INVALID: it is of another log. */
MUST_CHECK enum result signer_init(struct signer *signer, const char *origin,
                                   const uint8_t seed[CHECKPOINT_SEED_BYTES],
                                   const struct checkpoint *signed_head);
void signer_done(struct signer *signer);

/* The next record, from index 0. RESULT_TAMPERED: not canonical, of another log, wrong seq or prev, or the records up to
 * the signed head no longer have its root. */
MUST_CHECK enum result signer_take(struct signer *signer, struct span entry);

/* Is there anything that was read and not signed? */
bool signer_has_new(const struct signer *signer);

/* The next head: text to publish and what the state file has to say first. RESULT_TAMPERED: fewer records than were
 * signed before; RESULT_WRONG_STATE: nothing new. The signer counts it as signed only after signer_signed. */
MUST_CHECK enum result signer_sign(const struct signer *signer,
                                   char ret_note[CHECKPOINT_SIGNED_SIZE],
                                   struct checkpoint *ret_head);
void signer_signed(struct signer *signer, const struct checkpoint *head);

#endif
