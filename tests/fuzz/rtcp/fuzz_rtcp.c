/* RTCP in two modes, told by the first byte. Even: the rest is one compound, read with everything that reads. Odd: the
 * rest is a sequence of arrivals for the transport-cc recorder; what it writes must be readable and true. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "media/feedback/bandwidth_estimator.h"
#include "media/feedback/remb.h"
#include "media/feedback/rtcp.h"
#include "media/feedback/rtcp_write.h"
#include "media/feedback/sender_report.h"
#include "media/feedback/transport_cc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct span part, struct span whole)
{
    CHECK(part.length == 0 ||
          (part.data >= whole.data && part.data + part.length <= whole.data + whole.length));
}

static void read_item(const struct rtcp_item *item, struct bandwidth_estimator *estimator,
                      struct sender_report *report)
{
    struct rtcp_report_block block;
    struct rtcp_nack_cursor cursor = {0};
    struct transport_cc_reader reader;
    struct transport_cc_status status;
    uint32_t ssrc, statuses = 0;
    uint16_t sequence;
    uint8_t command;
    for (size_t i = 0; rtcp_report_block(item, i, &block); i++) {
        CHECK(block.lost >= -0x800000 && block.lost <= 0x7fffff);
        sender_report_answered(report, &block, 5000000);
    }
    while (rtcp_nack_next(item, &cursor, &sequence))
        statuses++;
    for (size_t i = 0; rtcp_fir_entry(item, i, &ssrc, &command); i++)
        statuses++;
    for (size_t i = 0; rtcp_ssrc_entry(item, i, &ssrc); i++)
        statuses++;
    CHECK(statuses < 65536);
    statuses = 0;
    if (result_ok(transport_cc_reader_init(&reader, item))) {
        uint16_t promised = reader.left;
        while (transport_cc_next(&reader, &status))
            statuses++;
        CHECK(statuses == promised);
        CHECK(result_ok(
            bandwidth_estimator_feedback(estimator, item, 0, (int64_t)statuses * 1000000)));
    }
    struct link_state link = {0};
    bandwidth_estimator_state(estimator, &link);
    uint32_t allowed = remb_limit_bps(&link, item->bitrate_bps);
    CHECK(allowed >= REMB_LOWEST_BPS && allowed <= REMB_HIGHEST_BPS);
}

static void compound(const uint8_t *data, size_t size)
{
    struct rtcp_reader reader;
    struct rtcp_item item;
    struct bandwidth_estimator estimator;
    struct sender_report report;
    uint8_t *copy = malloc(size + 1);
    CHECK(copy != NULL);
    memcpy(copy, data, size);
    struct span whole = span_of(copy, size);
    bandwidth_estimator_init(&estimator, 0);
    sender_report_init(&report);
    if (result_ok(rtcp_reader_init(&reader, whole))) {
        size_t items = 0;
        while (rtcp_next(&reader, &item)) {
            inside(item.blocks, whole);
            inside(item.text, whole);
            inside(item.entries, whole);
            read_item(&item, &estimator, &report);
            CHECK(++items <= size);
        }
    }
    free(copy);
}

struct truth {
    int64_t arrived_us[0x10000]; /* by number, the first time; 0: not */
};

/* Reads back what was just written and compares: an arrived status has its time to 250 µs. */
static void compare(const struct bytes_writer *writer, const struct truth *truth)
{
    struct rtcp_reader reader;
    struct rtcp_item item;
    struct transport_cc_reader statuses;
    struct transport_cc_status status;
    CHECK(result_ok(rtcp_reader_init(&reader, span_of(writer->start, writer->used))));
    CHECK(rtcp_next(&reader, &item) && item.kind == RTCP_KIND_TRANSPORT_CC);
    CHECK(result_ok(transport_cc_reader_init(&statuses, &item)));
    while (transport_cc_next(&statuses, &status)) {
        int64_t known_us = truth->arrived_us[status.number];
        if (status.arrived)
            CHECK(known_us != 0 && llabs(status.arrived_us - known_us) <= 250);
    }
    CHECK(!rtcp_next(&reader, &item));
}

static void arrivals(const uint8_t *data, size_t size)
{
    struct transport_cc_recorder recorder;
    struct truth *truth = calloc(1, sizeof(*truth));
    CHECK(truth != NULL);
    transport_cc_recorder_init(&recorder);
    struct bytes_reader reader = bytes_reader_of(span_of(data, size));
    uint16_t step, number = 0;
    uint8_t operation;
    int64_t now_us = 1000;
    uint32_t total = 0;
    while (bytes_read_u8(&reader, &operation) && bytes_read_u16(&reader, &step)) {
        now_us += step * (operation & 0x10 ? 1000 : 10);
        if (operation < 0xf0) {
            /* Numbers only go on (a little back at times), so that none means two packets in one window. */
            int move = (int8_t)(operation << 4) / 16;
            total += (uint32_t)(move < 0 ? 0 : move + 1);
            if (total > 0xf000)
                break;
            uint16_t number_before = number;
            number = (uint16_t)(number + 1 + move);
            if (move < 0 && (uint16_t)(number + 0x8000) > (uint16_t)(number_before + 0x8000))
                number = number_before;
            transport_cc_arrived(&recorder, number, now_us);
            if (truth->arrived_us[number] == 0)
                truth->arrived_us[number] = now_us;
            continue;
        }
        uint8_t place[1200];
        for (int packets = 0; packets < 2000; packets++) {
            struct bytes_writer writer = bytes_writer_of(place, 24 + step % 1176);
            if (!transport_cc_write(&recorder, 1, 2, now_us, &writer))
                break;
            CHECK(!writer.overflowed && packets < 1999);
            compare(&writer, truth);
        }
    }
    free(truth);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 65536)
        return 0;
    if ((data[0] & 1) == 0)
        compound(data + 1, size - 1);
    else
        arrivals(data + 1, size - 1);
    return 0;
}
