/* Text in a consultation, for when sound fails or cannot be heard. It goes where sound may go and nowhere else: the same
 * gate decides (P1), so nobody in the waiting room and no held newcomer reads along. No record, no log line, no copy beyond
 * the queues of the sessions it goes to (P5); it examines nobody, so no clock of the examination heeds it (1.6-02). */
#include "gateway/base/clock.h"
#include "gateway/base/text.h"
#include "gateway/control/control_state.h"

/* As fast as people write, so that nobody fills another's line with it (P6). */
#define WRITE_EACH_US  US_PER_S
#define WRITE_AHEAD_US (10 * US_PER_S)

static bool writing_too_much(struct visitor *visitor, int64_t now_us)
{
    if (visitor->wrote_us < now_us)
        visitor->wrote_us = now_us;
    if (visitor->wrote_us + WRITE_EACH_US > now_us + WRITE_AHEAD_US)
        return true;
    visitor->wrote_us += WRITE_EACH_US;
    return false;
}

static void writing_tell(struct live_consultation *live, int from, int to, const char *text)
{
    struct message *message = view_message(live->control, MESSAGE_written);
    message->written.consultation = live->now.id;
    message->written.seat = (uint32_t)from;
    (void)!text_copy(message->written.text, sizeof(message->written.text), text);
    view_send(live->control, live->seats[to].session);
}

static bool writing_pass(struct live_consultation *live, int from,
                         const struct message_write *write)
{
    bool read = false;
    for (int to = 0; to < SEATS_MAX; to++) {
        if (!handle_is_set(live->seats[to].session) ||
            !consultation_gate_open(&live->now, from, to, GATE_AUDIO))
            continue;
        writing_tell(live, from, to, write->text);
        read = true;
    }
    return read;
}

void writing_message(struct live_consultation *live, struct visitor *visitor, uint32_t ref,
                     const struct message_write *write)
{
    if (live == NULL)
        return;
    if (writing_too_much(visitor, clock_monotonic_us()))
        view_error(live->control, visitor->session, ref, "busy", "");
    else if (writing_pass(live, visitor->seat, write))
        view_done(live->control, visitor->session, ref);
    else
        view_error(live->control, visitor->session, ref, "nobody_reads", "");
}
