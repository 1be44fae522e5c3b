#include "gateway/control/device_offer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway/base/random.h"
#include "gateway/control/negotiation.h"
#include "signaling/sdp/sdp.h"

#define PLAYED_OF_A_KIND_MAX 5 /* everybody else in a consultation of six */

static const uint32_t OUR_FEEDBACK[MEDIA_CODEC_COUNT] = {
    [MEDIA_CODEC_OPUS] = SDP_FEEDBACK_TRANSPORT_CC,
    [MEDIA_CODEC_VP8] = SDP_FEEDBACK_NACK | SDP_FEEDBACK_NACK_PLI | SDP_FEEDBACK_CCM_FIR |
                        SDP_FEEDBACK_GOOG_REMB | SDP_FEEDBACK_TRANSPORT_CC,
    [MEDIA_CODEC_H264] = SDP_FEEDBACK_NACK | SDP_FEEDBACK_NACK_PLI | SDP_FEEDBACK_CCM_FIR |
                         SDP_FEEDBACK_GOOG_REMB | SDP_FEEDBACK_TRANSPORT_CC,
};

/* ---- reading --------------------------------------------------------------------------------------------------- */

/* RFC 6184 §8.1: profile-level-id begins with the profile; 0x42 is baseline, and so is its absence. */
static bool is_baseline(const char *fmtp)
{
    const char *profile = strcasestr(fmtp, "profile-level-id=");
    return profile == NULL || strncasecmp(profile + strlen("profile-level-id="), "42", 2) == 0;
}

static enum media_codec usable_codec(const struct sdp_codec *codec, enum media_kind kind)
{
    enum media_codec found = negotiation_codec_of(codec);
    bool sound = found == MEDIA_CODEC_OPUS;
    bool picture = found == MEDIA_CODEC_VP8 || found == MEDIA_CODEC_H264;
    if (codec->payload_type == 0 || (kind == MEDIA_AUDIO ? !sound : !picture))
        return MEDIA_CODEC_NONE;
    return found == MEDIA_CODEC_H264 && !is_baseline(codec->fmtp) ? MEDIA_CODEC_NONE : found;
}

static uint8_t rtx_of(const struct sdp_media *media, uint8_t payload_type)
{
    for (uint32_t i = 0; i < media->codecs_count; i++)
        if (media->codecs[i].has_apt && media->codecs[i].apt == payload_type &&
            strcasecmp(media->codecs[i].name, "rtx") == 0)
            return media->codecs[i].payload_type;
    return 0;
}

/* The first of each kind we relay, in the device's numbers. */
static void read_codecs(const struct sdp_media *media, enum media_kind kind,
                        struct device_offer *offer)
{
    struct media_maps *maps = &offer->maps;
    for (uint32_t i = 0; i < media->codecs_count; i++) {
        const struct sdp_codec *offered = &media->codecs[i];
        enum media_codec codec = usable_codec(offered, kind);
        if (codec == MEDIA_CODEC_NONE || maps->payload_type[codec] != 0)
            continue;
        if (codec == MEDIA_CODEC_H264) {
            offer->h264_first = maps->payload_type[MEDIA_CODEC_VP8] == 0;
            snprintf(offer->h264_fmtp, sizeof(offer->h264_fmtp), "%s", offered->fmtp);
        }
        maps->payload_type[codec] = offered->payload_type;
        if (kind == MEDIA_VIDEO)
            maps->rtx_payload_type[codec] = rtx_of(media, offered->payload_type);
        offer->feedback[codec] = offered->feedback & OUR_FEEDBACK[codec];
    }
}

/* One set of numbers serves the whole endpoint, so all m-lines of a kind have to agree with the first. */
static bool numbers_agree(const struct sdp_media *media, enum media_kind kind,
                          const struct device_offer *offer)
{
    struct device_offer other = {.publishes = offer->publishes};
    read_codecs(media, kind, &other);
    for (int codec = 0; codec < MEDIA_CODEC_COUNT; codec++)
        if ((codec == MEDIA_CODEC_OPUS) == (kind == MEDIA_AUDIO) &&
            other.maps.payload_type[codec] != offer->maps.payload_type[codec])
            return false;
    return true;
}

static bool extensions_agree(const struct sdp_media *media, const struct media_maps *maps)
{
    struct media_maps other = {.payload_type = {0}};
    negotiation_read_extensions(media, &other);
    for (int i = 0; i < MEDIA_EXTENSION_COUNT; i++)
        for (int k = 0; k < MEDIA_EXTENSION_COUNT; k++) {
            bool same_id =
                other.extension_id[i] != 0 && other.extension_id[i] == maps->extension_id[k];
            bool same = other.extension_id[i] == 0 || maps->extension_id[i] == 0 ||
                        other.extension_id[i] == maps->extension_id[i];
            if (!same || (i != k && same_id))
                return false;
        }
    return true;
}

static unsigned lines_of_kind(const struct device_offer *offer, enum media_kind kind)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < offer->slots_count; i++)
        count += offer->slots[i].kind == kind;
    return count;
}

/* An answer may only name what the same m-line offered (RFC 8285 §5). */
static void read_extensions(const struct sdp_media *media, enum media_kind kind,
                            struct device_offer *offer)
{
    struct media_maps here = {.payload_type = {0}};
    negotiation_read_extensions(media, &here);
    negotiation_read_extensions(media, &offer->maps);
    bool first = lines_of_kind(offer, kind) == 0;
    uint8_t bits = 0;
    for (int i = 0; i < MEDIA_EXTENSION_COUNT; i++)
        bits |= (uint8_t)((here.extension_id[i] != 0) << i);
    offer->extensions[kind] = first ? bits : offer->extensions[kind] & bits;
}

static bool has_format(const struct device_offer *offer, enum media_kind kind)
{
    const uint8_t *types = offer->maps.payload_type;
    if (kind == MEDIA_AUDIO)
        return types[MEDIA_CODEC_OPUS] != 0;
    /* Browsers send VP8, our first choice, and nobody here turns one format into another. */
    return types[MEDIA_CODEC_VP8] != 0 || (offer->publishes && types[MEDIA_CODEC_H264] != 0);
}

static void fill_slot(struct device_offer *offer, const struct sdp_media *media,
                      enum media_kind kind)
{
    struct media_slot *slot = &offer->slots[offer->slots_count++];
    *slot = (struct media_slot){.kind = kind, .up = offer->publishes};
    snprintf(slot->mid, sizeof(slot->mid), "%s", media->mid);
    if (slot->up && media->ssrcs_count > 0) {
        slot->ssrc = media->ssrcs[0].ssrc;
        slot->rtx_ssrc = media->ssrcs[0].rtx_ssrc;
    } else if (!slot->up) {
        bool rtx = offer->maps.rtx_payload_type[MEDIA_CODEC_VP8] != 0 ||
                   offer->maps.rtx_payload_type[MEDIA_CODEC_H264] != 0;
        slot->ssrc = random_u32() | 1; /* 0 means none here */
        slot->rtx_ssrc = kind == MEDIA_VIDEO && rtx ? random_u32() | 1 : 0;
    }
}

static enum device_offer_flaw read_line(const struct sdp_media *media, bool alone,
                                        struct device_offer *offer)
{
    enum media_kind kind = media->kind == SDP_AUDIO ? MEDIA_AUDIO : MEDIA_VIDEO;
    enum sdp_direction wanted = offer->publishes ? SDP_SENDONLY : SDP_RECVONLY;
    if (media->kind == SDP_OTHER || media->rejected)
        return DEVICE_OFFER_OTHER_MEDIA;
    if (lines_of_kind(offer, kind) == (offer->publishes ? 1 : PLAYED_OF_A_KIND_MAX) ||
        offer->slots_count == MEDIA_SLOTS_MAX)
        return DEVICE_OFFER_TRACKS;
    if (media->direction != wanted && media->direction != SDP_SENDRECV)
        return DEVICE_OFFER_DIRECTION;
    if (media->mid[0] == 0 || !media->rtcp_mux || (!media->bundled && !alone))
        return DEVICE_OFFER_BUNDLE;
    bool first = lines_of_kind(offer, kind) == 0;
    if (first)
        read_codecs(media, kind, offer);
    if (!has_format(offer, kind))
        return kind == MEDIA_AUDIO ? DEVICE_OFFER_NO_SOUND : DEVICE_OFFER_NO_PICTURE;
    if ((!first && !numbers_agree(media, kind, offer)) || !extensions_agree(media, &offer->maps))
        return DEVICE_OFFER_NUMBERS;
    read_extensions(media, kind, offer);
    fill_slot(offer, media, kind);
    return DEVICE_OFFER_NONE;
}

/* One transport: that of the first m-line, which sdp_parse has handed to all of the bundle. */
static enum device_offer_flaw read_transport(const struct sdp_description *description,
                                             struct device_offer *offer)
{
    const struct sdp_media *transport = &description->media[0];
    const struct sdp_fingerprint *fingerprint = &transport->fingerprint;
    if (description->ice_lite || transport->ice_ufrag[0] == 0 || transport->ice_pwd[0] == 0 ||
        !text_copy(offer->theirs.ufrag, sizeof(offer->theirs.ufrag), transport->ice_ufrag) ||
        !text_copy(offer->theirs.pwd, sizeof(offer->theirs.pwd), transport->ice_pwd))
        return DEVICE_OFFER_ICE;
    if (fingerprint->length == 0 || fingerprint->length > sizeof(offer->fingerprint.bytes) ||
        !text_copy(offer->fingerprint.hash, sizeof(offer->fingerprint.hash), fingerprint->hash))
        return DEVICE_OFFER_FINGERPRINT;
    memcpy(offer->fingerprint.bytes, fingerprint->bytes, fingerprint->length);
    offer->fingerprint.length = fingerprint->length;
    if (transport->setup != SDP_SETUP_ACTPASS && transport->setup != SDP_SETUP_ACTIVE)
        return DEVICE_OFFER_SETUP;
    return DEVICE_OFFER_NONE;
}

/* A slot of another payload type may be the same number in sound and picture: then nobody could tell them apart. */
static bool payload_types_are_distinct(const struct media_maps *maps)
{
    bool seen[128] = {false};
    for (int i = 0; i < 2 * MEDIA_CODEC_COUNT; i++) {
        uint8_t type = i < MEDIA_CODEC_COUNT ? maps->payload_type[i]
                                             : maps->rtx_payload_type[i - MEDIA_CODEC_COUNT];
        if (type == 0)
            continue;
        if (type >= ARRAY_LENGTH(seen) || seen[type])
            return false;
        seen[type] = true;
    }
    return true;
}

static bool is_taken(const struct media_maps *maps, uint8_t type, int by)
{
    for (int codec = 0; codec < MEDIA_CODEC_COUNT; codec++)
        if (maps->payload_type[codec] == type ||
            (codec != by && maps->rtx_payload_type[codec] == type))
            return true;
    return false;
}

/* A retransmission format whose number means something else in the bundle is left out of the answer: webrtcbin 1.22 gives
 * RTX the first number free in its own m-line. The stream does without. */
static void drop_ambiguous_rtx(struct device_offer *offer)
{
    struct media_maps *maps = &offer->maps;
    bool any = false;
    for (int codec = 0; codec < MEDIA_CODEC_COUNT; codec++) {
        uint8_t *rtx = &maps->rtx_payload_type[codec];
        if (*rtx != 0 && is_taken(maps, *rtx, codec))
            *rtx = 0;
        any = any || *rtx != 0;
    }
    for (uint32_t i = 0; i < offer->slots_count && !any; i++)
        offer->slots[i].rtx_ssrc = 0;
}

static enum device_offer_flaw read_description(const struct sdp_description *description,
                                               struct device_offer *offer)
{
    if (description->media_count == 0)
        return DEVICE_OFFER_NO_MEDIA;
    for (uint32_t i = 0; i < description->media_count; i++) {
        enum device_offer_flaw flaw =
            read_line(&description->media[i], description->media_count == 1, offer);
        if (flaw != DEVICE_OFFER_NONE)
            return flaw;
        for (uint32_t k = 0; k + 1 < offer->slots_count; k++)
            if (strcmp(offer->slots[k].mid, offer->slots[i].mid) == 0)
                return DEVICE_OFFER_BUNDLE;
    }
    drop_ambiguous_rtx(offer);
    if (!payload_types_are_distinct(&offer->maps))
        return DEVICE_OFFER_NUMBERS;
    return read_transport(description, offer);
}

enum result device_offer_read(bool publishes, struct span sdp, struct device_offer *ret_offer,
                              enum device_offer_flaw *ret_flaw)
{
    struct sdp_description *description = calloc(1, sizeof(*description));
    *ret_flaw = DEVICE_OFFER_NONE;
    if (description == NULL)
        return RESULT_NO_MEMORY;
    *ret_offer = (struct device_offer){.publishes = publishes};
    random_bytes(&ret_offer->session_id, sizeof(ret_offer->session_id));
    ret_offer->session_id >>= 2; /* RFC 9429 §5.2.1: 62 bits */
    random_token(8, ret_offer->cname, sizeof(ret_offer->cname));
    enum result result = sdp_parse(sdp, description);
    if (!result_ok(result))
        *ret_flaw = DEVICE_OFFER_UNREADABLE;
    else
        *ret_flaw = read_description(description, ret_offer);
    free(description);
    if (result_ok(result) && *ret_flaw != DEVICE_OFFER_NONE)
        result = RESULT_UNSUPPORTED;
    return result;
}

/* ---- answering ------------------------------------------------------------------------------------------------- */

static void put_codec(const struct device_offer *offer, enum media_codec codec, const char *name,
                      const char *fmtp, struct sdp_media *media)
{
    uint8_t type = offer->maps.payload_type[codec], rtx = offer->maps.rtx_payload_type[codec];
    if (type == 0)
        return;
    struct sdp_codec *put = &media->codecs[media->codecs_count++];
    *put = (struct sdp_codec){.payload_type = type,
                              .channels = codec == MEDIA_CODEC_OPUS ? 2 : 0,
                              .clock = codec == MEDIA_CODEC_OPUS ? 48000 : 90000,
                              .feedback = offer->feedback[codec]};
    snprintf(put->name, sizeof(put->name), "%s", name);
    snprintf(put->fmtp, sizeof(put->fmtp), "%s", fmtp);
    if (rtx == 0)
        return;
    put = &media->codecs[media->codecs_count++];
    *put = (struct sdp_codec){.payload_type = rtx, .clock = 90000, .has_apt = true, .apt = type};
    snprintf(put->name, sizeof(put->name), "rtx");
    snprintf(put->fmtp, sizeof(put->fmtp), "apt=%u", type);
}

static void put_codecs(const struct device_offer *offer, enum media_kind kind,
                       struct sdp_media *media)
{
    if (kind == MEDIA_AUDIO) {
        put_codec(offer, MEDIA_CODEC_OPUS, "opus", "minptime=10;useinbandfec=1", media);
        return;
    }
    if (!offer->h264_first)
        put_codec(offer, MEDIA_CODEC_VP8, "VP8", "", media);
    put_codec(offer, MEDIA_CODEC_H264, "H264", offer->h264_fmtp, media);
    if (offer->h264_first)
        put_codec(offer, MEDIA_CODEC_VP8, "VP8", "", media);
}

static void put_extensions(const struct device_offer *offer, enum media_kind kind,
                           struct sdp_media *media)
{
    struct media_maps maps = offer->maps;
    for (int i = 0; i < MEDIA_EXTENSION_COUNT; i++)
        if ((offer->extensions[kind] & 1u << i) == 0)
            maps.extension_id[i] = 0;
    negotiation_put_extensions(&maps, media);
}

static void put_stream(const struct device_offer *offer, const struct media_slot *slot,
                       struct sdp_media *media)
{
    struct sdp_ssrc *ssrc = &media->ssrcs[media->ssrcs_count++];
    ssrc->ssrc = slot->ssrc;
    ssrc->rtx_ssrc = slot->rtx_ssrc;
    snprintf(ssrc->cname, sizeof(ssrc->cname), "%s", offer->cname);
    snprintf(media->msid, sizeof(media->msid), "%s %s%s", offer->cname,
             slot->kind == MEDIA_AUDIO ? "sound" : "picture", slot->mid);
}

static void put_line(const struct device_offer *offer, const struct media_slot *slot,
                     const struct media_ice *ice, const struct media_fingerprint *fingerprint,
                     struct sdp_media *ret_media)
{
    negotiation_put_line(slot, ice, fingerprint, SDP_SETUP_PASSIVE, ret_media);
    put_codecs(offer, slot->kind, ret_media);
    put_extensions(offer, slot->kind, ret_media);
    if (!slot->up)
        put_stream(offer, slot, ret_media);
}

enum result device_offer_answer(const struct device_offer *offer, const struct media_ice *ice,
                                const struct media_fingerprint *fingerprint,
                                const struct media_candidate *candidates, uint32_t candidates_count,
                                char *ret_text, size_t size)
{
    struct sdp_description *description = calloc(1, sizeof(*description));
    if (description == NULL)
        return RESULT_NO_MEMORY;
    description->session_id = offer->session_id;
    description->session_version = 1;
    description->ice_lite = true;
    description->media_count = offer->slots_count;
    for (uint32_t i = 0; i < offer->slots_count; i++)
        put_line(offer, &offer->slots[i], ice, fingerprint, &description->media[i]);
    negotiation_put_candidates(description, candidates, candidates_count);
    size_t length = 0;
    enum result result = sdp_write(description, ret_text, size, &length);
    free(description);
    return result;
}

void device_offer_remote(const struct device_offer *offer, struct media_command *ret_command)
{
    *ret_command = (struct media_command){.kind = MEDIA_COMMAND_ENDPOINT_REMOTE};
    ret_command->remote.ice = offer->theirs;
    ret_command->remote.fingerprint = offer->fingerprint;
    ret_command->remote.maps = offer->maps;
    ret_command->remote.slots_count = offer->slots_count;
    memcpy(ret_command->remote.slots, offer->slots, sizeof(offer->slots));
}

/* ---- names ----------------------------------------------------------------------------------------------------- */

static const struct {
    const char *code, *what, *todo;
} FLAWS[DEVICE_OFFER_FLAW_COUNT] = {
#define X(name, code, why, todo) {code, why, todo},
    DEVICE_OFFER_FLAW_LIST(X)
#undef X
};

const char *device_offer_flaw_code(enum device_offer_flaw flaw)
{
    return FLAWS[flaw].code;
}

const char *device_offer_flaw_what(enum device_offer_flaw flaw)
{
    return FLAWS[flaw].what;
}

const char *device_offer_flaw_todo(enum device_offer_flaw flaw)
{
    return FLAWS[flaw].todo;
}
