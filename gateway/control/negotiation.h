/* SDP ↔ media parameters: the gateway always offers (architecture §3), one BUNDLE transport, fixed numbers; the answer
 * says what the browser made of it. Pure; heap only for one sdp_description inside a call.
 *
 * Thread: control. Errors: RESULT_UNSUPPORTED when the answer cannot carry a consultation (no usable audio or video
 * codec, m-lines moved), RESULT_INVALID for missing ICE or fingerprint, else what sdp_parse says.
 * Sources: RFC 9429 (JSEP), 8839 (ICE), 8122 (fingerprint), 9143 (BUNDLE, mid), 8285 (extensions), 4588 (RTX). */
#ifndef GATEWAY_CONTROL_NEGOTIATION_H
#define GATEWAY_CONTROL_NEGOTIATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "media/media.h"
#include "signaling/sdp/sdp.h"

#define NEGOTIATION_SLOTS      4 /* between two: mic up, cam up, sound down, picture down */
#define NEGOTIATION_PEOPLE_MAX 5 /* others whom one can hear and see */
#define NEGOTIATION_SLOTS_MAX  (2 + 2 * NEGOTIATION_PEOPLE_MAX + 2)

/* The first four; whatever more there is comes behind them, in the order it was needed. */
enum negotiation_slot { SLOT_AUDIO_UP, SLOT_VIDEO_UP, SLOT_AUDIO_DOWN, SLOT_VIDEO_DOWN };

/* What goes through an m-line; `line` counts the others for the two down kinds and is 0 else. */
enum negotiation_track { TRACK_AUDIO, TRACK_VIDEO, TRACK_SCREEN, NEGOTIATION_TRACKS };
struct negotiation_use {
    enum negotiation_track track;
    bool up;
    uint8_t line;
};

/* How this endpoint's sound is asked for. All zero: as the browser likes. */
struct negotiation_sound {
    uint32_t bitrate_bps; /* maxaveragebitrate, RFC 7587 §6.1; 0: free */
    uint8_t frame_ms;     /* a=ptime, RFC 8866 §6.4; 0: free */
    bool redundant;       /* RED (RFC 2198) before plain Opus: a browser sends what comes first */
};

/* What one endpoint was offered; kept until it closes. */
struct negotiation_offer {
    uint64_t session_id;
    uint64_t version;
    struct media_ice ice;
    char cname[MEDIA_CNAME_SIZE];
    uint8_t slots_count;
    struct media_slot slots[NEGOTIATION_SLOTS_MAX];
    struct negotiation_use uses[NEGOTIATION_SLOTS_MAX];
    struct negotiation_sound sound;
};

/* Fresh SSRCs and names; `ice` is ours (media_ice_new). */
void negotiation_offer_init(const struct media_ice *ice, struct negotiation_offer *ret_offer);
/* One more m-line behind the others, once each; false when it is there already. The next offer has to say so. */
bool negotiation_offer_add(struct negotiation_offer *offer, enum negotiation_track track, bool up,
                           uint8_t line);
/* Index of that m-line, or -1. */
int negotiation_offer_find(const struct negotiation_offer *offer, enum negotiation_track track,
                           bool up, uint8_t line);
/* Sound and picture down for everybody there can be: false when they were there. */
bool negotiation_offer_widen(struct negotiation_offer *offer);
/* The next version of the same offer: m-lines were added. */
void negotiation_offer_again(struct negotiation_offer *offer);
/* New credentials and the next version, same m-lines: an ICE restart (RFC 8445 §9). */
void negotiation_offer_restart(struct negotiation_offer *offer, const struct media_ice *ice);
/* The next version, same m-lines and transport, the sound asked for in another way. */
void negotiation_offer_sound(struct negotiation_offer *offer,
                             const struct negotiation_sound *sound);

MUST_CHECK enum result negotiation_write(const struct negotiation_offer *offer,
                                         const struct media_fingerprint *fingerprint,
                                         const struct media_candidate *candidates,
                                         uint32_t candidates_count, char *ret_text, size_t size);

/* Fills the `remote` part of a media command. */
MUST_CHECK enum result negotiation_read_answer(const struct negotiation_offer *offer,
                                               const char *sdp, size_t length,
                                               struct media_command *ret_command);

/* ---- what both directions of negotiation share ------------------------------------------------------------------ */

/* An m-line without its formats: the slot's kind, direction and mid, and what all lines of our transport repeat. */
void negotiation_put_line(const struct media_slot *slot, const struct media_ice *ice,
                          const struct media_fingerprint *fingerprint, enum sdp_setup setup,
                          struct sdp_media *ret_media);
void negotiation_put_candidates(struct sdp_description *description,
                                const struct media_candidate *candidates,
                                uint32_t candidates_count);
/* MEDIA_CODEC_NONE for what we do not relay. */
enum media_codec negotiation_codec_of(const struct sdp_codec *codec);
/* Ids of the extensions we understand; what an id is called is the peer's choice (RFC 8285 §5). */
void negotiation_read_extensions(const struct sdp_media *media, struct media_maps *maps);
void negotiation_put_extensions(const struct media_maps *maps, struct sdp_media *media);

#endif
