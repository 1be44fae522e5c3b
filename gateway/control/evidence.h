/* What the media plane saw of the four tracks of a 1:1 consultation, turned into facts, gaps and events
 * (rule JP-OC-1.6-02, promise P7). Pure: time is a parameter, no I/O.
 *
 * Thread: control.   Owner: struct live_consultation.   Bound: EVIDENCE_TRACKS.
 * A track counts as live after `live_after_us` of uninterrupted arrival; a gap longer than gap_warn makes it not live;
 * longer than gap_pause is a loss that the state machine hears about. Shorter gaps change nothing. */
#ifndef GATEWAY_CONTROL_EVIDENCE_H
#define GATEWAY_CONTROL_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/consultation/consultation.h"

enum track {
    TRACK_PATIENT_AUDIO,
    TRACK_PATIENT_VIDEO,
    TRACK_PHYSICIAN_AUDIO,
    TRACK_PHYSICIAN_VIDEO,
    EVIDENCE_TRACKS
};

const char *track_name(enum track track);
bool track_is_video(enum track track);
/* The pack's fact about this track, seen from the patient: a_up, v_up, a_down, v_down. */
const char *track_fact(enum track track);

struct track_evidence {
    bool arriving;        /* as the relay sees it now */
    bool said_live;       /* the fact was last supplied as true */
    bool said_known;      /* the fact was supplied at all */
    bool said_lost;       /* a loss was told and not taken back */
    int64_t since_us;     /* monotonic: of the present arrival or gap */
    int64_t gap_total_us; /* of gaps that ended, longer than gap_warn */
};

struct evidence {
    struct track_evidence tracks[EVIDENCE_TRACKS];
    bool watching; /* gates are open: gaps count from here */
};

enum evidence_kind {
    EVIDENCE_LIVE,    /* supply the fact true */
    EVIDENCE_STOPPED, /* supply the fact false: gap > gap_warn */
    EVIDENCE_LOST,    /* gap > gap_pause: PICTURE_LOST or SOUND_LOST */
    EVIDENCE_BACK,    /* after LOST: arriving again for live_after_us */
    EVIDENCE_GAP,     /* a gap > gap_warn ended: length_us, for the record */
};

struct evidence_finding {
    enum evidence_kind kind;
    enum track track;
    int64_t length_us;
};

#define EVIDENCE_FINDINGS_MAX  (EVIDENCE_TRACKS * 4)
#define EVIDENCE_LIVE_AFTER_US (3 * 1000000ll) /* JP-OC-1.6-02: all four for ≥ 3 s (time is ours) */

/* The gates opened or closed; on opening every track starts as a fresh gap. */
void evidence_watch(struct evidence *evidence, bool watching, int64_t now_us);
/* The relay says a track began (`arriving`) or stopped to arrive. */
void evidence_flow(struct evidence *evidence, enum track track, bool arriving, int64_t now_us,
                   int64_t gap_us);
/* The publisher's endpoint is gone: nothing arrives. */
void evidence_endpoint_lost(struct evidence *evidence, bool patient, int64_t now_us);
/* What there is to tell by now; to be called about twice a second. Returns the number of findings. */
uint32_t evidence_findings(struct evidence *evidence, const struct practice_parameters *parameters,
                           int64_t now_us, struct evidence_finding *ret_findings);
/* Length of the present gap of a track, 0 when it arrives. */
int64_t evidence_gap_us(const struct evidence *evidence, enum track track, int64_t now_us);

#endif
