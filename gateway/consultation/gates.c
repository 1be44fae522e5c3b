/* Questions about a consultation as it stands. The only place where a gate bit comes from (promise P1). */
#include "gateway/consultation/step.h"

#include "gateway/base/clock.h"

/* The two ranges below lean on the order of the list. */
_Static_assert(CONSULTATION_STATE_LOBBY + 1 == CONSULTATION_STATE_IDENT &&
                   CONSULTATION_STATE_CLOSING + 1 == CONSULTATION_STATE_CLOSED_CLEAN &&
                   CONSULTATION_STATE_ABANDONED + 1 == CONSULTATION_STATE_COUNT,
               "waiting states, live states, ends");

bool consultation_is_over(enum consultation_state state)
{
    return state >= CONSULTATION_STATE_CLOSED_CLEAN;
}

bool consultation_is_live(enum consultation_state state)
{
    return state >= CONSULTATION_STATE_IDENT && state <= CONSULTATION_STATE_CLOSING;
}

static bool seat_exists(int seat)
{
    return seat >= 0 && seat < SEATS_MAX;
}

bool consultation_gate_open(const struct consultation *consultation, int from_seat, int to_seat,
                            enum gate_kind kind)
{
    /* Sound and picture share one condition: what is lost closes nothing, so it can come back (promise P7). */
    if (!seat_exists(from_seat) || !seat_exists(to_seat) || from_seat == to_seat)
        return false;
    if (consultation->seats[from_seat].status != SEAT_PRESENT ||
        consultation->seats[to_seat].status != SEAT_PRESENT)
        return false;
    if (consultation->admitted_at_us == 0 ||
        (kind == GATE_SCREEN && !consultation->seats[from_seat].sharing))
        return false;
    switch (consultation->state) {
    case CONSULTATION_STATE_IDENT:
    case CONSULTATION_STATE_CONSULT:
    case CONSULTATION_STATE_RECONNECTING:
    case CONSULTATION_STATE_EMERGENCY:
    case CONSULTATION_STATE_CLOSING:
        return true;
    default:
        return false;
    }
}

bool consultation_may_have_endpoint(const struct consultation *consultation, int seat)
{
    if (!seat_exists(seat) || consultation_is_over(consultation->state))
        return false;
    return consultation->seats[seat].status == SEAT_WAITING ||
           consultation->seats[seat].status == SEAT_PRESENT;
}

bool acute_change_declared(const struct consultation *consultation, const struct rule_pack *pack)
{
    int fact = rule_pack_find_fact(pack, "acute_change");
    return fact >= 0 && consultation->facts.values[fact].known &&
           consultation->facts.values[fact].value == 1;
}

int64_t examined_us(const struct consultation *consultation, int64_t now_us)
{
    int64_t running = 0;
    if (consultation->live_since_us != 0 && now_us > consultation->live_since_us)
        running = now_us - consultation->live_since_us;
    return consultation->live_exam_us + running;
}

int64_t consultation_live_exam_ms(const struct consultation *consultation, int64_t now_us)
{
    return examined_us(consultation, now_us) / US_PER_MS;
}

bool seat_is_lost(const struct seat *seat)
{
    return seat->was_present && (seat->status == SEAT_AWAY || seat->status == SEAT_WAITING);
}

bool needed_seat_lost(const struct consultation *consultation)
{
    return seat_is_lost(&consultation->seats[SEAT_PATIENT]) ||
           seat_is_lost(&consultation->seats[SEAT_PHYSICIAN]);
}

bool newcomer_waits(const struct consultation *consultation)
{
    for (int i = SEAT_FIRST_GUEST; i < SEATS_MAX; i++)
        if (consultation->seats[i].status == SEAT_WAITING && !consultation->seats[i].was_present)
            return consultation_is_live(consultation->state);
    return false;
}
