#include "gateway/control/evidence.h"

#include <string.h>

static const struct {
    const char *name;
    const char *fact;
    bool video;
} TRACKS[EVIDENCE_TRACKS] = {
    [TRACK_PATIENT_AUDIO] = {"patient_audio", "a_up", false},
    [TRACK_PATIENT_VIDEO] = {"patient_video", "v_up", true},
    [TRACK_PHYSICIAN_AUDIO] = {"physician_audio", "a_down", false},
    [TRACK_PHYSICIAN_VIDEO] = {"physician_video", "v_down", true},
};

const char *track_name(enum track track)
{
    return TRACKS[track].name;
}

bool track_is_video(enum track track)
{
    return TRACKS[track].video;
}

const char *track_fact(enum track track)
{
    return TRACKS[track].fact;
}

void evidence_watch(struct evidence *evidence, bool watching, int64_t now_us)
{
    if (watching && !evidence->watching)
        for (unsigned i = 0; i < EVIDENCE_TRACKS; i++) {
            evidence->tracks[i].since_us = now_us;
            evidence->tracks[i].said_known = false;
            evidence->tracks[i].said_live = false;
            evidence->tracks[i].said_lost = false;
        }
    evidence->watching = watching;
}

void evidence_flow(struct evidence *evidence, enum track track, bool arriving, int64_t now_us,
                   int64_t gap_us)
{
    struct track_evidence *state = &evidence->tracks[track];
    if (state->arriving == arriving)
        return;
    state->arriving = arriving;
    /* A new endpoint knows nothing of the gap its predecessor left, so the longer of the two is the gap that was. */
    int64_t silent_us = state->said_known ? now_us - state->since_us : 0;
    if (arriving && evidence->watching)
        state->gap_total_us += gap_us > silent_us ? gap_us : silent_us;
    /* The relay notices a gap some time after it began and says how long it lasts by then. */
    state->since_us = arriving ? now_us : now_us - gap_us;
}

void evidence_endpoint_lost(struct evidence *evidence, bool patient, int64_t now_us)
{
    unsigned first = patient ? TRACK_PATIENT_AUDIO : TRACK_PHYSICIAN_AUDIO;
    evidence_flow(evidence, (enum track)first, false, now_us, 0);
    evidence_flow(evidence, (enum track)(first + 1), false, now_us, 0);
}

int64_t evidence_gap_us(const struct evidence *evidence, enum track track, int64_t now_us)
{
    const struct track_evidence *state = &evidence->tracks[track];
    return state->arriving ? 0 : now_us - state->since_us;
}

static uint32_t evidence_of_track(struct evidence *evidence, enum track track,
                                  const struct practice_parameters *parameters, int64_t now_us,
                                  struct evidence_finding *ret_findings)
{
    struct track_evidence *state = &evidence->tracks[track];
    uint32_t count = 0;
    int64_t lasted_us = now_us - state->since_us;
    bool live = state->arriving && lasted_us >= EVIDENCE_LIVE_AFTER_US;
    bool stopped = !state->arriving && lasted_us > parameters->gap_warn_us;
    bool lost = !state->arriving && lasted_us > parameters->gap_pause_us;

    if (live && (!state->said_known || !state->said_live)) {
        ret_findings[count++] = (struct evidence_finding){EVIDENCE_LIVE, track, 0};
        state->said_known = state->said_live = true;
    }
    if (stopped && (!state->said_known || state->said_live)) {
        ret_findings[count++] = (struct evidence_finding){EVIDENCE_STOPPED, track, lasted_us};
        state->said_known = true;
        state->said_live = false;
    }
    if (lost && !state->said_lost) {
        ret_findings[count++] = (struct evidence_finding){EVIDENCE_LOST, track, lasted_us};
        state->said_lost = true;
    }
    if (live && state->said_lost) {
        ret_findings[count++] = (struct evidence_finding){EVIDENCE_BACK, track, 0};
        state->said_lost = false;
    }
    if (state->arriving && state->gap_total_us > parameters->gap_warn_us) {
        ret_findings[count++] = (struct evidence_finding){EVIDENCE_GAP, track, state->gap_total_us};
        state->gap_total_us = 0;
    } else if (state->arriving) {
        state->gap_total_us = 0;
    }
    return count;
}

uint32_t evidence_findings(struct evidence *evidence, const struct practice_parameters *parameters,
                           int64_t now_us, struct evidence_finding *ret_findings)
{
    if (!evidence->watching)
        return 0;
    uint32_t count = 0;
    for (unsigned i = 0; i < EVIDENCE_TRACKS; i++)
        count +=
            evidence_of_track(evidence, (enum track)i, parameters, now_us, ret_findings + count);
    return count;
}
