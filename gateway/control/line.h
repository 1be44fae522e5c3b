/* What people's lines carry, and what each person's browser is therefore asked to send. Pure.
 *
 * A stream goes to everybody alike, so the receiver with the best line decides about it; who cannot carry it is paused by
 * the relay alone (one weak line is no reason to make another one's picture small). With two people that is the other one.
 * The sender's own line counts too: where little comes down, little is taken to go up, and his sound is kept small.
 *
 * Thread: control.   Owner: struct live_seat. */
#ifndef GATEWAY_CONTROL_LINE_H
#define GATEWAY_CONTROL_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/control/negotiation.h"
#include "media/media_command.h"

/* The line of one seat, both ways. */
struct line {
    enum media_rung rung;           /* towards it: the relay's ladder */
    struct negotiation_sound sound; /* what the ladder wants senders to it to do */
    bool uplink_lossy;              /* from it to us: its sound should carry redundancy */
    int64_t uplink_calm_us;         /* since when it loses little; 0: it does not */
};

/* What one browser is asked to send. */
struct sending {
    bool picture;
    uint16_t lines; /* of the picture at most; 0: as the camera gives it */
    uint8_t frames_per_second;
    uint32_t picture_bps;
    struct negotiation_sound sound;
};

void line_init(struct line *line);
/* The relay's ladder moved. */
void line_ladder(struct line *line, const struct media_event *event);
/* Loss from this browser to us over the last seconds: redundancy above 10 %, none after 30 s below 2 %. */
void line_uplink(struct line *line, uint16_t loss_permille, int64_t now_us);

/* `receivers`: the lines of those who get this person's sound and picture; none: everything is free. */
struct sending line_sending(const struct line *own, const struct line *const *receivers,
                            unsigned receivers_count);
bool sending_picture_equal(const struct sending *a, const struct sending *b);
bool sending_sound_equal(const struct negotiation_sound *a, const struct negotiation_sound *b);

/* "full", "medium", "small", "sound", "faint": for pages. */
const char *line_word(enum media_rung rung);

#endif
