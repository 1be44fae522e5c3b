/* Writes RTCP packets one after the other into a bytes_writer; check writer.overflowed once at the end.
 * A compound begins with rtcp_write_sr or rtcp_write_rr and then rtcp_write_cname (RFC 3550 §6.1); feedback alone is
 * allowed by rtcp-rsize (RFC 5506) when negotiated. Leave SRTP_OVERHEAD_BYTES_MAX free behind.
 * Thread: any. Pure. Lists longer than their bound are cut at the bound by the caller; that is asserted. */
#ifndef MEDIA_FEEDBACK_RTCP_WRITE_H
#define MEDIA_FEEDBACK_RTCP_WRITE_H

#include "gateway/base/bytes.h"
#include "media/feedback/rtcp.h"

#define RTCP_BLOCKS_MAX 31  /* five bits of count */
#define RTCP_NACKS_MAX  256 /* numbers in one NACK packet */

void rtcp_write_sr(struct bytes_writer *writer, uint32_t ssrc,
                   const struct rtcp_sender_info *sender, const struct rtcp_report_block *blocks,
                   size_t count);
void rtcp_write_rr(struct bytes_writer *writer, uint32_t ssrc,
                   const struct rtcp_report_block *blocks, size_t count);
void rtcp_write_cname(struct bytes_writer *writer, uint32_t ssrc, const char *cname);
void rtcp_write_bye(struct bytes_writer *writer, const uint32_t *ssrcs, size_t count);
/* `sequences` in ascending order (modulo 2^16, oldest first); neighbours within 16 share an entry. */
void rtcp_write_nack(struct bytes_writer *writer, uint32_t sender_ssrc, uint32_t media_ssrc,
                     const uint16_t *sequences, size_t count);
void rtcp_write_pli(struct bytes_writer *writer, uint32_t sender_ssrc, uint32_t media_ssrc);
void rtcp_write_fir(struct bytes_writer *writer, uint32_t sender_ssrc, uint32_t media_ssrc,
                    uint8_t command);
void rtcp_write_remb(struct bytes_writer *writer, uint32_t sender_ssrc, uint64_t bitrate_bps,
                     const uint32_t *ssrcs, size_t count);

#endif
