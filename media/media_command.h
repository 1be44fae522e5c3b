/* The words between control and the media workers: commands down, events up. Plain data, copied by value through
 * bounded mailboxes. An endpoint is one browser's PeerConnection; it is addressed by a handle that control gets from
 * media_endpoint_reserve() and that goes stale when the endpoint has drained.
 *
 * Order: OPEN → REMOTE → (SLOTS, ROUTE, GATE)* → CLOSE → event DRAINED. Commands for one endpoint are carried out in order.
 * A route exists closed; only MEDIA_COMMAND_GATE opens it (promise P1). */
#ifndef MEDIA_MEDIA_COMMAND_H
#define MEDIA_MEDIA_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/handle.h"
#include "gateway/base/id.h"
#include "media/media_limits.h"

enum media_kind { MEDIA_AUDIO, MEDIA_VIDEO, MEDIA_KIND_COUNT };

enum media_codec {
    MEDIA_CODEC_NONE,
    MEDIA_CODEC_OPUS,
    MEDIA_CODEC_VP8,
    MEDIA_CODEC_H264,
    MEDIA_CODEC_COUNT
};

/* Header extensions we understand (RFC 8285); an endpoint's own ids are in its media_maps. */
enum media_extension {
    MEDIA_EXTENSION_MID,           /* urn:ietf:params:rtp-hdrext:sdes:mid */
    MEDIA_EXTENSION_TRANSPORT_CC,  /* …/draft-holmer-rmcat-transport-wide-cc-extensions-01 */
    MEDIA_EXTENSION_ABS_SEND_TIME, /* http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time */
    MEDIA_EXTENSION_AUDIO_LEVEL,   /* urn:ietf:params:rtp-hdrext:ssrc-audio-level, RFC 6464 */
    MEDIA_EXTENSION_PLAYOUT_DELAY, /* http://www.webrtc.org/experiments/rtp-hdrext/playout-delay; set by us */
    MEDIA_EXTENSION_ABS_CAPTURE_TIME, /* …/rtp-hdrext/abs-capture-time; the publisher's, passed on */
    MEDIA_EXTENSION_COUNT
};

/* This endpoint's numbers; 0 = not negotiated. Packets are mapped from the publisher's to the subscriber's numbers. */
struct media_maps {
    uint8_t payload_type[MEDIA_CODEC_COUNT];
    uint8_t rtx_payload_type[MEDIA_CODEC_COUNT];
    uint8_t red_payload_type; /* Opus with redundancy, RFC 2198; sent and understood */
    uint8_t extension_id[MEDIA_EXTENSION_COUNT]; /* 1…14, one-byte form */
};

struct media_ice {
    char ufrag[MEDIA_UFRAG_SIZE];
    char pwd[MEDIA_PWD_SIZE];
};

/* One m-line. `up`: the browser sends to us. For down slots we choose the SSRCs. */
struct media_slot {
    char mid[MEDIA_MID_SIZE];
    enum media_kind kind;
    bool up;
    uint32_t ssrc, rtx_ssrc; /* down: ours; up: the browser's if its SDP says so, else 0 */
};

struct media_fingerprint {
    char hash[12]; /* "sha-256", "sha-384", "sha-512" */
    uint8_t bytes[64];
    uint8_t length;
};

enum media_command_kind {
    MEDIA_COMMAND_ENDPOINT_OPEN,   /* open */
    MEDIA_COMMAND_ENDPOINT_REMOTE, /* remote: what the SDP answer said */
    MEDIA_COMMAND_ENDPOINT_SLOTS,  /* slots: all of them; what was there stays, the rest is new */
    MEDIA_COMMAND_ENDPOINT_ICE, /* ice: new local credentials (ICE restart); keys and routes stay */
    MEDIA_COMMAND_ENDPOINT_CLOSE, /* destroy keys at once, forget addresses, answer DRAINED */
    MEDIA_COMMAND_ROUTE_ADD,      /* route: exists from now on, closed */
    MEDIA_COMMAND_ROUTE_REMOVE,   /* route */
    MEDIA_COMMAND_GATE, /* route: set its gate bit to `open`; opening asks the publisher for a keyframe */
};

struct media_command {
    enum media_command_kind kind;
    struct handle endpoint; /* ROUTE_*, GATE: the publisher */
    union {
        struct {
            struct id consultation; /* for log lines and placement only */
            struct media_ice ice;   /* ours */
            char cname[MEDIA_CNAME_SIZE];
            struct media_slot slots[MEDIA_SLOTS_MAX];
            uint32_t slots_count;
        } open;
        struct {
            struct media_ice ice; /* theirs */
            struct media_fingerprint fingerprint;
            struct media_maps maps;
            struct media_slot slots[MEDIA_SLOTS_MAX];
            uint32_t slots_count;
        } remote;
        struct media_ice ice;
        struct {
            struct media_slot slots[MEDIA_SLOTS_MAX];
            uint32_t slots_count;
        } slots;
        struct {
            struct handle subscriber;
            uint8_t publisher_slot; /* index into the publisher's slots */
            uint8_t subscriber_slot;
            bool open;
        } route;
    };
};

enum media_path_kind {
    MEDIA_PATH_NONE,
    MEDIA_PATH_UDP4,
    MEDIA_PATH_UDP6,
    MEDIA_PATH_TCP4, /* ICE over TCP, RFC 6544 */
    MEDIA_PATH_TCP6,
    MEDIA_PATH_RELAY, /* the TURN server beside us (RFC 8656), whatever the browser speaks with that */
    MEDIA_PATH_COUNT
};

/* Which step a connection attempt reached when it failed: told to people in words. */
enum media_step { MEDIA_STEP_ICE, MEDIA_STEP_DTLS, MEDIA_STEP_FINGERPRINT, MEDIA_STEP_SRTP };

/* What one receiver gets on the line he has; media/feedback/ladder.h says what each means. */
enum media_rung {
    MEDIA_RUNG_FAINT,
    MEDIA_RUNG_SOUND,
    MEDIA_RUNG_SMALL,
    MEDIA_RUNG_MEDIUM,
    MEDIA_RUNG_FULL,
    MEDIA_RUNG_COUNT
};
static inline bool media_rung_has_picture(enum media_rung rung)
{
    return rung >= MEDIA_RUNG_SMALL;
}

enum media_event_kind {
    MEDIA_EVENT_CONNECTED, /* connected: DTLS done, keys in place */
    MEDIA_EVENT_FAILED,    /* failed */
    MEDIA_EVENT_LOST,      /* no valid consent check for 30 s (RFC 7675), or DTLS close_notify */
    MEDIA_EVENT_BACK,      /* a valid check after LOST or after an ICE restart */
    MEDIA_EVENT_DRAINED,   /* drained: the handle is stale from now on */
    MEDIA_EVENT_FLOW,      /* flow: a track of this publisher began or stopped to arrive */
    MEDIA_EVENT_STATS,     /* stats: every 5 s per connected endpoint */
    MEDIA_EVENT_LADDER,    /* ladder: this receiver's line carries more or less than it did */
};

struct media_event {
    enum media_event_kind kind;
    struct handle endpoint;
    int64_t at_us; /* monotonic */
    union {
        struct {
            const char *srtp_profile; /* static: "AEAD_AES_128_GCM" … */
            enum media_path_kind path;
        } connected;
        struct {
            enum media_step step;
            enum result result;
        } failed;
        struct {
            bool by_peer; /* DTLS close_notify rather than silence */
        } lost;
        struct {
            uint64_t forwarded;  /* packets this endpoint's publications were forwarded as */
            uint64_t gated;      /* authenticated packets held by a closed gate */
            bool keys_destroyed; /* always true: said so that the record has its evidence */
        } drained;
        struct {
            enum media_kind kind;
            uint8_t slot;
            bool live; /* sound: a packet; picture: a complete frame. false: none for gap_notice */
            int64_t
                gap_us; /* live: length of the gap that ended (0 for the first time); else: so far */
        } flow;
        struct {
            uint32_t rtt_us;             /* 0 unknown */
            uint16_t loss_up_permille;   /* from this browser to us */
            uint16_t loss_down_permille; /* from us to it, as its RR says */
            uint32_t bitrate_up_bps, bitrate_down_bps;
            uint32_t estimate_down_bps; /* what our link to it is judged to carry; 0 unknown */
            uint32_t queue_us; /* the longest a picture packet waited here, in the interval */
            uint32_t frames_complete; /* video frames that arrived whole, in the interval */
        } stats;
        struct {
            enum media_rung rung, before;
            bool lossy;             /* sound goes with redundancy where the receiver takes it */
            uint32_t sound_bps;     /* what senders of sound towards him are asked for; 0: free */
            uint8_t sound_frame_ms; /* likewise */
        } ladder;
    };
};

#endif
