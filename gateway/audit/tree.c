#include "gateway/audit/tree.h"

#include <string.h>

struct sha256 tree_leaf_hash(struct span entry)
{
    static const uint8_t prefix = 0x00;
    const struct span parts[] = {span_of(&prefix, 1), entry};
    return sha256_of_parts(parts, ARRAY_LENGTH(parts));
}

struct sha256 tree_node_hash(const struct sha256 *left, const struct sha256 *right)
{
    static const uint8_t prefix = 0x01;
    const struct span parts[] = {span_of(&prefix, 1), span_of(left->bytes, SHA256_BYTES),
                                 span_of(right->bytes, SHA256_BYTES)};
    return sha256_of_parts(parts, ARRAY_LENGTH(parts));
}

/* Like adding one to a binary number: each set low bit is a full subtree that merges with the carried one. */
void tree_frontier_append(struct tree_frontier *frontier, const struct sha256 *leaf)
{
    struct sha256 carried = *leaf;
    unsigned level = 0;
    while (frontier->size >> level & 1) {
        carried = tree_node_hash(&frontier->nodes[level], &carried);
        level++;
    }
    frontier->nodes[level] = carried;
    frontier->size++;
}

struct sha256 tree_frontier_root(const struct tree_frontier *frontier)
{
    if (frontier->size == 0)
        return sha256_of(span_of(NULL, 0));
    /* Smaller subtrees hang to the right of larger ones, so fold from the lowest set bit up. */
    struct sha256 root;
    bool begun = false;
    for (unsigned level = 0; level < TREE_LEVELS_MAX; level++) {
        if ((frontier->size >> level & 1) == 0)
            continue;
        root = begun ? tree_node_hash(&frontier->nodes[level], &root) : frontier->nodes[level];
        begun = true;
    }
    return root;
}

static enum result array_read(void *context, uint64_t index, struct sha256 *ret_leaf)
{
    const struct tree_array *array = context;
    if (index >= array->count)
        return RESULT_NOT_FOUND;
    *ret_leaf = array->leaves[index];
    return RESULT_OK;
}

struct tree_source tree_source_of_array(struct tree_array *array)
{
    return (struct tree_source){.read = array_read, .context = array};
}

/* The same from whole subtrees: the smallest lies rightmost. Every range a proof names begins at a multiple of the
 * power of two not below its length, so its subtrees lie where the source has them. */
static enum result range_root_of_subtrees(const struct tree_source *source, uint64_t start,
                                          uint64_t count, struct sha256 *ret_root)
{
    struct sha256 root, node;
    bool begun = false;
    uint64_t end = start + count;
    for (unsigned level = 0; level < TREE_LEVELS_MAX; level++) {
        if ((count >> level & 1) == 0)
            continue;
        end -= 1ull << level;
        enum result result = source->subtree(source->context, level, end >> level, &node);
        if (result != RESULT_OK)
            return result;
        root = begun ? tree_node_hash(&node, &root) : node;
        begun = true;
    }
    *ret_root = root;
    return RESULT_OK;
}

/* MTH(D[start : start + count]) of RFC 6962 §2.1. */
static enum result range_root(const struct tree_source *source, uint64_t start, uint64_t count,
                              struct sha256 *ret_root)
{
    if (source->subtree != NULL && count > 0)
        return range_root_of_subtrees(source, start, count, ret_root);
    struct tree_frontier frontier = {.size = 0};
    for (uint64_t i = 0; i < count; i++) {
        struct sha256 leaf;
        enum result result = source->read(source->context, start + i, &leaf);
        if (result != RESULT_OK)
            return result;
        tree_frontier_append(&frontier, &leaf);
    }
    *ret_root = tree_frontier_root(&frontier);
    return RESULT_OK;
}

enum result tree_root(const struct tree_source *source, uint64_t size, struct sha256 *ret_root)
{
    return range_root(source, 0, size, ret_root);
}

/* Largest power of two smaller than `size`; size ≥ 2. */
static uint64_t split_of(uint64_t size)
{
    uint64_t split = 1;
    while (split << 1 < size)
        split <<= 1;
    return split;
}

/* The definitions name the hash nearest the root last and the recursion meets it first, so it is filled backwards. */
static void proof_reverse(struct tree_proof *proof)
{
    for (uint32_t i = 0, j = proof->count; i + 1 < j; i++) {
        j--;
        struct sha256 held = proof->hashes[i];
        proof->hashes[i] = proof->hashes[j];
        proof->hashes[j] = held;
    }
}

static enum result proof_add_range(const struct tree_source *source, uint64_t start, uint64_t count,
                                   struct tree_proof *proof)
{
    if (proof->count >= TREE_PROOF_MAX)
        return RESULT_TOO_LARGE;
    return range_root(source, start, count, &proof->hashes[proof->count++]);
}

enum result tree_inclusion_proof(const struct tree_source *source, uint64_t index, uint64_t size,
                                 struct tree_proof *ret_proof)
{
    if (index >= size || size >> TREE_LEVELS_MAX != 0)
        return RESULT_INVALID;
    struct tree_proof proof = {.count = 0};
    uint64_t start = 0;
    while (size > 1) {
        uint64_t split = split_of(size);
        bool left = index - start < split;
        enum result result = left ? proof_add_range(source, start + split, size - split, &proof)
                                  : proof_add_range(source, start, split, &proof);
        if (result != RESULT_OK)
            return result;
        start += left ? 0 : split;
        size = left ? split : size - split;
    }
    proof_reverse(&proof);
    *ret_proof = proof;
    return RESULT_OK;
}

/* SUBPROOF of RFC 6962 §2.1.2 as a loop: `whole` is its flag b, true while the old tree's root is known to the
 * verifier as it stands. */
enum result tree_consistency_proof(const struct tree_source *source, uint64_t first,
                                   uint64_t second, struct tree_proof *ret_proof)
{
    if (first == 0 || first > second || second >> TREE_LEVELS_MAX != 0)
        return RESULT_INVALID;
    struct tree_proof proof = {.count = 0};
    uint64_t start = 0, old = first, size = second;
    bool whole = true;
    while (old != size) {
        uint64_t split = split_of(size);
        bool left = old <= split;
        enum result result = left ? proof_add_range(source, start + split, size - split, &proof)
                                  : proof_add_range(source, start, split, &proof);
        if (result != RESULT_OK)
            return result;
        if (left) {
            size = split;
        } else {
            start += split;
            old -= split;
            size -= split;
            whole = false;
        }
    }
    if (!whole) {
        enum result result = proof_add_range(source, start, size, &proof);
        if (result != RESULT_OK)
            return result;
    }
    proof_reverse(&proof);
    *ret_proof = proof;
    return RESULT_OK;
}

/* RFC 9162 §2.1.3.2; the tree is that of RFC 6962. `node` walks up from the leaf, `last` from the last leaf. */
bool tree_inclusion_verify(const struct sha256 *leaf, uint64_t index, uint64_t size,
                           const struct tree_proof *proof, const struct sha256 *root)
{
    if (index >= size || size >> TREE_LEVELS_MAX != 0 || proof->count > TREE_PROOF_MAX)
        return false;
    uint64_t node = index, last = size - 1;
    struct sha256 hash = *leaf;
    for (uint32_t i = 0; i < proof->count; i++) {
        if (last == 0)
            return false;
        if ((node & 1) != 0 || node == last) {
            hash = tree_node_hash(&proof->hashes[i], &hash);
            /* A right-most node without a sibling is the same hash one level up. */
            while ((node & 1) == 0 && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = tree_node_hash(&hash, &proof->hashes[i]);
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 && sha256_equal(&hash, root);
}

/* RFC 9162 §2.1.4.2. */
bool tree_consistency_verify(uint64_t first, const struct sha256 *first_root, uint64_t second,
                             const struct sha256 *second_root, const struct tree_proof *proof)
{
    if (first > second || second >> TREE_LEVELS_MAX != 0 || proof->count > TREE_PROOF_MAX)
        return false;
    if (first == 0)
        return proof->count == 0;
    if (first == second)
        return proof->count == 0 && sha256_equal(first_root, second_root);
    /* An old tree that is one full subtree is its own first hash. */
    bool full = (first & (first - 1)) == 0;
    if (!full && proof->count == 0)
        return false;
    uint64_t node = first - 1, last = second - 1;
    while ((node & 1) != 0) {
        node >>= 1;
        last >>= 1;
    }
    struct sha256 old_hash = full ? *first_root : proof->hashes[0];
    struct sha256 new_hash = old_hash;
    for (uint32_t i = full ? 0 : 1; i < proof->count; i++) {
        const struct sha256 *next = &proof->hashes[i];
        if (last == 0)
            return false;
        if ((node & 1) != 0 || node == last) {
            old_hash = tree_node_hash(next, &old_hash);
            new_hash = tree_node_hash(next, &new_hash);
            while ((node & 1) == 0 && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = tree_node_hash(&new_hash, next);
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 && sha256_equal(&old_hash, first_root) && sha256_equal(&new_hash, second_root);
}
