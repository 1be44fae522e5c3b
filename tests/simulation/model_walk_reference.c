#include "tests/simulation/model_walk_reference.h"

#include <string.h>

static void back_to_the_waiting_room(struct reference *reference)
{
    bool acute = reference->acute;
    *reference = (struct reference){.acute = acute};
}

static void fact(struct reference *reference, const struct step_input *input, enum walk_truth truth)
{
    if (input->fact == FAKE_FACT_ACUTE) {
        bool declared = !input->fact_clear && input->fact_value == 1;
        bool news = declared && !reference->acute;
        reference->acute = declared;
        if (news && reference->admitted) {
            reference->emergency = true;
            reference->held = false;
            return;
        }
    }
    if (!reference->admitted || reference->emergency || reference->closing || reference->acute)
        return;
    if (truth == WALK_TERMINATE)
        reference->over = true;
    if (truth == WALK_PAUSE && reference->consulting)
        reference->held = true;
}

static void seats(struct reference *reference, const struct step_input *input)
{
    int seat = input->seat;
    switch (input->event) {
    case CONSULTATION_EVENT_ENDPOINT_LOST:
    case CONSULTATION_EVENT_SEAT_LEAVE:
        reference->line_cut[seat] = true;
        break;
    case CONSULTATION_EVENT_ENDPOINT_BACK:
        reference->line_cut[seat] = false;
        break;
    case CONSULTATION_EVENT_REMOVE:
        if (seat >= 0 && reference->closing)
            reference->line_cut[seat] = true;
        else if (seat >= 0)
            back_to_the_waiting_room(reference);
        break;
    case CONSULTATION_EVENT_MOVE_SEAT:
        if (reference->closing || reference->emergency)
            reference->line_cut[SEAT_PATIENT] = false;
        else
            back_to_the_waiting_room(reference);
        break;
    default:
        break;
    }
}

void reference_take(struct reference *reference, const struct step_input *input,
                    enum walk_truth truth)
{
    switch (input->event) {
    case CONSULTATION_EVENT_ADMIT:
        back_to_the_waiting_room(reference);
        reference->admitted = true;
        break;
    case CONSULTATION_EVENT_START:
        reference->consulting = true;
        break;
    case CONSULTATION_EVENT_DEFER:
    case CONSULTATION_EVENT_GRACE_OVER:
        back_to_the_waiting_room(reference);
        break;
    case CONSULTATION_EVENT_HOLD:
        reference->held = true;
        break;
    case CONSULTATION_EVENT_CONTINUE:
        reference->held = false;
        break;
    case CONSULTATION_EVENT_FINISH:
        reference->closing = true;
        break;
    case CONSULTATION_EVENT_EMERGENCY:
        reference->emergency = reference->admitted;
        reference->held = false;
        break;
    case CONSULTATION_EVENT_EMERGENCY_OVER:
        reference->emergency = false;
        reference->closing = true;
        reference->over = strcmp(input->code, "converted") == 0;
        break;
    case CONSULTATION_EVENT_CANCEL:
    case CONSULTATION_EVENT_NO_SHOW:
    case CONSULTATION_EVENT_CONVERT:
    case CONSULTATION_EVENT_TELEPHONE:
    case CONSULTATION_EVENT_CLOSE:
    case CONSULTATION_EVENT_CLOSE_LIMIT:
    case CONSULTATION_EVENT_WITHDRAW:
    case CONSULTATION_EVENT_UNSUITABLE:
        reference->over = true;
        break;
    case CONSULTATION_EVENT_FACT:
        fact(reference, input, truth);
        break;
    default:
        seats(reference, input);
        break;
    }
}

bool reference_open(const struct reference *reference)
{
    return reference->admitted && !reference->held && !reference->over && !reference->line_cut[0] &&
           !reference->line_cut[1];
}
