#include "tests/simulation/model_walk_checks.h"

#include <string.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return #condition;                                                                     \
    } while (0)

static bool gate(const struct consultation *consultation, int from, int to, enum gate_kind kind)
{
    return consultation_gate_open(consultation, from, to, kind);
}

static bool any_gate(const struct consultation *consultation)
{
    for (int from = -1; from <= SEATS_MAX; from++)
        for (int to = -1; to <= SEATS_MAX; to++)
            if (gate(consultation, from, to, GATE_AUDIO) ||
                gate(consultation, from, to, GATE_VIDEO))
                return true;
    return false;
}

static bool same_gates(const struct consultation *a, const struct consultation *b)
{
    for (int from = 0; from < SEATS_MAX; from++)
        for (int to = 0; to < SEATS_MAX; to++)
            for (enum gate_kind kind = GATE_AUDIO; kind <= GATE_SCREEN; kind++)
                if (gate(a, from, to, kind) != gate(b, from, to, kind))
                    return false;
    return true;
}

static const char *check_seats(const struct consultation *c, bool over, bool live)
{
    for (int i = 0; i < SEATS_MAX; i++) {
        const struct seat *seat = &c->seats[i];
        bool here = seat->status == SEAT_WAITING || seat->status == SEAT_PRESENT;
        /* P3: keys belong to waiting and present seats, and to no others */
        MUST(consultation_may_have_endpoint(c, i) == here);
        MUST(!over || seat->status == SEAT_EMPTY || seat->status == SEAT_GONE);
        MUST(live || seat->status != SEAT_PRESENT);
        MUST(!seat->was_present || (live && seat->status != SEAT_PRESENT && seat->lost_at_us > 0));
        /* 1.6-06, 2.5-09: in are guests to whom the patient agreed, or who help in an emergency and what follows it */
        MUST(i < SEAT_FIRST_GUEST || seat->status != SEAT_PRESENT ||
             seat->consent == SEAT_CONSENT_GIVEN || c->state >= CONSULTATION_STATE_EMERGENCY);
        MUST(seat->consent == SEAT_CONSENT_NONE || (i >= SEAT_FIRST_GUEST && live));
        MUST(!seat->sharing || seat->status == SEAT_PRESENT);
        for (int other = 0; other < SEATS_MAX; other++) {
            bool open = gate(c, i, other, GATE_AUDIO) || gate(c, i, other, GATE_VIDEO);
            bool both = seat->status == SEAT_PRESENT && c->seats[other].status == SEAT_PRESENT;
            MUST(!open || (both && i != other));
            MUST(gate(c, i, other, GATE_SCREEN) == (open && seat->sharing));
            /* P3: whoever is on the roster as present is heard and seen, except while held */
            MUST(!both || i == other || open == (c->state != CONSULTATION_STATE_PAUSED));
            /* P7: the sound of present people is never closed but by a hold */
            MUST(!both || i == other || c->state == CONSULTATION_STATE_PAUSED ||
                 gate(c, i, other, GATE_AUDIO));
        }
    }
    return NULL;
}

const char *walk_check_state(const struct consultation *c)
{
    bool live = c->state >= CONSULTATION_STATE_IDENT && c->state <= CONSULTATION_STATE_CLOSING;
    bool over = c->state > CONSULTATION_STATE_CLOSING;
    bool paused = c->state == CONSULTATION_STATE_PAUSED;
    bool reconnecting = c->state == CONSULTATION_STATE_RECONNECTING;
    const struct seat *seats = c->seats;
    bool both = seats[0].status == SEAT_PRESENT && seats[1].status == SEAT_PRESENT;
    bool lost = seats[0].was_present || seats[1].was_present;
    const char *wrong = check_seats(c, over, live);
    if (wrong != NULL)
        return wrong;
    MUST(consultation_is_live(c->state) == live && consultation_is_over(c->state) == over);
    MUST(!any_gate(c) || (live && !paused && c->admitted_at_us > 0 && c->pack_pinned));
    MUST(!live || c->admitted_at_us > 0);
    MUST(c->state != CONSULTATION_STATE_IDENT || both);
    MUST(c->state != CONSULTATION_STATE_CONSULT || (both && c->started_at_us > 0));
    MUST(!paused || c->hold_reason[0] != 0); /* every PAUSED has a rule or a cause */
    MUST(!(paused || reconnecting) || c->before_hold == CONSULTATION_STATE_IDENT ||
         c->before_hold == CONSULTATION_STATE_CONSULT);
    MUST(!reconnecting || lost ||
         (c->confirm_needed && c->before_hold == CONSULTATION_STATE_CONSULT));
    MUST((c->live_since_us != 0) == (c->state == CONSULTATION_STATE_CONSULT && both &&
                                     !c->picture_lost && !c->sound_lost && !c->evidence_lost));
    MUST(c->deadline_us == 0 || paused || reconnecting || c->state == CONSULTATION_STATE_CLOSING);
    MUST(!(reconnecting && lost) || c->deadline_us > 0);
    MUST(c->state != CONSULTATION_STATE_CLOSING || c->deadline_us > 0);
    MUST(c->state != CONSULTATION_STATE_CLOSED_CLEAN ||
         (c->live_exam_us > 0 && c->started_at_us > 0 && c->outcome[0] != 0));
    MUST(c->state != CONSULTATION_STATE_CONVERTED || c->rx == RX_LOCKED_FOR_GOOD);
    MUST(c->rx != RX_OPEN && c->rx != RX_SUBMITTED); /* nobody prescribes yet */
    MUST(!over || c->ended_at_us > 0);
    MUST(c->second_device == id_is_set(&c->held_device));
    bool newcomer = false;
    unsigned screens = 0;
    for (int i = 0; i < SEATS_MAX; i++) {
        newcomer |= i >= SEAT_FIRST_GUEST && live && seats[i].status == SEAT_WAITING &&
                    !seats[i].was_present;
        screens += seats[i].sharing;
    }
    MUST((c->presence == PRESENCE_HELD) == (paused || c->second_device || newcomer));
    MUST(screens <= 1);
    /* P7: an acute change, once declared, is never held */
    MUST(!paused || !c->facts.values[FAKE_FACT_ACUTE].known ||
         c->facts.values[FAKE_FACT_ACUTE].value == 0);
    return NULL;
}

static const char *extra_of(const struct audit_draft *draft, const char *key)
{
    const char *text = bench_extra(draft, key);
    return text != NULL ? text : "";
}

/* P2: a change of state has a record that names it, by whoever did it, about this consultation. */
static const char *check_records(const struct consultation *before, const struct step_input *input,
                                 const struct consultation *after, const struct step_result *result)
{
    bool named = before->state == after->state, opens = false, holds = false;
    MUST(result->record_count > 0 && result->record_count <= STEP_RECORDS_MAX);
    for (unsigned i = 0; i < result->record_count; i++) {
        const struct audit_draft *draft = &result->records[i];
        MUST(draft->outcome == AUDIT_OK);
        MUST(id_equal(&draft->object, &before->id));
        MUST(draft->actor.role == input->actor.role);
        MUST(!draft->has_rule || sha256_equal(&draft->pack_hash, &before->pack_hash));
        opens |= draft->act == AUDIT_ACT_MEDIA_OPEN;
        holds |= draft->act == AUDIT_ACT_MEDIA_HOLD;
        if (strcmp(extra_of(draft, "from"), consultation_state_name(before->state)) == 0 &&
            strcmp(extra_of(draft, "to"), consultation_state_name(after->state)) == 0 &&
            draft->act != AUDIT_ACT_MEDIA_OPEN && draft->act != AUDIT_ACT_MEDIA_HOLD)
            named = true;
    }
    MUST(named);
    MUST(opens == (!any_gate(before) && any_gate(after)));
    MUST(holds == (any_gate(before) && !any_gate(after)));
    return NULL;
}

static bool has_effect(const struct step_result *result, enum effect_kind kind, int seat)
{
    for (unsigned i = 0; i < result->effect_count; i++)
        if (result->effects[i].kind == kind && (seat < 0 || result->effects[i].seat == seat))
            return true;
    return false;
}

static const char *check_effects(const struct consultation *before,
                                 const struct consultation *after, const struct step_result *result)
{
    MUST(result->effect_count <= STEP_EFFECTS_MAX && has_effect(result, EFFECT_TELL, -1));
    MUST(has_effect(result, EFFECT_GATES, -1) == !same_gates(before, after));
    MUST(has_effect(result, EFFECT_DEADLINE, -1) == (before->deadline_us != after->deadline_us));
    MUST(has_effect(result, EFFECT_ERASE, -1) == (after->state > CONSULTATION_STATE_CLOSING));
    MUST(before->state == after->state || has_effect(result, EFFECT_QUEUE, -1));
    for (int i = 0; i < SEATS_MAX; i++) {
        bool was = consultation_may_have_endpoint(before, i);
        bool is = consultation_may_have_endpoint(after, i);
        bool moved = !id_equal(&before->seats[i].device, &after->seats[i].device);
        MUST(has_effect(result, EFFECT_TRANSPORT_CLOSE, i) == (was && (!is || moved)));
        MUST(has_effect(result, EFFECT_TRANSPORT_OPEN, i) == (is && (!was || moved)));
        MUST(after->seats[i].since_us == before->seats[i].since_us ||
             after->seats[i].status != before->seats[i].status);
    }
    for (unsigned i = 0; i < result->effect_count; i++) {
        const struct effect *effect = &result->effects[i];
        MUST((effect->kind == EFFECT_NOTICE || effect->kind == EFFECT_SESSION_END) ==
             (effect->code != NULL));
        /* gates close before keys go, keys go before anything is told */
        MUST(effect->kind != EFFECT_GATES || i == 0);
        MUST(i == 0 || effect->kind > EFFECT_TRANSPORT_CLOSE ||
             result->effects[i - 1].kind <= EFFECT_TRANSPORT_CLOSE ||
             result->effects[i - 1].kind == EFFECT_GATES);
    }
    return NULL;
}

static const char *check_not_gone(const struct consultation *before, const struct step_input *input,
                                  const struct step_result *result)
{
    bool by_rule = result->refusal == STEP_REFUSAL_RULE;
    MUST(result->effect_count == 0);
    MUST((result->verdict == STEP_REFUSE) == (result->refusal != STEP_REFUSAL_NONE));
    MUST(result->record_count == (by_rule || result->refusal == STEP_REFUSAL_OTHER_PATIENT));
    MUST(result->record_count == 0 || (result->records[0].outcome == AUDIT_DENY &&
                                       result->records[0].act == AUDIT_ACT_RULE_DECISION));
    MUST(result->has_decision == by_rule && (!by_rule || result->records[0].has_rule));
    /* nobody entitled is told that it is over while it is not, and the other way round */
    MUST(result->refusal != STEP_REFUSAL_OVER || consultation_is_over(before->state));
    MUST(result->refusal != STEP_REFUSAL_EMERGENCY_RUNS ||
         before->state == CONSULTATION_STATE_EMERGENCY ||
         (input->event == CONSULTATION_EVENT_HOLD &&
          before->facts.values[FAKE_FACT_ACUTE].value == 1));
    return NULL;
}

/* What only certain events may do. */
static const char *check_causes(const struct consultation *before, const struct step_input *input,
                                const struct consultation *after)
{
    enum consultation_event event = input->event;
    bool evidence = event >= CONSULTATION_EVENT_PICTURE_LOST && event <= CONSULTATION_EVENT_WAIT;
    /* T05 opens nothing new; measures open and close nothing (P7) */
    MUST(!(event == CONSULTATION_EVENT_START || evidence) || same_gates(before, after));
    MUST(!evidence || before->state == after->state);
    MUST(before->admitted_at_us != 0 || after->admitted_at_us == 0 ||
         event == CONSULTATION_EVENT_ADMIT);
    MUST(before->state == after->state || after->state != CONSULTATION_STATE_CONSULT ||
         event == CONSULTATION_EVENT_START || event == CONSULTATION_EVENT_CONTINUE ||
         event == CONSULTATION_EVENT_CONFIRM_SAME || event == CONSULTATION_EVENT_ENDPOINT_BACK);
    MUST(before->state != CONSULTATION_STATE_EMERGENCY ||
         after->state == CONSULTATION_STATE_EMERGENCY ||
         event == CONSULTATION_EVENT_EMERGENCY_OVER || event == CONSULTATION_EVENT_WITHDRAW);
    /* guests come and go without the consultation stopping for them */
    bool by_guest = role_is_guest(input->actor.role) &&
                    (event == CONSULTATION_EVENT_SEAT_TAKE ||
                     event == CONSULTATION_EVENT_SEAT_LEAVE || event == CONSULTATION_EVENT_SCREEN);
    bool about_guest = by_guest || input->seat >= SEAT_FIRST_GUEST;
    MUST(!about_guest || before->state == after->state || event == CONSULTATION_EVENT_EMERGENCY);
    /* a place in the call is taken by admission, by coming back, or by staff's hand */
    for (int i = 0; i < SEATS_MAX; i++)
        MUST(before->seats[i].status == SEAT_PRESENT || after->seats[i].status != SEAT_PRESENT ||
             (i < SEAT_FIRST_GUEST &&
              (event == CONSULTATION_EVENT_ADMIT || event == CONSULTATION_EVENT_MOVE_SEAT)) ||
             (event == CONSULTATION_EVENT_SEAT_ADMIT && input->seat == i &&
              input->actor.role == ROLE_PHYSICIAN) ||
             (event == CONSULTATION_EVENT_ENDPOINT_BACK && before->seats[i].was_present &&
              (input->device.text[0] == 0 || id_equal(&input->device, &before->seats[i].device))));
    return NULL;
}

const char *walk_check_edge(const struct consultation *before, const struct step_input *input,
                            const struct consultation *after, const struct step_result *result,
                            bool admitted)
{
    const char *wrong = NULL;
    MUST(result->verdict == STEP_GO || result->verdict == STEP_IGNORE ||
         result->verdict == STEP_REFUSE);
    MUST(!result->has_decision || sha256_equal(&result->decision.pack_hash, &before->pack_hash));
    if (result->verdict != STEP_GO)
        return check_not_gone(before, input, result);
    MUST(before->state <= CONSULTATION_STATE_CLOSING);
    MUST(after->revision == before->revision + 1 && result->refusal == STEP_REFUSAL_NONE);
    /* P1: by the path walked, not by what the structure says about itself */
    MUST(!any_gate(after) || admitted || input->event == CONSULTATION_EVENT_ADMIT);
    MUST(id_equal(&before->patient, &after->patient) &&
         id_equal(&before->physician, &after->physician) && id_equal(&before->id, &after->id));
    MUST(sha256_equal(&before->pack_hash, &after->pack_hash));
    MUST(!before->pack_pinned || after->pack_pinned);
    MUST(before->pack_pinned == after->pack_pinned || input->event == CONSULTATION_EVENT_ENTER);
    MUST(before->rx != RX_LOCKED_FOR_GOOD || after->rx == RX_LOCKED_FOR_GOOD);
    MUST(after->live_exam_us >= before->live_exam_us);
    if ((wrong = walk_check_state(after)) == NULL)
        wrong = check_records(before, input, after, result);
    if (wrong == NULL)
        wrong = check_effects(before, after, result);
    if (wrong == NULL)
        wrong = check_causes(before, input, after);
    return wrong;
}
