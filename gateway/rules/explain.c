/* What a decision rested on: leaf by leaf for people, as a keyed digest for the record. */
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/rules/pack.h"

uint32_t rule_explain(const struct rule_pack *pack, uint32_t rule,
                      const struct rule_question *question, struct rule_leaf *ret_leaves,
                      uint32_t leaves_max)
{
    CHECK(rule < pack->info.rules_count);
    const struct rule *r = &pack->rules[rule];
    uint32_t count = 0;
    for (uint32_t i = r->when_first; i < r->meets_end; i++) {
        const struct condition_node *node = &pack->nodes[i];
        if (!condition_is_leaf(node->op))
            continue;
        if (count < leaves_max) {
            uint32_t at = i;
            struct rule_leaf *leaf = &ret_leaves[count];
            leaf->fact = node->fact;
            leaf->truth = condition_truth(pack, question, &at);
            leaf->value = question->facts->values[node->fact];
            leaf->value.known = pack_fact_known(question, node->fact);
            leaf->wanted = node->wanted;
        }
        count++;
    }
    return count;
}

static void put_u64(struct bytes_writer *writer, uint64_t value)
{
    bytes_write_u32(writer, (uint32_t)(value >> 32));
    bytes_write_u32(writer, (uint32_t)value);
}

static void mark_facts(const struct rule_pack *pack, enum rule_gate gate, bool *ret_used)
{
    for (uint32_t i = 0; i < pack->gate_rules_count[gate]; i++) {
        const struct rule *rule = &pack->rules[pack->gate_rules[gate][i]];
        for (uint32_t n = rule->when_first; n < rule->meets_end; n++) {
            const struct condition_node *node = &pack->nodes[n];
            if (condition_is_leaf(node->op))
                ret_used[node->fact] = true;
            if (node->op == CONDITION_NOT_AFTER)
                ret_used[node->other] = true;
        }
    }
}

/* Canonical bytes: hash of the pack, gate, emergency, civil day, number of facts used; then for each of them, in pack
 * order: index, known, supplier, value, time; then for each rule of the gate whether it was acknowledged. */
struct sha256 rules_inputs_digest(const struct rule_pack *pack,
                                  const struct rule_question *question, struct span key)
{
    uint8_t storage[64 + FACTS_MAX * 20 + DECISION_FAILED_MAX];
    struct bytes_writer writer = bytes_writer_of(storage, sizeof(storage));
    bool used[FACTS_MAX] = {false};
    uint16_t used_count = 0;
    enum rule_gate gate = question->gate;

    mark_facts(pack, gate, used);
    for (uint32_t i = 0; i < FACTS_MAX; i++)
        used_count = (uint16_t)(used_count + (used[i] ? 1 : 0));
    bytes_write(&writer, pack->info.hash.bytes, SHA256_BYTES);
    bytes_write_u8(&writer, (uint8_t)gate);
    bytes_write_u8(&writer, question->emergency ? 1 : 0);
    put_u64(&writer, (uint64_t)civil_day_of(question->now_us));
    bytes_write_u16(&writer, used_count);
    for (uint32_t i = 0; i < pack->info.facts_count; i++) {
        const struct fact_value *value = &question->facts->values[i];
        bool known = pack_fact_known(question, i);
        if (!used[i])
            continue;
        bytes_write_u16(&writer, (uint16_t)i);
        bytes_write_u8(&writer, known ? 1 : 0);
        bytes_write_u8(&writer, known ? (uint8_t)value->supplier : 0);
        put_u64(&writer, known ? (uint64_t)value->value : 0);
        put_u64(&writer, known ? (uint64_t)value->at_us : 0);
    }
    for (uint32_t i = 0; i < pack->gate_rules_count[gate]; i++) {
        uint16_t rule = pack->gate_rules[gate][i];
        bool acknowledged = question->acknowledged != NULL &&
                            (question->acknowledged[rule / 8] >> rule % 8 & 1) != 0;
        bytes_write_u8(&writer, acknowledged ? 1 : 0);
    }
    CHECK(!writer.overflowed);
    return hmac_sha256(key, span_of(storage, writer.used));
}
