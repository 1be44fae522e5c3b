/* What a committed step makes happen, in the order the step gave. Runs only after the commit. */
#include "gateway/base/bytes.h"
#include "gateway/control/control_state.h"
#include "gateway/control/devices.h"
#include "gateway/words/words.h"

static void effect_session_end(struct live_consultation *live, int seat, const char *code)
{
    struct control *control = live->control;
    struct visitor *visitor = live_visitor(live, seat);
    if (visitor == NULL)
        return;
    const struct words *words = words_for(code == NULL ? "removed" : code);
    struct message_goodbye goodbye = {.resume = false};
    int language = signaling_session_language(control->signaling, visitor->session);
    (void)!text_copy(goodbye.code, sizeof(goodbye.code), words->code);
    (void)!text_copy(goodbye.text, sizeof(goodbye.text), words->what[language]);
    live->seats[seat].session = (struct handle){0};
    visitor->seat = -1;
    signaling_session_end(control->signaling, visitor->session, &goodbye);
}

static void effect_notice(struct live_consultation *live, int seat, const char *code)
{
    for (int i = 0; i < SEATS_MAX; i++)
        if ((seat < 0 || seat == i) && handle_is_set(live->seats[i].session))
            view_notice(live->control, live->seats[i].session, code);
}

static void effect_run(struct live_consultation *live, const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_TRANSPORT_OPEN:
        transport_open(live, effect->seat);
        break;
    case EFFECT_TRANSPORT_CLOSE:
        device_media_close_all(live, effect->seat);
        transport_close(live, effect->seat);
        break;
    case EFFECT_GATES:
        transport_gates(live);
        break;
    case EFFECT_TELL:
        view_tell_all(live);
        break;
    case EFFECT_NOTICE:
        effect_notice(live, effect->seat, effect->code);
        break;
    case EFFECT_SESSION_END:
        effect_session_end(live, effect->seat, effect->code);
        break;
    case EFFECT_QUEUE:
        control_queue_changed(live->control);
        break;
    case EFFECT_DEADLINE: /* control_tick reads the deadline from the consultation */
    case EFFECT_ERASE: /* an ended consultation is stored without its blob, in the same transaction */
        break;
    }
}

void control_effects(struct live_consultation *live, const struct step_result *step)
{
    for (unsigned i = 0; i < step->effect_count; i++)
        effect_run(live, &step->effects[i]);
}
