#include "media/rtp/layer_selector.h"

#include "gateway/base/bytes.h"
#include "gateway/base/clock.h"

#define FITS_FOR_US (5 * US_PER_S)
#define JUMP_MAX    1000 /* pictures; further away the source has begun to count anew */

void layer_rates_count(struct layer_rates *rates, uint8_t temporal_id, size_t bytes, int64_t now_us)
{
    int64_t over_us = now_us - rates->since_us;
    if (rates->since_us == 0) {
        rates->since_us = now_us;
    } else if (over_us >= US_PER_S) {
        rates->layers = 0;
        for (uint8_t i = 0; i < TEMPORAL_LAYERS_MAX; i++) {
            rates->bps[i] =
                (uint32_t)((uint64_t)rates->bytes[i] * 8 * US_PER_S / (uint64_t)over_us);
            if (rates->bytes[i] > 0)
                rates->layers = (uint8_t)(i + 1);
            rates->bytes[i] = 0;
        }
        rates->since_us = now_us;
    }
    rates->bytes[temporal_id & (TEMPORAL_LAYERS_MAX - 1)] += (uint32_t)bytes;
}

void layer_selector_init(struct layer_selector *selector)
{
    *selector = (struct layer_selector){.current = TEMPORAL_LAYERS_MAX - 1,
                                        .target = TEMPORAL_LAYERS_MAX - 1};
    skipped_numbers_init(&selector->skipped);
}

void layer_selector_switch(struct layer_selector *selector)
{
    selector->anchored = false;
    skipped_numbers_init(&selector->skipped);
}

static uint64_t weight_bps(const struct layer_rates *rates, uint8_t up_to)
{
    uint64_t sum = 0;
    for (uint8_t i = 0; i <= up_to && i < TEMPORAL_LAYERS_MAX; i++)
        sum += rates->bps[i];
    return sum;
}

void layer_selector_choose(struct layer_selector *selector, const struct layer_rates *rates,
                           uint64_t budget_bps, int64_t now_us)
{
    if (budget_bps == 0 || rates->layers == 0)
        return;
    uint8_t target = selector->target, before = selector->target;
    if (target >= rates->layers)
        target = (uint8_t)(rates->layers - 1);
    if (weight_bps(rates, target) * 100 > budget_bps * 115) {
        while (target > 0 && weight_bps(rates, target) > budget_bps)
            target--;
        selector->target = target < before ? target : before;
        selector->fits_since_us = 0;
        return;
    }
    if (before >= rates->layers - 1) { /* all there is: a layer that begins later is welcome */
        selector->target = TEMPORAL_LAYERS_MAX - 1;
        selector->fits_since_us = 0;
    } else if (weight_bps(rates, (uint8_t)(target + 1)) * 115 > budget_bps * 100) {
        selector->fits_since_us = 0;
    } else if (selector->fits_since_us == 0) {
        selector->fits_since_us = now_us;
    } else if (now_us - selector->fits_since_us >= FITS_FOR_US) {
        selector->target = (uint8_t)(target + 1);
        selector->fits_since_us = now_us;
    }
}

/* The id nearest to the newest one; ids have 7 or 15 bits. */
static int64_t extend(const struct layer_selector *selector,
                      const struct vp8_descriptor *descriptor)
{
    int64_t period = (int64_t)1 << descriptor->picture_id_bits;
    int64_t ahead = (descriptor->picture_id - selector->newest) & (period - 1);
    return selector->newest + (ahead >= period / 2 ? ahead - period : ahead);
}

static int64_t outgoing(const struct layer_selector *selector, int64_t picture)
{
    return picture - skipped_numbers_below(&selector->skipped, picture) + selector->offset;
}

static void anchor_at(struct layer_selector *selector, const struct vp8_descriptor *descriptor)
{
    skipped_numbers_init(&selector->skipped);
    selector->picture_id_bits = descriptor->picture_id_bits;
    selector->anchor = descriptor->picture_id;
    selector->newest = selector->anchor - 1;
    selector->offset = selector->sent_any ? selector->out_newest + 1 - selector->anchor : 0;
    selector->tl0_offset =
        selector->sent_any ? (uint8_t)(selector->tl0_newest + 1 - descriptor->tl0) : 0;
    selector->anchored = true;
}

static bool begins_anew(const struct layer_selector *selector,
                        const struct vp8_descriptor *descriptor)
{
    if (!selector->anchored || selector->picture_id_bits != descriptor->picture_id_bits)
        return true;
    int64_t distance = extend(selector, descriptor) - selector->newest;
    return distance > JUMP_MAX || distance < -JUMP_MAX;
}

static void change_layer(struct layer_selector *selector, const struct vp8_descriptor *descriptor,
                         bool keyframe)
{
    if (selector->target < selector->current || keyframe)
        selector->current = selector->target;
    else if (selector->target > selector->current && descriptor->layer_sync &&
             descriptor->temporal_id == selector->current + 1)
        selector->current = descriptor->temporal_id;
}

bool layer_selector_pass(struct layer_selector *selector, const struct vp8_descriptor *descriptor,
                         bool keyframe)
{
    if (!descriptor->has_picture_id)
        return true;
    if (begins_anew(selector, descriptor))
        anchor_at(selector, descriptor);
    int64_t picture = extend(selector, descriptor);
    if (picture <= selector->newest)
        return picture >= selector->anchor && !skipped_numbers_has(&selector->skipped, picture);
    selector->newest = picture;
    change_layer(selector, descriptor, keyframe);
    if (descriptor->has_temporal_id && descriptor->temporal_id > selector->current &&
        skipped_numbers_add(&selector->skipped, picture))
        return false;
    selector->out_newest = outgoing(selector, picture);
    if (descriptor->has_tl0)
        selector->tl0_newest = (uint8_t)(descriptor->tl0 + selector->tl0_offset);
    selector->sent_any = true;
    return true;
}

bool layer_selector_rewrite(const struct layer_selector *selector, uint8_t *payload, size_t length)
{
    struct vp8_descriptor descriptor;
    if (!result_ok(vp8_descriptor_parse(span_of(payload, length), &descriptor)) ||
        !descriptor.has_picture_id)
        return true; /* nothing of ours in it */
    if (begins_anew(selector, &descriptor))
        return false;
    int64_t picture = extend(selector, &descriptor);
    if (picture < selector->anchor || picture > selector->newest)
        return false;
    int64_t out = outgoing(selector, picture);
    size_t after = descriptor.picture_id_at + 1u;
    if (descriptor.picture_id_bits == 15) {
        bytes_put_u16(payload + descriptor.picture_id_at, (uint16_t)(0x8000 | (out & 0x7fff)));
        after++;
    } else {
        payload[descriptor.picture_id_at] = (uint8_t)(out & 0x7f);
    }
    if (descriptor.has_tl0) /* it follows the PictureID */
        payload[after] = (uint8_t)(descriptor.tl0 + selector->tl0_offset);
    return true;
}
