#include "tests/load/stream.h"

#include <string.h>

#include "tests/support/raw_rtp.h"

#define VIDEO_PAYLOAD       1136
#define AUDIO_PAYLOAD       80
#define VIDEO_INTERVAL_NS   9090909 /* 110 a second */
#define AUDIO_INTERVAL_NS   20000000
#define PACKETS_PER_PICTURE 4
#define STAMP_AT            14 /* behind VP8 payload descriptor (4) and frame header (10) */
#define STAMP_MAGIC         0x74734c44u

struct stamp {
    uint32_t magic;
    uint32_t participant;
    uint64_t counter;
    int64_t sent_ns;
};

#define FILLER_AT (STAMP_AT + sizeof(struct stamp))

/* Eight bytes a step (xorshift64), because the generator must stay cheaper than the gateway. */
static void fill(uint8_t *bytes, size_t length, uint64_t counter, uint32_t participant)
{
    uint64_t state = (counter + 1) * 0x9e3779b97f4a7c15u ^ participant;
    for (size_t i = 0; i < length; i += sizeof(state)) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        memcpy(bytes + i, &state, length - i < sizeof(state) ? length - i : sizeof(state));
    }
}

int64_t stream_interval_ns(bool video)
{
    return video ? VIDEO_INTERVAL_NS : AUDIO_INTERVAL_NS;
}

void stream_out_init(struct stream_out *out, const struct stream_numbers *numbers, bool video,
                     uint32_t participant, uint32_t phase, int64_t now_ns)
{
    uint32_t ssrc = out->ssrc;
    *out = (struct stream_out){.numbers = *numbers, .video = video, .keyframe = true};
    out->participant = participant;
    out->ssrc = ssrc;
    out->due_ns = now_ns + stream_interval_ns(video) * (int64_t)(phase % 1000) / 1000;
}

static void write_video_head(struct stream_out *out, uint8_t *payload, bool first)
{
    /* RFC 7741 §4.2: X, S; I; M and a 15-bit picture id */
    payload[0] = first ? 0x90 : 0x80;
    payload[1] = 0x80;
    payload[2] = (uint8_t)(0x80 | (out->picture >> 8 & 0x7f));
    payload[3] = (uint8_t)out->picture;
    if (!first)
        return;
    /* RFC 6386 §9.1: bit 0 clear for a keyframe, then start code and size */
    static const uint8_t start[] = {0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01};
    payload[4] = out->keyframe ? 0x10 : 0x11;
    payload[5] = payload[6] = 0;
    if (out->keyframe)
        memcpy(payload + 7, start, sizeof(start));
    out->keyframe = false;
}

static void add_extensions(const struct stream_out *out, int64_t sent_ns,
                           uint16_t transport_sequence, struct raw_rtp *rtp)
{
    struct raw_rtp_extension *next = rtp->extensions;
    const struct stream_numbers *numbers = &out->numbers;
    if (numbers->mid_id != 0) {
        *next = (struct raw_rtp_extension){.id = numbers->mid_id,
                                           .length = (uint8_t)strlen(numbers->mid)};
        memcpy(next->bytes, numbers->mid, next->length);
        next++;
    }
    if (numbers->transport_cc_id != 0)
        *next++ = (struct raw_rtp_extension){
            .id = numbers->transport_cc_id,
            .length = 2,
            .bytes = {(uint8_t)(transport_sequence >> 8), (uint8_t)transport_sequence}};
    if (numbers->send_time_id != 0) {
        /* 6.18 fixed point seconds */
        uint32_t time = (uint32_t)((uint64_t)(sent_ns / 1000) * 262144 / 1000000) & 0xffffff;
        *next = (struct raw_rtp_extension){
            .id = numbers->send_time_id,
            .length = 3,
            .bytes = {(uint8_t)(time >> 16), (uint8_t)(time >> 8), (uint8_t)time}};
    }
}

size_t stream_write(struct stream_out *out, int64_t sent_ns, uint16_t transport_sequence,
                    uint8_t *packet, size_t size)
{
    uint8_t payload[VIDEO_PAYLOAD] = {0};
    uint64_t place = out->counter % PACKETS_PER_PICTURE;
    struct raw_rtp rtp = {.payload_type = out->numbers.payload_type,
                          .marker =
                              out->video ? place == PACKETS_PER_PICTURE - 1 : out->counter == 0,
                          .sequence = (uint16_t)(out->counter + 4711),
                          .ssrc = out->ssrc,
                          .payload = payload,
                          .payload_length = out->video ? VIDEO_PAYLOAD : AUDIO_PAYLOAD};
    struct stamp stamp = {STAMP_MAGIC, out->participant, out->counter, sent_ns};
    if (out->video) {
        uint64_t picture = out->counter / PACKETS_PER_PICTURE;
        rtp.timestamp = (uint32_t)(picture * PACKETS_PER_PICTURE * 90000 / 110);
        if (place == 0)
            out->picture++;
        write_video_head(out, payload, place == 0);
    } else {
        rtp.timestamp = (uint32_t)(out->counter * 960);
        payload[0] = 0x78; /* RFC 6716 §3.1: CELT, full band, 20 ms, one frame */
    }
    memcpy(payload + STAMP_AT, &stamp, sizeof(stamp));
    fill(payload + FILLER_AT, rtp.payload_length - FILLER_AT, out->counter, out->participant);
    add_extensions(out, sent_ns, transport_sequence, &rtp);
    out->counter++;
    out->due_ns += stream_interval_ns(out->video);
    return raw_rtp_write(&rtp, packet, size);
}

/* Offset of the payload; the gateway sends no CSRCs and no padding here. */
static size_t payload_at(const uint8_t *packet, size_t length)
{
    size_t at = 12 + 4u * (packet[0] & 15);
    if ((packet[0] & 0x10) == 0)
        return at;
    return length < at + 4 ? length : at + 4 + 4u * (packet[at + 2] << 8 | packet[at + 3]);
}

bool stream_read(struct stream_in *in, const uint8_t *packet, size_t length, int64_t *ret_sent_ns)
{
    uint8_t expected[VIDEO_PAYLOAD];
    struct stamp stamp;
    size_t at = payload_at(packet, length), want = in->video ? VIDEO_PAYLOAD : AUDIO_PAYLOAD;
    if (length < at || length - at != want) {
        in->damaged++;
        return false;
    }
    memcpy(&stamp, packet + at + STAMP_AT, sizeof(stamp));
    fill(expected, want - FILLER_AT, stamp.counter, stamp.participant);
    if (stamp.magic != STAMP_MAGIC ||
        memcmp(expected, packet + at + FILLER_AT, want - FILLER_AT) != 0) {
        in->damaged++;
        return false;
    }
    if (stamp.participant != in->participant) {
        in->strange++;
        return false;
    }
    uint16_t sequence = (uint16_t)(packet[2] << 8 | packet[3]);
    if (in->begun && stamp.counter <= in->counter) {
        in->repeated++;
        return false;
    }
    if (in->begun) {
        uint64_t step = stamp.counter - in->counter;
        in->lost += step - 1;
        /* the gateway renumbers, so its steps must be the publisher's */
        in->damaged += (uint16_t)(sequence - in->sequence) != (uint16_t)step;
    }
    in->begun = true;
    in->counter = stamp.counter;
    in->sequence = sequence;
    in->received++;
    *ret_sent_ns = stamp.sent_ns;
    return true;
}
