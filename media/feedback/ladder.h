/* The adaptation ladder: what one receiver gets on the line he has. Sound stays on every rung; picture goes first in size,
 * then altogether (P7).
 *
 *   rung      estimate B (kbit/s)   picture                      sound (what its sender is asked for)
 *   FAINT     < 30                  none                         12 kbit/s, 60 ms frames
 *   SOUND     30 … 80               none                         16 kbit/s (12 on a lossy line), 60 ms frames
 *   SMALL     80 … 200              ≤ 10 frames/s, 180 lines     free; on a lossy line 20 kbit/s, 60 ms frames
 *   MEDIUM    200 … 600             360 lines                    free
 *   FULL      > 600                 as the camera gives          free
 *
 * Down at once, when B is 15 % below the rung's edge; up when B stayed 15 % above the next edge for 5 s on a quiet line.
 * Without picture little is sent and B cannot grow past what is sent: then a line that has room gets the picture on
 * trial, and waits twice as long for the next one each time the trial fails.
 * Redundancy is apart from the rungs: on above 5 % loss of our own line, off below 2 % for 10 s, as far as B carries it.
 *
 * Thread: the worker that owns the endpoint. Embedded, no allocation; fields are private but `rung` and `lossy`.
 * Unknown estimate or loss: the ladder stays where it is. */
#ifndef MEDIA_FEEDBACK_LADDER_H
#define MEDIA_FEEDBACK_LADDER_H

#include <stdbool.h>
#include <stdint.h>

#include "media/feedback/link_state.h"
#include "media/media_command.h"

struct ladder {
    enum media_rung rung;
    bool lossy;        /* sound wants redundancy */
    int64_t better_us; /* since when B has been above the next edge on a quiet line; 0: it is not */
    uint32_t better_bps; /* lowest B since then */
    int64_t calm_us;     /* since when loss has been low; 0: it is not */
    int64_t roomy_us;    /* picture off: since when the line has had room; 0: it has not */
    int64_t trial_us;    /* when the running trial began; 0: none runs */
    int64_t trial_wait_us;
    uint32_t trial_bps; /* B when it began */
};

/* The sound as it is sent to this receiver without redundancy, over the last second or so. */
struct ladder_sound {
    uint32_t payload_bps;
    uint32_t packets_per_s;
};

/* What the sender of the sound is asked for; 0: free. */
struct ladder_sound_wish {
    uint32_t bitrate_bps;
    uint8_t frame_ms;
};

void ladder_init(struct ladder *ladder);
/* Something new is known of the line, or time has passed (at least once a second). `sent_bps`: all that goes to this
 * receiver, headers included. True: rung or lossy changed. */
bool ladder_update(struct ladder *ladder, const struct link_state *link, uint32_t sent_bps,
                   int64_t now_us);
struct ladder_sound_wish ladder_sound_wish(const struct ladder *ladder);
/* How many earlier frames may go with each packet of sound now: 0 … 2. */
uint8_t ladder_redundancy(const struct ladder *ladder, const struct link_state *link,
                          const struct ladder_sound *sound);

#endif
