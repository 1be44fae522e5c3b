/* A rule pack from anywhere; one that loads is then asked at every gate with facts taken from the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/pack_load.h"

#define LEAVES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fill(struct fact_set *facts, const uint8_t *data, size_t size)
{
    for (uint32_t i = 0; i < FACTS_MAX && size > 0; i++) {
        uint8_t byte = data[(i * 7u) % size];
        facts->values[i] =
            (struct fact_value){.known = (byte & 1) != 0,
                                .supplier = SUPPLIER_PHYSICIAN,
                                .value = byte >> 1,
                                .at_us = byte,
                                .expires_us = (byte & 2) != 0 ? 1000 : FACT_NEVER_EXPIRES};
    }
}

static void ask(const struct rule_pack *pack, const struct fact_set *facts, bool emergency)
{
    static const uint8_t acknowledged[RULES_MAX / 8] = {0xaa, 0x55};
    struct rule_leaf leaves[LEAVES_MAX];
    struct decision decision;
    for (unsigned gate = 0; gate < RULE_GATE_COUNT; gate++) {
        struct rule_question question = {.gate = (enum rule_gate)gate,
                                         .facts = facts,
                                         .acknowledged = acknowledged,
                                         .now_us = 500,
                                         .emergency = emergency};
        enum rule_action strongest = RULE_ACTION_PASS;
        rules_evaluate(pack, &question, &decision);
        for (uint16_t i = 0; i < decision.failed_count; i++) {
            const struct failed_rule *failed = &decision.failed[i];
            strongest = failed->action > strongest ? failed->action : strongest;
            if (rule_truth(pack, failed->rule, &question) != failed->truth ||
                failed->truth == TRUTH_TRUE ||
                rule_explain(pack, failed->rule, &question, leaves, LEAVES_MAX) == 0)
                abort();
        }
        if (strongest != decision.verdict)
            abort();
        struct sha256 digest = rules_inputs_digest(pack, &question, span_of("k", 1));
        (void)digest;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rule_pack *pack = NULL;
    struct fact_set facts = {0};
    char message[512];
    enum result result =
        pack_load_bytes(span_of(data, size), "fuzz.yaml", &pack, message, sizeof(message));
    if (result_ok(result) != (pack != NULL) || result_ok(result) != (message[0] == '\0'))
        abort();
    if (!result_ok(result))
        return 0;
    fill(&facts, data, size);
    ask(pack, &facts, false);
    ask(pack, &facts, true);
    rule_pack_free(pack);
    return 0;
}
