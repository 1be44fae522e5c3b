#include "media/feedback/rtcp.h"

#include <string.h>

#define HEADER_BYTES    4
#define BLOCK_BYTES     24
#define FIR_ENTRY_BYTES 8
#define SDES_CNAME      1

enum rtpfb_format { RTPFB_NACK = 1, RTPFB_TRANSPORT_CC = 15 };
enum psfb_format { PSFB_PLI = 1, PSFB_FIR = 4, PSFB_APPLICATION = 15 };

struct rtcp_packet {
    uint8_t count; /* report count, source count or format: the same five bits */
    uint8_t type;
    struct span body; /* after the first word, padding cut off */
};

/* RFC 3550 §6.4.1: the last byte of a padded packet counts the padding. It asks for a multiple of four, but transport-cc
 * feedback (and every browser that sends it) fills up its last word with one to three. */
static bool cut_padding(struct span *body)
{
    uint8_t padding = body->length > 0 ? body->data[body->length - 1] : 0;
    if (padding == 0 || padding > body->length)
        return false;
    body->length -= padding;
    return true;
}

static bool read_packet(struct bytes_reader *compound, struct rtcp_packet *ret_packet)
{
    uint8_t first = 0;
    uint16_t words = 0;
    struct rtcp_packet packet;
    if (!bytes_read_u8(compound, &first) || first >> 6 != 2 ||
        !bytes_read_u8(compound, &packet.type) || !bytes_read_u16(compound, &words) ||
        !bytes_read_span(compound, 4 * (size_t)words, &packet.body))
        return false;
    packet.count = first & 0x1f;
    if ((first & 0x20) != 0 && !cut_padding(&packet.body))
        return false;
    *ret_packet = packet;
    return true;
}

enum result rtcp_reader_init(struct rtcp_reader *reader, struct span compound)
{
    struct bytes_reader walk = bytes_reader_of(compound);
    struct rtcp_packet packet;
    if (walk.left == 0)
        return RESULT_PARSE;
    while (walk.left > 0) {
        if (!read_packet(&walk, &packet) || packet.type < 192 || packet.type > 223)
            return RESULT_PARSE;
    }
    *reader = (struct rtcp_reader){.compound = bytes_reader_of(compound)};
    return RESULT_OK;
}

static bool read_report(const struct rtcp_packet *packet, struct rtcp_item *item)
{
    struct bytes_reader reader = bytes_reader_of(packet->body);
    uint32_t high = 0, low = 0;
    if (!bytes_read_u32(&reader, &item->sender_ssrc))
        return false;
    item->kind = RTCP_KIND_RECEIVER_REPORT;
    if (packet->type == RTCP_SR) {
        item->kind = RTCP_KIND_SENDER_REPORT;
        if (!bytes_read_u32(&reader, &high) || !bytes_read_u32(&reader, &low) ||
            !bytes_read_u32(&reader, &item->sender.rtp_timestamp) ||
            !bytes_read_u32(&reader, &item->sender.packets) ||
            !bytes_read_u32(&reader, &item->sender.bytes))
            return false;
        item->sender.ntp = (uint64_t)high << 32 | low;
    }
    return bytes_read_span(&reader, BLOCK_BYTES * (size_t)packet->count, &item->blocks);
}

static bool read_bye(const struct rtcp_packet *packet, struct rtcp_item *item)
{
    struct bytes_reader reader = bytes_reader_of(packet->body);
    item->kind = RTCP_KIND_BYE;
    if (!bytes_read_span(&reader, 4 * (size_t)packet->count, &item->entries))
        return false;
    return packet->count == 0 || rtcp_ssrc_entry(item, 0, &item->sender_ssrc);
}

/* draft-alvestrand-rmcat-remb-03 §2.2: 'REMB' | Num SSRC | BR Exp (6) | BR Mantissa (18) | SSRCs */
static bool read_remb(struct bytes_reader *reader, struct rtcp_item *item)
{
    uint32_t name = 0, rate = 0;
    uint8_t count = 0;
    if (!bytes_read_u32(reader, &name) || name != 0x52454d42 || !bytes_read_u8(reader, &count) ||
        !bytes_read_u24(reader, &rate) ||
        !bytes_read_span(reader, 4 * (size_t)count, &item->entries))
        return false;
    unsigned exponent = rate >> 18;
    uint64_t mantissa = rate & 0x3ffff;
    /* 46 zero bits fit above 18: a larger exponent means "no limit", not a small number by overflow. */
    item->bitrate_bps = exponent <= 46 ? mantissa << exponent : mantissa > 0 ? UINT64_MAX : 0;
    item->kind = RTCP_KIND_REMB;
    return true;
}

static bool read_feedback(const struct rtcp_packet *packet, struct rtcp_item *item)
{
    struct bytes_reader reader = bytes_reader_of(packet->body);
    if (!bytes_read_u32(&reader, &item->sender_ssrc) || !bytes_read_u32(&reader, &item->media_ssrc))
        return false;
    if (packet->type == RTCP_PSFB && packet->count == PSFB_APPLICATION)
        return read_remb(&reader, item);
    item->entries = span_of(reader.at, reader.left);
    if (packet->type == RTCP_RTPFB && packet->count == RTPFB_NACK)
        item->kind = RTCP_KIND_NACK;
    else if (packet->type == RTCP_RTPFB && packet->count == RTPFB_TRANSPORT_CC)
        item->kind = RTCP_KIND_TRANSPORT_CC;
    else if (packet->type == RTCP_PSFB && packet->count == PSFB_PLI)
        item->kind = RTCP_KIND_PLI;
    else if (packet->type == RTCP_PSFB && packet->count == PSFB_FIR)
        item->kind = RTCP_KIND_FIR;
    bool entries_wanted = item->kind == RTCP_KIND_NACK || item->kind == RTCP_KIND_FIR;
    size_t entry_bytes = item->kind == RTCP_KIND_FIR ? FIR_ENTRY_BYTES : 4;
    return !entries_wanted || (item->entries.length > 0 && item->entries.length % entry_bytes == 0);
}

/* One SDES chunk (RFC 3550 §6.5): SSRC, items, a zero byte and padding to a word. */
static bool read_chunk(struct bytes_reader *chunks, struct rtcp_item *item)
{
    uint8_t type = 0, length = 0;
    struct span text;
    if (!bytes_read_u32(chunks, &item->sender_ssrc))
        return false;
    while (bytes_read_u8(chunks, &type)) {
        if (type == 0)
            return bytes_skip(chunks, chunks->left % 4); /* an unpadded body is whole words */
        if (!bytes_read_u8(chunks, &length) || !bytes_read_span(chunks, length, &text))
            return false;
        if (type == SDES_CNAME && item->kind != RTCP_KIND_CNAME) {
            item->kind = RTCP_KIND_CNAME;
            item->text = text;
        }
    }
    return false;
}

static bool next_cname(struct rtcp_reader *reader, struct rtcp_item *ret_item)
{
    while (reader->chunks_left > 0) {
        struct rtcp_item item = {.kind = RTCP_KIND_OTHER};
        reader->chunks_left--;
        if (!read_chunk(&reader->chunks, &item)) {
            reader->chunks_left = 0;
            return false;
        }
        if (item.kind == RTCP_KIND_CNAME) {
            *ret_item = item;
            return true;
        }
    }
    return false;
}

static bool read_item(const struct rtcp_packet *packet, struct rtcp_item *item)
{
    switch (packet->type) {
    case RTCP_SR:
    case RTCP_RR:
        return read_report(packet, item);
    case RTCP_BYE:
        return read_bye(packet, item);
    case RTCP_RTPFB:
    case RTCP_PSFB:
        return read_feedback(packet, item);
    default:
        return true;
    }
}

bool rtcp_next(struct rtcp_reader *reader, struct rtcp_item *ret_item)
{
    struct rtcp_packet packet;
    if (next_cname(reader, ret_item))
        return true;
    while (read_packet(&reader->compound, &packet)) {
        if (packet.type == RTCP_SDES) {
            reader->chunks = bytes_reader_of(packet.body);
            reader->chunks_left = packet.count;
            if (next_cname(reader, ret_item))
                return true;
            continue;
        }
        struct rtcp_item item = {.kind = RTCP_KIND_OTHER};
        if (!read_item(&packet, &item))
            item = (struct rtcp_item){.kind = RTCP_KIND_OTHER};
        *ret_item = item;
        return true;
    }
    return false;
}

size_t rtcp_report_blocks(const struct rtcp_item *item)
{
    return item->blocks.length / BLOCK_BYTES;
}

bool rtcp_report_block(const struct rtcp_item *item, size_t index,
                       struct rtcp_report_block *ret_block)
{
    if (index >= rtcp_report_blocks(item))
        return false;
    const uint8_t *at = item->blocks.data + index * BLOCK_BYTES;
    uint32_t lost = bytes_get_u24(at + 5);
    *ret_block = (struct rtcp_report_block){
        .ssrc = bytes_get_u32(at),
        .fraction_lost = at[4],
        .lost = lost < 0x800000 ? (int32_t)lost : (int32_t)lost - 0x1000000,
        .highest_sequence = bytes_get_u32(at + 8),
        .jitter = bytes_get_u32(at + 12),
        .last_sr = bytes_get_u32(at + 16),
        .delay_since_sr = bytes_get_u32(at + 20),
    };
    return true;
}

bool rtcp_nack_next(const struct rtcp_item *item, struct rtcp_nack_cursor *cursor,
                    uint16_t *ret_sequence)
{
    while (item->kind == RTCP_KIND_NACK && cursor->entry < item->entries.length / 4) {
        const uint8_t *at = item->entries.data + cursor->entry * 4;
        uint16_t first = bytes_get_u16(at), following = bytes_get_u16(at + 2);
        while (cursor->bit <= 16) {
            uint8_t bit = cursor->bit++; /* 0: PID itself; 1…16: the bits of BLP */
            if (bit == 0 || (following >> (bit - 1) & 1) != 0) {
                *ret_sequence = (uint16_t)(first + bit);
                return true;
            }
        }
        cursor->bit = 0;
        cursor->entry++;
    }
    return false;
}

bool rtcp_fir_entry(const struct rtcp_item *item, size_t index, uint32_t *ret_ssrc,
                    uint8_t *ret_command)
{
    if (item->kind != RTCP_KIND_FIR || index >= item->entries.length / FIR_ENTRY_BYTES)
        return false;
    const uint8_t *at = item->entries.data + index * FIR_ENTRY_BYTES;
    *ret_ssrc = bytes_get_u32(at);
    *ret_command = at[4];
    return true;
}

bool rtcp_ssrc_entry(const struct rtcp_item *item, size_t index, uint32_t *ret_ssrc)
{
    bool listed = item->kind == RTCP_KIND_REMB || item->kind == RTCP_KIND_BYE;
    if (!listed || index >= item->entries.length / 4)
        return false;
    *ret_ssrc = bytes_get_u32(item->entries.data + index * 4);
    return true;
}
