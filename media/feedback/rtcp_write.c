#include "media/feedback/rtcp_write.h"

#include <string.h>

#include "gateway/base/check.h"

static size_t begin(struct bytes_writer *writer, uint8_t count, enum rtcp_type type)
{
    size_t at = writer->used;
    bytes_write_u8(writer, (uint8_t)(0x80 | count));
    bytes_write_u8(writer, (uint8_t)type);
    bytes_write_u16(writer, 0); /* the length, known at the end */
    return at;
}

/* RFC 3550 §6.4.1: length in words minus one. */
static void end(struct bytes_writer *writer, size_t at)
{
    if (!writer->overflowed)
        bytes_put_u16(writer->start + at + 2, (uint16_t)((writer->used - at) / 4 - 1));
}

static void write_blocks(struct bytes_writer *writer, const struct rtcp_report_block *blocks,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct rtcp_report_block *block = &blocks[i];
        int32_t lost = block->lost;
        if (lost > 0x7fffff)
            lost = 0x7fffff;
        if (lost < -0x800000)
            lost = -0x800000;
        bytes_write_u32(writer, block->ssrc);
        bytes_write_u8(writer, block->fraction_lost);
        bytes_write_u24(writer, (uint32_t)lost & 0xffffff);
        bytes_write_u32(writer, block->highest_sequence);
        bytes_write_u32(writer, block->jitter);
        bytes_write_u32(writer, block->last_sr);
        bytes_write_u32(writer, block->delay_since_sr);
    }
}

void rtcp_write_sr(struct bytes_writer *writer, uint32_t ssrc,
                   const struct rtcp_sender_info *sender, const struct rtcp_report_block *blocks,
                   size_t count)
{
    CHECK(count <= RTCP_BLOCKS_MAX);
    size_t at = begin(writer, (uint8_t)count, RTCP_SR);
    bytes_write_u32(writer, ssrc);
    bytes_write_u32(writer, (uint32_t)(sender->ntp >> 32));
    bytes_write_u32(writer, (uint32_t)sender->ntp);
    bytes_write_u32(writer, sender->rtp_timestamp);
    bytes_write_u32(writer, sender->packets);
    bytes_write_u32(writer, sender->bytes);
    write_blocks(writer, blocks, count);
    end(writer, at);
}

void rtcp_write_rr(struct bytes_writer *writer, uint32_t ssrc,
                   const struct rtcp_report_block *blocks, size_t count)
{
    CHECK(count <= RTCP_BLOCKS_MAX);
    size_t at = begin(writer, (uint8_t)count, RTCP_RR);
    bytes_write_u32(writer, ssrc);
    write_blocks(writer, blocks, count);
    end(writer, at);
}

/* RFC 3550 §6.5: one chunk; at least one zero byte closes it, and zeroes fill the word. */
void rtcp_write_cname(struct bytes_writer *writer, uint32_t ssrc, const char *cname)
{
    size_t length = strnlen(cname, 255);
    size_t at = begin(writer, 1, RTCP_SDES);
    bytes_write_u32(writer, ssrc);
    bytes_write_u8(writer, 1);
    bytes_write_u8(writer, (uint8_t)length);
    bytes_write(writer, cname, length);
    do {
        bytes_write_u8(writer, 0);
    } while ((writer->used - at) % 4 != 0 && !writer->overflowed);
    end(writer, at);
}

void rtcp_write_bye(struct bytes_writer *writer, const uint32_t *ssrcs, size_t count)
{
    CHECK(count <= RTCP_BLOCKS_MAX);
    size_t at = begin(writer, (uint8_t)count, RTCP_BYE);
    for (size_t i = 0; i < count; i++)
        bytes_write_u32(writer, ssrcs[i]);
    end(writer, at);
}

/* RFC 4585 §6.2.1: PID, and a bit for each of the 16 numbers behind it. */
void rtcp_write_nack(struct bytes_writer *writer, uint32_t sender_ssrc, uint32_t media_ssrc,
                     const uint16_t *sequences, size_t count)
{
    CHECK(count > 0 && count <= RTCP_NACKS_MAX);
    size_t at = begin(writer, 1, RTCP_RTPFB);
    bytes_write_u32(writer, sender_ssrc);
    bytes_write_u32(writer, media_ssrc);
    for (size_t i = 0; i < count;) {
        uint16_t first = sequences[i++], following = 0;
        while (i < count) {
            uint16_t distance = (uint16_t)(sequences[i] - first);
            if (distance == 0 || distance > 16)
                break;
            following |= (uint16_t)(1u << (distance - 1));
            i++;
        }
        bytes_write_u16(writer, first);
        bytes_write_u16(writer, following);
    }
    end(writer, at);
}

void rtcp_write_pli(struct bytes_writer *writer, uint32_t sender_ssrc, uint32_t media_ssrc)
{
    size_t at = begin(writer, 1, RTCP_PSFB);
    bytes_write_u32(writer, sender_ssrc);
    bytes_write_u32(writer, media_ssrc);
    end(writer, at);
}

/* RFC 5104 §4.3.1.1: the media SSRC of the head is 0, the target stands in the entry. */
void rtcp_write_fir(struct bytes_writer *writer, uint32_t sender_ssrc, uint32_t media_ssrc,
                    uint8_t command)
{
    size_t at = begin(writer, 4, RTCP_PSFB);
    bytes_write_u32(writer, sender_ssrc);
    bytes_write_u32(writer, 0);
    bytes_write_u32(writer, media_ssrc);
    bytes_write_u8(writer, command);
    bytes_write_u24(writer, 0);
    end(writer, at);
}

void rtcp_write_remb(struct bytes_writer *writer, uint32_t sender_ssrc, uint64_t bitrate_bps,
                     const uint32_t *ssrcs, size_t count)
{
    CHECK(count <= 255);
    unsigned exponent = 0;
    while (bitrate_bps >> exponent > 0x3ffff)
        exponent++;
    size_t at = begin(writer, 15, RTCP_PSFB);
    bytes_write_u32(writer, sender_ssrc);
    bytes_write_u32(writer, 0);
    bytes_write(writer, "REMB", 4);
    bytes_write_u8(writer, (uint8_t)count);
    bytes_write_u24(writer, (uint32_t)(exponent << 18) | (uint32_t)(bitrate_bps >> exponent));
    for (size_t i = 0; i < count; i++)
        bytes_write_u32(writer, ssrcs[i]);
    end(writer, at);
}
