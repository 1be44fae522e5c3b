/* The other direction of negotiation: a device (WHIP publishes, WHEP plays) offers, the gateway answers (RFC 3264 §6) in
 * the device's own numbers: its payload types, extension ids and mids go into the endpoint's maps, so a packet is
 * renumbered on its way between two that count differently.
 *
 * All or nothing (RFC 9725 §4.5): an offer with a part we cannot serve is refused whole, with the flaw by name.
 * Thread: control. Pure; heap only for one sdp_description inside a call.
 * Sources: RFC 9725 §4.4, 3264, 9143 (BUNDLE), 5763 §5 (setup), 6184 §8.1 (H.264 profiles), 8285, 4588. */
#ifndef GATEWAY_CONTROL_DEVICE_OFFER_H
#define GATEWAY_CONTROL_DEVICE_OFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"
#include "media/media.h"

/* X(NAME, code, why, what to do) */
#define DEVICE_OFFER_FLAW_LIST(X)                                                                  \
    X(NONE, "none", "", "")                                                                        \
    X(UNREADABLE, "sdp", "The offer cannot be read.", "Send an SDP offer (RFC 8866).")             \
    X(NO_MEDIA, "no_media", "The offer has neither sound nor picture.",                            \
      "Offer an audio or a video m-line with UDP/TLS/RTP/SAVPF.")                                  \
    X(OTHER_MEDIA, "other_media", "The offer has an m-line that is neither sound nor picture.",    \
      "Leave data channels and rejected m-lines out.")                                             \
    X(TRACKS, "tracks", "The offer has more m-lines than can be served.",                          \
      "Publish at most one sound and one picture; play at most five of each.")                     \
    X(DIRECTION, "direction", "An m-line has the wrong direction.",                                \
      "Publish with sendonly, play with recvonly.")                                                \
    X(NO_SOUND, "no_sound", "No sound format in common.", "Offer Opus at 48000 Hz.")               \
    X(NO_PICTURE, "no_picture", "No picture format in common.",                                    \
      "To publish offer VP8 or H.264 constrained baseline with packetization-mode=1; to play "     \
      "offer VP8.")                                                                                \
    X(NUMBERS, "numbers", "Two m-lines give one format different numbers.",                        \
      "Use the same payload types in all m-lines of a kind.")                                      \
    X(BUNDLE, "bundle", "All m-lines have to share one transport.",                                \
      "Offer a=group:BUNDLE with all of them, a=mid in each, and a=rtcp-mux.")                     \
    X(ICE, "ice", "The offer has no usable ICE credentials, or is ICE-lite like the gateway.",     \
      "Offer a full ICE agent with a=ice-ufrag and a=ice-pwd.")                                    \
    X(FINGERPRINT, "fingerprint", "The offer has no certificate fingerprint.",                     \
      "Offer a=fingerprint with sha-256 or longer.")                                               \
    X(SETUP, "setup", "The gateway is the DTLS server.", "Offer a=setup:actpass or active.")

enum device_offer_flaw {
#define X(name, code, why, todo) DEVICE_OFFER_##name,
    DEVICE_OFFER_FLAW_LIST(X)
#undef X
        DEVICE_OFFER_FLAW_COUNT
};

#define DEVICE_H264_FMTP_SIZE 200

/* What one endpoint of a device agreed on; kept until it closes. */
struct device_offer {
    bool publishes;
    uint64_t session_id;
    char cname[MEDIA_CNAME_SIZE];
    struct media_ice theirs;
    struct media_fingerprint fingerprint;
    struct media_maps maps;
    uint32_t feedback[MEDIA_CODEC_COUNT]; /* bits of enum sdp_feedback that both know */
    uint8_t
        extensions[MEDIA_KIND_COUNT]; /* bit per enum media_extension, as offered for the kind */
    bool h264_first;                  /* the device prefers it to VP8 */
    char h264_fmtp[DEVICE_H264_FMTP_SIZE];
    uint32_t slots_count;
    struct media_slot slots[MEDIA_SLOTS_MAX]; /* one per m-line, in order */
};

/* RESULT_OK, else what sdp_parse says (DEVICE_OFFER_UNREADABLE) or RESULT_UNSUPPORTED with the flaw. Down slots get fresh
 * SSRCs, the session a fresh id. */
MUST_CHECK enum result device_offer_read(bool publishes, struct span sdp,
                                         struct device_offer *ret_offer,
                                         enum device_offer_flaw *ret_flaw);
/* The answer: ICE-lite, setup:passive, our candidates, our SSRCs. `ice` is ours. */
MUST_CHECK enum result device_offer_answer(const struct device_offer *offer,
                                           const struct media_ice *ice,
                                           const struct media_fingerprint *fingerprint,
                                           const struct media_candidate *candidates,
                                           uint32_t candidates_count, char *ret_text, size_t size);
/* Fills kind and the `remote` part of a media command. */
void device_offer_remote(const struct device_offer *offer, struct media_command *ret_command);

const char *device_offer_flaw_code(enum device_offer_flaw flaw);
const char *device_offer_flaw_what(enum device_offer_flaw flaw);
const char *device_offer_flaw_todo(enum device_offer_flaw flaw);

#endif
