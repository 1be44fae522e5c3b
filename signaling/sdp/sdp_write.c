/* Description → text through gstsdp, in the order browsers write it. */
#include "signaling/sdp/sdp.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <gst/sdp/gstsdpmessage.h>

#include "gateway/base/text.h"
#include "signaling/sdp/sdp_value.h"

static void message_free(GstSDPMessage **message)
{
    if (*message != NULL)
        gst_sdp_message_free(*message);
}

/* One attribute of an m-line; a value that could start a new line or does not fit marks the whole text as invalid. */
struct media_writer {
    GstSDPMedia *line;
    bool failed;
};

static void write_attribute(struct media_writer *writer, const char *name, const char *format, ...)
    PRINTF_LIKE(3, 4);

static void write_attribute(struct media_writer *writer, const char *name, const char *format, ...)
{
    char value[SDP_ATTRIBUTE_MAX + 1];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(value, sizeof(value), format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof(value) ||
        !text_is_plain_utf8(value, (size_t)length) ||
        gst_sdp_media_add_attribute(writer->line, name, length > 0 ? value : NULL) != GST_SDP_OK)
        writer->failed = true;
}

static void write_flag(struct media_writer *writer, bool set, const char *name)
{
    if (set)
        write_attribute(writer, name, "%s", "");
}

static void write_fingerprint(struct media_writer *writer,
                              const struct sdp_fingerprint *fingerprint)
{
    char text[3 * sizeof(fingerprint->bytes) + 1] = "";
    if (fingerprint->length == 0)
        return;
    for (size_t i = 0; i < fingerprint->length && i < sizeof(fingerprint->bytes); i++)
        snprintf(text + 3 * i, 4, "%02X%s", fingerprint->bytes[i],
                 i + 1 < fingerprint->length ? ":" : "");
    write_attribute(writer, "fingerprint", "%s %s", fingerprint->hash, text);
}

static void write_transport(struct media_writer *writer, const struct sdp_description *description,
                            uint32_t index)
{
    const struct sdp_media *media = &description->media[index];
    if (media->ice_ufrag[0] != 0) {
        write_attribute(writer, "ice-ufrag", "%s", media->ice_ufrag);
        write_attribute(writer, "ice-pwd", "%s", media->ice_pwd);
    }
    write_fingerprint(writer, &media->fingerprint);
    if (media->setup != SDP_SETUP_NONE)
        write_attribute(writer, "setup", "%s", sdp_setup_name(media->setup));
    for (uint32_t i = 0; i < description->candidates_count; i++) {
        const struct sdp_candidate *candidate = &description->candidates[i];
        if (candidate->media != index)
            continue;
        write_attribute(writer, "candidate", "%s %u %s %" PRIu32 " %s %u typ %s%s%s",
                        candidate->foundation, candidate->component, candidate->transport,
                        candidate->priority, candidate->address, candidate->port, candidate->type,
                        candidate->tcptype[0] != 0 ? " tcptype " : "", candidate->tcptype);
    }
    write_flag(writer, media->end_of_candidates, "end-of-candidates");
}

static void write_codec(struct media_writer *writer, const struct sdp_codec *codec)
{
    if (codec->name[0] == 0 || codec->clock == 0)
        writer->failed = true;
    if (codec->channels > 0)
        write_attribute(writer, "rtpmap", "%u %s/%" PRIu32 "/%u", codec->payload_type, codec->name,
                        codec->clock, codec->channels);
    else
        write_attribute(writer, "rtpmap", "%u %s/%" PRIu32, codec->payload_type, codec->name,
                        codec->clock);
    for (size_t i = 0; i < SDP_FEEDBACK_NAMES_COUNT; i++)
        if ((codec->feedback & SDP_FEEDBACK_NAMES[i].bit) != 0)
            write_attribute(writer, "rtcp-fb", "%u %s", codec->payload_type,
                            SDP_FEEDBACK_NAMES[i].name);
    if (codec->fmtp[0] != 0)
        write_attribute(writer, "fmtp", "%u %s", codec->payload_type, codec->fmtp);
}

static void write_streams(struct media_writer *writer, const struct sdp_media *media)
{
    for (uint32_t i = 0; i < media->ssrcs_count; i++) {
        const struct sdp_ssrc *stream = &media->ssrcs[i];
        if (stream->rtx_ssrc != 0)
            write_attribute(writer, "ssrc-group", "FID %" PRIu32 " %" PRIu32, stream->ssrc,
                            stream->rtx_ssrc);
        write_attribute(writer, "ssrc", "%" PRIu32 " cname:%s", stream->ssrc, stream->cname);
        if (stream->rtx_ssrc != 0)
            write_attribute(writer, "ssrc", "%" PRIu32 " cname:%s", stream->rtx_ssrc,
                            stream->cname);
    }
}

static void write_rtp(struct media_writer *writer, const struct sdp_description *description,
                      uint32_t index)
{
    const struct sdp_media *media = &description->media[index];
    char format[8];
    for (uint32_t i = 0; i < media->codecs_count; i++) {
        snprintf(format, sizeof(format), "%u", media->codecs[i].payload_type);
        gst_sdp_media_add_format(writer->line, format);
    }
    if (media->codecs_count ==
        0) /* the grammar wants one; it stands without a name, so it means nothing */
        gst_sdp_media_add_format(writer->line, "0");
    gst_sdp_media_add_connection(writer->line, "IN", "IP4", "0.0.0.0", 0, 0);
    write_attribute(writer, "mid", "%s", media->mid);
    write_flag(writer, media->bundle_only, "bundle-only");
    write_attribute(writer, sdp_direction_name(media->direction), "%s", "");
    write_transport(writer, description, index);
    write_flag(writer, media->rtcp_mux, "rtcp-mux");
    write_flag(writer, media->rtcp_rsize, "rtcp-rsize");
    for (uint32_t i = 0; i < media->extmaps_count; i++) {
        const struct sdp_extmap *extmap = &media->extmaps[i];
        write_attribute(writer, "extmap", "%u%s%s %s", extmap->id, extmap->has_direction ? "/" : "",
                        extmap->has_direction ? sdp_direction_name(extmap->direction) : "",
                        extmap->uri);
    }
    if (media->msid[0] != 0)
        write_attribute(writer, "msid", "%s", media->msid);
    for (uint32_t i = 0; i < media->codecs_count; i++)
        write_codec(writer, &media->codecs[i]);
    if (media->ptime_ms != 0)
        write_attribute(writer, "ptime", "%u", media->ptime_ms);
    write_streams(writer, media);
}

static bool write_media(const struct sdp_description *description, uint32_t index,
                        GstSDPMessage *message)
{
    const struct sdp_media *media = &description->media[index];
    GstSDPMedia *line = NULL;
    if (gst_sdp_media_new(&line) != GST_SDP_OK)
        return false;
    struct media_writer writer = {.line = line, .failed = media->mid[0] == 0};
    if (media->kind == SDP_OTHER) {
        gst_sdp_media_set_media(line, "application");
        gst_sdp_media_set_proto(line, "UDP/DTLS/SCTP");
        gst_sdp_media_set_port_info(line, 0, 1);
        gst_sdp_media_add_format(line, "webrtc-datachannel");
        write_attribute(&writer, "mid", "%s", media->mid);
    } else {
        gst_sdp_media_set_media(line, media->kind == SDP_AUDIO ? "audio" : "video");
        gst_sdp_media_set_proto(line, "UDP/TLS/RTP/SAVPF");
        gst_sdp_media_set_port_info(line, media->rejected ? 0 : media->port, 1);
        write_rtp(&writer, description, index);
    }
    bool added = !writer.failed && gst_sdp_message_add_media(message, line) == GST_SDP_OK;
    gst_sdp_media_free(line);
    return added;
}

static void write_session(const struct sdp_description *description, GstSDPMessage *message)
{
    char id[24], version[24], group[8 + SDP_MEDIA_MAX * SDP_MID_SIZE] = "BUNDLE";
    size_t used = strlen(group);
    bool bundled = false;
    snprintf(id, sizeof(id), "%" PRIu64, description->session_id);
    snprintf(version, sizeof(version), "%" PRIu64, description->session_version);
    gst_sdp_message_set_version(message, "0");
    gst_sdp_message_set_origin(message, "-", id, version, "IN", "IP4", "127.0.0.1");
    gst_sdp_message_set_session_name(message, "-");
    gst_sdp_message_add_time(message, "0", "0", NULL);
    for (uint32_t i = 0; i < description->media_count; i++) {
        if (!description->media[i].bundled)
            continue;
        used +=
            (size_t)snprintf(group + used, sizeof(group) - used, " %s", description->media[i].mid);
        bundled = true;
    }
    if (bundled)
        gst_sdp_message_add_attribute(message, "group", group);
    if (description->ice_lite)
        gst_sdp_message_add_attribute(message, "ice-lite", NULL);
    if (description->ice_trickle)
        gst_sdp_message_add_attribute(message, "ice-options", "trickle");
}

enum result sdp_write(const struct sdp_description *description, char *ret_text, size_t size,
                      size_t *ret_length)
{
    GstSDPMessage *message CLEANUP(message_free) = NULL;
    if (description->media_count > SDP_MEDIA_MAX ||
        description->candidates_count > SDP_CANDIDATES_MAX)
        return RESULT_INVALID;
    if (gst_sdp_message_new(&message) != GST_SDP_OK)
        return RESULT_NO_MEMORY;
    write_session(description, message);
    for (uint32_t i = 0; i < description->media_count; i++)
        if (!write_media(description, i, message))
            return RESULT_INVALID;
    gchar *text = gst_sdp_message_as_text(message);
    bool fits = text != NULL && text_copy(ret_text, size, text);
    if (fits)
        *ret_length = strlen(text);
    g_free(text);
    return fits ? RESULT_OK : RESULT_TOO_LARGE;
}
