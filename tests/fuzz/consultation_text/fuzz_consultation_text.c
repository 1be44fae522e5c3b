/* Stored consultations, in two modes told by the first byte. Even: the rest is a text; what is read must be written back
 * letter by letter. Odd: the rest is a sequence of steps; after each that goes the consultation is written and read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/check.h"
#include "gateway/consultation/consultation_snapshot.h"
#include "tests/support/consultation_bench.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct place {
    struct bench bench;
    struct consultation back;
    char text[CONSULTATION_TEXT_MAX];
};

static void written_as_read(struct place *place, struct span text)
{
    struct sha256 hash;
    bool pinned = false;
    /* the seeds carry the hash of this pack */
    if (consultation_read_text(place->bench.pack, text, &place->back) != RESULT_OK)
        return;
    CHECK(consultation_text_pack(text, &hash, &pinned) == RESULT_OK);
    CHECK(consultation_write_text(&place->back, place->bench.pack, place->text,
                                  sizeof(place->text)) == RESULT_OK);
    bool same_pack = sha256_equal(&hash, &rule_pack_info(place->bench.pack)->hash);
    CHECK(same_pack || !place->back.pack_pinned);
    if (same_pack && !strstr(place->text, "\nfact ") && !strstr(place->text, "\nacknowledged "))
        CHECK(strlen(place->text) == text.length &&
              memcmp(place->text, text.data, text.length) == 0);
}

/* Three bytes a step: event, who, and what else there is to choose. */
static void steps(struct place *place, const uint8_t *data, size_t size)
{
    struct bench *bench = &place->bench;
    for (size_t i = 0; i + 3 <= size && i < 300; i += 3) {
        struct step_input input =
            bench_input(bench, (enum consultation_event)(data[i] % CONSULTATION_EVENT_COUNT),
                        (enum who)(data[i + 1] % WHO_COUNT));
        input.seat = data[i + 2] % 4 - 1;
        input.fact = data[i + 2] >> 4;
        input.fact_supplier = (enum supplier)(data[i + 1] >> 5);
        input.fact_value = data[i + 2] & 7;
        bench->now_us += (int64_t)data[i + 2] * BENCH_S;
        input.now_us = bench->now_us;
        fake_pack_say(bench->pack, (enum fake_rule)(data[i + 2] % FAKE_RULES),
                      (enum truth)(data[i + 1] % 3));
        if (bench_step(bench, &input) != STEP_GO)
            continue;
        CHECK(consultation_write_text(&bench->now, bench->pack, place->text, sizeof(place->text)) ==
              RESULT_OK);
        CHECK(consultation_read_text(bench->pack, span_of(place->text, strlen(place->text)),
                                     &place->back) == RESULT_OK);
        CHECK(memcmp(&place->back, &bench->now, sizeof(place->back)) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct place *place = calloc(1, sizeof(*place));
    CHECK(place != NULL);
    bench_init(&place->bench);
    if ((data[0] & 1) == 0)
        written_as_read(place, span_of(data + 1, size - 1));
    else
        steps(place, data + 1, size - 1);
    bench_done(&place->bench);
    free(place);
    return 0;
}
