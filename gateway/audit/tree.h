/* The Merkle tree of RFC 6962 §2.1 over the records of the audit log: leaf hash SHA-256(0x00 ‖ entry), node hash
 * SHA-256(0x01 ‖ left ‖ right). Pure; no allocation. Thread: any. Sizes and indices count records. */
#ifndef GATEWAY_AUDIT_TREE_H
#define GATEWAY_AUDIT_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/hash.h"
#include "gateway/base/result.h"

#define TREE_LEVELS_MAX 63
/* A consistency proof may hold one hash more than the tree has levels. */
#define TREE_PROOF_MAX (TREE_LEVELS_MAX + 1)

struct sha256 tree_leaf_hash(struct span entry);
struct sha256 tree_node_hash(const struct sha256 *left, const struct sha256 *right);

/* A growing tree as the roots of its perfect subtrees: nodes[i] counts when bit i of `size` is set. Plain data: whoever
 * writes the log or verifies it keeps one and appends leaf after leaf. Zeroed = the empty tree. */
struct tree_frontier {
    uint64_t size;
    struct sha256 nodes[TREE_LEVELS_MAX];
};

void tree_frontier_append(struct tree_frontier *frontier, const struct sha256 *leaf);
/* SHA-256 of nothing for the empty tree (RFC 6962 §2.1). */
struct sha256 tree_frontier_root(const struct tree_frontier *frontier);

/* Where leaf hashes come from. `read` returns RESULT_OK or why not; its failure ends the caller with that result.
 * `subtree`, when not NULL, knows the root of the 2^level leaves from index × 2^level on: then a proof costs one
 * answer a level instead of a look at every leaf. */
struct tree_source {
    enum result (*read)(void *context, uint64_t index, struct sha256 *ret_leaf);
    enum result (*subtree)(void *context, unsigned level, uint64_t index, struct sha256 *ret_root);
    void *context;
};

/* A source over an array of `count` leaf hashes that outlives it. */
struct tree_array {
    const struct sha256 *leaves;
    uint64_t count;
};
struct tree_source tree_source_of_array(struct tree_array *array);

/* Root of the first `size` leaves. */
MUST_CHECK enum result tree_root(const struct tree_source *source, uint64_t size,
                                 struct sha256 *ret_root);

/* Hashes from the leaf's sibling towards the root. */
struct tree_proof {
    uint32_t count;
    struct sha256 hashes[TREE_PROOF_MAX];
};

/* RFC 6962 §2.1.1. RESULT_INVALID unless index < size. */
MUST_CHECK enum result tree_inclusion_proof(const struct tree_source *source, uint64_t index,
                                            uint64_t size, struct tree_proof *ret_proof);
/* RFC 6962 §2.1.2: the tree of `first` records is the beginning of that of `second`. RESULT_INVALID unless
 * 0 < first ≤ second. */
MUST_CHECK enum result tree_consistency_proof(const struct tree_source *source, uint64_t first,
                                              uint64_t second, struct tree_proof *ret_proof);

/* False unless the proof has exactly the length the tree asks for and recomputes the root. */
MUST_CHECK bool tree_inclusion_verify(const struct sha256 *leaf, uint64_t index, uint64_t size,
                                      const struct tree_proof *proof, const struct sha256 *root);
/* first = 0 is consistent with everything and takes an empty proof. */
MUST_CHECK bool tree_consistency_verify(uint64_t first, const struct sha256 *first_root,
                                        uint64_t second, const struct sha256 *second_root,
                                        const struct tree_proof *proof);

#endif
