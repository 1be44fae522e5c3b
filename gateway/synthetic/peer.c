#include "gateway/synthetic/peer.h"

#include <stdlib.h>
#include <string.h>

#include <gst/gst.h>
#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>

/* Thread: see peer.h.   Owner: struct person.   Life: peer_new … peer_free. */
struct peer {
    GstElement *pipeline;
    GstElement *webrtc;
    int pattern;
    double frequency;
    peer_answer_fn *answer;
    void *owner;
    int64_t offer; /* number of the offer being answered */
    GMutex lock;
    struct peer_counts counts;
    int64_t last_audio_us, last_video_us;
    bool sending;
};

static void peer_note_gap(struct peer *peer, int64_t *last_us)
{
    int64_t now_us = g_get_monotonic_time();
    if (*last_us != 0 && now_us - *last_us > peer->counts.gap_us)
        peer->counts.gap_us = now_us - *last_us;
    *last_us = now_us;
}

static void peer_audio_decoded(GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer user)
{
    struct peer *peer = user;
    (void)sink, (void)buffer, (void)pad;
    g_mutex_lock(&peer->lock);
    peer->counts.audio_buffers++;
    peer_note_gap(peer, &peer->last_audio_us);
    g_mutex_unlock(&peer->lock);
}

static void peer_video_decoded(GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer user)
{
    struct peer *peer = user;
    (void)sink, (void)buffer, (void)pad;
    g_mutex_lock(&peer->lock);
    peer->counts.video_frames++;
    peer_note_gap(peer, &peer->last_video_us);
    g_mutex_unlock(&peer->lock);
}

/* What arrives is decoded in full and thrown away after counting. */
static void peer_pad_added(GstElement *webrtc, GstPad *pad, gpointer user)
{
    struct peer *peer = user;
    (void)webrtc;
    if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC)
        return;
    GstCaps *caps = gst_pad_get_current_caps(pad);
    const GstStructure *structure = caps == NULL ? NULL : gst_caps_get_structure(caps, 0);
    const char *kind = structure == NULL ? NULL : gst_structure_get_string(structure, "media");
    bool video = kind != NULL && strcmp(kind, "video") == 0;
    if (caps != NULL)
        gst_caps_unref(caps);
    GstElement *bin = gst_parse_bin_from_description(
        video
            ? "queue ! rtpvp8depay ! vp8dec ! fakesink name=end signal-handoffs=true sync=false"
            : "queue ! rtpopusdepay ! opusdec ! fakesink name=end signal-handoffs=true sync=false",
        TRUE, NULL);
    GstElement *end = gst_bin_get_by_name(GST_BIN(bin), "end");
    g_signal_connect(end, "handoff",
                     video ? G_CALLBACK(peer_video_decoded) : G_CALLBACK(peer_audio_decoded), peer);
    gst_object_unref(end);
    gst_bin_add(GST_BIN(peer->pipeline), bin);
    gst_element_sync_state_with_parent(bin);
    GstPad *sink = gst_element_get_static_pad(bin, "sink");
    gst_pad_link(pad, sink);
    gst_object_unref(sink);
}

static void peer_answered(GstPromise *promise, gpointer user)
{
    struct peer *peer = user;
    GstWebRTCSessionDescription *answer = NULL;
    gst_structure_get(gst_promise_get_reply(promise), "answer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION,
                      &answer, NULL);
    gst_promise_unref(promise);
    if (answer == NULL)
        return;
    g_signal_emit_by_name(peer->webrtc, "set-local-description", answer, NULL);
    char *text = gst_sdp_message_as_text(answer->sdp);
    peer->answer(peer->owner, peer->offer, text);
    g_free(text);
    gst_webrtc_session_description_free(answer);
}

/* A transceiver that an offer made only receives (JSEP §5.10); from 1.24 on webrtcbin gives it no sink pad until told. */
static void peer_let_send(struct peer *peer, int media_line)
{
    GstWebRTCRTPTransceiver *transceiver = NULL;
    g_signal_emit_by_name(peer->webrtc, "get-transceiver", media_line, &transceiver);
    if (transceiver == NULL)
        return;
    g_object_set(transceiver, "direction", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, NULL);
    gst_object_unref(transceiver);
}

/* Camera and microphone go on the m-lines on which the gateway wants to receive: the first two. */
static void peer_send(struct peer *peer)
{
    char description[640];
    if (peer->sending)
        return;
    peer->sending = true;
    g_snprintf(description, sizeof(description),
               "audiotestsrc is-live=true wave=sine freq=%f volume=0.3 ! audioconvert ! "
               "audioresample ! opusenc ! rtpopuspay pt=111 ! "
               "application/x-rtp,media=audio,encoding-name=OPUS,payload=111",
               peer->frequency);
    GstElement *sound = gst_parse_bin_from_description(description, TRUE, NULL);
    g_snprintf(description, sizeof(description),
               "videotestsrc is-live=true pattern=%d ! "
               "video/x-raw,width=320,height=240,framerate=15/1 ! vp8enc deadline=1 cpu-used=8 "
               "keyframe-max-dist=60 target-bitrate=300000 error-resilient=default ! rtpvp8pay "
               "pt=96 picture-id-mode=15-bit mtu=1150 ! "
               "application/x-rtp,media=video,encoding-name=VP8,payload=96",
               peer->pattern);
    GstElement *picture = gst_parse_bin_from_description(description, TRUE, NULL);
    GstElement *const sources[] = {sound, picture};
    const char *const pads[] = {"sink_0", "sink_1"};
    for (int i = 0; i < 2; i++) {
        gst_bin_add(GST_BIN(peer->pipeline), sources[i]);
        peer_let_send(peer, i);
        GstPad *from = gst_element_get_static_pad(sources[i], "src");
        GstPad *to = gst_element_request_pad_simple(peer->webrtc, pads[i]);
        gst_pad_link(from, to);
        gst_object_unref(from);
        gst_object_unref(to);
        gst_element_sync_state_with_parent(sources[i]);
    }
}

static void peer_offered(GstPromise *promise, gpointer user)
{
    struct peer *peer = user;
    gst_promise_unref(promise);
    peer_send(peer);
    g_signal_emit_by_name(peer->webrtc, "create-answer", NULL,
                          gst_promise_new_with_change_func(peer_answered, peer, NULL));
}

void peer_offer(struct peer *peer, int64_t offer, const char *sdp)
{
    GstSDPMessage *message = NULL;
    if (gst_sdp_message_new_from_text(sdp, &message) != GST_SDP_OK)
        return;
    GstWebRTCSessionDescription *description =
        gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_OFFER, message);
    peer->offer = offer;
    g_signal_emit_by_name(peer->webrtc, "set-remote-description", description,
                          gst_promise_new_with_change_func(peer_offered, peer, NULL));
    gst_webrtc_session_description_free(description);
}

void peer_counts(struct peer *peer, struct peer_counts *ret_counts)
{
    g_mutex_lock(&peer->lock);
    *ret_counts = peer->counts;
    g_mutex_unlock(&peer->lock);
}

struct peer *peer_new(int pattern, double frequency, peer_answer_fn *answer, void *owner)
{
    struct peer *peer = g_new0(struct peer, 1);
    peer->pattern = pattern;
    peer->frequency = frequency;
    peer->answer = answer;
    peer->owner = owner;
    g_mutex_init(&peer->lock);
    peer->pipeline = gst_pipeline_new(NULL);
    peer->webrtc = gst_element_factory_make("webrtcbin", NULL);
    if (peer->webrtc == NULL) {
        g_printerr("GStreamer's webrtcbin is missing (packages gstreamer1.0-plugins-bad and "
                   "gstreamer1.0-nice)\n");
        exit(1);
    }
    /* Only loopback: left to itself the ICE agent skips it as soon as the machine has another address. */
    GObject *ice = NULL;
    gboolean added = FALSE;
    g_object_get(peer->webrtc, "ice-agent", &ice, NULL);
    g_signal_emit_by_name(ice, "add-local-ip-address", "127.0.0.1", &added);
    g_object_unref(ice);
    g_object_set(peer->webrtc, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, NULL);
    g_signal_connect(peer->webrtc, "pad-added", G_CALLBACK(peer_pad_added), peer);
    gst_bin_add(GST_BIN(peer->pipeline), peer->webrtc);
    gst_element_set_state(peer->pipeline, GST_STATE_PLAYING);
    return peer;
}

struct peer *peer_free(struct peer *peer)
{
    if (peer == NULL)
        return NULL;
    gst_element_set_state(peer->pipeline, GST_STATE_NULL);
    gst_object_unref(peer->pipeline);
    g_mutex_clear(&peer->lock);
    g_free(peer);
    return NULL;
}
