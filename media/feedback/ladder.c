#include "media/feedback/ladder.h"

#include "gateway/base/clock.h"

#define MARGIN_PERCENT      15
#define BETTER_FOR_US       (5 * US_PER_S)
#define QUEUE_QUIET_US      (200 * US_PER_MS)
#define LOSS_QUIET_PERMILLE 100
#define LOSS_ON_PERMILLE    50
#define LOSS_OFF_PERMILLE   20
#define LOSS_HEAVY_PERMILLE 150 /* one repetition would still leave 2 % */
#define CALM_FOR_US         (10 * US_PER_S)
#define ROOM_PERCENT        130 /* of what is sent */
#define TRIAL_WAIT_LEAST_US (5 * US_PER_S)
#define TRIAL_WAIT_MOST_US  (60 * US_PER_S)
#define TRIAL_LASTS_US      (8 * US_PER_S)
/* IPv4, UDP, RTP with our extensions, the tag of AES-GCM. */
#define PACKET_OVERHEAD_BITS (8 * (20 + 8 + 12 + 16 + 16))
/* A line that loses this much is repaired with what one repetition of the smallest sound needs, whatever the estimate
 * says: loss alone can hold it down, and unheard sound is no saving. */
#define LOSSY_SOUND_BPS 36000

static const uint32_t RUNG_FROM_BPS[MEDIA_RUNG_COUNT] = {0, 30000, 80000, 200000, 600000};

void ladder_init(struct ladder *ladder)
{
    *ladder = (struct ladder){.rung = MEDIA_RUNG_FULL, .trial_wait_us = TRIAL_WAIT_LEAST_US};
}

static bool below(uint32_t bitrate_bps, enum media_rung rung)
{
    return bitrate_bps < (uint64_t)RUNG_FROM_BPS[rung] * (100 - MARGIN_PERCENT) / 100;
}

static bool above(uint32_t bitrate_bps, enum media_rung rung)
{
    return bitrate_bps > (uint64_t)RUNG_FROM_BPS[rung] * (100 + MARGIN_PERCENT) / 100;
}

static bool quiet(const struct link_state *link)
{
    return link->queue_us < QUEUE_QUIET_US &&
           (!link->loss_known || link->loss_permille <= LOSS_QUIET_PERMILLE);
}

static void move(struct ladder *ladder, enum media_rung rung)
{
    ladder->rung = rung;
    ladder->better_us = ladder->roomy_us = 0;
}

/* The picture came on trial: it stays when B grew past the edge in time, and goes when the line suffers. True: it went. */
static bool judge_trial(struct ladder *ladder, const struct link_state *link, int64_t now_us)
{
    bool over = now_us - ladder->trial_us >= TRIAL_LASTS_US;
    bool suffers = !quiet(link) ||
                   link->estimate_bps < (uint64_t)ladder->trial_bps * (100 - MARGIN_PERCENT) / 100;
    if (!over && !suffers)
        return false;
    ladder->trial_us = 0;
    if (!below(link->estimate_bps, MEDIA_RUNG_SMALL)) {
        ladder->trial_wait_us = TRIAL_WAIT_LEAST_US;
        return false;
    }
    ladder->trial_wait_us *= 2;
    if (ladder->trial_wait_us > TRIAL_WAIT_MOST_US)
        ladder->trial_wait_us = TRIAL_WAIT_MOST_US;
    move(ladder, MEDIA_RUNG_SOUND);
    return true;
}

static bool step_down(struct ladder *ladder, const struct link_state *link, int64_t now_us)
{
    enum media_rung before = ladder->rung;
    if (ladder->trial_us != 0 && !judge_trial(ladder, link, now_us) && ladder->trial_us != 0)
        return false;
    enum media_rung rung = ladder->rung;
    while (rung > MEDIA_RUNG_FAINT && below(link->estimate_bps, rung))
        rung--;
    if (rung != ladder->rung)
        move(ladder, rung);
    return ladder->rung != before;
}

static bool step_up(struct ladder *ladder, const struct link_state *link, int64_t now_us)
{
    enum media_rung rung = ladder->rung;
    if (rung == MEDIA_RUNG_FULL || !quiet(link) || !above(link->estimate_bps, rung + 1)) {
        ladder->better_us = 0;
        return false;
    }
    if (ladder->better_us == 0) {
        ladder->better_us = now_us;
        ladder->better_bps = link->estimate_bps;
    }
    if (link->estimate_bps < ladder->better_bps)
        ladder->better_bps = link->estimate_bps;
    if (now_us - ladder->better_us < BETTER_FOR_US)
        return false;
    while (rung < MEDIA_RUNG_FULL && above(ladder->better_bps, rung + 1))
        rung++;
    ladder->trial_us = 0;
    move(ladder, rung);
    return true;
}

static bool try_more(struct ladder *ladder, const struct link_state *link, uint32_t sent_bps,
                     int64_t now_us)
{
    bool room = quiet(link) && link->estimate_bps >= (uint64_t)sent_bps * ROOM_PERCENT / 100;
    if (media_rung_has_picture(ladder->rung) || !room) {
        ladder->roomy_us = 0;
        return false;
    }
    if (ladder->roomy_us == 0)
        ladder->roomy_us = now_us;
    if (now_us - ladder->roomy_us < ladder->trial_wait_us)
        return false;
    if (ladder->rung == MEDIA_RUNG_FAINT) { /* the little more sound risks nothing */
        if (below(link->estimate_bps, MEDIA_RUNG_SOUND))
            return false;
        move(ladder, MEDIA_RUNG_SOUND);
        return true;
    }
    move(ladder, MEDIA_RUNG_SMALL);
    ladder->trial_us = now_us;
    ladder->trial_bps = link->estimate_bps;
    return true;
}

static bool judge_loss(struct ladder *ladder, const struct link_state *link, int64_t now_us)
{
    if (!link->loss_known)
        return false;
    if (link->loss_permille >= LOSS_OFF_PERMILLE)
        ladder->calm_us = 0;
    else if (ladder->calm_us == 0)
        ladder->calm_us = now_us;
    bool lossy = ladder->lossy;
    if (link->loss_permille > LOSS_ON_PERMILLE)
        lossy = true;
    else if (ladder->calm_us != 0 && now_us - ladder->calm_us >= CALM_FOR_US)
        lossy = false;
    bool changed = lossy != ladder->lossy;
    ladder->lossy = lossy;
    return changed;
}

bool ladder_update(struct ladder *ladder, const struct link_state *link, uint32_t sent_bps,
                   int64_t now_us)
{
    bool changed = judge_loss(ladder, link, now_us);
    if (!link->estimate_known)
        return changed;
    return step_down(ladder, link, now_us) || step_up(ladder, link, now_us) ||
           try_more(ladder, link, sent_bps, now_us) || changed;
}

struct ladder_sound_wish ladder_sound_wish(const struct ladder *ladder)
{
    switch (ladder->rung) {
    case MEDIA_RUNG_FAINT:
        return (struct ladder_sound_wish){.bitrate_bps = 12000, .frame_ms = 60};
    case MEDIA_RUNG_SOUND:
        return (struct ladder_sound_wish){.bitrate_bps = ladder->lossy ? 12000 : 16000,
                                          .frame_ms = 60};
    case MEDIA_RUNG_SMALL:
        if (ladder->lossy)
            return (struct ladder_sound_wish){.bitrate_bps = 20000, .frame_ms = 60};
        break;
    default:
        break;
    }
    return (struct ladder_sound_wish){.bitrate_bps = 0};
}

uint8_t ladder_redundancy(const struct ladder *ladder, const struct link_state *link,
                          const struct ladder_sound *sound)
{
    static const uint8_t SOUND_PERCENT[MEDIA_RUNG_COUNT] = {95, 95, 60, 40, 40};
    if (!ladder->lossy)
        return 0;
    if (!link->estimate_known)
        return 1;
    bool heavy = link->loss_known && link->loss_permille > LOSS_HEAVY_PERMILLE;
    uint64_t budget_bps = (uint64_t)link->estimate_bps * SOUND_PERCENT[ladder->rung] / 100;
    if (heavy && budget_bps < LOSSY_SOUND_BPS)
        budget_bps = LOSSY_SOUND_BPS;
    uint64_t plain_bps = (uint64_t)sound->packets_per_s * PACKET_OVERHEAD_BITS + sound->payload_bps;
    uint8_t distance = heavy ? 2 : 1;
    while (distance > 0 && plain_bps + (uint64_t)distance * sound->payload_bps > budget_bps)
        distance--;
    return distance;
}
