#include "tests/whip/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gst/gst.h>
#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>
#include <nice/agent.h>

#define GATHER_MS 10000

#define TWCC      "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
#define MID       "urn:ietf:params:rtp-hdrext:sdes:mid"
#define SOUND                                                                                      \
    "application/x-rtp,media=audio,encoding-name=OPUS,payload=96,clock-rate=48000,"                \
    "encoding-params=(string)2,extmap-7=(string)" MID ",extmap-5=(string)" TWCC
#define PICTURE                                                                                    \
    "application/x-rtp,media=video,encoding-name=VP8,payload=120,clock-rate=90000,"                \
    "rtcp-fb-nack-pli=true,rtcp-fb-nack=true,rtcp-fb-transport-cc=true,extmap-7=(string)" MID      \
    ",extmap-5=(string)" TWCC

/* Thread: see device.h.   Owner: the test.   Life: device_new … device_free. */
struct device {
    bool publish;
    GstElement *pipeline, *webrtc;
    char *certificate, *url, *token, *location, *etag;
    GMutex lock; /* the counts are written by streaming threads */
    struct device_counts counts;
};

struct line_counter {
    struct device *device;
    unsigned line;
    bool video;
};

static void device_decoded(GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer user)
{
    struct line_counter *counter = user;
    (void)sink, (void)buffer, (void)pad;
    g_mutex_lock(&counter->device->lock);
    if (counter->video)
        counter->device->counts.video_frames[counter->line]++;
    else
        counter->device->counts.audio_buffers[counter->line]++;
    g_mutex_unlock(&counter->device->lock);
}

static void counter_free(gpointer counter, GClosure *closure)
{
    (void)closure;
    g_free(counter);
}

static void device_pad_added(GstElement *webrtc, GstPad *pad, gpointer user)
{
    struct device *device = user;
    GstWebRTCRTPTransceiver *transceiver = NULL;
    guint line = 0;
    (void)webrtc;
    if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC)
        return;
    g_object_get(pad, "transceiver", &transceiver, NULL);
    if (transceiver != NULL) {
        g_object_get(transceiver, "mlineindex", &line, NULL);
        gst_object_unref(transceiver);
    }
    GstCaps *caps = gst_pad_get_current_caps(pad);
    const char *kind =
        caps == NULL ? NULL : gst_structure_get_string(gst_caps_get_structure(caps, 0), "media");
    bool video = kind != NULL && strcmp(kind, "video") == 0;
    if (caps != NULL)
        gst_caps_unref(caps);
    GstElement *bin = gst_parse_bin_from_description(
        video
            ? "queue ! rtpvp8depay ! vp8dec ! fakesink name=end signal-handoffs=true sync=false"
            : "queue ! rtpopusdepay ! opusdec ! fakesink name=end signal-handoffs=true sync=false",
        TRUE, NULL);
    GstElement *end = gst_bin_get_by_name(GST_BIN(bin), "end");
    struct line_counter *counter = g_new0(struct line_counter, 1);
    *counter = (struct line_counter){device, line % DEVICE_LINES_MAX, video};
    g_signal_connect_data(end, "handoff", G_CALLBACK(device_decoded), counter, counter_free, 0);
    gst_object_unref(end);
    gst_bin_add(GST_BIN(device->pipeline), bin);
    gst_element_sync_state_with_parent(bin);
    GstPad *sink = gst_element_get_static_pad(bin, "sink");
    gst_pad_link(pad, sink);
    gst_object_unref(sink);
}

static void device_send(struct device *device)
{
    static const char *const descriptions[] = {
        "audiotestsrc is-live=true wave=sine freq=660 volume=0.3 ! audioconvert ! audioresample ! "
        "opusenc ! rtpopuspay pt=96 ! " SOUND,
        "videotestsrc is-live=true pattern=ball ! "
        "video/x-raw,width=320,height=240,framerate=15/1 ! vp8enc deadline=1 cpu-used=8 "
        "keyframe-max-dist=60 target-bitrate=300000 ! rtpvp8pay pt=120 picture-id-mode=15-bit "
        "mtu=1150 ! " PICTURE,
    };
    static const char *const pads[] = {"sink_0", "sink_1"};
    for (int i = 0; i < 2; i++) {
        GstElement *source = gst_parse_bin_from_description(descriptions[i], TRUE, NULL);
        gst_bin_add(GST_BIN(device->pipeline), source);
        GstPad *from = gst_element_get_static_pad(source, "src");
        GstPad *to = gst_element_request_pad_simple(device->webrtc, pads[i]);
        GstWebRTCRTPTransceiver *transceiver = NULL;
        gst_pad_link(from, to);
        g_object_get(to, "transceiver", &transceiver, NULL);
        g_object_set(transceiver, "direction", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY,
                     "do-nack", i == 1, NULL);
        gst_object_unref(transceiver);
        gst_object_unref(from);
        gst_object_unref(to);
        gst_element_sync_state_with_parent(source);
    }
}

static void device_receive(struct device *device, unsigned lines)
{
    for (unsigned i = 0; i < 2 * lines; i++) {
        GstCaps *caps = gst_caps_from_string(i % 2 == 0 ? SOUND : PICTURE);
        GstWebRTCRTPTransceiver *transceiver = NULL;
        g_signal_emit_by_name(device->webrtc, "add-transceiver",
                              GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY, caps, &transceiver);
        gst_caps_unref(caps);
        gst_object_unref(transceiver);
    }
}

static GstPromise *promise_wait(GstPromise *promise)
{
    gst_promise_wait(promise);
    return promise;
}

/* The offer with every candidate in it, for g_free(). */
static char *device_offer(struct device *device)
{
    GstWebRTCSessionDescription *offer = NULL;
    GstPromise *promise = gst_promise_new();
    g_signal_emit_by_name(device->webrtc, "create-offer", NULL, promise);
    gst_structure_get(gst_promise_get_reply(promise_wait(promise)), "offer",
                      GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &offer, NULL);
    gst_promise_unref(promise);
    promise = gst_promise_new();
    g_signal_emit_by_name(device->webrtc, "set-local-description", offer, promise);
    gst_promise_unref(promise_wait(promise));
    gst_webrtc_session_description_free(offer);
    for (int ms = 0; ms < GATHER_MS; ms += 20) {
        GstWebRTCICEGatheringState state;
        g_object_get(device->webrtc, "ice-gathering-state", &state, NULL);
        if (state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE)
            break;
        g_usleep(20000);
    }
    g_object_get(device->webrtc, "local-description", &offer, NULL);
    char *text = gst_sdp_message_as_text(offer->sdp);
    gst_webrtc_session_description_free(offer);
    return text;
}

static void device_answered(struct device *device, const char *sdp)
{
    GstSDPMessage *message = NULL;
    if (gst_sdp_message_new_from_text(sdp, &message) != GST_SDP_OK) {
        fprintf(stderr, "the answer cannot be read\n");
        return;
    }
    GstWebRTCSessionDescription *answer =
        gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_ANSWER, message);
    GstPromise *promise = gst_promise_new();
    g_signal_emit_by_name(device->webrtc, "set-remote-description", answer, promise);
    gst_promise_unref(promise_wait(promise));
    gst_webrtc_session_description_free(answer);
}

static void device_loopback_only(struct device *device)
{
    GObject *ice = NULL;
    gboolean added = FALSE;
    g_object_get(device->webrtc, "ice-agent", &ice, NULL);
    g_signal_emit_by_name(ice, "add-local-ip-address", "127.0.0.1", &added);
    g_object_unref(ice);
}

struct device *device_new(bool publish, unsigned lines, const char *certificate, const char *url,
                          const char *token, struct http_answer *ret_answer)
{
    struct device *device = g_new0(struct device, 1);
    device->publish = publish;
    device->certificate = g_strdup(certificate);
    device->url = g_strdup(url);
    device->token = g_strdup(token);
    g_mutex_init(&device->lock);
    device->pipeline = gst_pipeline_new(NULL);
    device->webrtc = gst_element_factory_make("webrtcbin", NULL);
    g_object_set(device->webrtc, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, NULL);
    device_loopback_only(device);
    g_signal_connect(device->webrtc, "pad-added", G_CALLBACK(device_pad_added), device);
    gst_bin_add(GST_BIN(device->pipeline), device->webrtc);
    gst_element_set_state(device->pipeline, GST_STATE_READY);
    if (publish)
        device_send(device);
    else
        device_receive(device, lines);
    gst_element_set_state(device->pipeline, GST_STATE_PLAYING);
    char *offer = device_offer(device);
    device_http(certificate, "POST", url, token, "application/sdp", NULL, offer, strlen(offer),
                ret_answer);
    if (ret_answer->status == 400 || ret_answer->status == 422)
        fprintf(stderr, "refused offer:\n%s\n", offer);
    g_free(offer);
    if (ret_answer->status != 201)
        return device_free(device);
    device->location = g_strdup(ret_answer->location);
    device->etag = g_strdup(ret_answer->etag);
    device_answered(device, ret_answer->body);
    return device;
}

struct device *device_free(struct device *device)
{
    if (device == NULL)
        return NULL;
    gst_element_set_state(device->pipeline, GST_STATE_NULL);
    gst_object_unref(device->pipeline);
    g_mutex_clear(&device->lock);
    g_free(device->certificate);
    g_free(device->url);
    g_free(device->token);
    g_free(device->location);
    g_free(device->etag);
    g_free(device);
    return NULL;
}

void device_counts(struct device *device, struct device_counts *ret_counts)
{
    GstWebRTCPeerConnectionState state;
    g_object_get(device->webrtc, "connection-state", &state, NULL);
    g_mutex_lock(&device->lock);
    *ret_counts = device->counts;
    g_mutex_unlock(&device->lock);
    ret_counts->connected = state == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED;
}

uint64_t device_frames(struct device *device)
{
    struct device_counts counts;
    uint64_t sum = 0;
    device_counts(device, &counts);
    for (int i = 0; i < DEVICE_LINES_MAX; i++)
        sum += counts.video_frames[i];
    return sum;
}

uint64_t device_sounds(struct device *device)
{
    struct device_counts counts;
    uint64_t sum = 0;
    device_counts(device, &counts);
    for (int i = 0; i < DEVICE_LINES_MAX; i++)
        sum += counts.audio_buffers[i];
    return sum;
}

const char *device_location(const struct device *device)
{
    return device->location;
}

const char *device_etag(const struct device *device)
{
    return device->etag;
}

/* A value of a fragment's line into `ret_value`. */
static void fragment_value(const char *fragment, const char *name, char *ret_value, size_t size)
{
    const char *at = fragment == NULL ? NULL : strstr(fragment, name);
    ret_value[0] = 0;
    if (at != NULL)
        snprintf(ret_value, size, "%.*s", (int)strcspn(at + strlen(name), "\r\n"),
                 at + strlen(name));
}

/* webrtcbin cannot restart ICE by itself, so its agent is told directly: the first stream carries the whole bundle. The
 * gateway's candidates stay what they are. */
void device_restart_ice(struct device *device, struct http_answer *ret_answer)
{
    GObject *ice = NULL;
    NiceAgent *agent = NULL;
    gchar *ufrag = NULL, *pwd = NULL;
    char fragment[512], theirs_ufrag[64], theirs_pwd[128];
    g_object_get(device->webrtc, "ice-agent", &ice, NULL);
    g_object_get(ice, "agent", &agent, NULL);
    GSList *candidates = nice_agent_get_remote_candidates(agent, 1, 1);
    nice_agent_restart_stream(agent, 1);
    nice_agent_get_local_credentials(agent, 1, &ufrag, &pwd);
    snprintf(fragment, sizeof(fragment), "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", ufrag, pwd);
    device_http(device->certificate, "PATCH", device->location, device->token,
                "application/trickle-ice-sdpfrag", "*", fragment, strlen(fragment), ret_answer);
    if (ret_answer->status == 200) {
        g_free(device->etag);
        device->etag = g_strdup(ret_answer->etag);
        fragment_value(ret_answer->body, "a=ice-ufrag:", theirs_ufrag, sizeof(theirs_ufrag));
        fragment_value(ret_answer->body, "a=ice-pwd:", theirs_pwd, sizeof(theirs_pwd));
        nice_agent_set_remote_credentials(agent, 1, theirs_ufrag, theirs_pwd);
        for (GSList *at = candidates; at != NULL; at = at->next) {
            NiceCandidate *candidate = at->data;
            g_clear_pointer(&candidate->username, g_free);
            g_clear_pointer(&candidate->password, g_free);
        }
        nice_agent_set_remote_candidates(agent, 1, 1, candidates);
    }
    g_slist_free_full(candidates, (GDestroyNotify)nice_candidate_free);
    g_free(ufrag);
    g_free(pwd);
    g_object_unref(agent);
    g_object_unref(ice);
}
