/* Text → description. gstsdp cuts the lines; a table says which attributes we use and what they mean. */
#include "signaling/sdp/sdp.h"

#include <stdlib.h>
#include <string.h>

#include <gst/sdp/gstsdpmessage.h>

#include "gateway/base/text.h"
#include "signaling/sdp/sdp_value.h"

#define SDP_STREAMS_MAX 16 /* a=ssrc and FID pairs while one m-line is read */

struct parser {
    struct sdp_description *description;
    const char *bundle; /* value of a=group:BUNDLE without the word; NULL when absent */
    unsigned media_index;
    /* Of the m-line being read: a=ssrc and a=ssrc-group come in any order and are matched at its end. */
    struct sdp_ssrc streams[SDP_STREAMS_MAX];
    uint32_t pairs[SDP_STREAMS_MAX][2];
    uint32_t streams_count, pairs_count;
};

static void message_free(GstSDPMessage **message)
{
    if (*message != NULL)
        gst_sdp_message_free(*message);
}

static enum result check_lines(struct span text)
{
    const char *at = (const char *)text.data, *end = at + text.length;
    unsigned lines = 0;
    if (text.length > SDP_TEXT_MAX)
        return RESULT_TOO_LARGE;
    if (text.length < 3 || memcmp(at, "v=0", 3) != 0)
        return RESULT_PARSE;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop != NULL ? stop : end) - at);
        const char *next = stop != NULL ? stop + 1 : end;
        if (length > 0 && at[length - 1] == '\r')
            length--;
        if (++lines > SDP_LINES_MAX)
            return RESULT_TOO_MANY;
        if (length > SDP_LINE_MAX)
            return RESULT_TOO_LARGE;
        if (length < 2 || at[0] < 'a' || at[0] > 'z' || at[1] != '=' ||
            !text_is_plain_utf8(at, length))
            return RESULT_PARSE;
        at = next;
    }
    return RESULT_OK;
}

static struct sdp_codec *find_codec(struct sdp_media *media, uint64_t payload_type)
{
    for (uint32_t i = 0; i < media->codecs_count; i++)
        if (media->codecs[i].payload_type == payload_type)
            return &media->codecs[i];
    return NULL;
}

/* ---- attributes; `media` is the m-line, or the session's defaults before the first m-line ---- */

typedef enum result attribute_function(struct parser *parser, struct sdp_media *media,
                                       const char *value);

static enum result read_mid(struct parser *parser, struct sdp_media *media, const char *value)
{
    enum result result =
        sdp_value_token(value, SDP_MID_CHARACTERS, 1, media->mid, sizeof(media->mid));
    for (unsigned i = 0; result_ok(result) && i < parser->media_index; i++)
        if (strcmp(parser->description->media[i].mid, media->mid) == 0)
            return RESULT_PARSE;
    return result;
}

static enum result read_ufrag(struct parser *parser, struct sdp_media *media, const char *value)
{
    (void)parser;
    return sdp_value_token(value, SDP_ICE_CHARACTERS, 4, media->ice_ufrag,
                           sizeof(media->ice_ufrag));
}

static enum result read_pwd(struct parser *parser, struct sdp_media *media, const char *value)
{
    (void)parser;
    return sdp_value_token(value, SDP_ICE_CHARACTERS, 22, media->ice_pwd, sizeof(media->ice_pwd));
}

static enum result read_fingerprint(struct parser *parser, struct sdp_media *media,
                                    const char *value)
{
    (void)parser;
    struct sdp_fingerprint fingerprint;
    enum result result = sdp_value_fingerprint(value, &fingerprint);
    if (result == RESULT_UNSUPPORTED)
        return RESULT_OK;
    if (result_ok(result) && fingerprint.length > media->fingerprint.length)
        media->fingerprint = fingerprint;
    return result;
}

static enum result read_setup(struct parser *parser, struct sdp_media *media, const char *value)
{
    (void)parser;
    return sdp_setup_parse(value, &media->setup) ? RESULT_OK : RESULT_PARSE;
}

/* a=rtpmap:96 VP8/90000 or 111 opus/48000/2, RFC 8866 §6.6 */
static enum result read_rtpmap(struct parser *parser, struct sdp_media *media, const char *value)
{
    (void)parser;
    uint64_t payload_type = 0, clock = 0, channels = 0;
    enum result result = sdp_value_number(&value, " ", 127, &payload_type);
    struct sdp_codec *codec = result_ok(result) ? find_codec(media, payload_type) : NULL;
    if (!result_ok(result) || codec == NULL)
        return result; /* maps of formats the m-line does not list say nothing */
    result = sdp_value_word(&value, "/", codec->name, sizeof(codec->name));
    if (result_ok(result))
        result = sdp_value_number(&value, "/", UINT32_MAX, &clock);
    if (result_ok(result) && *value != 0)
        result = sdp_value_number(&value, "", 255, &channels);
    if (result_ok(result) && (clock == 0 || strchr(codec->name, ' ') != NULL))
        return RESULT_PARSE;
    codec->clock = (uint32_t)clock;
    codec->channels = (uint8_t)channels;
    return result;
}

static enum result read_fmtp(struct parser *parser, struct sdp_media *media, const char *value)
{
    (void)parser;
    uint64_t payload_type = 0, apt = 0;
    enum result result = sdp_value_number(&value, " ", 127, &payload_type);
    struct sdp_codec *codec = result_ok(result) ? find_codec(media, payload_type) : NULL;
    if (!result_ok(result) || codec == NULL)
        return result;
    if (!text_copy(codec->fmtp, sizeof(codec->fmtp), value))
        return RESULT_TOO_LARGE;
    codec->has_apt = strncmp(value, "apt=", 4) == 0;
    if (!codec->has_apt)
        return RESULT_OK;
    value += 4;
    result = sdp_value_number(&value, ";", 127, &apt);
    codec->apt = (uint8_t)apt;
    return result;
}

/* a=rtcp-fb:96 nack pli, or * for all formats, RFC 4585 §4.2 */
static enum result read_feedback(struct parser *parser, struct sdp_media *media, const char *value)
{
    (void)parser;
    uint64_t payload_type = 0;
    bool all = strncmp(value, "* ", 2) == 0;
    enum result result = RESULT_OK;
    if (all)
        value += 2;
    else
        result = sdp_value_number(&value, " ", 127, &payload_type);
    for (size_t i = 0; result_ok(result) && i < SDP_FEEDBACK_NAMES_COUNT; i++) {
        if (strcmp(SDP_FEEDBACK_NAMES[i].name, value) != 0)
            continue;
        for (uint32_t k = 0; k < media->codecs_count; k++)
            if (all || media->codecs[k].payload_type == payload_type)
                media->codecs[k].feedback |= SDP_FEEDBACK_NAMES[i].bit;
    }
    return result;
}

/* a=extmap:3/sendonly urn:… , RFC 8285 §5 */
static enum result read_extmap(struct parser *parser, struct sdp_media *media, const char *value)
{
    (void)parser;
    struct sdp_extmap extmap = {.id = 0};
    char word[24];
    const char *number = word;
    uint64_t id = 0;
    enum result result = sdp_value_word(&value, " ", word, sizeof(word));
    if (result_ok(result))
        result = sdp_value_number(&number, "/", UINT16_MAX, &id);
    if (result_ok(result) && *number != 0) {
        extmap.has_direction = true;
        if (!sdp_direction_parse(number, &extmap.direction))
            return RESULT_PARSE;
    }
    if (result_ok(result))
        result = sdp_value_word(&value, " ", extmap.uri, sizeof(extmap.uri));
    if (!result_ok(result) || id == 0 || id > UINT8_MAX)
        return result_ok(result) && id == 0 ? RESULT_PARSE
                                            : result; /* 4096 and up are placeholders of an offer */
    for (uint32_t i = 0; i < media->extmaps_count; i++)
        if (media->extmaps[i].id == id)
            return RESULT_PARSE;
    if (media->extmaps_count == SDP_EXTMAPS_MAX)
        return RESULT_TOO_MANY;
    extmap.id = (uint8_t)id;
    media->extmaps[media->extmaps_count++] = extmap;
    return RESULT_OK;
}

/* a=ssrc:1234 cname:…, RFC 5576 §4.1. Chromium adds lines of the same source for msid. */
static enum result read_ssrc(struct parser *parser, struct sdp_media *media, const char *value)
{
    (void)media;
    uint64_t ssrc = 0;
    uint32_t i = 0;
    enum result result = sdp_value_number(&value, " ", UINT32_MAX, &ssrc);
    if (!result_ok(result) || ssrc == 0)
        return result_ok(result) ? RESULT_PARSE : result;
    while (i < parser->streams_count && parser->streams[i].ssrc != ssrc)
        i++;
    if (i == SDP_STREAMS_MAX)
        return RESULT_TOO_MANY;
    if (i == parser->streams_count)
        parser->streams[parser->streams_count++] = (struct sdp_ssrc){.ssrc = (uint32_t)ssrc};
    if (strncmp(value, "cname:", 6) == 0 &&
        !text_copy(parser->streams[i].cname, sizeof(parser->streams[i].cname), value + 6))
        return RESULT_TOO_LARGE;
    return RESULT_OK;
}

static enum result read_ssrc_group(struct parser *parser, struct sdp_media *media,
                                   const char *value)
{
    (void)media;
    uint64_t primary = 0, repair = 0;
    if (strncmp(value, "FID ", 4) != 0)
        return RESULT_OK;
    value += 4;
    enum result result = sdp_value_number(&value, " ", UINT32_MAX, &primary);
    if (result_ok(result))
        result = sdp_value_number(&value, " ", UINT32_MAX, &repair);
    if (!result_ok(result) || primary == 0 || repair == 0 || primary == repair)
        return result_ok(result) ? RESULT_PARSE : result;
    if (parser->pairs_count == SDP_STREAMS_MAX)
        return RESULT_TOO_MANY;
    parser->pairs[parser->pairs_count][0] = (uint32_t)primary;
    parser->pairs[parser->pairs_count++][1] = (uint32_t)repair;
    return RESULT_OK;
}

static enum result read_candidate(struct parser *parser, struct sdp_media *media, const char *value)
{
    (void)media;
    struct sdp_description *description = parser->description;
    struct sdp_candidate candidate = {.media = (uint8_t)parser->media_index};
    enum result result = sdp_value_candidate(value, &candidate);
    if (result_ok(result) && description->candidates_count == SDP_CANDIDATES_MAX)
        return RESULT_TOO_MANY;
    if (result_ok(result))
        description->candidates[description->candidates_count++] = candidate;
    return result;
}

static enum result read_msid(struct parser *parser, struct sdp_media *media, const char *value)
{
    (void)parser;
    return text_copy(media->msid, sizeof(media->msid), value) ? RESULT_OK : RESULT_TOO_LARGE;
}

/* RFC 8866 §6.4; a wish, so one that cannot be read is none. */
static enum result read_ptime(struct parser *parser, struct sdp_media *media, const char *value)
{
    uint64_t milliseconds;
    (void)parser;
    if (result_ok(sdp_value_number(&value, " ", UINT8_MAX, &milliseconds)))
        media->ptime_ms = (uint8_t)milliseconds;
    return RESULT_OK;
}

static enum result read_group(struct parser *parser, struct sdp_media *media, const char *value)
{
    (void)media;
    if (strncmp(value, "BUNDLE", 6) != 0 || (value[6] != ' ' && value[6] != 0))
        return RESULT_OK;
    if (parser->bundle != NULL)
        return RESULT_PARSE; /* one group: everything on one transport */
    parser->bundle = value + 6;
    return RESULT_OK;
}

static enum result read_ice_options(struct parser *parser, struct sdp_media *media,
                                    const char *value)
{
    (void)media;
    char word[SDP_ATTRIBUTE_MAX];
    while (result_ok(sdp_value_word(&value, " ", word, sizeof(word))))
        if (strcmp(word, "trickle") == 0)
            parser->description->ice_trickle = true;
    return RESULT_OK;
}

static enum result read_ice_lite(struct parser *parser, struct sdp_media *media, const char *value)
{
    (void)media, (void)value;
    parser->description->ice_lite = true;
    return RESULT_OK;
}

/* Attributes without a value that set one flag of the m-line. */
static bool read_flag(struct sdp_media *media, const char *name)
{
    bool *flag = strcmp(name, "rtcp-mux") == 0            ? &media->rtcp_mux
                 : strcmp(name, "rtcp-rsize") == 0        ? &media->rtcp_rsize
                 : strcmp(name, "bundle-only") == 0       ? &media->bundle_only
                 : strcmp(name, "end-of-candidates") == 0 ? &media->end_of_candidates
                                                          : NULL;
    if (flag != NULL)
        *flag = true;
    return flag != NULL || sdp_direction_parse(name, &media->direction);
}

enum attribute_level { LEVEL_SESSION = 1, LEVEL_MEDIA = 2, LEVEL_BOTH = 3 };

static const struct {
    const char *name;
    enum attribute_level level;
    attribute_function *read;
} ATTRIBUTES[] = {
    {"mid", LEVEL_MEDIA, read_mid},
    {"ice-ufrag", LEVEL_BOTH, read_ufrag},
    {"ice-pwd", LEVEL_BOTH, read_pwd},
    {"fingerprint", LEVEL_BOTH, read_fingerprint},
    {"setup", LEVEL_BOTH, read_setup},
    {"rtpmap", LEVEL_MEDIA, read_rtpmap},
    {"fmtp", LEVEL_MEDIA, read_fmtp},
    {"rtcp-fb", LEVEL_MEDIA, read_feedback},
    {"extmap", LEVEL_BOTH, read_extmap},
    {"ssrc", LEVEL_MEDIA, read_ssrc},
    {"ssrc-group", LEVEL_MEDIA, read_ssrc_group},
    {"candidate", LEVEL_MEDIA, read_candidate},
    {"msid", LEVEL_MEDIA, read_msid},
    {"ptime", LEVEL_MEDIA, read_ptime},
    {"group", LEVEL_SESSION, read_group},
    {"ice-options", LEVEL_BOTH, read_ice_options},
    {"ice-lite", LEVEL_SESSION, read_ice_lite},
};

static enum result read_attribute(struct parser *parser, enum attribute_level level,
                                  struct sdp_media *media, const GstSDPAttribute *attribute)
{
    const char *value = attribute->value != NULL ? attribute->value : "";
    for (size_t i = 0; i < ARRAY_LENGTH(ATTRIBUTES); i++) {
        if (strcmp(ATTRIBUTES[i].name, attribute->key) != 0 || (ATTRIBUTES[i].level & level) == 0)
            continue;
        if (strlen(attribute->key) + strlen(value) + 3 > SDP_ATTRIBUTE_MAX)
            return RESULT_TOO_LARGE;
        return ATTRIBUTES[i].read(parser, media, value);
    }
    (void)read_flag(media, attribute->key);
    return RESULT_OK;
}

/* ---- m-lines ---- */

static enum result read_formats(struct sdp_media *media, const GstSDPMedia *line)
{
    guint count = gst_sdp_media_formats_len(line);
    if (count > SDP_CODECS_MAX)
        return RESULT_TOO_MANY;
    for (guint i = 0; i < count; i++) {
        const char *format = gst_sdp_media_get_format(line, i);
        uint64_t payload_type = 0;
        enum result result = sdp_value_number(&format, "", 127, &payload_type);
        if (!result_ok(result))
            return result;
        if (find_codec(media, payload_type) != NULL)
            return RESULT_PARSE;
        media->codecs[media->codecs_count++] =
            (struct sdp_codec){.payload_type = (uint8_t)payload_type};
    }
    return RESULT_OK;
}

/* Formats nobody named (static types, or a rejected m-line) cannot be used: left out. */
static void drop_nameless_codecs(struct sdp_media *media)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < media->codecs_count; i++)
        if (media->codecs[i].name[0] != 0)
            media->codecs[kept++] = media->codecs[i];
    memset(&media->codecs[kept], 0, (media->codecs_count - kept) * sizeof(media->codecs[0]));
    media->codecs_count = kept;
}

/* Sources in the order of the text, without those that only repair another one. */
static enum result match_streams(struct parser *parser, struct sdp_media *media)
{
    for (uint32_t i = 0; i < parser->streams_count; i++) {
        struct sdp_ssrc *stream = &parser->streams[i];
        bool repairs = false;
        for (uint32_t k = 0; k < parser->pairs_count; k++) {
            if (parser->pairs[k][0] == stream->ssrc)
                stream->rtx_ssrc = parser->pairs[k][1];
            repairs = repairs || parser->pairs[k][1] == stream->ssrc;
        }
        if (repairs)
            continue;
        if (media->ssrcs_count == SDP_SSRCS_MAX)
            return RESULT_TOO_MANY;
        media->ssrcs[media->ssrcs_count++] = *stream;
    }
    parser->streams_count = parser->pairs_count = 0;
    return RESULT_OK;
}

/* The kind, and whether we can speak about it at all. */
static enum result read_media_line(struct sdp_media *media, const GstSDPMedia *line)
{
    const char *name = gst_sdp_media_get_media(line), *profile = gst_sdp_media_get_proto(line);
    guint port = gst_sdp_media_get_port(line);
    if (name == NULL || profile == NULL || port > UINT16_MAX)
        return RESULT_PARSE;
    media->port = (uint16_t)port;
    media->kind = strcmp(name, "audio") == 0   ? SDP_AUDIO
                  : strcmp(name, "video") == 0 ? SDP_VIDEO
                                               : SDP_OTHER;
    if (media->kind == SDP_OTHER)
        return RESULT_OK;
    if (strcmp(profile, "UDP/TLS/RTP/SAVPF") != 0)
        return RESULT_UNSUPPORTED;
    return read_formats(media, line);
}

static enum result read_media(struct parser *parser, const GstSDPMedia *line,
                              const struct sdp_media *defaults)
{
    struct sdp_media *media = &parser->description->media[parser->media_index];
    *media = *defaults;
    enum result result = read_media_line(media, line);
    if (result_ok(result) && media->kind == SDP_OTHER) {
        const char *mid = gst_sdp_media_get_attribute_val(line, "mid");
        *media = (struct sdp_media){.kind = SDP_OTHER, .rejected = true, .direction = SDP_INACTIVE};
        return mid != NULL ? read_mid(parser, media, mid) : RESULT_OK;
    }
    guint count = gst_sdp_media_attributes_len(line);
    for (guint i = 0; result_ok(result) && i < count; i++)
        result = read_attribute(parser, LEVEL_MEDIA, media, gst_sdp_media_get_attribute(line, i));
    if (!result_ok(result))
        return result;
    if ((media->ice_ufrag[0] == 0) != (media->ice_pwd[0] == 0))
        return RESULT_PARSE; /* RFC 8839 §5.4: a pair */
    media->rejected = media->port == 0 && !media->bundle_only;
    drop_nameless_codecs(media);
    return match_streams(parser, media);
}

/* Bundled m-lines share one transport: values that only the first of the group carries are theirs too. */
static enum result apply_bundle(struct parser *parser)
{
    struct sdp_description *description = parser->description;
    const struct sdp_media *first = NULL;
    const char *at = parser->bundle;
    while (at != NULL && *at != 0) {
        char mid[SDP_MID_SIZE];
        struct sdp_media *media = NULL;
        at += strspn(at, " ");
        if (*at == 0)
            break;
        enum result result = sdp_value_word(&at, " ", mid, sizeof(mid));
        if (!result_ok(result))
            return result;
        for (uint32_t i = 0; i < description->media_count; i++)
            if (strcmp(description->media[i].mid, mid) == 0)
                media = &description->media[i];
        if (media == NULL || media->bundled)
            return RESULT_PARSE; /* RFC 9143 §7.1: each mid once, and it exists */
        media->bundled = true;
        if (media->rejected)
            continue;
        if (first == NULL)
            first = media;
        if (media->ice_ufrag[0] == 0 && media->ice_pwd[0] == 0) {
            memcpy(media->ice_ufrag, first->ice_ufrag, sizeof(media->ice_ufrag));
            memcpy(media->ice_pwd, first->ice_pwd, sizeof(media->ice_pwd));
        }
        if (media->fingerprint.length == 0)
            media->fingerprint = first->fingerprint;
        if (media->setup == SDP_SETUP_NONE)
            media->setup = first->setup;
    }
    return RESULT_OK;
}

static enum result read_origin(const GstSDPMessage *message, struct sdp_description *description)
{
    const GstSDPOrigin *origin = gst_sdp_message_get_origin(message);
    const char *id = origin->sess_id, *version = origin->sess_version;
    if (id == NULL || version == NULL)
        return RESULT_PARSE;
    enum result result = sdp_value_number(&id, "", UINT64_MAX, &description->session_id);
    return result_ok(result)
               ? sdp_value_number(&version, "", UINT64_MAX, &description->session_version)
               : result;
}

static enum result read_message(struct parser *parser, const GstSDPMessage *message,
                                struct sdp_media *defaults)
{
    guint medias = gst_sdp_message_medias_len(message),
          count = gst_sdp_message_attributes_len(message);
    enum result result = read_origin(message, parser->description);
    if (medias > SDP_MEDIA_MAX)
        return RESULT_TOO_MANY;
    for (guint i = 0; result_ok(result) && i < count; i++)
        result = read_attribute(parser, LEVEL_SESSION, defaults,
                                gst_sdp_message_get_attribute(message, i));
    for (guint i = 0; result_ok(result) && i < medias; i++) {
        parser->media_index = i;
        result = read_media(parser, gst_sdp_message_get_media(message, i), defaults);
        parser->description->media_count = i + 1;
    }
    return result_ok(result) ? apply_bundle(parser) : result;
}

enum result sdp_parse(struct span text, struct sdp_description *ret_description)
{
    enum result result = check_lines(text);
    if (!result_ok(result))
        return result;
    GstSDPMessage *message CLEANUP(message_free) = NULL;
    if (gst_sdp_message_new(&message) != GST_SDP_OK)
        return RESULT_NO_MEMORY;
    if (gst_sdp_message_parse_buffer(text.data, (guint)text.length, message) != GST_SDP_OK)
        return RESULT_PARSE;
    memset(ret_description, 0, sizeof(*ret_description));
    struct parser parser = {.description = ret_description};
    struct sdp_media *defaults = calloc(1, sizeof(*defaults)); /* 15 KiB: not for the stack */
    if (defaults == NULL)
        return RESULT_NO_MEMORY;
    result = read_message(&parser, message, defaults);
    free(defaults);
    if (!result_ok(result))
        memset(ret_description, 0, sizeof(*ret_description));
    return result;
}
