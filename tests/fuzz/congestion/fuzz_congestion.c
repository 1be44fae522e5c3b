/* Estimator and pacer under a sequence of operations, two bytes each: what to do and how much of it. Time passes, packets
 * leave, arrive or are lost, feedback comes, doubles, is lost or is nonsense; picture is offered, waits, leaves and is
 * taken back. After each step the bounds hold. */
#include <stdint.h>
#include <string.h>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "media/feedback/bandwidth_estimator.h"
#include "media/feedback/pacer.h"
#include "media/feedback/remb.h"
#include "media/feedback/transport_cc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SLOTS = 3 };

struct run {
    int64_t now_us;
    int64_t offset_us; /* of the receiver's clock */
    struct bandwidth_estimator estimator;
    struct pacer pacer;
    struct transport_cc_recorder recorder;
    uint16_t number;
    int64_t offered[SLOTS], taken[SLOTS]; /* sequence numbers */
    uint8_t feedback[1200];
    size_t feedback_length;
};

static void send(struct run *run, size_t bytes)
{
    bandwidth_estimator_sent(&run->estimator, run->number++, bytes, run->now_us);
    pacer_sent(&run->pacer, bytes, run->now_us);
}

static void offer(struct run *run, uint8_t argument)
{
    uint8_t slot = argument % SLOTS;
    struct pacer_packet packet = {.sequence = ++run->offered[slot],
                                  .timestamp = (uint32_t)(run->offered[slot] / 4),
                                  .bytes = (uint16_t)(100 + argument * 4),
                                  .slot = slot,
                                  .keyframe = argument % 7 == 0};
    if (pacer_offer(&run->pacer, &packet, run->now_us) == PACER_SEND) {
        run->taken[slot] = packet.sequence;
        send(run, packet.bytes);
    }
}

static void take(struct run *run)
{
    struct pacer_packet packet;
    uint16_t starved;
    while (pacer_take(&run->pacer, run->now_us, &packet)) {
        CHECK(packet.slot < SLOTS && packet.queued_us <= run->now_us);
        CHECK(packet.sequence > run->taken[packet.slot]); /* in order, once */
        CHECK(packet.sequence <= run->offered[packet.slot]);
        CHECK(run->now_us - packet.queued_us < PACER_WAIT_KEYFRAME_US);
        run->taken[packet.slot] = packet.sequence;
        send(run, packet.bytes);
    }
    (void)pacer_take_dropped(&run->pacer, &starved);
    CHECK(starved >> SLOTS == 0);
}

static void read_feedback(struct run *run)
{
    struct rtcp_reader reader;
    struct rtcp_item item;
    if (!result_ok(rtcp_reader_init(&reader, span_of(run->feedback, run->feedback_length))))
        return;
    while (rtcp_next(&reader, &item)) {
        uint32_t before_bps = bandwidth_estimator_bps(&run->estimator);
        if (!result_ok(bandwidth_estimator_feedback(&run->estimator, &item, 50000, run->now_us)))
            CHECK(bandwidth_estimator_bps(&run->estimator) == before_bps); /* refused whole */
    }
}

static void report(struct run *run, uint8_t argument)
{
    struct bytes_writer writer = bytes_writer_of(run->feedback, sizeof(run->feedback));
    if (!transport_cc_write(&run->recorder, 1, 2, run->now_us + run->offset_us, &writer))
        return;
    run->feedback_length = writer.used;
    if (argument % 8 == 1)
        return; /* lost */
    if (argument % 8 == 2 && writer.used > 20)
        run->feedback[12 + argument % (writer.used - 12)] ^= argument;
    read_feedback(run);
    if (argument % 8 == 3)
        read_feedback(run); /* twice */
}

static void step(struct run *run, uint8_t operation, uint8_t argument)
{
    switch (operation % 10) {
    case 0:
        run->now_us += argument * 1000ll;
        break;
    case 1:
        run->now_us += argument * 100000ll;
        break;
    case 2:
        send(run, 40u + argument * 4u);
        break;
    case 3: /* one of the last packets arrives */
        transport_cc_arrived(&run->recorder, (uint16_t)(run->number - argument % 16),
                             run->now_us + run->offset_us);
        break;
    case 4:
        report(run, argument);
        break;
    case 5:
        offer(run, argument);
        break;
    case 6:
        take(run);
        break;
    case 7:
        pacer_forget(&run->pacer, argument % SLOTS);
        break;
    case 8:
        bandwidth_estimator_tick(&run->estimator, argument * 20000ull, run->now_us);
        for (int i = 0; i < 8 && probe_owed(&run->estimator.probe, run->now_us) > 0; i++)
            send(run, 290);
        pacer_set_rate(&run->pacer, bandwidth_estimator_target_bps(&run->estimator) * 2ull);
        break;
    default:
        run->offset_us += (argument - 128) * 1000000ll; /* their clock is set */
        break;
    }
}

static void judge(const struct run *run)
{
    struct link_state link = {.queue_us = (uint32_t)pacer_delay_us(&run->pacer, run->now_us)};
    bandwidth_estimator_state(&run->estimator, &link);
    CHECK(!link.estimate_known ||
          (link.estimate_bps >= ESTIMATE_LOWEST_BPS && link.estimate_bps <= ESTIMATE_HIGHEST_BPS));
    CHECK(bandwidth_estimator_target_bps(&run->estimator) <= link.estimate_bps);
    CHECK(link.loss_permille <= 1000);
    uint32_t limit_bps = remb_limit_bps(&link, 0);
    CHECK(limit_bps >= REMB_LOWEST_BPS && limit_bps <= REMB_HIGHEST_BPS);
    CHECK(run->pacer.count <= PACER_PACKETS_MAX);
    CHECK(run->pacer.keyframe_bytes <= run->pacer.bytes);
    CHECK((run->pacer.count == 0) == (run->pacer.bytes == 0));
    CHECK((pacer_due_us(&run->pacer) == INT64_MAX) == (run->pacer.count == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run run;
    if (size < 2 || size > 20000)
        return 0;
    memset(&run, 0, sizeof(run));
    run.now_us = 50000000;
    run.offset_us = 1000000000;
    run.number = (uint16_t)(data[0] << 8 | data[1]);
    bandwidth_estimator_init(&run.estimator, run.now_us);
    pacer_init(&run.pacer);
    transport_cc_recorder_init(&run.recorder);
    for (size_t i = 2; i + 1 < size; i += 2) {
        step(&run, data[i], data[i + 1]);
        judge(&run);
    }
    return 0;
}
