/* Session descriptions (RFC 8866, JSEP RFC 9429) as one bounded plain struct. GStreamer's gstsdp splits and prints the
 * text; what the lines mean is decided here.
 *
 * Thread: any; nothing is shared. Ownership: all storage is the caller's; a description is about 150 KiB, so keep it on
 * the heap. Bounds: SDP_*_MAX; text over a bound is refused whole, never cut.
 * Errors: RESULT_PARSE (not SDP, or a line we use is malformed), RESULT_TOO_LARGE (text, a line or a value),
 * RESULT_TOO_MANY (lines, m-lines, codecs, candidates …), RESULT_UNSUPPORTED (audio or video without the profile
 * UDP/TLS/RTP/SAVPF). Attributes we do not use are skipped. Whether rtcp-mux, BUNDLE or a fingerprint are there is
 * told, not demanded: that is the caller's policy. Of several fingerprints the longest hash counts; SHA-1 and MD5 are
 * read as absent.
 *
 * Parsing gives each m-line its own ice, fingerprint and setup values, also where the text has them at session level
 * (Firefox), and to bundled m-lines those of the first m-line of the group (RFC 9143 §7.1.3 allows leaving them out). */
#ifndef SIGNALING_SDP_SDP_H
#define SIGNALING_SDP_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"

#define SDP_TEXT_MAX       65536
#define SDP_LINES_MAX      1024 /* fourteen m-lines of a browser are about 400 */
#define SDP_LINE_MAX       4096 /* any line */
#define SDP_ATTRIBUTE_MAX  256  /* a line whose value we use */
#define SDP_MEDIA_MAX      14
#define SDP_CODECS_MAX     48 /* of one m-line; Chromium offers about 40 video formats */
#define SDP_EXTMAPS_MAX    24
#define SDP_SSRCS_MAX      4
#define SDP_CANDIDATES_MAX 40
#define SDP_MID_SIZE       17
#define SDP_UFRAG_SIZE     33 /* RFC 8839 §5.4 allows 256; nobody sends more than 32 */
#define SDP_PWD_SIZE       65

enum sdp_kind {
    SDP_AUDIO,
    SDP_VIDEO,
    SDP_OTHER, /* application, text …: always rejected */
};

enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };

enum sdp_setup { SDP_SETUP_NONE, SDP_SETUP_ACTPASS, SDP_SETUP_ACTIVE, SDP_SETUP_PASSIVE };

/* a=rtcp-fb, RFC 4585 §4.2, RFC 5104 */
enum sdp_feedback {
    SDP_FEEDBACK_NACK = 1 << 0,
    SDP_FEEDBACK_NACK_PLI = 1 << 1,
    SDP_FEEDBACK_CCM_FIR = 1 << 2,
    SDP_FEEDBACK_GOOG_REMB = 1 << 3,
    SDP_FEEDBACK_TRANSPORT_CC = 1 << 4,
};

struct sdp_codec {
    uint8_t payload_type; /* 0 … 127 */
    uint8_t channels;     /* 0: not said */
    bool has_apt;         /* rtx: repairs `apt`, RFC 4588 §8.1 */
    uint8_t apt;
    uint32_t clock;
    uint32_t feedback; /* bits of enum sdp_feedback */
    char name[24];     /* as written: "opus", "VP8", "rtx" */
    char fmtp[200];    /* whole value without "PT ", also when it holds apt; empty when absent */
};

struct sdp_extmap {
    uint8_t id; /* 1 … 255; RFC 8285 */
    bool has_direction;
    enum sdp_direction direction; /* a=extmap:3/sendonly */
    char uri[128];
};

struct sdp_ssrc {
    uint32_t ssrc;
    uint32_t rtx_ssrc; /* of its FID group (RFC 5576 §4.2), 0 none */
    char cname[64];
};

struct sdp_fingerprint {
    char hash[12]; /* lower case: "sha-256" */
    uint8_t bytes[64];
    uint8_t length; /* 0: absent */
};

struct sdp_media {
    char mid[SDP_MID_SIZE];
    enum sdp_kind kind;
    bool rejected; /* port 0 without bundle-only */
    bool bundle_only;
    bool bundled; /* its mid is in a=group:BUNDLE */
    bool rtcp_mux, rtcp_rsize, end_of_candidates;
    uint16_t port;
    enum sdp_direction direction;
    enum sdp_setup setup;
    char ice_ufrag[SDP_UFRAG_SIZE], ice_pwd[SDP_PWD_SIZE];
    struct sdp_fingerprint fingerprint;
    uint8_t ptime_ms; /* a=ptime: frame length asked for; 0: absent */
    char msid[80];    /* "stream track", RFC 8830; empty when absent */
    uint32_t codecs_count, extmaps_count, ssrcs_count;
    struct sdp_codec codecs[SDP_CODECS_MAX]; /* in order of preference */
    struct sdp_extmap extmaps[SDP_EXTMAPS_MAX];
    struct sdp_ssrc ssrcs[SDP_SSRCS_MAX];
};

/* a=candidate, RFC 8839 §5.1. Never resolved, never trusted: a hint. Host names (mDNS) are kept as they are written. */
struct sdp_candidate {
    uint8_t media; /* index of the m-line */
    uint8_t component;
    uint16_t port;
    uint32_t priority;
    char foundation[33];
    char transport[8]; /* lower case */
    char address[64];
    char type[8];    /* host srflx prflx relay */
    char tcptype[8]; /* empty, "passive", "active", "so" */
};

struct sdp_description {
    uint64_t session_id, session_version; /* o= line */
    bool ice_lite, ice_trickle;
    uint32_t media_count, candidates_count;
    struct sdp_media media[SDP_MEDIA_MAX];
    struct sdp_candidate candidates[SDP_CANDIDATES_MAX];
};

MUST_CHECK enum result sdp_parse(struct span text, struct sdp_description *ret_description);
/* Whole SDP text with CRLF and a NUL behind it; RESULT_TOO_LARGE when it does not fit. A description that breaks a rule
 * of its fields (an m-line without mid, a codec without a name) gives RESULT_INVALID. */
MUST_CHECK enum result sdp_write(const struct sdp_description *description, char *ret_text,
                                 size_t size, size_t *ret_length);

#endif
