#include "gateway/control/negotiation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway/base/check.h"
#include "gateway/base/random.h"

/* Our payload types; any unused dynamic numbers would do (RFC 3551 §6). */
#define PT_OPUS     111
#define PT_RED      63
#define PT_VP8      96
#define PT_VP8_RTX  97
#define PT_H264     102
#define PT_H264_RTX 103

static const struct {
    enum media_extension extension;
    uint8_t id;
    bool audio, video;
    const char *uri;
} EXTENSIONS[] = {
    {MEDIA_EXTENSION_AUDIO_LEVEL, 1, true, false, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"},
    {MEDIA_EXTENSION_ABS_SEND_TIME, 2, true, true,
     "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"},
    {MEDIA_EXTENSION_TRANSPORT_CC, 3, true, true,
     "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"},
    {MEDIA_EXTENSION_MID, 4, true, true, "urn:ietf:params:rtp-hdrext:sdes:mid"},
    {MEDIA_EXTENSION_PLAYOUT_DELAY, 5, false, true,
     "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"},
    {MEDIA_EXTENSION_ABS_CAPTURE_TIME, 6, true, true,
     "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"},
};

#define VIDEO_FEEDBACK                                                                             \
    (SDP_FEEDBACK_NACK | SDP_FEEDBACK_NACK_PLI | SDP_FEEDBACK_CCM_FIR | SDP_FEEDBACK_GOOG_REMB |   \
     SDP_FEEDBACK_TRANSPORT_CC)

/* Discontinuous transmission (usedtx) makes a silent or muted voice cost one packet in 400 ms. */
static const struct sdp_codec OPUS = {
    .payload_type = PT_OPUS,
    .channels = 2,
    .clock = 48000,
    .feedback = SDP_FEEDBACK_TRANSPORT_CC,
    .name = "opus",
    .fmtp = "minptime=10;useinbandfec=1;usedtx=1",
};
static const struct sdp_codec RED = {
    .payload_type = PT_RED,
    .channels = 2,
    .clock = 48000,
    .feedback = SDP_FEEDBACK_TRANSPORT_CC,
    .name = "red",
    .fmtp = "111/111",
};

static const struct sdp_codec VIDEO_CODECS[] = {
    {.payload_type = PT_VP8, .clock = 90000, .feedback = VIDEO_FEEDBACK, .name = "VP8"},
    {.payload_type = PT_VP8_RTX,
     .has_apt = true,
     .apt = PT_VP8,
     .clock = 90000,
     .name = "rtx",
     .fmtp = "apt=96"},
    {.payload_type = PT_H264,
     .clock = 90000,
     .feedback = VIDEO_FEEDBACK,
     .name = "H264",
     .fmtp = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"},
    {.payload_type = PT_H264_RTX,
     .has_apt = true,
     .apt = PT_H264,
     .clock = 90000,
     .name = "rtx",
     .fmtp = "apt=102"},
};

int negotiation_offer_find(const struct negotiation_offer *offer, enum negotiation_track track,
                           bool up, uint8_t line)
{
    for (int i = 0; i < offer->slots_count; i++)
        if (offer->uses[i].track == track && offer->uses[i].up == up && offer->uses[i].line == line)
            return i;
    return -1;
}

bool negotiation_offer_add(struct negotiation_offer *offer, enum negotiation_track track, bool up,
                           uint8_t line)
{
    if (negotiation_offer_find(offer, track, up, line) >= 0)
        return false;
    CHECK(offer->slots_count < NEGOTIATION_SLOTS_MAX);
    unsigned i = offer->slots_count++;
    struct media_slot *slot = &offer->slots[i];
    offer->uses[i] = (struct negotiation_use){.track = track, .up = up, .line = line};
    snprintf(slot->mid, sizeof(slot->mid), "%u", i);
    slot->kind = track == TRACK_AUDIO ? MEDIA_AUDIO : MEDIA_VIDEO;
    slot->up = up;
    if (!up) {
        slot->ssrc = random_u32() | 1; /* 0 means none here */
        slot->rtx_ssrc = slot->kind == MEDIA_VIDEO ? random_u32() | 1 : 0;
    }
    return true;
}

bool negotiation_offer_widen(struct negotiation_offer *offer)
{
    bool added = false;
    for (uint8_t line = 0; line < NEGOTIATION_PEOPLE_MAX; line++) {
        added |= negotiation_offer_add(offer, TRACK_AUDIO, false, line);
        added |= negotiation_offer_add(offer, TRACK_VIDEO, false, line);
    }
    return added;
}

void negotiation_offer_again(struct negotiation_offer *offer)
{
    offer->version++;
}

void negotiation_offer_restart(struct negotiation_offer *offer, const struct media_ice *ice)
{
    offer->version++;
    offer->ice = *ice;
}

void negotiation_offer_sound(struct negotiation_offer *offer, const struct negotiation_sound *sound)
{
    offer->version++;
    offer->sound = *sound;
}

void negotiation_offer_init(const struct media_ice *ice, struct negotiation_offer *ret_offer)
{
    memset(ret_offer, 0, sizeof(*ret_offer));
    random_bytes(&ret_offer->session_id, sizeof(ret_offer->session_id));
    ret_offer->session_id >>= 2; /* RFC 9429 §5.2.1: 62 bits */
    ret_offer->version = 1;
    ret_offer->ice = *ice;
    random_token(8, ret_offer->cname, sizeof(ret_offer->cname));
    for (int up = 1; up >= 0; up--) {
        negotiation_offer_add(ret_offer, TRACK_AUDIO, up, 0);
        negotiation_offer_add(ret_offer, TRACK_VIDEO, up, 0);
    }
}

/* What comes up is asked for as the lines need it; what goes down may come either way. */
static void negotiation_write_sound(const struct negotiation_sound *sound, bool up,
                                    struct sdp_media *media)
{
    bool red_first = up && sound->redundant;
    struct sdp_codec *opus = &media->codecs[red_first ? 1 : 0];
    media->codecs_count = 2;
    *opus = OPUS;
    media->codecs[red_first ? 0 : 1] = RED;
    if (!up)
        return;
    media->ptime_ms = sound->frame_ms;
    size_t used = strlen(opus->fmtp);
    if (sound->bitrate_bps != 0)
        snprintf(opus->fmtp + used, sizeof(opus->fmtp) - used, ";maxaveragebitrate=%u",
                 (unsigned)sound->bitrate_bps);
}

void negotiation_put_line(const struct media_slot *slot, const struct media_ice *ice,
                          const struct media_fingerprint *fingerprint, enum sdp_setup setup,
                          struct sdp_media *ret_media)
{
    *ret_media = (struct sdp_media){
        .kind = slot->kind == MEDIA_AUDIO ? SDP_AUDIO : SDP_VIDEO,
        .bundled = true,
        .rtcp_mux = true,
        .rtcp_rsize = true,
        .end_of_candidates = true,
        .port = 9,
        .direction = slot->up ? SDP_RECVONLY : SDP_SENDONLY,
        .setup = setup,
    };
    snprintf(ret_media->mid, sizeof(ret_media->mid), "%s", slot->mid);
    snprintf(ret_media->ice_ufrag, sizeof(ret_media->ice_ufrag), "%s", ice->ufrag);
    snprintf(ret_media->ice_pwd, sizeof(ret_media->ice_pwd), "%s", ice->pwd);
    snprintf(ret_media->fingerprint.hash, sizeof(ret_media->fingerprint.hash), "%s",
             fingerprint->hash);
    memcpy(ret_media->fingerprint.bytes, fingerprint->bytes, fingerprint->length);
    ret_media->fingerprint.length = fingerprint->length;
}

static void negotiation_write_media(const struct negotiation_offer *offer,
                                    const struct media_fingerprint *fingerprint, unsigned index,
                                    struct sdp_media *ret_media)
{
    const struct media_slot *slot = &offer->slots[index];
    bool audio = slot->kind == MEDIA_AUDIO;
    /* Browsers answer actpass with active, so we are the DTLS server. */
    negotiation_put_line(slot, &offer->ice, fingerprint, SDP_SETUP_ACTPASS, ret_media);
    if (audio) {
        negotiation_write_sound(&offer->sound, slot->up, ret_media);
    } else {
        ret_media->codecs_count = ARRAY_LENGTH(VIDEO_CODECS);
        memcpy(ret_media->codecs, VIDEO_CODECS, sizeof(VIDEO_CODECS));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(EXTENSIONS); i++) {
        if (audio ? !EXTENSIONS[i].audio : !EXTENSIONS[i].video)
            continue;
        struct sdp_extmap *extmap = &ret_media->extmaps[ret_media->extmaps_count++];
        extmap->id = EXTENSIONS[i].id;
        snprintf(extmap->uri, sizeof(extmap->uri), "%s", EXTENSIONS[i].uri);
    }
    if (!slot->up) {
        struct sdp_ssrc *ssrc = &ret_media->ssrcs[ret_media->ssrcs_count++];
        ssrc->ssrc = slot->ssrc;
        ssrc->rtx_ssrc = slot->rtx_ssrc;
        snprintf(ssrc->cname, sizeof(ssrc->cname), "%s", offer->cname);
        /* One stream a person for sound and picture, so the browser keeps them in step (lip-sync). */
        static const char *const tracks[NEGOTIATION_TRACKS] = {"sound", "picture", "screen"};
        const struct negotiation_use *use = &offer->uses[index];
        snprintf(ret_media->msid, sizeof(ret_media->msid), "%s%c %s%u", offer->cname,
                 use->track == TRACK_SCREEN ? 's' : '0' + use->line, tracks[use->track], use->line);
    }
}

void negotiation_put_candidates(struct sdp_description *description,
                                const struct media_candidate *candidates, uint32_t candidates_count)
{
    for (uint32_t i = 0; i < candidates_count && i < SDP_CANDIDATES_MAX; i++) {
        struct sdp_candidate *candidate = &description->candidates[description->candidates_count++];
        candidate->component = 1;
        candidate->port = candidates[i].port;
        candidate->priority = candidates[i].priority;
        snprintf(candidate->foundation, sizeof(candidate->foundation), "%s",
                 candidates[i].foundation);
        snprintf(candidate->transport, sizeof(candidate->transport), "%s",
                 candidates[i].tcp ? "tcp" : "udp");
        if (candidates[i].tcp)
            snprintf(candidate->tcptype, sizeof(candidate->tcptype), "passive");
        snprintf(candidate->address, sizeof(candidate->address), "%s", candidates[i].address);
        snprintf(candidate->type, sizeof(candidate->type), "host");
    }
}

enum result negotiation_write(const struct negotiation_offer *offer,
                              const struct media_fingerprint *fingerprint,
                              const struct media_candidate *candidates, uint32_t candidates_count,
                              char *ret_text, size_t size)
{
    struct sdp_description *description = calloc(1, sizeof(*description));
    if (description == NULL)
        return RESULT_NO_MEMORY;
    description->session_id = offer->session_id;
    description->session_version = offer->version;
    description->ice_lite = true;
    description->media_count = offer->slots_count;
    for (unsigned i = 0; i < offer->slots_count; i++)
        negotiation_write_media(offer, fingerprint, i, &description->media[i]);
    negotiation_put_candidates(description, candidates, candidates_count);
    size_t length = 0;
    enum result result = sdp_write(description, ret_text, size, &length);
    free(description);
    return result;
}

enum media_codec negotiation_codec_of(const struct sdp_codec *codec)
{
    if (strcasecmp(codec->name, "opus") == 0 && codec->clock == 48000)
        return MEDIA_CODEC_OPUS;
    if (strcasecmp(codec->name, "VP8") == 0 && codec->clock == 90000)
        return MEDIA_CODEC_VP8;
    if (strcasecmp(codec->name, "H264") == 0 && strstr(codec->fmtp, "packetization-mode=1") != NULL)
        return MEDIA_CODEC_H264;
    return MEDIA_CODEC_NONE;
}

static bool negotiation_is_red(const struct sdp_codec *codec)
{
    return strcasecmp(codec->name, "red") == 0 && codec->clock == OPUS.clock &&
           codec->channels == OPUS.channels;
}

void negotiation_read_extensions(const struct sdp_media *media, struct media_maps *maps)
{
    for (uint32_t i = 0; i < media->extmaps_count; i++)
        for (size_t k = 0; k < ARRAY_LENGTH(EXTENSIONS); k++)
            if (strcmp(media->extmaps[i].uri, EXTENSIONS[k].uri) == 0 &&
                media->extmaps[i].id >= 1 && media->extmaps[i].id <= 14)
                maps->extension_id[EXTENSIONS[k].extension] = media->extmaps[i].id;
}

void negotiation_put_extensions(const struct media_maps *maps, struct sdp_media *media)
{
    for (size_t i = 0; i < ARRAY_LENGTH(EXTENSIONS); i++) {
        uint8_t id = maps->extension_id[EXTENSIONS[i].extension];
        bool fits = media->kind == SDP_AUDIO ? EXTENSIONS[i].audio : EXTENSIONS[i].video;
        if (id == 0 || !fits)
            continue;
        struct sdp_extmap *extmap = &media->extmaps[media->extmaps_count++];
        extmap->id = id;
        snprintf(extmap->uri, sizeof(extmap->uri), "%s", EXTENSIONS[i].uri);
    }
}

static void negotiation_read_numbers(const struct sdp_media *media, struct media_maps *maps)
{
    for (uint32_t i = 0; i < media->codecs_count; i++) {
        enum media_codec codec = negotiation_codec_of(&media->codecs[i]);
        if (negotiation_is_red(&media->codecs[i]))
            maps->red_payload_type = media->codecs[i].payload_type;
        if (codec == MEDIA_CODEC_NONE || maps->payload_type[codec] != 0)
            continue;
        maps->payload_type[codec] = media->codecs[i].payload_type;
        for (uint32_t k = 0; k < media->codecs_count; k++)
            if (media->codecs[k].has_apt && media->codecs[k].apt == media->codecs[i].payload_type)
                maps->rtx_payload_type[codec] = media->codecs[k].payload_type;
    }
    negotiation_read_extensions(media, maps);
}

/* Same m-lines in the same order (RFC 3264 §6), each with the direction ours leaves open. */
static enum result negotiation_read_slots(const struct negotiation_offer *offer,
                                          const struct sdp_description *answer,
                                          struct media_command *command)
{
    if (answer->media_count != offer->slots_count)
        return RESULT_UNSUPPORTED;
    for (unsigned i = 0; i < offer->slots_count; i++) {
        const struct sdp_media *media = &answer->media[i];
        const struct media_slot *offered = &offer->slots[i];
        if (strcmp(media->mid, offered->mid) != 0 ||
            (media->kind == SDP_AUDIO) != (offered->kind == MEDIA_AUDIO))
            return RESULT_UNSUPPORTED;
        struct media_slot *slot = &command->remote.slots[command->remote.slots_count++];
        *slot = *offered;
        if (offered->up && media->ssrcs_count > 0) {
            slot->ssrc = media->ssrcs[0].ssrc;
            slot->rtx_ssrc = media->ssrcs[0].rtx_ssrc;
        }
        if (!media->rejected)
            negotiation_read_numbers(media, &command->remote.maps);
    }
    return RESULT_OK;
}

static enum result negotiation_read(const struct negotiation_offer *offer,
                                    const struct sdp_description *answer,
                                    struct media_command *command)
{
    enum result result = negotiation_read_slots(offer, answer, command);
    if (!result_ok(result))
        return result;
    const struct sdp_media *transport = &answer->media[0];
    const struct media_maps *maps = &command->remote.maps;
    if (maps->payload_type[MEDIA_CODEC_OPUS] == 0 ||
        (maps->payload_type[MEDIA_CODEC_VP8] == 0 && maps->payload_type[MEDIA_CODEC_H264] == 0))
        return RESULT_UNSUPPORTED;
    if (transport->ice_ufrag[0] == 0 || transport->ice_pwd[0] == 0 ||
        transport->fingerprint.length == 0 ||
        transport->fingerprint.length > sizeof(command->remote.fingerprint.bytes) ||
        transport->setup == SDP_SETUP_PASSIVE)
        return RESULT_INVALID;
    if (!text_copy(command->remote.ice.ufrag, sizeof(command->remote.ice.ufrag),
                   transport->ice_ufrag) ||
        !text_copy(command->remote.ice.pwd, sizeof(command->remote.ice.pwd), transport->ice_pwd) ||
        !text_copy(command->remote.fingerprint.hash, sizeof(command->remote.fingerprint.hash),
                   transport->fingerprint.hash))
        return RESULT_TOO_LARGE;
    memcpy(command->remote.fingerprint.bytes, transport->fingerprint.bytes,
           transport->fingerprint.length);
    command->remote.fingerprint.length = transport->fingerprint.length;
    return RESULT_OK;
}

enum result negotiation_read_answer(const struct negotiation_offer *offer, const char *sdp,
                                    size_t length, struct media_command *ret_command)
{
    struct sdp_description *answer = calloc(1, sizeof(*answer));
    if (answer == NULL)
        return RESULT_NO_MEMORY;
    enum result result = sdp_parse(span_of(sdp, length), answer);
    if (result_ok(result)) {
        *ret_command = (struct media_command){.kind = MEDIA_COMMAND_ENDPOINT_REMOTE};
        result = negotiation_read(offer, answer, ret_command);
    }
    free(answer);
    return result;
}
