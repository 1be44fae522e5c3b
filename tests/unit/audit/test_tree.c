/* The tree against RFC 6962 §2.1 written down a second time as recursion, and against the vectors of the record format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/audit/tree.h"
#include "gateway/base/text.h"

#define LEAVES 70

static struct sha256 leaf_of(unsigned i)
{
    uint8_t byte = (uint8_t)i;
    return tree_leaf_hash(span_of(&byte, 1));
}

static void leaves_fill(struct sha256 *leaves)
{
    for (unsigned i = 0; i < LEAVES; i++)
        leaves[i] = leaf_of(i);
}

/* MTH as the RFC writes it. */
static struct sha256 definition_root(const struct sha256 *leaves, size_t count)
{
    if (count == 0)
        return sha256_of(span_of(NULL, 0));
    if (count == 1)
        return leaves[0];
    size_t split = 1;
    while (split * 2 < count)
        split *= 2;
    struct sha256 left = definition_root(leaves, split);
    struct sha256 right = definition_root(leaves + split, count - split);
    return tree_node_hash(&left, &right);
}

/* PATH(m, D[n]) as the RFC writes it. */
static void definition_path(size_t m, const struct sha256 *leaves, size_t n,
                            struct tree_proof *proof)
{
    if (n <= 1)
        return;
    size_t split = 1;
    while (split * 2 < n)
        split *= 2;
    if (m < split) {
        definition_path(m, leaves, split, proof);
        proof->hashes[proof->count++] = definition_root(leaves + split, n - split);
    } else {
        definition_path(m - split, leaves + split, n - split, proof);
        proof->hashes[proof->count++] = definition_root(leaves, split);
    }
}

/* SUBPROOF(m, D[n], b) as the RFC writes it. */
static void definition_subproof(size_t m, const struct sha256 *leaves, size_t n, bool b,
                                struct tree_proof *proof)
{
    if (m == n) {
        if (!b)
            proof->hashes[proof->count++] = definition_root(leaves, n);
        return;
    }
    size_t split = 1;
    while (split * 2 < n)
        split *= 2;
    if (m <= split) {
        definition_subproof(m, leaves, split, b, proof);
        proof->hashes[proof->count++] = definition_root(leaves + split, n - split);
    } else {
        definition_subproof(m - split, leaves + split, n - split, false, proof);
        proof->hashes[proof->count++] = definition_root(leaves, split);
    }
}

static void proofs_equal(const struct tree_proof *a, const struct tree_proof *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->hashes, b->hashes, a->count * sizeof(a->hashes[0]));
}

static void test_empty_and_known(void **state)
{
    (void)state;
    char hex[65];
    struct tree_frontier frontier = {.size = 0};
    struct sha256 root = tree_frontier_root(&frontier);
    text_hex(span_of(root.bytes, 32), hex, sizeof(hex));
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    /* The leaf of the empty entry: SHA-256 of one zero byte. */
    root = tree_leaf_hash(span_of(NULL, 0));
    text_hex(span_of(root.bytes, 32), hex, sizeof(hex));
    assert_string_equal(hex, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

static void test_roots(void **state)
{
    (void)state;
    struct sha256 leaves[LEAVES];
    leaves_fill(leaves);
    struct tree_array array = {.leaves = leaves, .count = LEAVES};
    struct tree_source source = tree_source_of_array(&array);
    struct tree_frontier frontier = {.size = 0};
    for (unsigned n = 0; n <= LEAVES; n++) {
        struct sha256 expected = definition_root(leaves, n), grown = tree_frontier_root(&frontier);
        struct sha256 read;
        assert_true(sha256_equal(&expected, &grown));
        assert_int_equal(tree_root(&source, n, &read), RESULT_OK);
        assert_true(sha256_equal(&expected, &read));
        if (n < LEAVES)
            tree_frontier_append(&frontier, &leaves[n]);
    }
    struct sha256 root;
    assert_int_equal(tree_root(&source, LEAVES + 1, &root), RESULT_NOT_FOUND);
}

static void check_inclusion(const struct sha256 *leaves, const struct tree_source *source,
                            unsigned index, unsigned size)
{
    struct tree_proof proof, expected = {.count = 0};
    struct sha256 root = definition_root(leaves, size);
    assert_int_equal(tree_inclusion_proof(source, index, size, &proof), RESULT_OK);
    definition_path(index, leaves, size, &expected);
    proofs_equal(&proof, &expected);
    assert_true(tree_inclusion_verify(&leaves[index], index, size, &proof, &root));
    /* Nothing else passes: another index, size, leaf, root, a hash less, a hash more, a hash changed. */
    assert_false(tree_inclusion_verify(&leaves[index], size, size, &proof, &root));
    if (size > 1)
        assert_false(
            tree_inclusion_verify(&leaves[index], (index + 1) % size, size, &proof, &root));
    struct sha256 other = leaf_of(200);
    assert_false(tree_inclusion_verify(&other, index, size, &proof, &root));
    assert_false(tree_inclusion_verify(&leaves[index], index, size, &proof, &other));
    struct tree_proof changed = proof;
    changed.hashes[changed.count++] = other;
    assert_false(tree_inclusion_verify(&leaves[index], index, size, &changed, &root));
    if (proof.count == 0)
        return;
    changed = proof;
    changed.count--;
    assert_false(tree_inclusion_verify(&leaves[index], index, size, &changed, &root));
    for (unsigned i = 0; i < proof.count; i++) {
        changed = proof;
        changed.hashes[i].bytes[i % 32] ^= 1;
        assert_false(tree_inclusion_verify(&leaves[index], index, size, &changed, &root));
    }
}

static void test_inclusion(void **state)
{
    (void)state;
    struct sha256 leaves[LEAVES];
    leaves_fill(leaves);
    struct tree_array array = {.leaves = leaves, .count = LEAVES};
    struct tree_source source = tree_source_of_array(&array);
    for (unsigned size = 1; size <= LEAVES; size++)
        for (unsigned index = 0; index < size; index++)
            check_inclusion(leaves, &source, index, size);
    struct tree_proof proof;
    assert_int_equal(tree_inclusion_proof(&source, 5, 5, &proof), RESULT_INVALID);
    assert_int_equal(tree_inclusion_proof(&source, 0, 0, &proof), RESULT_INVALID);
    assert_int_equal(tree_inclusion_proof(&source, 0, UINT64_MAX, &proof), RESULT_INVALID);
    assert_int_equal(tree_inclusion_proof(&source, 0, LEAVES + 1, &proof), RESULT_NOT_FOUND);
}

static void check_consistency(const struct sha256 *leaves, const struct tree_source *source,
                              unsigned first, unsigned second)
{
    struct tree_proof proof, expected = {.count = 0};
    struct sha256 old = definition_root(leaves, first), new = definition_root(leaves, second);
    assert_int_equal(tree_consistency_proof(source, first, second, &proof), RESULT_OK);
    definition_subproof(first, leaves, second, true, &expected);
    proofs_equal(&proof, &expected);
    assert_true(tree_consistency_verify(first, &old, second, &new, &proof));
    struct sha256 other = leaf_of(201);
    assert_false(tree_consistency_verify(first, &other, second, &new, &proof));
    assert_false(tree_consistency_verify(first, &old, second, &other, &proof));
    if (first != second)
        assert_false(tree_consistency_verify(second, &new, first, &old, &proof));
    struct tree_proof changed = proof;
    changed.hashes[changed.count++] = other;
    assert_false(tree_consistency_verify(first, &old, second, &new, &changed));
    for (unsigned i = 0; i < proof.count; i++) {
        changed = proof;
        changed.hashes[i].bytes[31] ^= 0x80;
        assert_false(tree_consistency_verify(first, &old, second, &new, &changed));
        changed = proof;
        changed.count = i;
        assert_false(tree_consistency_verify(first, &old, second, &new, &changed));
    }
}

static void test_consistency(void **state)
{
    (void)state;
    struct sha256 leaves[LEAVES];
    leaves_fill(leaves);
    struct tree_array array = {.leaves = leaves, .count = LEAVES};
    struct tree_source source = tree_source_of_array(&array);
    for (unsigned second = 1; second <= LEAVES; second++)
        for (unsigned first = 1; first <= second; first++)
            check_consistency(leaves, &source, first, second);
    struct tree_proof proof = {.count = 0};
    assert_int_equal(tree_consistency_proof(&source, 0, 5, &proof), RESULT_INVALID);
    assert_int_equal(tree_consistency_proof(&source, 6, 5, &proof), RESULT_INVALID);
    struct sha256 empty = definition_root(leaves, 0), full = definition_root(leaves, 5);
    assert_true(tree_consistency_verify(0, &empty, 5, &full, &proof));
    proof.count = 1;
    assert_false(tree_consistency_verify(0, &empty, 5, &full, &proof));
}

/* security-reliability §7.7: five leaf hashes, their root, the inclusion proof of record 3. */
static void test_vectors(void **state)
{
    (void)state;
    static const char *const leaf_texts[] = {"eyMsTgcdJJiKwL2t2XOock1HFzBa4G2NaCQw6tN7qr0=",
                                             "7CjKNqAS6JADlefQliD62hB/NEFNvc2kZrpJX/CatHY=",
                                             "ibSuyUrRKc1rtWaCSJWlKOKcg20vwPJaPyCpgnngtIw=",
                                             "rbR/NgAvbYNWUiokJ9te7htpYKbci8TMiWFRzB7zLfg=",
                                             "eqv+lMC/0qY0bxHWDag+dHQv2zgCF7xZlIfly+nQFZ0="};
    static const char *const path_texts[] = {"ibSuyUrRKc1rtWaCSJWlKOKcg20vwPJaPyCpgnngtIw=",
                                             "qoeMbrYyaF8nXKWq4z0MAs+29IK0SVoytcLVmFMFmNY=",
                                             "eqv+lMC/0qY0bxHWDag+dHQv2zgCF7xZlIfly+nQFZ0="};
    struct sha256 leaves[5], root;
    struct tree_frontier frontier = {.size = 0};
    size_t length;
    for (size_t i = 0; i < 5; i++) {
        assert_true(text_from_base64(leaf_texts[i], leaves[i].bytes, 32, &length));
        tree_frontier_append(&frontier, &leaves[i]);
    }
    root = tree_frontier_root(&frontier);
    char text[45];
    text_base64(span_of(root.bytes, 32), text, sizeof(text));
    assert_string_equal(text, "CN59U2DFrKApdU8+5vVI3FmAzuh1e+xqKuwnbY1YvMQ=");

    struct tree_array array = {.leaves = leaves, .count = 5};
    struct tree_source source = tree_source_of_array(&array);
    struct tree_proof proof;
    assert_int_equal(tree_inclusion_proof(&source, 3, 5, &proof), RESULT_OK);
    assert_int_equal(proof.count, 3);
    for (size_t i = 0; i < 3; i++) {
        text_base64(span_of(proof.hashes[i].bytes, 32), text, sizeof(text));
        assert_string_equal(text, path_texts[i]);
    }
    assert_true(tree_inclusion_verify(&leaves[3], 3, 5, &proof, &root));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_and_known), cmocka_unit_test(test_roots),
        cmocka_unit_test(test_inclusion),       cmocka_unit_test(test_consistency),
        cmocka_unit_test(test_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
