/* Reads a plain compound RTCP packet (RFC 3550 §6, 4585, 5104, REMB draft-alvestrand-rmcat-remb-03, transport-cc
 * draft-holmer-rmcat-transport-wide-cc-extensions-01). Reduced-size packets (RFC 5506) are taken as they come.
 * Thread: any. Pure; items are views into the caller's bytes. */
#ifndef MEDIA_FEEDBACK_RTCP_H
#define MEDIA_FEEDBACK_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/bytes.h"
#include "gateway/base/cleanup.h"
#include "gateway/base/result.h"

/* Wire numbers. */
enum rtcp_type {
    RTCP_SR = 200,
    RTCP_RR = 201,
    RTCP_SDES = 202,
    RTCP_BYE = 203,
    RTCP_APP = 204,
    RTCP_RTPFB = 205,
    RTCP_PSFB = 206,
};

enum rtcp_kind {
    RTCP_KIND_OTHER, /* well-formed but not ours: skip */
    RTCP_KIND_SENDER_REPORT,
    RTCP_KIND_RECEIVER_REPORT,
    RTCP_KIND_CNAME, /* one item per SDES chunk that has a CNAME */
    RTCP_KIND_BYE,
    RTCP_KIND_NACK,
    RTCP_KIND_PLI,
    RTCP_KIND_FIR,
    RTCP_KIND_REMB,
    RTCP_KIND_TRANSPORT_CC,
};

/* RFC 3550 §6.4.1 */
struct rtcp_report_block {
    uint32_t ssrc;
    uint8_t fraction_lost; /* of 256 */
    int32_t lost;          /* signed 24 bits on the wire */
    uint32_t highest_sequence;
    uint32_t jitter;         /* timestamp units */
    uint32_t last_sr;        /* middle 32 bits of the NTP time of the last SR; 0: none */
    uint32_t delay_since_sr; /* 1/65536 s */
};

struct rtcp_sender_info {
    uint64_t ntp; /* 32.32 */
    uint32_t rtp_timestamp;
    uint32_t packets;
    uint32_t bytes;
};

struct rtcp_item {
    enum rtcp_kind kind;
    uint32_t sender_ssrc;
    uint32_t media_ssrc;            /* NACK, PLI, TRANSPORT_CC */
    struct rtcp_sender_info sender; /* SENDER_REPORT */
    struct span blocks;             /* *_REPORT: whole report blocks */
    struct span text;               /* CNAME, not NUL-terminated; sender_ssrc is the chunk's */
    struct span
        entries; /* NACK, FIR: whole entries; REMB, BYE: SSRCs; TRANSPORT_CC: all after the SSRCs */
    uint64_t bitrate_bps; /* REMB */
};

struct rtcp_reader {
    struct bytes_reader compound;
    struct bytes_reader chunks; /* of the SDES being walked */
    uint8_t chunks_left;
};

/* RESULT_PARSE unless every packet of the compound has version 2 and a length inside it: a compound with one lie is
 * dropped whole (RFC 3550 A.2). */
MUST_CHECK enum result rtcp_reader_init(struct rtcp_reader *reader, struct span compound);
/* False at the end. A packet whose inside does not fit its kind comes as RTCP_KIND_OTHER. */
MUST_CHECK bool rtcp_next(struct rtcp_reader *reader, struct rtcp_item *ret_item);

size_t rtcp_report_blocks(const struct rtcp_item *item);
MUST_CHECK bool rtcp_report_block(const struct rtcp_item *item, size_t index,
                                  struct rtcp_report_block *ret_block);
/* All lost numbers of a NACK, PID and BLP bits in order (RFC 4585 §6.2.1). Start with a zeroed cursor. */
struct rtcp_nack_cursor {
    size_t entry;
    uint8_t bit;
};
MUST_CHECK bool rtcp_nack_next(const struct rtcp_item *item, struct rtcp_nack_cursor *cursor,
                               uint16_t *ret_sequence);
/* FIR entries (RFC 5104 §4.3.1). A repeated command number is the same request. */
MUST_CHECK bool rtcp_fir_entry(const struct rtcp_item *item, size_t index, uint32_t *ret_ssrc,
                               uint8_t *ret_command);
/* The index-th SSRC of a REMB or BYE. */
MUST_CHECK bool rtcp_ssrc_entry(const struct rtcp_item *item, size_t index, uint32_t *ret_ssrc);

#endif
