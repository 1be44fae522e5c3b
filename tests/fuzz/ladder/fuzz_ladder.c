/* The adaptation ladder over any course of a line. The input is a row of states, eight bytes each: what is known, loss, estimate,
 * waiting time, what is sent, time passed. What ladder.h promises is checked after each, from its words and not from its code:
 * down at once, up only after five quiet seconds, nothing from an unknown estimate, sound on every rung. */
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/base/clock.h"
#include "media/feedback/ladder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t FROM_BPS[MEDIA_RUNG_COUNT] = {0, 30000, 80000, 200000, 600000};

struct course {
    struct ladder ladder;
    int64_t now_us;
    int64_t moved_us; /* the rung's last change */
    int64_t loss_us;  /* when loss of 2 % or more was last seen */
};

static bool read_state(struct bytes_reader *reader, struct course *course, struct link_state *link,
                       uint32_t *sent_bps)
{
    uint8_t known, loss, wait, sent;
    uint16_t estimate, passed;
    if (!bytes_read_u8(reader, &known) || !bytes_read_u8(reader, &loss) ||
        !bytes_read_u8(reader, &wait) || !bytes_read_u8(reader, &sent) ||
        !bytes_read_u16(reader, &estimate) || !bytes_read_u16(reader, &passed))
        return false;
    course->now_us += passed % 2000 * US_PER_MS;
    *link = (struct link_state){.estimate_known = known & 1,
                                .loss_known = known & 2,
                                .loss_permille = (uint16_t)(loss * 4 % 1001),
                                .estimate_bps = estimate * 32u,
                                .queue_us = wait * 4000u};
    *sent_bps = sent * 4000u;
    return true;
}

static void check_rung(const struct course *course, const struct ladder *before,
                       const struct link_state *link)
{
    const struct ladder *ladder = &course->ladder;
    CHECK(ladder->rung < MEDIA_RUNG_COUNT);
    if (!link->estimate_known)
        CHECK(ladder->rung == before->rung);
    else if (ladder->trial_us == 0)
        CHECK((uint64_t)link->estimate_bps * 100 >= (uint64_t)FROM_BPS[ladder->rung] * 85);
    if (ladder->rung > before->rung) {
        CHECK(course->now_us - course->moved_us >= 5 * US_PER_S);
        CHECK(link->queue_us < 200 * US_PER_MS);
    }
    if (ladder->trial_us != 0)
        CHECK(ladder->rung == MEDIA_RUNG_SMALL);
}

static void check_sound(const struct course *course, const struct ladder *before,
                        const struct link_state *link)
{
    const struct ladder *ladder = &course->ladder;
    const struct ladder_sound sound = {.payload_bps = 24000, .packets_per_s = 17};
    uint8_t redundancy = ladder_redundancy(ladder, link, &sound);
    struct ladder_sound_wish wish = ladder_sound_wish(ladder);
    CHECK(redundancy <= 2 && (ladder->lossy || redundancy == 0));
    CHECK((wish.bitrate_bps == 0) == (wish.frame_ms == 0));
    CHECK(wish.bitrate_bps == 0 || (wish.bitrate_bps >= 12000 && wish.bitrate_bps <= 20000));
    CHECK(media_rung_has_picture(ladder->rung) || wish.frame_ms == 60);
    if (link->loss_known && link->loss_permille > 50)
        CHECK(ladder->lossy);
    if (before->lossy && !ladder->lossy)
        CHECK(link->loss_known && course->now_us - course->loss_us >= 10 * US_PER_S);
    if (!before->lossy && ladder->lossy)
        CHECK(link->loss_known && link->loss_permille > 50);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct course course = {.now_us = US_PER_S};
    struct bytes_reader reader = bytes_reader_of(span_of(data, size));
    struct link_state link;
    uint32_t sent_bps;
    ladder_init(&course.ladder);
    while (read_state(&reader, &course, &link, &sent_bps)) {
        struct ladder before = course.ladder;
        if (link.loss_known && link.loss_permille >= 20)
            course.loss_us = course.now_us;
        bool changed = ladder_update(&course.ladder, &link, sent_bps, course.now_us);
        CHECK(changed ==
              (course.ladder.rung != before.rung || course.ladder.lossy != before.lossy));
        check_rung(&course, &before, &link);
        check_sound(&course, &before, &link);
        if (course.ladder.rung != before.rung)
            course.moved_us = course.now_us;
    }
    return 0;
}
