/* Temporal layers: what goes on can always be decoded, and numbers of packets and pictures close up behind what does not. */
#include "tests/unit/media_core/support.h"

#include "gateway/base/clock.h"
#include "media/rtp/layer_selector.h"
#include "media/rtp/rtp_rewriter.h"
#include "media/rtp/skipped_numbers.h"

static void skipped_numbers_close_up(void **state)
{
    (void)state;
    struct skipped_numbers skipped;
    skipped_numbers_init(&skipped);
    assert_int_equal(skipped_numbers_below(&skipped, 1000), 0);
    assert_true(skipped_numbers_add(&skipped, 12));
    assert_true(skipped_numbers_add(&skipped, 13));
    assert_true(skipped_numbers_add(&skipped, 16));
    assert_false(skipped_numbers_add(&skipped, 15));
    assert_false(skipped_numbers_add(&skipped, 16));
    const int64_t below[] = {0, 0, 0, 1, 2, 2, 2, 3, 3};
    for (int64_t n = 10; n < 19; n++)
        assert_int_equal(skipped_numbers_below(&skipped, n), below[n - 10]);
    assert_true(skipped_numbers_has(&skipped, 12) && skipped_numbers_has(&skipped, 13));
    assert_false(skipped_numbers_has(&skipped, 14) || skipped_numbers_has(&skipped, 11));
    /* far more runs than are kept: the sum stays, and never falls as the number grows */
    for (int64_t n = 20; n < 20 + 4 * SKIPPED_RUNS; n += 2)
        assert_true(skipped_numbers_add(&skipped, n));
    assert_int_equal(skipped_numbers_below(&skipped, 100000), 3 + 2 * SKIPPED_RUNS);
    assert_false(skipped_numbers_has(&skipped, 12));
    for (int64_t n = 1; n < 100000; n += 7)
        assert_true(skipped_numbers_below(&skipped, n) >= skipped_numbers_below(&skipped, n - 1));
}

static struct layer_rates rates_of(uint32_t base, uint32_t first, uint32_t second)
{
    return (struct layer_rates){.since_us = 1, .bps = {base, first, second}, .layers = 3};
}

static void layers_follow_the_budget(void **state)
{
    (void)state;
    struct layer_selector selector;
    struct layer_rates rates = rates_of(100000, 50000, 50000);
    layer_selector_init(&selector);
    layer_selector_choose(&selector, &rates, 0, 1); /* nothing known: nothing changes */
    assert_int_equal(selector.target, TEMPORAL_LAYERS_MAX - 1);
    layer_selector_choose(&selector, &rates, 180000, 1); /* 200 000 is within 15 % of it */
    assert_int_equal(selector.target, TEMPORAL_LAYERS_MAX - 1);
    layer_selector_choose(&selector, &rates, 160000, 1);
    assert_int_equal(selector.target, 1);
    layer_selector_choose(&selector, &rates, 20000, 2);
    assert_int_equal(selector.target, 0); /* the base layer is never taken */
    layer_selector_choose(&selector, &rates, 173000, 10);
    layer_selector_choose(&selector, &rates, 173000, 5 * US_PER_S);
    assert_int_equal(selector.target, 0); /* not yet 5 s */
    layer_selector_choose(&selector, &rates, 173000, 5 * US_PER_S + 10);
    assert_int_equal(selector.target, 1);
    layer_selector_choose(&selector, &rates, 229000, 20 * US_PER_S); /* 15 % to spare are wanted */
    layer_selector_choose(&selector, &rates, 229000, 30 * US_PER_S);
    assert_int_equal(selector.target, 1);
    layer_selector_choose(&selector, &rates, 231000, 31 * US_PER_S);
    layer_selector_choose(&selector, &rates, 231000, 36 * US_PER_S);
    assert_int_equal(selector.target, 2);
}

static void rates_are_of_the_last_second(void **state)
{
    (void)state;
    struct layer_rates rates = {0};
    for (int64_t i = 0; i <= 100; i++)
        layer_rates_count(&rates, i % 2 == 0 ? 0 : 2, 1000, 5 + i * 10000);
    assert_int_equal(rates.layers, 3);
    assert_int_equal(rates.bps[0], 400000);
    assert_int_equal(rates.bps[1], 0);
    assert_int_equal(rates.bps[2], 400000);
}

#define LINE     4000 /* pictures */
#define PER_MOST 3    /* packets a picture */

/* A sender of three layers (0 2 1 2), as a model: which pictures each picture needs. */
struct picture {
    uint16_t id;
    uint8_t tl0, temporal_id;
    bool sync, keyframe, forwarded;
    int needs; /* an earlier picture; -1: none */
};

static void make_pictures(struct picture *pictures, struct chance *chance)
{
    static const uint8_t PATTERN[4] = {0, 2, 1, 2};
    uint16_t id = (uint16_t)(0x7f00 + chance_below(chance, 0x80)); /* wraps on the way */
    uint8_t tl0 = (uint8_t)chance_next(chance);
    int last[3] = {-1, -1, -1};
    for (int i = 0; i < LINE; i++) {
        struct picture *picture = &pictures[i];
        *picture = (struct picture){.id = id++ & 0x7fff, .temporal_id = PATTERN[i % 4]};
        picture->keyframe = i % 600 == 0;
        tl0 += picture->temporal_id == 0;
        picture->tl0 = tl0;
        picture->sync = picture->temporal_id > 0 && chance_percent(chance, 25);
        int newest = last[0];
        for (int layer = 1; layer <= picture->temporal_id && !picture->sync; layer++)
            newest = last[layer] > newest ? last[layer] : newest;
        picture->needs = picture->keyframe ? -1 : newest;
        last[picture->temporal_id] = i;
    }
}

static size_t write_payload(const struct picture *picture, bool first, uint8_t *payload)
{
    payload[0] = first ? 0x90 : 0x80;
    payload[1] = 0xe0; /* I L T */
    bytes_put_u16(payload + 2, (uint16_t)(0x8000 | picture->id));
    payload[4] = picture->tl0;
    payload[5] = (uint8_t)(picture->temporal_id << 6 | (picture->sync ? 0x20 : 0));
    payload[6] = picture->keyframe && first ? 0 : 1;
    return 7;
}

struct line {
    struct layer_selector selector;
    struct rtp_rewriter *rewriter;
    int64_t now_us;
    uint32_t sent;
    uint16_t last_sequence, last_id;
    uint8_t last_tl0;
};

/* One packet through selector and rewriter; the outgoing descriptor and number when it went. */
static bool send(struct line *line, int64_t sequence, const struct picture *picture, bool first,
                 struct vp8_descriptor *ret_descriptor, struct rtp_place *ret_place)
{
    uint8_t payload[7];
    struct vp8_descriptor descriptor;
    size_t length = write_payload(picture, first, payload);
    assert_result(RESULT_OK, vp8_descriptor_parse(span_of(payload, length), &descriptor));
    line->now_us += 1000;
    if (!layer_selector_pass(&line->selector, &descriptor, picture->keyframe && first)) {
        rtp_rewriter_skip(line->rewriter, sequence);
        return false;
    }
    struct rtp_source source = {
        .sequence = sequence, .packet = {.generation = 1}, .keyframe = picture->keyframe && first};
    if (!result_ok(rtp_rewriter_map(line->rewriter, &source, line->now_us, ret_place)))
        return false;
    assert_true(layer_selector_rewrite(&line->selector, payload, length));
    assert_result(RESULT_OK, vp8_descriptor_parse(span_of(payload, length), ret_descriptor));
    return true;
}

static void line_new(struct line *line, struct chance *chance)
{
    *line = (struct line){.now_us = 1};
    layer_selector_init(&line->selector);
    assert_result(RESULT_OK, rtp_rewriter_new(90000, 512, chance_next(chance), &line->rewriter));
    rtp_rewriter_start(line->rewriter, true);
}

/* Without loss not one number of packet, picture or base layer is missing, and each picture finds what it needs. */
static void clean_line_closes_up(struct chance *chance)
{
    static struct picture pictures[LINE];
    struct line line;
    int64_t sequence = 0xfff0;
    uint32_t skipped = 0, grew = 0;
    make_pictures(pictures, chance);
    line_new(&line, chance);
    for (int i = 0; i < LINE; i++) {
        struct picture *picture = &pictures[i];
        uint8_t before = line.selector.current;
        if (chance_percent(chance, 4))
            line.selector.target = (uint8_t)chance_below(chance, 3);
        uint32_t packets = 1 + chance_below(chance, PER_MOST), went = 0;
        for (uint32_t k = 0; k < packets; k++) {
            struct vp8_descriptor out;
            struct rtp_place place;
            if (!send(&line, sequence++, picture, k == 0, &out, &place))
                continue;
            if (line.sent++ > 0) {
                assert_int_equal((uint16_t)(place.sequence - line.last_sequence), 1);
                assert_int_equal((out.picture_id - line.last_id) & 0x7fff, k == 0);
                assert_in_range((uint8_t)(out.tl0 - line.last_tl0), 0, 1);
            }
            line.last_sequence = place.sequence;
            line.last_id = out.picture_id;
            line.last_tl0 = out.tl0;
            went++;
        }
        assert_true(went == 0 || went == packets); /* whole or not at all */
        picture->forwarded = went > 0;
        skipped += went == 0;
        grew += line.selector.current > before;
        if (went > 0 && picture->needs >= 0)
            assert_true(pictures[picture->needs].forwarded);
        assert_true(picture->temporal_id > 0 || went > 0);
    }
    assert_true(skipped > LINE / 10 && grew > 5);
    rtp_rewriter_free(line.rewriter);
}

/* With loss and disorder holes may stay, but no two packets get one number and no two pictures one id. */
static void bad_line_mixes_nothing(struct chance *chance)
{
    static struct picture pictures[LINE];
    static int owner[0x8000]; /* outgoing id → picture + 1 */
    static bool used[0x10000];
    struct line line;
    memset(owner, 0, sizeof(owner));
    memset(used, 0, sizeof(used));
    make_pictures(pictures, chance);
    line_new(&line, chance);
    struct {
        int64_t sequence;
        int picture;
        bool first;
    } queue[LINE * 2], keep;
    for (int i = 0; i < LINE * 2; i++) {
        queue[i].sequence = 0xfff0 + i;
        queue[i].picture = i / 2;
        queue[i].first = i % 2 == 0;
    }
    for (int i = 1; i < LINE * 2 - 9; i++)
        if (chance_percent(chance, 5)) {
            int other = i + 1 + (int)chance_below(chance, 7);
            keep = queue[i];
            queue[i] = queue[other];
            queue[other] = keep;
        }
    for (int i = 0; i < LINE * 2; i++) {
        struct vp8_descriptor out;
        struct rtp_place place;
        if (chance_percent(chance, 4))
            line.selector.target = (uint8_t)chance_below(chance, 3);
        if ((i > 0 && chance_percent(chance, 5)) ||
            !send(&line, queue[i].sequence, &pictures[queue[i].picture], queue[i].first, &out,
                  &place))
            continue;
        assert_false(used[place.sequence]);
        used[place.sequence] = true;
        assert_true(owner[out.picture_id] == 0 || owner[out.picture_id] == queue[i].picture + 1);
        owner[out.picture_id] = queue[i].picture + 1;
        line.sent++;
    }
    assert_true(line.sent > LINE / 2);
    rtp_rewriter_free(line.rewriter);
}

static void seeded_lines(void **state)
{
    (void)state;
    struct chance chance = {test_seed(77)};
    for (int i = 0; i < 20; i++) {
        clean_line_closes_up(&chance);
        bad_line_mixes_nothing(&chance);
    }
}

static void another_source_goes_on_in_the_same_line(void **state)
{
    (void)state;
    struct chance chance = {test_seed(78)};
    struct line line;
    struct vp8_descriptor out, again;
    struct rtp_place place;
    line_new(&line, &chance);
    struct picture old = {.id = 100, .tl0 = 7, .keyframe = true};
    assert_true(send(&line, 1, &old, true, &out, &place));
    assert_int_equal(out.picture_id, 100);
    layer_selector_switch(&line.selector);
    rtp_rewriter_switch(line.rewriter, true);
    struct picture fresh = {.id = 0x7ffe, .tl0 = 200, .keyframe = true};
    assert_true(send(&line, 900, &fresh, true, &again, &place));
    assert_int_equal(again.picture_id, 101);
    assert_int_equal(again.tl0, 8);
    /* a repair of what was sent before the switch would wear a number of the new line */
    uint8_t payload[7];
    size_t length = write_payload(&old, true, payload);
    assert_false(layer_selector_rewrite(&line.selector, payload, length));
    rtp_rewriter_free(line.rewriter);
}

static void streams_without_layers_pass_whole(void **state)
{
    (void)state;
    struct layer_selector selector;
    struct vp8_descriptor descriptor;
    uint8_t bare[] = {0x10, 0x01}, short_id[] = {0x90, 0x80, 0x7f, 0x01};
    layer_selector_init(&selector);
    selector.target = 0;
    assert_result(RESULT_OK, vp8_descriptor_parse(span_of(bare, sizeof(bare)), &descriptor));
    assert_true(layer_selector_pass(&selector, &descriptor, false));
    assert_true(layer_selector_rewrite(&selector, bare, sizeof(bare)));
    assert_int_equal(bare[0], 0x10);
    assert_result(RESULT_OK,
                  vp8_descriptor_parse(span_of(short_id, sizeof(short_id)), &descriptor));
    assert_true(layer_selector_pass(&selector, &descriptor, false));
    assert_true(layer_selector_rewrite(&selector, short_id, sizeof(short_id)));
    assert_int_equal(short_id[2], 0x7f); /* still one byte long */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(skipped_numbers_close_up),
        cmocka_unit_test(layers_follow_the_budget),
        cmocka_unit_test(rates_are_of_the_last_second),
        cmocka_unit_test(seeded_lines),
        cmocka_unit_test(another_source_goes_on_in_the_same_line),
        cmocka_unit_test(streams_without_layers_pass_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
