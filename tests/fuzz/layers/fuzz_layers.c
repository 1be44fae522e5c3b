/* Sequence rewrite and temporal layers as a sequence of operations, six bytes each: a packet with any descriptor comes in any
 * order, the budget of the line changes, the source begins anew, the gate closes. No outgoing number is ever given twice
 * while it can still be on its way, and the same packet rewritten again is the same again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "media/rtp/layer_selector.h"
#include "media/rtp/rtp_rewriter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECENT 256 /* outgoing numbers that may not come again; less than the rewriter remembers */

struct walk {
    struct layer_selector selector;
    struct layer_rates rates;
    struct rtp_rewriter *rewriter;
    uint16_t recent[RECENT];
    uint32_t sent;
    int64_t sequence, now_us;
};

static void given(struct walk *walk, uint16_t sequence)
{
    uint32_t known = walk->sent < RECENT ? walk->sent : RECENT;
    for (uint32_t i = 0; i < known; i++)
        CHECK(walk->recent[i] != sequence);
    walk->recent[walk->sent++ % RECENT] = sequence;
}

static void packet(struct walk *walk, const uint8_t *bytes, bool keyframe)
{
    uint8_t payload[5], again[5];
    struct vp8_descriptor descriptor;
    struct rtp_place place;
    memcpy(payload, bytes, sizeof(payload));
    if (!result_ok(vp8_descriptor_parse(span_of(payload, sizeof(payload)), &descriptor)))
        return;
    layer_rates_count(&walk->rates, descriptor.temporal_id, 1000, walk->now_us);
    if (!layer_selector_pass(&walk->selector, &descriptor, keyframe)) {
        CHECK(descriptor.has_picture_id);
        rtp_rewriter_skip(walk->rewriter, walk->sequence);
        return;
    }
    struct rtp_source source = {
        .sequence = walk->sequence, .packet = {.generation = 1}, .keyframe = keyframe};
    if (!result_ok(rtp_rewriter_map(walk->rewriter, &source, walk->now_us, &place)))
        return;
    given(walk, place.sequence);
    memcpy(again, payload, sizeof(again));
    CHECK(layer_selector_rewrite(&walk->selector, payload, sizeof(payload)));
    CHECK(layer_selector_rewrite(&walk->selector, again, sizeof(again)));
    CHECK(memcmp(payload, again, sizeof(again)) == 0);
}

static void other(struct walk *walk, uint8_t what, const uint8_t *bytes)
{
    switch (what % 5) {
    case 0:
        layer_selector_choose(&walk->selector, &walk->rates, (uint64_t)bytes[0] << 10,
                              walk->now_us);
        break;
    case 1:
        walk->now_us += (int64_t)bytes[0] * 10000;
        break;
    case 2:
        layer_selector_switch(&walk->selector);
        rtp_rewriter_restart(walk->rewriter, true);
        break;
    case 3:
        rtp_rewriter_hold(walk->rewriter);
        rtp_rewriter_start(walk->rewriter, true);
        break;
    default:
        walk->sequence += bytes[0];
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct walk *walk = calloc(1, sizeof(*walk));
    CHECK(walk != NULL);
    walk->sequence = 70000;
    walk->now_us = 1;
    layer_selector_init(&walk->selector);
    CHECK(result_ok(rtp_rewriter_new(90000, 512, 1, &walk->rewriter)));
    rtp_rewriter_start(walk->rewriter, true);
    for (size_t at = 0; at + 6 <= size; at += 6) {
        uint8_t operation = data[at];
        if (operation >= 240) {
            other(walk, operation, data + at + 1);
            continue;
        }
        walk->now_us += 5000;
        int64_t next = walk->sequence + 1;
        if (operation >= 200) /* out of order */
            walk->sequence -= operation & 7;
        else
            walk->sequence = next;
        packet(walk, data + at + 1, (operation & 3) == 0);
        if (walk->sequence < next)
            walk->sequence = next;
    }
    rtp_rewriter_free(walk->rewriter);
    free(walk);
    return 0;
}
