#include "gateway/control/line.h"

#include "gateway/base/clock.h"

#define UPLINK_LOSSY_PERMILLE 100
#define UPLINK_CALM_PERMILLE  20
#define UPLINK_CALM_FOR_US    (30 * US_PER_S) /* each change is a new offer */

/* media-anchors §6.4. A picture that nobody can carry is not sent at all. */
static const struct {
    const char *word;
    uint16_t lines;
    uint8_t frames_per_second;
    uint32_t picture_bps;
} RUNGS[MEDIA_RUNG_COUNT] = {
    [MEDIA_RUNG_FAINT] = {"faint", 180, 10, 100000},
    [MEDIA_RUNG_SOUND] = {"sound", 180, 10, 100000},
    [MEDIA_RUNG_SMALL] = {"small", 180, 10, 150000},
    [MEDIA_RUNG_MEDIUM] = {"medium", 360, 30, 500000},
    [MEDIA_RUNG_FULL] = {"full", 0, 0, 0},
};

void line_init(struct line *line)
{
    *line = (struct line){.rung = MEDIA_RUNG_FULL};
}

void line_ladder(struct line *line, const struct media_event *event)
{
    line->rung = event->ladder.rung;
    line->sound = (struct negotiation_sound){.bitrate_bps = event->ladder.sound_bps,
                                             .frame_ms = event->ladder.sound_frame_ms};
}

void line_uplink(struct line *line, uint16_t loss_permille, int64_t now_us)
{
    if (loss_permille > UPLINK_LOSSY_PERMILLE)
        line->uplink_lossy = true;
    if (loss_permille >= UPLINK_CALM_PERMILLE)
        line->uplink_calm_us = 0;
    else if (line->uplink_calm_us == 0)
        line->uplink_calm_us = now_us;
    else if (now_us - line->uplink_calm_us >= UPLINK_CALM_FOR_US)
        line->uplink_lossy = false;
}

static uint32_t narrower(uint32_t a, uint32_t b) /* 0 is free */
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static const struct line *best_of(const struct line *const *lines, unsigned count)
{
    const struct line *best = NULL;
    for (unsigned i = 0; i < count; i++)
        if (best == NULL || lines[i]->rung > best->rung)
            best = lines[i];
    return best;
}

struct sending line_sending(const struct line *own, const struct line *const *receivers,
                            unsigned receivers_count)
{
    const struct line *best = best_of(receivers, receivers_count);
    enum media_rung rung = best == NULL ? MEDIA_RUNG_FULL : best->rung;
    struct sending sending = {.picture = media_rung_has_picture(rung)};
    if (own->rung < rung && !media_rung_has_picture(own->rung))
        rung = MEDIA_RUNG_SMALL;
    /* Narrow towards him and losing from him: what picture he sends costs his voice (P7). */
    if (own->uplink_lossy && !media_rung_has_picture(own->rung))
        sending.picture = false;
    sending.lines = RUNGS[rung].lines;
    sending.frames_per_second = RUNGS[rung].frames_per_second;
    sending.picture_bps = RUNGS[rung].picture_bps;
    if (best != NULL)
        sending.sound = best->sound;
    sending.sound.bitrate_bps = narrower(sending.sound.bitrate_bps, own->sound.bitrate_bps);
    if (own->sound.frame_ms > sending.sound.frame_ms)
        sending.sound.frame_ms = own->sound.frame_ms;
    sending.sound.redundant = own->uplink_lossy;
    return sending;
}

bool sending_picture_equal(const struct sending *a, const struct sending *b)
{
    return a->picture == b->picture && a->lines == b->lines &&
           a->frames_per_second == b->frames_per_second && a->picture_bps == b->picture_bps;
}

bool sending_sound_equal(const struct negotiation_sound *a, const struct negotiation_sound *b)
{
    return a->bitrate_bps == b->bitrate_bps && a->frame_ms == b->frame_ms &&
           a->redundant == b->redundant;
}

const char *line_word(enum media_rung rung)
{
    return RUNGS[rung].word;
}
