#include "gateway/audit/signer.h"

#include <string.h>

#include <sodium.h>

#include "gateway/audit/entry.h"

enum result signer_init(struct signer *signer, const char *origin,
                        const uint8_t seed[CHECKPOINT_SEED_BYTES],
                        const struct checkpoint *signed_head)
{
    *signer =
        (struct signer){.signed_head = *signed_head, .head_confirmed = signed_head->size == 0};
    if (signed_head->size > 0 && strcmp(signed_head->origin, origin) != 0)
        return RESULT_INVALID;
    enum result result = checkpoint_key_of_seed(origin, CHECKPOINT_KEY_LOG, seed, &signer->key);
    if (result != RESULT_OK)
        return result;
    memcpy(signer->seed, seed, sizeof(signer->seed));
    char vkey[CHECKPOINT_KEY_TEXT_SIZE];
    checkpoint_key_format(&signer->key, vkey);
    signer->prev = checkpoint_genesis(origin, vkey);
    return RESULT_OK;
}

void signer_done(struct signer *signer)
{
    sodium_memzero(signer->seed, sizeof(signer->seed));
}

static enum result refuse(struct signer *signer, uint64_t index)
{
    signer->tampered = true;
    signer->bad_index = index;
    return RESULT_TAMPERED;
}

enum result signer_take(struct signer *signer, struct span bytes)
{
    struct audit_entry entry;
    uint64_t index = signer->tree.size;
    if (signer->tampered)
        return RESULT_TAMPERED;
    if (audit_entry_parse(bytes, &entry) != ENTRY_OK ||
        strcmp(entry.origin, signer->key.name) != 0 || entry.seq != index ||
        !sha256_equal(&entry.prev, &signer->prev))
        return refuse(signer, index);
    signer->prev = tree_leaf_hash(bytes);
    tree_frontier_append(&signer->tree, &signer->prev);
    if (signer->tree.size != signer->signed_head.size)
        return RESULT_OK;
    struct sha256 root = tree_frontier_root(&signer->tree);
    if (!sha256_equal(&root, &signer->signed_head.root))
        return refuse(signer, signer->signed_head.size);
    signer->head_confirmed = true;
    return RESULT_OK;
}

bool signer_has_new(const struct signer *signer)
{
    return !signer->tampered && signer->tree.size != signer->signed_head.size;
}

enum result signer_sign(const struct signer *signer, char ret_note[CHECKPOINT_SIGNED_SIZE],
                        struct checkpoint *ret_head)
{
    if (signer->tampered || !signer->head_confirmed)
        return RESULT_TAMPERED;
    if (!signer_has_new(signer))
        return RESULT_WRONG_STATE;
    struct checkpoint head = {.size = signer->tree.size, .root = tree_frontier_root(&signer->tree)};
    memcpy(head.origin, signer->key.name, sizeof(head.origin));
    enum result result = checkpoint_sign(&head, signer->seed, ret_note, CHECKPOINT_SIGNED_SIZE);
    if (result == RESULT_OK)
        *ret_head = head;
    return result;
}

void signer_signed(struct signer *signer, const struct checkpoint *head)
{
    signer->signed_head = *head;
}
