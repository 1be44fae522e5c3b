/* Text in a consultation, for when sound fails or cannot be heard. It goes where sound may go and nowhere else: the same
 * gate decides (P1), so nobody in the waiting room and no held newcomer reads along. No record, no log line, no copy beyond
 * the queues of the sessions it goes to (P5); it examines nobody, so no clock of the examination heeds it (1.6-02). */
#include "gateway/base/text.h"
#include "gateway/control/control_state.h"

static void writing_tell(struct live_consultation *live, int from, int to, const char *text)
{
    struct message *message = view_message(live->control, MESSAGE_written);
    message->written.consultation = live->now.id;
    message->written.seat = (uint32_t)from;
    (void)!text_copy(message->written.text, sizeof(message->written.text), text);
    view_send(live->control, live->seats[to].session);
}

bool writing_pass(struct live_consultation *live, int from, const struct message_write *write)
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
